"""Formal verification and model checking of `.tell` choreographies.

`check` decides all obligations of a protocol and returns a `Run`, the same that the command
`tellverify check` reports on. `simulate` generates random runs of one.
"""

from __future__ import annotations

from tellverify.version import VERSION

TYPE_CHECKING = False  # `typing` is not loaded: until `main` runs, an interrupt prints a traceback
if TYPE_CHECKING:
    from tellverify.verification.simulated_source import simulate as simulate
    from tellverify.verification.source_check import check as check

__version__ = VERSION
__all__ = ["__version__", "check", "simulate"]


def __getattr__(name: str) -> object:
    """`check` and `simulate`, each loaded with all that it needs when it is asked for."""
    if name == "check":
        from tellverify.verification.source_check import check

        return check
    if name == "simulate":
        from tellverify.verification.simulated_source import simulate

        return simulate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
