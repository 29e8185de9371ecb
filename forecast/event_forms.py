"""How uncertain events are written in YAML: parts of one announcement, programmes cut as a whole, correlations."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from forecast.dates import DateSpec
from forecast.entries import id_field
from forecast.laws import Amount, Model, Share
from forecast.number_forms import Number
from forecast.quarters import ACCEPTED

ROUNDING = 1e-6


class Phase(Model):
    """One part of an announcement, built by dates of its own."""

    id: str = id_field("first")
    share: Number = Field(gt=0, le=1, description="share of the amount of the announcement, above 0, at most 1")
    construction_start: DateSpec | None = Field(None, description=f"start of construction: {ACCEPTED}")
    production_start: DateSpec | None = Field(None, description=f"planned start of production: {ACCEPTED}")
    probability: Share | None = Field(
        None, description="chance that this part goes ahead if the announcement does, a fraction from 0 to 1"
    )


def _whole(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    if not phases:
        raise ValueError("got an empty list, expected at least one part with id, share and dates of its own")
    total = sum(phase.share for phase in phases)
    if abs(total - 1) > ROUNDING:
        raise ValueError(f"got shares that sum to {total:.6g}, expected a sum of 1")
    ids = [phase.id for phase in phases]
    if repeated := sorted({id for id in ids if ids.count(id) > 1}):
        raise ValueError(f"got the id {repeated[0]} twice, expected every phase once")
    return phases


Phases: TypeAlias = Annotated[tuple[Phase, ...], AfterValidator(_whole), Field(json_schema_extra={"minItems": 1})]
Ids: TypeAlias = tuple[str, ...]


class Programme(Model):
    """Announcements that are cut as a whole."""

    id: str = id_field("hanwha-ships")
    members: Ids = Field((), description="a list of ids of investments")
    company: str | None = Field(
        None, min_length=1, max_length=200, description="a company: all its investments, joint ones included"
    )
    probability: Share | None = Field(None, description="chance that the programme survives, a fraction from 0 to 1")
    scale: Amount | None = Field(None, description="factor of all amounts of the programme, 0 or more")

    @model_validator(mode="after")
    def _says_whom_and_what(self) -> Programme:
        if bool(self.members) == bool(self.company):
            raise ValueError(f"got {'both' if self.members else 'neither'}, expected either members or company")
        if self.probability is None and self.scale is None:
            raise ValueError("got a programme that changes nothing, expected probability, scale or both")
        return self


class Correlation(Model):
    """Rank correlation between uncertain inputs."""

    between: Annotated[tuple[str, ...], Field(min_length=2)] = Field(
        description="a list of at least two paths of uncertain inputs, such as investments.HMG-06.slip or "
        "tariffs.section-301.realised, which is whether that comes"
    )
    rank: Number | None = Field(None, ge=-1, le=1, description="a rank correlation from -1 to 1, that of every pair")
    matrix: tuple[tuple[Number, ...], ...] | None = Field(
        None, description="a list of rows of rank correlations, in the order of between"
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Correlation:
        if (self.rank is None) == (self.matrix is None):
            raise ValueError(f"got {'neither' if self.rank is None else 'both'}, expected either rank or matrix")
        if len(set(self.between)) < len(self.between):
            raise ValueError("got the same input twice in between, expected every input once")
        if self.matrix is not None:
            self._demand_correlations(self.matrix)
        return self

    def _demand_correlations(self, matrix: tuple[tuple[float, ...], ...]) -> None:
        n = len(self.between)
        if [len(row) for row in matrix] != [n] * n:
            raise ValueError(
                f"got a matrix of another shape, expected {n} rows of {n} numbers, as between has {n} inputs"
            )
        if any(matrix[i][i] != 1 for i in range(n)):
            raise ValueError("got a matrix with another diagonal, expected 1 along it")
        pairs = [(matrix[i][j], matrix[j][i]) for i in range(n) for j in range(i)]
        if any(one != other for one, other in pairs):
            raise ValueError(
                "got a matrix that is not symmetric, expected the same number on either side of the diagonal"
            )
        if any(abs(one) > 1 for one, _ in pairs):
            raise ValueError("got a matrix with entries beyond 1, expected correlations from -1 to 1")
