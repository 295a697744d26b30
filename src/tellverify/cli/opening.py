"""One protocol as a command line names it, for the commands that look at it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain, say, stop_at_errors
from tellverify.cli.exit import Exit
from tellverify.diagnostics.model import Severity
from tellverify.language import workspace
from tellverify.language.instances import SizeFault, one_instance
from tellverify.language.workspace import STRICT, SourceProtocol, Workspace
from tellverify.model.graph import ProtocolGraph
from tellverify.model.timed_text import TimedProtocol
from tellverify.report.escape import tame

_SIZE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([0-9]{1,6})")
_DEFAULT_SIZE: Final = 3


class LoadedProtocols(msgspec.Struct, frozen=True):
    """A protocol as a graph, with the sizes of its families."""

    name: str
    graph: ProtocolGraph
    sizes: Mapping[str, int]


def parse_sizes(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, int]:
    """`Devices=4` as family and size."""
    found: dict[str, int] = {}
    for text in given:
        match = _SIZE.fullmatch(text)
        if match is None:
            raise click.BadParameter(f"`{tame(text)}` is not of the form FAMILY=N")
        if match[1] in found:
            raise click.BadParameter(f"the size of `{match[1]}` is given twice")
        found[match[1]] = int(match[2])
    return found


def opened(path: str, dialect: str = STRICT, also: Sequence[str] = ()) -> Workspace:
    """The workspace of one file, as `workspace.opened` has it. Stops when it cannot be read."""
    try:
        return workspace.opened(path, dialect, also)
    except workspace.Unopened as fault:
        say([fault.diagnostic], {})
        raise Stopped(Exit.REFUTED) from None


class LoadedTimed(msgspec.Struct, frozen=True):
    """A protocol with timeouts at one choice of family sizes; `name` is that of reports."""

    name: str
    timed: TimedProtocol


def load_timed(
    path: str,
    protocol: str | None,
    sizes: Mapping[str, int],
    default: int | None = _DEFAULT_SIZE,
) -> LoadedProtocols | LoadedTimed:
    """The protocol in `path`, as `load` has it; one with timeouts has its timed graph."""
    found = opened(path)
    asked = without_errors(found, protocol)
    try:
        resolved = one_instance(asked.protocol, sizes, default)
    except SizeFault as fault:
        raise click.UsageError(str(fault)) from None
    if not asked.judged.linked.blocked:
        lowered = found.graph(asked, resolved)
        if lowered.timed is not None:
            stop_at_errors(lowered.diagnostics, found.sources())
            return LoadedTimed(asked.name, lowered.timed)
    return loaded(found, asked, sizes, default)


def load(
    path: str,
    protocol: str | None,
    sizes: Mapping[str, int],
    default: int | None = _DEFAULT_SIZE,
) -> LoadedProtocols:
    """The graph of the protocol in `path`. Families without a size have `default` members.

    Raises Stopped for a protocol with errors, and click.UsageError for a protocol or family that
    the file does not have, and for a family without a size where there is no default.
    """
    found = opened(path)
    return loaded(found, without_errors(found, protocol), sizes, default)


def loaded(
    place: Workspace,
    found: SourceProtocol,
    sizes: Mapping[str, int],
    default: int | None = _DEFAULT_SIZE,
) -> LoadedProtocols:
    """The graph of a protocol of a workspace, as `load` has it."""
    sources = place.sources()
    stop_at_errors(found.errors, sources)
    blocked = found.judged.linked.blocked
    if blocked:
        say(found.judged.said, sources)
        complain(tame(blocked))
        raise Stopped(Exit.UNKNOWN)
    try:
        resolved = one_instance(found.protocol, sizes, default)
    except SizeFault as fault:
        raise click.UsageError(str(fault)) from None
    lowered = place.graph(found, resolved)
    stop_at_errors(lowered.diagnostics, sources)
    if lowered.graph is None:
        reasons = [skip.reason for skip in lowered.skipped]
        if lowered.timed is not None:
            scope = lowered.timed.scopes[0]
            path = lowered.timed.site(scope.site).path
            reasons = [
                f"{path}:{scope.line}: a protocol with `timeout` has no graph of messages alone"
            ]
        complain(tame("; ".join(reasons) or lowered.limit))
        raise Stopped(Exit.UNKNOWN)
    return LoadedProtocols(found.name, lowered.graph, resolved)


def without_errors(found: Workspace, name: str | None) -> SourceProtocol:
    """The protocol that is called `name`, the first for None. Raises Stopped when it has errors.

    Errors of other texts in its file are said; a check decides it all the same.
    """
    protocols, sources = found.protocols(), found.sources()
    if not any(name is None or one.is_called(name) for one in protocols):
        stop_at_errors(found.diagnostics(), sources)
    asked = chosen(protocols, name)
    stop_at_errors(asked.errors, sources)
    say([one for one in found.diagnostics() if one.severity is Severity.ERROR], sources)
    return asked


def chosen(protocols: Sequence[SourceProtocol], name: str | None) -> SourceProtocol:
    """The protocol that is called `name`, the first for None."""
    for each in protocols:
        if name is None or each.is_called(name):
            return each
    if name is None:
        complain("the file has no protocol")
        raise Stopped(Exit.NOTHING_SELECTED)
    names = ", ".join(each.name for each in protocols)
    raise click.UsageError(f"there is no protocol `{tame(name)}`; the file has {names}")


def chosen_roles(graph: ProtocolGraph, given: tuple[str, ...]) -> tuple[str, ...]:
    """The roles that `given` names, in the order of the graph; all of them for an empty `given`.

    A family stands for all its members. Raises click.UsageError for an unknown name.
    """
    if not given:
        return graph.roles
    found: set[str] = set()
    for name in given:
        members = {role for role in graph.roles if role == name or role.startswith(f"{name}[")}
        if not members:
            raise click.UsageError(f"there is no role `{tame(name)}` in the protocol")
        found |= members
    return tuple(role for role in graph.roles if role in found)
