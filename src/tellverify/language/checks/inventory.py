"""The capabilities a proof bundle may claim: keys of Telltale's theorem inventory.

The theorems themselves, the witnesses for runtime objects, the facts about profiles, progress and
envelopes, and the grades of determinism.
"""

from __future__ import annotations

from typing import Final

_THEOREMS: Final = """
termination output_condition_soundness flp_lower_bound flp_impossibility cap_impossibility
quorum_geometry_safety partial_synchrony_liveness responsiveness nakamoto_security
reconfiguration_safety atomic_broadcast_ordering accountable_safety failure_detector_boundaries
data_availability_retrievability coordination_characterization calm_characterization
crdt_envelope_and_equivalence crdt_monotonicity triangle_of_forgetting_impossibility
byzantine_safety_characterization consensus_envelope failure_envelope
protocol_machine_envelope_adherence protocol_machine_envelope_admission protocol_envelope_bridge
effect_interface_bridge classical_foster classical_maxweight classical_ldp classical_mean_field
classical_heavy_traffic classical_mixing classical_fluid classical_concentration
classical_littles_law classical_functional_clt classical_spectral_gap_termination
"""
_OBJECTS: Final = """
core_invariants outstanding_effects semantic_handoffs authoritative_reads_publication
materialization_success progress_contracts effect_contracts replay_failure_exactness
cross_target_progress_dependent_work transformation_local_obligations
"""
_FACTS: Final = """
profile_fairness_schedule_confluence profile_fairness_starvation_freedom
profile_progress_contract_bounded profile_protocol_bridge_bounded
metadata_requires_explicit_progress_contracts metadata_parity_critical_progress_protected
metadata_failure_taxonomy_linked metadata_protocol_machine_envelope_adherence
metadata_protocol_machine_envelope_admission metadata_protocol_envelope_bridge
metadata_envelope_adequacy_linked metadata_envelope_adherence_linked determinism_full
determinism_modulo_effect_trace determinism_modulo_commutativity determinism_replay
"""

CAPABILITIES: Final[tuple[str, ...]] = (
    *_THEOREMS.split(),
    *(f"semantic_object_{name}" for name in _OBJECTS.split()),
    *_FACTS.split(),
)
