"""Findings about control flow: recursion, choices, loops, parallel branches, dead code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span

AS_WRITTEN: Final = "the verdicts here are about the text as written"


def unbound_continue(where: Where, name: str, span: Span, local: str) -> Diagnostic:
    """`continue name` in no `rec name`; `local` is the local protocol around it or empty."""
    notes: tuple[str, ...] = ()
    if local:
        notes = (f"a `rec` around a `call {local}` does not count: the text must stand by itself",)
    return where.finding(
        codes.UNBOUND_CONTINUE,
        f"`continue {name}` is in no `rec {name}`",
        (span, "continues what?"),
        notes=notes,
        helps=(f"put the statements to repeat into `rec {name}`",),
        upstream="accepts",
    )


def unguarded_recursion(where: Where, text: str, span: Span, head: Span) -> Diagnostic:
    """`text` at `span` closes a cycle from `head` on which nobody may communicate."""
    return where.finding(
        codes.UNGUARDED_RECURSION,
        f"`{text}` repeats without a communication",
        (span, "comes back to the same point"),
        others=[] if head == span else [(head, "the cycle begins here")],
        helps=("send a message on every path of the cycle",),
        upstream="accepts",
    )


def continue_leaves_par(where: Where, name: str, span: Span, rec: Span, par: Span) -> Diagnostic:
    """A parallel branch continues a recursion around it."""
    return where.finding(
        codes.CONTINUE_LEAVES_PAR,
        f"`continue {name}` leaves a parallel branch",
        (span, "the other branches would still be running"),
        others=[(rec, f"`rec {name}` begins here"), (par, "the branch belongs to this `par`")],
        helps=(f"put `continue {name}` after the `par`",),
        upstream="accepts",
    )


def duplicate_branch(where: Where, label: str, first: Span, second: Span) -> Diagnostic:
    """Two branches of one choice have the label `label`."""
    return where.finding(
        codes.DUPLICATE_BRANCH,
        f"two branches of the choice are called `{label}`",
        (second, "the same label again"),
        others=[(first, "first used here")],
        helps=("rename one of the branches",),
        upstream="accepts",
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
    return where.finding(
        codes.BRANCH_NOT_BY_DECIDER,
        f"branch `{label}` {begins}, but `{decider}` decides",
        (primary, found),
        others=others,
        notes=("the others learn of a choice by the first message of the one who makes it",),
        helps=(f"let branch `{label}` begin with a send by `{decider}`",),
        upstream=upstream,
    )


def late_first_send(
    where: Where, label: str, decider: str, construct: str, span: Span, send: Span, upstream: str
) -> Diagnostic:
    """Branch `label` reaches a send by the decider, but something stands before it."""
    others = [] if span == send else [(send, f"the first message of `{decider}`")]
    return where.finding(
        codes.LATE_FIRST_SEND,
        f"branch `{label}` begins with {construct} and not with a send by `{decider}`",
        (span, "comes first"),
        others=others,
        notes=("Telltale asks for a send as the first statement of each branch",)
        if upstream == "rejects"
        else (),
        helps=(f"move the send by `{decider}` to the start of the branch",),
        upstream=upstream,
    )


def different_receivers(
    where: Where, decider: str, first: tuple[Span, str], other: tuple[Span, str]
) -> Diagnostic:
    """Two branches begin toward different roles; places come with the receiver's name."""
    return where.finding(
        codes.DIFFERENT_RECEIVERS,
        f"`{decider}` begins one branch toward `{first[1]}` and another toward `{other[1]}`",
        (other[0], f"`{other[1]}` hears first here"),
        others=[(first[0], f"`{first[1]}` hears first here")],
        notes=("Telltale reads such a choice, and cannot convert it to a global type",),
        helps=("let every branch begin with a message to the same role",),
        upstream="accepts",
    )


def empty_choice_branch(where: Where, label: str, decider: str, span: Span) -> Diagnostic:
    """Branch `label` has no statements."""
    return where.finding(
        codes.EMPTY_BRANCH,
        f"branch `{label}` is empty",
        (span, "no statements"),
        helps=(f"let it begin with a send by `{decider}`, which tells the others",),
        upstream="rejects",
    )


def empty_par_branch(where: Where, number: int, span: Span) -> Diagnostic:
    """A parallel branch has no statements."""
    return where.finding(
        codes.EMPTY_BRANCH,
        f"branch {number} of the `par` is empty",
        (span, "of this `par`"),
        helps=("remove the branch",),
        upstream="rejects",
        severity=Severity.WARNING,
    )


def single_branch(where: Where, decider: str, label: str, span: Span) -> Diagnostic:
    """A choice with one branch."""
    return where.finding(
        codes.SINGLE_BRANCH,
        f"the choice of `{decider}` has `{label}` as its only branch",
        (span, "nothing to choose"),
        helps=("add the other branches, or write the statements without `choice`",),
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
    return where.finding(
        codes.BEGIN_ALIKE,
        f"{who} begin alike with `{event}`",
        (second[0], "the same message again"),
        others=[(first[0], "first sent here")],
        notes=("whoever receives it cannot tell which was meant",),
        helps=("give the two messages different labels",),
        upstream="accepts",
    )


def case_senders(
    where: Where, first: tuple[Span, str, str], other: tuple[Span, str, str]
) -> Diagnostic:
    """Two arms of a case begin with different senders: span, role and constructor of each."""
    return where.finding(
        codes.CASE_SENDERS,
        f"`{first[1]}` begins case `{first[2]}` and `{other[1]}` begins case `{other[2]}`",
        (other[0], f"`{other[1]}` speaks first in `{other[2]}`"),
        others=[(first[0], f"`{first[1]}` speaks first in `{first[2]}`")],
        notes=("the answer of the host reaches one role, which has to tell the others",),
        helps=(f"let `{first[1]}` send the first message of every case",),
        upstream="accepts",
    )


def silent_case(where: Where, constructor: str, span: Span, sender: str, send: Span) -> Diagnostic:
    """Case `constructor` sends nothing, while another begins with a message of `sender`."""
    return where.finding(
        codes.SILENT_CASE,
        f"case `{constructor}` sends nothing, so nobody hears of it",
        (span, "no message"),
        others=[(send, f"another case begins with a message of `{sender}`")],
        helps=(f"let `{sender}` send a message in case `{constructor}` too",),
        upstream="accepts",
    )


def undecided_loop(where: Where, decider: str, primary: tuple[Span, str], head: Span) -> Diagnostic:
    """The body of `loop decide by decider` does not begin with a send by it."""
    return where.finding(
        codes.UNDECIDED_LOOP,
        f"the loop that `{decider}` decides does not begin with a send by `{decider}`",
        primary,
        others=[] if head == primary[0] else [(head, f"`{decider}` is to decide here")],
        notes=(
            "Telltale keeps such a loop as it is, without a message for its end,"
            " and cannot convert it",
        ),
        helps=(f"let the body begin with a send by `{decider}`",),
        upstream="accepts",
    )


def nested_deciding_loops(where: Where, inner: Span, outer: Span) -> Diagnostic:
    """A deciding loop inside another one."""
    return where.finding(
        codes.NESTED_DECIDING_LOOPS,
        "two deciding loops, one inside the other, are mixed up by Telltale",
        (inner, "the inner loop captures both"),
        others=[(outer, "the outer loop")],
        notes=("both become `rec RoleDecidesLoop`; the verdicts here keep them apart",),
        helps=("write one of them by `rec` and `choice`",),
        upstream="accepts",
    )


def done_collision(where: Where, label: Span, head: Span) -> Diagnostic:
    """The first message of a deciding loop has the name of its end mark."""
    return where.finding(
        codes.DONE_COLLISION,
        "a deciding loop begins with `Done`, which also ends it",
        (label, "another round"),
        others=[(head, "leaving this loop sends `Done` too")],
        helps=("rename the message",),
        upstream="accepts",
    )


def par_branches(where: Where, count: int, span: Span) -> Diagnostic:
    """A par with `count` branches, fewer than two."""
    return where.finding(
        codes.PAR_BRANCHES,
        "a `par` has no branches" if not count else "a `par` has one branch only",
        (span, "needs two branches"),
        helps=("add a branch, or write the statements without `par`",),
        upstream="rejects",
    )


def shared_event(where: Where, event: str, first: Span, second: Span) -> Diagnostic:
    """`event` is possible in two parallel branches."""
    return where.finding(
        codes.SHARED_EVENT,
        f"two parallel branches both have `{event}`",
        (second, "the same message on the same channel"),
        others=[(first, "also in this branch")],
        notes=("whoever receives it cannot tell which branch it belongs to",),
        helps=("give the two messages different labels",),
        upstream="accepts",
    )


def trailing_code(where: Where, construct: str, span: Span, before: Span) -> Diagnostic:
    """Telltale drops the statements at `span`, which follow `construct`."""
    return where.finding(
        codes.TRAILING_CODE,
        f"what follows `{construct}` is dropped by Telltale",
        (span, "this and all after it"),
        others=[(before, f"after this `{construct}`")],
        notes=(AS_WRITTEN,),
        helps=("move them into every branch that ends, or to a place before",),
        upstream="drops",
    )


def unreachable_code(where: Where, construct: str, span: Span, before: Span) -> Diagnostic:
    """No run reaches the statements at `span`, which follow `construct`."""
    return where.finding(
        codes.UNREACHABLE_CODE,
        f"what follows `{construct}` is never reached",
        (span, "never reached"),
        others=[(before, "no run gets past this")],
        helps=("remove the statements, or move them before it",),
        upstream="drops",
    )
