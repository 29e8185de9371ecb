"""What US imports of 2018-19 and of 2025 say of the elasticity of Korea's exports, by product group.

US imports of each manufacturing industry from Korea stand beside those from its rivals, all other countries, so that
US demand for the goods is left out. The logarithm of the ratio of the two, over that of the same quarter a year before,
is what Korea's duty over that of its rivals explains, beside what moved all industries in that quarter:

    change of log (Korea / rivals) = quarter + change of price - elasticity * change of answered duty + noise

Price and answered duty are those of `economics.tariffs`, Korea's less its rivals': log price before duty, and what
buyers pay more, answered at the pace of a year. So the slope is the long-run elasticity that a scenario uses. Quarters
are those in which duties of products parted: 2018 and 2019, when rivals paid and Korea hardly did, and 2025, when both
paid, on some products much and on some nothing. Primary metals are left out of 2018 and 2019, when a quota held Korea's
steel.

Errors are those of years without new duties: each industry has the variance of its own change then, and all have the
autocorrelation of such changes, so that a slope is no surer than what industries did without any duty allows.

Out of scope: distributions of a run, those are `economics.elasticities`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.economics import tariffs
from forecast.observations.products import IndustryTrade
from forecast.stats.distributions import Distribution

LAGS = 4
"""Quarters of a year, over which changes overlap."""

DUTY_YEARS = (2018, 2019, 2025)
QUIET_YEARS = (2014, 2015, 2016, 2017, 2022, 2023, 2024)
"""Years without new duties and without the pandemic."""

_QUOTA, _QUOTA_YEARS = "331", (2018, 2019)
_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Quantiles of pass-through and pace under each pair of which slopes are found, all as likely."""


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Slopes found and how sure they are.

    Attributes:
        values: `(n,)` per cent of quantity per per cent of price.
        covariance: `(n, n)` of their errors.
    """

    values: Array
    covariance: Array

    @property
    def errors(self) -> Array:
        """Standard errors, `(n,)`."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Changes over the same quarter a year before, `(n_quarters, n_industries)`, from the second year of the data on.

    Attributes:
        years: calendar year of each quarter.
        codes: industries.
        ratio: of log imports from Korea over those from its rivals, the change of price by the duty taken off.
        own, rivals: of the answered duty on Korea and on its rivals.
    """

    years: NDArray[np.intp]
    codes: tuple[str, ...]
    ratio: Array
    own: Array
    rivals: Array


def slopes(
    trade: IndustryTrade, regressors: Callable[[Panel], Array], pass_through: Distribution, adjustment: Distribution
) -> Slopes:
    """Slopes on regressors of a panel, by least squares with an effect of each quarter and each industry's precision.

    Args:
        regressors: of a panel, `(n_quarters, n_industries, n)`.
        pass_through, adjustment: the shipped responses. Slopes are means over pairs of their quantiles, and what these
            make of the slopes is part of the errors.
    """
    found = []
    for passed, pace in product(_LEVELS, _LEVELS):
        panel = panel_of(trade, float(pass_through.ppf(passed)), float(adjustment.ppf(pace)))
        found.append(_least_squares(panel, regressors(panel)))
    values = np.array([one.values for one in found])
    within = np.mean([one.covariance for one in found], axis=0)
    return Slopes(values.mean(axis=0), within + np.cov(values.T, bias=True))


def of_groups(groups: Iterable[tuple[str, ...]]) -> Callable[[Panel], Array]:
    """Regressors whose slopes are the elasticities to Korea's duty over that of its rivals, by group of industries.

    Industries that no group names have no slope but take part in what moves all.
    """
    members = tuple(groups)

    def regressors(panel: Panel) -> Array:
        relative = panel.rivals - panel.own
        return np.stack([relative * np.isin(panel.codes, codes) for codes in members], axis=-1)

    return regressors


def panel_of(trade: IndustryTrade, pass_through: float, adjustment: float) -> Panel:
    """Changes over a year in all quarters; of a last quarter that is not whole, over the same months.

    Args:
        pass_through: share of the duty that buyers pay.
        adjustment: share of the long-run response reached after a year.
    """
    ratio = _changes(trade.korea) - _changes(trade.rivals)
    own_price, own = _answered(trade.korea_duties, trade.korea, pass_through, adjustment)
    price, rivals = _answered(trade.rivals_duties, trade.rivals, pass_through, adjustment)
    years = trade.start // 12 + 1 + np.arange(len(ratio)) // LAGS
    return Panel(years, trade.codes, ratio - (own_price - price), own, rivals)


def _changes(flows: Array) -> Array:
    starts = range(12, len(flows), 3)
    now = [flows[first : first + 3].sum(axis=0) for first in starts]
    before = [flows[first - 12 : min(first - 9, len(flows) - 12)].sum(axis=0) for first in starts]
    return np.asarray(np.log(np.array(now) / np.array(before)))


def _answered(duties: Array, imports: Array, pass_through: float, adjustment: float) -> tuple[Array, Array]:
    """Changes over a year of log price before duty, and of the answered log price that buyers pay."""
    starts = range(0, len(duties), 3)
    rate = np.array([duties[at : at + 3].sum(axis=0) / imports[at : at + 3].sum(axis=0) for at in starts])
    price = tariffs.log_price(rate, pass_through)
    paid = -tariffs.log_quantity(rate, pass_through, 1.0)
    answered = tariffs.adjusted(paid, tariffs.quarterly_adjustment(adjustment))
    return price[LAGS:] - price[:-LAGS], answered[LAGS:] - answered[:-LAGS]


def _least_squares(panel: Panel, regressors: Array) -> Slopes:
    """Least squares by the precision of each industry, with an effect of each quarter."""
    precision, correlation = _noise(panel.ratio[np.isin(panel.years, QUIET_YEARS)])
    used = np.isin(panel.years, DUTY_YEARS)
    held = np.isin(panel.years[used], _QUOTA_YEARS)[:, None] & (np.array(panel.codes) == _QUOTA)
    weights = precision * ~held
    y, x = (_less_quarter(values[used], weights) for values in (panel.ratio[..., None], regressors))
    bread = np.linalg.inv(np.einsum("tik,til,ti->kl", x, x, weights))
    values = bread @ np.einsum("tik,ti,ti->k", x, y[..., 0], weights)
    between = np.abs(np.subtract.outer(np.flatnonzero(used), np.flatnonzero(used)))
    lagged = np.where(between < LAGS, correlation[np.minimum(between, LAGS - 1)], 0.0)
    meat = np.einsum("tik,ts,sil,ti,si,i->kl", x, lagged, x, weights, weights, 1.0 / precision)
    return Slopes(values, bread @ meat @ bread)


def _less_quarter(values: Array, weights: Array) -> Array:
    """Values `(n_quarters, n_industries, n)` less their weighted mean in each quarter."""
    mean = np.einsum("tik,ti->tk", values, weights) / weights.sum(axis=1)[:, None]
    return np.asarray(values - mean[:, None])


def _noise(changes: Array) -> tuple[Array, Array]:
    """Precision of each industry's changes in quiet quarters, and their autocorrelation at lags of 0 to 3 quarters.

    Changes are taken from the mean of all industries in the quarter. A trend of an industry's own is left in them: in
    years with duties it would pass for an answer.
    """
    n_industries = changes.shape[1]
    own = (changes - changes.mean(axis=1, keepdims=True)) * sqrt(n_industries / (n_industries - 1))
    precision = 1.0 / (own**2).mean(axis=0)
    scaled = own * np.sqrt(precision)
    lagged = [(scaled[lag:] * scaled[: len(scaled) - lag]).mean() for lag in range(LAGS)]
    return precision, np.array(lagged) / lagged[0]
