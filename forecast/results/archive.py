"""Stored runs: found in their folders, and told apart where several are of one scenario.

What came later: the surplus observed after a forecast was made, and where in the forecast it fell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecast.errors import RunError
from forecast.observations.annual import every_year
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter
from forecast.results.results import MANIFEST, Results, read_results


def list_results(out: str | Path = "results") -> list[Results]:
    """Finished runs under a results folder, by scenario and newest first."""
    return sorted(_newest_first(Path(out).glob(f"*/*/{MANIFEST}")), key=lambda results: results.name)


def load_results(path: str | Path) -> Results:
    """A finished run by its folder, or by the scenario's folder where that holds no other.

    >>> load_results("results/hyundai").summary  # doctest: +SKIP

    Raises:
        RunError: there is no finished run at `path`, or there are several to choose from.
    """
    folder = Path(path)
    found = read_results(folder)
    if found is not None:
        return found
    runs = _newest_first(folder.glob(f"*/{MANIFEST}"))
    if not runs:
        raise RunError(f"{path}: holds no finished run; expected results/<scenario> or results/<scenario>/<digest>")
    if len(runs) > 1:
        listed = "\n".join(f"  {results.folder}: {described(results)}" for results in runs)
        raise RunError(f"{path}: got a folder of {len(runs)} runs, expected that of one of them:\n{listed}")
    return runs[0]


def described(results: Results) -> str:
    """What a run was made with and when, in a line."""
    manifest = results.manifest
    settings = f"draws {manifest['n_draws']:,}, seed {manifest['seed']}, {manifest['parameters']}"
    return ", ".join([settings, *results.overrides, f"made {made(results)} UTC"])


def made(results: Results) -> str:
    """When a run was made, to the minute, UTC."""
    return str(results.manifest["created"])[:16].replace("T", " ")


def told_apart(runs: Sequence[Results], names: Sequence[str]) -> list[str]:
    """Names of runs, with the digest behind those that more than one has."""
    return [
        f"{name} ({results.manifest['digest']})" if names.count(name) > 1 else name
        for results, name in zip(runs, names, strict=True)
    ]


def _newest_first(manifests: Iterable[Path]) -> list[Results]:
    found = [read_results(path.parent) for path in manifests if not path.parent.parent.name.startswith(".")]
    runs = [results for results in found if results is not None and not results.folder.name.startswith(".")]
    return sorted(runs, key=lambda results: str(results.manifest["created"]), reverse=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The surplus of one year of a forecast as observed since.

    Attributes:
        year: calendar year.
        value: bn USD over the months seen, on the basis of the run.
        months: months seen from January, 12 for a whole year.
        percentile: draws below the value, percent; None for part of a year or where draws were not kept.
    """

    year: int
    value: float
    months: int
    percentile: float | None


def outcomes(results: Results) -> tuple[Outcome, ...]:
    """Years of a run with months observed since, for a run from an earlier quarter than the last in the data."""
    if parse_quarter(results.manifest["origin"]) >= vintage().trade.origin:
        return ()
    years = results.statistics.years
    seen = every_year(results.basis).between(years[0], years[-1])
    draws = results.kept("trade_balance")
    return tuple(
        Outcome(year, value, months, _percentile(None if draws is None else draws[row], value, months))
        for row, (year, value, months) in enumerate(
            zip(years, seen.balance.tolist(), seen.months[:, 2].tolist(), strict=True)
        )
        if months
    )


def _percentile(draws: np.ndarray | None, value: float, months: int) -> float | None:
    if draws is None or months < 12:
        return None
    return 100 * float((draws[np.isfinite(draws)] < value).mean())
