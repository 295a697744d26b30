"""Diagnostics about properties of the user, branches that nothing takes, and what is vacuous."""

from __future__ import annotations

import msgspec

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Diagnostic, Severity
from tellverify.source.span import NOWHERE, Span

_NOUN = {"role": "role", "message": "message", "branch": "branch"}
_MARKED = 60


class Written(msgspec.Struct, frozen=True):
    """Where the formula of a property stands: in a source, or on a line of the configuration.

    `start` is the offset of the formula in the source, or -1 when it is not in one.
    """

    path: str
    name: str
    text: str
    start: int = -1
    line: int = 0

    def place(self, span: Span) -> Span:
        """A part of the formula as a part of the source."""
        if self.start < 0:
            return NOWHERE
        return Span(self.start + span.start, self.start + max(span.end, span.start + 1))

    def notes(self, span: Span) -> tuple[str, ...]:
        """What shows the part when there is no source to show it in."""
        if self.start >= 0:
            return ()
        low = max(0, span.start - _MARKED // 2)
        shown = self.text[low : low + _MARKED]
        return (f"line {self.line}, column {span.start + 1} of the formula, in `{shown}`",)


def bad_formula(written: Written, span: Span, message: str, help: str) -> Diagnostic:
    """A formula that cannot be read."""
    return Diagnostic(
        codes.BAD_FORMULA,
        f"property `{written.name}` cannot be read: {message}",
        written.path,
        Annotation(written.place(span), "here"),
        notes=written.notes(span),
        helps=(help,) if help else (),
    )


def unknown_name(
    written: Written,
    span: Span,
    kind: str,
    name: str,
    nearest: str,
    *,
    protocol: str,
    is_role: bool,
) -> Diagnostic:
    """A role, message or branch in a formula that the protocol does not have."""
    helps = (f"did you mean `{nearest}`?",) if nearest else ()
    if is_role and not helps:
        helps = (f"`{name}` is a role: write `{name} -> B : Label`, or `{name} finished`",)
    return Diagnostic(
        codes.UNKNOWN_IN_FORMULA,
        f"property `{written.name}` speaks of the {_NOUN[kind]} `{name}`, "
        f"which `{protocol}` does not have",
        written.path,
        Annotation(written.place(span), f"no such {_NOUN[kind]}"),
        notes=written.notes(span),
        helps=helps,
        protocol=protocol,
    )


def property_twice(written: Written, first: Written, protocol: str) -> Diagnostic:
    """Two properties of one protocol with one name; the second is not decided."""
    whole = Span(0, len(written.text))
    others: tuple[Annotation, ...] = ()
    if first.start >= 0:
        place = first.place(Span(0, len(first.text)))
        others = (Annotation(place, "the first one", first.path),)
    return Diagnostic(
        codes.PROPERTY_TWICE,
        f"`{protocol}` has two properties with the name `{written.name}`",
        written.path,
        Annotation(written.place(whole), "the second one is not decided"),
        others,
        notes=written.notes(whole),
        helps=("give one of them another name",),
        protocol=protocol,
    )


def vacuous(written: Written, span: Span, what: str, protocol: str) -> Diagnostic:
    """A property that holds because nothing it speaks of ever happens."""
    return Diagnostic(
        codes.VACUOUS,
        f"property `{written.name}` holds vacuously: `{what}` happens in no run of `{protocol}`",
        written.path,
        Annotation(written.place(span), "this never happens"),
        notes=written.notes(span),
        helps=("check the names and the direction of the message, or remove the property",),
        severity=Severity.WARNING,
        protocol=protocol,
    )


def branch_never_taken(path: str, span: Span, label: str, protocol: str) -> Diagnostic:
    """A branch that is written but that no run takes."""
    return Diagnostic(
        codes.BRANCH_NEVER_TAKEN,
        f"branch `{label}` is taken in no run, so whatever holds of it holds vacuously",
        path,
        Annotation(span, "never taken"),
        helps=("remove the branch, or whatever keeps the protocol from it",),
        severity=Severity.WARNING,
        protocol=protocol,
    )


def unreachable_event(
    path: str, span: Span, event: str, why: str, *, protocol: str, refutes: str
) -> Diagnostic:
    """An event that was asked for and that no run reaches."""
    return Diagnostic(
        codes.UNREACHABLE_EVENT,
        f"no run of `{protocol}` reaches `{event}`",
        path,
        Annotation(span, why),
        helps=("all runs were searched: check the names, the direction and who decides",),
        protocol=protocol,
        refutes=refutes,
    )
