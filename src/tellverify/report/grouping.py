"""Verdicts in the order and the groups in which reports show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from tellverify.diagnostics.wording import counted, listed, series
from tellverify.model.roles import family_of
from tellverify.model.sizes import members_named
from tellverify.model.trace import Trace
from tellverify.report.families import collapsed, collapsed_channels
from tellverify.source.region import Region
from tellverify.verdict.identity import BUDGETS, CERTIFICATE, SCENARIO_MARK, SubjectKind
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
from tellverify.verdict.properties import SAFETY, Property
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Verdict

STATUSES: Final = ("refuted", "bounded", "proved", "assumed", "unknown", "skipped")
TOTALS: Final = ("refuted", "proved", "bounded", "assumed", "unknown", "skipped")
_FEW: Final = 8
_ALL_SIZES: Final = "sizes"  # marks the line of all that holds for the same sizes
_VACUOUS: Final = ", vacuous: nothing it mentions occurs in any run"

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


def sizes_of(outcome: Outcome) -> str:
    """All sizes that a claim is made of: `every N >= 1, by generic member Devices[1]`."""
    if not isinstance(outcome, Proved) or not outcome.every:
        return ""
    return ", ".join(
        [outcome.every, *([members_named(outcome.generic)] if outcome.generic else [])]
    )


def bound_of(outcome: Bounded) -> str:
    """How far a bounded outcome reaches, and why no further where that is known."""
    return f"{outcome.bound}; not every size: {outcome.reason}" if outcome.reason else outcome.bound


def _detail(outcome: Outcome, counts: list[str]) -> list[str]:
    match outcome:
        case Proved(method, detail, every):
            if every:
                return [sizes_of(outcome), detail, *counts]
            return [detail or method.row.title, *counts] if detail or not counts else counts
        case Bounded(bound, _, detail, reason):
            return [bound, detail, *counts, reason and f"not every size: {reason}"]
        case Refuted(instance=instance):
            return [instance, *counts]
        case Unknown(reason) | Skipped(reason):
            return [reason]
        case Assumed(reason, place, ledger):
            return [ledger, place, reason]


def why_not_required(verdict: Verdict, path: str = "") -> str:
    """Why an outcome that is not required does not count, in words.

    A place in the file `path` is named by its line alone.
    """
    if not verdict.expected:
        return "not required"
    file, _, line = verdict.expected.rpartition(":")
    return f"expected at line {line}" if file == path else f"expected at {verdict.expected}"


def detail_of(verdict: Verdict, path: str = "") -> str:
    """What stands right of an obligation: how it is known, how far, or why not.

    A place in the file `path` is named by its line alone.
    """
    counts = [
        counted(value, "configuration")
        for name, value in verdict.statistics
        if name == "configurations"
    ]
    parts = _detail(verdict.outcome, counts)
    if not verdict.required and isinstance(verdict.outcome, Refuted | Unknown | Skipped):
        parts.append(why_not_required(verdict, path))
    if verdict.vacuity == "vacuous" and isinstance(verdict.outcome, Proved | Bounded):
        parts.append(_VACUOUS.removeprefix(", "))
    return ", ".join(part for part in parts if part)


def evidence_of(run: Run) -> dict[str, EvidenceFile]:
    """The first file of evidence of each obligation that has one, by the id of the obligation."""
    return {identity: files[0] for identity, files in all_evidence_of(run).items()}


def all_evidence_of(run: Run) -> dict[str, tuple[EvidenceFile, ...]]:
    """The files of evidence of each obligation that has some, by the id of the obligation.

    The certificate of a protocol stands behind everything that was decided by coherence.
    """
    files: dict[str, tuple[EvidenceFile, ...]] = {}
    for one in run.evidence:
        files[one.obligation] = (*files.get(one.obligation, ()), one)
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
            if isinstance(outcome, Proved | Bounded) and _is_certified(verdict, outcome.method):
                files.setdefault(protocol.id_of(verdict).text, certificate)
    return files


def _is_certified(verdict: Verdict, method: Method) -> bool:
    """True of what the certificate of a protocol claims: implementability, and waiting roles."""
    if method is Method.GENERIC_MEMBER:
        return verdict.property in (Property.IMPLEMENTABLE, *SAFETY, Property.NO_STUCK_ROLE)
    return method is Method.COHERENCE


def place_of(protocol: ProtocolReport, verdict: Verdict) -> Region:
    """Where an outcome shows: of a refutation the place of its evidence, else its own.

    A run across sessions ends somewhere in a protocol that may be right; its place is the workflow.
    """
    outcome = verdict.outcome
    if isinstance(outcome, Refuted):
        match outcome.evidence:
            case Trace() as trace if protocol.kind is not SubjectKind.WORKFLOW:
                for site in (trace.place, *(step.site for step in reversed(trace.steps[-1:]))):
                    if site.line:
                        return Region(site.path or protocol.path, site.line, max(site.column, 1))
            case Conflict(regions=regions) if regions:
                return regions[0]
            case Trace() | Conflict() | Core():
                pass
    line = max(verdict.line or protocol.line, 1)
    return Region(protocol.path, line, max(verdict.column, 1))


def groups(protocol: ProtocolReport, *, everything: bool = False) -> list[VerdictGroup]:
    """The verdicts of a protocol in groups, gravest first, within a status in their own order.

    Verdicts on several roles or channels with equal property, code and detail are one item; items
    that name no role and agree in code and detail share a line. So do all that hold of a family
    for the same sizes. Long lists are cut and counted unless `everything` is asked for.
    """
    limit = 1_000_000 if everything else _FEW
    lines: list[VerdictGroup] = []
    by_status: dict[str, list[Verdict]] = {word: [] for word in STATUSES}
    for verdict in protocol.verdicts:
        by_status[status(verdict.outcome)].append(verdict)
    for word, verdicts in by_status.items():
        items: dict[tuple[str, str, str, str, bool], list[Verdict]] = {}
        for verdict in verdicts:
            key = (verdict.scope.scenario, *_key(protocol, verdict))
            items.setdefault(key, []).append(verdict)
        for (scenario, name, code, detail, named), members in items.items():
            subject = (
                _subjects(members, limit)
                if named
                else ", ".join(dict.fromkeys(str(member.property) for member in members))
            )
            if name == _ALL_SIZES:
                subject, detail = _of_sizes(members, limit), _sizes_shown(members)
            if scenario:
                subject += f"{SCENARIO_MARK}{scenario}"
            lines.append(VerdictGroup(word, subject, code, detail, tuple(members)))
    return lines


def _key(protocol: ProtocolReport, verdict: Verdict) -> tuple[str, str, str, bool]:
    """What verdicts of one status share that stand on one line."""
    outcome, about = verdict.outcome, verdict.scope
    if isinstance(outcome, Proved) and outcome.every:
        return _ALL_SIZES, "", outcome.every, False
    if isinstance(outcome, Bounded) and protocol.families and outcome.reason:
        return _ALL_SIZES, "", bound_of(outcome), False
    named = bool(about.roles or about.item) or about.channel is not None
    name = f"{verdict.property} {about.item if about.roles else ''}" if named else ""
    return name, code_of(outcome), detail_of(verdict, protocol.path), named


def _of_sizes(verdicts: Sequence[Verdict], limit: int) -> str:
    """What holds for the same sizes: each property with its roles, and how far it holds."""
    parts: dict[tuple[Property, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        item = verdict.scope.item if verdict.scope.roles else ""
        parts.setdefault((verdict.property, item, _own_detail(verdict)), []).append(verdict)
    shown = []
    for (prop, _, detail), members in parts.items():
        about = members[0].scope
        named = bool(about.roles or about.item) or about.channel is not None
        subject = _subjects(members, limit) if named else str(prop)
        shown.append(f"{subject} ({detail})" if detail else subject)
    return ", ".join(shown)


def _own_detail(verdict: Verdict) -> str:
    """The note on a verdict beside the sizes that it holds for."""
    outcome = verdict.outcome
    if isinstance(outcome, Bounded) and outcome.method is Method.COHERENCE:
        outcome = Bounded("", outcome.method)
    elif isinstance(outcome, Bounded):
        outcome = Bounded("", outcome.method, outcome.detail)
    elif isinstance(outcome, Proved):
        return outcome.detail + (_VACUOUS if verdict.vacuity == "vacuous" else "")
    return detail_of(msgspec.structs.replace(verdict, outcome=outcome))


def _sizes_shown(verdicts: Sequence[Verdict]) -> str:
    """The sizes of a line, and how they are known."""
    outcomes = [verdict.outcome for verdict in verdicts]
    first = max(outcomes, key=lambda one: len(one.generic) if isinstance(one, Proved) else 0)
    if isinstance(first, Bounded):
        return bound_of(first)
    others = [v for v in verdicts if isinstance(v.outcome, Proved) and not v.outcome.generic]
    if len(others) == len(verdicts):
        return f"{sizes_of(first)}, by formula"
    names = dict.fromkeys(str(verdict.property) for verdict in others)
    return f"{sizes_of(first)}{f'; {series(list(names))} by formula' if names else ''}"


def _subjects(verdicts: Sequence[Verdict], limit: int) -> str:
    channels = [v.scope.channel for v in verdicts if v.scope.channel is not None]
    roles = [role for v in verdicts if v.scope.channel is None for role in v.scope.roles]
    names = dict.fromkeys(v.scope.item for v in verdicts if v.scope.item)
    if any(", " in name for name in names) and not roles and not channels:
        return listed([f"{verdicts[0].property}[{name}]" for name in names], limit)
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


def members(protocol: ProtocolReport) -> str:
    """Who takes part: `3 roles`, or `Coordinator and Witness[N], checked for N = 1, 2, 3`.

    Structures of data and models have no roles, and their number of claims instead.
    """
    if not protocol.families:
        if protocol.kind is SubjectKind.WORKFLOW and not protocol.roles:
            return "not read"
        is_protocol = protocol.kind is SubjectKind.PROTOCOL
        if not protocol.roles and protocol.verdicts and not is_protocol:
            return counted(len(protocol.verdicts), "claim")
        is_workflow = protocol.kind is SubjectKind.WORKFLOW
        return counted(len(protocol.roles), "agent" if is_workflow else "role")
    names = {family.name for family in protocol.families}
    single = [role for role in protocol.roles if family_of(role) not in names]
    letters = _letters(protocol)
    shown = [f"{family.name}[{letters[family.name]}]" for family in protocol.families]
    everyone = [*single, *shown]
    if len(everyone) > _FEW:
        noun = "agent" if protocol.kind is SubjectKind.WORKFLOW else "role"
        everyone = [counted(len(single), noun), *shown]
    who = series(everyone)
    outcomes = [verdict.outcome for verdict in protocol.verdicts]
    claimed = [one.every for one in outcomes if isinstance(one, Proved) and one.generic]
    if claimed and not any(isinstance(one, Bounded) for one in outcomes):
        return f"{who}, {claimed[0]}"
    named = {name: name if letter == "*" else letter for name, letter in letters.items()}
    sizes = {named[family.name]: family.sizes for family in protocol.families}
    ranges = "; ".join(f"{name} = {', '.join(map(str, size))}" for name, size in sizes.items())
    return f"{who}, checked for {ranges}"


def _letters(protocol: ProtocolReport) -> dict[str, str]:
    """The size symbol of each family; where it is not known, N, or N1, N2 and so on."""
    families = protocol.families
    one = len(families) == 1
    return {
        family.name: family.symbol or ("N" if one else f"N{number + 1}")
        for number, family in enumerate(families)
    }
