"""Are the mixtures of two versions what a file says? By the reference semantics, without a search.

The old and the new machine of each role run side by side, and all configurations that some mixture
which is not refuted reaches are visited. What is claimed of a set of mixtures at once is tested
role by role and version by version, since a role's moves depend on its own state and queues only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from tellverify.evidence import versions_file as filed
from tellverify.evidence.machines_file import MachineRow, MachinesFile, machines_of
from tellverify.evidence.recheck.evidence_files import check_source, load
from tellverify.evidence.recheck.graph import Rejected, require
from tellverify.evidence.recheck.relations import check_relation
from tellverify.model.configuration import Configuration
from tellverify.model.futures import futures
from tellverify.model.joint_machine import MISSING, JointMachine, joint_machine
from tellverify.model.machine import Machine
from tellverify.model.semantics import System
from tellverify.model.step import Step

_OLD, _NEW, _BOTH = 1, 2, 3

# The versions that each changed role may have, as masks.
_Cube = tuple[int, ...]


def recheck_versions_file(path: str) -> str:
    """What the file at `path` shows, in words. Raises Rejected."""
    return recheck_versions(read_versions(path))


def read_versions(path: str) -> filed.VersionsFile:
    """The content of a file of two versions. Raises Rejected."""
    file = load(path, filed.VersionsFile, filed.VERSIONS_SCHEMA, filed.write_versions)
    require(len(file.sources) == 2 and all(s.files for s in file.sources), "sources", "not two")
    for source, sha256 in (one for side in file.sources for one in side.files):
        if not source.startswith(filed.AT_COMMIT):
            check_source(path, source, sha256, None, again="tellverify compare")
    return file


def recheck_versions(file: filed.VersionsFile) -> str:
    """What a file shows, in words. Raises Rejected."""
    pair = MixedVersions(file)
    for number, row in enumerate(file.refuted):
        pair.check_run(row, number)
    runs = "1 run refutes" if len(file.refuted) == 1 else f"{len(file.refuted)} runs refute"
    roles = "1 changed role" if len(file.changed) == 1 else f"{len(file.changed)} changed roles"
    shown = f"{runs} mixtures of {roles}"
    if file.order:
        pair.check_order(file.order)
        shown = f"{shown}; the order {', '.join(file.order)} meets none of them"
    for relation in file.relations:
        pair.check_relation(relation)
    if file.relations:
        replaced = ", ".join(f"{one.role} ({one.refining})" for one in file.relations)
        shown = f"{shown}; by subtyping may be replaced: {replaced}"
    if file.proof is None:
        return shown
    count = pair.check_proof(file.proof)
    return f"{shown}; all others hold in {count} configurations"


class MixedVersions:
    """The pair machines of a file, and the mixtures that it refutes."""

    def __init__(self, file: filed.VersionsFile) -> None:
        old, new = (_machines(file, rows) for rows in (file.old, file.new))
        require([m.role for m in old] == [m.role for m in new], "machines", "not of the same roles")
        roles = [machine.role for machine in new]
        self.whole = (old, new)
        self.changed_roles = frozenset(file.changed)
        require(set(file.changed) <= set(roles), "changed", "names roles that do not exist")
        self.joints: list[JointMachine] = []
        for left, right in zip(old, new, strict=True):
            if right.role in file.changed:
                self.joints.append(joint_machine([left, right]))
            else:
                alike = joint_machine([left, right]).are_alike
                require(alike, "changed", f"`{right.role}` has changed and is not listed")
                self.joints.append(joint_machine([right]))
        self.place = {role: n for n, role in enumerate(roles)}
        self.changed = [self.place[role] for role in file.changed]
        self.system = System([joint.machine for joint in self.joints])
        self.cubes = [self._cube_of(row, n) for n, row in enumerate(file.refuted)]

    def check_relation(self, row: filed.RelationRow) -> None:
        """One version of a role refines the other, among the peers of the other."""
        require(row.role in self.changed_roles, "relations", f"`{row.role}` has not changed")
        joint = self.joints[self.place[row.role]]
        small, large = joint.versions if row.refining == "old" else reversed(joint.versions)
        other = 1 if row.refining == "old" else 0
        sendable = {
            (one.role, action.label)
            for one in self.whole[other]
            for moves in one.moves
            for action, _ in moves
            if action.send and action.peer == row.role
        }
        check_relation(row, small, large, sendable)

    def check_order(self, order: Sequence[str]) -> None:
        """No mixture on the way from all old to all new is refuted."""
        names = [self.joints[n].role for n in self.changed]
        once = len(order) == len(names) and set(order) == set(names)
        require(once, "order", "not every changed role once")
        for count in range(len(order) + 1):
            new = set(order[:count])
            cube = self._acting({name: _NEW if name in new else _OLD for name in names})
            words = f"`{order[count - 1]}`" if count else "any role"
            where = "after" if count else "before"
            require(not self._is_refuted(cube), "order", f"it is not safe {where} {words} is new")

    def _acting(self, deployment: dict[str, int]) -> _Cube:
        """The versions in which roles act: one that no role of its version calls does nothing."""
        machines = [{machine.role: machine for machine in side} for side in self.whole]
        alone: dict[str, int] = {}
        for role in deployment:
            absent = [not side[role].moves[0] for side in machines]
            if any(absent):
                alone[role] = _NEW if absent[0] else _OLD
        found = dict(deployment)
        for role, version in alone.items():
            calls, met = [role], {role}
            side = machines[0 if version == _OLD else 1]
            while calls:
                row = (action.peer for moves in side[calls.pop()].moves for action, _ in moves)
                for peer in row:
                    if peer not in met:
                        met.add(peer)
                        calls += [peer] if alone.get(peer) == version else []
            callers = [deployment.get(name, _BOTH) for name in met - alone.keys()]
            if callers and not any(each & version for each in callers):
                found[role] = _BOTH & ~version
        return tuple(found.values())

    def _cube_of(self, row: filed.RefutedRow, number: int) -> _Cube:
        where = f"refuted[{number}]"
        names = [self.joints[n].role for n in self.changed]
        require(set(row.new) | set(row.old) <= set(names), where, "names roles that are unchanged")
        require(not set(row.new) & set(row.old), where, "a role is both old and new")
        return tuple(
            _NEW if name in row.new else _OLD if name in row.old else _BOTH for name in names
        )

    def cube(self, configuration: Configuration) -> _Cube:
        """The versions of changed roles whose runs lead to a configuration."""
        return tuple(self.joints[n].alive[configuration.states[n]] for n in self.changed)

    def acting_machines(self, row: filed.RefutedRow) -> list[Machine]:
        """The machines of one of the mixtures of a row."""
        return [joint.versions[int(joint.role in row.new)] for joint in self.joints]

    def check_run(self, row: filed.RefutedRow, number: int) -> None:
        """The run of a row is one of all its mixtures, and shows the fault in each of them."""
        where = f"refuted[{number}]"
        here = self.system.initial
        for index, (send, sender, receiver, label) in enumerate(row.steps):
            after = self.system.after(here, Step(bool(send), sender, receiver, label))
            if after is None:
                raise Rejected(where, f"step {index} is not enabled")
            here = after
        cube = self.cubes[number]
        for mine, alive in zip(cube, self.cube(here), strict=True):
            require(not mine & ~alive, where, "the run is not one of all its mixtures")
        require(row.culprit in self.place or not row.culprit, "culprit", "there is no such role")
        why = self._shows(row.fault, row.culprit, cube, here)
        require(not why, where, why)

    def _shows(self, fault: str, culprit: str, cube: _Cube, here: Configuration) -> str:
        """Why a configuration does not show a fault in all mixtures of a cube; empty if it does."""
        own = self.place.get(culprit, -1)
        if own < 0:
            return "no role is named"
        if fault == "stuck-role":
            return self._stuck(own, cube, here)
        versions = list(self._versions(own, cube))
        if fault == "unspecified-reception":
            bad = all(self._has_unspecified_reception(own, v, here) for v in versions)
        elif fault == "orphan-message":
            bad = all(self._has_orphan(own, v, here) for v in versions)
        elif fault == "deadlock":
            bad = all(
                self._is_idle(n, v, here)
                for n in range(len(self.joints))
                for v in self._versions(n, cube)
            ) and not any(self._may_stop(own, v, here) for v in versions)
        else:
            return f"`{fault}` is not a fault of a mixture"
        return "" if bad and versions else f"it does not show {fault} of `{culprit}`"

    def _versions(self, place: int, cube: _Cube) -> Iterator[int]:
        if place not in self.changed:
            yield 0
            return
        mask = cube[self.changed.index(place)]
        yield from (version for version in range(2) if mask >> version & 1)

    # One version of one role, in its state and with its queues

    def _row(self, place: int, version: int, here: Configuration) -> tuple[Machine, int]:
        joint = self.joints[place]
        return joint.versions[version], joint.states[here.states[place]][version]

    def _is_idle(self, place: int, version: int, here: Configuration) -> bool:
        machine, state = self._row(place, version, here)
        queues = dict(here.queues)
        return not any(
            action.send or queues.get((action.peer, machine.role), ("",))[:1] == (action.label,)
            for action, _ in machine.moves[state]
        )

    def _may_stop(self, place: int, version: int, here: Configuration) -> bool:
        machine, state = self._row(place, version, here)
        return machine.final[state]

    def _has_unspecified_reception(self, place: int, version: int, here: Configuration) -> bool:
        machine, state = self._row(place, version, here)
        filled = {p for (p, q), _ in here.queues if q == machine.role}
        row = machine.moves[state]
        return (
            bool(row)
            and not machine.final[state]
            and all(not action.send and action.peer in filled for action, _ in row)
            and self._is_idle(place, version, here)
        )

    def _has_orphan(self, place: int, version: int, here: Configuration) -> bool:
        machine, state = self._row(place, version, here)
        gone = machine.final[state] and not machine.moves[state]
        return gone and any(q == machine.role for (_, q), _ in here.queues)

    # All configurations

    def check_proof(self, proof: filed.SearchProof) -> int:
        """Every configuration of a mixture that is not refuted is without a fault."""
        seen = {self.system.initial} if not self._is_refuted(self.cube(self.system.initial)) else {}
        known = dict.fromkeys(seen)
        for here in (todo := list(known)):
            self._check_good(here)
            for _, after in self.system.enabled(here):
                if after not in known and not self._is_refuted(self.cube(after)):
                    known[after] = None
                    todo.append(after)
            enough = len(known) <= filed.MOST_CONFIGURATIONS
            require(enough, "proof", "too many configurations to be visited again")
        require(len(known) == proof.configurations, "proof", f"there are {len(known)}")
        require(filed.digest_of(known) == proof.sha256, "proof", "other configurations")
        if any(_has_cycle(v) for joint in self.joints for v in joint.versions):
            self._check_served(list(known))
        return len(known)

    def _is_refuted(self, cube: _Cube) -> bool:
        return any(
            all(not mine & ~bad for mine, bad in zip(cube, other, strict=True))
            for other in self.cubes
        )

    def _check_good(self, here: Configuration) -> None:
        cube = self.cube(here)
        blocked = list(cube)
        all_idle = True
        for n in range(len(self.joints)):
            versions = list(self._versions(n, cube))
            bad = [v for v in versions if self._has_unspecified_reception(n, v, here)]
            bad += [v for v in versions if self._has_orphan(n, v, here)]
            for version in bad:
                self._require_refuted(self._restricted(cube, n, 1 << version))
            idle = sum(1 << v for v in versions if self._is_idle(n, v, here))
            all_idle = all_idle and bool(idle)
            if n in self.changed:
                blocked[self.changed.index(n)] = idle
        if not all_idle:
            return
        for n in range(len(self.joints)):
            for version in self._versions(n, tuple(blocked)):
                if not self._may_stop(n, version, here):
                    self._require_refuted(self._restricted(tuple(blocked), n, 1 << version))

    def _restricted(self, cube: _Cube, place: int, versions: int) -> _Cube:
        if place not in self.changed:
            return cube
        at = self.changed.index(place)
        return (*cube[:at], versions, *cube[at + 1 :])

    def _require_refuted(self, cube: _Cube) -> None:
        require(self._is_refuted(cube), "proof", "a mixture fails that no row refutes")

    # Roles that are stuck

    def _deployments(self) -> list[_Cube]:
        masks = product((_OLD, _NEW), repeat=len(self.changed))
        return [one for one in masks if not self._is_refuted(one)]

    def _check_served(self, configurations: Sequence[Configuration]) -> None:
        """In each deployment that is left, every role that may not stop moves again."""
        enough = 2 ** len(self.changed) <= filed.MOST_DEPLOYMENTS
        require(enough, "proof", "too many deployments to check one by one")
        for deployment in self._deployments():
            role = self._starving(deployment, configurations)
            require(not role, "proof", f"`{role}` is stuck in a mixture that no row refutes")

    def _starving(self, deployment: _Cube, configurations: Sequence[Configuration]) -> str:
        inside = [
            here
            for here in configurations
            if all(not d & ~alive for d, alive in zip(deployment, self.cube(here), strict=True))
        ]
        machines = self._machines_of(deployment)
        before: dict[Configuration, list[Configuration]] = {}
        movers: dict[str, list[Configuration]] = {}
        known = set(inside)
        for here in inside:
            for step, after in self.system.enabled(here):
                if after in known:
                    before.setdefault(after, []).append(here)
                    movers.setdefault(step.actor, []).append(here)
        for role, place in self.place.items():
            served = set(movers.get(role, ()))
            todo = list(served)
            while todo:
                for source in before.get(todo.pop(), ()):
                    if source not in served:
                        served.add(source)
                        todo.append(source)
            version = next(self._versions(place, deployment))
            for here in inside:
                state = self.joints[place].states[here.states[place]][version]
                if here not in served and state != MISSING and not machines[role].final[state]:
                    return role
        return ""

    def _machines_of(self, deployment: _Cube) -> Mapping[str, Machine]:
        return {
            joint.role: joint.versions[next(self._versions(n, deployment))]
            for n, joint in enumerate(self.joints)
        }

    def _stuck(self, place: int, cube: _Cube, here: Configuration) -> str:
        """A stuck role, in every deployment of the cube, by all that may still happen."""
        culprit = self.joints[place].role
        seen = {here}
        todo = [] if self._never_moves(place, cube, here) else [here]
        while todo:
            for step, after in self.system.enabled(todo.pop()):
                shared = zip(cube, self.cube(after), strict=True)
                if any(not mine & alive for mine, alive in shared) or after in seen:
                    continue
                if step.actor == culprit:
                    return f"`{culprit}` may still move"
                seen.add(after)
                todo.append(after)
                if len(seen) > filed.MOST_CONFIGURATIONS:
                    return "too many configurations follow"
        stops = any(self._may_stop(place, v, here) for v in self._versions(place, cube))
        return f"`{culprit}` may stop" if stops else ""

    def _never_moves(self, place: int, cube: _Cube, here: Configuration) -> bool:
        """Whether a role moves in no deployment of the cube, whatever the queues come to hold."""
        mixtures = product(*(list(self._versions(n, cube)) for n in range(len(self.joints))))
        tried = list(islice(mixtures, filed.MOST_DEPLOYMENTS + 1))
        if len(tried) > filed.MOST_DEPLOYMENTS:
            return False
        for chosen in tried:
            rows = zip(self.joints, here.states, chosen, strict=True)
            states = tuple(joint.states[at][version] for joint, at, version in rows)
            machines = [joint.versions[v] for joint, v in zip(self.joints, chosen, strict=True)]
            if futures(Configuration(states, here.queues), machines).moves[place]:
                return False
        return True


def _machines(file: filed.VersionsFile, rows: Sequence[MachineRow]) -> list[Machine]:
    found = machines_of(MachinesFile("", file.protocol, [], list(rows)))
    if isinstance(found, str):
        raise Rejected("machines", found[:200])
    return found


def _has_cycle(machine: Machine) -> bool:
    """True when the role may act without end."""
    entering = [0] * machine.state_count
    for row in machine.moves:
        for _, target in row:
            entering[target] += 1
    free = [state for state, count in enumerate(entering) if not count]
    for state in free:
        for _, target in machine.moves[state]:
            entering[target] -= 1
            if not entering[target]:
                free.append(target)
    return len(free) < machine.state_count
