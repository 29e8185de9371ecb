"""The forecast as one hand-fused numba kernel: the roof under which the engine is measured.

A draw is made in a single pass from its random numbers to its annual sums, in registers and a few small rows, with its
own generator (SFC64) and ziggurat normals; curves are evaluated only where they move in this draw. Draws are split into
chunks with a generator each, so that the result does not depend on the number of threads.

It knows the distributions and the localization path of `announced.yaml` and refuses others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange, set_num_threads
from sampling import FUSED, exponential, gamma, normal, seeded, uniform
from settled import SHARED_SERIES

from forecast.dims import Array
from forecast.economics.processes import LARGEST_SHOCK
from forecast.engine.compile import PROJECT_COEFFICIENTS
from forecast.engine.inputs import Fitted, Input
from forecast.engine.plan import Plan, Project
from forecast.stats.distributions import Constant, Distribution, LogNormal, Normal, Triangular, Uniform, Weibull

CHUNK = 1_000
RATES = ("purchases_per_output", "korean_share", "displacement_rate", "reverse_import_rate")
LEARNED, CONSTANT, UNIFORM, TRIANGULAR, WEIBULL, NORMAL, LOGNORMAL = range(7)
CAPEX, STANDING, SCALE, PROBABILITY, START, PRODUCTION, SLIP, MACHINERY, KOREAN, OUTPUT, USE, BUILDING, RAMP = range(13)


class Tables(NamedTuple):
    """A plan as flat arrays.

    Attributes:
        kinds, distributions: kind of each input, `(n_inputs,)`, and its parameters, `(n_inputs, 4)`.
        projects: inputs of each project in the order `CAPEX ... RAMP`, -1 for none, `(n_projects, 13)`.
        announced: dates of announcement, `(n_projects,)`.
        groups: first project and inputs of the four rates of each group, `(n_groups, 5)`.
        coefficients, baseline, localization, bridge: parameter rows, `(n_rows, n_parameters)`.
        years: year of each simulated quarter, `(n_periods,)`.
        quarters: calendar quarter of each simulated quarter, `(n_periods,)`.
    """

    origin: float
    kinds: Array
    distributions: Array
    projects: Array
    announced: Array
    groups: Array
    coefficients: Array
    baseline: Array
    localization: Array
    bridge: Array
    last: Array
    observed: Array
    years: Array
    quarters: Array


def annual_flows(plan: Plan, n_draws: int, seed: int, n_threads: int = 1) -> Array:
    """Annual results `(n_series, n_years, n_draws)` in the order of `SHARED_SERIES`, bn USD."""
    set_num_threads(n_threads)
    annual = np.empty((len(SHARED_SERIES), len(plan.years), n_draws))
    _fill(tables(plan), seed, annual)
    return annual


def tables(plan: Plan) -> Tables:
    """The plan in the form the kernel reads."""
    if plan.path.form != "fitted" or any(group.path for group in plan.groups):
        raise ValueError("got a localization path other than `fitted`, which is all this kernel knows")
    places: dict[Input, int] = {}
    projects = [project for group in plan.groups for project in group.projects]
    inputs = [_inputs(project, places) for project in projects]
    first = np.cumsum([0, *(len(group.projects) for group in plan.groups)])
    rates = [[_place(group.coefficients[name], places) for name in RATES] for group in plan.groups]
    kinds, distributions = zip(*map(_coded, places), strict=True)
    quarters = plan.origin + 1 + np.arange(plan.n_periods)
    return Tables(
        origin=float(plan.origin),
        kinds=np.array(kinds),
        distributions=np.array(distributions, dtype=float),
        projects=np.array(inputs),
        announced=np.array([project.announced for project in projects]),
        groups=np.array([[start, *row] for start, row in zip(first, [*rates, [-1] * 4], strict=True)]),
        coefficients=np.ascontiguousarray(plan.sector_rows.T),
        baseline=_packed(plan.rows["baseline"], BASELINE),
        localization=_packed(plan.rows["localization"], ("level", "slope", "innovation")),
        bridge=_packed(plan.rows["bridge"], ("mean", "persistence", "state", "shock_factor", "degrees_of_freedom")),
        last=plan.history[-1].copy(),
        observed=plan.observed,
        years=quarters // 4 - plan.years[0],
        quarters=quarters % 4,
    )


BASELINE = (
    "drift", "moving_average", "adjustment", "last_shock", "shock_factor", "ratio", "degrees_of_freedom", "season"
)  # fmt: skip


def _packed(rows: dict[str, Array], names: tuple[str, ...]) -> Array:
    flat = [rows[name].reshape(-1, rows[name].shape[-1]) for name in names]
    return np.ascontiguousarray(np.concatenate(flat).T)


def _inputs(project: Project, places: dict[Input, int]) -> list[int]:
    named = (project.capex, project.standing, project.scale, project.probability, project.construction_start)
    coefficients = [project.coefficients[name] for name in PROJECT_COEFFICIENTS]
    return [_place(source, places) for source in (*named, project.production_start, project.slip, *coefficients)]


def _place(source: Input | None, places: dict[Input, int]) -> int:
    return -1 if source is None else places.setdefault(source, len(places))


def _coded(source: Input) -> tuple[int, tuple[float, ...]]:
    return (
        (LEARNED, (source.column, 0, 0, 0)) if isinstance(source, Fitted) else _coded_distribution(source.distribution)
    )


def _coded_distribution(distribution: Distribution) -> tuple[int, tuple[float, ...]]:
    match distribution:
        case Constant(value):
            return CONSTANT, (value, 0, 0, 0)
        case Uniform(low, high):
            return UNIFORM, (low, high - low, 0, 0)
        case Triangular(low, mode, high):
            return TRIANGULAR, (low, high, (high - low) * (mode - low), (high - low) * (high - mode))
        case Weibull(shape, scale):
            return WEIBULL, (1 / shape, scale, 0, 0)
        case Normal(mean, sd):
            return NORMAL, (mean, sd, 0, 0)
        case LogNormal(median, sigma):
            return LOGNORMAL, (np.log(median), sigma, 0, 0)
    raise ValueError(f"got {distribution}, which this kernel does not know")


@njit(parallel=True, **FUSED)
def _fill(t, seed, annual):
    n_draws = annual.shape[2]
    for chunk in prange((n_draws + CHUNK - 1) // CHUNK):
        rng = seeded(seed, chunk)
        values = np.empty(len(t.kinds))
        local, third = np.empty((2, len(t.years) + 1))
        flows = np.empty((4, len(t.years) + 1))
        output = np.empty(len(t.years) + 1)
        sums = np.empty((6, annual.shape[1]))
        for draw in range(chunk * CHUNK, min(n_draws, (chunk + 1) * CHUNK)):
            sums[:] = 0.0
            _add_baseline(t, rng, sums)
            _scale_by_bridge(t, rng, sums)
            _draw_values(t, rng, values)
            _add_investments(t, rng, values, local, third, flows, output, sums)
            _store(sums, annual, draw)


@njit(inline="always", **FUSED)
def _store(sums, annual, draw):
    for year in range(annual.shape[1]):
        exports, imports, capital_goods, intermediates, displaced, returned = sums[:, year]
        effect = capital_goods + intermediates - displaced
        annual[1, year, draw] = exports + effect
        annual[2, year, draw] = imports + returned
        annual[0, year, draw] = exports + effect - imports - returned
        annual[3, year, draw] = exports - imports
        annual[4, year, draw] = effect - returned
        annual[5, year, draw] = capital_goods
        annual[6, year, draw] = intermediates
        annual[7, year, draw] = -displaced
        annual[8, year, draw] = -returned


@njit(inline="always", **FUSED)
def _picked(rows, rng):
    return rows[int(uniform(rng) * len(rows))]


@njit(**FUSED)
def _add_baseline(t, rng, sums):
    row = _picked(t.baseline, rng)
    exports, imports = t.last
    before_exports, before_imports = row[5], row[6]
    half_freedom = row[12] / 2
    for period in range(len(t.years)):
        stretch = np.sqrt(half_freedom / gamma(rng, half_freedom))
        first, second = normal(rng), normal(rng)
        stretch = min(stretch, LARGEST_SHOCK / np.hypot(first, second))
        shock_exports = stretch * row[7] * first
        shock_imports = stretch * (row[9] * first + row[10] * second)
        season = 13 + 2 * t.quarters[period]
        gap = exports - imports - row[11]
        shared = row[1] * (before_exports + before_imports) / 2
        apart = row[2] * (before_exports - before_imports) / 2
        exports += row[0] + row[season] - row[3] * gap + shock_exports + shared + apart
        imports += row[0] + row[season + 1] + row[4] * gap + shock_imports + shared - apart
        before_exports, before_imports = shock_exports, shock_imports
        sums[0, t.years[period]] += np.exp(exports)
        sums[1, t.years[period]] += np.exp(imports)
    sums[0, 0] += t.observed[0]
    sums[1, 0] += t.observed[1]


@njit(**FUSED)
def _scale_by_bridge(t, rng, sums):
    row = _picked(t.bridge, rng)
    exports, imports = row[4], row[5]
    half_freedom = row[10] / 2
    for year in range(sums.shape[1]):
        if year > 0:
            stretch = np.sqrt(half_freedom / gamma(rng, half_freedom))
            first, second = normal(rng), normal(rng)
            stretch = min(stretch, LARGEST_SHOCK / np.hypot(first, second))
            exports = row[0] + row[2] * (exports - row[0]) + stretch * row[6] * first
            imports = row[1] + row[3] * (imports - row[1]) + stretch * (row[8] * first + row[9] * second)
        sums[0, year] *= np.exp(exports)
        sums[1, year] *= np.exp(imports)


@njit(**FUSED)
def _draw_values(t, rng, values):
    row = _picked(t.coefficients, rng)
    for i in range(len(values)):
        kind, a, b = t.kinds[i], t.distributions[i, 0], t.distributions[i, 1]
        if kind == LEARNED:
            values[i] = row[int(a)]
        elif kind == CONSTANT:
            values[i] = a
        elif kind == UNIFORM:
            values[i] = a + b * uniform(rng)
        elif kind == TRIANGULAR:
            u = uniform(rng)
            rising = u * (b - a) ** 2 < t.distributions[i, 2]
            values[i] = (
                a + np.sqrt(u * t.distributions[i, 2]) if rising else b - np.sqrt((1 - u) * t.distributions[i, 3])
            )
        elif kind == WEIBULL:
            values[i] = b * exponential(rng) ** a
        elif kind == NORMAL:
            values[i] = a + b * normal(rng)
        else:
            values[i] = np.exp(a + b * normal(rng))


@njit(**FUSED)
def _walk(rng, row, local, third):
    """Multipliers of the odds of local and third-country supply, row 0 the origin."""
    local[0], third[0] = 1.0, 1.0
    walk_local, walk_third = 0.0, 0.0
    for period in range(1, len(local)):
        walk_local += row[2] / 4 + row[4] / 2 * normal(rng)
        walk_third += row[3] / 4 + row[5] / 2 * normal(rng)
        local[period], third[period] = np.exp(walk_local), np.exp(walk_third)


@njit(**FUSED)
def _add_investments(t, rng, values, local, third, flows, output, sums):
    row = _picked(t.localization, rng)
    _walk(rng, row, local, third)
    local_of_remainder = 1 / (1 + np.exp(row[1] - row[0]))
    flows[:] = 0.0
    for group in range(len(t.groups) - 1):
        output[:] = 0.0
        for project in range(t.groups[group, 0], t.groups[group + 1, 0]):
            _add_project(t, rng, values, project, flows[0], output)
        purchases, korean = values[t.groups[group, 1]], values[t.groups[group, 2]]
        displacement, returned = values[t.groups[group, 3]], values[t.groups[group, 4]]
        remainder = (1 - korean) / korean
        to_local, to_third = remainder * local_of_remainder, remainder * (1 - local_of_remainder)
        for i in range(len(output)):
            flows[1, i] += output[i] * purchases / (1 + to_local * local[i] + to_third * third[i])
            flows[2, i] += output[i] * displacement
            flows[3, i] += output[i] * returned
    for channel in range(4):
        for period in range(len(t.years)):
            sums[2 + channel, t.years[period]] += flows[channel, period + 1] - flows[channel, 0]


@njit(**FUSED)
def _add_project(t, rng, values, number, capital_goods, output):
    project = t.projects[number]
    scale, building = values[project[SCALE]], values[project[BUILDING]]
    n_rows = len(output) if uniform(rng) < values[project[PROBABILITY]] else 1
    if project[START] >= 0:
        start = values[project[START]]
    else:
        start = max(values[project[PRODUCTION]] - building, t.announced[number])
    planned = values[project[PRODUCTION]] if project[PRODUCTION] >= 0 else start + building
    production = planned + values[project[SLIP]]
    if project[STANDING] < 0:
        production = max(production, start + 1.0)
    built = production if project[STANDING] < 0 else start + building
    orders = values[project[CAPEX]] * scale * values[project[MACHINERY]] * values[project[KOREAN]]
    _add_orders(start - t.origin, built - t.origin, orders, n_rows, capital_goods)
    per_capital = scale * values[project[OUTPUT]] * values[project[USE]] / 4
    _add_output(built - t.origin, values[project[RAMP]], values[project[CAPEX]] * per_capital, n_rows, output)
    if project[STANDING] >= 0:
        capacity = values[project[STANDING]] * per_capital
        _add_output(production - t.origin, values[project[RAMP]], capacity, n_rows, output)


@njit(inline="always", **FUSED)
def _smoothstep(progress):
    inside = min(max(progress, 0.0), 1.0)
    return inside * inside * (3.0 - 2.0 * inside)


@njit(**FUSED)
def _add_orders(start, end, orders, n_rows, flow):
    first, last = max(int(np.floor(start)), 0), min(int(np.ceil(end)), n_rows)
    per_quarter = 1 / (end - start)
    below = _smoothstep((first - start) * per_quarter)
    for i in range(first, last):
        above = _smoothstep((i + 1 - start) * per_quarter)
        flow[i] += orders * (above - below)
        below = above


@njit(**FUSED)
def _add_output(start, ramp, capacity, n_rows, flow):
    first, last = max(int(np.floor(start)), 0), max(min(int(np.ceil(start + ramp)), n_rows), 0)
    for i in range(first, last):
        flow[i] += capacity * _smoothstep((i + 0.5 - start) / ramp)
    for i in range(max(first, last), n_rows):
        flow[i] += capacity
