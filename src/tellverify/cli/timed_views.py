"""What `project` and `show` print of a protocol with timeouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import click
import msgspec

from tellverify.cli.complaints import complain
from tellverify.cli.exit import Exit
from tellverify.cli.opening import LoadedTimed
from tellverify.diagnostics.wording import counted, listed
from tellverify.evidence.timed_file import timed_graph_file
from tellverify.model.roles import family_of
from tellverify.model.timed_text import (
    ON_TIMEOUT,
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedProtocol,
)
from tellverify.report.drawing.diagram import Arrow, Picture, as_dot, as_mermaid, as_text
from tellverify.report.escape import tame
from tellverify.search.timed_machines import TimedMachine, TimedMove, timed_machine
from tellverify.verdict.drawing import Drawing, Move

TIMED_MACHINE_SCHEMA: Final = "tellverify/timed-machine-1"
_SINGLE: Final = {"mermaid": "a Mermaid text", "svg": "an SVG picture"}
_DRAWN: Final = {"text": as_text, "dot": as_dot, "mermaid": as_mermaid}


class TimedMachineState(msgspec.Struct, frozen=True):
    """A state of a machine with timers, as a JSON document shows it."""

    final: bool
    moves: tuple[TimedMove, ...]


class TimedMachineDocument(msgspec.Struct, frozen=True):
    """The machine of a role with timers as a JSON document."""

    schema: str
    role: str
    states: list[TimedMachineState]


def named_roles(protocol: TimedProtocol, given: Sequence[str]) -> list[str]:
    """The roles that `given` names, all for none. Raises click.UsageError for an unknown name."""
    for name in given:
        if not any(name in (role, family_of(role)) for role in protocol.roles):
            raise click.UsageError(f"there is no role `{tame(name)}` in the protocol")
    return [r for r in protocol.roles if not given or r in given or family_of(r) in given]


def show_timed_machines(loaded: LoadedTimed, given: Sequence[str], style: str) -> Exit:
    """The machine of each role, with the moves of timers; JSON is one document a line."""
    roles = named_roles(loaded.timed, given)
    if style not in (*_DRAWN, "json", "machine", "svg"):
        place, owner = _first_timer(loaded.timed)
        complain(
            f"{place}: `timeout` of `{tame(owner)}` has no meaning in the form `{style}`, which has"
            " no timers; --format text, machine, dot, mermaid and svg have them"
        )
        return Exit.UNKNOWN
    if style in _SINGLE and len(roles) > 1:
        names = listed([tame(role) for role in roles], 8)
        what = _SINGLE[style]
        raise click.UsageError(f"{what} shows one role; choose one with --role: {names}")
    complete = True
    for number, role in enumerate(roles):
        machine = timed_machine(loaded.timed, role)
        if machine is None:
            complain(f"the machine of `{tame(role)}` is too large")
            complete = False
        elif style in ("json", "machine"):
            click.echo(machine_text(machine))
        elif style == "svg":
            title = f"Machine of {tame(role)}"
            complete = _write_svg(_drawing((role,), _picture(machine)), title) and complete
        else:
            if number and style == "text":
                click.echo("")
            for line in _DRAWN[style](_picture(machine)):
                click.echo(line)
    return Exit.OK if complete else Exit.REFUTED


def machine_text(machine: TimedMachine) -> str:
    """A machine as one line of JSON."""
    rows = zip(machine.final, machine.moves, strict=True)
    states = [TimedMachineState(final, moves) for final, moves in rows]
    return msgspec.json.encode(
        TimedMachineDocument(TIMED_MACHINE_SCHEMA, machine.role, states)
    ).decode()


def _picture(machine: TimedMachine) -> Picture:
    count = counted(len(machine.moves), "state")
    return Picture(
        machine.role,
        f"{tame(machine.role)}   {count}",
        tuple(tuple(Arrow(move.to, _words(move)) for move in row) for row in machine.moves),
        machine.final,
    )


def _words(move: TimedMove) -> str:
    if move.action == "send":
        return f"{move.peer}!{move.label}"
    if move.action == "receive":
        return f"{move.peer}?{move.label}"
    return f"{move.action} of line {move.line}"


def show_timed_graph(loaded: LoadedTimed, style: str) -> Exit:
    """The graph of the text, with the beginnings, ends and alternatives of its timeouts."""
    protocol = loaded.timed
    if style == "json":
        files = [(path, "") for path in dict.fromkeys(site.path for site in protocol.sites)]
        click.echo(msgspec.json.encode(timed_graph_file(protocol, files, "strict", "")).decode())
        return Exit.OK
    if style == "svg":
        title = f"Protocol graph of {tame(loaded.name)}"
        is_drawn = _write_svg(_drawing((), _graph_picture(loaded)), title)
        return Exit.OK if is_drawn else Exit.UNKNOWN
    for line in _DRAWN[style](_graph_picture(loaded)):
        click.echo(line)
    return Exit.OK


def _first_timer(protocol: TimedProtocol) -> tuple[str, str]:
    """Where the first timeout stands, and its owner."""
    scope = protocol.scopes[0]
    return f"{tame(protocol.site(scope.site).path)}:{scope.line}", scope.owner


def _drawing(roles: tuple[str, ...], picture: Picture) -> Drawing:
    moves = [
        Move(state, arrow.target, "", "", arrow.text)
        for state, row in enumerate(picture.arrows)
        for arrow in row
    ]
    final = tuple(state for state, is_final in enumerate(picture.final) if is_final)
    return Drawing(roles, len(picture.arrows), final, tuple(moves))


def _write_svg(drawing: Drawing, title: str) -> bool:
    """Print a picture; False when it is too large to be looked at."""
    from tellverify.report.drawing.layout import LayoutTooLarge
    from tellverify.report.drawing.svg_graph import draw_graph

    try:
        click.echo(draw_graph(drawing, title, standalone=True))
    except LayoutTooLarge as error:
        complain(f"no picture is drawn of {error}")
        return False
    return True


def _graph_picture(loaded: LoadedTimed) -> Picture:
    protocol = loaded.timed
    timers = counted(len(protocol.scopes), "timer")
    head = f"{tame(loaded.name)}   {counted(len(protocol.nodes), 'node')}, {timers}"
    final = tuple(isinstance(node, EndNode) for node in protocol.nodes)
    rows = tuple(_arrows(protocol, at) for at in range(len(protocol.nodes)))
    return Picture(loaded.name, head, rows, final)


def _arrows(protocol: TimedProtocol, at: int) -> tuple[Arrow, ...]:
    node = protocol.nodes[at]
    match node:
        case MessageNode(sender, receiver, label, after, number):
            site = protocol.site(number)
            place = f"{site.path}:{site.line}" if site.line else ""
            return (Arrow(after, f"{sender} -> {receiver} : {label}", place),)
        case BranchNode(branches):
            return tuple(Arrow(branch, "or") for branch in branches)
        case EnterNode(number):
            scope = protocol.scopes[number]
            begin = Arrow(scope.body, f"timeout of {scope.owner} begins", f"line {scope.line}")
            others = [
                Arrow(first, f"{scope.owner}: {'timeout' if name == ON_TIMEOUT else 'cancel'}")
                for name, first in scope.alternatives
            ]
            return (begin, *others)
        case ExitNode(number, after):
            return (Arrow(after, f"timeout of {protocol.scopes[number].owner} ends"),)
        case EndNode():
            return ()
        case _:
            assert_never(node)
