//! The keys that a runtime must have before a protocol is launched.

pub const PROTOCOL_HANDOVER: &str = "depot.handover";
const TERMINATION_BOUNDED: &str = "termination_bounded";

#[must_use]
pub fn required_capability_keys(protocol_id: &str) -> Option<Vec<CapabilityKey>> {
    match protocol_id {
        PROTOCOL_HANDOVER => Some(vec![CapabilityKey::new(TERMINATION_BOUNDED)]),
        "depot.receipt" => Some(Vec::new()),
        _ => None,
    }
}
