"""Every claim on random machines, bounded ones included, against an exhaustive search.

TELLVERIFY_MACHINES=20000 tries so many systems instead of 300. Streams and idle roles are added to
a third of them, so that queues grow beside faults that need no queue at all.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

from plain_search import orphaned, unspecified
from systems import Whole, random_family, random_system

from tellverify.model.fault import Fault
from tellverify.model.machine import Action, Machine
from tellverify.search.check_system import SystemCheck, check_system
from tellverify.search.group_answer import PROVED, Reached, SearchScope

COUNT = int(os.environ.get("TELLVERIFY_MACHINES", "300"))
LIMIT = 400
BOUND = 2


def stream(number: int, rng: random.Random) -> list[Machine]:
    """A sender that never waits for its receiver."""
    feed, sink = f"Feed{number}", f"Sink{number}"
    return [
        Machine(feed, (((Action(True, sink, "t"), 0),),), (rng.random() < 0.7,)),
        Machine(sink, (((Action(False, feed, "t"), 0),),), (rng.random() < 0.7,)),
    ]


def system(seed: int) -> tuple[Machine, ...]:
    rng = random.Random(seed)
    kind = rng.random()
    found = list(random_family(seed) if kind < 0.15 else random_system(seed, directed=kind < 0.5))
    if rng.random() < 0.33:
        found += stream(0, rng)
    if rng.random() < 0.15:
        waits = (((Action(False, "Gone", "w"), 1),), ())
        found += [
            Machine("Late", waits, (rng.random() < 0.5, True)),
            Machine("Gone", ((),), (True,)),
        ]
    return tuple(found)


def shown(whole: Whole) -> set[Fault]:
    """The faults that single configurations show."""
    found = set()
    for configuration in whole.after:
        if unspecified(whole.system, configuration):
            found.add(Fault.UNSPECIFIED_RECEPTION)
        if orphaned(whole.system, configuration):
            found.add(Fault.ORPHAN_MESSAGE)
        idle = not whole.after[configuration] and configuration not in whole.blocked
        if idle and not whole.system.is_final(configuration):
            found.add(Fault.DEADLOCK)
    return found


def test_every_claim_agrees_with_an_exhaustive_search() -> None:
    bounded = proved = refuted = 0
    for seed in range(COUNT):
        machines = system(seed)
        checked = check_system(machines, graph=None, largest_bound=BOUND, budget=600, ends=True)
        refuted += bool(checked.traces)
        whole = Whole(machines, LIMIT)
        for fault in Fault:
            reached = checked.reached.get(fault)
            if reached is None or fault is Fault.STUCK_ROLE or of(checked, fault):
                continue
            bounded += reached.scope is SearchScope.QUEUES
            proved += reached.scope in PROVED
            check_absence(machines, whole, fault, reached, checked, seed)
        stuck = {culprits[0] for culprits in of(checked, Fault.STUCK_ROLE)}
        for role, reached in checked.roles[Fault.STUCK_ROLE].items():
            if role not in stuck:
                check_not_stuck(machines, whole, role, reached, seed)
        if whole.finite:
            check_refutations(whole, checked, seed)
    assert bounded > COUNT // 10 and proved > COUNT and refuted > COUNT // 3


def of(checked: SystemCheck, fault: Fault) -> list[tuple[str, ...]]:
    return [trace.culprits for trace in checked.traces if trace.fault is fault]


def within(machines: Sequence[Machine], whole: Whole, reached: Reached) -> Whole | None:
    """All configurations that a claim speaks of; None where they are too many or none is made."""
    if whole.finite:
        return whole if reached.scope in PROVED or reached.scope is SearchScope.QUEUES else None
    if reached.scope is SearchScope.QUEUES:
        part = Whole(machines, 4_000, reached.bound)
        return part if part.finite else None
    return None


def check_absence(
    machines: Sequence[Machine],
    whole: Whole,
    fault: Fault,
    reached: Reached,
    checked: SystemCheck,
    seed: int,
) -> None:
    """No configuration within a claim shows the fault, not even by a run that leaves the bound."""
    if fault in (Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE):
        part = within(machines, whole, reached) or (
            Whole(machines, LIMIT, BOUND) if reached.scope in PROVED else None
        )
        assert part is None or fault not in shown(part), f"seed {seed}: {fault} {reached}"
    elif fault is Fault.NO_TERMINATION and checked.has_end:
        part = within(machines, whole, reached)
        if part is not None:  # within the bound each configuration must come to an end there
            assert not part.after.keys() - part.closed(part.ends()), f"seed {seed}: {reached}"
    elif fault is Fault.UNBOUNDED_QUEUE and reached.scope in PROVED:
        longest = max((length for _, length in checked.longest), default=0)
        if whole.finite:
            assert longest >= whole.longest(), f"seed {seed}"
            assert reached.scope is not SearchScope.ALL or longest == whole.longest(), (
                f"seed {seed}"
            )
        else:
            part = Whole(machines, 4_000, longest)
            assert not part.finite or not part.blocked, f"seed {seed}"


def check_not_stuck(
    machines: Sequence[Machine], whole: Whole, role: str, reached: Reached, seed: int
) -> None:
    """From each configuration within a claim in which the role has moves, it can make one."""
    part = within(machines, whole, reached)
    if part is None:
        return
    number = part.system.index[role]
    moves = part.system.machines[number].moves
    goals = {c for c, m in part.after.items() if role in dict(m)}
    goals |= {c for c in part.blocked if any(a.send for a, _ in moves[c.states[number]])}
    left = part.after.keys() - part.closed(goals)
    assert not any(moves[c.states[number]] for c in left), f"seed {seed}: {role} {reached}"


def check_refutations(whole: Whole, checked: SystemCheck, seed: int) -> None:
    """What is refuted is so; of a finite system nothing else was left to say."""
    found = shown(whole)
    for fault in (Fault.DEADLOCK, Fault.UNSPECIFIED_RECEPTION, Fault.ORPHAN_MESSAGE):
        assert not of(checked, fault) or fault in found, f"seed {seed}: {fault}"
    stuck = {culprits[0] for culprits in of(checked, Fault.STUCK_ROLE)}
    assert stuck <= whole.stuck(), f"seed {seed}"
    if of(checked, Fault.NO_TERMINATION):
        assert whole.after.keys() - whole.closed(whole.ends()), f"seed {seed}"
    assert not of(checked, Fault.UNBOUNDED_QUEUE), f"seed {seed}"
