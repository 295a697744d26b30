"""Repairs as text with diffs, and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from tellverify.cli.complaints import complain
from tellverify.cli.console import style_of
from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.diagnostics.wording import series
from tellverify.repair.rendering import TextEdit, all_in_words, unified_diff
from tellverify.repair.repair import Rank, Repair
from tellverify.report.escape import printable, tame
from tellverify.report.run_file import json_text
from tellverify.report.text_findings import diagnostic_lines
from tellverify.source.text import SourceFile
from tellverify.verification.repairs import ProtocolRepairs, RepairState

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

SCHEMA: Final = "tellverify/repair-1"
_RANKS: Final = {
    Rank.SMALLEST: "Smallest repair",
    Rank.SMALLEST_MERGED: "Smallest repair that strict merge accepts",
    Rank.SOME: "Best repair found",
}
_NOT_REPAIRED: Final = "not repaired, since only the author can say which runs are wanted"
STOPPED: Final = "a text with errors is not repaired; fix this first:"
BESIDE: Final = "the text has errors that no repair mends:"
_LONGER: Final = "`--limit 60s` searches longer"
_OTHER_EDITS: Final = "`--edits all` also tries edits that change the runs"


def say_malformed(
    errors: Sequence[Diagnostic], sources: Mapping[str, SourceFile], why: str = STOPPED
) -> None:
    """The errors of a text, in full on standard error, behind the sentence `why`."""
    complain(why)
    style = style_of(sys.stderr)
    for one in sorted(errors, key=sort_key):
        lines, _ = diagnostic_lines(one, sources, style)
        sys.stderr.write("".join(f"{line.rstrip()}\n" for line in lines))


def repairs_text(
    found: Sequence[ProtocolRepairs], *, taken: int, every_kind: bool
) -> Iterator[str]:
    """All repairs with diffs; only the number `taken` of each protocol when it is not 0.

    The first diff of a protocol can be given to `patch`. The text about the others stands behind
    a bar, so that it cannot.
    """
    many = len(found) > 1
    for one in found:
        yield from _protocol(one, taken, many=many, every_kind=every_kind)


def _protocol(one: ProtocolRepairs, taken: int, *, many: bool, every_kind: bool) -> Iterator[str]:
    name = f"`{tame(one.name)}`"
    found = one.found
    match one.state:
        case RepairState.UNNEEDED:
            yield f"{name} needs no repair: no required obligation is refuted{_goals(one)}"
        case RepairState.MALFORMED:
            yield f"{name} is not repaired: {tame(found.reason)}"
        case RepairState.UNKNOWN:
            yield f"{name}: {tame(found.reason)}"
        case RepairState.UNREPAIRED | RepairState.LIMITED:
            if found.reason:
                why = f"{tame(found.fault)}; " if found.fault else ""
                yield f"{name} is not repaired: {why}{tame(found.reason)}"
                if one.state is RepairState.LIMITED:
                    yield f"  = help: {_LONGER}"
                if not every_kind and found.fault:
                    yield f"  = help: {_OTHER_EDITS}"
        case RepairState.REPAIRED:
            prefix = f"{name}: " if many else ""
            yield from _offers(one, taken, prefix)
            for place in one.expected:
                yield f"also remove the `expect` comment at {tame(place)}, which is then obsolete"
    if one.left:
        left = series([f"`{tame(text)}`" for text in one.left])
        verb = "is" if len(one.left) == 1 else "are"
        yield f"{name}: {left} {verb} refuted and {_NOT_REPAIRED}"


def _goals(one: ProtocolRepairs) -> str:
    """The goals for which the protocol is repaired though it needs no repair."""
    if not one.goals:
        return ""
    asked = series([f"`--goal {goal}`" for goal in one.goals], last="or")
    return f"; {asked} looks for a repair of refuted obligations that are not required"


def _offers(one: ProtocolRepairs, taken: int, prefix: str) -> Iterator[str]:
    offers = list(zip(one.found.offers, one.claims, strict=True))
    first = taken - 1 if taken else 0
    best = offers[first][0]
    for number, (offer, claim) in enumerate(offers):
        if taken and number != first:
            continue
        runs = "keeps every run" if offer.conservative else "changes the runs"
        merge = "" if offer.projectable or not best.projectable else ", strict merge rejects it"
        said = f"{offer.size}, {runs}{merge}; {tame(claim)}"
        diff = [printable(line) for line in _diff(one.source, offer)]
        if number == first:
            yield (
                f"{prefix}{_sentence(one.found.fault)}. {_RANKS[offer.rank]}"
                f" ({one.found.tried} tried): {said}"
            )
            yield from diff
        else:
            head = "Or" if offer.rank is best.rank else f"Or the {_RANKS[offer.rank].lower()}"
            yield f"  | {head}: {said}"
            yield from (f"  | {line}" for line in diff)
    if one.found.limited:
        yield f"the search ended at its limit, so there may be smaller ones; {_LONGER}"


def _sentence(text: str) -> str:
    return tame(f"{text[:1].upper()}{text[1:]}")


def _diff(source: SourceFile, offer: Repair) -> list[str]:
    return unified_diff(tame(source.path), source.text, offer.text).splitlines()


def repairs_json(found: Sequence[ProtocolRepairs], *, code: int, is_written: bool) -> str:
    """The JSON document, schema `tellverify/repair-1`."""
    protocols: list[Json] = [_as_json(one) for one in found]
    return json_text(
        {
            "schema": SCHEMA,
            "exitCode": code,
            "written": is_written and any(one.found.offers for one in found),
            "protocols": protocols,
        }
    )


def _as_json(one: ProtocolRepairs) -> dict[str, Json]:
    offers: list[Json] = [
        {
            "rank": str(offer.rank),
            "cost": offer.cost,
            "changes": list(offer.changes),
            "words": all_in_words(one.source, offer.edits),
            "size": offer.size,
            "keepsRuns": offer.conservative,
            "projectable": offer.projectable,
            "claim": claim,
            "diff": unified_diff(one.source.path, one.source.text, offer.text),
            "edits": [_edit(one.source, edit) for edit in offer.edits],
        }
        for offer, claim in zip(one.found.offers, one.claims, strict=True)
    ]
    return {
        "name": one.name,
        "path": one.source.path,
        "line": one.line,
        "state": str(one.state),
        "fault": one.found.fault,
        "tried": one.found.tried,
        "limited": one.found.limited,
        "reason": one.found.reason,
        "notRepaired": list(one.left),
        "errors": [f"{error.code.number} {error.message}" for error in one.errors],
        "repairs": offers,
    }


def _edit(source: SourceFile, edit: TextEdit) -> Json:
    line, column = source.position(edit.span.start)
    end_line, end_column = source.position(edit.span.end)
    return {
        "line": line,
        "column": column,
        "endLine": end_line,
        "endColumn": end_column,
        "text": edit.text,
    }
