"""A scenario fully resolved: every value with the place it came from, and whether it is fitted, fixed or judged.

`fixed` is a number or date without a spread, `judged` one stated with a spread, in the file or in the priors, `fitted`
one that data moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np

from forecast.catalogue import Wording, worded
from forecast.dims import Array
from forecast.economics import realisation
from forecast.economics.elasticities import shipped_responses
from forecast.economics.sectors import COEFFICIENTS, SECTORS, load_sectors
from forecast.economics.tariffs import load_schedule
from forecast.engine.plan import Plan, Project
from forecast.errors import YamlPath
from forecast.models.evidence import places_with_evidence, recent_plants
from forecast.models.posterior import Posterior
from forecast.quarters import format_quarter
from forecast.scenario.contrasts import WITHOUT_NUMBERS
from forecast.scenario.dates import date_distribution
from forecast.scenario.entity import keys
from forecast.scenario.entries import Row, rows
from forecast.scenario.investments import Investment
from forecast.scenario.layers import WHOLE, Layered
from forecast.scenario.mixture import StatedBranch
from forecast.scenario.money import WON_KEY
from forecast.scenario.scenario import Scenario
from forecast.stats.distributions import Constant, LogNormal
from forecast.stats.formatting import short
from forecast.stats.specs import plain_distribution, read_distribution
from forecast.storage.documents import Node

_TEXTS = WITHOUT_NUMBERS | {"id", "kind", "sector"}
"""Keys that say what a thing is; no number is behind them."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a resolved scenario.

    Attributes:
        path: YAML path.
        text: the value, as a file would write it, or in words of no language yet.
        standing: `fixed`, `judged` or `fitted`; nothing for a text.
        origin: where it came from: file and line, an override, or `default`.
    """

    path: YamlPath
    text: str | Wording
    standing: str
    origin: str | Wording


def stated(layers: Layered, top: str) -> Iterator[Value]:
    """What the files and overrides say, in the order of the merged tree; `top` is the file that was asked for."""
    for path, node in _leaves(layers.root, ()):
        yield Value(path, _text(node), _model_record(path, node), _origin(node, top))


def _origin(node: Node, top: str) -> str | Wording:
    place = node.place
    file = place.file.removeprefix(f"{PurePath(top).parent}/")
    if not place.line:
        return file
    written = f"{file}:{place.line}"
    return written if place.file == top else worded("explain.values.extended", place=written)


def weighed(branches: Sequence[StatedBranch], shares: Sequence[float], top: str) -> Iterator[Value]:
    """What a mixture says of its branches, and the share of draws that follow each."""
    for one, share in zip(branches, shares, strict=True):
        path, scenario, weight = (
            ("mixture", one.branch.label),
            *(one.node.fields[key] for key in ("scenario", "weight")),
        )
        told = one.branch.scenario.name if scenario.fields else _text(scenario)
        yield Value((*path, "scenario"), told, "fixed", _origin(scenario, top))
        yield Value((*path, "weight"), _text(weight), _model_record((*path, "weight"), weight), _origin(weight, top))
        percent = worded("explain.values.percent", share=100 * share)
        yield Value((*path, "share of draws"), percent, "", worded("explain.values.scaled"))


def _leaves(node: Node, path: YamlPath) -> Iterator[tuple[YamlPath, Node]]:
    """Values that stand for one thing: scalars, lists of scalars, numbers and dates in any form."""
    if any(item.fields for item in node.items):
        for index, item in enumerate(node.items):
            id = item.fields.get("id")
            yield from _leaves(item, (*path, str(id.content) if id else index))
    elif node.fields and not _is_one_value(node):
        for name, child in node.fields.items():
            yield from _leaves(child, (*path, name))
    elif node.content is not None:
        yield path, node


def _is_one_value(node: Node) -> bool:
    return (
        WON_KEY in node.fields or any(key in node.fields for key in WHOLE if key != "path") or _spread(node) is not None
    )


def _spread(node: Node) -> bool | None:
    """Whether a number or date has a spread; None for what is neither."""
    for reader in (read_distribution, date_distribution):
        try:
            value = reader(node.plain())
        except ValueError:
            continue
        low, high = value.ppf([0.05, 0.95]).tolist()
        return bool(low < high)
    return _spread(node.fields[WON_KEY]) if WON_KEY in node.fields else None


def _model_record(path: YamlPath, node: Node) -> str:
    if path[-1] in _TEXTS:
        return ""
    if path[-1] == "path":
        return "fitted" if node.content == "fitted" else "judged"
    return "judged" if _spread(node) else "fixed"


def _text(node: Node) -> str:
    """A value in one line of YAML, numbers as they are written."""
    if node.fields:
        return f"{{{', '.join(f'{name}: {_text(child)}' for name, child in node.fields.items())}}}"
    if node.items:
        return f"[{', '.join(map(_text, node.items))}]"
    return node.written or _flow(node.plain())


def _flow(plain: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(plain, Mapping):
        return f"{{{', '.join(f'{name}: {_flow(item)}' for name, item in plain.items())}}}"
    if isinstance(plain, tuple):
        return f"[{', '.join(map(_flow, plain))}]"
    return "null" if plain is None else str(plain).lower() if isinstance(plain, bool) else str(plain)


def defaults(layers: Layered, plan: Plan) -> Iterator[Value]:
    """What no file says and is not empty, at the top."""
    for name, field in keys(Scenario).items():
        if name in layers.root.fields or name == "extends":
            continue
        if name == "origin":
            last = worded("explain.values.last_quarter", quarter=format_quarter(plan.origin))
            yield Value((name,), last, "fixed", worded("explain.values.data"))
        elif isinstance(field.default, str | int | float) and field.default != "":
            yield Value((name,), str(field.default), "fixed", _DEFAULT)
    if "path" not in (layers.root.fields["localization"].fields if "localization" in layers.root.fields else {}):
        yield Value(("localization", "path"), "fitted", "fitted", _DEFAULT)


_DEFAULT = worded("explain.values.default")


def left_to_fit(layers: Layered, plan: Plan, posterior: Posterior) -> Iterator[Value]:
    """What investments leave out, and what stands in its place."""
    projects = {project.id: project for group in plan.groups for project in group.projects}
    for row in rows(layers.root, "investments", Investment):
        project = projects.get(row.name)
        if project is not None:
            yield from _left_out(row, project, plan, posterior)


def _left_out(row: Row, project: Project, plan: Plan, posterior: Posterior) -> Iterator[Value]:
    def value(key: str, text: str | Wording, standing: str, origin: Wording) -> Value:
        return Value(("investments", row.name, key), text, standing, origin)

    for key in ("construction_start", "production_start"):
        if not row.has(key):
            bought = row.value.kind == "acquisition"
            words = worded("explain.values.bought") if bought else worded(f"explain.values.{key}")
            yield value(key, words, "fixed" if bought else "fitted", _DEFAULT)
    missing = [key for key in ("probability", "slip", "scale") if not row.has(key)]
    learned = _outlook(row, project, plan, posterior) if missing else {}
    for key in missing:
        if getattr(project, key) is None:
            of = {"kind": row.value.kind, "sector": row.value.sector}
            yield value(key, learned[key], "fitted", worded("explain.values.learned", **of))
        else:
            yield value(key, _CERTAIN[key], "fixed", worded("explain.values.runs"))
    if not row.has("localization"):
        yield value("localization", worded("explain.values.path"), "", _DEFAULT)


_CERTAIN = {"probability": "1", "slip": "0", "scale": "1"}


def _outlook(row: Row, project: Project, plan: Plan, posterior: Posterior) -> dict[str, Wording]:
    """What was learned of plants of a kind and sector."""
    kind, sector = row.value.kind or "", row.value.sector or ""
    learned = realisation.combined(posterior.groups["realisation"], [(kind, sector)])
    wait = max(_planned(row) - max(plan.origin + 1.0, project.announced), 0.0)
    chance = float(realisation.survival(learned["hazard"][0], wait / 4).mean())
    late, shape, scale = learned["late"], learned["delay_shape"], learned["delay_scale"][0]
    delay = float(np.median(realisation.LATE + scale * np.log(2.0) ** (1.0 / shape)))
    spread = float(np.median(learned["revision_spread"][0]))
    low, high = LogNormal(1.0, spread).ppf([0.1, 0.9]).tolist()
    revised = float(learned["revised"].mean())
    return {
        "probability": worded("explain.values.probability", chance=chance),
        "slip": worded("explain.values.slip", chance=float(late.mean()), delay=delay),
        "scale": worded("explain.values.scale", chance=1 - revised, low=low, high=high),
    }


def _planned(row: Row) -> float:
    """Middle of the planned start of production; one median building time after the start where it is not stated."""
    production, start = row.value.production_start, row.value.construction_start
    if production is not None:
        return float(production.ppf(0.5))
    begin = start or Constant(row.value.announced)
    building = load_sectors()[row.value.sector or "other"]["construction_quarters"].distribution
    return float(begin.ppf(0.5)) + float(building.ppf(0.5))


def left_to_shipped(plan: Plan) -> Iterator[Value]:
    """What tariffs, import commitments and paths leave out, and the distributions that stand in its place."""
    schedule = load_schedule()
    shared = dict(shipped_responses())
    shared |= {f"import_commitments.additionality.{what}": prior for what, prior in schedule.additionality.items()}
    for item in plan.inputs:
        if item.name in shared and not item.settled:
            prior = shared[item.name]
            origin = worded("explain.values.prior_unstated", evidence=_evidence(prior.grade))
            yield Value(tuple(item.name.split(".")), _flow(plain_distribution(prior.distribution)), "judged", origin)
    for existing in plan.existing:
        spread = _between(existing.output.distribution.ppf([0.5, 0.1, 0.9]).tolist())
        yield Value(tuple(existing.output.stream.split(".")), spread, "judged", worded("explain.values.affiliates"))


def _evidence(grade: str) -> Wording:
    return worded("explain.grades.judgement") if grade == "judgement" else worded("explain.values.grade", grade=grade)


def _between(quantiles: Sequence[float]) -> Wording:
    """A median, and the ends of an 80 % interval."""
    median, low, high = map(short, quantiles)
    return worded("explain.values.interval", median=median, low=low, high=high)


def coefficients(layers: Layered, posterior: Posterior) -> Iterator[Value]:
    """Coefficients of the sectors with investments, where no file says otherwise."""
    overrides = layers.root.fields.get("overrides")
    said = overrides.fields["sectors"].fields if overrides and "sectors" in overrides.fields else {}
    moved = np.zeros((len(SECTORS), len(COEFFICIENTS)), np.bool_)
    moved[places_with_evidence(recent_plants())] = True
    used = {row.value.sector for row in rows(layers.root, "investments", Investment) if row.value.kind != "pledge"}
    for sector in (name for name in SECTORS if name in used):
        for name in COEFFICIENTS:
            if sector not in said or name not in said[sector].fields:
                index = SECTORS.index(sector), COEFFICIENTS.index(name)
                yield _coefficient(sector, name, posterior.groups["sectors"]["coefficients"][:, *index], moved[index])


def _coefficient(sector: str, name: str, learned: Array, moved: bool) -> Value:
    spread = _between(np.quantile(learned, [0.5, 0.1, 0.9]).tolist())
    evidence = _evidence(load_sectors()[sector][name].grade)
    origin = worded(f"explain.values.{'met' if moved else 'prior'}", evidence=evidence)
    return Value(("sectors", sector, name), spread, "fitted" if moved else "judged", origin)
