"""Findings about files that cannot be read: sources and stored runs."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    finding,
)

UNREADABLE: Final = Code(
    "TV001",
    "unreadable-file",
    "a file that cannot be read",
    help="name an existing `.tell` file, or a folder that contains one",
)


def unreadable(path: str, reason: str) -> Diagnostic:
    """The file cannot be opened or is not a regular file."""
    return finding(
        UNREADABLE,
        path,
        f"cannot read this file: {reason}",
    )


NOT_UTF8: Final = Code(
    "TV002",
    "not-utf8",
    "a file that is not UTF-8 text",
    help="save the file as UTF-8",
)


def not_utf8(path: str, offset: int, byte: int) -> Diagnostic:
    """The bytes are no UTF-8 text."""
    return finding(
        NOT_UTF8,
        path,
        f"this file is not UTF-8 text: byte 0x{byte:02x} at offset {offset}",
    )


TOO_LARGE: Final = Code(
    "TV003",
    "file-too-large",
    "a file that is too large",
    help="split the protocol into several files",
)


def too_large(path: str, size: int, limit: int) -> Diagnostic:
    """The file is larger than any protocol."""
    return finding(
        TOO_LARGE,
        path,
        f"this file has {size} bytes; the limit is {limit}",
    )


NOT_A_TELL_FILE: Final = Code(
    "TV004",
    "not-a-tell-file",
    "a file whose name does not end in .tell",
    help="rename the file, or pass its text on standard input as `-`",
    upstream="rejects",
)


def not_a_tell_file(path: str) -> Diagnostic:
    """A file was named whose suffix is not `.tell`."""
    return finding(
        NOT_A_TELL_FILE,
        path,
        "this file does not end in `.tell`",
    )


UNREADABLE_RUN: Final = Code(
    "TV961",
    "unreadable-run",
    "a stored run that cannot be rendered",
    kind=Kind.USAGE,
    help="write it again with `tellverify check --report json=RUN.json`",
)


def unreadable_run(path: str, reason: str) -> Diagnostic:
    """The file is no run as `check` stores it."""
    return finding(
        UNREADABLE_RUN,
        path,
        f"`{path}` cannot be rendered: {reason}",
    )
