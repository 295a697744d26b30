"""What strict merge gives for the roles of a graph: local types, or why there are none."""

from __future__ import annotations

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.local_type import (
    Alternative,
    End,
    ExternalChoice,
    InternalChoice,
    LocalType,
    Mu,
    TypeBuilder,
    Variable,
    variable_names,
)
from tellverify.projection.type_table import (
    END_KIND,
    MU_KIND,
    SEND_KIND,
    VARIABLE_KIND,
    TypeReason,
    TypeTable,
)


class MergeFailure(msgspec.Struct, frozen=True):
    """`role` has no strict projection: at `state`, two branches do not merge for it.

    `left` and `right` are the transitions that open those branches.
    """

    role: str
    reason: TypeReason
    state: int
    left: int
    right: int


class Unsupported(msgspec.Struct, frozen=True):
    """The graph is no global type, because of `state`.

    `reason` is `mixed-senders`, `final-with-successors`, `several-receivers`, `no-end` (a state
    without events that is not final) or `several-entries` (a cycle that is entered at two states).
    """

    reason: str
    state: int


class Projections(msgspec.Struct, frozen=True):
    """The strict projection of every role of `graph`, in the order of its roles.

    An entry of `results` is a type of `table` or the first failure that was found; there are none
    when the graph is not a global type (`unsupported`). Roles with one id do exactly the same.
    """

    graph: ProtocolGraph
    table: TypeTable
    results: tuple[int | MergeFailure, ...]
    unsupported: Unsupported | None = None

    @property
    def failures(self) -> tuple[MergeFailure, ...]:
        """The failures of all roles, in the order of roles."""
        return tuple(each for each in self.results if isinstance(each, MergeFailure))

    def of(self, role: str) -> LocalType | MergeFailure | Unsupported:
        """The projection of `role`; end for a role that the graph does not have."""
        if self.unsupported is not None:
            return self.unsupported
        if role not in self.graph.roles:
            return self.expand(self.table.end)
        result = self.results[self.graph.roles.index(role)]
        return result if isinstance(result, MergeFailure) else self.expand(result)

    def expand(self, type_id: int) -> LocalType:
        """A type of the table with names; recursion variables are X, Y, Z, X1, ... from outside."""
        return _expand(self.table, self.graph, type_id)


def _expand(table: TypeTable, graph: ProtocolGraph, root: int) -> LocalType:
    """Replace ids by names, from the leaves up; binders are named in the order of a walk."""
    nodes = table.nodes
    names: dict[int, str] = {}
    fresh = variable_names()
    builder = TypeBuilder()
    built: dict[int, int] = {}
    stack = [root]
    while stack:
        type_id = stack[-1]
        node = nodes[type_id]
        kind = node[0]
        if type_id in built:
            stack.pop()
            continue
        if kind == MU_KIND and node[1] not in names:
            names[node[1]] = next(fresh)
        inner = node[3::2] if kind >= SEND_KIND else node[2:]
        missing = [each for each in inner if each not in built]
        if missing:
            stack.extend(reversed(missing))
            continue
        stack.pop()
        if kind == END_KIND:
            built[type_id] = builder.add(End())
        elif kind == VARIABLE_KIND:
            built[type_id] = builder.add(Variable(names[node[1]]))
        elif kind == MU_KIND:
            built[type_id] = builder.add(Mu(names[node[1]], built[node[2]]))
        else:
            made = InternalChoice if kind == SEND_KIND else ExternalChoice
            alternatives = tuple(
                Alternative(graph.labels[label], built[then])
                for label, then in zip(node[2::2], node[3::2], strict=True)
            )
            built[type_id] = builder.add(made(graph.roles[node[1]], alternatives))
    return builder.build(built[root])
