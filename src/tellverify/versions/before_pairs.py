"""The pairs of an order of roll-out that the others do not imply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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
