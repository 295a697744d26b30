"""The stack machine of the parser, as far as the recovery from faults needs it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, TypeAlias

from tellverify.language.syntax.ast import Name, Operation, RoleRef
from tellverify.language.syntax.build.protocols import Head
from tellverify.language.syntax.grammar import GrammarTables
from tellverify.language.syntax.token_lists import Kinds, Tokens
from tellverify.source.span import Span

Rules: TypeAlias = Sequence[tuple[int, int, Callable[..., object] | None]]

_LISTS: Final = (
    "items",
    "stmts",
    "branches",
    "par_branches",
    "arms",
    "locals",
    "effect_operations",
    "constructors",
)
_OPENERS: Final = ("INDENT", "LPAR", "LBRACE", "LSQB")
_PROBES: Final = (
    ("CONTINUE", "statement"),
    ("BAR", "branch"),
    ("FRAGMENT", "declaration"),
    ("PROTOCOL", "protocol"),
)
_EMPTY_LISTS: Final = (
    "no_items",
    "no_stmts",
    "no_branches",
    "no_blocks",
    "no_arms",
    "no_locals",
    "no_parts",
)


def start_of(value: object) -> int | None:
    """The offset where a name, a role, or the head of a declaration begins."""
    match value:
        case Name(span=span) | RoleRef(span=span) | Operation(span=span):
            return span.start
        case Head(start=start):
            return start
        case _:
            return None


class ParserAutomaton:
    """States and values of one parse, and questions about what could follow.

    `states` and `values` are shared with the loop of the parser; both change in place.
    """

    def __init__(self, tokens: Tokens, kinds: Kinds, language: GrammarTables, rules: Rules) -> None:
        self.tokens = tokens
        self.kinds = kinds
        self.rules = rules
        self.rows = language.actions
        self.gotos = language.gotos
        self.states: list[int] = [0]
        self.values: list[object] = []
        self._name = kinds["NAME"]
        self._language = language

    @cached_property
    def list_states(self) -> dict[int, str]:
        """The states in which a list has been read, with the name of the list."""
        numbers = {name: number for number, name in enumerate(self._language.nonterminals)}
        lists = {numbers[name]: name for name in _LISTS}
        return {
            state: lists[left]
            for goto in self.gotos
            for left, state in goto.items()
            if left in lists
        }

    @cached_property
    def opener_states(self) -> set[int]:
        """The states behind a token that opens something."""
        openers = {self.kinds[name] for name in _OPENERS}
        return {state for row in self.rows for kind, state in row.items() if kind in openers}

    @cached_property
    def _empty_lists(self) -> set[int]:
        return {
            -1 - number
            for number, (_, _, builder) in enumerate(self._language.rules)
            if builder in _EMPTY_LISTS
        }

    def survives(self, kinds: Iterable[int], *, exact: int = 0) -> bool:
        """Whether tokens of these kinds could be read next, one after the other.

        A keyword may stand for a name, except among the first `exact` ones.
        """
        states, rows = self.states, self.rows
        depth = len(states)
        more: list[int] = []
        for place, kind in enumerate(kinds):
            while True:
                row = rows[more[-1] if more else states[depth - 1]]
                action = row.get(kind)
                if action is None:
                    is_keyword = self.kinds.first_keyword <= kind < self.kinds.foreign
                    if not is_keyword or place < exact:
                        return False
                    kind = self._name
                    continue
                if action > 0:
                    more.append(action)
                    break
                if action == 0:
                    return True
                length, left, _ = self.rules[-1 - action]
                kept = max(len(more) - length, 0)
                depth -= length - (len(more) - kept)
                del more[kept:]
                more.append(self.gotos[more[-1] if more else states[depth - 1]][left])
        return True

    def accepts(self, kind: int) -> bool:
        """Whether a token of just this kind could be read next; keywords do not stand for names."""
        return kind in self.rows[self.states[-1]] and self.survives((kind,), exact=1)

    def expected(self) -> list[str]:
        """The terminals that could be read next, in the order of the tables."""
        terminals = self._language.terminals
        return [name for number, name in enumerate(terminals) if self.accepts(number)]

    def begins(self, nonterminal: str) -> bool:
        """Whether a construct of this kind can begin right here."""
        number = self._language.nonterminals.index(nonterminal)
        return number in self.gotos[self.states[-1]]

    def feed(self, kind: int, value: object, index: int) -> None:
        """Reads a token that is not in the text, in front of token `index`."""
        while True:
            action = self.rows[self.states[-1]][kind]
            if action > 0:
                self.states.append(action)
                self.values.append(value)
                return
            self.reduce(-1 - action, index)

    def reduce(self, rule: int, index: int) -> None:
        """Applies a rule in front of token `index`."""
        length, left, build = self.rules[rule]
        cut = len(self.values) - length
        arguments = self.values[cut:]
        del self.values[cut:], self.states[len(self.states) - length :]
        end = self.tokens.ends[index - 1]
        self.values.append(build(self.tokens, end, *arguments) if build else arguments[0])
        self.states.append(self.gotos[self.states[-1]][left])

    def settle(self, kind: int, index: int) -> None:
        """Completes what would be complete if a token of this kind came next."""
        while (action := self.rows[self.states[-1]].get(kind, 1)) < 0:
            self.reduce(-1 - action, index)

    def complete(self) -> str:
        """The complete part before a token without action; empty if some part is incomplete."""
        for name, word in _PROBES:
            if self.accepts(self.kinds[name]):
                return word
        return ""

    def finish(self, index: int) -> None:
        """Puts the complete part in front of token `index` into its list."""
        for name, _ in _PROBES:
            if self.accepts(self.kinds[name]):
                self.settle(self.kinds[name], index)
                return

    def begin_list(self, index: int) -> None:
        """Begins the list that must begin here, so that broken elements can be left out of it."""
        if self.states[-1] == 0 or self.states[-1] in self.opener_states:
            for action in self.rows[self.states[-1]].values():
                if action in self._empty_lists:
                    self.reduce(-1 - action, index)
                    return

    def innermost_list(self) -> tuple[int, str]:
        """How many states there are up to the innermost list, and what it is a list of."""
        for height in range(len(self.states), 0, -1):
            name = self.list_states.get(self.states[height - 1])
            if name is not None:
                return height, name
        raise AssertionError("the list of the items is always open")

    def first_token(self, height: int) -> int | None:
        """The first token of what stands above `height` states; None if nothing does."""
        if len(self.states) == height:
            return None
        value = self.values[height - 1]
        if isinstance(value, tuple):
            value = value[-1] if value else None
            start = value.start if isinstance(value, Span) else value
        elif isinstance(value, int):
            return value
        else:
            start = start_of(value)
        return bisect_right(self.tokens.starts, start) - 1 if isinstance(start, int) else None

    def innermost_opener(self) -> int:
        """How many states there are up to the innermost open bracket or block; 0 without one."""
        for height in range(len(self.states), 0, -1):
            if self.states[height - 1] in self.opener_states:
                return height
        return 0

    def cut(self, height: int) -> int:
        """Gives up all symbols above `height` states; the number of open brackets among them."""
        unclosed = self.tokens.unclosed
        given_up = sum(
            self.states[place] in self.opener_states and self.values[place - 1] not in unclosed
            for place in range(height, len(self.states))
        )
        del self.states[height:], self.values[height - 1 :]
        return given_up
