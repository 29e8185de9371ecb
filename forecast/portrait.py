"""What a law implies, for whoever stated it to see whether that is meant: its density, quantiles and mean, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Group
from rich.text import Text

from forecast.distributions import Law
from forecast.draws import Array
from forecast.layout import plain_table, titled
from forecast.opinions import Curve, Mixture
from forecast.rows import mean

LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Levels of the quantiles shown."""

_ENDS = (0.005, 0.995)
_HEIGHTS = "▁▂▃▄▅▆▇█"
_COLUMNS = 60
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Density:
    """Probability of a law in steps of equal width.

    Attributes:
        edges: `(n_steps + 1,)`, over the inner 99 % of the law.
        shares: probability of each step, `(n_steps,)`.
    """

    edges: Array
    shares: Array


def density(law: Curve, edges: Array) -> Density:
    """Probability of a law between edges; a value on an edge counts to the step below it, on the first to the first."""
    levels = np.concatenate([law.cdf(np.nextafter(edges[:1], -np.inf)), law.cdf(edges[1:])])
    return Density(edges, np.diff(levels))


def inner_edges(law: Law, n_steps: int) -> Array:
    """Edges of equal steps over the inner 99 % of a law; of one step around the value of a constant."""
    low, high = (float(end) for end in law.ppf(_ENDS))
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, n_steps + 1)


def parts(law: Law) -> list[tuple[str, float, Curve]]:
    """Laws of a mixture with their names and shares; nothing for another law."""
    if not isinstance(law, Mixture):
        return []
    labels = law.labels or tuple(f"law {number + 1}" for number in range(len(law.laws)))
    return [*zip(labels, law.shares().tolist(), law.laws, strict=True)]


def portrait(name: str, law: Law) -> Group:
    """The density of a law as a line of blocks, its quantiles and its mean, and those of the laws it is made of."""
    shown = density(law, inner_edges(law, _COLUMNS))
    low, high = (_number(float(end)) for end in shown.edges[[0, -1]])
    table = plain_table(["", *(f"{100 * level:g} %" for level in LEVELS), "Mean"])
    table.columns[0].justify = "left"
    made_of = [(f"{label}, {100 * share:.0f} %", part) for label, share, part in parts(law)]
    for label, part in [("All" if made_of else "", law), *made_of]:
        quantiles = part.ppf(np.array(LEVELS)).tolist()
        table.add_row(Text(label), *map(_number, quantiles), _number(mean(part)))
    picture = f"{_blocks(shown.shares)}\n{low}{high.rjust(_COLUMNS - len(low))}\n"
    title = Text(f"{name}: density over its inner 99 %", style="bold")
    return Group(title, Text(picture), titled("Quantiles", table))


def _blocks(shares: Array) -> str:
    """Bars of eighths, the highest full; a step without probability is left blank.

    >>> _blocks(np.array([0.0, 0.1, 0.8, 0.1]))
    ' ▁█▁'
    """
    heights = np.ceil(8 * shares / shares.max()).astype(int)
    bars = [_HEIGHTS[max(height, 1) - 1] for height in heights]
    return "".join(" " if share < _NOTHING else bar for share, bar in zip(shares, bars, strict=True))


def _number(value: float) -> str:
    """A number with four digits that count, and a true minus sign.

    >>> _number(-1234.56), _number(0.30000000000000004)
    ('−1235', '0.3')
    """
    return f"{value:.4g}".replace("-", "−")
