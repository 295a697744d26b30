"""k-multiparty compatibility: when queues of k messages say all about queues of any length.

Lange and Yoshida, *Verifying Asynchronous Interactions via Communicating Session Automata*, CAV
2019 (LNCS 11561). Taken from there, with their conditions:

- *communicating session automata*: deterministic, no state both sends and receives. We ask moreover
  that they are *directed*, all moves of a state being with one partner, so that nothing more has
  to be asked of the order of messages;
- *k-safety*: from every configuration that is reachable with queues of up to k messages, (a) every
  message that heads a channel can be taken, (b) every role that receives can go on, all with
  queues of up to k messages;
- *k-exhaustivity*: from every such configuration, every send of a local state can be made after
  moves of other roles, with queues of up to k messages.

A system of directed session automata that is k-safe and k-exhaustive is safe: (a) and (b) hold of
all reachable configurations without any bound (their Theorem 1). So there is no deadlock, no orphan
message, no unspecified reception and no stuck role. It says nothing of the length of queues, of
fidelity or of termination.
"""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.model.machine import Machine
from tellverify.search.reachability import Reach


def are_directed_session_automata(machines: Sequence[Machine]) -> bool:
    """True when all moves of each state are sends to one role, or receptions from one role.

    Machines are deterministic by construction. A state without moves must be final: the theorem
    says nothing of a role that has not finished and has no move.
    """
    return all(
        len({(action.send, action.peer) for action, _ in row}) <= 1 and (row or is_final)
        for machine in machines
        for row, is_final in zip(machine.moves, machine.final, strict=True)
    )


def is_exhaustive(reach: Reach) -> bool:
    """k-exhaustivity, for k the bound of the search behind `reach`."""
    for role, machine in enumerate(reach.system.machines):
        sending = [any(action.send for action, _ in row) for row in machine.moves]
        held = [n for n, blocked in enumerate(reach.blocked) if blocked >> role & 1]
        if not held:
            continue
        can = (n for n in reach.movers(role) if sending[reach.state(role, n)])
        free = reach.that_reach(can, without=role)
        if not all(free[n] for n in held):
            return False
    return True


def is_safe(reach: Reach) -> bool:
    """k-safety, for k the bound of the search behind `reach`."""
    system = reach.system
    for role, machine in enumerate(system.machines):
        receiving = [any(not action.send for action, _ in row) for row in machine.moves]
        if any(receiving):
            goes_on = reach.that_reach(reach.movers(role))
            if not all(
                goes_on[n] or not receiving[reach.state(role, n)] for n in range(len(reach))
            ):
                return False
    number = {role: n for n, role in enumerate(system.roles)}
    for (sender, receiver), queue in system.queues.items():
        role = number[receiver]
        reads = [
            any(not action.send and action.peer == sender for action, _ in row)
            for row in system.machines[role].moves
        ]
        filled = [bool(c >> queue.content & queue.mask) for c in reach.configurations]
        takes = (
            n for n in reach.movers(role) if filled[n] and reads[reach.state(role, n)]
        )  # directed: whoever reads from this channel reads from no other
        taken = reach.that_reach(takes)
        if not all(taken[n] or not is_filled for n, is_filled in enumerate(filled)):
            return False
    return True


def is_compatible(reach: Reach) -> bool:
    """True when the theorem above applies: the system is safe whatever the length of queues."""
    machines = reach.system.machines
    return are_directed_session_automata(machines) and is_exhaustive(reach) and is_safe(reach)
