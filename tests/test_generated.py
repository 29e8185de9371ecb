"""Scenario files nobody wrote: generated from the schema, mutated, with values of any shape.

Whatever the file holds, `forecast validate` says within 2 s of processor time and 300 MB either that it is valid, and
then it survives writing and reading and runs, or what is wrong and where. `make properties` makes 20,000 of them; the
tests make 120.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from validation import validation

from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, simulate
from forecast.errors import PosteriorError, RunError
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.scenario.json_schema import LIST, scenario_schema
from forecast.scenario.mixture import AnyScenario, dump_any, load_any
from forecast.scenario.scenario import Scenario, dump_scenario
from forecast.storage.documents import shipped_folder

pytestmark = pytest.mark.slow

N_FILES = int(os.environ.get("FORECAST_FILES", "120"))
LONG = N_FILES > 300
SECONDS, MEGABYTES = 2.0, 300.0
JARGON = re.compile(r"pydantic|Input should|errors\.|Value error|union|tuple|NoneType|Traceback|literal")
NOWHERE = ("the file is empty",)
"""Messages on a file in which there is no line to point at."""

budgeted = settings(
    max_examples=N_FILES // 3,
    derandomize=not LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
Contract = Callable[[str], None]


@pytest.fixture(scope="module")
def holds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    """The contract on one file, validated in a process that holds nothing else: generators of files grow as they go."""
    folder = tmp_path_factory.mktemp("generated")
    path, again = folder / "generated.yaml", folder / "again.yaml"
    path.write_text("name: warm", encoding="utf-8")
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        before = beside.submit(validation, str(path)).result().peak

        def check(text: str) -> None:
            path.write_text(text, encoding="utf-8", newline="", errors="surrogatepass")
            done = beside.submit(validation, str(path)).result()
            assert done.seconds < SECONDS
            assert done.peak < max(MEGABYTES, before + MEGABYTES / 3)
            assert not done.crash, done.crash
            (file,) = json.loads(done.stdout)["files"]
            errors = [item for item in file["problems"] if item["severity"] == "error"]
            assert done.exit_code == (2 if errors else 0)
            assert not [item for item in file["problems"] if JARGON.search(item["message"])]
            if errors:
                assert any(item["line"] or item["message"].startswith(NOWHERE) for item in errors), errors
            else:
                world = load_any(path)
                dumped = dump_scenario(world) if isinstance(world, Scenario) else dump_any(world)
                again.write_text(dumped, encoding="utf-8")
                assert load_any(again) == world
                run_or_refuse(world)

        yield check


@cache
def posterior(as_of: str | None) -> Posterior:
    """The stored posterior of a day, read once: reading it takes longer than all else that a file needs."""
    return load_posterior(as_of=as_of)


def run_or_refuse(world: AnyScenario) -> None:
    """A few draws of a world; a refusal in words will do, as where no draw is finite."""
    with np.errstate(all="ignore"):
        try:
            plan = compile_run(world, posterior(world.as_of), vintage(world.as_of), prior=False)
            simulate(plan, Settings(8)).summary(plan.years, plan.series)
        except (PosteriorError, RunError):
            pass


VALID = """\
name: valid
localization: {path: target, local: 0.8, by: 2030Q4, sectors: {solar: {path: hold}}}
investments:
  - {id: A-1, company: A, project: one, sector: autos, kind: pledge, amount: 9, announced: 2025-08}
  - id: B-2
    company: B
    project: two
    sector: steel
    kind: greenfield
    amount: {krw_trillion: {distribution: normal, mean: 5.8, sd: 0.5, truncate: [0, null]}}
    announced: 2025-03
    construction_start: {earliest: 2026Q3, latest: 2027Q1}
    production_start: 2029Q1
    part_of: A-1
    overrides: {machinery_share: {interval: [0.2, 0.4], level: 0.9, truncate: [0, 1]}}
"""
SHIPPED = [path.read_text("utf-8") for path in sorted(shipped_folder().glob("*.yaml"))]
MUTATED = [VALID, *(text for text in SHIPPED if "extends:" not in text)]
PIECES = st.sampled_from(
    [
        *"[]{}:,-?&*!|>'\"%@`#~\n\t\\ 0\ufeff\x85\u2028",
        *("null", "true", ".nan", ".inf", "-1", "1e308", "1e999", "<<", "*a", "&a ", "!!x ", "- ", "? ", "---\n", "[["),
        *("normal", "interval", "path", "B-2", "A-1", "2029Q9", "{}", "krw_trillion", "1981-04", "9e-320", "조원"),
    ]
)


@given(text=st.sampled_from(MUTATED), data=st.data())
@budgeted
def test_a_mutated_file_is_valid_or_told_what_is_wrong(holds: Contract, text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 12))
        text = text[:start] + data.draw(PIECES) + text[start + length :]
    holds(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["path", "interval", "x", "mean", "krw_trillion"]), inner)
    ),
    max_leaves=4,
)
KEYS = sorted(set(re.findall(r"([a-z_]+):", VALID)))


@given(key=st.sampled_from(KEYS), value=VALUES)
@budgeted
def test_a_value_of_any_shape_is_valid_or_told_what_is_wrong(holds: Contract, key: str, value: object) -> None:
    one_value = rf"\b{key}: (?:\{{[^{{}}]*\}}|[\w.-]+)"
    holds(re.sub(one_value, lambda _: f"{key}: {json.dumps(value)}", VALID, count=1))


SCHEMA = scenario_schema()
for group in [part for name, part in SCHEMA["definitions"].items() if name.startswith(LIST)]:
    entry = group["anyOf"][0]["items"]["$ref"].rpartition("/")[2]
    keys = [keys["items"] for keys in SCHEMA["else"]["else"]["patternProperties"].values() if "items" in keys]
    SCHEMA["definitions"][entry]["required"] = next(
        item["required"] for item in keys if set(item["required"]) <= set(SCHEMA["definitions"][entry]["properties"])
    )
DATES = st.sampled_from(["2024Q1", "2026-11", "2027Q1", "2028-H1", "2029-03-15", 2031, "2036Q1", "1990"])
SANE = st.sampled_from([0.1, 0.25, 0.5, 0.9, 1, 2, 5.8, 40])
NUMBERS = SANE | SANE | st.sampled_from([0, 5800]) | st.floats(allow_nan=False) | st.integers()
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=6)


def generated(part: dict[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a schema, most of them in its shape."""
    if "$ref" in part:
        target = SCHEMA
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        return st.deferred(lambda: generated(target, depth))
    if "patternErrorMessage" in part:
        return DATES
    if "anyOf" in part:
        return st.one_of([generated(form, depth) for form in part["anyOf"]])
    if "const" in part or "enum" in part:
        return st.sampled_from(part.get("enum") or [part["const"]])
    return SHAPES[part.get("type", "string")](part, depth)


def mappings(part: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    known = {name: generated(keyed, depth + 1) for name, keyed in part.get("properties", {}).items()}
    if not known:
        rest = part.get("additionalProperties")
        values = generated(rest, depth + 1) if rest else VALUES
        return st.dictionaries(st.sampled_from(["A-1", "B-2"]), values, max_size=2)
    sure = {name: value for name, value in known.items() if name in part.get("required", ())}
    return st.fixed_dictionaries(sure, optional={name: known[name] for name in known if name not in sure and depth < 6})


def lists(part: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    items = part.get("items", {})
    if isinstance(items, list):
        return st.tuples(*(generated(item, depth + 1) for item in items)).map(list)
    return st.lists(generated(items, depth + 1), max_size=3)


def texts(part: dict[str, Any], _: int) -> st.SearchStrategy[Any]:
    if "pattern" in part:
        return st.from_regex(part["pattern"], fullmatch=True) | TEXTS
    return st.sampled_from(["A-1", "B-2", "c", "valid"]) | TEXTS


SHAPES: dict[str, Callable[[dict[str, Any], int], st.SearchStrategy[Any]]] = {
    "object": mappings,
    "array": lists,
    "string": texts,
    "number": lambda part, depth: NUMBERS,
    "integer": lambda part, depth: st.integers(2026, 2061),
    "null": lambda part, depth: st.none(),
    "boolean": lambda part, depth: st.booleans(),
}


@given(stated=generated({"type": "object", "properties": SCHEMA["properties"], "required": ["name"]}))
@budgeted
def test_a_file_in_the_shape_of_the_schema_is_valid_or_told_what_is_wrong(holds: Contract, stated: Any) -> None:
    kept = {name: value for name, value in stated.items() if name not in ("extends", "as_of")}
    holds(json.dumps(kept, indent=1, ensure_ascii=False))
