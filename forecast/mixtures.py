"""A mixture of scenarios: weighted branches, each a scenario of its own, of which every draw follows one.

```yaml
name: suppliers
mixture:
  - {scenario: announced, weight: 0.6, label: trend}
  - {scenario: localization-fast.yaml, weight: {distribution: uniform, low: 0.1, high: 0.3}}
```

A branch names a shipped scenario or a file beside the mixture or below it, or states a scenario, which may extend such
a file.
Weights are scaled to sum to one, draw by draw where they are uncertain.

Refused here: reading its branches, that is `branches`, and running it, that is `branching`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from forecast.branches import Branch, MixtureReader, StatedBranch
from forecast.distributions import Law
from forecast.document import Node, present, read_document, yaml_text
from forecast.errors import ScenarioError
from forecast.laws import law, plain_law
from forecast.phrases import got, meant
from forecast.place import Place, refusal
from forecast.scenario import Scenario, frozen_scenario, load_scenario, plain_scenario, scenario_digest
from forecast.statement import law_in_file
from forecast.storage import json_digest


@dataclass(frozen=True, slots=True)
class ScenarioMixture:
    """Scenarios of which every draw follows one.

    Attributes:
        name: slug; the directory of its results.
        title: one line for tables and plots.
        description: prose.
        branches: sorted by label.
        sources: addresses of the evidence.
        overrides: what was set on top of every branch, as it was written.
    """

    name: str
    title: str
    description: str
    branches: tuple[Branch, ...]
    sources: tuple[str, ...] = ()
    overrides: tuple[str, ...] = field(default=(), compare=False)

    @property
    def basis(self) -> str:
        """Statistical book of the headline, that of every branch."""
        return self.branches[0].scenario.basis

    @property
    def horizon(self) -> int:
        """Last calendar year simulated, that of every branch."""
        return self.branches[0].scenario.horizon

    @property
    def as_of(self) -> str | None:
        """Day up to which data count as known, that of every branch."""
        return self.branches[0].scenario.as_of


World: TypeAlias = Scenario | ScenarioMixture
"""What a run may be of."""


def is_mixture(path: PathLike[str] | str) -> bool:
    """Whether a file states a mixture of scenarios, be it under a misspelt key; a file that cannot be read does not."""
    try:
        fields = read_document(Path(path), str(path)).root.fields
    except ScenarioError:
        return False
    return "mixture" in fields or any(map(_weighs, fields.values()))


def _weighs(node: Node) -> bool:
    """Whether a list holds what only branches have."""
    return any({"scenario", "weight"} <= item.fields.keys() for item in node.items)


def load_world(path: PathLike[str] | str) -> World:
    """What a file states, a scenario or a mixture of them.

    Raises:
        ScenarioError: carries every problem of the file.
    """
    return load_mixture(path) if is_mixture(path) else load_scenario(path)


def load_mixture(path: PathLike[str] | str, overrides: Sequence[str] = ()) -> ScenarioMixture:
    """The mixture a YAML file states, with `key.path=value` overrides applied to every branch.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    return read_mixture(path, overrides)[0]


def read_mixture(
    path: PathLike[str] | str, overrides: Sequence[str] = ()
) -> tuple[ScenarioMixture, tuple[StatedBranch, ...]]:
    """The same, and where each branch was read.

    Raises:
        ScenarioError: carries every problem of the file and of the scenarios it names.
    """
    document = read_document(Path(path), str(path))
    reader = MixtureReader(Path(path), tuple(overrides), list(document.problems))
    fields = document.root.fields
    name, title = reader.name(document.root), reader.text(fields.get("title"), "title")
    stated = reader.branches(fields.get("mixture"))
    description = reader.text(fields.get("description"), "description")
    sources = reader.texts(fields.get("sources"), "sources")
    reader.agree(stated)
    if reader.problems:
        raise ScenarioError(reader.problems)
    ordered = tuple(sorted(stated, key=lambda one: one.branch.label))
    branches = tuple(one.branch for one in ordered)
    return ScenarioMixture(name, title or name, description, branches, sources, tuple(overrides)), ordered


def stated_law(path: PathLike[str] | str, key: str) -> Law:
    """The law of the number at a path of a file, such as `mixture.trend.weight` or `investments.HMG-06.amount`.

    Raises:
        ScenarioError: the file cannot be read, or there is no number at that path.
    """
    if not is_mixture(path):
        return law_in_file(path, key)
    weights = {f"mixture.{branch.label}.weight": branch.weight for branch in load_mixture(path).branches}
    if key not in weights:
        raise refusal(Place(str(path)), f"{got(key)}, no such number in this mixture; {meant(key, weights)}")
    return weights[key]


def frozen_world(path: PathLike[str] | str) -> World:
    """What `dump_scenario` or `dump_mixture` wrote: no rule is asked again, as some hang on what was observed since."""
    plain: Any = read_document(Path(path), str(path)).root.plain()
    if "mixture" not in plain:
        return frozen_scenario(plain)
    branches = tuple(
        Branch(branch["label"], law(branch["weight"]), frozen_scenario(branch["scenario"]))
        for branch in plain["mixture"]
    )
    texts = plain["name"], plain["title"], plain.get("description", "")
    return ScenarioMixture(*texts, branches, tuple(plain.get("sources", ())))


def plain_mixture(mixture: ScenarioMixture) -> dict[str, Any]:
    """The mapping that states a mixture, every scenario inside it."""
    branches = [
        {"label": branch.label, "weight": plain_law(branch.weight), "scenario": plain_scenario(branch.scenario)}
        for branch in mixture.branches
    ]
    words = present(title=mixture.title, description=mixture.description, sources=list(mixture.sources))
    return {"name": mixture.name, **words, "mixture": branches}


def dump_mixture(mixture: ScenarioMixture) -> str:
    """YAML text that loads to an equal mixture."""
    return yaml_text(plain_mixture(mixture))


def mixture_digest(mixture: ScenarioMixture) -> str:
    """SHA-256 of the name and of all that can change a number, in hexadecimal."""
    branches = [
        [branch.label, plain_law(branch.weight), scenario_digest(branch.scenario)] for branch in mixture.branches
    ]
    return json_digest([mixture.name, branches])
