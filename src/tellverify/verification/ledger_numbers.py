"""Numbers for what is assumed: those of the committed ledger, and new ones behind them."""

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

    An assumption is known by its protocol and obligation. With a ledger, those it does not have
    are new; without one there is nothing to compare with.
    """
    committed = {(one.protocol, one.obligation): one for one in (ledger.entries if ledger else ())}
    last = max(map(_number, committed.values()), default=0)
    found: dict[tuple[str, str], Assumption] = {}
    for one in assumptions:
        key = (one.protocol, one.obligation)
        if key in found:
            continue
        known = committed.get(key)
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


def _number(entry: Assumption) -> int:
    found = _NUMBER.fullmatch(entry.number)
    return int(found[1]) if found is not None else 0


def _with_numbers(report: ProtocolReport, numbers: dict[tuple[str, str], str]) -> ProtocolReport:
    verdicts = []
    for verdict in report.verdicts:
        number = numbers.get((report.name, verdict.name), "")
        if number and isinstance(verdict.outcome, Assumed):
            outcome = msgspec.structs.replace(verdict.outcome, ledger=number)
            verdict = msgspec.structs.replace(verdict, outcome=outcome)
        verdicts.append(verdict)
    return msgspec.structs.replace(report, verdicts=tuple(verdicts))
