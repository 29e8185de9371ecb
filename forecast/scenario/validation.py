"""Problems and remarks of a scenario file before a run, and the rates at which won became USD.

A commented scenario to start from, for an announcement of one's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from os import PathLike
from pathlib import Path

from forecast.catalogue import Wording, worded
from forecast.errors import Place, Problem, Remark, RunError, ScenarioError, in_one_line, spelled
from forecast.quarters import format_quarter
from forecast.scenario.entries import rows
from forecast.scenario.investments import Investment, outside_parts
from forecast.scenario.layers import Layered, layered
from forecast.scenario.library import scenario_text
from forecast.scenario.mixture import AnyScenario, ScenarioMixture, StatedBranch, is_mixture, read_mixture
from forecast.scenario.money import WON_KEY, rate_of
from forecast.scenario.scenario import Scenario, reading_order, scenario_digest, scenario_of
from forecast.scenario.unused import overruled, repeated
from forecast.scenario.warnings import off_sum, remarks
from forecast.storage.documents import SCHEMA_NAME, Node, read_document, scenario_path, shipped_folder
from forecast.storage.files import write_text, writing
from forecast.storage.places import is_exported_run, unpacking


@dataclass(frozen=True, slots=True)
class Conversion:
    """An amount stated in won, and the rate that turned it into USD.

    Attributes:
        path: YAML path of the amount.
        won: won per USD.
        period: month or quarter the rate is the mean of.
        middle: middle value of the amount, bn USD.
    """

    path: str
    won: float
    period: str
    middle: float

    @property
    def wording(self) -> Wording:
        """Both, in no language yet."""
        middle = f"{float(f'{self.middle:.4g}'):,g}"
        return worded("warnings.run.converted", path=self.path, won=self.won, period=self.period, middle=middle)


@dataclass(frozen=True, slots=True)
class Examination:
    """Problems and remarks of one file.

    Attributes:
        file: as the user gave it.
        scenario: what it states; None if something is wrong.
        layers: its tree; None if a layer cannot be read.
        problems: what is wrong, the top file first.
        remarks: what is probably not meant, in the same order.
        mixture: what it states where it weighs scenarios.
        branches: where the branches of that were read, sorted by label.
        weights: layers of their weights.
    """

    file: str
    scenario: Scenario | None
    layers: Layered | None
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]
    mixture: ScenarioMixture | None = None
    branches: tuple[StatedBranch, ...] = ()
    weights: Layered | None = None

    @property
    def world(self) -> AnyScenario | None:
        """What the file states; None if something is wrong."""
        return self.mixture or self.scenario

    @property
    def every_layers(self) -> tuple[Layered, ...]:
        """Its tree, or that of every branch."""
        return (self.layers,) if self.layers is not None else tuple(one.layers for one in self.branches)

    def among(self, world: AnyScenario, before: Iterable[Remark]) -> Examination:
        """The same of a world with some of the plants, with remarks on these alone.

        Args:
            before: remarks that come first.
        """
        ids = [{item.id for item in branch.scenario.investments} for branch in world.branches]
        if not isinstance(world, ScenarioMixture):
            assert self.layers is not None
            layers = self.layers.among(ids[0])
            return replace(self, scenario=world, layers=layers, remarks=(*before, *_remarks(layers, self.file)))
        branches = tuple(
            replace(one, branch=branch, layers=one.layers.among(kept))
            for one, branch, kept in zip(self.branches, world.branches, ids, strict=True)
        )
        assert self.weights is not None
        found = _mixture_remarks(self.file, branches, self.weights)
        return replace(self, mixture=world, branches=branches, remarks=(*before, *found))

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """Amounts in won, in file order; none where something is wrong."""
        return () if self.scenario is None or self.layers is None else tuple(_conversions(self.layers))

    @property
    def unsimulated(self) -> tuple[Wording, ...]:
        """What pledges hold beyond the announcements among their parts."""
        scenarios = [one.branch.scenario for one in self.branches] if self.scenario is None else [self.scenario]
        return tuple(dict.fromkeys(note for scenario in scenarios for note in outside_parts(scenario.investments)))

    def of_file(self, said: Wording) -> Wording:
        """Something said of the file, with its name before it."""
        return worded("warnings.run.at_file", file=in_one_line(self.file), words=said)


def examined(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Examination:
    """Problems and remarks of a file or a shipped name, the files it extends and the overrides on top of it."""
    path = scenario_path(path)
    file = str(path)
    if is_exported_run(path):
        words = f"got an exported run, expected a YAML file; {unpacking(path)}"
        return Examination(file, None, None, (Place(file).problem("", words),), ())
    if is_mixture(path):
        return _mixture(path, overrides)
    try:
        layers = layered(path, overrides)
    except ScenarioError as error:
        return Examination(file, None, None, error.problems, ())
    found = _remarks(layers, file)
    try:
        return Examination(file, scenario_of(layers, file), layers, (), found)
    except ScenarioError as error:
        wrong = {(problem.file, problem.path) for problem in error.problems}
        doubtful = tuple(remark for remark in found if (remark.file, remark.path) not in wrong)
        return Examination(file, None, layers, error.problems, doubtful)


def _remarks(layers: Layered, file: str) -> tuple[Remark, ...]:
    return tuple(sorted(remarks(layers), key=lambda remark: reading_order(remark, file)))


def _mixture(path: PathLike[str] | str, overrides: Sequence[str]) -> Examination:
    """A mixture, with remarks on its weights and the scenarios in it."""
    file = str(path)
    try:
        mixture, branches, weights = read_mixture(path, overrides)
    except ScenarioError as error:
        return Examination(file, None, None, error.problems, ())
    found = _mixture_remarks(file, branches, weights)
    return Examination(file, None, None, (), found, mixture, branches, weights)


def _mixture_remarks(file: str, branches: Sequence[StatedBranch], weights: Layered) -> tuple[Remark, ...]:
    """Remarks on a mixture; scenarios in files of their own have theirs there, and overrides where all branches do."""
    by_branch = [remarks(branch.layers) for branch in branches]
    set_on_top = {change.over.place.file for branch in branches for change in branch.layers.own}
    everywhere = set.intersection(*({(one.file, one.path) for one in found} for found in by_branch))
    found = [
        remark
        for branch, said in zip(branches, by_branch, strict=True)
        for remark in said
        if ((remark.file, remark.path) in everywhere if remark.file in set_on_top else branch.file == file)
    ]
    found += [*repeated(weights.own), *overruled(weights), *_off_sum(file, weights), *_idle_branches(branches)]
    return tuple(dict.fromkeys(sorted(found, key=lambda remark: reading_order(remark, file))))


def _off_sum(file: str, weights: Layered) -> Iterator[Remark]:
    """Weights of branches that read like parts of one and do not sum to it."""
    stated = tuple(Node({"weight": node}, node.place) for node in weights.root.fields.values())
    place = weights.own[-1].over.place if weights.own else read_document(Path(file), file).root.fields["mixture"].place
    yield from off_sum("mixture", Node(stated, place), ("mixture",))


def _idle_branches(branches: Sequence[StatedBranch]) -> Iterator[Remark]:
    """Branches that no draw follows, and those that say what another says."""
    seen: dict[str, str] = {}
    in_file = sorted(branches, key=lambda one: (one.node.place.line, one.node.place.column))
    for index, one in enumerate(in_file):
        label, scenario, path = one.branch.label, one.branch.scenario, f"mixture[{index}]"
        if one.branch.weight.ends()[1] <= 0.0:
            weight = one.node.fields["weight"].place
            yield weight.remark(f"{path}.weight", worded("warnings.idle.branch_weight", label=label))
        first = seen.setdefault(scenario_digest(replace(scenario, name="")), label)
        if first != label:
            yield one.node.place.remark(path, worded("warnings.idle.branch_twice", label=label, first=first))


def _conversions(layers: Layered) -> Iterator[Conversion]:
    for row in rows(layers.root, "investments", Investment):
        for key, amount in (("amount", row.value.amount), ("new_capex", row.value.new_capex)):
            if row.has(key) and WON_KEY in row.node.fields[key].fields:
                rate = rate_of(row.value.announced)
                path = spelled(("investments", row.name, key))
                yield Conversion(path, rate.won, rate.period, float(amount.ppf(0.5)))


_TEMPLATE = Path(str(files("forecast"))) / "data" / "starter.yaml"
_NAME = "my-scenario"

_PLAN = {"announced": 0, "construction": 3, "earliest": 11, "latest": 15}
"""Dates of the example plant, in quarters after the last one observed."""


def new_scenario(given: str | None, origin: int, announcement: str | None = None) -> Path:
    """Write a scenario to start from to a new file, and say where.

    Args:
        given: name of the scenario, or the file to write, whose name becomes that of the scenario.
        origin: last quarter observed; the example plant is planned from it.
        announcement: id of the announcement that stands in place of the example plant.

    Raises:
        RunError: the file is there already, cannot be written, or its name is none for a scenario; or the announcement
            is none that a scenario can start from.
    """
    if announcement is None:
        return new_file(given, _NAME, lambda path, schema: _starter(path, origin, schema))
    return new_file(given, announcement, lambda path, schema: scenario_text(announcement, path.stem, schema))


def new_file(given: str | None, usual: str, text_of: Callable[[Path, str], str]) -> Path:
    """Write a new scenario file, and say where; `given` is its name or path.

    Args:
        usual: its name where none is given.
        text_of: its text, of its path and the address of the schema as seen from there.

    Raises:
        RunError: as `new_scenario`.
    """
    path = Path(given or usual.lower())
    path = path if path.suffix in (".yaml", ".yml") else path.with_name(f"{path.name}.yaml")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", path.stem):
        accepted = "expected a name of 1 to 64 lower-case letters, digits and hyphens, such as hyundai-2026"
        raise RunError(f"got {path.stem!r}, {accepted}")
    if os.path.lexists(path):
        raise RunError(f"{path}: is there already and was left as it is; give another name")
    schema = Path(os.path.relpath(shipped_folder() / SCHEMA_NAME, path.parent)).as_posix()
    text = text_of(path, schema)
    with writing(path, "give another place"):
        write_text(path, text)
    return path


def _starter(path: Path, origin: int, schema: str) -> str:
    dates = {name: format_quarter(origin + quarters) for name, quarters in _PLAN.items()}
    words = {"schema": schema, "file": path.as_posix(), "name": path.stem}
    return _TEMPLATE.read_text(encoding="utf-8").format(**words, **dates)
