"""Changes in economics, engine and stats that no test can notice, which `mutations.py` does not count."""

from __future__ import annotations

CHANGE_NO_NUMBER = frozenset({"strict", "optimize", "defer_build", "frozen"})
"""Keywords of calls that say what is checked, or how long something takes, and nothing of the numbers."""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "forecast/economics/products.py",
        "all_customs = counted[origin][1] or usual * census[origin]",
        "all_customs = counted[origin][1] or usual / census[origin]",
    ): "without Korean months nothing lies beyond the usual ratio, and what is made of this is not used",
    (
        "forecast/economics/tariffs.py",
        "edges = [first, *(date for date in trade.dates if first < date < end), end]",
        "edges = [first, *(date for date in trade.dates if first <= date < end), end]",
    ): "a step at the first date parts off a span of no length",
    (
        "forecast/stats/density.py",
        "if np.isfinite(end) and room > 0:",
        "if np.isfinite(end) and room > -1:",
    ): "where the median is the end itself, nothing lies above the end and within a width of 0",
    (
        "forecast/stats/distributions.py",
        "last = np.searchsorted(cumulative, 1.0)",
        "last = np.searchsorted(cumulative, 1.1)",
    ): "no level is above 1, which the cumulative weight of the last value that has any is exactly",
    (
        "forecast/stats/elicited.py",
        "return np.asarray(np.where(x < values[0], below, np.where(x > values[-1], 1 - above, between)))",
        "return np.asarray(np.where(x < values[0], below, np.where(x >= values[-1], 1 - above, between)))",
    ): "at the last stated value the tail and the piece before it have the same level",
    (
        "forecast/engine/policy.py",
        "rows = np.arange(taxed.first, time[-1, 0] + 1.0)[:, None]",
        "rows = np.arange(taxed.first, time[-1, -1] + 1.0)[:, None]",
    ): "quarters are one column",
    (
        "forecast/engine/policy.py",
        "for left, right in pairwise(timeline.edges(rows[0, 0], rows[-1, 0] + 1.0)):",
        "for left, right in pairwise(timeline.edges(rows[0, 0], rows[-1, 0] + 1.1)):",
    ): "what lies beyond the last quarter is in no row",
    ("forecast/engine/resampling.py", "n_jobs: int = 1", "n_jobs: int = 2"): (
        "numbers are the same for any number of workers"
    ),
    ("forecast/stats/elicited.py", "_HALVINGS, _PERT_HALVINGS = 64, 60", "_HALVINGS, _PERT_HALVINGS = 64, 59"): (
        "bisection ends within rounding either way"
    ),
    (
        "forecast/stats/influence.py",
        "if self.smallest is None or self.largest is None or self.sizes is None:",
        "if self.smallest is None or self.largest is None and self.sizes is None:",
    ): "all three are there or none is",
    (
        "forecast/stats/influence.py",
        "if other.smallest is None or other.largest is None or other.sizes is None:",
        "if other.smallest is None or other.largest is None and other.sizes is None:",
    ): "all three are there or none is",
    (
        "forecast/stats/moments.py",
        "np.linspace(left, right, refinement * max(math.ceil(right - left), 1) + 1) for left, right in pairwise(ends)",
        "np.linspace(left, right, refinement * max(math.ceil(right - left), 2) + 1) for left, right in pairwise(ends)",
    ): "more panels, of a quadrature that is halved until halving changes nothing",
    ("forecast/stats/moments.py", "_POINTS, _MOST_HALVINGS = 20, 5", "_POINTS, _MOST_HALVINGS = 20, 4"): (
        "a margin: none of 50 distributions with ends near atoms and heavy tails needs more than two halvings"
    ),
    (
        "forecast/stats/moments.py",
        "for halvings in range(_MOST_HALVINGS + 1):",
        "for halvings in range(_MOST_HALVINGS - 1):",
    ): ("a margin: none of 50 distributions with ends near atoms and heavy tails needs more than two halvings"),
    (
        "forecast/stats/sensitivity.py",
        "ends = ordered[np.maximum(places, 0)]",
        "ends = ordered[np.maximum(places, 1)]",
    ): ("a first class of one draw fills a class by itself, and is parted from the next as atoms are"),
    (
        "forecast/stats/influence.py",
        "if other.smallest is None or other.largest is None or other.sizes is None:",
        "if other.smallest is None and other.largest is None or other.sizes is None:",
    ): "all three are there or none is",
    (
        "forecast/engine/block.py",
        "output = sum((trade.replaceable for trade in trades), nothing.annual[0])",
        "output = sum((trade.replaceable for trade in trades), nothing.annual[1])",
    ): "effect and news of nothing are the same zeros",
    (
        "forecast/stats/elicited.py",
        "return np.asarray(np.where(below < self.levels[0], lower, np.where(below > self.levels[-1], upper, inside)))",
        "return np.asarray(np.where(below <= self.levels[0], lower, np.where(below > self.levels[-1], upper, inside)))",
    ): "at the first stated level the tail and the piece after it have the same value",
    (
        "forecast/stats/distributions.py",
        "return np.asarray(np.where(u * width < rise, left, right))",
        "return np.asarray(np.where(u * width <= rise, left, right))",
    ): "at the level of the mode both sides are the mode",
    (
        "forecast/stats/elicited.py",
        "return np.asarray(np.where(x < values[0], below, np.where(x > values[-1], 1 - above, between)))",
        "return np.asarray(np.where(x <= values[0], below, np.where(x > values[-1], 1 - above, between)))",
    ): "at the first stated value the tail and the piece after it have the same level",
    (
        "forecast/stats/elicited.py",
        "below = self.levels[0] * np.clip((x - self.low) / room, 0.0, 1.0) ** (1 / power)",
        "below = self.levels[0] * np.clip((x - self.low) / room, 0.0, 1.1) ** (1 / power)",
    ): "the tail is read below the first stated value alone, where the share of the room is below 1",
    ("forecast/stats/moments.py", "if math.isnan(start + end):", "if math.isnan(start - end):"): (
        "scores are finite or not a number, of which the sum and the difference are none alike"
    ),
    (
        "forecast/stats/moments.py",
        "inner = [score for score in ndtri(kinks).tolist() if start < score < end]",
        "inner = [score for score in ndtri(kinks).tolist() if start < score <= end]",
    ): "a kink at the end makes one panel more, which has no width and so no weight",
    (
        "forecast/stats/elicited.py",
        'demand(concentration > 0, f"got concentration {concentration}, expected a number above 0")',
        'demand(concentration >= 0, f"got concentration {concentration}, expected a number above 0")',
    ): "the distribution that is built next refuses it in the same words",
    (
        "forecast/stats/elicited.py",
        'demand(concentration > 0, f"got concentration {concentration}, expected a number above 0")',
        'demand(concentration > -1, f"got concentration {concentration}, expected a number above 0")',
    ): "the distribution that is built next refuses it in the same words",
    (
        "forecast/stats/elicited.py",
        "high = np.where((low <= atom) & (atom <= high) & reaches(np.asarray(atom)), atom, high)",
        "high = np.where((low <= atom) & (atom < high) & reaches(np.asarray(atom)), atom, high)",
    ): "a value at the upper end is that end",
    ("forecast/stats/elicited.py", "middle = low + (high - low) / 2", "middle = low + (high - low) / 3"): (
        "64 steps at a third of the way end within rounding as those at half of it do"
    ),
    (
        "forecast/stats/shared_rows.py",
        "products = ((self.sums**2).sum(axis=0) - self.squares) / max(pairs, 1.0) - shift**2",
        "products = ((self.sums**2).sum(axis=0) - self.squares) / max(pairs, 1.1) - shift**2",
    ): "pairs come in twos, and without any the correlation is 0 whatever this is",
    ("forecast/stats/quantiles.py", "return self.kept[0]", "return self.kept[-1]"): (
        "blocks are joined by then, so that the first is the last"
    ),
    (
        "forecast/engine/resampling.py",
        "return np.repeat(numbers, self.n_draws // numbers.shape[-1], axis=-1)",
        "return np.repeat(numbers, self.n_draws / numbers.shape[-1], axis=-1)",
    ): "one number or as many as there are draws, which divide them without a rest",
    (
        "forecast/engine/block.py",
        "return np.asarray((level > reached).sum(axis=0).clip(0, len(plan.plans) - 1), dtype=np.intp)",
        "return np.asarray((level > reached).sum(axis=0).clip(0, len(plan.plans) + 1), dtype=np.intp)",
    ): "a margin for weights that add up to less than one by rounding",
}
"""Module, line as it stands, line as changed; and why."""
