"""The rules on effects, evidence, receipts, cases and declarations of a file.

Most protocols have little of this. The checks are loaded when there is something for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile


def check_discipline(file: ast.File, source: SourceFile) -> Iterator[Diagnostic]:
    """All findings of these checks, in no particular order."""
    if file.declarations:
        from tellverify.language.checks.declarations import DeclarationCheck

        yield from DeclarationCheck(file, source).check()
        if any(isinstance(each, ast.Effect) for each in file.declarations):
            from tellverify.language.checks.effects import check_effects

            yield from check_effects(source.path, file.declarations)
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        uses_names, has_conditions = _needs(protocol)
        if uses_names:
            yield from _names(where, file, protocol, source)
        if has_conditions:
            from tellverify.language.checks.predicates import check_predicates

            yield from check_predicates(where, protocol, source.text)


def _names(
    where: Where, file: ast.File, protocol: ast.Protocol, source: SourceFile
) -> Iterator[Diagnostic]:
    """The findings on bindings, effects, cases and receipts."""
    from tellverify.language.checks.cases import CaseCheck
    from tellverify.language.checks.effects import EffectUse
    from tellverify.language.checks.evidence import EvidenceCheck
    from tellverify.language.checks.receipts import ReceiptCheck
    from tellverify.language.checks.types import Types

    yield from EffectUse(where, protocol, file.declarations).check()
    yield from EvidenceCheck(where, protocol, file.declarations).check()
    yield from CaseCheck(where, protocol, Types(file.declarations)).check()
    yield from ReceiptCheck(where, protocol, source.text).check()


def _needs(protocol: ast.Protocol) -> tuple[bool, bool]:
    """Whether a protocol has statements about names of evidence, and whether it has conditions."""
    uses_names = has_conditions = False
    for body in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(body):
            match statement:
                case ast.Send() | ast.Broadcast() | ast.Rec() | ast.Continue() | ast.Call():
                    pass
                case ast.Par() | ast.Timeout():
                    pass
                case ast.Loop(kind):
                    has_conditions = has_conditions or isinstance(kind, ast.While)
                case ast.Choice(branches=branches):
                    guarded = any(branch.guard is not None for branch in branches)
                    uses_names = uses_names or guarded
                    has_conditions = has_conditions or guarded
                case ast.Let() | ast.Case() | ast.OperationStatement():
                    uses_names = True
    return uses_names, has_conditions
