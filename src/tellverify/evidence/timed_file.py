"""Graphs of protocols with timeouts as files of evidence, in a neutral form.

A node is a list of numbers: its kind, then what belongs to it. `message` has sender, receiver,
label, the node after it and its site; `branch` the nodes that it continues at; `enter` a scope;
`exit` a scope and the node after it; `end` nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, assert_never

import msgspec

from tellverify.evidence.graph_file import TIMED_SUFFIX, FileSum, Number
from tellverify.evidence.neutral import graph_name
from tellverify.model.site import Site
from tellverify.model.timed_text import (
    ON_CANCEL,
    ON_TIMEOUT,
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedNode,
    TimedProtocol,
    TimerScope,
)

TIMED_SCHEMA: Final = "tellverify/timed-1"
MOST_NODES: Final = 100_000
_MESSAGE, _BRANCH, _ENTER, _EXIT, _END = range(5)


class BadTimedGraph(Exception):
    """A file is no graph of a protocol with timeouts; the text says where and why."""


class ScopeRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A timeout: roles are numbers, `around` is -1 for none, `alternatives` their first nodes."""

    owner: Number
    around: int
    body: Number
    alternatives: tuple[Number, ...]
    actors: tuple[Number, ...]
    participants: tuple[Number, ...]
    duration: Number
    site: Number


class TimedGraphFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The graph that the traces beside it are runs of, and what happens to late messages.

    `files` are those that the protocol is made of, its own first; a site is the number of a file
    and a line.
    """

    schema: str
    files: list[FileSum]
    dialect: Literal["strict", "faithful"]
    protocol: str
    instance: str
    roles: tuple[str, ...]
    labels: tuple[str, ...]
    start: Number
    nodes: list[list[Number]]
    scopes: list[ScopeRecord]
    sites: list[tuple[Number, Number]]


def timed_name(instance: str) -> str:
    """The name of the file of an instance such as `Devices = 2`."""
    return graph_name(instance).removesuffix(".graph.json") + TIMED_SUFFIX


def write_timed_graph(file: TimedGraphFile) -> str:
    """The text of a file."""
    return msgspec.json.encode(file).decode() + "\n"


def timed_graph_file(
    protocol: TimedProtocol,
    files: Sequence[FileSum],
    dialect: Literal["strict", "faithful"],
    instance: str,
) -> TimedGraphFile:
    """The file of a protocol that is made of `files`, under the name that it has in reports."""
    role = {name: number for number, name in enumerate(protocol.roles)}
    label: dict[str, int] = {}
    for node in protocol.nodes:
        if isinstance(node, MessageNode):
            label.setdefault(node.label, len(label))
    path = {name: number for number, (name, _) in enumerate(files)}
    return TimedGraphFile(
        TIMED_SCHEMA,
        list(files),
        dialect,
        protocol.name,
        instance,
        protocol.roles,
        tuple(label),
        protocol.start,
        [_row(node, role, label) for node in protocol.nodes],
        [
            ScopeRecord(
                role[scope.owner],
                scope.around,
                scope.body,
                tuple(first for _, first in scope.alternatives),
                tuple(sorted(role[name] for name in scope.actors)),
                tuple(sorted(role[name] for name in scope.participants)),
                scope.duration or 0,
                max(scope.site, 0),
            )
            for scope in protocol.scopes
        ],
        [(path[site.path], site.line) for site in protocol.sites],
    )


def _row(node: TimedNode, role: dict[str, int], label: dict[str, int]) -> list[int]:
    match node:
        case MessageNode(sender, receiver, name, after, site):
            return [_MESSAGE, role[sender], role[receiver], label[name], after, max(site, 0)]
        case BranchNode(branches):
            return [_BRANCH, *branches]
        case EnterNode(scope):
            return [_ENTER, scope]
        case ExitNode(scope, after):
            return [_EXIT, scope, after]
        case EndNode():
            return [_END]
        case _:
            assert_never(node)


def timed_protocol_in(file: TimedGraphFile) -> TimedProtocol:
    """The protocol of a file, with paths and lines for sites. Raises BadTimedGraph."""
    _check(bool(file.roles) and len(set(file.roles)) == len(file.roles), "roles", "listed twice")
    _check(len(set(file.labels)) == len(file.labels) and all(file.labels), "labels", "listed twice")
    _check(len(file.nodes) <= MOST_NODES and file.start < len(file.nodes), "nodes", "out of range")
    known = all(at < len(file.files) for at, _ in file.sites)
    _check(known, "sites", "a file that is not listed")
    sites = tuple(Site(path=file.files[at][0], line=line) for at, line in file.sites)
    nodes = tuple(_node(row, file, f"node {at}") for at, row in enumerate(file.nodes))
    scopes = tuple(_scope(row, file, at) for at, row in enumerate(file.scopes))
    return TimedProtocol(file.roles, nodes, scopes, file.start, sites, file.protocol)


def _check(condition: bool, entry: str, reason: str) -> None:
    if not condition:
        raise BadTimedGraph(f"{entry}: {reason}")


def _node(row: list[int], file: TimedGraphFile, entry: str) -> TimedNode:
    count = len(file.nodes)
    match row:
        case [0, sender, receiver, label, after, site]:
            known = max(sender, receiver) < len(file.roles) and label < len(file.labels)
            known = known and after < count and site < len(file.sites) and sender != receiver
            _check(known, entry, "names out of range")
            names = file.roles
            return MessageNode(names[sender], names[receiver], file.labels[label], after, site)
        case [1, *branches]:
            _check(bool(branches) and max(branches) < count, entry, "nodes out of range")
            return BranchNode(tuple(branches))
        case [2, scope]:
            _check(scope < len(file.scopes), entry, "a scope out of range")
            return EnterNode(scope)
        case [3, scope, after]:
            _check(scope < len(file.scopes) and after < count, entry, "numbers out of range")
            return ExitNode(scope, after)
        case [4]:
            return EndNode()
        case _:
            raise BadTimedGraph(f"{entry}: no such node")


def _scope(row: ScopeRecord, file: TimedGraphFile, number: int) -> TimerScope:
    roles, entry = len(file.roles), f"scope {number}"
    known = max((row.owner, *row.actors, *row.participants)) < roles and -1 <= row.around < number
    known = known and max((row.body, *row.alternatives)) < len(file.nodes)
    _check(known and row.site < len(file.sites), entry, "numbers out of range")
    _check(1 <= len(row.alternatives) <= 2, entry, "one or two alternatives")
    parts = {row.owner, *row.actors} <= set(row.participants)
    _check(parts, entry, "who acts has no part in it")
    alternatives = tuple(zip((ON_TIMEOUT, ON_CANCEL), row.alternatives, strict=False))
    return TimerScope(
        file.roles[row.owner],
        row.around,
        row.body,
        alternatives,
        frozenset(file.roles[role] for role in row.actors),
        frozenset(file.roles[role] for role in row.participants),
        row.duration,
        file.sites[row.site][1],
        row.site,
    )
