"""What was learned in numbers: every parameter before and after the fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.draws import Array
from forecast.drivers import DRIVERS
from forecast.localization import SUPPLIERS
from forecast.posterior import TRAILING, Posterior
from forecast.processes import FLOWS
from forecast.readings import load_readings
from forecast.realisation import KINDS, outlook
from forecast.sectors import COEFFICIENTS, SECTORS, data_shares
from forecast.vintage import vintage

TELLING_SHARE = 0.1
"""Share of precision from data from which on a sector coefficient is reported; its Monte Carlo error is 0.03."""

_SERIES = {("baseline", "moving_average"): ("of both flows", "of one beside the other")}
"""What the elements of a parameter are, where they are neither flows nor drivers."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One parameter before and after the fit.

    Attributes:
        model: group of the posterior.
        parameter: name of the parameter, with its element in brackets.
        prior, posterior: median and the ends of the equal-tailed 95 % interval.
        r_hat, sample_size: R-hat and the smaller of bulk and tail effective sample size; NaN for a fixed number.
        observed: the printed number a fitted one stands beside, else None.
    """

    model: str
    parameter: str
    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]
    r_hat: float
    sample_size: float
    observed: float | None


def fit_report(posterior: Posterior) -> list[ReportRow]:
    """Prior beside posterior of every parameter of the fitted models, fitted shares beside the observed ones.

    Of the sector coefficients only those of which data brought `TELLING_SHARE` of the precision.
    Of realisation it shows `realisation.outlook` and the sectors that differ, with four rows in five on one side of the
    average.
    """
    observed = {
        (f"fitted_{share.year}", SUPPLIERS.index(share.party)): share.share
        for share in vintage(posterior.as_of).shares
        if not share.derived
    }
    silent = _silent(posterior)
    parameters = [
        _report_row(posterior, model, name, element, observed.get((name, *element)))
        for model in posterior.diagnostics
        for name, shape in TRAILING[model].items()
        for element in np.ndindex(shape)
        if (name, *element) not in silent and (model != "realisation" or _differs(posterior, name, element))
    ]
    return [*parameters, *(_outlook_rows(posterior) if "realisation" in posterior.diagnostics else [])]


def _differs(posterior: Posterior, name: str, element: tuple[int, ...]) -> bool:
    """Whether a sector's ratio to the average lies on one side of it in four rows of five."""
    return name.endswith("_sector") and abs((posterior.groups["realisation"][name][:, element] > 1).mean() - 0.5) >= 0.3


def _outlook_rows(posterior: Posterior) -> list[ReportRow]:
    """`realisation.outlook`, whose convergence is the worst of the parameters of all kinds."""
    prior, learned = outlook(posterior.prior["realisation"]), outlook(posterior.groups["realisation"])
    found = [posterior.diagnostics["realisation"][name].reshape(3, -1) for name in TRAILING["realisation"]]
    r_hat, bulk, tail = np.concatenate(found, axis=1)
    worst = float(r_hat.max()), float(min(bulk.min(), tail.min()))
    return [
        ReportRow(
            "realisation",
            f"{name}[{KINDS[element[0]]}]" if element else name,
            _interval(_of_element(prior[name], element)),
            _interval(_of_element(values, element)),
            *worst,
            None,
        )
        for name, values in learned.items()
        for element in np.ndindex(values.shape[1:])
    ]


def _silent(posterior: Posterior) -> set[tuple[object, ...]]:
    """Elements left out of a report: fixed ones, and sector coefficients of which data said little."""
    quiet = np.argwhere(data_shares(posterior.groups["sectors"]["coefficients"]) <= TELLING_SHARE)
    complete = [index for index, reading in enumerate(load_readings()) if not reading.remainder]
    return {
        *((name, *place) for name in ("shock_factor", "noise_factor") for place in ((0, 1), (0, 2), (1, 2))),
        *(("coefficients", *place) for place in quiet.tolist()),
        *(("remainders", index) for index in complete),
    }


def _report_row(
    posterior: Posterior, model: str, name: str, element: tuple[int, ...], observed: float | None
) -> ReportRow:
    r_hat, bulk, tail = _of_element(posterior.diagnostics[model][name], element).tolist()
    return ReportRow(
        model=model,
        parameter=_label(model, name, element),
        prior=_interval(_of_element(posterior.prior[model][name], element)),
        posterior=_interval(_of_element(posterior.groups[model][name], element)),
        r_hat=r_hat,
        sample_size=min(bulk, tail),
        observed=observed,
    )


def _of_element(values: Array, element: tuple[int, ...]) -> Array:
    return np.asarray(np.moveaxis(values, 0, -1)[element])


def _label(model: str, name: str, element: tuple[int, ...]) -> str:
    if name == "coefficients":
        return f"{SECTORS[element[0]]}.{COEFFICIENTS[element[1]]}"
    if name == "remainders":
        return f"remainder[{load_readings()[element[0]].id}]"
    return f"{name}[{', '.join(_labels(model, name, element))}]" if element else name


def _labels(model: str, name: str, element: tuple[int, ...]) -> list[str]:
    """Words for the element of a parameter, such as `Q1, exports`."""
    if name.endswith("_sector"):
        return [SECTORS[element[0]]]
    if name == "season":
        return [f"Q{element[0] + 1}", FLOWS[element[1]]]
    if name.startswith("fitted"):
        return [SUPPLIERS[element[0]]]
    if name == "response":
        return [FLOWS[element[0]], f"to {DRIVERS[element[1]]}"]
    if model == "localization":
        return [f"{SUPPLIERS[element[0] + 1]} to korea"]
    series = _SERIES.get((model, name), DRIVERS if model == "drivers" else FLOWS)
    return [series[index] for index in element]


def _interval(values: Array) -> tuple[float, float, float]:
    median, low, high = np.quantile(values, [0.5, 0.025, 0.975]).tolist()
    return median, low, high
