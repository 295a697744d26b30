"""A policy that has been read: its rows by name, and where each of them is written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import msgspec

from tellverify.policy import rows
from tellverify.source.span import NOWHERE, Span
from tellverify.source.toml import Path, TomlDocument


class PolicyPlace(msgspec.Struct, frozen=True):
    """Where a row, or a value in it, is written; lines and columns count from 1."""

    path: str
    span: Span
    line: int
    column: int


UNPLACED = PolicyPlace("", NOWHERE, 0, 0)


class PolicyOrigin(msgspec.Struct, frozen=True):
    """The document of a row and the path of the row in it."""

    document: TomlDocument
    at: Path


class Policy(msgspec.Struct, frozen=True):
    """Everything that a policy says. Mappings are in the order of the files and of their rows.

    `protocols` are by id, or by qualified name where there is none; `qualified` leads from every
    qualified name to that key. `path` is the file or folder that was read. `by_file` leads from the
    last part of a file's path to the protocols that may be kept there, `wave_by_protocol` and
    `goals_by_protocol` to groups.
    """

    name: str
    path: str
    families: Mapping[str, rows.FamilyRow]
    capabilities: Mapping[str, rows.Capability]
    surfaces: Mapping[str, rows.Surface]
    consumers: Mapping[str, rows.Consumer]
    dependences: Mapping[str, rows.Dependence]
    packs: Mapping[str, rows.Pack]
    protocols: Mapping[str, rows.ProtocolEntry]
    qualified: Mapping[str, str]
    waves: Mapping[str, rows.Wave]
    non_goals: Mapping[str, rows.NonGoal]
    grants: Mapping[str, rows.Grant]
    runtimes: Mapping[str, rows.Runtime]
    determinism: Mapping[str, rows.Determinism]
    classes: Mapping[str, rows.Class]
    annotations: Mapping[str, rows.AnnotationRow]
    roots: Mapping[str, rows.Root]
    legacy: Mapping[str, rows.Legacy]
    ceremonies: Mapping[str, rows.Ceremony]
    ceremony_facts: Mapping[str, rows.CeremonyFact]
    categories: Mapping[str, rows.OperationCategory]
    adaptive_privacy: rows.AdaptivePrivacy
    admission: rows.Admission
    links: rows.Links
    guard_chain: rows.GuardChain
    budgets: rows.Budgets
    leakage: rows.Leakage
    gathers: rows.Gathers = rows.Gathers()
    ceremony_names: Mapping[str, rows.CeremonyNames] = {}
    code: Mapping[str, rows.CodePlaces] = {}
    admission_tables: Mapping[str, rows.AdmissionTable] = {}
    admission_tests: rows.AdmissionTests = rows.NO_TESTS
    by_file: Mapping[str, tuple[str, ...]] = {}
    wave_by_protocol: Mapping[str, str] = {}
    goals_by_protocol: Mapping[str, tuple[str, ...]] = {}
    origins: Mapping[tuple[str, str], PolicyOrigin] = {}
    documents: tuple[TomlDocument, ...] = ()
    version: str = ""

    def protocol(self, name: str) -> rows.ProtocolEntry | None:
        """The protocol with this id or qualified name."""
        return self.protocols.get(self.qualified.get(name, name))

    def wave_of(self, protocol: rows.ProtocolEntry) -> rows.Wave | None:
        """The wave that a protocol is in; the first one, if it is wrongly in several."""
        return self.waves.get(self.wave_by_protocol.get(protocol.name, ""))

    def non_goals_of(self, protocol: rows.ProtocolEntry) -> Iterator[rows.NonGoal]:
        """The decisions that keep a protocol free of packs."""
        for name in self.goals_by_protocol.get(protocol.name, ()):
            yield self.non_goals[name]

    def default_determinism(self) -> rows.Determinism | None:
        """The determinism policy of a protocol that names none."""
        return next((row for row in self.determinism.values() if row.default), None)

    def determinism_of(self, protocol: rows.ProtocolEntry | None) -> rows.Determinism | None:
        """The determinism policy a protocol is executed with, None where there is no such row."""
        if protocol is None or not protocol.determinism:
            return self.default_determinism()
        return self.determinism.get(protocol.determinism)

    def schema_path(self, row: rows.CeremonyNames) -> str:
        """The file of the fact schema of a ceremony, relative to the file that names it."""
        folder = os.path.dirname(self.place("ceremony_names", row.protocol).path)
        return os.path.normpath(os.path.join(folder, row.schema)).replace(os.sep, "/")

    def place(self, section: str, name: str, *inside: str | int) -> PolicyPlace:
        """Where the row `name` of a section is written, or a value inside it.

        A section without rows of its own, such as `budgets`, has the name "".
        """
        origin = self.origins.get((section, name))
        if origin is None:
            return UNPLACED
        return place_in(origin.document, (*origin.at, *inside))


def place_in(document: TomlDocument, path: Path) -> PolicyPlace:
    """Where the value at a path of a document stands."""
    span = document.span_of(path)
    return PolicyPlace(document.source.path, span, *document.source.position(span.start))
