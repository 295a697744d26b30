"""What holds of machines under a scenario with faults, and shortest runs where it does not.

One search for each choice of Byzantine roles; crashes and cut channels are read off its
configurations (`tellverify.search.omission`), all other faults are moves of roles
(`tellverify.search.scenario_machines`). Every run is replayed, its faults are compared with the
scenario, and its end is judged by what the failures leave of the machines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from tellverify.diagnostics.wording import series
from tellverify.evidence.fault_run import OF_DECISIONS, unshown_in_scenario
from tellverify.model.decision import DecisionKind, DecisionRule, breaking_roles, decided
from tellverify.model.defect import Defect
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.outage import channels_of
from tellverify.model.run_end import state_after
from tellverify.model.scenario import (
    Omission,
    ResolvedScenario,
    RuleKind,
    Scenario,
    resolved,
)
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.search.breadth_first import Layers, explored
from tellverify.search.encoding import CompiledSystem
from tellverify.search.omission import OmissionRun, omission_findings
from tellverify.search.scenario_machines import ScenarioMachines, scenario_machines
from tellverify.search.terminal import Shown
from tellverify.search.traces import (
    awaited,
    build_trace,
    explain_orphans,
    explain_reception,
    steps_of,
)

_BUDGETED = (RuleKind.LOSS, RuleKind.DUPLICATE)


class ScenarioCheck(msgspec.Struct, frozen=True):
    """What was found out about one scenario.

    Runs are shortest ones; `by_failure` has the first run for each set of failures without which
    no role would wait. `complete`: every configuration was searched. Otherwise all with
    queues of up to `bound` messages, or, when `overflow`, not even these; then `decided` says in
    words of which smaller scenario all were searched. With `events`, runs up to that length
    were searched, as rounds without limit cannot all be. `open_roles` are those of which that
    leaves open whether they are stuck, and `open_decisions` decisions that a limit of its own
    leaves open.
    """

    deadlock: Trace | None
    stuck: dict[str, Trace]
    orphan: Trace | None
    reception: Trace | None
    decisions: dict[int, Trace]
    by_failure: dict[Omission, int]
    open_roles: frozenset[str]
    complete: bool
    overflow: bool
    bound: int
    configurations: int
    decided: str = ""
    has_failures: bool = True
    events: int = -1
    open_decisions: frozenset[int] = frozenset()


class _Part(NamedTuple):
    """One search, with what it was made from."""

    liars: frozenset[str]
    machines: ScenarioMachines
    search: Layers


def check_scenario(
    machines: Sequence[Machine],
    scenario: Scenario,
    decisions: Sequence[DecisionRule] = (),
    *,
    graph: ProtocolGraph | None = None,
    largest_bound: int,
    budget: int,
    depth: int | None = None,
) -> ScenarioCheck | None:
    """Decide all faults of `machines` under `scenario`; `graph` gives steps their places.

    With `depth` only runs up to that length are searched, and nothing is complete. None when
    the scenario names a member that no family has. Raises MachineTooLarge when budgets and
    decisions split a machine into too many states, TooManyFaultSets when there are too many choices
    of Byzantine roles, ValueError when machines do not fit together, and Defect when a run does not
    show what it should.
    """
    roles = [machine.role for machine in machines]
    found = resolved(scenario, roles, channels_of(machines))
    if found is None:
        return None
    check = _ScenarioSearch(machines, scenario, found, decisions, graph)
    check.depth = depth
    for liars in found.byzantine_sets():
        check.add(liars, largest_bound, budget)
    return check.result(largest_bound, budget)


class _ScenarioSearch:
    """The searches of one scenario, and the shortest runs they have shown so far."""

    def __init__(
        self,
        machines: Sequence[Machine],
        scenario: Scenario,
        found: ResolvedScenario,
        decisions: Sequence[DecisionRule],
        graph: ProtocolGraph | None,
    ) -> None:
        self.plain = tuple(machines)
        self.scenario = scenario
        self.resolved = found
        self.rules = tuple(decisions)
        self.graph = graph
        self.roles = tuple(machine.role for machine in machines)
        self.machine_of = {machine.role: machine for machine in machines}.__getitem__
        self.traces: dict[tuple[Fault, str], Trace] = {}
        self.by_failure: dict[Omission, int] = {}
        self.open_roles: set[str] = set()
        self.depth: int | None = None
        self.complete = True
        self.overflow = False
        self.bound = 0
        self.configurations = 0

    def add(self, liars: frozenset[str], largest_bound: int, budget: int) -> None:
        """Search with these Byzantine roles and keep runs shorter than the known ones."""
        made = scenario_machines(self.plain, self.resolved, liars, self.rules)
        bound = 1
        while True:
            search = explored(CompiledSystem(made.machines, bound), budget, self.depth)
            blocked = search.system.blocked
            if not blocked or search.overflow or bound >= largest_bound:
                break
            bound = min(2 * bound, largest_bound)
            del search, blocked  # free before the next one
        complete = search.exhausted and not search.system.blocked
        self.complete &= complete
        self.overflow |= search.overflow
        self.bound = max(self.bound, bound)
        self.configurations += search.count
        self._note(_Part(liars, made, search))

    def _note(self, part: _Part) -> None:
        search = part.search
        for fault, shown in (
            (Fault.UNSPECIFIED_RECEPTION, search.unspecified),
            (Fault.ORPHAN_MESSAGE, search.orphaned),
        ):
            if shown:
                first = min(shown.values(), key=lambda one: (one.depth, one.role))
                self._keep(part, fault, "", _run_of(first))
        found = omission_findings(search, part.machines, self.resolved, part.liars, self.rules)
        if found.deadlock is not None:
            self._keep(part, Fault.DEADLOCK, "", found.deadlock)
        for role, run in sorted(found.stuck.items()):
            self._keep(part, Fault.STUCK_ROLE, self.roles[role], run)
        for number, run in sorted(found.decisions.items()):
            is_agreement = self.rules[number].kind is DecisionKind.AGREEMENT
            fault = Fault.DISAGREEMENT if is_agreement else Fault.REPETITION
            self._keep(part, fault, str(number), run)
        for failed, run in found.by_failure.items():
            self.by_failure[failed] = min(run.depth, self.by_failure.get(failed, run.depth))
        self.open_roles |= {self.roles[r] for r in found.given_up | found.unjudged}

    def _keep(self, part: _Part, fault: Fault, about: str, run: OmissionRun) -> None:
        known = self.traces.get((fault, about))
        if known is not None and len(known.steps) <= run.depth + len(run.way):
            return
        self.traces[fault, about] = self._trace(part, fault, about, run)

    def _trace(self, part: _Part, fault: Fault, about: str, run: OmissionRun) -> Trace:
        stem = part.search.run_to(run.configuration, run.depth)
        steps = steps_of(part.search.system, [*stem, *run.way], self.graph)
        after = len(stem)
        lies = [Outage(0, role, kind=OutageKind.BYZANTINE) for role in sorted(part.liars)]
        crashes = [Outage(after, role) for role in sorted(run.failed.crashed)]
        cuts = [Outage(after, p, q, OutageKind.CUT) for p, q in sorted(run.failed.cut)]
        loop = after + run.loop if run.loop >= 0 else -1
        rule = self.rules[int(about)] if fault in OF_DECISIONS else None
        trace = build_trace(
            fault,
            steps,
            self.machine_of,
            self.roles,
            minimal=loop < 0 and not run.way,
            culprits=(),
            explanation="",
            loop=loop,
        )
        trace = msgspec.structs.replace(
            trace,
            outages=(*lies, *crashes, *cuts),
            scenario=self.scenario.text,
            decision="" if rule is None else rule.text,
            culprits=self._culprits(fault, run, steps, rule),
        )
        gone = {one.role for one in trace.outages if one.kind is not OutageKind.CUT}
        waits = tuple(Waiting(one.role, True) if one.role in gone else one for one in trace.waiting)
        trace = msgspec.structs.replace(trace, waiting=waits, place=self._place(trace))
        trace = msgspec.structs.replace(trace, explanation=explained_run(trace, rule))
        reason = unshown_in_scenario(trace, self.plain, judge=lambda: True)
        if reason:
            raise Defect(f"a run of a scenario does not show {trace.fault}: {reason}")
        return trace

    def _place(self, trace: Trace) -> Site:
        """Where a stuck role would receive."""
        if self.graph is None or trace.fault not in (Fault.STUCK_ROLE, Fault.DEADLOCK):
            return Site()
        machine = self.machine_of(trace.culprits[0])
        row = machine.sites[state_after(machine, trace.steps)] if machine.sites else ()
        return self.graph.sites[row[0]] if row and row[0] >= 0 else Site()

    def _culprits(
        self, fault: Fault, run: OmissionRun, steps: Sequence[Step], rule: DecisionRule | None
    ) -> tuple[str, ...]:
        if rule is not None:
            return breaking_roles(rule, steps)
        return tuple(self.roles[role] for role in run.roles)

    def result(self, largest_bound: int, budget: int) -> ScenarioCheck:
        """All that was found; after an overflow, also of which smaller scenario all is known."""
        traces = self.traces
        decided = ""
        if self.overflow and self.depth is None:
            decided = self._largest_decided(largest_bound, budget)
        return ScenarioCheck(
            traces.get((Fault.DEADLOCK, "")),
            {about: trace for (fault, about), trace in traces.items() if fault is Fault.STUCK_ROLE},
            traces.get((Fault.ORPHAN_MESSAGE, "")),
            traces.get((Fault.UNSPECIFIED_RECEPTION, "")),
            {int(about): t for (fault, about), t in traces.items() if fault in OF_DECISIONS},
            self.by_failure,
            frozenset(self.open_roles),
            self.complete,
            self.overflow,
            self.bound,
            self.configurations,
            decided,
            bool(self.scenario.rules),
        )

    def _largest_decided(self, largest_bound: int, budget: int) -> str:
        """The largest of some smaller scenarios of which all configurations fit, in words."""
        decided = ""
        for smaller in smaller_scenarios(self.scenario):
            found = resolved(smaller, self.roles, channels_of(self.plain))
            if found is None:
                continue
            check = _ScenarioSearch(self.plain, smaller, found, self.rules, self.graph)
            for liars in found.byzantine_sets():
                check.add(liars, largest_bound, budget)
            if check.overflow:
                break
            decided = smaller.text or "no faults"
        return decided


def _run_of(shown: Shown) -> OmissionRun:
    return OmissionRun(shown.configuration, shown.depth, Omission(), (shown.role,))


def smaller_scenarios(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with less to happen to messages, the smallest first."""
    for most in (0, 1, 2, 4):
        rules = []
        is_smaller = False
        for rule in scenario.rules:
            if rule.kind is RuleKind.REORDER and not most:
                is_smaller = True
                continue
            if rule.kind in _BUDGETED and (rule.most is None or rule.most > most):
                is_smaller = True
                if most:
                    rules.append(msgspec.structs.replace(rule, most=most))
                continue
            rules.append(rule)
        if is_smaller:
            yield msgspec.structs.replace(scenario, rules=tuple(rules))


def without_failed(trace: Trace) -> Trace:
    """The run, in which roles that have failed await nothing at its end."""
    gone = {one.role for one in trace.outages if one.kind is not OutageKind.CUT}
    waits = tuple(Waiting(one.role, True) if one.role in gone else one for one in trace.waiting)
    return msgspec.structs.replace(trace, waiting=waits)


def failures_in_words(trace: Trace) -> str:
    """What has failed in a run, as the second half of a sentence."""
    crashed = [f"`{one.role}`" for one in trace.outages if one.kind is OutageKind.CRASH]
    liars = [f"`{one.role}`" for one in trace.outages if one.kind is OutageKind.BYZANTINE]
    cut = [f"`{one.role}` to `{one.peer}`" for one in trace.outages if one.kind is OutageKind.CUT]
    lost = sum(step.delivery == "lost" for step in trace.steps)
    twice = sum(step.delivery == "duplicated" for step in trace.steps)
    moved = sum(step.delivery == "reordered" for step in trace.steps)
    parts = [f"{series(crashed)} {_has(crashed)} crashed"] if crashed else []
    parts += [f"{series(liars)} {'is' if len(liars) == 1 else 'are'} Byzantine"] if liars else []
    few = cut[:3] + ([f"{len(cut) - 3} more"] if len(cut) > 3 else [])
    parts += [f"the {_channels(cut)} from {series(few)} {_is(cut)} cut"] if cut else []
    parts += [f"{_messages(lost)} lost"] if lost else []
    parts += [f"{_messages(twice)} delivered twice"] if twice else []
    parts += [f"{_messages(moved)} reordered"] if moved else []
    return series(parts)


def _has(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _channels(names: Sequence[str]) -> str:
    return "channel" if len(names) == 1 else "channels"


def _messages(count: int) -> str:
    return "1 message is" if count == 1 else f"{count} messages are"


def explained_run(trace: Trace, rule: DecisionRule | None) -> str:
    """The sentence of a run: the waiting roles or the violated rule, and the failures."""
    failed = failures_in_words(trace)
    since = f"; {failed}" if failed else ""
    waits = {one.role: one for one in trace.waiting}
    if rule is not None:
        return _decision_words(trace, rule) + since
    about = [waits[role] for role in trace.culprits if role in waits]
    if trace.fault is Fault.UNSPECIFIED_RECEPTION:
        return explain_reception(about[0], trace.queues) + since
    if trace.fault is Fault.ORPHAN_MESSAGE:
        left = [one for one in trace.queues if one[1] in trace.culprits]
        return explain_orphans(left) + since
    parts = [
        f"`{wait.role}` waits for {awaited(wait)}"
        if wait.awaits
        else f"`{wait.role}` has not terminated and has no further action"
        for wait in about
    ]
    if trace.fault is Fault.DEADLOCK:
        return "no role that is left can act: " + series(parts) + since
    how = " and is never served again" if trace.loop >= 0 else " and is never served"
    return parts[0] + (how if about[0].awaits else "") + since


def _decision_words(trace: Trace, rule: DecisionRule) -> str:
    if rule.kind is DecisionKind.AT_MOST_ONCE:
        return f"`{trace.culprits[0]}` has `{rule.labels[0]}` twice"
    first = decided(trace.steps, rule.labels)
    one, other = trace.culprits
    return f"`{one}` decides `{first[one]}` and `{other}` decides `{first[other]}`"
