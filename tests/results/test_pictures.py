"""Pictures of a stored run: two languages at once, a stop while one is drawn, a link in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import command

from forecast.errors import DamagedRunError
from forecast.results.manifest import CHARTS, MANIFEST
from forecast.results.results import Results, add_chart, read_results


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without pictures."""
    cwd = tmp_path_factory.mktemp("original")
    assert command("run", "baseline", "--draws", "2000", "--no-plot", cwd=cwd).returncode == 0
    return cwd


def stored(cwd: Path) -> Results:
    (folder,) = (cwd / "results" / "baseline").iterdir()
    results = read_results(folder)
    assert results is not None
    return results


def drawn(results: Results, code: str) -> Path:
    path = results.folder / CHARTS[code]
    path.write_bytes(b"a picture")
    return path


def named(results: Results) -> set[str]:
    return set(json.loads((results.folder / MANIFEST).read_text())["files"]) & set(CHARTS.values())


def test_pictures_of_two_languages_at_once_are_both_named(copy: Path) -> None:
    """One process has drawn and named its own while the other draws: the later one took the name of the first away."""
    results = stored(copy)

    def while_another_adds(one: Results) -> Path:
        add_chart(stored(copy), lambda other: drawn(other, "ko"))
        return drawn(one, "en")

    found = add_chart(results, while_another_adds)
    assert named(results) == set(CHARTS.values()) == set(found.manifest["files"]) & set(CHARTS.values())
    assert command("verify", "results", "--blocks", "0", cwd=copy).returncode == 0


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_a_stop_leaves_no_picture_that_no_manifest_names(copy: Path, stop: type[BaseException]) -> None:
    """It was there and not named, so that the run was refused."""
    results = stored(copy)
    add_chart(results, lambda one: drawn(one, "ko"))

    def stopped(one: Results) -> Path:
        drawn(one, "en")
        raise stop

    with pytest.raises(stop):
        add_chart(stored(copy), stopped)
    assert {path.name for path in results.folder.glob("fan*")} == named(results) == {CHARTS["ko"]}


def test_a_link_in_the_place_of_a_picture_is_not_followed(copy: Path) -> None:
    """What it led to became a picture."""
    results, kept = stored(copy), copy / "kept"
    kept.write_text("mine", encoding="utf-8")
    (results.folder / CHARTS["en"]).symlink_to(kept)
    with pytest.raises(DamagedRunError, match=r"got a link by the name fan\.png"):
        add_chart(results, lambda one: drawn(one, "en"))
    done = command("run", "baseline", "--draws", "2000", cwd=copy)
    assert kept.read_text(encoding="utf-8") == "mine"
    assert "a link by the name fan.png" in done.stderr
    assert "surplus" in done.stdout
