"""The admission matrix: every protocol against every runtime profile.

Beside the profiles of the policy there is one runtime for each protocol that has exactly what it
needs, and one for each single capability that is taken from the default profile.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tellverify.admission.resolve import Requirements, admit_resolved
from tellverify.admission.runtime import RuntimeInventory, inventory_of, without
from tellverify.policy.model import Policy


class MatrixCell(msgspec.Struct, frozen=True):
    """Whether a runtime admits a protocol, or the first objection: a missing key, or a code."""

    admitted: bool
    missing: str = ""
    code: str = ""


class MatrixRow(msgspec.Struct, frozen=True):
    """A protocol with its cells, in the order of the columns."""

    protocol: str
    needs: tuple[str, ...]
    cells: tuple[MatrixCell, ...]


class Matrix(msgspec.Struct, frozen=True):
    """All decisions. `columns` are the names of runtimes; `every` those that admit all protocols.

    Columns from `removed` on are the default profile without one key each.
    """

    policy: str
    columns: tuple[str, ...]
    removed: int
    rows: tuple[MatrixRow, ...]
    every: tuple[str, ...]


MINIMAL = "minimal"


def matrix(policy: Policy, found: Sequence[Requirements]) -> Matrix:
    """The matrix of some protocols, decided on sets."""
    profiles = [
        runtime
        for runtime in (inventory_of(policy, name) for name in policy.runtimes)
        if runtime is not None
    ]
    reduced = single_removals(policy)
    rows = []
    for each in found:
        minimal = RuntimeInventory(MINIMAL, frozenset(each.flattened))
        cells = [_cell(each, runtime) for runtime in (*profiles, minimal, *reduced)]
        rows.append(MatrixRow(each.protocol, each.flattened, tuple(cells)))
    columns = (*(p.name for p in profiles), MINIMAL, *(r.name for r in reduced))
    every = tuple(
        name
        for index, name in enumerate(columns)
        if name != MINIMAL and all(row.cells[index].admitted for row in rows)
    )
    return Matrix(policy.name, columns, len(profiles) + 1, tuple(rows), every)


def single_removals(policy: Policy) -> list[RuntimeInventory]:
    """The default profile without each single one of its keys."""
    runtime = inventory_of(policy, policy.admission.runtime)
    if runtime is None:
        return []
    return [without(runtime, key) for key in sorted(runtime.keys)]


def _cell(found: Requirements, runtime: RuntimeInventory) -> MatrixCell:
    decision = admit_resolved(found, runtime)
    if decision.admitted:
        return MatrixCell(True)
    first = next(each for each in decision.objections if each.reason.refuses)
    return MatrixCell(False, decision.first_missing, first.reason.code.number)
