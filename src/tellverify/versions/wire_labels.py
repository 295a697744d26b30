"""The wire format: labels with their payload types, and roles by the names of the new version.

Two messages are the same on the wire when they have the same label and the same payload type as
written, or types that are declared to read each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of


class WireRules(msgspec.Struct, frozen=True):
    """What the user declares: `payloads` are pairs of types that read each other, `renamed` pairs
    of an old role and the new one that it has become.
    """

    payloads: tuple[tuple[str, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def representatives(self) -> dict[str, str]:
        """For every declared type the first of those that it can be read as, at any distance."""
        first: dict[str, str] = {}
        for left, right in self.payloads:
            a, b = first.setdefault(left, left), first.setdefault(right, right)
            if a != b:
                first = {kind: a if root == b else root for kind, root in first.items()}
        return first

    def new_name(self, role: str) -> str:
        """What an old role is called in the new version; members follow their family."""
        names = dict(self.renamed)
        if role in names:
            return names[role]
        family = family_of(role)
        return names[family] + role[len(family) :] if family in names else role

    def clash(self, roles: Iterable[str]) -> str:
        """Why the renamings give two of the old `roles` one name; empty when they do not."""
        by_name: dict[str, str] = {}
        for role in roles:
            other = by_name.setdefault(self.new_name(role), role)
            if other != role:
                name = self.new_name(role)
                return f"`{other}` and `{role}` of the old version would both be called `{name}`"
        return ""


def payload_type(payload: str) -> str:
    """The type that a site says its message carries; the whole payload where it has no `of`."""
    if not payload.startswith("of "):
        return " ".join(payload.split())
    return payload[3:].partition(" (")[0].partition(" {")[0]


def on_the_wire(
    old: ProtocolGraph, new: ProtocolGraph, rules: WireRules
) -> tuple[ProtocolGraph, ProtocolGraph]:
    """Both graphs with wire labels, the old one with the new names of its roles.

    A label that has one payload type in both graphs keeps its name; of others the type is a part.
    """
    first = rules.representatives
    keys = [_keys(graph, first) for graph in (old, new)]
    kinds: dict[str, dict[str, None]] = {}
    for graph_keys in keys:
        for label, kind in graph_keys:
            kinds.setdefault(label, {})[kind] = None
    roles = tuple(map(rules.new_name, old.roles))
    return (
        _relabelled(msgspec.structs.replace(old, roles=roles), keys[0], kinds),
        _relabelled(new, keys[1], kinds),
    )


def _keys(graph: ProtocolGraph, first: Mapping[str, str]) -> list[tuple[str, str]]:
    """For every transition its label and the payload type that stands for what it carries."""
    types = [payload_type(site.payload) for site in graph.sites]
    return [
        (graph.labels[label], first.get(types[site], types[site]))
        for label, site in zip(graph.label, graph.site, strict=True)
    ]


def _relabelled(
    graph: ProtocolGraph,
    keys: Sequence[tuple[str, str]],
    kinds: Mapping[str, Mapping[str, None]],
) -> ProtocolGraph:
    number: dict[str, int] = {}
    labels = [
        number.setdefault(_name(label, kind, len(kinds[label]) > 1), len(number))
        for label, kind in keys
    ]
    return msgspec.structs.replace(graph, labels=tuple(number), label=labels)


def _name(label: str, kind: str, is_ambiguous: bool) -> str:
    """A wire label as people read it."""
    if not (is_ambiguous and kind):
        return label
    return f"{label}{kind}" if kind[0] in "({" else f"{label} of {kind}"
