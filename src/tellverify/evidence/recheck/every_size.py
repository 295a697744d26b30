"""Do the instances of a certificate show the claim for every size of the families?

`every` names, for each size symbol, one generic member of each of its families: the last one at
the largest size. An instance in which a symbol has its largest size stands for all larger ones: in
its graph the generic members never choose, and never send to their own family. The instances are
the full grid of sizes, from the least to the largest of each symbol.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from tellverify.evidence.certificate import InstancePart
from tellverify.evidence.graph_file import NeutralGraph
from tellverify.evidence.recheck.graph import Rejected, require


def check_every(every: Sequence[Sequence[str]], instances: Sequence[InstancePart]) -> None:
    """Raise Rejected unless the instances, each checked by itself, show the claim."""
    rows = [_sizes(part.instance) for part in instances]
    named = [member for group in every for member in group]
    families = {member: member.partition("[")[0] for member in named}
    listed = sorted(families.values()) == sorted(rows[0]) and len(families) == len(named)
    require(listed and all(every), "every", "not one generic member of each family")
    most = {family: max(row[family] for row in rows) for family in rows[0]}
    last = all(member == f"{family}[{most[family] - 1}]" for member, family in families.items())
    require(last, "every", "not the last members of the largest instance")
    for row in rows:
        alike = all(len({row[families[member]] for member in group}) == 1 for group in every)
        require(alike, "instances", "families of one size symbol have different sizes")
    points = [tuple(row[families[group[0]]] for group in every) for row in rows]
    ranges = [range(min(sizes), max(sizes) + 1) for sizes in zip(*points, strict=True)]
    full = set(points) == set(itertools.product(*ranges))
    require(full, "instances", "not all combinations of the sizes")
    for part, row in zip(instances, rows, strict=True):
        generic = {member: f for member, f in families.items() if row[f] == most[f]}
        _check_generic(part.graph, generic, f"instance `{part.instance}`, graph")


def every_size_of(every: Sequence[Sequence[str]], instances: Sequence[InstancePart]) -> str:
    """The sizes that a full grid stands for: `every Devices >= 1, Clients = Servers >= 1`."""
    rows = [_sizes(part.instance) for part in instances]
    groups = [[member.partition("[")[0] for member in group] for group in every]
    least = [f"{' = '.join(group)} >= {min(row[group[0]] for row in rows)}" for group in groups]
    return f"every {', '.join(least)}"


def _sizes(instance: str) -> dict[str, int]:
    """The sizes of an instance line that was checked against its graph."""
    return {family: int(n) for family, n in re.findall(r"(\w+) = ([0-9]+)", instance)}


def _check_generic(graph: NeutralGraph, generic: dict[str, str], entry: str) -> None:
    """A generic member is not the sender of a choice, nor of a message to its own family."""
    for number, (state, sender, receiver, _, _) in enumerate(graph.events):
        name = graph.roles[sender]
        if name not in generic:
            continue
        near = graph.events[max(0, number - 1) : number + 2]
        if sum(other[0] == state for other in near) > 1:
            raise Rejected(f"{entry}, state {state}", f"the generic member {name} chooses")
        if graph.roles[receiver].partition("[")[0] == generic[name]:
            raise Rejected(f"{entry}, event {number}", f"{name} sends to its own family")
