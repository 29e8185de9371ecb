"""Assumptions and parameters compiled to arrays and small values: what a block of draws needs and nothing else.

Stream names are YAML paths, so that scenarios which name a thing alike share its luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from forecast.conditioning import Condition, compiled_conditions
from forecast.conditions import Shock
from forecast.distributions import Constant, Law
from forecast.draws import LEVERS, SERIES, Array
from forecast.errors import RunError
from forecast.inputs import Input, Judged, Learned
from forecast.lever_plan import Levers, compiled_levers
from forecast.quarters import format_quarter, year_of
from forecast.realisation import combined
from forecast.scenario import Investment, Localization, Scenario
from forecast.sectors import COEFFICIENTS, SECTORS

if TYPE_CHECKING:
    from forecast.posterior import Posterior
    from forecast.series import QuarterlyTrade
    from forecast.vintage import Vintage

BLOCK_SIZE = 2_000
"""Draws in a block: its working set fits a core's cache, and 20,000 draws still give ten replicates."""


@dataclass(frozen=True, slots=True)
class Path:
    """One localization path; `stream` prefixes the addresses of its uncertain numbers."""

    stream: str
    assumed: Localization


@dataclass(frozen=True, slots=True)
class Project:
    """One investment that is built or bought, as the channels need it. Amounts in bn USD, durations in quarters.

    Attributes:
        announced: position on the quarter axis.
        capex: what is spent on building, and produces once built.
        standing: what was paid for a plant that stands already and produces from `production_start`; None if built.
        scale, probability, slip: as assumed, or None for what was learned.
        outlook: column of its kind and sector in the rows `realisation`, if one of them was learned.
    """

    id: str
    announced: float
    capex: Input
    standing: Input | None
    scale: Input | None
    probability: Input | None
    construction_start: Input | None
    production_start: Input | None
    slip: Input | None
    coefficients: Mapping[str, Input]
    outlook: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Projects whose output is bought and sold alike: same purchases, Korean share, displacement and path.

    Attributes:
        path: a path of its own, or None to move with all affiliates.
        sector: sector of all the projects, which decides the duties on what they buy and replace.
    """

    projects: tuple[Project, ...]
    coefficients: Mapping[str, Input]
    path: Path | None
    sector: str = "other"


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

PROJECT_COEFFICIENTS = (
    "machinery_share",
    "korean_machinery_share",
    "output_per_capex",
    "utilisation",
    "construction_quarters",
    "ramp_quarters",
)
GROUP_COEFFICIENTS = ("purchases_per_output", "korean_share", "displacement_rate", "reverse_import_rate")


def compile_plan(scenario: Scenario, posterior: Posterior, known: Vintage, *, prior: bool = False) -> Plan:
    """The plan of a scenario under a posterior, or under the prior rows stored beside it.

    Args:
        known: what was public on the scenario's day.

    Raises:
        RunError: the posterior was fitted up to another quarter than the last one known.
    """
    origin = _demand_origin(scenario, posterior, known)
    groups = posterior.prior if prior else posterior.groups
    compiler = _Compiler(scenario, origin, {}, {})
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
    )


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


@dataclass(slots=True)
class _Compiler:
    """Compiles investments; numbers the columns of sector rows and of `realisation` rows as they come into use."""

    scenario: Scenario
    origin: int
    columns: dict[tuple[str, str], int]
    outlooks: dict[tuple[str, str], int]

    def groups(self) -> tuple[Group, ...]:
        """Investments in groups; an investment with its own purchases, effects or path stands alone."""
        members: dict[str, list[Investment]] = {}
        for investment in sorted(self.scenario.investments, key=lambda item: item.id):
            if investment.kind != "pledge":
                members.setdefault(_group_name(investment), []).append(investment)
        return tuple(self._group(investments) for investments in members.values())

    def _group(self, investments: list[Investment]) -> Group:
        first = investments[0]
        return Group(
            projects=tuple(self._project(investment) for investment in investments),
            coefficients={name: self._coefficient(first, name) for name in GROUP_COEFFICIENTS},
            path=self._own_path(first),
            sector=first.sector,
        )

    def _own_path(self, investment: Investment) -> Path | None:
        if investment.localization is not None:
            return Path(f"investments.{investment.id}.localization", investment.localization)
        sector = self.scenario.sector_localization.get(investment.sector)
        return None if sector is None else Path(f"localization.sectors.{investment.sector}", sector)

    def _coefficient(self, investment: Investment, name: str) -> Input:
        if name in investment.coefficients:
            return Judged(f"investments.{investment.id}.{name}", investment.coefficients[name])
        judged = self.scenario.sector_coefficients.get(investment.sector, {})
        if name in judged:
            return Judged(f"sectors.{investment.sector}.{name}", judged[name])
        return Learned(self.columns.setdefault((investment.sector, name), len(self.columns)))

    def _project(self, investment: Investment) -> Project:
        def judged(name: str, law: Law) -> Judged:
            return Judged(f"investments.{investment.id}.{name}", law)

        amount = judged("amount", investment.amount)
        new_capex = judged("new_capex", investment.new_capex)
        acquired = investment.kind == "acquisition"
        start, production = self._construction_start(investment), self._production_start(investment)
        fate = self._fate(investment)
        return Project(
            id=investment.id,
            announced=investment.announced,
            capex=new_capex if acquired else amount,
            standing=amount if acquired else None,
            scale=fate["scale"],
            probability=fate["probability"],
            construction_start=None if start is None else judged("construction_start", start),
            production_start=None if production is None else judged("production_start", production),
            slip=fate["slip"],
            coefficients={name: self._coefficient(investment, name) for name in PROJECT_COEFFICIENTS},
            outlook=self._outlook(investment) if None in fate.values() else 0,
        )

    def _construction_start(self, investment: Investment) -> Law | None:
        if investment.construction_start is None and investment.kind == "acquisition":
            return Constant(investment.announced)
        return investment.construction_start

    def _production_start(self, investment: Investment) -> Law | None:
        if investment.production_start is None and investment.kind == "acquisition":
            return Constant(investment.announced)
        return investment.production_start

    def _fate(self, investment: Investment) -> dict[str, Judged | None]:
        """Probability, slip and scale: as stated, else certain for a plant already running, else None, as learned."""
        production = self._production_start(investment)
        runs = production is not None and float(production.ppf(np.array(1 - 1e-9))) <= self.origin + 1
        certain = {"probability": 1.0, "slip": 0.0, "scale": 1.0}
        stated = {name: getattr(investment, name) for name in certain}
        laws = {name: Constant(certain[name]) if runs and law is None else law for name, law in stated.items()}
        address = f"investments.{investment.id}"
        return {name: None if law is None else Judged(f"{address}.{name}", law) for name, law in laws.items()}

    def _outlook(self, investment: Investment) -> int:
        return self.outlooks.setdefault((investment.kind, investment.sector), len(self.outlooks))


def _group_name(investment: Investment) -> str:
    stands_alone = investment.localization is not None or set(GROUP_COEFFICIENTS) & set(investment.coefficients)
    return f"investment {investment.id}" if stands_alone else f"sector {investment.sector}"
