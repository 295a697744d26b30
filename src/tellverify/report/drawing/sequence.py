"""A run as rows of a chart: a send and its receive are one arrow where the order allows it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tellverify.diagnostics.wording import grouped, listed
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.families import collapsed

FOLD_AFTER: Final = 12
_MOST_ROWS: Final = 48
_FEW: Final = 3


class RowKind(StrEnum):
    """What happens in a row."""

    ARROW = "arrow"  # sent and received
    SEND = "send"  # sent, and still queued after the row
    RECEIVE = "receive"  # taken from the queue, sent in an earlier row


class SequenceRow(msgspec.Struct, frozen=True):
    """A message of a run; `number` counts rows from 1.

    `branch` and `session` are given where they change.
    """

    number: int
    kind: RowKind
    sender: str
    receiver: str
    label: str
    site: Site
    branch: str = ""
    session: str = ""

    @property
    def heading(self) -> str:
        """What begins here, in words; empty when nothing does."""
        heads = [f"session {self.session}"] if self.session else []
        if self.branch:
            heads.append(f"branch {self.branch}")
        return ", ".join(heads)


class Fold(msgspec.Struct, frozen=True):
    """Rows that are not shown; `idle` when they change nothing for the roles a run is about."""

    count: int
    idle: bool


class _Draft:
    """A row while the steps of a run are being paired."""

    __slots__ = ("kind", "step")

    def __init__(self, kind: RowKind, step: Step) -> None:
        self.kind = kind
        self.step = step


def _paired(steps: Sequence[Step]) -> list[_Draft]:
    """Rows of `steps`; only independent events change places, so the rows are the same run.

    A receive moves up to its send when its receiver does nothing in between; otherwise the send
    moves down to its receive when its sender does nothing in between.
    """
    drafts: list[_Draft | None] = []
    last: dict[str, int] = {}
    sent: dict[tuple[str, str, str], deque[int]] = {}
    for step in steps:
        channel = (step.sender, step.receiver, step.session)
        if step.send:
            sent.setdefault(channel, deque()).append(len(drafts))
            last[step.sender] = len(drafts)
            drafts.append(_Draft(RowKind.SEND, step))
            continue
        waiting = sent.get(channel)
        at = waiting.popleft() if waiting else -1
        origin = drafts[at] if at >= 0 else None
        if origin is None:
            last[step.receiver] = len(drafts)
            drafts.append(_Draft(RowKind.RECEIVE, step))
        elif last.get(step.receiver, -1) < at:
            origin.kind = RowKind.ARROW
            last[step.receiver] = at
        elif last.get(step.sender, -1) == at:
            drafts[at] = None
            last[step.sender] = last[step.receiver] = len(drafts)
            drafts.append(_Draft(RowKind.ARROW, origin.step))
        else:
            last[step.receiver] = len(drafts)
            drafts.append(_Draft(RowKind.RECEIVE, step))
    return [draft for draft in drafts if draft is not None]


def rows_of(trace: Trace) -> tuple[tuple[SequenceRow, ...], int]:
    """The rows of a run, and the number of the row where a lasso closes or 0."""
    lasso = 0 <= trace.loop < len(trace.steps)
    split = trace.loop if lasso else len(trace.steps)
    drafts = _paired(trace.steps[:split])
    closes = len(drafts) + 1 if lasso else 0
    drafts += _paired(trace.steps[split:])
    rows: list[SequenceRow] = []
    branch = session = ""
    for number, draft in enumerate(drafts, start=1):
        step = draft.step
        site = step.site
        entered = step.session if step.session != session else ""
        session = step.session
        changed = site.branch if site.branch != branch and draft.kind != RowKind.RECEIVE else ""
        if draft.kind != RowKind.RECEIVE:
            branch = site.branch
        rows.append(
            SequenceRow(
                number,
                draft.kind,
                step.sender,
                step.receiver,
                step.label,
                site,
                changed,
                entered,
            )
        )
    return tuple(rows), closes


def folded(
    rows: Sequence[SequenceRow], culprits: Sequence[str], *, everything: bool = False
) -> list[SequenceRow | Fold]:
    """`rows` with what changes nothing for `culprits` folded and counted after twelve rows.

    Runs that stay long are cut in their middle, unless `everything` is asked for.
    """
    if everything or len(rows) <= FOLD_AFTER:
        return list(rows)
    concerned = set(culprits)
    kept = [
        row
        for index, row in enumerate(rows)
        if index < FOLD_AFTER
        or index == len(rows) - 1
        or not concerned
        or row.sender in concerned
        or row.receiver in concerned
    ]
    if len(kept) > _MOST_ROWS:
        kept = [*kept[: _MOST_ROWS // 2], *kept[-_MOST_ROWS // 2 :]]
    items: list[SequenceRow | Fold] = []
    previous = 0
    for row in kept:
        if row.number > previous + 1:
            hidden = rows[previous : row.number - 1]
            idle = bool(concerned) and not any(
                one.sender in concerned or one.receiver in concerned for one in hidden
            )
            items.append(Fold(len(hidden), idle))
        items.append(row)
        previous = row.number
    return items


def awaited(trace: Trace, waiting: Waiting) -> str:
    """What a role awaits at the end of a run and what stands in its way, as words."""
    refused = [
        f"cannot take {labels[0]} from {sender}"
        for sender, receiver, labels in trace.queues
        if receiver == waiting.role
        and labels
        and not waiting.finished
        and (sender, labels[0]) not in waiting.awaits
    ]
    if not waiting.awaits:
        return ", ".join(refused[:_FEW])
    by_peer: dict[str, list[str]] = {}
    for peer, label in waiting.awaits:
        by_peer.setdefault(peer, []).append(label)
    by_labels: dict[tuple[str, ...], list[str]] = {}
    for peer, labels in by_peer.items():
        by_labels.setdefault(tuple(labels), []).append(peer)
    wanted = [
        f"{_either(labels)} from {_either(collapsed(peers))}" for labels, peers in by_labels.items()
    ]
    waits = f"waits for {', or '.join(wanted[:_FEW])}"
    if len(wanted) > _FEW:
        waits += f", or {grouped(len(wanted) - _FEW)} other peers"
    return ", ".join([*refused[:_FEW], waits])


def _either(names: Sequence[str]) -> str:
    if len(names) > _FEW:
        return listed(names, _FEW)
    return " or ".join(names)


def participants(trace: Trace, roles: Sequence[str], most_idle: int) -> list[str]:
    """Who gets a column: every role that acts, and up to `most_idle` culprits that do not.

    In the order of `roles`; roles unknown there follow by first occurrence.
    """
    acting = dict.fromkeys(name for step in trace.steps for name in (step.sender, step.receiver))
    idle = [culprit for culprit in trace.culprits if culprit not in acting]
    order = {role: index for index, role in enumerate(roles)}
    chosen = [*acting, *dict.fromkeys(idle[:most_idle])]
    return sorted(chosen, key=lambda role: order.get(role, len(order)))
