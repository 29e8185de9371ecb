"""The branches of a mixture as its file states them: each a scenario by name, in a file or in place, with a weight.

Everything wrong with the file is collected, each problem at its place.

A mixture of scenarios: weighted branches, each a scenario of its own, of which every draw follows one.

```yaml
name: suppliers
mixture:
  - {scenario: announced, weight: 0.6, label: trend}
  - {scenario: localization-fast.yaml, weight: {distribution: uniform, low: 0.1, high: 0.3}}
```

A branch names a shipped scenario or a file beside the mixture or below it, or states a scenario, which may extend such
a file.
Weights are scaled to sum to one, draw by draw where they are uncertain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from forecast.documents import Node, present, read_document, scenario_path, yaml_text
from forecast.errors import Place, Problem, ScenarioError, got, listed, meant, refusal
from forecast.scenario.entity import ID
from forecast.scenario.inputs import distribution_in_file, distribution_of_node
from forecast.scenario.layers import Layered, layered, layered_inside, neighbour, tree_of
from forecast.scenario.scenario import (
    Branch,
    Scenario,
    frozen_scenario,
    load_scenario,
    plain_scenario,
    scenario_digest,
    scenario_of,
)
from forecast.scenario.schema import BESIDE, MOST_BRANCHES, Branches
from forecast.scenario.schema import Branch as BranchForm
from forecast.stats.distributions import Distribution
from forecast.stats.specs import bounds_complaint, plain_distribution, read_distribution
from forecast.storage import json_digest

KEYS = (*BESIDE, *Branches.model_fields)
BRANCH_KEYS = tuple(BranchForm.model_fields)

SHARED = ("basis", "horizon", "as_of")
"""Keys that branches must have in common for their draws to be of one thing."""

_NAME = r"[a-z0-9][a-z0-9-]{0,63}"
_RARE = 1e-9


@dataclass(frozen=True, slots=True)
class StatedBranch:
    """A branch and where it was read.

    Attributes:
        branch: what it is.
        node: its entry in the file of the mixture.
        file: the file that states its scenario.
        layers: the tree of that scenario.
    """

    branch: Branch
    node: Node
    file: str
    layers: Layered


class MixtureReader:
    """Reads one mixture and collects what is wrong with it."""

    def __init__(self, path: Path, overrides: tuple[str, ...], problems: list[Problem]) -> None:
        self.path = path
        self.overrides = overrides
        self.problems = problems

    def name(self, root: Node) -> str:
        """The name, once the keys are known to be those of a mixture."""
        self._unknown(root, KEYS, "")
        node = root.fields.get("name")
        text = node.content if node else None
        if not isinstance(text, str) or not re.fullmatch(_NAME, text):
            expected = "expected 1 to 64 lower-case letters, digits and hyphens"
            self._note(node or root, "name", f"{node.got() if node else got(None)}, {expected}")
        return str(text)

    def text(self, node: Node | None, key: str) -> str:
        """A text, empty where it is left out."""
        if node is not None and node.content is not None and not isinstance(node.content, str):
            self._note(node, key, f"{node.got()}, expected text")
        return str(node.content) if node is not None and isinstance(node.content, str) else ""

    def texts(self, node: Node | None, key: str) -> tuple[str, ...]:
        """A list of texts, empty where it is left out."""
        if node is not None and node.content is not None and not isinstance(node.content, tuple):
            self._note(node, key, f"{node.got()}, expected a list of texts")
        return tuple(self.text(item, f"{key}[{index}]") for index, item in enumerate(node.items if node else ()))

    def branches(self, node: Node | None) -> list[StatedBranch]:
        """Every branch that can be read."""
        if node is None:
            return []
        if not 1 <= len(node.items) <= MOST_BRANCHES:
            expected = f"expected a list of 1 to {MOST_BRANCHES} branches with scenario and weight"
            self._note(node, "mixture", f"{node.got()}, {expected}")
            return []
        read = [self._branch(entry, f"mixture[{index}]") for index, entry in enumerate(node.items)]
        found = [branch for branch in read if branch is not None]
        self._repeated(found)
        if found and all(float(one.branch.weight.ppf(_RARE)) <= 0 for one in found):
            self._note(node, "mixture", "got weights that may all be 0, expected one that is above 0 in every draw")
        return found

    def agree(self, branches: Sequence[StatedBranch]) -> None:
        """Notes every branch whose results would be of another thing than those of the first."""
        for index, one in enumerate(branches):
            first = branches[0].branch
            for key in SHARED:
                here, there = (getattr(branch.scenario, key) for branch in (one.branch, first))
                if here != there:
                    expected = f"expected {key} {there or 'left out'} as in {first.label}"
                    message = f"got {one.branch.label} with {key} {here or 'left out'}, {expected}"
                    self._note(one.node, f"mixture[{index}].scenario", message)

    def _branch(self, node: Node, path: str) -> StatedBranch | None:
        n_problems = len(self.problems)
        self._unknown(node, BRANCH_KEYS, path)
        for key in BRANCH_KEYS[:2]:
            if key not in node.fields:
                self._note(node, f"{path}.{key}", "missing key: expected scenario and weight in every branch")
        if len(self.problems) > n_problems:
            return None
        stated, weight = self._layers(node.fields["scenario"], path), self._weight(node.fields["weight"], path)
        if stated is None or weight is None:
            return None
        file, layers = stated
        try:
            scenario = scenario_of(layers, file)
        except ScenarioError as error:
            self.problems += error.problems
            return None
        return StatedBranch(Branch(self._label(node, scenario.name, path), weight, scenario), node, file, layers)

    def _layers(self, node: Node, path: str) -> tuple[str, Layered] | None:
        """The file that states a scenario and the tree of it."""
        try:
            if node.fields:
                return str(self.path), layered_inside(node, self.path, self.overrides)
            if isinstance(node.content, str):
                file = neighbour(node, self.path, tree_of(self.path), f"{path}.scenario")
                return str(file), layered(file, self.overrides)
        except ScenarioError as error:
            self.problems += error.problems
            return None
        where = "the name of a shipped scenario, a file beside this one or in a folder below it, or a scenario"
        self._note(node, f"{path}.scenario", f"{node.got()}, expected {where}")
        return None

    def _weight(self, node: Node, path: str) -> Distribution | None:
        try:
            weight = distribution_of_node(node)
        except ScenarioError as error:
            self.problems += [node.place.problem(f"{path}.weight", problem.message) for problem in error.problems]
            return None
        if complaint := bounds_complaint(node.plain(), 0.0, float("inf")):
            self._note(node, f"{path}.weight", f"{complaint}, expected 0 or more")
            return None
        return weight

    def _label(self, node: Node, otherwise: str, path: str) -> str:
        stated = node.fields.get("label")
        text = otherwise if stated is None else stated.content
        if not isinstance(text, str) or not re.fullmatch(ID, text):
            expected = "expected 1 to 64 letters, digits, hyphens and underscores"
            self._note(stated or node, f"{path}.label", f"{got(text)}, {expected}")
        return str(text)

    def _repeated(self, found: Sequence[StatedBranch]) -> None:
        labels = [one.branch.label for one in found]
        for index, label in enumerate(labels):
            if label in labels[:index]:
                message = f"{got(label)} a second time, expected every label once; {listed(labels)}"
                self._note(found[index].node, f"mixture[{index}].label", message)

    def _unknown(self, node: Node, keys: Sequence[str], path: str) -> None:
        if not node.fields:
            self._note(node, path, f"{node.got()}, expected a mapping with {', '.join(keys[:2])}")
        for key, child in node.fields.items():
            if key not in keys:
                where = f"{path}.{key}" if path else key
                self.problems.append((child.key or child.place).problem(where, f"unknown key; {meant(key, keys)}"))

    def _note(self, node: Node, path: str, message: str) -> None:
        self.problems.append(node.place.problem(path, message))


@dataclass(frozen=True, slots=True)
class ScenarioMixture:
    """Scenarios of which every draw follows one.

    Attributes:
        name: slug; the directory of its results.
        title: one line for tables and plots.
        description: prose.
        branches: sorted by label.
        sources: addresses of the evidence.
        overrides: what was set on top of every branch, as it was written.
    """

    name: str
    title: str
    description: str
    branches: tuple[Branch, ...]
    sources: tuple[str, ...] = ()
    overrides: tuple[str, ...] = field(default=(), compare=False)

    @property
    def basis(self) -> str:
        """Statistical book of the headline, that of every branch."""
        return self.branches[0].scenario.basis

    @property
    def horizon(self) -> int:
        """Last calendar year simulated, that of every branch."""
        return self.branches[0].scenario.horizon

    @property
    def as_of(self) -> str | None:
        """Day up to which data count as known, that of every branch."""
        return self.branches[0].scenario.as_of

    @property
    def single(self) -> None:
        """No scenario by itself: its branches are weighed, even where there is but one."""
        return None

    def with_branches(self, scenarios: Sequence[Scenario]) -> ScenarioMixture:
        """The same weights over other scenarios, in the order of the branches."""
        pairs = zip(self.branches, scenarios, strict=True)
        return replace(self, branches=tuple(replace(branch, scenario=scenario) for branch, scenario in pairs))


AnyScenario: TypeAlias = Scenario | ScenarioMixture
"""One scenario or weighed ones: what a run is of. Both have branches."""


def is_mixture(path: PathLike[str] | str) -> bool:
    """Whether a file states a mixture of scenarios, be it under a misspelt key; a file that cannot be read does not."""
    try:
        fields = read_document(Path(path), str(path)).root.fields
    except ScenarioError:
        return False
    return "mixture" in fields or any(map(_weighs, fields.values()))


def _weighs(node: Node) -> bool:
    """Whether a list holds what only branches have."""
    return any({"scenario", "weight"} <= item.fields.keys() for item in node.items)


def load_any(path: PathLike[str] | str) -> AnyScenario:
    """The scenario a file states, or the mixture of them.

    Raises:
        ScenarioError: carries every problem of the file.
    """
    path = scenario_path(path)
    return load_mixture(path) if is_mixture(path) else load_scenario(path)


def load_mixture(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> ScenarioMixture:
    """The mixture a YAML file or a shipped name states, with `key.path=value` overrides applied to every branch.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    return read_mixture(scenario_path(path), overrides)[0]


def read_mixture(
    path: PathLike[str] | str, overrides: Sequence[str] = ()
) -> tuple[ScenarioMixture, tuple[StatedBranch, ...]]:
    """The mixture a YAML file states, and where each branch was read.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    document = read_document(Path(path), str(path))
    reader = MixtureReader(Path(path), tuple(overrides), list(document.problems))
    fields = document.root.fields
    name, title = reader.name(document.root), reader.text(fields.get("title"), "title")
    stated = reader.branches(fields.get("mixture"))
    description = reader.text(fields.get("description"), "description")
    sources = reader.texts(fields.get("sources"), "sources")
    reader.agree(stated)
    if reader.problems:
        raise ScenarioError(reader.problems)
    ordered = tuple(sorted(stated, key=lambda one: one.branch.label))
    branches = tuple(one.branch for one in ordered)
    return ScenarioMixture(name, title or name, description, branches, sources, tuple(overrides)), ordered


def stated_distribution(path: PathLike[str] | str, key: str) -> Distribution:
    """The distribution of the number at a path of a file, such as `mixture.trend.weight` or `HMG-06.amount`.

    Raises:
        ScenarioError: the file cannot be read, or there is no number at that path.
    """
    if not is_mixture(path):
        return distribution_in_file(path, key)
    weights = {f"mixture.{branch.label}.weight": branch.weight for branch in load_mixture(path).branches}
    if key not in weights:
        raise refusal(Place(str(path)), f"{got(key)}, no such number in this mixture; {meant(key, weights)}")
    return weights[key]


def frozen_any(path: PathLike[str] | str) -> AnyScenario:
    """The scenario or mixture that `dump_any` wrote: no rule is asked again, as some rest on later observations."""
    plain: Any = read_document(Path(path), str(path)).root.plain()
    if "mixture" not in plain:
        return frozen_scenario(plain)
    branches = tuple(
        Branch(branch["label"], read_distribution(branch["weight"]), frozen_scenario(branch["scenario"]))
        for branch in plain["mixture"]
    )
    texts = plain["name"], plain["title"], plain.get("description", "")
    return ScenarioMixture(*texts, branches, tuple(plain.get("sources", ())))


def plain_any(mixture: AnyScenario) -> dict[str, Any]:
    """The mapping that states a scenario, or a mixture with every scenario inside it."""
    if mixture.single is not None:
        return plain_scenario(mixture.single)
    branches = [
        {
            "label": branch.label,
            "weight": plain_distribution(branch.weight),
            "scenario": plain_scenario(branch.scenario),
        }
        for branch in mixture.branches
    ]
    words = present(title=mixture.title, description=mixture.description, sources=list(mixture.sources))
    return {"name": mixture.name, **words, "mixture": branches}


def dump_any(mixture: AnyScenario) -> str:
    """YAML text that loads to an equal scenario or mixture."""
    return yaml_text(plain_any(mixture))


def any_digest(mixture: AnyScenario) -> str:
    """SHA-256 of the name and of all that can change a number, in hexadecimal."""
    if mixture.single is not None:
        return scenario_digest(mixture.single)
    branches = [
        [branch.label, plain_distribution(branch.weight), scenario_digest(branch.scenario)]
        for branch in mixture.branches
    ]
    return json_digest([mixture.name, branches])
