"""Repairs as `suggestion` blocks of Markdown, which code hosts can apply to the lines named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.model import Diagnostic, Replacement
from tellverify.report.escape import encodable, printable
from tellverify.report.markup import code
from tellverify.source.text import SourceFile

_TICKS: Final = re.compile("`+")


def suggestion(diagnostic: Diagnostic, source: SourceFile | None) -> Iterator[str]:
    """The first repair of a finding: for every place the lines that it changes, as they are then.

    A new line is shown with the one before it, so that the block can stand where a reviewer
    comments on that one. Nothing without the text.
    """
    if source is None or not diagnostic.repairs:
        return
    for number, each in enumerate(diagnostic.repairs[0].replacements):
        first, last, lines = _lines(source, each)
        if not any(line.strip() for line in lines):
            continue
        which = f"line {first}" if first == last else f"lines {first} to {last}"
        word = "Suggestion" if number == 0 else "And"
        yield f"{word} for {which} of {code(diagnostic.path)}:"
        yield ""
        longest = max((len(run) for line in lines for run in _TICKS.findall(line)), default=0)
        fence = "`" * max(3, longest + 1)
        yield f"{fence}suggestion"
        yield from lines
        yield fence
        yield ""


def _lines(source: SourceFile, each: Replacement) -> tuple[int, int, list[str]]:
    """The first and last line that a replacement touches, and these lines after it."""
    text, span = source.text, each.span
    first, column = source.position(span.start)
    if column == 1 and first > 1 and not text[span.start : span.end]:
        first -= 1  # a new line goes with the one before it
        last = first
    else:
        end = max(span.start, span.end - 1) if span.end > span.start else span.start
        last = source.position(end)[0]
    begin = source.start_of(first)
    stop = max(source.start_of(last + 1), span.end)
    after = text[begin : span.start] + each.text + text[span.end : stop]
    shown = after.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    return first, last, [encodable(printable(line.replace("\t", "    "))) for line in shown]
