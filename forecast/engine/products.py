"""Exports of one block by product: what the total consists of in every draw, and memory on a path of its own.

The total comes first. Under the path `as-fitted` it stays as it is and is only divided; any other path puts another
flow in the place of memory and leaves the flows of all other products as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forecast.dims import PRODUCTS, Array
from forecast.economics.memory import MemoryLevel, autoregression
from forecast.engine.annual import annual_sums, in_quarters, running_totals
from forecast.engine.inputs import Inputs, Values
from forecast.engine.plan import Plan, Products

MEMORY = PRODUCTS.index("memory")

Flow: TypeAlias = tuple[int, Array]
"""Index of a product, and a flow of it."""


@dataclass(frozen=True, slots=True, eq=False)
class ProductExports:
    """Exports of a block by product.

    Attributes:
        plan: the compiled scenario.
        memory, others: memory and all other products, `(n_periods, n_draws)`, bn USD a quarter, US Census basis.
        parts: shares of the other products among themselves by year, `(n_years, 6, n_draws)`.
        annual: by product and year, `(7, n_years, n_draws)`, bn USD a year, basis of the plan.
        ratios: basis of the plan over US Census, of memory and of the others, `(2, n_years, n_draws)`.
        moved: what the path of memory adds to all exports: by quarter on US Census basis, and by year on the basis of
            the plan; None where it is as fitted.
    """

    plan: Plan
    memory: Array
    others: Array
    parts: Array
    annual: Array
    ratios: Array
    moved: tuple[Array, Array] | None

    def quarterly(self, product: int) -> Array:
        """Exports of a product, `(n_periods, n_draws)`, bn USD a quarter, US Census basis."""
        if product == MEMORY:
            return self.memory
        return self.others * in_quarters(self.plan, self.parts[:, product - 1], len(self.others))

    def after_origin(self, product: int, factor: Array | float = 1.0) -> Array:
        """Exports of a product after the origin by year, times a factor of each quarter.

        `(n_years, n_draws)`, bn USD, US Census basis.
        """
        return annual_sums(self.plan, self.quarterly(product) * factor)

    def in_book(self, product: int, census: Array) -> Array:
        """A flow of a product by year on the basis of the plan, from that on US Census basis."""
        return np.asarray(census * self.ratios[min(product, 1)])

    def with_flows(self, flows: Iterable[Flow]) -> Array:
        """Exports by product and year with flows added, `(n_years, n_draws)` each, basis of the plan."""
        whole = self.annual.copy()
        for product, flow in flows:
            whole[product] += flow
        leave_none_below_zero(whole)
        return whole


def leave_none_below_zero(whole: Array) -> None:
    """Raise products, the first axis of `(7, n_years, n_draws)`, that are below zero, in place; their sum stays.

    Where flows take more of a product than a draw's division gives it, that gave it too little: what is lacking comes
    from the last product, the rest, and from all where that has less. A sum that is below zero stays as it is.

    >>> products = np.array([[[-1.0, 1.0, -2.0]], [[3.0, 2.0, 3.0]], [[2.0, 2.0, 1.0]]])
    >>> leave_none_below_zero(products)
    >>> products[:, 0].tolist()
    [[0.0, 1.0, 0.0], [3.0, 2.0, 2.0], [1.0, 2.0, 0.0]]
    """
    lacking = whole.min(axis=0) < 0.0
    total = whole[:, lacking].sum(axis=0)
    lacking[lacking] = total > 0.0
    there, total = np.maximum(whole[:, lacking], 0.0), total[total > 0.0]
    there[-1] = np.maximum(total - there[:-1].sum(axis=0), 0.0)
    whole[:, lacking] = there * (total / there.sum(axis=0))


def product_exports(
    plan: Plan, inputs: Inputs, exports: Array, annual: Array, bridge: Array, news: Array, growth: Array
) -> ProductExports:
    """Exports of a block by product.

    Args:
        exports: all of them, `(n_periods, n_draws)`, bn USD a quarter, US Census basis.
        annual: the same by year on the basis of the plan, the quarters observed of the first year included.
        bridge: that basis over US Census by year, `(n_years, n_draws)` or one draw.
        news: of all exports, standard normals `(n_periods, n_draws)`.
        growth: steady growth of all exports, log points a quarter, `(n_draws,)`.
    """
    given = plan.products
    held = 1.0 / (1.0 + np.exp(-given.log_odds - _swing(given, inputs, news)))
    memory = exports * held
    others = exports - memory

    # A year in both books: what Korean books hold beyond the usual ratio is memory. In years to come its odds rise with
    # the ratio, since under a low one nothing might be left; the first is known in part and keeps others as usual.
    known = np.array([given.census.observed, plan.observed[0] - given.census.observed])
    in_year = np.stack([annual_sums(plan, memory), annual_sums(plan, others)])
    in_year[:, 0] += known[:, None]
    odds = in_year[0] / in_year[1] * (bridge / given.usual) ** given.excess
    by_product = np.empty((len(PRODUCTS), *annual.shape))
    by_product[MEMORY] = annual * (odds / (1.0 + odds))
    by_product[MEMORY, 0] = np.maximum(annual[0] - given.usual * in_year[1, 0], given.counted)
    rest = annual - by_product[MEMORY]
    parts = _parts(plan, inputs)
    by_product[1:] = rest * parts.swapaxes(0, 1)
    ratios = np.stack([by_product[MEMORY] / in_year[0], rest / in_year[1]])
    if given.path.form == "as-fitted":
        return ProductExports(plan, memory, others, parts, by_product, ratios, None)

    # A path of its own: from the level of either book, down to the one trend of both.
    swung = held * (1.0 + np.exp(-given.log_odds))
    census, book = (_on_path(plan, inputs, level, swung, growth) for level in (given.census, given.book))
    in_census, path = annual_sums(plan, census), annual_sums(plan, book)
    in_census[0] += given.census.observed
    path[0] = np.maximum(path[0] + given.book.observed, given.counted)
    moved = census - memory, path - by_product[MEMORY]
    by_product[MEMORY], ratios[0] = path, path / in_census
    return ProductExports(plan, census, others, parts, by_product, ratios, moved)


def _swing(given: Products, inputs: Inputs, news: Array) -> Array:
    """Deviation of memory's log odds from those of the origin, `(n_periods, n_draws)`."""
    together = given.with_exports
    own = inputs.streams.normals("products.memory", len(news))
    mixed = together * news + np.sqrt(1.0 - together**2) * own
    return autoregression(inputs.value(given.persistence), given.volatility * mixed)


def _parts(plan: Plan, inputs: Inputs) -> Array:
    """Shares of the other products among themselves, `(n_years, 6, n_draws)`: as at the origin in its year."""
    given, n_draws = plan.products, inputs.streams.n_draws
    steps = len(plan.years) - 1
    walks = np.zeros((steps + 1, len(given.others), n_draws))
    normals = inputs.streams.normals("products.others", steps * len(given.others))
    walks[1:] = normals.reshape(steps, len(given.others), n_draws) * np.array(given.spread)[:, None]
    weights = np.exp(running_totals(walks)) * np.array(given.others)[:, None]
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _on_path(plan: Plan, inputs: Inputs, level: MemoryLevel, swung: Array, growth: Array) -> Array:
    """Exports of memory on the path that a scenario states, `(n_periods, n_draws)`, in the book of `level`.

    Its trend grows as all exports do in the long run; the height above it lasts, fades or falls. About that it swings
    as its share in exports as fitted does over that of the origin, `swung`, which has bounds: the exponential of a
    swing would have none.
    """
    given = plan.products
    path, ahead = given.path, np.arange(1.0, len(swung) + 1.0)[:, None]
    memory = level.quarter * np.exp(growth * ahead) * swung
    if path.form == "fades":
        persistence = (
            inputs.value(given.persistence) if path.half_life is None else 0.5 ** (1.0 / inputs.value(path.half_life))
        )
        memory *= np.exp((persistence**ahead - 1.0) * _height(given, inputs, level))
    elif path.form == "falls":
        assert path.at is not None
        assert path.share is not None
        after = np.clip(plan.origin + 1.0 + ahead - inputs.value(path.at), 0.0, 1.0)
        memory *= 1.0 - after * inputs.value(path.share) * (1.0 - np.exp(-_height(given, inputs, level)))
    return np.asarray(memory)


def _height(given: Products, inputs: Inputs, level: MemoryLevel) -> Values:
    """Logarithm of memory at the origin over its trend, in the book of `level`."""
    low, high = level.heights
    return low + inputs.value(given.trend) * (high - low)
