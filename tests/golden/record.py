"""Golden record: digests of all that the command line prints and stores, to show that a refactoring changed none.

`python tests/golden/record.py check` runs every case again and names the entries that differ; `write` renews them. The
package is entered by its command line alone: its modules may move and be renamed without a change here. Digests hold
on one platform and one set of libraries; `tests/test_golden.py` compares numbers where digests cannot. Where Python
3.12, whose `sum` of floats rounds once only, has another last digit, an entry has two digests: write with Python 3.11
first, then with a newer one, which adds its own.

Not covered, because a fit takes minutes or a server does not end: `fit`, `backtest`, `explore`. Pictures are compared
by `tests/test_pictures.py`; here only their names count.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from unittest.mock import patch

import h5py
import numpy as np

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
RECORD = FOLDER / "record.json"
EXCERPT = FOLDER / "summary.csv"
OLD, NEW = "until 3.11", "from 3.12"
PYTHON = NEW if sys.version_info >= (3, 12) else OLD

DRAWS = ("--draws", "4000")
BOOKS = ("korea_customs", "us_census")
SEEDS = (0, 7)
SCENARIOS = tuple(sorted(file.stem for file in (ROOT / "scenarios").glob("*.yaml")))
Entry = str | dict[str, str]
"""Digest of an entry, or one for older and one for newer Pythons."""

COMMANDS = (
    *("", "announcements", "backtest", "breakeven", "budget", "check", "compare", "elicit", "explain", "explore"),
    *("export", "fit", "history", "induced", "ledger", "ledger add", "ledger list", "ledger score", "list", "new"),
    *("report", "run", "schema", "validate", "verify"),
)
EXCERPT_CASES = tuple(f"run/{name}/korea_customs/seed-0" for name in ("hyundai", "tariff-regimes"))

# Pattern, what stands for it, and why it may differ between equal results. None fits a number of a table.
MASKS = (
    (r"\b[0-9a-f]{64}\b", "<sha256>", "digests of code, data, posterior and files identify, they are no result"),
    (r"(?<![\w.])[0-9a-f]{12}(?![0-9A-Za-z_])", "<run>", "the digest of a run has that of the code in it"),
    (r"'sha256-[\w+/=]+'|&#39;sha256-[\w+/=]+&#39;", "<script>", "digest of the page's script in its security policy"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\+00:00)?", "<time>", "when a run was made, a forecast frozen"),
    (datetime.now(UTC).date().isoformat(), "<today>", "the same, to the day"),
    (r"(?<=\$schema=)\S*/(?=scenario\.schema\.json)", "<folder>/", "where the package lies"),
    (r'("(?:forecast|python|numpy)": )"[\w.+-]+"', r'\1"<version>"', "versions in a manifest"),
    (r'"platform": \{[^{}]*\}', '"platform": "<platform>"', "what the last bits of a number depend on"),
    (r"(?<=\bforecast )\d+\.\d+\.\d+", "<version>", "version in the foot of a page"),
    (r"about [\d.]+ s and \d+ MB, .*?\. An", "about <cost>. An", "cost measured by a pilot run on this machine"),
    (r"약 [\d.]+초, 메모리 \d+MB\(.*?\)", "<cost>", "the same in Korean"),
    (r"(?m)^\S.*: [\d,]+ of [\d,]+ \S+ after \d+ (s|min|h).*\n", "", "progress of what takes longer than two seconds"),
    (r"(?m)^\S.*: .* 중 .*\d+(초|분|시간) 경과.*\n", "", "the same in Korean"),
)


@dataclass(frozen=True)
class Case:
    """Commands run one after the other in a folder of their own, in which a copy of `scenarios/` lies."""

    name: str
    commands: tuple[tuple[str, ...], ...]

    def entries(self) -> dict[str, str]:
        """What the commands print and leave, by name: texts and tables masked, draws as digests of arrays.

        Raises:
            RuntimeError: a command ended with another code than 0.
        """
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            shutil.copytree(ROOT / "scenarios", "scenarios")
            with patch.dict(os.environ, {"XDG_DATA_HOME": str(Path("data").absolute())}):
                texts = {"terminal.txt": masked("".join(_session(command) for command in self.commands))}
            texts |= _stored(Path())
        return {f"{self.name}/{name}": text for name, text in texts.items()}


def run(name: str, *options: str) -> tuple[str, ...]:
    return ("run", f"scenarios/{name}.yaml", "--no-plot", *options)


def compare(*names: str, options: Sequence[str] = DRAWS) -> tuple[str, ...]:
    return ("compare", *(f"scenarios/{name}.yaml" for name in names), *options)


def cases() -> list[Case]:
    """All cases; each stands alone."""
    return [
        *(
            Case(f"run/{name}/{book}/seed-{seed}", (run(name, *DRAWS, "--seed", str(seed), "-s", f"basis={book}"),))
            for name in SCENARIOS
            for book in BOOKS
            for seed in SEEDS
        ),
        *_further_runs(),
        *_comparisons(),
        *_budgets(),
        *_ledgers(),
        *_reports(),
        *_texts(),
        *_korean(),
    ]


def _further_runs() -> list[Case]:
    several = ("run", "scenarios/baseline.yaml", "scenarios/lges-lansing.yaml", "--no-plot", *DRAWS)
    return [
        Case("run-variants/as-written", (run("hyundai", *DRAWS), run("hyundai", *DRAWS))),
        Case("run-variants/prior", (run("announced", *DRAWS, "--prior"),)),
        Case("run-variants/broken-block", (run("hyundai", "--draws", "2345"),)),
        Case("run-variants/few-draws", (run("tariffs-2025", "--draws", "100"),)),
        Case("run-variants/draws-not-kept", (run("lges-lansing", "--draws", "204000"),)),
        Case("run-variants/several", (several, ("list",))),
    ]


def _comparisons() -> list[Case]:
    sampled = (*DRAWS, "--attribute", "--most", "4", "--year", "2030")
    return [
        Case("compare/pair", (compare("hyundai", "hyundai-26bn", options=(*DRAWS, "--attribute", "--beyond", "1")),)),
        Case("compare/sampled", (compare("announced", "localization-fast", options=sampled),)),
        Case("compare/triple", (compare("tariffs-25", "tariffs-25-term", "baseline"),)),
        Case("compare/mixture", (compare("tariff-regimes", "tariffs-2025"),)),
    ]


def _budgets() -> list[Case]:
    lansing = ("budget", "scenarios/lges-lansing.yaml", "--of", "news", "--year", "2028")
    return [
        Case("budget/baseline", (("budget", "scenarios/baseline.yaml", "--no-plot"),)),
        Case("budget/lges-lansing", (lansing,)),
    ]


def _ledgers() -> list[Case]:
    return [
        Case(
            f"ledger/{name}",
            (
                run(name, *DRAWS),
                ("ledger", "add", f"results/{name}"),
                ("ledger", "list"),
                ("ledger", "score"),
            ),
        )
        for name in ("hyundai", "kiet-2025-04-11", "tariff-regimes")
    ]


def _reports() -> list[Case]:
    pages = {"hyundai": ("hyundai",), "mixture": ("tariff-regimes",), "pair": ("baseline", "hyundai")}
    return [
        Case(
            f"report/{page}-{language}",
            (
                *(run(name, *DRAWS) for name in names),
                ("report", *(f"results/{name}" for name in names), "--language", language),
            ),
        )
        for page, names in pages.items()
        for language in ("en", "ko")
    ]


def _texts() -> list[Case]:
    key = "investments.HMG-01-vehicles.overrides.output_per_capex"
    specs = ("{quantiles: {0.1: 2, 0.5: 3, 0.9: 6}, low: 0}", "{distribution: triangular, low: 0, mode: 1, high: 4}")
    return [
        *(Case(f"explain/{name}", (("explain", f"scenarios/{name}.yaml"),)) for name in SCENARIOS),
        Case("explain/evidence", (("explain",), ("explain", "--prior"), ("explain", "--sector", "autos"))),
        Case("elicit", (*(("elicit", spec) for spec in specs), ("elicit", "scenarios/hyundai.yaml", key))),
        Case("validate", (("validate", "scenarios"), ("validate", "scenarios", "--json"))),
        Case("schema/json", (("schema",),)),
        Case("schema/markdown", (("schema", "--markdown"),)),
        Case("new", (("new", "plant"), ("validate", "plant.yaml"))),
        Case("help", tuple((*command.split(), "--help") for command in COMMANDS)),
        Case("history", (("history",),)),
        Case("induced", tuple(("induced", "--year", "2024", *option) for option in ((), ("--prior",)))),
        Case("check", (("check", "--out", "checks"),)),
    ]


def _korean() -> list[Case]:
    """What the terminal says in Korean."""
    korean = ("--language", "ko")
    answers = (
        *(run(name, *DRAWS, *korean) for name in ("hyundai", "tariff-regimes", "kiet-2025-04-11", "us-slowdown")),
        ("list", *korean),
    )
    ledger = (
        run("kiet-2025-04-11", *DRAWS),
        ("ledger", "add", "results/kiet-2025-04-11", *korean),
        ("ledger", "list", *korean),
        ("ledger", "score", *korean),
    )
    texts = (
        ("history", *korean),
        ("induced", "--year", "2024", *korean),
        ("explain", "--sector", "autos", *korean),
        ("explain", "scenarios/hyundai.yaml", *korean),
        ("elicit", "{distribution: triangular, low: 0, mode: 1, high: 4}", *korean),
    )
    pair = compare("hyundai", "hyundai-26bn", options=(*DRAWS, "--attribute", "--beyond", "1", *korean))
    return [
        Case("korean/run", answers),
        Case("korean/compare", (pair, compare("tariff-regimes", "tariffs-2025", options=(*DRAWS, *korean)))),
        Case("korean/budget", (("budget", "scenarios/baseline.yaml", "--no-plot", *korean),)),
        Case("korean/ledger", ledger),
        Case("korean/texts", texts),
    ]


def masked(text: str) -> str:
    """The text without what may differ between equal results."""
    for pattern, sign, _ in MASKS:
        text = re.sub(pattern, sign, text)
    return text


def printed(arguments: Sequence[str]) -> str:
    """What the command prints, errors included, on 100 columns.

    Raises:
        RuntimeError: the command ended with another code than 0.
    """
    from forecast.cli import main

    out = io.StringIO()
    surroundings = patch.dict(os.environ, {"COLUMNS": "100", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"})
    with surroundings, patch.object(sys, "argv", ["forecast", *arguments]), redirect_stdout(out), redirect_stderr(out):
        code = _exit_code(main)
    if code:
        raise RuntimeError(f"forecast {' '.join(arguments)}: code {code}\n{out.getvalue()}")
    return out.getvalue()


def _exit_code(command: Callable[[], None]) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # given once a process, so that they would depend on what ran before
            command()
    except SystemExit as stop:
        return stop.code
    return 0


def _session(arguments: Sequence[str]) -> str:
    return f"$ forecast {' '.join(arguments)}\n{printed(arguments)}\n"


def _stored(folder: Path) -> dict[str, str]:
    """Contents of the files that commands left, by path, and the list of their names."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.parts[0] != "scenarios")
    names = {_name(file): file for file in files}
    if len(names) < len(files):
        raise RuntimeError(f"two files of one name: {[str(file) for file in files]}")
    contents = {name: _content(file) for name, file in names.items()}
    return {"files.txt": "".join(f"{name}\n" for name in names)} | {
        name: content for name, content in contents.items() if content is not None
    }


def _name(file: Path) -> str:
    return masked(file.as_posix()).replace("/<run>/", "/")


def _content(file: Path) -> str | None:
    if file.name == "draws.nc":
        return arrays(file)
    return masked(file.read_bytes().decode()) if file.suffix in (".csv", ".html", ".json", ".yaml") else None


def arrays(file: Path) -> str:
    """Arrays of a NetCDF file, one a line: name, shape, digest of its values as float64 or text, unit and basis."""
    with h5py.File(file) as stored:
        return "".join(
            f"{name} {array.shape} {_values_digest(array)} {array.attrs.get('units')} {array.attrs.get('basis')}\n"
            for name, array in sorted(stored.items())
            if not bytes(array.attrs.get("NAME", b"")).startswith(b"This is a netCDF dimension but not")
        )


def _values_digest(array: h5py.Dataset) -> str:
    if h5py.check_string_dtype(array.dtype):
        return digest("\n".join(array.asstr()[:]))
    return hashlib.sha256(np.ascontiguousarray(array[:], dtype="<f8").tobytes()).hexdigest()


def digest(text: str) -> str:
    """Digest of a text, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def summaries(texts: dict[str, str]) -> list[str]:
    """Contents of `summary.csv` of the cases of the excerpt, as far as their entries are given."""
    return [text for case in EXCERPT_CASES for name, text in texts.items() if _is_summary(name, case)]


def excerpt(tables: Sequence[str]) -> str:
    """Rows of several `summary.csv` that a test compares as numbers: three years, some statistics."""
    header = tables[0].splitlines()[0]
    rows = [row for table in tables for row in table.splitlines()[1:] if _is_kept(row)]
    return "\n".join([header, *rows, ""])


def _is_kept(row: str) -> bool:
    _, _, _, year, statistic, *_ = row.split(",")
    return year in ("2026", "2030", "2035") and statistic in (
        "mean",
        "sd",
        "quantile_0.1",
        "quantile_0.5",
        "quantile_0.9",
    )


@contextmanager
def _timed(name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{time.perf_counter() - start:6.1f} s  {name}", file=sys.stderr)


def selected(patterns: Sequence[str]) -> list[Case]:
    """Cases whose name one of the glob patterns fits."""
    return [case for case in cases() if any(fnmatchcase(case.name, pattern) for pattern in patterns)]


def taken(chosen: Sequence[Case], artifacts: Path | None) -> dict[str, str]:
    """Texts of the entries of the cases, by name; also written below `artifacts`, where that is given."""
    texts: dict[str, str] = {}
    for case in chosen:
        with _timed(case.name):
            entries = case.entries()
        texts |= entries
        if artifacts is not None:
            keep(entries, artifacts)
    return texts


def keep(texts: dict[str, str], folder: Path) -> None:
    """Write every text to a file below the folder."""
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())


def write(chosen: Sequence[Case], texts: dict[str, str]) -> int:
    """Renew the entries of the cases in the record, and the excerpt if they have it."""
    stored = _record()
    kept = {name: value for name, value in stored.items() if not _belongs(name, chosen)}
    new = kept | {name: _renewed(stored.get(name), digest(text)) for name, text in texts.items()}
    RECORD.write_text(json.dumps(new, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    if PYTHON == OLD and len(tables := summaries(texts)) == len(EXCERPT_CASES):
        EXCERPT.write_text(excerpt(tables), encoding="utf-8")
    print(f"{len(texts)} of {len(new)} entries written to {RECORD.relative_to(ROOT)}")
    return 0


def check(chosen: Sequence[Case], texts: dict[str, str]) -> int:
    """Name the entries of the cases that differ from the record; 1 if there are any."""
    stored = {name: _expected(value) for name, value in _record().items() if _belongs(name, chosen)}
    new = {name: digest(text) for name, text in texts.items()}
    differing = [name for name in sorted(stored | new) if stored.get(name) != new.get(name)]
    for name in differing:
        print("new    " if name not in stored else "gone   " if name not in new else "differs", name)
    print(f"{len(differing)} of {len(stored | new)} entries differ from {RECORD.relative_to(ROOT)}")
    return 1 if differing else 0


def _record() -> dict[str, Entry]:
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def _expected(entry: Entry) -> str:
    return entry if isinstance(entry, str) else entry[PYTHON]


def _renewed(stored: Entry | None, found: str) -> Entry:
    """The new entry: an old Python speaks for all of them, a new one adds its own where it differs."""
    old = stored[OLD] if isinstance(stored, dict) else stored
    return found if PYTHON == OLD or old in (None, found) else {OLD: old, NEW: found}


def _belongs(name: str, chosen: Sequence[Case]) -> bool:
    return any(name.startswith(f"{case.name}/") for case in chosen)


def _is_summary(name: str, case: str) -> bool:
    return name.startswith(f"{case}/") and name.endswith("/summary.csv")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("--artifacts", type=Path, help="folder that keeps every masked text and every table")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="NAME", help="cases, such as 'run/hyundai/*'")
    return parser.parse_args()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # the package of this checkout, whatever is installed
    given = _arguments()
    cases_given = selected(given.only)
    sys.exit({"write": write, "check": check}[given.action](cases_given, taken(cases_given, given.artifacts)))
