"""Scenarios: which roles may fail, and what may happen to messages, and what that means for roles.

A scenario is a list of rules. What no rule names stays as it is without faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import combinations, product
from typing import Final, TypeAlias

import msgspec

from tellverify.model.roles import family_of

Channel: TypeAlias = tuple[str, str]
_MOST_SETS: Final = 200_000


class RuleKind(StrEnum):
    """What a rule allows to happen."""

    CRASH = "crash"
    LOSS = "loss"
    PARTITION = "partition"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    BYZANTINE = "byzantine"


OF_ROLES: Final = (RuleKind.CRASH, RuleKind.BYZANTINE)


class ScenarioRule(msgspec.Struct, frozen=True):
    """One rule; `most` is its budget, None for any number.

    `left` names roles, families or members, empty for all roles: who fails, who sends, or one side
    of a partition; `right` who receives, or the other side. A partition that `heals` only delays.
    `start` and `end` are the place of the rule in the text of its scenario.
    """

    kind: RuleKind
    most: int | None = None
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    heals: bool = False
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        bound = "" if self.most is None else f" <= {self.most}"
        match self.kind:
            case RuleKind.CRASH | RuleKind.BYZANTINE:
                return f"{self.kind}{bound}{f' of {_group(self.left)}' if self.left else ''}"
            case RuleKind.PARTITION:
                heals = " heals" if self.heals else ""
                sides = f"{_braced(self.left)} | {_braced(self.right)}"
                return f"partition {sides}{heals}"
            case RuleKind.LOSS | RuleKind.DUPLICATE | RuleKind.REORDER:
                if not self.left and not self.right:
                    return f"{self.kind}{bound}"
                return f"{self.kind}{bound} on {_group(self.left)} -> {_group(self.right)}"


class Scenario(msgspec.Struct, frozen=True):
    """Rules under a name; the empty scenario is a system without faults.

    `engaged_only`: a role that has not acted does not count as waiting. `deduplicate`: receivers
    discard the second copy of a message.
    """

    name: str = ""
    rules: tuple[ScenarioRule, ...] = ()
    engaged_only: bool = True
    deduplicate: bool = False

    @property
    def spares_idle_roles(self) -> bool:
        """True when a role that has not acted does not count as waiting: never without faults."""
        return self.engaged_only and bool(self.rules)

    @property
    def text(self) -> str:
        """The rules as they are written; empty without rules, whatever they would mean."""
        if not self.rules:
            return ""
        parts = [str(rule) for rule in self.rules]
        parts += [] if self.engaged_only else ["engaged-only = false"]
        parts += ["deduplicate = true"] if self.deduplicate else []
        return ", ".join(parts)


class Omission(msgspec.Struct, frozen=True):
    """Roles that have crashed and channels that deliver nothing any more."""

    crashed: frozenset[str] = frozenset()
    cut: frozenset[Channel] = frozenset()


class ResolvedScenario(msgspec.Struct, frozen=True):
    """A scenario for given roles: budgets with the roles or channels that they cover."""

    roles: tuple[str, ...]
    crash: tuple[tuple[int | None, frozenset[str]], ...]
    byzantine: tuple[tuple[int | None, frozenset[str]], ...]
    loss: tuple[tuple[int | None, frozenset[Channel]], ...]
    duplicate: tuple[tuple[int | None, frozenset[Channel]], ...]
    reorder: frozenset[Channel]
    cuts: tuple[frozenset[Channel], ...]
    engaged_only: bool

    @property
    def most_crashes(self) -> int:
        """How many roles may crash in one run, at most."""
        return sum(len(some) if most is None else most for most, some in self.crash)

    def may_crash(self, crashed: Iterable[str]) -> bool:
        """True when the budgets allow all of `crashed` to crash in one run."""
        return _covered(sorted(crashed), self.crash)

    def may_lie(self, liars: Iterable[str]) -> bool:
        """True when the budgets allow all of `liars` to be Byzantine in one run."""
        return _covered(sorted(liars), self.byzantine)

    def may_fail(self, failed: Iterable[str]) -> bool:
        """True when the budgets allow each of `failed` to crash or to be Byzantine in one run."""
        return _covered(sorted(failed), (*self.crash, *self.byzantine))

    def byzantine_sets(self) -> Iterator[frozenset[str]]:
        """The sets of Byzantine roles that decide everything: the largest, and those that leave
        any two roles out.

        Whoever is Byzantine may also keep to the protocol, so smaller sets add no run for roles
        outside of them.
        """
        yield from _largest(self.byzantine, spare=2)

    def sets_of_liars(self, most: int) -> tuple[frozenset[str], ...]:
        """All sets of roles that may be Byzantine together, small ones first.

        Raises TooManyFaultSets when there are more than `most`.
        """
        roles = sorted(frozenset[str]().union(*(some for _, some in self.byzantine)))
        found: dict[frozenset[str], None] = {frozenset(): None}
        for known in (queue := list(found)):
            for role in roles:
                larger = known | {role}
                if larger not in found and self.may_lie(larger):
                    if len(found) == most:
                        raise TooManyFaultSets
                    found[larger] = None
                    queue.append(larger)
        return tuple(found)

    def crash_sets(self, survivor: str) -> Iterator[frozenset[str]]:
        """The largest sets of roles that may crash together and leave `survivor` alive."""
        rows = tuple((most, roles - {survivor}) for most, roles in self.crash)
        yield from _largest(rows, spare=0)

    def cut_sets(self) -> Iterator[frozenset[Channel]]:
        """The channels that are cut when some of the lasting partitions happen, none first."""
        found: dict[frozenset[Channel], None] = {}
        for chosen in product((False, True), repeat=len(self.cuts)):
            cut = [c for happens, c in zip(chosen, self.cuts, strict=True) if happens]
            found[frozenset().union(*cut)] = None
        yield from found


def resolved(
    scenario: Scenario, roles: Sequence[str], channels: Iterable[Channel]
) -> ResolvedScenario | None:
    """The scenario for `roles`, whose messages use `channels`.

    None when it names a member of a family that is not among them. A budget of several senders
    counts for each of them.
    """
    used = sorted(set(channels))
    by_kind: dict[RuleKind, list[tuple[int | None, frozenset[str]]]] = {}
    on: dict[RuleKind, list[tuple[int | None, frozenset[Channel]]]] = {}
    cuts: list[frozenset[Channel]] = []
    for rule in scenario.rules:
        if not all(covers(name, roles) for name in (*rule.left, *rule.right)):
            return None
        left = _members(rule.left, roles)
        if rule.kind in OF_ROLES:
            by_kind.setdefault(rule.kind, []).append((rule.most, left))
            continue
        right = _members(rule.right, roles)
        if rule.kind is RuleKind.PARTITION:
            left, right = _sides(rule, roles)
            ends = [(p, q) for p, q in used if (p in left) != (q in left)]
            between = frozenset(c for c in ends if {*c} <= left | right)
            cuts += [] if rule.heals else [between]
            continue
        chosen = frozenset((p, q) for p, q in used if p in left and q in right)
        on.setdefault(rule.kind, []).append((rule.most, chosen))
    reorder = frozenset(c for _, some in on.get(RuleKind.REORDER, []) for c in some)
    return ResolvedScenario(
        tuple(roles),
        tuple(by_kind.get(RuleKind.CRASH, [])),
        tuple(by_kind.get(RuleKind.BYZANTINE, [])),
        tuple(on.get(RuleKind.LOSS, [])),
        () if scenario.deduplicate else tuple(on.get(RuleKind.DUPLICATE, [])),
        reorder,
        tuple(cuts),
        scenario.spares_idle_roles,
    )


def covers(name: str, roles: Iterable[str]) -> bool:
    """True when `name` is one of `roles`, or a family that has a member among them."""
    return any(name in (role, family_of(role)) for role in roles)


def _sides(rule: ScenarioRule, roles: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The sides of a partition; `*` is every role that is not on the other side."""
    left, right = _members(rule.left, roles), _members(rule.right, roles)
    if not rule.right:
        return left, right - left
    return (left - right if not rule.left else left), right


def sides_overlap(rule: ScenarioRule, roles: Sequence[str]) -> bool:
    """True when a role is on both sides of a partition, or one of them has no role."""
    left, right = _sides(rule, roles)
    return bool(left & right) or not left or not right


def _members(names: tuple[str, ...], roles: Sequence[str]) -> frozenset[str]:
    if not names:
        return frozenset(roles)
    return frozenset(role for role in roles if role in names or family_of(role) in names)


def _covered(failed: Sequence[str], budgets: Sequence[tuple[int | None, frozenset[str]]]) -> bool:
    """True when each of `failed` can be charged to a budget: a matching by augmenting paths."""
    charged: dict[int, list[str]] = {n: [] for n in range(len(budgets))}

    def charge(role: str, tried: set[int]) -> bool:
        for number, (most, roles) in enumerate(budgets):
            if role not in roles or number in tried:
                continue
            tried.add(number)
            if most is None or len(charged[number]) < most:
                charged[number].append(role)
                return True
            for other in list(charged[number]):
                charged[number].remove(other)
                if charge(other, tried):
                    charged[number].append(role)
                    return True
                charged[number].append(other)
        return False

    return all(charge(role, set()) for role in failed)


def _largest(
    budgets: Sequence[tuple[int | None, frozenset[str]]], spare: int
) -> Iterator[frozenset[str]]:
    """The largest sets within `budgets`, and smaller ones that leave out any `spare` roles."""
    choices: list[list[frozenset[str]]] = []
    for most, roles in budgets:
        size = len(roles) if most is None else min(most, len(roles))
        least = max(0, min(size, len(roles) - spare)) if roles else 0
        ordered = sorted(roles)
        choices.append(
            [frozenset(c) for n in range(size, least - 1, -1) for c in combinations(ordered, n)]
        )
    found: dict[frozenset[str], None] = {}
    for chosen in product(*choices):
        found[frozenset().union(*chosen)] = None
        if len(found) > _MOST_SETS:
            raise TooManyFaultSets
    yield from found


class TooManyFaultSets(Exception):
    """More sets of failing roles than are tried one by one."""


def _group(names: tuple[str, ...]) -> str:
    if not names:
        return "*"
    return names[0] if len(names) == 1 else _braced(names)


def _braced(names: tuple[str, ...]) -> str:
    return f"{{{', '.join(names)}}}" if names else "*"
