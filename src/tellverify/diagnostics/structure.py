"""Findings about names: roles, families, local protocols, declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Severity,
    Where,
    finding,
)
from tellverify.source.span import Span

_SHOWN_PLACES = 4


UNDECLARED_ROLE: Final = Code(
    "TV201",
    "undeclared-role",
    "a role that is not declared",
)


_MEMBERS: Final = frozenset(("any", "some", "each", "every", "all", "everyone", "somebody"))


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
    elif name.lower() in _MEMBERS:
        helps = (
            "write `F[*]` for all members of a family `F`; where any of them may act, let all of"
            " them answer, and one role decide by the answers",
        )
    else:
        helps = (f"add `{name}` to the `roles` of the protocol",)
    others = [(span, "used here too") for span in places[1:_SHOWN_PLACES]]
    if roles_span is not None:
        others.append((roles_span, "the roles of the protocol"))
    hidden = len(places) - _SHOWN_PLACES
    return finding(
        UNDECLARED_ROLE,
        where,
        f"the role `{name}` is not declared",
        (places[0], "no such role"),
        others=others,
        notes=(f"it is used in {hidden} more places",) if hidden > 0 else (),
        helps=helps,
        upstream=upstream,
    )


DUPLICATE_ROLE: Final = Code(
    "TV202",
    "duplicate-role",
    "a role declared twice",
    help="remove one declaration, or rename one of the roles",
    upstream="rejects",
)


def duplicate_role(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """`name` is declared at `first` and again at `second`."""
    return finding(
        DUPLICATE_ROLE,
        where,
        f"the role `{name}` is declared twice",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


NO_ROLES: Final = Code(
    "TV203",
    "no-roles",
    "a protocol without roles",
    upstream="rejects",
)


def no_roles(where: Where, span: Span, used: Sequence[str]) -> Diagnostic:
    """The protocol named at `span` has no roles, though its statements name those in `used`."""
    written = ", ".join(used[:8]) if used else "A, B"
    return finding(
        NO_ROLES,
        where,
        f"the protocol `{where.protocol}` has no roles",
        (span, "no roles"),
        helps=(f"begin the body with `roles {written}`",),
    )


HEADER_ROLES: Final = Code(
    "TV204",
    "header-roles",
    "roles in the header of a protocol",
    severity=Severity.WARNING,
    help="declare them with `roles` in the body",
    upstream="rejects",
)


def header_roles(where: Where, span: Span) -> Diagnostic:
    """Roles stand at `span`, in the header."""
    return finding(
        HEADER_ROLES,
        where,
        f"the roles of `{where.protocol}` are declared in its header",
        (span, "header roles"),
        notes=("Telltale reads the body first and does not know these roles there",),
    )


TWO_ROLE_LISTS: Final = Code(
    "TV205",
    "two-role-lists",
    "roles in the header and in the body",
    help="keep only the `roles` of the body",
    upstream="rejects",
)


def two_role_lists(where: Where, header: Span, body: Span) -> Diagnostic:
    """Roles are declared in the header and in the body."""
    return finding(
        TWO_ROLE_LISTS,
        where,
        f"`{where.protocol}` declares roles in its header and in its body",
        (body, "roles of the body"),
        others=[(header, "roles of the header")],
    )


UNUSED_ROLE: Final = Code(
    "TV206",
    "unused-role",
    "a role that is never used",
    severity=Severity.WARNING,
    upstream="rejects",
)


def unused_role(where: Where, name: str, span: Span) -> Diagnostic:
    """The role `name`, declared at `span`, takes no part in any statement."""
    return finding(
        UNUSED_ROLE,
        where,
        f"the role `{name}` is never used in `{where.protocol}`",
        (span, "declared here but never used"),
        helps=(f"remove `{name}` from `roles`, or give it a message to send or receive",),
    )


LOCAL_ROLES: Final = Code(
    "TV207",
    "local-roles",
    "a local protocol that declares roles",
    upstream="rejects",
)


def local_roles(where: Where, name: str, span: Span) -> Diagnostic:
    """The local protocol `name` declares roles at `span`."""
    return finding(
        LOCAL_ROLES,
        where,
        f"the local protocol `{name}` declares its own roles",
        (span, "roles of a local protocol"),
        notes=("a local protocol shares the roles of the enclosing protocol",),
        helps=(f"remove the roles of `{name}`",),
    )


SELF_SEND: Final = Code(
    "TV208",
    "self-send",
    "a message from a role to itself",
    help="name another receiver, or remove the message",
    upstream="accepts",
)


def self_send(where: Where, role: str, receiver: Span, sender: Span, label: str) -> Diagnostic:
    """`role` sends `label` to itself."""
    return finding(
        SELF_SEND,
        where,
        f"`{role}` sends `{label}` to itself",
        (receiver, "the receiver is the sender"),
        others=[(sender, "sent from here")],
        notes=("a channel joins two different roles",),
    )


EMPTY_BROADCAST: Final = Code(
    "TV209",
    "empty-broadcast",
    "a broadcast without receivers",
    severity=Severity.WARNING,
    help="declare the receivers, or remove the broadcast",
    upstream="drops",
)


def empty_broadcast(where: Where, role: str, span: Span) -> Diagnostic:
    """A broadcast of the only role there is."""
    return finding(
        EMPTY_BROADCAST,
        where,
        f"the broadcast of `{role}` has no receivers",
        (span, "there is no other role"),
    )


MISSING_INDEX: Final = Code(
    "TV211",
    "missing-index",
    "a role family named without an index",
    upstream="rejects",
)


def missing_index(where: Where, name: str, span: Span, declared: Span) -> Diagnostic:
    """The family `name` stands without an index where one is required."""
    return finding(
        MISSING_INDEX,
        where,
        f"`{name}` is a role family and needs an index",
        (span, "which members?"),
        others=[(declared, "declared as a family here")],
        notes=("read here as all members",),
        helps=(f"write `{name}[*]` for all members, or name one by its index",),
    )


INDEX_WITHOUT_FAMILY: Final = Code(
    "TV212",
    "index-without-family",
    "an index on a role that is not a family",
    upstream="rejects",
)


def index_without_family(
    where: Where, name: str, written: str, span: Span, declared: Span
) -> Diagnostic:
    """`written` has an index, but `name` is one role."""
    return finding(
        INDEX_WITHOUT_FAMILY,
        where,
        f"`{written}` has an index, but `{name}` is not a role family",
        (span, "not a family"),
        others=[(declared, "declared without a size here")],
        helps=(f"write `{name}`, or declare a family with `{name}[N]`",),
    )


INDEX_OUT_OF_BOUNDS: Final = Code(
    "TV213",
    "index-out-of-bounds",
    "a member that the family does not have",
    upstream="accepts",
)


def index_out_of_bounds(
    where: Where, name: str, written: str, size: int, span: Span, declared: Span
) -> Diagnostic:
    """`written` names a member that a family of `size` does not have."""
    members = f"`{name}[0]` to `{name}[{size - 1}]`" if size else "none"
    return finding(
        INDEX_OUT_OF_BOUNDS,
        where,
        f"`{written}` is out of range: `{name}` has {size} members",
        (span, "no such member"),
        others=[(declared, f"its members: {members}")],
        notes=("indices count from 0, and the end of a range is exclusive",),
        helps=(f"use an index below {size}, or `{name}[*]` for all members",),
    )


UNBOUND_INDEX: Final = Code(
    "TV214",
    "unbound-index",
    "an unbound index",
    upstream="accepts",
)


def unbound_index(where: Where, name: str, symbol: str, span: Span, declared: Span) -> Diagnostic:
    """Nothing gives the `symbol` in an index of `name` a value."""
    return finding(
        UNBOUND_INDEX,
        where,
        f"the index `{symbol}` of `{name}` is not bound",
        (span, f"`{symbol}` is not bound"),
        others=[(declared, f"`{name}` is declared here")],
        notes=(
            "the language has no construct that binds an index; a window over the members is a"
            " range of numbers, or a loop in which one role names the next member",
        ),
        helps=(f"write `{name}[*]` for all members, or a number",),
    )


FAMILY_LIMIT: Final = Code(
    "TV215",
    "family-limit",
    "a size or index that exceeds the limits of the language",
    upstream="rejects",
)


def family_limit(where: Where, what: str, limit: int, span: Span) -> Diagnostic:
    """`what` is larger than the language allows."""
    return finding(
        FAMILY_LIMIT,
        where,
        f"{what} exceeds the limit of {limit:,}",
        (span, f"at most {limit:,}"),
        helps=(f"stay within {limit:,}, or declare a family of symbolic size with `R[N]`",),
    )


EMPTY_RANGE: Final = Code(
    "TV216",
    "empty-range",
    "an empty range",
    help="make the end greater than the start",
    upstream="rejects",
)


def empty_range(where: Where, written: str, span: Span) -> Diagnostic:
    """A range whose start is not below its end."""
    return finding(
        EMPTY_RANGE,
        where,
        f"the range of `{written}` is empty",
        (span, "the start is not less than the end"),
        notes=("a range includes its start and excludes its end",),
    )


SEVERAL_DECIDERS: Final = Code(
    "TV217",
    "several-deciders",
    "a choice or timer of several members of a family",
    help=(
        "name a single member by its index; where any member may decide, let all of them answer,"
        " and one role decide by the answers"
    ),
    upstream="accepts",
)


def several_deciders(
    where: Where, written: str, what: str, span: Span, declared: Span
) -> Diagnostic:
    """`written` stands for a family where one role must decide."""
    return finding(
        SEVERAL_DECIDERS,
        where,
        f"{what} needs one role, but `{written}` stands for several members",
        (span, "which member?"),
        others=[(declared, "declared as a family here")],
    )


def one_member(found: Diagnostic) -> Diagnostic:
    """A finding about an index where one role must decide: all members are no way out of it."""
    if found.code not in (UNBOUND_INDEX, INDEX_OUT_OF_BOUNDS):
        return found
    return msgspec.structs.replace(found, helps=(SEVERAL_DECIDERS.help,))


DUPLICATE_LOCAL: Final = Code(
    "TV221",
    "duplicate-local-protocol",
    "two local protocols with the same name",
    help="rename or remove one of them",
    upstream="rejects",
)


def duplicate_local(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two local protocols are called `name`."""
    return finding(
        DUPLICATE_LOCAL,
        where,
        f"the local protocol `{name}` is declared twice",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


UNKNOWN_CALL: Final = Code(
    "TV222",
    "unknown-call",
    "a call of a local protocol that does not exist",
)


def unknown_call(where: Where, name: str, span: Span, nearest: str, upstream: str) -> Diagnostic:
    """`call name` names no local protocol."""
    if nearest:
        helps = (f"did you mean `{nearest}`?",)
    else:
        helps = (f"declare `protocol {name}` in the `where` section",)
    return finding(
        UNKNOWN_CALL,
        where,
        f"there is no local protocol `{name}`",
        (span, "called here"),
        helps=helps,
        upstream=upstream,
    )


CYCLIC_CALL: Final = Code(
    "TV223",
    "cyclic-call",
    "a local protocol that calls itself",
    help="write a loop with `rec` and `continue`",
    upstream="rejects",
)


def cyclic_call(
    where: Where, names: Sequence[str], call: Span, others: Sequence[tuple[Span, str]]
) -> Diagnostic:
    """The local protocols `names` call each other in a cycle that `call` closes."""
    if len(names) == 1:
        message = f"the local protocol `{names[0]}` calls itself"
    else:
        chain = ", ".join(f"`{name}`" for name in names)
        message = f"the local protocols {chain} call each other in a cycle"
    return finding(
        CYCLIC_CALL,
        where,
        message,
        (call, f"calls `{names[0]}` again"),
        others=others,
        notes=(
            "a call is replaced by the body of the protocol, so a cycle of calls would never end",
        ),
    )


UNUSED_LOCAL: Final = Code(
    "TV224",
    "unused-local-protocol",
    "a local protocol that is never called",
    severity=Severity.WARNING,
    upstream="accepts",
)


def unused_local(where: Where, name: str, span: Span) -> Diagnostic:
    """Nothing reaches the local protocol `name`."""
    return finding(
        UNUSED_LOCAL,
        where,
        f"the local protocol `{name}` is never called",
        (span, "never called"),
        helps=(f"remove it, or add `call {name}` where it belongs",),
    )


DROPPED_CALL: Final = Code(
    "TV225",
    "dropped-call",
    "a call that Telltale ignores",
    severity=Severity.WARNING,
    upstream="drops",
)


def dropped_call(where: Where, name: str, construct: str, call: Span, around: Span) -> Diagnostic:
    """A call inside a construct where Telltale makes nothing of it."""
    return finding(
        DROPPED_CALL,
        where,
        f"Telltale ignores `call {name}` inside `{construct}`",
        (call, "inlined here, ignored by Telltale"),
        others=[(around, f"inside this `{construct}`")],
        helps=(f"replace the call with the statements of `{name}`",),
    )


UNDECLARED_BUNDLE: Final = Code(
    "TV271",
    "undeclared-bundle",
    "a proof bundle that is not declared",
    upstream="rejects",
)


def undeclared_bundle(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """`requires name` without such a proof bundle."""
    return finding(
        UNDECLARED_BUNDLE,
        where,
        f"the proof bundle `{name}` is not declared",
        (span, "required here"),
        helps=_declare(nearest, f"proof_bundle {name}"),
    )


UNDECLARED_EFFECT: Final = Code(
    "TV272",
    "undeclared-effect",
    "an effect that is not declared",
    upstream="rejects",
)


def undeclared_effect(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """`uses name` without such an effect."""
    return finding(
        UNDECLARED_EFFECT,
        where,
        f"the effect `{name}` is not declared",
        (span, "used here"),
        helps=_declare(nearest, f"effect {name}"),
    )


UNDECLARED_PROFILE: Final = Code(
    "TV273",
    "undeclared-profile",
    "a profile that is not declared",
    upstream="rejects",
)


def undeclared_profile(where: Where, name: str, span: Span, nearest: str) -> Diagnostic:
    """`under name` without such a profile."""
    return finding(
        UNDECLARED_PROFILE,
        where,
        f"the profile `{name}` is not declared",
        (span, "named here"),
        helps=_declare(nearest, f"profile {name}"),
    )


DUPLICATE_BUNDLE: Final = Code(
    "TV274",
    "duplicate-bundle",
    "two proof bundles with the same name",
    help="rename or remove one of them",
    upstream="rejects",
)


def duplicate_bundle(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two proof bundles are called `name`."""
    return finding(
        DUPLICATE_BUNDLE,
        where,
        f"the proof bundle `{name}` is declared twice",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


DUPLICATE_PROFILE: Final = Code(
    "TV275",
    "duplicate-profile",
    "two profiles with the same name",
    help="rename or remove one of them",
    upstream="rejects",
)


def duplicate_profile(where: Where, name: str, first: Span, second: Span) -> Diagnostic:
    """Two profiles are called `name`."""
    return finding(
        DUPLICATE_PROFILE,
        where,
        f"the profile `{name}` is declared twice",
        (second, "declared again"),
        others=[(first, "first declared here")],
    )


def _declare(nearest: str, declaration: str) -> tuple[str, ...]:
    return (f"did you mean `{nearest}`?",) if nearest else (f"declare it with `{declaration}`",)


SHORT_RANGE: Final = Code(
    "TV266",
    "short-range",
    "a range that leaves out the last member of its family",
    severity=Severity.WARNING,
)


def short_range(
    where: Where, family: str, low: int, size: int, span: Span, declared: Span
) -> Diagnostic:
    """The range `low..size - 1` at `span`; the family of `size` members is declared elsewhere."""
    last = size - 1
    whole = f"`{family}[{low}..{size}]`" + (f" or `{family}[*]`" if low == 0 else "")
    return finding(
        SHORT_RANGE,
        where,
        f"`{family}[{low}..{last}]` leaves out `{family}[{last}]`, which nothing else here names",
        (span, f"up to `{family}[{last - 1}]`"),
        others=[(declared, f"`{family}[0]` to `{family}[{last}]`")],
        helps=(f"write {whole}, or say what `{family}[{last}]` does",),
        notes=("a range includes its start and excludes its end",),
    )
