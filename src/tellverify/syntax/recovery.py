"""Goes on after a token that the tables have no entry for.

Three things are no faults: a keyword that stands for a name, opaque text, and tokens that an
earlier repair took out. Anything else is reported once, and mended in the first way that lets the
next tokens be read: a special remedy for the fault, one word put in, or one taken out. Where
nothing mends it, the statement is given up and reading goes on at the next one.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from tellverify.diagnostics.build import syntax as faults
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.source.span import Span
from tellverify.syntax.ast import Name
from tellverify.syntax.automaton import Automaton
from tellverify.syntax.expectation import ITEMS, REMOVED, advice, expected_words, is_close
from tellverify.syntax.grammar import END as END_NAME
from tellverify.syntax.lexer import Kinds, Tokens

MOST_FAULTS: Final = 100
_LOOKAHEAD: Final = 3
_INSERTED: Final = ("AT", "BIG_ARROW", "EQUAL", "COLON", "OF", "ARROW", "COMMA", "BY", "FOR", "LET")
_SHOWN: Final = 40
_PROBES: Final = (
    ("CONTINUE", "statement"),
    ("BAR", "branch"),
    ("FRAGMENT", "declaration"),
    ("PROTOCOL", "protocol"),
)
_ELEMENTS: Final = {
    "statement": "a statement",
    "branch": "`|`",
    "declaration": "a declaration",
    "protocol": "`protocol`",
}
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
_PAIRS: Final = (("INDENT", "DEDENT"), ("LPAR", "RPAR"), ("LBRACE", "RBRACE"), ("LSQB", "RSQB"))


class Recovery:
    """The faults of one parse; see the module."""

    def __init__(self, machine: Automaton) -> None:
        self.machine = machine
        self.tokens: Tokens = machine.tokens
        self.kinds: Kinds = machine.kinds
        self._name = self.kinds["NAME"]
        self._raw = self.kinds["RAW"]
        self._skipped = self.kinds.other + 1
        self._closers = {self.kinds[one]: self.kinds[two] for one, two in _PAIRS}
        self._brackets = set(self._closers.values())
        self._layout = {self.kinds[name] for name in ("INDENT", "DEDENT", "$END")}
        self._items = {self.kinds[name] for name in ITEMS}
        self._continuations = {self.kinds[name] for name in ("ARROW", "ARROW_ALL", "LBRACE")}
        blocks = (self.kinds["INDENT"],)
        in_brackets = {self.kinds[END_NAME]}
        self._ends_of_opaque = {
            kind: (self._layout - {self.kinds["DEDENT"]}) if kind in blocks else in_brackets
            for kind in self._closers
        }
        self._broken_word = ""  # the first of the last line that was given up
        self._broken_words: dict[int, str] = {}  # the same for every column
        self._partners: dict[int, int] = {}
        self._quiet_lines = self._lines_with_faults()
        self._foreign: set[str] = set()
        self._renamed: list[tuple[int, int]] = []  # keywords that were read as names
        self._reported = 0
        self._given_up_at = -1
        self._made_up: list[tuple[int, int]] = []  # blocks begun here: height and token
        self._owed = 0  # DEDENTs of the text that closed such a block

    def resume(self, index: int) -> int:
        """The token to go on with, after token `index` that has no action."""
        numbers = self.tokens.kinds
        row = self.machine.rows[self.machine.states[-1]]
        kind = numbers[index]
        if self._raw in row:
            return self._opaque_text(index, row[self._raw])
        if self.kinds.first_keyword <= kind < self.kinds.foreign and self._name in row:
            self._renamed.append((index, kind))
            numbers[index] = self._name
            return index
        if kind == self._skipped:
            return index + 1
        return self._fault(index)

    # Opaque text

    def _opaque_text(self, index: int, state: int) -> int:
        """Reads up to the closing bracket; the same kind of bracket may not stand inside."""
        numbers, unclosed = self.tokens.kinds, self.tokens.unclosed
        opening = index - 1
        closing = self._closers[numbers[opening]]
        line_end = self._line_end(index) if opening in unclosed else len(numbers)
        nested: list[int] = []
        depth = 1
        while index < line_end and numbers[index] not in self._ends_of_opaque[numbers[opening]]:
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
            self._report(
                nested[0], faults.nested_bracket(self.path, self._span(nested[0]), bracket)
            )
        self.machine.states.append(state)
        self.machine.values.append(index)
        return index

    # Faults

    def _fault(self, index: int) -> int:
        if len(self.machine.states) == 1:
            self.machine.begin_list(index)  # the list of the items
        if self._close_made_up_block(index) or self._close_unclosed_bracket(index):
            return index
        if self._reported > MOST_FAULTS:
            return self._stop(index)
        for remedy in (
            self._foreign_name,
            self._unfinished_line,
            self._equal_on_next_line,
            self._deeper_line,
            self._brace_body,
            self._removed_statement,
            self._foreign_comment,
            self._stray_clause,
            self._bars_at_head,
            self._put_in,
            self._take_out,
        ):
            following = remedy(index)
            if following is not None:
                return following
        self._report_syntax(index)
        return self._give_up(index)

    def _foreign_name(self, index: int) -> int | None:
        """A name in letters of another script is read as a name; each is reported once."""
        if self.tokens.kinds[index] != self.kinds.foreign or not self.machine.survives(
            (self._name,)
        ):
            return None
        text = self.tokens.texts[index]
        if text not in self._foreign:
            self._foreign.add(text)
            self._add(faults.foreign_name(self.path, self._span(index), text))
        self.tokens.kinds[index] = self._name
        return index

    def _close_unclosed_bracket(self, index: int) -> bool:
        """Closes a bracket without partner, which the lexer reported, where that helps."""
        machine = self.machine
        token = self._innermost_unclosed()
        if token is None:
            return False
        closer = self._closers[self.tokens.kinds[token]]
        if not machine.survives((closer, self.tokens.kinds[index])):
            return False
        machine.feed(closer, index, index)
        return True

    def _innermost_unclosed(self) -> int | None:
        """The innermost open bracket, if it is one without partner."""
        height = self.machine.innermost_opener()
        token = self.machine.values[height - 2] if height > 1 else None
        return token if isinstance(token, int) and token in self.tokens.unclosed else None

    def _unfinished_line(self, index: int) -> int | None:
        """A statement that could not be read beyond the end of its line ends there."""
        machine = self.machine
        height, name = machine.innermost_list()
        first = machine.first_token(height)
        if first is None or machine.innermost_opener() > height:
            return None
        if self._complete() and self._is_head(index):
            return None
        line = self._line(first)
        heads = self.tokens.heads
        while line < len(heads) and heads[line] < index:
            head = heads[line]
            before = self.tokens.kinds[head - 1]
            if self.tokens.kinds[head] not in self._continuations and before not in self._layout:
                break
            line += 1
        else:
            return None
        end = self.tokens.ends[head - 1]
        if self._line(head - 1) not in self._quiet_lines:
            self._quiet_lines.add(self._line(head - 1))
            what = "declaration" if name == "items" else "statement"
            expected = [f"the rest of the {what}"]
            self._add(
                faults.syntax_error(self.path, Span(end, end), expected, "the end of the line")
            )
        machine.cut(height)
        while self._renamed and self._renamed[-1][0] >= head:
            token, kind = self._renamed.pop()
            self.tokens.kinds[token] = kind
        return head

    def _equal_on_next_line(self, index: int) -> int | None:
        """`=` at the start of a deeper line is read as if it were on the line before."""
        tokens, equal = self.tokens, self.kinds["EQUAL"]
        if tokens.kinds[index] != self.kinds["INDENT"] or tokens.kinds[index + 1] != equal:
            return None
        if not self.machine.accepts(equal):
            return None
        head = self._span(self._line_start(index))
        what = self.tokens.text[head.start : head.end]
        span = self._span(index + 1)
        self._report(index + 1, faults.equals_on_later_line(self.path, span, head, what))
        partner = self._partner(index)
        if tokens.kinds[index + 2] == self.kinds["INDENT"]:
            tokens.kinds[index] = tokens.kinds[partner] = self._skipped
            return index + 1
        for values in (tokens.kinds, tokens.starts, tokens.ends):
            values[index], values[index + 1] = values[index + 1], values[index]
        texts = tokens.texts
        texts[index], texts[index + 1] = texts[index + 1], texts[index]
        self._partners[index + 1] = partner
        return index

    def _deeper_line(self, index: int) -> int | None:
        numbers = self.tokens.kinds
        if numbers[index] != self.kinds["INDENT"]:
            return None
        if self._innermost_unclosed() is not None:
            return self._without_block(index)
        line = Span(self.tokens.starts[index + 1], self.tokens.ends[self._line_end(index + 1) - 1])
        if self._may_have_payload():
            label = self._label_before(index)
            name = self.tokens.texts[label]
            place = self._span(label)
            self._report(index + 1, faults.swallowed_line(self.path, line, place, name))
            return self._without_block(index)
        following = self._put_in(index)
        if following is not None:
            return following
        if not self.machine.survives(self._window_in_block(index)):
            return None
        helps = []
        if not self._complete():
            helps = ["go on to a new line only before `->` or `{`, or inside brackets"]
        self._report(
            index + 1, faults.unexpected_indentation(self.path, self._span(index + 1), helps)
        )
        return self._without_block(index)

    def _may_have_payload(self) -> bool:
        return all(
            self.machine.survives((self.kinds[bracket], self._raw))
            for bracket in ("LBRACE", "LPAR")
        )

    def _label_before(self, index: int) -> int:
        while index and self.tokens.kinds[index] != self.kinds["COLON"]:
            index -= 1
        return index + 1

    def _without_block(self, index: int) -> int:
        """Reads the block that begins at `index` as part of the one around it, if it can be."""
        partner = self._partner(index)
        in_place = self.machine.accepts(self.kinds["CONTINUE"])
        if not in_place and not self.machine.survives(self._window_in_block(index)):
            return partner + 1
        self.tokens.kinds[index] = self.tokens.kinds[partner] = self._skipped
        return index + 1

    def _brace_body(self, index: int) -> int | None:
        """A body in braces is read as one in parentheses."""
        numbers = self.tokens.kinds
        if numbers[index] != self.kinds["LBRACE"] or index in self.tokens.unclosed:
            return None
        parens = (self.kinds["INDENT"], self.kinds["LPAR"])
        for missing in ((), ("EQUAL",), ("AT",), ("BIG_ARROW",), ("OF",)):
            before = [self.kinds[name] for name in missing]
            if all(self.machine.survives((*before, kind), exact=2) for kind in parens):
                break
        else:
            return None
        start = self.tokens.starts[self._line_start(index)]
        head = self.tokens.text[start : self.tokens.ends[index - 1]]
        self._report(index, faults.brace_body(self.path, self._span(index), head[-_SHOWN:]))
        for kind in before:
            self.machine.feed(kind, index, index)
        numbers[index], numbers[self._partner(index)] = self.kinds["LPAR"], self.kinds["RPAR"]
        return index

    def _removed_statement(self, index: int) -> int | None:
        start = self._line_start(index)
        word = self.tokens.texts[start]
        if index - start != 1 or word not in REMOVED or self._complete():
            return None
        fault = faults.removed_statement(self.path, self._span(start), word, REMOVED[word])
        self._report(index, fault)
        return self._give_up(index)

    def _foreign_comment(self, index: int) -> int | None:
        tokens = self.tokens
        if tokens.texts[index] != "/" or tokens.texts[index + 1] != "/":
            return None
        self._report_syntax(index)
        return self._line_end(index)

    def _stray_clause(self, index: int) -> int | None:
        """`on timeout =>` after a statement that is no timeout, or a broken one."""
        clauses = {self.kinds["ON_TIMEOUT"]: "timeout", self.kinds["ON_CANCEL"]: "cancel"}
        word = clauses.get(self.tokens.kinds[index])
        if word is None or self._complete() != "statement":
            return None
        if not is_close(self._broken_words.get(self._column(index), ""), "timeout"):
            self._report_syntax(index)
        following = index + 2
        if self.tokens.kinds[following] == self.kinds["BIG_ARROW"]:
            following += 1
        self._finish_statement(index)
        if self.tokens.kinds[following] == self.kinds["INDENT"]:
            return self._without_block(following)
        return following

    def _bars_at_head(self, index: int) -> int | None:
        """Branches at the column of their head are read as if they were deeper."""
        block = (self.kinds["INDENT"], self.kinds["BAR"])
        if self.tokens.kinds[index] != block[1] or not self._is_head(index):
            return None
        if not self.machine.survives(block):
            return None
        expected = ["an indented block of branches"]
        helps = ["indent the bars deeper than the line above"]
        found = "a bar at the column of its head"
        self._report(
            index, faults.syntax_error(self.path, self._span(index), expected, found, helps)
        )
        self.machine.feed(block[0], index, index)
        self._made_up.append((len(self.machine.states), index))
        return index

    def _close_made_up_block(self, index: int) -> bool:
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

    def _put_in(self, index: int) -> int | None:
        window = self._window(index)
        for name in _INSERTED:
            kind = self.kinds[name]
            if self.machine.survives((kind, *window), exact=1):
                self._report_syntax(index)
                self.machine.feed(kind, index, index)
                return index
        return None

    def _take_out(self, index: int) -> int | None:
        kind = self.tokens.kinds[index]
        is_word = kind == self._name or self.kinds.first_keyword <= kind < self.kinds.foreign
        if kind in self._layout or kind in self._brackets or (is_word and self._is_head(index)):
            return None
        if not self.machine.survives(self._window(index + 1)):
            return None
        self._report_syntax(index)
        return index + 1

    # Giving up a statement

    def _give_up(self, index: int) -> int:
        """Leaves the broken element out; the first token of the next, or of the enclosing end."""
        machine, numbers = self.machine, self.tokens.kinds
        start = self._fault_line_start(index)
        self._broken_word = self.tokens.texts[start]
        self._broken_words[self._column(start)] = self._broken_word
        self._finish_statement(index)
        machine.begin_list(index)
        height, name = machine.innermost_list()
        is_culprit = height == len(machine.states) and numbers[index] not in self._layout
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

    def _finish_statement(self, index: int) -> None:
        for name, _ in _PROBES:
            if self.machine.accepts(self.kinds[name]):
                self.machine.settle(self.kinds[name], index)
                return

    def _next_element(self, index: int, level: int, name: str) -> int:
        """Where the next element of a list begins, or the token that ends the list."""
        numbers, unclosed = self.tokens.kinds, self.tokens.unclosed
        indent = self.kinds["INDENT"]
        while numbers[index] != self.kinds[END_NAME]:
            kind = numbers[index]
            if kind in self._closers:
                if index not in unclosed:
                    if kind == indent and not level:
                        inner = self._enter(index, name)
                        if inner is not None:
                            return inner
                    level += 1
            elif kind in self._brackets:
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
        if not self._is_head(index):
            return False
        match name:
            case "items":
                return kind in self._items
            case "locals":
                return kind == self.kinds["PROTOCOL"]
            case _:
                return kind not in self._continuations

    def _enter(self, index: int, name: str) -> int | None:
        """Makes up a head for the block at `index`, so that what is in it can be read."""
        if self._broken_word == "where":
            return None
        if name == "stmts" and self.tokens.kinds[index + 1] != self.kinds["BAR"]:
            return self._without_block(index)
        made_up = Name("", Span(0, 0))
        names: list[Name] = []
        if name == "items":
            item = self._item_before(index)
            head = _ITEM_HEADS.get(self.tokens.texts[item], ())
            if self.tokens.kinds[item + 1] == self._name:
                names.append(Name(self.tokens.texts[item + 1], self._span(item + 1)))
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
        while index and not (self.tokens.kinds[index] in self._items and self._is_head(index)):
            index -= 1
        return index

    def _branching_head(self, index: int) -> tuple[str, ...]:
        after_label = self.tokens.kinds[index + 3] if index + 3 < len(self.tokens.kinds) else -1
        if after_label == self.kinds["LPAR"]:
            return ("CASE", "NAME", "OF")
        if after_label in (self.kinds["BIG_ARROW"], self.kinds["WHEN"]):
            return ("CHOICE", "NAME", "AT")
        return ("PAR",)

    def _stop(self, index: int) -> int:
        """Ends the reading of the file, with what was read."""
        self.machine.cut(2)
        return len(self.tokens.kinds) - 1

    # Reports

    def _report_syntax(self, index: int) -> None:
        if self._is_quiet(index):
            return
        machine, tokens = self.machine, self.tokens
        complete = self._complete()
        line_start = self._fault_line_start(index)
        helps = advice(machine, index, line_start)
        stray = self._stray_word(index)
        if stray is not None:
            index, complete = stray, "statement"
        if complete and not self._is_head(index):
            expected = [f"the end of the {complete}"]
        elif complete:
            expected = [_ELEMENTS[complete]]
        else:
            expected = expected_words(machine)
        if stray is None and self._is_at_line_end(index):
            end = tokens.ends[index - 1] if index else 0
            at_end = tokens.kinds[index] == self.kinds[END_NAME]
            found = f"the end of the {'file' if at_end else 'line'}"
            span = Span(end, end)
        else:
            found, span = self._found(index), self._span(index)
        self._report(index, faults.syntax_error(self.path, span, expected, found, helps))

    def _stray_word(self, index: int) -> int | None:
        """A word behind a complete statement, read as the sender of a next one in vain."""
        machine = self.machine
        height, name = machine.innermost_list()
        if name != "stmts" or len(machine.states) != height + 1 or self._is_head(index - 1):
            return None
        statements = machine.values[height - 2]
        follows_roles = self.tokens.texts[self._line_start(index - 1)] == "roles"
        return index - 1 if statements or follows_roles else None

    def _found(self, index: int) -> str:
        text = self.tokens.texts[index]
        if len(text) == 1 and not text.isascii():
            return f"`{text}`, {faults.character_name(text)}"
        if len(text) > _SHOWN or "\n" in text:
            text = text[:_SHOWN].partition("\n")[0] + "..."
        return f"`{text}`"

    def _report(self, index: int, fault: Diagnostic) -> None:
        """Reports a fault at a token, unless its line has one already."""
        if not self._is_quiet(index):
            self._quiet_lines.add(self._fault_line(index))
            self._add(fault)

    def _add(self, fault: Diagnostic) -> None:
        self._reported += 1
        self.tokens.faults.append(fault)

    def _is_quiet(self, index: int) -> bool:
        return self._fault_line(index) in self._quiet_lines

    def _lines_with_faults(self) -> set[int]:
        starts = self.tokens.starts
        return {
            self._line(max(bisect_right(starts, fault.primary.span.start) - 1, 0))
            for fault in self.tokens.faults
            if fault.severity is Severity.ERROR
        }

    # Places

    @property
    def path(self) -> str:
        """The path of the source."""
        return self.tokens.path

    def _span(self, index: int) -> Span:
        return Span(self.tokens.starts[index], self.tokens.ends[index])

    def _column(self, index: int) -> int:
        start = self.tokens.starts[index]
        return start - self.tokens.text.rfind("\n", 0, start)

    def _window(self, index: int) -> list[int]:
        return self.tokens.kinds[index : index + _LOOKAHEAD]

    def _window_in_block(self, index: int) -> list[int]:
        """The kinds of the first tokens in the block that begins at `index`."""
        window: list[int] = []
        for kind in self._window(index + 1):
            if kind in self._layout:
                break
            window.append(kind)
        return window

    def _line(self, index: int) -> int:
        """The number of the line of a token; INDENT and DEDENT end the line before."""
        return bisect_right(self.tokens.heads, index)

    def _line_start(self, index: int) -> int:
        line = self._line(index)
        return self.tokens.heads[line - 1] if line else 0

    def _line_end(self, index: int) -> int:
        """The first token at or behind `index` that is not on its line."""
        numbers = self.tokens.kinds
        index += 1
        while index < len(numbers) - 1 and not (
            numbers[index] in self._layout or self._is_head(index)
        ):
            index += 1
        return index

    def _is_head(self, index: int) -> bool:
        line = self._line(index)
        return line > 0 and self.tokens.heads[line - 1] == index

    def _is_at_line_end(self, index: int) -> bool:
        """Whether the fault is that the line before the token is not complete."""
        if self.tokens.kinds[index] in self._layout:
            return True
        return self._is_head(index) and index > 0 and not self._complete()

    def _fault_line(self, index: int) -> int:
        return self._line(max(index - 1, 0) if self._is_at_line_end(index) else index)

    def _fault_line_start(self, index: int) -> int:
        return self._line_start(max(index - 1, 0) if self._is_at_line_end(index) else index)

    def _complete(self) -> str:
        """What is complete in front of the token at fault; empty if something is not."""
        for name, word in _PROBES:
            if self.machine.accepts(self.kinds[name]):
                return word
        return ""

    def _partner(self, index: int) -> int:
        """The token that closes the bracket or block that begins at `index`."""
        if not self._partners:
            opened: list[int] = []
            for place, kind in enumerate(self.tokens.kinds):
                if kind in self._closers and place not in self.tokens.unclosed:
                    opened.append(place)
                elif kind in self._brackets and opened:
                    self._partners[opened.pop()] = place
        return self._partners[index]
