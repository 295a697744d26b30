"""Continues after a token for which the tables have no entry.

Three cases are not faults: a keyword that stands for a name, opaque text, and tokens that an
earlier repair took out. Anything else is reported once, and repaired in the first way that lets the
next tokens be read: a special remedy for the fault, one word put in, or one taken out. Where no
repair fits, the statement is skipped and parsing resumes at the next one.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics import syntax as faults
from tellverify.language.syntax.ast import Name
from tellverify.language.syntax.grammar import END as END_NAME
from tellverify.language.syntax.recovery.automaton import ParserAutomaton
from tellverify.language.syntax.recovery.complaints import Complaints
from tellverify.language.syntax.recovery.expectation import ITEMS
from tellverify.language.syntax.recovery.places import RecoveryPlaces
from tellverify.language.syntax.recovery.remedies import Remedies
from tellverify.source.span import Span

MOST_FAULTS: Final = 100
_BARRED: Final = ("branches", "par_branches", "arms", "constructors")
_HEADS: Final = {
    "branches": ("BAR", "NAME", "BIG_ARROW"),
    "arms": ("BAR", "NAME", "BIG_ARROW"),
    "par_branches": ("BAR",),
    "locals": ("PROTOCOL", "NAME", "EQUAL"),
}
_ITEM_HEADS: Final = {
    "protocol": ("PROTOCOL", "NAME", "EQUAL"),
    "operation": ("OPERATION", "NAME", "AT", "NAME", "EQUAL"),
    "effect": ("EFFECT", "NAME"),
}


class Recovery:
    """The recovery of one parse; see the module."""

    def __init__(self, machine: ParserAutomaton) -> None:
        self.machine = machine
        self.tokens = machine.tokens
        self.kinds = machine.kinds
        self.places = RecoveryPlaces(self.tokens, self.kinds)
        self.complaints = Complaints(machine, self.places)
        self.remedies = Remedies(machine, self.places, self.complaints)
        self._name = self.kinds["NAME"]
        self._raw = self.kinds["RAW"]
        self._ends = {self.kinds["INDENT"], self.kinds[END_NAME]}
        self._items = {self.kinds[name] for name in ITEMS}
        self._continuations = {self.kinds[name] for name in ("ARROW", "ARROW_ALL", "LBRACE")}
        self._broken_word = ""  # the first of the last line that was given up
        self._given_up_at = -1

    def resume(self, index: int) -> int:
        """The token to continue with, after token `index` that has no action."""
        numbers = self.tokens.kinds
        row = self.machine.rows[self.machine.states[-1]]
        kind = numbers[index]
        if self._raw in row:
            return self._opaque_text(index, row[self._raw])
        if self.kinds.first_keyword <= kind < self.kinds.foreign and self._name in row:
            self.remedies.renamed.append((index, kind))
            numbers[index] = self._name
            return index
        if kind == self.remedies.skipped:
            return index + 1
        return self._fault(index)

    def _opaque_text(self, index: int, state: int) -> int:
        """Reads up to the closing bracket; the same kind of bracket may not stand inside."""
        numbers, unclosed = self.tokens.kinds, self.tokens.unclosed
        opening = index - 1
        closing = self.places.closers[numbers[opening]]
        line_end = self.places.line_end(index) if opening in unclosed else len(numbers)
        nested: list[int] = []
        depth = 1
        while index < line_end and numbers[index] not in self._ends:
            kind = numbers[index]
            if kind == closing:
                depth -= 1
                if not depth:
                    break
            elif kind == numbers[opening] and index not in unclosed:
                nested.append(index)
                depth += 1
            index += 1
        if nested and not depth:
            bracket = self.tokens.texts[opening]
            self.complaints.report(
                nested[0],
                faults.nested_bracket(self.tokens.path, self.places.span(nested[0]), bracket),
            )
        self.machine.states.append(state)
        self.machine.values.append(index)
        return index

    def _fault(self, index: int) -> int:
        self.tokens.lost = max(self.tokens.lost, self.tokens.starts[index])
        if len(self.machine.states) == 1:
            self.machine.begin_list(index)  # the list of the items
        if self.complaints.count > MOST_FAULTS:
            return self._stop()
        following = self.remedies.mend(index)
        if following is not None:
            return following
        self.complaints.report_syntax(index)
        return self._give_up(index)

    def _give_up(self, index: int) -> int:
        """Leaves the broken element out; the first token of the next, or of the enclosing end."""
        machine, numbers = self.machine, self.tokens.kinds
        start = self.complaints.fault_line_start(index)
        self._broken_word = self.tokens.texts[start]
        self.remedies.broken_words[self.places.column(start)] = self._broken_word
        self.machine.finish(index)
        machine.begin_list(index)
        height, name = machine.innermost_list()
        is_culprit = height == len(machine.states) and numbers[index] not in self.places.layout
        level = machine.cut(height)
        following = self._next_element(index + is_culprit, level, name)
        while numbers[following] == self.kinds[END_NAME] and not machine.accepts(
            numbers[following]
        ):
            machine.cut(height - 1)
            height, _ = machine.innermost_list()
            machine.cut(height)
        if following == self._given_up_at and numbers[following] != self.kinds[END_NAME]:
            following += 1
        self._given_up_at = following
        return following

    def _next_element(self, index: int, level: int, name: str) -> int:
        """Where the next element of a list begins, or the token that ends the list."""
        numbers, unclosed = self.tokens.kinds, self.tokens.unclosed
        indent = self.kinds["INDENT"]
        while numbers[index] != self.kinds[END_NAME]:
            kind = numbers[index]
            if kind in self.places.closers:
                if index not in unclosed:
                    if kind == indent and not level:
                        inner = self._enter(index, name)
                        if inner is not None:
                            return inner
                    level += 1
            elif kind in self.places.closing:
                if not level:
                    return index
                level -= 1
            elif not level and self._begins_element(index, name):
                return index
            index += 1
        return index

    def _begins_element(self, index: int, name: str) -> bool:
        kind = self.tokens.kinds[index]
        if name in _BARRED:
            return kind == self.kinds["BAR"]
        if not self.places.is_head(index):
            return False
        match name:
            case "items":
                return kind in self._items
            case "locals":
                return kind == self.kinds["PROTOCOL"]
            case _:
                return kind not in self._continuations

    def _enter(self, index: int, name: str) -> int | None:
        """Makes up a head for the block at `index`, so that its content can be read."""
        if self._broken_word == "where":
            return None
        if name == "stmts" and self.tokens.kinds[index + 1] != self.kinds["BAR"]:
            return self.remedies.without_block(index)
        made_up = Name("", Span(0, 0))
        names: list[Name] = []
        if name == "items":
            item = self._item_before(index)
            head = _ITEM_HEADS.get(self.tokens.texts[item], ())
            if self.tokens.kinds[item + 1] == self._name:
                names.append(Name(self.tokens.texts[item + 1], self.places.span(item + 1)))
        elif name == "stmts":
            head = self._branching_head(index)
        else:
            head = _HEADS.get(name, ())
        for word in head:
            if word == "NAME":
                self.machine.feed(self._name, names.pop() if names else made_up, index)
            else:
                self.machine.feed(self.kinds[word], index, index)
        return index if head else None

    def _item_before(self, index: int) -> int:
        while index and not (
            self.tokens.kinds[index] in self._items and self.places.is_head(index)
        ):
            index -= 1
        return index

    def _branching_head(self, index: int) -> tuple[str, ...]:
        after_label = self.tokens.kinds[index + 3] if index + 3 < len(self.tokens.kinds) else -1
        if after_label == self.kinds["LPAR"]:
            return ("CASE", "NAME", "OF")
        if after_label in (self.kinds["BIG_ARROW"], self.kinds["WHEN"]):
            return ("CHOICE", "NAME", "AT")
        return ("PAR",)

    def _stop(self) -> int:
        """Ends the reading of the file, with what was read."""
        self.machine.cut(2)
        return len(self.tokens.kinds) - 1
