"""Persistent maps from roles to ids, with equal parts shared.

A map is a tree of fixed shape, 32 ways at each node, and nodes are hash-consed: equal maps are
equal ints, and work on a part is done once however many states share it. Without that, a protocol
of n steps that may each jump to one shared clean-up of n roles would cost n squared.
Height is at most 4 for a million roles, so functions here may recurse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

_BITS: Final = 5
_WIDTH: Final = 1 << _BITS
_MASK: Final = _WIDTH - 1
EMPTY: Final = 0

Join = Callable[[int, tuple[int, ...], tuple[int, ...]], int]


class RoleMaps:
    """All maps over the roles 0 to `roles` - 1. A value is a positive int; 0 means absent."""

    def __init__(self, roles: int) -> None:
        self._top = 0
        while _WIDTH << (_BITS * self._top) < roles:
            self._top += 1
        blank = (0,) * _WIDTH
        self._rows: list[list[tuple[int, ...]]] = [[blank] for _ in range(self._top + 1)]
        self._index: list[dict[tuple[int, ...], int]] = [{blank: 0} for _ in range(self._top + 1)]
        self._joined: list[dict[tuple[int, ...], int]] = [{} for _ in range(self._top + 1)]

    def value(self, role_map: int, role: int) -> int:
        """The value of `role`, 0 when absent."""
        for level in range(self._top, -1, -1):
            if not role_map:
                return 0
            role_map = self._rows[level][role_map][(role >> (_BITS * level)) & _MASK]
        return role_map

    def updated(self, role_map: int, changes: Mapping[int, int]) -> int:
        """The map with new values; 0 removes a role."""
        if not changes:
            return role_map
        return self._updated(self._top, role_map, list(changes.items()))

    def mapped(self, role_map: int, change: Callable[[int], int]) -> int:
        """The map with `change` applied to every value; `change` keeps values positive."""
        return self._mapped(self._top, role_map, change, [{0: 0} for _ in range(self._top + 1)])

    def joined(self, maps: tuple[int, ...], origins: tuple[int, ...], join: Join) -> int:
        """The map of roles on which all `maps` agree or `join` finds a value.

        Where they differ, `join(role, values, origins)` gives the value, 0 for none; equal maps
        come once, with the origin of the first. The answer of `join` may depend on the values
        only, but it is called once for equal parts of maps, so it may record what it finds.
        """
        return self._joined_at(self._top, maps, origins, 0, join)

    def items(self, role_map: int) -> Iterator[tuple[int, int]]:
        """Roles and values, by role."""
        pending = [(self._top, role_map, 0)]
        while pending:
            level, node, base = pending.pop()
            row = self._rows[level][node]
            if level == 0:
                for column, value in enumerate(row):
                    if value:
                        yield base + column, value
                continue
            pending.extend(
                (level - 1, row[column], base + (column << (_BITS * level)))
                for column in range(_MASK, -1, -1)
                if row[column]
            )

    def _intern(self, level: int, row: list[int]) -> int:
        key = tuple(row)
        rows = self._rows[level]
        number = self._index[level].setdefault(key, len(rows))
        if number == len(rows):
            rows.append(key)
        return number

    def _updated(self, level: int, node: int, changes: list[tuple[int, int]]) -> int:
        row = list(self._rows[level][node])
        if level == 0:
            for role, value in changes:
                row[role & _MASK] = value
            return self._intern(0, row)
        shift = _BITS * level
        groups: dict[int, list[tuple[int, int]]] = {}
        for change in changes:
            groups.setdefault((change[0] >> shift) & _MASK, []).append(change)
        for column, group in groups.items():
            row[column] = self._updated(level - 1, row[column], group)
        return self._intern(level, row)

    def _mapped(
        self, level: int, node: int, change: Callable[[int], int], known: list[dict[int, int]]
    ) -> int:
        result = known[level].get(node)
        if result is None:
            row = self._rows[level][node]
            if level == 0:
                new = [change(value) if value else 0 for value in row]
            else:
                new = [self._mapped(level - 1, child, change, known) for child in row]
            result = known[level][node] = self._intern(level, new)
        return result

    def _joined_at(
        self, level: int, nodes: tuple[int, ...], origins: tuple[int, ...], base: int, join: Join
    ) -> int:
        if len(nodes) > 2 and len(set(nodes)) < len(nodes):
            first: dict[int, int] = {}
            for node, origin in zip(nodes, origins, strict=True):
                first.setdefault(node, origin)
            nodes, origins = tuple(first), tuple(first.values())
        if nodes.count(nodes[0]) == len(nodes):
            return nodes[0]
        key = (base, *nodes)
        known = self._joined[level].get(key)
        if known is not None:
            return known
        rows = [self._rows[level][node] for node in nodes]
        result: list[int] = []
        for column, values in enumerate(zip(*rows, strict=True)):
            if values[0] == values[-1] and values.count(values[0]) == len(values):
                result.append(values[0])
            elif level == 0:
                result.append(join(base + column, values, origins))
            else:
                below = base + (column << (_BITS * level))
                result.append(self._joined_at(level - 1, values, origins, below, join))
        number = self._joined[level][key] = self._intern(level, result)
        return number
