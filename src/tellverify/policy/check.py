"""Faults of a policy itself: unknown names, and rows that contradict each other.

Every finding has its place in a file of the policy. References between rows are judged first; an
unknown name is reported once and not judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tellverify.diagnostics import policy as say
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.diagnostics.policy import (
    POLICY_CLASS,
    POLICY_COMBINATION,
    POLICY_CONTRADICTION,
    POLICY_KEY_NOT_PROVIDED,
    POLICY_NO_CONSUMER,
    POLICY_NO_GROUP,
    POLICY_RESERVED_PACK,
    POLICY_TWO_GROUPS,
    POLICY_UNUSED_SURFACE,
)
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.policy.references import check_references, inventory_keys, leads_nowhere
from tellverify.source.span import Span


def check_policy(policy: Policy) -> tuple[Diagnostic, ...]:
    """All findings, in the order of files and lines."""
    check = _PolicyCheck(policy)
    found = (
        *check_references(policy),
        *check.packs(),
        *check.surfaces(),
        *check.groups(),
        *check.adoption(),
        *check.execution(),
        *check.runtimes(),
        *check.guards(),
    )
    return tuple(sorted(dict.fromkeys(found), key=sort_key))


class _PolicyCheck:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._keys = {*policy.capabilities, *policy.surfaces}
        self._inventory = inventory_keys(policy)

    def _at(self, section: str, name: str, *inside: str | int) -> tuple[str, Span]:
        place = self._policy.place(section, name, *inside)
        return place.path, place.span

    # Packs and surfaces

    def packs(self) -> Iterator[Diagnostic]:
        """Active packs with keys not provided or consumed; other packs without a condition."""
        for name, pack in self._policy.packs.items():
            if pack.status == "active":
                yield from self._active(name, pack)
                continue
            if pack.runtime or pack.declares:
                field = "runtime" if pack.runtime else "declares"
                yield self._contradiction(
                    f"`{name}` is {pack.status} and has keys that a launch would be checked for",
                    self._at("packs", name, field),
                    [(self._at("packs", name, "status"), f"{pack.status} here")],
                    "list them as `candidates`",
                )
            if not pack.revisit:
                yield self._contradiction(
                    f"`{name}` is {pack.status}, and no condition says when to revisit it",
                    self._at("packs", name, "status"),
                    [],
                    "add `revisit` with the condition",
                )

    def _active(self, name: str, pack: rows.Pack) -> Iterator[Diagnostic]:
        if not pack.runtime:
            yield self._contradiction(
                f"`{name}` is active but requires nothing of a runtime",
                self._at("packs", name, "status"),
                [],
                "add its `runtime` keys, or make it reserved",
            )
        for index, key in enumerate(pack.declares):
            if key in self._inventory and key not in pack.runtime:
                yield self._contradiction(
                    f"`{name}` declares `{key}` but does not require it of the runtime",
                    self._at("packs", name, "declares", index),
                    [(self._at("packs", name, "runtime"), "requires these")],
                    "add it to `runtime`, or remove it here",
                )
        for index, key in enumerate(pack.runtime):
            if key not in self._keys:
                continue
            spot = self._at("packs", name, "runtime", index)
            if not self._provided(key):
                yield say.inconsistent(
                    POLICY_KEY_NOT_PROVIDED,
                    f"`{name}` needs `{key}`, which no runtime can have",
                    spot,
                    "no grant and no runtime has it",
                    helps=("add a grant for it, or remove it from the pack",),
                )
            if key not in self._inventory and not self._consumed(key):
                yield say.inconsistent(
                    POLICY_NO_CONSUMER,
                    f"`{name}` needs `{key}`, and nothing in the runtime consumes it",
                    spot,
                    "without a consumer",
                    helps=("name its consumers, or remove it from the pack",),
                )

    def _provided(self, key: str) -> bool:
        """Whether some profile may have a key; without profiles, whether a grant gives it."""
        profiles = self._policy.runtimes.values()
        if any(key in runtime.keys for runtime in profiles):
            return True
        grant = self._policy.grants.get(key)
        if grant is None or not profiles:
            return grant is not None
        facts = {fact for runtime in profiles for fact in runtime.facts}
        return set(grant.all) <= facts and (not grant.any or bool(facts & set(grant.any)))

    def _consumed(self, key: str) -> bool:
        surface = self._policy.surfaces.get(key)
        capability = self._policy.capabilities.get(key)
        if surface is not None and surface.consumers:
            return True
        return capability is not None and bool(capability.consumers)

    def surfaces(self) -> Iterator[Diagnostic]:
        """Surfaces that nothing consumes, and pack-specific keys without consumers."""
        for name, surface in self._policy.surfaces.items():
            if not surface.consumers and not surface.forms:
                yield say.inconsistent(
                    POLICY_UNUSED_SURFACE,
                    f"nothing consumes the surface `{name}`",
                    self._at("surfaces", name, "name"),
                    "no consumer and no form of the language",
                    helps=("name its consumers, or remove it",),
                )
        for key, capability in self._policy.capabilities.items():
            if capability.pack_specific and not self._consumed(key):
                yield say.inconsistent(
                    POLICY_NO_CONSUMER,
                    f"packs may map to `{key}`, and nothing in the runtime consumes it",
                    self._at("capabilities", key, "key"),
                    "without a consumer",
                    helps=("name its consumers, or remove `pack_specific`",),
                )

    # Protocols and groups

    def groups(self) -> Iterator[Diagnostic]:
        """Protocols in two groups of one kind, or in none."""
        policy = self._policy
        if policy.waves:
            yield from self._twice("waves")
            for name, row in policy.protocols.items():
                if policy.wave_of(row) is None:
                    yield say.inconsistent(
                        POLICY_NO_GROUP,
                        f"`{name}` is in no wave",
                        self._at("protocols", name, "id" if row.id else "protocol"),
                        "in no wave",
                        helps=("add it to one of the `waves`",),
                    )
        yield from self._twice("non_goals")
        for index, member in enumerate(policy.adaptive_privacy.control_plane):
            for goal in policy.goals_by_protocol.get(member, ()):
                yield self._two_groups(
                    member,
                    ("adaptive privacy", goal),
                    self._at("adaptive_privacy", "", "control_plane", index),
                    self._member("non_goals", goal, member),
                )
            known = policy.protocols.get(member)
            if known is not None and known.plane == "data":
                yield self._contradiction(
                    f"`{member}` is listed in the control plane but belongs to the data plane",
                    self._at("protocols", member, "plane"),
                    [(self._at("adaptive_privacy", "", "control_plane", index), "listed here")],
                    "remove it from the list: the data plane never carries packs",
                )

    def _twice(self, section: str) -> Iterator[Diagnostic]:
        found: dict[str, str] = {}
        table = self._policy.waves if section == "waves" else self._policy.non_goals
        for name, group in table.items():
            for index, member in enumerate(group.protocols):
                before = found.setdefault(member, name)
                here = self._at(section, name, "protocols", index)
                if before != name:
                    first = self._member(section, before, member)
                    yield self._two_groups(member, (before, name), here, first)

    def _member(self, section: str, group: str, member: str) -> tuple[str, Span]:
        table = self._policy.waves if section == "waves" else self._policy.non_goals
        index = table[group].protocols.index(member)
        return self._at(section, group, "protocols", index)

    def _two_groups(
        self,
        member: str,
        groups: tuple[str, str],
        here: tuple[str, Span],
        first: tuple[str, Span],
    ) -> Diagnostic:
        return say.inconsistent(
            POLICY_TWO_GROUPS,
            f"`{member}` is in `{groups[0]}` and in `{groups[1]}`",
            here,
            "the second time",
            others=[(first, "first here")],
            helps=("keep it in one of the two",),
        )

    def adoption(self) -> Iterator[Diagnostic]:
        """Protocols that require a pack that they must not."""
        policy = self._policy
        for name, row in policy.protocols.items():
            for index, pack in enumerate(row.packs):
                spot = self._at("protocols", name, "packs", index)
                rule = policy.packs.get(pack)
                if rule is not None and rule.status != "active":
                    yield say.inconsistent(
                        POLICY_RESERVED_PACK,
                        f"`{name}` requires `{pack}`, which is {rule.status}",
                        spot,
                        rule.status,
                        others=[(self._at("packs", pack, "status"), f"{rule.status} here")],
                        helps=("remove it, or make the pack active",),
                    )
                yield from self._barred(name, row, spot)

    def _barred(
        self, name: str, row: rows.ProtocolEntry, spot: tuple[str, Span]
    ) -> Iterator[Diagnostic]:
        policy = self._policy
        for goal in policy.goals_by_protocol.get(name, ()):
            yield self._contradiction(
                f"`{name}` requires a pack but belongs to `{goal}`, which must not carry packs",
                spot,
                [(self._member("non_goals", goal, name), "free of packs by this row")],
                "remove one of the two",
            )
        privacy = policy.adaptive_privacy.control_plane
        if row.plane == "data" or name in privacy:
            yield self._contradiction(
                f"`{name}` requires a pack but must not carry packs",
                spot,
                [],
                "remove the pack",
            )
        wave = policy.wave_of(row)
        if wave is not None and not wave.admits_packs:
            yield self._contradiction(
                f"`{name}` requires a pack but is in the wave `{wave.name}`, which admits none",
                spot,
                [(self._member("waves", wave.name, name), "in this wave")],
                "move it to a wave with `admits_packs`",
            )

    # Execution and runtimes

    def execution(self) -> Iterator[Diagnostic]:
        """Determinism policies of another class, and combinations that cannot be executed."""
        policy = self._policy
        for name, row in policy.protocols.items():
            if not policy.classes:
                break
            found = policy.determinism_of(row)
            spot = self._at("protocols", name, "class" if row.class_ else "protocol")
            if not row.class_:
                yield say.inconsistent(
                    POLICY_CLASS,
                    f"`{name}` has no class, so no determinism policy fits it",
                    spot,
                    "without a class",
                    helps=("give it an id and a class before it is launched by manifest",),
                    severity=Severity.NOTE,
                )
            elif found is not None and found.class_ != row.class_:
                yield say.inconsistent(
                    POLICY_CLASS,
                    f"`{name}` is of class `{row.class_}`, and `{found.ref}` of `{found.class_}`",
                    self._at("protocols", name, "determinism"),
                    f"a policy of `{found.class_}`",
                    others=[(spot, f"`{row.class_}` here")],
                    helps=("choose a determinism policy of the same class",),
                )
        for ref, row_ in policy.determinism.items():
            yield from self._combination(ref, row_)

    def _combination(self, ref: str, row: rows.Determinism) -> Iterator[Diagnostic]:
        faults = []
        if row.determinism == "full" and row.tier != "strict_deterministic":
            faults.append(("tier", "full determinism needs the tier `strict_deterministic`"))
        if row.tier == "envelope_bounded_nondeterministic" and row.determinism not in (
            "modulo_effects",
            "modulo_commutativity",
        ):
            faults.append(("determinism", "an envelope-bounded tier needs a modulo determinism"))
        if row.replay == "nullifier" and row.determinism == "full":
            faults.append(("replay", "nullifier replay excludes full determinism"))
        if row.mode == "cooperative" and (row.waves != 1 or row.scheduler != "exact"):
            faults.append(("mode", "a cooperative mode has an exact scheduler and one wave"))
        for field, why in faults:
            yield say.inconsistent(
                POLICY_COMBINATION,
                f"nothing can execute `{ref}`: {why}",
                self._at("determinism", ref, field),
                why,
                helps=("choose compatible values",),
            )

    def runtimes(self) -> Iterator[Diagnostic]:
        """Profiles that extend each other, or have and lack one key; several defaults."""
        policy = self._policy
        for name, runtime in policy.runtimes.items():
            for index, key in enumerate(runtime.lacks):
                if key in runtime.keys:
                    yield self._contradiction(
                        f"`{name}` has `{key}` and lacks it",
                        self._at("runtimes", name, "lacks", index),
                        [(self._at("runtimes", name, "keys"), "has it here")],
                        "remove one of the two",
                    )
            seen = [name]
            at = runtime.extends
            while at in policy.runtimes and at not in seen:
                seen.append(at)
                at = policy.runtimes[at].extends
            if at == name:
                yield self._contradiction(
                    f"`{name}` extends itself: {' → '.join((*seen, name))}",
                    self._at("runtimes", name, "extends"),
                    [],
                    "remove `extends` from one of them",
                )
        defaults = [ref for ref, row in policy.determinism.items() if row.default]
        for ref in defaults[1:]:
            yield self._contradiction(
                f"`{ref}` and `{defaults[0]}` are both the default",
                self._at("determinism", ref, "default"),
                [(self._at("determinism", defaults[0], "default"), "first here")],
                "keep one of them",
            )

    # Guards

    def guards(self) -> Iterator[Diagnostic]:
        """An order of the guard chain that breaks its own pairs; budgets without their preset."""
        policy = self._policy
        order = policy.guard_chain.order
        for stage in dict.fromkeys(order):
            if order.count(stage) > 1:
                yield self._contradiction(
                    f"`{stage}` appears twice in the guard chain",
                    self._at("guard_chain", "", "order"),
                    [],
                    "keep it once",
                )
        for index, (first, second) in enumerate(policy.guard_chain.before):
            spot = self._at("guard_chain", "", "before", index)
            for stage in (first, second):
                if stage not in order:
                    yield leads_nowhere("before", stage, spot, order)
            if first in order and second in order and order.index(first) >= order.index(second):
                yield self._contradiction(
                    f"`{first}` must come before `{second}`, but the order puts it after",
                    spot,
                    [(self._at("guard_chain", "", "order"), "the order")],
                    "change the order, or remove the pair",
                )
        presets = [preset.name for preset in policy.budgets.presets]
        if policy.budgets.preset and policy.budgets.preset not in presets:
            spot = self._at("budgets", "", "preset")
            yield leads_nowhere("preset", policy.budgets.preset, spot, presets)

    def _contradiction(
        self,
        message: str,
        spot: tuple[str, Span],
        others: Sequence[tuple[tuple[str, Span], str]],
        advice: str,
    ) -> Diagnostic:
        return say.inconsistent(
            POLICY_CONTRADICTION,
            message,
            spot,
            "contradicts the rest",
            others=others,
            helps=(advice,),
        )
