"""Layers: files over files, values from the command line over both, each problem where its value was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forecast.errors import ScenarioError
from forecast.scenario.layers import WHOLE
from forecast.scenario.localization import Localization
from forecast.scenario.scenario import dump_scenario, load_scenario, scenario_digest
from forecast.stats.distributions import Constant, LogNormal, Normal
from forecast.storage.documents import shipped_folder

BASE = """\
name: base
horizon: 2035
investments:
  - id: A-1
    company: Group
    project: plant
    sector: autos
    kind: greenfield
    amount: {distribution: normal, mean: 5, sd: 0.5}
    announced: 2025
    production_start: 2028
  - id: B-2
    company: Group
    project: mill
    sector: steel
    kind: greenfield
    amount: 2
    announced: 2025
    production_start: 2029
    probability: 0.8
localization:
  path: target
  local: 0.8
  by: 2030
  sectors: {autos: {path: hold}}
sources: [one, two]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("base.yaml", BASE)
    return tmp_path


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def layer(text: str, name: str = "top.yaml") -> str:
    write(name, f"extends: base.yaml\n{text}")
    return name


@pytest.mark.usefixtures("folder")
def test_a_layer_changes_single_keys() -> None:
    plan = load_scenario(layer("horizon: 2040\ninvestments: [{id: B-2, amount: 3}]"))
    assert (plan.name, plan.horizon) == ("base", 2040)
    assert plan.investments[1].amount == Constant(3.0)
    assert plan.investments[1].probability == Constant(0.8)
    assert plan.investments[0] == load_scenario("base.yaml").investments[0]


@pytest.mark.usefixtures("folder")
def test_a_change_stated_twice_is_looked_at_twice() -> None:
    """What was wrong with the second was told once its id was mended; it lacks nothing that the base states."""
    with pytest.raises(ScenarioError) as caught:
        load_scenario(layer("investments:\n  - {id: B-2, amount: 3}\n  - {id: B-2, amount: lots}"))
    twice, wrong = str(caught.value).splitlines()
    assert 'investments.B-2.id: got text "B-2" a second time, expected every id once (first in line 3)' in twice
    assert wrong.startswith('top.yaml:4:23: investments.B-2.amount: got text "lots", expected a number')


@pytest.mark.usefixtures("folder")
def test_investments_may_be_keyed_by_id() -> None:
    listed = load_scenario(layer("investments: [{id: B-2, amount: 3}]"))
    keyed = load_scenario(layer("investments: {B-2: {amount: 3}}"))
    assert keyed == listed


@pytest.mark.usefixtures("folder")
def test_null_removes() -> None:
    plan = load_scenario(layer("investments: {A-1: null, B-2: {probability: null}}\nhorizon: null\nsources: null"))
    assert [investment.id for investment in plan.investments] == ["B-2"]
    assert plan.investments[0].probability is None
    assert plan.horizon == 2035
    assert plan.sources == ()


@pytest.mark.usefixtures("folder")
def test_a_parameter_changes_alone_and_a_distribution_changes_whole() -> None:
    one = load_scenario(layer("investments: {A-1: {amount: {mean: 6}}}"))
    assert one.investments[0].amount == Normal(6.0, 0.5)
    whole = load_scenario(layer("investments: {A-1: {amount: {distribution: lognormal, median: 6, sigma: 0.1}}}"))
    assert whole.investments[0].amount == LogNormal(6.0, 0.1)


@pytest.mark.usefixtures("folder")
def test_a_path_changes_whole_and_keeps_the_sectors() -> None:
    plan = load_scenario(layer("localization: {path: hold}"))
    assert plan.localization == Localization("hold")
    assert plan.sector_localization == {"autos": Localization("hold")}
    bent = load_scenario(layer("localization: {local: 0.7}"))
    assert bent.localization == Localization("target", Constant(0.7), by=8120.0)


@pytest.mark.usefixtures("folder")
def test_lists_are_replaced() -> None:
    assert load_scenario(layer("sources: [three]")).sources == ("three",)


@pytest.mark.usefixtures("folder")
def test_the_last_of_several_layers_wins() -> None:
    write("low.yaml", "horizon: 2030\ntitle: Low")
    write("high.yaml", "horizon: 2040")
    write("top.yaml", "extends: [base.yaml, low.yaml, high.yaml]\nname: top")
    plan = load_scenario("top.yaml")
    assert (plan.name, plan.title, plan.horizon) == ("top", "top", 2040)


@pytest.mark.usefixtures("folder")
def test_a_middle_layer_can_remove_from_the_first() -> None:
    write("without.yaml", "investments: {A-1: null}")
    write("top.yaml", "extends: [base.yaml, without.yaml]\nname: top")
    assert [investment.id for investment in load_scenario("top.yaml").investments] == ["B-2"]


@pytest.mark.usefixtures("folder")
def test_layers_of_layers_in_folders_below() -> None:
    write("below/middle.yaml", "extends: deeper/first.yaml\nhorizon: 2031")
    write("below/deeper/first.yaml", "name: first\nhorizon: 2030\ntitle: First")
    write("top.yaml", "extends: below/middle.yaml\nname: top")
    plan = load_scenario("top.yaml")
    assert (plan.name, plan.title, plan.horizon) == ("top", "top", 2031)
    write("below/middle.yaml", "extends: deeper/first.yaml\nhorizon: 2031\ntitle: Middle")
    write("top.yaml", "extends: below/middle.yaml")
    assert load_scenario("top.yaml").title == "Middle"


def test_a_folder_of_scenarios_shares_its_parent(folder: Path) -> None:
    write("scenarios/base.yaml", BASE)
    write("scenarios/korea/top.yaml", "extends: ../base.yaml\nname: top")
    assert load_scenario(folder / "scenarios/korea/top.yaml").horizon == 2035
    write("others/korea/top.yaml", "extends: ../base.yaml\nname: top")
    write("others/base.yaml", BASE)
    with pytest.raises(ScenarioError, match="beside this one or in a folder below"):
        load_scenario(folder / "others/korea/top.yaml")


def test_a_shipped_scenario_is_extended_by_its_name(folder: Path) -> None:
    shipped = load_scenario(shipped_folder() / "lges-lansing.yaml")
    write("own.yaml", "extends: lges-lansing\nname: own")
    texts = {name: getattr(shipped, name) for name in ("name", "title", "title_ko", "description", "description_ko")}
    assert replace(load_scenario(folder / "own.yaml"), **texts) == shipped
    write("announced.yaml", "extends: announced\nname: announced\nhorizon: 2030")
    assert load_scenario("announced.yaml").investments == load_scenario(shipped_folder() / "announced.yaml").investments


def test_shipped_scenarios_that_extend_others_may_be_extended(folder: Path) -> None:
    write("own.yaml", "extends: localization-fast\nname: own")
    assert load_scenario(folder / "own.yaml").localization.path == "target"


@pytest.mark.usefixtures("folder")
def test_a_file_beside_comes_before_the_shipped_scenario_of_its_name() -> None:
    write("hyundai", "name: beside\nhorizon: 2030")
    write("own.yaml", "extends: hyundai\nname: own")
    assert load_scenario("own.yaml").horizon == 2030


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["hyundia", "hyundai.yaml"])
def test_a_missing_file_may_have_meant_a_shipped_scenario(name: str) -> None:
    write("own.yaml", f"name: own\nextends: {name}")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("own.yaml")
    said = f'got text "{name}", no such file; did you mean hyundai? Accepted: base.yaml, announced, '
    assert str(caught.value).startswith(f"own.yaml:2:10: extends: {said}")


def test_a_link_does_not_lead_out(folder: Path) -> None:
    write("outside/secret.yaml", "name: secret")
    write("inside/top.yaml", "extends: link.yaml\nname: top")
    (folder / "inside/link.yaml").symlink_to(folder / "outside/secret.yaml")
    with pytest.raises(ScenarioError, match="beside this one or in a folder below"):
        load_scenario(folder / "inside/top.yaml")


def test_circular_links_are_refused(folder: Path) -> None:
    (folder / "link.yaml").symlink_to(folder / "other.yaml")
    (folder / "other.yaml").symlink_to(folder / "link.yaml")
    write("top.yaml", "extends: link.yaml\nname: top")
    with pytest.raises(ScenarioError, match="no such file"):
        load_scenario("top.yaml")


@pytest.mark.usefixtures("folder")
def test_layers_do_not_multiply() -> None:
    for i in range(12):
        write(f"layer{i}.yaml", f"extends: [layer{i + 1}.yaml, layer{i + 1}.yaml]\nname: x")
    write("layer12.yaml", "name: x")
    with pytest.raises(ScenarioError, match="more than 32 layers"):
        load_scenario("layer0.yaml")


@pytest.mark.usefixtures("folder")
def test_layering_does_not_enter_the_digest(tmp_path: Path) -> None:
    layered = load_scenario(layer("name: top\nhorizon: 2040"))
    flat = tmp_path / "flat.yaml"
    flat.write_text(dump_scenario(layered), encoding="utf-8")
    assert scenario_digest(load_scenario(flat)) == scenario_digest(layered)


OVERRIDES = {
    "horizon=2040": lambda plan: plan.horizon == 2040,
    "investments.B-2.amount=6": lambda plan: plan.investments[1].amount == Constant(6.0),
    "investments.A-1.amount.mean=6": lambda plan: plan.investments[0].amount == Normal(6.0, 0.5),
    "investments.B-2.amount={interval: [4, 8], level: 0.9}": lambda plan: plan.investments[1].amount.mean == 6.0,
    "investments.A-1=null": lambda plan: [investment.id for investment in plan.investments] == ["B-2"],
    "investments.B-2.probability=": lambda plan: plan.investments[1].probability is None,
    "title='Sums: a + b = c'": lambda plan: plan.title == "Sums: a + b = c",
    "localization.path=hold": lambda plan: plan.localization == Localization("hold"),
    "overrides.sectors.steel.machinery_share=0.3": lambda plan: (
        plan.sector_coefficients["steel"] == {"machinery_share": Constant(0.3)}
    ),
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", OVERRIDES)
def test_an_override_sets_one_value(text: str) -> None:
    assert OVERRIDES[text](load_scenario("base.yaml", [text]))


@pytest.mark.usefixtures("folder")
def test_later_overrides_win() -> None:
    assert load_scenario("base.yaml", ["horizon=2040", "horizon=2041"]).horizon == 2041


REFUSED = {
    "horzion=2040": "horzion: unknown key; did you mean horizon? Accepted: extends, name, title, title_ko",
    "horizon=soon": 'horizon: got text "soon", expected the last year simulated, a whole number up to 2060',
    "horizon=1999": "horizon: got 1999, expected the last year simulated, a whole number up to 2060",
    "horizon": "expected key.path=value, such as horizon=2040",
    "=5": "expected key.path=value, such as horizon=2040",
    "extends=x.yaml": "expected key.path=value, such as horizon=2040",
    "a..b=5": "expected key.path=value, such as horizon=2040",
    "investments.BB-2.amount=6": "investments.BB-2: no such investment; did you mean B-2? Accepted: A-1, B-2",
    "investments.B-2.amont=6": "investments.B-2.amont: unknown key; did you mean amount? Accepted: id, company",
    "investments.B-2.amount=5.8bn": 'investments.B-2.amount: got text "5.8bn", expected a number or a distribution: '
    "stated size in bn USD, 0 or more; write 5.8, the unit is bn USD",
    "investments.B-2.production_start=2024": "investments.B-2.production_start: got 2024, expected a date not before "
    "announced, which is 2025",
    "title=[unclosed": "the list opened in line 1 is not closed",
    "title=Sums: a + b": "title: got a mapping with Sums, expected one line of 1 to 120 characters",
    "title=!!python/name:os.system x": "got the tag !!python/name:os.system, expected a value without tags",
    "localization.sectors.auto.path=hold": "localization.sectors.auto: unknown sector; did you mean autos?",
}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", REFUSED)
def test_a_wrong_override_is_named(text: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("base.yaml", [text])
    assert str(caught.value).startswith(f"-s {text}: {REFUSED[text]}")
    assert len(caught.value.problems) == 1


@pytest.mark.usefixtures("folder")
def test_problems_of_all_overrides_come_together() -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario("base.yaml", ["horizon", "investments.C-3.amount=6", "title=[a"])
    assert len(caught.value.problems) == 3


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("{BB-2: {probability: 0.8}}", "; a new one needs company, project, sector, kind, amount, announced too"),
        (
            "[{id: BB-2, probability: 0.8, amount: 3}]",
            "; a new one needs company, project, sector, kind, announced too",
        ),
        ("{BB-2: null}", ""),
    ],
)
def test_a_mistyped_id_is_one_problem_with_the_id_that_was_meant(text: str, ending: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(layer(f"name: top\ninvestments: {text}"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.path) == ("top.yaml", 3, "investments.BB-2")
    assert problem.message == f"no investment BB-2 below; did you mean B-2? Accepted: A-1, B-2{ending}"


@pytest.mark.usefixtures("folder")
def test_words_for_sectors_are_words_for_nothing_else() -> None:
    """A tariff of the id `autos` was meant by nobody who wrote `cars`."""
    duty = "tariffs: [{id: autos, sectors: autos, rate: 0.2, from: 2027Q1}]"
    with pytest.raises(ScenarioError) as caught:
        load_scenario(layer(f"name: top\n{duty}"), ["tariffs.cars.rate=0.3"])
    (problem,) = caught.value.problems
    assert problem.message.endswith("accepted: autos")
    assert "did you mean" not in problem.message


@pytest.mark.usefixtures("folder")
def test_a_new_entry_that_lacks_one_key_is_told_which() -> None:
    plant = "{project: p, sector: autos, kind: greenfield, amount: 5, announced: 2025, production_start: 2028Q1}"
    with pytest.raises(ScenarioError) as caught:
        load_scenario(layer(f"name: top\ninvestments: {{C-3: {plant}}}"))
    (problem,) = caught.value.problems
    assert (problem.path, problem.message[:11]) == ("investments.C-3.company", "missing key")


@pytest.mark.usefixtures("folder")
def test_a_mistyped_id_is_told_where_a_file_lies_between() -> None:
    write("middle.yaml", "extends: base.yaml\nname: middle\ninvestments: {B-3: {probability: 0.8}}")
    write("top.yaml", "extends: middle.yaml\nname: top\ninvestments: {B-3: {slip: 1}}")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("top.yaml")
    assert [(problem.file, problem.path) for problem in caught.value.problems] == [("middle.yaml", "investments.B-3")]


@pytest.mark.usefixtures("folder")
def test_a_problem_lies_in_the_layer_that_wrote_the_value() -> None:
    write("middle.yaml", "extends: base.yaml\n\ninvestments: {B-2: {amount: -3}}")
    write("top.yaml", "extends: middle.yaml\nname: Top")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("top.yaml", ["horizon=1990"])
    places = [(problem.file, problem.line, problem.path) for problem in caught.value.problems]
    assert places == [
        ("top.yaml", 2, "name"),
        ("middle.yaml", 3, "investments.B-2.amount"),
        ("-s horizon=1990", 0, "horizon"),
    ]


@pytest.mark.usefixtures("folder")
def test_texts_go_with_the_title_that_another_takes_the_place_of() -> None:
    """A plan of its own title was described as the baseline that it extends: no announcement is added."""
    write("base.yaml", "name: base\ntitle: One\ntitle_ko: 하나\ndescription: D\ndescription_ko: 설명")
    write("own.yaml", "extends: base.yaml\nname: own\ntitle: Two")
    other = load_scenario("own.yaml")
    assert (other.title, other.title_ko, other.description, other.description_ko) == ("Two", "", "", "")
    write("own.yaml", "extends: base.yaml\ndescription: E")
    described = load_scenario("own.yaml")
    assert (described.title_ko, described.description, described.description_ko) == ("하나", "E", "")
    write("own.yaml", "extends: base.yaml\nname: own")
    named = load_scenario("own.yaml")
    assert (named.title, named.title_ko, named.description, named.description_ko) == ("own", "", "", "")
    write("own.yaml", "extends: base.yaml\nname: own\ntitle: Two\ntitle_ko: 둘")
    both = load_scenario("own.yaml")
    assert both.title_ko == "둘"
    assert scenario_digest(other) == scenario_digest(both)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("id", WHOLE)
def test_an_id_may_be_a_word_of_a_distribution(id: str) -> None:
    """With a plant called `pool` in it, a file lost all plants of the file that it extends."""
    plant = (
        "company: G, project: p, sector: steel, kind: greenfield, amount: 2, announced: 2025, production_start: 2029"
    )
    path = layer(f"investments: [{{id: {id}, {plant}}}]")
    scenario = load_scenario(path)
    assert [item.id for item in scenario.investments] == ["A-1", "B-2", id]
    changed = load_scenario(path, [f"investments.{id}.amount=3"])
    assert [item.amount for item in changed.investments] == [
        *(item.amount for item in scenario.investments[:2]),
        Constant(3.0),
    ]
    assert changed.overrides == (f"investments.{id}.amount=3",)
    assert [item.id for item in load_scenario(path, [f"investments.{id}=null"]).investments] == ["A-1", "B-2"]
