"""The branches of a mixture on a page: how often each is followed, what it says of the last year, what it assumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

from forecast.assumptions import Account, account
from forecast.branch_table import Followed, followed
from forecast.branches import Branch
from forecast.figures import Grid, Row, Told, unit_of
from forecast.languages import Language
from forecast.mixtures import ScenarioMixture
from forecast.numerals import ends
from forecast.sentences import MEDIAN

ABSENT = "–"


def branch_levels(each: Told, language: Language) -> Grid | None:
    """Weight and share of every branch, its surplus and what its announcements add, and the same of all draws.

    None for a run of one scenario.
    """
    if not isinstance(each.world, ScenarioMixture):
        return None
    found = _followed(each)
    effects = tuple(next(iter(found.values())).effects)
    headings = [language.text(f"columns.{name}") for name in ("branch", "weight", "draws", "median", "interval_80")]
    rows = [_cells(branch, found.get(branch.label), effects, language) for branch in each.world.branches]
    return Grid(
        language.text("branches.caption", year=each.results.statistics.years[-1], **unit_of(each.results, language)),
        [*headings, *(_heading(name, language) for name in effects)],
        [Row(cells) for cells in (*rows, _whole(each, effects, language))],
    )


def _heading(effect: str, language: Language) -> str:
    if effect == "investment_effect":
        return language.text("columns.announcements")
    return language.text("columns.lever", lever=language.text(f"levers.{effect}"))


def branch_words(branch: Branch, each: Told, language: Language) -> str:
    """The weight of a branch as stated, and the share of draws that follow it."""
    found = _followed(each).get(branch.label)
    share = language.share(0.0 if found is None else round(found.share, 3))
    return language.text("branches.weight", weight=language.number(branch.weight), share=share)


def branch_name(branch: Branch) -> str:
    """Title of the scenario, and the label where it says more than the name of that."""
    title, label = branch.scenario.title, branch.label
    return title if label in (title, branch.scenario.name) else f"{title} · {label}"


def branch_accounts(
    mixture: ScenarioMixture, origin: float, language: Language
) -> tuple[Account, Mapping[str, Account]]:
    """What all branches assume alike, and by label what each assumes beyond that."""
    told = {branch.label: account(branch.scenario, origin, language) for branch in mixture.branches}
    differing = _differing(mixture)
    shared = {
        field.name: tuple(
            item
            for item in getattr(told[mixture.branches[0].label], field.name)
            if all(item in getattr(each, field.name) for each in told.values())
            and getattr(item, "name", None) not in differing
        )
        for field in fields(Account)
    }
    own = {
        label: Account(
            **{name: tuple(item for item in getattr(each, name) if item not in shared[name]) for name in shared}
        )
        for label, each in told.items()
    }
    return Account(**shared), own


def _differing(mixture: ScenarioMixture) -> set[str]:
    """Ids of entries that are not the same in all branches, even where the page tells no difference."""
    groups = ("investments", "tariffs", "import_commitments")
    entries = [
        {entry.id: entry for group in groups for entry in getattr(branch.scenario, group)}
        for branch in mixture.branches
    ]
    return {name for one in entries for name in one if any(other.get(name) != one[name] for other in entries)}


def _followed(each: Told) -> Mapping[str, Followed]:
    assert each.results.branches is not None
    return {branch.label: branch for branch in followed(each.results.branches)}


def _cells(branch: Branch, found: Followed | None, effects: Sequence[str], language: Language) -> list[str]:
    """Of a branch; one that no draw follows says nothing of the surplus."""
    head = [branch_name(branch), language.number(branch.weight)]
    if found is None:
        return [*head, language.share(0.0), ABSENT, ABSENT, *(ABSENT for _ in effects)]
    return [
        *head,
        language.share(round(found.share, 3)),
        language.amount(*found.median, places=0),
        language.span(found.span, places=0),
        *(language.amount(*found.effects[name], "+") for name in effects),
    ]


def _whole(each: Told, effects: Sequence[str], language: Language) -> list[str]:
    summary = each.results.statistics
    last = len(summary.years) - 1
    return [
        language.text("branches.whole"),
        "",
        language.share(1.0),
        language.amount(*summary.estimate("trade_balance", MEDIAN, last), places=0),
        language.span(ends(summary, "trade_balance", 80, last), places=0),
        *(language.amount(*summary.estimate(name, "mean", last), "+") for name in effects),
    ]
