"""Scenarios with some of their plants, as `--only` and `--without` choose them; and what a run was set to, set again.

A run keeps what was set on top of its file as words: values as `-s` takes them, then ids kept and ids left out, each
in its order and none without which the scenario would be the same. Set once more on the scenario that came of it, they
change nothing; and where something else stood in their places and plants were there to be left out, each would again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, count
from pathlib import Path
from typing import Any, NamedTuple

from forecast.catalogue import worded
from forecast.errors import Place, Remark, RunError, listed, meant, refusal, spelled
from forecast.scenario.dependencies import LISTED, SAME
from forecast.scenario.investments import Investment
from forecast.scenario.layers import BY_ID, addressed, layered
from forecast.scenario.mixture import AnyScenario, told_of_branches, weighed_again
from forecast.scenario.overrides import override_tree, with_effect
from forecast.scenario.scenario import Scenario, frozen_scenario, plain_scenario
from forecast.scenario.validation import Examination, examined
from forecast.scenario.weights import parted
from forecast.storage.documents import yaml_text
from forecast.storage.files import write_text

_KEEP, _LEAVE_OUT = "--only ", "--without "


class Words(NamedTuple):
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
    return [_chosen(world, only, without) for world in worlds]


def _chosen(world: AnyScenario, only: Collection[str], without: Collection[str]) -> AnyScenario:
    """A scenario with the plants that ids choose, as far as they are its own, and told by those that change it."""
    own = _ids_of(world, "investments")
    words = [f"{option}{id}" for option, ids in ((_KEEP, only), (_LEAVE_OUT, without)) for id in sorted({*ids} & own)]
    chosen = _of_words(world, words)
    kept = with_effect(words, lambda rest: _is_chosen(world, rest, chosen))
    named = words_of(kept).without
    values = (text for text in world.overrides if _shows(text, world, chosen, named))
    return replace(chosen, overrides=(*values, *kept))


def _is_chosen(world: AnyScenario, words: Sequence[str], chosen: AnyScenario) -> bool:
    try:
        return _of_words(world, words) == chosen
    except RunError:
        return False


def _of_words(world: AnyScenario, words: Sequence[str]) -> AnyScenario:
    _, only, without = words_of(words)
    if not words:
        return world
    return world.with_branches([_with_plants(branch.scenario, only, without) for branch in world.branches])


def _ids_of(world: AnyScenario, group: str) -> set[str]:
    """Ids of the entries that some branch has in a list."""
    return {item.id for branch in world.branches for item in getattr(branch.scenario, group)}


def _shows(text: str, world: AnyScenario, chosen: AnyScenario, without: Collection[str]) -> bool:
    """Whether something that an override sets may change what is chosen."""
    return any(_may_show(path, world, chosen, without) for path in addressed(override_tree(text)))


def _may_show(path: Sequence[str], world: AnyScenario, chosen: AnyScenario, without: Collection[str]) -> bool:
    """Whether a value may change what is chosen: on a plant that is not, what decides whether it is."""
    group, *keys = path
    if group != "investments" or not keys or keys[0] in _ids_of(chosen, group):
        return True
    if keys[0] not in _ids_of(world, group):  # a value has removed it
        return len(keys) == 1
    return keys[0] not in without and (len(keys) == 1 or keys[1] in ("part_of", "kind"))


def examined_plants(found: Sequence[Examination], only: Collection[str], without: Collection[str]) -> list[Examination]:
    """Files that were examined with some of their plants: what is said of them is said of these plants alone.

    Raises:
        RunError: as `chosen_plants`.
    """
    worlds = [one.world for one in found if one.world is not None]
    chosen = chosen_plants(worlds, only, without)
    return [
        one.among(part, dict.fromkeys(_set_for_nothing(one, world, part, without)))
        for one, world, part in zip(found, worlds, chosen, strict=True)
    ]


def _set_for_nothing(
    found: Examination, world: AnyScenario, chosen: AnyScenario, without: Collection[str]
) -> Iterator[Remark]:
    """Values set on plants that are left out."""
    for change in (change for layers in found.every_layers for change in layers.own):
        for path in addressed(change.over):
            if path[2:] != ("id",) and not _may_show(path, world, chosen, without):
                yield change.over.place.remark(spelled(path), worded("warnings.idle.left_out", id=path[1]))


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
    values, only, without = words_of(overrides)
    found = examined(path, values)
    return found.world and chosen_plants([found.world], only, without)[0]


def set_again(world: AnyScenario, overrides: Sequence[str], file: Path) -> AnyScenario:
    """A scenario as a run has stored it, with what was set on top of its file set once more and told anew.

    No rule is asked again. Plants that were left out are there for as long as it takes to leave them out, and something
    else than the values stands in their places for as long as it takes to tell whether it would show.

    Args:
        file: to write the scenario to, for layers to be laid over it.

    Raises:
        RunError, ScenarioError: what was set makes no sense of it.
        OSError: the file cannot be written.
    """
    words = words_of(overrides)
    values, weighing = parted(words.values) if world.single is None else (words.values, ())
    inside = words._replace(values=tuple(values))
    try:
        weighed, weights = weighed_again(world, weighing)
        branches = [_set_again(branch.scenario, inside, file) for branch in world.branches]
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise refusal(Place(str(file)), "got values that make no scenario") from error
    told = told_of_branches(branches, words.values, weights)
    again = replace(weighed.with_branches(branches), overrides=told)
    return _chosen(again, words.only, words.without)


def _set_again(scenario: Scenario, words: Words, file: Path) -> Scenario:
    stored = plain_scenario(scenario)
    there = {group: {str(entry["id"]) for entry in stored.get(group, ())} for group in BY_ID}
    lost = {group: [{"id": id} for id in sorted(_addressed(words, group) - there[group])] for group in BY_ID}
    write_text(file, yaml_text(stored | {group: [*stored.get(group, ()), *lost[group]] for group in BY_ID}))
    layers = layered(file, words.values)
    whole: Any = layers.root.plain()
    plain = whole | {group: [entry for entry in whole.get(group, ()) if entry is not None] for group in BY_ID}
    again = frozen_scenario(_as_left_out(plain, words, there) if words.only or words.without else plain)
    return replace(again, overrides=layers.that_show())


def _addressed(words: Words, group: str) -> set[str]:
    """Ids of entries of a list at whose keys a value was set."""
    paths = [text.partition("=")[0].strip().split(".") for text in words.values]
    return {keys[1] for keys in paths if keys[0] == group and len(keys) > 1}


def _as_left_out(plain: Mapping[str, Any], words: Words, there: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """A scenario with plants that are no longer in it, of which nothing is known but that they are to be left out.

    Those left out by name were inside something kept, where anything is; one that is not named is there to be left out
    where some are kept. What was kept by name and is gone was a pledge without parts left or, if something is still
    tied to it, a plant inside what is left out. Programmes that went with them stay away.

    Args:
        plain: the scenario, with what values make of plants that are no longer in it.
        there: ids in it by list.
    """
    kept = {
        group: [entry for entry in plain[group] if entry["id"] in there[group]]
        for group in ("investments", "programmes")
    }
    stated = {entry["id"] for entry in plain["investments"]}
    gone = {*stated, *words.without, *_tied(plain)} - {*there["investments"]}
    pledges = {*words.only} - {*there["investments"]} - gone
    inside, around = next(iter(words.without), None), next((id for id in words.only if id not in gone), None)
    kept["investments"] += [_stand_in(id, around if id in words.without else inside) for id in sorted(gone)]
    kept["investments"] += [_stand_in(id, kind="pledge") for id in sorted(pledges)]
    other = next(id for id in map("other-{}".format, count()) if id not in {*gone, *words.only, *there["investments"]})
    kept["investments"] += [_stand_in(other)] if words.only else []
    return {**plain, **kept}


def _tied(plain: Mapping[str, Any]) -> Iterator[str]:
    """Ids of plants that are let go of where they are left out: of exclusions, programmes and correlated inputs."""
    for group, key in (("investments", "excludes"), ("programmes", "members")):
        yield from (id for entry in plain[group] for id in entry.get(key) or ())
    names = (name for entry in plain.get("correlations", ()) for name in entry["between"])
    yield from filter(None, map(_of_plant, names))


def _stand_in(id: str, part_of: str | None = None, kind: str = "greenfield") -> dict[str, Any]:
    """A plant that is left out, for as long as that takes."""
    words = {"company": "left out", "project": "left out", "sector": "other", "kind": kind}
    return {"id": id, **words, "amount": 0, "announced": "2020", "part_of": part_of}
