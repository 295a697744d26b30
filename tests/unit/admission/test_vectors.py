"""Test vectors of the Aura reference (section 14) that are about packs, links and inventories."""

from __future__ import annotations

import pytest
from aura_policy import aura, derived, spec

from tellverify.admission.links import AdmissionLink, parse_link
from tellverify.admission.objections import RULES, Objection
from tellverify.admission.resolve import admit
from tellverify.admission.runtime import RuntimeInventory, inventory_of

BUNDLE = (
    "proof_bundle AuraTransitionSafety"
    ' version "1.0.0" issuer "did:aura:runtime-admission" constraint "typed_transition_receipts"'
    " requires [protocol_machine_envelope_adherence, protocol_machine_envelope_admission,"
    " protocol_envelope_bridge, reconfiguration_safety]"
)


def choreography(module: str, name: str, bundle: str, requires: str) -> str:
    head = f"module {module} exposing ({name})\n\n" + (f"{bundle}\n\n" if bundle else "")
    clause = f" requires {requires}" if requires else ""
    return f"{head}protocol {name}{clause} =\n  roles A, B\n  A -> B : Note\n"


def ota(bundle: str, requires: str = "AuraTransitionSafety") -> str:
    return choreography("ota_activation", "OTAActivationProtocol", bundle, requires)


def objections(text: str, path: str = "example.tell") -> tuple[Objection, ...]:
    runtime = inventory_of(aura(), "full")
    assert runtime is not None
    return admit(aura(), derived(text).manifest, runtime, path).objections


def rules(text: str, path: str = "example.tell") -> list[str]:
    return [RULES[one.reason] for one in objections(text, path)]


def test_vector_1_a_capability_is_missing() -> None:
    (only,) = objections(ota(BUNDLE.replace(", reconfiguration_safety", "")))
    assert RULES[only.reason] == "TP-03"
    assert (only.keys, only.extra, only.renamed) == (("reconfiguration_safety",), (), ())


def test_vector_2_a_capability_is_too_much() -> None:
    (only,) = objections(ota(BUNDLE.replace("safety]", "safety, consensus_envelope]")))
    assert RULES[only.reason] == "TP-03"
    assert (only.keys, only.extra) == ((), ("consensus_envelope",))


def test_a_capability_is_renamed() -> None:
    (only,) = objections(ota(BUNDLE.replace("reconfiguration_safety", "reconfiguration_safe")))
    assert only.renamed == (("reconfiguration_safe", "reconfiguration_safety"),)
    assert (only.keys, only.extra) == ((), ())


def test_order_and_repetition_of_capabilities_do_not_matter() -> None:
    turned = BUNDLE.replace(
        "[protocol_machine_envelope_adherence,",
        "[reconfiguration_safety, reconfiguration_safety, protocol_machine_envelope_adherence,",
    )
    assert objections(ota(turned)) == ()


def test_vector_3_the_reserved_pack() -> None:
    bundle = "proof_bundle AuraConsensusDeployment requires [consensus_envelope]"
    text = choreography("aura_consensus", "AuraConsensus", bundle, "AuraConsensusDeployment")
    (only,) = objections(text)
    assert (only.reason.code.number, RULES[only.reason]) == ("TV703", "TP-02")


def test_vector_4_a_pack_without_declaration() -> None:
    assert rules(ota("")) == ["TP-01"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("invitation", "InvitationExchange"),
        ("rendezvous", "RendezvousExchange"),
        ("rendezvous_relay", "RelayedRendezvous"),
        ("move_receipt_reply_block", "MoveReceiptReplyBlockProtocol"),
        ("invitation_guardian", "GuardianInvitation"),
    ],
)
@pytest.mark.parametrize("requires", ["AuraTransitionSafety", ""])
def test_vector_5_a_pack_where_none_may_be(module: str, name: str, requires: str) -> None:
    assert rules(choreography(module, name, BUNDLE, requires)) == ["TP-08"]


@pytest.mark.parametrize("name", ["breaking_baseline", "compatible_current"])
def test_a_pack_in_a_fixture(name: str) -> None:
    text = choreography("fixture", "Fixture", BUNDLE, "AuraTransitionSafety")
    assert "TP-08" in rules(text, f"crates/testkit/fixtures/protocol_compat/{name}.tell")


@pytest.mark.parametrize("name", ["CoverTrafficProtocol", "OnionForward", "BootstrapProtocol"])
def test_a_pack_in_the_data_plane(name: str) -> None:
    assert "TP-08" in rules(choreography("plane", name, BUNDLE, "AuraTransitionSafety"))


def test_candidates_wait_for_acceptance() -> None:
    for module, name in (
        ("guardian_membership_change", "GuardianMembershipChange"),
        ("invitation_device_enrollment", "DeviceEnrollment"),
    ):
        assert rules(choreography(module, name, BUNDLE, "AuraTransitionSafety")) == ["TP-10"]


def test_an_adopter_must_require_its_pack() -> None:
    assert sorted(rules(ota(BUNDLE, ""))) == ["TP-05", "TP-09"]
    assert rules(ota("", "")) == ["TP-09"]


def test_a_renamed_module_is_told_by_name_and_by_file() -> None:
    text = choreography("activation", "OTAActivationProtocol", BUNDLE, "AuraTransitionSafety")
    assert rules(text) == ["TP-14"]
    other = choreography("activation", "Activation", BUNDLE, "AuraTransitionSafety")
    assert [one.reason.code.number for one in objections(other)] == ["TV708"]
    path = "aura/crates/aura-sync/src/protocols/ota_activation.tell"
    assert [one.reason.code.number for one in objections(other, path)] == ["TV709"]


def test_house_values_are_compared() -> None:
    (only,) = objections(ota(BUNDLE.replace("1.0.0", "2").replace("did:aura", "did:other")))
    assert (RULES[only.reason], only.other) == ("TP-07", "version, issuer")
    assert not only.reason.refuses


def test_vector_6_an_empty_inventory() -> None:
    empty = inventory_of(aura(), "no-contracts")
    nothing = RuntimeInventory("nothing", frozenset())
    assert empty is not None
    for name, first in (
        ("device_epoch_rotation", "termination_bounded"),
        ("ota_activation", "protocol_machine_envelope_adherence"),
    ):
        manifest = spec(name).manifest
        assert admit(aura(), manifest, empty).first_missing == first
        assert not admit(aura(), manifest, nothing).admitted


def test_vector_9_links() -> None:
    assert parse_link("exports=a") == "it names no bundle"
    assert parse_link("bundle=b;exports=a;imports=a") == AdmissionLink("b", ("a",), ("a",))
    assert parse_link("|bundle= b | exports = x , y ,|") == AdmissionLink("b", ("x", "y"))
    assert parse_link("bundle=a|bundle=b") == AdmissionLink("b")
    assert isinstance(parse_link("bundle=b|colour=red"), str)
    assert isinstance(parse_link("bundle"), str)
    text = (
        'module m exposing (P)\n\nprotocol P =\n  roles A, B\n  A {{ link : "{}" }} -> B : Note\n'
    )
    found = derived(text.format("bundle=b|imports=z")).diagnostics
    assert [one.code.number for one in found] == ["TV722"]
    assert derived(text.format("bundle=b;exports=a;imports=a")).diagnostics == ()
