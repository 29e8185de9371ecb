"""Everything found in a scenario file before a run: what is wrong, what is probably not meant, how won became USD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike

from forecast.branches import StatedBranch
from forecast.errors import Problem, Remark, ScenarioError
from forecast.layers import Layered, layered
from forecast.mixtures import ScenarioMixture, is_mixture, read_mixture
from forecast.money import WON_KEY, rate_of
from forecast.phrases import spelled
from forecast.remarks import remarks
from forecast.rows import ends, rows
from forecast.scenario import Scenario, reading_order, scenario_of


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

    def __str__(self) -> str:
        return f"{self.path}: {self.middle:.4g} bn USD, at {self.won:,.1f} won per USD, the mean of {self.period}"


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found in one file.

    Attributes:
        file: as the user gave it.
        scenario: what it states; None if something is wrong.
        layers: its tree; None if a layer cannot be read.
        problems: what is wrong, the top file first.
        remarks: what is probably not meant, in the same order.
        mixture: what it states where it weighs scenarios.
        branches: where the branches of that were read, sorted by label.
    """

    file: str
    scenario: Scenario | None
    layers: Layered | None
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...]
    mixture: ScenarioMixture | None = None
    branches: tuple[StatedBranch, ...] = ()

    @property
    def conversions(self) -> tuple[Conversion, ...]:
        """Amounts in won, in file order; none where something is wrong."""
        return () if self.scenario is None or self.layers is None else tuple(_conversions(self.layers))


def examined(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Examination:
    """Everything found in a file, the files it extends and the overrides on top of it."""
    file = str(path)
    if is_mixture(path):
        return _mixture(path, overrides)
    try:
        layers = layered(path, overrides)
    except ScenarioError as error:
        return Examination(file, None, None, error.problems, ())
    found = tuple(sorted(remarks(layers), key=lambda remark: reading_order(remark, file)))
    try:
        return Examination(file, scenario_of(layers, file), layers, (), found)
    except ScenarioError as error:
        wrong = {(problem.file, problem.path) for problem in error.problems}
        doubtful = tuple(remark for remark in found if (remark.file, remark.path) not in wrong)
        return Examination(file, None, layers, error.problems, doubtful)


def _mixture(path: PathLike[str] | str, overrides: Sequence[str]) -> Examination:
    """A mixture, with remarks on the scenarios stated in it; those in files of their own have theirs there."""
    file = str(path)
    try:
        mixture, branches = read_mixture(path, overrides)
    except ScenarioError as error:
        return Examination(file, None, None, error.problems, ())
    found = [remark for branch in branches if branch.file == file for remark in remarks(branch.layers)]
    return Examination(file, None, None, (), tuple(found), mixture, branches)


def _conversions(layers: Layered) -> Iterator[Conversion]:
    for row in rows(layers.root):
        announced = row.date("announced")
        for key in ("amount", "new_capex"):
            amount = row.money(key) if row.has(key) and WON_KEY in row.node.fields[key].fields else None
            if amount is not None and announced is not None:
                rate = rate_of(ends(announced)[0])
                path = spelled(("investments", row.name, key))
                yield Conversion(path, rate.won, rate.period, float(amount.ppf(0.5)))
