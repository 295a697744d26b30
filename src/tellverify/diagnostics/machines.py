"""Diagnostics about files of machines."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Severity,
    finding,
)
from tellverify.source.span import Span

MACHINE_FILE: Final = Code(
    "TV551",
    "machine-file",
    "an invalid entry in a machine file",
    help="write it with `tellverify project --format bridge`, `derived` or `machine`",
)

MACHINE_TERM: Final = Code(
    "TV552",
    "machine-term",
    "a local type that cannot be turned into a machine",
    help="bind every variable after an action, and give each branch its own label",
)

MACHINE_CONFLICT: Final = Code(
    "TV553",
    "machine-conflict",
    "conflicting machines",
    help="give each role one machine, and each action in a state one target",
)


_KINDS: Final = {"file": MACHINE_FILE, "term": MACHINE_TERM, "conflict": MACHINE_CONFLICT}


def machine_entry(path: str, kind: str, reason: str, pointer: str, span: Span) -> Diagnostic:
    """An entry of a machine file is wrong; `kind` is "file", "term" or "conflict"."""
    where = f"`{pointer}`: " if pointer else ""
    return finding(
        _KINDS[kind],
        path,
        f"{where}{reason}",
        (span, "the first invalid entry" if pointer else "not JSON from here on"),
    )


def role_twice(path: str, role: str, other: str, pointer: str, span: Span) -> Diagnostic:
    """Two files, or two entries of one file, define a machine of the same role."""
    return finding(
        MACHINE_CONFLICT,
        path,
        f"`{pointer}`: a second machine of `{role}`; the first is in `{other}`",
        (span, "the second one"),
        helps=("remove one of them",),
    )


def payload_sorts(
    path: str, message: tuple[str, str, str], sorts: tuple[str, str], pointer: str, span: Span
) -> Diagnostic:
    """One label between two roles has payloads of two sorts; the second is the one at `pointer`."""
    sender, receiver, label = message
    return finding(
        MACHINE_CONFLICT,
        path,
        f"`{pointer}`: the payload of `{label}` from `{sender}` to `{receiver}` has the sort"
        f" {sorts[1]} here and {sorts[0]} elsewhere",
        (span, "messages with the second sort"),
        helps=("a label is a name with a sort: give both ends one sort, or rename one label",),
    )


MACHINE_MISSING: Final = Code(
    "TV554",
    "missing-machine",
    "a role without a machine that other roles communicate with",
)


def machine_missing(path: str, role: str, peer: str, pointer: str, span: Span) -> Diagnostic:
    """A role communicates with one that has no machine."""
    return finding(
        MACHINE_MISSING,
        path,
        f"`{pointer}`: `{role}` communicates with `{peer}`, which has no machine",
        (span, f"a message to or from `{peer}`"),
        helps=(f"add the file with the machine of `{peer}` with `--machines`",),
    )


def role_without_machine(path: str, role: str, protocol: str, span: Span) -> Diagnostic:
    """The choreography has a role that no file has a machine of."""
    return finding(
        MACHINE_MISSING,
        path,
        f"`{role}` of `{protocol}` has no machine",
        (span, "the choreography to compare with"),
        helps=(f"add the file with the machine of `{role}` with `--machines`",),
    )


UNSENT_MESSAGE: Final = Code(
    "TV555",
    "unsent-message",
    "a machine that receives a message which no machine sends",
    severity=Severity.WARNING,
    help="remove the arm, or check its label and sender",
)


def unsent_message(
    path: str, span: Span, pointer: str, role: str, peer: str, label: str
) -> Diagnostic:
    """An arm that nothing can trigger: its sender has no such message to the role."""
    return finding(
        UNSENT_MESSAGE,
        path,
        f"`{role}` can receive `{label}` from `{peer}`, which `{peer}` never sends to it",
        (span, "nothing triggers this"),
        notes=(f"it is at `{pointer}`",),
    )
