"""The registry of properties and the table of methods, and what keeps a copy of them."""

from __future__ import annotations

import pytest

from tellverify.admission.objections import AdmissionReason
from tellverify.diagnostics.codes import CODES
from tellverify.evidence.recheck.timed_traces import TIMED_FAULTS
from tellverify.evidence.recheck.traces import FAULTS
from tellverify.model.fault import Fault
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import METHODS, Method, method_named
from tellverify.verdict.outcome import Proved
from tellverify.verdict.properties import (
    PROPERTIES,
    REFUTED_BY,
    SAFETY,
    Property,
    code_of_fault,
    semantics_of,
)
from tellverify.verdict.run import Verdict


def test_every_property_has_a_row_in_the_order_of_the_enumeration() -> None:
    assert list(PROPERTIES) == list(Property)


@pytest.mark.parametrize("prop", Property)
def test_a_row_states_its_property_and_names_known_codes(prop: Property) -> None:
    row = PROPERTIES[prop]
    assert row.sentence.endswith(".")
    for code in row.codes:
        assert code in CODES or any(number.startswith(code) for number in CODES)


def test_laws_and_models_presume_nothing_and_protocols_queues() -> None:
    of_sets = {Property.RESULTS, Property.PREMISES, Property.OWNERSHIP}
    assert {p for p in Property if not semantics_of(p)} == {Property.LAW, Property.CLAIM, *of_sets}
    assert "FIFO" in semantics_of(Property.NO_DEADLOCK)


def test_each_fault_refutes_one_property() -> None:
    assert set(REFUTED_BY) == set(Fault) - {Fault.WITNESS}
    assert len(set(REFUTED_BY.values())) == len(REFUTED_BY)


def test_the_rechecker_has_a_copy_of_the_faults_that_agrees() -> None:
    copied = {
        fault: row
        for fault, row in {**FAULTS, **TIMED_FAULTS}.items()
        if fault is not Fault.WITNESS
    }
    assert copied == {
        fault: (code_of_fault(fault), prop.value) for fault, prop in REFUTED_BY.items()
    }


def test_what_implementability_implies_has_its_codes() -> None:
    implied = {code for prop in SAFETY for code in PROPERTIES[prop].codes}
    assert implied == set(PROPERTIES[Property.IMPLEMENTABLE].codes)


def test_admission_lists_every_reason_to_refuse() -> None:
    refusing = {reason.code.number for reason in AdmissionReason if reason.refuses}
    assert refusing == set(PROPERTIES[Property.ADMISSION].codes)


def test_a_verdict_is_required_as_the_registry_says() -> None:
    proved = Proved(Method.SEARCH)
    assert Verdict.of(Property.NO_DEADLOCK, ObligationScope(), proved, (3, 1)).required
    loose = Verdict.of(Property.BOUNDED_QUEUES, ObligationScope(), proved, (3, 1))
    assert not loose.required
    assert (loose.line, loose.column) == (3, 1)


def test_every_method_has_a_row_and_a_name_of_its_own() -> None:
    assert list(METHODS) == list(Method)
    assert len({row.title for row in METHODS.values()}) == len(METHODS)
    for method, row in METHODS.items():
        assert row.phrase.startswith("by ")
        assert method_named(method.value) is method_named(row.title) is method
    assert method_named("hearsay") is None
