"""Graphs of edited protocols without lowering the whole text again.

The protocol is lowered once with a mark in every gap that may take a message. An edit then changes
a few instructions: a mark becomes the events of a new message, an event gets another label. Edits
that marks cannot stand for, such as a message that takes the name of a branch, need the tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from tellverify.language.checks.walk import same_role
from tellverify.language.linking.imports import NOT_LINKED, Linked, with_imported
from tellverify.language.lowering.determinize import determinize
from tellverify.language.lowering.emit import Emitter
from tellverify.language.lowering.families import RoleFault, RoleTable
from tellverify.language.lowering.numbering import StateNumbering
from tellverify.language.lowering.program import FORK, OverBudget, Program, Tag
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.model.site import Site
from tellverify.repair.edits import (
    BlockPath,
    ChannelLabels,
    DecideLoop,
    Delete,
    Edit,
    Edits,
    Insert,
    OtherSender,
    Relabel,
    Reverse,
    Swap,
    edited,
    named,
)
from tellverify.repair.outline import Outline
from tellverify.source.span import Span
from tellverify.source.text import SourceFile


class _WrittenMessage(NamedTuple):
    """The instructions of one time that a message is written, and the name it takes."""

    places: range
    tag: Tag | None


class _MarkedEmitter(Emitter):
    """Writes marks as forks with one target; keeps where marks and messages are written."""

    def __init__(
        self,
        protocol: ast.Protocol,
        tables: StateNumbering,
        budget: int,
        marks: tuple[Edit, ...],
        first_place: int,
    ) -> None:
        super().__init__(protocol, tables, budget)
        self.marks = marks
        self.first_place = first_place
        self.gaps: dict[tuple[BlockPath, int], list[int]] = {}
        self.closed: set[tuple[BlockPath, int]] = set()
        self.sent: dict[int, list[_WrittenMessage]] = {}

    def _send(self, statement: ast.Send) -> None:
        number = statement.message.label.span.start - self.first_place
        if number < 0 or self.tables.source is not self.tables.home:
            place, tag = self.program.here, self._tag
            super()._send(statement)
            written = _WrittenMessage(range(place, self.program.here), tag)
            self.sent.setdefault(id(statement), []).append(written)
            return
        mark = self.marks[number]
        if isinstance(mark, Insert):
            if self._tag is not None:
                self.closed.add((mark.block, mark.gap))
            here = self.program.fork(self.program.here + 1)
            self.gaps.setdefault((mark.block, mark.gap), []).append(here)


class MarkedLowering:
    """Graphs of one protocol at one choice of sizes, after edits.

    `taken` are the labels of its channels; new labels have places from `first_place` on.
    """

    def __init__(
        self,
        source: SourceFile,
        protocol: ast.Protocol,
        found: Outline,
        sizes: Mapping[str, int],
        budget: int,
        first_place: int,
        taken: ChannelLabels,
        linked: Linked = NOT_LINKED,
    ) -> None:
        self.source = source
        self.name = protocol.name.text
        self.blocks = found.blocks
        self.first_place = first_place
        self.taken = taken
        self.budget = budget
        self.emitter: _MarkedEmitter | None = None
        marked = edited(protocol, _marks(found), first_place)
        try:
            self.tables = StateNumbering(source, RoleTable(protocol, sizes, budget), linked.sources)
            whole = with_imported(marked.protocol, linked)
            emitter = _MarkedEmitter(whole, self.tables, budget, marked.edits, first_place)
            program = emitter.run()
        except (RoleFault, OverBudget):
            return
        if not (emitter.notes.pars or emitter.notes.skipped or program.scopes):
            self.emitter = emitter

    def graph(self, edits: Edits) -> ProtocolGraph | None:
        """The graph after `edits`, None where the edited tree has to be lowered for it."""
        if self.emitter is None:
            return None
        patch = _Patch(self, self.emitter)
        listed, labels = named(edits, self.taken)
        if not all(patch.add(n, edit, labels[n]) for n, edit in enumerate(listed)):
            return None
        patch.write_gaps()
        try:
            rows = determinize(patch.program, self.budget)
        except OverBudget:
            return None
        if rows.clashes or rows.silent:
            return None
        return rows.graph(self.name, self.tables.roles.names, patch.labels, patch.sites)


class _Patch:
    """A copy of the instructions with edits."""

    def __init__(self, lowering: MarkedLowering, emitter: _MarkedEmitter) -> None:
        self.lowering = lowering
        self.emitter = emitter
        self.program = _copied(emitter.program)
        self.labels = dict(lowering.tables.labels)
        self.sites = list(lowering.tables.sites)
        self.inserted: dict[tuple[BlockPath, int], list[tuple[int, int, int, int]]] = {}

    def add(self, number: int, edit: Edit, label: str) -> bool:
        """Make an edit; False where that needs the tree."""
        match edit:
            case Insert():
                return self._insert(number, edit, label)
            case Relabel():
                return self._relabel(number, edit, label)
            case DecideLoop() | Delete() | Reverse() | Swap() | OtherSender():
                return False

    def write_gaps(self) -> None:
        """Put new messages in the place of marks."""
        program = self.program
        for gap, events in self.inserted.items():
            for place in self.emitter.gaps.get(gap, ()):
                (after,) = program.forks.pop(place)
                at = place
                for sender, receiver, label, site in events:
                    if program.sender[at] != FORK:
                        program.target[at] = program.here
                        at = program.here
                        program.emit(sender, receiver, label, site)
                    program.sender[at], program.receiver[at] = sender, receiver
                    program.label[at], program.site[at] = label, site
                program.target[at] = after

    def _insert(self, number: int, edit: Insert, label: str) -> bool:
        gap = edit.block, edit.gap
        if gap in self.emitter.closed or gap not in self.emitter.gaps:
            return False
        roles = self.lowering.tables.roles
        try:
            senders, receivers = roles.instances(edit.sender), roles.instances(edit.receiver)
        except RoleFault:
            return False
        pairs = [(p, q) for p in senders for q in receivers if p != q]
        if not pairs:
            return False
        text = self.labels.setdefault(label, len(self.labels))
        site = self._new_site(number, Site(self.lowering.source.path))
        self.inserted.setdefault(gap, []).extend((p, q, text, site) for p, q in pairs)
        return True

    def _relabel(self, number: int, edit: Relabel, label: str) -> bool:
        statement = self.lowering.blocks[edit.block][edit.index]
        written = self.emitter.sent.get(id(statement))
        if not isinstance(statement, ast.Send) or written is None or self._names_loop(edit):
            return False
        program = self.program
        text = self.labels.setdefault(label, len(self.labels))
        sites: dict[int, int] = {}
        for sent in written:
            for place in sent.places:
                old = program.site[place]
                if old not in sites:
                    sites[old] = self._new_site(number, self.sites[old])
                program.label[place], program.site[place] = text, sites[old]
            tag = sent.tag
            if (
                tag is not None
                and sent.places
                and tag.text != label
                and same_role(tag.decider, statement.sender)
            ):
                head = f"{tag.text}.{label}"
                program.label[sent.places[0]] = self.labels.setdefault(head, len(self.labels))
        return True

    def _names_loop(self, edit: Relabel) -> bool:
        """True when the message is the first of a loop whose rounds bear its name."""
        if edit.index or len(edit.block) < 3:
            return False
        around = self.lowering.blocks[edit.block[:-2]][edit.block[-2]]
        return isinstance(around, ast.Loop) and isinstance(around.kind, ast.Decide)

    def _new_site(self, number: int, like: Site) -> int:
        place = self.lowering.first_place + number
        self.sites.append(msgspec.structs.replace(like, span=Span(place, place)))
        return len(self.sites) - 1


def _marks(found: Outline) -> Edits:
    """A mark behind every statement, by messages that are never sent."""
    role = ast.RoleRef(ast.Name(""))
    return frozenset(
        Insert(path, gap, role, role, "")
        for path, block in found.blocks.items()
        for gap in range(1, len(block) + 1)
    )


def _copied(program: Program) -> Program:
    copy = Program()
    copy.sender, copy.receiver = list(program.sender), list(program.receiver)
    copy.label, copy.site = list(program.label), list(program.site)
    copy.target = list(program.target)
    copy.forks, copy.marks = dict(program.forks), program.marks
    return copy
