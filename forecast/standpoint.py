"""Where a scenario's tree stands in time: its day, and the last quarter observed by then."""

from __future__ import annotations

from collections.abc import Callable

from forecast.document import Node
from forecast.errors import DataError
from forecast.quarters import parse_day
from forecast.rows import Value
from forecast.vintage import vintage


def read(root: Node, key: str, parse: Callable[[str], Value]) -> Value | None:
    """The value of a key at the top, None where it is absent or not as expected."""
    node = root.fields.get(key)
    try:
        return None if node is None or node.content is None else parse(str(node.content))
    except ValueError:
        return None


def last_observed(root: Node) -> int | None:
    """Quarter index of the last quarter known on the day of `as_of`, or in the shipped data; None for a bad day."""
    stated = root.fields.get("as_of")
    day = read(root, "as_of", parse_day)
    if stated is not None and stated.content is not None and day is None:
        return None
    try:
        return vintage(day.isoformat() if day else None).trade.origin
    except DataError:
        return None
