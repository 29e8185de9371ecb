"""Changes single pieces of arithmetic, and asks the tests of the room: python benchmarks/mutations.py --changes 300

Of economics, engine and stats, operators, comparisons, constants, offsets of indices, signs and axes are changed one at
a time, drawn at random. What of a call says what is checked or how long it takes (`CHANGE_NO_NUMBER`), and the -1 of
`reshape`, a word for what is left, are passed over. A change is caught if a test of the room, or an example in one of
its docstrings, fails within a minute of processor time; those that run the changed line are asked first. All of it
happens in a copy of the tree, whose digests of code are those of the unchanged one: else whatever reads a stored
posterior would refuse any change. What survives is printed; what no test can notice stands in `equivalent.py`, with the
reason. Ends with code 1 below 95 %.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from equivalent import CHANGE_NO_NUMBER, EQUIVALENT

TREE = Path(__file__).parents[1]
ROOMS = ("economics", "engine", "stats")
SECONDS = 60
"""Processor time that the tests of a room have."""
WANTED = 0.95
NEEDED = ("forecast", "scenarios", "tests", "docs", "notebooks", "results", "pyproject.toml", "README.md")
PRELOADED = ("h5py", "joblib", "matplotlib.figure", "pandas", "pydantic", "rich", "scipy.stats", "xarray")
"""What tests import and no change touches: loaded once, before a process for each change is forked."""

BINARY = {"+": "-", "-": "+", "*": "/", "/": "*", "**": "*", "//": "/", "%": "//", "&": "|", "|": "&"}
COMPARED: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Lt: ("<=", ">"),
    ast.LtE: ("<", ">="),
    ast.Gt: (">=", "<"),
    ast.GtE: (">", "<="),
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one module.

    Attributes:
        module: path below the tree.
        line: number of the line, from 1.
        lines: those of the statement it is in, from first to last.
        before: the line as it stands, without margins.
        after: the line as changed.
        source: the changed module.
    """

    module: str
    line: int
    lines: range
    before: str
    after: str
    source: str

    @property
    def room(self) -> str:
        return self.module.split("/")[1]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.module, self.before, self.after


class Sites(ast.NodeVisitor):
    """Pieces of arithmetic in a module, each with what may stand in its place.

    Docstrings, annotations, decorators, formatted texts and what an error says are passed over, and so are keywords
    that change no number and the -1 of `reshape`, for which numpy takes any negative number.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self.text = text
        self.found: list[tuple[int, int, tuple[str, ...]]] = []
        self.visit(ast.parse(text))

    def _at(self, line: int, column: int) -> int:
        in_characters = len(self._lines[line - 1].encode()[:column].decode())
        return self._starts[line - 1] + in_characters

    def _start(self, node: Any) -> int:
        return self._at(node.lineno, node.col_offset)

    def _end(self, node: Any) -> int:
        return self._at(node.end_lineno, node.end_col_offset)

    def _between(self, left: ast.AST, right: ast.AST, word: str, others: Sequence[str]) -> None:
        start, stop = self._end(left), self._start(right)
        match = re.search(
            rf"(?<![*/<>=!]){re.escape(word)}(?![*/=])",
            re.sub(r"#.*", lambda m: " " * len(m[0]), self.text[start:stop]),
        )
        if match and others:
            self.found.append((start + match.start(), start + match.end(), tuple(others)))

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in (node.left, node.right)):
            word = self._word(node.op)
            self._between(node.left, node.right, word, [BINARY[word]] if word in BINARY else [])
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        word = self._word(node.op)
        if word in BINARY:
            start, stop = self._end(node.target), self._start(node.value)
            at = start + self.text[start:stop].index(f"{word}=")
            self.found.append((at, at + len(word), (BINARY[word],)))
        self.generic_visit(node)

    @staticmethod
    def _word(operator: ast.operator) -> str:
        probe = ast.unparse(ast.BinOp(ast.Name("a"), operator, ast.Name("b")))
        return probe[2:-2].strip()

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            word = ast.unparse(ast.Compare(ast.Name("a"), [operator], [ast.Name("b")]))[2:-2]
            self._between(left, right, word, COMPARED[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            self._between(left, right, word, [other])
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        words = {ast.USub: "-", ast.Not: "not ", ast.Invert: "~"}
        if word := words.get(type(node.op)):
            start = self._start(node)
            if not (isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)):
                self.found.append((start, start + len(word), ("",)))
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            self._constant(node, -node.operand.value)
        else:
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        self._constant(node, node.value)

    def _constant(self, node: ast.AST, value: object) -> None:
        if isinstance(value, bool):
            others = (repr(not value),)
        elif isinstance(value, int):
            others = tuple(str(number) for number in (value - 1, value + 1))
        elif isinstance(value, float):
            others = (repr(1.0),) if value == 0 else (f"{1.1 * value:.12g}",)
        else:
            return
        self.found.append((self._start(node), self._end(node), others))

    def visit_Call(self, node: ast.Call) -> None:
        reshapes = isinstance(node.func, ast.Attribute) and node.func.attr == "reshape"
        lengths = [x for one in node.args for x in (one.elts if isinstance(one, ast.Tuple) else [one])]
        for part in (node.func, *(lengths if reshapes else node.args), *node.keywords):
            if not (reshapes and ast.unparse(part) == "-1"):
                self.visit(part)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg in CHANGE_NO_NUMBER:
            return
        if node.arg == "axis" and isinstance(node.value, ast.Constant | ast.UnaryOp):
            other = "1" if ast.unparse(node.value) == "0" else "0"
            self.found.append((self._start(node.value), self._end(node.value), (other,)))
        else:
            self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not _is_text(node.value):
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body):
            self.visit(part)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in node.body:
            self.visit(part)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value and ast.unparse(node.annotation) != "TypeAlias":
            self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """A text."""

    def visit_Raise(self, node: ast.Raise) -> None:
        """What an error says."""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def mutations(tree: Path, rooms: Sequence[str], rng: random.Random) -> list[Mutation]:
    """One change of every site of some rooms, in random order."""
    found = []
    for path in sorted(path for room in rooms for path in (tree / "forecast" / room).glob("*.py")):
        sites = Sites(path.read_text(encoding="utf-8"))
        statements = _statements(ast.parse(sites.text))
        for start, stop, others in sorted(sites.found):
            source = sites.text[:start] + rng.choice(others) + sites.text[stop:]
            line = sites.text.count("\n", 0, start)
            before, after = (text.splitlines()[line].strip() for text in (sites.text, source))
            lines = _statement(statements, line + 1)
            found.append(Mutation(str(path.relative_to(tree)), line + 1, lines, before, after, source))
    rng.shuffle(found)
    return found


def _statement(statements: Sequence[range], line: int) -> range:
    """Lines of the smallest statement that holds a line: a trace names only some of a statement over several."""
    return min((lines for lines in statements if line in lines), key=len)


def _statements(tree: ast.Module) -> list[range]:
    """Lines of every statement, of one with a body those of its head."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = max(body[0].lineno - 1, node.lineno) if body else node.end_lineno or node.lineno
            found.append(range(node.lineno, end + 1))
    return found


@dataclass
class Tests:
    """What the tests of a room run.

    Attributes:
        seconds: processor time by test.
        by_line: tests that run a line, by module and number; lines run when modules are imported have the test "".
    """

    seconds: dict[str, float] = field(default_factory=dict)
    by_line: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def asked(self, mutation: Mutation) -> list[str]:
        """Tests that run a line, the quickest first; of a line run at import all, those of the module first."""
        covering = set().union(*(self.by_line[mutation.module, line] for line in mutation.lines))
        if "" not in covering:
            return sorted(covering, key=self.seconds.__getitem__)
        own = {test for (module, _), tests in self.by_line.items() if module == mutation.module for test in tests}
        return sorted(self.seconds, key=lambda test: (test not in own, self.seconds[test]))


class Recorder:
    """Plugin of pytest that sees which lines of a room each test runs, and how long it takes."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._test, self._started = str(folder) + os.sep, "", 0.0
        self._lines: dict[str, set[str]] = defaultdict(set)
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()
        sys.settrace(self._call)

    def _call(self, frame: Any, *_: object) -> Callable[..., Any] | None:
        return self._line if frame.f_code.co_filename.startswith(self._folder) else None

    def _line(self, frame: Any, event: str, _: object) -> Callable[..., Any]:
        if event == "line":
            self._lines[f"{frame.f_code.co_filename}:{frame.f_lineno}"].add(self._test)
        return self._line

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        sys.settrace(self._call)
        self._test, self._started = nodeid, time.process_time()

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._seconds[report.nodeid] = time.process_time() - self._started
        if report.failed:
            self._failed.add(report.nodeid)

    def write(self, path: Path) -> None:
        sys.settrace(None)
        lines = {line: sorted(tests - self._failed) for line, tests in self._lines.items()}
        seconds = {test: s for test, s in self._seconds.items() if test not in self._failed}
        path.write_text(json.dumps({"seconds": seconds, "lines": lines, "failed": sorted(self._failed)}))


class Chosen:
    """Plugin of pytest that keeps some tests, in their order, and notes which one runs since when."""

    def __init__(self, tests: Sequence[str], note: Path) -> None:
        self._turn, self._note = {test: turn for turn, test in enumerate(tests)}, note

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self._turn), key=lambda i: self._turn[i.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._note.write_text(f"{time.process_time()} {nodeid}")


class Yard:
    """A copy of the tree in which changes are made, each asked about in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._note, self._log = folder / "tree", folder / "note", folder / "log"
        self.folder.mkdir()
        for source in (TREE / name for name in NEEDED):
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, self.folder / source.name)
        os.chdir(self.folder)
        os.environ |= {"PYTHONPATH": str(self.folder), "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._keep_digests()

    def _keep_digests(self) -> None:
        program = (
            "from forecast.storage.code_digests import *; import json; "
            "print(json.dumps({r: code_digest(r) for r in ROLES}))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        with (self.folder / "forecast" / "storage" / "code_digests.py").open("a", encoding="utf-8") as module:
            module.write(f"\n\ndef code_digest(role):\n    return {json.loads(done.stdout)!r}[role]\n")

    def tests(self, room: str) -> Tests:
        """Tests of a room that pass on the unchanged tree, and what they run."""

        def record() -> int:
            recorder = Recorder(self.folder / "forecast" / room)
            self._pytest([f"tests/{room}", f"forecast/{room}"], recorder)
            recorder.write(self._note)
            return 0

        if self._forked(record, None):
            raise SystemExit(self._log.read_text(encoding="utf-8"))
        seen, tests = json.loads(self._note.read_text(encoding="utf-8")), Tests()
        if seen["failed"]:
            print(f"{room}: left out, as they fail on the unchanged tree: {', '.join(seen['failed'])}")
        tests.seconds = seen["seconds"]
        for place, names in seen["lines"].items():
            path, _, line = place.rpartition(":")
            tests.by_line[str(Path(path).relative_to(self.folder)), int(line)].update(names)
        return tests

    def outcome(self, mutation: Mutation, tests: Tests) -> str:
        """A change is `caught`, or hangs a test that was quick (`hung`), or has `survived`, or is `not run` by any."""
        asked = tests.asked(mutation)
        if not asked:
            return "not run"
        path = self.folder / mutation.module
        before = path.read_text(encoding="utf-8")
        path.write_text(mutation.source, encoding="utf-8")
        try:
            chosen = Chosen(asked, self._note)
            files = list(dict.fromkeys(test.partition("::")[0] for test in asked))
            status = self._forked(lambda: self._pytest(files, chosen), SECONDS)
        finally:
            path.write_text(before, encoding="utf-8")
        if not os.WIFSIGNALED(status):
            return "caught" if os.WEXITSTATUS(status) else "survived"
        if os.WTERMSIG(status) != signal.SIGXCPU:
            return "caught"
        since, _, test = self._note.read_text(encoding="utf-8").partition(" ")
        return "hung" if SECONDS - float(since) > 5 * tests.seconds[test] + 5 else "survived"

    def _pytest(self, places: Sequence[str], plugin: object) -> int:
        import pytest

        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow_fit and not refit"]
        if isinstance(plugin, Recorder):
            options.remove("-x")
        return int(pytest.main([*options, *places], plugins=[plugin]))

    def _forked(self, work: Callable[[], int], seconds: int | None) -> int:
        """Work in a process of its own, with so much processor time; how it ended, as `os.waitpid` says it."""
        if child := os.fork():
            return os.waitpid(child, 0)[1]
        code = 1
        try:
            os.setsid()
            if seconds is not None:
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            sys.path.insert(0, str(self.folder))
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=300)
    parser.add_argument("--after", type=int, default=0, help="changes to pass over, which were asked about before")
    parser.add_argument("--rooms", nargs="+", choices=ROOMS, default=list(ROOMS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    os.nice(10)
    for name in PRELOADED:
        import_module(name)
    everything = mutations(TREE, options.rooms, random.Random(options.seed))
    asked = everything[options.after : options.after + options.changes]
    print(f"{len(asked)} of {len(everything)} changes", flush=True)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        yard = Yard(Path(folder))
        tests = {room: yard.tests(room) for room in sorted({mutation.room for mutation in asked})}
        for number, mutation in enumerate(asked, 1):
            outcome = "equivalent" if mutation.key in EQUIVALENT else yard.outcome(mutation, tests[mutation.room])
            counts[outcome] += 1
            if outcome not in ("caught", "equivalent"):
                print(f"{number} {outcome}: {mutation.module}:{mutation.line}")
                print(f"    {mutation.before}\n    {mutation.after}", flush=True)
    n_caught, n_asked = counts["caught"] + counts["hung"], len(asked) - counts["equivalent"]
    print(f"{dict(counts)}: caught {n_caught} of {n_asked}, {n_caught / max(n_asked, 1):.1%}")
    return int(n_caught < WANTED * n_asked)


if __name__ == "__main__":
    sys.exit(main())
