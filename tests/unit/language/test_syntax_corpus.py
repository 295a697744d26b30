"""Real files, where they are at hand: they are read without a fault."""

from __future__ import annotations

from pathlib import Path

from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"


def test_real_files_are_read_without_a_fault() -> None:
    for path in sorted(CORPUS.rglob("*.tell")):
        result = parse(SourceFile(path.name, path.read_text()))
        assert (path.name, result.diagnostics) == (path.name, ())
        assert len(result.file.protocols) == 1
