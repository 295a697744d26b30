"""Where tokens stand: their lines, columns and partners."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from tellverify.language.syntax.grammar import END
from tellverify.language.syntax.token_lists import Kinds, Tokens
from tellverify.source.span import Span

_LOOKAHEAD: Final = 3
_PAIRS: Final = (("INDENT", "DEDENT"), ("LPAR", "RPAR"), ("LBRACE", "RBRACE"), ("LSQB", "RSQB"))


class RecoveryPlaces:
    """Questions about the places of the tokens of one text.

    A line is known by its number; INDENT and DEDENT belong to the line they end.
    """

    def __init__(self, tokens: Tokens, kinds: Kinds) -> None:
        self.tokens = tokens
        self.closers = {kinds[one]: kinds[two] for one, two in _PAIRS}
        self.closing = set(self.closers.values())
        self.layout = {kinds[name] for name in ("INDENT", "DEDENT", END)}
        self._columns: dict[int, int] = {}
        self._partners: dict[int, int] = {}

    def span(self, index: int) -> Span:
        """Where a token stands in the text."""
        return Span(self.tokens.starts[index], self.tokens.ends[index])

    def column(self, index: int) -> int:
        """The column where the line of a token begins, or the token itself for the first."""
        line = self.line(index)
        if line not in self._columns:
            start = self.tokens.starts[self.line_start(index)]
            self._columns[line] = start - self.tokens.text.rfind("\n", 0, start)
        return self._columns[line]

    def window(self, index: int) -> list[int]:
        """The kinds of the tokens from `index` on, as far as a remedy looks ahead."""
        return self.tokens.kinds[index : index + _LOOKAHEAD]

    def window_in_block(self, index: int) -> list[int]:
        """The kinds of the first tokens in the block that begins at `index`."""
        window: list[int] = []
        for kind in self.window(index + 1):
            if kind in self.layout:
                break
            window.append(kind)
        return window

    def line(self, index: int) -> int:
        """The number of the line of a token; INDENT and DEDENT end the line before."""
        return bisect_right(self.tokens.heads, index)

    def line_start(self, index: int) -> int:
        """The first token of the line of a token."""
        line = self.line(index)
        return self.tokens.heads[line - 1] if line else 0

    def line_end(self, index: int) -> int:
        """The first token at or behind `index` that is not on its line."""
        numbers = self.tokens.kinds
        index += 1
        while index < len(numbers) - 1 and not (
            numbers[index] in self.layout or self.is_head(index)
        ):
            index += 1
        return index

    def is_head(self, index: int) -> bool:
        """Whether a token is the first of its line."""
        line = self.line(index)
        return line > 0 and self.tokens.heads[line - 1] == index

    def depth_by(self, index: int) -> int:
        """How much deeper the text behind a token is in brackets that are closed somewhere."""
        kind = self.tokens.kinds[index]
        if kind in self.layout or index in self.tokens.unclosed:
            return 0
        return (kind in self.closers) - (kind in self.closing)

    def partner(self, index: int) -> int:
        """The token that closes the bracket or block that begins at `index`."""
        if not self._partners:
            opened: list[int] = []
            for place, kind in enumerate(self.tokens.kinds):
                if kind in self.closers and place not in self.tokens.unclosed:
                    opened.append(place)
                elif kind in self.closing and opened:
                    self._partners[opened.pop()] = place
        return self._partners[index]

    def move_partner(self, index: int) -> None:
        """Moves what opens a block one token on."""
        self._partners[index + 1] = self.partner(index)
