"""Methods a backtest sets against the model that ships; all learn from 1995Q1 on.

Two forecast both flows together: a resampling of their joint growth, and a Bayesian vector autoregression with the
Minnesota prior, of the package `bvar`. The standard methods of `statsforecast`, with four quarters to a season, see one
series at a time, so that a balance can be had from each in three ways:

| treatment | exports and imports | balance |
|---|---|---|
| `logs`   | logarithms | difference of the two, drawn independently |
| `levels` | as they are | difference of the two, drawn independently |
| `own`    | none | a series of its own |

Sums of four quarters need the path between quarters, which these methods do not give; each is fitted anew to the past
sums of four quarters that end at the origin. The combination has for quantiles the means of those of the four standard
methods (Lichtendahl et al. 2013, Management Science 59(7): 1594-1611), treatment by treatment.

Both packages are in the extra `backtest`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.errors import FitError, RunError
from forecast.observations.series import QuarterlyTrade
from forecast.quarters import format_quarter, parse_quarter
from forecast.stats.streams import generator
from forecast.track.scores import LEVELS, target_quantiles

METHODS: Mapping[str, str] = {
    "seasonal_naive": "SeasonalNaive",
    "auto_arima": "AutoARIMA",
    "auto_ets": "AutoETS",
    "theta": "Theta",
}
"""Standard methods and their class in `statsforecast.models`."""

TREATMENTS = ("logs", "levels", "own")
FIRST_QUARTER = parse_quarter("1995Q1")
"""First quarter any reference learns from."""

_GROWTH_QUARTERS, _DRIFT, _BACK = 60, 0.5, -0.25
_GRID = np.array([0.001, 0.005, *LEVELS, 0.995, 0.999])
"""Levels that carry a distribution from a method to a difference of two."""

VAR_DRAWS = 4_000
"""Draws of the vector autoregression at most, each with parameters of its own."""


def demand_references() -> None:
    """Refuse to start without the packages that hold the reference methods.

    Raises:
        RunError: one is not installed; the message says how to install it and how to do without.
    """
    missing = [name for name in ("statsforecast", "bvar") if find_spec(name) is None]
    if missing:
        raise RunError(
            f"got no package {' nor '.join(missing)}, which holds reference methods: "
            "install it with pip install 'forecast[backtest]', or leave them out with --no-references"
        )


def joint_growth(trade: QuarterlyTrade, horizon: int, n_draws: int, seed: int) -> Array:
    """Quantiles `(3, n_targets, 99)` from resampled joint quarterly log growth of both flows, the ten-line reference.

    Growth of the last 15 years, both flows of a quarter together, its seasonal means removed; half the mean drift; a
    moving average of -0.25. No state is carried over the origin.
    """
    history = np.log(_history(trade))[-_GROWTH_QUARTERS - 1 :]
    growth, quarters, season = _seasonal_growth(history, trade.origin)
    rng = generator(seed, f"backtest.{format_quarter(trade.origin)}.joint_growth", 0)
    drawn = rng.integers(0, len(growth), (horizon, n_draws))
    shocks = (growth - season[quarters])[drawn]
    shocks[1:] += _BACK * shocks[:-1].copy()
    steady = season[(trade.origin + 1 + np.arange(horizon)) % 4] - (1 - _DRIFT) * growth.mean(axis=0)
    path = history[-1] + np.cumsum(shocks + steady[:, None], axis=0)
    return target_quantiles(np.exp(np.moveaxis(path, -1, 1)))


def _seasonal_growth(history: Array, origin: int) -> tuple[Array, NDArray[np.int64], Array]:
    """Growth of logs `(n + 1, 2)`, its calendar quarters 0..3, and its mean in each of them, `(4, 2)`."""
    growth = np.diff(history, axis=0)
    quarters = np.arange(origin - len(growth) + 1, origin + 1) % 4
    return growth, quarters, np.array([growth[quarters == quarter].mean(axis=0) for quarter in range(4)])


def bayesian_var(trade: QuarterlyTrade, horizon: int, n_draws: int, seed: int) -> Array:
    """Quantiles `(3, n_targets, 99)` from a vector autoregression of both log flows under the Minnesota prior.

    Four lags; natural conjugate prior with dummy observations for unit roots, its tightness by marginal likelihood
    (Giannone, Lenza and Primiceri 2015, Review of Economics and Statistics 97(2): 436-451). Seasons, the mean growth of
    each calendar quarter over the last 15 years, are taken out before and put back after.

    Raises:
        FitError: the package failed on this history.
    """
    history = np.log(_history(trade))
    season = _seasonal_growth(history[-_GROWTH_QUARTERS - 1 :], trade.origin)[2]
    pattern = np.cumsum(season - season.mean(axis=0), axis=0)
    quarters = np.arange(trade.origin - len(history) + 1, trade.origin + horizon + 1) % 4
    rng = generator(seed, f"backtest.{format_quarter(trade.origin)}.bayesian_var", 0)
    try:
        paths = _var_paths(history - pattern[quarters[: len(history)]], horizon, min(n_draws, VAR_DRAWS), rng)
    except Exception as error:  # the package raises whatever its insides raise
        raise FitError(f"bayesian_var at {format_quarter(trade.origin)}: {type(error).__name__}: {error}") from error
    flows = np.exp(paths + pattern[quarters[len(history) :]])
    return target_quantiles(np.ascontiguousarray(np.moveaxis(flows, 0, -1)))


def _var_paths(history: Array, horizon: int, n_draws: int, rng: np.random.Generator) -> Array:
    """Paths of both logs after a history `(n_quarters, 2)`, `(n_draws, horizon, 2)`."""
    import pandas as pd
    from bvar.BVAR import BVAR
    from bvar.models.conjugate.model import NaturalConjugate

    index = pd.period_range("2000Q1", periods=len(history), freq="Q")  # any quarters: it must see some
    table = pd.DataFrame(history, index=index, columns=["exports", "imports"])
    model: Any = BVAR(4, NaturalConjugate(), stationary=False, random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.optimise_hyperparameters(table)
        model.sample(table, N_draws=n_draws, progressbar=False)
        model.recursive_forecast(horizon, N_draws=n_draws)
    return np.asarray(model.forecast_unconditional[:, -horizon:])


def combination(methods: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Quantiles by treatment, the means of those of several methods; of a treatment that says nothing, nan."""
    return {name: np.mean([method[name] for method in methods], axis=0) for name in TREATMENTS}


def univariate(method: str, trade: QuarterlyTrade, horizon: int, n_draws: int, seed: int) -> dict[str, Array]:
    """Quantiles `(3, n_targets, 99)` of one of `METHODS` by treatment; nan where a treatment says nothing.

    Raises:
        FitError: the method failed on this history.
    """
    quarters = _history(trade)
    years = quarters[len(quarters) % 4 :].reshape(-1, 4, 2).sum(axis=1)
    rng = generator(seed, f"backtest.{format_quarter(trade.origin)}.{method}", 0)
    mixed = rng.permuted(np.tile((np.arange(n_draws) + 0.5) / n_draws, (2, 1)), axis=1)
    try:
        parts = [_by_treatment(_fitted(method, 4), quarters, horizon, mixed)]
        if horizon >= 4:
            parts.append(_by_treatment(_fitted(method, 1), years, horizon // 4, mixed))
    except Exception as error:  # the methods raise whatever their insides raise
        place = f"{method} at {format_quarter(trade.origin)}"
        raise FitError(f"{place}: {type(error).__name__}: {error}") from error
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in TREATMENTS}


def _history(trade: QuarterlyTrade) -> Array:
    """Exports and imports a quarter since `FIRST_QUARTER`, or since the data begin, `(n_quarters, 2)`."""
    return np.column_stack([trade.exports, trade.imports])[max(FIRST_QUARTER - trade.first_quarter, 0) :]


def _by_treatment(
    fitted: Callable[[Array, int], Array], history: Array, horizon: int, mixed: Array
) -> dict[str, Array]:
    levels = [fitted(flow, horizon) for flow in history.T]
    logs = [np.exp(fitted(np.log(flow), horizon)) for flow in history.T]
    missing = np.full((horizon, len(_GRID)), np.nan)
    balances = {
        "logs": [*logs, _difference(logs, mixed)],
        "levels": [*levels, _difference(levels, mixed)],
        "own": [missing, missing, fitted(history[:, 0] - history[:, 1], horizon)],
    }
    return {name: np.array(values)[..., 2:-2] for name, values in balances.items()}


def _difference(flows: Sequence[Array], mixed: Array) -> Array:
    """Quantiles of the difference of two independent flows given at `_GRID`, `(horizon, n_levels)` each."""
    sold, bought = (
        np.array([np.interp(uniforms, _GRID, row) for row in flow]) for flow, uniforms in zip(flows, mixed, strict=True)
    )
    return np.ascontiguousarray(np.quantile(sold - bought, _GRID, axis=-1).T)


def _fitted(method: str, season_length: int) -> Callable[[Array, int], Array]:
    """A function from a past series and a horizon to quantiles at `_GRID`, `(horizon, n_levels)`."""
    from statsforecast import models

    kind: Any = getattr(models, METHODS[method])
    widths = [99.8, 99, *range(98, 0, -2)]

    def quantiles(past: Array, horizon: int) -> Array:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = kind(season_length=season_length).forecast(y=np.array(past), h=horizon, level=widths)
        names = [*(f"lo-{width}" for width in widths), "mean", *(f"hi-{width}" for width in reversed(widths))]
        return np.sort(np.column_stack([np.asarray(table[name]) for name in names]), axis=1)

    return quantiles
