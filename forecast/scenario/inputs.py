"""The registry of uncertain inputs of a scenario, and what is stated of them: correlations, single numbers.

An input can be correlated if it is drawn by itself: a number or date stated as a distribution or window, whatever it
belongs to; `slip` and `scale` of an investment that leaves them to the record of announcements; what tariffs and import
commitments leave to the shipped distributions, which they share; and `realised`, whether an investment, phase,
programme, tariff, commitment or shock comes. Sector coefficients, trade and drivers that move as fitted come from joint
rows and paths that hold their correlations already, so that a single draw of them has no level.

Correlations are between ranks of levels, each within its own distribution. They equal those of the values unless a
distribution has ties (on time, discrete, coming or not) or parameters that vary from draw to draw (the record's), which
dilute them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from os import PathLike
from typing import TYPE_CHECKING

from pydantic import ValidationError

from forecast.documents import Node, parse_document
from forecast.economics.channels import SUPPLIERS
from forecast.economics.sectors import COEFFICIENTS
from forecast.economics.tariffs import RESPONSES, load_regime
from forecast.economics.uncertain_inputs import REALISED, UncertainInput
from forecast.errors import Problem, ScenarioError, got, meant, refusal
from forecast.observations.series import DRIVERS
from forecast.quarters import format_quarter
from forecast.scenario.dates import position
from forecast.scenario.layers import layered
from forecast.scenario.localization import AssumedLocalization
from forecast.scenario.money import WON_KEY, money_law
from forecast.scenario.policy import CERTAIN, AssumedImportCommitment, AssumedTariff
from forecast.scenario.schema_errors import complaints
from forecast.stats.distributions import Constant, Law
from forecast.stats.specs import law
from forecast.stats.streams import Pair, is_possible, names_in, nearest_possible, rank_matrix

if TYPE_CHECKING:
    from forecast.scenario.scenario import Investment, Scenario


@dataclass(frozen=True, slots=True)
class Key:
    """A key under which a number or date may be uncertain.

    Attributes:
        name: as files write it.
        source: source of spread it belongs to, one of `SOURCES`.
        field: of the frozen value, where it has another name.
        is_date: whether a date stands there.
        slider: what the slider that moves it is called on the explore page; empty where there is none.
    """

    name: str
    source: str
    field: str = ""
    is_date: bool = False
    slider: str = ""


def _numbers(source: str, *names: str) -> tuple[Key, ...]:
    return tuple(Key(name, source) for name in names)


def _dates(source: str, *names: str, **renamed: str) -> tuple[Key, ...]:
    return tuple(Key(name, source, renamed.get(name, ""), is_date=True) for name in names)


KEYS: Mapping[str, tuple[Key, ...]] = {
    "investments": (
        Key("amount", "terms", slider="amount"),
        Key("new_capex", "terms"),
        Key("probability", "happening", slider="probability"),
        *_dates("terms", "construction_start", "production_start", "production_end"),
        *_numbers("terms", "slip", "scale"),
    ),
    "phases": (*_dates("terms", "construction_start", "production_start"), Key("probability", "happening")),
    "programmes": (Key("scale", "terms"), Key("probability", "happening")),
    "coefficients": _numbers("coefficients", *COEFFICIENTS),
    "localization": _numbers("localization", "local", "speed"),
    "shares": _numbers("localization", *SUPPLIERS),
    "tariffs": (
        Key("rate", "levers", slider="rate"),
        Key("change", "levers"),
        Key("probability", "levers", slider="comes"),
        *_numbers("levers", *RESPONSES),
        Key("from", "levers", "start", is_date=True),
        Key("until", "levers", is_date=True),
    ),
    "import_commitments": (
        *_numbers("levers", "amount", "per_year", "probability", "additionality", "fulfilment"),
        Key("from", "levers", "start", is_date=True),
        Key("until", "levers", is_date=True),
    ),
    "shocks": (*_numbers("stated", "size", "amount", "probability", "half_life"), *_dates("stated", "at", "until")),
}
"""Whatever may be uncertain, by what it is a key of. A new key of the language is added here, and here alone."""


FITTED = ("slip", "scale")
"""What an investment may leave to the record of announcements."""


_RUNS = "is sure, as the plant runs already"


_SURE = "is sure, as no probability is stated"


_BENDS_NOTHING = "does nothing, as no plant follows the fitted path"


def uncertain_inputs(scenario: Scenario, origin: int | None) -> tuple[UncertainInput, ...]:
    """The registry: every number, date and event of a scenario, those that are known with the reason.

    Args:
        origin: quarter index of the last quarter observed, None where it is not known. A plant that runs by then is
            sure and not late unless it says so.
    """
    plants = [item for item in scenario.investments if item.kind != "pledge"]
    return (
        *(item for plant in plants for item in _investment(plant, origin)),
        *_localizations(scenario, plants),
        *_sectors(scenario, plants),
        *_programmes(scenario, plants, origin),
        *_policy("tariffs", scenario.tariffs),
        *_policy("import_commitments", scenario.import_commitments),
        *_shocks(scenario),
        *_responses(scenario, plants),
        *_additionality(scenario),
        *_drivers(scenario),
    )


def _stated(path: str, kind: str, entry: object, used: bool = True) -> Iterator[UncertainInput]:
    """What an entry states under its `KEYS`; `used` is whether it bears on anything that is simulated."""
    for key in KEYS[kind]:
        name = key.field or key.name
        value = entry.get(name) if isinstance(entry, Mapping) else getattr(entry, name, None)
        if value is not None:
            yield _number(f"{path}.{key.name}", key, value, used)


def _number(name: str, key: Key, value: Law | float, used: bool = True) -> UncertainInput:
    stated = Constant(value) if isinstance(value, float) else value
    settled = _constant(stated.value) if isinstance(stated, Constant) else ""
    return UncertainInput(name, key.source, stated, None, settled, used and not settled, key.is_date, key.slider)


def _constant(value: object) -> str:
    return f"is {value:g} in every draw" if isinstance(value, float) else f"is {value} in every draw"


def _event(
    path: str, source: str, probability: Law | None, otherwise: str = "", *, drawn: bool = True, free: bool = True
) -> UncertainInput:
    """Whether something comes: by its chance, `otherwise` why it is sure; `free` if it depends on no other event."""
    settled = "" if probability else otherwise
    if isinstance(probability, Constant) and probability.value in (0, 1):
        settled = f"is settled by its probability of {probability.value:g}"
    return UncertainInput(f"{path}.{REALISED}", source, None, probability if free else None, settled, drawn)


def _runs(plant: Investment, origin: int | None) -> bool:
    """Whether an investment is producing by the end of a quarter, in all its phases: built by then, or bought."""
    bought = plant.kind == "acquisition" and plant.production_start is None
    whole = Constant(plant.announced) if bought else plant.production_start
    starts = [phase.production_start for phase in plant.phases] or [whole]
    return origin is not None and all(start is not None and float(start.ppf(1.0)) <= origin + 1 for start in starts)


def _investment(plant: Investment, origin: int | None) -> Iterator[UncertainInput]:
    path, runs = f"investments.{plant.id}", _RUNS if _runs(plant, origin) else ""
    follows = "has the fate of another investment" if plant.same_fate_as is not None else ""
    yield from _stated(path, "investments", plant)
    if plant.probability is None:
        fitted = f"is learned from the record of announcements (whether it comes is {path}.{REALISED})"
        remark = follows or runs or fitted
        yield UncertainInput(f"{path}.probability", "happening", settled=remark, drawn=False, slider="probability")
    for key in FITTED:
        if getattr(plant, key) is None:
            yield UncertainInput(f"{path}.{key}", "terms", settled=runs, drawn=not runs)
    yield _event(path, "happening", plant.probability, follows or runs, drawn=not follows, free=False)
    yield from _stated(f"{path}.overrides", "coefficients", plant.coefficients)
    if plant.localization is not None:
        yield from _path(f"{path}.localization", plant.localization)
    for phase in plant.phases:
        yield from _stated(f"{path}.phases.{phase.id}", "phases", phase)
        if phase.probability is not None:
            yield _event(f"{path}.phases.{phase.id}", "happening", phase.probability, free=False)


def _path(name: str, assumed: AssumedLocalization, used: bool = True) -> Iterator[UncertainInput]:
    yield from _stated(name, "localization", assumed, used)
    shares = dict(zip(SUPPLIERS, assumed.shares or (), strict=False))
    yield from _stated(f"{name}.shares", "shares", shares, used)


def _localizations(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """Numbers of the path of all affiliates, and of those of sectors."""
    yield from _path("localization", scenario.localization, bool(plants))
    followed = {plant.sector for plant in plants if plant.localization is None}
    for sector, path in scenario.sector_localization.items():
        yield from _path(f"localization.sectors.{sector}", path, sector in followed)


def _sectors(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """Coefficients stated for whole sectors, which are drawn if a plant has none of its own."""
    for sector, coefficients in scenario.sector_coefficients.items():
        own = [plant.coefficients for plant in plants if plant.sector == sector]
        for item in _stated(f"overrides.sectors.{sector}", "coefficients", coefficients):
            used = any(item.name.rpartition(".")[2] not in stated for stated in own)
            yield replace(item, drawn=item.drawn and used)


def _programmes(scenario: Scenario, plants: Collection[Investment], origin: int | None) -> Iterator[UncertainInput]:
    """A programme that is cut does not undo what runs already."""
    open_ones = [plant for plant in plants if not _runs(plant, origin)]
    for programme in scenario.programmes:
        path = f"programmes.{programme.id}"
        used = any(programme.holds(plant.id, plant.company) for plant in open_ones)
        yield from _stated(path, "programmes", programme, used)
        if programme.probability is not None:
            yield _event(path, "happening", programme.probability, drawn=used)


def _policy(group: str, entries: Collection[AssumedTariff | AssumedImportCommitment]) -> Iterator[UncertainInput]:
    for entry in entries:
        path, chance = f"{group}.{entry.id}", None if entry.probability == CERTAIN else entry.probability
        yield from _stated(path, group, entry)
        yield _event(path, "levers", chance, _SURE, drawn=chance is not None)


def _shocks(scenario: Scenario) -> Iterator[UncertainInput]:
    for shock in scenario.shocks:
        path = f"shocks.{shock.id}"
        yield from _stated(path, "shocks", shock)
        yield _event(path, "stated", shock.probability, _SURE, drawn=shock.probability is not None)


def _responses(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """What tariffs leave to the shipped distributions, which hold before the first of them too."""
    stated = [*scenario.sector_localization.values(), *(item.localization for item in scenario.investments)]
    follows = bool(plants) and any(path and path.path == "fitted" for path in (scenario.localization, *stated))
    for key, prior in load_regime().responses.items():
        open_ones = [tariff for tariff in scenario.tariffs if getattr(tariff, key, None) is None]
        if key == "localization_response" and not follows:
            settled = _BENDS_NOTHING
        elif not open_ones:
            settled = "is stated by every tariff" if scenario.tariffs else "does nothing, as there is no tariff"
        else:
            settled = ""
        # commitments alone have the weight between the two compositions of trade drawn too
        used = bool(scenario.tariffs or (scenario.import_commitments and key == "weight_of_2026"))
        shared = _shipped(f"tariffs.{key}", prior.law, settled, used)
        yield shared
        if shared.settled != _BENDS_NOTHING:
            yield from (_left(f"tariffs.{tariff.id}.{key}", shared) for tariff in open_ones)


def _additionality(scenario: Scenario) -> Iterator[UncertainInput]:
    """What commitments leave to the shipped distributions, by what is bought."""
    for what, prior in load_regime().additionality.items():
        open_ones = [item for item in scenario.import_commitments if item.what == what and item.additionality is None]
        if open_ones:
            shared = _shipped(f"import_commitments.additionality.{what}", prior.law, "", True)
            yield shared
            yield from (_left(f"import_commitments.{item.id}.additionality", shared) for item in open_ones)


def _shipped(name: str, shipped: Law, settled: str, used: bool) -> UncertainInput:
    known = isinstance(shipped, Constant)
    remark = settled or ("is the same in every draw" if known else "")
    return UncertainInput(name, "levers", shipped, None, remark, used and not known)


def _left(name: str, shared: UncertainInput) -> UncertainInput:
    remark = f"is left to the shipped law, whose name is {shared.name}"
    return UncertainInput(name, "levers", settled=remark, drawn=False)


_OF_DRIVERS = Key("", "drivers")


def _drivers(scenario: Scenario) -> Iterator[UncertainInput]:
    """Numbers of stated paths of drivers."""
    for driver in DRIVERS:
        name, path = f"drivers.{driver}", scenario.drivers.get(driver)
        if path is None:
            remark = "moves as fitted (the numbers of a path that is stated have names)"
            yield UncertainInput(name, "drivers", settled=remark, drawn=False)
            continue
        if path.change is not None:
            yield _number(f"{name}.{'rate' if path.path == 'growth' else 'size'}", _OF_DRIVERS, path.change)
        for quarter, level in (path.levels or {}).items():
            yield _number(f"{name}.at.{format_quarter(quarter)}", _OF_DRIVERS, level)


def correlation_problems(root: Node, inputs: Collection[UncertainInput], unread: Collection[str]) -> Iterator[Problem]:
    """Names that cannot be correlated, pairs stated twice, and correlations that no distribution has together.

    Args:
        root: a merged tree.
        inputs: the registry of what it states.
        unread: names of entries that the schema refuses, of whose inputs nothing is known.
    """
    node = root.fields["correlations"]
    entries = list(enumerate(node.items))
    ranks = _Ranks()
    problems = [problem for index, entry in entries for problem in _names(root, inputs, unread, entry, index)]
    problems += [problem for index, entry in entries for problem in ranks.add(entry, index)]
    yield from problems
    if not problems and ranks.stated:
        yield from _together(node, ranks.stated)


def _names(
    root: Node, inputs: Collection[UncertainInput], unread: Collection[str], entry: Node, index: int
) -> Iterator[Problem]:
    between = entry.fields.get("between")
    free = {item.name for item in inputs if not item.settled}
    for place_in_list, node in enumerate(between.items if between else ()):
        name = node.content
        if isinstance(name, str) and name not in free and not name.startswith(tuple(f"{path}." for path in unread)):
            message = _refusal(name, root, inputs)
            yield node.place.problem(f"correlations[{index}].between[{place_in_list}]", message)


def _refusal(name: str, root: Node, inputs: Collection[UncertainInput]) -> str:
    if remark := next((_remark(item, root, inputs) for item in inputs if item.name == name), ""):
        return f"{got(name)}, which {remark}, expected an uncertain input"
    joint = name.rpartition(".")[2] in COEFFICIENTS
    note = " (a coefficient is drawn jointly with the others unless overrides state its distribution)" if joint else ""
    free = [item.name for item in inputs if not item.settled]
    near = sorted(free, key=lambda path: path.partition(".")[0] != name.partition(".")[0])
    hint = meant(name, near) if near else "the scenario has none"
    return f"{got(name)}, expected the path of an uncertain input{note}; {hint}"


def _remark(known: UncertainInput, root: Node, inputs: Collection[UncertainInput]) -> str:
    """What settles an input: a number as the file writes it, and nothing of one that the file leaves out."""
    value = known.distribution
    if not isinstance(value, Constant) or known.settled != _constant(value.value):
        return known.settled
    node = _at(root, known.name.split("."))
    if node is None:
        return ""
    won = node.fields.get(WON_KEY)
    remark = _constant(f"{won.content} trillion won" if won else str(node.content))
    comes = f"{known.name.removesuffix('.probability')}.{REALISED}"
    is_open = any(item.name == comes and not item.settled for item in inputs)
    return f"{remark} (whether it comes is {comes})" if is_open else remark


@dataclass(slots=True)
class _Ranks:
    """Ranks of all pairs, as the entries state them."""

    stated: dict[Pair, float] = field(default_factory=dict)

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
            if (one, other) in self.stated:
                message = f"got {one} with {other} a second time, expected every pair once"
                yield entry.fields["between"].place.problem(f"correlations[{index}].between", message)
            self.stated.setdefault((one, other), float(value))


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
    numbers = dict(_stated_numbers(root, ()))
    node = numbers.get(key)
    if node is None:
        owner, _, last = key.rpartition(".")
        left = owner.startswith("investments.") and last in FITTED and _at(root, owner.split(".")) is not None
        why = "its law is that of the record of announcements" if left else "no such number in this file"
        hint = meant(key, numbers) if numbers else "it states none"
        raise refusal(root.place, f"{got(key)}, {why}; {hint}")
    return _in_dollars(node, root, key) if WON_KEY in node.fields else law_of_node(node)


_NUMBERS = frozenset(key.name for keys in KEYS.values() for key in keys if not key.is_date)


def _stated_numbers(node: Node, path: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    """Every number in a tree with its path, an amount in won under its own key too."""
    for key, child in node.fields.items():
        if path and (key in _NUMBERS or (path[0], path[-1]) == ("drivers", "at")) and child.content is not None:
            yield ".".join((*path, key)), child
            if WON_KEY in child.fields:
                yield ".".join((*path, key, WON_KEY)), child.fields[WON_KEY]
        else:
            yield from _stated_numbers(child, (*path, key))
    for item in node.items:
        if "id" in item.fields:
            yield from _stated_numbers(item, (*path, str(item.fields["id"].content)))


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
