"""Reports: what the page says, that it is safe to hand on, and how it behaves in a browser."""

from __future__ import annotations

import csv
import dataclasses
import html
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import command

import forecast
from forecast.analysis.attribution import Attribution
from forecast.analysis.budget import value_of_information
from forecast.analysis.comparison import Comparison
from forecast.engine.simulate import Settings
from forecast.errors import RunError
from forecast.observations.series import DRIVERS
from forecast.report import page as report_module
from forecast.report.assumptions import assumptions
from forecast.report.brief import Quoted, passages, quoted_numbers
from forecast.report.charts import BOTTOM, HEIGHT, TOP, Fan, Scene, diagram, product_diagram
from forecast.report.comparison import Division, attribution_method, attribution_table, division
from forecast.report.distributions import distribution_diagrams
from forecast.report.i18n import CODES, language
from forecast.report.page import NOT_COUNTED, report, write_report
from forecast.report.rows import plants_in_time, timeline
from forecast.report.sentences import answer
from forecast.report.track import SCORES, SUMMARY
from forecast.results.highlights import turning_years
from forecast.results.results import SCENARIO, Results
from forecast.results.run import run_scenario
from forecast.scenario.contrasts import FRAME, TEXTS
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.track.record import SHIPPED, model_records, read_model_records, read_scores, write_model_records

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "track-record"
HOSTILE = "<script>alert(1)</script>"
HOSTILE_FILE = f"""
name: hostile
title: "{HOSTILE}"
description: "{HOSTILE} & \\"quoted\\" <img src=x onerror=alert(2)>"
horizon: 2030
investments:
  - id: plant
    company: "{HOSTILE}"
    project: "한국 공장 <b>"
    sector: steel
    kind: greenfield
    amount: 3
    announced: 2026-05
    production_start: 2028Q1
    probability: 0.8
    sources: ["javascript:alert(3)", "https://example.org/?a=1&b=<i>"]
"""


def made(out: Path, file: Path, n_draws: int = 20_000) -> Results:
    return forecast.run_scenario(forecast.load_scenario(file), Settings(n_draws), out=out).results


def said(results: Results, world: AnyScenario, code: str) -> list[str]:
    """The paragraphs that a page opens with."""
    return [text for passage in passages(results, world, language(code)) for text in passage.paragraphs]


def quoted(results: Results, code: str = "en", year: int | None = None) -> list[Quoted]:
    """The numbers that a page opens with."""
    invested = bool(results.manifest["n_investments"])
    return quoted_numbers(results.statistics, language(code), invested=invested, year=year)


@pytest.mark.slow
def test_page_and_terminal_tell_the_same_years_of_an_effect(tmp_path: Path) -> None:
    for name in ("package-350bn", "hyundai"):
        file = ROOT / "scenarios" / f"{name}.yaml"
        results, world = made(tmp_path, file), load_scenario(file)
        summary = results.statistics
        years = [str(summary.years[index]) for index in turning_years(summary)]
        (page,) = (text for text in said(results, world, "en") if text.startswith("With the announcements"))
        assert re.findall(r"in (\d{4}) \(mean;", page) == years
        assert answer(results).startswith(f"Effect. {page}".replace("\xa0", " "))


def test_page_and_terminal_tell_the_end_of_a_policy(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    commitment = "{id: gas, what: lng, per_year: 1.4, from: 2028, until: 2030}"
    file.write_text(f"name: policy\nimport_commitments: [{commitment}]\n")
    results = made(tmp_path, file)
    world = load_scenario(file)
    page = " ".join(said(results, world, "en"))
    assert "Import commitments change Korea's goods surplus with the US by −" in page
    assert "in 2029 (median; 80\xa0% interval" in page
    assert "After 2029 they change nothing." in page
    assert "2029년이 지나면 영향이 없다." in " ".join(said(results, world, "ko"))
    terminal = " ".join(answer(results).split())
    assert "in 2029 (median; 80 % interval" in terminal
    assert "After 2029 they change nothing." in terminal


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    out = tmp_path_factory.mktemp("runs")
    hostile = out / "hostile.yaml"
    hostile.write_text(HOSTILE_FILE, encoding="utf-8")
    found = {name: made(out, ROOT / "scenarios" / f"{name}.yaml") for name in ("baseline", "hyundai")}
    return found | {"hostile": made(out, hostile)}


@pytest.fixture(scope="module")
def page(runs: dict[str, Results]) -> str:
    return report([runs["baseline"], runs["hyundai"]])


def plain(text: str) -> str:
    """A page without its tags, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def edition(text: str, code: str) -> str:
    return text.partition(f'<main lang="{code}"')[2].partition("</main>")[0]


def test_numbers_of_the_page_are_those_of_the_run(runs: dict[str, Results], page: str) -> None:
    summary = runs["hyundai"].statistics
    words = plain(edition(page, "en"))
    chance, error = summary.estimate("effect", "below_0", -1)
    said = plain(language("en").chance(chance, error, 20_000))
    assert f"the chance that they lower it in 2035 is {said}; of the spread behind it" in words
    median = summary.value("trade_balance", "quantile_0.5")[-1]
    assert f"With this effect included, the surplus itself would be {median:.0f} bn USD in 2035 (median;" in words
    korean = re.findall(r"2035년 대미 무역수지 흑자는 ([\d,]+)억 달러", plain(edition(page, "ko")))
    assert min(abs(float(number.replace(",", "")) - 10 * median) for number in korean) <= 5  # or with a digit more


def test_a_page_opens_with_the_numbers_to_quote(runs: dict[str, Results], page: str) -> None:
    """The effect by year and in all, its chance and the surplus stand above the sentences, which say the same."""
    words = plain(edition(page, "en"))
    summary = runs["hyundai"].statistics
    effect, whole, chance, level = quoted(runs["hyundai"])
    assert [each.name for each in (effect, whole, chance, level)] == [
        "Effect in 2035",
        "Effect, 2026 to 2035",
        "Effect below zero in 2035",
        "Surplus in 2035",
    ]
    assert f"changes by {plain(effect.value)} in 2035" in words
    assert f"by {plain(whole.value)} in all from 2026 to 2035" in words
    assert f"that they lower it in 2035 is {plain(chance.value)}" in words
    assert f"would be {plain(level.value)} in 2035" in words
    assert float(effect.value.split("\xa0")[0].replace("−", "-")) == pytest.approx(
        summary.value("effect", "mean")[-1], abs=0.005
    )
    assert plain(f"{effect.name} {effect.value} {effect.kind}") in words
    assert [each.name for each in quoted(runs["baseline"])] == ["Surplus in 2035"]
    korean = [each.name for each in quoted(runs["hyundai"], "ko")]
    assert korean == ["2035년 투자 발표의 효과", "2026~2035년 누적 효과", "2035년 흑자 감소", "2035년 흑자"]


def test_a_small_product_is_read_with_the_digits_of_its_table(runs: dict[str, Results]) -> None:
    """Other chips make 3 bn USD a year, of which "3 to 3" says nothing."""
    run = runs["hyundai"]
    (_, last) = product_diagram({"hyundai": run}, "chips", language("en")).columns[-1].readings[-1]
    median = language("en").statistic(run.statistics, "exports_chips", "quantile_0.5", -1)
    assert f"median {median}\xa0bn USD; 50" in last
    assert "." in median


def test_paragraphs_of_a_page_stand_under_their_subjects(runs: dict[str, Results]) -> None:
    file = ROOT / "scenarios" / "hyundai.yaml"
    told = passages(runs["hyundai"], load_scenario(file), language("en"))
    subjects = [passage.subject for passage in told]
    assert subjects == ["Effect.", "Because of what.", "The surplus itself.", "Memory and cars."]
    assert all(passage.paragraphs and all(passage.paragraphs) for passage in told)


def test_what_changes_comes_before_the_surplus_itself(runs: dict[str, Results], page: str) -> None:
    """Text stands beside the picture that it is of, and a page of several runs begins with what they change."""
    alone = plain(edition(report([runs["hyundai"]]), "en"))
    order = [
        "In short",
        "Effect. With the",
        "By channel",
        "The surplus and its range",
        "The surplus itself.",
        "Memory and",
    ]
    places = [alone.index(words) for words in order]
    assert places == sorted(places)
    several = plain(edition(page, "en"))
    order = ["What the assumptions change", "Each scenario in short", "By channel", "The surplus and its range"]
    places = [several.index(words) for words in order]
    assert places == sorted(places)


def test_a_policy_is_quoted_in_the_year_of_its_largest_effect(tmp_path: Path) -> None:
    """Gas that is bought in 2028 and 2029 takes as much from the surplus as the sentence says."""
    file = tmp_path / "policy.yaml"
    commitment = "{id: gas, what: lng, per_year: 1.4, from: 2028, until: 2030}"
    file.write_text(f"name: policy\nimport_commitments: [{commitment}]\n")
    results = made(tmp_path, file)
    bought, _ = quoted(results)
    assert bought.name == "Effect of promised purchases in 2029"
    assert bought.kind.startswith("median; 80")
    assert f"{bought.value} in 2029" in " ".join(said(results, load_scenario(file), "en"))
    none, _ = quoted(results, year=2035)
    assert none.value == "0.00\xa0bn USD"


@pytest.mark.slow
def test_a_report_tells_the_year_that_is_asked_for(runs: dict[str, Results], tmp_path: Path) -> None:
    summary = runs["hyundai"].statistics
    words = plain(edition(report([runs["baseline"], runs["hyundai"]], year=2030), "en"))
    mean = language("en").money(*summary.estimate("effect", "mean", summary.years.index(2030)), "+")
    assert f"changes by {plain(mean)} in 2030 (mean;" in words
    assert "What swings the effect of the announcements on Korea's goods surplus with the US in 2030" in words
    assert re.search(r"in 2030 and by \S+ bn USD \([^)]*\) over 2026–2035 together", words)
    with pytest.raises(RunError, match="got year 2050, expected one from 2026 to 2035"):
        write_report([runs["hyundai"]], tmp_path / "none.html", year=2050)
    assert not (tmp_path / "none.html").exists()


def test_the_page_holds_a_tornado_and_its_plants_in_time(runs: dict[str, Results], page: str) -> None:
    """Ends of the swing as the value of information has them, and bars in the order of building and running."""
    told = value_of_information(runs["hyundai"], 2035, "effect")
    words = plain(edition(page, "en"))
    first = told[0]
    low, high = (language("en").amount(end, 0.02, "+") for end in first.swing)
    assert f"{first.name} {first.labels[0]} → {low}; {first.labels[1]} → {high}" in words
    assert "Plants in time, medians" in words
    scenario = load_scenario(ROOT / "scenarios" / "hyundai.yaml")
    chart = timeline(plants_in_time(scenario), scenario.horizon, language("ko"))
    assert chart is not None
    mill = next(row for row in chart.rows if "루이지애나" in row.label.text)
    building, running, _ = mill.bars
    assert building.left + building.width == pytest.approx(running.left, abs=0.02)
    assert running.left + running.width == pytest.approx(100, abs=0.1)
    assert mill.text.startswith("58억 달러, ")
    assert timeline(plants_in_time(load_scenario(ROOT / "scenarios" / "baseline.yaml")), 2035, language("en")) is None


def test_effects_and_their_difference_are_drawn_as_they_are_spread(runs: dict[str, Results]) -> None:
    """The chance of no more than a value rises from 0.5 to 99.5 % over the central 99 % of the draws."""
    compared = Comparison(runs["baseline"], runs["hyundai"], (), NOT_COUNTED)
    diagrams = distribution_diagrams(compared, 1, 2030, language("en"))
    assert [diagram.title for diagram in diagrams] == [
        "Effect of the announcements in 2030, bn USD: share of draws by size",
        "Effect of the announcements in 2030, bn USD: chance that it is no larger",
        "Difference of the surplus in 2030, bn USD: share of draws by size",
        "Difference of the surplus in 2030, bn USD: chance that it is no larger",
    ]
    (curve,) = diagrams[3].medians
    points = [tuple(map(float, point.split())) for point in curve.path.removeprefix("M").split("L")]
    rises = [one[1] - other[1] for one, other in pairwise(points)]
    assert min(rises) >= 0
    difference = np.asarray(compared.difference.sel(year=2030))
    low, high = np.quantile(difference, (0.005, 0.995))
    middle = points[len(points) // 2]
    share = (HEIGHT - BOTTOM - middle[1]) / (HEIGHT - BOTTOM - TOP) * 0.995
    assert share == pytest.approx(np.mean(difference <= (low + high) / 2), abs=0.01)


def test_the_claim_stands_on_the_page_as_the_command_prints_it(page: str, tmp_path: Path) -> None:
    for code, words in (("en", "of the surplus"), ("ko", "흑자")):
        done = command("induced", "--year", "2025", "--language", code, cwd=tmp_path, COLUMNS="2000")
        sentence = done.stdout.rstrip().split("\n\n")[-1]
        assert words in sentence
        assert plain(sentence) in plain(edition(page, code))


def test_the_difference_on_the_page_is_paired(runs: dict[str, Results], page: str) -> None:
    difference = forecast.paired_difference(runs["hyundai"], runs["baseline"]).isel(year=-1)
    words = plain(edition(page, "en"))
    stated = re.search(r"goods surplus with the US by (\S+) bn USD \(\S+ to \S+\) in 2035", words)
    assert stated is not None
    assert float(stated[1].replace("−", "-")) == pytest.approx(float(difference.median()), abs=0.06)


def test_the_difference_is_divided_among_the_assumptions(runs: dict[str, Results], page: str) -> None:
    """Parts as an attribution has them, the largest first, and a whole that is the mean difference."""
    attribution = forecast.attribute("baseline", "hyundai", Settings(4_000))
    rows = re.findall(
        r'<th scope="row">(.*?)</th><td>(.*?)</td>', edition(page, "en").partition("<h4>Because of what")[2]
    )
    parts = {
        contrast.name.removeprefix("investments."): float(part[-1].mean())
        for contrast, part in zip(attribution.contrasts, attribution.parts, strict=True)
    }
    shown = rows[: len(parts)]
    assert [label.split(" · ")[1] for label, _ in shown] == sorted(parts, key=lambda name: -abs(parts[name]))
    for label, mean in shown:
        assert float(mean.replace("−", "-")) == pytest.approx(parts[label.split(" · ")[1]], abs=0.06)
    label, whole = rows[len(parts)]
    difference = forecast.paired_difference(runs["hyundai"], runs["baseline"]).isel(year=-1)
    assert label == "All"
    assert float(whole.replace("−", "-")) == pytest.approx(float(difference.mean()), abs=0.06)
    assert "추가" in plain(edition(page, "ko").partition("차이의 요인별 기여")[2])


@pytest.mark.slow
def test_channels_of_a_difference_add_up(tmp_path: Path) -> None:
    """Those of the whole are means of what the runs differ by, and those of the parts and of the others sum to them."""
    pair = [ROOT / "scenarios" / f"{name}.yaml" for name in ("baseline", "announced")]
    runs = [made(tmp_path, file, 400) for file in pair]
    attribution = forecast.attribute(*pair, Settings(400))
    table = attribution_table(Comparison(*runs, (), NOT_COUNTED), attribution, 2035)
    assert [row.cells[0] for row in table.rows[-2:]] == ["24 others together", "All"]
    columns = [column.heading.replace("\n", " ") for column in table.columns]
    for series, name in (("displacement", "Displaced exports"), ("capital_goods", "Capital goods")):
        column = columns.index(name)
        *parts, whole = (float(row.cells[column].replace("−", "-")) for row in table.rows)
        one, other = (float(run.draws[f"news_{series}"].isel(year=-1).mean()) for run in runs)
        assert whole == pytest.approx(other - one, abs=0.06)
        assert sum(parts) == pytest.approx(whole, abs=0.006 * len(parts) + 0.06)


def divided(runs: dict[str, Results], manifest: dict[str, Any]) -> Division:
    one, other = (load_scenario(runs[name].folder / SCENARIO) for name in ("baseline", "hyundai"))
    return division(one, other, replaced(runs["baseline"], manifest).manifest)


def test_a_difference_between_other_parameters_is_not_divided(runs: dict[str, Results]) -> None:
    assert divided(runs, {"digests": {}}).obstacle == "changed"
    assert "run both again" in language("en").text("causes.changed")


@pytest.fixture(scope="module")
def whole() -> Attribution:
    """The difference of both scenarios in all draws, divided."""
    return forecast.attribute("baseline", "hyundai", Settings(8_000))


@pytest.mark.parametrize(
    ("most", "taken"),
    [
        (20_000, 4_000),
        (30_000, 6_000),
        (40_000, 8_000),
        (16_000, 0),
    ],
)
def test_parts_on_a_page_are_of_as_many_of_the_first_draws_as_are_quick(
    runs: dict[str, Results], whole: Attribution, monkeypatch: pytest.MonkeyPatch, most: int, taken: int
) -> None:
    """Five scenarios tell the four plants apart; four are too few even for a pair of orders."""
    monkeypatch.setattr("forecast.report.comparison.ATTRIBUTION_DRAWS", most)
    found = divided(runs, {"n_draws": 8_000})
    assert (found.obstacle, found.n_assumptions) == ("" if taken else "many", 4)
    if taken:
        assert found.attribution is not None
        words = " ".join(attribution_method(found.attribution, found.n_draws, language("en")))
        assert (f"from the first {taken:,} of 8,000 draws" in words) == (taken < 8_000)
        assert found.attribution.exact
        np.testing.assert_array_equal(found.attribution.parts, whole.parts[..., :taken])


@pytest.mark.slow
def test_orders_on_a_page_are_sampled_where_all_of_them_take_long(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exact parts take 232 scenarios, for 31 assumptions."""
    monkeypatch.setattr("forecast.report.comparison.FEWEST_DRAWS", 200)
    monkeypatch.setattr("forecast.report.comparison.ATTRIBUTION_DRAWS", 200 * 100)
    pair = [load_scenario(ROOT / "scenarios" / f"{name}.yaml") for name in ("baseline", "localization-fast")]
    runs = [forecast.run_scenario(scenario, Settings(200), out=tmp_path).results for scenario in pair]
    found = division(*pair, runs[0].manifest)
    assert found.attribution is not None
    assert found.attribution.n_scenarios <= 100
    assert "a random sample of the orders" in " ".join(attribution_method(found.attribution, 200, language("en")))
    shown = attribution_table(Comparison(*runs, (), NOT_COUNTED), found.attribution, found.attribution.years[-1])
    mean = found.attribution.difference[-1].mean()
    assert float(shown.rows[-1].cells[1].replace("−", "-")) == pytest.approx(mean, abs=0.06)


def replaced(run: Results, manifest: dict[str, Any]) -> Results:
    digests = dict.fromkeys(run.manifest["digests"], "other")
    changed = {"digests": digests} if "digests" in manifest else manifest
    return Results(run.folder, run.manifest | changed)


@pytest.mark.slow
def test_what_tariffs_do_is_drawn_and_tabulated(tmp_path: Path) -> None:
    """Of a run that assumes no plant too; medians by year are those of the run."""
    run = made(tmp_path, ROOT / "scenarios" / "tariffs-25.yaml")
    words = edition(report([run]), "en").partition("What announcements and trade policy change")[2]
    assert "Tariffs: change of the surplus, bn USD a year" in words
    assert "By channel" not in words
    rows = re.findall(
        r'<th scope="row">(\d{4})</th><td>(\S+?)</td><td>',
        words.partition("What tariffs and existing affiliates do to the surplus")[2].partition("</table>")[0],
    )
    assert [int(year) for year, _ in rows] == list(run.statistics.years)
    medians = [float(median.replace("−", "-")) for _, median in rows]
    np.testing.assert_allclose(medians, run.statistics.value("tariffs", "quantile_0.5"), atol=0.06)


def test_every_assumption_that_may_differ_has_a_name() -> None:
    fields = {field.name for field in dataclasses.fields(Scenario)} - TEXTS - FRAME - {"investments"}
    assert set(language("en").part("assumptions")) == fields
    assert set(language("en").part("drivers")) == set(DRIVERS)


def test_what_was_assumed_stands_on_the_page_with_its_sources(page: str) -> None:
    words = plain(edition(page, "en"))
    for text in ("Louisiana steel mill", "HMG-06", "2026Q3", "learned from past announcements", "24 March 2025"):
        assert text in words
    assert 'href="http://koreabizwire.com/hyundai-steel-and-posco' in page
    assert "new plant, part of HMG-01" in words
    assert "신설, HMG-01의 일부" in plain(edition(page, "ko"))


def test_a_duty_that_stacks_is_not_told_as_a_whole_one(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    base, added = "{id: a, sectors: autos, rate: 0.25, from: 2027Q1}", "{id: b, sectors: all, rate: 0.1, from: 2027Q1"
    file.write_text(f"name: a\ntariffs:\n  - {base}\n  - {added}, stacks: true}}\n", "utf-8")
    cells = {"en": "10 points on top of the duty that holds", "ko": "적용 중인 관세율에 10%p 가산"}
    for code, words in cells.items():
        rows = assumptions(load_scenario(file), 8105.0, language(code)).tariffs
        assert [row.cells[0].replace("\xa0", " ") for row in rows] == ["25 %" if code == "en" else "25%", words]


def test_what_is_assumed_of_the_world_opens_the_page(tmp_path: Path) -> None:
    """As on the terminal, before the numbers that rest on it; and among the assumptions."""
    run = made(tmp_path, ROOT / "scenarios" / "us-slowdown.yaml")
    page = report([run])
    english, korean = (plain(edition(page, code)) for code in CODES)
    sentence = "Assumed, not forecast: US output shrinking by"
    assert english.count(sentence) == 2
    assert english.index(sentence) < english.index("surplus itself would be")
    assert "전망하지 않고 가정한 조건: 2027년 1분기부터 2027년 4분기까지 미국 생산 연 " in korean
    assert "The file also states" not in english


def test_a_hostile_scenario_is_text_and_nothing_else(runs: dict[str, Results]) -> None:
    page = report([runs["hostile"]])
    assert "<script>alert" not in page
    assert "<img" not in page
    assert page.count("<script>") == 1
    assert html.escape(HOSTILE) in page
    assert 'href="javascript' not in page
    assert 'href="https://example.org/?a=1&amp;b=&lt;i&gt;"' in page
    assert '<span lang="ko">' in page  # the project is Korean on both pages


def test_a_page_asks_nothing_of_the_network(page: str) -> None:
    assert not re.findall(r"(?:src|srcset|data|action|poster)=\"|url\(|@import|<link|<iframe", page)
    assert "default-src 'none'" in html.unescape(page)
    assert len(page.encode()) < 3_000_000


def test_runs_that_cannot_stand_together_are_refused(runs: dict[str, Results], tmp_path: Path) -> None:
    hyundai, baseline = runs["hyundai"], runs["baseline"]
    other = Results(tmp_path, baseline.manifest | {"basis": "us_census"})
    with pytest.raises(RunError, match=r"baseline on us_census; expected runs on one basis"):
        report([hyundai, other])
    remedy = "run both anew with `forecast run FILE… --draws 20000 --seed 0`"
    with pytest.raises(RunError, match=rf"got seed 1 and 0; expected the same in both; {remedy}"):
        report([hyundai, Results(baseline.folder, baseline.manifest | {"seed": 1})])
    with pytest.raises(RunError, match=r"got hyundai twice, expected every run once"):
        report([hyundai, hyundai])
    with pytest.raises(RunError, match=r"got 5 runs, expected at most 4"):
        report([hyundai] * 5)


@pytest.mark.slow
def test_a_page_is_written_whole_or_not_at_all(runs: dict[str, Results], tmp_path: Path) -> None:
    path = write_report([runs["hyundai"]], tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == report([runs["hyundai"]])
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(RunError, match=r"cannot be written \(No such file or directory\); choose another with --out"):
        write_report([runs["hyundai"]], tmp_path / "missing" / "report.html")
    with pytest.raises(
        RunError,
        match=f"^{re.escape(str(tmp_path))}: cannot be written \\(it is a folder\\); choose another with --out",
    ):
        write_report([runs["hyundai"]], tmp_path)


def test_a_place_that_cannot_be_written_is_found_before_the_page_is_made(
    runs: dict[str, Results], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_module, "report", lambda *_: pytest.fail("a page was made for nothing"))
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "report.html"
    with pytest.raises(RunError, match=rf"^{re.escape(str(path))}: cannot be written \(Not a directory\)"):
        write_report([runs["hyundai"]], path)


def test_the_command_names_an_unknown_run(tmp_path: Path) -> None:
    done = command("report", "nothing", cwd=tmp_path)
    assert done.returncode == 2
    expected = "expected the folder of a run, the file of a scenario, or its name; accepted: announced, "
    assert done.stderr.startswith(f"error: got run nothing, {expected}")
    assert list(tmp_path.iterdir()) == []


def test_a_fan_is_drawn_where_its_numbers_are() -> None:
    """Three years on an axis from 0 to 10: a year is a third of the width, a unit a tenth of the height."""
    fan = Fan(0, (2026, 2027), np.array([5.0, 10.0]), {80: (np.array([0.0, 5.0]), np.array([10.0, 10.0]))}, (2025, 0.0))
    scene = Scene([fan], observed=([2025], np.array([0.0])), reach=(0.0, 10.0))
    drawn = diagram("", "", scene, lambda year: [(0, str(year))], lambda value, step: f"{value:g}")
    room, left = drawn.right - 4.0, 4.0
    middles = [left + room * (place + 0.5) / 3 for place in range(3)]
    heights = {value: drawn.bottom - (drawn.bottom - drawn.top) * value / 10 for value in (0, 5, 10)}
    points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", drawn.medians[0].path)
    expected = list(zip(middles, (heights[0], heights[5], heights[10]), strict=True))
    np.testing.assert_allclose(np.array(points, dtype=float), expected, atol=0.06)
    assert [column.year for column in drawn.columns] == [2025, 2026, 2027]
    assert [tick.label for tick in drawn.ticks] == ["0", "2", "4", "6", "8", "10"]
    assert drawn.joins == []


def test_a_gap_in_what_was_published_is_joined_and_not_filled() -> None:
    fan = Fan(0, (2026,), np.array([5.0]), {80: (np.array([0.0]), np.array([10.0]))}, (2024, 0.0))
    drawn = diagram("", "", Scene([fan], ([2024], np.array([0.0]))), lambda year: [], lambda value, step: "")
    assert len(drawn.joins) == 1
    assert "L" not in drawn.medians[0].path


def test_the_shipped_record_is_the_published_one(tmp_path: Path) -> None:
    """After a new record is published: copy its summary.csv to forecast/data/track_record.csv."""
    assert SHIPPED.read_bytes() == (RECORD / SUMMARY).read_bytes()
    scores = read_scores(RECORD / SCORES)
    write_model_records(scores, tmp_path / SUMMARY)
    assert (tmp_path / SUMMARY).read_bytes() == SHIPPED.read_bytes()
    assert read_model_records() == model_records(scores)
    with (RECORD / SCORES).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["model"], row["series"]) == ("baseline", "balance")]
    quarters = [float(row["crps"]) for row in rows if row["span"] == "quarter"]
    inside = [0.1 <= float(row["pit"]) <= 0.9 for row in rows if row["span"] == "quarter"]
    assert read_model_records()[0].crps_quarters == pytest.approx(np.mean(quarters), abs=1e-4)
    assert read_model_records()[0].held_80 == pytest.approx(np.mean(inside), abs=1e-4)


def test_the_korean_page_has_korean_names(tmp_path: Path) -> None:
    """Title, description and projects on the Korean half of a page, and the English ones on the other."""
    run = run_scenario(load_scenario("hyundai"), Settings(400, 0), out=tmp_path)
    text = report([run.results])
    english, korean = (edition(text, code) for code in ("en", "ko"))
    for words, other in (
        ("Hyundai Motor Group&#39;s 21 bn USD plan", "현대자동차그룹의 2025년 3월 210억 달러 투자계획"),
        ("the mill starts in 2029", "제철소는 2029년에 가동한다"),
        ("Louisiana steel mill", "루이지애나 직접환원·전기로 제철소"),
    ):
        assert words in english
        assert other in korean
        assert other not in english.partition("<pre")[0]


def test_every_number_of_an_entry_stands_on_the_page(tmp_path: Path) -> None:
    """Delays, sizes, ends of production, answers to a duty and what becomes of a pledge stood in the file alone."""
    (tmp_path / "full.yaml").write_text(
        "name: full\nextends: hyundai\nfuture_announcements: 0.5\n"
        "investments:\n  - {id: HMG-06, slip: 2, scale: 0.8, production_end: 2034Q1}\n"
        "tariffs:\n  - {id: duty, sectors: [autos], rate: 0.25, from: 2027Q1, elasticity: 1.5, pass_through: 0.5, "
        "adjustment: 0.3, rivals: 0.1, substitution: 0.2}\n"
        "import_commitments:\n  - {id: gas, what: lng, amount: 100, from: 2027Q1, until: 2030Q1, additionality: 0.4, "
        "fulfilment: 0.9}\n",
        "utf-8",
    )
    scenario = load_scenario(tmp_path / "full.yaml")
    said = {code: assumptions(scenario, 8105.0, language(code)) for code in CODES}
    english, korean = ([words.replace("\xa0", " ") for words in found.others] for found in said.values())
    for words in (
        "Also stated of HMG-06: delay in quarters 2, realised size 0.8, end of production 2034Q1.",
        "Also stated of duty: elasticity 1.5, pass-through 50 %, adjustment 0.3, share that rivals give back 20 %.",
        "Also stated of gas: additionality 40 %, fulfilment 90 %.",
        "Pace at which plants are announced that nobody has announced yet, over that of the past: 0.5.",
    ):
        assert words in english
    assert "HMG-06에 별도로 정한 값: 지연(분기) 2, 실현 규모 0.8, 생산 종료 2034년 1분기." in korean
    assert said["ko"].commitments[0].cells[1] == "2027년 1분기부터 2030년 1분기 전까지"
    assert not any("stated" in words for words in assumptions(load_scenario("hyundai"), 8105.0, language("en")).others)
