"""Ranges that end one before the last member, as if their end were inclusive."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.diagnostics.structure import short_range
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast


def check_ranges(where: Where, protocol: ast.Protocol) -> Iterator[Diagnostic]:
    """Ranges of families of a fixed size that leave out exactly the last member.

    Nothing is said where another statement names that member, by its number or by a range that
    includes it, nor where the range leaves out others that nothing names.
    """
    declared, sizes = dict[str, ast.RoleDecl](), dict[str, int]()
    for declaration in declared_roles(protocol):
        if isinstance(declaration.size, ast.ConstIndex) and declaration.size.value > 1:
            declared[declaration.name.text] = declaration
            sizes[declaration.name.text] = declaration.size.value
    if not sizes:
        return
    named: dict[str, list[tuple[int, int]]] = {}
    short: list[tuple[ast.RoleRef, int]] = []
    for ref in _references(protocol):
        name = ref.name.text
        match ref.index:
            case ast.ConstIndex(value):
                named.setdefault(name, []).append((value, value + 1))
            case ast.RangeIndex(int(low), int(high)):
                named.setdefault(name, []).append((low, high))
                if low < high == sizes.get(name, 0) - 1:
                    short.append((ref, low))
            case ast.AnyIndex() | ast.NameIndex() | ast.RangeIndex() | None:
                pass
    for ref, low in short:
        name = ref.name.text
        last = sizes[name] - 1
        left = [
            one
            for one in (*range(low), last)
            if not any(start <= one < end for start, end in named[name])
        ]
        if left == [last]:
            yield short_range(where, name, low, sizes[name], ref.span, declared[name].span)


def _references(protocol: ast.Protocol) -> Iterator[ast.RoleRef]:
    """The roles that statements name, in no particular order."""
    pending: list[object] = [protocol.body, *(local.body for local in protocol.locals)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.RoleRef):
            yield node
        elif isinstance(node, tuple):
            pending.extend(node)
        elif isinstance(node, msgspec.Struct):
            pending.extend(msgspec.structs.astuple(node))
