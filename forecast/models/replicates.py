"""Data as each model says they could have been: made from one parameter row, in the form of those observed.

A replica keeps what its model takes as given (first level, US Census figures, which years and months were seen) and
draws the rest anew. One entry of `replicas` and one function that summarises make a model checkable; `predictive`
and `calibration` know no model by name.

Data made from a parameter row, and what lies behind them.

Announced plants with fates that one parameter row says could have been theirs, and the numbers they are compared by.

Given is what the likelihood of the realisation model conditions on:

- how long each plant was watched: until it was given up or last heard of;
- of which plants something is known of the delay, and up to what delay each was watched: the bound by which it had
  started, or how late it was when last heard of, and never less than `LATE`;
- how closely a start is known: one by the bound that was seen, as it was seen; one of a plant that was seen late, on
  time or within `ROUNDING`;
- of which plants the last amount is known.

The three are made apart, as the likelihood takes them, so that a plant given up keeps its delay.

By how much late plants are likelier to be collected is a property of a collection, and no row holds it: each
collection made here has its own, drawn from the prior.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np

from forecast.dims import FLOWS, Array
from forecast.economics.channels import SUPPLIERS
from forecast.economics.processes import baseline_flows, bridge_ratios, driver_growth
from forecast.economics.realisation import KINDS, LATE, UNREVISED, prior_laws, revision, slip
from forecast.economics.sectors import SECTORS
from forecast.models.evidence import (
    BASELINE_QUARTERS,
    DRIVER_QUARTERS,
    Reading,
    bottom_up,
    bridge_evidence,
    invested_in_wave,
    like_quarters,
    load_readings,
    load_wave,
    reading_noise,
    seen_spans,
    share_noise,
)
from forecast.observations.announcements import Outcome, outcomes
from forecast.observations.annual import BridgeObservations, ProcurementShare, bridge_observations, procurement_shares
from forecast.observations.series import DRIVERS, QuarterlyDrivers, QuarterlyTrade, quarterly_drivers, quarterly_trade
from forecast.observations.vintage import vintage

Rows: TypeAlias = Mapping[str, Array]
"""One parameter row of a model as `processes` takes it, `(..., 1)`."""


Observed = TypeVar("Observed")


@dataclass(frozen=True, slots=True)
class Made(Generic[Observed]):
    """Data made from a parameter row.

    Attributes:
        observed: in the form of those observed.
        states: by name, the free parameters of the model that were made on the way and lie behind the data.
    """

    observed: Observed
    states: Mapping[str, Array] = field(default_factory=dict)


ROUNDING = 2.0
"""Quarters between the bounds of a delay where plan and start are each printed to the quarter."""


def made_fates(fates: Sequence[Outcome], rows: Rows, rng: np.random.Generator) -> Made[Sequence[Outcome]]:
    """Fates of the same plants; a state says only whether a plant was given up."""
    n = len(fates)
    selection = prior_laws()["selection"].ppf(rng.uniform(size=1))
    odds = selection * rows["late"] / (1 - rows["late"])
    years = rng.standard_exponential(n) / _of_plants(fates, rows["hazard"], rows["hazard_sector"])
    scale = _of_plants(fates, rows["delay_scale"], rows["delay_sector"])
    delays = slip(rng.uniform(size=n), odds / (1 + odds), rows["delay_shape"], scale)
    revisions = revision(rng.uniform(size=n), rows["revised"], _of_plants(fates, rows["revision_spread"]))
    made = [
        replace(
            plant,
            state="cancelled" if gone < plant.years_at_risk else "open",
            years_at_risk=min(gone, plant.years_at_risk),
            delay=seen_delay(plant.delay, late),
            revision=None if plant.revision is None else _told(revised),
        )
        for plant, gone, late, revised in zip(fates, years.tolist(), delays.tolist(), revisions.tolist(), strict=True)
    ]
    return Made(made, {"log_level": np.log(_levels(rows, selection))})


def seen_delay(seen: tuple[float, float] | None, delay: float) -> tuple[float, float] | None:
    """Bounds of a delay, 0 if not late, as they would have been seen by who saw `seen` of another.

    >>> [seen_delay((4.0, math.inf), delay) for delay in (0.0, 1.0, 3.0, 5.0)]  # doctest: +ELLIPSIS
    [(0.0, 0.66...), (0.66..., 2.66...), (2.66..., 4.0), (4.0, inf)]
    >>> [seen_delay((-1.5, 2.5), delay) for delay in (0.0, 1.0, 3.0)]
    [(-1.5, 2.5), (-1.5, 2.5), (2.5, inf)]
    >>> seen_delay((-6.0, math.inf), 3.0)
    (-6.0, inf)
    """
    if seen is None or (seen[0] < LATE and math.isinf(seen[1])):
        return seen
    first = (0.0, LATE) if math.isinf(seen[1]) else seen
    start, watched = max(first[1], LATE), seen[0] if math.isinf(seen[1]) else max(seen[1], LATE)
    if delay <= start:
        return first
    if delay > watched:
        return watched, math.inf
    low = start + ROUNDING * math.floor((delay - start) / ROUNDING)
    return low, min(low + ROUNDING, watched)


def fates_summary(fates: Sequence[Outcome]) -> dict[str, float]:
    """Counts of plants by what became of them."""
    bounds = np.array([plant.delay for plant in fates if plant.delay is not None]).reshape(-1, 2)
    late = bounds[bounds[:, 0] >= LATE]
    logs = np.log([plant.revision for plant in fates if plant.revision is not None])
    return {
        "plants given up": float(sum(plant.state == "cancelled" for plant in fates)),
        "plants seen late": float(len(late)),
        "plants late by a year or more": float((late[:, 0] >= 4).sum()),
        "late plants that have started": float(np.isfinite(late[:, 1]).sum()),
        "amounts revised": float((logs != 0).sum()),
        "amounts halved or doubled": float((np.abs(logs) >= np.log(2)).sum()),
        "mean of all revisions, log %": 100 * logs.mean(),
    }


def _told(revised: float) -> float:
    """Realised over stated amount as reports tell it."""
    return 1.0 if abs(math.log(revised)) < UNREVISED else revised


def _levels(rows: Rows, selection: Array) -> Array:
    """Quantities of an average plant in the order of `realisation.PRIORS`, where deviations begin."""
    hazard, scale, spread = (rows[name] for name in ("hazard", "delay_scale", "revision_spread"))
    late, revised = (rows[name] / (1 - rows[name]) for name in ("late", "revised"))
    bought = spread[KINDS.index("acquisition")] / spread[0]
    return np.concatenate([hazard[0], late, scale[0], rows["delay_shape"], selection, revised, spread[0], bought])


def _of_plants(fates: Sequence[Outcome], kinds: Array, sectors: Array | None = None) -> Array:
    """Parameter of each plant, `(n_plants,)`; a plant of sector `mixed` has the average sector's."""
    value = np.asarray(kinds[[KINDS.index(plant.kind) for plant in fates], 0])
    if sectors is None:
        return value
    factors = dict(zip(SECTORS, sectors[:, 0].tolist(), strict=True))
    return np.asarray(value * [factors.get(plant.sector, 1.0) for plant in fates])


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
        place = SUPPLIERS.index(share.party)
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
