"""A run next to earlier results: new, changed and fixed items."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic
from tellverify.verdict.fingerprint import fault_fingerprints, finding_fingerprints
from tellverify.verdict.identity import single_names, slashed
from tellverify.verdict.outcome import Refuted, status
from tellverify.verdict.run import Baseline, Before, ProtocolReport, Run, State, Verdict


class RunComparison:
    """Answers for one run; without a baseline nothing is new and nothing is fixed.

    A finding is *unchanged* when its fingerprint is known, and a refuted obligation when all of its
    faults are; it is *updated* when it was refuted before in another way, else *new*. What was
    refuted or found before and is so no more is *fixed*, if its protocol was checked again. That
    something is unchanged does not mean that anybody accepts it: what the baseline *accepts* does
    not count any more.

    Roles with the same outcome share one obligation, and other roles may have shared it before: so
    obligations are compared role by role.
    """

    def __init__(self, run: Run) -> None:
        baseline = run.baseline
        self.exists = baseline is not None
        self._previous = baseline.previous if baseline is not None else ()
        self._before = _before(baseline)
        self._accepted = frozenset(baseline.known if baseline is not None else ())
        self._was = {
            (one.path, one.protocol, name): one
            for one in self._previous
            if not _is_finding(one)
            for name in single_names(one.name)
        }
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

    def was(self, protocol: ProtocolReport, verdict: Verdict) -> dict[str, tuple[str, ...]]:
        """The earlier statuses of an obligation, each with the obligations of single roles that had
        it; empty for what was not known.
        """
        found: dict[str, tuple[str, ...]] = {}
        for name, before in self._of(protocol, verdict).items():
            word = before.status if before is not None else ""
            found[word] = (*found.get(word, ()), name)
        return found

    def detail_was(self, protocol: ProtocolReport, verdict: Verdict) -> str:
        """How far an obligation held before, empty when it is not known."""
        found = {one.detail for one in self._of(protocol, verdict).values() if one is not None}
        return found.pop() if len(found) == 1 else ""

    def _of(self, protocol: ProtocolReport, verdict: Verdict) -> dict[str, Before | None]:
        """The obligation of each role, as the run before had it."""
        keys = _keys(protocol, verdict)
        return {key[2]: self._was.get(key) for key in keys}

    def state(self, protocol: ProtocolReport, verdict: Verdict) -> State | None:
        """The note on a refuted obligation; None of others and without a baseline."""
        if not self.exists or not isinstance(verdict.outcome, Refuted):
            return None
        if fault_fingerprints(protocol.subject, verdict) <= self._before:
            return "unchanged"
        return "updated" if set(self.was(protocol, verdict)) == {"refuted"} else "new"

    def finding_state(self, diagnostic: Diagnostic) -> State | None:
        """The note on a finding; None without a baseline."""
        if not self.exists:
            return None
        return "unchanged" if self._prints[diagnostic] in self._before else "new"

    def fixed(self) -> tuple[Before, ...]:
        """What was wrong before and is wrong no more, in the order of the baseline."""
        refuted = {
            key
            for protocol in self._run.protocols
            for verdict in protocol.verdicts
            if isinstance(verdict.outcome, Refuted)
            for key in _keys(protocol, verdict)
        }
        decided = {
            key
            for protocol in self._run.protocols
            for verdict in protocol.verdicts
            if status(verdict.outcome) in ("proved", "bounded")
            for key in _keys(protocol, verdict)
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
                and (keys := _keys_of(one)) <= decided
                and keys.isdisjoint(refuted)
            )
        )


def _keys(protocol: ProtocolReport, verdict: Verdict) -> list[tuple[str, str, str]]:
    path = slashed(protocol.path)
    return [(path, protocol.name, name) for name in single_names(verdict.name)]


def _keys_of(before: Before) -> set[tuple[str, str, str]]:
    return {(before.path, before.protocol, name) for name in single_names(before.name)}


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
