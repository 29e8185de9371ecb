"""What ships and what must not: the built archives, the lock, the fronts of packages and texts of the repository."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import forecast

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
MACHINE = ["." + "./shared", "/" + "work/", "/" + "root/", "/" + "home/", "/" + "tmp/"]
REGISTRY = ["files.python" + "hosted.org", "pypi" + ".org"]


def built(target: str, folder: Path) -> Path:
    """The archive of a build without network: `wheel` or `sdist`."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder], cwd=ROOT, check=True)
    (archive,) = folder.iterdir()
    return archive


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", tmp_path_factory.mktemp("wheel"))


def shipped_files() -> Iterator[str]:
    """Files of the package and the scenarios, by their place in the wheel."""
    for folder, place in (("forecast", "forecast"), ("scenarios", "forecast/scenarios")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield f"{place}/{path.relative_to(ROOT / folder).as_posix()}"


def test_the_wheel_holds_package_data_and_scenarios_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == set(shipped_files())
    assert {"forecast/py.typed", "forecast/scenarios/hyundai.yaml"} <= names
    assert any(name.startswith("forecast/data/observations/") for name in names)


def test_the_wheel_finds_its_data_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import forecast.observations.series; forecast.observations.series.quarterly_trade(); print(forecast.__file__)"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    found = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True)
    assert Path(found.strip()) == tmp_path / "site" / "forecast" / "__init__.py"


def test_the_sdist_builds_and_leaves_results_behind(tmp_path: Path) -> None:
    with tarfile.open(built("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "requirements.lock", "Makefile", "LICENSE", "tests/test_packaging.py"} <= names
    assert {name for name in names if name.startswith("results/")} <= {"results/README.md"}


@pytest.mark.parametrize(
    ("file", "pattern"),
    [("CITATION.cff", r"^version: (.+)$"), ("CHANGELOG.md", r"^## (\S+)")],
    ids=["citation", "changelog"],
)
def test_papers_name_the_version_of_the_code(file: str, pattern: str) -> None:
    stated = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert stated is not None
    assert stated[1] == forecast.__version__


def normalised(requirement: str) -> str:
    """Project name of a requirement, as registries compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()


def test_the_lock_pins_every_requirement_with_hashes_and_names_no_place() -> None:
    pins = re.findall(r"^(\S+)==\S+(?: ;[^\\\n]+)? \\\n    --hash=sha256:", LOCK, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[^\s#]", LOCK, re.MULTILINE))
    untested = {"notebooks", "ray"}  # what no test of a fresh checkout needs
    extras = [group for name, group in PROJECT["optional-dependencies"].items() if name not in untested]
    required = {normalised(name) for group in (PROJECT["dependencies"], *extras) for name in group}
    assert required <= set(pins)
    assert "://" not in LOCK


def test_the_lock_keeps_the_last_pymc_for_the_oldest_python() -> None:
    markers = dict(re.findall(r"^pymc==(\d+)\.\S+ ; (.+?) \\$", LOCK, re.MULTILINE))
    assert markers == {"5": "python_full_version < '3.12'", "6": "python_full_version >= '3.12'"}


def repository_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file that git keeps or would keep; binary files are passed over."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs a git checkout")
def test_no_text_names_a_machine_or_a_registry() -> None:
    texts = dict(repository_texts())
    assert "pyproject.toml" in texts
    forbidden = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, MACHINE))})|{'|'.join(map(re.escape, REGISTRY))}")
    assert not [f"{name}: {found[0]}" for name, text in texts.items() for found in forbidden.finditer(text)]


def test_every_front_names_each_of_its_modules_once() -> None:
    for front in (ROOT / "forecast").rglob("__init__.py"):
        docstring = ast.get_docstring(ast.parse(front.read_text(encoding="utf-8"))) or ""
        modules = sorted(path.stem for path in front.parent.glob("*.py") if not path.stem.startswith("__"))
        assert sorted(re.findall(r"^- `(\w+)`: \S", docstring, re.MULTILINE)) == modules, front


def test_faults_name_tests_that_are_there() -> None:
    """`a/test_b.py::test_c`, and `::test_d` for another of the same file."""
    folder, file, named = Path(__file__).parent, "", 0
    for path, name in re.findall(r"`([\w/]*\.py)?::(\w+)`", (folder / "FAULTS.md").read_text(encoding="utf-8")):
        file = path or file
        assert f"\ndef {name}(" in (folder / file).read_text(encoding="utf-8"), f"{file}::{name}"
        named += 1
    assert named > 60


def test_every_test_is_run_before_a_change_lands() -> None:
    """Tests that take long are left out of `make test`, and must not be forgotten: with `make slow` they are all."""
    makefile, checks = ((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", ".ci/run"))
    chosen = re.findall(r"-m (?:\"([^\"]+)\"|(slow))(?= \$\(ARGS\))", makefile)
    assert [quoted or bare for quoted, bare in chosen] == ["not refit and not slow", "slow"]
    pythons = re.findall(r'^ *check "(?:Slow t|T)ests on .*" make (test|slow) (.*)$', checks, re.MULTILINE)
    by_target = {target: [rest for name, rest in pythons if name == target] for target in ("test", "slow")}
    assert len(by_target["test"]) == 2
    assert by_target["slow"] == by_target["test"]
