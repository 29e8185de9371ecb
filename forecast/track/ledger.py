"""The ledger: predictions frozen on the day they are made, so that they can be scored when their outcomes are known.

`<ledger>/<scenario>-<run>/` holds `entry.json` (when it was added, what it starts from, digests of its files and of
itself), `quantiles.csv` (99 quantiles of every year and near quarter), `scenario.yaml` (as resolved), `trade.csv` (the
trade it knew) and `manifest.json` (of the run). `<ledger>/posteriors/<digest>.nc` holds each posterior once. An entry
is written whole or not at all, and one that was changed since is refused.

A target is a flow or the balance of one period in one book, to be observed later; of each the ledger freezes and
scores a whole distribution, 99 quantiles.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from forecast.dims import QUARTERLY_SERIES, Array
from forecast.errors import LedgerError
from forecast.models.posterior import Posterior, frozen_posterior, save_posterior
from forecast.observations.annual import every_year
from forecast.observations.series import QuarterlyTrade, census_due, quarterly_trade
from forecast.observations.tables import data_digest
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_quarter
from forecast.results.results import Results
from forecast.scenario.mixture import AnyScenario, frozen_any
from forecast.stats.quantiles import FINE_LEVELS, quantiles
from forecast.storage import digest, json_digest, text_bytes, whole_folder, write_csv, writing

COLUMNS = ("basis", "series", "period", "quantile", "unit", "value")
UNIT = "bn USD"
DECIMALS = 4
"""Of a frozen quantile, so that what is read back is what was written."""


@dataclass(frozen=True, slots=True)
class Target:
    """One number to be observed.

    Attributes:
        basis: one of `dims.BASES`.
        series: one of `dims.QUARTERLY_SERIES`.
        period: a year as `2026` or a quarter as `2026Q3`.
    """

    basis: str
    series: str
    period: str

    @property
    def quarterly(self) -> bool:
        """Whether the period is a quarter."""
        return "Q" in self.period


Predictions: TypeAlias = Mapping[Target, Array]
"""Quantiles at `FINE_LEVELS`, `(n_levels,)`, bn USD over the period, by target."""


def predictions(
    annual: Array, years: Sequence[int], basis: str, quarterly: Array, quarters: Sequence[int]
) -> dict[Target, Array]:
    """Predictions of every near quarter and year of a run, from draws at the precision in which runs keep them.

    Args:
        annual: draws in the order of `dims.QUARTERLY_SERIES`, `(n_series, n_years, n_draws)`, on `basis`.
        years: calendar years.
        basis: book of the years.
        quarterly: the same by quarter, US Census basis.
        quarters: quarter indices.
    """
    sound = np.isfinite(annual).all(axis=(0, 1)) & np.isfinite(quarterly).all(axis=(0, 1))
    names = (map(format_quarter, quarters), map(str, years))
    quantiles_by_target: dict[Target, Array] = {}
    for book, periods, draws in zip(("us_census", basis), names, (quarterly, annual), strict=True):
        stored = draws.astype(np.float32).astype(np.float64)
        values = quantiles(stored[..., sound], FINE_LEVELS).round(DECIMALS)
        for column, period in enumerate(periods):
            for row, series in enumerate(QUARTERLY_SERIES):
                quantiles_by_target[Target(book, series, period)] = values[:, row, column]
    return quantiles_by_target


def observed(target: Target) -> float | None:
    """The outcome in the installed data, bn USD over the period; None where they do not hold it in whole."""
    return _observed_quarter(target) if target.quarterly else _observed_year(target)


def _observed_quarter(target: Target) -> float | None:
    trade = quarterly_trade()
    row = parse_quarter(target.period) - trade.first_quarter
    if not 0 <= row < len(trade.exports):
        return None
    exports, imports = float(trade.exports[row]), float(trade.imports[row])
    return {"trade_balance": exports - imports, "exports": exports, "imports": imports}[target.series]


def _observed_year(target: Target) -> float | None:
    trade = every_year(target.basis)
    row = int(target.period) - int(trade.years[0])
    column = ("exports", "imports", "trade_balance").index(target.series)
    if not 0 <= row < len(trade.years) or trade.months[row, column] < 12:
        return None
    return float(trade.values[row, column])


def next_release(targets: Iterable[Target]) -> tuple[str, dt.date] | None:
    """The first quarter among targets that is not observed, and the day its US figures are due."""
    waiting = sorted({target.period for target in targets if target.quarterly and observed(target) is None})
    if not waiting:
        return None
    return waiting[0], census_due(3 * parse_quarter(waiting[0]) + 2)


def write_predictions(path: Path, predicted: Predictions) -> None:
    """Write quantiles as CSV, one a row."""
    rows = (
        (target.basis, target.series, target.period, level, UNIT, f"{value:.{DECIMALS}f}")
        for target, values in predicted.items()
        for level, value in zip(FINE_LEVELS, values.tolist(), strict=True)
    )
    write_csv(path, COLUMNS, rows)


def read_predictions(path: Path) -> dict[Target, Array]:
    """Predictions as `write_predictions` left them."""
    quantiles_by_target: dict[Target, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            quantiles_by_target.setdefault(Target(row["basis"], row["series"], row["period"]), []).append(
                float(row["value"])
            )
    return {target: np.array(values) for target, values in quantiles_by_target.items()}


ENTRY, QUANTILES, SCENARIO, TRADE, MANIFEST = (
    "entry.json", "quantiles.csv", "scenario.yaml", "trade.csv", "manifest.json",
)  # fmt: skip
POSTERIORS = "posteriors"


@dataclass(frozen=True)
class Entry:
    """A frozen forecast; everything but its head is read when asked for.

    Attributes:
        folder: where it lies.
        head: `entry.json`: `added`, `scenario`, `run`, `origin`, `as_of`, `posterior`, `files` and `content`.
    """

    folder: Path
    head: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Scenario and run."""
        return self.folder.name

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Provenance of the run."""
        return dict(json.loads((self.folder / MANIFEST).read_text(encoding="utf-8")))

    @cached_property
    def predictions(self) -> Predictions:
        """Quantiles by target."""
        return read_predictions(self.folder / QUANTILES)

    @cached_property
    def world(self) -> AnyScenario:
        """What was assumed."""
        return frozen_any(self.folder / SCENARIO)

    @cached_property
    def trade(self) -> QuarterlyTrade:
        """The trade that was known."""
        return _read_trade(self.folder / TRADE)

    def posterior(self) -> Posterior:
        """The parameters it was made with.

        Raises:
            PosteriorError: the installed models have other parameters.
            LedgerError: the file is not the one the entry names.
        """
        path = self.folder.parent / POSTERIORS / f"{self.head['posterior']}.nc"
        if not path.is_file():
            raise LedgerError(f"{path}: does not exist, but {self.name} was made with it; bring it back")
        posterior = frozen_posterior(path)
        if posterior.digest != self.head["posterior"]:
            raise LedgerError(f"{path}: got content {posterior.digest[:12]}, expected that of its name")
        return posterior


def add_entry(results: Results, ledger: str | Path, posterior: Posterior) -> tuple[Entry, bool]:
    """Freeze a run in a ledger, or find it there; says whether it was there already.

    Raises:
        LedgerError: draws were not kept, data or posterior are not those of the run, or the ledger cannot be written.
    """
    folder = Path(ledger) / f"{results.name}-{results.manifest['digest']}"
    if folder.exists():
        return read_entry(folder), True
    _demand_provenance(results, posterior)
    with writing(ledger, "choose another ledger", LedgerError):
        _store_posterior(posterior, folder.parent / POSTERIORS)
        with whole_folder(folder) as unfinished:
            _write_entry(unfinished, results, posterior)
    return read_entry(folder), False


def entries(ledger: str | Path) -> list[Entry]:
    """Every entry of a ledger, oldest first; none where there is no ledger.

    Raises:
        LedgerError: an entry was changed since it was added.
    """
    every = [read_entry(path.parent) for path in sorted(Path(ledger).glob(f"[!.]*/{ENTRY}"))]
    return sorted(every, key=lambda entry: str(entry.head["added"]))


def read_entry(folder: Path) -> Entry:
    """An entry that is as it was when added.

    Raises:
        LedgerError: it was changed since, or cannot be read.
    """
    try:
        head = json.loads((folder / ENTRY).read_text(encoding="utf-8"))
        if head["content"] != _content(head):
            raise LedgerError(f"{folder / ENTRY}: was changed since the entry was added; bring the original back")
        for name, expected in head["files"].items():
            if digest(text_bytes(folder / name)) != expected:
                raise LedgerError(f"{folder / name}: was changed since the entry was added; bring the original back")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(f"{folder}: cannot be read as an entry ({error}); bring the original back") from error
    return Entry(folder, head)


def _demand_provenance(results: Results, posterior: Posterior) -> None:
    """An entry can be run again only with what the run was made with."""
    used = results.manifest["digests"]
    if results.manifest["quantiles"] != "exact":
        raise LedgerError(
            f"{results.folder}: got {results.manifest['n_draws']:,} draws, too many to be kept; run fewer"
        )
    if used["posterior"] != posterior.digest:
        raise LedgerError(
            f"{results.folder}: was made with posterior {used['posterior'][:12]}, got {posterior.digest[:12]}; "
            f"name the one it was made with by --posterior, or run the scenario again"
        )
    if used["data"] != data_digest():
        raise LedgerError(f"{results.folder}: was made with other data than are installed; run the scenario again")


def _store_posterior(posterior: Posterior, folder: Path) -> None:
    path = folder / f"{posterior.digest}.nc"
    if not path.exists():
        save_posterior(posterior, path)


def _write_entry(folder: Path, results: Results, posterior: Posterior) -> None:
    for name in (SCENARIO, MANIFEST):
        (folder / name).write_bytes((results.folder / name).read_bytes())
    write_predictions(folder / QUANTILES, run_predictions(results))
    world = frozen_any(folder / SCENARIO)
    _write_trade(folder / TRADE, vintage(world.as_of).trade)
    head: dict[str, Any] = {
        "added": datetime.now(UTC).isoformat(timespec="seconds"),
        "scenario": results.name,
        "run": results.manifest["digest"],
        "origin": results.manifest["origin"],
        "as_of": world.as_of or str(results.manifest["created"])[:10],
        "posterior": posterior.digest,
        "files": {name: digest(text_bytes(folder / name)) for name in (QUANTILES, SCENARIO, TRADE, MANIFEST)},
    }
    head["content"] = _content(head)
    (folder / ENTRY).write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def run_predictions(results: Results) -> Predictions:
    """Predictions of a stored run whose draws were kept."""
    draws = results.draws
    annual = np.stack([draws[series].to_numpy() for series in QUARTERLY_SERIES])
    quarterly = np.stack([draws[f"quarterly_{series}"].to_numpy() for series in QUARTERLY_SERIES])
    quarters = [parse_quarter(str(quarter)) for quarter in draws["quarter"].to_numpy()]
    return predictions(annual, draws["year"].to_numpy().tolist(), results.basis, quarterly, quarters)


def _write_trade(path: Path, trade: QuarterlyTrade) -> None:
    """Quarters and later months, US Census basis, bn USD over the period, in full precision."""
    quarters = [format_quarter(trade.first_quarter + row) for row in range(len(trade.exports))]
    year, first = divmod(3 * (trade.origin + 1), 12)
    months = [f"{year}-{first + row + 1:02d}" for row in range(len(trade.later_exports))]
    flows = (np.concatenate([trade.exports, trade.later_exports]), np.concatenate([trade.imports, trade.later_imports]))
    rows = zip([*quarters, *months], *(map(repr, flow.tolist()) for flow in flows), strict=True)
    header = ("period", "exports", "imports", "unit", "basis")
    write_csv(path, header, ((*row, "bn USD", "us_census") for row in rows))


def _read_trade(path: Path) -> QuarterlyTrade:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    n_quarters = sum("Q" in row["period"] for row in rows)
    flows = [np.array([float(row[flow]) for row in rows]) for flow in ("exports", "imports")]
    whole, later = ([flow[part] for flow in flows] for part in (slice(n_quarters), slice(n_quarters, None)))
    return QuarterlyTrade(parse_quarter(rows[0]["period"]), "frozen", *whole, *later)


def _content(head: Mapping[str, Any]) -> str:
    """Digest of an entry: its head, which holds the digests of its files."""
    return json_digest({name: value for name, value in head.items() if name != "content"})
