"""A run as scenes: where every role and every queue is before the first step and after each one.

Nothing is decided here: the local states were recorded when the reference semantics replayed the
run, and queues follow from the steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.wording import listed
from tellverify.model.delivery import channel_after
from tellverify.model.faulty_channels import WORDS
from tellverify.model.step import Step
from tellverify.model.timer_steps import CANCEL, queue_after, without_discarded
from tellverify.model.trace import Trace
from tellverify.verdict.drawing import Drawing, Drawings, Move

Channel: TypeAlias = tuple[str, str]

_FEW: Final = 3


class Cell(msgspec.Struct, frozen=True):
    """One role in one scene: its state (-1: unknown), what it can do, whether it has just acted."""

    state: int
    words: str
    changed: bool


class Scene(msgspec.Struct, frozen=True):
    """The configuration after `step`, or the initial one; `queues` lists those not empty."""

    index: int
    step: Step | None
    cells: tuple[Cell, ...]
    queues: tuple[tuple[str, str, tuple[str, ...]], ...]
    touched: Channel | None


def scenes(trace: Trace, roles: Sequence[str], drawings: Drawings | None) -> Iterator[Scene]:
    """The scenes of `trace` with a cell for each of `roles`, the initial configuration first.

    `drawings` must be those of the sizes at which the run was found.
    """
    place = {role: number for number, role in enumerate(roles)}
    machines = _machines(drawings)
    known = len(trace.states) == len(trace.steps)
    cells = [
        Cell(0 if known else -1, _words(machines.get(role), role, 0) if known else "", False)
        for role in roles
    ]
    queues: dict[Channel, tuple[str, ...]] = {}
    yield Scene(0, None, tuple(cells), (), None)
    for index, step in enumerate(trace.steps):
        cells = [msgspec.structs.replace(cell, changed=False) for cell in cells]
        at = place.get(step.actor)
        if at is not None:
            state = trace.states[index] if known else -1
            words = _words(machines.get(step.actor), step.actor, state) if known else _done(step)
            cells[at] = Cell(state, words, True)
        channel = (step.sender, step.receiver)
        queue = queues.get(channel, ())
        changed = (
            channel_after(queue, step.send, step.label, step.delivery) or ()
            if step.delivery
            else queue_after(queue, step)
        )
        if changed:
            queues[channel] = changed
        else:
            queues.pop(channel, None)
        queues = without_discarded(queues, step)
        content = tuple((s, r, labels) for (s, r), labels in sorted(queues.items()))
        yield Scene(index + 1, step, tuple(cells), content, None if step.timer else channel)


def _machines(drawings: Drawings | None) -> dict[str, Drawing]:
    if drawings is None:
        return {}
    return {role: drawing for drawing in drawings.machines for role in drawing.roles}


def _done(step: Step) -> str:
    if step.timer:
        return "has cancelled" if step.timer == CANCEL else "has given up waiting"
    how = f", {WORDS[step.delivery]}" if step.delivery else ""
    if step.send:
        return f"has sent {step.label} to {step.receiver}{how}"
    return f"has taken {step.label} from {step.sender}{how}"


def _words(drawing: Drawing | None, role: str, state: int) -> str:
    """What `role` can do in `state`, as words; empty when its machine is not at hand."""
    if drawing is None:
        return ""
    moves = [move for move in drawing.moves if move.source == state]
    own = drawing.roles[0]
    peers = {move.receiver if move.sender == own else move.sender for move in moves}
    if role != own and any("[" in peer for peer in peers):
        return ""  # the machine is that of another member, with other names
    is_final = state in drawing.final
    if not moves:
        return "finished" if is_final else "can do nothing"
    parts = []
    sends = [move for move in moves if move.sender == own]
    if sends:
        parts.append(f"may send {_choices(sends, sending=True)}")
    waits = [move for move in moves if move.sender != own]
    if waits:
        parts.append(f"waits for {_choices(waits, sending=False)}")
    if is_final:
        parts.insert(0, "may stop")
    return ", or ".join(parts)


def _choices(moves: Sequence[Move], *, sending: bool) -> str:
    """`Order or Cancel to Seller`, the labels for each peer together."""
    labels: dict[str, list[str]] = {}
    for move in moves:
        labels.setdefault(move.receiver if sending else move.sender, []).append(move.label)
    word = "to" if sending else "from"
    shown = []
    for peer, names in labels.items():
        some = " or ".join(names) if len(names) <= _FEW else listed(names, _FEW)
        shown.append(f"{some} {word} {peer}")
    return " or ".join(shown) if len(shown) <= _FEW else listed(shown, _FEW)
