"""What is noted while a protocol is lowered: what has no meaning, what clashes, and the work."""

from __future__ import annotations

from tellverify.language.lowering.determinize import Clash, Rows
from tellverify.language.lowering.numbering import StateNumbering
from tellverify.language.lowering.program import OverBudget, Skip
from tellverify.language.syntax import ast
from tellverify.source.span import Span


class LoweringNotes:
    """The notes on one program of at most `budget` events, which may take four times as much work.

    `channels` are those of the branches of par statements, by identity and index, and `causes` the
    constructs around a statement that copy what they contain.
    """

    def __init__(self, tables: StateNumbering, budget: int) -> None:
        self.budget = budget
        self.skipped: dict[Skip, None] = {}
        self.clashes: dict[Clash, None] = {}
        self.collisions: dict[Clash, None] = {}
        self.repeated: set[str] = set()
        self.pars: dict[int, ast.Par] = {}
        self.channels: dict[tuple[int, int], set[tuple[int, int]]] = {}
        self.causes: list[tuple[str, Span]] = []
        self.work = 0
        self._tables = tables
        self._emitted = 0

    def note(self, rows: Rows) -> None:
        """Keep what was seen while `rows` were made."""
        self.clashes.update(dict.fromkeys(rows.clashes))
        for text, span in rows.silent:
            where = f"`{text}`" if text else "a cycle"
            self.skip(f"{where} communicates nothing and is never left", span)

    def skip(self, reason: str, span: Span) -> None:
        """Keep that the construct at `span` has no meaning."""
        line = self._line(span)
        source = self._tables.source
        where = "" if source is self._tables.home else f"{source.path}, "
        self.skipped.setdefault(Skip(f"{reason} ({where}line {line})", span, line))

    def too_large(self, text: str, span: Span) -> OverBudget:
        """The error that names the construct `text` as what is too large."""
        line = self._line(span)
        return OverBudget(f"`{text}` on line {line} unfolds to more than {self.budget:,} events")

    def spend(self, amount: int, size: int) -> None:
        """Count work on a program of `size` instructions. Raises OverBudget when it is too much."""
        self.work += amount
        if self.work > 4 * self.budget or size > self.budget:
            raise OverBudget

    def emit(self, count: int, text: str, span: Span) -> None:
        """Count the events of one statement. Raises OverBudget when they are too many."""
        self._emitted += count
        self.work += 1
        if count > self.budget:
            raise self.too_large(text, span)
        if self._emitted > self.budget or self.work > 4 * self.budget:
            raise OverBudget

    def _line(self, span: Span) -> int:
        return self._tables.source.position(span.start)[0]
