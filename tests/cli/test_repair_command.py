"""The command `repair`, and the repairs that findings of `check` carry."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIXED = (ROOT / "counterexamples" / "mixed_choice.tell").read_text("utf-8")
MIXED = "-- One role is not told.\n" + MIXED.partition("\n")[2]  # instead of what it expects
MENDED = MIXED.replace("Archive : Skip\n", "Archive : Skip\n        Boss -> Clerk : Skip\n")
STUCK = """protocol P =
  roles A, B, C
  choice A at
    | L =>
        A -> B : L
        B -> C : Go
    | R =>
        A -> B : R
"""
CLAIM = "checked: every required obligation then holds"


def run(*arguments: str, cwd: Path = ROOT, text: str | None = None) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, input=text)
    assert "Traceback" not in done.stderr and "defect" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.tell").write_text(MIXED, encoding="utf-8")
    return tmp_path


def test_the_smallest_repair_is_a_diff_with_a_sentence() -> None:
    code, out, err = run("repair", "counterexamples/mixed_choice.tell")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith(
        "`Clerk` cannot know whether to send `Report` to `Archive`. Smallest"
    )
    assert lines[0].endswith(f"1 message more, keeps every run; {CLAIM}")
    assert lines[1:9] == [
        "--- counterexamples/mixed_choice.tell",
        "+++ counterexamples/mixed_choice.tell",
        "@@ -10,4 +10,5 @@",
        "         Clerk -> Archive : Report",
        "     | Skip =>",
        "         Boss -> Archive : Skip",
        "+        Boss -> Clerk : Skip",
        "         Clerk -> Archive : Report",
    ]


def test_the_first_diff_can_be_applied_and_the_others_cannot(folder: Path) -> None:
    _, out, _ = run("repair", "p.tell", cwd=folder)
    assert "  | +        Archive -> Clerk : Skip" in out
    (folder / "p.patch").write_text(out, encoding="utf-8")
    subprocess.run(["git", "apply", "-p0", "p.patch"], cwd=folder, check=True)
    assert (folder / "p.tell").read_text("utf-8") == MENDED


def test_write_changes_the_file_and_then_it_needs_no_repair(folder: Path) -> None:
    code, _, err = run("repair", "--write", "p.tell", cwd=folder)
    assert (code, err) == (0, "repaired p.tell\n")
    assert (folder / "p.tell").read_text("utf-8") == MENDED
    assert [one.name for one in folder.iterdir()] == ["p.tell"]
    code, out, _ = run("repair", "--write", "p.tell", cwd=folder)
    assert (code, out.split(":")[0]) == (0, "`MixedChoice` needs no repair")
    assert run("check", "p.tell", cwd=folder)[0] == 0


def test_another_offer_is_taken_by_its_number(folder: Path) -> None:
    assert run("repair", "--write", "--take", "2", "p.tell", cwd=folder)[0] == 0
    assert "Archive -> Clerk : Skip" in (folder / "p.tell").read_text("utf-8")


def test_an_offer_that_there_is_not_is_refused(folder: Path) -> None:
    code, _, err = run("repair", "--write", "--take", "3", "p.tell", cwd=folder)
    assert (code, "`MixedChoice` has 2 repairs, so --take 3 names none" in err) == (2, True)
    assert (folder / "p.tell").read_text("utf-8") == MIXED
    code, out, err = run("repair", "--take", "2", "p.tell", cwd=folder)
    assert (code, out, "--take says which repair --write makes" in err) == (2, "", True)


def test_standard_input_goes_to_standard_output() -> None:
    code, out, err = run("repair", "--write", "-", "--stdin-name", "q.tell", text=MIXED)
    assert (code, out) == (0, MENDED)
    assert "+++ q.tell" in err
    assert run("repair", "--write", "-", text=MENDED)[1] == MENDED


def test_texts_with_errors_say_what_to_mend_first() -> None:
    code, out, err = run("repair", "counterexamples/undeclared_role.tell")
    assert code == 1
    assert out == "`UndeclaredRole` is not repaired: the protocol is not well-formed\n"
    assert "fix this first" in err and "error[TV201]: the role `Courier` is not declared" in err
    alike = (ROOT / "counterexamples" / "branches_begin_alike.tell").read_text("utf-8")
    code, out, err = run("repair", "-", text=alike.partition("\n")[2])
    assert code == 1 and "error[TV247]" in err
    code, out, err = run("repair", "counterexamples/branches_begin_alike.tell")
    assert code == 1 and "note[TV247]" in err  # the file expects this error
    code, out, err = run("repair", "-", text="protocol P =\n  roles A, B\n  A -> : X\n")
    assert code == 1 and "error[TV1" in err


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (MENDED.replace("-- One role", "-- tell: property nor never R"), "TV024"),
        (MENDED.replace("Boss -> Clerk", 'Boss { guard_capability : "x" } -> Clerk', 1), "TV351"),
    ],
)
def test_errors_beside_are_shown_and_fail(text: str, code: str) -> None:
    assert run("check", "-", "--isolated", text=text)[0] == 1
    ended, out, err = run("repair", "-", "--isolated", text=text)
    assert (ended, f"error[{code}]" in err) == (1, True)
    assert "errors that no repair mends" in err and "needs no repair" in out
    broken = text.replace(MENDED.splitlines(keepends=True)[-2], "")
    ended, out, err = run("repair", "-", "--isolated", text=broken)
    assert (ended, f"error[{code}]" in err) == (1, True)
    assert CLAIM in out and f"; {code} remains" in out and "+        Boss -> Clerk : Skip" in out
    ended, out, _ = run("repair", "-", "--isolated", "--format", "json", text=broken)
    document = json.loads(out)
    assert (ended, document["exitCode"], document["protocols"][0]["state"]) == (1, 1, "repaired")
    assert document["protocols"][0]["errors"][0].startswith(code)


def test_wrong_usage(tmp_path: Path) -> None:
    assert run("repair", "specs")[0] == 2
    assert run("repair", "nothing.tell")[0] == 1
    assert run("repair", "specs/dkd.tell", "--protocol", "Other")[0] == 2
    assert run("repair", "specs/dkd.tell", "--limit", "soon")[0] == 2
    assert run("repair", "specs/dkd.tell", "--limit", "0")[0] == 2
    (tmp_path / "empty.tell").write_text("", encoding="utf-8")
    code, _, err = run("repair", "empty.tell", cwd=tmp_path)
    assert code in (1, 4) and err


def test_edits_of_every_kind_are_tried_on_request() -> None:
    code, out, _ = run("repair", "counterexamples/undecided_loop.tell")
    assert code == 1
    assert "no new message lets one role decide there" in out and "`--edits all`" in out
    code, out, _ = run("repair", "counterexamples/undecided_loop.tell", "--edits", "all")
    assert code == 0
    assert "1 change, changes the runs" in out and "+  loop decide by Customer" in out


@pytest.mark.parametrize(
    ("name", "goal", "line", "claim"),
    [
        ("not_mergeable", "projectable", "Waiter -> Guest : Greet", "strict merge accepts it"),
        (
            "unbounded_queue",
            "bounded-queues",
            "Viewer -> Camera : Frame",
            "every queue is bounded",
        ),
    ],
)
def test_goals(name: str, goal: str, line: str, claim: str) -> None:
    path = f"counterexamples/{name}.tell"
    assert run("repair", path)[1].endswith(
        f" needs no repair: no required obligation is refuted; `--goal {goal}` looks for a repair"
        " of refuted obligations that are not required\n"
    )
    code, out, _ = run("repair", path, "--goal", goal)
    assert code == 0
    assert line in out and claim in out


def test_properties_and_budgets_are_said_to_be_left(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(f"-- tell: property nor: never R\n{STUCK}", encoding="utf-8")
    code, out, _ = run("repair", "p.tell", cwd=tmp_path)
    assert code == 1
    assert "then holds except `property[nor]`" in out
    assert "`property[nor]` is refuted and not repaired" in out
    code, out, _ = run("repair", "p.tell", "--write", cwd=tmp_path)
    code, out, _ = run("repair", "p.tell", cwd=tmp_path)
    assert code == 1 and out.startswith("`P`: `property[nor]` is refuted and")


UNTOLD = """protocol P =
  roles C, B, D[N]
  choice C at
    | Go =>
      C -> D[*] : Ask
      GATHER
      C -> B : Go
    | Stop =>
      C -> D[*] : Stop
"""


def test_gathers_that_go_on_early_are_repaired_at_sizes_where_they_await_all() -> None:
    text = UNTOLD.replace("GATHER", "D[*] { min_responses : 2 } -> C : Answer")
    code, out, _ = run("repair", "-", text=text)
    assert code == 1  # the late answers are refuted as well
    assert "+      C -> B : Stop" in out and "checked for D = 2, 3, 4" in out
    mended = text + "      C -> B : Stop\n"
    code, out, _ = run("repair", "-", text=mended)
    assert (code, out.count("\n")) == (1, 1)
    assert out.startswith("`P`: `no-late-message[D -> C]` is refuted and not repaired")


def test_sizes_that_the_check_refuted_are_searched(tmp_path: Path) -> None:
    late = UNTOLD.replace("GATHER", "C -> D[5] : Late").replace("      C -> B : Go\n", "")
    code, out, _ = run("repair", "-", text=late.replace("C -> D[*] : Stop", "C -> D[0] : Stop"))
    assert code == 0 and "+      C -> D[*] : Stop" in out
    # `E[*] -> E[*]` leaves the class, so that only small sizes would be searched
    many = UNTOLD.replace("GATHER", "C -> D[18..N] : Late").replace("C, B", "C, B, E[N]")
    many = many.replace("D[N]\n", "D[N]\n  E[*] -> E[*] : Hi\n").replace("D[*] : Stop", "B : Stop")
    many = many.replace("C -> D[*] : Ask", "C -> B : Ask")
    (tmp_path / "many.tell").write_text(many, encoding="utf-8")
    sizes = "[bounds.instances]\nD = 19\n"
    (tmp_path / "tellverify.toml").write_text(sizes, encoding="utf-8")
    code, out, _ = run("repair", "many.tell", cwd=tmp_path)
    assert code == 0 and "D = 19: every required" in out
    assert "1 message more" in out and "+  C -> D[*] : Turn" in out  # one for both branches


def test_why_a_protocol_is_not_searched_is_said() -> None:
    code, out, _ = run("repair", "counterexamples/timeouts/ota_forgotten.tell")
    assert code == 1
    assert out == "`OtaForgotten` is not repaired: no repair is searched where a `timeout` stands\n"
    code, out, _ = run("repair", "counterexamples/timeouts/retry_untold.tell")
    assert (code, "needs no repair" in out) == (0, True)  # what no theory covers is not required
    text = "protocol P =\n  roles A, D[N], E[M]\n  choice A at\n"
    for label in ("One", "Two"):
        text += f"    | {label} =>\n      A -> D[0..M] : X{label}\n      D[*] -> A : Y{label}\n"
    code, out, _ = run("repair", "-", text=text)
    assert code == 1
    assert "after the change that was found `implementable` is skipped: `D[0..M]` needs 2" in out


def test_obsolete_comments_are_named_by_their_place() -> None:
    path = "counterexamples/mixed_choice.tell"
    _, out, _ = run("repair", path)
    assert out.endswith(f"also remove the `expect` comment at {path}:1, which is then obsolete\n")
    page = (
        f"```tell\n{STUCK}```\n\n```tell\n-- tell: expect(error TV201)\n{STUCK}  A -> X : Y\n```\n"
    )
    assert "obsolete" not in run("repair", "-", "--stdin-name", "a.md", text=page)[1]


def test_a_limit_is_named(folder: Path) -> None:
    code, out, _ = run("repair", "p.tell", "--limit", "0.001ms", cwd=folder)
    assert code == 3
    assert "the limit was reached before the first repair" in out
    assert run("repair", "p.tell", "--limit", "20s", cwd=folder)[0] == 0


def test_protocols_inside_rust_and_markdown(tmp_path: Path) -> None:
    inner = "".join(f"   {line}\n" for line in MIXED.split("\n\n")[0].splitlines())
    (tmp_path / "a.md").write_text(f"- item\n\n   ```tell\n{inner}   ```\n\nEnd.\n", "utf-8")
    shift = "".join(f"        {line}\n" for line in STUCK.splitlines())
    (tmp_path / "b.rs").write_text(
        f'fn f() {{\n    tell!(r#"\n        module m exposing (P)\n{shift}    "#);\n}}\n', "utf-8"
    )
    assert run("repair", "--write", "a.md", cwd=tmp_path)[0] == 0
    assert "\n           Boss -> Clerk : Skip\n" in (tmp_path / "a.md").read_text("utf-8")
    assert (tmp_path / "a.md").read_text("utf-8").endswith("   ```\n\nEnd.\n")
    assert run("repair", "--write", "b.rs", cwd=tmp_path)[0] == 0
    assert '                B -> C : R\n    "#);' in (tmp_path / "b.rs").read_text("utf-8")
    for name, mark in (("q.md", "> "), ("r.md", "  > > "), ("d.rs", "/// ")):
        lines = ("```tell", *STUCK.splitlines(), "```")
        text = "".join(f"{mark}{line}\n" for line in lines)
        (tmp_path / name).write_text(f"{text}fn f() {{}}\n" if name == "d.rs" else text, "utf-8")
        before = (tmp_path / name).read_text("utf-8")
        for command in (("repair",), ("repair", "--write"), ("check", "--fix", "--unsafe-fixes")):
            code, out, err = run(*command, name, cwd=tmp_path)
            assert code == 1
            said = "begin with the marks of a comment or a quote" in out + err
            assert said or command[0] == "check"
            assert (tmp_path / name).read_text("utf-8") == before


def test_a_file_that_includes_its_protocols_names_their_files(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "x"\n', encoding="utf-8")
    (tmp_path / "a.rs").write_text('fn f() { tell!(include_str!("x.tell")); }\n', "utf-8")
    code, _, err = run("repair", "a.rs", cwd=tmp_path)
    assert code == 1 and "error[TV158]" in err
    (tmp_path / "x.tell").write_text(STUCK, encoding="utf-8")
    code, _, err = run("repair", "a.rs", cwd=tmp_path)
    assert (code, "its protocols are in other files, repair those: x.tell" in err) == (4, True)


def test_an_error_that_stood_in_the_file_before_stops_no_repair(tmp_path: Path) -> None:
    (tmp_path / "b.rs").write_text(f'fn f() {{\n    tell!(r#"\n{STUCK}"#);\n}}\n', "utf-8")
    code, out, err = run("repair", "b.rs", cwd=tmp_path)  # the macro has no namespace
    assert code == 1 and "error[TV159]" in err and "\n+        B -> C : R\n" in out
    assert "every required obligation then holds; TV159 remains" in " ".join(out.split())
    _, out, _ = run("check", "b.rs", cwd=tmp_path)
    assert "then holds; TV159 remains)" in " ".join(out.split())
    broken = "protocol Z =\n  roles A, B\n  A -> B\n"
    (tmp_path / "a.md").write_text(f"```tell\n{STUCK}```\n\n```tell\n{broken}```\n", "utf-8")
    code, out, err = run("repair", "a.md", cwd=tmp_path)
    assert code == 1 and out.count("Smallest repair (") == 1
    assert "error[TV131]" in err and "TV512" not in err
    assert "`Z` is not repaired: the protocol is not well-formed" in out


def test_several_protocols_of_a_page_are_repaired_one_after_the_other(tmp_path: Path) -> None:
    text = f"```tell\n{STUCK}```\nand\n```tell\n{STUCK}```\nand\n```tell\n{STUCK}```\n"
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    code, out, _ = run("repair", "a.md", cwd=tmp_path)
    assert code == 0 and out.count("Smallest repair (") == 3
    assert run("repair", "--write", "a.md", "--protocol", "P@13", cwd=tmp_path)[0] == 0
    assert (tmp_path / "a.md").read_text("utf-8").count("B -> C : R") == 1
    assert run("repair", "--write", "a.md", cwd=tmp_path)[0] == 0
    assert (tmp_path / "a.md").read_text("utf-8").count("        B -> C : R\n```") == 3
    assert run("check", "a.md", cwd=tmp_path)[0] == 0


def test_imported_protocols_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "lib.tell").write_text(
        "module lib exposing (Greet)\n\nprotocol Greet =\n  roles A, B\n  A -> B : Hi\n", "utf-8"
    )
    (tmp_path / "p.tell").write_text(
        f"module p exposing (P)\n\nimport lib exposing (Greet)\n\n{STUCK}", encoding="utf-8"
    )
    code, out, err = run("repair", "p.tell", cwd=tmp_path)
    assert code == 0, err
    assert "+        B -> C : R" in out and "+++ p.tell" in out


def test_line_ends_and_byte_order_marks_stay(tmp_path: Path) -> None:
    before = ("\ufeff" + MIXED).replace("\n", "\r\n").encode()
    (tmp_path / "p.tell").write_bytes(before)
    assert run("repair", "--write", "p.tell", cwd=tmp_path)[0] == 0
    after = (tmp_path / "p.tell").read_bytes()
    assert after == ("\ufeff" + MENDED).replace("\n", "\r\n").encode()


def test_the_brace_surface_is_refused_with_what_helps(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(
        "protocol P {\n  roles A, B, C;\n  choice A at {\n    L => { A -> B : L; B -> C : Go; }\n"
        "    R => { A -> B : R; }\n  }\n}\n",
        encoding="utf-8",
    )
    code, out, err = run("repair", "p.tell", cwd=tmp_path)
    assert code == 1
    assert "brace surface" in out or "error[" in err


def test_json_has_all_of_it(folder: Path) -> None:
    code, out, _ = run("repair", "p.tell", "--format", "json", cwd=folder)
    found = json.loads(out)
    assert (code, found["schema"], found["written"]) == (0, "tellverify/repair-1", False)
    (protocol,) = found["protocols"]
    assert (protocol["state"], protocol["limited"]) == ("repaired", False)
    first = protocol["repairs"][0]
    assert first["rank"] == "smallest" and first["cost"] == 2 and first["keepsRuns"] is True
    assert first["changes"] == ["Boss -> Clerk : Skip"] and first["claim"] == CLAIM
    assert first["edits"] == [
        {
            "line": 13,
            "column": 1,
            "endLine": 13,
            "endColumn": 1,
            "text": "        Boss -> Clerk : Skip\n",
        }
    ]
    assert out == run("repair", "p.tell", "--format", "json", cwd=folder)[1]


HELP = f"insert `Boss -> Clerk : Skip` at line 13 ({CLAIM})"


def test_findings_carry_the_repair(folder: Path) -> None:
    code, out, _ = run(
        *("check", "p.tell", "--report", "sarif=s.sarif", "--report", "markdown=m.md"),
        *("--report", "json=r.json"),
        cwd=folder,
    )
    assert code == 1
    assert f"= help: {HELP}" in out
    (fixed,) = [
        one
        for one in json.loads((folder / "s.sarif").read_text("utf-8"))["runs"][0]["results"]
        if "fixes" in one
    ]
    change = fixed["fixes"][0]["artifactChanges"][0]
    assert change["artifactLocation"] == {"uri": "p.tell"}
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 13, "startColumn": 1, "endLine": 13, "endColumn": 1},
            "insertedContent": {"text": "        Boss -> Clerk : Skip\n"},
        }
    ]
    assert (
        "Suggestion for line 12 of `p.tell`:\n\n```suggestion\n"
        "        Boss -> Archive : Skip\n        Boss -> Clerk : Skip\n```\n"
    ) in (folder / "m.md").read_text("utf-8")
    stored = json.loads((folder / "r.json").read_text("utf-8"))
    told = [
        verdict["outcome"]["diagnostic"]
        for verdict in stored["protocols"][0]["verdicts"]
        if "repairs" in verdict["outcome"].get("diagnostic", {})
    ]
    assert len(told) == 1 and told[0]["helps"][0] == HELP


def test_check_makes_repairs_only_when_told_twice(folder: Path) -> None:
    code, _, err = run("check", "--fix", "p.tell", cwd=folder)
    assert code == 1 and "--unsafe-fixes makes them" in err
    assert (folder / "p.tell").read_text("utf-8") == MIXED
    code, _, err = run("check", "--fix", "--unsafe-fixes", "p.tell", cwd=folder)
    assert code == 0 and "fixed 1 in p.tell" in err
    assert (folder / "p.tell").read_text("utf-8") == MENDED
    assert "no finding has a repair" in run("check", "--fix", "p.tell", cwd=folder)[2]
    assert run("check", "--unsafe-fixes", "p.tell", cwd=folder)[0] == 2
    assert run("check", "--fix", "-", cwd=folder, text=MIXED)[0] == 2


def test_what_is_required_by_a_property_is_not_claimed(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(f"-- tell: property nor: never R\n{STUCK}", encoding="utf-8")
    out = run("check", "p.tell", cwd=tmp_path)[1]
    assert "every required obligation then holds except `property[nor]`" in " ".join(out.split())


def test_families_are_told_as_a_whole_and_the_bound_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(
        "protocol P =\n  roles Boss, Devices[N]\n  choice Boss at\n    | Commit =>\n"
        "        Boss -> Devices[*] : Commit\n    | Abort =>\n        Boss -> Devices[0] : Abort\n",
        encoding="utf-8",
    )
    code, out, _ = run("repair", "p.tell", cwd=tmp_path)
    assert code == 0
    assert "+        Boss -> Devices[*] : Abort2\n" in out


def test_a_longer_file_that_is_imported_confuses_no_places(tmp_path: Path) -> None:
    padding = "-- This comment makes the file longer than the one that imports it.\n" * 8
    (tmp_path / "talk.tell").write_text(
        f"module talk exposing (Talk)\n{padding}protocol Talk =\n  roles A, B\n"
        "  A -> B : Hello\n  B -> A : Hi\n",
        encoding="utf-8",
    )
    (tmp_path / "p.tell").write_text(
        "import talk exposing (Talk)\nprotocol P =\n  roles A, B, C\n  choice A at\n"
        "    | Yes =>\n      A -> B : Yes\n      call Talk\n      C -> B : Kept\n"
        "    | No =>\n      A -> B : No\n      C -> B : Dropped\n",
        encoding="utf-8",
    )
    code, out, err = run("repair", "--isolated", "p.tell", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert "+      A -> C : Yes\n       call Talk\n" in out


def test_a_refuted_obligation_that_no_repair_mends_is_named() -> None:
    text = """protocol P =
  roles R, A, D[N]
  choice A at
    | P =>
      A -> R : P
      A -> D[*] : M
      D[*] { min_responses : 1 } -> R : X
      R -> D[*] : Go
    | S =>
      A -> R : S
      R -> D[*] : Go
"""
    code, out, _ = run("repair", "-", "--isolated", text=text)
    assert code == 1 and "already holds" not in out
    assert "and there is none; refuted: `no-orphan-message`\n" in out
