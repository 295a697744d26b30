"""The section of two versions in the report of a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.wording import counted
from tellverify.report.markup import code, prose
from tellverify.report.version_blocks import (
    before_words,
    changed_words,
    good_words,
    restart_head,
    restart_words,
)
from tellverify.verdict.run import Run
from tellverify.verdict.versions import ComparedVersions

_MOST: Final = 40


def version_section(run: Run, *, is_short: bool) -> Iterator[str]:
    """A table of all pairs, and of each what fails, what helps and what changed."""
    compared = run.versions
    if compared is None:
        return
    yield f"#### Versions against {code(compared.against)}"
    yield ""
    if not (compared.protocols or compared.added or compared.removed or compared.facts):
        yield "Nothing has changed."
        yield ""
        return
    yield "| protocol | verdict | roll-out | deployments |"
    yield "| --- | --- | --- | --- |"
    shown = compared.protocols[: _MOST if is_short else None]
    for one in shown:
        cells = (f"**{one.verdict}**", prose(one.summary, in_table=True), good_words(one))
        yield f"| {code(one.name, in_table=True)} | {' | '.join(cells)} |"
    for word, names in (("added", compared.added), ("removed", compared.removed)):
        for name in names[: _MOST if is_short else None]:
            yield f"| {code(name, in_table=True)} | {word} | | |"
    yield ""
    if len(shown) < len(compared.protocols):
        yield f"_And {counted(len(compared.protocols) - len(shown), 'more protocol')}._"
        yield ""
    yield from _facts(compared)
    if not is_short:
        yield from _details(compared)


def _facts(compared: ComparedVersions) -> Iterator[str]:
    """What changed in fact schemas."""
    for change in compared.facts:
        action = f": {prose(change.action)}" if change.action else ""
        yield f"- {code(change.subject)}: {prose(change.words)}{action}"
    if compared.facts:
        yield ""


def _details(compared: ComparedVersions) -> Iterator[str]:
    """What fails, what helps and what changed, pair by pair."""
    for one in compared.protocols:
        lines = [
            f"with {failing.words}: {failing.fault} after {counted(failing.events, 'event')},"
            f" {prose(failing.reason)}"
            for failing in one.failing
        ]
        restarts = restart_words(one.restarts)
        if restarts:
            lines.append(f"{restart_head(one)}: {prose(restarts)}")
        before = before_words(one)
        if before:
            lines.append(f"before roll-out: {prose(before)}")
        lines += [prose(words) for words in changed_words(one)]
        lines += [prose(note) for note in (*one.upstream, *one.notes)]
        if lines:
            yield f"**{code(one.name)}**"
            yield ""
            yield from (f"- {line}" for line in lines)
            yield ""
