//! parity of the handover.
