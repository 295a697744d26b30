"""The solvers behind the verdicts of a run, with their versions."""

from __future__ import annotations

from collections.abc import Iterable

from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verdict.run import ProtocolReport


def solvers_of(protocols: Iterable[ProtocolReport]) -> tuple[str, ...]:
    """`("z3 5.4.1.0",)` when z3 took part in some verdict, also in one that was stored, else ()."""
    if not any(
        isinstance(verdict.outcome, Proved | Bounded | Refuted)
        and _by_solver(verdict.outcome.method)
        for protocol in protocols
        for verdict in protocol.verdicts
    ):
        return ()
    from importlib.metadata import PackageNotFoundError, version

    try:
        return (f"z3 {version('z3-solver')}",)
    except PackageNotFoundError:
        return ()


def _by_solver(method: str) -> bool:
    return "SMT" in method or "z3" in method.partition(";")[0]
