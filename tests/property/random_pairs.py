"""Random pairs of versions of a protocol, by seed: a good protocol and a changed one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import product

from plain_search import orphaned, unspecified
from systems import Whole

from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.model.machine import Machine
from tellverify.obligations.machines import Machines
from tellverify.versions.role_versions import NEW, OLD, RoleVersions

# A tree: None is the end, an int goes back to that many choices further up, else a sender with its
# branches (receiver, label, rest).
Tree = tuple[str, tuple[tuple[str, str, "Tree | int | None"], ...]]
LABELS = ("a", "b", "c", "d")
LIMIT = 600


def random_tree(
    rng: random.Random, roles: Sequence[str], size: int, above: int
) -> Tree | int | None:
    """A protocol of about `size` messages."""
    if size <= 0:
        return rng.randrange(above) if above and rng.random() < 0.4 else None
    sender = rng.choice(roles)
    count = rng.choice((1, 1, 2))
    branches: dict[tuple[str, str], Tree | int | None] = {}
    for _ in range(count):
        key = (rng.choice([r for r in roles if r != sender]), rng.choice(LABELS))
        branches[key] = random_tree(rng, roles, (size - 1) // count, above + 1)
    return sender, tuple((q, label, rest) for (q, label), rest in branches.items())


def changed_tree(
    rng: random.Random, tree: Tree | int | None, roles: Sequence[str]
) -> Tree | int | None:
    """`tree` with one small change somewhere."""
    if tree is None or isinstance(tree, int) or rng.random() < 0.15:
        sender = rng.choice(roles)
        receiver = rng.choice([r for r in roles if r != sender])
        kept = tree if not isinstance(tree, int) else tree + 1
        return sender, ((receiver, rng.choice(LABELS), kept),)
    sender, branches = tree
    at = rng.randrange(len(branches))
    receiver, label, rest = branches[at]
    kind = rng.choice(("label", "branch", "drop", "inside", "inside", "receiver"))
    new = list(branches)
    if kind == "label":
        new[at] = (receiver, rng.choice(LABELS), rest)
    elif kind == "branch":
        new.append((receiver, rng.choice((*LABELS, "e")), None))
    elif kind == "drop" and len(branches) > 1:
        del new[at]
    elif kind == "drop" and not isinstance(rest, int):
        return rest
    elif kind == "receiver":
        new[at] = (rng.choice([r for r in roles if r != sender]), label, rest)
    else:
        new[at] = (receiver, label, changed_tree(rng, rest, roles))
    unique = {(q, name): after for q, name, after in new}
    return sender, tuple((q, name, after) for (q, name), after in unique.items())


def graph_of(tree: Tree | int | None, roles: Sequence[str]) -> ProtocolGraph:
    """The graph of a tree; `int` leads back, at most to the start."""
    edges: list[tuple[int, str, str, str, int]] = []
    final: set[int] = set()
    count = 0

    def place(node: Tree | int | None, above: tuple[int, ...]) -> int:
        nonlocal count
        if isinstance(node, int) and above:
            return above[max(0, len(above) - 1 - node)]
        here = count
        count += 1
        if node is None or isinstance(node, int):
            final.add(here)
            return here
        sender, branches = node
        for receiver, label, rest in branches:
            edges.append((here, sender, receiver, label, place(rest, (*above, here))))
        return here

    place(tree, ())
    edges.sort(key=lambda edge: edge[0])
    return graph_from_edges(edges, final=final, roles=tuple(roles))


def is_good(machines: Sequence[Machine]) -> bool | None:
    """True when no run shows a fault, by brute force; None with too many configurations."""
    whole = Whole(machines, LIMIT)
    return shortest(whole) is None if whole.finite else None


def shortest(whole: Whole) -> tuple[int, Fault] | None:
    """The shortest run of a system that shows a fault, with one of its faults, from definitions.

    A stuck role only counts where there is no other fault.
    """
    found: list[tuple[int, Fault]] = []
    for configuration, depth in whole.depth.items():
        if unspecified(whole.system, configuration):
            found.append((depth, Fault.UNSPECIFIED_RECEPTION))
        if orphaned(whole.system, configuration):
            found.append((depth, Fault.ORPHAN_MESSAGE))
        if not whole.after[configuration] and not whole.system.is_final(configuration):
            found.append((depth, Fault.DEADLOCK))
    if found:
        return min(found, key=lambda one: one[0])
    for number, machine in enumerate(whole.system.machines):
        served = whole.closed({c for c, m in whole.after.items() if machine.role in dict(m)})
        found += [
            (whole.depth[c], Fault.STUCK_ROLE)
            for c in whole.after.keys() - served
            if not machine.final[c.states[number]]
        ]
    return min(found, key=lambda one: one[0], default=None)


def random_pair(seed: int) -> RoleVersions | None:
    """Two versions that are good alone, with two to four roles; None where the dice give none."""
    rng = random.Random(seed)
    roles = ("A", "B", "C", "D")[: rng.randint(2, 4)]
    size = rng.randint(1, 7)
    old = random_tree(rng, roles, size, 0)
    new = old
    for _ in range(rng.choice((1, 1, 2))):
        new = changed_tree(rng, new, roles)
    machines = []
    for tree in (old, new):
        graph = graph_of(tree, roles)
        found = Machines(graph).all()
        if not is_good(found):
            return None
        machines.append(found)
    return RoleVersions(*machines)


def acting(roles: RoleVersions, versions: Mapping[str, int]) -> dict[str, int]:
    """The versions in which roles act: a one-sided role that no caller knows does nothing."""
    found = dict(versions)
    for role, version in roles.one_sided.items():
        callers = roles.callers(role)
        asleep = bool(callers) and all(versions[caller] != version for caller in callers)
        if versions[role] == version and asleep:
            found[role] = NEW if version == OLD else OLD
    return found


def all_deployments(roles: RoleVersions) -> list[dict[str, int]]:
    """Every choice of versions of the changed roles."""
    choices = product((OLD, NEW), repeat=len(roles.changed))
    return [dict(zip(roles.changed, versions, strict=True)) for versions in choices]
