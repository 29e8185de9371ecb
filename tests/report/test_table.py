"""Tables on a terminal of any width, in Markdown, and the language of the locale."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from forecast.cli.options import locale_language
from forecast.observations.holdings import held_series, holdings
from forecast.report.data import holdings_table, series_table
from forecast.report.i18n import CODES, language
from forecast.report.table import Row, Table, markdown, show, table

NUMBERS = ("−1,234.5 to +6,789.0", "> 99.9\u00a0%", "1,670")


def shown_table() -> Table:
    rows = [Row(("Vehicle capacity to 1.2 m a year · HMG-01-vehicles", *NUMBERS)), Row(("합계", *NUMBERS), apart=True)]
    return table("A title", ["Assumption", "80\u00a0%\ninterval", "Chance", "억 달러"], rows, words=1)


def printed(width: int) -> list[str]:
    console = Console(width=width, file=StringIO(), record=True)
    show(console, shown_table())
    assert console.width == width
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_numbers_are_never_cut_and_words_fold(width: int) -> None:
    lines = printed(width)
    numbers = " ".join(NUMBERS).replace("\u00a0", " ")
    assert sum(" ".join(line.split()).endswith(numbers) for line in lines) == 2
    words = "".join("".join(line.partition("−1,234")[0].split()) for line in lines)
    assert "Vehiclecapacityto1.2mayear·HMG-01-vehicles" in words


@pytest.mark.parametrize("width", [40, 50, 60, 80, 200])
def test_on_a_terminal_a_table_goes_on_below_and_no_line_is_wider(width: int) -> None:
    console = Console(width=width, file=StringIO(), record=True, force_terminal=True)
    show(console, shown_table())
    text = console.export_text()
    assert max(map(cell_len, text.rstrip().splitlines())) <= width
    assert all(text.count(number.replace("\u00a0", " ")) == 2 for number in NUMBERS)
    panels = text.count("Assumption")
    assert text.count("합계") == panels
    assert text.count("A title") == 1
    assert (panels > 1) == (width < 55)


@pytest.mark.parametrize("code", CODES)
def test_long_names_fold_on_a_terminal_in_either_language(code: str) -> None:
    """Names of series without a blank kept a table of 126 columns on a terminal of 80."""
    console = Console(width=80, file=StringIO(), record=True, force_terminal=True)
    show(console, holdings_table(holdings(), language(code)))
    lines = console.export_text().rstrip().splitlines()
    assert max(map(cell_len, lines)) <= 80
    first = re.sub(r"\s", "", "".join(line[:15] for line in lines))
    assert "us_construction_spending_manufacturing" in first


@pytest.mark.parametrize("code", CODES)
def test_figures_of_a_series_fit_a_terminal_with_their_sources(code: str) -> None:
    """Addresses that could not fold made it 84 columns."""
    console = Console(width=80, file=StringIO(), record=True, force_terminal=True)
    show(console, *(series_table(one, language(code)) for one in held_series("exports_to_us")))
    assert max(map(cell_len, console.export_text().rstrip().splitlines())) <= 80


def test_a_table_in_markdown_has_its_headings_in_one_line() -> None:
    lines = markdown(shown_table()).splitlines()
    assert lines[:2] == ["| Assumption | 80 % interval | Chance | 억 달러 |", "| --- | ---: | ---: | ---: |"]
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("stated", "code"),
    [({"LANG": "ko_KR.UTF-8"}, "ko"), ({"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, "en"), ({}, "en")],
)
def test_the_language_is_that_of_the_locale(stated: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in stated.items():
        monkeypatch.setenv(name, value)
    assert locale_language() == code
