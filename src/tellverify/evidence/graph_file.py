"""Protocol graphs as files of evidence, in a neutral form, and the names of files beside them."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

CERTIFICATE_NAME: Final = "implementable.certificate.json"
GRAPH_SCHEMA: Final = "tellverify/graph-2"
GRAPH_SUFFIX: Final = ".graph.json"
TIMED_SUFFIX: Final = ".timed.json"  # graphs of protocols with timeouts
TRACE_SUFFIX: Final = ".itf.json"
MACHINES_NAME: Final = "system.machines.json"
MOST_BYTES: Final = 256 * 1024 * 1024  # of a file of evidence
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
FileSum: TypeAlias = tuple[str, str]  # a path, and the SHA-256 of its content


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


class GraphFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The graph that the traces beside it are runs of.

    `files` are those of the protocol, its own first; every event has its site, the number of a file
    and a line. One that is `parallel` has interleavings alone, which do not tell infidelity.
    """

    schema: str
    files: list[FileSum]
    dialect: Literal["strict", "faithful"]
    protocol: str
    instance: str
    graph: NeutralGraph
    sites: list[tuple[Number, Number]]
    parallel: bool = False


def write_graph(file: GraphFile) -> str:
    """The text of a graph file."""
    return msgspec.json.encode(file).decode() + "\n"
