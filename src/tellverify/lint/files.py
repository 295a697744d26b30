"""Files linted: findings about their text and their shape, and what fixes make of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.annotations.rules import Rules
from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.language.checks.wellformed import check_structure
from tellverify.language.files.inputs import ReadFile
from tellverify.language.syntax import ast
from tellverify.language.syntax.surface import read_tell
from tellverify.lint.finding import Finding
from tellverify.lint.rules import fix_file, lint_file
from tellverify.lint.structure import module_clashes
from tellverify.source.text import SourceFile


class Linted(msgspec.Struct, frozen=True):
    """One file: what was found, and its text after `count` fixes, None where nothing is to mend.

    `reason` says why a file that has something to mend is left alone.
    """

    source: SourceFile
    diagnostics: tuple[Diagnostic, ...]
    fixed: str | None = None
    count: int = 0
    reason: str = ""
    is_input: bool = False


def lint_files(files: Sequence[ReadFile], rules: Rules, *, unsafe: bool, fix: bool) -> list[Linted]:
    """Lint files; one with errors has just these, and is never fixed."""
    known: list[tuple[ast.File, SourceFile]] = []
    found: list[Linted] = []
    for read in files:
        source = read.source()
        if read.diagnostic is not None:
            found.append(Linted(source, (read.diagnostic,)))
            continue
        parsed = read_tell(source)
        said = [*parsed.diagnostics, *check_structure(parsed.file, source)]
        if any(one.severity is Severity.ERROR for one in said):
            found.append(Linted(source, tuple(said)))
            continue
        known.append((parsed.file, source))
        findings = lint_file(parsed.file, source, rules)
        found.append(_linted(parsed.file, source, said, findings, unsafe=unsafe, fix=fix))
    clashes: dict[str, list[Diagnostic]] = {}
    for one in module_clashes(known):
        clashes.setdefault(one.diagnostic.path, []).append(one.diagnostic)
    return [
        msgspec.structs.replace(
            one, diagnostics=(*one.diagnostics, *clashes.get(one.source.path, ()))
        )
        for one in found
    ]


def _linted(
    file: ast.File,
    source: SourceFile,
    said: Sequence[Diagnostic],
    findings: Sequence[Finding],
    *,
    unsafe: bool,
    fix: bool,
) -> Linted:
    diagnostics = tuple(dict.fromkeys([*said, *(one.diagnostic for one in findings)]))
    if not fix:
        return Linted(source, diagnostics)
    fixed = fix_file(file, source, findings, unsafe=unsafe)
    if fixed.text is None or fixed.text == source.text:
        return Linted(source, diagnostics, reason=fixed.reason)
    return Linted(source, diagnostics, fixed.text, fixed.count)
