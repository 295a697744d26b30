"""Manifests: every field, where it is from, and how stored ones differ."""

from __future__ import annotations

import json

import msgspec
import pytest
from aura_policy import aura, derived, spec, spec_names

from tellverify.admission.manifest import Manifest, derive
from tellverify.admission.manifest_file import decode_manifest, drifts, to_json
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

HAUL = """module freight exposing (Haul)

proof_bundle Envelope version "2" issuer "ops" constraint "fresh" requires [{key}]

protocol Haul requires Envelope =
  roles Courier, Depot
  Courier { guard_capability : "relay:forward", link : "bundle=yard|exports=slot" } -> Depot : Box
""".replace("{key}", "protocol_machine_envelope_adherence")


def test_the_example_of_the_language_reference() -> None:
    expected = json.loads(
        '{"protocol_name":"Haul","protocol_namespace":"freight",'
        '"protocol_qualified_name":"freight.Haul","protocol_id":"freight.Haul",'
        '"role_names":["Courier","Depot"],"required_capabilities":[],'
        '"theorem_packs":[{"name":"Envelope",'
        '"capabilities":["protocol_machine_envelope_adherence"],'
        '"version":"2","issuer":"ops","constraints":["fresh"]}],'
        '"required_theorem_packs":["Envelope"],'
        '"required_theorem_pack_capabilities":["protocol_machine_envelope_adherence"],'
        '"guard_capabilities":["relay:forward"],"determinism_policy_ref":"aura.vm.prod.default",'
        '"link_specs":[{"role":"Courier","bundle_id":"yard","exports":["slot"],"imports":[]}],'
        '"delegation_constraints":[]}'
    )
    found = derived(HAUL).manifest
    assert json.loads(msgspec.json.encode(found)) == expected
    assert list(json.loads(msgspec.json.encode(found))) == list(expected)


def test_without_a_policy_the_id_is_the_qualified_name() -> None:
    source = SourceFile("haul.tell", HAUL)
    file = parse(source).file
    found = derive(CheckedFile(file, source, ()), file.protocols[0], None).manifest
    assert found.protocol_id == "freight.Haul"
    assert found.determinism_policy_ref is None


@pytest.mark.parametrize("name", spec_names())
def test_every_entry_of_a_spec_has_its_line(name: str) -> None:
    one = spec(name)
    lines = one.source.text.split("\n")
    fields: dict[str, list[str]] = {}
    for entry in one.provenance:
        fields.setdefault(entry.field, []).append(entry.entry)
        assert entry.line > 0
        if entry.path == one.source.path and entry.field in ("guard_capabilities", "role_names"):
            assert entry.entry in lines[entry.line - 1]
    manifest = one.manifest
    assert fields.get("guard_capabilities", []) != [] or not manifest.guard_capabilities
    assert sorted(fields.get("guard_capabilities", [])) == list(manifest.guard_capabilities)
    assert fields["role_names"] == list(manifest.role_names)
    assert fields.get("required_theorem_packs", []) == list(manifest.required_theorem_packs)
    assert len(fields.get("link_specs", [])) == len(manifest.link_specs)
    assert fields["determinism_policy_ref"] == [manifest.determinism_policy_ref]


def test_ids_keys_and_policies_are_those_of_the_table() -> None:
    dkd = spec("dkd").manifest
    assert dkd.protocol_id == "aura.dkg.ceremony"
    assert dkd.required_capabilities == ("byzantine_envelope", "termination_bounded")
    assert dkd.determinism_policy_ref == "aura.vm.dkg_ceremony.prod"
    assert spec("amp_epoch_transition").manifest.protocol_id == (
        "amp_epoch_transition.AmpEpochTransition"
    )
    assert len(spec("guardian_membership_change").manifest.link_specs) == 6


@pytest.mark.parametrize("name", ["ota_activation", "guardian_membership_change", "dkd"])
def test_a_stored_manifest_comes_back(name: str) -> None:
    one = spec(name)
    stored = decode_manifest("m.json", to_json(one).encode())
    assert stored == one.manifest
    assert isinstance(stored, Manifest)
    assert drifts(stored, one) == ()
    plain = decode_manifest("m.json", msgspec.json.encode(one.manifest))
    assert plain == one.manifest
    assert to_json(one) == to_json(spec(name))


def test_drifts_are_missing_extra_and_changed() -> None:
    one = spec("ota_activation")
    changed = msgspec.structs.replace(
        one.manifest,
        guard_capabilities=one.manifest.guard_capabilities[1:],
        required_capabilities=("termination_bounded",),
        protocol_id="aura.sync.other",
        role_names=tuple(reversed(one.manifest.role_names)),
    )
    found = {drift.field: drift for drift in drifts(changed, one)}
    assert {name: drift.kind for name, drift in found.items()} == {
        "protocol_id": "changed",
        "role_names": "changed",
        "required_capabilities": "extra",
        "guard_capabilities": "missing",
    }
    assert found["guard_capabilities"].missing == ("ota:abort",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"protocol_name": 1}',
        b'{"manifest": {}}',
        b"[" * 100_000,
        msgspec.json.encode(spec("dkd").manifest)[:-1] + b', "colour": "red"}',
    ],
)
def test_what_is_no_manifest_is_a_finding(content: bytes) -> None:
    found = decode_manifest("m.json", content)
    assert isinstance(found, Diagnostic)
    assert found.code.number == "TV732"


def test_the_policy_of_the_tests_is_that_of_the_specs() -> None:
    assert aura().name == "aura"


def test_names_and_rows_of_the_policy_have_their_lines() -> None:
    """Each field that a manifest takes from the text or a policy says where that stands."""
    found = derived(HAUL)
    lines = HAUL.split("\n")
    places = {(one.field, one.entry): one for one in found.provenance}
    for field, entry, words in (
        ("protocol_name", "Haul", "protocol Haul"),
        ("protocol_namespace", "freight", "module freight"),
        ("protocol_qualified_name", "freight.Haul", "module freight"),
        ("required_theorem_packs", "Envelope", "requires Envelope"),
        ("guard_capabilities", "relay:forward", "guard_capability"),
    ):
        one = places[field, entry]
        assert words in lines[one.line - 1], field
        assert one.path == found.source.path
    row = spec("dkd")
    of_policy = {(one.field, one.entry) for one in row.provenance if one.path != row.source.path}
    assert ("determinism_policy_ref", row.manifest.determinism_policy_ref) in of_policy
    assert {
        ("required_capabilities", key) for key in row.manifest.required_capabilities
    } <= of_policy
    assert ("protocol_id", row.manifest.protocol_id) in of_policy
