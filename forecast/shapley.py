"""Shapley values: how much of what players bring about together is owed to each.

A player joins the others in some order, and what changes then is its part; the value is the mean over all orders
(Shapley 1953, Contributions to the Theory of Games II: 307-317). Parts of any one order add up to the whole, so the
values do, exact or sampled.

Players may be `separable`: what one adds hangs on the others, the joint ones, but on no other separable player. Then
the worth of every coalition follows from those with one separable player at most, and the values stay exact with
`2^n_joint (1 + n_separable)` of them in place of `2^(n_joint + n_separable)`.

A coalition of joint players is a bit mask; worths are arrays of one shape, a number in every cell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import comb
from typing import TypeAlias

import numpy as np

from forecast.draws import Array

Steps: TypeAlias = Mapping[tuple[int, int], float]
"""By coalition and the joint player who joins it next: the share of orders in which that happens."""


def every_step(n_joint: int) -> Steps:
    """Steps of all orders of the joint players."""
    return {
        (mask, player): 1.0 / (n_joint * comb(n_joint - 1, mask.bit_count()))
        for mask in range(2**n_joint)
        for player in range(n_joint)
        if not mask >> player & 1
    }


def sampled_steps(n_joint: int, n_pairs: int, rng: np.random.Generator) -> Steps:
    """Steps of random orders, each with its reverse, which takes away noise where players interact in pairs.

    Source of the pairs: Mitchell and others (2022), Journal of Machine Learning Research 23(43), antithetic sampling.
    """
    shares: dict[tuple[int, int], float] = defaultdict(float)
    for _ in range(n_pairs):
        order = rng.permutation(n_joint).tolist()
        for way in (order, order[::-1]):
            mask = 0
            for player in way:
                shares[mask, player] += 0.5 / n_pairs
                mask |= 1 << player
    return dict(shares)


def coalitions(steps: Steps) -> list[int]:
    """Coalitions of joint players whose worth the values need, from none of them to all."""
    return sorted({0} | {mask for mask, _ in steps} | {mask | 1 << player for mask, player in steps})


def shapley_values(steps: Steps, worths: Mapping[int, Array], gains: Mapping[int, Array]) -> Array:
    """Values of the joint players, then of the separable ones, `(n_players, ...)`.

    Args:
        steps: `every_step`, or some of them.
        worths: worth of every coalition of joint players alone, `(...)`.
        gains: what each separable player adds to that coalition, `(n_separable, ...)`.
    """
    n_joint = max(worths).bit_length()
    joint = np.zeros((n_joint, *worths[0].shape))
    for (mask, player), share in steps.items():
        met = (mask.bit_count() + 1) / (n_joint + 1)  # share of orders in which a separable player came before
        after = mask | 1 << player
        joint[player] += share * (worths[after] - worths[mask])
        joint[player] += share * met * (gains[after] - gains[mask]).sum(axis=0)
    shares = _shares(steps)
    separable = sum(share / (n_joint + 1) * gains[mask] for mask, share in shares.items())
    return np.concatenate([joint, separable])


def _shares(steps: Steps) -> dict[int, float]:
    """Share of orders that pass through each coalition."""
    shares: dict[int, float] = defaultdict(float, {0: 1.0})
    for (mask, player), share in steps.items():
        shares[mask | 1 << player] += share
    return shares
