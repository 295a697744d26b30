"""Verdicts in the order and the groups in which reports show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.trace import Trace
from tellverify.report.families import collapsed, collapsed_channels, counted, listed
from tellverify.source.text import SourceFile
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    Outcome,
    Proved,
    Refuted,
    Skipped,
    Unknown,
    status,
)
from tellverify.verdict.properties import Property
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Verdict

STATUSES: Final = ("refuted", "bounded", "proved", "assumed", "unknown", "skipped")
TOTALS: Final = ("refuted", "proved", "bounded", "assumed", "unknown", "skipped")
_FEW: Final = 8

Refutation: TypeAlias = tuple[ProtocolReport, Verdict, Refuted]


class Group(msgspec.Struct, frozen=True):
    """Verdicts that share status, code and detail: one line of a report."""

    status: str
    subject: str
    code: str
    detail: str
    verdicts: tuple[Verdict, ...]


def code_of(outcome: Outcome) -> str:
    """The code an outcome carries, empty when it has none."""
    match outcome:
        case Refuted(code=code) | Unknown(code=code) | Skipped(code=code):
            return code
        case Proved() | Bounded() | Assumed():
            return ""


def _detail(outcome: Outcome, counts: list[str]) -> list[str]:
    match outcome:
        case Proved(method, detail):
            return [detail or method.row.title, *counts] if detail or not counts else counts
        case Bounded(bound, _, detail):
            return [bound, detail, *counts]
        case Refuted(instance=instance):
            return [instance, *counts]
        case Unknown(reason) | Skipped(reason):
            return [reason]
        case Assumed(reason, place, ledger):
            return [ledger, place, reason]


def detail_of(verdict: Verdict) -> str:
    """What stands right of an obligation: how it is known, how far, or why not."""
    counts = [
        counted(value, "configuration")
        for name, value in verdict.statistics
        if name == "configurations"
    ]
    parts = _detail(verdict.outcome, counts)
    if not verdict.required and isinstance(verdict.outcome, Refuted | Unknown | Skipped):
        parts.append("not required")
    if verdict.vacuity == "vacuous" and isinstance(verdict.outcome, Proved | Bounded):
        parts.append("vacuous: nothing it speaks of occurs in any run")
    return ", ".join(part for part in parts if part)


def verdict_id(protocol: str, verdict: Verdict) -> str:
    """The name of an obligation within a run: `escrow.Escrow/no-stuck-role[Courier]`."""
    return f"{protocol}/{verdict.name}"


def evidence_of(run: Run) -> dict[str, EvidenceFile]:
    """The file of evidence of each obligation that has one, by the id of the obligation.

    The certificate of a protocol stands behind everything that was decided by coherence.
    """
    files = {one.obligation: one for one in run.evidence}
    if not files:
        return files
    for protocol in run.protocols:
        budgets = files.get(f"{protocol.name}/budgets")
        if budgets is not None:
            for verdict in protocol.verdicts:
                certified = verdict.property in (Property.BUDGET, Property.LEAKAGE)
                if certified and isinstance(verdict.outcome, Proved | Bounded):
                    files.setdefault(verdict_id(protocol.name, verdict), budgets)
        certificate = files.get(f"{protocol.name}/certificate")
        if certificate is None:
            continue
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Proved | Bounded) and outcome.method is Method.COHERENCE:
                files.setdefault(verdict_id(protocol.name, verdict), certificate)
    return files


def line_of(
    protocol: ProtocolReport, verdict: Verdict, sources: Mapping[str, SourceFile]
) -> tuple[str, int, int]:
    """Path, line and column where an outcome shows: of a refutation its evidence, else its own."""
    outcome = verdict.outcome
    if isinstance(outcome, Refuted):
        evidence = outcome.evidence
        if isinstance(evidence, Trace):
            sites = [evidence.place, *(step.site for step in reversed(evidence.steps[-1:]))]
            for site in sites:
                if site.line:
                    return site.path or protocol.path, site.line, max(site.column, 1)
        elif isinstance(evidence, Conflict) and evidence.path in sources:
            return (evidence.path, *sources[evidence.path].position(evidence.left.start))
    return protocol.path, max(verdict.line or protocol.line, 1), max(verdict.column, 1)


def groups(protocol: ProtocolReport, *, everything: bool = False) -> list[Group]:
    """The verdicts of a protocol in groups, gravest first, within a status in their own order.

    Verdicts on several roles or channels with equal property, code and detail are one item; items
    that name no role and agree in code and detail share a line. Long lists are cut and counted
    unless `everything` is asked for.
    """
    limit = 1_000_000 if everything else _FEW
    lines: list[Group] = []
    by_status: dict[str, list[Verdict]] = {word: [] for word in STATUSES}
    for verdict in protocol.verdicts:
        by_status[status(verdict.outcome)].append(verdict)
    for word, verdicts in by_status.items():
        items: dict[tuple[str, str, str, bool], list[Verdict]] = {}
        for verdict in verdicts:
            about = verdict.subject
            named = bool(about.roles or about.item) or about.channel is not None
            key = (
                f"{verdict.property} {about.item if about.roles else ''}" if named else "",
                code_of(verdict.outcome),
                detail_of(verdict),
                named,
            )
            items.setdefault(key, []).append(verdict)
        for (_, code, detail, named), members in items.items():
            subject = (
                _subjects(members, limit)
                if named
                else ", ".join(dict.fromkeys(str(member.property) for member in members))
            )
            lines.append(Group(word, subject, code, detail, tuple(members)))
    return lines


def _subjects(verdicts: Sequence[Verdict], limit: int) -> str:
    channels = [v.subject.channel for v in verdicts if v.subject.channel is not None]
    roles = [role for v in verdicts if v.subject.channel is None for role in v.subject.roles]
    names = dict.fromkeys(v.subject.item for v in verdicts if v.subject.item)
    items = [*names, *collapsed(roles), *collapsed_channels(channels)]
    return f"{verdicts[0].property}[{listed(items, limit)}]"


def totals(run: Run) -> dict[str, int]:
    """How many obligations have each status, in the order in which totals are shown."""
    counts = dict.fromkeys(TOTALS, 0)
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            counts[status(verdict.outcome)] += 1
    return counts


def refutations(run: Run) -> Iterator[Refutation]:
    """Every refuted obligation, in the order of protocols and verdicts."""
    for protocol in run.protocols:
        for verdict in protocol.verdicts:
            if isinstance(verdict.outcome, Refuted):
                yield protocol, verdict, verdict.outcome


def settled(protocol: ProtocolReport) -> str:
    """`proved` or `bounded` when every verdict of the protocol is one of these, else empty."""
    words = {status(verdict.outcome) for verdict in protocol.verdicts}
    if not words or not words <= {"proved", "bounded"}:
        return ""
    return "bounded" if "bounded" in words else "proved"


def members(protocol: ProtocolReport) -> str:
    """Who takes part: `3 roles`, or `Coordinator and Witness[N], checked for N = 1, 2, 3`.

    Structures of data and models have no roles, and their number of claims instead.
    """
    if not protocol.families:
        if not protocol.roles and protocol.verdicts:
            return counted(len(protocol.verdicts), "claim")
        return counted(len(protocol.roles), "role")
    names = {family.name for family in protocol.families}
    single = [role for role in protocol.roles if role.partition("[")[0] not in names]
    sizes = [family.sizes for family in protocol.families]
    one = len(protocol.families) == 1
    letters = ["N"] if one else [f"N{number + 1}" for number in range(len(sizes))]
    shown = [
        f"{family.name}[{letter}]"
        for family, letter in zip(protocol.families, letters, strict=True)
    ]
    everyone = [*single, *shown]
    if len(everyone) > _FEW:
        everyone = [counted(len(single), "role"), *shown]
    who = f"{', '.join(everyone[:-1])} and {everyone[-1]}" if len(everyone) > 1 else everyone[0]
    ranges = "; ".join(
        f"{letter} = {', '.join(map(str, size))}"
        for letter, size in zip(letters, sizes, strict=True)
    )
    return f"{who}, checked for {ranges}"


class RefutationIndex:
    """Refuted obligations, found by the diagnostic that tells of them; each run is shown once."""

    def __init__(self, run: Run) -> None:
        self._left: dict[tuple[str, str], list[Refutation]] = {}
        self._shown: dict[tuple[str, str], list[Trace | Conflict | Core]] = {}
        self._said = {(diagnostic.path, diagnostic.message) for diagnostic in run.diagnostics}
        for protocol, verdict, outcome in refutations(run):
            key = (protocol.name, verdict.name)
            self._left.setdefault(key, []).append((protocol, verdict, outcome))

    def shown_by(self, diagnostic: Diagnostic) -> Refutation | None:
        """The obligation that `diagnostic` refutes, if no finding has shown it yet."""
        found = self._left.get((diagnostic.protocol, diagnostic.refutes), [])
        if not diagnostic.refutes or not found:
            return None
        first = found.pop(0)
        self._is_news(first)
        return first

    def _is_news(self, refutation: Refutation) -> bool:
        protocol, _, outcome = refutation
        evidence = outcome.evidence
        if isinstance(evidence, Conflict) and (evidence.path, evidence.reason) in self._said:
            return False
        seen = self._shown.setdefault((protocol.name, outcome.code), [])
        if evidence in seen:
            return False
        seen.append(evidence)
        return True

    def left(self) -> list[tuple[Refutation, int]]:
        """Obligations that no diagnostic told of, with how many others are alike.

        One stands for all of its property, code and protocol; what shows nothing new is left out.
        """
        alike: dict[tuple[str, str, str], list[Refutation]] = {}
        for found in self._left.values():
            for one in found:
                protocol, verdict, outcome = one
                key = (protocol.name, str(verdict.property), outcome.code)
                alike.setdefault(key, []).append(one)
        return [(many[0], len(many) - 1) for many in alike.values() if self._is_news(many[0])]
