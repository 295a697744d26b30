"""The names that formulas about a protocol may use, at every size of its families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tellverify.diagnostics import properties as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.suggest import closest
from tellverify.language.checks.walk import preorder
from tellverify.language.lowering.branches import begins, text_branches
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.context import Context
from tellverify.properties.formula_tree import Tree
from tellverify.properties.resolve import (
    NameScope,
    UnknownName,
    scope_of,
    scope_of_timed,
    unknown_names,
)


class FormulaNames:
    """Roles, labels and branches of one protocol; `scopes` are those of its instances, in order.

    An instance without a graph has None.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._branches = text_branches(context.protocol)
        self._written = [(branch.decider, branch.label) for branch in self._branches]
        declared = declared_roles(context.protocol)
        self._roles = tuple(one.name.text for one in declared)
        families = [one.name.text for one in declared if one.size is not None]
        self.scopes: list[NameScope | None] = []
        for instance in context.instances:
            graph, timed = instance.lowered.graph, instance.lowered.timed
            scope = None if graph is None else scope_of(graph, families, self._beginning(graph))
            if timed is not None:
                scope = scope_of_timed(timed, families, self._written)
            self.scopes.append(scope)
        self._labels = self._known_labels(context.protocol)

    def unknown(self, tree: Tree) -> list[UnknownName]:
        """The names in a formula that the protocol does not have."""
        return unknown_names(tree, self._roles, self._labels, self._written)

    def complaints(self, written: say.Written, found: Sequence[UnknownName]) -> list[Diagnostic]:
        """What there is to say about names that the protocol does not have."""
        return [
            say.unknown_name(
                written,
                one.name.span,
                one.kind,
                one.name.text,
                closest(one.name.text, one.known),
                protocol=self._context.name,
                is_role=one.kind == "message" and one.name.text in self._roles,
            )
            for one in found
        ]

    def _beginning(
        self, graph: ProtocolGraph
    ) -> Mapping[tuple[str, str], tuple[tuple[str, str, int], ...]]:
        """By role and label of a branch, the messages that begin it."""
        found: dict[tuple[str, str], dict[tuple[str, str, int], None]] = {}
        starts = begins(graph, self._context.source.path, self._branches)
        for branch, transitions in zip(self._branches, starts, strict=True):
            for transition in transitions:
                event, line = graph.event(transition), graph.site_of(transition).line
                row = found.setdefault((event.sender, branch.label), {})
                row[event.receiver, event.label, line] = None
        return {key: tuple(row) for key, row in found.items()}

    def _known_labels(self, protocol: ast.Protocol) -> tuple[str, ...]:
        """The labels of the graphs, and those that are only written."""
        found: dict[str, None] = {}
        for scope in self.scopes:
            if scope is not None:
                found.update(dict.fromkeys(scope.labels))
        for body in (protocol.body, *(local.body for local in protocol.locals)):
            for statement in preorder(body):
                if isinstance(statement, ast.Send | ast.Broadcast):
                    found[statement.message.label.text] = None
        return tuple(found)
