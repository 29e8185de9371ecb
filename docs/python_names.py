"""The reference of the public Python names, from signatures and docstrings; source is read and nothing imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

PACKAGE = Path(__file__).resolve().parents[1] / "forecast"
DOORS = {"forecast": PACKAGE / "__init__.py", "forecast.plots": PACKAGE / "plots" / "__init__.py"}
"""Modules whose table `_DOOR` names what is public, and where that is defined."""

SECTION = re.compile(r"^(Args|Attributes|Raises|Returns):\n((?:    .*\n|\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^    (\S.*?): (.*(?:\n {8}.*)*)", re.MULTILINE)
EXAMPLE = re.compile(r"^>>> (.*?)(?:  # doctest: \+SKIP)?$", re.MULTILINE)
TITLES = {"Args": "", "Attributes": "", "Raises": "Raises", "Returns": "Gives"}
WIDTH = 76

Definition: TypeAlias = ast.FunctionDef | ast.ClassDef


def public_names(door: str) -> dict[str, str]:
    """Module, below the door's package, of every name behind a door."""
    for node in _tree(DOORS[door]).body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "_DOOR" and node.value is not None:
                return {name: f"{door}.{module}" for name, module in ast.literal_eval(node.value).items()}
    raise LookupError(f"{DOORS[door]}: got no _DOOR")


def reference() -> str:
    """Every public name of the package and of its pictures, and the classes that functions give back, in Markdown."""
    own, pictures = (public_names(door) for door in DOORS)
    parts = ["## Functions", *_entries(own), "## What they give back", *_entries(_given_back(own))]
    return "\n\n".join([*parts, "## Pictures: `forecast.plots`", *_entries(pictures)])


def _entries(names: Mapping[str, str]) -> Iterator[str]:
    """Every function and class of these, each with its members."""
    for name, module in names.items():
        node = _defined(module, name)
        if node is None:
            continue
        yield f"### {name}"
        yield f"```py\n{_signature(node) if isinstance(node, ast.FunctionDef) else f'class {name}'}\n```"
        yield from _prose(node)
        if isinstance(node, ast.ClassDef):
            yield from _members(node)


def _given_back(names: Mapping[str, str]) -> dict[str, str]:
    """Module of every class of the package that a function of these gives back, where it is not one of these itself."""
    found: dict[str, str] = {}
    for name, module in names.items():
        node = _defined(module, name)
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        homes = _homes(module)
        for inner in ast.walk(node.returns):
            if isinstance(inner, ast.Name) and inner.id in homes and inner.id not in names:
                found[inner.id] = homes[inner.id]
    return {name: module for name, module in found.items() if isinstance(_defined(module, name), ast.ClassDef)}


def _homes(module: str) -> dict[str, str]:
    """Module in which every name of the package is defined that a module uses."""
    tree = _tree(_path(module))
    homes = {node.name: module for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("forecast."):
            homes |= {alias.name: str(node.module) for alias in node.names}
    return homes


def _defined(module: str, name: str) -> Definition | None:
    """The function or class of a name; None for another value."""
    for node in _tree(_path(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    return None


def _path(module: str) -> Path:
    below = PACKAGE.joinpath(*module.split(".")[1:])
    return below / "__init__.py" if below.is_dir() else below.with_suffix(".py")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _signature(node: ast.FunctionDef) -> str:
    """A signature on one line, or with a parameter a line where that is too long."""
    given = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    parameters = list(_parameters(node.args))
    whole = f"{node.name}({', '.join(parameters)}){given}"
    if len(whole) <= WIDTH:
        return whole
    return "\n".join([f"{node.name}(", *(f"    {one}," for one in parameters), f"){given}"])


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults
    for argument, default in zip(arguments.args, defaults, strict=True):
        yield _parameter(argument, default)
    if arguments.vararg:
        yield f"*{_parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    kind = "" if argument.annotation is None else f": {ast.unparse(argument.annotation)}"
    return f"{argument.arg}{kind}{'' if default is None else f' = {ast.unparse(default)}'}".replace("'", '"')


def _prose(node: Definition) -> Iterator[str]:
    """A docstring in Markdown: prose, examples, then a list for each of its sections."""
    text = f"{ast.get_docstring(node)}\n"
    before = SECTION.sub("", text).strip()
    examples = EXAMPLE.findall(before)
    yield " ".join(EXAMPLE.sub("", before).split())
    if examples:
        yield "```py\n" + "\n".join(examples) + "\n```"
    for title, body in SECTION.findall(text):
        entries = [f"- `{name}`: {' '.join(words.split())}" for name, words in ENTRY.findall(body)]
        listed = "\n".join(entries) if title != "Returns" else " ".join(body.split())
        yield f"{TITLES[title]}:\n\n{listed}" if TITLES[title] else listed


def _members(node: ast.ClassDef) -> Iterator[str]:
    """Public methods and properties of a class: a table of them."""
    rows = []
    for member in node.body:
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
            called = {ast.unparse(one) for one in member.decorator_list}.isdisjoint({"property", "cached_property"})
            words = " ".join((ast.get_docstring(member) or "").partition("\n\n")[0].split())
            rows.append(f"| `{member.name}{_brackets(member) if called else ''}` | {words} |".replace("\n", " "))
    if rows:
        yield "\n".join(["| member | what it is |", "|---|---|", *rows])


def _brackets(member: ast.FunctionDef) -> str:
    inner = [argument.arg for argument in [*member.args.args, *member.args.kwonlyargs] if argument.arg != "self"]
    return f"({', '.join(inner)})"
