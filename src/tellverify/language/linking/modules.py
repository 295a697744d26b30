"""The imports of all files of one check: every file is judged after those that it imports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.flow import UNBOUND_CONTINUE
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.structure import UNDECLARED_ROLE, UNKNOWN_CALL, UNUSED_ROLE
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.files.embedded import Unit
from tellverify.language.files.inputs import ReadFile
from tellverify.language.linking.imports import NOT_LINKED, Linked, LinkedModule, Linker, module_of
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import Parsed
from tellverify.source.dependencies import circles, in_order
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_MAY_IMPORT: Final = re.compile(r"^[ \t]*import\b|\binclude_str\b|#include\b", re.MULTILINE)
_IMPORTING: Final = ("import", "include_str", "#include")

_MISSES_SOMETHING: Final = frozenset(
    ("TV203", "TV232", "TV242", "TV243", "TV246", "TV249", "TV251", "TV254")
)
_MISSES_A_NAME: Final = (UNDECLARED_ROLE, UNKNOWN_CALL, UNBOUND_CONTINUE)
_WORD: Final = re.compile(r"\w+")


class CheckedFile(msgspec.Struct, frozen=True):
    """A choreography with the faults of its text and what it imports from other files.

    `limits` says of protocols, by the place of their names, why they were too large to be judged.
    A text that `is_part` of a protocol has no roles to account for, and nothing launches it.
    """

    file: ast.File
    source: SourceFile
    said: tuple[Diagnostic, ...]
    linked: Linked = NOT_LINKED
    limits: Mapping[Span, str] = {}
    is_part: bool = False


def judged_alone(parsed: Parsed, source: SourceFile) -> CheckedFile:
    """A choreography of which no import is resolved."""
    said = (*parsed.diagnostics, *_about_structure(parsed, source))
    return CheckedFile(parsed.file, source, said, is_part=parsed.is_part)


def _about_structure(
    parsed: Parsed, source: SourceFile, linked: Linked = NOT_LINKED
) -> Iterator[Diagnostic]:
    """The faults of the structure; a part of a protocol need not use the roles it names."""
    found = check_structure(parsed.file, source, linked)
    for one in without_consequences(parsed, source, found):
        if not (parsed.is_part and one.code is UNUSED_ROLE):
            yield one


def without_consequences(
    parsed: Parsed, source: SourceFile, found: Iterable[Diagnostic]
) -> list[Diagnostic]:
    """The faults of the structure of a file.

    Those that may follow from a part that could not be read are left out: missing parts, names
    that stand on a line with a fault of the text and may be declared there, and warnings.
    """
    file = parsed.file
    if file.complete and all(protocol.complete for protocol in file.protocols):
        return list(found)
    broken = {
        word
        for one in parsed.diagnostics
        if one.severity is Severity.ERROR
        for word in _WORD.findall(_line_of(source.text, one.primary.span.start))
    }
    return [
        one
        for one in found
        if one.severity is Severity.ERROR
        and one.code.number not in _MISSES_SOMETHING
        and not (
            one.code in _MISSES_A_NAME
            and source.text[one.primary.span.start : one.primary.span.end] in broken
        )
    ]


def _line_of(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


def may_import(files: Iterable[ReadFile]) -> bool:
    """Whether all files must be read before one is judged; most checks need not do that."""
    return any(file.text is not None and _may_import(file.text) for file in files)


def _may_import(text: str) -> bool:
    if not any(word in text for word in _IMPORTING):  # much faster than to look at every line
        return False
    return _MAY_IMPORT.search(text) is not None


class Modules:
    """The choreographies of one check by their place, with the modules that they declare."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._nodes = [(parsed, unit.source) for unit in units for parsed in unit.parsed]
        self._numbers = {id(parsed): number for number, (parsed, _) in enumerate(self._nodes)}
        self._by_name: dict[str, list[int]] = {}
        for number, (parsed, _) in enumerate(self._nodes):
            if parsed.file.module is not None:
                self._by_name.setdefault(parsed.file.module.name.text, []).append(number)
        self._wanted = {
            item.module.text for parsed, _ in self._nodes for item in parsed.file.imports
        }
        self._judged: dict[int, CheckedFile] = {}
        self._modules: dict[int, LinkedModule] = {}
        needs = {number: tuple(self._imports(number)) for number in range(len(self._nodes))}
        self._order = in_order(needs)
        self._circles = {(one[-1], one[0]): one for one in circles(needs)}

    def judged(self, parsed: Parsed) -> CheckedFile:
        """One of the choreographies."""
        number = self._numbers[id(parsed)]
        while number not in self._judged:
            self._judge(next(self._order))
        return self._judged[number]

    def _imports(self, number: int) -> Iterator[int]:
        for item in self._nodes[number][0].file.imports:
            yield from self._by_name.get(item.module.text, ())

    def _judge(self, number: int) -> None:
        parsed, source = self._nodes[number]
        file = parsed.file
        linked, found = NOT_LINKED, []
        if file.imports:
            linker = Linker(
                file,
                source,
                lambda name: [
                    self._modules[one]
                    for one in self._by_name.get(name, ())
                    if one in self._modules
                ],
                lambda name: self._circle(number, name),
                list(self._by_name),
                alone=len(self._nodes) == 1,
            )
            linked = linker.link()
            found = linker.found
        said = (*parsed.diagnostics, *_about_structure(parsed, source, linked), *found)
        self._judged[number] = CheckedFile(file, source, said, linked, is_part=parsed.is_part)
        if file.module is not None and file.module.name.text in self._wanted:
            self._modules[number] = module_of(
                file, source, linked, _blocked(file, source, said, linked)
            )

    def _circle(self, importer: int, name: str) -> list[str]:
        """The modules from the one called `name` to its importer, if these form a cycle."""
        for number in self._by_name.get(name, ()):
            if (importer, number) in self._circles:
                modules = [
                    self._nodes[one][0].file.module for one in self._circles[importer, number]
                ]
                return [module.name.text if module is not None else "" for module in modules]
        return []


def _blocked(file: ast.File, source: SourceFile, said: Sequence[Diagnostic], linked: Linked) -> str:
    """Why no other file can use the protocols of this one."""
    if any(each.severity is Severity.ERROR for each in said):
        return f"`{source.path}`, which has errors"
    if not file.complete:
        return f"`{source.path}`, which could not be read"
    if linked.blocked:
        return f"`{source.path}`, where {linked.blocked}"
    return ""
