"""Diagnostics about files of machines."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    finding,
)
from tellverify.source.span import Span

MACHINE_FILE: Final = Code(
    "TV551",
    "machine-file",
    "an entry of a machine file that is none",
    help="write it with `tellverify project --format bridge`, `derived` or `machine`",
)

MACHINE_TERM: Final = Code(
    "TV552",
    "machine-term",
    "a local type that no machine can follow",
    help="bind every variable behind an action, and give each branch a label of its own",
)

MACHINE_CONFLICT: Final = Code(
    "TV553",
    "machine-conflict",
    "machines that contradict each other or themselves",
    help="give each role one machine, and each action of a state one target",
)


_KINDS: Final = {"file": MACHINE_FILE, "term": MACHINE_TERM, "conflict": MACHINE_CONFLICT}


def machine_entry(path: str, kind: str, reason: str, pointer: str, span: Span) -> Diagnostic:
    """An entry of a machine file is wrong; `kind` is "file", "term" or "conflict"."""
    where = f"`{pointer}`: " if pointer else ""
    return finding(
        _KINDS[kind],
        path,
        f"{where}{reason}",
        (span, "the first entry that is wrong" if pointer else "no JSON from here on"),
    )


def role_twice(path: str, role: str, other: str, pointer: str, span: Span) -> Diagnostic:
    """Two files, or two entries of one, have a machine of one role."""
    return finding(
        MACHINE_CONFLICT,
        path,
        f"`{pointer}`: a second machine of `{role}`; the first is in `{other}`",
        (span, "the second one"),
        helps=("leave one of them out",),
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
    "a role that others talk to and that has no machine",
)


def machine_missing(path: str, role: str, peer: str, pointer: str, span: Span) -> Diagnostic:
    """A role talks to one that has no machine."""
    return finding(
        MACHINE_MISSING,
        path,
        f"`{pointer}`: `{role}` talks to `{peer}`, which has no machine",
        (span, f"a message to or from `{peer}`"),
        helps=(f"name the file that holds `{peer}` with another `--machines`",),
    )


def role_without_machine(path: str, role: str, protocol: str, span: Span) -> Diagnostic:
    """The choreography has a role that no file has a machine of."""
    return finding(
        MACHINE_MISSING,
        path,
        f"`{role}` of `{protocol}` has no machine",
        (span, "the choreography to compare with"),
        helps=(f"name the file that holds `{role}` with another `--machines`",),
    )
