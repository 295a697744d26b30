"""Scenarios by the command line: verdicts, requirements, evidence, and their errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

STORE = """protocol Store =
  roles Client, Server
  Client -> Server : Put
  Server -> Client : Done
"""
OTA = """protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  D[*] -> C : Ready
  choice C at
    | Commit =>
        C -> D[*] : Commit
    | Abort =>
        C -> D[*] : Abort
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, *options: str
) -> tuple[int, str]:
    (folder / "a.tell").write_text(text, "utf-8")
    code = run(["check", "a.tell", *options])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.parametrize(
    ("scenario", "code", "words"),
    [
        ("crash < 1", "TV590", "`<`"),
        ("crash <= 1 of", "TV590", "the name of a role is expected"),
        ("", "TV590", "has no rule"),
        ("fire <= 1", "TV590", "a kind of fault is expected"),
        ("crash <= 1 of Serve", "TV591", "the role `Serve`"),
        ("crash of Server[2]", "TV591", "the role `Server[2]`"),
        ("loss on Server -> Server", "TV591", "a channel with messages"),
        ("crash <= 0 of Server", "TV592", "its budget is 0"),
        ("loss <= 0", "TV592", "its budget is 0"),
        ("crash", "TV592", "all 2 roles crash"),
        ("byzantine <= 2", "TV592", "all 2 roles be Byzantine"),
        (
            "crash of Client, byzantine of Server",
            "TV592",
            "lets all 2 roles crash or be Byzantine: no role is left",
        ),
        ("crash <= 1, byzantine <= 1", "TV592", "lets all 2 roles crash or be Byzantine"),
        ("partition {Client} | {Client, Server}", "TV592", "on both sides"),
        ("crash <= 1 of Server, crash <= 2 of Server", "TV592", "already"),
        ("crash <= 1 of Server, deduplicate = true", "TV592", "no rule duplicates"),
        ("crash <= 99999999999 of Server", "TV590", "a number up to"),
        ("crash <= 1 of Server, engaged-only = maybe", "TV590", "`true` or `false`"),
        ("loss, engaged-only = true, engaged-only = false", "TV590", "set twice"),
    ],
)
def test_a_wrong_scenario_is_a_finding_with_a_place(
    folder: Path, capsys: pytest.CaptureFixture[str], scenario: str, code: str, words: str
) -> None:
    text = f"-- tell: faults bad({scenario})\n{STORE}"
    done, said = check(folder, capsys, text)
    assert done == 1
    assert f"error[{code}]" in said and words in said
    assert "a.tell:1:" in said
    assert "@ bad" not in said


def test_two_scenarios_of_one_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"-- tell: faults(crash <= 1)\n-- tell: faults(loss)\n{STORE}"
    done, said = check(folder, capsys, text)
    assert done == 1 and "error[TV593]" in said and "a.tell:2:" in said
    assert "@ faults" in said  # the first one is decided


def test_a_comment_that_is_no_scenario(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done, said = check(folder, capsys, f"-- tell: faults crash <= 1\n{STORE}")
    assert done == 1 and "TV024" in said and "faults NAME(" in said


@pytest.mark.parametrize("indent", ["", "  "])
def test_comments_behind_the_last_statement_count(
    folder: Path, capsys: pytest.CaptureFixture[str], indent: str
) -> None:
    last = f"{indent}-- tell: faults one-crash(crash <= 1 of Server)\n"
    done, said = check(folder, capsys, f"{STORE}{last}")
    assert done == 0 and "@ one-crash" in said and "Server` has crashed" in said
    done, said = check(folder, capsys, f"{STORE}{last.replace('Server', 'Nobody')}")
    assert done == 1 and "Nobody" in said
    endless = "protocol Endless =\n  roles A, B\n  rec L\n    A -> B : X\n    continue L\n"
    assert check(folder, capsys, endless)[0] == 0
    assert check(folder, capsys, f"{endless}{indent}-- tell: must-end\n")[0] == 1


def test_a_scenario_is_not_required_unless_the_configuration_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults one-crash(crash <= 1 of Server)\n{STORE}"
    assert check(folder, capsys, text)[0] == 0
    (folder / "tellverify.toml").write_text(
        '[require]\n"no-stuck-role @ one-crash" = "bounded"\n', "utf-8"
    )
    done, said = check(folder, capsys, text)
    assert done == 1 and "error[TV512]" in said
    assert check(folder, capsys, text, "--faults", "none")[0] == 0


def test_scenarios_of_the_configuration_hold_for_protocols_with_their_names(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tellverify.toml").write_text(
        '[faults.down]\nrules = ["crash <= 1 of Server"]\n'
        '[faults.other]\nrules = ["crash <= 1 of Nobody"]\n'
        '[properties]\nonce = "at-most-once(Put at Server)"\n',
        "utf-8",
    )
    (folder / "b.tell").write_text("protocol P =\n  roles A, Nobody\n  A -> Nobody : X\n", "utf-8")
    done, said = check(folder, capsys, STORE)
    assert done == 0
    assert "no-stuck-role[Client] @ down" in said and "@ other" not in said
    assert "scenario `other` fits no protocol" in said and "scenario `down`" not in said
    assert "scenario `other`" not in check(folder, capsys, STORE, "--faults", "down")[1]
    assert "at-most-once[once]" in said and "at-most-once[once] @ down" in said


@pytest.mark.parametrize(
    ("file", "words", "place"),
    [
        ('[faults.down]\nrules = ["crash <= 1 of"]\n', "the name of a role is expected", "2:11"),
        ('[faults.down]\nrules = ["loss", "crash"]\n', "all 2 roles crash", "2:19"),
        ("[faults.down]\nrules = []\n", "the scenario has no rule", "2:9"),
        ("[faults.none]\nrules = ['loss']\n", "not the name of a scenario", "1:2"),
        ("[faults.down]\nrule = ['loss']\n", "no key `rule`", "1:1"),
        ('[require]\n"no-such @ down" = "bounded"\n', "there is no property", "2:20"),
    ],
)
def test_a_wrong_configuration_is_a_finding(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str, words: str, place: str
) -> None:
    (folder / "tellverify.toml").write_text(file, "utf-8")
    done, said = check(folder, capsys, STORE)
    assert done in (1, 2) and words in said and f"tellverify.toml:{place}" in said


def test_an_unknown_scenario_on_the_command_line_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults one-crash(crash <= 1 of Server)\n{STORE}"
    done, said = check(folder, capsys, text, "--faults", "on-crash")
    assert done != 0 and "no protocol that was checked has a scenario `on-crash`" in said


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("agreement(Done)", "TV611"),
        ("agreement(Done, Done)", "TV611"),
        ("agreement(Done, ", "TV611"),
        ("at-most-once(Put)", "TV611"),
        ("agreement(Done, Don)", "TV612"),
        ("at-most-once(Put at Serve)", "TV612"),
    ],
)
def test_a_wrong_decision_is_a_finding(
    folder: Path, capsys: pytest.CaptureFixture[str], formula: str, code: str
) -> None:
    done, said = check(folder, capsys, f"-- tell: property p: {formula}\n{STORE}")
    assert done == 1 and f"error[{code}]" in said and "a.tell:1:" in said


def test_json_names_the_scenario_of_every_obligation(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults one-crash(crash <= 1)\n{OTA}"
    done, said = check(folder, capsys, text, "--format", "json", "--instances", "D=2")
    found = json.loads(said)
    (protocol,) = found["protocols"]
    assert done == 0
    assert protocol["scenarios"] == [{"name": "one-crash", "rules": "crash <= 1"}]
    under = [v for v in protocol["verdicts"] if v["scope"].get("scenario") == "one-crash"]
    assert {v["property"] for v in under} == {
        "no-deadlock",
        "no-orphan-message",
        "no-unspecified-reception",
        "no-stuck-role",
    }
    assert not any(v["required"] for v in under)
    assert all("faults `one-crash`: crash <= 1" in v["statement"] for v in under)
    assert "`@ one-crash`: crash <= 1" in found["semantics"]
    refuted = next(v for v in under if v["outcome"]["status"] == "refuted")
    assert refuted["outcome"]["evidence"]["outages"][0]["role"]


@pytest.mark.parametrize("kind", ["markdown=r.md", "html=r.html", "sarif=r.sarif", "junit=r.xml"])
def test_every_report_names_scenarios(
    folder: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    rules = "crash <= 1, loss <= 1 on C -> D, duplicate <= 1 on D -> C, byzantine <= 1 of D"
    text = f"-- tell: faults worst({rules})\n{OTA}"
    done, _ = check(folder, capsys, text, "--report", kind, "--instances", "D=2")
    report = (folder / kind.partition("=")[2]).read_text("utf-8")
    assert done == 0 and "worst" in report and "crash" in report


def evidence(folder: Path, capsys: pytest.CaptureFixture[str], rules: str) -> list[Path]:
    text = f"-- tell: property agree: agreement(Commit, Abort)\n-- tell: faults s({rules})\n{OTA}"
    check(folder, capsys, text, "--evidence", "proof", "--instances", "D=2")
    return sorted(folder.glob("proof/*/*.itf.json"))


@pytest.mark.parametrize(
    "rules",
    [
        "crash <= 1",
        "loss <= 1 on C -> D",
        "partition {C} | *",
        "duplicate on *",
        "byzantine of C",
        "reorder on *, duplicate <= 1 on *",
    ],
)
def test_runs_with_faults_are_replayed_and_rechecked(
    folder: Path, capsys: pytest.CaptureFixture[str], rules: str
) -> None:
    files = evidence(folder, capsys, rules)
    assert files
    assert run(["recheck", "proof"]) == 0
    assert " 0 rejected" in capsys.readouterr().out
    for file in files:
        assert run(["replay", str(file), "a.tell"]) == 0, file
        assert "accepted" in capsys.readouterr().out


def test_a_trace_under_faults_is_held_against_its_scenario(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = next(p for p in evidence(folder, capsys, "crash <= 1") if "no-stuck-role.C" in p.name)
    good = file.read_text("utf-8")
    for old, new, words in (
        ('"scenario":"crash <= 1"', '"scenario":"crash <= 1 of C"', "does not let all"),
        ('"scenario":"crash <= 1"', '"scenario":"loss"', "does not let all"),
        ('"scenario":"crash <= 1",', "", "not that of the obligation"),
        ('"role":"D[0]"', '"role":"D[1]"', ""),
        ('"role":"D[0]"', '"role":"C"', ""),
    ):
        assert old in good
        file.write_text(good.replace(old, new), "utf-8")
        assert run(["recheck", "proof"]) == 1, new
        said = capsys.readouterr().out
        assert words in said, said
    file.write_text(good, "utf-8")
    assert run(["recheck", "proof"]) == 0
    text = (folder / "a.tell").read_text("utf-8").replace("s(crash <= 1)", "s(crash <= 1 of C)")
    (folder / "a.tell").write_text(text, "utf-8")
    capsys.readouterr()
    assert run(["replay", str(file), "a.tell"]) == 1
    assert "scenario `s` is now `crash <= 1 of C`" in capsys.readouterr().out


def test_recheck_holds_a_scenario_against_the_one_of_its_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults down(crash <= 1 of Server)\n-- tell: faults lossy(loss)\n{STORE}"
    check(folder, capsys, text, "--evidence", "ev")
    (file,) = Path("ev").rglob("no-stuck-role.Client.under.down.itf.json")
    assert run(["recheck", str(file)]) == 0
    capsys.readouterr()
    file.write_text(file.read_text("utf-8").replace(" @ down", " @ lossy"), "utf-8")
    assert run(["recheck", str(file)]) == 1
    assert "scenario `lossy` is now `loss`" in capsys.readouterr().out


def test_a_search_that_ends_at_a_budget_is_unknown_and_names_what_is_decided(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults s(loss)\n{OTA}"
    done, said = check(
        folder, capsys, text, "--instances", "D=3", "--config", "bounds.configurations=240"
    )
    assert done == 0
    assert "too large to be searched; decided with `loss <= 1`" in " ".join(said.split())


def test_a_protocol_that_is_too_large_is_said_at_the_scenario(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults s(crash <= 1)\n{OTA}"
    done, said = check(folder, capsys, text, "--instances", "D=70")
    assert done == 0 and "warning[TV594]" in said and "a.tell:1:" in said


def test_rust_and_markdown_have_scenarios_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"-- tell: faults one-crash(crash <= 1 of Server)\n{STORE}"
    (folder / "page.md").write_text(f"# Page\n\n```tell\n{text}```\n", "utf-8")
    (folder / "lib.rs").write_text(f'tell! {{ r#"\n{text}"# }}\n', "utf-8")
    for name in ("page.md", "lib.rs"):
        run(["check", name])
        assert "no-stuck-role[Client] @ one-crash" in capsys.readouterr().out, name


def test_what_would_help_and_what_would_do_harm_is_verified_and_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stated = "-- tell: property same: agreement(Commit, Abort)\n-- tell: faults s(crash <= 1)\n"
    _, said = check(folder, capsys, stated + OTA, "--instances", "D=3")
    said = " ".join(said.split())
    assert "let `C` continue after any 2 of 3 `Ready` from `D`: no run with D = 3 leaves it" in said
    harm = "a timer at `D[0]` that decides on its own would break `same`: a run of 14 events"
    assert f"note: {harm}" in said
    heals = "that ends as `Commit` or `Abort` does: no run with D = 3 leaves it waiting then"
    assert "give `C` a timer around lines" in said and heals in said
    more = stated.replace("crash <= 1", "crash <= 2 of D")
    _, said = check(folder, capsys, more + OTA, "--instances", "D=3")
    assert "after any 1 of 3 `Ready`" in " ".join(said.split())


def test_an_obligation_under_a_scenario_is_assumed_by_its_whole_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stated = f"-- tell: faults s(crash <= 1 of Server)\n{STORE}"
    reason = "a supervisor restarts the client"
    for name, words in (
        ("no-stuck-role[Client] @ s", "assumed   no-stuck-role[Client] @ s"),
        ("no-stuck-role @ s", "assumed   no-stuck-role[Client"),
        ("no-stuck-role[Client]", "refuted   no-stuck-role[Client] @ s"),
        ("no-stuck-role @ other", "TV022"),
    ):
        _, said = check(folder, capsys, f"-- tell: assume({name}): {reason}\n{stated}")
        assert words in said, said


SHY = "-- tell: property shy: receive Abort only after send Abort\n"
DEADLINE = """protocol Ota =
  roles C, D[N]
  C -> D[*] : Propose
  timeout 30s C at
    D[*] -> C : Ready
    C -> D[*] : Commit
  on timeout =>
    C -> D[*] : Abort
"""


@pytest.mark.parametrize(("text", "limit"), [(OTA, "40"), (DEADLINE, "90")])
@pytest.mark.parametrize("in_configuration", [False, True])
def test_a_formula_of_which_the_search_ends_names_what_is_decided(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    limit: str,
    in_configuration: bool,
) -> None:
    rules = "loss <= 2, crash <= 1 of D"
    if in_configuration:
        settings = f'[faults.lossy]\nrules = ["{rules}"]\n'
        (folder / "tellverify.toml").write_text(settings, "utf-8")
    else:
        text = f"-- tell: faults lossy({rules})\n{text}"
    options = ("--instances", "D=2", "--configurations", limit)
    done, said = check(folder, capsys, SHY + text, *options)
    said = " ".join(said.split())
    assert done == 0
    assert "unknown property[shy] @ lossy TV902" in said
    formula = said.partition("unknown property[shy] @ lossy")[2]
    assert "decided with `crash <= 1 of D`" in formula[:250]
    assert "unknown no-stuck-role" in said or "refuted no-stuck-role" in said


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("at-most-once(X at B)", "that violates <code>at-most-once[p]</code>"),
        ("agreement(X, Y)", "decide differently: <code>agreement[p]</code>"),
    ],
)
def test_every_report_has_a_refuted_decision(
    folder: Path, capsys: pytest.CaptureFixture[str], stated: str, words: str
) -> None:
    text = (
        f"-- tell: property p: {stated}\nprotocol P =\n  roles A, B, C\n"
        "  A -> B : X\n  A -> B : X\n  A -> C : Y\n"
    )
    kinds = ("json", "sarif", "junit", "gitlab", "html", "markdown", "proof")
    options = [word for kind in kinds for word in ("--report", f"{kind}=out/r.{kind}")]
    assert check(folder, capsys, text, *options)[0] == 1
    assert all((folder / "out" / f"r.{kind}").stat().st_size for kind in kinds)
    assert words in (folder / "out" / "r.markdown").read_text("utf-8")
