"""What a rule finds, and the edits that fix it."""

from __future__ import annotations

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.source.span import Span


class Fix(msgspec.Struct, frozen=True):
    """The changes: comments and entries that go, values that change, or just the layout.

    A fix is not `is_safe` when it needs a review first.
    """

    comments: tuple[Span, ...] = ()
    entries: tuple[Span, ...] = ()
    values: tuple[tuple[Span, str], ...] = ()
    sorts: bool = False
    exposing: tuple[Span, str] | None = None
    is_safe: bool = True


class LintFinding(msgspec.Struct, frozen=True):
    """A deviation from the canonical shape; without a fix it has to be corrected by hand."""

    diagnostic: Diagnostic
    fix: Fix | None = None
