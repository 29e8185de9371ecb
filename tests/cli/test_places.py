"""Places that are gone, full, or reached by a link: what is refused is named, with a way out that is one."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import command

import forecast
from forecast.engine import simulate
from forecast.plots.style import korean_typeface

SOURCE = Path(forecast.__file__).parents[1]


def separate(
    *arguments: str, cwd: Path, before: Callable[[], None], **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in which something is done first."""
    return subprocess.run(
        [sys.executable, "-m", "forecast", *arguments],
        cwd=cwd,
        # Python takes a compiled module that it could write in part alone for a whole one.
        env=os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        preexec_fn=before,
    )


def files_of_at_most(n_bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of `baseline`, and with the same exported."""
    cwd = tmp_path_factory.mktemp("stored")
    assert command("run", "baseline", "--draws", "400", "--no-plot", cwd=cwd).returncode == 0
    assert command("export", "results/baseline", "--out", "run.zip", cwd=cwd).returncode == 0
    return cwd


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "baseline", "--draws", "400"),
        ("report", "baseline"),
        ("new", "x.yaml"),
        ("--data-dir", "x", "data"),
        ("run", "x.yaml"),
    ],
    ids=" ".join,
)
def test_a_folder_that_is_gone_is_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = separate(*arguments, cwd=gone, before=gone.rmdir)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("error: ")


@pytest.mark.slow
def test_no_place_for_temporary_files_hides_no_other_message(stored: Path, tmp_path: Path) -> None:
    none = files_of_at_most(0)
    asked = {
        ("run", "nosuch"): "nosuch: got text",
        ("run", "baseline", "--draws", "400", "--out", "r"): "r: cannot be written (File too large); choose another",
        ("verify", str(stored / "run.zip")): "no folder for temporary files can be written; name one with TMPDIR",
    }
    for arguments, words in asked.items():
        done = separate(*arguments, cwd=tmp_path, before=none)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert done.stderr.startswith(f"error: {words}")


@pytest.mark.parametrize("place", ["run.zip", "results"])
def test_a_full_place_for_temporary_files_is_no_fault_of_what_is_verified(
    place: str, stored: Path, tmp_path: Path
) -> None:
    done = separate("verify", place, cwd=stored, before=files_of_at_most(20_000), TMPDIR=str(tmp_path))
    assert done.returncode == 2
    expected = f"error: {tmp_path}: cannot be written (File too large); name another folder with TMPDIR\n"
    assert done.stderr == expected
    assert not list(tmp_path.iterdir())


def test_the_option_that_moves_runs_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    done = command("report", "baseline", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith("choose another folder for runs with --out, in report and export with --results\n")


def test_a_folder_reached_by_a_link_goes_by_the_name_of_the_link(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "baseline").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    for words in ("Stored in", "Found in"):
        done = command("run", "baseline", "--draws", "20", "--no-plot", cwd=tmp_path)
        assert (done.returncode, words in done.stdout) == (0, True)
    assert command("ledger", "add", "results/baseline", cwd=tmp_path).returncode == 0
    (entry,) = (tmp_path / "ledger").glob("baseline-*")
    entry.rename(tmp_path / "old")
    entry.symlink_to(tmp_path / "old")
    for place in ("results", "ledger"):
        assert command("verify", place, "--blocks", "0", cwd=tmp_path).returncode == 0
    assert command("list", cwd=tmp_path).stderr == ""


def test_a_folder_of_data_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A misspelt `--data-dir` was a run on shipped data without a word."""
    done = command(
        "--data-dir", "nodir", "run", "baseline", "--draws", "40", "--no-plot", "--n-jobs", "1", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "nodir: no such folder, so that no data or parameters of your own are read" in done.stderr


WRITERS = [("schema",), ("report", "results/baseline"), ("export", "results/baseline")]


@pytest.mark.parametrize("arguments", WRITERS, ids=" ".join)
def test_a_file_goes_where_a_link_leads_into_a_pipe_and_in_the_place_of_no_folder(
    arguments: tuple[str, ...], stored: Path, tmp_path: Path
) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("file")
    done = command(*arguments, "--out", str(link), cwd=stored)
    assert (done.returncode, str(link) in done.stdout, link.readlink()) == (0, True, Path("file"))
    os.mkfifo(pipe)
    with (tmp_path / "read").open("wb") as file:
        reader = subprocess.Popen(["cat", str(pipe)], stdout=file)
    try:
        done = command(*arguments, "--out", str(pipe), cwd=stored)
        assert pipe.is_fifo()
        reader.wait(timeout=20)
    finally:
        reader.kill()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"Written to {pipe}\n")
    content, whole = ((tmp_path / name).read_bytes() for name in ("read", "file"))
    assert (content[:9], len(content)) == (whole[:9], len(whole))  # an archive holds the time
    done = command(*arguments, "--out", str(tmp_path), cwd=stored)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"error: {tmp_path}: cannot be written (it is a folder); choose another")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a name of the standard output")
def test_what_is_written_to_the_standard_output_stands_behind_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before\n")
    with (tmp_path / "file").open("a") as file:
        words = [sys.executable, "-m", "forecast", "schema", "--out", "/proc/self/fd/1"]
        done = subprocess.run(
            words, env=os.environ | {"PYTHONPATH": str(SOURCE)}, stdout=file, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (0, "Written to /proc/self/fd/1\n")
    printed = command("schema", cwd=tmp_path)
    assert (tmp_path / "file").read_text() == f"before\n{printed.stdout}"


UNNAMED = [
    ("run", "baseline", "--out"),
    ("report", "baseline", "--results"),
    ("report", "baseline", "--out"),
    ("export", "baseline", "--out"),
    ("fit", "--out"),
    ("backtest", "--publish"),
    ("ledger", "add", "baseline", "--ledger"),
    ("budget", "baseline", "--posterior"),
]


@pytest.mark.parametrize("words", UNNAMED, ids=" ".join)
def test_an_empty_name_is_that_of_no_place(words: tuple[str, ...], tmp_path: Path) -> None:
    done = command(*words, "", cwd=tmp_path)
    kind = "folder" if words in UNNAMED[:2] or words[-1] in ("--publish", "--ledger") else "file"
    assert (done.returncode, not list(tmp_path.iterdir())) == (2, True)
    assert done.stderr.endswith(f"Invalid value for '{words[-1]}': got '', expected a {kind}\n")


FILES = [("report", "baseline", "--out"), ("export", "baseline", "--out"), ("schema", "--out"), ("fit", "--out")]


@pytest.mark.parametrize("words", [*FILES, ("elicit", "3", "--picture")], ids=" ".join)
def test_a_folder_in_the_place_of_a_file_is_refused_before_a_draw(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "_statistics_of", lambda *_: pytest.fail("drew for nothing"))
    (tmp_path / "d").mkdir()
    done = command(*words, "d", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: d: cannot be written (it is a folder); choose another")
    done = command(*words, "d/new/", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith(f"Invalid value for '{words[-1]}': got the folder d/new/, expected a file\n")
    assert [*tmp_path.rglob("*")] == [tmp_path / "d"]


CIRCLE = [
    ("run", "baseline", "--out"),
    ("history", "--out"),
    ("check", "--out"),
    ("backtest", "--publish"),
    ("ledger", "add", "baseline", "--ledger"),
    ("induced", "--year", "2024", "--xlsx", "--out"),
]


@pytest.mark.parametrize("words", CIRCLE, ids=" ".join)
def test_links_that_lead_in_a_circle_are_said_to_be_no_place(words: tuple[str, ...], tmp_path: Path) -> None:
    """A run said that a checkpoint in it was damaged."""
    (tmp_path / "loop").symlink_to("loop")
    done = command(*words, "loop", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    expected = r"error: loop: cannot be written \(Too many levels of symbolic links\); choose another .*"
    assert re.match(f"{expected}{words[-1]}", done.stderr)


def test_a_folder_of_runs_behind_links_in_a_circle_is_no_matter_of_its_owner(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to("results")
    done = command("verify", "results", cwd=tmp_path)
    assert done.stderr == "error: results: cannot be read (Too many levels of symbolic links)\n"


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/proc/self").exists(), reason="needs a folder nobody writes in")
def test_a_history_that_cannot_be_drawn_names_the_way_out(tmp_path: Path) -> None:
    done = command("history", "--out", "/proc/self", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: /proc/self: cannot be written \(.*\); choose another folder with --out\n", done.stderr)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs a name of the standard output")
def test_nothing_is_written_to_an_output_that_is_closed(tmp_path: Path) -> None:
    done = separate("schema", "--out", "/dev/stdout", cwd=tmp_path, before=lambda: os.close(1))
    assert done.returncode == 2
    assert done.stderr == "error: /dev/stdout: cannot be written (it is closed); choose another file with --out\n"


@pytest.mark.slow
def test_a_picture_that_cannot_be_written_costs_no_answer(stored: Path, tmp_path: Path) -> None:
    shutil.copytree(stored, tmp_path, dirs_exist_ok=True)
    words = ("run", "baseline", "--draws", "400")
    done = separate(*words, cwd=tmp_path, before=files_of_at_most(20_000))
    assert (done.returncode, "Found in results/baseline/" in done.stdout) == (0, True), done.stderr
    assert done.stderr.endswith("/fan.png: cannot be written (File too large); there is no picture of this run\n")
    assert not list(tmp_path.rglob("fan.png"))
    assert command("verify", "results", "--blocks", "0", cwd=tmp_path).returncode == 0
    assert command(*words, cwd=tmp_path).stderr.count("\n") == 0
    assert list(tmp_path.rglob("fan.png"))


@pytest.mark.slow
@pytest.mark.parametrize("languages", [("en", "ko"), ("ko", "en")])
def test_every_language_has_a_picture_of_its_own(languages: tuple[str, str], tmp_path: Path) -> None:
    for language in (*languages, languages[0]):
        done = command("run", "baseline", "--draws", "400", "--language", language, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    alone = {"en": "fan.png", "ko": "fan.ko.png"} if korean_typeface() else {"en": "fan.png"}
    pictures = {path.name: path.read_bytes() for path in tmp_path.rglob("fan*.png")}
    assert pictures.keys() == {*alone.values()}
    assert len({*pictures.values()}) == len(alone)
    assert command("export", "results/baseline", "--out", "run.zip", cwd=tmp_path).returncode == 0
    assert command("verify", "results", "run.zip", "--blocks", "0", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    "words",
    [("run", ""), ("compare", "", "baseline"), ("breakeven", "", "--input", "x"), ("report", ""), ("export", ""),
     ("sweep", ""), ("validate", ""), ("verify", ""), ("data", "add", ""), ("ledger", "add", "")],
)  # fmt: skip
def test_an_empty_name_is_none(words: tuple[str, ...], tmp_path: Path) -> None:
    """It was the current folder: "got a directory", "holds no finished run", and all of it was verified."""
    done = command(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "got '', expected " in done.stderr
