"""Files that are no table are refused in words, and cells of agencies are read as they are meant."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from agency_files import COUNTRY, country_rows, refused, workbook

from forecast.observations.formats import amount, month_of, step_of


def bomb(path: Path, member: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr(member, content)
    return path


def test_what_is_no_table_is_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = workbook(tmp_path / "country.xlsx", country_rows(), "country").read_bytes()
    monkeypatch.setattr("forecast.observations.formats.MOST_UNPACKED", 2**20)
    far = b'<c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c>'
    page = b"<!DOCTYPE html><html><head><title>503 Service Unavailable</title></head><body>Try later</body></html>"
    secret = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512) + "EncryptedPackage".encode("utf-16-le")
    row = b'<row r="1048576"><c r="XFD2"><v>1</v></c></row>'
    files = {
        "page.xlsx": (page, "a web page in place of a table (503 Service Unavailable); download it again"),
        "cut.xlsx": (sound[: len(sound) // 2], "the workbook is damaged or cut off"),
        "password.xlsx": (secret, "the workbook has a password"),
        "old.xls": (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "the workbook is damaged"),
        "large.xlsx": (bomb(tmp_path / "b", "xl/worksheets/sheet1.xml", bytes(2**21)).read_bytes(), "unpacks to more"),
        "far.xlsx": (bomb(tmp_path / "b", "xl/worksheets/sheet1.xml", far).read_bytes(), "spans 1,048,576 rows"),
        "row.xlsx": (bomb(tmp_path / "b", "xl/sheet1.xml", row).read_bytes(), "spans 1,048,576 rows"),
        "packed.zip": (b"PK\x03\x04" + bytes(40), "the workbook is damaged or cut off"),
        "picture.csv": (b"\x89PNG\r\n\x1a\n\0\0", "neither a workbook nor text"),
        "merged.xls": (b"<html><table><tr><td>1</td></tr></table></html>", "save it as XLSX from a spreadsheet if"),
        "unicode.csv": ("series,date".encode("utf-16"), "text in UTF-16, expected UTF-8 or CP949"),
        "empty.csv": (b"", "a table of no known form"),
        "other.csv": (b"year,exports\n2026,1\n", "a table of no known form, which begins ['year', 'exports']"),
    }
    for name, (content, reason) in files.items():
        (tmp_path / name).write_bytes(content)
        (problem,) = refused(tmp_path / name)
        assert problem.startswith(f"{name}: ")
        assert reason in problem
    (problem,) = refused(tmp_path / "missing.xlsx")
    assert problem == "missing.xlsx: cannot be read (No such file or directory)"


def test_a_reader_that_gives_up_is_a_damaged_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The reader of workbooks raises beside all exceptions, and prints a stack, where a workbook cannot be."""

    class PanicException(BaseException):
        pass

    def panic(_content: object) -> None:
        os.write(2, b"stack backtrace")
        raise PanicException("slice index starts at 7168 but ends at 6742")

    monkeypatch.setattr("forecast.observations.formats.CalamineWorkbook", SimpleNamespace(from_filelike=panic))
    (problem,) = refused(workbook(tmp_path / "c.xlsx", country_rows(), "country"))
    assert "c.xlsx: the workbook is damaged (slice index starts at 7168" in problem
    assert capfd.readouterr().err == ""


def test_cells_of_agencies() -> None:
    assert [amount(cell) for cell in ("1,234", "-5.5", 3.0, "", "(-)", "1e9", "nan", "80,5", ",1")] == [
        *(1234, -5.5, 3),
        *[None] * 6,
    ]
    assert [month_of(text) for text in ("2026.1", "2026/01", "2026년 1월", "2026-13", "202601")] == [
        *["2026-01"] * 3,
        None,
        None,
    ]
    assert step_of("15202") == 1
    assert len(COUNTRY) == 29
