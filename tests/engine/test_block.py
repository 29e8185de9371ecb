"""A block of trade without plants, from its random numbers on: shocks, books, years and products by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from plans import BASELINE, BRIDGE, DRIVERS, draw_last, duty, judged, on, plan, policies

from forecast.dims import PRODUCT_SERIES, PRODUCTS, Array
from forecast.economics.memory import MemoryLevel
from forecast.economics.processes import baseline_flows, bridge_ratios, driver_growth
from forecast.engine.block import simulated_flows
from forecast.engine.inputs import picked_places
from forecast.engine.plan import MemoryPath, Plan, Policy, Products
from forecast.quarters import parse_quarter
from forecast.stats.streams import Streams

N_DRAWS, N_ROWS = 40, 3
STREAMS = Streams(11, 2, N_DRAWS)
ORIGIN, N_PERIODS, N_YEARS = parse_quarter("2025Q2"), 14, 4
YEAR_OF = np.array([0, 0, *(1 + ahead // 4 for ahead in range(12))])
"""Place among the years 2025 to 2028 of every quarter simulated."""

OBSERVED = np.array([77.0, 41.0])
GIVEN = Products(
    log_odds=-0.9,
    census=MemoryLevel(11.0, 21.0, (0.4, 1.2)),
    book=MemoryLevel(11.0, 21.0, (0.4, 1.2)),
    counted=21.0,
    usual=1.05,
    excess=2.5,
    others=(0.1, 0.2, 0.25, 0.15, 0.2, 0.1),
    spread=(0.1, 0.2, 0.3, 0.05, 0.15, 0.25),
    persistence=judged("products.persistence", 0.8),
    volatility=0.2,
    with_exports=0.6,
    trend=judged("products.trend", 0.25),
)
IN_BOOK = {
    "us_census": GIVEN,
    "korea_customs": replace(GIVEN, book=MemoryLevel(19.0, 34.0, (0.7, 1.9)), counted=40.0),
}


def rows(**given: Array) -> dict[str, Array]:
    """Three posterior rows a little apart in every number, but for zeros."""
    apart = np.array([1.0, 1.2, 0.7])
    return draw_last({name: values * apart.reshape(-1, *[1] * (values.ndim - 1)) for name, values in given.items()})


MODELS = {
    "baseline": rows(
        **BASELINE
        | {
            "drift": np.array([0.0125]),
            "season": np.array([[[0.02, 0.01], [-0.03, 0.02], [0.04, -0.01], [-0.03, -0.02]]]),
            "moving_average": np.array([[-0.2, -0.4]]),
            "adjustment": np.array([[0.03, 0.05]]),
            "ratio": np.full(1, 0.5),
            "shock_factor": np.array([[[0.05, 0.0], [0.02, 0.06]]]),
            "degrees_of_freedom": np.full(1, 3.5),
            "response": np.array([[[1.5, 0.5, 0.1], [0.8, -0.2, 0.05]]]),
            "last_shock": np.array([[0.05, -0.03]]),
        }
    ),
    "drivers": rows(
        **DRIVERS
        | {
            "drift": np.array([[0.005, 0.001, 0.01]]),
            "moving_average": np.array([[0.2, 0.3, -0.1]]),
            "shock_factor": np.array([[[0.01, 0.0, 0.0], [0.01, 0.03, 0.0], [-0.02, 0.04, 0.12]]]),
            "degrees_of_freedom": np.full(1, 4.5),
            "carried": np.array([[0.01, -0.02, 0.03]]),
        }
    ),
    "bridge": rows(
        **BRIDGE
        | {
            "mean": np.array([[0.05, -0.02]]),
            "drift": np.array([[0.004, -0.006]]),
            "persistence": np.array([[0.4, 0.8]]),
            "shock_factor": np.array([[[0.03, 0.0], [0.01, 0.02]]]),
            "degrees_of_freedom": np.full(1, 6.5),
        }
    ),
}


def made(basis: str, path: MemoryPath = MemoryPath(), policy: Policy | None = None) -> Plan:  # noqa: B008
    return plan(
        policy=policy,
        origin=ORIGIN,
        n_periods=N_PERIODS,
        basis=basis,
        history=np.log([[39.0, 22.0], [40.0, 20.0]]),
        observed=OBSERVED,
        rows={**plan().rows, **MODELS},
        products=replace(IN_BOOK[basis], path=path),
    )


def found(basis: str, path: MemoryPath = MemoryPath(), policy: Policy | None = None) -> dict[str, Array]:  # noqa: B008
    given = made(basis, path, policy)
    flows = simulated_flows(given, STREAMS)
    near = dict(zip(("near_balance", "near_exports", "near_imports"), flows.quarterly, strict=True))
    return dict(zip(given.series, flows.annual, strict=True)) | near


def picked(model: str) -> dict[str, Array]:
    places = np.floor(STREAMS.uniforms(f"posterior.{model}") * N_ROWS).astype(int)
    assert set(places) == {0, 1, 2}
    np.testing.assert_array_equal(picked_places(N_ROWS, STREAMS, model), places)
    return {name: values[..., places] for name, values in MODELS[model].items()}


def shocks(name: str, model: dict[str, Array], steps: int, width: int) -> tuple[Array, Array]:
    """Normals, all of a step together, and tails of half the degrees of freedom of each draw's row."""
    normals = STREAMS.normals(f"{name}.shock", steps * width)
    together = np.stack([normals[width * step : width * (step + 1)] for step in range(steps)])
    return together, STREAMS.gammas(f"{name}.tail", 0.5 * model["degrees_of_freedom"], steps)


def quarters() -> Array:
    """Exports and imports by quarter, `(2, n_periods, n_draws)`, by the equations that have tests of their own."""
    drivers, baseline = picked("drivers"), picked("baseline")
    growth = driver_growth(drivers, *shocks("drivers", drivers, N_PERIODS, 3)) - drivers["drift"]
    last = np.log([[40.0, 20.0]])
    return np.stack(
        baseline_flows(baseline, last, ORIGIN + 1, *shocks("baseline", baseline, N_PERIODS, 2), forcing=growth)
    )


def over_census(basis: str) -> Array:
    """Books by flow and year, `(n_years, 2, n_draws)`."""
    bridge = picked("bridge")
    if basis == "us_census":
        return np.ones((N_YEARS, 2, N_DRAWS))
    return bridge_ratios(bridge, *shocks("bridge", bridge, N_YEARS - 1, 2))


def by_year(quarterly: Array, before: float = 0.0) -> Array:
    sums = np.stack([quarterly[year == YEAR_OF].sum(axis=0) for year in range(N_YEARS)])
    sums[0] += before
    return sums


def memory_shares() -> Array:
    """Share of memory in exports by quarter, `(n_periods, n_draws)`: log odds that swing and come back."""
    total, own = STREAMS.normals("baseline.shock", 2 * N_PERIODS)[::2], STREAMS.normals("products.memory", N_PERIODS)
    swing, shares = np.zeros(N_DRAWS), []
    for common, alone in zip(total, own, strict=True):
        swing = 0.8 * swing + 0.2 * (0.6 * common + 0.8 * alone)
        shares.append(1 / (1 + np.exp(0.9 - swing)))
    return np.array(shares)


@pytest.mark.parametrize("basis", ["us_census", "korea_customs"])
def test_trade_by_year_and_quarter(basis: str) -> None:
    flows, ratios, series = quarters(), over_census(basis), found(basis)
    exports, imports = (by_year(flow, before) for flow, before in zip(flows, OBSERVED, strict=True))
    for name, expected in {
        "exports": exports * ratios[:, 0],
        "imports": imports * ratios[:, 1],
        "trade_balance": exports * ratios[:, 0] - imports * ratios[:, 1],
        "baseline_balance": exports * ratios[:, 0] - imports * ratios[:, 1],
        "us_census_balance": exports - imports,
        "near_exports": flows[0, :8],
        "near_imports": flows[1, :8],
        "near_balance": flows[0, :8] - flows[1, :8],
    }.items():
        np.testing.assert_allclose(series[name], expected, rtol=1e-11, err_msg=name)


def in_books(memory: Array, others: Array, ratio: Array) -> Array:
    """Share of memory in a year of exports on a basis: the odds move with what it holds beyond the usual ratio."""
    odds = memory / others * (ratio / 1.05) ** 2.5
    return np.asarray(odds / (1 + odds))


def shares_in_book(basis: str, memory: Array, others: Array) -> Array:
    """Share of memory in exports by year on a basis, from both by quarter on US Census basis.

    In the first year the others keep their usual ratio, and memory is no less than is counted.
    """
    ratios = over_census(basis)[:, 0]
    in_census, beside = by_year(memory, 21.0), by_year(others, 77.0 - 21.0)
    share, total = in_books(in_census, beside, ratios), (ratios * (in_census + beside))[0]
    share[0] = np.maximum(total - 1.05 * beside[0], IN_BOOK[basis].counted) / total
    return share


def others_by_product() -> Array:
    """Shares of the other products among themselves, `(n_years, 6, n_draws)`: logarithms walk a step a year."""
    steps = STREAMS.normals("products.others", 6 * (N_YEARS - 1))
    logs = [np.repeat(np.log(GIVEN.others)[:, None], N_DRAWS, axis=1)]
    for year in range(N_YEARS - 1):
        logs.append(logs[-1] + np.array(GIVEN.spread)[:, None] * steps[6 * year : 6 * year + 6])
    weights = np.exp(np.stack(logs))
    return np.asarray(weights / weights.sum(axis=1)[:, None])


@pytest.mark.parametrize("basis", ["us_census", "korea_customs"])
def test_products_by_year(basis: str) -> None:
    (exports, _), ratios, series = quarters(), over_census(basis)[:, 0], found(basis)
    shares = memory_shares()
    total = by_year(exports, 77.0) * ratios
    expected = total * shares_in_book(basis, exports * shares, exports * (1 - shares))
    np.testing.assert_allclose(series["exports_memory"], expected, rtol=1e-11)
    rest = (total - expected)[:, None] * others_by_product()
    for place, name in enumerate(PRODUCT_SERIES[1:]):
        np.testing.assert_allclose(series[name], rest[:, place], rtol=1e-11, err_msg=name)


@pytest.mark.parametrize("basis", ["us_census", "korea_customs"])
@pytest.mark.parametrize("form", ["lasts", "fades", "fades in time", "falls"])
def test_memory_on_a_path_of_its_own(basis: str, form: str) -> None:
    """Heights a quarter of the way from the lower to the higher; each book starts from its own level and height."""
    ahead = np.arange(1, N_PERIODS + 1)[:, None]
    paths = {
        "lasts": (MemoryPath("lasts"), lambda height: np.ones((N_PERIODS, 1))),
        "fades": (MemoryPath("fades"), lambda height: np.exp(height * (0.8**ahead - 1))),
        "fades in time": (
            MemoryPath("fades", half_life=judged("memory.half_life", 3.0)),
            lambda height: np.exp(height * (0.5 ** (ahead / 3) - 1)),
        ),
        "falls": (
            MemoryPath("falls", at=judged("memory.at", ORIGIN + 5.25), share=judged("memory.share", 0.7)),
            lambda height: 1 - 0.7 * (1 - math.exp(-height)) * np.clip(ahead - 4.25, 0.0, 1.0),
        ),
    }
    path, left = paths[form]
    (exports, _), series = quarters(), found(basis, path)
    shares, fitted = memory_shares(), found(basis)
    lasting = np.exp(picked("baseline")["drift"] * ahead) * shares * (1 + math.exp(0.9))
    memory = 11.0 * lasting * left(0.6)
    in_book = memory if basis == "us_census" else 19.0 * lasting * left(1.0)
    expected = by_year(in_book, 21.0 if basis == "us_census" else 34.0)
    expected[0] = np.maximum(expected[0], IN_BOOK[basis].counted)
    np.testing.assert_allclose(series["exports_memory"], expected, rtol=1e-10)
    moved = expected - fitted["exports_memory"]
    for name in ("exports", "trade_balance", "baseline_balance"):
        np.testing.assert_allclose(series[name] - fitted[name], moved, rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(
        series["us_census_balance"] - fitted["us_census_balance"], by_year(memory - exports * shares), atol=1e-9
    )
    near = fitted["near_exports"] + (memory - exports * shares)[:8]
    np.testing.assert_allclose(series["near_exports"], near, rtol=1e-11)
    np.testing.assert_array_equal(series["imports"], fitted["imports"])


@pytest.mark.parametrize("basis", ["us_census", "korea_customs"])
def test_a_duty_on_parts_of_memory_and_of_cars_in_both_books(basis: str) -> None:
    """25 % in place of 15 from the third quarter on, answered at once by the square; parts half way between ends."""
    within = np.zeros((2, len(PRODUCTS)))
    memory_at, cars_at = PRODUCTS.index("memory"), PRODUCTS.index("cars")
    within[:, memory_at], within[:, cars_at] = (0.2, 0.6), (1.0, 0.5)
    taxed = replace(on(duty(0.25, start=ORIGIN + 3.0), first=ORIGIN), within=within)
    series, fitted = found(basis, policy=policies(taxed)), found(basis)
    (exports, _), ratios, shares = quarters(), over_census(basis)[:, 0], memory_shares()
    lost = np.where(np.arange(N_PERIODS) >= 2, (1.25 / 1.15) ** -2 - 1, 0.0)[:, None]
    memory, others = by_year(exports * shares, 21.0), by_year(exports * (1 - shares), 56.0)
    share = memory / (memory + others)
    in_book = shares_in_book(basis, exports * shares, exports * (1 - shares))
    cars = (exports * (1 - shares)) * others_by_product()[:, cars_at - 1][YEAR_OF]
    census = {memory_at: by_year(exports * shares * lost) * 0.4, cars_at: by_year(cars * lost) * 0.75}
    books = {
        memory_at: census[memory_at] * ratios * in_book / share,
        cars_at: census[cars_at] * ratios * (1 - in_book) / (1 - share),
    }
    for product, change in books.items():
        name = PRODUCT_SERIES[product]
        np.testing.assert_allclose(series[name] - fitted[name], change, rtol=1e-9, atol=1e-9, err_msg=name)
    total = sum(books.values())
    for name in ("tariffs", "exports", "trade_balance"):
        np.testing.assert_allclose(series[name] - fitted.get(name, 0.0), total, rtol=1e-9, atol=1e-9, err_msg=name)
    in_census = series["us_census_balance"] - fitted["us_census_balance"]
    np.testing.assert_allclose(in_census, sum(census.values()), rtol=1e-9, atol=1e-9)
