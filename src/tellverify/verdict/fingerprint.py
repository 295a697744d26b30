"""What stays of an obligation or a finding when lines move and sentences are reworded.

No path, line or column of a protocol takes part, so that a baseline survives edits elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from tellverify.diagnostics.model import Diagnostic, sort_key
from tellverify.model.trace import Trace
from tellverify.verdict.outcome import Conflict, Core, Refuted, Skipped, Unknown
from tellverify.verdict.run import Verdict

OBLIGATION: Final = "obligation/v1"
FINDING: Final = "finding/v1"


def fingerprint(protocol: str, verdict: Verdict) -> str:
    """The digest of an obligation and its refutation.

    It covers the code, the protocol, the property, roles and channel, and the labels and branches
    of the run, or the names of the premises, that refute it.
    """
    outcome = verdict.outcome
    code = outcome.code if isinstance(outcome, Refuted | Unknown | Skipped) else ""
    parts = [OBLIGATION, protocol, verdict.name, code]
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
    """A digest for each finding: its code, its protocol, what it refutes and what it quotes.

    A finding of no protocol is told apart by its path. Findings that agree in all this are
    numbered in source order, so that one more of them is new.
    """
    seen: dict[str, int] = {}
    found: dict[Diagnostic, str] = {}
    for diagnostic in sorted(dict.fromkeys(diagnostics), key=sort_key):
        parts = [FINDING, diagnostic.code.number, diagnostic.protocol, diagnostic.refutes]
        if not diagnostic.protocol:
            parts.append(diagnostic.path.replace("\\", "/"))
        parts.extend(diagnostic.message.split("`")[1::2])
        plain = _digest(parts)
        seen[plain] = seen.get(plain, 0) + 1
        found[diagnostic] = _digest([plain, str(seen[plain])]) if seen[plain] > 1 else plain
    return found


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", "backslashreplace")
        digest.update(b"%d:%s" % (len(encoded), encoded))
    return digest.hexdigest()[:32]
