"""A frozen `Scenario`: loaded from YAML, dumped to it, and identified by a digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

import numpy as np
from pydantic import ValidationError

from forecast.dims import POLICIES
from forecast.documents import Node, present, scenario_path, yaml_text
from forecast.errors import Located, Problem, ScenarioError
from forecast.quarters import format_quarter
from forecast.scenario import policy
from forecast.scenario.correlations import correlation_problems
from forecast.scenario.dependencies import Correlation, Programme
from forecast.scenario.drivers import DriverPath, Shock
from forecast.scenario.entity import plain
from forecast.scenario.entries import last_observed
from forecast.scenario.inputs import uncertain_inputs
from forecast.scenario.investments import Investment, plain_coefficients
from forecast.scenario.layers import Layered, layered
from forecast.scenario.localization import Localization, localization, plain_path
from forecast.scenario.rules import review
from forecast.scenario.schema import ScenarioFile
from forecast.scenario.schema_errors import complaints, strangers, without
from forecast.stats.distributions import Constant, Distribution
from forecast.storage import json_digest


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
        tariffs, import_commitments: policies of trade policy, each sorted by id.
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
    localization: Localization
    sector_localization: Mapping[str, Localization]
    sector_coefficients: Mapping[str, Mapping[str, Distribution]]
    sources: tuple[str, ...]
    tariffs: tuple[policy.Tariff, ...] = ()
    import_commitments: tuple[policy.ImportCommitment, ...] = ()
    drivers: Mapping[str, DriverPath] = field(default_factory=dict)
    shocks: tuple[Shock, ...] = ()
    programmes: tuple[Programme, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    overrides: tuple[str, ...] = field(default=(), compare=False)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Itself alone: a scenario is a mixture of one branch."""
        return (Branch("", Constant(1.0), self),)

    @property
    def single(self) -> Scenario:
        """Itself; a mixture of weighed branches has none."""
        return self

    def with_branches(self, scenarios: Sequence[Scenario]) -> Scenario:
        """The one scenario in place of itself."""
        (scenario,) = scenarios
        return scenario


@dataclass(frozen=True, slots=True)
class Branch:
    """A scenario that some or all draws follow.

    Attributes:
        label: its name among the branches, empty for a scenario by itself.
        weight: how often it is followed, relative to the others.
        scenario: what is assumed.
    """

    label: str
    weight: Distribution
    scenario: Scenario


def load_scenario(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario a YAML file or a shipped name states, with `key.path=value` overrides applied on top.

    Raises:
        ScenarioError: carries every problem of the file, of the files it extends and of the overrides.
    """
    path = scenario_path(path)
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
        problems += _correlation_problems(root)
    if problems:
        raise ScenarioError(sorted(problems, key=lambda problem: reading_order(problem, top)))
    return replace(_scenario(stated), overrides=layers.overrides)


def _correlation_problems(root: Node) -> Iterator[Problem]:
    """What is wrong with correlations, judged on all sections that the schema accepts."""
    if "correlations" not in root.fields or not root.fields["correlations"].items:
        return
    plain: dict[str, Any] = {key: node.plain() for key, node in root.fields.items() if key != "correlations"}
    plain["name"], unread = "any", set[str]()
    try:
        accepted = ScenarioFile.model_validate(plain)
    except ValidationError as error:
        unread = {str(detail["loc"][0]) for detail in error.errors(include_url=False)}
        accepted = ScenarioFile.model_validate({key: value for key, value in plain.items() if key not in unread})
    yield from correlation_problems(root, uncertain_inputs(_scenario(accepted), last_observed(root)), unread)


def frozen_scenario(plain: Mapping[str, Any]) -> Scenario:
    """The scenario that `plain_scenario` states: no rule is asked again."""
    return _scenario(ScenarioFile.model_validate(plain))


def reading_order(problem: Located, top: str) -> tuple[bool, bool, str, int, int]:
    """The top file first, then those it extends, then the command line."""
    return problem.line == 0, problem.file != top, problem.file, problem.line, problem.column


def _scenario(stated: ScenarioFile) -> Scenario:
    sectors = stated.localization.sectors
    return Scenario(
        name=stated.name,
        title=stated.title or stated.name,
        description=stated.description,
        origin=stated.origin,
        as_of=stated.as_of,
        horizon=stated.horizon,
        basis=stated.basis,
        investments=stated.investments,
        localization=localization(stated.localization),
        sector_localization=dict(sorted(sectors.items())),
        sector_coefficients=dict(sorted(stated.overrides.sectors.items())),
        sources=stated.sources,
        tariffs=stated.tariffs,
        import_commitments=stated.import_commitments,
        drivers=stated.drivers.by_name(),
        shocks=stated.shocks,
        programmes=stated.programmes,
        correlations=stated.correlations,
    )


def dump_scenario(scenario: Scenario) -> str:
    """YAML text that loads to an equal scenario: every layer and override resolved, defaults written out."""
    return yaml_text(plain_scenario(scenario))


def plain_scenario(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the plain mapping that its YAML file holds; absent keys are left out."""
    sectors = {name: plain_path(path) for name, path in scenario.sector_localization.items()}
    coefficients = {name: plain_coefficients(group) for name, group in scenario.sector_coefficients.items()}
    return present(
        name=scenario.name,
        title=scenario.title,
        description=scenario.description,
        origin=None if scenario.origin is None else format_quarter(scenario.origin),
        as_of=scenario.as_of,
        horizon=scenario.horizon,
        basis=scenario.basis,
        investments=list(map(plain, scenario.investments)),
        localization=plain_path(scenario.localization) | present(sectors=sectors),
        overrides=present(sectors=coefficients),
        sources=list(scenario.sources),
        tariffs=list(map(plain, scenario.tariffs)),
        import_commitments=list(map(plain, scenario.import_commitments)),
        drivers={name: plain(path) for name, path in scenario.drivers.items()},
        shocks=list(map(plain, scenario.shocks)),
        programmes=list(map(plain, scenario.programmes)),
        correlations=list(map(plain, scenario.correlations)),
    )


def scenario_digest(scenario: Scenario) -> str:
    """SHA-256 of the name and of all that can change a number, in hexadecimal.

    Independent of key order, comments, layering and the way a number is written; title, description and sources do not
    enter, so that mending a text does not void a run.
    """
    plain = plain_scenario(replace(scenario, title="", description="", sources=()))
    for entry in [entry for group in ("investments", "shocks", *POLICIES) for entry in plain.get(group, [])]:
        entry.pop("sources", None)
    return json_digest(plain)
