"""Names of uncertain inputs: where their numbers come from, and which way they point."""

from __future__ import annotations

from forecast.economics.uncertain_inputs import UncertainInput, sign_of


def test_a_chance_points_down_as_a_low_uniform_lets_a_project_go_ahead() -> None:
    names = (
        "investments.A-1.realised",
        "tariffs.section-301.realised",
        "investments.A-1.amount",
        "investments.A-1.slip",
    )
    assert [sign_of(name) for name in names] == [-1, -1, 1, 1]


def test_an_input_of_which_nothing_else_is_said_is_a_number_that_is_drawn() -> None:
    plain = UncertainInput("investments.A.overrides.utilisation", "coefficients")
    assert (plain.is_date, plain.drawn, plain.settled, plain.slider) == (False, True, "", "")
    assert (plain.distribution, plain.chance, plain.stream) == (None, None, "investments.A.utilisation")
