"""`check --fix`: make the repairs that findings carry, and check again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import click

from tellverify.cli.complaints import complain
from tellverify.diagnostics.model import Replacement
from tellverify.diagnostics.wording import counted
from tellverify.language.files import inputs
from tellverify.report.entries import entries
from tellverify.report.escape import tame
from tellverify.source.text import SourceFile
from tellverify.source.writing import replace_text
from tellverify.verdict.run import Run


def make_fixes(run: Run, sources: dict[str, SourceFile], *, unsafe: bool) -> bool:
    """Write the first repair of every finding that the baseline does not accept.

    A repair changes what the protocol says, so without `unsafe` it is only counted. True when a
    file was changed; a file that is not as it was checked is left alone.
    """
    found: dict[str, list[tuple[Replacement, ...]]] = {}
    for one in entries(run):
        if one.diagnostic is not None and one.diagnostic.repairs and not one.accepted:
            first = one.diagnostic.repairs[0].replacements
            found.setdefault(one.diagnostic.path, []).append(first)
    count = sum(map(len, found.values()))
    if not count:
        complain("--fix: no finding has a repair")
        return False
    if not unsafe:
        complain(
            f"--fix: {counted(count, 'repair')} not made, since repairs change what roles send;"
            " --unsafe-fixes makes them"
        )
        return False
    changed = [_written(path, sources[path], repairs) for path, repairs in sorted(found.items())]
    return any(changed)


def _written(path: str, source: SourceFile, repairs: Sequence[tuple[Replacement, ...]]) -> bool:
    """Write a file after its repairs; those that touch the same place as an earlier one wait."""
    made: list[Replacement] = []
    count = 0
    for repair in repairs:
        if any(_overlap(one, other) for one in repair for other in made):
            continue
        made += repair
        count += 1
    text = source.text
    for one in sorted(made, key=lambda each: each.span, reverse=True):
        text = text[: one.span.start] + one.text + text[one.span.end :]
    before = hashlib.sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest()
    if inputs.read(path).sha256 != before:
        complain(f"{tame(path)} stays as it is: it has changed since it was read")
        return False
    try:
        replace_text(path, text)
    except OSError as error:
        complain(f"cannot write {tame(path)}: {error.strerror}")
        return False
    click.echo(f"fixed {count} in {tame(path)}", err=True)
    return True


def _overlap(one: Replacement, other: Replacement) -> bool:
    """Whether two replacements touch one place, or insert at the same one."""
    first, second = one.span, other.span
    return first == second or (first.start < second.end and second.start < first.end)
