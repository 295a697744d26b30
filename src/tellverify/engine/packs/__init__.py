"""Theorem packs: admission by a runtime, the acceptance rule, launches."""
