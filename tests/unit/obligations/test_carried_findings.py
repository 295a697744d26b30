"""A refutation that carries its finding is not worded a second time."""

from __future__ import annotations

import msgspec
import pytest

from tellverify.diagnostics.guards import contradictory_guard
from tellverify.diagnostics.model import Where
from tellverify.obligations.refutation_findings import diagnostics_of
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Conflict, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

SPAN = Span(0, 3)
CONFLICT = Conflict("PartnerMismatch", "p.tell", SPAN, SPAN)


@pytest.mark.parametrize("carries", [True, False])
def test_only_a_refutation_without_a_finding_gets_one(carries: bool) -> None:
    outcome = Refuted("TV411", CONFLICT, Method.STRICT_MERGE)
    if carries:
        found = contradictory_guard(Where("p.tell"), "A", "Go", SPAN, (), "projectable[A]")
        outcome = msgspec.structs.replace(outcome, diagnostic=found)
    verdict = Verdict.of(Property.PROJECTABLE, ObligationScope(("A",)), outcome, (1, 1))
    found_here = list(diagnostics_of("P", verdict, SourceFile("p.tell", "abc"), SPAN))
    assert len(found_here) == (0 if carries else 1)
