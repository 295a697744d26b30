"""From the syntax tree of a protocol to its global graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tellverify.diagnostics import flow
from tellverify.diagnostics.model import Diagnostic, Where, sort_key
from tellverify.language.linking.imports import NOT_LINKED, Linked, with_imported
from tellverify.language.lowering.determinize import Clash, Rows, determinize
from tellverify.language.lowering.emit import Emitter
from tellverify.language.lowering.families import RoleFault, RolesOverLimit, RoleTable, family_names
from tellverify.language.lowering.first_and_last import Summaries
from tellverify.language.lowering.numbering import StateNumbering
from tellverify.language.lowering.program import OverBudget, Program, Skip
from tellverify.language.lowering.timed_graph import straight_rows, timed_protocol_of
from tellverify.language.syntax import ast
from tellverify.model.graph import Event, ProtocolGraph
from tellverify.model.parallel_order import ParallelLevel, ParallelOrder
from tellverify.model.site import Site
from tellverify.model.timed_text import TimedProtocol
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_MOST_ORDERED: Final = 5_000  # events of a protocol whose partial orders are searched


class Lowered(msgspec.Struct, frozen=True):
    """What a protocol means at given family sizes.

    `graph` is None when something was `skipped` or when `limit` says what was too large. `slices`
    has, where all branches of all par statements use channels of their own, for each par
    statement and each of its branches one graph with that branch in the place of the statement
    and all others written in sequence. `families` are those that need a size. `parallel` tells
    that there is a par statement: then the graph holds interleavings, and in truth a role's own
    actions in different branches have no order either; `order` is what it means, for protocols
    that are small enough to be searched. `named` has, for each family that needs a size, the
    least index from which the text treats all members alike (at sizes that leave no reference
    empty). A protocol with timeouts has no graph; it is `timed`.
    """

    graph: ProtocolGraph | None
    slices: tuple[ProtocolGraph, ...] = ()
    families: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    limit: str = ""
    skipped: tuple[Skip, ...] = ()
    parallel: bool = False
    order: ParallelOrder | None = None
    named: tuple[tuple[str, int], ...] = ()
    timed: TimedProtocol | None = None

    @property
    def has_meaning(self) -> bool:
        """Whether obligations can be decided at all."""
        return self.graph is not None or bool(self.slices) or self.timed is not None


def lower(
    file: ast.File,
    source: SourceFile,
    protocol: ast.Protocol,
    sizes: Mapping[str, int],
    budget: int = 500_000,
    linked: Linked = NOT_LINKED,
) -> Lowered:
    """The global graph of `protocol`, with families of the given sizes.

    Reports what shows only in the graph: alternatives that begin alike, and one event in two
    parallel branches. Assumes nothing about the structure: a construct without a meaning is
    skipped by name. No result has more than about `budget` events. `linked` is what the imports
    of the file bring in.
    """
    families = family_names(protocol)
    if not (protocol.complete and file.complete):
        skip = _skip("a part of the text could not be read", protocol.name.span, source)
        return Lowered(None, families=families, skipped=(skip,))
    try:
        roles = RoleTable(protocol, sizes, budget)
    except RolesOverLimit as fault:
        return Lowered(None, families=families, limit=str(fault))
    except RoleFault as fault:
        skip = _skip(str(fault), protocol.roles_span, source)
        return Lowered(None, families=families, skipped=(skip,))
    tables = StateNumbering(source, roles, linked.sources)
    return _Lowering(source, with_imported(protocol, linked), tables, budget).run(families)


def _level(rows: Rows) -> ParallelLevel:
    return ParallelLevel(
        rows.first, rows.sender, rows.receiver, rows.label, rows.target, rows.final
    )


def _skip(reason: str, span: Span, source: SourceFile) -> Skip:
    line = source.position(span.start)[0]
    return Skip(f"{reason} (line {line})", span, line)


class _Lowering:
    """The passes over one protocol, which share tables."""

    def __init__(
        self, source: SourceFile, protocol: ast.Protocol, tables: StateNumbering, budget: int
    ) -> None:
        self.source = source
        self.protocol = protocol
        self.tables = tables
        self.budget = budget

    def run(self, families: tuple[str, ...]) -> Lowered:
        emitter = Emitter(self.protocol, self.tables, self.budget)
        rows: Rows | None = None
        limit = ""
        timed: TimedProtocol | None = None
        try:
            program = emitter.run()
            if program.scopes:
                timed = self._timed(emitter, program)
            else:
                rows = determinize(program, self.budget)
                emitter.notes.note(rows)
        except OverBudget as error:
            limit = str(error) or (
                f"the protocol `{self.protocol.name.text}` has more than {self.budget:,} events"
            )
        sliced = self._slices() if emitter.notes.pars and not emitter.notes.skipped else []
        name = self.protocol.name.text
        graph = None if rows is None or emitter.notes.skipped else self._graph(rows, name)
        return Lowered(
            graph,
            tuple(self._graph(part, title) for title, part in sliced),
            families,
            self._diagnostics(emitter),
            limit,
            tuple(emitter.notes.skipped),
            bool(emitter.notes.pars),
            self._order() if graph is not None and emitter.notes.pars else None,
            tuple(self.tables.roles.named.items()),
            timed,
        )

    def _timed(self, emitter: Emitter, program: Program) -> TimedProtocol | None:
        """The timed graph, None where something has no meaning beside a timeout."""
        for par in emitter.notes.pars.values():
            emitter.notes.skip("`par` in a protocol with a `timeout` has no meaning yet", par.span)
        for rows in straight_rows(program, self.budget):
            emitter.notes.note(rows)
        if emitter.notes.skipped:
            return None
        return timed_protocol_of(program, self.tables, self.protocol.name.text)

    def _order(self) -> ParallelOrder | None:
        """The partial orders of the protocol, None when they are too large to be searched."""
        nested: list[tuple[Rows, ...]] = []
        try:
            program = Emitter(self.protocol, self.tables, _MOST_ORDERED, nested=nested).run()
            whole = determinize(program, _MOST_ORDERED)
        except OverBudget:
            return None
        return ParallelOrder(
            tuple(self.tables.roles.names),
            tuple(self.tables.labels),
            _level(whole),
            tuple(tuple(map(_level, branches)) for branches in nested),
        )

    def _graph(self, rows: Rows, name: str) -> ProtocolGraph:
        tables = self.tables
        return rows.graph(name, tables.roles.names, tables.labels, tables.sites)

    # Slices

    def _slices(self) -> list[tuple[str, Rows]]:
        """The graphs for a check of one parallel branch at a time; empty when that is unsound."""
        try:
            measured = Emitter(self.protocol, self.tables, self.budget, {})
            length = measured.run().here
            pars = list(measured.notes.pars.values())
            count = sum(len(par.branches) for par in pars)
            if measured.notes.skipped or count * (length + measured.notes.work) > 4 * self.budget:
                return []
            if not (self._apart(measured, pars) and self._sequential(pars)):
                return []
            found: list[tuple[str, Rows]] = []
            for par in pars:
                line = self.source.position(par.span.start)[0]
                for index in range(len(par.branches)):
                    emitter = Emitter(self.protocol, self.tables, self.budget, {id(par): index})
                    rows = determinize(emitter.run(), self.budget)
                    emitter.notes.note(rows)
                    if emitter.notes.skipped:
                        return []
                    title = f"{self.protocol.name.text}, branch {index + 1} of par on line {line}"
                    found.append((title, rows))
        except OverBudget:
            return []
        return found

    @staticmethod
    def _apart(measured: Emitter, pars: list[ast.Par]) -> bool:
        """True when no channel is used by two branches of one par statement."""
        for par in pars:
            used: set[tuple[int, int]] = set()
            for index in range(len(par.branches)):
                channels = measured.notes.channels.get((id(par), index), set())
                if not used.isdisjoint(channels):
                    return False
                used |= channels
        return True

    def _sequential(self, pars: list[ast.Par]) -> bool:
        """True when writing branches in sequence hides none of them from the slices of others."""
        if len(pars) == 1:
            return True
        summaries = Summaries(self.protocol)
        return all(summaries.of_block(body).ends for par in pars for body in par.branches[:-1])

    # Findings

    def _diagnostics(self, emitter: Emitter) -> tuple[Diagnostic, ...]:
        where = Where(self.source.path, self.protocol.name.text)
        found: list[Diagnostic] = []
        in_parallel = {clash[3:] for clash in emitter.notes.collisions}
        for clash in emitter.notes.collisions:
            event, left, right = self._clash(clash)
            one = flow.shared_event(where, event, left.span, right.span)
            found.append(_placed(one, left, right))
        for clash in emitter.notes.clashes:
            if clash[3:] in in_parallel:
                continue
            event, left, right = self._clash(clash)
            if left.branch == right.branch and left.branch in emitter.notes.repeated:
                continue  # reported as two branches of one label
            places = (left.span, left.branch), (right.span, right.branch)
            found.append(_placed(flow.begin_alike(where, event, *places), left, right))
        return tuple(sorted(found, key=sort_key))

    def _clash(self, clash: Clash) -> tuple[str, Site, Site]:
        sender, receiver, label, one, other = clash
        names, labels = self.tables.roles.names, tuple(self.tables.labels)
        event = Event(names[sender], names[receiver], labels[label])
        return str(event), self.tables.sites[one], self.tables.sites[other]


def _placed(found: Diagnostic, *sites: Site) -> Diagnostic:
    """`found` with its places in the files of `sites`, where one is imported."""
    if all(site.path == found.path for site in sites):
        return found
    paths = {site.span: site.path for site in sites}
    others = tuple(
        msgspec.structs.replace(other, path=paths.get(other.span, found.path))
        for other in found.others
    )
    path = paths.get(found.primary.span, found.path)
    return msgspec.structs.replace(found, path=path, others=others)
