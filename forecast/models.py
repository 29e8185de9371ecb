"""The models PyMC fits: what each sees, its priors and likelihood, and the rows `processes` gets from it.

The equations are those of `processes`, which also says what the rows mean. No model has a latent state a quarter:
shocks are recovered from the data, the moving average by a triangular matrix. Free parameters live on the whole real
line, flows are the first axis, and data that change from fit to fit enter as `pm.Data`, so that compiled code is used
again when only numbers change. The bytes of this file are the model digest of a posterior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor.variable import TensorVariable

from forecast.draws import Array
from forecast.observations import BridgeObservations, ProcurementShare, QuarterlyTrade
from forecast.processes import FLOWS, baseline_shocks, bridge_ratios
from forecast.quarters import format_quarter, year_of

Free: TypeAlias = Mapping[str, Array]
"""Free parameters by name, `(n_rows, ...)`."""

BASELINE_QUARTERS = 48
"""Quarters of growth the baseline learns from: rolling-origin scores are worse with 40 and with 60 or more."""

SUPPLIERS = ("korea", "local", "third_country")

SHARE_NOISE: Mapping[int, float] = {2020: 0.005, 2023: 0.005}
"""Standard deviation of a published share by its year, `OTHER_SHARE_NOISE` of any other year.

Judgement: half a percentage point for KIET's survey, printed to a point or a tenth of one; two points for the share
of another publisher, who may count other firms.
"""

OTHER_SHARE_NOISE = 0.02

READING_NOISE = 0.056
"""Standard deviation of a year's log ratio of the two books around that of `m` of its months, over `1 - m / 12`.

From half-years: the root mean square departure is 0.028 over exports 2021-2025 and imports 2021-2024.
"""

ROUNDING_NOISE = 0.003
"""The same for a whole year whose Korean figure is printed to 0.1 bn USD."""

_SEASONS = np.array([[1, -1, 0, 0], [0, 0, 1, -1], [0.5**0.5, 0.5**0.5, -(0.5**0.5), -(0.5**0.5)]]) / 2**0.5
"""Orthonormal contrasts of the calendar quarters: seasonal effects sum to zero and have one prior."""

_SPILL = np.array([[0.0], [1.0]])


@dataclass(frozen=True, slots=True)
class Task:
    """One model with its data.

    Attributes:
        name: its group in the posterior.
        data: what it sees, in words.
        build: makes the PyMC model.
        rows: turns free parameters into the rows of `processes`, `(n_rows, ...)`.
        states: by name, how the prior draws a free parameter that follows from the others by the model's equation.
    """

    name: str
    data: str
    build: Callable[[], pm.Model]
    rows: Callable[[Free], dict[str, Array]]
    states: Mapping[str, Callable[[Free, np.random.Generator], Array]] = field(default_factory=dict)


def baseline_task(trade: QuarterlyTrade) -> Task:
    """The baseline on the last `BASELINE_QUARTERS` quarters of growth."""
    history = np.log(np.column_stack([trade.exports, trade.imports]))[-BASELINE_QUARTERS - 1 :]
    first = trade.origin - len(history) + 2
    seen = f"quarterly trade {format_quarter(first)}-{format_quarter(trade.origin)}, US Census basis"
    build = partial(baseline_model, history.T, (first + np.arange(len(history) - 1)) % 4)
    return Task("baseline", seen, build, partial(_baseline_rows, history, first))


def baseline_model(history: Array, quarters: NDArray[np.int64]) -> pm.Model:
    """Joint log growth of exports and imports, US Census basis.

    A priori both flows grow by 4 % a year, about as nominal US demand, exports are half as large again as imports in
    equilibrium, and each flow closes the gap at 1 to 5 % a quarter. How much of a shock comes back, and the scale and
    tail of shocks, have priors centred where the rolling-origin score from 2006 to 2025 was best.

    Args:
        history: `(2, n_quarters + 1)` log bn USD a quarter.
        quarters: `(n_quarters,)` calendar quarter 0..3 of `history[:, 1:]`.
    """
    with pm.Model(check_bounds=False) as model:
        growth = pm.Data("growth", np.diff(history))
        gap = pm.Data("gap", history[0, :-1] - history[1, :-1])
        contrasts = pm.Data("contrasts", _SEASONS[:, quarters])
        drift = pm.Normal("drift", 0.01, 0.003, shape=(2, 1))
        season = pm.Normal("season", 0.0, 0.05, shape=(2, 3))
        moving_average = pm.Normal("moving_average", -0.4, 0.08, shape=(2, 1))
        log_adjustment = pm.Normal("log_adjustment", np.log(0.02), 0.5, shape=(2, 1))
        ratio = pm.Normal("ratio", 0.4, 0.15)
        pull = pt.exp(log_adjustment) * np.array([[-1.0], [1.0]])
        seasonal = (season[:, :, None] * contrasts).sum(axis=1)
        moved = growth - drift - seasonal - pull * (gap - ratio)
        _student_shocks(_unmoved(moved, moving_average, len(quarters)), scale=0.05, spread=0.2, freedom=30.0)
    return model


def _baseline_rows(history: Array, first_quarter: int, free: Free) -> dict[str, Array]:
    rows = {
        "drift": free["drift"][..., 0],
        "season": np.swapaxes(free["season"] @ _SEASONS, 1, 2),
        "moving_average": free["moving_average"][..., 0],
        "adjustment": np.exp(free["log_adjustment"])[..., 0],
        "ratio": free["ratio"],
        **_shock_rows(free),
    }
    shocks = baseline_shocks(_draw_last(rows), history, first_quarter)
    return {**rows, "last_shock": shocks[-1].T}


def localization_task(shares: Sequence[ProcurementShare], origin: int) -> Task:
    """Localization seen through the printed shares; one derived from the others would count them twice."""
    printed = [share for share in shares if not share.derived]
    facts = [(share.year, SUPPLIERS.index(share.party), share.share) for share in printed]
    seen = ", ".join(f"{share.party} {share.year} {share.share:.1%}" for share in printed)
    horizon = (origin + 1) / 4 - 2023.5
    return Task("localization", seen, partial(localization_model, facts, horizon), partial(_localization_rows, horizon))


def localization_model(facts: Sequence[tuple[int, int, float]], horizon: float) -> pm.Model:
    """Shares of Korea, local and third-country suppliers in the purchases of US affiliates.

    A straight line on the log-ratio scale, seen through printed shares. After 2023 the level also walks at random, so
    that its value at the origin is less sure than the line; nothing but its prior says how far.

    Args:
        facts: year, position in `SUPPLIERS` and share of each printed number.
        horizon: years from the middle of 2023 to the origin.
    """
    years, suppliers, shares = (np.array(column) for column in zip(*facts, strict=True))
    with pm.Model(check_bounds=False) as model:
        level = pm.Normal("level_2023", np.array([-0.7, -1.5]), np.array([1.0, 0.7]), shape=2)
        slope = pm.Normal("slope", 0.0, np.array([0.1, 0.05]), shape=2)
        pm.Normal("log_innovation", np.log(0.02), 0.7, shape=2)
        pm.Normal("walk", 0.0, horizon**0.5, shape=2)
        odds = pt.exp(level + slope * (years[:, None] - 2023.0))
        picked = (suppliers[:, None] == np.arange(3)).astype(float)
        fitted = (picked[:, 0] + (picked[:, 1:] * odds).sum(axis=1)) / (1.0 + odds.sum(axis=1))
        noise = np.array([SHARE_NOISE.get(year, OTHER_SHARE_NOISE) for year in years.tolist()])
        pm.Normal("share", fitted, noise, observed=shares)
    return model


def _localization_rows(horizon: float, free: Free) -> dict[str, Array]:
    level, slope, innovation = free["level_2023"], free["slope"], np.exp(free["log_innovation"])
    return {
        "level": level + slope * horizon + innovation * free["walk"],
        "slope": slope,
        "innovation": innovation,
        "fitted_2020": _shares(level - 3 * slope),
        "fitted_2023": _shares(level),
    }


def _shares(log_odds: Array) -> Array:
    weights = np.exp(np.column_stack([np.zeros(len(log_odds)), log_odds]))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def bridge_task(observed: BridgeObservations, origin: int) -> Task:
    """The bridge on the last unbroken run of years, and on what is known of the years up to the origin's."""
    run = int(np.argmax(np.diff(observed.years, prepend=0)[::-1] > 1)) + 1
    log_ratios, last = np.log(observed.ratios[-run:]), int(observed.years[-1])
    readings, precision = np.zeros((2, 2, year_of(origin + 1) - last))
    spans = [span for span in observed.later if span.first_month // 12 - last <= readings.shape[1]]
    for span in spans:
        cell = FLOWS.index(span.flow), span.first_month // 12 - last - 1
        unseen = 1 - (span.last_month - span.first_month + 1) / 12
        readings[cell], precision[cell] = np.log(span.ratio), 1 / max(READING_NOISE * unseen, ROUNDING_NOISE)
    seen = f"years {last - run + 1}-{last} in both books, {len(spans)} readings of later years"
    states = {"later": partial(_walked_states, log_ratios[-1], readings.shape[1])}
    return Task("bridge", seen, partial(bridge_model, log_ratios.T, readings, precision), _bridge_rows, states)


def bridge_model(log_ratios: Array, readings: Array, precision: Array) -> pm.Model:
    """Annual log ratio of the Korean to the US book by flow, reverting to a mean.

    Args:
        log_ratios: `(2, n_years)`, contiguous years in which both flows are known in both books.
        readings: `(2, n_later)`, what is known of the log ratio in the years after them, up to that of the first
            quarter after the origin.
        precision: `(2, n_later)`, one over the standard deviation of each reading, 0 where there is none.
    """
    n_years, n_later = log_ratios.shape[1], readings.shape[1]
    known = np.pad(log_ratios, ((0, 0), (0, n_later)))
    place = np.eye(n_years + n_later)[n_years:]
    with pm.Model(check_bounds=False) as model:
        mean = pm.Normal("mean", np.array([[0.0], [0.05]]), 0.1, shape=(2, 1))
        log_odds = pm.Normal("persistence_log_odds", 0.0, 1.0, shape=(2, 1))
        later = pm.Flat("later", shape=(2, n_later))
        before, after = (
            pm.Data(name, known[:, part]) + (later[:, :, None] * place[:, part]).sum(axis=1) - mean
            for name, part in (("before", slice(None, -1)), ("after", slice(1, None)))
        )
        _student_shocks(after - pm.math.sigmoid(log_odds) * before, scale=0.02, spread=0.5, freedom=4.0)
        pm.Potential("readings", -0.5 * (((later - readings) * precision) ** 2).sum())
    return model


def _bridge_rows(free: Free) -> dict[str, Array]:
    return {**_bridge_law(free), "state": free["later"][..., -1]}


def _bridge_law(free: Free) -> dict[str, Array]:
    persistence = 1 / (1 + np.exp(-free["persistence_log_odds"]))
    return {"mean": free["mean"][..., 0], "persistence": persistence[..., 0], **_shock_rows(free)}


def _walked_states(last: Array, n_later: int, free: Free, rng: np.random.Generator) -> Array:
    """Log ratios of the years after `last` when nothing is seen of them, `(n_rows, 2, n_later)`."""
    rows = _draw_last(_bridge_law(free))
    n_rows = len(free["spill"])
    tail = rng.standard_gamma(rows["degrees_of_freedom"] / 2, (n_later, n_rows))
    start = {"state": np.repeat(last[:, None], n_rows, axis=1)}
    ratios = bridge_ratios(rows | start, rng.standard_normal((n_later, 2, n_rows)), tail)
    return np.asarray(np.moveaxis(np.log(ratios[1:]), -1, 0).swapaxes(1, 2))


def _student_shocks(shocks: TensorVariable, scale: float, spread: float, freedom: float) -> None:
    """Likelihood of shocks of two flows, `(2, n)`, as bivariate Student t: `(1 + |z|² / nu)^-(nu / 2 + 1) / scales`.

    The shock of imports is `spill` times that of exports and a rest. The scales of exports and of the rest have prior
    median `scale` and a logarithm with sd `spread`; the degrees of freedom exceed two, where variance begins to be
    finite, by `freedom` (median).
    """
    log_scale = pm.Normal("log_shock_scale", np.log(scale), spread, shape=(2, 1))
    spill = pm.Normal("spill", 0.0, 0.7)
    nu = 2.0 + pt.exp(pm.Normal("log_freedom_above_two", np.log(freedom), 0.6))
    standard = (shocks - spill * _SPILL * shocks[:1]) * pt.exp(-log_scale)
    log_density = -(0.5 * nu + 1.0) * pt.log1p((standard**2).sum(axis=0) / nu) - log_scale.sum()
    pm.Potential("shocks", log_density.sum())


def _shock_rows(free: Free) -> dict[str, Array]:
    scale = np.exp(free["log_shock_scale"])[..., 0]
    factor = np.zeros((len(scale), 2, 2))
    factor[:, 0, 0], factor[:, 1, 1] = scale.T
    factor[:, 1, 0] = free["spill"] * scale[:, 0]
    return {"shock_factor": factor, "degrees_of_freedom": 2 + np.exp(free["log_freedom_above_two"])}


def _unmoved(moved: TensorVariable, moving_average: TensorVariable, n_quarters: int) -> TensorVariable:
    """Shocks e of e[t] + moving_average * e[t-1] = moved[t], `(2, n_quarters)`, with nothing before the first."""
    age = np.subtract.outer(np.arange(n_quarters), np.arange(n_quarters))
    weights = (-moving_average[:, None]) ** np.maximum(age, 0) * (age >= 0)
    return (weights * moved[:, None]).sum(axis=-1)


def _draw_last(rows: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}
