//! What a handover records.

use aura_macros::{ceremony_facts, DomainFact};

const HANDOVER_SCHEMA_VERSION: u16 = 2;

#[ceremony_facts]
#[derive(Debug, Clone, DomainFact)]
#[domain_fact(type_id = "handover", schema_version = HANDOVER_SCHEMA_VERSION)]
pub enum HandoverFact {
    CeremonyInitiated {
        ceremony_id: CeremonyId,
        agreement_mode: Option<AgreementMode>,
        trace_id: Option<String>,
        timestamp_ms: u64,
    },
    Taken { ceremony_id: CeremonyId, taken_at: PhysicalTime },
    CeremonyCommitted {
        ceremony_id: CeremonyId,
        agreement_mode: Option<AgreementMode>,
        trace_id: Option<String>,
        timestamp_ms: u64,
    },
    CeremonyAborted {
        ceremony_id: CeremonyId,
        reason: String,
        trace_id: Option<String>,
        timestamp_ms: u64,
    },
}

/// Category A: it takes effect at once.
#[derive(Debug, Clone, DomainFact)]
#[domain_fact(type_id = "receipt", schema_version = 1)]
pub enum ReceiptFact {
    Given { receipt_id: ReceiptId, given_at: PhysicalTime, order: OrderTime },
}
