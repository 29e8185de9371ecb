"""Which inputs of a scenario may be correlated, by their YAML paths, and whether correlations are possible together.

An input can be named if it is drawn: a number or date stated as a distribution or window; `slip` and `scale` of an
investment that leaves them to the record of announcements; and `realised`, whether an investment, phase or programme
goes ahead. The rank is that of levels, each within its own law. It equals that of the values unless a law has ties (on
time, discrete, going ahead) or parameters that vary from draw to draw (the record's), which dilute it. Sector
coefficients and trade come from joint rows that hold their correlations already, so a draw of them has no level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from forecast.copula import Pair, is_possible, names_in, nearest_possible, rank_matrix
from forecast.dates import date_law
from forecast.distributions import Constant, Law
from forecast.document import Node
from forecast.errors import Problem
from forecast.laws import law
from forecast.phrases import got, meant
from forecast.rows import Row, ends, rows
from forecast.sectors import COEFFICIENTS

NUMBERS = ("amount", "new_capex", "probability", "slip", "scale")
DATES = ("construction_start", "production_start", "production_end")
FITTED = ("slip", "scale")
REALISED = "realised"
"""Last part of the path of a draw of going ahead; a high level means that it does."""


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
        return self._note(path, node, law)

    def date(self, path: str, node: Node | None) -> Law | None:
        """Notes a date."""
        return self._note(path, node, date_law)

    def _note(self, path: str, node: Node | None, reader: object) -> Law | None:
        if node is None or node.content is None or not callable(reader):
            return None
        try:
            value: Law = reader(node.plain())
        except ValueError:
            return None
        if isinstance(value, Constant):
            self.known[path] = f"is {node.content} in every draw"
        else:
            self.drawn.append(path)
        return value


def stream_of(path: str) -> str:
    """Stream name of the input at a YAML path.

    >>> stream_of("investments.HMG-06.overrides.utilisation"), stream_of("overrides.sectors.steel.utilisation")
    ('investments.HMG-06.utilisation', 'sectors.steel.utilisation')
    """
    return path.removeprefix("overrides.").replace(".overrides.", ".")


def sign_of(path: str) -> int:
    """-1 where a high level comes of a low uniform: a project goes ahead if its uniform lies below its chance."""
    return -1 if path.endswith(f".{REALISED}") else 1


def names(root: Node, origin: int | None) -> Names:
    """Inputs of a merged tree; a plant that runs at the `origin` is sure and not late unless it says so."""
    found = Names()
    for row in rows(root):
        if row.text("kind") != "pledge":
            _investment(found, row, "is sure, as the plant runs already" if _runs(row, origin) else "")
    _localization(found, "localization", root.fields.get("localization"))
    overrides = root.fields.get("overrides")
    sectors = overrides.fields.get("sectors") if overrides else None
    for sector, group in sectors.fields.items() if sectors else ():
        _coefficients(found, f"overrides.sectors.{sector}", group)
    programmes = root.fields.get("programmes")
    for programme in programmes.items if programmes else ():
        _programme(found, programme)
    return found


def _runs(row: Row, origin: int | None) -> bool:
    bought = row.text("kind") == "acquisition" and not row.has("production_start")
    start = row.date("announced" if bought else "production_start")
    return start is not None and origin is not None and not row.has("phases") and ends(start)[1] <= origin + 1


def _investment(found: Names, row: Row, runs: str) -> None:
    path, fields = f"investments.{row.name}", row.node.fields
    laws = {key: found.number(f"{path}.{key}", fields.get(key)) for key in NUMBERS}
    for key in DATES:
        found.date(f"{path}.{key}", fields.get(key))
    for key in FITTED:
        if laws[key] is None and not row.has(key):
            _note(found, f"{path}.{key}", runs)
    other = "has the fate of another investment" if row.has("same_fate_as") else ""
    _fate(found, path, laws["probability"], other or (runs if laws["probability"] is None else ""))
    _coefficients(found, f"{path}.overrides", fields.get("overrides"))
    _localization(found, f"{path}.localization", fields.get("localization"))
    phases = fields.get("phases")
    for phase in phases.items if phases else ():
        _phase(found, path, phase)


def _fate(found: Names, path: str, probability: Law | None, settled: str = "") -> None:
    if isinstance(probability, Constant) and probability.value in (0, 1):
        settled = f"is settled by its probability of {probability.value:g}"
    _note(found, f"{path}.{REALISED}", settled)


def _note(found: Names, path: str, settled: str) -> None:
    """An input without a number in the file: drawn, unless something settles it."""
    if settled:
        found.known[path] = settled
    else:
        found.drawn.append(path)


def _phase(found: Names, path: str, phase: Node) -> None:
    id = phase.fields.get("id")
    inner = f"{path}.phases.{id.content if id else ''}"
    for key in DATES[:2]:
        found.date(f"{inner}.{key}", phase.fields.get(key))
    if (chance := found.number(f"{inner}.probability", phase.fields.get("probability"))) is not None:
        _fate(found, inner, chance)


def _programme(found: Names, programme: Node) -> None:
    id = programme.fields.get("id")
    path = f"programmes.{id.content if id else ''}"
    found.number(f"{path}.scale", programme.fields.get("scale"))
    if (chance := found.number(f"{path}.probability", programme.fields.get("probability"))) is not None:
        _fate(found, path, chance)


def _coefficients(found: Names, path: str, group: Node | None) -> None:
    for name, node in group.fields.items() if group else ():
        if name in COEFFICIENTS:
            found.number(f"{path}.{name}", node)


def _localization(found: Names, path: str, node: Node | None) -> None:
    fields: Mapping[str, Node] = node.fields if node else {}
    for key in ("local", "speed"):
        found.number(f"{path}.{key}", fields.get(key))
    for key, share in fields["shares"].fields.items() if "shares" in fields else ():
        found.number(f"{path}.shares.{key}", share)
    for sector, inner in fields["sectors"].fields.items() if "sectors" in fields else ():
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
    for position, name in enumerate(between.items if between else ()):
        path = name.content
        if not isinstance(path, str) or path in found.drawn:
            continue
        yield name.place.problem(f"correlations[{index}].between[{position}]", _refusal(path, found))


def _refusal(path: str, found: Names) -> str:
    if path in found.known:
        return f"{got(path)}, which {found.known[path]}, expected an uncertain input"
    joint = path.rpartition(".")[2] in COEFFICIENTS
    note = " (a coefficient is drawn jointly with the others unless overrides state its distribution)" if joint else ""
    hint = meant(path, found.drawn) if found.drawn else "the scenario has none"
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
