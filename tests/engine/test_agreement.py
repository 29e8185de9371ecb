"""The engine beside two other programs of the same equations: whole arrays, and a draw at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_engine_notebook_and_kernel_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of some thousand statistics none differs by more than five standard errors between any two of the three."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from agreement import agreement
    from settled import announced_plan

    words = agreement(announced_plan(), 20_000)
    assert words.count("largest |z| of 1080") == 3
    assert "engine and notebook" in words
    assert "engine and kernel" in words
