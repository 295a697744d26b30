"""The inventory of a runtime profile: facts about its contracts, and the keys they grant."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tellverify.policy import rows
from tellverify.policy.model import Policy, PolicyPlace


class RuntimeInventory(msgspec.Struct, frozen=True):
    """The keys that hold in a runtime. `facts` are what they follow from, `denied` the keys that
    are false whatever the facts say."""

    name: str
    keys: frozenset[str]
    facts: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()


def granted(policy: Policy, facts: Iterable[str]) -> frozenset[str]:
    """The keys that follow from facts by the grants of a policy."""
    known = frozenset(facts)
    return frozenset(row.key for row in policy.grants.values() if holds(row, known))


def holds(row: rows.Grant, facts: frozenset[str]) -> bool:
    """Whether the facts of a grant are there."""
    return all(fact in facts for fact in row.all) and (
        not row.any or any(fact in facts for fact in row.any)
    )


def inventory_of(policy: Policy, name: str) -> RuntimeInventory | None:
    """The inventory of a runtime profile; None for a name that no profile has.

    A profile that extends itself, at any distance, has only what was collected up to there.
    """
    if name not in policy.runtimes:
        return None
    chain: dict[str, rows.Runtime] = {}
    at = name
    while at in policy.runtimes and at not in chain:
        chain[at] = policy.runtimes[at]
        at = chain[at].extends
    facts: set[str] = set()
    given: set[str] = set()
    denied: set[str] = set()
    for row in reversed(chain.values()):
        facts |= set(row.facts)
        facts -= set(row.without)
        given = (given | set(row.keys)) - set(row.lacks)
        denied = (denied | set(row.lacks)) - set(row.keys)
    keys = (granted(policy, facts) | given) - denied
    return RuntimeInventory(
        name, frozenset(keys), frozenset(facts), frozenset(given), frozenset(denied)
    )


def without(inventory: RuntimeInventory, key: str) -> RuntimeInventory:
    """The same runtime with one key false."""
    return msgspec.structs.replace(
        inventory,
        name=f"{inventory.name} - {key}",
        keys=inventory.keys - {key},
        denied=inventory.denied | {key},
    )


def place_of_key(policy: Policy, inventory: RuntimeInventory, key: str) -> PolicyPlace:
    """Where a policy says whether a runtime has a key."""
    name = inventory.name.partition(" - ")[0]
    row = policy.runtimes.get(name)
    if row is None:
        return policy.place("grants", key, "key")
    if key in row.lacks:
        return policy.place("runtimes", name, "lacks", row.lacks.index(key))
    grant = policy.grants.get(key)
    for index, fact in enumerate(row.without):
        if grant is not None and fact in (*grant.all, *grant.any):
            return policy.place("runtimes", name, "without", index)
    return policy.place("runtimes", name, "name")


def all_facts(policy: Policy) -> tuple[str, ...]:
    """Every fact that a grant or a profile refers to, in the order of the policy."""
    found: dict[str, None] = {}
    for grant in policy.grants.values():
        found.update(dict.fromkeys((*grant.all, *grant.any)))
    for runtime in policy.runtimes.values():
        found.update(dict.fromkeys((*runtime.facts, *runtime.without)))
    return tuple(found)
