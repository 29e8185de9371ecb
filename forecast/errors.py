"""Errors by cause under `ForecastError`, their places in files, and the wording of messages: got, accepted, meant."""

from __future__ import annotations

import difflib
import json
import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from forecast.catalogue import MOST_LISTED, Texts, Wording, worded
from forecast.characters import likeness


class ForecastError(Exception):
    """Base of every error a user can cause; the command line prints it and exits with code 2.

    Its words are a text in English, or a `Wording` where what it says of is no error to every command.
    """

    def told(self, texts: Texts) -> str:
        """The words in a language, or in English where they are in that alone."""
        return self.args[0].told(texts) if self.args and isinstance(self.args[0], Wording) else str(self)


@dataclass(frozen=True, slots=True)
class Located:
    """Words about one place of one file.

    Attributes:
        file: file name as the user gave it, or `-s` for a command-line override.
        line: 1-based line, 0 where the text has no place for it (a missing key of the document).
        column: 1-based column, 0 as for `line`.
        path: YAML path, such as `investments.HMG-06.amount`; empty for the whole document.
    """

    file: str
    line: int
    column: int
    path: str

    def at_place(self, message: str) -> str:
        """A message with the place before it."""
        file = in_one_line(self.file)
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        return f"{place}: {self.path}: {message}" if self.path else f"{place}: {message}"


@dataclass(frozen=True, slots=True)
class Problem(Located):
    """Something that makes no sense: nothing runs until it is mended.

    Attributes:
        message: what was got, and what is accepted or probably meant.
    """

    message: str

    def __str__(self) -> str:
        return self.at_place(self.message)


@dataclass(frozen=True, slots=True)
class Remark(Located):
    """Something that makes sense but is probably not meant: it is said, and the scenario runs.

    Attributes:
        wording: what was got, and what is probably meant.
    """

    wording: Wording

    @property
    def message(self) -> str:
        """The words in English."""
        return str(self.wording)

    def told(self, texts: Texts) -> str:
        """The words in a language, with the place before them."""
        return self.at_place(self.wording.told(texts))

    def __str__(self) -> str:
        return self.at_place(self.message)


MOST_PROBLEMS = 200
"""Problems that the message of an error shows; a file that has more is not the file that was meant."""


class ScenarioError(ForecastError):
    """A scenario file cannot be read as a scenario; carries every `Problem` found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - MOST_PROBLEMS
        shown = [str(problem) for problem in self.problems[:MOST_PROBLEMS]]
        super().__init__("\n".join(shown + ([f"and {more:,} more problems"] if more > 0 else [])))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Problems and not their text, so that the error is the same in another process."""
        return type(self), (self.problems,)


class DataError(ForecastError):
    """A table of observations breaks its contract: schema, unit, gap or duplicate."""


class PosteriorError(ForecastError):
    """A stored posterior is missing, damaged or stale; the message names the command that refits."""


class FitError(ForecastError):
    """A fit did not pass the convergence gate; the message carries R-hat, ESS and divergences."""


class LedgerError(ForecastError):
    """A ledger or an entry of it is missing, was changed, or cannot be written."""


class RunError(ForecastError):
    """A run cannot be started or stored as asked."""


class WorkersError(RunError):
    """Workers were lost, or are none that could do the work; notes say how it goes on."""


STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a command to end: of Ctrl-C, of a scheduler, of a terminal that is closed."""


class DamagedRunError(RunError):
    """A stored run is not as it was stored; the message names every file that was changed or is missing."""


YamlPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the root of a document to a value."""

_LONGEST = 60


def spelled(path: YamlPath) -> str:
    """A YAML path in words; an entry without an id goes by its position, as in `layers`.

    >>> spelled(("investments", "HMG-06", "sources", 0)), spelled(("investments", "[2]", "amount"))
    ('investments.HMG-06.sources[0]', 'investments[2].amount')
    """
    steps = [f"[{part}]" if isinstance(part, int) else part for part in path]
    parts = [step if is_position(step) else f".{shortened(step)}" for step in steps]
    return "".join(parts).removeprefix(".")


def is_position(key: str) -> bool:
    """Whether a step of a path is the position of an entry and no key or id."""
    return re.fullmatch(r"\[\d+\]", key) is not None


def got(value: object) -> str:
    """Names a YAML value in words.

    >>> got("5.8bn"), got(True), got(None), got({"mean": 1}), got((1, 2))
    ('got text "5.8bn"', 'got true', 'got nothing', 'got a mapping with mean', 'got a list of 2')
    """
    return f"got {_named(value)}"


def value_named(value: object) -> str | Wording:
    """A YAML value in words of no language yet: texts, numbers and truth values as they are written."""
    if value is None:
        return worded("warnings.values.nothing")
    if isinstance(value, str):
        return worded("warnings.values.text", text=_named(value).removeprefix("text "))
    if isinstance(value, Mapping):
        names = shortened(", ".join(value))
        return worded("warnings.values.mapping", names=names) if value else worded("warnings.values.empty_mapping")
    return worded("warnings.values.list", n=len(value)) if isinstance(value, tuple) else _named(value)


def _named(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"text {json.dumps(shortened(value), ensure_ascii=False)}"
    if isinstance(value, Mapping):
        return f"a mapping with {shortened(', '.join(value))}" if value else "an empty mapping"
    if isinstance(value, tuple):
        return f"a list of {len(value)}"
    return str(value).removesuffix(".0")


_STEERING = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""A text whose characters that steer a terminal or the direction of writing are spelled out.

    >>> printable("red \x1b[31m, right to left \u202e")
    'red \\u001b[31m, right to left \\u202e'
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def in_one_line(text: str) -> str:
    r"""The same of a text that is one line, such as one that names a file: what ends a line is spelled out too.

    >>> in_one_line("my\nplant.yaml: got 5")
    'my\\u000aplant.yaml: got 5'
    """
    return printable(text).replace("\n", "\\u000a")


def shortened(text: str) -> str:
    """The text, or its beginning where it is long."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def meant(word: str, accepted: Iterable[str], synonyms: Mapping[str, Sequence[str]] = {}) -> str:
    """Names the accepted words, and the one that `word` is another word for, or that looks most like it.

    >>> meant("stel", ["autos", "steel"]), meant("Cars", ["autos", "steel"], {"cars": ["autos"]})
    ('did you mean steel? Accepted: autos, steel', 'did you mean autos? Accepted: autos, steel')

    Args:
        synonyms: other words in small letters, each with what it may stand for, of which the first accepted is named.
    """
    names, written = {name.lower(): name for name in accepted}, likeness(word[:_LONGEST])
    possible = [name for name in names if _may_stand_for(written, name)]
    near = difflib.get_close_matches(written, possible, n=1, cutoff=0.7)
    same = [name for name in synonyms.get(re.sub(r"[\W_]+", " ", written).strip(), ()) if name in names]
    if same or near:
        return f"did you mean {names[(same or near)[0]]}? Accepted: {listed(names.values())}"
    return f"accepted: {listed(names.values())}"


_OF_THEIR_OWN = frozenset(
    {
        *("mean", "median", "mode", "sd", "low", "high", "min", "max", "start", "end", "import"),
        *("export", "thousand", "million", "billion", "trillion", "usd", "krw", "won"),
        *("eur", "month", "quarter", "year", "percent", "logitnormal", "loguniform"),
    }
)
"""Words that are none misspelt: a hint at a similar one would change size, unit or meaning."""


def _may_stand_for(word: str, name: str) -> bool:
    """Whether a word may be a name misspelt: part for part, and without a part that says something else."""
    parts, others = (re.split(r"[\W_]+", text.removesuffix(".yaml")) for text in (word, name))
    if len(parts) != len(others):
        return difflib.SequenceMatcher(None, "".join(parts), "".join(others)).ratio() > 0.9
    differ = [pair for pair in zip(parts, others, strict=True) if pair[0].rstrip("s") != pair[1].rstrip("s")]
    added = any(one.endswith(other) and len(one) - len(other) > 2 for one, other in differ)
    return not added and all(one.rstrip("s") not in _OF_THEIR_OWN for one, _ in differ)


def listed(words: Iterable[str]) -> str:
    """Words with commas between them; only the first thirty of many.

    >>> listed(["autos", "steel"])
    'autos, steel'
    """
    words = list(words)
    more = f" and {len(words) - MOST_LISTED} more" if len(words) > MOST_LISTED else ""
    return ", ".join(words[:MOST_LISTED]) + more


def no_such_file(name: str, present: Iterable[str]) -> str:
    """Says that a file is missing, and which ones are there."""
    present = list(present)
    return f"{got(name)}, no such file; {meant(name, present) if present else 'its folder holds no other YAML file'}"


def demand(condition: bool, message: str) -> None:
    """Raise `ValueError` with the message, which says what was got and what is accepted, unless the condition holds."""
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: file as the user named it, 1-based line and column (0: no line to point at)."""

    file: str
    line: int = 0
    column: int = 0

    def problem(self, path: str, message: str) -> Problem:
        """A problem at this place, with the YAML path it concerns."""
        return Problem(self.file, self.line, self.column, path, message)

    def remark(self, path: str, wording: Wording) -> Remark:
        """A remark at this place: something probably not meant."""
        return Remark(self.file, self.line, self.column, path, wording)


def refusal(place: Place, message: str, path: str = "") -> ScenarioError:
    """The error that stops reading at one place."""
    return ScenarioError([place.problem(path, message)])
