"""What was known on a day: known days, no later number, and the digest that names it."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import DataError
from forecast.observations.annual import annual_trade, record_surplus
from forecast.observations.series import census_flows, census_release, published, quarterly_trade, trade_vintages
from forecast.observations.tables import SHIPPED, TABLES
from forecast.observations.vintage import FIRST_DAY, Vintage, release_of, vintage
from forecast.quarters import format_quarter, parse_quarter

KIET = "2025-04-11"


def edge(known: Vintage) -> tuple[str, int]:
    """Last quarter known, and months known after it."""
    return format_quarter(known.trade.origin), len(known.trade.later_exports)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-07-31", ("2024Q1", 2)),
        ("2025-02-06", ("2024Q3", 2)),
        ("2025-02-07", ("2024Q4", 0)),
        ("2025-04-02", ("2024Q4", 1)),
        (KIET, ("2024Q4", 2)),
        ("2025-11-18", ("2025Q2", 1)),  # August 2025 was held up until 19 November
        ("2025-11-19", ("2025Q2", 2)),
        ("2026-11-24", ("2026Q2", 2)),
    ],
)
def test_last_quarter_and_later_months_of_a_day(day: str, expected: tuple[str, int]) -> None:
    assert edge(vintage(day)) == expected


def test_the_months_after_the_origin_are_those_of_the_day() -> None:
    exports, imports = census_flows()
    january = 12 * 2025 - exports.start
    known = vintage(KIET).trade
    np.testing.assert_array_equal(known.later_exports, exports.values[january : january + 2] / 1e3)
    np.testing.assert_array_equal(known.later_imports, imports.values[january : january + 2] / 1e3)


def test_the_day_of_the_report_knows_its_shares_and_the_day_before_does_not() -> None:
    before, on = ({(s.year, s.party) for s in vintage(day).shares} for day in ("2025-04-10", KIET))
    assert before == {(2022, "korea")}
    assert on - before == {(2020, "local"), (2023, "korea"), (2023, "local"), (2023, "third_country")}


def test_korean_figures_of_the_day() -> None:
    known = vintage(KIET)
    assert known.bridge.years[-4:].tolist() == [2021, 2022, 2023, 2024]
    assert known.bridge.later == ()  # the exports of 2025 were printed in January 2026
    assert known.records == {basis: record_surplus(basis) for basis in ("korea_customs", "us_census")}
    assert vintage("2024-12-31").records["korea_customs"] == (2023, 44.4)  # revised to 44.4243 in February 2025


def test_a_figure_stands_in_the_best_rank_that_was_out() -> None:
    early, late = (
        annual_trade("korea_customs", day=dt.date.fromisoformat(day)) for day in ("2024-03-01", "2024-08-01")
    )
    assert early.balance[-1] == 44.5
    assert late.balance[-1] == 44.4


@pytest.mark.parametrize("day", ["2026-11-24", "2099-01-01"])
def test_a_day_after_all_releases_knows_everything(day: str) -> None:
    assert vintage(day).digest == vintage().digest
    assert vintage(day).records == vintage().records


@pytest.mark.parametrize("day", ["1980-01-01", "2015-04-11", "2024-07-30"])
def test_a_day_on_which_too_little_was_public_is_refused(day: str) -> None:
    with pytest.raises(DataError, match=f"got {day}, expected a day from {FIRST_DAY} on"):
        vintage(day)


def test_the_first_day_is_the_first_that_has_two_years_in_a_row_and_a_share() -> None:
    from forecast.observations.annual import bridge_observations, procurement_shares

    day = dt.date.fromisoformat(FIRST_DAY)
    run = np.diff(bridge_observations(day=day).years)[-1]
    before = np.diff(bridge_observations(day=day - dt.timedelta(1)).years)[-1]
    assert (run, before > 1) == (1, True)
    assert procurement_shares(day=day)


def test_trade_before_the_data_begin_is_refused_with_the_first_day() -> None:
    with pytest.raises(DataError, match="got 1985-03-09, expected a day from 1985-03-10 on"):
        quarterly_trade(day=dt.date(1985, 3, 9))


def test_figures_come_from_the_copy_of_the_time_while_it_stands_for_it() -> None:
    """The copy of March 2023 ends in January 2023; a year later a revision has passed, and present figures stand."""
    copy = next(s for s in trade_vintages() if (s.vintage, s.name) == ("2023-03", "us_imports_from_korea"))
    present = census_flows()[0]
    then, later = (census_flows(day=day)[0] for day in (dt.date(2023, 12, 31), dt.date(2024, 4, 1)))
    year = slice(12 * 2022 - present.start, 12 * 2023 - present.start)
    assert copy.start == present.start == then.start
    np.testing.assert_array_equal(then.values[year], copy.values[year])
    np.testing.assert_array_equal(later.values[year], present.values[year])
    assert np.abs(copy.values[year] / present.values[year] - 1).max() > 0.001
    np.testing.assert_array_equal(then.values[-6:], present.values[: len(then.values)][-6:])


def test_releases_of_the_census_bureau() -> None:
    """FT-900 of February 2025 came out on 3 April 2025, after five weeks less a day; the rule never comes before."""
    assert dt.date(2025, 4, 3) < census_release(12 * 2025 + 1) <= dt.date(2025, 4, 11)
    assert release_of(parse_quarter("2024Q4")) == "2025-02-07"


def test_labels_count_from_the_end_of_their_span() -> None:
    december = 12 * 2024 + 11
    found = {label: published(label, december).isoformat() for label in ("2025", "2025-02", KIET, "not stated")}
    assert found == {"2025": "2025-12-31", "2025-02": "2025-02-28", KIET: KIET, "not stated": "2025-03-31"}


def seen_tables(folder: Path) -> Path:
    for name in TABLES:
        shutil.copy(SHIPPED / f"{name}.csv", folder)
    return folder


def changed_later(folder: Path, day: dt.date, factor: float) -> int:
    """Multiply every figure that was not public by the day; how many there were."""
    later = 0
    for name in ("trade_monthly", "trade_vintages", "trade_annual", "trade_monthly_korea", "procurement_shares"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            if out_by(name, row) > day:
                row["value"], later = str(float(row["value"]) * factor), later + 1
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, TABLES[name].columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return later


def out_by(name: str, row: dict[str, str]) -> dt.date:
    """When a row was public, stated here a second time: months of trade five weeks and three days after their end."""
    year, month = (int(part) for part in row["month"].split("-")) if "month" in row else (int(row["year"]), 12)
    end = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(1)
    if name == "trade_monthly":
        held_up = {(2025, 8): dt.date(2025, 11, 19), (2025, 9): dt.date(2025, 12, 11), (2025, 10): dt.date(2026, 1, 8)}
        return held_up.get((year, month), end + dt.timedelta(38))
    if row["vintage"] == "not stated":
        return end + dt.timedelta(90)
    label = [int(part) for part in row["vintage"].split("-")]
    if len(label) == 3:
        return dt.date(*label)
    year, month = (*label, 12)[:2]
    return dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(1)


@pytest.mark.slow
@given(days=st.integers(0, 820), factor=st.sampled_from([0.0, 0.5, 3.0]))
@settings(max_examples=12, deadline=None)
def test_no_later_figure_reaches_an_earlier_day(
    tmp_path_factory: pytest.TempPathFactory, days: int, factor: float
) -> None:
    day = dt.date.fromisoformat(FIRST_DAY) + dt.timedelta(days)
    folder = seen_tables(tmp_path_factory.mktemp("later"))
    n_later = changed_later(folder, day, factor)
    assert n_later or day >= dt.date(2026, 10, 31)
    found, expected = vintage(day.isoformat(), folder), vintage(day.isoformat())
    assert found.digest == expected.digest
    assert found.records == expected.records


def test_the_digest_notices_every_number_and_no_word() -> None:
    known = vintage(KIET)
    moved = replace(known.trade, later_exports=known.trade.later_exports * 1.01)
    renamed = replace(known.trade, vintage="another copy")
    fewer = replace(known, shares=known.shares[1:])
    assert len({known.digest, replace(known, trade=moved).digest, fewer.digest}) == 3
    assert replace(known, trade=renamed, as_of="2025-04-12").digest == known.digest
    later = vintage("2025-04-12")  # plants were at risk for a day more
    assert replace(later, fates=known.fates).digest == known.digest != later.digest
