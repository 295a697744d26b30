//! simulation of the handover.
