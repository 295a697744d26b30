"""Diagnostics about scenarios with faults, and runs that break decisions of roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import NOWHERE, Span

BAD_SCENARIO: Final = Code(
    "TV590",
    "bad-scenario",
    "a scenario with faults that cannot be read",
)


def bad_scenario(path: str, name: str, span: Span, message: str, help: str) -> Diagnostic:
    """Rules of a scenario that cannot be read."""
    return finding(
        BAD_SCENARIO,
        path,
        f"scenario `{name}` cannot be read: {message}",
        (span, "here"),
        helps=(help,) if help else (),
    )


UNKNOWN_IN_SCENARIO: Final = Code(
    "TV591",
    "unknown-name-in-scenario",
    "a scenario about a role or channel that the protocol does not have",
)


def unknown_in_scenario(
    path: str, name: str, span: Span, what: str, nearest: str, known: Sequence[str], protocol: str
) -> Diagnostic:
    """A role, or a channel without messages, in a scenario; `what` describes it."""
    helps = (f"did you mean `{nearest}`?",) if nearest else ()
    if not helps and known:
        helps = (f"the protocol has {', '.join(f'`{one}`' for one in known)}",)
    return finding(
        UNKNOWN_IN_SCENARIO,
        Where(path, protocol),
        f"scenario `{name}` refers to {what}, which `{protocol}` does not have",
        (span, "not in the protocol"),
        helps=helps,
    )


POINTLESS_SCENARIO: Final = Code(
    "TV592",
    "contradictory-scenario",
    "a scenario that contradicts itself, allows nothing, or leaves no role alive",
)


def contradictory_scenario(
    path: str, name: str, span: Span, message: str, help: str, protocol: str = ""
) -> Diagnostic:
    """A scenario whose rules contradict each other or have no effect."""
    return finding(
        POINTLESS_SCENARIO,
        Where(path, protocol),
        f"scenario `{name}` {message}",
        (span, "here"),
        helps=(help,) if help else (),
    )


SCENARIO_TWICE: Final = Code(
    "TV593",
    "scenario-twice",
    "two scenarios with the same name",
    help="rename one of them",
)


def scenario_twice(
    path: str, name: str, span: Span, first: tuple[str, Span], protocol: str
) -> Diagnostic:
    """Two scenarios of one protocol with one name; the second is not decided."""
    others = (Annotation(first[1], "the first scenario", first[0]),)
    return finding(
        SCENARIO_TWICE,
        Where(path, protocol),
        f"`{protocol}` has two scenarios named `{name}`",
        (span, "this one is not decided"),
        others=others if first[1] != NOWHERE else (),
    )


SCENARIO_UNDECIDED: Final = Code(
    "TV594",
    "undecided-scenario",
    "a scenario about which nothing is decided",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)


def undecided_scenario(path: str, name: str, span: Span, why: str, protocol: str) -> Diagnostic:
    """A scenario of a protocol for which no faults can be decided."""
    return finding(
        SCENARIO_UNDECIDED,
        Where(path, protocol),
        f"nothing is decided about `{protocol}` under scenario `{name}`: {why}",
        (span, "this scenario"),
    )


BROKEN_AGREEMENT: Final = Code(
    "TV623",
    "broken-agreement",
    "a run in which two roles decide differently",
    kind=Kind.OBLIGATION,
)

REPEATED_ACTION: Final = Code(
    "TV624",
    "repeated-action",
    "a run in which a role sends or receives twice what a property allows once",
    kind=Kind.OBLIGATION,
)
