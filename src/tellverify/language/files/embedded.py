"""The choreographies of files: one in a `.tell` file, any number in other files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.files import inputs
from tellverify.language.syntax.parser import Parsed
from tellverify.language.syntax.surface import read_tell
from tellverify.source.text import SourceFile


class Unit(msgspec.Struct, frozen=True):
    """A file with the choreographies in it, and what is wrong apart from them."""

    file: inputs.ReadFile
    source: SourceFile
    parsed: tuple[Parsed, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def units(files: Iterable[inputs.ReadFile]) -> Iterator[Unit]:
    """The files in their order, each followed by the files that it includes, each of these once."""
    seen: set[str] = set()
    included: set[str] = set()
    for file in files:
        place = os.path.abspath(file.path)
        if place in included:
            continue
        seen.add(place)
        source = file.source()
        if file.diagnostic is not None:
            yield Unit(file, source, (), (file.diagnostic,))
        elif file.path.endswith(inputs.EMBEDDING):
            unit, found = _embedding(file, source)
            yield unit
            for inner in found:
                place = os.path.abspath(inner.path)
                if place not in seen:
                    seen.add(place)
                    included.add(place)
                    text = inner.source()
                    yield Unit(inner, text, (read_tell(text),))
        else:
            yield Unit(file, source, (read_tell(source),))


def _embedding(file: inputs.ReadFile, source: SourceFile) -> tuple[Unit, list[inputs.ReadFile]]:
    """A Rust source or Markdown page, and the files that it includes."""
    from tellverify.language.files.extraction import extract, read_fragment

    found = extract(source)
    said = list(found.diagnostics)
    files: list[inputs.ReadFile] = []
    folder = os.path.dirname(file.path)
    for include in found.includes:
        path = os.path.normpath(os.path.join(folder, include.path)).replace(os.sep, "/")
        inner = inputs.read(path, embedded=False)
        if inner.diagnostic is None:
            files.append(inner)
        else:
            reason = inner.diagnostic.message.removeprefix("cannot read this file: ")
            said.append(say.missing_include(file.path, include.span, include.path, reason))
    parsed = tuple(read_fragment(source, fragment) for fragment in found.fragments)
    return Unit(file, source, parsed, tuple(said)), files
