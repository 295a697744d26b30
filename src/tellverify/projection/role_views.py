"""What each role does: its local type where there is one, and its machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.local_type import LocalType
from tellverify.model.machine import Machine
from tellverify.projection.merge import strict_projections
from tellverify.projection.merge_results import MergeFailure, Projections
from tellverify.projection.minimise import minimise
from tellverify.projection.renaming import family_of, pattern
from tellverify.projection.subset import bounded_machine
from tellverify.projection.type_table import TypeReason
from tellverify.projection.unfold import machine_of_type

_MOST_FAILING: Final = 3  # members of one family without a strict projection that are looked at
_MACHINE_STATES: Final = 50_000
_WORK: Final = 20_000_000  # graph states that canonical machines may visit in one command


class Unprojectable(msgspec.Struct, frozen=True):
    """Why a role has no projection by strict merge, in words, and where if that is one place."""

    reason: str


class ViewOfRole(msgspec.Struct, frozen=True):
    """Roles that do the same up to the names of family members; the first one is shown.

    `identical` says that nothing at all differs. `machine` is None when it is too large.
    """

    roles: tuple[str, ...]
    local: LocalType | Unprojectable
    machine: Machine | None
    identical: bool = True


class RoleViews:
    """The views of chosen roles of a graph."""

    def __init__(self, graph: ProtocolGraph) -> None:
        self.graph = graph
        self.projections: Projections = strict_projections(graph)
        self._failures = {failure.role: failure for failure in self.projections.failures}
        self._index = {role: index for index, role in enumerate(graph.roles)}
        self._work = _WORK

    def of(self, role: str) -> ViewOfRole:
        """What one role does."""
        local = self.projections.of(role)
        if isinstance(local, LocalType):
            machine = machine_of_type(local, role)
            found = minimise(machine) if isinstance(machine, Machine) else None
            return ViewOfRole((role,), local, found)
        return ViewOfRole((role,), Unprojectable(self._why(role)), self._canonical(role))

    def grouped(self, roles: Iterable[str]) -> tuple[list[ViewOfRole], list[str]]:
        """Views in the order of their first roles, and the roles that were not looked at.

        Of the members of a family without strict projections only the first few are looked at.
        """
        groups: dict[object, list[str]] = {}
        failing: dict[str, int] = {}
        left: list[str] = []
        by_type: dict[int, object] = {}
        for role in roles:
            family = family_of(role)
            type_id = self._type_id(role)
            if type_id is None:
                failing[family] = failing.get(family, 0) + 1
                if family and failing[family] > _MOST_FAILING:
                    left.append(role)
                else:
                    groups[("failing", role)] = [role]
            elif family:
                if type_id not in by_type:
                    by_type[type_id] = pattern(self.projections.expand(type_id))
                groups.setdefault((family, by_type[type_id]), []).append(role)
            else:
                groups[("role", role)] = [role]
        return [self._group(group) for group in groups.values()], left

    def _group(self, roles: Sequence[str]) -> ViewOfRole:
        view = self.of(roles[0])
        identical = len({self._type_id(role) for role in roles}) == 1
        return ViewOfRole(tuple(roles), view.local, view.machine, identical)

    def _type_id(self, role: str) -> int | None:
        if self.projections.unsupported is not None:
            return None
        result = self.projections.results[self._index[role]]
        return None if isinstance(result, MergeFailure) else result

    def _canonical(self, role: str) -> Machine | None:
        self._work -= self.graph.state_count + 1
        if self._work < 0:
            return None
        machine = bounded_machine(self.graph, role, _MACHINE_STATES)
        return None if machine is None else minimise(machine)

    def _why(self, role: str) -> str:
        unsupported = self.projections.unsupported
        if unsupported is not None:
            return f"the protocol is no global type: {_UNSUPPORTED[unsupported.reason]}"
        failure = self._failures[role]
        if failure.reason is TypeReason.LIMIT:
            return "strict merge was given up: the merged type grows too large"
        left, right = self.graph.event(failure.left), self.graph.event(failure.right)
        line = self.graph.site_of(failure.left).line
        place = f" (line {line})" if line else ""
        return (
            f"strict merge fails, {failure.reason}: `{role}` is not told in time"
            f" whether `{left}` or `{right}` happened{place}"
        )


_UNSUPPORTED: Final = {
    "mixed-senders": "at one point several roles may act first",
    "final-with-successors": "at one point it may end or continue, and no role decides",
    "several-receivers": "the branches of one choice begin toward different receivers",
    "no-end": "it stops at a point that is not an end",
    "several-entries": "it jumps into the middle of a loop",
}
