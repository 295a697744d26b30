"""Objections as findings, with places in the source and in the policy."""

from __future__ import annotations

from collections.abc import Iterable

from tellverify.admission.manifest import Derived
from tellverify.admission.objections import AdmissionReason, Objection
from tellverify.admission.runtime import RuntimeInventory, place_of_key
from tellverify.diagnostics import admission as say
from tellverify.diagnostics.admission import Spot
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.policy.model import Policy, PolicyPlace
from tellverify.source.span import Span


def findings(
    policy: Policy,
    derived: Derived,
    objections: Iterable[Objection],
    runtime: RuntimeInventory | None = None,
) -> tuple[Diagnostic, ...]:
    """A finding for each objection; those about a runtime need the `runtime` they are about."""
    one = _Findings(policy, derived, runtime)
    return tuple(one.finding(objection) for objection in objections)


class _Findings:
    def __init__(self, policy: Policy, derived: Derived, runtime: RuntimeInventory | None) -> None:
        self._policy = policy
        self._derived = derived
        self._runtime = runtime
        self._name = derived.manifest.protocol_id
        self._where = Where(derived.source.path, derived.manifest.protocol_qualified_name)

    def finding(self, objection: Objection) -> Diagnostic:
        """The finding of one objection, at the place in the source or policy that it is about."""
        pack = objection.pack
        where, at = self._where, self._place(pack)
        match objection.reason:
            case AdmissionReason.UNDECLARED:
                return say.undeclared(where, pack, at)
            case AdmissionReason.NO_POLICY:
                return say.without_policy(where, pack, at, tuple(self._policy.packs))
            case AdmissionReason.RESERVED:
                row = self._policy.packs[pack]
                return say.reserved(
                    where, pack, at, row.status, row.revisit, self._row("packs", pack, "status")
                )
            case AdmissionReason.DRIFT:
                return self._drift(objection)
            case AdmissionReason.FLATTENED:
                return say.flattened(where, at, objection.keys, objection.extra)
            case AdmissionReason.MISSING_KEY | AdmissionReason.MISSING_PACK_KEY:
                return self._missing(objection)
            case AdmissionReason.PLAIN_KEYS:
                keys = self._row("protocols", self._name, "keys")
                return say.plain_keys(where, at, objection.keys, objection.extra, keys)
            case AdmissionReason.NOT_REQUIRED:
                return say.not_required(where, pack, self._declared(pack))
            case AdmissionReason.NOT_PROVIDED:
                keyed = [(key, self._key(pack, key)) for key in objection.keys]
                return say.not_provided(where, pack, keyed)
            case AdmissionReason.METADATA:
                spot = self._row("packs", pack, "name")
                return say.metadata(where, pack, self._declared(pack), objection.other, spot)
            case (
                AdmissionReason.UNKNOWN
                | AdmissionReason.UNLISTED
                | AdmissionReason.RENAMED
                | AdmissionReason.EXCLUDED
                | AdmissionReason.NOT_ADOPTED
                | AdmissionReason.CANDIDATE
            ):
                return self._of_protocol(objection)

    def _of_protocol(self, objection: Objection) -> Diagnostic:
        """About the protocol itself: its name, and the groups that it is in."""
        policy, where, pack = self._policy, self._where, objection.pack
        name = self._derived.name
        if objection.reason is AdmissionReason.UNKNOWN:
            return say.unknown_protocol(where, name)
        if objection.reason is AdmissionReason.UNLISTED:
            return say.unlisted_protocol(where, name, self._row("admission", "", "unlisted"))
        if objection.reason is AdmissionReason.RENAMED:
            row = policy.protocols[objection.other]
            spot = self._row("protocols", row.name, "module")
            return say.renamed_protocol(where, name, row.name, _lost(row.keys, row.packs), spot)
        if objection.reason is AdmissionReason.NOT_ADOPTED:
            spot = self._row("protocols", self._name, "packs")
            return say.not_adopted(where, pack, name, spot)
        if objection.reason is AdmissionReason.CANDIDATE:
            spot = self._member("waves", objection.other)
            return say.candidate(where, pack, self._place(pack), objection.other, spot)
        group = objection.other
        place = self._place(pack)
        goal = policy.non_goals.get(group)
        if goal is not None:
            reason, spot = goal.reason, self._member("non_goals", group)
        elif group in policy.waves:
            reason, spot = policy.waves[group].title, self._member("waves", group)
        else:
            reason = policy.adaptive_privacy.reason
            spot = self._row("adaptive_privacy", "", "control_plane")
        return say.excluded(where, pack, place, group, reason, spot)

    def _missing(self, objection: Objection) -> Diagnostic:
        policy, pack, keys = self._policy, objection.pack, objection.keys
        runtime = self._runtime
        name = runtime.name if runtime is not None else "the runtime"
        has = None if runtime is None else _spot(place_of_key(policy, runtime, keys[0]))
        if objection.reason is AdmissionReason.MISSING_PACK_KEY:
            row = policy.packs[pack]
            index = row.runtime.index(keys[0])
            needed = _spot(policy.place("packs", pack, "runtime", index))
            return say.missing_pack_key(
                self._where, pack, self._place(pack), keys, name, needed, has
            )
        known = policy.protocols.get(self._name)
        at = known.keys.index(keys[0]) if known is not None and keys[0] in known.keys else 0
        needed = _spot(policy.place("protocols", self._name, "keys", at))
        return say.missing_key(self._where, self._derived.name, keys, name, needed, has)

    def _drift(self, objection: Objection) -> Diagnostic:
        pack = objection.pack
        return say.drift(
            self._where,
            pack,
            self._declared(pack),
            objection.keys,
            [(key, self._key(pack, key)) for key in objection.extra],
            [(new, old, self._key(pack, new)) for new, old in objection.renamed],
            [key for key in objection.extra if key not in self._policy.grants],
            self._row("packs", pack, "declares"),
        )

    def _place(self, pack: str) -> Span:
        """Where a pack is required, or else declared, or else the name of the protocol."""
        spans = self._derived.spans
        required = spans.get(("required_theorem_packs", pack))
        return required if required is not None else self._declared(pack)

    def _declared(self, pack: str) -> Span:
        return self._derived.span("theorem_packs", pack)

    def _key(self, pack: str, key: str) -> Span:
        found = self._derived.spans.get(("theorem_packs", f"{pack}.{key}"))
        return found if found is not None else self._declared(pack)

    def _row(self, section: str, name: str, *inside: str | int) -> Spot | None:
        return _spot(self._policy.place(section, name, *inside))

    def _member(self, section: str, group: str) -> Spot | None:
        """Where a group names the protocol."""
        rows = self._policy.waves if section == "waves" else self._policy.non_goals
        members = rows[group].protocols
        inside: tuple[str | int, ...] = ("name",)
        if self._name in members:
            inside = ("protocols", members.index(self._name))
        return self._row(section, group, *inside)


def _spot(place: PolicyPlace) -> Spot | None:
    return (place.path, place.span) if place.path else None


def _lost(keys: tuple[str, ...], packs: tuple[str, ...]) -> str:
    """What an unrecognised protocol loses."""
    lost = [f"`{name}`" for name in (*keys, *packs)]
    return f"its id and {', '.join(lost)}" if lost else "its id"
