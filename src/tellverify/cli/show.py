"""`tellverify show`: one stage of a protocol on its way from text to machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain, stop_at_errors
from tellverify.cli.exit import Exit
from tellverify.cli.opening import LoadedTimed, chosen_roles, load_timed, opened, parse_sizes
from tellverify.cli.project import draw_machines, write_machines
from tellverify.cli.show_chart import chart
from tellverify.cli.tiers import tiers
from tellverify.model.graph import ProtocolGraph
from tellverify.projection.role_views import RoleViews
from tellverify.report.drawing.diagram import (
    as_dot,
    as_mermaid,
    as_text,
    graph_json,
    picture_of_graph,
)
from tellverify.report.escape import tame

_FORMATS: Final = ("text", "json", "dot", "mermaid", "svg")
_Command = TypeVar("_Command", bound=Callable[..., int])


def _protocol_options(command: _Command) -> _Command:
    options = (
        click.argument("file"),
        click.option("--protocol", metavar="NAME", help="The protocol, in a file with several."),
        click.option(
            "--instances",
            "sizes",
            multiple=True,
            metavar="FAMILY=N",
            callback=parse_sizes,
            help="Size of a role family; 3 by default.",
        ),
        click.option(
            "--format", "style", type=click.Choice(_FORMATS), default="text", show_default=True
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("show")
def show() -> None:
    """Show one stage of the protocol in a file: tokens, ast, graph, machines, or a run."""


@show.command("graph")
@_protocol_options
def graph(file: str, protocol: str | None, sizes: Mapping[str, int], style: str) -> int:
    """Show the global protocol graph."""
    try:
        read = load_timed(file, protocol, sizes)
    except Stopped as stop:
        return stop.code
    if isinstance(read, LoadedTimed):
        from tellverify.cli.timed_views import show_timed_graph

        return show_timed_graph(read, style)
    found = read.graph
    if style == "json":
        click.echo(graph_json(found))
        return Exit.OK
    if style == "svg":
        return _write_svg(found)
    draw = {"dot": as_dot, "mermaid": as_mermaid, "text": as_text}[style]
    for line in draw(picture_of_graph(found)):
        click.echo(line)
    return Exit.OK


def _write_svg(found: ProtocolGraph) -> int:
    """The picture of a graph, if it is small enough to be looked at."""
    from tellverify.report.drawing.layout import LayoutTooLarge
    from tellverify.report.drawing.svg_graph import MOST_MOVES, MOST_STATES, draw_graph
    from tellverify.verification.drawings import drawing_of_graph

    # Said before anything is built: a graph may have half a million events.
    if found.state_count > MOST_STATES or found.event_count > MOST_MOVES:
        sizes = f"{found.state_count} states and {found.event_count} events"
        complain(
            f"the graph has {sizes}, and no picture of more than {MOST_STATES} states or"
            f" {MOST_MOVES} events can be read; --format text, dot and json have no limit"
        )
        return Exit.UNKNOWN
    try:
        title = f"Protocol graph of {tame(found.name)}"
        click.echo(draw_graph(drawing_of_graph(found), title, standalone=True))
    except LayoutTooLarge as error:
        complain(f"the graph has {error}; --format text, dot and json have no limit")
        return Exit.UNKNOWN
    return Exit.OK


@show.command("machines")
@_protocol_options
@click.option("--role", "roles", multiple=True, metavar="NAME", help="Only this role or family.")
def machines(
    file: str,
    protocol: str | None,
    sizes: Mapping[str, int],
    style: str,
    roles: tuple[str, ...],
) -> int:
    """Show the smallest machine of each role; members of a family that do the same once."""
    try:
        read = load_timed(file, protocol, sizes)
    except Stopped as stop:
        return stop.code
    if isinstance(read, LoadedTimed):
        from tellverify.cli.timed_views import show_timed_machines

        return show_timed_machines(read, roles, style)
    found = read.graph
    chosen = chosen_roles(found, roles)
    views = RoleViews(found)
    if style == "json":
        return write_machines(views, chosen)
    groups, left = views.grouped(chosen)
    return draw_machines(groups, left, style)


@show.command("ast")
@click.argument("file")
def tree(file: str) -> int:
    """Show the syntax tree as JSON, one document for each choreography of the file."""
    try:
        workspace = opened(file)
        trees = []
        for unit, _ in workspace.opened():
            for parsed in unit.parsed:
                stop_at_errors((*unit.diagnostics, *parsed.diagnostics), workspace.sources())
                trees.append(msgspec.json.format(msgspec.json.encode(parsed.file), indent=1))
            stop_at_errors(unit.diagnostics, workspace.sources())
    except Stopped as stop:
        return stop.code
    except RecursionError:
        complain("the syntax tree is nested too deep to be written as JSON")
        return Exit.UNKNOWN
    for text in trees:
        click.echo(text.decode())
    return Exit.OK if trees else _no_choreography()


def _no_choreography() -> int:
    complain("the file holds no choreography")
    return Exit.NOTHING_SELECTED


@show.command("tokens")
@click.argument("file")
def tokens(file: str) -> int:
    """Show the tokens with their places, one a line."""
    try:
        workspace = opened(file)
        ((unit, _), *_) = workspace.opened()
        stop_at_errors(unit.diagnostics, workspace.sources())
    except Stopped as stop:
        return stop.code
    for line, column, kind, text in workspace.tokens():
        click.echo(f"{line}:{column}\t{kind}\t{tame(text)}")
    return Exit.OK


show.add_command(chart)
show.add_command(tiers)
