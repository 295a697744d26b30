"""What a text means to Telltale, where Telltale is what runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from tellverify.diagnostics.communication import UNMERGEABLE
from tellverify.diagnostics.flow import AS_WRITTEN
from tellverify.diagnostics.model import Diagnostic, Severity, Where
from tellverify.diagnostics.target import imported_call
from tellverify.language.checks.walk import head_place, preorder
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax import ast

_WORDS: Final = {
    "rejects": "the target is Telltale, which rejects this",
    "drops": "the target is Telltale, which drops this: what runs is not what was checked",
}
_UNMERGEABLE: Final = "the target is Telltale, whose compiler rejects this"


def for_telltale(judged: CheckedFile, said: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings on a choreography that Telltale is to run.

    What it drops or rejects is an error, and so is a call of an imported protocol: it reads imports
    and forgets them.
    """
    return [*map(_as_error, said), *_imported_calls(judged)]


def _as_error(found: Diagnostic) -> Diagnostic:
    note = _WORDS.get(found.upstream, "")
    if found.code == UNMERGEABLE:
        note = _UNMERGEABLE
    if not note:
        return found
    return msgspec.structs.replace(
        found, severity=Severity.ERROR, notes=(*(n for n in found.notes if n != AS_WRITTEN), note)
    )


def _imported_calls(judged: CheckedFile) -> Iterator[Diagnostic]:
    imported = judged.linked.imported
    for protocol in judged.file.protocols if imported else ():
        own = {local.name.text for local in protocol.locals}
        where = Where(judged.source.path, protocol.name.text)
        for body in (protocol.body, *(local.body for local in protocol.locals)):
            for statement in preorder(body):
                if isinstance(statement, ast.Call):
                    name = statement.name.text
                    if name in imported and name not in own:
                        yield imported_call(where, head_place(statement), name)
