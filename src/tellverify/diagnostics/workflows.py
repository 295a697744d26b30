"""Findings about workflows: files that cannot be read, and phases that do not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Kind,
    Mark,
    Severity,
    Where,
    finding,
)
from tellverify.diagnostics.wording import listed, series
from tellverify.source.span import Span

_MOST_NAMED: Final = 12

UNREADABLE_WORKFLOW: Final = Code(
    "TV832",
    "unreadable-workflow",
    "a workflow that cannot be read",
    help="docs/workflows.md shows a file with every key; `tellverify workflow schema` has the form",
)


def unreadable_workflow(path: str, span: Span, reason: str) -> Diagnostic:
    """The file is not TOML, or has a key or value that workflows do not have."""
    return finding(
        UNREADABLE_WORKFLOW, path, f"cannot read this workflow: {reason}", (span, "here")
    )


UNKNOWN_PHASE_PROTOCOL: Final = Code(
    "TV833",
    "unknown-phase-protocol",
    "a phase whose protocol is not found",
    help="name a file relative to this one, `FILE#Protocol`, or a module beside it",
)


def unknown_phase_protocol(
    where: Where,
    span: Span,
    text: str,
    reason: str,
    others: Sequence[str] = (),
    files: Sequence[str] = (),
) -> Diagnostic:
    """No file, module or protocol has the name, or several `files` have it."""
    if files:
        names = [f"`{one}`" for one in files]
        shown = listed(names, 2) if len(names) > 2 else series(names)
        return finding(
            UNKNOWN_PHASE_PROTOCOL,
            where,
            f"{reason} `{text}`: {shown}",
            (span, ""),
            helps=("name one of them by its path",),
        )
    helps = (
        (f"there are {listed([f'`{one}`' for one in others], _MOST_NAMED)}",) if others else None
    )
    return finding(
        UNKNOWN_PHASE_PROTOCOL,
        where,
        f"there is no protocol `{text}`: {reason}",
        (span, ""),
        helps=helps,
    )


MISSING_AGENT: Final = Code(
    "TV834",
    "missing-agent",
    "roles and agents of a phase that do not match",
    help="`agents` gives an agent to each role of the protocol, and to nothing else",
)


def missing_agent(where: Where, span: Span, message: str) -> Diagnostic:
    """A role without an agent, an agent for something that is not a role, or a family in a wrong
    place.
    """
    return finding(MISSING_AGENT, where, message, (span, ""))


AGENT_IN_TWO_ROLES: Final = Code(
    "TV835",
    "agent-in-two-roles",
    "an agent in two roles of one session",
    help="a session needs a separate agent for each role",
)


def agent_in_two_roles(
    where: Where, agent: str, roles: tuple[str, str], spans: tuple[Span, Span]
) -> Diagnostic:
    """One agent would send messages to itself."""
    return finding(
        AGENT_IN_TWO_ROLES,
        where,
        f"`{agent}` is both `{roles[0]}` and `{roles[1]}` of one session",
        (spans[1], f"`{roles[1]}` here"),
        others=((spans[0], f"`{roles[0]}` here"),),
    )


UNKNOWN_BRANCH: Final = Code(
    "TV836",
    "unknown-branch",
    "a branch in `go_on` that the protocol does not have",
)


def unknown_branch(
    where: Where, span: Span, branch: str, protocol: str, branches: Sequence[str]
) -> Diagnostic:
    """`go_on` names no branch of the protocol."""
    names = listed([f"`{one}`" for one in branches], _MOST_NAMED)
    helps = (f"its branches are {names}",) if branches else ("it has no branches",)
    return finding(
        UNKNOWN_BRANCH,
        where,
        f"`{protocol}` has no branch `{branch}`",
        (span, ""),
        helps=helps,
    )


def endless_branch(
    where: Where, span: Span, branch: str, protocol: str, others: Sequence[str]
) -> Diagnostic:
    """`go_on` names only branches after which the protocol does not end."""
    names = listed([f"`{one}`" for one in others], _MOST_NAMED)
    helps = (f"its other branches are {names}",) if others else ("it has no other branches",)
    return finding(
        UNKNOWN_BRANCH,
        where,
        f"`{protocol}` has no end after a branch `{branch}`",
        (span, ""),
        helps=helps,
    )


ENDLESS_PHASE: Final = Code(
    "TV837",
    "endless-phase",
    "a phase that never ends, with another phase after it",
    help="give the protocol an end, or run the phases in separate threads",
)


def endless_phase(where: Where, span: Span, phase: str, after: str, place: Mark) -> Diagnostic:
    """No run of the phase reaches an end after which the next one may begin."""
    return finding(
        ENDLESS_PHASE,
        where,
        f"`{after}` never begins: no run of `{phase}` before it ends",
        (span, "this phase does not end"),
        others=(place,),
    )


WORKFLOW_CYCLE: Final = Code(
    "TV838",
    "workflow-cycle",
    "workflows that refer to each other in a cycle, or to nothing",
    help="a phase may stand for another workflow of the file, but not for one that contains it",
)


def workflow_cycle(where: Where, span: Span, names: Sequence[str]) -> Diagnostic:
    """A workflow would contain itself."""
    way = " -> ".join(f"`{name}`" for name in names)
    return finding(WORKFLOW_CYCLE, where, f"workflows contain each other: {way}", (span, ""))


def unknown_workflow(where: Where, span: Span, name: str, known: Sequence[str]) -> Diagnostic:
    """A phase stands for a workflow that the file does not have."""
    helps = (f"there are {listed([f'`{one}`' for one in known], _MOST_NAMED)}",)
    return finding(
        WORKFLOW_CYCLE, where, f"there is no workflow `{name}` here", (span, ""), helps=helps
    )


WRONG_ORDER: Final = Code(
    "TV839",
    "wrong-order",
    "an order of an agent that cannot be followed",
    help="`order` lists workflows, or phases as `workflow.phase`, in which the agent takes part",
)


def wrong_order(where: Where, span: Span, message: str) -> Diagnostic:
    """The order names something that does not exist, or contradicts the order of the phases."""
    return finding(WRONG_ORDER, where, message, (span, ""))


WRONG_JOIN: Final = Code(
    "TV840",
    "wrong-join",
    "a join, timeout or shared channel that has no meaning",
    help="`join` and `timeout` say what ends phases in parallel: those of `each` or of threads",
)


def wrong_join(where: Where, span: Span, message: str) -> Diagnostic:
    """Nothing is joined, too few sessions are joined, or no agent waits for them."""
    return finding(WRONG_JOIN, where, message, (span, ""))


UNKNOWN_RESULT: Final = Code(
    "TV841",
    "unknown-result",
    "a result that no earlier phase has",
)


def unknown_result(
    where: Where, span: Span, text: str, reason: str, known: Sequence[str]
) -> Diagnostic:
    """`uses` names no earlier phase, or no payload of it."""
    names = listed([f"`{one}`" for one in known], _MOST_NAMED)
    helps = (f"results so far: {names}",) if known else ("no earlier phase has a result",)
    return finding(
        UNKNOWN_RESULT, where, f"there is no result `{text}`: {reason}", (span, ""), helps=helps
    )


MISSING_RESULT: Final = Code(
    "TV842",
    "missing-result",
    "a phase that uses a result which an earlier phase may not send",
    kind=Kind.OBLIGATION,
    help="send it in every branch after which the workflow continues, or take the branch out of"
    " `go_on`",
)


def missing_result(
    where: Where,
    span: Span,
    use: tuple[str, str],
    branches: Sequence[str],
    others: Sequence[Annotation],
) -> Diagnostic:
    """After some run of the earlier phase, by `branches`, the workflow lacks the result; `use` has
    the phase and the result.
    """
    phase, result = use
    by = f" by branch {' > '.join(f'`{one}`' for one in branches)}" if branches else ""
    return finding(
        MISSING_RESULT,
        where,
        f"`{result}` may be missing: a run of `{phase}` continues{by} and never sends it",
        (span, "used here"),
        others=others,
        refutes=f"results[{result}]",
    )


def unheld_result(where: Where, span: Span, result: str, message: str) -> Diagnostic:
    """The result is sent, but no agent of the phase that uses it takes part in the message."""
    return finding(
        MISSING_RESULT,
        where,
        message,
        (span, "used here"),
        helps=("let an agent that knows the result take part, or send the result to one",),
        refutes=f"results[{result}]",
    )


UNMET_NEED: Final = Code(
    "TV843",
    "unmet-need",
    "a phase that needs something that no earlier step establishes",
    kind=Kind.OBLIGATION,
    help="put an `ext` step that establishes it before the phase in this workflow, at an agent of"
    " the phase; what other workflows make does not count, even where an `order` puts them first",
)


def unmet_need(
    where: Where, span: Span, phase: str, need: str, others: Sequence[Mark], message: str = ""
) -> Diagnostic:
    """A capability or fact is needed that is not validated or recorded before."""
    return finding(
        UNMET_NEED,
        where,
        message or f"`{phase}` needs `{need}`, which no earlier step establishes",
        (span, "needed here"),
        others=others,
        refutes=f"premises[{phase}]",
    )


FRAGMENT_IN_USE: Final = Code(
    "TV844",
    "fragment-in-use",
    "a link bundle that is given away while another session runs on it",
    kind=Kind.OBLIGATION,
    help="order the sessions at one agent, so that the bundle is given away before or after",
)


def fragment_in_use(where: Where, span: Span, message: str, other: Mark, bundle: str) -> Diagnostic:
    """Two sessions act on one fragment, and one of them changes its owner."""
    return finding(
        FRAGMENT_IN_USE,
        where,
        message,
        (span, "given away here"),
        others=(other,),
        refutes=f"ownership[{bundle}]",
    )


def stale_holder(where: Where, span: Span, message: str, other: Mark, bundle: str) -> Diagnostic:
    """A bundle is held by an agent that has given it away before."""
    return finding(
        FRAGMENT_IN_USE,
        where,
        message,
        (span, "held here"),
        others=(other,),
        helps=("let the agent that it was given to hold it",),
        refutes=f"ownership[{bundle}]",
    )


UNKNOWN_BUNDLE: Final = Code(
    "TV845",
    "unknown-bundle",
    "a bundle that a phase cannot hold",
    help='`holds` names bundles, by agent: `holds = { gateway = ["keys"] }`',
)


def unknown_bundle(where: Where, span: Span, message: str) -> Diagnostic:
    """The agent takes no part in the session, or gives away what it does not hold."""
    return finding(UNKNOWN_BUNDLE, where, message, (span, ""))


FAULTY_PHASE: Final = Code(
    "TV846",
    "faulty-phase",
    "a phase whose own protocol is refuted or has errors",
    kind=Kind.OBLIGATION,
    help="`tellverify check` shows the run; a workflow can be correct only if its protocols are",
)


def faulty_phase(
    where: Where, span: Span, phase: str, reason: str, others: Sequence[Annotation], refutes: str
) -> Diagnostic:
    """The protocol of a phase does not hold on its own."""
    return finding(
        FAULTY_PHASE,
        where,
        f"the protocol of `{phase}` does not hold on its own: {reason}",
        (span, "this phase runs it"),
        others=others,
        refutes=refutes,
    )


UNFINISHED_WORKFLOW: Final = Code(
    "TV847",
    "unfinished-workflow",
    "a workflow with a run that does not end well",
    kind=Kind.OBLIGATION,
)
CROSSED_ORDERS: Final = Code(
    "TV848",
    "crossed-orders",
    "agents that run sessions in orders that block each other",
    kind=Kind.OBLIGATION,
    help="let all agents run the sessions in one order, or in separate threads",
)
UNTOLD_END: Final = Code(
    "TV849",
    "untold-end",
    "an agent that cannot know that a phase has ended",
    kind=Kind.OBLIGATION,
    help="tell it in the protocol of the phase that no message follows",
)
UNTOLD_OUTCOME: Final = Code(
    "TV850",
    "untold-outcome",
    "an agent that cannot know whether the workflow continues",
    kind=Kind.OBLIGATION,
    help="tell it the branch, or send it the first message that it awaits in every case",
)
SHARED_LABEL: Final = Code(
    "TV851",
    "shared-label",
    "a message that may be mistaken for one of another phase",
    kind=Kind.OBLIGATION,
    help="give the messages of the phases different names, or each phase separate channels",
)
ABANDONED_ROLE: Final = Code(
    "TV852",
    "abandoned-role",
    "a role that waits in an abandoned session",
    kind=Kind.OBLIGATION,
    help="let the role itself wait with a `timeout`",
)
CODE_OF_CONDITION: Final = {
    "composition": UNFINISHED_WORKFLOW,
    "session-order": CROSSED_ORDERS,
    "knows-end": UNTOLD_END,
    "knows-outcome": UNTOLD_OUTCOME,
    "labels-apart": SHARED_LABEL,
    "abandoned": ABANDONED_ROLE,
}


def unreadable_phase(
    where: Where, span: Span, phase: str, reason: str, place: Annotation
) -> Diagnostic:
    """The text of the protocol of a phase has an error."""
    return finding(
        FAULTY_PHASE,
        where,
        f"the protocol of `{phase}` has an error: {reason}",
        (span, "this phase runs it"),
        others=(place,),
        helps=("`tellverify check` shows all errors of the protocol",),
    )


def broken_workflow(
    where: Where,
    code: Code,
    at: Mark,
    message: str,
    *,
    others: Sequence[Mark],
    refutes: str,
    with_bundles: bool = False,
) -> Diagnostic:
    """A run across sessions that ends in a fault, and the condition that explains it.

    With `with_bundles` agents of the run wait for bundles that others hold.
    """
    helps = ("let all agents ask for the bundles in one order",) if with_bundles else None
    return finding(code, where, message, at, others=others, refutes=refutes, helps=helps)


APART_ONLY: Final = Code(
    "TV854",
    "apart-only",
    "sessions that are decided apart, and not together",
    kind=Kind.LIMIT,
)
WEAK_CONDITION: Final = Code(
    "TV853",
    "weak-condition",
    "a condition between phases that does not hold, although no run shows a fault",
    kind=Kind.LIMIT,
    severity=Severity.NOTE,
)
