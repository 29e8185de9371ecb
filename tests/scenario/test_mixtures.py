"""Mixtures of scenarios: every draw follows one branch, with the luck of that branch run alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from commands import command
from handmade import write_tables

from forecast.cli import cli
from forecast.dims import SERIES, Array
from forecast.engine.block import branches_of, flows_of
from forecast.engine.compile import compile_plan
from forecast.engine.inputs import Stated
from forecast.engine.plan import Plan
from forecast.engine.run_plan import RunPlan, alone
from forecast.engine.simulate import Settings
from forecast.errors import ScenarioError
from forecast.models.posterior import Posterior, current_digests, load_posterior
from forecast.observations.vintage import vintage
from forecast.quarters import parse_quarter, parse_time
from forecast.report.ledger import verdict_words
from forecast.report.sentences import answer
from forecast.results.results import Results
from forecast.results.run import run_scenario
from forecast.scenario.mixture import any_digest, dump_any, frozen_any, is_mixture, load_mixture
from forecast.scenario.scenario import load_scenario
from forecast.stats.distributions import Constant, Uniform
from forecast.stats.streams import Streams
from forecast.track.evaluation import Split, evaluate, write_scores
from forecast.track.ledger import Entry, add_entry
from forecast.track.scores import crps

HEAD = "name: mixed\ntitle: Mixed\n"
EFFECT = SERIES.index("news")


@cache
def learned() -> Posterior:
    return load_posterior()


@cache
def plan_of(name: str) -> Plan:
    folder = Path(__file__).parents[2] / "scenarios"
    return compile_plan(load_scenario(folder / f"{name}.yaml", ["horizon=2029"]), learned(), vintage())


def mixed(**weights: float | Uniform) -> RunPlan:
    """Branches `a`, Hyundai's plan, and `b`, the purchase of a plant, with these weights."""
    scenarios = {"a": "hyundai", "b": "lges-lansing"}
    labels = tuple(sorted(weights))
    distributions = [
        weight if isinstance(weight, Uniform) else Constant(float(weight))
        for weight in (weights[name] for name in labels)
    ]
    judged = tuple(
        Stated(f"mixture.{label}.weight", distribution)
        for label, distribution in zip(labels, distributions, strict=True)
    )
    return RunPlan(labels, judged, tuple(plan_of(scenarios[label]) for label in labels))


def annual(plan: RunPlan, n_draws: int = 2_000) -> Array:
    return flows_of(plan, Streams(0, 0, n_draws)).annual


@pytest.mark.parametrize("weights", [{"a": 1.0}, {"a": 3.0, "b": 0.0}])
def test_weight_one_gives_the_bytes_of_that_branch_alone(weights: dict[str, float]) -> None:
    assert annual(mixed(**weights)).tobytes() == annual(alone(plan_of("hyundai"))).tobytes()


def test_a_draw_has_the_results_of_its_branch_in_the_same_draw() -> None:
    made, streams = mixed(a=0.4, b=0.6), Streams(0, 0, 2_000)
    chosen = branches_of(made, streams)
    both = np.stack([annual(alone(plan)) for plan in made.plans])
    assert np.array_equal(annual(made), np.where(chosen == 0, both[0], both[1]))


def test_the_mean_is_the_weighted_mean_of_the_branches() -> None:
    made = mixed(a=0.3, b=0.7)
    n_draws = 2_000
    found = annual(made, n_draws)[EFFECT, -1]
    separate = [annual(alone(plan), n_draws)[EFFECT, -1] for plan in made.plans]
    assert abs(separate[0].mean() - separate[1].mean()) > 10 * found.std() / np.sqrt(n_draws)
    expected = 0.3 * separate[0].mean() + 0.7 * separate[1].mean()
    assert abs(found.mean() - expected) < 4 * found.std() / np.sqrt(n_draws)


def test_uncertain_weights_are_scaled_in_each_draw() -> None:
    """Equal shares of a weight uniform on 0 to 2 beside 1: the mean share is 1 - log(3) / 2."""
    chosen = branches_of(mixed(a=Uniform(0.0, 2.0), b=1.0), Streams(0, 0, 100_000))
    share = 1 - np.log(3) / 2
    assert abs((chosen == 0).mean() - share) < 4 * np.sqrt(share * (1 - share) / 100_000)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mixed.yaml"
    path.write_text(HEAD + text)
    return path


BRANCHES = (
    "  - {scenario: lges-lansing, weight: {interval: [0.2, 0.4], level: 0.9, truncate: [0, 1]}, label: lansing}\n",
    "  - {scenario: hyundai, weight: 0.7}\n",
)


def test_a_mixture_is_read_in_any_order_and_comes_back(tmp_path: Path) -> None:
    first = load_mixture(write(tmp_path, "mixture:\n" + "".join(BRANCHES)), ["horizon=2029"])
    second = load_mixture(write(tmp_path, "mixture:\n" + "".join(reversed(BRANCHES))), ["horizon=2029"])
    assert first == second
    assert [branch.label for branch in first.branches] == ["hyundai", "lansing"]
    assert (first.horizon, first.basis, first.as_of) == (2029, "korea_customs", None)
    path = tmp_path / "again.yaml"
    path.write_text(dump_any(first))
    assert is_mixture(path)
    assert load_mixture(path) == first
    assert any_digest(load_mixture(path)) == any_digest(first)


def test_a_scenario_stated_in_a_branch_may_extend_a_file_and_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "name: base\ntariffs:\n  - {id: a, sectors: steel, rate: 0.3, from: 2027Q1}\n"
        "  - {id: b, sectors: autos, rate: 0.3, from: 2027Q1}\n"
    )
    inside = "{name: x, extends: base.yaml, tariffs: {a: null, b: {until: 2029Q1}}}"
    text = f"mixture: [{{scenario: base.yaml, weight: 1}}, {{scenario: {inside}, weight: 1}}]"
    mixture = load_mixture(write(tmp_path, text), ["horizon=2029", "tariffs.b.rate=0.2"])
    base, changed = (branch.scenario for branch in mixture.branches)
    assert ([item.id for item in base.tariffs], [item.id for item in changed.tariffs]) == (["a", "b"], ["b"])
    assert changed.tariffs[0] == replace(base.tariffs[1], until=Constant(parse_time("2029Q1")))
    assert changed.tariffs[0].rate == Constant(0.2)
    assert changed.horizon == 2029


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("mixed")
    mixture = load_mixture(write(folder, "mixture:\n" + "".join(BRANCHES)), ["horizon=2029"])
    return run_scenario(mixture, Settings(4_000), out=folder / "results").results


def test_branches_stay_visible_in_the_results(stored: Results) -> None:
    branches, draws = stored.branches, stored.draws
    assert branches is not None
    shares = branches.groupby("branch")["share"].first()
    assert shares.sum() == pytest.approx(1.0)
    for label in ("hyundai", "lansing"):
        own = draws["news"].sel(year=2029)[draws["branch"] == label]
        assert len(own) / 4_000 == pytest.approx(shares[label])
        rows = branches[(branches["branch"] == label) & (branches["year"] == 2029)]
        row = rows[(rows["series"] == "news") & (rows["statistic"] == "mean")]
        assert float(own.mean()) == pytest.approx(float(row["value"].iloc[0]), abs=2e-3)


def test_a_run_of_a_mixture_is_found_again(stored: Results) -> None:
    mixture = load_mixture(stored.folder / "scenario.yaml")
    assert run_scenario(mixture, Settings(4_000), out=stored.folder.parents[1]).found
    assert frozen_any(stored.folder / "scenario.yaml") == mixture


def test_the_command_runs_a_mixture_and_shows_its_branches(tmp_path: Path) -> None:
    path = write(tmp_path, "mixture:\n" + "".join(BRANCHES))
    options = ["--draws", "200", "--no-plot", "--out", str(tmp_path / "results"), "-s", "horizon=2028"]
    done = CliRunner().invoke(cli, ["run", str(path), *options])
    assert done.exit_code == 0, done.output
    assert "By branch of the mixture, 2028, bn USD a year" in done.output
    assert "lansing" in done.output


def test_a_branch_without_announcements_is_not_one_in_which_they_lower_the_surplus(tmp_path: Path) -> None:
    text = "mixture: [{scenario: baseline, weight: 1}, {scenario: hyundai, weight: 1}]"
    run = run_scenario(load_mixture(write(tmp_path, text), ["horizon=2029"]), Settings(2_000), out=tmp_path).results
    said = re.search(r"(lower|raise) it in (\d+) is ([\d.]+) %\..* In (\d+) % of the draws they", answer(run))
    assert said is not None
    effect = run.draws["effect"].sel(year=int(said[2])).to_numpy()
    likelier = effect < 0 if said[1] == "lower" else effect > 0
    expected = 100 * np.mean(likelier), 100 * np.mean(effect == 0)
    assert [float(said[3]), float(said[4])] == pytest.approx(expected, abs=0.51)
    assert 45 < expected[1] < 55


def test_a_plant_that_may_not_come_lowers_the_surplus_at_most_as_often_as_it_comes(tmp_path: Path) -> None:
    plant = "{id: a, company: A, project: a plant, sector: batteries, kind: greenfield, amount: 2.0, probability: 0.5, "
    dates = "announced: 2026-06, construction_start: 2027Q1, production_start: 2029Q1}"
    path = write(tmp_path, f"investments: [{plant}{dates}]")
    run = run_scenario(load_scenario(path, ["horizon=2032"]), Settings(2_000), out=tmp_path).results
    said = re.search(r"In (\d+) % of the draws they change nothing in (\d+).", answer(run))
    assert said is not None
    effect = run.draws["effect"].sel(year=int(said[2])).to_numpy()
    assert int(said[1]) == round(100 * np.mean(effect == 0))
    for series in ("effect", "news"):
        draws = run.draws[series].sel(year=2032).to_numpy()
        assert run.statistics.value(series, "below_0")[-1] == np.mean(draws < 0) < 0.55


REFUSED: tuple[tuple[str, str], ...] = (
    ("mixture: []", "mixed.yaml:3:10: mixture: got a list of 0, expected a list of 1 to 20 branches"),
    ("mixture: [hyundai]", 'mixed.yaml:3:11: mixture[0]: got text "hyundai", expected a mapping with scenario, weight'),
    ("mixture: [{scenario: hyundai}]", "mixture[0].weight: missing key"),
    ("mixture: [{scenario: hyundai, wieght: 1}]", "mixture[0].wieght: unknown key; did you mean weight?"),
    (
        "mixture: [{scenario: hyundia, weight: 1}]",
        'mixed.yaml:3:22: mixture[0].scenario: got text "hyundia", no such file; did you mean hyundai? Accepted: mixed',
    ),
    (
        "mixture: [{scenario: ../scen0.yaml, weight: 1}]",
        'mixture[0].scenario: got text "../scen0.yaml", expected the name of a file beside this one or in a folder',
    ),
    ("mixture: [{scenario: /etc/passwd, weight: 1}]", "expected the name of a file beside this one or in a folder"),
    (
        "mixture: [{scenario: '', weight: 1}]",
        'mixed.yaml:3:22: mixture[0].scenario: got text "", expected the name of a',
    ),
    (
        "mixture: [{scenario: ., weight: 1}]",
        'mixed.yaml:3:22: mixture[0].scenario: got text ".", expected the name of a',
    ),
    ("mixture: [{scenario: below/x.yaml, weight: 1}]", 'got text "below/x.yaml", no such file; its folder holds no'),
    ("mixture: [{scenario: hyundai, weight: -1}]", "mixture[0].weight: got -1, expected 0 or more"),
    ("mixture: [{scenario: hyundai, weight: a}]", 'mixture[0].weight: got text "a", expected a number'),
    ("mixture: [{scenario: hyundai, weight: {krw_trillion: 3}}]", "got a mapping with krw_trillion, expected the key"),
    ("mixture: [{scenario: hyundai, weight: 0}]", "got weights that may all be 0"),
    (
        "mixture: [{scenario: hyundai, weight: 1.0e+308}, {scenario: baseline, weight: 1.0e+308}]",
        "got weights without a finite sum, expected smaller ones",
    ),
    ("mixture: [{scenario: hyundai, weight: 1, label: a b}]", 'mixture[0].label: got text "a b", expected 1 to 64'),
    ("mixture: [{scenario: [x], weight: 1}]", "expected the name of a shipped scenario, a file beside this one or"),
    ("mixture: [{scenario: tariff-regimes, weight: 1}]", "mixture: got a mixture of scenarios, expected one scenario"),
    ("mixture: [{scenario: {name: x, extends: mixed.yaml}, weight: 1}]", "which extends this file in turn"),
    (
        "mixture: [{scenario: hyundai, weight: 1}, {scenario: hyundai, weight: 1}]",
        'mixture[1].label: got text "hyundai" a second time, expected every label once',
    ),
    (
        "mixture: [{scenario: hyundai, weight: 1}, {scenario: {name: x, horizon: 2030, basis: us_census}, weight: 1}]",
        "mixed.yaml:3:43: mixture[1].scenario: got x with horizon 2030, expected horizon 2035 as in hyundai",
    ),
    ("mixture: [{scenario: kiet-2025-04-11, weight: 1}, {scenario: hyundai, weight: 1}]", "as in kiet-2025-04-11"),
    ("mixture: [{scenario: {name: x, horizn: 2030}, weight: 1}]", "horizn: unknown key; did you mean horizon?"),
    (
        "mixtur: [{scenario: hyundai, weight: 1}]",
        "mixed.yaml:3:1: mixtur: unknown key; did you mean mixture?",
    ),
    ("sources: [a, 1]\nmixture: [{scenario: hyundai, weight: 1}]", "sources[1]: got 1, expected a list of texts"),
    ("sources: a\nmixture: [{scenario: hyundai, weight: 1}]", 'sources: got text "a", expected a list of texts'),
    ("extends: x\nmixture: [{scenario: hyundai, weight: 1}]", "extends: unknown key"),
)


def test_a_branch_that_makes_no_sense_is_said_once(tmp_path: Path) -> None:
    """A list of two stood beside it as one that is no list of 1 to 20."""
    text = "name: m\nmixture:\n  - {scenario: hyundai, weight: 60%}\n  - {scenario: baseline, weight: -1}\n"
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    done = command("validate", "m.yaml", cwd=tmp_path)
    assert done.returncode == 2
    said = [line.split(": ")[2] for line in done.stdout.splitlines() if line.startswith("error")]
    assert said == ["mixture[0].weight", "mixture[1].weight"]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text[:60] for text, _ in REFUSED])
def test_what_is_no_mixture_is_refused_at_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, text)
    with pytest.raises(ScenarioError) as caught:
        load_mixture("mixed.yaml")
    assert message in str(caught.value)


def test_a_branch_may_lie_in_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "small.yaml").write_text("name: small\nhorizon: 2035\n", encoding="utf-8")
    read = load_mixture(
        write(tmp_path, "mixture: [{scenario: below/small.yaml, weight: 1}, {scenario: hyundai, weight: 1}]")
    )
    assert [branch.label for branch in read.branches] == ["hyundai", "small"]


def test_the_mixture_on_the_page_about_mixtures_loads(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2] / "scenarios"
    page = folder.parent / "docs" / "how-to" / "mixtures.md"
    text = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    for path in folder.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "mixture.yaml").write_text(text, encoding="utf-8")
    read = load_mixture(tmp_path / "mixture.yaml")
    assert [branch.label for branch in read.branches] == ["localization-fast", "localization-frozen", "trend"]


POLICIES = """\
name: duties
mixture:
  - {scenario: baseline, weight: 1, label: plain}
  - {scenario: tariffs-25, weight: 1, label: duties}
"""


def test_a_mixture_is_validated(tmp_path: Path) -> None:
    file = tmp_path / "duties.yaml"
    file.write_text(POLICIES)
    assert CliRunner().invoke(cli, ["validate", str(file)]).stdout == f"{file}: valid, 2 branches to 2035\n"
    file.write_text("name: one\nmixture: [{scenario: baseline, weight: 1}]\n")
    assert CliRunner().invoke(cli, ["validate", str(file)]).stdout == f"{file}: valid, 1 branch to 2035\n"
    file.write_text(POLICIES.replace("weight: 1, label: plain", "weight: -1"))
    done = CliRunner().invoke(cli, ["validate", str(file)])
    assert done.exit_code == 2
    assert "mixture[0].weight: got -1, expected 0 or more" in done.stdout
    file.write_text(POLICIES)


def test_a_mixture_is_explained_with_what_branches_have_in_common_once(tmp_path: Path) -> None:
    file = tmp_path / "duties.yaml"
    file.write_text(POLICIES.replace("weight: 1, label: plain", "weight: {distribution: uniform, low: 2, high: 4}"))
    done = CliRunner().invoke(cli, ["explain", str(file), "--draws", "10000"])
    assert done.exit_code == 0, done.output
    head, common, *branches = re.split(r"\n\n(?:In every branch|Branch .*)\n", done.stdout)
    assert "a mixture, fully resolved" in head
    assert round(100 * (1 - np.log(5 / 3) / 2)) == 74  # share of a weight uniform on 2 to 4 beside 1
    assert re.search(
        r"mixture\.baseline\n +scenario +baseline .*\n +weight +\{.*\} +judged +duties\.yaml:3\n.* 7[3456] %", head
    )
    assert re.search(r"horizon +2035 +fixed +default", common)
    assert re.search(r"localization\.path +fitted +fitted +baseline\.yaml:\d+\n", common)
    plain, duties = branches
    assert re.search(r"name +baseline ", plain)
    assert "tariffs" not in plain
    assert re.search(r"tariffs\.return-to-25\n.*\n.*\n +rate +0\.25 +fixed +tariffs-25\.yaml:\d+", duties)
    assert not any(re.search(r" horizon +2035", part) for part in branches)


def test_a_branch_without_policies_has_zeros_where_another_has_some(tmp_path: Path) -> None:
    file = tmp_path / "duties.yaml"
    file.write_text(POLICIES)
    done = run_scenario(load_mixture(file), Settings(2_000), out=tmp_path)
    draws = done.results.draws
    assert "tariffs" in done.results.statistics.series
    plain = draws.where(draws["branch"] == "plain", drop=True)
    assert float(np.abs(plain["tariffs"]).max()) == 0.0
    assert float(np.abs(draws["tariffs"]).max()) > 1.0


DAY = "2025-04-11"
PLANT = (
    "{id: A, company: C, project: P, sector: batteries, kind: greenfield, amount: 40, announced: 2025-03, "
    "construction_start: 2025-05, production_start: 2027Q1, probability: 1, slip: 0, scale: 1}"
)
STATED = f"{{name: %s, as_of: {DAY}, horizon: 2027, basis: us_census, investments: [%s]}}"


def branch(label: str, weight: float, plant: str = "") -> str:
    return f"  - {{label: {label}, weight: {weight}, scenario: {STATED % (label, plant)}}}\n"


@pytest.fixture
def freeze(tmp_path: Path) -> Callable[[str], Entry]:
    """Runs a mixture of these branches as of April 2025 and adds it to a ledger."""
    seen = current_digests(DAY)["data"]
    earlier = replace(learned(), origin=parse_quarter("2024Q4"), as_of=DAY, data_digest=seen)

    def frozen(branches: str) -> Entry:
        mixture = load_mixture(write(tmp_path, f"mixture:\n{branches}"))
        run = run_scenario(mixture, Settings(4_000), out=tmp_path / "results", posterior=earlier)
        return add_entry(run.results, tmp_path / "ledger", earlier)[0]

    return frozen


@pytest.mark.slow
def test_branches_that_part_over_what_has_been_told_become_one(freeze: Callable[[str], Entry], tmp_path: Path) -> None:
    """The plant was cancelled: all that its branch cost is the assumptions', whichever branch is taken to be true."""
    folder = write_tables(tmp_path, {"A": {"stage": "cancelled", "state_date": "2025-09"}}, {})
    without = freeze(branch("calm", 1)).predictions
    found = evaluate(freeze(branch("built", 2, PLANT) + branch("calm", 1)), folder=folder)
    assert found.known is not None
    assert found.known.changed == {"A": "cancelled"}
    for score in found.scores:
        model = float(crps(np.array([score.outcome]), without[score.target][None])[0])
        assert score.crps_split == Split(model, score.crps - model, 0.0)
        assert [alone for alone, _ in score.branches.values()] == [model, model]
    assert max(abs(score.crps_split.assumptions) for score in found.scores) > 0.1


def test_the_models_part_is_divided_under_the_branch_that_came_true(
    freeze: Callable[[str], Entry], tmp_path: Path
) -> None:
    """Nothing was told: the model's part is the score, and that of each branch alone the score of its own forecast."""
    alone = {name: freeze(branch(name, 1, plant)).predictions for name, plant in (("built", PLANT), ("calm", ""))}
    found = evaluate(freeze(branch("built", 1, PLANT) + branch("calm", 1)), folder=write_tables(tmp_path, {}, {}))
    assert len(found.scores) == 21
    for score in found.scores:
        assert score.crps_split == Split(score.crps, 0.0, 0.0)
        for name, predicted in alone.items():
            expected = crps(np.array([score.outcome]), predicted[score.target][None])[0]
            assert score.branches[name] == (expected, predicted[score.target][49] - score.outcome)
    paths = write_scores(tmp_path / "ledger", [found])
    assert [path.name for path in paths] == ["scores.csv", "branches.csv"]
    scores, branches = map(pd.read_csv, paths)
    for name in ("crps", "error"):
        parts = (branches[f"{name}_model"] + branches[f"{name}_branch"]).to_numpy().reshape(-1, 2)
        np.testing.assert_allclose(parts, scores[[f"{name}_model"] * 2], atol=2e-4)
    assert re.search(r"alone, given the facts, it is \d+\.\d\d if built came true", verdict_words(found))


LABELS = "deal-holds, 25-until-2029, 25-for-good"
WEIGHT = f"expected mixture.LABEL.weight, labels: {LABELS}; all else is changed in the file"


@pytest.mark.parametrize(
    ("scenario", "text", "expected"),
    [
        ("tariff-regimes", "mixture.deal-holds=1", f"got mixture.deal-holds, {WEIGHT}"),
        ("tariff-regimes", "mixture.deal-holds.scenario=baseline", f"got mixture.deal-holds.scenario, {WEIGHT}"),
        ("tariff-regimes", "mixture=[]", f"got mixture, {WEIGHT}"),
        (
            "tariff-regimes",
            "mixture.deal-hold.weight=1",
            (
                "mixture.deal-hold: no such branch; did you mean deal-holds? "
                "Accepted: deal-holds, 25-until-2029, 25-for-good"
            ),
        ),
        ("tariff-regimes", "mixture.deal-holds.weight=-1", "mixture.deal-holds.weight: got -1, expected 0 or more"),
        (
            "tariff-threat",
            "mixture.deal-holds.weight=0.5",
            (
                "mixture: tariff-threat.yaml is one scenario, which weighs no others; "
                "weights are set of a file with a mixture"
            ),
        ),
    ],
)
def test_what_sets_no_weight_of_a_branch_is_refused_in_one_line(
    scenario: str, text: str, expected: str, tmp_path: Path
) -> None:
    done = command("run", scenario, "-s", text, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: -s {text}: {expected}\n"


@pytest.mark.slow
def test_a_weight_set_on_top_is_that_of_a_file_that_states_it(tmp_path: Path) -> None:
    """Of 1, 2 and 5 in 8 draws, at the same luck; it is told, and what the file says already is not."""
    weighed = ("baseline, weight: %s", "hyundai, weight: 2", "lges-lansing, weight: %s")
    branches = f"mixture: [{', '.join(f'{{scenario: {one}}}' for one in weighed)}]"
    stated, other = tmp_path / "stated" / "mixed.yaml", tmp_path / "mixed.yaml"
    stated.parent.mkdir()
    stated.write_text(f"{HEAD}{branches % (1, 5)}\n", encoding="utf-8")
    other.write_text(f"{HEAD}{branches % (9, '{distribution: uniform, low: 0, high: 1}')}\n", encoding="utf-8")
    texts = [f"mixture.{weight}" for weight in ("lges-lansing.weight=5", "hyundai.weight=2", "baseline.weight=1")]
    on_top = load_mixture(other, [*texts, "horizon=2029"])
    assert on_top == load_mixture(stated, ["horizon=2029"])
    assert on_top.overrides == (texts[0], texts[2], "horizon=2029")
    options = ("-s", "horizon=2029", "--draws", "4000", "--no-plot")
    weights = (word for text in texts for word in ("-s", text))
    done = command("run", str(other), *weights, *options, "--out", "a", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"Set on the command line: {texts[0]}, {texts[2]}, horizon=2029\n" in done.stdout
    assert command("run", str(stated), *options, "--out", "b", cwd=tmp_path).returncode == 0
    (one,), (two,) = ([*(tmp_path / out / "mixed").iterdir()] for out in "ab")
    assert one.name == two.name
    for name in ("summary.csv", "branches.csv", "draws.nc"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    said = " ".join(done.stdout.split()).replace("\u00a0", " ")
    for name, share in (("lges-lansing", 62.5), ("hyundai", 25), ("baseline", 12.5)):
        counted = re.search(rf"{name} (\d+) %", said)
        assert counted is not None
        assert int(counted[1]) == pytest.approx(share, abs=3)
    assert command("export", str(one), "--out", "run.zip", cwd=tmp_path).returncode == 0
    again = command("verify", str(one), "run.zip", cwd=tmp_path)
    assert again.stdout.count("Whole, and the same bytes when run again") == 2, again.stderr


def test_weights_set_for_nothing_or_off_their_sum_are_told(tmp_path: Path) -> None:
    name = "mixture.deal-holds.weight"
    same = f"{name}={{distribution: uniform, low: 0.55, high: 0.85}}"
    assert "tariff-regimes.yaml:19 says already: it changes nothing" in _told(same, cwd=tmp_path)
    assert f"-s {name}=3 follows and says otherwise: it changes nothing" in _told(
        f"{name}=2", f"{name}=3", cwd=tmp_path
    )
    others = (f"mixture.25-{end}.weight=0.4" for end in ("for-good", "until-2029"))
    assert "got weights that sum to 1.2, expected 1; they are scaled to it" in _told(
        *others, f"{name}=0.4", cwd=tmp_path
    )


def _told(*texts: str, cwd: Path) -> str:
    done = command("validate", "tariff-regimes", *(word for text in texts for word in ("-s", text)), cwd=cwd)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("warning")]
    return line


def test_weights_are_swept_with_the_same_luck(tmp_path: Path) -> None:
    """With all the weight on one branch a cell is that branch, and of draws that change it none comes back."""
    (tmp_path / "mixed.yaml").write_text(
        f"{HEAD}mixture: [{{scenario: baseline, weight: 1}}, {{scenario: hyundai, weight: 1}}]\n", encoding="utf-8"
    )
    axis = ("-s", "mixture.hyundai.weight=0,1,1e12", "--of", "effect", "--year", "2030")
    done = command("sweep", "mixed.yaml", *axis, "--draws", "4000", "--no-plot", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(next((tmp_path / "results" / "mixed" / "sweeps").glob("*/sweep.csv")))
    levels = table[(table.of == "level") & (table.statistic == "mean")].set_index("mixture.hyundai.weight").value
    plan = command("run", "hyundai", "--draws", "4000", "--no-plot", cwd=tmp_path)
    assert plan.returncode == 0, plan.stderr
    alone = pd.read_csv(next((tmp_path / "results" / "hyundai").glob("*/summary.csv")))
    alone = alone[(alone.series == "effect") & (alone.year == 2030) & (alone.statistic == "mean")].value.item()
    assert levels["0"] == 0.0
    assert levels["1e12"] == pytest.approx(alone, abs=1e-9)
    assert levels["1"] == levels["as stated"] == pytest.approx(alone / 2, abs=0.1 * abs(alone))


def test_what_is_wrong_in_some_branches_names_them(tmp_path: Path) -> None:
    (tmp_path / "mixed.yaml").write_text(
        f"{HEAD}mixture: [{{scenario: baseline, weight: 1, label: none}}, {{scenario: lges-lansing, weight: 1}}]\n",
        encoding="utf-8",
    )
    text = "investments.LG-03.amount=3"
    done = command("run", "mixed.yaml", "-s", text, cwd=tmp_path)
    assert done.returncode == 2
    told = "of branch none: no such investment; the scenario has none"
    assert done.stderr == f"error: -s {text}: investments.LG-03: {told}\n"


def test_what_is_wrong_in_every_branch_alike_is_said_once(tmp_path: Path) -> None:
    text = "investments.NOPE.amount=3"
    done = command("run", "tariff-regimes", "-s", text, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"error: -s {text}: investments.NOPE: no such investment; the scenario has none\n"
