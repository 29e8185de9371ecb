"""What makes sense in a scenario but is probably not meant: said before a run, which it does not stop."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from forecast.errors import Remark
from forecast.idle import repeated, unread
from forecast.idle_levers import idle_levers
from forecast.idle_ties import idle_ties
from forecast.layers import Layered
from forecast.magnitudes import beyond_record, implausible, unscaled
from forecast.quarters import format_quarter
from forecast.rows import Row, ends, mean, rows
from forecast.schema import ScenarioFile
from forecast.standpoint import last_observed, read


def remarks(layers: Layered) -> list[Remark]:
    """Every remark on a scenario's layers; a value the schema refuses is passed over."""
    root, announced = layers.root, rows(layers.root)
    origin = last_observed(root)
    with np.errstate(all="ignore"):
        found = [*repeated(layers.changes), *unread(root, announced), *implausible(root, announced), *unscaled(root)]
        for row in announced:
            found += _bought(row)
        if origin is not None:
            found += beyond_record(root, announced, origin)
            end = 4.0 * (1 + (read(root, "horizon", int) or ScenarioFile.model_fields["horizon"].default))
            found += [*idle_levers(root, origin, end), *idle_ties(root, announced, origin)]
            for row in announced:
                found += [*_runs_already(row, origin), *_too_late(row, end)]
    return list(dict.fromkeys(found))


def _bought(row: Row) -> Iterator[Remark]:
    """A purchase after which more is built than was bought, or before which."""
    if row.text("kind") != "acquisition":
        return
    amount, capex = row.money("amount"), row.money("new_capex") if row.has("new_capex") else None
    if amount and capex and mean(capex) > mean(amount):
        message = f"got {mean(capex):.4g} bn USD of construction after a purchase of {mean(amount):.4g}"
        yield row.remark(
            "new_capex", f"{message}; if the plant is built, not bought, its kind is greenfield or expansion"
        )
    announced, start = row.date("announced"), row.date("construction_start")
    if announced and start and ends(start)[1] < ends(announced)[0]:
        message = f"got {row.said('construction_start')}, before the purchase is announced"
        yield row.remark("construction_start", f"{message}, which is {row.said('announced')}")


def _runs_already(row: Row, origin: int) -> Iterator[Remark]:
    """A plant that runs by its dates, and is doubted all the same."""
    production = row.date("production_start")
    if production is None or ends(production)[1] > origin + 1:
        return
    since = (
        f"by its production_start it runs, and {format_quarter(origin)}, the last quarter observed, holds what it ships"
    )
    probability, slip = row.law("probability"), row.law("slip")
    if probability is not None and float(probability.ppf(0.5)) < 1.0:
        yield row.remark("probability", f"got a chance below 1 for {row.name}, expected 1: {since}")
    if slip is not None and float(slip.ppf(0.5)) > 0.0:
        yield row.remark("slip", f"got a delay for {row.name}, expected 0: {since}")


def _too_late(row: Row, end: float) -> Iterator[Remark]:
    """A plant that produces, or is begun, after the horizon."""
    for key, what in (("construction_start", "adds nothing"), ("production_start", "ships nothing")):
        date = row.date(key)
        if date is not None and ends(date)[0] >= end:
            message = f"got {row.said(key)}, after the horizon: {row.name} {what} in the results"
            yield row.remark(key, message)
            return
