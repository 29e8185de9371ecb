"""What `forecast backtest --publish` leaves: a page with tables, the tables as CSV, and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from forecast.backtest import OURS, Design, Piece
from forecast.draws import Array
from forecast.errors import RunError
from forecast.quarters import format_quarter, parse_quarter
from forecast.series import QuarterlyTrade
from forecast.storage import whole_files, writing
from forecast.track_pages import save_track_pictures
from forecast.track_record import Scores, our_quantiles, read_scores, write_quantiles, write_scores
from forecast.track_summary import write_standings
from forecast.track_tables import (
    SHOWN,
    answer,
    coverage_table,
    crps_table,
    markdown,
    mean_crps,
    model_name,
    pinball_table,
    strongest,
)

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
            _write_record(unfinished, folder / PAGE, scores, our_quantiles(pieces, stored), trade, design)


def _write_record(
    target: Path, page: Path, scores: Scores, said: Mapping[int, Array], trade: QuarterlyTrade, design: Design
) -> None:
    write_scores(scores, target / SCORES)
    kept = read_scores(target / SCORES)
    write_standings(kept, target / SUMMARY)
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
