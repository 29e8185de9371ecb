"""What tests of verification look at, made once a module."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import command
from stored import DRAWS

from forecast.models.posterior import load_posterior, save_posterior


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three blocks, an entry and a posterior of it, and the run exported."""
    cwd = tmp_path_factory.mktemp("original")
    assert command("run", "hyundai", *DRAWS, cwd=cwd).returncode == 0
    assert command("ledger", "add", "results/hyundai", cwd=cwd).returncode == 0
    done = command("export", "results/hyundai", "--out", "run.zip", cwd=cwd)
    assert done.returncode == 0, done.stderr
    save_posterior(load_posterior(), cwd / "posterior.nc")
    return cwd
