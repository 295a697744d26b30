"""What a comparison of two versions says in the terminal report: one block for each protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tellverify.diagnostics.wording import counted, series
from tellverify.report.escape import padded, width
from tellverify.report.style import STATUS_PAINT, Paint, Style
from tellverify.verdict.run import ProtocolReport
from tellverify.verdict.versions import (
    ComparedVersions,
    Evidence,
    MixedInstance,
    RoleRestart,
    VersionComparison,
)

_NAME: Final = 16
_VERDICT: Final = 8
_MIXTURE: Final = 22
_SUMMARY: Final = 32
_FAULT: Final = 32
_ROW: Final = 2 + 1 + 10 + _FAULT  # beside the words for a mixture
_PAINT: Final[dict[str, Paint]] = {
    "patch": "green",
    "minor": "green",
    "major": "red",
    "broken": "red",
    "unknown": "yellow",
    "skipped": "yellow",
}


def version_lines(versions: ComparedVersions, style: Style, *, verbose: bool) -> Iterator[str]:
    """All blocks, then what only one side has."""
    for one in versions.protocols:
        yield from _block(one, style, verbose)
    for word, names in (("added", versions.added), ("removed", versions.removed)):
        for name in names:
            yield f"{padded(style.tamed(name), max(_NAME, width(name) + 2))}{word}"
    for change in versions.facts:
        words = f"{change.weight}  {change.words}{f': {change.action}' if change.action else ''}"
        head = f"{padded(style.tamed(change.subject), max(_NAME, width(change.subject) + 2))}"
        yield from style.hanging(head, style.tamed(words), 4)


def against_words(versions: ComparedVersions | None, protocol: ProtocolReport) -> str:
    """The row of a protocol in the report of a check; empty where it was not compared."""
    if versions is None:
        return ""
    for one in versions.protocols:
        if (one.path, one.name) == (protocol.path, protocol.name):
            return f"against {versions.against}: {one.verdict}, {one.summary}"
    return ""


def _block(one: VersionComparison, style: Style, verbose: bool) -> Iterator[str]:
    name = style.tamed(one.name)
    head = f"{padded(name, max(_NAME, width(name) + 2))}{one.verdict:<{_VERDICT}}"
    lines = _columns(head, style.tamed(one.summary), _SUMMARY, style.tamed(good_words(one)), style)
    painted = f"{style.paint('bold', name)}{head[len(name) : -_VERDICT]}"
    painted += style.paint(_PAINT[one.verdict], one.verdict)
    yield painted + lines[0][len(head) - _VERDICT + len(one.verdict) :]
    yield from lines[1:]
    for failing in one.failing:
        events = counted(failing.events, "event")
        yield from _row(
            failing.words, "refuted", f"{failing.fault}, {events}", failing.reason, style
        )
    if one.instances:
        words = "all others" if one.failing else "all mixtures"
        worst = known_words(one.instances)
        yield from _row(words, worst[0], worst[1], "", style)
    restarts = restart_words(one.restarts)
    if restarts:
        yield from style.hanging("  ", f"{restart_head(one)}: {restarts}", 4)
    before = before_words(one)
    if before:
        yield from style.hanging("  ", f"before roll-out: {before}", 4)
    if one.upgrade is not None and one.upgrade.bridge and verbose:
        yield from style.hanging("  ", f"plan: {', then '.join(one.upgrade.bridge)}", 4)
    changed = changed_words(one)
    for words in changed if verbose else changed[:6]:
        yield from style.hanging("  ", f"changed: {style.tamed(words)}", 4)
    if len(changed) > 6 and not verbose:
        yield f"  and {counted(len(changed) - 6, 'more change')}"
    for note in (*one.upstream, *one.notes):
        yield from style.hanging("  ", f"note: {style.tamed(note)}", 4)


def _row(words: str, status: str, detail: str, reason: str, style: Style) -> list[str]:
    name, above = style.tamed(words), []
    if width(name) > style.width - _ROW:
        above, name = style.hanging("  ", name, 4), ""
    head = f"  {padded(name, max(_MIXTURE, width(name) + 1))} {status:<9} "
    lines = _columns(head, style.tamed(detail), _FAULT, style.tamed(reason), style)
    painted = style.paint(STATUS_PAINT[status], status)
    lines[0] = lines[0].replace(f" {status} ", f" {painted} ", 1)
    return [*above, *lines]


def _columns(head: str, left: str, room: int, right: str, style: Style) -> list[str]:
    """Two columns behind `head`; below each other where they do not fit the width."""
    indent = min(width(head), _NAME + _VERDICT)
    line = f"{head}{padded(left, room)}  {right}".rstrip()
    if width(line) <= style.width:
        return [line]
    lines = style.hanging(head, left, indent)
    return [*lines, *style.hanging(" " * indent, right, indent)] if right else lines


def good_words(one: VersionComparison) -> str:
    """How many deployments are good, by family sizes; empty where nothing has changed."""
    rows = [row for row in one.instances if row.deployments > 1]
    parts: list[str] = []
    for row in rows:
        good = "not counted" if row.good < 0 else f"{row.good} of {row.deployments}"
        if row.good >= 0 and row.evidence == "unknown":
            good = f"at most {good}"
        noun = " deployments good" if not parts else ""
        parts.append(f"{f'{row.instance}: ' if row.instance else ''}{good}{noun}")
    return "; ".join(parts)


def known_words(rows: tuple[MixedInstance, ...]) -> tuple[Evidence, str]:
    """How the deployments that are not refuted are known to be good: status and detail."""
    order: tuple[Evidence, ...] = ("proved", "bounded", "unknown")
    worst = max(rows, key=lambda row: order.index(row.evidence))
    counts = series([str(row.configurations) for row in rows])
    sizes = "; ".join(row.instance for row in rows if row.instance)
    detail = f"{worst.method}, {counts} configurations"
    if sizes and worst.evidence == "proved":
        return "bounded", f"{sizes}; {detail}"
    return worst.evidence, detail


def restart_head(one: VersionComparison) -> str:
    """What introduces the restarts; they are those of the last family sizes."""
    sizes = one.instances[-1].instance if one.upgrade is not None and one.upgrade.by_size else ""
    searched = ", as far as was searched" if one.verdict == "unknown" else ""
    return f"in the middle of a session{f' at {sizes}' if sizes else ''}{searched}"


def restart_words(restarts: tuple[RoleRestart, ...]) -> str:
    """In which states each role may be restarted."""
    parts = []
    for one in restarts:
        able = sum(bool(state.to) for state in one.states)
        if not one.states:
            continue
        if able == len(one.states):
            some = "in every state"
        elif able:
            some = f"in {able} of {len(one.states)} states"
        else:
            some = "in no state"
        once = f" once {series(one.once)} {'is' if len(one.once) == 1 else 'are'} new"
        role = one.role.removeprefix("every ")
        parts.append(f"{role} {some}{once if one.once and able else ''}")
    return "; ".join(parts)


def before_words(one: VersionComparison) -> str:
    """What has to be done before the first upgrade."""
    said = [
        change.action or change.words
        for change in one.annotations
        if change.action or change.weight != "patch"
    ]
    return "; ".join(dict.fromkeys(said))


def changed_words(one: VersionComparison) -> list[str]:
    """What changed: the roles, and annotations that ask for nothing before roll-out."""
    asks_nothing = [
        change for change in one.annotations if change.weight == "patch" and not change.action
    ]
    return [change.words for change in (*one.changes, *asks_nothing)]
