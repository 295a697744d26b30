"""Why a check cannot begin: a configuration that cannot be used, or a cluster."""

from __future__ import annotations

from tellverify.diagnostics.model import Diagnostic
from tellverify.source.text import SourceFile


class RefusedFile(Exception):
    """There is a configuration, and it cannot be used: why, and the text that was read."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], source: SourceFile) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics
        self.source = source


class ClusterFailure(Exception):
    """The cluster cannot be used; the text says why."""
