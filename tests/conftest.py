"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_configure() -> None:
    """Look for cycles of objects less often: by default that is a fifth of the time in which a model is compiled."""
    gc.set_threshold(20_000, 50, 50)


def pytest_collection_finish() -> None:
    """And not among what is imported."""
    gc.freeze()
