"""From refuted verdicts to the findings that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity, Where, finding
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Conflict, Core, Refuted
from tellverify.verdict.properties import PROPERTIES, Property
from tellverify.verdict.run import Verdict

_UNMERGED: Final = {
    "EndMismatch": "one terminates where the other continues",
    "PartnerMismatch": "they continue with different partners",
    "DirectionMismatch": "one sends where the other receives",
    "SendBranchCountMismatch": "they offer different messages to send",
    "SendLabelMismatch": "they send different messages",
    "IncompatibleContinuations": "they begin alike but differ later",
    "RecursiveVariableMismatch": "they continue in different loops",
    "VariableMismatch": "they continue in different loops",
    "IncompatibleTypes": "one returns to a loop where the other does not",
    "Limit": "the merged type is too large to be built",
}
_HERE: Final = {
    Fault.STUCK_ROLE: "this message never comes",
    Fault.STARVATION: "this message may never come",
    Fault.INFIDELITY: "the protocol does not allow this event here",
    Fault.UNSPECIFIED_RECEPTION: "this message arrives where its receiver does not expect it",
    Fault.ORPHAN_MESSAGE: "this message is never received",
    Fault.DEADLOCK: "after this event no role can act",
    Fault.UNBOUNDED_QUEUE: "this message can be sent without bound",
    Fault.NO_TERMINATION: "no run terminates from here on",
    Fault.ENDLESS_RUN: "this repeats in a fair run",
    Fault.DISAGREEMENT: "here two roles have decided differently",
    Fault.REPETITION: "this happens a second time",
    Fault.PROPERTY: "the property fails here",
    Fault.TIMEOUT_DISAGREEMENT: "the timer fires here",
    Fault.STALE_MESSAGE: "this message comes from an earlier attempt",
    Fault.WITNESS: "",
}


def _is_worded_elsewhere(verdict: Verdict, is_timed: bool) -> bool:
    """True of what refutes a property that has the same run, and of deciders with own findings.

    Of a protocol with timeouts nothing is implied. Under a scenario neither: there only a deadlock
    shows in the roles that wait.
    """
    row = PROPERTIES[verdict.property]
    if verdict.scope.scenario:
        return verdict.property is Property.NO_DEADLOCK
    return row.worded_apart or (row.implied_by is not None and not is_timed)


def _forgetful_branch(trace: Trace) -> Iterator[Annotation]:
    """Where a run takes the branch after which a stuck role is not told anything any more.

    Nothing where the role takes part in all branches that the run takes.
    """
    if trace.fault is not Fault.STUCK_ROLE or not trace.culprits:
        return
    role = trace.culprits[0]
    chosen: Step | None = None
    for step in trace.steps:
        if role in (step.sender, step.receiver):
            chosen = None
        elif step.send and step.site.branch and chosen is None:
            chosen = step
    if chosen is not None:
        text = (
            f"`{chosen.sender}` takes branch `{chosen.site.branch}` here, and `{role}` is not told"
        )
        yield Annotation(chosen.site.span, text, chosen.site.path)


def diagnostics_of(
    name: str, verdict: Verdict, source: SourceFile, span: Span, *, is_timed: bool = False
) -> Iterator[Diagnostic]:
    """The finding for a refuted verdict on the protocol `name`, which stands at `span`.

    Nothing for one that carries its finding. `is_timed` says that the protocol has timeouts.
    """
    outcome = verdict.outcome
    if not isinstance(outcome, Refuted) or outcome.diagnostic is not None:
        return
    if _is_worded_elsewhere(verdict, is_timed):
        return
    evidence = outcome.evidence
    match evidence:
        case Trace():
            site = evidence.place
            if not site.line and evidence.steps:
                site = evidence.steps[-1].site
            where = site.span if site.line else span
            path = site.path if site.line else source.path
            message = evidence.explanation
            primary = Annotation(where, _HERE[evidence.fault])
            others: tuple[Annotation, ...] = tuple(_forgetful_branch(evidence))
        case Conflict(reason, path, left, right):
            roles = ", ".join(f"`{role}`" for role in verdict.scope.roles[:3])
            more = len(verdict.scope.roles) - 3
            named = f"{roles} and {more} more" if more > 0 else roles
            why = _UNMERGED.get(reason, "its branches differ")
            message = f"the branches of {named} do not merge strictly: {why}"
            primary = Annotation(left, "one branch begins here")
            others = (Annotation(right, "the other begins here"),) if right != left else ()
        case Core():  # whoever finds a core tells of it, with the places of its premises
            return
    notes = (outcome.reason,) if outcome.reason else ()
    helps = tuple(outcome.helps)
    if outcome.instance:
        notes = (*notes, f"shown with {outcome.instance}")
    yield finding(
        CODES[outcome.code],
        Where(path, name),
        message,
        primary,
        others=others,
        notes=notes,
        helps=helps if verdict.scope.scenario else None,
        severity=Severity.ERROR if verdict.required else Severity.WARNING,
        refutes=verdict.name,
    )
