"""Shapley values of games whose values are known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from math import factorial

import numpy as np
import pytest

from forecast.dims import Array
from forecast.stats.sensitivity import Steps, coalitions, every_step, sampled_steps, shapley_values

Worth = Callable[[frozenset[int]], float]


def members(mask: int) -> frozenset[int]:
    return frozenset(player for player in range(mask.bit_length()) if mask >> player & 1)


def values(worth: Worth, n_joint: int, n_separable: int = 0, steps: Steps | None = None) -> Array:
    """Values of a game in which players from `n_joint` on are separable."""
    taken = every_step(n_joint) if steps is None else steps
    worths = {mask: np.array(worth(members(mask))) for mask in coalitions(taken)}
    gains = {
        mask: np.array([worth(members(mask) | {n_joint + i}) - value for i in range(n_separable)])
        for mask, value in worths.items()
    }
    return shapley_values(taken, worths, gains)


def by_hand(worth: Worth, n_players: int) -> Array:
    """Mean over all orders of what changes when a player joins."""
    parts = np.zeros(n_players)
    for order in permutations(range(n_players)):
        for place, player in enumerate(order):
            parts[player] += worth(frozenset(order[: place + 1])) - worth(frozenset(order[:place]))
    return parts / factorial(n_players)


def gloves(coalition: frozenset[int]) -> float:
    """One left glove, two right ones; a pair is worth one. Values 2/3, 1/6, 1/6 (Shapley and Shubik 1969)."""
    return float(0 in coalition and bool(coalition & {1, 2}))


def runway(coalition: frozenset[int]) -> float:
    """Costs of a runway for planes of length 8, 11, 13 and 18 (Littlechild and Owen 1973): 2, 3, 4, 9."""
    return float(max((8, 11, 13, 18)[player] for player in coalition)) if coalition else 0.0


@pytest.mark.parametrize(
    ("game", "known"), [(gloves, [2 / 3, 1 / 6, 1 / 6]), (runway, [2.0, 3.0, 4.0, 9.0])], ids=["gloves", "runway"]
)
def test_values_of_textbook_games(game: Worth, known: list[float]) -> None:
    assert values(game, len(known)) == pytest.approx(known, abs=1e-14)


def test_a_player_who_changes_nothing_has_exactly_nothing() -> None:
    assert values(lambda coalition: gloves(coalition) * 0.1, 4)[3] == 0.0


def tangled(coalition: frozenset[int]) -> float:
    """Three joint players of any kind, and three that meet them and not each other."""
    joint = sum(1 << player for player in coalition if player < 3)
    alone = (0.3, -1.1, 2.7, 0.4, 5.0, -3.0, 1.7, 2.2)
    meeting = ((1, 2, 3, 4, 5, 6, 7, 8), (0, 1, 0, -1, 2, 2, 3, 5), (2, 2, 2, 2, 2, 2, 2, 2))
    return alone[joint] + sum(meeting[player - 3][joint] for player in coalition if player >= 3)


def test_separable_players_have_the_values_of_all_orders() -> None:
    assert values(tangled, 3, 3) == pytest.approx(by_hand(tangled, 6), abs=1e-12)


def test_separable_players_alone_have_what_they_add() -> None:
    assert values(lambda coalition: float(sum(coalition)), 0, 3) == pytest.approx([0.0, 1.0, 2.0])


def test_a_sample_of_orders_adds_up_and_hits_the_values_on_average() -> None:
    """One pair of orders adds up like all of them; the mean over 2,000 of them is off by no more than its error."""
    rng = np.random.default_rng(5)
    sampled = np.array([values(tangled, 3, 3, sampled_steps(3, 1, rng)) for _ in range(2_000)])
    whole = tangled(frozenset(range(6))) - tangled(frozenset())
    assert sampled.sum(axis=1) == pytest.approx(whole, abs=1e-12)
    error = sampled.std(axis=0, ddof=1) / np.sqrt(len(sampled))
    assert (np.abs(sampled.mean(axis=0) - by_hand(tangled, 6)) < 4 * error + 1e-12).all()


def test_pairs_of_orders_leave_no_noise_where_players_meet_two_by_two() -> None:
    def pairwise(coalition: frozenset[int]) -> float:
        return sum((one + 1) * (other + 2) for one in coalition for other in coalition if one < other)

    for seed in range(5):
        steps = sampled_steps(5, 1, np.random.default_rng(seed))
        assert values(pairwise, 5, steps=steps) == pytest.approx(by_hand(pairwise, 5), abs=1e-12)
