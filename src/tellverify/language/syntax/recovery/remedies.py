"""Ways to repair single faults, so that parsing continues without loss.

A remedy gets the token that has no action. It returns the token to continue with, or None if it
does not fit the fault.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics import syntax as faults
from tellverify.language.syntax.ast import DurationValue
from tellverify.language.syntax.recovery.automaton import ParserAutomaton
from tellverify.language.syntax.recovery.complaints import Complaints
from tellverify.language.syntax.recovery.expectation import REMOVED, is_close
from tellverify.language.syntax.recovery.places import RecoveryPlaces
from tellverify.source.span import Span

_INSERTED: Final = ("AT", "BIG_ARROW", "EQUAL", "COLON", "OF", "ARROW", "COMMA", "BY", "FOR", "LET")
_SHOWN: Final = 40


class Remedies:
    """The remedies, and what they remember of one parse."""

    def __init__(
        self, machine: ParserAutomaton, places: RecoveryPlaces, complaints: Complaints
    ) -> None:
        self.machine = machine
        self.places = places
        self.complaints = complaints
        self.tokens = machine.tokens
        self.kinds = machine.kinds
        self.skipped = self.kinds.other + 1  # the kind of tokens that were taken out
        self.renamed: list[tuple[int, int]] = []  # keywords that were read as names
        self.broken_words: dict[int, str] = {}  # by column: how the last lost line there began
        self._name = self.kinds["NAME"]
        self._raw = self.kinds["RAW"]
        self._continuations = {self.kinds[name] for name in ("ARROW", "ARROW_ALL", "LBRACE")}
        self._foreign: set[str] = set()
        self._made_up: list[tuple[int, int]] = []  # blocks begun here: height and token
        self._owed = 0  # DEDENTs of the text that closed such a block

    def mend(self, index: int) -> int | None:
        """The result of the first remedy that fits."""
        if self.close_made_up_block(index) or self.close_unclosed_bracket(index):
            return index
        for remedy in (
            self.missing_alternative,
            self.foreign_name,
            self.unfinished_line,
            self.equal_on_next_line,
            self.deeper_line,
            self.brace_body,
            self.removed_statement,
            self.foreign_comment,
            self.stray_clause,
            self.bars_at_head,
            self.put_in,
            self.take_out,
        ):
            following = remedy(index)
            if following is not None:
                return following
        return None

    def missing_alternative(self, index: int) -> int | None:
        """A `timeout` without `on timeout` is reported at its head, and gets an empty one."""
        names = ("ON_TIMEOUT", "TIMEOUT", "BIG_ARROW", "LPAR", "RPAR")
        kinds = [self.kinds[name] for name in names]
        machine = self.machine
        if not machine.accepts(kinds[0]) or machine.accepts(self.kinds["REC"]):
            return None
        if not machine.survives((*kinds, self.tokens.kinds[index]), exact=len(kinds)):
            return None
        span = self.places.span(index)
        for value in machine.values:
            match value:
                case (DurationValue(), _, Span() as head):
                    span = head
                case _:
                    pass
        self.complaints.add(faults.timeout_without_alternative(self.tokens.path, span))
        for kind in kinds:
            machine.feed(kind, index, index)
        return index

    def foreign_name(self, index: int) -> int | None:
        """A name in letters of another script is read as a name; each is reported once."""
        if self.tokens.kinds[index] != self.kinds.foreign or not self.machine.survives(
            (self._name,)
        ):
            return None
        text = self.tokens.texts[index]
        if text not in self._foreign:
            self._foreign.add(text)
            self.complaints.add(
                faults.foreign_name(self.tokens.path, self.places.span(index), text)
            )
        self.tokens.kinds[index] = self._name
        return index

    def close_unclosed_bracket(self, index: int) -> bool:
        """Closes a bracket without partner, which the lexer reported, where that helps."""
        machine = self.machine
        token = self._innermost_unclosed()
        if token is None:
            return False
        closer = self.places.closers[self.tokens.kinds[token]]
        if not machine.survives((closer, self.tokens.kinds[index])):
            return False
        machine.feed(closer, index, index)
        return True

    def _innermost_unclosed(self) -> int | None:
        """The innermost open bracket, if it is one without partner."""
        height = self.machine.innermost_opener()
        token = self.machine.values[height - 2] if height > 1 else None
        return token if isinstance(token, int) and token in self.tokens.unclosed else None

    def unfinished_line(self, index: int) -> int | None:
        """A statement that could not be read beyond the end of its line ends there.

        Lines that end inside of a bracket do not count.
        """
        machine = self.machine
        height, name = machine.innermost_list()
        first = machine.first_token(height)
        if first is None or machine.innermost_opener() > height:
            return None
        if self.machine.complete() and self.places.is_head(index):
            return None
        line = self.places.line(first)
        heads = self.tokens.heads
        at, depth = first, 0
        while line < len(heads) and heads[line] < index:
            head = heads[line]
            while at < head:
                depth += self.places.depth_by(at)
                at += 1
            before = self.tokens.kinds[head - 1]
            if (
                depth <= 0
                and self.tokens.kinds[head] not in self._continuations
                and before not in self.places.layout
            ):
                break
            line += 1
        else:
            return None
        self.complaints.report_unfinished(head, "declaration" if name == "items" else "statement")
        machine.cut(height)
        while self.renamed and self.renamed[-1][0] >= head:
            token, kind = self.renamed.pop()
            self.tokens.kinds[token] = kind
        return head

    def equal_on_next_line(self, index: int) -> int | None:
        """`=` at the start of a deeper line is read as if it were on the line before."""
        tokens, equal = self.tokens, self.kinds["EQUAL"]
        if tokens.kinds[index] != self.kinds["INDENT"] or tokens.kinds[index + 1] != equal:
            return None
        if not self.machine.accepts(equal):
            return None
        head = self.places.span(self.places.line_start(index))
        what = self.tokens.text[head.start : head.end]
        span = self.places.span(index + 1)
        self.complaints.report(
            index + 1, faults.equals_on_later_line(self.tokens.path, span, head, what)
        )
        partner = self.places.partner(index)
        if tokens.kinds[index + 2] == self.kinds["INDENT"]:
            tokens.kinds[index] = tokens.kinds[partner] = self.skipped
            return index + 1
        for values in (tokens.kinds, tokens.starts, tokens.ends):
            values[index], values[index + 1] = values[index + 1], values[index]
        texts = tokens.texts
        texts[index], texts[index + 1] = texts[index + 1], texts[index]
        self.places.move_partner(index)
        return index

    def deeper_line(self, index: int) -> int | None:
        """A line that is indented where no block begins is read as if it were not."""
        numbers = self.tokens.kinds
        if numbers[index] != self.kinds["INDENT"]:
            return None
        if self._innermost_unclosed() is not None:
            return self.without_block(index)
        line = Span(
            self.tokens.starts[index + 1], self.tokens.ends[self.places.line_end(index + 1) - 1]
        )
        if self._may_have_payload():
            label = self._label_before(index)
            name = self.tokens.texts[label]
            place = self.places.span(label)
            self.complaints.report(
                index + 1, faults.swallowed_line(self.tokens.path, line, place, name)
            )
            return self.without_block(index)
        following = self.put_in(index)
        if following is not None:
            return following
        if not self.machine.survives(self.places.window_in_block(index)):
            return None
        helps = []
        if not self.machine.complete():
            helps = ["go on to a new line only before `->` or `{`, or inside brackets"]
        self.complaints.report(
            index + 1,
            faults.unexpected_indentation(self.tokens.path, self.places.span(index + 1), helps),
        )
        return self.without_block(index)

    def _may_have_payload(self) -> bool:
        return all(
            self.machine.survives((self.kinds[bracket], self._raw))
            for bracket in ("LBRACE", "LPAR")
        )

    def _label_before(self, index: int) -> int:
        while index and self.tokens.kinds[index] != self.kinds["COLON"]:
            index -= 1
        return index + 1

    def without_block(self, index: int) -> int:
        """Reads the block that begins at `index` as part of the one around it, if it can be."""
        partner = self.places.partner(index)
        in_place = self.machine.accepts(self.kinds["CONTINUE"])
        if not in_place and not self.machine.survives(self.places.window_in_block(index)):
            return partner + 1
        self.tokens.kinds[index] = self.tokens.kinds[partner] = self.skipped
        return index + 1

    def brace_body(self, index: int) -> int | None:
        """A body in braces is read as one in parentheses; behind `module` both braces go."""
        numbers = self.tokens.kinds
        if numbers[index] != self.kinds["LBRACE"] or index in self.tokens.unclosed:
            return None
        if self.machine.complete() == "declaration":
            self._report_brace(index)
            numbers[index] = numbers[self.places.partner(index)] = self.skipped
            return index + 1
        parens = (self.kinds["INDENT"], self.kinds["LPAR"])
        for missing in ((), ("EQUAL",), ("AT",), ("BIG_ARROW",), ("OF",)):
            before = [self.kinds[name] for name in missing]
            if all(self.machine.survives((*before, kind), exact=2) for kind in parens):
                break
        else:
            return None
        self._report_brace(index)
        for kind in before:
            self.machine.feed(kind, index, index)
        numbers[index], numbers[self.places.partner(index)] = self.kinds["LPAR"], self.kinds["RPAR"]
        return index

    def _report_brace(self, index: int) -> None:
        """One finding for a body in braces: its statements are those of another language."""
        opener = self.places.line_start(index)
        if opener == index and index:  # a brace on a line of its own belongs to the line above
            opener = self.places.line_start(index - 1)
        start = self.tokens.starts[opener]
        head = self.tokens.text[start : self.tokens.ends[index - 1]]
        self.complaints.report(
            index, faults.brace_body(self.tokens.path, self.places.span(index), head[-_SHOWN:])
        )
        first, last = self.places.line(index), self.places.line(self.places.partner(index))
        self.complaints.quiet_lines.update(range(first, last + 1))

    def removed_statement(self, index: int) -> int | None:
        """Report a statement of earlier versions by its name; no remedy reads on from it."""
        start = self.places.line_start(index)
        word = self.tokens.texts[start]
        if index - start != 1 or word not in REMOVED or self.machine.complete():
            return None
        fault = faults.removed_statement(
            self.tokens.path, self.places.span(start), word, REMOVED[word]
        )
        self.complaints.report(index, fault)
        return None

    def foreign_comment(self, index: int) -> int | None:
        """A line of another language: `// comment`, `# comment`, the fence of a code block."""
        texts = self.tokens.texts
        fences = texts[index : index + 3] == ["`"] * 3
        slashes = texts[index : index + 2] == ["/"] * 2
        if not (fences or slashes or (texts[index] == "#" and self.places.is_head(index))):
            return None
        self.complaints.report_syntax(index)
        return self.places.line_end(index)

    def stray_clause(self, index: int) -> int | None:
        """`on timeout =>` after a statement that is no timeout, or a broken one."""
        clauses = {self.kinds["ON_TIMEOUT"]: "timeout", self.kinds["ON_CANCEL"]: "cancel"}
        word = clauses.get(self.tokens.kinds[index])
        if word is None or self.machine.complete() != "statement":
            return None
        if not is_close(self.broken_words.get(self.places.column(index), ""), "timeout"):
            self.complaints.report_syntax(index)
        following = index + 2
        if self.tokens.kinds[following] == self.kinds["BIG_ARROW"]:
            following += 1
        self.machine.finish(index)
        if self.tokens.kinds[following] == self.kinds["INDENT"]:
            return self.without_block(following)
        return following

    def bars_at_head(self, index: int) -> int | None:
        """Branches at the column of their head are read as if they were deeper."""
        block = (self.kinds["INDENT"], self.kinds["BAR"])
        if self.tokens.kinds[index] != block[1] or not self.places.is_head(index):
            return None
        if not self.machine.survives(block):
            return None
        expected = ["an indented block of branches"]
        helps = ["indent the bars deeper than the line above"]
        found = "a bar at the column of its head"
        self.complaints.report(
            index,
            faults.syntax_error(self.tokens.path, self.places.span(index), expected, found, helps),
        )
        self.machine.feed(block[0], index, index)
        self._made_up.append((len(self.machine.states), index))
        return index

    def close_made_up_block(self, index: int) -> bool:
        """Closes a block that was begun here, once its end is reached."""
        machine = self.machine
        while self._made_up and not self._is_open(*self._made_up[-1]):
            self._made_up.pop()
            self._owed += 1
        is_innermost = bool(self._made_up) and machine.innermost_opener() == self._made_up[-1][0]
        if not (is_innermost or self._owed):
            return False
        if not machine.survives((self.kinds["DEDENT"], self.tokens.kinds[index])):
            return False
        machine.feed(self.kinds["DEDENT"], index, index)
        if is_innermost:
            self._made_up.pop()
        else:
            self._owed -= 1
        return True

    def _is_open(self, height: int, token: int) -> bool:
        machine = self.machine
        return (
            height <= len(machine.states)
            and machine.states[height - 1] in machine.opener_states
            and machine.values[height - 2] == token
        )

    def put_in(self, index: int) -> int | None:
        """A missing token before this one is put in, if that lets the parser go on."""
        window = self.places.window(index)
        for name in _INSERTED:
            kind = self.kinds[name]
            if self.machine.survives((kind, *window), exact=1):
                self.complaints.report_syntax(index)
                self.machine.feed(kind, index, index)
                return index
        return None

    def take_out(self, index: int) -> int | None:
        """A token that lets the parser go on once it is left out is left out."""
        kind = self.tokens.kinds[index]
        is_word = kind == self._name or self.kinds.first_keyword <= kind < self.kinds.foreign
        if (
            kind in self.places.layout
            or kind in self.places.closing
            or (is_word and self.places.is_head(index))
        ):
            return None
        if not self.machine.survives(self.places.window(index + 1)):
            return None
        self.complaints.report_syntax(index)
        return index + 1
