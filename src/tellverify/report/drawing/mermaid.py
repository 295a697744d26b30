"""A run as a Mermaid sequence diagram, for pages that draw them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.wording import counted, listed
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.report.drawing.event_lines import timer_words
from tellverify.report.drawing.lanes import laned, lanes_of
from tellverify.report.drawing.sequence import (
    Fold,
    RowKind,
    SequenceRow,
    awaited,
    folded,
    rows_of,
)
from tellverify.report.families import collapsed
from tellverify.report.markup import is_safe_alias, mermaid

MOST_PARTICIPANTS: Final = 24
MOST_CHARACTERS: Final = 50_000
_FEWER: Final = (24, 10, 3)
_FOR_EVER: Final = (Fault.DEADLOCK, Fault.STUCK_ROLE)
_IDLE: Final = 4
_MOST_CULPRITS: Final = 4


def sequence_diagram(trace: Trace, roles: Sequence[str], *, last: int = 0) -> str:
    """The diagram of `trace` without its fence, or an empty text when it has too many roles.

    Long runs are folded as in the terminal; with `last`, only `last` rows at the end are kept.
    The text stays below what Mermaid accepts, by keeping fewer rows still.
    """
    for kept in (last, *(few for few in _FEWER if few < (last or few + 1))):
        text = _diagram(trace, roles, kept)
        if len(text) < MOST_CHARACTERS:
            return text
    return ""


def _diagram(trace: Trace, roles: Sequence[str], last: int) -> str:
    lanes = lanes_of(trace, roles, _IDLE)
    rows, closes = laned(*rows_of(trace), lanes)
    columns = [lane.name for lane in lanes]
    if not columns or len(columns) > MOST_PARTICIPANTS:
        return ""
    alias = _aliases(columns)
    items: list[SequenceRow | Fold]
    if last and len(rows) > last:
        items = [Fold(len(rows) - last, False), *rows[-last:]]
    else:
        items = folded(rows, trace.culprits)
    lines = ["sequenceDiagram"]
    for role in columns:
        name = alias[role]
        lines.append(
            f"  participant {name}" if name == role else f"  participant {name} as {mermaid(role)}"
        )
    alias |= {role: alias[lane.name] for lane in lanes for role in lane.members}
    opened = False
    for item in items:
        if closes and not opened and _reaches(item, closes):
            lines.append("  loop forever")
            opened = True
        lines.extend(f"  {line}" for line in _item(item, trace, columns, alias))
    if opened:
        lines.append("  end")
    waiting = {one.role: one for one in trace.waiting}
    for culprit in trace.culprits[:_MOST_CULPRITS]:
        state = waiting.get(culprit)
        words = awaited(trace, state) if state is not None else ""
        if culprit in alias and words:
            if state is not None and state.awaits and trace.fault in _FOR_EVER:
                words += ", which no role will send"
            lines.append(f"  Note over {alias[culprit]}: {mermaid(words)}")
    for sender, receiver, labels in trace.queues[:_MOST_CULPRITS]:
        if labels and receiver in alias:
            words = f"left in the queue from {sender}: {listed(labels, 3)}"
            lines.append(f"  Note over {alias[receiver]}: {mermaid(words)}")
    return "\n".join(lines)


def _reaches(item: SequenceRow | Fold, number: int) -> bool:
    return isinstance(item, SequenceRow) and item.number >= number


def _aliases(columns: Sequence[str]) -> dict[str, str]:
    """A name that Mermaid can read for each role: the role itself, or a number."""
    safe = {role for role in columns if is_safe_alias(role)}
    alias: dict[str, str] = {}
    for number, role in enumerate(columns):
        name = role
        if role not in safe:
            name = f"p{number}"
            while name in safe:
                name += "_"
        alias[role] = name
    return alias


def _item(
    item: SequenceRow | Fold, trace: Trace, columns: Sequence[str], alias: dict[str, str]
) -> list[str]:
    if isinstance(item, Fold):
        over = alias[columns[0]]
        if len(columns) > 1:
            over += f",{alias[columns[-1]]}"
        words = f"{counted(item.count, 'message')} left out"
        if item.idle:
            words = (
                f"{counted(item.count, 'message')} that change nothing for"
                f" {listed(collapsed(trace.culprits), 2)}"
            )
        return [f"Note over {over}: {mermaid(words)}"]
    lines: list[str] = []
    sender, receiver = alias[item.sender], alias[item.receiver]
    if item.heading:
        lines.append(f"Note over {sender}: {mermaid(item.heading)}")
    match item.kind:
        case RowKind.ARROW:
            lines.append(f"{sender}->>{receiver}: {mermaid(item.label)}")
        case RowKind.DISCARD:
            lines.append(f"{sender}-x{receiver}: {mermaid(f'{item.label} (discarded)')}")
        case RowKind.TIMER:
            lines.append(f"Note over {sender}: {mermaid(timer_words(item.sender, item.label))}")
        case RowKind.SEND:
            lines.append(f"{sender}-){receiver}: {mermaid(f'{item.label} (queued)')}")
        case RowKind.RECEIVE:
            words = f"takes {item.label} from {item.sender}"
            lines.append(f"Note over {receiver}: {mermaid(words)}")
        case RowKind.LOST:
            lines.append(f"{sender}-x{receiver}: {mermaid(f'{item.label} (lost)')}")
        case RowKind.CRASH:
            lines.append(f"Note over {sender}: {mermaid(item.label)}")
    return lines
