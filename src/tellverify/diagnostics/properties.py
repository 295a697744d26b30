"""Diagnostics about user properties, branches that are never taken, and vacuous verdicts."""

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
from tellverify.source.span import NOWHERE, Span

PROPERTY_BROKEN: Final = Code(
    "TV621",
    "broken-property",
    "a run that violates a user property",
    kind=Kind.OBLIGATION,
)


_NOUN = {"role": "role", "message": "message", "branch": "branch"}
_MARKED = 60


class Written(msgspec.Struct, frozen=True):
    """Where the formula of a property stands: in a source, or on a line of the configuration.

    `start` is the offset of the formula in that file, or -1 when it is not in one. Where `end` says
    that the file has it in other characters, with escapes, it is shown as a whole.
    """

    path: str
    name: str
    text: str
    start: int = -1
    line: int = 0
    end: int = -1

    def place(self, span: Span) -> Span:
        """A part of the formula as a part of the source."""
        if self.start < 0:
            return NOWHERE
        if not self._is_verbatim:
            return Span(self.start, self.end)
        return Span(self.start + span.start, self.start + max(span.end, span.start + 1))

    def notes(self, span: Span) -> tuple[str, ...]:
        """What shows the part where the place does not."""
        if self.start >= 0 and self._is_verbatim:
            return ()
        low = max(0, span.start - _MARKED // 2)
        shown = self.text[low : low + _MARKED]
        line = f"line {self.line} of the file, " if self.start < 0 and self.line else ""
        return (f"{line}column {span.start + 1} of the formula, in `{shown}`",)

    @property
    def _is_verbatim(self) -> bool:
        return self.end < 0 or self.end - self.start == len(self.text)


BAD_FORMULA: Final = Code(
    "TV611",
    "bad-formula",
    "a property whose formula cannot be read",
)


def bad_formula(written: Written, span: Span, message: str, help: str) -> Diagnostic:
    """A formula that cannot be read."""
    return finding(
        BAD_FORMULA,
        written.path,
        f"property `{written.name}` cannot be read: {message}",
        (written.place(span), "here"),
        notes=written.notes(span),
        helps=(help,) if help else (),
    )


UNKNOWN_IN_FORMULA: Final = Code(
    "TV612",
    "unknown-name-in-formula",
    "a property about a name that the protocol does not have",
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
    return finding(
        UNKNOWN_IN_FORMULA,
        Where(written.path, protocol),
        f"property `{written.name}` refers to the {_NOUN[kind]} `{name}`, "
        f"which `{protocol}` does not have",
        (written.place(span), f"no such {_NOUN[kind]}"),
        notes=written.notes(span),
        helps=helps,
    )


PROPERTY_TWICE: Final = Code(
    "TV613",
    "property-twice",
    "two properties with the same name",
    help="rename one of them",
)


def property_twice(written: Written, first: Written, protocol: str) -> Diagnostic:
    """Two properties of one protocol with one name; the second is not decided."""
    whole = Span(0, len(written.text))
    others: tuple[Annotation, ...] = ()
    if first.start >= 0:
        place = first.place(Span(0, len(first.text)))
        others = (Annotation(place, "the first declaration", first.path),)
    return finding(
        PROPERTY_TWICE,
        Where(written.path, protocol),
        f"`{protocol}` has two properties named `{written.name}`",
        (written.place(whole), "the second one is not decided"),
        others=others,
        notes=written.notes(whole),
    )


VACUOUS: Final = Code(
    "TV931",
    "vacuous",
    "a property that holds vacuously",
    severity=Severity.WARNING,
    help="check the names and the direction of the message, or remove the property",
)


def vacuous(written: Written, span: Span, what: Sequence[str], protocol: str) -> Diagnostic:
    """A property that holds because none of its events ever happens."""
    names = [f"`{one}`" for one in what]
    never = f"{names[0]} never happens"
    if len(names) > 1:
        never = f"none of {', '.join(names)} ever happens"
    return finding(
        VACUOUS,
        Where(written.path, protocol),
        f"property `{written.name}` holds vacuously: {never} in `{protocol}`",
        (written.place(span), "this never happens"),
        notes=written.notes(span),
    )


BRANCH_NEVER_TAKEN: Final = Code(
    "TV932",
    "branch-never-taken",
    "a branch that is never taken",
    severity=Severity.WARNING,
    help="remove the branch, or the condition that rules it out",
)


def branch_never_taken(path: str, span: Span, label: str, protocol: str) -> Diagnostic:
    """A branch that is written but that no run takes."""
    return finding(
        BRANCH_NEVER_TAKEN,
        Where(path, protocol),
        f"branch `{label}` is never taken, so every property about it holds vacuously",
        (span, "never taken"),
    )


UNREACHABLE_EVENT: Final = Code(
    "TV622",
    "unreachable-event",
    "an unreachable event",
    kind=Kind.OBLIGATION,
    help="all runs were searched: check the names, the direction and the deciding role",
)


def unreachable_event(
    path: str, span: Span, event: str, why: str, *, protocol: str, refutes: str
) -> Diagnostic:
    """An event that was asked for and that no run reaches."""
    return finding(
        UNREACHABLE_EVENT,
        Where(path, protocol),
        f"no run of `{protocol}` reaches `{event}`",
        (span, why),
        refutes=refutes,
    )
