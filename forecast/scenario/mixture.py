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
Weights are scaled to sum to one, draw by draw where they are uncertain, and `-s mixture.LABEL.weight=0.3` sets one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError

from forecast.errors import Place, Problem, ScenarioError, got, listed, meant, refusal
from forecast.scenario.entity import Sources, entity, plain, read
from forecast.scenario.entries import entry
from forecast.scenario.inputs import distribution_in_file
from forecast.scenario.layers import (
    MAX_LAYERS,
    Layered,
    layered,
    layered_inside,
    neighbour,
    resolved,
    several,
    tree_of,
)
from forecast.scenario.overrides import as_told
from forecast.scenario.scenario import (
    Branch,
    Description,
    KoreanDescription,
    KoreanTitle,
    Name,
    OnTop,
    Scenario,
    Title,
    frozen_scenario,
    load_scenario,
    plain_scenario,
    scenario_digest,
    scenario_of,
)
from forecast.scenario.schema_errors import complaints
from forecast.scenario.weights import parted, weight_layers, weight_name, weights_in, weights_with_effect
from forecast.stats.distributions import Distribution
from forecast.stats.specs import plain_distribution
from forecast.storage.documents import Node, parse_document, read_document, scenario_path, yaml_text
from forecast.storage.files import json_digest

MOST_BRANCHES = 20

BESIDE = ("name", "title", "title_ko", "description", "description_ko", "sources")
"""Keys that a mixture has in common with a scenario."""

SHARED = ("basis", "horizon", "as_of")
"""Keys that branches must have in common for their draws to be of one thing."""

_RARE = 1e-9


@entity
@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioMixture:
    """Scenarios of which every draw follows one.

    Branches are sorted by label. `overrides` is what was set on top of every branch, as it was written.
    """

    name: Name
    title: Title = ""
    title_ko: KoreanTitle = ""
    description: Description = ""
    description_ko: KoreanDescription = ""
    sources: Sources = ()
    branches: Annotated[
        tuple[Branch, ...],
        Field(
            alias="mixture",
            min_length=1,
            max_length=MOST_BRANCHES,
            description=f"a list of 1 to {MOST_BRANCHES} branches with scenario and weight, of which every draw "
            f"follows one; beside it stand {', '.join(BESIDE)} alone",
        ),
    ]
    overrides: OnTop = field(default=(), compare=False)

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


@dataclass(frozen=True, slots=True)
class StatedBranch:
    """A branch and where it was read.

    Attributes:
        branch: what it is.
        node: its entry in the file of the mixture.
        path: YAML path of that entry.
        file: the file that states its scenario.
        layers: the tree of that scenario.
    """

    branch: Branch
    node: Node
    path: str
    file: str
    layers: Layered


def _with_scenario(branch: Branch, node: Node, at: str, path: Path, overrides: Sequence[str]) -> StatedBranch:
    """A branch with the scenario that it names or states.

    Raises:
        ScenarioError: the scenario cannot be read.
    """
    scenario = node.fields["scenario"]
    if scenario.fields:
        file, layers = str(path), layered_inside(scenario, path, overrides)
    else:
        named = neighbour(scenario, path, tree_of(path), f"{at}.scenario")
        file, layers = str(named), layered(named, overrides)
    read = scenario_of(layers, file)
    label = read.name if branch.label == "" else branch.label
    return StatedBranch(replace(branch, scenario=read, label=label), node, at, file, layers)


def _disagreements(stated: Sequence[StatedBranch], mixture: Node) -> Iterator[Problem]:
    """Labels given twice, weights that cannot be scaled, results that would be of another thing than the first's."""
    labels = [one.branch.label for one in stated]
    if stated and all(float(one.branch.weight.ppf(_RARE)) <= 0 for one in stated):
        message = "got weights that may all be 0, expected one that is above 0 in every draw"
        yield mixture.place.problem("mixture", message)
    if not math.isfinite(sum(float(one.branch.weight.ppf(1 - _RARE)) for one in stated)):
        yield mixture.place.problem("mixture", "got weights without a finite sum, expected smaller ones")
    for index, one in enumerate(stated):
        if one.branch.label in labels[:index]:
            message = f"{got(one.branch.label)} a second time, expected every label once; {listed(labels)}"
            yield one.node.place.problem(f"{one.path}.label", message)
        for key in SHARED:
            here, there = (getattr(branch.scenario, key) for branch in (one.branch, stated[0].branch))
            if here != there:
                expected = f"expected {key} {there or 'left out'} as in {labels[0]}"
                message = f"got {one.branch.label} with {key} {here or 'left out'}, {expected}"
                yield one.node.place.problem(f"{one.path}.scenario", message)


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
    """The mixture a YAML file or a shipped name states, with `key.path=value` overrides on top.

    Those of weights are `mixture.LABEL.weight=value`; any other is applied to every branch.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    return read_mixture(scenario_path(path), several(overrides))[0]


def read_mixture(
    path: PathLike[str] | str, overrides: Sequence[str] = ()
) -> tuple[ScenarioMixture, tuple[StatedBranch, ...], Layered]:
    """The mixture a YAML file states, where each branch was read, and the layers of their weights.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    values, weighing = parted(overrides)
    document = read_document(Path(path), str(path))
    root, problems = document.root, [*document.problems, *_refused(document.root)]
    entries, stated, failed = root.fields.get("mixture", root), list[StatedBranch](), list[tuple[str, Problem]]()
    for index, node in enumerate(entries.items[:MOST_BRANCHES]):
        branch = entry(Branch, node, ("mixture", index)).value
        try:
            if branch.scenario is not None:
                stated.append(_with_scenario(branch, node, f"mixture[{index}]", Path(path), values))
        except ScenarioError as error:
            failed += [(_name(branch, node, index), problem) for problem in error.problems]
    problems += _told_by_branch(failed, len(entries.items))
    whole = _whole(stated)
    if not problems:  # every branch has a label and a weight on top of which another can be set
        weights = weight_layers({one.branch.label: one.node.fields["weight"] for one in whole}, weighing)
        whole = [_weighed(one, weights) for one in whole]
        root = _with_branches(root, [one.node for one in whole])
        names = {f"{one.path}.weight": weight_name(one.branch.label) for one in whole}
        problems += [replace(one, path=names.get(one.path, one.path)) for one in _refused(root)]
    problems += _disagreements(_whole(whole), entries)
    if problems:
        raise ScenarioError(problems)
    ordered = tuple(sorted(whole, key=lambda one: one.branch.label))
    mixture = _mixture(root.plain(), tuple(one.branch for one in ordered))
    scenarios = [branch.scenario for branch in mixture.branches]
    told = told_of_branches(scenarios, [*map(as_told, overrides)], weights_with_effect(weights))
    return replace(mixture, overrides=told), ordered, weights


def _whole(stated: Sequence[StatedBranch]) -> list[StatedBranch]:
    """Branches of which the schema takes weight and label."""
    return [one for one in stated if None not in (one.branch.weight, one.branch.label)]


def _name(branch: Branch, node: Node, index: int) -> str:
    """What a branch that cannot be read goes by: its label, or the scenario it names, or its place."""
    named = node.fields["scenario"].content
    return branch.label or (named if isinstance(named, str) else f"mixture[{index}]")


def _told_by_branch(failed: Iterable[tuple[str, Problem]], n_branches: int) -> Iterator[Problem]:
    """Problems of branches, each once; of what is set on top, with the branches that have it where not all do."""
    branches: dict[Problem, list[str]] = {}
    for name, problem in failed:
        branches.setdefault(problem, []).append(name)
    for problem, names in branches.items():
        if problem.file.startswith("-s ") and len(names) < n_branches:
            where = f"of branch {names[0]}" if len(names) == 1 else f"of branches {listed(names)}"
            yield replace(problem, message=f"{where}: {problem.message}")
        else:
            yield problem


def _refused(root: Node) -> list[Problem]:
    """What the schema refuses of the tree of a mixture."""
    try:
        read(ScenarioMixture, root.plain())
    except ValidationError as error:
        return complaints(root, error, ScenarioMixture)
    return []


def _weighed(one: StatedBranch, weights: Layered) -> StatedBranch:
    """A branch with the weight that layers give it."""
    node = weights.root.fields[weight_name(one.branch.label)]
    (weight,) = weights_in(Node({"": node}, node.place))
    whole = replace(one.node, content={**one.node.fields, "weight": node})
    return replace(one, branch=replace(one.branch, weight=weight), node=whole)


def _with_branches(root: Node, nodes: Sequence[Node]) -> Node:
    """The tree of a mixture with other entries of its branches."""
    return replace(root, content={**root.fields, "mixture": replace(root.fields["mixture"], content=tuple(nodes))})


def _mixture(plain: Any, branches: tuple[Branch, ...]) -> ScenarioMixture:
    """The mixture that a plain mapping states, with scenarios in its branches."""
    mixture = read(ScenarioMixture, plain)
    return replace(mixture, title=mixture.title or mixture.name, branches=branches)


def told_of_branches(
    scenarios: Iterable[Scenario], overrides: Sequence[str], weighing: Iterable[str] = ()
) -> tuple[str, ...]:
    """Those of overrides that are told of a scenario or of weights, each where it stood last."""
    used = {*weighing, *(text for scenario in scenarios for text in scenario.overrides)}
    last = dict.fromkeys(text for text in reversed(overrides) if text in used)
    return tuple(reversed(last))


def weighed_again(mixture: AnyScenario, overrides: Sequence[str]) -> tuple[AnyScenario, tuple[str, ...]]:
    """A mixture as a run has stored it with weights set once more, and what of that shows whatever stood there before.

    Raises:
        ScenarioError: what was set makes no sense of it.
    """
    if mixture.single is not None or not overrides:
        return mixture, ()
    text = yaml_text({branch.label: plain_distribution(branch.weight) for branch in mixture.branches})
    weights = weight_layers(parse_document(text, "").root.fields, overrides)
    again = zip(mixture.branches, weights_in(weights.root), strict=True)
    branches = tuple(replace(branch, weight=weight) for branch, weight in again)
    return replace(mixture, branches=branches), weights.that_show()


def layer_files(path: Path) -> dict[str, Path]:
    """A file and every file that it extends or weighs, by name: where each lies from the folder that may hold them.

    Raises:
        ScenarioError: one cannot be read.
    """
    found: dict[str, Path] = {}
    tree, waiting = tree_of(path), [path]
    while waiting and len(found) < MAX_LAYERS:
        file = waiting.pop()
        real = resolved(file)
        found[real.relative_to(tree).as_posix() if real.is_relative_to(tree) else real.name] = file
        targets = [neighbour(name, file, tree, "extends") for name in _names(read_document(file, str(file)).root)]
        waiting += [target for target in targets if target not in found.values()]
    return found


def _names(node: Node) -> Iterator[Node]:
    """Values of a document that name other files."""
    for key, child in node.fields.items():
        if key in ("extends", "scenario") and isinstance(child.content, str):
            yield child
        elif key == "extends":
            yield from child.items
        else:
            yield from _names(child)
    for child in node.items:
        yield from _names(child)


def stated_distribution(path: PathLike[str] | str, key: str) -> Distribution:
    """The distribution of the number or date at a path of a file, such as `mixture.trend.weight` or `HMG-06.amount`.

    Raises:
        ScenarioError: the file cannot be read, or there is no number at that path.
    """
    if not is_mixture(path):
        return distribution_in_file(path, key)
    weights = {weight_name(branch.label): branch.weight for branch in load_mixture(path).branches}
    if key not in weights:
        raise refusal(Place(str(path)), f"{got(key)}, no such number in this mixture; {meant(key, weights)}")
    return weights[key]


def frozen_any(path: PathLike[str] | str) -> AnyScenario:
    """The scenario or mixture that `dump_any` wrote: no rule is asked again, as some rest on later observations.

    Raises:
        ScenarioError: the file cannot be read, or holds none.
    """
    plain: Any = read_document(Path(path), str(path)).root.plain()
    try:
        if "mixture" not in plain:
            return frozen_scenario(plain)
        branches: Any = read(ScenarioMixture, plain).branches
        frozen = tuple(replace(branch, scenario=frozen_scenario(branch.scenario)) for branch in branches)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise refusal(Place(str(path)), "got another text, expected a scenario as it was stored") from error
    return _mixture(plain, frozen)


def plain_any(mixture: AnyScenario) -> dict[str, Any]:
    """The mapping that states a scenario, or a mixture with every scenario inside it."""
    if mixture.single is not None:
        return plain_scenario(mixture.single)
    written = plain(mixture)
    return written | {"mixture": [dict(reversed(branch.items())) for branch in written["mixture"]]}


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
