"""Verdicts on random machines against brute force over the reference semantics."""

from __future__ import annotations

from collections.abc import Sequence

from plain_search import orphaned, unspecified
from systems import Whole, random_family, random_system

from tellverify.evidence.divergence import replay as stepped
from tellverify.evidence.trace_replay import fault_shown
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.run_end import replay
from tellverify.model.trace import Trace
from tellverify.search.check_system import SystemCheck, check_system
from tellverify.search.group_answer import PROVED, SAFE, SearchScope

LIMIT = 150
BOUND = 4


def facts(whole: Whole) -> dict[Fault, int | None]:
    """For each fault the length of a shortest run, None where there is no fault."""
    found: dict[Fault, int | None] = dict.fromkeys(SAFE)

    def note(fault: Fault, depth: int) -> None:
        known = found[fault]
        found[fault] = depth if known is None else min(known, depth)

    for configuration, depth in whole.depth.items():
        if unspecified(whole.system, configuration):
            note(Fault.UNSPECIFIED_RECEPTION, depth)
        if orphaned(whole.system, configuration):
            note(Fault.ORPHAN_MESSAGE, depth)
        idle = not whole.after.get(configuration, [0]) and configuration not in whole.blocked
        if idle and not whole.system.is_final(configuration):
            note(Fault.DEADLOCK, depth)
    return found


def has_fair_run(whole: Whole) -> bool:
    """Some run goes on forever and leaves no role out that could move (Emerson and Lei, 1986).

    A greatest fixed point: from where, for each role, a run that stays inside comes to a move of
    the role, or to where it cannot move.
    """
    inside = set(whole.after)
    while True:
        kept = set(inside)
        for machine in whole.system.machines:
            role = machine.role
            goals = {
                c
                for c in kept
                if any(
                    s in kept and (actor == role or role not in dict(whole.after[c]))
                    for actor, s in whole.after[c]
                )
            }
            while True:
                more = {c for c in kept if any(s in goals for _, s in whole.after[c])} - goals
                if not more:
                    break
                goals |= more
            kept &= goals
        if kept == inside:
            return bool(kept)
        inside = kept


def check_traces(machines: Sequence[Machine], checked: SystemCheck, seed: int) -> None:
    for trace in checked.traces:
        made = stepped(trace.steps, machines)
        assert made.divergence is None, f"seed {seed}"
        lap = trace.steps[trace.loop :] if trace.loop >= 0 else ()
        complaint = fault_shown(
            made.configuration,
            machines,
            trace.fault,
            trace.culprits,
            lap=lap,
            judge=lambda: True,
        )
        assert not complaint, f"seed {seed}: {trace.fault} {complaint}"
        if trace.fault is Fault.UNBOUNDED_QUEUE:
            check_growth(machines, trace, seed)


def check_growth(machines: Sequence[Machine], trace: Trace, seed: int) -> None:
    """Five rounds more, and the queue is at least five messages longer."""
    by_role = {machine.role: machine for machine in machines}
    lap = trace.steps[trace.loop :]
    lengths = []
    for rounds in (0, 5):
        ended = replay(by_role.__getitem__, (*trace.steps, *lap * rounds))
        assert not isinstance(ended, int), f"seed {seed}"
        lengths.append(len(dict(ended.queues)[trace.culprits[0], trace.culprits[1]]))
    assert lengths[1] >= lengths[0] + 5, f"seed {seed}"


def of_fault(checked: SystemCheck, fault: Fault) -> list[Trace]:
    return [trace for trace in checked.traces if trace.fault is fault]


def check(machines: Sequence[Machine], seed: int) -> SearchScope:
    checked = check_system(machines, graph=None, largest_bound=BOUND, budget=800, ends=True)
    check_traces(machines, checked, seed)
    reached = checked.reached[Fault.DEADLOCK]
    whole = Whole(machines, LIMIT)
    if whole.finite:
        assert reached.scope is SearchScope.ALL, f"seed {seed}"
        check_complete(whole, checked, seed)
    elif reached.scope is not SearchScope.ALL:
        check_partly(machines, checked, seed)
    return reached.scope


def check_reduced(machines: Sequence[Machine], whole: Whole, seed: int) -> int:
    """With too little room for the whole, what reductions say is right; how often they say all."""
    checked = check_system(machines, graph=None, largest_bound=BOUND, budget=40, ends=False)
    check_traces(machines, checked, seed)
    expected = facts(whole)
    proved = 0
    for fault in SAFE:
        if fault is Fault.STUCK_ROLE:
            stuck = {trace.culprits[0] for trace in of_fault(checked, fault)}
            assert stuck <= whole.stuck(), f"seed {seed}"
            if checked.reached[fault].scope is SearchScope.ENDINGS:
                assert not whole.stuck() and not has_fair_run(whole), f"seed {seed}"
                assert not whole.after.keys() - whole.closed(whole.ends()), f"seed {seed}"
        elif of_fault(checked, fault):
            assert expected[fault] is not None, f"seed {seed}: {fault}"
        elif checked.reached[fault].scope in PROVED:
            proved += 1
            assert expected[fault] is None, f"seed {seed}: {fault}"
    return proved


def test_verdicts_by_reductions_alone() -> None:
    proved = tried = 0
    for seed in range(1_000):
        machines = random_system(seed) if seed % 2 else random_family(seed)
        whole = Whole(machines, 150)
        if whole.finite and len(whole.depth) > 45:
            proved += check_reduced(machines, whole, seed)
            tried += 1
    assert tried > 30 and proved > 30


def check_complete(whole: Whole, checked: SystemCheck, seed: int) -> None:
    expected = facts(whole)
    for fault in SAFE:
        if fault is Fault.STUCK_ROLE:
            continue
        traces = of_fault(checked, fault)
        assert bool(traces) == (expected[fault] is not None), f"seed {seed}: {fault}"
        for trace in traces:
            assert trace.minimal and len(trace.steps) == expected[fault], f"seed {seed}: {fault}"
    stuck = {trace.culprits[0] for trace in of_fault(checked, Fault.STUCK_ROLE)}
    assert stuck == whole.stuck(), f"seed {seed}"
    lost = whole.after.keys() - whole.closed(whole.ends())
    is_lost = bool(lost) and checked.has_end
    assert bool(of_fault(checked, Fault.NO_TERMINATION)) == is_lost, f"seed {seed}"
    assert bool(of_fault(checked, Fault.ENDLESS_RUN)) == has_fair_run(whole), f"seed {seed}"
    longest = max((length for _, length in checked.longest), default=0)
    assert longest == whole.longest(), f"seed {seed}"
    assert not of_fault(checked, Fault.UNBOUNDED_QUEUE), f"seed {seed}"


def check_partly(machines: Sequence[Machine], checked: SystemCheck, seed: int) -> None:
    """What is claimed within a bound holds there, and what is claimed of all holds beyond it."""
    for fault in SAFE:
        reached = checked.reached[fault]
        if (
            of_fault(checked, fault)
            or reached.scope is SearchScope.RUNS
            or fault is Fault.STUCK_ROLE
        ):
            continue
        bound = reached.bound if reached.scope is SearchScope.QUEUES else BOUND + 2
        part = Whole(machines, 300, bound)
        assert facts(part)[fault] is None, f"seed {seed}: {fault} {reached}"
    for role in sure_of(checked, SearchScope.COMPATIBLE):
        part = Whole(machines, 600, checked.roles[Fault.STUCK_ROLE][role].bound + 1)
        assert not part.finite or role not in part.stuck(), f"seed {seed}"


def sure_of(checked: SystemCheck, scope: SearchScope) -> list[str]:
    """Roles that are said not to be stuck, for what `scope` has shown."""
    told = {trace.culprits[0] for trace in of_fault(checked, Fault.STUCK_ROLE)}
    return [
        r
        for r, reached in checked.roles[Fault.STUCK_ROLE].items()
        if reached.scope is scope and r not in told
    ]


def test_verdicts_on_machines_of_any_kind() -> None:
    scopes = [check(random_system(seed), seed) for seed in range(250)]
    assert scopes.count(SearchScope.ALL) > 130 and len(scopes) - scopes.count(SearchScope.ALL) > 35


def test_verdicts_on_session_automata() -> None:
    """Of these many are k-multiparty compatible although their queues have no bound."""
    seeds = range(10**6, 10**6 + 350)
    scopes = [check(random_system(seed, directed=True), seed) for seed in seeds]
    assert scopes.count(SearchScope.COMPATIBLE) > 14


def test_verdicts_on_families() -> None:
    scopes = [check(random_family(seed), seed) for seed in range(100)]
    assert scopes.count(SearchScope.ALL) > 35
