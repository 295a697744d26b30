"""One event of a run as a line, with its statement and the queues after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.wording import grouped, listed
from tellverify.evidence.trace_replay import Stepper
from tellverify.model.failure import Outage, OutageKind
from tellverify.model.faulty_channels import WORDS
from tellverify.model.step import Step
from tellverify.model.timer_steps import CANCEL
from tellverify.report.drawing.chart import place
from tellverify.report.escape import padded, width
from tellverify.report.style import Style

_FEW: Final = 4
_ROOM: Final = 40


def step_words(step: Step) -> str:
    """Who does what with whom."""
    how = f", {WORDS[step.delivery]}" if step.delivery else ""
    if step.timer:
        words = timer_words(step.sender, step.timer)
    elif step.send:
        words = f"{step.sender} sends {step.label} to {step.receiver}{how}"
    else:
        words = f"{step.receiver} takes {step.label} from {step.sender}{how}"
    return "; ".join([words, *(f"{d.label} from {d.sender} is discarded" for d in step.discards)])


def timer_words(owner: str, word: str) -> str:
    """What a timer does; `word` is that of its event."""
    return f"{owner} cancels" if word == CANCEL else f"the timer of {owner} fires"


def failure_line(one: Outage, style: Style) -> str:
    """The line of what fails in a run beside messages."""
    words = {
        OutageKind.CRASH: f"{one.role} crashes",
        OutageKind.CUT: f"the channel from {one.role} to {one.peer} is cut",
        OutageKind.BYZANTINE: f"{one.role} is Byzantine",
    }
    return f"   {style.glyphs.failed}  {style.tamed(words[one.kind])}"


def step_line(stepper: Stepper, step: Step, style: Style, room: int = _ROOM) -> str:
    """The line of a step that `stepper` has just made; `room` is kept for its words."""
    queues = [(*channel, labels) for channel, labels in sorted(stepper.queues.items())]
    return event_line(stepper.made, step, queues, style, room)


def event_line(
    number: int,
    step: Step,
    queues: Sequence[tuple[str, str, tuple[str, ...]]],
    style: Style,
    room: int = _ROOM,
) -> str:
    """The line of step `number`, after which `queues` are not empty."""
    arrow = style.glyphs.arrow
    shown = [
        f"{sender} {arrow} {receiver}: {listed(labels, _FEW)}"
        for sender, receiver, labels in queues[: _FEW + 1]
    ]
    state = "; ".join(shown[:_FEW]) if shown else "queues empty"
    if len(queues) > _FEW:
        state += f" and {grouped(len(queues) - _FEW)} more queues"
    head = f"{number:>4}  {style.tamed(step_words(step))}"
    left = padded(head, max(room + 6, width(head) + 2))
    where = style.tamed(place(step.site))
    return f"{left}{padded(where, max(18, width(where) + 2))}{style.tamed(state)}".rstrip()
