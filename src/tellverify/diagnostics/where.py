"""The part that all findings about one protocol have in common."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.diagnostics.model import Annotation, Code, Diagnostic, Severity
from tellverify.source.span import Span


class Where(msgspec.Struct, frozen=True):
    """The file and protocol that findings are about."""

    path: str
    protocol: str = ""

    def finding(
        self,
        code: Code,
        message: str,
        primary: tuple[Span, str],
        *,
        others: Sequence[tuple[Span, str]] = (),
        notes: tuple[str, ...] = (),
        helps: tuple[str, ...] = (),
        upstream: str = "",
        severity: Severity | None = None,
    ) -> Diagnostic:
        """A finding; places are pairs of a span and what there is to say about it."""
        return Diagnostic(
            code,
            message,
            self.path,
            Annotation(*primary),
            tuple(Annotation(span, text) for span, text in others),
            notes,
            helps,
            code.severity if severity is None else severity,
            self.protocol,
            "",
            upstream,
        )
