"""Which announcements go ahead in one block, and when they were to.

An announcement goes ahead if its own draw says so, all that it requires do, none that it excludes does, the programmes
it belongs to survive, and the duty that calls it comes and still holds when it would be begun; or, with the fate of
another, exactly when that one does. Of an announcement in phases every phase is decided with the same draw, so that a
plant given up early loses the later phases first; for others it went ahead if any phase did. Ties form no circle
(`scenario.dependencies`), so each is settled from those before it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from forecast.economics import realisation
from forecast.engine.inputs import Inputs, Outcomes, Values
from forecast.engine.plan import Cut, Duty, Plan, Project


class Announcements:
    """Which announcements go ahead in one block, each worked out when it is asked for.

    Args:
        plan: the compiled scenario.
        inputs: uncertain numbers of the block.
    """

    def __init__(self, plan: Plan, inputs: Inputs) -> None:
        self._origin = plan.origin
        self._inputs = inputs
        self._projects: dict[str, list[Project]] = {}
        for group in plan.groups:
            for project in group.projects:
                self._projects.setdefault(project.id, []).append(project)
        self._realised: dict[str, Outcomes] = {}

    def realised(self, project: Project, planned: Values) -> Outcomes:
        """Whether a project planned to produce at `planned` goes ahead, `(n_draws,)`."""
        tie = project.tie
        realised = self._announcement(tie.same_as) if tie.same_as is not None else self._own(project, planned)
        for id in tie.requires:
            realised = realised & self._announcement(id)
        for id in tie.excludes:
            realised = realised & ~self._announcement(id)
        for cut in tie.cuts:
            realised = realised & self._survives(cut)
        if tie.when is not None:
            realised = realised & self._called(tie.when, planned_dates(self._inputs, project)[0])
        if project.chance is not None:
            realised = realised & self._inputs.happens(f"{project.stream}.realised", self._inputs.value(project.chance))
        return realised

    def chance(self, id: str) -> float:
        """Mean chance that an announcement goes ahead by its own draw, in any of its phases, whatever it hangs on."""
        phases = [
            self._probability(project, self._wait(project, planned_dates(self._inputs, project)[1]))
            for project in self._projects[id]
        ]
        return float(np.mean(np.max(np.broadcast_arrays(*phases), axis=0)))

    def behind(self, project: Project) -> Iterator[Project]:
        """Projects that decide whether one goes ahead, and those that decide theirs."""
        named = (*project.tie.requires, *project.tie.excludes, *filter(None, [project.tie.same_as]))
        for other in (other for id in named for other in self._projects[id]):
            yield other
            yield from self.behind(other)

    def _own(self, project: Project, planned: Values) -> Outcomes:
        probability = self._probability(project, self._wait(project, planned))
        return self._inputs.happens(f"investments.{project.id}.realised", probability)

    def _wait(self, project: Project, planned: Values) -> Values:
        """Quarters in which it may still be given up before it is planned to produce."""
        return planned - max(self._origin + 1.0, project.announced)

    def _probability(self, project: Project, wait: Values) -> Values:
        """Chance that a project comes true that is planned to produce in `wait` quarters."""
        if project.probability is not None:
            return self._inputs.value(project.probability)
        return realisation.survival(self._inputs.realisation["hazard"][project.outlook], wait / 4)

    def _survives(self, cut: Cut) -> Outcomes:
        if cut.probability is None:
            return np.ones(self._inputs.streams.n_draws, dtype=bool)
        return self._inputs.happens(f"{cut.stream}.realised", self._inputs.value(cut.probability))

    def _called(self, duty: Duty, start: Values) -> Outcomes:
        """Whether a duty comes and has not ended when construction would start."""
        comes = self._inputs.happens(duty.happens, self._inputs.value(duty.probability))
        return np.asarray(comes & (start < self._inputs.value(duty.until)))

    def _announcement(self, id: str) -> Outcomes:
        """Whether an announcement goes ahead, in any of its phases."""
        if id not in self._realised:
            phases = [self.realised(project, planned_dates(self._inputs, project)[1]) for project in self._projects[id]]
            self._realised[id] = np.any(phases, axis=0)
        return self._realised[id]


def planned_dates(inputs: Inputs, project: Project) -> tuple[Values, Values]:
    """Start of construction and planned start of production.

    A date not stated lies one building time from the other, though nothing is built before it is announced. A plant
    that was bought stands already, so its production does not wait for what is built on it. Where a duty calls it,
    both dates wait until that is there.
    """
    building = inputs.value(project.coefficients["construction_quarters"])
    stated = {
        name: inputs.value(date)
        for name, date in (("start", project.construction_start), ("production", project.production_start))
        if date is not None
    }
    start = stated["start"] if "start" in stated else np.maximum(stated["production"] - building, project.announced)
    production = stated["production"] if "production" in stated else start + building
    if project.tie.when is None:
        return start, production
    wait = np.maximum(inputs.value(project.tie.when.start) - start, 0.0)
    return start + wait, production + wait
