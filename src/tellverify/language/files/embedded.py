"""The choreographies of files: one in a `.tell` file, any number in other files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.files import inputs
from tellverify.language.files.work_tree import leads_out
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import Parsed
from tellverify.language.syntax.surface import read_tell
from tellverify.source.text import SourceFile

if TYPE_CHECKING:
    from tellverify.language.files.extraction import Include, Namespace

_CRATE: Final = "Cargo.toml"
_INCLUDES: Final = "include_str"


class Unit(msgspec.Struct, frozen=True):
    """A file with the choreographies in it, and the faults outside of them."""

    file: inputs.ReadFile
    source: SourceFile
    parsed: tuple[Parsed, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def included_places(file: inputs.ReadFile) -> list[list[str]]:
    """Where each file that a file includes is looked for, in this order, there or not."""
    if not inputs.may_include(file):
        return []
    from tellverify.language.files.extraction import extract

    includes = extract(file.source()).includes
    return [_places(file.path, one) for one in includes]


def units(files: Iterable[inputs.ReadFile]) -> Iterator[Unit]:
    """The files in their order, each followed by the files that it includes, each of these once.

    A file that a `tell!` includes has the namespace of that call, wherever it stands.
    """
    listed = list(files)
    including = {
        file.path: _embedding(file, file.source())
        for file in listed
        if file.path.endswith(inputs.EMBEDDING) and file.text is not None and _INCLUDES in file.text
    }
    known: dict[str, Unit] = {}
    for _, found in including.values():
        for inner in found:
            known.setdefault(os.path.abspath(inner.file.path), inner)
    seen: set[str] = set()
    included: set[str] = set()
    for file in listed:
        place = os.path.abspath(file.path)
        if place in included:
            continue
        seen.add(place)
        source = file.source()
        if file.diagnostic is not None:
            yield Unit(file, source, (), (file.diagnostic,))
        elif file.path.endswith(inputs.EMBEDDING):
            unit, found = including.get(file.path) or _embedding(file, source)
            yield unit
            for inner in found:
                place = os.path.abspath(inner.file.path)
                if place not in seen:
                    seen.add(place)
                    included.add(place)
                    yield inner
        elif place in known:
            yield Unit(file, source, known[place].parsed)
        else:
            yield Unit(file, source, (read_tell(source),))


def _embedding(file: inputs.ReadFile, source: SourceFile) -> tuple[Unit, list[Unit]]:
    """A Rust source or Markdown page, and the files that it includes."""
    from tellverify.language.files.extraction import extract, read_fragment

    found = extract(source)
    said = list(found.diagnostics)
    files: list[Unit] = []
    for include in found.includes:
        inner, finding = _included(file.path, include)
        said += [finding] if finding is not None else []
        if inner is None:
            continue
        text = inner.source()
        named = _named(read_tell(text), include.namespace, file.path, said)
        files.append(Unit(inner, text, (named,)))
    parsed = tuple(
        _named(read_fragment(source, fragment), fragment.namespace, file.path, said)
        for fragment in found.fragments
    )
    return Unit(file, source, _told_once(parsed), tuple(said)), files


def _told_once(parsed: tuple[Parsed, ...]) -> tuple[Parsed, ...]:
    """The choreographies of a file, where only the first in the old spelling has the note on it."""
    found: list[Parsed] = []
    is_told = False
    for one in parsed:
        is_old = any(each.code is say.OLD_SPELLING for each in one.diagnostics)
        if is_old and is_told:
            rest = tuple(each for each in one.diagnostics if each.code is not say.OLD_SPELLING)
            one = msgspec.structs.replace(one, diagnostics=rest)
        is_told = is_told or is_old
        found.append(one)
    return tuple(found)


def _named(
    parsed: Parsed, namespace: Namespace | None, path: str, said: list[Diagnostic]
) -> Parsed:
    """A choreography with the namespace that its `tell!` gives it; `said` gets the faults.

    Aura's macro takes the namespace from the attribute or the `module` of the text, refuses a
    text that has neither, and one whose two namespaces differ.
    """
    file = parsed.file
    if namespace is None or not file.complete or not file.protocols:
        return parsed
    module = file.module
    if module is not None:
        if namespace.text and namespace.text != module.name.text:
            said.append(say.two_namespaces(path, namespace.span, namespace.text, module.name.text))
        return parsed
    if not namespace.text:
        said.append(say.no_namespace(path, namespace.span, is_example=namespace.is_example))
        return parsed
    exposing = tuple(protocol.name for protocol in file.protocols[:1])
    name = ast.Name(namespace.text)
    given = msgspec.structs.replace(file, module=ast.Module(name, exposing))
    return msgspec.structs.replace(parsed, file=given)


def _included(path: str, include: Include) -> tuple[inputs.ReadFile | None, Diagnostic | None]:
    """The file that `path` includes, and the findings about its place."""
    crate = _crate_with(path, include)
    reasons: dict[str, str] = {}
    for place in _places(path, include):
        is_inside = not leads_out(place)
        inner = inputs.read(place, embedded=False) if is_inside else inputs.refused_link(place)
        if inner.diagnostic is not None:
            reasons[place] = inner.diagnostic.message.removeprefix("cannot read this file: ")
        elif reasons:
            where = (crate or ".").replace(os.sep, "/")
            return inner, say.include_beside(path, include.span, include.path, where)
        else:
            return inner, None
    return None, say.missing_include(
        path,
        include.span,
        include.path,
        reasons,
        in_crate=crate is not None,
        is_example=include.namespace is not None and include.namespace.is_example,
    )


def _places(path: str, include: Include) -> list[str]:
    """Where a file is looked for that `path` includes.

    Aura's macro joins the path of `include_str!` to the folder of the crate, so that is where it is
    looked for first, and then beside the file. A page of a book includes relative to itself.
    """
    folder = os.path.dirname(path)
    crate = _crate_with(path, include)
    starts = [folder if crate is None else crate, *([] if include.is_in_crate else [folder])]
    found = (os.path.normpath(os.path.join(start, include.path)) for start in starts)
    return list(dict.fromkeys(place.replace(os.sep, "/") for place in found))


def _crate_with(path: str, include: Include) -> str | None:
    return _crate_of(os.path.dirname(path)) if include.namespace is not None else None


def _crate_of(folder: str) -> str | None:
    """The nearest folder with a `Cargo.toml`, upwards from `folder`; None if there is none."""
    above = folder or "."
    here = os.path.abspath(above)
    while not os.path.isfile(os.path.join(here, _CRATE)):
        parent = os.path.dirname(here)
        if parent == here:
            return None
        here, above = parent, os.path.join(above, os.pardir)
    return os.path.normpath(above)
