"""Golden pictures: every drawing beside the one that was looked at.

`python tests/plots/test_pictures.py` draws them anew into `tests/plots/golden`; look at each, in colour and in
grey, before keeping it. The
tolerance is a root mean square of 0.3 of 255 grey levels: the same typefaces and the same release of matplotlib
draw the same picture but for the last bit of antialiasing, and one digit changed gives 1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

from forecast import plots
from forecast.analysis.input_values import Phases
from forecast.dims import CHANNELS
from forecast.plots.style import save_figure

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 0.3
YEARS = np.arange(2026, 2036)
MEDIAN = np.linspace(78.0, 94.0, 10)
SPREAD = np.linspace(9.0, 54.0, 10)
BANDS = {width: (MEDIAN - z * SPREAD, MEDIAN + 1.1 * z * SPREAD) for width, z in {50: 0.67, 80: 1.28, 95: 1.96}.items()}
LEVELS = (np.arange(1, 2_001) - 0.5) / 2_000
DRAWS = 60 + 12 * np.log(LEVELS / (1 - LEVELS))


def fan(ax: Axes) -> Axes:
    seen = (np.arange(2018, 2026), np.array([13.8, 11.5, 16.6, 22.7, 28.0, 44.4, 55.7, np.nan]))
    return plots.draw_fan(
        ax, YEARS, BANDS, MEDIAN, observed=seen, basis="korea_customs", record=(2024, 55.7), later=[(2026, 70.5)]
    )


def difference(ax: Axes) -> Axes:
    bands = {width: (low - 92, high - 92) for width, (low, high) in BANDS.items()}
    names = {"alternative": "fast localization", "reference": "frozen shares"}
    return plots.draw_difference(ax, YEARS, bands, MEDIAN - 92, basis="korea_customs", **names)


def effect(ax: Axes) -> Axes:
    parts = {name: np.linspace(0.1, 1, 10) * size for name, size in zip(CHANNELS, (1, 2, -3, -0.4), strict=True)}
    total = np.sum(list(parts.values()), axis=0)
    return plots.draw_effect(
        ax, YEARS, {80: (total - 1, total + 1.5)}, total, contributions=parts, basis="korea_customs"
    )


def history(ax: Axes) -> Axes:
    flows = [[95, 66, 29.3], [115, 72, 43.3], [116, 65, 51.4], [131, 66, 65.7], [123, np.nan, np.nan], [110, 55, 55.0]]
    months = np.array([*[[12, 12, 12]] * 4, [12, 0, 0], [8] * 3])
    return plots.draw_history(ax, np.arange(2021, 2027), np.array(flows), months, basis="us_census")


def densities(ax: Axes) -> Axes:
    return plots.draw_densities(ax, {"first": DRAWS, "second": 1.3 * DRAWS + 5}, year=2030, basis="us_census")


def ecdfs(ax: Axes) -> Axes:
    return plots.draw_ecdfs(ax, {"first": DRAWS, "second": 1.3 * DRAWS + 5}, year=2030, basis="us_census")


def waterfall(ax: Axes) -> Axes:
    return plots.draw_waterfall(
        ax,
        ["Vehicles", "Steel mill", "Localization", "Tariffs"],
        [-1.9, -0.4, 0.6, -1.1],
        [(-3.6, -0.3), (-0.9, 0.1), (0.1, 1.4), (-2.5, 0.2)],
        whole=(-2.8, -5.6, -0.3),
        quantity="Difference in the goods surplus in 2030",
        basis="korea_customs",
    )


def shares(ax: Axes) -> Axes:
    names = ["Shocks to trade still to come", "What was learned of trade", "Localization"]
    return plots.draw_shares(ax, names, [57, 12.5, -0.1], [61, 20, 0.2], [2.0, 1.0, 0.1], quantity="the goods surplus")


def tornado(ax: Axes) -> Axes:
    return plots.draw_tornado(
        ax,
        ["autos: exports replaced per USD of output", "delay, quarters", "goes ahead"],
        [(-0.8, -5.6), (-3.6, -0.4), (-1.2, -3.0)],
        [("0.13", "0.98"), ("0", "27"), ("no", "yes")],
        middle=-2.9,
        quantity="the effect in 2030",
        basis="korea_customs",
    )


def scatter(ax: Axes) -> Axes:
    other = (0.6180339887 * np.arange(LEVELS.size)) % 1.0
    names = {"name": "exports replaced per USD of output", "quantity": "Surplus in 2030", "basis": "us_census"}
    return plots.draw_scatter(ax, LEVELS, -5 * LEVELS + 3 * other, **names)


def composition(ax: Axes) -> Axes:
    years, way = np.linspace(2026.4, 2035.9, 39), np.linspace(0, 1, 39)
    paths = {
        "Korea": (0.55 - 0.1 * way, 0.54 - 0.25 * way, 0.56 + 0.05 * way),
        "local": (0.35 + 0.08 * way, 0.34 - 0.05 * way, 0.36 + 0.2 * way),
        "third countries": (0.1 + 0.02 * way, 0.09 - 0.01 * way, 0.11 + 0.06 * way),
    }
    seen = {"Korea": ([2022, 2023], [0.614, 0.59]), "local": ([2020, 2023], [0.283, 0.321])}
    return plots.draw_composition(ax, years, paths, observed=seen, of="Korean affiliates in the US")


def timeline(ax: Axes) -> Axes:
    plants = [
        Phases("Vehicles", 9.0, 0.93, 2026.0, 2028.4, 2030.3, None, (2027.3, 2031.2)),
        Phases("Steel mill", 5.8, 0.89, 2026.5, 2029.0, 2031.1, None, (2029.0, 2032.0)),
        Phases("Future industries", 6.0, 1.0, 2025.5, 2026.2, 2026.9, 2033.5, (2026.2, 2026.2)),
    ]
    return plots.draw_timeline(ax, plants, until=2036)


PICTURES: tuple[Callable[[Axes], Axes], ...] = (
    fan, difference, effect, history, densities, ecdfs, waterfall, shares, tornado, scatter, composition, timeline,
)  # fmt: skip


def drawn(picture: Callable[[Axes], Axes]) -> Figure:
    figure = Figure(figsize=(9.6, 5.4), dpi=60, facecolor="white")
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0.08, 0.14, 0.72, 0.74))
    assert picture(ax) is ax
    return figure


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.__name__)
def test_the_picture_is_the_one_that_was_looked_at(picture: Callable[[Axes], Axes], tmp_path: Path) -> None:
    name = f"{picture.__name__}.png"
    save_figure(drawn(picture), tmp_path / name)
    expected = tmp_path / f"expected-{name}"
    expected.write_bytes((GOLDEN / name).read_bytes())  # the comparison leaves its own files beside both
    assert compare_images(str(expected), str(tmp_path / name), TOLERANCE) is None


def test_one_digit_changed_is_another_picture(tmp_path: Path) -> None:
    figure = drawn(waterfall)
    figure.axes[0].texts[-1].set_text("−2.9")
    save_figure(figure, tmp_path / "changed.png")
    expected = tmp_path / "expected.png"
    expected.write_bytes((GOLDEN / "waterfall.png").read_bytes())
    assert compare_images(str(expected), str(tmp_path / "changed.png"), TOLERANCE) is not None


if __name__ == "__main__":
    for each in PICTURES:
        save_figure(drawn(each), GOLDEN / f"{each.__name__}.png")
