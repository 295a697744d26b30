"""Files linted: findings about their text and their shape, and their text after fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.annotations.rules import Rules
from tellverify.diagnostics.imports import IMPORTED_CALL
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.shape import EXPOSING_LIST, NO_MODULE, ODD_LAYOUT, SMALL_PROTOCOL
from tellverify.language.files.passages import Passage, passages, rewritten
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax import ast
from tellverify.language.syntax.surface import read_tell
from tellverify.language.workspace import Workspace
from tellverify.lint.finding import LintFinding
from tellverify.lint.rules import fix_file, lint_file
from tellverify.lint.small_protocols import small_protocols
from tellverify.lint.structure import module_clashes
from tellverify.source.text import SourceFile

_SHARES_LINE: Final = "a protocol in it shares its lines with other text"

# Calls of imports are right in any shape; the shape has its own finding on the names of a header.
_SAID_OTHERWISE: Final = (IMPORTED_CALL, EXPOSING_LIST)
OFF_BY_DEFAULT: Final = (SMALL_PROTOCOL,)

# The findings about a choreography that count; its comments may allow the others.
Kept: TypeAlias = Callable[[CheckedFile, Iterable[Diagnostic]], Sequence[Diagnostic]]


def all_kept(_: CheckedFile, found: Iterable[Diagnostic]) -> Sequence[Diagnostic]:
    """All findings, whatever comments allow."""
    return tuple(found)


class Linted(msgspec.Struct, frozen=True):
    """One file: its findings, and its text after `count` fixes, None where there is nothing to fix.

    `reason` says why something fixable is left alone, `judged` has the choreographies whose shape
    was looked at.
    """

    source: SourceFile
    diagnostics: tuple[Diagnostic, ...]
    fixed: str | None = None
    count: int = 0
    reason: str = ""
    judged: tuple[CheckedFile, ...] = ()


def lint_files(
    workspace: Workspace,
    rules: Rules,
    *,
    unsafe: bool,
    fix: bool,
    everything: bool = False,
    kept: Kept = all_kept,
) -> list[Linted]:
    """Lint the files of a workspace; one with errors has just these, and is never fixed.

    With `everything` also by the rules that are off by default. One not `kept` does not count,
    and is not fixed.
    """
    known: list[tuple[ast.File, SourceFile]] = []
    found: list[Linted] = []
    parts_of: dict[str, list[CheckedFile]] = {}
    for unit, choreographies in workspace.opened():
        parts = list(choreographies)
        said = list(unit.diagnostics)
        is_broken = any(map(_is_error, said))
        for part in parts:
            for one in part.said:
                if one.code in _SAID_OTHERWISE:
                    continue
                remaining = kept(part, (one,))
                said += remaining
                is_broken = is_broken or (_is_error(one) and any(map(_is_error, remaining)))
        if is_broken:
            found.append(Linted(unit.source, tuple(said)))
            continue
        if everything:
            for part in parts:
                said += kept(part, small_protocols(part.file, unit.source))
        pairs = list(zip(passages(unit.source), parts, strict=True))
        known.extend((part.file, unit.source) for text, part in pairs if not text.is_example)
        unsafe_or_none = unsafe if fix else None
        linted = _linted(unit.source, pairs, said, rules, kept, unsafe=unsafe_or_none)
        whole = tuple(part for part in parts if not part.is_part)
        found.append(msgspec.structs.replace(linted, judged=whole))
        parts_of[unit.source.path] = parts
    clashes: dict[str, list[Diagnostic]] = {}
    for clash in module_clashes(known):
        clashes.setdefault(clash.diagnostic.path, []).append(clash.diagnostic)
    for path, clashing in clashes.items():
        for part in parts_of[path]:
            clashing[:] = kept(part, clashing)
    return [
        msgspec.structs.replace(
            one, diagnostics=(*one.diagnostics, *clashes.get(one.source.path, ()))
        )
        for one in found
    ]


def _is_error(one: Diagnostic) -> bool:
    return one.severity is Severity.ERROR


def _linted(
    source: SourceFile,
    pairs: Sequence[tuple[Passage, CheckedFile]],
    said: Sequence[Diagnostic],
    rules: Rules,
    kept: Kept,
    *,
    unsafe: bool | None,
) -> Linted:
    """The findings about a file, and its text with fixes unless `unsafe` is None."""
    shapes: list[Diagnostic] = []
    texts: list[str | None] = []
    reasons: list[str] = []
    count = 0
    for passage, part in pairs:
        if passage.is_part:
            texts.append(None)
            continue
        own = passage.source(source.path)
        file = read_tell(own).file
        findings = lint_file(file, own, rules)
        if part.file.module is not None or passage.is_example:  # perhaps one of a macro
            findings = [one for one in findings if one.diagnostic.code is not NO_MODULE]
        if passage.lines is None:  # it cannot have a separate layout
            findings = [one for one in findings if one.diagnostic.code is not ODD_LAYOUT]
        counting: list[LintFinding] = []
        for each in findings:
            for left in kept(part, (passage.placed(each.diagnostic, source),)):
                counting.append(each)
                is_again = left.code is ODD_LAYOUT and any(
                    said_before.code is ODD_LAYOUT for said_before in shapes
                )
                if not is_again:
                    shapes.append(left)
        findings = counting
        texts.append(None)
        if unsafe is None or not findings:
            continue
        if passage.lines is None:
            reasons.append(_SHARES_LINE)
            continue
        fixed = fix_file(file, own, findings, rules, part.linked, unsafe=unsafe)
        texts[-1] = fixed.text
        count += fixed.count
        reasons += [fixed.reason] if fixed.reason else []
    diagnostics = tuple(dict.fromkeys([*said, *shapes]))
    text = rewritten(source, texts) if count else source.text
    if text is None or text == source.text:
        return Linted(source, diagnostics, reason=reasons[0] if reasons else "")
    return Linted(source, diagnostics, text, count, reason=reasons[0] if reasons else "")
