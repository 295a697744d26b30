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

AS_WRITTEN: Final = "the verdicts of this run are about the text as written"


UNBOUND_CONTINUE: Final = Code(
    "TV231",
    "unbound-continue",
    "a `continue` outside its `rec`",
    upstream="accepts",
)


def unbound_continue(
    where: Where, name: str, span: Span, local: str, nearest: str = ""
) -> Diagnostic:
    """`continue name` in no `rec name`; `local` is the local protocol around it or empty.

    `nearest` is the name of a `rec` around it that is spelt much like it.
    """
    notes: tuple[str, ...] = ()
    if local:
        notes = (
            f"a `rec` around `call {local}` does not count: a local protocol is read by itself",
        )
    return finding(
        UNBOUND_CONTINUE,
        where,
        f"`continue {name}` is not inside a `rec {name}`",
        (span, "no enclosing `rec` of this name"),
        notes=notes,
        helps=(
            f"did you mean `continue {nearest}`?"
            if nearest
            else f"put the statements to repeat into `rec {name}`",
        ),
    )


UNGUARDED_RECURSION: Final = Code(
    "TV232",
    "unguarded-recursion",
    "a cycle without communication",
    help="send a message on every path of the cycle",
    upstream="accepts",
)


def unguarded_recursion(where: Where, text: str, span: Span, head: Span) -> Diagnostic:
    """`text` at `span` closes a cycle from `head` on which no role may communicate."""
    return finding(
        UNGUARDED_RECURSION,
        where,
        f"`{text}` repeats without any communication",
        (span, "returns to the same point"),
        others=[] if head == span else [(head, "the cycle begins here")],
    )


CONTINUE_LEAVES_PAR: Final = Code(
    "TV233",
    "continue-leaves-par",
    "a `continue` that leaves a parallel branch",
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
    "two branches with the same label",
    help="rename one of the branches",
    upstream="accepts",
)


def duplicate_branch(where: Where, label: str, first: Span, second: Span) -> Diagnostic:
    """Two branches of one choice have the label `label`."""
    return finding(
        DUPLICATE_BRANCH,
        where,
        f"two branches of the choice have the label `{label}`",
        (second, "the same label again"),
        others=[(first, "first used here")],
    )


BRANCH_NOT_BY_DECIDER: Final = Code(
    "TV242",
    "branch-not-by-decider",
    "a branch that does not begin with a message from its decider",
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
    """Branch `label` begins with a message of a role other than the decider, or with none."""
    found = f"`{sender}` sends first" if sender else "no message is sent"
    begins = f"begins with a message from `{sender}`" if sender else "sends no message"
    return finding(
        BRANCH_NOT_BY_DECIDER,
        where,
        f"branch `{label}` {begins}, but `{decider}` decides",
        (primary, found),
        others=others,
        notes=(
            "the other roles learn of a choice from the first message of the role that makes it",
        ),
        helps=(f"begin branch `{label}` with a send by `{decider}`",),
        upstream=upstream,
    )


LATE_FIRST_SEND: Final = Code(
    "TV243",
    "late-first-send",
    "a branch whose first statement is not a send by its decider",
    severity=Severity.WARNING,
)


def late_first_send(
    where: Where, label: str, decider: str, construct: str, span: Span, send: Span, upstream: str
) -> Diagnostic:
    """Branch `label` reaches a send by the decider, but something stands before it."""
    others = [] if span == send else [(send, f"the first send by `{decider}`")]
    return finding(
        LATE_FIRST_SEND,
        where,
        f"branch `{label}` begins with {construct}, not with a send by `{decider}`",
        (span, "comes first"),
        others=others,
        notes=("Telltale requires a send as the first statement of each branch",)
        if upstream == "rejects"
        else (),
        helps=(f"move the send by `{decider}` to the start of the branch",),
        upstream=upstream,
    )


DIFFERENT_RECEIVERS: Final = Code(
    "TV244",
    "different-receivers",
    "branches whose first messages go to different roles",
    severity=Severity.WARNING,
    help="begin every branch with a message to the same role",
    upstream="accepts",
)


def different_receivers(
    where: Where, decider: str, first: tuple[Span, str], other: tuple[Span, str]
) -> Diagnostic:
    """Two branches begin toward different roles; places come with the receiver's name."""
    return finding(
        DIFFERENT_RECEIVERS,
        where,
        f"`{decider}` sends the first message of one branch to `{first[1]}`"
        f" and of another to `{other[1]}`",
        (other[0], f"the first message goes to `{other[1]}`"),
        others=[(first[0], f"the first message goes to `{first[1]}`")],
        notes=("Telltale parses such a choice but cannot convert it to a global type",),
    )


EMPTY_BRANCH: Final = Code(
    "TV245",
    "empty-branch",
    "an empty branch",
    upstream="rejects",
)


def empty_choice_branch(where: Where, label: str, decider: str, span: Span) -> Diagnostic:
    """Branch `label` has no statements."""
    return finding(
        EMPTY_BRANCH,
        where,
        f"branch `{label}` is empty",
        (span, "no statements"),
        helps=(
            f"begin it with a send by `{decider}`, so that the other roles learn of the choice",
        ),
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
    "a choice with a single branch",
    severity=Severity.WARNING,
    help="add the other branches, or write the statements without `choice`",
    upstream="accepts",
)


def single_branch(where: Where, decider: str, label: str, span: Span) -> Diagnostic:
    """A choice with one branch."""
    return finding(
        SINGLE_BRANCH,
        where,
        f"the choice by `{decider}` has `{label}` as its only branch",
        (span, "nothing to choose"),
    )


BEGIN_ALIKE: Final = Code(
    "TV247",
    "branches-begin-alike",
    "alternatives that begin with the same event",
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
        f"{who} both begin with `{event}`",
        (second[0], "the same message again"),
        others=[(first[0], "first sent here")],
        notes=("the receiver cannot tell which of them was chosen",),
    )


CASE_SENDERS: Final = Code(
    "TV248",
    "case-senders",
    "cases that begin with messages from different roles",
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
        (other[0], f"`{other[1]}` sends first in `{other[2]}`"),
        others=[(first[0], f"`{first[1]}` sends first in `{first[2]}`")],
        notes=("the host answers one role, which must inform the others",),
        helps=(f"let `{first[1]}` send the first message of every case",),
    )


SILENT_CASE: Final = Code(
    "TV249",
    "silent-case",
    "a case that sends no message",
    severity=Severity.WARNING,
    upstream="accepts",
)


def silent_case(where: Where, constructor: str, span: Span, sender: str, send: Span) -> Diagnostic:
    """Case `constructor` sends nothing, while another begins with a message of `sender`."""
    return finding(
        SILENT_CASE,
        where,
        f"case `{constructor}` sends no message, so no other role learns of it",
        (span, "no message"),
        others=[(send, f"another case begins with a message from `{sender}`")],
        helps=(f"let `{sender}` send a message in case `{constructor}` too",),
    )


UNDECIDED_LOOP: Final = Code(
    "TV251",
    "undecided-loop",
    "a deciding loop that does not begin with a send by its decider",
    upstream="accepts",
)


def undecided_loop(where: Where, decider: str, primary: tuple[Span, str], head: Span) -> Diagnostic:
    """The body of `loop decide by decider` does not begin with a send by it."""
    return finding(
        UNDECIDED_LOOP,
        where,
        f"the loop that `{decider}` decides does not begin with a send by `{decider}`",
        primary,
        others=[] if head == primary[0] else [(head, f"`{decider}` decides this loop")],
        notes=(
            "Telltale keeps such a loop unchanged, without a message that ends it,"
            " and cannot convert it",
        ),
        helps=(f"begin the body with a send by `{decider}`",),
    )


NESTED_DECIDING_LOOPS: Final = Code(
    "TV252",
    "nested-deciding-loops",
    "nested deciding loops",
    severity=Severity.WARNING,
    help="write one of them with `rec` and `choice`",
    upstream="accepts",
)


def nested_deciding_loops(where: Where, inner: Span, outer: Span) -> Diagnostic:
    """A deciding loop inside another one."""
    return finding(
        NESTED_DECIDING_LOOPS,
        where,
        "Telltale confuses two nested deciding loops",
        (inner, "the inner loop captures both"),
        others=[(outer, "the outer loop")],
        notes=("both become `rec RoleDecidesLoop`; the verdicts here keep them apart",),
    )


DONE_COLLISION: Final = Code(
    "TV253",
    "done-collision",
    "a deciding loop that begins with the message that ends it",
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
    "a `par` with fewer than two branches",
    help="add a branch, or write the statements without `par`",
    upstream="rejects",
)


def par_branches(where: Where, count: int, span: Span) -> Diagnostic:
    """A par with `count` branches, fewer than two."""
    return finding(
        PAR_BRANCHES,
        where,
        "a `par` has no branches" if not count else "a `par` has only one branch",
        (span, "needs two branches"),
    )


SHARED_EVENT: Final = Code(
    "TV255",
    "shared-event",
    "the same event in two parallel branches",
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
        notes=("the receiver cannot tell which branch the message belongs to",),
    )


TRAILING_CODE: Final = Code(
    "TV261",
    "trailing-code",
    "statements that Telltale drops",
    severity=Severity.WARNING,
    help="move them into every branch that terminates, or before it",
    upstream="drops",
)


def trailing_code(
    where: Where, construct: str, span: Span, before: Span, inside: Span | None = None
) -> Diagnostic:
    """Telltale drops the statements at `span`, which follow `construct`.

    `inside` is the statement of a called protocol that ends the block.
    """
    return finding(
        TRAILING_CODE,
        where,
        f"Telltale drops the statements after `{construct}`",
        (span, "from here on"),
        others=[
            (before, f"after this `{construct}`"),
            *([(inside, "nothing is kept behind this")] if inside is not None else []),
        ],
        notes=(AS_WRITTEN,),
    )


UNREACHABLE_CODE: Final = Code(
    "TV262",
    "unreachable-code",
    "unreachable statements",
    severity=Severity.WARNING,
    help="remove the statements, or move them before it",
    upstream="drops",
)


def unreachable_code(where: Where, construct: str, span: Span, before: Span) -> Diagnostic:
    """No run reaches the statements at `span`, which follow `construct`."""
    return finding(
        UNREACHABLE_CODE,
        where,
        f"the statements after `{construct}` are unreachable",
        (span, "unreachable"),
        others=[(before, "no run gets past this")],
    )
