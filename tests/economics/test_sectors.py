"""Sector beliefs: complete, inside their supports, centred where the evidence is, and of the size aggregates allow."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from forecast.economics.priors import GRADES, Coefficient
from forecast.economics.sectors import (
    CENTRAL,
    CENTRAL_PRIORS,
    COEFFICIENTS,
    SECTORS,
    SECTORS_BY_WORD,
    central_priors,
    data_shares,
    load_sectors,
    prior_levels,
    write_central_priors,
)
from forecast.economics.tariffs import GOODS
from forecast.errors import DataError

DATA = Path(__file__).parents[2] / "forecast" / "data"
LEVELS = (np.arange(2000) + 0.5) / 2000
EVERY = [(sector, name) for sector in SECTORS for name in COEFFICIENTS]

# Centres of the evidence, two digits as published.
CENTRES = {
    "autos": (0.65, None, 1.7, 0.79, 0.33),
    "auto_parts": (0.65, None, None, 0.53, None),
    "batteries": (0.45, 0.90, 1.0, 0.50, None),
    "battery_materials": (0.53, None, None, 0.36, None),
    "semiconductors": (0.83, 0.20, 0.18, 0.14, None),
    "steel": (0.58, None, 0.60, 0.30, None),
    "shipbuilding": (0.46, None, 0.80, 0.27, None),
    "solar": (0.47, None, 0.60, None, None),
    "grid_equipment": (0.43, None, 0.70, 0.35, None),
    "biopharma": (0.53, None, None, 0.22, None),
    "nonferrous_metals": (0.58, None, None, 0.53, None),
    "other": (0.55, None, None, 0.58, 0.30),
}
CENTRED = ("machinery_share", "korean_machinery_share", "output_per_capex", "purchases_per_output", "korean_share")


def belief(sector: str, name: str) -> Coefficient:
    return load_sectors()[sector][name]


def mean(sector: str, name: str) -> float:
    return float(belief(sector, name).distribution.ppf(LEVELS).mean())


def test_every_sector_has_every_coefficient_in_order() -> None:
    assert tuple(load_sectors()) == SECTORS
    assert all(tuple(coefficients) == COEFFICIENTS for coefficients in load_sectors().values())


@pytest.mark.parametrize(("sector", "name"), EVERY)
def test_coefficient_says_what_it_rests_on(sector: str, name: str) -> None:
    coefficient = belief(sector, name)
    assert coefficient.grade in GRADES
    assert coefficient.sources
    assert all(coefficient.sources)
    assert (coefficient.grade == "judgement") == coefficient.note.startswith("Judgement")


@pytest.mark.parametrize(("sector", "name"), EVERY)
def test_distribution_stays_where_the_channels_accept_it(sector: str, name: str) -> None:
    draws = belief(sector, name).distribution.ppf(LEVELS)
    low, high = draws.min(), draws.max()
    assert low >= {"displacement_rate": -1, "price_growth": -0.3}.get(name, 0)
    assert np.all(np.diff(draws) >= 0)
    if "share" in name or name in ("purchases_per_output", "utilisation"):
        assert high <= 1
    if name == "korean_share":
        assert low > 0
        assert belief(sector, name).distribution.ppf(1.0) < 1
    if name.endswith("quarters"):
        assert low >= 1


@pytest.mark.parametrize("sector", SECTORS)
def test_median_is_the_centre_of_the_evidence(sector: str) -> None:
    for name, centre in zip(CENTRED, CENTRES[sector], strict=True):
        if centre is not None:
            assert float(belief(sector, name).distribution.ppf(0.5)) == pytest.approx(centre, abs=0.005)
            assert belief(sector, name).grade != "judgement"


@pytest.mark.parametrize(
    ("sector", "name", "low", "high"),
    [
        ("autos", "construction_quarters", 8, 12),
        ("batteries", "construction_quarters", 9, 16),
        ("semiconductors", "construction_quarters", 8, 13),
        ("steel", "construction_quarters", 4, 12),
        ("solar", "construction_quarters", 5, 15),
        ("grid_equipment", "construction_quarters", 4, 6),
        ("biopharma", "construction_quarters", 8, 20),
        ("battery_materials", "construction_quarters", 9, 12),
        ("nonferrous_metals", "construction_quarters", 8, 12),
        ("autos", "ramp_quarters", 3.3, 6.7),
        ("batteries", "ramp_quarters", 5, 14),
        ("steel", "ramp_quarters", 4, 8),
        ("autos", "korean_share", 0.29, 0.47),
        ("autos", "displacement_rate", 0, 1.42 * 0.86 - 0.03),
        ("batteries", "utilisation", 0.436, 0.877),
    ],
)
def test_support_holds_the_observed_range(sector: str, name: str, low: float, high: float) -> None:
    lowest, highest = belief(sector, name).distribution.ppf([0.0, 1.0])
    assert lowest <= low
    assert high <= highest


def test_unknown_machinery_and_displacement_are_wide() -> None:
    for sector, name in EVERY:
        coefficient = belief(sector, name)
        if name in ("korean_machinery_share", "displacement_rate") and coefficient.grade == "judgement":
            low, high = coefficient.distribution.ppf([0.05, 0.95])
            assert high > 4 * low


def test_plants_may_bring_exports_and_a_duty_never_lowers_what_they_replace() -> None:
    for sector in SECTORS:
        assert belief(sector, "displacement_rate").distribution.ppf(0.0) < 0
        assert belief(sector, "tariff_displacement").distribution.ppf(0.0) >= 0


def test_own_final_goods_are_replaced_more_than_intermediates() -> None:
    final = [mean(sector, "displacement_rate") for sector in ("solar", "grid_equipment", "biopharma")]
    between = [mean(sector, "displacement_rate") for sector in ("auto_parts", "semiconductors", "nonferrous_metals")]
    assert min(final) > 2 * max(between)


def test_prices_of_cars_grow_as_they_did() -> None:
    """93.086 in January 2010, 100.003 ten years later and 122.127 in January 2026."""
    growth = belief("autos", "price_growth").distribution
    assert float(growth.ppf(0.5)) == pytest.approx(np.log(122.127 / 93.086) / 16, abs=5e-4)
    low, high = growth.ppf([0.1, 0.9])
    assert low < np.log(100.003 / 93.086) / 10
    assert high > 0.028 > np.log(122.127 / 93.086) / 16
    assert float(belief("auto_parts", "price_growth").distribution.ppf(0.5)) == pytest.approx(
        np.log(129.299 / 93.622) / 16, abs=5e-4
    )


def sums(sector: str) -> tuple[float, ...]:
    """Machinery, machinery a year, output, purchases from Korea, displaced, returned, net: USD per USD of capex."""
    machinery = mean(sector, "machinery_share") * mean(sector, "korean_machinery_share")
    pace = float((4 / belief(sector, "construction_quarters").distribution.ppf(LEVELS)).mean())
    output = mean(sector, "output_per_capex") * mean(sector, "utilisation")
    rates = (
        mean(sector, "purchases_per_output") * mean(sector, "korean_share"),
        mean(sector, "displacement_rate"),
        mean(sector, "reverse_import_rate"),
    )
    bought, displaced, returned = (output * rate for rate in rates)
    return machinery, machinery * pace, output, bought, displaced, returned, bought - displaced - returned


def test_readme_table_is_what_the_distributions_add_up_to() -> None:
    text = (DATA / "sectors.README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| (\w+) ((?:\| [-+.\d]+ ){7})\|$", text, re.MULTILINE)
    assert [sector for sector, _ in table] == list(SECTORS)
    for sector, cells in table:
        printed = [float(cell) for cell in cells.split("|")[1:]]
        assert printed == pytest.approx(sums(sector), abs=0.0051)


def test_no_sector_is_wildly_above_the_reduced_form() -> None:
    # 0.08 to 0.12 USD of exports a year per USD invested; twice its upper end is the most a sector may give.
    for sector in SECTORS:
        _, machinery_a_year, *_, net = sums(sector)
        assert machinery_a_year < 0.24
        assert net < 0.24


def test_signs_are_those_of_the_literature() -> None:
    assert sums("batteries")[-1] > 0
    assert sums("autos")[-1] < 0
    assert sums("steel")[-1] < 0


@pytest.mark.slow
def test_levels_of_prior_draws_are_standard_normal_and_data_shares_say_what_was_learned() -> None:
    """Half of the levels of one coefficient are moved into half their spread: three quarters of its precision."""
    levels = np.broadcast_to(ndtri(LEVELS)[:, None, None], (2000, len(SECTORS), len(COEFFICIENTS))).copy()
    levels[:, 2, 6] = 0.3 + 0.5 * levels[:, 2, 6]
    rows = np.empty_like(levels)
    for row, column in np.ndindex(rows.shape[1:]):
        rows[:, row, column] = belief(SECTORS[row], COEFFICIENTS[column]).distribution.ppf(ndtr(levels[:, row, column]))
    assert prior_levels(rows) == pytest.approx(levels, abs=1e-5)
    shares = data_shares(rows)
    expected = 1 - levels[:, 0, 0].var()  # 2000 midpoints miss the variance of the normal distribution by little
    assert shares[2, 6] == pytest.approx(1 - 0.25 * (1 - expected), abs=1e-5)
    assert np.delete(shares.ravel(), 2 * len(COEFFICIENTS) + 6) == pytest.approx(expected, abs=1e-5)


def test_levels_of_what_a_prior_cannot_hold_are_finite() -> None:
    """Six standard deviations off at most, where the prior leaves one chance in a thousand million."""
    rows = np.full((2, len(SECTORS), len(COEFFICIENTS)), 1e6)
    rows[1] = -1e6
    levels = prior_levels(rows)
    assert levels[0] == pytest.approx(np.full(levels.shape[1:], 5.99780702), abs=1e-6)
    assert levels[1] == pytest.approx(np.full(levels.shape[1:], -5.99780702), abs=1e-6)


def test_evidence_table_keeps_its_contract() -> None:
    with (DATA / "sector_evidence.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert ",".join(rows[0]) == "sector,coefficient,value,low,high,unit,period,certainty,derived,source"
    assert {row["sector"] for row in rows} == {*SECTORS, "all_manufacturing", "exports_to_us"}
    for row in rows:
        assert row["certainty"] in ("H", "M", "L", "none")
        assert row["source"]
        assert (row["value"] == "") <= (row["certainty"] in ("none", "H"))
        low, high = (float(row[name] or row["value"] or 0) for name in ("low", "high"))
        assert low <= high


def test_importing_the_names_loads_no_parser() -> None:
    code = "import sys, forecast.economics.sectors; print(*{'pydantic', 'yaml', 'scipy.stats'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""


SHIPPED = (DATA / "sectors.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "mean: 0.65, sd: 0.06, truncate: [0.4, 0.85]",
            "mean: 0.65, sd: 0.06",
            r"sectors\.autos\.machinery_share\.law: got",
        ),
        ("grade: M", "grade: sure", r"sectors\.autos\.machinery_share\.grade: got 'sure', expected one of H, M, L"),
        ("[bea_fixed_assets, census_aces]", "[hearsay]", r"sectors\.autos\.machinery_share\.sources: got 'hearsay'"),
        (
            "[bea_fixed_assets, census_aces]",
            "[]",
            r"sectors\.autos\.machinery_share\.sources: got \(\), expected",
        ),
        ("unit: share of capital expenditure", "unit: ' '", r"unit: got ' ', expected text"),
        ("unit: share of capital expenditure", "unit: 5", r"unit: got 5, expected text"),
        ("  autos:\n", "  cars:\n", r"sectors: got no autos, expected autos, auto_parts"),
        (
            "    ramp_quarters:\n      law",
            "    ramp:\n      law",
            r"sectors\.autos: got no ramp_quarters",
        ),
        (
            "  autos:\n",
            "  autos:\n    wheels: 4\n    doors: 2\n",
            r"sectors\.autos: got wheels, expected machinery_share",
        ),
        ("sd: 0.06", "sd: -1", r"sectors\.autos\.machinery_share\.law: "),
    ],
)
def test_broken_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SHIPPED
    path = tmp_path / "sectors.yaml"
    path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=rf"(?s)sectors\.yaml:\d+:\d+: {message}"):
        load_sectors(path)


def test_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sectors.yaml"
    path.write_text("sectors: [", encoding="utf-8")
    with pytest.raises(DataError, match=r"sectors\.yaml:\d+"):
        load_sectors(path)


def test_the_middle_of_every_prior_is_that_of_the_beliefs() -> None:
    """After a change of `sectors.yaml`: `write_central_priors`, as `forecast/data/README.md` says."""
    assert [*central_priors()] == EVERY
    for (sector, name), found in central_priors().items():
        belief = load_sectors()[sector][name]
        assert found.unit == belief.unit
        expected = belief.distribution.ppf([*CENTRAL.values()])
        np.testing.assert_allclose(
            [found.low, found.median, found.high], expected, rtol=1e-9, err_msg=f"{sector} {name}"
        )


def test_the_middle_of_priors_is_written_as_it_is_read(tmp_path: Path) -> None:
    write_central_priors(tmp_path / "written.csv")
    shipped, written = (path.read_text().splitlines() for path in (CENTRAL_PRIORS, tmp_path / "written.csv"))
    assert [row.split(",")[:3] for row in written] == [row.split(",")[:3] for row in shipped]


def test_a_run_with_coefficients_of_its_own_works_out_no_prior() -> None:
    """It compares them with the middle of priors worked out before."""
    code = (
        "from forecast.storage import documents; from forecast.economics import sectors;"
        "from forecast.scenario import validation;"
        "(scenario := validation.examined(documents.scenario_path('hyundai'), []).scenario);"
        "print(any(item.coefficients for item in scenario.investments), sectors.load_sectors.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True 0\n"


def test_other_words_stand_for_names_that_are_accepted_somewhere() -> None:
    assert {name for names in SECTORS_BY_WORD.values() for name in names} <= {*SECTORS, *GOODS}
    assert all(names[-1] in SECTORS for names in SECTORS_BY_WORD.values())
