"""Text to syntax tree, with every fault that can be found in one run."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from typing import Final

import msgspec

from tellverify.diagnostics import syntax as faults
from tellverify.diagnostics.model import Diagnostic, Severity, sort_key
from tellverify.language.syntax import assemble as structure
from tellverify.language.syntax import ast
from tellverify.language.syntax import telltale_reading as upstream
from tellverify.language.syntax.build import (
    declaration_nodes as declarations,
)
from tellverify.language.syntax.build import (
    messages,
    protocols,
    statements,
    type_nodes,
)
from tellverify.language.syntax.build.reductions import BUILDERS
from tellverify.language.syntax.grammar import GrammarTables, tables
from tellverify.language.syntax.lexer import tokenize
from tellverify.language.syntax.recovery.automaton import ParserAutomaton
from tellverify.language.syntax.recovery.recovery import MOST_FAULTS, Recovery
from tellverify.language.syntax.token_lists import Kinds, Tokens
from tellverify.source.span import Span
from tellverify.source.text import SourceFile

_WHERE: Final = re.compile(r"^( *where *)\{(?= *(?:--.*)?$)", re.MULTILINE)
_CLOSING: Final = re.compile(r"^ *\}(?= *$)", re.MULTILINE)
_REGISTERED: Final = (statements, messages, protocols, declarations, type_nodes)


class Parsed(msgspec.Struct, frozen=True):
    """The tree of one file and its faults.

    `file.complete` is False if parts could not be read: then there is an error among
    `diagnostics`, and no verdict on a protocol that is not complete is sound. A text that `is_part`
    of a protocol was read as the body of an implicit one.
    """

    file: ast.File
    diagnostics: tuple[Diagnostic, ...]
    is_part: bool = False


def parse(source: SourceFile) -> Parsed:
    """The syntax tree of `source`, and diagnostics in source order. Reads any text.

    There are at most 100 diagnostics, and one more that says that there would be others.
    """
    collects = gc.isenabled()
    gc.disable()  # the tree has no cycles, and looking for some takes a fifth of the time
    try:
        language = tables()
        kinds = Kinds(language)
        tokens = tokenize(_without_where_brace(source), kinds)
        items = _run(tokens, kinds, language)
        broken = tuple(fault for fault in tokens.faults if fault.severity is Severity.ERROR)
        file, found = structure.assemble(items, tokens, broken)
        if not broken:
            found.extend(upstream.refused(tokens, kinds, items))
        brace = _where_brace(source.text)
        if brace is not None:
            found.append(faults.brace_body(source.path, Span(brace, brace + 1), "where"))
        return Parsed(file, _first_faults(source.path, [*tokens.faults, *found]))
    finally:
        if collects:
            gc.enable()


def _where_brace(text: str) -> int | None:
    """The brace at the end of a line that begins with `where`: a head without a body.

    Inside it no indentation would count, so the fault would show far away.
    """
    found = _WHERE.search(text) if "where" in text else None
    return None if found is None else found.end(1)


def _without_where_brace(source: SourceFile) -> SourceFile:
    """The text without that brace, and without its partner on a separate line."""
    text = source.text
    at = _where_brace(text)
    if at is None:
        return source
    closed = _CLOSING.search(text, at)
    end = len(text) if closed is None else closed.end()
    kept = text[at + 1 : end] if closed is None else f"{text[at + 1 : end - 1]} "
    return SourceFile(source.path, f"{text[:at]} {kept}{text[end:]}")


def _first_faults(path: str, found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    found.sort(key=sort_key)
    if len(found) > MOST_FAULTS:
        span = found[MOST_FAULTS].primary.span
        found[MOST_FAULTS:] = [faults.too_many_faults(path, span, MOST_FAULTS)]
    return tuple(found)


def _run(tokens: Tokens, kinds: Kinds, language: GrammarTables) -> list[object]:
    """Shifts and reduces by the tables; a token without an entry goes to the recovery."""
    rows, gotos = language.actions, language.gotos
    rules = _rules(language)
    numbers, starts, ends, texts = tokens.kinds, tokens.starts, tokens.ends, tokens.texts
    name_kind = kinds["NAME"]
    machine = ParserAutomaton(tokens, kinds, language, rules)
    recovery = Recovery(machine)
    states, values = machine.states, machine.values
    index = 0
    row = rows[0]
    while True:
        kind = numbers[index]
        action = row.get(kind)
        if action is None:
            index = recovery.resume(index)
            row = rows[states[-1]]
        elif action > 0:
            states.append(action)
            if kind == name_kind:
                values.append(ast.Name(texts[index], Span(starts[index], ends[index])))
            else:
                values.append(index)
            row = rows[action]
            index += 1
        elif action:
            length, left, build = rules[-1 - action]
            if build is None:
                states.pop()
            elif length:
                arguments = values[-length:]
                del values[-length:], states[-length:]
                values.append(build(tokens, ends[index - 1], *arguments))
            else:
                values.append(build(tokens, ends[index - 1]))
            state = gotos[states[-1]][left]
            states.append(state)
            row = rows[state]
        else:
            found = values[-1]
            return found if isinstance(found, list) else []


def _rules(language: GrammarTables) -> list[tuple[int, int, Callable[..., object] | None]]:
    return [
        (length, left, BUILDERS[builder] if builder else None)
        for left, length, builder in language.rules
    ]
