"""What makes sense but is probably not meant: every remark of the doubtful files, and none of the shipped ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from forecast.cli import cli
from forecast.errors import RunError, ScenarioError
from forecast.observations.tables import read_table
from forecast.scenario.mixture import load_any
from forecast.scenario.money import in_dollars, rate_of
from forecast.scenario.numerals import money_hint
from forecast.scenario.scenario import dump_scenario, load_scenario
from forecast.scenario.validation import examined
from forecast.stats.distributions import Beta, Constant, Discrete, Distribution, LogNormal, Normal, Uniform
from forecast.stats.elicited import Mixture, Quantiles
from forecast.stats.truncation import Truncated
from forecast.storage.documents import shipped_folder

DOUBTFUL = Path(__file__).parent / "doubtful"
FILES = sorted(path.name for path in DOUBTFUL.glob("*.yaml"))
EXPECTED = dict(
    section.split("\n", 1) for section in f"\n{(DOUBTFUL / 'expected.txt').read_text('utf-8')}".split("\n# ")[1:]
)


def validate(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["validate", *arguments])


def test_every_doubtful_file_has_its_remarks() -> None:
    assert sorted(EXPECTED) == FILES


@pytest.mark.parametrize("name", FILES)
def test_the_remarks_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DOUBTFUL)
    found = examined(name)
    assert found.problems == ()
    assert [str(remark) for remark in found.remarks] == EXPECTED[name].strip().splitlines()


@pytest.mark.parametrize("path", sorted(shipped_folder().glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_in_a_shipped_scenario_is_remarked_on(path: Path) -> None:
    found = examined(path)
    assert (found.mixture or found.scenario) == load_any(path)
    assert [str(remark) for remark in found.remarks] == []


@pytest.mark.parametrize("name", sorted(set(FILES) - {"meant.yaml"}))
def test_remarks_are_in_korean_where_that_is_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings of commands were in English whatever the language: only what the file says stays as it is written."""
    monkeypatch.chdir(DOUBTFUL)
    *said, verdict = validate("--language", "ko", name).stdout.splitlines()
    assert len(said) == len(EXPECTED[name].strip().splitlines())
    for line, english in zip(said, EXPECTED[name].strip().splitlines(), strict=True):
        place, korean = english.split(": ")[:2], line.removeprefix("경고: ")
        assert korean.startswith(": ".join(place))
        words = re.sub(r"[{\[].*[}\]]", "", korean.removeprefix(": ".join(place)))
        assert re.search("[가-힣]", words)
        assert not re.search(
            r"\b(got|the|is|if|of|which|with|not|expected)\b|\w\([이을은와으]\)|[이을은와으]\(", words
        ), words
    assert re.search(rf"^{name}: 이상 없음, .*, 경고 {len(said)}건$", verdict)


def test_an_override_is_remarked_on_where_it_changes_nothing() -> None:
    path = shipped_folder() / "hyundai.yaml"
    idle = ("horizon=2035", "investments.HMG-06.amount=5.8", "investments.HMG-06.slip=", "localization.path=fitted")
    said = dict(str(remark).split(": ", 1) for remark in examined(path, (*idle, "basis=us_census")).remarks)
    assert sorted(said) == sorted(f"-s {text}" for text in idle)
    assert said["-s horizon=2035"] == "horizon: got 2035, the default: it changes nothing"
    assert re.search(r"got 5\.8, as .*hyundai\.yaml:\d+ says already", said["-s investments.HMG-06.amount=5.8"])
    assert "takes out what is not there" in said["-s investments.HMG-06.slip="]


def test_remarks_are_said_at_a_run_and_do_not_stop_it(tmp_path: Path) -> None:
    given = ["run", "baseline", "-s", "horizon=2027", "-s", "basis=korea_customs", "--draws", "400", "--no-plot"]
    done = CliRunner().invoke(cli, [*given, "--out", str(tmp_path)])
    assert done.exit_code == 0
    said = 'basis: got text "korea_customs", the default: it changes nothing'
    assert done.stderr == f"warning: -s basis=korea_customs: {said}\n"
    assert "warning" not in done.stdout


def test_remarks_at_a_run_are_in_the_language_of_its_answer(tmp_path: Path) -> None:
    """`--language ko` had an answer in Korean under warnings in English; so had a Korean locale."""
    given = ["run", "baseline", "-s", "horizon=2027", "-s", "basis=korea_customs", "--draws", "300", "--no-plot"]
    asked = CliRunner().invoke(cli, [*given, "--out", str(tmp_path), "--language", "ko"])
    locale = CliRunner(env={"LC_ALL": "ko_KR.UTF-8"}).invoke(cli, [*given, "--out", str(tmp_path)])
    few = "경고: 모의실험 300회로는 예측구간과 확률이 부정확하다. 보통 2,000회 이상으로 한다.\n"
    idle = '경고: -s basis=korea_customs: basis: 기본값(문자열 "korea_customs")과 같아 바뀌는 것이 없다.\n'
    assert asked.stderr == locale.stderr == few + idle


def test_what_a_pledge_leaves_out_is_told_in_korean(tmp_path: Path) -> None:
    plant = "company: G, project: {id}, sector: other, announced: 2025-07"
    rows = [
        f"  - {{id: P, kind: pledge, amount: 30, {plant.format(id='fund')}}}",
        f"  - {{id: A, kind: greenfield, amount: 5, production_start: 2030Q1, part_of: P, {plant.format(id='dock')}}}",
    ]
    (tmp_path / "pledge.yaml").write_text("\n".join(["name: pledge", "investments:", *rows, ""]), "utf-8")
    said = validate("--language", "ko", str(tmp_path / "pledge.yaml")).stdout
    assert "pledge.yaml: investments.P: 30(10억 달러) 가운데 개별 사업(A)에 든 것은 5이며, 나머지 25는 모의" in said
    assert said.startswith("참고: ")


def test_validating_says_everything_and_ends_with_2_for_errors_alone(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: broken\nhorizn: 2030\noverrides: {sectors: {steel: {utilisation: 0.7}}}\n", "utf-8")
    alone = validate(str(DOUBTFUL / "dates.yaml"))
    assert (alone.exit_code, alone.stdout.count("warning: ")) == (0, 7)
    assert alone.stdout.endswith("dates.yaml: valid, 5 investments to 2032, 7 warnings\n")
    both = validate(str(broken), str(DOUBTFUL / "dates.yaml"))
    assert both.exit_code == 2
    assert f"error: {broken}:2:1: horizn: unknown key; did you mean horizon?" in both.stdout
    assert f"warning: {broken}:3:23: overrides.sectors.steel: no investment is in steel" in both.stdout
    assert f"{broken}: 1 error, 1 warning\n" in both.stdout


CONTRADICTED = {
    "localization: {path: fixed, shares: {korea: 0.5, local: 0.3, third_country: 0.1}}": "expected a sum of 1",
    "overrides: {sectors: {steel: {utilisation: {distribution: discrete, values: [0, 1], weights: [0, 0]}}}}": "got we",
}


@pytest.mark.parametrize("text", CONTRADICTED)
def test_nothing_is_remarked_on_where_something_is_wrong(text: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(f"name: wrong\n{text}\n", "utf-8")
    found = examined(tmp_path / "wrong.yaml")
    assert [CONTRADICTED[text] in problem.message for problem in found.problems] == [True]
    assert not any("sum to" in remark.message for remark in found.remarks)


def test_a_program_reads_the_same(tmp_path: Path) -> None:
    done = validate("--json", str(DOUBTFUL / "meant.yaml"), str(tmp_path / "none.yaml"))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["valid"]) == (2, False)
    first, second = told["files"]
    assert (first["valid"], first["problems"]) == (True, [])
    (conversion,) = first["conversions"]
    assert (conversion["path"], conversion["period"]) == ("investments.X-1.amount", "2025-04")
    (problem,) = second["problems"]
    assert problem["severity"] == "error"
    assert set(problem) == {"severity", "file", "line", "column", "path", "message"}


def test_a_folder_or_a_pattern_stands_for_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.yaml", "a.yml", "c.txt"):
        (tmp_path / name).write_text("name: x", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert [line.split(":")[0] for line in validate(str(tmp_path)).stdout.splitlines()] == [
        str(tmp_path / "a.yml"),
        str(tmp_path / "b.yaml"),
    ]
    assert validate("*.yaml", "b.yaml", "a.yml").stdout.splitlines() == [
        "b.yaml: valid, no investments to 2035",
        "a.yml: valid, no investments to 2035",
    ]
    (tmp_path / "empty").mkdir()
    for nothing in ("empty", "*.json"):
        assert isinstance(validate(nothing).exception, RunError)


def krw(month: str) -> float:
    rows = read_table("drivers_monthly")
    return float(next(row["value"] for row in rows if row["series"] == "krw_per_usd" and row["month"] == month))


def test_won_become_dollars_at_the_rate_of_the_month_of_the_announcement() -> None:
    amount = load_scenario(DOUBTFUL / "meant.yaml").investments[0].amount
    assert amount == Constant(4 * (1000 / krw("2025-04")))
    assert rate_of(8101.999).won == krw("2025-06")
    last = rate_of(8400.0)
    assert (last.won, last.period) == (pytest.approx(np.mean([krw(f"2026-0{m}") for m in (4, 5, 6)])), "2026Q2")
    with pytest.raises(ValueError, match="1975-04, expected one in bn USD: rates are known from 1981-04 on"):
        rate_of(4 * 1975 + 1)


DISTRIBUTIONS = [
    *(Normal(4, 1), LogNormal(4, 0.3), Uniform(2, 5), Discrete((2, 3), (1, 1)), Truncated(Normal(4, 1), 3, 6)),
    *(Quantiles((0.1, 0.9), (2, 5), low=0), Mixture((1, 3), (Normal(4, 1), Uniform(2, 5)))),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_distribution_in_won_keeps_its_quantiles(distribution: Distribution) -> None:
    levels = np.array([0.05, 0.3, 0.5, 0.9])
    factor = 1000 / krw("2025-04")
    assert np.allclose(in_dollars(distribution, 8101.0).ppf(levels), factor * distribution.ppf(levels), rtol=1e-12)


def test_a_distribution_without_amounts_cannot_be_in_won() -> None:
    with pytest.raises(ValueError, match="got a beta distribution of won"):
        in_dollars(Beta(2, 3), 8101.0)


def test_an_amount_in_won_is_kept_in_dollars(tmp_path: Path) -> None:
    scenario = load_scenario(DOUBTFUL / "meant.yaml")
    (tmp_path / "kept.yaml").write_text(dump_scenario(scenario), "utf-8")
    assert load_scenario(tmp_path / "kept.yaml") == scenario


def test_an_umbrella_is_compared_with_its_parts_in_one_currency(tmp_path: Path) -> None:
    plant = "company: A, sector: steel, announced: 2025-04"
    (tmp_path / "mixed.yaml").write_text(
        "name: mixed\ninvestments:\n"
        f"  - {{id: P, project: whole, kind: pledge, amount: {{krw_trillion: 4}}, {plant}}}\n"
        f"  - {{id: Q, project: part, kind: greenfield, amount: 3.0, production_start: 2029, part_of: P, {plant}}}\n",
        "utf-8",
    )
    with pytest.raises(ScenarioError, match=r"got 3 bn USD in parts .*, expected at most the 2\.778 bn USD"):
        load_scenario(tmp_path / "mixed.yaml")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("4 trillion KRW", "{krw_trillion: 4}"),
        ("₩8조", "{krw_trillion: 8}"),
        ("4,000억 원", "{krw_trillion: 0.4}"),
        ("800 billion won", "{krw_trillion: 0.8}"),
        ("$5.8bn", "5.8, the unit is bn USD"),
        ("582 million USD", "0.582, the unit is bn USD"),
        ("1.2 trillion USD", "1200, the unit is bn USD"),
        ("USD 12", "12, the unit is bn USD"),
        ("2,5 bn", "2.5, the unit is bn USD"),
        ("2,500 mn", "2.5, the unit is bn USD"),
        ("2,5 trillion won", "{krw_trillion: 2.5}"),
        ("3조", "{krw_trillion: 3}"),
        ("3000억", "{krw_trillion: 0.3}"),
        ("3조 달러", "3000, the unit is bn USD"),
        ("5000만 달러", "0.05, the unit is bn USD"),
        ("5백만 달러", "0.005, the unit is bn USD"),
        ("4조 5000억원", "{krw_trillion: 4.5}"),
        ("약 1조2,500억 원", "{krw_trillion: 1.25}"),
        ("3천억 원", "{krw_trillion: 0.3}"),
        ("5천만 달러", "0.05, the unit is bn USD"),
        ("12억 5000만 달러", "1.25, the unit is bn USD"),
    ],
)
def test_an_amount_in_words_is_answered_with_what_to_write(text: str, hint: str) -> None:
    assert money_hint(text) == f"; write {hint}"


@pytest.mark.parametrize(
    "text",
    [
        "5 to 8 bn",
        "1조 2조",
        "4조 50000억",
        "4조~5조",
        "4조 5000억 이상",
        "-4조 5000억",
        "십억 달러",
        "1.234,5 bn",
        "some",
    ],
)
def test_nothing_is_guessed_of_an_amount_that_is_not_one_number(text: str) -> None:
    assert money_hint(text) == ""


def test_an_amount_in_korean_words_of_several_parts_is_answered_where_it_stands(tmp_path: Path) -> None:
    plant = "project: p, company: A, sector: steel, kind: greenfield, announced: 2026-03, production_start: 2029Q1"
    (tmp_path / "won.yaml").write_text(
        f"name: won\ninvestments:\n  - {{id: P, amount: 4조 5000억원, {plant}}}\n", "utf-8"
    )
    with pytest.raises(
        ScenarioError, match=r"won\.yaml:3:21: .*got text \"4조 5000억원\", .*; write \{krw_trillion: 4\.5\}"
    ):
        load_scenario(tmp_path / "won.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("investments=[{amount: 3}]", ": investments[0]: got no id; accepted: HMG-01"),
        ("investments.[0].amount=3", ": investments[0]: no such investment; accepted: HMG-01"),
    ],
)
def test_an_entry_without_an_id_goes_by_its_position(text: str, said: str) -> None:
    """It was `investments.[0]` here and `investments[0]` everywhere else, and "no investment [0] below"."""
    done = validate("hyundai", "-s", text)
    assert done.exit_code == 2
    assert f"error: -s {text}{said}" in done.output
