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
    "a capability name that the runtime rejects",
    help="write `namespace:capability` in lower-case letters, digits, `_` and `-`",
    upstream="accepts",
)


def capability_name(where: Where, name: str, span: Span, reason: str) -> Diagnostic:
    """A name that is no capability."""
    shown = f"`{name}` is not a capability name" if name else "the capability name is empty"
    return finding(
        CAPABILITY_NAME,
        where,
        f"{shown}: {reason}",
        (span, "rejected before the protocol is launched"),
    )


LEGACY_CAPABILITY: Final = Code(
    "TV352",
    "legacy-capability",
    "a legacy capability name",
    upstream="accepts",
)


def legacy_capability(where: Where, name: str, span: Span, targets: Sequence[str]) -> Diagnostic:
    """A legacy name, with its replacement."""
    if not targets:
        help_text = "it has no single replacement: name the rights that the send needs"
    elif len(targets) == 1 and targets[0].endswith("*"):
        help_text = f"it was a placeholder: use a name that begins with `{targets[0][:-1]}`"
    else:
        named = " or ".join(f"`{target}`" for target in targets)
        help_text = f"write {named}"
    return finding(
        LEGACY_CAPABILITY,
        where,
        f"`{name}` is a legacy capability name",
        (span, "no longer accepted"),
        helps=(help_text,),
    )


LOOSE_CAPABILITY: Final = Code(
    "TV353",
    "loose-capability",
    "a capability name with a malformed part",
    severity=Severity.WARNING,
    help="begin every part with a letter",
    upstream="accepts",
)


def loose_capability(where: Where, name: str, span: Span, part: str) -> Diagnostic:
    """A name that the runtime lets through although a part of it is empty or odd."""
    odd = f"the part `{part}`" if part else "an empty part"
    return finding(
        LOOSE_CAPABILITY,
        where,
        f"the capability name `{name}` has {odd}",
        (span, "accepted by the runtime, but probably a mistake"),
    )


MODULE_CAPABILITY: Final = Code(
    "TV354",
    "module-capability",
    "a module capability that cannot be launched",
    help="use a capability of a first-party namespace",
    upstream="accepts",
)


def module_capability(where: Where, name: str, span: Span, reason: str) -> Diagnostic:
    """A capability of a module, which production launch refuses, or a misshapen one."""
    return finding(
        MODULE_CAPABILITY,
        where,
        f"`{name}` cannot be launched: {reason}",
        (span, "rejected at launch"),
    )


UNKNOWN_ANNOTATION: Final = Code(
    "TV355",
    "unknown-annotation",
    "an annotation with an unknown key",
    upstream="accepts",
)


def unknown_annotation(where: Where, key: str, span: Span, near: str) -> Diagnostic:
    """A key that the policy does not know."""
    return finding(
        UNKNOWN_ANNOTATION,
        where,
        f"unknown annotation `{key}`",
        (span, "unknown key"),
        helps=(f"did you mean `{near}`?",) if near else ("remove it, or add it to the policy",),
    )


ANNOTATION_VALUE: Final = Code(
    "TV356",
    "annotation-value",
    "an annotation with an invalid value",
    upstream="accepts",
)


def annotation_value(where: Where, key: str, span: Span, reason: str, wanted: str) -> Diagnostic:
    """A value of the wrong form."""
    return finding(
        ANNOTATION_VALUE,
        where,
        f"the value of `{key}` is not valid: {reason}",
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
    what = "both count, which is easily missed" if adds_up else "only one of them counts"
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
    "a cost that exceeds the largest charge",
    severity=Severity.WARNING,
    help="use at most 4294967295",
    upstream="accepts",
)


def clamped_cost(where: Where, cost: int, span: Span) -> Diagnostic:
    """A cost beyond the type of charges."""
    return finding(
        CLAMPED_COST,
        where,
        f"a cost of {cost:,} exceeds the largest charge, so less is charged than written",
        (span, "charged as 4,294,967,295"),
    )


ZERO_COST: Final = Code(
    "TV359",
    "zero-cost",
    "a charge of zero",
    severity=Severity.NOTE,
    help="charge at least 1, or remove the record",
    upstream="accepts",
)


def zero_cost(where: Where, span: Span) -> Diagnostic:
    """A cost of nothing: its receipt has the nonce of the receipt before."""
    return finding(
        ZERO_COST,
        where,
        "a charge of zero leaves the budget unchanged, so its receipt repeats a nonce",
        (span, "charges zero"),
    )


UNKNOWN_OBSERVER: Final = Code(
    "TV361",
    "unknown-observer",
    "an unknown class of observers",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unknown_observer(
    where: Where, observer: str, span: Span, taken_for: str, classes: Sequence[str]
) -> Diagnostic:
    """An observer that silently counts as another one."""
    named = ", ".join(f"`{name}`" for name in classes)
    many = "," in observer
    return finding(
        UNKNOWN_OBSERVER,
        where,
        f"`{observer}` is not a class of observers, so it counts as `{taken_for}`",
        (span, "quoted text is a single observer" if many else f"counts as `{taken_for}`"),
        helps=(f"write {'(A, B) without quotes, with ' if many else 'one of '}{named}",),
    )


LABEL_METADATA: Final = Code(
    "TV364",
    "label-metadata",
    "a label with different annotations",
    severity=Severity.NOTE,
    help="give the messages different labels, or the same annotations",
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
        notes=("a runtime that looks up guards by message type uses one of them for both",),
    )


UNANNOTATED_MESSAGE: Final = Code(
    "TV365",
    "unannotated-message",
    "a message without guard annotations",
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
        (span, "not guarded"),
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
        f"annotations in {place} have no effect: only those in the protocol itself are read",
        (span, "never read"),
    )
