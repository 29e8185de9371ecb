"""Problems the schema has with a tree, at their places and in plain sentences: misspelt keys, wrong types, bounds."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast, get_args

from pydantic import ValidationError

from forecast.characters import half_width
from forecast.economics.sectors import SECTORS_BY_WORD
from forecast.errors import Problem, YamlPath, got, is_position, listed, meant, shortened, spelled
from forecast.quarters import ACCEPTED
from forecast.scenario.dates import Window, decimal_hint, in_accepted_form
from forecast.scenario.dependencies import Correlation, Phase, Programme, When
from forecast.scenario.drivers import DRIVER_FORMS, DriverPaths, Shock
from forecast.scenario.entity import keys
from forecast.scenario.investments import COEFFICIENT_KEYS, Investment, Overrides
from forecast.scenario.layers import BY_ID, Layered
from forecast.scenario.localization import FORMS, Shares
from forecast.scenario.memory import Memory
from forecast.scenario.money import WON_KEY, Won
from forecast.scenario.numerals import money_hint, number_hint, numeral_in, won_hint
from forecast.scenario.policy import ImportCommitment, Tariff
from forecast.stats.distributions import NAMED
from forecast.stats.specs import NUMBER_FORMS, STATED, Model, Opinion, Part
from forecast.storage.documents import Node

_LEAVES = ("a number", "a date", "dollars")
_WITH_IDS = ("investments", "tariffs", "import_commitments", "shocks", "phases", "programmes")
_INSIDE: Mapping[str, type] = {
    "investments": Investment,
    "tariffs": Tariff,
    "import_commitments": ImportCommitment,
    "phases": Phase,
    "programmes": Programme,
    "when": When,
    "correlations": Correlation,
    "overrides": Overrides,
    "memory": Memory,
    "shares": Shares,
    "a window": Window,
    "won": Won,
    "mixture": Part,
    "pool": Opinion,
    **NUMBER_FORMS,
    **FORMS,
    "drivers": DriverPaths,
    "shocks": Shock,
    **DRIVER_FORMS,
}
_NUMBERS_ALONE = (Part, Opinion, Correlation, Phase)

_ALSO_CALLED: Mapping[str, str] = {
    **dict.fromkeys(("std", "stdev"), "sd"),
    **dict.fromkeys(("min", "minimum"), "low"),
    **dict.fromkeys(("max", "maximum"), "high"),
    "average": "mean",
    "nu": "df",
}
"""Parameters of distributions by names they have elsewhere, where these mean the same."""

_DISTRIBUTIONS = ("law", "probability")
"""Keys of these that take a distribution all the same."""

_NUMBERS = ("float_type", "finite_number", "int_type")
_MAPPING = ("a mapping from coefficient names to numbers", "a mapping with path, such as {path: hold}")

_NO_WON = "; won is accepted for amount and new_capex of investments alone"
_WON_OUTSIDE = f"; won goes around the whole distribution: {{{WON_KEY}: {{...}}}}"
MONEY = ("amount", "new_capex", "per_year", WON_KEY)
_MAPPINGS = ("model_type", "model_attributes_type", "dict_type", "dataclass_type")

_KEY = "[key]"
"""Last part of the location of a key that is refused itself."""

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


_INSTEAD: Mapping[str, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys(
        ("cancelled", "canceled", "dropped"), (("probability", "write probability: 0 for what is cancelled"),)
    ),
    **dict.fromkeys(
        ("status", "state", "stage"),
        (("probability", "dates and probability say it: 1 for what is sure, 0 for what is cancelled"),),
    ),
    **dict.fromkeys(("operating", "running"), (("production_start", "a production_start in the past says it"),)),
    **dict.fromkeys(("chance", "likelihood", "certainty"), (("probability", "write probability"),)),
    **dict.fromkeys(
        ("start", "start_date", "completion", "opening", "operational"),
        (("production_start", "write construction_start or production_start"),),
    ),
    **dict.fromkeys(
        ("end", "end_date", "closure"), (("production_end", "write production_end"), ("until", "write until"))
    ),
    **dict.fromkeys(("delay", "delayed"), (("slip", "write slip, in quarters"),)),
    **dict.fromkeys(("investor", "owner", "firm"), (("company", "write company"),)),
    **dict.fromkeys(("industry", "branch"), (("sector", "write sector"),)),
    **dict.fromkeys(("type", "category"), (("kind", "write kind"),)),
    **dict.fromkeys(("capex", "value", "size", "investment", "usd"), (("amount", "write amount, in bn USD"),)),
    **dict.fromkeys(("date", "announcement"), (("announced", "write announced"),)),
    **dict.fromkeys(("parent", "umbrella", "pledge"), (("part_of", "write part_of"),)),
}
"""Words of others for keys, lower-case: the key that must be among those accepted, and what to write."""


def complaints(root: Node, error: ValidationError, top: type) -> list[Problem]:
    """Every schema error of a tree that states a `top`, at the place where the offending value is written."""
    details = error.errors(include_url=False)
    problems = [_problem(root, top, detail) for detail in details if not _follows(detail, details)]
    return list(dict.fromkeys(problems))


def _follows(detail: Any, details: Sequence[Any]) -> bool:
    """Whether a list is too short only because entries of it make no sense, which is said of them."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details
    )


def strangers(layers: Layered) -> dict[tuple[str, str], Problem]:
    """Overrides of ids that no base file defines, unless they look like complete new entries; by list and id."""
    pairs = ((change, group) for change in layers.changes for group in BY_ID)
    unknown = {}
    for change, group in pairs:
        known, over = (_entries(node, group) for node in (change.before, change.over))
        for id, entry in over.items():
            missing = _left_out(_entries(layers.root, group).get(id, entry), group)
            if known and id not in known and len(missing) >= len(entry.fields.keys() - {"id"}):
                needs = f"; a new one needs {listed(missing)} too" if entry.fields else ""
                which = "got no id" if is_position(id) else f"no {BY_ID[group]} {shortened(id)} below"
                message = f"{which}; {meant(id, known)}{needs}"
                unknown[group, id] = (entry.key or entry.place).problem(spelled((group, id)), message)
    return unknown


def without(root: Node, entries: Collection[tuple[str, str]]) -> Node:
    """The tree without some entries of its lists."""
    lists = {
        group: replace(root.fields[group], content=_kept(root.fields[group], group, entries)) for group, _ in entries
    }
    return replace(root, content={**root.fields, **lists}) if lists else root


def _kept(node: Node, group: str, entries: Collection[tuple[str, str]]) -> tuple[Node, ...]:
    return tuple(item for item in node.items if item.content is not None and (group, _id(item)) not in entries)


def _entries(root: Node, group: str) -> Mapping[str, Node]:
    node = root.fields.get(group)
    return {} if node is None else {**node.fields, **{_id(item): item for item in node.items}}


def _id(entry: Node) -> str:
    return str(entry.fields["id"].content) if "id" in entry.fields else ""


def _left_out(entry: Node, group: str) -> list[str]:
    needed = [name for name, field in keys(_INSIDE[group]).items() if field.is_required()]
    return [name for name in needed if name not in entry.fields]


def _problem(root: Node, top: type, detail: Any) -> Problem:
    kind, loc = detail["type"], tuple(part for part in detail["loc"] if part not in _LEAVES)
    if kind == "union_tag_invalid":
        loc = (*loc, _discriminator(detail))
    name_refused = kind == "literal_error" and loc[-1] == _KEY
    loc = loc[:-1] if name_refused else loc
    node, path = located(root, loc)
    place = node.place
    if name_refused:
        return (node.key or place).problem(spelled(path), _no_such_name(loc, detail))
    if kind == "missing" and isinstance(loc[-1], str) and path[-1:] != loc[-1:]:
        place, path = node.key or node.place, (*path, loc[-1])
    if kind in _UNKNOWN:
        place = node.key or node.place
    return place.problem(spelled(path), _as_written(node, _pattern(top, loc), kind, _sentence(top, kind, loc, detail)))


def _as_written(node: Node, pattern: str, kind: str, sentence: str) -> str:
    """A sentence that names the value of a node as the file has it, with the text or date probably meant."""
    stated = got(node.content)
    if not sentence.startswith(f"{stated},"):
        return sentence
    sentence = node.got() + sentence.removeprefix(stated)
    if isinstance(node.content, str):
        date = in_accepted_form(node.content)
        plain = date if re.fullmatch(pattern, date) else half_width(node.content)
        return sentence if not plain or "write" in sentence or "mean" in sentence else f"{sentence}; write {plain}"
    if kind == "string_type":
        fitting = (text for text in (node.written, node.written.lower()) if re.fullmatch(pattern, text))
        return sentence + "".join(f'; put it in quotes: "{shortened(text)}"' for text in islice(fitting, 1))
    return sentence + (decimal_hint(node.written) if ACCEPTED in sentence else "")


def _pattern(top: type, loc: YamlPath) -> str:
    """The form of a text that may stand at a location."""
    name = next((part for part in reversed(loc) if isinstance(part, str)), "")
    field = keys(_model(top, loc)).get(name)
    return next((item.pattern for item in (field.metadata if field else ()) if getattr(item, "pattern", None)), ".*")


def located(root: Node, loc: YamlPath) -> tuple[Node, YamlPath]:
    """The deepest node on a way through the tree, and its path, with entries of lists named by their ids.

    Parts of the way that name no child are passed over: they are forms of a value, such as `normal`.
    """
    node = root
    path: YamlPath = ()
    for part in loc:
        child = node.fields.get(part) if isinstance(part, str) else None
        if isinstance(part, int) and part < len(node.items):
            child = node.items[part]
        if child is not None:
            path = (*path, _name(child, part, path))
            node = child
    return node, path


def _name(child: Node, part: str | int, path: YamlPath) -> str | int:
    id = child.fields.get("id")
    named = bool(path) and path[-1] in _WITH_IDS and id is not None and isinstance(id.content, str)
    return str(id.content) if id is not None and named else part


def _model(top: type, loc: YamlPath) -> type:
    """The model that holds the last part of a location."""
    model = top
    for above, part in zip(("", *loc), loc[:-1], strict=False):
        model = _inside(model, above, part)
    return model


def _inside(model: type, above: str | int, part: str | int) -> type:
    """The model that a part of a location leads to."""
    if part == "mixture" and not above:
        return cast(type, get_args(keys(model)["mixture"].annotation)[0])
    if (model is Investment and part == "overrides") or (model is Overrides and above == "sectors"):
        return COEFFICIENT_KEYS
    return _INSIDE.get(str(part), model)


def _sentence(top: type, kind: str, loc: YamlPath, detail: Any) -> str:
    if kind in _SPECIAL and (kind != "missing" or isinstance(loc[-1], str)):
        return _SPECIAL[kind](top, loc, detail)
    value = detail["input"]
    return f"{got(value)}, expected {_accepted(top, kind, loc)}{_hint(top, kind, loc, value)}"


def _own(_: type, __: YamlPath, detail: Any) -> str:
    return str(detail["ctx"]["error"])


def _unknown(top: type, loc: YamlPath, _: Any) -> str:
    if loc == ("mixture",):
        return (
            "got a mixture of scenarios, expected one scenario: mixtures are not extended and hold no other mixture; "
            "in Python load_mixture reads one"
        )
    noun = "coefficient" if _model(top, loc) is COEFFICIENT_KEYS else "key"
    accepted = _keys(top, loc)
    instead = next((text for key, text in _INSTEAD.get(str(loc[-1]).lower(), ()) if key in accepted), "")
    called = _ALSO_CALLED.get(str(loc[-1]), "") if _model(top, loc) in NUMBER_FORMS.values() else ""
    return f"unknown {noun}; {instead or meant(called if called in accepted else str(loc[-1]), accepted)}"


def _missing(top: type, loc: YamlPath, _: Any) -> str:
    return f"missing key: {_description(top, loc)}"


def _no_such_name(loc: YamlPath, detail: Any) -> str:
    return f"unknown sector; {meant(str(loc[-1]), _choices(detail), SECTORS_BY_WORD)}"


def _choices(detail: Any) -> list[str]:
    return re.findall(r"'([a-z_-]+)'", detail["ctx"]["expected"])


def _no_choice(_: type, loc: YamlPath, detail: Any) -> str:
    hint = meant(str(detail["input"]), _choices(detail), SECTORS_BY_WORD if loc[-1] == "sector" else {})
    name = "flow or driver" if loc[-1] == "on" else loc[-1]
    return f"{got(detail['input'])}, expected a known {name}; {hint}"


def _no_form(_: type, loc: YamlPath, detail: Any) -> str:
    value, choices = detail["input"][loc[-1]], _forms(loc) if loc[-1] == "path" else NAMED
    return f"{got(value)}, expected a known {loc[-1]}; {meant(str(value), choices)}"


def _forms(loc: YamlPath) -> Mapping[str, type[Model]]:
    return DRIVER_FORMS if loc[0] == "drivers" else FORMS


def _unnamed(_: type, loc: YamlPath, detail: Any) -> str:
    if _discriminator(detail) == "path":
        return f"{got(detail['input'])}, expected the key path; accepted: {', '.join(_forms(loc))}"
    accepted = f"the key distribution with its parameters, or one of {', '.join(STATED)}"
    return f"{got(detail['input'])}, expected {accepted}{_won_misplaced(loc, detail['input'])}"


_SPECIAL: Mapping[str, Callable[[type, YamlPath, Any], str]] = {
    "value_error": _own,
    **dict.fromkeys(_UNKNOWN, _unknown),
    "missing": _missing,
    "literal_error": _no_choice,
    "union_tag_invalid": _no_form,
    "union_tag_not_found": _unnamed,
}


def _discriminator(detail: Any) -> str:
    return "path" if "path" in detail["ctx"]["discriminator"] else "distribution"


def _keys(top: type, loc: YamlPath) -> list[str]:
    fields = keys(_model(top, loc))
    if len(loc) == 1 and "mixture" not in fields:
        return ["extends", *fields, "mixture"]
    besides = ["sectors"] if loc[0] == "localization" and len(loc) == 3 else []
    return [*sorted(fields, key="truncate".__eq__), *besides]


def _accepted(top: type, kind: str, loc: YamlPath) -> str:
    if kind in _MAPPINGS and isinstance(loc[-1], int):
        required = [name for name, field in keys(_model(top, (*loc, ""))).items() if field.is_required()]
        return f"a mapping with {', '.join(required)}"
    description = _description(top, loc)
    if kind in _NUMBERS and loc[-1] != "horizon":
        plain = _model(top, loc) in (*NUMBER_FORMS.values(), *_NUMBERS_ALONE)
        form = "a plain number" if plain and loc[-1] not in _DISTRIBUTIONS else "a number or a distribution"
        return f"{form}: {description}" if description else form
    return description or _MAPPING["localization" in loc]


def _description(top: type, loc: YamlPath) -> str:
    fields = keys(_model(top, loc))
    names = [part for part in loc if isinstance(part, str)]
    field = fields.get(names[-1]) if names else None
    return (field.description or "") if field else ""


def _hint(top: type, kind: str, loc: YamlPath, value: object) -> str:
    if kind not in _NUMBERS or not isinstance(value, str):
        return _won_misplaced(loc, value)
    if loc[-1] in MONEY and _in_words(value):
        return "" if loc[-1] == WON_KEY else _in_dollars(loc, money_hint(value))
    path = " ".join(part for part in loc if isinstance(part, str)).replace("_", " ")
    return number_hint(value, f"{path} {_description(top, loc)}")


def _in_words(amount: str) -> bool:
    """Whether words stand beside the number of an amount, or between several that make one."""
    numeral = numeral_in(amount)
    return bool(money_hint(amount)) if numeral is None else bool(numeral.before or numeral.after)


def _won_misplaced(loc: YamlPath, value: object) -> str:
    """Where an amount in won may stand, if the value is one."""
    if not isinstance(value, Mapping) or WON_KEY not in value:
        return _in_dollars(loc, won_hint(value.items())) if isinstance(value, Mapping) else ""
    inside = loc[:1] == ("investments",) and not {"amount", "new_capex"}.isdisjoint(loc[:-1])
    return _WON_OUTSIDE if inside else _NO_WON


def _in_dollars(loc: YamlPath, hint: str) -> str:
    """The hint, unless it is to write won where dollars alone are read."""
    return _NO_WON if WON_KEY in hint and loc[:1] != ("investments",) else hint
