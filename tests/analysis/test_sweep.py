"""A sweep: every cell the run of its overrides, with the luck of the scenario as stated; found again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from commands import command

from forecast.analysis.sweep import grid, listed_cells
from forecast.engine.run_plan import RunPlan
from forecast.engine.simulate import Settings, simulate
from forecast.errors import RunError
from forecast.results.archive import list_results
from forecast.stats.summary import StreamingSummary

QUICK = ("--year", "2027", "--draws", "400", "--n-jobs", "1", "--no-plot")
AMOUNT, RATE = "investments.HMG-06.amount", "overrides.sectors.autos.displacement_rate"


def test_values_are_parted_by_commas_outside_brackets() -> None:
    design = grid(["a=1, 2", "b={uniform: [1, 2]},'x, y'"])
    assert design.keys == ("a", "b")
    assert design.cells == (
        ("1", "{uniform: [1, 2]}"),
        ("1", "'x, y'"),
        ("2", "{uniform: [1, 2]}"),
        ("2", "'x, y'"),
    )
    assert design.overrides(design.cells[0]) == ["a=1", "b={uniform: [1, 2]}"]


@pytest.mark.parametrize(
    ("axes", "named"),
    [
        (["a"], "got a, expected KEY.PATH=VALUE,VALUE…"),
        (["a=1,,2"], "expected KEY.PATH=VALUE"),
        (["a=1", "a=2"], "got a twice"),
        (["name=one,two"], "-s: got name, but no number hangs on a name; expected a key that changes one"),
        (["investments.HMG-06.project=A,B"], "got investments.HMG-06.project, but no number hangs on a project"),
        (
            [f"a={','.join(map(str, range(30)))}", f"b={','.join(map(str, range(30)))}"],
            "got 900 cells, expected at most",
        ),
    ],
)
def test_what_is_no_grid_is_refused(axes: list[str], named: str) -> None:
    with pytest.raises(RunError, match=named):
        grid(axes)


def test_a_list_is_read_as_a_spreadsheet_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "cells.csv"
    for delimiter, encoding in ((",", "utf-8-sig"), (";", "utf-8"), ("\t", "cp949")):
        path.write_text(f"a{delimiter}b\r\n1{delimiter}2\r\n{delimiter}\r\n", encoding=encoding)
        assert (listed_cells(path).keys, listed_cells(path).cells) == (("a", "b"), (("1", "2"),))


def test_a_list_names_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "cells.csv"
    path.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    assert listed_cells(path).cells == (("1", "2"), ("3", "4"))
    for text, named in (("a,b\n", "got no cells"), ("a,b\n1,\n", r"cells\.csv:2: got no value for b")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RunError, match=named):
            listed_cells(path)
    with pytest.raises(RunError, match=r"none\.csv: cannot be read"):
        listed_cells(tmp_path / "none.csv")


def test_cells_are_runs_paired_with_the_scenario_as_stated(tmp_path: Path) -> None:
    axes = ("-s", f"{AMOUNT}=3,5.5", "-s", f"{RATE}=0.1,0.4")
    options = ("sweep", "hyundai", "--year", "2030", "--draws", "400", "--n-jobs", "1")
    done = command(*options, *axes, cwd=tmp_path, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    outcome = "the effect of the announcements on Korea's goods surplus with the US in 2030"
    assert f"Of 4 cells the mean of {outcome} is lowest at" in " ".join(done.stdout.split())
    runs = {tuple(run.overrides): run for run in list_results(tmp_path / "results")}
    assert len(runs) == 5
    (folder,) = (tmp_path / "results" / "hyundai" / "sweeps").iterdir()
    assert (folder / "sweep.png").stat().st_size > 10_000

    stated = runs[()].draws["effect"].sel(year=2030).to_numpy()
    cell = runs[f"{AMOUNT}=5.5", f"{RATE}=0.1"].draws["effect"].sel(year=2030).to_numpy()
    with (folder / "sweep.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row[AMOUNT], row[RATE]) == ("5.5", "0.1")]
    told = {(row["of"], row["statistic"]): float(row["value"]) for row in rows}
    assert told["level", "mean"] == pytest.approx(cell.mean())
    assert told["difference", "mean"] == pytest.approx((cell - stated).mean())
    assert told["difference", "quantile_0.9"] == pytest.approx(np.quantile(cell - stated, 0.9))
    assert told["level", "below_0"] == pytest.approx((cell < 0).mean())

    summary = runs[f"{AMOUNT}=5.5", f"{RATE}=0.1"].statistics
    numbers = {row["statistic"]: (row["value"], row["standard_error"]) for row in rows if row["of"] == "level"}
    assert {"mean", "quantile_0.1", "exceedance_0", "below_0"} < numbers.keys() < summary.statistics.keys()
    for name, (value, error) in numbers.items():
        assert (float(value), float(error)) == summary.estimate("effect", name, summary.years.index(2030)), name

    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "results" / "hyundai").glob("*/manifest.json")}
    again = command(*options, *axes, "--no-plot", cwd=tmp_path, COLUMNS="160")
    assert again.stdout.split("Stored in")[0] == done.stdout.split("Stored in")[0]
    assert made == {path: path.stat().st_mtime_ns for path in made}


def test_the_error_of_a_difference_counts_the_rows_of_the_posterior(tmp_path: Path) -> None:
    """Against a plant that is never built the effect differs by itself, so that both have one error."""
    plant = "{id: A, company: A, project: A, sector: autos, kind: greenfield, amount: 5, probability: 0, "
    plant += "announced: 2026-01, production_start: 2026Q4}"
    (tmp_path / "plant.yaml").write_text(f"name: plant\ninvestments:\n  - {plant}\n", encoding="utf-8")
    words = ("-s", "investments.A.probability=1", "--year", "2030", "--draws", "400", "--n-jobs", "1", "--no-plot")
    done = command("sweep", "plant.yaml", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "results" / "plant" / "sweeps").iterdir()
    with (folder / "sweep.csv").open(encoding="utf-8", newline="") as file:
        errors = {
            (row["cell"], row["of"], row["statistic"]): float(row["standard_error"]) for row in csv.DictReader(file)
        }
    for statistic in ("mean", "quantile_0.1", "quantile_0.5", "exceedance_0", "below_0"):
        assert errors["1", "difference", statistic] == pytest.approx(errors["1", "level", statistic], rel=1e-4)
    assert errors["1", "level", "mean"] > 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "expected what to sweep"),
        (("-s", f"{AMOUNT}=2,99"), f"cell {AMOUNT}=99: "),
        (("-s", f"{AMOUNT}=2", "--of", "effects"), "did you mean effect?"),
        (("-s", f"{AMOUNT}=2", "--of", "tariffs"), "error: --of: got tariffs; accepted: trade_balance, "),
        (("-s", f"{AMOUNT}=2", "--draws", "300000"), "expected at most 200,000: more are not kept to pair"),
        (
            ("-s", "basis=korea_customs,us_census"),
            "on one day and in one book; expected a key of what is assumed, and basis in the scenario file",
        ),
        (("-s", "as_of=2025-04-11"), "error: -s: got as_of, but every cell is paired with the scenario as stated"),
        (("-s", "name=one,two"), "error: -s: got name, but no number hangs on a name; expected a key that changes one"),
        (("-s", f"{AMOUNT}=2,4,2"), f"error: cell {AMOUNT}=2: got the scenario of cell {AMOUNT}=2 again"),
        (
            ("-s", f"{AMOUNT}=2,2.0"),
            f"error: cell {AMOUNT}=2.0: got the scenario of cell {AMOUNT}=2 again, expected another",
        ),
        (("-s", "horizon=2031,2028"), "cell horizon=2028: --year: got 2030, expected one from 2026 to 2028"),
    ],
)
def test_what_cannot_be_swept_is_refused(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    done = command("sweep", "hyundai", "--year", "2030", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert named in done.stderr
    assert not (tmp_path / "results").exists()


def test_cells_that_tell_one_number_have_no_lowest(tmp_path: Path) -> None:
    options = ("--year", "2030", "--draws", "400", "--no-plot")
    done = command("sweep", "hyundai", "-s", "horizon=2031,2032", *options, cwd=tmp_path)
    assert done.returncode == 0
    words = " ".join(done.stdout.split())
    assert "surplus with the US in 2030 is −" in words
    assert "lowest" not in words


@pytest.mark.slow
def test_sweeps_of_other_values_have_folders_of_their_own(tmp_path: Path) -> None:
    drawn = command("sweep", "hyundai", "-s", f"{AMOUNT}=2,4", *QUICK[:-1], cwd=tmp_path)
    (first,) = (tmp_path / "results" / "hyundai" / "sweeps").iterdir()
    table = (first / "sweep.csv").read_bytes()
    others = [
        command("sweep", "hyundai", *words, *QUICK, cwd=tmp_path)
        for words in (("-s", f"{AMOUNT}=3"), ("-s", f"{AMOUNT}=2,4", "--seed", "1"))
    ]
    assert [done.returncode for done in (drawn, *others)] == [0, 0, 0]
    assert (first / "sweep.csv").read_bytes() == table
    files = {folder: {file.name for file in folder.iterdir()} for folder in first.parent.iterdir()}
    assert files.pop(first) == {"sweep.csv", "sweep.png"}
    assert list(files.values()) == [{"sweep.csv"}, {"sweep.csv"}]


def test_a_sweep_that_is_stopped_says_how_much_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = iter(range(3))

    def stopped(plan: RunPlan, settings: Settings) -> StreamingSummary:
        if next(plans) == 2:
            raise KeyboardInterrupt
        return simulate(plan, settings)

    with monkeypatch.context() as patched:
        patched.setattr("forecast.results.run.simulate", stopped)
        done = command("sweep", "hyundai", "-s", "horizon=2032,2033,2034", *QUICK, cwd=tmp_path)
    assert done.returncode == 130
    assert done.stderr.endswith(" are stored; the same command goes on with the 2 of 4 runs that are left\n")
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "results" / "hyundai").glob("*/manifest.json")}
    assert len(made) == 2
    again = command("sweep", "hyundai", "-s", "horizon=2032,2033,2034", *QUICK, cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "2 of 4 runs are stored already.\n")
    assert made == {path: path.stat().st_mtime_ns for path in made}


def test_a_cell_that_is_the_scenario_as_stated_sets_nothing_in_it(tmp_path: Path) -> None:
    done = command("sweep", "hyundai", "-s", "horizon=2034,2035", *QUICK, cwd=tmp_path)
    assert done.returncode == 0
    assert sorted(run.overrides for run in list_results(tmp_path / "results")) == [(), ("horizon=2034",)]


def test_a_damaged_cell_is_made_anew_and_named(tmp_path: Path) -> None:
    words = ("sweep", "hyundai", "-s", "horizon=2034", *QUICK)
    assert command(*words, cwd=tmp_path).stderr == ""
    cell = next(run for run in list_results(tmp_path / "results") if run.overrides)
    with (cell.folder / "summary.csv").open("a", encoding="utf-8") as file:
        file.write("x\n")
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 0
    place = f"results/hyundai/{cell.folder.name}"
    assert done.stderr.startswith(f"warning: {place}: summary.csv was changed since the run was stored; ")
    assert command(*words, cwd=tmp_path).stderr == ""


def test_a_place_that_cannot_take_the_table_is_named_before_the_first_draw(tmp_path: Path) -> None:
    (tmp_path / "results" / "hyundai").mkdir(parents=True)
    (tmp_path / "results" / "hyundai" / "sweeps").write_text("a file", encoding="utf-8")
    done = command("sweep", "hyundai", "-s", "horizon=2034", *QUICK, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: results: cannot be written (Not a directory); choose another folder")
    assert done.stdout == ""
    assert not list(tmp_path.rglob("manifest.json"))
