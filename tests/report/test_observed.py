"""What an answer says of trade observed: exports of memory beside their trend, and the years after a past day."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import forecast
from forecast.cli import cli
from forecast.dims import PRODUCTS
from forecast.engine.simulate import Settings
from forecast.models.posterior import current_digests, load_posterior
from forecast.observations.tables import SHIPPED
from forecast.observations.vintage import vintage
from forecast.report.brief import passages
from forecast.report.charts import product_diagram
from forecast.report.i18n import language
from forecast.report.observed import memory_sentences, outcome_sentences, products_table
from forecast.report.run import history_table
from forecast.report.sentences import answer
from forecast.results.archive import Outcome, outcomes
from forecast.results.results import Results
from forecast.results.run import run_scenario
from forecast.scenario.memory import Memory
from forecast.scenario.mixture import load_any
from forecast.scenario.scenario import load_scenario
from forecast.stats.summary import summarised

SCENARIOS = Path(__file__).parents[2] / "scenarios"
KIET = "2025-04-11"
ENGLISH, KOREAN = language("en"), language("ko")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The forecast of the day of KIET's report, from the shipped rows signed for that day."""
    scenario = load_scenario(SCENARIOS / "kiet-2025-04-11.yaml", ["investments=[]"])
    origin, digest = vintage(KIET).trade.origin, current_digests(KIET)["data"]
    posterior = replace(load_posterior(), origin=origin, as_of=KIET, data_digest=digest)
    out = tmp_path_factory.mktemp("out")
    return run_scenario(scenario, Settings(n_draws=400), out=out, posterior=posterior).results


BASELINE = forecast.load_scenario(SCENARIOS / "baseline.yaml")
FALLING = summarised(np.repeat([[[69.0], [57.0]]], 100, axis=2), (2026, 2027), ("exports_memory",), block_size=100)


def quarters_of_memory() -> list[float]:
    """Modules and drives from 2022Q1 to 2026Q2 as the file prints them, bn USD a quarter."""
    months: dict[str, float] = {}
    with (SHIPPED / "items_monthly.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["hs"] in ("8473304060", "8523511000") and "2022-01" <= row["month"] <= "2026-06":
                months[row["month"]] = months.get(row["month"], 0.0) + float(row["value"]) / 1e9
    values = [months[month] for month in sorted(months)]
    return [sum(values[start : start + 3]) for start in range(0, len(values), 3)]


def test_every_answer_says_how_far_memory_stands_from_its_trend(tmp_path: Path) -> None:
    """Both readings of the trend worked out again: the mean to a year before, and growth of all quarters."""
    values = np.array(quarters_of_memory())
    slope, level = np.linalg.lstsq(np.column_stack([np.arange(18), np.ones(18)]), np.log(values), rcond=None)[0]
    trends = [np.full(18, values[:14].mean()), np.exp(level + slope * np.arange(18))]
    quarter = sorted(round(4 * (values[17] - trend[17])) for trend in trends)
    year = sorted(round((values - trend)[14:].sum()) for trend in trends)
    expected = (
        f"ran at {4 * values[17]:.0f} bn USD a year in 2026Q2, {quarter[0]} to {quarter[1]} bn USD above their trend; "
        f"the four quarters to then together were {year[0]} to {year[1]} bn USD above it"
    )
    results = run_scenario(forecast.load_scenario(SCENARIOS / "baseline.yaml"), Settings(400), out=tmp_path).results
    page = " ".join(
        text
        for passage in passages(results, load_any(results.folder / "scenario.yaml"), ENGLISH)
        for text in passage.paragraphs
    )
    first, second = (results.statistics.value("exports_memory", "quantile_0.5")[year] for year in (0, 1))
    for said in (answer(results), page):
        plain = said.replace("\xa0", " ")
        assert f"falls nonetheless, from {first:.0f} bn USD in 2026 to {second:.0f} bn USD in 2027 (medians)" in plain
        assert expected in plain
        assert "In 2023 these exports fell by 56 %. Two trends are read, the mean from 2022Q1 to 2025Q2" in plain
        assert "that reading is judgement." in plain
    korean = answer(results, language=KOREAN).replace("\xa0", " ")
    assert f"연율 {40 * values[17] / 10:.0f}0억 달러로 추세를 {quarter[0]}0 ~ {quarter[1]}0억 달러 웃돌았고" in korean


def test_a_past_day_knows_the_memory_of_its_day() -> None:
    (said,) = memory_sentences(FALLING, vintage(KIET).trade.origin, [replace(BASELINE, as_of=KIET)], ENGLISH)
    assert "a year in 2024Q4, " in said
    assert "2026" not in said
    assert memory_sentences(FALLING, 4 * 2023 + 2, [BASELINE], ENGLISH) == []


def test_what_us_books_hold_of_memory_is_told_with_its_quarter_where_that_is_a_later_one() -> None:
    """On 10 August 2026 memory was told of 2026Q1, and of US books the rate of 2026Q2 beside "the same trend"."""
    day = "2026-08-10"
    (said,) = memory_sentences(FALLING, vintage(day).trade.origin, [replace(BASELINE, as_of=day)], ENGLISH)
    assert "a year in 2026Q1, " in said
    assert "the trend of 2026Q2, the quarter of this rate." in said
    assert "the same trend" not in said
    (now,) = memory_sentences(FALLING, vintage(None).trade.origin, [BASELINE], ENGLISH)
    assert "the same trend." in now


def test_how_memory_goes_on_is_told_as_the_scenario_has_it() -> None:
    """A scenario in which the boom fades was told that no end of it is assumed."""
    origin, fading = vintage(None).trade.origin, forecast.load_scenario(SCENARIOS / "memory-fades.yaml")
    for scenarios, words, not_said in (
        ([BASELINE], "no end of the boom is assumed", "states"),
        ([fading], "fades as heights have in the record", "no end of the boom"),
        (
            [replace(fading, memory=Memory("lasts"))],
            "is what the scenario states, and not their record",
            "no end of the boom",
        ),
        ([BASELINE, fading], "in those that state nothing memory keeps its share", "the scenario states"),
    ):
        (said,) = memory_sentences(FALLING, origin, scenarios, ENGLISH)
        assert words in said
        assert not_said not in said


def test_memory_of_korean_books_is_told_to_fall_with_the_gap() -> None:
    """In draws on Korean basis its share falls from 37 % of 2026 to 27 % of 2035; on US basis it stays at a quarter."""
    origin, words = (
        vintage(None).trade.origin,
        "memory falls nonetheless, from 69\xa0bn USD in 2026 to 57\xa0bn USD in 2027 (medians), as what Korean",
    )
    (korean,) = memory_sentences(FALLING, origin, [BASELINE], ENGLISH)
    (us,) = memory_sentences(FALLING, origin, [replace(BASELINE, basis="us_census")], ENGLISH)
    (lasts,) = memory_sentences(FALLING, origin, [replace(BASELINE, memory=Memory("lasts"))], ENGLISH)
    assert words in korean
    assert words not in us + lasts
    assert "the gap between them stays or goes with the height: that is assumed as well" in lasts
    (mixed,) = memory_sentences(FALLING, origin, [BASELINE, replace(BASELINE, memory=Memory("lasts"))], ENGLISH)
    assert "beyond US ones fades; where a branch states a path, either book starts from its own level" in mixed


def test_memory_is_told_before_what_duties_take() -> None:
    """A duty on memory takes a third of it, and the answer said that it keeps its share in all exports."""
    origin, words = vintage(None).trade.origin, "All of this is before what duties of the scenario take."
    taxed = load_any(SCENARIOS / "tariffs-2025.yaml").branches[0].scenario
    for scenarios, said in (([BASELINE], False), ([taxed], True), ([BASELINE, taxed], True)):
        assert (words in memory_sentences(FALLING, origin, scenarios, ENGLISH)[0]) == said


def test_what_us_books_hold_of_memory_is_told_where_the_books_have_parted() -> None:
    """10.7 bn USD of the 21.7 of 2026Q2, above the same trend: a path on US basis starts from there."""
    known = vintage(None)
    for basis in ("korea_customs", "us_census"):
        (said,) = memory_sentences(FALLING, known.trade.origin, [replace(BASELINE, basis=basis)], ENGLISH)
        assert "US figures held it at a rate of 43\xa0bn USD a year, 12 to 32\xa0bn USD above the same trend" in said
    (past,) = memory_sentences(FALLING, vintage(KIET).trade.origin, [replace(BASELINE, as_of=KIET)], ENGLISH)
    assert "US figures" not in past


def test_memory_near_its_trend_is_told_with_signs() -> None:
    (said,) = memory_sentences(FALLING, 4 * 2024, [BASELINE], ENGLISH)
    assert "bn USD from their trend" in said
    assert "−" in said


def test_a_year_under_way_beside_what_was_said_of_it(past: Results) -> None:
    """Months of 2026 and the share of the year that eight months had in each of ten years, worked out again."""
    balance: dict[int, list[float]] = {}
    with (SHIPPED / "trade_monthly.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sign = 1 if row["series"] == "us_imports_from_korea" else -1
            balance.setdefault(int(row["month"][:4]), []).append(sign * float(row["value"]) / 1e3)
    months = {year: np.reshape(values, (2, -1)).sum(axis=0) for year, values in by_flow(balance).items()}
    seen = months[2026].sum()
    years = [seen * months[year].sum() / months[year][:8].sum() for year in range(2016, 2026)]
    summary = past.statistics
    levels = ("0.025", "0.1", "0.5", "0.9", "0.975")
    _, low, median, high, highest = (summary.estimate("trade_balance", f"quantile_{level}", 1)[0] for level in levels)
    said = " ".join(outcome_sentences(past, outcomes(past), [BASELINE], ENGLISH)).replace("\xa0", " ")
    assert f"{seen:.1f} bn USD was observed in the first 8 months of 2026" in said
    assert ("alone, more than the median" in said) == (seen > median + 0.5)
    assert f"2026 would come to {min(years):.0f} to {max(years):.0f} bn USD: " in said
    above, inside = (
        sum(test(year) for year in years) for test in (lambda year: year > high, lambda year: year <= high)
    )
    assert min(years) > low
    beyond = sum(year > highest for year in years)
    expected = (
        f"in {cases(above)} cases above the 80 % interval"
        f" ({low:.0f} to {high:.0f}), in {cases(beyond)} above the 95 % interval"
        if above > 5
        else f"in {cases(inside)} cases inside the 80 % interval"
    )
    assert expected in said
    assert ("memory boom" in said) == (float(np.median(years)) > high)


def cases(n: int) -> str:
    return "all 10" if n == 10 else f"{n or 'none'} of 10"


def told(results: Results, value: float) -> str:
    return outcome_sentences(results, [Outcome(2026, value, 8, None)], [BASELINE], ENGLISH)[0]


def by_flow(months: dict[int, list[float]]) -> dict[int, list[float]]:
    """Years whose months of both flows are as many, exports and imports one after the other."""
    return {year: values for year, values in months.items() if len(values) % 2 == 0}


def test_what_was_missed_is_said_with_the_figures_of_memory(past: Results) -> None:
    """A surplus far above what was said: the sentence names memory as the file has it."""
    assert all(
        f"median said for the whole year{words}" in told(past, value) for value, words in ((1.0, " is"), (99.0, ","))
    )
    later = [Outcome(2026, 155.1, 8, None)]
    said = " ".join(outcome_sentences(past, later, [BASELINE], ENGLISH)).replace("\xa0", " ")
    assert "155.1 bn USD was observed in the first 8 months of 2026 alone, more than the median" in said
    assert "in all 10 above the 95 % interval" in said
    assert "were 49.7 bn USD in these months, 9.5 bn USD a year before (Korean customs basis)" in said
    # in one book: rows of the file for January to July, 88 % of all
    assert "In the first 7 months, of which Korean totals are known too, they changed by +33.7 bn USD and all" in said
    assert (
        "all exports by +38.5 bn USD. On US Census basis, where memory is not shown apart, all exports changed by +24.2"
        in said
    )
    korean = " ".join(outcome_sentences(past, later, [BASELINE], KOREAN)).replace("\xa0", " ")
    assert "메모리 모듈과 저장장치의 대미 수출은 497억 달러로 전년 동기에는 95억 달러였다" in korean
    assert "을 웃도는 것은 10가지 경우 모두이다" in korean  # read "in 10 of 10 cases", word for word


def test_what_was_missed_is_no_memory_alone_where_duties_are_stated(tmp_path: Path) -> None:
    """With a duty of 25 % on cars in it, the day of KIET's report was told to have missed the memory boom."""
    duties = "tariffs=[{id: cars, sectors: autos, rate: 0.25, from: 2025-04-03}]"
    asked = ["run", "kiet-2025-04-11", "--draws", "400", "--no-plot", "--out", str(tmp_path), "--language", "en"]
    for more, words in (([], True), (["-s", duties], False)):
        done = CliRunner().invoke(cli, [*asked, *more])
        assert done.exit_code == 0, done.output
        said = " ".join(done.output.split())
        assert "was observed in the first 8 months of 2026" in said
        assert ("What this forecast missed is" in said) == words


def test_a_year_known_in_both_books_is_told_in_both(past: Results) -> None:
    (said,) = outcome_sentences(past, [Outcome(2025, 56.5, 12, 50.0, 49.5)], [BASELINE], ENGLISH)
    assert said.replace("\xa0", " ").endswith(
        "US Census basis. On Korean customs basis the surplus of 2025 was 49.5 bn USD."
    )


def test_products_of_the_last_years() -> None:
    shown = products_table(2)
    assert [row.cells for row in shown.rows] == [
        ("2024", "131.6", "7.4", "8.6", "37.4", "12.1", "10.3", "17.1", "38.7"),
        ("2025", "125.2", "10.1", "7.2", "30.8", "11.7", "12.5", "13.6", "39.4"),
    ]


def cars_of_us_books() -> float:
    """Cars in 2016 as the table of end uses prints them, bn USD."""
    with (SHIPPED / "products_annual.csv").open(encoding="utf-8", newline="") as file:
        (found,) = (row for row in csv.DictReader(file) if (row["year"], row["code"]) == ("2016", "30000"))
    return float(found["value"]) / 1e9


def test_products_are_drawn_over_what_the_same_books_hold(tmp_path: Path) -> None:
    runs = {
        basis: forecast.run_scenario(
            load_scenario(SCENARIOS / "baseline.yaml", [f"basis={basis}"]), Settings(n_draws=400), out=tmp_path
        ).results
        for basis in ("us_census", "korea_customs")
    }
    drawn = {
        (basis, product): product_diagram({"baseline": run}, product, ENGLISH)
        for basis, run in runs.items()
        for product in PRODUCTS
    }
    for (basis, product), diagram in drawn.items():
        assert bool(diagram.line) == (basis == "us_census" or product == "memory"), (basis, product)
        median = ENGLISH.statistic(runs[basis].statistics, f"exports_{product}", "quantile_0.5", -1)
        assert f"median {median}\xa0bn USD" in dict(diagram.columns[-1].readings)[0], (basis, product)
    first = {key: diagram.columns[0] for key, diagram in drawn.items()}
    assert first["us_census", "cars"].year == 2016
    assert ("observed", f"Observed: {cars_of_us_books():.1f}\xa0bn USD") in first["us_census", "cars"].readings
    memory = f"Observed: {sum(quarters_of_memory()[:4]):.1f}\xa0bn USD"
    assert (first["korea_customs", "memory"].year, *first["korea_customs", "memory"].readings[0]) == (
        2022,
        "observed",
        memory,
    )


def test_every_part_of_a_year_in_the_history_is_explained() -> None:
    """The note explained eight months whatever stood in the table."""
    books = forecast.history(2)
    counts = {int(months) for book in (books.korea_customs, books.us_census) for months in book.months.ravel()}
    (note,) = history_table(books).notes
    assert counts - {0, 12} == {7, 8}
    assert note.endswith(", (7m) Jan–Jul, (8m) Jan–Aug")
