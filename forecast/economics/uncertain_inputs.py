"""Uncertain inputs: how each is named, drawn and shown, and which source of spread it belongs to.

The registry of a plan (`Plan.inputs`) lists its inputs once. Correlations, uncertainty budgets, sliders, the streams
that two plans share and the sources of spread are views of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from forecast.stats.distributions import Distribution

SOURCES = (
    "shocks", "trade", "drivers", "books", "happening", "terms", "future", "coefficients", "localization", "policies",
    "stated", "branch",
)  # fmt: skip
"""Sources of spread in the order in which they are shown; the catalogue has their names."""

OF_ALL_PLANTS = "all plants"
"""Owner of numbers that stand under `installed_base` and are those of plants still to be built too."""

DRIVER_NAMES = {"us_output": "US output", "won_per_dollar": "won per dollar", "oil": "oil price"}
_WORDS = {
    "realised": "goes ahead",
    "happens": "comes",
    "at": "date",
    "korea": "weight of Korea",
    "third_country": "weight of third countries",
    "machinery_share": "machinery in capex",
    "korean_machinery_share": "Korean share of machinery",
    "output": "output, bn USD a quarter",
    "output_per_capex": "output a year per USD of capex",
    "purchases_per_output": "purchases per USD of output",
    "korean_share": "Korean share of purchases",
    "displacement_rate": "exports replaced per USD of output",
    "tariff_displacement": "exports replaced beyond that at a duty of 25 %",
    "price_growth": "growth of prices a year",
    "reverse_import_rate": "reverse imports per USD of output",
    "equipment_delay": "building time before the first machines, share of it",
    "wear_rate": "machinery replaced a year, share of it",
    "construction_quarters": "quarters of construction",
    "ramp_quarters": "quarters to full output",
    "slip": "delay, quarters",
    "scale": "realised over stated amount",
    "amount": "amount, bn USD",
    "local": "local share reached",
    "speed": "years it takes",
    "usual_pace": "usual pace of investment over its last",
    "persistence": "distance from that left after a year, share of it",
    "spread": "spread of a year's investment, log points",
    "future_announcements": "over those at the usual pace",
}

_LEVELS = ("phases", "sectors", "shares", "at")
"""Parts of an address that a reader does not miss."""

EVENTS = ("tariffs", "import_commitments", "shocks")
"""Lists whose entries come or do not come, by a draw of their own."""

REALISED = "realised"
"""Last part of the name of a draw of going ahead; a high level means that it does."""


def stream_of(name: str) -> str:
    """Address of the random numbers of the input at a YAML path.

    >>> stream_of("investments.HMG-06.overrides.utilisation"), stream_of("overrides.sectors.steel.utilisation")
    ('investments.HMG-06.utilisation', 'sectors.steel.utilisation')
    >>> stream_of("tariffs.section-301.realised")
    'tariffs.section-301.happens'
    """
    if name.partition(".")[0] in EVENTS and name.endswith(f".{REALISED}"):
        return f"{name.removesuffix(REALISED)}happens"
    return name.removeprefix("overrides.").replace(".overrides.", ".")


def sign_of(name: str) -> int:
    """-1 where a high level comes of a low uniform: a project goes ahead if its uniform lies below its chance."""
    return -1 if name.endswith(f".{REALISED}") else 1


@dataclass(frozen=True, slots=True)
class UncertainInput:
    """One input that is drawn by itself, or joint parameters or shocks that are drawn together.

    Attributes:
        name: YAML path in a scenario file; the stream where no file can state it.
        source: one of `SOURCES`.
        distribution: of the number or date; None where it is fitted, and of an event.
        chance: of an event that depends on no other, the distribution of its probability; None of all else.
        settled: what makes it known, so that it cannot be correlated; empty where it is uncertain.
        drawn: whether a simulation reads its stream.
        is_date: whether its unit is the quarter axis.
        slider: what the slider that moves it is called on the explore page; empty where there is none.
    """

    name: str
    source: str
    distribution: Distribution | None = None
    chance: Distribution | None = None
    settled: str = ""
    drawn: bool = True
    is_date: bool = False
    slider: str = ""

    @property
    def stream(self) -> str:
        """Address of its random numbers."""
        return stream_of(self.name)

    @property
    def label(self) -> str:
        """Name for readers."""
        return label(self.stream)


def label(address: str) -> str:
    """Name for readers of the number at a stream address.

    >>> label("investments.HMG-06.amount"), label("sectors.steel.ramp_quarters"), label("programmes.chips.realised")
    ('HMG-06: amount, bn USD', 'steel: quarters to full output', 'chips: is not cut')
    >>> label("future_announcements")
    'future announcements: over those at the usual pace'
    >>> label("installed_base.wear_rate").partition(":")[0]
    'all plants'
    """
    head, *middle = address.split(".")
    last = middle.pop() if middle else head
    owner = ", ".join(_spaced(part) for part in middle if part not in _LEVELS) or _spaced(head)
    words = "is not cut" if head == "programmes" and last == REALISED else _WORDS.get(last, _spaced(last))
    return f"{owner}: {words}"


def _spaced(name: str) -> str:
    return OF_ALL_PLANTS if name == "installed_base" else DRIVER_NAMES.get(name, name.replace("_", " "))
