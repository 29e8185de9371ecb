"""What is believed of the sectors and why, in words: aggregate evidence, then every coefficient.

Intervals are equal-tailed at 80 %. The share of precision from data is that of `sectors.data_shares`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from forecast.beliefs import Coefficient
from forecast.draws import Array
from forecast.layout import plain_table, short, titled
from forecast.palette import CHANNEL_NAMES
from forecast.posterior import Groups, Posterior
from forecast.readings import Reading, bottom_up, invested_in_wave, load_readings, touched
from forecast.sectors import SECTORS, data_shares, load_sectors
from forecast.wave import YEARS, Wave, induced_trade, load_wave

LEVELS = (0.5, 0.1, 0.9)
"""Median and the ends of the 80 % interval."""

_DEFINITIONS = (
    "Median (80 % interval). From data: share of the precision that came from data, 1 less the variance after the fit "
    "over the variance before it, both of the coefficient's standard normal level in its prior; – where no reading "
    "depends on it. Grade: H official or agreeing sources, M one credible source, L inferred or weak, judgement no "
    "source for the number."
)


def explanation(posterior: Posterior, sectors: Sequence[str] = SECTORS) -> Group:
    """Aggregate evidence with what prior and posterior predict of it, then the coefficients of the sectors named."""
    wave = load_wave()
    return Group(
        _answer(wave, posterior),
        Text(),
        _evidence(wave, posterior),
        Text(),
        _trade_table(wave, posterior.groups),
        Text("Sector coefficients", style="bold"),
        Text(_DEFINITIONS),
        *(_sector(name, posterior, wave) for name in sectors),
    )


def _answer(wave: Wave, posterior: Posterior) -> Text:
    reading = load_readings()[0]
    (rise,) = bottom_up(wave, _draw_last(posterior.groups), [reading], invested_in_wave())
    return Text(
        f"{len(wave.ids)} Korean plants of the wave added {_spread(rise)} bn USD a year to exports to the US between "
        f"2021 and 2024 (median; 80 % interval); {reading.publisher} leaves {short(reading.value)} bn for them, for "
        "other investment and for competitiveness."
    )


def _evidence(wave: Wave, posterior: Posterior) -> Group:
    """Every reading with its error, and what plants and remainder make of it before and after the fit."""
    readings = load_readings()
    parts = posterior.prior, posterior.groups
    explained = [bottom_up(wave, _draw_last(groups), readings, invested_in_wave()) for groups in parts]
    remainders = [groups["sectors"]["remainders"].T for groups in parts]
    lines: list[RenderableType] = [
        Text("Aggregate evidence, and what the coefficients predict of it", style="bold"),
        Text(_line("", "Seen", "Prior", "Posterior"), style="bold"),
    ]
    for index, reading in enumerate(readings):
        plants = [sums[index] for sums in explained]
        rest = [sums[index] for sums in remainders]
        lines += _reading_lines(reading, plants, rest)
    return Group(*lines)


def _reading_lines(reading: Reading, plants: Sequence[Array], rest: Sequence[Array]) -> list[RenderableType]:
    places = 1 if reading.error >= 1 else 2
    seen = f"{reading.value:.{places}f} ± {reading.error:.{places}f}"
    total = [_spread(part + other) for part, other in zip(plants, rest, strict=True)]
    title = Text(f"{reading.title} ({reading.unit})")
    lines: list[RenderableType] = [Text(), title, Text(_line("  predicted", seen, *total))]
    if reading.remainder:
        lines.append(Text(_line("    by the plants", "", *map(_spread, plants))))
        lines.append(Text(_line(f"    by {reading.remainder_title}", "", *map(_spread, rest))))
    note = f"{reading.note}. Error: {reading.error_note}. Source: {reading.publisher}, {reading.source}"
    return [*lines, _indented(note)]


def _trade_table(wave: Wave, groups: Groups) -> Group:
    """Trade induced by the plants, by year and channel."""
    trade = induced_trade(wave, _draw_last(groups))
    flows = trade.capital_goods, trade.intermediates, -trade.displaced, -trade.returned
    table = plain_table(["Year", *(name.capitalize().replace(" ", "\n") for name in CHANNEL_NAMES.values()), "Exports"])
    for index, year in enumerate(YEARS):
        medians = (round(float(np.median(flow[index].sum(axis=0))), 2) + 0.0 for flow in flows)
        cells = (f"{median:.2f}".replace("-", "−") for median in medians)
        table.add_row(str(year), *cells, _spread(trade.exports[index]))
    return titled("What these plants did to trade, bn USD a year, medians; exports with their 80 % interval", table)


def _sector(name: str, posterior: Posterior, wave: Wave) -> Group:
    row = SECTORS.index(name)
    shares = _data_shares(posterior, wave)[row]
    prior, learned = (groups["sectors"]["coefficients"][:, row] for groups in (posterior.prior, posterior.groups))
    lines: list[RenderableType] = [
        Text(),
        Text(f"{_words(name):<23}{'Prior':>23}{'Posterior':>23}{'From data':>11}{'Grade':>11}", style="bold"),
    ]
    for column, (coefficient, belief) in enumerate(load_sectors()[name].items()):
        spreads = f"{_spread(prior[:, column]):>23}{_spread(learned[:, column]):>23}"
        lines.append(Text(f"{_words(coefficient):<23}{spreads}{shares[column]:>11}{belief.grade:>11}"))
        lines.append(_indented(_evidence_of(belief)))
    return Group(*lines)


def _data_shares(posterior: Posterior, wave: Wave) -> list[list[str]]:
    """Shares of precision from data as text; below two Monte Carlo errors the bound."""
    rows = posterior.groups["sectors"]["coefficients"]
    least = 2 * (2 / len(rows)) ** 0.5
    depends = np.zeros(rows.shape[1:], np.bool_)
    depends[touched(wave)] = True
    found = zip(data_shares(rows).tolist(), depends.tolist(), strict=True)
    return [[_share(*cell, least) for cell in zip(*line, strict=True)] for line in found]


def _share(share: float, depends: bool, least: float) -> str:
    if not depends:
        return "–"
    return f"< {least:.0%}".replace("%", " %") if share < least else f"{share:.0%}".replace("%", " %")


def _evidence_of(belief: Coefficient) -> str:
    return f"{_words(belief.unit)}. {belief.note} Source: {'; '.join(belief.sources)}"


def _draw_last(groups: Groups) -> Array:
    return np.moveaxis(groups["sectors"]["coefficients"], 0, -1)


def _spread(values: Array) -> str:
    median, low, high = (short(value) for value in np.quantile(values, LEVELS).tolist())
    return f"{median} ({low} to {high})"


def _line(label: str, seen: str, prior: str, posterior: str) -> str:
    return f"{label:<43}{seen:>12}{prior:>21}{posterior:>22}"


def _indented(text: str) -> Padding:
    return Padding(Text(text, style="dim"), (0, 0, 0, 4), expand=False)


def _words(name: str) -> str:
    return f"{name[0].upper()}{name[1:]}".replace("_", " ")
