"""The command `lint`, and what `inventory --convergence` says is left."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tellverify.diagnostics.codes import CODES

ROOT = Path(__file__).parents[2]
LEGACY = """module a exposing (P)

protocol P =
  roles A, B

  -- Phase 1: A pings B
  A { flow_cost : 1, journal_merge : true, guard_capability : "example:ping" } -> B : Ping
"""
SHAPED = """module a exposing (P)

protocol P =
  roles A, B

  A { guard_capability : "example:ping"
    , flow_cost : 1 }
    -> B : Ping
"""


def run(*arguments: str, cwd: Path = ROOT, text: str | None = None) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, input=text)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.tell").write_text(LEGACY, encoding="utf-8")
    return tmp_path


def test_findings_make_it_fail_by_their_level(folder: Path) -> None:
    code, out, _ = run("lint", "p.tell", cwd=folder)
    assert code == 1
    assert "warning[TV387]: `journal_merge` is a legacy annotation" in out
    assert "warning[TV391]" in out
    assert run("lint", "p.tell", "--fail-on", "error", cwd=folder)[0] == 0
    assert (folder / "p.tell").read_text("utf-8") == LEGACY


def test_a_diff_shows_and_a_fix_writes(folder: Path) -> None:
    code, out, _ = run("lint", "--diff", cwd=folder)
    assert code == 0
    assert "-  -- Phase 1: A pings B" in out
    assert (folder / "p.tell").read_text("utf-8") == LEGACY
    code, _, err = run("lint", "--fix", cwd=folder)
    assert code == 0, err
    assert (folder / "p.tell").read_text("utf-8") == SHAPED
    assert run("lint", "--fail-on", "note", cwd=folder)[0] == 0


def test_standard_input_is_fixed_to_standard_output(tmp_path: Path) -> None:
    code, out, _ = run("lint", "--fix", "-", cwd=tmp_path, text=LEGACY)
    assert out == SHAPED
    again, same, _ = run("lint", "--fix", "-", cwd=tmp_path, text=SHAPED)
    assert (again, same) == (code, SHAPED)
    assert list(tmp_path.iterdir()) == []


def test_reports_are_those_of_a_check(folder: Path) -> None:
    code, _, _ = run("lint", "--format", "none", "--report", "sarif=out.sarif", cwd=folder)
    assert code == 1
    results = json.loads((folder / "out.sarif").read_text("utf-8"))["runs"][0]["results"]
    assert {"TV387", "TV391"} <= {one["ruleId"] for one in results}


def test_files_with_errors_are_left_alone_and_hide_no_others(folder: Path) -> None:
    (folder / "bad.tell").write_text("protocol Q =\n  roles A\n\n  A -> C : X\n", encoding="utf-8")
    (folder / "junk.tell").write_bytes(b"\xff\x00\xfe")
    code, out, _ = run("lint", "--fix", "--format", "concise", cwd=folder)
    assert code == 1
    assert "bad.tell" in out
    assert "junk.tell" in out
    assert (folder / "p.tell").read_text("utf-8") == SHAPED
    assert (folder / "junk.tell").read_bytes() == b"\xff\x00\xfe"


def test_nothing_to_lint(tmp_path: Path) -> None:
    assert run("lint", cwd=tmp_path)[0] == 4


def test_the_specs_have_the_findings_that_the_guide_leaves() -> None:
    code, out, _ = run("lint", "specs", "--format", "concise")
    assert code == 1
    warnings = set(re.findall(r"^(\S+?):\d+:\d+: warning\[(TV\d+)\]", out, re.MULTILINE))
    assert warnings == {
        ("specs/consensus.tell", "TV361"),
        ("specs/guardian_ceremony.tell", "TV377"),
        ("specs/relayed_rendezvous.tell", "TV361"),
    }


def test_convergence_lists_what_is_left_of_each_protocol() -> None:
    code, out, _ = run("inventory", "--convergence")
    assert code == 0
    assert "aura.sync.ota_activation   specs/ota_activation.tell\n  nothing\n" in out
    assert "  warning[TV377] line 15: the branch `finalize`" in out
    assert out.endswith("25 protocols, 13 with nothing left\n")
    rows = json.loads(run("inventory", "--convergence", "--json")[1])
    assert len(rows) == 25
    table = run("inventory", "--convergence", "--markdown")[1].splitlines()
    assert len(table) == 27


def test_the_page_names_codes_that_exist() -> None:
    page = (ROOT / "docs" / "lint.md").read_text("utf-8")
    for number in re.findall(r"TV\d{3}", page):
        assert number in CODES


FREE = """module q exposing (Q)

-- tell: allow(TV365): meant
protocol Q =
  roles A, B

  A { guard_capability : "x:y"
    , flow_cost : 50 }
    -> B : X
  B -> A : Y
"""


def test_what_a_comment_allows_is_no_finding_of_lint_either(tmp_path: Path) -> None:
    (tmp_path / "q.tell").write_text(FREE, encoding="utf-8")
    code, out, _ = run("lint", "q.tell", "--report", "json=run.json", cwd=tmp_path)
    assert (code, "TV365" in out) == (0, False)
    (allowed,) = json.loads((tmp_path / "run.json").read_text("utf-8"))["suppressions"]
    assert (allowed["reason"], allowed["kind"]) == ("meant", "comment")
    assert run("check", "q.tell", "--fail-on", "warning", cwd=tmp_path)[0] == 0

    (tmp_path / "q.tell").write_text(FREE.replace("allow(TV365)", "category(C)"), encoding="utf-8")
    code, out, _ = run("lint", "q.tell", cwd=tmp_path)
    assert (code, "warning[TV365]" in out) == (1, True)


@pytest.mark.parametrize(("name", "mark"), [("page.md", ""), ("lib.rs", "//! ")])
def test_an_example_on_a_page_is_no_module_of_the_program(
    name: str, mark: str, tmp_path: Path
) -> None:
    """A manual shows protocols without a header, and the very protocols of the program."""
    (tmp_path / "a.tell").write_text(SHAPED, encoding="utf-8")
    bare = SHAPED.partition("\n\n")[2]
    page = f"```tell\n{SHAPED}```\n\n```tell\n{bare}```\n"
    lines = "".join(f"{mark}{line}".rstrip() + "\n" for line in page.splitlines())
    (tmp_path / name).write_text(lines, encoding="utf-8")
    code, out, _ = run("lint", ".", "--format", "concise", cwd=tmp_path)
    assert (code, out.count("TV371"), out.count("TV384")) == (0, 0, 0), out
    (tmp_path / "b.tell").write_text(SHAPED, encoding="utf-8")
    code, out, _ = run("lint", ".", "--format", "concise", cwd=tmp_path)
    assert (code, out.count("TV371"), out.count("TV384")) == (1, 0, 1), out


def test_what_a_comment_allows_is_not_fixed(tmp_path: Path) -> None:
    """`check` leaves the comment alone: only `lint` could say whether it covers anything."""
    text = LEGACY.replace(
        "protocol P", "-- tell: allow(TV387, TV391): until the next release\nprotocol P"
    )
    (tmp_path / "p.tell").write_text(text, encoding="utf-8")
    assert run("lint", "--fix", cwd=tmp_path)[0] == 0
    left = (tmp_path / "p.tell").read_text("utf-8")
    assert "journal_merge : true" in left
    assert "-- Phase 1: A pings B" in left
    code, out, _ = run("check", "p.tell", "--fail-on", "warning", cwd=tmp_path)
    assert (code, "TV022" in out) == (0, False)


UNUSED = """module q exposing (Q)

-- tell: allow({codes}): meant
protocol Q =
  roles A, B

  A -> B : X
  B -> A : Y
"""


@pytest.mark.parametrize(
    ("codes", "flags", "found"),
    [
        ("TV373", (), True),  # the header exposes exactly the protocol
        ("TV373, TV387", (), True),
        ("TV38", (), False),  # with a rule that is off
        ("TV37", (), True),
        ("TV389", ("--all",), False),  # it covers the plain request
        ("TV389", (), False),
        ("TV365", (), False),  # `check` says whether that covers anything
    ],
)
def test_a_comment_that_allows_no_finding_of_lint_is_one(
    tmp_path: Path, codes: str, flags: tuple[str, ...], found: bool
) -> None:
    path = tmp_path / "q.tell"
    path.write_text(UNUSED.format(codes=codes), encoding="utf-8")
    code, out, _ = run("lint", "q.tell", *flags, cwd=tmp_path)
    assert ("TV022" in out) is found
    assert out.count("error[TV022]") + out.count("warning[TV022]") == (
        len(codes.split(",")) if found else 0
    )
    assert run("lint", "--fix", "q.tell", *flags, cwd=tmp_path)[0] == code


def test_a_comment_that_both_commands_could_need_is_judged_by_lint(tmp_path: Path) -> None:
    """The band has codes that only `lint` finds: `check` cannot know that it covers nothing.

    Nor can `lint` without the rules that are off.
    """
    covering = UNUSED.format(codes="TV3")  # a plain request, TV389
    idle = covering.replace("  A -> B : X\n", "  A -> B : X\n  A -> B : Z\n")
    told = {}
    for name, text in (("covering", covering), ("idle", idle)):
        (tmp_path / "q.tell").write_text(text, encoding="utf-8")
        for command in (("check", "--fail-on", "warning"), ("lint",), ("lint", "--all")):
            code, out, _ = run(*command, "q.tell", cwd=tmp_path)
            told[name, command] = (code, "TV022" in out, "TV389" in out)
    complains = [which for which, said in told.items() if said != (0, False, False)]
    assert complains == [("idle", ("lint", "--all"))]
    assert told["idle", ("lint", "--all")] == (1, True, False)


def test_levels_of_the_configuration_count_in_lint_too(tmp_path: Path) -> None:
    text = UNUSED.replace("-- tell: allow({codes}): meant\n", "").replace("(Q)", "(Other)")
    (tmp_path / "q.tell").write_text(text, encoding="utf-8")
    assert run("lint", "q.tell", cwd=tmp_path)[0] == 1
    configuration = tmp_path / "tellverify.toml"
    configuration.write_text('[levels]\n"TV373" = "ignore"\n', encoding="utf-8")
    code, out, _ = run("lint", "q.tell", "--report", "json=run.json", cwd=tmp_path)
    assert (code, "TV373" in out) == (0, False)
    suppressed = json.loads((tmp_path / "run.json").read_text("utf-8"))["suppressions"]
    assert [one["kind"] for one in suppressed] == ["configuration"]
    run("lint", "--unsafe-fixes", "--fix", "q.tell", cwd=tmp_path)
    assert "exposing (Other)" in (tmp_path / "q.tell").read_text("utf-8")
    configuration.write_text('[levels]\n"TV373" = "error"\n', encoding="utf-8")
    code, out, _ = run("lint", "q.tell", "--fail-on", "error", cwd=tmp_path)
    assert (code, "error[TV373]" in out) == (1, True)


def test_a_level_that_makes_a_warning_an_error_hides_no_other_finding(tmp_path: Path) -> None:
    text = UNUSED.replace("-- tell: allow({codes}): meant\n", "").replace("(Q)", "(Other)")
    text = text.replace(" B\n\n", " B, C\n\n").replace("-> B : X", "{ flow_cost : 0 } -> B : X")
    (tmp_path / "q.tell").write_text(text, encoding="utf-8")
    out = run("lint", "q.tell", cwd=tmp_path)[1]
    assert "warning[TV373]" in out and "note[TV359]" in out
    levels = '[levels]\n"TV359" = "error"\n"TV206" = "error"\n'
    (tmp_path / "tellverify.toml").write_text(levels, encoding="utf-8")
    out = run("lint", "q.tell", cwd=tmp_path)[1]
    assert "warning[TV373]" in out and "error[TV359]" in out and "error[TV206]" in out


def test_the_second_of_two_choreographies_has_comments_of_its_own(tmp_path: Path) -> None:
    blocks = [UNUSED.format(codes=code) for code in ("TV373", "TV365")]
    page = "\n".join(f"```tell\n{one}```\n" for one in blocks).replace("module q", "module r", 1)
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    out = run("lint", "page.md", cwd=tmp_path)[1]
    assert out.count("[TV022]") == 1
    assert "page.md:4:" in out
