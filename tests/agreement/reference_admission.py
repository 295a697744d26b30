"""Admission written down once more, on plain sets, as the reference of the domain has it.

Nothing of `tellverify.admission` is used here but the types of a manifest.
"""

from __future__ import annotations

from itertools import chain, combinations

from tellverify.admission.manifest import Manifest
from tellverify.policy.model import Policy


def keys_of(policy: Policy, name: str) -> set[str]:
    """The keys of a runtime profile: its own, and those of the profile that it extends."""
    row = policy.runtimes[name]
    facts: set[str] = set()
    given: set[str] = set()
    lacking: set[str] = set()
    if row.extends:
        base = policy.runtimes[row.extends]
        facts, given, lacking = set(base.facts) - set(base.without), set(base.keys), set(base.lacks)
    facts = (facts | set(row.facts)) - set(row.without)
    given = (given - set(row.lacks)) | set(row.keys)
    lacking = (lacking - set(row.keys)) | set(row.lacks)
    return (granted(policy, facts) | given) - lacking


def granted(policy: Policy, facts: set[str]) -> set[str]:
    return {
        row.key
        for row in policy.grants.values()
        if set(row.all) <= facts and (not row.any or set(row.any) & facts)
    }


def faults(policy: Policy, manifest: Manifest, keys: set[str], path: str) -> set[tuple[str, ...]]:
    """Every single fault as a tuple of its code and what it is about."""
    found: set[tuple[str, ...]] = set()
    rows = {row.qualified: row for row in policy.protocols.values()}
    row = rows.get(manifest.protocol_qualified_name)
    kept = [one for one in rows.values() if any(path.endswith(file) for file in one.files)]
    if row is None:
        alike = [
            one
            for one in rows.values()
            if one.module == manifest.protocol_namespace or one.protocol == manifest.protocol_name
        ]
        found.add(("TV709",) if kept or alike else ("TV708",))
    elif kept and row not in kept:
        found.add(("TV709",))
    declared = {pack.name: set(pack.capabilities) for pack in reversed(manifest.theorem_packs)}
    required = set(manifest.required_theorem_packs)
    for name in required:
        if name not in declared:
            found.add(("TV701", name))
        if name not in policy.packs:
            found.add(("TV702", name))
            continue
        rule = policy.packs[name]
        if rule.status != "active":
            found.add(("TV703", name))
            continue
        if name in declared:
            found |= {("TV704", name, key) for key in declared[name] ^ set(rule.declares)}
        found |= {("TV707", name, key) for key in set(rule.runtime) - keys}
    found |= {("TV706", "", key) for key in set(manifest.required_capabilities) - keys}
    union = set().union(*(declared.get(name, set()) for name in required))
    stated = set(manifest.required_theorem_pack_capabilities)
    found |= {("TV705", "", key) for key in stated ^ union}
    if row is None:
        return found
    found |= {("TV717", "", key) for key in set(row.keys) ^ set(manifest.required_capabilities)}
    found |= {("TV715", name) for name in set(row.packs) - required}
    active = {name for name, rule in policy.packs.items() if rule.status == "active"}
    for name in (required | set(declared)) - set(row.packs):
        code = barred(policy, row.name, row.plane)
        if code == "TV716" and name not in required:
            code = "TV714" if goals_of(policy, row.name) else ""
        if code and not (name in required and name not in active):
            found.add((code, name))
    return found


def goals_of(policy: Policy, name: str) -> list[str]:
    return [goal.name for goal in policy.non_goals.values() if name in goal.protocols]


def barred(policy: Policy, name: str, plane: str) -> str:
    """The code for a pack on a protocol that has not adopted it, or "" where it may stand."""
    waves = [wave for wave in policy.waves.values() if name in wave.protocols]
    if plane == "data" or name in policy.adaptive_privacy.control_plane:
        return "TV714"
    if any(wave.admits_packs for wave in waves[:1]):
        return "TV716"
    return "TV714" if goals_of(policy, name) or waves else ""


def minimal_fact_sets(policy: Policy, facts: list[str], wanted: set[str]) -> set[frozenset[str]]:
    """All minimal sets of facts that grant the wanted keys, by trying every subset."""
    every = chain.from_iterable(combinations(facts, size) for size in range(len(facts) + 1))
    enough = [frozenset(one) for one in every if wanted <= granted(policy, set(one))]
    return {one for one in enough if not any(other < one for other in enough)}
