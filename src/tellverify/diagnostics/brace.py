"""Findings about the brace surface, and about choreographies inside other files."""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.diagnostics import codes
from tellverify.diagnostics.model import Annotation, Code, Diagnostic
from tellverify.source.span import NOWHERE, Span


def _finding(
    code: Code,
    path: str,
    span: Span,
    message: str,
    label: str = "",
    *,
    others: Sequence[Annotation] = (),
    helps: Sequence[str] = (),
    upstream: str = "rejects",
) -> Diagnostic:
    return Diagnostic(
        code,
        message,
        path,
        Annotation(span, label),
        others=tuple(others),
        helps=tuple(helps),
        severity=code.severity,
        upstream=upstream,
    )


def brace_surface(path: str, span: Span) -> Diagnostic:
    """A text in braces, which is read all the same."""
    return _finding(
        codes.BRACE_SURFACE,
        path,
        span,
        "this protocol is written in braces, which Telltale no longer reads",
        helps=["rewrite it with `tellverify fmt --upgrade`"],
    )


def mixed_surfaces(path: str, span: Span, found: str, first: Span) -> Diagnostic:
    """Layout syntax in a text that began with a brace body."""
    return _finding(
        codes.MIXED_SURFACES,
        path,
        span,
        f"`{found}` belongs to the layout surface, but this text is written in braces",
        others=[Annotation(first, "this makes it the brace surface")],
        helps=["write all of the text on one surface, best with layout"],
    )


def brace_syntax(
    path: str, span: Span, expected: str, found: str, helps: Sequence[str] = ()
) -> Diagnostic:
    """Something else than the grammar of the brace surface wants."""
    return _finding(
        codes.BRACE_SYNTAX, path, span, f"expected {expected}, found {found}", helps=helps
    )


def no_layout_form(path: str, span: Span, what: str, help_text: str) -> Diagnostic:
    """A construct that has no counterpart."""
    return _finding(
        codes.NO_LAYOUT_FORM,
        path,
        span,
        f"{what}, which cannot be written on the layout surface",
        helps=[help_text],
    )


def removed_statement(path: str, span: Span, word: str) -> Diagnostic:
    """A statement of the old runtime surface."""
    return _finding(
        codes.REMOVED_BRACE_STATEMENT,
        path,
        span,
        f"the language no longer has a statement `{word}`",
        helps=["say it with messages, or with `timeout`, `let ... = transfer` or `handoff`"],
    )


def misplaced_annotation(path: str, span: Span, text: str) -> Diagnostic:
    """An annotation that no message follows."""
    return _finding(
        codes.MISPLACED_ANNOTATION,
        path,
        span,
        f"`{text}` is not in front of a message, so there is no sender to annotate",
        helps=["put it in front of the message it is about, or take it out"],
    )


def missing_include(path: str, span: Span, included: str, reason: str) -> Diagnostic:
    """`include_str!` of a file that cannot be read."""
    return _finding(
        codes.UNREADABLE_MACRO,
        path,
        span,
        f"cannot read the included file `{included}`: {reason}",
        helps=["the path is relative to the folder of this file"],
    )


def unreadable_macro(path: str, span: Span, reason: str, help_text: str) -> Diagnostic:
    """A macro call whose text cannot be told without compiling the file."""
    return _finding(codes.UNREADABLE_MACRO, path, span, reason, helps=[help_text], upstream="")


def layout_too_large(path: str) -> Diagnostic:
    """Nesting so deep that indentation alone is larger than any file that is read."""
    return _finding(
        codes.LAYOUT_TOO_LARGE,
        path,
        NOWHERE,
        "this file is nested so deep that its canonical text would be unreasonably large",
        helps=["move inner parts into local protocols"],
        upstream="",
    )
