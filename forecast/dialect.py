"""The keys of a scenario file as a JSON Schema, in the dialect that YAML editors complete from: draft-07.

Generated from `schema`, so that a key added there is completed, explained and documented without a word here. What the
models leave open is closed: names of sectors and coefficients, with unit, meaning and prior of each coefficient.

Refused here: rules between values. An editor knows the shape of a file, `forecast validate` whether it makes sense.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from forecast.beliefs import Coefficient
from forecast.laws import NumberSpec
from forecast.layout import short
from forecast.mixture_forms import BESIDE, Branches
from forecast.paths import Localization
from forecast.schema import ScenarioFile
from forecast.sectors import COEFFICIENTS, SECTORS, load_sectors

Schema: TypeAlias = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"

LIST = "List of "
"""Beginning of the name of a definition that is a list of entries with an id."""

_REFERENCE = "#/definitions/{model}"
_SHARED = {"Number": NumberSpec, "Path": Localization}
"""Choices that stand in many places, by the name of their definition."""


def scenario_schema() -> Schema:
    """The JSON Schema of a scenario file."""
    generated, weighed = (model.model_json_schema(ref_template=_REFERENCE) for model in (ScenarioFile, Branches))
    generated["$defs"] |= weighed["$defs"]
    generated["properties"] |= weighed["properties"]
    definitions = {name: _draft_7(part) for name, part in generated.pop("$defs").items()}
    choices = {name: _choices(spec) for name, spec in _SHARED.items()}
    root = _shared(_draft_7(generated), choices)
    definitions = {name: _shared(part, choices) for name, part in definitions.items()}
    definitions |= {name: {"anyOf": forms} for name, forms in choices.items()}
    _close_names(definitions)
    for part in (root, *definitions.values()):
        _explain(part)
    _offer_snippets(definitions)
    _open_branches(root, definitions["Branch"])
    definitions["Paths"] = _localization(root)
    entries = _entries(root, definitions)
    definitions |= {_group(key): _by_id(root["properties"][key], definitions[name]) for key, name in entries.items()}
    titles = {"title": "Scenario", "description": "What is assumed of investments by Korean companies in the US."}
    demanded = _demanded(root, [(key, definitions[name]) for key, name in entries.items()])
    return {"$schema": DRAFT, **root, **titles, **demanded, "definitions": definitions}


def schema_text() -> str:
    """The JSON Schema as the text of a file."""
    return json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"


def _choices(spec: Any) -> list[Schema]:
    forms: list[Schema] = _draft_7(TypeAdapter(spec).json_schema(ref_template=_REFERENCE))["anyOf"]
    return forms


def _draft_7(node: Any) -> Any:
    """The same schema in draft-07, with one word for a choice and without what only programs read."""
    if isinstance(node, list):
        return [_draft_7(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {name: item for name, item in node.items() if name not in ("discriminator", "$defs")}
    words: Schema = {_WORDS.get(name, name): _draft_7(item) for name, item in kept.items()}
    if "prefixItems" in node:
        words["additionalItems"] = False
    if words.get("default", ...) in (None, "", [], {}):
        del words["default"]
    if "anyOf" in words:
        words["anyOf"] = [form for choice in words["anyOf"] for form in _forms(choice)]
    return words


_WORDS = {"oneOf": "anyOf", "prefixItems": "items"}


def _forms(choice: Schema) -> list[Schema]:
    """The choices within a choice that says nothing but choices; what else it says goes to each of them."""
    inner: list[Schema] = choice.get("anyOf", [choice])
    rest = {name: item for name, item in choice.items() if name != "anyOf"}
    return [{**form, **(rest if form is not choice else {})} for form in inner]


def _shared(node: Any, choices: Mapping[str, list[Schema]]) -> Any:
    """The same schema with a reference in place of every choice that is shared."""
    if isinstance(node, list):
        return [_shared(item, choices) for item in node]
    if not isinstance(node, dict):
        return node
    node = {name: _shared(item, choices) for name, item in node.items()}
    for name, forms in choices.items():
        if all(form in node.get("anyOf", ()) for form in forms):
            others = [form for form in node.pop("anyOf") if form not in forms]
            reference = {"$ref": _REFERENCE.format(model=name)}
            node |= {"anyOf": [reference, *others]} if others else reference
    return node


def _close_names(definitions: Schema) -> None:
    """Lists the sectors and coefficients wherever a key takes their names."""
    definitions |= {f"Coefficients of {sector}": _coefficients(sector) for sector in SECTORS}
    definitions["Coefficients"] = _coefficients(None)
    overrides = definitions["Investment"]["properties"]["overrides"]
    overrides.pop("additionalProperties")
    overrides["$ref"] = _REFERENCE.format(model="Coefficients")
    for name, part in definitions.items():
        for key, keyed in part.get("properties", {}).items():
            if key == "sector":
                keyed["enum"] = list(SECTORS)
            elif key == "sectors" and keyed["type"] == "array":
                _some_or_all(keyed)
            elif key == "sectors":
                keyed |= {"properties": _by_sector(name, keyed), "additionalProperties": False}


def _some_or_all(keyed: Schema) -> None:
    """A list of sectors, one sector, or all of them."""
    keyed.pop("type")
    keyed.pop("items")
    names = {"type": "array", "items": {"enum": list(SECTORS)}}
    keyed["anyOf"] = [{"enum": [*SECTORS, "all"]}, names]


def _by_sector(name: str, keyed: Schema) -> Schema:
    if name == "Overrides":
        return {sector: {"$ref": _REFERENCE.format(model=f"Coefficients of {sector}")} for sector in SECTORS}
    return dict.fromkeys(SECTORS, keyed["additionalProperties"])


def _coefficients(sector: str | None) -> Schema:
    """The coefficients as keys of a mapping, with the prior of each in a sector."""
    beliefs = load_sectors()[sector or SECTORS[0]]
    number = {"$ref": _REFERENCE.format(model="Number")}
    properties = {name: {**number, "description": _belief(beliefs[name], sector)} for name in COEFFICIENTS}
    title = f"Coefficients of {words(sector)}" if sector else "Coefficients"
    return {"title": title, "type": "object", "properties": properties, "additionalProperties": False}


def _belief(belief: Coefficient, sector: str | None) -> str:
    said = f"{belief.meaning}; unit: {belief.unit}; if left out, as learned for the sector"
    if sector is None:
        return said
    median, low, high = (short(value) for value in belief.law.ppf([0.5, 0.1, 0.9]).tolist())
    return f"{said}. Prior for {words(sector)}: {median}, 80 % interval {low} to {high}"


def _explain(part: Schema) -> None:
    """Gives every key of a mapping a title and a description in sentences, with its default."""
    for name, keyed in part.get("properties", {}).items():
        keyed["title"] = sentence(words(name))
        text = sentence(keyed.get("description", part.get("description", "")))
        default = keyed.get("default")
        plain = isinstance(default, str | int | float)
        keyed["description"] = f"{text}. Default: {default}." if plain else f"{text}."
    if "title" in part:
        part["title"] = sentence(words(part["title"]))


def words(name: str) -> str:
    """A name of the code in words.

    >>> words("construction_start"), words("LogNormal")
    ('construction start', 'log normal')
    """
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name.replace("_", " "))
    return " ".join(spaced.lower().split())


def sentence(text: str) -> str:
    """The text with a capital at its beginning, unless that is a name, and no full stop at its end."""
    first = text.partition(" ")[0]
    return (text if "_" in first else f"{text[:1].upper()}{text[1:]}").rstrip(".")


def _offer_snippets(definitions: Schema) -> None:
    """Forms of a number and of a window, to be filled in."""
    laws = [form["$ref"].rpartition("/")[2] for form in definitions["Number"]["anyOf"] if "$ref" in form]
    definitions["Number"]["defaultSnippets"] = [_snippet(definitions[name]) for name in laws]
    definitions["Window"]["defaultSnippets"] = [_snippet(definitions["Window"])]


def _open_branches(root: Schema, branch: Schema) -> None:
    """A branch to be filled in, and a scenario inside one."""
    root["properties"]["mixture"]["items"]["defaultSnippets"] = [_snippet(branch)]
    inside = {"title": "A scenario stated here", "type": "object", "allOf": [{"$ref": "#"}]}
    branch["properties"]["scenario"]["anyOf"] = [{"title": "Name or file", "type": "string"}, inside]


def _snippet(definition: Schema) -> Schema:
    body = _blanks(definition, definition.get("required", ()))
    return {"label": definition["title"].lower(), "description": definition["description"], "body": body}


def _blanks(definition: Schema, names: Sequence[str]) -> Schema:
    known = [name for name in names if name in definition["properties"]]
    return {name: _blank(definition["properties"][name], name, number) for number, name in enumerate(known, start=1)}


def _blank(keyed: Schema, name: str, number: int) -> Any:
    if "const" in keyed:
        return keyed["const"]
    return [f"${{{number}:{name}}}"] if keyed.get("type") == "array" else f"${{{number}:{name}}}"


def _localization(root: Schema) -> Schema:
    """The path of all affiliates; a file that extends another may state paths of single sectors alone."""
    forms: list[Schema] = root["properties"]["localization"].pop("anyOf")
    root["properties"]["localization"]["$ref"] = _REFERENCE.format(model="Paths")
    sectors = {"$ref": _REFERENCE.format(model="FittedEverywhere") + "/properties/sectors"}
    alone = {
        "title": "Paths of single sectors",
        "type": "object",
        "properties": {"sectors": sectors},
        "required": ["sectors"],
        "additionalProperties": False,
    }
    return {"anyOf": [*forms, alone]}


def _entries(root: Schema, definitions: Schema) -> dict[str, str]:
    """Keys at the top that hold a list of entries with an id, and the definition of an entry."""
    items = {key: keyed.get("items", {}).get("$ref", "") for key, keyed in root["properties"].items()}
    names = {key: reference.rpartition("/")[2] for key, reference in items.items() if reference}
    return {key: name for key, name in names.items() if "id" in definitions[name]["properties"]}


def _group(key: str) -> str:
    """Definition of a list at the top."""
    return f"{LIST}{words(key)}"


def _by_id(keyed: Schema, definition: Schema) -> Schema:
    """Entries as a list, or as a mapping from id to what changes; null takes one out."""
    entry = keyed.pop("items")
    keyed.pop("type")
    keyed["$ref"] = _REFERENCE.format(model=_group(keyed["title"]))
    snippet = {**_snippet(definition), "body": _blanks(definition, [*definition["required"], *_USUAL])}
    listed = {"title": "List", "type": "array", "items": {**entry, "defaultSnippets": [snippet]}}
    listed |= {"maxItems": keyed.pop("maxItems")} if "maxItems" in keyed else {}
    changed = {"title": "Changes by id", "type": "object", "additionalProperties": {"anyOf": [entry, {"type": "null"}]}}
    return {"anyOf": [listed, changed]}


_USUAL = ("production_start",)
"""Keys that are not needed in every case but belong to a new entry."""


def _demanded(root: Schema, entries: list[tuple[str, Schema]]) -> Schema:
    """Keys that a mixture may not have, and those that a scenario must have unless it extends another."""
    keys: Schema = {f"^{key}$": {"items": {"required": entry.pop("required")}} for key, entry in entries}
    keys["^localization$"] = {"required": ["path"]}
    name = {"required": root.pop("required")}
    alone = dict.fromkeys((key for key in root["properties"] if key not in (*BESIDE, "mixture")), False)
    demanded = {**name, "patternProperties": keys}  # unlike properties, not completed twice
    scenario = {"if": {"required": ["extends"]}, "else": demanded}
    return {"if": {"required": ["mixture"]}, "then": {**name, "properties": alone}, "else": scenario}
