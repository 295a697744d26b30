"""Files linted: findings about their text and their shape, and their text after fixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.annotations.rules import Rules
from tellverify.diagnostics.imports import IMPORTED_CALL
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.diagnostics.shape import NO_MODULE, ODD_LAYOUT
from tellverify.language.files.passages import Passage, passages, rewritten
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax import ast
from tellverify.language.syntax.surface import read_tell
from tellverify.language.workspace import Workspace
from tellverify.lint.rules import fix_file, lint_file
from tellverify.lint.small_protocols import small_protocols
from tellverify.lint.structure import module_clashes
from tellverify.source.text import SourceFile

_SHARES_LINE: Final = "a protocol in it shares its lines with other text"

# The findings about a choreography that count; its comments may allow the others.
Kept: TypeAlias = Callable[[CheckedFile, Iterable[Diagnostic]], Sequence[Diagnostic]]


def all_kept(_: CheckedFile, found: Iterable[Diagnostic]) -> Sequence[Diagnostic]:
    """All findings, whatever comments allow."""
    return tuple(found)


class Linted(msgspec.Struct, frozen=True):
    """One file: its findings, and its text after `count` fixes, None where there is nothing to fix.

    `reason` says why something fixable is left alone.
    """

    source: SourceFile
    diagnostics: tuple[Diagnostic, ...]
    fixed: str | None = None
    count: int = 0
    reason: str = ""


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

    With `everything` also by the rules that are off by default. What is not `kept` is no finding,
    and is not fixed.
    """
    known: list[tuple[ast.File, SourceFile]] = []
    found: list[Linted] = []
    parts_of: dict[str, list[CheckedFile]] = {}
    for unit, choreographies in workspace.opened():
        parts = list(choreographies)
        said = [*unit.diagnostics, *(one for part in parts for one in kept(part, part.said))]
        said = [one for one in said if one.code is not IMPORTED_CALL]  # right in any shape
        if any(one.severity is Severity.ERROR for one in said):
            found.append(Linted(unit.source, tuple(said)))
            continue
        if everything:
            for part in parts:
                said += kept(part, small_protocols(part.file, unit.source))
        pairs = list(zip(passages(unit.source), parts, strict=True))
        known.extend((part.file, unit.source) for text, part in pairs if not text.is_example)
        unsafe_or_none = unsafe if fix else None
        found.append(_linted(unit.source, pairs, said, rules, kept, unsafe=unsafe_or_none))
        parts_of[unit.source.path] = parts
    clashes: dict[str, list[Diagnostic]] = {}
    for one in module_clashes(known):
        clashes.setdefault(one.diagnostic.path, []).append(one.diagnostic)
    for path, clashing in clashes.items():
        for part in parts_of[path]:
            clashing[:] = kept(part, clashing)
    return [
        msgspec.structs.replace(
            one, diagnostics=(*one.diagnostics, *clashes.get(one.source.path, ()))
        )
        for one in found
    ]


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
        placed = [passage.placed(one.diagnostic, source) for one in findings]
        counting = set(kept(part, placed))
        findings = [one for one, at in zip(findings, placed, strict=True) if at in counting]
        for at in placed:
            is_again = at.code is ODD_LAYOUT and any(
                said_before.code is ODD_LAYOUT for said_before in shapes
            )
            if at in counting and not is_again:
                shapes.append(at)
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
