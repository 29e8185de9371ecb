"""Scenarios with some of their plants, as `--only` and `--without` choose them; and what a run was set to, set again.

A run keeps what was set on top of its file as words: values as `-s` takes them, then ids kept and ids left out. Set
once more on the scenario that came of it, they change nothing; what they set of a plant that they leave out shows
nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from forecast.documents import yaml_text
from forecast.errors import Place, RunError, listed, meant, refusal
from forecast.scenario.dependencies import LISTED, SAME
from forecast.scenario.investments import Investment
from forecast.scenario.layers import BY_ID, layered
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Scenario, frozen_scenario, plain_scenario
from forecast.scenario.validation import examined
from forecast.storage.files import write_text

_KEEP, _LEAVE_OUT = "--only ", "--without "


@dataclass(frozen=True, slots=True)
class Words:
    """What was set on top of a scenario's file.

    Attributes:
        values: `key.path=value` each.
        only: ids of the investments to keep; all where there are none.
        without: ids of those to leave out.
    """

    values: tuple[str, ...]
    only: tuple[str, ...]
    without: tuple[str, ...]


def words_of(overrides: Sequence[str]) -> Words:
    """What was set, from what a run or a scenario has of it.

    >>> words_of(["horizon=2030", "--only HMG-06"])
    Words(values=('horizon=2030',), only=('HMG-06',), without=())
    """
    only, without = (
        tuple(word.removeprefix(option) for word in overrides if word.startswith(option))
        for option in (_KEEP, _LEAVE_OUT)
    )
    return Words(tuple(word for word in overrides if not word.startswith((_KEEP, _LEAVE_OUT))), only, without)


def chosen_plants(worlds: Sequence[AnyScenario], only: Collection[str], without: Collection[str]) -> list[AnyScenario]:
    """Scenarios, and branches of mixtures, with some of their investments.

    The id of a pledge stands for all that lies inside it; a pledge of which nothing is left goes with its parts.

    Args:
        worlds: what is to be run.
        only: ids of those to keep; all where there are none.
        without: ids of those to leave out.

    Raises:
        RunError: an id is in none of the scenarios, or something kept hangs on something left out.
    """
    scenarios = [branch.scenario for world in worlds for branch in world.branches]
    every = {item.id for scenario in scenarios for item in scenario.investments}
    for option, ids in (("--only", only), ("--without", without)):
        for id in ids:
            if id not in every:
                there = meant(id, sorted(every)) if every else "the scenario has none"
                raise RunError(f"{option}: got {id}, expected the id of an investment of the scenario; {there}")
    if both := sorted({*only} & {*without}):
        raise RunError(f"got {both[0]} by --only and by --without, expected it by one of them")
    words = (*(f"{_KEEP}{id}" for id in sorted(only)), *(f"{_LEAVE_OUT}{id}" for id in sorted(without)))
    return [
        replace(
            world.with_branches([_with_plants(branch.scenario, only, without) for branch in world.branches]),
            overrides=(*world.overrides, *words),
        )
        if any(_names_any(branch.scenario, {*only, *without}) for branch in world.branches)
        else world
        for world in worlds
    ]


def _names_any(scenario: Scenario, ids: Collection[str]) -> bool:
    """Whether a scenario has an investment by one of the ids; what has none of them stays as it is."""
    return any(item.id in ids for item in scenario.investments)


def drawn_anew(worlds: Sequence[AnyScenario], chosen: Sequence[AnyScenario]) -> list[str]:
    """Inputs that were correlated with those of plants left out, and are no longer, so that their draws are others."""
    found: dict[str, None] = {}
    for world, part in zip(worlds, chosen, strict=True):
        for before, after in zip(world.branches, part.branches, strict=True):
            pairs = [_correlated(branch.scenario) for branch in (before, after)]
            kept = {item.id for item in after.scenario.investments}
            lost = {name for pair in pairs[0] - pairs[1] for name in pair}
            found |= dict.fromkeys(sorted(name for name in lost if _of_plant(name) in {"", *kept}))
    return list(found)


def _correlated(scenario: Scenario) -> set[frozenset[str]]:
    """Pairs of inputs that a scenario correlates."""
    return {frozenset(pair) for item in scenario.correlations for pair in combinations(item.between, 2)}


def _with_plants(scenario: Scenario, only: Collection[str], without: Collection[str]) -> Scenario:
    above = {item.id: item.part_of for item in scenario.investments}

    def named(item: Investment, ids: Collection[str]) -> bool:
        name: str | None = item.id
        while name is not None:
            if name in ids:
                return True
            name = above.get(name)
        return False

    kept = {
        item.id
        for item in scenario.investments
        if item.kind != "pledge" and (not only or named(item, only)) and not named(item, without)
    }
    gone = {item.id for item in scenario.investments if item.kind != "pledge"} - kept
    umbrellas = {above[id] for id in kept} - {None}
    while more := {above[id] for id in umbrellas if id is not None} - {None} - umbrellas:
        umbrellas |= more
    plants = tuple(_untied(item, gone) for item in scenario.investments if item.id in kept | umbrellas)
    programmes = (
        replace(item, members=tuple(id for id in item.members if id in kept)) if set(item.members) & kept else item
        for item in scenario.programmes
        if any(item.holds(plant.id, plant.company) for plant in plants)
    )
    inputs = {name for item in scenario.correlations for name in item.between if _of_plant(name) in gone}
    correlations = (item.without(inputs) for item in scenario.correlations)
    return replace(
        scenario,
        investments=plants,
        programmes=tuple(programmes),
        correlations=tuple(item for item in correlations if item is not None),
    )


def _of_plant(name: str) -> str:
    """Id of the investment that an input belongs to; empty where it is that of something else."""
    group, _, rest = name.partition(".")
    return rest.partition(".")[0] if group == "investments" else ""


def _untied(item: Investment, gone: Collection[str]) -> Investment:
    """The same without what it excludes and is gone; what it needs must be there."""
    needs = {key: [id for id in _ids(getattr(item, key)) if id in gone] for key in (*LISTED, SAME) if key != "excludes"}
    for key, missing in needs.items():
        if missing:
            raise RunError(f"{item.id}: {key} names {listed(missing)}, left out by --only or --without; choose both")
    return replace(item, excludes=tuple(id for id in item.excludes if id not in gone))


def _ids(named: str | Sequence[str] | None) -> Sequence[str]:
    return (named,) if isinstance(named, str) else named or ()


def stated_world(path: str, overrides: Sequence[str]) -> AnyScenario | None:
    """What a file states with all that was set on top of it; None where something in it is wrong.

    Raises:
        RunError, ScenarioError: what was set makes no sense of it.
    """
    words = words_of(overrides)
    found = examined(path, words.values)
    world = found.mixture or found.scenario
    return world and _chosen(world, words)


def set_again(world: AnyScenario, overrides: Sequence[str], file: Path) -> AnyScenario:
    """A scenario as a run has stored it, with what was set on top of its file set once more.

    No rule is asked again. Plants that were left out are there for as long as it takes to leave them out.

    Args:
        file: to write the scenario to, for layers to be laid over it.

    Raises:
        RunError, ScenarioError: what was set makes no sense of it.
        OSError: the file cannot be written.
    """
    words = words_of(overrides)
    try:
        branches = [_set_again(branch.scenario, words, file) for branch in world.branches]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise refusal(Place(str(file)), "got values that make no scenario") from error
    return _chosen(replace(world.with_branches(branches), overrides=words.values), words)


def _chosen(world: AnyScenario, words: Words) -> AnyScenario:
    """A scenario with the plants that words choose, some of which another scenario of the same command may have had."""
    if not (words.only or words.without):
        return world
    there = {item.id for branch in world.branches for item in branch.scenario.investments}
    other = frozen_scenario({"name": "other", "investments": [*map(_stand_in, {*words.only, *words.without} - there)]})
    return chosen_plants([world, other], words.only, words.without)[0]


def _set_again(scenario: Scenario, words: Words, file: Path) -> Scenario:
    stored = plain_scenario(scenario)
    there = {group: {str(entry["id"]) for entry in stored.get(group, ())} for group in BY_ID}
    lost = {group: [{"id": id} for id in sorted(_addressed(words, group) - there[group])] for group in BY_ID}
    write_text(file, yaml_text(stored | {group: [*stored.get(group, ()), *lost[group]] for group in BY_ID}))
    plain: Any = layered(file, words.values).root.plain()
    return frozen_scenario(_as_left_out(plain, words, there) if words.only or words.without else plain)


def _addressed(words: Words, group: str) -> set[str]:
    """Ids of entries of a list at whose keys a value was set."""
    paths = [text.partition("=")[0].strip().split(".") for text in words.values]
    return {keys[1] for keys in paths if keys[0] == group and len(keys) > 1}


def _as_left_out(plain: Mapping[str, Any], words: Words, there: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """A scenario with plants that are no longer in it, of which nothing is known but that they are to be left out.

    Programmes that went with them stay away.

    Args:
        plain: the scenario, with what values make of plants that are no longer in it.
        there: ids in it by list.
    """
    kept = {
        group: [entry for entry in plain.get(group, ()) if entry is not None and entry["id"] in there[group]]
        for group in ("investments", "programmes")
    }
    stated = {entry["id"] for entry in plain.get("investments", ()) if entry is not None}
    gone = {*stated, *words.without, *_tied(plain)} - {*there["investments"]}
    pledge = next((id for id in words.without if id in gone), None)
    kept["investments"] += [_stand_in(id, None if id == pledge else pledge) for id in sorted(gone)]
    return {**plain, **kept}


def _tied(plain: Mapping[str, Any]) -> Iterator[str]:
    """Ids of plants that are let go of where they are left out: of exclusions, programmes and correlated inputs."""
    for group, key in (("investments", "excludes"), ("programmes", "members")):
        yield from (id for entry in plain.get(group, ()) if entry for id in entry.get(key) or ())
    names = (name for entry in plain.get("correlations", ()) for name in entry["between"])
    yield from filter(None, map(_of_plant, names))


def _stand_in(id: str, part_of: str | None = None) -> dict[str, Any]:
    """A plant that is left out, for as long as that takes."""
    words = {"company": "left out", "project": "left out", "sector": "other", "kind": "greenfield"}
    return {"id": id, **words, "amount": 0, "announced": "2020", "part_of": part_of}
