"""The launch path: every gate before the first event, in the order of Aura's production path.

Guard names, packs, fragment claim, role images, policy, engine, capabilities: after a gate refuses,
the later ones are still evaluated, so that a refusal has all its reasons, but nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tellverify.model.defect import Defect
from tellverify.model.machine import Machine
from tellverify.model.site import Site
from tellverify.policy.rows import Determinism
from tellverify.runtime.chooser import Chooser
from tellverify.runtime.executor import Execution, Executor
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts, Key, coverage_faults
from tellverify.runtime.mode import (
    CANONICAL,
    ExecutionPolicy,
    class_faults,
    determinism_faults,
    execution_of,
    profile_faults,
)
from tellverify.runtime.ownership import OwnershipClaim, Registry

_GUARD: Final = re.compile("[a-z0-9_:-]+")


class LaunchRequest(msgspec.Struct, frozen=True):
    """The inputs of a launch.

    `resolution` are the faults that the translation of packs into `required` keys found.
    `contracts` is None where the runtime's inventory cannot be read. Without a policy there is no
    `determinism`, and the canonical path is taken; `determinism_ref` is what the manifest names.
    """

    protocol: str
    machines: tuple[Machine, ...]
    required: tuple[Key, ...]
    contracts: Contracts | None
    owner: str
    session: str = "session-1"
    sites: tuple[Site, ...] = ()
    resolution: tuple[RuntimeFault, ...] = ()
    guards: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    determinism: Determinism | None = None
    determinism_ref: str = ""
    protocol_class: str = ""


class RefusedLaunch(msgspec.Struct, frozen=True):
    """A launch that was refused: all reasons, in the order of the gates. Nothing was executed."""

    faults: tuple[RuntimeFault, ...]


class Admitted(msgspec.Struct, frozen=True):
    """A session that may be executed by the holder of the claim."""

    request: LaunchRequest
    policy: ExecutionPolicy
    claim: OwnershipClaim
    warnings: tuple[str, ...] = ()


def launch(request: LaunchRequest, registry: Registry) -> Admitted | RefusedLaunch:
    """Pass all gates and open a session, or refuse and leave no claim behind."""
    faults = [_guard_fault(name) for name in request.guards if not _is_guard(name)]
    faults += request.resolution
    claimed = (request.session, request.owner, request.protocol, request.bundles)
    owned = registry.objection(*claimed)
    if owned is not None:
        faults.append(owned)
    faults += _image_faults(request.machines)
    policy, warnings = CANONICAL, []
    row, contracts = request.determinism, request.contracts
    if row is None and request.determinism_ref:
        reason = f"no policy has the determinism policy `{request.determinism_ref}`"
        faults.append(RuntimeFault(FaultKind.UNKNOWN_POLICY, request.determinism_ref, reason))
    if row is not None:
        clash, warning = class_faults(row, request.protocol_class, request.protocol)
        faults += clash
        warnings += [warning] if warning else []
        if contracts is not None:
            faults += determinism_faults(row, contracts)
            policy = execution_of(row, contracts)
    faults += coverage_faults(request.required, contracts)
    if row is not None:
        faults += profile_faults(row)
    if faults:
        return RefusedLaunch(tuple(faults))
    claim = registry.claim(*claimed)
    if isinstance(claim, RuntimeFault):
        raise Defect(f"a claim without objection was refused: {claim.reason}")
    if policy.fallback:
        instead = f"the canonical path takes the place of `{policy.ref}`"
        warnings.append(f"{policy.fallback}, so {instead}")
    return Admitted(request, policy, claim, tuple(warnings))


class Session:
    """An admitted session in execution: the holder of its current claim may continue it.

    The mode is the one that admission gave.
    """

    def __init__(self, admitted: Admitted, registry: Registry) -> None:
        self.admitted = admitted
        self._registry = registry
        self._executor = Executor(admitted.request.machines, admitted.request.sites)

    @property
    def event_count(self) -> int:
        """How many events it has had."""
        return len(self._executor.steps)

    def advance(
        self, claim: OwnershipClaim, chooser: Chooser, *, seed: int = 0, limit: int = 100_000
    ) -> Execution | RuntimeFault:
        """Execute until the session has made `limit` events in all, or cannot go on.

        A claim that is stale, or of another session, is refused. Errors of `chooser` propagate.
        """
        session = self.admitted.claim.session
        if claim.session != session:
            reason = f"a claim of session `{claim.session}` is shown for session `{session}`"
            return RuntimeFault(FaultKind.STALE_OWNER, session, reason)
        stale = self._registry.refusal(claim)
        if stale is not None:
            return stale
        return self._executor.run(
            self.admitted.policy,
            chooser,
            seed=seed,
            limit=limit,
            owned=lambda: self._registry.is_current(claim),
        )


def execute(
    admitted: Admitted,
    registry: Registry,
    chooser: Chooser,
    *,
    seed: int = 0,
    limit: int = 100_000,
) -> Execution | RuntimeFault:
    """Execute an admitted session from its beginning, by the claim that it was opened with."""
    session = Session(admitted, registry)
    return session.advance(admitted.claim, chooser, seed=seed, limit=limit)


def _is_guard(name: str) -> bool:
    return (
        _GUARD.fullmatch(name) is not None
        and ":" in name
        and not name.startswith(("cap:", "module:"))
    )


def _guard_fault(name: str) -> RuntimeFault:
    """The fault of a capability name at the boundary of a choreography."""
    if not name:
        why = "it is empty"
    elif _GUARD.fullmatch(name) is None:
        why = "it has characters other than `a` to `z`, digits, `_`, `-` and `:`"
    elif ":" not in name:
        why = "it has no namespace"
    elif name.startswith("cap:"):
        why = "the namespace `cap` is no longer admitted"
    else:
        why = "modules are not admitted in a first-party launch"
    return RuntimeFault(
        FaultKind.GUARD_NAME, name, f"the capability name `{name}` is refused: {why}"
    )


def _image_faults(machines: Sequence[Machine]) -> list[RuntimeFault]:
    """Role images that cannot be loaded: twins, no states, moves to a missing state or peer."""
    roles = [machine.role for machine in machines]
    known = set(roles)
    twins = [role for role in known if roles.count(role) > 1] if len(known) < len(roles) else []
    found = [
        RuntimeFault(FaultKind.ROLE_IMAGE, role, f"there are two images of role `{role}`")
        for role in sorted(twins)
    ]
    for machine in machines:
        reason = ""
        if not machine.moves or len(machine.final) != len(machine.moves):
            reason = "has no states, or not one end mark for each"
        for row in machine.moves:
            for action, target in row:
                if not 0 <= target < len(machine.moves):
                    reason = f"has a move to state {target}, which it does not have"
                elif action.peer not in known or action.peer == machine.role:
                    reason = f"has a message with `{action.peer}`, which is not another role"
        if reason:
            fault = RuntimeFault(
                FaultKind.ROLE_IMAGE, machine.role, f"the image of `{machine.role}` {reason}"
            )
            found.append(fault)
    if not machines:
        found.append(RuntimeFault(FaultKind.ROLE_IMAGE, "", "there is no role to execute"))
    return found
