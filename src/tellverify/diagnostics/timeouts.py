"""Findings about timeouts: what their text shows, and what runs of all roles together show.

The message of a finding of the second kind is the explanation of its run.
"""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

TIMEOUT_DISAGREEMENT: Final = Code(
    "TV440",
    "timeout-disagreement",
    "a role that ends in the body of a timeout that others have left",
    kind=Kind.OBLIGATION,
    help="send a message to every role that acts in the body, in every alternative",
)

STALE_MESSAGE: Final = Code(
    "TV441",
    "stale-message",
    "a message of a failed attempt that is received in a later one",
    kind=Kind.OBLIGATION,
    help=(
        "number the attempts in the runtime and discard the messages of failed ones, then check"
        ' with `late = "attempts"`; or give the messages of each attempt distinct labels'
    ),
)


UNINDENTED_SUITE: Final = Code(
    "TV448",
    "unindented-suite",
    "an `on timeout` or `on cancel` whose suite is not indented",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unindented_suite(where: Where, clause: str, span: Span, head: Span) -> Diagnostic:
    """The statement at `span` is taken for the suite of `clause`, and no more than that."""
    return finding(
        UNINDENTED_SUITE,
        where,
        f"the suite of `{clause} =>` is not indented, and this line alone is taken for it",
        (span, "the lines after this one follow the timeout"),
        others=[(head, "the timeout")],
        helps=(f"indent the suite deeper than `{clause}`",),
    )


BLIND_ALTERNATIVE: Final = Code(
    "TV442",
    "blind-alternative",
    "a role that acts in an alternative of a timeout before it is informed",
    severity=Severity.WARNING,
)


def blind_alternative(
    where: Where, owner: str, clause: str, role: str, label: str, span: Span, head: Span
) -> Diagnostic:
    """`role` sends `label` in the alternative `clause`, and cannot know that it should."""
    return finding(
        BLIND_ALTERNATIVE,
        where,
        f"`{role}` sends `{label}` in `{clause}`, but nothing has told it that the timer of"
        f" `{owner}` fired",
        (span, f"`{role}` cannot know that it should send this"),
        others=[(head, f"the timer of `{owner}`")],
        helps=(f"begin `{clause}` with a message from `{owner}` to `{role}`",),
    )


UNTOLD_ROLE: Final = Code(
    "TV443",
    "untold-role",
    "a role that acts in the body of a timeout and is not told when the timer fires",
    severity=Severity.WARNING,
)


def untold_role(
    where: Where, owner: str, clause: str, role: str, label: str, span: Span, head: Span
) -> Diagnostic:
    """`role` acts in the body; after the alternative `clause` no role that knows informs it.

    `label` is the message at which that shows, empty where there is none.
    """
    how = f"acts on `{label}` before it is told" if label else "is not told"
    others = [(head, f"the timer of `{owner}`")] if span != head else []
    return finding(
        UNTOLD_ROLE,
        where,
        f"`{role}` acts in the body of the timeout of `{owner}`, but {how} when the timer fires",
        (span, f"`{role}` does not know here that the timer fired" if label else ""),
        others=others,
        helps=(f"send a message to `{role}` in `{clause}`, from `{owner}` or a role that it told",),
    )


UNSURE_CONTINUATION: Final = Code(
    "TV444",
    "unsure-continuation",
    "a role that acts after a timeout before it knows that the body is complete",
    severity=Severity.WARNING,
)


def unsure_continuation(
    where: Where, owner: str, role: str, label: str, span: Span, head: Span
) -> Diagnostic:
    """`role` continues with `label`, though the timer may still fire."""
    return finding(
        UNSURE_CONTINUATION,
        where,
        f"`{role}` continues with `{label}` while the timer of `{owner}` may still fire",
        (span, f"`{role}` does not know here whether the body is complete"),
        others=[(head, f"the timer of `{owner}`")],
        helps=(
            f"let `{owner}` send `{role}` a message at the end of the body, or let `{role}` receive"
            f" from `{owner}` before `{label}`",
        ),
    )


DEAD_TIMER: Final = Code(
    "TV445",
    "dead-timer",
    "a timer that never fires",
    severity=Severity.WARNING,
)


def dead_timer(where: Where, owner: str, span: Span, outer: Span | None, text: str) -> Diagnostic:
    """The owner never waits in the body; or `outer`, another timer of the owner, fires first.

    `text` is the duration of the outer timer.
    """
    if outer is not None:
        return finding(
            DEAD_TIMER,
            where,
            f"the timer of `{owner}` never fires: the timer around it fires after {text}",
            (span, "not before the timer around it"),
            others=[(outer, "the timer around it")],
            helps=("give the inner timer a shorter duration than the outer one",),
        )
    return finding(
        DEAD_TIMER,
        where,
        f"the timer of `{owner}` never fires: `{owner}` receives nothing in the body",
        (span, f"`{owner}` does not wait in this body"),
        helps=(
            f"let `{owner}` receive a message in the body, give the timer to a role that waits"
            " there, or remove the timeout",
        ),
    )


INSTANT_TIMER: Final = Code(
    "TV450",
    "instant-timer",
    "a timer that fires at once",
    severity=Severity.WARNING,
    upstream="accepts",
)


def instant_timer(where: Where, owner: str, span: Span) -> Diagnostic:
    """A timeout whose duration is zero."""
    return finding(
        INSTANT_TIMER,
        where,
        f"the timer of `{owner}` fires at once: its duration is zero",
        (span, f"`{owner}` waits no time"),
        helps=("give it a duration in which an answer can come, or write the alternative alone",),
    )


UNCOUNTED_ROUNDS: Final = Code(
    "TV446",
    "uncounted-rounds",
    "a role that acts only in some attempts of a repeated timeout",
    severity=Severity.WARNING,
)


def uncounted_rounds(where: Where, owner: str, role: str, span: Span) -> Diagnostic:
    """`role` may pass a whole attempt without an action."""
    return finding(
        UNCOUNTED_ROUNDS,
        where,
        f"`{role}` can pass a whole attempt without an event, and cannot count the attempts",
        (span, f"`{role}` does not act in every attempt"),
        helps=(f"let `{owner}` send `{role}` a message in every attempt",),
    )


UNCLEAR_ROUND: Final = Code(
    "TV447",
    "unclear-round",
    "a message whose sender cannot tell which attempt it belongs to",
    severity=Severity.WARNING,
)


def unclear_round(where: Where, role: str, label: str, span: Span) -> Diagnostic:
    """`role` may send `label` in several attempts at once; the verdicts take the first one."""
    return finding(
        UNCLEAR_ROUND,
        where,
        f"`{role}` cannot tell which attempt its message `{label}` belongs to",
        (span, "the verdicts take it for one of the earliest attempt"),
        helps=(f"let a role that knows the attempt send `{role}` a message before this one",),
    )
