"""Systems of machines with thresholds and echoes, for scenarios with faults."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from tellverify.model.machine import Action, Machine

Moves = Callable[[Hashable], list[tuple[Action, Hashable]]]


def machine_from(
    role: str, start: Hashable, moves: Moves, final: Callable[[Hashable], bool]
) -> Machine:
    """The machine of all states that `moves` reaches from `start`, numbered breadth-first."""
    number = {start: 0}
    order = [start]
    rows = []
    for state in order:
        row = []
        for action, target in moves(state):
            if target not in number:
                number[target] = len(order)
                order.append(target)
            row.append((action, number[target]))
        rows.append(tuple(row))
    return Machine(role, tuple(rows), tuple(map(final, order)))


def quorum(needed: int, witnesses: int) -> tuple[Machine, ...]:
    """A coordinator that goes on after any `needed` answers, and drops late ones."""
    names = [f"W[{n}]" for n in range(witnesses)]

    def coordinator(state: Hashable) -> list[tuple[Action, Hashable]]:
        phase, sent, commits, shares = state  # type: ignore[misc]
        found: list[tuple[Action, Hashable]] = []
        if phase in ("execute", "request", "result"):
            label = {"execute": "Execute", "request": "SignRequest", "result": "Result"}[phase]
            after = {"execute": "commits", "request": "shares", "result": "end"}[phase]
            last = sent == witnesses - 1
            target = (after, 0, commits, shares) if last else (phase, sent + 1, commits, shares)
            return [(Action(True, names[sent], label), target)]
        for name in names:
            if name not in commits:
                more = commits | {name}
                enough = phase == "commits" and len(more) == needed
                target = ("request", 0, more, shares) if enough else (phase, 0, more, shares)
                found.append((Action(False, name, "NonceCommit"), target))
            if phase != "commits" and name in commits and name not in shares:
                more = shares | {name}
                enough = phase == "shares" and len(more) == needed
                target = ("result", 0, commits, more) if enough else (phase, 0, commits, more)
                found.append((Action(False, name, "SignShare"), target))
        return found

    start = ("execute", 0, frozenset(), frozenset())
    found = [machine_from("C", start, coordinator, lambda state: state[0] == "end")]  # type: ignore[index]
    script = ("Execute", "NonceCommit", "SignRequest", "SignShare", "Result")
    for name in names:
        rows = [((Action(n % 2 == 1, "C", label), n + 1),) for n, label in enumerate(script)]
        found.append(Machine(name, (*rows, ()), (False,) * len(script) + (True,)))
    return tuple(found)


def echo_broadcast(threshold: int, receivers: int = 3) -> tuple[Machine, ...]:
    """A sender gives every receiver v or w; each echoes it, and accepts at equal echoes.

    A receiver tells the sender what it accepts, who does not listen, and may stop then; echoes are
    taken at any time.
    """
    names = [f"R[{n}]" for n in range(receivers)]

    def sender(state: Hashable) -> list[tuple[Action, Hashable]]:
        value, sent = state  # type: ignore[misc]
        found: list[tuple[Action, Hashable]] = []
        if sent < receivers:
            values = (value,) if value else ("v", "w")
            found = [(Action(True, names[sent], one), (one, sent + 1)) for one in values]
        return found

    def receiver(name: str) -> Machine:
        others = [one for one in names if one != name]

        def moves(state: Hashable) -> list[tuple[Action, Hashable]]:
            value, sent, heard, accepted = state  # type: ignore[misc]
            if value and sent < len(others):
                after = (value, sent + 1, heard, accepted)
                return [(Action(True, others[sent], f"Echo_{value}"), after)]
            if not accepted:
                for one in ("v", "w"):
                    count = (value == one) + sum(what == one for _, what in heard)
                    if value and count >= threshold:
                        return [(Action(True, "S", f"Accept_{one}"), (value, sent, heard, one))]
            found: list[tuple[Action, Hashable]] = []
            if not value:
                found = [(Action(False, "S", one), (one, 0, heard, accepted)) for one in ("v", "w")]
            for other in others:
                if other not in {who for who, _ in heard}:
                    for one in ("v", "w"):
                        after = (value, sent, heard | {(other, one)}, accepted)
                        found.append((Action(False, other, f"Echo_{one}"), after))
            return found

        start = ("", 0, frozenset(), "")
        return machine_from(name, start, moves, lambda state: bool(state[3]))  # type: ignore[index]

    start = ("", 0)
    first = machine_from("S", start, sender, lambda state: state[1] == receivers)  # type: ignore[index]
    return (first, *map(receiver, names))
