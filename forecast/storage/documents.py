"""YAML text as a tree whose every node knows its file, line and column.

The YAML is version 1.2, core schema: `NO` and `on` are text, dates are text, `1_000` is text. Beyond it, `2035.0` and
`2.035e3` are whole numbers, and `010` is text: eight to some readers, ten to others. Tags, directives, merge keys,
several documents in one file, and duplicate keys are refused; aliases are kept as long as they stay small.

Text files of a user are read within limits, or refused at once, before a parser sees them, so that none can keep one
busy. Also here: where the shipped scenarios lie, and the schema that editors read. Out of scope: what the keys mean.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from forecast.characters import REORDERING, sign_meant, unquoted, visible
from forecast.errors import Place, Problem, ScenarioError, YamlPath, got, no_such_file, refusal, shortened, spelled

SCHEMA_NAME = "scenario.schema.json"
_PACKAGE = Path(str(files("forecast")))


def shipped_folder() -> Path:
    """Where they lie: inside an installed package, or beside the package in its source."""
    inside = _PACKAGE / "scenarios"
    return inside if inside.is_dir() else _PACKAGE.parent / "scenarios"


def shipped_names() -> list[str]:
    """Names of them, which stand for their files, sorted."""
    return sorted(file.stem for file in shipped_folder().glob("*.yaml"))


def shipped_scenario(name: str) -> Path | None:
    """The file of a shipped scenario; None where none has that name."""
    return shipped_folder() / f"{name}.yaml" if name in shipped_names() else None


def scenario_path(given: str | PathLike[str]) -> Path:
    """The file given, or the shipped scenario of that name where there is no such file."""
    taken = os.path.lexists(given) and not os.path.isdir(given)  # noqa: PTH112 (which does not raise)
    return (None if taken else shipped_scenario(str(given))) or Path(given)


MAX_BYTES = 2**20
MAX_LINE = 20_000
MAX_DEPTH = 40
MAX_ITEMS = 500
TOO_MANY = f"got a list of more than {MAX_ITEMS} entries, expected at most that; join small ones into one"
TOO_DEEP = f"got values nested more than {MAX_DEPTH} deep, expected fewer levels"
_OPENINGS = re.compile(rf"(?:[\[{{]\s*){{{MAX_DEPTH}}}[\[{{]")


# Blanks after a dash are matched in one way only: with ` +\{? *` a row of n blanks is tried n times from each of them.
_ENTRY = re.compile(r"^ *- +(?:\{ *)?id *:", re.MULTILINE)


def demand_parsable(text: str, shown: str) -> None:
    """Refuses what keeps the parser busy for seconds, long tokens, rows of brackets, long lists; and hidden order."""
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > MAX_LINE:
            raise refusal(Place(shown, number, 1), f"got a line of {len(line)} characters, expected at most {MAX_LINE}")
    if turned := REORDERING.search(text):
        message = f"got U+{ord(turned[0]):04X}, which turns the order of writing and cannot be seen; delete it"
        raise refusal(position_of(text, turned.start(), shown), message)
    if match := _OPENINGS.search(text):
        raise refusal(position_of(text, match.start(), shown), TOO_DEEP)
    if entry := next(islice(_ENTRY.finditer(text), MAX_ITEMS, None), None):
        raise refusal(position_of(text, entry.start(), shown), TOO_MANY)


def read_text(path: PathLike[str], place: Place) -> str:
    """Text of a regular UTF-8 file within the limits, or a `ScenarioError` at `place`."""
    try:
        _demand_readable(Path(path), place)
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        start = replace(place, line=line, column=1)
        raise refusal(start, "got bytes that are not UTF-8, expected text in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refusal(place, f"cannot be read: {reason}") from None


def _demand_readable(path: Path, place: Place) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise refusal(place, no_such_file(path.name, _present(path))) from None
    if stat.S_ISDIR(status.st_mode):
        raise refusal(place, "got a directory, expected a YAML file")
    if not stat.S_ISREG(status.st_mode):
        raise refusal(place, "got a device or pipe, expected a regular file")
    if status.st_size > MAX_BYTES:
        raise refusal(place, f"got {status.st_size / 2**20:.1f} MiB, expected at most {MAX_BYTES // 2**20} MiB")


def _present(path: Path) -> list[str]:
    """Files in the folder of a path; for a bare word the shipped scenarios too, which go by their names."""
    names = shipped_names() if str(path) == path.stem else []
    return names + sorted(file.name for file in path.parent.glob("*.y*ml"))


def seen_text(text: str) -> str:
    """The text as an editor shows it: `characters.visible`, and tabs as spaces but for those that indent."""
    return "\n".join(map(_seen_line, visible(text).split("\n")))


def _seen_line(line: str) -> str:
    body = line.strip(" \t\r")
    return line[: len(line) - len(line.lstrip(" \t\r"))] + body.replace("\t", " ") if body else ""


def position_of(text: str, index: int, shown: str) -> Place:
    """Line and column of the character at `index`."""
    return Place(shown, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


MAX_NODES = 50_000
MERGE_KEY = "<<"
Scalar: TypeAlias = "str | int | float | bool | None"
Plain: TypeAlias = "Scalar | Mapping[str, Plain] | tuple[Plain, ...]"


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document.

    Attributes:
        content: a scalar, or children by key or in order.
        place: where it is written.
        key: inside a mapping, where its key is written.
        written: the text of a scalar that stands without quotes; empty for all others.
    """

    content: Scalar | Mapping[str, Node] | tuple[Node, ...]
    place: Place
    key: Place | None = None
    written: str = ""

    @property
    def fields(self) -> Mapping[str, Node]:
        """Children of a mapping; empty for anything else."""
        return self.content if isinstance(self.content, Mapping) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """Children of a list; empty for anything else."""
        return self.content if isinstance(self.content, tuple) else ()

    def got(self) -> str:
        """The value in words, a number or truth value as it is written."""
        is_text = self.content is None or isinstance(self.content, str)
        return f"got {shortened(self.written)}" if self.written and not is_text else got(self.plain())

    def plain(self) -> Plain:
        """The value without places: scalars, mappings, and tuples for lists."""
        if isinstance(self.content, Mapping):
            return {name: child.plain() for name, child in self.content.items()}
        if isinstance(self.content, tuple):
            return tuple(child.plain() for child in self.content)
        return self.content


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its root, and problems that did not stop the parser."""

    root: Node
    problems: tuple[Problem, ...]


def read_document(path: os.PathLike[str], shown: str) -> Document:
    """Parses one file, named `shown` in messages.

    Raises:
        ScenarioError: the file is missing, too large, not text in UTF-8, or not YAML.
    """
    return parse_document(read_text(path, Place(shown)), shown)


@lru_cache(maxsize=8)
def parse_document(text: str, shown: str) -> Document:
    """Parses YAML text that came from a file called `shown`; the same text again gives the same tree.

    Raises:
        ScenarioError: the text is not YAML, is empty, or expands beyond the limits.
    """
    text = seen_text(text)
    demand_parsable(text, shown)
    try:
        return _document(text, shown, _FAST)
    except YAMLError:  # said again below, by the parser that tells what is wrong
        pass
    try:
        return _document(text, shown, yaml.SafeLoader)
    except MarkedYAMLError as error:
        raise ScenarioError([_syntax_problem(error, text, shown)]) from None
    except YAMLError as error:
        raise ScenarioError([_character_problem(error, text, shown)]) from None
    except (ValueError, OverflowError, TypeError, AttributeError):  # what the parser lets through on odd escapes
        raise refusal(Place(shown), "this is not valid YAML; check what follows each backslash") from None


_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where there is one: some 20 times faster, with the same events and other words for errors."""


def _document(text: str, shown: str, loader: Any) -> Document:
    builder = _Builder(shown)
    root = builder.document(yaml.parse(text, Loader=loader))
    return Document(root, tuple(builder.problems))


def present(**keys: Any) -> dict[str, Any]:
    """A mapping to write, without what is absent or empty."""
    return {name: value for name, value in keys.items() if value is not None and value not in ("", [], {})}


def yaml_text(plain: Mapping[str, Any]) -> str:
    """YAML text of a mapping, in its own key order, that parses to the same values; in ASCII where it must be."""
    is_usual = all(map(_is_usual, _texts(plain)))
    return str(yaml.dump(dict(plain), Dumper=_Writer, allow_unicode=is_usual, sort_keys=False, width=MAX_LINE))


class _Writer(yaml.SafeDumper):
    """Quotes text that the core schema of YAML 1.2 would read as a number, such as `1e3`: 1.1 has it as text."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = None if isinstance(_scalar(text), str) else "'"
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _Writer.represent_text)


def _texts(plain: Any) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, Mapping):
        for name, value in plain.items():
            yield from (name, *_texts(value))
    elif isinstance(plain, list | tuple):
        for value in plain:
            yield from _texts(value)


def _is_usual(text: str) -> bool:
    """Whether a text stands in a file as it is: read again, it is the same."""
    return text.isascii() or (seen_text(text) == text == unquoted(text) and not REORDERING.search(text))


class _Builder:
    """Turns parser events into nodes, counting as it goes so that nothing large is ever built."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.problems: list[Problem] = []
        self.anchors: dict[str, Node] = {}
        self.n_nodes = 0

    def document(self, events: Iterator[Any]) -> Node:
        roots = [self._root(event, events) for event in events if isinstance(event, DocumentStartEvent)]
        if not roots:
            raise refusal(Place(self.shown), "the file is empty, expected `key: value` lines")
        return roots[0]

    def _root(self, start: Any, events: Iterator[Any]) -> Node:
        if self.n_nodes:
            raise refusal(self._place(start), "got a second document, expected one document in a file")
        if start.version or start.tags:
            self._note(start, "got a % directive, expected plain YAML", ())
        return self._node(next(events), events, ())

    def _node(self, event: Any, events: Iterator[Any], path: YamlPath) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        self._count(event, 1, len(path) + 1)
        if event.tag is not None:
            self._note(event, f"got the tag {shortened(_tag(event))}, expected a value without tags", path)
        written = event.value if isinstance(event, ScalarEvent) and not event.style else ""
        node = Node(self._content(event, events, path), self._place(event), written=written)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _content(self, event: Any, events: Iterator[Any], path: YamlPath) -> Any:
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path)
        if _UNWRITABLE.search(event.value):
            raise refusal(self._place(event), "got an escaped control character or half a character", spelled(path))
        return event.value if event.style else self._plain(event, path)

    def _plain(self, event: Any, path: YamlPath) -> Scalar:
        """Value of an unquoted scalar; of one in curly quotes the text between them, which is a problem."""
        inside = unquoted(event.value)
        if inside == event.value:
            return _scalar(inside)
        quotes = f"got {shortened(event.value)}, where the curly quotes are part of the text"
        self._note(event, f'{quotes}; write "{shortened(inside)}"', path)
        return _scalar(inside)

    def _sequence(self, events: Iterator[Any], path: YamlPath) -> tuple[Node, ...]:
        children: list[Node] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            children.append(self._node(event, events, (*path, len(children))))
            if len(children) > MAX_ITEMS:
                raise refusal(self._place(event), TOO_MANY, spelled(path))
        return tuple(children)

    def _mapping(self, events: Iterator[Any], path: YamlPath) -> dict[str, Node]:
        children: dict[str, Node] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            name = self._key(event, path)
            if len(children) == MAX_ITEMS:
                message = f"got a mapping of more than {MAX_ITEMS} keys, expected fewer"
                raise refusal(self._place(event), message, spelled(path))
            value = replace(self._node(next(events), events, (*path, name)), key=self._place(event))
            if first := children.get(name):
                message = f"got this key a second time, expected it once (first in line {_line(first)})"
                self._note(event, message, (*path, name))
            if name != MERGE_KEY:
                children.setdefault(name, value)
        return children

    def _key(self, event: Any, path: YamlPath) -> str:
        if not isinstance(event, ScalarEvent):
            raise refusal(self._place(event), "got a list, mapping or alias as a key, expected a word")
        if _UNWRITABLE.search(event.value):
            raise refusal(self._place(event), "got an escaped control character in a key, expected a word")
        if event.value == MERGE_KEY:
            self._note(event, "got a merge key <<, expected the keys themselves; `extends` shares them", path)
        return str(event.value)

    def _alias(self, event: Any, path: YamlPath) -> Node:
        if (node := self.anchors.get(event.anchor)) is None:
            name = shortened(event.anchor)
            raise refusal(self._place(event), f"got the alias *{name}, expected one whose &{name} ends above it")
        n_nodes, height = _extent(node)
        self._count(event, n_nodes, len(path) + height)
        return node

    def _count(self, event: Any, n_nodes: int, depth: int) -> None:
        self.n_nodes += n_nodes
        if self.n_nodes > MAX_NODES:
            raise refusal(
                self._place(event), f"got over {MAX_NODES} values, those behind aliases included; expected fewer"
            )
        if depth > MAX_DEPTH:
            raise refusal(self._place(event), TOO_DEEP)

    def _note(self, event: Any, message: str, path: YamlPath) -> None:
        self.problems.append(self._place(event).problem(spelled(path), message))

    def _place(self, event: Any) -> Place:
        return Place(self.shown, event.start_mark.line + 1, event.start_mark.column + 1)


def _tag(event: Any) -> str:
    return str(event.tag).replace("tag:yaml.org,2002:", "!!")


def _line(node: Node) -> int:
    return (node.key or node.place).line


def _extent(node: Node) -> tuple[int, int]:
    """Number of values in a tree, and its height."""
    children = [_extent(child) for child in (*node.fields.values(), *node.items)]
    return 1 + sum(n for n, _ in children), 1 + max((height for _, height in children), default=0)


_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_INTEGER = re.compile(r"([-+]?(?:0|[1-9]\d{0,14}))(?:\.0*)?", re.ASCII)
_LARGEST_WHOLE = 1e15
_FLOAT = re.compile(r"[-+]?(\.\d+|(0|[1-9]\d*)(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}


def _scalar(text: str) -> Scalar:
    """Value of an unquoted scalar under the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if whole := _INTEGER.fullmatch(text):
        return int(whole[1])
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _LARGEST_WHOLE else number


_SYNTAX = (
    (r"'\\t'", "got a tab, expected spaces"),
    (r"cannot start any token", "got a text that starts with a special character; put it in quotes"),
    (r"escape", "got an unknown escape after a backslash; put the text in single quotes"),
    (r"mapping values are not allowed", "got a `:` where none fits; check the indentation, and quote text with `: `"),
    (r"sequence entries are not allowed", "got a list item `- ` where none fits; start the list on a line of its own"),
    (r"expected ',' or '\]'", "the list opened in line {line} is not closed, expected `,` or `]`"),
    (r"expected ',' or '}'", "the mapping opened in line {line} is not closed, expected `,` or `}}`"),
    (r"quoted scalar|unexpected end of stream", "the quote opened in line {line} is never closed"),
    (r"stream end", "the text ends inside a list or mapping, expected a closing `]` or `}}`"),
    (r"node content", "got punctuation where a value is expected; put text in quotes"),
    (r"could not find expected ':'", "got a line without `:`, expected `key: value`"),
    (r"block end|block collection|document start", "this does not fit what is above it; check indentation and quotes"),
)


def _syntax_problem(error: MarkedYAMLError, text: str, shown: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    start = error.context_mark or mark
    plain = next((text for form, text in _SYNTAX if re.search(form, str(error.problem))), "this is not valid YAML")
    place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
    hint = sign_meant("".join(text.splitlines()[max(mark.line - 1, 0) : mark.line + 1])) if mark else ""
    return place.problem("", plain.format(line=start.line + 1 if start else 0) + hint)


def _character_problem(error: YAMLError, text: str, shown: str) -> Problem:
    position = getattr(error, "position", 0)
    message = f"{got(text[position : position + 1])}, expected printable characters"
    return position_of(text, position, shown).problem("", message)
