"""Forecasts at past origins, one file an origin and model, so that an interrupted backtest goes on where it stopped.

A forecast of an origin sees nothing after it, but sees it in the last vintage: figures revised since then enter as
revised. Files land in `<out>/<digest>/<model>/<origin>.npz`, written whole or not at all; the digest names data, code
and settings, not the range of origins, so that a longer backtest finds what a shorter one has done. A model that could
not be fitted at an origin leaves its reason in `<origin>.failed` instead.

`references` has the methods this model is set against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from forecast.dims import Array
from forecast.economics.processes import CarryOver, baseline_flows, driver_growth
from forecast.errors import FitError, RunError
from forecast.observations.series import DRIVERS, QuarterlyTrade, quarterly_drivers
from forecast.parallel import Progress, first_alone
from forecast.quarters import format_quarter
from forecast.stats.streams import Streams, generator
from forecast.storage.code_digests import code_digest
from forecast.storage.files import digest, json_digest, whole_file, write_text, writing
from forecast.track.references import FIRST_QUARTER, METHODS, bayesian_var, joint_growth, univariate
from forecast.track.scores import LEVELS, target_quantiles

if TYPE_CHECKING:
    from forecast.models.task import Task

OURS = "baseline"
"""The model that ships."""

MODELS = (OURS, "joint_growth", "bayesian_var", *METHODS)
"""Every model a backtest can run: the one that ships, and its references."""

MIN_QUARTERS = 32
"""Shortest history up to an origin: eight years, since the references need eight sums of four quarters."""

_DIGITS = 5
_PACKAGES = ("bvar", "numba", "numpy", "nutpie", "pymc", "pytensor", "statsforecast")
Forecasts: TypeAlias = Mapping[str, Array]
"""By variant of a model (one, named like the model, where it has none): quantiles `(3, n_targets, 99)`."""


@dataclass(frozen=True, slots=True)
class Design:
    """How every origin is forecast.

    Attributes:
        horizon: quarters ahead.
        n_draws: draws of the models that draw.
        seed: non-negative integer.
        drivers: whether US output, won and oil enter; not where trade is another country's.
    """

    horizon: int = 40
    n_draws: int = 20_000
    seed: int = 0
    drivers: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """One model at one origin."""

    model: str
    origin: int

    def path(self, folder: Path, kind: str = "npz") -> Path:
        """Its file below the folder of a backtest; kind `npz` or `failed`."""
        return folder / self.model / f"{format_quarter(self.origin)}.{kind}"


def origins(trade: QuarterlyTrade, first: int, last: int, every: int) -> tuple[int, ...]:
    """Quarters a backtest starts from, `every` so many quarters from `first` to `last`.

    Raises:
        RunError: `first` leaves less than `MIN_QUARTERS` of history, or `last` no quarter to score.
    """
    start, latest = _start(trade), trade.origin - 1
    span = f"{format_quarter(start)} to {format_quarter(trade.origin)}"
    if latest < earliest_origin(trade):
        raise RunError(
            f"got a history of {max(trade.origin - start + 1, 0)} complete quarters, {span}, expected at least "
            f"{MIN_QUARTERS + 1} since {format_quarter(FIRST_QUARTER)}: {MIN_QUARTERS} up to an origin and one after it"
        )
    if not earliest_origin(trade) <= first <= last <= latest:
        raise RunError(
            f"got origins {format_quarter(first)} to {format_quarter(last)}, expected a range within "
            f"{format_quarter(earliest_origin(trade))} to {format_quarter(latest)}, first before last: an origin needs "
            f"{MIN_QUARTERS} of the quarters {span} up to it and one after it"
        )
    return tuple(range(first, last + 1, every))


def earliest_origin(trade: QuarterlyTrade) -> int:
    """First quarter with `MIN_QUARTERS` of history up to it."""
    return _start(trade) + MIN_QUARTERS - 1


def _start(trade: QuarterlyTrade) -> int:
    """First quarter the references see."""
    return max(trade.first_quarter, FIRST_QUARTER)


def cut(trade: QuarterlyTrade, origin: int) -> QuarterlyTrade:
    """The trade of `trade` up to the end of a quarter."""
    n_quarters = origin - trade.first_quarter + 1
    past, none = slice(n_quarters), trade.exports[:0]
    exports, imports, last_months = (seen[past] for seen in (trade.exports, trade.imports, trade.last_months))
    return replace(
        trade, exports=exports, imports=imports, last_months=last_months, later_exports=none, later_imports=none
    )


def baseline_draws(trade: QuarterlyTrade, design: Design) -> Array:
    """Exports and imports after the last quarter of `trade`, `(horizon, 2, n_draws)`: the shipped model, fitted to it.

    Raises:
        FitError: the fit did not pass the gate.
    """
    from forecast.models.carry_over import carry_over_evidence
    from forecast.models.processes import baseline_task, carry_over_task, drivers_task

    place = f"backtest.{format_quarter(trade.origin)}"
    drivers = quarterly_drivers(trade.origin) if design.drivers else None
    rows = _rows(baseline_task(trade, drivers), place, design)
    forcing = None
    if drivers is not None:
        paces = _rows(drivers_task(drivers), place, design)
        forcing = driver_growth(paces, *_surprises("drivers", paces, place, design, len(DRIVERS))) - paces["drift"]
    carried = _rows(carry_over_task(carry_over_evidence(trade)), place, design)
    known = CarryOver(carried["shift"], carried["kept"])
    history = np.log(np.column_stack([trade.exports, trade.imports]))
    surprises = _surprises("baseline", rows, place, design, 2)
    return np.stack(baseline_flows(rows, history, trade.origin + 1, *surprises, forcing, known), axis=1)


def _rows(task: Task, place: str, design: Design) -> dict[str, Array]:
    """Rows of a fitted model, one a draw."""
    from forecast.models.fitting import posterior_rows
    from forecast.models.sampling import Effort

    seed = int(generator(design.seed, f"{place}.{task.name}.fit", 0).integers(2**31))
    fitted, _ = posterior_rows(task, Effort(n_draws=1_000, seed=seed, acceptance=0.95, minutes=15.0))
    streams = Streams(design.seed, 0, design.n_draws)
    index = (streams.uniforms(f"{place}.{task.name}.rows") * len(fitted["degrees_of_freedom"])).astype(np.intp)
    return {name: np.moveaxis(values[index], 0, -1) for name, values in fitted.items()}


def _surprises(model: str, rows: Mapping[str, Array], place: str, design: Design, n_series: int) -> tuple[Array, Array]:
    """Normals `(horizon, n_series, n_draws)` and tails `(horizon, n_draws)` of the shocks of a model."""
    streams, shape = Streams(design.seed, 0, design.n_draws), (design.horizon, n_series, design.n_draws)
    normals = streams.normals(f"{place}.{model}.shock", shape[0] * n_series).reshape(shape)
    return normals, streams.gammas(f"{place}.{model}.tail", rows["degrees_of_freedom"] / 2, shape[0])


def run_backtest(
    trade: QuarterlyTrade,
    pieces: Sequence[Piece],
    design: Design,
    folder: Path,
    *,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> None:
    """Forecast every piece that is not in `folder` yet; any number of workers leaves the same bytes.

    Args:
        trade: all that was seen.
        pieces: models and origins.
        folder: from `backtest_folder`.
        n_jobs: workers, -1 for one per core.
        progress: told of pieces that are finished, and of those that were there.

    Raises:
        RunError: the folder cannot be written.
    """
    open_pieces = [piece for piece in pieces if not is_finished(piece, folder)]
    progress.resume(len(pieces) - len(open_pieces))
    with writing(folder.parent, "choose another with --out"):
        for piece in open_pieces:
            piece.path(folder).parent.mkdir(parents=True, exist_ok=True)
        for _ in first_alone(partial(_finish, trade, design, folder), open_pieces, n_jobs):
            progress.advance(1)


def is_finished(piece: Piece, folder: Path) -> bool:
    """Whether a piece has its file, or the reason why it has none."""
    return piece.path(folder).exists() or piece.path(folder, "failed").exists()


def stored_forecasts(piece: Piece, folder: Path) -> Forecasts | None:
    """Quantiles of a finished piece by variant, or None where its model failed.

    Raises:
        RunError: the file is damaged.
    """
    try:
        with piece.path(folder).open("rb") as file, np.load(file) as stored:
            arrays: Forecasts = {name: stored[name] for name in stored.files}
        for values in arrays.values():
            if values.dtype != np.float64 or values.ndim != 3 or values.shape[::2] != (3, len(LEVELS)):
                raise ValueError(f"got {values.dtype} {values.shape}")
    except FileNotFoundError:
        return None
    except Exception as error:  # what zip and NumPy raise at a file that was changed is a dozen types
        raise RunError(f"{piece.path(folder)}: is damaged ({error}); delete it and run again") from error
    return arrays


def failures(pieces: Sequence[Piece], folder: Path) -> dict[Piece, str]:
    """Pieces whose model failed, and why."""
    failed = {piece: piece.path(folder, "failed") for piece in pieces}
    return {
        piece: path.read_text(encoding="utf-8", errors="replace").strip()
        for piece, path in failed.items()
        if path.exists()
    }


def clear(pieces: Sequence[Piece], folder: Path) -> None:
    """Forget the pieces, so that they are run again."""
    for piece in pieces:
        for kind in ("npz", "failed"):
            piece.path(folder, kind).unlink(missing_ok=True)


def backtest_folder(out: Path, trade: QuarterlyTrade, design: Design) -> Path:
    """Folder of a backtest below `out`, named by a digest of data, code, versions and settings."""
    data = digest(
        f"{trade.first_quarter}", *(seen.tobytes() for seen in (trade.exports, trade.imports, trade.last_months))
    )
    identity = {"data": data, "code": code_digest("backtest"), "versions": dict(_versions()), **asdict(design)}
    return out / json_digest(identity)[:12]


def _finish(trade: QuarterlyTrade, design: Design, folder: Path, piece: Piece) -> None:
    """Forecast one piece and store it, or the reason why there is no forecast."""
    try:
        forecasts = _forecasts(piece.model, cut(trade, piece.origin), design)
    except FitError as error:
        write_text(piece.path(folder, "failed"), f"{error}\n")
        return
    arrays: dict[str, Any] = {name: rounded(values) for name, values in forecasts.items()}
    with whole_file(piece.path(folder)) as path, path.open("wb") as file:
        np.savez(file, **arrays)


def _forecasts(model: str, trade: QuarterlyTrade, design: Design) -> Forecasts:
    if model == OURS:
        return {OURS: target_quantiles(baseline_draws(trade, design))}
    if model in METHODS:
        return univariate(model, trade, design.horizon, design.n_draws, design.seed)
    drawn = {"joint_growth": joint_growth, "bayesian_var": bayesian_var}[model]
    return {model: drawn(trade, design.horizon, design.n_draws, design.seed)}


def rounded(values: Array) -> Array:
    """Numbers as a CSV shows them, so that scores of the file are scores of the forecast."""
    digits = [float(f"{value:.{_DIGITS}g}") for value in values.ravel().tolist()]
    return np.reshape(digits, values.shape)


def _versions() -> Iterator[tuple[str, str]]:
    for name in _PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "none"
