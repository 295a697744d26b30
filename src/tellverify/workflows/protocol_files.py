"""The protocols that phases name: found by file or module, lowered, and kept as interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from tellverify.language.files import inputs
from tellverify.language.lowering.lower import Lowered
from tellverify.language.workspace import SourceProtocol, Workspace
from tellverify.model.timed_text import TimedProtocol
from tellverify.obligations.options import Options
from tellverify.obligations.table import decide_instance
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.workflows.interfaces import Safety, SessionInterface, session_interface
from tellverify.workflows.outcomes import PhaseGraph, nested_branches, phase_graph, silent_phase
from tellverify.workflows.phase_files import PhaseFiles, ProtocolUnit, UnknownPhaseProtocol
from tellverify.workflows.protocol_heads import ProtocolHead, head_of
from tellverify.workflows.stored_values import StoredValues
from tellverify.workflows.timers import without_timers

if TYPE_CHECKING:
    from tellverify.verification.cache import Cache

_OF_SAFETY: Final = (
    Property.IMPLEMENTABLE,
    Property.NO_STUCK_ROLE,
    Property.NO_DEADLOCK,
    Property.NO_ORPHAN_MESSAGE,
    Property.NO_UNSPECIFIED_RECEPTION,
    Property.TIMEOUT_AGREEMENT,
)
"""What a protocol has to satisfy by itself; the first two imply the rest where it has no timers."""


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
        self._files = PhaseFiles(home, modules, confined)
        self._values = StoredValues(cache, common)
        self._workspaces: dict[str, list[SourceProtocol]] = {}
        self._spaces: dict[str, Workspace] = {}
        self._heads: dict[str, tuple[ProtocolUnit, ProtocolHead]] = {}
        self._interfaces: dict[tuple[str, ...], SessionInterface | str] = {}
        self._graphs: dict[tuple[str, ...], PhaseGraph | str] = {}

    def all_files(self) -> list[inputs.ReadFile]:
        """The files that protocols were taken from, with what these import."""
        return self._files.all_files()

    def head(self, text: str) -> ProtocolHead:
        """The protocol that a phase names. Raises UnknownPhaseProtocol."""
        known = self._heads.get(text)
        if known is None:
            known = self._heads[text] = self._looked_up(text)
        return known[1]

    def _looked_up(self, text: str) -> tuple[ProtocolUnit, ProtocolHead]:
        place, chosen = self._files.place_of(text)
        if place:
            unit = self._files.unit(place)
            if unit.file.diagnostic is not None:
                raise UnknownPhaseProtocol(unit.file.diagnostic.message)
            return unit, self._head_in(unit, chosen)
        return self._by_module(text)

    def _by_module(self, text: str) -> tuple[ProtocolUnit, ProtocolHead]:
        """A protocol by the name of its module, its own name, or the name of its file."""
        files = self._files
        if files.home:
            unit = files.unit(files.home)
            if any(one.is_called(text) for one in self._protocols(unit)):
                return unit, self._head_in(unit, text)
        path, chosen = files.by_module(text)
        unit = files.unit(path)
        return unit, self._head_in(unit, chosen)

    def _head_in(self, unit: ProtocolUnit, chosen: str) -> ProtocolHead:
        key = self._values.key(unit.digest, "head", chosen)
        stored = self._values.stored(key, ProtocolHead)
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
        head = head_of(fitting[0])
        self._values.store(key, head)
        return head

    def _protocols(self, unit: ProtocolUnit) -> list[SourceProtocol]:
        path = unit.file.path
        if path not in self._workspaces:
            space = Workspace(
                [unit.file], self.options.dialect, self.options.event_limit, also=unit.also
            )
            self._spaces[path] = space
            self._workspaces[path] = [one for one in space.protocols() if one.source.path == path]
        return self._workspaces[path]

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
        key = self._values.key(unit.digest, "interface", *parts)
        found: SessionInterface | str | None = self._values.stored(key, SessionInterface)
        if found is None:
            found = self._computed(text, sizes, go_on, wanted)
            if isinstance(found, SessionInterface):
                self._values.store(key, found)
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

    def fetch_heads(self, texts: Iterable[str]) -> None:
        """Ask the cache at once for the heads of protocols that are named by their files."""
        keys: list[str] = []
        for text in dict.fromkeys(texts) if self._values.has_cache else ():
            place, chosen = self._files.place_of(text)
            if place:
                keys.append(self._values.key(self._files.unit(place).digest, "head", chosen))
        self._values.fetch(keys)

    def fetch_interfaces(self, wanted: Iterable[InterfaceWanted]) -> None:
        """Ask the cache at once for interfaces, of protocols whose heads are known."""
        keys: list[str] = []
        for one in wanted if self._values.has_cache else ():
            unit, head = self._heads[one.text]
            parts = _parts(head, one.sizes, one.go_on, one.results)
            keys.append(self._values.key(unit.digest, "interface", *parts))
        self._values.fetch(keys)


def _module_of(found: SourceProtocol) -> str:
    module = found.judged.file.module
    return "" if module is None else module.name.text


def _parts(
    head: ProtocolHead,
    sizes: Mapping[str, int],
    go_on: Sequence[str] | None,
    wanted: Iterable[str],
) -> tuple[str, ...]:
    branches = "*" if go_on is None else ",".join(go_on)
    at = ",".join(f"{name}={size}" for name, size in sizes.items())
    return (head.name, at, branches, ",".join(wanted))


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
