"""A sampler that fails or cannot end: words in place of a traceback, and a process that ends by itself."""

from __future__ import annotations

import subprocess
import sys

FAILING = """
import pymc
from forecast.errors import FitError
from forecast.models.sampling import Effort, nutpie, sample

def fail(density, effort):
    with pymc.Model() as model:
        pymc.Potential("bounds", density(pymc.Normal("x")))
    try:
        sample(nutpie.compile_pymc_model(model, backend="numba"), effort)
    except FitError as error:
        print(error)

fail(lambda x: pymc.math.log(-1.0 - x**2), Effort(n_draws=100))
fail(lambda x: 0.0 * x, Effort(n_draws=5_000_000, minutes=0.01))
"""
SAID = """\
sampling failed (All initialization points failed); data that do not move or leave all bounds do that
sampling did not end within 0.01 minutes of the processor's time; data without noise or with breaks do that
"""


def test_samplers_that_fail_are_said_and_their_process_ends() -> None:
    """A density that is nowhere defined, then more draws than there is time for."""
    done = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, SAID), done.stderr
