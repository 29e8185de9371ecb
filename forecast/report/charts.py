"""Diagrams of annual series as inline SVG: numbers in, paths and labels out; the template only prints them.

The page scales a diagram to its width. Its unit is a pixel at full width, and type grows as the page narrows. The
second half draws runs: the surplus over its history, a difference, and what announcements and policies add.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from forecast.dims import CHANNELS, PRODUCTS, Array
from forecast.economics.products import annual_exports
from forecast.observations.annual import annual_trade
from forecast.observations.products import memory_exports
from forecast.observations.vintage import day_of
from forecast.plots.style import HISTORY_YEARS, readable_range, stacked_bases
from forecast.quarters import whole_sums
from forecast.report.effect import MEDIAN
from forecast.report.i18n import Language
from forecast.report.run import EFFECT, unit_of
from forecast.report.sentences import record_of
from forecast.results.archive import outcomes
from forecast.results.results import Results
from forecast.stats.formatting import ends, rounded
from forecast.stats.summary import INTERVALS, Summary, quantile_name

WIDTH, HEIGHT = 760.0, 380.0
"""Size of a diagram in its own units."""

LEFT, RIGHT, TOP, BOTTOM = 4.0, 20.0, 34.0, 34.0

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
"""What ticks may step by, times a power of ten."""


@dataclass(frozen=True, slots=True)
class Fan:
    """One forecast to be drawn.

    Attributes:
        run: place of its scenario on the page, which decides its colour.
        years: `(n_years,)`.
        median: `(n_years,)`.
        bands: by width in percent, the lower and the upper end, `(n_years,)` each.
        start: year and value of the last observation; the fan opens from it where the next year is its first, and is
            joined to it by a dotted line where years between were never published; None for none.
    """

    run: int | str
    years: Sequence[int]
    median: Array
    bands: Mapping[int, tuple[Array, Array]]
    start: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of an axis and where it stands."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A path, with the scenario and the interval or series it belongs to."""

    run: int | str
    name: int | str
    path: str


@dataclass(frozen=True, slots=True)
class Column:
    """The strip of one year, in which the pointer reads values."""

    year: int
    left: float
    width: float
    middle: float
    readings: Sequence[tuple[int | str, str]]


@dataclass(frozen=True, slots=True)
class Diagram:
    """What a template prints.

    Attributes:
        title: what is shown, with unit and basis.
        describe: the same for those who cannot see it.
        bands, medians: widest band first.
        joins: lines over years never published.
        line: path of what was observed, empty for none.
        bars: `(series, left, top, width, height)`.
        marks: `(x, y)` of values observed since.
        zero: height of the zero line, None where it is outside.
        record: height of the record, None where none is drawn.
        columns: strips of the years.
    """

    title: str
    describe: str
    ticks: Sequence[Tick]
    years: Sequence[Tick]
    bands: Sequence[Shape]
    medians: Sequence[Shape]
    joins: Sequence[Shape]
    line: str
    bars: Sequence[tuple[str, float, float, float, float]]
    marks: Sequence[tuple[float, float]]
    zero: float | None
    record: float | None
    columns: Sequence[Column]
    width: float = WIDTH
    height: float = HEIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM
    right: float = WIDTH - RIGHT


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a year and a value stand."""

    first: int
    last: int
    low: float
    high: float

    def x(self, year: float) -> float:
        """Place of a year."""
        room = WIDTH - LEFT - RIGHT
        return round(LEFT + room * (year - self.first + 0.5) / (self.last - self.first + 1), 1)

    def y(self, value: float) -> float:
        """Height of a value, kept inside the diagram."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(share, -0.02), 1.02), 1)

    def curve(self, years: Sequence[int], values: Sequence[float] | Array) -> str:
        """Path through values by year."""
        return path((self.x(year), self.y(float(value))) for year, value in zip(years, values, strict=True))


def path(points: Iterable[tuple[float, float]]) -> str:
    """Path through points, as SVG writes it.

    >>> path([(0.0, 1.5), (2.0, 3.0)])
    'M0.0 1.5L2.0 3.0'
    """
    return "M" + "L".join(f"{x} {y}" for x, y in points)


@dataclass(frozen=True, slots=True)
class Scene:
    """What is drawn over what.

    Attributes:
        fans: forecasts, the last of which has the bars.
        observed: years and values seen before.
        later: years and values observed since.
        record: a line across, None for none.
        bars: contributions to the last fan by series, `(n_years,)` each.
        reach: ends of the vertical axis, where they are to stay as they are; else what the numbers need.
    """

    fans: Sequence[Fan]
    observed: tuple[Sequence[int], Array] = ((), np.empty(0))
    later: Sequence[tuple[int, float]] = ()
    record: float | None = None
    bars: Mapping[str, Array] = field(default_factory=dict)
    reach: tuple[float, float] | None = None


def diagram(
    title: str,
    describe: str,
    scene: Scene,
    readings: Callable[[int], Sequence[tuple[int | str, str]]],
    write: Callable[[float, float], str],
) -> Diagram:
    """Lay out one diagram.

    Args:
        readings: texts to be read in the strip of a year, each with its scenario or series.
        write: a tick as text, given its value and the step between ticks.
    """
    years = [*scene.observed[0], *(year for fan in scene.fans for year in fan.years)]
    scale = Scale(min(years), max(years), *(scene.reach or axis_range(scene)))
    step, heights = round_steps(scale.low, scale.high)
    shown = range(scale.first, scale.last + 1)
    return Diagram(
        title=title,
        describe=describe,
        ticks=[Tick(scale.y(value), write(value, step)) for value in heights],
        years=[Tick(scale.x(year), str(year)) for year in shown if year % _year_step(len(shown)) == 0],
        bands=[shape for fan in scene.fans for shape in _bands(fan, scale)],
        medians=[Shape(fan.run, "median", scale.curve(*_opened(fan, fan.median))) for fan in scene.fans],
        joins=[shape for fan in scene.fans for shape in _joins(fan, scale)],
        line=scale.curve(*scene.observed) if len(scene.observed[0]) else "",
        bars=_bars(scene.bars, scene.fans[-1].years, scale),
        marks=[(scale.x(year), scale.y(value)) for year, value in scene.later],
        zero=scale.y(0.0) if scale.low <= 0.0 <= scale.high else None,
        record=None if scene.record is None else scale.y(scene.record),
        columns=[_column(year, scale, readings(year)) for year in shown],
    )


def axis_range(scene: Scene) -> tuple[float, float]:
    """Ends of an axis that holds what was observed, zero and the 80 % intervals whole, and more as far as it fits."""
    bases = stacked_bases(scene.bars) if scene.bars else {}
    core: list[ArrayLike] = [[0.0], scene.observed[1], [value for _, value in scene.later]]
    core += [[] if scene.record is None else [scene.record], *bases.values()]
    core += [base + scene.bars[name] for name, base in bases.items()]
    core += [end for fan in scene.fans for end in fan.bands.get(80, (fan.median,))]
    return readable_range(core, [end for fan in scene.fans for band in fan.bands.values() for end in band])


def round_steps(low: float, high: float) -> tuple[float, list[float]]:
    """A round step, and its multiples between the ends, five or so."""
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(step for step in STEPS if step * power >= rough)
    counts = range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)
    return float(step), [float(step * count) for count in counts]


def _year_step(n_years: int) -> int:
    return 5 if n_years > 12 else 2 if n_years > 6 else 1


def _opened(fan: Fan, values: Array) -> tuple[list[int], list[float]]:
    """Years and values from the last observation on, where it is of the year before."""
    if fan.start is None or fan.start[0] < fan.years[0] - 1:
        return list(fan.years), values.tolist()
    year, value = fan.start
    return [year, *fan.years], [value, *values.tolist()]


def _joins(fan: Fan, scale: Scale) -> list[Shape]:
    """A line from the last observation to the first median over the years between them."""
    if fan.start is None or fan.start[0] == fan.years[0] - 1:
        return []
    year, value = fan.start
    return [Shape(fan.run, "median", scale.curve([year, fan.years[0]], [value, float(fan.median[0])]))]


def _bands(fan: Fan, scale: Scale) -> list[Shape]:
    """Bands of a fan, the widest first, so that narrower ones lie on top."""
    shapes = []
    for width in sorted(fan.bands, reverse=True):
        low, high = (_opened(fan, end) for end in fan.bands[width])
        back = scale.curve(high[0][::-1], high[1][::-1])[1:]
        shapes.append(Shape(fan.run, width, f"{scale.curve(*low)}L{back}Z"))
    return shapes


def _bars(
    bars: Mapping[str, Array], years: Sequence[int], scale: Scale
) -> list[tuple[str, float, float, float, float]]:
    """Stacked bars as rectangles, one a series and year."""
    width = round(0.5 * (scale.x(1) - scale.x(0)), 1)
    found = []
    for name, base in stacked_bases(bars).items() if bars else ():
        for year, foot, value in zip(years, base.tolist(), bars[name].tolist(), strict=True):
            top, bottom = sorted((scale.y(foot), scale.y(foot + value)))
            found.append((name, round(scale.x(year) - width / 2, 1), top, width, round(bottom - top, 1)))
    return found


def _column(year: int, scale: Scale, readings: Sequence[tuple[int | str, str]]) -> Column:
    left = scale.x(year - 0.5)
    return Column(year, left, round(scale.x(year + 0.5) - left, 1), scale.x(year), readings)


def fan_of(run: int | str, summary: Summary, series: str, start: tuple[int, float] | None = None) -> Fan:
    """A series of a run as it is drawn."""
    bands = {
        width: (summary.value(series, quantile_name(low)), summary.value(series, quantile_name(high)))
        for width, (low, high) in INTERVALS.items()
    }
    return Fan(run, summary.years, summary.value(series, MEDIAN), bands, start)


def tick_writer(language: Language) -> Callable[[float, float], str]:
    """How a tick of money is written, given the step between ticks: with the decimals of that."""
    factor = float(language.part("numbers.factor"))

    def write(value: float, step: float) -> str:
        places = next(places for places in range(8) if round(step * factor, places) == round(step * factor, 9))
        return rounded(value * factor, 0.1**places, places)

    return write


def observed_balance(basis: str, as_of: str | None, first_year: int) -> tuple[list[int], Array]:
    """Years and surplus as known, within the last ten years before a forecast begins."""
    seen = annual_trade(basis, day=day_of(as_of))
    shown = (seen.years >= first_year - HISTORY_YEARS) & (seen.years < first_year) & np.isfinite(seen.balance)
    return seen.years[shown].tolist(), seen.balance[shown]


def observed_product(basis: str, product: str, as_of: str | None, first_year: int) -> tuple[list[int], Array]:
    """Years and exports of a product as known before a forecast begins; of Korean books, memory alone."""
    if basis == "us_census":
        first, values = annual_exports(day_of(as_of))
        known = dict(enumerate(values[:, PRODUCTS.index(product)].tolist(), first))
    else:
        known = whole_sums(memory_exports(day=day_of(as_of)), 12) if product == "memory" else {}
    years = [year for year in known if first_year - HISTORY_YEARS <= year < first_year]
    return years, np.array([known[year] for year in years])


def forecast_reading(summary: Summary, series: str, index: int, name: str, language: Language, sign: str = "") -> str:
    """Median and intervals of one year in words: the surplus in whole bn USD, all else as exactly as errors allow."""
    places = 0 if series == "trade_balance" and not sign else 2
    spans = {f"span_{width}": language.span(ends(summary, series, width, index), sign, places) for width in INTERVALS}
    median = language.money(*summary.estimate(series, MEDIAN, index), sign, places)
    return language.text("charts.forecast", name=name, median=median, **spans)


def _readings(runs: Mapping[str, Results], series: str, year: int, language: Language) -> Iterator[tuple[int, str]]:
    """What runs say of a year, each with its place: those that reach it."""
    for run, (name, results) in enumerate(runs.items()):
        summary = results.statistics
        if year in summary.years:
            yield run, forecast_reading(summary, series, summary.years.index(year), name, language)


def fan_diagram(runs: Mapping[str, Results], language: Language) -> Diagram:
    """The surplus as observed and as forecast by several runs of one basis and one day, by name."""
    first = next(iter(runs.values()))
    years, balance = observed_balance(first.basis, first.as_of, first.statistics.years[0])
    start = (years[-1], float(balance[-1]))
    later = [outcome for outcome in outcomes(first) if outcome.months == 12]
    seen = dict(zip(years, balance.tolist(), strict=True))
    came = {outcome.year: outcome.value for outcome in later}
    last = max(results.statistics.years[-1] for results in runs.values())
    begins = first.statistics.years[0]

    def readings(year: int) -> list[tuple[int | str, str]]:
        found: list[tuple[int | str, str]] = []
        for key, values in (("observed", seen), ("later", came)):
            if year in values:
                value = language.money(values[year], 0.1, places=1)
                found.append((key, language.text(f"charts.{key}", value=value)))
        if year < begins and year not in seen:
            found.append(("observed", language.text("charts.missing")))
        return [*found, *_readings(runs, "trade_balance", year, language)]

    return diagram(
        language.text("charts.fan", **unit_of(first, language)),
        language.text("charts.describe_fan", first=years[0], last=last),
        Scene(
            [fan_of(run, results.statistics, "trade_balance", start) for run, results in enumerate(runs.values())],
            observed=(years, balance),
            later=[(outcome.year, outcome.value) for outcome in later],
            record=record_of(first.basis, first.as_of)[1],
        ),
        readings,
        tick_writer(language),
    )


def product_diagram(runs: Mapping[str, Results], product: str, language: Language) -> Diagram:
    """Exports of one product, as observed and as forecast by several runs of one basis and one day, by name."""
    first, series = next(iter(runs.values())), f"exports_{product}"
    years, exports = observed_product(first.basis, product, first.as_of, first.statistics.years[0])
    seen = dict(zip(years, exports.tolist(), strict=True))

    def readings(year: int) -> list[tuple[int | str, str]]:
        found: list[tuple[int | str, str]] = []
        if year in seen:
            value = language.money(seen[year], 0.1, places=1)
            found.append(("observed", language.text("charts.observed", value=value)))
        return [*found, *_readings(runs, series, year, language)]

    start = (years[-1], float(exports[-1])) if years else None
    last = max(results.statistics.years[-1] for results in runs.values())
    return diagram(
        language.text("charts.product", product=language.text(f"product_names.{product}"), **unit_of(first, language)),
        language.text("charts.describe_product", first=first.statistics.years[0], last=last),
        Scene(
            [fan_of(run, results.statistics, series, start) for run, results in enumerate(runs.values())],
            observed=(years, exports),
        ),
        readings,
        tick_writer(language),
    )


def change_diagram(title: str, fan: Fan, summary: Summary, series: str, name: str, language: Language) -> Diagram:
    """A change of the surplus: a difference of two runs, or what announcements or a policy add to one.

    Args:
        series: of `summary`, the one that `fan` draws.
        name: of the run in the readings of a year.
    """

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        return [(fan.run, forecast_reading(summary, series, index, name, language, "+"))]

    return diagram(title, described(summary, language), Scene([fan]), readings, tick_writer(language))


def channels_diagram(run: int, summary: Summary, language: Language) -> Diagram:
    """What the announcements add on average, channel by channel."""

    def readings(year: int) -> list[tuple[int | str, str]]:
        index = summary.years.index(year)
        means = {name: language.money(*summary.estimate(f"effect_{name}", "mean", index), "+") for name in CHANNELS}
        return [(name, f"{language.text(f'channels.{name}')}: {mean}") for name, mean in means.items()]

    title = language.text("charts.channels", unit=language.text("numbers.unit_a_year"))
    whole = Fan(run, summary.years, summary.value(EFFECT, "mean"), {})
    scene = Scene([whole], bars={name: summary.value(f"effect_{name}", "mean") for name in CHANNELS})
    return diagram(title, described(summary, language), scene, readings, tick_writer(language))


def described(summary: Summary, language: Language) -> str:
    """A diagram of a change, for those who cannot see it."""
    return language.text("charts.describe_difference", first=summary.years[0], last=summary.years[-1])


def effect_title(series: str, language: Language) -> str:
    """Title of what the announcements or a policy do to the surplus."""
    unit = language.text("numbers.unit_a_year")
    if series == EFFECT:
        return language.text("charts.effect", unit=unit)
    return language.text("charts.policy", policy=language.text(f"policies.{series}"), unit=unit)
