"""The sessions of a workflow file at one choice of family sizes, with their agents and orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.model import Annotation, Diagnostic, Where
from tellverify.diagnostics.wording import grouped
from tellverify.model.roles import family_of
from tellverify.workflows.interfaces import SessionInterface
from tellverify.workflows.phase_files import UnknownPhaseProtocol
from tellverify.workflows.protocol_files import ProtocolFiles
from tellverify.workflows.protocol_heads import ProtocolHead
from tellverify.workflows.workflow_text import (
    AgentText,
    LocalStep,
    ProtocolStep,
    WorkflowDocument,
    WorkflowReference,
    WorkflowStep,
    WorkflowText,
)

LOCAL_TITLE: Final = "ext "  # the title of an `ext` step begins so
MOST_STEPS: Final = 10_000  # of a workflow with those of the workflows that it contains


class PlacedStep(NamedTuple):
    """A step of a workflow with its position: steps of one group and other threads are parallel.

    `position` counts the steps.
    """

    name: str
    step: ProtocolStep | LocalStep
    group: int
    thread: str
    position: int = 0


class PhaseSession(msgspec.Struct, frozen=True):
    """One session: a protocol whose roles are given to agents.

    `agents` has role and agent, members of families by index. `sizes` are those of the families of
    the protocol. `member` is the number of the member in a phase with `each`, else -1. `title` is
    what it is called among all sessions of the file; `position` is that of its step.
    """

    number: int
    workflow: str
    name: str
    step: ProtocolStep
    head: ProtocolHead
    agents: tuple[tuple[str, str], ...]
    sizes: tuple[tuple[str, int], ...]
    group: int
    thread: str
    member: int = -1
    title: str = ""
    position: int = 0

    @property
    def agent_of(self) -> dict[str, str]:
        """The agent of each role."""
        return dict(self.agents)

    @property
    def phase(self) -> str:
        """The name of its phase, which all members share."""
        return self.name if self.member < 0 else self.name.rpartition("[")[0]

    def precedes(self, other: PhaseSession) -> bool:
        """Whether the workflow of both runs this one first."""
        if self.workflow != other.workflow:
            return False
        if self.group != other.group:
            return self.group < other.group
        return self.thread == other.thread and self.position < other.position


class ComposedSession(msgspec.Struct, frozen=True):
    """A session with its interface, or with the reason why it has none."""

    session: PhaseSession
    interface: SessionInterface | None
    reason: str = ""


class FileAgents:
    """The agents of a file: which are families, and the sizes that are tried."""

    def __init__(self, document: WorkflowDocument) -> None:
        self.declared: dict[str, AgentText] = {one.name: one for one in document.agents}

    def sizes_of(self, family: str, default: Sequence[int]) -> tuple[int, ...]:
        """The sizes of a family."""
        declared = self.declared.get(family)
        return declared.members if declared is not None and declared.members else tuple(default)

    def is_fixed(self, family: str) -> bool:
        """Whether the file gives a family just one size."""
        declared = self.declared.get(family)
        return declared is not None and declared.is_fixed

    def is_family(self, agent: str) -> bool:
        """Whether the file declares members of an agent."""
        declared = self.declared.get(agent)
        return declared is not None and bool(declared.members)


def placed_steps(
    document: WorkflowDocument, workflow: WorkflowText
) -> tuple[list[PlacedStep], list[Diagnostic]]:
    """The steps of a workflow with those of the workflows it contains, and where they stand."""
    said: list[Diagnostic] = []
    where = Where(document.path, workflow.name)
    by_name = {one.name: one for one in document.workflows}
    steps = list(
        islice(_flat(workflow, by_name, (workflow.name,), "", where, said), MOST_STEPS + 1)
    )
    if len(steps) > MOST_STEPS or len(said) > MOST_STEPS:
        reason = f"`{workflow.name}` has more than {grouped(MOST_STEPS)} steps"
        return [], [say.unreadable_workflow(document.path, workflow.span, reason)]
    found: list[PlacedStep] = []
    group = -1
    is_open = False
    for name, step in steps:
        alone = not step.thread
        if alone or not is_open:
            group += 1
        is_open = not alone
        found.append(PlacedStep(name, step, group, step.thread, len(found)))
    return found, said


def _flat(
    workflow: WorkflowText,
    by_name: Mapping[str, WorkflowText],
    inside: tuple[str, ...],
    prefix: str,
    where: Where,
    said: list[Diagnostic],
) -> Iterator[tuple[str, ProtocolStep | LocalStep]]:
    for step in workflow.steps:
        if len(said) > MOST_STEPS:
            return
        if not isinstance(step, WorkflowReference):
            yield prefix + step.name, step
            continue
        target = by_name.get(step.workflow)
        span = step.places.value("workflow")
        if target is None:
            said.append(say.unknown_workflow(where, span, step.workflow, tuple(by_name)))
        elif target.name in inside:
            way = (*inside[inside.index(target.name) :], target.name)
            said.append(say.workflow_cycle(where, span, way))
        else:
            below = (*inside, target.name)
            for name, own in _flat(target, by_name, below, f"{prefix}{step.name}.", where, said):
                if step.thread and (own.thread or (isinstance(own, ProtocolStep) and own.each)):
                    message = f"`{target.name}` has its own threads, and cannot run in one"
                    said.append(say.wrong_join(where, step.places.key("thread"), message))
                    return
                yield name, msgspec.structs.replace(own, thread=step.thread) if step.thread else own


class PhaseRoles(msgspec.Struct, frozen=True):
    """The roles of a phase and whom they are given to, before families have sizes.

    `families` are the agent families whose members play the members of a role family.
    """

    head: ProtocolHead
    given: tuple[tuple[str, str], ...]
    each: str = ""
    families: tuple[str, ...] = ()


def phase_roles(
    files: ProtocolFiles,
    agents: FileAgents,
    step: ProtocolStep,
    before: Mapping[str, str],
    *,
    names_agents: bool,
    where: Where,
    said: list[Diagnostic],
) -> PhaseRoles | None:
    """Who plays the roles of a phase; None when that is not clear, which is said.

    A phase without `agents` takes over those that the phases `before` it gave to roles of the same
    names; where no phase of the workflow names agents, the roles are the agents.
    """
    try:
        head = files.head(step.protocol)
    except UnknownPhaseProtocol as error:
        span = step.places.value("protocol")
        said.append(
            say.unknown_phase_protocol(
                where, span, step.protocol, error.reason, error.others, error.files
            )
        )
        return None
    if head.error:
        place = Annotation(head.error_span, "here", head.path)
        span = step.places.value("protocol")
        said.append(say.unreadable_phase(where, span, step.name, head.error, place))
        return None
    given = _given(head, step, before, names_agents=names_agents)
    wrong = list(_mismatches(head, step, given, agents, where))
    each = step.each
    if each and each not in given.values():
        each = given.get(each, "")
        if not each:
            message = f"no role of `{step.name}` is given to `{step.each}`, which `each` names"
            wrong.append(say.missing_agent(where, step.places.value("each"), message))
    said.extend(wrong)
    if wrong:
        return None
    wide = {one.name for one in head.roles if one.is_family}
    families = dict.fromkeys(agent for role, agent in given.items() if role in wide)
    return PhaseRoles(head, tuple(given.items()), each, tuple(families))


def _given(
    head: ProtocolHead, step: ProtocolStep, before: Mapping[str, str], *, names_agents: bool
) -> dict[str, str]:
    if step.agents is not None:
        return dict(step.agents)
    names = [one.name for one in head.roles]
    if not names_agents:
        return {name: name for name in names}
    return {name: before[name] for name in names if name in before}


def _mismatches(
    head: ProtocolHead,
    step: ProtocolStep,
    given: Mapping[str, str],
    agents: FileAgents,
    where: Where,
) -> Iterator[Diagnostic]:
    declared = {one.name: one for one in head.roles}
    for key in given:
        family = family_of(key)
        if family not in declared or (family != key and not declared[family].is_family):
            listed = ", ".join(f"`{name}`" for name in declared)
            message = f"`{head.name}` has no role `{key}`; it has {listed}"
            yield say.missing_agent(where, step.places.key("agents", key), message)
    members = {family_of(key) for key in given if "[" in key}
    missing = [name for name in declared if name not in given and name not in members]
    if missing:
        key = "agents" if step.agents is not None else "protocol"
        names = ", ".join(f"`{name}`" for name in missing)
        noun = "role" if len(missing) == 1 else "roles"
        verb = "has" if len(missing) == 1 else "have"
        message = f"{noun} {names} of `{head.name}` {verb} no agent"
        yield say.missing_agent(where, step.places.key(key), message)
    for role, agent in given.items():
        one = declared.get(role)
        if one is None or one.is_family or not agents.is_family(agent):
            continue
        if step.each not in (agent, role):
            message = (
                f"`{agent}` is a family of agents, and `{role}` is one role;"
                f' `each = "{agent}"` gives every member a session'
            )
            yield say.missing_agent(where, step.places.value("agents", role), message)


def expanded_sessions(
    roles: PhaseRoles,
    placed: PlacedStep,
    workflow: str,
    sizes: Mapping[str, int],
    first: int,
    where: Where,
    said: list[Diagnostic],
) -> list[PhaseSession]:
    """The sessions of a phase when agent families have `sizes`; numbered from `first`."""
    step = placed.step
    if not isinstance(step, ProtocolStep):
        return []
    members = range(sizes[roles.each]) if roles.each else (-1,)
    found: list[PhaseSession] = []
    for member in members:
        agents, own = _members(roles, sizes, member)
        name = placed.name if member < 0 else f"{placed.name}[{member}]"
        thread = placed.thread if member < 0 else f"{placed.name}[{member}]"
        wrong = _doubled_agent(step, agents, where)
        if wrong is not None:
            said.append(wrong)
            return []
        found.append(
            PhaseSession(
                first + len(found),
                workflow,
                name,
                step,
                roles.head,
                tuple(agents),
                tuple(own.items()),
                placed.group,
                thread,
                member,
                position=placed.position,
            )
        )
    return found


def titled_sessions(sessions: Sequence[PhaseSession]) -> list[PhaseSession]:
    """`sessions` with titles: the name, or with the workflow where several have that name.

    The only session of a workflow is called like the workflow.
    """
    names = Counter(one.name for one in sessions)
    alone = Counter(one.workflow for one in sessions)
    found: list[PhaseSession] = []
    for one in sessions:
        title = one.name
        if alone[one.workflow] == 1 and alone[one.workflow] < len(sessions):
            title = one.workflow
        elif names[one.name] > 1:
            title = f"{one.workflow}.{one.name}"
        found.append(msgspec.structs.replace(one, title=title))
    return found


def _members(
    roles: PhaseRoles, sizes: Mapping[str, int], member: int
) -> tuple[list[tuple[str, str]], dict[str, int]]:
    given = dict(roles.given)
    agents: list[tuple[str, str]] = []
    own: dict[str, int] = {}
    for one in roles.head.roles:
        if not one.is_family:
            agent = given[one.name]
            agents.append((one.name, f"{agent}[{member}]" if agent == roles.each else agent))
            continue
        if one.name in given:
            family = given[one.name]
            size = one.size if one.size is not None else sizes[family]
            agents.extend((f"{one.name}[{n}]", f"{family}[{n}]") for n in range(size))
        else:
            named = {key: agent for key, agent in given.items() if family_of(key) == one.name}
            size = len(named)
            agents.extend(named.items())
        if one.size is None:
            own[one.name] = size
    return agents, own


def _doubled_agent(
    step: ProtocolStep, agents: Sequence[tuple[str, str]], where: Where
) -> Diagnostic | None:
    seen: dict[str, str] = {}
    for role, agent in agents:
        other = seen.setdefault(agent, role)
        if other != role:
            spans = tuple(step.places.value("agents", family_of(one)) for one in (other, role))
            return say.agent_in_two_roles(where, agent, (other, role), (spans[0], spans[1]))
    return None


def names_agents(steps: Sequence[WorkflowStep]) -> bool:
    """Whether some phase of a workflow names its agents."""
    return any(isinstance(step, ProtocolStep) and step.agents is not None for step in steps)
