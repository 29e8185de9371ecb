"""Names as a person types them, and files that are there already under the name of one to be written."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import command

from forecast.engine import simulate
from forecast.models import fitting

DRAWS = ("--draws", "400", "--no-plot")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of `baseline` that is not at default settings."""
    cwd = tmp_path_factory.mktemp("stored")
    assert command("run", "baseline", *DRAWS, cwd=cwd).returncode == 0
    return cwd


@pytest.mark.parametrize(
    "words",
    [
        ("run", "{}", "--draws", "400", "--no-plot"),
        ("validate", "{}"),
        ("explain", "{}", "--draws", "400"),
        ("elicit", "{}", "horizon"),
        ("cite", "{}", "--form", "text"),
        ("compare", "{}", "{}"),
        ("sweep", "{}", "--of", "nosuch", "--year", "2030", "-s", "horizon=2030,2031"),
        ("breakeven", "{}", "--input", "nosuch"),
    ],
    ids=lambda words: words[0],
)
def test_a_name_with_a_separator_behind_it_is_that_name(words: tuple[str, ...], tmp_path: Path) -> None:
    """It was a missing file for some commands, and the only run that was stored for others."""
    assert command("run", "baseline", *DRAWS, cwd=tmp_path).returncode == 0
    plain, behind = (
        command(*(word.format(name) for word in words), cwd=tmp_path) for name in ("baseline", "baseline/")
    )
    told = [done.stdout.replace("Stored in", "Found in") for done in (plain, behind)]
    assert plain.returncode == behind.returncode
    assert plain.stderr.partition("; results/")[0].strip() == behind.stderr.strip()
    assert told[0].splitlines()[:3] == told[1].splitlines()[:3]


def test_a_folder_of_a_run_may_be_named_with_a_separator(stored: Path) -> None:
    done = command("cite", "results/baseline/", cwd=stored)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_says_where_runs_of_a_name_are(stored: Path) -> None:
    for name in ("baseline", "baseline/"):
        done = command("verify", "results", name, cwd=stored)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == ("error: baseline: no such file or folder; did you mean results/baseline?\n")
    done = command("verify", "hyundai", cwd=stored)
    assert done.stderr == (
        "error: hyundai: no such file or folder; `forecast run hyundai` makes a run of the scenario\n"
    )
    for words in (("nosuch",), ("--ledger", "nosuch")):
        done = command("verify", *words, cwd=stored)
        assert done.returncode == 2
        assert done.stderr == "error: nosuch: no such file or folder\n"


WRITTEN = {
    ("report", "results/baseline", "--out"): "report",
    ("export", "results/baseline", "--out"): "exported run",
    ("schema", "--out"): "schema or reference",
    ("schema", "--markdown", "--out"): "schema or reference",
    ("elicit", "{pert: {p10: 1, mode: 2, p90: 5}}", "--picture"): "picture in PNG",
}


@pytest.mark.parametrize("words", WRITTEN, ids=" ".join)
def test_a_file_of_another_kind_is_left_as_it_is(words: tuple[str, ...], stored: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    for text in ("<!doctype html>\n<title>Mine</title>\n", "PK\3\4 of another kind", "{}", "# Notes\n"):
        file.write_text(text, "utf-8")
        done = command(*words, str(file), cwd=stored)
        assert (done.returncode, done.stdout) == (2, "")
        kind = WRITTEN[words]
        expected = f"error: {file}: is there already, is no {kind} and was left as it is; name another file\n"
        assert done.stderr == expected
        assert file.read_text("utf-8") == text
    file.write_bytes(b"")
    first = command(*words, str(file), cwd=stored)  # as mktemp makes it
    assert first.returncode == 0, first.stderr
    made = file.read_bytes()
    assert command(*words, str(file), cwd=stored).returncode == 0
    assert len(file.read_bytes()) == len(made) > 0


@pytest.mark.parametrize("words", WRITTEN, ids=" ".join)
def test_a_name_that_tells_another_format_is_refused(words: tuple[str, ...], stored: Path) -> None:
    """`elicit --picture x.pdf` wrote PNG under that name; a name that tells none is as good as any."""
    ends = {"report": ".html or .htm", "export": ".zip", "schema": ".json or .md", "elicit": ".png"}[words[0]]
    done = command(*words, "mine.pdf", cwd=stored)
    assert (done.returncode, done.stdout) == (2, "")
    message = f"got mine.pdf, expected a name that ends in {ends} ({WRITTEN[words]})"
    assert message in " ".join(done.stderr.split())
    assert not (stored / "mine.pdf").exists()
    done = command(*words, "mine.v2", cwd=stored)
    assert done.returncode == 0, done.stderr
    (stored / "mine.v2").unlink()


def test_a_run_is_exported_over_no_other_file_by_its_usual_name_either(stored: Path) -> None:
    (run,) = (stored / "results" / "baseline").iterdir()
    file = stored / f"baseline-{run.name}.zip"
    file.write_text("mine", "utf-8")
    done = command("export", "results/baseline", cwd=stored)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {file.name}: is there already, is no exported run and was left as it is")
    assert file.read_text("utf-8") == "mine"
    file.unlink()


def test_a_fit_looks_at_its_place_before_it_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "fit_posterior", lambda *_, **__: pytest.fail("sampled for nothing"))
    (tmp_path / "mine.nc").write_text("mine", "utf-8")
    done = command("fit", "--out", "mine.nc", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: mine.nc: is there already, is no posterior and was left as it is; name another file\n"
    for place, words in {"mine.nc/x/y.nc": (), "": ("--as-of", "2025-04-11")}.items():
        own = {"FORECAST_DATA_DIR": str(tmp_path / "mine.nc")}
        done = command("fit", *words, *(("--out", place) if place else ()), cwd=tmp_path, **own)
        assert done.returncode == 2
        assert done.stderr.endswith(": cannot be written (Not a directory); choose another file with --out\n")
    assert [*tmp_path.iterdir()] == [tmp_path / "mine.nc"]


def test_a_place_is_looked_at_where_something_is_to_be_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "_statistics_of", lambda *_: pytest.fail("drew for nothing"))
    (tmp_path / "mine").write_text("mine", "utf-8")
    for words, option in (
        (("induced", "--year", "2024", "--xlsx"), "--out"),
        (("ledger", "add", "baseline"), "--ledger"),
    ):
        for turn in ((*words, option, "mine"), (words[0], *words[1:], option, "mine/below")):
            done = command(*turn, cwd=tmp_path)
            assert (done.returncode, done.stdout) == (2, "")
            expected = f": cannot be written (Not a directory); choose another folder with {option}\n"
            assert done.stderr.endswith(expected)
    done = command("induced", "--out", "mine", "--xlsx", "--year", "2024", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert command("induced", "--year", "2024", "--out", "mine", cwd=tmp_path).returncode == 0
