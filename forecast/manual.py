"""The reference of all keys, written from the JSON Schema, so that it cannot say anything else than the models do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeAlias

from forecast.dialect import LIST, scenario_schema, words

Schema: TypeAlias = Mapping[str, Any]

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
_LAWS, _PATHS = ("Number", "Window", "Won"), ("Path", "Shares")


def reference() -> str:
    """The reference as a Markdown page."""
    schema = scenario_schema()
    known: Schema = schema["definitions"]
    demanded = schema["else"]["else"]
    parts = [_HEAD, _section(schema, demanded["required"])]
    for key, entries in demanded["patternProperties"].items():
        if "items" in entries:
            parts.append(_section(known[_entry(key, known)], entries["items"]["required"]))
    parts += [_section(known[name], known[name].get("required", ())) for name in _others(known)]
    parts += ["## Forms of a number, a date and an amount\n", *_forms(known, _LAWS)]
    parts += [_PATHS_HEAD, *_forms(known, _PATHS)]
    parts += [_coefficients(known["Coefficients"]), _priors(known)]
    return "\n".join(parts)


def _entry(pattern: str, known: Schema) -> str:
    """Definition of an entry of a list at the top."""
    group = known[f"{LIST}{words(pattern.strip('^$'))}"]
    return str(group["anyOf"][0]["items"]["$ref"].rpartition("/")[2])


def _others(known: Schema) -> list[str]:
    """Definitions of mappings that have no section of their own elsewhere."""
    laws = {name for root in (*_LAWS, *_PATHS, "Paths") for name in (root, *_named(known[root]))}
    groups = {name for name in known if name.startswith(LIST)}
    entries = {known[name]["anyOf"][0]["items"]["$ref"].rpartition("/")[2] for name in groups}
    skipped = laws | groups | entries
    return [name for name in known if name not in skipped and not name.startswith("Coefficients")]


def _named(definition: Schema) -> list[str]:
    return [form["$ref"].rpartition("/")[2] for form in definition.get("anyOf", ()) if "$ref" in form]


def _forms(known: Schema, roots: tuple[str, ...]) -> Iterator[str]:
    for root in roots:
        for name in _named(known[root]) or [root]:
            yield _section(known[name], known[name].get("required", ()), level=3)


def _section(part: Schema, required: Collection[str] = (), level: int = 2) -> str:
    lines = [f"{'#' * level} {part['title']}\n", f"{part.get('description', '')}\n"]
    lines += ["| key | | what | meaning |", "|---|---|---|---|"]
    for name, keyed in part.get("properties", {}).items():
        needed = "needed" if name in required else ""
        lines.append(f"| `{name}` | {needed} | {_kind(keyed)} | {_cell(keyed.get('description', ''))} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _kind(keyed: Schema) -> str:
    """What may stand where a key is, in a few words."""
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


def _coefficients(part: Schema) -> str:
    rows = [f"| `{name}` | {keyed['description']} |" for name, keyed in part["properties"].items()]
    return (
        "\n".join(
            [
                "## Coefficients\n",
                "What an investment or a sector may override.\n",
                "| key | meaning |",
                "|---|---|",
                *rows,
            ]
        )
        + "\n"
    )


def _priors(known: Schema) -> str:
    """Prior of every coefficient by sector, as the hover texts of an editor say it."""
    sectors = {
        name.removeprefix("Coefficients of "): part
        for name, part in known.items()
        if name.startswith("Coefficients of ")
    }
    names = list(known["Coefficients"]["properties"])
    lines = ["### Priors\n", "Median (80 % interval) before any data; `forecast explain` prints what was learned.\n"]
    lines += [f"| | {' | '.join(words(name) for name in sectors)} |", "|---|" + "---|" * len(sectors)]
    for name in names:
        cells = [_prior(part["properties"][name]["description"]) for part in sectors.values()]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _prior(description: str) -> str:
    median, _, interval = description.rpartition(": ")[2].rstrip(".").partition(", 80 % interval ")
    return f"{median} ({interval})"
