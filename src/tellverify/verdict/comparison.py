"""A run next to earlier results: new, changed and fixed items."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic
from tellverify.verdict.fingerprint import fault_fingerprints, finding_fingerprints
from tellverify.verdict.identity import slashed
from tellverify.verdict.outcome import Refuted, status
from tellverify.verdict.run import Baseline, Before, ProtocolReport, Run, State, Verdict


class RunComparison:
    """Answers for one run; without a baseline nothing is new and nothing is fixed.

    A finding is *unchanged* when its fingerprint is known, and a refuted obligation when all of its
    faults are; it is *updated* when it was refuted before in another way, else *new*. What was
    refuted or found before and is so no more is *fixed*, if its protocol was checked again. That
    something is unchanged does not mean that anybody accepts it: what the baseline *accepts* does
    not count any more.
    """

    def __init__(self, run: Run) -> None:
        baseline = run.baseline
        self.exists = baseline is not None
        self._previous = baseline.previous if baseline is not None else ()
        self._before = _before(baseline)
        self._accepted = frozenset(baseline.known if baseline is not None else ())
        self._was = {(b.path, b.protocol, b.name): b for b in self._previous if not _is_finding(b)}
        self._prints = finding_fingerprints(
            (*run.findings, *(one.diagnostic for one in run.suppressions))
        )
        self._run = run

    def fingerprint_of(self, diagnostic: Diagnostic) -> str:
        """The fingerprint of a finding of the run."""
        return self._prints[diagnostic]

    def accepts(self, digest: str) -> bool:
        """True of the fingerprint of what the baseline keeps from counting."""
        return digest in self._accepted

    def accepts_refutation(self, protocol: ProtocolReport, verdict: Verdict) -> bool:
        """True of an obligation all of whose faults the baseline keeps from counting."""
        return fault_fingerprints(protocol.subject, verdict) <= self._accepted

    def was(self, protocol: ProtocolReport, verdict: Verdict) -> str:
        """The status of an obligation before, empty when it is not known."""
        before = self._was.get(_key(protocol, verdict))
        return before.status if before is not None else ""

    def detail_was(self, protocol: ProtocolReport, verdict: Verdict) -> str:
        """How far an obligation held before, empty when it is not known."""
        before = self._was.get(_key(protocol, verdict))
        return before.detail if before is not None else ""

    def state(self, protocol: ProtocolReport, verdict: Verdict) -> State | None:
        """The note on a refuted obligation; None of others and without a baseline."""
        if not self.exists or not isinstance(verdict.outcome, Refuted):
            return None
        if fault_fingerprints(protocol.subject, verdict) <= self._before:
            return "unchanged"
        return "updated" if self.was(protocol, verdict) == "refuted" else "new"

    def finding_state(self, diagnostic: Diagnostic) -> State | None:
        """The note on a finding; None without a baseline."""
        if not self.exists:
            return None
        return "unchanged" if self._prints[diagnostic] in self._before else "new"

    def fixed(self) -> tuple[Before, ...]:
        """What was wrong before and is wrong no more, in the order of the baseline."""
        refuted = {
            _key(protocol, verdict)
            for protocol in self._run.protocols
            for verdict in protocol.verdicts
            if isinstance(verdict.outcome, Refuted)
        }
        decided = {
            _key(protocol, verdict)
            for protocol in self._run.protocols
            for verdict in protocol.verdicts
            if status(verdict.outcome) in ("proved", "bounded")
        }
        paths = {slashed(one.path) for one in self._run.inputs}
        names = {protocol.name for protocol in self._run.protocols}
        found = frozenset(self._prints.values())
        return tuple(
            one
            for one in self._previous
            if (
                _is_finding(one)
                and one.fingerprint not in found
                and one.path in paths
                and one.protocol in names
            )
            or (
                one.status == "refuted"
                and (one.path, one.protocol, one.name) in decided
                and (one.path, one.protocol, one.name) not in refuted
            )
        )


def _key(protocol: ProtocolReport, verdict: Verdict) -> tuple[str, str, str]:
    return slashed(protocol.path), protocol.name, verdict.name


def _is_finding(before: Before) -> bool:
    return before.status == "finding"


def _before(baseline: Baseline | None) -> frozenset[str]:
    if baseline is None:
        return frozenset()
    before = (
        known
        for b in baseline.previous
        if b.status in ("refuted", "finding")
        for known in b.faults or (b.fingerprint,)
    )
    return frozenset((*baseline.known, *before))
