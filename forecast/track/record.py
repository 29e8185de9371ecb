"""The record of past forecasts: every score with what it is a score of, and the tables it is kept in.

`scores.csv` holds one score a row; `quantiles.csv` and `annual_quantiles.csv` hold the forecasts of the shipped model,
so that others can score them. An annual target is a calendar year, `2008`, where the origin is a fourth quarter, and
four quarters in a row, `2007Q3-2008Q2`, where it is not: no forecast is mixed with quarters already seen.

`data/track_record.csv` ships with the package: the copy of `summary.csv` in `docs/track-record` that reports quote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import partial
from importlib.resources import files
from itertools import chain, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.dims import Array
from forecast.errors import DataError
from forecast.observations.series import QuarterlyTrade
from forecast.quarters import format_quarter, parse_quarter
from forecast.stats.streams import generator
from forecast.storage.files import read_csv, write_csv
from forecast.track.backtest import OURS, Design, Forecasts, Piece, stored_forecasts
from forecast.track.references import METHODS, TREATMENTS, combination
from forecast.track.scores import (
    LEVELS,
    NEAR_QUARTERS,
    SERIES,
    YEARS_AHEAD,
    coverage,
    crps,
    outcomes,
    pinball,
    pit,
)

COMBINED = "combination"
"""The combination of the standard methods, which needs no run of its own."""

_SCORED = {"quarter": range(1, NEAR_QUARTERS + 1), "year": YEARS_AHEAD}

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
        series: one of `scores.SERIES`.
        span: `quarter`, or `year` for a sum of four quarters.
        origin: quarter index.
        horizon: in units of the span, from 1.
        observed: the outcome.
        crps, pinball_10, pinball_50, pinball_90: in the unit of the outcome.
        pit: as `scores.pit`.
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

    def where(self, first: int = 1, last: int | None = None, **columns: str) -> Scores:
        """Scores at horizons `first` to `last` whose columns hold what is wanted, such as `series="balance"`."""
        chosen = self.horizon >= first
        if last is not None:
            chosen &= self.horizon <= last
        for name, text in columns.items():
            chosen &= getattr(self, name) == text
        return self._chosen(chosen)

    def until(self, origin: int) -> Scores:
        """Scores of origins up to a quarter."""
        return self._chosen(self.origin <= origin)

    def after(self, origin: int) -> Scores:
        """Scores of origins after a quarter."""
        return self._chosen(self.origin > origin)

    def _chosen(self, chosen: NDArray[np.bool_]) -> Scores:
        return Scores(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def models(self) -> tuple[str, ...]:
        """Models in the order of their first score."""
        return tuple(dict.fromkeys(self.model.tolist()))


def scored(pieces: Sequence[Piece], folder: Path, trade: QuarterlyTrade, design: Design) -> Scores:
    """Scores of all finished pieces, at origins where no model failed, so that all are scored on the same work."""
    stored = {piece: stored_forecasts(piece, folder) for piece in pieces}
    missing = {piece.origin for piece, forecasts in stored.items() if forecasts is None}
    said = {piece: found for piece, found in stored.items() if found is not None and piece.origin not in missing}
    columns: list[list[Any]] = [[] for _ in fields(Scores)]
    for piece, forecasts in {**said, **_combined(said)}.items():
        for row in _scores_of(piece, forecasts, trade, design):
            for column, value in zip(columns, row, strict=True):
                column.append(value)
    return Scores(*map(np.array, columns))


def _combined(said: Mapping[Piece, Forecasts]) -> dict[Piece, Forecasts]:
    """The combination of the standard methods at every origin where all of them spoke."""
    by_origin: dict[int, list[Forecasts]] = {}
    for piece, forecasts in said.items():
        if piece.model in METHODS:
            by_origin.setdefault(piece.origin, []).append(forecasts)
    whole = {origin: methods for origin, methods in by_origin.items() if len(methods) == len(METHODS)}
    return {Piece(COMBINED, origin): combination(methods) for origin, methods in whole.items()}


def _scores_of(piece: Piece, forecasts: Forecasts, trade: QuarterlyTrade, design: Design) -> Iterator[tuple[Any, ...]]:
    observed = outcomes(trade, piece.origin, design.horizon)
    for variant, quantiles in forecasts.items():
        name = variant if variant == piece.model else f"{piece.model}.{variant}"
        for series, outcome, forecast in zip(SERIES, observed, quantiles, strict=True):
            known = np.isfinite(outcome) & np.isfinite(forecast).all(axis=-1) & _is_scored(design.horizon)
            outcome, forecast = outcome[known], forecast[known]
            losses = [pinball(outcome, forecast, level) for level in PINBALL_LEVELS]
            numbers = (outcome, crps(outcome, forecast), *losses, pit(outcome, forecast))
            for place, *row in zip(np.flatnonzero(known).tolist(), *(part.tolist() for part in numbers), strict=True):
                span, horizon = _span(place, design.horizon)
                yield name, series, span, piece.origin, horizon, *row


def _is_scored(horizon: int) -> NDArray[np.bool_]:
    """Which targets are scored, `(n_targets,)`: near quarters, and some years."""
    return np.array([ahead in _SCORED[span] for span, ahead in map(partial(_span, horizon=horizon), _places(horizon))])


def _places(horizon: int) -> range:
    """Places on the axis of targets."""
    return range(horizon + horizon // 4)


def _span(place: int, horizon: int) -> tuple[str, int]:
    """Span and horizon of the target at one place of the axis of targets."""
    return ("quarter", place + 1) if place < horizon else ("year", place - horizon + 1)


def target_name(origin: int, span: str, horizon: int) -> str:
    """Name of the period at a horizon of an origin.

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
    write_csv(path, [*names[:4], "target", *names[4:]], (_score_row(*row) for row in rows))


def _score_row(model: str, series: str, span: str, origin: int, horizon: int, *numbers: float) -> tuple[object, ...]:
    target = target_name(origin, span, horizon)
    return (model, series, span, format_quarter(origin), target, horizon, *(f"{value:.6g}" for value in numbers))


def read_scores(path: Path) -> Scores:
    """Scores as `write_scores` left them.

    Raises:
        DataError: no such file, or another one.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = read_csv(file)
        columns = {field.name: [row[field.name] for row in rows] for field in fields(Scores)}
        origin = np.array([parse_quarter(text) for text in columns.pop("origin")])
        texts = {name: np.array(columns.pop(name)) for name in ("model", "series", "span")}
        horizon = np.array([int(text) for text in columns.pop("horizon")])
        numbers = {name: np.array([float(text) for text in column]) for name, column in columns.items()}
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{path}: got no table of scores ({error}), expected one that --publish wrote") from error
    return Scores(**texts, origin=origin, horizon=horizon, **numbers)


def write_quantiles(path: Path, forecasts: Mapping[int, Array], span: str, horizon: int) -> None:
    """Write the scored quantiles of one span, one a row: `QUANTILE_COLUMNS`, origins and targets in order.

    Args:
        forecasts: quantiles `(3, n_targets, 99)` by origin.
        span: `quarter` or `year`.
        horizon: quarters ahead.
    """
    places = np.flatnonzero(_is_scored(horizon)).tolist()
    cells = product(sorted(forecasts), [place for place in places if _span(place, horizon)[0] == span])
    rows = (_quantile_rows(origin, place, horizon, forecasts[origin][:, place]) for origin, place in cells)
    write_csv(path, QUANTILE_COLUMNS, chain.from_iterable(rows))


def _quantile_rows(origin: int, place: int, horizon: int, values: Array) -> Iterator[tuple[str, ...]]:
    span, ahead = _span(place, horizon)
    target = target_name(origin, span, ahead)
    for series, row in zip(SERIES, values.tolist(), strict=True):
        for level, value in zip(LEVELS.tolist(), row, strict=True):
            yield format_quarter(origin), target, str(ahead), series, BASIS, f"{level:.2f}", f"{value:.5g}"


def shipped_quantiles(pieces: Iterable[Piece], folder: Path) -> dict[int, Array]:
    """Quantiles of the shipped model, `(3, n_targets, 99)` by origin; origins where it failed are left out."""
    said = {piece.origin: stored_forecasts(piece, folder) for piece in pieces if piece.model == OURS}
    return {origin: forecasts[OURS] for origin, forecasts in said.items() if forecasts is not None}


NAMES = {
    OURS: "This forecast",
    "joint_growth": "Joint growth, resampled",
    "bayesian_var": "Bayesian VAR",
    "seasonal_naive": "Seasonal naive",
    "auto_arima": "AutoARIMA",
    "auto_ets": "AutoETS",
    "theta": "Theta",
    COMBINED: "Combination of the four",
}
"""Models by the name shown to readers."""

SHOWN = ("balance", "exports", "imports")
"""Series in the order readers meet them."""

_TREATED = {"logs": "logs", "levels": "levels", "own": "own series"}
BLOCK = 4
"""Origins in a row that are resampled together: two years where there are two a year, the longest horizon."""

_RESAMPLES = 4_000


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
    for method in (*METHODS, COMBINED):
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


def mean_pit_range(scores: Scores) -> tuple[float, float] | None:
    """Ends of the 95 % range of the mean PIT, from origins resampled in moving blocks; None of fewer than two blocks.

    Forecasts of overlapping quarters err together, so that runs of `BLOCK` origins in a row are drawn, not single ones
    (Künsch 1989, Annals of Statistics 17(3): 1217-1241).
    """
    _, place, counts = np.unique(scores.origin, return_inverse=True, return_counts=True)
    sums, n = np.bincount(place, weights=scores.pit), len(counts)
    if n < 2 * BLOCK:
        return None
    starts = generator(0, "track_record.mean_pit", 0).integers(0, n - BLOCK + 1, (_RESAMPLES, -(-n // BLOCK)))
    drawn = (starts[..., None] + np.arange(BLOCK)).reshape(_RESAMPLES, -1)[:, :n]
    low, high = np.quantile(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1), [0.025, 0.975]).tolist()
    return low, high


SHIPPED = Path(str(files("forecast"))) / "data" / "track_record.csv"

FAR = (5, 8)
"""Years ahead of which a record says how much intervals held."""

CHOSEN = parse_quarter("2015Q4")
"""Last origin on which the structure of the model and its priors were chosen."""


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """Accuracy of one model in forecasting the balance, US Census basis.

    Attributes:
        model: as in `Scores`; a reference is in the treatment that scored best.
        first, last: origins.
        n_origins: number of origins.
        n_outcomes: quarters scored.
        crps_quarters, crps_year_1, crps_year_2: mean CRPS of quarters 1 to 8 ahead and of the sums of four quarters one
            and two years ahead, bn USD.
        held_80, held_95: shares of the quarters inside the intervals.
        held_year_5, held_year_8: shares of the years so far ahead inside 80 % intervals, nan where none was scored.
        held_year_5_late, held_year_8_late: the same of origins after `CHOSEN`.
        n_year_5_late, n_year_8_late: outcomes of these.
    """

    model: str
    first: str
    last: str
    n_origins: int
    n_outcomes: int
    crps_quarters: float
    crps_year_1: float
    crps_year_2: float
    held_80: float
    held_95: float
    held_year_5: float
    held_year_8: float
    held_year_5_late: float
    held_year_8_late: float
    n_year_5_late: int
    n_year_8_late: int


def model_records(scores: Scores) -> list[ModelRecord]:
    """Our model first, then the references."""
    return [_model_record(scores.where(model=model, series="balance")) for model in strongest(scores, "balance")]


def _model_record(scores: Scores) -> ModelRecord:
    quarters, years = scores.where(span="quarter"), scores.where(span="year")
    far = [years.where(ahead, ahead) for ahead in FAR]
    late = [scores.after(CHOSEN) for scores in far]
    held, held_late = ([_held(each.pit) for each in spans] for spans in (far, late))
    return ModelRecord(
        model=str(scores.model[0]),
        first=format_quarter(int(quarters.origin.min())),
        last=format_quarter(int(quarters.origin.max())),
        n_origins=len(np.unique(quarters.origin)),
        n_outcomes=len(quarters.crps),
        crps_quarters=round(mean_crps(quarters), 4),
        crps_year_1=round(mean_crps(years.where(1, 1)), 4),
        crps_year_2=round(mean_crps(years.where(2, 2)), 4),
        held_80=round(coverage(quarters.pit, 80), 4),
        held_95=round(coverage(quarters.pit, 95), 4),
        held_year_5=held[0],
        held_year_8=held[1],
        held_year_5_late=held_late[0],
        held_year_8_late=held_late[1],
        n_year_5_late=len(late[0].pit),
        n_year_8_late=len(late[1].pit),
    )


def _held(pit: Array) -> float:
    return round(coverage(pit, 80), 4) if len(pit) else float("nan")


def write_model_records(scores: Scores, path: Path) -> None:
    """Write the rows, one a model."""
    write_csv(path, (field.name for field in fields(ModelRecord)), map(astuple, model_records(scores)))


def read_model_records(path: Path = SHIPPED) -> list[ModelRecord]:
    """The rows as written; those that ship by default."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_read(row) for row in read_csv(file)]


def _read(row: dict[str, str]) -> ModelRecord:
    texts: dict[str, Any] = {name: row[name] for name in ("model", "first", "last")}
    counts = {name: int(number) for name, number in row.items() if name.startswith("n_")}
    numbers = {name: float(value) for name, value in row.items() if name not in texts and name not in counts}
    return ModelRecord(**(texts | counts | numbers))


def ours(records: list[ModelRecord]) -> ModelRecord:
    """The row of our model."""
    return next(record for record in records if record.model == OURS)


def best_benchmark(records: list[ModelRecord]) -> ModelRecord:
    """The reference with the smallest mean CRPS of quarters."""
    return min((record for record in records if record.model != OURS), key=lambda record: record.crps_quarters)
