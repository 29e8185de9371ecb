"""Assumptions and parameters compiled to arrays and small values: what a block of draws needs and nothing else.

Stream names are YAML paths, so that scenarios which name a thing alike share its luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from forecast.addresses import sign_of, stream_of
from forecast.conditioning import Condition, compiled_conditions
from forecast.conditions import Shock
from forecast.copula import Mix, Pair, loadings
from forecast.draws import LEVERS, SERIES, Array
from forecast.errors import RunError
from forecast.groups import Compiler, Group, Path
from forecast.lever_plan import Levers, compiled_levers
from forecast.quarters import format_quarter, year_of
from forecast.realisation import combined
from forecast.scenario import Scenario
from forecast.sectors import COEFFICIENTS, SECTORS

if TYPE_CHECKING:
    from forecast.posterior import Posterior
    from forecast.series import QuarterlyTrade
    from forecast.vintage import Vintage

BLOCK_SIZE = 2_000
"""Draws in a block: its working set fits a core's cache, and 20,000 draws still give ten replicates."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled scenario.

    Attributes:
        origin: quarter index of the last observed quarter.
        n_periods: simulated quarters, from `origin + 1` to the end of the horizon year.
        basis: basis of the results.
        record: highest calendar-year surplus known on `basis`, bn USD, to one decimal.
        history: log flows up to the origin, `(n_quarters, 2)`, exports and imports, US Census basis.
        observed: exports and imports of the origin's year up to the origin, `(2,)`, bn USD, US Census basis.
        running: log of exports and imports over the known months after the origin, `(2,)`, bn USD, US Census basis;
            None where no month is known.
        rows: joint parameter rows by model and name, `(..., n_rows)`, see `processes`; those of `realisation` as
            `realisation.combined` makes them.
        sector_rows: joint rows of the sector coefficients in use, `(n_columns, n_rows)`.
        groups: projects by what happens to their output.
        path: localization path of all affiliates.
        levers: tariffs and import commitments, None where there are none.
        block_size: draws in a block.
        conditions: paths of drivers that are stated.
        shocks: what moves flows and drivers off their course.
        mixes: streams that are correlated with others, by name.
        outlooks: kind and sector of each column of the rows of `realisation`.
        columns: sector and name of each coefficient of `sector_rows`.
    """

    origin: int
    n_periods: int
    basis: str
    record: float
    history: Array
    observed: Array
    running: Array | None
    rows: Mapping[str, Mapping[str, Array]]
    sector_rows: Array
    groups: tuple[Group, ...]
    path: Path
    levers: Levers | None = None
    block_size: int = BLOCK_SIZE
    conditions: tuple[Condition, ...] = ()
    shocks: tuple[Shock, ...] = ()
    mixes: Mapping[str, Mix] = field(default_factory=dict)
    outlooks: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """Annual series of the results."""
        return SERIES if self.levers is None else (*SERIES, *LEVERS)

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the results, the origin's year first unless it is complete."""
        return tuple(range(year_of(self.origin + 1), year_of(self.origin + self.n_periods) + 1))


PROCESSES = ("baseline", "drivers", "running", "localization", "bridge")
"""Models whose joint rows a block picks as they are."""


def compile_plan(scenario: Scenario, posterior: Posterior, known: Vintage, *, prior: bool = False) -> Plan:
    """The plan of a scenario under a posterior, or under the prior rows stored beside it.

    Args:
        known: what was public on the scenario's day.

    Raises:
        RunError: the posterior was fitted up to another quarter than the last one known.
    """
    origin = _demand_origin(scenario, posterior, known)
    groups = posterior.prior if prior else posterior.groups
    compiler = Compiler(scenario, origin, {}, {})
    compiled = compiler.groups()
    rows = {model: _draw_last(groups[model]) for model in PROCESSES if model in groups}
    n_periods = 4 * (scenario.horizon + 1) - (origin + 1)
    return Plan(
        origin=origin,
        n_periods=n_periods,
        basis=scenario.basis,
        record=round(known.records[scenario.basis][1], 1),
        history=np.log(np.column_stack([known.trade.exports, known.trade.imports])),
        observed=_observed_in_year(known.trade),
        running=_known_months(known.trade) if "running" in groups else None,
        rows=rows | {"realisation": combined(groups["realisation"], list(compiler.outlooks))},
        sector_rows=_sector_rows(groups["sectors"]["coefficients"], compiler.columns),
        groups=compiled,
        path=Path("localization", scenario.localization),
        levers=compiled_levers(scenario, origin),
        conditions=compiled_conditions(scenario.drivers, origin, n_periods, known.drivers.level(origin)),
        shocks=scenario.shocks,
        mixes=_mixes(scenario),
        outlooks=tuple(compiler.outlooks),
        columns=tuple(compiler.columns),
    )


def _mixes(scenario: Scenario) -> dict[str, Mix]:
    """Streams that are correlated; a high level of going ahead is a low uniform, hence the signs."""
    ranks: dict[Pair, float] = {}
    for stated in scenario.correlations:
        for (one, other), rank in stated.pairs():
            ranks[stream_of(one), stream_of(other)] = rank * sign_of(one) * sign_of(other)
    return loadings(ranks)


def _demand_origin(scenario: Scenario, posterior: Posterior, known: Vintage) -> int:
    """The last quarter known, which the posterior must have seen last."""
    origin = known.trade.origin
    if origin != posterior.origin:
        day = "" if known.as_of is None else f" --as-of {known.as_of}"
        raise RunError(
            f"{scenario.name}: starts from {format_quarter(origin)}, got a posterior fitted up to "
            f"{format_quarter(posterior.origin)}; run `forecast fit{day}` to make one that fits"
        )
    return origin


def _observed_in_year(trade: QuarterlyTrade) -> Array:
    """Flows from the first simulated year's start up to the origin; nothing when the origin ends a year."""
    first = len(trade.exports) - (trade.origin + 1) % 4
    return np.array([flow[first:].sum() for flow in (trade.exports, trade.imports)])


def _known_months(trade: QuarterlyTrade) -> Array | None:
    flows = (trade.later_exports, trade.later_imports)
    return np.log([flow.sum() for flow in flows]) if len(flows[0]) else None


def _draw_last(rows: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.ascontiguousarray(np.moveaxis(values, 0, -1)) for name, values in rows.items()}


def _sector_rows(coefficients: Array, columns: Mapping[tuple[str, str], int]) -> Array:
    """Columns in use of the joint rows `(n_rows, n_sectors, n_coefficients)`, as `(n_columns, n_rows)`."""
    sectors = [SECTORS.index(sector) for sector, _ in columns]
    names = [COEFFICIENTS.index(name) for _, name in columns]
    return np.ascontiguousarray(coefficients[:, sectors, names].T)
