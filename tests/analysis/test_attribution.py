"""Differences of scenarios divided among their assumptions, and where scenarios differ."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, permutations, product
from pathlib import Path

import numpy as np
import pytest

import forecast
from forecast.analysis.attribution import ACCOUNT, attribute, flows_beside
from forecast.dims import NEWS, Array
from forecast.engine.block import Baseline, simulated_flows
from forecast.engine.compile import compile_plan
from forecast.engine.simulate import Settings
from forecast.models.posterior import Posterior, load_posterior
from forecast.observations.vintage import vintage
from forecast.report.contrasts import contrast_changes
from forecast.report.i18n import language
from forecast.scenario import contrasts as module
from forecast.scenario.contrasts import Contrast, contrasts, mixed
from forecast.scenario.scenario import Scenario, plain_scenario
from forecast.stats.distributions import Constant
from forecast.stats.streams import Streams
from forecast.storage.documents import shipped_names

SETTINGS = Settings(300)


def shipped(name: str, *overrides: str) -> Scenario:
    return forecast.load_scenario(Path(__file__).parents[2] / "scenarios" / f"{name}.yaml", overrides)


@cache
def learned() -> Posterior:
    return load_posterior()


def balance(scenario: Scenario) -> Array:
    plan = compile_plan(scenario, learned(), vintage())
    return simulated_flows(plan, Streams(SETTINGS.seed, 0, SETTINGS.n_draws)).annual[0]


def changed(contrast: Contrast) -> str:
    return contrast_changes(contrast, language("en")).replace("\xa0", " ")


def names(found: Sequence[Contrast]) -> list[str]:
    return [contrast.name for contrast in found]


def test_differences_are_found_entry_by_entry() -> None:
    found = contrasts(shipped("hyundai"), shipped("hyundai-26bn"))
    assert [(contrast.name, changed(contrast), contrast.separable) for contrast in found] == [
        ("investments.HMG-02-increase", "added", True)
    ]
    path = "localization={path: target, local: 0.56, by: 2030Q4}"
    moved = shipped("hyundai", "investments.HMG-06.amount=5", path, "name=other", "horizon=2030")
    found = contrasts(shipped("hyundai"), moved)
    assert [(contrast.name, changed(contrast)) for contrast in found] == [
        ("investments.HMG-06", "amount 5.8 → 5 bn USD"),
        ("localization", "fitted → 56 % local by 2030Q4"),
    ]


def test_texts_and_pledges_are_no_assumptions() -> None:
    told = shipped("hyundai", "investments.HMG-06.company=Someone", "investments.HMG-01.amount=30", "title=Other")
    assert contrasts(shipped("hyundai"), told) == ()


def test_all_assumptions_taken_make_the_alternative() -> None:
    reference, alternative = shipped("hyundai"), shipped("tariffs-25", "localization.path=hold")
    made = mixed(reference, alternative, contrasts(reference, alternative))
    for field in ("investments", "localization", "tariffs"):
        assert plain_scenario(made).get(field) == plain_scenario(alternative).get(field)


@dataclass(frozen=True, slots=True)
class Alliance:
    """An entry of a kind the language does not have yet."""

    id: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Later(Scenario):
    """A scenario with a field the language does not have yet."""

    alliances: tuple[Alliance, ...] = ()


def test_a_new_field_is_compared_and_entries_that_name_each_other_stay_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "Scenario", Later)
    plain = shipped("hyundai")
    fields = {name: getattr(plain, name) for name in Scenario.__dataclass_fields__}
    plan = Alliance("plan", ("HMG-06", "HMG-01-parts"))
    reference = Later(**fields)
    (alone,) = contrasts(reference, replace(reference, alliances=(plan,)))
    assert (alone.name, changed(alone), alone.separable) == ("alliances.plan", "added", False)
    less = tuple(item for item in plain.investments if item.id != "HMG-06")
    smaller = tuple(replace(item, amount=Constant(1.0)) if item.id == "HMG-01-vehicles" else item for item in less)
    found = contrasts(replace(reference, alliances=(plan,)), replace(reference, investments=smaller))
    assert names(found) == ["investments.HMG-01-vehicles", "investments.HMG-06, alliances.plan"]
    assert [contrast.separable for contrast in found] == [True, False]


def test_correlated_inputs_keep_their_entries_together_and_leave_others_alone(tmp_path: Path) -> None:
    for name in ("baseline", "hyundai"):
        shutil.copy(Path(__file__).parents[2] / "scenarios" / f"{name}.yaml", tmp_path)
    file = tmp_path / "correlated.yaml"
    file.write_text(
        "extends: hyundai.yaml\nname: correlated\n"
        "localization: {path: hold}\n"
        "investments:\n"
        "  - {id: HMG-06, amount: 5}\n"
        "  - {id: HMG-01-parts, amount: 3}\n"
        "  - {id: HMG-01-vehicles, amount: 4}\n"
        "correlations:\n"
        "  - {between: [investments.HMG-06.scale, investments.HMG-01-parts.scale], rank: 0.5}\n"
    )
    found = contrasts(shipped("hyundai"), forecast.load_scenario(file))
    assert names(found) == [
        "investments.HMG-01-parts, investments.HMG-06, correlations",
        "investments.HMG-01-vehicles",
        "localization",
    ]
    assert [contrast.separable for contrast in found] == [False, True, False]


def test_parts_are_shapley_values_of_simulated_coalitions() -> None:
    """Against all 24 orders of two investments, a tariff and a path, each coalition simulated by itself."""
    reference = shipped("hyundai")
    tariff = {"tariffs": shipped("tariffs-25").tariffs[-2:-1]}
    moved = replace(shipped("hyundai", "investments.HMG-06.amount=3", "localization.path=hold"), **tariff)
    alternative = replace(moved, investments=moved.investments[:2] + moved.investments[3:])
    found = attribute(reference, alternative, SETTINGS, posterior=learned())
    assert len(found.contrasts) == 4
    assert (found.exact, found.n_scenarios, found.n_failed) == (True, 12, 0)
    worth: dict[frozenset[int], Array] = {}
    parts = np.zeros_like(found.parts)
    for order in permutations(range(4)):
        taken: frozenset[int] = frozenset()
        for player in order:
            for coalition in (taken, taken | {player}):
                if coalition not in worth:
                    worth[coalition] = balance(mixed(reference, alternative, [found.contrasts[i] for i in coalition]))
            parts[player] += (worth[taken | {player}] - worth[taken]) / 24
            taken |= {player}
    np.testing.assert_allclose(found.parts, parts, atol=1e-10)
    np.testing.assert_allclose(found.difference, balance(alternative) - balance(reference), atol=1e-10)


@pytest.mark.slow
def test_parts_add_up_in_every_draw_exact_or_sampled() -> None:
    pair = shipped("announced"), shipped("tariffs-25")
    drawn = attribute(*pair, Settings(40), posterior=learned(), most=2)
    assert (drawn.exact, drawn.n_scenarios) == (False, 2 * len(drawn.contrasts))
    assert drawn.gap < 1e-10
    np.testing.assert_allclose(drawn.parts.sum(axis=0), drawn.difference, atol=1e-10)
    np.testing.assert_allclose(drawn.channels.value.sum(axis=1), drawn.parts.mean(axis=-1), atol=1e-10)


def test_channels_of_one_block_have_an_error_from_ten_parts_of_it() -> None:
    pair = shipped("hyundai"), shipped("hyundai-26bn")
    found = attribute(*pair, SETTINGS, posterior=learned())
    flows = []
    for scenario in pair:
        plan = compile_plan(scenario, learned(), vintage())
        annual = simulated_flows(plan, Streams(SETTINGS.seed, 0, SETTINGS.n_draws)).annual
        flows.append(annual[[plan.series.index(name) for name in NEWS[1:]]])
    change = flows[1] - flows[0]
    channels = [ACCOUNT.index(name) for name in NEWS[1:]]
    np.testing.assert_allclose(found.channels.value[0, channels], change.mean(axis=-1), atol=1e-10)
    parts = change.reshape(*change.shape[:2], 10, 30).mean(axis=-1)
    expected = parts.std(axis=-1, ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(found.channels.standard_error[0, channels], expected, atol=1e-10)


def test_equal_scenarios_have_exact_zeros() -> None:
    found = attribute("hyundai", shipped("hyundai", "title=Told otherwise"), SETTINGS)
    assert found.contrasts == ()
    assert found.parts.shape == (0, 10, 300)
    assert not found.difference.any()
    assert found.gap == 0.0


def test_parts_add_up_where_plants_replace_exports_that_run_out() -> None:
    """Two solar plants that would replace more cells and modules than Korea ships: each takes half of what there is."""
    plant = (
        "investments=[{{id: {0}, company: C, project: P, sector: solar, kind: greenfield, amount: 300, "
        "announced: 2026-07, construction_start: 2026Q4, production_start: 2027Q4, probability: 1, scale: 1, slip: 0, "
        "overrides: {{displacement_rate: 0.5}}}}]"
    )
    one = shipped("baseline", plant.format("A"), "horizon=2030")
    both = replace(one, investments=(*one.investments, replace(one.investments[0], id="B")), name="both")
    found = forecast.attribute(shipped("baseline", "horizon=2030"), both, SETTINGS, posterior=learned())
    assert found.gap < 1e-9
    assert [contrast.separable for contrast in found.contrasts] == [True, True]
    np.testing.assert_allclose(found.parts[0], found.parts[1], atol=1e-9)
    alone = [balance(scenario) for scenario in (shipped("baseline", "horizon=2030"), one, both)]
    first, second = (after - before for before, after in pairwise(alone))
    assert (second[-1] > first[-1] + 0.1).all()  # what the first left to replace is less


@pytest.mark.slow
def test_workers_divide_a_difference_as_one_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.analysis.attribution._WORTH_WORKERS", 1)
    pair, two_blocks = (shipped("baseline"), shipped("hyundai")), Settings(2_100)
    alone, together = (attribute(*pair, two_blocks, posterior=learned(), n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(alone.difference, together.difference)
    np.testing.assert_array_equal(alone.parts, together.parts)


@pytest.mark.slow
def test_trade_that_is_found_again_is_that_of_each_scenario_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """All shipped scenarios over one another, in both books, once with few kept: to the last bit."""
    single = [name for name in shipped_names() if name not in {"tariff-regimes", "kiet-2025-04-11"}]
    assert len(single) > 20
    streams = Streams(3, 1, 60)
    plans = [
        compile_plan(shipped(name, f"basis={basis}"), learned(), vintage())
        for name, basis in product(single, ("korea_customs", "us_census"))
    ]
    alone = [simulated_flows(plan, streams) for plan in plans]
    for most in (16, 2):
        monkeypatch.setattr("forecast.analysis.attribution._MOST_BASELINES", most)
        baselines: dict[bytes, Baseline] = {}
        for plan, expected in zip(plans, alone, strict=True):
            found = flows_beside(plan, streams, baselines)
            np.testing.assert_array_equal(found.annual, expected.annual)
            np.testing.assert_array_equal(found.quarterly, expected.quarterly)
        assert len(baselines) <= most
