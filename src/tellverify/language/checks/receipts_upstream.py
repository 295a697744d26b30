"""Telltale's count of the uses of receipts, which goes by letters and not by names.

A receipt passes there when its name occurs exactly once in the texts of the statements that
follow in the same block, and that occurrence is a statement of the block itself and not of a
block inside it. For a receipt of `let ... in` only the scrutinee of a `case` in the suite passes.
In a body with more than 32 names of receipts whole words are counted instead of letters.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from tellverify.language.checks.receipt_uses import ReceiptText, counted_texts
from tellverify.language.checks.walk import child_blocks
from tellverify.language.syntax import ast
from tellverify.source.span import Span

MAX_NAMES: Final = 32
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


class Occurrence(NamedTuple):
    """`times` the name, in the statement with this number; `block` is the one around it.

    `whole`: it is a word there, and not a part of one.
    """

    number: int
    times: int
    span: Span
    block: int
    scrutinee: bool
    whole: bool


class Counting:
    """The occurrences of the names of receipts in one body."""

    def __init__(self, body: ast.Block) -> None:
        self._scopes: dict[int, tuple[int, int, int]] = {}
        self._numbered: list[tuple[ast.Statement, int]] = []
        self._number(body)
        self._found: dict[str, list[Occurrence]] = {}
        self._collect()

    def occurrences(self, let: ast.Let, most: int) -> Sequence[Occurrence]:
        """The first places that Telltale takes for uses of the receipt that `let` binds."""
        start, end, _ = self._scopes[id(let)]
        found = self._found.get(let.name.text, [])
        low = bisect_left(found, start, key=lambda each: each.number)
        return [each for each in found[low : low + most] if each.number < end]

    def accepts(self, let: ast.Let) -> bool:
        """True when Telltale is content with the uses of the receipt that `let` binds."""
        start, end, block = self._scopes[id(let)]
        found = self._found.get(let.name.text, [])
        low = bisect_left(found, start, key=lambda each: each.number)
        if low == len(found) or found[low].number >= end:
            return False
        if low + 1 < len(found) and found[low + 1].number < end:
            return False
        _, count, _, where, scrutinee, _ = found[low]
        if count != 1 or where != block:
            return False
        if let.body is not None:
            return scrutinee
        return block == 0 or not scrutinee

    def _number(self, body: ast.Block) -> None:
        """Numbers all statements in source order; the block of a single branch is no block."""
        blocks = 1
        stack: list[tuple[ast.Block, int, int]] = [(body, 0, 0)]
        waiting: list[list[tuple[ast.Let, int]]] = [[]]
        while stack:
            block, position, number = stack.pop()
            if position == len(block):
                for let, after in waiting.pop():
                    self._scopes[id(let)] = (after, len(self._numbered), number)
                continue
            stack.append((block, position + 1, number))
            statement = block[position]
            self._numbered.append((statement, number))
            inner = child_blocks(statement)
            single = len(inner) == 1 and isinstance(statement, ast.Choice | ast.Case)
            for child in reversed(inner):
                stack.append((child, 0, number if single else blocks))
                blocks += 0 if single else 1
            waiting.extend([] for _ in inner)
            match statement:
                case ast.Let(value=ast.Transfer()):
                    waiting[-1].append((statement, len(self._numbered)))
                case ast.Send() | ast.Broadcast() | ast.Choice() | ast.Par() | ast.Loop():
                    pass
                case ast.Rec() | ast.Continue() | ast.Call() | ast.Let() | ast.Case():
                    pass
                case ast.Timeout() | ast.OperationStatement():
                    pass

    def _collect(self) -> None:
        names = list(
            dict.fromkeys(
                statement.name.text
                for statement, _ in self._numbered
                if isinstance(statement, ast.Let) and isinstance(statement.value, ast.Transfer)
            )
        )
        by_letters = len(names) <= MAX_NAMES
        known = set(names)
        for number, (statement, block) in enumerate(self._numbered):
            scrutinee = isinstance(statement, ast.Case)
            for text in counted_texts(statement):
                if text.exact or not by_letters:
                    counts = _by_words(text, known)
                else:
                    counts = {n: c for n in names if (c := text.text.count(n))}
                for name, count in counts.items():
                    whole = text.exact or name in _WORD.findall(text.text)
                    found = Occurrence(number, count, text.span, block, scrutinee, whole)
                    self._found.setdefault(name, []).append(found)


def _by_words(text: ReceiptText, names: set[str]) -> dict[str, int]:
    if text.exact:
        return {text.text: 1} if text.text in names else {}
    counts: dict[str, int] = {}
    for word in _WORD.findall(text.text):
        if word in names:
            counts[word] = counts.get(word, 0) + 1
    return counts
