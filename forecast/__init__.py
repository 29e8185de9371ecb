"""Probabilistic forecasts of Korea's goods surplus with the US under factory announcements.

The names below are the public door; each is imported when first used, so that `import forecast` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_DOOR = {
    "load_mixture": "mixtures",
    "load_scenario": "scenario",
    "load_results": "archive",
    "list_results": "archive",
    "run_scenario": "run",
    "compare": "comparison",
    "attribute": "attribution",
    "paired_difference": "comparison",
    "difference_table": "comparison",
    "uncertainty_budget": "budget",
    "worth_of_inputs": "budget",
    "investment_phases": "prospects",
    "purchase_shares": "prospects",
    "history": "observations",
    "load_posterior": "posterior",
    "fit_posterior": "fitting",
    "ForecastError": "errors",
}

__all__ = [*_DOOR]


def __getattr__(name: str) -> Any:
    if name not in _DOOR:
        raise AttributeError(f"module 'forecast' has no attribute {name!r}")
    return getattr(import_module(f"forecast.{_DOOR[name]}"), name)
