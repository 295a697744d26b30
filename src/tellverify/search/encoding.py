"""Machines compiled to ints: a configuration is one int, and every move adds a constant to it.

The int is a row of segments, one for each role. The segment of a role holds, from low bits to
high, its local state, the contents of the channels it receives from, and the lengths of the
channels it sends to. The length of a channel is thus kept twice over, and that is the point: what
a role can do, and by how much each of its moves changes the int, depends on its own segment only.

    send p -> q : l      state of p; length in the segment of p + 1; l behind the contents in q's
    receive              state of q; contents shifted by one slot;   length in p's segment - 1

A channel holds up to `queue_bound` labels, each in its own slot, the head in the low bits;
label 0 is an empty slot.

Machines of a scenario have moves with faults (`tellverify.model.delivery`). A message that is lost
or made up changes the local state alone, one that is duplicated takes two slots, and one that is
reordered is taken out of the middle of its channel.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import NamedTuple

from tellverify.model.configuration import Configuration
from tellverify.model.delivery import Delivery
from tellverify.model.faulty_channels import UNQUEUED
from tellverify.model.machine import Machine

Channel = tuple[str, str]

_MAY_SERVE = (Delivery.FORGED, Delivery.REORDERED)


class Queue(NamedTuple):
    """Where a channel stands in a configuration.

    `content` and `length` are offsets in the configuration, `local_content` in the segment of the
    receiver, `local_length` in that of the sender; `mask` covers `queue_bound` slots.
    """

    channel: Channel
    labels: tuple[str, ...]
    slot: int
    mask: int
    content: int
    local_content: int
    length: int
    local_length: int


class EncodedMove(NamedTuple):
    """An enabled move: the actor, the place of the move in its local state, what it adds."""

    role: int
    place: int
    delta: int


class EncodedState(NamedTuple):
    """What decides the moves of one role in one local state.

    A row of `moves` is `(place of the queue, code of the label, change of the local state,
    delivery)`; the place counts in `sends`, or is the complement of a place in `awaits`.
    """

    mask: int
    moves: tuple[tuple[int, int, int, Delivery], ...]
    sends: tuple[Queue, ...]
    awaits: tuple[Queue, ...]
    may_spoil: bool
    inbound: int  # of a final state without a move: mask of all that is queued for the role


class CompiledSystem:
    """Machines that run together, with channels of up to `queue_bound` messages.

    `blocked` becomes true when `moves` met a send that only the bound forbade; `unspecified`
    collects the roles for which it met an unspecified reception, `orphaned` those that have
    terminated with a message still queued for them. Raises ValueError when two machines have one
    role, or a role talks to itself or to an absent role.
    """

    def __init__(self, machines: Sequence[Machine], queue_bound: int) -> None:
        self.machines = tuple(machines)
        self.queue_bound = queue_bound
        self.roles = tuple(machine.role for machine in self.machines)
        self.blocked = False
        self.has_faults = any(
            action.delivery is not Delivery.FIFO
            for machine in self.machines
            for row in machine.moves
            for action, _ in row
        )
        self.unspecified: set[int] = set()
        self.orphaned: set[int] = set()
        self.shift: list[int] = []
        self.mask: list[int] = []
        self.state_mask: list[int] = []
        self.width = 0
        self._length_mask = (1 << queue_bound.bit_length()) - 1
        self.queues = self._place(_channel_labels(self.machines))
        self._inbound: dict[str, int] = {}
        for (_, receiver), queue in self.queues.items():
            content = queue.mask << queue.local_content
            self._inbound[receiver] = self._inbound.get(receiver, 0) | content
        self._locals = [
            [self._relevant(role, state) for state in range(machine.state_count)]
            for role, machine in enumerate(self.machines)
        ]

    def _place(self, labels: dict[Channel, tuple[str, ...]]) -> dict[Channel, Queue]:
        """Give bits to states, contents and lengths."""
        content: dict[Channel, tuple[int, int]] = {}
        length: dict[Channel, tuple[int, int]] = {}
        offset = 0
        inbound: dict[str, list[Channel]] = {role: [] for role in self.roles}
        outbound: dict[str, list[Channel]] = {role: [] for role in self.roles}
        for channel in labels:
            outbound[channel[0]].append(channel)
            inbound[channel[1]].append(channel)
        for machine in self.machines:
            self.shift.append(offset)
            at = max(machine.state_count - 1, 1).bit_length()
            self.state_mask.append((1 << at) - 1)
            for channel in inbound[machine.role]:
                content[channel] = (offset + at, at)
                at += len(labels[channel]).bit_length() * self.queue_bound
            for channel in outbound[machine.role]:
                length[channel] = (offset + at, at)
                at += self._length_mask.bit_length()
            self.mask.append((1 << at) - 1)
            offset += at
        self.width = offset
        queues = {}
        for channel, names in labels.items():
            slot = len(names).bit_length()
            mask = (1 << (slot * self.queue_bound)) - 1
            queues[channel] = Queue(channel, names, slot, mask, *content[channel], *length[channel])
        return queues

    def _relevant(self, role: int, state: int) -> EncodedState:
        machine = self.machines[role]
        sends: dict[Queue, int] = {}
        awaits: dict[Queue, int] = {}
        moves = []
        mask = self.state_mask[role]
        for action, target in machine.moves[state]:
            change = (target - state) << self.shift[role]
            if action.delivery in UNQUEUED:
                moves.append((0, 0, change, action.delivery))
                continue
            if action.send:
                queue = self.queues[machine.role, action.peer]
                place = sends.setdefault(queue, len(sends))
                mask |= self._length_mask << queue.local_length
            else:
                queue = self.queues[action.peer, machine.role]
                place = ~awaits.setdefault(queue, len(awaits))
                mask |= queue.mask << queue.local_content
            code = queue.labels.index(action.label) + 1
            moves.append((place, code, change, action.delivery))
        served = any(a.delivery in _MAY_SERVE for a, _ in machine.moves[state])
        may_spoil = bool(awaits) and not sends and not machine.final[state] and not served
        gone = machine.final[state] and not moves
        inbound = self._inbound.get(machine.role, 0) if gone else 0
        return EncodedState(
            mask | inbound, tuple(moves), tuple(sends), tuple(awaits), may_spoil, inbound
        )

    @property
    def initial(self) -> int:
        """Every machine in its initial state, all channels empty."""
        return 0

    def relevant(self, role: int, state: int) -> int:
        """Mask of the part of the segment of `role` that decides its moves in `state`."""
        return self._locals[role][state].mask

    def sends(self, role: int, state: int) -> bool:
        """Whether `role` puts a message into a queue in `state`, if even only the bound forbids."""
        return bool(self._locals[role][state].sends)

    def takes_head(self, role: int, segment: int, without: Collection[Channel] = ()) -> bool:
        """Whether `role` can take the head of a channel, those in `without` aside."""
        local = self._locals[role][segment & self.state_mask[role]]
        for peer, label, _, delivery in local.moves:
            if peer < 0 and delivery is Delivery.FIFO:
                queue = local.awaits[~peer]
                head = (segment >> queue.local_content) & ((1 << queue.slot) - 1)
                if head == label and queue.channel not in without:
                    return True
        return False

    def moves(self, role: int, segment: int) -> tuple[EncodedMove, ...]:
        """The moves of `role` that are enabled when its segment is `segment`.

        Looks at the relevant part of the segment only.
        """
        state = segment & self.state_mask[role]
        local = self._locals[role][state]
        moves = []
        for place, (peer, label, change, delivery) in enumerate(local.moves):
            if delivery is not Delivery.FIFO:
                queue = local.sends[peer] if peer >= 0 and local.sends else None
                if delivery is Delivery.REORDERED:
                    queue = local.awaits[~peer]
                moves += self._with_fault(segment, delivery, queue, (role, place, label, change))
                continue
            if peer >= 0:
                queue = local.sends[peer]
                length = (segment >> queue.local_length) & self._length_mask
                if length < self.queue_bound:
                    code = label << (queue.content + length * queue.slot)
                    moves.append(EncodedMove(role, place, change + (1 << queue.length) + code))
                else:
                    self.blocked = True
                continue
            queue = local.awaits[~peer]
            content = (segment >> queue.local_content) & queue.mask
            if content & ((1 << queue.slot) - 1) == label:
                shifted = ((content >> queue.slot) - content) << queue.content
                moves.append(EncodedMove(role, place, change + shifted - (1 << queue.length)))
        if (
            not moves
            and local.may_spoil
            and all(segment >> queue.local_content & queue.mask for queue in local.awaits)
        ):
            self.unspecified.add(role)
        if segment & local.inbound:
            self.orphaned.add(role)
        return tuple(moves)

    def _with_fault(
        self,
        segment: int,
        delivery: Delivery,
        queue: Queue | None,
        move: tuple[int, int, int, int],
    ) -> list[EncodedMove]:
        """A move with a fault, when it is enabled: its role, place, label and change."""
        role, place, label, change = move
        if delivery in UNQUEUED or queue is None:
            return [EncodedMove(role, place, change)]
        if delivery is Delivery.DUPLICATED:
            length = (segment >> queue.local_length) & self._length_mask
            if length + 2 > self.queue_bound:
                self.blocked = True
                return []
            code = (label | label << queue.slot) << (queue.content + length * queue.slot)
            return [EncodedMove(role, place, change + (2 << queue.length) + code)]
        content = (segment >> queue.local_content) & queue.mask
        low = queue.slot
        while content >> low:
            if (content >> low) & ((1 << queue.slot) - 1) == label:
                rest = (content >> (low + queue.slot)) << low | content & ((1 << low) - 1)
                shifted = (rest - content) << queue.content
                return [EncodedMove(role, place, change + shifted - (1 << queue.length))]
            low += queue.slot
        return []

    @cached_property
    def unit_deltas(self) -> tuple[int, ...]:
        """What all moves add when no channel holds more than one message; empty otherwise."""
        if self.queue_bound > 1:
            return ()
        found: dict[int, None] = {}
        for states in self._locals:
            for local in states:
                for peer, label, change, delivery in local.moves:
                    if delivery in UNQUEUED:
                        found[change] = None
                        continue
                    queue = local.sends[peer] if peer >= 0 else local.awaits[~peer]
                    sign = 1 if peer >= 0 else -1
                    add = (label << queue.content) + (1 << queue.length)
                    found[change + sign * add] = None
        return tuple(found)

    def has_unspecified_reception(self, role: int, configuration: int) -> bool:
        """True when `role` only receives, may not stop, and can take no head it awaits.

        Every channel it awaits must hold a message, else it may still go on.
        """
        segment = (configuration >> self.shift[role]) & self.mask[role]
        local = self._locals[role][segment & self.state_mask[role]]
        return (
            local.may_spoil
            and all(segment >> queue.local_content & queue.mask for queue in local.awaits)
            and not self.moves(role, segment)
        )

    def has_orphan(self, role: int, configuration: int) -> bool:
        """True when `role` is in a final state without a move and a message is queued for it."""
        segment = (configuration >> self.shift[role]) & self.mask[role]
        return bool(segment & self._locals[role][segment & self.state_mask[role]].inbound)

    def enabled(self, configuration: int) -> list[EncodedMove]:
        """All enabled moves, in the order of roles and of their moves."""
        return [
            move
            for role, (shift, mask) in enumerate(zip(self.shift, self.mask, strict=True))
            for move in self.moves(role, (configuration >> shift) & mask)
        ]

    def state(self, role: int, configuration: int) -> int:
        """The local state of `role`."""
        return (configuration >> self.shift[role]) & self.state_mask[role]

    def decode(self, configuration: int) -> Configuration:
        """The configuration as the reference semantics writes it."""
        states = tuple(self.state(role, configuration) for role in range(len(self.machines)))
        queues = []
        for channel, queue in self.queues.items():
            content = (configuration >> queue.content) & queue.mask
            if content:
                queues.append((channel, _labels_in(content, queue)))
        return Configuration(states, tuple(sorted(queues)))

    def encode(self, configuration: Configuration) -> int:
        """Inverse of `decode`. Raises ValueError when a queue is longer than the bound."""
        value = 0
        for role, state in enumerate(configuration.states):
            value |= state << self.shift[role]
        for channel, content in configuration.queues:
            if len(content) > self.queue_bound:
                raise ValueError(f"{channel} holds more than {self.queue_bound} messages")
            queue = self.queues[channel]
            value |= len(content) << queue.length
            for place, label in enumerate(content):
                value |= (queue.labels.index(label) + 1) << (queue.content + place * queue.slot)
        return value


def _channel_labels(machines: Sequence[Machine]) -> dict[Channel, tuple[str, ...]]:
    """The labels that may be sent on, or are awaited from, each channel, in order of machines."""
    roles = {machine.role for machine in machines}
    if len(roles) != len(machines):
        raise ValueError("two machines of one role")
    found: dict[Channel, dict[str, None]] = {}
    for machine in machines:
        for row in machine.moves:
            for action, _ in row:
                if action.peer not in roles or action.peer == machine.role:
                    raise ValueError(f"`{machine.role}` has no peer `{action.peer}`")
                if action.delivery in UNQUEUED:
                    continue
                ends = (machine.role, action.peer)
                channel = ends if action.send else (ends[1], ends[0])
                found.setdefault(channel, {})[action.label] = None
    return {channel: tuple(labels) for channel, labels in found.items()}


def _labels_in(content: int, queue: Queue) -> tuple[str, ...]:
    mask = (1 << queue.slot) - 1
    labels = []
    while content:
        labels.append(queue.labels[(content & mask) - 1])
        content >>= queue.slot
    return tuple(labels)
