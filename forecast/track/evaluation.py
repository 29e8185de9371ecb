"""Scores of frozen forecasts, and the causes of their errors: the assumptions, and the model given true ones.

An entry is run again twice with its posterior, its trade and its seed: as it was assumed, and with hindsight. Then

    CRPS = CRPS(with hindsight)                               the model's part: wrong given the facts
         + CRPS(as assumed) - CRPS(with hindsight)            the assumptions' part: what did not happen
         + CRPS(frozen) - CRPS(as assumed, run again)         revision: code and priors changed since

and the same for the error of the median. Where nothing changed, revision is exactly zero; where all assumptions came
true, so is their part. Which branch of a mixture came true no table tells, so the model's part keeps the weights, and
is divided once more under each branch that may have come true:

    the model's part = CRPS(that branch alone, with hindsight)     wrong given the facts and the branch
                     + the rest                                    what the weight on other branches cost, or saved

Hindsight puts facts in place of assumptions: those that the tables `announcements` and `slippage` date after the
forecast, and observed levels of the drivers a scenario states. A project that runs or was bought did go ahead, a
cancelled one did not, and the latest date of its start replaces the assumed one. Everything else stays as assumed:
localization, amounts, open dates and fates, announcements made since, drivers left to the model. Of a mixture the facts
go into every branch, so that branches which parted only over what is known now become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import inf
from pathlib import Path

import numpy as np

from forecast.dims import QUARTERLY_SERIES, Array
from forecast.engine.compile import compile_run
from forecast.engine.simulate import simulate
from forecast.errors import LedgerError, PosteriorError
from forecast.models.posterior import Posterior
from forecast.observations.series import DRIVERS
from forecast.observations.tables import SHIPPED, Row, read_table
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter, parse_time
from forecast.results.run import settings_of
from forecast.scenario.dependencies import Programme
from forecast.scenario.drivers import Levels
from forecast.scenario.investments import Investment
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, Distribution, Uniform
from forecast.stats.quantiles import FINE_LEVELS
from forecast.storage.files import write_csv, writing
from forecast.track.ledger import Entry
from forecast.track.scores import WIDTHS, crps, pit
from forecast.track.targets import UNIT, Predictions, Target, observed, predictions

SCORES, BRANCHES = "scores.csv", "branches.csv"
_MEDIAN = FINE_LEVELS.index(0.5)


@dataclass(frozen=True, slots=True)
class Split:
    """A score by cause, in the unit of the target; the three parts sum to the score."""

    model: float
    assumptions: float
    revision: float


@dataclass(frozen=True, slots=True)
class Score:
    """Scores of one prediction.

    Attributes:
        target: what was predicted.
        outcome: what was observed.
        quantiles: the prediction at `FINE_LEVELS`.
        crps: continuous ranked probability score, bn USD.
        pit: probability that was forecast for anything below the outcome.
        crps_split, error_split: by cause, of the CRPS and of median less outcome; None where there is none.
        branches: of a mixture, CRPS and median less outcome with hindsight by the branch that may have come true.
    """

    target: Target
    outcome: float
    quantiles: Array
    crps: float
    pit: float
    crps_split: Split | None
    error_split: Split | None
    branches: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """Median of the prediction."""
        return float(self.quantiles[_MEDIAN])

    def inside(self, width: int) -> bool:
        """Whether the outcome fell inside the equal-tailed interval of `width` percent."""
        return abs(self.pit - 0.5) <= width / 200


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one entry.

    Attributes:
        entry: the frozen forecast.
        scores: of every target observed since, in the order predicted.
        known: what hindsight replaced; None where nothing is to be scored or the entry cannot be run again.
        obstacle: why it cannot be run again; empty if it can.
    """

    entry: Entry
    scores: tuple[Score, ...]
    known: Hindsight | None = None
    obstacle: str = ""


def evaluate(entry: Entry, n_jobs: int = 1, folder: Path = SHIPPED) -> Evaluation:
    """Scores of an entry, split by cause.

    Args:
        entry: the frozen forecast.
        n_jobs: workers, -1 for one per core.
        folder: tables of announcements and their slippage.

    Raises:
        LedgerError: the posterior of the entry is missing or another.
    """
    outcomes = {target: value for target in entry.predictions if (value := observed(target)) is not None}
    if not outcomes:
        return Evaluation(entry, ())
    known = hindsight(entry.world, entry.head["as_of"], folder)
    try:
        posterior = entry.posterior()
    except PosteriorError as error:
        scores = tuple(_score(entry, target, value) for target, value in outcomes.items())
        return Evaluation(entry, scores, obstacle=str(error))
    assumed, facts = (run_again(entry, world, posterior, n_jobs) for world in (entry.world, known.world))
    weighed = known.world.branches if known.world.single is None else ()
    alone = {branch.label: run_again(entry, branch.scenario, posterior, n_jobs) for branch in weighed}
    scores = tuple(_score(entry, target, value, assumed, facts, alone) for target, value in outcomes.items())
    return Evaluation(entry, scores, known)


def run_again(entry: Entry, world: AnyScenario, posterior: Posterior, n_jobs: int = 1) -> Predictions:
    """Predictions of a scenario or mixture with the posterior, the trade and the settings of an entry."""
    manifest = entry.manifest
    known = replace(vintage(world.as_of), trade=entry.trade)
    plan = compile_run(world, posterior, known, prior=manifest["parameters"] == "prior")
    summary = simulate(plan, settings_of(manifest), n_jobs)
    annual, quarterly = summary.annual.draws()[: len(QUARTERLY_SERIES)], summary.quarterly.draws()
    return predictions(annual, plan.years, plan.basis, quarterly, summary.quarters(plan.origin).quarters)


def _score(
    entry: Entry,
    target: Target,
    outcome: float,
    assumed: Predictions | None = None,
    facts: Predictions | None = None,
    alone: Mapping[str, Predictions] | None = None,
) -> Score:
    frozen = entry.predictions[target]
    splits: list[Split | None] = [None, None]
    if assumed is not None and facts is not None:
        stages = (frozen, assumed[target], facts[target])
        splits = [_split(*(measure(stage, outcome) for stage in stages)) for measure in (_crps, _error)]
    fell = float(pit(np.array([outcome]), frozen[None])[0])
    branches = {
        label: (_crps(predicted[target], outcome), _error(predicted[target], outcome))
        for label, predicted in (alone or {}).items()
    }
    return Score(target, outcome, frozen, _crps(frozen, outcome), fell, splits[0], splits[1], branches)


def _split(frozen: float, assumed: float, facts: float) -> Split:
    return Split(facts, assumed - facts, frozen - assumed)


def _crps(quantiles: Array, outcome: float) -> float:
    return float(crps(np.array([outcome]), quantiles[None])[0])


def _error(quantiles: Array, outcome: float) -> float:
    return float(quantiles[_MEDIAN]) - outcome


def write_scores(ledger: str | Path, evaluations: Sequence[Evaluation]) -> list[Path]:
    """Write every score as CSV beside the entries, in place of what was there; of branches in a file of their own.

    Raises:
        LedgerError: one cannot be written.
    """
    scores = [(evaluation.entry, score) for evaluation in evaluations for score in evaluation.scores]
    tables = {
        SCORES: [_row(*pair) for pair in scores],
        BRANCHES: [row for pair in scores for row in _branch_rows(*pair)],
    }
    return [_written(Path(ledger) / name, rows) for name, rows in tables.items() if rows]


def _written(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with writing(path, failure=LedgerError):
        write_csv(path, rows[0], (tuple(row.values()) for row in rows))
    return path


def _head(entry: Entry, target: Target) -> Mapping[str, object]:
    head = {name: entry.head[name] for name in ("origin", "as_of")}
    return {"entry": entry.name, **head, **asdict(target), "unit": UNIT}


def _branch_rows(entry: Entry, score: Score) -> Iterator[Mapping[str, object]]:
    """The model's part of a mixture, divided under each branch that may have come true."""
    for label, alone in score.branches.items():
        row = {**_head(entry, score.target), "branch": label}
        for name, own, split in zip(("crps", "error"), alone, (score.crps_split, score.error_split), strict=True):
            assert split is not None
            row |= {f"{name}_model": f"{own:.4f}", f"{name}_branch": f"{split.model - own:.4f}"}
        yield row


def _row(entry: Entry, score: Score) -> Mapping[str, object]:
    target = score.target
    measures: dict[str, float] = {}
    error = score.median - score.outcome
    for name, value, split in (("crps", score.crps, score.crps_split), ("error", error, score.error_split)):
        measures[name] = value
        for part in ("model", "assumptions", "revision"):
            measures[f"{name}_{part}"] = np.nan if split is None else getattr(split, part)
    return {
        **_head(entry, target),
        "outcome": f"{score.outcome:.3f}",
        "median": f"{score.median:.3f}",
        "pit": f"{score.pit:.4f}",
        **{f"inside_{width}": int(score.inside(width)) for width in WIDTHS},
        **{name: "" if np.isnan(value) else f"{value:.4f}" for name, value in measures.items()},
    }


_GOES_AHEAD = {"operating": True, "completed": True, "cancelled": False}
"""Whether an announcement came true, by its stage; open at any other."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Later knowledge about one announcement.

    Attributes:
        goes_ahead: whether it came true; None while that is open.
        start: distribution of the start of production on the quarter axis, over the span its source names; None if
            unknown.
        started: whether that start has happened.
        words: for readers.
    """

    goes_ahead: bool | None
    start: Distribution | None
    started: bool
    words: str


@dataclass(frozen=True, slots=True)
class Hindsight:
    """A scenario or mixture as it would have been written with what is known now.

    Attributes:
        world: the facts in place of the assumptions.
        changed: what was replaced, in words, by investment or `drivers.<name>`.
        open: ids of simulated investments of which nothing was learned that differs from what was assumed.
    """

    world: AnyScenario
    changed: Mapping[str, str]
    open: tuple[str, ...]


def hindsight(world: AnyScenario, as_of: str, folder: Path = SHIPPED) -> Hindsight:
    """A scenario or mixture with the facts of the installed tables in place of its assumptions.

    Args:
        world: as it was frozen.
        as_of: day of the forecast, such as `2025-04-11`; only facts dated later are news to it.
        folder: where the tables lie.
    """
    hindsights = [_scenario_hindsight(branch.scenario, as_of, folder) for branch in world.branches]
    changed = {name: words for _, news, _ in hindsights for name, words in news.items()}
    still_open = tuple(dict.fromkeys(name for _, _, names in hindsights for name in names if name not in changed))
    return Hindsight(world.with_branches([scenario for scenario, _, _ in hindsights]), changed, still_open)


def _scenario_hindsight(
    scenario: Scenario, as_of: str, folder: Path
) -> tuple[Scenario, dict[str, str], tuple[str, ...]]:
    """The scenario with facts, words for what changed by id, and ids of investments left open."""
    facts = dict(_facts(as_of, folder))
    changed: dict[str, str] = {}
    investments: list[Investment] = []
    for assumed in scenario.investments:
        fact = facts.get(assumed.id)
        revised = _with_fact(assumed, fact) if fact and assumed.kind != "pledge" else assumed
        if revised != assumed:
            changed[assumed.id] = facts[assumed.id].words
        investments.append(revised)
    simulated = (investment.id for investment in scenario.investments if investment.kind != "pledge")
    still_open = tuple(name for name in simulated if name not in changed)
    decided = {name for name, fact in facts.items() if fact.goes_ahead is not None}
    parts = (_open_part(programme, investments, decided) for programme in scenario.programmes)
    with_facts = replace(scenario, investments=tuple(investments), programmes=tuple(filter(None, parts)))
    revised_world = with_observed_drivers(with_facts, as_of, folder)
    return revised_world, changed | _driver_words(scenario, revised_world, folder), still_open


def with_observed_drivers(scenario: Scenario, as_of: str, folder: Path = SHIPPED) -> Scenario:
    """The scenario with observed levels in place of paths and shocks of drivers that have begun, as far as they reach.

    Levels stated for later quarters stay; a rate, deviation or shock that was to last longer gives way to the fitted
    process. Quarters before one began are as observed too: a path starts from the origin.

    Args:
        scenario: as it was frozen.
        as_of: day of the forecast; quarters observed by then are no news.
        folder: where the tables lie.
    """
    if not scenario.drivers and not scenario.shocks:
        return scenario
    origin, drivers = vintage(as_of, folder).trade.origin, vintage(folder=folder).drivers
    later = {quarter: drivers.level(quarter) for quarter in range(origin + 1, drivers.origin + 1)}
    for name in DRIVERS:
        scenario = _with_observed(scenario, name, later)
    return scenario


def _with_observed(scenario: Scenario, name: str, later: Mapping[int, Array]) -> Scenario:
    """The scenario with the levels of later quarters in place of what it assumed of one driver."""
    last = max(later, default=0)
    reach = max((end for begin, end in _spans(scenario, name) if begin <= last), default=0.0)
    levels: dict[int, Distribution] = {
        t: Constant(float(row[DRIVERS.index(name)])) for t, row in later.items() if t < reach
    }
    if not levels:
        return scenario
    path = scenario.drivers.get(name)
    stated = path.levels if isinstance(path, Levels) else {}
    known = Levels("levels", levels | {t: level for t, level in stated.items() if t not in levels})
    left = tuple(shock for shock in scenario.shocks if shock.on != name or shock.at.ends()[0] > last)
    return replace(scenario, drivers={**scenario.drivers, name: known}, shocks=left)


def _spans(scenario: Scenario, name: str) -> Iterator[tuple[float, float]]:
    """Where what a scenario assumes of a driver begins and ends, on the quarter axis."""
    path = scenario.drivers.get(name)
    if isinstance(path, Levels):
        yield 0.0, max(path.levels) + 1.0
    elif path is not None:
        yield path.first, inf if path.end is None else path.end
    for shock in scenario.shocks:
        if shock.on == name:
            yield shock.at.ends()[0], inf if shock.until is None else shock.until


def _driver_words(assumed: Scenario, known: Scenario, folder: Path) -> dict[str, str]:
    """Which paths of drivers were replaced, in words."""
    changed = {name: path for name, path in known.drivers.items() if path != assumed.drivers.get(name)}
    replaced = {name: path.levels for name, path in changed.items() if isinstance(path, Levels)}
    last = vintage(folder=folder).drivers.origin if replaced else 0
    spans = {name: [quarter for quarter in levels if quarter <= last] for name, levels in replaced.items()}
    return {f"drivers.{name}": f"levels observed up to {format_quarter(max(span))}" for name, span in spans.items()}


def _open_part(programme: Programme, investments: list[Investment], decided: set[str]) -> Programme | None:
    """A programme of the members whose fate is still open, or None where there are none."""
    held = (item.id for item in investments if item.kind != "pledge" and programme.holds(item.id, item.company))
    still_open = tuple(id for id in held if id not in decided)
    return replace(programme, members=still_open, company=None) if still_open else None


def _with_fact(assumed: Investment, fact: Fact) -> Investment:
    """An investment with a fact in place of its probability, ties, dates and slip.

    The start of an announcement in phases leaves their dates as assumed: a fact does not say of which phase it is.
    """
    revised = assumed
    if fact.goes_ahead is not None:
        revised = replace(
            revised,
            probability=Constant(float(fact.goes_ahead)),
            requires=(),
            excludes=(),
            same_fate_as=None,
            when=None,
        )
    if fact.start is not None and not assumed.phases:
        revised = replace(revised, production_start=fact.start, construction_start=_possible(assumed, fact.start))
    if fact.started:
        revised = replace(revised, slip=Constant(0.0))
    return revised


def _possible(assumed: Investment, start: Distribution) -> Distribution | None:
    """The assumed start of construction, or None, one building time before production, where the facts rule it out."""
    construction = assumed.construction_start
    if construction is None:
        return None
    latest, production = float(construction.ppf(1 - 1e-9)), float(start.ppf(1e-9))
    return construction if latest + 1 <= production else None


def _facts(as_of: str, folder: Path) -> Iterator[tuple[str, Fact]]:
    dated = {row["announcement_id"]: row for row in read_table("slippage", folder) if _later(row["vintage"], as_of)}
    for row in read_table("announcements", folder):
        slip = dated.get(row["id"])
        goes_ahead = _GOES_AHEAD.get(row["stage"]) if _later(row["state_date"], as_of) else None
        if goes_ahead is not None or (slip is not None and slip["latest_start"]):
            yield row["id"], _fact(row, slip, goes_ahead)


def _fact(row: Row, slip: Row | None, goes_ahead: bool | None) -> Fact:
    dated = slip is not None and bool(slip["latest_start"]) and goes_ahead is not False
    start = span_distribution(slip["latest_start"]) if slip is not None and dated else None
    started = slip is not None and dated and slip["started"] == "yes"
    words = [row["stage"].replace("_", " ")] + ([f"start {slip['latest_start_text']}"] if slip and dated else [])
    return Fact(True if started else goes_ahead, start, started, ", ".join(words))


def _later(date: str, as_of: str) -> bool:
    """Whether the span a date names begins after a day; an empty or unreadable date does not."""
    try:
        return parse_time(date) > parse_time(as_of)
    except ValueError:
        return False


def span_distribution(text: str) -> Distribution:
    """Distribution of a moment in the span that a date names: every moment of it is as likely.

    >>> span_distribution("2028-H2")
    Uniform(low=8114.0, high=8116.0)
    """
    start = parse_time(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return Constant(start)
    if re.fullmatch(r"\d{4}-\d\d", text):
        year, month = divmod(12 * int(text[:4]) + int(text[5:]), 12)
        return Uniform(start, parse_time(f"{year}-{month + 1:02d}"))
    n_quarters = 1 if "Q" in text else 2 if "H" in text else 4
    return Uniform(start, start + n_quarters)
