"""The tokens of a text in parallel lists, and the numbers of their kinds."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax.ast import Comment
from tellverify.language.syntax.grammar import GrammarTables


class Tokens:
    """The tokens of one text in parallel lists, and the faults that the lexer found.

    `heads` holds the index of the first token of every line. INDENT and DEDENT are empty; they
    end where the token before them ends. `unclosed` holds the indices of opening brackets that
    have no partner. `lost` is the offset of the last place that the parser could not read. The last
    token is the end of the file.
    """

    __slots__ = (
        "comments",
        "ends",
        "faults",
        "heads",
        "kinds",
        "lost",
        "path",
        "starts",
        "text",
        "texts",
        "unclosed",
    )

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.kinds: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.texts: list[str] = []
        self.heads: list[int] = []
        self.comments: list[Comment] = []
        self.unclosed: set[int] = set()
        self.faults: list[Diagnostic] = []
        self.lost = -1


class Kinds:
    """The numbers of the terminals that the lexer and the recovery know by name."""

    __slots__ = ("_numbers", "first_keyword", "foreign", "other", "words")

    def __init__(self, tables: GrammarTables) -> None:
        self._numbers = {name: number for number, name in enumerate(tables.terminals)}
        self.words = tables.words
        self.first_keyword = tables.first_keyword
        self.foreign = len(tables.terminals)
        self.other = self.foreign + 1

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]
