"""The account of a scenario on a terminal: every value, its standing and its origin; the cost of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.branching import MixturePlan, branches_of
from forecast.engine import Settings, block_streams
from forecast.examination import Examination
from forecast.layers import Layered
from forecast.phrases import Path, shortened, spelled
from forecast.pilot import Cost
from forecast.plan import Plan
from forecast.posterior import Posterior
from forecast.resolution import Value, coefficients, defaults, left_to_fit, left_to_shipped, stated, weighed

WIDTH = 132

_LEGEND = (
    "fixed: without a spread; judged: with one that was stated, here or in a prior; fitted: moved by data. "
    "`forecast explain` gives the evidence behind every prior."
)

_BRANCHES = (
    "Every draw follows one branch. What all branches say alike stands once, with the origin it has in the first; what "
    "they say differently, or some of them alone, stands under each."
)


def account(found: Examination, layers: Layered, plan: Plan, posterior: Posterior, cost: Cost) -> Group:
    """Everything a run of the scenario would assume, and what it would take."""
    lines = [Text(f"{found.file}, fully resolved", style="bold"), Text(_LEGEND)]
    lines += _sections(_resolved(found.file, layers, plan, posterior))
    return Group(*lines, *_said(found), Text(), Text(_cost_words(cost)))


def mixture_account(found: Examination, plan: MixturePlan, posterior: Posterior, cost: Cost) -> Group:
    """The same of a mixture: its branches, what all of them assume, and what each assumes besides or instead."""
    pairs = list(zip(found.branches, plan.plans, strict=True))
    resolved = [_resolved(branch.file, branch.layers, part, posterior) for branch, part in pairs]
    common = set.intersection(*({_told(value) for value in values} for values in resolved))
    lines = [Text(f"{found.file}, a mixture, fully resolved", style="bold"), Text(_LEGEND), Text(_BRANCHES)]
    lines += _sections(weighed(found.branches, _shares(plan, cost.n_draws), found.file))
    lines += [*_titled("In every branch"), *_sections(value for value in resolved[0] if _told(value) in common)]
    for (branch, _), values in zip(pairs, resolved, strict=True):
        lines += _titled(f"Branch {branch.branch.label}: {branch.branch.scenario.title}")
        lines += _sections(value for value in values if _told(value) not in common)
    return Group(*lines, *_said(found), Text(), Text(_cost_words(cost)))


def _resolved(file: str, layers: Layered, plan: Plan, posterior: Posterior) -> list[Value]:
    """Every value of a scenario, those of a thing together and the scenario's own first."""
    values = [*stated(layers, file), *defaults(layers, plan), *left_to_fit(layers, plan, posterior)]
    values += left_to_shipped(layers)
    ordered = sorted(values, key=lambda value: _order(value.path))
    return [*ordered, *sorted(coefficients(layers, posterior), key=lambda value: _order(value.path))]


def _told(value: Value) -> tuple[Path, str, str]:
    """What is said, wherever."""
    return value.path, value.text, value.standing


def _shares(plan: MixturePlan, n_draws: int) -> list[float]:
    """Share of draws that follow each branch in a run of so many."""
    chosen = np.concatenate([branches_of(plan, streams) for streams in block_streams(plan, Settings(n_draws))])
    return [float(np.mean(chosen == index)) for index in range(len(plan.plans))]


def _titled(text: str) -> list[Text]:
    return [Text(), Text(text, style="bold underline")]


def _said(found: Examination) -> list[Text]:
    said = [*map(str, found.conversions), *(f"warning: {remark}" for remark in found.remarks)]
    return [Text(), *map(Text, said)] if said else []


def _sections(values: Iterable[Value]) -> Iterator[Text]:
    """Ordered values under the thing they are of: the scenario, one investment, one sector."""
    for heading, group in groupby(values, key=lambda value: _heading(value.path)):
        yield Text(f"\n{heading}", style="bold")
        for value in group:
            yield Text(_line(value))


def _depth(path: tuple[str | int, ...]) -> int:
    return 2 if len(path) > 2 and path[0] != "overrides" and path[:2] != ("localization", "sectors") else 0


def _heading(path: tuple[str | int, ...]) -> str:
    return spelled(path[: _depth(path)]) or "scenario"


def _order(path: tuple[str | int, ...]) -> tuple[bool, str]:
    """The scenario's own values first; within a heading, the order they came in."""
    return _depth(path) > 0, _heading(path)


def _line(value: Value) -> str:
    label = spelled(value.path[_depth(value.path) :])
    text = value.text if value.standing else shortened(value.text)
    return f"  {label:<26} {text:<60} {value.standing:<7} {value.origin}".rstrip()


def _cost_words(cost: Cost) -> str:
    workers = f"on {cost.n_workers} workers, {cost.worker_megabytes:.0f} MB each"
    where = workers if cost.n_workers > 1 else "in one process"
    return (
        f"{cost.n_draws:,} draws: about {cost.seconds:.1f} s and {cost.megabytes:.0f} MB, {where}. An estimate from a "
        f"pilot of {cost.pilot_draws:,} draws just now on this machine; to load, store and draw takes a few seconds."
    )
