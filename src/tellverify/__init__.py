"""Formal verification and model checking of `.tell` choreographies."""

__version__ = "0.1.0"
