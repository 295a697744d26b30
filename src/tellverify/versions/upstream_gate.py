"""What Telltale's own compatibility gate says of two versions, and why that may be otherwise.

The gate asks of every role that both versions have whether the new local type alone refines the
old one. It follows the first branch of each choice only, drops payload types, gives up where a loop
comes round, and skips role families. It knows no order of roll-out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from tellverify.model.machine import Action, Machine
from tellverify.model.roles import family_of

GateAnswer: TypeAlias = Literal["compatible", "incompatible", "gives up"]
_LONGEST: Final = 10_000


def gate_answer(old: Mapping[str, Machine], new: Mapping[str, Machine]) -> GateAnswer:
    """The answer of the gate for machines with labels without payloads."""
    answers = [
        _role_answer(old[role], machine)
        for role, machine in new.items()
        if role in old and family_of(role) == role
    ]
    if "incompatible" in answers:
        return "incompatible"
    return "gives up" if "gives up" in answers else "compatible"


def _role_answer(old: Machine, new: Machine) -> GateAnswer:
    """One role, along the first branch of each choice."""
    a = b = 0
    met: set[tuple[int, int]] = set()
    while (a, b) not in met and len(met) < _LONGEST:
        met.add((a, b))
        left, right = dict(old.moves[a]), dict(new.moves[b])
        if not left and not right:
            return "compatible"
        if not _refines(left, right):
            return "incompatible"
        first = next(action for action in right if action in left)
        a, b = left[first], right[first]
    return "gives up"


def _refines(old: Mapping[Action, int], new: Mapping[Action, int]) -> bool:
    """Fewer sends or more receptions, one message at a time."""
    if not old or not new:
        return False
    if all(action.send for action in (*old, *new)):
        return new.keys() <= old.keys()
    if any(action.send for action in (*old, *new)):
        return False
    return old.keys() <= new.keys()


def gate_notes(
    plain: tuple[Mapping[str, Machine], Mapping[str, Machine]],
    typed: tuple[Mapping[str, Machine], Mapping[str, Machine]],
    verdict: str,
) -> tuple[str, ...]:
    """Where the gate says otherwise than `verdict`, with its reason.

    `plain` are the machines with labels alone, `typed` those with payload types.
    """
    answer = gate_answer(*plain)
    is_safe = verdict in ("patch", "minor")
    if answer == "compatible" and verdict == "major":
        if any(family_of(role) != role for role in plain[1]):
            reason = "it skips role families"
        elif gate_answer(*typed) != "compatible":
            reason = "it drops payload types"
        else:
            reason = "it follows the first branch of a choice only"
        return (f"Telltale's gate calls these versions compatible: {reason}",)
    if answer == "incompatible" and is_safe:
        reason = "it wants each new role to refine the old one, and knows no order of roll-out"
        return (f"Telltale's gate refuses these versions: {reason}",)
    if answer == "gives up":
        here = "it is not known here either" if verdict == "unknown" else f"this is {verdict}"
        return (f"Telltale's gate gives no answer: it gives up on a loop; {here}",)
    return ()
