"""Runs of a protocol with timeouts stepped through the reference meaning, and what their ends show.

The state of a role has its own number in each run: the states that it has been in are numbered
from 0 in the order in which it was first in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.model.delivery import Delivery
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.model.timed_knowledge import Knowledge
from tellverify.model.timed_places import PLAIN_ROUNDS
from tellverify.model.timed_semantics import TimedSemantics
from tellverify.model.timed_state import PlainEvent, PlainMove, TimedState
from tellverify.model.timed_text import FirePolicy, LatePolicy, MessageNode, TimedProtocol
from tellverify.model.timer_steps import timer_step
from tellverify.model.trace import Waiting

MOST_FUTURES: Final = 2_000  # configurations that are looked at behind the beginning of a wait


def event_of(step: Step) -> PlainEvent:
    """A step as an event of the reference meaning."""
    if step.timer:
        return PlainEvent("fire", step.actor, step.actor, step.timer, step.scope)
    kind = "send" if step.send else "receive"
    return PlainEvent(kind, step.actor, step.peer, step.label, delivery=step.delivery)


class TimedRunReplay:
    """A protocol with timeouts at some point of a run; `events` is how many will be made."""

    def __init__(
        self, protocol: TimedProtocol, late: LatePolicy, fire: FirePolicy, events: int = 0
    ) -> None:
        rounds = max(PLAIN_ROUNDS, events + 2)
        self.protocol = protocol
        self.semantics = TimedSemantics(protocol, late=late, fire=fire, rounds=rounds)
        self.state = self.semantics.initial()
        self.last: PlainMove | None = None
        self.is_ambiguous = False  # a step was one of several attempts, and the first was taken
        self.gone: frozenset[str] = frozenset()
        self.cut: frozenset[tuple[str, str]] = frozenset()
        self._met: list[dict[Knowledge, int]] = [{one: 0} for one in self.state.locals]

    def fail(self, outages: Sequence[Outage]) -> None:
        """From here on crashed roles make no move, and no role receives from a cut channel.

        The end of the run is judged by the moves that are left.
        """
        self.gone = frozenset(one.role for one in outages if one.kind is not OutageKind.CUT)
        self.cut = frozenset((one.role, one.peer) for one in outages if one.kind is OutageKind.CUT)

    def make(self, step: Step) -> Step | None:
        """Make one step; the same step with its site and what it discards, None if it cannot be.

        Sites are those of the protocol. A timer that is given without a scope is the outermost one
        of its owner that may fire.
        """
        if step.actor not in self.semantics.index or step.peer not in self.semantics.index:
            return None
        event = event_of(step)
        found: list[tuple[PlainMove, TimedState]] = []
        for move in self._moves_of(step):
            wanted = event if event.scope >= 0 else event._replace(scope=move.event.scope)
            if move.event == wanted and move.target is not None:
                found.append((move, move.target))
        if not found:
            return None
        made, target = found[0]
        self.is_ambiguous |= any(other != target for _, other in found)
        self._make(made, target)
        return self._step(made)

    def _moves_of(self, step: Step) -> Iterator[PlainMove]:
        if step.send and step.delivery in (Delivery.LOST, Delivery.DUPLICATED):
            return self.semantics.sends(step.actor, self.state, step.delivery)
        return self.semantics.moves_of(step.actor, self.state)

    def _make(self, move: PlainMove, target: TimedState) -> None:
        self.state, self.last = target, move
        at = self.semantics.index[move.event.role]
        met = self._met[at]
        met.setdefault(target.locals[at], len(met))

    def _step(self, move: PlainMove) -> Step:
        event, protocol = move.event, self.protocol
        if event.kind == "fire":
            site = protocol.site(protocol.scopes[event.scope].site)
            found = timer_step(event.role, event.label, event.scope, site)
        else:
            node = protocol.nodes[move.node]
            site = protocol.site(node.site if isinstance(node, MessageNode) else -1)
            is_send = event.kind == "send"
            ends = (event.role, event.peer) if is_send else (event.peer, event.role)
            found = Step(is_send, *ends, event.label, site, delivery=event.delivery)
        return msgspec.structs.replace(found, discards=move.discards)

    def drop_messages_of(self, role: str) -> None:
        """Empty all channels from and to a role, as when it has left the session."""
        kept = tuple(row for row in self.state.queues if role not in row[0])
        self.state = self.state._replace(queues=kept)

    def possible(self) -> list[Step]:
        """All events that can happen now."""
        return [self._step(move) for move in self.semantics.moves(self.state)]

    def number(self, role: str) -> int:
        """The number of the state of a role. Raises KeyError when there is no such role."""
        at = self.semantics.index[role]
        return self._met[at][self.state.locals[at]]

    def queues(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """The channels that are not empty, with the labels in them."""
        return tuple(
            (sender, receiver, tuple(message.label for message in queue))
            for (sender, receiver), queue in self.state.queues
        )

    def waiting(self, role: str) -> Waiting:
        """What a role awaits; one that can send awaits nothing."""
        semantics = self.semantics
        nodes = semantics.own_messages(role, self.state, lambda _: True)
        if any(node.sender == role for node in nodes):
            return Waiting(role, False)
        finished = semantics.may_stop(role, self.state)
        if finished and semantics.has_terminated(role, self.state, False):
            return Waiting(role, True)
        awaits = {(node.sender, node.label): node.site for node in nodes}
        shown = sorted(awaits, key=lambda pair: (awaits[pair], pair))
        return Waiting(role, finished, tuple(shown))

    # What the end shows

    def idle(self) -> bool:
        """No event can happen."""
        return next(self.semantics.moves(self.state), None) is None

    def unshown(self, fault: Fault, culprits: Sequence[str]) -> str:
        """Why the end of the run does not show `fault`, empty when it does."""
        for role in culprits:
            if role not in self.semantics.index:
                return f"the protocol has no role `{role}`"
        if bool(culprits) == (fault in (Fault.WITNESS, Fault.NO_TERMINATION)):
            return "it must name the roles it is about, and no others"
        if fault is Fault.WITNESS:
            return ""
        return self._missing(fault, culprits)

    def _missing(self, fault: Fault, culprits: Sequence[str]) -> str:
        match fault:
            case Fault.DEADLOCK:
                return self._deadlocked(culprits)
            case Fault.ORPHAN_MESSAGE:
                return self._left(culprits)
            case Fault.UNSPECIFIED_RECEPTION:
                return self._spoilt(culprits)
            case Fault.STUCK_ROLE:
                return self._served(culprits)
            case Fault.TIMEOUT_DISAGREEMENT:
                return self._agreed(culprits)
            case Fault.STALE_MESSAGE:
                return self._fresh(culprits)
            case Fault.NO_TERMINATION:
                return self._ending()
            case (
                Fault.INFIDELITY
                | Fault.STARVATION
                | Fault.UNBOUNDED_QUEUE
                | Fault.ENDLESS_RUN
                | Fault.PROPERTY
                | Fault.DISAGREEMENT
                | Fault.REPETITION
                | Fault.WITNESS
            ):
                return "this fault is not decided for a protocol with timeouts"

    def _moves_uncut(self, state: TimedState) -> Iterator[PlainMove]:
        """The moves that crashes leave."""
        return (m for m in self.semantics.moves(state) if m.event.role not in self.gone)

    def _moves(self, state: TimedState) -> Iterator[PlainMove]:
        """The moves that failures leave."""
        for move in self._moves_uncut(state):
            event = move.event
            if event.kind != "receive" or (event.peer, event.role) not in self.cut:
                yield move

    def _moving(self) -> set[str]:
        return {move.event.role for move in self._moves(self.state)}

    # Messages are judged as if no channel were cut: that one stays in a cut channel, or that no
    # role moves because of a cut, does not say that the receiver does not expect it.

    def _deadlocked(self, culprits: Sequence[str]) -> str:
        moving = self._moving()
        if moving:
            return f"`{min(moving)}` can still act"
        finished = [role for role in culprits if self.semantics.may_stop(role, self.state)]
        if finished:
            return f"`{finished[0]}` may stop"
        gone = sorted(self.gone.intersection(culprits))
        return f"`{gone[0]}` has crashed" if gone else ""

    def _left(self, culprits: Sequence[str]) -> str:
        moving = {move.event.role for move in self._moves_uncut(self.state)}
        receivers = {receiver for (_, receiver), _ in self.state.queues}
        for role in culprits:
            if role not in receivers:
                return f"no message is left for `{role}`"
            if role in self.gone:
                return f"`{role}` has crashed"
            idle = not moving
            if role in moving or not self.semantics.has_terminated(role, self.state, idle):
                return f"`{role}` has not terminated"
        return ""

    def _spoilt(self, culprits: Sequence[str]) -> str:
        for role in culprits:
            if role in self.gone:
                return f"`{role}` has crashed"
            if not self.semantics.is_spoilt(role, self.state):
                return f"`{role}` may still take a message that it waits for"
        return ""

    def _agreed(self, culprits: Sequence[str]) -> str:
        if self._moving() or self.state.queues:
            return "the run is not at its end"
        ends = all(self.semantics.may_stop(role, self.state) for role in self.semantics.roles)
        unaware = all(self.semantics.unaware_of(role, self.state) for role in culprits)
        return "" if ends and unaware else "all roles agree"

    def _fresh(self, culprits: Sequence[str]) -> str:
        last = self.last
        if last is not None and last.stale and tuple(culprits) == (last.event.role,):
            return ""
        return "the last message is not one of a failed attempt"

    def _served(self, culprits: Sequence[str]) -> str:
        """Why the culprits do not wait without end, as far as `MOST_FUTURES` configurations show.

        Behind a wait the other roles may go on without end, with ever larger numbers of attempts,
        so that this is looked at to a limit. Whether it is so beyond it, the search has decided.
        """
        for role in culprits:
            if self.semantics.may_stop(role, self.state):
                return f"`{role}` may stop"
            if role in self.gone:
                return f"`{role}` has crashed"
        for _, moves in self._futures():
            for move in moves:
                if move.event.role in culprits:
                    return f"`{move.event.role}` can still act"
        return ""

    def _ending(self) -> str:
        """Why the end is not out of reach, as far as `MOST_FUTURES` configurations show."""
        roles = self.semantics.roles
        for state, _ in self._futures():
            if not state.queues and all(self.semantics.may_stop(role, state) for role in roles):
                return "the protocol can still reach its end"
        return ""

    def _futures(self) -> Iterator[tuple[TimedState, list[PlainMove]]]:
        """Configurations from here on with their moves, nearest first, to a limit."""
        seen = {self.state}
        work = [self.state]
        for state in work:
            moves = list(self._moves(state))
            yield state, moves
            for move in moves:
                if move.target is None or move.target in seen:
                    continue
                if len(seen) < MOST_FUTURES:
                    seen.add(move.target)
                    work.append(move.target)
