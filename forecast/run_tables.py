"""The CSV tables of a run: long, unit and basis in every row, the Monte Carlo standard error of every number."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.draws import QUARTERLY_SERIES
from forecast.numerals import stored
from forecast.quantiles import FINE_LEVELS
from forecast.quarters import format_quarter
from forecast.summary import BELOW, Quarters, Summary

UNIT = "bn USD"
COLUMNS = ("scenario", "basis", "series", "year", "statistic", "unit", "value", "standard_error")
QUARTER_COLUMNS = ("scenario", "basis", "series", "quarter", "quantile", "unit", "value", "standard_error")
BRANCH_COLUMNS = ("branch", "share", *COLUMNS)


@dataclass(frozen=True, slots=True)
class Branches:
    """What a run of a mixture reports of its branches.

    Attributes:
        summaries: statistics of the draws that follow each branch, by label.
        chosen: label of the branch of every draw, `(n_draws,)`, or None where draws were not kept.
    """

    summaries: Mapping[str, Summary]
    chosen: NDArray[np.object_] | None


def write_summary(path: Path, manifest: Mapping[str, Any], summary: Summary) -> None:
    """Write every annual statistic."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_summary_rows(manifest, summary))


def write_branches(path: Path, manifest: Mapping[str, Any], branches: Branches) -> None:
    """Write every annual statistic of every branch, with the share of draws that follow it."""
    n_draws = sum(summary.n_draws for summary in branches.summaries.values())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(BRANCH_COLUMNS)
        for label, summary in branches.summaries.items():
            share = f"{summary.n_draws / n_draws:.6f}"
            writer.writerows([label, share, *row] for row in _summary_rows(manifest, summary))


def _summary_rows(manifest: Mapping[str, Any], summary: Summary) -> Iterator[list[object]]:
    for series_index, series in enumerate(summary.series):
        for year_index, year in enumerate(summary.years):
            for name, statistic in summary.statistics.items():
                value = float(statistic.value[series_index, year_index])
                error = float(statistic.standard_error[series_index, year_index])
                unit = "probability" if name.startswith(("exceedance", BELOW)) else UNIT
                identity = (manifest["scenario"]["name"], manifest["basis"], series, year, name, unit)
                yield [*identity, *stored(value, error)]


def write_quarters(path: Path, manifest: Mapping[str, Any], quarters: Quarters) -> None:
    """Write the quantiles of the first quarters."""
    value, error = (np.moveaxis(part, 0, -1) for part in (quarters.quantiles.value, quarters.quantiles.standard_error))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(QUARTER_COLUMNS)
        for series_index, quarter_index in np.ndindex(*value.shape[:2]):
            quarter = format_quarter(quarters.quarters[quarter_index])
            identity = (manifest["scenario"]["name"], "us_census", QUARTERLY_SERIES[series_index], quarter)
            numbers = (part[series_index, quarter_index].tolist() for part in (value, error))
            for level, *printed in zip(FINE_LEVELS, *numbers, strict=True):
                writer.writerow([*identity, level, UNIT, *stored(*printed)])
