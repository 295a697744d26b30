"""One protocol from one file, for the commands that look at it instead of checking it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Final

import click
import msgspec

from tellverify.cli.exit import Exit
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.files import inputs
from tellverify.language.lowering.families import family_groups
from tellverify.language.lowering.lower import lower
from tellverify.language.syntax import ast
from tellverify.language.syntax.surface import read_tell
from tellverify.model.graph import ProtocolGraph
from tellverify.report.escape import tame
from tellverify.report.excerpt import location
from tellverify.source.text import SourceFile
from tellverify.verification.pipeline import qualified_name

_SIZE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=([0-9]{1,6})")
_DEFAULT_SIZE: Final = 3


class Stopped(Exception):
    """There is nothing to show; what was wrong has been said on standard error."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code


class Loaded(msgspec.Struct, frozen=True):
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


def complain(text: str) -> None:
    """A line on standard error."""
    click.echo(f"tellverify: {text}", err=True)


def source_of(path: str) -> SourceFile:
    """The text of a file, or of standard input for `-`. Stops when there is none."""
    if path == "-":
        read = inputs.decode("<stdin>", sys.stdin.buffer.read(inputs.LIMIT + 1))
    else:
        read = inputs.read(path)
    if read.diagnostic is not None:
        say([read.diagnostic], None)
        raise Stopped(Exit.REFUTED)
    return read.source()


def say(diagnostics: Iterable[Diagnostic], source: SourceFile | None) -> None:
    """One line for each finding on standard error."""
    for diagnostic in sorted(dict.fromkeys(diagnostics), key=sort_key):
        line, column = location(source, diagnostic.primary.span.start)
        where = f"{tame(diagnostic.path)}:{line}:{column}"
        rank = f"{diagnostic.severity}[{diagnostic.code.number}]"
        click.echo(f"{where}: {rank} {tame(diagnostic.message)}", err=True)


def stop_at_errors(diagnostics: Iterable[Diagnostic], source: SourceFile) -> None:
    """Say the errors and stop, if there are any."""
    errors = [each for each in diagnostics if each.severity is Severity.ERROR]
    if errors:
        say(errors, source)
        raise Stopped(Exit.REFUTED)


def load(
    path: str,
    protocol: str | None,
    sizes: Mapping[str, int],
    default: int | None = _DEFAULT_SIZE,
) -> Loaded:
    """The graph of the protocol in `path`. Families without a size have `default` members.

    Raises Stopped for a file with errors, and click.UsageError for a protocol or family that the
    file does not have, and for a family without a size where there is no default.
    """
    source = source_of(path)
    parsed = read_tell(source)
    stop_at_errors((*parsed.diagnostics, *check_structure(parsed.file, source)), source)
    chosen = _chosen(parsed.file, protocol)
    found = _all_sizes(chosen, sizes, default)
    lowered = lower(parsed.file, source, chosen, found)
    stop_at_errors(lowered.diagnostics, source)
    if lowered.graph is None:
        reasons = [f"{skip.reason}, line {skip.line}" for skip in lowered.skipped]
        complain(tame("; ".join(reasons) or lowered.limit))
        raise Stopped(Exit.UNKNOWN)
    return Loaded(qualified_name(parsed.file, chosen), lowered.graph, found)


def _chosen(file: ast.File, name: str | None) -> ast.Protocol:
    names = [qualified_name(file, each) for each in file.protocols]
    for each, qualified in zip(file.protocols, names, strict=True):
        if name is None or name in (each.name.text, qualified):
            return each
    if name is None:
        complain("the file has no protocol")
        raise Stopped(Exit.NOTHING_SELECTED)
    raise click.UsageError(f"there is no protocol `{tame(name)}`; the file has {', '.join(names)}")


def _all_sizes(
    protocol: ast.Protocol, given: Mapping[str, int], default: int | None
) -> dict[str, int]:
    """A size for every family that needs one; families of one symbol have one size."""
    groups = family_groups(protocol)
    known = {family for group in groups for family in group}
    for family in given:
        if family not in known:
            has = ", ".join(family for group in groups for family in group) or "none"
            raise click.UsageError(f"there is no family `{family}` without a size; there is {has}")
    found: dict[str, int] = {}
    for group in groups:
        named = {family: given[family] for family in group if family in given}
        if len(set(named.values())) > 1:
            raise click.UsageError(f"{' and '.join(named)} have one size, and two are given")
        size = next(iter(named.values()), default)
        if size is None:
            raise click.UsageError(f"give the size of `{group[0]}`: --instances {group[0]}=N")
        found.update((family, size) for family in group)
    return found


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
