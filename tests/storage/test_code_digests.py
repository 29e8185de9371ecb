"""The digest of code sees what makes numbers, and neither where it lies nor what it says."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import TypeAlias

import platformdirs
import pytest

import forecast
from forecast.storage import code_digests
from forecast.storage.code_digests import ROLES, Package, Role, remembered_digest, syntax_digest

SOURCE = Path(forecast.__file__).parent

MODEL = '''"""A model."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from tiny import channels
from tiny.errors import TinyError, refusal
from tiny.plans import Plant

if TYPE_CHECKING:
    from tiny.unused import Unused

LOW, HIGH = 0.1, 0.9
SHARE: float = 0.59


def forecast(plants: list[Plant], share: float = SHARE) -> float:
    """Sum of all plants.

    Nothing else.
    """
    if share > HIGH:
        raise TinyError(f"got {share}, expected at most {HIGH}")
    from tiny.places import place

    return sum(channels.bought(plant.output + plant.capital, share) for plant in plants) + place() * np.pi


def checked(value: float = Field(0.5, description="a share")) -> float:
    return refusal("share", value) if value < LOW else forecast([Plant(value, 1.0)])
'''

TINY = {
    "__init__": "",
    "model": MODEL,
    "channels": '''"""Flows."""
RATE = 2
RATES = {"cars": RATE}
RATES |= {"ships": 3}


def bought(output, share):
    """Purchases."""
    return -_scaled(output) * share


def _scaled(output):
    return output * RATES["cars"] ** 2 if output else bought(1.0, 1.0)
''',
    "plans": '''"""Plants."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    """A plant."""

    output: float
    """Of goods."""
    capital: float

    def spread(self, places):
        return [place + self.output for place in places]
''',
    "places": "def place():\n    return 4\n\n\ndef elsewhere():\n    return 5\n",
    "errors": "class TinyError(Exception):\n    pass\n\n\ndef refusal(name, value):\n    return f'{name}: {value}'\n",
    "unused": "class Unused:\n    pass\n",
}

ROLE = Role(("tiny.model.checked",), messages=("tiny.errors",))


Writer: TypeAlias = Callable[[Mapping[str, str]], Package]


@pytest.fixture
def written(tmp_path: Path) -> Writer:
    """Writes modules as a package called `tiny`, in a folder of its own."""

    def write(modules: Mapping[str, str]) -> Package:
        folder = tmp_path / str(len(list(tmp_path.iterdir()))) / "tiny"
        for name, text in modules.items():
            path = folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Package(folder)

    return write


def changed(module: str, old: str, new: str) -> dict[str, str]:
    """The tiny package with one text in place of another."""
    assert TINY[module].count(old) == 1
    return TINY | {module: TINY[module].replace(old, new)}


SAME = {
    "docstring of a module": changed("model", "A model.", "Another model."),
    "docstring of a function": changed("model", "Nothing else.", "Something else."),
    "docstring of a class": changed("plans", "A plant.", "A factory."),
    "docstring of a field": changed("plans", "Of goods.", "Of cars."),
    "no docstring": changed("channels", '    """Purchases."""\n', ""),
    "comment": changed("channels", "RATE = 2", "# why\n\nRATE = 2"),
    "layout": changed("channels", "-_scaled(output) * share", "(\n        -_scaled(output)\n        * share\n    )"),
    "what an error says": changed("model", "expected at most", "accepted: at most"),
    "what a message is given": changed("model", '"share", value', '"the share", value'),
    "how messages are made": changed("errors", "{name}: {value}", "{name} = {value}"),
    "help text": changed("model", "a share", "the share"),
    "annotation": changed("model", "-> float:\n    return", "-> int:\n    return"),
    "what nothing rests on": changed("places", "return 5", "return 6"),
    "name of a definition": TINY | {"channels": TINY["channels"].replace("_scaled", "_grown")},
    "order of definitions": changed("model", "LOW, HIGH", "SIZE = 1\nLOW, HIGH"),
    "names in one row": changed("model", "LOW, HIGH = 0.1, 0.9", "HIGH = 0.9\nLOW = 0.1"),
    "another way to import": changed("model", "import numpy as np", "import numpy")
    | {"model": MODEL.replace("import numpy as np", "import numpy").replace("np.pi", "numpy.pi")},
    "import at the top": TINY
    | {
        "model": MODEL
        .replace("    from tiny.places import place\n", "")
        .replace("from tiny.plans", "from tiny.places import place\nfrom tiny.plans")
    },
}  # fmt: skip

OTHER = {
    "number": changed("channels", "RATE = 2", "RATE = 3"),
    "type of a number": changed("channels", "RATE = 2", "RATE = 2.0"),
    "number added to a constant": changed("channels", '"ships": 3', '"ships": 4'),
    "number behind an import in a function": changed("places", "return 4", "return 5"),
    "operator": changed("channels", "** 2", "* 2"),
    "sign": changed("channels", "-_scaled", "+_scaled"),
    "order of a difference": changed("model", "value < LOW", "LOW < value"),
    "default": changed("model", "Field(0.5", "Field(0.6"),
    "default by name": changed("model", "SHARE: float = 0.59", "SHARE: float = 0.6"),
    "another name for a default": changed("model", "= SHARE)", "= HIGH)"),
    "order of fields": changed("plans", "    capital: float\n", "")
    | {
        "plans": TINY["plans"]
        .replace("    capital: float\n", "")
        .replace("    output: float", "    capital: float\n    output: float")
    },
    "type of a field": changed("plans", "capital: float", "capital: int"),
    "frozen or not": changed("plans", "frozen=True", "frozen=False"),
    "method": changed("plans", "place + self.output", "place - self.output"),
    "library": changed("model", "np.pi", "np.e"),
    "other definition of a name": changed("model", "import place\n", "import elsewhere as place\n"),
    "statement of a module": changed("channels", "RATE = 2\n", "RATE = 2\nprint(RATE)\n"),
}  # fmt: skip


@pytest.mark.parametrize("modules", SAME.values(), ids=SAME.keys())
def test_what_makes_no_number_leaves_the_digest(written: Writer, modules: Mapping[str, str]) -> None:
    before, after = written(TINY), written(modules)
    assert before.content != after.content
    assert syntax_digest(ROLE, after) == syntax_digest(ROLE, before)


@pytest.mark.parametrize("modules", OTHER.values(), ids=OTHER.keys())
def test_what_makes_a_number_changes_the_digest(written: Writer, modules: Mapping[str, str]) -> None:
    assert syntax_digest(ROLE, written(modules)) != syntax_digest(ROLE, written(TINY))


def test_moving_splitting_and_merging_modules_leaves_the_digest(written: Writer) -> None:
    """`channels` goes into a package and is split, and `plans` and `places` become one module."""
    rate, flows = TINY["channels"].split("\n\n\n", 1)
    merged = "from dataclasses import dataclass\n" + TINY["places"] + TINY["plans"].partition("dataclass\n")[2]
    moved = {
        "__init__": "",
        "economics/__init__": "",
        "economics/rates": rate.replace("RATES", "SHARES"),
        "economics/flows": f"from tiny.economics.rates import SHARES\n\n\n{flows.replace('RATES', 'SHARES')}",
        "fits/model": MODEL.replace("from tiny import channels\n", "from tiny.economics import flows as channels\n")
        .replace("tiny.errors", "tiny.words")
        .replace("tiny.plans", "tiny.plants")
        .replace("tiny.places", "tiny.plants"),
        "plants": merged,
        "words": TINY["errors"],
        "unused": TINY["unused"],
    }
    role = Role(("tiny.fits.model.checked",), messages=("tiny.words",))
    assert syntax_digest(role, written(moved)) == syntax_digest(ROLE, written(TINY))


def test_the_text_that_describes_a_field_is_no_part_of_a_digest(written: Writer) -> None:
    texts = {
        kind: syntax_digest(
            Role(("tiny.m.A",)), written({"m": f"from typing import Annotated\n\n\nclass A:\n    x: {kind}\n"})
        )
        for kind in ('Annotated[float, "cm"]', 'Annotated[float, "mm"]', 'Annotated[int, "cm"]', "Annotated[float, 1]")
    }
    cm, mm, *others = texts.values()
    assert cm == mm
    assert len({cm, *others}) == 3


def test_a_name_of_ones_own_is_not_that_of_the_module(written: Writer) -> None:
    """A local name that a module also defines is followed after no move, and one that it does not is."""
    shadow = (
        "def root(rate, sizes):\n    f = lambda size: size\n    return f(rate) + sum(size for size in sizes) + SIZE\n"
    )
    with_names = "rate = 7\nsize = 8\nSIZE = 9\n" + shadow
    without = "SIZE = 9\n" + shadow
    digests = {syntax_digest(Role(("tiny.m.root",)), written({"m": text})) for text in (with_names, without)}
    assert len(digests) == 1
    assert syntax_digest(Role(("tiny.m.root",)), written({"m": without.replace("= 9", "= 10")})) not in digests


def test_a_digest_is_the_same_for_every_python_and_every_order_of_sets(written: Writer) -> None:
    """Pinned: shipped posteriors carry one digest for all versions of Python."""
    package = written(TINY)
    assert syntax_digest(ROLE, package) == "ac0158acf0c37f391281e7ea101b21fc2b13418f61444b7ab5a67d1f8b14562a"
    code = f"""
from pathlib import Path
from forecast.storage.code_digests import Package, Role, syntax_digest
print(syntax_digest(Role({ROLE.roots}, messages={ROLE.messages}), Package(Path({package.folder!r}))))"""
    for seed in "12":
        environment = os.environ | {"PYTHONHASHSEED": seed}
        found = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
        assert found.strip() == syntax_digest(ROLE, package)


@pytest.mark.parametrize(
    ("root", "module", "missing"),
    [
        ("tiny.model.nothing", "", r"tiny\.model\.nothing: is nowhere defined"),
        (
            "tiny.m.f",
            "from tiny.places import gone\nf = gone()\n",
            r"tiny\.places\.gone: is nowhere defined",
        ),
        ("tiny.m.f", "from tiny import places\nf = [places]\n", r"tiny\.places: is a module in the place"),
    ],
    ids=["root", "name", "module"],
)
def test_what_cannot_be_followed_is_refused(written: Writer, root: str, module: str, missing: str) -> None:
    with pytest.raises(LookupError, match=missing):
        syntax_digest(Role((root,)), written(TINY | {"m": module}))


@pytest.fixture
def memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where digests are remembered, in place of the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: folder)
    return folder / "code"


def test_a_digest_is_remembered_for_the_same_bytes_only(
    written: Writer, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = written(TINY)
    first = remembered_digest(ROLE, package)
    path = Path(package.folder) / "channels.py"
    with monkeypatch.context() as patched:
        patched.setattr(code_digests, "syntax_digest", lambda *_: pytest.fail("worked out again"))
        assert remembered_digest(ROLE, package) == first
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        assert remembered_digest(ROLE, Package(Path(package.folder))) == first
    times = path.stat()
    path.write_text(TINY["channels"].replace("RATE = 2", "RATE = 3"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert remembered_digest(ROLE, Package(Path(package.folder))) != first
    assert len([*memory.iterdir()]) == 1


@pytest.mark.parametrize("broken", [b"", b"a b\n", b"\x00\xff", b"content ab12", b"content"])
def test_a_memory_that_is_damaged_is_made_again(written: Writer, memory: Path, broken: bytes) -> None:
    package = written(TINY)
    first = remembered_digest(ROLE, package)
    (place,) = memory.iterdir()
    kept = place.read_text()
    place.write_bytes(broken.replace(b"content", package.content.encode()))
    assert remembered_digest(ROLE, package) == first
    assert place.read_text() == kept


def test_a_memory_that_cannot_be_written_is_done_without(written: Writer, memory: Path) -> None:
    memory.write_text("a file where a folder should be")
    assert remembered_digest(ROLE, written(TINY)) == syntax_digest(ROLE, written(TINY))


@cache
def installed() -> dict[str, str]:
    """Digests of all roles of the package itself."""
    package = Package(SOURCE)
    return {role: syntax_digest(ROLES[role], package) for role in ROLES}


def without_docstrings(source: str) -> str:
    """A module laid out anew with other docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                node.value.value = "Something else."
    return ast.unparse(tree)


def test_a_module_that_was_imported_has_the_digest_it_had_before(written: Writer) -> None:
    package = written(TINY)
    cached = Path(package.folder) / "__pycache__"
    cached.mkdir()
    (cached / "model.cpython-311.pyc").write_bytes(b"compiled")
    assert Package(Path(package.folder)).content == package.content


def test_other_docstrings_in_every_module_leave_every_role(tmp_path: Path) -> None:
    copy = copytree(SOURCE, tmp_path / "forecast", ignore=lambda *_: ["__pycache__", "data", "templates"])
    for path in copy.rglob("*.py"):
        path.write_text(without_docstrings(path.read_text(encoding="utf-8")), encoding="utf-8")
    other = Package(copy)
    assert {role: syntax_digest(ROLES[role], other) for role in ROLES} == installed()


@pytest.mark.slow
def test_a_module_moved_leaves_every_role(tmp_path: Path) -> None:
    """`dims` becomes `ground.axes`, and `economics.processes` goes beside it."""
    copy = copytree(SOURCE, tmp_path / "forecast", ignore=lambda *_: ["__pycache__", "data", "templates"])
    (copy / "ground").mkdir()
    (copy / "ground" / "__init__.py").touch()
    for old, new in (("dims", "axes"), ("economics.processes", "processes")):
        (copy / f"{old.replace('.', '/')}.py").rename(copy / "ground" / f"{new}.py")
        for path in copy.rglob("*.py"):
            text = path.read_text(encoding="utf-8").replace(f"forecast.{old} import", f"forecast.ground.{new} import")
            path.write_text(
                text.replace("from forecast.economics import processes\n", "from forecast.ground import processes\n"),
                "utf-8",
            )
    moved = Package(copy)
    assert not {"forecast.dims", "forecast.economics.processes"} & set(moved.sources)
    assert {role: syntax_digest(ROLES[role], moved) for role in ROLES} == installed()


def places(role: Role) -> set[str]:
    """Modules of all definitions that a role rests on."""
    text = code_digests._Text(Package(SOURCE), role)
    for root in role.roots:
        text.mention(root)
    text.definitions()
    return {module for module, _ in text.places}


def test_a_posterior_and_a_run_rest_on_what_makes_their_numbers() -> None:
    """What lists kept by hand had missed is found, and neither the language nor tables' contracts void a posterior."""
    rests = {role: places(ROLES[role]) for role in ROLES}
    assert {"forecast.models.sampling", "forecast.stats.streams", "forecast.models.task"} <= rests["backtest"]
    assert {"forecast.models.sampling", "forecast.stats.streams", "forecast.models.replicates"} <= rests["calibration"]
    assert {"forecast.economics.processes", "forecast.economics.channels", "forecast.stats.distributions"} <= rests[
        "models"
    ] & rests["numbers"]
    assert {
        "forecast.engine.block",
        "forecast.engine.sourcing",
        "forecast.stats.summary",
        "forecast.observations.tables",
    } <= rests["numbers"]
    assert (
        not {
            "forecast.scenario.scenario",
            "forecast.stats.specs",
            "forecast.observations.tables",
            "forecast.results.run",
        }
        & rests["models"]
    )
    for modules in rests.values():
        assert not {"forecast.errors", "forecast.storage.files", "forecast.report.page", "forecast.cli"} & modules
