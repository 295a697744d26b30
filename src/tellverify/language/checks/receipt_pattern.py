"""Receipts on a path, and the alternatives at which paths diverge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tellverify.language.checks.walk import head_place
from tellverify.language.syntax import ast
from tellverify.source.span import Span

# Why Telltale refuses a receipt that is consumed exactly once on every path, and what to do.
REASONS: Final = {
    "alternatives": (
        "Telltale adds up the uses of all alternatives, and wants them to leave receipts alone",
        "consume the receipt before the alternatives",
    ),
    "par": (
        "Telltale wants every parallel branch to leave receipts from outside alone",
        "consume the receipt before or after the `par`",
    ),
    "rec": (
        "Telltale wants the body of a `rec` to leave receipts from outside alone",
        "consume the receipt before the `rec`",
    ),
    "operation": (
        "Telltale looks for no uses in `begin` and `resolve`",
        "consume the receipt by a `handoff`",
    ),
    "in": (
        "Telltale requires the statements after `in` to leave the receipt unconsumed",
        "bind the receipt without `in`",
    ),
    "again": (
        "Telltale counts every occurrence of the name behind it, of whatever has this name",
        "give each receipt a distinct name",
    ),
}


class ReceiptPattern:
    """A receipt on the path that is followed; `use` is where it was consumed."""

    __slots__ = ("depth", "let", "loops", "reported", "shown", "use", "why")

    def __init__(self, let: ast.Let, depth: int, loops: int) -> None:
        self.let = let
        self.depth = depth
        self.loops = loops
        self.use: Span | None = None
        self.why = ""
        self.reported = False
        self.shown: list[Span] = []

    @property
    def name(self) -> str:
        """The name that stands for it."""
        return self.let.name.text


class PatternAlternative(NamedTuple):
    """How one of several blocks ended: the outer receipts that it consumed, if it ended at all."""

    place: Span
    text: str
    uses: dict[ReceiptPattern, Span]
    falls: bool


Branches = list[tuple[Span, str, ast.Block, Sequence[ast.Name]]]


def alternatives_of(statement: ast.Choice | ast.Case | ast.Timeout) -> Branches:
    """The alternatives of a statement: place, text, block, and the names that are bound in it."""
    match statement:
        case ast.Choice(branches=branches):
            return [
                (
                    branch.label.span,
                    f"branch `{branch.label.text}`",
                    branch.body,
                    (branch.guard.witness,) if isinstance(branch.guard, ast.WhenCheck) else (),
                )
                for branch in branches
            ]
        case ast.Case(arms=arms):
            return [
                (arm.constructor.span, f"case `{arm.constructor.text}`", arm.body, arm.binders)
                for arm in arms
            ]
        case ast.Timeout():
            head = head_place(statement)
            found: Branches = [
                (head, "the body of the timeout", statement.body, ()),
                (head, "`on timeout`", statement.on_timeout, ()),
            ]
            if statement.on_cancel is not None:
                found.append((head, "`on cancel`", statement.on_cancel, ()))
            return found
