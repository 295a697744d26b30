"""Blocks of Markdown pages that show a part of a protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.language.files.extraction import extract, read_fragment
from tellverify.source.text import SourceFile

CHOICE = """\
-- how it goes on
Client -> Server : Request
choice Server at
  | Yes => Server -> Client : Yes
  | No =>
      Server -> Client : No
"""
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)

    def do(text: str, *arguments: str) -> tuple[int, str]:
        Path("page.md").write_text(text, encoding="utf-8")
        code = run(arguments or ("check", "page.md", "--format", "concise"))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out + err

    return do


def block(text: str, words: str = "tell") -> str:
    return f"# Page\n\n```{words}\n{text}```\n\nand so on\n"


@pytest.mark.parametrize(
    "text",
    [
        CHOICE,
        "A -> B : Hello\n",
        "  A -> B : Hello\n  B -> A : Hello\n",
        "roles A, B\nA -> B : Hello\n",
        "Hub -> Node[*] : Go\nNode[*] -> Hub : Done\n",
        "Hub -> Node[0] : Go\nHub -> Node[2] : Go\nNode[1] -> Hub : Done\n",
        "A { flow_cost : 3 } -> B : Hello\n",
        "| Yes =>\n    A -> B : Yes\n| No when (x > 3) => A -> B : No\n",
        "  | Ok(v) => A -> B : Yes\n  | Err(e) =>\n      A -> B : No\n",
        "| A -> B : Left\n| B -> A : Right\n",
    ],
)
def test_a_part_is_checked_with_a_note(command: Command, text: str) -> None:
    code, said = command(block(text))
    assert code == 0, said
    assert "note[TV160]" in said
    assert " error[" not in said


def test_declarations_alone_are_read(command: Command) -> None:
    page = block("type alias Id =\n  String\n")
    code, said = command(page)
    assert code == 4  # nothing to prove
    assert "note[TV160]" in said
    assert command(page + block("A -> B : Hello\n"))[0] == 0
    code, said = command(block("effect Wrong\n  x\n"))
    assert code == 1


def test_findings_have_their_places_in_the_page(command: Command) -> None:
    text = CHOICE.replace("      Server -> Client : No", "      Server => Client : No")
    code, said = command(block(text))
    assert code == 1
    assert "page.md:9:14: error[TV131]" in said
    code, said = command(block(f"{CHOICE}Other -> Client : Late\n  Server -> Client : X\n"))
    assert code == 1
    assert "page.md:11:" in said


def test_a_fault_in_branches_alone_has_its_place(command: Command) -> None:
    code, said = command(block("| Yes => A -> B : Yes\n| No =>\n    A => B : No\n"))
    assert code == 1
    assert "page.md:6:7: error[TV131]" in said


def test_faults_of_a_part_are_found(command: Command) -> None:
    code, said = command(block(CHOICE.replace("=>\n", "=>\n      Server -> Log : No\n")))
    assert code == 1
    assert "error[TV512]" in said


def test_what_is_no_part(command: Command) -> None:
    assert command(block("nothing\n", "tell,ignore"))[0] == 4
    for text in ("-- only a comment\n", "{- one\n-}\n", ""):
        code, said = command(block(text))
        assert code == 4
        assert "page.md:4:1: note[TV160] this block has only comments" in said
    whole = block("protocol P =\n  roles A, B\n  A -> B : M\n")
    assert "TV160" not in command(whole)[1]


def test_parts_are_not_formatted_or_linted(command: Command) -> None:
    page = block("A   ->   B : Hello\n") + block("protocol P =\n  roles A, B\n  A   -> B : M\n")
    assert command(page, "fmt", "page.md")[0] == 0
    after = Path("page.md").read_text(encoding="utf-8")
    assert after == page.replace("A   -> B : M", "A -> B : M")
    code, said = command(block("A   ->   B : Hello\n"), "lint", "page.md", "--format", "concise")
    assert code == 0
    assert "TV371" not in said


@pytest.mark.parametrize(
    "text",
    [
        "{{#include x.tell:2:3}}",
        "{{#include ../src/x.tell:anchor}}",
        "{{ #rustdoc_include lib.rs:4 }}",
        "protocol P =\n{{#include roles.tell}}\n  A -> B : M",
        "{{#include a.tell}}\n{{#include b.tell}}",
    ],
)
def test_a_block_with_lines_of_another_file_is_not_checked(command: Command, text: str) -> None:
    whole = "protocol P =\n  roles A, B\n  A -> B : M\n"
    code, said = command(block(f"{text}\n") + block(whole))
    assert (code, "note[TV160] this block takes lines from another file" in said) == (0, True), said
    assert said.endswith("0 refuted   10 proved   0 bounded   0 assumed   0 unknown   0 skipped\n")


def test_local_protocols_alone_depend_on_the_text_around_them(command: Command) -> None:
    text = "-- where the helpers are\nwhere\n  protocol Helper =\n    A -> B : X\n"
    code, said = command(block(text))
    assert code == 4
    assert "page.md:5:1: note[TV160] this block depends on the text around it" in said


def test_two_parts_have_two_names(command: Command) -> None:
    code, said = command(block("A -> B : M\n") * 2, "check", "page.md")
    assert code == 0
    assert "Part@" in said


def test_roles_are_inferred_with_their_families() -> None:
    text = "Hub -> Node[i] : Go\nchoice Judge at\n  | A => Judge -> Hub : A\n"
    source = SourceFile("a.md", block(text))
    (fragment,) = extract(source).fragments
    (protocol,) = read_fragment(source, fragment).file.protocols
    assert [role.name.text for role in protocol.roles or ()] == ["Hub", "Node", "Judge"]


def test_a_part_that_leaves_something_out_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    page = "```tell\nA -> B : M\n{}\nA -> B : N\n```\n"
    for dots in ("...", "  ...", "…"):
        Path("page.md").write_text(page.format(dots), encoding="utf-8")
        assert run(("check", "page.md", "--format", "concise")) == 4
        said = capsys.readouterr().out
        assert f"page.md:3:{len(dots) - len(dots.lstrip()) + 1}: note[TV160]" in said
        assert "is not checked" in said
    Path("page.md").write_text(page.format(".."), encoding="utf-8")
    assert run(("check", "page.md")) == 1
    whole = "```tell\nprotocol P =\n  roles A, B\n  A -> B : M\n  ...\n```\n"
    Path("page.md").write_text(whole, encoding="utf-8")
    assert run(("check", "page.md")) == 1


def test_nothing_launches_a_part_and_it_need_not_use_its_roles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = '```tell\nroles A, B\n```\n\n```tell\nA { guard_capability : "x:y" } -> B : M\n```\n'
    Path("page.md").write_text(text, encoding="utf-8")
    for policy in ("aura", "builtin:aura"):
        for dialect in ("strict", "faithful"):
            code = run(("check", "page.md", "--policy", policy, "--dialect", dialect))
            said = capsys.readouterr().out
            assert "TV206" not in said
            assert "admission" not in said
            assert "TV710" not in said
            assert code == 0, said
        assert run(("admit", "page.md", "--policy", policy)) == 4
        assert run(("accept", "page.md", "--policy", policy)) == 4


def test_an_example_in_rust_may_name_a_file_of_another_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    call = 'tell!(include_str!("src/x.tell"));\n'
    Path("page.md").write_text(f"```rust\n{call}```\n", encoding="utf-8")
    Path("lib.rs").write_text(call, encoding="utf-8")
    run(("check", "page.md", "--format", "concise"))
    assert "note[TV158] cannot read the included file" in capsys.readouterr().out
    assert run(("check", "lib.rs", "--format", "concise")) == 1
    assert "error[TV158]" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "authoritative let ready = check Runtime.ready(session)\nA -> B : Go\n",
        "call Notice\nA -> B : Go\n",
        "A -> B : Go\ncontinue Again\n",
        "let receipt = transfer Session from A to B\n",
        "operation Move at A progress p requires x agreement Firm =\n  A -> B : Moved\n",
    ],
)
def test_a_part_that_depends_on_the_text_around_it_is_not_judged(
    command: Command, text: str
) -> None:
    code, said = command(block(text))
    assert code == 4, said
    assert "note[TV160] this block depends on the text around it, and is not checked" in said
    assert "error" not in said


def test_parts_without_messages_and_in_the_old_spelling(command: Command) -> None:
    code, said = command(block("begin Move(x)\nawait Move\n"))
    assert code == 0, said
    code, said = command(block("choice at A\n  | Yes -> A -> B : Yes\n  | No -> A -> B : No\n"))
    assert code == 0, said
    assert "note[TV161]" in said


def test_dots_within_a_line_leave_something_out(command: Command) -> None:
    code, said = command(block("choice A at\n  | Yes => ...\n  | No => A -> B : No -- ...\n"))
    assert code == 4
    assert "page.md:5:12: note[TV160] this block leaves something out (`...`)" in said
    code, said = command(block("A -> B : No -- ...\n"))
    assert code == 0


@pytest.mark.parametrize(
    "call", ["tell! { .. }", "tell! { ... }", 'tell!(r#"..."#);', "tell! { /* */ }", "tell!(TEXT);"]
)
def test_rust_on_a_page_need_not_be_complete(command: Command, call: str) -> None:
    code, said = command(block(f"{call}\n", "rust"))
    assert code == (1 if ".. }" in call and "..." not in call else 4), said
    assert ("error" in said) == (code == 1)
