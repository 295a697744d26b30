"""Role families at given sizes: which instances a reference stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tellverify.language.checks.walk import index_text
from tellverify.language.syntax import ast


class RoleFault(Exception):
    """A reference has no meaning, or none at these sizes; the text says why."""


class RolesOverLimit(RoleFault):
    """There are more instances of roles than the limit of events allows."""


class Member(msgspec.Struct, frozen=True):
    """A declared role: its instances are `start` to `start + count - 1`."""

    declaration: ast.RoleDecl
    start: int
    count: int


def declared_roles(protocol: ast.Protocol) -> tuple[ast.RoleDecl, ...]:
    """The declarations of a protocol, header first; the first of several with one name counts."""
    found: dict[str, ast.RoleDecl] = {}
    for declaration in (*(protocol.header_roles or ()), *(protocol.roles or ())):
        found.setdefault(declaration.name.text, declaration)
    return tuple(found.values())


def family_names(protocol: ast.Protocol) -> tuple[str, ...]:
    """The families that need a size, `R[N]` and `R[*]`, in the order of declaration."""
    return tuple(
        declaration.name.text
        for declaration in declared_roles(protocol)
        if isinstance(declaration.size, ast.NameIndex | ast.AnyIndex)
    )


def family_groups(protocol: ast.Protocol) -> tuple[tuple[str, ...], ...]:
    """The families that need a size, those of one size symbol together."""
    groups: dict[str, list[str]] = {}
    for declaration in declared_roles(protocol):
        name = declaration.name.text
        match declaration.size:
            case ast.NameIndex(symbol):
                groups.setdefault(f"[{symbol}]", []).append(name)
            case ast.AnyIndex():
                groups[name] = [name]
            case ast.ConstIndex() | ast.RangeIndex() | None:
                pass
    return tuple(tuple(group) for group in groups.values())


def size_symbol(declaration: ast.RoleDecl) -> str:
    """The size symbol of a family: `N` for `R[N]`, `*` for `R[*]`; empty for all other roles."""
    match declaration.size:
        case ast.NameIndex(symbol):
            return symbol
        case ast.AnyIndex():
            return "*"
        case None | ast.ConstIndex() | ast.RangeIndex():
            return ""


def family_sizes(protocol: ast.Protocol, sizes: Mapping[str, int]) -> dict[str, int]:
    """The size of every family that needs one; families of one symbol share theirs.

    Raises RoleFault when a size is missing, negative, or given twice and differently.
    """
    resolved: dict[str, int] = {}
    for group in family_groups(protocol):
        given = [(name, sizes[name]) for name in group if name in sizes]
        if not given:
            raise RoleFault(f"no size is given for the role family `{group[0]}`")
        name, size = given[0]
        for other, other_size in given[1:]:
            if other_size != size:
                raise RoleFault(
                    f"the role families `{name}` and `{other}` share one size,"
                    f" but {size} and {other_size} are given"
                )
        if size < 0:
            raise RoleFault(f"the role family `{name}` cannot have {size} members")
        resolved.update((member, size) for member in group)
    return resolved


class RoleTable:
    """All instances of the roles of a protocol, in the order of declaration.

    Instances of families are named `R[0]`, `R[1]` and so on. Raises RoleFault when a size is
    missing, or when there are more than `limit` instances. `named` has, for each family that needs
    a size, one more than the largest number by which the text has named a member so far.
    """

    __slots__ = ("_found", "_members", "_symbols", "named", "names")

    def __init__(self, protocol: ast.Protocol, sizes: Mapping[str, int], limit: int) -> None:
        resolved = family_sizes(protocol, sizes)
        self.names: list[str] = []
        self.named: dict[str, int] = dict.fromkeys(resolved, 0)
        self._members: dict[str, Member] = {}
        self._symbols: dict[str, int] = {}
        self._found: dict[tuple[str, ast.Index | None], Sequence[int]] = {}
        for declaration in declared_roles(protocol):
            name, start = declaration.name.text, len(self.names)
            count = 1
            match declaration.size:
                case None:
                    self.names.append(name)
                case ast.ConstIndex(value):
                    count = value
                case ast.NameIndex(symbol):
                    count = self._symbols[symbol] = resolved[name]
                case ast.AnyIndex() | ast.RangeIndex():
                    count = resolved[name]
            if start + count > limit:
                raise RolesOverLimit(f"`{name}` brings the roles to more than {limit:,} instances")
            if declaration.size is not None:
                self.names.extend([f"{name}[{index}]" for index in range(count)])
            self._members[name] = Member(declaration, start, count)

    def size_of(self, symbol: str) -> int | None:
        """The size that `symbol` stands for, None when no family has it."""
        return self._symbols.get(symbol)

    def instances(self, ref: ast.RoleRef) -> Sequence[int]:
        """The instances `ref` stands for, in index order. Raises RoleFault."""
        key = (ref.name.text, ref.index)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._resolve(ref)
        return found

    def note(self, family: str, number: int) -> None:
        """Keep that `family` has members that differ from those with index `number` or more."""
        if number > self.named.get(family, number):
            self.named[family] = number

    def note_instance(self, instance: int) -> None:
        """Keep that an instance differs from all members of its family with a larger index."""
        family, _, index = self.names[instance].partition("[")
        if index:
            self.note(family, int(index[:-1]) + 1)

    def note_responses(self, responses: int, instances: Sequence[int]) -> None:
        """Keep that sizes up to `responses` of the families of `instances` differ from others."""
        for instance in instances:
            family, _, index = self.names[instance].partition("[")
            if index:
                self.note(family, responses)

    def others(self, name: str) -> list[int]:
        """All instances of all roles but `name`, in the order of declaration."""
        found: list[int] = []
        for other, member in self._members.items():
            if other != name:
                found.extend(range(member.start, member.start + member.count))
        return found

    def _resolve(self, ref: ast.RoleRef) -> Sequence[int]:
        name, index = ref.name.text, ref.index
        member = self._members.get(name)
        if member is None:
            raise RoleFault(f"the role `{name}` is not declared")
        size, start, count = member.declaration.size, member.start, member.count
        if size is None:
            if index is not None:
                raise RoleFault(f"`{name}` is one role and has no index")
            return (start,)
        for number in _numbers(index):
            self.note(name, number + 1)
        match index:
            case None | ast.AnyIndex():
                return range(start, start + count)
            case ast.ConstIndex(value):
                return self._slice(member, index, value, value + 1)
            case ast.NameIndex(symbol):
                if size == index:
                    return range(start, start + count)
                raise RoleFault(f"nothing binds the index `{symbol}` of `{name}[{symbol}]`")
            case ast.RangeIndex(low, high):
                return self._slice(member, index, self._bound(low), self._bound(high))

    def _bound(self, bound: int | str) -> int:
        if isinstance(bound, int):
            return bound
        size = self._symbols.get(bound)
        if size is None:
            raise RoleFault(f"nothing binds the bound `{bound}`")
        return size

    @staticmethod
    def _slice(member: Member, index: ast.Index, low: int, high: int) -> Sequence[int]:
        if high > member.count:
            name = member.declaration.name.text
            raise RoleFault(
                f"`{name}{index_text(index)}` needs {high} members of `{name}`,"
                f" which has {member.count} here"
            )
        return range(member.start + low, member.start + high)


def _numbers(index: ast.Index | None) -> tuple[int, ...]:
    """The numbers that are written in an index."""
    match index:
        case ast.ConstIndex(value):
            return (value,)
        case ast.RangeIndex(low, high):
            return tuple(bound for bound in (low, high) if isinstance(bound, int))
        case None | ast.AnyIndex() | ast.NameIndex():
            return ()
