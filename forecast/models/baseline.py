"""Trade without new investment: joint growth of exports and imports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.tensor.variable import TensorVariable

from forecast.dims import Array
from forecast.economics.processes import baseline_shocks
from forecast.models.evidence import BASELINE_QUARTERS
from forecast.models.task import Free, Task, draw_last, free_tail, given, shock_rows, student_shocks
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


LAGS = 40
"""Quarters over which a shock is followed back."""


MOVING_AVERAGE = np.array([[0.0], [-0.5]])
"""Prior means of what a quarter brings again of the last one's shock: of what both flows share, of what parts them.

Exports and imports move together the more the longer one looks: without seasonal means, Korea's growth is correlated by
0.26 over a quarter and by 0.57 over eight (1985-2026). So moves of both stay, and those of one are half made up for.
"""


_TURN = np.array([[1.0, 1.0], [1.0, -1.0]]) / 2**0.5
"""From exports and imports to what they share and what parts them, and back: it is its own inverse."""


_NORMAL_MEDIAN = 0.6745
"""Median absolute value of a standard normal."""


_SEASONS = np.array([[1, -1, 0, 0], [0, 0, 1, -1], [0.5**0.5, 0.5**0.5, -(0.5**0.5), -(0.5**0.5)]]) / 2**0.5
"""Orthonormal contrasts of the calendar quarters: seasonal effects sum to zero and have one prior."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What the baseline sees.

    Attributes:
        first: index of the first quarter of growth.
        history: `(n_quarters + 1, 2)` log bn USD a quarter.
        forcing: `(n_quarters, 3)` growth of the drivers less its mean; zeros where none is observed.
    """

    first: int
    history: Array
    forcing: Array

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
        return np.asarray(SHOCK_SHARE * np.median(np.abs(growth - means[self.quarters]), axis=0) / _NORMAL_MEDIAN)


def window(trade: QuarterlyTrade, drivers: QuarterlyDrivers | None = None) -> Window:
    """The last `BASELINE_QUARTERS` quarters of growth."""
    history = np.log(np.column_stack([trade.exports, trade.imports]))[-BASELINE_QUARTERS - 1 :]
    n_quarters = len(history) - 1
    forcing = np.zeros((n_quarters, len(DRIVERS))) if drivers is None else drivers.surprises(n_quarters)
    return Window(trade.origin - n_quarters + 1, history, forcing)


def baseline_task(
    trade: QuarterlyTrade, drivers: QuarterlyDrivers | None = None, centre: QuarterlyTrade | None = None
) -> Task:
    """The baseline on the last `BASELINE_QUARTERS` quarters of growth.

    Args:
        trade: what is learned from.
        drivers: up to the same quarter; without them there are no responses to learn.
        centre: trade that the priors are centred on, by default the same; another one where data are made anew.
    """
    seen, usual = window(trade, drivers), window(trade if centre is None else centre)
    words = f"quarterly trade {format_quarter(seen.first)}-{format_quarter(trade.origin)}, US Census basis"
    return Task("baseline", words, partial(baseline_model, seen, usual), partial(_baseline_rows, seen, usual))


def baseline_model(seen: Window, usual: Window) -> pm.Model:
    """Joint log growth of exports and imports, US Census basis.

    A priori both flows grow by 4 % a year, about as nominal US demand; exports over imports revert to their mean over
    the window at 1 to 5 % of the gap a quarter; scales of shocks are centred on the spread of growth in the window.
    How much of a shock comes back, and the tail of shocks, have priors centred where the rolling-origin score from
    2006 to 2025 was best. Nothing else in the priors is Korean but the responses, see `RESPONSE`.

    Args:
        seen: what is learned from.
        usual: what the priors are centred on.
    """
    history = seen.history.T
    n_quarters = len(seen.quarters)
    with pm.Model(check_bounds=False) as model:
        grown, gaps = given("growth", np.diff(history)), given("gap", (history[0] - history[1])[:-1])
        contrasts, forced = given("contrasts", _SEASONS[:, seen.quarters]), given("forcing", seen.forcing.T)
        centre, scale = given("usual_ratio", usual.usual_ratio), given("scale", usual.usual_scale)[:, None]
        drift = pm.Normal("drift", 0.01, 0.005, shape=(2, 1))
        season = pm.Normal("season", 0.0, 0.05, shape=(2, 3))
        moving_average = pm.Normal("moving_average", MOVING_AVERAGE, 0.1, shape=(2, 1))
        log_adjustment = pm.Normal("log_adjustment", np.log(0.02), 0.5, shape=(2, 1))
        ratio = pm.Normal("ratio_from_mean", 0.0, 0.15) + centre
        response = pm.Normal("response", RESPONSE, RESPONSE_SPREAD, shape=RESPONSE.shape)
        pull = pt.exp(log_adjustment) * np.array([[-1.0], [1.0]])
        seasonal = (season[:, :, None] * contrasts).sum(axis=1)
        moved = grown - drift - seasonal - pull * (gaps - ratio)
        shocks = pt.dot(_TURN, _unmoved(pt.dot(_TURN, moved), moving_average, n_quarters))
        student_shocks(shocks - (response[:, :, None] * forced).sum(axis=1), scale, 0.3, free_tail(30.0))
    return model


def _unmoved(moved: TensorVariable, moving_average: TensorVariable, n_quarters: int) -> TensorVariable:
    """Shocks e of `e[t] + moving_average * e[t-1] = moved[t]`, `(2, n_quarters)`, with nothing before the first.

    The lags beyond `LAGS` weigh less than a millionth of a millionth where half a shock comes back.
    """
    n_lags = min(LAGS, n_quarters)
    shifts = np.stack([np.eye(n_quarters, k=-lag) for lag in range(n_lags)]).reshape(n_lags, -1)
    powers = (-moving_average) ** np.arange(n_lags)
    weights = pt.dot(powers, shifts).reshape((2, n_quarters, n_quarters))
    return (weights * moved[:, None]).sum(axis=-1)


def _baseline_rows(seen: Window, usual: Window, free: Free) -> dict[str, Array]:
    rows = {
        "drift": free["drift"][..., 0],
        "season": np.swapaxes(free["season"] @ _SEASONS, 1, 2),
        "moving_average": free["moving_average"][..., 0],
        "adjustment": np.exp(free["log_adjustment"])[..., 0],
        "ratio": free["ratio_from_mean"] + usual.usual_ratio,
        "response": free["response"],
        **shock_rows(free, usual.usual_scale),
    }
    shocks = baseline_shocks(draw_last(rows), seen.history, seen.first)
    return {**rows, "last_shock": shocks[-1].T}
