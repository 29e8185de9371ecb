"""Layers of a scenario: files that extend files, and values set on the command line, merged into one tree.

Mappings merge key by key, later layers win, null removes a key, lists are replaced. A mapping that names a
`distribution` or another form of distribution, an `earliest` date or a `path` stands for one value and replaces the
earlier one whole; only the `sectors` beside a `path` stay. Investments, tariffs, import commitments, shocks and
programmes merge by id; a layer may write them as a list, or as a mapping from id to what changes. Every value keeps the
place where it was written.

The files that a file may name: those beside it or in folders below, and shipped scenarios by their names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from os import PathLike
from os import path as paths
from pathlib import Path, PurePosixPath

from forecast.errors import Place, Problem, ScenarioError, YamlPath, got, meant, no_such_file, refusal, spelled
from forecast.scenario.overrides import as_told, keys_and_value, override_tree, with_effect
from forecast.storage.documents import Node, read_document, shipped_folder, shipped_names, shipped_scenario

ACCEPTED = "expected the name of a file beside this one or in a folder below it, or of a shipped scenario"
LONGEST = 255


def resolved(path: Path) -> Path:
    """The real path; unlike `Path.resolve` it does not raise on circular links."""
    return Path(paths.realpath(path))


def tree_of(path: Path) -> Path:
    """The folder that holds whatever a file may name; folders of a folder `scenarios` share that."""
    parent = resolved(path.parent)
    return parent.parent if parent.parent.name == "scenarios" else parent


def neighbour(name: Node, path: Path, tree: Path, key: str, above: Collection[Path] = ()) -> Path:
    """The file that a value of another file names.

    Args:
        name: the value.
        path: the file that holds it.
        tree: folder in which the file must lie, unless both are shipped.
        key: YAML path of the value, for the message.
        above: files that are not offered in place of a missing one.

    Raises:
        ScenarioError: it names no file, one elsewhere, or one that is not there.
    """
    text = name.content
    if not isinstance(text, str) or not text.isprintable() or len(text) > LONGEST:
        raise refusal(name.place, f"{name.got()}, {ACCEPTED}", key)
    target = path.parent / text
    if not target.is_file() and (shipped := shipped_scenario(text)):
        return shipped
    if PurePosixPath(text).is_absolute() or "\\" in text or target.is_dir() or not _inside(target, path, tree):
        raise refusal(name.place, f"{got(text)}, {ACCEPTED}", key)
    if not target.exists():
        raise refusal(name.place, no_such_file(text, _present(target, PurePosixPath(text), above)), key)
    return target


def _inside(target: Path, path: Path, tree: Path) -> bool:
    shipped = resolved(shipped_folder())
    return resolved(target).is_relative_to(shipped if resolved(path).is_relative_to(shipped) else tree)


def _present(target: Path, name: PurePosixPath, above: Collection[Path]) -> list[str]:
    """YAML files in the folder of a missing one, and shipped scenarios where it was named without a folder."""
    files = sorted(file.name for file in target.parent.glob("*.y*ml") if resolved(file) not in above)
    return [str(name.parent / file) for file in files] + (shipped_names() if name.name == str(name) else [])


MAX_LAYERS = 32

DISTRIBUTIONS = ("distribution", "interval", "quantiles", "pert", "mixture", "pool")
"""Keys of a mapping that states a distribution."""

WHOLE = (*DISTRIBUTIONS, "earliest", "path")
"""Keys of a mapping that stands for one value."""

BY_ID: Mapping[str, str] = {
    "investments": "investment",
    "tariffs": "tariff",
    "import_commitments": "import commitment",
    "shocks": "shock",
    "programmes": "programme",
}
"""Lists whose entries merge by id, and what one entry is called."""


def is_one_value(node: Node, path: YamlPath) -> bool:
    """Whether a mapping at a path stands for one value: not at the top, nor where its keys are ids of entries."""
    by_id = len(path) == 1 and path[0] in BY_ID
    return bool(path) and not by_id and any(key in node.fields for key in WHOLE)


KOREAN = "_ko"
"""Ending of keys that hold the Korean of another, and go with it where a layer states that anew."""


@dataclass(frozen=True, slots=True)
class Change:
    """Tree of one file or override, and the tree below it."""

    before: Node
    over: Node


@dataclass(frozen=True, slots=True)
class Layered:
    """A scenario's layers as one tree.

    Attributes:
        root: the merged tree, every value with the place where it was written.
        problems: those that did not stop the reading.
        changes: of every file that extends another and of every override, in the order of merging.
        bases: changes by files that stand beside others in one `extends`.
        overrides: each as it is told: `key.path=value`, the value as it was written.
    """

    root: Node
    problems: tuple[Problem, ...]
    changes: tuple[Change, ...]
    overrides: tuple[str, ...] = ()
    bases: tuple[Change, ...] = ()

    @property
    def own(self) -> tuple[Change, ...]:
        """Changes by overrides, in their order."""
        return self.changes[len(self.changes) - len(self.overrides) :]

    def among(self, ids: Collection[str]) -> Layered:
        """The same with the investments of some ids alone."""
        changes, bases = (
            tuple(Change(_among(change.before, ids), _among(change.over, ids)) for change in group)
            for group in (self.changes, self.bases)
        )
        return replace(self, root=_among(self.root, ids), changes=changes, bases=bases)

    def with_overrides(self, places: Iterable[int], *, hidden: bool = False) -> Node | None:
        """The tree with those of the overrides alone that stand at some places; None where they would be refused.

        Args:
            hidden: whether something else than is set stands where any of them sets a value.
        """
        root = reduce(merged, (_something_else(change.over) for change in self.own if hidden), self.own[0].before)
        for place in places:
            if _unknown(root, self.overrides[place].partition("=")[0].split(".")) is not None:
                return None
            root = merged(root, self.own[place].over)
        return _listed(root)

    def that_show(self) -> tuple[str, ...]:
        """Overrides but for those that others hide, whatever stood in their places before."""
        places = range(len(self.overrides))
        kept = with_effect(places, lambda rest: self._are_one(rest, places))
        return tuple(self.overrides[place] for place in kept)

    def overruled(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Overrides in whose places later ones say something else: the place of each, and those of the last that do."""
        new = [
            place for place, own in enumerate(self.own) if merged(own.before, own.over).plain() != own.before.plain()
        ]
        for index, place in enumerate(new):
            later = new[index + 1 :]
            if self._hide(place, later):
                yield place, with_effect(later, partial(self._hide, place))

    def _hide(self, place: int, later: Iterable[int]) -> bool:
        return self._are_one((place, *later), later)

    def _are_one(self, some: Iterable[int], others: Iterable[int]) -> bool:
        """Whether the overrides at some places and at others make one tree, whatever stood there before."""
        one, other = (self.with_overrides(places, hidden=True) for places in (some, others))
        return (one and one.plain()) == (other and other.plain())


def _among(root: Node, ids: Collection[str]) -> Node:
    """A tree with the investments of some ids alone, in a list or a mapping; without the key where none is left."""
    fields = dict(root.fields)
    node = fields.get("investments")
    if node is None or not node.content:
        return root
    kept: Mapping[str, Node] | tuple[Node, ...]
    kept = {id: entry for id, entry in node.fields.items() if id in ids}
    kept = kept or tuple(entry for entry in node.items if entry.fields["id"].content in ids)
    if kept:
        fields["investments"] = replace(node, content=kept)
    else:
        del fields["investments"]
    return replace(root, content=fields)


def addressed(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the values that a tree states, with entries of lists by their ids."""
    entries = {}
    if len(path) == 1 and path[0] in BY_ID:
        entries = {str(entry.fields["id"].plain()): entry for entry in node.items if "id" in entry.fields}
    below = {} if is_one_value(node, path) else {**node.fields, **entries}
    for name, child in below.items():
        yield from addressed(child, (*path, name))
    if not below:
        yield path


def several(overrides: Sequence[str]) -> tuple[str, ...]:
    """Overrides as a tuple, also where one stands alone.

    >>> several("horizon=2030"), several(["horizon=2030"])
    (('horizon=2030',), ('horizon=2030',))
    """
    return (overrides,) if isinstance(overrides, str) else tuple(overrides)


def layered(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Layered:
    """One tree from a file, the files it extends, and `key.path=value` overrides.

    Raises:
        ScenarioError: a layer cannot be read or an override has no value; carries the problems of all of them.
    """
    layers = _Layers(Path(path))
    return layers.finished(layers.read(Path(path), str(path), ()), overrides)


def layered_inside(stated: Node, path: PathLike[str] | str, overrides: Sequence[str] = ()) -> Layered:
    """One tree from a scenario stated inside a file, files beside that which it extends, and overrides.

    Raises:
        ScenarioError: as `layered`.
    """
    layers = _Layers(Path(path))
    return layers.finished(layers.over(stated, Path(path), str(path), ()), overrides)


class _Layers:
    """Reads layers, depth first, and collects what is wrong with them."""

    def __init__(self, top: Path) -> None:
        self.top, self.tree = top.name, tree_of(top)
        self.n_layers = 0
        self.unreadable: list[Problem] = []
        self.problems: list[Problem] = []
        self.changes: list[Change] = []
        self.bases: list[Change] = []
        self.repeated: list[tuple[str, str, Node]] = []
        self.overrides: list[str] = []

    def read(self, path: Path, shown: str, above: tuple[Path, ...]) -> Node:
        """The tree of one file over the files it extends."""
        document = read_document(path, shown)
        self.problems += document.problems
        if not isinstance(document.root.content, Mapping):
            expected = "expected `key: value` lines at the top level"
            raise ScenarioError([document.root.place.problem("", f"{got(document.root.plain())}, {expected}")])
        return self.over(document.root, path, shown, above)

    def finished(self, root: Node, overrides: Sequence[str]) -> Layered:
        """The tree with overrides applied, once it is known that every layer could be read."""
        for text in overrides:
            root = self.overridden(root, text)
        root = _listed(reduce(self._with_repeated, self.repeated, root))
        self.problems += _same_ids(root)
        if self.unreadable:
            raise ScenarioError([*self.unreadable, *self.problems])
        return Layered(root, tuple(self.problems), tuple(self.changes), tuple(self.overrides), tuple(self.bases))

    def _with_repeated(self, root: Node, repeated: tuple[str, str, Node]) -> Node:
        """The tree with an entry whose id an earlier one has, so that what else is wrong with it is found too."""
        group, id, entry = repeated
        lists = (change.before.fields[group].fields for change in self.changes if group in change.before.fields)
        below = next((entries[id] for entries in lists if id in entries), None)
        whole = entry if below is None else merged(below, entry, (group, id))
        entries = {**root.fields[group].fields, f"{id} of line {entry.place.line}:{entry.place.column}": whole}
        return replace(root, content={**root.fields, group: replace(root.fields[group], content=entries)})

    def over(self, root: Node, path: Path, shown: str, above: tuple[Path, ...]) -> Node:
        """Tree of a file over the files it extends."""
        fields = dict(root.fields)
        bases = fields.pop("extends", None)
        own = replace(root, content=self._keyed(fields))
        below = [*self._bases(bases, path, shown, (*above, resolved(path)))]
        return self._changed(reduce(self._joined, below), own) if below else own

    def _joined(self, before: Node, over: Node) -> Node:
        self.bases.append(Change(before, over))
        return merged(before, over)

    def _changed(self, before: Node, over: Node) -> Node:
        self.changes.append(Change(before, over))
        return merged(before, over)

    def _bases(self, extends: Node | None, path: Path, shown: str, above: tuple[Path, ...]) -> Iterator[Node]:
        for name in () if extends is None or extends.content is None else extends.items or (extends,):
            try:
                yield self._base(name, path, shown, above)
            except ScenarioError as error:
                self.unreadable += error.problems

    def _base(self, name: Node, path: Path, shown: str, above: tuple[Path, ...]) -> Node:
        target = neighbour(name, path, self.tree, "extends", above)
        if resolved(target) in above:
            message = f"{got(name.content)}, which extends this file in turn, expected no circle"
            raise refusal(name.place, message, "extends")
        self.n_layers += 1
        if self.n_layers > MAX_LAYERS:
            raise refusal(name.place, f"got more than {MAX_LAYERS} layers, expected fewer", "extends")
        named = str(name.content)
        beside = target == path.parent / named
        return self.read(target, str(PurePosixPath(shown).parent / named) if beside else str(target), above)

    def _keyed(self, fields: Mapping[str, Node]) -> dict[str, Node]:
        """Top-level keys with every list of entries by id in place of the list."""
        return {name: self._by_id(name, node) if name in BY_ID else node for name, node in fields.items()}

    def _by_id(self, group: str, entries: Node) -> Node:
        id = entries.fields.get("id")
        if id is not None and not isinstance(id.content, Mapping | None):
            message = f"got one {BY_ID[group]} where a list of them is expected; write `- ` before it"
            self.problems.append(entries.place.problem(group, message))
            return self._by_id(group, replace(entries, content=(entries,)))
        if not isinstance(entries.content, tuple):
            return _with_ids(entries)
        keyed: dict[str, Node] = {}
        for index, entry in enumerate(entries.items):
            node = entry.fields.get("id")
            key = node.content if node and isinstance(node.content, str) else f"[{index}]"
            if node and key in keyed:
                self.repeated.append((group, key, entry))
            keyed.setdefault(key, entry)
        return replace(entries, content=keyed)

    def overridden(self, root: Node, text: str) -> Node:
        """The tree with one `key.path=value` applied."""
        try:
            return self._changed(root, self._override(root, text))
        except ScenarioError as error:
            self.unreadable += error.problems
            return root

    def _override(self, root: Node, text: str) -> Node:
        keys, _ = keys_and_value(text)
        if keys[0] == "mixture":
            message = f"{self.top} is one scenario, which weighs no others; weights are set of a file with a mixture"
            raise refusal(Place(f"-s {text}"), message, "mixture")
        if (known := _unknown(root, keys)) is not None:
            hint = meant(keys[1], known) if known else "the scenario has none"
            message = f"no such {BY_ID[keys[0]]}; {hint}"
            raise ScenarioError([Place(f"-s {text}").problem(spelled((keys[0], keys[1])), message)])
        node = override_tree(text)
        self.overrides.append(as_told(text))
        return replace(node, content=self._keyed(node.fields))


def _unknown(root: Node, keys: Sequence[str]) -> Collection[str] | None:
    """Ids of a list where keys name an entry that it does not have; None where they do not."""
    if keys[0] not in BY_ID or len(keys) == 1:
        return None
    known = root.fields[keys[0]].fields if keys[0] in root.fields else {}
    return None if keys[1] in known else known.keys()


def _something_else(node: Node) -> Node:
    """The same keys with other values."""
    fields = {key: _something_else(child) for key, child in node.fields.items()}
    return replace(node, content=fields or "something else")


def _with_ids(entries: Node) -> Node:
    """Entries written as a mapping, each with its key as its id; null entries stay, as they remove."""
    if not entries.fields:
        return entries
    return replace(entries, content={name: _with_id(name, entry) for name, entry in entries.fields.items()})


def _with_id(name: str, entry: Node) -> Node:
    if "id" in entry.fields or not isinstance(entry.content, Mapping):
        return entry
    return replace(entry, content={"id": Node(name, entry.key or entry.place, entry.key), **entry.fields})


def _listed(root: Node) -> Node:
    """The tree with lists again where layers were merged by id."""
    keyed = {name: root.fields[name] for name in BY_ID if name in root.fields}
    lists = {
        name: replace(node, content=(*node.fields.values(),))
        for name, node in keyed.items()
        if isinstance(node.content, Mapping)
    }
    return replace(root, content={**root.fields, **lists}) if lists else root


def _same_ids(root: Node) -> Iterator[Problem]:
    """Entries of a list, written as one or as a mapping, that have the id of an earlier one."""
    for group in (name for name in BY_ID if name in root.fields):
        first: dict[str, Node] = {}
        for entry in root.fields[group].items:
            id = entry.fields.get("id")
            if id is None or not isinstance(id.content, str):
                continue
            earlier = first.setdefault(id.content, entry)
            if earlier is not entry:
                there = f"first in line {earlier.place.line}"
                message = f"{got(id.content)} a second time, expected every id once ({there})"
                yield id.place.problem(spelled((group, id.content, "id")), message)


_NAMED_BY = {"title": ("title", "description"), "name": ("title", "description")}
"""Texts that go where a layer states anew what they belong to."""


def _texts_replaced(over: Node) -> set[str]:
    """Texts that belong to one that a layer states anew: in Korean, or of what has a title or a name."""
    behind = {text for key in over.fields for text in _NAMED_BY.get(key, ())}
    return behind | {f"{text}{KOREAN}" for text in (*over.fields, *behind)}


def merged(base: Node, over: Node, path: YamlPath = ()) -> Node:
    """The tree `base` at a path with what `over` says on top of it."""
    if not isinstance(base.content, Mapping) or not isinstance(over.content, Mapping):
        return over
    kept = base.fields
    if is_one_value(over, path):
        kept = {name: child for name, child in kept.items() if name == "sectors"}
    replaced = _texts_replaced(over)
    kept = {name: child for name, child in kept.items() if name not in replaced}
    removed = {name for name, child in over.fields.items() if child.content is None and name in kept}
    both = {
        name: merged(kept[name], child, (*path, name)) if name in kept else child for name, child in over.fields.items()
    }
    return replace(over, content={name: child for name, child in {**kept, **both}.items() if name not in removed})
