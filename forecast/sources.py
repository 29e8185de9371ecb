"""Where the spread of a forecast comes from: every random stream belongs to one source, told by its name.

Stream names are YAML paths (`streams`), so sources are known without running anything, and a stream of a key that is
new here counts as `other`. Parameters go with what they are parameters of; only trade itself is split into what was
learned of it and the shocks that are still to come. What was learned of announcements is one row a draw, chance, delay
and size together, and counts with the first.
"""

from __future__ import annotations

from forecast.sectors import COEFFICIENTS

SOURCES = {
    "shocks": "Shocks to trade still to come",
    "trade": "What was learned of trade",
    "drivers": "US output, won and oil",
    "books": "The gap between the two books",
    "happening": "Announcements happening or not",
    "terms": "Size and timing of plants",
    "coefficients": "What plants buy, make, replace",
    "localization": "Localization",
    "levers": "Tariffs and import commitments",
    "stated": "Shocks the scenario states",
    "branch": "The choice of scenario",
    "other": "Other assumptions",
}
"""Sources in the order in which they are shown, with their names for readers."""

_HEADS = {
    "baseline": "shocks",
    "running": "shocks",
    "drivers": "drivers",
    "bridge": "books",
    "localization": "localization",
    "sectors": "coefficients",
    "tariffs": "levers",
    "import_commitments": "levers",
    "shocks": "stated",
    "mixture": "branch",
}
_LEARNED = {
    "baseline": "trade",
    "running": "trade",
    "drivers": "drivers",
    "bridge": "books",
    "localization": "localization",
    "sectors": "coefficients",
    "realisation": "happening",
}


def source_of(stream: str) -> str:
    """The source a stream belongs to, one of `SOURCES`.

    >>> source_of("investments.HMG-06.realised"), source_of("posterior.sectors"), source_of("baseline.tail")
    ('happening', 'coefficients', 'shocks')
    """
    head, *rest = stream.split(".")
    if head == "posterior":
        return _LEARNED.get(rest[0], "other")
    if head in ("investments", "programmes"):
        return _of_plant(rest)
    return _HEADS.get(head, "other")


def _of_plant(parts: list[str]) -> str:
    if parts[1] == "localization":
        return "localization"
    if parts[-1] in ("realised", "probability"):
        return "happening"
    return "coefficients" if parts[-1] in COEFFICIENTS else "terms"
