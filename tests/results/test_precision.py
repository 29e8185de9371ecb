"""A run until a number is precise: how many draws that takes, and how often what is said then holds."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from commands import command
from plans import group, plan, project

from forecast.analysis.comparison import sized_difference
from forecast.engine.block import flows_of
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, block_streams
from forecast.errors import RunError
from forecast.results.archive import load_results
from forecast.results.precision import Target, parsed_target, sized
from forecast.stats.distributions import Uniform
from forecast.stats.summary import least_error

WIDE = ("run", "hyundai", "--no-plot", "-s", "horizon=2027")


def test_the_stated_half_width_holds_as_often_as_it_says() -> None:
    """3,000 seeds of skewed draws, whose mean is 1: blocks of 50 drawn until ±0.03, from a pilot of ten."""
    target, rng = Target("effect", 2030, "mean", 0.03, is_relative=False), np.random.default_rng(11)
    n_seeds, held, taken = 3_000, 0, []
    for _ in range(n_seeds):
        blocks = rng.exponential(size=(10, 50)).mean(axis=1)
        found = sized(target, float(blocks.mean()), float(blocks.std(ddof=1) / np.sqrt(10)), 500, 50)
        more = rng.gamma(found.n_draws - 500, size=1).item() if found.n_draws > 500 else 0.0
        held += abs((50 * blocks.sum() + more) / found.n_draws - 1.0) <= 0.03
        taken.append(found.n_draws)
    assert 0.93 <= held / n_seeds <= 0.97
    # draws of unit variance need (t / 0.03)^2, t of nine degrees of freedom being 2.262
    assert np.mean(taken) == pytest.approx((2.262157 / 0.03) ** 2, rel=0.05)
    assert all(n % 50 == 0 for n in taken)


def test_where_draws_are_independent_a_pilot_knows_their_spread() -> None:
    """A normal estimate from 20,000 draws of unit variance: (1.96 / 0.01)^2, and not with Student's 2.262."""
    target = Target("effect", 2030, "mean", 0.01, is_relative=False)
    found = sized(target, 1.0, 1 / np.sqrt(20_000), 20_000, 2_000, freedom=np.inf)
    assert found.n_draws == 2_000 * ceil(10 * (1.959963984540054 / 0.01) ** 2 / 20_000)


def test_a_percentage_is_of_the_number() -> None:
    absolute, relative = (parsed_target(f"effect:2030:mean={width}") for width in ("0.04", "1%"))
    found = [sized(target, -4.0, 0.05, 20_000, 2_000) for target in (absolute, relative)]
    assert found[0].n_draws == found[1].n_draws == 2_000 * ceil(10 * (2.2621571627982 * 0.05 / 0.04) ** 2)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("effect:2030:mean", "expected SERIES:YEAR:STATISTIC=WIDTH"),
        ("effect:2030:mean=0", "expected a number from 1e-09 to 1,000,000,000"),
        ("effect:2030:mean=1e-", "expected a number from 1e-09 to 1,000,000,000"),
        ("effect:2030:mean=1e-300%", "with width 1e-300%, expected a number from 1e-09 to 1,000,000,000"),
        ("effect:2030:mean=1e400", "with width 1e400, expected a number from 1e-09 to 1,000,000,000"),
        ("effect:30:mean=1", "expected SERIES:YEAR:STATISTIC=WIDTH"),
        ("effect:2030:p>0=1.5", "got ±1.5 for effect, 2030, exceedance_0, a chance; expected a fraction below 0.5"),
        ("effect:2030:p<0=0.5", "got ±0.5 for effect, 2030, below_0, a chance; expected a fraction below 0.5"),
        ("effect:2030:p>RECORD=5", "got ±5 for effect, 2030, p>RECORD, a chance; expected a fraction below 0.5"),
    ],
)
def test_a_request_that_is_none_says_so(text: str, named: str) -> None:
    with pytest.raises(RunError, match=named):
        parsed_target(text)


def test_the_run_is_that_of_as_many_draws(tmp_path: Path) -> None:
    done = command(*WIDE, "--draws", "100", "--precision", "trade_balance:2027:mean=2%", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "For Korea's goods surplus with the US in 2027, mean: a pilot of 20,000 draws says that " in words
    assert "the stored rows of parameters leave another ±" in words
    run = load_results(tmp_path / "results" / "hyundai")
    n_draws = run.manifest["n_draws"]
    assert n_draws >= 20_000
    assert f"The same run: --draws {n_draws}." in words
    again = command(*WIDE, "--draws", str(n_draws), cwd=tmp_path)
    assert f"Found in results/hyundai/{run.manifest['digest']}" in again.stdout


@pytest.mark.parametrize(
    ("request_text", "named"),
    [
        ("effects:2027:mean=1", "did you mean effect?"),
        ("effect:2027:q5=1", "got statistic quantile_0.05"),
        (
            "effect:2035:mean=1e-300%",
            "got effect:2035:mean=1e-300% with width 1e-300%, expected a number from 1e-09 to 1,000,000,000",
        ),
        (
            "effect:2027:p>RECORD=1%",
            "got a percentage of effect in 2027, which is 0; expected a fraction such as 0.005",
        ),
        ("trade_balance:2027:p>0=60%", "got ±0.6 for trade_balance, 2027, exceedance_0, a chance; expected a fraction"),
        ("trade_balance:2027:p>0=1.5", "got ±1.5 for trade_balance, 2027, exceedance_0, a chance; expected a fraction"),
        ("effect:2027:p>RECORD=0.0000001", "±1e-07 would take 70,"),
        ("effect:2040:mean=1", "got year 2040, expected one from 2026 to 2027"),
        ("trade_balance:2027:mean=0.00001", "draws, expected at most 10,000,000 (--max-draws)"),
    ],
)
def test_a_number_that_cannot_be_made_precise_is_refused(tmp_path: Path, request_text: str, named: str) -> None:
    done = command(*WIDE, "--precision", request_text, cwd=tmp_path)
    assert done.returncode == 2
    assert named in done.stderr
    assert len([line for line in done.stderr.splitlines() if not line.startswith("warning: ")]) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("run", "baseline", "memory-lasts", "-s", "horizon=2027", "--precision", "trade_balance:2027:mean=0.2"),
        ("compare", "baseline", "hyundai", "memory-lasts", "--precision", "difference:2030:mean=0.05"),
    ],
)
def test_of_several_scenarios_all_are_sized_before_the_first_is_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    """The last alone takes more draws than are allowed; the first was run and stored, of which nothing was said."""
    done = command(*words, "--max-draws", "45000", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("draws, expected at most 45,000 (--max-draws)")
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
@pytest.mark.parametrize("request_text", ["effect:2027:p>RECORD=0.0001", "trade_balance:2027:p>0=0.0001"])
def test_a_chance_that_no_draw_met_or_missed_is_drawn_for_until_it_could_not_go_unseen(
    tmp_path: Path, request_text: str
) -> None:
    """Of 20,000 draws none: a chance of 1.84 in 10,000 may go unseen, and takes 70,866 draws to ± 1 in 10,000."""
    done = command(*WIDE, "--precision", request_text, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "72,000 bring the 95 % interval to at most ±0.01 percentage points" in told
    assert "in 2027, chance of more than " in told  # series and statistic were spelled as in `summary.csv`
    assert not re.search("trade_balance|exceedance", told)
    run = load_results(tmp_path / "results" / "hyundai")
    series, statistic = request_text.split(":")[0], "exceedance_0" if "p>0" in request_text else "exceedance_55.7"
    chance, error = run.statistics.estimate(series, statistic, run.statistics.years.index(2027))
    assert run.manifest["n_draws"] == 72_000
    assert abs(chance - ("p>0" in request_text)) <= 0.0001
    least = np.sqrt(3.6889) / 72_000  # the error of a chance that may have gone unseen; rows may add to it
    assert 0.999 * least <= error <= 2 * least


@pytest.mark.parametrize("n_cases", [4, 800, 10_000, 19_996])
def test_a_chance_that_draws_tell_takes_the_draws_that_its_spread_says(n_cases: int) -> None:
    target, chance = Target("effect", 2030, "exceedance_0", 0.00005, is_relative=False), n_cases / 20_000
    error = np.sqrt(chance * (1 - chance) / 20_000)
    found = sized(target, chance, float(error), 20_000, 2_000, freedom=np.inf)
    assert found.n_draws == 2_000 * ceil(10 * (1.959963984540054 * error / 0.00005) ** 2)


def test_fewer_cases_never_take_fewer_draws_than_more_would_where_draws_tell_too_little() -> None:
    target = Target("effect", 2030, "below_0", 0.00005, is_relative=False)
    chances = np.arange(6) / 20_000
    spreads = np.maximum(np.sqrt(chances * (1 - chances) / 20_000), least_error(chances, 20_000))
    needed = [
        sized(target, chance, spread, 20_000, 2_000).n_draws for chance, spread in zip(chances, spreads, strict=True)
    ]
    assert needed[0] == needed[1] == needed[2] == needed[3] < needed[4] < needed[5]


@pytest.mark.slow
def test_a_pilot_knows_what_a_quantile_takes(tmp_path: Path) -> None:
    """The same number of draws whatever the seed, to a tenth; two quantiles an error apart told it to a fifth."""
    told = []
    for seed in range(12):
        words = ("--seed", str(seed), "--precision", "trade_balance:2027:q10=0.05", "--max-draws", "20000")
        done = command(*WIDE, *words, cwd=tmp_path)
        assert done.returncode == 2
        told.append(int(re.search(r"would take ([\d,]+) draws", done.stderr)[1].replace(",", "")))  # type: ignore[index]
    assert np.std(told) <= 0.1 * np.mean(told)
    assert np.ptp(told) <= 0.3 * np.mean(told)


def test_a_difference_is_made_precise_by_its_own_spread() -> None:
    pair = [
        alone(plan(group(project("A", amount=Uniform(low, 8.0)), path=None), n_years=3, block_size=50))
        for low in (2.0, 4.0)
    ]
    (found,) = sized_difference(pair, Settings(600, 7), [parsed_target("difference:2028:median=0.01")], 10**6)
    blocks = [block_streams(each, Settings(600, 7)) for each in pair]
    surpluses = [[flows_of(each, one).annual[0, 2] for one in own] for each, own in zip(pair, blocks, strict=True)]
    difference = np.subtract(surpluses[1], surpluses[0])
    error = np.median(difference, axis=1).std(ddof=1) / np.sqrt(12)
    assert found.value == pytest.approx(np.median(difference))
    assert found.n_draws == max(50 * ceil(12 * (2.200985160 * error / 0.01) ** 2), 600)
    assert found.rows == 0.0
    with pytest.raises(RunError, match="more are not kept to pair"):
        sized_difference(pair, Settings(600, 7), [parsed_target("difference:2028:median=0.00001")], 10**12)
