"""Whether the correlations of a scenario name uncertain inputs, and whether they are possible together.

The rank is that of levels, each within its own law. It equals that of the values unless a law has ties (on time,
discrete, coming or not) or parameters that vary from draw to draw (the record's), which dilute it. Which inputs there
are is `addresses`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from forecast.addresses import Names, names
from forecast.copula import Pair, is_possible, names_in, nearest_possible, rank_matrix
from forecast.document import Node
from forecast.errors import Problem
from forecast.phrases import got, meant
from forecast.sectors import COEFFICIENTS


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
