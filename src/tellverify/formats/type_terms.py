"""Where in a local type, written as JSON in either form, something stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tellverify.formats.json_places import Json, Pointer

_KINDS: Final = {"Send": "send", "Recv": "recv", "Mu": "rec", "Var": "var"}


class _Seen:
    """A node of a type: its kind, its name (of a variable or partner), and what follows it."""

    __slots__ = ("inner", "kind", "labels", "name", "pointer")

    def __init__(self, value: Json, pointer: Pointer) -> None:
        self.kind, self.name = "end", ""
        self.pointer = pointer
        self.labels: list[str] = []
        self.inner: list[tuple[Json, Pointer]] = []
        record = value if isinstance(value, dict) else {}
        kind: Json = record.get("kind")
        is_bridge = isinstance(kind, str)
        if not is_bridge and len(record) == 1:
            ((key, below),) = record.items()
            kind, pointer = _KINDS.get(key, key), (*pointer, key)
            record = below if isinstance(below, dict) else {"name": below}
        self.kind = kind if isinstance(kind, str) else "end"
        name = record.get({"rec": "var", "var": "name"}.get(self.kind, "partner"))
        self.name = name if isinstance(name, str) else ""
        branches = record.get("branches")
        if self.kind == "rec":
            self.inner.append((record.get("body"), (*pointer, "body")))
        for place, branch in enumerate(branches if isinstance(branches, list) else ()):
            here: Pointer = (*pointer, "branches", place)
            label: Json = None
            if isinstance(branch, dict):
                label = branch.get("label")
                self.inner.append((branch.get("continuation"), (*here, "continuation")))
            elif isinstance(branch, list) and len(branch) == 3:
                label = branch[0]
                self.inner.append((branch[2], (*here, 2)))
            text = label.get("name") if isinstance(label, dict) else None
            self.labels.append(text if isinstance(text, str) else "")

    def branch(self, place: int) -> Pointer:
        """Where a branch stands."""
        return self.inner[place][1][:-1]


def _walk(value: Json) -> Iterator[tuple[_Seen, frozenset[str], frozenset[str]]]:
    """All nodes in the order of the text, with the bound and the not yet guarded variables."""
    nothing: frozenset[str] = frozenset()
    stack: list[tuple[Json, Pointer, frozenset[str], frozenset[str]]] = [
        (value, (), nothing, nothing)
    ]
    while stack:
        inner, pointer, bound, bare = stack.pop()
        node = _Seen(inner, pointer)
        yield node, bound, bare
        if node.kind == "rec":
            bound, bare = bound | {node.name}, bare | {node.name}
        else:
            bare = nothing
        stack += [(each, where, bound, bare) for each, where in reversed(node.inner)]


def first_fault(value: Json, reason: str, name: str) -> Pointer:
    """The first node that shows why a type has no machine (see `unfold.NoMachine`)."""
    for node, bound, bare in _walk(value):
        match reason:
            case "unbound-variable":
                if node.kind == "var" and node.name == name and name not in bound:
                    return node.pointer
            case "unguarded":
                if node.kind == "var" and node.name in bare:
                    return node.pointer
            case "empty-choice":
                if node.kind in ("send", "recv") and not node.labels:
                    return node.pointer
            case "label-twice":
                if node.labels.count(name) > 1:
                    first = node.labels.index(name)
                    return node.branch(node.labels.index(name, first + 1))
            case "own-partner":
                if node.kind in ("send", "recv") and node.name == name:
                    return node.pointer
            case _:
                pass
    return ()


def first_mention(value: Json, peer: str) -> Pointer:
    """The first message to or from `peer`, in a type or in a machine of ours."""
    states = value.get("states") if isinstance(value, dict) else None
    if isinstance(states, list):
        for number, state in enumerate(states):
            moves = state.get("moves") if isinstance(state, dict) else None
            for place, move in enumerate(moves if isinstance(moves, list) else ()):
                if isinstance(move, dict) and move.get("peer") == peer:
                    return ("states", number, "moves", place)
        return ()
    for node, _, _ in _walk(value):
        if node.kind in ("send", "recv") and node.name == peer:
            return node.pointer
    return ()


def after_messages(value: Json, messages: Sequence[tuple[str, str]]) -> Pointer:
    """The node of a type that is reached by messages, each a partner and a label.

    Where they leave the type, the node that was reached.
    """
    loops: dict[str, _Seen] = {}
    node = _unfolded(_Seen(value, ()), loops)
    for partner, label in messages:
        if node.kind not in ("send", "recv") or node.name != partner or label not in node.labels:
            break
        inner, pointer = node.inner[node.labels.index(label)]
        node = _unfolded(_Seen(inner, pointer), loops)
    return node.pointer


def _unfolded(node: _Seen, loops: dict[str, _Seen]) -> _Seen:
    """The first node that communicates or ends, through binders and variables."""
    while True:
        if node.kind == "rec":
            inner, pointer = node.inner[0]
            outer, node = node, _Seen(inner, pointer)
            loops[outer.name] = node
        elif node.kind == "var" and node.name in loops:
            node = loops[node.name]
        else:
            return node


def first_arm(value: Json, partner: str, label: str) -> Pointer:
    """The first branch of a type that receives a message; the whole type without one."""
    for node, _, _ in _walk(value):
        if node.kind == "recv" and node.name == partner and label in node.labels:
            return node.branch(node.labels.index(label))
    return ()
