"""Replicated data: what one parameter row of a model could have brought about, in the form of the observed data.

A replicate keeps whatever its model conditions on (first level, US Census figures, which years and months were
observed) and draws the rest anew. One entry of `simulators` makes a model checkable; `predictive` and `calibration`
know no model by name.

Fates of announced plants condition on

- how long each plant was watched: until it was cancelled or last reported on;
- which plants have a known delay, and up to what delay each was watched: the bound by which it had started, or how
  late it was at the last report, and never less than `LATE`;
- how closely a start is known: at the observed bound, as observed; of a plant seen late, on time or within `ROUNDING`;
- which plants have a known last amount.

Cancellation, delay and revision are drawn apart, as the likelihood takes them, so that a cancelled plant keeps its
delay. How much likelier late plants are to be collected is a property of a collection that no row holds: each
replicate draws its own from the prior.
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
from forecast.economics.processes import baseline_flows, bridge_ratios, driver_growth, student_shocks
from forecast.economics.realisation import KINDS, LATE, UNREVISED, prior_distributions, revision, slip
from forecast.economics.sectors import SECTORS
from forecast.models.carry_over import CarryOverEvidence, carry_over_evidence
from forecast.models.evidence import (
    DRIVER_QUARTERS,
    Evidence,
    bottom_up,
    bridge_evidence,
    later_spans,
    like_quarters,
    load_evidence,
    recent_investment,
    recent_plants,
    share_noise,
    span_noise,
)
from forecast.observations.announcements import Outcome, outcomes
from forecast.observations.annual import BridgeObservations, ProcurementShare, bridge_observations, procurement_shares
from forecast.observations.series import DRIVERS, QuarterlyDrivers, QuarterlyTrade, quarterly_drivers, quarterly_trade
from forecast.observations.vintage import vintage

Rows: TypeAlias = Mapping[str, Array]
"""One parameter row of a model as `processes` takes it, `(..., 1)`."""

Observed = TypeVar("Observed")


@dataclass(frozen=True, slots=True)
class Replicate(Generic[Observed]):
    """Data simulated from a parameter row.

    Attributes:
        observed: in the form of those observed.
        states: by name, free parameters of the model that were simulated along with the data.
    """

    observed: Observed
    states: Mapping[str, Array] = field(default_factory=dict)


CHECKED_QUARTERS = 48
"""Last quarters of trade that are made anew: the baseline is of them before all, as older ones have faded for it."""

ROUNDING = 2.0
"""Quarters between the bounds of a delay where plan and start are each printed to the quarter."""


def replicate_fates(fates: Sequence[Outcome], rows: Rows, rng: np.random.Generator) -> Replicate[Sequence[Outcome]]:
    """Fates of the same plants; a state says only whether a plant was given up."""
    n = len(fates)
    selection = prior_distributions()["selection"].ppf(rng.uniform(size=1))
    odds = selection * rows["late"] / (1 - rows["late"])
    years = rng.standard_exponential(n) / _of_plants(fates, rows["hazard"], rows["hazard_sector"])
    scale = _of_plants(fates, rows["delay_scale"], rows["delay_sector"])
    delays = slip(rng.uniform(size=n), odds / (1 + odds), rows["delay_shape"], scale)
    revisions = revision(rng.uniform(size=n), rows["revised"], _of_plants(fates, rows["revision_spread"]))
    replicate = [
        replace(
            plant,
            state="cancelled" if lifetime < plant.years_at_risk else "open",
            years_at_risk=min(lifetime, plant.years_at_risk),
            delay=reported_delay(plant.delay, late),
            revision=None if plant.revision is None else _reported_revision(revised),
        )
        for plant, lifetime, late, revised in zip(
            fates, years.tolist(), delays.tolist(), revisions.tolist(), strict=True
        )
    ]
    return Replicate(replicate, {"log_level": np.log(_levels(rows, selection))})


def reported_delay(bounds: tuple[float, float] | None, delay: float) -> tuple[float, float] | None:
    """Bounds of a delay, 0 if not late, as the observer who reported `bounds` would have reported them.

    >>> [reported_delay((4.0, math.inf), delay) for delay in (0.0, 1.0, 3.0, 5.0)]  # doctest: +ELLIPSIS
    [(0.0, 0.66...), (0.66..., 2.66...), (2.66..., 4.0), (4.0, inf)]
    >>> [reported_delay((-1.5, 2.5), delay) for delay in (0.0, 1.0, 3.0)]
    [(-1.5, 2.5), (-1.5, 2.5), (2.5, inf)]
    >>> reported_delay((-6.0, math.inf), 3.0)
    (-6.0, inf)
    """
    if bounds is None or (bounds[0] < LATE and math.isinf(bounds[1])):
        return bounds
    first = (0.0, LATE) if math.isinf(bounds[1]) else bounds
    start, watched = max(first[1], LATE), bounds[0] if math.isinf(bounds[1]) else max(bounds[1], LATE)
    if delay <= start:
        return first
    if delay > watched:
        return watched, math.inf
    low = start + ROUNDING * math.floor((delay - start) / ROUNDING)
    return low, min(low + ROUNDING, watched)


def fates_summary(fates: Sequence[Outcome]) -> dict[str, float]:
    """Counts of plants by fate."""
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


def _reported_revision(revised: float) -> float:
    """Realised over stated amount as reports give it: 1 where the revision is too small to be news."""
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
class Simulator(Generic[Observed]):
    """Simulation of the data of one model, and the numbers by which replicates are compared.

    Attributes:
        model: group of the posterior.
        observed: the observed data.
        simulate: data from a parameter row.
        summary: numbers by name with unit, in the order to show.
    """

    model: str
    observed: Observed
    simulate: Callable[[Rows, np.random.Generator], Replicate[Observed]]
    summary: Callable[[Observed], dict[str, float]]


def simulators() -> tuple[Simulator[Any], ...]:
    """Every model that can be checked, with the shipped observations."""
    trade, bridge = quarterly_trade(), bridge_observations()
    origin = trade.origin
    drivers, months, carried = quarterly_drivers(origin), vintage().completions, carry_over_evidence(trade)
    nowcast = (
        [Simulator("running", months, partial(_completion_replicate, months), _completion_summary)]
        if len(months)
        else []
    )
    return (
        Simulator("baseline", trade, partial(_trade_replicate, trade), _trade_summary),
        Simulator("drivers", drivers, partial(_driver_replicate, drivers), _drivers_summary),
        Simulator("carry_over", carried, partial(_carry_over_replicate, carried), _carry_over_summary),
        *nowcast,
        Simulator(
            "localization", procurement_shares(), partial(_share_replicate, procurement_shares()), _share_summary
        ),
        Simulator("bridge", bridge, partial(_bridge_replicate, bridge, origin), partial(_bridge_summary, origin)),
        Simulator("sectors", load_evidence(), partial(_evidence_replicate, load_evidence()), _evidence_summary),
        Simulator("realisation", outcomes(), partial(replicate_fates, outcomes()), fates_summary),
    )


def row_at(rows: Mapping[str, Array], index: int) -> Rows:
    """One row of a group `(n_rows, ...)`."""
    return {name: values[index][..., None] for name, values in rows.items()}


def _trade_replicate(trade: QuarterlyTrade, rows: Rows, rng: np.random.Generator) -> Replicate[QuarterlyTrade]:
    """The last quarters of trade from the level before them on, with no shock before the first."""
    n_quarters = CHECKED_QUARTERS
    start = np.log([[trade.exports[-n_quarters - 1], trade.imports[-n_quarters - 1]]])
    normals, tail = _shocks(rows, n_quarters, rng)
    unshocked = {**rows, "last_shock": np.zeros((2, 1))}
    forcing = quarterly_drivers(trade.origin).surprises(n_quarters)[..., None]
    flows = baseline_flows(unshocked, start, trade.origin - n_quarters + 1, normals, tail, forcing)
    paths = [
        np.append(past[:-n_quarters], flow) for past, flow in zip((trade.exports, trade.imports), flows, strict=True)
    ]
    return Replicate(replace(trade, exports=paths[0], imports=paths[1]))


def _trade_summary(trade: QuarterlyTrade) -> dict[str, float]:
    """Of the last `CHECKED_QUARTERS`; sd, autocorrelations, fall and correlation are those without seasonal means."""
    flows = np.stack([trade.exports, trade.imports])[:, -CHECKED_QUARTERS - 1 :]
    growth = 100 * np.diff(np.log(flows))
    by_quarter = growth.reshape(2, -1, 4)
    pattern = by_quarter.mean(axis=1)
    rest = (by_quarter - pattern[:, None]).reshape(2, -1)
    balance = flows[0] - flows[1]
    summary: dict[str, float] = {}
    for name, total, season, other in zip(FLOWS, growth, pattern, rest, strict=True):
        summary |= {
            f"{name} growth: mean, % a quarter": total.mean(),
            f"{name} growth: sd, %": other.std(),
            f"{name} growth: autocorrelation, 1 quarter": _autocorrelation(other),
            f"{name} growth: autocorrelation, 1 year": _autocorrelation(other, 4),
            f"{name} growth: deepest fall, %": other.min(),
            f"{name} growth: seasonal range, %": np.ptp(season),
        }
    return summary | {
        "growth of both: correlation": _correlation(*rest),
        "balance in year 2 of the window, bn USD": balance[5:9].sum(),
        "balance in its last year, bn USD": balance[-4:].sum(),
    }


def _driver_replicate(drivers: QuarterlyDrivers, rows: Rows, rng: np.random.Generator) -> Replicate[QuarterlyDrivers]:
    """Drivers from their level before the window on, with no shock before it; the origin's months stay."""
    unshocked = {**rows, "carried": np.zeros((len(DRIVERS), 1))}
    growth = driver_growth(unshocked, *_shocks(rows, DRIVER_QUARTERS, rng, len(DRIVERS)))[..., 0]
    levels = drivers.levels.copy()
    levels[-DRIVER_QUARTERS:] = levels[-DRIVER_QUARTERS - 1] * np.exp(growth.cumsum(axis=0))
    return Replicate(replace(drivers, levels=levels))


def _drivers_summary(drivers: QuarterlyDrivers) -> dict[str, float]:
    growth = 100 * drivers.growth[-DRIVER_QUARTERS:].T
    summary: dict[str, float] = {}
    for name, series in zip(DRIVERS, growth, strict=True):
        words = _words(name)
        summary |= {
            f"{words} growth: mean, % a quarter": series.mean(),
            f"{words} growth: sd, %": series.std(),
            f"{words} growth: autocorrelation, 1 quarter": _autocorrelation(series - series.mean()),
            f"{words} growth: deepest fall, %": series.min(),
        }
    pairs = combinations(range(len(DRIVERS)), 2)
    return summary | {
        f"{_words(DRIVERS[a])} and {_words(DRIVERS[b])}: correlation": _correlation(growth[a], growth[b])
        for a, b in pairs
    }


def _words(driver: str) -> str:
    return driver.replace("us_", "US ").replace("_", " ")


def _carry_over_replicate(
    observed: CarryOverEvidence, rows: Rows, rng: np.random.Generator
) -> Replicate[CarryOverEvidence]:
    """Growth from that of the quarter before the first on, beside the last months that were observed."""
    growth, before = np.empty_like(observed.growth), np.empty_like(observed.before)
    shocks = student_shocks(rows, *_shocks(rows, growth.shape[1], rng))[..., 0]
    last = observed.before[:, 0]
    for quarter, shock in enumerate(shocks):
        before[:, quarter] = last
        last = rows["back"][:, 0] * last + rows["carried"][:, 0] * observed.rise[:, quarter] + shock
        growth[:, quarter] = last
    return Replicate(replace(observed, growth=growth, before=before))


def _carry_over_summary(observed: CarryOverEvidence) -> dict[str, float]:
    summary: dict[str, float] = {}
    for name, growth, rise in zip(("shared", "parting"), observed.growth, observed.rise, strict=True):
        summary |= {
            f"{name} growth: sd, %": 100 * growth.std(),
            f"{name} growth: autocorrelation, 1 quarter": _autocorrelation(growth),
            f"{name} growth and last month: correlation": _correlation(growth, rise),
        }
    return summary


def _completion_replicate(completions: Array, rows: Rows, rng: np.random.Generator) -> Replicate[Array]:
    """Logs of quarters over their first months around the level of the running one's calendar quarter."""
    like = like_quarters(len(completions))
    values = completions.copy()
    values[like] = rows["level"][:, 0] + rng.standard_normal((len(like), 2)) @ rows["noise_factor"][..., 0].T
    return Replicate(values)


def _completion_summary(completions: Array) -> dict[str, float]:
    same = 100 * completions[like_quarters(len(completions))].T
    summary = {
        f"{name}, quarter over its months: mean, log %": flow.mean() for name, flow in zip(FLOWS, same, strict=True)
    }
    summary |= {
        f"{name}, quarter over its months: sd, log %": flow.std() for name, flow in zip(FLOWS, same, strict=True)
    }
    return summary | {"both quarters over their months: correlation": _correlation(*same)}


def _share_replicate(
    shares: Sequence[ProcurementShare], rows: Rows, rng: np.random.Generator
) -> Replicate[Sequence[ProcurementShare]]:
    """Published shares around the fitted trend; one derived from others stays as it is, since no model sees it."""
    replicate = []
    for share in shares:
        odds = rows["fitted_2023"][:, 0] / rows["fitted_2023"][0, 0]
        odds[1:] *= np.exp(rows["slope"][:, 0] * (share.year - 2023))
        place = SUPPLIERS.index(share.party)
        value = odds[place] / odds.sum() + share_noise(share.year) * rng.standard_normal()
        replicate.append(share if share.derived else replace(share, share=float(value)))
    return Replicate(tuple(replicate))


def _share_summary(shares: Sequence[ProcurementShare]) -> dict[str, float]:
    return {
        f"share bought: {share.party.replace('_', ' ')} {share.year}, %": 100 * share.share
        for share in shares
        if not share.derived
    }


def _bridge_replicate(
    observed: BridgeObservations, origin: int, rows: Rows, rng: np.random.Generator
) -> Replicate[BridgeObservations]:
    """Korean figures from the first year of the unbroken run on; those of the US stay."""
    evidence = bridge_evidence(observed, origin)
    n_years, n_later = len(evidence.years), len(evidence.later)
    n_steps = n_years + n_later - 1
    start = {"mean": rows["mean"] - n_steps * rows["drift"], "state": evidence.log_ratios[:, :1]}
    path = np.asarray(bridge_ratios({**rows, **start}, *_shocks(rows, n_steps, rng))[..., 0])
    customs = observed.korea_customs.copy()
    customs[-n_years:] = observed.us_census[-n_years:] * path[:n_years]
    later = []
    for span in later_spans(observed, origin):
        truth = path.item(span.first_month // 12 - evidence.years[0], FLOWS.index(span.flow))
        ratio = truth * np.exp(span_noise(span) * rng.standard_normal())
        later.append(replace(span, korea_customs=float(span.us_census * ratio)))
    replicate = replace(observed, korea_customs=customs, later=tuple(later))
    return Replicate(replicate, {"later": np.log(path[n_years:]).T})


def _bridge_summary(origin: int, observed: BridgeObservations) -> dict[str, float]:
    evidence = bridge_evidence(observed, origin)
    ratios = 100 * evidence.log_ratios
    means = ratios.mean(axis=1).tolist()
    changes = np.diff(ratios)
    summary: dict[str, float] = {}
    for name, level, change in zip(FLOWS, ratios, changes, strict=True):
        summary |= {
            f"{name} ratio: mean, log %": level.mean(),
            f"{name} ratio: sd of yearly change, log %": change.std(),
            f"{name} ratio: largest yearly change, log %": np.abs(change).max(),
            f"{name} ratio: autocorrelation, 1 year": _autocorrelation(level - level.mean()),
        }
    summary["both ratios: correlation of changes"] = _correlation(*changes)
    for span in later_spans(observed, origin):
        mean = means[FLOWS.index(span.flow)]
        summary[f"{span.flow} ratio: {span.months} less mean, log %"] = 100 * np.log(span.ratio) - mean
    return summary


def _evidence_replicate(
    evidence: Sequence[Evidence], rows: Rows, rng: np.random.Generator
) -> Replicate[Sequence[Evidence]]:
    """Evidence around the sum of induced trade and remainders."""
    explained = bottom_up(recent_plants(), rows["coefficients"], evidence, recent_investment())
    errors = np.array([item.error for item in evidence]) * rng.standard_normal(len(evidence))
    values = (np.array(explained) + rows["remainders"])[:, 0] + errors
    return Replicate([replace(item, value=value) for item, value in zip(evidence, values.tolist(), strict=True)])


def _evidence_summary(evidence: Sequence[Evidence]) -> dict[str, float]:
    return {f"{_words(item.id)}, {item.unit}": item.value for item in evidence}


def _autocorrelation(values: Array, lag: int = 1) -> float:
    return float((values[lag:] * values[:-lag]).sum() / (values**2).sum())


def _correlation(one: Array, other: Array) -> float:
    return float(np.asarray(np.corrcoef(one, other))[0, 1])


def _shocks(rows: Rows, n_periods: int, rng: np.random.Generator, k: int = 2) -> tuple[Array, Array]:
    """Normals and tails of one path of `k` series, as `processes` takes them."""
    return rng.standard_normal((n_periods, k, 1)), rng.standard_gamma(rows["degrees_of_freedom"] / 2, (n_periods, 1))
