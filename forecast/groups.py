"""Investments compiled in groups: what each is to the channels, which buy alike, where their numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecast.distributions import Constant, Law
from forecast.events import Phase, Programme
from forecast.inputs import Input, Judged, Learned
from forecast.scenario import Investment, Localization, Scenario
from forecast.ties import Cut, Tie


@dataclass(frozen=True, slots=True)
class Path:
    """One localization path; `stream` prefixes the addresses of its uncertain numbers."""

    stream: str
    assumed: Localization


@dataclass(frozen=True, slots=True)
class Project:
    """One investment that is built or bought, as the channels need it. Amounts in bn USD, durations in quarters.

    Attributes:
        announced: position on the quarter axis.
        capex: what is spent on building, and produces once built.
        standing: what was paid for a plant that stands already and produces from `production_start`; None if built.
        scale, probability, slip: as assumed, or None for what was learned.
        outlook: column of its kind and sector in the rows `realisation`, if one of them was learned.
        production_end: date from which nothing is made; None for never.
        phase: name of the part of an announcement it is, or nothing.
        share: of the announced amount.
        chance: that the part goes ahead if the announcement does; None if it always does.
        tie: what else its going ahead hangs on.
    """

    id: str
    announced: float
    capex: Input
    standing: Input | None
    scale: Input | None
    probability: Input | None
    construction_start: Input | None
    production_start: Input | None
    slip: Input | None
    coefficients: Mapping[str, Input]
    outlook: int = 0
    production_end: Input | None = None
    phase: str = ""
    share: float = 1.0
    chance: Input | None = None
    tie: Tie = Tie()

    @property
    def stream(self) -> str:
        """Prefix of the addresses of its own draws."""
        return f"investments.{self.id}.phases.{self.phase}" if self.phase else f"investments.{self.id}"


@dataclass(frozen=True, slots=True)
class Group:
    """Projects whose output is bought and sold alike: same purchases, Korean share, displacement and path.

    Attributes:
        path: a path of its own, or None to move with all affiliates.
        sector: sector of all the projects, which decides the duties on what they buy and replace.
    """

    projects: tuple[Project, ...]
    coefficients: Mapping[str, Input]
    path: Path | None
    sector: str = "other"


PROJECT_COEFFICIENTS = (
    "machinery_share",
    "korean_machinery_share",
    "output_per_capex",
    "utilisation",
    "construction_quarters",
    "ramp_quarters",
)
GROUP_COEFFICIENTS = ("purchases_per_output", "korean_share", "displacement_rate", "reverse_import_rate")


@dataclass(slots=True)
class Compiler:
    """Compiles investments; numbers the columns of sector rows and of `realisation` rows as they come into use.

    Attributes:
        scenario: what is assumed.
        origin: quarter index of the last observed quarter.
        columns: column of each sector and coefficient in use.
        outlooks: column of each kind and sector whose record is used.
    """

    scenario: Scenario
    origin: int
    columns: dict[tuple[str, str], int]
    outlooks: dict[tuple[str, str], int]

    def groups(self) -> tuple[Group, ...]:
        """Investments in groups; an investment with its own purchases, effects or path stands alone."""
        members: dict[str, list[Investment]] = {}
        for investment in sorted(self.scenario.investments, key=lambda item: item.id):
            if investment.kind != "pledge":
                members.setdefault(_group_name(investment), []).append(investment)
        return tuple(self._group(investments) for investments in members.values())

    def _group(self, investments: list[Investment]) -> Group:
        first = investments[0]
        return Group(
            projects=tuple(part for investment in investments for part in self._parts(investment)),
            coefficients={name: self._coefficient(first, name) for name in GROUP_COEFFICIENTS},
            path=self._own_path(first),
            sector=first.sector,
        )

    def _own_path(self, investment: Investment) -> Path | None:
        if investment.localization is not None:
            return Path(f"investments.{investment.id}.localization", investment.localization)
        sector = self.scenario.sector_localization.get(investment.sector)
        return None if sector is None else Path(f"localization.sectors.{investment.sector}", sector)

    def _coefficient(self, investment: Investment, name: str) -> Input:
        if name in investment.coefficients:
            return Judged(f"investments.{investment.id}.{name}", investment.coefficients[name])
        judged = self.scenario.sector_coefficients.get(investment.sector, {})
        if name in judged:
            return Judged(f"sectors.{investment.sector}.{name}", judged[name])
        return Learned(self.columns.setdefault((investment.sector, name), len(self.columns)))

    def _parts(self, investment: Investment) -> list[Project]:
        """The project an investment is, or its phases as a project each."""
        if not investment.phases:
            return [self._project(investment)]
        return [self._phase(investment, phase) for phase in investment.phases]

    def _phase(self, investment: Investment, phase: Phase) -> Project:
        dates = {name: getattr(phase, name) for name in ("construction_start", "production_start")}
        part = self._project(replace(investment, **dates))
        address = f"{part.stream}.phases.{phase.id}"
        laws = {**dates, "probability": phase.probability}
        start, production, chance = (_input(f"{address}.{name}", law) for name, law in laws.items())
        part = replace(part, construction_start=start, production_start=production, chance=chance)
        return replace(part, phase=phase.id, share=phase.share)

    def _project(self, investment: Investment) -> Project:
        def judged(name: str, law: Law) -> Judged:
            return Judged(f"investments.{investment.id}.{name}", law)

        amount = judged("amount", investment.amount)
        new_capex = judged("new_capex", investment.new_capex)
        acquired = investment.kind == "acquisition"
        start, production = self._construction_start(investment), self._production_start(investment)
        fate = self._fate(investment)
        return Project(
            id=investment.id,
            announced=investment.announced,
            capex=new_capex if acquired else amount,
            standing=amount if acquired else None,
            scale=fate["scale"],
            probability=fate["probability"],
            construction_start=None if start is None else judged("construction_start", start),
            production_start=None if production is None else judged("production_start", production),
            slip=fate["slip"],
            coefficients={name: self._coefficient(investment, name) for name in PROJECT_COEFFICIENTS},
            outlook=self._outlook(investment) if None in fate.values() else 0,
            production_end=_input(f"investments.{investment.id}.production_end", investment.production_end),
            tie=self._tie(investment),
        )

    def _tie(self, investment: Investment) -> Tie:
        """Ties to others; a programme that is cut does not undo what runs already."""
        programmes = () if self._runs(investment) else self.scenario.programmes
        held = [programme for programme in programmes if programme.holds(investment.id, investment.company)]
        cuts = tuple(_cut(programme) for programme in held)
        return Tie(investment.requires, investment.excludes, investment.same_fate_as, cuts)

    def _construction_start(self, investment: Investment) -> Law | None:
        if investment.construction_start is None and investment.kind == "acquisition":
            return Constant(investment.announced)
        return investment.construction_start

    def _production_start(self, investment: Investment) -> Law | None:
        if investment.production_start is None and investment.kind == "acquisition":
            return Constant(investment.announced)
        return investment.production_start

    def _fate(self, investment: Investment) -> dict[str, Judged | None]:
        """Probability, slip and scale: as stated, else certain for a plant already running, else None, as learned."""
        runs = self._runs(investment)
        certain = {"probability": 1.0, "slip": 0.0, "scale": 1.0}
        stated = {name: getattr(investment, name) for name in certain}
        laws = {name: Constant(certain[name]) if runs and law is None else law for name, law in stated.items()}
        address = f"investments.{investment.id}"
        return {name: None if law is None else Judged(f"{address}.{name}", law) for name, law in laws.items()}

    def _runs(self, investment: Investment) -> bool:
        """Whether it produces at the origin."""
        production = self._production_start(investment)
        return production is not None and float(production.ppf(np.array(1 - 1e-9))) <= self.origin + 1

    def _outlook(self, investment: Investment) -> int:
        return self.outlooks.setdefault((investment.kind, investment.sector), len(self.outlooks))


def _cut(programme: Programme) -> Cut:
    stream = f"programmes.{programme.id}"
    probability = _input(f"{stream}.probability", programme.probability)
    return Cut(stream, probability, _input(f"{stream}.scale", programme.scale))


def _input(stream: str, law: Law | None) -> Judged | None:
    return None if law is None else Judged(stream, law)


def _group_name(investment: Investment) -> str:
    stands_alone = investment.localization is not None or set(GROUP_COEFFICIENTS) & set(investment.coefficients)
    return f"investment {investment.id}" if stands_alone else f"sector {investment.sector}"
