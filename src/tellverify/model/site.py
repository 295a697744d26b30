"""Where the source states an event."""

from __future__ import annotations

import msgspec

from tellverify.source.span import NOWHERE, Span


def _nowhere() -> Span:
    """A default that is always written, since only identical values are left out of JSON."""
    return NOWHERE


class Site(msgspec.Struct, frozen=True, omit_defaults=True):
    """The statement that an event comes from; many events may share one site."""

    path: str = ""
    span: Span = msgspec.field(default_factory=_nowhere)
    line: int = 0
    column: int = 0
    payload: str = ""
    branch: str = ""
    annotations: tuple[tuple[str, str], ...] = ()
