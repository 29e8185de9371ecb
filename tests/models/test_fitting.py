"""The fits: likelihoods against known densities, the gate, samplers that fail, and the whole road at small effort.

PyMC takes seconds to import, so that it is imported inside what needs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from forecast.dims import Array
from forecast.economics.processes import baseline_flows, baseline_shocks
from forecast.errors import FitError
from forecast.models.posterior import TRAILING
from forecast.observations.annual import bridge_observations, procurement_shares
from forecast.observations.series import quarterly_drivers, quarterly_trade
from forecast.quarters import parse_quarter
from forecast.track.backtest import cut

ORIGIN = 8105


@pytest.fixture(scope="module")
def fitting() -> Any:
    from forecast.models import fitting

    return fitting


def _converged(n_parameters: int = 2) -> Array:
    return np.random.default_rng(4).standard_normal((4, 500, n_parameters))


def test_independent_chains_pass_the_gate(fitting: Any) -> None:
    fitting.demand_convergence("bridge", {"mean": _converged(), "spill": _converged(1)[..., 0]}, 0)


def test_a_chain_that_went_elsewhere_is_refused_with_its_number(fitting: Any) -> None:
    apart = _converged()
    apart[2, :, 1] += 1.0
    with pytest.raises(FitError, match=r"bridge did not converge: R-hat 1\.\d{3} \(worst at mean; .*at most 1\.01"):
        fitting.demand_convergence("bridge", {"spill": _converged(1), "mean": apart}, 0)


def test_a_slow_walk_is_refused_for_its_sample_size(fitting: Any) -> None:
    rng = np.random.default_rng(8)
    slow = np.empty((4, 1_000, 1))
    slow[:, 0] = rng.standard_normal((4, 1))
    for step in range(1, 1_000):
        slow[:, step] = 0.9 * slow[:, step - 1] + 0.19**0.5 * rng.standard_normal((4, 1))
    with pytest.raises(FitError, match=r"effective sample size \d+ bulk and \d+ tail \(accepted: at least 400\)"):
        fitting.demand_convergence("baseline", {"ratio": slow}, 0)


def test_one_divergence_is_refused(fitting: Any) -> None:
    with pytest.raises(FitError, match=r"1 divergences \(accepted: none\)"):
        fitting.demand_convergence("baseline", {"ratio": _converged()}, 1)


def test_a_parameter_that_never_moved_is_refused(fitting: Any) -> None:
    with pytest.raises(FitError, match="worst at ratio"):
        fitting.demand_convergence("baseline", {"drift": _converged(), "ratio": np.zeros((4, 500))}, 0)


def test_models_of_a_day_see_what_was_public_by_then(fitting: Any) -> None:
    from forecast.observations.vintage import vintage

    before, on = (
        {task.name: task.data for task in fitting.fit_tasks(vintage(day))} for day in ("2025-04-10", "2025-04-11")
    )
    assert before["baseline"] == on["baseline"] == "quarterly trade 1995Q1-2024Q4, US Census basis"
    assert before["localization"] == "korea 2022 61.4%"
    assert on["localization"] == "local 2020 28.3%, korea 2022 61.4%, korea 2023 59.0%, local 2023 32.1%"
    assert on["bridge"].endswith("2024 in both books, 0 readings of later years")


def test_likelihood_of_the_baseline_is_the_student_density_of_its_shocks(fitting: Any) -> None:
    """The model's log probability less that of its priors, against the density formula on shocks from `processes`."""
    from scipy.stats import multivariate_t

    from forecast.models.processes import window

    trade = quarterly_trade()
    drivers = quarterly_drivers(trade.origin)
    task = fitting.baseline_task(trade, drivers)
    seen = window(trade, drivers)
    model = task.build()
    point = _perturbed(model, np.random.default_rng(3))
    terms = model.compile_logp(vars=model.potentials, mode="FAST_COMPILE")(point)
    rows = task.rows({name: values[None] for name, values in point.items()})
    draw = {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}
    shocks = baseline_shocks(draw, seen.history, seen.first)[..., 0]
    rests = shocks - seen.forcing @ rows["response"][0].T
    factor = rows["shock_factor"][0]
    distribution = multivariate_t(shape=factor @ factor.T, df=rows["degrees_of_freedom"][0])
    constant = np.log(2 * np.pi) + np.log(seen.usual_scale).sum()  # dropped of each quarter: no parameter is in it
    assert terms == pytest.approx(seen.weights @ (distribution.logpdf(rests) + constant), rel=1e-9)
    assert rows["last_shock"][0] == pytest.approx(shocks[-1])


def test_the_past_fades_by_half_in_four_years_and_drivers_end_where_trade_does() -> None:
    from forecast.models.processes import window

    trade = quarterly_trade()
    seen = window(trade, quarterly_drivers(trade.origin))
    assert len(seen.weights) == 120
    assert seen.weights[[-1, -17, -33]] == pytest.approx([1.0, 0.5, 0.25])
    early = cut(trade, parse_quarter("1990Q4"))
    drivers = quarterly_drivers(early.origin)
    short = window(early, drivers)
    n_driven = len(drivers.growth)
    assert len(short.weights) == len(short.forcing) == len(early.exports) - 1 > n_driven
    np.testing.assert_array_equal(short.forcing[-n_driven:], drivers.surprises(n_driven))
    assert not short.forcing[:-n_driven].any()


def test_likelihood_of_the_drivers_is_the_student_density_of_their_shocks(fitting: Any) -> None:
    from scipy.special import gammaln
    from scipy.stats import multivariate_t

    from forecast.models.evidence import DRIVER_QUARTERS
    from forecast.models.processes import DRIVER_FREEDOM, DRIVER_SCALE

    drivers = quarterly_drivers(ORIGIN)
    task = fitting.drivers_task(drivers)
    model = task.build()
    point = _perturbed(model, np.random.default_rng(3))
    terms = model.compile_logp(vars=model.potentials, mode="FAST_COMPILE")(point)
    rows = {name: values[0] for name, values in task.rows({name: v[None] for name, v in point.items()}).items()}
    shocks = np.zeros((DRIVER_QUARTERS + 1, 3))
    for quarter, growth in enumerate(drivers.growth[-DRIVER_QUARTERS:]):
        shocks[quarter + 1] = growth - rows["drift"] - rows["moving_average"] * shocks[quarter]
    distribution = multivariate_t(shape=rows["shock_factor"] @ rows["shock_factor"].T, df=DRIVER_FREEDOM)
    norm = (
        gammaln((DRIVER_FREEDOM + 3) / 2)
        - gammaln(DRIVER_FREEDOM / 2)
        - 1.5 * np.log(DRIVER_FREEDOM * np.pi)
        - np.log(DRIVER_SCALE).sum()
    )
    assert terms + DRIVER_QUARTERS * norm == pytest.approx(distribution.logpdf(shocks[1:]).sum(), rel=1e-8)
    assert rows["carried"] == pytest.approx(
        np.where(drivers.edge == 0, rows["moving_average"] * shocks[-1], drivers.edge)
    )


def test_likelihood_of_the_bridge_is_the_student_density_of_its_shocks_times_what_was_read(fitting: Any) -> None:
    from scipy.stats import multivariate_t, norm

    from forecast.models.evidence import SPAN_NOISE

    seen = bridge_observations()
    task = fitting.bridge_task(seen, ORIGIN)
    model = task.build()
    point = _perturbed(model, np.random.default_rng(3))
    terms = model.compile_logp(vars=model.potentials, mode="FAST_COMPILE")(point)
    rows = {name: values[0] for name, values in task.rows({name: v[None] for name, v in point.items()}).items()}
    path = np.vstack([np.log(seen.ratios[3:]), point["later"].T])
    deviations = path - rows["mean"] - rows["drift"] * np.arange(1 - len(path), 1)[:, None]
    shocks = deviations[1:] - rows["persistence"] * deviations[:-1]
    distribution = multivariate_t(shape=rows["shock_factor"] @ rows["shock_factor"].T, df=rows["degrees_of_freedom"])
    noise = SPAN_NOISE * np.array([5 / 12, 9 / 12])  # of 2026, exports of January to July and imports of May to July
    truth = point["later"][:, 0]
    read = norm(truth, noise).logpdf(np.log([span.ratio for span in seen.later])) - norm(0, noise).logpdf(0)
    constant = len(shocks) * (np.log(2 * np.pi) + 2 * np.log(0.02))  # dropped: no parameter is in it
    assert terms - constant == pytest.approx(distribution.logpdf(shocks).sum() + read.sum(), rel=1e-9)


def _perturbed(model: Any, rng: np.random.Generator) -> dict[str, Array]:
    return {name: values + 0.1 * rng.standard_normal(values.shape) for name, values in model.initial_point().items()}


def test_bridge_sees_the_unbroken_run_of_years_and_what_came_after(fitting: Any) -> None:
    task = fitting.bridge_task(bridge_observations(), ORIGIN)
    assert task.data == "years 2011-2025 in both books, 2 readings of later years"


def test_localization_counts_no_share_twice(fitting: Any) -> None:
    task = fitting.localization_task(procurement_shares(), ORIGIN)
    assert task.data == "local 2020 28.3%, korea 2022 61.4%, korea 2023 59.0%, local 2023 32.1%"


def test_prior_forecasts_are_wide_and_finite(fitting: Any) -> None:
    trade = quarterly_trade()
    rows = fitting.prior_rows(fitting.baseline_task(trade), seed=1)
    assert {name: values.shape[1:] for name, values in rows.items()} == dict(TRAILING["baseline"])
    draw = {name: np.moveaxis(values, 0, -1) for name, values in rows.items()}
    rng = np.random.default_rng(1)
    history = np.log([[trade.exports[-1], trade.imports[-1]]])
    tail = rng.standard_gamma(rows["degrees_of_freedom"] / 2, (38, fitting.STORED_ROWS))
    normals = rng.standard_normal((38, 2, fitting.STORED_ROWS))
    exports, imports = baseline_flows(draw, history, trade.origin + 1, normals, tail)
    low, high = 4 * np.quantile(exports[-1] - imports[-1], [0.025, 0.975])
    assert low < 0 < 100 < high < 1_000
    assert np.isfinite(exports).all()
    assert np.isfinite(imports).all()


def test_prior_states_of_the_bridge_follow_from_its_equation(fitting: Any) -> None:
    rows = fitting.prior_rows(fitting.bridge_task(bridge_observations(), ORIGIN), seed=1)
    assert {name: values.shape[1:] for name, values in rows.items()} == dict(TRAILING["bridge"])
    last = np.log(bridge_observations().ratios[-1])  # of 2025; the state is that of 2026
    expected = rows["mean"] + rows["persistence"] * (last - (rows["mean"] - rows["drift"]))
    error = (rows["state"] - expected).std(axis=0) / fitting.STORED_ROWS**0.5
    assert np.abs((rows["state"] - expected).mean(axis=0)) == pytest.approx(0, abs=5 * error.max())


def test_sector_rows_are_quantiles_of_their_priors(fitting: Any) -> None:
    from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors

    rows = fitting.sector_rows(seed=1)
    assert rows.shape == (fitting.STORED_ROWS, *TRAILING["sectors"]["coefficients"])
    for sector, name in [("autos", "displacement_rate"), ("batteries", "machinery_share"), ("other", "ramp_quarters")]:
        distribution = load_sectors()[sector][name].distribution
        found = np.quantile(rows[:, SECTORS.index(sector), COEFFICIENTS.index(name)], [0.1, 0.5, 0.9])
        assert np.asarray(distribution.cdf(found)) == pytest.approx([0.1, 0.5, 0.9], abs=2 / fitting.STORED_ROWS)


def test_importing_the_engine_side_needs_no_pymc() -> None:
    code = "import sys, forecast.models.posterior, forecast.economics.processes; print('pymc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


FITS = """
import numpy, pymc
from forecast.errors import FitError
from forecast.models import sampling
from forecast.models.fitting import fit_tasks, posterior_rows
from forecast.models.sampling import Effort, nutpie, sample
from forecast.observations.vintage import vintage

task = {task.name: task for task in fit_tasks(vintage())}["localization"]
for _ in range(2):
    rows, diagnostics = posterior_rows(task, Effort(seed=5))
    print(rows["fitted_2023"][:, 1].mean().hex(), float(diagnostics["divergences"][0]))
    sampling._compiled.clear()

with pymc.Model() as model:
    level, x = pymc.Data("level", numpy.array(-1.0)), pymc.Normal("x")
    pymc.Potential("bounds", pymc.math.log(level - x**2))
bounded = nutpie.compile_pymc_model(model, backend="numba")
for level, effort in ((-1.0, Effort(n_draws=100)), (1e9, Effort(n_draws=5_000_000, minutes=0.01))):
    try:
        sample(bounded.with_data(level=numpy.array(level)), effort)
    except FitError as error:
        print(error)
"""
"""A fit from nothing and again, a density that is nowhere defined, then more draws than there is time for."""

SAID = [
    "sampling failed (All initialization points failed); data that do not move or leave all bounds do that",
    "sampling did not end within 0.01 minutes of the processor's time; data without noise or with breaks do that",
]


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Lines of a process that knows no compiler and has no compiled code, and that ends as it should."""
    place = str(tmp_path_factory.mktemp("compiled"))
    bare = {"PATH": place, "PYTENSOR_FLAGS": f"base_compiledir={place},cxx=", "HOME": place}
    paths = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    words = [sys.executable, "-c", FITS]
    done = subprocess.run(words, capture_output=True, text=True, env=bare | paths, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_a_sampler_that_fails_is_said_and_its_process_ends(fits: list[str]) -> None:
    assert fits[2:] == SAID


@pytest.mark.slow
def test_a_fit_needs_no_compiler_repeats_itself_and_finds_the_observed_share(fits: list[str]) -> None:
    """The second fit runs code that the first has stored."""
    first, again = (line.split() for line in fits[:2])
    assert first == again
    assert float.fromhex(first[0]) == pytest.approx(0.321, abs=0.002)
    assert first[1] == "0.0"
