"""Checks of the models: ranks with a known distribution, made data with known answers, and the whole road at tiny
effort.

PyMC takes seconds to import, so that it is imported inside what needs it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import command
from numpy.typing import NDArray
from told import Told

from forecast.analysis.bridge import memory_gap, unusual_spans
from forecast.economics.processes import baseline_shocks
from forecast.errors import DataError
from forecast.models import predictive
from forecast.models.evidence import bridge_evidence
from forecast.models.predictive import tail_probability
from forecast.models.replicates import row_at, simulators
from forecast.observations.annual import SpanTrade, bridge_observations, procurement_shares
from forecast.observations.series import DRIVERS, quarterly_trade
from forecast.observations.vintage import vintage
from forecast.report.sentences import books_note
from forecast.stats.streams import generator

ORIGIN = 8105
N_KEPT = 99
SIGMAS = 5.0
BASELINE = {
    "drift": np.array([0.01]),
    "season": np.array([[[-0.05, -0.02], [0.05, 0.01], [-0.01, 0.03], [0.01, -0.02]]]),
    "moving_average": np.array([[-0.3, -0.4]]),
    "adjustment": np.array([[0.02, 0.03]]),
    "ratio": np.array([0.4]),
    "shock_factor": np.array([[[0.05, 0.0], [0.02, 0.06]]]),
    "degrees_of_freedom": np.array([8.0]),
    "response": np.zeros((1, 2, 3)),
    "last_shock": np.array([[0.5, 0.5]]),
}
BRIDGE = {
    "mean": np.array([[-0.02, 0.08]]),
    "drift": np.array([[0.002, -0.003]]),
    "persistence": np.array([[0.4, 0.8]]),
    "shock_factor": np.array([[[0.02, 0.0], [0.01, 0.02]]]),
    "degrees_of_freedom": np.array([6.0]),
    "state": np.array([[0.5, 0.5]]),
}


def _conjugate_ranks(*, width: float = 1.0, shift: float = 0.0, n: int = 400) -> NDArray[np.int64]:
    """Ranks where a standard normal truth is seen once with unit noise, so that its posterior is N(y / 2, 1 / 2)."""
    rng = np.random.default_rng(6)
    truth = rng.standard_normal(n)
    seen = truth + rng.standard_normal(n)
    sd = 0.5**0.5
    draws = seen / 2 + sd * (shift + width * rng.standard_normal((N_KEPT, n)))
    return np.asarray((draws < truth).sum(axis=0))


def test_the_right_posterior_is_calibrated() -> None:
    from forecast.models.calibration import empirical, p_value, uniform_bands

    ranks = _conjugate_ranks()
    share, bands = empirical(ranks, N_KEPT), uniform_bands(len(ranks), N_KEPT)
    assert p_value(ranks, N_KEPT) > 0.05
    assert ((share >= bands.low) & (share <= bands.high)).all()


@pytest.mark.parametrize("wrong", [{"width": 0.7}, {"width": 1.4}, {"shift": 0.3}, {"shift": -0.3}])
def test_a_posterior_too_narrow_too_wide_or_shifted_is_not(wrong: dict[str, float]) -> None:
    from forecast.models.calibration import empirical, p_value, uniform_bands

    ranks = _conjugate_ranks(**wrong)
    share, bands = empirical(ranks, N_KEPT), uniform_bands(len(ranks), N_KEPT)
    assert p_value(ranks, N_KEPT) < 0.001
    assert ((share < bands.low) | (share > bands.high)).any()


@pytest.mark.parametrize("n", [20, 200])
def test_uniform_ranks_leave_their_bands_as_often_as_stated(n: int) -> None:
    from forecast.models.calibration import empirical, uniform_bands

    rng, bands = np.random.default_rng(2), uniform_bands(n, N_KEPT)
    shares = np.array([empirical(rng.integers(0, N_KEPT + 1, n), N_KEPT) for _ in range(2_000)])
    left = ((shares < bands.low) | (shares > bands.high)).any(axis=1).mean()
    error = (0.05 * 0.95 / 2_000) ** 0.5
    assert left < 0.05 + SIGMAS * error  # counts are whole, so that bands hold at least what they promise
    assert left > 0.03 - SIGMAS * error


def test_a_family_of_p_values_is_judged_together() -> None:
    from forecast.models.calibration import adjusted

    assert adjusted(np.array([0.01, 0.5, 0.03])) == pytest.approx([0.03, 0.5, 0.06])
    assert adjusted(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])


def test_ranks_count_the_draws_below_each_element() -> None:
    from forecast.models.calibration import ranks

    draws = {"mean": np.array([[[0.0], [5.0]], [[1.0], [6.0]], [[2.0], [7.0]]]), "spill": np.array([1.0, 2.0, 3.0])}
    truth = {"mean": np.array([[1.5], [4.0]]), "spill": np.array(9.0)}
    assert ranks(truth, draws) == {"mean 1": 2, "mean 2": 0, "spill": 3}


def test_chains_that_disagree_are_told_apart() -> None:
    from forecast.models.calibration import MAX_R_HAT, r_hat

    chains = np.random.default_rng(3).standard_normal((2, 495))
    assert r_hat(chains) == pytest.approx(1.0, abs=0.02)
    assert r_hat(chains + np.array([[0.0], [1.0]])) > MAX_R_HAT


def test_the_tail_probability_is_two_sided() -> None:
    made = np.arange(1.0, 101.0)
    assert tail_probability(3.0, made) == pytest.approx(0.06)
    assert tail_probability(98.0, made) == pytest.approx(0.06)
    assert tail_probability(50.5, made) == 1.0
    assert tail_probability(200.0, made) == 0.0


def _simulator(model: str) -> Any:
    return next(simulator for simulator in simulators() if simulator.model == model)


def test_made_trade_holds_the_shocks_of_its_equation_and_none_before_the_window() -> None:
    trade, rows = quarterly_trade(), row_at(BASELINE, 0)
    shocks = []
    for seed in range(200):
        made = _simulator("baseline").simulate(rows, np.random.default_rng(seed)).observed
        assert np.array_equal(made.exports[:-48], trade.exports[:-48])
        assert made.origin == trade.origin
        history = np.log(np.column_stack([made.exports, made.imports]))[-49:]
        shocks.append(baseline_shocks(rows, history, trade.origin - 47)[..., 0])
    whitened = np.linalg.solve(BASELINE["shock_factor"][0], np.concatenate(shocks).T)
    variance, kurtosis, n = 8 / 6, 3 + 6 / 4, whitened.shape[1]
    assert whitened.mean(axis=1) == pytest.approx([0, 0], abs=SIGMAS * (variance / n) ** 0.5)
    assert whitened.var(axis=1) == pytest.approx([variance] * 2, rel=SIGMAS * ((kurtosis - 1) / n) ** 0.5)


def test_made_drivers_have_the_pace_and_the_momentum_of_their_row() -> None:
    rows = {
        "drift": np.array([[0.006, 0.0, 0.003]]),
        "moving_average": np.array([[0.2, 0.3, 0.4]]),
        "shock_factor": np.array([np.diag([0.005, 0.03, 0.1])]),
        "degrees_of_freedom": np.array([50.0]),
        "carried": np.full((1, 3), 9.0),
    }
    made = [_simulator("drivers").simulate(row_at(rows, 0), generator(0, "test", seed)).observed for seed in range(200)]
    growth = np.array([one.growth[-79:] for one in made])  # the quarter before has no shock behind it
    n, sd = growth[..., 0].size, growth.std(axis=(0, 1))
    carried = 1 + rows["moving_average"][0]
    assert growth.mean(axis=(0, 1)) == pytest.approx(rows["drift"][0], abs=SIGMAS * (sd * carried).max() / n**0.5)
    off = growth - rows["drift"][0]
    together = (off[:, 1:] * off[:, :-1]).mean(axis=(0, 1)) / off.var(axis=(0, 1))
    a = rows["moving_average"][0]
    assert together == pytest.approx(a / (1 + a**2), abs=SIGMAS / n**0.5)
    assert len(DRIVERS) == growth.shape[-1]
    assert made[0].origin == quarterly_trade().origin


def test_made_growth_comes_again_and_carries_over_as_its_row_says() -> None:
    """Least squares on what was made finds both parts of the row, of what flows share and of what parts them."""
    rows = {
        "back": np.array([[0.2, -0.4]]),
        "carried": np.array([[0.9, 0.3]]),
        "shock_factor": np.array([[[0.05, 0.0], [0.02, 0.04]]]),
        "degrees_of_freedom": np.array([30.0]),
    }
    made = [_simulator("carry_over").simulate(row_at(rows, 0), generator(0, "test", k)).observed for k in range(100)]
    for part in range(2):
        growth = np.concatenate([one.growth[part] for one in made])
        before, rise = (np.concatenate([getattr(one, name)[part] for one in made]) for name in ("before", "rise"))
        known = np.column_stack([before, rise])
        found = np.linalg.lstsq(known, growth, rcond=None)[0]
        error = np.sqrt(np.linalg.inv(known.T @ known).diagonal() * (growth - known @ found).var())
        assert (np.abs(found - [rows["back"][0, part], rows["carried"][0, part]]) < SIGMAS * error).all()


def test_made_months_have_the_level_and_the_error_of_their_row() -> None:
    rows = {"level": np.array([[0.4, 0.5]]), "noise_factor": np.array([[[0.02, 0.0], [0.01, 0.03]]])}
    seen = vintage().completions
    made = np.array(
        [_simulator("running").simulate(row_at(rows, 0), generator(0, "test", k)).observed for k in range(400)]
    )
    moved = (made != seen).any(axis=(0, 2))
    assert np.flatnonzero(moved).tolist() == list(range(len(seen) - 80, len(seen), 4))
    values = made[:, moved].reshape(-1, 2)
    assert values.mean(axis=0) == pytest.approx([0.4, 0.5], abs=SIGMAS * 0.032 / len(values) ** 0.5)
    assert np.cov(values.T)[0, 1] == pytest.approx(2e-4, abs=SIGMAS * 0.02 * 0.032 / len(values) ** 0.5)


def test_made_books_keep_the_us_figures_and_carry_the_hidden_years() -> None:
    seen = bridge_observations()
    made = _simulator("bridge").simulate(row_at(BRIDGE, 0), np.random.default_rng(1))
    assert np.array_equal(made.observed.us_census, seen.us_census)
    assert np.array_equal(made.observed.ratios[:4], seen.ratios[:4])  # 2011, the year the run starts from, is given
    assert not np.isclose(made.observed.ratios[4:], seen.ratios[4:]).any()
    assert made.states["later"].shape == (2, 1)
    read = bridge_evidence(made.observed, ORIGIN)
    off = (read.readings - made.states["later"]) * read.precision
    assert np.abs(off[read.precision > 0]).max() < SIGMAS


def test_made_books_have_the_mean_the_drift_and_the_persistence_of_their_row() -> None:
    made = [_simulator("bridge").simulate(row_at(BRIDGE, 0), np.random.default_rng(seed)) for seed in range(400)]
    paths = np.array([bridge_evidence(one.observed, ORIGIN).log_ratios for one in made])
    start, persistence = paths[0, :, 0], BRIDGE["persistence"][0]
    mean = BRIDGE["mean"][0] - BRIDGE["drift"][0]  # 2025, the year before that of the mean
    expected = mean + persistence**14 * (start - (mean - 14 * BRIDGE["drift"][0]))
    assert paths[:, :, -1].mean(axis=0) == pytest.approx(
        expected, abs=SIGMAS * paths[:, :, -1].std(axis=0).max() / 400**0.5
    )


def test_made_shares_lie_around_the_fitted_ones() -> None:
    rows = {
        "fitted_2023": np.array([[0.59, 0.32, 0.09]]),
        "slope": np.array([[0.1, 0.0]]),
    }
    made = [
        _simulator("localization").simulate(row_at(rows, 0), np.random.default_rng(seed)).observed
        for seed in range(400)
    ]
    shares = {(share.party, share.year): [] for share in procurement_shares()}
    for share in (share for one in made for share in one):
        shares[share.party, share.year].append(share.share)
    error = SIGMAS * 0.005 / 400**0.5
    local_2020 = 0.32 * np.exp(-0.3) / (0.59 + 0.32 * np.exp(-0.3) + 0.09)
    assert np.mean(shares["local", 2023]) == pytest.approx(0.32, abs=error)
    assert np.mean(shares["local", 2020]) == pytest.approx(local_2020, abs=error)
    assert np.std(shares["third_country", 2023]) < 1e-12  # derived, no reading of its own


def test_summaries_have_known_answers() -> None:
    trade = quarterly_trade()
    quarters = np.arange(len(trade.exports))
    growing = replace(trade, exports=np.exp(0.02 * quarters), imports=np.exp(0.01 * quarters) / 2)
    found = _simulator("baseline").summary(growing)
    assert found["exports growth: mean, % a quarter"] == pytest.approx(2.0)
    assert found["imports growth: seasonal range, %"] == pytest.approx(0.0, abs=1e-9)
    last = growing.exports[-4:].sum() - growing.imports[-4:].sum()
    assert found["balance in its last year, bn USD"] == pytest.approx(last)
    seen = bridge_observations()
    books = _simulator("bridge").summary(seen)
    mean = np.log(seen.korea_customs[-15:, 0] / seen.us_census[-15:, 0]).mean()  # 2011 to 2025
    expected = 100 * (np.log(110.917307 / 94.872) - mean)
    assert books["exports ratio: January–July 2026 less mean, log %"] == pytest.approx(expected, abs=0.01)


def test_the_books_of_2026_are_unusual_in_exports_alone_and_the_note_says_so() -> None:
    (unusual,) = unusual_spans(bridge_observations(), ORIGIN)
    assert (unusual.span.flow, unusual.span.months) == ("exports", "January–July 2026")
    assert (unusual.first, unusual.last) == (2011, 2025)
    note = books_note(bridge_observations(), ORIGIN).replace("\u00a0", " ")
    assert "17 % above the US one, outside the range of 2011–2025 (5 % below to 1 % above)" in note


def test_there_is_no_note_where_nothing_is_unusual() -> None:
    seen = bridge_observations()
    quiet = SpanTrade("exports", 12 * 2026, 12 * 2026 + 6, 98.0, 100.0)
    assert books_note(replace(seen, later=(quiet,)), ORIGIN) == ""
    assert books_note(seen, ORIGIN - 4) == ""  # in 2025 nobody knew of 2026


def test_memory_goes_with_the_gap_of_the_books() -> None:
    gap = memory_gap()
    together = np.corrcoef(gap.korea_customs - gap.us_census, gap.memory)[0, 1]
    assert len(gap.months) == 19
    assert together == pytest.approx(gap.correlation)
    assert together > 0.8


def test_predictive_checks_need_no_pymc() -> None:
    code = (
        "import sys, forecast.plots.checks, forecast.report.ledger; "
        "print(sorted({'pymc', 'arviz', 'nutpie'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Prints and files of the command, with a twentieth of its replicates: nothing here rests on how many there are."""
    out = tmp_path_factory.mktemp("checks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictive, "predictive_checks", partial(predictive.predictive_checks, n_replicates=50))
        return command("check", "--out", str(out), cwd=out, COLUMNS="108").stdout, out


def test_check_prints_every_quantity_and_draws_every_model(checked: tuple[str, Path]) -> None:
    printed, out = checked
    quantities = [name for simulator in simulators() for name in simulator.summary(simulator.observed)]
    assert all(name in printed for name in quantities)
    assert f"of {len(quantities)} quantities" in printed
    assert "…" not in printed
    drawn = {path.name for path in out.iterdir()}
    assert drawn == {"predictive.csv", "books.png"} | {
        f"predictive_{simulator.model}.png" for simulator in simulators()
    }
    table = (out / "predictive.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 1 + len(quantities)


def test_a_folder_that_cannot_be_made_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = command("check", "--out", str(tmp_path / "taken"), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "choose another folder with --out" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("rows", [b"slope 1,walk 2\n3\n", b"slope 1\nx\n", b"slope 1\n\xff\n", b'slope 1\n"3\n'])
def test_ranks_that_were_changed_are_named(tmp_path: Path, rows: bytes) -> None:
    from forecast.models.calibration import _key, calibration_study

    (tmp_path / "ranks_localization.csv").write_bytes(f"{_key(0)}\n".encode() + rows)
    with pytest.raises(DataError, match=r"ranks_localization\.csv: got no table of ranks .*; delete it"):
        calibration_study("localization", 1, 0, tmp_path, 1)


@pytest.mark.slow
def test_a_few_fits_to_made_data_are_ranked_stored_and_found_again(tmp_path: Path) -> None:
    from forecast.models.calibration import JOINT, calibration_study

    told = Told()
    first = calibration_study("localization", 3, 0, tmp_path, 1, told)
    names = {"level_2023 1", "level_2023 2", "slope 1", "slope 2", "log_innovation 1", "walk 2", JOINT}
    assert names <= set(first.ranks)
    assert all(len(ranks) == 3 and ranks.min() >= 0 and ranks.max() <= N_KEPT for ranks in first.ranks.values())
    assert min(first.p_values.values()) > 1e-6
    again = calibration_study("localization", 4, 0, tmp_path, 1, told)
    assert (told.found, told.done) == ([0, 3], [3, 1])
    assert all(np.array_equal(ranks, again.ranks[name][:3]) for name, ranks in first.ranks.items())
    (tmp_path / "ranks_localization.csv").write_text("# seed 0, other code\n", encoding="utf-8")
    whole = calibration_study("localization", 4, 0, tmp_path, 1)
    assert all(np.array_equal(ranks, again.ranks[name]) for name, ranks in whole.ranks.items())


@pytest.mark.slow
def test_the_density_of_the_truth_is_that_of_the_sampler() -> None:
    """PyMC's density on exchanged data, by which a truth is ranked, and that of the sampler agree draw by draw."""
    from forecast.models.channels import localization_task
    from forecast.models.sampling import Effort, Refits

    task = localization_task(procurement_shares(), ORIGIN)
    shifted = tuple(replace(share, share=share.share + 0.01) for share in procurement_shares())
    other = localization_task(shifted, ORIGIN)
    refits = Refits(task)
    found = refits.sample(other, Effort(20, 200, 1, n_chains=1))
    densities = [
        refits.log_density(other, {name: values[0, draw] for name, values in found.free.items()}) for draw in range(20)
    ]
    assert densities == pytest.approx(found.log_density[0].tolist(), abs=1e-6)
