"""What a finding is: a code, a place, a sentence, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tellverify.source.span import Span


class Severity(StrEnum):
    """How grave a finding is. Errors make a check fail; warnings do when the user asks for it."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What may be done about a finding besides mending the source."""

    LINT = "lint"  # has a level, may be allowed
    OBLIGATION = "obligation"  # may only be assumed
    LIMIT = "limit"  # the tool could not tell; governed by `--require`
    USAGE = "usage"  # stops the run


class Code(msgspec.Struct, frozen=True):
    """One row of the table of codes. Numbers and names are never reused."""

    number: str
    name: str
    kind: Kind
    severity: Severity
    title: str


class Annotation(msgspec.Struct, frozen=True):
    """A place in a source file and what there is to say about it there.

    An empty `path` stands for the path of the diagnostic it belongs to.
    """

    span: Span
    text: str = ""
    path: str = ""


class Diagnostic(msgspec.Struct, frozen=True):
    """A finding. `message` stands alone, starts in lower case and has no full stop.

    `upstream` says what Telltale itself does with the construct, where that differs:
    "accepts", "rejects" or "drops".
    """

    code: Code
    message: str
    path: str
    primary: Annotation
    others: tuple[Annotation, ...] = ()
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    protocol: str = ""
    refutes: str = ""
    upstream: str = ""


def sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    """Source order, then code: the one order in which findings are shown."""
    span = diagnostic.primary.span
    return (diagnostic.path, span.start, span.end, diagnostic.code.number, diagnostic.message)
