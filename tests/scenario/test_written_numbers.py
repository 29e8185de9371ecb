"""Numbers written as text: what is proposed keeps sign, unit and size, or nothing is proposed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from forecast.cli import cli
from forecast.errors import ScenarioError, meant
from forecast.scenario.inputs import distribution_of_text
from forecast.scenario.numerals import money_hint, number_hint
from forecast.scenario.scenario import load_scenario

FOLDER = Path(__file__).parents[2] / "scenarios"
SHOCK = "shocks=[{id: s, on: exports, at: 2027Q1, size: SIZE}]"


def said(key: str, text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(FOLDER / "hyundai.yaml", [SHOCK.replace("SIZE", text) if key == "size" else f"{key}={text}"])
    return str(caught.value)


@pytest.mark.parametrize("dash", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d")
def test_any_dash_before_a_number_is_a_minus_sign(dash: str) -> None:
    assert said("size", f"{dash}0.1").endswith("; write -0.1")
    assert said("size", f"{dash} 0.1").endswith("; write -0.1")
    assert said("size", f"{dash}.1").endswith("; write -.1")
    assert said("size", f"{dash}10 %").endswith("; write -0.1")
    assert said("size", f"{dash}1e{dash}1").endswith("; write -1e-1")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("minus 0.1", "-0.1"),
        ("negative 10%", "-0.1"),
        ("△10%", "-0.1"),
        ("▲0.1", "-0.1"),
        ("마이너스 0.1", "-0.1"),
        ("'+0.1'", "+0.1 without quotes"),
        ("about 10 percent", "0.1"),
        ("'0,1'", "0.1"),
        ("5 per cent", "0.05"),
    ],
)
def test_a_number_in_words_keeps_its_sign(text: str, number: str) -> None:
    assert said("size", text).endswith(f"; write {number}")


@pytest.mark.parametrize(
    "text",
    [
        "down 10 %",
        "10 % lower",
        "10 % less",
        "(0.1)",
        "10-",
        "+-0.1",
        "±0.1",
        "less than 0.1",
        "0.1 to 0.2",
        "5 bps",
        "3 months",
        "0.1 bn",
    ],
)
def test_words_that_may_change_the_meaning_are_left_alone(text: str) -> None:
    assert "; write" not in said("size", text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("3 months", "1"), ("2 years", "8"), ("5 quarters", "5"), ("−1 year", "-4"), ("6개월", "2")],
)
def test_a_time_is_turned_into_quarters(text: str, number: str) -> None:
    assert said("investments.HMG-06.slip", text).endswith(f"; write {number}")


@pytest.mark.parametrize("text", ["3 weeks", "90 days", "half a year", "3 months late"])
def test_a_time_in_another_unit_is_left_alone(text: str) -> None:
    assert "; write" not in said("investments.HMG-06.slip", text)


@pytest.mark.parametrize(
    "text",
    [
        "−5 bn",
        "–5 bn USD",
        "△5억",
        "minus 5 bn",
        "EUR 5 bn",
        "€5bn",
        "¥300 bn",
        "C$5bn",
        "5 bn loss",
        "less than 5 bn",
        "5 bn yen",
        "5 bn won or USD",
        "5 thousand bn",
        "5bn+",
        "±5 bn",
    ],
)
def test_nothing_is_proposed_for_an_amount_in_another_currency_or_below_0(text: str) -> None:
    assert money_hint(text) == ""
    assert "; write" not in said("investments.HMG-06.amount", text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("US$5.8bn", "5.8, the unit is bn USD"),
        ("5800mUSD", "5.8, the unit is bn USD"),
        ("$5.8 billion", "5.8, the unit is bn USD"),
        ("₩4 trillion", "{krw_trillion: 4}"),
        ("KRW4000bn", "{krw_trillion: 4}"),
        ("약 3조 원", "{krw_trillion: 3}"),
        ("$5,800,000,000", "5.8, the unit is bn USD"),
        ("58,000,000,000 달러", "58, the unit is bn USD"),
    ],
)
def test_an_amount_keeps_its_size(text: str, hint: str) -> None:
    assert money_hint(text) == f"; write {hint}"


@pytest.mark.parametrize("key", ["krw_billion", "krw_bn", "won_billion", "KRW_billions"])
def test_won_in_another_size_are_not_taken_for_trillions(key: str) -> None:
    message = said("investments.HMG-06.amount", f"{{{key}: 4000}}")
    assert "; write {krw_trillion: 4}" in message
    assert "did you mean" not in message


def test_a_number_below_zero_is_no_option() -> None:
    """`forecast elicit -5` had "No such option '-5'" for an answer."""
    for text in ("-5", "-0.5", "-.5"):
        done = CliRunner().invoke(cli, ["elicit", text, "--language", "en"])
        assert done.exit_code == 0
        assert "without any spread" in done.output


def test_the_command_that_shows_a_number_reads_dashes_too() -> None:
    done = CliRunner().invoke(cli, ["elicit", "−5"])
    assert isinstance(done.exception, ScenarioError)
    assert str(done.exception).endswith("; write -5")
    with pytest.raises(ScenarioError, match=r"expected a plain number: mean; write -5$"):
        distribution_of_text("{distribution: normal, mean: −5, sd: 1}")


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("mean", ["median", "sigma"]),
        ("production_end", ["production_start"]),
        ("amount_krw", ["amount", "announced"]),
        ("half_life_years", ["half_life"]),
        ("krw_billion", ["krw_trillion"]),
        ("imports", ["exports"]),
        ("loguniform", ["uniform", "lognormal"]),
        ("invgamma", ["gamma"]),
    ],
)
def test_a_word_with_a_meaning_of_its_own_is_no_misspelling(word: str, names: list[str]) -> None:
    assert meant(word, names) == f"accepted: {', '.join(names)}"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("meen", "mean"),
        ("medain", "median"),
        ("production_strat", "production_start"),
        ("Amount", "amount"),
        ("export", "exports"),
        ("productionstart", "production_start"),
        ("krw_trilion", "krw_trillion"),
        ("months", "month"),
    ],
)
def test_a_misspelling_is_recognized(word: str, name: str) -> None:
    assert meant(word, [name, "else"]) == f"did you mean {name}? Accepted: {name}, else"


@pytest.mark.parametrize("text", ["1" * 100_000, "−" + "1 " * 100_000, " " * 100_000 + "x", "1," * 100_000])
def test_a_long_text_is_no_number(text: str) -> None:
    assert number_hint(text, "a fraction") == money_hint(text) == ""


def test_a_date_with_another_dash_is_answered_with_the_date() -> None:
    assert said("investments.HMG-06.production_start", "2029\u201103").endswith("; write 2029-03")
