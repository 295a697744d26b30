"""Projection by strict merge, of all roles at once: what Telltale's own compiler accepts.

Implements the projection and the merge of Telltale's theory crate:

    (p→q{l.G})↾p = q ⊕ {l. G↾p}     (p→q{l.G})↾q = p & {l. G↾q}     end↾r = end     t↾r = t
    (p→q{l.G})↾r = the merge of all G↾r
    (μt.G)↾r     = μt.(G↾r) if t is guarded in G↾r, else end

and a role without any event projects to end. The graph is read as a global type: a state that a
path comes back to is a μ, named by the state, and paths that meet share what follows.

One walk from the leaves up, with a map from roles to types for every state. A role that is not in
the map does not occur below and has the default type, which is end or a recursion variable. Three
facts keep this near-linear. A role that occurs in one branch of a choice and not in another never
merges (its type there is a send, a receive or a μ around one), and once it has failed it is out of
all maps. On a path without choice the one map that there is changes in place. Where paths meet or
part, maps are persistent (`role_map`), so parts that are shared are merged once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tellverify.model.defect import Defect
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.projection.loops import Loops, find_loops
from tellverify.projection.merge_results import MergeFailure, Projections, Unsupported
from tellverify.projection.persistent_map import EMPTY, RoleMaps
from tellverify.projection.type_table import (
    RECEIVE_KIND,
    SEND_KIND,
    TypeReason,
    TypeTable,
)

_SMALL: Final = 64  # changes that are joined one by one instead of through persistent maps
_BUDGET_BASE: Final = 2_000_000
_BUDGET_PER_EVENT: Final = 100


class _MergeError(NamedTuple):
    """Why the default type of a state does not exist."""

    reason: TypeReason
    state: int
    left: int
    right: int


class _Env:
    """The types of all roles at one state: `changes` over `base`; others have the default."""

    __slots__ = ("base", "changes", "default")

    def __init__(self, base: int, changes: dict[int, int], default: int | _MergeError) -> None:
        self.base = base
        self.changes = changes
        self.default = default


def strict_projections(graph: ProtocolGraph) -> Projections:
    """The strict projection of every role; near-linear in the graph for all roles together."""
    ranked = sorted(range(len(graph.labels)), key=graph.labels.__getitem__)
    rank = [0] * len(ranked)
    for place, label in enumerate(ranked):
        rank[label] = place
    table = TypeTable(rank, _BUDGET_BASE + _BUDGET_PER_EVENT * graph.event_count)
    loops = find_loops(graph.first, graph.target)
    unsupported = _unsupported(graph, loops)
    if unsupported is not None:
        return Projections(graph, table, (), unsupported)
    return Projections(graph, table, _Pass(graph, loops, table).run())


def _unsupported(graph: ProtocolGraph, loops: Loops) -> Unsupported | None:
    fault = leaves_class(graph)
    if fault is not None:
        return Unsupported(fault.reason, fault.state)
    first, receiver = graph.first, graph.receiver
    for state in sorted(loops.order):
        low, high = first[state], first[state + 1]
        if low == high:
            if not graph.final[state]:
                return Unsupported("no-end", state)
        elif high - low > 1:
            for transition in range(low + 1, high):
                if receiver[transition] != receiver[low]:
                    return Unsupported("several-receivers", state)
    if loops.second_entry is not None:
        return Unsupported("several-entries", loops.second_entry)
    return None


class _Pass:
    """The walk; `failed` holds the roles that have no projection."""

    def __init__(self, graph: ProtocolGraph, loops: Loops, table: TypeTable) -> None:
        self.graph = graph
        self.loops = loops
        self.table = table
        self.maps = RoleMaps(max(1, len(graph.roles)))
        self.failed: dict[int, MergeFailure] = {}
        self.envs: list[_Env | None] = [None] * graph.state_count

    def run(self) -> tuple[int | MergeFailure, ...]:
        """The result for every role."""
        graph, envs, uses = self.graph, self.envs, self.loops.uses
        first, target, back = graph.first, graph.target, self.loops.back
        for state in self.loops.order:
            low, high = first[state], first[state + 1]
            if low == high:
                env = _Env(EMPTY, {}, self.table.end)
            elif high - low == 1:
                env = self._after(low)
                self._single(env, low)
            else:
                env = self._choice(state)
            if self.loops.head[state]:
                self._bind(env, state)
            if uses[state] > 1:
                self._freeze(env)
            envs[state] = env
            for transition in range(low, high):
                if not back[transition] and uses[target[transition]] == 1:
                    envs[target[transition]] = None
        return self._results(self._env(0))

    def _results(self, env: _Env) -> tuple[int | MergeFailure, ...]:
        graph = self.graph
        acting: set[int] = set()
        for state in self.loops.order:
            for transition in range(graph.first[state], graph.first[state + 1]):
                acting.add(graph.sender[transition])
                acting.add(graph.receiver[transition])
        results: list[int | MergeFailure] = []
        for role in range(len(graph.roles)):
            found = self._type(env, role) if role in acting else self.table.end
            results.append(self.failed[role] if found is None else found)
        return tuple(results)

    def _env(self, state: int) -> _Env:
        env = self.envs[state]
        if env is None:
            raise Defect("a state is visited before what it leads to")
        return env

    def _after(self, transition: int) -> _Env:
        """The types after a transition, free to change."""
        successor = self.graph.target[transition]
        if self.loops.back[transition]:
            return _Env(EMPTY, {}, self.table.variable(successor))
        env = self._env(successor)
        return env if self.loops.uses[successor] == 1 else _Env(env.base, {}, env.default)

    def _present(self, env: _Env, role: int) -> int:
        """The type of a role that occurs, 0 for others."""
        found = env.changes.get(role)
        return self.maps.value(env.base, role) if found is None else found

    def _type(self, env: _Env, role: int) -> int | None:
        """The type of a role, None when it has failed."""
        if role in self.failed:
            return None
        found = self._present(env, role)
        if found:
            return found
        if isinstance(env.default, _MergeError):
            self.failed[role] = MergeFailure(self.graph.roles[role], *env.default)
            return None
        return env.default

    def _single(self, env: _Env, transition: int) -> None:
        """Put one event before the types of `env`."""
        graph = self.graph
        sender, receiver = graph.sender[transition], graph.receiver[transition]
        label = graph.label[transition]
        then = self._type(env, sender)
        intern = self.table.intern
        env.changes[sender] = 0 if then is None else intern((SEND_KIND, receiver, label, then))
        then = self._type(env, receiver)
        env.changes[receiver] = 0 if then is None else intern((RECEIVE_KIND, sender, label, then))

    def _choice(self, state: int) -> _Env:
        """The types at a choice."""
        graph = self.graph
        low, high = graph.first[state], graph.first[state + 1]
        sender, receiver = graph.sender[low], graph.receiver[low]
        branches: dict[tuple[int, int], _Env] = {}
        origins: list[int] = []
        following: list[_Env] = []
        for transition in range(low, high):
            key = (self.loops.back[transition], graph.target[transition])
            if key not in branches:
                branches[key] = self._after(transition)
                origins.append(transition)
            following.append(branches[key])
        acts = {
            sender: self._action(SEND_KIND, receiver, low, sender, following),
            receiver: self._action(RECEIVE_KIND, sender, low, receiver, following),
        }
        envs = tuple(branches.values())
        if len(envs) == 1:
            env = envs[0]
        else:
            env = self._merged(state, envs, tuple(origins), (sender, receiver))
        env.changes.update(acts)
        return env

    def _action(self, kind: int, partner: int, low: int, role: int, following: list[_Env]) -> int:
        """The type of a role that takes part in a choice, 0 when it has failed."""
        flat = [kind, partner]
        for transition, env in enumerate(following, low):
            then = self._type(env, role)
            if then is None:
                return 0
            flat += (self.graph.label[transition], then)
        return self.table.intern(tuple(flat))

    def _merged(
        self, state: int, envs: tuple[_Env, ...], origins: tuple[int, ...], apart: tuple[int, int]
    ) -> _Env:
        """The types of all roles but `apart`, merged over branches."""
        defaults = tuple(env.default for env in envs)
        default = self._merged_default(state, defaults, origins)
        position = {origin: place for place, origin in enumerate(origins)}

        def join(role: int, values: tuple[int, ...], froms: tuple[int, ...]) -> int:
            if role in self.failed:
                return 0
            if 0 not in values:
                merged = self.table.merge(values)
                if not isinstance(merged, TypeReason):
                    return merged
            types = [
                value or defaults[position[origin]]
                for value, origin in zip(values, froms, strict=True)
            ]
            self.failed[role] = self._failure(role, state, types, froms)
            return 0

        base = envs[0].base
        if all(env.base == base for env in envs) and sum(len(e.changes) for e in envs) <= _SMALL:
            changed = dict.fromkeys(role for env in envs for role in env.changes)
            changes: dict[int, int] = {}
            for role in changed:
                if role not in apart:
                    values = tuple(self._present(env, role) for env in envs)
                    same = values.count(values[0]) == len(values)
                    changes[role] = values[0] if same else join(role, values, origins)
            return _Env(base, changes, default)
        hidden = dict.fromkeys(apart, 0)
        maps = tuple(self.maps.updated(env.base, {**env.changes, **hidden}) for env in envs)
        return _Env(self.maps.joined(maps, origins, join), {}, default)

    def _merged_default(
        self, state: int, defaults: tuple[int | _MergeError, ...], origins: tuple[int, ...]
    ) -> int | _MergeError:
        for each in defaults:
            if isinstance(each, _MergeError):
                return each
        types = [each for each in defaults if not isinstance(each, _MergeError)]
        merged = self.table.merge(types)
        if not isinstance(merged, TypeReason):
            return merged
        place, other, reason = self._first_clash(types)
        return _MergeError(reason, state, origins[other], origins[place])

    def _failure(
        self, role: int, state: int, types: list[int | _MergeError], origins: tuple[int, ...]
    ) -> MergeFailure:
        name = self.graph.roles[role]
        known: list[int] = []
        for each in types:
            if isinstance(each, _MergeError):
                return MergeFailure(name, *each)
            known.append(each)
        place, other, reason = self._first_clash(known)
        return MergeFailure(name, reason, state, origins[other], origins[place])

    def _first_clash(self, types: list[int]) -> tuple[int, int, TypeReason]:
        """The first type that does not merge with those before it, one of those, and why.

        Types that merge pairwise merge together, unless the budget ends.
        """
        merge = self.table.merge
        low, high = 1, len(types) - 1  # types[: high + 1] does not merge
        while low < high:
            middle = (low + high) // 2
            if isinstance(merge(types[: middle + 1]), TypeReason):
                high = middle
            else:
                low = middle + 1
        for other in range(low):
            reason = merge([types[other], types[low]])
            if isinstance(reason, TypeReason):
                return low, other, reason
        return low, 0, TypeReason.LIMIT

    def _bind(self, env: _Env, head: int) -> None:
        """Put the μ of a loop head around every type."""
        mu = self.table.mu
        env.base = self.maps.mapped(env.base, lambda body: mu(head, body))
        for role, body in env.changes.items():
            if body:
                env.changes[role] = mu(head, body)
        if not isinstance(env.default, _MergeError):
            env.default = mu(head, env.default)

    def _freeze(self, env: _Env) -> None:
        env.base = self.maps.updated(env.base, env.changes)
        env.changes = {}
