"""The track record: scores of every model, coverage, a plain sentence; and the page that `--publish` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from forecast.characters import plain_spaces
from forecast.dims import Array
from forecast.errors import RunError
from forecast.observations.series import QuarterlyTrade
from forecast.plots.track import save_track_pictures
from forecast.quarters import format_quarter, parse_quarter
from forecast.report.i18n import ENGLISH, Language
from forecast.report.run import interval_headings
from forecast.report.table import Table, markdown, table
from forecast.storage.files import whole_files, writing
from forecast.track.backtest import OURS, Design, Piece
from forecast.track.record import (
    CHOSEN,
    FAR,
    PINBALL_LEVELS,
    SHOWN,
    ModelRecord,
    Scores,
    best_benchmark,
    mean_crps,
    mean_pit_range,
    ours,
    read_model_records,
    read_scores,
    shipped_quantiles,
    strongest,
    write_model_records,
    write_quantiles,
    write_scores,
)
from forecast.track.scores import WIDTHS, YEARS_AHEAD, coverage

_HALVES = ((1, 4), (5, 8))


def model_label(model: str, language: Language) -> str:
    """Name of a variant of a model for readers.

    >>> model_label("auto_ets.logs", ENGLISH), model_label("joint_growth", ENGLISH)
    ('AutoETS, logs', 'Joint growth, resampled')
    """
    base, _, treatment = model.partition(".")
    treated = f", {language.text(f'treatments.{treatment}')}" if treatment else ""
    return language.text(f"models.{base}") + treated


def shipped_record(language: Language) -> dict[str, Any]:
    """The shipped record on a page: two sentences and a table."""
    found = read_model_records()
    own, best = ours(found), best_benchmark(found)
    gain = own.crps_quarters / best.crps_quarters - 1
    scores = {
        "crps": language.money(own.crps_quarters, 0.01),
        "best": model_label(best.model.partition(".")[0], language),
        "gain": language.share(round(abs(gain), 2)),
    }
    counts = {"n_origins": own.n_origins, "n_outcomes": own.n_outcomes}
    spans = {name: _quarter(parse_quarter(getattr(own, name)), language) for name in ("first", "last")}
    held = {name: language.share(round(getattr(own, name), 2)) for name in ("held_80", "held_95")}
    names = ("crps_quarters", "crps_year_1", "crps_year_2")
    rows = [
        [
            model_label(each.model.partition(".")[0], language),
            *(language.amount(getattr(each, name), 0.001) for name in names),
            *(language.share(round(getattr(each, name), 2)) for name in ("held_80", "held_95")),
        ]
        for each in found
    ]
    headings = language.headings("model", *names, "held_80", "held_95")
    return {
        "track": [
            language.text("track.words", **counts, **spans, **held),
            language.text("track.far", **_far(own, language)),
            language.text(f"track.{_compared(-gain)}", **scores),
        ],
        "record": table(language.text("track.caption", unit=language.text("numbers.unit")), headings, rows, words=1),
    }


def _far(own: ModelRecord, language: Language) -> dict[str, Any]:
    """How much intervals held of years further ahead, of all origins and of late ones, in words."""
    shares = (f"held_year_{ahead}{late}" for ahead in FAR for late in ("", "_late"))
    counts = {f"n_year_{ahead}_late": getattr(own, f"n_year_{ahead}_late") for ahead in FAR}
    return counts | {name: language.share(round(getattr(own, name), 2)) for name in shares}


def crps_table(scores: Scores, series: str, models: Sequence[str], language: Language = ENGLISH) -> Table:
    """Mean CRPS by model: all quarters, 1–4, 5–8, years 1 and 2, and all quarters over those of the best reference."""
    means = {model: _means(scores.where(series=series, model=model)) for model in models}
    others = [values[0] for model, values in means.items() if model != OURS]
    best = min(others, default=float("nan"))
    halves = [language.heading("record.quarters", first=first, last=last) for first, last in _HALVES]
    years = [language.heading("record.year", number=number) for number in (1, 2)]
    return table(
        language.text(f"columns.{series}"),
        [*language.headings("model", "all_quarters"), *halves, *years, *language.headings("ratio")],
        (
            [model_label(model, language), *map(_shown, values), _shown(values[0] / best, 2)]
            for model, values in means.items()
        ),
        words=1,
    )


def _means(scores: Scores) -> list[float]:
    quarters, years = scores.where(span="quarter"), scores.where(span="year")
    spans = [quarters, *(quarters.where(*half) for half in _HALVES), years.where(1, 1), years.where(2, 2)]
    return [mean_crps(span) for span in spans]


def coverage_table(scores: Scores, language: Language = ENGLISH) -> Table:
    """Share of outcomes inside the 50, 80 and 95 % intervals, in percent, and mean PIT, by series and horizon.

    Beside the mean PIT stands its 95 % range, from `mean_pit_range`, or a dash where origins are too few for one.
    """
    ours = scores.where(model=OURS, span="quarter")
    chosen = {(series, half): ours.where(*half, series=series) for series, half in product(SHOWN, _HALVES)}
    return table(
        language.text("record.coverage"),
        [*language.headings("series", "quarters", "outcomes"), *interval_headings(language), *language.headings("pit")],
        (
            [language.text(f"columns.{series}"), f"{first}–{last}", *_coverage_cells(part, language)]
            for (series, (first, last)), part in chosen.items()
            if len(part.pit)
        ),
        words=1,
    )


def years_table(scores: Scores, language: Language = ENGLISH) -> Table:
    """The same for sums of four quarters by years ahead, with the mean CRPS of the forecast."""
    ours = scores.where(model=OURS, span="year")
    chosen = {(series, year): ours.where(year, year, series=series) for series, year in product(SHOWN, YEARS_AHEAD)}
    return table(
        language.text("record.years_ahead"),
        [
            *language.headings("series", "years_ahead", "outcomes"),
            *interval_headings(language),
            *language.headings("pit", "crps"),
        ],
        (
            [
                language.text(f"columns.{series}"),
                str(year),
                *_coverage_cells(part, language),
                _shown(mean_crps(part)),
            ]
            for (series, year), part in chosen.items()
            if len(part.pit)
        ),
        words=1,
    )


def halves_table(scores: Scores, language: Language = ENGLISH) -> Table:
    """Mean CRPS of the quarterly balance at origins the model was chosen on and at later ones, and over the best's."""
    quarters = scores.where(series="balance", span="quarter")
    halves = (quarters.until(CHOSEN), quarters.after(CHOSEN))
    models = strongest(scores, "balance")
    means = {model: [mean_crps(half.where(model=model)) for half in halves] for model in models}
    best = [min((means[model][half] for model in models if model != OURS), default=float("nan")) for half in (0, 1)]
    return table(
        language.text("record.halves"),
        language.headings("model", "early", "early_ratio", "late", "late_ratio"),
        (
            [
                model_label(model, language),
                *(text for value, other in zip(values, best, strict=True) for text in _beside(value, other)),
            ]
            for model, values in means.items()
        ),
        words=1,
    )


def _beside(value: float, best: float) -> tuple[str, str]:
    return _shown(value), _shown(value / best, 2)


def _coverage_cells(scores: Scores, language: Language) -> list[str]:
    inside = (_percent(coverage(scores.pit, width), language) for width in WIDTHS)
    ends = mean_pit_range(scores)
    spread = "–" if ends is None else "–".join(f"{end:.2f}" for end in ends)
    return [str(len(scores.pit)), *inside, f"{scores.pit.mean():.2f} ({spread})"]


def _percent(share: float, language: Language) -> str:
    return plain_spaces(language.text("numbers.percent", number=f"{100 * share:.0f}"))


def pinball_table(scores: Scores, models: Sequence[str], language: Language = ENGLISH) -> Table:
    """Mean pinball loss of the quarterly balance at three levels, by model."""
    losses = {model: scores.where(model=model, series="balance", span="quarter") for model in models}
    return table(
        language.text("record.pinball"),
        [
            *language.headings("model"),
            *(language.heading("record.level", level=f"{level:g}") for level in PINBALL_LEVELS),
        ],
        (
            [model_label(model, language), *(_shown(float(values.mean())) for values in _pinball(chosen))]
            for model, chosen in losses.items()
        ),
        words=1,
    )


def _pinball(scores: Scores) -> tuple[Array, Array, Array]:
    return scores.pinball_10, scores.pinball_50, scores.pinball_90


def answer(scores: Scores, unit: str, language: Language = ENGLISH) -> str:
    """The plain sentence of a track record; scores are printed in `unit`, that of the data."""
    quarters = scores.where(series="balance", span="quarter")
    ours = quarters.where(model=OURS)
    if not len(ours.crps):
        return language.text("record.nothing")
    others = [model for model in strongest(scores, "balance") if model != OURS]
    sentence = language.count(
        "record.answer",
        len(np.unique(ours.origin)),
        first=_quarter(ours.origin.min(), language),
        last=_quarter(ours.origin.max(), language),
        horizon=ours.horizon.max(),
        crps=_shown(mean_crps(ours), 2),
        unit=unit,
        held_80=_percent(coverage(ours.pit, 80), language),
        held_95=_percent(coverage(ours.pit, 95), language),
        verdict=_against_best(quarters, others, language) if others else "",
    )
    return plain_spaces(sentence)


def _quarter(origin: int, language: Language) -> str:
    return language.date(float(origin))


def _against_best(quarters: Scores, others: Sequence[str], language: Language) -> str:
    best = min(others, key=lambda model: mean_crps(quarters.where(model=model)))
    gain = 1 - mean_crps(quarters.where(model=OURS)) / mean_crps(quarters.where(model=best))
    gain_in_percent, label = _percent(abs(gain), language), model_label(best, language)
    return language.text(f"record.{_compared(gain)}", gain=gain_in_percent, best=label)


def _compared(gain: float) -> str:
    """Whether a score is better or worse than another by a whole percent, or as good."""
    return "equal" if abs(gain) < 0.005 else "better" if gain > 0 else "worse"


def _shown(value: float, places: int = 3) -> str:
    """A score with three significant digits or so; a dash where nothing was scored."""
    if np.isnan(value):
        return "–"
    return f"{value:.{places}f}" if value < 100 else f"{value:.4g}"


UNIT = "bn USD"

BEGIN, END = "<!-- record -->", "<!-- /record -->"
"""Marks around the part of the page that the command writes."""

PAGE, SCORES, QUANTILES, YEARS = "README.md", "scores.csv", "quantiles.csv", "annual_quantiles.csv"

SUMMARY = "summary.csv"
"""A few rows of the scores; `data/track_record.csv` is a copy of those of the published record."""

_EARLIER = parse_quarter("2025Q2")


def publish_record(
    folder: Path, scores: Scores, pieces: Sequence[Piece], stored: Path, trade: QuarterlyTrade, design: Design
) -> None:
    """Write the record to `folder`, in place of the one before.

    Args:
        scores, pieces, stored: what was scored, what it came from, and where that lies.

    Raises:
        RunError: the folder cannot be written, or its page has lost its marks.
    """
    with writing(folder, "choose another folder with --publish"):
        folder.mkdir(parents=True, exist_ok=True)
        with whole_files(folder) as unfinished:
            _write_record(unfinished, folder / PAGE, scores, shipped_quantiles(pieces, stored), trade, design)


def _write_record(
    target: Path, page: Path, scores: Scores, said: Mapping[int, Array], trade: QuarterlyTrade, design: Design
) -> None:
    write_scores(scores, target / SCORES)
    kept = read_scores(target / SCORES)
    write_model_records(kept, target / SUMMARY)
    (target / PAGE).write_text(_page(page, record_section(kept)), encoding="utf-8")
    write_quantiles(target / QUANTILES, said, "quarter", design.horizon)
    write_quantiles(target / YEARS, said, "year", design.horizon)
    save_track_pictures(target, kept, said, trade, design)


def record_section(scores: Scores) -> str:
    """The part of the page that follows from the scores."""
    balance = strongest(scores, "balance")
    tables = [crps_table(scores, series, strongest(scores, series)) for series in SHOWN]
    every = crps_table(scores, "balance", scores.models)
    tables += [
        replace(coverage_table(scores), title="Coverage and PIT of the forecast"),
        replace(years_table(scores), title="Coverage and PIT by years ahead"),
        replace(halves_table(scores), title="Balance, origins up to 2015Q4 and later ones"),
        replace(pinball_table(scores, balance), title="Pinball loss of the quarterly balance"),
        replace(every, title="Every treatment of the references, balance"),
    ]
    parts = [[f"### {shown.title}", markdown(shown)] for shown in tables]
    return "\n\n".join([answer(scores, UNIT), _earlier(scores), *(text for part in parts for text in part)])


def _earlier(scores: Scores) -> str:
    """Scores of the origins whose figures were stated before the model was built."""
    quarters = scores.where(span="quarter").until(_EARLIER)
    references = ("joint_growth", "seasonal_naive.logs", "auto_arima.logs", "auto_ets.logs", "theta.logs")
    ours = ", ".join(f"{series} {_mean(quarters, OURS, series)}" for series in SHOWN)
    others = ", ".join(f"{model_label(model, ENGLISH)} {_mean(quarters, model, 'balance')}" for model in references)
    return (
        f"Origins up to {format_quarter(_EARLIER)} alone: mean CRPS of the forecast {ours}; of the balance: {others}."
    )


def _mean(scores: Scores, model: str, series: str) -> str:
    value = mean_crps(scores.where(model=model, series=series))
    return "–" if np.isnan(value) else f"{value:.3f}"


def _page(path: Path, section: str) -> str:
    """The page with its part between the marks replaced; a short page of its own where there is none."""
    old = path.read_text(encoding="utf-8") if path.exists() else f"# Track record\n\n{BEGIN}\n{END}\n"
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise RunError(f"{path}: got no marks, expected {BEGIN} and {END} around the part to replace")
    return f"{head}{BEGIN}\n{section}\n{END}{tail}"
