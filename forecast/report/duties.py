"""US duties by sector, by law and as paid by Korea and its rivals, and how trade answers them by product group."""

from __future__ import annotations

import datetime as dt

from forecast.economics.elasticities import (
    GROUP_OF,
    GROUPS,
    LEAST_FROM_DATA,
    industries,
    learned_elasticities,
    shipped_responses,
)
from forecast.economics.tariffs import load_schedule
from forecast.observations.duties import duties_by_law, duties_paid, last_act, rate_of_list
from forecast.observations.products import industry_trade
from forecast.observations.vintage import vintage
from forecast.quarters import format_quarter
from forecast.report.i18n import ENGLISH, Language
from forecast.report.table import Part, Table, table


def duties_explained(language: Language = ENGLISH) -> list[Part]:
    """What every sector pays, by law and in fact, and what is believed of the answer to it."""
    prior = shipped_responses()["tariffs.substitution"]
    given_back = language.text(
        "duties.substitution",
        share=language.number(prior.distribution),
        grade=language.text(f"because.grades.{prior.grade}"),
    )
    return [duties_table(language), "", answers_table(language), "", given_back]


def duties_table(language: Language = ENGLISH) -> Table:
    """Duty of each sector by law today, as the schedule has it, and as paid over the last months of its industries."""
    day, origin = last_act(), vintage().trade.origin
    first, last = _last_months(3)
    by_law, schedule = duties_by_law(day), load_schedule().trade
    rows = []
    for sector, group in GROUP_OF.items():
        paid = duties_paid(industries()[group], first, last)
        rates = (by_law[sector], schedule[sector].rate(origin + 1 - 1e-9), *paid)
        rows.append([language.text(f"sectors.{sector}"), *(language.share(round(rate, 3)) for rate in rates)])
    span = {"first": f"{first:%Y-%m}", "last": f"{last:%Y-%m}"}
    places = {"day": day.isoformat(), "quarter": format_quarter(origin), **span}
    columns = ("sector", "law", "schedule", "korea", "rivals")
    headings = [language.heading(f"duties.{name}", **places) for name in columns]
    uses = {"as_parts": "section_232_cars_and_parts", "otherwise": "none"}
    both = {key: language.share(rate_of_list(name, day)) for key, name in uses.items()}
    note = language.text("duties.note", **places, **both)
    return table(language.text("duties.title"), headings, rows, words=1, notes=[note])


def _last_months(count: int) -> tuple[dt.date, dt.date]:
    """First and last of the last months of trade by industry."""
    trade = industry_trade()
    ends = (trade.start + len(trade.korea) - count, trade.start + len(trade.korea) - 1)
    first, last = (dt.date(month // 12, month % 12 + 1, 1) for month in ends)
    return first, last


def answers_table(language: Language = ENGLISH) -> Table:
    """Elasticity of each product group: what imports say, with its error, and what is believed with that."""
    learned = learned_elasticities()
    rows = []
    for name, group in GROUPS.items():
        prior, found = shipped_responses()[f"tariffs.elasticity.{name}"], learned[name]
        goods = language.list([language.text(f"sectors.{sector}") for sector in group.sectors])
        slope = language.text("duties.with_error", value=_signed(found.slope), error=f"{found.error:.2g}")
        share = language.text("numbers.percent", number=f"{100 * found.from_data:.1g}")
        rows.append(
            [goods, slope, language.number(prior.distribution), share, language.text(f"because.grades.{prior.grade}")]
        )
    headings = [language.heading(f"duties.{name}") for name in ("group", "slope", "elasticity", "from_data", "grade")]
    note = language.text("duties.answers_note", least=language.share(LEAST_FROM_DATA))
    return table(language.text("duties.answers"), headings, rows, words=1, notes=[note])


def _signed(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")
