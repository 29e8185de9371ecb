"""The forecast as an analyst writes it in a notebook: whole numpy arrays, plain expressions, all draws at once.

The equations are those of `forecast.economics.channels` and `forecast.economics.processes`, the numbers those of a
compiled plan. Written without blocks, streams or reuse of memory, but with no mistake a competent analyst would avoid:
arrays are `(n_periods, n_draws)`, an uncertain number is drawn once, a known one stays a float.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forecast.dims import Array
from forecast.economics.processes import LARGEST_SHOCK
from forecast.engine.inputs import Fitted, Input
from forecast.engine.plan import Plan, Project
from forecast.stats.distributions import Constant, Distribution, LogNormal, Triangular, Uniform, Weibull
from forecast.stats.summary import LEVELS


def annual_flows(plan: Plan, n_draws: int, seed: int) -> Array:
    """Annual results `(n_series, n_years, n_draws)` in the order of `SHARED_SERIES`, bn USD."""
    rng = np.random.default_rng(seed)
    exports, imports = baseline(plan, n_draws, rng)
    capital_goods, intermediates, displaced, returned = investments(plan, n_draws, rng)
    effect = capital_goods + intermediates - displaced - returned
    total_exports = exports + capital_goods + intermediates - displaced
    total_imports = imports + returned
    balance = total_exports - total_imports
    channels = [capital_goods, intermediates, -displaced, -returned]
    return np.stack([balance, total_exports, total_imports, exports - imports, effect, *channels])


def statistics(annual: Array, thresholds: tuple[float, ...]) -> Array:
    """Mean, sd, chance of exceeding each threshold and of a loss, quantiles, `(n_statistics, n_series, n_years)`."""
    exceeded = [(annual > threshold).mean(axis=-1) for threshold in thresholds]
    quantiles = np.quantile(annual, LEVELS, axis=-1)
    below = (annual < 0).mean(axis=-1)
    return np.stack([annual.mean(axis=-1), annual.std(axis=-1, ddof=1), *exceeded, below, *quantiles])


def baseline(plan: Plan, n_draws: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Annual exports and imports without new investment, `(n_years, n_draws)`, Korean customs."""
    rows = pick(plan.rows["baseline"], n_draws, rng)
    n = plan.n_periods
    shocks = student_shocks(rows, n, n_draws, rng)
    last = np.concatenate([rows["last_shock"][None], shocks[:-1]])
    shared = rows["moving_average"][0] * (last[:, 0] + last[:, 1]) / 2
    apart = rows["moving_average"][1] * (last[:, 0] - last[:, 1]) / 2
    moved = shocks + np.stack([shared + apart, shared - apart], axis=1)
    log_exports, log_imports = np.empty((2, n + 1, n_draws))
    log_exports[0], log_imports[0] = plan.history[-1][:, None]
    for t in range(n):
        season = rows["season"][(plan.origin + 1 + t) % 4]
        gap = log_exports[t] - log_imports[t] - rows["ratio"]
        growth = rows["drift"] + season + moved[t]
        log_exports[t + 1] = log_exports[t] + growth[0] - rows["adjustment"][0] * gap
        log_imports[t + 1] = log_imports[t] + growth[1] + rows["adjustment"][1] * gap
    exports, imports = annual_sums(plan, np.exp(log_exports[1:])), annual_sums(plan, np.exp(log_imports[1:]))
    exports[0] += plan.observed[0]
    imports[0] += plan.observed[1]
    ratios = np.exp(bridge(plan, n_draws, rng))
    return exports * ratios[:, 0], imports * ratios[:, 1]


def bridge(plan: Plan, n_draws: int, rng: np.random.Generator) -> Array:
    """Log of Korean customs over US Census by year and flow, `(n_years, 2, n_draws)`."""
    rows = pick(plan.rows["bridge"], n_draws, rng)
    shocks = student_shocks(rows, len(plan.years) - 1, n_draws, rng)
    path = [rows["state"]]
    for shock in shocks:
        path.append(rows["mean"] + rows["persistence"] * (path[-1] - rows["mean"]) + shock)
    return np.stack(path)


def student_shocks(rows: Mapping[str, Array], n: int, n_draws: int, rng: np.random.Generator) -> Array:
    """Bounded bivariate Student t shocks of exports and imports, `(n, 2, n_draws)`, log points."""
    freedom, factor = rows["degrees_of_freedom"], rows["shock_factor"]
    stretch = np.sqrt(freedom / (2 * rng.standard_gamma(freedom / 2, (n, n_draws))))
    first, second = rng.standard_normal((2, n, n_draws))
    stretch = np.minimum(stretch, LARGEST_SHOCK / np.hypot(first, second))
    return np.stack([factor[0, 0] * first, factor[1, 0] * first + factor[1, 1] * second], axis=1) * stretch[:, None]


def investments(plan: Plan, n_draws: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Annual news `(n_years, n_draws)`: capital goods, intermediates, displaced exports, reverse imports."""
    values = Values(plan, n_draws, rng)
    levels, multipliers = localization(plan, n_draws, rng)
    local_of_remainder = levels[0] / levels.sum(axis=0)
    capital_goods, intermediates, displaced, returned = np.zeros((4, plan.n_periods + 1, n_draws))
    for group in plan.groups:
        output = np.zeros((plan.n_periods + 1, n_draws))
        for project in group.projects:
            orders, produced = flows_of(plan, project, values, rng.random(n_draws))
            capital_goods += orders
            output += produced
        rates = {name: values(source) for name, source in group.coefficients.items()}
        remainder = (1 - rates["korean_share"]) / rates["korean_share"]
        local = remainder * local_of_remainder * multipliers[0]
        third = remainder * (1 - local_of_remainder) * multipliers[1]
        intermediates += output * rates["purchases_per_output"] / (1 + local + third)
        displaced += output * rates["displacement_rate"]
        returned += output * rates["reverse_import_rate"]
    flows = (capital_goods, intermediates, displaced, returned)
    return tuple(annual_sums(plan, flow[1:] - flow[0]) for flow in flows)


def localization(plan: Plan, n_draws: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Odds of local and third-country supply at the origin, `(2, n_draws)`, and their multipliers since."""
    if plan.path.form != "fitted" or any(group.path for group in plan.groups):
        raise ValueError("got a localization path other than `fitted`, which is all this notebook knows")
    rows = pick(plan.rows["localization"], n_draws, rng)
    years = np.arange(plan.n_periods + 1)[:, None] / 4
    steps = rng.standard_normal((2, plan.n_periods, n_draws))
    walk = np.cumsum(steps, axis=1) * rows["innovation"][:, None] / 2
    walk = np.concatenate([np.zeros((2, 1, n_draws)), walk], axis=1)
    return np.exp(rows["level"]), np.exp(rows["slope"][:, None] * years + walk)


def flows_of(plan: Plan, project: Project, value: Values, luck: Array) -> tuple[Array, Array]:
    """Korean machinery and output of one investment, `(n_periods + 1, n_draws)` each, bn USD a quarter."""
    known = {name: value(source) for name, source in project.coefficients.items()}
    realised = luck < value(project.probability)
    building = known["construction_quarters"]
    start, production = dates(project, value, building)
    standing = project.standing
    built = production if standing is None else start + building
    edges = plan.origin + np.arange(plan.n_periods + 2)[:, None]
    machinery = known["machinery_share"] * known["korean_machinery_share"]
    orders = np.diff(smoothstep((edges - start) / (built - start)), axis=0)
    orders = orders * (value(project.capex) * value(project.scale) * machinery)
    per_capital = value(project.scale) * known["output_per_capex"] * known["utilisation"] / 4
    middles, ramp = edges[:-1] + 0.5, known["ramp_quarters"]
    output = smoothstep((middles - built) / ramp) * (value(project.capex) * per_capital)
    if standing is not None:
        output = output + smoothstep((middles - production) / ramp) * (value(standing) * per_capital)
    orders[1:] *= realised
    output[1:] *= realised
    return orders, output


def dates(project: Project, value: Values, building: Array) -> tuple[Array, Array]:
    """Start of construction and of production, `(n_draws,)` each."""
    if project.construction_start is None:
        planned = value(project.production_start)
        start = np.maximum(planned - building, project.announced)
    else:
        start = value(project.construction_start)
        planned = start + building if project.production_start is None else value(project.production_start)
    production = planned + value(project.slip)
    return start, np.maximum(production, start + 1) if project.standing is None else production


class Values:
    """Uncertain numbers, each drawn when first asked for."""

    def __init__(self, plan: Plan, n_draws: int, rng: np.random.Generator) -> None:
        self._rng, self._n_draws = rng, n_draws
        self._coefficients = plan.sector_rows[:, rng.integers(plan.sector_rows.shape[1], size=n_draws)]
        self._drawn: dict[Input, Array | float] = {}

    def __call__(self, source: Input) -> Array | float:
        if isinstance(source, Fitted):
            return self._coefficients[source.column]
        if source not in self._drawn:
            self._drawn[source] = sample(source.distribution, self._n_draws, self._rng)
        return self._drawn[source]


def sample(distribution: Distribution, n: int, rng: np.random.Generator) -> Array | float:
    """Draws of a distribution by numpy's own sampler, where it has one."""
    match distribution:
        case Constant(value):
            return value
        case Uniform(low, high):
            return rng.uniform(low, high, n)
        case Triangular(low, mode, high):
            return rng.triangular(low, mode, high, n)
        case LogNormal(median, sigma):
            return rng.lognormal(np.log(median), sigma, n)
        case Weibull(shape, scale):
            return scale * rng.weibull(shape, n)
        case _:
            return distribution.ppf(rng.random(n))


def pick(rows: Mapping[str, Array], n_draws: int, rng: np.random.Generator) -> dict[str, Array]:
    """One joint parameter row for each draw, `(..., n_draws)`."""
    index = rng.integers(rows["shock_factor" if "shock_factor" in rows else "level"].shape[-1], size=n_draws)
    return {name: values[..., index] for name, values in rows.items()}


def smoothstep(progress: Array) -> Array:
    inside = np.clip(progress, 0, 1)
    return inside * inside * (3 - 2 * inside)


def annual_sums(plan: Plan, flow: Array) -> Array:
    """Sums over calendar years, `(n_years, n_draws)`; the first year may have fewer quarters."""
    first = 4 - (plan.origin + 1) % 4
    parts = [flow[:first], *(flow[row : row + 4] for row in range(first, len(flow), 4))]
    return np.stack([part.sum(axis=0) for part in parts])
