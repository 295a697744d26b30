"""The order of roll-out that holds at all family sizes, or the release in between, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tellverify.diagnostics.wording import series
from tellverify.obligations.options import Options
from tellverify.verdict.versions import Evidence, OrderKind, SizedOrder, UpgradeOrder
from tellverify.versions.instance import ComparedInstance
from tellverify.versions.mixture_words import TAKES_BOTH, family_pairs, order_words, plan_words

if TYPE_CHECKING:
    from tellverify.versions.bridge import BridgeSearch

_EVIDENCE: Sequence[Evidence] = ("proved", "bounded", "unknown")
_KINDS: Sequence[OrderKind] = ("any", "ordered", "unknown", "none")


def bridges_of(found: Sequence[ComparedInstance], options: Options) -> dict[int, BridgeSearch]:
    """The searches for a release in between, by instance, of those without an order."""
    without = [number for number, one in enumerate(found) if one.order.kind == "none"]
    if not without:
        return {}
    from tellverify.versions.bridge import find_bridge

    return {
        number: find_bridge(
            found[number].roles,
            largest_bound=options.queue_limit,
            budget=options.search_limit,
            are_proved=found[number].are_proved,
        )
        for number in without
    }


def upgrade_of(
    found: Sequence[ComparedInstance], bridges: Mapping[int, BridgeSearch]
) -> UpgradeOrder:
    """The order of all family sizes; of each by itself where no single one suits them."""
    found_order = _of_all_sizes(found, bridges)
    known = max((_known(one) for one in found), key=_EVIDENCE.index)
    return msgspec.structs.replace(found_order, evidence=known)


def _known(one: ComparedInstance) -> Evidence:
    """How surely the mixtures that are not refuted are good."""
    return one.mixtures.known_by()[1] if one.roles.changed else "proved"


def _of_all_sizes(
    found: Sequence[ComparedInstance], bridges: Mapping[int, BridgeSearch]
) -> UpgradeOrder:
    kind = max((one.order.kind for one in found), key=_KINDS.index)
    changed = [n for n, one in enumerate(found) if one.roles.changed] or [0]
    alone = {number: _alone(found[number], bridges.get(number)) for number in changed}
    if kind == "ordered":
        members = [pair for one in found for pair in one.order.before]
        families = [pair for one in alone.values() for pair in one.before]
        if not (are_circular(members) or are_circular(families)):
            return _united(found)
    if kind in ("any", "unknown"):
        return next(one for one in alone.values() if one.kind == kind)
    words = {number: summary_of(one) for number, one in alone.items()}
    last = max(number for number, one in alone.items() if one.kind == kind)
    if len(set(words.values())) == 1:
        return alone[last]
    names: dict[str, list[str]] = {}
    for number, text in words.items():
        names.setdefault(text, []).append(found[number].name)
    by_size = tuple(SizedOrder(tuple(sizes), text) for text, sizes in names.items())
    return UpgradeOrder(kind, pairs_suffice=False, by_size=by_size)


def _alone(one: ComparedInstance, bridge: BridgeSearch | None) -> UpgradeOrder:
    """The order of one instance, in the words of families."""
    changed = one.mixtures.changed
    if bridge is None:
        pairs = needed_pairs(family_pairs(one.order.before, changed))
        order = order_words(one.order.order, changed)
        return UpgradeOrder(
            one.order.kind, pairs, order, one.order.pairs_suffice, evidence=_known(one)
        )
    plan = bridge.plan
    if plan is None:
        known: Evidence = "proved" if bridge.is_exhausted else "unknown"
        return UpgradeOrder("none", pairs_suffice=False, bridge_evidence=known)
    known = "proved" if plan.is_proved else "bounded"
    return UpgradeOrder("none", (), (), False, plan_words(plan, changed), known)


def _united(found: Sequence[ComparedInstance]) -> UpgradeOrder:
    """The pairs of all sizes together, none of which contradict each other."""
    ordered = [one for one in found if one.order.kind == "ordered"]
    largest = max(ordered, key=lambda one: sum(one.sizes.values()))
    pairs: dict[tuple[str, str], None] = {}
    for one in ordered:
        pairs.update(dict.fromkeys(family_pairs(one.order.before, one.mixtures.changed)))
    return UpgradeOrder(
        "ordered",
        needed_pairs(pairs),
        order_words(largest.order.order, largest.mixtures.changed),
        all(one.order.pairs_suffice for one in found),
    )


def summary_of(upgrade: UpgradeOrder) -> str:
    """The order of roll-out as a sentence without its full stop."""
    if upgrade.by_size:
        return "; ".join(f"at {series(one.sizes)}: {one.words}" for one in upgrade.by_size)
    searched = "as far as was searched, " if upgrade.evidence == "unknown" else ""
    match upgrade.kind:
        case "any":
            return f"{searched}upgrade the roles in any order"
        case "unknown":
            return "it is not known whether an order is safe"
        case "ordered":
            return f"{searched}{_ordered(upgrade)}"
        case "none":
            return f"no order is safe{_instead(upgrade)}"


def _ordered(upgrade: UpgradeOrder) -> str:
    pairs = series([f"{x} before {y}" for x, y in upgrade.before])
    full = ", then ".join(upgrade.order)
    if not pairs:
        return f"upgrade in this order: {full}"
    return f"upgrade {pairs}" + ("" if upgrade.pairs_suffice else f", for example {full}")


def instead_of(upgrade: UpgradeOrder) -> str:
    """What helps where no order suits all family sizes; empty where nothing was found."""
    if upgrade.by_size:
        return summary_of(upgrade)
    if not upgrade.bridge:
        return ""
    releases = sum(step.endswith(TAKES_BOTH) for step in upgrade.bridge)
    some = "one release in between" if releases == 1 else "releases in between"
    return f"{some}: {', then '.join(upgrade.bridge)}"


def _instead(upgrade: UpgradeOrder) -> str:
    """How the sentence that no order is safe continues."""
    if upgrade.bridge:
        some, _, steps = instead_of(upgrade).partition(":")
        verb = "is" if some.startswith("one") else "are"
        known = "" if upgrade.bridge_evidence == "proved" else " as far as was searched"
        return f"; {some} {verb}{known}:{steps}"
    if upgrade.bridge_evidence == "proved":
        return ", and no release in between that follows both versions step by step helps"
    return "; whether a release in between helps is not known"


def are_circular(pairs: Sequence[tuple[str, str]]) -> bool:
    """True when no order keeps all `pairs`."""
    if not {x for x, _ in pairs} & {y for _, y in pairs}:
        return False
    from graphlib import CycleError, TopologicalSorter

    sorter: TopologicalSorter[str] = TopologicalSorter()
    for x, y in pairs:
        sorter.add(y, x)
    try:
        sorter.prepare()
    except CycleError:
        return True
    return False


def needed_pairs(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """`pairs` without those that follow from others, in their order; all of a circle.

    Only roles that come both before and after others need the graph of all pairs.
    """
    known = list(dict.fromkeys(pairs))
    if not {x for x, _ in known} & {y for _, y in known}:
        return tuple(known)
    from tellverify.source.dependencies import reduced

    needs: dict[str, list[str]] = {}
    for x, y in known:
        needs.setdefault(x, [])
        needs.setdefault(y, []).append(x)
    kept = reduced(needs)
    return tuple((x, y) for x, y in known if x in kept[y])
