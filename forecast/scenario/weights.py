"""Weights of branches set on top of a mixture's file, as `-s mixture.LABEL.weight=0.3` sets them.

They make a tree of their own: the weight of every branch under the words by which it is set. What of it changes
nothing, or is overruled, is found and told as of any other layers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from forecast.errors import Place, Problem, ScenarioError, listed, meant, refusal, spelled
from forecast.scenario.entries import entry
from forecast.scenario.layers import Change, Layered
from forecast.scenario.overrides import as_told, keys_and_value, override_tree, with_effect
from forecast.scenario.scenario import Branch
from forecast.stats.distributions import Distribution
from forecast.storage.documents import Node

GROUP = "mixture"


def weight_name(label: str) -> str:
    """The words by which the weight of a branch is set.

    >>> weight_name("trend")
    'mixture.trend.weight'
    """
    return f"{GROUP}.{label}.weight"


def parted(overrides: Iterable[str]) -> tuple[list[str], list[str]]:
    """Overrides of what branches are, and those of how they are weighed.

    >>> parted(["horizon=2030", "mixture.trend.weight=2"])
    (['horizon=2030'], ['mixture.trend.weight=2'])
    """
    values: list[str] = []
    weights: list[str] = []
    for text in overrides:
        head = text.partition("=")[0].strip().partition(".")[0]
        (weights if head == GROUP else values).append(text)
    return values, weights


def weight_layers(stated: Mapping[str, Node], overrides: Iterable[str]) -> Layered:
    """Weights as stated, by label, with overrides on top of them.

    Raises:
        ScenarioError: carries every override that sets no weight of a branch.
    """
    root = Node({weight_name(label): node for label, node in stated.items()}, Place(""))
    changes: list[Change] = []
    problems: list[Problem] = []
    told: list[str] = []
    for text in overrides:
        try:
            over = _override(text, stated.keys())
        except ScenarioError as error:
            problems += error.problems
            continue
        changes.append(Change(root, over))
        told.append(as_told(text))
        root = replace(root, content={**root.fields, **over.fields})
    if problems:
        raise ScenarioError(problems)
    return Layered(root, (), tuple(changes), tuple(told))


def _override(text: str, labels: Collection[str]) -> Node:
    keys, _ = keys_and_value(text)
    place = Place(f"-s {text}")
    if len(keys) != 3 or keys[2] != "weight":
        message = f"expected {weight_name('LABEL')}, labels: {listed(labels)}; all else is changed in the file"
        raise refusal(place, f"got {spelled(tuple(keys))}, {message}")
    if keys[1] not in labels:
        raise refusal(place, f"no such branch; {meant(keys[1], labels)}", spelled(tuple(keys[:2])))
    node = override_tree(text)
    for key in keys:
        node = node.fields[key]
    return Node({weight_name(keys[1]): node}, place, place)


def weights_in(root: Node | None) -> list[Distribution]:
    """The weight of every branch in a tree of them; None where the schema refuses it, whatever its type says."""
    nodes = [] if root is None else root.fields.values()
    return [entry(Branch, Node({"weight": node}, node.place), ()).value.weight for node in nodes]


def weights_with_effect(layers: Layered) -> tuple[str, ...]:
    """Overrides but for those without which all weights are the same."""
    final = weights_in(layers.root)
    places: Sequence[int] = range(len(layers.overrides))
    kept = with_effect(places, lambda rest: weights_in(layers.with_overrides(rest)) == final)
    return tuple(layers.overrides[place] for place in kept)
