"""Progress of roles by the command line: on request, with a loop, in files of evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_data_commands import run

POLL = """\
protocol Poll =
  roles Client, Server, Log
  rec Again
    choice Client at
      | Ask =>
          Client -> Server : Ask
          Server -> Client : Wait
          continue Again
      | Leave =>
          Client -> Server : Leave
          Server -> Log : Done
"""
TOLD = POLL.replace(
    "          continue Again", "          Server -> Log : Waited\n          continue Again"
)
UNFAIR = """\
protocol Unfair =
  roles A, B, C, D, E
  choice A at
    | Fin =>
        A -> B : Fin
        A -> C : Fin
        A -> D : Fin
        A -> E : Done
    | Go =>
        A -> B : Go
        A -> C : Go
        A -> D : Go
        rec Again
          choice A at
            | Left =>
                A -> B : Left
                C -> D : X
                continue Again
            | Right =>
                A -> B : Right
                continue Again
"""
FAMILY = """\
protocol Family =
  roles C, L, D[N]
  rec Again
    choice C at
      | More =>
          C -> D[*] : More
          continue Again
      | Stop =>
          C -> D[*] : Stop
          C -> L : Done
"""
BESIDE = """\
protocol Beside =
  roles A, B, C, D
  par
    | rec Again
        choice A at
          | More =>
            A -> B : More
            continue Again
          | Enough =>
            A -> B : Enough
    | C -> D : Hello
"""
SHARED = BESIDE.replace("C -> D", "A -> D").replace("A, B, C, D", "A, B, D")
DONE = """\
protocol Done =
  roles A, B, C
  C -> A : C
  par
    | rec X
        A -> B : X
        B -> A : Xa
        continue X
    | rec Y
        A -> B : Y
        B -> A : Ya
        continue Y
"""


def verdicts(folder: Path, text: str, *more: str) -> dict[str, str]:
    """The outcome of each obligation by name, as JSON has it."""
    (folder / "p.tell").write_text(text, encoding="utf-8")
    (folder / "tellverify.toml").touch()
    asked = more or ("--property", "progress")
    _, out, _ = run("check", "p.tell", "--report", "json=-", "-q", *asked, cwd=folder)
    found = json.loads(out[out.index("{") :])["protocols"][0]["verdicts"]
    return {
        f"{one['property']}[{role}]": one["outcome"]["status"]
        for one in found
        for role in one["scope"].get("roles", [])
    }


def of_roles(**outcomes: str) -> dict[str, str]:
    return {f"progress[{role}]": status for role, status in outcomes.items()}


def test_a_choice_may_keep_a_role_waiting_and_a_message_in_each_round_mends_it(
    tmp_path: Path,
) -> None:
    said = verdicts(tmp_path, POLL)
    assert said == of_roles(Client="proved", Server="proved", Log="refuted")
    said = verdicts(tmp_path, TOLD)
    assert said == of_roles(Client="proved", Server="proved", Log="proved")
    said = verdicts(tmp_path, POLL, "--property", "no-stuck-role")
    assert set(said.values()) == {"proved"}


def test_it_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(POLL, encoding="utf-8")
    (tmp_path / "tellverify.toml").write_text("", encoding="utf-8")
    assert "progress" not in run("check", "p.tell", "-v", cwd=tmp_path)[1]
    code, out, _ = run("check", "p.tell", "--property", "progress", cwd=tmp_path)
    assert code == 0 and "warning[TV524]" in out and "not required" in out
    (tmp_path / "tellverify.toml").write_text('[require]\nprogress = "proved"\n', "utf-8")
    code, out, _ = run("check", "p.tell", cwd=tmp_path)
    assert code == 1 and "error[TV524]" in out
    (tmp_path / "tellverify.toml").write_text('[require]\nterminates = "proved"\n', "utf-8")
    code, out, _ = run("check", "p.tell", cwd=tmp_path)
    assert code == 1 and "error[TV523]" in out


def test_it_can_be_expected(tmp_path: Path) -> None:
    (tmp_path / "tellverify.toml").touch()
    stated = "-- tell: expect(refuted progress[Log])\n"
    (tmp_path / "p.tell").write_text(stated + POLL, encoding="utf-8")
    assert run("check", "p.tell", cwd=tmp_path)[0] == 0
    (tmp_path / "p.tell").write_text(stated + TOLD, encoding="utf-8")
    assert run("check", "p.tell", cwd=tmp_path)[0] == 1


def test_the_loop_is_rechecked_and_is_no_evidence_of_a_stuck_role(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(POLL, encoding="utf-8")
    (tmp_path / "tellverify.toml").touch()
    run("check", "p.tell", "--property", "progress", "--evidence", "ev", cwd=tmp_path)
    code, out, _ = run("recheck", "ev", cwd=tmp_path)
    assert code == 0 and "4 steps show starvation" in out
    (trace,) = (tmp_path / "ev").glob("*/progress.Log.itf.json")
    assert run("replay", str(trace), "p.tell", cwd=tmp_path)[0] == 0
    text = trace.read_text("utf-8")
    for old, new in (
        ('"starvation"', '"stuck-role"'),
        ("TV524", "TV512"),
        ("progress[Log]", "no-stuck-role[Log]"),
        (
            "If every role that can move eventually moves, the role never waits forever.",
            "Wherever the role waits, some continuation of the run serves it.",
        ),
    ):
        assert old in text
        text = text.replace(old, new)
    trace.write_text(text, encoding="utf-8")
    code, out, _ = run("recheck", "ev", cwd=tmp_path)
    assert code == 1 and "`Log` may still be served" in out
    code, out, _ = run("replay", str(trace), "p.tell", cwd=tmp_path)
    assert code == 1 and "`Log` may still be served" in out


def test_the_loop_that_is_shown_is_fair(tmp_path: Path) -> None:
    said = verdicts(tmp_path, UNFAIR, "--property", "no-stuck-role")
    assert said["no-stuck-role[E]"] == "refuted"
    said = verdicts(tmp_path, UNFAIR)
    assert said == of_roles(A="proved", B="proved", C="bounded", D="bounded", E="refuted")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FAMILY, of_roles(C="proved", D="proved", L="refuted")),
        (BESIDE, of_roles(A="bounded", B="bounded", C="bounded", D="bounded")),
        (SHARED, of_roles(A="proved", B="proved", D="refuted")),
    ],
)
def test_families_and_parallel_branches(
    text: str, expected: dict[str, str], tmp_path: Path
) -> None:
    assert verdicts(tmp_path, text) == expected


def test_a_role_that_has_done_its_part_is_not_stuck(tmp_path: Path) -> None:
    said = verdicts(tmp_path, DONE, "--property", "no-stuck-role", "--property", "progress")
    assert len(said) == 6 and set(said.values()) == {"proved"}


def test_machines(tmp_path: Path) -> None:
    for text, expected in ((POLL, 1), (TOLD, 0)):
        (tmp_path / "p.tell").write_text(text, encoding="utf-8")
        (tmp_path / "tellverify.toml").touch()
        code, out, _ = run("project", "p.tell", "--format", "machine", cwd=tmp_path)
        assert code == 0
        (tmp_path / "m.json").write_text(out, encoding="utf-8")
        asked = ("--property", "progress", "--evidence", "ev")
        code, out, err = run("check", "--machines", "m.json", *asked, cwd=tmp_path)
        assert code == 0, out + err
        assert out.count("refuted   progress[Log]") == expected
        if expected:
            code, out, _ = run("recheck", "ev", cwd=tmp_path)
            assert code == 0 and "show starvation" in out
