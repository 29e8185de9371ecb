"""A frozen `Scenario`: every key of its file, loaded from YAML, dumped to it, and identified by a digest.

Every description completes the sentence "expected ...", so that published schema and error messages say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Annotated, Any, Literal, NoReturn, TypeAlias

import numpy as np
from pydantic import AfterValidator, AliasPath, BeforeValidator, Field, PlainValidator, ValidationError
from pydantic_core import PydanticKnownError

from forecast import shown
from forecast.economics.uncertain_inputs import EVENTS
from forecast.errors import Located, ScenarioError, got
from forecast.scenario.dates import DEFAULT_HORIZON, FIRST_HORIZON, LAST_HORIZON, Day, QuarterIndex
from forecast.scenario.dependencies import Correlation, Programme
from forecast.scenario.drivers import PathsByName, Shock
from forecast.scenario.entity import ID, ById, SectorName, Sources, Written, entity, keys, plain, read
from forecast.scenario.entries import last_observed
from forecast.scenario.inputs import uncertain_inputs
from forecast.scenario.investments import Investment, SectorCoefficients
from forecast.scenario.layers import Layered, layered, several
from forecast.scenario.localization import FITTED, StatedPath, plain_path
from forecast.scenario.memory import AS_FITTED, Memory
from forecast.scenario.overrides import with_effect
from forecast.scenario.policy import ImportCommitment, Tariff
from forecast.scenario.rules import correlation_problems, review
from forecast.scenario.schema_errors import complaints, strangers, without
from forecast.stats.distributions import Constant
from forecast.stats.specs import Amount
from forecast.storage.documents import MAX_ITEMS, Node, scenario_path, yaml_text
from forecast.storage.files import json_digest

NAME = "[a-z0-9][a-z0-9-]{0,63}"


def _entries(what: str) -> Any:
    return Field(max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} {what}")


def _without_sectors(path: Any) -> Any:
    return {key: item for key, item in path.items() if key != "sectors"} if isinstance(path, Mapping) else path


def _no_key(_: Any) -> NoReturn:
    raise PydanticKnownError("extra_forbidden")


Name: TypeAlias = Annotated[
    str, Field(pattern=f"^{NAME}$", description="1 to 64 lower-case letters, digits and hyphens, such as hyundai-2026")
]
Title: TypeAlias = Annotated[
    str, Field(pattern=r"^[^\r\n]{1,120}$", description="one line of 1 to 120 characters; if left out, the name")
]
Description: TypeAlias = Annotated[str, Field(max_length=3000, description="text of at most 3000 characters")]
KoreanTitle: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[^\r\n]{1,120}$", description="the title in Korean, one line; if left out, the title as it is"),
]
KoreanDescription: TypeAlias = Annotated[
    str, Field(max_length=3000, description="the description in Korean; if left out, the description as it is")
]
OnTop: TypeAlias = Annotated[tuple[str, ...], PlainValidator(_no_key), Field(alias="-s", exclude=True)]
"""What was set on the command line, which is no key of a file."""


@entity
@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything a run assumes beyond data and fitted parameters.

    Entries of lists are sorted by id. A driver without a path moves as fitted. `overrides` is what was set on top of
    the file, as it was written; its values are in the rest.
    """

    name: Name
    title: Title = ""
    title_ko: KoreanTitle = ""
    description: Description = ""
    description_ko: KoreanDescription = ""
    origin: Annotated[
        QuarterIndex | None,
        Field(description="the last observed quarter, such as 2026Q2; if left out, the last one in the data"),
    ] = None
    as_of: Annotated[
        Day | None,
        Field(description="the day up to which data count as known, such as 2026-11-01; if left out, all data count"),
    ] = None
    horizon: Annotated[
        int,
        Field(
            strict=True,
            ge=FIRST_HORIZON,
            le=LAST_HORIZON,
            description=f"the last year simulated, a whole number up to {LAST_HORIZON}",
        ),
    ] = DEFAULT_HORIZON
    basis: Annotated[
        Literal["korea_customs", "us_census"],
        Field(description="korea_customs or us_census: the statistical book of the headline"),
    ] = "korea_customs"
    investments: Annotated[tuple[Investment, ...], ById, _entries("investments")] = ()
    localization: Annotated[
        StatedPath,
        BeforeValidator(_without_sectors),
        Field(description="a mapping with path: how purchases of all affiliates move"),
    ] = FITTED
    sector_localization: Annotated[
        Mapping[SectorName, StatedPath],
        BeforeValidator(lambda sectors: {} if sectors is None else sectors),
        AfterValidator(lambda sectors: dict(sorted(sectors.items()))),
        Field(
            validation_alias=AliasPath("localization", "sectors"),
            description="a mapping from sector names to paths of their own",
        ),
    ] = field(default_factory=dict)
    sector_coefficients: Annotated[
        SectorCoefficients,
        Field(alias="overrides", description="a mapping with sectors: what differs from the sector priors"),
    ] = field(default_factory=dict)
    sources: Sources = ()
    tariffs: Annotated[tuple[Tariff, ...], ById, _entries("changes of US tariffs")] = ()
    import_commitments: Annotated[
        tuple[ImportCommitment, ...], ById, _entries("purchases that Korea has promised")
    ] = ()
    drivers: Annotated[
        PathsByName,
        Field(description="a mapping from us_output, won_per_dollar or oil to the path of that driver"),
    ] = field(default_factory=dict)
    future_announcements: Annotated[
        Amount | None,
        Field(
            description="how many plants are announced after the origin, over the pace of the record: 0 for none; "
            "if left out, 1"
        ),
    ] = None
    shocks: Annotated[tuple[Shock, ...], ById, _entries("shocks")] = ()
    memory: Annotated[Memory, Field(description="a mapping with path: how exports of memory move")] = AS_FITTED
    programmes: Annotated[tuple[Programme, ...], ById, _entries("programmes that are cut as a whole")] = ()
    correlations: Annotated[tuple[Correlation, ...], _entries("correlations between uncertain inputs")] = ()
    overrides: OnTop = field(default=(), compare=False)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Itself alone: a scenario is a mixture of one branch."""
        return (Branch(self, Constant(1.0)),)

    @property
    def single(self) -> Scenario:
        """Itself; a mixture of weighed branches has none."""
        return self

    def plot(self) -> Any:
        """When every plant is built and runs, a figure of matplotlib."""
        return shown("plots.scenario.timeline_chart", self)

    def plot_purchases(self) -> Any:
        """Where Korean affiliates buy, as observed and assumed from here on, a figure of matplotlib."""
        return shown("plots.scenario.purchases_chart", self)

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.scenario_html", self))

    def with_branches(self, scenarios: Sequence[Scenario]) -> Scenario:
        """The one scenario in place of itself."""
        (scenario,) = scenarios
        return scenario


def dump_scenario(scenario: Scenario) -> str:
    """YAML text that loads to an equal scenario: every layer and override resolved, defaults written out."""
    return yaml_text(plain_scenario(scenario))


def plain_scenario(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the plain mapping that its YAML file holds; absent keys are left out."""
    written = plain(scenario) | {"horizon": scenario.horizon, "basis": scenario.basis}
    sectors = written.get("sector_localization", {})
    written["localization"] = plain_path(scenario.localization) | ({"sectors": sectors} if sectors else {})
    return {key: written[key] for key in keys(Scenario) if key in written}


def scenario_digest(scenario: Scenario) -> str:
    """SHA-256 of the name and of all that can change a number, in hexadecimal.

    Independent of key order, comments, layering and the way a number is written; titles, descriptions,
    names in Korean and sources do not enter, so that mending a text does not void a run.
    """
    texts: dict[str, Any] = dict.fromkeys(("title", "title_ko", "description", "description_ko"), "")
    plain = plain_scenario(replace(scenario, **texts, sources=()))
    for entry in [entry for group in ("investments", *EVENTS) for entry in plain.get(group, [])]:
        for key in ("sources", "project_ko"):
            entry.pop(key, None)
    return json_digest(plain)


def _stated(scenario: Any) -> Any:
    if isinstance(scenario, str) or (isinstance(scenario, Mapping) and scenario):
        return scenario
    where = "the name of a shipped scenario, a file beside this one or in a folder below it, or a scenario"
    raise ValueError(f"{got(scenario)}, expected {where}")


@entity
@dataclass(frozen=True, slots=True)
class Branch:
    """One of the scenarios that a mixture weighs.

    The one branch of a scenario by itself has no label.
    """

    scenario: Annotated[
        Scenario,
        Written(Any, _stated, plain_scenario),
        Field(description="a shipped scenario, a file beside this one or in a folder below, or a scenario stated here"),
    ]
    weight: Annotated[
        Amount, Field(description="weight of the branch, 0 or more; weights are scaled to sum to one in each draw")
    ]
    label: Annotated[
        str,
        Field(
            pattern=ID,
            description="1 to 64 letters, digits, hyphens and underscores; if left out, the name of the scenario",
        ),
    ] = ""


def load_scenario(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Scenario:
    """The scenario a YAML file or a shipped name states, with `key.path=value` overrides applied on top.

    Raises:
        ScenarioError: carries every problem of the file, of the files it extends and of the overrides.
    """
    path = scenario_path(path)
    return scenario_of(layered(path, several(overrides)), str(path))


def scenario_of(layers: Layered, top: str) -> Scenario:
    """The scenario that merged layers state; `top` is the file that comes first among the problems.

    Raises:
        ScenarioError: carries every problem.
    """
    with np.errstate(all="ignore"):  # extreme parameters overflow to infinity, which the bounds refuse
        unknown = strangers(layers)
        root = without(layers.root, unknown)
        problems, unread = [*layers.problems, *unknown.values(), *review(root)], set[str]()
        plain: dict[str, Any] = {key: node.plain() for key, node in root.fields.items()}
        try:
            scenario = frozen_scenario(plain)
        except ValidationError as error:
            problems += complaints(root, error, Scenario)
            unread = {str(detail["loc"][0]) for detail in error.errors(include_url=False)}
            accepted = {key: value for key, value in plain.items() if key not in unread}
            scenario = frozen_scenario({"name": "any", **accepted})
        if "correlations" in root.fields:
            problems += correlation_problems(root, uncertain_inputs(scenario, last_observed(root)), unread)
    if problems:
        raise ScenarioError(sorted(problems, key=lambda problem: reading_order(problem, top)))
    return replace(scenario, overrides=_overrides_with_effect(layers, scenario))


def _overrides_with_effect(layers: Layered, scenario: Scenario) -> tuple[str, ...]:
    """Overrides but for those without which the scenario is the same one."""
    kept = with_effect(range(len(layers.overrides)), lambda rest: _stated_by(layers.with_overrides(rest)) == scenario)
    return tuple(layers.overrides[place] for place in kept)


def _stated_by(root: Node | None) -> Scenario | None:
    """The scenario that a tree states; None where it states none, be it for want of what an override adds."""
    if root is None:
        return None
    try:
        with np.errstate(all="ignore"):
            return frozen_scenario({key: node.plain() for key, node in root.fields.items()})
    except ValidationError:
        return None


def frozen_scenario(plain: Mapping[str, Any]) -> Scenario:
    """The scenario that `plain_scenario` states: no rule is asked again."""
    scenario = read(Scenario, plain)
    return replace(scenario, title=scenario.title or scenario.name)


def reading_order(problem: Located, top: str) -> tuple[bool, bool, str, int, int]:
    """The top file first, then those it extends, then the command line."""
    return problem.line == 0, problem.file != top, problem.file, problem.line, problem.column
