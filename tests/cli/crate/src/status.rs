//! status of the handover.
