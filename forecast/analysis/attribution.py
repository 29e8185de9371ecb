"""Which assumption moved the outcome: the difference of two scenarios divided among the assumptions that differ.

Every coalition of assumptions is a scenario, those in it as the alternative has them and the others as the reference
does, simulated with the same random numbers; the parts are Shapley values in every draw (`shapley`), so that they add
up to the difference in every draw.
"""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forecast import shown
from forecast.dims import FUTURE, NEWS, POLICIES, Array
from forecast.engine.block import (
    Baseline,
    Flows,
    block_inputs,
    flows_over,
    plants_beside,
    row_picks,
    simulated_baseline,
    trade_alone,
)
from forecast.engine.compile import compile_plan
from forecast.engine.plan import BLOCK_SIZE, Plan
from forecast.engine.run_plan import alone
from forecast.engine.simulate import Settings, block_streams
from forecast.engine.stratified import block_of_streams
from forecast.errors import RunError
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.parallel import Progress, in_order
from forecast.scenario.contrasts import Contrast, contrasts, mixed
from forecast.scenario.mixture import AnyScenario
from forecast.scenario.scenario import Scenario, load_scenario
from forecast.stats.sensitivity import Steps, coalitions, every_step, sampled_steps, shapley_values
from forecast.stats.shared_rows import RowPicks
from forecast.stats.streams import Streams, generator
from forecast.stats.summary import LEAST_BLOCKS, Moments, Statistic
from forecast.storage.documents import scenario_path

if TYPE_CHECKING:
    import pandas as pd

_Coalition: TypeAlias = tuple[int, int | None]
"""Joint contrasts as a bit mask, and one separable contrast at most."""

ACCOUNT = ("baseline_balance", *NEWS[1:], *POLICIES, FUTURE)
"""Series that add up to the trade balance; a run without some of them has zeros for theirs."""

MOST_SCENARIOS = 256
"""Scenarios simulated at most for one attribution, unless asked for more: one to two minutes at 20,000 draws."""

_WORTH_WORKERS = 100
"""Simulations of a block from which workers are worth the time they take to start."""

_MOST_BASELINES, _MOST_PLANS = 16, 32
"""Baselines of a block that are kept, of some ten megabytes each, and plans, of two."""

TOLERANCE = 1e-6
"""bn USD a year that parts may miss the difference by; sums of a dozen numbers of 100 bn USD are good to 1e-11."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """The difference of two scenarios, divided.

    Attributes:
        reference, alternative: names of the two.
        basis: statistical book of both.
        contrasts: assumptions that differ.
        years: calendar years.
        difference: of the trade balance, alternative less reference, `(n_years, n_draws)`, bn USD a year.
        parts: of each assumption, `(n_contrasts, n_years, n_draws)`; they sum to the difference in every draw.
        channels: mean of each part by the series of `ACCOUNT`, `(n_contrasts, n_series, n_years)`, with its error, from
            the spread between blocks of draws or, where they are few, between parts of them.
        exact: all orders of the assumptions were taken, and not a sample of them.
        n_scenarios: scenarios simulated, in each block of draws.
        n_failed: draws that were not finite, and are left out.
        rows: posterior rows that the other draws pick.
    """

    reference: str
    alternative: str
    basis: str
    contrasts: tuple[Contrast, ...]
    years: tuple[int, ...]
    difference: Array
    parts: Array
    channels: Statistic
    exact: bool
    n_scenarios: int
    n_failed: int
    rows: RowPicks

    def waterfall(self, year: int | None = None) -> Any:
        """The difference of a year, the last by default, taken apart: a figure of matplotlib."""
        return shown("report.notebook.waterfall", self, year)

    def to_frame(self) -> pd.DataFrame:
        """Mean and 80 % interval of every part and of the whole, by year and assumption, as a pandas table."""
        frame: pd.DataFrame = shown("report.notebook.attribution_frame", self)
        return frame

    def __repr__(self) -> str:
        return f"<{self.alternative} less {self.reference}, divided among {len(self.contrasts)} assumptions>"

    def _repr_html_(self) -> str:
        return str(shown("report.notebook.attribution_html", self))

    @property
    def gap(self) -> float:
        """The most by which the parts miss the difference in any draw and year, bn USD a year."""
        return float(np.abs(self.parts.sum(axis=0) - self.difference).max(initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Game:
    """What a worker needs: two scenarios, joint contrasts before separable ones, and how to simulate."""

    reference: Scenario
    alternative: Scenario
    contrasts: tuple[Contrast, ...]
    n_joint: int
    settings: Settings
    posterior: Posterior
    prior: bool
    n_pairs: int
    plans: dict[frozenset[str], Plan] = field(default_factory=dict)

    def plan(self, taken: Collection[Contrast]) -> Plan:
        """The plan of a coalition; the first few are compiled once for all blocks of a process."""
        key = frozenset(contrast.name for contrast in taken)
        if key not in self.plans:
            scenario = mixed(self.reference, self.alternative, taken)
            plan = compile_plan(scenario, self.posterior, vintage(scenario.as_of), prior=self.prior)
            if len(self.plans) == _MOST_PLANS:
                return plan
            self.plans[key] = plan
        return self.plans[key]

    @property
    def n_separable(self) -> int:
        return len(self.contrasts) - self.n_joint

    @property
    def n_blocks(self) -> int:
        return -(-self.settings.n_draws // BLOCK_SIZE)

    @property
    def n_scenarios(self) -> int:
        """Scenarios simulated for each block of draws, about."""
        return _n_scenarios(self.n_joint, self.n_separable, self.n_pairs)

    def batches(self, draws: NDArray[Any]) -> list[NDArray[Any]]:
        """Draws of a block in as many parts as all blocks need to tell an error."""
        n_batches = -(-LEAST_BLOCKS // self.n_blocks)
        return np.array_split(draws, max(min(n_batches, draws.shape[-1]), 1), axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    difference: Array
    parts: Array
    channels: Moments


def attribute(
    reference: Scenario | str | Path,
    alternative: Scenario | str | Path,
    settings: Settings = Settings(),
    *,
    posterior: Posterior | None = None,
    prior: bool = False,
    most: int = MOST_SCENARIOS,
    n_jobs: int = 1,
    progress: Progress = Progress(),
) -> Attribution:
    """Divide the difference of two scenarios among the assumptions in which they differ.

    >>> forecast.attribute("hyundai", "localization-fast").parts  # doctest: +SKIP

    Args:
        reference, alternative: scenarios, files, or names of shipped ones.
        settings: draws, seed and sampling scheme.
        posterior: parameters of both; the stored ones by default.
        prior: use the prior rows in place of the posterior's.
        most: scenarios simulated at most for each block of draws. Where all orders of the assumptions need more, a
            sample of orders is drawn, for each block its own; a pair of orders is the least.
        n_jobs: workers, -1 for one per core.
        progress: told of draws that are finished.

    Raises:
        ScenarioError: a file cannot be read as a scenario.
        RunError: the two stand on different days or books, or parts miss the difference.
    """
    pair = [
        given if isinstance(given, Scenario) else load_scenario(scenario_path(given))
        for given in (reference, alternative)
    ]
    demand_same_frame(*pair)
    learned = load_posterior(as_of=pair[0].as_of) if posterior is None else posterior
    found = sorted(contrasts(*pair), key=lambda contrast: contrast.separable)
    n_joint = sum(not contrast.separable for contrast in found)
    if _n_scenarios(n_joint, len(found) - n_joint, 1) > most:
        n_joint = len(found)  # one pair of orders of the joint ones is too much already

    def divided(n_joint: int) -> Attribution:
        n_pairs = _pairs(n_joint, len(found) - n_joint, most)
        game = _Game(pair[0], pair[1], tuple(found), n_joint, settings, learned, prior, n_pairs)
        return _joined(game, list(_simulated(game, n_jobs, progress)))

    by_itself = divided(n_joint)
    if by_itself.gap <= TOLERANCE:
        return by_itself
    # Investments that replace the same exports hang on each other where these run out.
    together = divided(len(found))
    if together.gap > TOLERANCE:
        raise RunError(
            f"{pair[0].name} and {pair[1].name}: got parts that miss the difference by {together.gap:.2g} bn USD, "
            "expected none: two assumptions hang on each other in a way that is not known"
        )
    return together


def scenarios_needed(found: Collection[Contrast]) -> int:
    """Scenarios that an exact attribution to some contrasts simulates for each block of draws."""
    n_separable = sum(contrast.separable for contrast in found)
    return _n_scenarios(len(found) - n_separable, n_separable)


def _n_scenarios(n_joint: int, n_separable: int, n_pairs: int = 0) -> int:
    """The same by the numbers of contrasts; about, for a sample of some pairs of orders of the joint ones."""
    return (2 * n_joint * n_pairs if n_pairs else 2**n_joint) * (1 + n_separable)


def demand_same_frame(reference: AnyScenario, alternative: AnyScenario) -> None:
    """Refuse scenarios whose results are not of one kind.

    Raises:
        RunError: they stand on different days or books.
    """
    for key in ("as_of", "basis"):
        got = getattr(reference, key), getattr(alternative, key)
        if got[0] != got[1]:
            told = " and ".join("all the data" if key == "as_of" and value is None else str(value) for value in got)
            raise RunError(
                f"{reference.name} and {alternative.name} cannot be compared: {key}: got {told}, expected the same "
                f"in both"
            )


def _pairs(n_joint: int, n_separable: int, most: int) -> int:
    """Pairs of orders to sample, or 0 where all of them are within reach."""
    if _n_scenarios(n_joint, n_separable) <= most:
        return 0
    return max(most // _n_scenarios(n_joint, n_separable, 1), 1)


def _steps(game: _Game, block: int) -> Steps:
    if not game.n_pairs:
        return every_step(game.n_joint)
    return sampled_steps(game.n_joint, game.n_pairs, generator(game.settings.seed, "attribution.orders", block))


def _simulated(game: _Game, n_jobs: int, progress: Progress) -> Iterator[_Block]:
    worth_workers = game.n_blocks > 1 and game.n_blocks * game.n_scenarios >= _WORTH_WORKERS
    for block in in_order(partial(_block, game), list(range(game.n_blocks)), n_jobs if worth_workers else 1):
        progress.advance(block.difference.shape[-1])
        yield block


def _block(game: _Game, index: int) -> _Block:
    """Parts of one block of draws."""
    n_draws = min(BLOCK_SIZE, game.settings.n_draws - index * BLOCK_SIZE)
    streams = block_of_streams(game.settings.seed, index, n_draws, game.settings.scheme)
    joint, separable = game.contrasts[: game.n_joint], game.contrasts[game.n_joint :]
    steps = _steps(game, index)
    worths: dict[_Coalition, tuple[Array, Array]] = {}
    baselines: dict[bytes, Baseline] = {}
    for mask in coalitions(steps):
        taken = [contrast for player, contrast in enumerate(joint) if mask >> player & 1]
        for player, contrast in [(None, []), *((player, [one]) for player, one in enumerate(separable))]:
            worths[mask, player] = _worth(game, [*taken, *contrast], streams, baselines)
    balances, means = ({key: worth[i] for key, worth in worths.items()} for i in range(2))
    whole = _worth(game, game.contrasts, streams, baselines)[0] - balances[0, None]
    parts, channels = (_parts(steps, game.n_separable, table) for table in (balances, means))
    return _Block(whole, parts, _moments(np.moveaxis(channels, -1, 0), game.batches(whole)))


def _moments(means: Array, batches: Sequence[Array]) -> Moments:
    """Means of all parts of a block together, `(n_batches, ...)`."""
    found = Moments()
    for mean, batch in zip(means, batches, strict=True):
        found.merge(Moments(1, float(batch.shape[-1]), mean, np.zeros(())))
    return found


def _parts(steps: Steps, n_separable: int, table: Mapping[_Coalition, Array]) -> Array:
    """Shapley values of what is known of every coalition, `(n_contrasts, ...)`."""
    worths = {mask: table[mask, None] for mask in coalitions(steps)}
    gains = {
        mask: np.array([table[mask, player] - worth for player in range(n_separable)]).reshape(-1, *worth.shape)
        for mask, worth in worths.items()
    }
    return shapley_values(steps, worths, gains)


def _worth(
    game: _Game, taken: Collection[Contrast], streams: Streams, baselines: dict[bytes, Baseline]
) -> tuple[Array, Array]:
    """Trade balance of a coalition `(n_years, n_draws)`, and means of `ACCOUNT`, `(n_series, n_years, n_batches)`."""
    plan = game.plan(taken)
    annual = flows_beside(plan, streams, baselines).annual
    finite = np.asarray(np.isfinite(annual).all(axis=(0, 1)))
    batched = zip(game.batches(annual), game.batches(finite), strict=True)
    sound = np.stack([batch[..., kept].mean(axis=-1) for batch, kept in batched], axis=-1)
    means = dict(zip(plan.series, sound, strict=True))
    nothing = np.zeros(sound.shape[1:])
    return annual[plan.series.index("trade_balance")], np.stack([means.get(name, nothing) for name in ACCOUNT])


def flows_beside(plan: Plan, streams: Streams, baselines: dict[bytes, Baseline]) -> Flows:
    """Results of one block of one scenario; trade without plants is that of an earlier one where it is the same.

    Args:
        baselines: of plans with the same rows and streams, by what they say of trade; a new one is added.
    """
    trade = trade_alone(plan)
    said = pickle.dumps(replace(trade, rows={}))
    if said not in baselines:
        if len(baselines) == _MOST_BASELINES:
            baselines.clear()
        baselines[said] = simulated_baseline(trade, block_inputs(trade, streams))
    baseline = baselines[said]
    return flows_over(baseline, plan, plants_beside(baseline, plan, block_inputs(plan, streams)))


def _joined(game: _Game, blocks: Sequence[_Block]) -> Attribution:
    """All blocks, without draws that are not finite in some coalition."""
    difference = np.concatenate([block.difference for block in blocks], axis=-1)
    parts = np.concatenate([block.parts for block in blocks], axis=-1)
    channels = Moments()
    for block in blocks:
        channels.merge(block.channels)
    sound = np.isfinite(difference).all(axis=0) & np.isfinite(parts).all(axis=(0, 1))
    last = min(game.reference.horizon, game.alternative.horizon)
    ends = [alone(game.plan(taken)) for taken in ((), game.contrasts)]
    return Attribution(
        reference=game.reference.name,
        alternative=game.alternative.name,
        basis=game.reference.basis,
        contrasts=game.contrasts,
        years=tuple(range(last + 1 - len(difference), last + 1)),
        difference=difference[:, sound],
        parts=parts[..., sound],
        channels=Statistic(channels.mean, channels.standard_error()),
        exact=not game.n_pairs,
        n_scenarios=len(coalitions(_steps(game, 0))) * (1 + game.n_separable),
        n_failed=int((~sound).sum()),
        rows=row_picks(ends, block_streams(ends[0], game.settings)).of(sound),
    )
