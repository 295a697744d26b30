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
    "a role's branches do not merge strictly",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="by itself no fault of the protocol, but Telltale's own compiler refuses it",
)

INFIDELITY: Final = Code(
    "TV421",
    "infidelity",
    "the roles perform a run the protocol does not have",
    kind=Kind.OBLIGATION,
    help="let the role that decides tell every role that must act differently",
)

DEADLOCK: Final = Code(
    "TV511",
    "deadlock",
    "all wait, and one is unfinished",
    kind=Kind.OBLIGATION,
    help="make sure that on every branch somebody can go on",
)

STUCK_ROLE: Final = Code(
    "TV512",
    "stuck-role",
    "a role can wait for ever",
    kind=Kind.OBLIGATION,
    help="send the waiting role a message on every branch, or let it finish before the choice",
)

UNSPECIFIED_RECEPTION: Final = Code(
    "TV513",
    "unspecified-reception",
    "a message that its receiver cannot take",
    kind=Kind.OBLIGATION,
    help="let the message be expected on every branch on which it may arrive",
)

ORPHAN_MESSAGE: Final = Code(
    "TV514",
    "orphan-message",
    "a message for a role that has finished",
    kind=Kind.OBLIGATION,
    help="let its receiver take the message on every branch on which it may be sent",
)

UNBOUNDED_QUEUE: Final = Code(
    "TV521",
    "unbounded-queue",
    "a queue can grow without limit",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="let the receiver answer before the sender goes on",
)

NO_TERMINATION: Final = Code(
    "TV522",
    "cannot-terminate",
    "a point from which the end is out of reach",
    kind=Kind.OBLIGATION,
    severity=Severity.WARNING,
    help="give the loop a way out",
)

ENDLESS_RUN: Final = Code(
    "TV523",
    "endless-run",
    "a fair run that never ends",
    kind=Kind.OBLIGATION,
    help="let somebody decide in every round, and end the loop after a number of rounds",
)
