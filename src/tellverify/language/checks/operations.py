"""Operations that are begun and never ended, and ended but never begun.

`await`, `resolve` and `invalidate` end an operation. They may stand behind `begin` in its block or
in a block around it, and anywhere in the body of a loop or `rec` around it. In another body than
that of `begin` they may stand anywhere, since a `call` leads there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tellverify.diagnostics import evidence as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import child_blocks, preorder
from tellverify.language.syntax import ast


class Position(NamedTuple):
    """Where a block is: the block around it, the place of its statement there, its first place."""

    parent: int
    position: int
    start: int
    repeats: bool


def check_begun(where: Where, bodies: Sequence[ast.Block]) -> Iterator[Diagnostic]:
    """The findings for a protocol and its local protocols; one for each name never begun."""
    begun: dict[str, set[int]] = {}
    ended: dict[str, list[tuple[int, ast.Name, str]]] = {}
    for number, body in enumerate(bodies):
        for statement in preorder(body):
            if isinstance(statement, ast.Begin):
                begun.setdefault(statement.name.text, set()).add(number)
            elif isinstance(statement, ast.Await | ast.Resolve | ast.Invalidate):
                name, word = statement.name, type(statement).__name__.lower()
                ended.setdefault(name.text, []).append((number, name, word))
    for text, places in ended.items():
        if text not in begun:
            _, name, word = places[0]
            yield say.operation_not_begun(where, text, word, name.span)
    for number, body in enumerate(bodies):
        wanted = {
            text
            for text, places in begun.items()
            if number in places and all(other == number for other, _, _ in ended.get(text, ()))
        }
        if wanted:
            yield from _Ends(body, wanted).unfinished(where)


class _Ends:
    """The places in a body where operations begin and end."""

    def __init__(self, body: ast.Block, wanted: set[str]) -> None:
        self._blocks: list[Position] = []
        self._last: list[int] = []
        self._behind: dict[tuple[int, int], int] = {}
        self._begins: list[tuple[ast.Begin, int, int]] = []
        self._ends: dict[str, list[int]] = {}
        self._number(body, wanted)

    def _number(self, body: ast.Block, wanted: set[str]) -> None:
        stack: list[tuple[ast.Block, int, int, Position]] = []
        place = 0
        stack.append((body, 0, -1, Position(-1, 0, 0, False)))
        while stack:
            block, position, number, origin = stack.pop()
            if number < 0:
                number = len(self._blocks)
                self._blocks.append(origin._replace(start=place))
                self._last.append(place)
            if position:
                self._behind[number, position - 1] = place
            if position == len(block):
                self._last[number] = place
                continue
            stack.append((block, position + 1, number, origin))
            statement = block[position]
            place += 1
            if isinstance(statement, ast.Begin) and statement.name.text in wanted:
                self._begins.append((statement, number, place))
            elif isinstance(statement, ast.Await | ast.Resolve | ast.Invalidate):
                self._ends.setdefault(statement.name.text, []).append(place)
            repeats = isinstance(statement, ast.Loop | ast.Rec)
            inside = Position(number, position, 0, repeats)
            stack.extend((inner, 0, -1, inside) for inner in reversed(child_blocks(statement)))

    def unfinished(self, where: Where) -> Iterator[Diagnostic]:
        """A finding for each `begin` after which nothing ends the operation."""
        for begin, number, place in self._begins:
            if not self._is_ended(self._ends.get(begin.name.text, []), number, place):
                yield say.unfinished_operation(where, begin.name.text, begin.name.span)

    def _is_ended(self, ends: list[int], number: int, low: int) -> bool:
        while ends and number >= 0:
            parent, position, start, repeats = self._blocks[number]
            at = bisect_left(ends, start if repeats else low)
            if at < len(ends) and ends[at] <= self._last[number]:
                return True
            low = self._behind[parent, position] + 1 if parent >= 0 else low
            number = parent
        return False
