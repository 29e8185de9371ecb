"""The keys of a scenario file as a JSON Schema, in the dialect that YAML editors complete from: draft-07.

Generated from the entities, so that a key added there is completed, explained and documented without a word here. Added
are unit, meaning and prior of each coefficient.

Out of scope: rules between values. An editor knows the shape of a file, `forecast validate` whether it makes sense.

The reference of all keys, written from the JSON Schema, so that it cannot say anything else than the models do.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import CoreRef, GenerateJsonSchema
from pydantic_core import PydanticOmit
from pydantic_core.core_schema import (
    DictSchema,
    PlainValidatorFunctionSchema,
    TaggedUnionSchema,
    TupleSchema,
    WithDefaultSchema,
)

from forecast.economics.priors import Coefficient
from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.scenario.localization import FORMS
from forecast.scenario.mixture import BESIDE, ScenarioMixture
from forecast.scenario.scenario import Scenario
from forecast.stats.formatting import short

Schema: TypeAlias = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"

LIST = "List of "
"""Beginning of the name of a definition that is a list of entries with an id."""

_REFERENCE = "#/definitions/{model}"
_SHARED = {"normal": "Number", "hold": "Path"}
"""Choices that stand in many places, by one of their forms: names of their definitions."""

_EXTENDS = {
    "title": "Extends",
    "description": "A file, or a list of files, that this one changes: beside this file or in a folder below, or a "
    "shipped scenario by its name.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


class EditorSchema(GenerateJsonSchema):
    """JSON Schema in draft-07, with one definition for a choice that stands in many places."""

    def function_plain_schema(self, schema: PlainValidatorFunctionSchema) -> Schema:  # noqa: ARG002
        """A field that is no key of a file is left out."""
        raise PydanticOmit

    def tagged_union_schema(self, schema: TaggedUnionSchema) -> Schema:
        """A choice, by its shared definition where it has one."""
        choice: Schema = {"anyOf": [self.generate_inner(form) for form in schema["choices"].values()]}
        name = next((name for form, name in _SHARED.items() if form in schema["choices"]), None)
        if name is None:
            return choice
        definition, reference = self.get_cache_defs_ref_schema(CoreRef(f"{name}:0"))
        self.definitions[definition] = choice
        return reference

    def tuple_schema(self, schema: TupleSchema) -> Schema:
        """A list; the items of a pair under the word of draft-07."""
        listed = super().tuple_schema(schema)
        if "prefixItems" in listed:
            listed |= {"items": listed.pop("prefixItems"), "additionalItems": False}
        return listed

    def dict_schema(self, schema: DictSchema) -> Schema:
        """A mapping; names of a vocabulary are keys that an editor completes."""
        keyed = super().dict_schema(schema)
        if names := keyed.get("propertyNames", {}).get("enum"):
            del keyed["propertyNames"]
            keyed |= {"properties": dict.fromkeys(names, keyed["additionalProperties"]), "additionalProperties": False}
        return keyed

    def default_schema(self, schema: WithDefaultSchema) -> Schema:
        """A default is named where it says more than the description: a word or a number."""
        keyed = super().default_schema(schema)
        if not isinstance(keyed.get("default"), str | int | float) or keyed["default"] == "":
            keyed.pop("default", None)
        return keyed


def scenario_schema() -> Schema:
    """The JSON Schema of a scenario file."""
    entities: Any = [(entity, "validation", TypeAdapter(entity)) for entity in (Scenario, ScenarioMixture)]
    _, generated = TypeAdapter.json_schemas(entities, ref_template=_REFERENCE, schema_generator=EditorSchema)
    definitions = generated["$defs"]
    root, weighed = definitions.pop("Scenario"), definitions.pop("ScenarioMixture")
    root["properties"] = {"extends": _EXTENDS, **root["properties"], "mixture": weighed["properties"]["mixture"]}
    _close_names(definitions)
    for part in (root, *definitions.values()):
        _explain(part)
    _offer_snippets(definitions)
    _open_branches(root, definitions["Branch"])
    definitions["Paths"] = _localization(root, definitions)
    entries = _entries(root, definitions)
    definitions |= {_group(key): _by_id(root["properties"][key], definitions[name]) for key, name in entries.items()}
    titles = {"title": "Scenario", "description": "What is assumed of investments by Korean companies in the US."}
    demanded = _demanded(root, [(key, definitions[name]) for key, name in entries.items()])
    return {"$schema": DRAFT, **root, **titles, **demanded, "definitions": definitions}


def schema_text() -> str:
    """The JSON Schema as the text of a file."""
    return json.dumps(scenario_schema(), indent=1, ensure_ascii=False) + "\n"


def _close_names(definitions: Schema) -> None:
    """Lists the coefficients wherever a key takes their names."""
    definitions |= {f"Coefficients of {sector}": _coefficients(sector) for sector in SECTORS}
    definitions["Coefficients"] = _coefficients(None)
    by_sector = {sector: {"$ref": _REFERENCE.format(model=f"Coefficients of {sector}")} for sector in SECTORS}
    definitions["Overrides"]["properties"]["sectors"]["properties"] = by_sector


def _coefficients(sector: str | None) -> Schema:
    """The coefficients as keys of a mapping, with the prior of each in a sector."""
    beliefs = load_sectors()[sector or SECTORS[0]]
    number = {"$ref": _REFERENCE.format(model="Number")}
    properties = {name: {**number, "description": _belief(beliefs[name], sector)} for name in COEFFICIENTS}
    title = f"Coefficients of {words(sector)}" if sector else "Coefficients"
    return {"title": title, "type": "object", "properties": properties, "additionalProperties": False}


def _belief(belief: Coefficient, sector: str | None) -> str:
    text = f"{belief.meaning}; unit: {belief.unit}; if left out, as learned for the sector"
    if sector is None:
        return text
    median, low, high = _interval(belief)
    return f"{text}. Prior for {words(sector)}: {median}, 80 % interval {low} to {high}"


def _interval(belief: Coefficient) -> list[str]:
    """Median and ends of the 80 % interval of a prior."""
    return [short(value) for value in belief.distribution.ppf([0.5, 0.1, 0.9]).tolist()]


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
    distributions = [form["$ref"].rpartition("/")[2] for form in definitions["Number"]["anyOf"] if "$ref" in form]
    definitions["Number"]["defaultSnippets"] = [_snippet(definitions[name]) for name in distributions]
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


def _localization(root: Schema, definitions: Schema) -> Schema:
    """The path of all affiliates; a file that extends another may state paths of single sectors alone."""
    sectors = {"sectors": root["properties"].pop("sector_localization")}
    root["properties"]["localization"]["$ref"] = _REFERENCE.format(model="Paths")
    forms = [definitions[path.title()] for path in FORMS]
    beside = [{**form, "properties": {**form["properties"], **sectors}} for form in forms]
    alone = {"title": "Paths of single sectors", "type": "object", "properties": sectors, "required": ["sectors"]}
    return {"anyOf": [*beside, {**alone, "additionalProperties": False}]}


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


ReadSchema: TypeAlias = Mapping[str, Any]
_HEAD = """\
# Reference of the scenario file

Every key, generated from the schema by `forecast schema --markdown --out docs/reference.md`. `forecast new` writes a
file to start from, `forecast validate` checks one, and `forecast explain FILE` prints it resolved. How the shipped
files are written says [scenarios/README.md](../scenarios/README.md).

Where a **number** is expected, a plain number, a distribution or an interval may stand; where **money** is expected,
also an amount in won, `{krw_trillion: 4}`, turned into bn USD at the exchange rate of the month of the announcement.
A **date** is a quarter (`2029Q1`), a half (`2029-H1`), a month (`2029-03`), a day (`2029-03-15`) or a year (`2029`).
"""
_PATHS_HEAD = """\
## Paths of localization

At the top, `sectors` may stand beside `path`: a mapping from sector names to paths of their own.
"""
_DISTRIBUTIONS, _PATHS = ("Number", "Window", "Won"), ("Path", "Shares")


def reference() -> str:
    """The reference as a Markdown page."""
    schema = scenario_schema()
    known: ReadSchema = schema["definitions"]
    demanded = schema["else"]["else"]
    parts = [_HEAD, _section(schema, demanded["required"])]
    for key, entries in demanded["patternProperties"].items():
        if "items" in entries:
            parts.append(_section(known[_entry(key, known)], entries["items"]["required"]))
    parts += [_section(known[name], known[name].get("required", ())) for name in _others(known)]
    parts += ["## Forms of a number, a date and an amount\n", *_form_rows(known, _DISTRIBUTIONS)]
    parts += [_PATHS_HEAD, *_form_rows(known, _PATHS)]
    parts += [_coefficient_rows(known["Coefficients"]), _priors()]
    return "\n".join(parts)


def _entry(pattern: str, known: ReadSchema) -> str:
    """Definition of an entry of a list at the top."""
    group = known[f"{LIST}{words(pattern.strip('^$'))}"]
    return str(group["anyOf"][0]["items"]["$ref"].rpartition("/")[2])


def _others(known: ReadSchema) -> list[str]:
    """Definitions of mappings that have no section of their own elsewhere."""
    distributions = {name for root in (*_DISTRIBUTIONS, *_PATHS, "Paths") for name in (root, *_named(known[root]))}
    groups = {name for name in known if name.startswith(LIST)}
    entries = {known[name]["anyOf"][0]["items"]["$ref"].rpartition("/")[2] for name in groups}
    skipped = distributions | groups | entries
    return [name for name in known if name not in skipped and not name.startswith("Coefficients")]


def _named(definition: ReadSchema) -> list[str]:
    return [form["$ref"].rpartition("/")[2] for form in definition.get("anyOf", ()) if "$ref" in form]


def _form_rows(known: ReadSchema, roots: tuple[str, ...]) -> Iterator[str]:
    for root in roots:
        for name in _named(known[root]) or [root]:
            yield _section(known[name], known[name].get("required", ()), level=3)


def _section(part: ReadSchema, required: Collection[str] = (), level: int = 2) -> str:
    lines = [f"{'#' * level} {part['title']}\n", f"{part.get('description', '')}\n"]
    lines += ["| key | | what | meaning |", "|---|---|---|---|"]
    for name, keyed in part.get("properties", {}).items():
        needed = "needed" if name in required else ""
        lines.append(f"| `{name}` | {needed} | {_kind(keyed)} | {_cell(keyed.get('description', ''))} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _kind(keyed: ReadSchema) -> str:
    """Kind of value of a key, in a few words."""
    if "enum" in keyed or "const" in keyed:
        return ", ".join(f"`{choice}`" for choice in keyed.get("enum", [keyed.get("const")]))
    if "$ref" in keyed:
        name = keyed["$ref"].rpartition("/")[2]
        return "list" if name.startswith(LIST) else _REFERENCES.get(name, "mapping")
    if "patternErrorMessage" in keyed:
        return "date"
    if "anyOf" in keyed:
        kinds = dict.fromkeys(_kind(form) for form in keyed["anyOf"] if form.get("type") != "null")
        return "money" if list(kinds) == ["number", "won"] else " or ".join(kinds)
    return _TYPES.get(keyed.get("type", ""), "any value")


_REFERENCES = {"Number": "number", "Won": "won", "Window": "window"}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "plain number",
    "array": "list",
    "object": "mapping",
    "boolean": "true or false",
}


def _coefficient_rows(part: ReadSchema) -> str:
    rows = [f"| `{name}` | {keyed['description']} |" for name, keyed in part["properties"].items()]
    head = ["## Coefficients\n", "What an investment or a sector may override.\n", "| key | meaning |", "|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _priors() -> str:
    """Prior of every coefficient by sector."""
    lines = ["### Priors\n", "Median (80 % interval) before any data; `forecast explain` prints what was learned.\n"]
    lines += [f"| | {' | '.join(map(words, SECTORS))} |", "|---|" + "---|" * len(SECTORS)]
    for name in COEFFICIENTS:
        numbers = [_interval(load_sectors()[sector][name]) for sector in SECTORS]
        cells = [f"{median} ({low} to {high})" for median, low, high in numbers]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
