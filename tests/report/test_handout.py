"""What `compare` leaves behind: tables that say what the draws say, pictures, a page, in a place that is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import Mock

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from commands import command
from python_calamine import CalamineWorkbook

import forecast
from forecast.analysis.comparison import Comparison
from forecast.report import handout
from forecast.report.run import contribution_table
from forecast.report.sentences import answer

PICTURES = {"difference.png", "densities.png", "ecdfs.png"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("handout")


@pytest.fixture(scope="module")
def done(folder: Path) -> CompletedProcess[str]:
    arguments = [
        "hyundai",
        "hyundai-26bn",
        "--draws",
        "4000",
        "--n-jobs",
        "1",
        "--attribute",
        "--year",
        "2030",
        "--xlsx",
    ]
    return command("compare", *arguments, "--beyond", "1", cwd=folder)


@pytest.fixture(scope="module")
def place(folder: Path, done: CompletedProcess[str]) -> Path:
    assert done.returncode == 0, done.stderr
    (place,) = (folder / "results" / "comparisons").iterdir()
    return place


@pytest.fixture(scope="module")
def compared(place: Path) -> Comparison:
    out = place.parents[1]
    return forecast.compare("hyundai", "hyundai-26bn", forecast.Settings(4_000), beyond=[1.0], out=out)


def test_the_command_says_where_and_leaves_everything_there(place: Path, done: CompletedProcess[str]) -> None:
    assert place.name.startswith("hyundai-hyundai-26bn-")
    assert f"stored in results/comparisons/{place.name}" in " ".join(done.stdout.split())
    tables = {"difference.csv", "channels.csv", "attribution.csv"}
    assert {file.name for file in place.iterdir()} == {
        *tables,
        *PICTURES,
        "waterfall.png",
        "comparison.html",
        "comparison.json",
        "comparison.xlsx",
    }
    said = json.loads((place / "comparison.json").read_text(encoding="utf-8"))
    assert (said["reference"]["scenario"], said["alternative"]["scenario"], said["year"]) == (
        "hyundai",
        "hyundai-26bn",
        2030,
    )


def test_the_command_ends_in_a_sentence_to_quote(done: CompletedProcess[str]) -> None:
    printed = " ".join(done.stdout.split())
    assert "Chance it" in printed
    assert "Because of what: surplus under hyundai-26bn less hyundai in 2030" in printed
    assert "averaged over all orders in which the assumptions may change." in printed
    assert "2 scenarios were simulated for them" in printed
    assert "45 are used under both, with the same numbers; 6 only under hyundai-26bn" in printed
    sentence = printed.split("its own allows. ")[1]
    assert sentence.startswith("Against hyundai (Hyundai Motor Group's 21 bn USD plan of March 2025), hyundai-26bn (")
    assert "together (medians and 80 % intervals); the chance that it raises the surplus of 2030 is" in sentence
    assert sentence.endswith("Korean customs basis, parameters learned from data up to 2026Q2.")


def test_the_table_of_the_difference_says_what_its_draws_say(place: Path, compared: Comparison) -> None:
    draws = np.asarray(compared.alternative.draws["trade_balance"] - compared.reference.draws["trade_balance"], float)
    table = pd.read_csv(place / "difference.csv").set_index(["span", "statistic", "year"])["value"].sort_index()
    years = compared.by_year.years
    np.testing.assert_allclose(table["year", "quantile_0.5"][list(years)], np.median(draws, axis=1), atol=1e-6)
    summed = table["sum from the first year", "mean"][list(years)]
    np.testing.assert_allclose(summed, draws.cumsum(axis=0).mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(table["year", "below_-1"][list(years)], (draws < -1).mean(axis=1))


def test_the_workbook_holds_the_same_numbers(place: Path, done: CompletedProcess[str]) -> None:
    assert f"Stored in results/comparisons/{place.name}/comparison.xlsx" in "".join(done.stdout.split("\n"))
    book = CalamineWorkbook.from_path(str(place / "comparison.xlsx"))
    wanted = ["Answer", "Difference", "Channels", "Because of what"]
    assert book.sheet_names == [*wanted, "Assumptions, reference", "Assumptions, alternative"]
    stored = pd.read_csv(place / "difference.csv").query("span == 'year'")
    stored = stored.pivot(index="year", columns="statistic", values="value")
    shown = pd.DataFrame(book.get_sheet_by_name("Difference").to_python()[2:12])
    np.testing.assert_allclose(shown[1].astype(float), stored["quantile_0.5"], rtol=1e-12)
    np.testing.assert_allclose(shown[7].astype(float), stored["quantile_0.975"], rtol=1e-12)
    parts = pd.read_csv(place / "attribution.csv").query("year == 2030 and statistic == 'mean'")
    cells = book.get_sheet_by_name("Because of what").to_python()
    means = [row[1] for row in cells[2 : 2 + len(parts)]]
    np.testing.assert_allclose(sorted(map(float, means)), sorted(parts["value"]), rtol=1e-6)


def test_the_table_of_the_parts_adds_up_to_the_difference(place: Path, compared: Comparison) -> None:
    table = pd.read_csv(place / "attribution.csv")
    means = table[table["statistic"] == "mean"].pivot_table(index="year", columns="assumption", values="value")
    np.testing.assert_allclose(means.drop(columns="all").sum(axis=1), means["all"], atol=1e-9)
    np.testing.assert_allclose(means["all"], compared.difference.mean("draw"), atol=2e-4)
    whole = table[table["assumption"] == "all"].set_index(["year", "statistic"])["standard_error"]
    told = compared.by_year
    for statistic in ("mean", "quantile_0.1", "below_0"):
        errors = [whole[year, statistic] for year in told.years]
        np.testing.assert_allclose(errors, told.standard_error("rise", statistic), rtol=1e-3, atol=1e-6)


def test_an_effect_is_told_by_its_mean_in_table_and_sentence(compared: Comparison) -> None:
    """Means of the channels add up to it, and those of the years to the last row."""
    run = compared.reference
    means = np.mean(np.asarray(run.draws["effect"], float), axis=1)
    cells = [row.cells[-3].replace("−", "-") for row in contribution_table(run).rows]
    np.testing.assert_allclose([float(cell) for cell in cells], [*means, means.sum()], atol=0.06)
    assert f"by {contribution_table(run).rows[-2].cells[-3]}" in answer(run)


def test_pictures_have_something_on_them(place: Path) -> None:
    for name in (*PICTURES, "waterfall.png"):
        assert matplotlib.image.imread(place / name)[..., :3].std() > 0.05


def test_the_page_holds_the_difference_in_both_languages(place: Path) -> None:
    page = (place / "comparison.html").read_text(encoding="utf-8")
    assert 'lang="ko"' in page
    assert "changes Korea" in page
    assert "Because of what" in page


def test_the_same_comparison_takes_the_same_place_and_another_year_another(
    folder: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands there: page and pictures are left out."""
    monkeypatch.setattr(handout, "write_report", Mock())
    monkeypatch.setattr(handout, "save_comparison", Mock())
    arguments = ["compare", "hyundai", "hyundai-26bn", "--draws", "4000", "--n-jobs", "1"]
    for year in ("2030", "2030", "2028"):
        assert command(*arguments, "--year", year, cwd=folder).returncode == 0
    assert len(list(place.parent.iterdir())) == 3
    assert len(forecast.list_results(place.parents[1])) == 2


def test_what_cannot_be_stored_is_refused_before_the_first_draw(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = command("compare", "baseline", "hyundai", "--draws", "20", "--out", "file", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be written" in done.stderr


def test_pictures_and_tables_of_an_answer_take_one_line(compared: Comparison) -> None:
    for figure in (compared.plot(), compared.densities(2035), compared.ecdfs(), compared.reference.plot()):
        assert figure._repr_png_()[:4] == b"\x89PNG"
    with pytest.raises(forecast.ForecastError, match="got year 2050, expected one from 2026 to 2035"):
        compared.densities(2050)
    for shown in (
        compared,
        compared.reference,
        forecast.load_scenario(Path(__file__).parents[2] / "scenarios/hyundai.yaml"),
    ):
        assert "<table" in shown._repr_html_()
    assert repr(compared) == "<hyundai-26bn less hyundai, 4,000 pairs of draws>"


def test_an_attribution_draws_and_lists_itself() -> None:
    divided = forecast.attribute("localization-frozen", "localization-fast", forecast.Settings(400))
    assert divided.waterfall(2030)._repr_png_()[:4] == b"\x89PNG"
    table = divided.to_frame()
    np.testing.assert_allclose(table.loc[2030, "mean"].drop("all").sum(), divided.difference.mean(axis=1)[4], atol=1e-9)
    assert "<table" in divided._repr_html_()


def test_an_import_of_results_draws_nothing(tmp_path: Path) -> None:
    code = "import sys, forecast.results.results, forecast.analysis.comparison; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0
