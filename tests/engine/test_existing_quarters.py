"""Existing affiliates off the fitted path, by quarter: what a year changes is what its quarters change."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from forecast.dims import QUARTERLY_SERIES
from forecast.engine.block import flows_of
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.scenario import load_scenario

LOCAL = "name: local\nbasis: us_census\nlocalization: {path: logistic, local: 0.56, at: 2028Q1, speed: 3}\n"


def test_quarters_of_a_year_add_up_to_what_affiliates_buy_less(tmp_path: Path) -> None:
    texts = {"off": LOCAL, "on": "name: fitted\nbasis: us_census\n"}
    flows, plans = {}, {}
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        plans[name] = compile_run(load_scenario(tmp_path / f"{name}.yaml"), load_posterior(), vintage())
        (streams,) = block_streams(plans[name], Settings(200))
        flows[name] = flows_of(plans[name], streams)
    first = 4 - (plans["off"].origin + 1) % 4  # quarters of the origin's year that are still ahead
    quarters = slice(first, first + 4)
    moved = flows["off"].annual[plans["off"].series.index("existing_affiliates"), 1]
    assert moved.mean() < -0.1
    for row, (series, expected) in enumerate(zip(QUARTERLY_SERIES, (moved, moved, 0.0), strict=True)):
        off, on = (flows[name].quarterly[row, quarters].sum(axis=0) for name in texts)
        np.testing.assert_allclose(off - on, expected, atol=1e-9, err_msg=series)
