"""The acceptance rule: five conditions for a protocol and a pack, with the evidence for each.

1 the protocol depends on such semantics; 2 every key of the pack has a consumer; 3 a launch
without any one key is refused before the first event; 4 so is one without the pack; 5 with full
support the machine runs every role to its end on every branch. 1 and 2 are read off the source and
the policy. For 3 to 5 the protocol machine is launched and executed here, on purpose-made runtimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tellverify.admission.convergence import Sourced
from tellverify.admission.manifest import Manifest, TheoremPack
from tellverify.admission.resolve import bar, carried_packs
from tellverify.admission.runtime import inventory_of
from tellverify.evidence.acceptance import Refusal
from tellverify.language.syntax import ast
from tellverify.model.graph import ProtocolGraph
from tellverify.obligations.acceptance_findings import (
    Acceptance,
    AcceptanceCondition,
    AcceptanceFinding,
    Graphs,
    State,
    Word,
)
from tellverify.obligations.acceptance_runs import Recorded, covered
from tellverify.obligations.dependence import DependenceGround, grounds, relevant
from tellverify.obligations.launching import launch_request
from tellverify.policy import rows
from tellverify.policy.model import Policy
from tellverify.runtime.faults import FaultKind
from tellverify.runtime.launch import Admitted, LaunchRequest, RefusedLaunch, launch
from tellverify.runtime.ownership import Registry

_NO_TEST: Final = "there is no key whose absence could be noticed"


def acceptances(sourced: Sourced, policy: Policy, graphs: Graphs) -> tuple[Acceptance, ...]:
    """A verdict for every pack that the protocol carries; without any, for all that it could."""
    manifest = sourced.derived.manifest
    carried = carried_packs(manifest)
    if carried:
        return tuple(
            _AcceptanceJudge(sourced, policy, graphs, pack, True).verdict() for pack in carried
        )
    row = policy.protocol(manifest.protocol_qualified_name)
    if row is None:
        return ()
    active = [name for name, pack in policy.packs.items() if pack.status == "active"]
    return tuple(
        _AcceptanceJudge(sourced, policy, graphs, pack, False).verdict() for pack in active
    )


class _AcceptanceJudge:
    """One protocol and one pack."""

    def __init__(
        self, sourced: Sourced, policy: Policy, graphs: Graphs, pack: str, carried: bool
    ) -> None:
        self.sourced = sourced
        self.policy = policy
        self.graphs = graphs
        self.pack = pack
        self.carried = carried
        self.rule = policy.packs.get(pack)
        derived = sourced.derived
        self.derived = (
            derived
            if carried and pack in derived.manifest.required_theorem_packs
            else msgspec.structs.replace(
                derived, manifest=_with_pack(derived.manifest, pack, self.rule, carried)
            )
        )
        self.row = policy.protocol(derived.manifest.protocol_qualified_name)
        self.support = inventory_of(policy, policy.admission.runtime)
        self.required: tuple[str, ...] = ()
        self.grounds: tuple[DependenceGround, ...] = ()
        self.refusals: list[Refusal] = []
        self.runs: list[Recorded] = []

    def verdict(self) -> Acceptance:
        depends, consumed = self._depends(), self._consumed()
        skip = not self.carried and State.FAILS in (depends.state, consumed.state)
        tested = self._skipped() if skip else self._tested()
        findings = (depends, consumed, *tested)
        barred, path, line = self._barred()
        states = {found.state for found in findings}
        if not self.carried:
            word = Word.POSSIBLE if states == {State.MET} else Word.UNMET
        elif State.FAILS in states or barred:
            word = Word.REFUSED
        else:
            word = Word.UNKNOWN if State.UNKNOWN in states else Word.ACCEPTED
        wave = self.policy.wave_of(self.row) if self.row is not None else None
        return Acceptance(
            self.pack,
            self.carried,
            word,
            findings,
            (wave.title or wave.name) if wave is not None else "",
            barred,
            path,
            line,
            self.required,
            self.support,
            self.grounds,
            tuple(self.refusals),
            tuple(self.runs),
        )

    # 1 and 2: source and policy

    def _depends(self) -> AcceptanceFinding:
        protocol, source = self.sourced.protocol, self.sourced.derived.source
        found = grounds(protocol, self.policy)
        rule = self.rule or rows.Pack(name=self.pack, status="reserved")
        self.grounds = relevant(found, rule, self.policy)
        if self.grounds:
            first = self.grounds[0]
            line = source.position(first.span.start)[0]
            more = f", and {len(self.grounds) - 1} more" if len(self.grounds) > 1 else ""
            text = _first_line(source.text[first.span.start : first.span.end])
            reason = f"{first.row.semantics} semantics by `{text}`: {first.row.reason}{more}"
            return AcceptanceFinding(
                AcceptanceCondition.DEPENDS, State.MET, reason, source.path, line
            )
        line = source.position(protocol.name.span.start)[0]
        kinds = sorted({ground.row.semantics for ground in found})
        reason = "nothing in it depends on authority, evidence or transition semantics"
        if kinds:
            reason = f"it depends on {' and '.join(kinds)} semantics, which the pack does not serve"
        return AcceptanceFinding(
            AcceptanceCondition.DEPENDS, State.FAILS, reason, source.path, line
        )

    def _consumed(self) -> AcceptanceFinding:
        rule = self.rule
        if rule is None:
            reason = f"the policy has no pack `{self.pack}`, so nothing consumes it"
            return AcceptanceFinding(AcceptanceCondition.CONSUMED, State.FAILS, reason)
        place = self.policy.place("packs", self.pack, "name")
        if rule.status != "active":
            keys = rule.runtime or rule.candidates
            listed = ", ".join(f"`{key}`" for key in keys)
            waits = f"; look again when {rule.revisit}" if rule.revisit else ""
            reason = f"no consumer exists: the pack is {rule.status}"
            reason += f", and no runtime admission reads {listed}" if keys else ""
            return AcceptanceFinding(
                AcceptanceCondition.CONSUMED,
                State.FAILS,
                f"{reason}{waits}",
                place.path,
                place.line,
            )
        orphan = next((key for key in rule.runtime if not _is_consumed(self.policy, key)), "")
        if orphan or not rule.runtime:
            reason = f"nothing consumes `{orphan}`" if orphan else "the pack maps to no key"
            return AcceptanceFinding(
                AcceptanceCondition.CONSUMED, State.FAILS, reason, place.path, place.line
            )
        inventory = sum(1 for key in rule.runtime if _is_inventory(self.policy, key))
        own = len(rule.runtime) - inventory
        reason = f"{inventory} keys of the theorem inventory, {own} with consumers of their own"
        return AcceptanceFinding(
            AcceptanceCondition.CONSUMED, State.MET, reason, place.path, place.line
        )

    # 3 to 5: the machine

    def _skipped(self) -> tuple[AcceptanceFinding, ...]:
        reason = "not tried, since the pack could not be carried anyway"
        return tuple(
            AcceptanceFinding(condition, State.UNKNOWN, reason)
            for condition in (
                AcceptanceCondition.FAILS_CLOSED,
                AcceptanceCondition.NEGATIVE,
                AcceptanceCondition.POSITIVE,
            )
        )

    def _tested(self) -> tuple[AcceptanceFinding, ...]:
        if self.support is None:
            return _untested(f"the policy has no runtime `{self.policy.admission.runtime}`")
        known = {name: graph for name, graph in self.graphs.items() if not isinstance(graph, str)}
        if len(known) < len(self.graphs) or not known:
            gone = [reason for reason in self.graphs.values() if isinstance(reason, str)]
            why = gone[0] if gone else "no size was tried"
            return _untested(f"no machine to execute: {why}")
        first = next(iter(known.values()))
        request = self._request(first)
        self.required = tuple(key.name for key in request.required)
        return (self._fails_closed(request), self._negative(request), self._positive(known))

    def _request(self, graph: ProtocolGraph) -> LaunchRequest:
        return launch_request(
            self.derived, graph, self.policy, self.support, owner="acceptance", adoption=False
        )

    def _fails_closed(self, request: LaunchRequest) -> AcceptanceFinding:
        """Condition 3: every key taken away in turn."""
        if not self._of_pack(request):
            return AcceptanceFinding(AcceptanceCondition.FAILS_CLOSED, State.FAILS, _NO_TEST)
        for key in self.required:
            wrong = self._refused(request, (key,))
            if wrong:
                return AcceptanceFinding(AcceptanceCondition.FAILS_CLOSED, State.FAILS, wrong)
        reason = f"{len(self.required)} keys taken away one by one: refused before the first event"
        return AcceptanceFinding(AcceptanceCondition.FAILS_CLOSED, State.MET, reason)

    def _negative(self, request: LaunchRequest) -> AcceptanceFinding:
        """Condition 4: the support of the pack taken away as a whole."""
        keys = self._of_pack(request)
        if not keys:
            return AcceptanceFinding(AcceptanceCondition.NEGATIVE, State.FAILS, _NO_TEST)
        wrong = self._refused(request, keys)
        if wrong:
            return AcceptanceFinding(AcceptanceCondition.NEGATIVE, State.FAILS, wrong)
        reason = f"refused without the {len(keys)} keys of `{self.pack}`, each named"
        return AcceptanceFinding(AcceptanceCondition.NEGATIVE, State.MET, reason)

    def _of_pack(self, request: LaunchRequest) -> tuple[str, ...]:
        return tuple(key.name for key in request.required if key.pack == self.pack)

    def _refused(self, request: LaunchRequest, removed: tuple[str, ...]) -> str:
        """Launch without some keys; why that is no refusal as it should be, or ""."""
        contracts = request.contracts
        if contracts is None:
            return "the inventory of the runtime cannot be read"
        poor = msgspec.structs.replace(request, contracts=contracts.without(*removed))
        registry = Registry()
        result = launch(poor, registry)
        if isinstance(result, Admitted):
            return f"it is admitted without `{removed[0]}`"
        missing = tuple(
            fault.subject
            for fault in result.faults
            if fault.kind in (FaultKind.MISSING_CAPABILITY, FaultKind.MISSING_PACK_CAPABILITY)
        )
        expected = tuple(key for key in self.required if key in removed)
        if missing != expected:
            return f"without `{removed[0]}` it is refused for another reason"
        if registry.snapshot():
            return f"without `{removed[0]}` a session was opened before it was refused"
        self.refusals.append(Refusal(removed, missing, 0))
        return ""

    def _positive(self, graphs: Mapping[str, ProtocolGraph]) -> AcceptanceFinding:
        """Condition 5: full support."""
        total = 0
        for name, graph in graphs.items():
            request = self._request(graph)
            registry = Registry()
            result = launch(request, registry)
            if isinstance(result, RefusedLaunch):
                reason = f"with full support it is refused: {result.faults[0].reason}"
                return AcceptanceFinding(AcceptanceCondition.POSITIVE, State.FAILS, reason)
            recorded = covered(result, registry, graph, name)
            if isinstance(recorded, str):
                return AcceptanceFinding(AcceptanceCondition.POSITIVE, State.FAILS, recorded)
            if not recorded.complete:
                reason = "the runs that take every branch are too long together"
                return AcceptanceFinding(AcceptanceCondition.POSITIVE, State.UNKNOWN, reason)
            total += len(recorded.runs)
            self.runs.append(recorded)
        sizes = ", ".join(name for name in graphs if name)
        at = f" at {sizes}" if sizes else ""
        mode = self.runs[0].mode
        runs = f"{total} complete {mode} run{' makes' if total == 1 else 's make'}"
        reason = f"{runs} every move of every role{at}"
        return AcceptanceFinding(AcceptanceCondition.POSITIVE, State.MET, reason)

    # What the policy says beyond the five

    def _barred(self) -> tuple[str, str, int]:
        """Why the policy keeps packs from this protocol, and where it says so."""
        manifest, path = self.sourced.derived.manifest, self.sourced.derived.source.path
        barred = bar(self.policy, manifest, self.row, path, self.pack)
        word = _data_plane_word(self.sourced.protocol, self.policy)
        if word is not None:
            label, kind = word
            return f"`{label}` is {kind}, and the data plane never carries packs", "", 0
        if barred is None:
            return "", "", 0
        group = barred[1]
        goal = self.policy.non_goals.get(group)
        if goal is None and self.row is not None:
            goal = next(iter(self.policy.non_goals_of(self.row)), None)
        if goal is not None:
            place = self.policy.place("non_goals", goal.name, "reason")
            return f"non-goal `{goal.name}`: {goal.reason}", place.path, place.line
        wave = self.policy.waves.get(group)
        if wave is not None:
            place = self.policy.place("waves", group, "name")
            reason = f"the policy does not have it carry `{self.pack}`: {wave.title or group}"
            return reason, place.path, place.line
        return f"the policy keeps packs from it: {group}", "", 0


def _with_pack(manifest: Manifest, pack: str, rule: rows.Pack | None, carried: bool) -> Manifest:
    """The manifest as it would be if the protocol required the pack, declared as it should be."""
    declared = manifest.pack(pack) if carried else None
    if declared is None:
        declared = TheoremPack(pack, rule.declares if rule is not None else ())
    packs = (*(each for each in manifest.theorem_packs if each.name != pack), declared)
    required = tuple(sorted({*manifest.required_theorem_packs, pack}))
    carried_keys = {key for each in packs if each.name in required for key in each.capabilities}
    return msgspec.structs.replace(
        manifest,
        theorem_packs=packs,
        required_theorem_packs=required,
        required_theorem_pack_capabilities=tuple(sorted(carried_keys)),
    )


def _is_inventory(policy: Policy, key: str) -> bool:
    row = policy.capabilities.get(key)
    family = policy.families.get(row.family) if row is not None else None
    return family is not None and family.inventory


def _is_consumed(policy: Policy, key: str) -> bool:
    """A key of Telltale's inventory, or one of Aura's own with a consumer."""
    row, surface = policy.capabilities.get(key), policy.surfaces.get(key)
    return (
        _is_inventory(policy, key)
        or (row is not None and bool(row.consumers))
        or (surface is not None and bool(surface.consumers))
    )


def _data_plane_word(protocol: ast.Protocol, policy: Policy) -> tuple[str, str] | None:
    """A message label that names traffic of the data plane, and the kind of that traffic."""
    from tellverify.language.checks.walk import preorder

    for body in (protocol.body, *(local.body for local in protocol.locals)):
        for statement in preorder(body):
            if isinstance(statement, ast.Send | ast.Broadcast):
                label = statement.message.label.text
                for excluded in policy.adaptive_privacy.data_plane:
                    if label.startswith(excluded.words) and excluded.words:
                        return label, excluded.name
    return None


def _first_line(text: str) -> str:
    return text.partition("\n")[0].strip()


def _untested(reason: str) -> tuple[AcceptanceFinding, ...]:
    """The conditions that need executions, all unknown."""
    conditions = (
        AcceptanceCondition.FAILS_CLOSED,
        AcceptanceCondition.NEGATIVE,
        AcceptanceCondition.POSITIVE,
    )
    return tuple(AcceptanceFinding(one, State.UNKNOWN, reason) for one in conditions)
