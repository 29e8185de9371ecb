"""Checks in words: tables of what models make beside what was seen, of ranks, and a plain sentence under each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from forecast.draws import Array
from forecast.layout import plain_table
from forecast.predictive import UNUSUAL, Check, standing_out
from forecast.uniformity import Study, adjusted

FAMILY = 0.05
"""Chance of a false alarm somewhere in a study, over all its parameters."""


def predictive_table(checks: Sequence[Check]) -> Group:
    """Every quantity as seen, and where 95 % of the data sets lie that prior and posterior make, a table a model."""
    tables: dict[str, Table] = {}
    headings = ("Seen", "Prior makes,\n95 %", "Posterior makes,\n95 %", "As far out\nor farther")
    for check in checks:
        table = tables.setdefault(check.model, _table((check.model.capitalize(), *headings)))
        made = (_span(check.prior), _span(check.posterior))
        mark = " *" if check.tail_probability < UNUSUAL else "  "
        table.add_row(check.quantity, _short(check.observed), *made, _percent(check.tail_probability) + mark)
    return Group(*tables.values())


def predictive_words(checks: Sequence[Check]) -> Text:
    """How many quantities stand out, how many would by chance, and which."""
    found = standing_out(checks)
    count = f"{len(found)} of {len(checks)} quantities"
    chance = f"about {UNUSUAL * len(checks):.0f} would by chance, rather fewer as the models have seen these data"
    if not found:
        return Text(f"None of {len(checks)} quantities stands out from what the fitted models make ({chance}).")
    named = "; ".join(f"{check.model}: {check.quantity} ({_percent(check.tail_probability)})" for check in found)
    verb = "stands" if len(found) == 1 else "stand"
    return Text(f"{count} {verb} out (*) from what the fitted models make ({chance}): {named}.")


def calibration_table(studies: Sequence[Study]) -> Group:
    """Ranks of the true value by parameter: how far from uniform, and how likely that is by chance, a table a model."""
    return Group(*(_study_table(study) for study in studies))


def calibration_words(study: Study) -> Text:
    """Whether the ranks of a model are as uniform as chance allows."""
    p_values = study.p_values
    family = adjusted(np.array(list(p_values.values())))
    failed = [name for name, chance in zip(p_values, family, strict=True) if chance < FAMILY]
    fits = (
        f"{study.model}: {study.n_fits} fits to made data, {study.n_refused} refused and done again, "
        f"{study.n_divergences} divergences"
    )
    if failed:
        return Text(f"{fits}; not calibrated in {', '.join(failed)}.")
    least = min(p_values, key=lambda name: p_values[name])
    return Text(
        f"{fits}; nothing against calibration. Of {len(p_values)} p-values the smallest is {p_values[least]:.3f} "
        f"({least}); chance alone makes one as small in up to {_percent(float(family.min()))} of such studies."
    )


def _study_table(study: Study) -> Table:
    table = _table(
        (study.model.capitalize(), "Mean rank,\n50 if right", "Ranks within\n80 %", "p-value", "with all\ntested")
    )
    family = adjusted(np.array(list(study.p_values.values())))
    for (name, chance), joint in zip(study.p_values.items(), family, strict=True):
        share = (study.ranks[name] + 0.5) / (study.n_kept + 1)
        inside = _percent(float((np.abs(share - 0.5) < 0.4).mean()))
        cells = (f"{100 * share.mean():.0f}", inside, f"{chance:.3f}", f"{joint:.2f}")
        table.add_row(name.replace("_", " "), *cells)
    return table


def _table(headings: Sequence[str]) -> Table:
    table = plain_table(headings)
    table.columns[0].justify = "left"
    return table


def _span(made: Array) -> str:
    low, high = np.quantile(made, [0.025, 0.975]).tolist()
    return f"{_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    return f"{value:.{1 if abs(value) >= 2 else 2}f}".replace("-", "−")


def _percent(share: float) -> str:
    return "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"
