"""The baseline file: findings that are known, and how the obligations stood when it was written.

A finding is known by its fingerprint, so lines may move. Refutations that a run shows are taken in
only when that is asked for by name.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tellverify.diagnostics import configuration as say
from tellverify.diagnostics.model import Severity, sort_key
from tellverify.source.span import NOWHERE
from tellverify.verdict.fingerprint import finding_fingerprints, fingerprint
from tellverify.verdict.outcome import Refuted, status
from tellverify.verdict.run import Baseline, Before, Run
from tellverify.verification.configuration_files import Refused, read, refused, shown

SCHEMA: Final = "tellverify/baseline-1"
FINDING: Final = "finding"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known: a finding with its message, or an obligation with its status."""

    protocol: str
    name: str
    status: str
    fingerprint: str
    code: str = ""


class BaselineFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `obligations` only compare; `findings` do not count any more."""

    schema: Literal["tellverify/baseline-1"]
    findings: tuple[Entry, ...] = ()
    obligations: tuple[Entry, ...] = ()


def read_baseline(path: str) -> Baseline:
    """The baseline in a file. Raises Refused when there is none, or it cannot be read."""
    text = read(path).text
    try:
        found = msgspec.json.decode(text, type=BaselineFile)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(path, str(error)) from None
    return Baseline(
        shown(path),
        tuple(entry.fingerprint for entry in found.findings),
        tuple(_before(entry) for entry in (*found.findings, *found.obligations)),
    )


def _refused(path: str, why: str) -> Refused:
    reason = f"this is no baseline: {why[:1].lower()}{why[1:]}"
    help_ = "write it again with `tellverify baseline write`"
    return refused(path, say.wrong_setting(shown(path), NOWHERE, reason, help_), "")


def _before(entry: Entry) -> Before:
    return Before(entry.protocol, entry.name, entry.status, entry.fingerprint, entry.code)


def baseline_of(run: Run, *, allow_refuted: bool, keep: frozenset[str] | None = None) -> str:
    """The text of the baseline that a run would have; `keep` limits its findings to known ones."""
    prints = finding_fingerprints(run.diagnostics)
    findings = [
        Entry(d.protocol, d.message, FINDING, prints[d], d.code.number)
        for d in sorted(run.diagnostics, key=sort_key)
        if not d.refutes and d.severity is not Severity.NOTE
    ]
    obligations = []
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            code = outcome.code if isinstance(outcome, Refuted) else ""
            entry = Entry(
                protocol.name,
                verdict.name,
                status(outcome),
                fingerprint(protocol.name, verdict),
                code,
            )
            obligations.append(entry)
            if isinstance(outcome, Refuted) and allow_refuted:
                findings.append(entry)
    if keep is not None:
        findings = [entry for entry in findings if entry.fingerprint in keep]
    text = msgspec.json.encode(BaselineFile(SCHEMA, tuple(findings), tuple(obligations)))
    return msgspec.json.format(text, indent=2).decode() + "\n"


def stale(baseline: Baseline, run: Run) -> list[Before]:
    """The entries that nothing in the run is like any more."""
    there = set(finding_fingerprints(run.diagnostics).values())
    there.update(
        fingerprint(protocol.name, verdict)
        for protocol in run.protocols
        for verdict in protocol.verdicts
    )
    known = frozenset(baseline.known)
    return [
        entry
        for entry in dict.fromkeys(baseline.previous)
        if entry.fingerprint in known
        and entry.fingerprint not in there
        and entry.status in (FINDING, "refuted")
    ]
