"""A track record in words: mean scores of every model, coverage, and a plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from forecast.backtest import OURS
from forecast.draws import Array
from forecast.quarters import format_quarter
from forecast.references import METHODS, TREATMENTS
from forecast.scoring import WIDTHS, coverage
from forecast.streams import generator
from forecast.track_record import PINBALL_LEVELS, Scores

if TYPE_CHECKING:
    from rich.console import Group

NAMES = {
    OURS: "This forecast",
    "joint_growth": "Joint growth, resampled",
    "seasonal_naive": "Seasonal naive",
    "auto_arima": "AutoARIMA",
    "auto_ets": "AutoETS",
    "theta": "Theta",
}
"""What readers know a model by."""

SHOWN = ("balance", "exports", "imports")
"""Series in the order readers meet them."""

_TREATED = {"logs": "logs", "levels": "levels", "own": "own series"}
_HALVES = ((1, 4), (5, 8))

BLOCK = 4
"""Origins in a row that are resampled together: two years where there are two a year, the longest horizon."""

_RESAMPLES = 4_000

Cells = list[list[str]]
"""A table as text: rows of cells, the first row the headings."""


def model_name(model: str) -> str:
    """Name of a variant for readers.

    >>> model_name("auto_ets.logs"), model_name("joint_growth")
    ('AutoETS, logs', 'Joint growth, resampled')
    """
    base, _, treatment = model.partition(".")
    return NAMES[base] + (f", {_TREATED[treatment]}" if treatment else "")


def strongest(scores: Scores, series: str) -> tuple[str, ...]:
    """Our model and its references, each method in the treatment that scored best on the series over all quarters."""
    quarters = scores.where(series=series, span="quarter")
    present = quarters.models
    chosen = [model for model in present if "." not in model]
    for method in METHODS:
        treated = [f"{method}.{name}" for name in TREATMENTS if f"{method}.{name}" in present]
        chosen += sorted(treated, key=lambda model: mean_crps(quarters.where(model=model)))[:1]
    return tuple(chosen)


def mean_crps(scores: Scores) -> float:
    """Mean CRPS, nan where nothing was scored."""
    return float(scores.crps.mean()) if len(scores.crps) else float("nan")


def crps_by_horizon(scores: Scores) -> tuple[Array, Array]:
    """Horizons and mean CRPS at each."""
    horizons = np.unique(scores.horizon)
    return horizons.astype(float), np.array([scores.crps[scores.horizon == horizon].mean() for horizon in horizons])


def crps_table(scores: Scores, series: str, models: Sequence[str]) -> Cells:
    """Mean CRPS by model: all quarters, 1–4, 5–8, years 1 and 2, and all quarters over those of the best reference."""
    halves = [f"Quarters {first}–{last}" for first, last in _HALVES]
    headings = ["Model", "All quarters", *halves, "Year 1", "Year 2", "Ratio"]
    means = {model: _means(scores.where(series=series, model=model)) for model in models}
    others = [values[0] for model, values in means.items() if model != OURS]
    best = min(others, default=float("nan"))
    rows = [[model_name(model), *map(_shown, values), _shown(values[0] / best, 2)] for model, values in means.items()]
    return [headings, *rows]


def _means(scores: Scores) -> list[float]:
    quarters, years = scores.where(span="quarter"), scores.where(span="year")
    spans = [quarters, *(quarters.where(*half) for half in _HALVES), years.where(1, 1), years.where(2, 2)]
    return [mean_crps(span) for span in spans]


def coverage_table(scores: Scores, model: str = OURS) -> Cells:
    """Share of outcomes inside the 50, 80 and 95 % intervals, in percent, and mean PIT, by series and horizon.

    Beside the mean PIT stands its 95 % range, from `mean_pit_range`.
    """
    rows = [["Series", "Quarters", "Outcomes", *(f"{width} % interval" for width in WIDTHS), "Mean PIT"]]
    ours = scores.where(model=model, span="quarter")
    for series, (first, last) in product(SHOWN, _HALVES):
        chosen = ours.where(first, last, series=series)
        if len(chosen.pit):
            inside = [f"{100 * coverage(chosen.pit, width):.0f} %" for width in WIDTHS]
            low, high = mean_pit_range(chosen)
            fell = f"{chosen.pit.mean():.2f} ({low:.2f}–{high:.2f})"
            rows.append([series.capitalize(), f"{first}–{last}", str(len(chosen.pit)), *inside, fell])
    return rows


def mean_pit_range(scores: Scores) -> tuple[float, float]:
    """Ends of the 95 % range of the mean PIT, from origins resampled in moving blocks.

    Forecasts of overlapping quarters err together, so that runs of `BLOCK` origins in a row are drawn, not single ones
    (Künsch 1989, Annals of Statistics 17(3): 1217-1241).
    """
    _, place, counts = np.unique(scores.origin, return_inverse=True, return_counts=True)
    sums, n = np.bincount(place, weights=scores.pit), len(counts)
    length = min(BLOCK, n)
    starts = generator(0, "track_record.mean_pit", 0).integers(0, n - length + 1, (_RESAMPLES, -(-n // length)))
    drawn = (starts[..., None] + np.arange(length)).reshape(_RESAMPLES, -1)[:, :n]
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975]).tolist()
    return low, high


def pinball_table(scores: Scores, models: Sequence[str]) -> Cells:
    """Mean pinball loss of the quarterly balance at three levels, by model."""
    rows = [["Model", *(f"Level {level:g}" for level in PINBALL_LEVELS)]]
    for model in models:
        chosen = scores.where(model=model, series="balance", span="quarter")
        losses = [chosen.pinball_10, chosen.pinball_50, chosen.pinball_90]
        rows.append([model_name(model), *(_shown(float(values.mean())) for values in losses)])
    return rows


def answer(scores: Scores, unit: str) -> str:
    """The plain sentence of a track record."""
    quarters = scores.where(series="balance", span="quarter")
    ours = quarters.where(model=OURS)
    if not len(ours.crps):
        return "No origin could be scored."
    held = {width: f"{100 * coverage(ours.pit, width):.0f} %" for width in WIDTHS}
    words = (
        f"From {len(np.unique(ours.origin))} origins, {format_quarter(ours.origin.min())} to "
        f"{format_quarter(ours.origin.max())}, the balance of a quarter up to {ours.horizon.max()} quarters ahead was "
        f"forecast with a mean CRPS of {_shown(mean_crps(ours), 2)} {unit}; the 80 % interval held "
        f"{held[80]} of outcomes and the 95 % interval {held[95]}"
    )
    others = [model for model in strongest(scores, "balance") if model != OURS]
    if not others:
        return f"{words}."
    best = min(others, key=lambda model: mean_crps(quarters.where(model=model)))
    gain = 100 * (1 - mean_crps(ours) / mean_crps(quarters.where(model=best)))
    verdict = f"{gain:.0f} % better than" if gain >= 0 else f"{-gain:.0f} % worse than"
    return f"{words}; that is {verdict} the best reference, {model_name(best)}."


def printed(title: str, cells: Cells) -> Group:
    """A table for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for index, heading in enumerate(cells[0]):
        words = heading.replace(" ", "\n", 1)
        table.add_column(words, justify="right" if index else "left", vertical="bottom", no_wrap=True)
    for row in cells[1:]:
        table.add_row(*row)
    return Group(Text(title, style="bold"), table)


def markdown(cells: Cells) -> str:
    """A table for a page."""
    rule = ["---", *["---:"] * (len(cells[0]) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (cells[0], rule, *cells[1:]))


def _shown(value: float, places: int = 3) -> str:
    """A score with three significant digits or so; a dash where nothing was scored."""
    if np.isnan(value):
        return "–"
    return f"{value:.{places}f}" if value < 100 else f"{value:.4g}"
