"""Tariffs and import commitments: known answers, what they must leave alone, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from plans import ORIGIN, addressed, bought, draw_last, duty, group, on, plan, policies, project
from scipy import stats

from forecast.dims import NEWS, POLICIES, SERIES, TO_DATE, Array
from forecast.economics import tariffs
from forecast.economics.tariffs import REST, SHARES, TAXED, load_schedule
from forecast.engine.block import simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.plan import NEVER, Plan, Taxed
from forecast.errors import ScenarioError
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.dates import position
from forecast.scenario.localization import Localization
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario, scenario_digest
from forecast.stats.distributions import Beta, Constant, Triangular
from forecast.stats.streams import Streams

N_DRAWS = 4


def annual(made: Plan, n_draws: int = N_DRAWS) -> dict[str, Array]:
    flows = simulated_flows(made, Streams(0, 0, n_draws, "plain")).annual
    return dict(zip(made.series, flows, strict=True))


def test_the_pure_functions_by_hand() -> None:
    """From 15 to 25 %: costs rise by 1.25 / 1.15 - 1. If all is passed on, dollars fall as the quantity does."""
    rise = tariffs.relative_change(0.25, 0.15)
    assert rise == pytest.approx(0.10 / 1.15)
    assert tariffs.log_quantity(rise, 1.0, 2.0) == pytest.approx(-2 * np.log(1.25 / 1.15))
    assert tariffs.log_price(rise, 1.0) == 0
    assert tariffs.log_quantity(rise, 0.0, 2.0) == 0  # the exporter pays it all: as many goods,
    assert np.exp(tariffs.log_price(rise, 0.0)) == pytest.approx(1.15 / 1.25)  # each for less
    assert tariffs.relative_change(0.15, 0.15) == 0
    half = tariffs.log_price(rise, 0.5) + tariffs.log_quantity(rise, 0.5, 2.0)
    assert np.exp(half) == pytest.approx((1 + rise / 2) ** -1 / (1 + rise))


def test_the_share_gone_in_a_year_is_gone_in_four_quarters() -> None:
    target = np.concatenate([np.zeros((1, 1)), np.ones((40, 1))])
    path = tariffs.adjusted(target, np.full((1, 1), float(tariffs.quarterly_adjustment(0.38))))
    assert path[4, 0] == pytest.approx(0.38)
    assert path[8, 0] == pytest.approx(1 - 0.62**2)
    assert path[28, 0] > 0.96  # the study behind the pace: seven years to the long run


def test_one_tariff_by_hand() -> None:
    """Half of 160 bn a year under 25 in place of 15 %, at once and with an elasticity of two."""
    flows = annual(plan(policy=policies(on(duty(0.25)))))
    lost = 160 * 0.5 * ((1.15 / 1.25) ** 2 - 1)
    np.testing.assert_allclose(flows["tariffs"], lost, rtol=1e-12)
    np.testing.assert_allclose(flows["exports"], 160 + lost, rtol=1e-12)
    np.testing.assert_allclose(flows["imports"], 80, rtol=1e-12)
    assert (flows["import_commitments"] == 0).all()


def test_a_tariff_is_on_the_book_of_the_headline() -> None:
    """A tenth more exports in the Korean book, as long as the bridge says so: a tenth more to lose."""
    bridge = {"mean": np.log([[1.1, 0.9]])}  # the state of the plan is that too
    made = plan(policy=policies(on(duty(0.25))), basis="korea_customs")
    rows = dict(made.rows) | {"bridge": dict(made.rows["bridge"]) | draw_last(bridge)}
    korean = annual(replace(made, rows=rows))["tariffs"]
    np.testing.assert_allclose(korean, 1.1 * 80 * ((1.15 / 1.25) ** 2 - 1), rtol=1e-12)


def test_dates_cut_quarters() -> None:
    """From the middle of the second quarter to the end of the sixth: half a quarter in the first year at full speed."""
    flows = annual(plan(policy=policies(on(duty(0.25, ORIGIN + 2.5, ORIGIN + 7)))))
    in_force = np.array([2.5, 2, 0, 0])[:, None]
    halved = np.exp(-np.log(1.25 / 1.15))  # half of the log change
    full = (1.15 / 1.25) ** 2
    expected = 20 * (in_force.astype(int) * (full - 1) + (in_force % 1 > 0) * (halved - 1))
    np.testing.assert_allclose(flows["tariffs"], np.tile(expected, N_DRAWS), rtol=1e-12, atol=1e-14)


def test_the_response_comes_slowly_and_goes_slowly() -> None:
    slow = annual(plan(policy=policies(on(duty(0.25, until=ORIGIN + 9, adjustment=0.38)))))["tariffs"][:, 0]
    assert 0 > slow[0] > slow[1]  # two years in force
    assert slow[1] < slow[2] < slow[3] < 0  # two years of recovery
    gone = 1 - 0.62 ** (np.arange(1, 5) / 4)
    assert slow[0] == pytest.approx(20 * np.sum((1.15 / 1.25) ** (2 * gone) - 1))


def test_the_limits_of_elasticity() -> None:
    """Without any response dollars stay as they are; where demand is very elastic nothing is shipped."""
    assert (annual(plan(policy=policies(on(duty(0.25, elasticity=0.0)))))["tariffs"] == 0).all()
    flows = annual(plan(policy=policies(on(duty(0.25, elasticity=1e4)))))
    np.testing.assert_allclose(flows["tariffs"], -80, rtol=1e-12)


def test_a_later_tariff_takes_the_place_of_an_earlier_one() -> None:
    both = annual(plan(policy=policies(on(duty(0.0, ORIGIN + 1), duty(0.25, ORIGIN + 5)))))["tariffs"]
    np.testing.assert_allclose(both[0], 80 * (1.15**2 - 1), rtol=1e-12)
    np.testing.assert_allclose(both[1:], 80 * ((1.15 / 1.25) ** 2 - 1), rtol=1e-12)


def test_what_a_past_tariff_does_after_the_origin() -> None:
    """Two quarters at 15 % instead of nothing lie behind the origin: what was lost by then is in the data."""
    past = on(duty(0.15, ORIGIN - 1, adjustment=0.38), first=ORIGIN - 2, before=0.0)
    found = annual(plan(policy=policies(replace(past, duties=past.duties))))["tariffs"][:, 0]
    # The pace before the duty is that of the plan, 1; row 0 is settled, so only quarters from ORIGIN - 1 on count.
    gone = 1 - 0.62 ** (np.arange(19) / 4)
    log = -2 * np.log(1.15) * (gone[3:] - gone[2])
    np.testing.assert_allclose(found, 20 * (np.exp(log) - 1).reshape(4, 4).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("taxed", [on(duty(0.15)), on(duty(0.25, probability=0.0))])
def test_no_change_is_no_effect_to_the_last_bit(taxed: Taxed) -> None:
    plants = [group(project("A")), group(project("B", probability=Beta(9.0, 1.0)), path=Localization("fitted"))]
    plants = [replace(item, sector=sector) for item, sector in zip(plants, ("autos", REST), strict=True)]
    bare = simulated_flows(plan(*plants), Streams(0, 0, 50, "plain"))
    for sector in ("autos", "auto_parts", REST):
        with_policies = simulated_flows(
            plan(*plants, policy=policies(taxed, sector=sector)), Streams(0, 0, 50, "plain")
        )
        assert with_policies.annual[: len(SERIES)].tobytes() == bare.annual.tobytes()
        assert (with_policies.annual[len(SERIES) :] == 0).all()
        assert with_policies.quarterly.tobytes() == bare.quarterly.tobytes()


def test_a_chance_is_met_within_its_error() -> None:
    n_draws = 4000
    flows = annual(plan(policy=policies(on(duty(0.25, probability=0.3)))), n_draws)["tariffs"][0]
    assert set(np.round(flows, 9)) == {0.0, round(80 * ((1.15 / 1.25) ** 2 - 1), 9)}
    came = int((flows != 0).sum())
    assert stats.binomtest(came, n_draws, 0.3).pvalue > 1e-4


def test_exports_are_shares_of_either_end() -> None:
    uncertain = policies(on(duty(0.25)))
    weights = replace(uncertain, weight=addressed(weight_of_2026=Triangular(0, 0, 1))["weight_of_2026"])
    flows = annual(plan(policy=weights), 500)["tariffs"]
    lost = 160 * ((1.15 / 1.25) ** 2 - 1)
    weight = Triangular(0, 0, 1).ppf(Streams(0, 0, 500, "plain").uniforms("tariffs.weight_of_2026"))
    np.testing.assert_allclose(flows[0], lost * (0.25 + 0.5 * weight), rtol=1e-12)


def channels(sector: str, on_sector: str, path: str = "hold", **responses: float) -> dict[str, Array]:
    """Channels of the plant of the engine's tests, with goods of one sector under 25 %, over those without."""
    plant = replace(group(project("A")), sector=sector)
    bare = annual(plan(plant, path=Localization(path)))
    taxed = policies(on(duty(0.25, **responses)), sector=on_sector)
    return {
        name: annual(plan(plant, path=Localization(path), policy=taxed))[name][-1]
        / np.where(bare[name][-1], bare[name][-1], 1)
        for name in NEWS[1:]
    }


def test_plants_pay_for_what_they_ship_and_no_other() -> None:
    """Inputs of a car plant are parts, machines are of the sector other, and goods shipped back pay no US duty."""
    cut = (1.15 / 1.25) ** 2
    for taxed, paying in (("autos", "news_displacement"), ("auto_parts", "news_intermediates")):
        ratios = channels("autos", taxed)
        assert ratios.pop(paying) == pytest.approx(cut)
        assert all((ratio == 1).all() for name, ratio in ratios.items() if name != "news_capital_goods")
    machines = annual(plan(group(project("A")), policy=policies(on(duty(0.25)), sector=REST)))["news_capital_goods"]
    np.testing.assert_allclose(machines[0], 1.2 * cut, rtol=1e-12)


def test_a_plant_replaces_more_of_what_pays_a_duty() -> None:
    """0.25 of output, and 0.5 more at 25 %, from 2026 on in place of 15 %; of exports that are fewer themselves."""
    plant = replace(group(project("A"), tariff_displacement=0.5), sector="autos", duty=0.15)
    cut = (1.15 / 1.25) ** 2
    for taxed, left in (({}, cut), ({"elasticity": 0.0}, 1.0)):
        found = annual(plan(plant, policy=policies(on(duty(0.25, **taxed)), sector="autos")))
        np.testing.assert_allclose(found["news_displacement"][-1], -7.2 * 0.75 * left, rtol=1e-12)
        np.testing.assert_allclose(found["replaceable_output"][-1], 7.2 * left, rtol=1e-12)
    elsewhere = annual(plan(plant, policy=policies(on(duty(0.25)), sector="steel")))
    np.testing.assert_allclose(elsewhere["news_displacement"][-1], -7.2 * 0.55, rtol=1e-12)


def test_suppliers_move_where_the_path_is_fitted() -> None:
    """0.02 a point, ten points: the odds of local supply rise by a fifth of a log, third countries keep theirs."""
    response = {"localization_response": 0.02, "elasticity": 0.0}
    local, third = 0.7 * 32 / 41, 0.7 * 9 / 41
    share = 1 / (1 + local / 0.3 * np.exp(0.2) + third / 0.3)
    moved = channels("steel", "steel", "fitted", **response)["news_intermediates"]
    np.testing.assert_allclose(moved, share / 0.3, rtol=1e-12)
    held = channels("steel", "steel", "hold", **response)["news_intermediates"]
    assert (held == 1).all()


@pytest.mark.parametrize(("start", "until"), [(1, 16), (2.25, 9.8), (6.1, 6.9)])
def test_a_commitment_adds_up_to_what_is_additional(start: float, until: float) -> None:
    promised = bought(36.2, total=True, start=ORIGIN + start, until=ORIGIN + until, additionality=0.2, fulfilment=0.9)
    flows = annual(plan(policy=policies(None, promised)))
    assert flows["import_commitments"].sum(axis=0) == pytest.approx(np.full(N_DRAWS, -36.2 * 0.2 * 0.9))
    np.testing.assert_allclose(flows["imports"] - 80, -flows["import_commitments"], atol=1e-12)
    assert (flows["tariffs"] == 0).all()


def test_a_commitment_a_year_and_one_that_runs_already() -> None:
    yearly = bought(1.5, total=False, start=ORIGIN + 3, until=ORIGIN + 11)
    expected = -np.array([0.75, 1.5, 0.75, 0.0])[:, None]
    np.testing.assert_allclose(
        annual(plan(policy=policies(None, yearly)))["import_commitments"], expected + np.zeros(4)
    )
    running = bought(1.5, total=False, start=ORIGIN - 3, until=ORIGIN + 5)
    ended = annual(plan(policy=policies(None, running)))["import_commitments"]
    np.testing.assert_allclose(ended, -np.array([0.0, -1.5, -1.5, -1.5])[:, None] + np.zeros(4), atol=1e-14)


@pytest.mark.parametrize(("key", "a_year"), [("amount", 6.0), ("per_year", 12.0)])
def test_a_commitment_of_a_file_is_in_all_or_a_year(tmp_path: Path, key: str, a_year: float) -> None:
    file = tmp_path / "c.yaml"
    entry = f"{{id: a, what: lng, {key}: 12, from: 2027Q1, until: 2029Q1, additionality: 0.5, fulfilment: 0.9}}"
    file.write_text(f"name: c\nhorizon: 2030\nimport_commitments: [{entry}]\n", encoding="utf-8")
    flows = annual(compile_plan(load_scenario(file), load_posterior(), vintage(None)))
    expected = -0.5 * 0.9 * a_year * np.array([0.0, 1.0, 1.0, 0.0, 0.0])[:, None]
    np.testing.assert_allclose(flows["import_commitments"], expected + np.zeros(N_DRAWS), atol=1e-12)


def test_a_commitment_that_may_come_to_nothing() -> None:
    n_draws = 4000
    flows = annual(
        plan(policy=policies(None, bought(4.0, total=False, start=ORIGIN + 1, until=NEVER, probability=0.6))), n_draws
    )
    came = int((flows["import_commitments"][0] == -4).sum())
    assert came + int((flows["import_commitments"][0] == 0).sum()) == n_draws
    assert stats.binomtest(came, n_draws, 0.6).pvalue > 1e-4


def test_what_flows_at_the_origin_flows_whether_or_not_the_rest_comes() -> None:
    """As of a plant under construction: where a commitment comes to nothing, its flow of the origin ends."""
    running = bought(4.0, total=False, start=ORIGIN - 3, until=ORIGIN + 9, probability=0.5)
    made = plan(policy=policies(None, running))
    flows = annual(made, 200)["import_commitments"]
    comes = Streams(0, 0, 200, "plain").uniforms("import_commitments.a.happens") < 0.5
    expected = np.where(comes, np.array([0.0, 0.0, -4.0, -4.0])[:, None], -4.0)
    np.testing.assert_allclose(-flows, expected, atol=1e-12)
    assert 0 < comes.sum() < 200


def test_parts_make_the_whole() -> None:
    both = policies(on(duty(0.25)), bought(3.0, total=False, start=ORIGIN + 2, until=NEVER))
    made = plan(replace(group(project("A")), sector="autos"), policy=both)
    flows = annual(made)
    parts = flows["baseline_balance"] + flows["news"] + flows["tariffs"] + flows["import_commitments"]
    np.testing.assert_allclose(parts, flows["trade_balance"], rtol=1e-12)
    assert made.series == (*SERIES, *POLICIES, TO_DATE)
    near = simulated_flows(made, Streams(0, 0, N_DRAWS, "plain")).quarterly
    np.testing.assert_allclose(near[:, :4].sum(axis=1)[1:], [flows["exports"][0], flows["imports"][0]], rtol=1e-12)


BASE = "name: a\nhorizon: 2031\n"
PLANT = """\
investments:
  - {id: P, company: C, project: p, sector: autos, kind: greenfield, amount: 5, announced: 2025, production_start: 2028}
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
        ("what: gas, amount: 1, from: 2027, until: 2028", "Accepted: aircraft, lng, other"),
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
    assert said.startswith("Tariffs change Korea's goods surplus with the US by −")
    assert "With that and without new investment, the surplus itself would be" in said
    assert "Import commitments" not in said
    console = Console(width=100, record=True, file=StringIO())
    show(console, policy_table(results))
    assert "What tariffs and existing affiliates do to the surplus, bn USD a year" in console.export_text()
