"""Pictures of model checks, and the numbers behind them as CSV.

Replicates around observed data, ranks beside their bands, and the two books beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from math import ceil
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from forecast.analysis.bridge import MemoryGap, bridge_fans, memory_gap
from forecast.dims import FLOWS, Array
from forecast.models.evidence import bridge_evidence, later_spans
from forecast.models.posterior import model_title
from forecast.observations.annual import BridgeObservations
from forecast.plots import style
from forecast.plots.style import INK, RECORD, Heading, frame_axes, name_curves, save_figure, titled_figure, write_text
from forecast.storage.files import write_csv

if TYPE_CHECKING:
    from forecast.models.calibration import Bands, Study
    from forecast.models.predictive import Check

_PRIOR, _POSTERIOR = style.OVERLAY[1][0], style.BAND_COLOURS[1]
_BINS = 40
Item = TypeVar("Item")


def predictive_figure(checks: Sequence[Check]) -> Figure:
    """Make the page of one model: every quantity in data made from prior and posterior rows, and as it was seen."""
    heading = Heading(
        f"{model_title(checks[0].model)}: data the model makes, and the data seen",
        "Blue: data sets made from posterior rows; orange line: from prior rows, as far as they lie within the axis; "
        "red: what was seen, with the chance that data made from the posterior lie at least as far out.",
        f"{len(checks[0].posterior):,} data sets each, of the length of the observed ones.",
    )
    return _panels(heading, checks, draw_check)


def calibration_figure(study: Study) -> Figure:
    """Make the page of one model: for each parameter, how the ranks of true values depart from uniformity."""
    bands = study.bands
    heading = Heading(
        f"{model_title(study.model)}: {study.n_fits} fits to data of which the truth is known",
        "Distribution of the true value's rank among posterior draws, less that of uniform ranks. A calibrated "
        "parameter stays inside the band throughout with probability 95 %: of twenty, one is expected to leave it.",
        f"Ranks among {study.n_kept} draws. A hill means a posterior that lies too high, a valley one too low; a hill "
        "and then a valley one too narrow, a valley and then a hill one too wide.",
    )
    figure = _panels(heading, list(study.shares.items()), lambda ax, item: draw_ranks(ax, *item, bands))
    _share_range(figure.axes)
    return figure


def bridge_figure(
    years: ArrayLike,
    ratios: Array,
    partial: Sequence[tuple[int, int, float]],
    fan_years: ArrayLike,
    fans: Mapping[int, tuple[Array, Array]],
    gap: MemoryGap,
) -> Figure:
    """Make the page of the two books: ratio of each flow by year with its fitted fan, and exports by month.

    Args:
        years, ratios: whole years `(n_years,)` and Korean over US figures `(n_years, 2)`.
        partial: years not whole in both flows: year, flow and ratio.
        fan_years, fans: fitted and forecast ratios, ends `(n_years, 2)` by width of the interval in percent.
        gap: exports by month in both books and those of memory.
    """
    heading = Heading(
        "Korean customs figures beside those of the US Census Bureau",
        "Above: Korean over US figure by calendar year; bands: 50, 80 and 95 % intervals of the fitted bridge, a "
        "year ahead while whole years were seen, then its forecast; hollow: part of a year, or one flow alone. Below: "
        "Korea's exports to the US by month.",
        "Sources: Korea Customs Service via KITA and MOTIE; US Census Bureau; items by HS code: Korea Customs Service.",
    )
    figure, axes = titled_figure(heading, heights=(1.3, 1.0), columns=2, room=0.35)
    for flow, name in enumerate(style.FLOW_COLOURS):
        part = {width: (low[:, flow], high[:, flow]) for width, (low, high) in fans.items()}
        hollow = [(year, ratio) for year, place, ratio in partial if place == flow]
        draw_ratios(axes[flow], name, (years, ratios[:, flow]), hollow, fan_years, part)
    _share_range(axes[:2])
    both = {"Korean customs": gap.korea_customs, "US Census": gap.us_census}
    draw_months(axes[2], "All goods", gap.months, both)
    apart = {"Korean less US figure": gap.korea_customs - gap.us_census, "memory modules and drives": gap.memory}
    draw_months(axes[3], "Difference, and memory exports", gap.months, apart)
    return figure


def draw_check(ax: Axes, check: Check) -> Axes:
    """Draw one quantity: replicas from posterior and prior, and a line where it was seen."""
    edges = _bin_edges(check)
    low, high = float(edges[0]), float(edges[-1])
    for values, look in ((check.posterior, {"color": _POSTERIOR, "fill": True}), (check.prior, {"color": _PRIOR})):
        ax.stairs(np.histogram(values, edges)[0], edges, **look)
    ax.axvline(check.observed, color=RECORD, linewidth=1.6, zorder=4)
    _frame_panel(ax, check.quantity)
    ax.set_xlim(low, high)
    ax.set_ylim(0, 1.2 * ax.get_ylim()[1])
    ax.set_yticks([])
    if _is_count(check):
        ax.locator_params(axis="x", integer=True)
    words = f"{100 * check.tail_probability:.{0 if check.tail_probability >= 0.1 else 1}f} %"
    side = 0.0 if check.observed > (low + high) / 2 else 1.0
    style = {"ha": "right" if side else "left", "va": "top", "color": RECORD}
    write_text(ax, side, 0.98, words, transform=ax.transAxes, **style)
    return ax


def _bin_edges(check: Check) -> Array:
    """Ends of bars over what the posterior makes and what was seen; one bar a number where it is a count."""
    core = np.append(np.quantile(check.posterior, [0.002, 0.998]), check.observed)
    if _is_count(check):
        return np.arange(core.min().round() - 0.5, core.max().round() + 1.0)
    return np.linspace(core.min() - 0.08 * np.ptp(core), core.max() + 0.08 * np.ptp(core), _BINS + 1)


def _is_count(check: Check) -> bool:
    return bool((check.posterior == check.posterior.round()).all())


def draw_ranks(ax: Axes, name: str, share: Array, bands: Bands) -> Axes:
    """Draw the distribution of ranks less the uniform one, with its simultaneous band; red where it leaves it.

    Args:
        name: of the parameter.
        share: of the ranks below each of `bands.points`, `(n_points,)`.
    """
    outside = ((share < bands.low) | (share > bands.high)).any()
    points = np.concatenate([[0.0], bands.points, [1.0]])
    low, high, line = (np.pad(values - bands.points, 1) for values in (bands.low, bands.high, share))
    ax.fill_between(points, low, high, color=style.BAND_COLOURS[2], linewidth=0, zorder=1)
    ax.plot(points, line, color=RECORD if outside else style.MEDIAN, linewidth=1.6, zorder=4)
    ax.axhline(0.0, color=INK, linewidth=0.6, zorder=2)
    _frame_panel(ax, name.replace("_", " "))
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "½", "1"])
    return ax


def draw_ratios(
    ax: Axes,
    name: str,
    whole: tuple[ArrayLike, Array],
    hollow: Sequence[tuple[int, float]],
    fan_years: ArrayLike,
    fans: Mapping[int, tuple[Array, Array]],
) -> Axes:
    """Draw the ratio of the books of one flow: whole years, parts of years, and the fitted fan."""
    colour = style.FLOW_COLOURS[name]
    for width, shade in reversed(list(zip(sorted(fans), style.BAND_COLOURS, strict=False))):
        ax.fill_between(np.asarray(fan_years), *fans[width], color=shade, linewidth=0, zorder=1)
    ax.plot(*whole, "o", color=colour, markersize=4, zorder=4)
    ax.plot(*np.array(hollow).T, "o", color=colour, mfc="white", markersize=5, zorder=5)
    ax.axhline(1.0, color=INK, linewidth=0.6, zorder=2)
    frame_axes(ax, f"{name.capitalize()}, Korean over US figure")
    return ax


def draw_months(ax: Axes, label: str, months: NDArray[np.int64], lines: Mapping[str, Array]) -> Axes:
    """Draw monthly values in bn USD, one line each."""
    styles = zip(lines.values(), style.OVERLAY, strict=False)
    curves = [ax.plot(months, values, color=colour, linestyle=dashes)[0] for values, (colour, dashes) in styles]
    frame_axes(ax, f"{label}, bn USD a month")
    low, high = style.readable_range([[0.0], *lines.values()], [])
    ax.set_ylim(low if min(values.min() for values in lines.values()) < 0 else 0.0, high)
    quarters = months[months % 3 == 0]
    ax.set_xticks(quarters, [style.month_label(int(month)) for month in quarters])
    name_curves(ax, curves, list(lines), loc="upper left", fontsize=style.SMALL)
    return ax


def _panels(heading: Heading, items: Sequence[Item], draw: Callable[[Axes, Item], Axes]) -> Figure:
    """A page with a small picture for each item, in three rows or, if these grow longer than six, in up to five."""
    columns = min(max(6, ceil(len(items) / 5)), max(2, ceil(len(items) / 3)))
    figure, axes = titled_figure(heading, heights=[1.0] * ceil(len(items) / columns), columns=columns, room=0.12)
    for ax, item in zip(axes, items, strict=False):
        draw(ax, item)
    for index, ax in enumerate(axes):
        if index % columns:
            ax.tick_params(labelleft=False)
    for ax in axes[len(items) :]:
        ax.remove()
    return figure


def _share_range(axes: Sequence[Axes]) -> None:
    """Give panels one vertical range, as only the first of a row says what it is."""
    limits = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def _frame_panel(ax: Axes, name: str) -> None:
    frame_axes(ax, "")
    ax.tick_params(labelsize=style.SMALL - 1)
    ax.locator_params(axis="x", nbins=4)
    width = int(ax.bbox.width / ax.figure.dpi * 16)
    write_text(ax, -0.03, 1.02, fill(name, width), transform=ax.transAxes, va="bottom", fontsize=style.SMALL - 1)


def save_predictive(checks: Sequence[Check], folder: Path) -> list[Path]:
    """Write `predictive.csv` and a picture `predictive_<model>.png` of each model; the paths of the pictures."""
    header = ("model", "quantity", "seen", *_QUANTILES, "tail_probability")
    write_csv(folder / "predictive.csv", header, map(_check_row, checks))
    paths = []
    for model, part in groupby(checks, key=lambda check: check.model):
        paths.append(folder / f"predictive_{model}.png")
        save_figure(predictive_figure(list(part)), paths[-1])
    return paths


def save_calibration(studies: Sequence[Study], folder: Path) -> list[Path]:
    """Write `calibration.csv` and a picture `calibration_<model>.png` of each study; the paths of the pictures."""
    header = ("model", "parameter", "n_fits", "mean_rank", "p_value", "p_value_all_tested")
    write_csv(folder / "calibration.csv", header, (row for study in studies for row in _study_rows(study)))
    paths = []
    for study in studies:
        paths.append(folder / f"calibration_{study.model}.png")
        save_figure(calibration_figure(study), paths[-1])
    return paths


def save_bridge(rows: Mapping[str, Array], observed: BridgeObservations, origin: int, folder: Path) -> Path:
    """Draw the two books beside each other to `books.png`."""
    evidence = bridge_evidence(observed, origin)
    partial = [(span.first_month // 12, FLOWS.index(span.flow), span.ratio) for span in later_spans(observed, origin)]
    fan_years, fans = bridge_fans(rows, evidence)
    path = folder / "books.png"
    ratios = np.exp(evidence.log_ratios.T)
    save_figure(bridge_figure(evidence.years, ratios, partial, fan_years, fans, memory_gap()), path)
    return path


_QUANTILES = tuple(f"{part}_{level}" for part in ("prior", "posterior") for level in ("0.025", "0.5", "0.975"))


def _check_row(check: Check) -> list[str]:
    quantiles = [np.quantile(values, [0.025, 0.5, 0.975]).tolist() for values in (check.prior, check.posterior)]
    numbers = [check.observed, *quantiles[0], *quantiles[1], check.tail_probability]
    return [check.model, check.quantity, *(f"{value:.4g}" for value in numbers)]


def _study_rows(study: Study) -> Iterable[list[str]]:
    family = study.family_p_values
    for name, chance in study.p_values.items():
        numbers = (study.ranks[name].mean(), chance, family[name])
        yield [study.model, name, str(study.n_fits), *(f"{value:.4g}" for value in numbers)]
