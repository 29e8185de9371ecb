"""Because of what two runs differ: the difference divided among their assumptions, where that takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forecast.attribution import Attribution, attribute, scenarios_needed
from forecast.attribution_tables import ALL, OTHERS, ranked
from forecast.contrasts import Contrast, contrasts
from forecast.engine import Settings
from forecast.errors import PosteriorError
from forecast.exchanges import contrast_changes, contrast_names
from forecast.figures import Grid, Row, Told
from forecast.languages import Language
from forecast.mixtures import ScenarioMixture
from forecast.numerals import ends
from forecast.posterior import load_posterior
from forecast.run import code_digest
from forecast.summary import Summary

MOST_DRAWS = 400_000
"""Draws simulated for one attribution at most, over all its scenarios: about ten seconds."""

SHOWN = 8
"""Assumptions shown one by one; the others are added up."""


@dataclass(frozen=True, slots=True)
class Division:
    """A difference divided, or why it is not.

    Attributes:
        n_assumptions: assumptions that differ.
        n_scenarios: scenarios that exact parts take.
        obstacle: `many` where they are too many, `changed` where the runs cannot be simulated again as they were,
            `mixture` where one of them is of several scenarios.
        attribution: the parts, where nothing is in the way.
    """

    n_assumptions: int
    n_scenarios: int
    obstacle: str = ""
    attribution: Attribution | None = None


def division(alternative: Told, reference: Told) -> Division:
    """The difference of two runs that are pairs, divided among the assumptions that differ."""
    one, other = reference.world, alternative.world
    if isinstance(one, ScenarioMixture) or isinstance(other, ScenarioMixture):
        return Division(0, 0, "mixture")
    found = contrasts(one, other)
    n_scenarios, manifest = scenarios_needed(found), reference.results.manifest
    settings = Settings(*(manifest[name] for name in ("n_draws", "seed", "scheme")))
    if n_scenarios * settings.n_draws > MOST_DRAWS:
        return Division(len(found), n_scenarios, "many")
    try:
        posterior = load_posterior(as_of=manifest["as_of"])
    except PosteriorError:
        return Division(len(found), n_scenarios, "changed")
    if manifest["digests"]["posterior"] != posterior.digest or manifest["digests"]["code"] != code_digest():
        return Division(len(found), n_scenarios, "changed")
    prior = manifest["parameters"] == "prior"
    divided = attribute(one, other, settings, posterior=posterior, prior=prior, most=n_scenarios)
    return Division(len(found), n_scenarios, attribution=divided)


def because(divided: Division, language: Language) -> dict[str, Any]:
    """The parts of a difference in the last year as a sentence and a table, or why there are none."""
    counts = {"n_assumptions": divided.n_assumptions, "n_scenarios": f"{divided.n_scenarios:,}"}
    if divided.attribution is None:
        return {"words": language.text(f"causes.{divided.obstacle}", **counts), "table": None}
    year = divided.attribution.years[-1]
    table = Grid(
        language.text("causes.caption", year=year, unit=language.text("numbers.unit")),
        [language.text(f"columns.{name}") for name in ("assumption", "mean", "interval_80")],
        [Row(cells) for cells in _rows(divided.attribution, language)],
    )
    return {"words": language.text("causes.method", **counts), "table": table}


def _rows(attribution: Attribution, language: Language) -> Iterator[list[str]]:
    """Parts in the last year, the largest first, and all of them together."""
    ranking = ranked(attribution, len(attribution.years) - 1, SHOWN)
    for contrast in ranking.contrasts:
        yield [_label(contrast, language), *_numbers(ranking.summary, contrast.name, language)]
    if ranking.n_others:
        others = language.text("causes.others", n=ranking.n_others)
        yield [others, *_numbers(ranking.summary, OTHERS, language)]
    yield [language.text("columns.all"), *_numbers(ranking.summary, ALL, language)]


def _numbers(summary: Summary, series: str, language: Language) -> list[str]:
    """Mean and 80 % interval of the last year."""
    last = len(summary.years) - 1
    mean = language.amount(*summary.estimate(series, "mean", last), "+")
    return [mean, language.span(ends(summary, series, 80, last), "+")]


def _label(contrast: Contrast, language: Language) -> str:
    """What the assumption is, and what becomes of it."""
    names, changes = contrast_names(contrast, language), contrast_changes(contrast, language)
    return " · ".join(filter(None, (contrast.title, names, changes)))
