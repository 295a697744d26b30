"""Diagnostics about scenarios with faults, and runs that break decisions of roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.diagnostics.wording import counted, listed
from tellverify.source.span import NOWHERE, Span

_FEW: Final = 6

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
        f"{_refers(name)}{what}{_has_not(protocol)}",
        (span, "not in the protocol"),
        helps=helps,
    )


def _refers(name: str) -> str:
    return f"scenario `{name}` refers to "


def _has_not(protocol: str) -> str:
    return f", which `{protocol}` does not have"


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


SCENARIO_LEFT_OUT: Final = Code(
    "TV595",
    "left-out-scenario",
    "a scenario of the configuration that is not decided for some protocols",
    kind=Kind.LIMIT,
    severity=Severity.NOTE,
)


_NOT_DECIDED: Final = "scenario `{}` is not decided for "


def left_out_scenario(name: str, unfit: Diagnostic) -> Diagnostic:
    """What a scenario of the configuration names and one protocol does not have.

    `unfit` is the error that this would be in a comment of that protocol.
    """
    protocol = unfit.protocol
    what = unfit.message.removeprefix(_refers(name)).removesuffix(_has_not(protocol))
    return msgspec.structs.replace(
        unfit,
        code=SCENARIO_LEFT_OUT,
        severity=Severity.NOTE,
        message=f"{_NOT_DECIDED.format(name)}`{protocol}`",
        notes=(what,),
    )


def unknown_names(one: Diagnostic, name: str) -> Diagnostic:
    """The error that a finding of `left_out_scenario` stands for."""
    return msgspec.structs.replace(
        one,
        code=UNKNOWN_IN_SCENARIO,
        severity=Severity.ERROR,
        message=f"{_refers(name)}{' or '.join(one.notes)}{_has_not(one.protocol)}",
        notes=(),
    )


def is_left_out(one: Diagnostic, name: str) -> bool:
    """Whether a finding says that the scenario `name` of the configuration is left out."""
    return one.code == SCENARIO_LEFT_OUT and one.message.startswith(_NOT_DECIDED.format(name))


def scenario_left_out_of(
    path: str, name: str, span: Span, protocols: Sequence[str], of: int, why: Sequence[str]
) -> Diagnostic:
    """A scenario of the configuration that is decided for some of the protocols alone."""
    return finding(
        SCENARIO_LEFT_OUT,
        path,
        f"{_NOT_DECIDED.format(name)}{len(protocols)} of {counted(of, 'protocol')}: "
        f"{listed([f'`{one}`' for one in protocols], _FEW)}",
        (span, ""),
        notes=why,
    )


def scenario_of_nothing(
    path: str, name: str, span: Span, why: str, helps: Sequence[str], *, elsewhere: bool
) -> Diagnostic:
    """A scenario of the configuration that fits no protocol that was checked.

    With `elsewhere` it may fit one in a file that was not checked, or cannot be read.
    """
    return finding(
        UNKNOWN_IN_SCENARIO,
        path,
        f"scenario `{name}` fits no protocol that was checked: {why}",
        (span, "not in any of them"),
        helps=helps,
        notes=(_ELSEWHERE,) if elsewhere else (),
        severity=Severity.NOTE if elsewhere else Severity.ERROR,
    )


_ELSEWHERE: Final = "files that were not checked may have what it names"

REQUIREMENT_OF_NOTHING: Final = Code(
    "TV596",
    "undecided-requirement",
    "a requirement on an obligation that no protocol has",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)


def undecided_requirement(
    path: str,
    obligation: str,
    span: Span,
    why: str,
    help: str,
    *,
    counts: bool,
    elsewhere: bool,
) -> Diagnostic:
    """A line of `[require]` about an obligation that was decided nowhere; `counts` if the check is
    not to succeed.

    With `elsewhere` a file that was not checked, or cannot be read, may have it.
    """
    return finding(
        REQUIREMENT_OF_NOTHING,
        path,
        f"no protocol that was checked has the obligation `{obligation}`, which is required{why}",
        (span, ""),
        helps=(help,) if help else (),
        notes=(_ELSEWHERE,) if elsewhere else (),
        severity=Severity.WARNING if counts else Severity.NOTE,
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
