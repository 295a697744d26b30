"""Diagnostics about the annotations of senders."""

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

CAPABILITY_NAME: Final = Code(
    "TV351",
    "capability-name",
    "a capability name that the runtime refuses",
    help="write `namespace:capability` in lower-case letters, digits, `_` and `-`",
    upstream="accepts",
)


def capability_name(where: Where, name: str, span: Span, reason: str) -> Diagnostic:
    """A name that is no capability."""
    shown = f"`{name}` is no capability name" if name else "the capability name is empty"
    return finding(
        CAPABILITY_NAME,
        where,
        f"{shown}: {reason}",
        (span, "refused before the protocol is launched"),
    )


LEGACY_CAPABILITY: Final = Code(
    "TV352",
    "legacy-capability",
    "a capability name of former times",
    upstream="accepts",
)


def legacy_capability(where: Where, name: str, span: Span, targets: Sequence[str]) -> Diagnostic:
    """A name of former times, with what has replaced it."""
    if not targets:
        help_text = "nothing single has replaced it: say which of its rights the send needs"
    elif len(targets) == 1 and targets[0].endswith("*"):
        help_text = f"it was a placeholder: write a name that begins with `{targets[0][:-1]}`"
    else:
        named = " or ".join(f"`{target}`" for target in targets)
        help_text = f"write {named}"
    return finding(
        LEGACY_CAPABILITY,
        where,
        f"`{name}` is a capability name of former times",
        (span, "no longer admitted"),
        helps=(help_text,),
    )


LOOSE_CAPABILITY: Final = Code(
    "TV353",
    "loose-capability",
    "a capability name with an odd part",
    severity=Severity.WARNING,
    help="let every part begin with a letter",
    upstream="accepts",
)


def loose_capability(where: Where, name: str, span: Span, part: str) -> Diagnostic:
    """A name that the runtime lets through although a part of it is empty or odd."""
    odd = f"the part `{part}`" if part else "an empty part"
    return finding(
        LOOSE_CAPABILITY,
        where,
        f"the capability name `{name}` has {odd}",
        (span, "accepted by the runtime, and most likely a slip"),
    )


MODULE_CAPABILITY: Final = Code(
    "TV354",
    "module-capability",
    "a capability of a module that cannot be launched",
    help="name a capability of a first-party namespace",
    upstream="accepts",
)


def module_capability(where: Where, name: str, span: Span, reason: str) -> Diagnostic:
    """A capability of a module, which production launch refuses, or a misshapen one."""
    return finding(
        MODULE_CAPABILITY,
        where,
        f"`{name}` cannot be launched: {reason}",
        (span, "refused at launch"),
    )


UNKNOWN_ANNOTATION: Final = Code(
    "TV355",
    "unknown-annotation",
    "an annotation of an unknown key",
    upstream="accepts",
)


def unknown_annotation(where: Where, key: str, span: Span, near: str) -> Diagnostic:
    """A key that the policy does not know."""
    return finding(
        UNKNOWN_ANNOTATION,
        where,
        f"there is no annotation `{key}`",
        (span, "an unknown key"),
        helps=(f"did you mean `{near}`?",) if near else ("remove it, or let the policy name it",),
    )


ANNOTATION_VALUE: Final = Code(
    "TV356",
    "annotation-value",
    "an annotation whose value has no meaning",
    upstream="accepts",
)


def annotation_value(where: Where, key: str, span: Span, reason: str, wanted: str) -> Diagnostic:
    """A value of the wrong form."""
    return finding(
        ANNOTATION_VALUE,
        where,
        f"the value of `{key}` has no meaning: {reason}",
        (span, "this value"),
        helps=(f"write {wanted}",),
    )


REPEATED_ANNOTATION: Final = Code(
    "TV357",
    "repeated-annotation",
    "an annotation given twice in one record",
    help="keep one of them",
    upstream="accepts",
)


def repeated_annotation(
    where: Where, key: str, spans: tuple[Span, Span], *, adds_up: bool
) -> Diagnostic:
    """A key twice in one record."""
    what = "both count, and nobody sees that" if adds_up else "only one can count"
    return finding(
        REPEATED_ANNOTATION,
        where,
        f"`{key}` is given twice in one record: {what}",
        (spans[1], "given again"),
        others=[(spans[0], "first given here")],
    )


CLAMPED_COST: Final = Code(
    "TV358",
    "clamped-cost",
    "a cost larger than a charge can be",
    severity=Severity.WARNING,
    help="write at most 4294967295",
    upstream="accepts",
)


def clamped_cost(where: Where, cost: int, span: Span) -> Diagnostic:
    """A cost beyond the type of charges."""
    return finding(
        CLAMPED_COST,
        where,
        f"a cost of {cost:,} is larger than a charge can be, so less is charged than is written",
        (span, "charged as 4,294,967,295"),
    )


ZERO_COST: Final = Code(
    "TV359",
    "zero-cost",
    "a charge of nothing",
    severity=Severity.NOTE,
    help="charge at least 1, or leave out the record",
    upstream="accepts",
)


def zero_cost(where: Where, span: Span) -> Diagnostic:
    """A cost of nothing: its receipt has the nonce of the receipt before."""
    return finding(
        ZERO_COST,
        where,
        "a charge of nothing does not move the budget, so its receipt repeats a nonce",
        (span, "charges nothing"),
    )


UNKNOWN_OBSERVER: Final = Code(
    "TV361",
    "unknown-observer",
    "an observer that no class of observers has",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unknown_observer(
    where: Where, observer: str, span: Span, taken_for: str, classes: Sequence[str]
) -> Diagnostic:
    """An observer that is taken for another one without a word."""
    named = ", ".join(f"`{name}`" for name in classes)
    many = "," in observer
    return finding(
        UNKNOWN_OBSERVER,
        where,
        f"`{observer}` is no class of observers, so it counts as `{taken_for}`",
        (span, "one quoted text is one observer" if many else f"counts as `{taken_for}`"),
        helps=(f"write {'(A, B) without quotes, with ' if many else 'one of '}{named}",),
    )


LABEL_METADATA: Final = Code(
    "TV364",
    "label-metadata",
    "one label with different annotations",
    severity=Severity.NOTE,
    help="give the messages labels of their own, or the same annotations",
    upstream="accepts",
)


def label_metadata(where: Where, label: str, spans: tuple[Span, Span], what: str) -> Diagnostic:
    """Two sends of one label whose annotations differ."""
    return finding(
        LABEL_METADATA,
        where,
        f"`{label}` is sent with different annotations: {what}",
        (spans[1], "differs from the first"),
        others=[(spans[0], "first sent here")],
        notes=("a runtime that looks guards up by message type finds one of them for both",),
    )


UNANNOTATED_MESSAGE: Final = Code(
    "TV365",
    "unannotated-message",
    "a message that its guards do not see",
    severity=Severity.WARNING,
    help="give it a `guard_capability` and a `flow_cost`",
    upstream="accepts",
)


def unannotated_message(where: Where, label: str, sender: str, span: Span) -> Diagnostic:
    """A send without a record in a protocol that annotates others."""
    return finding(
        UNANNOTATED_MESSAGE,
        where,
        f"`{sender}` sends `{label}` without annotations, so no guard checks or charges it",
        (span, "no guard sees this message"),
    )


INVISIBLE_ANNOTATION: Final = Code(
    "TV366",
    "invisible-annotation",
    "an annotation that no runtime reads",
    severity=Severity.WARNING,
    help="annotate the message in the protocol",
    upstream="accepts",
)


def invisible_annotation(where: Where, span: Span, place: str) -> Diagnostic:
    """A record where it has no effect."""
    return finding(
        INVISIBLE_ANNOTATION,
        where,
        f"annotations in {place} have no effect: only those of the protocol itself are read",
        (span, "read by nobody"),
    )
