"""Annotations of GitHub's checks, as workflow commands on standard output."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, TextIO

import msgspec

from tellverify.diagnostics.model import Severity
from tellverify.diagnostics.wording import series
from tellverify.report.entries import ReportEntry, entries
from tellverify.report.escape import encodable, tame
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import Subject
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.run import Run

MOST: Final = 10  # of each level; a step shows no more
_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def write_annotations(
    run: Run, sources: Mapping[str, SourceFile], out: TextIO, most: int | None = None
) -> None:
    """One `::error` or `::warning` line for each of the ten gravest problems of either level.

    At most `most` of each.

    Refuted obligations come before other findings, undecided ones come last; within that,
    new items come before known ones, then source order. Obligations of one protocol that are
    undecided for one reason share a line.
    """
    found = _together(one for one in entries(run) if not one.repeats)
    for severity, command in _COMMANDS.items():
        of_level = [one for one in found if one.severity is severity]
        of_level.sort(key=_gravity)
        for one in of_level[: MOST if most is None else min(most, MOST)]:
            out.write(f"{_annotation(command, one)}\n")


def _together(found: Iterable[ReportEntry]) -> list[ReportEntry]:
    """The entries, with one for the obligations of a protocol that are undecided for one reason."""
    kept: list[ReportEntry] = []
    alike: dict[tuple[Subject, Outcome, Severity], tuple[int, list[str]]] = {}
    for one in found:
        if one.protocol is None or one.verdict is None:
            kept.append(one)
            continue
        match one.verdict.outcome:
            case Unknown(reason=reason) | Skipped(reason=reason):
                key = (one.protocol.subject, one.verdict.outcome, one.severity)
                at, names = alike.setdefault(key, (len(kept), []))
                names.append(f"`{one.verdict.name}`")
                if len(names) == 1:
                    kept.append(one)
                else:
                    said = f"{series(names)} of `{one.protocol.title}` are {one.kind}: {reason}"
                    kept[at] = msgspec.structs.replace(kept[at], message=said)
            case Refuted() | Proved() | Bounded() | Assumed():
                kept.append(one)
    return kept


def guarded(text: str) -> str:
    """`text` between commands that make the runner take nothing in it for a command.

    The token follows from the text, so that equal runs print equal bytes and no text can hold it.
    """
    token = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
    return f"::stop-commands::tellverify-{token}\n{text}::tellverify-{token}::\n"


def _gravity(one: ReportEntry) -> tuple[bool, int]:
    return one.state == "unchanged", {"refuted": 0, "finding": 1}.get(one.kind, 2)


def _annotation(command: str, one: ReportEntry) -> str:
    region = one.region
    places = {"file": region.path.replace("\\", "/"), "line": str(region.line)}
    if region.end_line:
        places["endLine"] = str(region.end_line)
    if region.end_line == region.line:  # columns are taken on one line only
        places["col"] = str(region.column)
        places["endColumn"] = str(max(region.end_column - 1, region.column))
    elif not region.end_line:
        places["col"] = str(region.column)
    places["title"] = one.title
    listed = ",".join(f"{key}={_property(value)}" for key, value in places.items())
    lines = [one.message]
    if one.verdict is not None and one.kind == "refuted":
        lines.append(f"refutes: {one.verdict.name}")
    if one.diagnostic is not None:
        lines.extend(f"help: {text}" for text in one.diagnostic.helps)
    message = "\n".join(tame(line) for line in lines)
    return f"::{command} {listed}::{_message(message)}"


def _message(text: str) -> str:
    """The text of a command: a percent sign or a line break would end or change it."""
    shown = encodable(text).replace("%", "%25")
    return shown.replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """The value of a property: it must not end the list of properties either."""
    return _message(tame(text)).replace(":", "%3A").replace(",", "%2C")
