"""Because of what two runs differ: the difference divided among their assumptions, where that takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from forecast.attribution import Attribution, attribute, scenarios_needed
from forecast.attribution_tables import ALL, OTHERS, ranked
from forecast.code_digests import code_digest
from forecast.contrasts import Contrast, contrasts
from forecast.engine import Settings
from forecast.errors import PosteriorError
from forecast.exchanges import contrast_changes, contrast_names
from forecast.figures import Grid, Row, Told
from forecast.languages import Language
from forecast.mixtures import ScenarioMixture
from forecast.numerals import ends
from forecast.plan import BLOCK_SIZE
from forecast.posterior import load_posterior
from forecast.summary import Summary

MOST_DRAWS = 1_000_000
"""Draws simulated for one attribution at most, over all its scenarios: about ten seconds."""

FEWEST_DRAWS = 2 * BLOCK_SIZE
"""First draws of the runs that parts are taken from at least; where these are too many, the orders are sampled."""

SHOWN = 8
"""Assumptions shown one by one; the others are added up."""


@dataclass(frozen=True, slots=True)
class Division:
    """A difference divided, or why it is not.

    Attributes:
        n_assumptions: assumptions that differ.
        n_draws: draws of the runs.
        obstacle: `many` where assumptions are too many, `changed` where the runs cannot be simulated again as they
            were, `mixture` where one of them is of several scenarios.
        attribution: the parts, of the first draws or of all, where nothing is in the way.
    """

    n_assumptions: int
    n_draws: int
    obstacle: str = ""
    attribution: Attribution | None = None


def division(alternative: Told, reference: Told) -> Division:
    """The difference of two runs that are pairs, divided among the assumptions that differ."""
    one, other = reference.world, alternative.world
    if isinstance(one, ScenarioMixture) or isinstance(other, ScenarioMixture):
        return Division(0, 0, "mixture")
    found, manifest = contrasts(one, other), reference.results.manifest
    whole = Settings(*(manifest[name] for name in ("n_draws", "seed", "scheme")))
    settings = replace(whole, n_draws=_first_draws(scenarios_needed(found), whole.n_draws))
    most = MOST_DRAWS // settings.n_draws
    if most < min(scenarios_needed(found), 2 * len(found)):
        return Division(len(found), whole.n_draws, "many")
    try:
        posterior = load_posterior(as_of=manifest["as_of"])
    except PosteriorError:
        return Division(len(found), whole.n_draws, "changed")
    if manifest["digests"]["posterior"] != posterior.digest or manifest["digests"]["code"] != code_digest("numbers"):
        return Division(len(found), whole.n_draws, "changed")
    prior = manifest["parameters"] == "prior"
    divided = attribute(one, other, settings, posterior=posterior, prior=prior, most=most)
    return Division(len(found), whole.n_draws, attribution=divided)


def _first_draws(n_scenarios: int, n_draws: int) -> int:
    """Draws of the runs, in whole blocks from the first on, that so many scenarios can be simulated with."""
    affordable = MOST_DRAWS // n_scenarios // BLOCK_SIZE * BLOCK_SIZE
    return min(n_draws, max(affordable, FEWEST_DRAWS))


def because(divided: Division, language: Language) -> dict[str, Any]:
    """The parts of a difference in the last year as a sentence and a table, or why there are none."""
    attribution = divided.attribution
    if attribution is None:
        told = language.text(f"causes.{divided.obstacle}", n_assumptions=divided.n_assumptions)
        return {"words": told, "table": None}
    year = attribution.years[-1]
    table = Grid(
        language.text("causes.caption", year=year, unit=language.text("numbers.unit")),
        [language.text(f"columns.{name}") for name in ("assumption", "mean", "interval_80")],
        [Row(cells) for cells in _rows(attribution, language)],
    )
    return {"words": " ".join(_method(attribution, divided.n_draws, language)), "table": table}


def _method(attribution: Attribution, n_draws: int, language: Language) -> Iterator[str]:
    """How the parts were found, and what of the runs they leave out."""
    orders = "method" if attribution.exact else "sampled"
    yield language.text(f"causes.{orders}", n_scenarios=f"{attribution.n_scenarios:,}")
    taken = attribution.difference.shape[-1] + attribution.n_failed
    if taken < n_draws:
        yield language.text("causes.first", n_taken=f"{taken:,}", n_draws=f"{n_draws:,}")


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
