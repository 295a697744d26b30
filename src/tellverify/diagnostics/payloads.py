"""Diagnostics about what messages carry, and who can know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Severity, Where, finding
from tellverify.source.span import Span

UNSEEN_VALUE: Final = Code(
    "TV257",
    "unseen-value",
    "a choice by a value that its deciding role never saw",
    severity=Severity.WARNING,
    help="send the value to the deciding role, or let a role that knows it decide",
    upstream="accepts",
)


def unseen_value(
    where: Where, decider: str, name: str, span: Span, carried: Span, seen: Sequence[str]
) -> Diagnostic:
    """A guard uses a name that only messages between other roles carry."""
    roles = " and ".join(f"`{role}`" for role in seen)
    return finding(
        UNSEEN_VALUE,
        where,
        f"`{decider}` decides by `{name}`, which only {roles} have seen",
        (span, f"`{decider}` takes part in no message that carries it"),
        others=[(carried, f"`{name}` is sent here")],
    )


def late_value(where: Where, decider: str, name: str, span: Span, taken: Span) -> Diagnostic:
    """A guard uses a name that its deciding role receives only behind the choice."""
    return finding(
        UNSEEN_VALUE,
        where,
        f"`{decider}` decides by `{name}`, which it receives only later",
        (span, f"`{decider}` has not received it yet"),
        others=[(taken, f"`{name}` is received here")],
    )


UNCLEAR_PAYLOAD: Final = Code(
    "TV258",
    "unclear-payload",
    "one message with two payload types, and a receiver that cannot tell which",
    severity=Severity.WARNING,
    help="give the messages different names, or first tell the receiver which one follows",
    upstream="accepts",
)


def unclear_payload(
    where: Where,
    event: str,
    receiver: str,
    first: Annotation,
    second: Annotation,
    kinds: Sequence[str],
) -> Diagnostic:
    """At one point a role may receive the same message with either of two payload types."""
    return finding(
        UNCLEAR_PAYLOAD,
        where,
        f"`{receiver}` cannot tell which payload type `{event}` has: `{kinds[0]}` or `{kinds[1]}`",
        (second.span, f"`{kinds[1]}`"),
        others=[first],
    )
