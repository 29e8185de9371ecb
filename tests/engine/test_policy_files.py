"""Tariffs and commitments as files state them: the way to text and back, merging, refusals, a whole run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from forecast.dims import POLICIES, SERIES, TO_DATE
from forecast.economics.tariffs import REST, SHARES, TAXED, load_schedule
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.errors import ScenarioError
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.dates import position
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario, scenario_digest
from forecast.stats.distributions import Constant
from forecast.stats.streams import Streams

BASE = "name: a\nhorizon: 2031\n"
PLANT = """\
investments:
  - {id: P, company: C, project: p, sector: autos, kind: greenfield, amount: 5, announced: 2025, production_start: 2028}
"""
RUNNING = """\
investments:
  - {id: R, company: C, project: runs, sector: autos, kind: greenfield, amount: 5, announced: 2021,
     production_start: 2024, overrides: {tariff_displacement: 0}}
  - {id: B, company: C, project: is built, sector: autos, kind: greenfield, amount: 5, announced: 2024,
     construction_start: 2025, production_start: 2028, overrides: {tariff_displacement: 0}}
"""
TARIFFS = """\
tariffs:
  - {id: cars, sectors: [autos, auto_parts], rate: 0.25, from: {earliest: 2027Q1, latest: 2027Q3}, probability: 0.5}
  - {id: rest, sectors: other, change: 0.05, from: 2027-03-15, until: 2030, pass_through: 0.9, elasticity: 1.5,
     adjustment: 0.5, localization_response: 0.01, sources: ["https://example.org"]}
import_commitments:
  - {id: gas, what: lng, per_year: 1.4, from: 2028, until: 2030, additionality: {distribution: beta, alpha: 2, beta: 3}}
  - {id: jets, what: aircraft, amount: 36.2, from: 2028, until: 2038, fulfilment: 0.9, probability: 0.95}
"""

Loader = Callable[..., Scenario]


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    def loaded(text: str, *overrides: str) -> Scenario:
        path = tmp_path / "a.yaml"
        path.write_text(text, encoding="utf-8")
        return load_scenario(path, overrides)

    return loaded


def test_policies_survive_the_way_to_text_and_back(load: Loader) -> None:
    read = load(BASE + TARIFFS)
    assert [item.id for item in read.tariffs] == ["cars", "rest"]
    assert read.tariffs[1].start == Constant(position("2027-03-15"))
    assert load(dump_scenario(read)) == read


def test_the_digest_is_of_numbers_and_only_where_there_are_policies(load: Loader) -> None:
    bare, with_policies = load(BASE), load(BASE + TARIFFS)
    assert "tariffs" not in dump_scenario(bare)
    assert scenario_digest(bare) == scenario_digest(replace(with_policies, tariffs=(), import_commitments=()))
    assert scenario_digest(with_policies) != scenario_digest(bare)
    assert scenario_digest(load(BASE + TARIFFS.replace("example.org", "example.com"))) == scenario_digest(with_policies)


def test_policies_merge_by_id_and_take_overrides(load: Loader, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE + TARIFFS, encoding="utf-8")
    over = "extends: base.yaml\ntariffs:\n  cars: {probability: 0.9}\n  rest: null\n"
    read = load(over, "tariffs.cars.rate=0.3", "import_commitments.gas.until=2029")
    assert [item.id for item in read.tariffs] == ["cars"]
    assert (read.tariffs[0].rate, read.tariffs[0].probability) == (Constant(0.3), Constant(0.9))
    assert read.import_commitments[0].until == Constant(position("2029"))


def problems(load: Loader, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(BASE + text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("entry", "at", "path", "words"),
    [
        (
            "sectors: autos, rate: 25, from: 2027",
            "25,",
            ".rate",
            "got 25, expected a fraction from 0 to 3, such as 0.25",
        ),
        ("sectors: autos, rate: 25%, from: 2027", "25%", ".rate", "write 0.25"),
        ("sectors: steal, rate: 0.2, from: 2027", "steal", ".sectors", "did you mean steel"),
        ("sectors: [autos, solar], rate: 0.2, from: 2027", "solar", ".sectors", "no source states"),
        ("sectors: 5, rate: 0.2, from: 2027", "5", ".sectors", "got 5, expected a sector, a list of sectors, or all"),
        ("sectors: autos, from: 2027", None, "", "got neither rate nor change"),
        ("sectors: autos, rate: 0.2, change: 0.1, from: 2027", None, "", "got both rate and change"),
        ("sectors: autos, rate: 0.2", None, ".from", "missing key: when it takes effect"),
        ("sectors: autos, rate: 0.2, from: 2028, until: 2027", "2027", ".until", "a date after from, which is 2028"),
        ("sectors: autos, change: -0.2, from: 2028", "-0.2", ".change", "got down to -0.2, expected at least -0.15"),
        (
            "sectors: autos, rate: 0.2, from: 2025-11",
            "0.2",
            ".rate",
            "expected 0.15, the duty on autos in force in 2026Q2",
        ),
        ("sectors: autos, rate: 0.15, from: 2025-11, probability: 0.5", "0.5", ".probability", "it came or did not"),
        ("sectors: autos, change: 0.1, from: 2025-11", "0.1", ".change", "expected rate: the duty it then was"),
        ("sectors: autos, rate: 0.15, from: 2025-11, stacks: true", "true", ".stacks", "expected rate alone"),
        ("sectors: autos, rate: 0.1, from: 2027, stacks: yes", "yes", ".stacks", "expected true or false"),
        ("sectors: autos, change: 0.1, from: 2027, stacks: true", "0.1", ".change", "expected rate: what is added"),
        (
            "sectors: autos, rate: 0.1, from: 2027, stacks: true, elasticity: 3.5",
            "3.5",
            ".elasticity",
            "expected it on the tariff that this one is added to",
        ),
        (
            "sectors: autos, rate: 0.2, from: 2027, probabilty: 1",
            "probabilty",
            ".probabilty",
            "did you mean probability?",
        ),
    ],
)
def test_a_tariff_that_makes_no_sense_is_refused_where_it_stands(
    load: Loader, entry: str, at: str | None, path: str, words: str
) -> None:
    said = problems(load, f"tariffs:\n  - {{id: A, {entry}}}\n")
    column = 5 if at is None else len("  - {id: A, ") + 1 + entry.index(at)
    assert f":4:{column}: tariffs.A{path}: " in said
    assert words in said
    assert "\n" not in said


def test_what_does_nothing_is_refused(load: Loader) -> None:
    entry = "tariffs:\n  - {id: A, sectors: autos, rate: 0.2, from: 2027, localization_response: 0}\n"
    assert "does nothing" in problems(load, f"localization: {{path: hold}}\n{entry}")
    load(f"{BASE}{entry}")
    twice = f"{entry}  - {{id: A, sectors: steel, rate: 0.2, from: 2027}}\n"
    assert '5:10: tariffs.A.id: got text "A" a second time' in problems(load, twice)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("what: gas, amount: 1, from: 2027, until: 2028", "accepted: aircraft, lng, other"),
        ("what: lng, from: 2027, until: 2028", "got neither amount nor per_year"),
        ("what: lng, amount: 1, from: 2027", "missing key: when deliveries end"),
        ("what: lng, amount: 1, from: 2027, until: 2027", "expected a date after from, which is 2027"),
        ("what: lng, amount: 36.2bn, from: 2027, until: 2028", "write 36.2, the unit is bn USD"),
        ("what: lng, amount: 1, from: 2027, until: 2028, additionality: 2", "expected a fraction from 0 to 1"),
    ],
)
def test_a_commitment_that_makes_no_sense_is_refused(load: Loader, entry: str, words: str) -> None:
    assert words in problems(load, f"import_commitments:\n  - {{id: A, {entry}}}\n")


def test_shares_of_exports_sum_to_one_and_leave_a_rest() -> None:
    trade = load_schedule().trade
    assert tuple(trade) == TAXED
    for column in range(len(SHARES)):
        assert sum(sector.shares[column] for sector in trade.values()) == pytest.approx(1)
    assert all(0.3 < share < 0.5 for share in trade[REST].shares)


def test_duties_of_the_record_are_those_collected() -> None:
    """The rate of the rest is derived from what was collected: 15.0 % in September 2025, 7.6 % in July 2026."""
    trade = load_schedule().trade
    for column, day, collected in ((0, "2025-09-15", 0.14977), (1, "2026-07-15", 0.07618)):
        paid = sum(sector.shares[column] * sector.rate(position(day)) for sector in trade.values())
        assert paid == pytest.approx(collected, abs=0.0005)
    assert trade["autos"].rate(position("2025-01")) == 0
    assert trade["autos"].rate(position("2025-10-31")) == 0.25


def test_a_tariff_moves_no_other_stream(load: Loader) -> None:
    """The shipped posterior, with and without policies that do nothing: every other series keeps its bits."""
    idle = TARIFFS.replace("rate: 0.25", "rate: 0.15").replace("change: 0.05", "change: 0").replace("36.2", "0")
    idle = idle.replace("per_year: 1.4", "per_year: 0")
    flows = [
        simulated_flows(compile_plan(load(text), load_posterior(), vintage()), Streams(0, 0, 200, "plain"))
        for text in (BASE + PLANT, BASE + PLANT + idle, BASE + PLANT + TARIFFS)
    ]
    n = len(SERIES)
    assert flows[1].annual[:n].tobytes() == flows[0].annual[:n].tobytes()
    assert flows[1].annual[-1].tobytes() == flows[0].annual[-1].tobytes()  # plants still to be announced
    assert flows[1].quarterly.tobytes() == flows[0].quarterly.tobytes()
    baseline = SERIES.index("baseline_balance")
    assert flows[2].annual[baseline].tobytes() == flows[0].annual[baseline].tobytes()
    returned = SERIES.index("news_reverse_imports")
    assert flows[2].annual[returned].tobytes() == flows[0].annual[returned].tobytes()
    assert (flows[2].annual[n][-1] < 0).all()


@pytest.mark.parametrize(
    ("sector", "channel"), [(REST, "capital_goods"), ("auto_parts", "intermediates"), ("autos", "displacement")]
)
def test_a_duty_takes_the_same_share_of_all_that_plants_trade(
    load: Loader, tmp_path: Path, sector: str, channel: str
) -> None:
    """With them less without: orders and sales of today, which pay in the baseline, are no less taxed than others."""
    from forecast.engine.simulate import Settings
    from forecast.results.run import run_scenario

    answer = "pass_through: 1, elasticity: 2, adjustment: 1, localization_response: 0"
    duty = f"tariffs:\n  - {{id: more, sectors: {sector}, change: 0.1, from: 2027Q1, {answer}}}\n"
    effects = [
        run_scenario(load(BASE + RUNNING + text), Settings(400), out=tmp_path).results.statistics for text in ("", duty)
    ]
    free, taxed = (each.value(f"effect_{channel}", "mean")[1:] for each in effects)
    paid = load_schedule().trade[sector].rate(4 * 2026 + 2)
    assert (free != 0).all()
    assert (taxed / free).tolist() == pytest.approx([((1.1 + paid) / (1.0 + paid)) ** -2] * len(free), rel=1e-9)


def test_what_a_run_with_policies_leaves_and_says(tmp_path: Path) -> None:
    from rich.console import Console

    from forecast.engine.simulate import Settings
    from forecast.report.run import policy_table
    from forecast.report.sentences import answer
    from forecast.report.table import show
    from forecast.results.archive import load_results
    from forecast.results.run import run_scenario

    file = Path(__file__).parents[2] / "scenarios" / "tariffs-25.yaml"
    run_scenario(load_scenario(file, ["horizon=2028"]), Settings(2000), out=tmp_path)
    results = load_results(tmp_path / "tariffs-25")
    assert results.statistics.series == (*SERIES, *POLICIES, TO_DATE)
    assert set(results.summary["series"]) == {*SERIES, *POLICIES, TO_DATE} < set(results.draws.data_vars)
    assert "regime" in results.manifest["digests"]
    said = answer(results)
    assert said.startswith("Trade policy and purchases. Tariffs change Korea's goods surplus with the US by −")
    assert "With that and without new investment, the surplus itself would be" in said
    assert "Import commitments" not in said
    console = Console(width=100, record=True, file=StringIO())
    show(console, policy_table(results))
    assert "What tariffs and existing affiliates do to the surplus, bn USD a year" in console.export_text()
