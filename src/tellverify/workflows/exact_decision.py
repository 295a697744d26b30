"""The exact decision of sessions for which a condition fails: by search, or on the joined graph.

Only the part in question is searched: the sessions of a failed condition with all between them. The
conditions hold of what comes before it, so that a run leads there, and what comes behind it changes
nothing before it begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import msgspec

from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.wording import counted
from tellverify.diagnostics.workflows import APART_ONLY
from tellverify.model.fault import Fault
from tellverify.model.graph import leaves_class
from tellverify.model.limits import MachineTooLarge
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_graph
from tellverify.projection.availability import OutOfBudget
from tellverify.projection.implementability import check_graph
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.workflows.composed_machines import (
    ComposedSystem,
    composed_system,
)
from tellverify.workflows.composed_runs import (
    ShownRun,
    composed_trace,
    may_move,
    replay_composed,
)
from tellverify.workflows.composed_search import (
    ComposedAnswer,
    ComposedFault,
    ComposedSearch,
)
from tellverify.workflows.composition import Composition, acting_agents
from tellverify.workflows.joined_graph import JoinClash, in_sessions, joined_graph
from tellverify.workflows.leading_runs import LeadingRun
from tellverify.workflows.order_graph import in_parts
from tellverify.workflows.outcomes import PhaseGraph
from tellverify.workflows.protocol_files import ProtocolFiles

_TIMERS: Final = "timers of `{}` are not searched together with other sessions"
_NO_WAY: Final = "a session before it does not continue"
_SHORT: Final = 2  # messages in a queue where longer ones are too many to search
_WHOLE: Final = 8  # sessions before a part that are searched with it, for a shortest run


class ExactAnswer(msgspec.Struct, frozen=True):
    """A run that shows a fault, or why none is known; with neither there is none.

    `configurations` counts those of a search; 0 for the joined graph. `bound` says how far was
    searched where that is not all; `shown` has the machines of the run where each session has its
    own channels. The `method` is that of the search.
    """

    trace: Trace | None = None
    unknown: Unknown | None = None
    configurations: int = 0
    bound: str = ""
    shown: ShownRun | None = None
    method: Method = Method.SEARCH


class ExactDecisions:
    """Answers for parts of one composition, each computed once."""

    def __init__(self, whole: Composition, files: ProtocolFiles, options: Options) -> None:
        self._whole = whole
        self._files = files
        self._options = options
        self._known: dict[tuple[int, ...], ExactAnswer] = {}
        self._joined: dict[str, ExactAnswer] = {}
        self._after: dict[int, list[int]] = {}
        self._before: dict[int, list[int]] = {}
        for edge in whole.searched_edges:
            self._after.setdefault(edge.before, []).append(edge.after)
            self._before.setdefault(edge.after, []).append(edge.before)

    def part(self, sessions: Iterable[int]) -> tuple[int, ...]:
        """`sessions` and all that lie between two of them."""
        wanted = set(sessions)
        below, above = _reached(wanted, self._after), _reached(wanted, self._before)
        return tuple(sorted(wanted | (below & above)))

    def behind(self, session: int, agents: Iterable[str]) -> list[int]:
        """The sessions in which `agents` act next after one."""
        edges: dict[tuple[int, str], list[int]] = {}
        for edge in self._whole.searched_edges:
            edges.setdefault((edge.before, edge.agent), []).append(edge.after)
        acting = acting_agents(self._whole)
        found: dict[int, None] = {}
        for agent in agents:
            seen = {session}
            work = [session]
            while work:
                for after in edges.get((work.pop(), agent), ()):
                    if agent in acting[after]:
                        found[after] = None
                    elif after not in seen:
                        seen.add(after)
                        work.append(after)
        return list(found)

    def search(self, part: tuple[int, ...]) -> ExactAnswer:
        """Decide a part by search, each session with its own channels."""
        known = self._known.get(part)
        if known is None:
            known = self._known[part] = self._searched(part)
        return known

    def _searched(self, part: tuple[int, ...]) -> ExactAnswer:
        ahead = sorted(_reached(set(part), self._before) - set(part))
        try:
            if ahead and len(ahead) + len(part) <= _WHOLE:
                whole = self._system(tuple(sorted((*ahead, *part))))
                if isinstance(whole, str):
                    return _apart(whole)
                answer = self._explored(whole)
                if answer.is_complete:
                    return _with_timers(whole, answer)
            system = self._system(part)
            if isinstance(system, str):
                return _apart(system)
            answer = self._explored(system)
        except OutOfBudget:
            reason = "the limit of steps was reached"
            return ExactAnswer(unknown=Unknown(reason, STEP_LIMIT.number, "steps"))
        if not answer.is_complete:
            limit = counted(self._options.search_limit, "configuration")
            reason = f"the search was given up after {limit}"
            return ExactAnswer(unknown=Unknown(reason, STEP_LIMIT.number, "configurations"))
        if answer.fault is None or not ahead or any(one.head.parts for one in system.sessions):
            return _with_timers(system, answer)
        led = self._led_to(ahead, part, system, answer.fault, answer.configurations)
        return msgspec.structs.replace(led, method=_method(answer))

    def _explored(self, system: ComposedSystem) -> ComposedAnswer:
        """The search with the longest queues that are allowed, else with short ones."""
        limit = self._options.search_limit
        interfaces = [self._whole.searched[one.number].interface for one in system.sessions]
        hold = all(one is not None and one.safety == "proved" for one in interfaces)
        hold = hold and not any(one.head.parts for one in system.sessions)
        longest = self._options.queue_limit
        answer = ComposedSearch(system, limit, longest, hold=hold).decide()
        if answer.is_complete or longest <= _SHORT:
            return answer
        return ComposedSearch(system, limit, _SHORT, hold=hold).decide()

    def _led_to(
        self,
        ahead: Sequence[int],
        part: Sequence[int],
        system: ComposedSystem,
        fault: ComposedFault,
        configurations: int,
    ) -> ExactAnswer:
        """The run of a part behind complete runs of all sessions before it."""
        groups = in_parts(ahead, self._whole.searched_edges)
        whole = self._system((*(number for group in groups for number in group), *part))
        if isinstance(whole, str):
            return _apart(whole)
        way = LeadingRun(whole)
        for group in groups:
            made = self._made(way, group)
            if made:
                return _apart(made)
        culprits = way.follow(system, fault.run, fault.machines)
        moved = ComposedFault(fault.fault, tuple(way.run), culprits)
        trace = composed_trace(whole, moved, minimal=False)
        shown = ShownRun(trace, whole, moved.run, moved.machines)
        return ExactAnswer(trace, configurations=configurations, shown=shown)

    def _made(self, way: LeadingRun, group: Sequence[int]) -> str:
        """Let `way` complete the sessions of a group, which wait for each other where there are
        several; why that is not possible, else empty.
        """
        if len(group) == 1:
            graph = self._graph(group[0])
            if isinstance(graph, str):
                return graph
            return "" if way.complete(group[0], graph) else _NO_WAY
        system = self._system(group)
        if isinstance(system, str):
            return system
        limit, longest = self._options.search_limit, self._options.queue_limit
        run = ComposedSearch(system, limit, longest).completion()
        if run is None:
            return "sessions before it wait for each other"
        way.follow(system, run)
        return ""

    def _graph(self, number: int) -> PhaseGraph | str:
        session = self._whole.searched[number].session
        step = session.step
        return self._files.graph(step.protocol, dict(session.sizes), step.go_on)

    def _system(self, numbers: Sequence[int]) -> ComposedSystem | str:
        graphs = self._graphs(numbers)
        if isinstance(graphs, str):
            return graphs
        sessions = [self._whole.searched[number].session for number in numbers]
        return composed_system(
            sessions,
            graphs,
            self._whole.searched_edges,
            self._whole.searched_uses,
            self._options.step_limit,
        )

    def _graphs(self, numbers: Sequence[int]) -> list[PhaseGraph] | str:
        """The graphs of sessions, or why one of them has none that can be searched."""
        graphs: list[PhaseGraph] = []
        for number in numbers:
            one = self._whole.searched[number]
            if one.interface is None or not one.interface.is_exact:
                return f"`{one.session.title}` has parallel branches, which are not searched here"
            graph = self._graph(number)
            if isinstance(graph, str):
                return graph
            graphs.append(graph)
        return graphs

    # Shared channels

    def joined(self, workflow: str) -> ExactAnswer:
        """Decide a workflow whose phases share channels, on one graph of all of them."""
        known = self._joined.get(workflow)
        if known is None:
            known = self._joined[workflow] = self._decided(workflow)
        return known

    def _decided(self, workflow: str) -> ExactAnswer:
        own = self._whole.of(workflow)
        timed = next((one.session.title for one in own if one.session.head.parts), None)
        if timed is not None:
            return _apart(_TIMERS.format(timed))
        graphs = self._graphs([one.session.number for one in own])
        if isinstance(graphs, str):
            return _apart(graphs)
        try:
            joined = joined_graph(workflow, [one.session for one in own], graphs)
        except JoinClash as clash:
            label = f"`{clash}`"
            return _apart(f"a phase may continue with {label}, or the next one begin with it")
        if leaves_class(joined) is None:
            answer = check_graph(joined, self._options.step_limit)
            if answer.implementable and not answer.stuck and not answer.undecided:
                return ExactAnswer()
        try:
            findings = decide_graph(joined, self._options)
        except MachineTooLarge as error:
            return ExactAnswer(unknown=Unknown(str(error), STEP_LIMIT.number))
        return _of_findings(findings)


def _apart(reason: str) -> ExactAnswer:
    """The answer for sessions that are not searched together."""
    return ExactAnswer(unknown=Unknown(reason, APART_ONLY.number))


def _of_findings(findings: Sequence[InstanceFinding]) -> ExactAnswer:
    """What the outcomes of a joined graph say of the whole."""
    unknown: Unknown | None = None
    bounded = ""
    for finding in findings:
        if finding.property not in (Property.IMPLEMENTABLE, Property.NO_STUCK_ROLE):
            continue
        match finding.outcome:
            case Refuted(evidence=Trace() as trace):
                return ExactAnswer(_with_sessions(trace))
            case Proved():
                pass
            case Bounded():
                bounded = "the joined graph, as far as it is searched"
            case Unknown() as open_one:
                unknown = unknown or open_one
            case Skipped(reason=reason) | Assumed(reason=reason):
                unknown = unknown or Unknown(reason, APART_ONLY.number)
            case Refuted():
                reason = "the joined graph is refuted without a run"
                unknown = unknown or Unknown(reason, APART_ONLY.number)
    return ExactAnswer(unknown=unknown, bound=bounded)


def _with_sessions(trace: Trace) -> Trace:
    steps = in_sessions(trace.steps)
    place = next((s.site for s in reversed(steps) if s.site.path), trace.place)
    return msgspec.structs.replace(trace, steps=steps, place=place)


def _answer(system: ComposedSystem, found: ComposedAnswer) -> ExactAnswer:
    count = found.configurations
    if found.fault is None:
        queues = f"queues of at most {counted(found.queue, 'message')}" if found.queue else ""
        return ExactAnswer(configurations=count, bound=queues, method=_method(found))
    trace = composed_trace(system, found.fault, minimal=found.is_shortest)
    shown = ShownRun(trace, system, found.fault.run, found.fault.machines)
    return ExactAnswer(trace, configurations=count, shown=shown, method=_method(found))


def _method(found: ComposedAnswer) -> Method:
    return Method.PERSISTENT_SETS if found.by_persistent_sets else Method.SEARCH


def _with_timers(system: ComposedSystem, found: ComposedAnswer) -> ExactAnswer:
    """What a search without timers says where some session has them.

    A run after which nothing happens any more is one where no timer can fire. It need not be a
    shortest one.
    """
    timed = next((one for one in system.sessions if one.head.parts), None)
    if timed is None:
        return _answer(system, found)
    if found.fault is not None and found.fault.fault is Fault.DEADLOCK:
        states = replay_composed(system, found.fault.run).states
        if not any(map(partial(_may_fire, system, states), range(len(states)))):
            return _answer(system, msgspec.structs.replace(found, is_shortest=False))
    answer = _apart(_TIMERS.format(timed.title))
    return msgspec.structs.replace(answer, configurations=found.configurations)


def _may_fire(system: ComposedSystem, states: Sequence[int], number: int) -> bool:
    """Whether a machine may be in the body of its own timer."""
    machine = system.machines[number]
    parts = system.sessions[machine.session].head.parts
    own = [one.span for one in parts if one.owner in (machine.role, family_of(machine.role))]
    return may_move(system, number, states) and any(
        span.start <= move.site.span.start < span.end
        for move in machine.moves[states[number]]
        for span in own
    )


def _reached(start: set[int], after: dict[int, list[int]]) -> set[int]:
    """The nodes reached from `start` by at least one edge."""
    seen: set[int] = set()
    work = list(start)
    while work:
        for below in after.get(work.pop(), ()):
            if below not in seen:
                seen.add(below)
                work.append(below)
    return seen
