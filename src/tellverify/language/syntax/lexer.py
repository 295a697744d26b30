"""Text to tokens, with indentation turned into INDENT and DEDENT.

The layout rule: at the first code of a line that begins outside of brackets and does not begin
with `->` or `{`, the indentation is compared with a stack of open columns. A deeper line opens a
block, and a shallower line closes blocks down to its column.
"""

from __future__ import annotations

import re
from typing import Final

from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.syntax import UNCLOSED_BRACKET
from tellverify.language.syntax.ast import Comment
from tellverify.language.syntax.grammar import END as END_NAME
from tellverify.language.syntax.token_lists import Kinds, Tokens
from tellverify.language.syntax.words_as_names import read_words_as_names
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_TOKEN: Final = r"""[ \t\r]*+(?:
 ([A-Za-z][A-Za-z0-9_]*+(?!\w)|->\*?|=>|\.\.|[:,.=|<>*])   # 1 word or mark
|(\n[ \t\r\n]*+)                                           # 2 end of a line
|([(\[]|\{(?!-))                                           # 3 opening bracket
|([)\]}])                                                  # 4 closing bracket
|([0-9]++(?:(?:ms|[smh])(?!\w))?)                          # 5 number or duration
|("[^"]*"|"[^"\n]*)                                        # 6 string, the second one unclosed
|(--[^\r\n]*|\{-(?s:.)*?-\})                               # 7 comment
|(\{-)                                                     # 8 unclosed comment
|([^\W\d]\w*)                                              # 9 word outside of the language
|((?s:.))                                                  # 10 anything else
|\Z)"""
_PATTERN: Final = re.compile(_TOKEN, re.VERBOSE)
_ONE_LINE_STRINGS: Final = re.compile(_TOKEN.replace('"[^"]*"|', '"[^"\\n]*"|'), re.VERBOSE)

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_LONE_RETURN: Final = re.compile("\r(?!\n)")
_LEADING_TAB: Final = re.compile("^ *\t", re.MULTILINE)
_LEADING_SPACES: Final = re.compile("^ *(?=[^ \r\n])", re.MULTILINE)
_COLUMN_ONE: Final = re.compile("^[^ \r\n]", re.MULTILINE)
_TAB_WIDTH: Final = 8
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def tokenize(source: SourceFile, kinds: Kinds) -> Tokens:
    """The tokens of `source`. Every text has tokens; faults are in `Tokens.faults`."""
    text, found = _readable(source)
    lexer = _Lexer(source, text, kinds)
    lexer.run(_PATTERN, frozenset())
    if lexer.string_left_open and lexer.string_over_lines:
        lexer.run(_ONE_LINE_STRINGS, frozenset())
    if lexer.left_open:
        pattern = _ONE_LINE_STRINGS if lexer.one_line_strings else _PATTERN
        lexer.run(pattern, frozenset(lexer.left_open))
    tokens = lexer.tokens
    tokens.faults[:0] = found
    read_words_as_names(tokens, lexer.keywords, kinds)
    return tokens


def _readable(source: SourceFile) -> tuple[str, list[Diagnostic]]:
    """The text without characters that have no meaning, at the same offsets, and findings."""
    text, path = source.text, source.path
    found: list[Diagnostic] = []
    if text.startswith("\ufeff"):
        found.append(faults.byte_order_mark(path))
        text = "\n" + text[1:]  # so that it takes no part in the indentation of the first line
    if first := _CONTROL.search(text):
        more = len(_CONTROL.findall(text)) - 1
        found.append(faults.control_character(path, Span(*first.span()), first[0], more))
        text = _CONTROL.sub(" ", text)
    if "\r" in text and (first := _LONE_RETURN.search(text)):
        more = len(_LONE_RETURN.findall(text)) - 1
        found.append(faults.lone_carriage_return(path, Span(*first.span()), more))
        text = _LONE_RETURN.sub("\n", text)
    return text, found


class _Lexer:
    """One text on its way to tokens; `run` starts over."""

    def __init__(self, source: SourceFile, text: str, kinds: Kinds) -> None:
        self.path = source.path
        self.original = source.text
        self.text = text
        self.kinds = kinds
        self.has_tabs = "\t" in text and _LEADING_TAB.search(text) is not None
        self.base = _common_indentation(text)
        self.run_from_scratch()

    def run_from_scratch(self) -> None:
        """Forgets the tokens of an earlier run."""
        self.tokens = Tokens(self.path, self.original)
        self.keywords: list[int] = []
        self.columns = [self.base]
        self.open: list[tuple[str, int]] = []  # brackets with their offsets
        self.open_counts = {"(": 0, "[": 0, "{": 0}
        self.left_open: list[int] = []  # offsets of brackets without partner
        self.comment_at = -1  # a block comment that stands first on its line
        self.comment_column = 0
        self.tolerated = (0, 0)  # a column between two open ones that was reported
        self.string_left_open = False
        self.string_over_lines = False
        self.one_line_strings = False

    def run(self, pattern: re.Pattern[str], ignored: frozenset[int]) -> None:
        """Reads the whole text; brackets at the `ignored` offsets do not suspend the layout."""
        self.run_from_scratch()
        self.one_line_strings = pattern is _ONE_LINE_STRINGS
        tokens = self.tokens
        if self.has_tabs:
            self._report_tabs()
        kinds, starts, ends, texts = tokens.kinds, tokens.starts, tokens.ends, tokens.texts
        words, keywords = self.kinds.words, self.keywords
        name, first_keyword = self.kinds["NAME"], self.kinds.first_keyword
        self._begin_line(0, len(self.text) - len(self.text.lstrip(" \t\r")))
        for match in pattern.finditer(self.text):
            group = match.lastindex
            if group == 1:
                word = match[1]
                kind = words.get(word, name)
                if kind >= first_keyword:
                    keywords.append(len(kinds))
                kinds.append(kind)
                starts.append(match.start(1))
                ends.append(match.end())
                texts.append(word)
            elif group == 2:
                end = match.end()
                self._begin_line(self.text.rfind("\n", match.start(2), end) + 1, end)
            elif group is not None and not self._rare_token(match, group, ignored):
                break
        self._finish()

    def _rare_token(self, match: re.Match[str], group: int, ignored: frozenset[int]) -> bool:
        """A token with more to it than its text; False if the rest of the text is in it."""
        start, end = match.span(group)
        word = match[group]
        kinds = self.kinds
        if group == 3:
            if start in ignored:
                self.tokens.unclosed.add(len(self.tokens.kinds))
                self._report(faults.unclosed_bracket(self.path, Span(start, end), word))
            else:
                self.open.append((word, start))
                self.open_counts[word] += 1
            self._append(kinds.words[word], start, end, word)
        elif group == 4:
            if self._close(word):
                self._append(kinds.words[word], start, end, word)
            else:
                self._report(faults.unmatched_bracket(self.path, Span(start, end), word))
        elif group == 5:
            self._append(kinds["DURATION" if word[-1] > "9" else "INT"], start, end, word)
        elif group == 6:
            self._string(start, end, word)
        elif group == 7:
            self._comment(start, end, word)
        elif group == 8:
            self._report(faults.unclosed_comment(self.path, Span(start, end)))
            self.tokens.comments.append(Comment(self.original[start:], Span(start, len(self.text))))
            return False
        else:
            self._append(kinds.foreign if group == 9 else kinds.other, start, end, word)
        return True

    def _append(self, kind: int, start: int, end: int, text: str) -> None:
        tokens = self.tokens
        tokens.kinds.append(kind)
        tokens.starts.append(start)
        tokens.ends.append(end)
        tokens.texts.append(text)

    def _report(self, fault: Diagnostic) -> None:
        self.tokens.faults.append(fault)

    def _close(self, closer: str) -> bool:
        """Takes the partner of `closer` off the open brackets; those above it have none."""
        opener = _PAIRS[closer]
        if not self.open_counts[opener]:
            return False
        while True:
            bracket, offset = self.open.pop()
            self.open_counts[bracket] -= 1
            if bracket == opener:
                return True
            self.left_open.append(offset)

    def _string(self, start: int, end: int, word: str) -> None:
        if len(word) < 2 or word[-1] != '"':
            self.string_left_open = True
            self._forget_brackets_before(start)
            self._report(faults.unclosed_string(self.path, Span(start, start + 1)))
        elif word.endswith('\\"') and (len(word) - 1 - len(word[:-1].rstrip("\\"))) % 2:
            self._report(faults.escaped_quote(self.path, Span(end - 2, end)))
        elif "\n" in word:
            self.string_over_lines = True
            if not self.open:
                self._report(faults.string_over_lines(self.path, Span(start, start + 1)))
        self._append(self.kinds["STRING"], start, end, word)

    def _forget_brackets_before(self, start: int) -> None:
        """An open string hides closing brackets: those open on its line are no faults."""
        found = self.tokens.faults
        while found and found[-1].code is UNCLOSED_BRACKET:
            if "\n" in self.text[found[-1].primary.span.start : start]:
                return
            found.pop()

    # Layout

    def _begin_line(self, line_start: int, first: int) -> None:
        """The layout at the first character `first` of the line that begins at `line_start`."""
        text = self.text
        tokens = self.tokens
        if not self.open and first < len(text):
            char = text[first]
            if char == "-" or char == "{":
                following = text[first + 1 : first + 2]
                if char == "{" and following == "-":
                    self.comment_at = first
                    self.comment_column = self._column(line_start, first)
                    return
                if char == "{" or following == ">":
                    tokens.heads.append(len(tokens.kinds))
                    return
                if following == "-":
                    return
            elif char == "\n":
                return
            column = first - line_start
            if self.has_tabs:
                column = self._column(line_start, first)
            if column != self.columns[-1]:
                self._move(column, first)
        tokens.heads.append(len(tokens.kinds))

    def _column(self, line_start: int, first: int) -> int:
        if self.has_tabs:
            return len(self.text[line_start:first].expandtabs(_TAB_WIDTH))
        return first - line_start

    def _move(self, column: int, first: int) -> None:
        """Opens a block at `column`, or closes blocks down to it."""
        columns = self.columns
        if column > columns[-1]:
            columns.append(column)
            self._append(self.kinds["INDENT"], first, first, "")
            return
        end = self.tokens.ends[-1] if self.tokens.ends else first
        while len(columns) > 1 and columns[-1] > column:
            if columns[-2] < column:
                place = (len(columns), column)
                if place != self.tolerated and not self.has_tabs:
                    self._report_inconsistent(column, columns[-2], first)
                self.tolerated = place
                return
            columns.pop()
            self._append(self.kinds["DEDENT"], end, end, "")

    def _comment(self, start: int, end: int, word: str) -> None:
        self.tokens.comments.append(Comment(self.original[start:end], Span(start, end)))
        over_lines = word[0] == "{" and "\n" in word
        if self.open or not (over_lines or start == self.comment_at):
            return
        column = self.comment_column
        if over_lines:
            line_start = self.text.rfind("\n", start, end) + 1
            column = self._column(line_start, _past(_BLANKS, self.text, line_start))
        code = _past(_BLANKS, self.text, end)
        following = self.text[code : code + 2]
        if following == "{-":
            self.comment_at, self.comment_column = code, column
        elif following and following[0] != "\n" and following != "--":
            if following != "->" and column != self.columns[-1]:
                self._report(faults.comment_before_code(self.path, Span(start, start + 2)))
                self._move(column, code)
            self.tokens.heads.append(len(self.tokens.kinds))

    def _finish(self) -> None:
        self.left_open.extend(offset for _, offset in self.open)
        self.open.clear()
        self._move(self.base, len(self.text))
        self.tokens.heads.append(len(self.tokens.kinds))
        self._append(self.kinds[END_NAME], len(self.text), len(self.text), "")

    def _report_tabs(self) -> None:
        lines = [match.end() for match in _LEADING_TAB.finditer(self.text)]
        first = Span(lines[0] - 1, lines[0])
        self._report(faults.tab_indentation(self.path, first, len(lines) - 1))

    def _report_inconsistent(self, column: int, outer: int, first: int) -> None:
        span = Span(first - column, first)
        self._report(faults.inconsistent_indentation(self.path, span, column + 1, outer + 1))


_BLANKS: Final = re.compile(r"[ \t\r]*")


def _past(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _common_indentation(text: str) -> int:
    """The number of spaces that every non-blank line begins with."""
    if _COLUMN_ONE.search(text):
        return 0
    return min((match.end() - match.start() for match in _LEADING_SPACES.finditer(text)), default=0)


# Words that could be a keyword or a name where they stand
