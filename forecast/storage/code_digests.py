"""What identifies code that makes numbers: digests by role, of syntax and not of text, wherever definitions lie.

From the roots of a role, names are followed to every definition of the package that they rest on; source is read and
nothing imported. Docstrings, comments, help texts, imports and what an error says do not enter; annotations are
followed, but enter only as fields of a class. A definition is written once and stands elsewhere as the number of its
turn: its own name, its module, and what else lies in that module are no part of a digest. Names of fields, methods,
arguments and local variables are.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from forecast.storage.files import digest, json_digest, text_bytes, write_text


@dataclass(frozen=True, slots=True)
class Role:
    """Code that numbers of one kind rest on.

    Attributes:
        roots: dotted names of the definitions that make the numbers.
        doors: dotted names of definitions and modules that are not looked behind: they store, or let in data that have
            a digest of their own.
        messages: dotted names of modules that make messages: what is handed to them makes no number either.
    """

    roots: tuple[str, ...]
    doors: tuple[str, ...] = ()
    messages: tuple[str, ...] = ("forecast.errors",)


_FITS = tuple(f"forecast.models.fitting.{name}" for name in ("fit_tasks", "posterior_rows", "prior_rows"))
_RUNS = (
    "forecast.observations.vintage.vintage",
    "forecast.engine.compile.compile_run",
    "forecast.engine.simulate.simulate",
    "forecast.results.draws.write_draws",
)
_TABLES = tuple(f"forecast.results.results.write_{name}" for name in ("summary", "quarters", "branches"))
_STORAGE = ("forecast.storage.files", "forecast.storage.places")
_DOORS = (
    *_STORAGE,
    "forecast.observations.tables",
    "forecast.storage.documents",
    "forecast.economics.priors.PriorFile",
)

ROLES: Mapping[str, Role] = {
    "models": Role(_FITS, _DOORS),
    "calibration": Role(("forecast.models.calibration.run_chunk",), _DOORS),
    "backtest": Role(("forecast.track.backtest._forecasts", "forecast.track.backtest.rounded"), _DOORS),
    "numbers": Role((*_RUNS, *_TABLES), ("forecast.storage.netcdf", *_STORAGE)),
}
"""What identifies a posterior, the ranks of a calibration, the pieces of a backtest, and a run."""


@cache
def code_digest(role: str) -> str:
    """Digest of the code of one of `ROLES`, in hexadecimal."""
    return remembered_digest(ROLES[role], _installed())


def code_of_numbers() -> str:
    """What decides the bytes of a run beside its inputs: the code that makes its numbers, and the numpy they are of."""
    return f"code {code_digest('numbers')[:12]}, numpy {version('numpy')}"


def remembered_digest(role: Role, package: Package) -> str:
    """Digest of a role, worked out once for the same bytes of all modules, since reading their syntax takes a second.

    Raises:
        LookupError: see `syntax_digest`.
    """
    from platformdirs import user_cache_path

    key = json_digest([package.folder, astuple(role)])
    memory = user_cache_path("forecast", appauthor=False) / "code" / f".{key}"
    with suppress(OSError, ValueError):
        content, found = memory.read_text(encoding="utf-8").split()
        if content == package.content and len(bytes.fromhex(found)) == len(bytes.fromhex(content)):
            return found
    found = syntax_digest(role, package)
    with suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_text(memory, f"{package.content} {found}\n")
    return found


def syntax_digest(role: Role, package: Package) -> str:
    """Digest of all definitions that a role rests on, in the order in which they are first mentioned.

    Raises:
        LookupError: a root, or a name that is mentioned, is nowhere defined in the package.
    """
    text = _Text(package, role)
    for root in role.roots:
        text.mention(root)
    definitions = text.definitions()
    modules = {module for module, _ in text.places}
    effects = {
        _effect_digest(statement, module, role, package)
        for module in modules
        for statement in package.module(module).effects
    }
    return json_digest([definitions, sorted(effects)])


def _effect_digest(statement: ast.stmt, module: str, role: Role, package: Package) -> str:
    """Digest of what a module does beside defining, with all that this rests on."""
    text = _Text(package, role)
    return json_digest([text.statement(statement, module), text.definitions()])


@cache
def _installed() -> Package:
    return Package(Path(__file__).parents[1])


Place: TypeAlias = tuple[str, str]
"""Module and name of a definition."""


class Package:
    """The modules of a package, each parsed when a name in it is asked for.

    Args:
        folder: where the package lies; it has the package's name.

    Attributes:
        sources: content by dotted name of module.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        names = {path: path.relative_to(folder.parent).with_suffix("").parts for path in folder.rglob("*.py")}
        self.sources = {".".join(parts).removesuffix(".__init__"): text_bytes(path) for path, parts in names.items()}
        self._parsed: dict[str, _Module] = {}

    @property
    def content(self) -> str:
        """Digest of names and bytes of all modules."""
        return digest(*(f"{name}\n".encode() + self.sources[name] for name in sorted(self.sources)))

    def module(self, name: str) -> _Module:
        """The module of a dotted name."""
        if name not in self._parsed:
            self._parsed[name] = _Module()
            for statement in ast.parse(self.sources[name]).body:
                self._parsed[name].add(statement)
        return self._parsed[name]

    def place(self, dotted: str) -> Place | None:
        """Where the definition lies that a dotted name stands for, through imports.

        Returns:
            None for a module, and for what is not the package's.

        Raises:
            LookupError: it is nowhere defined.
        """
        owner, _, name = dotted.rpartition(".")
        if dotted in self.sources or owner not in self.sources:
            return None
        module = self.module(owner)
        if name in module.definitions:
            return owner, name
        if passed_on := module.imports.get(name):
            return self.place(passed_on)
        raise LookupError(f"{dotted}: is nowhere defined")


@dataclass(slots=True)
class _Module:
    """What a module holds: statements by the name they define, what its imports stand for, and all other statements."""

    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    imports: dict[str, str | None] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)

    def add(self, statement: ast.stmt) -> None:
        """Sort a statement of the module in."""
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self._define(name, statement)
            case ast.Assign(targets=targets, value=value) if not any(map(_changes_another, targets)):
                for target in targets:
                    self._assign(target, value)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
                self._define(name, statement)
            case _:
                self.imports |= _bound([statement])
                self.effects += [] if _only_for_types(statement) else [statement]

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        """Define a name, or each of a row of names by its own part of the value."""
        if isinstance(target, ast.Name):
            self._define(target.id, value)
        for index, part in enumerate(getattr(target, "elts", ())):
            self._assign(part, value.elts[index] if isinstance(value, ast.Tuple) else _part(value, index))

    def _define(self, name: str, statement: ast.AST) -> None:
        self.definitions.setdefault(name, []).append(statement)


def _part(value: ast.expr, index: int) -> ast.expr:
    return ast.Subscript(value, ast.Constant(index), ast.Load())


def _changes_another(target: ast.expr) -> bool:
    return any(isinstance(part, ast.Attribute | ast.Subscript) for part in ast.walk(target))


def _only_for_types(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING")


class _Scope(dict[str, str | None]):
    """What names stand for inside a function: a dotted name for an import, None for what is local."""


class _ClassScope(_Scope):
    """The same inside a class, where its methods do not see it."""


_Scopes: TypeAlias = tuple[_Scope, ...]
_Scoped: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_SILENT = frozenset({"ctx", "kind", "type_comment"})
"""Fields of syntax that say nothing of what it does."""

_UNREAD = {ast.Import: "", ast.ImportFrom: "", ast.Pass: "", ast.Raise: "Raise()"}
"""Text of syntax that is not looked into: no number comes of it."""


class _Text:
    """Syntax of definitions as text, with the turn of every other definition in place of its name.

    Attributes:
        places: definitions mentioned so far, by turn.
    """

    def __init__(self, package: Package, role: Role) -> None:
        self.places: list[Place] = []
        self._turns: dict[Place, int] = {}
        self._package = package
        self._role = role
        self._module = ""
        self._writers: Mapping[type[ast.AST], Callable[[Any, _Scopes], str]] = {
            **dict.fromkeys((ast.Name, ast.Attribute), self._name),
            **dict.fromkeys((ast.arg, ast.AnnAssign), self._annotated),
            **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), self._nested),
            **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), self._comprehension),
            ast.Call: self._call,
            ast.Expr: self._expression,
            ast.Lambda: self._scoped,
            ast.Subscript: self._subscript,
        }

    def mention(self, dotted: str) -> str:
        """What stands for a dotted name; a definition that was not mentioned before gets the next turn.

        Raises:
            LookupError: the package does not define it, or it is a module, whose names cannot be followed as a value.
        """
        if dotted in self._package.sources:
            raise LookupError(f"{dotted}: is a module in the place of a value")
        place = self._package.place(dotted)
        if place is None:
            return f"@{dotted}"
        if {place[0], ".".join(place)} & {*self._role.doors, *self._role.messages}:
            return f"@{place[1]}"
        if place not in self._turns:
            self._turns[place] = len(self.places)
            self.places.append(place)
        return f"#{self._turns[place]}"

    def statement(self, statement: ast.AST, module: str) -> str:
        """Text of a statement of a module."""
        self._module = module
        return self._node(statement, ())

    def definitions(self) -> list[str]:
        """Texts of all definitions mentioned, and of those that these mention, by turn."""
        return [self._definition(*place) for place in self.places]  # grows while it is gone over

    def _definition(self, module: str, name: str) -> str:
        self._module = module
        return ";".join(self._defining(statement) for statement in self._package.module(module).definitions[name])

    def _defining(self, statement: ast.AST) -> str:
        match statement:
            case ast.AnnAssign(annotation=annotation, value=value):
                self._node(annotation, ())
                return self._value(value, ())
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return self._scoped(statement, ())
        return self._node(statement, ())

    def _node(self, node: ast.AST, scopes: _Scopes) -> str:
        kind = type(node)
        return _UNREAD[kind] if kind in _UNREAD else self._writers.get(kind, self._fields)(node, scopes)

    def _fields(self, node: ast.AST, scopes: _Scopes, left_out: Set[str] = frozenset()) -> str:
        """A node with those of its fields that are not empty, which no version of Python leaves out."""
        kept = [
            f"{name}={self._value(value, scopes)}"
            for name, value in ast.iter_fields(node)
            if name not in _SILENT | left_out and value is not None and value != []
        ]
        return f"{type(node).__name__}({','.join(kept)})"

    def _value(self, value: Any, scopes: _Scopes) -> str:
        if isinstance(value, ast.AST):
            return self._node(value, scopes)
        if isinstance(value, list):
            return f"[{','.join(filter(None, (self._value(each, scopes) for each in value)))}]"
        return ascii(value)

    def _expression(self, node: ast.Expr, scopes: _Scopes) -> str:
        """A statement that is an expression, unless it is a docstring."""
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return "" if is_text else self._fields(node, scopes)

    def _name(self, node: ast.Name | ast.Attribute, scopes: _Scopes) -> str:
        dotted = self._dotted(node, scopes)
        return self._fields(node, scopes) if dotted is None else self.mention(dotted)

    def _call(self, node: ast.Call, scopes: _Scopes) -> str:
        """A call without what it only says: arguments of a message, and the description of a field."""
        dotted = self._dotted(node.func, scopes)
        place = None if dotted is None else self._package.place(dotted)
        if place is not None and place[0] in self._role.messages:
            return self._node(node.func, scopes)
        keywords = [each for each in node.keywords if dotted != "pydantic.Field" or each.arg != "description"]
        return self._fields(node, scopes, {"keywords"}) + self._value(keywords, scopes)

    def _annotated(self, node: ast.arg | ast.AnnAssign, scopes: _Scopes) -> str:
        """An argument or assignment, with its annotation if it is a field of a class."""
        if scopes and isinstance(scopes[-1], _ClassScope) and isinstance(node, ast.AnnAssign):
            return self._fields(node, scopes)
        self._value(node.annotation, scopes)
        return self._fields(node, scopes, {"annotation"})

    def _subscript(self, node: ast.Subscript, scopes: _Scopes) -> str:
        """A subscript; of an annotated type without the texts that describe a field."""
        if self._dotted(node.value, scopes) != "typing.Annotated":
            return self._fields(node, scopes)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        said = [part for part in parts if not (isinstance(part, ast.Constant) and isinstance(part.value, str))]
        return f"Annotated({self._value(said, scopes)})"

    def _nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scopes: _Scopes) -> str:
        return node.name + self._scoped(node, scopes)

    def _scoped(self, node: _Scoped, scopes: _Scopes) -> str:
        """A class, function or lambda without its name; its head sees the names around it, its body its own as well."""
        head = self._fields(node, scopes, {"name", "body", "returns"})
        body = node.body if isinstance(node.body, list) else [node.body]
        own = _bound(body)
        if isinstance(node, ast.ClassDef):
            return head + self._value(body, (*scopes, _ClassScope(own)))
        self._value(getattr(node, "returns", None), scopes)
        own |= dict.fromkeys(each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg))
        return head + self._value(body, (*_seen_inside(scopes), _Scope(own)))

    def _comprehension(self, node: _Comprehension, scopes: _Scopes) -> str:
        """A comprehension; its first source alone sees none of the names that it binds."""
        first, *others = node.generators
        inside = (*_seen_inside(scopes), _Scope(_bound([each.target for each in node.generators])))
        source = self._node(first.iter, scopes) + self._fields(first, inside, {"iter"})
        return source + self._value(others, inside) + self._fields(node, inside, {"generators"})

    def _dotted(self, node: ast.AST, scopes: _Scopes) -> str | None:
        """What a name or an attribute of a module stands for; None for what is local, built in or worked out."""
        match node:
            case ast.Name(id=name):
                return next((scope[name] for scope in reversed(scopes) if name in scope), self._outermost(name))
            case ast.Attribute(value=value, attr=name) if owner := self._dotted(value, scopes):
                return None if self._package.place(owner) else f"{owner}.{name}"
        return None

    def _outermost(self, name: str) -> str | None:
        module = self._package.module(self._module)
        return f"{self._module}.{name}" if name in module.definitions else module.imports.get(name)


def _seen_inside(scopes: _Scopes) -> _Scopes:
    return tuple(scope for scope in scopes if not isinstance(scope, _ClassScope))


def _bound(nodes: Iterable[ast.AST]) -> dict[str, str | None]:
    """Names that syntax binds in its own scope: the dotted name of what is imported, None for all others."""
    bound: dict[str, str | None] = {}
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        bound |= _bound_by(node)
        if isinstance(node, _Comprehension):
            waiting += [part.target for part in ast.walk(node) if isinstance(part, ast.NamedExpr)]
        elif not isinstance(node, _Scoped):
            waiting += ast.iter_child_nodes(node)
    return bound


def _bound_by(node: ast.AST) -> dict[str, str | None]:
    match node:
        case ast.Import(names=names):
            tops = {alias: alias.name.partition(".")[0] for alias in names}
            return {alias.asname or tops[alias]: alias.name if alias.asname else tops[alias] for alias in names}
        case ast.ImportFrom(module=module, names=names):
            return {alias.asname or alias.name: f"{module}.{alias.name}" for alias in names}
        case (
            ast.Name(id=name, ctx=ast.Store() | ast.Del())
            | ast.FunctionDef(name=name)
            | ast.AsyncFunctionDef(name=name)
            | ast.ClassDef(name=name)
            | ast.ExceptHandler(name=str(name))
            | ast.MatchAs(name=str(name))
            | ast.MatchStar(name=str(name))
            | ast.MatchMapping(rest=str(name))
        ):
            return {name: None}
    return {}
