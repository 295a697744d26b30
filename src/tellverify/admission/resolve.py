"""From required packs to what a runtime must have: the translation layer, fail closed, on sets.

This is the direct way to an answer; `premises` asks a solver the same question, and the tests
compare both. Rules are numbered as in the reference of the Aura domain (TP-01 and so on).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tellverify.admission.manifest import Manifest, TheoremPack
from tellverify.admission.objections import AdmissionReason, Objection
from tellverify.admission.runtime import RuntimeInventory
from tellverify.language.checks.suggest import Suggestions
from tellverify.policy import rows
from tellverify.policy.model import Policy


class PackRequirement(msgspec.Struct, frozen=True):
    """A required pack that resolved: what was declared, and the keys a runtime must have."""

    name: str
    declared: tuple[str, ...]
    runtime: tuple[str, ...]


class Requirements(msgspec.Struct, frozen=True):
    """What a runtime must have before a protocol may be launched.

    `objections` are those that do not depend on the runtime.
    """

    protocol: str
    plain: tuple[str, ...]
    packs: tuple[PackRequirement, ...]
    objections: tuple[Objection, ...]

    @property
    def flattened(self) -> tuple[str, ...]:
        """All keys in the order they are checked: plain ones, then those of each pack."""
        keys = dict.fromkeys(self.plain)
        for pack in self.packs:
            keys.update(dict.fromkeys(pack.runtime))
        return tuple(keys)

    @property
    def resolved(self) -> bool:
        """Whether nothing refuses the protocol whatever the runtime has."""
        return not any(objection.reason.refuses for objection in self.objections)


class AdmissionDecision(msgspec.Struct, frozen=True):
    """Whether a runtime admits a protocol, with all objections."""

    requirements: Requirements
    runtime: str
    objections: tuple[Objection, ...]

    @property
    def admitted(self) -> bool:
        """Whether the protocol may be launched."""
        return not any(objection.reason.refuses for objection in self.objections)

    @property
    def first_missing(self) -> str:
        """The first key in checking order that the runtime lacks, or ""."""
        for objection in self.objections:
            if objection.reason in (AdmissionReason.MISSING_KEY, AdmissionReason.MISSING_PACK_KEY):
                return objection.keys[0]
        return ""


def requirements(policy: Policy, manifest: Manifest, path: str = "") -> Requirements:
    """Resolve a manifest; `path` is the file it was made from, where that is known.

    Packs that have no active policy resolve to nothing and leave an objection.
    """
    row = policy.protocol(manifest.protocol_qualified_name)
    packs = []
    for name in manifest.required_theorem_packs:
        declared, rule = manifest.pack(name), policy.packs.get(name)
        if rule is not None and rule.status == "active":
            keys = declared.capabilities if declared is not None else ()
            packs.append(PackRequirement(name, keys, rule.runtime))
    objections = (
        *_of_protocol(policy, manifest, row, path),
        *_of_required(policy, manifest),
        *_of_declared(policy, manifest, row, path),
        *_of_adoption(policy, manifest, row, path),
    )
    return Requirements(
        manifest.protocol_id,
        tuple(dict.fromkeys(manifest.required_capabilities)),
        tuple(packs),
        objections,
    )


def admit(
    policy: Policy, manifest: Manifest, runtime: RuntimeInventory, path: str = ""
) -> AdmissionDecision:
    """Decide whether a runtime admits a protocol. A false key counts as absent."""
    return admit_resolved(requirements(policy, manifest, path), runtime)


def admit_resolved(found: Requirements, runtime: RuntimeInventory) -> AdmissionDecision:
    """The same for requirements that are known already."""
    missing = []
    plain = tuple(key for key in found.plain if key not in runtime.keys)
    if plain:
        missing.append(Objection(AdmissionReason.MISSING_KEY, keys=plain))
    for pack in found.packs:
        lacking = tuple(key for key in pack.runtime if key not in runtime.keys)
        if lacking:
            missing.append(Objection(AdmissionReason.MISSING_PACK_KEY, pack.name, lacking))
    return AdmissionDecision(found, runtime.name, (*found.objections, *missing))


def _of_protocol(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str
) -> Iterator[Objection]:
    """An unknown name, one that has changed, and plain keys that are not those of the policy."""
    yield from _of_name(policy, manifest, row, path)
    if row is not None and set(row.keys) != set(manifest.required_capabilities):
        yield Objection(
            AdmissionReason.PLAIN_KEYS,
            keys=tuple(key for key in row.keys if key not in manifest.required_capabilities),
            extra=tuple(key for key in manifest.required_capabilities if key not in row.keys),
        )


def _of_name(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str
) -> Iterator[Objection]:
    lost = lost_row(policy, manifest, row, path)
    if lost is not None:
        yield Objection(AdmissionReason.RENAMED, other=lost.name)
    elif row is None and not named_by_non_goal(policy, path):
        yield Objection(_without_row(policy, manifest))


def _without_row(policy: Policy, manifest: Manifest) -> AdmissionReason:
    is_noted = policy.admission.unlisted == "note" and not carried_packs(manifest)
    return AdmissionReason.UNLISTED if is_noted else AdmissionReason.UNKNOWN


def lost_row(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str
) -> rows.ProtocolEntry | None:
    """The row that a protocol should have by its file or its names, but lacks."""
    by_path = protocol_of_file(policy, path)
    if row is not None:
        return by_path if by_path is not None and by_path.name != row.name else None
    if by_path is not None or named_by_non_goal(policy, path):
        return by_path
    return resembling(policy, manifest)


def known_by_name(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str
) -> AdmissionReason | None:
    """The reason that refuses a protocol for its name; None where its name refuses nothing."""
    for found in _of_name(policy, manifest, row, path):
        if found.reason.refuses:
            return found.reason
    return None


def named_by_non_goal(policy: Policy, path: str) -> bool:
    """Whether a non-goal names this file: its protocols are known, and carry no pack."""
    return any(ends_with(path, file) for goal in policy.non_goals.values() for file in goal.files)


def _of_required(policy: Policy, manifest: Manifest) -> Iterator[Objection]:
    carried: set[str] = set()
    for name in manifest.required_theorem_packs:
        declared, rule = manifest.pack(name), policy.packs.get(name)
        if declared is None:
            yield Objection(AdmissionReason.UNDECLARED, name)
        else:
            carried |= set(declared.capabilities)
        if rule is None:
            yield Objection(AdmissionReason.NO_POLICY, name)
        elif rule.status != "active":
            yield Objection(AdmissionReason.RESERVED, name, other=rule.status)
        elif declared is not None and set(declared.capabilities) != set(rule.declares):
            yield drift(declared, rule)
    stated = set(manifest.required_theorem_pack_capabilities)
    if stated != carried:
        yield Objection(
            AdmissionReason.FLATTENED,
            keys=tuple(sorted(carried - stated)),
            extra=tuple(sorted(stated - carried)),
        )


def drift(declared: TheoremPack, rule: rows.Pack) -> Objection:
    """How a declaration differs from the taxonomy.

    An extra key that resembles a missing one is reported as a renaming.
    """
    missing = [key for key in rule.declares if key not in declared.capabilities]
    extra = [key for key in dict.fromkeys(declared.capabilities) if key not in rule.declares]
    renamed: list[tuple[str, str]] = []
    suggestions = Suggestions()
    for key in extra:
        taken = {old for _, old in renamed}
        nearest = suggestions.nearest(key, [old for old in missing if old not in taken])
        if nearest:
            renamed.append((key, nearest))
    return Objection(
        AdmissionReason.DRIFT,
        declared.name,
        tuple(key for key in missing if key not in {old for _, old in renamed}),
        tuple(key for key in extra if key not in {new for new, _ in renamed}),
        tuple(renamed),
    )


def _of_declared(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str
) -> Iterator[Objection]:
    """The faults of declarations that no other objection reports."""
    for pack in manifest.theorem_packs:
        is_required = pack.name in manifest.required_theorem_packs
        if not is_required and bar(policy, manifest, row, path, pack.name) is None:
            yield Objection(AdmissionReason.NOT_REQUIRED, pack.name)
        rule = policy.packs.get(pack.name)
        if rule is None or rule.status != "active":
            continue
        unknown = tuple(
            key
            for key in dict.fromkeys(pack.capabilities)
            if key not in policy.grants and key not in rule.declares
        )
        if unknown and not is_required:  # else it is reported as a drift
            yield Objection(AdmissionReason.NOT_PROVIDED, pack.name, unknown)
        differing = tuple(
            field
            for field, here, there in (
                ("version", pack.version or "", rule.version),
                ("issuer", pack.issuer or "", rule.issuer),
                ("constraint", tuple(pack.constraints), tuple(rule.constraints)),
            )
            if there and here != there
        )
        if differing:
            yield Objection(AdmissionReason.METADATA, pack.name, other=", ".join(differing))


def carried_packs(manifest: Manifest) -> tuple[str, ...]:
    """The packs that a manifest declares or requires."""
    declared = (pack.name for pack in manifest.theorem_packs)
    return tuple(dict.fromkeys((*manifest.required_theorem_packs, *declared)))


def _of_adoption(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str
) -> Iterator[Objection]:
    packs = carried_packs(manifest)
    for pack in packs:
        barred = bar(policy, manifest, row, path, pack)
        if barred is not None:
            yield Objection(barred[0], pack, other=barred[1])
    if row is not None:
        for pack in row.packs:
            if pack not in manifest.required_theorem_packs:
                yield Objection(AdmissionReason.NOT_ADOPTED, pack)


class Bars(msgspec.Struct, frozen=True):
    """The groups that keep a protocol from carrying a pack; "" where there is none.

    As a `candidate` it must not require an active pack yet. A protocol that is `excluded` must not
    carry any; of candidates, and of packs without an active policy, which are refused anyway, that
    means packs that are declared and not required.
    """

    candidate: str
    excluded: str
    is_active: bool


def bars(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str, pack: str
) -> Bars:
    """The groups that keep a protocol from carrying a pack, whatever it carries."""
    rule = policy.packs.get(pack)
    is_active = rule is not None and rule.status == "active"
    excluded = _excluded_by_name(policy, manifest, path)
    if excluded or row is None or pack in row.packs:
        return Bars("", excluded, is_active)
    wave = policy.wave_of(row)
    goal = next((goal.name for goal in policy.non_goals_of(row)), "")
    if row.plane == "data":
        return Bars("", "data plane", is_active)
    if row.name in policy.adaptive_privacy.control_plane:
        return Bars("", "adaptive privacy", is_active)
    if wave is not None and wave.admits_packs:
        return Bars(wave.name, goal, is_active)
    return Bars("", goal or (wave.name if wave is not None else ""), is_active)


def bar(
    policy: Policy, manifest: Manifest, row: rows.ProtocolEntry | None, path: str, pack: str
) -> tuple[AdmissionReason, str] | None:
    """Why a protocol must not carry a pack that it carries: the reason, and the group it is in."""
    found = bars(policy, manifest, row, path, pack)
    is_required = pack in manifest.required_theorem_packs
    if is_required and not found.is_active:
        return None
    if is_required and found.candidate:
        return AdmissionReason.CANDIDATE, found.candidate
    return (AdmissionReason.EXCLUDED, found.excluded) if found.excluded else None


def _excluded_by_name(policy: Policy, manifest: Manifest, path: str) -> str:
    """The group that a file or a name belongs to, known to the policy or not."""
    privacy = policy.adaptive_privacy
    for goal in policy.non_goals.values():
        if any(ends_with(path, file) for file in goal.files):
            return goal.name
    for excluded in privacy.data_plane:
        if any(word in manifest.protocol_name for word in excluded.words):
            return excluded.name
    if any(word in manifest.protocol_name for word in privacy.runtime_local):
        return "runtime-local"
    return ""


def ends_with(path: str, end: str) -> bool:
    """Whether a path ends with the parts of `end`."""
    return bool(path) and (path == end or path.endswith(f"/{end}"))


def protocol_of_file(policy: Policy, path: str) -> rows.ProtocolEntry | None:
    """The protocol that the policy says is kept in this file."""
    for name in policy.by_file.get(path.rpartition("/")[2], ()):
        row = policy.protocols[name]
        if any(ends_with(path, file) for file in row.files):
            return row
    return None


def resembling(policy: Policy, manifest: Manifest) -> rows.ProtocolEntry | None:
    """The protocol of the policy that has the same module or the same own name."""
    for row in policy.protocols.values():
        if row.protocol == manifest.protocol_name or row.module == manifest.protocol_namespace:
            return row
    return None
