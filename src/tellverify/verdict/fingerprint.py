"""What stays of an obligation or a finding when lines move and sentences are reworded.

A digest says what was found, without any place. A fingerprint is a digest in a file: the same
finding in another file has another one. No line or column takes part in either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.model.trace import Trace
from tellverify.verdict.identity import Subject, slashed
from tellverify.verdict.outcome import Conflict, Core, Refuted, Skipped, Unknown
from tellverify.verdict.run import Verdict

OBLIGATION: Final = "obligation/v2"
FAULT: Final = "fault/v1"
FINDING: Final = "finding/v2"


def located(path: str, digest: str) -> str:
    """The fingerprint of what has the digest `digest` in the file `path`."""
    return _digest((slashed(path), digest))


def fingerprint(subject: Subject, verdict: Verdict) -> str:
    """The fingerprint of an obligation and its refutation."""
    return located(subject.path, obligation_digest(subject, verdict))


def fault_fingerprints(subject: Subject, verdict: Verdict) -> frozenset[str]:
    """The fingerprints of all faults that a refutation covers, which a baseline has to know."""
    return frozenset(located(subject.path, one) for one in fault_digests(subject, verdict))


def fault_digests(subject: Subject, verdict: Verdict) -> tuple[str, ...]:
    """A digest for each fault that a refutation covers; that of the obligation where it names
    none.
    """
    outcome = verdict.outcome
    if not isinstance(outcome, Refuted) or not outcome.faults:
        return (obligation_digest(subject, verdict),)
    parts = (FAULT, subject.name, verdict.name, outcome.code)
    return tuple(_digest((*parts, one)) for one in outcome.faults)


def obligation_digest(subject: Subject, verdict: Verdict) -> str:
    """The digest of an obligation and its refutation.

    It covers the code, the name of the subject, the property, roles and channel, and the labels
    and branches of the run, or the names of the premises, that refute it.
    """
    outcome = verdict.outcome
    code = outcome.code if isinstance(outcome, Refuted | Unknown | Skipped) else ""
    parts = [OBLIGATION, subject.name, verdict.name, code]
    if isinstance(outcome, Refuted):
        match outcome.evidence:
            case Trace(steps=steps):
                for step in steps:
                    parts.extend((str(step), step.site.branch))
            case Core(premises=premises):
                parts.extend(premise.name for premise in premises)
            case Conflict():
                pass  # its places move, and its reason is reworded
    return _digest(parts)


def finding_fingerprints(diagnostics: Sequence[Diagnostic]) -> dict[Diagnostic, str]:
    """The fingerprint of each finding."""
    return {one: located(one.path, digest) for one, digest in finding_digests(diagnostics).items()}


def finding_digests(diagnostics: Sequence[Diagnostic]) -> dict[Diagnostic, str]:
    """A digest for each finding: its code, its protocol, what it refutes and what it quotes.

    Findings in one file that agree in all this are numbered in source order, so that one more of
    them is new.
    """
    seen: dict[tuple[str, str], int] = {}
    found: dict[Diagnostic, str] = {}
    for diagnostic in sorted(dict.fromkeys(diagnostics), key=sort_key):
        parts = [FINDING, diagnostic.code.number, diagnostic.protocol, diagnostic.refutes]
        parts.extend(diagnostic.message.split("`")[1::2])
        plain = _digest(parts)
        key = (slashed(diagnostic.path), plain)
        seen[key] = seen.get(key, 0) + 1
        found[diagnostic] = _digest([plain, str(seen[key])]) if seen[key] > 1 else plain
    return found


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "backslashreplace")
        digest.update(b"%d:%s" % (len(encoded), encoded))
    return digest.hexdigest()[:32]
