"""What answers show of themselves in a notebook: sentences and tables as HTML, the parts of a difference as a picture.

In English, as notebooks are; reached through `forecast.shown` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from forecast.analysis.attribution import Attribution
from forecast.analysis.budget import Budget
from forecast.analysis.comparison import Comparison
from forecast.analysis.grounds import grounds
from forecast.analysis.induced import Induced
from forecast.catalogue import Texts
from forecast.characters import plain_spaces
from forecast.engine.plan import BLOCK_SIZE
from forecast.models.posterior import Posterior
from forecast.observations.vintage import vintage
from forecast.plots.comparison import waterfall_chart
from forecast.report.assumptions import COLUMNS, assumptions
from forecast.report.budget import budget_words, input_table, source_table
from forecast.report.comparison import (
    attribution_words,
    comparison_table,
    comparison_words,
    contrast_label,
    divided_draws,
    divided_table,
)
from forecast.report.i18n import ENGLISH, language
from forecast.report.induced import claim_words, definition_table, flow_table, induced_words, sensitivity_table
from forecast.report.run import contribution_table, surplus_table
from forecast.report.sentences import answer_paragraphs
from forecast.report.table import Table, table
from forecast.report.templates import fragment
from forecast.results.archive import outcomes
from forecast.results.results import Results
from forecast.scenario.scenario import Scenario
from forecast.stats.formatting import short
from forecast.stats.summary import summarised

if TYPE_CHECKING:
    import pandas as pd


def html(*parts: Table | str) -> str:
    """Tables and paragraphs as HTML, escaped."""
    return fragment("notebook.html", parts=parts)


def scenario_html(scenario: Scenario) -> str:
    """Title, description, and what is assumed of every investment and otherwise."""
    assumed = assumptions(scenario, float(vintage(scenario.as_of).trade.origin), ENGLISH)
    columns = COLUMNS["investments"][:-1]
    plants = table(
        scenario.title,
        [ENGLISH.text(f"columns.{column}") for column in columns],
        [(f"{item.words.text} ({item.name})", *item.cells) for item in assumed.investments],
        words=len(columns),
    )
    prose = [scenario.description] if scenario.description else []
    return html(plants if plants.rows else scenario.title, *prose, *assumed.others)


def results_html(results: Results) -> str:
    """The answer of a run, what the announcements add, and the surplus itself."""
    added = [contribution_table(results)] if results.manifest["n_investments"] else []
    said = answer_paragraphs(results, outcomes(results), ENGLISH, grounds(results))
    return html(*map(plain_spaces, said), *added, surplus_table({results.name: results}))


def comparison_html(comparison: Comparison) -> str:
    """The difference in a sentence and by year."""
    return html(comparison_words(comparison), comparison_table(comparison))


def attribution_html(attribution: Attribution) -> str:
    """The parts of the last year's difference."""
    year, names = attribution.years[-1], (attribution.alternative, attribution.reference)
    return html(attribution_words(attribution, year), divided_table(attribution, year, names, attribution.basis))


def budget_html(budget: Budget) -> str:
    """What spreads an outcome, in a sentence and by source and input."""
    return html(budget_words(budget), source_table(budget), *([input_table(budget)] if budget.inputs else []))


def induced_html(found: Induced) -> str:
    """Three definitions of what affiliates account for in a year, beside the claim of KIET."""
    tables = definition_table(found), flow_table(found), sensitivity_table(found)
    return html(induced_words(found), *tables, claim_words(), ENGLISH.text("induced.outside"))


def induced_frame(found: Induced) -> pd.DataFrame:
    """What affiliates account for in a year, by definition and unit: `bn USD`, or a share of the surplus of a basis.

    Columns: `median`, `quantile_0.1` and `quantile_0.9`. Importers are told on the basis of each surplus.
    """
    import pandas as pd

    rows = []
    for name in ("importers", "gross", "net"):
        for basis, surplus in found.surplus.items():
            draws = found.imported(basis) if name == "importers" else getattr(found, name)
            for unit, values in ((f"bn USD, {basis}", draws), (f"share of surplus, {basis}", draws / surplus)):
                low, median, high = np.quantile(values, (0.1, 0.5, 0.9))
                rows.append((name, unit, median, low, high))
    columns = ["definition", "unit", "median", "quantile_0.1", "quantile_0.9"]
    return pd.DataFrame(rows, columns=columns).set_index(["definition", "unit"])


def waterfall(attribution: Attribution, year: int | None = None, texts: Texts = ENGLISH) -> Any:
    """The picture of the parts, each with what it is of, a figure of matplotlib."""
    labels = [contrast_label(contrast, language(texts.code)) for contrast in attribution.contrasts]
    return waterfall_chart(attribution, labels, year, texts)


def parameter_table(posterior: Posterior) -> pd.DataFrame:
    """Prior beside posterior of every parameter: medians and 95 % intervals, a row each."""
    import pandas as pd

    from forecast.models.fitting import fit_report

    return pd.DataFrame(
        {
            "model": row.model,
            "parameter": row.parameter,
            "prior, 95 %": _span(row.prior),
            "posterior, 95 %": _span(row.posterior),
            "median": short(row.posterior[0]),
        }
        for row in fit_report(posterior)
    )


def _span(quantiles: tuple[float, float, float]) -> str:
    return ENGLISH.text("numbers.range", low=short(quantiles[1]), high=short(quantiles[2]))


def attribution_frame(attribution: Attribution) -> pd.DataFrame:
    """Mean and 80 % interval of every part and of the whole, bn USD a year, by year and assumption.

    Columns: `label`, then `mean`, `quantile_0.1` and `quantile_0.9`, each with its standard error.
    """
    import pandas as pd

    names, draws = divided_draws(attribution)
    summary = summarised(draws, attribution.years, names, BLOCK_SIZE, rows=attribution.rows)
    labels = {contrast.name: contrast_label(contrast, ENGLISH) for contrast in attribution.contrasts}
    rows: list[dict[str, Any]] = []
    for index, year in enumerate(attribution.years):
        for name in names:
            row: dict[str, Any] = {"year": year, "assumption": name, "label": labels.get(name, "all of it")}
            for statistic in ("mean", "quantile_0.1", "quantile_0.9"):
                row[statistic], row[f"{statistic}_standard_error"] = summary.estimate(name, statistic, index)
            rows.append(row)
    return pd.DataFrame(rows).set_index(["year", "assumption"])
