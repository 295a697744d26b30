"""`tellverify project`: what each role does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click
import msgspec

from tellverify.cli.complaints import Stopped, complain
from tellverify.cli.exit import Exit
from tellverify.cli.opening import (
    LoadedProtocols,
    LoadedTimed,
    chosen_roles,
    load_timed,
    parse_sizes,
)
from tellverify.diagnostics.wording import counted, listed
from tellverify.formats.interchange import InterchangeForm, WriteFault, write_type
from tellverify.formats.machine_json import write_machine
from tellverify.formats.notation import rendered
from tellverify.model.local_type import LocalType
from tellverify.model.machine import Machine
from tellverify.projection.role_views import RoleViews, Unprojectable, ViewOfRole
from tellverify.projection.types import local_type
from tellverify.report.drawing.diagram import as_dot, as_mermaid, as_text, picture_of_machine
from tellverify.report.escape import tame
from tellverify.report.families import collapsed

_FORMATS: Final = ("text", "bridge", "derived", "machine", "dot", "mermaid", "svg")
_SINGLE: Final = {"mermaid": "a Mermaid text", "svg": "an SVG picture"}
_WIDTH: Final = 96
_MOST_NAMES: Final = 8


@click.command("project")
@click.argument("file")
@click.option("--role", "roles", multiple=True, metavar="NAME", help="Only this role or family.")
@click.option("--protocol", metavar="NAME", help="The protocol, in a file with several.")
@click.option(
    "--instances",
    "sizes",
    multiple=True,
    metavar="FAMILY=N",
    callback=parse_sizes,
    help="Size of a role family; 3 by default.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How local behaviour is written.",
)
def project(
    file: str,
    roles: tuple[str, ...],
    protocol: str | None,
    sizes: Mapping[str, int],
    style: str,
) -> int:
    """Show the local type or machine of each role of the protocol in FILE.

    Types are those of strict merge. `bridge` and `derived` are the JSON forms of Telltale and
    Aura, one object by role; `machine` writes one JSON document a line. Exit codes: 0 all shown,
    1 the file has errors or a role has no such type, 2 wrong usage, 3 the protocol cannot be read
    as a graph.
    """
    try:
        loaded = load_timed(file, protocol, sizes)
        if isinstance(loaded, LoadedTimed):
            from tellverify.cli.timed_views import show_timed_machines

            return show_timed_machines(loaded, roles, style)
        chosen = chosen_roles(loaded.graph, roles)
        return _show(loaded, chosen, style)
    except Stopped as stop:
        return stop.code


def _show(loaded: LoadedProtocols, chosen: Sequence[str], style: str) -> int:
    views = RoleViews(loaded.graph)
    if style in ("bridge", "derived"):
        return _write_types(views, chosen, InterchangeForm(style))
    if style == "machine":
        return write_machines(views, chosen)
    groups, left = views.grouped(chosen)
    if style == "text":
        click.echo(f"{tame(loaded.name)}   {_names(loaded.graph.roles)}")
        for view in groups:
            for line in ("", *_described(view)):
                click.echo(line)
        if left:
            click.echo(f"\n{_names(left)}\n  not shown; ask with --role")
        return Exit.OK
    return draw_machines(groups, left, style)


def _names(roles: Sequence[str]) -> str:
    return listed([tame(item) for item in collapsed(roles)], _MOST_NAMES)


def _heading(view: ViewOfRole) -> str:
    if view.identical or len(view.roles) == 1:
        return _names(view.roles)
    others = counted(len(view.roles) - 1, "other")
    return f"{tame(view.roles[0])}, and {others} up to renaming: {_names(view.roles[1:])}"


def _described(view: ViewOfRole) -> Iterator[str]:
    yield _heading(view)
    local = view.local
    if isinstance(local, Unprojectable):
        yield f"  {tame(local.reason)}"
        if view.machine is None:
            yield "  its machine is too large to show"
            return
        found = local_type(view.machine)
        if not isinstance(found, LocalType):
            yield "  by subset construction, no local type:"
            yield from (f"  {line}" for line in list(as_text(picture_of_machine(view.machine)))[1:])
            return
        yield "  by subset construction:"
        local = found
    yield from (f"  {line}" for line in rendered(local, width=_WIDTH).split("\n"))


def _write_types(views: RoleViews, chosen: Sequence[str], form: InterchangeForm) -> int:
    entries = []
    complete = True
    for role in chosen:
        local = views.of(role).local
        if isinstance(local, Unprojectable):
            complain(f"`{tame(role)}` has no type: {tame(local.reason)}")
            complete = False
            continue
        text = write_type(local, form)
        if isinstance(text, WriteFault):
            complain(f"the type of `{tame(role)}` is {text.reason.replace('-', ' ')} for this form")
            complete = False
            continue
        entries.append(f"{json.dumps(role)}:{text}")
    click.echo("{" + ",".join(entries) + "}")
    return Exit.OK if complete else Exit.REFUTED


def write_machines(views: RoleViews, chosen: Sequence[str]) -> int:
    """One JSON document a line, for every chosen role."""
    complete = True
    for role in chosen:
        machine = views.of(role).machine
        if machine is None:
            complain(f"the machine of `{tame(role)}` is too large")
            complete = False
        else:
            click.echo(write_machine(machine))
    return Exit.OK if complete else Exit.REFUTED


def _write_svg(view: ViewOfRole, machine: Machine) -> bool:
    """The picture of a machine; False when it is too large to be looked at."""
    from tellverify.report.drawing.layout import LayoutTooLarge
    from tellverify.report.drawing.svg_graph import draw_graph
    from tellverify.verification.drawings import drawing_of_machine

    try:
        drawing = drawing_of_machine(machine, view.roles)
        click.echo(draw_graph(drawing, f"Machine of {_heading(view)}", standalone=True))
    except LayoutTooLarge as error:
        complain(f"the machine of `{tame(view.roles[0])}` has {error}")
        return False
    return True


def draw_machines(groups: Sequence[ViewOfRole], left: Sequence[str], style: str) -> int:
    """Diagrams of machines, one for each group of roles that do the same."""
    if style in _SINGLE and len(groups) > 1:
        names = ", ".join(tame(view.roles[0]) for view in groups[:_MOST_NAMES])
        what = _SINGLE[style]
        raise click.UsageError(f"{what} shows one role; choose one with --role: {names}")
    complete = not left
    for number, view in enumerate(groups):
        if view.machine is None:
            complain(f"the machine of `{tame(view.roles[0])}` is too large")
            complete = False
            continue
        if style == "svg":
            complete = _write_svg(view, view.machine) and complete
            continue
        picture = picture_of_machine(view.machine)
        if style == "text":
            count = counted(len(picture.arrows), "state")
            picture = msgspec.structs.replace(picture, heading=f"{_heading(view)}   {count}")
            if number:
                click.echo("")
        draw = {"dot": as_dot, "mermaid": as_mermaid, "text": as_text}[style]
        for line in draw(picture):
            click.echo(line)
    if left:
        complain(f"{_names(left)} not shown; ask with --role")
    return Exit.OK if complete else Exit.REFUTED
