"""Verdicts in the order and the groups in which reports show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.wording import counted, listed, series
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.report.families import collapsed, collapsed_channels
from tellverify.source.region import Region
from tellverify.verdict.identity import BUDGETS, CERTIFICATE, SubjectKind
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


class VerdictGroup(msgspec.Struct, frozen=True):
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


def evidence_of(run: Run) -> dict[str, EvidenceFile]:
    """The file of evidence of each obligation that has one, by the id of the obligation.

    The certificate of a protocol stands behind everything that was decided by coherence.
    """
    files = {one.obligation: one for one in run.evidence}
    if not files:
        return files
    for protocol in run.protocols:
        budgets = files.get(protocol.subject.part(BUDGETS))
        if budgets is not None:
            for verdict in protocol.verdicts:
                certified = verdict.property in (Property.BUDGET, Property.LEAKAGE)
                if certified and isinstance(verdict.outcome, Proved | Bounded):
                    files.setdefault(protocol.id_of(verdict).text, budgets)
        certificate = files.get(protocol.subject.part(CERTIFICATE))
        if certificate is None:
            continue
        for verdict in protocol.verdicts:
            outcome = verdict.outcome
            if isinstance(outcome, Proved | Bounded) and outcome.method is Method.COHERENCE:
                files.setdefault(protocol.id_of(verdict).text, certificate)
    return files


def place_of(protocol: ProtocolReport, verdict: Verdict) -> Region:
    """Where an outcome shows: of a refutation the place of its evidence, else its own."""
    outcome = verdict.outcome
    if isinstance(outcome, Refuted):
        match outcome.evidence:
            case Trace() as trace:
                for site in (trace.place, *(step.site for step in reversed(trace.steps[-1:]))):
                    if site.line:
                        return Region(site.path or protocol.path, site.line, max(site.column, 1))
            case Conflict(regions=regions) if regions:
                return regions[0]
            case Conflict() | Core():
                pass
    line = max(verdict.line or protocol.line, 1)
    return Region(protocol.path, line, max(verdict.column, 1))


def groups(protocol: ProtocolReport, *, everything: bool = False) -> list[VerdictGroup]:
    """The verdicts of a protocol in groups, gravest first, within a status in their own order.

    Verdicts on several roles or channels with equal property, code and detail are one item; items
    that name no role and agree in code and detail share a line. Long lists are cut and counted
    unless `everything` is asked for.
    """
    limit = 1_000_000 if everything else _FEW
    lines: list[VerdictGroup] = []
    by_status: dict[str, list[Verdict]] = {word: [] for word in STATUSES}
    for verdict in protocol.verdicts:
        by_status[status(verdict.outcome)].append(verdict)
    for word, verdicts in by_status.items():
        items: dict[tuple[str, str, str, bool], list[Verdict]] = {}
        for verdict in verdicts:
            about = verdict.scope
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
            lines.append(VerdictGroup(word, subject, code, detail, tuple(members)))
    return lines


def _subjects(verdicts: Sequence[Verdict], limit: int) -> str:
    channels = [v.scope.channel for v in verdicts if v.scope.channel is not None]
    roles = [role for v in verdicts if v.scope.channel is None for role in v.scope.roles]
    names = dict.fromkeys(v.scope.item for v in verdicts if v.scope.item)
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
        if protocol.kind is SubjectKind.WORKFLOW and not protocol.roles:
            return "not read"
        if not protocol.roles and protocol.verdicts:
            return counted(len(protocol.verdicts), "claim")
        is_workflow = protocol.kind is SubjectKind.WORKFLOW
        return counted(len(protocol.roles), "agent" if is_workflow else "role")
    names = {family.name for family in protocol.families}
    single = [role for role in protocol.roles if family_of(role) not in names]
    sizes = [family.sizes for family in protocol.families]
    one = len(protocol.families) == 1
    letters = ["N"] if one else [f"N{number + 1}" for number in range(len(sizes))]
    shown = [
        f"{family.name}[{letter}]"
        for family, letter in zip(protocol.families, letters, strict=True)
    ]
    everyone = [*single, *shown]
    if len(everyone) > _FEW:
        noun = "agent" if protocol.kind is SubjectKind.WORKFLOW else "role"
        everyone = [counted(len(single), noun), *shown]
    who = series(everyone)
    ranges = "; ".join(
        f"{letter} = {', '.join(map(str, size))}"
        for letter, size in zip(letters, sizes, strict=True)
    )
    return f"{who}, checked for {ranges}"
