"""The exit code of a run and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tellverify.diagnostics.faults import REQUIREMENT_OF_NOTHING
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.wording import counted
from tellverify.obligations.options import Options
from tellverify.verdict.identity import requirement_key, slashed
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown, status
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Verdict

_GRAVITY = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.NOTE: 0}


def judge(
    protocols: Sequence[ProtocolReport],
    diagnostics: Sequence[Diagnostic],
    options: Options,
    any_input: bool,
) -> tuple[int, str]:
    """Exit code and reason: 0 fine, 1 refuted, 3 not known, 4 nothing to check. 1 beats 3.

    What the baseline knows does not count, but is named.
    """
    is_known = _known(diagnostics, options)
    required = [(p, v) for p in protocols for v in p.verdicts if v.required]
    refuted = [(p, v) for p, v in required if isinstance(v.outcome, Refuted)]
    known = [v for p, v in refuted if is_known(p, v)]
    findings = [d for d in diagnostics if not d.refutes and _counts(d, options)]
    old = [d for d in findings if is_known(None, d)]
    if len(refuted) > len(known):
        reason = f"{_counted(len(refuted) - len(known), 'required obligation')} refuted"
        others = [d for d in findings if d not in old and not _is_of_refuted_text(d, refuted)]
        if others:
            verb = "is" if len(others) == 1 else "are"
            found = counted(len(others), "other finding")
            reason += f", and {found} {verb} at or above {options.fail_on}"
        return 1, reason
    if len(findings) > len(old):
        return 1, f"{counted(len(findings) - len(old), 'finding')} at or above {options.fail_on}"
    if options.fail_on == "warning" and _refutes_more(protocols, is_known):
        return 1, "an obligation that is not required is refuted"
    if not protocols:
        return 4, "no protocol was selected" if any_input else "no file was found"
    if not any(protocol.verdicts for protocol in protocols):
        return 4, "no obligation was selected"
    weak = [v for _, v in required if v not in known and not _suffices(v, options)]
    nowhere = sum(
        d.code == REQUIREMENT_OF_NOTHING and d.severity is Severity.WARNING for d in diagnostics
    )
    if weak or nowhere:
        reasons = [_weakness(weak, options)] if weak else []
        if nowhere:
            verb = "is" if nowhere == 1 else "are"
            reasons.append(f"{counted(nowhere, 'requirement')} {verb} on what no protocol has")
        return 3, ", and ".join(reasons)
    if known or old:
        count = len(known) + len(old)
        return 0, f"nothing new: the baseline has {'it' if count == 1 else f'all {count}'} already"
    negative = sum(any(v.expected for v in p.verdicts) for p in protocols)
    if negative == len(protocols):
        return 0, "every fault that was expected was found"
    if negative:
        return 0, f"every required obligation holds, and {_as_expected(negative)}"
    return 0, "every required obligation holds"


def _is_of_refuted_text(
    found: Diagnostic, refuted: Sequence[tuple[ProtocolReport, Verdict]]
) -> bool:
    """Whether an error is one for which protocols of its file are not well-formed."""
    return found.severity is Severity.ERROR and any(
        verdict.property is Property.WELL_FORMED and slashed(protocol.path) == slashed(found.path)
        for protocol, verdict in refuted
    )


def _as_expected(count: int) -> str:
    return f"{counted(count, 'negative example')} {'fails' if count == 1 else 'fail'} as expected"


def _known(
    diagnostics: Sequence[Diagnostic], options: Options
) -> Callable[[ProtocolReport | None, Verdict | Diagnostic], bool]:
    """Whether the baseline has a refutation or a finding already."""
    if options.baseline is None or not options.baseline.known:
        return lambda _, __: False
    from tellverify.verdict.fingerprint import fault_fingerprints, finding_fingerprints

    known = frozenset(options.baseline.known)
    prints = finding_fingerprints(diagnostics)

    def is_known(protocol: ProtocolReport | None, what: Verdict | Diagnostic) -> bool:
        if isinstance(what, Diagnostic):
            return prints[what] in known
        return protocol is not None and fault_fingerprints(protocol.subject, what) <= known

    return is_known


def _refutes_more(
    protocols: Sequence[ProtocolReport],
    is_known: Callable[[ProtocolReport | None, Verdict | Diagnostic], bool],
) -> bool:
    return any(
        isinstance(v.outcome, Refuted) and not v.expected and not is_known(p, v)
        for p in protocols
        for v in p.verdicts
    )


def _counts(diagnostic: Diagnostic, options: Options) -> bool:
    if options.fail_on == "never":
        return False
    least = Severity.WARNING if options.fail_on == "warning" else Severity.ERROR
    return _GRAVITY[diagnostic.severity] >= _GRAVITY[least]


def _suffices(verdict: Verdict, options: Options) -> bool:
    match verdict.outcome:
        case Proved():
            return True
        case Bounded():
            return options.strength(_key(verdict)) in ("bounded", "assumed")
        case Assumed():
            return options.strength(_key(verdict)) == "assumed"
        case Refuted() | Unknown() | Skipped():
            return False


def _key(verdict: Verdict) -> str:
    return requirement_key(verdict.property, verdict.scope)


def _weakness(weak: Sequence[Verdict], options: Options) -> str:
    """How many obligations are what instead of what they should be."""
    counts: dict[str, int] = {}
    for verdict in weak:
        word = status(verdict.outcome)
        if word == "bounded":
            word = f"bounded, not {options.strength(_key(verdict))}"
        counts[word] = counts.get(word, 0) + 1
    parts: list[str] = []
    for word, count in counts.items():
        noun = "required obligation" if not parts else ""
        verb = "is" if count == 1 else "are"
        plural = "" if count == 1 or not noun else "s"
        parts.append(f"{count} {f'{noun}{plural} ' if noun else ''}{verb} {word}")
    return ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{' is' if number == 1 else 's are'}"
