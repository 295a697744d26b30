"""Structural checks: findings about a file before its meaning is built."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic, Where, sort_key
from tellverify.diagnostics.structure import UNKNOWN_CALL, UNUSED_ROLE
from tellverify.language.checks.all_rules import check_discipline
from tellverify.language.checks.flow import FlowCheck
from tellverify.language.checks.names import (
    References,
    check_declarations,
    check_exposed,
    check_header,
    check_locals,
    check_role_lists,
)
from tellverify.language.checks.suites import check_suites
from tellverify.language.linking.imports import NOT_LINKED, Linked
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile


def check_structure(
    file: ast.File, source: SourceFile, linked: Linked = NOT_LINKED
) -> tuple[Diagnostic, ...]:
    """All findings about the text of a file, in source order.

    Names, families, recursion, control flow, effects, evidence, receipts, cases, declarations.
    Where Telltale judges differently, the finding says so in `upstream`. `linked` is what
    the imports of the file bring in.
    """
    found = list(check_declarations(source.path, file.declarations))
    found.extend(check_exposed(source.path, file))
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        found.extend(check_header(where, protocol, file.declarations))
        found.extend(check_role_lists(where, protocol))
        found.extend(References(where, protocol, linked.roles_of(protocol)).check())
        found.extend(check_locals(where, protocol))
        if any(isinstance(role.size, ast.ConstIndex) for role in declared_roles(protocol)):
            from tellverify.language.checks.ranges import check_ranges

            found.extend(check_ranges(where, protocol))
        flow = FlowCheck(where, protocol, linked).check()
        if any(one.code is UNKNOWN_CALL for one in flow):  # its roles are not known
            found = [one for one in found if one.code is not UNUSED_ROLE]
        found.extend(flow)
        found.extend(check_suites(where, protocol, source))
    found.extend(check_discipline(file, source))
    return tuple(sorted(found, key=sort_key))
