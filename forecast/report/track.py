"""A track record in words: mean scores of every model, coverage, and a plain sentence.

What `forecast backtest --publish` leaves: a page with tables, the tables as CSV, and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.dims import Array
from forecast.errors import RunError
from forecast.observations.series import QuarterlyTrade
from forecast.plots.track import save_track_pictures
from forecast.quarters import format_quarter, parse_quarter
from forecast.storage import whole_files, writing
from forecast.track.backtest import OURS, Design, Piece
from forecast.track.record import (
    PINBALL_LEVELS,
    SHOWN,
    Scores,
    mean_crps,
    mean_pit_range,
    model_name,
    read_scores,
    shipped_quantiles,
    strongest,
    write_model_records,
    write_quantiles,
    write_scores,
)
from forecast.track.scores import WIDTHS, coverage

if TYPE_CHECKING:
    from rich.console import Group


_HALVES = ((1, 4), (5, 8))


Cells = list[list[str]]
"""A table as text: rows of cells, the first row the headings."""


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


UNIT = "bn USD"


BEGIN, END = "<!-- record -->", "<!-- /record -->"
"""Marks around the part of the page that the command writes."""


PAGE, SCORES, QUANTILES, YEARS = "README.md", "scores.csv", "quantiles.csv", "annual_quantiles.csv"


SUMMARY = "summary.csv"
"""A few rows of the scores; `data/track_record.csv` is a copy of those of the published record."""


_EARLIER = parse_quarter("2025Q2")


def publish_record(
    folder: Path, scores: Scores, pieces: Sequence[Piece], stored: Path, trade: QuarterlyTrade, design: Design
) -> None:
    """Write the record to `folder`, in place of the one before.

    Args:
        scores, pieces, stored: what was scored, what it came from, and where that lies.

    Raises:
        RunError: the folder cannot be written, or its page has lost its marks.
    """
    with writing(folder, "choose another folder"):
        folder.mkdir(parents=True, exist_ok=True)
        with whole_files(folder) as unfinished:
            _write_record(unfinished, folder / PAGE, scores, shipped_quantiles(pieces, stored), trade, design)


def _write_record(
    target: Path, page: Path, scores: Scores, said: Mapping[int, Array], trade: QuarterlyTrade, design: Design
) -> None:
    write_scores(scores, target / SCORES)
    kept = read_scores(target / SCORES)
    write_model_records(kept, target / SUMMARY)
    (target / PAGE).write_text(_page(page, record_section(kept)), encoding="utf-8")
    write_quantiles(target / QUANTILES, said, "quarter", design.horizon)
    write_quantiles(target / YEARS, said, "year", design.horizon)
    save_track_pictures(target, kept, said, trade, design)


def record_section(scores: Scores) -> str:
    """The part of the page that follows from the scores."""
    parts = [answer(scores, UNIT), _earlier(scores)]
    for series in SHOWN:
        parts += [f"### {series.capitalize()}", markdown(crps_table(scores, series, strongest(scores, series)))]
    parts += ["### Coverage and PIT of the forecast", markdown(coverage_table(scores))]
    parts += [
        "### Pinball loss of the quarterly balance",
        markdown(pinball_table(scores, strongest(scores, "balance"))),
    ]
    parts += ["### Every treatment of the references, balance", markdown(crps_table(scores, "balance", scores.models))]
    return "\n\n".join(parts)


def _earlier(scores: Scores) -> str:
    """Scores of the origins whose figures were stated before the model was built."""
    quarters = scores.where(span="quarter").until(_EARLIER)
    references = ("joint_growth", "seasonal_naive.logs", "auto_arima.logs", "auto_ets.logs", "theta.logs")
    ours = ", ".join(f"{series} {_mean(quarters, OURS, series)}" for series in SHOWN)
    others = ", ".join(f"{model_name(model)} {_mean(quarters, model, 'balance')}" for model in references)
    return (
        f"Origins up to {format_quarter(_EARLIER)} alone: mean CRPS of the forecast {ours}; of the balance: {others}."
    )


def _mean(scores: Scores, model: str, series: str) -> str:
    value = mean_crps(scores.where(model=model, series=series))
    return "–" if np.isnan(value) else f"{value:.3f}"


def _page(path: Path, section: str) -> str:
    """The page with its part between the marks replaced; a short page of its own where there is none."""
    old = path.read_text(encoding="utf-8") if path.exists() else f"# Track record\n\n{BEGIN}\n{END}\n"
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise RunError(f"{path}: got no marks, expected {BEGIN} and {END} around the part to replace")
    return f"{head}{BEGIN}\n{section}\n{END}{tail}"
