"""The parsing tables of `tell.lark`: read from a file beside it, or computed.

The tables are kept in `tables.json` so that a run does not pay for their computation. Run this
module to write that file anew after a change of the grammar.
"""

from __future__ import annotations

import os.path
import sys
from typing import TYPE_CHECKING, Final
from zlib import crc32

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lark.grammar import Rule
    from lark.parsers.lalr_analysis import IntParseTable

_HERE: Final = os.path.dirname(__file__)
_GRAMMAR: Final = os.path.join(_HERE, "tell.lark")
_TABLES: Final = os.path.join(_HERE, "tables.json")

END: Final = "$END"
_FIRST_TERMINALS: Final = (
    "NAME",
    END,
    "INT",
    "DURATION",
    "STRING",
    "RAW",
    "INDENT",
    "DEDENT",
    "ON_TIMEOUT",
    "ON_CANCEL",
    "ON_STALL",
)


class GrammarTables(msgspec.Struct, frozen=True):
    """LALR(1) tables. State 0 is the start; terminals and nonterminals are numbered apart.

    `actions[state][terminal]` is a state to shift to, `-1 - rule` to reduce, or 0 to accept.
    A rule is its nonterminal, its length, and the builder of its value; an empty builder passes
    the one value on. `words` numbers the terminals with a fixed spelling: first marks, and
    from `first_keyword` on keywords.
    """

    sha256: str
    checksum: int
    terminals: tuple[str, ...]
    nonterminals: tuple[str, ...]
    words: dict[str, int]
    first_keyword: int
    rules: tuple[tuple[int, int, str], ...]
    actions: tuple[dict[int, int], ...]
    gotos: tuple[dict[int, int], ...]


_loaded: list[GrammarTables] = []


def tables() -> GrammarTables:
    """The tables of the grammar; computed if the kept ones belong to another grammar."""
    if not _loaded:
        grammar = _read(_GRAMMAR)
        kept = _kept_tables()
        fits = kept is not None and kept.checksum == crc32(grammar)
        _loaded.append(kept if kept is not None and fits else compile_tables(grammar))
    return _loaded[0]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read().replace(b"\r\n", b"\n")


def _kept_tables() -> GrammarTables | None:
    try:
        return msgspec.json.decode(_read(_TABLES), type=GrammarTables)
    except (OSError, msgspec.DecodeError):
        return None


def grammar_text() -> bytes:
    """The grammar in `tell.lark`."""
    return _read(_GRAMMAR)


def encode_tables(value: GrammarTables) -> bytes:
    """The bytes that `tables.json` holds for `value`; equal tables give equal bytes."""
    return msgspec.json.encode(value) + b"\n"


def compile_tables(grammar: bytes) -> GrammarTables:
    """Computes the tables of a grammar.

    Implements LALR(1) lookaheads after DeRemer and Pennello (1982), by lark; a shift-reduce
    conflict is resolved as a shift. States are renumbered so that equal grammars give equal
    tables whatever lark's order is.
    """
    from hashlib import sha256

    from lark import Lark
    from lark.lexer import Lexer, PatternStr

    class NoLexer(Lexer):
        def __init__(self, conf: object) -> None:
            pass

        def lex(self, *_: object) -> Iterable[object]:  # type: ignore[override]
            return iter(())

    lark = Lark(grammar.decode(), parser="lalr", lexer=NoLexer)
    spellings = {
        str(terminal.name): str(terminal.pattern.value)
        for terminal in lark.terminals
        if isinstance(terminal.pattern, PatternStr)
    }
    marks = sorted(name for name, word in spellings.items() if not word[0].isalpha())
    keywords = sorted(name for name, word in spellings.items() if word[0].isalpha())
    terminals = (*_FIRST_TERMINALS, *marks, *keywords)
    rules = sorted(lark.rules, key=_rule_key)
    nonterminals = tuple(sorted({str(rule.origin.name) for rule in rules}))
    numbers = {name: number for number, name in enumerate(terminals)}
    actions, gotos = _number_states(lark.parser.parser._parse_table, numbers, nonterminals, rules)
    return GrammarTables(
        sha256=sha256(grammar).hexdigest(),
        checksum=crc32(grammar),
        terminals=terminals,
        nonterminals=nonterminals,
        words={spellings[name]: numbers[name] for name in (*marks, *keywords)},
        first_keyword=len(_FIRST_TERMINALS) + len(marks),
        rules=tuple(
            (nonterminals.index(rule.origin.name), len(rule.expansion), _builder(rule))
            for rule in rules
        ),
        actions=actions,
        gotos=gotos,
    )


def _rule_key(rule: Rule) -> tuple[str, list[str]]:
    return rule.origin.name, [symbol.name for symbol in rule.expansion]


def _builder(rule: Rule) -> str:
    return str(rule.alias or "")


def _number_states(
    table: IntParseTable,
    terminals: dict[str, int],
    nonterminals: tuple[str, ...],
    rules: list[Rule],
) -> tuple[tuple[dict[int, int], ...], tuple[dict[int, int], ...]]:
    """The two tables, with states numbered in breadth-first order over sorted symbols."""
    from lark.parsers.lalr_analysis import Shift

    reductions = {_identity(rule): -1 - number for number, rule in enumerate(rules)}
    order = [table.start_states["start"]]
    numbers = {order[0]: 0}
    actions: list[dict[int, int]] = []
    gotos: list[dict[int, int]] = []
    for state in order:
        row: dict[int, int] = {}
        goto: dict[int, int] = {}
        for symbol in sorted(table.states[state]):
            action, target = table.states[state][symbol]
            if action is not Shift:
                accepts = target.origin.name == "start"
                row[terminals[symbol]] = 0 if accepts else reductions[_identity(target)]
                continue
            if target not in numbers:
                numbers[target] = len(order)
                order.append(target)
            if symbol in terminals:
                row[terminals[symbol]] = numbers[target]
            else:
                goto[nonterminals.index(symbol)] = numbers[target]
        actions.append(dict(sorted(row.items())))
        gotos.append(dict(sorted(goto.items())))
    return tuple(actions), tuple(gotos)


def _identity(rule: Rule) -> tuple[str, tuple[str, ...]]:
    return rule.origin.name, tuple(symbol.name for symbol in rule.expansion)


if __name__ == "__main__":
    encoded = encode_tables(compile_tables(grammar_text()))
    with open(_TABLES, "wb") as target_file:
        target_file.write(encoded)
    sys.stdout.write(f"wrote {_TABLES}\n")
