"""Numbers of two shipped scenarios, run from the command line, beside those of the golden record.

`make golden` compares all of the record, byte for byte, on the platform where it was written.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable

import numpy as np
import pytest
from golden import record

Row = dict[str, str]
NUMBERS = ("value", "standard_error")


def rows(text: Iterable[str]) -> list[Row]:
    return list(csv.DictReader(text))


def keys(table: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in NUMBERS} for row in table]


def numbers(table: list[Row]) -> np.ndarray:
    return np.array([[float(row[name]) for name in NUMBERS] for row in table])


def test_numbers_are_those_of_the_record() -> None:
    texts = record.taken([case for case in record.cases() if case.name in record.EXCERPT_CASES], None)
    found = rows(record.excerpt(record.summaries(texts)).splitlines())
    stored = rows(record.EXCERPT.read_text(encoding="utf-8").splitlines())
    assert len(stored) > 100
    assert keys(found) == keys(stored)
    np.testing.assert_allclose(numbers(found), numbers(stored), rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("results/hyundai/141245f03f80로", "results/hyundai/<run>로"),
        ("0.141245103180, 141245.103180", "0.141245103180, 141245.103180"),
        ("announced: '2025-03-24'", "announced: '2025-03-24'"),
        ("hyundai: 14,000 of 20,000 draws after 2 s, about 1 s left\n1 of 2 runs\n", "1 of 2 runs\n"),
        ("report: 2단계 중 1단계, 2초 경과, 약 2초 남음\n보고서 파일\n", "보고서 파일\n"),
    ],
)
def test_masks_cover_digests_and_spare_numbers(text: str, shown: str) -> None:
    assert record.masked(text) == shown
