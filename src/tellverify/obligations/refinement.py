"""Does each machine refine its role of a protocol, by asynchronous subtyping?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.versions import NO_REFINEMENT
from tellverify.diagnostics.wording import series
from tellverify.model.graph import ProtocolGraph
from tellverify.model.limits import MachineTooLarge
from tellverify.model.machine import Action, Machine
from tellverify.obligations.machines import Machines
from tellverify.projection.subtyping import SubtypeRelation, refines, sent_to
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Outcome, Proved, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

_START: Final = (1, 1)
_FEW: Final = 2


def refinements(machines: Sequence[Machine], graph: ProtocolGraph) -> Iterator[Verdict]:
    """A verdict for each machine, those with one outcome together.

    That no relation was found refutes nothing: the algorithm is not complete, and language
    equality is `fidelity`.
    """
    canonical = Machines(graph)
    alike: dict[Outcome, list[str]] = {}
    for machine in machines:
        if machine.role in graph.roles:
            alike.setdefault(_outcome(machine, canonical), []).append(machine.role)
    for outcome, roles in alike.items():
        yield Verdict.of(Property.REFINES, ObligationScope(roles=tuple(roles)), outcome, _START)


def _outcome(machine: Machine, canonical: Machines) -> Outcome:
    try:
        others = canonical.all()
        own = canonical.of(machine.role)
    except MachineTooLarge as error:
        return Unknown(str(error), STEP_LIMIT.number)
    found = refines(machine, own, sent_to(machine.role, others))
    if found is None:
        return Unknown("no relation of subtyping was found", NO_REFINEMENT.number)
    return Proved(Method.SUBTYPING, relation_words(found))


def relation_words(found: SubtypeRelation) -> str:
    """How a machine differs from the one that it refines."""
    parts = [
        f"sends `{sent.label}` to {sent.peer} before it {_does(first)}"
        for sent, first in found.ahead[:_FEW]
    ]
    if len(found.ahead) > _FEW:
        parts.append("and more sends ahead")
    if found.fewer:
        parts.append(f"never sends {_labels(found.fewer)}")
    if found.more:
        parts.append(f"also takes {_labels(found.more)}")
    return ", ".join(parts) or "the same actions"


def _does(action: Action) -> str:
    verb, preposition = ("sends", "to") if action.send else ("receives", "from")
    return f"{verb} `{action.label}` {preposition} {action.peer}"


def _labels(actions: Sequence[Action]) -> str:
    return series([f"`{action.label}`" for action in actions], last="or")
