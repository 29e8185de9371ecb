"""One number as somebody states it: the law of a YAML text, or of the number at a path of a scenario file."""

from __future__ import annotations

from math import isfinite
from os import PathLike

from pydantic import ValidationError

from forecast.addresses import FITTED, names
from forecast.complaints import complaints
from forecast.dates import position
from forecast.distributions import Law
from forecast.document import Node, parse_document
from forecast.errors import ScenarioError
from forecast.laws import law
from forecast.layers import layered
from forecast.money import WON_KEY, money_law
from forecast.phrases import got, meant
from forecast.place import refusal


def law_of_text(text: str) -> Law:
    """The law a YAML text states, such as `{quantiles: {0.1: 1, 0.9: 4}}`.

    Raises:
        ScenarioError: the text is no YAML or states no number.
    """
    document = parse_document(text, "the text")
    if document.problems:
        raise ScenarioError(document.problems)
    return law_of_node(document.root)


def law_in_file(path: PathLike[str] | str, key: str) -> Law:
    """The law of the number at a path of a scenario file, such as `investments.HMG-06.amount`.

    An amount in won is one in bn USD, unless its key `krw_trillion` is the last part of the path.

    Raises:
        ScenarioError: the file cannot be read, or there is no number at that path.
    """
    root = layered(path).root
    found = names(root, None)
    node = _at(root, key.split("."))
    if node is None or key not in found.numbers:
        left = key in found.drawn and key.rpartition(".")[2] in FITTED
        why = "its law is that of the record of announcements" if left else "no such number in this file"
        hint = meant(key, found.numbers) if found.numbers else "it states none"
        raise refusal(root.place, f"{got(key)}, {why}; {hint}")
    return _in_dollars(node, root, key) if WON_KEY in node.fields else law_of_node(node)


def _in_dollars(node: Node, root: Node, key: str) -> Law:
    """The law of an amount in won, at the rate of the day its investment was announced."""
    owner = key.rpartition(".")[0]
    investment = _at(root, owner.split("."))
    announced = investment.fields.get("announced") if investment else None
    try:
        return money_law(node.plain(), position(str(announced.content if announced else "")))
    except ValidationError as error:
        raise ScenarioError(complaints(node, error)) from None
    except ValueError as error:
        raise refusal((announced or node).place, str(error), f"{owner}.announced") from None


def law_of_node(node: Node) -> Law:
    """The law a value of a file states.

    Raises:
        ScenarioError: it states no number.
    """
    stated = node.plain()
    if not node.fields and (isinstance(stated, bool) or not isinstance(stated, int | float) or not isfinite(stated)):
        expected = "expected a number or a distribution such as {interval: [4, 8], level: 0.9}"
        raise refusal(node.place, f"{got(stated)}, {expected}")
    try:
        return law(stated)
    except ValidationError as error:
        raise ScenarioError(complaints(node, error)) from None


def _at(node: Node, keys: list[str]) -> Node | None:
    """The value at a path, in which entries of lists go by their ids."""
    for key in keys:
        by_id = {item.fields["id"].content: item for item in node.items if "id" in item.fields}
        child = node.fields.get(key) or by_id.get(key)
        if child is None:
            return None
        node = child
    return node
