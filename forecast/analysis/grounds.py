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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.analysis.displacement import N_TURNS, DecidingRate, deciding_rate
from forecast.analysis.duties import changed_by_duties
from forecast.dims import EFFECTS, OUTPUT, Array
from forecast.economics.elasticities import shipped_responses
from forecast.economics.sectors import central_priors
from forecast.economics.tariffs import load_schedule
from forecast.economics.uncertain_inputs import REALISED
from forecast.engine.announcements import Announcements, planned_dates
from forecast.engine.block import block_inputs, branches_of, flows_of
from forecast.engine.inputs import Inputs, Stated
from forecast.engine.plan import Plan
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import block_streams
from forecast.errors import PosteriorError, RunError
from forecast.models.posterior import Posterior
from forecast.results.results import Results
from forecast.results.run import plan_of, settings_of
from forecast.stats.distributions import Constant
from forecast.stats.streams import Streams
from forecast.stats.summary import Summary

JUDGED, WEAK = "judgement", "L"
"""Grades of evidence whose share in a spread is told."""

EXPLAINED = ("effect", "trade_balance")
"""Series of which shares are told."""

GROUNDS = ("trade_balance", *EFFECTS, OUTPUT)
"""Series that the grounds of an answer are worked out from."""

N_SHARES = 3
"""Blocks from which shares of a variance are worked out."""

_N_PRODUCTS = 6
"""Inputs whose products enter a regression, those that explain most by themselves."""

_DRAWS_PER_TERM = 10
"""Draws for each term of a regression at least."""


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
    rate = deciding_rate(plan, streams[:N_SHARES], outcomes["effect"], outcomes[OUTPUT])
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
