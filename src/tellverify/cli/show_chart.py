"""`tellverify show chart`: the sequence chart of a written run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain, say
from tellverify.cli.console import style_of
from tellverify.cli.exit import Exit
from tellverify.cli.opening import chosen, loaded, opened, parse_sizes
from tellverify.diagnostics import replay as build
from tellverify.evidence.itf import ItfError, TraceFile, basis_of
from tellverify.evidence.trace_replay import Stepper
from tellverify.language.instances import sizes_of
from tellverify.model.trace import Trace
from tellverify.report.drawing.chart import draw
from tellverify.report.drawing.chart_dot import chart_dot
from tellverify.report.drawing.mermaid import sequence_diagram
from tellverify.report.drawing.svg_chart import draw_chart
from tellverify.report.escape import tame
from tellverify.search.traces import waiting
from tellverify.source.span import NOWHERE
from tellverify.verification.trace_judgement import ReplayedProtocol, machines_of, read_trace

_FORMATS: Final = ("text", "mermaid", "dot", "svg")


class _Shown(msgspec.Struct, frozen=True):
    """A run with the situation at its end, and the roles in the order of the protocol."""

    trace: Trace
    roles: tuple[str, ...]


@click.command("chart")
@click.argument("trace", metavar="TRACE.itf.json")
@click.argument("file", required=False)
@click.option(
    "--instances",
    "sizes",
    multiple=True,
    metavar="FAMILY=N",
    callback=parse_sizes,
    help="Size of a role family; by default, the sizes that the trace names.",
)
@click.option("--format", "style", type=click.Choice(_FORMATS), default="text", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="Show every step of a long trace.")
def chart(trace: str, file: str | None, sizes: Mapping[str, int], style: str, verbose: bool) -> int:
    """Show a written run of the protocol in FILE as a sequence chart.

    The run is stepped through the machines of the protocol, so that the chart can say what each
    role does at the end; one that is no run of it is refused. Without FILE, the file that the
    trace names is read.
    """
    try:
        shown = _stepped(trace, file, sizes)
    except Stopped as stop:
        return stop.code
    if style == "text":
        look = style_of(sys.stdout, "never")
        for line in draw(shown.trace, shown.roles, look, verbose=verbose):
            click.echo(line.rstrip())
        return Exit.OK
    if style == "dot":
        for line in chart_dot(shown.trace, shown.roles):
            click.echo(line)
        return Exit.OK
    title = f"Sequence chart of {tame(trace)}"
    picture = (
        sequence_diagram(shown.trace, shown.roles)
        if style == "mermaid"
        else draw_chart(shown.trace, shown.roles, title, standalone=True)
    )
    if not picture:
        complain("the run has too many roles for this format; text and dot have no limit")
        return Exit.UNKNOWN
    click.echo(picture)
    return Exit.OK


def _stepped(path: str, file: str | None, sizes: Mapping[str, int]) -> _Shown:
    """The run of a trace file. Raises Stopped, having said why, when there is none."""
    recorded = _read(path)
    subject = recorded.subject
    workspace = opened(file or subject.source, *basis_of(subject))
    named = chosen(workspace.protocols(), subject.protocol or None)
    found = loaded(workspace, named, {**sizes_of(subject.instance), **sizes})
    machines = machines_of(recorded, ReplayedProtocol(found.name, found.graph))
    stepper = Stepper(machines)
    for step in recorded.steps:
        divergence = stepper.make(step)
        if divergence is not None:
            said = build.trace_diverges(
                path,
                NOWHERE,
                divergence.index + 1,
                divergence.reason,
                [str(one) for one in divergence.possible],
                divergence.more,
            )
            say([said], {})
            raise Stopped(Exit.REFUTED)
    trace = Trace(
        fault=subject.fault,
        steps=recorded.steps,
        culprits=subject.culprits,
        explanation=subject.explanation,
        minimal=subject.minimal,
        loop=recorded.loop,
        queues=tuple((*channel, labels) for channel, labels in sorted(stepper.queues.items())),
        waiting=tuple(waiting(machine, stepper.state(machine.role)) for machine in machines),
    )
    return _Shown(trace, found.graph.roles)


def _read(path: str) -> TraceFile:
    try:
        return read_trace(path)[0]
    except ItfError as error:
        say([build.unreadable_trace(path, str(error))], {})
        raise Stopped(Exit.REFUTED) from None
