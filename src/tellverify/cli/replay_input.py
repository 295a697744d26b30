"""The trace that a replay steps through, and the protocol or the machines that it is a run of."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import click
import msgspec

from tellverify.cli.exit import Exit
from tellverify.diagnostics import replay as say
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.wording import listed
from tellverify.evidence.itf import MOST_BYTES, ItfError, TraceFile, basis_of
from tellverify.language.instances import sizes_of
from tellverify.language.workspace import Unopened, opened
from tellverify.source.files import Unreadable, read_bytes
from tellverify.source.text import SourceFile, without_mark
from tellverify.verification.stated_formulas import other_formula
from tellverify.verification.trace_judgement import ReplayedProtocol, other_scenario, read_trace


class ReplayStopped(Exception):
    """The replay cannot go on: what to say, and the exit code."""

    def __init__(
        self, code: Exit, *, diagnostics: Sequence[Diagnostic] = (), text: str = ""
    ) -> None:
        super().__init__(text)
        self.code = code
        self.diagnostics = tuple(diagnostics)
        self.text = text


def recorded_trace(path: str, shown: str) -> tuple[TraceFile, str]:
    """A trace and the text of its file. Raises ReplayStopped for a file that cannot be read."""
    try:
        found, content = read_trace(path)
    except ItfError as error:
        said = say.unreadable_trace(shown, str(error))
        raise ReplayStopped(Exit.REFUTED, diagnostics=[said]) from None
    return found, content.decode("utf-8")


def replayed_protocol(
    recorded: TraceFile, path: str, sizes: Mapping[str, int], sources: dict[str, SourceFile]
) -> ReplayedProtocol:
    """The protocol that the trace names, as its file and those that it imports have it.

    Raises ReplayStopped where the text has no such protocol, or states something else than what
    the trace breaks.
    """
    subject = recorded.subject
    try:
        workspace = opened(path, *basis_of(subject))
    except Unopened as fault:
        raise ReplayStopped(Exit.REFUTED, diagnostics=[fault.diagnostic]) from None
    sources.update(workspace.sources())
    protocols = workspace.protocols()
    named = next((one for one in protocols if one.name == subject.protocol), None)
    said = workspace.diagnostics() if named is None else named.errors
    errors = [one for one in said if one.severity is Severity.ERROR]
    if errors or not protocols:
        code = Exit.REFUTED if errors else Exit.NOTHING_SELECTED
        raise ReplayStopped(code, diagnostics=errors, text="" if errors else f"{path}: no protocol")
    found = named or protocols[0]
    given = {**sizes_of(subject.instance), **sizes}
    families = found.families
    missing = next((family for family in families if family not in given), None)
    if missing is not None:
        raise click.UsageError(f"give the size of `{missing}`: --instances {missing}=N")
    other = other_scenario(found, subject)
    if other:
        raise ReplayStopped(Exit.REFUTED, text=f"{path}: {other}")
    lowered = workspace.graph(found, {family: given[family] for family in families})
    errors = [one for one in lowered.diagnostics if one.severity is Severity.ERROR]
    if errors:
        raise ReplayStopped(Exit.REFUTED, diagnostics=errors)
    blocked = found.judged.linked.blocked
    other = "" if blocked or named is None else other_formula(found, lowered, subject)
    if other:
        raise ReplayStopped(Exit.REFUTED, text=f"{path}: {other}")
    if lowered.timed is not None and not blocked:
        return ReplayedProtocol(found.name, None, timed=lowered.timed)
    if lowered.graph is None or blocked:
        skips = [skip.reason for skip in lowered.skipped]
        reason = blocked or lowered.limit or listed(skips, 1) or "it has no graph"
        said = found.judged.said if blocked else ()
        raise ReplayStopped(Exit.UNKNOWN, diagnostics=said, text=f"{path}: not replayed: {reason}")
    return ReplayedProtocol(found.name, lowered.graph, order=lowered.order)


def machines_beside(trace: str) -> ReplayedProtocol | None:
    """The machines that `check --machines` wrote beside a trace, None when there are none."""
    from tellverify.evidence import machines_file as form

    path = os.path.join(os.path.dirname(trace), form.MACHINES_NAME)
    if not os.path.lexists(path):
        return None
    try:
        content = read_bytes(path, MOST_BYTES)
        found = msgspec.json.decode(without_mark(content), type=form.MachinesFile)
    except (Unreadable, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise ReplayStopped(Exit.REFUTED, text=f"{path}: not readable: {error}") from None
    machines = form.machines_of(found)
    if isinstance(machines, str):
        raise ReplayStopped(Exit.REFUTED, text=f"{path}: {machines}")
    graph = None
    if found.graph is not None:
        from tellverify.evidence.recheck.graph import Rejected, check_graph

        try:
            check_graph(found.graph, "graph")
        except Rejected as error:
            raise ReplayStopped(Exit.REFUTED, text=f"{path}: {error}") from None
        graph = form.graph_of(found.graph, found.protocol)
    return ReplayedProtocol(found.protocol, graph, tuple(machines))
