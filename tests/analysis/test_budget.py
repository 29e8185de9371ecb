"""Uncertainty budgets: sources drawn again alone, shares of a plan that can be followed with a pencil, the command."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from click.testing import CliRunner
from plans import ORIGIN, group, judged, plan, project
from python_calamine import CalamineWorkbook

import forecast
from forecast.analysis import budget as budget_module
from forecast.analysis.budget import information_values, uncertainty_budget, write_budget
from forecast.analysis.input_values import uncertain_values
from forecast.catalogue import Texts
from forecast.cli import cli
from forecast.dims import SERIES, Array
from forecast.engine import resampling as resampling_module
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compiled_shocks
from forecast.engine.plan import Cut, Group, Plan, Tie
from forecast.engine.resampling import Resampled, SourceAnalysis
from forecast.engine.run_plan import RunPlan, alone
from forecast.engine.simulate import Settings
from forecast.errors import RunError
from forecast.plots.sensitivity import save_budget_charts
from forecast.report.budget import budget_words, input_table
from forecast.report.i18n import language
from forecast.report.sheets import write_budget_workbook
from forecast.results.results import Results
from forecast.results.run import plan_of
from forecast.scenario.drivers import Shock
from forecast.stats.distributions import Constant, Distribution, Normal, Uniform
from forecast.stats.streams import Streams

ROOT = Path(__file__).parents[2]


def test_nothing_drawn_again_is_the_run_itself_but_for_its_gammas() -> None:
    plain, same = Streams(7, 3, 50), Resampled(7, 3, 50)
    for name in ("baseline.shock", "localization.innovation"):
        np.testing.assert_array_equal(plain.normals(name, 4), same.normals(name, 4))
        np.testing.assert_array_equal(plain.uniforms(name), same.uniforms(name))


def test_one_source_is_drawn_again_and_the_others_keep_their_bits() -> None:
    base, again = Resampled(7, 3, 50), Resampled(7, 3, 50, again=frozenset(["investments.X.amount"]))
    assert (base.uniforms("investments.X.amount") != again.uniforms("investments.X.amount")).all()
    np.testing.assert_array_equal(base.uniforms("investments.X.realised"), again.uniforms("investments.X.realised"))


def test_a_held_source_is_the_same_in_all_draws_of_a_block() -> None:
    held = Resampled(7, 3, 50, held=frozenset(["baseline.shock", "baseline.tail"]))
    for drawn in (held.normals("baseline.shock", 3), held.gammas("baseline.tail", np.full(50, 4.0), 3)):
        assert drawn.shape == (3, 50)
        assert (drawn == drawn[:, :1]).all()
    assert len(np.unique(held.uniforms("drivers.shock"))) == 50


def test_a_gamma_answers_to_its_own_shape_alone() -> None:
    """What numpy's own do not: a shape that makes one more proposal be refused shifts all numbers after it."""
    streams, shapes = Resampled(1, 0, 500), np.linspace(2.0, 30.0, 500)
    other = shapes.copy()
    other[::2] = 0.6
    before, after = (streams.gammas("baseline.tail", shape, 20) for shape in (shapes, other))
    np.testing.assert_array_equal(before[:, 1::2], after[:, 1::2])
    assert (before[:, ::2] != after[:, ::2]).all()


@pytest.mark.parametrize("shape", [0.6, 2.0, 15.0])
def test_gammas_have_their_distribution(shape: float) -> None:
    drawn = Resampled(2, 0, 2_000).gammas("baseline.tail", np.full(2_000, shape), 10)
    reached = scipy.special.gammainc(shape, np.sort(drawn.ravel()))
    gap = np.abs(reached - np.arange(1, reached.size + 1) / reached.size).max()
    assert gap < 1.95 / np.sqrt(reached.size)  # Kolmogorov's 0.1 % point


# Effect of the plant of `plans` in its last year: amount * k * (0.7 * 0.3 - displacement - 0.01), with an amount on
# [4, 8] (mean 6, variance 16/12) and a displacement on [0, 0.5]: 0.2 less it has mean -0.05 and variance 0.25/12.
AMOUNT_MEAN, AMOUNT_VARIANCE = 6.0, 16 / 12
RATE_MEAN, RATE_VARIANCE = 0.2 - 0.25, 0.25 / 12
PARTS = np.array([RATE_MEAN**2 * AMOUNT_VARIANCE, AMOUNT_MEAN**2 * RATE_VARIANCE, AMOUNT_VARIANCE * RATE_VARIANCE])


def pencil_plan(**changes: object) -> SourceAnalysis:
    plant = own_group("X", Uniform(4.0, 8.0), Uniform(0.0, 0.5))
    return SourceAnalysis(alone(plan(plant, block_size=1_000, **changes)), 5, 4)


def own_group(name: str, amount: float | Distribution, displacement: float | Distribution) -> Group:
    """A plant that replaces exports at a rate of its own, with the address that has in a scenario."""
    made = group(project(name, amount=amount), displacement_rate=displacement)
    own = judged(f"investments.{name}.displacement_rate", displacement)
    return replace(made, coefficients={**made.coefficients, "displacement_rate": own})


def test_shares_of_a_plan_are_those_of_the_pencil() -> None:
    experiment = pencil_plan()
    assert {"terms", "coefficients"} <= set(experiment.sources)
    found = experiment.effects(10)
    last = {name: index for index, name in enumerate(experiment.sources)}
    rows = [last["terms"], last["coefficients"]]
    for part, expected in ((found.first, PARTS[:2]), (found.total, PARTS[:2] + PARTS[2])):
        gap = np.abs(part.value[rows, -1] - expected / PARTS.sum())
        assert (gap <= 4 * part.error[rows, -1]).all()
    assert abs(found.interactions.value[-1] - PARTS[2] / PARTS.sum()) < 4 * found.interactions.error[-1]
    others = [index for index in range(len(experiment.sources)) if index not in rows]
    assert not found.total.value[others].any()


def test_knowing_a_source_narrows_the_interval_of_the_pencil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the amount is known the effect is uniform, 80 % of it 0.8 wide: by amount 6, 0.8 * 6 * 0.5 * k."""
    monkeypatch.setattr(resampling_module, "N_KNOWN", 30)
    experiment = pencil_plan()
    found = experiment.narrowing(3)
    rows = dict(zip(experiment.sources, found.value, strict=True))
    k = 1.5 * 0.8
    rng = np.random.default_rng(1)
    draws = rng.uniform(4, 8, 400_000) * (0.2 - rng.uniform(0, 0.5, 400_000)) * k
    everything = float(np.subtract(*np.quantile(draws, (0.9, 0.1))))
    row = experiment.sources.index("terms")
    assert abs(rows["terms"] - (everything - 0.8 * 6 * 0.5 * k)) < 4 * found.error[row]
    assert rows["shocks"] == 0.0


def test_sources_are_those_a_plan_draws_from() -> None:
    assert SourceAnalysis(alone(plan()), 0, 0).sources == ("shocks", "trade", "drivers")


# The same effect over its k with two plants, one of an amount of 6 + za, one of 6 that replaces 0.25 + 0.01 zd:
# -0.05 za - 0.06 zd, za and zd standard normal: linear and normal, whatever their correlation.
ALPHA, BETA = -0.05, -0.06


def linear_plan(correlation: float) -> SourceAnalysis:
    amounts, rate = "investments.X.amount", "investments.Y.displacement_rate"
    mixes = {amounts: ((amounts, 1.0),), rate: ((amounts, correlation), (rate, np.sqrt(1 - correlation**2)))}
    plants = own_group("X", Normal(6.0, 1.0), 0.25), own_group("Y", 6.0, Normal(0.25, 0.01))
    return SourceAnalysis(alone(plan(*plants, n_years=3, block_size=500, mixes=mixes)), 3, 4)


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.8])
def test_shares_of_a_linear_normal_plan_are_those_of_the_closed_form(correlation: float) -> None:
    """What both have in common counts with the first: it draws from one stream, the other from both."""
    experiment = linear_plan(correlation)
    found = experiment.effects(10)
    rows = [experiment.sources.index(name) for name in ("terms", "coefficients")]
    parts = np.array([ALPHA + BETA * correlation, BETA * np.sqrt(1 - correlation**2)]) ** 2
    for part in (found.first, found.total):
        gap = np.abs(part.value[rows, -1] - parts / parts.sum())
        assert (gap <= 4 * part.error[rows, -1]).all()
        assert (part.error[rows, -1] < 0.04).all()  # shares move by 0.35 from one correlation to the next
    assert abs(found.interactions.value[-1]) <= 4 * found.interactions.error[-1]


def test_knowing_a_source_narrows_as_the_closed_form_where_inputs_are_correlated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """80 % of a normal lie within 1.2816 sd either way; what is left of the second is its own part."""
    monkeypatch.setattr(resampling_module, "N_KNOWN", 40)
    experiment = linear_plan(0.6)
    found = experiment.narrowing(2)
    own = {"terms": ALPHA + BETA * 0.6, "coefficients": BETA * 0.8}
    whole = np.hypot(*own.values())
    for source, other in (("terms", "coefficients"), ("coefficients", "terms")):
        row, expected = experiment.sources.index(source), 2 * 1.2816 * 1.2 * (whole - abs(own[other]))
        assert abs(found.value[row] - expected) < 4 * found.error[row]


def test_a_budget_says_what_correlated_sources_have_in_common(found: budget_module.Budget) -> None:
    pairs = linear_plan(0.6).in_common
    assert pairs == (("terms", "coefficients"),)
    said = budget_words(replace(found, in_common=pairs, correlated=True))
    assert "The scenario correlates inputs" in said
    assert "counts with “size and timing of plants”" in said
    assert "correlates inputs" not in budget_words(found)


def test_of_a_mixture_the_choice_of_branch_is_a_source() -> None:
    """Effects k' a and k' b at weights 0.3 and 0.7, a on [4, 8] in both: choice 0.21 * 36 k'^2 of what there is."""
    one, other = (plan(own_group("X", Uniform(4.0, 8.0), rate), n_years=3, block_size=500) for rate in (0.25, 0.5))
    weights = tuple(judged(f"mixture.{label}.weight", weight) for label, weight in {"a": 0.3, "b": 0.7}.items())
    experiment = SourceAnalysis(RunPlan(("a", "b"), weights, (one, other)), 2, 4)
    found = experiment.effects(10)
    rate = np.array([0.05, 0.3])
    mean, square = np.array([0.3, 0.7]) @ rate, np.array([0.3, 0.7]) @ rate**2
    spread = square - mean**2
    parts = np.array([AMOUNT_MEAN**2 * spread, mean**2 * AMOUNT_VARIANCE, spread * AMOUNT_VARIANCE])
    rows = [experiment.sources.index(name) for name in ("branch", "terms")]
    for part, expected in ((found.first, parts[:2]), (found.total, parts[:2] + parts[2])):
        gap = np.abs(part.value[rows, -1] - expected / parts.sum())
        assert (gap <= 4 * part.error[rows, -1]).all()


@pytest.mark.slow
def test_a_run_of_a_mixture_is_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(
        "name: two\nmixture:\n- {scenario: lges-lansing, weight: 1}\n- {scenario: baseline, weight: 1}\n", "utf-8"
    )
    run = forecast.run_scenario(forecast.load_mixture(path), Settings(20_000), out=tmp_path).results
    told = {item.name: item for item in forecast.value_of_information(run, 2028, "news")}
    followed = told["baseline: followed"]
    assert followed.labels == ("no", "yes")
    assert followed.swing[1] == 0.0


@pytest.mark.slow
def test_what_two_branches_share_is_listed_once(tmp_path: Path) -> None:
    """Of two branches one is followed where the other is not; a plant in phases goes ahead where it does as a whole."""
    path = tmp_path / "two.yaml"
    branches = "".join(f"- {{scenario: {name}, weight: 1}}\n" for name in ("announced", "announced-dependent"))
    path.write_text(f"name: two\nmixture:\n{branches}", "utf-8")
    run = forecast.run_scenario(forecast.load_mixture(path), Settings(2_000), out=tmp_path).results
    found = budget_module._input_values(run, plan_of(run), 2030)
    assert {name for name in found if name.endswith("followed")} == {"announced: followed"}
    assert "LG-07: goes ahead" in found
    assert "LG-07, cylindrical: goes ahead" not in found
    ranks = np.array([scipy.stats.rankdata(values) for values in found.values()])
    alike = np.abs(np.corrcoef(ranks)) - np.eye(len(ranks))
    assert alike.max() < 0.999


def test_unknowns_of_a_mixture_are_those_of_the_branch_that_a_draw_follows() -> None:
    other = project("Z", amount=Uniform(1.0, 2.0))
    plans = [
        plan(group(project("X", amount=Uniform(low, low + 1.0)), *also)) for low, also in ((1.0, ()), (5.0, [other]))
    ]
    weights = tuple(judged(f"mixture.{label}.weight", 1.0) for label in "ab")
    values = uncertain_values(RunPlan(("a", "b"), weights, tuple(plans)), Streams(0, 0, 500), 2028)
    follows, amount = values["b: followed"] > 0, values["X: amount, bn USD"]
    assert 0 < follows.sum() < 500
    np.testing.assert_array_equal(follows, amount > 4.0)
    np.testing.assert_array_equal(follows, values["a: followed"] == 0)
    assert len(np.unique(values["Z: amount, bn USD"])) == 500  # of the second alone, but drawn whatever is followed


def test_unknowns_know_ties_programmes_phases_and_shocks() -> None:
    stated = project("X", probability=0.5), project("Y", probability=0.6)
    cut = Cut("programmes.p", judged("programmes.p.probability", 0.7), None)
    tied = replace(stated[1], tie=Tie(requires=("X",), cuts=(cut,)))
    phase = replace(stated[0], phase="two", share=0.25, scale=judged("investments.X.scale", Uniform(0.8, 1.2)))
    shock = Shock("slump", "exports", Constant(ORIGIN + 2.0), None, size=Uniform(-0.2, -0.1), probability=Constant(0.3))
    values = uncertain_values(
        alone(plan(group(phase, tied), shocks=compiled_shocks([shock]))), Streams(0, 0, 2_000), 2028
    )
    assert not (
        (values["Y: goes ahead"] > 0) & ~((values["X, two: goes ahead"] > 0) & (values["p: is not cut"] > 0))
    ).any()
    assert values["Y: goes ahead"].any()
    assert (
        0.8 <= values["X: realised over stated amount"].min() <= values["X: realised over stated amount"].max() <= 1.2
    )
    assert {*np.unique(values["slump: comes"])} == {0.0, 1.0}
    assert values["slump: size"].max() <= -0.1


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    out = tmp_path_factory.mktemp("runs")
    return {
        name: forecast.run_scenario(
            forecast.load_scenario(ROOT / "scenarios" / f"{name}.yaml", ["horizon=2030"]), out=out
        ).results
        for name in ("hyundai", "baseline")
    }


@pytest.fixture(scope="module")
def found(runs: dict[str, Results]) -> budget_module.Budget:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resampling_module, "N_KNOWN", 5)
        return uncertainty_budget(runs["hyundai"], 2030, "news", n_draws=4_000)


def test_unknowns_are_the_numbers_behind_the_draws() -> None:
    """A plant that does not come has no effect, and one that comes has one in proportion to its amount."""
    made = plan(group(project("X", amount=Uniform(4.0, 8.0), probability=0.5)))
    streams = Streams(0, 0, 500)
    values, effect = uncertain_values(alone(made), streams, 2028), simulated_flows(made, streams).annual[4, -1]
    comes = values["X: goes ahead"] > 0
    assert not effect[~comes].any()
    ratio = effect[comes] / values["X: amount, bn USD"][comes]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)


def test_of_an_effect_what_moves_all_trade_is_a_small_part_and_the_books_are_none(found: budget_module.Budget) -> None:
    """Plants meet US output and the won, and replace no more than is exported; on either book their flows are alike."""
    shares = dict(zip(found.sources, found.effects.total.value[:, found.at], strict=True))
    assert shares["books"] == 0.0
    assert all(0.0 < shares[source] < 0.05 for source in ("shocks", "trade", "drivers"))
    assert shares["coefficients"] > 0.2
    names = [item.name for item in found.inputs]
    assert "autos: exports replaced per USD of output" in names[:3]
    of_trade = ("usual growth", "response of", "pull of", "shock to", "above usual path")
    told = [item for item in found.inputs if item.name.startswith(of_trade) or item.name.endswith(of_trade)]
    assert all(item.share.value < 0.05 for item in told)  # chance findings among many inputs, at two errors


def test_shocks_to_trade_move_an_effect_only_through_the_exports_that_bound_it(runs: dict[str, Results]) -> None:
    """Without the bound they move it in no draw; with it they only do where it binds. Drivers move it in any case."""
    (bounded,) = plan_of(runs["hyundai"]).plans
    free = replace(bounded, groups=tuple(replace(members, share_of_product=np.inf) for members in bounded.groups))
    shocks, drivers = (
        frozenset(item.stream for item in bounded.inputs if item.source == source) for source in ("shocks", "drivers")
    )

    def news(made: Plan, again: frozenset[str]) -> Array:
        return simulated_flows(made, Resampled(0, 0, 2_000, again=again)).annual[SERIES.index("news")]

    anyway, within = ([news(made, again) for again in (frozenset[str](), shocks)] for made in (free, bounded))
    np.testing.assert_array_equal(anyway[1], anyway[0])
    moved = within[1] != within[0]
    binds = np.any([bound != anyway[0] for bound in within], axis=0)
    assert moved.any()
    assert not (moved & ~binds).any()
    assert (news(free, drivers)[-1] != anyway[0][-1]).any()


def test_a_budget_leaves_a_table_and_pictures(found: budget_module.Budget) -> None:
    with write_budget(found).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["unit"] for row in rows} == {"share of variance", "bn USD"}
    assert {row["basis"] for row in rows} == {"korea_customs"}
    first = [float(row["value"]) for row in rows if row["of"] == "source" and row["statistic"] == "first_order"]
    (together,) = [float(row["value"]) for row in rows if row["statistic"] == "interactions"]
    assert sum(first) + together == pytest.approx(1.0, abs=5e-3)  # as printed
    frame = found.to_frame()
    assert [float(row["value"]) for row in rows] == frame["value"].tolist()
    path = write_budget_workbook(found, language("ko"))
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names[:2] == ["답", "불확실성의 원천"]
    alone = [float(row[1]) for row in book.get_sheet_by_index(1).to_python()[2:] if row[2] != ""]
    told = sorted(100 * share for share in first if share)
    np.testing.assert_allclose(sorted(filter(None, alone)), told)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in save_budget_charts(found, language("ko")))
    said = budget_words(found)
    assert "Korean customs basis" in said
    assert "standard error" in said


@pytest.mark.parametrize(
    ("name", "year", "series", "message"),
    [
        ("hyundai", 2040, "trade_balance", "--year: got 2040, expected one from 2026 to 2030"),
        ("hyundai", 2030, "tariffs", "--of: got tariffs, expected a series of hyundai; accepted: trade_balance"),
        ("baseline", 2030, "news", "nothing spreads news in 2030: it is 0 in every"),
    ],
)
def test_what_cannot_be_taken_apart_is_said(
    runs: dict[str, Results], name: str, year: int, series: str, message: str
) -> None:
    with pytest.raises(RunError, match=message):
        uncertainty_budget(runs[name], year, series)


def test_a_run_of_other_code_is_refused(runs: dict[str, Results]) -> None:
    run = runs["hyundai"]
    digests = run.manifest["digests"] | {"code": "another"}
    with pytest.raises(RunError, match="made with another code than is installed"):
        uncertainty_budget(replace(run, manifest={**run.manifest, "digests": digests}))


def test_the_command_prints_tables_words_and_where_they_are(
    found: budget_module.Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(budget_module, "uncertainty_budget", lambda *given, **_: asked.extend(given) or found)
    done = CliRunner().invoke(cli, ["budget", str(found.run.folder), "--of", "news", "--no-plot"])
    assert done.exit_code == 0
    assert asked[1:] == [2030, "news"]
    shown = (
        "Where the spread of the effect",
        "What plants buy",
        "Only where several",
        "worth knowing",
        "Monte Carlo noise",
    )
    assert all(words in done.output for words in shown)
    assert "budget_news_2030.csv" in done.output


def test_errors_from_fewer_than_ten_blocks_are_not_quoted(runs: dict[str, Results], tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["budget", str(runs["hyundai"].folder), "--draws", "19999"])
    assert done.exit_code == 2
    assert "'--draws': 19999 is not in the range x>=20000" in done.output
    scenario = forecast.load_scenario(ROOT / "scenarios" / "baseline.yaml", ["horizon=2027"])
    few = forecast.run_scenario(scenario, Settings(4_000), out=tmp_path).results
    done = CliRunner().invoke(cli, ["budget", str(few.folder)])
    assert str(done.exception) == (
        f"{few.folder}: got a run of 4,000 draws, expected 20,000 or more, since errors are the spread between blocks "
        f"of 2,000; `forecast run {few.folder}/scenario.yaml` makes one"
    )
    for function in (uncertainty_budget, forecast.value_of_information):  # from one block no input was worth knowing
        with pytest.raises(RunError, match="got a run of 4,000 draws, expected 20,000 or more"):
            function(few, 2027)


def test_a_place_for_runs_beside_the_folder_of_a_run_is_refused(runs: dict[str, Results], tmp_path: Path) -> None:
    folder = runs["hyundai"].folder
    done = CliRunner().invoke(cli, ["budget", str(folder), "--out", str(tmp_path / "elsewhere")])
    assert done.exit_code == 2
    assert f"--out: got {tmp_path / 'elsewhere'} for {folder}, a folder of runs" in done.output


@pytest.mark.parametrize(("n_low", "n_high"), [(700, 700), (1_500, 300), (200, 0), (0, 2_000)])
def test_an_atom_is_in_a_tail_as_a_whole_or_not_at_all(n_low: int, n_high: int) -> None:
    """Most amounts are as stated, most plants on time: then what is lower, if anything is, is the lowest part."""
    rng = np.random.default_rng(3)
    values = np.ones(10_000)
    values[:n_low], values[n_low : n_low + n_high] = rng.uniform(0.4, 0.9, n_low), rng.uniform(1.1, 2.0, n_high)
    values = rng.permutation(values)
    outcome = values + 0.1 * rng.standard_normal(10_000)
    (told,) = information_values({"scale": values}, outcome, 1_000)
    tails = (
        np.sort(values)[: min(n_low, 1_000) or 10_000 - n_high],
        np.sort(values)[-(min(n_high, 1_000) or 10_000 - n_low) :],
    )
    assert told.levels == pytest.approx([float(tail.mean()) for tail in tails])


def test_single_inputs_are_ranked_and_noise_is_left_out() -> None:
    rng = np.random.default_rng(1)
    values = {name: rng.standard_normal(20_000) for name in ("large", "small", "none")}
    outcome = 3 * values["large"] + values["small"] + rng.standard_normal(20_000)
    told = information_values(values, outcome, 2_000)
    assert [item.name for item in told][:2] == ["large", "small"]
    assert told[0].swing[0] < 0 < told[0].swing[1]
    assert told[0].levels[1] == pytest.approx(1.755, abs=4 * 0.41 / np.sqrt(2_000))  # mean of a normal beyond 90 %


@pytest.mark.parametrize(("code", "late"), [("en", "Apr 2031"), ("ko", "2031년 4월")])
def test_dates_of_a_budget_are_months(code: str, late: str) -> None:
    """They were decimal years, such as 2030.7."""
    values = np.random.default_rng(2).permutation(np.repeat([2028.0, 2030.0, 2031.26], 10_000 // 3))
    told = information_values({"P: production": values, "P: scale": values}, values, 1_111, {"P: production"})
    texts = Texts(code)
    assert {item.name: texts.input_value(item.labels[1]) for item in told} == {
        "P: production": late,
        "P: scale": "2031.3",
    }


def test_means_in_the_tenths_of_an_input_are_no_ends_of_an_interval(found: budget_module.Budget) -> None:
    *_, tails = input_table(found).columns
    assert tails.ends == (
        "Mean of the outcome in the lowest tenth of the input",
        "Mean of the outcome in the highest tenth of the input",
    )
