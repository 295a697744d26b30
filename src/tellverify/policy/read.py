"""Read a policy: one file, or all files of a folder, with what they import.

Nothing is half-loaded: where one file has a fault, there is no policy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from tellverify.diagnostics import policy as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.policy import rows
from tellverify.policy.model import Policy, PolicyOrigin
from tellverify.policy.rows import PolicyFile
from tellverify.source.builtin_policies import (
    NAMES,
    PREFIX,
    files_of,
    is_builtin,
    is_folder,
    located,
)
from tellverify.source.dependencies import circles
from tellverify.source.files import Unreadable
from tellverify.source.span import NOWHERE, Span
from tellverify.source.text import SourceFile, read_text
from tellverify.source.toml import LARGEST, TomlDocument, TomlFault, decode, read_toml

_R = TypeVar("_R")
_T = TypeVar("_T")
_MOST_FILES: Final = 200


class PolicyRead(msgspec.Struct, frozen=True):
    """A policy, or None and why; `sources` are the texts that findings point into, by path."""

    policy: Policy | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, SourceFile]


class _PolicyFile(msgspec.Struct, frozen=True):
    document: TomlDocument
    rows: PolicyFile


def read_policy(path: str, also: Sequence[str] = ()) -> PolicyRead:
    """The policy in a file, or in the `*.toml` files of a folder in the order of their names.

    The files of `also` are read after it, and may add to it. `builtin:aura` names the policy that
    comes with the package.
    """
    reader = _PolicyReader()
    shown = path.replace(os.sep, "/")
    if is_folder(path):
        try:
            found = files_of(path)
        except OSError as error:
            found = ()
            reader.faults.append(say.unreadable(shown, (error.strerror or "no access").lower()))
        if not found and not reader.faults:
            builtin = f"{PREFIX}{shown}" if shown in NAMES else ""
            reason = "the folder holds no `*.toml` file"
            reader.faults.append(say.unreadable(shown, reason, builtin))
        for name in found:
            reader.read(name)
    else:
        reader.read(path)
    for more in also:
        reader.read(more)
    return reader.finished(shown)


def read_policy_text(text: str, path: str = "<policy>") -> PolicyRead:
    """A policy given as text; it may not import anything."""
    reader = _PolicyReader()
    reader.add(path, text)
    return reader.finished(path)


def policy_of_rows(content: PolicyFile, path: str = "<policy>") -> PolicyRead:
    """A policy that a program has put together; its rows are written nowhere."""
    document = TomlDocument(SourceFile(path, ""), {}, {}, {})
    merge = _Merge([_PolicyFile(document, content)])
    policy = merge.policy(path)
    found = tuple(dict.fromkeys(merge.faults))
    return PolicyRead(None if found else policy, found, {path: document.source})


class _PolicyReader:
    """All files of a policy, each read once, in the order of imports."""

    def __init__(self) -> None:
        self.faults: list[Diagnostic] = []
        self._files: dict[str, _PolicyFile] = {}
        self._sources: dict[str, SourceFile] = {}
        self._seen: dict[str, str] = {}
        self._imports: dict[str, dict[str, Span]] = {}

    def read(self, path: str) -> None:
        """Read a file and all that it imports, at any distance."""
        pending: list[tuple[str, str, Span]] = [(path, "", NOWHERE)]
        while pending:
            target, importer, span = pending.pop()
            # What has a zero byte is no path, and is said to be unreadable where it is entered.
            key = target if "\0" in target else os.path.realpath(located(target))
            if key not in self._seen:
                self._seen[key] = os.path.normpath(target).replace(os.sep, "/")
                pending.extend(reversed(self._enter(target, importer, span)))
            if importer:
                self._imports[importer].setdefault(self._seen[key], span)

    def _enter(self, path: str, importer: str, span: Span) -> list[tuple[str, str, Span]]:
        """Read a file that was not seen before; its imports with their places."""
        shown = os.path.normpath(path).replace(os.sep, "/")
        self._imports[shown] = {}
        if len(self._seen) > _MOST_FILES:
            self.faults.append(say.unreadable(shown, f"there are more than {_MOST_FILES} files"))
            return []
        text = _text_of(path)
        if isinstance(text, _Unreadable):
            self.faults.append(
                say.import_not_found(importer, span, shown, text.reason)
                if importer
                else say.unreadable(shown, text.reason)
            )
            return []
        found = self.add(shown, text)
        if found is None:
            return []
        folder = os.path.dirname(path)
        return [
            (file, shown, found.document.span_of(("import", index)))
            for index, name in enumerate(found.rows.import_)
            for file in _imported(folder, name)
        ]

    def add(self, path: str, text: str) -> _PolicyFile | None:
        """Take a text in; None after a fault was noted."""
        self._sources[path] = SourceFile(path, text)
        document = read_toml(path, text)
        if isinstance(document, TomlFault):
            self.faults.append(say.not_toml(path, document.span, document.message))
            return None
        decoded = decode(document, PolicyFile)
        if isinstance(decoded, TomlFault):
            self.faults.append(say.misshapen(path, decoded.span, decoded.message))
            return None
        self._files[path] = _PolicyFile(document, decoded)
        return self._files[path]

    def finished(self, path: str) -> PolicyRead:
        """The policy of all files that were read."""
        policy = None
        for circle in circles(self._imports):
            importer = circle[-1]
            self.faults.append(
                say.import_cycle(importer, self._imports[importer][circle[0]], circle)
            )
        if not self.faults:
            merge = _Merge(list(self._files.values()))
            policy = merge.policy(path)
            self.faults.extend(merge.faults)
        found = tuple(dict.fromkeys(self.faults))
        return PolicyRead(None if found else policy, found, self._sources)


class _Unreadable(msgspec.Struct, frozen=True):
    reason: str


def _imported(folder: str, name: str) -> tuple[str, ...]:
    """The files behind an entry of `import`: one, or all of a policy of the package."""
    if not is_builtin(name):
        return (os.path.join(folder, name),)
    return files_of(name) if is_folder(name) else (name,)


def _text_of(path: str) -> str | _Unreadable:
    try:
        return read_text(located(path), LARGEST)
    except Unreadable as error:
        if is_builtin(path):
            return _Unreadable(f"the package has no such policy; it has {', '.join(NAMES)}")
        return _Unreadable(str(error))


class _Merge:
    """The rows of all files together; two rows of one name are a fault."""

    def __init__(self, files: Sequence[_PolicyFile]) -> None:
        self.faults: list[Diagnostic] = []
        self._files = files
        self._origins: dict[tuple[str, str], PolicyOrigin] = {}

    def _named(
        self,
        section: str,
        of: Callable[[PolicyFile], Sequence[_R]],
        name: Callable[[_R], str],
        key: str = "name",
    ) -> dict[str, _R]:
        found: dict[str, _R] = {}
        for file in self._files:
            for index, row in enumerate(of(file.rows)):
                title = name(row)
                before = self._origins.get((section, title))
                if before is not None:
                    self._twice(section, title, file.document, (section, index), key, before)
                    continue
                self._origins[section, title] = PolicyOrigin(file.document, (section, index))
                found[title] = row
        return found

    def _single(self, section: str, of: Callable[[PolicyFile], _T | None], default: _T) -> _T:
        found: _T | None = None
        for file in self._files:
            row = of(file.rows)
            if row is None:
                continue
            before = self._origins.get((section, ""))
            if before is not None:
                self._twice(section, "", file.document, (section,), "", before)
                continue
            self._origins[section, ""] = PolicyOrigin(file.document, (section,))
            found = row
        return default if found is None else found

    def _twice(
        self,
        section: str,
        title: str,
        document: TomlDocument,
        at: tuple[str | int, ...],
        key: str,
        before: PolicyOrigin,
    ) -> None:
        here = document.span_of((*at, key)) if key else document.key_of(at)
        there = (
            before.document.span_of((*before.at, key)) if key else before.document.key_of(before.at)
        )
        first = (before.document.source.path, there)
        self.faults.append(say.duplicate(document.source.path, here, section, title, first))

    def policy(self, path: str) -> Policy:
        """Rows by name; faults are noted on the way."""
        named, single = self._named, self._single
        protocols = named("protocols", lambda f: f.protocols, lambda r: r.name, "id")
        named_by = [file.rows for file in self._files if file.rows.name][:1]
        waves = named("waves", lambda f: f.waves, lambda r: r.name)
        goals = named("non_goals", lambda f: f.non_goals, lambda r: r.name)
        return Policy(
            name=next((head.name for head in named_by), os.path.basename(path.rstrip("/")) or path),
            path=path,
            families=named("families", lambda f: f.families, lambda r: r.name),
            capabilities=named("capabilities", lambda f: f.capabilities, lambda r: r.key, "key"),
            surfaces=named("surfaces", lambda f: f.surfaces, lambda r: r.name),
            consumers=named("consumers", lambda f: f.consumers, lambda r: r.name),
            dependences=named("dependences", lambda f: f.dependences, lambda r: r.name),
            packs=named("packs", lambda f: f.packs, lambda r: r.name),
            protocols=protocols,
            qualified=self._qualified(protocols),
            waves=waves,
            non_goals=goals,
            grants=named("grants", lambda f: f.grants, lambda r: r.key, "key"),
            runtimes=named("runtimes", lambda f: f.runtimes, lambda r: r.name),
            determinism=named("determinism", lambda f: f.determinism, lambda r: r.ref, "ref"),
            classes=named("classes", lambda f: f.classes, lambda r: r.name),
            annotations=named("annotations", lambda f: f.annotations, lambda r: r.key, "key"),
            roots=named("roots", lambda f: f.roots, lambda r: r.name),
            legacy=named("legacy", lambda f: f.legacy, lambda r: r.name),
            ceremonies=named("ceremonies", lambda f: f.ceremonies, lambda r: r.name),
            ceremony_facts=named(
                "ceremony_facts", lambda f: f.ceremony_facts, lambda r: r.variant, "variant"
            ),
            categories=named("categories", lambda f: f.categories, lambda r: r.name),
            adaptive_privacy=single(
                "adaptive_privacy", lambda f: f.adaptive_privacy, rows.AdaptivePrivacy()
            ),
            admission=single("admission", lambda f: f.admission, rows.Admission(runtime="")),
            links=single("links", lambda f: f.links, rows.Links()),
            guard_chain=single("guard_chain", lambda f: f.guard_chain, rows.GuardChain(order=())),
            budgets=single("budgets", lambda f: f.budgets, rows.Budgets()),
            leakage=single("leakage", lambda f: f.leakage, rows.Leakage()),
            gathers=single("gathers", lambda f: f.gathers, rows.Gathers()),
            ceremony_names=named(
                "ceremony_names", lambda f: f.ceremony_names, lambda r: r.protocol, "protocol"
            ),
            code=named("code", lambda f: f.code, lambda r: r.protocol, "protocol"),
            admission_tables=named(
                "admission_tables",
                lambda f: f.admission_tables,
                lambda r: f"{r.file}:{r.function}",
                "function",
            ),
            admission_tests=single("admission_tests", lambda f: f.admission_tests, rows.NO_TESTS),
            by_file=_several(
                (file.rpartition("/")[2], name)
                for name, row in protocols.items()
                for file in row.files
            ),
            wave_by_protocol={
                member: wave.name for wave in reversed(waves.values()) for member in wave.protocols
            },
            goals_by_protocol=_several(
                (member, goal.name) for goal in goals.values() for member in goal.protocols
            ),
            origins=self._origins,
            documents=tuple(file.document for file in self._files),
            version=next((head.version for head in named_by), ""),
        )

    def _qualified(self, protocols: Mapping[str, rows.ProtocolEntry]) -> dict[str, str]:
        """The names of the rows of protocols by qualified name; of two with one, the later."""
        found: dict[str, str] = {}
        for name, row in protocols.items():
            if row.qualified in found:
                origin = self._origins["protocols", name]
                before = self._origins["protocols", found[row.qualified]]
                self._twice(
                    "protocols", row.qualified, origin.document, origin.at, "protocol", before
                )
            found[row.qualified] = name
        return found


def _several(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """All second parts of the pairs that have one first part, each once."""
    found: dict[str, dict[str, None]] = {}
    for first, second in pairs:
        found.setdefault(first, {})[second] = None
    return {first: tuple(seconds) for first, seconds in found.items()}
