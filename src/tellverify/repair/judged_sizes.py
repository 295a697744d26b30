"""The sizes of families at which edits are judged while a repair is searched.

A repair that fails at one size fails, so any sizes will do; repairs are checked at all sizes
afterwards. More sizes than these would only show earlier that some edits do not help.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

from tellverify.language.instances import smallest_sizes
from tellverify.language.linking.imports import NOT_LINKED, Linked
from tellverify.language.lowering.cutoffs import NO_SIZES, lowering_of, size_faults, size_symbols
from tellverify.language.lowering.lower import Lowered
from tellverify.language.syntax import ast
from tellverify.model.graph import partial_sites
from tellverify.model.sizes import SizeSymbol
from tellverify.repair.judgement import MOST_EVENTS
from tellverify.source.text import SourceFile

_SMALL: Final = 4  # a cut-off below which all sizes up to one member more than generic are judged
MALFORMED: Final = "the protocol is not well-formed"
PARALLEL: Final = "no new message orders the branches of `par`"
_TIMED: Final = "no repair is searched where a `timeout` stands"
_PARTIAL: Final = "no repair is searched where no gather awaits all answers"


def judged_sizes(
    file: ast.File,
    source: SourceFile,
    protocol: ast.Protocol,
    linked: Linked = NOT_LINKED,
    refuted_at: Mapping[str, int] = NO_SIZES,
) -> tuple[list[dict[str, int]], str]:
    """The sizes, smallest first, and why there are none.

    These are sizes up to the generic members and one member more for new messages, the three least
    where the class of generic members is left, and `refuted_at`. Left out are sizes without a
    graph, and those at which a receiver does not await all answers.
    """
    lowered_at = lowering_of(file, source, protocol, MOST_EVENTS, linked)
    smallest = smallest_sizes(protocol)
    symbols = size_symbols(protocol, lowered_at, smallest)
    covered = not size_faults(source, protocol, linked)
    ranges = [_sizes(one, smallest[one.families[0]], covered=covered) for one in symbols]
    points = [
        {family: n for s, n in zip(symbols, point, strict=True) for family in s.families}
        for point in sorted(product(*ranges), key=lambda point: (sum(point), point))
    ]
    if refuted_at and dict(refuted_at) not in points:
        points.append(dict(refuted_at))
    tried = [lowered_at(sizes) for sizes in points]
    found = [sizes for sizes, one in zip(points, tried, strict=True) if not _why_not(one)]
    reasons = [_why_not(one) for one in tried]
    return found, "" if found else next((r for r in reasons if r != MALFORMED), MALFORMED)


def _why_not(lowered: Lowered) -> str:
    """Why a protocol is not judged at some sizes, empty when it is."""
    if lowered.graph is not None:
        return _PARTIAL if partial_sites(lowered.graph) else ""
    if lowered.timed is not None:
        return _TIMED
    return PARALLEL if lowered.parallel else lowered.limit or MALFORMED


def _sizes(symbol: SizeSymbol, least: int, *, covered: bool) -> list[int]:
    if not covered:
        return [least, least + 1, least + 2]
    last = symbol.cutoff + 2
    if symbol.cutoff < _SMALL:
        return list(range(least, max(last, least) + 1))
    return sorted({least, least + 1, max(last - 1, least), max(last, least)})
