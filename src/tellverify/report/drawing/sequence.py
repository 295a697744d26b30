"""A run as rows of a chart: a send and its receive are one arrow where the order allows it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

from tellverify.diagnostics.wording import grouped, listed
from tellverify.model.delivery import Delivery
from tellverify.model.failure import OutageKind
from tellverify.model.faulty_channels import UNQUEUED, WORDS
from tellverify.model.run_end import discarded, origins
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
    DISCARD = "discard"  # sent, and discarded from the queue in this row or a later one
    TIMER = "timer"  # a timer of the sender, who is also the receiver, fires or is cancelled
    LOST = "lost"  # sent, and never to arrive
    CRASH = "crash"  # `sender` stops acting


class SequenceRow(msgspec.Struct, frozen=True):
    """A message of a run, or a crash; `number` counts rows from 1.

    `branch` and `session` are given where they change, `how` is what a fault makes of the message.
    """

    number: int
    kind: RowKind
    sender: str
    receiver: str
    label: str
    site: Site
    branch: str = ""
    how: str = ""
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

    __slots__ = ("first", "kind", "step")

    def __init__(self, kind: RowKind, step: Step, first: int = 0) -> None:
        self.kind = kind
        self.step = step
        self.first = first  # the number of the step that the row begins with


def _paired(steps: Sequence[Step], start: int = 0) -> list[_Draft]:
    """Rows of `steps`; only independent events change places, so the rows are the same run.

    A receive moves up to its send when its receiver does nothing in between; otherwise the send
    moves down to its receive when its sender does nothing in between.
    """
    drafts: list[_Draft | None] = []
    last: dict[str, int] = {}
    sent, gone = origins(steps), discarded(steps)
    row_of: dict[int, int] = {}
    for number, step in enumerate(steps):
        first = start + number
        if step.delivery in UNQUEUED or step.timer:
            last[step.actor] = len(drafts)
            kind = RowKind.LOST if step.delivery is Delivery.LOST else RowKind.ARROW
            drafts.append(_Draft(RowKind.TIMER if step.timer else kind, step, first))
            continue
        if step.send:
            row_of[number] = last[step.sender] = len(drafts)
            drafts.append(_Draft(RowKind.DISCARD if number in gone else RowKind.SEND, step, first))
            continue
        at = row_of.pop(sent[number], -1) if number in sent else -1
        origin = drafts[at] if at >= 0 else None
        if origin is None:
            last[step.receiver] = len(drafts)
            drafts.append(_Draft(RowKind.RECEIVE, step, first))
        elif last.get(step.receiver, -1) < at:
            origin.kind = RowKind.ARROW
            last[step.receiver] = at
        elif last.get(step.sender, -1) == at:
            drafts[at] = None
            last[step.sender] = last[step.receiver] = len(drafts)
            drafts.append(_Draft(RowKind.ARROW, origin.step, first))
        else:
            last[step.receiver] = len(drafts)
            drafts.append(_Draft(RowKind.RECEIVE, step, first))
    return [draft for draft in drafts if draft is not None]


def rows_of(trace: Trace) -> tuple[tuple[SequenceRow, ...], int]:
    """The rows of a run, and the number of the row where a lasso closes or 0."""
    lasso = 0 <= trace.loop < len(trace.steps)
    split = trace.loop if lasso else len(trace.steps)
    drafts = _with_crashes(_paired(trace.steps[:split]), trace, split)
    closes = len(drafts) + 1 if lasso else 0
    drafts += _paired(trace.steps[split:], split)
    rows: list[SequenceRow] = []
    branch = session = ""
    for number, draft in enumerate(drafts, start=1):
        step = draft.step
        site = step.site
        entered = step.session if step.session != session else ""
        session = step.session
        decides = draft.kind not in (RowKind.RECEIVE, RowKind.CRASH)
        changed = site.branch if site.branch != branch and decides else ""
        if decides:
            branch = site.branch
        ends = (step.sender, step.receiver)
        how = WORDS[step.delivery]
        rows.append(SequenceRow(number, draft.kind, *ends, step.label, site, changed, how, entered))
    return tuple(rows), closes


def _with_crashes(drafts: Sequence[_Draft], trace: Trace, split: int) -> list[_Draft]:
    """The rows up to a loop with one for every crash, at its moment."""
    found = list(drafts)
    for one in trace.outages:
        if one.kind is OutageKind.CRASH:
            after = min(one.after, split)
            at = next((n for n, row in enumerate(found) if row.first >= after), len(found))
            crash = Step(True, one.role, one.role, f"{one.role} crashes")
            found.insert(at, _Draft(RowKind.CRASH, crash, one.after))
    return found


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
    acting.update((o.role, None) for o in trace.outages if o.kind is OutageKind.CRASH)
    idle = [culprit for culprit in trace.culprits if culprit not in acting]
    order = {role: index for index, role in enumerate(roles)}
    chosen = [*acting, *dict.fromkeys(idle[:most_idle])]
    return sorted(chosen, key=lambda role: order.get(role, len(order)))
