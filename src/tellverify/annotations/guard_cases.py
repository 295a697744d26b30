"""Guard chains decided by the cases that their stages can tell apart, without a solver.

Where no stage is repeated, the headroom of a budget is compared with sums of at most one cost `c`
and two charges `r` of the runtime (two, when the message goes before the guard that looks). So only
the position of the headroom among `c`, `r`, `c + r`, `2 r` and `c + 2 r` matters, and how `c`
compares with `r` and `2 r`: finitely many cases, each with at least one witness. The reference
executes each of them; the solver, which does not use cases, has to agree (tested on random chains,
and whenever evidence is written).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tellverify.annotations.encode import EncodedForm
from tellverify.annotations.guard_steps import GuardQuestion, World, attempted, breaches
from tellverify.policy import rows

_BOTH = (True, False)


def is_protected(chain: rows.GuardChain, form: EncodedForm) -> bool | None:
    """Whether no attempt of a send of this form has a breach.

    None when a stage is repeated or unknown: then there may be more cases than these.
    """
    known = {"capability", "flow", "journal", "leakage", "transport"}
    if len(set(chain.order)) != len(chain.order) or not set(chain.order) <= known:
        return None
    if "transport" not in chain.order:
        return None
    return not any(
        breaches(chain, asked, world, attempted(chain, asked, world))
        for asked, world in _cases(chain, form)
    )


def _cases(chain: rows.GuardChain, form: EncodedForm) -> Iterator[tuple[GuardQuestion, World]]:
    """One attempt for each case, with every outcome of the transport and every crash."""
    crashes = range(-1, len(chain.order) + 1)
    admitted = _BOTH if form.capability else (True,)
    bits = ((1, 0), (1, 1)) if form.leaks else ((0, 0),)
    for grants, delivered, crash, (leak, room), (cost, runtime, headroom) in product(
        admitted, _BOTH, crashes, bits, _amounts(chain, form)
    ):
        yield (
            GuardQuestion(form.capability, cost, form.facts, leak),
            World(
                token=grants,
                limit=headroom,
                leak_limit=room,
                delivered=delivered,
                crash=crash,
                runtime=runtime,
            ),
        )


def _amounts(chain: rows.GuardChain, form: EncodedForm) -> Iterator[tuple[int | None, int, int]]:
    """Cost, charge of the runtime and headroom: each way in which they can compare."""
    if form.cost == "none":
        yield None, 1, 0
        return
    costs = (0,) if form.cost == "zero" else (1, 2, 3)
    for cost, runtime in product(costs, (1,) if chain.charges == "annotation" else (1, 2)):
        for headroom in range(cost + 2 * runtime + 1):
            yield cost, runtime, headroom
