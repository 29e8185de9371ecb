"""Where two scenarios differ, and scenarios made of parts of both.

Differences are found field by field in the frozen `Scenario`, so that a new key of the language is compared as soon as
it has a field: entries with an id and entries of a mapping one by one, everything else as a whole. Entries that name
each other (an investment and the one it requires) stand or fall together, so that every mixture makes sense.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeAlias

from forecast.scenario.layers import KOREAN
from forecast.scenario.scenario import Scenario

WITHOUT_NUMBERS = frozenset(
    {"company", "name", "part_of", "sources"}
    | {f"{name}{korean}" for name in ("description", "project", "title") for korean in ("", KOREAN)}
)
"""Keys of a file that change no number, wherever they stand."""

TEXTS = WITHOUT_NUMBERS | {"overrides"}
"""Fields of a scenario that are no assumption: `overrides` of the command line are in the other fields already."""

FRAME = frozenset({"as_of", "basis", "horizon", "name", "origin"})
"""Keys of a scenario that say what is asked and not what is assumed."""

_WORDS = TEXTS | {"id", "kind", "on", "path", "sector", "sectors", "what"}
"""Keys whose texts name no other entry."""

_PATHS = {"sector_localization": "localization.sectors", "sector_coefficients": "overrides.sectors"}
"""Paths in a file, where they are not the field's name."""

Place: TypeAlias = tuple[str, str]
"""A field of `Scenario`, and the id or key of an entry in it; an empty one for the whole field."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One assumption in which an alternative differs from a reference; several entries where they name each other.

    Attributes:
        places: what is exchanged.
        name: its paths in a scenario file.
        title, title_ko: what a reader knows it by, and in Korean; empty where the path says all.
        exchanges: of every place, what can change a number in it before and after, by key where it has keys; None
            where there is no such entry.
        separable: an investment that no other entry names and that names none. What it adds to trade hangs on
            localization, tariffs and drivers, and on no other investment unless both replace exports that run out.
    """

    places: tuple[Place, ...]
    name: str
    title: str
    title_ko: str
    exchanges: tuple[tuple[Any, Any], ...]
    separable: bool


def contrasts(reference: Scenario, alternative: Scenario) -> tuple[Contrast, ...]:
    """Every assumption in which two scenarios differ, in the order of the language."""
    pair = _entries(reference), _entries(alternative)
    differing = [
        place for place in dict.fromkeys([*pair[0], *pair[1]]) if _numbers(pair[0], place) != _numbers(pair[1], place)
    ]
    order = [field.name for field in fields(Scenario)]
    differing.sort(key=lambda place: (order.index(place[0]), place[1]))
    links = _links(pair)
    return tuple(_contrast(places, pair, links) for places in _together(differing, links))


def mixed(reference: Scenario, alternative: Scenario, taken: Collection[Contrast]) -> Scenario:
    """The reference with the assumptions `taken` as the alternative has them, up to the nearer of their horizons."""
    entries, other = dict(_entries(reference)), _entries(alternative)
    for place in [place for contrast in taken for place in contrast.places]:
        if place in other:
            entries[place] = other[place]
        else:
            del entries[place]
    touched = {field for contrast in taken for field, _ in contrast.places}
    rebuilt = {field: _rebuilt(getattr(alternative, field), field, entries) for field in touched}
    return replace(reference, horizon=min(reference.horizon, alternative.horizon), **rebuilt)


def _rebuilt(like: Any, field: str, entries: Mapping[Place, Any]) -> Any:
    """A field of the entries that belong to it, in the order of their keys."""
    own = {key: entry for (name, key), entry in sorted(entries.items(), key=lambda item: item[0]) if name == field}
    if isinstance(like, Mapping):
        return own
    whole = own.get("")
    return tuple(own.values()) if whole is None and isinstance(like, tuple) else whole


def _entries(scenario: Scenario) -> dict[Place, Any]:
    """Assumptions of a scenario by entry; pledges have none of their own."""
    found: dict[Place, Any] = {}
    for field in (field.name for field in fields(scenario) if field.name not in TEXTS | FRAME):
        value = getattr(scenario, field)
        if isinstance(value, Mapping):
            found |= {(field, key): entry for key, entry in value.items()}
        elif isinstance(value, tuple) and all(hasattr(entry, "id") for entry in value):
            found |= {(field, entry.id): entry for entry in value if getattr(entry, "kind", "") != "pledge"}
        else:
            found[field, ""] = value
    return found


def _numbers(entries: Mapping[Place, Any], place: Place) -> Any:
    """Values of an entry that can change a number, by key; None where there is no such entry."""
    entry = entries.get(place)
    if is_dataclass(entry):
        return {field.name: getattr(entry, field.name) for field in fields(entry) if field.name not in TEXTS}
    return entry


def _links(pair: Sequence[Mapping[Place, Any]]) -> set[tuple[Place, Place]]:
    """Places of which the first names the second by its id or the path of an input, in either scenario."""
    places = {place for entries in pair for place in entries}
    found = set()
    for entries in pair:
        for place, entry in entries.items():
            named = {other for text in _texts(entry) for other in _named(text, places)}
            found |= {(place, other) for other in named if other != place}
    return found


def _named(text: str, places: Collection[Place]) -> set[Place]:
    """Places that an id or the path of an input names; of a path without an id in it, all places of its field."""
    head, *parts = text.split(".")
    by_id = {place for place in places if place[1] and place[1] in (head, *parts)}
    return by_id or {place for place in places if parts and place[0] == head}


def _texts(value: Any) -> Iterator[str]:
    """Texts in an entry that may name another."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for part in value.values() for text in _texts(part))
    elif isinstance(value, tuple):
        yield from (text for part in value for text in _texts(part))
    elif is_dataclass(value):
        named = (getattr(value, field.name) for field in fields(value) if field.name not in _WORDS)
        yield from (text for part in named for text in _texts(part))


def _together(places: Sequence[Place], links: Collection[tuple[Place, Place]]) -> list[list[Place]]:
    """Places in groups whose members name each other, in the order of their first."""
    groups = [[place] for place in places]
    for one, other in links:
        joined = [group for group in groups if one in group or other in group]
        if len(joined) > 1:
            groups = [group for group in groups if group not in joined]
            groups.append(sorted((place for group in joined for place in group), key=places.index))
    return sorted(groups, key=lambda group: places.index(group[0]))


def _contrast(
    places: Sequence[Place], pair: Sequence[Mapping[Place, Any]], links: Collection[tuple[Place, Place]]
) -> Contrast:
    linked = {place for link in links for place in link}
    alone = len(places) == 1 and places[0][0] == "investments" and places[0] not in linked
    before, after = ([_numbers(entries, place) for place in places] for entries in pair)
    exchanges = tuple(zip(before, after, strict=True))
    title, korean = (
        "; ".join(filter(None, (_title(pair, place, korean) for place in places))) for korean in (False, True)
    )
    return Contrast(tuple(places), ", ".join(map(_path, places)), title, korean, exchanges, alone)


def _path(place: Place) -> str:
    field, key = place
    path = _PATHS.get(field, field)
    return f"{path}.{key}" if key else path


def _title(pair: Sequence[Mapping[Place, Any]], place: Place, korean: bool) -> str:
    entry = pair[1].get(place, pair[0].get(place))
    return str((getattr(entry, "project_ko", "") if korean else "") or getattr(entry, "project", ""))
