"""What tests of verification look at, made once a module."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import command
from stored import DRAWS

from forecast.models.posterior import load_posterior, save_posterior
from forecast.results import crate
from forecast.track import verification


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


@pytest.fixture
def of_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are of our own making, and no process of its own reads each of them first; `test_verify` is about that."""
    for module in (crate, verification):
        monkeypatch.setattr(module, "demand_harmless", lambda path: None)
