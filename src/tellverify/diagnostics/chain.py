"""Findings about guard chains, budgets and the nonces of receipts."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

UNGUARDED_SEND: Final = Code(
    "TV641",
    "unguarded-send",
    "a send that its guards do not protect",
    kind=Kind.OBLIGATION,
    help="put the stages of the guard chain in an order in which transport comes last",
)

OVER_BUDGET: Final = Code(
    "TV642",
    "over-budget",
    "a run that costs more than its budget",
    kind=Kind.OBLIGATION,
    help="raise the budget, or lower the costs on this run",
)

UNBOUNDED_COST: Final = Code(
    "TV643",
    "unbounded-cost",
    "a loop that costs more in every round",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="bound the loop, or let what it sends cost nothing",
)

OVER_LEAKAGE: Final = Code(
    "TV644",
    "over-leakage",
    "a run that shows observers more than they may see",
    kind=Kind.OBLIGATION,
    help="raise the budget of the observers, or show them less on this run",
)

REPEATED_NONCE: Final = Code(
    "TV645",
    "repeated-nonce",
    "two receipts with one nonce",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="charge at least 1 for every message that gets a receipt",
)

LOST_CHARGE: Final = Code(
    "TV646",
    "lost-charge",
    "a charge that a merge of budgets hides",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="keep the charges of each copy apart, and add them up when copies merge",
)


BUDGET_OF_NOBODY: Final = Code(
    "TV647",
    "budget-of-nobody",
    "a budget that no role of the protocol has",
    help="write `Role = 500`, or `Sender -> Receiver = 500` for what goes to one peer",
)


def budget_of_nobody(where: Where, span: Span, text: str, reason: str) -> Diagnostic:
    """A budget in a comment that cannot be read, or that names nobody."""
    return finding(
        BUDGET_OF_NOBODY,
        where,
        f"`{text}` is no budget of this protocol: {reason}",
        (span, "this budget"),
    )
