"""Syntax faults as diagnostics, at most one for each line."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

import msgspec

from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.wording import listed
from tellverify.language.syntax.grammar import END as END_NAME
from tellverify.language.syntax.recovery.automaton import ParserAutomaton
from tellverify.language.syntax.recovery.expectation import (
    BARS,
    REPEATED,
    advice,
    advice_by_word,
    expected_words,
)
from tellverify.language.syntax.recovery.places import RecoveryPlaces
from tellverify.source.span import Span

_SHOWN: Final = 40
_MOST_LINES: Final = 6
_FOLLOWS: Final = {"break": "loop", "else": "if", "elif": "if"}
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
        self.quiet_lines: set[int] = set()
        self._noted = 0  # findings whose lines are quiet
        self._words: set[str] = set()  # the first of each line with a fault
        self._said: dict[tuple[str, ...], tuple[int, list[int]]] = {}

    def report_syntax(self, index: int) -> None:
        """Report that the token cannot stand here: what was expected, what was found, and helps."""
        if self.is_quiet(index):
            return
        machine, tokens = self.machine, self.tokens
        complete = self.machine.complete()
        line_start = self.fault_line_start(index)
        helps = self._foreign_blank(index) or advice(machine, index, line_start)
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
        if self.is_quiet(index):
            return
        fault = faults.syntax_error(self.tokens.path, span, expected, found, helps)
        if not (helps and REPEATED.issuperset(helps) and self._is_said(fault)):
            self.report(index, fault)

    def _is_said(self, fault: Diagnostic) -> bool:
        """Whether this was said of another line: then that finding names this line too."""
        line = self.tokens.text.count("\n", 0, fault.primary.span.start) + 1
        key = (fault.primary.text, *fault.helps)
        if key not in self._said:
            self._said[key] = (len(self.tokens.faults), [])
            return False
        self.count += 1
        place, lines = self._said[key]
        lines.append(line)
        where = f"line{'s' if len(lines) > 1 else ''} {listed(list(map(str, lines)), _MOST_LINES)}"
        first = self.tokens.faults[place]
        self.tokens.faults[place] = msgspec.structs.replace(first, notes=(f"the same on {where}",))
        return True

    def report_unfinished(self, index: int, what: str) -> None:
        """Reports that a line ends in front of token `index` although its element continues."""
        self._note_faults()
        line = self.places.line(index - 1)
        word = self.tokens.texts[self.places.line_start(index - 1)]
        if line in self.quiet_lines or self._follows(word):
            return
        self.quiet_lines.add(line)
        self._words.add(word)
        end = self.tokens.ends[index - 1]
        expected = [f"the rest of the {what}"]
        found, helps = "the end of the line", advice_by_word(self.machine, word)
        self.add(faults.syntax_error(self.tokens.path, Span(end, end), expected, found, helps))

    def _follows(self, word: str) -> bool:
        """Whether a line that begins with `word` is part of a construct that was reported."""
        return _FOLLOWS.get(word) in self._words

    def _stray_word(self, index: int) -> int | None:
        """A word behind a complete statement, which cannot be the sender of another one."""
        machine = self.machine
        height, name = machine.innermost_list()
        if name != "stmts" or len(machine.states) != height + 1 or self.places.is_head(index - 1):
            return None
        if self.tokens.kinds[index - 1] in self.places.layout:
            return None
        statements = machine.values[height - 2]
        follows_roles = self.tokens.texts[self.places.line_start(index - 1)] == "roles"
        return index - 1 if statements or follows_roles else None

    def _foreign_blank(self, index: int) -> list[str]:
        """Advice on a blank that is no space."""
        text = self.tokens.texts[index]
        if not text.isspace():
            return []
        return [f"what looks like a space is {faults.character_name(text)}; write spaces only"]

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
            self._words.add(self.tokens.texts[self.fault_line_start(index)])
            self.add(fault)

    def add(self, fault: Diagnostic) -> None:
        """Report a fault, also on a line that has one."""
        self.count += 1
        self.tokens.faults.append(fault)

    def is_quiet(self, index: int) -> bool:
        """Whether a fault at a token is reported already, or follows from one that is."""
        self._note_faults()
        word = self.tokens.texts[self.fault_line_start(index)]
        return self.fault_line(index) in self.quiet_lines or self._follows(word)

    def _note_faults(self) -> None:
        """Notes the lines of what others have found in the meantime."""
        starts = self.tokens.starts
        for fault in self.tokens.faults[self._noted :]:
            if fault.severity is Severity.ERROR:
                token = max(bisect_right(starts, fault.primary.span.start) - 1, 0)
                self.quiet_lines.add(self.places.line(token))
        self._noted = len(self.tokens.faults)

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
