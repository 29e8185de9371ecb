"""A mixture of scenarios: weighted branches, each a scenario of its own, of which every draw follows one.

```yaml
name: suppliers
mixture:
  - {scenario: announced, weight: 0.6, label: trend}
  - {scenario: localization-fast.yaml, weight: {distribution: uniform, low: 0.1, high: 0.3}}
```

A branch names a shipped scenario or a file beside the mixture, or states a scenario inside itself. Weights are scaled
to sum to one, draw by draw where they are uncertain.

Refused here: running it, that is `branching`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from forecast.distributions import Law
from forecast.document import Node, read_document, yaml_text
from forecast.entries import ID
from forecast.errors import Problem, ScenarioError
from forecast.laws import bounds_complaint, plain_law
from forecast.layers import Layered
from forecast.phrases import got, listed, meant
from forecast.scenario import Scenario, load_scenario, plain_scenario, scenario_digest, scenario_of
from forecast.shipped import scenario_path
from forecast.statement import law_of_node

KEYS = ("name", "title", "description", "mixture")
BRANCH_KEYS = ("scenario", "weight", "label")
SHARED = ("basis", "horizon", "as_of")
"""What branches must have in common for their draws to be of one thing."""

MOST_BRANCHES = 20
_NAME = r"[a-z0-9][a-z0-9-]{0,63}"
_RARE = 1e-9


@dataclass(frozen=True, slots=True)
class Branch:
    """One of the scenarios, and the weight it has."""

    label: str
    weight: Law
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class ScenarioMixture:
    """Scenarios of which every draw follows one.

    Attributes:
        name: slug; the directory of its results.
        title: one line for tables and plots.
        description: prose.
        branches: sorted by label.
    """

    name: str
    title: str
    description: str
    branches: tuple[Branch, ...]

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


World: TypeAlias = Scenario | ScenarioMixture
"""What a run may be of."""


def is_mixture(path: PathLike[str] | str) -> bool:
    """Whether a file states a mixture of scenarios; a file that cannot be read does not."""
    try:
        return "mixture" in read_document(Path(path), str(path)).root.fields
    except ScenarioError:
        return False


def load_mixture(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> ScenarioMixture:
    """The mixture a YAML file states, with `key.path=value` overrides applied to every branch that names a file.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    document = read_document(Path(path), str(path))
    reader = _Reader(Path(path), tuple(overrides), list(document.problems))
    fields = document.root.fields
    name, title = reader.name(document.root), reader.text(fields.get("title"), "title")
    branches = reader.branches(fields["mixture"])
    reader.agree(branches)
    if reader.problems:
        raise ScenarioError(reader.problems)
    description = reader.text(fields.get("description"), "description")
    ordered = sorted((branch for branch, _ in branches), key=lambda branch: branch.label)
    return ScenarioMixture(name, title or name, description, tuple(ordered))


class _Reader:
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
            self._note(node or root, "name", f"{got(text)}, {expected}")
        return str(text)

    def text(self, node: Node | None, key: str) -> str:
        """A text, empty where it is left out."""
        if node is not None and node.content is not None and not isinstance(node.content, str):
            self._note(node, key, f"{got(node.plain())}, expected text")
        return str(node.content) if node is not None and isinstance(node.content, str) else ""

    def branches(self, node: Node) -> list[tuple[Branch, Node]]:
        """Every branch that can be read, with its place."""
        if not 1 <= len(node.items) <= MOST_BRANCHES:
            expected = f"expected a list of 1 to {MOST_BRANCHES} branches with scenario and weight"
            self._note(node, "mixture", f"{got(node.plain())}, {expected}")
            return []
        read = [(self._branch(entry, f"mixture[{index}]"), entry) for index, entry in enumerate(node.items)]
        found = [(branch, entry) for branch, entry in read if branch is not None]
        self._repeated(found)
        if found and all(float(branch.weight.ppf(_RARE)) <= 0 for branch, _ in found):
            self._note(node, "mixture", "got weights that may all be 0, expected one that is above 0 in every draw")
        return found

    def agree(self, branches: Sequence[tuple[Branch, Node]]) -> None:
        """Notes every branch whose results would be of another thing than those of the first."""
        for index, (branch, node) in enumerate(branches):
            first = branches[0][0]
            for key in SHARED:
                here, there = (getattr(one.scenario, key) for one in (branch, first))
                if here != there:
                    expected = f"expected {key} {there or 'left out'} as in {first.label}"
                    message = f"got {branch.label} with {key} {here or 'left out'}, {expected}"
                    self._note(node, f"mixture[{index}].scenario", message)

    def _branch(self, node: Node, path: str) -> Branch | None:
        n_problems = len(self.problems)
        self._unknown(node, BRANCH_KEYS, path)
        for key in BRANCH_KEYS[:2]:
            if key not in node.fields:
                self._note(node, f"{path}.{key}", "missing key: expected scenario and weight in every branch")
        if len(self.problems) > n_problems:
            return None
        scenario, weight = self._scenario(node.fields["scenario"], path), self._weight(node.fields["weight"], path)
        if scenario is None or weight is None:
            return None
        return Branch(self._label(node, scenario.name, path), weight, scenario)

    def _scenario(self, node: Node, path: str) -> Scenario | None:
        try:
            if node.fields and not self.overrides:
                return scenario_of(Layered(node, (), ()), str(self.path))
            if isinstance(node.content, str):
                return load_scenario(self._file(node.content), self.overrides)
        except ScenarioError as error:
            self.problems += error.problems
            return None
        where = "the name of a shipped scenario or of a file beside this one"
        instead = " (-s does not reach a scenario stated here)" if node.fields else ""
        self._note(node, f"{path}.scenario", f"{got(node.plain())}, expected {where}{instead}")
        return None

    def _file(self, name: str) -> Path:
        beside = self.path.parent / PurePosixPath(name).name
        return beside if beside.is_file() or PurePosixPath(name).suffix else scenario_path(name)

    def _weight(self, node: Node, path: str) -> Law | None:
        try:
            weight = law_of_node(node)
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

    def _repeated(self, found: Sequence[tuple[Branch, Node]]) -> None:
        labels = [branch.label for branch, _ in found]
        for index, (branch, node) in enumerate(found):
            if branch.label in labels[:index]:
                message = f"{got(branch.label)} a second time, expected every label once; {listed(labels)}"
                self._note(node, f"mixture[{index}].label", message)

    def _unknown(self, node: Node, keys: Sequence[str], path: str) -> None:
        if not node.fields:
            self._note(node, path, f"{got(node.plain())}, expected a mapping with {', '.join(keys[:2])}")
        for key, child in node.fields.items():
            if key not in keys:
                where = f"{path}.{key}" if path else key
                self.problems.append((child.key or child.place).problem(where, f"unknown key; {meant(key, keys)}"))

    def _note(self, node: Node, path: str, message: str) -> None:
        self.problems.append(node.place.problem(path, message))


def plain_mixture(mixture: ScenarioMixture) -> dict[str, Any]:
    """The mapping that states a mixture, every scenario inside it."""
    branches = [
        {"label": branch.label, "weight": plain_law(branch.weight), "scenario": plain_scenario(branch.scenario)}
        for branch in mixture.branches
    ]
    words = {"title": mixture.title, **({"description": mixture.description} if mixture.description else {})}
    return {"name": mixture.name, **words, "mixture": branches}


def dump_mixture(mixture: ScenarioMixture) -> str:
    """YAML text that loads to an equal mixture."""
    return yaml_text(plain_mixture(mixture))


def mixture_digest(mixture: ScenarioMixture) -> str:
    """SHA-256 of the name and of all that can change a number, in hexadecimal."""
    branches = [
        [branch.label, plain_law(branch.weight), scenario_digest(branch.scenario)] for branch in mixture.branches
    ]
    return hashlib.sha256(json.dumps([mixture.name, branches], sort_keys=True).encode()).hexdigest()
