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
    "a capability name that no launch admits",
    kind=Kind.OBLIGATION,
    help="write a first-party name such as `chat:message:send`",
)

FRAGMENT_OWNED: Final = Code(
    "TV752",
    "fragment-owned",
    "a fragment of a session that has another owner",
    kind=Kind.OBLIGATION,
    help="have its owner hand it over by reconfiguration",
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
    "a determinism policy that no policy has",
    kind=Kind.OBLIGATION,
    help="add the determinism policy, or name another",
)

DETERMINISM_CLASS: Final = Code(
    "TV755",
    "determinism-class",
    "a determinism policy of another class",
    kind=Kind.OBLIGATION,
    help="give the protocol a policy of its own class",
)

MISSING_CONTRACTS: Final = Code(
    "TV756",
    "missing-contracts",
    "a runtime without the contracts that are needed",
    kind=Kind.OBLIGATION,
    help="launch it on a runtime that has contracts",
)

UNSUPPORTED_DETERMINISM: Final = Code(
    "TV757",
    "unsupported-determinism",
    "a grade of determinism that the runtime does not show",
    kind=Kind.OBLIGATION,
    help="launch it on a runtime that shows this grade of determinism",
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
    help="mend the row of the determinism policy",
)

SESSION_OPEN: Final = Code(
    "TV761",
    "session-open",
    "a session that is open for another protocol",
    kind=Kind.OBLIGATION,
    help="give the session another name",
)

STALE_OWNER: Final = Code(
    "TV762",
    "stale-owner",
    "somebody acts who no longer owns the session",
    kind=Kind.OBLIGATION,
    help="act with the claim that the hand-over gave",
)

TRANSFER_REFUSED: Final = Code(
    "TV763",
    "transfer-refused",
    "a session that cannot be handed over",
    kind=Kind.OBLIGATION,
    help="hand over on a runtime with all its surfaces",
)

DELEGATION_REFUSED: Final = Code(
    "TV764",
    "delegation-refused",
    "a delegation that leaves footprints incoherent",
    kind=Kind.OBLIGATION,
    help="delegate from the owner of the session",
)

LINK_REFUSED: Final = Code(
    "TV765",
    "link-refused",
    "bundles that cannot be linked",
    kind=Kind.OBLIGATION,
    help="link bundles that are registered and fit",
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
    """A gate of the launch path, or the reconfiguration step, refuses for a reason of its own."""
    return finding(LAUNCH_CODES[kind], where, reason, (span, here))


EXECUTION_STUCK: Final = Code(
    "TV771",
    "execution-stuck",
    "an execution that stops before its end",
    kind=Kind.OBLIGATION,
    help="`tellverify check` shows the shortest run that gets stuck",
)


def execution_stuck(
    where: Where, span: Span, events: int, waiting: Sequence[str], queues: Sequence[str]
) -> Diagnostic:
    """Nobody can move, and the run is not at its end."""
    return finding(
        EXECUTION_STUCK,
        where,
        f"the execution of `{where.protocol}` stops after {events} events and is not at its end",
        (span, "its machines get stuck"),
        notes=(*waiting, *queues),
    )


PACK_NOT_ACCEPTED: Final = Code(
    "TV781",
    "pack-not-accepted",
    "a pack that the protocol carries against the acceptance rule",
    kind=Kind.OBLIGATION,
    help="keep the protocol free of packs until all five conditions are met",
)


def pack_not_accepted(
    where: Where, span: Span, pack: str, reasons: Sequence[str], refutes: str
) -> Diagnostic:
    """A protocol carries a pack that the acceptance rule does not allow."""
    return finding(
        PACK_NOT_ACCEPTED,
        where,
        f"`{where.protocol}` carries `{pack}` against the acceptance rule: {reasons[0]}",
        (span, "carried here"),
        notes=tuple(reasons[1:]),
        refutes=refutes,
    )


PACK_POSSIBLE: Final = Code(
    "TV782",
    "pack-possible",
    "a pack that a protocol could carry and does not",
    severity=Severity.NOTE,
    help="a pack is added by a decision, and likeness to another protocol is none",
)


def pack_possible(where: Where, span: Span, packs: Sequence[str], wave: str) -> Diagnostic:
    """A protocol without a pack meets the five conditions of some."""
    names = " and ".join(f"`{pack}`" for pack in packs)
    return finding(
        PACK_POSSIBLE,
        where,
        f"`{where.protocol}` meets the five conditions of {names} and carries none",
        (span, f"in the plan: {wave}" if wave else "in no wave of the plan"),
    )
