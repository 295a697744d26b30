"""Diagnostics about processes that check files."""

from __future__ import annotations

from tellverify.diagnostics.codes import DEAD_WORKER
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE


def dead_worker(path: str, code: int) -> Diagnostic:
    """The process that checked a file ended without an answer; `code` is negative for a signal."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return Diagnostic(
        DEAD_WORKER,
        f"nothing is known about this file: the process that checked it {how}",
        path,
        Annotation(NOWHERE),
        helps=("check it alone; where memory is short, give fewer `--jobs` or lower `--events`",),
    )
