"""The commands `laws` and `patterns`, and the examples of their pages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    (command, code, text)
    for command in ("laws", "patterns")
    for code, text in re.findall(
        rf"<!-- {command}: (\d) -->\n```toml\n(.*?)```",
        (ROOT / "docs" / f"{command}.md").read_text("utf-8"),
        re.DOTALL,
    )
]


def run(*arguments: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("command", "code", "text"), EXAMPLES)
def test_the_examples_of_the_pages(command: str, code: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    assert run(command, "x.toml", cwd=tmp_path)[0] == int(code)


def test_the_pages_have_examples_of_both_kinds() -> None:
    assert {(command, code) for command, code, _ in EXAMPLES} == {
        (command, code) for command in ("laws", "patterns") for code in "01"
    }


@pytest.mark.parametrize("command", ["laws", "patterns"])
def test_a_key_of_a_thousand_parts_beside_an_expectation_is_refused(
    command: str, tmp_path: Path
) -> None:
    text = f"# tell: expect(refuted law[neutral])\n[x.{'a.' * 1_000}a]\nb = 1\n"
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    code, out, _ = run(command, "x.toml", cwd=tmp_path)
    assert code == 1 and "a key has more than 64 parts" in out


def test_the_laws_of_the_specs_hold() -> None:
    code, out, _ = run("laws", "specs/laws")
    assert code == 0
    assert "exit 0: every required obligation holds" in out


def test_the_help_of_a_broken_law_fits_a_meet_as_well(tmp_path: Path) -> None:
    text = (
        'schema = "tellverify/laws-1"\n[structure.Held]\nkind = "meet"\n'
        'state = "{held: set(3)}"\nmerge = "{held: intersection(a.held, b.held)}"\n'
        'neutral = "{held: empty()}"\n[structure.Held.update.grant]\n'
        'parameters = "more: set(3)"\nto = "{held: union(x.held, more)}"\n'
    )
    (tmp_path / "held.toml").write_text(text, encoding="utf-8")
    code, out, _ = run("laws", "held.toml", cwd=tmp_path)
    assert code == 1
    assert "help: name the bottom of a join or the top of a meet" in out
    assert "help: let the update lead only up in a join, and only down in a meet" in out


def test_a_broken_law_is_shown_with_its_values() -> None:
    code, out, _ = run("laws", "counterexamples/laws", "--name", "OrderedMap", "--format", "json")
    assert code == 1
    wire = json.loads(out)
    refuted = [v for v in wire["protocols"][0]["verdicts"] if v["outcome"]["status"] == "refuted"]
    assert [v["scope"]["item"] for v in refuted] == ["neutral"]
    assert refuted[0]["outcome"]["evidence"]["reason"].endswith("for a = {0 => 0}")
    again = run("laws", "counterexamples/laws", "--name", "OrderedMap", "--format", "json")
    assert again == (code, out, "")


@pytest.mark.parametrize(
    ("view", "warned"),
    [
        ("0", True),
        ("x.n - x.n", True),
        ("min(x.n, 0)", True),
        ("min(x.n, 1)", False),
        ("x", False),
    ],
)
def test_a_view_that_is_the_same_for_all_states_is_a_warning(
    view: str, warned: bool, tmp_path: Path
) -> None:
    text = (
        'schema = "tellverify/laws-1"\n\n[structure.Shown]\nkind = "join"\nstate = "{n: nat}"\n'
        f'view = "{view}"\nmerge = "a"\n'
    )
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    code, out, _ = run("laws", "x.toml", "--format", "concise", cwd=tmp_path)
    assert ("x.toml:6:1: warning[TV673]" in out) == warned
    assert code == (0 if warned else 1)  # the merge that keeps one side is no join


@pytest.mark.parametrize("key", ["view", "neutral", "invariant", "merge"])
def test_an_empty_expression_is_refused(key: str, tmp_path: Path) -> None:
    rows = {"merge": "max(a, b)", "neutral": "0", key: " "}
    lines = [f'{name} = "{value}"' for name, value in rows.items()]
    head = 'schema = "tellverify/laws-1"\n\n[structure.Shown]\nkind = "join"\nstate = "nat"\n'
    (tmp_path / "x.toml").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    code, out, _ = run("laws", "x.toml", "--format", "concise", cwd=tmp_path)
    assert code == 1
    assert f"error[TV672] cannot read this structure: `{key}` is empty" in out


def test_the_claims_of_the_specs_hold() -> None:
    code, out, _ = run("patterns", "specs/patterns")
    assert code == 0
    assert "exit 0: every required obligation holds" in out


def test_a_false_claim_is_told_step_by_step() -> None:
    path = "counterexamples/patterns/deadline_missed.toml"
    code, out, _ = run("patterns", path)
    assert code == 0  # the file expects it
    assert "= note: with workers = 0, deadline = 0" in out
    assert "= note: 1 tick: {phase: 'running', clock: 1, finished: {}, failures: 0}" in out
    code, out, _ = run("patterns", path, "--format", "json")
    refuted = [
        v
        for v in json.loads(out)["protocols"][0]["verdicts"]
        if v["outcome"]["status"] == "refuted"
    ]
    assert [v["scope"]["item"] for v in refuted] == ["always in_time"]


@pytest.mark.parametrize("command", ["laws", "patterns"])
@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"[structure.X]\n[pattern.X]", b"[x", b"[" * 100_000]
)
def test_bad_files_have_findings_and_hide_no_others(
    command: str, content: bytes, tmp_path: Path
) -> None:
    good = next(text for name, code, text in EXAMPLES if (name, code) == (command, "0"))
    (tmp_path / "bad.toml").write_bytes(content)
    (tmp_path / "good.toml").write_text(good, encoding="utf-8")
    code, out, _ = run(command, ".", cwd=tmp_path)
    assert code == 1
    assert "bad.toml" in out
    assert {"laws": "Counter", "patterns": "Attempts"}[command] in out


OTHERS = {
    "Cargo.toml": '[package]\nname = "x"\n',
    "tellverify.toml": 'include = ["specs"]\n',
    "facts.toml": 'format = 1\nname = "F"\n[[variants]]\nname = "V"\n',
    "other.toml": "schema = 3\n",
    "empty.toml": "",
}


@pytest.mark.parametrize(("command", "other"), [("laws", "patterns"), ("patterns", "laws")])
def test_other_toml_files_in_a_folder_are_passed_over_and_counted(
    command: str, other: str, tmp_path: Path
) -> None:
    good = next(text for name, code, text in EXAMPLES if (name, code) == (command, "0"))
    foreign = next(text for name, code, text in EXAMPLES if (name, code) == (other, "0"))
    for name, text in {**OTHERS, "good.toml": good, "foreign.toml": foreign}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "good.toml").write_text(good, encoding="utf-8")
    code, _, err = run(command, ".", cwd=tmp_path)
    assert (code, err) == (0, "tellverify: 6 other TOML files passed over, first Cargo.toml\n")
    assert run(command, "good.toml", "facts.toml", cwd=tmp_path)[0] == 1
    (tmp_path / "misspelt.toml").write_text(
        'schema = "tellverify/laws-or-patterns"\n', encoding="utf-8"
    )
    (tmp_path / "broken.toml").write_text(good.replace("tellverify/", "", 1), encoding="utf-8")
    code, out, _ = run(command, ".", cwd=tmp_path)
    assert (code, "misspelt.toml" in out, "broken.toml" in out) == (1, True, True)
    (tmp_path / "good.toml").unlink()
    (tmp_path / "broken.toml").unlink()
    (tmp_path / "misspelt.toml").unlink()
    code, _, err = run(command, ".", cwd=tmp_path)
    assert (code, "no TOML file with a" in err) == (4, True)


@pytest.mark.parametrize("command", ["laws", "patterns"])
def test_nothing_to_check(command: str, tmp_path: Path) -> None:
    assert run(command, str(tmp_path))[0] == 4
    assert run(command, "missing.toml", cwd=tmp_path)[0] == 1


@pytest.mark.parametrize(("command", "subject"), [("laws", "structure"), ("patterns", "model")])
def test_what_is_missing_is_called_by_its_name(command: str, subject: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(f'schema = "tellverify/{command}-1"\n', encoding="utf-8")
    code, out, _ = run(command, "x.toml", cwd=tmp_path)
    assert (code, f"exit 4: no {subject} was selected" in out) == (4, True)
    (tmp_path / "x.tell").write_text("protocol P =\n", encoding="utf-8")
    code, _, err = run(command, "x.tell", cwd=tmp_path)
    assert (code, f"a {subject} is in a TOML file" in err) == (2, True)


@pytest.mark.parametrize("seconds", ["nan", "0", "-1", "soon"])
def test_limits_of_time_are_numbers_above_0(seconds: str) -> None:
    assert run("laws", "specs/laws/aura.toml", "--timeout", seconds)[0] == 2


@pytest.mark.parametrize("limit", [("--steps", "1"), ("--timeout", "0.000000001")])
def test_laws_that_a_limit_cuts_off_are_unknown(limit: tuple[str, str]) -> None:
    code, out, _ = run("laws", "specs/laws/coordinators.toml", *limit, "--format", "concise")
    assert code == 3
    assert "0 proved" in out
