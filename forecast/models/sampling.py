"""How one model is sampled: from its posterior given its own data or others of the same shape, and from its prior.

Models are compiled by numba, so that no C compiler is needed, and in strict floating point, so that a seed gives the
same rows whether or not the compiled code came from the cache.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np

from forecast.dims import Array
from forecast.errors import FitError
from forecast.storage.files import scratch_folder, writing

if which("g++") is None:
    os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")  # PyTensor warns of a missing compiler that no fit needs

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # ArviZ before 1.0 announces its successor
    import nutpie
    import pymc
    import pytensor
    from numba.core.bytecode import FunctionIdentity
    from numba.core.errors import NumbaPerformanceWarning
    from pytensor.compile.compilelock import lock_ctx
    from pytensor.graph.basic import Constant
    from pytensor.graph.traversal import ancestors
    from pytensor.link.numba import cache

    from forecast.models.task import Free, Task, model_data

# Code is linked by names that count the functions of a process. From the usual 1 on, code stored by two processes has
# the same names, and a process that loads both runs one model with parts of the other.
FunctionIdentity._unique_ids = count(secrets.randbits(48))  # noqa: SLF001
_compiled: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class Effort:
    """How long a model is sampled.

    Attributes:
        n_draws: kept draws of each chain.
        n_tuning: draws of each chain spent on tuning.
        seed: non-negative integer.
        n_chains: independent chains, two at a time.
        acceptance: share of proposals the steps are tuned to accept: at the usual 0.8 spreads learned from few data
            now and then diverge.
        minutes: of the processor's time, after which a fit is given up.
    """

    n_draws: int = 2_000
    n_tuning: int = 1_000
    seed: int = 0
    n_chains: int = 4
    acceptance: float = 0.9
    minutes: float = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Draws of one sampler.

    Attributes:
        free: free parameters by name, `(n_chains, n_draws, ...)`.
        log_density: joint log density of parameters and data, `(n_chains, n_draws)`.
        n_divergences: divergent transitions after tuning.
    """

    free: Mapping[str, Array]
    log_density: Array
    n_divergences: int


def compiled(task: Task) -> Any:
    """The model of a task with its data, as machine code that is made once for each form of a model."""
    model = task.build()
    data = {str(variable.name): variable.get_value() for variable in model.data_vars}
    form = _form(task.name, model, data)
    if form not in _compiled:
        flags = pytensor.config.change_flags(cxx="", mode="FAST_COMPILE", numba__fastmath=False)
        with _own_cache(task.name), _passing_sources(), _plain_code(), flags, warnings.catch_warnings():
            warnings.simplefilter("ignore", NumbaPerformanceWarning)  # a hint on the speed of small products
            _compiled[form] = nutpie.compile_pymc_model(
                model, backend="numba", default_initialization_strategy="prior"
            )  # the usual start, a unit around the prior's centre, lies so far out that a chain in seventy stays there
    return _compiled[form].with_data(**data)


@contextmanager
def _own_cache(name: str) -> Iterator[None]:
    """Stored machine code of one model, for one process at a time: what two add at a time is lost or mixed up."""
    usual = cache.NUMBA_CACHE_PATH
    cache.NUMBA_CACHE_PATH = usual / "forecast" / name
    with writing(usual, "name another folder with PYTENSOR_FLAGS=base_compiledir=FOLDER"):
        cache.NUMBA_CACHE_PATH.mkdir(parents=True, exist_ok=True)
    try:
        with lock_ctx(cache.NUMBA_CACHE_PATH, timeout=-1):
            yield
    finally:
        cache.NUMBA_CACHE_PATH = usual


@contextmanager
def _passing_sources() -> Iterator[None]:
    """A folder for the source of every function that is compiled, which PyTensor would leave behind."""
    usual = tempfile.tempdir
    with scratch_folder() as folder:
        tempfile.tempdir = str(folder)
        try:
            yield
        finally:
            tempfile.tempdir = usual


@contextmanager
def _plain_code() -> Iterator[None]:
    """Machine code that LLVM improves a little only: the same numbers as fast, compiled in two thirds of the time."""
    usual = os.environ.get("NUMBA_OPT")
    os.environ["NUMBA_OPT"] = "1"
    try:
        yield
    finally:
        if usual is None:
            del os.environ["NUMBA_OPT"]
        else:
            os.environ["NUMBA_OPT"] = usual


def _form(name: str, model: Any, data: Mapping[str, Array]) -> tuple[Any, ...]:
    """Key of compiled code: name, shapes of the data, and every other number in the equations."""
    constants = [value.data for value in ancestors([model.logp()]) if isinstance(value, Constant)]
    fixed = tuple(value.tobytes() if isinstance(value, np.ndarray) else repr(value) for value in constants)
    return (name, *((name, values.shape) for name, values in data.items()), *fixed)


def sample(model: Any, effort: Effort) -> Sample:
    """Draws from the posterior of a compiled model.

    Raises:
        FitError: no chain could start, or the time given is over.
    """
    sampler = nutpie.sample(
        model,
        draws=effort.n_draws,
        tune=effort.n_tuning,
        chains=effort.n_chains,
        cores=min(2, effort.n_chains),
        seed=effort.seed,
        target_accept=effort.acceptance,
        progress_bar=False,
        blocking=False,  # a blocking one takes Ctrl-C for a wish to have the draws made so far
    )
    try:
        trace = _awaited(sampler, effort.minutes)
    except BaseException:
        sampler.cancel()
        _await_end_of_threads()
        raise
    free = {str(name): np.asarray(values) for name, values in trace.posterior.data_vars.items()}
    statistics = trace.sample_stats
    return Sample(free, np.asarray(statistics.logp), int(np.asarray(statistics.diverging).sum()))


def _awaited(sampler: Any, minutes: float) -> Any:
    """What a sampler has drawn; a busy machine lengthens the wait, as the processor's time is counted."""
    started = time.process_time()
    while True:
        try:
            return sampler.wait(timeout=1.0)
        except TimeoutError:
            if time.process_time() - started > 60.0 * minutes:
                within = f"within {minutes:g} minutes of the processor's time"
                raise FitError(f"sampling did not end {within}; data without noise or with breaks do that") from None
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            raise FitError(f"sampling failed ({reason}); data that do not move or leave all bounds do that") from None


_THREADS = Path("/proc/self/task")


def _await_end_of_threads() -> None:
    """Wait until no thread of a stopped sampler is left: one that outlives the interpreter is a segmentation fault.

    Where threads cannot be listed, two seconds are waited.
    """
    for _ in range(600):
        if not _THREADS.is_dir():
            time.sleep(2.0)
            return
        if not any(_is_sampler(thread) for thread in _THREADS.iterdir()):
            return
        time.sleep(0.1)


def _is_sampler(thread: Path) -> bool:
    try:
        return (thread / "comm").read_text(encoding="utf-8").startswith("nutpie")
    except OSError:  # it has just ended
        return False


def prior_draws(task: Task, n_draws: int, rng: np.random.Generator) -> Free:
    """Free parameters drawn from the prior, those of `Task.states` by the model's equation, `(n_draws, ...)`."""
    variables = [variable for variable in task.build().free_RVs if variable.name not in task.states]
    values = pymc.draw(variables, draws=n_draws, random_seed=rng, mode="FAST_COMPILE")
    free = {str(variable.name): sampled for variable, sampled in zip(variables, values, strict=True)}
    return free | {name: state(free, rng) for name, state in task.states.items()}


class Refits:
    """One model fitted again and again to other data of the same shape, with one compilation."""

    def __init__(self, task: Task) -> None:
        task = _exchangeable(task)
        self._compiled = compiled(task)
        self._model = task.build()
        self._log_density = self._model.compile_logp(mode="FAST_COMPILE")

    def sample(self, task: Task, effort: Effort) -> Sample:
        """Draws from the posterior given the data of a task."""
        return sample(self._compiled.with_data(**data_arrays(task)), effort)

    def log_density(self, task: Task, point: Free) -> float:
        """Joint log density of one value of every free parameter and the data of a task."""
        for name, values in data_arrays(task).items():
            self._model.set_data(name, values)
        return float(self._log_density(point))


def data_arrays(task: Task) -> dict[str, Array]:
    """Data of a task's model by name."""
    return {str(variable.name): variable.get_value() for variable in _exchangeable(task).build().data_vars}


def _exchangeable(task: Task) -> Task:
    """The same task where what was observed is data of the model, even if the model holds it as a constant."""

    def build() -> pymc.Model:
        model = task.build()
        fixed = [variable for variable in model.observed_RVs if isinstance(model.rvs_to_values[variable], Constant)]
        with model:
            for variable in fixed:
                model.rvs_to_values[variable] = model_data(f"{variable.name}_seen", model.rvs_to_values[variable].data)
        return model

    return replace(task, build=build)
