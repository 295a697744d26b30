"""Findings about launches, executions and the acceptance rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Code, Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span

# The code of every fault of a launch that admission does not speak of, and what helps.
LAUNCH_CODES: Final[dict[str, tuple[Code, str]]] = {
    "guard-capability-name": (
        codes.LAUNCH_GUARD_NAME,
        "write a first-party name such as `chat:message:send`",
    ),
    "missing-theorem-pack": (codes.LAUNCH_PACKS, "name a policy with `--policy`"),
    "fragment-owned": (codes.FRAGMENT_OWNED, "have its owner hand it over by reconfiguration"),
    "role-image": (codes.ROLE_IMAGE, "project the roles again"),
    "unknown-policy": (codes.UNKNOWN_DETERMINISM, "add the determinism policy, or name another"),
    "policy-class": (codes.DETERMINISM_CLASS, "give the protocol a policy of its own class"),
    "missing-contracts": (codes.MISSING_CONTRACTS, "launch it on a runtime that has contracts"),
    "unsupported-determinism": (
        codes.UNSUPPORTED_DETERMINISM,
        "launch it on a runtime that shows this grade of determinism",
    ),
    "inventory-unavailable": (codes.NO_INVENTORY, "name a runtime profile of the policy"),
    "illegal-profile": (codes.ILLEGAL_PROFILE, "mend the row of the determinism policy"),
    "session-open": (codes.SESSION_OPEN, "give the session another name"),
    "stale-owner": (codes.STALE_OWNER, "act with the claim that the hand-over gave"),
    "transfer-refused": (codes.TRANSFER_REFUSED, "hand over on a runtime with all its surfaces"),
    "delegation-refused": (codes.DELEGATION_REFUSED, "delegate from the owner of the session"),
    "link-refused": (codes.LINK_REFUSED, "link bundles that are registered and fit"),
}


def code_of(kind: str) -> str:
    """The number of the code of a fault."""
    if kind in ("missing-capability", "missing-pack-capability"):
        plain = kind == "missing-capability"
        return (codes.MISSING_RUNTIME_KEY if plain else codes.MISSING_PACK_KEY).number
    return LAUNCH_CODES[kind][0].number if kind in LAUNCH_CODES else ""


def launch_refused(
    where: Where, kind: str, span: Span, reason: str, here: str = "not launched"
) -> Diagnostic:
    """A gate of the launch path, or the reconfiguration step, refuses for a reason of its own."""
    code, helps = LAUNCH_CODES[kind]
    return where.finding(code, reason, (span, here), helps=(helps,))


def execution_stuck(
    where: Where, span: Span, events: int, waiting: Sequence[str], queues: Sequence[str]
) -> Diagnostic:
    """Nobody can move, and the run is not at its end."""
    return where.finding(
        codes.EXECUTION_STUCK,
        f"the execution of `{where.protocol}` stops after {events} events and is not at its end",
        (span, "its machines get stuck"),
        notes=(*waiting, *queues),
        helps=("`tellverify check` shows the shortest run that gets stuck",),
    )


def pack_not_accepted(
    where: Where, span: Span, pack: str, reasons: Sequence[str], refutes: str
) -> Diagnostic:
    """A protocol carries a pack that the acceptance rule does not allow."""
    found = where.finding(
        codes.PACK_NOT_ACCEPTED,
        f"`{where.protocol}` carries `{pack}` against the acceptance rule: {reasons[0]}",
        (span, "carried here"),
        notes=tuple(reasons[1:]),
        helps=("keep the protocol free of packs until all five conditions are met",),
    )
    return msgspec.structs.replace(found, refutes=refutes)


def pack_possible(where: Where, span: Span, packs: Sequence[str], wave: str) -> Diagnostic:
    """A protocol without a pack meets the five conditions of some."""
    names = " and ".join(f"`{pack}`" for pack in packs)
    return where.finding(
        codes.PACK_POSSIBLE,
        f"`{where.protocol}` meets the five conditions of {names} and carries none",
        (span, f"in the plan: {wave}" if wave else "in no wave of the plan"),
        helps=("a pack is added by a decision, and likeness to another protocol is none",),
    )
