"""What is simulated: the machines of a protocol or of files, with its scenarios and decisions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files.inputs import ReadFile
from tellverify.language.instances import instance_name, one_instance
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.decision import DecisionRule
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.scenario import Scenario
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
from tellverify.source.text import SourceFile
from tellverify.verification.machine_system import put_together

DEFAULT_SIZE = 3


class SimulationSubject(msgspec.Struct, frozen=True):
    """Machines that can be simulated. `instance` names the sizes of families."""

    name: str
    path: str
    machines: tuple[Machine, ...]
    graph: ProtocolGraph | None
    instance: str
    scenarios: tuple[Scenario, ...]
    decisions: tuple[DecisionRule, ...]

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
    graph = lowered.graph
    if graph is None:
        reasons = [skip.reason for skip in lowered.skipped]
        if lowered.timed is not None:
            scope = lowered.timed.scopes[0]
            where = f"{lowered.timed.site(scope.site).path}:{scope.line}"
            reasons = [f"{where}: runs with `timeout` are searched by `check`, not drawn at random"]
        reason = "; ".join(reasons) or lowered.limit or "it has no graph"
        raise NotSimulated(f"not simulated: {reason}", is_refuted=False)
    name = instance_name(resolved)
    instance = Instance(name, resolved, lowered)
    context = Context(found.judged, found.protocol, found.name, (instance,), options, "")
    said: list[Diagnostic] = []
    decisions = stated_decisions(context, said)
    scenarios = stated_scenarios(context, said)
    _stop_at_errors(said, sources)
    try:
        machines = machines_under_faults(graph, options.step_limit)
    except OutOfBudget:
        reason = "not simulated: the orders of answers take too many steps"
        raise NotSimulated(reason, is_refuted=False) from None
    if machines is None:
        reason = "not simulated: a gather needs more answers than it has members"
        raise NotSimulated(reason, is_refuted=False)
    return SimulationSubject(
        found.name,
        found.source.path,
        tuple(machines),
        graph,
        name,
        tuple(one.scenario for one in scenarios),
        tuple(one.rule for one in decisions),
    )


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
    )


def _stop_at_errors(said: Sequence[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
    errors = [one for one in said if one.severity is Severity.ERROR]
    if errors:
        raise NotSimulated("", errors, sources)
