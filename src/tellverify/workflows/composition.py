"""All sessions of a file at one choice of family sizes: who runs what, in which order, and with
what each protocol needs and gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.model.roles import family_of
from tellverify.workflows.local_sessions import LocalSessions, local_sessions
from tellverify.workflows.order_graph import BundleUse
from tellverify.workflows.orders import OrderEdge, order_edges
from tellverify.workflows.plan import FilePlan, JoinRule, PlannedWorkflow, join_rules
from tellverify.workflows.protocol_files import InterfaceWanted, ProtocolFiles
from tellverify.workflows.sessions import (
    ComposedSession,
    PhaseSession,
    expanded_sessions,
    titled_sessions,
)


class Composition(msgspec.Struct, frozen=True):
    """The subject of a decision: `sessions` by number, the agents' orders, and the bundles held.

    `local` are the sessions of `ext` steps, which only the search of runs has.
    """

    plan: FilePlan
    sizes: tuple[tuple[str, int], ...]
    sessions: tuple[ComposedSession, ...]
    edges: tuple[OrderEdge, ...]
    uses: tuple[BundleUse, ...]
    said: tuple[Diagnostic, ...] = ()
    local: LocalSessions = LocalSessions()

    @property
    def searched(self) -> tuple[ComposedSession, ...]:
        """All sessions by number, also those of `ext` steps."""
        return (*self.sessions, *self.local.sessions)

    @property
    def searched_edges(self) -> tuple[OrderEdge, ...]:
        """The orders among all sessions, also those of `ext` steps."""
        return (*self.edges, *self.local.edges)

    @property
    def searched_uses(self) -> tuple[BundleUse, ...]:
        """The bundles of all sessions, also those of `ext` steps."""
        return (*self.uses, *self.local.uses)

    def of(self, workflow: str) -> list[ComposedSession]:
        """The sessions of a workflow, in the order of its phases."""
        return [one for one in self.sessions if one.session.workflow == workflow]


def acting_agents(whole: Composition) -> list[set[str]]:
    """The agents that send, receive or hold a bundle, for each session by number.

    What an agent knows makes no difference in a session in which it does nothing: it runs what
    comes behind it as if there were no such session.
    """
    found: list[set[str]] = []
    for one in whole.searched:
        agent_of = one.session.agent_of
        if one.interface is None:
            found.append(set(agent_of.values()))
        else:
            found.append({agent_of[r] for row in one.interface.channels for r in row[:2]})
    for use in whole.searched_uses:
        found[use.session].add(use.agent)
    return found


def composition(plan: FilePlan, files: ProtocolFiles, sizes: Mapping[str, int]) -> Composition:
    """All sessions when the agent families have `sizes`; what does not fit is in `said`."""
    path = plan.document.path
    said: list[Diagnostic] = []
    found: list[ComposedSession] = []
    for workflow in plan.workflows:
        where = Where(path, workflow.name)
        first = len(found)
        expanded: list[tuple[PhaseSession, tuple[str, ...]]] = []
        for planned in workflow.steps:
            if planned.roles is None:
                continue
            own = expanded_sessions(
                planned.roles,
                planned.placed,
                workflow.name,
                sizes,
                first + len(expanded),
                where,
                said,
            )
            expanded.extend((one, planned.wanted) for one in own)
        files.fetch_interfaces(
            InterfaceWanted(one.step.protocol, dict(one.sizes), one.step.go_on, wanted)
            for one, wanted in expanded
            if not one.head.error
        )
        found.extend(_with_interface(files, *one, where, said) for one in expanded)
        said.extend(_join_faults(workflow, found[first:], where))
    sessions = titled_sessions([one.session for one in found])
    found = [
        msgspec.structs.replace(one, session=session)
        for one, session in zip(found, sessions, strict=True)
    ]
    edges, wrong = order_edges(plan.document, sessions, _left_out_phases(plan, sessions))
    said.extend(wrong)
    uses = tuple(_bundle_uses(plan, found, said))
    local = local_sessions(plan, sizes, sessions, files.options)
    rows = tuple(sizes.items())
    whole = Composition(plan, rows, tuple(found), tuple(edges), uses, local=local)
    said.extend(_endless(whole))
    return msgspec.structs.replace(whole, said=tuple(dict.fromkeys(said)))


def _left_out_phases(plan: FilePlan, sessions: Sequence[PhaseSession]) -> set[str]:
    """The workflows of which some phase could not be read, which is said elsewhere."""
    read = {(one.workflow, one.position) for one in sessions}
    return {
        workflow.name
        for workflow in plan.workflows
        if workflow.said
        or any((workflow.name, s.placed.position) not in read for s in workflow.steps if s.roles)
    }


def _with_interface(
    files: ProtocolFiles,
    session: PhaseSession,
    wanted: Sequence[str],
    where: Where,
    said: list[Diagnostic],
) -> ComposedSession:
    step = session.step
    if session.head.error:
        return ComposedSession(session, None, session.head.error)
    found = files.interface(step.protocol, dict(session.sizes), step.go_on, wanted)
    if isinstance(found, str):
        return ComposedSession(session, None, found)
    branches = session.head.branches
    if step.go_on is not None and not found.goes_on and set(step.go_on) <= set(branches):
        span = step.places.value("go_on")
        names = " or ".join(step.go_on)
        others = [one for one in branches if one not in step.go_on]
        said.append(say.endless_branch(where, span, names, session.head.name, others))
    return ComposedSession(session, found)


def joining_agents(sessions: Sequence[PhaseSession]) -> list[str]:
    """The agents that take part in all of some sessions, in the order of the first."""
    if not sessions:
        return []
    common = [agent for _, agent in sessions[0].agents]
    for session in sessions[1:]:
        own = {agent for _, agent in session.agents}
        common = [agent for agent in common if agent in own]
    return common


def joined_sessions(
    workflow: PlannedWorkflow, sessions: Sequence[ComposedSession]
) -> Iterator[tuple[JoinRule, list[PhaseSession]]]:
    """The sessions of each group that a join of a workflow may give up."""
    for group, rule in join_rules(workflow).items():
        own = [one.session for one in sessions if one.session.group == group]
        if rule.may_abandon(len({one.thread for one in own})):
            yield rule, own


def _join_faults(
    workflow: PlannedWorkflow, sessions: Sequence[ComposedSession], where: Where
) -> Iterator[Diagnostic]:
    for number, rule in join_rules(workflow).items():
        group = [one.session for one in sessions if one.session.group == number]
        threads = {one.thread for one in group}
        if isinstance(rule.join, int) and rule.join > len(threads):
            message = (
                f"the join waits for {rule.join} sessions, and there are {len(threads)} in parallel"
            )
            yield say.wrong_join(where, rule.step.places.key("join"), message)
        elif rule.may_abandon(len(threads)) and not joining_agents(group):
            message = "no agent takes part in all the sessions, so none can join them"
            yield say.wrong_join(where, rule.step.places.step, message)


def _bundle_uses(
    plan: FilePlan, found: Sequence[ComposedSession], said: list[Diagnostic]
) -> Iterator[BundleUse]:
    for one in found:
        session = one.session
        step = session.step
        where = Where(plan.document.path, session.workflow)
        agents = [agent for _, agent in session.agents]
        own: dict[str, list[str]] = {}
        for named, bundles in step.holds:
            for bundle in bundles:
                agent = _member_named(named, agents) if named else holder_of(one, bundle)
                own.setdefault(agent, []).append(bundle)
        listed = {bundle for bundles in own.values() for bundle in bundles}
        for bundle, _ in step.delegates:
            if bundle not in listed:
                own.setdefault(holder_of(one, bundle), []).append(bundle)
        owner: dict[str, str] = {}
        for agent, asked in own.items():
            for bundle in asked:
                other = owner.setdefault(bundle, agent)
                if other != agent:
                    message = (
                        f"`{other}` and `{agent}` cannot both hold `{bundle}` during"
                        f" `{session.title}`"
                    )
                    span = step.places.key("holds", agent)
                    said.append(say.unknown_bundle(where, span, message))
            if agent not in agents:
                several = agent in map(family_of, agents)
                message = (
                    f"several members of `{agent}` take part in `{session.title}`; one agent holds"
                    " a bundle"
                    if several
                    else f"`{agent}` takes no part in `{session.title}` and cannot hold a bundle"
                )
                said.append(say.unknown_bundle(where, step.places.key("holds", agent), message))
                continue
            kept = tuple(dict.fromkeys(asked))
            yield BundleUse(session.number, agent, kept)


def _member_named(named: str, agents: Sequence[str]) -> str:
    """The one member of a family that takes part in a session, else the agent of that name."""
    members = [agent for agent in agents if family_of(agent) == named]
    return members[0] if len(members) == 1 and named not in agents else named


def holder_of(one: ComposedSession, bundle: str) -> str:
    """The agent that holds a bundle: whose role links it in the protocol, else the first one."""
    agent_of = one.session.agent_of
    if one.interface is not None:
        for role, linked in one.interface.bundles:
            if linked == bundle:
                return agent_of[role]
    return one.session.agents[0][1]


def _endless(whole: Composition) -> Iterator[Diagnostic]:
    """Phases without an end, with others behind them."""
    told: set[tuple[str, str]] = set()
    for edge in whole.edges:
        one, behind = whole.sessions[edge.before], whole.sessions[edge.after].session
        key = (one.session.workflow, one.session.step.name)
        if one.interface is None or one.interface.has_end or key in told:
            continue
        told.add(key)
        where = Where(whole.plan.document.path, one.session.workflow)
        step = one.session.step
        place = (behind.step.places.value("protocol"), "this never begins")
        yield say.endless_phase(
            where, step.places.value("protocol"), one.session.title, behind.title, place
        )
