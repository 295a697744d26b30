"""Theorem packs of two versions: which are required anew, and which runtimes admit the new one."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tellverify.admission.manifest import derive
from tellverify.admission.resolve import AdmissionDecision, admit_resolved, requirements
from tellverify.admission.runtime import inventory_of
from tellverify.diagnostics.wording import series
from tellverify.obligations.options import Options
from tellverify.obligations.policies import policy_at
from tellverify.policy.model import Policy
from tellverify.verdict.versions import VersionChange
from tellverify.versions.sides import MachineVersion, TextVersion, Version


class _Admission(msgspec.Struct, frozen=True):
    """The runtimes of a policy by what becomes of the new version, beside the old one.

    The old version counts as admitted where the runtime has all its keys: that it does not follow
    the policy of today is no difference. `refused` says why no runtime admits the new one.
    """

    lost: tuple[tuple[str, AdmissionDecision], ...]
    won: tuple[str, ...]
    kept: tuple[str, ...]
    refused: str = ""


def pack_changes(old: Version, new: Version, options: Options) -> Iterator[VersionChange]:
    """The packs that differ, and where `admit` decides otherwise on a runtime of the policy."""
    before, after = _required(old), _required(new)
    policy = policy_at(options.policy).policy if options.policy is not None else None
    admission = _admission(policy, old, new) if policy is not None else None
    for name in after:
        if name not in before:
            words = f"the pack `{name}` is required"
            action = f"admit the new manifest on every runtime profile: it requires `{name}`"
            if admission is not None:
                action = ""
            yield VersionChange(new.own_name, words, "minor", action)
    for name in before:
        if name not in after:
            yield VersionChange(new.own_name, f"the pack `{name}` is no longer required", "patch")
    if admission is None:
        if options.policy is not None and before != after:
            words = f"the policy {options.policy} has faults: no runtime is asked"
            yield VersionChange(new.own_name, words, "minor", "fix the policy, and compare again")
        return
    if admission.refused:
        words = f"no runtime admits the new version: {admission.refused}"
        yield VersionChange(new.own_name, words, "minor", words)
    for runtime, decision in admission.lost:
        yield _refused(new, runtime, decision)
    if admission.won:
        names = series([f"`{name}`" for name in admission.won])
        yield VersionChange(new.own_name, f"admitted by {names}, as it was not before", "patch")
    if before != after and admission.kept and not admission.lost:
        names = series([f"`{name}`" for name in admission.kept])
        yield VersionChange(new.own_name, f"admitted by {names}, as before", "patch")


def _required(version: Version) -> list[str]:
    match version:
        case TextVersion(found=found):
            return [one.text for one in found.protocol.requires]
        case MachineVersion():
            return []


def _admission(policy: Policy, old: Version, new: Version) -> _Admission | None:
    """What every runtime of the policy decides; None where a side has no text."""
    if isinstance(old, MachineVersion) or isinstance(new, MachineVersion):
        return None
    needs = []
    for version in (old, new):
        derived = derive(version.found.judged, version.found.protocol, policy)
        needs.append(requirements(policy, derived.manifest, derived.source.path))
    objection = next((one for one in needs[1].objections if one.reason.refuses), None)
    if objection is not None:
        pack = f" (`{objection.pack}`)" if objection.pack else ""
        return _Admission((), (), (), f"{objection.reason.code.title}{pack}")
    lost: list[tuple[str, AdmissionDecision]] = []
    won: list[str] = []
    kept: list[str] = []
    for name in policy.runtimes:
        runtime = inventory_of(policy, name)
        if runtime is None:
            continue
        earlier, later = (admit_resolved(each, runtime) for each in needs)
        if not later.admitted:
            lost += [] if earlier.first_missing else [(name, later)]
        else:
            (won if earlier.first_missing else kept).append(name)
    return _Admission(tuple(lost), tuple(won), tuple(kept))


def _refused(new: Version, runtime: str, decision: AdmissionDecision) -> VersionChange:
    """A runtime that has the keys of the old version and not those of the new one."""
    key = decision.first_missing
    pack = next((one.pack for one in decision.objections if key in one.keys), "")
    of_pack = f" of `{pack}`" if pack else ""
    words = f"the runtime `{runtime}` refuses the new version: it lacks `{key}`{of_pack}"
    return VersionChange(new.own_name, words, "minor", f"{words}; give it `{key}`")
