"""Diagnostics about stored runs that are to be rendered again."""

from __future__ import annotations

from tellverify.diagnostics.codes import UNREADABLE_RUN
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE


def unreadable_run(path: str, reason: str) -> Diagnostic:
    """The file is no run as `check` stores it."""
    return Diagnostic(
        UNREADABLE_RUN,
        f"`{path}` cannot be rendered: {reason}",
        path,
        Annotation(NOWHERE),
        helps=("make it again with `tellverify check --report json=RUN.json`",),
    )
