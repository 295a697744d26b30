"""How an admitted protocol is executed: derived from its determinism policy, never chosen."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from tellverify.policy.rows import Determinism
from tellverify.runtime.faults import FaultKind, RuntimeFault
from tellverify.runtime.gate import Contracts


class Mode(StrEnum):
    """Cooperative one-step rounds, waves that replay equally, waves within a bound."""

    COOPERATIVE = "cooperative"
    REPLAY_DETERMINISTIC = "replay-deterministic"
    ENVELOPE_BOUNDED = "envelope-bounded"


_MODES: Final = {
    "cooperative": Mode.COOPERATIVE,
    "threaded_replay_deterministic": Mode.REPLAY_DETERMINISTIC,
    "threaded_envelope_bounded": Mode.ENVELOPE_BOUNDED,
}
# What a runtime must show for a grade of determinism.
_ARTIFACTS: Final = {
    "full": "artifact:full",
    "modulo_effects": "artifact:modulo_effect_trace",
    "modulo_commutativity": "artifact:modulo_commutativity",
    "replay": "artifact:replay",
}
_MIXED: Final = "profiles:mixed"


class ExecutionPolicy(msgspec.Struct, frozen=True):
    """The execution mode that admission gave: mode, widest wave, and workers, one for each place.

    `fallback` says why the canonical path took the place of the policy's own mode, else it is "".
    """

    ref: str
    mode: Mode
    waves: int
    workers: int
    fallback: str = ""


CANONICAL: Final = ExecutionPolicy("", Mode.COOPERATIVE, 1, 1)


def execution_of(row: Determinism, contracts: Contracts) -> ExecutionPolicy:
    """The execution that a policy gives on a runtime.

    Threaded modes are entered only with every key the policy asks for; otherwise the canonical
    path is taken, as the host bridge does.
    """
    mode = _MODES[row.mode]
    lacking = [key for key in row.keys if key not in contracts.keys]
    if mode is Mode.COOPERATIVE:
        return ExecutionPolicy(row.ref, mode, 1, 1)
    if lacking:
        return ExecutionPolicy(
            row.ref,
            Mode.COOPERATIVE,
            1,
            1,
            f"the runtime `{contracts.profile}` lacks `{lacking[0]}`",
        )
    return ExecutionPolicy(row.ref, mode, row.waves, row.waves)


def profile_faults(row: Determinism) -> list[RuntimeFault]:
    """Contradictory combinations in a policy (validate_determinism_profile)."""
    found = []
    if row.determinism == "full" and row.tier != "strict_deterministic":
        found.append("full determinism needs the tier `strict_deterministic`")
    bounded = row.tier == "envelope_bounded_nondeterministic"
    if bounded and row.determinism not in ("modulo_effects", "modulo_commutativity"):
        found.append(f"the tier `{row.tier}` does not go with `{row.determinism}`")
    if row.replay == "nullifier" and row.determinism == "full":
        found.append("replay by nullifiers does not go with full determinism")
    if row.mode == "cooperative" and row.waves != 1:
        found.append(f"the cooperative mode has waves of 1, not {row.waves}")
    return [
        RuntimeFault(FaultKind.ILLEGAL_PROFILE, row.ref, f"`{row.ref}`: {why}") for why in found
    ]


def determinism_faults(row: Determinism, contracts: Contracts) -> list[RuntimeFault]:
    """The grades of determinism that the runtime cannot execute, as their artifacts are missing.

    Without contracts only full determinism is admitted; other grades need mixed profiles too,
    but then the canonical path is taken and nothing is refused.
    """
    full = row.determinism == "full"
    if not contracts.facts:
        if full:
            return []
        reason = f"`{row.ref}` needs runtime contracts, and `{contracts.profile}` has none"
        return [RuntimeFault(FaultKind.MISSING_CONTRACTS, row.ref, reason)]
    artifact = _ARTIFACTS[row.determinism]
    if artifact in contracts.facts or (not full and _MIXED not in contracts.facts):
        return []
    reason = (
        f"`{row.ref}` asks for `{row.determinism}` determinism, "
        f"which the runtime `{contracts.profile}` does not show"
    )
    return [RuntimeFault(FaultKind.UNSUPPORTED_DETERMINISM, row.ref, reason)]


def class_faults(row: Determinism, wanted: str, name: str) -> tuple[list[RuntimeFault], str]:
    """A policy of another class than the protocol's: faults, or the words of a warning.

    Upstream refuses both. A cooperative policy allows no schedule that another class would not,
    so it causes a warning; any other would loosen the execution and is refused.
    """
    if row.class_ == wanted:
        return [], ""
    of = f"the class `{wanted}`" if wanted else "no class"
    reason = f"`{row.ref}` is a policy of the class `{row.class_}`, and `{name}` has {of}"
    if row.mode == "cooperative":
        return [], reason
    return [RuntimeFault(FaultKind.POLICY_CLASS, row.ref, reason)], ""
