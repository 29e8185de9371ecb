"""Pictures hold what they were given, say unit and basis, and show any text as it is."""

from __future__ import annotations

import subprocess
import sys
import warnings
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

import forecast
from forecast import plots
from forecast.catalogue import ENGLISH
from forecast.dims import CHANNELS
from forecast.engine.simulate import Settings
from forecast.errors import RunError
from forecast.plots import style as palette
from forecast.plots.fan import Effect, fan_chart
from forecast.plots.style import Heading
from forecast.plots.sweep import draw_heat_map
from forecast.results.results import Results

YEARS = np.arange(2026, 2036)
MEDIAN = np.linspace(78.0, 94.0, 10)
SPREAD = np.linspace(9.0, 54.0, 10)
BANDS = {width: (MEDIAN - z * SPREAD, MEDIAN + 1.1 * z * SPREAD) for width, z in {50: 0.67, 80: 1.28, 95: 1.96}.items()}
OBSERVED = (np.arange(2016, 2026), np.array([23.2, 17.9, 13.8, 11.5, 16.6, 22.7, 28.0, 44.4, 55.7, np.nan]))
PARTS = {name: np.linspace(0.1, 1.0, 10) * size for name, size in zip(CHANNELS, (1, 2, -3, -0.4), strict=True)}
TOTAL = np.sum(list(PARTS.values()), axis=0)
EFFECT = Effect({80: (TOTAL - 1, TOTAL + 1.5)}, TOTAL + 0.1, PARTS)
HOSTILE = r"대미 흑자 $x^2$ \frac{1}{0} plan_A 100% <b>&amp; $"


@pytest.fixture
def ax():
    return Figure(figsize=(10, 6)).add_subplot()


def drawn(ax, gid):
    (artist,) = [child for child in ax.get_children() if child.get_gid() == gid]
    return artist


def corners(polygon):
    """Lower and upper edge of a filled band, read back from its outline."""
    outline = polygon.get_paths()[0].vertices
    years = np.unique(outline[:, 0])
    sides = [outline[outline[:, 0] == year, 1] for year in years]
    return years, np.array([side.min() for side in sides]), np.array([side.max() for side in sides])


def words(figure):
    return [text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))]


def luminance(colour):
    return float(np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)))


def draw_fan(ax, **changes):
    given = {"observed": OBSERVED, "basis": "korea_customs", "record": (2024, 55.7)} | changes
    return plots.draw_fan(ax, YEARS, BANDS, MEDIAN, **given)


def fan_figure(title="Plan", effect=EFFECT):
    heading = Heading(title, palette.fan_subtitle("korea_customs", 20_000, "2026Q2", prior=False), "Source: none")
    return plots.fan_figure(heading, YEARS, BANDS, MEDIAN, observed=OBSERVED, basis="korea_customs", effect=effect)


def test_what_was_observed_later_is_marked_and_named(ax):
    draw_fan(ax, later=[(2026, 70.5), (2027, -3.2)])
    marks = [line.get_xydata().tolist() for line in ax.get_lines() if line.get_gid() == "outcome"]
    assert marks == [[[2026, 70.5]], [[2027, -3.2]]]
    told = [text for text in ax.texts if "after this forecast" in text.get_text()]
    assert [text.get_text()[:4] for text in told] == ["70.5", "−3.2"]
    assert told[0].get_window_extent().y1 <= told[1].get_window_extent().y0
    assert ax.get_ylim()[0] < -3.2
    bands = [luminance(colour) for colour in (palette.OUTCOME, *palette.BAND_COLOURS)]
    assert min(bands) - luminance(palette.INK) > 0.4


def test_fan_draws_the_numbers_it_is_given(ax):
    assert draw_fan(ax) is ax
    np.testing.assert_array_equal(drawn(ax, "observed").get_xydata(), np.column_stack(OBSERVED))
    np.testing.assert_array_equal(drawn(ax, "median").get_xydata(), np.column_stack([YEARS, MEDIAN]))
    for width, (lower, upper) in BANDS.items():
        for found, given in zip(corners(drawn(ax, f"band-{width}")), (YEARS, lower, upper), strict=True):
            np.testing.assert_array_equal(found, given)
    assert set(drawn(ax, "record").get_ydata()) == {55.7}


def test_fan_starts_at_the_last_published_year(ax):
    draw_fan(ax)
    joins = [child for child in ax.get_children() if child.get_gid() == "join"]
    (wedge,) = [child for child in joins if isinstance(child, PolyCollection)]
    years, lower, upper = corners(wedge)
    assert years.tolist() == [2024, 2026]
    assert (lower.tolist(), upper.tolist()) == ([55.7, BANDS[95][0][0]], [55.7, BANDS[95][1][0]])
    assert "observed (2025 not in the data)" in words(ax)


def test_fan_without_history_has_no_join(ax):
    draw_fan(ax, observed=([2024, 2025], [np.nan, np.nan]), record=None)
    assert not [child for child in ax.get_children() if child.get_gid() in ("join", "record")]


def test_intervals_are_named_by_width_with_the_last_year_in_numbers(ax):
    draw_fan(ax)
    lower, upper = (f"{end[-1]:.0f}".replace("-", "−") for end in BANDS[80])
    assert {f"80 %: {lower} to {upper}", "median 94 in 2035"} <= set(words(ax))
    ends = [text.get_position()[1] for text in ax.texts if "%: " in text.get_text() or "median" in text.get_text()]
    assert len(ends) == 4
    assert ends == sorted(ends)


def test_labels_of_a_narrow_fan_do_not_overlap(ax):
    narrow = {width: (MEDIAN - 0.001 * width, MEDIAN + 0.001 * width) for width in (50, 80, 95)}
    plots.draw_fan(ax, YEARS, narrow, MEDIAN, observed=OBSERVED, basis="us_census")
    boxes = [text.get_window_extent() for text in ax.texts if "%: " in text.get_text() or "median" in text.get_text()]
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))


def test_far_tails_are_cut_and_said_to_be(ax):
    wide = BANDS | {95: (MEDIAN - 40 * SPREAD, MEDIAN + 40 * SPREAD)}
    plots.draw_fan(ax, YEARS, wide, MEDIAN, observed=OBSERVED, basis="us_census")
    low, high = ax.get_ylim()
    assert low < BANDS[80][0].min()
    assert BANDS[80][1].max() < high < wide[95][1].max()
    assert "the 95 % interval runs beyond the axis" in words(ax)


def test_whole_bands_are_not_said_to_be_cut(ax):
    draw_fan(ax)
    low, high = ax.get_ylim()
    assert low < BANDS[95][0].min()
    assert high > BANDS[95][1].max()
    assert not [found for found in words(ax) if "beyond" in found]


def test_zero_line_only_where_zero_is_in_range():
    for shift, expected in ((0.0, 1), (1000.0, 0)):
        ax = Figure().add_subplot()
        bands = {width: (lower + shift, upper + shift) for width, (lower, upper) in BANDS.items()}
        plots.draw_fan(ax, YEARS, bands, MEDIAN + shift, observed=(OBSERVED[0], OBSERVED[1] + shift), basis="us_census")
        assert len([line for line in ax.lines if line.get_gid() == "zero"]) == expected


def test_effect_stacks_each_channel_and_marks_the_whole(ax):
    given = {"contributions": PARTS, "basis": "korea_customs"}
    assert plots.draw_effect(ax, YEARS, EFFECT.bands, EFFECT.mean, **given) is ax
    for name, values in PARTS.items():
        bars = [patch for patch in ax.patches if patch.get_gid() == name]
        np.testing.assert_allclose([bar.get_height() for bar in bars], values, rtol=1e-12)
    for sign in (1, -1):
        tips = np.array([[sign * (bar.get_y() + bar.get_height()) for bar in bars] for bars in ax.containers])
        whole = sum(np.maximum(sign * values, 0) for values in PARTS.values())
        np.testing.assert_allclose(tips.max(axis=0), whole, rtol=1e-12)
    np.testing.assert_array_equal(drawn(ax, "mean").get_ydata(), EFFECT.mean)
    ends = np.array([segment[:, 1] for segment in drawn(ax, "band-80").get_segments()])
    np.testing.assert_array_equal(ends.T, EFFECT.bands[80])


def test_bars_of_mixed_sign_leave_zero_in_both_directions():
    bases = palette.stacked_bases({"a": np.array([1.0, -1.0]), "b": np.array([2.0, 2.0]), "c": np.array([-4.0, -3.0])})
    assert {name: base.tolist() for name, base in bases.items()} == {"a": [0, 0], "b": [1, 0], "c": [0, -1]}


def test_difference_shows_zero_and_which_way_is_which(ax):
    bands = {width: (lower - 90, upper - 90) for width, (lower, upper) in BANDS.items()}
    names = {"alternative": "$A$", "reference": "_B"}
    assert plots.draw_difference(ax, YEARS, bands, MEDIAN - 90, basis="us_census", **names) is ax
    assert drawn(ax, "zero").get_ydata() == [0, 0]
    np.testing.assert_array_equal(drawn(ax, "median").get_ydata(), MEDIAN - 90)
    assert {"↑ larger with $A$", "↓ larger with _B"} <= set(words(ax))


def test_densities_share_bins_and_keep_the_mass(ax):
    draws = np.random.default_rng(1).normal(90, 30, 4000)
    assert plots.draw_densities(ax, {"_one": draws, "$two$": draws + 300}, year=2030, basis="us_census") is ax
    first, second = (patch.get_data() for patch in ax.patches)
    np.testing.assert_array_equal(first.edges, second.edges)
    assert [float(found.values.sum()) for found in (first, second)] == pytest.approx([99, 99], abs=1)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["_one", "$two$"]


def history(basis_months=8):
    years = np.arange(2023, 2027)
    flows = np.array([[116, 65, 51.0], [131, 66, 65.7], [123, np.nan, np.nan], [110, 55, 55.0]])
    months = np.array([[12, 12, 12], [12, 12, 12], [12, 0, 0], [basis_months] * 3])
    return years, flows, months


def test_history_sets_the_running_year_apart(ax):
    years, flows, months = history()
    assert plots.draw_history(ax, years, flows, months, basis="us_census") is ax
    np.testing.assert_array_equal(drawn(ax, "exports").get_ydata(), [116, 131, 123, np.nan])
    np.testing.assert_array_equal(drawn(ax, "imports").get_ydata(), [65, 66, np.nan, np.nan])
    assert drawn(ax, "exports-running").get_xydata().tolist() == [[2026, 110]]
    assert [bar.get_height() for bar in ax.patches if bar.get_gid() == "balance"][:2] == [51.0, 65.7]
    (hatched,) = [bar for bar in ax.patches if bar.get_hatch() and np.isfinite(bar.get_height())]
    assert hatched.get_height() == 55
    assert ax.get_xticklabels()[-1].get_text() == "2026\nJan–Aug"


def test_both_books_share_one_scale():
    figure = plots.history_figure(Heading("t", "s", "q"), {"korea_customs": history(7), "us_census": history()})
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] == 0
    assert ["Korean customs" in left.get_ylabel(), "US Census" in right.get_ylabel()] == [True, True]


@pytest.mark.parametrize("n_years", [11, 34])
def test_numbers_of_neighbouring_years_do_not_overlap(n_years):
    flows = np.column_stack([np.full(n_years, 120.0), np.full(n_years, 80.0), np.full(n_years, 40.0)])
    book = np.arange(2027 - n_years, 2027), flows, np.full((n_years, 3), 12)
    ax = plots.history_figure(Heading("t", "s", "q"), {"korea_customs": book, "us_census": book}).axes[0]
    for texts in (ax.texts, ax.get_xticklabels()):
        boxes = [text.get_window_extent() for text in texts]
        assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


@pytest.mark.parametrize(("basis", "name"), ENGLISH.part("bases").items())
def test_every_flow_axis_names_unit_and_basis(basis, name):
    axes = [Figure().add_subplot() for _ in range(5)]
    draw_fan(axes[0], basis=basis)
    plots.draw_effect(axes[1], YEARS, EFFECT.bands, EFFECT.mean, contributions=PARTS, basis=basis)
    plots.draw_difference(axes[2], YEARS, BANDS, MEDIAN, basis=basis, alternative="a", reference="b")
    plots.draw_history(axes[3], *history(), basis=basis)
    plots.draw_densities(axes[4], {"a": MEDIAN}, year=2030, basis=basis)
    labels = [ax.get_ylabel() for ax in axes[:4]] + [axes[4].get_xlabel()]
    assert all("bn USD a year" in label and name in label for label in labels)


def test_hostile_title_is_shown_as_it_is(tmp_path):
    figure = fan_figure(HOSTILE)
    assert HOSTILE in words(figure)
    assert not any(text.get_parse_math() for text in figure.texts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save_figure(figure, tmp_path / "fan.png")
    assert (tmp_path / "fan.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("title", ["word " * 60, "w" * 400, "one\ntwo\tthree"])
def test_long_title_stays_on_the_page_and_off_the_axes(title):
    figure = fan_figure(title)
    box = figure.texts[0].get_window_extent()
    assert (box.x1 <= figure.bbox.width) & (box.y1 <= figure.bbox.height)
    assert box.y0 > figure.axes[0].get_tightbbox().y1
    assert figure.texts[0].get_text().count("\n") <= 2


def test_everything_stays_on_the_page():
    for figure in (fan_figure(), fan_figure(effect=None)):
        box = figure.get_tightbbox()
        assert min(box.x0, box.y0) >= 0
        assert np.less_equal(box.max, figure.get_size_inches()).all()
    assert len(figure.axes) == 1


@pytest.mark.parametrize("share", [0.05, 0.3, 0.95])
def test_an_input_that_is_no_or_yes_has_two_places(ax, share):
    """However rare either is, the means are those of both, and no dot could be taken for the other answer's."""
    inputs = (np.arange(1_000) < 1_000 * share).astype(float)
    outcomes = np.arange(1_000.0)
    plots.draw_scatter(ax, inputs, outcomes, name="followed", quantity="Surplus in 2030", basis="us_census")
    assert [text.get_text() for text in ax.get_xticklabels()] == ["no", "yes"]
    np.testing.assert_array_equal(drawn(ax, "means").get_xdata(), [0.0, 1.0])
    means = [outcomes[inputs == answer].mean() for answer in (0.0, 1.0)]
    np.testing.assert_allclose(drawn(ax, "means").get_ydata(), means)
    np.testing.assert_array_equal(drawn(ax, "draws").get_xdata().round(), inputs)


def test_subtitle_says_when_only_the_prior_speaks():
    subtitles = [palette.fan_subtitle("us_census", 500, "2026Q2", prior=prior) for prior in (True, False)]
    assert ["Prior only" in subtitle for subtitle in subtitles] == [True, False]
    assert all("500 draws" in subtitle and "2026Q2" in subtitle for subtitle in subtitles)


def test_same_numbers_same_bytes(tmp_path):
    for name in ("one", "two"):
        plots.save_figure(fan_figure(), tmp_path / name)
    saved = (tmp_path / "one").read_bytes()
    assert saved == (tmp_path / "two").read_bytes()
    assert int.from_bytes(saved[16:20]) == 1600
    assert not [word for word in (b"Software", b"tEXt", b"tIME", b"iTXt") if word in saved]


def test_unwritable_path_is_named(tmp_path):
    with pytest.raises(RunError, match="missing"):
        plots.save_figure(fan_figure(effect=None), tmp_path / "missing" / "fan.png")


def test_colours_differ_in_grey():
    bands = [luminance(colour) for colour in (palette.MEDIAN, *palette.BAND_COLOURS, "white")]
    assert (np.diff(bands) > 0.1).all()
    channels = sorted(luminance(colour) for colour in palette.CHANNEL_COLOURS.values())
    assert (np.diff(channels) > 0.15).all()


def test_pyplot_stays_out():
    code = "import sys, forecast.plots; sys.exit('matplotlib.pyplot' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_picture_says_how_far_the_data_of_either_book_reach(tmp_path):
    """Korean totals may be told only to a month before the last quarter of US books, which alone was named."""
    run = forecast.run_scenario(forecast.load_scenario("baseline"), Settings(200), out=tmp_path).results
    later = Results(run.folder, {**run.manifest, "origin": "2026Q3"})
    both, own = (told_on(fan_chart(results)) for results in (later, run))
    assert both.count("data to 2026Q3, Korean totals to July 2026") == 2
    assert own.count("data to 2026Q2") == 2
    assert "Korean totals" not in own


def told_on(figure):
    """Words of a picture in a row."""
    return " ".join(" ".join(text.get_text().split()) for text in figure.texts)


@pytest.mark.parametrize("value", ["2", "{krw_trillion: 2}", "{distribution: triangular, low: 1, mode: 2, high: 4}"])
def test_values_of_a_heat_map_are_whole_on_the_page(value):
    """Those in braces ran off its left edge."""
    figure, (ax,) = palette.titled_figure(Heading("Title", "", ""), room=0.4, foot=0.3)
    names = {"keys": ("amount", "local"), "quantity": "the effect in 2030"}
    draw_heat_map(ax, [[0.5, 0.3], [1.0, 0.5]], [value, f"{value} "], ["0.4", "0.6"], **names)
    figure.canvas.draw()
    shown = [text for text in ax.findobj(Text) if text.get_text().strip() == value]
    assert len(shown) >= 2
    assert all(text.get_window_extent().x0 >= 0 for text in shown)


def test_a_share_that_rounds_to_nothing_has_no_sign(ax):
    plots.draw_shares(ax, ["trade", "shocks"], [-0.04, 57.0], [0.2, 61.0], [0.1, 1.0], quantity="the surplus")
    said = [text.get_text() for text in ax.findobj(Text)]
    assert any("0.0" in text for text in said)
    assert not any("−0.0" in text for text in said)
