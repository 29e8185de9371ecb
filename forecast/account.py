"""The account of a scenario on a terminal: every value, its standing and its origin; the cost of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Group
from rich.text import Text

from forecast.examination import Examination
from forecast.layers import Layered
from forecast.phrases import shortened, spelled
from forecast.pilot import Cost
from forecast.plan import Plan
from forecast.posterior import Posterior
from forecast.resolution import Value, coefficients, defaults, left_to_fit, left_to_shipped, stated

WIDTH = 132

_LEGEND = (
    "fixed: without a spread; judged: with one that was stated, here or in a prior; fitted: moved by data. "
    "`forecast explain` gives the evidence behind every prior."
)


def account(found: Examination, layers: Layered, plan: Plan, posterior: Posterior, cost: Cost) -> Group:
    """Everything a run of the scenario would assume, and what it would take."""
    values = [*stated(layers, found.file), *defaults(layers, plan), *left_to_fit(layers, plan, posterior)]
    values += left_to_shipped(layers)
    lines = [Text(f"{found.file}, fully resolved", style="bold"), Text(_LEGEND), *_sections(values)]
    lines += [*_sections(coefficients(layers, posterior))]
    said = [*map(str, found.conversions), *(f"warning: {remark}" for remark in found.remarks)]
    lines += [Text(), *map(Text, said)] if said else []
    return Group(*lines, Text(), Text(_cost_words(cost)))


def _sections(values: Iterable[Value]) -> Iterator[Text]:
    """Values under the thing they are of: the scenario, one investment, one sector."""
    ordered = sorted(values, key=lambda value: _order(value.path))
    for heading, group in groupby(ordered, key=lambda value: _heading(value.path)):
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
