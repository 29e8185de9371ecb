"""What is said to do nothing moves no draw, and what is said never to go ahead never does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecast.dims import Array
from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario
from forecast.scenario.validation import examined

PLANT = "company: {id}, project: mill, sector: steel, kind: greenfield, amount: 1"
LATER = f"{PLANT}, announced: 2026-01, production_start: 2030Q1"
ROWS = {
    "A": LATER,
    "B": LATER,
    "D": f"{PLANT}, announced: 2022-01, production_start: 2025Q1",
}
BOUGHT = "import_commitments: [{{id: a, what: lng, per_year: 2, from: {}, until: {}{}}}]"
IDLE = [
    "tariffs: [{id: a, sectors: [steel, nonferrous_metals], rate: 0.5, from: 2027Q1}]",
    "tariffs: [{id: a, sectors: all, change: 0, from: 2027Q1}]",
    "tariffs: [{id: a, sectors: autos, rate: 0.3, from: 2027Q1, probability: 0}]",
    "tariffs: [{id: a, sectors: autos, rate: 0.3, from: 2036Q1}]",
    BOUGHT.format(2020, "2026Q2", ""),
    BOUGHT.format(2036, 2038, ""),
    BOUGHT.format(2027, 2030, ", fulfilment: 0"),
    BOUGHT.format(2027, 2030, ", additionality: 0"),
    BOUGHT.format(2027, 2030, ", probability: 0"),
    "drivers: {oil: {path: deviation, size: 0, from: 2027Q1}}",
    "shocks: [{id: a, on: exports, at: 2027Q1, size: 0}]",
    "shocks: [{id: a, on: oil, at: 2027Q1, size: 0.2, probability: 0}]",
    "programmes: [{id: p, members: [A, B], probability: 1, scale: 1}]",
    "correlations: [{between: [investments.A.slip, investments.B.slip], rank: 0}]",
]
ACTIVE = [
    "tariffs: [{id: a, sectors: [steel, nonferrous_metals], rate: 0.51, from: 2027Q1}]",
    "tariffs: [{id: a, sectors: [steel, autos], rate: 0.5, from: 2027Q1}]",
    "tariffs: [{id: a, sectors: [batteries, other], rate: 0, from: 2027Q1, stacks: true, rivals: 0.02}]",
    BOUGHT.format(2020, "2026Q3", ""),
    BOUGHT.format(2027, 2030, ""),
    "drivers: {us_output: {path: growth, rate: 0, from: 2027Q1}}",
    "shocks: [{id: a, on: exports, at: 2027Q1, size: {distribution: normal, mean: 0, sd: 0.1}}]",
    "programmes: [{id: p, members: [A, B], probability: 0.5, scale: 1}]",
]


def stated(folder: Path, more: str = "", **keys: str) -> Path:
    """A file with three plants, more keys for some of them, and a line below."""
    rows = [f"  - {{id: {id}, {row.format(id=id)}{keys.get(id, '')}}}" for id, row in ROWS.items()]
    path = folder / "idle.yaml"
    path.write_text("\n".join(["name: idle", "investments:", *rows, more, ""]), "utf-8")
    return path


def balance(path: Path) -> Array:
    """Draws of the surplus by year."""
    plan = compile_run(load_scenario(path), load_posterior(), vintage())
    (streams,) = block_streams(plan, Settings(100))
    return flows_of(plan, streams).annual[plan.series.index("trade_balance")]


@pytest.mark.parametrize("text", IDLE)
def test_what_is_said_to_do_nothing_moves_no_draw(text: str, tmp_path: Path) -> None:
    without = balance(stated(tmp_path))
    path = stated(tmp_path, text)
    (remark,) = examined(path).remarks
    assert "nothing" in remark.message or "stays on its fitted path" in remark.message
    assert np.allclose(balance(path), without, rtol=0, atol=1e-9)


@pytest.mark.parametrize("text", ACTIVE)
def test_what_moves_draws_is_not_said_to_do_nothing(text: str, tmp_path: Path) -> None:
    without = balance(stated(tmp_path))
    path = stated(tmp_path, text)
    assert examined(path).remarks == ()
    assert not np.allclose(balance(path), without, rtol=0, atol=1e-6)


@pytest.mark.parametrize("tie", [", excludes: [D]", ", requires: [B], excludes: [B]"])
def test_what_is_said_never_to_go_ahead_never_does(tie: str, tmp_path: Path) -> None:
    never = balance(stated(tmp_path, A=", probability: 0"))
    path = stated(tmp_path, A=tie)
    (remark,) = examined(path).remarks
    assert "never" in remark.message
    assert np.array_equal(balance(path), never)


def test_a_plant_of_scale_zero_is_as_good_as_absent(tmp_path: Path) -> None:
    path = stated(tmp_path, A=", scale: 0")
    assert [remark.message for remark in examined(path).remarks] == ["got 0, with which A adds nothing"]
    scaled = balance(path)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if "id: A," not in line), "utf-8")
    assert np.allclose(balance(path), scaled, rtol=0, atol=1e-9)


def test_a_commitment_with_no_chance_ends_what_flows(tmp_path: Path) -> None:
    """What is delivered at the origin is in the baseline: 2 bn USD a year less are bought from then on."""
    without = balance(stated(tmp_path))
    path = stated(tmp_path, BOUGHT.format(2020, 2040, ", probability: 0, additionality: 1"))
    (remark,) = examined(path).remarks
    assert remark.message == "got 0, with which a adds nothing but the end of what it delivers in 2026Q2"
    assert np.allclose(balance(path)[1:] - without[1:], 2.0, rtol=0, atol=1e-9)
