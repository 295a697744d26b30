"""How many messages the machines alone let a channel hold, and how many a sender sends in a row."""

from __future__ import annotations

from tellverify.model.components import strongly_connected
from tellverify.model.machine import Machine


def most_sent(machine: Machine) -> dict[str, int | None]:
    """For each peer the most messages that a run of `machine` sends to it; None without limit.

    A channel never holds more. Longest paths through the components of the machine.
    """
    first, targets, peers = _rows(machine)
    components = list(strongly_connected(first, targets, [0]))
    component_of = {state: n for n, members in enumerate(components) for state in members}
    sent: list[dict[str, int | None]] = [{} for _ in components]
    for number, members in enumerate(components):  # each comes after all that it leads to
        most = sent[number]
        for state in members:
            for edge in range(first[state], first[state + 1]):
                below, peer = component_of[targets[edge]], peers[edge]
                if below == number:
                    if peer:
                        most[peer] = None
                    continue
                for each in {*sent[below], *([peer] if peer else [])}:
                    count = sent[below].get(each, 0)
                    known = most.get(each, 0)
                    if count is None or known is None:
                        most[each] = None
                    else:
                        most[each] = max(known, count + (each == peer))
    return sent[component_of[0]]


def longest_burst(machine: Machine) -> int:
    """The most messages to one peer along a path on which each state occurs once, or more.

    An upper bound that costs little: the states in which the role sends to the peer.
    """
    counts: dict[str, int] = {}
    for row in machine.moves:
        for peer in {action.peer for action, _ in row if action.send}:
            counts[peer] = counts.get(peer, 0) + 1
    return max(counts.values(), default=0)


def _rows(machine: Machine) -> tuple[list[int], list[int], list[str]]:
    """Moves as rows; the peer of a send, empty for a reception."""
    first, targets, peers = [0], [], []
    for row in machine.moves:
        for action, target in row:
            targets.append(target)
            peers.append(action.peer if action.send else "")
        first.append(len(targets))
    return first, targets, peers
