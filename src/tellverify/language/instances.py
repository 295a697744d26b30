"""Sizes of role families: which instances of a protocol there are, and their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import product
from math import prod
from typing import Final

import msgspec

from tellverify.language.lowering.families import family_groups
from tellverify.language.lowering.sites import least_responses
from tellverify.language.syntax import ast
from tellverify.source.span import Span

MOST_COMBINATIONS: Final = 1_000  # of family sizes that are looked at
_MOST_FILLED: Final = 16  # members of a family at sizes that were not asked for
_SIZE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*) = ([0-9]{1,6})")


_WITHOUT_ROLES: Final = (Span, ast.Name, ast.Message, ast.Record, ast.TypePath)


class SizeFault(Exception):
    """Sizes that a protocol does not have, or that are missing; the text says which."""


def instance_name(sizes: Mapping[str, int]) -> str:
    """`Devices = 3, Cells = 2`; empty for a protocol without families."""
    return ", ".join(f"{family} = {size}" for family, size in sizes.items())


def sizes_of(instance: str) -> dict[str, int]:
    """The sizes in the name of an instance."""
    return {family: int(size) for family, size in _SIZE.findall(instance)}


def smallest_sizes(protocol: ast.Protocol) -> dict[str, int]:
    """By family without a size, the fewest members that its body needs: `R[2]` needs three of R.

    A statement with `min_responses : k` needs k members that send.
    """
    found = {family: 1 for group in family_groups(protocol) for family in group}
    for node in _places_of_roles(protocol) if found else ():
        if isinstance(node, ast.RoleRef):
            _note(found, node, 0)
        else:
            for responses in least_responses(node.record):
                _note(found, node.sender, responses)
    return found


def _places_of_roles(protocol: ast.Protocol) -> Iterator[ast.RoleRef | ast.Send]:
    """All references to roles, and all sends."""
    stack: list[object] = [protocol.body, protocol.locals]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Send):
            yield node
            stack += [node.sender, node.receiver]
        elif isinstance(node, ast.RoleRef):
            yield node
        elif isinstance(node, tuple | list):
            stack.extend(node)
        elif isinstance(node, msgspec.Struct) and not isinstance(node, _WITHOUT_ROLES):
            stack.extend(getattr(node, field) for field in node.__struct_fields__)


def _filled_sizes(protocol: ast.Protocol, families: Collection[str]) -> list[int]:
    """The sizes at which `R[3..N]` and the like have one member, of ranges that begin late."""
    lows = {
        node.index.low + 1
        for node in _places_of_roles(protocol)
        if isinstance(node, ast.RoleRef)
        and node.name.text in families
        and isinstance(node.index, ast.RangeIndex)
        and isinstance(node.index.low, int)
        and isinstance(node.index.high, str)
    }
    return sorted(size for size in lows if size <= _MOST_FILLED)


def _note(found: dict[str, int], ref: ast.RoleRef, responses: int) -> None:
    name = ref.name.text
    if name in found:
        low = ref.index.low if isinstance(ref.index, ast.RangeIndex) else 0
        more = responses + low if responses and isinstance(low, int) else responses
        found[name] = max(found[name], _needed(ref.index), more)


def _needed(index: ast.Index | None) -> int:
    match index:
        case ast.ConstIndex(value):
            return value + 1
        case ast.RangeIndex(_, high):
            return high if isinstance(high, int) else 1
        case None | ast.AnyIndex() | ast.NameIndex():
            return 1


def combinations(
    protocol: ast.Protocol,
    wanted: Mapping[str, Sequence[int]],
    default: Sequence[int],
    known: Mapping[str, int] | None = None,
) -> Iterator[dict[str, int]]:
    """Every combination of family sizes, smallest first.

    Families that are not `wanted` have the `default` sizes, or as many sizes from the smallest one
    at which the text has a meaning, and those at which a range such as `R[3..N]` has one member,
    since it has none at smaller sizes. Different sizes for two families of one size symbol give a
    single combination with both, whose fault lowering reports. `known` has the smallest sizes where
    these have been found before. Of more than MOST_COMBINATIONS only that many are given;
    `left_out` says how many there are beyond.
    """
    choices = _choices(protocol, wanted, default, known)
    groups = family_groups(protocol)
    if choices is None:
        yield {family: wanted.get(family, default)[0] for each in groups for family in each}
        return
    for chosen in _smallest_first(choices):
        yield {family: size for group, size in zip(groups, chosen, strict=True) for family in group}


def left_out(
    protocol: ast.Protocol, wanted: Mapping[str, Sequence[int]], default: Sequence[int]
) -> int:
    """How many combinations of family sizes `combinations` does not give."""
    choices = _choices(protocol, wanted, default)
    return 0 if choices is None else max(0, prod(map(len, choices)) - MOST_COMBINATIONS)


def _smallest_first(choices: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Vectors by their sum, then in lexicographic order; too many are never made at once."""
    if prod(map(len, choices)) <= MOST_COMBINATIONS:
        yield from sorted(product(*choices), key=lambda sizes: (sum(sizes), sizes))
        return
    rows = [sorted(row) for row in choices]
    first = tuple(row[0] for row in rows)
    heap = [(sum(first), first, (0,) * len(rows))]
    seen = {heap[0][2]}
    for _ in range(MOST_COMBINATIONS):
        _, sizes, places = heappop(heap)
        yield sizes
        for number, row in enumerate(rows):
            at = places[number] + 1
            following = (*places[:number], at, *places[number + 1 :])
            if at < len(row) and following not in seen:
                seen.add(following)
                larger = (*sizes[:number], row[at], *sizes[number + 1 :])
                heappush(heap, (sum(larger), larger, following))


def _choices(
    protocol: ast.Protocol,
    wanted: Mapping[str, Sequence[int]],
    default: Sequence[int],
    known: Mapping[str, int] | None = None,
) -> list[Sequence[int]] | None:
    """The sizes of each group of families; None where one group is given different sizes."""
    groups = family_groups(protocol)
    smallest = smallest_sizes(protocol) if known is None else known
    choices: list[Sequence[int]] = []
    for group in groups:
        named = [tuple(wanted[family]) for family in group if family in wanted]
        if len(set(named)) > 1:
            return None
        more = max(0, max(smallest[family] for family in group) - default[0])
        if named:
            choices.append(named[0])
            continue
        usual = [size + more for size in default]
        late = _filled_sizes(protocol, group) if len(default) > 1 else []
        choices.append([*usual, *(size for size in late if size > usual[-1])])
    return choices


def one_instance(
    protocol: ast.Protocol, given: Mapping[str, int], default: int | None
) -> dict[str, int]:
    """A size for every family that needs one; families of one symbol have one size.

    Families without a size have `default` members, or more where the text names more. Raises
    SizeFault for a family that the protocol does not have, and for one without a size where there
    is no default.
    """
    groups = family_groups(protocol)
    smallest = smallest_sizes(protocol)
    known = [family for group in groups for family in group]
    for family in given:
        if family not in known:
            has = ", ".join(known) or "none"
            raise SizeFault(f"there is no family `{family}` without a size; there is {has}")
    found: dict[str, int] = {}
    for group in groups:
        named = {family: given[family] for family in group if family in given}
        if len(set(named.values())) > 1:
            raise SizeFault(f"{' and '.join(named)} have one size, and two are given")
        least = max(smallest[family] for family in group)
        size = next(iter(named.values()), None if default is None else max(default, least))
        if size is None:
            raise SizeFault(f"give the size of `{group[0]}`: --instances {group[0]}=N")
        found.update((family, size) for family in group)
    return found
