"""The record of past forecasts: every score with what it is a score of, and the tables it is kept in.

`scores.csv` holds one score a row; `quantiles.csv` and `annual_quantiles.csv` hold what the shipped model said, so that
others can score it. An annual target is a calendar year, `2008`, where the origin is a fourth quarter, and four
quarters in a row, `2007Q3-2008Q2`, where it is not: no forecast is mixed with quarters already seen.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast import scoring
from forecast.backtest import OURS, Design, Forecasts, Piece, stored_forecasts
from forecast.draws import Array
from forecast.errors import DataError
from forecast.quarters import format_quarter, parse_quarter
from forecast.scoring import LEVELS, SERIES
from forecast.series import QuarterlyTrade

PINBALL_LEVELS = (0.1, 0.5, 0.9)
"""Levels whose pinball loss is kept."""

QUANTILE_COLUMNS = ("origin", "target", "horizon", "series", "basis", "quantile", "value")

BASIS = "us_census"
"""Basis of the record that ships."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of observed targets, one an element of every array.

    Attributes:
        model: variant of a model, such as `baseline` or `auto_ets.logs`.
        series: one of `scoring.SERIES`.
        span: `quarter`, or `year` for a sum of four quarters.
        origin: quarter index.
        horizon: in units of the span, from 1.
        observed: the outcome.
        crps, pinball_10, pinball_50, pinball_90: in the unit of the outcome.
        pit: as `scoring.pit`.
    """

    model: NDArray[np.str_]
    series: NDArray[np.str_]
    span: NDArray[np.str_]
    origin: NDArray[np.int64]
    horizon: NDArray[np.int64]
    observed: Array
    crps: Array
    pinball_10: Array
    pinball_50: Array
    pinball_90: Array
    pit: Array

    def where(self, first: int = 1, last: int | None = None, **wanted: str) -> Scores:
        """Scores at horizons `first` to `last` whose columns hold what is wanted, such as `series="balance"`."""
        chosen = self.horizon >= first
        if last is not None:
            chosen &= self.horizon <= last
        for name, text in wanted.items():
            chosen &= getattr(self, name) == text
        return self._chosen(chosen)

    def until(self, origin: int) -> Scores:
        """Scores of origins up to a quarter."""
        return self._chosen(self.origin <= origin)

    def _chosen(self, chosen: NDArray[np.bool_]) -> Scores:
        return Scores(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def models(self) -> tuple[str, ...]:
        """Models in the order of their first score."""
        return tuple(dict.fromkeys(self.model.tolist()))


def scored(pieces: Sequence[Piece], folder: Path, trade: QuarterlyTrade, design: Design) -> Scores:
    """Scores of all finished pieces, at origins where no model failed, so that all are scored on the same work."""
    stored = {piece: stored_forecasts(piece, folder) for piece in pieces}
    missing = {piece.origin for piece, said in stored.items() if said is None}
    columns: list[list[Any]] = [[] for _ in fields(Scores)]
    for piece, said in stored.items():
        if said is not None and piece.origin not in missing:
            for row in _scores_of(piece, said, trade, design):
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
    return Scores(*map(np.array, columns))


def _scores_of(piece: Piece, said: Forecasts, trade: QuarterlyTrade, design: Design) -> Iterator[tuple[Any, ...]]:
    observed = scoring.outcomes(trade, piece.origin, design.horizon)
    for variant, quantiles in said.items():
        name = variant if variant == piece.model else f"{piece.model}.{variant}"
        for series, seen, asked in zip(SERIES, observed, quantiles, strict=True):
            known = np.isfinite(seen) & np.isfinite(asked).all(axis=-1)
            seen, asked = seen[known], asked[known]
            losses = [scoring.pinball(seen, asked, level) for level in PINBALL_LEVELS]
            numbers = (seen, scoring.crps(seen, asked), *losses, scoring.pit(seen, asked))
            for place, *row in zip(np.flatnonzero(known).tolist(), *(part.tolist() for part in numbers), strict=True):
                span, horizon = _span(place, design.horizon)
                yield name, series, span, piece.origin, horizon, *row


def _span(place: int, horizon: int) -> tuple[str, int]:
    """Span and horizon of the target at one place of the axis of targets."""
    return ("quarter", place + 1) if place < horizon else ("year", place - horizon + 1)


def target_name(origin: int, span: str, horizon: int) -> str:
    """What a horizon of an origin is called.

    >>> target_name(8103, "quarter", 1), target_name(8103, "year", 2), target_name(8101, "year", 1)
    ('2026Q1', '2027', '2025Q3-2026Q2')
    """
    if span == "quarter":
        return format_quarter(origin + horizon)
    first = origin + 4 * horizon - 3
    return str(first // 4) if first % 4 == 0 else f"{format_quarter(first)}-{format_quarter(first + 3)}"


def write_scores(scores: Scores, path: Path) -> None:
    """Write `scores.csv`: the columns of `Scores`, the target after the origin, six significant digits."""
    names = [field.name for field in fields(Scores)]
    rows = zip(*(getattr(scores, name).tolist() for name in names), strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*names[:4], "target", *names[4:]])
        for model, series, span, origin, horizon, *numbers in rows:
            target = target_name(origin, span, horizon)
            texts = [f"{value:.6g}" for value in numbers]
            writer.writerow([model, series, span, format_quarter(origin), target, horizon, *texts])


def read_scores(path: Path) -> Scores:
    """Scores as `write_scores` left them.

    Raises:
        DataError: no such file, or another one.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        columns = {field.name: [row[field.name] for row in rows] for field in fields(Scores)}
        origin = np.array([parse_quarter(text) for text in columns.pop("origin")])
        texts = {name: np.array(columns.pop(name)) for name in ("model", "series", "span")}
        horizon = np.array([int(text) for text in columns.pop("horizon")])
        numbers = {name: np.array([float(text) for text in column]) for name, column in columns.items()}
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: got no table of scores ({error}), expected one that --publish wrote") from error
    return Scores(**texts, origin=origin, horizon=horizon, **numbers)


def write_quantiles(path: Path, said: Mapping[int, Array], span: str, horizon: int) -> None:
    """Write the quantiles of one span, one a row: `QUANTILE_COLUMNS`, origins and targets in order.

    Args:
        said: quantiles `(3, n_targets, 99)` by origin.
        span: `quarter` or `year`.
        horizon: quarters ahead.
    """
    places = range(horizon) if span == "quarter" else range(horizon, horizon + horizon // 4)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(QUANTILE_COLUMNS)
        for origin in sorted(said):
            for place in places:
                writer.writerows(_quantile_rows(origin, place, horizon, said[origin][:, place]))


def _quantile_rows(origin: int, place: int, horizon: int, values: Array) -> Iterator[tuple[str, ...]]:
    span, ahead = _span(place, horizon)
    target = target_name(origin, span, ahead)
    for series, row in zip(SERIES, values.tolist(), strict=True):
        for level, value in zip(LEVELS.tolist(), row, strict=True):
            yield format_quarter(origin), target, str(ahead), series, BASIS, f"{level:.2f}", f"{value:.5g}"


def our_quantiles(pieces: Iterable[Piece], folder: Path) -> dict[int, Array]:
    """What the shipped model said, `(3, n_targets, 99)` by origin; origins where it failed are left out."""
    said = {piece.origin: stored_forecasts(piece, folder) for piece in pieces if piece.model == OURS}
    return {origin: forecasts[OURS] for origin, forecasts in said.items() if forecasts is not None}
