"""Rules of correlations: only uncertain inputs are named, every pair once, and all ranks are possible together.

Correlations are between ranks of levels, each within its own distribution. They equal those of the values unless a
distribution has ties (on time, discrete, coming or not) or parameters that vary from draw to draw (the record's), which
dilute them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from forecast.documents import Node
from forecast.economics.sectors import COEFFICIENTS
from forecast.economics.uncertain_inputs import REALISED, UncertainInput
from forecast.errors import Problem, got, meant
from forecast.scenario.inputs import constant_remark, node_at
from forecast.scenario.money import WON_KEY
from forecast.stats.distributions import Constant
from forecast.stats.streams import Pair, is_possible, names_in, nearest_possible, rank_matrix


def correlation_problems(root: Node, inputs: Collection[UncertainInput], unread: Collection[str]) -> Iterator[Problem]:
    """Names that cannot be correlated, pairs stated twice, and correlations that no distribution has together.

    Args:
        root: a merged tree.
        inputs: the registry of what it states.
        unread: names of entries that the schema refuses, of whose inputs nothing is known.
    """
    node = root.fields.get("correlations")
    if node is None:
        return
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
    if not isinstance(value, Constant) or known.settled != constant_remark(value.value):
        return known.settled
    node = node_at(root, known.name.split("."))
    if node is None:
        return ""
    won = node.fields.get(WON_KEY)
    remark = constant_remark(f"{won.content} trillion won" if won else str(node.content))
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
