"""Findings about the brace surface, and about choreographies inside other files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Code,
    Diagnostic,
    Kind,
    Severity,
    finding,
)
from tellverify.source.span import Span

BRACE_SURFACE: Final = Code(
    "TV152",
    "brace-surface",
    "a protocol in brace syntax, which Telltale no longer reads",
    severity=Severity.WARNING,
    help="rewrite it with `tellverify fmt --upgrade`",
    upstream="rejects",
)


def brace_surface(path: str, span: Span) -> Diagnostic:
    """A text in braces, which is read all the same."""
    return finding(
        BRACE_SURFACE,
        path,
        "this protocol uses brace syntax, which Telltale no longer reads",
        (span, ""),
    )


MIXED_SURFACES: Final = Code(
    "TV153",
    "mixed-surfaces",
    "brace syntax and layout syntax in one text",
    help="use one syntax throughout, preferably layout",
    upstream="rejects",
)


def mixed_surfaces(path: str, span: Span, found: str, first: Span) -> Diagnostic:
    """Layout syntax in a text that began with a brace body."""
    return finding(
        MIXED_SURFACES,
        path,
        f"`{found}` is layout syntax, but this text uses brace syntax",
        (span, ""),
        others=[(first, "this makes it brace syntax")],
    )


BRACE_SYNTAX: Final = Code(
    "TV154",
    "brace-syntax",
    "text that does not match the grammar of the brace syntax",
    upstream="rejects",
)


def brace_syntax(
    path: str, span: Span, expected: str, found: str, helps: Sequence[str] = ()
) -> Diagnostic:
    """Something else than the grammar of the brace surface wants."""
    return finding(
        BRACE_SYNTAX,
        path,
        f"expected {expected}, found {found}",
        (span, ""),
        helps=helps,
    )


NO_LAYOUT_FORM: Final = Code(
    "TV155",
    "no-layout-form",
    "brace syntax without a counterpart in layout syntax",
    upstream="rejects",
)


def no_layout_form(path: str, span: Span, what: str, help_text: str) -> Diagnostic:
    """A construct that has no counterpart."""
    return finding(
        NO_LAYOUT_FORM,
        path,
        f"{what}, which cannot be written in layout syntax",
        (span, ""),
        helps=[help_text],
    )


REMOVED_BRACE_STATEMENT: Final = Code(
    "TV156",
    "removed-brace-statement",
    "a statement of the brace syntax that is no longer part of the language",
    help="express it with messages, `timeout`, `let ... = transfer` or `handoff`",
    upstream="rejects",
)


def removed_statement(path: str, span: Span, word: str) -> Diagnostic:
    """A statement of the old runtime surface."""
    return finding(
        REMOVED_BRACE_STATEMENT,
        path,
        f"the statement `{word}` is no longer part of the language",
        (span, ""),
    )


MISPLACED_ANNOTATION: Final = Code(
    "TV157",
    "misplaced-annotation",
    "an annotation without a message to annotate",
    help="move it before the message that it annotates, or remove it",
    upstream="rejects",
)


def misplaced_annotation(path: str, span: Span, text: str) -> Diagnostic:
    """An annotation that no message follows."""
    return finding(
        MISPLACED_ANNOTATION,
        path,
        f"`{text}` does not precede a message, so there is no sender to annotate",
        (span, ""),
    )


UNREADABLE_MACRO: Final = Code(
    "TV158",
    "unreadable-macro",
    "a `tell!` whose choreography cannot be determined",
)


def missing_include(
    path: str,
    span: Span,
    included: str,
    reasons: Mapping[str, str],
    *,
    in_crate: bool,
    is_example: bool,
) -> Diagnostic:
    """An included file that cannot be read at any of its places; `reasons` are by place.

    Rust on a page is an example: its file need not be in this tree.
    """
    where = "the folder of the crate" if in_crate else "the folder of this file"
    return finding(
        UNREADABLE_MACRO,
        path,
        f"cannot read the included file `{included}`: {next(iter(reasons.values()))}",
        (span, ""),
        notes=[f"looked for it at {' and at '.join(f'`{place}`' for place in reasons)}"],
        helps=[
            f"write a path relative to {where}",
            "if it is not meant to be read, name this file in `exclude` of the configuration",
        ],
        severity=Severity.NOTE if is_example else None,
        upstream="rejects",
    )


def include_beside(path: str, span: Span, included: str, crate: str) -> Diagnostic:
    """An included file that lies beside the source, where Aura's macro does not look."""
    return finding(
        UNREADABLE_MACRO,
        path,
        f"`{included}` is read relative to this file",
        (span, ""),
        notes=[f"Aura's `tell!` joins the path to the folder of the crate, `{crate}`"],
        helps=["write a path relative to the folder of the crate"],
        upstream="rejects",
        severity=Severity.NOTE,
    )


def unreadable_macro(
    path: str, span: Span, reason: str, help_text: str, *, is_example: bool
) -> Diagnostic:
    """A macro call whose text cannot be told without compiling the file.

    Rust on a page is an example, which need not be complete.
    """
    return finding(
        UNREADABLE_MACRO,
        path,
        reason,
        (span, ""),
        helps=[help_text],
        severity=Severity.NOTE if is_example else None,
        upstream="",
    )


def text_of_macro(path: str, span: Span) -> Diagnostic:
    """A call inside of another macro, which puts the text there."""
    return finding(
        UNREADABLE_MACRO,
        path,
        "another macro gives this `tell!` its text, so calls of that macro are not checked",
        (span, ""),
        helps=["write the text to be checked directly in a `tell!`"],
        severity=Severity.NOTE,
        upstream="",
    )


MACRO_NAMESPACE: Final = Code(
    "TV159",
    "macro-namespace",
    "a `tell!` without a namespace, or with two that differ",
    upstream="rejects",
)


def no_namespace(path: str, span: Span, *, is_example: bool) -> Diagnostic:
    """A text without a module in a call without a namespace.

    Rust on a page is an example, which need not be complete.
    """
    return finding(
        MACRO_NAMESPACE,
        path,
        "this `tell!` has no namespace",
        (span, 'the text has no `module`, and the call no `#[namespace = ".."]`'),
        helps=[
            "begin the text with `module NAME exposing (PROTOCOL)`, or write "
            '`#[namespace = "NAME"]` in the call before the text'
        ],
        notes=["Aura's macro takes the namespace from either, and refuses a text without one"],
        severity=Severity.NOTE if is_example else None,
    )


def two_namespaces(path: str, span: Span, given: str, declared: str) -> Diagnostic:
    """An attribute that contradicts the module of the text."""
    return finding(
        MACRO_NAMESPACE,
        path,
        f"the namespace `{given}` contradicts `module {declared}` in the text of this `tell!`",
        (span, ""),
        helps=["remove the attribute: the `module` is enough"],
        notes=["Aura's macro refuses two namespaces that differ"],
    )


PART: Final = Code(
    "TV160",
    "part-of-protocol",
    "a block of a page that is a part of a protocol",
    severity=Severity.NOTE,
    help="if it is not meant to be checked, begin the block with ```tell,ignore",
)


def part(path: str, span: Span) -> Diagnostic:
    """A block without a protocol, which is read as the body of one."""
    return finding(
        PART,
        path,
        "this block has no protocol, and is checked as a part of one",
        (span, ""),
        notes=["statements are the body of a protocol `Part` with the roles that they name"],
    )


def no_code(path: str, span: Span) -> Diagnostic:
    """A block of comments alone, or an empty one."""
    return finding(PART, path, "this block has only comments", (span, ""))


def left_out(path: str, span: Span, dots: str) -> Diagnostic:
    """A block without a protocol that leaves statements out."""
    return finding(
        PART,
        path,
        f"this block leaves something out (`{dots}`), and is not checked",
        (span, "stands for other statements"),
    )


def includes_part(path: str, span: Span) -> Diagnostic:
    """A block that puts a part of another file among its own text, or in place of it."""
    return finding(
        PART,
        path,
        "this block takes lines from another file, and is not checked",
        (span, "stands for them"),
        helps=["a block is checked only if it includes one whole `.tell` file and nothing else"],
    )


def lacks(path: str, span: Span, reason: str) -> Diagnostic:
    """A part that means something only with declarations or statements around it."""
    return finding(
        PART,
        path,
        "this block depends on the text around it, and is not checked",
        (span, ""),
        notes=[f"by itself: {reason}"],
    )


OLD_SPELLING: Final = Code(
    "TV161",
    "old-spelling",
    "a file in the spelling of Telltale up to 10.0",
    severity=Severity.NOTE,
    help="rewrite it with `tellverify fmt --upgrade`",
    upstream="rejects",
)


def old_spelling(path: str, span: Span) -> Diagnostic:
    """A text with `=` in records, `choice at R` or `| Label ->`, which is read all the same."""
    return finding(
        OLD_SPELLING,
        path,
        "this file has the spelling of Telltale up to 10.0",
        (span, "the first of its old spellings"),
    )


LAYOUT_TOO_LARGE: Final = Code(
    "TV192",
    "layout-too-large",
    "nesting so deep that the canonical text is too large",
    kind=Kind.LIMIT,
    help="move inner blocks into local protocols",
)


def layout_too_large(path: str) -> Diagnostic:
    """Nesting so deep that indentation alone is larger than any file that is read."""
    return finding(
        LAYOUT_TOO_LARGE,
        path,
        "this file is nested so deeply that its canonical text would be too large",
    )
