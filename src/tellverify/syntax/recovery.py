"""Goes on after a token that the tables have no entry for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from tellverify.diagnostics.build import syntax as faults
from tellverify.source.span import Span
from tellverify.syntax.grammar import Tables
from tellverify.syntax.lexer import Kinds, Tokens

Rules: TypeAlias = Sequence[tuple[int, int, Callable[..., object] | None]]


class Recovery:
    """Finds how to go on after a token that has no action."""

    def __init__(
        self,
        tokens: Tokens,
        kinds: Kinds,
        language: Tables,
        rules: Rules,
        states: list[int],
        values: list[object],
    ) -> None:
        self.tokens = tokens
        self.kinds = kinds
        self.language = language
        self.rules = rules
        self.states = states
        self.values = values
        self.name = kinds["NAME"]
        self.raw = kinds["RAW"]

    def resume(self, index: int) -> int:
        """Reports what is wrong at token `index`; the index to go on with."""
        row = self.language.actions[self.states[-1]]
        numbers = self.tokens.kinds
        kind = numbers[index]
        if self.raw in row:
            opening = numbers[index - 1]
            closer = {
                self.kinds["LPAR"]: self.kinds["RPAR"],
                self.kinds["LBRACE"]: self.kinds["RBRACE"],
                self.kinds["INDENT"]: self.kinds["DEDENT"],
            }[opening]
            while numbers[index] != closer:
                index += 1
            self.states.append(row[self.raw])
            self.values.append(index)
            return index
        if kind >= self.kinds.first_keyword and kind < self.kinds.foreign and self.name in row:
            numbers[index] = self.name
            return index
        span = Span(self.tokens.starts[index], self.tokens.ends[index])
        expected = [self.language.terminals[t] for t in row]
        found = f"`{self.tokens.texts[index]}`"
        self.tokens.faults.append(faults.syntax_error(self.tokens.path, span, expected, found))
        del self.states[2:], self.values[1:]
        return len(numbers) - 1
