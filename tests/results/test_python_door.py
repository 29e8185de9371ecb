"""What Python callers get: names that can be found, answers to what was asked, errors that name the cause."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import forecast
from forecast.errors import DamagedRunError, DataError, RunError
from forecast.models.posterior import load_posterior
from forecast.results.results import Results

ROOT = Path(__file__).parents[2]
SETTINGS = forecast.Settings(400)


def made(out: Path, name: str = "hyundai", *overrides: str) -> Results:
    return forecast.run_scenario(forecast.load_scenario(name, overrides), SETTINGS, out=out).results


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made(tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("room", ["forecast", "forecast.plots"])
def test_type_checkers_and_completion_find_every_public_name(room: str) -> None:
    module = __import__(room, fromlist=["__all__"])
    stub = ast.parse((ROOT / Path(*room.split(".")) / "__init__.pyi").read_text(encoding="utf-8"))
    named = {alias.asname for node in ast.walk(stub) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert named - {None, "plots"} == {*module.__all__}
    assert {*module.__all__} <= {*dir(module)}
    assert all(getattr(module, name) is not None for name in module.__all__)
    assert forecast.plots.draw_fan is not None


@pytest.mark.parametrize("series", ["export", "Trade_Balance", "memory", "quarterly_exports"])
def test_a_difference_of_a_series_that_no_run_has_is_refused(run: Results, series: str) -> None:
    """It was zero in every draw."""
    with pytest.raises(RunError, match=f"got series {series}; "):
        forecast.paired_difference(run, run, series)
    with pytest.raises(RunError, match=f"got series {series}; "):
        run.drawn([series], [2030])
    with pytest.raises(RunError, match=f"got series {series}; "):
        run.kept(series)


def test_what_other_runs_have_is_nothing_here(run: Results) -> None:
    """It was told as a damaged run, of which a rerun could not help."""
    assert run.kept("tariffs") is None
    assert not run.drawn(["tariffs"], [2030]).any()
    with pytest.raises(RunError, match="expected a list of series"):
        run.drawn("effect", [2030])
    with pytest.raises(RunError, match="got year 1990, expected one from 2026 to 2035"):
        run.drawn(["effect"], [1990])


def test_a_difference_names_the_book_of_its_series(run: Results) -> None:
    assert forecast.paired_difference(run, run, "us_census_balance").attrs["basis"] == "us_census"
    assert forecast.paired_difference(run, run).attrs["basis"] == "korea_customs"


def test_surpluses_of_two_books_are_not_drawn_on_one_axis(run: Results, tmp_path: Path) -> None:
    census = made(tmp_path, "hyundai", "basis=us_census")
    with pytest.raises(RunError, match="got runs on 2 bases, expected runs of one basis"):
        forecast.surplus_densities({"customs": run, "census": census}, 2030)
    with pytest.raises(RunError, match="got no run"):
        forecast.surplus_densities({}, 2030)


def test_a_scheme_that_there_is_not_is_refused() -> None:
    with pytest.raises(RunError, match='scheme: got text "nonsense"'):
        forecast.induced(2024, load_posterior().groups, "nonsense")  # type: ignore[arg-type]


def test_a_run_seen_from_another_folder_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = made(Path("results"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    with pytest.raises(RunError, match="no such folder, as seen from") as refused:
        _ = results.summary
    assert not isinstance(refused.value, DamagedRunError)


def test_a_run_shows_itself_and_tells_of_draws_that_were_there(tmp_path: Path) -> None:
    class Heard(forecast.Progress):
        found = 0.0

        def resume(self, found: float) -> None:
            self.found += found

    scenario, heard = forecast.load_scenario("hyundai"), Heard()
    first = forecast.run_scenario(scenario, SETTINGS, out=tmp_path)
    again = forecast.run_scenario(scenario, SETTINGS, out=tmp_path, progress=heard)
    assert heard.found == SETTINGS.n_draws
    assert repr(first).startswith("<run with <results of hyundai, 400 draws, ")
    assert repr(again).endswith(", which were there>")
    assert again._repr_html_() == again.results._repr_html_()
    assert np.asarray(again.results.draws["effect"]).any()


def test_what_cannot_be_shown_is_refused_in_words(run: Results) -> None:
    with pytest.raises(DataError, match="n_years: got -1, expected a whole number of at least 1"):
        forecast.history_chart(-1)
    with pytest.raises(RunError, match="block_size: got 0, expected a whole number of at least 1"):
        forecast.difference_table(forecast.paired_difference(run, run), 0)
    with pytest.raises(RunError, match="got hyundai less hyundai, which assume the same"):
        forecast.attribute("hyundai", "hyundai", SETTINGS).waterfall()
