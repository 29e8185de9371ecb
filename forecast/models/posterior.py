"""Posteriors: joint parameter rows of every model as plain arrays in NetCDF, with their provenance.

A file holds three groups, `posterior`, `prior` and `diagnostics`, each with one group a model and one variable a
parameter. Numbers are stored in single precision and used in double. The attributes name the origin, the seed, the
versions that made the file, and digests of the data, of the model and of the content; behind the content stands a
digest of all bytes of the file. A file whose digests are not those of the installed data and model is stale and
refused: `forecast fit` makes a new one.

Out of scope: fitting, and anything that needs PyMC, xarray or pandas.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from forecast.dims import FLOWS, Array
from forecast.economics.channels import SUPPLIERS
from forecast.economics.realisation import KINDS
from forecast.economics.sectors import COEFFICIENTS, SECTORS
from forecast.errors import PosteriorError
from forecast.models.evidence import QUANTITIES
from forecast.observations.series import DRIVERS, read_only
from forecast.observations.tables import SHIPPED_ALONE, data_digest
from forecast.observations.user_data import stored_vintages, user_folder
from forecast.observations.vintage import vintage
from forecast.storage.code_digests import code_digest
from forecast.storage.files import demand_regular, digest, file_digest, text_bytes, whole_file
from forecast.storage.netcdf import (
    MOST_BYTES,
    DamagedFileError,
    add_array,
    add_dimension,
    arrays,
    demand_array,
    is_sealed,
    members,
    new_netcdf,
    opened_netcdf,
    read_array,
    seal,
)

Groups: TypeAlias = Mapping[str, Mapping[str, Array]]
"""Arrays by model and parameter; rows first: `(n_rows, ...)`."""

_FLOWS, _DRIVERS, _SUPPLIERS, _KINDS, _SECTORS = map(len, (FLOWS, DRIVERS, SUPPLIERS, KINDS, SECTORS))
TRAILING: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "baseline": {
        "drift": (),
        "season": (4, _FLOWS),
        "moving_average": (_FLOWS,),
        "adjustment": (_FLOWS,),
        "ratio": (),
        "shock_factor": (_FLOWS, _FLOWS),
        "degrees_of_freedom": (),
        "response": (_FLOWS, _DRIVERS),
        "last_shock": (_FLOWS,),
    },
    "drivers": {
        "drift": (_DRIVERS,),
        "moving_average": (_DRIVERS,),
        "shock_factor": (_DRIVERS, _DRIVERS),
        "degrees_of_freedom": (),
        "carried": (_DRIVERS,),
    },
    "carry_over": {
        "back": (_FLOWS,),
        "carried": (_FLOWS,),
        "shock_factor": (_FLOWS, _FLOWS),
        "degrees_of_freedom": (),
        "kept": (_FLOWS,),
        "shift": (_FLOWS,),
    },
    "running": {"level": (_FLOWS,), "noise_factor": (_FLOWS, _FLOWS)},
    "localization": {
        "level": (_SUPPLIERS - 1,),
        "slope": (_SUPPLIERS - 1,),
        "innovation": (_SUPPLIERS - 1,),
        "fitted_2020": (_SUPPLIERS,),
        "fitted_2023": (_SUPPLIERS,),
    },
    "bridge": {
        "mean": (_FLOWS,),
        "drift": (_FLOWS,),
        "persistence": (_FLOWS,),
        "shock_factor": (_FLOWS, _FLOWS),
        "degrees_of_freedom": (),
        "state": (_FLOWS,),
    },
    "realisation": {
        "hazard": (_KINDS,),
        "hazard_sector": (_SECTORS,),
        "late": (),
        "delay_shape": (),
        "delay_scale": (_KINDS,),
        "delay_sector": (_SECTORS,),
        "revised": (),
        "revision_spread": (_KINDS,),
    },
    "sectors": {"coefficients": (_SECTORS, len(COEFFICIENTS)), "remainders": (len(QUANTITIES),)},
}
"""Every model and parameter of a posterior with the shape of one row; `processes` says what they mean."""


def model_title(model: str) -> str:
    """Name of a model for readers.

    >>> model_title("carry_over")
    'Carry-over'
    """
    return model.replace("_", "-").capitalize()


SHIPPED = Path(str(files("forecast") / "data" / "posterior.nc"))
"""The posterior that comes with the package."""

OPTIONAL = frozenset({"running"})
"""Models that are fitted only where there is something to see: a quarter of which some months are known."""

SECTOR_TABLES = ("direct_investment", "readings", "wave")
"""Tables the sector coefficients are learned from, whatever the day."""

PRIOR_FILES = ("realisation.yaml", "sectors.yaml", "tariffs.yaml")
"""Files of priors; with what is observed they make the data digest."""

_PARTS = ("posterior", "prior", "diagnostics")
_MOST_BYTES = 2**28
"""Size of a part in memory; the shipped rows take a hundredth of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Results of all fits to one state of the data.

    Attributes:
        origin: quarter index of the last quarter the fit saw.
        seed: seed of the fit.
        data_digest: digest of the observations and priors the fit used.
        model_digest: digest of the code that fitted them.
        versions: version by name of the packages that made the fit, `forecast` among them.
        groups: posterior rows by model and parameter, `(n_rows, ...)`, in the shapes of `TRAILING`.
        prior: rows of the same names and shapes drawn from the prior.
        diagnostics: by model, `(3, ...)` R-hat, bulk and tail effective sample size of each free parameter, and
            `divergences`, their number `(1,)`.
        as_of: the day whose knowledge the fit had, such as `2025-04-11`; None for all the data.
    """

    origin: int
    seed: int
    data_digest: str
    model_digest: str
    versions: Mapping[str, str]
    groups: Groups
    prior: Groups
    diagnostics: Groups
    as_of: str | None = None

    @property
    def digest(self) -> str:
        """Digest of the content at the precision stored; the same before saving and after loading."""
        leaves = ((f"{path}{values.shape}", values.astype("<f4").tobytes()) for path, values in _leaves(self))
        return digest(_header(self), *(part for leaf in leaves for part in leaf))


def current_digests(as_of: str | None = None) -> dict[str, str]:
    """Digests of the model and of the data as known on a day, by name, without importing PyMC."""
    priors = (digest(text_bytes(files("forecast") / "data" / name)) for name in PRIOR_FILES)
    data = digest(vintage(as_of).digest, data_digest(*SECTOR_TABLES), *priors)
    return {"data": data, "model": code_digest("models")}


def shipped_path(as_of: str | None = None) -> Path:
    """Where the package holds a posterior, that of all the data or of a day."""
    return _placed(SHIPPED, as_of)


def user_path(as_of: str | None = None) -> Path:
    """Where `forecast fit` leaves a posterior for this user, that of all the data or of a day."""
    return _placed(user_folder() / SHIPPED.name, as_of)


def _placed(path: Path, as_of: str | None) -> Path:
    return path if as_of is None else path.parent / "posteriors" / f"{as_of}.nc"


def load_posterior(path: str | Path | None = None, as_of: str | None = None) -> Posterior:
    """The posterior in the file named, else the shipped one, else the user's own: the first that is current.

    Args:
        path: a file; it must be current for the day it was fitted for.
        as_of: the day whose knowledge it may have; one that knows all the data is served by the posterior of them.

    Raises:
        PosteriorError: no such file, or it is damaged or stale; the message names the digest that differs.
        DataError: too little was public on the day.
    """
    if path is not None:
        return _current(Path(path))
    day = None if vintage(as_of).digest == vintage().digest else as_of
    refusals = []
    for candidate in (shipped_path(day), user_path(day)):
        try:
            return _current(candidate, day)
        except PosteriorError as error:
            refusals.append(str(error))
    if own := stored_vintages():
        raise PosteriorError(
            f"no stored parameters know your data up to vintage {own[-1].name}; {_refit(as_of)}, which takes minutes; "
            f"{SHIPPED_ALONE}"
        )
    raise PosteriorError("\n".join(refusals))


def demand_knowledge(posterior: Posterior, as_of: str | None) -> None:
    """Refuse a posterior that knows more or less than was public on the day of a run.

    Raises:
        PosteriorError: the two know different numbers.
    """
    if vintage(posterior.as_of).digest != vintage(as_of).digest:
        got, expected = (f"what was public on {day}" if day else "all the data" for day in (posterior.as_of, as_of))
        raise PosteriorError(f"got a posterior that knows {got}, expected one that knows {expected}; {_refit(as_of)}")


def _refit(as_of: str | None) -> str:
    day = "" if as_of is None else f" --as-of {as_of}"
    return f"run `forecast fit{day}` to make a new one"


def frozen_posterior(path: str | Path) -> Posterior:
    """A posterior as it was stored, whatever data and models are installed now.

    Raises:
        PosteriorError: no such file, or it is damaged, or the installed models have other parameters.
    """
    return _read(Path(path), "it is read by the version that stored it")


def posterior_held(expected: str, as_of: str | None = None) -> Posterior | None:
    """The shipped posterior or the user's own, of all the data or of a day, that has a digest; None where none has.

    It is as it was stored, whatever data and models are installed now.
    """
    for day in dict.fromkeys((as_of, None)):
        for path in (shipped_path(day), user_path(day)):
            with suppress(PosteriorError):
                if (found := frozen_posterior(path)).digest == expected:
                    return found
    return None


def save_posterior(posterior: Posterior, path: str | Path) -> None:
    """Write a posterior under `path`; a reader finds the old file or the whole new one, never a part.

    Raises:
        PosteriorError: a parameter is missing, has another shape or is not finite.
    """
    target = Path(path)
    _demand_schema(posterior, target, _refit(posterior.as_of))
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as unfinished:
        _write(posterior, unfinished)
        seal(unfinished)


def _current(path: Path, as_of: str | None = None) -> Posterior:
    posterior = _read(path, _refit(as_of))
    stored = {"data": posterior.data_digest, "model": posterior.model_digest}
    stale = [
        f"{name} digest is {stored[name][:12]}, installed is {installed[:12]}"
        for name, installed in current_digests(posterior.as_of).items()
        if stored[name] != installed
    ]
    if stale:
        ways = [_refit(posterior.as_of), *([SHIPPED_ALONE] if stored_vintages() else [])]
        raise PosteriorError(f"posterior {path} is stale: {'; '.join([*stale, *ways])}")
    return posterior


def _read(path: Path, refit: str) -> Posterior:
    if not path.exists():
        raise PosteriorError(f"posterior {path} does not exist; {refit}")
    if not path.is_file():
        kind = "a directory" if path.is_dir() else "a device or pipe"
        raise PosteriorError(
            f"posterior {path}: got {kind}, expected a regular file, as `forecast fit` writes it (.nc)"
        )
    try:
        demand_regular(path, MOST_BYTES)
        content = file_digest(path)
    except OSError as error:
        raise PosteriorError(f"posterior {path} is damaged ({type(error).__name__}: {error}); {refit}") from error
    return _complete(path, content, refit)


@lru_cache(maxsize=2)
def _complete(path: Path, content: str, refit: str) -> Posterior:  # noqa: ARG001
    """A posterior with every parameter, parsed once for the same bytes: a comparison asks for it nine times."""
    posterior = _whole(path, refit)
    _demand_schema(posterior, path, refit)
    return posterior


def stored_digest(path: str | Path) -> str:
    """Digest of the content of a stored posterior, whatever parameters the installed models have.

    Raises:
        PosteriorError: no such file, or it is damaged.
    """
    return _whole(Path(path), "bring the original back").digest


def _whole(path: Path, remedy: str) -> Posterior:
    """A posterior that is as it was stored."""
    try:
        is_sealed(path)  # first: a few bytes changed can make the library that parses it take gigabytes
        posterior, found, stored = _parse(path)
    except DamagedFileError as error:
        raise PosteriorError(f"posterior {path} is damaged ({error}); {remedy}") from error
    if found != stored:
        raise PosteriorError(
            f"posterior {path} is damaged: content digest is {found[:12]}, expected {stored[:12]}; {remedy}"
        )
    return posterior


def _parse(path: Path) -> tuple[Posterior, str, str]:
    """A stored posterior, the digest of its content, and the one stored with it.

    Read as HDF5, which NetCDF is: the dimensions, which nothing here needs, cost the other reader most of its time.
    """
    with opened_netcdf(path) as file:
        groups = members(file)
        header = json.loads(str(file.attrs["header"]))
        parts = [_arrays(groups[part]) for part in _PARTS]
        posterior = Posterior(**header, groups=parts[0], prior=parts[1], diagnostics=parts[2])
        _demand_header(posterior)
        return posterior, posterior.digest, str(file.attrs["content"])


def _demand_header(posterior: Posterior) -> None:
    """Refuse a header that says what it should in another form."""
    texts = (posterior.data_digest, posterior.model_digest, *posterior.versions, *posterior.versions.values())
    numbers = (posterior.origin, posterior.seed)
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise ValueError("got a header of other types than one that was stored here")
    if posterior.as_of is not None:
        dt.date.fromisoformat(posterior.as_of)


def _arrays(part: Any) -> Groups:
    models = {model: arrays(group) for model, group in members(part).items()}
    n_bytes = sum(demand_array(name, array, "f4") for model in models.values() for name, array in model.items())
    if n_bytes > _MOST_BYTES:
        raise ValueError(f"got {n_bytes:,} bytes of rows, expected at most {_MOST_BYTES:,}")
    return {
        model: {name: read_only(read_array(array).astype(np.float64)) for name, array in found.items()}
        for model, found in models.items()
    }


def _write(posterior: Posterior, path: Path) -> None:
    with new_netcdf(path) as file:
        file.attrs["title"] = "Joint parameter rows of the models of `forecast`"
        file.attrs["header"] = _header(posterior)
        file.attrs["content"] = posterior.digest
        for path_in_file, values in _leaves(posterior):
            _add_array(file, path_in_file, values)


def _add_array(file: Any, path_in_file: str, values: Array) -> None:
    """Add one array; compression would spare a tenth of the file and double the time to read it."""
    place, _, name = path_in_file.rpartition("/")
    group = file[place] if place in file else file.create_group(place, track_order=True)
    rows = f"rows_{len(values)}" if place.startswith("diagnostics") else "row"
    dimensions = (rows, *(f"{name}_{axis}" for axis in range(1, values.ndim)))
    for dimension, size in zip(dimensions, values.shape, strict=True):
        if dimension not in group:
            add_dimension(group, dimension, size)
    add_array(group, name, dimensions, np.asarray(values, dtype="<f4"))


def _header(posterior: Posterior) -> str:
    """Everything in a posterior but arrays, as JSON text."""
    names = ("origin", "seed", "data_digest", "model_digest", "as_of")
    return json.dumps({name: getattr(posterior, name) for name in names} | {"versions": dict(posterior.versions)})


def _leaves(posterior: Posterior) -> Iterator[tuple[str, Array]]:
    """Every array with its path in the file, in the order of their names."""
    for part, groups in zip(_PARTS, (posterior.groups, posterior.prior, posterior.diagnostics), strict=True):
        for model in sorted(groups):
            for name in sorted(groups[model]):
                yield f"{part}/{model}/{name}", groups[model][name]


def _demand_schema(posterior: Posterior, path: Path, remedy: str) -> None:
    for part, groups in (("posterior", posterior.groups), ("prior", posterior.prior)):
        for model, shapes in TRAILING.items():
            if model in OPTIONAL and model not in groups:
                continue
            for name, shape in shapes.items():
                place = f"posterior {path}: {part}/{model}/{name}"
                _demand_rows(groups.get(model, {}).get(name), shape, place, remedy)


def _demand_rows(values: Array | None, shape: tuple[int, ...], place: str, refit: str) -> None:
    if values is None or values.shape[1:] != shape or not len(values):
        got = "nothing" if values is None else f"shape {values.shape}"
        raise PosteriorError(f"{place}: got {got}, expected (n_rows, {', '.join(map(str, shape))}); {refit}")
    if not (np.abs(values) < np.finfo(np.float32).max).all():
        raise PosteriorError(f"{place}: got numbers that are not finite in single precision; {refit}")
