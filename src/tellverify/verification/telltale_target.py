"""What a text means to Telltale, where Telltale is what runs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tellverify.diagnostics.communication import UNMERGEABLE
from tellverify.diagnostics.flow import AS_WRITTEN
from tellverify.diagnostics.model import Diagnostic, Severity

_WORDS: Final = {
    "rejects": "the target is Telltale, which rejects this",
    "drops": "the target is Telltale, which drops this: what runs is not what was checked",
}
_UNMERGEABLE: Final = "the target is Telltale, whose compiler rejects this"


def for_telltale(said: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings where Telltale is to run the text: what it drops or rejects is an error."""
    return [_as_error(one) for one in said]


def _as_error(found: Diagnostic) -> Diagnostic:
    note = _WORDS.get(found.upstream, "")
    if found.code == UNMERGEABLE:
        note = _UNMERGEABLE
    if not note:
        return found
    return msgspec.structs.replace(
        found, severity=Severity.ERROR, notes=(*(n for n in found.notes if n != AS_WRITTEN), note)
    )
