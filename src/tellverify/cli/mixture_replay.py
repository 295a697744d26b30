"""`tellverify replay` of the runs that refute mixtures of two versions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from tellverify.cli.exit import Exit
from tellverify.diagnostics.wording import counted
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.mixtures import MixedVersions, read_versions
from tellverify.evidence.trace_replay import Stepper
from tellverify.evidence.versions_file import RefutedRow
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.report.drawing.event_lines import step_line
from tellverify.report.style import Style


def replay_mixtures(trace: str, style: Style) -> int:
    """Show the run of every refuted mixture in the file `trace`; 0 when all show their faults."""
    lines: list[str] = []
    reason = ""
    try:
        lines += _replayed(trace, style)
    except Rejected as rejected:
        reason = str(rejected)
    if reason:
        lines.append(f"rejected: {style.tamed(reason)}")
    sys.stdout.write("\n".join(lines) + "\n")
    return Exit.REFUTED if reason else Exit.OK


def _replayed(trace: str, style: Style) -> Iterator[str]:
    """The lines of all runs. Raises Rejected."""
    from tellverify.versions.source_machines import compare_versions_with_sources

    file = read_versions(trace)
    pair = MixedVersions(file)
    compare_versions_with_sources(trace)
    if not file.refuted:
        yield "accepted: no run, as no mixture is refuted"
    for number, row in enumerate(file.refuted):
        machines = pair.acting_machines(row)
        head = [file.protocol, _words(row, machines), file.instance]
        yield "   ".join(style.tamed(part) for part in head if part)
        stepper = Stepper(machines)
        for send, sender, receiver, label in row.steps:
            step = Step(bool(send), sender, receiver, label)
            divergence = stepper.make(step)
            if divergence is not None:
                raise Rejected(f"refuted[{number}]", divergence.reason)
            yield step_line(stepper, step, style)
        pair.check_run(row, number)
        count = counted(len(row.steps), "step")
        yield f"accepted: {count}, and the end shows `{style.tamed(row.fault)}`"


def _words(row: RefutedRow, machines: Sequence[Machine]) -> str:
    absent = {machine.role for machine in machines if not machine.moves[0]}
    named = [(role, "new") for role in row.new] + [(role, "old") for role in row.old]
    words = (f"{role} {'absent' if role in absent else version}" for role, version in named)
    return ", ".join(words) or "every mixture"
