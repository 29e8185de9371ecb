"""What an answer rests on: the rate that decides the sign of an effect, and the part of a spread that is judgement.

An effect turns its sign with the exports that a dollar of the plants' output replaces. Of several such rates the one
whose draws go most with the effect decides. The effect is a straight line in it, of which the slope is the output of
its plants: that of the run where there is one rate alone, else worked out again for the first blocks.

Judgement is what a scenario states with a spread (numbers, dates, chances and what comes of them, weights of branches)
and every coefficient and response of which the grade of evidence is `judgement`; weak evidence is grade `L`. The share
of either in a variance is what their values explain of an outcome in a regression on squares and the largest products,
corrected for its terms: a lower bound of the variance of the mean given all of them, over the whole variance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from forecast.analysis.duties import changed_by_duties
from forecast.dims import EFFECTS, OUTPUT, Array
from forecast.economics.channels import displacement_under
from forecast.economics.elasticities import shipped_responses
from forecast.economics.sectors import central_priors
from forecast.economics.tariffs import FINISHED, load_schedule
from forecast.economics.uncertain_inputs import REALISED
from forecast.engine.announcements import Announcements, planned_dates
from forecast.engine.block import block_inputs, branches_of, flows_of, replacing, row_picks
from forecast.engine.inputs import Fitted, Input, Inputs, Stated
from forecast.engine.plan import Group, Plan
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import block_streams
from forecast.errors import PosteriorError, RunError
from forecast.models.posterior import Posterior
from forecast.results.results import Results
from forecast.results.run import plan_of, settings_of
from forecast.stats.distributions import Constant
from forecast.stats.quantiles import quantiles
from forecast.stats.sensitivity import LEVELS
from forecast.stats.shared_rows import RowPicks
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary, summarised

JUDGED, WEAK = "judgement", "L"
"""Grades of evidence whose share in a spread is told."""

EXPLAINED = ("effect", "trade_balance")
"""Series of which shares are told."""

GROUNDS = ("trade_balance", *EFFECTS, OUTPUT)
"""Series that the grounds of an answer are worked out from."""

N_TURNS, N_SHARES = 2, 3
"""Blocks that are simulated again, for a turning rate or without duties; and those from which shares of a variance are
worked out."""

REPLACED = (-0.5, 1.5)
"""USD of exports that a dollar of output replaces at least and at most; where only others turn a sign, none does."""

RATE, ADDED = "displacement_rate", "tariff_displacement"

_N_PRODUCTS = 6
"""Inputs whose products enter a regression, those that explain most by themselves."""

_DRAWS_PER_TERM = 10
"""Draws for each term of a regression at least."""


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


@dataclass(frozen=True, slots=True)
class Rests:
    """Shares of the variance of an outcome by year, fractions, `(n_years,)`: of judgement, and of weak evidence."""

    judged: Array
    weak: Array


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the answer of a run rests on.

    Attributes:
        rate: None where no plant replaces exports.
        rests: by series of `EXPLAINED`; empty where there are too few draws to tell.
        by_duties: what duties that the scenario states change in the effect, see `changed_by_duties`; None without.
    """

    rate: DecidingRate | None
    rests: Mapping[str, Rests]
    by_duties: Summary | None = None


def grounds(run: Results, plan: RunPlan | None = None, posterior: Posterior | None = None) -> Grounds | None:
    """What the answer of a run rests on; None where it was made with other code or parameters than are installed.

    Args:
        plan: what the run was made of, compiled again by default.
        posterior: parameters of the run; the stored ones by default.
    """
    try:
        compiled = plan_of(run, posterior) if plan is None else plan
    except (RunError, PosteriorError):
        return None
    settings = settings_of(run.manifest)
    streams = block_streams(compiled, settings)
    n_shared = min(settings.n_draws, N_SHARES * compiled.block_size)
    outcomes = run.kept_of(GROUNDS, n_shared) or _simulated(compiled, streams[:N_SHARES])
    return grounds_of(compiled, streams, outcomes)


def grounds_of(plan: RunPlan, streams: Sequence[Streams], outcomes: Mapping[str, Array]) -> Grounds:
    """The same of a plan.

    Args:
        streams: random numbers of its blocks, in order.
        outcomes: draws of `GROUNDS`, of the first `N_SHARES` blocks or of all there are, `(n_years, n_draws)` each.
    """
    inputs = graded_values(plan, streams[:N_SHARES])
    shares = {series: rests_on(outcomes[series], inputs) for series in EXPLAINED}
    rate = _deciding_rate(plan, streams[:N_SHARES], outcomes["effect"], outcomes[OUTPUT])
    known = {name: rests for name, rests in shares.items() if rests is not None}
    return Grounds(rate, known, changed_by_duties(plan, streams[:N_TURNS], outcomes))


def difference_rests(runs: Sequence[Results], difference: Array) -> Rests | None:
    """What the difference of two runs rests on; None where there are too few draws, or other code made the runs.

    Args:
        difference: draws, `(n_years, n_draws)`.
    """
    inputs: dict[str, dict[str, Array]] = {JUDGED: {}, WEAK: {}}
    for place, run in enumerate(runs):
        try:
            plan = plan_of(run)
        except (RunError, PosteriorError):
            return None
        settings = settings_of(run.manifest)
        for grade, values in graded_values(plan, block_streams(plan, settings)[:N_SHARES]).items():
            for name, drawn in values.items():
                known = inputs[grade].get(name)
                if known is None or (known != drawn).any():  # what both draw alike counts once
                    inputs[grade][name if known is None else f"{name} {place}"] = drawn
    n_draws = min(difference.shape[1], N_SHARES * int(runs[0].manifest["block_size"]))
    return rests_on(difference[:, :n_draws], inputs)


def _simulated(plan: RunPlan, streams: Sequence[Streams]) -> dict[str, Array]:
    """Draws of `GROUNDS` in some blocks, where a run has not kept its own."""
    blocks = [flows_of(plan, one).annual for one in streams]
    drawn = np.concatenate(blocks, axis=-1)
    return {series: drawn[plan.series.index(series)] for series in GROUNDS}


def graded_values(plan: RunPlan, streams: Sequence[Streams]) -> dict[str, dict[str, Array]]:
    """Values of the inputs that are judgement, and of those with weak evidence, by address; `(n_draws,)` each."""
    blocks = [_graded_in_block(plan, one) for one in streams]
    return {
        grade: {name: np.concatenate([block[grade][name] for block in blocks]) for name in blocks[0][grade]}
        for grade in (JUDGED, WEAK)
    }


def _graded_in_block(plan: RunPlan, streams: Streams) -> dict[str, dict[str, Array]]:
    chosen = branches_of(plan, streams)
    found: dict[str, dict[str, Array]] = {JUDGED: {}, WEAK: {}}
    for index, label in enumerate(plan.labels if plan.weights else ()):
        found[JUDGED][f"mixture.{label}"] = np.asarray(chosen == index, float)
    for branch in plan.plans:
        for grade, name, values in _graded(branch, block_inputs(branch, streams)):
            found[grade].setdefault(name, np.broadcast_to(np.asarray(values, float), (streams.n_draws,)))
    return found


def _graded(plan: Plan, inputs: Inputs) -> Iterator[tuple[str, str, Array | float]]:
    """Grade, address and values of every input of one branch that is judgement or weakly supported."""
    yield from _stated_values(plan, inputs)
    for column, (sector, name) in enumerate(plan.columns):
        grade = central_priors()[sector, name].grade
        if grade in (JUDGED, WEAK):
            yield grade, f"sectors.{sector}.{name}", inputs.coefficients[column]
    announcements = Announcements(plan, inputs)
    for project in (project for group in plan.groups for project in group.projects):
        stated = isinstance(project.probability, Stated) and not _settled(project.probability)
        if stated or project.chance is not None or project.tie.cuts:
            realised = announcements.realised(project, planned_dates(inputs, project)[1])
            yield JUDGED, f"{project.stream}.{REALISED}", np.asarray(realised, float)


def _stated_values(plan: Plan, inputs: Inputs) -> Iterator[tuple[str, str, Array | float]]:
    """The same of numbers and events that a scenario states, or leaves to shipped responses."""
    for item in plan.inputs:
        grade = _grade(item.name)
        if grade is None:
            continue
        if item.distribution is not None:
            yield grade, item.stream, inputs.value(Stated(item.stream, item.distribution))
        elif item.chance is not None:
            chance = inputs.value(Stated(f"{item.name.removesuffix(REALISED)}probability", item.chance))
            yield grade, item.stream, np.asarray(inputs.happens(item.stream, chance), float)


def _settled(chance: Stated) -> bool:
    return isinstance(chance.distribution, Constant) and chance.distribution.value in (0.0, 1.0)


def _grade(name: str) -> str | None:
    """Grade of an input of the registry: of a shipped response its own, of what a scenario states judgement."""
    parts = name.split(".")
    if parts[0] == "existing_affiliates":
        return None
    if name in shipped_responses():
        return _told(shipped_responses()[name].grade)
    if parts[:2] == ["import_commitments", "additionality"] and len(parts) == 3:
        return _told(load_schedule().additionality[parts[2]].grade)
    return JUDGED


def _told(grade: str) -> str | None:
    return grade if grade in (JUDGED, WEAK) else None


def rests_on(outcome: Array, inputs: Mapping[str, Mapping[str, Array]]) -> Rests | None:
    """Shares of the variance of an outcome by year that inputs explain; None where there are too few draws.

    Args:
        outcome: `(n_years, n_draws)`.
        inputs: draws `(n_draws,)` by grade, `JUDGED` and `WEAK`, and by name.
    """
    sound = np.isfinite(outcome).all(axis=0)
    outcome = outcome[:, sound]
    varied = {
        grade: [drawn[sound] for drawn in inputs.get(grade, {}).values() if np.ptp(drawn[sound])]
        for grade in (JUDGED, WEAK)
    }
    centred = outcome - outcome.mean(axis=1, keepdims=True)
    own, both = _terms(varied[JUDGED], centred), _terms([*varied[JUDGED], *varied[WEAK]], centred)
    if both.shape[1] * _DRAWS_PER_TERM > outcome.shape[1]:
        return None
    judged = explained(centred, own)
    return Rests(judged, np.maximum(explained(centred, both) - judged, 0.0))


def _terms(inputs: Sequence[Array], outcome: Array) -> Array:
    """Standardised inputs, their squares, and products of those that explain most: `(n_draws, n_terms)`."""
    if not inputs:
        return np.empty((outcome.shape[1], 0))
    drawn = np.stack(inputs, axis=1)
    standard = (drawn - drawn.mean(axis=0)) / drawn.std(axis=0)
    squares = standard**2
    curved = squares.std(axis=0) > 1e-9  # of two values the square says nothing more
    telling = np.argsort(-np.abs(outcome[-1] @ standard), kind="stable")[:_N_PRODUCTS]
    products = [standard[:, i] * standard[:, j] for at, i in enumerate(telling) for j in telling[at + 1 :]]
    return np.column_stack([standard, squares[:, curved], *products])


def explained(outcome: Array, terms: Array) -> Array:
    """Share of the variance of centred outcomes `(n_years, n_draws)` that terms explain, corrected for their number.

    Zero on average for terms without effect, and where nothing varies. Source: Ezekiel (1930), Methods of Correlation
    Analysis, adjusted coefficient of determination.

    Args:
        terms: `(n_draws, n_terms)`.
    """
    n_draws, n_terms = terms.shape
    if not n_terms:
        return np.zeros(len(outcome))
    around = terms - terms.mean(axis=0)
    moments = around.T @ outcome.T
    # by eigenvalues: of terms that nearly say the same, the SVD of least squares may not converge
    slopes = np.linalg.pinv(around.T @ around, rcond=1e-9, hermitian=True) @ moments
    told = (moments * slopes).sum(axis=0)
    whole = (outcome**2).sum(axis=1)
    left = np.divide(whole - told, whole, out=np.ones_like(whole), where=whole > 0)
    return np.asarray(np.clip(1.0 - left * (n_draws - 1) / (n_draws - n_terms - 1), 0.0, 1.0))


def _deciding_rate(plan: RunPlan, streams: Sequence[Streams], effect: Array, output: Array) -> DecidingRate | None:
    """The rate whose draws go most with the effect, and where it turns that."""
    rates = _rates(plan, streams)
    if not rates or not output.any():
        return None
    whole = effect.sum(axis=0)
    name = max(rates, key=lambda name: _together(rates[name].values, whole))
    rate = rates[name]
    duties = rate.duty, rate.duty_since, rate.other_duties
    beyond, replaced = np.zeros_like(output), {}
    means = partial(_means, plan, row_picks([plan], streams))
    if len(rates) > 1:
        blocks = [replacing(plan, one, lambda group: _address(group) == name) for one in streams[:N_TURNS]]
        output, taken, beyond = np.concatenate(blocks, axis=-1)
        replaced = dict(zip(plan.years, means(taken), strict=True))
    n_draws = output.shape[-1]
    turns = _turns(plan.years, effect[:, :n_draws] + rate.values[:n_draws] * output - beyond, output, means)
    low, median, high = quantiles(rate.values + rate.added, (LEVELS[0], 0.5, LEVELS[1])).tolist()
    added = float(rate.added.mean())
    turning = {year: (turn + added, error) for year, (turn, error) in turns}
    alone, interval = len(rates) == 1, (low, median, high)
    return DecidingRate(rate.path, rate.sector, rate.grade, interval, turning, alone, replaced, *duties, added)


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
