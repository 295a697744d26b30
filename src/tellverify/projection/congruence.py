"""The three coherence conditions on an over-approximation of simultaneous reachability.

Two states are simultaneously reachable for a role when runs with the same actions of that role
lead to them. Being related by the smallest congruence that contains this (silent events relate
their ends; equal actions from related states lead to related states) is weaker, so a condition
that holds on all classes of the congruence holds. Li, Stutz, Wies, Zufferey, OOPSLA 2025
(arXiv 2411.05722), Definitions 4.1 to 4.3, give the conditions; the congruence is ours.
"""

from __future__ import annotations

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.projection.chord_walks import ChordWalker
from tellverify.projection.positions import RolePositions, positions, sources


class Doubts(msgspec.Struct, frozen=True):
    """Roles for which the congruence settles nothing, in role order.

    `receives` lists, for roles whose only doubt is which of several senders comes first, the
    transitions taken with the `(sender, label)` pairs that are awaited at the same time.
    `incoherent` are roles for which send coherence or the absence of mixed choice is in doubt,
    `waiting` those that might wait forever although the protocol has ended. `acts[piece]` is 1
    where the role of a piece of `found` has an action.
    """

    incoherent: tuple[int, ...]
    receives: dict[int, list[tuple[int, frozenset[tuple[int, int]]]]]
    waiting: tuple[int, ...]
    found: RolePositions
    acts: bytearray


class _Classes:
    """Union-find over positions with the actions that leave each class.

    An action is one number: `(label * roles + peer) * 2`, plus one for a send. The first action
    of a class lies in `action` and `to`, classes with several have a dictionary in `several`.
    """

    def __init__(self, graph: ProtocolGraph, found: RolePositions) -> None:
        self.parent = list(range(found.count))
        self.action = [-1] * found.count
        self.to = [0] * found.count
        self.several: dict[int, dict[int, int]] = {}
        self.equal: list[tuple[int, int]] = []
        self._add_actions(graph, found)

    def _add_actions(self, graph: ProtocolGraph, found: RolePositions) -> None:
        action, to, several, equal = self.action, self.to, self.several, self.equal
        roles = len(graph.roles)
        for e, (p, q, label) in enumerate(
            zip(graph.sender, graph.receiver, graph.label, strict=True)
        ):
            at, below, act = found.sender_at[e], found.sender_to[e], (label * roles + q) * 2 + 1
            if action[at] < 0:
                action[at] = act
                to[at] = below
            else:
                known = several.get(at)
                if known is None:
                    known = several[at] = {action[at]: to[at]}
                if known.setdefault(act, below) != below:
                    equal.append((known[act], below))
            at, below, act = found.receiver_at[e], found.receiver_to[e], (label * roles + p) * 2
            if action[at] < 0:
                action[at] = act
                to[at] = below
            else:
                known = several.get(at)
                if known is None:
                    known = several[at] = {action[at]: to[at]}
                if known.setdefault(act, below) != below:
                    equal.append((known[act], below))

    def find(self, piece: int) -> int:
        """The representative of a class."""
        parent = self.parent
        root = piece
        while parent[root] != root:
            root = parent[root]
        while parent[piece] != root:
            parent[piece], piece = root, parent[piece]
        return root

    def unite(self) -> None:
        """Unite what `equal` lists and nothing else."""
        for a, b in self.equal:
            self.parent[self.find(a)] = self.find(b)
        self.equal.clear()

    def close(self) -> None:
        """Unite what `equal` lists, and whatever equal actions of one class lead to."""
        equal, several, action, to = self.equal, self.several, self.action, self.to
        parent, find = self.parent, self.find
        while equal:
            a, b = equal.pop()
            a, b = find(a), find(b)
            if a == b:
                continue
            moves_a = several.get(a)
            moves_b = several.get(b)
            if (len(moves_a) if moves_a else 1) < (len(moves_b) if moves_b else 1) or (
                action[a] < 0
            ):
                a, b, moves_a, moves_b = b, a, moves_b, moves_a
            parent[b] = a
            if action[b] < 0:
                continue
            if moves_b is None:
                moves_b = {action[b]: to[b]}
            elif b in several:
                del several[b]
            if moves_a is None:
                if len(moves_b) == 1 and action[b] == action[a]:
                    if to[a] != to[b]:
                        equal.append((to[a], to[b]))
                    continue
                moves_a = several[a] = {action[a]: to[a]}
            for act, below in moves_b.items():
                other = moves_a.setdefault(act, below)
                if other != below:
                    equal.append((other, below))


def doubts(graph: ProtocolGraph) -> Doubts:
    """Check the conditions on the classes of all roles; near-linear in the graph.

    `graph` must be in the class of the complete theory and its states reachable. A role that is
    not named in the result is coherent, and never waits forever.
    """
    found = positions(graph)
    classes = _Classes(graph, found)
    if found.chords:
        _unite_along_chords(graph, found, classes)
    classes.close()
    return _judge(graph, found, classes)


def _unite_along_chords(graph: ProtocolGraph, found: RolePositions, classes: _Classes) -> None:
    """For each chord, unite the positions at its ends for every role but its own two.

    Chords deep in the tree come first; later walks use them as shortcuts.
    """
    source, target, depth = sources(graph), graph.target, found.depth
    chords = sorted(
        found.chords,
        key=lambda e: (
            -min(depth[source[e]], depth[target[e]]),
            max(depth[source[e]], depth[target[e]]),
            e,
        ),
    )
    walker = ChordWalker(graph, found, source)
    for e in chords:
        first_up, last_up, first_down, last_down = walker.walk(source[e], target[e])
        own = (graph.sender[e], graph.receiver[e])
        for role, piece in first_up.items():
            if role not in own:
                other = first_down.get(role)
                classes.equal.append((piece, last_up[role] if other is None else other))
        for role, piece in first_down.items():
            if role not in own and role not in first_up:
                classes.equal.append((last_down[role], piece))
        walker.add(e)


def channel_suspects(graph: ProtocolGraph) -> set[tuple[int, int]]:
    """Channels on which two messages may follow each other without an answer in between.

    Every pair of roles is taken as one role that acts in the events between the two; a second,
    idle one takes part in every event. On all other channels the queue never exceeds one message.
    """
    pairs: dict[tuple[int, int], int] = {}
    acting = [
        pairs.setdefault((p, q) if p < q else (q, p), len(pairs))
        for p, q in zip(graph.sender, graph.receiver, strict=True)
    ]
    everyone = len(pairs)
    coarse = ProtocolGraph(
        name=graph.name,
        roles=("",) * (everyone + 1),
        labels=graph.labels,
        first=graph.first,
        sender=acting,
        receiver=[everyone] * graph.event_count,
        label=graph.label,
        target=graph.target,
        site=graph.site,
        final=graph.final,
        sites=graph.sites,
    )
    found = positions(coarse)
    classes = _Classes(coarse, found)
    classes.equal.clear()
    if found.chords:
        _unite_along_chords(coarse, found, classes)
        classes.unite()
    find = classes.find
    sent: dict[int, set[int]] = {}
    for e, p in enumerate(graph.sender):
        sent.setdefault(find(found.sender_at[e]), set()).add(p)
    return {
        (p, graph.receiver[e])
        for e, p in enumerate(graph.sender)
        if p in sent.get(find(found.sender_to[e]), ())
    }


def _judge(graph: ProtocolGraph, found: RolePositions, classes: _Classes) -> Doubts:
    """Test every class: one kind of action, all sends everywhere, no end beside an action."""
    find, action, several = classes.find, classes.action, classes.several
    parent = classes.parent
    idle = {piece if parent[piece] == piece else find(piece)
            for piece, ends in enumerate(found.idle) if ends}  # fmt: skip
    owner = _Owner(graph, found)
    incoherent: set[int] = set()
    waiting: set[int] = set()
    for piece in idle:
        act = action[piece]
        if act >= 0:
            (incoherent if act & 1 else waiting).add(owner.of(piece))
    choosing: dict[int, int] = {}
    racing: set[int] = set()
    for piece, moves in several.items():
        if parent[piece] != piece or len(moves) == 1:
            continue
        sends = sum(act & 1 for act in moves)
        if sends == len(moves):
            choosing[piece] = sends
        elif sends:
            incoherent.add(owner.of(piece))
        elif len({act // 2 % owner.roles for act in moves}) > 1:
            racing.add(piece)
    if choosing:
        first = graph.first
        for state in range(graph.state_count):
            low, high = first[state], first[state + 1]
            if low < high:
                piece = find(found.sender_at[low])
                if choosing.get(piece, high - low) != high - low:
                    incoherent.add(graph.sender[low])
    receives = _races(graph, found, classes, racing, incoherent) if racing else {}
    acts = bytearray(act >= 0 for act in action)
    return Doubts(tuple(sorted(incoherent)), receives, tuple(sorted(waiting)), found, acts)


class _Owner:
    """Which role a piece belongs to, found when it is asked for."""

    def __init__(self, graph: ProtocolGraph, found: RolePositions) -> None:
        self.graph = graph
        self.found = found
        self.roles = len(graph.roles)
        self._known: list[int] | None = None

    def of(self, piece: int) -> int:
        """The role of `piece`."""
        if piece < self.roles:
            return piece
        if self._known is None:
            known = [0] * self.found.count
            for e in self.found.order:
                known[self.found.sender_to[e]] = self.graph.sender[e]
                known[self.found.receiver_to[e]] = self.graph.receiver[e]
            self._known = known
        return self._known[piece]


def _races(
    graph: ProtocolGraph,
    found: RolePositions,
    classes: _Classes,
    racing: set[int],
    settled: set[int],
) -> dict[int, list[tuple[int, frozenset[tuple[int, int]]]]]:
    """For classes that receive from several senders: the pairs of awaited messages.

    A message that the role receives in no class behind the one it took cannot be available there,
    which settles most transitions without any search.
    """
    find = classes.find
    roles = len(graph.roles)
    awaited = {
        piece: frozenset((act // 2 % roles, act // 2 // roles) for act in classes.several[piece])
        for piece in sorted(racing)
    }
    behind = _Behind(classes, roles)
    result: dict[int, list[tuple[int, frozenset[tuple[int, int]]]]] = {}
    for e in range(graph.event_count):
        role = graph.receiver[e]
        piece = find(found.receiver_at[e])
        if piece not in racing or role in settled:
            continue
        if behind.may_receive(find(found.receiver_to[e]), awaited[piece], graph.sender[e]):
            result.setdefault(role, []).append((e, awaited[piece]))
    return dict(sorted(result.items()))


class _Behind:
    """Which messages a role receives in a class and the classes that follow it.

    Remembered per class. When that grows beyond a few times the number of positions, the answer
    is that anything may be received, which only costs a search later.
    """

    def __init__(self, classes: _Classes, roles: int) -> None:
        self.classes = classes
        self.roles = roles
        self.left = 8 * len(classes.parent)
        self._known: dict[int, frozenset[tuple[int, int]]] = {}

    def may_receive(self, piece: int, awaited: frozenset[tuple[int, int]], mine: int) -> bool:
        """True when a message in `awaited` from another sender than `mine` may come later."""
        known = self._known.get(piece)
        if known is None:
            if self.left < 0:
                return True
            known = self._known[piece] = self._messages(piece)
        small, large = (known, awaited) if len(known) < len(awaited) else (awaited, known)
        return any(message[0] != mine and message in large for message in small)

    def _messages(self, start: int) -> frozenset[tuple[int, int]]:
        classes, roles = self.classes, self.roles
        seen = {start}
        work = [start]
        messages: set[tuple[int, int]] = set()
        while work:
            piece = work.pop()
            if classes.action[piece] < 0:
                continue
            moves = classes.several.get(piece) or {classes.action[piece]: classes.to[piece]}
            self.left -= len(moves)
            for act, below in moves.items():
                if not act & 1:
                    messages.add((act // 2 % roles, act // 2 // roles))
                root = classes.find(below)
                if root not in seen:
                    seen.add(root)
                    work.append(root)
        return frozenset(messages)
