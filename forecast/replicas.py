"""Data as each model says they could have been: made from one parameter row, in the form of those observed.

A replica keeps what its model takes as given (first level, US Census figures, which years and months were seen) and
draws the rest anew. One entry of `replicas` and one function that summarises make a model checkable; `predictive`
and `calibration` know no model by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any, Generic

import numpy as np

from forecast.cohort import fates_summary, made_fates
from forecast.draws import Array
from forecast.drivers import DRIVERS, QuarterlyDrivers, quarterly_drivers
from forecast.made import Made, Observed, Rows
from forecast.models.evidence import (
    BASELINE_QUARTERS,
    DRIVER_QUARTERS,
    bridge_evidence,
    like_quarters,
    reading_noise,
    seen_spans,
    share_noise,
)
from forecast.observations import (
    BridgeObservations,
    ProcurementShare,
    QuarterlyTrade,
    bridge_observations,
    outcomes,
    procurement_shares,
    quarterly_trade,
)
from forecast.processes import FLOWS, baseline_flows, bridge_ratios, driver_growth
from forecast.readings import Reading, bottom_up, invested_in_wave, load_readings
from forecast.vintage import vintage
from forecast.wave import load_wave


@dataclass(frozen=True, slots=True)
class Replica(Generic[Observed]):
    """How data of one model are made anew, and by what they are compared.

    Attributes:
        model: group of the posterior.
        observed: what was seen.
        make: data from a parameter row.
        summary: numbers by what they are, with unit, in the order to show.
    """

    model: str
    observed: Observed
    make: Callable[[Rows, np.random.Generator], Made[Observed]]
    summary: Callable[[Observed], dict[str, float]]


def replicas() -> tuple[Replica[Any], ...]:
    """Every model that can be checked, with the shipped observations."""
    trade, books = quarterly_trade(), bridge_observations()
    origin = trade.origin
    drivers, months = quarterly_drivers(origin), vintage().completions
    running = [Replica("running", months, partial(_made_months, months), _months_summary)] if len(months) else []
    return (
        Replica("baseline", trade, partial(_made_trade, trade), _trade_summary),
        Replica("drivers", drivers, partial(_made_drivers, drivers), _drivers_summary),
        *running,
        Replica("localization", procurement_shares(), partial(_made_shares, procurement_shares()), _share_summary),
        Replica("bridge", books, partial(_made_books, books, origin), partial(_books_summary, origin)),
        Replica("sectors", load_readings(), partial(_made_readings, load_readings()), _readings_summary),
        Replica("realisation", outcomes(), partial(made_fates, outcomes()), fates_summary),
    )


def row_of(rows: Mapping[str, Array], index: int) -> Rows:
    """One row of a group `(n_rows, ...)`."""
    return {name: values[index][..., None] for name, values in rows.items()}


def _made_trade(trade: QuarterlyTrade, rows: Rows, rng: np.random.Generator) -> Made[QuarterlyTrade]:
    """Trade from the first level of the window on, with no shock before it."""
    n_quarters = BASELINE_QUARTERS
    start = np.log([[trade.exports[-n_quarters - 1], trade.imports[-n_quarters - 1]]])
    normals, tail = _shocks(rows, n_quarters, rng)
    quiet = {**rows, "last_shock": np.zeros((2, 1))}
    forcing = quarterly_drivers(trade.origin).surprises(n_quarters)[..., None]
    flows = baseline_flows(quiet, start, trade.origin - n_quarters + 1, normals, tail, forcing)
    made = [
        np.append(seen[:-n_quarters], flow) for seen, flow in zip((trade.exports, trade.imports), flows, strict=True)
    ]
    return Made(replace(trade, exports=made[0], imports=made[1]))


def _trade_summary(trade: QuarterlyTrade) -> dict[str, float]:
    """Of the window the baseline sees; sd, autocorrelations, fall and correlation are those without seasonal means."""
    flows = np.stack([trade.exports, trade.imports])[:, -BASELINE_QUARTERS - 1 :]
    growth = 100 * np.diff(np.log(flows))
    by_quarter = growth.reshape(2, -1, 4)
    pattern = by_quarter.mean(axis=1)
    rest = (by_quarter - pattern[:, None]).reshape(2, -1)
    balance = flows[0] - flows[1]
    found: dict[str, float] = {}
    for name, total, season, other in zip(FLOWS, growth, pattern, rest, strict=True):
        found |= {
            f"{name} growth: mean, % a quarter": total.mean(),
            f"{name} growth: sd, %": other.std(),
            f"{name} growth: autocorrelation, 1 quarter": _autocorrelation(other),
            f"{name} growth: autocorrelation, 1 year": _autocorrelation(other, 4),
            f"{name} growth: deepest fall, %": other.min(),
            f"{name} growth: seasonal range, %": np.ptp(season),
        }
    return found | {
        "growth of both: correlation": _correlation(*rest),
        "balance in year 2 of the window, bn USD": balance[5:9].sum(),
        "balance in its last year, bn USD": balance[-4:].sum(),
    }


def _made_drivers(drivers: QuarterlyDrivers, rows: Rows, rng: np.random.Generator) -> Made[QuarterlyDrivers]:
    """Drivers from their level before the window on, with no shock before it; the origin's months stay."""
    quiet = {**rows, "carried": np.zeros((len(DRIVERS), 1))}
    growth = driver_growth(quiet, *_shocks(rows, DRIVER_QUARTERS, rng, len(DRIVERS)))[..., 0]
    levels = drivers.levels.copy()
    levels[-DRIVER_QUARTERS:] = levels[-DRIVER_QUARTERS - 1] * np.exp(growth.cumsum(axis=0))
    return Made(replace(drivers, levels=levels))


def _drivers_summary(drivers: QuarterlyDrivers) -> dict[str, float]:
    growth = 100 * drivers.growth[-DRIVER_QUARTERS:].T
    found: dict[str, float] = {}
    for name, series in zip(DRIVERS, growth, strict=True):
        words = _words(name)
        found |= {
            f"{words} growth: mean, % a quarter": series.mean(),
            f"{words} growth: sd, %": series.std(),
            f"{words} growth: autocorrelation, 1 quarter": _autocorrelation(series - series.mean()),
            f"{words} growth: deepest fall, %": series.min(),
        }
    pairs = combinations(range(len(DRIVERS)), 2)
    return found | {
        f"{_words(DRIVERS[a])} and {_words(DRIVERS[b])}: correlation": _correlation(growth[a], growth[b])
        for a, b in pairs
    }


def _words(driver: str) -> str:
    return driver.replace("us_", "US ").replace("_", " ")


def _made_months(completions: Array, rows: Rows, rng: np.random.Generator) -> Made[Array]:
    """Logs of quarters over their first months around the level of the running one's calendar quarter."""
    like = like_quarters(len(completions))
    made = completions.copy()
    made[like] = rows["level"][:, 0] + rng.standard_normal((len(like), 2)) @ rows["noise_factor"][..., 0].T
    return Made(made)


def _months_summary(completions: Array) -> dict[str, float]:
    same = 100 * completions[like_quarters(len(completions))].T
    found = {
        f"{name}, quarter over its months: mean, log %": flow.mean() for name, flow in zip(FLOWS, same, strict=True)
    }
    found |= {f"{name}, quarter over its months: sd, log %": flow.std() for name, flow in zip(FLOWS, same, strict=True)}
    return found | {"both quarters over their months: correlation": _correlation(*same)}


def _made_shares(
    shares: Sequence[ProcurementShare], rows: Rows, rng: np.random.Generator
) -> Made[Sequence[ProcurementShare]]:
    """Published shares around the fitted trend; one derived from others stays as it is, since no model sees it."""
    made = []
    for share in shares:
        odds = rows["fitted_2023"][:, 0] / rows["fitted_2023"][0, 0]
        odds[1:] *= np.exp(rows["slope"][:, 0] * (share.year - 2023))
        place = ("korea", "local", "third_country").index(share.party)
        drawn = odds[place] / odds.sum() + share_noise(share.year) * rng.standard_normal()
        made.append(share if share.derived else replace(share, share=float(drawn)))
    return Made(tuple(made))


def _share_summary(shares: Sequence[ProcurementShare]) -> dict[str, float]:
    return {
        f"share bought: {share.party.replace('_', ' ')} {share.year}, %": 100 * share.share
        for share in shares
        if not share.derived
    }


def _made_books(
    observed: BridgeObservations, origin: int, rows: Rows, rng: np.random.Generator
) -> Made[BridgeObservations]:
    """Korean figures from the first year of the unbroken run on; those of the US stay."""
    evidence = bridge_evidence(observed, origin)
    n_years, n_later = len(evidence.years), len(evidence.later)
    n_steps = n_years + n_later - 1
    start = {"mean": rows["mean"] - n_steps * rows["drift"], "state": evidence.log_ratios[:, :1]}
    path = np.asarray(bridge_ratios({**rows, **start}, *_shocks(rows, n_steps, rng))[..., 0])
    customs = observed.korea_customs.copy()
    customs[-n_years:] = observed.us_census[-n_years:] * path[:n_years]
    later = []
    for span in seen_spans(observed, origin):
        truth = path.item(span.first_month // 12 - evidence.years[0], FLOWS.index(span.flow))
        ratio = truth * np.exp(reading_noise(span) * rng.standard_normal())
        later.append(replace(span, korea_customs=float(span.us_census * ratio)))
    made = replace(observed, korea_customs=customs, later=tuple(later))
    return Made(made, {"later": np.log(path[n_years:]).T})


def _books_summary(origin: int, observed: BridgeObservations) -> dict[str, float]:
    evidence = bridge_evidence(observed, origin)
    ratios = 100 * evidence.log_ratios
    means = ratios.mean(axis=1).tolist()
    changes = np.diff(ratios)
    found: dict[str, float] = {}
    for name, level, change in zip(FLOWS, ratios, changes, strict=True):
        found |= {
            f"{name} ratio: mean, log %": level.mean(),
            f"{name} ratio: sd of yearly change, log %": change.std(),
            f"{name} ratio: largest yearly change, log %": np.abs(change).max(),
            f"{name} ratio: autocorrelation, 1 year": _autocorrelation(level - level.mean()),
        }
    found["both ratios: correlation of changes"] = _correlation(*changes)
    for span in seen_spans(observed, origin):
        mean = means[FLOWS.index(span.flow)]
        found[f"{span.flow} ratio: {span.months} less mean, log %"] = 100 * np.log(span.ratio) - mean
    return found


def _made_readings(readings: Sequence[Reading], rows: Rows, rng: np.random.Generator) -> Made[Sequence[Reading]]:
    """Readings around what the plants of the wave and the remainders say."""
    explained = bottom_up(load_wave(), rows["coefficients"], readings, invested_in_wave())
    errors = np.array([reading.error for reading in readings]) * rng.standard_normal(len(readings))
    values = (np.array(explained) + rows["remainders"])[:, 0] + errors
    return Made([replace(reading, value=value) for reading, value in zip(readings, values.tolist(), strict=True)])


def _readings_summary(readings: Sequence[Reading]) -> dict[str, float]:
    return {f"{_words(reading.id)}, {reading.unit}": reading.value for reading in readings}


def _autocorrelation(values: Array, lag: int = 1) -> float:
    return float((values[lag:] * values[:-lag]).sum() / (values**2).sum())


def _correlation(one: Array, other: Array) -> float:
    return float(np.asarray(np.corrcoef(one, other))[0, 1])


def _shocks(rows: Rows, n_periods: int, rng: np.random.Generator, k: int = 2) -> tuple[Array, Array]:
    """Normals and tails of one path of `k` series, as `processes` takes them."""
    return rng.standard_normal((n_periods, k, 1)), rng.standard_gamma(rows["degrees_of_freedom"] / 2, (n_periods, 1))
