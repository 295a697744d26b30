"""Which deployments leave a role stuck although others may go on.

Machines without cycles need none of this: a role that is stuck there ends in a deadlock. First a
role is shown to be served whatever the deployment, by one backward pass over all configurations;
only deployments for which that pass has no answer are looked at one by one. Where the bound of the
queues cuts off runs of a deployment, a role is stuck for sure if it never moves, whatever the
queues come to hold (`tellverify.model.futures`); what this leaves open is not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from tellverify.model.configuration import Configuration
from tellverify.model.fault import Fault
from tellverify.model.futures import futures
from tellverify.model.joint_machine import JointMachine
from tellverify.model.machine import Machine
from tellverify.search.cubes import TooManyCubes, is_within
from tellverify.search.deployments import DeploymentSearch
from tellverify.search.layering import is_acyclic

_FEW = 2_000  # configurations; with more, twice the bound is a long search
_MOST_VISITS: Final = 4_000_000  # configurations looked at for deployments one by one
_MOST_FUTURES: Final = 2_000  # configurations of which all futures are asked
_DROPPED: Final = -1  # in the place of a configuration whose deployments are all refuted

# By acting role, which versions can make the move, and the number of the configuration after it.
_Moves = dict[int, list[tuple[int, int]]]
# The moves of one segment, each with its versions and what it adds, and the versions held up.
_Part = tuple[tuple[tuple[int, int], ...], int]


class _Graph:
    """The configurations of a search by number, in the order of layers, and their moves.

    `held[n]` has for each role the versions of which only the bound forbids a send.
    """

    def __init__(self, search: DeploymentSearch) -> None:
        system = search.system
        self.configurations = [c for level in search.levels for c in level]
        self.depth = [d for d, level in enumerate(search.levels) for _ in level]
        number = {c: n for n, c in enumerate(self.configurations)}
        self.after: list[_Moves] = []
        self.before: list[list[int]] = [[] for _ in self.configurations]
        self.held: list[dict[int, int]] = []
        self.cubes = [search.cube(c) for c in self.configurations]
        self.alive = [joint.alive for joint in system.joints]
        self.states: list[tuple[int, ...]] = []
        known: list[dict[int, _Part]] = [{} for _ in system.joints]
        for n, configuration in enumerate(self.configurations):
            moves: _Moves = {}
            held = {}
            segments = system.segments(configuration)
            self.states.append(
                tuple(s & m for s, m in zip(segments, system.state_mask, strict=True))
            )
            for role, segment in enumerate(segments):
                part = known[role].get(segment)
                if part is None:
                    part = known[role][segment] = self._part(search, role, segment)
                for alive, delta in part[0]:
                    target = number.get(configuration + delta, _DROPPED)
                    moves.setdefault(role, []).append((alive, target))
                    if target != _DROPPED:
                        self.before[target].append(n)
                if part[1]:
                    held[role] = part[1]
            self.after.append(moves)
            self.held.append(held)

    def _part(self, search: DeploymentSearch, role: int, segment: int) -> _Part:
        """The moves of a role in one segment, and the versions that the bound holds up."""
        system = search.system
        row = system.joints[role].machine.moves[segment & system.state_mask[role]]
        moves = tuple(
            (self.alive[role][row[move.place][1]], move.delta)
            for move in system.moves(role, segment)
        )
        return moves, system.masks(role, segment).held

    def unfinished(self, search: DeploymentSearch, role: int) -> list[int]:
        """For each state of the joint machine of `role` the versions that may not stop there."""
        joint = search.system.joints[role]
        return [
            sum(
                1 << v
                for v, (machine, at) in enumerate(zip(joint.versions, row, strict=True))
                if at >= 0 and not machine.final[at]
            )
            for row in joint.states
        ]


def search_deployments(
    joints: Sequence[JointMachine],
    *,
    largest_bound: int,
    budget: int,
    is_enough: Callable[[DeploymentSearch], bool] | None = None,
) -> DeploymentSearch:
    """Search all deployments with queue bounds 1, 2, 4, .. until no bound cuts a run off.

    Stops at `largest_bound`, where the configurations exceed `budget`, and where they are so many
    that those of the next bound would probably exceed it. Where there are more than a few, it stops
    if `is_enough` as well. Raises ValueError when the machines do not fit together.
    """
    bound, last = 1, None
    while True:
        search = DeploymentSearch(joints, bound, budget)
        search.run()
        if search.overflow and last is not None:
            search = last
            break
        if (search.is_settled and search.is_exact) or search.overflow or bound >= largest_bound:
            break
        if last is not None and search.count * (search.count / last.count) ** 2 > budget:
            break  # the growth itself grows with the bound
        if is_enough is not None and search.count > _FEW and is_enough(search):
            break
        bound, last = min(2 * bound, largest_bound), search
    find_stuck_roles(search)
    return search


def find_stuck_roles(search: DeploymentSearch) -> None:
    """Add to `search` the deployments that leave a role stuck, and those that cannot be judged.

    Without cycles deadlocks are all.
    """
    acyclic = all(is_acyclic(joint.machine) for joint in search.system.joints)
    if search.overflow or acyclic or search.has_judged_roles:
        return
    search.has_judged_roles = True
    graph = _Graph(search)
    doubtful: list[tuple[int, int]] = []  # a role, and a cube of deployments without an answer
    for role in range(len(search.system.joints)):
        waits = graph.unfinished(search, role)
        served = _served(graph, role, waits)
        for n, is_served in enumerate(served):
            versions = waits[graph.states[n][role]]
            if not is_served and versions:
                doubtful.append((role, search.restricted(graph.cubes[n], role, versions)))
    if not doubtful:
        return
    cubes = list(dict.fromkeys(cube for _, cube in doubtful))
    roles = sorted({role for role, _ in doubtful})
    most = max(1, _MOST_VISITS // len(graph.configurations))
    try:
        left = search.space.without_all(_disjoint(search, cubes), search.cubes)
    except TooManyCubes:
        search.unjudged.extend(cubes)
        return
    deployments = (d for cube in left for d in search.space.deployments(cube))
    tried = list(islice(deployments, most + 1))
    if len(tried) > most:
        search.unjudged.extend(left)
        return
    for deployment in tried:
        _judge(search, graph, search.space.deployment(deployment), roles)


def _disjoint(search: DeploymentSearch, cubes: Sequence[int]) -> list[int]:
    kept: list[int] = []
    for cube in cubes:
        if not is_within(cube, kept):
            kept.extend(search.space.without_all([cube], list(kept)))
    return kept


def _served(graph: _Graph, role: int, waits: Sequence[int]) -> bytearray:
    """A flag for every configuration from which `role` moves again in all its deployments.

    Or may stop there. A flag that is not set says nothing.
    """
    flags = bytearray(len(graph.configurations))
    todo = list(range(len(graph.configurations) - 1, -1, -1))
    while todo:
        n = todo.pop()
        if flags[n]:
            continue
        if _is_served(graph, n, role, waits, flags):
            flags[n] = 1
            todo.extend(graph.before[n])
    return flags


def _is_served(graph: _Graph, n: int, role: int, waits: Sequence[int], flags: bytearray) -> bool:
    """True when one role has, in each of its versions, a move that leads on."""
    states = graph.states[n]
    needed = waits[states[role]]
    if not needed:
        return True
    own = graph.held[n].get(role, 0)  # a send that only the bound forbids is a move of the role
    for actor in graph.after[n].keys() | ({role} if own else set()):
        covered = own if actor == role else 0
        for alive, target in graph.after[n].get(actor, ()):
            if actor == role or target == _DROPPED or flags[target]:
                covered |= alive
        if not (needed if actor == role else graph.alive[actor][states[actor]]) & ~covered:
            return True
    return False


def _judge(search: DeploymentSearch, graph: _Graph, deployment: int, roles: Iterable[int]) -> None:
    """Look for a role that one deployment leaves stuck, and refute it with the shortest run."""
    inside = [not deployment & ~cube for cube in graph.cubes]
    versions = {r: search.version_mask(deployment, r) for r in range(len(graph.alive))}
    is_cut = any(
        here and any(held & versions[actor] for actor, held in graph.held[n].items())
        for n, here in enumerate(inside)
    )
    found: list[tuple[int, int]] = []
    is_open = False
    for role in roles:
        waits = graph.unfinished(search, role)
        moving = (
            n
            for n, here in enumerate(inside)
            if here
            and (
                graph.held[n].get(role, 0) & versions[role]
                or any(alive & versions[role] for alive, _ in graph.after[n].get(role, ()))
            )
        )
        served = _reaching(graph, inside, moving)
        left = [
            n
            for n, here in enumerate(inside)
            if here and not served[n] and waits[graph.states[n][role]] & versions[role]
        ]
        sure = _never_moving(search, graph, versions, left, role) if is_cut else left
        stuck = next(iter(sure), None)
        if stuck is not None:
            found.append((stuck, role))
        is_open = is_open or (bool(left) and stuck != left[0])
    if found:
        stuck, role = min(found, key=lambda one: (graph.depth[one[0]], one))
        depth, configuration = graph.depth[stuck], graph.configurations[stuck]
        search.refute(
            deployment, Fault.STUCK_ROLE, role, configuration, depth, is_first=not is_open
        )
    elif is_open:
        search.unjudged.append(deployment)


def _never_moving(
    search: DeploymentSearch,
    graph: _Graph,
    versions: Mapping[int, int],
    configurations: Sequence[int],
    role: int,
) -> Iterator[int]:
    """Those of the first configurations in which `role` never moves, whatever queues may hold."""
    chosen = [versions[r].bit_length() - 1 for r in range(len(graph.alive))]
    joints = search.system.joints
    machines: list[Machine] = [joint.versions[v] for joint, v in zip(joints, chosen, strict=True)]
    for n in configurations[:_MOST_FUTURES]:
        joint_states = search.system.decode(graph.configurations[n])
        states = tuple(
            joint.states[at][v]
            for joint, at, v in zip(joints, joint_states.states, chosen, strict=True)
        )
        if not futures(Configuration(states, joint_states.queues), machines).moves[role]:
            yield n


def _reaching(graph: _Graph, inside: Sequence[bool], goals: Iterable[int]) -> bytearray:
    """A flag for every configuration of a deployment from which a run leads to one of `goals`."""
    flags = bytearray(len(graph.configurations))
    stack = []
    for goal in goals:
        flags[goal] = 1
        stack.append(goal)
    while stack:
        for source in graph.before[stack.pop()]:
            if inside[source] and not flags[source]:
                flags[source] = 1
                stack.append(source)
    return flags
