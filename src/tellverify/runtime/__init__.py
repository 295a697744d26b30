"""The protocol machine: local machines executed behind an admission gate, see docs/runtime.md."""
