"""What becomes of an announcement unless its scenario says otherwise, from `data/realisation.yaml`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from forecast.beliefs import SHIPPED, BeliefFile, Coefficient, each, fields
from forecast.distributions import Law

if TYPE_CHECKING:
    from forecast.document import Node

OUTCOMES: tuple[str, ...] = ("probability", "slip", "scale")
"""What becomes of an announcement: whether it goes ahead, how late, and how large against what was stated."""

BUILT_KINDS: tuple[str, ...] = ("greenfield", "expansion", "acquisition")


@dataclass(frozen=True, slots=True)
class Realisation:
    """What becomes of an announcement.

    Attributes:
        default: one coefficient for each of `OUTCOMES`.
        by_kind: those that differ for a kind of investment.
    """

    default: Mapping[str, Coefficient]
    by_kind: Mapping[str, Mapping[str, Coefficient]]

    def laws(self, kind: str) -> dict[str, Law]:
        """Laws of `probability`, `slip` (quarters) and `scale` (realised over stated amount) for a kind."""
        believed = {**self.default, **self.by_kind.get(kind, {})}
        return {name: coefficient.law for name, coefficient in believed.items()}


def realisation_digest(path: Path = SHIPPED / "realisation.yaml") -> str:
    """Digest of the file, the same for every convention of line ends."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


@cache
def load_realisation(path: Path = SHIPPED / "realisation.yaml") -> Realisation:
    """Probability, slip and scale of an announcement that states none.

    Raises:
        DataError: the file breaks its contract; the message names file, line and place.
    """
    file = BeliefFile(path, "realisation", OUTCOMES)
    kinds = fields(file.body, "realisation", ("default",), BUILT_KINDS)

    def outcomes(node: Node, place: str) -> Mapping[str, Coefficient]:
        return each(node, place, tuple(fields(node, place, (), OUTCOMES)), file.coefficient)

    default = each(kinds["default"], "realisation.default", OUTCOMES, file.coefficient)
    stated = {kind: outcomes(node, f"realisation.{kind}") for kind, node in kinds.items() if kind != "default"}
    return Realisation(default, stated)
