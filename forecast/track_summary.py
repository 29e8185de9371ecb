"""The track record in a few rows, as it ships with the package: what a report says of past forecasts.

`data/track_record.csv` is the copy of `summary.csv` in `docs/track-record` that an installed package can read.
"""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from forecast.backtest import OURS
from forecast.quarters import format_quarter
from forecast.scoring import coverage
from forecast.track_record import Scores
from forecast.track_tables import mean_crps, strongest

SHIPPED = Path(str(files("forecast"))) / "data" / "track_record.csv"


@dataclass(frozen=True, slots=True)
class Standing:
    """How one model fared in forecasting the balance, US Census basis.

    Attributes:
        model: as in `Scores`; a reference is in the treatment that scored best.
        first, last: origins.
        n_origins: number of origins.
        n_outcomes: quarters scored.
        crps_quarters, crps_year_1, crps_year_2: mean CRPS of quarters 1 to 8 ahead and of the sums of four quarters one
            and two years ahead, bn USD.
        held_80, held_95: shares of the quarters inside the intervals.
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


def standings(scores: Scores) -> list[Standing]:
    """Our model first, then the references."""
    return [_standing(scores.where(model=model, series="balance")) for model in strongest(scores, "balance")]


def _standing(scores: Scores) -> Standing:
    quarters, years = scores.where(span="quarter"), scores.where(span="year")
    return Standing(
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
    )


def write_standings(scores: Scores, path: Path) -> None:
    """Write the rows, one a model."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Standing))
        writer.writerows(astuple(standing) for standing in standings(scores))


def read_standings(path: Path = SHIPPED) -> list[Standing]:
    """The rows as written; those that ship by default."""
    with path.open(encoding="utf-8", newline="") as file:
        return [_read(row) for row in csv.DictReader(file)]


def _read(row: dict[str, str]) -> Standing:
    texts: dict[str, Any] = {name: row[name] for name in ("model", "first", "last")}
    counts = {name: int(row[name]) for name in ("n_origins", "n_outcomes")}
    numbers = {name: float(value) for name, value in row.items() if name not in texts and name not in counts}
    return Standing(**(texts | counts | numbers))


def ours(found: list[Standing]) -> Standing:
    """The row of our model."""
    return next(standing for standing in found if standing.model == OURS)


def best_reference(found: list[Standing]) -> Standing:
    """The reference with the smallest mean CRPS of quarters."""
    return min((standing for standing in found if standing.model != OURS), key=lambda standing: standing.crps_quarters)
