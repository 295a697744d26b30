"""The ledger: a committed file with every assumption, so that a new one is a line of a review."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tellverify.diagnostics import configuration as say
from tellverify.obligations.options import Ledger
from tellverify.source.toml import TomlFault, decode, read_toml
from tellverify.verdict.run import Assumption
from tellverify.verification.configuration_files import read, refused, shown
from tellverify.verification.ledger_numbers import entries_of

NAME: Final = "tellverify-assumptions.toml"
_HEAD: Final = """\
# The assumptions of verdicts. Written by `tellverify audit --write`, which keeps
# numbers and owners; `tellverify audit --verify` fails when it differs from the comments.
"""


class LedgerRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One assumption. `place` is a path without a line, so that edits elsewhere change nothing."""

    number: Annotated[str, Meta(pattern="^A[0-9]{1,9}$")]
    protocol: str
    obligation: str
    reason: str
    place: str
    until: str = ""
    owner: str = ""


class LedgerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    assumption: Annotated[tuple[LedgerRow, ...], Meta(max_length=100_000)] = ()


def read_ledger(path: str) -> Ledger:
    """The ledger in a file; an empty one where there is no such file.

    Raises Refused for one that cannot be read, or in which a number or obligation stands twice.
    """
    import os

    if not os.path.lexists(path):
        return Ledger(shown(path))
    text = read(path).text
    name = shown(path)
    document = read_toml(name, text)
    if isinstance(document, TomlFault):
        fault = say.unreadable_configuration(name, document.span, document.message)
        raise refused(path, fault, text)
    found = decode(document, LedgerFile)
    if isinstance(found, TomlFault):
        raise refused(path, say.wrong_setting(name, found.span, found.message, _HELP), text)
    seen: set[str | tuple[str, ...]] = set()
    for number, row in enumerate(found.assumption):
        for key in (row.number, (row.place, row.protocol, row.obligation)):
            if key in seen:
                what = key if isinstance(key, str) else "/".join(key[1:])
                span = document.span_of(("assumption", number, "number"))
                message = f"`{what}` is in the ledger twice"
                raise refused(path, say.wrong_setting(name, span, message, _HELP), text)
            seen.add(key)
    return Ledger(name, tuple(_entry(row) for row in found.assumption))


_HELP: Final = "`tellverify audit --write` writes it from the comments"


def _entry(row: LedgerRow) -> Assumption:
    return Assumption(
        row.number,
        row.place,
        row.protocol,
        row.obligation,
        row.reason,
        row.place,
        owner=row.owner,
        until=row.until,
    )


def ledger_text(assumptions: Sequence[Assumption]) -> str:
    """The text of the ledger with these assumptions, by number."""
    rows = [_HEAD]
    for one in sorted(assumptions, key=lambda entry: int(entry.number[1:] or 0)):
        fields = {
            "number": one.number,
            "protocol": one.protocol,
            "obligation": one.obligation,
            "reason": one.reason,
            "place": one.path,
            "until": one.until,
            "owner": one.owner,
        }
        lines = [
            f"{key} = {_quoted(value)}\n"
            for key, value in fields.items()
            if value or key not in ("until", "owner")
        ]
        rows.append(f"\n[[assumption]]\n{''.join(lines)}")
    return "".join(rows)


def _quoted(text: str) -> str:
    clean = text.encode("utf-8", "backslashreplace").decode()
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def differences(ledger: Ledger, assumptions: Sequence[Assumption]) -> list[str]:
    """What the ledger and the assumptions of a run do not agree in."""
    entries = entries_of(assumptions, ledger.entries)
    found = []
    for one, known in zip(assumptions, entries, strict=True):
        if known is None:
            found.append(f"{one.id} is assumed at {one.place} and is not in the ledger")
            continue
        pairs = (
            ("reason", known.reason, one.reason),
            ("date", known.until, one.until),
            ("place", known.path, one.path),
        )
        found.extend(
            f"{known.number} {one.id} has the {word} `{old}` in the ledger and `{new}` in the"
            " comment"
            for word, old, new in pairs
            if old != new
        )
    found.extend(
        f"{one.number} {one.id} is in the ledger and is not assumed any more"
        for one in ledger.entries
        if one not in entries
    )
    return found
