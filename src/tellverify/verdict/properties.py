"""The registry of properties: what each one says, of what, and which findings refute it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from tellverify.model.fault import Fault
from tellverify.model.timed_text import LatePolicy
from tellverify.verdict.extension_sentences import TIMEOUT_SENTENCES, WORKFLOW_SENTENCES
from tellverify.verdict.sentences import SENTENCES

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
    PROGRESS = "progress"
    BOUNDED_QUEUES = "bounded-queues"
    CAN_TERMINATE = "can-terminate"
    TERMINATES = "terminates"
    NO_LATE_MESSAGE = "no-late-message"
    AGREEMENT = "agreement"
    AT_MOST_ONCE = "at-most-once"
    PROJECTABLE = "projectable"
    TIMEOUT_AGREEMENT = "timeout-agreement"
    FRESH_MESSAGES = "fresh-messages"
    LATE_MESSAGES = "late-messages"
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
    MIXTURE = "mixture"
    ROLL_OUT = "roll-out"
    REFINES = "refines"
    COMPOSITION = "composition"
    SESSION_ORDER = "session-order"
    KNOWS_END = "knows-end"
    KNOWS_OUTCOME = "knows-outcome"
    LABELS_APART = "labels-apart"
    ABANDONED = "abandoned"
    RESULTS = "results"
    PREMISES = "premises"
    OWNERSHIP = "ownership"


class Presumption(StrEnum):
    """What a claim about communicating roles takes for granted."""

    FIFO = "FIFO queues without limit"
    NO_LOSS = "no loss"
    NO_CRASHES = "no crashes"
    FAIRNESS = "weak fairness"


class PropertyScope(StrEnum):
    """What a property is a statement about."""

    PROTOCOL = "protocol"
    ROLE = "role"
    CHANNEL = "channel"
    CHOICE = "choice"
    PACK = "pack"
    BUDGET = "budget"
    FORMULA = "formula"
    EVENT = "event"
    STRUCTURE = "structure"
    MODEL = "model"
    VERSIONS = "versions"
    WORKFLOW = "workflow"
    AGENT = "agent"


COMMUNICATION: Final = tuple(Presumption)
OF_TIMERS: Final = {
    LatePolicy.ATTEMPTS: "messages of a failed attempt are discarded",
    LatePolicy.KEEP: "messages of a failed attempt are delivered",
    LatePolicy.OWN: "every role has its own timer, and messages of a failed attempt are delivered",
}
"""What a claim about a protocol with timeouts takes for granted beside that."""
SEMANTICS: Final = ", ".join(COMMUNICATION)


class PropertyRow(msgspec.Struct, frozen=True):
    """All that the program knows of a property beside how it is decided.

    `sentence` states it. A check requires it by default if `required`. `codes` number the findings
    that refute it; one of fewer than three digits stands for all errors of that band. `fault` is
    that of the runs that refute it, if one fault is its own. What refutes it also refutes
    `implied_by`, and is reported there. A property that is `worded_apart` gets its finding from its
    decider and not from the outcome.
    """

    sentence: str
    scope: PropertyScope
    codes: tuple[str, ...]
    required: bool = True
    fault: Fault | None = None
    implied_by: Property | None = None
    worded_apart: bool = False
    presumes: tuple[Presumption, ...] = COMMUNICATION


PROPERTIES: Final[dict[Property, PropertyRow]] = {
    Property.WELL_FORMED: PropertyRow(
        "The text is a protocol with exactly one meaning.",
        PropertyScope.PROTOCOL,
        ("TV00", "TV02", "TV1", "TV2", "TV30", "TV31", "TV32", "TV33", "TV34", "TV55"),
        worded_apart=True,
    ),
    Property.IMPLEMENTABLE: PropertyRow(
        SENTENCES["implementable"],
        PropertyScope.PROTOCOL,
        ("TV421", "TV511", "TV513", "TV514"),
    ),
    Property.NO_DEADLOCK: PropertyRow(
        SENTENCES["no-deadlock"],
        PropertyScope.PROTOCOL,
        ("TV511",),
        fault=Fault.DEADLOCK,
        implied_by=Property.IMPLEMENTABLE,
    ),
    Property.NO_ORPHAN_MESSAGE: PropertyRow(
        SENTENCES["no-orphan-message"],
        PropertyScope.PROTOCOL,
        ("TV514",),
        fault=Fault.ORPHAN_MESSAGE,
        implied_by=Property.IMPLEMENTABLE,
    ),
    Property.NO_UNSPECIFIED_RECEPTION: PropertyRow(
        SENTENCES["no-unspecified-reception"],
        PropertyScope.PROTOCOL,
        ("TV513",),
        fault=Fault.UNSPECIFIED_RECEPTION,
        implied_by=Property.IMPLEMENTABLE,
    ),
    Property.FIDELITY: PropertyRow(
        SENTENCES["fidelity"],
        PropertyScope.PROTOCOL,
        ("TV421",),
        fault=Fault.INFIDELITY,
        implied_by=Property.IMPLEMENTABLE,
    ),
    Property.NO_STUCK_ROLE: PropertyRow(
        SENTENCES["no-stuck-role"],
        PropertyScope.ROLE,
        ("TV512",),
        fault=Fault.STUCK_ROLE,
    ),
    Property.PROGRESS: PropertyRow(
        SENTENCES["progress"],
        PropertyScope.ROLE,
        ("TV524",),
        required=False,
        fault=Fault.STARVATION,
    ),
    Property.BOUNDED_QUEUES: PropertyRow(
        SENTENCES["bounded-queues"],
        PropertyScope.CHANNEL,
        ("TV521",),
        required=False,
        fault=Fault.UNBOUNDED_QUEUE,
    ),
    Property.CAN_TERMINATE: PropertyRow(
        SENTENCES["can-terminate"],
        PropertyScope.PROTOCOL,
        ("TV522",),
        required=False,
        fault=Fault.NO_TERMINATION,
    ),
    Property.TERMINATES: PropertyRow(
        SENTENCES["terminates"],
        PropertyScope.PROTOCOL,
        ("TV523",),
        fault=Fault.ENDLESS_RUN,
    ),
    Property.NO_LATE_MESSAGE: PropertyRow(
        "No answer of a gather comes after its receiver has gone on, unless it is discarded.",
        PropertyScope.CHANNEL,
        ("TV470",),
    ),
    Property.AGREEMENT: PropertyRow(
        SENTENCES["agreement"],
        PropertyScope.FORMULA,
        ("TV623",),
        fault=Fault.DISAGREEMENT,
    ),
    Property.AT_MOST_ONCE: PropertyRow(
        SENTENCES["at-most-once"],
        PropertyScope.FORMULA,
        ("TV624",),
        fault=Fault.REPETITION,
    ),
    Property.PROJECTABLE: PropertyRow(
        "The role has a local type by strict merge.",
        PropertyScope.ROLE,
        ("TV411",),
        required=False,
    ),
    Property.TIMEOUT_AGREEMENT: PropertyRow(
        TIMEOUT_SENTENCES["timeout-agreement"],
        PropertyScope.PROTOCOL,
        ("TV440",),
        fault=Fault.TIMEOUT_DISAGREEMENT,
    ),
    Property.FRESH_MESSAGES: PropertyRow(
        TIMEOUT_SENTENCES["fresh-messages"],
        PropertyScope.PROTOCOL,
        ("TV441",),
        fault=Fault.STALE_MESSAGE,
    ),
    Property.LATE_MESSAGES: PropertyRow(
        TIMEOUT_SENTENCES["late-messages"],
        PropertyScope.PROTOCOL,
        (),
        required=False,
        worded_apart=True,
    ),
    Property.GUARDS: PropertyRow(
        "In each choice by itself, every guarded branch can be taken for some data, and some "
        "branch for all data.",
        PropertyScope.CHOICE,
        ("TV601", "TV604"),
        worded_apart=True,
    ),
    Property.ADMISSION: PropertyRow(
        "The runtime admits the protocol and provides all that it needs.",
        PropertyScope.PACK,
        (
            "TV701",
            "TV702",
            "TV703",
            "TV704",
            "TV705",
            "TV706",
            "TV707",
            "TV708",
            "TV709",
            "TV714",
            "TV715",
            "TV716",
            "TV717",
        ),
        worded_apart=True,
    ),
    Property.ACCEPTANCE: PropertyRow(
        "The pack that the protocol carries meets all five conditions of the acceptance rule.",
        PropertyScope.PACK,
        ("TV781",),
        worded_apart=True,
    ),
    Property.PROPERTY: PropertyRow(
        SENTENCES["property"],
        PropertyScope.FORMULA,
        ("TV621",),
        fault=Fault.PROPERTY,
    ),
    Property.REACHABLE: PropertyRow(
        SENTENCES["reachable"],
        PropertyScope.EVENT,
        ("TV622",),
        worded_apart=True,
    ),
    Property.GUARD_CHAIN: PropertyRow(
        "The role sends no message before all of its guards have passed.",
        PropertyScope.ROLE,
        ("TV641", "TV648"),
    ),
    Property.BUDGET: PropertyRow(
        "The role is charged no more than its budget.",
        PropertyScope.BUDGET,
        ("TV642", "TV643"),
    ),
    Property.LEAKAGE: PropertyRow(
        "Observers learn no more than their budget allows.",
        PropertyScope.BUDGET,
        ("TV643", "TV644"),
    ),
    Property.RECEIPTS: PropertyRow(
        "No two receipts of one row have the same nonce.",
        PropertyScope.BUDGET,
        ("TV645",),
        required=False,
    ),
    Property.BUDGET_MERGE: PropertyRow(
        "Merging copies of a budget loses no charge.",
        PropertyScope.BUDGET,
        ("TV646",),
        required=False,
    ),
    Property.CEREMONY: PropertyRow(
        "Every complete run begins one ceremony and ends it in one outcome.",
        PropertyScope.PROTOCOL,
        ("TV651",),
    ),
    Property.CEREMONY_STATUS: PropertyRow(
        "The status of a ceremony depends on its facts and not on their order.",
        PropertyScope.PROTOCOL,
        ("TV654",),
    ),
    Property.LAW: PropertyRow(
        "The law holds for all values of the structure.",
        PropertyScope.STRUCTURE,
        ("TV671",),
        worded_apart=True,
        presumes=(),
    ),
    Property.CLAIM: PropertyRow(
        "The claim holds of all runs of the model.",
        PropertyScope.MODEL,
        ("TV681",),
        worded_apart=True,
        presumes=(),
    ),
    Property.MIXTURE: PropertyRow(
        "Old and new roles, mixed in this way, run together without a fault.",
        PropertyScope.VERSIONS,
        ("TV560",),
        worded_apart=True,
    ),
    Property.ROLL_OUT: PropertyRow(
        "The roles can be upgraded one by one in an order in which no mixture fails.",
        PropertyScope.VERSIONS,
        ("TV561", "TV562", "TV569"),
        worded_apart=True,
    ),
    Property.REFINES: PropertyRow(
        "The machine does what its role must do, up to sends that are made early.",
        PropertyScope.ROLE,
        ("TV570",),
        required=False,
        worded_apart=True,
    ),
    Property.COMPOSITION: PropertyRow(
        WORKFLOW_SENTENCES["composition"],
        PropertyScope.WORKFLOW,
        ("TV846", "TV847", "TV848", "TV849", "TV850", "TV851", "TV852"),
        worded_apart=True,
    ),
    Property.SESSION_ORDER: PropertyRow(
        WORKFLOW_SENTENCES["session-order"],
        PropertyScope.WORKFLOW,
        ("TV848",),
        required=False,
        worded_apart=True,
    ),
    Property.KNOWS_END: PropertyRow(
        WORKFLOW_SENTENCES["knows-end"],
        PropertyScope.AGENT,
        ("TV849",),
        required=False,
        worded_apart=True,
    ),
    Property.KNOWS_OUTCOME: PropertyRow(
        WORKFLOW_SENTENCES["knows-outcome"],
        PropertyScope.AGENT,
        ("TV850",),
        required=False,
        worded_apart=True,
    ),
    Property.LABELS_APART: PropertyRow(
        WORKFLOW_SENTENCES["labels-apart"],
        PropertyScope.CHANNEL,
        ("TV851",),
        required=False,
        worded_apart=True,
    ),
    Property.ABANDONED: PropertyRow(
        WORKFLOW_SENTENCES["abandoned"],
        PropertyScope.AGENT,
        ("TV852",),
        worded_apart=True,
    ),
    Property.RESULTS: PropertyRow(
        "Every run that reaches the phase has sent the result that it uses.",
        PropertyScope.WORKFLOW,
        ("TV842",),
        worded_apart=True,
        presumes=(),
    ),
    Property.PREMISES: PropertyRow(
        "The steps before a phase make all capabilities and facts that it needs.",
        PropertyScope.WORKFLOW,
        ("TV843",),
        worded_apart=True,
        presumes=(),
    ),
    Property.OWNERSHIP: PropertyRow(
        "No session gives a link bundle away while another runs on it.",
        PropertyScope.WORKFLOW,
        ("TV844",),
        worded_apart=True,
        presumes=(),
    ),
}

AT_EVERY_SIZE: Final = frozenset(
    {
        Property.IMPLEMENTABLE,
        Property.NO_DEADLOCK,
        Property.NO_ORPHAN_MESSAGE,
        Property.NO_UNSPECIFIED_RECEPTION,
        Property.FIDELITY,
        Property.NO_STUCK_ROLE,
        Property.PROGRESS,
        Property.BOUNDED_QUEUES,
        Property.CAN_TERMINATE,
        Property.PROJECTABLE,
        Property.CEREMONY,
        Property.ACCEPTANCE,
    }
)
"""What generic members may show of every size of a role family."""
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
"""The properties decided for every protocol; the others need something to be about."""
ON_REQUEST: Final = (Property.PROGRESS, Property.TERMINATES)
"""The properties decided only where the options or the text ask for them."""
REFUTED_BY: Final = {row.fault: prop for prop, row in PROPERTIES.items() if row.fault is not None}
"""The property that each fault of a run refutes."""
SAFETY: Final = {
    prop: row.fault
    for prop, row in PROPERTIES.items()
    if row.implied_by is Property.IMPLEMENTABLE and row.fault is not None
}
"""What implementability implies, with the faults of the runs that refute it."""


def code_of_fault(fault: Fault) -> str:
    """The number of the finding for a run with this fault. Raises KeyError where there is none."""
    return PROPERTIES[REFUTED_BY[fault]].codes[0]


def semantics_of(prop: Property, more: tuple[str, ...] = ()) -> str:
    """What a property presumes, in words; empty when it presumes nothing.

    `more` is what claims about the runs of its protocol take for granted beside that.
    """
    presumed = PROPERTIES[prop].presumes
    return ", ".join((*presumed, *more)) if presumed else ""
