"""What Korean plants in the US induced of a surplus, in words: flows, shares, plants, claim, and one sentence."""

from __future__ import annotations

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.differences import summarised
from forecast.draws import BASES, CHANNELS, Array
from forecast.induced import Induced
from forecast.layout import plain_table, shorten, titled
from forecast.numerals import interval, number
from forecast.observations import announcements, procurement_shares
from forecast.palette import BASIS_NAMES, CHANNEL_NAMES
from forecast.sectors import SECTORS
from forecast.summary import INTERVALS, Summary, quantile_name
from forecast.wave import FIRST_YEAR, load_wave

N_BATCHES = 20
"""Batches of posterior rows whose spread gives the Monte Carlo error."""

CLAIM_YEAR = 2023
"""Reference year of the shares the report cites."""

OUTSIDE = (
    "Not counted: plants from before 2020 and what was added to them, sales companies, suppliers and plants outside "
    "this list, and what US duties took from these flows. Dates and amounts are as reported and taken as certain; the "
    "interval is that of the sector coefficients alone."
)

TRAP = (
    "The trap: {share:.0f} % is the share of all purchases of all affiliates, sales companies that resell Korean goods "
    "included, not of what a plant buys."
)


def flow_table(found: Induced) -> Group:
    """Induced trade by channel, gross and net, with intervals."""
    table = plain_table(["", "Median", *(f"{width} % interval" for width in INTERVALS)])
    table.columns[0].justify = "left"
    names = [CHANNEL_NAMES[name].capitalize() for name in CHANNELS]
    flows = dict(zip(names, found.channels, strict=True))
    rows = list(flows.items())
    ordered = [*rows[:2], ("Gross: induced exports", found.gross), *rows[2:], ("Net", found.net)]
    for name, draws in ordered:
        table.add_row(name, *_cells(draws, places=2))
    for basis, surplus in found.surplus.items():
        table.add_section()
        table.add_row(f"Surplus observed, {BASIS_NAMES[basis]}", f"{surplus:.1f}", "", "", "")
        table.add_row("  net as a share of it, %", *_cells(100 * found.share(basis), places=1))
        rise = found.share_of_rise(basis)
        if rise is not None:
            table.add_row(f"  of its rise since {_span(found, FIRST_YEAR)}, %", *_cells(100 * rise, places=1))
    return titled(f"Trade induced by Korean plants in the US, {_span(found)}, bn USD", table)


def plant_table(found: Induced) -> Group:
    """The plants that are counted, with what each leaves for the balance."""
    wave = load_wave()
    names = {row.id: f"{row.id}  {row.company}: {row.project}" for row in announcements()}
    table = plain_table(["Plant", "Sector", "Built,\nbn USD", "Gross", "Net"])
    for column in table.columns[:2]:
        column.justify = "left"
    for index, plant in enumerate(found.plants):
        row = wave.ids.index(plant)
        flows = found.by_plant[:, index]
        medians = (f"{np.median(part.sum(axis=0)) + 0.0:+.2f}".replace("-", "−") for part in (flows[:2], flows))
        sector = SECTORS[int(wave.sectors[row])].replace("_", " ")
        table.add_row(Text(shorten(names[plant], 56)), sector, f"{wave.capital[row, 0]:.1f}", *medians)
    return titled(f"Plants counted in {_span(found)}, medians, bn USD", table)


def claim_words() -> Text:
    """What the report of April 2025 says, and what its number is not."""
    shares = {share.party: share.share for share in procurement_shares() if share.year == CLAIM_YEAR}
    trap = TRAP.format(share=100 * shares["korea"])
    return Text(
        f"The claim (KIET, April 2025): the surplus is largely a by-product of Korean plants in the US, as affiliates "
        f"there buy {100 * shares['korea']:.0f} % of their inputs in Korea and {100 * shares['local']:.1f} % locally "
        f"({CLAIM_YEAR}). No amount in dollars was found in what was printed of the report. {trap}"
    )


def induced_words(found: Induced) -> Text:
    """The answer in a sentence, with interval and basis."""
    basis = next(basis for basis in BASES if basis in found.surplus)
    rise = found.share_of_rise(basis)
    risen = "" if rise is None else f", and {_told(100 * rise, '%', 0)} of its rise since {_span(found, FIRST_YEAR)}"
    gross, net = (_told(draws, "bn USD", 1) for draws in (found.gross, found.net))
    surplus = f"the surplus of {found.surplus[basis]:.1f} bn USD"
    return Text(
        f"In {_span(found)}, {len(found.plants)} Korean plants that were being built or ran in the US induced exports "
        f"from Korea of {gross}; less the exports they displaced and what they shipped back that is {net} net, or "
        f"{_told(100 * found.share(basis), '%', 0)} of {surplus}{risen} (medians and 80 % intervals, "
        f"{BASIS_NAMES[basis]}); what older plants and sales companies induced comes on top and is not counted."
    )


def _cells(draws: Array, places: int) -> list[str]:
    """Median and intervals."""
    summary = _summary(draws)
    spans = [interval(summary, "flow", width, 0, places=places) for width in INTERVALS]
    return [number(summary, "flow", quantile_name(0.5), 0, places=places), *spans]


def _told(draws: Array, unit: str, places: int) -> str:
    summary = _summary(draws)
    median = number(summary, "flow", quantile_name(0.5), 0, places=places)
    return f"{median} {unit} ({interval(summary, 'flow', 80, 0, places=places)})"


def _summary(draws: Array) -> Summary:
    return summarised(draws[None, None], (0,), ("flow",), -(-draws.size // N_BATCHES))


def _span(found: Induced, year: int | None = None) -> str:
    """What is counted of a year, that of `found` by default: all of it, or the months observed of that."""
    months = {1: "January–March ", 2: "January–June ", 3: "January–September ", 4: ""}
    return f"{months[found.n_quarters]}{found.year if year is None else year}"
