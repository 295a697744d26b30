"""Rust sources as trees. The home of tree-sitter, which the extra `tellverify[rust]` installs.

Macros are not expanded: the text counts as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import tree_sitter_rust
from tree_sitter import Language, Parser
from tree_sitter import Node as Node

from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_COMMENTS: Final = ("line_comment", "block_comment")
_CONDITIONAL: Final = "cfg_attr"
_STRINGS: Final = ("string_literal", "raw_string_literal")
_ESCAPED: Final = re.compile(r"\\([\\\"'nrt0])")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


class RustSource:
    """A Rust text and its tree."""

    def __init__(self, text: str, path: str = "<rust>") -> None:
        self.source = SourceFile(path, text)
        self._content = text.encode("utf-8", "surrogatepass")
        parser = Parser(Language(tree_sitter_rust.language()))
        self.root: Node = parser.parse(self._content).root_node

    def text(self, node: Node) -> str:
        """What a node covers."""
        return self._content[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        """Where a node stands."""
        start, end = (
            len(self._content[:offset].decode("utf-8", "replace"))
            for offset in (node.start_byte, node.end_byte)
        )
        return Span(start, end)

    def name(self, node: Node) -> str:
        """The name that an item declares; the empty text where it has none."""
        found = node.child_by_field_name("name")
        return self.text(found) if found is not None else ""

    def string(self, node: Node) -> str | None:
        """The value of a string literal; None for any other node."""
        if node.type not in _STRINGS:
            return None
        written = "".join(
            self.text(child)
            for child in node.named_children
            if child.type in ("string_content", "escape_sequence")
        )
        if node.type == "raw_string_literal":
            return written
        return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), written)

    def declarations(self) -> Iterator[tuple[Node, tuple[Node, ...]]]:
        """All items with the attributes before them, in order, also inside modules and `impl`s."""
        pending = [self.root]
        found: list[tuple[Node, tuple[Node, ...]]] = []
        while pending:
            attributes: tuple[Node, ...] = ()
            for child in pending.pop().named_children:
                if child.type == "attribute_item":
                    attributes = (*attributes, child)
                elif child.type not in _COMMENTS:
                    found.append((child, attributes))
                    attributes = ()
                    body = child.child_by_field_name("body")
                    if child.type in ("mod_item", "impl_item", "trait_item") and body is not None:
                        pending.append(body)
        yield from sorted(found, key=lambda pair: pair[0].start_byte)

    def attribute(self, item: Node) -> tuple[str, Node | None]:
        """The last part of the name of an attribute, and its arguments."""
        inner = item.named_children[0] if item.named_children else item
        path = inner.named_children[0] if inner.named_children else inner
        return self.text(path).rpartition("::")[2], inner.child_by_field_name("arguments")

    def conditional(self, item: Node) -> Iterator[tuple[str, Node | None]]:
        """What `attribute` gives, and for `cfg_attr` also the attributes in it."""
        name, arguments = self.attribute(item)
        yield name, arguments
        pending = [arguments] if name == _CONDITIONAL and arguments is not None else []
        while pending:
            parts: list[list[Node]] = [[]]
            for token in pending.pop().children[1:-1]:
                if self.text(token) == ",":
                    parts.append([])
                else:
                    parts[-1].append(token)
            for part in parts[1:]:
                path = [token for token in part if token.type == "identifier"]
                tree = part[-1] if part and part[-1].type == "token_tree" else None
                if path:
                    yield self.text(path[-1]), tree
                if path and tree is not None and self.text(path[-1]) == _CONDITIONAL:
                    pending.append(tree)

    def constants(self) -> dict[str, Node]:
        """The values of constants and statics by name, also those inside modules and `impl`s."""
        found: dict[str, Node] = {}
        for item, _ in self.declarations():
            value = item.child_by_field_name("value")
            if item.type in ("const_item", "static_item") and value is not None:
                found[self.name(item)] = value
        return found


def nodes(top: Node) -> Iterator[Node]:
    """A node and all below it, in the order of the text."""
    pending = [top]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(node.children))
