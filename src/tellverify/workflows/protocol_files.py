"""The protocols that phases name: found by file or module, lowered, and kept as interfaces."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import msgspec

from tellverify.language.files import inputs
from tellverify.language.files.neighbours import declared_modules, neighbours
from tellverify.language.linking.modules import may_import
from tellverify.language.lowering.families import declared_roles, family_groups
from tellverify.language.lowering.lower import Lowered
from tellverify.language.syntax import ast
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.timed_text import TimedProtocol
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_instance
from tellverify.source.span import NOWHERE, Span
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verification.output_paths import escape
from tellverify.workflows.interfaces import Safety, SessionInterface, session_interface
from tellverify.workflows.outcomes import PhaseGraph, nested_branches, phase_graph, silent_phase
from tellverify.workflows.timers import TimedPart, timed_parts, without_timers

if TYPE_CHECKING:
    from tellverify.verification.cache import Cache

_SUFFIXES: Final = (".tell", ".rs", ".md", ".markdown")
_TIMER: Final = "timeout"
_OF_SAFETY: Final = (
    Property.IMPLEMENTABLE,
    Property.NO_STUCK_ROLE,
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
    Property.TIMEOUT_AGREEMENT,
)
"""What a protocol has to satisfy by itself; the first two imply the rest where it has no timers."""
_Stored = TypeVar("_Stored", bound=msgspec.Struct)


class UnknownPhaseProtocol(Exception):
    """No protocol is called so, or several `files` are; `others` are names that there are."""

    def __init__(self, reason: str, others: Sequence[str] = (), files: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.others = tuple(others)
        self.files = tuple(files)


class ProtocolRole(msgspec.Struct, frozen=True):
    """A declared role: scalar, a family of a fixed `size`, or one of an open size."""

    name: str
    is_family: bool = False
    size: int | None = None


class ProtocolHead(msgspec.Struct, frozen=True):
    """What a text says of a protocol before it is lowered.

    `groups` are the families that need one size together. `error` is the first error of the text,
    at `error_span`. `parts` are those in which a role has a timer.
    """

    name: str
    path: str
    span: Span
    roles: tuple[ProtocolRole, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    branches: tuple[str, ...] = ()
    error: str = ""
    error_span: Span = NOWHERE
    parts: tuple[TimedPart, ...] = ()


class _Unit(msgspec.Struct, frozen=True):
    """A file with what it imports, and the digest of all of it."""

    file: inputs.ReadFile
    also: tuple[inputs.ReadFile, ...]
    digest: str


class InterfaceWanted(NamedTuple):
    """What an interface is asked for: as the arguments of `ProtocolFiles.interface`."""

    text: str
    sizes: Mapping[str, int]
    go_on: Sequence[str] | None
    results: Sequence[str]


class ProtocolFiles:
    """The protocols that one workflow file can name, each read and lowered at most once.

    Paths are relative to the file `home`, and `modules` are further folders of modules. With a
    `cache`, whose keys begin with what is `common` to all of them, heads and interfaces of texts
    that have not changed are taken from it. Unless `confined` is empty, only files below that
    folder are read.
    """

    def __init__(
        self,
        home: str,
        modules: Sequence[str],
        options: Options,
        cache: Cache | None = None,
        common: str = "",
        confined: str = "",
    ) -> None:
        self.options = options
        self._confined = confined
        self.folder = os.path.dirname(home)
        self._home = home if home.endswith(_SUFFIXES) else ""
        self._modules = tuple(modules)
        self._cache = cache
        self._common = common
        self._places: dict[str, tuple[str, str]] = {}
        self._units: dict[str, _Unit] = {}
        self._workspaces: dict[str, list[SourceProtocol]] = {}
        self._spaces: dict[str, Workspace] = {}
        self._heads: dict[str, tuple[_Unit, ProtocolHead]] = {}
        self._interfaces: dict[tuple[str, ...], SessionInterface | str] = {}
        self._graphs: dict[tuple[str, ...], PhaseGraph | str] = {}
        self._found: list[str] | None = None
        self._fetched: dict[str, bytes | None] = {}

    # Files

    def all_files(self) -> list[inputs.ReadFile]:
        """The files that protocols were taken from, with what these import."""
        found: dict[str, inputs.ReadFile] = {}
        for unit in self._units.values():
            for file in (unit.file, *unit.also):
                found.setdefault(file.path, file)
        return list(found.values())

    def head(self, text: str) -> ProtocolHead:
        """The protocol that a phase names. Raises UnknownPhaseProtocol."""
        known = self._heads.get(text)
        if known is None:
            known = self._heads[text] = self._looked_up(text)
        return known[1]

    def _looked_up(self, text: str) -> tuple[_Unit, ProtocolHead]:
        place, chosen = self._place_of(text)
        if place:
            unit = self._unit(place)
            if unit.file.diagnostic is not None:
                raise UnknownPhaseProtocol(unit.file.diagnostic.message)
            return unit, self._head_in(unit, chosen)
        return self._by_module(text)

    def _place_of(self, text: str) -> tuple[str, str]:
        """The file and the protocol that a phase names, no file where it names a module."""
        known = self._places.get(text)
        if known is None:
            known = self._places[text] = self._place(text)
        return known

    def _place(self, text: str) -> tuple[str, str]:
        path, _, chosen = text.partition("#")
        if not (path.endswith(_SUFFIXES) or "/" in path or "#" in text):
            return "", chosen
        return os.path.normpath(os.path.join(self.folder, path)).replace(os.sep, "/"), chosen

    def _unit(self, path: str) -> _Unit:
        unit = self._units.get(path)
        if unit is None:
            outside = self._is_outside(path)
            file = inputs.refused_link(path) if outside else inputs.read_found(path, ())
            also: tuple[inputs.ReadFile, ...] = ()
            if file.text is not None and may_import([file]):
                also = tuple(neighbours([file]))
            digest = "\n".join(f"{one.path}\0{one.sha256}" for one in (file, *also))
            unit = self._units[path] = _Unit(file, also, digest)
        return unit

    def _is_outside(self, path: str) -> bool:
        return bool(self._confined) and bool(escape(os.path.abspath(path), self._confined))

    def _by_module(self, text: str) -> tuple[_Unit, ProtocolHead]:
        """A protocol by the name of its module, its own name, or the name of its file.

        A file beside the workflow counts before one in the folders of modules or at the path of the
        module, and these before files in other folders.
        """
        if self._home:
            unit = self._unit(self._home)
            if any(one.is_called(text) for one in self._protocols(unit)):
                return unit, self._head_in(unit, text)
        module, _, name = text.rpartition(".")
        ways: dict[tuple[int, int], list[tuple[str, str]]] = {}
        declares = re.compile(rf"^[ \t]*protocol[ \t]+{re.escape(text)}\b", re.MULTILINE)
        for path in self._files():
            content = self._unit_text(path)
            declared = declared_modules(content)
            if text in declared:
                way, chosen = 0, text
            elif module and module in declared:
                way, chosen = 1, name
            elif path.rpartition("/")[2].rpartition(".")[0] == text:
                way, chosen = 2, ""
            elif declares.search(content):
                way, chosen = 3, text
            else:
                continue
            ways.setdefault((self._distance(path, text), way), []).append((path, chosen))
        if not ways:
            raise UnknownPhaseProtocol("no file beside this one has such a module or protocol")
        candidates = ways[min(ways)]
        if len(candidates) > 1:
            paths = [os.path.relpath(path, self.folder or ".") for path, _ in candidates]
            found = [one.replace(os.sep, "/") for one in paths]
            raise UnknownPhaseProtocol("several files fit", files=found)
        path, chosen = candidates[0]
        unit = self._unit(path)
        return unit, self._head_in(unit, chosen)

    def _distance(self, path: str, text: str) -> int:
        """0 for a file beside the workflow, 1 for one in a folder of modules or at the path that a
        module `text` has there, and 2 for others.
        """
        folder, stem = os.path.dirname(path), path.rpartition(".")[0]
        roots = [root if root != "." else "" for root in self._roots()]
        if folder == roots[0]:
            return 0
        named = [os.path.join(root, *text.split(".")).replace(os.sep, "/") for root in roots]
        return 1 if folder in roots or stem in named else 2

    def _unit_text(self, path: str) -> str:
        if path in self._units:
            return self._unit(path).file.text or ""
        return "" if self._is_outside(path) else _text_of(path)

    def _files(self) -> list[str]:
        if self._found is None:
            self._found = list(inputs.find(self._roots()))
        return self._found

    def _roots(self) -> list[str]:
        """The folder of the workflow, and the folders of modules."""
        named = [os.path.join(self.folder, one) for one in self._modules]
        folders = [one for one in named if not self._is_outside(one)]
        roots = [os.path.normpath(one or ".") for one in (self.folder or ".", *folders)]
        return [one.replace(os.sep, "/") for one in roots]

    # Heads

    def _head_in(self, unit: _Unit, chosen: str) -> ProtocolHead:
        key = self._key(unit, "head", chosen)
        stored = self._stored(key, ProtocolHead)
        if stored is not None:
            return stored
        protocols = self._protocols(unit)
        names = [one.name for one in protocols]
        fitting = [one for one in protocols if not chosen or one.is_called(chosen)]
        fitting = fitting or [one for one in protocols if _module_of(one) == chosen]
        if not fitting:
            if not protocols:
                raise UnknownPhaseProtocol(f"`{unit.file.path}` has no protocol")
            raise UnknownPhaseProtocol(f"`{unit.file.path}` has no protocol `{chosen}`", names)
        if len(fitting) > 1:
            raise UnknownPhaseProtocol(
                f"`{unit.file.path}` has several; add `#` and the name", names
            )
        head = _head(fitting[0])
        self._store(key, head)
        return head

    def _protocols(self, unit: _Unit) -> list[SourceProtocol]:
        path = unit.file.path
        if path not in self._workspaces:
            space = Workspace(
                [unit.file], self.options.dialect, self.options.event_limit, also=unit.also
            )
            self._spaces[path] = space
            self._workspaces[path] = [one for one in space.protocols() if one.source.path == path]
        return self._workspaces[path]

    # Interfaces and graphs

    def interface(
        self,
        text: str,
        sizes: Mapping[str, int],
        go_on: Sequence[str] | None,
        wanted: Sequence[str],
    ) -> SessionInterface | str:
        """The interface of a protocol, or why it has none."""
        unit, head = self._heads[text]
        parts = _parts(head, sizes, go_on, wanted)
        memory = (unit.digest, *parts)
        known = self._interfaces.get(memory)
        if known is not None:
            return known
        key = self._key(unit, "interface", *parts)
        found: SessionInterface | str | None = self._stored(key, SessionInterface)
        if found is None:
            found = self._computed(text, sizes, go_on, wanted)
            if isinstance(found, SessionInterface):
                self._store(key, found)
        self._interfaces[memory] = found
        return found

    def graph(
        self, text: str, sizes: Mapping[str, int], go_on: Sequence[str] | None
    ) -> PhaseGraph | str:
        """The graph of a protocol with its two kinds of ends, or why there is none.

        The empty text is that of an `ext` step, in which nothing is sent.
        """
        if not text:
            return silent_phase()
        unit, head = self._heads[text]
        memory = (unit.digest, *_parts(head, sizes, go_on, ()))
        known = self._graphs.get(memory)
        if known is None:
            lowered, found = self._lowered(text, sizes, timers=False)
            known = self._graphs[memory] = _phase(lowered, found, go_on)
        return known

    def refutation(self, text: str, sizes: Mapping[str, int]) -> Refuted | None:
        """The first refutation of a protocol by itself, with its run."""
        lowered, _ = self._lowered(text, sizes)
        for finding in decide_instance(lowered, self.options):
            if finding.property in _OF_SAFETY and isinstance(finding.outcome, Refuted):
                return finding.outcome
        return None

    def timed(self, text: str, sizes: Mapping[str, int]) -> TimedProtocol | None:
        """The protocol with its timers; None where it has none, or no meaning with them."""
        return self._lowered(text, sizes)[0].timed

    def _lowered(
        self, text: str, sizes: Mapping[str, int], *, timers: bool = True
    ) -> tuple[Lowered, SourceProtocol]:
        unit, head = self._heads[text]
        found = next(one for one in self._protocols(unit) if one.name == head.name)
        protocol = found.protocol
        if head.parts and not timers:
            protocol = without_timers(protocol)
        space = self._spaces[unit.file.path]
        return space.lowered(found.judged, protocol, sizes), found

    def _computed(
        self,
        text: str,
        sizes: Mapping[str, int],
        go_on: Sequence[str] | None,
        wanted: Sequence[str],
    ) -> SessionInterface | str:
        lowered, found = self._lowered(text, sizes, timers=False)
        phase = _phase(lowered, found, go_on)
        if isinstance(phase, str):
            return phase
        interface = session_interface(phase, wanted, self.options, parallel=lowered.parallel)
        if self._heads[text][1].parts:
            return self._timed_interface(interface, text, sizes, go_on, wanted)
        if interface.safety == "unknown" and not interface.reason:
            interface = _searched(interface, lowered, self.options)
        return interface

    def _timed_interface(
        self,
        plain: SessionInterface,
        text: str,
        sizes: Mapping[str, int],
        go_on: Sequence[str] | None,
        wanted: Sequence[str],
    ) -> SessionInterface | str:
        from tellverify.workflows.timed_interface import timed_interface

        lowered, found = self._lowered(text, sizes)
        if lowered.timed is None:
            return lowered.skipped[0].reason if lowered.skipped else lowered.limit
        branches = nested_branches(found.protocol)
        interface = timed_interface(plain, lowered.timed, branches, go_on, wanted, self.options)
        return _searched(interface, lowered, self.options)

    # The cache

    def _key(self, unit: _Unit, *parts: str) -> str:
        text = "\n".join((self._common, unit.digest, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def fetch_heads(self, texts: Iterable[str]) -> None:
        """Ask the cache at once for the heads of protocols that are named by their files."""
        keys: list[str] = []
        for text in dict.fromkeys(texts) if self._cache is not None else ():
            place, chosen = self._place_of(text)
            if place:
                keys.append(self._key(self._unit(place), "head", chosen))
        self._fetch(keys)

    def fetch_interfaces(self, wanted: Iterable[InterfaceWanted]) -> None:
        """Ask the cache at once for interfaces, of protocols whose heads are known."""
        keys: list[str] = []
        for one in wanted if self._cache is not None else ():
            unit, head = self._heads[one.text]
            keys.append(
                self._key(unit, "interface", *_parts(head, one.sizes, one.go_on, one.results))
            )
        self._fetch(keys)

    def _fetch(self, keys: Sequence[str]) -> None:
        asked = [key for key in dict.fromkeys(keys) if key not in self._fetched]
        if self._cache is not None and asked:
            found = self._cache.lookup(asked)
            self._fetched.update((key, found.get(key)) for key in asked)

    def _stored(self, key: str, kind: type[_Stored]) -> _Stored | None:
        self._fetch([key])
        text = self._fetched.get(key)
        if text is None:
            return None
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.DecodeError:
            return None

    def _store(self, key: str, value: msgspec.Struct) -> None:
        if self._cache is not None:
            self._cache.store(key, msgspec.json.encode(value))


def _module_of(found: SourceProtocol) -> str:
    module = found.judged.file.module
    return "" if module is None else module.name.text


def _text_of(path: str) -> str:
    return inputs.read(path).text or ""


def _parts(
    head: ProtocolHead,
    sizes: Mapping[str, int],
    go_on: Sequence[str] | None,
    wanted: Iterable[str],
) -> tuple[str, ...]:
    branches = "*" if go_on is None else ",".join(go_on)
    at = ",".join(f"{name}={size}" for name, size in sizes.items())
    return (head.name, at, branches, ",".join(wanted))


def _head(found: SourceProtocol) -> ProtocolHead:
    protocol = found.protocol
    errors = sorted(found.errors, key=lambda one: one.primary.span)
    parts: tuple[TimedPart, ...] = ()
    if _TIMER in found.source.text:
        parts = timed_parts(protocol)
    return ProtocolHead(
        found.name,
        found.source.path,
        protocol.name.span,
        tuple(_role(one) for one in declared_roles(protocol)),
        family_groups(protocol),
        tuple(dict.fromkeys(one.label for one in nested_branches(protocol))),
        errors[0].message if errors else found.judged.linked.blocked,
        errors[0].primary.span if errors else NOWHERE,
        parts,
    )


def _role(declared: ast.RoleDecl) -> ProtocolRole:
    match declared.size:
        case None:
            return ProtocolRole(declared.name.text)
        case ast.ConstIndex(value):
            return ProtocolRole(declared.name.text, True, value)
        case ast.NameIndex() | ast.AnyIndex() | ast.RangeIndex():
            return ProtocolRole(declared.name.text, True)


def _phase(
    lowered: Lowered, found: SourceProtocol, go_on: Sequence[str] | None
) -> PhaseGraph | str:
    if lowered.graph is None:
        if lowered.skipped:
            return lowered.skipped[0].reason
        return lowered.limit or "it has no graph"
    branches = () if go_on is None else nested_branches(found.protocol)
    return phase_graph(lowered.graph, branches, found.source.path, go_on)


def _searched(interface: SessionInterface, lowered: Lowered, options: Options) -> SessionInterface:
    """The interface with the outcomes for a graph outside the class of the complete theory."""
    safety: Safety = "proved"
    reason = ""
    for finding in decide_instance(lowered, options):
        if finding.property not in _OF_SAFETY:
            continue
        if lowered.timed is not None and finding.property is Property.IMPLEMENTABLE:
            continue
        match finding.outcome:
            case Refuted():
                name = f"`{finding.property}` is refuted"
                return msgspec.structs.replace(interface, safety="refuted", reason=name)
            case Unknown(why, _) | Skipped(why, _):
                safety, reason = "unknown", why
            case Bounded():
                safety = "bounded" if safety == "proved" else safety
            case Proved():
                pass
            case Assumed(why, _, _):
                safety, reason = "unknown", f"it rests on an assumption: {why}"
    return msgspec.structs.replace(interface, safety=safety, reason=reason)
