"""Edits in the text: insertions and replacements, so that comments and layout are kept."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import msgspec

from tellverify.diagnostics.wording import series
from tellverify.language.checks.walk import role_text
from tellverify.language.syntax import ast
from tellverify.repair.edits import (
    BlockPath,
    DecideLoop,
    Delete,
    Edited,
    Insert,
    OtherSender,
    Relabel,
    Reverse,
    Swap,
)
from tellverify.repair.outline import Outline
from tellverify.source.span import Span
from tellverify.source.text import SourceFile


class TextEdit(msgspec.Struct, frozen=True, order=True):
    """`text` in the place of `span`."""

    span: Span
    text: str


def text_edits(text: str, found: Outline, changed: Edited) -> tuple[TextEdit, ...]:
    """The edits of `changed` in the text, in its order and without overlaps.

    A new message stands on a separate line, as deep as the statement beside it. It goes behind
    the statement before, and comments on that line stay there.
    """
    result: list[TextEdit] = []
    broken: set[BlockPath] = set()
    pairs = list(zip(changed.edits, changed.labels, strict=True))
    pairs.sort(key=lambda pair: -len(pair[0].block))  # what ends a block stands before what follows
    for edit, label in pairs:
        block = found.blocks[edit.block]
        if not isinstance(edit, Insert):
            result += _changed(text, block, edit, label)
            continue
        opening = _opening(text, block)
        if opening is not None and edit.block not in broken:
            broken.add(edit.block)
            result.append(opening)
        line = f"{role_text(edit.sender)} -> {role_text(edit.receiver)} : {label}"
        result.append(_line(text, block, edit.gap, line, opening))
    return _united(result)


def _changed(
    text: str,
    block: ast.Block,
    edit: Relabel | DecideLoop | Delete | Reverse | Swap | OtherSender,
    label: str,
) -> list[TextEdit]:
    """The edits of the text for an edit of a statement."""
    statement = block[edit.index]
    match edit, statement:
        case Relabel(), ast.Send() | ast.Broadcast():
            return [TextEdit(statement.message.label.span, label)]
        case DecideLoop(decider=decider), ast.Loop(head=head):
            return [TextEdit(head, f"loop decide by {role_text(decider)}")]
        case OtherSender(sender=sender), ast.Send(sender=before):
            return [TextEdit(before.span, role_text(sender))]
        case Reverse(), ast.Send(sender=one, receiver=other):
            return [TextEdit(one.span, role_text(other)), TextEdit(other.span, role_text(one))]
        case Delete(), _:
            return [TextEdit(_whole_lines(text, statement.span), "")]
        case Swap(index=index), _:
            return _swapped(text, statement.span, block[index + 1].span)
        case _:
            return []


def _swapped(text: str, one: Span, other: Span) -> list[TextEdit]:
    """Two statements in each other's place."""
    first, second = Span(one.start, _last(text, one)), Span(other.start, _last(text, other))
    return [
        TextEdit(first, text[second.start : second.end]),
        TextEdit(second, text[first.start : first.end]),
    ]


def _united(found: Sequence[TextEdit]) -> tuple[TextEdit, ...]:
    """Insertions at one place become one, in the order given."""
    by_span: dict[Span, str] = {}
    for edit in found:
        by_span[edit.span] = by_span.get(edit.span, "") + edit.text
    return tuple(TextEdit(span, by_span[span]) for span in sorted(by_span))


def applied(text: str, edits: Sequence[TextEdit]) -> str:
    """`text` after `edits`."""
    parts = []
    at = 0
    for edit in edits:
        parts += [text[at : edit.span.start], edit.text]
        at = edit.span.end
    return "".join([*parts, text[at:]])


def in_words(source: SourceFile, edit: TextEdit) -> str:
    """What a text edit does, with its line: `insert `A -> B : Go` at line 12`.

    Empty for one that breaks a line and changes no word.
    """
    line, column = source.position(edit.span.start)
    new = [part.strip() for part in edit.text.splitlines() if part.strip()]
    shown = " and ".join(f"`{part}`" for part in new)
    old = source.slice(edit.span).strip()
    if old:
        return f"replace `{old}` by {shown} in line {line}" if new else f"delete line {line}"
    if column > 1 and edit.text.startswith(("\n", "\r")):
        line += 1
    return f"insert {shown} at line {line}" if new else ""


def all_in_words(source: SourceFile, edits: Sequence[TextEdit]) -> str:
    """All edits of a repair in one sentence; its lines are those before any of them."""
    found = [words for words in (in_words(source, edit) for edit in edits) if words]
    verbs = {words.partition(" ")[0] for words in found}
    if len(verbs) == 1:
        found[1:] = [words.partition(" ")[2] for words in found[1:]]
    return series(found)


def unified_diff(path: str, before: str, after: str) -> str:
    """The difference of two texts, three lines of context around it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        path,
        path,
        lineterm="\n",
    )
    shown = [
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    ]
    return "".join(shown)


def _opening(text: str, block: ast.Block) -> TextEdit | None:
    """A line break before a block that begins on the line of its branch; None for all others."""
    start = block[0].span.start
    line = _line_start(text, start)
    before = text[line:start]
    if not before.strip():
        return None
    indent = before[: len(before) - len(before.lstrip())]
    return TextEdit(Span(line + len(before.rstrip()), start), f"{_break(text)}{indent}    ")


def _line(text: str, block: ast.Block, gap: int, line: str, opening: TextEdit | None) -> TextEdit:
    """A separate line behind the statement before the gap, or before the first one."""
    beside = block[gap - 1 if gap > 0 else 0].span
    deep = _indent(text, beside.start)
    indent = deep if opening is None else opening.text.lstrip("\r\n")
    if gap == 0:
        span = Span(beside.start, beside.start) if opening is None else opening.span
        return TextEdit(span, f"{line}{_break(text)}{indent}")
    end = _line_end(text, _last(text, beside))
    if end == len(text) and not text.endswith(("\n", "\r")):
        return TextEdit(Span(end, end), f"{_break(text)}{indent}{line}")
    end = end + len(_break_at(text, end))
    return TextEdit(Span(end, end), f"{indent}{line}{_break(text)}")


def _line_start(text: str, place: int) -> int:
    return max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1


def _last(text: str, span: Span) -> int:
    """The end of a statement without blank space behind it."""
    end = span.end
    while end > span.start and text[end - 1].isspace():
        end -= 1
    return end


def _indent(text: str, place: int) -> str:
    """Blank space as wide as what stands before `place` on its line."""
    start = _line_start(text, place)
    return "".join(char if char == "\t" else " " for char in text[start:place])


def _line_end(text: str, place: int) -> int:
    ends = [at for at in (text.find("\n", place), text.find("\r", place)) if at >= 0]
    return min(ends, default=len(text))


def _break_at(text: str, place: int) -> str:
    return "\r\n" if text.startswith("\r\n", place) else text[place : place + 1]


def _break(text: str) -> str:
    """The line break that the text has first."""
    end = _line_end(text, 0)
    return _break_at(text, end) or "\n"


def _whole_lines(text: str, span: Span) -> Span:
    """The lines of a statement that stands alone on them, else the statement itself."""
    start = _line_start(text, span.start)
    end = _line_end(text, _last(text, span))
    if text[start : span.start].strip() or text[_last(text, span) : end].strip():
        return Span(span.start, _last(text, span))
    return Span(start, end + len(_break_at(text, end)))
