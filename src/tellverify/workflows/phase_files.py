"""The files that hold the protocols of phases: named by a path, or found by a module."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.language.files import inputs
from tellverify.language.files.neighbours import declared_modules, neighbours
from tellverify.language.linking.modules import may_import
from tellverify.verification.output_paths import escape

_SUFFIXES: Final = (".tell", ".rs", ".md", ".markdown")


class UnknownPhaseProtocol(Exception):
    """No protocol is called so, or several `files` are; `others` are names that there are."""

    def __init__(self, reason: str, others: Sequence[str] = (), files: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.others = tuple(others)
        self.files = tuple(files)


class ProtocolUnit(msgspec.Struct, frozen=True):
    """A file with what it imports, and the digest of all of it."""

    file: inputs.ReadFile
    also: tuple[inputs.ReadFile, ...]
    digest: str


class PhaseFiles:
    """The files that one workflow file can name, each read at most once.

    Paths are relative to the file `home`, and `modules` are further folders of modules. Unless
    `confined` is empty, only files below that folder are read.
    """

    def __init__(self, home: str, modules: Sequence[str], confined: str = "") -> None:
        self._folder = os.path.dirname(home)
        self.home = home if home.endswith(_SUFFIXES) else ""
        self._confined = confined
        self._modules = tuple(modules)
        self._places: dict[str, tuple[str, str]] = {}
        self._units: dict[str, ProtocolUnit] = {}
        self._found: list[str] | None = None

    def all_files(self) -> list[inputs.ReadFile]:
        """The files that protocols were taken from, with what these import."""
        found: dict[str, inputs.ReadFile] = {}
        for unit in self._units.values():
            for file in (unit.file, *unit.also):
                found.setdefault(file.path, file)
        return list(found.values())

    def place_of(self, text: str) -> tuple[str, str]:
        """The file and the protocol that a phase names, no file where it names a module."""
        known = self._places.get(text)
        if known is None:
            known = self._places[text] = self._place(text)
        return known

    def _place(self, text: str) -> tuple[str, str]:
        path, _, chosen = text.partition("#")
        if not (path.endswith(_SUFFIXES) or "/" in path or "#" in text):
            return "", chosen
        return os.path.normpath(os.path.join(self._folder, path)).replace(os.sep, "/"), chosen

    def unit(self, path: str) -> ProtocolUnit:
        """The file at `path` with what it imports; its diagnostic says if it cannot be read."""
        unit = self._units.get(path)
        if unit is None:
            outside = self._is_outside(path)
            file = inputs.refused_link(path) if outside else inputs.read_found(path, ())
            also: tuple[inputs.ReadFile, ...] = ()
            if file.text is not None and may_import([file]):
                also = tuple(neighbours([file]))
            digest = "\n".join(f"{one.path}\0{one.sha256}" for one in (file, *also))
            unit = self._units[path] = ProtocolUnit(file, also, digest)
        return unit

    def _is_outside(self, path: str) -> bool:
        return bool(self._confined) and bool(escape(os.path.abspath(path), self._confined))

    def by_module(self, text: str) -> tuple[str, str]:
        """The file and the protocol in it that the name of a module, a protocol or a file gives.

        A file beside the workflow counts before one in the folders of modules or at the path of the
        module, and these before files in other folders. Raises UnknownPhaseProtocol.
        """
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
            paths = [os.path.relpath(path, self._folder or ".") for path, _ in candidates]
            found = [one.replace(os.sep, "/") for one in paths]
            raise UnknownPhaseProtocol("several files fit", files=found)
        return candidates[0]

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
            return self.unit(path).file.text or ""
        return "" if self._is_outside(path) else inputs.read(path).text or ""

    def _files(self) -> list[str]:
        if self._found is None:
            self._found = list(inputs.find(self._roots()))
        return self._found

    def _roots(self) -> list[str]:
        """The folder of the workflow, and the folders of modules."""
        named = [os.path.join(self._folder, one) for one in self._modules]
        folders = [one for one in named if not self._is_outside(one)]
        roots = [os.path.normpath(one or ".") for one in (self._folder or ".", *folders)]
        return [one.replace(os.sep, "/") for one in roots]
