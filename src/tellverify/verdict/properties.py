"""The properties tellverify decides, with the sentence that every report prints."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

SEMANTICS: Final = "FIFO queues without limit, no loss, no crashes, weak fairness"
DIALECTS: Final = {
    "strict": "a statement means what it says, and accidents of Telltale are findings",
    "faithful": "files are accepted and protocols run as Telltale itself does it",
}


class Property(StrEnum):
    """Names as they stand in reports, JSON and configuration."""

    WELL_FORMED = "well-formed"
    IMPLEMENTABLE = "implementable"
    NO_DEADLOCK = "no-deadlock"
    NO_ORPHAN_MESSAGE = "no-orphan-message"
    NO_UNSPECIFIED_RECEPTION = "no-unspecified-reception"
    FIDELITY = "fidelity"
    NO_STUCK_ROLE = "no-stuck-role"
    BOUNDED_QUEUES = "bounded-queues"
    CAN_TERMINATE = "can-terminate"
    TERMINATES = "terminates"
    PROJECTABLE = "projectable"
    GUARDS = "guards"
    ADMISSION = "admission"
    ACCEPTANCE = "acceptance"
    PROPERTY = "property"
    REACHABLE = "reachable"
    GUARD_CHAIN = "guard-chain"
    BUDGET = "budget"
    LEAKAGE = "leakage"
    RECEIPTS = "receipts"
    BUDGET_MERGE = "budget-merge"
    CEREMONY = "ceremony"
    CEREMONY_STATUS = "ceremony-status"
    LAW = "law"
    CLAIM = "claim"


class Statement(msgspec.Struct, frozen=True):
    """The English sentence of a property and whether a check requires it by default."""

    text: str
    required: bool


STATEMENTS: Final[dict[Property, Statement]] = {
    Property.WELL_FORMED: Statement("The text has a meaning, and one only.", True),
    Property.IMPLEMENTABLE: Statement(
        "The projected roles together do what the protocol says and nothing else.", True
    ),
    Property.NO_DEADLOCK: Statement("The roles never all wait while one is unfinished.", True),
    Property.NO_ORPHAN_MESSAGE: Statement(
        "Nobody finishes while a message to them is still queued.", True
    ),
    Property.NO_UNSPECIFIED_RECEPTION: Statement(
        "No message reaches the head of a queue that its receiver cannot take.", True
    ),
    Property.FIDELITY: Statement("The roles perform no run that the protocol does not have.", True),
    Property.NO_STUCK_ROLE: Statement("The role never waits for ever.", True),
    Property.BOUNDED_QUEUES: Statement("Every queue has a longest length.", False),
    Property.CAN_TERMINATE: Statement("From every point the protocol can reach its end.", False),
    Property.TERMINATES: Statement("Every fair run ends.", True),
    Property.PROJECTABLE: Statement(
        "The role has one local type that fits every branch, by strict merge.", False
    ),
    Property.GUARDS: Statement("Every guarded branch can be taken for some data.", True),
    Property.ADMISSION: Statement("The runtime may launch the protocol, with what it needs.", True),
    Property.ACCEPTANCE: Statement(
        "The pack that the protocol carries meets all five conditions of the acceptance rule.", True
    ),
    Property.PROPERTY: Statement("Every run has the property that is stated.", True),
    Property.REACHABLE: Statement("Some run reaches the event that is asked for.", True),
    Property.GUARD_CHAIN: Statement(
        "The role sends nothing before all guards of the message have passed it.", True
    ),
    Property.BUDGET: Statement("What the role is charged stays within a budget.", True),
    Property.LEAKAGE: Statement("What observers learn stays within their budget.", True),
    Property.RECEIPTS: Statement("No two receipts of one row have the same nonce.", False),
    Property.BUDGET_MERGE: Statement("Merging copies of a budget hides no charge.", False),
    Property.CEREMONY: Statement(
        "Every complete run begins one ceremony and ends it in one outcome.", True
    ),
    Property.CEREMONY_STATUS: Statement(
        "The status of a ceremony depends on its facts and not on their order.", True
    ),
    Property.LAW: Statement("The law holds for all values of the structure.", True),
    Property.CLAIM: Statement("The claim holds of all runs of the model.", True),
}

OF_EVERY_PROTOCOL: Final = (
    Property.WELL_FORMED,
    Property.IMPLEMENTABLE,
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
    Property.FIDELITY,
    Property.NO_STUCK_ROLE,
    Property.BOUNDED_QUEUES,
    Property.CAN_TERMINATE,
    Property.PROJECTABLE,
)
"""What is decided of every protocol; the other properties need something to speak about."""
