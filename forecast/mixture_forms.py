"""How a mixture of scenarios is written in YAML: its branches, and the keys that may stand beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from forecast.entries import ID
from forecast.laws import Amount, Model

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
