"""Findings about limits: the obligations that are not decided, and why."""

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
    "an answer that takes longer than the time limit",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

MEMORY_LIMIT: Final = Code(
    "TV432",
    "memory-limit",
    "an answer that takes more memory than the limit",
    kind=Kind.LIMIT,
    severity=Severity.ERROR,
    help="raise the limit with `--memory`, or make the protocol smaller",
)


def memory_limit(path: str) -> Diagnostic:
    """A file that takes more memory than the limit before any of its protocols is decided."""
    return finding(MEMORY_LIMIT, path, "this file takes more memory than `--memory` allows")


OUTSIDE_CLASS: Final = Code(
    "TV431",
    "outside-class",
    "a construct that the complete theory does not cover",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

PARTIAL_GATHER: Final = Code(
    "TV471",
    "partial-gather",
    "a gather that proceeds with fewer answers than it has senders",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

EVENT_LIMIT: Final = Code(
    "TV901",
    "event-limit",
    "a protocol with more events than the limit",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

STEP_LIMIT: Final = Code(
    "TV902",
    "step-limit",
    "an answer that takes more steps than the limit",
    kind=Kind.LIMIT,
    severity=Severity.WARNING,
)

NOT_WELL_FORMED: Final = Code(
    "TV911",
    "not-well-formed",
    "a text with errors, which has no verdict",
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
    "a process that died while checking a file",
    kind=Kind.LIMIT,
    help="check it alone; if memory is short, use fewer `--jobs` or lower `--events`",
)


def dead_worker(path: str, code: int) -> Diagnostic:
    """The process that checked a file ended without an answer; `code` is negative for a signal."""
    how = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
    return finding(
        DEAD_WORKER,
        path,
        f"this file was not checked: the process that checked it {how}",
    )
