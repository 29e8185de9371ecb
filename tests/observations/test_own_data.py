"""Data of a user through the doors of the command line, against the same months shipped.

A copy of the package is cut by its last months, and files of agencies bring them back. Its observations, its runs and
its scores have to be those of the package as it is; `test_refit` has what it learns.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from agency_files import Rows, country_rows, lines, workbook
from commands import command
from cut_package import CutPackage

from forecast.cli import options
from forecast.observations import user_data
from forecast.observations.holdings import period_after
from forecast.observations.tables import read_table
from forecast.observations.user_data import laid_over
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
from forecast.storage.files import file_digest, json_digest

DRAWS = ("--draws", "400", "--n-jobs", "1", "--no-plot")
COMMANDS = (
    ("run", "baseline", *DRAWS),
    ("run", "baseline", "-s", "as_of=2025-04-11", *DRAWS, "--out", "early"),
    ("ledger", "add", "early/baseline"),
    ("ledger", "score"),
)
OWN = ["series", "date", "value", "unit"]
IMPORTS = ["imports_from_us", "2026-08", 8_600, "million USD"]

SEVERAL = """
import json, sys
from forecast.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["forecast", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
"""
KNOWN = """
import json
import re
from forecast.cli import options
from forecast.observations import user_data
from forecast.observations.tables import read_table
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
known = vintage()
arrays = (known.trade.exports, known.trade.imports, known.trade.later_exports, known.trade.later_imports,
          known.completions, known.drivers.levels, known.drivers.edge, known.bridge.us_census,
          known.bridge.korea_customs)
values = [(row["month"], row["series"], row["value"]) for row in read_table("trade_monthly")]
print(json.dumps([known.digest, known.records, [array.tolist() for array in arrays], values]))
"""
LEARNED = """
from dataclasses import replace
from forecast.models.posterior import SHIPPED, current_digests, frozen_posterior, load_posterior, save_posterior
from forecast.models.posterior import user_path
save_posterior(replace(frozen_posterior(SHIPPED), data_digest=current_digests()["data"]), user_path())
print(load_posterior().data_digest == current_digests()["data"])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> CutPackage:
    """The copy with the months added to it."""
    made = CutPackage(tmp_path_factory.mktemp("cut"))
    added = made.forecast("data", "add", *made.agency_files())
    assert added.returncode == 0, added.stderr
    for said in ("country.xlsx (US Census, trade by country): 6 new, 0 revised", "kcs.csv (Korean customs): 6 new"):
        assert said in added.stdout
    assert "Stored as vintage" in added.stdout
    return made


def test_months_added_by_a_file_are_those_shipped(site: CutPackage) -> None:
    known = vintage()
    found = site.run("-c", KNOWN)
    assert found.returncode == 0, found.stderr
    digest, records, arrays, values = json.loads(found.stdout)
    assert digest == known.digest
    assert records == {basis: list(record) for basis, record in known.records.items()}
    trade, drivers, bridge = known.trade, known.drivers, known.bridge
    assert arrays == [
        array.tolist()
        for array in (
            *(trade.exports, trade.imports, trade.later_exports, trade.later_imports),
            *(known.completions, drivers.levels, drivers.edge, bridge.us_census, bridge.korea_customs),
        )
    ]
    assert values == [[row["month"], row["series"], row["value"]] for row in read_table("trade_monthly")]


@pytest.mark.slow
def test_runs_and_scores_are_those_of_the_package_with_the_months_shipped(site: CutPackage, tmp_path: Path) -> None:
    """The shipped posterior fits the months again; a forecast of 2025 is scored up to the quarter that was added."""
    ran = site.run("-c", SEVERAL, json.dumps(COMMANDS))
    assert ran.returncode == 0, ran.stderr
    here = command(*COMMANDS[0], cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert here.returncode == 0, here.stderr
    one, other = (next((folder / "results" / "baseline").glob("*/summary.csv")) for folder in (site.folder, tmp_path))
    assert one.read_bytes() == other.read_bytes()
    trade = vintage().trade
    outcomes = {
        (format_quarter(trade.first_quarter + row), flow): f"{values[row]:.3f}"
        for flow, values in (("exports", trade.exports), ("imports", trade.imports))
        for row in range(len(values))
    }
    with (site.folder / "ledger" / "scores.csv").open(encoding="utf-8", newline="") as file:
        scored = {
            (row["period"], row["series"]): row["outcome"] for row in csv.DictReader(file) if "Q" in row["period"]
        }
    flows = {place: outcome for place, outcome in scored.items() if place in outcomes}
    assert flows == {place: outcomes[place] for place in flows}
    assert {("2026Q2", "exports"), ("2026Q2", "imports")} <= {*flows}


@pytest.mark.slow
def test_a_run_says_in_one_line_what_to_do_until_parameters_know_the_data(site: CutPackage) -> None:
    """A second vintage revises a month; a posterior in the user's place that knows it is found by default."""
    path = lines(site.folder / "own.csv", [OWN, ["us_imports_from_korea", "2026-08", 15_302, "million USD"]])
    run = ("run", "baseline", *DRAWS, "--out", "revised")
    assert site.forecast("data", "add", str(path)).returncode == 0
    names = sorted(place.name for place in (site.folder / "own" / "vintages").iterdir())
    assert [name[10:] for name in names] == ["", "-2"]
    refused = site.forecast(*run)
    assert refused.returncode == 2
    assert refused.stderr == (
        f"error: no stored parameters know your data up to vintage {names[1]}; run `forecast fit` to make a new one, "
        "which takes minutes; `forecast --data-dir FOLDER COMMAND` with an empty FOLDER goes by the shipped data "
        "alone\n"
    )
    assert site.run("-c", LEARNED).stdout == "True\n"


def test_shipped_scenarios_stand_when_the_next_quarter_is_added(tmp_path: Path) -> None:
    """Those that state duties were refused, as the schedule had none of the duties that came in the quarter."""
    figures = {
        ("us_imports_from_korea", "million USD"): {"2026-09": 16_000},
        ("us_exports_to_korea", "million USD"): {"2026-09": 6_500},
        ("us_real_gdp", "billion chained 2017 USD"): {"2026Q3": 24_300},
        ("krw_per_usd", "KRW per USD"): dict.fromkeys(("2026-07", "2026-08", "2026-09"), 1_450),
        ("wti_spot", "USD per barrel"): dict.fromkeys(("2026-08", "2026-09"), 70),
    }
    rows = [[name, date, value, unit] for (name, unit), dated in figures.items() for date, value in dated.items()]
    path = lines(tmp_path / "own.csv", [OWN, *rows])
    scenarios = sorted(str(path) for path in (Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
    added = command("data", "add", str(path), cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert added.returncode == 0, added.stderr
    found = command("validate", *scenarios, cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert (found.returncode, found.stderr) == (0, "")


def test_a_vintage_is_listed_shown_and_removed_the_newest_first(tmp_path: Path) -> None:
    place = {"FORECAST_DATA_DIR": str(tmp_path / "own"), "COLUMNS": "200"}
    for name, value in (("a", 17_600), ("b", 17_700)):
        path = lines(tmp_path / f"{name}.csv", [OWN, ["exports_to_us", "2026-08", value, "million USD"], IMPORTS])
        added = command("data", "add", str(path), cwd=tmp_path, **place)
        assert added.returncode == 0, added.stderr
    assert "17,600  17,700  +0.57 %" in added.stdout
    assert command("data", "add", str(path), cwd=tmp_path, **place).stdout.endswith("nothing was stored.\n")
    names = sorted(folder.name for folder in (tmp_path / "own" / "vintages").iterdir())
    listed = command("data", "list", cwd=tmp_path, **place)
    assert "a.csv (a plain table)" in listed.stdout
    shown = command("data", "show", "exports_to_us", cwd=tmp_path, **place)
    assert "17700" in shown.stdout
    assert "yours" in shown.stdout
    refused = command("data", "remove", names[0], cwd=tmp_path, **place)
    assert refused.stderr.endswith(f"vintages added later were compared with it; remove {names[1]} first\n")
    for name in reversed(names):
        removed = command("data", "remove", name, cwd=tmp_path, **place)
        assert removed.stdout == f"Removed vintage {name}: what it brought no longer counts.\n"
    assert command("data", "remove", names[0], cwd=tmp_path, **place).stderr.endswith("but none is stored\n")
    assert list((tmp_path / "own" / "vintages").iterdir()) == []


def test_a_vintage_that_was_changed_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.csv", [OWN, ["exports_to_us", "2026-08", 17_600, "million USD"], IMPORTS])
    assert command("data", "add", str(path), "--data-dir", str(tmp_path / "own"), cwd=tmp_path).returncode == 0
    (stored,) = (tmp_path / "own" / "vintages").glob("*/trade_monthly_korea.csv")
    stored.write_text(stored.read_text(encoding="utf-8").replace("17600.0", "17601.0"), encoding="utf-8")
    refused = command("data", "--data-dir", str(tmp_path / "own"), cwd=tmp_path)
    assert refused.returncode == 2
    assert "trade_monthly_korea.csv was changed since it was stored" in refused.stderr


ROW = {"month": "2026-07", "series": "a", "value": "1", "vintage": "2026-10"}


def test_rows_take_their_places() -> None:
    held = (ROW, ROW | {"month": "2026-08"}, ROW | {"series": "b"})
    key = ("series", "month")
    september = ROW | {"month": "2026-09", "vintage": "2026-11-05"}
    revised = ROW | {"value": "2", "vintage": "2026-11-05"}
    older = ROW | {"series": "b", "value": "3", "vintage": "2026-10-07"}
    assert laid_over(held, [september, revised, older], key) == (revised, held[1], september, held[2])
    ranked = [row | {"rank": "1"} for row in held]
    first, second = laid_over(ranked, [revised | {"rank": "1"}], (*key, "rank"))[0::2]
    assert (first["value"], first["rank"], second["value"], second["rank"]) == ("1", "2", "2", "1")


def test_what_is_held_is_listed_with_what_is_due_in_both_languages(tmp_path: Path) -> None:
    place = {"FORECAST_DATA_DIR": str(tmp_path / "own"), "COLUMNS": "200"}
    listed, korean = (command("data", "--language", code, cwd=tmp_path, **place) for code in ("en", "ko"))
    assert listed.returncode == 0
    assert "2026-08  2026-09 (2026-11-04)" in listed.stdout
    assert "No data of your own are stored" in listed.stdout
    assert "보유 자료" in korean.stdout
    said = " ".join(korean.stdout.split())
    assert re.findall(r"\w+(?<!아)니다", said) == []  # one register, that of all other answers
    english = [word for word in ("USD", "seasonally", "not stated", "US Census Bureau", "duty over") if word in said]
    assert english == []  # units, bases and agencies were in English beside Korean headings
    unknown = command("data", "show", "exports_to_u", cwd=tmp_path, **place)
    assert unknown.stderr.startswith("error: got series 'exports_to_u', did you mean exports_to_us?")


def test_gaps_are_listed_and_named(tmp_path: Path) -> None:
    """A series with 18 of 43 months missing was listed from its first to its last as if it had all."""
    place = {"FORECAST_DATA_DIR": str(tmp_path / "own"), "COLUMNS": "240"}
    listed = command("data", cwd=tmp_path, **place).stdout.splitlines()
    months = {row["month"] for row in read_table("trade_monthly_korea") if row["series"] == "exports_to_us"}
    every = [f"{year}-{month:02d}" for year in range(2023, 2027) for month in range(1, 13)]
    missing = [month for month in every if min(months) < month < max(months) and month not in months]
    (row,) = [line for line in listed if line.split()[:1] == ["exports_to_us"] and "million" in line]
    assert row.split()[-2:] == [str(len(missing)), "–"]
    (whole,) = [line for line in listed if line.split()[:1] == ["us_imports_from_korea"]]
    assert whole.split()[-2:] == ["–", "–"]
    shown = {
        code: command("data", "show", "exports_to_us", "--language", code, cwd=tmp_path, **place).stdout
        for code in ("en", "ko")
    }
    assert f"No figure of: {missing[0]} to " in shown["en"]
    assert f"수치가 없는 기간: {missing[0]} ~ " in shown["ko"]
    price = command("data", "show", "us_cpi_all_urban", cwd=tmp_path, **place).stdout
    assert "No figure of: 2025-10." in price  # a row says so too, in a table of hundreds


def test_a_month_that_leaves_a_gap_before_it_is_told(tmp_path: Path) -> None:
    """Series of Korean customs may have gaps: a month after one was taken without a word."""
    names, place = ("exports_to_us", "imports_from_us"), {"FORECAST_DATA_DIR": str(tmp_path / "own")}
    last = max(row["month"] for row in read_table("trade_monthly_korea") if row["series"] == names[0])
    between, end = period_after(last, 1), period_after(last, 2)
    values = dict(zip(names, (18_000, 8_600), strict=True))
    rows = {month: [[name, month, values[name], "million USD"] for name in names] for month in (between, end)}

    def said(months: list[str], language: str = "en") -> list[str]:
        path = lines(tmp_path / "own.csv", [OWN, *(row for month in months for row in rows[month])])
        done = command("data", "add", str(path), "--dry-run", "--language", language, cwd=tmp_path, **place)
        assert done.returncode == 0
        return [line for line in done.stderr.splitlines() if between in line]

    assert said([between, end]) == []
    assert said([end]) == [
        f"warning: own.csv: got {name} of {end} without {between}, the last held being that of {last}: "
        "a gap stays until it is filled"
        for name in names
    ]
    assert said([end], "ko") == [
        f"경고: own.csv: {name}의 {end} 값이 있으나 {between} 값이 없다(마지막 보유 시점 {last}). "
        "이를 추가하기 전까지 빈 기간으로 남는다."
        for name in names
    ]


def test_months_without_a_code_of_memory_are_named(tmp_path: Path) -> None:
    """They were taken without a word, and memory ended before them."""
    drives = "exports_to_us_hs8523511000_solid_state_drives"
    modules = "exports_to_us_hs8473304060_dram_modules"
    rows = [
        ["exports_to_us_hs8703_cars", "2026-08", 2_500_000_000, "USD"],
        [drives, "2026-09", 2_600_000_000, "USD"],
    ]
    last = max(
        row["value"] for row in read_table("items_monthly") if row["month"] == "2026-08" and row["series"] == modules
    )
    path = lines(tmp_path / "items.csv", [OWN, *rows])
    whole = lines(tmp_path / "whole.csv", [OWN, *rows, [modules, "2026-09", last, "USD"]])
    place = {"FORECAST_DATA_DIR": str(tmp_path / "own")}
    done = command("data", "add", str(path), "--dry-run", cwd=tmp_path, **place)
    every = "8473304060, 8523511000"
    assert done.returncode == 0
    assert done.stderr == (
        "warning: items.csv: got 2026-09 without HS 8473304060: memory is counted in months that have all of "
        f"{every}, and in none of these until they are added\n"
    )
    assert command("data", "add", str(whole), "--dry-run", cwd=tmp_path, **place).stderr == ""
    korean = command("data", "add", str(path), "--dry-run", "--language", "ko", cwd=tmp_path, **place).stderr
    assert korean.startswith("경고: items.csv: 2026-09 자료에 HS 8473304060 수치가 없다.")


def test_a_short_series_has_a_record_too(tmp_path: Path) -> None:
    """A leap beyond any on record was remarked on in US Census trade alone, which has 500 months."""
    rows = [["exports_to_us", "2026-08", 28_000, "million USD"], ["imports_from_us", "2026-08", 7_000, "million USD"]]
    path = lines(tmp_path / "own.csv", [OWN, *rows])
    done = command("data", "add", str(path), "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert done.returncode == 0
    assert "exports_to_us of 2026-08, +" in done.stderr
    assert "more than in any period held" in done.stderr


def test_the_option_and_the_variable_name_one_place() -> None:
    assert options._DATA_DIR == user_data.ENVIRONMENT


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('us_imports_from_korea,2026-05,"133,0",million USD', "C2: got '133,0', expected a number"),
        ("us_imports_from_korea;2026-05;13301,5;million USD", "C2: got '13301,5', expected a number"),
        ('us_exports_to_korea,2026-05,"83,79",million USD', "C2: got '83,79', expected a number"),
        ("us_imports_from_korea,2026-05,0,million USD", "C2: got 0 for us_imports_from_korea of 2026-05, held 13,301"),
        (
            "us_imports_from_korea,2026-07,16704,million USD\nus_imports_from_korea,2026-08,-15202,million USD",
            "C3: got -15,202 for us_imports_from_korea of 2026-08, held 15,202 of 2026-08; expected a number above 0",
        ),
        ("us_real_gdp,2026Q3,2439.05,billion chained 2017 USD", "0.1 times as much; expected billion chained 2017 USD"),
    ],
)
def test_what_looks_like_a_figure_and_is_none_is_refused(rows: str, said: str, tmp_path: Path) -> None:
    """A decimal comma was dropped, so that 133,0 were 1,330; a month of nothing was a revision by −100 %."""
    delimiter = ";" if ";" in rows else ","
    header = delimiter.join(("series", "date", "value", "unit"))
    (tmp_path / "a.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")
    done = command("data", "add", "a.csv", "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "data"))
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            {
                "exports_to_us": ("2026-08", 17_000),
                "imports_from_us": ("2026-08", 8_000),
                "balance_with_us": ("2026-08", 8_900),
            },
            "C4: got 8,900 for balance_with_us of 2026-08, expected 9,000, exports less imports",
        ),
        (
            {"balance_with_us": ("2026-07", -8_506.856)},
            "got -8,506.856 for balance_with_us of 2026-07, expected 8,506.856, exports less imports",
        ),
        (
            {"us_imports_from_korea": ("2026-09", 7_000), "us_exports_to_korea": ("2026-09", 15_000)},
            "C2: got 7,000 for us_imports_from_korea and 15,000 for us_exports_to_korea of 2026-09, held 15,202",
        ),
        (
            {"us_imports_from_korea": ("2026-08", 24_000)},
            "us_imports_from_korea of 2026-08, held 15,202; expected a revision of less than a quarter",
        ),
        (
            {"exports_to_us": ("2026-08", 17_600)},
            "C2: got exports_to_us of 2026-08 without imports_from_us, expected both flows of a period",
        ),
        (
            {"balance_with_us": ("2026-08", 9_000)},
            "C2: got balance_with_us of 2026-08 without exports_to_us and imports_from_us, expected both flows",
        ),
    ],
    ids=["balance", "sign", "swapped", "revision", "one flow", "balance alone"],
)
def test_figures_that_cannot_go_together_are_refused(
    rows: dict[str, tuple[str, float]], said: str, tmp_path: Path
) -> None:
    months = {"us_imports_from_korea": {"2026-07": 16_704}}  # more than one figure, of which the middle is in the unit
    table = [[name, date, value, "million USD"] for name, (date, value) in rows.items()]
    table += [[name, date, value, "million USD"] for name, held in months.items() for date, value in held.items()]
    path = lines(tmp_path / "own.csv", [OWN, *table])
    done = command("data", "add", str(path), "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert done.returncode == 2
    assert said in done.stderr


def test_both_korean_flows_may_come_in_files_of_their_own(tmp_path: Path) -> None:
    flows = {"exports_to_us": 17_600, "imports_from_us": 8_600}
    files = [
        str(lines(tmp_path / f"{name}.csv", [OWN, [name, "2026-08", value, "million USD"]]))
        for name, value in flows.items()
    ]
    done = command("data", "add", *files, "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("level", "remarked"), [(26_455, True), (25_000, False), (22_200, True), (22_500, False)])
def test_a_step_beyond_any_on_record_is_remarked_on(level: float, remarked: bool, tmp_path: Path) -> None:
    """GDP of 9 % more in a quarter was taken without a word; the largest on record is 7.9 % less."""
    path = lines(tmp_path / "own.csv", [OWN, ["us_real_gdp", "2026Q3", level, "billion chained 2017 USD"]])
    done = command("data", "add", str(path), "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert done.returncode == 0
    assert ("on 2026Q2, more than in any period held (−7.9 % in 2020Q2)" in done.stderr) == remarked
    assert bool(done.stderr) == remarked


def test_a_first_deficit_is_taken(tmp_path: Path) -> None:
    rows = {"exports_to_us": 9_000, "imports_from_us": 9_500, "balance_with_us": -500}
    path = lines(
        tmp_path / "own.csv", [OWN, *([name, "2026-08", value, "million USD"] for name, value in rows.items())]
    )
    done = command("data", "add", str(path), "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "own"))
    assert done.returncode == 0
    unusual = "got 9,000 for exports_to_us of 2026-08, −48.5 % on 2026-07, more than in any period held"
    assert [line.split(" (")[0] for line in done.stderr.splitlines()] == [f"warning: own.csv: C2: {unusual}"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_plain_table_is_read_whatever_stands_between_its_cells(delimiter: str, tmp_path: Path) -> None:
    rows = "series,date,value,unit\nus_imports_from_korea,2026-05,13.301,bn USD\n".replace(",", delimiter)
    (tmp_path / "a.csv").write_text(rows, encoding="utf-8")
    done = command("data", "add", "a.csv", "--dry-run", cwd=tmp_path, FORECAST_DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 new, 0 revised, 1 unchanged" in done.stdout


def test_one_refused_cell_stores_nothing_of_any_file(tmp_path: Path) -> None:
    sound = lines(tmp_path / "a.csv", [OWN, ["exports_to_us", "2026-08", 17.6, "billion USD"], IMPORTS])
    broken = lines(tmp_path / "b.csv", [OWN, ["exports_to_us", "2026-08", "?", "USD"]])
    place = tmp_path / "own"
    refused = command("data", "add", str(sound), str(broken), "--data-dir", str(place), cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr == "error: b.csv: C2: got '?', expected a number\nnothing was stored\n"
    assert "a.csv (a plain table): 2 new" in refused.stdout
    assert not place.exists()
    late = command("data", "add", str(sound), "--published", "2099-01-01", cwd=tmp_path)
    assert (late.returncode, "expected a day up to today" in late.stderr) == (2, True)


def twice(rows: Rows) -> None:
    rows.append(rows[-1])


def moved(rows: Rows) -> None:
    rows[0][3], rows[0][4] = rows[0][4], rows[0][3]


def in_thousands(rows: Rows) -> None:
    rows[-1][3:] = [1000 * value for value in rows[-1][3:] if isinstance(value, float)]


@pytest.mark.parametrize(
    ("change", "cell", "reason"),
    [
        (moved, "country!D1", "got 'IFEB', expected 'IJAN': the layout has changed"),
        (in_thousands, "country!D4", "11,642 million USD are held: about 1,000 times as much; expected million USD"),
        (twice, "country!A5", "got 2026 as in row 4, expected each year once"),
    ],
)
def test_a_file_that_is_not_what_it_seems_is_refused_at_the_door(
    change: Callable[[Rows], None], cell: str, reason: str, tmp_path: Path
) -> None:
    """Beside a sound file, of which nothing is stored either."""
    rows = country_rows(2026)
    change(rows)
    sound = lines(tmp_path / "a.csv", [OWN, ["exports_to_us", "2026-08", 17.6, "billion USD"], IMPORTS])
    broken = workbook(tmp_path / "country.xlsx", rows, "country")
    refuse(tmp_path, [sound, broken], f"error: country.xlsx: {cell}: ", reason)


def test_an_error_page_is_refused_at_the_door(tmp_path: Path) -> None:
    page = tmp_path / "country.xlsx"
    page.write_text("<html><head><title>503 Service Unavailable</title></head></html>", encoding="utf-8")
    refuse(tmp_path, [page], "error: country.xlsx: a web page in place of a table", "(503 Service Unavailable)")


def refuse(folder: Path, files: list[Path], begins: str, reason: str) -> None:
    done = command("data", "add", *map(str, files), "--data-dir", str(folder / "own"), cwd=folder)
    first, *_, last = done.stderr.splitlines()
    assert done.returncode == 2
    assert first.startswith(begins)
    assert reason in first
    assert last == "nothing was stored"
    assert not (folder / "own").exists()


@pytest.mark.parametrize("file", ["taken", "none"])
def test_a_place_that_cannot_be_written_is_named(file: str, tmp_path: Path) -> None:
    if file == "none":
        place = "/proc/nowhere"
    else:
        (tmp_path / file).write_text("")
        place = str(tmp_path / file / "below")
    sound = lines(tmp_path / "a.csv", [OWN, ["exports_to_us", "2026-08", 17.6, "billion USD"], IMPORTS])
    refused = command("data", "add", str(sound), "--data-dir", place, cwd=tmp_path)
    assert refused.returncode == 2
    assert "cannot be written" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"published": 5},
        {"published": ["2026-11-05"]},
        {"published": "x"},
        {"files": [{"name": ["[/]"], "format": "plain", "sha256": "0"}]},
        {"files": [{"name": 5, "format": "plain", "sha256": "0"}]},
    ],
)
def test_a_vintage_forged_with_its_digest_is_one_line(change: dict[str, object], tmp_path: Path) -> None:
    path = lines(tmp_path / "a.csv", [OWN, ["exports_to_us", "2026-08", 17_600, "million USD"], IMPORTS])
    assert command("data", "add", str(path), "--data-dir", str(tmp_path / "own"), cwd=tmp_path).returncode == 0
    (head,) = (tmp_path / "own" / "vintages").glob("*/vintage.json")
    told = {key: value for key, value in json.loads(head.read_text()).items() if key != "content"} | change
    head.write_text(json.dumps(told | {"content": json_digest(told)}))
    for arguments in (("data", "list"), ("run", "baseline", "--draws", "400", "--no-plot")):
        refused = command("--data-dir", str(tmp_path / "own"), *arguments, cwd=tmp_path)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
        assert f"{head.parent}: cannot be read as a vintage of data" in refused.stderr


def test_a_month_forged_with_its_digests_is_one_line(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.csv", [OWN, ["exports_to_us", "2026-08", 17_600, "million USD"], IMPORTS])
    assert command("data", "add", str(path), "--data-dir", str(tmp_path / "own"), cwd=tmp_path).returncode == 0
    (head,) = (tmp_path / "own" / "vintages").glob("*/vintage.json")
    table = head.with_name("trade_monthly_korea.csv")
    table.write_text(table.read_text("utf-8").replace("2026-08", "9999-99", 1), "utf-8")
    told = {key: value for key, value in json.loads(head.read_text()).items() if key != "content"}
    told["tables"] = {table.stem: file_digest(table)}
    head.write_text(json.dumps(told | {"content": json_digest(told)}))
    refused = command("--data-dir", str(tmp_path / "own"), "data", "list", cwd=tmp_path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "trade_monthly_korea.csv: got '9999-99' for month" in refused.stderr
