"""Machines and protocol graphs as plain text, Graphviz DOT and Mermaid; graphs as JSON.

Names come from source files and may be anything: each format quotes or encodes what could end a
string, a label or a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.wording import counted, listed
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.report.escape import encodable, printable, tame
from tellverify.report.families import collapsed
from tellverify.report.markup import mermaid

GRAPH_SCHEMA: Final = "tellverify/graph-1"
_MOST_ARROWS: Final = 400  # in Mermaid, whose renderers refuse long texts
_MOST_NAMES: Final = 8


class Arrow(msgspec.Struct, frozen=True):
    """A transition of a picture: where it leads, what it says, and where it is written."""

    target: int
    text: str
    place: str = ""


class Picture(msgspec.Struct, frozen=True):
    """A transition system to be drawn: state 0 is initial, `final` marks the final ones."""

    title: str
    heading: str
    arrows: tuple[tuple[Arrow, ...], ...]
    final: tuple[bool, ...]


def picture_of_machine(machine: Machine) -> Picture:
    """The picture of a machine: arrows are `peer!label` and `peer?label`."""
    count = counted(machine.state_count, "state")
    return Picture(
        machine.role,
        f"{tame(machine.role)}   {count}",
        tuple(tuple(Arrow(to, str(action)) for action, to in row) for row in machine.moves),
        machine.final,
    )


def picture_of_graph(graph: ProtocolGraph) -> Picture:
    """The picture of a protocol graph: arrows are `sender -> receiver : label`."""
    roles = listed([tame(role) for role in collapsed(graph.roles)], _MOST_NAMES)
    sizes = f"{counted(graph.state_count, 'state')}, {counted(graph.event_count, 'event')}"
    rows = []
    for state in range(graph.state_count):
        row = []
        for transition in range(graph.first[state], graph.first[state + 1]):
            site = graph.site_of(transition)
            place = f"{site.path}:{site.line}" if site.path else ""
            row.append(Arrow(graph.target[transition], str(graph.event(transition)), place))
        rows.append(tuple(row))
    return Picture(
        graph.name,
        f"{tame(graph.name)}   {roles}   {sizes}",
        tuple(rows),
        tuple(bool(final) for final in graph.final),
    )


def as_text(picture: Picture, *, ascii_only: bool = False) -> Iterator[str]:
    """Lines: the heading, then one for each transition and each state without one."""
    yield printable(picture.heading, ascii_only=ascii_only)
    gutter = len(str(max(len(picture.arrows) - 1, 0)))
    for state, row in enumerate(picture.arrows):
        mark = "end" if picture.final[state] else ""
        if not row:
            yield f"  {state:>{gutter}}  {mark or 'nothing follows'}"
        for number, arrow in enumerate(row):
            shown = f"{state:>{gutter}}" if number == 0 else " " * gutter
            words = f"{tame(arrow.text, ascii_only=ascii_only)}  => {arrow.target}"
            if number == 0 and mark:
                words += "   (or end)"
            if arrow.place:
                words += f"   {tame(arrow.place, ascii_only=ascii_only)}"
            yield f"  {shown}  {words}"


def as_dot(picture: Picture) -> Iterator[str]:
    """Lines of a DOT digraph; final states have a double border."""
    yield f"digraph {_dot(picture.title)} {{"
    yield "  rankdir=LR; node [shape=circle];"
    yield '  start [shape=point, label=""];'
    for state, final in enumerate(picture.final):
        yield f"  s{state} [label={_dot(str(state))}{', shape=doublecircle' if final else ''}];"
    yield "  start -> s0;"
    for state, row in enumerate(picture.arrows):
        for arrow in row:
            yield f"  s{state} -> s{arrow.target} [label={_dot(arrow.text)}];"
    yield "}"


def _dot(text: str) -> str:
    """A quoted DOT string in which no escape of DOT is left."""
    shown = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def as_mermaid(picture: Picture) -> Iterator[str]:
    """Lines of a Mermaid state diagram; after 400 arrows the others are counted."""
    yield "stateDiagram-v2"
    yield f"  %% {_comment(picture.title)}"
    yield "  [*] --> s0"
    left = _MOST_ARROWS
    hidden = 0
    for state, row in enumerate(picture.arrows):
        for arrow in row:
            if left > 0:
                yield f"  s{state} --> s{arrow.target} : {mermaid(arrow.text)}"
                left -= 1
            else:
                hidden += 1
        if picture.final[state] and left > 0:
            yield f"  s{state} --> [*]"
    if hidden:
        yield f"  note right of s0 : {counted(hidden, 'transition')} more"


def _comment(text: str) -> str:
    """Comments end at the line; braces would start a directive."""
    return tame(text).replace("{", "(").replace("}", ")")


class _Event(msgspec.Struct, frozen=True, omit_defaults=True):
    source: int = msgspec.field(name="from")
    sender: str
    receiver: str
    label: str
    target: int = msgspec.field(name="to")
    payload: str = ""
    branch: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    annotations: Sequence[tuple[str, str]] = ()


class _DiagramGraph(msgspec.Struct, frozen=True):
    schema: str
    name: str
    roles: tuple[str, ...]
    states: int
    final: list[int]
    events: list[_Event]


def graph_json(graph: ProtocolGraph) -> str:
    """`graph` as one line of JSON, schema `tellverify/graph-1`; state 0 is initial."""
    events = []
    for state in range(graph.state_count):
        for transition in range(graph.first[state], graph.first[state + 1]):
            sender, receiver, label = graph.event(transition)
            site = graph.site_of(transition)
            events.append(
                _Event(
                    state,
                    encodable(sender),
                    encodable(receiver),
                    encodable(label),
                    graph.target[transition],
                    encodable(site.payload),
                    encodable(site.branch),
                    encodable(site.path),
                    site.line,
                    site.column,
                    tuple((encodable(key), encodable(word)) for key, word in site.annotations),
                )
            )
    final = [state for state in range(graph.state_count) if graph.final[state]]
    roles = tuple(encodable(role) for role in graph.roles)
    document = _DiagramGraph(
        GRAPH_SCHEMA, encodable(graph.name), roles, graph.state_count, final, events
    )
    return msgspec.json.encode(document).decode()
