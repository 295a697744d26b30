"""The neutral form of a protocol graph, and what must hold of it before anything else does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tellverify.evidence.graph_file import NeutralGraph

_MOST_STATES: Final = 5_000_000


class Rejected(Exception):
    """A file claims what it does not show: the first entry at fault, and why."""

    def __init__(self, entry: str, reason: str) -> None:
        super().__init__(f"{entry}: {reason}")


def require(condition: bool, entry: str, reason: str) -> None:
    """Raise Rejected unless `condition` holds."""
    if not condition:
        raise Rejected(entry, reason)


def check_graph(graph: NeutralGraph, entry: str) -> list[int]:
    """The index of each state's first event, and one more. Rejects an invalid graph."""
    for names, kind in ((graph.roles, "role"), (graph.labels, "label")):
        known = len(set(names)) == len(names) and all(names)
        require(known, entry, f"a {kind} is listed twice or has no name")
    require(0 < graph.states <= _MOST_STATES, entry, f"{graph.states} states")
    require(bool(graph.roles), entry, "it has no role")
    roles, labels, states = len(graph.roles), len(graph.labels), graph.states
    first = [0]
    for number, (source, sender, receiver, label, target) in enumerate(graph.events):
        known = max(sender, receiver) < roles and label < labels and max(source, target) < states
        if not known or sender == receiver or source < len(first) - 1:
            reason = "names out of range, a role that sends to itself, or out of order"
            raise Rejected(f"{entry}, event {number}", reason)
        first.extend([number] * (source + 1 - len(first)))
    first.extend([len(graph.events)] * (states + 1 - len(first)))
    ordered = all(a < b for a, b in zip(graph.final, graph.final[1:], strict=False))
    require(ordered and max(graph.final, default=0) < states, entry, "final states out of order")
    for state in range(states):
        here = graph.events[first[state] : first[state + 1]]
        if len(here) > 1 and len({event[1:4] for event in here}) < len(here):
            raise Rejected(f"{entry}, state {state}", "two equal events")
    return first


def check_instance(instance: str, roles: Sequence[str], entry: str) -> None:
    """`Devices = 2, Clients = 1` says how many roles `Devices[..]` and `Clients[..]` there are."""
    for size in instance.split(", ") if instance else []:
        match = re.fullmatch(r"(\w+) = ([1-9][0-9]{0,6})", size)
        if match is None:
            raise Rejected(entry, f"`{instance}` gives no sizes of families")
        members = {role for role in roles if role.startswith(f"{match[1]}[")}
        same = members == {f"{match[1]}[{i}]" for i in range(int(match[2]))}
        require(same, entry, f"the roles are not those of `{size}`")
