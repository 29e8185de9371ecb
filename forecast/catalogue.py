"""Texts of answers and pictures in every language: one file a language in `data/languages`, with the same keys.

A text holds `{places}` that are filled when it is said.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from forecast.characters import with_particles

FOLDER = Path(str(files("forecast"))) / "data" / "languages"


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
        found: Any = self.words
        for name in key.split("."):
            found = found[name]
        return found

    def either(self, text: str, korean: str) -> str:
        """A user's text, or its Korean where the language is that and there is one.

        >>> Texts("en").either("Steel mill", "제철소"), Texts("ko").either("Steel mill", "제철소")
        ('Steel mill', '제철소')
        >>> Texts("ko").either("Steel mill", "")
        'Steel mill'
        """
        return korean if korean and self.code == "ko" else text

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

    def yes_or_no(self, label: str) -> str:
        """A value of an uncertain input, which is a number or one of these words, in the language."""
        return self.text(f"rows.{label}") if label in ("yes", "no") else label


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
def _words(code: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))
