"""The kept parsing tables are those of the grammar, and a run does not need lark."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tellverify.language.syntax import grammar, parser
from tellverify.language.syntax.build.reductions import BUILDERS


def test_the_kept_tables_are_what_the_grammar_gives() -> None:
    computed = grammar.compile_tables(grammar.grammar_text())
    assert Path(grammar.__file__).with_name("tables.json").read_bytes() == grammar.encode_tables(
        computed
    )
    assert computed.sha256 == sha256(grammar.grammar_text()).hexdigest()


def test_every_rule_has_its_builder_and_every_builder_its_rule() -> None:
    assert parser  # it has all builders registered
    named = {builder for _, _, builder in grammar.tables().rules if builder}
    assert named == set(BUILDERS)


def test_a_rule_without_builder_has_one_symbol() -> None:
    for left, length, builder in grammar.tables().rules:
        name = grammar.tables().nonterminals[left]
        assert builder or length == 1, name


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    other = grammar.grammar_text() + b"\n// more\n"
    monkeypatch.setattr(grammar, "_loaded", [])
    read = grammar._read

    def changed(path: str) -> bytes:
        return other if path.endswith(".lark") else read(path)

    monkeypatch.setattr(grammar, "_read", changed)
    assert grammar.tables().sha256 == sha256(other).hexdigest()


def test_only_two_choices_are_left_to_the_preference_for_shifting(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import logging

    import lark

    class NoLexer(lark.lexer.Lexer):
        def __init__(self, conf: object) -> None:
            pass

        def lex(self, *_: object) -> object:  # type: ignore[override]
            return iter(())

    level = lark.logger.level
    lark.logger.setLevel(logging.DEBUG)
    lark.logger.addHandler(caplog.handler)
    try:
        lark.Lark(grammar.grammar_text().decode(), parser="lalr", lexer=NoLexer, debug=True)
    finally:
        lark.logger.removeHandler(caplog.handler)
        lark.logger.setLevel(level)
    conflicts = [one.getMessage() for one in caplog.records if "conflict" in one.getMessage()]
    assert {message.split("terminal ")[1].split(":")[0] for message in conflicts} == {
        "PROTOCOL",  # a protocol behind `where` is a local one
        "ON_CANCEL",  # `on cancel` belongs to the innermost timeout
    }


def test_parsing_imports_no_lark() -> None:
    code = (
        "import sys\n"
        "from tellverify.source.text import SourceFile\n"
        "from tellverify.language.syntax.parser import parse\n"
        "parse(SourceFile('a', 'protocol P =\\n  A B\\n'))\n"
        "assert not {'lark', 'dataclasses', 'hashlib', 'unicodedata'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
