"""The exception of a configuration that cannot be used."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic
from tellverify.source.text import SourceFile


class RefusedFile(Exception):
    """There is a configuration, and it cannot be used: why, and the text that was read."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], source: SourceFile) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics
        self.source = source
