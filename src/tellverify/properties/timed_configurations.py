"""Configurations of a protocol with timeouts, as the product with a formula reads them.

Only formulas that events alone contradict are decided on them: whether a run may end is not known.
"""

from __future__ import annotations

from tellverify.model.machine import Machine
from tellverify.search.timed import TimedSearch


class TimedConfigurations:
    """`edges[c]` lists `(event, successor)` of configuration c; an event is the number of its step.

    A send that only a full queue forbids has no successor, and is left out.
    """

    def __init__(self, search: TimedSearch) -> None:
        self.search = search
        self.machines: tuple[Machine, ...] = ()
        self.overflow = False  # the findings of the search tell what was not searched
        self.events = [(actor, -1, -1) for actor in search.system.actors]
        self.edges = [
            [(event, target) for event, target in search.numbered(at) if target >= 0]
            for at in range(search.expanded)
        ]
        self.obliged: list[int] = []

    def state(self, role: int, configuration: int) -> int:
        """There are no local states here. Raises KeyError."""
        raise KeyError((role, configuration))
