"""Generated parts of the pages: the map of the rooms, the reference of the commands, and what commands print.

`python docs/pages.py write` renews all of them, `check` names the pages that are not current. Marks in the Markdown say
what is generated:

- `<!-- map -->` to `<!-- /map -->`: every package and module, from the docstrings of the packages' fronts
- `<!-- commands -->` to `<!-- /commands -->`: every command and option, from the help texts
- `<!-- prints: forecast ... -->` before a block: all that the command prints
- `<!-- answers: forecast ... -->`: its last paragraph alone; `slowly` after either word keeps it out of the test suite
- `<!-- file: name.yaml -->` before a block: a file that the commands find; the block itself is written by hand
"""

from __future__ import annotations

import ast
import re
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from functools import cache
from inspect import cleandoc
from pathlib import Path

import click
from click.testing import CliRunner

from forecast.cli import cli
from forecast.errors import ForecastError

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "forecast"
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "tutorial.md",
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    *(ROOT / "docs" / f"{name}.md" for name in ("commands", "explanation", "glossary")),
    ROOT / "ARCHITECTURE.md",
)
"""Pages in reading order."""

OUTPUT = re.compile(r"<!-- (prints|answers)( slowly)?: forecast (.+?) -->\n```text\n((?:.*\n)*?)```")
FILE = re.compile(r"<!-- file: (\S+) -->\n```yaml\n(.*?\n)```", re.DOTALL)
ENTRY = re.compile(r"^- `(\w+)`: ((?:.+)(?:\n  .+)*)", re.MULTILINE)
COLUMNS = "80"
PLACES = ("Stored in", "Found in", "Tables, pictures and page stored in")


@dataclass(frozen=True, slots=True)
class Output:
    """A block that shows what a command prints.

    Attributes:
        page: file it stands in.
        arguments: of `forecast`.
        paragraph: whether the last paragraph alone is shown.
        slow: whether the command takes too long for the test suite.
        shown: content of the block.
    """

    page: Path
    arguments: str
    paragraph: bool
    slow: bool
    shown: str


def outputs() -> Iterator[Output]:
    """Blocks of all pages that show what a command prints."""
    for page in PAGES:
        for kind, slow, arguments, text in OUTPUT.findall(page.read_text(encoding="utf-8")):
            yield Output(page, arguments, kind == "answers", bool(slow), text)


def write_files(folder: Path) -> None:
    """Write the files that pages show, so that commands run in `folder` find them."""
    for page in PAGES:
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
    """Content that a block should have; commands run in the current folder."""
    text = printed(output.arguments)
    return text.rpartition("\n\n")[2] if output.paragraph else text


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
    """A page with its map and its reference of commands made anew."""
    text = page.read_text(encoding="utf-8")
    return between(between(text, "map", module_map()), "commands", command_reference())


def renewed(page: Path) -> str:
    """A page with everything made anew that is generated, output of slow commands too."""

    def block(match: re.Match[str]) -> str:
        kind, slow, arguments, shown = match.groups()
        text = current(Output(page, arguments, kind == "answers", bool(slow), shown))
        return f"{match[0].partition('```text')[0]}```text\n{text}```"

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
