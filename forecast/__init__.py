"""Probabilistic forecasts of Korea's goods surplus with the US under factory announcements.

The names below are the public door; each is imported when first used, so that `import forecast` costs nothing.
Beside the packages lie a few modules that all of them stand on:

- `errors`: errors by cause, places in files, words of messages
- `characters`: Unicode forms of one text, and characters that cannot be seen
- `catalogue`: texts of answers, pictures and warnings, in English and Korean
- `dims`: axis order and shape of simulated numbers
- `quarters`: the time axis
- `parallel`: independent work over workers, in order, and how far it has come
- `clusters`: the same over those of a Dask or Ray cluster
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_DOOR = {
    "load_mixture": "scenario.mixture",
    "load_scenario": "scenario.scenario",
    "load_results": "results.archive",
    "list_results": "results.archive",
    "run_scenario": "results.run",
    "compare": "analysis.comparison",
    "attribute": "analysis.attribution",
    "induced": "analysis.induced",
    "paired_difference": "analysis.comparison",
    "difference_table": "analysis.comparison",
    "uncertainty_budget": "analysis.budget",
    "value_of_information": "analysis.budget",
    "breakeven": "analysis.breakeven",
    "investment_phases": "analysis.input_values",
    "purchase_shares": "analysis.input_values",
    "history": "observations.annual",
    "history_chart": "plots.fan",
    "Settings": "engine.simulate",
    "load_posterior": "models.posterior",
    "parameter_table": "report.notebook",
    "surplus_densities": "plots.comparison",
    "fit_posterior": "models.fitting",
    "Progress": "parallel",
    "ForecastError": "errors",
}

__all__ = [*_DOOR]


def shown(picture: str, *answer: Any) -> Any:
    """What a room above makes of an answer, such as a picture, imported when asked for.

    The one way up, for methods that a notebook calls: an answer knows what shows it by name alone.

    Args:
        picture: dotted name below `forecast` of the function that is called, such as `plots.fan.fan_chart`.
        answer: what it is called with.
    """
    module, _, name = picture.rpartition(".")
    return getattr(import_module(f"forecast.{module}"), name)(*answer)


def __getattr__(name: str) -> Any:
    if name == "plots":
        return import_module("forecast.plots")
    if name not in _DOOR:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    return getattr(import_module(f"forecast.{_DOOR[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *_DOOR, "plots"]
