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
    "a send that the guard chain does not protect",
    kind=Kind.OBLIGATION,
    help="order the stages of the guard chain so that transport comes last",
)

DECLARED_FRONTIER: Final = Code(
    "TV648",
    "declared-frontier",
    "a send whose capability is declared but not admitted",
    kind=Kind.OBLIGATION,
    help='set `frontier = "admitted"`: a snapshot holds what token, caveats and policy all grant',
)

OVER_BUDGET: Final = Code(
    "TV642",
    "over-budget",
    "a run that exceeds its budget",
    kind=Kind.OBLIGATION,
    help="raise the budget, or lower the costs along this run",
)

UNBOUNDED_COST: Final = Code(
    "TV643",
    "unbounded-cost",
    "a loop whose cost is unbounded",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="bound the loop, or make its messages free",
)

OVER_LEAKAGE: Final = Code(
    "TV644",
    "over-leakage",
    "a run that exceeds the leakage budget of its observers",
    kind=Kind.OBLIGATION,
    help="raise the leakage budget, or leak less along this run",
)

REPEATED_NONCE: Final = Code(
    "TV645",
    "repeated-nonce",
    "two receipts with the same nonce",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="charge at least 1 for every message with a receipt",
)

LOST_CHARGE: Final = Code(
    "TV646",
    "lost-charge",
    "a charge that is lost when budgets merge",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="record the charges of each copy separately, and add them when copies merge",
)


UNKNOWN_BUDGET: Final = Code(
    "TV647",
    "unknown-budget",
    "a budget that does not fit the protocol",
    help="write `Role = 500`, or `Sender -> Receiver = 500` for messages to one peer",
)


def unknown_budget(where: Where, span: Span, text: str, reason: str) -> Diagnostic:
    """A budget in a comment that cannot be read, or that names no role."""
    return finding(
        UNKNOWN_BUDGET,
        where,
        f"`{text}` is not a budget of this protocol: {reason}",
        (span, "this budget"),
    )
