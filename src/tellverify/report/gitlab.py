"""A run as a GitLab code quality report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from tellverify.diagnostics.model import Severity
from tellverify.report.entries import ReportEntry, entries
from tellverify.report.escape import printable, tame
from tellverify.report.run_file import json_text
from tellverify.report.sarif_flows import Json
from tellverify.report.wording import glossary_of
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import slashed
from tellverify.verdict.run import Input, Run

_LINTS: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def write_gitlab(run: Run, sources: Mapping[str, SourceFile]) -> str:
    """A list with an entry for each finding and each refuted or undecided obligation.

    What another entry tells of with the same evidence is not told twice.
    Fingerprints stay when lines move, so that a merge request shows what it adds and mends.
    """
    seen: dict[str, int] = {}
    issues: list[Json] = []
    for one in entries(run):
        if one.repeats:
            continue
        number = seen[one.fingerprint] = seen.get(one.fingerprint, 0) + 1
        issues.append(_entry(one, number, glossary_of(run)))
    if run.cached is not None:
        issues.append(_cached(run.cached.text, run.inputs))
    return json_text(issues)


def _cached(text: str, inputs: Sequence[Input]) -> dict[str, Json]:
    """An entry about the run itself: the format has no other place for it."""
    path = printable(slashed(inputs[0].path)) if inputs else "."
    return {
        "description": text,
        "check_name": "cache",
        "fingerprint": hashlib.sha256(b"cache").hexdigest()[:32],
        "severity": "info",
        "location": {"path": path, "lines": {"begin": 1}},
    }


def _entry(one: ReportEntry, number: int, glossary: str) -> dict[str, Json]:
    """One problem; the link to the glossary is the body that Code Climate's format allows."""
    digest = one.fingerprint
    if number > 1:  # protocols of one name in several files
        digest = hashlib.sha256(f"{digest}#{number}".encode()).hexdigest()[:32]
    helps = one.diagnostic.helps if one.diagnostic is not None else ()
    described = "; ".join([one.message, *helps[:1]])
    path = printable(one.region.path.replace("\\", "/").removeprefix("./"))
    begin: dict[str, Json] = {"begin": one.region.line}
    if one.region.end_line:
        begin["end"] = one.region.end_line
    return {
        "description": tame(described),
        "check_name": one.title,
        "fingerprint": digest,
        "severity": _severity(one),
        "location": {"path": path, "lines": begin},
        **({"content": {"body": f"[Terms]({printable(glossary)})"}} if glossary else {}),
    }


def _severity(one: ReportEntry) -> str:
    match one.kind:
        case "refuted":
            return "critical" if one.required else "major"
        case "finding":
            return _LINTS[one.severity]
        case "unknown" | "skipped":
            return "info"
