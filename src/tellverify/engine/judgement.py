"""The exit code of a run and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.engine.options import Options
from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verdict.run import ProtocolReport, Verdict

_GRAVITY = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.NOTE: 0}


def judge(
    protocols: Sequence[ProtocolReport],
    diagnostics: Sequence[Diagnostic],
    options: Options,
    any_input: bool,
) -> tuple[int, str]:
    """Exit code and reason: 0 fine, 1 refuted, 3 not known, 4 nothing to check. 1 beats 3."""
    required = [v for p in protocols for v in p.verdicts if v.required]
    refuted = [v for v in required if isinstance(v.outcome, Refuted)]
    findings = [d for d in diagnostics if not d.refutes and _counts(d, options)]
    if refuted:
        return 1, f"{_counted(len(refuted), 'required obligation')} refuted"
    if findings:
        count = len(findings)
        return 1, f"{count} finding{'' if count == 1 else 's'} at or above {options.fail_on}"
    if options.fail_on == "warning" and any(d.refutes for d in diagnostics):
        return 1, "an obligation that is not required is refuted"
    if not protocols:
        return 4, "no protocol was selected" if any_input else "no file was found"
    if not any(protocol.verdicts for protocol in protocols):
        return 4, "no obligation was selected"
    weak = [v for v in required if not _suffices(v, options)]
    if weak:
        return 3, f"{_counted(len(weak), 'required obligation')} not {options.require}"
    return 0, "every required obligation holds"


def _counts(diagnostic: Diagnostic, options: Options) -> bool:
    if options.fail_on == "never":
        return False
    least = Severity.WARNING if options.fail_on == "warning" else Severity.ERROR
    return _GRAVITY[diagnostic.severity] >= _GRAVITY[least]


def _suffices(verdict: Verdict, options: Options) -> bool:
    if isinstance(verdict.outcome, Proved):
        return True
    return isinstance(verdict.outcome, Bounded) and options.require == "bounded"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{' is' if number == 1 else 's are'}"
