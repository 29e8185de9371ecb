"""Generated parts of the pages: the map of the rooms, references of commands and Python names, and what commands print.

`python docs/pages.py write` renews all of them, `check` names the pages that are not current. Marks in the Markdown say
what is generated:

- `<!-- map -->` to `<!-- /map -->`: every package and module, from the docstrings of the packages' fronts
- `<!-- commands -->` to `<!-- /commands -->`: every command and option, from the help texts
- `<!-- names -->` to `<!-- /names -->`: every public name of Python, from signatures and docstrings
- `<!-- prints: forecast ... -->` before a block: all that the command prints
- `<!-- table: forecast ... -->`: its first table alone
- `<!-- answers: forecast ... -->`: what it says after its last table; with a number in quotes, so many paragraphs
- `<!-- sentence "words": forecast ... -->` before a quotation: the sentence of that paragraph in which the words stand;
  `clause` in its place: the part of it between semicolons
- `slowly` before the colon of any of these keeps it out of the test suite
- `<!-- file: name.yaml -->` before a block: a file that the commands find; the block itself is written by hand
- `<!-- not run: reason -->` before a block of shell or Python: why the test suite does not run it
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path

import click
import python_names
from click.testing import CliRunner

from forecast.cli import cli
from forecast.errors import ForecastError

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "forecast"
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    *(ROOT / "docs" / name for name in ("answer.md", "answer.ko.md")),
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    ROOT / "docs" / "gallery.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("commands", "api", "explanation", "glossary")),
    ROOT / "ARCHITECTURE.md",
)
"""Pages in reading order."""

OUTPUT = re.compile(
    r'<!-- (?P<kind>prints|table|answers|sentence|clause)(?: "(?P<words>[^"]+)")?(?P<slow> slowly)?'
    r": forecast (?P<arguments>.+?) -->\n(?P<shown>```text\n(?:.*\n)*?```|(?:> .*\n)*)"
)
FILE = re.compile(r"<!-- file: (\S+) -->\n```yaml\n(.*?\n)```", re.DOTALL)
ENTRY = re.compile(r"^- `(\w+)`: ((?:.+)(?:\n  .+)*)", re.MULTILINE)
QUOTED = {
    "sentence": re.compile(r"(?:[^.()]|\([^()]*\)|\.(?!\s|$))+\.?\s*"),
    "clause": re.compile(r"(?:[^.;()]|\([^()]*\)|[.;](?!\s|$))+[.;]?\s*"),
}
"""Words up to a full stop, or a semicolon too, that stands outside of brackets and before a space."""

COLUMNS, RULE = "80", "──"
PLACES = (
    *("Stored in", "Found in", "Tables, pictures and page stored in"),
    *("저장 위치:", "저장된 실행:", "표·그림·문서 저장 위치:"),
)
"""How lines begin that say where something is stored."""


@dataclass(frozen=True, slots=True)
class Output:
    """A part of a page that shows what a command prints.

    Attributes:
        page: file it stands in.
        kind: what is shown: all it `prints`, its first `table`, its `answers`, or a `sentence` or `clause` of that.
        words: that the sentence or clause holds.
        slow: whether the command takes too long for the test suite.
        arguments: of `forecast`.
        shown: the block or the quotation.
    """

    page: Path
    kind: str
    words: str
    slow: bool
    arguments: str
    shown: str


def outputs() -> Iterator[Output]:
    """Parts of all pages that show what a command prints."""
    for page in PAGES:
        for match in OUTPUT.finditer(page.read_text(encoding="utf-8")):
            yield _output(page, match)


def _output(page: Path, match: re.Match[str]) -> Output:
    kind, words, slow, arguments, shown = match.group("kind", "words", "slow", "arguments", "shown")
    return Output(page, kind, words or "", bool(slow), arguments, shown)


def write_files(folder: Path, shown_on: Sequence[Path] = PAGES) -> None:
    """Write the files that pages show, so that commands run in `folder` find them."""
    for page in shown_on:
        for name, text in FILE.findall(page.read_text(encoding="utf-8")):
            (folder / name).write_text(text, encoding="utf-8")


@cache
def printed(arguments: str) -> str:
    """The answer of `forecast` in the current folder on 80 columns, but for where it stores; pictures are left out.

    Raises:
        RuntimeError: the command broke.
    """
    words = arguments.split()
    if words[0] in ("run", "budget"):
        words.append("--no-plot")
    done = CliRunner().invoke(cli, words, env={"COLUMNS": COLUMNS})
    if done.exception is not None and not isinstance(done.exception, SystemExit | ForecastError):
        raise RuntimeError(f"forecast {arguments}") from done.exception
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return "\n".join(line for line in lines if not line.startswith(PLACES)).strip("\n") + "\n"


def current(output: Output) -> str:
    """What a part of a page should show; commands run in the current folder.

    Raises:
        LookupError: what the page quotes is not said, or said more than once.
    """
    text = printed(output.arguments)
    paragraphs = text.strip("\n").split("\n\n")
    tables = [place for place, paragraph in enumerate(paragraphs) if RULE in paragraph]
    said = paragraphs[tables[-1] + 1 if tables else 0 :]
    if output.kind in QUOTED:
        try:
            return quotation(" ".join(said), output.kind, output.words)
        except LookupError as error:
            raise LookupError(f"{output.page.relative_to(ROOT)}: {error}") from error
    if output.kind == "answers":
        text = "\n\n".join(said[: int(output.words or len(said))]) + "\n"
    elif output.kind == "table":
        text = "\n\n".join(paragraphs[tables[0] - 1 : tables[0] + 1]) + "\n"
    return f"```text\n{text}```"


def quotation(paragraph: str, kind: str, words: str) -> str:
    """The sentence or clause of a paragraph that holds these words, as a quotation in Markdown.

    Raises:
        LookupError: none does, or several do.
    """
    parts = QUOTED[kind].findall(" ".join(paragraph.split()))
    found = [place for place, part in enumerate(parts) if words in part]
    if len(found) != 1:
        raise LookupError(f"got {words!r} in {len(found)} parts, expected it in one {kind}: {paragraph}")
    part = parts[found[0]].strip()
    within = found[0] > 0 and parts[found[0] - 1].rstrip().endswith(";")
    return f"> {'… ' if within else ''}{part[:-1] + ' …' if part.endswith(';') else part}\n"


def fronts() -> dict[str, tuple[str, dict[str, str]]]:
    """First sentence and modules of every package, in the order of the layers, the root's last under an empty name."""
    names = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][
        0
    ]
    rooms = [name for layer in layers["layers"] for name in layer.split(" | ") if name in names]
    docstrings = {name: ast.get_docstring(ast.parse(_front(name).read_text(encoding="utf-8"))) for name in [*rooms, ""]}
    return {name: (text.splitlines()[0], _modules(text)) for name, text in docstrings.items() if text}


def _front(package: str) -> Path:
    return PACKAGE / package / "__init__.py"


def _modules(docstring: str) -> dict[str, str]:
    """Modules that a front names with `- name: text` lines."""
    return {name: " ".join(text.split()) for name, text in ENTRY.findall(docstring)}


def module_map() -> str:
    """Table of all packages, a row each with its modules, in Markdown."""
    lines = ["| room | modules |", "|---|---|"]
    for package, (sentence, modules) in fronts().items():
        room = f"**`{package}`** {sentence.rstrip('.')}" if package else "**the hall** Ground of all rooms"
        lines.append(f"| {room} | {'<br>'.join(f'`{name}`: {text}' for name, text in modules.items())} |")
    return "\n".join(lines)


def commands(group: click.Group = cli, prefix: str = "forecast") -> Iterator[tuple[str, click.Command]]:
    """Every command under its full name, those of a group after the group."""
    context = click.Context(group)
    for own in group.list_commands(context):
        command = group.get_command(context, own)
        assert command is not None
        yield f"{prefix} {own}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {own}")


def command_reference() -> str:
    """Usage, help text and options of every command, in Markdown."""
    return "\n\n".join(_command(name, command) for name, command in commands())


def _command(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    options = [item for item in command.params if isinstance(item, click.Option)]
    records = [record for item in options if (record := item.get_help_record(context)) is not None]
    table = ["| option | meaning |", "|---|---|", *(f"| `{_cell(flag)}` | {_cell(text)} |" for flag, text in records)]
    examples = "\n".join(f"    {line}" for line in (command.epilog or "").replace("\b", "").split("\n") if line)
    parts = [f"### {name}", f"`{usage}`", cleandoc(command.help or ""), "\n".join(table) if records else "", examples]
    return "\n\n".join(filter(None, parts))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def between(page: str, mark: str, content: str) -> str:
    """A page with new content between a mark and its end."""
    pattern = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", re.DOTALL)
    return pattern.sub(lambda _match: f"{content}\n", page)


def generated(page: Path) -> str:
    """A page with its map and its references made anew."""
    text = page.read_text(encoding="utf-8")
    parts = {"map": module_map, "commands": command_reference, "names": python_names.reference}
    for mark, content in parts.items():
        if f"<!-- {mark} -->" in text:
            text = between(text, mark, content())
    return text


def renewed(page: Path) -> str:
    """A page with everything made anew that is generated, output of slow commands too."""

    def block(match: re.Match[str]) -> str:
        mark = match[0].removesuffix(match["shown"])
        return f"{mark}{current(_output(page, match))}"

    return OUTPUT.sub(block, generated(page))


def main(action: str) -> int:
    """Write or check all pages; the exit code is 1 if a page was not current."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        write_files(Path())
        texts = {page: renewed(page) for page in PAGES}
    stale = [page for page, text in texts.items() if text != page.read_text(encoding="utf-8")]
    for page in stale:
        print(f"{'renewed' if action == 'write' else 'not current'}: {page.relative_to(ROOT)}")
        if action == "write":
            page.write_text(texts[page], encoding="utf-8")
    return int(action == "check" and bool(stale))


if __name__ == "__main__":
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit("usage: python docs/pages.py write|check")
    sys.exit(main(sys.argv[1]))
