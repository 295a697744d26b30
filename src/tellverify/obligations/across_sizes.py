"""From findings at single family sizes to the verdicts of a protocol."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

import msgspec

from tellverify.diagnostics.limits import PARTIAL_GATHER
from tellverify.model.roles import family_of
from tellverify.obligations.instance_outcome import InstanceFinding
from tellverify.obligations.size_claims import NO_CLAIM, SizeClaim
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Assumed, Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import PROPERTIES, Property, PropertyScope
from tellverify.verdict.run import Verdict

_AHEAD: Final = PARTIAL_GATHER.number
# Skipped obligations with this code are not asked of a protocol that says itself that a receiver
# continues early; what goes wrong then refutes the others, which are.
_SEARCHED: Final = "a search at single sizes shows it, which says nothing of others"


class InstanceOutcomes(msgspec.Struct, frozen=True):
    """The findings at given family sizes; `name` is empty for a protocol without families."""

    name: str
    findings: tuple[InstanceFinding, ...]


class _Extent(msgspec.Struct, frozen=True):
    """How far what holds at all sizes that were decided reaches."""

    bound: str
    claim: SizeClaim


def verdicts(
    instances: Sequence[InstanceOutcomes],
    bound: str,
    place: tuple[int, int],
    claim: SizeClaim = NO_CLAIM,
) -> list[Verdict]:
    """One verdict for each obligation and outcome, in the order of `Property`.

    A fault at any size refutes, and the smallest sizes that show it are kept. What holds at all
    sizes that were decided holds at every size that is claimed, where the claim covers it, and is
    bounded by the sizes of `bound` elsewhere; members of a family are one role again.
    """
    extent = _Extent(bound, claim)
    found: list[Verdict] = []
    for prop in Property:
        rows = [(i.name, f) for i in instances for f in i.findings if f.property is prop]
        if not rows:
            continue
        for finding in _united(prop, rows, extent):
            subject = ObligationScope(finding.roles, finding.channel)
            verdict = Verdict.of(prop, subject, finding.outcome, place, finding.statistics)
            if isinstance(finding.outcome, Skipped) and finding.outcome.code == _AHEAD:
                verdict = msgspec.structs.replace(verdict, required=False)
            if finding.required is not None:
                verdict = msgspec.structs.replace(verdict, required=finding.required)
            found.append(verdict)
    return found


def _united(
    prop: Property, rows: list[tuple[str, InstanceFinding]], extent: _Extent
) -> list[InstanceFinding]:
    if PROPERTIES[prop].scope is PropertyScope.ROLE:
        return _by_role(rows, extent)
    bad = [(name, f) for name, f in rows if not isinstance(f.outcome, Proved)]
    if bad:
        gravest = _gravest(bad)
        # Of the whole protocol nothing holds beside a channel that is at fault at some size.
        good = [f for _, f in rows if isinstance(f.outcome, Proved) and f.channel is not None]
        return [*gravest, *([_weakened(good, extent)] if good else [])]
    return [_weakened([f for _, f in rows], extent)]


def _gravest(rows: list[tuple[str, InstanceFinding]]) -> list[InstanceFinding]:
    """The refutations at the smallest sizes that have one, else the first other outcome."""
    refuted = [(name, f) for name, f in rows if isinstance(f.outcome, Refuted)]
    chosen = refuted or rows
    smallest = chosen[0][0]
    return [_named(f, name) for name, f in chosen if name == smallest]


def _named(finding: InstanceFinding, instance: str) -> InstanceFinding:
    """The finding with the sizes it was made at."""
    outcome: Outcome = finding.outcome
    match outcome:
        case Refuted():
            outcome = msgspec.structs.replace(outcome, instance=instance)
        case Unknown(reason) if instance:
            outcome = msgspec.structs.replace(outcome, reason=f"{reason} ({instance})")
        case Bounded(bound) if instance:
            outcome = msgspec.structs.replace(outcome, bound=f"{bound} ({instance})")
        case Skipped() | Unknown() | Proved() | Bounded() | Assumed():
            pass
    return msgspec.structs.replace(finding, outcome=outcome)


def _weakened(findings: Sequence[InstanceFinding], extent: _Extent) -> InstanceFinding:
    """What all of `findings` prove: of every size, or bounded by the sizes that were tried."""
    last = max(reversed(findings), key=_longest_queue)
    if not extent.bound or not isinstance(last.outcome, Proved):
        return last
    outcome: Outcome
    by_search = next((f for f in findings if _is_of_its_sizes(f)), None)
    if by_search is not None and extent.claim.covers(last.property):
        outcome = Bounded(extent.bound, Method.SEARCH, "", _SEARCHED)
    elif extent.claim.covers(last.property):
        is_plain = last.outcome.method is Method.COHERENCE
        outcome = extent.claim.proved("" if is_plain else last.outcome.detail)
    else:
        method, detail = last.outcome.method, last.outcome.detail
        outside = extent.claim.outside
        if extent.claim.least:
            outside = f"`{last.property}` is searched at given sizes alone"
        outcome = Bounded(extent.bound, method, detail, outside)
    return msgspec.structs.replace(last, outcome=outcome)


def _is_of_its_sizes(finding: InstanceFinding) -> bool:
    """A search of machines shows progress: loops that all sizes share were not enough for that."""
    outcome = finding.outcome
    is_search = isinstance(outcome, Proved) and outcome.method is Method.SEARCH
    return is_search and finding.property is Property.PROGRESS


def _longest_queue(finding: InstanceFinding) -> int:
    return dict(finding.statistics).get("longest-queue", 0)


def _by_role(rows: list[tuple[str, InstanceFinding]], extent: _Extent) -> list[InstanceFinding]:
    """Verdicts about roles: refuted ones by member at the smallest sizes, others by family.

    A finding without roles is one on sizes at which there is no graph, so it is about all of them:
    then nothing is claimed of any role.
    """
    told: dict[str, tuple[type[Outcome], str]] = {}
    united: list[InstanceFinding] = []
    for status in (Refuted, Unknown, Skipped, Bounded):
        for name, finding in rows:
            if not isinstance(finding.outcome, status):
                continue
            mark = (status, name)
            roles = [r for r in finding.roles if told.setdefault(family_of(r), mark) == mark]
            if roles:
                shown = roles if status is Refuted else dict.fromkeys(map(family_of, roles))
                named = _named(finding, name)
                united.append(msgspec.structs.replace(named, roles=tuple(shown)))
    bare = [(n, f) for n, f in rows if not f.roles and not isinstance(f.outcome, Proved)]
    if bare:
        return [*united, _named(bare[0][1], bare[0][0])]
    good = {
        family_of(role): finding
        for _, finding in rows
        if isinstance(finding.outcome, Proved)
        for role in finding.roles
        if family_of(role) not in told
    }
    refuted = {family for family, (status, _) in told.items() if status is Refuted}
    good.update(_other_members(rows, refuted))
    if good:
        last = next(reversed(good.values()))
        united.append(_weakened([msgspec.structs.replace(last, roles=tuple(good))], extent))
    return united


def _other_members(
    rows: list[tuple[str, InstanceFinding]], refuted: Set[str]
) -> dict[str, InstanceFinding]:
    """The members of `refuted` families that are proved wherever they occur, by name."""
    proved: dict[str, InstanceFinding] = {}
    failed: set[str] = set()
    for _, finding in rows:
        for role in finding.roles:
            if family_of(role) in refuted and role != family_of(role):
                if isinstance(finding.outcome, Proved):
                    proved[role] = finding
                else:
                    failed.add(role)
    return {role: finding for role, finding in proved.items() if role not in failed}
