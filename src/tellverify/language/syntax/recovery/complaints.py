"""Syntax faults as diagnostics, at most one for each line."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.syntax.grammar import END as END_NAME
from tellverify.language.syntax.recovery.automaton import ParserAutomaton
from tellverify.language.syntax.recovery.expectation import BARS, advice, expected_words
from tellverify.language.syntax.recovery.places import RecoveryPlaces
from tellverify.source.span import Span

_SHOWN: Final = 40
_ELEMENTS: Final = {
    "statement": "a statement",
    "branch": "`|`",
    "declaration": "a declaration",
    "protocol": "`protocol`",
}


class Complaints:
    """The reports of one parse; a line with a fault gets no further one."""

    def __init__(self, machine: ParserAutomaton, places: RecoveryPlaces) -> None:
        self.machine = machine
        self.places = places
        self.tokens = machine.tokens
        self.kinds = machine.kinds
        self.count = 0
        self.quiet_lines = self._lines_with_faults()

    def report_syntax(self, index: int) -> None:
        """Report that the token cannot stand here: what was expected, what was found, and helps."""
        if self.is_quiet(index):
            return
        machine, tokens = self.machine, self.tokens
        complete = self.machine.complete()
        line_start = self.fault_line_start(index)
        helps = advice(machine, index, line_start)
        stray = self._stray_word(index)
        if stray is not None:
            index, complete = stray, "statement"
        if complete and not self.places.is_head(index):
            expected = [f"the end of the {complete}"]
        elif complete:
            expected = [_ELEMENTS[complete]]
        else:
            expected = expected_words(machine)
        if expected == ["`|`"] and not helps:
            helps = [BARS]
        if stray is None and self._is_at_line_end(index):
            end = tokens.ends[index - 1] if index else 0
            at_end = tokens.kinds[index] == self.kinds[END_NAME]
            found = f"the end of the {'file' if at_end else 'line'}"
            span = Span(end, end)
        else:
            found, span = self._found(index), self.places.span(index)
        self.report(index, faults.syntax_error(self.tokens.path, span, expected, found, helps))

    def _stray_word(self, index: int) -> int | None:
        """A word behind a complete statement, read as the sender of a next one in vain."""
        machine = self.machine
        height, name = machine.innermost_list()
        if name != "stmts" or len(machine.states) != height + 1 or self.places.is_head(index - 1):
            return None
        statements = machine.values[height - 2]
        follows_roles = self.tokens.texts[self.places.line_start(index - 1)] == "roles"
        return index - 1 if statements or follows_roles else None

    def _found(self, index: int) -> str:
        text = self.tokens.texts[index]
        if len(text) == 1 and not text.isascii():
            return f"`{text}`, {faults.character_name(text)}"
        if len(text) > _SHOWN or "\n" in text:
            text = text[:_SHOWN].partition("\n")[0] + "..."
        return f"`{text}`"

    def report(self, index: int, fault: Diagnostic) -> None:
        """Reports a fault at a token, unless its line has one already."""
        if not self.is_quiet(index):
            self.quiet_lines.add(self.fault_line(index))
            self.add(fault)

    def add(self, fault: Diagnostic) -> None:
        """Report a fault, also on a line that has one."""
        self.count += 1
        self.tokens.faults.append(fault)

    def is_quiet(self, index: int) -> bool:
        """Whether the line of a fault at a token has been reported already."""
        return self.fault_line(index) in self.quiet_lines

    def _lines_with_faults(self) -> set[int]:
        starts = self.tokens.starts
        return {
            self.places.line(max(bisect_right(starts, fault.primary.span.start) - 1, 0))
            for fault in self.tokens.faults
            if fault.severity is Severity.ERROR
        }

    def _is_at_line_end(self, index: int) -> bool:
        """Whether the fault is that the line before the token is not complete."""
        if self.tokens.kinds[index] in self.places.layout:
            return True
        return self.places.is_head(index) and index > 0 and not self.machine.complete()

    def fault_line(self, index: int) -> int:
        """The line that a fault at a token is on: the line before, where that is not complete."""
        return self.places.line(max(index - 1, 0) if self._is_at_line_end(index) else index)

    def fault_line_start(self, index: int) -> int:
        """The first token of the line that a fault at a token is on."""
        return self.places.line_start(max(index - 1, 0) if self._is_at_line_end(index) else index)
