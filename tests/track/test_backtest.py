"""Backtests: origins, resumption, workers, and the shipped model fitted at past origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from commands import command
from told import Told

from forecast.dims import Array
from forecast.errors import FitError, RunError
from forecast.observations.series import quarterly_trade
from forecast.observations.tables import SHIPPED
from forecast.quarters import parse_quarter
from forecast.track import backtest
from forecast.track import scores as scoring
from forecast.track.backtest import OURS, Design, Piece, cut, run_backtest
from forecast.track.custom_trade import read_custom_trade

TRADE = quarterly_trade()
DESIGN = Design(horizon=5, n_draws=500, seed=3)
STARTS = range(parse_quarter("2014Q4"), parse_quarter("2018Q4"), 2)
PIECES = [Piece("joint_growth", origin) for origin in STARTS]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_origins_are_every_so_many_quarters() -> None:
    assert backtest.origins(TRADE, 8027, 8032, 2) == (8027, 8029, 8031)


@pytest.mark.parametrize(
    ("first", "last"),
    [(parse_quarter("2002Q3"), 8020), (8000, TRADE.origin), (8010, 8000)],
    ids=["early", "late", "turned"],
)  # fmt: skip
def test_origins_without_history_or_outcome_are_refused(first: int, last: int) -> None:
    message = "expected a range within 2002Q4 to 2026Q1, first before last: .* the quarters 1995Q1 to 2026Q2 up to it"
    with pytest.raises(RunError, match=message):
        backtest.origins(TRADE, first, last, 2)


def test_a_forecast_sees_nothing_after_its_origin() -> None:
    seen = cut(TRADE, 8027)
    assert (seen.origin, len(seen.imports), len(seen.later_exports)) == (8027, len(seen.exports), 0)
    later = TRADE.exports.copy()
    later[8028 - TRADE.first_quarter :] *= 10
    changed = replace(TRADE, exports=later)
    np.testing.assert_array_equal(cut(changed, 8027).exports, seen.exports)


def test_a_stopped_backtest_goes_on_and_leaves_the_same_bytes(tmp_path: Path) -> None:
    run_backtest(TRADE, PIECES, DESIGN, tmp_path / "whole")

    def stop_after_three(done: float) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_backtest(TRADE, PIECES, DESIGN, tmp_path / "stopped", progress=Told(stop_after_three))
    kept = contents(tmp_path / "stopped")
    assert len(kept) == 3
    times = {name: (tmp_path / "stopped" / name).stat().st_mtime_ns for name in kept}
    told = Told()
    run_backtest(TRADE, PIECES, DESIGN, tmp_path / "stopped", progress=told)
    assert (told.found, told.done) == ([3], [1] * (len(PIECES) - 3))
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")
    assert times == {name: (tmp_path / "stopped" / name).stat().st_mtime_ns for name in kept}


@pytest.mark.parametrize("seed", range(8))
def test_a_piece_that_was_changed_is_named(tmp_path: Path, seed: int) -> None:
    run_backtest(TRADE, PIECES[:1], DESIGN, tmp_path)
    path, rng = PIECES[0].path(tmp_path), np.random.default_rng(seed)
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    content[rng.integers(0, content.size, 200)] ^= 255
    path.write_bytes(content[: rng.integers(1, content.size) if seed % 2 else None].tobytes())
    with pytest.raises(RunError, match=f"{path}: is damaged .*; delete it and run again"):
        backtest.stored_forecasts(PIECES[0], tmp_path)
    np.savez(path, joint_growth=np.zeros((2, 2, 2)))
    with pytest.raises(RunError, match=r"is damaged \(got float64 \(2, 2, 2\)\)"):
        backtest.stored_forecasts(PIECES[0], tmp_path)


@pytest.mark.slow
def test_any_number_of_workers_leaves_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("statsforecast")
    pieces = [*PIECES[:3], *(Piece("seasonal_naive", origin) for origin in STARTS[:2])]
    run_backtest(TRADE, pieces, DESIGN, tmp_path / "one")
    run_backtest(TRADE, list(reversed(pieces)), DESIGN, tmp_path / "two", n_jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_failed_fit_is_kept_counted_and_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Mock(side_effect=FitError("baseline did not converge: R-hat 1.2"))
    monkeypatch.setattr(backtest, "baseline_draws", refusal)
    piece = Piece(OURS, STARTS[0])
    run_backtest(TRADE, [piece], DESIGN, tmp_path)
    run_backtest(TRADE, [piece], DESIGN, tmp_path)
    assert refusal.call_count == 1
    assert backtest.failures([piece], tmp_path) == {piece: "baseline did not converge: R-hat 1.2"}
    assert backtest.stored_forecasts(piece, tmp_path) is None
    backtest.clear([piece], tmp_path)
    assert not backtest.is_finished(piece, tmp_path)


def test_the_folder_changes_with_data_and_settings_only(tmp_path: Path) -> None:
    folder = backtest.backtest_folder(tmp_path, TRADE, DESIGN)
    assert folder == backtest.backtest_folder(tmp_path, replace(TRADE, vintage="another"), DESIGN)
    assert folder != backtest.backtest_folder(tmp_path, cut(TRADE, TRADE.origin - 1), DESIGN)
    assert folder != backtest.backtest_folder(tmp_path, TRADE, replace(DESIGN, seed=4))


def test_stored_numbers_have_the_digits_of_the_csv() -> None:
    np.testing.assert_array_equal(
        backtest.rounded(np.array([[12.345678, -0.00123456], [np.nan, 1e5]]))[0], [12.346, -0.0012346]
    )


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"file.*choose another with --out"):
        run_backtest(TRADE, PIECES, DESIGN, tmp_path / "file" / "below")


def test_an_interrupt_says_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_trade: object, pieces: list[Piece], _design: object, folder: Path, **_options: object) -> None:
        """As a worker stores a piece, of which this process knows nothing."""
        piece = next(piece for piece in pieces if not backtest.is_finished(piece, folder))
        piece.path(folder).parent.mkdir(parents=True, exist_ok=True)
        piece.path(folder, "failed").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(backtest, "run_backtest", stopped)
    for left in (38, 37):
        done = command("backtest", "--no-references", "--out", str(tmp_path), cwd=tmp_path)
        goes_on = f"stopped: the same command goes on with the {left} of 39 fits that are left"
        assert (done.returncode, done.stderr.strip()) == (130, goes_on)


@pytest.mark.slow
def test_compiled_code_is_used_again_and_a_foreign_file_of_our_own_table_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One compilation a model serves two origins, with PyMC's density; million USD scale the answer by a thousand.

    The foreign file is not sampled again: by the same code, at the same effort and from the same seed its models are
    those of ours, with the same density and the same rows wherever one looks, so that the draws are.
    """
    import scoringrules

    from forecast.models import fitting, sampling
    from forecast.models.carry_over import carry_over_evidence
    from forecast.models.processes import baseline_task, carry_over_task

    origin, design = parse_quarter("2016Q4"), Design(horizon=4, n_draws=4_000, drivers=False)
    posterior_rows, fits, fitted = fitting.posterior_rows, list[tuple[Any, Any]](), dict[str, Any]()

    def fitted_once(task: Any, effort: sampling.Effort) -> Any:
        fits.append((task, effort))
        if task.name not in fitted:
            fitted[task.name] = posterior_rows(task, effort)
        return fitted[task.name]

    monkeypatch.setattr(fitting, "posterior_rows", fitted_once)
    sampling._compiled.clear()
    ours = backtest.baseline_draws(cut(TRADE, origin), design)
    foreign = read_custom_trade(SHIPPED / "trade_monthly.csv", "us_imports_from_korea", "us_exports_to_korea")
    theirs = backtest.baseline_draws(cut(foreign, origin), design)
    np.testing.assert_allclose(theirs, 1e3 * ours, rtol=1e-9)
    seen = scoring.outcomes(TRADE, origin, 4)[2, :4]
    balance = ours[:, 0] - ours[:, 1]
    of_draws = scoringrules.crps_ensemble(seen, balance, estimator="pwm", backend="numpy")
    assert scoring.crps(seen, scoring.target_quantiles(ours)[2, :4]) == pytest.approx(of_draws, rel=0.02)
    earlier = cut(TRADE, origin - 2)
    earlier_tasks = (baseline_task(earlier), carry_over_task(carry_over_evidence(earlier)))
    for (our_task, effort), (their_task, same_effort), other in zip(fits[:2], fits[2:], earlier_tasks, strict=True):
        assert (effort, our_task.name) == (same_effort, their_task.name)
        for task in (other, their_task):
            found = sampling.sample(sampling.compiled(task), sampling.Effort(20, 200, n_chains=1))
            expected = densities(task, found.free)
            np.testing.assert_allclose(found.log_density[0], expected, rtol=1e-9)
        np.testing.assert_allclose(densities(our_task, found.free), expected, rtol=1e-9)
        free = {name: drawn[0] for name, drawn in found.free.items()}
        their_rows = their_task.rows(free)
        for name, values in our_task.rows(free).items():
            np.testing.assert_allclose(their_rows[name], values, rtol=1e-9, atol=1e-12)
    assert len(sampling._compiled) == 2


def densities(task: Any, free: Mapping[str, Array]) -> list[float]:
    """Log density that PyMC has of a model at the draws of one chain."""
    density = task.build().compile_logp(mode="FAST_COMPILE")
    n_draws = len(next(iter(free.values()))[0])
    return [float(density({name: drawn[0, draw] for name, drawn in free.items()})) for draw in range(n_draws)]


@pytest.mark.slow
def test_a_history_that_cannot_be_fitted_is_left_out(tmp_path: Path) -> None:
    """Exports that stand still up to the origin: the file moves, what is known at the origin does not.

    Thirty years and more, as of Korea, so that the same code serves.
    """
    rng = np.random.default_rng(3)
    exports, imports = 100.0 * np.ones(445), 80.0 * np.exp(np.cumsum(rng.normal(0.0, 0.05, 445)))
    exports[402:] *= np.exp(np.cumsum(rng.normal(0.0, 0.05, 43)))
    rows = [
        f"{1985 + index // 12}-{index % 12 + 1:02d},{name},{flow[index]:.3f}"
        for index in range(445)
        for name, flow in (("exports", exports), ("imports", imports))
    ]
    (tmp_path / "trade.csv").write_text("\n".join(["month,series,value", *rows]), encoding="utf-8")
    span = ["--first", "2018Q2", "--last", "2018Q2", "--horizon", "4"]
    options = [*span, "--draws", "200", "--no-references", "--n-jobs", "1", "--out", "out"]
    done = command("backtest", "--data", "trade.csv", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "baseline: sampling failed (All initialization points failed)" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr


def test_an_interrupted_fit_stores_no_part_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from forecast.models import fitting, sampling

    sampler = Mock()
    sampler.wait.side_effect = KeyboardInterrupt
    monkeypatch.setattr(sampling.nutpie, "sample", Mock(return_value=sampler))
    monkeypatch.setattr(fitting, "compiled", Mock())
    with pytest.raises(KeyboardInterrupt):
        run_backtest(TRADE, [Piece(OURS, STARTS[0])], DESIGN, tmp_path)
    assert sampler.cancel.call_count == 1
    assert contents(tmp_path) == {}
