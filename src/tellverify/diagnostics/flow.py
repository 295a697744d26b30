"""Findings about control flow: recursion, choices, loops, parallel branches, dead code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

AS_WRITTEN: Final = "the verdicts here are about the text as written"


UNBOUND_CONTINUE: Final = Code(
    "TV231",
    "unbound-continue",
    "a continue without its rec",
    upstream="accepts",
)


def unbound_continue(where: Where, name: str, span: Span, local: str) -> Diagnostic:
    """`continue name` in no `rec name`; `local` is the local protocol around it or empty."""
    notes: tuple[str, ...] = ()
    if local:
        notes = (f"a `rec` around a `call {local}` does not count: the text must stand by itself",)
    return finding(
        UNBOUND_CONTINUE,
        where,
        f"`continue {name}` is in no `rec {name}`",
        (span, "continues what?"),
        notes=notes,
        helps=(f"put the statements to repeat into `rec {name}`",),
    )


UNGUARDED_RECURSION: Final = Code(
    "TV232",
    "unguarded-recursion",
    "a cycle without a communication",
    help="send a message on every path of the cycle",
    upstream="accepts",
)


def unguarded_recursion(where: Where, text: str, span: Span, head: Span) -> Diagnostic:
    """`text` at `span` closes a cycle from `head` on which nobody may communicate."""
    return finding(
        UNGUARDED_RECURSION,
        where,
        f"`{text}` repeats without a communication",
        (span, "comes back to the same point"),
        others=[] if head == span else [(head, "the cycle begins here")],
    )


CONTINUE_LEAVES_PAR: Final = Code(
    "TV233",
    "continue-leaves-par",
    "a continue that leaves a parallel branch",
    upstream="accepts",
)


def continue_leaves_par(where: Where, name: str, span: Span, rec: Span, par: Span) -> Diagnostic:
    """A parallel branch continues a recursion around it."""
    return finding(
        CONTINUE_LEAVES_PAR,
        where,
        f"`continue {name}` leaves a parallel branch",
        (span, "the other branches would still be running"),
        others=[(rec, f"`rec {name}` begins here"), (par, "the branch belongs to this `par`")],
        helps=(f"put `continue {name}` after the `par`",),
    )


DUPLICATE_BRANCH: Final = Code(
    "TV241",
    "duplicate-branch",
    "two branches of one label",
    help="rename one of the branches",
    upstream="accepts",
)


def duplicate_branch(where: Where, label: str, first: Span, second: Span) -> Diagnostic:
    """Two branches of one choice have the label `label`."""
    return finding(
        DUPLICATE_BRANCH,
        where,
        f"two branches of the choice are called `{label}`",
        (second, "the same label again"),
        others=[(first, "first used here")],
    )


BRANCH_NOT_BY_DECIDER: Final = Code(
    "TV242",
    "branch-not-by-decider",
    "a branch that its decider does not begin",
)


def branch_not_by_decider(
    where: Where,
    label: str,
    decider: str,
    sender: str,
    primary: Span,
    others: Sequence[tuple[Span, str]],
    upstream: str,
) -> Diagnostic:
    """Branch `label` begins with a message of `sender`, or of nobody, and not of the decider."""
    found = f"`{sender}` speaks first" if sender else "nobody sends anything"
    begins = f"begins with a message of `{sender}`" if sender else "begins with no message"
    return finding(
        BRANCH_NOT_BY_DECIDER,
        where,
        f"branch `{label}` {begins}, but `{decider}` decides",
        (primary, found),
        others=others,
        notes=("the others learn of a choice by the first message of the one who makes it",),
        helps=(f"let branch `{label}` begin with a send by `{decider}`",),
        upstream=upstream,
    )


LATE_FIRST_SEND: Final = Code(
    "TV243",
    "late-first-send",
    "a branch that does not begin with its first send",
    severity=Severity.WARNING,
)


def late_first_send(
    where: Where, label: str, decider: str, construct: str, span: Span, send: Span, upstream: str
) -> Diagnostic:
    """Branch `label` reaches a send by the decider, but something stands before it."""
    others = [] if span == send else [(send, f"the first message of `{decider}`")]
    return finding(
        LATE_FIRST_SEND,
        where,
        f"branch `{label}` begins with {construct} and not with a send by `{decider}`",
        (span, "comes first"),
        others=others,
        notes=("Telltale asks for a send as the first statement of each branch",)
        if upstream == "rejects"
        else (),
        helps=(f"move the send by `{decider}` to the start of the branch",),
        upstream=upstream,
    )


DIFFERENT_RECEIVERS: Final = Code(
    "TV244",
    "different-receivers",
    "branches that begin toward different roles",
    severity=Severity.WARNING,
    help="let every branch begin with a message to the same role",
    upstream="accepts",
)


def different_receivers(
    where: Where, decider: str, first: tuple[Span, str], other: tuple[Span, str]
) -> Diagnostic:
    """Two branches begin toward different roles; places come with the receiver's name."""
    return finding(
        DIFFERENT_RECEIVERS,
        where,
        f"`{decider}` begins one branch toward `{first[1]}` and another toward `{other[1]}`",
        (other[0], f"`{other[1]}` hears first here"),
        others=[(first[0], f"`{first[1]}` hears first here")],
        notes=("Telltale reads such a choice, and cannot convert it to a global type",),
    )


EMPTY_BRANCH: Final = Code(
    "TV245",
    "empty-branch",
    "a branch without statements",
    upstream="rejects",
)


def empty_choice_branch(where: Where, label: str, decider: str, span: Span) -> Diagnostic:
    """Branch `label` has no statements."""
    return finding(
        EMPTY_BRANCH,
        where,
        f"branch `{label}` is empty",
        (span, "no statements"),
        helps=(f"let it begin with a send by `{decider}`, which tells the others",),
    )


def empty_par_branch(where: Where, number: int, span: Span) -> Diagnostic:
    """A parallel branch has no statements."""
    return finding(
        EMPTY_BRANCH,
        where,
        f"branch {number} of the `par` is empty",
        (span, "of this `par`"),
        helps=("remove the branch",),
        severity=Severity.WARNING,
    )


SINGLE_BRANCH: Final = Code(
    "TV246",
    "single-branch",
    "a choice that leaves no choice",
    severity=Severity.WARNING,
    help="add the other branches, or write the statements without `choice`",
    upstream="accepts",
)


def single_branch(where: Where, decider: str, label: str, span: Span) -> Diagnostic:
    """A choice with one branch."""
    return finding(
        SINGLE_BRANCH,
        where,
        f"the choice of `{decider}` has `{label}` as its only branch",
        (span, "nothing to choose"),
    )


BEGIN_ALIKE: Final = Code(
    "TV247",
    "branches-begin-alike",
    "alternatives that begin with one event",
    help="give the two messages different labels",
    upstream="accepts",
)


def begin_alike(
    where: Where, event: str, first: tuple[Span, str], second: tuple[Span, str]
) -> Diagnostic:
    """Two alternatives begin with `event`; places come with the branch around them or empty."""
    one, other = first[1], second[1]
    if one and other and one != other:
        who = f"branches `{one}` and `{other}`"
    else:
        who = "two alternatives"
    return finding(
        BEGIN_ALIKE,
        where,
        f"{who} begin alike with `{event}`",
        (second[0], "the same message again"),
        others=[(first[0], "first sent here")],
        notes=("whoever receives it cannot tell which was meant",),
    )


CASE_SENDERS: Final = Code(
    "TV248",
    "case-senders",
    "cases that different roles begin",
    upstream="accepts",
)


def case_senders(
    where: Where, first: tuple[Span, str, str], other: tuple[Span, str, str]
) -> Diagnostic:
    """Two arms of a case begin with different senders: span, role and constructor of each."""
    return finding(
        CASE_SENDERS,
        where,
        f"`{first[1]}` begins case `{first[2]}` and `{other[1]}` begins case `{other[2]}`",
        (other[0], f"`{other[1]}` speaks first in `{other[2]}`"),
        others=[(first[0], f"`{first[1]}` speaks first in `{first[2]}`")],
        notes=("the answer of the host reaches one role, which has to tell the others",),
        helps=(f"let `{first[1]}` send the first message of every case",),
    )


SILENT_CASE: Final = Code(
    "TV249",
    "silent-case",
    "a case that nobody hears of",
    severity=Severity.WARNING,
    upstream="accepts",
)


def silent_case(where: Where, constructor: str, span: Span, sender: str, send: Span) -> Diagnostic:
    """Case `constructor` sends nothing, while another begins with a message of `sender`."""
    return finding(
        SILENT_CASE,
        where,
        f"case `{constructor}` sends nothing, so nobody hears of it",
        (span, "no message"),
        others=[(send, f"another case begins with a message of `{sender}`")],
        helps=(f"let `{sender}` send a message in case `{constructor}` too",),
    )


UNDECIDED_LOOP: Final = Code(
    "TV251",
    "undecided-loop",
    "a deciding loop that its decider does not begin",
    upstream="accepts",
)


def undecided_loop(where: Where, decider: str, primary: tuple[Span, str], head: Span) -> Diagnostic:
    """The body of `loop decide by decider` does not begin with a send by it."""
    return finding(
        UNDECIDED_LOOP,
        where,
        f"the loop that `{decider}` decides does not begin with a send by `{decider}`",
        primary,
        others=[] if head == primary[0] else [(head, f"`{decider}` is to decide here")],
        notes=(
            "Telltale keeps such a loop as it is, without a message for its end,"
            " and cannot convert it",
        ),
        helps=(f"let the body begin with a send by `{decider}`",),
    )


NESTED_DECIDING_LOOPS: Final = Code(
    "TV252",
    "nested-deciding-loops",
    "deciding loops inside each other",
    severity=Severity.WARNING,
    help="write one of them by `rec` and `choice`",
    upstream="accepts",
)


def nested_deciding_loops(where: Where, inner: Span, outer: Span) -> Diagnostic:
    """A deciding loop inside another one."""
    return finding(
        NESTED_DECIDING_LOOPS,
        where,
        "two deciding loops, one inside the other, are mixed up by Telltale",
        (inner, "the inner loop captures both"),
        others=[(outer, "the outer loop")],
        notes=("both become `rec RoleDecidesLoop`; the verdicts here keep them apart",),
    )


DONE_COLLISION: Final = Code(
    "TV253",
    "done-collision",
    "a deciding loop that begins with its own end mark",
    help="rename the message",
    upstream="accepts",
)


def done_collision(where: Where, label: Span, head: Span) -> Diagnostic:
    """The first message of a deciding loop has the name of its end mark."""
    return finding(
        DONE_COLLISION,
        where,
        "a deciding loop begins with `Done`, which also ends it",
        (label, "another round"),
        others=[(head, "leaving this loop sends `Done` too")],
    )


PAR_BRANCHES: Final = Code(
    "TV254",
    "par-branches",
    "a par with fewer than two branches",
    help="add a branch, or write the statements without `par`",
    upstream="rejects",
)


def par_branches(where: Where, count: int, span: Span) -> Diagnostic:
    """A par with `count` branches, fewer than two."""
    return finding(
        PAR_BRANCHES,
        where,
        "a `par` has no branches" if not count else "a `par` has one branch only",
        (span, "needs two branches"),
    )


SHARED_EVENT: Final = Code(
    "TV255",
    "shared-event",
    "one event in two parallel branches",
    help="give the two messages different labels",
    upstream="accepts",
)


def shared_event(where: Where, event: str, first: Span, second: Span) -> Diagnostic:
    """`event` is possible in two parallel branches."""
    return finding(
        SHARED_EVENT,
        where,
        f"two parallel branches both have `{event}`",
        (second, "the same message on the same channel"),
        others=[(first, "also in this branch")],
        notes=("whoever receives it cannot tell which branch it belongs to",),
    )


TRAILING_CODE: Final = Code(
    "TV261",
    "trailing-code",
    "statements that Telltale drops",
    severity=Severity.WARNING,
    help="move them into every branch that ends, or to a place before",
    upstream="drops",
)


def trailing_code(where: Where, construct: str, span: Span, before: Span) -> Diagnostic:
    """Telltale drops the statements at `span`, which follow `construct`."""
    return finding(
        TRAILING_CODE,
        where,
        f"what follows `{construct}` is dropped by Telltale",
        (span, "this and all after it"),
        others=[(before, f"after this `{construct}`")],
        notes=(AS_WRITTEN,),
    )


UNREACHABLE_CODE: Final = Code(
    "TV262",
    "unreachable-code",
    "statements that are never reached",
    severity=Severity.WARNING,
    help="remove the statements, or move them before it",
    upstream="drops",
)


def unreachable_code(where: Where, construct: str, span: Span, before: Span) -> Diagnostic:
    """No run reaches the statements at `span`, which follow `construct`."""
    return finding(
        UNREACHABLE_CODE,
        where,
        f"what follows `{construct}` is never reached",
        (span, "never reached"),
        others=[(before, "no run gets past this")],
    )
