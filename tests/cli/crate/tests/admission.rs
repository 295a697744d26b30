//! Launches with and without the support that a protocol needs.

#[tokio::test]
async fn handover_launch_without_theorem_pack_support_is_rejected() {
    let found = admit(&handover::COMPOSITION_MANIFEST, &RuntimeContracts::none()).await;
    assert!(matches!(found, Err(AdmissionError::MissingTheoremPack { .. })));
}

#[tokio::test]
async fn handover_launch_with_full_contracts_is_admitted() {
    let found = admit(&handover::COMPOSITION_MANIFEST, &RuntimeContracts::full()).await;
    assert!(found.is_ok());
}
