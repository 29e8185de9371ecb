"""How a date is written in YAML: a quarter, half, month, day or year, or a window between two of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, TypeAdapter, model_validator

from forecast.errors import got
from forecast.quarters import ACCEPTED, PATTERN, format_quarter, parse_day, parse_quarter, parse_time, year_of
from forecast.scenario.entity import Written
from forecast.scenario.numerals import DASHES
from forecast.stats.distributions import Constant, Distribution, Uniform
from forecast.stats.specs import Model

FIRST_YEAR, LAST_YEAR = 1950, 2100

FIRST_HORIZON, DEFAULT_HORIZON, LAST_HORIZON = 2000, 2035, 2060
"""Last calendar years that a forecast may have, and that of one that states none."""


def _checked(parse: Callable[[str], object], accepted: str, for_mappings: str = "") -> BeforeValidator:
    def readable(value: Any) -> Any:
        whole = isinstance(value, int) and not isinstance(value, bool)
        try:
            if not (whole or isinstance(value, str)):
                raise ValueError
            parse(str(value).strip())
        except ValueError:
            otherwise = for_mappings if isinstance(value, Mapping) else _hint(parse, value)
            raise ValueError(f"{got(value)}, expected {accepted}{otherwise}") from None
        return value

    return BeforeValidator(readable)


def _hint(parse: Callable[[str], object], value: Any) -> str:
    """Hint at the accepted form of a date in another form; empty where it is no date."""
    meant = "" if isinstance(value, float) else _respelled(str(value))
    try:
        parse(meant)
    except ValueError:
        return ""
    return f"; write {meant}"


def _respelled(value: str) -> str:
    """A quarter, half, month or day in the form that is read; empty where it is none of them."""
    text = value.strip().translate(DASHES)
    if match := re.fullmatch(r"(\d{4})[-\s/]*[qQ]([1-4])|[qQ]([1-4])[-\s/]*(\d{4})", text):
        return f"{match[1] or match[4]}Q{match[2] or match[3]}"
    if match := re.fullmatch(r"(\d{4})[-\s/.]*[hH]([12])|[hH]([12])[-\s/.]*(\d{4})", text):
        return f"{match[1] or match[4]}-H{match[2] or match[3]}"
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?", text) or re.fullmatch(
        r"(\d{4})(\d{2})(\d{2})?", text
    )
    return "-".join([match[1], *(f"{int(part):02d}" for part in match.groups()[1:] if part)]) if match else ""


_PARTS_OF_YEAR = {"1": "-01, or {0}-10 for October", "25": "Q2", "5": "-05, or {0}-H2 for the middle of the year"}
_PARTS_OF_YEAR |= {"50": "-H2", "75": "Q4"}


def decimal_hint(written: str) -> str:
    """Hint at the date behind a number such as 2029.10; empty where it is none.

    >>> decimal_hint("2029.10"), decimal_hint("2029.1")
    ('; write 2029-10', '; write 2029-01, or 2029-10 for October')
    """
    match = re.fullmatch(r"(\d{4})\.(\d{1,2})", written)
    if match is None:
        return ""
    month = f"-{int(match[2]):02d}" if 1 <= int(match[2]) <= 12 else None
    part = _PARTS_OF_YEAR.get(match[2], month)
    return f"; write {match[1]}{part.format(match[1])}" if part else ""


_KOREAN = re.compile(
    r"(?P<year>\d{4})\s*년(?:도)?\s*(?:(?:제\s*)?(?P<quarter>[1-4])\s*(?:/\s*4\s*)?분기|(?P<half>[상하])반기"
    r"|(?P<month>\d{1,2})\s*월\s*(?:(?P<day>\d{1,2})\s*일)?)?"
)


def in_accepted_form(written: str) -> str:
    """A date in Korean words in a form that is read; empty where it is none, or none of the calendar.

    >>> in_accepted_form("2027년 3월"), in_accepted_form("2027년 3분기"), in_accepted_form("2027년 하반기")
    ('2027-03', '2027Q3', '2027-H2')
    """
    match = _KOREAN.fullmatch(written.strip())
    if match is None:
        return ""
    days = "".join(f"-{int(part):02d}" for part in match.group("month", "day") if part)
    half = f"-H{1 + (match['half'] == '하')}" if match["half"] else ""
    text = match["year"] + (f"Q{match['quarter']}" if match["quarter"] else half or days)
    try:
        parse_date(text)
    except ValueError:
        return ""
    return text


def parse_date(text: str) -> float:
    """Position on the quarter axis of a date between 1950 and 2100 that exists in the calendar."""
    position = parse_time(text)
    if len(text) == len("2029-03-15"):
        dt.date.fromisoformat(text)
    if not 4 * FIRST_YEAR <= position < 4 * (LAST_YEAR + 1):
        raise ValueError
    return position


_DATE = f"{ACCEPTED}, between {FIRST_YEAR} and {LAST_YEAR}"


def _form(pattern: str, accepted: str) -> Mapping[str, Any]:
    """Constraints of JSON Schema on the form of a text."""
    return {"pattern": f"^{pattern}$", "patternErrorMessage": f"expected {accepted}"}


_FORM = Field(examples=["2029Q1"], json_schema_extra={**_form(PATTERN, ACCEPTED)})
_QUARTER, _DAY = "a quarter such as 2026Q2", "a day such as 2026-11-01"
Date: TypeAlias = Annotated[str | int, _checked(parse_date, _DATE), _FORM]
Quarter: TypeAlias = Annotated[
    str, _checked(parse_quarter, _QUARTER), Field(json_schema_extra={**_form(r"\d{4}Q[1-4]", _QUARTER)})
]
Day: TypeAlias = Annotated[
    str,
    _checked(parse_day, _DAY),
    Field(max_length=10, json_schema_extra={**_form(r"\d{4}-\d{2}-\d{2}", _DAY)}),
]


class Window(Model):
    """A date known only to lie between two others, every moment being as likely."""

    earliest: Date = Field(description=f"the earliest date: {ACCEPTED}")
    latest: Date = Field(description=f"the latest date, after the earliest: {ACCEPTED}")

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if position(self.earliest) >= position(self.latest):
            raise ValueError(f"got earliest {self.earliest} and latest {self.latest}, expected earliest before latest")
        return self


def _date_form(spec: object) -> str:
    window = isinstance(spec, Window) or (isinstance(spec, Mapping) and not spec.keys().isdisjoint(Window.model_fields))
    return "a window" if window else "a date"


_WINDOW = ", or a window such as {earliest: 2026Q1, latest: 2027Q1}"

DateSpec: TypeAlias = Annotated[
    Annotated[str | int, _checked(parse_date, _DATE, _WINDOW), _FORM, Tag("a date")]
    | Annotated[Window, Tag("a window")],
    Discriminator(_date_form),
]
"""Accepted forms of a date: a point in time or a window."""


def position(date: str | int) -> float:
    """Position on the quarter axis at which a date begins."""
    return parse_time(str(date))


@cache
def _date_spec() -> TypeAdapter[Any]:
    return TypeAdapter(DateSpec)


def date_distribution(spec: object) -> Distribution:
    """Distribution of a date, on the quarter axis: constant, or uniform over a window.

    Raises:
        pydantic.ValidationError: the spec has none of the accepted forms.
    """
    spec = spec if isinstance(spec, Window) else _date_spec().validate_python(spec)
    if isinstance(spec, Window):
        return Uniform(position(spec.earliest), position(spec.latest))
    return Constant(position(spec))


def date_text(date: float) -> str:
    """The shortest text that `position` reads as this date.

    >>> date_text(8116.0), date_text(position("2029-03-15"))
    ('2029Q1', '2029-03-15')
    """
    if date == int(date):
        return format_quarter(int(date))
    months = [f"{year_of(date)}-{month:02d}" for month in range(1, 13)]
    days = [f"{month}-{day:02d}" for month in months for day in range(1, 32)]
    return next(text for text in (*months, *days) if position(text) == date)


def plain_date_distribution(value: Distribution) -> Any:
    """The date spec that stands for the distribution of a date."""
    if isinstance(value, Uniform):
        return {"earliest": date_text(value.low), "latest": date_text(value.high)}
    return date_text(float(value.ppf(0.5)))


Moment: TypeAlias = Annotated[float, Written(Date, position, date_text)]
"""A date that is certain, on the quarter axis."""

UncertainDate: TypeAlias = Annotated[Distribution, Written(DateSpec, date_distribution, plain_date_distribution)]
"""A date or a window, as a distribution on the quarter axis."""

QuarterIndex: TypeAlias = Annotated[int, Written(Quarter, parse_quarter, format_quarter)]
"""A quarter, by its index."""
