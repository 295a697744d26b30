"""Findings about communication: faults that runs of all roles together show.

The message of such a finding is the explanation of its trace, so there are no constructors here."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Kind,
    Severity,
)

UNMERGEABLE: Final = Code(
    "TV411",
    "unmergeable-branches",
    "the branches of a role do not merge",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="the protocol itself is not at fault, but Telltale's compiler rejects it",
)

INFIDELITY: Final = Code(
    "TV421",
    "infidelity",
    "the roles can perform a run that the protocol does not allow",
    kind=Kind.OBLIGATION,
    help="let the deciding role inform every role that must act differently",
)

LATE_MESSAGE: Final = Code(
    "TV470",
    "late-message",
    "an answer that arrives after its receiver has proceeded with fewer",
    kind=Kind.OBLIGATION,
    help='say `gathers = { late = "discard" }` in the policy if the runtime discards such answers',
)

DEADLOCK: Final = Code(
    "TV511",
    "deadlock",
    "a reachable configuration in which every unfinished role waits",
    kind=Kind.OBLIGATION,
    help="make sure that on every branch at least one role can proceed",
)

STUCK_ROLE: Final = Code(
    "TV512",
    "stuck-role",
    "a role that can wait for a message that never comes",
    kind=Kind.OBLIGATION,
    help="send the waiting role a message on every branch, or let it finish before the choice",
)

STARVED_ROLE: Final = Code(
    "TV524",
    "starved-role",
    "a role that can wait indefinitely while others proceed",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="send the waiting role a message in every round of the loop, or bound the rounds",
)

UNSPECIFIED_RECEPTION: Final = Code(
    "TV513",
    "unspecified-reception",
    "a message arrives that its receiver cannot accept",
    kind=Kind.OBLIGATION,
    help="let the receiver expect the message on every branch on which it may arrive",
)

ORPHAN_MESSAGE: Final = Code(
    "TV514",
    "orphan-message",
    "a message is left in a queue when its receiver has terminated",
    kind=Kind.OBLIGATION,
    help="let the receiver accept the message on every branch on which it may be sent",
)

UNBOUNDED_QUEUE: Final = Code(
    "TV521",
    "unbounded-queue",
    "a queue can grow without bound",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="let the receiver reply before the sender continues",
)

NO_TERMINATION: Final = Code(
    "TV522",
    "cannot-terminate",
    "a reachable configuration from which no run terminates",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="give the loop an exit",
)

ENDLESS_RUN: Final = Code(
    "TV523",
    "endless-run",
    "a fair run that never ends",
    kind=Kind.OBLIGATION,
    help="let a role decide in every round, and leave the loop after a bounded number of rounds",
)
