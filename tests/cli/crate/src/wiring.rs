//! wiring of the handover.
