"""Findings about launches, executions and the acceptance rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.admission import MISSING_PACK_KEY, MISSING_RUNTIME_KEY
from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

LAUNCH_GUARD_NAME: Final = Code(
    "TV751",
    "launch-guard-name",
    "a capability name that is rejected at launch",
    kind=Kind.OBLIGATION,
    help="use a first-party name such as `chat:message:send`",
)

FRAGMENT_OWNED: Final = Code(
    "TV752",
    "fragment-owned",
    "a session fragment that has another owner",
    kind=Kind.OBLIGATION,
    help="let its owner hand it over by reconfiguration",
)

ROLE_IMAGE: Final = Code(
    "TV753",
    "role-image",
    "a role image that cannot be loaded",
    kind=Kind.OBLIGATION,
    help="project the roles again",
)

UNKNOWN_DETERMINISM: Final = Code(
    "TV754",
    "unknown-determinism",
    "an unknown determinism policy",
    kind=Kind.OBLIGATION,
    help="define the determinism policy, or name another one",
)

DETERMINISM_CLASS: Final = Code(
    "TV755",
    "determinism-class",
    "a determinism policy of the wrong class",
    kind=Kind.OBLIGATION,
    help="give the protocol a determinism policy of its class",
)

MISSING_CONTRACTS: Final = Code(
    "TV756",
    "missing-contracts",
    "a runtime that lacks required contracts",
    kind=Kind.OBLIGATION,
    help="launch it on a runtime with contracts",
)

UNSUPPORTED_DETERMINISM: Final = Code(
    "TV757",
    "unsupported-determinism",
    "a level of determinism that the runtime does not support",
    kind=Kind.OBLIGATION,
    help="launch it on a runtime that supports this level of determinism",
)

NO_INVENTORY: Final = Code(
    "TV758",
    "inventory-unavailable",
    "a runtime whose inventory cannot be read",
    kind=Kind.OBLIGATION,
    help="name a runtime profile of the policy",
)

ILLEGAL_PROFILE: Final = Code(
    "TV759",
    "illegal-profile",
    "a determinism policy that cannot be executed",
    kind=Kind.OBLIGATION,
    help="fix the row of the determinism policy",
)

SESSION_OPEN: Final = Code(
    "TV761",
    "session-open",
    "a session that is already open for another protocol",
    kind=Kind.OBLIGATION,
    help="give the session another name",
)

STALE_OWNER: Final = Code(
    "TV762",
    "stale-owner",
    "an action by a role that no longer owns the session",
    kind=Kind.OBLIGATION,
    help="use the claim from the handover",
)

TRANSFER_REFUSED: Final = Code(
    "TV763",
    "transfer-refused",
    "a session that cannot be handed over",
    kind=Kind.OBLIGATION,
    help="hand over to a runtime with all required surfaces",
)

DELEGATION_REFUSED: Final = Code(
    "TV764",
    "delegation-refused",
    "a delegation that makes footprints incoherent",
    kind=Kind.OBLIGATION,
    help="delegate from the owner of the session",
)

LINK_REFUSED: Final = Code(
    "TV765",
    "link-refused",
    "bundles that cannot be linked",
    kind=Kind.OBLIGATION,
    help="link registered bundles that fit together",
)

LAUNCH_PACKS: Final = Code(
    "TV766",
    "launch-packs",
    "a pack that cannot be resolved without a policy",
    kind=Kind.OBLIGATION,
    help="name a policy with `--policy`",
)


# The code of every fault of a launch that admission has no code for.
LAUNCH_CODES: Final[dict[str, Code]] = {
    "guard-capability-name": LAUNCH_GUARD_NAME,
    "missing-theorem-pack": LAUNCH_PACKS,
    "fragment-owned": FRAGMENT_OWNED,
    "role-image": ROLE_IMAGE,
    "unknown-policy": UNKNOWN_DETERMINISM,
    "policy-class": DETERMINISM_CLASS,
    "missing-contracts": MISSING_CONTRACTS,
    "unsupported-determinism": UNSUPPORTED_DETERMINISM,
    "inventory-unavailable": NO_INVENTORY,
    "illegal-profile": ILLEGAL_PROFILE,
    "session-open": SESSION_OPEN,
    "stale-owner": STALE_OWNER,
    "transfer-refused": TRANSFER_REFUSED,
    "delegation-refused": DELEGATION_REFUSED,
    "link-refused": LINK_REFUSED,
}


def code_of(kind: str) -> str:
    """The number of the code of a fault."""
    if kind in ("missing-capability", "missing-pack-capability"):
        plain = kind == "missing-capability"
        return (MISSING_RUNTIME_KEY if plain else MISSING_PACK_KEY).number
    return LAUNCH_CODES[kind].number if kind in LAUNCH_CODES else ""


def launch_refused(
    where: Where, kind: str, span: Span, reason: str, here: str = "not launched"
) -> Diagnostic:
    """A gate of the launch path, or the reconfiguration step, refuses."""
    return finding(LAUNCH_CODES[kind], where, reason, (span, here))


EXECUTION_STUCK: Final = Code(
    "TV771",
    "execution-stuck",
    "an execution that gets stuck",
    kind=Kind.OBLIGATION,
    help="run `tellverify check` to see the shortest run that gets stuck",
)


def execution_stuck(
    where: Where, span: Span, events: int, waiting: Sequence[str], queues: Sequence[str]
) -> Diagnostic:
    """No role can act, and the run has not terminated."""
    return finding(
        EXECUTION_STUCK,
        where,
        f"the execution of `{where.protocol}` gets stuck after {events} events",
        (span, "its machines cannot proceed"),
        notes=(*waiting, *queues),
    )


PACK_NOT_ACCEPTED: Final = Code(
    "TV781",
    "pack-not-accepted",
    "a pack that the acceptance rule does not allow",
    kind=Kind.OBLIGATION,
    help="do not add packs to the protocol until all five conditions hold",
)


def pack_not_accepted(
    where: Where, span: Span, pack: str, reasons: Sequence[str], refutes: str
) -> Diagnostic:
    """A protocol carries a pack that the acceptance rule does not allow."""
    return finding(
        PACK_NOT_ACCEPTED,
        where,
        f"the acceptance rule does not allow `{where.protocol}` to carry `{pack}`: {reasons[0]}",
        (span, "carried here"),
        notes=tuple(reasons[1:]),
        refutes=refutes,
    )


PACK_POSSIBLE: Final = Code(
    "TV782",
    "pack-possible",
    "a pack that a protocol could carry but does not",
    severity=Severity.NOTE,
    help="adding a pack needs a decision; similarity to another protocol is not enough",
)


def pack_possible(where: Where, span: Span, packs: Sequence[str], wave: str) -> Diagnostic:
    """A protocol without a pack meets the five conditions of some."""
    names = " and ".join(f"`{pack}`" for pack in packs)
    return finding(
        PACK_POSSIBLE,
        where,
        f"`{where.protocol}` meets the five conditions of {names} but carries no pack",
        (span, f"in the plan: {wave}" if wave else "in no wave of the plan"),
    )
