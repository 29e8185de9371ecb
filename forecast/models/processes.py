"""Models of trade without new investment, with the equations of `economics.processes`.

- The baseline: joint growth of exports and imports.
- The carry-over: what the last month of a quarter says of the next one.
- The drivers: joint growth of US output, the won and oil, with one moving-average term and heavy tails.
- The nowcast: how the first months of the running quarter foretell the whole.
- The bridge between the two books: Korean customs over US Census figures, year by year.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.economics.processes import baseline_shocks, bridge_ratios
from forecast.models.carry_over import CarryOverEvidence
from forecast.models.evidence import (
    BASELINE_MEMORY,
    DRIVER_QUARTERS,
    SHARED,
    BridgeEvidence,
    Memory,
    bridge_evidence,
    later_spans,
    like_quarters,
    robust_spread,
)
from forecast.models.task import (
    Free,
    Task,
    draw_last,
    free_tail,
    model_data,
    normal_shocks,
    shock_factor,
    shock_rows,
    student_shocks,
)
from forecast.observations.annual import BridgeObservations
from forecast.observations.series import DRIVERS, QuarterlyDrivers, QuarterlyTrade
from forecast.quarters import format_quarter

RESPONSE = np.array([[1.0, 0.0, 0.05], [0.5, -0.2, 0.1]])
"""Prior means of the responses of exports and imports, log points a point of US output, won per dollar, oil.

KIET puts exports of intermediates and capital goods at 1.1 to 1.3 % a per cent of US output, of parts for electronics
at 0.6 (`data/observations/parameters.csv`); Korean studies find little response of exports to the won. The rest is
judgement, as are the spreads.
"""

RESPONSE_SPREAD = np.array([[0.7, 0.3, 0.1], [0.7, 0.3, 0.15]])
SHOCK_SHARE = 0.8
"""Prior median of the scale of shocks over the spread of growth: drivers and what comes back explain the rest."""

BASELINE_LAGS = 40
"""Quarters over which a shock is followed back."""

MOVING_AVERAGE = np.array([[0.0], [-0.5]])
"""Prior means of what a quarter brings again of the last one's shock: of what both flows share, of what parts them.

Exports and imports move together the more the longer one looks: without seasonal means, Korea's growth is correlated by
0.26 over a quarter and by 0.57 over eight (1985-2026). So moves of both stay, and those of one are half made up for.
"""

_SEASONS = np.array([[1, -1, 0, 0], [0, 0, 1, -1], [0.5**0.5, 0.5**0.5, -(0.5**0.5), -(0.5**0.5)]]) / 2**0.5
"""Orthonormal contrasts of the calendar quarters: seasonal effects sum to zero and have one prior."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Data of the baseline.

    Attributes:
        first: index of the first quarter of growth.
        history: `(n_quarters + 1, 2)` log bn USD a quarter.
        forcing: `(n_quarters, 3)` growth of the drivers less its mean; zeros where none is observed.
        weights: `(n_quarters,)` of the quarters.
    """

    first: int
    history: Array
    forcing: Array
    weights: Array

    @property
    def quarters(self) -> NDArray[np.int64]:
        """Calendar quarter 0..3 of every quarter of growth, `(n_quarters,)`."""
        return (self.first + np.arange(len(self.history) - 1)) % 4

    @property
    def usual_ratio(self) -> float:
        """Mean log of exports over imports."""
        return float((self.history[:, 0] - self.history[:, 1]).mean())

    @property
    def usual_scale(self) -> Array:
        """`SHOCK_SHARE` of the robust spread of growth without seasonal means, `(2,)`, log points."""
        growth = np.diff(self.history, axis=0)
        means = np.stack([growth[self.quarters == quarter].mean(axis=0) for quarter in range(4)])
        return SHOCK_SHARE * robust_spread((growth - means[self.quarters]).T)


def window(trade: QuarterlyTrade, drivers: QuarterlyDrivers | None = None, memory: Memory = BASELINE_MEMORY) -> Window:
    """The quarters of growth a memory holds, or as many as there are."""
    history = np.log(np.column_stack([trade.exports, trade.imports]))[-memory.quarters - 1 :]
    n_quarters = len(history) - 1
    forcing = np.zeros((n_quarters, len(DRIVERS)))
    if drivers is not None:
        n_driven = min(n_quarters, len(drivers.growth))
        forcing[n_quarters - n_driven :] = drivers.surprises(n_driven)
    return Window(trade.origin - n_quarters + 1, history, forcing, memory.weights(n_quarters))


def baseline_task(
    trade: QuarterlyTrade,
    drivers: QuarterlyDrivers | None = None,
    centre: QuarterlyTrade | None = None,
    memory: Memory = BASELINE_MEMORY,
) -> Task:
    """The baseline on the quarters of growth a memory holds.

    Args:
        trade: what is learned from.
        drivers: up to the same quarter; without them there are no responses to learn.
        centre: trade that the priors are centred on, by default the same; another one where data are made anew.
        memory: how far back it looks, and how fast the past fades.
    """
    data = window(trade, drivers, memory)
    usual = data if centre is None else window(centre, memory=memory)
    words = f"quarterly trade {format_quarter(data.first)}-{format_quarter(trade.origin)}, US Census basis"
    return Task("baseline", words, partial(baseline_model, data, usual), partial(_baseline_rows, data, usual))


def baseline_model(data: Window, usual: Window) -> pm.Model:
    """Joint log growth of exports and imports, US Census basis.

    The past fades: the density of a quarter's shocks counts as often as the quarter weighs (discounting, as in West and
    Harrison 1997, Bayesian Forecasting and Dynamic Models, chapter 6), so that thirty years are heard and the last ones
    most, and a posterior knows no more than some two dozen quarters can tell.

    Both flows have one drift, as a second one would only move the ratio that they rest at. A priori they grow by 4 % a
    year, about as nominal US demand; exports over imports revert to their mean over the thirty years at 1 to 5 % of the
    gap a quarter; scales of shocks are centred on the spread of growth over them.
    How long the past is heard was chosen on Korean origins up to 2015 and on six other countries' trade; how much of a
    shock comes back, and the tail of shocks, have priors centred where the rolling-origin score of Korea from 2006 to
    2025 was best. Nothing else in the priors is Korean but the responses, see `RESPONSE`.

    Args:
        data: what is learned from.
        usual: quarters that the priors are centred on.
    """
    history = data.history.T
    growth, gaps = np.diff(history), (history[0] - history[1])[:-1]
    with pm.Model(check_bounds=False) as model:
        turned = model_data("growth", _lagged(SHARED @ growth))
        known = model_data("known", _lagged(np.stack([np.ones_like(gaps), gaps, *_SEASONS[:, data.quarters]])))
        forced, weights = model_data("forcing", data.forcing.T), model_data("weights", data.weights)
        centre, scale = model_data("usual_ratio", usual.usual_ratio), model_data("scale", usual.usual_scale)[:, None]
        drift = pm.Normal("drift", 0.01, 0.0035)
        season = pm.Normal("season", 0.0, 0.05, shape=(2, 3))
        moving_average = pm.Normal("moving_average", MOVING_AVERAGE, 0.1, shape=(2, 1))
        log_adjustment = pm.Normal("log_adjustment", np.log(0.02), 0.5, shape=(2, 1))
        ratio = pm.Normal("ratio_from_mean", 0.0, 0.15) + centre
        response = pm.Normal("response", RESPONSE, RESPONSE_SPREAD, shape=RESPONSE.shape)
        pull = pt.exp(log_adjustment) * np.array([[-1.0], [1.0]])
        expected = pt.dot(SHARED, pt.concatenate([drift - pull * ratio, pull, season], axis=1))
        powers = (-moving_average) ** np.arange(BASELINE_LAGS)
        unmoved = (powers[:, :, None] * turned).sum(axis=1)
        steady = pt.tensordot(powers, known, axes=[[1], [1]])
        shocks = pt.dot(SHARED, unmoved - (expected[:, :, None] * steady).sum(axis=1))
        driven = (response[:, :, None] * forced).sum(axis=1)
        student_shocks(shocks - driven, scale, 0.3, free_tail(30.0), weights=weights)
    return model


def _lagged(series: Array) -> Array:
    """Series `(k, n)` and their past, `(k, BASELINE_LAGS, n)`, with zeros before the first.

    Shocks e of `e[t] + back * e[t-1] = moved[t]`, with none before the first, are a sum over the past of `moved` with
    the powers of `-back` for weights; `moved` is linear in what is lagged here, so that a fit need not lag it again.
    Lags beyond `BASELINE_LAGS` weigh less than a millionth of a millionth where half a shock comes back.
    """
    ages = np.arange(series.shape[1]) - np.arange(BASELINE_LAGS)[:, None]
    return np.where(ages >= 0, series[:, ages], 0.0)


def _baseline_rows(data: Window, usual: Window, free: Free) -> dict[str, Array]:
    rows = {
        "drift": free["drift"],
        "season": np.swapaxes(free["season"] @ _SEASONS, 1, 2),
        "moving_average": free["moving_average"][..., 0],
        "adjustment": np.exp(free["log_adjustment"])[..., 0],
        "ratio": free["ratio_from_mean"] + usual.usual_ratio,
        "response": free["response"],
        **shock_rows(free, usual.usual_scale),
    }
    shocks = baseline_shocks(draw_last(rows), data.history, data.first)
    return {**rows, "last_shock": shocks[-1].T}


CARRIED = np.array([[1.0], [0.0]])
"""Prior means of what the next quarter brings of the last month above its quarter: of what both flows share, and of
what parts them.

One is what a level that walks at random by the month has (Working 1960, see `drivers_model`). What parts the flows in a
month is taken to be chance, such as the day on which a ship is cleared: judgement, as are the spreads. The record to
2026Q2 says 0.4 of it, which the prior halves; a wider one scored worse on early Korean origins (`docs/track-record`).
"""


def carry_over_task(data: CarryOverEvidence) -> Task:
    """The carry-over on quarters of growth."""
    words = f"{data.growth.shape[1]} quarters and the last month before each"
    return Task("carry_over", words, partial(carry_over_model, data), partial(_carry_over_rows, data))


def carry_over_model(data: CarryOverEvidence) -> pm.Model:
    """Growth of a quarter from that of the quarter before, and from how its last month stood above its mean.

    A prior of what comes again of growth that is what the moving average of the baseline makes of it.
    """
    with pm.Model(check_bounds=False) as model:
        growth, before, rise = (
            model_data(name, values)
            for name, values in (("growth", data.growth), ("before", data.before), ("rise", data.rise))
        )
        weights = model_data("weights", data.weights)
        back = pm.Normal("back", MOVING_AVERAGE / (1 + MOVING_AVERAGE**2), 0.15, shape=(2, 1))
        carried = pm.Normal("carried", CARRIED, 0.2, shape=(2, 1))
        scale = model_data("scale", SHOCK_SHARE * data.scale)[:, None]
        student_shocks(growth - back * before - carried * rise, scale, 0.3, free_tail(30.0), weights=weights)
    return model


def _carry_over_rows(data: CarryOverEvidence, free: Free) -> dict[str, Array]:
    """Rows; what the month does not tell is left open: the scale of the rest over that without the month.

    The shift is that of the whole rise, as the baseline's moving average is about what `back` is beside the month.
    """
    carried = free["carried"][..., 0]
    shocks = shock_rows(free, SHOCK_SHARE * data.scale)
    rest = (shocks["shock_factor"] ** 2).sum(axis=-1)
    return {
        "back": free["back"][..., 0],
        "carried": carried,
        **shocks,
        "kept": np.sqrt(rest / (rest + (carried * data.own_rise) ** 2)),
        "shift": carried * data.last_rise @ SHARED,
    }


DRIVER_SCALE = np.array([[0.005], [0.035], [0.12]])
"""Prior medians of the scales of shocks of US output, the won and oil, log points a quarter; wide, judgement."""

DRIVER_FREEDOM = 4.0
"""Degrees of freedom of the shocks; left free, they came out at 3.5 with an error of 0.5."""

DRIVER_LAGS = 24
"""Quarters over which a shock is followed back: beyond, it weighs less than a millionth."""


def drivers_task(drivers: QuarterlyDrivers) -> Task:
    """The drivers on their last `DRIVER_QUARTERS` quarters of growth."""
    growth = drivers.growth[-DRIVER_QUARTERS:]
    first = drivers.origin - len(growth) + 1
    description = f"US output, won and oil {format_quarter(first)}-{format_quarter(drivers.origin)}"
    return Task("drivers", description, partial(drivers_model, growth.T), partial(_driver_rows, growth, drivers.edge))


def drivers_model(growth: Array) -> pm.Model:
    """Joint log growth of the drivers, `(3, n_quarters)`.

    A mean over a quarter of a price that walks at random by the day has growth that a moving average of 0.27 describes
    (Working 1960, Econometrica 28(4): 916-918); output grows with some momentum. US output grows by 2.5 % a year a
    priori, the won and oil keep their level but for inflation (judgement).
    """
    n_quarters = growth.shape[1]
    ages = np.arange(n_quarters) - np.arange(DRIVER_LAGS)[:, None]
    with pm.Model(check_bounds=False) as model:
        lagged = model_data("lagged", np.where(ages >= 0, growth[:, ages], 0.0))
        drift = pm.Normal("drift", np.array([[0.006], [0.0], [0.003]]), np.array([[0.001], [0.002], [0.004]]))
        moving_average = pm.Normal("moving_average", 0.27, 0.1, shape=(3, 1))
        weights = ((-moving_average) ** np.arange(DRIVER_LAGS))[:, :, None]
        shocks = (weights * (lagged - drift[:, :, None] * (ages >= 0))).sum(axis=1)
        student_shocks(shocks, DRIVER_SCALE, 0.5, DRIVER_FREEDOM, k=3)
    return model


def _driver_rows(growth: Array, edge: Array, free: Free) -> dict[str, Array]:
    """Rows; what is carried into the first quarter is the edge where it is known, else the last shock's part."""
    drift, moving_average = free["drift"][..., 0], free["moving_average"][..., 0]
    shock = np.zeros_like(drift)
    for quarter in growth:
        shock = quarter - drift - moving_average * shock
    carried = np.where(edge == 0.0, moving_average * shock, edge)
    return {
        "drift": drift,
        "moving_average": moving_average,
        "carried": carried,
        **shock_rows(free, DRIVER_SCALE[:, 0], DRIVER_FREEDOM),
    }


NOWCAST_SCALE = 0.03
"""Prior median of the scales of the errors of both flows, log points."""


def nowcast_task(completions: Array, n_months: int) -> Task:
    """The running quarter on `completions`, see `vintage.Vintage`, of which the last may be four quarters old."""
    same = completions[like_quarters(len(completions))]
    description = f"{len(same)} like quarters after {n_months} of three months"
    return Task("running", description, partial(nowcast_model, same.T, n_months), _nowcast_rows)


def nowcast_model(completions: Array, n_months: int) -> pm.Model:
    """Log of a quarter over its first months, `(2, n_years)`, bivariate normal around a level of the calendar quarter.

    Months are alike a priori; priors of the spread are wide (judgement).
    """
    with pm.Model(check_bounds=False) as model:
        data = model_data("completions", completions)
        level = pm.Normal("level", np.log(3 / n_months), 0.05, shape=(2, 1))
        normal_shocks(data - level, NOWCAST_SCALE, 0.7)
    return model


def _nowcast_rows(free: Free) -> dict[str, Array]:
    return {"level": free["level"][..., 0], "noise_factor": shock_factor(free, np.full(2, NOWCAST_SCALE))}


BRIDGE_DRIFT = 0.003
"""Prior standard deviation of the drift of a mean, log points a year.

Judgement, from years the fit leaves out: between the mean of 1993, 1996 and 2006 and that of 2011-2024 the log ratio
moved by less than 0.001 a year in exports and by -0.005 in imports. The margin between f.o.b. and c.i.f. is a few
per cent and cannot widen for long.
"""

BRIDGE_SCALE = np.full((2, 1), 0.02)
"""Prior median of the scale of a year's shocks of both flows, log points."""


def bridge_task(observed: BridgeObservations, origin: int) -> Task:
    """The bridge on the last unbroken run of years, and on what is known of the years up to the origin's."""
    evidence, spans = bridge_evidence(observed, origin), later_spans(observed, origin)
    first, last = evidence.years[[0, -1]]
    description = f"years {first}-{last} in both books, {len(spans)} readings of later years"
    ahead = (len(evidence.years) - 1) / 2 + len(evidence.later)
    states = {"later": partial(_walked_states, evidence, ahead)}
    return Task("bridge", description, partial(bridge_model, evidence), partial(_bridge_rows, ahead), states)


def bridge_model(evidence: BridgeEvidence) -> pm.Model:
    """Annual log ratio of the Korean to the US book by flow, reverting to a mean that may drift.

    The free mean is that of the middle of the whole years.
    """
    n_years, n_later = evidence.log_ratios.shape[1], len(evidence.later)
    known = np.pad(evidence.log_ratios, ((0, 0), (0, n_later)))
    place = np.eye(n_years + n_later)[n_years:]
    age = np.arange(n_years + n_later) - (n_years - 1) / 2
    with pm.Model(check_bounds=False) as model:
        mean = pm.Normal("mean", np.array([[0.0], [0.05]]), 0.1, shape=(2, 1))
        drift = pm.Normal("drift", 0.0, BRIDGE_DRIFT, shape=(2, 1))
        log_odds = pm.Normal("persistence_log_odds", 0.0, 1.0, shape=(2, 1))
        later = pm.Flat("later", shape=(2, n_later), initval=np.zeros((2, n_later)))
        before, after = (
            model_data(name, known[:, part])
            + (later[:, :, None] * place[:, part]).sum(axis=1)
            - (mean + drift * age[part])
            for name, part in (("before", slice(None, -1)), ("after", slice(1, None)))
        )
        student_shocks(after - pm.math.sigmoid(log_odds) * before, BRIDGE_SCALE, 0.5, free_tail(4.0))
        readings, precision = model_data("readings", evidence.readings), model_data("precision", evidence.precision)
        pm.Potential("seen", -0.5 * (((later - readings) * precision) ** 2).sum())
    return model


def _bridge_rows(ahead: float, free: Free) -> dict[str, Array]:
    return {**_bridge_distribution(ahead, free), "state": free["later"][..., -1]}


def _bridge_distribution(ahead: float, free: Free) -> dict[str, Array]:
    """Rows but for the state; their mean is `ahead` years after that of the free parameters."""
    persistence = 1 / (1 + np.exp(-free["persistence_log_odds"]))
    drift = free["drift"][..., 0]
    mean = free["mean"][..., 0] + ahead * drift
    return {"mean": mean, "drift": drift, "persistence": persistence[..., 0], **shock_rows(free, BRIDGE_SCALE[:, 0])}


def _walked_states(evidence: BridgeEvidence, ahead: float, free: Free, rng: np.random.Generator) -> Array:
    """Log ratios of the years after the whole ones when nothing is seen of them, `(n_rows, 2, n_later)`."""
    n_rows, n_later = len(free["spill"]), len(evidence.later)
    rows = draw_last(_bridge_distribution(ahead - n_later, free))
    tail = rng.standard_gamma(rows["degrees_of_freedom"] / 2, (n_later, n_rows))
    start = {"state": np.repeat(evidence.log_ratios[:, -1:], n_rows, axis=1)}
    ratios = bridge_ratios(rows | start, rng.standard_normal((n_later, 2, n_rows)), tail)
    return np.asarray(np.moveaxis(np.log(ratios[1:]), -1, 0).swapaxes(1, 2))
