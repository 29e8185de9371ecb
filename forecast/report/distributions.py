"""How effects of scenarios and their difference are spread in a year: densities and distribution functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from forecast.analysis.comparison import Comparison
from forecast.dims import Array
from forecast.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Diagram, Shape, Tick, path, round_steps
from forecast.report.i18n import Language
from forecast.results.highlights import place_of
from forecast.stats.quantiles import finite

_N_STEPS = 40
"""Steps of a density, over the central 99 % of all draws together."""

Curve = tuple[Array, Array]
"""Values, and the height of a curve there in percent, `(n_points,)` each."""


def distribution_diagrams(comparison: Comparison, place: int, year: int | None, language: Language) -> list[Diagram]:
    """Densities and distribution functions of the effects of both scenarios and of their difference.

    Args:
        place: of the alternative on the page; the reference is the first.
        year: the last by default.
    """
    years = comparison.by_year.years
    shown = years[place_of(year, years)]
    groups: dict[str, dict[int, Array]] = {}
    effects = {
        at: finite(run.drawn(["effect"], [shown]))
        for at, run in ((0, comparison.reference), (place, comparison.alternative))
        if run.manifest["n_investments"]
    }
    if effects:
        groups["effects"] = effects
    groups["difference"] = {place: finite(comparison.in_year(shown))}
    return [
        diagram
        for name, samples in groups.items()
        if any(np.ptp(drawn) for drawn in samples.values())
        for diagram in _pair(name, samples, shown, language)
    ]


def _pair(name: str, samples: Mapping[int, Array], year: int, language: Language) -> Iterator[Diagram]:
    what = language.text(f"distributions.{name}", year=year, unit=language.text("numbers.unit"))
    ends = np.quantile(np.concatenate([*samples.values()]), (0.005, 0.995))
    low, high = ends.tolist()
    for kind, curve in (("density", _density), ("ecdf", _ecdf)):
        curves = {run: curve(drawn, low, high) for run, drawn in samples.items()}
        yield _drawn(language.text(f"distributions.{kind}", what=what), curves, (low, high), language)


def _density(draws: Array, low: float, high: float) -> Curve:
    """Share of all draws in every step, as a line with corners."""
    edges = np.linspace(low, high, _N_STEPS + 1)
    shares = 100 * np.histogram(draws, edges)[0] / draws.size
    return np.repeat(edges, 2)[1:-1], np.repeat(shares, 2)


def _ecdf(draws: Array, low: float, high: float) -> Curve:
    """Chance of no more than each value."""
    values = np.linspace(low, high, 4 * _N_STEPS + 1)
    return values, 100 * np.searchsorted(np.sort(draws), values, "right") / draws.size


def _drawn(title: str, curves: Mapping[int, Curve], ends: tuple[float, float], language: Language) -> Diagram:
    low, high = ends
    factor, top = float(language.part("numbers.factor")), max(float(shares.max()) for _, shares in curves.values())
    across, up = _scale(low, high, LEFT, WIDTH - RIGHT), _scale(0.0, top, HEIGHT - BOTTOM, TOP)
    step, marks = round_steps(factor * low, factor * high)
    return Diagram(
        title=title,
        describe=language.text("distributions.describe"),
        ticks=[Tick(up(at), language.text("numbers.percent", number=f"{at:g}")) for at in round_steps(0.0, top)[1]],
        years=[Tick(across(at / factor), language.amount(at / factor, step / factor / 10, "+")) for at in marks],
        bands=[],
        medians=[
            Shape(run, "median", path((across(value), up(share)) for value, share in zip(*curve, strict=True)))
            for run, curve in curves.items()
        ],
        joins=[],
        line="",
        bars=[],
        marks=[],
        zero=None,
        record=None,
        columns=[],
    )


def _scale(low: float, high: float, first: float, last: float) -> Callable[[float], float]:
    """Where a value between two ends stands."""
    return lambda value: round(first + (last - first) * (value - low) / (high - low), 1)
