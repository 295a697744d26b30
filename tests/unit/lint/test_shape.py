"""The canonical shape: every rule has a case for and against, and fixes give the shape back."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from page_examples import examples

from tellverify.annotations.rules import default_rules
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import page
from tellverify.diagnostics.model import Code, Severity
from tellverify.diagnostics.shape import FIXTURE_COMMENT, MODULE_CLASH, SMALL_PROTOCOL
from tellverify.language.files import inputs
from tellverify.language.syntax.spans import same_tree
from tellverify.language.syntax.surface import read_tell
from tellverify.language.workspace import Workspace
from tellverify.lint.linted_files import Linted, lint_files
from tellverify.source.text import SourceFile

ROOT = Path(__file__).parents[3]
SPECS = sorted((ROOT / "specs").glob("*.tell"))
CORPUS = sorted((ROOT.parent / "shared" / "corpus").rglob("*.tell"))
RULES = [code for code in CODES.values() if "TV371" <= code.number <= "TV399"]
ELSEWHERE = {MODULE_CLASH, FIXTURE_COMMENT, SMALL_PROTOCOL}


def linted(text: str, path: str = "x.tell", *, fix: bool = False, unsafe: bool = False) -> Linted:
    files = [inputs.decode(path, text.encode())]
    (one,) = lint_files(Workspace(files), default_rules(), unsafe=unsafe, fix=fix)
    return one


def found(text: str, path: str = "x.tell") -> set[str]:
    return {one.code.number for one in linted(text, path).diagnostics}


@pytest.mark.parametrize("code", RULES, ids=lambda code: code.number)
def test_every_rule_has_a_failing_and_a_passing_case(code: Code) -> None:
    shown = page(code)
    assert shown is not None
    if code in ELSEWHERE:
        return
    wrong, right = examples(shown)
    assert code.number in found(wrong), found(wrong)
    assert code.number not in found(right)
    assert all(one.severity is not Severity.ERROR for one in linted(right).diagnostics)


@pytest.mark.parametrize("code", RULES, ids=lambda code: code.number)
def test_a_fix_mends_what_it_is_for(code: Code) -> None:
    shown = page(code)
    assert shown is not None
    if code in ELSEWHERE or "tellverify lint --fix" not in shown.text:
        return
    wrong, right = examples(shown)
    unsafe = "--unsafe-fixes" in shown.text
    assert linted(wrong, fix=True, unsafe=unsafe).fixed == right
    if unsafe:
        assert linted(wrong, fix=True).fixed is None


def test_a_comment_of_a_fixture() -> None:
    text = "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n  -- renamed\n  A -> B : Ping\n"
    assert "TV394" in found(text, "fixtures/protocol_compat/current.tell")
    assert "TV394" not in found(text, "fixtures/other/current.tell")
    assert linted(text, "protocol_compat/x.tell", fix=True).fixed is None
    fixed = linted(text, "protocol_compat/x.tell", fix=True, unsafe=True).fixed
    assert fixed == text.replace("  -- renamed\n", "")
    kept = text.replace("renamed", "must come before Pong")
    assert linted(kept, "protocol_compat/x.tell", fix=True, unsafe=True).fixed is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("roles A, B\n  A -> B : Ask\n  B -> A : Answer\n", "a plain request"),
        (
            "roles A, B\n  A -> B : Ask\n  choice B at\n    | Yes => B -> A : Yes\n"
            "    | No => B -> A : No\n",
            "a plain request",
        ),
        ("roles A, B\n  A -> B : Ask\n", ""),
        ("roles A, B\n  A -> B : Ask\n  A -> B : Again\n", ""),
        ("roles A, B\n  A -> B : Ask\n  B -> A : Answer\n  A -> B : Thanks\n", ""),
        ("roles A, B[N]\n  A -> B[*] : Ask\n  B[*] -> A : Answer\n", ""),
        ("roles A, B, C\n  A -> B : Ask\n  B -> C : Ask\n  B -> A : Answer\n", ""),
        (
            "roles A, B\n  A -> B : Ask\n  choice B at\n    | Yes => B -> A : Yes\n    | No =>\n"
            "      B -> A : No\n      A -> B : Why\n",
            "",
        ),
    ],
)
def test_small_protocols_get_a_note_when_asked_for(body: str, words: str) -> None:
    text = f"module a exposing (P)\n\nprotocol P =\n  {body}"
    files = [inputs.decode("x.tell", text.encode())]
    quiet, full = (
        [
            each.message
            for one in lint_files(
                Workspace(files), default_rules(), unsafe=False, fix=False, everything=everything
            )
            for each in one.diagnostics
            if each.code is SMALL_PROTOCOL
        ]
        for everything in (False, True)
    )
    assert quiet == []
    assert [words in message for message in full] == ([True] if words else [])


def test_a_clash_of_modules() -> None:
    text = "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n  A -> B : Ping\n"
    files = [inputs.decode(path, text.encode()) for path in ("b.tell", "a.tell")]
    first, second = lint_files(Workspace(files), default_rules(), unsafe=False, fix=False)
    assert [one.code.number for one in second.diagnostics] == []
    assert [one.code.number for one in first.diagnostics] == ["TV384"]
    assert first.diagnostics[0].others[0].path == "a.tell"


def test_versions_of_one_protocol_share_their_module() -> None:
    text = "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n  A -> B : Ping\n"
    folder = "crates/testkit/fixtures/protocol_compat"
    files = [
        inputs.decode(f"{folder}/{name}.tell", text.encode()) for name in ("baseline", "current")
    ]
    found = lint_files(Workspace(files), default_rules(), unsafe=False, fix=False)
    assert [one.code.number for each in found for one in each.diagnostics] == []


def legacy(text: str, seed: int) -> str:
    """The canonical text of a spec as it may have looked before: lore, legacy keys, odd layout."""
    random_ = random.Random(seed)
    lines: list[str] = []
    phase = 0
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        if re.match(r" +[A-Z]\w*(\[[^\]]*\])? (\{|->)", line):
            phase += 1
            lines.append(f"{indent}-- Phase {phase}: {re.findall('[A-Z][A-Za-z]*', line)[0]}")
        if line.endswith("}"):
            extra = random_.choice(
                [
                    ", journal_merge : true }",
                    ', leakage_budget : "0,0,0" }',
                    ', link : "bundle=lore|exports=x" }',
                    "   }",
                ]
            )
            line = line[:-1].rstrip() + extra
        lines.append(line + ("  " if line and random_.random() < 0.2 else ""))
    return "\n".join(lines) + "\n\n"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_fixes_turn_a_legacy_copy_of_a_spec_into_the_spec(path: Path) -> None:
    text = path.read_text("utf-8")
    old = legacy(text, 7)
    assert old != text
    assert linted(old, fix=True).fixed == text
    assert linted(text, fix=True).fixed is None


def test_a_fix_that_would_change_the_protocol_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from tellverify.lint import rules as lint

    text = (
        "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n  A  -> B : Ping\n  A -> B : Pong\n"
    )
    real = lint._edited
    monkeypatch.setattr(
        lint, "_edited", lambda *given: real(*given).replace("A -> B : Pong", "B -> A : Pong")
    )
    one = linted(text, fix=True)
    assert one.fixed is None
    assert one.reason == "the protocol graph would be another one"


@pytest.mark.skipif(not CORPUS, reason="the real files are not beside the project")
def test_real_files_are_linted_and_fixed_without_harm() -> None:
    seen = 0
    for path in CORPUS:
        text = path.read_text("utf-8", "replace")
        one = linted(text, path.name, fix=True, unsafe=True)
        if one.fixed is not None:
            seen += 1
            again = linted(one.fixed, path.name, fix=True, unsafe=True)
            assert again.fixed is None, path
    assert seen


def test_a_file_with_errors_is_left_alone() -> None:
    one = linted("protocol P =\n  roles A\n\n  A -> C : X\n", fix=True)
    assert one.fixed is None
    assert any(d.severity is Severity.ERROR for d in one.diagnostics)


def test_a_protocol_with_a_timeout_is_fixed_and_stays_the_same() -> None:
    """It has no plain graph, so its tree is compared."""
    text = (
        "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n"
        "  A { flow_cost : 1, journal_merge : true } -> B : Ask\n"
        "  timeout 5s A at\n    B -> A : Yes\n  on timeout =>\n    A -> B : Late\n"
    )
    fixed = linted(text, fix=True).fixed
    assert fixed is not None
    assert "journal_merge" not in fixed
    before, after = (read_tell(SourceFile("x.tell", each)).file for each in (text, fixed))
    assert same_tree(before, after, annotated=False)
    assert not same_tree(before, after)
    other = read_tell(SourceFile("x.tell", fixed.replace("B -> A : Yes", "B -> A : No"))).file
    assert not same_tree(before, other, annotated=False)


def test_a_fix_that_deletes_all_annotations_writes_down_what_they_charged() -> None:
    """A record without a cost charges 100, and a send without a record nothing."""
    head = "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n  A"
    text = f"{head} {{ journal_merge : true }} -> B : Ping\n"
    assert linted(text, fix=True).fixed == f"{head} {{ flow_cost : 100 }} -> B : Ping\n"


def test_records_with_comments_inside_are_left_alone() -> None:
    text = (
        "module a exposing (P)\n\nprotocol P =\n  roles A, B\n\n"
        '  A { flow_cost : 1 -- invariant: cheap\n    , guard_capability : "a:b" }\n'
        "    -> B : Ping\n"
    )
    one = linted(text, fix=True)
    assert one.fixed is None or "invariant: cheap" in one.fixed


def test_linting_finds_in_the_specs_what_the_guide_says_is_left() -> None:
    left = {
        path.stem: sorted(found(path.read_text("utf-8")) - {"TV376", "TV364"}) for path in SPECS
    }
    assert {name: rest for name, rest in left.items() if rest} == {
        "amp_transport": ["TV399"],
        "consensus": ["TV361"],
        "guardian_ceremony": ["TV377"],
        "relayed_rendezvous": ["TV361"],
    }
