"""The rate at which output of plants replaces exports, which decides the sign of an effect, and where it turns that.

Of several such rates that whose draws go most with the effect decides. The effect is a straight line in it, of which
the slope is the output of its plants: that of the run where there is one rate alone, else worked out again for the
first blocks. Plants of one sector that have rates of their own are told together, by the mean of their rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from forecast.dims import Array
from forecast.economics.channels import displacement_under
from forecast.economics.sectors import central_priors
from forecast.economics.tariffs import FINISHED, load_schedule
from forecast.engine.block import block_inputs, replacing, row_picks
from forecast.engine.inputs import Fitted, Input
from forecast.engine.plan import Group, Plan
from forecast.engine.run_plan import RunPlan
from forecast.stats.quantiles import quantiles
from forecast.stats.sensitivity import LEVELS
from forecast.stats.shared_rows import RowPicks
from forecast.stats.streams import Streams
from forecast.stats.summary import summarised

N_TURNS = 2
"""Blocks that are simulated again, for a turning rate or without duties."""

REPLACED = (-0.5, 1.5)
"""USD of exports that a dollar of output replaces at least and at most; where only others turn a sign, none does."""

RATE, ADDED = "displacement_rate", "tariff_displacement"


@dataclass(frozen=True, slots=True)
class DecidingRate:
    """The exports replaced by a dollar of output, of the sector in which that decides the sign of the effect.

    Attributes:
        name: YAML path of the rate, by which `forecast breakeven` finds it.
        sector: one of `SECTORS`.
        grade: of the evidence, one of `GRADES`; `stated` where the scenario states the rate.
        interval: lower end of the 80 % interval of the rate, median and upper end, USD per USD, under the duty.
        turns: rate at which the mean effect is zero and its Monte Carlo error, by year with output, under the duty.
        alone: whether no other rate has a part in the effect.
        replaced: mean of the exports that its plants replace and its Monte Carlo error, by year, bn USD; empty where
            there is no other rate, so that they replace all of it.
        duty: on the product at the origin, a fraction.
        duty_since: the last on record after it; None where none is, or it is no other.
        other_duties: whether the scenario states another duty on it, which the turning value allows for.
        added: mean of what the duty adds to the rate; the input called `name` is the rate without it.
    """

    name: str
    sector: str
    grade: str
    interval: tuple[float, float, float]
    turns: Mapping[int, tuple[float, float]]
    alone: bool
    replaced: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    duty: float = 0.0
    duty_since: float | None = None
    other_duties: bool = False
    added: float = 0.0


def deciding_rate(plan: RunPlan, streams: Sequence[Streams], effect: Array, output: Array) -> DecidingRate | None:
    """The rate whose draws go most with the effect, and where it turns that."""
    rates = _rates(plan, streams)
    if not rates or not output.any():
        return None
    whole = effect.sum(axis=0)
    name = max(rates, key=lambda name: _together(rates[name].values, whole))
    rate = rates[name]
    duties = rate.duty, rate.duty_since, rate.other_duties
    means = partial(_means, plan, row_picks([plan], streams))
    alone, values, added, replaced = (
        {one.sector for one in rates.values()} == {rate.sector},
        rate.values,
        rate.added,
        {},
    )
    without = effect[:, : output.shape[-1]] + values * output
    if len(rates) > 1:
        members = {address for address, one in rates.items() if one.sector == rate.sector}
        blocks = [replacing(plan, one, lambda group: _address(group) in members) for one in streams[:N_TURNS]]
        output, taken, beyond = np.concatenate(blocks, axis=-1)
        n_draws = output.shape[-1]
        without = effect[:, :n_draws] + values[:n_draws] * output - beyond
        if len(members) > 1:
            without = effect[:, :n_draws] + taken - added[:n_draws] * output
            values, added = _mean_rate(output, taken + beyond) - added.mean(), added.mean()
        replaced = {} if alone else dict(zip(plan.years, means(taken), strict=True))
        grades = {rates[address].grade for address in members}
        rate = replace(rate, grade=rate.grade if len(grades) == 1 else "stated")
    low, median, high = quantiles(values + added, (LEVELS[0], 0.5, LEVELS[1])).tolist()
    adds = float(np.mean(added))
    turning = {year: (turn + adds, error) for year, (turn, error) in _turns(plan.years, without, output, means)}
    interval = low, median, high
    return DecidingRate(rate.path, rate.sector, rate.grade, interval, turning, alone, replaced, *duties, adds)


def _mean_rate(output: Array, wanted: Array) -> Array:
    """What plants would replace per dollar of output over all years, with what duties add, `(n_draws,)`."""
    made = output.sum(axis=0)
    return np.asarray(wanted.sum(axis=0)[made > 0] / made[made > 0])


@dataclass(frozen=True, slots=True)
class AddedByDuty:
    """What a duty adds to a rate of exports replaced.

    Attributes:
        duty: on the product at the origin; 0 where none is paid and the scenario states one.
        since: the last on record after it; None where none is, or it is no other.
        mean: of what that at the origin adds, USD per USD.
    """

    duty: float
    since: float | None
    mean: float


def added_by_duty(plan: RunPlan, streams: Sequence[Streams], address: str) -> AddedByDuty | None:
    """What a duty adds to the rate at an address; None where that is none of exports replaced, or no duty is paid."""
    rate = _rates(plan, streams).get(address)
    if rate is None or not (rate.duty or rate.other_duties):
        return None
    return AddedByDuty(rate.duty, rate.duty_since, float(rate.added.mean()))


@dataclass(frozen=True, slots=True)
class _Rate:
    """A displacement rate of some plants: YAML path, sector, grade of evidence and draws, `(n_draws,)`.

    Beside it the duty at the origin, the last on record after it, whether the scenario states others, and draws of what
    that at the origin adds.
    """

    path: str
    sector: str
    grade: str
    values: Array
    duty: float
    duty_since: float | None
    other_duties: bool
    added: Array


def _rates(plan: RunPlan, streams: Sequence[Streams]) -> dict[str, _Rate]:
    """Displacement rates by address."""
    found: dict[str, _Rate] = {}
    for branch in plan.plans:
        for group in branch.groups:
            source, address = group.coefficients[RATE], _address(group)
            fitted = isinstance(source, Fitted)
            if address not in found:
                values, more = _drawn(branch, streams, source), _drawn(branch, streams, group.coefficients[ADDED])
                grade = central_priors()[group.sector, RATE].grade if fitted else "stated"
                owner = address.removesuffix(f".{RATE}")
                path = f"{owner}.overrides.{RATE}" if owner.startswith("investments.") else f"overrides.{address}"
                duties = group.duty, _duty_since(group.sector, branch.origin), _is_taxed(plan, group.sector)
                added = displacement_under(group.duty, 0.0, more)
                found[address] = _Rate(path, group.sector, grade, values, *duties, added)
    return found


def _duty_since(sector: str, origin: int) -> float | None:
    """The last duty of record on the finished goods of a sector, where it began after the origin."""
    trade = load_schedule().trade[FINISHED.get(sector, sector)]
    last = trade.dates[-1] if trade.dates else -np.inf
    return trade.rate(last) if last >= origin + 1 else None


def _is_taxed(plan: RunPlan, sector: str) -> bool:
    """Whether a scenario states duties on the finished goods of a sector, in any of its branches."""
    goods = FINISHED.get(sector, sector)
    return any(branch.policy is not None and goods in branch.policy.taxed for branch in plan.plans)


def _address(group: Group) -> str:
    """Address of the rate of a group of plants."""
    source = group.coefficients[RATE]
    return f"sectors.{group.sector}.{RATE}" if isinstance(source, Fitted) else source.stream


def _drawn(plan: Plan, streams: Sequence[Streams], source: Input) -> Array:
    """Draws of an input, `(n_draws,)`."""
    return np.concatenate([np.broadcast_to(block_inputs(plan, one).value(source), (one.n_draws,)) for one in streams])


def _together(values: Array, outcome: Array) -> float:
    """How far draws go together: the square of their correlation, 0 where either is a constant."""
    if not np.ptp(values) or not np.ptp(outcome):
        return 0.0
    return float(np.corrcoef(values, outcome)[0, 1] ** 2)


def _means(plan: RunPlan, rows: RowPicks, draws: Array) -> list[tuple[float, float]]:
    """Means of draws `(n_years, n_draws)` by year, each with its Monte Carlo error."""
    picks = rows.of(slice(draws.shape[-1]))
    summary = summarised(draws[None], plan.years, ("mean",), plan.block_size, rows=picks)
    return [summary.estimate("mean", "mean", index) for index in range(len(plan.years))]


def _turns(
    years: Sequence[int], without: Array, output: Array, means: Callable[[Array], list[tuple[float, float]]]
) -> Iterator[tuple[int, tuple[float, float]]]:
    """Rate at which the mean effect is zero, with its error, of every year with output.

    Args:
        without: effect at a rate of zero, `(n_years, n_draws)`.
        output: what the rate takes from it, of the same shape.
        means: means of draws by year with their errors.
    """
    made = output.mean(axis=1)
    turns = np.divide(without.mean(axis=1), made, out=np.zeros_like(made), where=made > 1e-9)
    for year, turn, each, (_, error) in zip(years, turns, made, means(without - turns[:, None] * output), strict=True):
        if output.shape[1] > 1 and each > 1e-9:
            yield year, (float(turn), error / float(each))
