"""The schema that editors read, the reference made from it, the starter, and the account of a scenario."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from forecast.cli import cli
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.errors import RunError
from forecast.scenario.drivers import DRIVER_FORMS
from forecast.scenario.entity import keys
from forecast.scenario.investments import Investment
from forecast.scenario.json_schema import reference
from forecast.scenario.localization import FORMS
from forecast.scenario.mixture import ScenarioMixture
from forecast.scenario.scenario import Branch, Scenario
from forecast.stats.distributions import NAMED
from forecast.storage.documents import SCHEMA_NAME, read_document, shipped_folder

ROOT = Path(__file__).parents[2]
HEADER = f"# yaml-language-server: $schema={SCHEMA_NAME}\n"
SHIPPED = sorted(shipped_folder().glob("*.yaml"))
SCHEMA = json.loads((shipped_folder() / SCHEMA_NAME).read_text("utf-8"))


def forecast(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_the_published_schema_is_current() -> None:
    """Made anew by `forecast schema --out scenarios/scenario.schema.json`."""
    assert forecast("schema").stdout == (shipped_folder() / SCHEMA_NAME).read_text("utf-8")


def test_the_reference_is_current() -> None:
    """Made anew by `forecast schema --markdown --out docs/reference.md`."""
    assert forecast("schema", "--markdown").stdout == (ROOT / "docs" / "reference.md").read_text("utf-8")


def test_the_schema_is_draft_7_and_knows_every_name() -> None:
    Draft7Validator.check_schema(SCHEMA)
    known = SCHEMA["definitions"]
    assert set(SCHEMA["properties"]) == {"extends", *keys(Scenario), *keys(ScenarioMixture)}
    assert set(known["Investment"]["properties"]) == set(keys(Investment))
    assert known["Investment"]["properties"]["sector"]["enum"] == list(SECTORS)
    for sector in SECTORS:
        assert list(known[f"Coefficients of {sector}"]["properties"]) == list(COEFFICIENTS)
    assert set(NAMED) <= forms("distribution")
    assert forms("path") == set(FORMS) | set(DRIVER_FORMS)


def forms(key: str) -> set[str]:
    """Forms of a value that a key tells apart."""
    keyed = (part["properties"].get(key, {}) for part in SCHEMA["definitions"].values() if "properties" in part)
    return {part["const"] for part in keyed if "const" in part}


def test_every_key_has_a_title_and_a_description() -> None:
    for name, part in {"": SCHEMA, **SCHEMA["definitions"]}.items():
        for key, keyed in part.get("properties", {}).items():
            assert keyed.get("title"), (name, key)
            assert keyed.get("description", "").endswith("."), (name, key)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_names_the_schema_and_has_its_shape(path: Path) -> None:
    assert path.read_text("utf-8").startswith(HEADER)
    plain = json.loads(json.dumps(read_document(path, path.name).root.plain()))
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(plain)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x", "horizn": 2040},
        {"horizon": 2040},
        {"name": "x", "horizon": "2040"},
        {"name": "x", "basis": "korea"},
        {"name": "x", "investments": [{"id": "A"}]},
        {"name": "x", "extends": "y.yaml", "investments": [{"id": "A", "sector": "stel"}]},
        {"name": "x", "extends": "y.yaml", "investments": {"A": {"amount": {"distribution": "normal", "mean": 1}}}},
        {"name": "x", "extends": "y.yaml", "investments": {"A": {"announced": "2029-Q1"}}},
        {"name": "x", "overrides": {"sectors": {"steel": {"utilization": 0.7}}}},
        {"name": "x", "localization": {"path": "target", "local": 0.5}},
        {"name": "x", "mixture": [{"scenario": "hyundai"}]},
        {"name": "x", "mixture": [{"scenario": {"name": "y", "horizn": 2030}, "weight": 1}]},
        {"name": "x", "mixture": [{"scenario": "hyundai", "weight": 1}], "horizon": 2030},
        {"name": "x", "localization": {"path": "hold", "sectors": {"cars": {"path": "hold"}}}},
    ],
)
def test_the_schema_refuses(wrong: dict[str, object]) -> None:
    assert not Draft7Validator(SCHEMA).is_valid(wrong)


def test_the_schema_lets_a_layer_change_a_part() -> None:
    window = {"earliest": 2029, "latest": "2030Q1"}
    layer = {
        "extends": "hyundai.yaml",
        "localization": {"sectors": {"steel": {"path": "hold"}}},
        "investments": {"HMG-06": {"amount": {"krw_trillion": 8}, "production_start": window}, "HMG-01": None},
    }
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(layer)] == []


def test_the_schema_takes_a_mixture() -> None:
    weight = {"distribution": "uniform", "low": 1, "high": 2}
    branches = [{"scenario": "hyundai", "weight": 1, "label": "a"}, {"scenario": {"name": "y"}, "weight": weight}]
    mixture = {"name": "x", "title": "X", "sources": ["a"], "mixture": branches}
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(mixture)] == []


def test_the_reference_names_every_key() -> None:
    page = reference()
    files = "extends", *keys(Scenario), *keys(ScenarioMixture), *keys(Branch)
    for key in (*files, *keys(Investment), *COEFFICIENTS, *NAMED, *FORMS):
        assert f"`{key}`" in page


def test_the_schema_is_written_or_the_place_is_named(tmp_path: Path) -> None:
    assert forecast("schema", "--out", str(tmp_path / "own.json")).exit_code == 0
    assert json.loads((tmp_path / "own.json").read_text("utf-8")) == SCHEMA
    assert isinstance(forecast("schema", "--out", str(tmp_path / "none" / "own.json")).exception, RunError)


NEW = [((), "my-scenario.yaml"), (("mill",), "mill.yaml"), (("a/b.yml",), "a/b.yml")]


@pytest.mark.parametrize(("given", "written"), NEW)
def test_a_new_scenario_is_valid_and_named_after_its_file(
    given: tuple[str, ...], written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    assert forecast("new", *given).exit_code == 0
    checked = forecast("validate", written)
    assert (checked.exit_code, checked.stdout) == (0, f"{written}: valid, 1 investment to 2035\n")
    text = (tmp_path / written).read_text("utf-8")
    assert f"\nname: {Path(written).stem}\n" in text
    schema = re.match(r"# yaml-language-server: \$schema=(.+)\n", text)
    assert schema is not None
    assert ((tmp_path / written).parent / schema[1]).resolve() == (shipped_folder() / SCHEMA_NAME).resolve()


def test_the_lines_a_starter_comments_out_are_valid_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    forecast("new", "all")
    lines = (tmp_path / "all.yaml").read_text("utf-8").splitlines()
    keys = [*lines[:6], *(re.sub(r"^(\s*)# (\s*[a-z_]+: )", r"\1\2", line) for line in lines[6:])]
    (tmp_path / "all.yaml").write_text("\n".join(keys), "utf-8")
    assert forecast("validate", "all.yaml").stdout.endswith("all.yaml: valid, 1 investment to 2035\n")
    assert sum(key != line for key, line in zip(keys, lines, strict=True)) >= 8


def test_the_comments_of_a_starter_stand_in_one_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    forecast("new", "all")
    split = [re.match(r"(.*?\S) +# ", line) for line in (tmp_path / "all.yaml").read_text("utf-8").splitlines()]
    ends = [(len(match[1]), match.end() - 2) for match in split if match and not match[1].lstrip().startswith("#")]
    column = ends[0][1]
    assert len(ends) > 5
    assert [end for end in ends if end[1] != max(column, end[0] + 3)] == []


def test_every_heading_of_the_guide_to_scenarios_stands_apart() -> None:
    text = (shipped_folder() / "README.md").read_text("utf-8")
    assert re.findall(r"[^\n]\n(## .*)", text) == []


def test_a_new_scenario_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    forecast("new", "mill")
    done = forecast("run", "mill.yaml", "--draws", "400", "--no-plot")
    assert (done.exit_code, done.stderr) == (0, "")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("mine", "utf-8")
    for given, message in {
        "mine": "mine.yaml: is there already and was left as it is; give another name",
        "No Name": "got 'No Name', expected a name of 1 to 64 lower-case letters",
        "none/x.yaml": "cannot be written",
    }.items():
        assert message in str(forecast("new", given).exception)
    assert (tmp_path / "mine.yaml").read_text("utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


EXPLAINED = [
    r"horizon \| 2036 \| fixed \| -s horizon=2036",
    r"slip \| 2 \| fixed \| -s investments\.HMG-06\.slip=2",
    r"basis \| korea_customs \| fixed \| default",
    r"localization\.path \| fitted \| fitted \| baseline\.yaml:\d+ \(extended\)",
    r"construction_start \| \{earliest: 2025Q2, latest: 2026Q4\} \| judged \| hyundai\.yaml:\d+",
    r"probability \| 0\.\d\d, until its planned start \| fitted \| learned for greenfield, steel",
    r"scale \| kept with chance 0\.\d\d, else times 0\.\d\d to 1\.\d\d \(80 %\) \| fitted \| learned for .*, steel",
    r"output_per_capex \| 0\.60, 80 % 0\.44 to 0\.83 \| judged \| prior, evidence of grade L",
    r"machinery_share \| 0\.65, .* \| fitted \| prior \(evidence of grade M\) met by data",
    r"100 draws: about \d+\.\d s and \d+ MB, in one process\. An estimate from a pilot of 100 draws .*",
]


def test_a_scenario_explained_says_where_each_value_came_from() -> None:
    done = forecast("explain", "hyundai", "-s", "horizon=2036", "-s", "investments.HMG-06.slip=2", "--draws", "100")
    lines = [re.sub(r"\s{2,}", " | ", line.strip()) for line in done.stdout.splitlines()]
    assert [form for form in EXPLAINED if not any(re.fullmatch(form, line) for line in lines)] == []
    written = (shipped_folder() / "hyundai.yaml").read_text("utf-8").splitlines()
    number = next(number for number, line in enumerate(written, 1) if "amount: 5.8" in line)
    assert f"amount | 5.8 | fixed | hyundai.yaml:{number}" in lines


def test_explaining_shows_rates_and_warnings_and_refuses_what_is_wrong() -> None:
    meant = str(Path(__file__).parent / "doubtful" / "meant.yaml")
    said = forecast("explain", meant, "--draws", "100", "-s", "horizon=2035").stdout
    assert "investments.X-1.amount: 2.778 bn USD, at 1,439.8 won per USD, the mean of 2025-04" in said
    assert "warning: -s horizon=2035: horizon: got 2035, the default: it changes nothing" in said
    assert "no such file" in str(forecast("explain", "hyndai.yaml").exception)
    for usage in (["hyundai", "--sector", "autos"], ["-s", "horizon=2036"]):
        assert forecast("explain", *usage).exit_code == 2
