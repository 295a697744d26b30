"""What a file says about effects, evidence, receipts, cases and its declarations."""

from __future__ import annotations

from collections.abc import Iterator

from tellverify.diagnostics.build.where import Where
from tellverify.diagnostics.model import Diagnostic
from tellverify.lowering.declarations import DeclarationCheck
from tellverify.lowering.effects import EffectUse, check_effects
from tellverify.lowering.evidence import EvidenceCheck
from tellverify.lowering.exhaustive import CaseCheck
from tellverify.lowering.linear import ReceiptCheck
from tellverify.lowering.predicates import check_predicates
from tellverify.lowering.types import Types
from tellverify.source.text import SourceFile
from tellverify.syntax import ast


def check_discipline(file: ast.File, source: SourceFile) -> Iterator[Diagnostic]:
    """All findings of these checks, in no particular order."""
    declarations = file.declarations
    yield from check_effects(source.path, declarations)
    yield from DeclarationCheck(file, source).check()
    types = Types(declarations)
    for protocol in file.protocols:
        where = Where(source.path, protocol.name.text)
        yield from EffectUse(where, protocol, declarations).check()
        yield from EvidenceCheck(where, protocol, declarations).check()
        yield from CaseCheck(where, protocol, types).check()
        yield from ReceiptCheck(where, protocol, source.text).check()
        yield from check_predicates(where, protocol, source.text)
