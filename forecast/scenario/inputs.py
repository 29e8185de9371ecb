"""The uncertain inputs of a scenario by their YAML paths, and the streams of random numbers behind them.

An input can be named if it is drawn by itself: a number or date stated as a distribution or window, whatever it belongs
to; `slip` and `scale` of an investment that leaves them to the record of announcements; what tariffs and import
commitments leave to the shipped laws, which they share; and `realised`, whether an investment, phase, programme,
tariff, commitment or shock comes. Sector coefficients, trade and drivers that move as fitted come from joint rows and
paths that hold their correlations already, so a draw of them has no level.

Whether the correlations of a scenario name uncertain inputs, and whether they are possible together.

The rank is that of levels, each within its own law. It equals that of the values unless a law has ties (on time,
discrete, coming or not) or parameters that vary from draw to draw (the record's), which dilute it. Which inputs there
are is `addresses`.

One number as somebody states it: the law of a YAML text, or of the number at a path of a scenario file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from os import PathLike

from pydantic import ValidationError

from forecast.documents import Node, parse_document
from forecast.economics.sectors import COEFFICIENTS
from forecast.economics.tariffs import RESPONSES, load_schedule
from forecast.errors import Problem, ScenarioError, got, meant, refusal
from forecast.observations.series import DRIVERS
from forecast.scenario.dates import date_law, position
from forecast.scenario.entries import Row, rows, runs_at
from forecast.scenario.layers import layered
from forecast.scenario.money import WON_KEY, money_law
from forecast.scenario.policy import fitted_somewhere
from forecast.scenario.schema_errors import complaints
from forecast.stats.distributions import Constant, Law
from forecast.stats.specs import law
from forecast.stats.streams import Pair, is_possible, names_in, nearest_possible, rank_matrix

MONEY = ("amount", "new_capex")


NUMBERS = ("probability", "slip", "scale")


DATES = ("construction_start", "production_start", "production_end")


FITTED = ("slip", "scale")


REALISED = "realised"
"""Last part of the path of a draw of going ahead; a high level means that it does."""


_EVENTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tariffs": (("rate", "change", "probability", *RESPONSES), ("from", "until")),
    "import_commitments": (("amount", "per_year", "probability", "additionality", "fulfilment"), ("from", "until")),
    "shocks": (("size", "amount", "probability", "half_life"), ("at", "until")),
}
"""Numbers and dates of the entries of lists that are no investments."""


@dataclass(slots=True)
class Names:
    """Inputs by YAML path: those drawn, those known with what settles them, and all that are stated as a number."""

    drawn: list[str] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    def number(self, path: str, node: Node | None) -> Law | None:
        """Notes a number, where the schema accepts it, and gives its law."""
        if node is not None and node.content is not None:
            self.numbers.append(path)
        return self._read(path, node, law)

    def money(self, path: str, node: Node | None) -> None:
        """Notes an amount, in whatever currency."""
        if node is not None and WON_KEY in node.fields:
            self.numbers += [path, f"{path}.{WON_KEY}"]
            self._read(path, node.fields[WON_KEY], law, " trillion won")
        else:
            self.number(path, node)

    def date(self, path: str, node: Node | None) -> None:
        """Notes a date."""
        self._read(path, node, date_law)

    def note(self, path: str, settled: str) -> None:
        """Notes an input: drawn, unless something settles it."""
        if settled:
            self.known[path] = settled
        else:
            self.drawn.append(path)

    def event(self, path: str, probability: Law | None, otherwise: str = "") -> None:
        """Notes whether something comes, by its chance; `otherwise` settles it where that is not stated."""
        settled = "" if probability else otherwise
        if isinstance(probability, Constant) and probability.value in (0, 1):
            settled = f"is settled by its probability of {probability.value:g}"
        self.note(f"{path}.{REALISED}", settled)
        if not settled and isinstance(probability, Constant):
            self.known[f"{path}.probability"] += f" (whether it comes is {path}.{REALISED})"

    def _read(self, path: str, node: Node | None, reader: Callable[[object], Law], unit: str = "") -> Law | None:
        if node is None or node.content is None:
            return None
        try:
            value = reader(node.plain())
        except ValueError:
            return None
        self.note(path, f"is {node.content}{unit} in every draw" if isinstance(value, Constant) else "")
        return value


def stream_of(path: str) -> str:
    """Stream name of the input at a YAML path.

    >>> stream_of("investments.HMG-06.overrides.utilisation"), stream_of("overrides.sectors.steel.utilisation")
    ('investments.HMG-06.utilisation', 'sectors.steel.utilisation')
    >>> stream_of("tariffs.section-301.realised")
    'tariffs.section-301.happens'
    """
    if path.partition(".")[0] in _EVENTS and path.endswith(f".{REALISED}"):
        return f"{path.removesuffix(REALISED)}happens"
    return path.removeprefix("overrides.").replace(".overrides.", ".")


def sign_of(path: str) -> int:
    """-1 where a high level comes of a low uniform: a project goes ahead if its uniform lies below its chance."""
    return -1 if path.endswith(f".{REALISED}") else 1


def names(root: Node, origin: int | None) -> Names:
    """Inputs of a merged tree; a plant that runs at the `origin` is sure and not late unless it says so."""
    found = Names()
    for row in rows(root):
        if row.text("kind") != "pledge":
            _investment(
                found, row, "is sure, as the plant runs already" if origin is not None and runs_at(row, origin) else ""
            )
    _localization(found, "localization", root.fields.get("localization"))
    overrides = root.fields.get("overrides")
    for sector, group in _fields(overrides, "sectors").items():
        _coefficients(found, f"overrides.sectors.{sector}", group)
    for programme in rows(root, "programmes"):
        _programme(found, programme)
    for row in [row for group in _EVENTS for row in rows(root, group)]:
        _event(found, row)
    _shared_laws(found, root)
    _drivers(found, root)
    return found


def _fields(node: Node | None, key: str) -> Mapping[str, Node]:
    return node.fields[key].fields if node is not None and key in node.fields else {}


def _investment(found: Names, row: Row, runs: str) -> None:
    path, fields = f"investments.{row.name}", row.node.fields
    for key in MONEY:
        found.money(f"{path}.{key}", fields.get(key))
    laws = {key: found.number(f"{path}.{key}", fields.get(key)) for key in NUMBERS}
    for key in DATES:
        found.date(f"{path}.{key}", fields.get(key))
    for key in FITTED:
        if laws[key] is None and not row.has(key):
            found.note(f"{path}.{key}", runs)
    if row.has("same_fate_as"):
        found.known[f"{path}.{REALISED}"] = "has the fate of another investment"
    else:
        found.event(path, laws["probability"], runs)
    _coefficients(found, f"{path}.overrides", fields.get("overrides"))
    _localization(found, f"{path}.localization", fields.get("localization"))
    phases = fields.get("phases")
    for phase in phases.items if phases else ():
        _phase(found, path, phase)


def _phase(found: Names, path: str, phase: Node) -> None:
    id = phase.fields.get("id")
    inner = f"{path}.phases.{id.content if id else ''}"
    for key in DATES[:2]:
        found.date(f"{inner}.{key}", phase.fields.get(key))
    if (chance := found.number(f"{inner}.probability", phase.fields.get("probability"))) is not None:
        found.event(inner, chance)


def _programme(found: Names, row: Row) -> None:
    path, fields = f"programmes.{row.name}", row.node.fields
    found.number(f"{path}.scale", fields.get("scale"))
    if (chance := found.number(f"{path}.probability", fields.get("probability"))) is not None:
        found.event(path, chance)


def _event(found: Names, row: Row) -> None:
    """A tariff, an import commitment or a shock."""
    path, fields = f"{row.group}.{row.name}", row.node.fields
    numbers, dates = _EVENTS[row.group]
    laws = {key: found.number(f"{path}.{key}", fields.get(key)) for key in numbers}
    for key in dates:
        found.date(f"{path}.{key}", fields.get(key))
    found.event(path, laws["probability"], "is sure, as no probability is stated")


def _shared_laws(found: Names, root: Node) -> None:
    """What tariffs and commitments leave to the shipped laws, one draw for all that do."""
    regime = load_schedule()
    if not fitted_somewhere(root) or all(row.text("kind") == "pledge" for row in rows(root)):
        found.known["tariffs.localization_response"] = "does nothing, as no plant follows the fitted path"
    for row in rows(root, "tariffs"):
        for key, belief in regime.responses.items():
            _shared(found, row, key, f"tariffs.{key}", belief.law)
    for row in rows(root, "import_commitments"):
        what = row.text("what") or ""
        if what in regime.additionality:
            shared = f"import_commitments.additionality.{what}"
            _shared(found, row, "additionality", shared, regime.additionality[what].law)


def _shared(found: Names, row: Row, key: str, shared: str, shipped: Law) -> None:
    if row.has(key) or shared in found.known:
        return
    found.known[f"{row.group}.{row.name}.{key}"] = f"is left to the shipped law, whose name is {shared}"
    if shared not in found.drawn:
        found.note(shared, "is the same in every draw" if isinstance(shipped, Constant) else "")


def _drivers(found: Names, root: Node) -> None:
    """Numbers of stated paths of drivers."""
    stated = root.fields["drivers"].fields if "drivers" in root.fields else {}
    for driver in DRIVERS:
        path, node = f"drivers.{driver}", stated.get(driver)
        if node is None:
            found.known[path] = "moves as fitted (the numbers of a path that is stated have names)"
            continue
        for key in ("rate", "size"):
            found.number(f"{path}.{key}", node.fields.get(key))
        for quarter, level in _fields(node, "at").items():
            found.number(f"{path}.at.{quarter}", level)


def _coefficients(found: Names, path: str, group: Node | None) -> None:
    for name, node in group.fields.items() if group else ():
        if name in COEFFICIENTS:
            found.number(f"{path}.{name}", node)


def _localization(found: Names, path: str, node: Node | None) -> None:
    fields: Mapping[str, Node] = node.fields if node else {}
    for key in ("local", "speed"):
        found.number(f"{path}.{key}", fields.get(key))
    for key, share in _fields(node, "shares").items():
        found.number(f"{path}.shares.{key}", share)
    for sector, inner in _fields(node, "sectors").items():
        _localization(found, f"{path}.sectors.{sector}", inner)


def impossible(root: Node, origin: int | None) -> Iterator[Problem]:
    """Names that cannot be correlated, pairs stated twice, and correlations that no law has together."""
    node = root.fields.get("correlations")
    if node is None or not node.items:
        return
    found, stated = names(root, origin), _Stated()
    problems = [problem for index, entry in enumerate(node.items) for problem in _names(found, entry, index)]
    problems += [problem for index, entry in enumerate(node.items) for problem in stated.add(entry, index)]
    yield from problems
    if not problems and stated.ranks:
        yield from _together(node, stated.ranks)


def _names(found: Names, entry: Node, index: int) -> Iterator[Problem]:
    between = entry.fields.get("between")
    for place_in_list, name in enumerate(between.items if between else ()):
        path = name.content
        if not isinstance(path, str) or path in found.drawn:
            continue
        yield name.place.problem(f"correlations[{index}].between[{place_in_list}]", _refusal(path, found))


def _refusal(path: str, found: Names) -> str:
    if path in found.known:
        return f"{got(path)}, which {found.known[path]}, expected an uncertain input"
    joint = path.rpartition(".")[2] in COEFFICIENTS
    note = " (a coefficient is drawn jointly with the others unless overrides state its distribution)" if joint else ""
    near = sorted(found.drawn, key=lambda name: name.partition(".")[0] != path.partition(".")[0])
    hint = meant(path, near) if near else "the scenario has none"
    return f"{got(path)}, expected the path of an uncertain input{note}; {hint}"


@dataclass(slots=True)
class _Stated:
    """Ranks of all pairs, as the entries state them."""

    ranks: dict[Pair, float] = field(default_factory=dict)

    def add(self, entry: Node, index: int) -> Iterator[Problem]:
        """Takes in one entry, as far as the schema accepts it."""
        plain = {key: child.plain() for key, child in entry.fields.items()}
        between, rank, matrix = plain.get("between"), plain.get("rank"), plain.get("matrix")
        if not isinstance(between, tuple) or not all(isinstance(name, str) for name in between):
            return
        for row, column in ((i, j) for i in range(len(between)) for j in range(i)):
            value = rank if matrix is None else _entry(matrix, row, column)
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1:
                return
            one, other = sorted((str(between[row]), str(between[column])))
            if (one, other) in self.ranks:
                message = f"got {one} with {other} a second time, expected every pair once"
                yield entry.fields["between"].place.problem(f"correlations[{index}].between", message)
            self.ranks.setdefault((one, other), float(value))


def _entry(matrix: object, row: int, column: int) -> object:
    try:
        return matrix[row][column]  # type: ignore[index]
    except (TypeError, IndexError, KeyError):
        return None


def _together(node: Node, ranks: Mapping[Pair, float]) -> Iterator[Problem]:
    order = sorted(names_in(ranks))
    matrix = rank_matrix(order, ranks)
    if is_possible(matrix):
        return
    near = nearest_possible(matrix)
    changed = [
        f"{one} with {other} {near[order.index(one), order.index(other)]:g} (got {rank:g})"
        for (one, other), rank in ranks.items()
    ]
    unstated = [
        f"{one} with {other} {near[i, j]:g} (got none)"
        for j, other in enumerate(order)
        for i, one in enumerate(order[:j])
        if (one, other) not in ranks and near[i, j] != 0
    ]
    message = f"got correlations that cannot hold together; the nearest that can: {', '.join([*changed, *unstated])}"
    yield node.place.problem("correlations", message)


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
