"""Certificates of implementability as files, and the neutral form of a protocol graph.

A certificate makes claims that can be checked state by state without any search; what has to be
checked is written down in docs/certificates.md. Equal inputs give equal bytes.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

CERTIFICATE_SCHEMA: Final = "tellverify/certificate-1"
GRAPH_SCHEMA: Final = "tellverify/graph-2"
CERTIFICATE_NAME: Final = "implementable.certificate.json"
GRAPH_SUFFIX: Final = ".graph.json"

Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
FileSum: TypeAlias = tuple[str, str]  # a path, and the SHA-256 of its content
Range: TypeAlias = tuple[Number, Number]  # first and last, both included


class NeutralGraph(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A protocol graph by itself.

    An event is `(state, sender, receiver, label, state)` with numbers of `roles` and `labels`;
    events are sorted by their first state, 0 is the initial state.
    """

    roles: tuple[str, ...]
    labels: tuple[str, ...]
    states: Number
    final: tuple[Number, ...]
    events: list[tuple[Number, Number, Number, Number, Number]]


class LocalState(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A state of a local machine: the global states behind it, and its moves.

    A move is `(1 for a send or 0, peer, label, local state)`. From every global state behind a
    state with sends, and behind one with moves of a role that never waits for ever, silent events
    lead to the next event of the role: the order of the ranges shows it, see docs/certificates.md.
    """

    behind: list[Range]
    moves: list[tuple[Number, Number, Number, Number]] = []


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points `(first state, last state, blocked roles)` from which no message of `never` comes.

    `never` lists `(sender, label)`. The points are closed under the events of the protocol.
    """

    never: list[tuple[Number, Number]]
    points: list[tuple[Number, Number, list[Range]]]


class RolePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The machine of one role, state 0 initial, with what coherence of the role rests on."""

    role: str
    states: list[LocalState]
    closed: list[Closed] = []


class InstancePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims for one choice of family sizes; `never_stuck` lists roles by name."""

    instance: str
    graph: NeutralGraph
    never_stuck: tuple[str, ...]
    roles: list[RolePart]


class Certificate(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """The claim that `protocol` is implementable at every instance that is listed.

    `imported` has the other files that the protocol is made of, with their sums.
    `every` has, for each size symbol, the generic members of its families. Then the claim is of all
    larger sizes too: the last size of each symbol stands for them, and the instances are all
    combinations of sizes up to the last.
    """

    schema: str
    source: str
    sha256: str
    protocol: str
    claim: str
    imported: list[FileSum] = []
    every: tuple[tuple[str, ...], ...] = ()
    instances: list[InstancePart]


class GraphFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The graph that the traces beside it are runs of.

    `files` are those that the protocol is made of, its own first; every event has its site, the
    number of a file and a line.
    """

    schema: str
    files: list[FileSum]
    dialect: Literal["strict", "faithful"]
    protocol: str
    instance: str
    graph: NeutralGraph
    sites: list[tuple[Number, Number]]


def write_certificate(certificate: Certificate) -> str:
    """The text of a certificate: one line for each graph and each role, so that changes show."""
    head = msgspec.json.encode(msgspec.structs.replace(certificate, instances=[])).decode()
    parts = []
    for part in certificate.instances:
        start = msgspec.json.encode(msgspec.structs.replace(part, roles=[])).decode()
        roles = ",\n".join(msgspec.json.encode(role).decode() for role in part.roles)
        parts.append(start.removesuffix("]}") + f"\n{roles}\n]}}")
    return head.removesuffix("]}") + "\n" + ",\n".join(parts) + "\n]}\n"


def write_graph(file: GraphFile) -> str:
    """The text of a graph file."""
    return msgspec.json.encode(file).decode() + "\n"


def graph_name(instance: str) -> str:
    """The name of the graph file of an instance such as `Devices = 2`."""
    sizes = "".join(c if c.isascii() and (c.isalnum() or c == "_") else " " for c in instance)
    return ("-".join(sizes.split()) or "protocol") + GRAPH_SUFFIX
