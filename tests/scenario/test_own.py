"""Announcements of a user, and tables of plants: kept, listed, changed, and made into scenarios that run."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from commands import command

from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.scenario.validation import examined

MILL = {
    "--company": "Example Steel", "--project": "Plate mill", "--sector": "steel", "--amount": "1.2",
    "--status": "under construction", "--status-date": "2026-05", "--announced": "2025-06",
    "--production-start": "2029Q1", "--location": "Mobile AL", "--source": "https://example.org/a",
}  # fmt: skip


def words(options: dict[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a user with one announcement."""
    path = tmp_path / "kept" / "mine.csv"
    monkeypatch.setenv("FORECAST_ANNOUNCEMENTS", str(path))
    done = command("announcements", "add", "MY-01", *words(MILL), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_an_announcement_is_kept_listed_and_becomes_a_scenario(own: Path, tmp_path: Path) -> None:
    assert [row["id"] for row in rows(own)] == ["MY-01"]
    listed = command("announcements", "--state", "AL", cwd=tmp_path, COLUMNS="160").stdout
    assert "MY-01 *" in listed
    assert "* your own" in listed
    whole = command("announcements", "MY-01", cwd=tmp_path).stdout
    assert "https://example.org/a" in whole
    done = command("new", "mill", "--from", "MY-01", cwd=tmp_path)
    assert "Written to mill.yaml" in done.stdout
    (plant,) = load_scenario(tmp_path / "mill.yaml").investments
    assert (plant.id, plant.sector, float(plant.amount.ppf(0.5))) == ("MY-01", "steel", 1.2)
    assert float(plant.production_start.ppf(0.5)) == 8116.0
    assert [float(plant.construction_start.ppf(level)) for level in (0.0, 1.0)] == [8101.0, 8105.0]


def test_an_edit_changes_what_it_states_and_remove_brings_the_table_back(own: Path, tmp_path: Path) -> None:
    done = command("announcements", "edit", "MY-01", "--status", "paused", "--note", "halted", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (rows(own)[0]["status"], rows(own)[0]["note"], rows(own)[0]["amount"]) == ("paused", "halted", "1.2")
    given = ["--status", "operating", "--status-date", "2026-09", "--production-start", "2026-08"]
    assert command("announcements", "edit", "SK-07", *given, "--source", "seen", cwd=tmp_path).returncode == 0
    shown = command("announcements", "SK-07", cwd=tmp_path).stdout
    assert "operating (2026-09)" in shown
    assert "3.87 bn USD" in shown
    assert command("new", "hbm", "--from", "SK-07", cwd=tmp_path).returncode == 0
    found = examined(tmp_path / "hbm.yaml", ())
    assert (found.problems, found.remarks) == ((), ())
    (plant,) = load_scenario(tmp_path / "hbm.yaml").investments
    assert float(plant.probability.ppf(0.5)) == 1.0
    assert "purchases_per_output" in plant.coefficients, "what a shipped scenario states of it is kept"
    assert command("announcements", "remove", "SK-07", cwd=tmp_path).returncode == 0
    assert "operating" not in command("announcements", "SK-07", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add", "MY-01", *words(MILL)], "holds already; `forecast announcements edit MY-01` changes it"),
        (["add", "MY-02", *words(MILL | {"--sector": "steal"})], '--sector: got text "steal"; did you mean steel?'),
        (["add", "MY-02", *words(MILL | {"--amount": "2bn"})], '--amount: got text "2bn", expected a number'),
        (["add", "MY-02", *words(MILL | {"--announced": "10/2026"})], '--announced: got text "10/2026", expected'),
        (["add", "MY-02", *words(MILL | {"--status": "built"})], "accepted: announced, under construction, operating"),
        (["add", "MY-02", *words(MILL | {"--construction-start": "2030"})], "--production-start: got 2029Q1, expected"),
        (["add", "a b", *words(MILL)], 'ID: got text "a b", expected 1 to 64 letters'),
        (["add", "MY-02", "--company", "A"], "--source: got nothing, expected where it was read"),
        (["edit", "MY-01"], "got nothing to change of MY-01"),
        (["edit", "MY-1", "--status", "paused"], "did you mean MY-01?"),
        (["remove", "SK-07"], "expected the id of an announcement in"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(
    arguments: list[str], message: str, own: Path, tmp_path: Path
) -> None:
    before = own.read_bytes()
    done = command("announcements", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert own.read_bytes() == before


def test_a_broken_file_is_named_by_line_and_column(own: Path, tmp_path: Path) -> None:
    own.write_text(own.read_text().replace("2029Q1", "spring"), encoding="utf-8")
    done = command("announcements", cwd=tmp_path)
    assert done.returncode == 2
    assert f'{own}:2: production_start: got text "spring", expected' in done.stderr


@pytest.mark.usefixtures("own")
def test_what_was_cancelled_starts_no_scenario(tmp_path: Path) -> None:
    command("announcements", "edit", "MY-01", "--status", "cancelled", cwd=tmp_path)
    done = command("new", "--from", "MY-01", cwd=tmp_path)
    assert done.returncode == 2
    assert "got no plant that has an amount and was not cancelled, of 1 in all" in done.stderr
    assert not (tmp_path / "my-01.yaml").exists()


TRACKER = """\
facility_id,company,technology,project_type,status,capex,announcement_date,online,address
M.B.A_0,BlueOvalSK,Batteries,New,Under Construction,"3,178.799",2021-09-27,,"1 BlueOval, Glendale: KY"
M.B.A_1,BlueOvalSK,Batteries,New,Under Construction,"3,178.799",2021-09-27,,"1 BlueOval, Glendale: KY"
M.B.A_1,BlueOvalSK,Batteries,New,Under Construction,"3,178.799",2021-09-27,,"1 BlueOval, Glendale: KY"
M.B.E_0,Enchem,Batteries,Expansion,Operating,68.3,2020-01-22,,Commerce GA
M.S.Q_0,Qcells,Solar,New,Operating,150,2022-05-26,2023,Dalton GA
M.S.Q_1,Qcells,Solar,New,Announced,,01/11/2023,TBD,Dalton GA
M.S.L_0,LG,Solar,New,Retired,31.6,2018-06-01,,Huntsville AL
M.Z.H_0,Hyundai,Zero Emission Vehicles,New,Announced,300,,2028,Montgomery AL
M.Z.T_0,Tesla,Zero Emission Vehicles,New,Announced,900,2023-01-01,2028,Austin TX
"""
MAPPING: dict[str, Any] = {
    "title": "Plants of a tracker",
    "columns": {
        "id": "facility_id", "company": "company", "project": ["technology", "address"], "sector": "technology",
        "kind": "project_type", "amount": "capex", "announced": "announcement_date", "production_start": "online",
        "status": "status",
    },
    "unit": "million USD",
    "dates": ["%m/%d/%Y"],
    "words": {
        "sector": {"Zero Emission Vehicles": "autos", "Solar": "solar"},
        "kind": {"New": "greenfield"},
        "status": {"Retired": "cancelled"},
    },
    "otherwise": {"status_date": "2024Q4"},
    "keep": {"company": ["BlueOval", "Enchem", "Qcells", "LG", "Hyundai"]},
    "source": "Example Monitor, 2024Q4",
}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    (tmp_path / "tracker.csv").write_text(TRACKER, encoding="utf-8-sig")
    (tmp_path / "map.yaml").write_text(yaml(MAPPING), encoding="utf-8")
    return tmp_path


def yaml(value: Any) -> str:
    """A mapping in YAML, all of it between braces."""
    return json.dumps(value)


def made(tables: Path, *arguments: str) -> Scenario:
    done = command("new", "plants", "--from-table", "tracker.csv", *arguments, cwd=tables)
    assert (done.returncode, done.stderr) == (0, "")
    found = examined(tables / "plants.yaml", ())
    assert found.problems == ()
    assert all("read as its beginning" in remark.message for remark in found.remarks)  # years alone are the tracker's
    return load_scenario(tables / "plants.yaml")


def test_a_table_becomes_a_scenario_by_one_command(tables: Path) -> None:
    scenario = made(tables, "--mapping", "map.yaml")
    plants = {plant.id: plant for plant in scenario.investments}
    assert list(plants) == ["M-B-A_0", "M-B-A_1", "M-B-E_0", "M-S-Q_0", "M-Z-H_0"]
    assert scenario.title == "Plants of a tracker"
    assert float(plants["M-B-A_0"].amount.ppf(0.5)) == pytest.approx(3.178799)
    assert [plants[id].project for id in ("M-B-A_0", "M-B-A_1")] == [
        "Batteries, 1 BlueOval, Glendale: KY",
        "Batteries, 1 BlueOval, Glendale: KY, line 2",
    ]
    assert {plant.sector for plant in scenario.investments} == {"batteries", "solar", "autos"}
    assert plants["M-B-E_0"].kind == "expansion"
    heard = 4 * 2024 + 3
    building = plants["M-B-A_0"]
    assert [float(building.production_start.ppf(level)) for level in (0.0, 1.0)] == [heard + 1, heard + 8]
    assert float(building.construction_start.ppf(1.0)) == heard
    for id in ("M-B-E_0", "M-S-Q_0"):
        assert (float(plants[id].probability.ppf(0.5)), float(plants[id].slip.ppf(0.5))) == (1.0, 0.0)
    assert float(plants["M-B-E_0"].production_start.ppf(1.0)) == heard
    assert float(plants["M-S-Q_0"].production_start.ppf(0.5)) == 4 * 2023
    assert (plants["M-Z-H_0"].announced, plants["M-Z-H_0"].probability) == (heard, None)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("en", ["Left out, 1 the same as a row before: row 4 (as row 3).", "1 without an amount: M-S-Q_1",
                "2 further lines at one site: M-B-A_1 (row 3), M-S-Q_1 (row 7)", "Left out, 1 cancelled: M-S-L_0.",
                "cannot be read count as not stated, 1: “TBD” (production_start, row 7)",
                "Without a date of announcement, 1"]),
        ("ko", ["앞의 행과 같아 제외한 행 1건: 4행(3행과 같음)", "금액이 없어 제외한 사업 1건: M-S-Q_1",
                "취소되어 제외한 사업 1건: M-S-L_0", "plants.yaml에 저장하였다"]),
    ],
)  # fmt: skip
def test_what_is_filled_in_or_left_out_is_said(code: str, said: list[str], tables: Path) -> None:
    arguments = ["new", "plants", "--from-table", "tracker.csv", "--mapping", "map.yaml", "--language", code]
    text = " ".join(command(*arguments, cwd=tables, COLUMNS="400").stdout.split())
    for sentence in said:
        assert sentence in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "million dollars"}, 'unit: got text "million dollars"; accepted: USD, million USD, bn USD'),
        ({"colums": {}}, "colums: unknown key; did you mean columns?"),
        ({"columns": {"company": "company"}}, "columns: nothing for project, expected the heading of it"),
        ({"columns": MAPPING["columns"] | {"amount": "price"}}, "got no column price, expected those of the mapping"),
        ({"words": {"sector": {"Solar": "sun"}}}, "words.sector.Solar: got text"),
        ({"words": {}}, "sector: got Zero Emission Vehicles (1); say what each means under words.sector: autos"),
        ({"keep": {"company": ["Nobody"]}}, "got no row that is kept, of 9 below the headings"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(change: dict[str, Any], message: str, tables: Path) -> None:
    (tables / "map.yaml").write_text(yaml(MAPPING | change), encoding="utf-8")
    done = command("new", "plants", "--from-table", "tracker.csv", "--mapping", "map.yaml", cwd=tables)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tables / "plants.yaml").exists()


PLAIN = "company,project,sector,amount,announced"
PLAIN_MAPPING = {"columns": {name: name for name in PLAIN.split(",")}, "dates": []}


@pytest.mark.parametrize(
    ("table", "amount"),
    [
        (f'{PLAIN}\nA,B,autos,"2,5",2026-10\n', 2.5),
        (f'{PLAIN}\nA,B,autos,"1.234,5",2026-10\n', 1234.5),
        (f'{PLAIN}\nA,B,autos,"1,234.5",2026-10\n', 1234.5),
        (f"{PLAIN}\nA,B,autos,2.5,2026-10\n".replace(",", "\t"), 2.5),
        (f"{PLAIN}\nA,B,autos,2.5,2026-10\n".replace(",", ";").replace(".", ","), 2.5),
        (f"{PLAIN}\n,,,,\n\nA,B,autos,$2.5,2026-10\n,,,,\n", 2.5),
        (f"{PLAIN}\nA,B,autos,\uff12.\uff15,2026-10\n", 2.5),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_a_table_is_read_as_a_spreadsheet_writes_it(
    table: str, amount: float, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a decimal comma taken for one between thousands, 2.5 bn USD were 25."""
    monkeypatch.setenv("FORECAST_ANNOUNCEMENTS", str(tmp_path / "none.csv"))
    (tmp_path / "t.csv").write_text(table.replace("A", "\ud604\ub300"), encoding=encoding)
    (tmp_path / "map.yaml").write_text(yaml(PLAIN_MAPPING), encoding="utf-8")
    done = command("new", "plants", "--from-table", "t.csv", "--mapping", "map.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (plant,) = load_scenario(tmp_path / "plants.yaml").investments
    assert (plant.company, float(plant.amount.ppf(0.5))) == ("\ud604\ub300", amount)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (f"{PLAIN}\nA,B,autos,₩2.5,2026-10\n", 't.csv:2: amount: got text "₩2.5", expected a number'),
        (f"{PLAIN}\nA,B,autos,2_5,2026-10\n", 't.csv:2: amount: got text "2_5", expected a number'),
        (
            f"{PLAIN}\nA,B,autos,1.234,2026-10\n".replace(",", ";"),
            "t.csv:2: amount: got '1.234', which is 1.234 or 1234",
        ),
        (f"{PLAIN},unit\n\nA,B,autos,2.5,2026-10,USD bn\n", "t.csv:3: unit: got USD bn (1); expected one of USD,"),
        (f'{PLAIN}\n"A\nCo",B,autos,2,2026-10\nA,C,autos,2,\n', "t.csv:4: announced: got no date at all for C"),
        (f"{PLAIN}\nA,B,,2.5,2026-10\n", "t.csv:2: sector: got nothing; otherwise.sector may state one"),
        (f"{PLAIN}\nA,B\n", "t.csv:2: got 2 cells, expected 5 as in the first line"),
        ("<html><body>Sign in</body></html>", "t.csv: got a web page in place of a table"),
        ("PK\x03\x04", "t.csv: got a workbook, expected a CSV file; save its sheet as CSV"),
        ("", "t.csv: got an empty file"),
    ],
)
def test_a_table_that_has_no_one_reading_is_refused_by_line(
    table: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_ANNOUNCEMENTS", str(tmp_path / "none.csv"))
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    done = command("new", "plants", "--from-table", "t.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "plants.yaml").exists()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("keep: [A]", "map.yaml:2:1: keep: got a list of 1, expected a mapping"),
        ("unit: {a: b}", "map.yaml:2:1: unit: got a mapping with a, expected a text"),
        ("unit: USD\nunit: bn USD", "map.yaml:3:1: unit: got this key a second time"),
        ("otherwise: [a]", "map.yaml:2:1: otherwise: got a list of 1, expected a mapping"),
        ("otherwise: {stat: a}", "map.yaml:2:13: otherwise.stat: unknown; did you mean status?"),
        ("dates: {a: b}", "map.yaml:2:1: dates: got a mapping with a, expected a text or a list of texts"),
        ('dates: ["%Q"]', 'map.yaml:2:1: dates: got text "%Q", expected a form of dates such as %m/%d/%Y'),
    ],
)
def test_every_key_of_a_mapping_is_checked(keys: str, said: str, tables: Path) -> None:
    """A key that stood twice counted once, `otherwise` in another form not at all; others ended in a traceback."""
    (tables / "map.yaml").write_text(f"columns: {yaml(MAPPING['columns'])}\n{keys}\n", encoding="utf-8")
    done = command("new", "plants", "--from-table", "tracker.csv", "--mapping", "map.yaml", cwd=tables)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_ones_own_file_is_read_as_a_spreadsheet_saves_it(own: Path, tmp_path: Path) -> None:
    text = own.read_text(encoding="utf-8").replace(",", ";").replace("Example", "\ud55c\uad6d")
    own.write_text(text, encoding="cp949")
    assert "\ud55c\uad6d Steel" in command("announcements", "MY-01", cwd=tmp_path).stdout
    own.write_text(text.replace("1.2", "1_2").replace("\n", "\n\n", 1), encoding="utf-8")
    done = command("announcements", cwd=tmp_path)
    assert done.returncode == 2
    assert f'{own}:3: amount: got text "1_2", expected a number' in done.stderr


def test_a_table_with_the_columns_of_ones_own_needs_no_mapping(own: Path, tmp_path: Path) -> None:
    done = command("new", "mine", "--from-table", str(own), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [plant.id for plant in load_scenario(tmp_path / "mine.yaml").investments] == ["MY-01"]


@pytest.mark.usefixtures("own")
def test_a_plant_that_runs_keeps_its_stated_start_and_one_late_gets_another(tmp_path: Path) -> None:
    origin = vintage().trade.origin
    begun = ["--status", "operating", "--status-date", "", "--production-start", format_quarter(origin - 1)]
    command("announcements", "edit", "MY-01", *begun, cwd=tmp_path)
    assert command("new", "runs", "--from", "MY-01", cwd=tmp_path).returncode == 0
    (plant,) = load_scenario(tmp_path / "runs.yaml").investments
    assert float(plant.production_start.ppf(0.5)) == origin - 1
    command("announcements", "edit", "MY-01", "--status", "under construction", cwd=tmp_path)
    said = command("new", "late", "--from", "MY-01", cwd=tmp_path).stdout
    assert f"MY-01 ({format_quarter(origin - 1)})" in said
    (plant,) = load_scenario(tmp_path / "late.yaml").investments
    assert float(plant.production_start.ppf(0.0)) == origin + 1


HEADINGS = (
    "facility_id,company,technology,subcategory,project_type,status_2024q4,estimated_total_capex_m_usd_2023,"
    "announcement_date,state,address"
)
MONITOR = [
    HEADINGS,
    'M.B.A_0,BlueOvalSK (JV),Batteries,"Cells, Modules",New,Under Construction,3178.8,2021-09-27,KY,"Glendale, KY"',
    'M.B.A_2_0,BlueOvalSK (JV),Batteries,"Cells, Modules",New,Under Construction,3178.8,2021-09-27,KY,"Glendale, KY"',
    'M.B.E_0,Enchem America LLC,Batteries,EAM,New,Operating,68.345904,2020-01-22,GA,"648 GA-334, Commerce"',
    "M.S.L_0,LG Electronics USA,Solar,Modules,New,Retired,31.592405,2018-06-01,AL,Huntsville",
    "M.W.C_0,CS Wind,Wind,Towers,Expansion,Announced,,2023-04-04,CO,Pueblo",
]


def test_the_mapping_on_the_page_reads_the_layout_it_is_of_and_the_scenario_runs(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "announcements.md").read_text(encoding="utf-8")
    (mapping,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "monitor.csv").write_text("\n".join(MONITOR), encoding="utf-8")
    done = command("new", "--from-table", "monitor.csv", "--mapping", "map.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    plants = load_scenario(tmp_path / "monitor.yaml").investments
    assert [plant.id for plant in plants] == ["M-B-A_0", "M-B-A_2_0", "M-B-E_0"]
    ran = command("run", "monitor.yaml", "--draws", "400", "--n-jobs", "1", "--no-plot", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "What  do" not in ran.stdout, "a run without policies has no table of them"
