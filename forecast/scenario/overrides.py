"""Overrides: what a text such as `horizon=2040` or `investments.HMG-06.amount=3` states, as `-s` takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from forecast.errors import Place, ScenarioError, refusal, shortened
from forecast.storage.documents import MAX_DEPTH, Document, Node, parse_document


def override_tree(text: str) -> Node:
    """The tree that one `key.path=value` states.

    Raises:
        ScenarioError: it is none.
    """
    keys, value = keys_and_value(text)
    place = Place(f"-s {text}")
    node = _moved(_value(value, place.file), place)
    for key in reversed(keys):
        node = Node({key: node}, place, place)
    return node


def keys_and_value(text: str) -> tuple[list[str], str]:
    """Keys and value of an override."""
    shown = f"-s {text}"
    path, equals, value = text.partition("=")
    keys = path.strip().split(".")
    if len(keys) > MAX_DEPTH:
        raise refusal(Place(shortened(shown)), f"got a path of {len(keys)} keys, expected at most {MAX_DEPTH}")
    if not equals or not all(keys) or keys == ["extends"]:
        raise ScenarioError([Place(shown).problem("", "expected key.path=value, such as horizon=2040")])
    return keys, value


def as_told(text: str) -> str:
    """An override as answers and runs have it.

    >>> as_told(" horizon = 2040 ")
    'horizon=2040'
    """
    keys, value = keys_and_value(text)
    return f"{'.'.join(keys)}={value.strip()}"


Word = TypeVar("Word")


def with_effect(words: Sequence[Word], is_same: Callable[[Sequence[Word]], bool]) -> tuple[Word, ...]:
    """Words but for those without which all is the same, of words that mean the same the last.

    >>> with_effect([1, 2, 2], lambda rest: sum({*rest}) == 3)
    (1, 2)
    """
    kept, place = tuple(words), 0
    while place < len(kept):
        rest = kept[:place] + kept[place + 1 :]
        kept, place = (rest, place) if is_same(rest) else (kept, place + 1)
    return kept


def _value(text: str, shown: str) -> Node:
    try:
        document = parse_document(text, shown) if text.strip() else Document(Node(None, Place(shown)), ())
        if document.problems:
            raise ScenarioError(document.problems)
        if "\n" in text or _ends_in_comment(text, document.root):
            raise refusal(Place(shown), "got a comment or a second line, expected none; a text with # stands in quotes")
        return document.root
    except ScenarioError as error:
        raise ScenarioError([replace(problem, line=0, column=0) for problem in error.problems]) from None


def _ends_in_comment(text: str, root: Node) -> bool:
    try:
        return parse_document(f"{text}x", "").root.plain() == root.plain()
    except ScenarioError:
        return False


def _moved(node: Node, place: Place) -> Node:
    content = node.content
    if isinstance(content, Mapping):
        content = {name: _moved(child, place) for name, child in content.items()}
    elif isinstance(content, tuple):
        content = tuple(_moved(child, place) for child in content)
    return replace(node, content=content, place=place, key=node.key and place)
