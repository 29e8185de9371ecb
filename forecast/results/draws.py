"""Draws of a run in its file, `draws.nc`: annual and quarterly, in single precision, with the run they are of.

A file is read only if it holds the draws of that run and nothing larger, so that what is read of a stranger's run is
bounded by the size of its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.dims import ALL_SERIES, N_QUARTERS, QUARTERLY_SERIES, basis_of
from forecast.engine.run_plan import RunPlan
from forecast.errors import RunError, got, meant
from forecast.quarters import format_quarter, parse_quarter, year_of
from forecast.stats.summary import StreamingSummary
from forecast.storage.netcdf import add_array, add_dimension, demand_array, members, new_netcdf, opened_netcdf

_DIMENSIONS = ("year", "quarter", "draw")
_TEXTS = ("quarter", "branch")


def write_draws(
    path: Path, manifest: Mapping[str, Any], plan: RunPlan, statistics: StreamingSummary, quarters: Sequence[int]
) -> None:
    """Write the draws that statistics have kept.

    Raises:
        OSError: the file cannot be written.
    """
    annual = statistics.annual.draws()
    names = np.array([format_quarter(quarter) for quarter in quarters], dtype=object)
    with new_netcdf(path) as file:
        add_array(file, "year", ("year",), np.asarray(plan.years, dtype="i4"))
        add_array(file, "quarter", ("quarter",), names)
        add_dimension(file, "draw", annual.shape[-1])
        for series, values in zip(plan.series, annual, strict=True):
            _write_series(file, series, "year", values, basis_of(series, manifest["basis"]))
        for series, values in zip(QUARTERLY_SERIES, statistics.quarterly.draws(), strict=True):
            _write_series(file, f"quarterly_{series}", "quarter", values, "us_census")
        if statistics.chosen:
            followed = np.array(plan.labels, dtype=object)[np.concatenate(statistics.chosen)]
            add_array(file, "branch", ("draw",), followed)
        file.attrs["scenario"] = manifest["scenario"]["name"]
        file.attrs["digest"] = manifest["digest"]


def _write_series(file: Any, name: str, period: str, values: NDArray[np.float32], basis: str) -> None:
    array = add_array(file, name, (period, "draw"), values)
    array.attrs["units"] = f"bn USD per {period}"
    array.attrs["basis"] = basis


def demand_drawn(names: Sequence[str], years: Sequence[int] = (), known: Sequence[int] = ()) -> None:
    """Refuse series that no run has, and years that a run has not.

    Args:
        known: years of the run.

    Raises:
        RunError: there is one of these, or no series.
    """
    if isinstance(names, str) or not names:
        raise RunError(f"{got(names)}, expected a list of series")
    for name in names:
        if name not in ALL_SERIES:
            raise RunError(f"got series {name}; {meant(str(name), ALL_SERIES)}")
    for year in years:
        if year not in known:
            raise RunError(f"got year {year}, expected one from {known[0]} to {known[-1]}")


@contextmanager
def opened_draws(path: Path, manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Variables of the draws of a run, to be read by name.

    Raises:
        DamagedFileError: the file does not hold the draws of that run.
    """
    with opened_netcdf(path) as file:
        _demand_run(file, manifest)
        arrays = members(file)
        n_bytes = [_demand_variable(name, array, manifest) for name, array in arrays.items() if name != "draw"]
        if sum(n_bytes) > path.stat().st_size:
            raise ValueError("got arrays that are larger than their file")
        yield arrays


def _demand_run(file: Any, manifest: Mapping[str, Any]) -> None:
    found = "/".join(str(file.attrs[name]) for name in ("scenario", "digest"))
    expected = f"{manifest['scenario']['name']}/{manifest['digest']}"
    if found != expected:
        raise ValueError(f"got draws of {found}, expected those of {expected}")


def _demand_variable(name: str, array: Any, manifest: Mapping[str, Any]) -> int:
    """Bytes of a variable that has the type and shape it should."""
    n_bytes = demand_array(name, array.id, "O" if name in _TEXTS else "i4" if name == "year" else "f4")
    n_draws, horizon, origin = manifest["n_draws"], manifest["horizon"], parse_quarter(manifest["origin"])
    n_years = horizon - year_of(origin + 1) + 1
    most_quarters = min(N_QUARTERS, parse_quarter(f"{horizon}Q4") - origin)
    n_periods = min(array.shape[0], most_quarters) if name.startswith("quarter") else n_years
    expected = {"branch": (n_draws,)}.get(name, (n_periods,) if name in ("year", "quarter") else (n_periods, n_draws))
    if array.shape != expected:
        raise ValueError(f"{name}: got shape {array.shape}, expected {expected}")
    return n_bytes
