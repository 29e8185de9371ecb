"""What is assumed: a frozen `Scenario`, and the way from YAML text to it and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

import numpy as np
from pydantic import ValidationError

from forecast.dims import LEVERS
from forecast.documents import present, yaml_text
from forecast.errors import Located, ScenarioError
from forecast.quarters import format_quarter, parse_quarter
from forecast.scenario import policy, schema
from forecast.scenario.dates import date_law, date_text, plain_date_law, position
from forecast.scenario.dependencies import (
    AssumedCorrelation,
    AssumedPhase,
    AssumedProgramme,
    correlation,
    phase,
    plain_correlation,
    plain_phase,
    plain_programme,
    programme,
)
from forecast.scenario.drivers import AssumedShock, DriverPath, driver_paths, plain_driver_paths, plain_shock, shocks
from forecast.scenario.entity import plain
from forecast.scenario.layers import Layered, layered
from forecast.scenario.localization import AssumedLocalization, assumed_path, plain_path
from forecast.scenario.money import money_law
from forecast.scenario.rules import review
from forecast.scenario.schema import ScenarioFile
from forecast.scenario.schema_errors import complaints, strangers, without
from forecast.stats.distributions import Constant, Law
from forecast.stats.specs import law, optional, plain_law
from forecast.storage import json_digest


@dataclass(frozen=True, slots=True)
class Investment:
    """One announcement, as assumed.

    Attributes:
        id: name of the announcement, and of its random streams.
        company: investor.
        project: what is built or bought.
        sector: one of `sectors.SECTORS`.
        kind: `greenfield`, `expansion`, `acquisition`, or `pledge` (an umbrella, never simulated itself).
        amount: stated size, bn USD.
        announced: date of the announcement, on the quarter axis.
        construction_start: date on the quarter axis.
        production_start: planned date on the quarter axis, before any slip.
        new_capex: capital expenditure that follows an acquisition, bn USD.
        part_of: id of the pledge that holds it.
        probability: chance that it goes ahead; None for the fitted one.
        slip: delay of `production_start`, quarters; None for the fitted one.
        scale: realised over stated amount; None for the fitted one.
        coefficients: sector coefficients that differ for this investment, by name.
        localization: path of its own; None for that of its sector.
        sources: addresses of the evidence.
        production_end: date on the quarter axis from which nothing is made; None for never.
        phases: its parts, which hold the dates where there are any.
        requires, excludes: ids of which all, or none, must go ahead for it to do so.
        same_fate_as: id of the investment whose draw of going ahead it shares.
    """

    id: str
    company: str
    project: str
    sector: str
    kind: str
    amount: Law
    announced: float
    construction_start: Law | None
    production_start: Law | None
    new_capex: Law
    part_of: str | None
    probability: Law | None
    slip: Law | None
    scale: Law | None
    coefficients: Mapping[str, Law]
    localization: AssumedLocalization | None
    sources: tuple[str, ...]
    production_end: Law | None = None
    phases: tuple[AssumedPhase, ...] = ()
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    same_fate_as: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a run assumes beyond data and fitted parameters.

    Attributes:
        name: slug; the directory of its results.
        title: one line for tables and plots.
        description: prose.
        origin: last observed quarter, as a quarter index; None for the last one in the data.
        as_of: day up to which data count as known, as `2026-11-01`.
        horizon: last calendar year simulated.
        basis: statistical book of the headline, one of `dims.BASES`.
        investments: sorted by id.
        localization: path of all affiliates.
        sector_localization: paths of single sectors.
        sector_coefficients: coefficients that differ from the sector priors, by sector and name.
        sources: addresses of the evidence.
        tariffs, import_commitments: levers of trade policy, each sorted by id.
        drivers: paths of drivers by name; a driver without one moves as fitted.
        shocks: sorted by id.
        programmes: announcements that are cut as a whole, sorted by id.
        correlations: rank correlations between inputs.
        overrides: what was set on top of its file, as it was written; its values are in the rest.
    """

    name: str
    title: str
    description: str
    origin: int | None
    as_of: str | None
    horizon: int
    basis: str
    investments: tuple[Investment, ...]
    localization: AssumedLocalization
    sector_localization: Mapping[str, AssumedLocalization]
    sector_coefficients: Mapping[str, Mapping[str, Law]]
    sources: tuple[str, ...]
    tariffs: tuple[policy.Tariff, ...] = ()
    import_commitments: tuple[policy.ImportCommitment, ...] = ()
    drivers: Mapping[str, DriverPath] = field(default_factory=dict)
    shocks: tuple[AssumedShock, ...] = ()
    programmes: tuple[AssumedProgramme, ...] = ()
    correlations: tuple[AssumedCorrelation, ...] = ()
    overrides: tuple[str, ...] = field(default=(), compare=False)


def load_scenario(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario a YAML file states, with `key.path=value` overrides applied on top.

    Raises:
        ScenarioError: carries every problem of the file, of the files it extends and of the overrides.
    """
    return scenario_of(layered(path, overrides), str(path))


def scenario_of(layers: Layered, top: str) -> Scenario:
    """The scenario that merged layers state; `top` is the file that comes first among the problems.

    Raises:
        ScenarioError: carries every problem.
    """
    with np.errstate(all="ignore"):  # extreme parameters overflow to infinity, which the bounds refuse
        unknown = strangers(layers)
        root = without(layers.root, unknown)
        problems = [*layers.problems, *unknown.values(), *review(root)]
        try:
            stated = ScenarioFile.model_validate(root.plain())
        except ValidationError as error:
            problems += complaints(root, error)
    if problems:
        raise ScenarioError(sorted(problems, key=lambda problem: reading_order(problem, top)))
    return replace(_scenario(stated), overrides=layers.overrides)


def frozen_scenario(plain: Mapping[str, Any]) -> Scenario:
    """The scenario that `plain_scenario` states: no rule is asked again."""
    return _scenario(ScenarioFile.model_validate(plain))


def reading_order(problem: Located, top: str) -> tuple[bool, bool, str, int, int]:
    """The top file first, then those it extends, then the command line."""
    return problem.line == 0, problem.file != top, problem.file, problem.line, problem.column


def _scenario(stated: ScenarioFile) -> Scenario:
    investments = sorted(map(_investment, stated.investments), key=lambda investment: investment.id)
    sectors = stated.localization.sectors
    return Scenario(
        name=stated.name,
        title=stated.title or stated.name,
        description=stated.description,
        origin=None if stated.origin is None else parse_quarter(stated.origin),
        as_of=stated.as_of,
        horizon=stated.horizon,
        basis=stated.basis,
        investments=tuple(investments),
        localization=assumed_path(stated.localization),
        sector_localization={name: assumed_path(path) for name, path in sorted(sectors.items())},
        sector_coefficients={name: _laws(group) for name, group in sorted(stated.overrides.sectors.items())},
        sources=stated.sources,
        tariffs=stated.tariffs,
        import_commitments=stated.import_commitments,
        drivers=driver_paths(stated.drivers),
        shocks=shocks(stated.shocks),
        programmes=tuple(map(programme, sorted(stated.programmes, key=lambda entry: entry.id))),
        correlations=tuple(map(correlation, stated.correlations)),
    )


def _investment(stated: schema.Investment) -> Investment:
    announced = position(stated.announced)
    return Investment(
        id=stated.id,
        company=stated.company,
        project=stated.project,
        sector=stated.sector,
        kind=stated.kind,
        amount=money_law(stated.amount, announced),
        announced=announced,
        construction_start=optional(date_law, stated.construction_start),
        production_start=optional(date_law, stated.production_start),
        new_capex=money_law(stated.new_capex or 0.0, announced),
        part_of=stated.part_of,
        probability=optional(law, stated.probability),
        slip=optional(law, stated.slip),
        scale=optional(law, stated.scale),
        coefficients=_laws(stated.overrides),
        localization=optional(assumed_path, stated.localization),
        sources=stated.sources,
        production_end=optional(date_law, stated.production_end),
        phases=tuple(map(phase, sorted(stated.phases, key=lambda part: part.id))),
        requires=tuple(sorted(stated.requires)),
        excludes=tuple(sorted(stated.excludes)),
        same_fate_as=stated.same_fate_as,
    )


def _laws(specs: Mapping[str, Any]) -> dict[str, Law]:
    return {name: law(spec) for name, spec in sorted(specs.items())}


def dump_scenario(scenario: Scenario) -> str:
    """YAML text that loads to an equal scenario: every layer and override resolved, defaults written out."""
    return yaml_text(plain_scenario(scenario))


def plain_scenario(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the plain mapping that its YAML file holds; absent keys are left out."""
    sectors = {name: plain_path(path) for name, path in scenario.sector_localization.items()}
    coefficients = {name: _plain_laws(group) for name, group in scenario.sector_coefficients.items()}
    return present(
        name=scenario.name,
        title=scenario.title,
        description=scenario.description,
        origin=None if scenario.origin is None else format_quarter(scenario.origin),
        as_of=scenario.as_of,
        horizon=scenario.horizon,
        basis=scenario.basis,
        investments=[_plain_investment(investment) for investment in scenario.investments],
        localization=plain_path(scenario.localization) | present(sectors=sectors),
        overrides=present(sectors=coefficients),
        sources=list(scenario.sources),
        tariffs=list(map(plain, scenario.tariffs)),
        import_commitments=list(map(plain, scenario.import_commitments)),
        drivers=plain_driver_paths(scenario.drivers),
        shocks=list(map(plain_shock, scenario.shocks)),
        programmes=list(map(plain_programme, scenario.programmes)),
        correlations=list(map(plain_correlation, scenario.correlations)),
    )


def _plain_investment(investment: Investment) -> dict[str, Any]:
    acquired = investment.new_capex != Constant(0.0)
    return present(
        id=investment.id,
        company=investment.company,
        project=investment.project,
        sector=investment.sector,
        kind=investment.kind,
        amount=plain_law(investment.amount),
        announced=date_text(investment.announced),
        construction_start=optional(plain_date_law, investment.construction_start),
        production_start=optional(plain_date_law, investment.production_start),
        new_capex=plain_law(investment.new_capex) if acquired else None,
        part_of=investment.part_of,
        probability=optional(plain_law, investment.probability),
        slip=optional(plain_law, investment.slip),
        scale=optional(plain_law, investment.scale),
        overrides=_plain_laws(investment.coefficients),
        localization=optional(plain_path, investment.localization),
        sources=list(investment.sources),
        production_end=optional(plain_date_law, investment.production_end),
        phases=list(map(plain_phase, investment.phases)),
        requires=list(investment.requires),
        excludes=list(investment.excludes),
        same_fate_as=investment.same_fate_as,
    )


def _plain_laws(laws: Mapping[str, Law]) -> dict[str, Any]:
    return {name: plain_law(value) for name, value in laws.items()}


def scenario_digest(scenario: Scenario) -> str:
    """SHA-256 of the name and of all that can change a number, in hexadecimal.

    Independent of key order, comments, layering and the way a number is written; title, description and sources do not
    enter, so that mending a text does not void a run.
    """
    plain = plain_scenario(replace(scenario, title="", description="", sources=()))
    for entry in [entry for group in ("investments", "shocks", *LEVERS) for entry in plain.get(group, [])]:
        entry.pop("sources", None)
    return json_digest(plain)
