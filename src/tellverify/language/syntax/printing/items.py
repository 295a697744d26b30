"""Modules, imports and declarations as rows of canonical text."""

from __future__ import annotations

from typing import Final, TypeAlias

from tellverify.language.syntax import ast
from tellverify.language.syntax.printing import phrases
from tellverify.language.syntax.printing.rows import PrintedRow, RowPlaces
from tellverify.source.span import Span

Item: TypeAlias = ast.Module | ast.Import | ast.Declaration
_STEP: Final = 2


def item_rows(item: Item, places: RowPlaces, inside: list[Span]) -> list[PrintedRow]:
    """The rows of an item, of an operation only its head. Adds where opaque text is to `inside`."""
    match item:
        case ast.Module():
            exposing = _exposing(item.exposing, item.span, places, inside)
            text = f"module {item.name.text} exposing {exposing}"
            return [_line(text, item.span, apart_after=True)]
        case ast.Import():
            alias = f" as {item.alias.text}" if item.alias is not None else ""
            text = f"import {item.module.text}{alias}"
            if item.exposing is not None:
                text += f" exposing {_exposing(item.exposing, item.span, places, inside)}"
            return [_line(text, item.span)]
        case ast.TypeAliasDecl():
            return _alias(item, inside)
        case ast.UnionType():
            return _union(item, inside)
        case ast.Effect():
            return _effect(item, places, inside)
        case ast.AgreementProfile() | ast.GuestRuntime():
            return _fields(item)
        case ast.Operation():
            text = f"operation {_operation(item)} ="
            for _, given in item.parameters:
                _add_opaque(given, inside)
            return [
                PrintedRow(0, text, item.span.start, item.owner.span.end, 0, opens=True, apart=True)
            ]
        case ast.ProofBundle() | ast.Profile() | ast.RoleSet() | ast.Topology() | ast.Fragment():
            return [_line(_one_line(item), item.span)]


def _line(text: str, span: Span, *, apart_after: bool = False) -> PrintedRow:
    return PrintedRow(0, text, span.start, span.end, 0, apart_after=apart_after)


def _exposing(
    names: tuple[ast.Name, ...], span: Span, places: RowPlaces, inside: list[Span]
) -> str:
    """The list in parentheses; text in it that is not a list of names is left unchanged."""
    listed = phrases.names(names)
    if not places.text:
        return f"({listed})"
    end = span.end - 1
    start = places.text.rfind("(", span.start, end) + 1
    if not start:  # the brace surface has no such list
        return f"({listed})"
    written = places.text[start:end].strip()
    if "".join(written.split()) == listed.replace(" ", ""):
        return f"({listed})"
    inside.append(Span(start, end))
    return f"({phrases.opaque(written)})"


def _add_opaque(given: ast.TypeExpression | None, inside: list[Span]) -> None:
    """Comments in a record type are part of its text."""
    todo = [] if given is None else [given]
    while todo:
        part = todo.pop()
        if part.constructor == "record":
            inside.append(part.span)
        todo.extend(part.arguments)


def _one_line(item: ast.Declaration) -> str:
    match item:
        case ast.ProofBundle():
            return _bundle(item)
        case ast.Profile(name=name, fields=fields):
            words = "".join(f" {key.text} {value.text}" for key, value in fields)
            return f"profile {name.text}{words}"
        case ast.RoleSet(name=name, subset=None, members=members):
            return f"role_set {name.text} = {phrases.names(members)}"
        case ast.RoleSet(name=name, subset=(whole, low, high)):
            return f"role_set {name.text} = subset({whole.text}, {low}..{high})"
        case ast.Topology(shape=shape, name=name, members=members):
            return f"{shape} {name.text} = {phrases.names(members)}"
        case ast.Fragment(name=name, parameters=parameters):
            given = f"({phrases.names(parameters)})" if parameters else ""
            return f"fragment {name.text}{given}"
        case ast.AgreementProfile() | ast.RoleSet() | ast.TypeAliasDecl() | ast.UnionType():
            raise TypeError(f"not a declaration of one line: {item!r}")
        case ast.Effect() | ast.Operation() | ast.GuestRuntime():
            raise TypeError(f"not a declaration of one line: {item!r}")


def _bundle(item: ast.ProofBundle) -> str:
    parts = [f"proof_bundle {item.name.text}"]
    if item.version is not None:
        parts.append(f'version "{item.version}"')
    if item.issuer is not None:
        parts.append(f'issuer "{item.issuer}"')
    parts.extend(f'constraint "{text}"' for text in item.constraints)
    if item.requires:
        parts.append(f"requires [{phrases.names(item.requires)}]")
    return " ".join(parts)


def _fields(item: ast.AgreementProfile | ast.GuestRuntime) -> list[PrintedRow]:
    lines: list[tuple[str, Span]] = []
    if isinstance(item, ast.AgreementProfile):
        head = f"agreement_profile {item.name.text}"
        for key, value in item.fields:
            lines.append((f"{key.text} {value.text}", Span(key.span.start, value.span.end)))
    else:
        head = f"guest runtime {item.name.text} ="
        if item.uses:
            place = Span(item.uses[0].span.start, item.uses[-1].span.end)
            lines.append((f"uses {phrases.names(item.uses)}", place))
        lines.extend((f"entry {entry.text}", entry.span) for entry in item.entries)
    return _block(head, item.span.start, item.name.span.end, lines)


def _block(head: str, start: int, end: int, lines: list[tuple[str, Span]]) -> list[PrintedRow]:
    """A head and its lines, with blank lines around them."""
    rows = [
        PrintedRow(0, head, start, end, 0, opens=bool(lines), apart=True, apart_after=not lines)
    ]
    for number, (text, span) in enumerate(lines):
        is_last = number == len(lines) - 1
        rows.append(PrintedRow(_STEP, text, span.start, span.end, _STEP, apart_after=is_last))
    return rows


# Types


def _alias(item: ast.TypeAliasDecl, inside: list[Span]) -> list[PrintedRow]:
    _add_opaque(item.value, inside)
    head = f"type alias {item.name.text} ="
    start, end, text = item.span.start, item.span.end, item.value.text
    is_record = item.value.constructor == "record"
    if is_record and ("{" in text or "}" in text):
        lines = text.split("\n")[1:]
        deep = min((len(x) - len(x.lstrip(" ")) for x in lines if x.strip()), default=_STEP)
        return [
            PrintedRow(0, head, start, item.name.span.end, 0, opens=True, apart=True),
            PrintedRow(
                deep or _STEP, text, item.value.span.start, end, 0, tight=True, apart_after=True
            ),
        ]
    if is_record and "\n" in text:
        return [
            PrintedRow(0, head, start, item.name.span.end, 0, opens=True, apart=True),
            PrintedRow(
                0,
                f"{{\n  {text}\n}}",
                item.value.span.start,
                end,
                0,
                tight=True,
                apart_after=True,
            ),
        ]
    return [_line(f"{head} {phrases.type_expression(item.value)}", item.span)]


def _union(item: ast.UnionType, inside: list[Span]) -> list[PrintedRow]:
    lines = []
    for name, given in item.constructors:
        _add_opaque(given, inside)
        argument = "" if given is None else f"({phrases.type_expression(given)})"
        end = name.span.end if given is None else given.span.end
        lines.append((f"| {name.text}{argument}", Span(name.span.start, end)))
    return _block(f"type {item.name.text} =", item.span.start, item.name.span.end, lines)


# Effects and operations


def _effect(item: ast.Effect, places: RowPlaces, inside: list[Span]) -> list[PrintedRow]:
    head = f"effect {item.name.text}"
    rows = [PrintedRow(0, head, item.span.start, item.name.span.end, 0, opens=True, apart=True)]
    for operation in item.operations:
        rows.extend(_effect_operation(operation, places, inside))
    last = rows[-1]
    rows[-1] = PrintedRow(
        last.indent,
        last.text,
        last.start,
        last.end,
        last.base,
        tight=last.tight,
        apart_after=True,
        apart=last.apart,
    )
    return rows


def _effect_operation(
    operation: ast.EffectOperation, places: RowPlaces, inside: list[Span]
) -> list[PrintedRow]:
    """The signature, and below it a row for each line of metadata."""
    _add_opaque(operation.argument, inside)
    _add_opaque(operation.result, inside)
    argument = phrases.type_expression(operation.argument)
    result = phrases.type_expression(operation.result)
    starts_with_name = operation.span.start == operation.name.span.start
    kind = "" if operation.kind == "command" and starts_with_name else f"{operation.kind} "
    head = f"{kind}{operation.name.text} : {argument} -> {result}"
    start, end = operation.span.start, operation.result.span.end
    fields = [(f"{key.text} : {value.text}", key, value) for key, value in operation.metadata]
    if len(fields) < 2:
        braces = f"{{ {fields[0][0]} }}" if fields else "{}"
        return [PrintedRow(_STEP, f"{head} {braces}", start, operation.span.end, _STEP)]
    brace = places.code_after(end) if places.text else end
    rows = [
        PrintedRow(_STEP, head, start, end, _STEP),
        PrintedRow(_STEP, "{", brace, brace + 1, _STEP, opens=True, tight=True),
    ]
    for text, key, value in fields:
        place = Span(key.span.start, value.span.end)
        rows.append(PrintedRow(2 * _STEP, text, place.start, place.end, 2 * _STEP, tight=True))
    last = operation.span.end
    rows.append(PrintedRow(_STEP, "}", last - 1, last, _STEP, tight=True))
    return rows


def _operation(item: ast.Operation) -> str:
    parts = [item.name.text]
    if item.parameters:
        listed = ", ".join(
            f"{name.text} : {phrases.type_expression(given)}" for name, given in item.parameters
        )
        parts.append(f"({listed})")
    parts.append(f" at {phrases.role(item.owner)}")
    if item.within is not None:
        parts.append(f" within {item.within.text}")
        if item.within_arguments:
            parts.append(f"({phrases.names(item.within_arguments)})")
    parts.append(phrases.progress(item.progress))
    if item.agreement is not None:
        parts.append(f" agreement {item.agreement.text}")
        if item.prestate is not None:
            parts.append(f" prestate {item.prestate.text}")
    if item.compose is not None:
        argument = "" if item.compose.argument is None else f"({item.compose.argument})"
        parts.append(f" compose {item.compose.policy.text}{argument}")
    return "".join(parts)
