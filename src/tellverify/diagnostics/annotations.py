"""Diagnostics about the annotations of senders."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span


def capability_name(where: Where, name: str, span: Span, reason: str) -> Diagnostic:
    """A name that is no capability."""
    shown = f"`{name}` is no capability name" if name else "the capability name is empty"
    return where.finding(
        codes.CAPABILITY_NAME,
        f"{shown}: {reason}",
        (span, "refused before the protocol is launched"),
        helps=("write `namespace:capability` in lower-case letters, digits, `_` and `-`",),
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
    return where.finding(
        codes.LEGACY_CAPABILITY,
        f"`{name}` is a capability name of former times",
        (span, "no longer admitted"),
        helps=(help_text,),
        upstream="accepts",
    )


def loose_capability(where: Where, name: str, span: Span, part: str) -> Diagnostic:
    """A name that the runtime lets through although a part of it is empty or odd."""
    odd = f"the part `{part}`" if part else "an empty part"
    return where.finding(
        codes.LOOSE_CAPABILITY,
        f"the capability name `{name}` has {odd}",
        (span, "accepted by the runtime, and most likely a slip"),
        helps=("let every part begin with a letter",),
        upstream="accepts",
    )


def module_capability(where: Where, name: str, span: Span, reason: str) -> Diagnostic:
    """A capability of a module, which production launch refuses, or a misshapen one."""
    return where.finding(
        codes.MODULE_CAPABILITY,
        f"`{name}` cannot be launched: {reason}",
        (span, "refused at launch"),
        helps=("name a capability of a first-party namespace",),
        upstream="accepts",
    )


def unknown_annotation(where: Where, key: str, span: Span, near: str) -> Diagnostic:
    """A key that the policy does not know."""
    return where.finding(
        codes.UNKNOWN_ANNOTATION,
        f"there is no annotation `{key}`",
        (span, "an unknown key"),
        helps=(f"did you mean `{near}`?",) if near else ("remove it, or let the policy name it",),
        upstream="accepts",
    )


def annotation_value(where: Where, key: str, span: Span, reason: str, wanted: str) -> Diagnostic:
    """A value of the wrong form."""
    return where.finding(
        codes.ANNOTATION_VALUE,
        f"the value of `{key}` has no meaning: {reason}",
        (span, "this value"),
        helps=(f"write {wanted}",),
        upstream="accepts",
    )


def repeated_annotation(
    where: Where, key: str, spans: tuple[Span, Span], *, adds_up: bool
) -> Diagnostic:
    """A key twice in one record."""
    what = "both count, and nobody sees that" if adds_up else "only one can count"
    return where.finding(
        codes.REPEATED_ANNOTATION,
        f"`{key}` is given twice in one record: {what}",
        (spans[1], "given again"),
        others=[(spans[0], "first given here")],
        helps=("keep one of them",),
        upstream="accepts",
    )


def clamped_cost(where: Where, cost: int, span: Span) -> Diagnostic:
    """A cost beyond the type of charges."""
    return where.finding(
        codes.CLAMPED_COST,
        f"a cost of {cost:,} is larger than a charge can be, so less is charged than is written",
        (span, "charged as 4,294,967,295"),
        helps=("write at most 4294967295",),
        upstream="accepts",
    )


def zero_cost(where: Where, span: Span) -> Diagnostic:
    """A cost of nothing: its receipt has the nonce of the receipt before."""
    return where.finding(
        codes.ZERO_COST,
        "a charge of nothing does not move the budget, so its receipt repeats a nonce",
        (span, "charges nothing"),
        helps=("charge at least 1, or leave out the record",),
        upstream="accepts",
    )


def unknown_observer(
    where: Where, observer: str, span: Span, taken_for: str, classes: Sequence[str]
) -> Diagnostic:
    """An observer that is taken for another one without a word."""
    named = ", ".join(f"`{name}`" for name in classes)
    many = "," in observer
    return where.finding(
        codes.UNKNOWN_OBSERVER,
        f"`{observer}` is no class of observers, so it counts as `{taken_for}`",
        (span, "one quoted text is one observer" if many else f"counts as `{taken_for}`"),
        helps=(f"write {'(A, B) without quotes, with ' if many else 'one of '}{named}",),
        upstream="accepts",
    )


def label_metadata(where: Where, label: str, spans: tuple[Span, Span], what: str) -> Diagnostic:
    """Two sends of one label whose annotations differ."""
    return where.finding(
        codes.LABEL_METADATA,
        f"`{label}` is sent with different annotations: {what}",
        (spans[1], "differs from the first"),
        others=[(spans[0], "first sent here")],
        notes=("a runtime that looks guards up by message type finds one of them for both",),
        helps=("give the messages labels of their own, or the same annotations",),
        upstream="accepts",
    )


def unannotated_message(where: Where, label: str, sender: str, span: Span) -> Diagnostic:
    """A send without a record in a protocol that annotates others."""
    return where.finding(
        codes.UNANNOTATED_MESSAGE,
        f"`{sender}` sends `{label}` without annotations, so no guard checks or charges it",
        (span, "no guard sees this message"),
        helps=("give it a `guard_capability` and a `flow_cost`",),
        upstream="accepts",
    )


def invisible_annotation(where: Where, span: Span, place: str) -> Diagnostic:
    """A record where it has no effect."""
    return where.finding(
        codes.INVISIBLE_ANNOTATION,
        f"annotations in {place} have no effect: only those of the protocol itself are read",
        (span, "read by nobody"),
        helps=("annotate the message in the protocol",),
        upstream="accepts",
        severity=Severity.WARNING,
    )
