"""Random systems of machines that no protocol was projected to, by seed."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tellverify.model.configuration import Configuration
from tellverify.model.machine import Action, Machine
from tellverify.model.semantics import System

NAMES = ("A", "B", "C", "D")
LABELS = ("a", "b")


def random_machine(
    rng: random.Random, role: str, peers: Sequence[str], *, directed: bool, states: int
) -> Machine:
    """A machine whose states mix sends and receives at will, or only as session automata do."""
    labels = LABELS[: rng.randint(1, 2)]
    loops = rng.choice((0.0, 0.2, 0.6))
    moves: list[tuple[tuple[Action, int], ...]] = []
    final = []
    for state in range(states):
        row: dict[Action, int] = {}
        is_last = state == states - 1
        peer, send = rng.choice(peers), rng.random() < 0.5
        for _ in range(0 if is_last and loops < 0.5 else rng.choice((1, 1, 2, 3))):
            if not directed:
                peer, send = rng.choice(peers), rng.random() < 0.5
            back = is_last or rng.random() < loops
            target = rng.randrange(states) if back else min(states - 1, state + rng.choice((1, 2)))
            row.setdefault(Action(send, peer, rng.choice(labels)), target)
        moves.append(tuple(row.items()))
        final.append(not row or (not directed and rng.random() < 0.2))
    return Machine(role, tuple(moves), tuple(final))


def dual_machine(machine: Machine, role: str, rng: random.Random) -> Machine:
    """What a single peer of `machine` must do, with a small slip now and then."""
    moves = []
    for row in machine.moves:
        dual = {Action(not a.send, machine.role, a.label): to for a, to in row}
        if dual and rng.random() < 0.05:
            dual.popitem()
        moves.append(tuple(dual.items()))
    return Machine(role, tuple(moves), tuple(not row for row in moves))


def random_system(seed: int, *, directed: bool = False) -> tuple[Machine, ...]:
    """Two to four machines, equal for equal seeds; a third are duals, so that more of them work."""
    rng = random.Random(seed)
    if rng.random() < 0.34:
        pairs = rng.choice((("A", "B"), ("A", "B", "C", "D")))
        found: list[Machine] = []
        for p, q in zip(pairs[::2], pairs[1::2], strict=True):
            machine = random_machine(rng, p, (q,), directed=True, states=rng.randint(2, 4))
            found += [machine, dual_machine(machine, q, rng)]
        return tuple(found)
    roles = NAMES[: rng.randint(2, 4)]
    return tuple(
        random_machine(
            rng, r, [q for q in roles if q != r], directed=directed, states=rng.randint(1, 4)
        )
        for r in roles
    )


def random_family(seed: int) -> tuple[Machine, ...]:
    """Two or three equal workers, alone, with a boss each, or with one boss who serves any."""
    rng = random.Random(seed)
    count = rng.randint(2, 3)
    found: list[Machine] = []
    kind = rng.choice(("pairs", "boss"))
    states = rng.randint(2, 3)
    worker_seed = rng.random()
    for number in range(count):
        boss = f"Boss[{number}]" if kind == "pairs" else "Boss"
        one = random.Random(worker_seed)
        worker = random_machine(one, f"Worker[{number}]", (boss,), directed=False, states=states)
        found.append(worker)
        if kind == "pairs":
            mine = random.Random(worker_seed + 1)
            found.append(random_machine(mine, boss, (worker.role,), directed=False, states=states))
    if kind == "boss":
        rows: list[tuple[tuple[Action, int], ...]] = []
        for state in range(states):
            row: dict[Action, int] = {}
            for _ in range(rng.choice((1, 1, 2)) if state < states - 1 else 0):
                send, label = rng.random() < 0.6, rng.choice(LABELS)
                target = min(states - 1, state + 1)
                for number in range(count):
                    row[Action(send, f"Worker[{number}]", label)] = target
            rows.append(tuple(row.items()))
        found.append(Machine("Boss", tuple(rows), tuple(not row for row in rows)))
    return tuple(found)


class Whole:
    """All configurations of a system by the reference semantics, or too many of them.

    `depth` and `after` are by configuration; `finite` is False when there are more than `limit`.
    With `bound`, sends into channels of that many messages wait, and `blocked` has where.
    """

    def __init__(self, machines: Sequence[Machine], limit: int, bound: int | None = None) -> None:
        self.system = System(machines)
        start = self.system.initial
        self.depth = {start: 0}
        self.after: dict[Configuration, list[tuple[str, Configuration]]] = {}
        self.blocked: set[Configuration] = set()
        queue = [start]
        self.finite = True
        for configuration in queue:
            moves = []
            for step, successor in self.system.enabled(configuration):
                if bound is not None and any(len(q) > bound for _, q in successor.queues):
                    self.blocked.add(configuration)
                    continue
                moves.append((step.actor, successor))
                if successor not in self.depth:
                    self.depth[successor] = self.depth[configuration] + 1
                    queue.append(successor)
            self.after[configuration] = moves
            if len(self.depth) > limit:
                self.finite = False
                return

    def longest(self) -> int:
        """The most messages in a channel."""
        return max((len(q) for c in self.depth for _, q in c.queues), default=0)

    def endings(self) -> dict[Configuration, int]:
        """Configurations in which no role can move, with the length of a shortest run."""
        return {c: self.depth[c] for c, moves in self.after.items() if not moves}

    def stuck(self) -> set[str]:
        """Roles that have not terminated somewhere, from where no run lets them make a move."""
        found = set()
        for number, machine in enumerate(self.system.machines):
            goes_on = self.closed({c for c, m in self.after.items() if machine.role in dict(m)})
            states = {c.states[number] for c in self.after.keys() - goes_on}
            if any(machine.moves[state] or not machine.final[state] for state in states):
                found.add(machine.role)
        return found

    def ends(self) -> set[Configuration]:
        """Where all may stop and nothing is queued."""
        return {c for c in self.after if not c.queues and self.system.is_final(c)}

    def closed(self, goals: set[Configuration]) -> set[Configuration]:
        """Configurations from which a run leads to `goals`."""
        before: dict[Configuration, list[Configuration]] = {}
        for c, moves in self.after.items():
            for _, successor in moves:
                before.setdefault(successor, []).append(c)
        found, stack = set(goals), list(goals)
        while stack:
            for source in before.get(stack.pop(), ()):
                if source not in found:
                    found.add(source)
                    stack.append(source)
        return found
