"""What sentences say of made draws."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from commands import command

import forecast
from forecast.analysis.displacement import DecidingRate
from forecast.analysis.grounds import Grounds, Rests
from forecast.cli import cli
from forecast.dims import EFFECTS, OUTPUT, Array
from forecast.report.assumptions import assumptions, pledge_notes
from forecast.report.effect import difference_sentences, effect_paragraphs
from forecast.report.i18n import CODES, language
from forecast.report.policy import answers_past, policy_sentence
from forecast.report.sentences import assumed_conditions
from forecast.scenario.investments import outside_parts
from forecast.stats.summary import Summary, summarised

ROOT = Path(__file__).parents[2]
YEARS = (2026, 2027)


def said_of(*given: Any, **options: Any) -> str:
    """All that is said of an effect."""
    return " ".join(effect_paragraphs(*given, **options).values())


def told(last: Mapping[str, Sequence[float]]) -> Summary:
    """Statistics of series whose draws of the last year are given, and are the same the year before."""
    draws = np.array([[values, values] for values in last.values()], dtype=float)
    if "cumulated_effect" in last:
        draws[[*last].index("cumulated_effect")] = np.cumsum(draws[[*last].index("effect")], axis=0)
    return summarised(draws, YEARS, tuple(last), block_size=100)


def parts(effect: Array) -> dict[str, Array]:
    """Series of an effect that is all of intermediates, and news to its whole."""
    nothing = dict.fromkeys((*EFFECTS, OUTPUT), np.zeros(100))
    return nothing | {"effect": effect, "effect_intermediates": effect, "news": effect}


@pytest.mark.parametrize(("n_up", "english", "korean"), [(70, "raise", "늘릴"), (30, "lower", "줄일")])
def test_an_effect_is_told_in_its_likelier_direction(n_up: int, english: str, korean: str) -> None:
    effect = np.repeat([1.0, -1.0], [n_up, 100 - n_up])
    summary = told(parts(effect))
    assert f"the chance that they {english} it in 2027 is 70\xa0%." in said_of(summary, language("en"), "2026Q2")
    assert f"이 투자가 2027년 흑자를 {korean} 확률은 70%이다." in said_of(summary, language("ko"), "2026년 2분기")


@pytest.mark.parametrize(("news", "told_of"), [(-1.5, True), (-1.05, False), (0.5, True)])
def test_news_are_told_where_they_differ_from_the_effect_by_a_tenth(news: float, told_of: bool) -> None:
    summary = told(parts(np.full(100, -1.0)) | {"news": np.full(100, news)})
    sign = "+" if news > 0 else "−"
    words = f"Beyond what flowed in 2026Q2 it is {sign}{abs(news):.2f}\xa0bn USD in 2027; that part alone moves"
    assert (words in said_of(summary, language("en"), "2026Q2")) == told_of
    assert ("흑자 수준의 전망을 바꾸는 것은" in said_of(summary, language("ko"), "2026년 2분기")) == told_of


def rests(turn: float, grade: str = "L", *, alone: bool = True) -> Grounds:
    """What an effect rests on whose sign turns at a rate."""
    name, interval, turns = "overrides.sectors.autos.displacement_rate", (0.2, 0.5, 0.8), {2027: (turn, 0.001)}
    rate = DecidingRate(name, "autos", grade, interval, turns, alone, {} if alone else {2027: (2.4, 0.2)})
    return Grounds(rate, {"effect": Rests(np.array([0.0, 0.3]), np.array([0.0, 0.004]))})


@pytest.mark.parametrize(
    ("effect", "turn", "words"),
    [
        (
            -1.0,
            0.2,
            "The sign turns if a dollar of cars made in the US replaces less than 0.20 dollars of exports from Korea.",
        ),
        (
            1.0,
            0.7,
            "The sign turns if a dollar of cars made in the US replaces more than 0.70 dollars of exports from Korea.",
        ),
        (
            -1.0,
            -0.1,
            "The sign turns only if a dollar of cars made in the US draws more than 0.10 dollars of exports from Korea",
        ),
        (-1.0, -0.002, "where a dollar of cars made in the US replaces next to no exports from Korea. The fit says"),
        (1.0, 0.004, "where a dollar of cars made in the US replaces next to no exports from Korea. The fit says"),
        (1.0, 3.0, "up to one and a half dollars, the sign stays as it is in 2027."),
    ],
)
def test_the_rate_at_which_the_sign_turns(effect: float, turn: float, words: str) -> None:
    summary = told(parts(np.full(100, effect)))
    said = said_of(summary, language("en"), "2026Q2", rests(turn)).replace("\xa0", " ")
    assert words in said
    believed = "The fit says 0.20 to 0.80 dollars (80 % interval), graded L (weak evidence). Published claims run from"
    assert believed in said
    stated = said_of(summary, language("en"), "2026Q2", rests(turn, "stated")).replace("\xa0", " ")
    assert "The scenario says 0.20 to 0.80 dollars (80 % interval), the judgement of its author." in stated
    assert "The sign" not in said_of(summary, language("en"), "2026Q2")


@pytest.mark.parametrize(
    ("duty", "other_duties", "english", "korean"),
    [
        (0.15, False, "both numbers are under the duty of 2026Q2, 15 %", "두 값 모두 2026년 2분기 관세율 15% 기준"),
        (0.15, True, "the duties of the scenario change besides counts in the first alone", "앞의 값에만 들어 있다"),
        (0.0, True, "both numbers are of the rate where no duty is paid", "두 값 모두 관세가 없을 때의 값"),
        (0.0, False, "graded L (weak evidence).", "L(약한 근거)이다."),
    ],
)
def test_a_turning_rate_says_under_which_duty_it_is_told(
    duty: float, other_duties: bool, english: str, korean: str
) -> None:
    """A scenario with a duty of its own was told a rate under none, beside one of today in all others."""
    summary, found = told(parts(np.full(100, -1.0))), rests(0.2)
    assert found.rate is not None
    found = replace(found, rate=replace(found.rate, duty=duty, other_duties=other_duties))
    assert english in said_of(summary, language("en"), "2026Q2", found).replace("\xa0", " ")
    assert korean in said_of(summary, language("ko"), "2026년 2분기", found)


def test_a_turning_rate_says_that_another_duty_is_on_record_since() -> None:
    summary, found = told(parts(np.full(100, -1.0))), rests(0.2)
    assert found.rate is not None
    found = replace(found, rate=replace(found.rate, duty=0.1, duty_since=0.125))
    said = said_of(summary, language("en"), "2026Q2", found).replace("\xa0", " ")
    assert "under the duty of 2026Q2, 10 % (12.5 % on record since), which is judged to add" in said
    assert "2026년 2분기 관세율 10%(이후 12.5%로 바뀜) 기준" in said_of(summary, language("ko"), "2026년 2분기", found)


@pytest.mark.parametrize(
    ("duty", "changed", "english", "korean"),
    [
        (0.0, 0.0, "(weak evidence). Published", "L(약한 근거)이다."),
        (0.0, 0.1, "evidence); what the duties of the scenario change counts in the first number alone", "앞의 값에만"),
        (0.15, 0.1, "; what the duties of the scenario change besides counts in the first alone", "앞의 값에만"),
    ],
)
def test_duties_on_other_goods_are_told_beside_a_turning_rate(
    duty: float, changed: float, english: str, korean: str
) -> None:
    """They change what plants buy and so where the sign turns, and only those on the plants' own goods were told."""
    summary, found = told(parts(np.full(100, -1.0))), rests(0.2, alone=False)
    assert found.rate is not None
    by_duties = told(parts(np.full(100, changed)))
    found = replace(found, rate=replace(found.rate, duty=duty), by_duties=by_duties)
    said = said_of(summary, language("en"), "2026Q2", found).replace("\xa0", " ")
    assert english in said
    assert f"If cars replaced no exports at all,{' under the duty too,' if duty else ''} the effect of 2027" in said
    assert korean in said_of(summary, language("ko"), "2026년 2분기", found)


def test_a_flow_that_rounds_to_nothing_is_no_part_of_an_effect() -> None:
    """ "Goods shipped back to Korea take 0.00 bn USD" was a part."""
    series = {"effect_displacement": np.full(100, -1.25), "effect_reverse_imports": np.full(100, -0.001)}
    nothing = {"effect_intermediates": np.zeros(100)}
    said = said_of(told(parts(np.full(100, -1.251)) | nothing | series), language("en"), "2026Q2")
    assert "In 2027 exports no longer shipped take 1.25\xa0bn USD; together −1.25" in said


def test_what_flows_add_and_take_is_told_with_their_sum() -> None:
    made = {"capital_goods": 0.5, "intermediates": 1.5, "displacement": -3.0, "reverse_imports": -0.25}
    series = {f"effect_{name}": np.full(100, value) for name, value in made.items()}
    summary = told(parts(np.full(100, -1.25)) | series)
    english = said_of(summary, language("en"), "2026Q2", rests(0.2)).replace("\xa0", " ")
    assert (
        "In 2027 machines and inputs from Korea add 2.00 bn USD; exports of cars no longer shipped take 3.00 bn USD; "
        "goods shipped back to Korea take 0.25 bn USD; together −1.25 bn USD (means, each rounded). The claim that "
        "such plants feed the surplus (KIET, April 2025) counts the first of these flows" in english
    )
    several = said_of(summary, language("en"), "2026Q2", rests(0.2, alone=False)).replace("\xa0", " ")
    assert "exports no longer shipped take 3.00 bn USD (2.4 bn USD of it cars); goods" in several
    korean = said_of(summary, language("ko"), "2026년 2분기", rests(0.2))
    assert "기계와 중간재에 따른 증가 20.0억 달러, 더 이상 수출되지 않는 자동차에 따른 감소 30.0억 달러" in korean
    assert "합계는 −12.5억 달러이다" in korean


def test_beside_a_chance_stands_what_of_the_spread_is_judgement() -> None:
    summary = told(parts(np.full(100, -1.0)))
    said = said_of(summary, language("en"), "2026Q2", rests(0.2)).replace("\xa0", " ")
    assert "lower it in 2027 is > 96.4 %" in said.replace("above", ">")
    assert "; of the spread behind it 30 % is judgement and below 1 % weak evidence." in said
    korean = said_of(summary, language("ko"), "2026년 2분기", rests(0.2))
    assert "(그 불확실성 중 판단에 따른 몫 30%, 약한 근거에 따른 몫 1% 미만)" in korean


def test_a_peak_that_the_end_hides_is_told_before_it() -> None:
    """Plants that raise the surplus while they are built and lower it later: the last year alone would mislead."""
    draws = np.zeros((len(EFFECTS) + 2, 2, 100))
    draws[EFFECTS.index("effect")] = [[3.0], [-1.0]]
    draws[EFFECTS.index("cumulated_effect")] = [[3.0], [2.0]]
    said = said_of(summarised(draws, YEARS, (*EFFECTS, OUTPUT, "news"), 100), language("en"), "2026Q2")
    said = said.replace("\xa0", " ")
    assert "by +3.00 bn USD in 2026 (mean;" in said.partition("−1.00 bn USD in 2027 (mean;")[0]
    assert "the chance that they raise it in 2026 is" in said


def test_an_effect_of_the_other_sign_before_is_told_with_the_year_in_which_it_turned() -> None:
    """A reader of the sentences alone took a plan that first raises the surplus for one that lowers it."""
    years = (2026, 2027, 2028, 2029)
    for means, words in (
        (
            [0.4, 1.2, -0.5, -4.0],
            "The mean effect is above zero at first, at its highest +1.20 bn USD in 2027, and below zero from 2028 on",
        ),
        (
            [-0.4, -1.2, 0.5, 4.0],
            "The mean effect is below zero at first, at its lowest −1.20 bn USD in 2027, and above zero from 2028 on",
        ),
        ([0.0, 0.19, -0.5, -4.0], ""),
        ([-1.0, -2.0, -3.0, -4.0], ""),
        ([0.0, 0.0, 0.0, -4.0], ""),
    ):
        draws = np.zeros((len(EFFECTS) + 2, 4, 100))
        draws[EFFECTS.index("effect")] = np.array(means)[:, None]
        summary = summarised(draws, years, (*EFFECTS, OUTPUT, "news"), 100)
        said = said_of(summary, language("en"), "2026Q2").replace("\xa0", " ")
        assert words in said
        assert ("at first" in said) == bool(words)


def test_a_year_before_the_first_effect_is_told_as_one_without(tmp_path: Path) -> None:
    """`report --year` of a year in which nothing happens yet ended in a traceback."""
    draws = np.zeros((len(EFFECTS) + 2, 2, 100))
    draws[EFFECTS.index("effect"), 1] = -1.0
    summary = summarised(draws, YEARS, (*EFFECTS, OUTPUT, "news"), 100)
    for code in CODES:
        assert "2026" in said_of(summary, language(code), "2026Q2", year=2026)
    text = "name: late\nextends: baseline\ninvestments:\n  - {id: p, company: A, project: P, sector: batteries, "
    text += "kind: greenfield, amount: 2, announced: 2026-09, construction_start: 2030Q1, production_start: 2032Q1}\n"
    (tmp_path / "late.yaml").write_text(text, encoding="utf-8")
    assert command("run", "late.yaml", "--draws", "40", "--no-plot", cwd=tmp_path).returncode == 0
    done = command("report", "results/late", "--year", "2027", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def over_years(series: str, *values: float) -> Summary:
    """Statistics of a series that has one value in every draw, and a value a year."""
    return summarised(np.repeat(np.array([values])[..., None], 100, axis=2), YEARS, (series,), block_size=100)


def test_a_policy_too_is_told_by_its_peak_before_its_end_and_by_the_year_asked_for() -> None:
    """A duty taken off for a year was told by the +0.09 that was left of it in 2035, and not by the 1.87 of 2028."""
    fading = over_years("tariffs", -3.0, -0.25)
    said = policy_sentence(fading, language("en"), "tariffs").replace("\xa0", " ")
    assert "by −3.00 bn USD in 2026 (median; 80 % interval −3.00 to −3.00 bn USD) and by −0.25 bn USD in 2027" in said
    korean = policy_sentence(fading, language("ko"), "tariffs").replace("\xa0", " ")
    assert "영향은 2026년 −30.0억 달러(중앙값, 80% 예측구간 −30.0 ~ −30.0억 달러), 2027년 −2.5억 달러" in korean
    asked = policy_sentence(fading, language("en"), "tariffs", 2027)
    assert "2026" not in asked
    assert "−0.25" in asked
    lasting = policy_sentence(over_years("tariffs", -3.0, -2.9), language("en"), "tariffs")
    assert "2026" not in lasting


def test_a_year_in_which_nothing_happens_is_told_once(tmp_path: Path) -> None:
    """By 0.00, in 100 % of the draws nothing, on average 0.00: one thing was said three times of tariffs to come."""
    file = tmp_path / "then.yaml"
    text = "name: then\nextends: baseline\ninvestments:\n  - {id: p, company: A, project: P, sector: batteries, "
    text += "kind: greenfield, amount: 2, announced: 2026-09, construction_start: 2031Q1, production_start: 2033Q1}\n"
    text += "import_commitments: [{id: gas, what: lng, amount: 3, from: 2028Q1, until: 2029Q1}]\n"
    file.write_text(text + "tariffs: [{id: cars, sectors: autos, rate: 0.3, from: 2030Q1}]\n", encoding="utf-8")
    asked = ["run", str(file), "--draws", "40", "--no-plot", "--out", str(tmp_path)]
    for code, year, words in (
        ("en", "2029", "Tariffs change nothing in 2029; they do from 2030 on."),
        ("en", "2027", "Import commitments change nothing in 2027; they do from 2028 on."),
        ("en", "2032", "Import commitments change nothing in 2032; the last year in which they do is 2028."),
        ("en", "2029", "nothing changes in 2029 in any draw; in all from 2026 to 2035 Korea's goods surplus with"),
        ("ko", "2029", "관세는 2029년 흑자에 영향이 없으며, 2030년부터 영향을 준다."),
    ):
        done = CliRunner().invoke(cli, [*asked, "--year", year, "--language", code])
        assert done.exit_code == 0, done.output
        told = " ".join(done.output.rpartition(year)[0].replace("\xa0", " ").split())
        assert words in told
        assert "In 100 % of the draws" not in told
        assert f"0.00 bn USD in {year}" not in told


def test_duties_that_are_still_to_come_are_not_told_twice() -> None:
    """What they change against the duties before the first is the same where trade answers none of the past."""
    coming = {"tariffs": [-2.0] * 100, "tariffs_to_date": [-2.0] * 100, "exports": [100.0] * 100}
    assert not answers_past(told(coming))
    assert answers_past(told(coming | {"tariffs_to_date": [-3.0] * 100}))


def test_a_difference_is_told_by_its_peak_before_its_end() -> None:
    draws = np.repeat(np.array([[-2.0, 0.1], [2.0, -0.1]])[..., None], 100, axis=2)
    change = summarised(draws, YEARS, ("rise", "fall"), block_size=100)
    said = difference_sentences(change, "base", language("en")).replace("\xa0", " ")
    assert "the surplus differs by −2.00 bn USD in 2026 (median;" in said.partition("+0.10 bn USD in 2027 (median;")[0]
    assert "The chance that it is lower in 2026 is" in said


def test_an_effect_that_is_nothing_is_told_as_nothing() -> None:
    """It was told by two years of 0.00, a chance below 0.15 % and the judgement in a spread that it has not."""
    summary = told(parts(np.zeros(100)))
    said = said_of(summary, language("en"), "2026Q2", rests(0.2))
    assert said == "With the announcements, against the same world without them, nothing changes in any draw."
    assert said_of(summary, language("ko"), "2026년 2분기").endswith("모든 모의실험에서 차이가 없다.")


@pytest.mark.parametrize("code", CODES)
def test_a_run_of_one_year_names_it_once_in_a_sentence(code: str, tmp_path: Path) -> None:
    """`changes by +0.31 in 2026, and by +0.31 in all from 2026 to 2026`, and the median of US books twice."""
    arguments = ["run", "hyundai", "-s", "horizon=2026", "--draws", "400", "--no-plot", "--language", code]
    said = " ".join(command(*arguments, cwd=tmp_path, COLUMNS="400").stdout.replace("\xa0", " ").split())
    assert "from 2026 to 2026" not in said
    assert "2026~2026" not in said
    books = re.search(r"On US Census basis.*?books\.|같은 모의실험을.*?격차이다\.", said)
    assert books is not None
    assert books[0].count("2026") == 1


def test_a_comparison_tells_its_peak_before_its_end(tmp_path: Path) -> None:
    """All affiliates at half by 2030: the difference of −0.89 in 2030 has faded by 2035, which alone was told."""
    text = "name: half\nextends: baseline\nlocalization: {path: target, local: 0.5, by: 2030Q4}\n"
    (tmp_path / "half.yaml").write_text(text, encoding="utf-8")
    done = command("compare", "baseline", "half.yaml", "--draws", "400", cwd=tmp_path, COLUMNS="400")
    said = " ".join(done.stdout.replace("\xa0", " ").split())
    assert re.search(r"with the US by −\S+ bn USD \([^)]*\) in 2030 and by \S+ bn USD \([^)]*\) in 2035 and by", said)
    assert "lowers the surplus of 2030 is" in said


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("memory: {path: fades, half_life: 1}", "gone after 1 quarter."),
        ("memory: {path: fades, half_life: 2}", "gone after 2 quarters."),
        ("shocks: [{id: s, on: imports, at: 2027, size: 0.0004}]", "imports +0.04 % from 2027Q1 on"),
        ("shocks: [{id: s, on: imports, at: 2027, size: -0.0004}]", "imports −0.04 % from 2027Q1 on"),
        ("drivers: {oil: {path: deviation, size: 0, from: 2027Q1}}", "oil 0 % off its fitted path"),
    ],
)
def test_conditions_have_their_number_and_sign(stated: str, words: str, tmp_path: Path) -> None:
    """They had "1 quarters" of memory, and "imports 0.04 %"."""
    (tmp_path / "t.yaml").write_text(f"name: t\nextends: baseline\n{stated}\n", encoding="utf-8")
    said = assumed_conditions(forecast.load_scenario(tmp_path / "t.yaml"), language("en"))
    assert words in said.replace("\xa0", " ")


def test_a_policy_that_does_nothing_in_half_of_the_draws_is_told_in_its_largest_year() -> None:
    """A duty of some years with a chance of 40 % was told in its last year alone: its median is zero in every one."""
    draws = np.where(np.arange(100) < 40, -10.0, 0.0)
    summary = summarised(np.stack([draws, 0.1 * draws])[None], YEARS, ("tariffs",), block_size=100)
    said = policy_sentence(summary, language("en"), "tariffs").replace("\xa0", " ")
    assert "in 2026 (median; 80 % interval −10.00 to 0.00 bn USD)" in said
    assert "In 60 % of the draws they change nothing in 2026. On average, those draws included, it is −4.0 bn" in said


def test_the_sum_to_the_horizon_is_of_both_years() -> None:
    summary = told(parts(np.full(100, -1.0)))
    said = said_of(summary, language("en"), "2026Q2")
    assert "by −2.00\xa0bn USD in all from 2026 to 2027" in said


def test_a_policy_that_may_not_come_is_told_by_its_median_and_by_how_often_it_does_nothing() -> None:
    summary = told({"tariffs": np.repeat([-2.0, 0.0], [80, 20])})
    said = policy_sentence(summary, language("en"), "tariffs").replace("\xa0", " ")
    assert "by −2.00 bn USD in 2027 (median; 80 % interval −2.00 to 0.00 bn USD)." in said
    assert said.endswith(
        "In 20 % of the draws they change nothing in 2027. On average, those draws included, it is −1.60 bn USD."
    )


@pytest.mark.parametrize("code", CODES)
def test_one_thing_is_told_otherwise_than_several(code: str) -> None:
    """Korean nouns have one form, so that only English can be wrong."""
    words = language(code)
    pairs = [
        (words.count(key, 1, **places), words.count(key, 2, **places))
        for key, places in (
            ("causes.others", {}),
            ("causes.scenarios", {}),
            ("comparison.pairs", {}),
            ("sentences.part_more", {"value": "1", "year": 2026, "median": "2"}),
            ("sentences.part_even", {"value": "1", "year": 2026, "median": "2"}),
            ("sentences.part_less", {"value": "1", "year": 2026, "median": "2"}),
            ("sentences.failed", {"draws": "20,000"}),
            ("ledger.inside", {"inside": 1}),
            ("checks.duration", {"n_models": 7, "minutes": 1}),
        )
    ]
    assert all(one != several for one, several in pairs)
    nouns = "draws|others|scenarios|pairs|months|numbers|fits"
    assert not [one for one, _ in pairs if re.search(rf"\b1 ({nouns})\b", one)]


def test_what_of_a_pledge_is_not_simulated_is_told(tmp_path: Path) -> None:
    file = tmp_path / "masga.yaml"
    file.write_text(PLEDGE, encoding="utf-8")
    scenario = forecast.load_scenario(file)
    (note,) = pledge_notes(scenario, language("en"))
    assert note.replace("\xa0", " ") == (
        "Of the 150 bn USD of the pledge MASGA, 11.5 bn USD are in parts that are simulated; the other 138.5 bn USD "
        "add nothing."
    )
    assert "1,385억 달러" in pledge_notes(scenario, language("ko"))[0]
    file.write_text(PLEDGE.replace("amount: 150", "amount: 11.5"), encoding="utf-8")
    assert pledge_notes(forecast.load_scenario(file), language("en")) == []


def test_a_pledge_is_told_with_the_same_amounts_everywhere() -> None:
    """Parts with a spread have other medians than means, and a page told both."""
    scenario = forecast.load_scenario(ROOT / "scenarios" / "package-350bn.yaml")
    warned = " ".join(map(str, outside_parts(scenario.investments)))
    (note,) = (text for text in pledge_notes(scenario, language("en")) if "GOV-01" in text)
    (assumed,) = (
        text for text in assumptions(scenario, 0.0, language("en")).others if text.startswith("Of the pledge GOV-01,")
    )
    inside, outside = (f"{number}\xa0bn USD" for number in ("79.33", "120.7"))
    assert inside in note
    assert outside in note
    assert inside in assumed
    assert outside in assumed
    assert "79.33" in warned
    assert "120.7" in warned


PLEDGE = """\
name: masga
investments:
  - {id: MASGA, company: Korea, project: ships, sector: shipbuilding, kind: pledge, amount: 150, announced: 2025-07}
  - id: YARD
    part_of: MASGA
    company: Hanwha
    project: a yard
    sector: shipbuilding
    kind: expansion
    amount: 5
    announced: 2025-08
    production_start: 2028Q1
  - id: DOCKS
    part_of: MASGA
    company: Hanwha
    project: docks
    sector: shipbuilding
    kind: expansion
    amount: 6.5
    announced: 2025-09
    production_start: 2029Q1
"""


def test_a_run_is_told_in_the_year_asked_for(tmp_path: Path) -> None:
    """`report` and `compare` told any year, `run` the last alone; a year that is not forecast is refused at once."""
    told_2030 = command("run", "tariff-threat", "--draws", "400", "--no-plot", "--year", "2030", cwd=tmp_path)
    sentences = " ".join(told_2030.stdout.split()).rpartition("With the announcements, against")[2]
    assert "in 2030 (mean; 80 % interval" in sentences
    assert not re.findall(r"2035(?! \(80 % interval)", sentences.partition("With all of this included")[0])
    again = command("run", "tariff-threat", "--draws", "400", "--no-plot", cwd=tmp_path)
    assert "in 2035 (mean;" in again.stdout.rpartition("With the announcements, against")[2].replace("\n", " ")
    assert "Found in" in again.stdout
    (tmp_path / "results").rename(tmp_path / "before")
    refused = command("run", "hyundai", "--year", "2040", cwd=tmp_path)
    assert refused.returncode == 2
    assert "Invalid value for --year: got 2040, expected a year from 2026 to 2035" in refused.stderr
    assert not (tmp_path / "results").exists()
