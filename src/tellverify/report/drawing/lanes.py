"""The columns of a chart: a role each, or one for members of a family that a run treats alike.

A member keeps its own column where the run is about it, where it crashes, and where members of
its family talk to each other; members that end differently do not share one. In a column of several
members a label names those that act.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tellverify.model.failure import OutageKind
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.report.drawing.sequence import RowKind, SequenceRow, participants
from tellverify.report.families import collapsed


class Lane(msgspec.Struct, frozen=True):
    """A column of a chart, and the roles that act in it."""

    name: str
    members: tuple[str, ...]

    @property
    def is_shared(self) -> bool:
        """Whether several roles act in it."""
        return len(self.members) > 1

    def which(self, acting: Iterable[str]) -> str:
        """The indices of those members that act, as ` [0..3]`; empty where there is only one."""
        if not self.is_shared:
            return ""
        names = [name[len(family_of(name)) :] for name in collapsed(acting)]
        return f" {', '.join(names)}"


def lanes_of(trace: Trace, roles: Sequence[str], most_idle: int) -> tuple[Lane, ...]:
    """The columns of a chart of `trace`, in the order of `roles`; see `participants`."""
    apart = {*trace.culprits, *(o.role for o in trace.outages if o.kind is OutageKind.CRASH)}
    ends = {(step.sender, step.receiver) for step in trace.steps}
    kin = {family_of(one) for one, other in ends if one != other and _are_kin(one, other)}
    waits = {one.role: (one.finished, bool(one.awaits)) for one in trace.waiting}
    members: dict[tuple[str, tuple[bool, bool] | None], list[str]] = {}
    for role in participants(trace, roles, most_idle):
        family = family_of(role)
        is_alone = role in apart or family in kin
        key = (role, None) if is_alone else (family, waits.get(role))
        members.setdefault(key, []).append(role)
    return tuple(Lane(", ".join(collapsed(some)), tuple(some)) for some in members.values())


def _are_kin(one: str, other: str) -> bool:
    return family_of(one) == family_of(other)


def lanes_by_member(lanes: Iterable[Lane]) -> dict[str, Lane]:
    """The lane of each role."""
    return {member: lane for lane in lanes for member in lane.members}


def may_share(first: tuple[str, str], second: tuple[str, str], lane_of: Mapping[str, Lane]) -> bool:
    """Whether two messages, by sender and receiver, differ in members of one lane alone."""
    (sender, receiver), (other_sender, other_receiver) = first, second
    if sender == other_sender:
        return lane_of[receiver].is_shared and lane_of[receiver] == lane_of[other_receiver]
    if receiver == other_receiver:
        return lane_of[sender].is_shared and lane_of[sender] == lane_of[other_sender]
    return False


def label_of(label: str, ends: Sequence[tuple[str, str]], lane_of: Mapping[str, Lane]) -> str:
    """The label of one or several messages with the members that send and receive them."""
    senders, receivers = zip(*ends, strict=True)
    sending = lane_of[senders[0]].which(senders)
    receiving = lane_of[receivers[0]].which(receivers)
    if sending and receiving and senders != receivers:
        return f"{label}{sending} to{receiving}"
    return f"{label}{sending or receiving}"


def laned(
    rows: Sequence[SequenceRow], closes: int, lanes: Sequence[Lane]
) -> tuple[tuple[SequenceRow, ...], int]:
    """Rows between lanes instead of roles, and the number of the row where a lasso closes.

    Messages that follow each other and differ in members of one lane alone share a row.
    """
    lane_of = lanes_by_member(lanes)
    if not any(lane.is_shared for lane in lanes):
        return tuple(rows), closes
    groups: list[list[SequenceRow]] = []
    starts = 0
    for row in rows:
        if row.number == closes:
            starts = len(groups) + 1
        before = groups[-1][-1] if groups else None
        if before is not None and row.number != closes and _joins(before, row, lane_of):
            groups[-1].append(row)
        else:
            groups.append([row])
    found = []
    for number, group in enumerate(groups, start=1):
        row = group[0]
        ends = [(one.sender, one.receiver) for one in group]
        label = row.label if row.kind is RowKind.CRASH else label_of(row.label, ends, lane_of)
        found.append(
            msgspec.structs.replace(
                row,
                number=number,
                sender=lane_of[row.sender].name,
                receiver=lane_of[row.receiver].name,
                label=label,
            )
        )
    return tuple(found), starts


def _joins(one: SequenceRow, other: SequenceRow, lane_of: Mapping[str, Lane]) -> bool:
    return (
        one.kind is other.kind is RowKind.ARROW
        and one.label == other.label
        and one.site == other.site
        and not other.heading
        and one.how == other.how
        and may_share((one.sender, one.receiver), (other.sender, other.receiver), lane_of)
    )
