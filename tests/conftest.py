"""What holds for all tests."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from forecast.cli.process import leave_plugins_out, limit_blas_threads

limit_blas_threads()  # as commands do, and before numpy is loaded: threads that wait for each other take processor time
leave_plugins_out()


def pytest_configure() -> None:
    """Look for cycles of objects less often: by default that is a fifth of the time in which a model is compiled."""
    gc.set_threshold(20_000, 50, 50)


def pytest_collection_finish() -> None:
    """And not among what is imported."""
    gc.freeze()


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """A copy of the folder `original` that a module of tests has made once, which a test may spoil."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return tmp_path
