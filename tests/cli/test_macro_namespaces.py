"""Namespaces of `tell!` as Aura's macro judges them, and families that Telltale never projects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run

BODY = "protocol P =\n  roles A, B\n  A -> B : M\n"
NAMED = f"module shop exposing (P)\n{BODY}"
OPEN = """\
module a exposing (P)
protocol P =
  roles Lead, Auditors[*], B
  Lead -> Auditors[*] : Go
  Lead -> B : Go
"""
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)

    def do(text: str, *arguments: str) -> tuple[int, str]:
        Path("lib.rs").write_text(text, encoding="utf-8")
        code = run(arguments or ("check", "lib.rs", "--format", "concise"))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out + err

    return do


@pytest.mark.parametrize(
    "call",
    [
        f'tell!(r#"{NAMED}"#);',
        f'tell!(#[namespace = "shop"] r#"{BODY}"#);',
        f'tell!(#[namespace = "shop"] r#"{NAMED}"#);',
        f"tell! {{ {BODY} }}",
        'tell!(include_str!("named.tell"));',
        'tell!(#[namespace = "shop"] include_str!("plain.tell"));',
        f"telltale::tell! {{ {BODY} }}",
        f"use telltale::tell;\nuse aura_macros::ceremony_facts;\ntell! {{ {BODY} }}",
        f'use aura_macros::tell;\ntell! {{ #[namespace = "shop"] {BODY} }}',
        f"use aura_macros::tell;\ntell! {{ {NAMED} }}",
        'aura_macros::tell! { #[namespace = "a"] protocol P { roles: A, B; A -> B: M; } }',
    ],
)
def test_one_namespace_is_enough(command: Command, call: str) -> None:
    Path("named.tell").write_text(NAMED, encoding="utf-8")
    Path("plain.tell").write_text(BODY, encoding="utf-8")
    code, said = command(call)
    assert (code, "TV159" in said) == (0, False)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (f'tell!(r#"{BODY}"#);', "this `tell!` has no namespace"),
        (f'tell!(#[namespace = ""] r#"{BODY}"#);', "has no namespace"),
        (f'tell!(#[other = "x"] r#"{BODY}"#);', "has no namespace"),
        (f'tell!(#[namespace = "store"] r#"{NAMED}"#);', "`store` contradicts `module shop`"),
        ('tell!(include_str!("plain.tell"));', "has no namespace"),
        ('tell!(#[namespace = "store"] include_str!("named.tell"));', "`store` contradicts"),
    ],
)
def test_none_or_two_namespaces_are_errors(command: Command, call: str, words: str) -> None:
    Path("named.tell").write_text(NAMED, encoding="utf-8")
    Path("plain.tell").write_text(BODY, encoding="utf-8")
    code, said = command(call)
    assert code == 1
    assert "lib.rs:1:" in said
    assert "error[TV159]" in said
    assert words in said


@pytest.mark.parametrize(
    "call",
    [
        f"aura_macros::tell! {{ {BODY} }}",
        f"use aura_macros::{{ceremony_facts, tell}};\ntell! {{ {BODY} }}",
        f"use aura_macros::*;\ntell! {{ {BODY} }}",
        "use aura_macros::tell;\ntell! { protocol P { roles: A, B; A -> B: M; } }",
    ],
)
def test_a_call_of_the_macro_of_aura_needs_a_namespace_whatever_it_takes(
    command: Command, call: str
) -> None:
    code, said = command(call)
    assert (code, "error[TV159] this `tell!` has no namespace" in said) == (1, True)


@pytest.mark.parametrize(
    "page",
    [
        f'```\ntell!(r#"{BODY}"#);\n```'.replace("\n", "\n//! ").replace("```", "//! ```", 1),
        f'/**\n```ignore\ntell!(r#"{BODY}"#);\n```\n*/\nfn f() {{}}\n',
    ],
)
def test_an_example_in_documentation_without_a_namespace_is_a_note(
    command: Command, page: str
) -> None:
    code, said = command(page)
    assert (code, "note[TV159]" in said, "10 proved" in said) == (0, True, True)


def test_the_attribute_is_part_of_the_name(command: Command) -> None:
    text = f'tell!(#[namespace = "shop"] r#"{BODY}"#);'
    _, said = command(text, "check", "lib.rs", "--format", "json")
    assert json.loads(said)["protocols"][0]["name"] == "shop.P"
    _, said = command(text, "lint", "lib.rs", "--format", "concise")
    assert "TV371" not in said
    assert command(text, "fmt", "lib.rs")[0] == 0


@pytest.mark.parametrize("name", ["a.tell", "z.tell"])
def test_an_included_file_has_the_namespace_wherever_it_stands(command: Command, name: str) -> None:
    """Also where the walk over the folder comes to it before the call."""
    Path(name).write_text(BODY, encoding="utf-8")
    text = f'tell!(#[namespace = "shop"] include_str!("{name}"));'
    _, said = command(text, "check", ".", "--format", "json")
    assert [one["name"] for one in json.loads(said)["protocols"]] == ["shop.P"]
    _, said = command(text, "lint", ".", "--format", "concise")
    assert "TV371" not in said


def test_a_module_needs_its_exposing(command: Command) -> None:
    code, said = command(f'tell!(r#"module shop\n{BODY}"#);')
    assert code == 1
    assert "expected `exposing`" in said


def test_an_open_family_is_not_projectable(command: Command) -> None:
    Path("open.tell").write_text(OPEN, encoding="utf-8")
    _, said = command("", "check", "open.tell", "--format", "json")
    rows = [
        (verdict["scope"]["roles"], verdict["outcome"]["status"])
        for verdict in json.loads(said)["protocols"][0]["verdicts"]
        if verdict["property"] == "projectable"
    ]
    assert sorted(rows) == [(["Auditors"], "skipped"), (["Lead", "B"], "proved")]
    _, said = command("", "show", "tiers", "open.tell")
    assert "session projectable  no   `Auditors[*]`" in said
    Path("open.tell").write_text(OPEN.replace("Auditors[*],", "Auditors[N],"), encoding="utf-8")
    _, said = command("", "show", "tiers", "open.tell")
    assert "session projectable  yes" in said
