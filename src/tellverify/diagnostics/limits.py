"""Findings about limits: what is not decided, and why."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    finding,
)

TIMEOUT: Final = Code(
    "TV042",
    "timeout",
    "an answer that takes more time than is allowed",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

OUTSIDE_CLASS: Final = Code(
    "TV431",
    "outside-class",
    "the complete theory does not cover a construct",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

EVENT_LIMIT: Final = Code(
    "TV901",
    "event-limit",
    "a protocol with more events than are examined",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

STEP_LIMIT: Final = Code(
    "TV902",
    "step-limit",
    "an answer that takes more steps than are allowed",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

NOT_WELL_FORMED: Final = Code(
    "TV911",
    "not-well-formed",
    "no verdict on a text that has errors",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

UNSUPPORTED: Final = Code(
    "TV942",
    "unsupported-construct",
    "a construct that is not decided yet",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)


DEAD_WORKER: Final = Code(
    "TV041",
    "dead-worker",
    "a process that ended while it checked a file",
    kind=Kind.LIMIT,
    help="check it alone; where memory is short, give fewer `--jobs` or lower `--events`",
)


def dead_worker(path: str, code: int) -> Diagnostic:
    """The process that checked a file ended without an answer; `code` is negative for a signal."""
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return finding(
        DEAD_WORKER,
        path,
        f"nothing is known about this file: the process that checked it {how}",
    )
