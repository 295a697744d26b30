"""The baseline file: findings that are known, and how the obligations stood when it was written.

A finding is known by its file and its digest, so lines may move, and a refutation when each fault
that it covers is. A file that git reports as renamed since the baseline was committed is the same
file; the same finding in any other file is new. Refutations that a run shows are taken in only when
that is asked for by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from tellverify.diagnostics import configuration as say
from tellverify.diagnostics.model import Severity
from tellverify.source.span import NOWHERE
from tellverify.verdict.fingerprint import (
    fault_digests,
    fault_fingerprints,
    finding_digests,
    finding_fingerprints,
    located,
    obligation_digest,
)
from tellverify.verdict.identity import slashed
from tellverify.verdict.outcome import Bounded, Proved, Refuted, status
from tellverify.verdict.run import Baseline, Before, Run
from tellverify.verification.configuration_files import RefusedFile, read, refused, shown
from tellverify.verification.git import renamed_since

SCHEMA: Final = "tellverify/baseline-2"
FINDING: Final = "finding"
_OLD: Final = '"tellverify/baseline-1"'


class BaselineEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A known item: a finding with its message, or an obligation with its status.

    `digest` says what was found in the file `path`, as `verdict.fingerprint` makes it, and `faults`
    the same of each fault that a refutation covers.
    """

    path: str
    protocol: str
    name: str
    status: str
    digest: str
    code: str = ""
    faults: tuple[str, ...] = ()


class BaselineFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `obligations` only compare; `findings` do not count any more."""

    schema: Literal["tellverify/baseline-2"]
    findings: tuple[BaselineEntry, ...] = ()
    obligations: tuple[BaselineEntry, ...] = ()


def read_baseline(path: str) -> Baseline:
    """The baseline in a file. Raises RefusedFile when there is none, or it cannot be read."""
    return baseline_in(path, read(path).text)


def baseline_in(path: str, text: str) -> Baseline:
    """The baseline with this text, which belongs to `path`. Raises RefusedFile."""
    if _OLD in text[:200]:
        raise _refused(path, "an older version wrote it, and it does not name files")
    try:
        found = msgspec.json.decode(text.removeprefix("\ufeff"), type=BaselineFile)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(path, str(error)) from None
    entries = (*found.findings, *found.obligations)
    missing = frozenset(entry.path for entry in entries if not os.path.lexists(entry.path))
    renamed = renamed_since(path, missing) if missing else {}
    findings = tuple(_before(entry, renamed) for entry in found.findings)
    obligations = tuple(_before(entry, renamed) for entry in found.obligations)
    return Baseline(
        shown(path),
        tuple(known for one in findings for known in one.faults or (one.fingerprint,)),
        (*findings, *obligations),
    )


def _refused(path: str, why: str) -> RefusedFile:
    reason = f"this is not a baseline: {why[:1].lower()}{why[1:]}"
    return refused(path, say.wrong_setting(shown(path), NOWHERE, reason, _HELP), "")


_HELP: Final = "write it again with `tellverify baseline write`"


def _before(entry: BaselineEntry, renamed: Mapping[str, str]) -> Before:
    path = renamed.get(entry.path, entry.path)
    return Before(
        path,
        entry.protocol,
        entry.name,
        entry.status,
        located(path, entry.digest),
        entry.code,
        tuple(located(path, one) for one in entry.faults),
    )


def baseline_of(run: Run, *, allow_refuted: bool, keep: frozenset[str] | None = None) -> str:
    """The text of the baseline that a run would have; `keep` limits its findings to known ones."""
    digests = finding_digests(run.findings)
    findings = [
        BaselineEntry(slashed(d.path), d.protocol, d.message, FINDING, digests[d], d.code.number)
        for d in run.findings
        if not d.refutes and d.severity is not Severity.NOTE
    ]
    obligations = []
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            entry = BaselineEntry(
                slashed(protocol.path),
                protocol.name,
                verdict.name,
                status(outcome),
                obligation_digest(protocol.subject, verdict),
                outcome.code if isinstance(outcome, Refuted) else "",
                fault_digests(protocol.subject, verdict) if isinstance(outcome, Refuted) else (),
            )
            obligations.append(entry)
            if isinstance(outcome, Refuted) and allow_refuted:
                findings.append(entry)
    if keep is not None:
        findings = [kept for entry in findings if (kept := _kept(entry, keep)) is not None]
    text = msgspec.json.encode(BaselineFile(SCHEMA, tuple(findings), tuple(obligations)))
    return msgspec.json.format(text, indent=2).decode() + "\n"


def _kept(entry: BaselineEntry, keep: frozenset[str]) -> BaselineEntry | None:
    """An entry with the part of it that is kept, None for nothing."""
    if not entry.faults:
        return entry if located(entry.path, entry.digest) in keep else None
    faults = tuple(one for one in entry.faults if located(entry.path, one) in keep)
    return msgspec.structs.replace(entry, faults=faults) if faults else None


def compared_with(run: Run, base: Run, path: str) -> Run:
    """`run` with `base`, the run stored at `path`, as what was known before.

    What a baseline accepts stays accepted; nothing of `base` is.
    """
    known = run.baseline.known if run.baseline is not None else ()
    digests = finding_fingerprints(base.findings)
    previous = [
        Before(slashed(d.path), d.protocol, d.message, FINDING, digests[d], d.code.number)
        for d in base.findings
        if not d.refutes and d.severity is not Severity.NOTE
    ]
    for protocol in base.protocols:
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            where = slashed(protocol.path)
            is_refuted = isinstance(outcome, Refuted)
            faults = fault_digests(protocol.subject, verdict) if is_refuted else ()
            previous.append(
                Before(
                    where,
                    protocol.name,
                    verdict.name,
                    status(outcome),
                    located(where, obligation_digest(protocol.subject, verdict)),
                    outcome.code if isinstance(outcome, Refuted) else "",
                    tuple(located(where, one) for one in faults),
                    outcome.detail if isinstance(outcome, Proved | Bounded) else "",
                )
            )
    before = Baseline(shown(path), known, tuple(previous))
    return msgspec.structs.replace(run, baseline=before)


def stale(baseline: Baseline, run: Run) -> list[Before]:
    """The entries that nothing in the run is like any more."""
    there = set(finding_fingerprints(run.findings).values())
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            there |= fault_fingerprints(protocol.subject, verdict)
    known = frozenset(baseline.known)
    return [
        entry
        for entry in dict.fromkeys(baseline.previous)
        if known.issuperset(entry.faults or (entry.fingerprint,))
        and not there.issuperset(entry.faults or (entry.fingerprint,))
        and entry.status in (FINDING, "refuted")
    ]
