"""The quantities measured along the runs of an instance, and their maxima."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from tellverify.annotations.longest_paths import (
    PathShape,
    WorstPath,
)
from tellverify.annotations.metadata import Metadata, of_sites
from tellverify.annotations.rules import Rules
from tellverify.annotations.worst_case_formula import TermGroup
from tellverify.diagnostics.model import Code
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of
from tellverify.model.site import Site
from tellverify.model.trace import Trace
from tellverify.obligations.context import Instance
from tellverify.obligations.graph_runs import both, replayed
from tellverify.obligations.machines import Machines
from tellverify.verdict.outcome import Outcome
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict


class Meter(msgspec.Struct, frozen=True):
    """Something that sends add to: `weigh` is what one message of the group costs.

    `limit` is what a run may add up to, with `place` saying where that is written; `unit` is what
    is counted.
    """

    property: Property
    group: TermGroup
    item: str
    weigh: Callable[[Metadata], int]
    unit: str
    code: Code
    limit: int | None = None
    place: str = ""
    required: bool = False


class StatedSend(msgspec.Struct, frozen=True):
    """A statement that sends, by declared roles; a broadcast has no single `receiver`."""

    sender: str
    receiver: str
    metadata: Metadata


class MeteredInstance:
    """A graph at one choice of sizes, with what its events mean; shared by all meters."""

    def __init__(self, instance: Instance, graph: ProtocolGraph, rules: Rules) -> None:
        self.instance = instance
        self.graph = graph
        self.metadata = of_sites(graph.sites, rules)
        self._shape: PathShape | None = None
        self.machines = Machines(graph)
        self.by_sender: dict[int, list[int]] = {}
        for event, sender in enumerate(graph.sender):
            self.by_sender.setdefault(sender, []).append(event)
        self._members: dict[str, list[int]] = {}
        for number, role in enumerate(graph.roles):
            self._members.setdefault(family_of(role), []).append(number)

    @property
    def shape(self) -> PathShape:
        """The components of the graph."""
        if self._shape is None:
            self._shape = PathShape(self.graph)
        return self._shape

    def open_facts(self) -> Outcome | None:
        """Why it is not known what all runs record, None where it is."""
        return None

    def shown(
        self,
        run: Sequence[int],
        culprit: str,
        explanation: str,
        judge: Callable[[Trace], bool],
        *,
        minimal: bool = True,
    ) -> Trace:
        """The run along a path, once its replay and `judge` have accepted it, or else Defect."""
        trace = Trace(
            Fault.PROPERTY,
            both(self.graph, run),
            (culprit,),
            explanation,
            minimal,
            place=self.graph.site_of(run[-1]) if run else Site(),
        )
        return replayed(self.machines, trace, lambda: judge(trace))

    def members(self, role: str) -> Sequence[int]:
        """The numbers of the members of a role."""
        return self._members.get(role, ())


class Measured(msgspec.Struct, frozen=True):
    """The worst case of one meter at one choice of family sizes.

    `role` and `receiver` are the members that reach it, by their numbers in the graph; `receiver`
    is -1 where all receivers count.
    """

    metered: MeteredInstance
    role: int
    receiver: int
    costs: tuple[int, ...]
    worst: WorstPath

    @property
    def instance(self) -> Instance:
        """The choice of sizes."""
        return self.metered.instance

    @property
    def graph(self) -> ProtocolGraph:
        """The graph at these sizes."""
        return self.metered.graph


class WorstCaseAnswer(msgspec.Struct, frozen=True):
    """A verdict, and what certifies it: one measurement for each choice of sizes.

    Where the limit is passed, or there is none, `over` is the run that shows it: its measurement,
    its events, and the number of the event where a loop begins or -1.
    """

    meter: Meter
    verdict: Verdict
    measured: tuple[Measured, ...] = ()
    over: tuple[Measured, tuple[int, ...], int] | None = None
