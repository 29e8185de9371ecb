"""What holds for all tests."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Look for cycles less often, and not among what is imported: a fifth of the time in which a model is compiled."""
    gc.freeze()
    gc.set_threshold(20_000, 50, 50)
