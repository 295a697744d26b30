"""Diagnostics about files that cannot be read."""

from __future__ import annotations

from tellverify.diagnostics.codes import NOT_A_TELL_FILE, NOT_UTF8, TOO_LARGE, UNREADABLE
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.source.span import NOWHERE


def unreadable(path: str, reason: str) -> Diagnostic:
    """The file cannot be opened or is not a regular file."""
    return Diagnostic(
        UNREADABLE,
        f"cannot read this file: {reason}",
        path,
        Annotation(NOWHERE),
        helps=("name an existing `.tell` file or a folder that holds some",),
    )


def not_utf8(path: str, offset: int, byte: int) -> Diagnostic:
    """The bytes are no UTF-8 text."""
    return Diagnostic(
        NOT_UTF8,
        f"this file is not UTF-8 text: byte 0x{byte:02x} at offset {offset}",
        path,
        Annotation(NOWHERE),
        helps=("save the file as UTF-8",),
    )


def too_large(path: str, size: int, limit: int) -> Diagnostic:
    """The file is larger than any protocol."""
    return Diagnostic(
        TOO_LARGE,
        f"this file has {size} bytes, more than the {limit} that are read",
        path,
        Annotation(NOWHERE),
        helps=("split the protocol into several files",),
    )


def not_a_tell_file(path: str) -> Diagnostic:
    """A file was named whose suffix is not `.tell`."""
    return Diagnostic(
        NOT_A_TELL_FILE,
        "this file does not end in `.tell`",
        path,
        Annotation(NOWHERE),
        helps=("rename the file, or pass its text on standard input as `-`",),
        upstream="rejects",
    )
