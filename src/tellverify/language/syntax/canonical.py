"""The canonical text of a source, or why it has none."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import msgspec

from tellverify.diagnostics import brace as say
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.language.syntax.printing.printer import print_file
from tellverify.language.syntax.printing.rows import RowTooLarge
from tellverify.language.syntax.spans import same_tree
from tellverify.language.syntax.surface import is_brace_surface, old_spelling_of, read_tell
from tellverify.source.text import SourceFile

_BARE_LINE_FEED: Final = re.compile(r"(?<!\r)\n")


class Canonical(msgspec.Struct, frozen=True):
    """`text` is None where the source has errors; `diagnostics` then says which.

    `is_faithful` is False if the text would not mean the same as the source, which is a defect.
    """

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    is_faithful: bool = True


def canonical(source: SourceFile, *, upgrade: bool = False) -> Canonical:
    """`source` in canonical layout, with CRLF at the ends of lines if all of its lines have it.

    A text on the brace surface or in the old spelling stays unchanged, unless it is to be upgraded.
    """
    is_brace = is_brace_surface(source.text)
    parsed = read_tell(source)
    errors = tuple(one for one in parsed.diagnostics if one.severity is Severity.ERROR)
    if errors:
        return Canonical(None, errors)
    old = None if is_brace else old_spelling_of(source.text)
    if (is_brace or old is not None) and not upgrade:
        return Canonical(source.text, parsed.diagnostics)
    if old is not None:
        return canonical(SourceFile(source.path, old.text))
    file = parsed.file
    if is_brace:
        file = msgspec.structs.replace(file, comments=tuple(map(_with_dashes, file.comments)))
    try:
        text = print_file(file, source.text)
        again = parse(SourceFile(source.path, text))
        if is_brace:
            text = print_file(again.file, text)
    except RowTooLarge:
        return Canonical(None, (say.layout_too_large(source.path),))
    is_faithful = (
        again.file.complete
        and same_tree(file, again.file)
        and _words(file.comments) == _words(again.file.comments)
    )
    if not is_faithful:
        return Canonical(None, (), is_faithful)
    breaks = source.text.count("\n")
    if breaks and source.text.count("\r\n") == breaks:
        text = _BARE_LINE_FEED.sub("\r\n", text)
    return Canonical(text)


def _with_dashes(comment: ast.Comment) -> ast.Comment:
    """A comment of the brace surface with the marks of the layout surface."""
    text = comment.text
    if text.startswith("//"):
        text = "--" + text.lstrip("/")
    elif text.startswith("/*"):
        inner = text[2:-2].replace("-}", "- }")
        text = "{-" + inner + "-}"
    return ast.Comment(text, comment.span)


def _words(comments: tuple[ast.Comment, ...]) -> Counter[str]:
    """The words of all comments: comments may be joined and moved, but none may be lost."""
    return Counter(word for comment in comments for word in comment.text.split())
