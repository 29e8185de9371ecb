"""Texts of files and arguments on a terminal or a page: they show, and steer nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from commands import command

import forecast
from forecast.errors import printable
from forecast.results.archive import load_results
from forecast.results.manifest import write_manifest

STEERING = "\x1b]0;title\x07 \x9b31m \u202e \u2066 \u200f \x85 \u2028"
SOURCE = Path(forecast.__file__).parent


def steers(text: str) -> set[str]:
    """Characters of a text that printable replaces, line ends and tabs aside."""
    return {character for character in text if printable(character) != character}


def test_characters_that_steer_are_spelled_out_and_others_stay() -> None:
    assert steers(STEERING) == set(STEERING) - set(" 0;title]31m")
    assert printable("한국어 \t é \n א 👩\u200d🏭") == "한국어 \t é \n א 👩\u200d🏭"
    assert printable(STEERING).isascii()


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", f"{STEERING}.yaml"),
        ("run", "hyundai", "-s", f"horizon={STEERING}"),
        ("run", "hyundai", "--draws", "20", "--out", f"none{STEERING}/../file/x"),
        ("list", "--out", f"none{STEERING}"),
        ("report", f"none{STEERING}"),
        ("ledger", "list", "--ledger", f"none{STEERING}"),
        ("verify", f"none{STEERING}"),
        ("explain", "hyundai", "-s", f"title={STEERING}"),
        ("new", f"none{STEERING}/x.yaml"),
        (f"no command {STEERING}",),
        ("run", "hyundai", f"--option{STEERING}"),
    ],
    ids=lambda arguments: arguments[0][:8],
)
def test_arguments_steer_no_terminal(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = command(*arguments, cwd=tmp_path)
    assert not steers(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr


def test_texts_of_a_file_steer_no_terminal_and_brackets_are_no_markup(tmp_path: Path) -> None:
    texts = {"company": "C [/]", "project": "Cells [/] [west wing]"}
    lines = "".join(f"    {name}: '{text}'\n" for name, text in texts.items())
    plant = (
        f"  - id: A\n{lines}    sector: batteries\n    kind: greenfield\n    amount: 4\n    announced: 2025-03\n"
        "    construction_start: 2025-05\n    production_start: 2027Q1\n"
    )
    (tmp_path / "a.yaml").write_text(f"name: a\nhorizon: 2028\ninvestments:\n{plant}", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\nname: b\ninvestments: {A: {amount: 5}}\n", encoding="utf-8")
    for arguments in (("explain", "a.yaml"), ("compare", "a.yaml", "b.yaml", "--attribute", "--draws", "400")):
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "[west wing]" in " ".join(done.stdout.split())
        assert not steers(done.stdout + done.stderr)


def test_series_of_a_stranger_steer_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(f"month,series,value\n2020-01,{STEERING[:10]},1\n", encoding="utf-8")
    done = command("backtest", "--data", "data.csv", "--no-references", cwd=tmp_path)
    assert done.returncode == 2
    assert not steers(done.stdout + done.stderr)


def test_texts_turn_nothing_on_a_page(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\n", encoding="utf-8")
    assert command("run", "a.yaml", "--draws", "400", "--no-plot", cwd=tmp_path).returncode == 0
    run = load_results(tmp_path / "results/a")
    texts = ["title=x \u202e\u2066 <b>"]  # no file or option may say so, a stranger's run can
    write_manifest(run.folder, {**run.manifest, "overrides": texts})
    assert command("report", "results/a", cwd=tmp_path).returncode == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "x \\u202e\\u2066 &lt;b&gt;" in text
    assert not steers(text)


def test_commands_print_by_one_door() -> None:
    prints = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "cli").rglob("*.py")
        if re.search(r"click\.echo\(|(?<![\w.])print\(|secho\(", path.read_text(encoding="utf-8"))
    }
    assert prints == {"cli/options.py"}


@pytest.mark.parametrize("columns", ["0", "1", "x", "-5"])
def test_a_terminal_without_a_width_gets_an_answer(columns: str, tmp_path: Path) -> None:
    done = command("elicit", "{interval: [1, 2], level: 0.9}", cwd=tmp_path, COLUMNS=columns)
    assert done.returncode == 0
    assert "density" in re.sub(r"\s", "", done.stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        *((name, "x" * 300) for name in ("validate", "run", "explain", "report", "budget", "explore", "verify")),
        ("ledger", "add", "x" * 300),
        ("validate", "hyundai", "-s", ".".join("a" * 900) + "=1"),
        ("run", "hyundai", "-s", ".".join("a" * 900) + "=1"),
    ],
    ids=lambda arguments: " ".join(arguments)[:12],
)
def test_names_and_paths_too_long_are_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert len((done.stdout + done.stderr).splitlines()) <= 2
    assert len(done.stderr + done.stdout) < 1_500


def test_runs_that_land_where_one_stands_do_not_hide_the_scenario(tmp_path: Path) -> None:
    for words in ("Stored in", "Found in"):
        done = command("run", "baseline", "--draws", "20", "--no-plot", "--out", ".", cwd=tmp_path)
        assert (done.returncode, words in done.stdout) == (0, True)


@pytest.mark.skipif(os.name != "posix" or not Path("/proc").exists(), reason="needs a home that cannot be")
def test_a_home_that_cannot_be_written_is_named() -> None:
    from forecast.errors import RunError
    from forecast.storage.files import writing

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", "/proc/nope")
        refused = pytest.raises(
            RunError, match=r"^/proc/nope: cannot be written \(.*\); name another folder with HOME$"
        )
        with refused, writing("bt", "choose another with --out"):
            Path("/proc/nope").mkdir()
