"""The door from the scenario language to a plan: every assumption as arrays, small values and addressed inputs.

Investments are compiled in groups that buy and sell alike, tariffs and commitments by sector over the schedule in
force, paths of drivers as weights. Whatever is read from files is read here, so that a block of draws reads none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.dims import FLOWS, PRODUCTS, Array
from forecast.economics.channels import QUARTERS_PER_YEAR, SUPPLIERS
from forecast.economics.installed_base import load_priors
from forecast.economics.products import Composition, composition, product_priors, share_of_product, shares_within
from forecast.economics.realisation import combined
from forecast.economics.tariffs import REST, duty_on_finished
from forecast.economics.uncertain_inputs import UncertainInput, sign_of, stream_of
from forecast.engine.compile_policy import (
    compiled_duty,
    compiled_pipeline,
    compiled_policy,
    compiled_products,
    inputs_of_pipeline,
    inputs_of_products,
    stated_input,
)
from forecast.engine.existing import existing_off_path, product_bought
from forecast.engine.inputs import Fitted, Input, Stated, coefficient_rows, draws_last
from forecast.engine.plan import (
    Condition,
    Cut,
    Existing,
    Group,
    LocalizationPath,
    Machinery,
    Plan,
    Policy,
    Project,
    Shock,
    Tie,
)
from forecast.engine.run_plan import RunPlan, registry
from forecast.errors import RunError
from forecast.observations.series import DRIVERS
from forecast.observations.vintage import day_of
from forecast.quarters import format_quarter, year_of
from forecast.scenario.dependencies import Phase, Programme
from forecast.scenario.drivers import Deviation, DriverPath, Growth, Levels
from forecast.scenario.drivers import Shock as StatedShock
from forecast.scenario.inputs import uncertain_inputs
from forecast.scenario.investments import Investment
from forecast.scenario.localization import Localization
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.streams import Mix, Pair, loadings

if TYPE_CHECKING:
    from forecast.models.posterior import Posterior
    from forecast.observations.vintage import Vintage


def compiled_conditions(
    paths: Mapping[str, DriverPath], origin: int, n_periods: int, levels: Array
) -> tuple[Condition, ...]:
    """Conditions on the periods after the origin.

    Args:
        paths: as assumed, by driver.
        origin: quarter index of the last observed quarter.
        n_periods: simulated quarters.
        levels: `(3,)` observed levels of the origin's quarter, in the order of `DRIVERS`.
    """
    found = []
    for name, path in paths.items():
        driver = DRIVERS.index(name)
        if isinstance(path, Levels):
            found.append(_levels(f"drivers.{name}.at", driver, path.levels, origin, n_periods, levels[driver]))
        else:
            found.append(_change(f"drivers.{name}", driver, path, origin, n_periods))
    return tuple(found)


def _levels(
    stream: str, driver: int, levels: Mapping[int, Distribution], origin: int, n_periods: int, observed: float
) -> Condition:
    quarters = np.array(list(levels))
    rows = origin + np.arange(n_periods + 1)
    knots = np.concatenate([[origin], quarters])
    log_levels = np.column_stack([np.interp(rows, knots, hat) for hat in np.eye(len(knots))[1:]])
    keep = np.asarray(rows[1:] > quarters[-1], dtype=float)
    stated = tuple(Stated(f"{stream}.{format_quarter(quarter)}", level) for quarter, level in levels.items())
    return Condition(driver, keep, np.diff(log_levels, axis=0), stated, (0.0, float(observed)))


def _change(stream: str, driver: int, path: Growth | Deviation, origin: int, n_periods: int) -> Condition:
    quarters = origin + 1 + np.arange(n_periods)
    within = quarters >= path.first
    if path.end is not None:
        within &= quarters < path.end
    inside = np.asarray(within, dtype=float)
    if path.path == "growth":
        key, keep, weights = "rate", 1.0 - inside, inside / QUARTERS_PER_YEAR
    else:
        key, keep, weights = "size", np.ones(n_periods), np.diff(inside, prepend=0.0)
    return Condition(driver, keep, weights[:, None], (Stated(f"{stream}.{key}", path.change),), (1.0, 1.0))


def compiled_shocks(shocks: Iterable[StatedShock]) -> tuple[Shock, ...]:
    """Shocks with the place of what they move."""
    return tuple(map(_shock, shocks))


def _shock(assumed: StatedShock) -> Shock:
    stream, on = f"shocks.{assumed.id}", assumed.on
    return Shock(
        flow=FLOWS.index(on) if on in FLOWS else None,
        driver=DRIVERS.index(on) if on in DRIVERS else None,
        happens=f"{stream}.happens",
        at=Stated(f"{stream}.at", assumed.at),
        until=np.inf if assumed.until is None else assumed.until,
        size=stated_input(f"{stream}.size", assumed.size),
        amount=stated_input(f"{stream}.amount", assumed.amount),
        probability=stated_input(f"{stream}.probability", assumed.probability),
        half_life=stated_input(f"{stream}.half_life", assumed.half_life),
    )


def compiled_path(stream: str, assumed: Localization) -> LocalizationPath:
    """A localization path; `stream` prefixes the addresses of its uncertain numbers."""
    shares = zip(SUPPLIERS, assumed.shares or (), strict=bool(assumed.shares))
    return LocalizationPath(
        form=assumed.path,
        local=stated_input(f"{stream}.local", assumed.local),
        speed=stated_input(f"{stream}.speed", assumed.speed),
        shares=tuple(Stated(f"{stream}.shares.{name}", share) for name, share in shares),
        by=assumed.by,
        at=assumed.at,
    )


PROJECT_COEFFICIENTS = (
    "machinery_share",
    "korean_machinery_share",
    "output_per_capex",
    "utilisation",
    "construction_quarters",
    "ramp_quarters",
)
GROUP_COEFFICIENTS = (
    "purchases_per_output",
    "korean_share",
    "displacement_rate",
    "tariff_displacement",
    "reverse_import_rate",
    "price_growth",
)


@dataclass(slots=True)
class Compiler:
    """Compiles investments; numbers the columns of sector rows and of `realisation` rows as they come into use.

    Attributes:
        scenario: what is assumed.
        origin: quarter index of the last observed quarter.
        found: what exports consist of.
        within: part of each product that the goods of every sector are, see `economics.products`.
        columns: column of each sector and coefficient in use.
        outlooks: column of each kind and sector whose record is used.
    """

    scenario: Scenario
    origin: int
    found: Composition
    within: Mapping[str, Array]
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
            projects=tuple(part for investment in investments for part in self._parts(investment)),
            coefficients={name: self._coefficient(first, name) for name in GROUP_COEFFICIENTS},
            path=self._own_path(first),
            sector=first.sector,
            makes=PRODUCTS.index(product_priors().sectors[first.sector].makes),
            buys=product_bought(first.sector),
            share_of_product=share_of_product(self.found, self.within, first.sector),
            duty=duty_on_finished(first.sector, self.origin, self.origin + 1),
        )

    def _own_path(self, investment: Investment) -> LocalizationPath | None:
        if investment.localization is not None:
            return compiled_path(f"investments.{investment.id}.localization", investment.localization)
        return self._sector_path(investment.sector) if investment.sector in self.scenario.sector_localization else None

    def _coefficient(self, investment: Investment, name: str) -> Input:
        if name in investment.coefficients:
            return Stated(f"investments.{investment.id}.{name}", investment.coefficients[name])
        return self.of_sector(investment.sector, name)

    def of_sector(self, sector: str, name: str) -> Input:
        """A coefficient of a sector, as judged in the scenario or as fitted."""
        judged = self.scenario.sector_coefficients.get(sector, {})
        if name in judged:
            return Stated(f"sectors.{sector}.{name}", judged[name])
        return Fitted(self.columns.setdefault((sector, name), len(self.columns)))

    def existing(self, policy: Policy | None) -> tuple[Existing, ...]:
        """Affiliates that exist, of the sectors whose purchases leave the fitted path."""
        own = {name: self._sector_path(name) for name in self.scenario.sector_localization}
        path, taxed = compiled_path("localization", self.scenario.localization), policy.taxed if policy else ()
        return existing_off_path(year_of(self.origin), path, own, taxed, self.of_sector)

    def _sector_path(self, sector: str) -> LocalizationPath:
        return compiled_path(f"localization.sectors.{sector}", self.scenario.sector_localization[sector])

    def _parts(self, investment: Investment) -> list[Project]:
        """The project an investment is, or its phases as a project each."""
        if not investment.phases:
            return [self._project(investment)]
        return [self._phase(investment, phase) for phase in investment.phases]

    def _phase(self, investment: Investment, phase: Phase) -> Project:
        dates = {name: getattr(phase, name) for name in ("construction_start", "production_start")}
        part = self._project(replace(investment, **dates))
        address = f"{part.stream}.phases.{phase.id}"
        distributions = {**dates, "probability": phase.probability}
        start, production, chance = (
            stated_input(f"{address}.{name}", distribution) for name, distribution in distributions.items()
        )
        part = replace(part, construction_start=start, production_start=production, chance=chance)
        return replace(part, phase=phase.id, share=phase.share)

    def _project(self, investment: Investment) -> Project:
        def judged(name: str, distribution: Distribution) -> Stated:
            return Stated(f"investments.{investment.id}.{name}", distribution)

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
            production_end=stated_input(f"investments.{investment.id}.production_end", investment.production_end),
            tie=self._tie(investment),
        )

    def _tie(self, investment: Investment) -> Tie:
        """Ties to others; a programme that is cut does not undo what runs already."""
        programmes = () if self._runs(investment) else self.scenario.programmes
        held = [programme for programme in programmes if programme.holds(investment.id, investment.company)]
        cuts = tuple(_cut(programme) for programme in held)
        named = investment.when.tariff if investment.when is not None else None
        when = next((compiled_duty(tariff, {}) for tariff in self.scenario.tariffs if tariff.id == named), None)
        return Tie(investment.requires, investment.excludes, investment.same_fate_as, cuts, when)

    def _construction_start(self, investment: Investment) -> Distribution | None:
        if investment.construction_start is None and investment.kind == "acquisition":
            return Constant(investment.announced)
        return investment.construction_start

    def _production_start(self, investment: Investment) -> Distribution | None:
        if investment.production_start is None and investment.kind == "acquisition":
            return Constant(investment.announced)
        return investment.production_start

    def _fate(self, investment: Investment) -> dict[str, Stated | None]:
        """Probability, slip and scale: as stated, else certain for a plant already running, else None, as learned."""
        runs = self._runs(investment)
        certain = {"probability": 1.0, "slip": 0.0, "scale": 1.0}
        stated = {name: getattr(investment, name) for name in certain}
        distributions = {
            name: Constant(certain[name]) if runs and distribution is None else distribution
            for name, distribution in stated.items()
        }
        address = f"investments.{investment.id}"
        return {
            name: None if distribution is None else Stated(f"{address}.{name}", distribution)
            for name, distribution in distributions.items()
        }

    def _runs(self, investment: Investment) -> bool:
        """Whether it produces at the origin."""
        production = self._production_start(investment)
        return production is not None and float(production.ppf(np.array(1 - 1e-9))) <= self.origin + 1

    def _outlook(self, investment: Investment) -> int:
        return self.outlooks.setdefault((investment.kind, investment.sector), len(self.outlooks))


def _cut(programme: Programme) -> Cut:
    stream = f"programmes.{programme.id}"
    probability = stated_input(f"{stream}.probability", programme.probability)
    return Cut(stream, probability, stated_input(f"{stream}.scale", programme.scale))


def _group_name(investment: Investment) -> str:
    stands_alone = investment.localization is not None or set(GROUP_COEFFICIENTS) & set(investment.coefficients)
    return f"investment {investment.id}" if stands_alone else f"sector {investment.sector}"


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
    found = composition(known.trade, known.bridge, day_of(known.as_of))
    compiler = Compiler(scenario, origin, found, shares_within(found), {}, {})
    compiled, policy = compiler.groups(), compiled_policy(scenario, origin, compiler.within)
    products = compiled_products(scenario, found)
    existing = compiler.existing(policy)
    machinery = compiled_machinery(compiler.of_sector(REST, "price_growth")) if compiled else None
    pipeline = compiled_pipeline(scenario, known) if compiled else None
    rows = {model: draws_last(groups[model]) for model in PROCESSES if model in groups}
    running = known.trade.known_months() if "running" in groups else None
    if running is None:
        rows["carry_over"] = draws_last({name: groups["carry_over"][name] for name in ("shift", "kept")})
    n_periods = 4 * (scenario.horizon + 1) - (origin + 1)
    plan = Plan(
        origin=origin,
        n_periods=n_periods,
        basis=scenario.basis,
        record=round(known.records[scenario.basis][1], 1),
        history=np.log(np.column_stack([known.trade.exports, known.trade.imports])),
        observed=known.trade.observed_in_year(),
        running=running,
        rows=rows | {"realisation": combined(groups["realisation"], list(compiler.outlooks))},
        sector_rows=coefficient_rows(groups["sectors"]["coefficients"], compiler.columns),
        groups=compiled,
        path=compiled_path("localization", scenario.localization),
        products=products,
        machinery=machinery,
        policy=policy,
        existing=existing,
        pipeline=pipeline,
        conditions=compiled_conditions(scenario.drivers, origin, n_periods, known.drivers.level(origin)),
        shocks=compiled_shocks(scenario.shocks),
        mixes=_mixes(scenario),
        outlooks=tuple(compiler.outlooks),
        columns=tuple(compiler.columns),
    )
    unstated = [item.output for item in existing] + ([machinery.delay, machinery.wear_rate] if machinery else [])
    beside = (*inputs_of_pipeline(pipeline), *inputs_of_products(products))
    stated = (*uncertain_inputs(scenario, origin), *map(_of_plants, unstated), *beside)
    return replace(plan, inputs=registry(plan, stated))


def _of_plants(stated: Stated) -> UncertainInput:
    """A number that no scenario states."""
    return UncertainInput(stated.stream, "coefficients", stated.distribution)


def compiled_machinery(price_growth: Input) -> Machinery:
    """When machines of plants come and go, as believed of all, at prices that grow."""
    priors = load_priors()
    delay, wear_rate = (
        Stated(f"installed_base.{name}", priors[name].distribution) for name in ("equipment_delay", "wear_rate")
    )
    return Machinery(delay, wear_rate, price_growth)


def compile_run(assumed: AnyScenario, posterior: Posterior, known: Vintage, *, prior: bool = False) -> RunPlan:
    """The plans of all branches of a scenario or mixture, see `compile_plan`.

    Raises:
        RunError: the posterior was fitted up to another quarter than the last one known.
    """
    branches = assumed.branches
    weights = tuple(Stated(f"mixture.{branch.label}.weight", branch.weight) for branch in branches)
    return RunPlan(
        labels=tuple(branch.label for branch in branches),
        weights=() if assumed.single is not None else weights,
        plans=tuple(compile_plan(branch.scenario, posterior, known, prior=prior) for branch in branches),
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
