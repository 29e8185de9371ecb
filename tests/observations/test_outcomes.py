"""What had become of the announced plants by a day: each once, and nothing that was not known."""

from __future__ import annotations

import math
from pathlib import Path
from shutil import copytree

import pytest

from forecast.observations.announcements import STATES, Outcome, announcements, outcomes
from forecast.observations.tables import SHIPPED
from forecast.quarters import parse_time


def by_id(as_of: str | None = None) -> dict[str, Outcome]:
    return {outcome.id: outcome for outcome in outcomes(None if as_of is None else parse_time(as_of))}


def test_every_plant_counts_once() -> None:
    found, rows = by_id(), {row.id: row for row in announcements()}
    assert len(found) == len(outcomes())
    assert not {key for key in found if rows[key].kind == "pledge"}
    assert "SK-01" not in found  # superseded by its parts
    assert {"SK-02", "SK-03", "SK-04", "HMG-04", "HMG-06", "HW-04"} <= set(found)  # parts of pledges, or of SK-01
    assert "HMG-07" not in found  # a stake in HMG-06
    assert all(rows[key].announced is not None for key in found)


def test_states_and_exposure_by_hand() -> None:
    found = by_id()
    states = {state: {key for key, outcome in found.items() if outcome.state == state} for state in STATES}
    assert states["cancelled"] == {"LG-06"}
    assert states["paused"] == {"LG-07"}
    assert states["cut"] == {"LG-09"}
    assert states["delayed"] == {"LG-01", "LG-08", "SK-02", "SK-04", "SS-01", "SS-05", "HW-01"}
    assert states["running"] == {"HMG-03", "LG-03", "LG-04", "SK-03", "SK-06", "SS-03", "HW-03"}
    # From 2022-08-18 to 2023-01-20, five months and two days.
    assert found["LG-06"].years_at_risk == pytest.approx(5 / 12, abs=0.01)
    # From the middle of 2022-05 to that of 2024-10, when it started, not to the report of 2025-03.
    assert found["HMG-03"].years_at_risk == pytest.approx(29 / 12)
    # Runs since an unknown day: half of the way from the middle of 2020-05 to the report of 2025-12-11.
    assert found["SK-06"].years_at_risk == pytest.approx(67 / 12 / 2, abs=0.01)
    # The same from 2021-04-16 to the report of 2024-04: that it was halted in 2026 does not undo it.
    assert found["LG-04"].years_at_risk == pytest.approx(3 / 2, abs=0.01)
    # From 2023-10-11 to the second report, of 2026-02-11.
    assert found["SS-04"].years_at_risk == pytest.approx(28 / 12, abs=0.01)
    # Never reported on again.
    assert found["KZ-01"].years_at_risk == 0


def test_delays_are_as_wide_as_the_rounding_of_dates() -> None:
    found = by_id()
    # Planned for 2025-H1, started in 2024-10: at least from the last day of October to the first of January.
    assert found["HMG-03"].delay == pytest.approx((-3.0, -2 / 3))
    # Planned for some day of 2025, started in 2025-08.
    assert found["SK-03"].delay == pytest.approx((-5 / 3, 8 / 3))
    # Planned for 2024, now for early 2027 at the earliest: from the middle of 2024 to the first day of 2027.
    assert found["SS-01"].delay == (10.0, math.inf)
    # Planned for early 2025, started in the last quarter of 2024.
    assert found["SS-03"].delay == (-2.0, 0.0)
    # Planned for early 2027, and still so in 2026-02: it may start any day after that.
    until_then = parse_time("2026-02-11") - parse_time("2027Q1") - 0.5
    assert found["SS-04"].delay == pytest.approx((until_then, math.inf), abs=0.02)
    # No date at all, but a year late at least.
    assert found["SK-04"].delay == (4.0, math.inf)
    # Planned for the second half of 2028 and unchanged.
    assert found["SK-07"].delay is not None
    assert found["SK-07"].delay[0] <= 0


def test_amounts_count_once_they_have_had_time_to_change() -> None:
    found = by_id()
    assert found["SS-01"].revision == pytest.approx(37 / 17)
    assert found["LG-09"].revision == pytest.approx(0.5)
    assert found["LG-04"].revision == 1.0
    assert found["KZ-01"].revision is None  # as old as its only report
    assert found["SK-04"].revision is None  # no amount


def test_only_what_was_known_by_the_day_is_used() -> None:
    then = by_id("2024-07-01")
    assert set(then) < set(by_id())
    assert "CE-02" not in then  # announced in 2025-11
    assert then["SS-05"].state == "open"  # its delay was reported in August
    assert then["SS-05"].revision == 1.0
    assert then["SS-05"].years_at_risk == pytest.approx((parse_time("2024-07-01") - parse_time("2023-06") - 1 / 6) / 4)
    assert then["LG-06"].state == "cancelled"
    assert then["LG-09"].state == "cut"
    assert then["HMG-03"].delay == (parse_time("2024-07-01") - parse_time("2025Q2"), math.inf)
    assert then["SS-01"].delay == (0.0, math.inf)  # planned for 2024, of which half is over


def test_an_event_with_a_date_of_its_own_is_known_before_its_report() -> None:
    assert by_id("2024-10-15")["HMG-03"].state == "open"
    assert by_id("2024-12-01")["HMG-03"].state == "running"  # started in 2024-10, reported in 2025-03


def test_a_state_dated_by_a_year_is_known_when_the_year_is_over() -> None:
    assert by_id("2023-12-31")["LG-09"].state == "open"  # reported in 2023-12, known once the month is over
    assert by_id("2024-01-01")["LG-09"].state == "cut"
    assert by_id("2024-12-01")["HW-03"].state == "open"  # completed in 2024
    assert by_id("2025-01-01")["HW-03"].state == "running"


def test_the_newest_day_of_the_table_knows_all_of_it() -> None:
    assert {key: outcome.state for key, outcome in by_id("2030").items()} == {
        key: outcome.state for key, outcome in by_id().items()
    }
    assert outcomes(parse_time("1999")) == ()


def test_another_folder_is_read(tmp_path: Path) -> None:
    copytree(SHIPPED, tmp_path / "t")
    path = tmp_path / "t" / "announcements.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace(",planned,announced; total", ",cancelled,announced; total")
    )
    found = {outcome.id: outcome.state for outcome in outcomes(folder=tmp_path / "t")}
    assert (found["HY-01"], by_id()["HY-01"].state) == ("cancelled", "open")


def test_later_reports_are_known_from_their_day_on() -> None:
    assert by_id("2026-02-01")["SS-04"].years_at_risk == 0
    assert by_id("2026-02-20")["SS-04"].years_at_risk == pytest.approx(28 / 12, abs=0.01)
    assert by_id("2026-02-20")["SS-01"].delay == (9.5, math.inf)  # the end of 2026, as reported in 2025-09
    assert by_id("2026-04-01")["SS-01"].delay == (10.0, math.inf)
