"""`tellverify replay`: steps a trace through a protocol and says whether it is a run of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click
import msgspec

from tellverify.cli.console import style_of
from tellverify.cli.exit import Exit
from tellverify.cli.log_replay import ReplayRequest, is_event_log, replay_log
from tellverify.cli.opening import parse_sizes
from tellverify.cli.replay_input import (
    ReplayStopped,
    machines_beside,
    recorded_trace,
    replayed_protocol,
)
from tellverify.diagnostics import replay as say
from tellverify.diagnostics.wording import counted, grouped
from tellverify.evidence.divergence import Divergence
from tellverify.evidence.fault_run import moments
from tellverify.evidence.itf import MOST_BYTES, TraceFile
from tellverify.evidence.timed_trace import false_claim_of, timed_run
from tellverify.evidence.trace_replay import Stepper
from tellverify.evidence.versions_file import VERSIONS_SUFFIX
from tellverify.evidence.workflow_run_file import WORKFLOW_RUN_SUFFIX
from tellverify.model.fault import Fault
from tellverify.model.machine import Machine
from tellverify.model.timed_text import TimedProtocol
from tellverify.report.drawing.event_lines import event_line, failure_line, step_line
from tellverify.report.style import Style
from tellverify.report.text_findings import diagnostic_lines
from tellverify.source.files import Unreadable, read_bytes
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile
from tellverify.verification.trace_judgement import (
    ReplayedProtocol,
    false_claim,
    machines_of,
)

_SHOWN: Final = 200
_FEW: Final = 4


@click.command("replay")
@click.argument("trace")
@click.argument("file", required=False)
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=N",
    callback=parse_sizes,
    help="Size of a role family; by default, the sizes that the trace names.",
)
@click.option("--protocol", metavar="NAME", help="The protocol of a log; the first by default.")
@click.option("--roles", multiple=True, metavar="ROLE,..", help="Only these roles wrote the log.")
@click.option(
    "--from",
    "start",
    type=click.Choice(["start", "any"]),
    default="start",
    show_default=True,
    help="Where the runs of a log begin: at the start, or anywhere in a run.",
)
@click.option(
    "--sends-only", is_flag=True, help="The log records no receptions: infer when they happen."
)
@click.option("--complete", is_flag=True, help="Require every run of the log to be complete.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-v", "--verbose", is_flag=True, help="Show every step of a long trace.")
def replay(
    trace: str,
    file: str | None,
    instances: Mapping[str, int],
    protocol: str | None,
    roles: tuple[str, ...],
    start: str,
    sends_only: bool,
    complete: bool,
    color: str,
    verbose: bool,
) -> int:
    """Step TRACE, an ITF file or a log of events, through the protocol in FILE.

    TRACE may also be a run across the sessions of a workflow, as `workflow check --evidence` writes
    it; FILE is the workflow then. It may also be a file of `compare --evidence`, which takes no
    FILE.

    Of an ITF file, prints each step with the queues after it. Exits 0 when the machines of the
    protocol make all steps, the recorded states are right and the end shows the recorded fault;
    exits 1 with the first thing that differs otherwise. Without FILE, the file that the trace
    names is read.

    A log has one JSON object a line with role, direction (send or receive), peer and label, and a
    session where runs are interleaved; `-` reads it from standard input. It need not record when
    timers fired. Exits 0 when it conforms, 1 at the first line that is not possible, 2 when a line
    cannot be read, 3 when it is not known whether it conforms.
    """  # fmt: skip
    out = sys.stdout
    style = style_of(out, color)
    if is_event_log(trace):
        if file is None:
            raise click.UsageError("name the FILE that has the protocol of the log")
        named = tuple(part for text in roles for part in text.split(",") if part)
        asked = ReplayRequest(
            trace, file, protocol, instances, named, complete, start == "any", sends_only
        )
        return replay_log(asked, style)
    if trace.endswith(VERSIONS_SUFFIX):
        from tellverify.cli.mixture_replay import replay_mixtures

        if file is not None:
            raise click.UsageError("mixtures are runs of the two versions that the file names")
        return replay_mixtures(trace, style)
    if trace.endswith(WORKFLOW_RUN_SUFFIX):
        from tellverify.cli.workflow_replay import replay_workflow_run

        return replay_workflow_run(trace, file, style)
    if protocol or roles or complete or sends_only or start != "start":
        raise click.UsageError(
            "--protocol, --roles, --from, --sends-only and --complete are for logs of events"
        )
    sources: dict[str, SourceFile] = {}
    try:
        lines = _replayed(trace, file, instances, sources, style, verbose)
    except ReplayStopped as stop:
        if stop.text:
            out.write(f"{stop.text}\n")
        for diagnostic in stop.diagnostics:
            said, _ = diagnostic_lines(diagnostic, sources, style)
            out.write("\n".join(line.rstrip() for line in said) + "\n")
        return stop.code
    out.write("\n".join(lines) + "\n")
    return Exit.OK


def _replayed(
    trace: str,
    file: str | None,
    sizes: Mapping[str, int],
    sources: dict[str, SourceFile],
    style: Style,
    verbose: bool,
) -> list[str]:
    """The lines of an accepted replay. Raises ReplayStopped when the trace is not accepted."""
    shown = trace.replace(os.sep, "/")
    of_pattern = _pattern_lines(trace, shown, file, style)
    if of_pattern:
        return _folded(of_pattern, verbose)
    recorded, text = recorded_trace(trace, shown)
    sources[shown] = SourceFile(shown, text)
    protocol = machines_beside(trace) if file is None else None
    if protocol is None:
        source = file or recorded.subject.source
        protocol = replayed_protocol(recorded, source, sizes, sources)
    if recorded.subject.protocol not in ("", protocol.name):
        foreign = say.foreign_trace(shown, recorded.subject.protocol, protocol.name)
        raise ReplayStopped(Exit.REFUTED, diagnostics=[foreign])
    subject = recorded.subject
    head = [protocol.name, subject.obligation, subject.instance]
    lines = ["   ".join(style.tamed(part) for part in head if part)]
    if (protocol.timed is None) != (subject.late is msgspec.UNSET):
        words = "a run with timers" if protocol.timed is None else "a run without timers"
        said = say.unreadable_trace(shown, f"it is {words}, and `{protocol.name}` is not")
        raise ReplayStopped(Exit.REFUTED, diagnostics=[said])
    if protocol.timed is not None:
        return _timed(recorded, protocol.timed, (shown, text), lines, style, verbose)
    if subject.scenario is not msgspec.UNSET:
        lines.append(f"faults: {style.tamed(subject.scenario)}")
    machines = machines_of(recorded, protocol)
    stepper = Stepper(machines)
    divergence: Divergence | None = None
    fails = moments(recorded.outages)
    lines += [failure_line(one, style) for one in fails.get(0, ())]
    for step in recorded.steps:
        divergence = stepper.make(step)
        if divergence is not None:
            break
        lines.append(step_line(stepper, step, style))
        lines += [failure_line(one, style) for one in fails.get(stepper.made, ())]
    lines = _folded(lines, verbose)
    if divergence is not None:
        found = say.trace_diverges(
            shown,
            _state_span(text, divergence.index + 1),
            divergence.index + 1,
            divergence.reason,
            [str(step) for step in divergence.possible],
            divergence.more,
        )
        raise ReplayStopped(Exit.REFUTED, diagnostics=[found], text="\n".join(lines))
    wrong = false_claim(recorded, protocol, machines, stepper)
    if wrong is not None:
        at = len(recorded.steps) if wrong.state is None else wrong.state
        span = _state_span(text, at)
        complaint = (
            say.fault_not_shown(shown, span, subject.fault, wrong.reason)
            if wrong.state is None
            else say.trace_claim(shown, span, at, wrong.reason)
        )
        raise ReplayStopped(Exit.REFUTED, diagnostics=[complaint], text="\n".join(lines))
    lines.append(_verdict(recorded, protocol, machines))
    return lines


def _timed(
    recorded: TraceFile,
    protocol: TimedProtocol,
    file: tuple[str, str],
    lines: list[str],
    style: Style,
    verbose: bool,
) -> list[str]:
    """The lines of an accepted replay of a run with timers; `file` is its path and text."""
    shown, text = file
    subject = recorded.subject
    if subject.scenario is not msgspec.UNSET:
        lines.append(f"faults: {style.tamed(subject.scenario)}")
    fails = moments(recorded.outages)
    lines += [failure_line(one, style) for one in fails.get(0, ())]
    replay = timed_run(subject, protocol, len(recorded.steps))
    for number, step in enumerate(recorded.steps, 1):
        made = replay.make(step)
        if made is None:
            break
        lines.append(event_line(number, made, replay.queues(), style))
        lines += [failure_line(one, style) for one in fails.get(number, ())]
    lines = _folded(lines, verbose)
    wrong = false_claim_of(recorded, protocol)
    fault = subject.fault
    if wrong is not None:
        at = len(recorded.steps) if wrong.state is None else wrong.state
        span = _state_span(text, at)
        if wrong.state is None:
            found = say.fault_not_shown(shown, span, fault, wrong.reason)
        elif wrong.possible or wrong.reason.endswith("is not possible here"):
            possible = [str(step) for step in wrong.possible[:_FEW]]
            more = max(len(wrong.possible) - _FEW, 0)
            found = say.trace_diverges(shown, span, at, wrong.reason, possible, more)
        else:
            found = say.trace_claim(shown, span, at, wrong.reason)
        raise ReplayStopped(Exit.REFUTED, diagnostics=[found], text="\n".join(lines))
    count = counted(len(recorded.steps), "step")
    end = "" if fault is Fault.WITNESS else f", and the end shows `{fault}`"
    return [*lines, f"accepted: {count}{end}"]


def _pattern_lines(trace: str, shown: str, file: str | None, style: Style) -> list[str]:
    """The lines of an accepted run of a pattern; none when the trace is of another kind."""
    from tellverify.verification.pattern_evidence import FalseRun, is_pattern_run, replayed_pattern

    try:
        content = read_bytes(trace, MOST_BYTES)
    except Unreadable:
        return []  # which is said of any trace
    if not is_pattern_run(content):
        return []
    from tellverify.verification.pattern_files import run_in_words

    try:
        found = replayed_pattern(content, file or "")
    except (FalseRun, Unreadable) as error:
        said = say.unreadable_trace(shown, str(error))
        raise ReplayStopped(Exit.REFUTED, diagnostics=[said]) from None
    claim = f"claim[{found.claim.kind} {found.claim.name}]"
    lines = [f"{found.model.name}   {claim}", *run_in_words(found.model, found.run)]
    lines.append(f"accepted: {counted(len(found.run.steps), 'step')}, and the end breaks the claim")
    return [style.tamed(line) for line in lines]


def _verdict(recorded: TraceFile, protocol: ReplayedProtocol, machines: Sequence[Machine]) -> str:
    count = counted(len(recorded.steps), "step")
    fault = recorded.subject.fault
    if fault is Fault.WITNESS:
        return f"accepted: {count}"
    if not protocol.is_covered_by(machines):
        # The messages each role awaits need every machine, which would take too long here.
        return f"accepted: {count}; whether the end shows `{fault}` was not checked: too many roles"
    return f"accepted: {count}, and the end shows `{fault}`"


# Words


def _folded(lines: list[str], verbose: bool) -> list[str]:
    if verbose or len(lines) <= _SHOWN:
        return lines
    hidden = len(lines) - _SHOWN
    half = _SHOWN // 2
    return [*lines[:half], f"      {grouped(hidden)} steps not shown", *lines[-half:]]


def _state_span(text: str, index: int) -> Span:
    """Where a trace file records a state; nowhere when it cannot be found."""
    match = re.search(rf'"index"\s*:\s*{index}\b', text)
    return Span(match.start(), match.end()) if match is not None else NOWHERE
