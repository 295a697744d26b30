"""The subject of a simulation: machines of a protocol or of files, scenarios and decisions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tellverify.diagnostics.faults import SCENARIO_LEFT_OUT
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files.inputs import ReadFile
from tellverify.language.instances import instance_name, one_instance
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.decision import DecisionRule
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.scenario import Scenario
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.machines import machines_under_faults
from tellverify.obligations.options import Options
from tellverify.obligations.stated_decisions import (
    decisions_of_machines,
    stated_decisions,
)
from tellverify.obligations.stated_scenarios import (
    scenarios_of_machines,
    stated_scenarios,
)
from tellverify.obligations.stated_scenarios import subject_of_machines as scenario_subject
from tellverify.projection.availability import OutOfBudget
from tellverify.search.random_walk import ScheduleKind
from tellverify.search.simulation import Simulator
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_rows import TooManyTimedPlaces
from tellverify.source.text import SourceFile
from tellverify.verification.machine_system import put_together

if TYPE_CHECKING:
    from tellverify.search.timed_simulation import TimedSimulator

DEFAULT_SIZE = 3
MANY_PLACES = "not simulated: a role may be in too many rounds of a timeout at once"
_LONGEST_QUEUE = 1_000  # with timeouts


class SimulationSubject(msgspec.Struct, frozen=True):
    """Machines that can be simulated, or `timed`, a protocol with timeouts, which has none.

    `instance` names the sizes of families. `read` are the paths of all files that it comes from.
    `left_out` says why scenarios of the configuration are none of its own.
    """

    name: str
    path: str
    machines: tuple[Machine, ...]
    graph: ProtocolGraph | None
    instance: str
    scenarios: tuple[Scenario, ...]
    decisions: tuple[DecisionRule, ...]
    read: tuple[str, ...]
    timed: TimedProtocol | None = None
    left_out: tuple[Diagnostic, ...] = ()

    def scenario(self, name: str) -> Scenario | None:
        """The scenario with a name, None when there is none."""
        return next((one for one in self.scenarios if one.name == name), None)


class NotSimulated(Exception):
    """Why there is nothing to simulate: findings with their sources, or a sentence.

    `is_refuted` is False where tellverify cannot tell what the protocol means.
    """

    def __init__(
        self,
        reason: str,
        diagnostics: Sequence[Diagnostic] = (),
        sources: Mapping[str, SourceFile] | None = None,
        *,
        is_refuted: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})
        self.is_refuted = is_refuted


def subject_of_protocol(
    place: Workspace,
    found: SourceProtocol,
    sizes: Mapping[str, int],
    options: Options,
    default: int | None = DEFAULT_SIZE,
) -> SimulationSubject:
    """A protocol of a workspace at sizes of its families, `default` for those not given.

    Raises NotSimulated for a text with errors and a protocol without a graph, SizeFault for sizes
    of families that it does not have, and MachineTooLarge.
    """
    sources = place.sources()
    _stop_at_errors(found.errors, sources)
    blocked = found.judged.linked.blocked
    if blocked:
        raise NotSimulated(blocked, found.judged.said, sources, is_refuted=False)
    resolved = one_instance(found.protocol, sizes, default)
    lowered = place.graph(found, resolved)
    _stop_at_errors(lowered.diagnostics, sources)
    graph, timed = lowered.graph, lowered.timed
    if graph is None and timed is None:
        reasons = [skip.reason for skip in lowered.skipped]
        reason = "; ".join(reasons) or lowered.limit or "it has no graph"
        raise NotSimulated(f"not simulated: {reason}", is_refuted=False)
    name = instance_name(resolved)
    instance = Instance(name, resolved, lowered)
    context = Context(found.judged, found.protocol, found.name, (instance,), options, "")
    said: list[Diagnostic] = []
    decisions = stated_decisions(context, said)
    scenarios = stated_scenarios(context, said)
    _stop_at_errors(said, sources)
    machines = () if graph is None else _machines(graph, options)
    return SimulationSubject(
        found.name,
        found.source.path,
        machines,
        graph,
        name,
        tuple(one.scenario for one in scenarios),
        tuple(one.rule for one in decisions),
        tuple(sources),
        timed,
        tuple(one for one in said if one.code == SCENARIO_LEFT_OUT),
    )


def _machines(graph: ProtocolGraph, options: Options) -> tuple[Machine, ...]:
    """The machines of a graph. Raises NotSimulated, and MachineTooLarge."""
    try:
        machines = machines_under_faults(graph, options.step_limit)
    except OutOfBudget:
        reason = "not simulated: the orders of answers take too many steps"
        raise NotSimulated(reason, is_refuted=False) from None
    if machines is None:
        reason = "not simulated: a gather needs more answers than it has members"
        raise NotSimulated(reason, is_refuted=False)
    return tuple(machines)


def simulator_of(
    subject: SimulationSubject,
    scenario: Scenario,
    options: Options,
    *,
    seed: int,
    schedule: ScheduleKind,
    most_events: int,
) -> Simulator | TimedSimulator:
    """What makes the runs of a subject. Raises as these do."""
    if subject.timed is None:
        return Simulator(
            subject.machines,
            seed=seed,
            schedule=schedule,
            scenario=scenario,
            decisions=subject.decisions,
            most_events=most_events,
            graph=subject.graph,
        )
    from tellverify.search.timed_failures import undecided_with_timers
    from tellverify.search.timed_simulation import TimedSimulator

    reason = undecided_with_timers(scenario)
    if reason:
        raise NotSimulated(f"not simulated: {reason}", is_refuted=False)
    settings = TimedSettings(
        LatePolicy(options.late), FirePolicy(options.fire), bound=_LONGEST_QUEUE
    )
    try:
        return TimedSimulator(
            subject.timed,
            settings,
            seed=seed,
            schedule=schedule,
            scenario=scenario,
            decisions=subject.decisions,
            most_events=most_events,
        )
    except TooManyTimedPlaces:
        raise NotSimulated(MANY_PLACES, is_refuted=False) from None


def subject_of_machines(files: Sequence[ReadFile], options: Options) -> SimulationSubject:
    """The machines of files as one system. Raises NotSimulated for files that hold none."""
    system = put_together(files)
    sources = {file.path: file.source() for file in files}
    if system.diagnostics:
        raise NotSimulated("", system.diagnostics, sources)
    name = os.path.splitext(os.path.basename(files[0].path))[0] or files[0].path
    said: list[Diagnostic] = []
    subject = scenario_subject(name, system.machines)
    scenarios = scenarios_of_machines(options.scenarios, subject, options.faults, said)
    decisions = decisions_of_machines(options, name, system.machines)
    _stop_at_errors(said, sources)
    return SimulationSubject(
        name,
        files[0].path,
        system.machines,
        None,
        "",
        tuple(one.scenario for one in scenarios),
        tuple(one.rule for one in decisions),
        tuple(sources),
        left_out=tuple(one for one in said if one.code == SCENARIO_LEFT_OUT),
    )


def _stop_at_errors(said: Sequence[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
    errors = [one for one in said if one.severity is Severity.ERROR]
    if errors:
        raise NotSimulated("", errors, sources)
