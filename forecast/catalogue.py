"""Texts of answers, pictures and warnings in every language: files in `data/languages`, with the same keys in each.

A text holds `{places}` that are filled when it is said. Where that is not known yet, a `Wording` stands for it. Korean
particles follow the sound of what fills a place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

FOLDER = Path(str(files("forecast"))) / "data" / "languages"

APART = ("warnings",)
"""Sections in files of their own, which are read when one of their texts is said: most answers hold none."""

MOST_LISTED = 30
"""Names that a list of many begins with."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is to be said, in no language yet.

    Attributes:
        key: of the text.
        values: name and content of each of its places: wordings, lists of names or wordings, and what is written as it
            stands in every language.
    """

    key: str
    values: tuple[tuple[str, object], ...] = ()

    def told(self, texts: Texts) -> str:
        """The words in a language."""
        return texts.heading(self.key, **{name: texts.told(value) for name, value in self.values})

    def __str__(self) -> str:
        return self.told(ENGLISH)


def worded(key: str, **values: object) -> Wording:
    """What is to be said, from the key of a text and what fills its places."""
    return Wording(
        key, tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in values.items())
    )


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of one language; `code` names its file, and is the `lang` attribute of a page."""

    code: str

    @property
    def words(self) -> Mapping[str, Any]:
        """Texts in a tree of mappings and lists."""
        return _words(self.code)

    def text(self, key: str, **values: object) -> str:
        """The text at a dotted key in one line, with its places filled."""
        return one_line(self.heading(key, **values))

    def heading(self, key: str, **values: object) -> str:
        """The same with line breaks where a narrow column has them."""
        said = str(self.part(key)).format(**values)
        return with_particles(said) if self.code == "ko" else said

    def part(self, key: str) -> Any:
        """The text, number, list or mapping at a dotted key, as the file holds it."""
        section, *names = key.split(".")
        found: Any = _words(f"{self.code}.{section}") if section in APART else self.words[section]
        for name in names:
            found = found[name]
        return found

    def told(self, value: object) -> object:
        """A wording, or a list of what may be some, in the language; anything else as it stands.

        >>> Texts("en").told(("HMG-06", worded("sectors.autos")))
        'HMG-06, cars'
        """
        if isinstance(value, Wording):
            return value.told(self)
        return self.listed(value) if isinstance(value, tuple) else value

    def list(self, names: Iterable[str]) -> str:
        """Names in a row."""
        return str(self.part("numbers.list")).join(names)

    def listed(self, names: Sequence[object]) -> str:
        """Names, or what is told of them, in a row; only the first thirty of many."""
        said = self.list(str(self.told(name)) for name in names[:MOST_LISTED])
        more = len(names) - MOST_LISTED
        return said + (self.text("numbers.and_more", n=more) if more > 0 else "")

    def either(self, text: str, korean: str) -> str:
        """A user's text, or its Korean where the language is that and there is one.

        >>> Texts("en").either("Steel mill", "제철소"), Texts("ko").either("Steel mill", "제철소")
        ('Steel mill', '제철소')
        >>> Texts("ko").either("Steel mill", "")
        'Steel mill'
        """
        return korean if korean and self.code == "ko" else text

    def evidence(self, text: str) -> str:
        """A text of the files on evidence, which are in English, in the language; as it stands where none is of it."""
        return text if self.code == ENGLISH.code else str(_words(f"{self.code}.evidence").get(text, text))

    def input_name(self, name: str) -> str:
        """An uncertain input as the registry names it, in the language; ids stay, and words that no text is of.

        >>> Texts("ko").input_name("autos: utilisation"), Texts("ko").input_name("HMG-06: goes ahead")
        ('자동차: 가동률', 'HMG-06: 실현 여부')
        """
        if self.code == ENGLISH.code:
            return name
        owner, colon, words = name.rpartition(": ")
        year = re.search(r"\b\d{4}\b", words)
        key = _input_keys().get(re.sub(r"\b\d{4}\b", "{year}", words))
        said = words if key is None else self.text(f"inputs.{key}", year=year[0] if year else "")
        owners = (self._owner(part) for part in owner.split(", "))
        return f"{', '.join(owners)}{colon}{said}"

    def _owner(self, name: str) -> str:
        known = {**self.part("sectors"), **self.part("owners")}
        return str(known.get(name.replace(" ", "_"), name))

    def input_value(self, label: str) -> str:
        """A value of an uncertain input, which is a number, a month, or `yes` or `no`, in the language.

        >>> Texts("en").input_value("2030-09"), Texts("ko").input_value("2030-09"), Texts("en").input_value("0.4")
        ('Sep 2030', '2030년 9월', '0.4')
        """
        if label in ("yes", "no"):
            return self.text(f"rows.{label}")
        if not re.fullmatch(r"\d{4}-\d\d", label):
            return label
        year, month = map(int, label.split("-"))
        return self.short_month(12 * year + month - 1)

    def short_month(self, month: int) -> str:
        """A month with its short name, given as an index `12 * year + month - 1`."""
        names = self.part("numbers.short_months")
        return self.text("numbers.month", year=month // 12, month=names[month % 12])


ENGLISH = Texts("en")


def one_line(heading: str) -> str:
    r"""A heading without its line breaks, and words whole that a narrow column parts.

    >>> one_line("Inter-\nmediates"), one_line("Capital\ngoods")
    ('Intermediates', 'Capital goods')
    """
    return heading.replace("-\n", "").replace("\n", " ")


@cache
def _input_keys() -> Mapping[str, str]:
    """Key of the text of an input by the words of the registry, which the English texts are."""
    return {words: key for key, words in ENGLISH.part("inputs").items()}


@cache
def _words(file: str) -> Mapping[str, Any]:
    import tomllib  # not above, as errors stand on this module and most have no text here

    return tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))


_PARTICLE = re.compile(r"([가-힣0-9%])([^\w\s]*)(을\(를\)|이\(가\)|은\(는\)|와\(과\)|\(으\)로)")
_FORMS = {"을(를)": ("을", "를"), "이(가)": ("이", "가"), "은(는)": ("은", "는"), "와(과)": ("과", "와")}
_CODA = {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}
"""Consonants in which numbers end as they are read, those that end in one."""


def with_particles(text: str) -> str:
    """A Korean text with the particle that the sound before it asks for, where both forms of one are written.

    After letters that are no Korean ones both stay, as these are read in more ways than one.

    >>> with_particles("“수출”을(를), 비율(으)로, 0.14을(를), 13와(과), 15%이(가), KCS은(는)")
    '“수출”을, 비율로, 0.14를, 13과, 15%가, KCS은(는)'
    """
    return _PARTICLE.sub(_with_particle, text) if "(" in text else text


def _with_particle(found: re.Match[str]) -> str:
    last, marks, particle = found.groups()
    liquid, closed = _CODA.get(last) == "ㄹ", last in _CODA
    if "가" <= last <= "힣":
        coda = (ord(last) - ord("가")) % 28
        liquid, closed = coda == 8, coda > 0  # a syllable has one of 28 endings, the first of them none
    if particle == "(으)로":
        return f"{last}{marks}{'으로' if closed and not liquid else '로'}"
    return f"{last}{marks}{_FORMS[particle][0 if closed else 1]}"
