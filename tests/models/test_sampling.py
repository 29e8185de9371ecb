"""A sampler that fails or cannot end: words in place of a traceback, and a process that ends by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SAMPLE = """
import sys
import pymc
from forecast.errors import FitError
from forecast.models.sampling import Effort, nutpie, sample

with pymc.Model() as model:
    x = pymc.Normal("x")
    pymc.Potential("bounds", {potential})
try:
    sample(nutpie.compile_pymc_model(model, backend="numba"), Effort({effort}))
except FitError as error:
    print(error)
"""
FAILING = {
    "a density that is nowhere defined": (
        "pymc.math.log(-1.0 - x**2)",
        "n_draws=100",
        "sampling failed (All initialization points failed); data that do not move or leave all bounds do that\n",
    ),
    "more draws than there is time for": (
        "0.0 * x",
        "n_draws=5_000_000, minutes=0.01",
        "sampling did not end within 0.01 minutes of the processor's time; data without noise or with breaks do that\n",
    ),
}


@pytest.mark.parametrize(("potential", "effort", "said"), FAILING.values(), ids=FAILING)
def test_a_sampler_that_fails_is_said_and_its_process_ends(potential: str, effort: str, said: str) -> None:
    code = SAMPLE.format(potential=potential, effort=effort)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, said), done.stderr


@pytest.mark.slow_fit
def test_a_history_that_cannot_be_fitted_is_left_out_of_a_backtest(tmp_path: Path) -> None:
    """Exports that stand still up to the origin: the file moves, what is known at the origin does not."""
    rng = np.random.default_rng(3)
    exports, imports = 100.0 * np.ones(168), 80.0 * np.exp(np.cumsum(rng.normal(0.0, 0.05, 168)))
    exports[125:] *= np.exp(np.cumsum(rng.normal(0.0, 0.05, 43)))
    rows = [
        f"{2009 + index // 12}-{index % 12 + 1:02d},{name},{flow[index]:.3f}"
        for index in range(168)
        for name, flow in (("exports", exports), ("imports", imports))
    ]
    (tmp_path / "trade.csv").write_text("\n".join(["month,series,value", *rows]), encoding="utf-8")
    span = ["--first", "2018Q2", "--last", "2018Q2", "--horizon", "4"]
    options = [*span, "--draws", "200", "--no-references", "--n-jobs", "1", "--out", "out"]
    done = subprocess.run(
        [sys.executable, "-m", "forecast", "backtest", "--data", "trade.csv", *options],
        capture_output=True, text=True, timeout=900, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "baseline: sampling failed (All initialization points failed)" in done.stdout
    assert "Traceback" not in done.stderr
