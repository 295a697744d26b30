"""Depth-first order, back edges and loop heads of a graph with one entry.

Reading a graph as a term with recursion binders needs every cycle to have one entry (the graph is
*reducible*). Tested as in Tarjan, Testing flow graph reducibility (JCSS 9, 1974), by collapsing
loops from the inside out with union-find.
"""

from __future__ import annotations

from typing import NamedTuple


class Loops(NamedTuple):
    """What a depth-first search from state 0 finds.

    `order` lists the states it reaches in postorder; `back[t]` is 1 for transitions back to a
    state of the current path; `head[s]` is 1 for the targets of those; `uses[s]` counts the other
    transitions to `s` (one more for state 0). `second_entry` is a state where a cycle is entered
    besides its head, None when there is none and the graph is reducible.
    """

    order: list[int]
    back: bytearray
    head: bytearray
    uses: list[int]
    second_entry: int | None


def find_loops(first: list[int], target: list[int]) -> Loops:
    """Search the graph of states 0 to n-1 with compressed rows `first` and `target`."""
    count = len(first) - 1
    entered = [-1] * count
    left = bytearray(count)
    order: list[int] = []
    back = bytearray(len(target))
    head = bytearray(count)
    uses = [0] * count
    uses[0] = 1
    entered[0] = clock = 0
    path = [(0, first[0])]
    while path:
        state, transition = path.pop()
        end = first[state + 1]
        while transition < end:
            successor = target[transition]
            if entered[successor] < 0:
                uses[successor] += 1
                clock += 1
                entered[successor] = clock
                path.append((state, transition + 1))
                path.append((successor, first[successor]))
                break
            if left[successor]:
                uses[successor] += 1
            else:
                back[transition] = 1
                head[successor] = 1
            transition += 1
        else:
            left[state] = 1
            order.append(state)
    second = _second_entry(first, target, back, entered, order) if 1 in back else None
    return Loops(order, back, head, uses, second)


def _second_entry(
    first: list[int],
    target: list[int],
    back: bytearray,
    entered: list[int],
    order: list[int],
) -> int | None:
    """A state of a loop that is reached otherwise than through the head of the loop."""
    left_at = [-1] * len(entered)
    for place, state in enumerate(order):
        left_at[state] = place
    entry_order = sorted(order, key=entered.__getitem__)
    forward: list[list[int]] = [[] for _ in entered]
    closing: dict[int, list[int]] = {}
    for state in entry_order:
        for transition in range(first[state], first[state + 1]):
            if back[transition]:
                closing.setdefault(target[transition], []).append(state)
            else:
                forward[target[transition]].append(state)
    loop_of = list(range(len(entered)))  # union-find: the outermost collapsed loop of a state
    for head in reversed(entry_order):
        if head not in closing:
            continue
        body = {head}
        pending = closing[head]
        while pending:
            state = _find(loop_of, pending.pop())
            if state in body:
                continue
            body.add(state)
            for origin in forward[state]:
                inner = _find(loop_of, origin)
                if entered[inner] < entered[head] or left_at[inner] > left_at[head]:
                    return state
                pending.append(inner)
        for state in body:
            loop_of[state] = head
    return None


def _find(parent: list[int], state: int) -> int:
    while parent[state] != state:
        parent[state] = parent[parent[state]]
        state = parent[state]
    return state
