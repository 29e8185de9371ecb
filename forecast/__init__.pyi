"""The public names, as type checkers see them: each is imported when first used."""

from typing import Any

from forecast import plots as plots
from forecast.analysis.attribution import attribute as attribute
from forecast.analysis.breakeven import breakeven as breakeven
from forecast.analysis.budget import uncertainty_budget as uncertainty_budget
from forecast.analysis.budget import value_of_information as value_of_information
from forecast.analysis.comparison import compare as compare
from forecast.analysis.comparison import difference_table as difference_table
from forecast.analysis.comparison import paired_difference as paired_difference
from forecast.analysis.induced import induced as induced
from forecast.analysis.input_values import investment_phases as investment_phases
from forecast.analysis.input_values import purchase_shares as purchase_shares
from forecast.engine.simulate import Settings as Settings
from forecast.errors import ForecastError as ForecastError
from forecast.models.fitting import fit_posterior as fit_posterior
from forecast.models.posterior import load_posterior as load_posterior
from forecast.observations.annual import history as history
from forecast.parallel import Progress as Progress
from forecast.plots.comparison import surplus_densities as surplus_densities
from forecast.plots.fan import history_chart as history_chart
from forecast.report.notebook import parameter_table as parameter_table
from forecast.results.archive import list_results as list_results
from forecast.results.archive import load_results as load_results
from forecast.results.run import run_scenario as run_scenario
from forecast.scenario.mixture import load_mixture as load_mixture
from forecast.scenario.scenario import load_scenario as load_scenario

__version__: str

def shown(picture: str, *answer: Any) -> Any: ...
