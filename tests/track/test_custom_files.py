"""Files as spreadsheets and offices write them: one reading, or one line that says what is there and what to write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import command

from forecast.track.custom_trade import read_custom_trade

MONTHS = [f"{year}-{month:02d}" for year in range(2009, 2023) for month in range(1, 13)]
_NOISE = np.random.default_rng(7).normal(0.0, 0.05, (2, len(MONTHS)))
FLOWS = np.round(np.exp(np.array([[4.6], [4.4]]) + np.cumsum(_NOISE, axis=1)) * 1000, 1)
"""Exports and imports by month, between 1,000 and 999,999 with one decimal."""


def rows(flows: np.ndarray = FLOWS) -> list[tuple[str, str, float]]:
    return [
        (month, series, float(value))
        for index, month in enumerate(MONTHS)
        for series, value in zip(("exports", "imports"), flows[:, index], strict=True)
    ]


def written(folder: Path, lines: list[str], encoding: str = "utf-8") -> Path:
    path = folder / "trade.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def tidy(flows: np.ndarray = FLOWS) -> list[str]:
    return ["month,series,value", *(f"{month},{series},{value!r}" for month, series, value in rows(flows))]


def refusal(folder: Path, lines: list[str], *options: str) -> list[str]:
    """Lines of the refusal, after the name of the file."""
    path = written(folder, lines)
    done = command(
        "backtest", "--data", str(path), "--out", str(folder / "out"), "--no-references", *options, cwd=folder
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (folder / "out").exists()
    return done.stderr.removeprefix("error: ").replace(str(path), "").splitlines()


def german(value: float) -> str:
    return f"{value:,.1f}".translate(str.maketrans(",.", ".,"))


SAME = {
    "semicolons and decimal commas": [
        "month;series;value",
        *(f"{m};{s};{v}".replace(".", ",") for m, s, v in rows()),
    ],
    "semicolons, points between thousands": [
        "month;series;value",
        *(f"{m};{s};{german(v)}" for m, s, v in rows()),
    ],
    "tabs": ["month\tseries\tvalue", *(f"{m}\t{s}\t{v}" for m, s, v in rows())],
    "commas between thousands": ["month,series,value", *(f'{m},{s},"{v:,.1f}"' for m, s, v in rows())],
    "no-break spaces between thousands": [
        "month,series,value",
        *(f"{m},{s},{v:,}".replace(f",{v:,}", "," + f"{v:,}".replace(",", "\u00a0")) for m, s, v in rows()),
    ],
    "capitals in the first line": ["Month, Series ,VALUE", *tidy()[1:]],
    "quotes everywhere": ['"month","series","value"', *(f'"{m}","{s}","{v}"' for m, s, v in rows())],
    "what cannot be seen": [
        "\ufeff\ufeffmonth,series\u200b,value ",
        *(f"{m}\u200b,\u00a0{s}\u00ad,{v}\u00a0" for m, s, v in rows()),
    ],
    "another order, and empty rows": ["month,series,value", *reversed(tidy()[1:]), ",,", ""],
    "a unit in every row": ["month,series,value,unit", *(f"{line}, Million  USD" for line in tidy()[1:])],
}  # fmt: skip


@pytest.mark.parametrize("lines", SAME.values(), ids=SAME)
def test_what_has_one_reading_is_read(tmp_path: Path, lines: list[str]) -> None:
    found = read_custom_trade(written(tmp_path, lines), "exports", "imports")
    assert found.first_quarter == 4 * 2009
    np.testing.assert_allclose(found.exports, FLOWS[0].reshape(-1, 3).sum(axis=1), rtol=1e-13)
    np.testing.assert_allclose(found.imports, FLOWS[1].reshape(-1, 3).sum(axis=1), rtol=1e-13)


def changed(value: object, *, series: str, months: slice) -> list[str]:
    """The tidy file with another cell in some months of a series."""
    wanted = MONTHS[months]
    lines = [f"{m},{s},{value if s == series and m in wanted else v}" for m, s, v in rows()]
    return ["month,series,value", *lines]


def left_out(series: str, *months: str) -> list[str]:
    return [line for line in tidy() if line.split(",")[:2] not in [[month, series] for month in months]]


def mixed(unit_of: dict[str, str], column: str = "unit") -> list[str]:
    return [f"month,series,value,{column}", *(f"{m},{s},{v},{unit_of[s]}" for m, s, v in rows())]


TAIL = f"{round(FLOWS[0, 0]) % 1000:03d}"
THOUSANDS = "write the numbers without what parts thousands"
TWELVE = 12 + int(TAIL) / 1000
PLAIN = "expected a plain number, such as 1234.5"
SMOOTH = "got growth that follows a smooth curve to 0.01%, expected a series with noise, as observed trade has"
UNITS = "expected one {0} in all rows of both series; put all values in one and write the same there"


def keep(first: str, last: str) -> str:
    return f"; keep {first} to {last} of both series, where every month is there"


REFUSED = {
    "a column twice": (
        ["month,series,value,value", *(f"{line},1" for line in tidy()[1:])],
        [":1: got the column value twice, expected it once; rename or delete the other"],
    ),
    "two units": (
        mixed({"exports": "million USD", "imports": "thousand USD"}),
        [
            ":3: unit: got 'million USD' for exports (line 2) and 'thousand USD' for imports (line 3), "
            + UNITS.format("unit")
        ],
    ),
    "two currencies": (
        mixed({"exports": "USD", "imports": "KRW"}, "currency"),
        [":3: currency: got 'USD' for exports (line 2) and 'KRW' for imports (line 3), " + UNITS.format("currency")],
    ),
    "a unit that changes on the way": (
        ["month,series,value,unit", *(f"{line},{'bn' if line > '2015' else 'm'}" for line in tidy()[1:])],
        [":146: unit: got 'm' for exports (line 2) and 'bn' for exports (line 146), " + UNITS.format("unit")],
    ),
    "zeros before the first month of trade": (
        changed(0, series="exports", months=slice(0, 14)),
        [
            ":2: exports: got 0 in 2009-01 to 2010-02 (14 months), expected amounts above zero"
            + keep("2010-03", "2022-12")
        ],
    ),
    "zeros in the middle": (
        changed("0.0", series="imports", months=slice(24, 25)),
        [":51: imports: got 0 in 2011-01, expected amounts above zero" + keep("2011-02", "2022-12")],
    ),
    "no value after the last month": (
        changed("..", series="exports", months=slice(160, 168)),
        [
            ":322: exports: got '..' in the months from 2022-05 on (8 months), expected amounts above zero"
            + keep("2009-01", "2022-04")
        ],
    ),
    "below zero": (
        changed(-3, series="exports", months=slice(3, 5)),
        [
            ":8: exports: got -3 in 2009-04 to 2009-05 (2 months), expected amounts above zero"
            + keep("2009-06", "2022-12")
        ],
    ),
    "months missing": (
        left_out("imports", "2010-03", "2010-04"),
        [
            ":33: imports: got 2010-05 after 2010-02, expected every month: 2010-03 to 2010-04 missing"
            + keep("2010-05", "2022-12")
        ],
    ),
    "every month twice": (
        [*tidy(), *tidy()[1:]],
        [
            ":338: exports: got 2009-01 as in line 2, expected once (and so in 167 more rows)",
            ":339: imports: got 2009-01 as in line 3, expected once (and so in 167 more rows)",
        ],
    ),
    "months written in another way": (
        ["month,series,value", *(line.replace("-", "/", 1) for line in tidy()[1:])],
        [":2: month: got '2009/01', expected one such as 2025-01; write 2009-01 (and so in 335 more rows)"],
    ),
    "per cent": (
        ["month,series,value", *(f"{line}%" for line in tidy()[1:])],
        [f":2: value: got '{FLOWS[0, 0]}%', {PLAIN}; percentages and changes are no amounts (and so in 335 more rows)"],
    ),
    "a comma before three digits": (
        ["month,series,value", *(f'{m},{s},"12,{round(v) % 1000:03d}"' for m, s, v in rows())],
        [f":2: value: got '12,{TAIL}', which is 12{TAIL} or {TWELVE:.12g}; {THOUSANDS}"],
    ),
    "a point before three digits, between semicolons": (
        ["month;series;value", *(f"{m};{s};12.{round(v) % 1000:03d}" for m, s, v in rows())],
        [f":2: value: got '12.{TAIL}', which is {TWELVE:.12g} or 12{TAIL}; {THOUSANDS}"],
    ),
    "decimal commas without quotes": (
        ["month,series,value", *(f"{m},{s},{str(v).replace('.', ',')}" for m, s, v in rows())],
        [":2: got 4 cells, expected 3 as in the first line; put a number with a comma in quotes"],
    ),
    "beyond all trade": (
        changed("1.7e308", series="exports", months=slice(0, 2)),
        [
            ":2: exports: got 1.7e+308 in 2009-01 to 2009-02 (2 months), expected amounts from 1e-09 to 1e+18"
            + keep("2009-03", "2022-12")
        ],
    ),
    "a series that never moves": (
        tidy(np.array([np.full(len(MONTHS), 100.0), FLOWS[1]])),
        [": exports: got 100 in all 168 months, expected a series that moves"],
    ),
    "both without noise": (
        tidy(np.array([100 * 1.005 ** np.arange(168), 80 * 1.004 ** np.arange(168)])),
        [f": exports: {SMOOTH}", f": imports: {SMOOTH}"],
    ),
    "seasons without noise": (tidy(np.array([FLOWS[0], 50.0 + np.arange(168) % 12])), [f": imports: {SMOOTH}"]),
    "the same numbers in both": (
        tidy(np.array([FLOWS[0], FLOWS[0]])),
        [": exports and imports: got two series that move as one, expected two flows"],
    ),
    "one a multiple of the other": (
        tidy(np.array([FLOWS[0], FLOWS[0] * 0.8])),
        [": exports and imports: got two series that move as one, expected two flows"],
    ),
    "writing that turns": (
        [*tidy()[:4], tidy()[4].replace("imports", "im\u202eports"), *tidy()[5:]],
        [":5: got U+202E, which turns the order of writing; delete it"],
    ),
}


@pytest.mark.parametrize(("lines", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_has_none_is_refused_in_words(tmp_path: Path, lines: list[str], expected: list[str]) -> None:
    assert refusal(tmp_path, lines) == expected


def test_one_series_is_not_both_flows(tmp_path: Path) -> None:
    said = refusal(tmp_path, tidy(), "--imports", "exports")
    assert said == ["got 'exports' for both --exports and --imports, expected two series"]
