"""Generic members: one member of a family that stands for all members from its index on.

Let G be a graph in which the last member `g` of a family is generic. G[n] is G with every event of
`g` replaced by a path of n events, of `g1` to `gn` in this order; an event between the generic
members of two families becomes a path of n times k events, in the order of senders and then of
receivers. When G has the properties of `generic_fault`, for every n >= 1 G[n] is implementable
exactly when G is, and a role waits forever in some run of G[n] exactly when its image does in G.

Argument. Runs of G[n] are runs of G with a position inside the last replaced event. A member takes
part exactly once in every replaced event of its family, so what it has seen is a function of a run
of G and of whether the position is past it: the view of `g`. A pair of states of G[n] that it
cannot tell apart maps to the pair of states before the replaced events; the only state without an
image, where the sender has chosen a replaced event and has not yet come to the member, awaits a
receive, and a send paired with it is a mixed choice in G already. For any other role, a position
inside a path that it takes no part in leads only to the end of the path, a state of G; inside a
path that it takes part in, both runs are in a path of one label, at one position, and go on by the
same event. Of receives at equal positions the senders are equal; at the start of a path only the
first member counts. Blocked members of the family at a state of G are none, all, or just the role
itself, and one of them blocks the receiver of a gather, as all would; a blocked sender blocks all
receivers. So the same messages are available, and stuck runs carry over both ways.

Four more answers carry over, each by the same map of runs.

- *Ends.* A state inside a path leads only to the end of the path, a state of G, and final states
  are those of G. So an end is in reach of every state of G[n] exactly when it is in G.
- *Progress*, where it is read off loops (`progress`). A loop of G[n] is one of G with all `gk` in
  it or none, and has an event of a role ahead exactly when it has one of the image ahead in G.
- *Queue bounds* of an implementable graph. The longest queue from p to q is the largest number of
  sends in a run from one on, none of which depends on the reception of that one. What one action
  of a run of G[n] depends on by the order of each role and by messages maps to the same in the run
  of G: a step inside one path maps to one action, every other step to a step, since `gk` acts once
  in a path. It maps back with any one copy of each generic member. Sends on the channel of `gk` map
  one to one to those on the channel of `g`, and two of them are never in one path. So each channel
  has the bound of its image.
- *Strict merge*. The type of another role in G[n] is its type in G with each action of `g` written
  n times, which is one to one, hence types that are merged are equal in G[n] exactly when they are
  in G, and so are receives that are united. Loops begin at states of G. The type of `gk` is that of
  `g` under another name: where `g` receives at a choice, the labels differ, and `gk` for k > 1 gets
  the same receives united from branches that begin with them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of

Sizes = Mapping[str, int]


def generic_fault(graph: ProtocolGraph, families: Sizes) -> str:
    """Why the last member of one of `families` is not generic in a graph of the class, else empty.

    `families` maps each family to the index of its generic member. It must not choose: a state
    with several events has another sender. It must not send to a member of its own family.
    """
    number = {role: i for i, role in enumerate(graph.roles)}
    missing = [f"{f}[{i}]" for f, i in families.items() if f"{f}[{i}]" not in number]
    if missing:
        return f"there is no `{missing[0]}`"
    generic = {number[f"{family}[{index}]"]: family for family, index in families.items()}
    first = graph.first
    for state in range(graph.state_count):
        low = first[state]
        if low == first[state + 1] or graph.sender[low] not in generic:
            continue
        event = graph.event(low)
        line = graph.site_of(low).line
        if first[state + 1] - low > 1:
            return f"`{event.sender}` chooses between several messages (line {line})"
        if family_of(event.receiver) == generic[graph.sender[low]]:
            told = f"`{event.sender}` sends to `{event.receiver}` of its own family"
            return f"{told} (line {line})"
    return ""


def expand(graph: ProtocolGraph, families: Sizes, members: Sizes) -> ProtocolGraph:
    """`graph` with `members[F]` members, at least one, in place of the generic member of F.

    `families` is that of `generic_fault`, which must be empty.
    """
    copies = {
        f"{family}[{index}]": [f"{family}[{index + i}]" for i in range(members[family])]
        for family, index in families.items()
    }
    roles = [name for role in graph.roles for name in copies.get(role, [role])]
    number = {name: index for index, name in enumerate(roles)}
    images = [[number[name] for name in copies.get(role, [role])] for role in graph.roles]
    rows: list[list[tuple[int, int, int, int, int]]] = [[] for _ in range(graph.state_count)]
    for state in range(graph.state_count):
        for e in range(graph.first[state], graph.first[state + 1]):
            channels = [(p, q) for p in images[graph.sender[e]] for q in images[graph.receiver[e]]]
            at = state
            for place, (p, q) in enumerate(channels):
                target = graph.target[e] if place == len(channels) - 1 else len(rows)
                rows[at].append((p, q, graph.label[e], target, graph.site[e]))
                if target == len(rows):
                    rows.append([])
                at = target
    return _from_rows(graph, tuple(roles), rows)


def _from_rows(
    graph: ProtocolGraph, roles: tuple[str, ...], rows: list[list[tuple[int, int, int, int, int]]]
) -> ProtocolGraph:
    first = [0]
    for row in rows:
        first.append(first[-1] + len(row))
    flat = [event for row in rows for event in row]
    return ProtocolGraph(
        name=graph.name,
        roles=roles,
        labels=graph.labels,
        first=first,
        sender=[event[0] for event in flat],
        receiver=[event[1] for event in flat],
        label=[event[2] for event in flat],
        target=[event[3] for event in flat],
        site=[event[4] for event in flat],
        final=bytearray(graph.final) + bytearray(len(rows) - graph.state_count),
        sites=graph.sites,
    )


def same_runs(left: ProtocolGraph, right: ProtocolGraph) -> bool:
    """True when both graphs have the same roles and the same runs, ends included."""
    return set(left.roles) == set(right.roles) and first_difference(left, right) is None


def first_difference(left: ProtocolGraph, right: ProtocolGraph) -> int | None:
    """A state of `left` after a run of both graphs, from which on they differ; None without one.

    Events of a state are pairwise different, so one walk through both at once decides it; linear.
    """
    numbers = {role: number for number, role in enumerate(left.roles)}
    roles = [numbers.get(role, -1) for role in right.roles]
    numbers = {label: number for number, label in enumerate(left.labels)}
    labels = [numbers.get(label, -1) for label in right.labels]
    pairs = {(0, 0)}
    work = deque([(0, 0)])
    while work:
        one, other = work.popleft()
        low, high = left.first[one], left.first[one + 1]
        base, end = right.first[other], right.first[other + 1]
        if left.final[one] != right.final[other] or high - low != end - base:
            return one
        theirs = {
            (roles[right.sender[e]], roles[right.receiver[e]], labels[right.label[e]]): e
            for e in range(base, end)
        }
        for e in range(low, high):
            twin = theirs.get((left.sender[e], left.receiver[e], left.label[e]))
            if twin is None:
                return one
            pair = left.target[e], right.target[twin]
            if pair not in pairs:
                pairs.add(pair)
                work.append(pair)
    return None
