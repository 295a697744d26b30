"""Fact schemas in Rust: enums and structs under `#[ceremony_facts]` or `#[domain_fact(..)]`.

Attributes and fields that cannot be read make a fault, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from tellverify.annotations.fact_schemas import (
    FactField,
    FactSchema,
    SchemaRead,
    Variant,
    faults_of,
)
from tellverify.diagnostics import ceremonies as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.source.rust_source import Node, RustSource
from tellverify.source.span import Span

_CEREMONY: Final = "ceremony_facts"
_DOMAIN: Final = "domain_fact"
_STANDS_FOR: Final = {
    "CeremonyInitiated": "initiated",
    "CeremonyAcceptanceReceived": "accepted",
    "CeremonyCommitted": "committed",
    "CeremonyAborted": "aborted",
    "CeremonySuperseded": "superseded",
}
_MODE: Final = "agreement_mode"  # which the macro does not ask for
_NAMES_OF_FACTS: Final = (
    "the macro `ceremony_facts` knows the variants `CeremonyInitiated`, `CeremonyCommitted` and "
    "`CeremonyAborted` by these names alone, each with `ceremony_id` and a time such as "
    "`timestamp_ms`"
)
# Types of Aura's four time domains, and how a field of the type is judged.
_DOMAINS: Final = {
    "PhysicalTime": "PhysicalClock",
    "LogicalTime": "LogicalClock",
    "OrderTime": "OrderClock",
    "RangeTime": "Range",
}
_BLANK: Final = re.compile(r"(?<!\w) | (?![\w'])")  # others separate words
_MILLISECONDS: Final = re.compile(r".*_(?:ms|millis)")
_OPTION: Final = re.compile(r"(?:(?:std|core)::option::)?Option<(.*)>", re.DOTALL)


class _Attribute(msgspec.Struct, frozen=True):
    name: str
    arguments: Mapping[str, Node]


class _Faulty(Exception):
    """Why an item is not a schema, and where."""

    def __init__(self, node: Node, reason: str) -> None:
        super().__init__(reason)
        self.node = node


def rust_schemas(text: str, path: str = "<rust>") -> tuple[SchemaRead, ...]:
    """The schemas of a Rust source, in the order of the source; none where it has no facts.

    A schema is read as from TOML: the name of the type, `schema_version` (1 without it),
    `min_supported_schema_version`, and the variants. The variants of a ceremony have their part by
    their names. A `u64` whose name ends in `_ms` or `_millis` is a time of the physical clock.
    """
    reader = _FactReader(RustSource(text, path))
    return tuple(reader.read(item, found) for item, found in reader.items())


class _FactReader:
    def __init__(self, rust: RustSource) -> None:
        self._rust = rust
        self._places: dict[tuple[str, str], Span] = {}
        self._constants = {
            name: rust.text(value)
            for name, value in rust.constants().items()
            if value.type == "integer_literal"
        }
        self._texts = {name: rust.string(value) for name, value in rust.constants().items()}

    def items(self) -> Iterator[tuple[Node, list[_Attribute]]]:
        """The enums and structs that an attribute makes facts, also inside modules.

        An attribute inside of `cfg_attr` counts, as if its condition held.
        What stands behind such an attribute and is no Rust at all is an item, too: read as a fault.
        """
        for item, attributes in self._rust.declarations():
            if item.type in ("enum_item", "struct_item", "ERROR"):
                found = [
                    _Attribute(name, self._arguments(tree) if tree is not None else {})
                    for one in attributes
                    for name, tree in self._rust.conditional(one)
                    if name in (_CEREMONY, _DOMAIN)
                ]
                if found:
                    yield item, found

    def read(self, item: Node, attributes: Sequence[_Attribute]) -> SchemaRead:
        """The schema of one item, or its fault."""
        self._places.clear()
        named = {one.name: one for one in attributes}
        try:
            if item.has_error:
                raise _Faulty(item, "the Rust source has a syntax error in it")
            if len(named) < len(attributes):
                kind = next(one.name for one in attributes if named[one.name] is not one)
                raise _Faulty(item, f"there are several `{kind}` on it, and which holds is open")
            schema = self._schema(item, named)
        except _Faulty as fault:
            found = self._fault(fault.node, str(fault))
            return SchemaRead(None, (found,), self._rust.source)
        name = self._named(item)
        self._places["", ""] = self._rust.span(name)
        help = _NAMES_OF_FACTS if schema.kind == "ceremony" else ""
        faults = tuple(self._fault(name, reason, help) for _, reason in faults_of(schema))
        return SchemaRead(
            None if faults else schema, faults, self._rust.source, fields=dict(self._places)
        )

    def _schema(self, item: Node, attributes: Mapping[str, _Attribute]) -> FactSchema:
        is_ceremony = _CEREMONY in attributes
        domain = attributes.get(_DOMAIN)
        arguments = domain.arguments if domain is not None else {}
        variants = tuple(self._variants(item, is_ceremony=is_ceremony))
        names = {field.name for variant in variants for field in variant.fields}
        has_mode = all(
            any(field.name == _MODE for field in variant.fields)
            for variant in variants
            if variant.stands_for in ("initiated", "committed")
        )
        return FactSchema(
            format=1,
            name=self._text(self._named(item)),
            type_id=self._type_id(arguments),
            version=self._number(arguments, "schema_version", item),
            min_version=self._number(arguments, "min_supported_schema_version", item),
            kind="ceremony" if is_ceremony else "facts",
            agreement_mode=_MODE if has_mode else "",
            timestamp="timestamp_ms" if "timestamp_ms" in names else "timestamp",
            variants=variants,
        )

    def _variants(self, item: Node, *, is_ceremony: bool) -> Iterator[Variant]:
        body = item.child_by_field_name("body")
        if item.type == "struct_item":
            name = self._text(self._named(item))
            yield Variant(name=name, fields=self._fields(name, body))
            return
        for child in body.named_children if body is not None else ():
            if child.type == "enum_variant":
                named = self._named(child)
                name = self._text(named)
                self._places[name, ""] = self._rust.span(named)
                yield msgspec.convert(
                    {
                        "name": name,
                        "stands_for": _STANDS_FOR.get(name, "") if is_ceremony else "",
                        "fields": self._fields(name, child.child_by_field_name("body")),
                    },
                    Variant,
                )

    def _fields(self, variant: str, body: Node | None) -> tuple[FactField, ...]:
        """The fields of a variant; those without names are called by their numbers."""
        if body is None:
            return ()
        if body.type == "field_declaration_list":
            declared = [one for one in body.named_children if one.type == "field_declaration"]
            names = [self._named(one) for one in declared]
            plain = [self._text(name).removeprefix("r#") for name in names]
            pairs = list(zip(plain, map(self._typed, declared), strict=True))
            self._places.update(
                ((variant, text), self._rust.span(name))
                for text, name in zip(plain, names, strict=True)
            )
        else:
            skipped = ("attribute_item", "visibility_modifier", "line_comment", "block_comment")
            types = [child for child in body.named_children if child.type not in skipped]
            pairs = [(str(number), child) for number, child in enumerate(types)]
            self._places.update(((variant, name), self._rust.span(child)) for name, child in pairs)
        return tuple(self._field(name, node) for name, node in pairs)

    def _field(self, name: str, node: Node) -> FactField:
        written = _BLANK.sub("", " ".join(self._text(node).split()))
        option = _OPTION.fullmatch(written)
        kind = option[1] if option is not None else written
        domain = _DOMAINS.get(kind.rpartition("::")[2], "")
        if not domain and kind == "u64" and _MILLISECONDS.fullmatch(name):
            domain = "PhysicalClock"
        given = {"name": name, "type": kind, "optional": option is not None, "domain": domain}
        return msgspec.convert(given, FactField)

    # Attributes

    def _arguments(self, tree: Node) -> dict[str, Node]:
        """`key = value` pairs of a list of tokens; of a path its last name."""
        tokens: Sequence[Node] = tree.children
        found: dict[str, Node] = {}
        for index in range(len(tokens) - 2):
            if tokens[index].type == "identifier" and self._text(tokens[index + 1]) == "=":
                value = index + 2
                while value + 2 < len(tokens) and self._text(tokens[value + 1]) == "::":
                    value += 2
                found[self._text(tokens[index])] = tokens[value]
        return found

    def _type_id(self, arguments: Mapping[str, Node]) -> str:
        """A text, or a constant of the same file; empty where it is neither."""
        node = arguments.get("type_id")
        if node is None:
            return ""
        return self._rust.string(node) or self._texts.get(self._text(node)) or ""

    def _number(self, arguments: Mapping[str, Node], key: str, item: Node) -> int:
        """A version: a literal, or a constant of the same file; 1 where none is given."""
        node = arguments.get(key)
        if node is None:
            return 1
        written = self._text(node)
        value = self._constants.get(written, written)
        match = re.fullmatch(r"([0-9][0-9_]*)(?:u8|u16|u32|u64|usize)?", value)
        if match is None:
            raise _Faulty(node, f"`{key}` is `{written}`, which is not a number in this file")
        number = int(match[1].replace("_", ""))
        if not number:
            raise _Faulty(node, f"`{key}` is 0, and versions begin with 1")
        return number

    # Nodes

    def _named(self, node: Node) -> Node:
        found = node.child_by_field_name("name")
        if found is None:
            raise _Faulty(node, "it has no name")
        return found

    def _typed(self, node: Node) -> Node:
        found = node.child_by_field_name("type")
        if found is None:
            raise _Faulty(node, "a field has no type")
        return found

    def _text(self, node: Node) -> str:
        return self._rust.text(node)

    def _fault(self, node: Node, reason: str, help: str = "") -> Diagnostic:
        return say.misshapen_schema(self._rust.source.path, self._rust.span(node), reason, help)


def schemas_toml(schemas: Sequence[FactSchema]) -> str:
    """Schemas as one TOML document, in the form that `read_schemas` reads."""
    if len(schemas) == 1:
        return schema_toml(schemas[0])
    return "\n".join(f"[[schemas]]\n{schema_toml(one, 'schemas.')}" for one in schemas)


def schema_toml(schema: FactSchema, inside: str = "") -> str:
    """A schema as TOML, in the form that `read_schemas` reads; `inside` begins its tables."""

    def quoted(text: str) -> str:
        return msgspec.json.encode(text).decode()

    lines = ["format = 1", f"name = {quoted(schema.name)}"]
    if schema.type_id:
        lines.append(f"type_id = {quoted(schema.type_id)}")
    lines.append(f"version = {schema.version}")
    if schema.min_version != 1:
        lines.append(f"min_version = {schema.min_version}")
    if schema.kind != "ceremony":
        lines.append(f"kind = {quoted(schema.kind)}")
    if schema.agreement_mode != _MODE:
        lines.append(f"agreement_mode = {quoted(schema.agreement_mode)}")
    if schema.timestamp != "timestamp":
        lines.append(f"timestamp = {quoted(schema.timestamp)}")
    for variant in schema.variants:
        lines += ["", f"[[{inside}variants]]", f"name = {quoted(variant.name)}"]
        if variant.stands_for:
            lines.append(f"stands_for = {quoted(variant.stands_for)}")
        if variant.fields:
            lines += [
                "fields = [",
                *(f"  {_row(field, quoted(field.name))}," for field in variant.fields),
                "]",
            ]
    return "\n".join(lines) + "\n"


def _row(field: FactField, name: str) -> str:
    entries = [f"name = {name}", f"type = {msgspec.json.encode(field.type).decode()}"]
    if field.optional:
        entries.append("optional = true")
    if field.domain:
        entries.append(f"domain = {msgspec.json.encode(field.domain).decode()}")
    return f"{{ {', '.join(entries)} }}"
