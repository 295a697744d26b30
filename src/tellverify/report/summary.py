"""The end of a report for the terminal: what passes in one line, the failures, what to run next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics.limits import NOT_WELL_FORMED
from tellverify.diagnostics.model import Severity
from tellverify.diagnostics.wording import counted, grouped, listed
from tellverify.report.entries import ReportEntry, folded
from tellverify.report.escape import padded, shortened, width
from tellverify.report.style import Style
from tellverify.report.wording import settling
from tellverify.verdict.identity import Subject, SubjectKind
from tellverify.verdict.outcome import Refuted, Skipped, status
from tellverify.verdict.properties import SAFETY, Property
from tellverify.verdict.run import ProtocolReport, Run

MOST_SHOWN: Final = 3  # passing protocols that keep their verdicts, and protocols shown in full
_HOLDING: Final = ("proved", "bounded", "assumed")
_MOST_FAILURES: Final = 20
_MOST_CODES: Final = 4
_MOST_NAMED: Final = 3
_NOUNS: Final = {SubjectKind.WORKFLOW: "workflow"}
_LONGEST: Final = 120  # characters of a name
_REPAIRED: Final = (Property.IMPLEMENTABLE, Property.NO_STUCK_ROLE, *SAFETY)
_RANKS: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


def is_passing(protocol: ProtocolReport) -> bool:
    """Whether every required obligation of a protocol holds, and there is one at all.

    A negative example, of which some refutation is expected, does not pass.
    """
    required = [status(one.outcome) for one in protocol.verdicts if one.required]
    negative = any(one.expected for one in protocol.verdicts)
    return bool(required) and not negative and all(word in _HOLDING for word in required)


def is_malformed(protocol: ProtocolReport) -> bool:
    """Whether the text of a protocol has errors, so that nothing else was decided."""
    found = [one.outcome for one in protocol.verdicts if one.property is Property.WELL_FORMED]
    others = [one.outcome for one in protocol.verdicts if one.property is not Property.WELL_FORMED]
    return (
        any(isinstance(one, Refuted) for one in found)
        and bool(others)
        and all(isinstance(one, Skipped) and one.code == NOT_WELL_FORMED.number for one in others)
    )


def passing_lines(protocols: Sequence[ProtocolReport], style: Style) -> list[str]:
    """One line for all passing protocols: how many there are, and how much is known of them."""
    known = ", ".join(f"{grouped(number)} {word}" for word, number in by_knowledge(protocols))
    head = f"{'passing':<10}"
    kinds = Counter(_NOUNS.get(one.kind, "protocol") for one in protocols)
    subjects = ", ".join(counted(count, noun) for noun, count in kinds.items())
    text = f"{subjects}: {known}; -v shows each"
    lines = style.hanging(head, text, len(head))
    lines[0] = style.paint("green", "passing") + lines[0][len("passing") :]
    return lines


def by_knowledge(protocols: Sequence[ProtocolReport]) -> list[tuple[str, int]]:
    """How many passing protocols are proved, bounded and assumed, each as its weakest verdict."""
    words = Counter(_word(one) for one in protocols)
    return [(word, words[word]) for word in _HOLDING if words[word]]


def _word(protocol: ProtocolReport) -> str:
    """How much is known of the required obligations of a passing protocol."""
    words = {status(one.outcome) for one in protocol.verdicts if one.required}
    return max(words, key=_HOLDING.index)


def counts(entry: ReportEntry, run: Run) -> bool:
    """Whether an entry touches something that is required, or fails the check by its level."""
    if entry.kind in ("refuted", "unknown", "skipped") and entry.verdict is not None:
        return entry.required
    if entry.severity is Severity.ERROR:
        return True
    failing = dict(run.configuration).get("fail-on", "").strip('"')
    return failing == "warning" and entry.severity is Severity.WARNING


def limited(found: Sequence[ReportEntry], most: int | None) -> list[ReportEntry]:
    """The `most` gravest entries in their order, all for None."""
    if most is None or len(found) <= most:
        return list(found)
    order = sorted(range(len(found)), key=lambda number: _RANKS[found[number].severity])
    return [found[number] for number in sorted(order[:most])]


def uncounted_lines(found: Sequence[ReportEntry], style: Style) -> list[str]:
    """One line for findings that touch nothing required."""
    if not found:
        return []
    codes = Counter(one.code for one in found)
    rows = [f"{code} x {count}" for code, count in sorted(codes.items(), key=_often)]
    shown = listed(rows, _MOST_CODES, what="more codes")
    text = f"{counted(len(found), 'finding')} that {'touches' if len(found) == 1 else 'touch'}"
    return style.hanging("", f"{text} nothing required: {shown}; -v shows each", 4)


def _often(row: tuple[str, int]) -> tuple[int, str]:
    return -row[1], row[0]


def failures(found: Sequence[ReportEntry], run: Run) -> list[ReportEntry]:
    """What makes the check fail, in the order of the report; equal items once.

    With exit code 3 these are the undecided obligations.
    """
    if run.exit_code == 3:
        return [one for one in found if one.kind in ("unknown", "skipped") and one.required]
    shown = [one for one, _ in folded(found) if not one.accepted and counts(one, run)]
    sharing = [one for one in _sharing(found, shown) if not one.accepted and counts(one, run)]
    return [*shown, *sharing]


def _sharing(found: Sequence[ReportEntry], shown: Sequence[ReportEntry]) -> Iterator[ReportEntry]:
    """Refutations of workflows by a run that the report of another workflow shows."""
    named = {one.protocol.subject for one in shown if one.protocol is not None}
    for one in found:
        report = one.protocol
        if report is None or report.kind is not SubjectKind.WORKFLOW or not one.repeats:
            continue
        if report.subject not in named:
            yield one


def failure_lines(
    found: Sequence[ReportEntry], run: Run, most: int | None, style: Style
) -> list[str]:
    """The failures again, one a line: place, protocol, obligation or message, code.

    Obligations of one protocol that agree in place and code share a line.
    """
    limit = _MOST_FAILURES if most is None else min(most, _MOST_FAILURES)
    if not found:
        return []
    merged: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        place, protocol, what, code = _row(one, style)
        merged.setdefault((place, protocol, code), []).append(what)
    rows = [
        (place, protocol, listed(what, _MOST_NAMED), code)
        for (place, protocol, code), what in merged.items()
    ]
    shown = rows[:limit]
    lines = [style.paint("bold", "not known" if run.exit_code == 3 else "failures")]
    columns = [max(map(width, column)) for column in zip(*shown, strict=True)]
    fits = sum(columns) + 2 * len(columns) <= style.width
    for row in shown:
        cells = [padded(cell, size) for cell, size in zip(row, columns, strict=True)]
        if fits:
            lines.append(f"  {'  '.join(cells)}".rstrip())
        else:
            lines.extend(style.hanging("  ", " ".join(cell for cell in row if cell), 6))
    if len(rows) > limit:
        lines.append(f"  and {grouped(len(rows) - limit)} more")
    return lines


def _row(one: ReportEntry, style: Style) -> tuple[str, ...]:
    path = style.shown(one.region.path)
    if path.startswith("::"):  # at the start of a line GitHub would take it for a command
        path = f"./{path}"
    place = f"{path}:{one.region.line}"
    protocol = one.protocol.title if one.protocol is not None else ""
    if not protocol and one.diagnostic is not None:
        protocol = one.diagnostic.protocol
    what = one.verdict.name if one.verdict is not None else one.message
    dots = style.glyphs.ellipsis
    said = shortened(style.tamed(what), _LONGEST, ellipsis=dots)
    return place, style.tamed(protocol), said, one.code


def next_lines(found: Sequence[ReportEntry], style: Style) -> list[str]:
    """What to run next for the failures: a repair where there is one, or what explains a code."""
    rows: list[tuple[str, str]] = []
    mended = [one for one in found if one.diagnostic is not None and one.diagnostic.repairs]
    if mended:
        path = mended[0].region.path
        others = len({one.region.path for one in mended}) - 1
        more = f", as for {counted(others, 'other file')}" if others else ""
        rows.append((f"repair {path}", f"shows the smallest change that fixes it{more}"))
    told = {one.protocol.subject for one in mended if one.protocol is not None}
    left = next((one for one in found if one.code and not _is_told(one, told)), None)
    if left is not None:
        words = "says what it means and how to fix it"
        if left.kind in ("unknown", "skipped") and left.protocol and left.verdict:
            settled = settling(left.protocol, left.verdict)
            is_the_same = settled.startswith(f"`tellverify explain {left.code}`")
            words = "says more" if is_the_same else f"says more. {settled}"
        rows.append((f"explain {left.code}", words))
    elif mended:
        rows.append((f"explain {mended[0].code}", "says what it means"))
    return [
        line
        for command, words in rows
        for line in style.hanging("next: ", f"`tellverify {style.shown(command)}` {words}", 6)
    ]


def _is_told(one: ReportEntry, told: set[Subject]) -> bool:
    """Whether a failure goes away with the repair of a protocol."""
    if one.protocol is None or one.verdict is None:
        return False
    return one.protocol.subject in told and one.verdict.property in _REPAIRED
