"""The entry point of the language: from files to protocols and their graphs.

A workspace opens Rust sources and Markdown pages, resolves the imports among its files and applies
the dialect, so that every command that looks at a protocol sees what `check` sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.files import inputs
from tellverify.language.files.embedded import Unit, units
from tellverify.language.files.extraction import fragments
from tellverify.language.files.neighbours import neighbours
from tellverify.language.linking.dialect import by_upstream, judged_faithfully
from tellverify.language.linking.modules import (
    CheckedFile,
    Modules,
    judged_alone,
    may_import,
)
from tellverify.language.lowering.families import family_names
from tellverify.language.lowering.lower import Lowered, lower
from tellverify.language.syntax import ast
from tellverify.language.syntax.grammar import tables
from tellverify.language.syntax.lexer import tokenize
from tellverify.language.syntax.token_lists import Kinds
from tellverify.source.text import SourceFile

STRICT: Final = "strict"
FAITHFUL: Final = "faithful"
EVENT_LIMIT: Final = 500_000


class SourceProtocol(msgspec.Struct, frozen=True):
    """A protocol of a choreography; `name` is its own among all protocols of the file."""

    name: str
    protocol: ast.Protocol
    judged: CheckedFile

    @property
    def source(self) -> SourceFile:
        """The file that it stands in."""
        return self.judged.source

    @property
    def families(self) -> tuple[str, ...]:
        """The role families that need a size."""
        return family_names(self.protocol)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it is made of: its own, and those of what it imports."""
        imported = self.judged.linked.imported.values()
        return tuple(dict.fromkeys([self.source.path, *(one.source.path for one in imported)]))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The faults in the text of its choreography."""
        return tuple(one for one in self.judged.said if one.severity is Severity.ERROR)

    def is_called(self, name: str) -> bool:
        """Whether `name` is its name, or what its text calls it."""
        return name in (self.name, self.protocol.name.text, qualified(self.judged, self.protocol))


def qualified(judged: CheckedFile, protocol: ast.Protocol) -> str:
    """`module.Protocol`, or the protocol's own name in a file without a module."""
    own, module = protocol.name.text, judged.file.module
    return f"{module.name.text}.{own}" if module is not None else own


def named_protocols(judged: CheckedFile, taken: set[str]) -> Iterator[SourceProtocol]:
    """The protocols of one choreography of a file, whose other protocols have `taken` names.

    Their names are added to `taken`; a name that is taken gets its line.
    """
    for protocol in judged.file.protocols:
        name = qualified(judged, protocol)
        if name in taken:
            name = f"{name}@{judged.source.position(protocol.name.span.start)[0]}"
        taken.add(name)
        yield SourceProtocol(name, protocol, judged)


class Workspace:
    """The choreographies of `files`, in which imports find each other and those of `also`.

    `event_limit` bounds the events of a graph, and the statements that the faithful dialect
    unfolds a protocol to. Nothing is read before it is asked for, and only files of a workspace
    with imports are kept, unless it `keeps` all that it has read.
    """

    def __init__(
        self,
        files: Sequence[inputs.ReadFile],
        dialect: str = STRICT,
        event_limit: int = EVENT_LIMIT,
        *,
        also: Sequence[inputs.ReadFile] = (),
        keeps: bool = False,
    ) -> None:
        self.files = tuple(files)
        self.dialect = dialect
        self._limit = event_limit
        self._also = tuple(also)
        self._units: list[Unit] | None = None
        self._modules: Modules | None = None
        self._keeps = keeps
        self._kept: list[tuple[Unit, tuple[CheckedFile, ...]]] | None = None

    def with_text(self, path: str, text: str) -> Workspace | None:
        """This workspace with another text of one of its files; None when `path` is none of them.

        That file comes first; the others are there to be imported.
        """
        if all(file.path != path for file in self.files):
            return None
        others = [file for file in (*self.files, *self._also) if file.path != path]
        content = text.encode("utf-8", "surrogatepass")
        also = others if may_import([inputs.decode(path, content)]) else []
        return Workspace([inputs.decode(path, content)], self.dialect, self._limit, also=also)

    def opened(self) -> Iterator[tuple[Unit, Iterator[CheckedFile]]]:
        """Every file with its choreographies, and the files that it includes after it."""
        if not self._keeps:
            yield from self._read()
            return
        if self._kept is None:
            self._kept = [(unit, tuple(judged)) for unit, judged in self._read()]
        for unit, choreographies in self._kept:
            yield unit, iter(choreographies)

    def _read(self) -> Iterator[tuple[Unit, Iterator[CheckedFile]]]:
        if self._is_linked:
            others = {file.path for file in self._also}
            for unit in self._known_units():
                if unit.file.path not in others:
                    yield unit, self._judged(unit)
        else:
            for unit in units(self.files):
                yield unit, self._judged(unit)

    def opened_at(self, index: int) -> tuple[Unit, Iterator[CheckedFile]]:
        """One of the files, of which none includes another; the same as `opened` has for it."""
        file = self.files[index]
        if self.dialect == FAITHFUL or not (file.text and may_import([file])):
            unit = next(units([file]))
            return unit, self._alone(unit)
        unit = self._known_units()[index]
        return unit, self._judged(unit)

    def protocols(self) -> list[SourceProtocol]:
        """The protocols of all files, whether their texts have errors or not."""
        found: list[SourceProtocol] = []
        for _, choreographies in self.opened():
            taken: set[str] = set()
            for judged in choreographies:
                found.extend(named_protocols(judged, taken))
        return found

    def diagnostics(self) -> list[Diagnostic]:
        """The findings about the texts of all files before any protocol is lowered."""
        found: list[Diagnostic] = []
        for unit, choreographies in self.opened():
            found.extend(unit.diagnostics)
            for judged in choreographies:
                found.extend(judged.said)
        return found

    def tokens(self) -> Iterator[tuple[int, int, str, str]]:
        """Line, column, kind and text of every token of the choreographies of all files."""
        names = tables().terminals
        for file in self.files:
            source = file.source()
            for fragment in fragments(source):
                found = tokenize(SourceFile(file.path, fragment.text), Kinds(tables()))
                for kind, start, text in zip(found.kinds, found.starts, found.texts, strict=True):
                    line, column = source.position(max(start + fragment.offset, 0))
                    is_token = kind < len(names)  # else a character or word of no token
                    yield line, column, names[kind] if is_token else "FOREIGN", text

    def sources(self) -> dict[str, SourceFile]:
        """The texts by path, those of files that may be imported included."""
        return {file.path: file.source() for file in (*self._also, *self.files)}

    def sha256_of(self, path: str) -> str:
        """The sum of a file of the workspace, or of one that it includes; empty for others."""
        for unit in self._units or ():
            if unit.file.path == path:
                return unit.file.sha256
        return next((one.sha256 for one in self.files if one.path == path), "")

    def graph(self, protocol: SourceProtocol, sizes: Mapping[str, int]) -> Lowered:
        """What a protocol means at sizes of its families, or why it has no graph."""
        return self.lowered(protocol.judged, protocol.protocol, sizes)

    def lowered(
        self, judged: CheckedFile, protocol: ast.Protocol, sizes: Mapping[str, int]
    ) -> Lowered:
        """What `protocol` of a choreography means at sizes of its families."""
        limit = judged.limits.get(protocol.name.span)
        if limit is not None:
            return Lowered(None, limit=limit)
        found = lower(judged.file, judged.source, protocol, sizes, self._limit, judged.linked)
        if self.dialect != FAITHFUL:
            return found
        return msgspec.structs.replace(found, diagnostics=tuple(by_upstream(found.diagnostics)))

    @property
    def _is_linked(self) -> bool:
        return self.dialect != FAITHFUL and may_import(self.files)

    def _known_units(self) -> list[Unit]:
        if self._units is None:
            self._units = list(units((*self.files, *self._also)))
            self._modules = Modules(self._units)
        return self._units

    def _judged(self, unit: Unit) -> Iterator[CheckedFile]:
        return (
            self._alone(unit) if self._modules is None else map(self._modules.judged, unit.parsed)
        )

    def _alone(self, unit: Unit) -> Iterator[CheckedFile]:
        for parsed in unit.parsed:
            if self.dialect == FAITHFUL:
                yield judged_faithfully(parsed, unit.source, self._limit)
            else:
                yield judged_alone(parsed, unit.source)


class Unopened(Exception):
    """A file that cannot be read; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def opened(path: str, dialect: str = STRICT, also: Sequence[str] = ()) -> Workspace:
    """The workspace of one file, or of standard input for `-`, with the files that it imports.

    These are looked for at the paths `also` and beside the file. Raises Unopened when the file
    cannot be read; of the others, those that cannot be read are left out.
    """
    file = inputs.read_given(path)
    if file.diagnostic is not None:
        raise Unopened(file.diagnostic)
    known = [read for read in map(inputs.read, also) if read.text is not None]
    known = [read for read in known if read.path != file.path]
    if dialect == STRICT:
        known += neighbours([file, *known])
    return Workspace([file], dialect, also=known)
