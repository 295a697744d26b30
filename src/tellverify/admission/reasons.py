"""Why a protocol is not admitted, and the least that would have to change. Asks a solver.

A reason is a smallest set of premises that clash. Every rule that clashes with facts has one, and
one each is given, since a rule together with the facts that it refers to is such a set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.admission.manifest import Derived, TheoremPack
from tellverify.admission.objections import RULES, AdmissionReason, Objection
from tellverify.admission.premise_terms import declared, declares, holds_fact, provides, requires
from tellverify.admission.premises import Named, Part, needed, premises
from tellverify.admission.resolve import Requirements, admit, protocol_of_file, resembling
from tellverify.admission.runtime import RuntimeInventory, all_facts
from tellverify.policy.model import Policy
from tellverify.policy.rows import Weights
from tellverify.solver.minimal import MinimisationStopped, minimal_models, shrink
from tellverify.solver.port import (
    GaveUp,
    Optimiser,
    Premise,
    Solver,
    SolverBudget,
    Unsat,
    Wish,
)
from tellverify.solver.term import Conjunction, Disjunction, Equal, NegatedTerm, Term
from tellverify.verdict.outcome import Core, CorePremise

_BUDGET: Final = SolverBudget()
_MOST: Final = 1_000
_MOST_INVENTORIES: Final = 100


class PackClash(msgspec.Struct, frozen=True):
    """A smallest set of premises that clash; exactly one of them is a rule."""

    reason: AdmissionReason
    pack: str
    key: str
    premises: tuple[Named, ...]

    def core(self, why: str, script: str = "") -> Core:
        """The clash as evidence: facts first, then the rule."""
        return Core(
            why,
            tuple(
                CorePremise(_title(one), one.text, one.place.path, one.place.line)
                for one in self.premises
            ),
            script,
        )


def _title(one: Named) -> str:
    """The part a premise is from; of a rule, its number too."""
    return f"{one.part} {RULES[one.reason]}" if one.reason is not None else str(one.part)


class ReasonChange(msgspec.Struct, frozen=True):
    """One change: `kind` is provision, declare, undeclare, require, drop, rename or regenerate."""

    kind: str
    pack: str = ""
    key: str = ""
    weight: int = 1

    @property
    def text(self) -> str:
        """The change in words."""
        if self.kind == "provision":
            return f"provide `{self.key}` in the runtime"
        if self.kind == "rename":
            return "give the protocol the name that the policy has for it"
        if self.kind == "regenerate":
            return "regenerate the manifest from its source"
        if self.kind == "require":
            return f"require `{self.pack}`"
        if self.kind == "drop":
            return f"drop the requirement of `{self.pack}`"
        verb = "declare" if self.kind == "declare" else "remove"
        if self.key:
            return f"{verb} `{self.key}` in `{self.pack}`"
        return f"{verb} `{self.pack}`" + (" with all its capabilities" if verb == "declare" else "")


class Changes(msgspec.Struct, frozen=True):
    """The cheapest changes that make a protocol admissible, with what they cost together."""

    changes: tuple[ReasonChange, ...]
    cost: int


def clashes(
    named: Sequence[Named], solver: Solver, budget: SolverBudget = _BUDGET
) -> tuple[PackClash, ...] | GaveUp:
    """One reason for each rule that clashes with facts, in the order of the rules."""
    rules = [one for one in named if one.part is Part.RULE]
    facts = [one for one in named if one.part is not Part.RULE]
    by_name = {one.premise.name: one for one in named}
    found: dict[str, PackClash] = {}
    try:
        for _ in range(min(len(rules), _MOST)):
            left = [one for one in rules if one.premise.name not in found]
            core = shrink(solver, [one.premise for one in (*left, *facts)], budget)
            if core is None:
                break
            used = [by_name[one.name] for one in core if by_name[one.name].part is Part.RULE]
            for rule in used:
                alone = [one.premise for one in (rule, *facts)]
                single = core if len(used) == 1 else shrink(solver, alone, budget)
                if single is not None and rule.reason is not None:
                    parts = [by_name[one.name] for one in single]
                    ordered = (*(one for one in parts if one is not rule), rule)
                    found[rule.premise.name] = PackClash(rule.reason, rule.pack, rule.key, ordered)
    except MinimisationStopped as stop:
        return GaveUp(str(stop))
    return tuple(found[one.premise.name] for one in rules if one.premise.name in found)


def clash_of(found: Sequence[PackClash], objection: Objection) -> PackClash | None:
    """The reason that shows an objection: that of its first key."""
    keys = (*objection.keys, *objection.extra, *(new for new, _ in objection.renamed))
    same = [one for one in found if one.reason is objection.reason and one.pack == objection.pack]
    for key in keys:
        for one in same:
            if one.key == key:
                return one
    return same[0] if same else None


def least_changes(
    policy: Policy,
    derived: Derived,
    runtime: RuntimeInventory,
    optimiser: Optimiser,
    budget: SolverBudget = _BUDGET,
) -> Changes | Unsat | GaveUp:
    """The cheapest changes after which the runtime admits the protocol (weighted MaxSMT).

    The policy stays unchanged. The result of the changes is decided again on sets before they are
    returned. Unsat when no changes of these kinds suffice.
    """
    weights = policy.admission.weights
    known = _known(policy, derived)
    if known is not derived:
        found = least_changes(policy, known, runtime, optimiser, budget)
        if not isinstance(found, Changes):
            return found
        rename = ReasonChange("rename", weight=weights.declare)
        return Changes((rename, *found.changes), found.cost + rename.weight)
    hard, wishes = possible_changes(policy, derived, runtime)
    answer = optimiser.minimise(
        hard,
        [Wish(one.premise.name, one.premise.term, change.weight) for one, change in wishes],
        budget,
    )
    if isinstance(answer, Unsat | GaveUp):
        return answer
    broken = set(answer.broken)
    changes = tuple(dict.fromkeys(change for one, change in wishes if one.premise.name in broken))
    after, kept = applied(policy, derived, runtime, changes)
    if not admit(policy, after.manifest, kept).admitted:
        return GaveUp("the changes that the solver proposes do not suffice")
    return Changes(changes, answer.cost)


def possible_changes(
    policy: Policy, derived: Derived, runtime: RuntimeInventory
) -> tuple[list[Premise], list[tuple[Named, ReasonChange]]]:
    """The premises that stay, and those that a change could remove."""
    hard: list[Premise] = []
    wishes: list[tuple[Named, ReasonChange]] = []
    for one in premises(policy, derived, runtime):
        change = _change(policy, derived, one, policy.admission.weights)
        if change is None:
            hard.append(one.premise)
        else:
            wishes.append((one, change))
    return hard, wishes


def _change(policy: Policy, derived: Derived, one: Named, weights: Weights) -> ReasonChange | None:
    """The change that makes a fact false; None where none can."""
    term = one.premise.term
    variable, holds = (term.inner, False) if isinstance(term, NegatedTerm) else (term, True)
    if one.part is Part.RUNTIME:
        key = one.premise.name.removeprefix("provides ")
        return ReasonChange("provision", key=key, weight=weights.provision)
    if one.part is not Part.SOURCE:
        return None
    if one.premise.name.startswith("listed "):
        return ReasonChange("regenerate", weight=weights.declare)
    manifest = derived.manifest
    row = policy.protocol(manifest.protocol_qualified_name)
    packs = dict.fromkeys(
        (
            *manifest.required_theorem_packs,
            *(pack.name for pack in manifest.theorem_packs),
            *(row.packs if row is not None else ()),
        )
    )
    for pack in packs:
        if variable == requires(pack):
            kind = "drop" if holds else "require"
            return ReasonChange(kind, pack, weight=weights.drop if holds else weights.declare)
        kind = "undeclare" if holds else "declare"
        weight = weights.undeclare if holds else weights.declare
        if variable == declared(pack):
            return ReasonChange(kind, pack, weight=weight)
        key = one.premise.name.removeprefix(f"declares {pack} ")
        if variable == declares(pack, key):
            return ReasonChange(kind, pack, key, weight)
    return None


def applied(
    policy: Policy, derived: Derived, runtime: RuntimeInventory, changes: Sequence[ReasonChange]
) -> tuple[Derived, RuntimeInventory]:
    """A manifest and a runtime after changes."""
    manifest = derived.manifest
    packs = {pack.name: pack for pack in manifest.theorem_packs}
    required = set(manifest.required_theorem_packs)
    keys = set(runtime.keys)
    for change in changes:
        rule = policy.packs.get(change.pack)
        match change.kind:
            case "provision":
                keys.add(change.key)
            case "require":
                required.add(change.pack)
            case "drop":
                required.discard(change.pack)
            case "declare" if not change.key:
                wanted = rule.declares if rule is not None else ()
                packs[change.pack] = TheoremPack(change.pack, wanted)
            case "undeclare" if not change.key:
                packs.pop(change.pack, None)
            case "declare" | "undeclare" if change.pack in packs:
                packs[change.pack] = _with_key(packs[change.pack], change)
            case _:
                pass
    union = {key for name in required if name in packs for key in packs[name].capabilities}
    after = msgspec.structs.replace(
        manifest,
        theorem_packs=tuple(packs.values()),
        required_theorem_packs=tuple(sorted(required)),
        required_theorem_pack_capabilities=tuple(sorted(union)),
    )
    row = policy.protocol(manifest.protocol_qualified_name)
    if row is not None and any(change.kind == "regenerate" for change in changes):
        after = msgspec.structs.replace(after, required_capabilities=row.keys)
    kept = msgspec.structs.replace(runtime, keys=frozenset(keys))
    return msgspec.structs.replace(derived, manifest=after), kept


def _with_key(pack: TheoremPack, change: ReasonChange) -> TheoremPack:
    keys = [key for key in pack.capabilities if key != change.key]
    if change.kind == "declare":
        keys.append(change.key)
    return msgspec.structs.replace(pack, capabilities=tuple(keys))


def _known(policy: Policy, derived: Derived) -> Derived:
    """The protocol under the name that the policy has for it, if it has lost that name."""
    manifest = derived.manifest
    other = protocol_of_file(policy, derived.source.path)
    row = policy.protocol(manifest.protocol_qualified_name)
    if row is None:
        other = other or resembling(policy, manifest)
    if other is None or (row is not None and row.name == other.name):
        return derived
    changed = msgspec.structs.replace(
        manifest,
        protocol_name=other.protocol,
        protocol_namespace=other.module,
        protocol_qualified_name=other.qualified,
        protocol_id=other.name,
        required_capabilities=other.keys,
    )
    return msgspec.structs.replace(derived, manifest=changed)


class Inventories(msgspec.Struct, frozen=True):
    """All minimal runtimes that admit a protocol: the keys they need, and the sets of facts about
    contracts, none of which contains another. `complete` is False when there are more."""

    keys: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...]
    complete: bool = True


def minimal_inventories(
    policy: Policy, derived: Derived, solver: Solver
) -> Inventories | GaveUp | None:
    """The minimal runtimes that admit a protocol; None when no runtime does."""
    named = [one.premise for one in premises(policy, derived, None)]
    return _minimal(policy, needed(policy, derived), named, solver)


def joint_inventories(
    policy: Policy, found: Sequence[Requirements], solver: Solver
) -> Inventories | GaveUp | None:
    """The minimal runtimes that admit all of these protocols at once; None when none does."""
    if not all(each.resolved for each in found):
        return None
    keys = tuple(dict.fromkeys(key for each in found for key in each.flattened))
    return _minimal(policy, keys, [Premise(f"needs {k}", provides(k)) for k in keys], solver)


def _minimal(
    policy: Policy,
    keys: Sequence[str],
    wanted: Sequence[Premise],
    solver: Solver,
) -> Inventories | GaveUp | None:
    """Minimal models twice: over keys, and over the facts that grant them."""
    grants = [Premise(f"grant {key}", Equal(provides(key), _granted(policy, key))) for key in keys]
    variables = [holds_fact(fact) for fact in all_facts(policy)]
    found: list[tuple[str, ...]] = []
    try:
        by_key = list(minimal_models(solver, wanted, [provides(key) for key in keys], _BUDGET))
        if not by_key:
            return None
        for facts in minimal_models(solver, [*wanted, *grants], variables, _BUDGET):
            if len(found) == _MOST_INVENTORIES:
                break
            found.append(tuple(fact.removeprefix("fact ") for fact in facts))
        else:
            return Inventories(_plain(by_key[0]), tuple(found))
    except MinimisationStopped as stop:
        return GaveUp(str(stop))
    return Inventories(_plain(by_key[0]), tuple(found), complete=False)


def _plain(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.removeprefix("provides ") for name in names)


def _granted(policy: Policy, key: str) -> Term:
    """When a key holds, as a term over facts."""
    row = policy.grants.get(key)
    if row is None:
        return Disjunction(())
    any_of = Disjunction(tuple([holds_fact(fact) for fact in row.any]))
    return Conjunction((*(holds_fact(fact) for fact in row.all), *((any_of,) if row.any else ())))
