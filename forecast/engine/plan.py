"""Assumptions and parameters compiled to arrays and small values: all that a block of draws needs.

Types only; `compile` fills them from a scenario. Stream names are YAML paths, so that scenarios which name a thing
alike share its luck.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from forecast.dims import FUTURE, POLICIES, PRODUCTS, SERIES, TO_DATE, Array
from forecast.economics.memory import MemoryLevel
from forecast.economics.uncertain_inputs import UncertainInput
from forecast.engine.inputs import Input, Stated
from forecast.quarters import year_of
from forecast.stats.streams import Mix

NEVER = 1e6
"""A date on the quarter axis after every other."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A stated path, compiled.

    Attributes:
        driver: index of the driver.
        keep: `(n_periods,)` part of the fitted growth that stays.
        weights: `(n_periods, n_values)` log growth for one of each v.
        values: what is stated: levels, rate or size.
        unit: what a value is added to and then divided by before its logarithm is taken.
    """

    driver: int
    keep: Array
    weights: Array
    values: tuple[Stated, ...]
    unit: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shock:
    """One event that moves a flow or a driver off its course; dates on the quarter axis.

    Attributes:
        flow: index of the flow it moves, None where it moves a driver.
        driver: index of the driver it moves, None where it moves a flow.
        happens: address of the draw that decides whether it comes.
        at: date at which it strikes.
        until: date at which it ends, or infinity.
        size: part of the flow or driver that is added; None where an amount is stated.
        amount: what is added to a flow, bn USD a year; None where a size is stated.
        probability: chance that it comes; None where it is certain.
        half_life: quarters after which half of it has faded; None where it does not.
    """

    flow: int | None
    driver: int | None
    happens: str
    at: Stated
    until: float
    size: Stated | None
    amount: Stated | None
    probability: Stated | None
    half_life: Stated | None


@dataclass(frozen=True, slots=True)
class Duty:
    """One tariff, or one step of the record before the origin; rates are fractions, dates on the quarter axis.

    Attributes:
        rate: the duty, or what is added to that of the regime where `added`.
        happens: address of the draw that decides whether it comes.
        rivals: what is added to the duty of rivals abroad while it holds; None where nothing is.
        responses: its own or the shipped ones.
        stacks: it is added to the duty that holds, and answered as that is.
        of_record: it is a step of the record, which holds where no tariff does.
    """

    rate: Input
    added: bool
    start: Input
    until: Input
    happens: str
    probability: Input
    responses: Mapping[str, Input]
    rivals: Input | None = None
    stacks: bool = False
    of_record: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Taxed:
    """Exports of one sector that a scenario puts a duty on.

    Attributes:
        regime: duty in force at the origin.
        first: quarter from which duties are followed: the origin, or one that is over when the first of them begins, so
            that trade is where the duty before them has taken it.
        before: duty in force then.
        duties: in any order; in a draw the later takes the place of the earlier while both would hold.
        responses: the shipped distributions, which hold before the first of the duties.
        within: part of each of `dims.PRODUCTS` that they are, in 2025 and in July 2026, `(2, 7)`.
    """

    regime: float
    first: int
    before: float
    duties: tuple[Duty, ...]
    responses: Mapping[str, Input]
    within: Array


@dataclass(frozen=True, slots=True)
class Purchase:
    """One import commitment; `total` says whether `value` is over the whole span or a year, bn USD."""

    value: Input
    total: bool
    start: Input
    until: Input
    happens: str
    probability: Input
    additionality: Input
    fulfilment: Input


@dataclass(frozen=True, slots=True)
class Policy:
    """Trade policy of a plan.

    Attributes:
        taxed: by sector, or by product of `PARTS` where a tariff names that; goods without a tariff are absent.
        weight: how far the composition of exports lies from 2025 towards July 2026, see `Taxed.within`.
        purchases: import commitments by id.
    """

    taxed: Mapping[str, Taxed]
    weight: Input
    purchases: tuple[Purchase, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """A programme that may be cut as a whole; `stream` prefixes the addresses of its draws.

    Attributes:
        probability: chance that it survives; None if it does.
        scale: factor of the amounts of all its members; None for 1.
    """

    stream: str
    probability: Input | None
    scale: Input | None


@dataclass(frozen=True, slots=True)
class Tie:
    """Other announcements and programmes that decide whether one goes ahead.

    Attributes:
        requires, excludes: ids of which all, or none, must go ahead.
        same_as: id of the announcement that decides in its place.
        cuts: programmes it belongs to.
        when: the duty that calls it; None where none need come.
    """

    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    same_as: str | None = None
    cuts: tuple[Cut, ...] = ()
    when: Duty | None = None


@dataclass(frozen=True, slots=True)
class LocalizationPath:
    """How the split of purchases over Korea, local and third-country suppliers moves.

    Attributes:
        form: `fitted`, `hold`, `target`, `logistic`, `step` or `fixed`.
        local: local share of purchases reached, a fraction (`target`, `step`; the ceiling of `logistic`).
        speed: years a `logistic` path takes from 12 % to 88 % of the way.
        shares: weights of Korea, local and third countries (`fixed`), normalised to one in each draw.
        by: date at which a `target` is reached, on the quarter axis.
        at: date of a `step`, or the midpoint of a `logistic` path, on the quarter axis.
    """

    form: str
    local: Stated | None = None
    speed: Stated | None = None
    shares: tuple[Stated, ...] = ()
    by: float | None = None
    at: float | None = None


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
        makes, buys: product that they displace, and product that they buy in Korea, by index.
        share_of_product: of their goods in Korea's exports of the product they displace, which bounds it.
        duty: on their product at the origin.
    """

    projects: tuple[Project, ...]
    coefficients: Mapping[str, Input]
    path: LocalizationPath | None
    sector: str = "other"
    makes: int = len(PRODUCTS) - 1
    buys: int = len(PRODUCTS) - 1
    share_of_product: float = 1.0
    duty: float = 0.0


@dataclass(frozen=True, slots=True)
class Existing:
    """Affiliates of a sector that exist, where their purchases may leave the fitted path.

    Attributes:
        output: what they make, bn USD a quarter.
        buyer: their purchases, a group without projects.
    """

    output: Stated
    buyer: Group


@dataclass(frozen=True, slots=True)
class Machinery:
    """When machines of a plant come and go.

    Attributes:
        delay: share of the building time that is over when the first arrive.
        wear_rate: part that is replaced a year.
        price_growth: of machines, log points a year.
    """

    delay: Stated
    wear_rate: Stated
    price_growth: Input


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Plants that are announced after the origin, whose machines take the place of today's orders.

    Attributes:
        scale: how many come, over the pace that is learned.
        usual, persistence, spread: of the pace, see `economics.pipeline`.
        leads: quarters from announcement to first output of known plants, `(n_plants,)`.
    """

    scale: Input
    usual: Stated
    persistence: Stated
    spread: Stated
    leads: Array


@dataclass(frozen=True, slots=True)
class MemoryPath:
    """How the height of memory above its trend is assumed to pass.

    Attributes:
        form: `as-fitted`, `lasts`, `fades` or `falls`.
        half_life: quarters after which half of the height has faded; None where heights pass as those of the record.
        at: date at which it falls, on the quarter axis.
        share: part of the height, in dollars, that is lost then.
    """

    form: str = "as-fitted"
    half_life: Stated | None = None
    at: Stated | None = None
    share: Stated | None = None


@dataclass(frozen=True, slots=True)
class Products:
    """What exports consist of, and how that moves; see `economics.products`.

    Attributes:
        log_odds: of memory in the exports of the origin's quarter, US Census basis.
        census, book: memory at the origin, US Census basis and basis of the plan.
        counted: what is known of memory in the first year and so in it at least, bn USD, basis of the plan.
        usual: ratio of the basis of the plan to US Census, of all exports in usual years.
        excess: by how much the log odds of memory rise with the logarithm of that ratio over the usual one.
        others: shares of all products but memory among themselves, `(6,)`.
        spread: standard deviation of a year's change of their logarithms, `(6,)`.
        persistence: part of a swing of memory that is left a quarter later.
        volatility: standard deviation of a quarter's news of memory, log points.
        with_exports: correlation of that news with that of all exports.
        trend: weight of the higher of two heights.
        path: how that height passes.
    """

    log_odds: float
    census: MemoryLevel
    book: MemoryLevel
    counted: float
    usual: float
    excess: float
    others: tuple[float, ...]
    spread: tuple[float, ...]
    persistence: Stated
    volatility: float
    with_exports: float
    trend: Stated
    path: MemoryPath = MemoryPath()


BLOCK_SIZE = 2_000
"""Draws in a block: its working set fits a core's cache, and 20,000 draws still give ten replicates."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled scenario.

    Attributes:
        origin: quarter index of the last observed quarter.
        n_periods: simulated quarters, from `origin + 1` to the end of the horizon year.
        basis: basis of the results.
        record: highest calendar-year surplus known on `basis`, bn USD, to one decimal.
        history: log flows up to the origin, `(n_quarters, 2)`, exports and imports, US Census basis.
        observed: exports and imports of the origin's year up to the origin, `(2,)`, bn USD, US Census basis.
        running: log of exports and imports over the known months after the origin, `(2,)`, bn USD, US Census basis;
            None where no month is known, and the rows of `carry_over` say what the last month before them does.
        rows: joint parameter rows by model and name, `(..., n_rows)`, see `processes`; those of `realisation` as
            `realisation.combined` makes them.
        sector_rows: joint rows of the sector coefficients in use, `(n_columns, n_rows)`.
        groups: projects by what happens to their output.
        path: localization path of all affiliates.
        products: what exports consist of.
        machinery: of the plants of all groups; None where there are none.
        policy: tariffs and import commitments, None where there are none.
        existing: affiliates that exist, of sectors whose purchases leave the fitted path.
        pipeline: plants still to be announced; None where no plant is built, or none is to come.
        block_size: draws in a block.
        conditions: paths of drivers that are stated.
        shocks: what moves flows and drivers off their course.
        mixes: streams that are correlated with others, by name.
        outlooks: kind and sector of each column of the rows of `realisation`.
        columns: sector and name of each coefficient of `sector_rows`.
        inputs: the registry of everything that is drawn.
    """

    origin: int
    n_periods: int
    basis: str
    record: float
    history: Array
    observed: Array
    running: Array | None
    rows: Mapping[str, Mapping[str, Array]]
    sector_rows: Array
    groups: tuple[Group, ...]
    path: LocalizationPath
    products: Products
    machinery: Machinery | None = None
    policy: Policy | None = None
    existing: tuple[Existing, ...] = ()
    pipeline: Pipeline | None = None
    block_size: int = BLOCK_SIZE
    conditions: tuple[Condition, ...] = ()
    shocks: tuple[Shock, ...] = ()
    mixes: Mapping[str, Mix] = field(default_factory=dict)
    outlooks: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    inputs: tuple[UncertainInput, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """Annual series of the results."""
        policies = (*POLICIES, TO_DATE) if self.policy or self.existing else ()
        return (*SERIES, *policies, *((FUTURE,) if self.pipeline else ()))

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the results, the origin's year first unless it is complete."""
        return _years(self.origin, self.n_periods)


@cache
def _years(origin: int, n_periods: int) -> tuple[int, ...]:
    return tuple(range(year_of(origin + 1), year_of(origin + n_periods) + 1))
