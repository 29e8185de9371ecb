"""What checks leave in a folder: pictures, and the numbers behind them as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from forecast.books import bridge_fans, memory_gap
from forecast.draws import Array
from forecast.models.evidence import bridge_evidence, seen_spans
from forecast.observations import BridgeObservations
from forecast.page import save_figure
from forecast.panels import books_figure, calibration_figure, predictive_figure
from forecast.predictive import Check
from forecast.processes import FLOWS
from forecast.storage import whole_file
from forecast.uniformity import Study, adjusted, uniform_bands


def save_predictive(checks: Sequence[Check], folder: Path) -> list[Path]:
    """Write `predictive.csv` and a picture `predictive_<model>.png` of each model; the paths of the pictures."""
    header = ("model", "quantity", "seen", *_QUANTILES, "tail_probability")
    _write_table(folder / "predictive.csv", header, map(_check_row, checks))
    paths = []
    for model, part in groupby(checks, key=lambda check: check.model):
        paths.append(folder / f"predictive_{model}.png")
        save_figure(predictive_figure(list(part)), paths[-1])
    return paths


def save_calibration(studies: Sequence[Study], folder: Path) -> list[Path]:
    """Write `calibration.csv` and a picture `calibration_<model>.png` of each study; the paths of the pictures."""
    header = ("model", "parameter", "n_fits", "mean_rank", "p_value", "p_value_all_tested")
    _write_table(folder / "calibration.csv", header, (row for study in studies for row in _study_rows(study)))
    paths = []
    for study in studies:
        paths.append(folder / f"calibration_{study.model}.png")
        bands = uniform_bands(study.n_fits, study.n_kept)
        save_figure(calibration_figure(study.model, study.ranks, study.n_kept, bands), paths[-1])
    return paths


def save_books(rows: Mapping[str, Array], observed: BridgeObservations, origin: int, folder: Path) -> Path:
    """Draw the two books beside each other to `books.png`."""
    evidence = bridge_evidence(observed, origin)
    running = [(span.first_month // 12, FLOWS.index(span.flow), span.ratio) for span in seen_spans(observed, origin)]
    fan_years, fans = bridge_fans(rows, evidence)
    path = folder / "books.png"
    ratios = np.exp(evidence.log_ratios.T)
    save_figure(books_figure(evidence.years, ratios, running, fan_years, fans, memory_gap()), path)
    return path


_QUANTILES = tuple(f"{part}_{level}" for part in ("prior", "posterior") for level in ("0.025", "0.5", "0.975"))


def _check_row(check: Check) -> list[str]:
    made = [np.quantile(values, [0.025, 0.5, 0.975]).tolist() for values in (check.prior, check.posterior)]
    numbers = [check.observed, *made[0], *made[1], check.tail_probability]
    return [check.model, check.quantity, *(f"{value:.4g}" for value in numbers)]


def _study_rows(study: Study) -> Iterable[list[str]]:
    p_values = study.p_values
    family = adjusted(np.array(list(p_values.values())))
    for (name, chance), joint in zip(p_values.items(), family.tolist(), strict=True):
        numbers = (study.ranks[name].mean(), chance, joint)
        yield [study.model, name, str(study.n_fits), *(f"{value:.4g}" for value in numbers)]


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
