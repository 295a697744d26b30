"""A finding: a code, a place, a message, and advice.

A kind of finding is a `Code` and its constructors, which stand together in a module of this
package. A constructor takes values of the domain and returns what `finding` makes of its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from tellverify.source.region import Region
from tellverify.source.span import NOWHERE, Span


class Severity(StrEnum):
    """The severity of a finding. Errors fail a check; warnings do so on request."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """How a finding may be settled without a change of the source."""

    LINT = "lint"  # has a level, may be allowed
    OBLIGATION = "obligation"  # may only be assumed
    LIMIT = "limit"  # the tool could not tell; governed by `--require`
    USAGE = "usage"  # stops the run


class Code(msgspec.Struct, frozen=True, omit_defaults=True):
    """A kind of finding. Numbers and names are never reused; the first digit is the stage.

    `help` and `upstream` (what Telltale does) hold for findings that do not say otherwise.
    """

    number: str
    name: str
    title: str
    kind: Kind = Kind.LINT
    severity: Severity = Severity.ERROR
    help: str = ""
    upstream: str = ""


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in a source file, with the text to show there.

    An empty `path` stands for the path of the diagnostic it belongs to. `region` is the place in
    lines and columns, in the finding of a run.
    """

    span: Span
    text: str = ""
    path: str = ""
    region: Region | None = None


class Replacement(msgspec.Struct, frozen=True, omit_defaults=True):
    """`text` in the place of `span`; `region` is that place in the finding of a run."""

    span: Span
    text: str
    region: Region | None = None


class SuggestedRepair(msgspec.Struct, frozen=True, omit_defaults=True):
    """Edits of the file that fix what a finding reports, with a description.

    They change the protocol, so they are made on request only.
    """

    words: str
    replacements: tuple[Replacement, ...]


class Diagnostic(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finding. `message` stands alone, starts in lower case and has no full stop.

    `upstream` says what Telltale itself does with the construct, where that differs:
    "accepts", "rejects" or "drops". `repairs` are the best ones that were found, best first. The
    file of a run has the `fingerprint` as well.
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
    fingerprint: str = ""
    repairs: tuple[SuggestedRepair, ...] = ()


class Where(msgspec.Struct, frozen=True):
    """The file and protocol that findings are about."""

    path: str
    protocol: str = ""


Mark: TypeAlias = tuple[Span, str] | Annotation
"""A place with the text to show there; an annotation where it is in another file."""

_NO_PLACE: Final = (NOWHERE, "")


def finding(
    code: Code,
    where: Where | str,
    message: str,
    at: Mark = _NO_PLACE,
    *,
    others: Sequence[Mark] = (),
    notes: Sequence[str] = (),
    helps: Sequence[str] | None = None,
    upstream: str | None = None,
    severity: Severity | None = None,
    refutes: str = "",
) -> Diagnostic:
    """A finding about a file, or a protocol in it; the code gives what the call leaves out."""
    place = Where(where) if isinstance(where, str) else where
    if helps is None:
        helps = (code.help,) if code.help else ()
    return Diagnostic(
        code,
        message,
        place.path,
        _annotation(at),
        tuple(_annotation(other) for other in others),
        tuple(notes),
        tuple(helps),
        code.severity if severity is None else severity,
        place.protocol,
        refutes,
        code.upstream if upstream is None else upstream,
    )


def _annotation(mark: Mark) -> Annotation:
    return mark if isinstance(mark, Annotation) else Annotation(*mark)


def moved(diagnostic: Diagnostic, place: Callable[[Span], Span]) -> Diagnostic:
    """A finding whose places are what `place` makes of them."""

    def annotation(one: Annotation) -> Annotation:
        return msgspec.structs.replace(one, span=place(one.span))

    return msgspec.structs.replace(
        diagnostic,
        primary=annotation(diagnostic.primary),
        others=tuple(annotation(one) for one in diagnostic.others),
    )


def sort_key(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    """Source order, then code: the one order in which findings are shown."""
    span = diagnostic.primary.span
    return (diagnostic.path, span.start, span.end, diagnostic.code.number, diagnostic.message)
