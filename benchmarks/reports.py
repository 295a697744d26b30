"""Time and memory of every report of a run with ten thousand obligations.

    python benchmarks/reports.py [OBLIGATIONS]

The run is made by hand: every tenth obligation is refuted by a run of 24 events that a finding
tells of, every fiftieth by premises that clash, some are unknown, skipped or assumed. Each report
is rendered in a process of its own; printed are its seconds, the largest resident set of the
process, and the size of the report. The bounds are 5 seconds and 300 MB.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import time
from typing import Final

from tellverify.diagnostics.communication import STUCK_ROLE
from tellverify.diagnostics.model import Annotation, Diagnostic
from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.kinds import KINDS, writer
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Core,
    CorePremise,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
)
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Input, ProtocolReport, Run, Subject, Verdict

SECONDS: Final = 5.0
MEGABYTES: Final = 300.0
PER_PROTOCOL: Final = 20
ROLES: Final = tuple(f"R{index}" for index in range(PER_PROTOCOL))


def trace_of(protocol: int, role: str, path: str) -> Trace:
    """A run of 24 events at whose end `role` waits."""
    steps = []
    for number in range(12):
        site = Site(path=path, span=Span(number * 20, number * 20 + 5), line=number + 2, column=1)
        sender, receiver = ROLES[number % 4], ROLES[(number + 1) % 4]
        steps += [Step(send, sender, receiver, f"M{protocol}", site) for send in (True, False)]
    waiting = tuple(Waiting(one, one != role, (("R0", "Go"),) * (one == role)) for one in ROLES)
    return Trace(Fault.STUCK_ROLE, tuple(steps), (role,), "", True, waiting=waiting)


def outcome_of(number: int, protocol: int, role: str, path: str) -> Outcome:
    """The outcome of an obligation; a hundred of them have every kind."""
    match number % 100:
        case 3 | 53:
            premises = tuple(CorePremise(f"p{at}", "`N > 3f`", path, at + 2) for at in range(4))
            return Refuted("TV512", Core("the premises clash", premises), Method.SMT)
        case rest if rest % 10 == 0:
            return Refuted("TV512", trace_of(protocol, role, path), Method.SEARCH)
        case 1:
            return Unknown("resource limit, 20 000 000", "TV902")
        case 2:
            return Skipped("`loop forever`, line 3", "TV942")
        case 4:
            return Assumed("the gateway restarts it", f"{path}:2", f"A{number}")
        case rest if rest % 10 == 5:
            return Bounded("N = 1, 2, 3", Method.SEARCH)
        case _:
            return Proved(Method.SEARCH)


def made(obligations: int) -> tuple[Run, dict[str, SourceFile]]:
    """The run and its sources."""
    protocols, inputs, diagnostics = [], [], []
    sources: dict[str, SourceFile] = {}
    for index in range(obligations // PER_PROTOCOL):
        name, path = f"m{index}.P{index}", f"protocols/m{index}.tell"
        sources[path] = SourceFile(path, "".join(f"line {at:3d} of text \n" for at in range(30)))
        inputs.append(Input(path, f"{index:064x}"))
        verdicts = []
        for at, role in enumerate(ROLES):
            outcome = outcome_of(index * PER_PROTOCOL + at, index, role, path)
            subject = Subject(name, (role,))
            verdict = Verdict(Property.NO_STUCK_ROLE, subject, outcome, True, at + 2, 1)
            verdicts.append(verdict)
            if isinstance(outcome, Refuted):
                diagnostics.append(
                    Diagnostic(
                        STUCK_ROLE,
                        f"`{role}` can wait forever",
                        path,
                        Annotation(Span(at * 20, at * 20 + 5), "it waits here"),
                        protocol=name,
                        refutes=verdict.name,
                    )
                )
        protocols.append(ProtocolReport(name, path, 1, ROLES, (), tuple(verdicts)))
    run = Run(tuple(inputs), tuple(protocols), tuple(diagnostics), 1, "many are refuted")
    return run, sources


def rendered(kind: str, run: Run, sources: dict[str, SourceFile]) -> str:
    """One report, or one format of the terminal."""
    if kind in KINDS:
        return writer(kind)(run, sources)
    out = io.StringIO()
    if kind == "text":
        from tellverify.report.text import write_text

        write_text(run, sources, out, color=False, ascii_only=False, width=100, verbose=False)
    else:
        from tellverify.report.github import write_annotations

        write_annotations(run, sources, out)
    return out.getvalue()


def measure(kind: str, obligations: int) -> None:
    """Print one row: this process renders one report."""
    run, sources = made(obligations)
    unit = 1 if sys.platform == "darwin" else 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    start = time.perf_counter()
    text = rendered(kind, run, sources)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    fits = "fits" if seconds < SECONDS and memory < MEGABYTES else "TOO MUCH"
    print(
        f"{kind:<10} {seconds:7.2f} s  {memory:7.1f} MB ({before:6.1f} before)"
        f"  {len(text) / 1e6:7.2f} million characters  {fits}"
    )


def main() -> int:
    """One row for each report; exit code 1 when one does not fit."""
    if len(sys.argv) == 3:
        measure(sys.argv[2], int(sys.argv[1]))
        return 0
    obligations = sys.argv[1] if len(sys.argv) == 2 else "10000"
    bad = False
    for kind in ("text", "github", *KINDS):
        command = [sys.executable, __file__, obligations, kind]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="")
        bad |= done.returncode != 0 or "TOO MUCH" in done.stdout
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
