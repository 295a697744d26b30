"""Joint machines compiled to ints, and what each version of a role can do in a segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tellverify.model.joint_machine import MISSING, JointMachine
from tellverify.search.encoding import CompiledSystem, EncodedMove, EncodedState

_MARK = (EncodedMove(0, 0, 0),)


class VersionMasks(NamedTuple):
    """Masks of the versions of one role, in one segment.

    `idle` versions have no move, also if queues were longer; `unfinished` are idle and may not
    stop; `unspecified` find a wrong message in every channel that they await; for terminated ones
    among `orphaned` a message is queued; of `held` ones only the bound forbids a send.
    """

    idle: int
    unfinished: int
    unspecified: int
    orphaned: int
    held: int


class _Version(NamedTuple):
    bit: int
    final: bool
    places: tuple[int, ...]  # among the moves of the joint state
    only_receives: bool
    awaits: tuple[int, ...]  # places among the awaited queues of the joint state


class VersionedSystem(CompiledSystem):
    """Joint machines that run together; `moves` sets `has_faults` and `has_held`."""

    def __init__(self, joints: Sequence[JointMachine], queue_bound: int) -> None:
        self.joints = tuple(joints)
        self.has_faults = False
        self.has_held = False
        self._known: list[dict[int, VersionMasks]] = [{} for _ in joints]
        super().__init__([joint.machine for joint in joints], queue_bound)
        self._versions = [
            [self._versions_in(role, state) for state in range(joint.machine.state_count)]
            for role, joint in enumerate(self.joints)
        ]

    def _relevant(self, role: int, state: int) -> EncodedState:
        """As for plain machines; where a version has terminated, all that is queued for it too."""
        found = super()._relevant(role, state)
        joint = self.joints[role]
        gone = any(
            at != MISSING and version.final[at] and not version.moves[at]
            for version, at in zip(joint.versions, joint.states[state], strict=True)
        )
        inbound = self._inbound.get(joint.role, 0) if gone else 0
        return EncodedState(
            found.mask | inbound, found.moves, found.sends, found.awaits, False, inbound
        )

    def _versions_in(self, role: int, state: int) -> tuple[_Version, ...]:
        joint = self.joints[role]
        row = joint.machine.moves[state]
        place = {action: n for n, (action, _) in enumerate(row)}
        encoded = self._locals[role][state].moves
        found = []
        for v, (version, at) in enumerate(zip(joint.versions, joint.states[state], strict=True)):
            if at == MISSING:
                continue
            places = tuple(place[action] for action, _ in version.moves[at])
            awaits = tuple(dict.fromkeys(~encoded[p][0] for p in places if encoded[p][0] < 0))
            only = all(encoded[p][0] < 0 for p in places) and bool(places)
            found.append(_Version(1 << v, version.final[at], places, only, awaits))
        return tuple(found)

    def moves(self, role: int, segment: int) -> tuple[EncodedMove, ...]:
        """The moves that some version can make."""
        masks = self.masks(role, segment)
        if masks.unspecified or masks.orphaned:
            self.has_faults = True
        if masks.held:
            self.has_held = True
        return super().moves(role, segment)

    def masks(self, role: int, segment: int) -> VersionMasks:
        """What each version can do; looks at the relevant part of the segment only."""
        key = segment & self.relevant(role, segment & self.state_mask[role])
        known = self._known[role].get(key)
        if known is None:
            known = self._known[role][key] = self._masks(role, key)
        return known

    def _masks(self, role: int, segment: int) -> VersionMasks:
        state = segment & self.state_mask[role]
        local = self._locals[role][state]
        enabled = {move.place for move in super().moves(role, segment)}
        filled = [bool(segment >> q.local_content & q.mask) for q in local.awaits]
        waits_for_something = bool(segment & local.inbound)
        idle = unfinished = unspecified = orphaned = held = 0
        for version in self._versions[role][state]:
            sends_held = any(local.moves[p][0] >= 0 and p not in enabled for p in version.places)
            if sends_held:
                held |= version.bit
            if sends_held or any(p in enabled for p in version.places):
                continue
            idle |= version.bit
            if not version.final:
                unfinished |= version.bit
                if version.only_receives and all(filled[p] for p in version.awaits):
                    unspecified |= version.bit
            elif not version.places and waits_for_something:
                orphaned |= version.bit
        return VersionMasks(idle, unfinished, unspecified, orphaned, held)

    def unblocked(self, role: int, segment: int) -> tuple[EncodedMove, ...]:
        """A mark unless some version of the role is idle."""
        return () if self.masks(role, segment).idle else _MARK

    def faulty(self, role: int, segment: int) -> tuple[EncodedMove, ...]:
        """A mark if some version of the role shows a fault."""
        masks = self.masks(role, segment)
        return _MARK if masks.unspecified or masks.orphaned else ()

    def at_bound(self, role: int, segment: int) -> tuple[EncodedMove, ...]:
        """A mark if only the bound forbids a send of some version."""
        return _MARK if self.masks(role, segment).held else ()

    def segments(self, configuration: int) -> list[int]:
        """The segment of every role."""
        return [
            (configuration >> shift) & mask
            for shift, mask in zip(self.shift, self.mask, strict=True)
        ]
