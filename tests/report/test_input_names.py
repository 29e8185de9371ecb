"""Names of uncertain inputs in both languages, and chances and digits of tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import forecast
from forecast.analysis.input_values import uncertain_values
from forecast.engine.compile import compile_run
from forecast.engine.simulate import Settings, block_streams
from forecast.models.posterior import load_posterior
from forecast.observations.vintage import vintage
from forecast.report.budget import input_table
from forecast.report.i18n import ENGLISH, language
from forecast.report.table import markdown
from forecast.scenario.scenario import load_scenario


def names(scenario: str) -> Iterator[str]:
    plan = compile_run(load_scenario(scenario), load_posterior(), vintage())
    yield from uncertain_values(plan, block_streams(plan, Settings(100))[0], 2030)


@pytest.mark.parametrize("scenario", ["hyundai", "tariff-war", "us-slowdown", "localization-fast", "memory-slump"])
def test_every_input_has_a_name_in_korean_and_its_own_in_english(scenario: str) -> None:
    """What stands before the last colon may be an id or a word of the file."""
    found = list(names(scenario))
    assert len(found) > 10
    assert [ENGLISH.input_name(name) for name in found] == found
    korean = [language("ko").input_name(name).rpartition(": ")[2] for name in found]
    assert [name for name in korean if re.search(r"[a-z]{2,}", name)] == []


@pytest.mark.slow
def test_a_budget_names_inputs_in_the_language_and_gives_a_small_plant_two_decimals(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(
        "name: small\ntitle: Small\ninvestments:\n  - {id: A-1, company: A, project: one, sector: autos,"
        " kind: greenfield, amount: 0.3, announced: 2026-10, production_start: 2029Q1}\n",
        encoding="utf-8",
    )
    run = forecast.run_scenario(load_scenario(tmp_path / "small.yaml"), out=tmp_path / "results").results
    budget = forecast.uncertainty_budget(run, series="effect")
    english, korean = (markdown(input_table(budget, language(code))) for code in ("en", "ko"))
    row = next(line for line in english.splitlines() if "exports replaced per USD of output" in line)
    assert re.search(r"0\.\d\d to −0\.\d\d", row)
    assert "자동차: 산출액 1달러당 대체되는 수출" in korean
    assert "exports replaced" not in korean


def test_a_chance_that_is_not_sure_never_reads_as_if_it_were() -> None:
    texts = [plain(language("en").whole_chance(chance)) for chance in (0.0, 0.001, 0.5, 0.996, 1.0)]
    assert texts == ["0 %", "below 1 %", "50 %", "above 99 %", "100 %"]
    assert language("ko").whole_chance(0.999) == "99% 초과"


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")
