"""The part of a policy by which sends are judged, in the form that the checks use."""

from __future__ import annotations

from functools import cache
from os import path

import msgspec

from tellverify.model.defect import Defect
from tellverify.model.roles import family_of
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.policy.read import read_policy_text


class Rules(msgspec.Struct, frozen=True):
    """What a policy says about sends; without a policy the built-in rules hold.

    `protocols` has the rows of the inventory by qualified name, `facts` the names that ceremonies
    record, by the name of their protocol. `own` is False for the built-in rules.
    """

    annotations: dict[str, rows.AnnotationRow]
    roots: dict[str, rows.Root]
    legacy: dict[str, rows.Legacy]
    live: tuple[str, ...]
    chain: rows.GuardChain
    budgets: rows.Budgets
    leakage: rows.Leakage
    categories: dict[str, rows.OperationCategory]
    protocols: dict[str, rows.ProtocolEntry]
    facts: dict[str, rows.CeremonyNames]
    own: bool = True

    def named(self, qualified: str) -> tuple[str, ...]:
        """The names of a protocol in the policy: its id, if it has one, and its qualified name."""
        row = self.protocols.get(qualified)
        return (row.id, qualified) if row is not None and row.id else (qualified,)

    def limit(self, qualified: str, sender: str, receiver: str) -> rows.LimitRow | None:
        """The budget of a row, the most specific one in the policy."""
        names = (*self.named(qualified), "")
        best: tuple[int, rows.LimitRow] | None = None
        for row in self.budgets.limits:
            if row.protocol not in names or row.sender not in (sender, family_of(sender), "*"):
                continue
            if row.receiver not in (receiver, family_of(receiver), "*"):
                continue
            weight = 4 * (row.protocol != "") + 2 * (row.sender != "*") + (row.receiver != "*")
            if best is None or weight > best[0]:
                best = (weight, row)
        if best is not None:
            return best[1]
        for preset in self.budgets.presets:
            if preset.name == self.budgets.preset:
                return rows.LimitRow(sender=sender, receiver=receiver, limit=preset.limit)
        return None

    def names_of(self, qualified: str) -> rows.CeremonyNames | None:
        """What the ceremony of a protocol records, where the policy says so."""
        for name in self.named(qualified):
            if name in self.facts:
                return self.facts[name]
        return None


def rules_of(policy: Policy) -> Rules:
    """The rules of a policy; what it leaves out is as in the built-in one."""
    rest = default_rules()
    return Rules(
        annotations=dict(policy.annotations) or rest.annotations,
        roots=dict(policy.roots) or rest.roots,
        legacy=dict(policy.legacy) or rest.legacy,
        live=tuple(link.bundle for link in policy.links.live) or rest.live,
        chain=policy.guard_chain if policy.guard_chain.order else rest.chain,
        budgets=policy.budgets,
        leakage=policy.leakage if policy.leakage.classes else rest.leakage,
        categories=dict(policy.categories) or rest.categories,
        protocols={row.qualified: row for row in policy.protocols.values()},
        facts=dict(policy.ceremony_names),
    )


@cache
def default_rules() -> Rules:
    """The built-in rules, read from `default.toml` beside this module."""
    with open(path.join(path.dirname(__file__), "default.toml"), encoding="utf-8") as file:
        text = file.read()
    policy = read_policy_text(text, "<built-in rules>").policy
    if policy is None:
        raise Defect("the built-in rules cannot be read")
    return Rules(
        annotations=dict(policy.annotations),
        roots=dict(policy.roots),
        legacy=dict(policy.legacy),
        live=tuple(link.bundle for link in policy.links.live),
        chain=policy.guard_chain,
        budgets=policy.budgets,
        leakage=policy.leakage,
        categories=dict(policy.categories),
        protocols={},
        facts=dict(policy.ceremony_names),
        own=False,
    )
