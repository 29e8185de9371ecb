"""Files are read as they are seen: what has no width, or another form of the same meaning, moves nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from commands import command

import forecast
from forecast.scenario.mixture import load_any
from forecast.scenario.scenario import Scenario, dump_scenario, load_scenario, scenario_digest
from forecast.storage.documents import shipped_folder, yaml_text

CLEAN = """\
name: plants
title: 현대제철 in Louisiana
horizon: 2035
description: >-
  One mill of 5.8 bn USD.
investments:
  - id: HMG-06
    company: 현대제철 / POSCO
    project: mill, phase 1
    sector: steel
    kind: greenfield
    amount: 5.8
    announced: 2025
    production_start: {earliest: 2029, latest: 2030}
    slip: 2
  - {id: "010", company: "1E5", project: no, sector: other, kind: greenfield, announced: 2026Q1,
     production_start: 2029Q1, amount: 1.0}
"""

SEEN_ALIKE = {
    "a byte-order mark in the middle": ("investments:", "\ufeffinvestments:"),
    "zero-width spaces": ("id: HMG-06", "id\u200b: \u200bHMG\u200b-06\u200b"),
    "zero-width joiners": ("steel", "st\u200deel\u200c"),
    "soft hyphens": ("greenfield", "green\u00adfield"),
    "word joiners and marks of direction": ("5.8\n", "\u200e5.8\u2060\u200f\n"),
    "no-break spaces between": ("mill, phase 1", "mill,\u00a0phase\u202f1"),
    "no-break spaces that indent": ("    kind:", "\u00a0\u00a0\u00a0\u00a0kind:"),
    "ideographic spaces around": ("slip: 2", "slip:\u30002\u3000"),
    "a tab after the value": ("horizon: 2035", "horizon: 2035\t"),
    "a tab before the value": ("horizon: 2035", "horizon:\t2035"),
    "a tab before a comment": ("slip: 2", "slip: 2\t# quarters"),
    "a line of a tab": ("investments:", "\t\ninvestments:"),
    "lines that end in CR LF": ("\n", "\r\n"),
    "whole numbers with decimals": ("horizon: 2035", "horizon: 2035.0"),
    "whole numbers with exponents": ("horizon: 2035", "horizon: 2.035e3"),
    "whole dates with exponents": ("announced: 2025", "announced: 2025e0"),
    "whole dates with decimals": ("announced: 2025", "announced: 2025.0"),
    "whole dates of a window": ("{earliest: 2029, latest: 2030}", "{earliest: 2029.0, latest: 2030.00}"),
    "decomposed letters": ("현대제철", normalize("NFD", "현대제철")),
    "leading zeros without quotes": ('"010"', "010"),
}


def wide(text: str) -> str:
    """ASCII letters in full width."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def loaded(folder: Path, text: str, name: str = "plants.yaml") -> Scenario:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return load_scenario(path)


@pytest.mark.parametrize(("clean", "other"), SEEN_ALIKE.values(), ids=SEEN_ALIKE)
def test_what_looks_alike_is_alike(tmp_path: Path, clean: str, other: str) -> None:
    assert clean in CLEAN
    found = loaded(tmp_path, CLEAN.replace(clean, other))
    assert found == loaded(tmp_path, CLEAN)
    assert scenario_digest(found) == scenario_digest(loaded(tmp_path, CLEAN))


def test_names_keep_their_letters(tmp_path: Path) -> None:
    first, second = loaded(tmp_path, CLEAN).investments
    assert (first.id, first.company, first.project) == ("010", "1E5", "no")
    assert second.company == "현대제철 / POSCO"


@pytest.mark.parametrize(
    "title", ["“curly”", "a\u200bb", "plan \u202eof\u202c all", "tab\there", "010", "2035.0", "삼성"]
)
def test_any_title_is_written_so_that_it_is_read_again(tmp_path: Path, title: str) -> None:
    scenario = replace(loaded(tmp_path, CLEAN), title=title)
    assert loaded(tmp_path, dump_scenario(scenario)) == scenario
    assert ("\\u" in yaml_text({"title": title})) == (title not in {"tab\there", "010", "2035.0", "삼성"})


@pytest.mark.parametrize(
    ("company", "project"),
    [
        (f"{wide('LG')} Energy  Solution", "cells"),
        ("lg energy solution", wide("Cells")),
        ("LG Energy Solution", "cells\u200d"),
    ],
)
def test_one_plant_in_two_spellings_counts_once(tmp_path: Path, company: str, project: str) -> None:
    entry = "{{id: {}, company: {}, project: {}, sector: other, kind: greenfield, announced: 2026Q1, "
    entry += "production_start: 2029Q1, amount: 1}}"
    lines = [entry.format("A", "LG Energy Solution", "cells"), entry.format("B", company, project)]
    path = tmp_path / "twice.yaml"
    path.write_text("name: twice\ninvestments:\n" + "".join(f"  - {line}\n" for line in lines), encoding="utf-8")
    done = command("validate", str(path), cwd=tmp_path)
    assert done.returncode == 2
    assert "same company and project as A, expected every project once; name what sets two apart" in done.stdout


@pytest.mark.parametrize("name", ["hyundai", "tariff-regimes"])
def test_a_shipped_name_stands_for_its_file_in_python_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = shipped_folder() / f"{name}.yaml"
    load = forecast.load_scenario if name == "hyundai" else forecast.load_mixture
    assert load(name) == load(file)
    assert load_any(name) == load_any(file)
    monkeypatch.chdir(shipped_folder())
    assert load(file.name) == load(name)


def test_one_change_need_not_stand_in_a_list() -> None:
    """Each of its letters was taken for a change."""
    assert forecast.load_scenario("hyundai", "horizon=2030").horizon == 2030
    assert forecast.load_mixture("tariff-regimes", "horizon=2030").horizon == 2030


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((0,), "n_draws: got 0, expected a whole number of at least 1"),
        ((1, 10**30 + 1), f"seed: got {10**30 + 1}, expected at most 10 to the power of 30"),
        ((1.5,), "n_draws: got 1.5, expected a whole number"),
        (("1000",), 'n_draws: got text "1000", expected a whole number'),
        ((None,), "n_draws: got nothing, expected a whole number"),
        ((True,), "n_draws: got true, expected a whole number"),
        ((10, -1), "seed: got -1, expected a whole number of at least 0"),
        ((10, 0, "halton"), 'scheme: got text "halton"; accepted: plain, latin_hypercube, sobol'),
        ((10, 0, "lhs"), 'scheme: got text "lhs"; accepted'),
    ],
)
def test_settings_that_are_none_are_refused_in_python_too(settings: tuple[Any, ...], said: str) -> None:
    """An unknown scheme ran as a Latin hypercube and was stored under its own name."""
    with pytest.raises(forecast.ForecastError, match=re.escape(said)):
        forecast.Settings(*settings)


def test_the_name_of_a_scenario_is_no_scenario() -> None:
    with pytest.raises(forecast.ForecastError, match="expected a scenario, as `load_scenario`"):
        forecast.run_scenario("hyundai", forecast.Settings(10))  # type: ignore[arg-type]


def test_whole_numbers_of_numpy_are_settings_like_any_other(tmp_path: Path) -> None:
    """A seed from `numpy.arange` ended in a traceback, as JSON has none of them."""
    scenario = forecast.load_scenario("baseline", "horizon=2027")
    runs = [
        forecast.run_scenario(scenario, forecast.Settings(number(200), number(3)), out=tmp_path / name)
        for name, number in {"plain": int, "numpy": np.int64}.items()
    ]
    one, other = (run.results for run in runs)
    assert one.folder.name == other.folder.name
    assert (one.folder / "draws.nc").read_bytes() == (other.folder / "draws.nc").read_bytes()
