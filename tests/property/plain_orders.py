"""Protocols with `par` as sets of partial orders, straight from the definition.

A complete run of a protocol resolves its choices; its half events, sends and receptions, are then
partially ordered: in a sequence those of each role, a reception after its send, and nothing else
between the branches of a `par`. A history is faithful when it performs a downward closed part of
one of these orders, each reception taking the message of its own send. No loops.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tellverify.model.configuration import Configuration
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step

ROLES = ("A", "B", "C", "D")


class Send(NamedTuple):
    sender: str
    receiver: str
    label: str


class Choice(NamedTuple):
    branches: tuple[Block, ...]


class Par(NamedTuple):
    branches: tuple[Block, ...]


Block = tuple["Send | Choice | Par", ...]


class Order(NamedTuple):
    """Events, and for each half event (2n sends event n, 2n + 1 receives it) those before it."""

    events: tuple[Send, ...]
    before: tuple[frozenset[int], ...]


def orders(block: Block) -> list[Order]:
    """The partial orders of all complete runs."""
    found = [Order((), ())]
    for statement in block:
        if isinstance(statement, Send):
            more = [Order((statement,), (frozenset(), frozenset({0})))]
        elif isinstance(statement, Choice):
            more = [order for branch in statement.branches for order in orders(branch)]
        else:
            more = [Order((), ())]
            for branch in statement.branches:
                more = [joined(a, b, False) for a in more for b in orders(branch)]
        found = [joined(a, b, True) for a in found for b in more]
    return found


def joined(left: Order, right: Order, in_sequence: bool) -> Order:
    base = 2 * len(left.events)
    before = list(left.before)
    for half, earlier in enumerate(right.before):
        known = {base + e for e in earlier}
        if in_sequence:
            role = actor(right, half)
            known |= {e for e in range(base) if actor(left, e) == role}
        before.append(frozenset(known))
    return Order((*left.events, *right.events), tuple(before))


def actor(order: Order, half: int) -> str:
    event = order.events[half // 2]
    return event.receiver if half % 2 else event.sender


# The order, what was done, and for each channel the events whose messages are queued.
Way = tuple[int, frozenset[int], tuple[tuple[tuple[str, str], tuple[int, ...]], ...]]


def after(ways: frozenset[Way], found: Sequence[Order], step: Step) -> frozenset[Way]:
    """The ways to explain a history that goes on with `step`."""
    channel = (step.sender, step.receiver)
    following = set()
    for number, done, queues in ways:
        order, queued = found[number], dict(queues)
        for n, event in enumerate(order.events):
            half = 2 * n + (not step.send)
            if event != (*channel, step.label) or half in done or not order.before[half] <= done:
                continue
            content = queued.get(channel, ())
            if not step.send and content[:1] != (n,):
                continue
            changed = dict(queued)
            changed[channel] = (*content, n) if step.send else content[1:]
            rest = tuple(sorted((c, q) for c, q in changed.items() if q))
            following.add((number, done | {half}, rest))
    return frozenset(following)


def shortest_infidelity(
    machines: Sequence[Machine], block: Block, limit: int
) -> tuple[int | None, bool]:
    """The events of a shortest unfaithful history, None if there is none; and whether that is all.

    A history at whose end all may stop and nothing is queued must also be complete in some order.
    """
    found = orders(block)
    system = System(machines)
    start = (system.initial, frozenset((n, frozenset[int](), ()) for n in range(len(found))))
    seen = {start}
    layer = [start]
    for length in range(10_000):
        following = []
        broken = False
        for configuration, ways in layer:
            moves = list(system.enabled(configuration))
            stopped = not moves and system.is_final(configuration) and not configuration.queues
            if stopped and not any(len(done) == len(found[n].before) for n, done, _ in ways):
                return length, True
            for step, successor in moves:
                rest = after(ways, found, step)
                if not rest:
                    broken = True
                elif (successor, rest) not in seen:
                    seen.add((successor, rest))
                    following.append((successor, rest))
        if broken:
            return length + 1, True
        if not following:
            return None, True
        if len(seen) > limit:
            return None, False
        layer = following
    return None, False


def random_block(rng: random.Random, size: int, depth: int = 0, sender: str = "") -> Block:
    """A few statements; the first is a send by `sender` if that is given."""
    found: list[Send | Choice | Par] = []
    for place in range(size):
        kind = rng.random()
        if (place == 0 and sender) or depth > 1 or kind < 0.5:
            found.append(random_send(rng, sender if place == 0 else ""))
        elif kind < 0.7:
            decider = rng.choice(ROLES[:3])
            branches = [random_block(rng, rng.randint(1, 2), depth + 1, decider) for _ in range(2)]
            heads = [branch[0] for branch in branches]
            if heads[0] != heads[1]:
                found.append(Choice(tuple(branches)))
        elif size > 1 or depth:
            pars = [random_block(rng, rng.randint(1, 2), depth + 1) for _ in range(2)]
            if all(pars):
                found.append(Par(tuple(pars)))
    return tuple(found)


def random_send(rng: random.Random, sender: str = "") -> Send:
    p = sender or rng.choice(ROLES[:3])
    q = rng.choice([role for role in ROLES[: rng.choice((2, 3, 4))] if role != p] or ["D"])
    return Send(p, q, rng.choice("XYZW"))


def random_protocol(seed: int) -> Block:
    """A `par` of two or three branches, with statements before or after it at times."""
    rng = random.Random(seed)
    branches = [random_block(rng, rng.randint(1, 2), 1) for _ in range(rng.choice((2, 2, 3)))]
    par = Par(tuple(branch for branch in branches if branch))
    first = random_block(rng, rng.choice((0, 0, 1)), 2)
    last = random_block(rng, rng.choice((0, 1)), rng.choice((0, 2)))
    return (*first, par, *last)


def text(block: Block) -> str:
    """The protocol in the language."""
    return "\n".join(["protocol P =", f"  roles {', '.join(ROLES)}", *lines(block, "  ")]) + "\n"


def lines(block: Block, margin: str) -> Iterator[str]:
    for statement in block:
        if isinstance(statement, Send):
            yield f"{margin}{statement.sender} -> {statement.receiver} : {statement.label}"
            continue
        if isinstance(statement, Par):
            yield f"{margin}par"
        else:
            head = statement.branches[0][0]
            assert isinstance(head, Send)
            yield f"{margin}choice {head.sender} at"
        for number, branch in enumerate(statement.branches):
            tag = "" if isinstance(statement, Par) else f" T{number} =>"
            yield f"{margin}  |{tag}"
            yield from lines(branch, margin + "      ")


def tagged(block: Block) -> Block:
    """The protocol as it is meant: the first message of a branch travels with the branch's tag."""
    found: list[Send | Choice | Par] = []
    for statement in block:
        if isinstance(statement, Par):
            found.append(Par(tuple(map(tagged, statement.branches))))
        elif isinstance(statement, Choice):
            branches = []
            for number, branch in enumerate(statement.branches):
                head = branch[0]
                assert isinstance(head, Send)
                label = f"T{number}.{head.label}"
                branches.append((head._replace(label=label), *tagged(branch[1:])))
            found.append(Choice(tuple(branches)))
        else:
            found.append(statement)
    return tuple(found)


__all__ = ["Configuration", "orders", "random_protocol", "shortest_infidelity", "tagged", "text"]
