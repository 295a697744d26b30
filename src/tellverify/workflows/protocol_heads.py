"""What a text says of a protocol before it is lowered: its roles, families and branches."""

from __future__ import annotations

from typing import Final

import msgspec

from tellverify.language.lowering.families import declared_roles, family_groups
from tellverify.language.syntax import ast
from tellverify.language.workspace import SourceProtocol
from tellverify.source.span import NOWHERE, Span
from tellverify.workflows.outcomes import nested_branches
from tellverify.workflows.timers import TimedPart, timed_parts

_TIMER: Final = "timeout"


class ProtocolRole(msgspec.Struct, frozen=True):
    """A declared role: scalar, a family of a fixed `size`, or one of an open size."""

    name: str
    is_family: bool = False
    size: int | None = None


class ProtocolHead(msgspec.Struct, frozen=True):
    """What a text says of a protocol before it is lowered.

    `groups` are the families that need one size together. `error` is the first error of the text,
    at `error_span`. `parts` are those in which a role has a timer.
    """

    name: str
    path: str
    span: Span
    roles: tuple[ProtocolRole, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    branches: tuple[str, ...] = ()
    error: str = ""
    error_span: Span = NOWHERE
    parts: tuple[TimedPart, ...] = ()


def head_of(found: SourceProtocol) -> ProtocolHead:
    """The head of a protocol; its `error` is that of the text, or of what it imports."""
    protocol = found.protocol
    errors = sorted(found.errors, key=lambda one: one.primary.span)
    parts: tuple[TimedPart, ...] = ()
    if _TIMER in found.source.text:
        parts = timed_parts(protocol)
    return ProtocolHead(
        found.name,
        found.source.path,
        protocol.name.span,
        tuple(_role(one) for one in declared_roles(protocol)),
        family_groups(protocol),
        tuple(dict.fromkeys(one.label for one in nested_branches(protocol))),
        errors[0].message if errors else found.judged.linked.blocked,
        errors[0].primary.span if errors else NOWHERE,
        parts,
    )


def _role(declared: ast.RoleDecl) -> ProtocolRole:
    match declared.size:
        case None:
            return ProtocolRole(declared.name.text)
        case ast.ConstIndex(value):
            return ProtocolRole(declared.name.text, True, value)
        case ast.NameIndex() | ast.AnyIndex() | ast.RangeIndex():
            return ProtocolRole(declared.name.text, True)
