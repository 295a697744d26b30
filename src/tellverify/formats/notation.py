"""Local types as text: `rec X. Depot?{ Again: X, Stop: end }`.

`Depot!Query. ` sends one label, `Depot?{ ... }` receives one of several. A type whose shared parts
would make the text explode is written with those parts named once, after `where`.
"""

from __future__ import annotations

import re
from typing import Final

from tellverify.model.local_type import (
    Alternative,
    End,
    ExternalChoice,
    InternalChoice,
    LocalType,
    Mu,
    Node,
    Variable,
    postorder,
    successors,
)

_DEEPEST: Final = 30  # levels of indentation
_PLAIN_SIZE: Final = 2_000  # nodes of a term that is always written without `where`
_HUGE: Final = 10**12
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(\[[0-9]+\])?")


def rendered(local: LocalType, *, width: int = 92) -> str:
    """`local` over as many lines as it takes; parts that fit stay in one line."""
    return _Writer(local, width=width).text()


def tree_sizes(local: LocalType) -> list[int]:
    """For each node the size of the tree below it, as if nothing were shared; at most 10**12."""
    sizes = [0] * len(local.nodes)
    for index in postorder(local):
        size = 1 + sum(sizes[each] for each in successors(local.nodes[index]))
        sizes[index] = min(size, _HUGE)
    return sizes


def quoted(name: str) -> str:
    """A name as it is; one that is no dotted identifier or indexed role in quotes, with escapes."""
    if _NAME.fullmatch(name):
        return name
    safe = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in safe) + '"'


class _Writer:
    def __init__(self, local: LocalType, width: int) -> None:
        self.local = local
        self.width = width
        self.parts: dict[int, str] = {}
        if tree_sizes(local)[0] > max(_PLAIN_SIZE, 2 * len(local.nodes)):
            self.parts = _shared_parts(local)
        self.flat = self._flat_lengths()

    def text(self) -> str:
        pieces = self._tree(0, "")
        for index, name in self.parts.items():
            word = "where " if name == "P1" else "      "
            pieces += ["\n", f"{word}{name} = ", *self._tree(index, " " * 6, opened=True)]
        return "".join(pieces)

    def _head(self, node: Node) -> str:
        match node:
            case End():
                return "end"
            case Variable(name):
                return quoted(name)
            case Mu(variable, _):
                return f"rec {quoted(variable)}. "
            case InternalChoice(partner, alternatives) | ExternalChoice(partner, alternatives):
                mark = "!" if isinstance(node, InternalChoice) else "?"
                if len(alternatives) == 1:
                    return f"{quoted(partner)}{mark}{quoted(alternatives[0].label)}. "
                return f"{quoted(partner)}{mark}" + ("{ " if alternatives else "{}")

    def _flat_lengths(self) -> list[int]:
        """How long each node is in one line; a named part is as long as its name."""
        lengths = [0] * len(self.local.nodes)
        for index in postorder(self.local):
            node = self.local.nodes[index]
            length = len(self._head(node))
            for each in _several(node):
                length += len(quoted(each.label)) + 4  # ": " and ", " or " }"
            for then in successors(node):
                length += len(self.parts[then]) if then in self.parts else lengths[then]
            lengths[index] = min(length, _HUGE)
        return lengths

    def _tree(self, root: int, indent: str, *, opened: bool = False) -> list[str]:
        """The text of one node; `opened` writes a named part itself instead of its name."""
        pieces: list[str] = []
        column = len(indent)
        stack: list[tuple[int, str, bool] | str] = [(root, indent, False)]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                pieces.append(item)
                newline = item.rfind("\n")
                column = len(item) - newline - 1 if newline >= 0 else column + len(item)
                continue
            index, margin, flat = item
            if index in self.parts and not opened:
                stack.append(self.parts[index])
                continue
            opened = False
            node = self.local.nodes[index]
            fits = column + self.flat[index] <= self.width
            stack += reversed(self._layout(node, margin, flat or fits))
        return pieces

    def _layout(self, node: Node, margin: str, flat: bool) -> list[tuple[int, str, bool] | str]:
        head = self._head(node)
        several = _several(node)
        if flat:
            items: list[tuple[int, str, bool] | str] = [head]
            if not several:
                return items + [(each, margin, True) for each in successors(node)]
            for place, each in enumerate(several):
                items += [f"{', ' if place else ''}{quoted(each.label)}: ", (each.then, "", True)]
            return [*items, " }"]
        inner = margin + "  " if len(margin) < 2 * _DEEPEST else margin
        if isinstance(node, Mu):
            return [head.rstrip(), "\n" + inner, (node.body, inner, False)]
        if not several:
            following = [(each, margin, False) for each in successors(node)]
            return [head.rstrip(), "\n" + margin, *following] if following else [head]
        items = [head.rstrip()]
        for place, each in enumerate(several):
            comma = "," if place else ""
            items += [f"{comma}\n{inner}{quoted(each.label)}: ", (each.then, inner, False)]
        return [*items, f"\n{margin}}}"]


def _several(node: Node) -> tuple[Alternative, ...]:
    match node:
        case InternalChoice(_, alternatives) | ExternalChoice(_, alternatives):
            return alternatives if len(alternatives) > 1 else ()
        case End() | Mu() | Variable():
            return ()


def _shared_parts(local: LocalType) -> dict[int, str]:
    """Names for choices that are referred to more than once, in the order of nodes."""
    uses = [0] * len(local.nodes)
    for node in local.nodes:
        for each in successors(node):
            uses[each] += 1
    shared = [
        index
        for index, node in enumerate(local.nodes)
        if uses[index] > 1 and not isinstance(node, End | Variable)
    ]
    return {index: f"P{number}" for number, index in enumerate(shared, 1)}
