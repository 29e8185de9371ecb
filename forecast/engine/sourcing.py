"""Where plants buy: the Korean share of purchases of a group of projects, quarter by quarter and draw by draw."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from forecast.dims import Array
from forecast.economics import channels
from forecast.economics.channels import QUARTERS_PER_YEAR, korean_share, odds_of_remainder
from forecast.engine.annual import running_totals
from forecast.engine.inputs import Inputs, Values
from forecast.engine.plan import Group, LocalizationPath, Plan


class Purchasing:
    """Localization paths of one block.

    A path for all affiliates is worked out once on their own composition; a group moves with it by the same multipliers
    of its own odds. A path stated for a sector or an investment starts from the group's own composition; fixed
    shares are those of every group.

    Args:
        plan: the compiled scenario.
        inputs: uncertain numbers of the block.
        rows: joint rows of the localization model: `level`, `slope` and `innovation` of the log odds, `(2, n_draws)`.
    """

    def __init__(self, plan: Plan, inputs: Inputs, rows: Mapping[str, Array]) -> None:
        self._origin = float(plan.origin)
        self._time = self._origin + np.arange(plan.n_periods + 1.0)[:, None]
        self._inputs = inputs
        self._rows = rows
        odds = np.exp(rows["level"])
        self._local_of_remainder = odds[0] / (odds[0] + odds[1])
        self._odds = odds
        self._shared = self._multipliers(plan.path, odds)
        self._path = plan.path
        self._stated_for_all = plan.path if plan.path.form == "fixed" else None

    def korean_share(self, group: Group, korean: Values, pressure: Array | None = None) -> Array:
        """Korean share of the group's purchases, `(n_periods + 1, n_draws)`, `korean` at the origin (row 0).

        Args:
            group: projects that buy alike.
            korean: their Korean share at the origin.
            pressure: what tariffs multiply the odds of local supply by; a stated share stays as stated.
        """
        local, third = self._shared
        own = group.path or self._stated_for_all
        if own is not None:
            local, third = self._multipliers(own, odds_of_remainder(korean, self._local_of_remainder))
        if pressure is not None and (own or self._path).form == "fitted":
            local = local * pressure
        return self._share(korean, local, third)

    def fitted_share(self, korean: Values) -> Array:
        """The same on the fitted path, whatever is assumed."""
        return self._share(korean, *self._fitted)

    def _share(self, korean: Values, local: Array, third: Array) -> Array:
        other = self._local_of_remainder * local + (1.0 - self._local_of_remainder) * third
        return np.asarray(korean_share((1.0 - korean) / korean * other))

    def composition(self) -> tuple[Array, Array, Array]:
        """Shares of Korea, local and third countries in what all affiliates buy, `(n_periods + 1, n_draws)` each."""
        local, third = (odds * multiplier for odds, multiplier in zip(self._odds, self._shared, strict=True))
        korean = np.asarray(korean_share(local + third))
        return korean, korean * local, korean * third

    def _multipliers(self, path: LocalizationPath, odds: Array | tuple[Values, Values]) -> tuple[Array, Array]:
        """Multipliers of the odds of local and of third-country supply, from those at the origin."""
        form = path.form
        if form == "fitted":
            return self._fitted
        if form == "hold":
            return np.ones((1, 1)), np.ones((1, 1))
        if form == "fixed":
            return self._fixed(path, odds)
        return self._bent(path, odds), np.ones((1, 1))

    @cached_property
    def _fitted(self) -> tuple[Array, Array]:
        years = (self._time - self._origin) / QUARTERS_PER_YEAR
        n_steps = len(self._time) - 1
        streams = self._inputs.streams
        steps = streams.normals("localization.innovation", 2 * n_steps).reshape(n_steps, 2, streams.n_draws)
        walk = np.zeros((n_steps + 1, 2, streams.n_draws))
        walk[1:] = running_totals(steps)
        walk *= self._rows["innovation"] / np.sqrt(QUARTERS_PER_YEAR)
        local, third = (channels.trend_multiplier(years, self._rows["slope"][i], walk[:, i]) for i in range(2))
        return local, third

    def _fixed(self, path: LocalizationPath, odds: Array | tuple[Values, Values]) -> tuple[Array, Array]:
        """Jump to the stated composition in the first quarter after the origin."""
        korea, local, third = (self._inputs.value(share) for share in path.shares)
        after = channels.step_weight(self._time, self._origin + 1.0)
        return 1.0 + after * (local / korea / odds[0] - 1.0), 1.0 + after * (third / korea / odds[1] - 1.0)

    def _bent(self, path: LocalizationPath, odds: Array | tuple[Values, Values]) -> Array:
        assert path.local is not None
        share = odds[0] * korean_share(odds[0] + odds[1])
        return channels.bent_multiplier(share, self._inputs.value(path.local), self._weight(path))

    def _weight(self, path: LocalizationPath) -> Array:
        if path.by is not None:
            return channels.linear_weight(self._time, self._origin, path.by)
        assert path.at is not None
        if path.speed is None:
            return channels.step_weight(self._time, path.at)
        return channels.logistic_weight(self._time, self._origin, path.at, self._inputs.value(path.speed))
