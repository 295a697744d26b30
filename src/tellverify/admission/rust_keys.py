"""The keys that an expression in Rust stands for: a literal reading, without running any code.

Constants, local variables that do not change, and functions without parameters are followed in the
files that are given. Code that is not understood is refused; it never counts as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tellverify.admission.rust_tests import snake_case
from tellverify.source.rust_source import Node, RustSource, nodes
from tellverify.source.span import NOWHERE, Span

CONSTANT: Final = re.compile(r"[A-Z][A-Z0-9_]+")
_VARIANT: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
# How deep expressions may nest; a name that is followed counts for several levels.
_DEPTH: Final = 160
_STEP: Final = 16
# Expressions that hold what their parts hold, and those that hold no key.
_TRANSPARENT: Final = frozenset(
    {
        "arguments",
        "array_expression",
        "expression_statement",
        "parenthesized_expression",
        "reference_expression",
        "return_expression",
        "try_expression",
        "tuple_expression",
        "unary_expression",
        "unsafe_block",
    }
)
_EMPTY: Final = frozenset(
    {
        "block_comment",
        "boolean_literal",
        "integer_literal",
        "line_comment",
        "mutable_specifier",
        "unit_expression",
    }
)
# Methods that keep the keys of their receiver, whose arguments are no keys; and those that add.
_KEEP: Final = frozenset(
    {
        "as_ref",
        "as_slice",
        "as_str",
        "borrow",
        "clone",
        "cloned",
        "collect",
        "context",
        "copied",
        "expect",
        "into",
        "into_boxed_slice",
        "into_iter",
        "iter",
        "map_err",
        "ok_or",
        "ok_or_else",
        "parse",
        "to_owned",
        "to_string",
        "to_vec",
        "try_into",
        "unwrap",
        "with_context",
    }
)
# What `map` may apply: a constructor, by its path or in a closure, or a conversion.
_CONVERSION: Final = re.compile(
    r"""\( (?: (?:\w+::)+\w+
        | \|&?(\w+)\| (?: (?:\w+::)+\w+\([*&]*\1\)
                        | [*&]*\1 (?:\.(?:to_string|to_owned|into|clone|as_str)\(\))* )
    ) \)""",
    re.VERBOSE,
)
_ADD: Final = frozenset({"chain", "union"})
_MAKERS: Final = frozenset({"new", "default", "empty"})


class UnreadableKeys(Exception):
    """An expression that is not understood; `span` is where it stands in the first file."""

    def __init__(self, reason: str, help_text: str, span: Span = NOWHERE) -> None:
        super().__init__(reason)
        self.reason = reason
        self.help = help_text
        self.span = span


class KeyReader:
    """Reads expressions of a function in the first of some files.

    `known` are the keys that variants of an enumeration may name, as in `Key::TerminationBounded`.
    """

    def __init__(self, rusts: Sequence[RustSource], function: Node, known: frozenset[str]) -> None:
        self._first = rusts[0]
        self._known = known
        self._constants: dict[str, tuple[RustSource, Node]] = {}
        self._functions: dict[str, tuple[RustSource, Node] | None] = {}
        for rust in rusts:
            for name, value in rust.constants().items():
                self._constants.setdefault(name, (rust, value))
            for name, body in _bodies(rust):
                self._functions[name] = None if name in self._functions else (rust, body)
        self._variables = _variables(rusts[0], function)
        self._own = {rusts[0]}  # with the lists of macros in it, where its variables are known

    def keys(self, value: Node, field: str) -> tuple[str, ...]:
        """The keys of an expression, or of the `field` of the struct in it, each once.

        Raises UnreadableKeys for code that is not understood.
        """
        if field and self._first.text(value) != "None":
            value = self._field(value, field)
        return tuple(dict.fromkeys(self._read(self._first, value, 0)))

    def constant(self, node: Node) -> tuple[str, ...]:
        """The strings of the constant that a path in the first file names, as `keys` reads them."""
        return tuple(self._name(self._first, node, 0))

    def _field(self, value: Node, field: str) -> Node:
        for node in nodes(value):
            if node.type == "field_initializer":
                name = node.child_by_field_name("field")
                inner = node.child_by_field_name("value")
                if name is not None and inner is not None and self._first.text(name) == field:
                    return inner
            elif node.type == "shorthand_field_initializer" and self._first.text(node) == field:
                return node.named_children[0]
        reason = f"an arm does not write the field `{field}`"
        raise UnreadableKeys(reason, "write the field in each arm", self._span(self._first, value))

    def _span(self, rust: RustSource, node: Node) -> Span:
        return rust.span(node) if rust is self._first else NOWHERE

    def _refusal(self, rust: RustSource, node: Node, reason: str, help_text: str) -> UnreadableKeys:
        return UnreadableKeys(reason, help_text, self._span(rust, node))

    def _read(self, rust: RustSource, node: Node, above: int) -> Iterator[str]:
        depth = above + 1
        if depth > _DEPTH:
            reason, help_text = "an arm is nested too deeply", "write its keys in one list"
            raise self._refusal(rust, node, reason, help_text)
        text = rust.string(node)
        if text is not None:
            yield text
        elif node.type in ("identifier", "scoped_identifier"):
            yield from self._name(rust, node, depth)
        elif node.type in _TRANSPARENT:
            for child in node.named_children:
                yield from self._read(rust, child, depth)
        elif node.type == "type_cast_expression" or self._is_whole(rust, node):
            yield from self._read(rust, node.named_children[0], depth)
        elif node.type == "struct_expression":
            yield from self._struct(rust, node, depth)
        elif node.type == "call_expression":
            yield from self._call(rust, node, depth)
        elif node.type == "block":
            yield from self._block(rust, node, depth)
        elif node.type == "macro_invocation":
            yield from self._macro(rust, node, depth)
        elif node.type not in _EMPTY:
            shown = " ".join(rust.text(node).split())
            shown = shown if len(shown) <= 40 else shown[:39] + "…"
            reason = f"the keys of `{shown}` are not known"
            raise self._refusal(rust, node, reason, "write the keys as strings and constants")

    def _is_whole(self, rust: RustSource, node: Node) -> bool:
        """Whether a node is a slice of all elements, as in `KEYS[..]`."""
        parts = node.named_children
        return node.type == "index_expression" and rust.text(parts[-1]) == ".."

    def _name(self, rust: RustSource, node: Node, depth: int) -> Iterator[str]:
        path, _, name = rust.text(node).rpartition("::")
        if CONSTANT.fullmatch(name):
            value = self._constants.get(name)
        elif _VARIANT.fullmatch(name):
            if snake_case(name) in self._known:
                yield snake_case(name)
            return
        else:
            value = self._variables.get(name) if not path and rust in self._own else None
        if value is None:
            raise self._refusal(
                rust,
                node,
                f"the value of `{name}` is not known",
                "add the file that defines it to `constants`"
                if CONSTANT.fullmatch(name)
                else "write the keys as strings and constants, or name their `field`",
            )
        yield from self._read(*value, depth + _STEP)

    def _struct(self, rust: RustSource, node: Node, depth: int) -> Iterator[str]:
        body = node.child_by_field_name("body")
        for part in body.named_children if body is not None else ():
            value = part.child_by_field_name("value")
            if part.type == "field_initializer" and value is not None:
                yield from self._read(rust, value, depth)
            elif part.type == "shorthand_field_initializer":
                yield from self._read(rust, part.named_children[0], depth)
            else:
                yield from self._read(rust, part, depth)

    def _call(self, rust: RustSource, node: Node, depth: int) -> Iterator[str]:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is not None and function.type == "generic_function":
            function = function.child_by_field_name("function")
        if function is None or arguments is None:
            return
        if function.type == "field_expression":
            receiver = function.child_by_field_name("value")
            method = function.child_by_field_name("field")
            name = rust.text(method) if method is not None else ""
            converts = name == "map" and _CONVERSION.fullmatch(
                "".join(rust.text(arguments).split())
            )
            if receiver is None or not (converts or name in _KEEP | _ADD):
                reason = f"what `.{name}()` makes of keys is not known"
                help_text = "write the keys as strings and constants"
                raise self._refusal(rust, method or function, reason, help_text)
            yield from self._read(rust, receiver, depth)
            if name in _ADD:
                yield from self._read(rust, arguments, depth)
        elif arguments.named_children:
            yield from self._read(rust, arguments, depth)
        else:
            path, _, name = rust.text(function).rpartition("::")
            known = self._functions.get(name)
            if known is not None:
                yield from self._read(*known, depth + _STEP)
            elif not (path and name in _MAKERS):
                raise self._refusal(
                    rust,
                    node,
                    f"the value of `{name}()` is not known",
                    "add the file that defines it to `constants`",
                )

    def _block(self, rust: RustSource, node: Node, depth: int) -> Iterator[str]:
        """What the last expression of a block holds, if no statement before it returns."""
        parts = [one for one in node.named_children if one.type not in _EMPTY]
        for one in parts[:-1]:
            for inner in nodes(one):
                if inner.type == "return_expression":
                    reason, help_text = "an arm returns early", "write one value for each arm"
                    raise self._refusal(rust, inner, reason, help_text)
        if parts:
            yield from self._read(rust, parts[-1], depth)

    def _macro(self, rust: RustSource, node: Node, depth: int) -> Iterator[str]:
        """What the list of a macro such as `vec![..]` holds."""
        tree = node.named_children[-1]
        content = rust.text(tree)
        inner = RustSource(f"const LIST: T = {content};") if content.startswith("[") else None
        if inner is None or inner.root.has_error:
            shown = rust.text(node.named_children[0])
            reason = f"what the macro `{shown}!` stands for is not known"
            help_text = "write the keys as strings and constants"
            raise self._refusal(rust, node, reason, help_text)
        if rust in self._own:
            self._own.add(inner)
        try:
            yield from self._in_macro(inner, depth + _STEP)
        except UnreadableKeys as error:
            raise self._refusal(rust, node, error.reason, error.help) from None

    def _in_macro(self, inner: RustSource, depth: int) -> Iterator[str]:
        for value in inner.constants().values():
            yield from self._read(inner, value, depth)


def _bodies(rust: RustSource) -> Iterator[tuple[str, Node]]:
    """The functions without parameters, by name, with what they do."""
    for item, _ in rust.declarations():
        parameters = item.child_by_field_name("parameters")
        body = item.child_by_field_name("body")
        empty = parameters is not None and not parameters.named_children
        if item.type == "function_item" and body is not None and empty:
            yield rust.name(item), body


def _variables(rust: RustSource, function: Node) -> Mapping[str, tuple[RustSource, Node]]:
    """The values of local variables, without those that change or are bound again."""
    found: dict[str, tuple[RustSource, Node]] = {}
    unclear: set[str] = set()
    for node in nodes(function):
        pattern = node.child_by_field_name("pattern") if node.type == "let_declaration" else None
        value = node.child_by_field_name("value") if pattern is not None else None
        if pattern is None or pattern.type != "identifier":
            continue
        name = rust.text(pattern)
        mutable = any(child.type == "mutable_specifier" for child in node.children)
        if value is None or mutable or name in found:
            unclear.add(name)
        else:
            found[name] = (rust, value)
    return {name: value for name, value in found.items() if name not in unclear}
