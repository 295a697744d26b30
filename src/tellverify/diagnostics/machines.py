"""Diagnostics about files of machines."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.codes import (
    MACHINE_CONFLICT,
    MACHINE_FILE,
    MACHINE_MISSING,
    MACHINE_TERM,
)
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import Span

_KINDS: Final = {"file": MACHINE_FILE, "term": MACHINE_TERM, "conflict": MACHINE_CONFLICT}
_HELPS: Final = {
    "file": "write it with `tellverify project --format bridge`, `derived` or `machine`",
    "term": "bind every variable behind an action, and give each branch a label of its own",
    "conflict": "give each role one machine, and each action of a state one target",
}


def machine_entry(path: str, kind: str, reason: str, pointer: str, span: Span) -> Diagnostic:
    """An entry of a machine file is wrong; `kind` is "file", "term" or "conflict"."""
    where = f"`{pointer}`: " if pointer else ""
    return Diagnostic(
        _KINDS[kind],
        f"{where}{reason}",
        path,
        Annotation(span, "the first entry that is wrong" if pointer else "no JSON from here on"),
        helps=(_HELPS[kind],),
    )


def role_twice(path: str, role: str, other: str, pointer: str, span: Span) -> Diagnostic:
    """Two files, or two entries of one, have a machine of one role."""
    return Diagnostic(
        MACHINE_CONFLICT,
        f"`{pointer}`: a second machine of `{role}`; the first is in `{other}`",
        path,
        Annotation(span, "the second one"),
        helps=("leave one of them out",),
    )


def payload_sorts(
    path: str, message: tuple[str, str, str], sorts: tuple[str, str], pointer: str, span: Span
) -> Diagnostic:
    """One label between two roles has payloads of two sorts; the second is the one at `pointer`."""
    sender, receiver, label = message
    return Diagnostic(
        MACHINE_CONFLICT,
        f"`{pointer}`: the payload of `{label}` from `{sender}` to `{receiver}` has the sort"
        f" {sorts[1]} here and {sorts[0]} elsewhere",
        path,
        Annotation(span, "messages with the second sort"),
        helps=("a label is a name with a sort: give both ends one sort, or rename one label",),
    )


def machine_missing(path: str, role: str, peer: str, pointer: str, span: Span) -> Diagnostic:
    """A role talks to one that has no machine."""
    return Diagnostic(
        MACHINE_MISSING,
        f"`{pointer}`: `{role}` talks to `{peer}`, which has no machine",
        path,
        Annotation(span, f"a message to or from `{peer}`"),
        helps=(f"name the file that holds `{peer}` with another `--machines`",),
    )


def role_without_machine(path: str, role: str, protocol: str, span: Span) -> Diagnostic:
    """The choreography has a role that no file has a machine of."""
    return Diagnostic(
        MACHINE_MISSING,
        f"`{role}` of `{protocol}` has no machine",
        path,
        Annotation(span, "the choreography to compare with"),
        helps=(f"name the file that holds `{role}` with another `--machines`",),
    )
