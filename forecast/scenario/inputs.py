"""The registry of uncertain inputs of a scenario, and single numbers as somebody states them.

An input is drawn by itself if it is a number or date stated as a distribution or window, whatever it belongs to; `slip`
or `scale` of an investment that leaves them to the record of announcements; what tariffs and import commitments leave
to the shipped distributions, which they share; or `realised`, whether an investment, phase, programme, tariff,
commitment or shock comes. Sector coefficients, trade and drivers that move as fitted come from joint rows and paths
that hold their correlations already, so that a single draw of them has no level.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from math import isfinite
from os import PathLike
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from forecast.economics.channels import SUPPLIERS
from forecast.economics.elasticities import addresses, shipped_responses
from forecast.economics.tariffs import PARTS, TAXED, load_schedule
from forecast.economics.uncertain_inputs import EVENTS, REALISED, UncertainInput
from forecast.errors import ScenarioError, got, listed, meant, refusal
from forecast.observations.affiliates import existing_affiliates, output_by_sector
from forecast.observations.series import DRIVERS
from forecast.quarters import format_quarter
from forecast.scenario.dates import Window, date_distribution, date_text, position
from forecast.scenario.drivers import Levels
from forecast.scenario.investments import Investment
from forecast.scenario.layers import DISTRIBUTIONS, layered
from forecast.scenario.localization import Localization
from forecast.scenario.money import WON_KEY, money_distribution
from forecast.scenario.numerals import number_hint
from forecast.scenario.policy import CERTAIN, EVERY, Tariff
from forecast.scenario.schema_errors import complaints
from forecast.stats.distributions import Constant, Distribution
from forecast.stats.specs import Model, read_distribution
from forecast.storage.documents import Node, parse_document

if TYPE_CHECKING:
    from forecast.scenario.scenario import Scenario


_SOURCES = {
    "investments": "terms",
    "phases": "terms",
    "programmes": "terms",
    "coefficients": "coefficients",
    "localization": "localization",
    "tariffs": "policies",
    "import_commitments": "policies",
    "shocks": "stated",
    "memory": "stated",
    "drivers": "drivers",
    "future_announcements": "future",
}
"""Source of the numbers of every kind of entry; chances of plants, their phases and programmes are `happening`."""

DATES = frozenset({"construction_start", "production_start", "production_end", "from", "until", "at"})

SLIDERS = {
    "investments.amount": "amount",
    "investments.probability": "probability",
    "tariffs.rate": "rate",
    "tariffs.probability": "comes",
    "import_commitments.amount": "promised",
    "import_commitments.per_year": "promised_a_year",
    "import_commitments.probability": "comes",
    "import_commitments.fulfilment": "fulfilment",
}
"""What the sliders of the explore page are called, by kind of entry and key."""

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
        *_events(scenario),
        *_responses(scenario, plants),
        *_additionality(scenario),
        *_drivers(scenario),
        *_future(scenario, plants),
        *_stated("memory", "memory", scenario.memory),
    )


def _stated(path: str, kind: str, entry: Any, used: bool = True) -> Iterator[UncertainInput]:
    """Numbers and dates of an entry, which is a frozen value or a mapping: a new field of a value needs no word here.

    Args:
        used: whether the entry bears on anything that is simulated.
    """
    values = entry if isinstance(entry, Mapping) else {item.name: getattr(entry, item.name) for item in fields(entry)}
    for field, value in values.items():
        key = "from" if field == "start" else field
        if isinstance(value, Distribution) or (isinstance(value, float) and key in DATES):
            yield _number(f"{path}.{key}", kind, value, used)


def _number(name: str, kind: str, value: Distribution | float, used: bool = True) -> UncertainInput:
    key = name.rpartition(".")[2]
    source = "happening" if key == "probability" and _SOURCES[kind] == "terms" else _SOURCES[kind]
    stated = Constant(value) if isinstance(value, float) else value
    known = stated.value if isinstance(stated, Constant) else None
    settled = "" if known is None else constant_remark(date_text(known) if key in DATES else known)
    slider = SLIDERS.get(f"{kind}.{key}", "")
    return UncertainInput(name, source, stated, None, settled, used and not settled, key in DATES, slider)


def constant_remark(value: object) -> str:
    """What settles a number without a spread, in words."""
    return f"is {value:g} in every draw" if isinstance(value, float) else f"is {value} in every draw"


def _event(
    path: str,
    source: str,
    probability: Distribution | None,
    otherwise: str = "",
    *,
    drawn: bool = True,
    free: bool = True,
) -> UncertainInput:
    """Whether something comes: by its chance, `otherwise` why it is sure; `free` if it depends on no other event."""
    settled = "" if probability else otherwise
    if isinstance(probability, Constant) and probability.value in (0, 1):
        settled = f"is settled by its probability of {probability.value:g}"
    return UncertainInput(f"{path}.{REALISED}", source, None, probability if free else None, settled, drawn)


def _investment(plant: Investment, origin: int | None) -> Iterator[UncertainInput]:
    path, runs = f"investments.{plant.id}", _RUNS if plant.runs_by(origin) else ""
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


def _path(name: str, assumed: Localization, used: bool = True) -> Iterator[UncertainInput]:
    yield from _stated(name, "localization", assumed, used)
    shares = dict(zip(SUPPLIERS, assumed.shares or (), strict=False))
    yield from _stated(f"{name}.shares", "localization", shares, used)


def _localizations(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """Numbers of the path of all affiliates, and of those of sectors."""
    shared, own = scenario.localization, scenario.sector_localization
    stand = sectors_that_stand() if shared.path != "fitted" or own else ()
    moved = shared.path != "fitted" and any(sector not in own for sector in stand)
    yield from _path("localization", shared, bool(plants) or moved)
    followed = {plant.sector for plant in plants if plant.localization is None}
    for sector, path in own.items():
        yield from _path(f"localization.sectors.{sector}", path, sector in followed or sector in stand)


def sectors_that_stand() -> Collection[str]:
    """Sectors in which affiliates exist that make something today, and that leave the fitted path with all others."""
    return output_by_sector(int(existing_affiliates().years[-1]))


def _sectors(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """Coefficients stated for whole sectors, which are drawn if a plant has none of its own."""
    for sector, coefficients in scenario.sector_coefficients.items():
        own = [plant.coefficients for plant in plants if plant.sector == sector]
        for item in _stated(f"overrides.sectors.{sector}", "coefficients", coefficients):
            used = any(item.name.rpartition(".")[2] not in stated for stated in own)
            yield replace(item, drawn=item.drawn and used)


def _programmes(scenario: Scenario, plants: Collection[Investment], origin: int | None) -> Iterator[UncertainInput]:
    """A programme that is cut does not undo what runs already."""
    open_ones = [plant for plant in plants if not plant.runs_by(origin)]
    for programme in scenario.programmes:
        path = f"programmes.{programme.id}"
        used = any(programme.holds(plant.id, plant.company) for plant in open_ones)
        yield from _stated(path, "programmes", programme, used)
        if programme.probability is not None:
            yield _event(path, "happening", programme.probability, drawn=used)


def _events(scenario: Scenario) -> Iterator[UncertainInput]:
    """Tariffs, import commitments and shocks; where a probability may be left out, 1 counts as left out."""
    for group in EVENTS:
        for entry in getattr(scenario, group):
            path, chance = f"{group}.{entry.id}", entry.probability
            if chance == CERTAIN and group != "shocks":
                chance = None
            yield from _stated(path, group, entry)
            yield _event(path, _SOURCES[group], chance, _SURE, drawn=chance is not None)


def _responses(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """What tariffs leave to the shipped distributions, which hold before the first of them too."""
    silent: dict[str, list[str]] = {}
    for tariff in scenario.tariffs:
        for key, names in _shipped_names(tariff).items():
            if getattr(tariff, key, None) is None:
                left = f"tariffs.{tariff.id}.{key}"
                yield _left(left, names)
                for name in names:
                    silent.setdefault(name, []).append(left)
    taxed = {name for tariff in scenario.tariffs for names in _shipped_names(tariff).values() for name in names}
    nothing = _without_effect(scenario, plants)
    for name, prior in shipped_responses().items():
        idle = "is stated by every tariff on its goods" if name in taxed else "does nothing, as there is no such tariff"
        # commitments alone draw the weight between the two compositions of trade as well
        used = name in taxed or bool(scenario.import_commitments and name == "tariffs.weight_of_2026")
        yield _shipped(name, prior.distribution, nothing.get(name) or ("" if name in silent else idle), used)


def _without_effect(scenario: Scenario, plants: Collection[Investment]) -> Mapping[str, str]:
    """Shipped responses that do nothing though tariffs leave them out, and why."""
    bends, rivals = _follows(scenario, plants), any(tariff.rivals is not None for tariff in scenario.tariffs)
    return {
        "tariffs.localization_response": "" if bends else _BENDS_NOTHING,
        "tariffs.substitution": "" if rivals else "does nothing, as no tariff states what rivals pay",
    }


def _follows(scenario: Scenario, plants: Collection[Investment]) -> bool:
    """Whether a plant follows the fitted path, which is all that tariffs bend."""
    own = [*scenario.sector_localization.values(), *(item.localization for item in scenario.investments)]
    return bool(plants) and any(path and path.path == "fitted" for path in (scenario.localization, *own))


def _shipped_names(tariff: Tariff) -> dict[str, list[str]]:
    """Names of the shipped distributions of the responses to a tariff, by key: several where product groups differ."""
    sectors = TAXED if EVERY in tariff.sectors else tariff.sectors
    by_sector = [addresses(PARTS.get(sector, sector)) for sector in sectors]
    return {key: sorted({names[key] for names in by_sector}) for key in by_sector[0]}


def _additionality(scenario: Scenario) -> Iterator[UncertainInput]:
    """What commitments leave to the shipped distributions, by what is bought."""
    for what, prior in load_schedule().additionality.items():
        left = [item.id for item in scenario.import_commitments if item.what == what and item.additionality is None]
        name = f"import_commitments.additionality.{what}"
        if left:
            yield _shipped(name, prior.distribution)
        yield from (_left(f"import_commitments.{id}.additionality", [name]) for id in left)


def _shipped(name: str, shipped: Distribution, remark: str = "", used: bool = True) -> UncertainInput:
    """A shipped distribution; `remark` says why it does nothing."""
    known = isinstance(shipped, Constant)
    settled = remark or ("is the same in every draw" if known else "")
    return UncertainInput(name, "policies", shipped, None, settled, used and not known)


def _left(name: str, shipped: Sequence[str]) -> UncertainInput:
    """A number that is left to a shipped distribution, or to several where product groups differ."""
    one = len(shipped) == 1
    words = f"distribution, whose name is {shipped[0]}" if one else f"distributions, whose names are {listed(shipped)}"
    return UncertainInput(name, "policies", None, None, f"is left to the shipped {words}", False)


def _drivers(scenario: Scenario) -> Iterator[UncertainInput]:
    """Numbers of stated paths of drivers."""
    for driver in DRIVERS:
        name, path = f"drivers.{driver}", scenario.drivers.get(driver)
        if path is None:
            remark = "moves as fitted (the numbers of a path that is stated have names)"
            yield UncertainInput(name, "drivers", settled=remark, drawn=False)
            continue
        if isinstance(path, Levels):
            for quarter, level in path.levels.items():
                yield _number(f"{name}.at.{format_quarter(quarter)}", "drivers", level)
        else:
            yield _number(f"{name}.{'rate' if path.path == 'growth' else 'size'}", "drivers", path.change)


def _future(scenario: Scenario, plants: Collection[Investment]) -> Iterator[UncertainInput]:
    """How many plants are still to be announced; where none is built, none takes the place of its machines."""
    key = "future_announcements"
    if scenario.future_announcements is not None:
        yield _number(key, key, scenario.future_announcements, bool(plants))


def distribution_of_text(text: str) -> Distribution:
    """The distribution a YAML text states, such as `{quantiles: {0.1: 1, 0.9: 4}}`; a date is on the quarter axis.

    Raises:
        ScenarioError: the text is no YAML or states neither a number nor a date.
    """
    document = parse_document(text, "the text")
    if document.problems:
        raise ScenarioError(document.problems)
    return distribution_of_node(document.root)


def distribution_in_file(path: PathLike[str] | str, key: str) -> Distribution:
    """The distribution of the number or date at a path of a scenario file, such as `investments.HMG-06.amount`.

    An amount in won is one in bn USD, unless its key `krw_trillion` is the last part of the path.

    Raises:
        ScenarioError: the file cannot be read, or there is neither a number nor a date at that path.
    """
    root = layered(path).root
    numbers = dict(_stated_numbers(root, ()))
    node = numbers.get(key)
    if node is None:
        owner, _, last = key.rpartition(".")
        left = owner.startswith("investments.") and last in FITTED and node_at(root, owner.split(".")) is not None
        why = "its distribution is that of the record of announcements" if left else "no such number in this file"
        hint = meant(key, numbers) if numbers else "it states none"
        raise refusal(root.place, f"{got(key)}, {why}; {hint}")
    if names_date(key):
        return _date_of_node(node)
    return _in_dollars(node, root, key) if WON_KEY in node.fields else distribution_of_node(node)


def names_date(key: str) -> bool:
    """Whether the path of a value in a file is that of a date."""
    return key.rpartition(".")[2] in _TIMES and not key.startswith("drivers.")


def states_date(text: str) -> bool:
    """Whether a YAML text states a date or a window and no number."""
    return _is_date(parse_document(text, "the text").root)


def _is_date(node: Node) -> bool:
    return isinstance(node.content, str) or not node.fields.keys().isdisjoint(Window.model_fields)


def _is_readable_date(text: object) -> bool:
    try:
        date_distribution(text)
    except ValidationError:
        return False
    return True


def _date_of_node(node: Node) -> Distribution:
    try:
        return date_distribution(node.plain())
    except ValidationError as error:
        raise ScenarioError(complaints(node, error, Model)) from None


def _stated_numbers(node: Node, path: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    """Every number and date in a tree with its path, an amount in won under its own key too."""
    for key, child in node.fields.items():
        dated = names_date(".".join((*path, key)))
        if path and (_is_date(child) or isinstance(child.content, int) if dated else _is_number(child)):
            yield ".".join((*path, key)), child
            if WON_KEY in child.fields:
                yield ".".join((*path, key, WON_KEY)), child.fields[WON_KEY]
        else:
            yield from _stated_numbers(child, (*path, key))
    for item in node.items:
        if "id" in item.fields:
            yield from _stated_numbers(item, (*path, str(item.fields["id"].content)))


_TIMES = DATES | {"announced", "by"}


def _is_number(node: Node) -> bool:
    plain = isinstance(node.content, int | float) and not isinstance(node.content, bool)
    return plain or not node.fields.keys().isdisjoint({WON_KEY, *DISTRIBUTIONS})


def _in_dollars(node: Node, root: Node, key: str) -> Distribution:
    """The distribution of an amount in won, at the rate of the day its investment was announced."""
    owner = key.rpartition(".")[0]
    investment = node_at(root, owner.split("."))
    announced = investment.fields.get("announced") if investment else None
    try:
        return money_distribution(node.plain(), position(str(announced.content if announced else "")))
    except ValidationError as error:
        raise ScenarioError(complaints(node, error, Model)) from None
    except ValueError as error:
        raise refusal((announced or node).place, str(error), f"{owner}.announced") from None


def distribution_of_node(node: Node) -> Distribution:
    """The distribution a value of a file states.

    Raises:
        ScenarioError: it states neither a number nor a date.
    """
    stated = node.plain()
    if _is_date(node) and (node.fields or _is_readable_date(stated)):
        return _date_of_node(node)
    if not node.fields and (isinstance(stated, bool) or not isinstance(stated, int | float) or not isfinite(stated)):
        expected = "expected a number, a date such as 2029Q1, or a distribution such as {interval: [4, 8], level: 0.9}"
        hint = number_hint(stated, "") if isinstance(stated, str) else ""
        raise refusal(node.place, f"{got(stated)}, {expected}{hint}")
    try:
        return read_distribution(stated)
    except ValidationError as error:
        raise ScenarioError(complaints(node, error, Model)) from None


def node_at(node: Node, keys: list[str]) -> Node | None:
    """The value at a path, in which entries of lists go by their ids."""
    for key in keys:
        by_id = {item.fields["id"].content: item for item in node.items if "id" in item.fields}
        child = node.fields.get(key) or by_id.get(key)
        if child is None:
            return None
        node = child
    return node
