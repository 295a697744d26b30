"""Admission as constraints: one named premise for each fact and for each use of a rule.

Facts say what the source requires and declares, what the policy wants, and what the runtime has;
each of them fixes one truth value. All truth values that rules refer to are fixed, so the premises
clash if and only if some single rule clashes with facts. The protocol is admitted if and only if
the premises hold together.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tellverify.admission.manifest import Derived, Manifest
from tellverify.admission.objections import RULES, AdmissionReason
from tellverify.admission.premise_terms import (
    KNOWN,
    declared,
    declares,
    implies,
    lists,
    policy_says,
    provides,
    requires,
    wants,
)
from tellverify.admission.resolve import Bars, bars, carried_packs, known_by_name
from tellverify.admission.runtime import RuntimeInventory, place_of_key
from tellverify.policy import rows
from tellverify.policy.model import UNPLACED, Policy, PolicyPlace
from tellverify.solver.port import Premise
from tellverify.solver.term import (
    Conjunction,
    Disjunction,
    Equal,
    NegatedTerm,
    Term,
    TermVariable,
)


class Part(StrEnum):
    """Where a premise is from."""

    SOURCE = "source"
    POLICY = "policy"
    RUNTIME = "runtime"
    RULE = "rule"


class Named(msgspec.Struct, frozen=True):
    """A premise with what it says and where that is written.

    A rule says for which `reason` it objects, to which `pack` and about which `key`.
    """

    premise: Premise
    part: Part
    text: str
    place: PolicyPlace = UNPLACED
    reason: AdmissionReason | None = None
    pack: str = ""
    key: str = ""


def premises(
    policy: Policy,
    derived: Derived,
    runtime: RuntimeInventory | None,
    *,
    warnings: bool = False,
) -> tuple[Named, ...]:
    """The premises of one admission: facts first. Without a runtime, nothing is said of its keys.

    With `warnings`, packs that are declared must be required too.
    """
    return tuple(_PremiseCase(policy, derived, runtime, warnings).premises())


def needed(policy: Policy, derived: Derived) -> tuple[str, ...]:
    """The keys that some rule asks the runtime for."""
    return _PremiseCase(policy, derived, None, False).needed()


class _PremiseCase:
    def __init__(
        self,
        policy: Policy,
        derived: Derived,
        runtime: RuntimeInventory | None,
        warnings: bool,
    ) -> None:
        self._policy = policy
        self._derived = derived
        self._manifest: Manifest = derived.manifest
        self._runtime = runtime
        self._warnings = warnings
        self._row = policy.protocol(self._manifest.protocol_qualified_name)
        adopted = self._row.packs if self._row is not None else ()
        self._packs = tuple(dict.fromkeys((*carried_packs(self._manifest), *adopted)))

    def premises(self) -> Iterator[Named]:
        """Facts of the source, of the policy, of the runtime; then the rules."""
        rules = [*self._name_rules(), *self._plain_rules(), *self._listed_rules()]
        yield from self._plain_facts()
        yield from self._listed_facts()
        yield self._name_fact()
        for pack in self._packs:
            yield from self._source_facts(pack)
            yield from self._policy_facts(pack)
            rules.extend(self._pack_rules(pack))
        yield from self._runtime_facts()
        yield from rules

    # Facts

    def _fact(
        self, variable: TermVariable, holds: bool, part: Part, text: str, place: PolicyPlace
    ) -> Named:
        return Named(
            Premise(variable.name, variable if holds else NegatedTerm(variable)), part, text, place
        )

    def _name_fact(self) -> Named:
        qualified = self._manifest.protocol_qualified_name
        place = self._at("protocol_name", self._manifest.protocol_name)
        holds = self._name_refuses() is None
        text = f"the protocol is called `{qualified}`"
        if not holds:
            text += ", a name that the policy does not have"
        return self._fact(KNOWN, holds, Part.SOURCE, text, place)

    def _source_facts(self, pack: str) -> Iterator[Named]:
        is_required = pack in self._manifest.required_theorem_packs
        at = self._at("required_theorem_packs", pack)
        words = "requires" if is_required else "does not require"
        name = self._manifest.protocol_name
        yield self._fact(requires(pack), is_required, Part.SOURCE, f"`{name}` {words} `{pack}`", at)
        bundle = self._manifest.pack(pack)
        at = self._at("theorem_packs", pack)
        words = "declares" if bundle is not None else "does not declare"
        yield self._fact(
            declared(pack), bundle is not None, Part.SOURCE, f"the file {words} `{pack}`", at
        )
        if bundle is None:
            return
        rule = self._policy.packs.get(pack)
        wanted = rule.declares if rule is not None and rule.status == "active" else ()
        for key in dict.fromkeys((*wanted, *bundle.capabilities)):
            has = key in bundle.capabilities
            words = "declares" if has else "does not declare"
            place = self._at("theorem_packs", f"{pack}.{key}") if has else at
            text = f"`{pack}` {words} `{key}`"
            yield self._fact(declares(pack, key), has, Part.SOURCE, text, place)

    def _policy_facts(self, pack: str) -> Iterator[Named]:
        rule = self._policy.packs.get(pack)
        is_active = rule is not None and rule.status == "active"
        if rule is None:
            text, place = f"the policy has no pack `{pack}`", UNPLACED
        else:
            text = f"the pack `{pack}` is {rule.status}"
            place = self._policy.place("packs", pack, "status")
        yield self._fact(policy_says(f"active {pack}"), is_active, Part.POLICY, text, place)
        if rule is not None and is_active:
            bundle = self._manifest.pack(pack)
            listed = bundle.capabilities if bundle is not None else ()
            for key in dict.fromkeys((*rule.declares, *listed)):
                yield self._member_fact(pack, rule, key)
            for index, key in enumerate(rule.runtime):
                place = self._policy.place("packs", pack, "runtime", index)
                text = f"`{pack}` needs `{key}` of the runtime"
                yield self._fact(policy_says(f"maps {pack} {key}"), True, Part.POLICY, text, place)
        for group, place in self._groups(pack):
            text = f"the protocol belongs to `{group}`, which keeps it free of `{pack}`"
            yield self._fact(policy_says(f"barred {pack} {group}"), True, Part.POLICY, text, place)
        if self._row is not None and pack in self._row.packs:
            place = self._policy.place(
                "protocols", self._row.name, "packs", self._row.packs.index(pack)
            )
            text = f"`{self._row.name}` must require `{pack}`"
            yield self._fact(policy_says(f"adopts {pack}"), True, Part.POLICY, text, place)

    def _member_fact(self, pack: str, rule: rows.Pack, key: str) -> Named:
        has = key in rule.declares
        inside: tuple[str | int, ...] = ("declares",)
        if has:
            inside = ("declares", rule.declares.index(key))
        words = "to declare" if has else "not to declare"
        return self._fact(
            policy_says(f"member {pack} {key}"),
            has,
            Part.POLICY,
            f"the policy wants `{pack}` {words} `{key}`",
            self._policy.place("packs", pack, *inside),
        )

    def _bars(self, pack: str) -> Bars:
        path = self._derived.source.path
        return bars(self._policy, self._manifest, self._row, path, pack)

    def _groups(self, pack: str) -> Iterator[tuple[str, PolicyPlace]]:
        """The groups that keep the protocol free of a pack, and where they are written."""
        found = self._bars(pack)
        if found.candidate and found.is_active:
            yield found.candidate, self._policy.place("waves", found.candidate, "name")
        if not found.excluded:
            return
        for section in ("non_goals", "waves"):
            place = self._policy.place(section, found.excluded, "name")
            if place.path:
                break
        else:
            place = self._policy.place("adaptive_privacy", "", "control_plane")
        yield found.excluded, place

    def _plain_facts(self) -> Iterator[Named]:
        name = self._manifest.protocol_id
        keys = self._row.keys if self._row is not None else ()
        for key in dict.fromkeys(self._manifest.required_capabilities):
            place = UNPLACED
            if key in keys:
                place = self._policy.place("protocols", name, "keys", keys.index(key))
            text = f"`{name}` needs `{key}` of the runtime"
            yield self._fact(policy_says(f"needs {key}"), True, Part.POLICY, text, place)

    def needed(self) -> tuple[str, ...]:
        """The keys that some rule asks the runtime for."""
        keys = dict.fromkeys(self._manifest.required_capabilities)
        for pack in self._packs:
            rule = self._policy.packs.get(pack)
            if rule is not None and rule.status == "active":
                keys.update(dict.fromkeys(rule.runtime))
        return tuple(keys)

    def _runtime_facts(self) -> Iterator[Named]:
        if self._runtime is None:
            return
        for key in self.needed():
            has = key in self._runtime.keys
            words = "has" if has else "lacks"
            text = f"the runtime `{self._runtime.name}` {words} `{key}`"
            place = place_of_key(self._policy, self._runtime, key)
            yield self._fact(provides(key), has, Part.RUNTIME, text, place)

    def _listed(self) -> Iterator[tuple[AdmissionReason, str, str, bool, bool]]:
        """Entries of lists of the manifest that must follow from something else.

        Each with the objection when it does not, the field, the entry, whether it is there and
        whether it should be.
        """
        manifest = self._manifest
        if self._row is not None:
            field, given = "required_capabilities", manifest.required_capabilities
            for key in dict.fromkeys((*self._row.keys, *given)):
                yield AdmissionReason.PLAIN_KEYS, field, key, key in given, key in self._row.keys
        field, given = (
            "required_theorem_pack_capabilities",
            (manifest.required_theorem_pack_capabilities),
        )
        carried: dict[str, None] = {}
        for pack in manifest.required_theorem_packs:
            bundle = manifest.pack(pack)
            carried.update(dict.fromkeys(bundle.capabilities if bundle is not None else ()))
        for key in dict.fromkeys((*carried, *given)):
            yield AdmissionReason.FLATTENED, field, key, key in given, key in carried

    def _listed_facts(self) -> Iterator[Named]:
        for _, field, key, is_listed, is_wanted in self._listed():
            place = self._at("protocol_name", self._manifest.protocol_name)
            words = "lists" if is_listed else "does not list"
            text = f"`{field}` {words} `{key}`"
            yield self._fact(lists(field, key), is_listed, Part.SOURCE, text, place)
            words = "belongs" if is_wanted else "does not belong"
            text = f"`{key}` {words} into `{field}`"
            yield self._fact(wants(field, key), is_wanted, Part.POLICY, text, UNPLACED)

    # Rules

    def _listed_rules(self) -> Iterator[Named]:
        for reason, field, key, _, _ in self._listed():
            yield self._rule(
                Equal(lists(field, key), wants(field, key)),
                reason,
                "a manifest lists what follows from its protocol and nothing else",
                key=key,
            )

    def _rule(
        self, term: Term, reason: AdmissionReason, text: str, pack: str = "", key: str = ""
    ) -> Named:
        name = " ".join(part for part in (RULES[reason], pack, key) if part)
        return Named(Premise(name, term), Part.RULE, text, UNPLACED, reason, pack, key)

    def _name_rules(self) -> Iterator[Named]:
        reason = self._name_refuses() or AdmissionReason.RENAMED
        yield self._rule(KNOWN, reason, "a runtime admits protocols that it knows by name")

    def _name_refuses(self) -> AdmissionReason | None:
        path = self._derived.source.path
        return known_by_name(self._policy, self._manifest, self._row, path)

    def _plain_rules(self) -> Iterator[Named]:
        for key in dict.fromkeys(self._manifest.required_capabilities):
            yield self._rule(
                implies([policy_says(f"needs {key}")], provides(key)),
                AdmissionReason.MISSING_KEY,
                "a runtime has every key that the protocol needs",
                key=key,
            )

    def _pack_rules(self, pack: str) -> Iterator[Named]:
        required = requires(pack)
        yield self._rule(
            implies([required], declared(pack)),
            AdmissionReason.UNDECLARED,
            "a required pack is declared",
            pack,
        )
        if self._warnings and pack not in self._manifest.required_theorem_packs:
            yield self._rule(
                implies([declared(pack)], required),
                AdmissionReason.NOT_REQUIRED,
                "a declared pack is required",
                pack,
            )
        rule = self._policy.packs.get(pack)
        reason = AdmissionReason.NO_POLICY if rule is None else AdmissionReason.RESERVED
        yield self._rule(
            implies([required], policy_says(f"active {pack}")),
            reason,
            "a required pack has an active policy",
            pack,
        )
        yield from self._bar_rules(pack)
        if self._row is not None and pack in self._row.packs:
            yield self._rule(
                implies([policy_says(f"adopts {pack}")], required),
                AdmissionReason.NOT_ADOPTED,
                "a protocol requires the packs that it has adopted",
                pack,
            )
        if rule is None or rule.status != "active":
            return
        bundle = self._manifest.pack(pack)
        if bundle is not None:
            for key in dict.fromkeys((*rule.declares, *bundle.capabilities)):
                member = policy_says(f"member {pack} {key}")
                yield self._rule(
                    implies([required], Equal(declares(pack, key), member)),
                    AdmissionReason.DRIFT,
                    "a required pack declares what the policy wants and nothing else",
                    pack,
                    key,
                )
        for key in rule.runtime:
            yield self._rule(
                implies([required, policy_says(f"maps {pack} {key}")], provides(key)),
                AdmissionReason.MISSING_PACK_KEY,
                "a runtime has every key that a required pack stands for",
                pack,
                key,
            )

    def _bar_rules(self, pack: str) -> Iterator[Named]:
        found = self._bars(pack)
        required = requires(pack)
        if found.candidate and found.is_active:
            barred = policy_says(f"barred {pack} {found.candidate}")
            yield self._rule(
                NegatedTerm(Conjunction((barred, required))),
                AdmissionReason.CANDIDATE,
                "a candidate requires no pack before it is accepted",
                pack,
            )
        if found.excluded:
            barred = policy_says(f"barred {pack} {found.excluded}")
            spare = Conjunction((declared(pack), NegatedTerm(required)))
            is_refused_anyway = found.candidate or not found.is_active
            carries = spare if is_refused_anyway else Disjunction((required, declared(pack)))
            yield self._rule(
                NegatedTerm(Conjunction((barred, carries))),
                AdmissionReason.EXCLUDED,
                "a protocol that stays free of packs carries none",
                pack,
            )

    def _at(self, field: str, entry: str) -> PolicyPlace:
        source = self._derived.source
        span = self._derived.span(field, entry)
        return PolicyPlace(source.path, span, *source.position(span.start))
