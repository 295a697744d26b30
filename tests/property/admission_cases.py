"""Generated policies, protocols and runtimes: small, with every kind of fault, from a seed."""

from __future__ import annotations

import random
from typing import NamedTuple

from tellverify.admission.manifest import Derived, Manifest, TheoremPack
from tellverify.admission.runtime import RuntimeInventory, inventory_of
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.policy.read import policy_of_rows
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

KEYS = tuple(f"key_{letter}" for letter in "abcdef")
FACTS = ("fact:p", "fact:q", "fact:r")
NAMES = ("alpha.Alpha", "beta.Beta", "gamma.Gamma")


class Case(NamedTuple):
    policy: Policy
    derived: Derived
    runtime: RuntimeInventory


def case(seed: int) -> Case:
    """One policy with one protocol and one runtime."""
    chance = random.Random(seed)
    policy = _policy(chance)
    derived = _derived(chance, policy)
    runtime = inventory_of(policy, chance.choice(tuple(policy.runtimes)))
    assert runtime is not None
    return Case(policy, derived, runtime)


def _some(chance: random.Random, of: tuple[str, ...], most: int = 99) -> tuple[str, ...]:
    found = [one for one in of if chance.random() < 0.5]
    chance.shuffle(found)
    return tuple(found[:most])


def _pack(chance: random.Random, name: str) -> rows.Pack:
    status = chance.choice(("active", "active", "active", "reserved", "deferred"))
    if status != "active":
        return rows.Pack(name=name, status=status, revisit="later")
    return rows.Pack(
        name=name,
        status="active",
        declares=_some(chance, KEYS, 3),
        runtime=_some(chance, KEYS, 4),
    )


def _policy(chance: random.Random) -> Policy:
    packs = tuple(_pack(chance, name) for name in ("One", "Two", "Three"))
    protocols = []
    for name in NAMES:
        module, own = name.split(".")
        protocols.append(
            rows.ProtocolEntry(
                module=module,
                protocol=own,
                id=f"id.{module}" if chance.random() < 0.7 else "",
                files=(f"src/{module}.tell",),
                packs=_some(chance, ("One", "Two", "Three"), 2) if chance.random() < 0.6 else (),
                keys=_some(chance, KEYS, 2) if chance.random() < 0.5 else (),
                plane="data" if chance.random() < 0.05 else "control",
            )
        )
    known = [row.name for row in protocols]
    chance.shuffle(known)
    cut = chance.randrange(len(known) + 1)
    content = rows.PolicyFile(
        format=1,
        packs=packs,
        protocols=tuple(protocols),
        waves=(
            rows.Wave(name="first", protocols=tuple(known[:cut]), admits_packs=True),
            rows.Wave(name="rest", protocols=tuple(known[cut:])),
        )
        if chance.random() < 0.6
        else (),
        non_goals=(rows.NonGoal(name="never", reason="so", protocols=(known[0],)),)
        if chance.random() < 0.3
        else (),
        grants=tuple(
            rows.Grant(key=key, all=_some(chance, FACTS, 2), any=_some(chance, FACTS, 2))
            for key in KEYS
            if chance.random() < 0.9
        ),
        runtimes=(
            rows.Runtime(name="full", facts=FACTS),
            rows.Runtime(name="some", facts=_some(chance, FACTS), keys=_some(chance, KEYS, 2)),
            rows.Runtime(name="less", extends="full", lacks=_some(chance, KEYS, 2)),
        ),
        adaptive_privacy=rows.AdaptivePrivacy(
            control_plane=(known[-1],) if chance.random() < 0.1 else ()
        ),
        admission=rows.Admission(runtime="full"),
    )
    read = policy_of_rows(content)
    assert read.policy is not None, read.diagnostics
    return read.policy


def _derived(chance: random.Random, policy: Policy) -> Derived:
    qualified = chance.choice((*NAMES, *NAMES, "alpha.Other", "delta.Delta"))
    module, own = qualified.split(".")
    row = policy.protocol(qualified)
    adopted = row.packs if row is not None else ()
    required = set(adopted) if chance.random() < 0.8 else set()
    if chance.random() < 0.3:
        required |= set(_some(chance, ("One", "Two", "Three", "Four"), 2))
    declared = []
    for name in sorted(required | set(_some(chance, ("One", "Three"), 1))):
        if chance.random() < 0.1:
            continue
        rule = policy.packs.get(name)
        keys = set(rule.declares) if rule is not None else set()
        if chance.random() < 0.25:
            keys ^= {chance.choice(KEYS)}
        declared.append(TheoremPack(name, tuple(sorted(keys))))
    carried = {key for pack in declared if pack.name in required for key in pack.capabilities}
    plain = set(row.keys) if row is not None else set()
    if chance.random() < 0.05:
        carried ^= {chance.choice(KEYS)}
    if chance.random() < 0.05:
        plain ^= {chance.choice(KEYS)}
    manifest = Manifest(
        own,
        module,
        qualified,
        row.name if row is not None else qualified,
        ("A", "B"),
        tuple(sorted(plain)),
        tuple(declared),
        tuple(sorted(required)),
        tuple(sorted(carried)),
    )
    path = f"src/{chance.choice((module, module, module, 'alpha'))}.tell"
    return Derived(manifest, SourceFile(path, ""), Span(0, 0), {}, ())
