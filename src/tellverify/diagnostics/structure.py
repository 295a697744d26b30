"""Findings about names: roles, families, local protocols, declarations."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Diagnostic
from tellverify.diagnostics.where import Where
from tellverify.source.span import Span

_SHOWN_PLACES = 4


def undeclared_role(
    where: Where,
    name: str,
    places: Sequence[Span],
    nearest: str,
    roles_span: Span | None,
    upstream: str,
) -> Diagnostic:
    """`name` is used at `places` and declared nowhere; `nearest` is a role it may stand for."""
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"add `{name}` to the `roles` of the protocol",)
    others = [(span, "used here too") for span in places[1:_SHOWN_PLACES]]
    if roles_span is not None:
        others.append((roles_span, "the roles of the protocol"))
    hidden = len(places) - _SHOWN_PLACES
    return where.finding(
        codes.UNDECLARED_ROLE,
        f"the role `{name}` is not declared",
        (places[0], "no such role"),
        others=others,
        notes=(f"it is used at {hidden} more places",) if hidden > 0 else (),
        helps=helps,
        upstream=upstream,
    )


def duplicate_role(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """`name` is declared at `first` and again at `second`."""
    return where.finding(
        codes.DUPLICATE_ROLE,
        f"the role `{name}` is declared twice",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("remove one of the declarations, or rename one of the roles",),
        upstream="rejects",
    )


def no_roles(where: Where, span: Span, used: Sequence[str]) -> Diagnostic:
    """The protocol named at `span` has no roles, though its statements name those in `used`."""
    written = ", ".join(used[:8]) if used else "A, B"
    return where.finding(
        codes.NO_ROLES,
        f"the protocol `{where.protocol}` has no roles",
        (span, "no roles"),
        helps=(f"begin the body with `roles {written}`",),
        upstream="rejects",
    )


def header_roles(where: Where, span: Span) -> Diagnostic:
    """Roles stand at `span`, in the header."""
    return where.finding(
        codes.HEADER_ROLES,
        f"the roles of `{where.protocol}` are declared in its header",
        (span, "header roles"),
        notes=("Telltale reads the body first and knows none of these roles there",),
        helps=("declare them by `roles` in the body",),
        upstream="rejects",
    )


def two_role_lists(where: Where, header: Span, body: Span) -> Diagnostic:
    """Roles are declared in the header and in the body."""
    return where.finding(
        codes.TWO_ROLE_LISTS,
        f"`{where.protocol}` declares roles in its header and in its body",
        (body, "roles of the body"),
        others=[(header, "roles of the header")],
        helps=("keep the `roles` of the body only",),
        upstream="rejects",
    )


def unused_role(where: Where, name: str, span: Span) -> Diagnostic:
    """The role `name`, declared at `span`, takes no part in any statement."""
    return where.finding(
        codes.UNUSED_ROLE,
        f"the role `{name}` takes no part in `{where.protocol}`",
        (span, "declared here, never used"),
        helps=(f"remove `{name}` from the `roles`, or let it take part",),
        upstream="rejects",
    )


def local_roles(where: Where, name: str, span: Span) -> Diagnostic:
    """The local protocol `name` declares roles at `span`."""
    return where.finding(
        codes.LOCAL_ROLES,
        f"the local protocol `{name}` declares roles of its own",
        (span, "roles of a local protocol"),
        notes=("a local protocol shares the roles of the protocol around it",),
        helps=(f"remove the roles of `{name}`",),
        upstream="rejects",
    )


def self_send(where: Where, role: str, receiver: Span, sender: Span, label: str) -> Diagnostic:
    """`role` sends `label` to itself."""
    return where.finding(
        codes.SELF_SEND,
        f"`{role}` sends `{label}` to itself",
        (receiver, "the receiver is the sender"),
        others=[(sender, "sent from here")],
        notes=("a channel joins two different roles",),
        helps=("name another receiver, or leave the message out",),
        upstream="accepts",
    )


def empty_broadcast(where: Where, role: str, span: Span) -> Diagnostic:
    """A broadcast of the only role there is."""
    return where.finding(
        codes.EMPTY_BROADCAST,
        f"nobody receives the broadcast of `{role}`",
        (span, "there is no other role"),
        helps=("declare the receivers, or remove the broadcast",),
        upstream="drops",
    )


def missing_index(where: Where, name: str, span: Span, declared: Span) -> Diagnostic:
    """The family `name` stands without an index where one is required."""
    return where.finding(
        codes.MISSING_INDEX,
        f"`{name}` is a role family and needs an index",
        (span, "which members?"),
        others=[(declared, "declared as a family here")],
        notes=("all members are taken to be meant",),
        helps=(f"write `{name}[*]` for all members, or name one by its index",),
        upstream="rejects",
    )


def index_without_family(
    where: Where, name: str, written: str, span: Span, declared: Span
) -> Diagnostic:
    """`written` has an index, but `name` is one role."""
    return where.finding(
        codes.INDEX_WITHOUT_FAMILY,
        f"`{written}` has an index, but `{name}` is one role",
        (span, "no family"),
        others=[(declared, "declared without a size here")],
        helps=(f"write `{name}`, or declare a family by `{name}[N]`",),
        upstream="rejects",
    )


def index_out_of_bounds(
    where: Where, name: str, written: str, size: int, span: Span, declared: Span
) -> Diagnostic:
    """`written` names a member that a family of `size` does not have."""
    members = f"`{name}[0]` to `{name}[{size - 1}]`" if size else "none"
    return where.finding(
        codes.INDEX_OUT_OF_BOUNDS,
        f"`{written}` is out of bounds: `{name}` has {size} members",
        (span, "no such member"),
        others=[(declared, f"its members: {members}")],
        notes=("indices count from 0, and the end of a range is exclusive",),
        helps=(f"use an index below {size}, or `{name}[*]` for all members",),
        upstream="accepts",
    )


def unbound_index(where: Where, name: str, symbol: str, span: Span, declared: Span) -> Diagnostic:
    """Nothing gives the `symbol` in an index of `name` a value."""
    return where.finding(
        codes.UNBOUND_INDEX,
        f"nothing binds the index `{symbol}` of `{name}`",
        (span, f"what is `{symbol}`?"),
        others=[(declared, f"`{name}` is declared here")],
        notes=("the language has no construct that binds an index",),
        helps=(f"write `{name}[*]` for all members, or a number",),
        upstream="accepts",
    )


def family_limit(where: Where, what: str, limit: int, span: Span) -> Diagnostic:
    """`what` is larger than the language allows."""
    return where.finding(
        codes.FAMILY_LIMIT,
        f"{what} is beyond the limit of {limit:,}",
        (span, f"at most {limit:,}"),
        helps=(f"stay within {limit:,}, or declare a family of symbolic size by `R[N]`",),
        upstream="rejects",
    )


def empty_range(where: Where, written: str, span: Span) -> Diagnostic:
    """A range whose start is not below its end."""
    return where.finding(
        codes.EMPTY_RANGE,
        f"the range of `{written}` has no members",
        (span, "the start is not below the end"),
        notes=("the start of a range is inclusive, its end exclusive",),
        helps=("let the end be greater than the start",),
        upstream="rejects",
    )


def several_deciders(
    where: Where, written: str, what: str, span: Span, declared: Span
) -> Diagnostic:
    """`written` stands for a family where one role must decide."""
    return where.finding(
        codes.SEVERAL_DECIDERS,
        f"{what} needs one role, but `{written}` stands for several members",
        (span, "who of them?"),
        others=[(declared, "declared as a family here")],
        helps=("name one member by its index",),
        upstream="accepts",
    )


def duplicate_local(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two local protocols are called `name`."""
    return where.finding(
        codes.DUPLICATE_LOCAL,
        f"there are two local protocols `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("rename or remove one of them",),
        upstream="rejects",
    )


def unknown_call(where: Where, name: str, span: Span, nearest: str, upstream: str) -> Diagnostic:
    """`call name` names no local protocol."""
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"declare `protocol {name}` in the `where` section",)
    return where.finding(
        codes.UNKNOWN_CALL,
        f"there is no local protocol `{name}`",
        (span, "called here"),
        helps=helps,
        upstream=upstream,
    )


def cyclic_call(
    where: Where, names: Sequence[str], call: Span, others: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """The local protocols `names` call each other in a circle that `call` closes."""
    if len(names) == 1:
        message = f"the local protocol `{names[0]}` calls itself"
    else:
        chain = ", ".join(f"`{name}`" for name in names)
        message = f"the local protocols {chain} call each other in a circle"
    return where.finding(
        codes.CYCLIC_CALL,
        message,
        (call, f"calls `{names[0]}` again"),
        others=others,
        notes=("a call is replaced by the text of the protocol, which would never end",),
        helps=("write a loop by `rec` and `continue`",),
        upstream="rejects",
    )


def unused_local(where: Where, name: str, span: Span) -> Diagnostic:
    """Nothing reaches the local protocol `name`."""
    return where.finding(
        codes.UNUSED_LOCAL,
        f"nothing calls the local protocol `{name}`",
        (span, "never called"),
        helps=(f"remove it, or write `call {name}` where it belongs",),
        upstream="accepts",
    )


def dropped_call(where: Where, name: str, construct: str, call: Span, around: Span) -> Diagnostic:
    """A call inside a construct where Telltale makes nothing of it."""
    return where.finding(
        codes.DROPPED_CALL,
        f"`call {name}` inside `{construct}` is ignored by Telltale",
        (call, "inlined here, ignored there"),
        others=[(around, f"inside this `{construct}`")],
        helps=(f"write the statements of `{name}` here",),
        upstream="drops",
    )


def undeclared_bundle(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """`requires name` without such a proof bundle."""
    return where.finding(
        codes.UNDECLARED_BUNDLE,
        f"the proof bundle `{name}` is not declared",
        (span, "required here"),
        helps=_declare(nearest, f"proof_bundle {name}"),
        upstream="rejects",
    )


def undeclared_effect(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """`uses name` without such an effect."""
    return where.finding(
        codes.UNDECLARED_EFFECT,
        f"the effect `{name}` is not declared",
        (span, "used here"),
        helps=_declare(nearest, f"effect {name}"),
        upstream="rejects",
    )


def undeclared_profile(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """`under name` without such a profile."""
    return where.finding(
        codes.UNDECLARED_PROFILE,
        f"the profile `{name}` is not declared",
        (span, "named here"),
        helps=_declare(nearest, f"profile {name}"),
        upstream="rejects",
    )


def duplicate_bundle(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two proof bundles are called `name`."""
    return where.finding(
        codes.DUPLICATE_BUNDLE,
        f"there are two proof bundles `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("rename or remove one of them",),
        upstream="rejects",
    )


def duplicate_profile(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two profiles are called `name`."""
    return where.finding(
        codes.DUPLICATE_PROFILE,
        f"there are two profiles `{name}`",
        (second, "declared again"),
        others=[(first, "first declared here")],
        helps=("rename or remove one of them",),
        upstream="rejects",
    )


def _declare(nearest: str, declaration: str) -> tuple[str, ...]:
    return (f"did you mean `{nearest}`?",) if nearest else (f"declare it by `{declaration}`",)
