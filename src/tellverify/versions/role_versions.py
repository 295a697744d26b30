"""The roles of two versions of a protocol, each with its machine in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product

import msgspec

from tellverify.model.joint_machine import JointMachine, absent_machine, joint_machine
from tellverify.model.machine import Machine
from tellverify.model.roles import family_of

OLD = 0
NEW = 1


class RoleVersions:
    """The roles of an old and a new version at one choice of family sizes.

    `old` and `new` are the machines by role, over the same wire labels. A role that one of them
    lacks, or that does nothing there, is *absent* from it. Roles are in the order of the new
    version, then those that only the old one has.
    """

    def __init__(self, old: Sequence[Machine], new: Sequence[Machine]) -> None:
        self.old: Mapping[str, Machine] = {machine.role: machine for machine in old}
        self.new: Mapping[str, Machine] = {machine.role: machine for machine in new}
        self.roles = tuple(dict.fromkeys([*self.new, *self.old]))

    def version(self, role: str, version: int) -> Machine:
        """The machine of a role in the old or the new version; an absent role does nothing."""
        known = (self.old, self.new)[version].get(role)
        return absent_machine(role) if known is None else known

    @cached_property
    def pairs(self) -> Mapping[str, JointMachine]:
        """The pair machine of every role."""
        return {
            role: joint_machine([self.version(role, OLD), self.version(role, NEW)])
            for role in self.roles
        }

    @cached_property
    def changed(self) -> tuple[str, ...]:
        """The roles whose machines differ."""
        return tuple(role for role in self.roles if not self.pairs[role].are_alike)

    def is_absent(self, role: str, version: int) -> bool:
        """True when a role has no part in a version."""
        return not self.version(role, version).moves[0]

    @cached_property
    def one_sided(self) -> Mapping[str, int]:
        """The roles that only one version has, with that version."""
        return {
            role: NEW if self.is_absent(role, OLD) else OLD
            for role in self.changed
            if self.is_absent(role, OLD) or self.is_absent(role, NEW)
        }

    def likely_renamings(self) -> list[tuple[str, str]]:
        """Removed roles, or families, with added ones that do just the same."""
        found: dict[tuple[str, str], None] = {}
        for old, new in product(self.one_sided, repeat=2):
            left, right = self.version(old, OLD), self.version(new, NEW)
            ends = (self.one_sided[old], self.one_sided[new])
            named = msgspec.structs.replace(left, role=new)
            if ends == (OLD, NEW) and joint_machine([named, right]).are_alike:
                found[family_of(old), family_of(new)] = None
        return [pair for pair in found if sum(pair[0] == old for old, _ in found) == 1]

    def callers(self, role: str) -> frozenset[str]:
        """The roles of both versions that a one-sided role talks to, itself or through others.

        Where none of them has the version that knows it, the role is *dormant*: it takes no part.
        """
        version = self.one_sided[role]
        found = {role}
        todo = [role]
        while todo:
            machine = self.version(todo.pop(), version)
            for row in machine.moves:
                for action, _ in row:
                    if action.peer not in found:
                        found.add(action.peer)
                        if self.one_sided.get(action.peer) == version:
                            todo.append(action.peer)
        return frozenset(found - self.one_sided.keys())

    def acting(self, versions: Mapping[str, int]) -> dict[str, int]:
        """The versions that roles act in where they have `versions`: a dormant role acts as absent.

        A role dormant in the version that has it is one none of whose callers has that version.
        """
        found = dict(versions)
        for role, version in self.one_sided.items():
            callers = self.callers(role)
            if callers and all(versions[caller] != version for caller in callers):
                found[role] = NEW if version == OLD else OLD
        return found

    def joints(self) -> list[JointMachine]:
        """What a search runs: the pair machines of changed roles, one machine of each other."""
        return [
            self.pairs[role] if role in self.changed else joint_machine([self.version(role, NEW)])
            for role in self.roles
        ]

    def machines(self, upgraded: Mapping[str, int]) -> list[Machine]:
        """The machines of a deployment, given by the versions of the changed roles."""
        return [self.version(role, upgraded.get(role, NEW)) for role in self.roles]
