"""The Aura policy in numbers and groups, against the reference and against the specs."""

from __future__ import annotations

from collections import Counter

import pytest
from aura_policy import aura, spec, spec_names

from tellverify.language.checks.inventory import CAPABILITIES
from tellverify.policy.check import check_policy
from tellverify.policy.references import inventory_keys
from tellverify.verdict.properties import Property


def test_the_inventory_has_63_keys_by_family() -> None:
    keys = inventory_keys(aura())
    assert len(keys) == 63
    assert keys == set(CAPABILITIES)
    families = Counter(row.family for row in aura().capabilities.values() if row.key in keys)
    assert families == {"theorem": 37, "semantic-object": 10, "metadata": 12, "determinism": 4}


def test_the_ten_surfaces_have_a_kind_states_and_somebody_who_leans_on_them() -> None:
    kinds = Counter(row.kind for row in aura().surfaces.values())
    assert kinds == {"admission": 2, "ownership": 1, "evidence": 4, "transition": 3}
    for surface in aura().surfaces.values():
        assert len(surface.states) == len(set(surface.states)) >= 2
        assert surface.consumers or surface.forms


def test_only_three_keys_are_specific_to_packs() -> None:
    specific = {row.key for row in aura().capabilities.values() if row.pack_specific}
    assert specific == {"authoritative_read", "materialization_proof", "canonical_handle"}
    for pack in aura().packs.values():
        for key in pack.runtime:
            assert key in inventory_keys(aura()) or key in aura().surfaces
        assert set(pack.surfaces) <= set(pack.runtime)


def test_packs_ask_for_what_the_reference_says() -> None:
    sizes = {
        name: (row.status, len(row.declares), len(row.runtime))
        for name, row in aura().packs.items()
    }
    assert sizes == {
        "AuraTransitionSafety": ("active", 4, 8),
        "AuraAuthorityEvidence": ("active", 3, 7),
        "AuraConsensusDeployment": ("reserved", 0, 0),
    }
    assert "fail closed" in aura().packs["AuraConsensusDeployment"].revisit


def test_waves_and_groups_are_those_of_the_guide() -> None:
    members = {name: len(wave.protocols) for name, wave in aura().waves.items()}
    assert members == {
        "first": 2,
        "second": 5,
        "evaluation": 1,
        "free": 9,
        "unlisted": 3,
        "adaptive-privacy": 5,
    }
    assert len(aura().adaptive_privacy.control_plane) == 5
    assert sum(bool(row.id) for row in aura().protocols.values()) == 17


@pytest.mark.parametrize("name", spec_names())
def test_every_spec_is_in_the_policy_at_its_file(name: str) -> None:
    one = spec(name)
    row = aura().protocol(one.manifest.protocol_qualified_name)
    assert row is not None
    assert f"specs/{name}.tell" in row.files
    assert one.manifest.required_theorem_packs == row.packs


def test_determinism_policies_are_the_closed_set() -> None:
    assert len(aura().determinism) == 6
    default = aura().default_determinism()
    assert default is not None and default.ref == "aura.vm.prod.default"
    threaded = {ref for ref, row in aura().determinism.items() if row.mode != "cooperative"}
    assert all("mixed_determinism" in aura().determinism[ref].keys for ref in threaded)


def test_the_policy_checks_but_for_classes_that_upstream_has_wrong() -> None:
    found = check_policy(aura())
    assert {one.code.number for one in found} == {"TV069"}
    warnings = [one.message for one in found if one.severity == "warning"]
    assert warnings == [
        "`aura.sync.ota_activation` is of class `SyncAntiEntropy`,"
        " and `aura.vm.recovery_grant.prod` of `RecoveryGrant`"
    ]
    assert len(found) - len(warnings) == 8


def test_live_bundles_are_those_of_the_sources() -> None:
    linked = {
        (link.bundle_id, spec(name).manifest.protocol_id)
        for name in spec_names()
        for link in spec(name).manifest.link_specs
    }
    assert linked == {(row.bundle, row.protocol) for row in aura().links.live}


def test_admission_is_a_property() -> None:
    assert Property.ADMISSION.value == "admission"
