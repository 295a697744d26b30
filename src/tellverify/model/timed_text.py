"""Protocols with timeouts: the graph of nodes that their meaning is defined on.

A *scope* is one `timeout` statement: an owner, whose timer it is, a body, an alternative for when
the timer fires (`T`) and perhaps one for a cancellation (`X`). The owner may leave the body where
it waits in it; the other participants learn of that from later messages. What follows the
statement follows the body and every alternative.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias, assert_never

import msgspec

from tellverify.model.site import Site

ON_TIMEOUT: Final = "T"
ON_CANCEL: Final = "X"


class LatePolicy(Enum):
    """What happens to messages of an entry whose timer fired."""

    ATTEMPTS = "attempts"  # the receiver discards them once it knows
    KEEP = "keep"  # nothing is discarded
    OWN = "own"  # nothing is discarded, and every role that takes part has its own timer


class FirePolicy(Enum):
    """Where a timer may fire."""

    WAITS = "waits"  # where its owner waits for a message in the body
    ANY = "any"  # where its owner acts in the body


class MessageNode(msgspec.Struct, frozen=True):
    """`sender -> receiver : label`, then node `after`; `site` is an index of sites, or -1."""

    sender: str
    receiver: str
    label: str
    after: int
    site: int = -1


class BranchNode(msgspec.Struct, frozen=True):
    """Continues at one of the nodes `branches`; one branch is a plain jump."""

    branches: tuple[int, ...]


class EnterNode(msgspec.Struct, frozen=True):
    """Begins an entry into scope `scope`; its body begins at the node `Scope.body`."""

    scope: int


class ExitNode(msgspec.Struct, frozen=True):
    """Leaves the body of scope `scope`, then node `after`."""

    scope: int
    after: int


class EndNode(msgspec.Struct, frozen=True):
    """Nothing is left to do."""


TimedNode: TypeAlias = MessageNode | BranchNode | EnterNode | ExitNode | EndNode


class TimerScope(msgspec.Struct, frozen=True):
    """One `timeout` statement of the graph.

    `around` is the innermost scope in whose body it stands, -1 for none; such a scope has a
    smaller number. `alternatives` are pairs of a name (`T`, `X`) and its first node. `actors` act
    in the body, with all that stands in it; `participants` are these, the owner and those that act
    in an alternative. `site` is where the statement stands, an index of sites, or -1.
    """

    owner: str
    around: int
    body: int
    alternatives: tuple[tuple[str, int], ...]
    actors: frozenset[str]
    participants: frozenset[str]
    duration: int | None
    line: int
    site: int = -1

    def alternative(self, name: str) -> int:
        """The first node of the alternative of that name."""
        return dict(self.alternatives)[name]


class TimedProtocol(msgspec.Struct, frozen=True):
    """A graph of nodes with scopes; `start` is its first node, roles come in order of the text.

    `sites` are the statements that nodes and scopes come from, empty for a graph without a text.
    """

    roles: tuple[str, ...]
    nodes: tuple[TimedNode, ...]
    scopes: tuple[TimerScope, ...]
    start: int
    sites: tuple[Site, ...] = ()
    name: str = ""

    def site(self, number: int) -> Site:
        """The statement with that number, an empty one for -1."""
        return self.sites[number] if number >= 0 else Site()


def timed_channels(protocol: TimedProtocol) -> set[tuple[str, str]]:
    """The channels that messages of the text use."""
    return {(n.sender, n.receiver) for n in protocol.nodes if isinstance(n, MessageNode)}


def message_count(protocol: TimedProtocol) -> int:
    """How many messages the text has."""
    return sum(isinstance(node, MessageNode) for node in protocol.nodes)


def following_nodes(protocol: TimedProtocol) -> tuple[list[int], list[int]]:
    """The nodes behind each node: those of node n are `target[first[n]:first[n + 1]]`."""
    first = [0]
    target: list[int] = []
    for node in protocol.nodes:
        match node:
            case MessageNode(after=after) | ExitNode(after=after):
                target.append(after)
            case BranchNode(branches):
                target += branches
            case EnterNode(number):
                scope = protocol.scopes[number]
                target += [scope.body, *(start for _, start in scope.alternatives)]
            case EndNode():
                pass
            case _:
                assert_never(node)
        first.append(len(target))
    return first, target
