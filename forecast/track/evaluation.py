"""How frozen forecasts fared, and why: what the assumptions cost, and what the model given true ones.

An entry is run again twice with its posterior, its trade and its seed: as it was assumed, and with hindsight. Then

    CRPS = CRPS(with hindsight)                               the model's part: wrong given the facts
         + CRPS(as assumed) - CRPS(with hindsight)            the assumptions' part: what did not happen
         + CRPS(frozen) - CRPS(as assumed, run again)         revision: code and beliefs changed since

and the same for the error of the median. Where nothing changed, revision is exactly zero; where all assumptions came
true, so is their part.

Of a mixture, the branch is an assumption too, but which one came true no table tells. So the model's part above keeps
the weights, and is divided once more under each branch that may have come true, for the reader who knows which did:

    the model's part = CRPS(that branch alone, with hindsight)     wrong given the facts and the branch
                     + the rest                                    what the weight on other branches cost, or saved
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from forecast.dims import QUARTERLY_SERIES, Array
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, simulate
from forecast.errors import LedgerError, PosteriorError
from forecast.models.posterior import Posterior
from forecast.observations.tables import SHIPPED
from forecast.observations.vintage import vintage
from forecast.scenario.mixture import AnyScenario
from forecast.stats.summary import FINE_LEVELS
from forecast.storage import whole_file, writing
from forecast.track.hindsight import Hindsight, hindsight
from forecast.track.ledger import UNIT, Entry, Predictions, Target, observed, predictions
from forecast.track.scores import WIDTHS, crps, pit

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
    """How one prediction fared.

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
class Verdict:
    """How one entry fared.

    Attributes:
        entry: the frozen forecast.
        scores: of every target observed since, in the order predicted.
        known: what hindsight replaced; None where nothing is to be scored or the entry cannot be run again.
        obstacle: why it cannot be run again, or nothing.
    """

    entry: Entry
    scores: tuple[Score, ...]
    known: Hindsight | None = None
    obstacle: str = ""


def verdict(entry: Entry, n_jobs: int = 1, folder: Path = SHIPPED) -> Verdict:
    """Scores of an entry, split by cause.

    Args:
        entry: the frozen forecast.
        n_jobs: workers, -1 for one per core.
        folder: tables that tell what became of announcements.

    Raises:
        LedgerError: the posterior of the entry is missing or another.
    """
    outcomes = {target: value for target in entry.predictions if (value := observed(target)) is not None}
    if not outcomes:
        return Verdict(entry, ())
    known = hindsight(entry.world, entry.head["as_of"], folder)
    try:
        learned = entry.posterior()
    except PosteriorError as error:
        scores = tuple(_score(entry, target, value) for target, value in outcomes.items())
        return Verdict(entry, scores, obstacle=str(error))
    assumed, facts = (run_again(entry, world, learned, n_jobs) for world in (entry.world, known.world))
    weighed = known.world.branches if known.world.single is None else ()
    alone = {branch.label: run_again(entry, branch.scenario, learned, n_jobs) for branch in weighed}
    scores = tuple(_score(entry, target, value, assumed, facts, alone) for target, value in outcomes.items())
    return Verdict(entry, scores, known)


def run_again(entry: Entry, world: AnyScenario, learned: Posterior, n_jobs: int = 1) -> Predictions:
    """Predictions of a scenario or mixture with the posterior, the trade and the settings of an entry."""
    made = entry.manifest
    known = replace(vintage(world.as_of), trade=entry.trade)
    plan = compile_run(world, learned, known, prior=made["parameters"] == "prior")
    statistics = simulate(plan, Settings(made["n_draws"], made["seed"], made["scheme"]), n_jobs)
    annual, quarterly = statistics.annual.draws()[: len(QUARTERLY_SERIES)], statistics.quarterly.draws()
    return predictions(annual, plan.years, plan.basis, quarterly, statistics.quarters(plan.origin).quarters)


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
        label: (_crps(told[target], outcome), _error(told[target], outcome)) for label, told in (alone or {}).items()
    }
    return Score(target, outcome, frozen, _crps(frozen, outcome), fell, splits[0], splits[1], branches)


def _split(frozen: float, assumed: float, facts: float) -> Split:
    return Split(facts, assumed - facts, frozen - assumed)


def _crps(quantiles: Array, outcome: float) -> float:
    return float(crps(np.array([outcome]), quantiles[None])[0])


def _error(quantiles: Array, outcome: float) -> float:
    return float(quantiles[_MEDIAN]) - outcome


def write_scores(ledger: str | Path, verdicts: Sequence[Verdict]) -> list[Path]:
    """Write every score as CSV beside the entries, in place of what was there; of branches in a file of their own.

    Raises:
        LedgerError: one cannot be written.
    """
    scores = [(found.entry, score) for found in verdicts for score in found.scores]
    tables = {
        SCORES: [_row(*pair) for pair in scores],
        BRANCHES: [row for pair in scores for row in _branch_rows(*pair)],
    }
    columns = {SCORES: COLUMNS, BRANCHES: BRANCH_COLUMNS}
    return [_written(Path(ledger) / name, columns[name], rows) for name, rows in tables.items() if rows]


def _written(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Path:
    saved = writing(path, failure=LedgerError)
    with saved, whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _head(entry: Entry, target: Target) -> Mapping[str, object]:
    return {
        "entry": entry.name,
        "origin": entry.head["origin"],
        "as_of": entry.head["as_of"],
        "basis": target.basis,
        "series": target.series,
        "period": target.period,
        "unit": UNIT,
    }


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
    measures = {"crps": score.crps, "error": score.median - score.outcome}
    for name, split in (("crps", score.crps_split), ("error", score.error_split)):
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


_HEAD = ("entry", "origin", "as_of", "basis", "series", "period", "unit")


COLUMNS = (
    *_HEAD, "outcome", "median", "pit",
    "inside_50", "inside_80", "inside_95", "crps", "crps_model", "crps_assumptions", "crps_revision",
    "error", "error_model", "error_assumptions", "error_revision",
)  # fmt: skip
"""Of `scores.csv`; scores and errors in bn USD over the period."""


BRANCH_COLUMNS = (*_HEAD, "branch", "crps_model", "crps_branch", "error_model", "error_branch")
"""Of `branches.csv`: the last four sum to `crps_model` and `error_model` of `scores.csv`, two by two."""
