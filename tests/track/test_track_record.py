"""The record: tables keep their contract, the page says what the scores say, pictures hold what they are given."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from forecast.errors import DataError, RunError
from forecast.observations.series import quarterly_trade
from forecast.plots import track as track_plots
from forecast.quarters import parse_quarter
from forecast.report import track as bulletin
from forecast.report.table import markdown
from forecast.report.track import (
    BEGIN,
    END,
    QUANTILES,
    SCORES,
    SUMMARY,
    YEARS,
    answer,
    coverage_table,
    crps_table,
    halves_table,
    years_table,
)
from forecast.track import scores as scoring
from forecast.track.backtest import OURS, Design, Piece, run_backtest, stored_forecasts
from forecast.track.record import (
    QUANTILE_COLUMNS,
    Scores,
    mean_crps,
    mean_pit_range,
    model_name,
    read_scores,
    scored,
    shipped_quantiles,
    strongest,
    write_quantiles,
    write_scores,
)
from forecast.track.references import METHODS, TREATMENTS
from forecast.track.scores import LEVELS, SERIES

SHIPPED = Path(__file__).parents[2] / "docs" / "track-record"
TRADE = quarterly_trade()
DESIGN = Design(horizon=8, n_draws=400)
STARTS = [parse_quarter(text) for text in ("2008Q2", "2012Q4", "2024Q4", "2025Q4")]
PIECES = [Piece("joint_growth", origin) for origin in STARTS]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backtest of the quickest model, and the same files once more under the name of ours."""
    folder = tmp_path_factory.mktemp("backtest")
    run_backtest(TRADE, PIECES, DESIGN, folder)
    for origin in STARTS:
        said = stored_forecasts(Piece("joint_growth", origin), folder)
        (folder / OURS).mkdir(exist_ok=True)
        np.savez(Piece(OURS, origin).path(folder), **{OURS: said["joint_growth"]})
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_scores_are_of_observed_targets_and_survive_the_file(stored: Path, tmp_path: Path) -> None:
    scores = scored(PIECES, stored, TRADE, DESIGN)
    quarters = scores.where(span="quarter", series="balance")
    assert [(quarters.origin == origin).sum() for origin in STARTS] == [8, 8, 6, 2]
    assert len(scores.where(span="year", series="balance").crps) == 2 + 2 + 1 + 0
    write_scores(scores, tmp_path / "scores.csv")
    again = read_scores(tmp_path / "scores.csv")
    for field in fields(Scores):
        found, given = getattr(again, field.name), getattr(scores, field.name)
        if given.dtype.kind == "f":
            np.testing.assert_allclose(found, given, rtol=5e-6)
        else:
            np.testing.assert_array_equal(found, given)


def test_of_a_long_forecast_near_quarters_and_some_years_are_scored(tmp_path: Path) -> None:
    origin, design = parse_quarter("2012Q4"), Design(horizon=40, n_draws=400)
    pieces = [Piece("joint_growth", origin)]
    run_backtest(TRADE, pieces, design, tmp_path)
    scores = scored(pieces, tmp_path, TRADE, design).where(series="balance")
    quarters, years = scores.where(span="quarter"), scores.where(span="year")
    assert quarters.horizon.tolist() == list(range(1, 9))
    assert years.horizon.tolist() == [1, 2, 3, 5, 8]
    eighth = slice(origin - TRADE.first_quarter + 29, origin - TRADE.first_quarter + 33)
    assert years.observed[-1] == pytest.approx((TRADE.exports - TRADE.imports)[eighth].sum())


def test_tables_of_years_and_of_early_and_late_origins_hold_their_means(stored: Path) -> None:
    both = [*PIECES, *(Piece(OURS, origin) for origin in STARTS)]
    scores = scored(both, stored, TRADE, DESIGN)
    years = years_table(scores)
    assert [row.cells[:3] for row in years.rows[:2]] == [("Balance", "1", "3"), ("Balance", "2", "2")]
    assert years.rows[0].cells[-1] == f"{mean_crps(scores.where(1, 1, model=OURS, series='balance', span='year')):.3f}"
    halves = halves_table(scores)
    quarters = scores.where(model=OURS, series="balance", span="quarter")
    late = quarters.after(parse_quarter("2015Q4"))
    assert set(late.origin.tolist()) == set(STARTS[2:])
    early = f"{mean_crps(quarters.until(parse_quarter('2015Q4'))):.3f}"
    assert halves.rows[-1].cells == ("This forecast", early, "1.00", f"{mean_crps(late):.3f}", "1.00")


def test_the_combination_is_scored_where_all_standard_methods_spoke(stored: Path, tmp_path: Path) -> None:
    said = stored_forecasts(Piece("joint_growth", STARTS[0]), stored)
    pieces = [Piece(method, origin) for origin in STARTS[:2] for method in METHODS]
    for number, piece in enumerate(pieces):
        piece.path(tmp_path).parent.mkdir(exist_ok=True)
        moved = {name: said["joint_growth"] + number % len(METHODS) for name in TREATMENTS}
        np.savez(piece.path(tmp_path), **moved)
    scores = scored(pieces, tmp_path, TRADE, DESIGN)
    combined = scores.where(model="combination.logs", series="balance", span="quarter")
    assert len(combined.crps) == 16
    middle = scored([Piece("joint_growth", STARTS[0])], stored, TRADE, DESIGN).where(series="balance", span="quarter")
    shifted = scoring.crps(middle.observed, said["joint_growth"][2, :8] + 1.5)
    np.testing.assert_allclose(combined.until(STARTS[0]).crps, shifted)
    assert combined.after(STARTS[0]).origin.tolist() == [STARTS[1]] * 8


def test_an_origin_where_one_model_failed_is_left_out_for_all(stored: Path) -> None:
    scores = scored([*PIECES, Piece("theta", STARTS[0])], stored, TRADE, DESIGN)
    assert set(scores.origin.tolist()) == set(STARTS[1:])


def test_quantile_tables_keep_their_contract(stored: Path, tmp_path: Path) -> None:
    said = shipped_quantiles([Piece(OURS, origin) for origin in STARTS], stored)
    write_quantiles(tmp_path / QUANTILES, said, "quarter", 8)
    write_quantiles(tmp_path / YEARS, said, "year", 8)
    rows, years = rows_of(tmp_path / QUANTILES), rows_of(tmp_path / YEARS)
    demand_contract(rows, 8)
    demand_contract(years, 2)
    assert [row["target"] for row in years[:: 3 * 99]][:4] == ["2008Q3-2009Q2", "2009Q3-2010Q2", "2013", "2014"]
    first = [float(row["value"]) for row in rows[:99]]
    np.testing.assert_array_equal(first, said[STARTS[0]][0, 0])


def demand_contract(rows: list[dict[str, str]], horizon: int) -> None:
    assert tuple(rows[0]) == QUANTILE_COLUMNS
    n_origins = len({row["origin"] for row in rows})
    assert len(rows) == n_origins * horizon * 3 * 99
    assert {row["series"] for row in rows} == set(SERIES)
    assert {row["basis"] for row in rows} == {"us_census"}
    for start in range(0, len(rows), 99):
        block = rows[start : start + 99]
        assert len({(row["origin"], row["target"], row["horizon"], row["series"]) for row in block}) == 1
        assert [row["quantile"] for row in block] == [f"{level:.2f}" for level in LEVELS]
        assert (np.diff([float(row["value"]) for row in block]) >= 0).all()
    if horizon == 8:
        for row in rows[::99]:
            assert parse_quarter(row["target"]) == parse_quarter(row["origin"]) + int(row["horizon"])


@pytest.mark.slow
def test_publishing_twice_leaves_the_same_bytes_and_keeps_the_words_around(stored: Path, tmp_path: Path) -> None:
    pieces = [Piece(model, origin) for model in (OURS, "joint_growth") for origin in STARTS]
    scores = scored(pieces, stored, TRADE, DESIGN)
    folder = tmp_path / "record"
    bulletin.publish_record(folder, scores, pieces, stored, TRADE, DESIGN)
    page = folder / "README.md"
    page.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n", encoding="utf-8")
    bulletin.publish_record(folder, scores, pieces, stored, TRADE, DESIGN)
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(kept) == {
        "README.md",
        SCORES,
        SUMMARY,
        QUANTILES,
        YEARS,
        "crps.png",
        "coverage.png",
        "pit.png",
        "fans.png",
    }
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before\n")
    assert text.endswith("\nAfter\n")
    assert bulletin.record_section(read_scores(folder / SCORES)) in text
    bulletin.publish_record(folder, scores, pieces, stored, TRADE, DESIGN)
    assert kept == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_page_without_marks_is_left_alone(stored: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine", encoding="utf-8")
    pieces = [Piece(OURS, origin) for origin in STARTS]
    scores = scored(pieces, stored, TRADE, DESIGN)
    with pytest.raises(RunError, match=r"README\.md: got no marks, expected <!-- record -->"):
        bulletin.publish_record(tmp_path, scores, pieces, stored, TRADE, DESIGN)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


def test_a_file_that_holds_no_scores_is_named(tmp_path: Path) -> None:
    (tmp_path / SCORES).write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"scores\.csv: got no table of scores"):
        read_scores(tmp_path / SCORES)


def test_shipped_page_says_what_the_shipped_scores_say() -> None:
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert text.split(f"{BEGIN}\n")[1].split(f"\n{END}")[0] == bulletin.record_section(read_scores(SHIPPED / SCORES))


@pytest.mark.slow
def test_shipped_quantiles_give_the_shipped_scores() -> None:
    rows = rows_of(SHIPPED / QUANTILES)
    demand_contract(rows, 8)
    ours = read_scores(SHIPPED / SCORES).where(model=OURS, span="quarter")
    kept = dict(
        zip(zip(ours.origin.tolist(), ours.horizon.tolist(), ours.series.tolist(), strict=True), ours.crps, strict=True)
    )
    n_scored = 0
    for start in range(0, len(rows), 99):
        origin, series, horizon = (
            parse_quarter(rows[start]["origin"]),
            rows[start]["series"],
            int(rows[start]["horizon"]),
        )
        seen = scoring.outcomes(TRADE, origin, 8)[SERIES.index(series), horizon - 1]
        if np.isfinite(seen):
            values = np.array([[float(row["value"]) for row in rows[start : start + 99]]])
            assert kept[origin, horizon, series] == pytest.approx(scoring.crps(np.array([seen]), values)[0], rel=1e-5)
            n_scored += 1
    assert n_scored == len(kept)


def synthetic() -> Scores:
    """Two models at two origins: ours scores 1, the references 2 (logs) and 1.5 (levels) on every series."""
    models = {OURS: 1.0, "theta.logs": 2.0, "theta.levels": 1.5}
    rows = [
        (model, series, "quarter", origin, horizon, 5.0, value, 0.1, 0.2, 0.3, 0.25)
        for model, value in models.items()
        for series in SERIES
        for origin in (8027, 8029)
        for horizon in range(1, 9)
    ]
    return Scores(*map(np.array, zip(*rows, strict=True)))


def test_tables_take_each_method_in_its_strongest_treatment() -> None:
    scores = synthetic()
    assert strongest(scores, "balance") == (OURS, "theta.levels")
    shown = crps_table(scores, "balance", strongest(scores, "balance"))
    assert [row.cells for row in shown.rows] == [
        ("This forecast", "1.000", "1.000", "1.000", "–", "–", "0.67"),
        ("Theta, levels", "1.500", "1.500", "1.500", "–", "–", "1.00"),
    ]
    assert markdown(shown).splitlines()[1] == "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    assert coverage_table(scores).rows[0].cells == (
        "Balance",
        "1–4",
        "8",
        "100 %",
        "100 %",
        "100 %",
        "0.25 (–)",
    )


def test_the_range_of_a_mean_pit_is_that_of_independent_origins_where_they_are() -> None:
    """Of n uniform numbers, one an origin, the mean has sd 1 / sqrt(12 n); the range itself is known to a tenth."""
    n = 400
    fell = np.random.default_rng(4).uniform(size=n)
    texts = np.full(n, "baseline"), np.full(n, "balance"), np.full(n, "quarter")
    scores = Scores(*texts, np.arange(n), np.ones(n, int), *[np.zeros(n)] * 5, fell)
    low, high = mean_pit_range(scores)
    assert low < fell.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / (12 * n) ** 0.5, rel=5 * (2 * 4 / n) ** 0.5 / 2)


@pytest.mark.parametrize(("n", "known"), [(1, False), (2, False), (7, False), (8, True)])
def test_a_range_from_too_few_origins_is_none(n: int, known: bool) -> None:
    fell = np.linspace(0.2, 0.8, n)
    texts = np.full(n, "baseline"), np.full(n, "balance"), np.full(n, "quarter")
    found = mean_pit_range(Scores(*texts, np.arange(n), np.ones(n, int), *[np.zeros(n)] * 5, fell))
    assert (found is not None) == known


def test_origins_that_fall_together_leave_less_known() -> None:
    n = 400
    fell = np.repeat(np.random.default_rng(4).uniform(size=n // 4), 4)
    texts = np.full(n, "baseline"), np.full(n, "balance"), np.full(n, "quarter")
    low, high = mean_pit_range(Scores(*texts, np.arange(n), np.ones(n, int), *[np.zeros(n)] * 5, fell))
    assert high - low > 1.5 * 2 * 1.96 / (12 * n) ** 0.5


def test_the_answer_is_a_sentence_with_the_best_reference() -> None:
    assert answer(synthetic(), "bn USD").endswith("that is 33 % better than the best reference, Theta, levels.")
    assert "mean CRPS of 1.00 bn USD" in answer(synthetic(), "bn USD")
    alone = synthetic().where(model=OURS)
    assert answer(alone, "bn USD").endswith("of outcomes and the 95 % interval 100 %.")
    assert np.isnan(mean_crps(alone.where(model="theta.logs")))
    assert model_name("seasonal_naive.own") == "Seasonal naive, own series"


def test_pictures_hold_what_they_are_given() -> None:
    ax = Figure().add_subplot()
    assert (
        track_plots.draw_crps(ax, {"forecast": ([1, 2], [0.5, 0.7]), "other": ([1, 2], [0.6, 0.9])}, label="CRPS") is ax
    )
    lines = {line.get_gid(): line.get_ydata().tolist() for line in ax.get_lines()}
    assert (lines["forecast"], lines["other"]) == ([0.5, 0.7], [0.6, 0.9])
    ax = track_plots.draw_pit(Figure().add_subplot(), [1, 3, 4, 2], label="PIT")
    assert [bar.get_height() for bar in ax.patches] == [10, 30, 40, 20]
    ax = track_plots.draw_coverage(Figure().add_subplot(), {"quarters 1–4": ([50, 80], [48, 83])}, label="Inside")
    assert ax.get_lines()[1].get_ydata().tolist() == [48, 83]
