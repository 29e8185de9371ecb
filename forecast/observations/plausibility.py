"""Whether figures can be what they seem beside those held: each once, over, without a gap, in one unit and base."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from calendar import monthrange
from collections.abc import Collection, Iterator, Mapping, Sequence

from forecast.catalogue import Wording, worded
from forecast.observations.formats import Figure, Reading, Refusal
from forecast.observations.holdings import HeldSeries, Key, period_after
from forecast.observations.tables import TABLES

_FACTOR = 2.0
"""Figures that are as many times those held are of another unit or series."""

_REVISED = 1.25
"""No revision of a single figure is as large; of US trade with Korea the largest was 5.5 %. Of single HS codes, which
are small, `_FACTOR` is the bound."""

_LEAP, _STEP = 10.0, 3.0
"""No figure of a single HS code is as many times the one before it, and none of any other series."""

_PAIRS = (("us_imports_from_korea", "us_exports_to_korea"), ("exports_to_us", "imports_from_us"))
"""Korea's exports and imports by table and book."""

_BALANCE = "balance_with_us"
"""The first of the second pair less the other."""

_RECORD = 12
"""Steps from period to period that are a record of how far a series moves in one: a year of months."""

_BASE = 0.01
_SAME_RATIO = 5e-4
_ENOUGH = 8
"""Figures that differ from those held by one factor within `_SAME_RATIO`, and by more than `_BASE`: another base."""


def implausible(reading: Reading, held: Mapping[Key, HeldSeries], published: dt.date) -> Iterator[Refusal]:
    """Cells that cannot be what they seem, given what is held.

    Args:
        reading: of a file.
        held: every series held.
        published: the day from which its figures count as public.
    """
    by_series: dict[Key, list[Figure]] = {}
    for figure in reading.figures:
        if (figure.table, figure.series) not in held:
            yield Refusal(
                figure.cell, f"got {figure.series!r} of which nothing is held, expected a code of {figure.table}"
            )
            return
        by_series.setdefault((figure.table, figure.series), []).append(figure)
    seen: dict[tuple[str, str, str], str] = {}
    for figure in reading.figures:
        place = (figure.table, figure.series, figure.period)
        if place in seen:
            yield Refusal(figure.cell, f"got {figure.series} of {figure.period} as in {seen[place]}, expected it once")
        seen.setdefault(place, figure.cell)
        if _end(figure.period) >= published:
            yield Refusal(figure.cell, f"got {figure.period}, which was not over on {published}")
    for key, figures in by_series.items():
        yield from _gaps(figures, held[key])
        yield from _sizes(figures, held[key], reading)
    yield from _swapped(by_series, held)
    yield from _balances(by_series, held)
    borne_out = any(held[one.table, one.series].value(one.period) is not None for one in reading.figures)
    if reading.proof and not borne_out:
        yield Refusal(reading.figures[0].cell, "the file states no unit, and none of its months is held to tell it by")


def missing_flows(
    figure: Figure, brought: Collection[tuple[str, str, str]], held: Mapping[Key, HeldSeries]
) -> list[str]:
    """Korean flows without which a figure of a new period says nothing: the other flow, or of a balance both.

    Args:
        brought: table, series and period of all figures that are added together.
    """
    flows = _PAIRS[1]
    if figure.series not in (*flows, _BALANCE):
        return []
    others = [(figure.table, name) for name in flows if name != figure.series]
    return [
        series
        for table, series in others
        if figure.period > held[table, series].last and (table, series, figure.period) not in brought
    ]


def beyond_record(reading: Reading, held: Mapping[Key, HeldSeries]) -> Iterator[tuple[Figure, Wording]]:
    """New figures further from the one before than any held of a series with a record, and what is on record."""
    brought = {(one.table, one.series, one.period): one.value for one in reading.figures}
    for one in reading.figures:
        series, before = held[one.table, one.series], period_after(one.period, -1)
        last = brought.get((one.table, one.series, before), series.value(before))
        steps = _steps(series) if one.period > series.last and last and one.value / last > 0 else {}
        if len(steps) >= _RECORD and last:
            largest = max(steps, key=lambda period: abs(steps[period]))
            step = math.log(one.value / last)
            if abs(step) > abs(steps[largest]):
                record = {"most": _rise(steps[largest]), "when": largest}
                figure = {"value": one.value, "series": one.series, "period": one.period}
                yield one, worded("warnings.data.unusual", rise=_rise(step), before=before, **figure, **record)


def _steps(held: HeldSeries) -> dict[str, float]:
    """Change of the logarithm from one period to the next, by period."""
    values = {period: held.value(period) for period in held.values}
    pairs = ((period, values.get(period_after(period, -1)), value) for period, value in values.items())
    return {
        period: math.log(value / before) for period, before, value in pairs if before and value and value / before > 0
    }


def _rise(step: float) -> Wording:
    return worded("numbers.percent", number=f"{100 * math.expm1(step):+.1f}".replace("-", "−"))


def _end(period: str) -> dt.date:
    """Last day of a month, a quarter or a year."""
    year, month = int(period[:4]), 12
    if "Q" in period:
        month = 3 * int(period[-1])
    elif "-" in period:
        month = int(period[5:])
    return dt.date(year, month, monthrange(year, month)[1])


def _gaps(figures: Sequence[Figure], held: HeldSeries) -> Iterator[Refusal]:
    """Refuses what would leave a hole in a series that has none."""
    if not TABLES[held.table].gapless:
        return
    known = {*held.values, *(one.period for one in figures)}
    for figure in sorted(figures, key=lambda one: one.period):
        before = period_after(figure.period, -1)
        if figure.period > held.last and before not in known:
            yield Refusal(
                figure.cell,
                f"got {figure.series} of {figure.period} without {before}, expected every period from "
                f"{period_after(held.last, 1)} on",
            )


def _sizes(figures: Sequence[Figure], held: HeldSeries, reading: Reading) -> Iterator[Refusal]:
    """Refuses figures whose size tells of another unit or base than those held, or that nothing was traded."""
    signless = [*_not_above_zero(figures, held)]
    yield from signless
    pairs = [(one, old) for one in figures if (old := held.value(one.period)) and one.value]
    if "balance" in held.series or signless:
        return
    ratios = [one.value / old for one, old in pairs]
    middle = statistics.median(ratios) if ratios else 1.0
    first = pairs[0] if pairs else None
    if first and not 1 / _FACTOR < middle < _FACTOR:
        yield Refusal(
            first[0].cell,
            f"got {first[0].value:,.10g} for {held.series} of {first[0].period}, of which {first[1]:,.10g} "
            f"{held.unit} are held: {_times(middle)} as much; expected {held.unit}",
        )
    elif first and len(ratios) >= _ENOUGH and abs(middle - 1) > _BASE and _agree(ratios, middle):
        yield Refusal(
            first[0].cell,
            f"all figures of {held.series} are {middle:.4f} times those held; expected {held.unit}, the same base",
        )
    elif held.table != "products_annual":
        yield from _leaps(figures, pairs, held, reading)


def _not_above_zero(figures: Sequence[Figure], held: HeldSeries) -> Iterator[Refusal]:
    """Refuses figures of a series that always was above zero: zeros stand for what was not counted.

    A balance may fall below it.
    """
    if not all((value := held.value(period)) is None or value > 0 for period in held.values):
        return
    for one in figures:
        if one.value == 0 or (one.value < 0 and "balance" not in held.series):
            known = one.period if one.period in held.values else held.last
            was = f"got {one.value:,.10g} for {held.series} of {one.period}, held {held.value(known):,.10g} of {known}"
            yield Refusal(one.cell, f"{was}; expected a number above 0, or no row")


def _times(ratio: float) -> str:
    """A ratio in words, as a power of ten where it is near one."""
    power = round(math.log10(abs(ratio)))
    near = abs(math.log10(abs(ratio)) - power) < 0.1
    return f"about {10.0**power:,.10g} times" if near else f"{ratio:,.3g} times"


def _agree(ratios: Sequence[float], middle: float) -> bool:
    return all(abs(ratio / middle - 1) < _SAME_RATIO for ratio in ratios)


def _leaps(
    figures: Sequence[Figure], pairs: Sequence[tuple[Figure, float]], held: HeldSeries, reading: Reading
) -> Iterator[Refusal]:
    """Refuses single figures far from the one held of their period, or from the one before it."""
    for one, old in pairs:
        most = _FACTOR if held.code else _REVISED
        if not 1 / most < one.value / old < most:
            revision = "revision by less than a factor of two" if held.code else "revision of less than a quarter"
            said = "figure near it" if reading.extends else revision
            yield Refusal(
                one.cell,
                f"got {one.value:,.10g} for {held.series} of {one.period}, held {old:,.10g}; expected a {said}",
            )
    by_period, leap = {one.period: one.value for one in figures}, _LEAP if held.code else _STEP
    for one in figures:
        before = by_period.get(period_after(one.period, -1), held.value(period_after(one.period, -1)))
        if one.period > held.last and before and one.value and not 1 / leap < one.value / before < leap:
            yield Refusal(
                one.cell,
                f"got {one.value:,.10g} for {held.series} of {one.period} after {before:,.10g}: "
                f"{_times(one.value / before)} as much; expected {held.unit}",
            )


def _swapped(by_series: Mapping[Key, list[Figure]], held: Mapping[Key, HeldSeries]) -> Iterator[Refusal]:
    """Refuses the two flows of a new period where each is nearer to the last figure held of the other."""
    for table in sorted({table for table, _ in by_series}):
        for names in _PAIRS:
            ours, theirs = (
                {one.period: one for one in by_series.get((table, name), ()) if one.value > 0} for name in names
            )
            for period in sorted(ours.keys() & theirs.keys()):
                last = held[table, names[0]].last
                known = [held[table, name].value(last) or math.nan for name in names]
                got = [ours[period].value, theirs[period].value]
                near = all(1 / _REVISED < one / other < _REVISED for one, other in zip(got, known[::-1], strict=True))
                if period > last and near and _apart(got, known) > _apart(got, known[::-1]):
                    said = " and ".join(f"{value:,.10g} for {name}" for value, name in zip(got, names, strict=True))
                    before = " and ".join(f"{value:,.10g}" for value in known)
                    yield Refusal(
                        ours[period].cell, f"got {said} of {period}, held {before} of {last}; they look swapped"
                    )


def _apart(values: Sequence[float], others: Sequence[float]) -> float:
    return sum(abs(math.log(value / other)) for value, other in zip(values, others, strict=True))


def _balances(by_series: Mapping[Key, list[Figure]], held: Mapping[Key, HeldSeries]) -> Iterator[Refusal]:
    """Refuses a balance that is not exports less imports, of the same file or as held."""
    for (table, series), figures in by_series.items():
        if series != _BALANCE:
            continue
        stated = [{one.period: one for one in by_series.get((table, name), ())} for name in _PAIRS[1]]
        for one in figures:
            flows = [own.get(one.period) for own in stated]
            values = [
                held[table, name].value(one.period) if flow is None else flow.value
                for name, flow in zip(_PAIRS[1], flows, strict=True)
            ]
            if values[0] is None or values[1] is None:
                continue
            printed = [flow.step for flow in (*flows, one) if flow is not None]
            # figures of several copies differ by revisions
            most = sum(printed) if len(printed) == 3 else _BASE * values[0]
            difference = values[0] - values[1]
            if abs(one.value - difference) > most:
                was = f"got {one.value:,.10g} for {series} of {one.period}"
                yield Refusal(one.cell, f"{was}, expected {difference:,.10g}, exports less imports")
