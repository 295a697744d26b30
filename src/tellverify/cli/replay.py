"""`tellverify replay`: steps a trace through a protocol and says whether it is a run of it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import click
import msgspec

from tellverify.cli.console import step_line
from tellverify.cli.exit import Exit
from tellverify.cli.log_replay import Asked, is_event_log, replay_log
from tellverify.diagnostics import replay as say
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.evidence.formula_run import FORMULA_FAULTS, unshown
from tellverify.evidence.itf import ItfError, TraceFile, disagreement, read_itf
from tellverify.evidence.trace_replay import Divergence, Stepper, fault_shown
from tellverify.language.files import inputs
from tellverify.language.lowering.families import family_names
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax import ast
from tellverify.language.syntax.surface import read_tell
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.step import Step
from tellverify.model.trace import Fault
from tellverify.obligations.machines import ALL_MACHINES, Machines
from tellverify.report.families import counted, grouped, listed
from tellverify.report.style import Style
from tellverify.report.text import diagnostic_lines
from tellverify.search.fidelity import is_faithful
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile
from tellverify.verification.pipeline import qualified_name

_LIMIT: Final = 256 * 1024 * 1024
_SHOWN: Final = 200
_FEW: Final = 4
_MOST_CONFIGURATIONS: Final = 500_000
_SIZE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*) ?= ?([0-9]{1,5})")


class _Stopped(Exception):
    """The replay cannot go on: what to say, and the exit code."""

    def __init__(
        self, code: Exit, *, diagnostics: Sequence[Diagnostic] = (), text: str = ""
    ) -> None:
        super().__init__(text)
        self.code = code
        self.diagnostics = tuple(diagnostics)
        self.text = text


class _Protocol(msgspec.Struct, frozen=True):
    """A protocol, or machines that no protocol was projected to; these may have no graph."""

    name: str
    graph: ProtocolGraph | None
    machines: tuple[Machine, ...] = ()


@click.command("replay")
@click.argument("trace")
@click.argument("file", required=False)
@click.option(
    "--instances",
    multiple=True,
    metavar="FAMILY=N",
    help="Size of a role family; without this, the sizes that the trace names.",
)
@click.option("--protocol", metavar="NAME", help="The protocol of a log; the first without this.")
@click.option("--roles", multiple=True, metavar="ROLE,..", help="Only these roles wrote the log.")
@click.option("--complete", is_flag=True, help="A log must come to the end of every run.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("-v", "--verbose", is_flag=True, help="Show every step of a long trace.")
def replay(
    trace: str,
    file: str | None,
    instances: tuple[str, ...],
    protocol: str | None,
    roles: tuple[str, ...],
    complete: bool,
    color: str,
    verbose: bool,
) -> int:
    """Step TRACE, an ITF file or a log of events, through the protocol in FILE.

    Of an ITF file, prints each step with the queues after it. Exits 0 when the machines of the
    protocol make all steps, the recorded states are right and the end shows the recorded fault;
    exits 1 with the first thing that differs otherwise. Without FILE, the file that the trace
    names is read.

    A log has one JSON object a line with role, direction (send or receive), peer and label, and
    a session where runs are interleaved; `-` reads it from standard input. Exits 0 when it
    conforms, 1 at the first line that is not possible, 2 when a line cannot be read.
    """  # fmt: skip
    out = sys.stdout
    style = Style(
        color=color == "always"
        or (color == "auto" and out.isatty() and not os.environ.get("NO_COLOR")),
        ascii_only=not (out.encoding or "").lower().startswith("utf"),
        width=max(shutil.get_terminal_size((100, 24)).columns if out.isatty() else 100, 40),
    )
    if is_event_log(trace):
        if file is None:
            raise click.UsageError("name the FILE that has the protocol of the log")
        named = tuple(part for text in roles for part in text.split(",") if part)
        asked = Asked(trace, file, protocol, _parsed_sizes(instances), named, complete)
        return replay_log(asked, style)
    if protocol or roles or complete:
        raise click.UsageError("--protocol, --roles and --complete are for logs of events")
    sources: dict[str, SourceFile] = {}
    try:
        lines = _replayed(trace, file, _parsed_sizes(instances), sources, style, verbose)
    except _Stopped as stop:
        if stop.text:
            out.write(f"{stop.text}\n")
        for diagnostic in stop.diagnostics:
            said, _ = diagnostic_lines(diagnostic, sources, style)
            out.write("\n".join(line.rstrip() for line in said) + "\n")
        return stop.code
    out.write("\n".join(lines) + "\n")
    return Exit.OK


def _parsed_sizes(instances: Sequence[str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for text in instances:
        match = _SIZE.fullmatch(text)
        if match is None:
            raise click.BadParameter(f"`{text}` is not of the form FAMILY=N")
        sizes[match[1]] = int(match[2])
    return sizes


def _replayed(
    trace: str,
    file: str | None,
    sizes: Mapping[str, int],
    sources: dict[str, SourceFile],
    style: Style,
    verbose: bool,
) -> list[str]:
    """The lines of an accepted replay. Raises _Stopped when the trace is not accepted."""
    shown = trace.replace(os.sep, "/")
    recorded, text = _read_trace(trace, shown)
    sources[shown] = SourceFile(shown, text)
    protocol = _machines_beside(trace) if file is None else None
    if protocol is None:
        protocol = _read_protocol(recorded, file or recorded.subject.source, sizes, sources)
    if recorded.subject.protocol not in ("", protocol.name):
        foreign = say.foreign_trace(shown, recorded.subject.protocol, protocol.name)
        raise _Stopped(Exit.REFUTED, diagnostics=[foreign])
    machines = _machines(recorded, protocol)
    subject = recorded.subject
    head = [protocol.name, subject.obligation, subject.instance]
    lines = ["   ".join(style.tamed(part) for part in head if part)]
    stepper = Stepper(machines)
    divergence: Divergence | None = None
    for step in recorded.steps:
        divergence = stepper.make(step)
        if divergence is not None:
            break
        lines.append(step_line(stepper, step, style))
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
        raise _Stopped(Exit.REFUTED, diagnostics=[found], text="\n".join(lines))
    complaint = _complaint(recorded, machines, protocol, stepper, shown, text)
    if complaint is not None:
        raise _Stopped(Exit.REFUTED, diagnostics=[complaint], text="\n".join(lines))
    lines.append(_verdict(recorded, protocol, machines))
    return lines


# Reading


def _read_trace(path: str, shown: str) -> tuple[TraceFile, str]:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ItfError("it is not a regular file")
        with open(path, "rb") as file:
            content = file.read(_LIMIT + 1)
        return read_itf(content), content.decode("utf-8")
    except (OSError, ValueError) as error:
        # A path with a null byte is a ValueError, text that is not UTF-8 too.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        said = say.unreadable_trace(shown, (reason or "it cannot be opened").lower())
        raise _Stopped(Exit.REFUTED, diagnostics=[said]) from None
    except ItfError as error:
        said = say.unreadable_trace(shown, str(error))
        raise _Stopped(Exit.REFUTED, diagnostics=[said]) from None


def _read_protocol(
    recorded: TraceFile, path: str, sizes: Mapping[str, int], sources: dict[str, SourceFile]
) -> _Protocol:
    """The protocol of a file that has one, at the sizes of the trace."""
    read = inputs.read(path)
    if read.diagnostic is not None:
        raise _Stopped(Exit.REFUTED, diagnostics=[read.diagnostic])
    source = sources[read.path] = read.source()
    parsed = read_tell(source)
    errors = [one for one in parsed.diagnostics if one.severity is Severity.ERROR]
    if errors:
        raise _Stopped(Exit.REFUTED, diagnostics=errors)
    if not parsed.file.protocols:
        raise _Stopped(Exit.NOTHING_SELECTED, text=f"{path}: no protocol")
    protocol = _chosen(parsed.file, recorded.subject.protocol)
    named = {family: int(size) for family, size in _SIZE.findall(recorded.subject.instance)}
    wanted = {family: sizes.get(family, named.get(family, -1)) for family in family_names(protocol)}
    for family, size in wanted.items():
        if size < 0:
            raise click.UsageError(f"give the size of `{family}`: --instances {family}=N")
    lowered = lower(parsed.file, source, protocol, wanted)
    errors = [one for one in lowered.diagnostics if one.severity is Severity.ERROR]
    if errors:
        raise _Stopped(Exit.REFUTED, diagnostics=errors)
    if lowered.graph is None:
        skips = [skip.reason for skip in lowered.skipped]
        reason = lowered.limit or listed(skips, 1) or "it has no graph"
        raise _Stopped(Exit.UNKNOWN, text=f"{path}: not replayed: {reason}")
    return _Protocol(qualified_name(parsed.file, protocol), lowered.graph)


def _machines_beside(trace: str) -> _Protocol | None:
    """The machines that `check --machines` wrote beside a trace, None when there are none."""
    from tellverify.evidence import machines_file as form

    path = os.path.join(os.path.dirname(trace), form.MACHINES_NAME)
    try:
        with open(path, "rb") as file:
            content = file.read(_LIMIT + 1)
        found = msgspec.json.decode(content, type=form.MachinesFile)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise _Stopped(Exit.REFUTED, text=f"{path}: not readable: {error}") from None
    machines = form.machines_of(found)
    if isinstance(machines, str):
        raise _Stopped(Exit.REFUTED, text=f"{path}: {machines}")
    graph = None
    if found.graph is not None:
        from tellverify.evidence.recheck.graph import Rejected, check_graph

        try:
            check_graph(found.graph, "graph")
        except Rejected as error:
            raise _Stopped(Exit.REFUTED, text=f"{path}: {error}") from None
        graph = form.graph_of(found.graph, found.protocol)
    return _Protocol(found.protocol, graph, tuple(machines))


def _chosen(file: ast.File, name: str) -> ast.Protocol:
    for protocol in file.protocols:
        if qualified_name(file, protocol) == name:
            return protocol
    return file.protocols[0]


def _machines(recorded: TraceFile, protocol: _Protocol) -> list[Machine]:
    """All machines of a small protocol; of a large one those of the roles that the trace names."""
    graph = protocol.graph
    if protocol.machines or graph is None:
        return list(protocol.machines)
    machines = Machines(graph)
    if len(graph.roles) <= ALL_MACHINES:
        return machines.all()
    named = {role for step in recorded.steps for role in (step.sender, step.receiver)}
    named.update(role for moment in recorded.moments for role, _ in moment.at)
    return [machines.of(role) for role in graph.roles if role in named]


# Judging


def _complaint(
    recorded: TraceFile,
    machines: Sequence[Machine],
    protocol: _Protocol,
    stepper: Stepper,
    shown: str,
    text: str,
) -> Diagnostic | None:
    """What the trace says that is not so, after all its steps were made."""
    wrong = disagreement(recorded, machines)
    if wrong is not None:
        return say.trace_claim(shown, _state_span(text, wrong[0]), *wrong)
    graph = protocol.graph
    if graph is not None and not protocol.machines and len(machines) < len(graph.roles):
        return None
    fault = recorded.subject.fault
    lap = recorded.steps[recorded.loop :] if recorded.loop >= 0 else ()

    def judge() -> bool:
        if fault is Fault.INFIDELITY:
            return graph is not None and not is_faithful(graph, recorded.steps)
        if protocol.machines or graph is None:
            from tellverify.evidence.machines_file import can_end

            return can_end(list(machines), stepper.configuration(), _MOST_CONFIGURATIONS) is False
        return _misses_end(graph, recorded.steps)

    if fault in FORMULA_FAULTS:
        reason = unshown(recorded.subject, recorded.steps, recorded.loop, machines)
    else:
        culprits = recorded.subject.culprits
        end = stepper.configuration()
        reason = fault_shown(
            end,
            machines,
            fault,
            culprits,
            lap=lap,
            judge=judge,
            may_end=lambda: graph is not None and _may_end_or_go_on(graph, recorded.steps),
        )
    if not reason:
        return None
    return say.fault_not_shown(shown, _state_span(text, len(recorded.steps)), fault, reason)


def _state_after(graph: ProtocolGraph, steps: Sequence[Step]) -> int | None:
    """Where the run leads in the graph, None when it does not follow it.

    Runs in which a message is not taken at once are not followed.
    """
    state = 0
    for sent, taken in zip(steps[::2], steps[1::2], strict=False):
        event = (sent.sender, sent.receiver, sent.label)
        if not sent.send or taken.send or (taken.sender, taken.receiver, taken.label) != event:
            return None
        found = [
            t for t in range(graph.first[state], graph.first[state + 1]) if graph.event(t) == event
        ]
        if not found:
            return None
        state = graph.target[found[0]]
    return state if len(steps) % 2 == 0 else None


def _may_end_or_go_on(graph: ProtocolGraph, steps: Sequence[Step]) -> bool:
    """True when the run follows the graph to a final state with successors."""
    state = _state_after(graph, steps)
    if state is None:
        return False
    return bool(graph.final[state]) and graph.first[state] < graph.first[state + 1]


def _misses_end(graph: ProtocolGraph, steps: Sequence[Step]) -> bool:
    """True when the run follows the graph to a state from which no final state can be reached."""
    start = _state_after(graph, steps)
    if start is None:
        return False
    seen = {start}
    pending = [start]
    while pending:
        state = pending.pop()
        if graph.final[state]:
            return False
        for target in graph.target[graph.first[state] : graph.first[state + 1]]:
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return True


def _verdict(recorded: TraceFile, protocol: _Protocol, machines: Sequence[Machine]) -> str:
    count = counted(len(recorded.steps), "step")
    fault = recorded.subject.fault
    if fault is Fault.WITNESS:
        return f"accepted: {count}"
    whole = protocol.machines or protocol.graph is None
    if not whole and protocol.graph is not None and len(machines) < len(protocol.graph.roles):
        # What every role waits for needs every machine, and so many would take too long.
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
