"""The solvers behind the verdicts of a run, with their versions."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Final

from tellverify.verdict.methods import Engine
from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verdict.run import ProtocolReport

_DISTRIBUTION: Final = "z3_solver-"
_METADATA: Final = ".dist-info"


def solvers_of(protocols: Iterable[ProtocolReport]) -> tuple[str, ...]:
    """`("z3 5.4.1.0",)` when z3 took part in some verdict, also in one that was stored, else ().

    The solver itself is not loaded for that.
    """
    took_part = any(
        isinstance(verdict.outcome, Proved | Bounded | Refuted)
        and verdict.outcome.method.row.engine is Engine.SMT
        for protocol in protocols
        for verdict in protocol.verdicts
    )
    version = _version() if took_part else ""
    return (f"z3 {version}",) if version else ()


def _version() -> str:
    """The version that is installed: the name of the folder beside the package says it.

    Reading the metadata as `importlib` does takes longer than all else in a check that is cached.
    """
    spec = find_spec("z3")
    if spec is None or spec.origin is None:
        return ""
    try:
        names = sorted(os.listdir(os.path.dirname(os.path.dirname(spec.origin))))
    except OSError:
        names = []
    for name in names:
        if name.startswith(_DISTRIBUTION) and name.endswith(_METADATA):
            return name.removeprefix(_DISTRIBUTION).removesuffix(_METADATA)
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("z3-solver")
    except PackageNotFoundError:
        return ""
