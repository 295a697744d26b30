"""The workflows of a file with their protocols and agents, before families have sizes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.sessions import (
    FileAgents,
    PhaseRoles,
    PlacedStep,
    names_agents,
    phase_roles,
    placed_steps,
)
from tellverify.workflows.workflow_text import (
    Join,
    LocalStep,
    ProtocolStep,
    WorkflowDocument,
    WorkflowText,
)


class PlannedStep(msgspec.Struct, frozen=True):
    """A step at its place; `roles` is None for a local step. `wanted` are the payloads of the
    phase that later phases use.
    """

    placed: PlacedStep
    roles: PhaseRoles | None = None
    wanted: tuple[str, ...] = ()


class PlannedWorkflow(msgspec.Struct, frozen=True):
    """A workflow; `faulty` names its phases whose protocol has errors, with a finding each."""

    text: WorkflowText
    steps: tuple[PlannedStep, ...]
    said: tuple[Diagnostic, ...] = ()

    @property
    def name(self) -> str:
        """Its name in the file."""
        return self.text.name


class FilePlan(msgspec.Struct, frozen=True):
    """All workflows of a file. `families` are the agent families that need a size."""

    document: WorkflowDocument
    agents: FileAgents
    workflows: tuple[PlannedWorkflow, ...]
    families: tuple[str, ...]
    inside_protocols: tuple[str, ...]


def file_plan(document: WorkflowDocument, files: ProtocolFiles) -> FilePlan:
    """Look up the protocols of all phases, and give their roles to agents."""
    agents = FileAgents(document)
    files.fetch_heads(
        step.protocol
        for one in document.workflows
        for step in one.steps
        if isinstance(step, ProtocolStep)
    )
    workflows = tuple(_planned(document, one, files, agents) for one in document.workflows)
    every = [s.roles for one in workflows for s in one.steps if s.roles is not None]
    families = dict.fromkeys(
        family for roles in every for family in (*roles.families, roles.each) if family
    )
    inside = dict.fromkeys(family for roles in every for family in roles.families)
    return FilePlan(document, agents, workflows, tuple(families), tuple(inside))


def _planned(
    document: WorkflowDocument, text: WorkflowText, files: ProtocolFiles, agents: FileAgents
) -> PlannedWorkflow:
    where = Where(document.path, text.name)
    placed, said = placed_steps(document, text)
    named = names_agents(text.steps) or any(
        isinstance(one.step, ProtocolStep) and one.step.agents is not None for one in placed
    )
    before: dict[str, str] = {}
    found: list[PlannedStep] = []
    wanted = _wanted_results(placed)
    for one in placed:
        step = one.step
        if isinstance(step, LocalStep):
            found.append(PlannedStep(one))
            continue
        roles = phase_roles(files, agents, step, before, names_agents=named, where=where, said=said)
        if roles is None:
            continue
        said.extend(_head_faults(step, roles, where))
        before.update(roles.given)
        found.append(PlannedStep(one, roles, wanted.get(one.name, ())))
    said.extend(_join_faults(text, found, where))
    return PlannedWorkflow(text, tuple(found), tuple(said))


def _head_faults(step: ProtocolStep, roles: PhaseRoles, where: Where) -> Iterator[Diagnostic]:
    """Branches that the protocol does not have."""
    head = roles.head
    for index, branch in enumerate(step.go_on or ()):
        if branch not in head.branches:
            span = step.places.value("go_on", index)
            yield say.unknown_branch(where, span, branch, head.name, head.branches)


def _wanted_results(placed: Sequence[PlacedStep]) -> dict[str, tuple[str, ...]]:
    """The payloads of each phase that a phase behind it uses."""
    names = {one.name for one in placed}
    found: dict[str, dict[str, None]] = {}
    for one in placed:
        if isinstance(one.step, ProtocolStep):
            for text in one.step.uses:
                phase, payload = result_of(text, names)
                found.setdefault(phase, {})[payload] = None
    return {phase: tuple(payloads) for phase, payloads in found.items()}


def result_of(text: str, names: Container[str]) -> tuple[str, str]:
    """The phase and payload of `phase.Payload`; the longest phase of that name counts."""
    at = text.rfind(".")
    while at >= 0:
        if text[:at] in names:
            return text[:at], text[at + 1 :]
        at = text.rfind(".", 0, at)
    phase, _, payload = text.partition(".")
    return phase, payload


def _join_faults(
    text: WorkflowText, steps: Sequence[PlannedStep], where: Where
) -> Iterator[Diagnostic]:
    groups: dict[int, list[tuple[str, ProtocolStep]]] = {}
    for one in steps:
        if isinstance(one.placed.step, ProtocolStep):
            row = (one.placed.name, one.placed.step)
            groups.setdefault(one.placed.group, []).append(row)
    for group in groups.values():
        yield from _of_group(group, where)
        if text.is_shared:
            for _, step in group:
                if step.thread or step.each:
                    message = "phases that share channels run one after the other, in no threads"
                    yield say.wrong_join(where, step.places.step, message)


def _of_group(group: Sequence[tuple[str, ProtocolStep]], where: Where) -> Iterator[Diagnostic]:
    """Joins of phases that are not parallel, and different joins of those that are."""
    for key in ("join", "timeout"):
        given: dict[Join | str, ProtocolStep] = {}
        for name, step in group:
            value = step.join if key == "join" else step.timeout
            if not value:
                continue
            given.setdefault(value, step)
            if not (step.thread or step.each):
                message = f"`{key}` of `{name}` has no parallel phases to join"
                yield say.wrong_join(where, step.places.key(key), message)
        if len(given) > 1:
            second = list(given.values())[1]
            message = f"phases in parallel are joined together, and have one `{key}`"
            yield say.wrong_join(where, second.places.key(key), message)


class JoinRule(msgspec.Struct, frozen=True):
    """How the phases of one group are joined; `step` is a phase that says so."""

    join: Join
    timeout: str
    step: ProtocolStep

    def may_abandon(self, parallel: int) -> bool:
        """Whether one of `parallel` threads of sessions may be given up before it is complete."""
        if self.timeout:
            return True
        match self.join:
            case "all":
                return False
            case "first":
                return parallel > 1
            case _:
                return parallel > self.join


def join_rules(workflow: PlannedWorkflow) -> Mapping[int, JoinRule]:
    """The joins of a workflow that say more than to wait for all sessions, by group."""
    found: dict[int, JoinRule] = {}
    for planned in workflow.steps:
        step = planned.placed.step
        if not isinstance(step, ProtocolStep) or not (step.join or step.timeout):
            continue
        known = found.get(planned.placed.group)
        join = step.join or (known.join if known else "all")
        timeout = step.timeout or (known.timeout if known else "")
        found[planned.placed.group] = JoinRule(join, timeout, known.step if known else step)
    return found
