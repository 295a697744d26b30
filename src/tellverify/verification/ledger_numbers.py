"""Numbers for assumptions: those of the committed ledger, and new ones behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.obligations.options import Ledger
from tellverify.verdict.outcome import Assumed
from tellverify.verdict.run import Assumption, ProtocolReport

_NUMBER: Final = re.compile(r"A([0-9]{1,9})")


def numbered(
    assumptions: Sequence[Assumption],
    reports: Sequence[ProtocolReport],
    ledger: Ledger | None,
) -> tuple[list[Assumption], list[ProtocolReport]]:
    """The assumptions of a run with their numbers, and its reports with these in the outcomes.

    With a ledger, assumptions it does not have are new; without one there is nothing to compare
    with.
    """
    committed = ledger.entries if ledger else ()
    last = max(map(_number, committed), default=0)
    found: dict[str, Assumption] = {}
    for one, known in zip(assumptions, entries_of(assumptions, committed), strict=True):
        key = one.id
        if key in found:
            continue
        if known is None:
            last += 1
        found[key] = msgspec.structs.replace(
            one,
            number=known.number if known else f"A{last}",
            owner=known.owner if known else "",
            is_new=ledger is not None and known is None,
        )
    numbers = {key: one.number for key, one in found.items()}
    return list(found.values()), [_with_numbers(report, numbers) for report in reports]


def entries_of(
    assumptions: Sequence[Assumption], committed: Sequence[Assumption]
) -> list[Assumption | None]:
    """The entry of the ledger for each assumption, if it has one.

    An entry is found by file, protocol and obligation. Where a file has moved, the only entry and
    the only assumption of a protocol and obligation that are left over belong together.
    """
    by_id = {one.id: one for one in committed}
    assumed = {one.id for one in assumptions}
    left: dict[tuple[str, str], list[Assumption]] = {}
    for entry in committed:
        if entry.id not in assumed:
            left.setdefault((entry.protocol, entry.obligation), []).append(entry)
    unknown: dict[tuple[str, str], set[str]] = {}
    for one in assumptions:
        if one.id not in by_id:
            unknown.setdefault((one.protocol, one.obligation), set()).add(one.id)
    found = []
    for one in assumptions:
        key = (one.protocol, one.obligation)
        moved = left.get(key, [])
        is_only = len(moved) == 1 and len(unknown.get(key, ())) == 1
        found.append(by_id.get(one.id) or (moved[0] if is_only else None))
    return found


def _number(entry: Assumption) -> int:
    found = _NUMBER.fullmatch(entry.number)
    return int(found[1]) if found is not None else 0


def _with_numbers(report: ProtocolReport, numbers: dict[str, str]) -> ProtocolReport:
    verdicts = []
    for verdict in report.verdicts:
        number = numbers.get(report.id_of(verdict).text, "")
        if number and isinstance(verdict.outcome, Assumed):
            outcome = msgspec.structs.replace(verdict.outcome, ledger=number)
            verdict = msgspec.structs.replace(verdict, outcome=outcome)
        verdicts.append(verdict)
    return msgspec.structs.replace(report, verdicts=tuple(verdicts))
