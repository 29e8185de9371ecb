"""The keys of a scenario file: what each means, its unit, and what it accepts.

Every description completes the sentence "expected ...", so that published schema and error messages say the same.
Out of scope: rules between values, such as umbrellas and the order of dates (that is `rules`).

How a mixture of scenarios is written in YAML: its branches, and the keys that may stand beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from forecast.documents import MAX_ITEMS
from forecast.scenario.dates import DEFAULT_HORIZON, Day, QuarterIndex
from forecast.scenario.dependencies import Correlation, Programme
from forecast.scenario.drivers import DriverPaths, Shock
from forecast.scenario.entity import ID, ById, SectorName, Sources
from forecast.scenario.investments import Coefficients, Investment
from forecast.scenario.localization import FittedEverywhere, LocalizationEverywhere
from forecast.scenario.policy import ImportCommitment, Tariff
from forecast.stats.specs import Amount, Model

MOST_BRANCHES = 20

BESIDE = ("name", "title", "description", "sources")
"""Keys that a mixture has in common with a scenario."""


class Branch(Model):
    """One of the scenarios that a mixture weighs."""

    scenario: str | Mapping[str, Any] = Field(
        description="a shipped scenario, a file beside this one or in a folder below, or a scenario stated here"
    )
    weight: Amount = Field(description="weight of the branch, 0 or more; weights are scaled to sum to one in each draw")
    label: str | None = Field(
        None,
        pattern=ID,
        description="1 to 64 letters, digits, hyphens and underscores; if left out, the name of the scenario",
    )


class Branches(Model):
    """What makes a file a mixture of scenarios."""

    mixture: tuple[Branch, ...] = Field(
        min_length=1,
        max_length=MOST_BRANCHES,
        description=f"a list of 1 to {MOST_BRANCHES} branches with scenario and weight, of which every draw follows "
        f"one; beside it stand {', '.join(BESIDE)} alone",
    )


FIRST_HORIZON, LAST_HORIZON = 2000, 2060


class Overrides(Model):
    """What differs from the sector priors."""

    sectors: Mapping[SectorName, Coefficients] = Field(
        {}, description="a mapping from sector names to mappings from coefficient names to numbers"
    )


class ScenarioFile(Model):
    """A scenario, after its layers are merged."""

    extends: str | tuple[str, ...] | None = Field(
        None,
        description="a file, or a list of files, that this one changes: beside this file or in a folder below, or a "
        "shipped scenario by its name",
    )
    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="1 to 64 lower-case letters, digits and hyphens, such as hyundai-2026",
    )
    title: str | None = Field(
        None, pattern=r"^[^\r\n]{1,120}$", description="one line of 1 to 120 characters; if left out, the name"
    )
    description: str = Field("", max_length=3000, description="text of at most 3000 characters")
    origin: QuarterIndex | None = Field(
        None, description="the last observed quarter, such as 2026Q2; if left out, the last one in the data"
    )
    as_of: Day | None = Field(
        None, description="the day up to which data count as known, such as 2026-11-01; if left out, all data count"
    )
    horizon: int = Field(
        DEFAULT_HORIZON,
        ge=FIRST_HORIZON,
        le=LAST_HORIZON,
        description=f"the last year simulated, a whole number up to {LAST_HORIZON}",
    )
    basis: Literal["korea_customs", "us_census"] = Field(
        "korea_customs", description="korea_customs or us_census: the statistical book of the headline"
    )
    investments: Annotated[tuple[Investment, ...], ById] = Field(
        (), max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} investments"
    )
    localization: LocalizationEverywhere = Field(
        FittedEverywhere(path="fitted"), description="a mapping with path: how purchases of all affiliates move"
    )
    overrides: Overrides = Field(Overrides(), description="a mapping with sectors: what differs from the sector priors")
    sources: Sources = ()
    tariffs: Annotated[tuple[Tariff, ...], ById] = Field(
        (), max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} changes of US tariffs"
    )
    import_commitments: Annotated[tuple[ImportCommitment, ...], ById] = Field(
        (), max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} purchases that Korea has promised"
    )
    drivers: DriverPaths = Field(
        DriverPaths(), description="a mapping from us_output, won_per_dollar or oil to the path of that driver"
    )
    shocks: Annotated[tuple[Shock, ...], ById] = Field(
        (), max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} shocks"
    )
    programmes: Annotated[tuple[Programme, ...], ById] = Field(
        (), max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} programmes that are cut as a whole"
    )
    correlations: tuple[Correlation, ...] = Field(
        (), max_length=MAX_ITEMS, description=f"a list of at most {MAX_ITEMS} correlations between uncertain inputs"
    )
