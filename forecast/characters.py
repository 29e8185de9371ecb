"""Unicode forms of one text, and characters that cannot be seen.

Text copied from web pages, PDF files and spreadsheets brings soft hyphens, no-break spaces and letters that are written
in two ways. What is read is what can be seen of it.
"""

from __future__ import annotations

import re
from unicodedata import normalize

_BLANKS = dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " ")
_UNSEEN = dict.fromkeys(
    (
        *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x180E, 0x200B, 0x200E, 0x200F, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064),
        *(0x3164, 0xFEFF, 0xFFA0),
    )
)
_JOINERS = re.compile("(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])")
"""Joiners that join nothing: some scripts and emoji need them between two of their letters."""

HANGUL = re.compile(r"[\u3131-\u318e\uac00-\ud7a3]")
"""Letters of Korean."""

REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters after which text is shown in another order than it is read in."""


def visible(text: str) -> str:
    r"""The text as it is seen: letters in one form each, blanks of any width as spaces, nothing that has no width.

    >>> visible("\u110b\u1165\u11a8"), visible("soft\u00ad, no\u00a0break"), visible("\ufeffid\u200b")
    ('억', 'soft, no break', 'id')
    """
    return _JOINERS.sub("", normalize("NFC", text).translate(_BLANKS).translate(_UNSEEN))


def likeness(text: str) -> str:
    r"""What two spellings of one name have in common: full or half width, large or small letters, blanks.

    >>> likeness("\uff2c\uff27  Energy") == likeness("LG energy")
    True
    """
    return " ".join(normalize("NFKC", visible(text)).casefold().split())


def half_width(text: str) -> str:
    r"""The text in ASCII where it is written in full-width or styled forms of that; else nothing.

    >>> half_width("\uff28\uff2d\uff27\uff0d\uff10\uff16"), half_width("HMG-06"), half_width("현대")
    ('HMG-06', '', '')
    """
    plain = normalize("NFKC", text)
    return plain if plain != text and plain.isascii() else ""


_SIGNS = ":,[]{}-#"
_CURLY = "\u201c\u201d\u201e\u201f"
_MARKS = "\u2018-\u201f\u300c-\u300f\u00ab\u00bb"
_QUOTED = re.compile(f"[{_MARKS}]([^{_MARKS}]+)[{_MARKS}]")


def unquoted(text: str) -> str:
    """The text without curly or angular quotes around the whole of it."""
    quoted = _QUOTED.fullmatch(text)
    return quoted[1] if quoted else text


def sign_meant(text: str) -> str:
    r"""Hint at the first full-width sign or curly quote in text that is no YAML, which has ASCII signs; else nothing.

    >>> sign_meant("amount\uff1a 5")
    '; \uff1a (U+FF1A) is no sign of YAML, write :'
    """
    meant = {sign: '"' if sign in _CURLY else half_width(sign) for sign in text}
    found = next((sign for sign, plain in meant.items() if plain and plain in f'"{_SIGNS}'), None)
    return f"; {found} (U+{ord(found):04X}) is no sign of YAML, write {meant[found]}" if found else ""


def plain_spaces(text: str) -> str:
    """A text with ordinary spaces, so that a terminal may break its lines at any of them."""
    return text.replace("\u00a0", " ")
