"""How a drawn run ends: the marks of the roles, what the others do, and what the queues hold."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.wording import counted, listed
from tellverify.model.failure import OutageKind
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.sequence import (
    awaited,
)
from tellverify.report.families import collapsed
from tellverify.report.style import Style

_FEW: Final = 6
_ENDLESS_WAITS: Final = (Fault.DEADLOCK, Fault.STUCK_ROLE, Fault.STARVATION)


def mark_of(trace: Trace, waiting: Waiting | None, style: Style) -> str:
    """The sign for the state of a role at the end: finished, waiting, going on or failed."""
    glyphs = style.glyphs
    if waiting is None:
        return " "
    if _has_failed(trace, waiting.role):
        return glyphs.failed
    if waiting.role in trace.culprits and trace.fault in _ENDLESS_WAITS and waiting.awaits:
        return glyphs.waiting
    if waiting.finished and not waiting.awaits:
        return glyphs.finished
    if _goes_on(trace, waiting):
        return glyphs.able
    return glyphs.finished if waiting.finished else glyphs.waiting


def _has_failed(trace: Trace, role: str) -> bool:
    """True of a role that has crashed or is Byzantine."""
    return any(o.role == role and o.kind is not OutageKind.CUT for o in trace.outages)


def _goes_on(trace: Trace, waiting: Waiting) -> bool:
    """True of a role that acts in the loop of a lasso, and of one that awaits nothing."""
    if waiting.role in trace.culprits and trace.fault in _ENDLESS_WAITS:
        return False
    if 0 <= trace.loop < len(trace.steps):
        return any(step.actor == waiting.role for step in trace.steps[trace.loop :])
    return not waiting.finished and not waiting.awaits


def ending_lines(trace: Trace, columns: frozenset[str], style: Style) -> list[str]:
    """The meaning of the marks, what every other role does, and the messages left in the queues."""
    glyphs = style.glyphs
    legend: list[str] = []
    states = [one for one in trace.waiting if one.role in columns]
    used = {mark_of(trace, one, style) for one in states}
    if glyphs.failed in used:
        liars = any(one.kind is OutageKind.BYZANTINE for one in trace.outages)
        legend.append(f"{glyphs.failed} {'failed' if liars else 'crashed'}")
    if glyphs.finished in used:
        legend.append(f"{glyphs.finished} finished")
    if glyphs.waiting in used:
        ever = trace.fault == Fault.DEADLOCK or all(
            one.role in trace.culprits
            for one in states
            if mark_of(trace, one, style) == glyphs.waiting
        )
        ever = ever and trace.fault in _ENDLESS_WAITS
        legend.append(f"{glyphs.waiting} waits forever" if ever else f"{glyphs.waiting} waits")
    if glyphs.able in used:
        legend.append(f"{glyphs.able} continues")
    if not any(labels for _, _, labels in trace.queues):
        legend.append("all queues empty")
    lines = ["     " + "   ".join(legend)] if legend else []
    lines.extend(_states(trace, columns, style))
    lines.extend(_queues(trace, style))
    lines.extend(_failures(trace, style))
    return lines


def _failures(trace: Trace, style: Style) -> list[str]:
    """Byzantine roles and cut channels, which have no row."""
    liars = [one.role for one in trace.outages if one.kind is OutageKind.BYZANTINE]
    cut = [
        f"{one.role} {style.glyphs.arrow} {one.peer}"
        for one in trace.outages
        if one.kind is OutageKind.CUT
    ]
    lines: list[str] = []
    for word, names in (("Byzantine", liars), ("cut", cut)):
        if names:
            text = style.tamed(listed(names, _FEW))
            lines.extend(style.hanging(f"     {word}: ", text, 13))
    return lines


def _states(trace: Trace, columns: frozenset[str], style: Style) -> list[str]:
    """Culprits when there are several, then the roles without a column, in few words."""
    culprits = frozenset(trace.culprits)
    several = len([role for role in trace.culprits if role in columns]) > 1
    by_words: dict[str, list[str]] = {}
    for one in trace.waiting:
        if one.role in columns and not (several and one.role in culprits):
            continue
        words = awaited(trace, one)
        if _has_failed(trace, one.role):
            continue
        if one.finished and not words:
            words = "finished"
        elif one.finished:
            words = "finished, would take more"
        elif not words:
            words = "continues" if _goes_on(trace, one) else "waits"
        by_words.setdefault(words, []).append(one.role)
    lines: list[str] = []
    for words, names in list(by_words.items())[:_FEW]:
        who = listed([f"`{name}`" for name in collapsed(names)], 4)
        lines.extend(style.hanging("     ", style.tamed(f"{who}: {words}"), 7))
    if len(by_words) > _FEW:
        hidden = sum(len(names) for names in list(by_words.values())[_FEW:])
        lines.append(f"     and {counted(hidden, 'other role')}")
    return lines


def _queues(trace: Trace, style: Style) -> list[str]:
    lines: list[str] = []
    full = [(s, r, labels) for s, r, labels in trace.queues if labels]
    for sender, receiver, labels in full[:_FEW]:
        what = listed(labels, _FEW)
        text = style.tamed(f"{sender} {style.glyphs.arrow} {receiver}: {what}")
        lines.extend(style.hanging("     queued: ", text, 13))
    if len(full) > _FEW:
        lines.append(f"     and {counted(len(full) - _FEW, 'other queue')}")
    return lines
