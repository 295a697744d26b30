"""A refuted protocol in a Markdown page and in a Rust source, through every command.

The same protocol in a `.tell` file is the measure: where it stands changes no answer.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROTOCOL = """\
module shop exposing (Order)

protocol Order =
  roles A, B, C
  choice A at
    | Left =>
        A -> B : Left
        A -> C : Left
    | Right =>
        A -> B : Right
"""
BEFORE = {"page.md": "# Orders\n\nAn   order is `placed`.\n\n```tell\n", "lib.rs": "fn f() {}\n\n"}
AFTER = {"page.md": "```\n\nThe *end*.\n", "lib.rs": "\nfn  g( ) {}\n"}
POLICY = """\
format = 1
name = "shop"

capabilities = [{ key = "custody", family = "theorem" }]
families = [{ name = "theorem", inventory = true }]
grants = [{ key = "custody", all = ["contract:custody"] }]

[[protocols]]
id = "shop.order"
module = "shop"
protocol = "Order"
files = ["order.tell", "page.md", "lib.rs"]
category = "C"
keys = ["custody"]

[[runtimes]]
name = "full"
facts = ["contract:custody"]

[admission]
runtime = "full"
"""
HOSTS = ("page.md", "lib.rs")
everywhere = pytest.mark.parametrize("host", HOSTS)


def hosted(host: str, text: str) -> str:
    """`text` inside a file called `host`."""
    if host == "lib.rs":
        text = f"tell! {{\n{textwrap.indent(text, '  ', lambda line: bool(line.strip()))}}}\n"
    return BEFORE[host] + text + AFTER[host]


def tellverify(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The protocol in three files, and the evidence of a check of each."""
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    (folder / "order.tell").write_text(PROTOCOL, encoding="utf-8")
    for host in HOSTS:
        (folder / host).write_text(hosted(host, PROTOCOL), encoding="utf-8")
    for path in ("order.tell", *HOSTS):
        done = tellverify(
            *("check", path, "--isolated", "--no-cache", "--evidence", f"evidence-{path}"),
            *("--report", f"json={path}.json"),
            cwd=folder,
        )
        assert done.returncode == 1, done.stderr
        (folder / f"{path}.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def without_places(text: str) -> str:
    """`text` without the files, lines and columns that it cites."""
    text = re.sub(r"\b(?:page\.md|lib\.rs|order\.tell)(?::\d+)*", "file", text)
    text = re.sub(r"\"(line|column|endLine|endColumn)\": ?\d+", r'"\1"', text)
    return re.sub(r"line \d+| +", " ", text)


def both(folder: Path, host: str, *arguments: str) -> tuple[str, str]:
    """What the command says of the protocol in `host` and in a file of its own.

    `FILE` stands for the file. The exit codes are equal, too.
    """
    first, second = (
        tellverify(*(path if one == "FILE" else one for one in arguments), cwd=folder)
        for path in (host, "order.tell")
    )
    assert first.returncode == second.returncode, first.stdout + first.stderr
    assert second.stdout
    return without_places(first.stdout), without_places(second.stdout)


@everywhere
def test_verdicts_are_those_of_a_file_of_its_own(folder: Path, host: str) -> None:
    first, second = (
        [
            (
                protocol["name"],
                one["property"],
                str(one["scope"].get("roles")),
                one["outcome"]["status"],
            )
            for protocol in json.loads((folder / f"{path}.json").read_bytes())["protocols"]
            for one in protocol["verdicts"]
        ]
        for path in (host, "order.tell")
    )
    assert first == second
    assert {"refuted", "proved"} <= {status for *_, status in first}


@everywhere
def test_a_finding_is_located_in_the_file_around_it(folder: Path, host: str) -> None:
    lines = (folder / host).read_text(encoding="utf-8").splitlines()
    run = json.loads((folder / f"{host}.json").read_bytes())
    outcomes = [one["outcome"] for each in run["protocols"] for one in each["verdicts"]]
    findings = [one["diagnostic"] for one in outcomes if "diagnostic" in one]
    assert findings
    for finding in findings:
        place = finding["primary"]["region"]
        assert place["path"] == host
        shown = lines[place["line"] - 1][place["column"] - 1 : place["endColumn"] - 1]
        assert shown in ("Left", "Right")


@everywhere
def test_the_printed_replay_command_replays_the_trace(folder: Path, host: str) -> None:
    printed = (folder / f"{host}.txt").read_text(encoding="utf-8")
    (command,) = re.findall(r"tellverify (replay .+)$", printed, re.MULTILINE)
    done = tellverify(*shlex.split(command), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{host}:" in done.stdout


@everywhere
def test_replay_reads_the_file_that_is_given(folder: Path, host: str) -> None:
    (trace,) = (folder / f"evidence-{host}").rglob("*.itf.json")
    done = tellverify("replay", str(trace.relative_to(folder)), host, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@everywhere
def test_recheck_accepts_all_evidence(folder: Path, host: str) -> None:
    done = tellverify("recheck", f"evidence-{host}", cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "0 rejected" in done.stdout


@everywhere
@pytest.mark.parametrize("style", ["bridge", "derived", "machine", "mermaid", "text"])
def test_project_gives_the_same_machines(folder: Path, host: str, style: str) -> None:
    first, second = (
        tellverify("project", path, "--role", "B", "--format", style, cwd=folder)
        for path in (host, "order.tell")
    )
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr
    assert without_places(first.stdout) == without_places(second.stdout)


@everywhere
@pytest.mark.parametrize("stage", ["graph", "machines", "tiers"])
def test_show_gives_the_same_stages(folder: Path, host: str, stage: str) -> None:
    first, second = both(folder, host, "show", stage, "FILE")
    assert first == second


@everywhere
@pytest.mark.parametrize("stage", ["tokens", "ast"])
def test_show_reads_the_text(folder: Path, host: str, stage: str) -> None:
    done = tellverify("show", stage, host, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Order" in done.stdout
    assert "Right" in done.stdout


@everywhere
def test_show_chart_draws_the_trace(folder: Path, host: str) -> None:
    (trace,) = (folder / f"evidence-{host}").rglob("*.itf.json")
    done = tellverify("show", "chart", str(trace.relative_to(folder)), host, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Right" in done.stdout


@everywhere
@pytest.mark.parametrize("branch", ["Left", "Right"])
@pytest.mark.parametrize("policy", [("--no-policy",), ("--policy", "policy.toml")])
def test_run_makes_the_same_events(
    folder: Path, host: str, branch: str, policy: tuple[str, ...]
) -> None:
    first, second = both(folder, host, "run", "FILE", *policy, "--choices", branch)
    assert first == second
    assert branch in second


@everywhere
@pytest.mark.parametrize("command", ["admit", "accept", "manifest", "inventory"])
def test_decisions_of_the_policy_are_the_same(folder: Path, host: str, command: str) -> None:
    first, second = both(folder, host, command, "FILE", "--policy", "policy.toml")
    assert first == second


@everywhere
def test_lint_finds_the_same(folder: Path, host: str) -> None:
    done = tellverify("lint", host, cwd=folder)
    assert done.returncode == tellverify("lint", "order.tell", cwd=folder).returncode == 0


@everywhere
def test_lint_locates_its_findings_in_the_file_around(tmp_path: Path, host: str) -> None:
    text = PROTOCOL.replace("module shop", "module Shop")
    (tmp_path / host).write_text(hosted(host, text), encoding="utf-8")
    line = hosted(host, text).splitlines().index("  " * (host == "lib.rs") + text.splitlines()[0])
    done = tellverify("lint", host, "--format", "concise", cwd=tmp_path)
    assert re.search(rf"^{re.escape(host)}:{line + 1}:\d+: .*TV382", done.stdout, re.MULTILINE)


@everywhere
def test_fmt_leaves_what_is_canonical(folder: Path, host: str) -> None:
    done = tellverify("fmt", "--check", host, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@everywhere
def test_fmt_rewrites_the_protocol_and_nothing_around_it(tmp_path: Path, host: str) -> None:
    loose = PROTOCOL.replace("A -> B : Left", "A  ->  B:Left")
    assert loose != PROTOCOL
    (tmp_path / host).write_text(hosted(host, loose), encoding="utf-8")
    assert tellverify("fmt", "--check", host, cwd=tmp_path).returncode == 1
    assert (tmp_path / host).read_text(encoding="utf-8") == hosted(host, loose)
    done = tellverify("fmt", host, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / host).read_text(encoding="utf-8") == hosted(host, PROTOCOL)


@everywhere
def test_lint_mends_the_protocol_and_nothing_around_it(tmp_path: Path, host: str) -> None:
    loose = PROTOCOL.replace("A -> B : Left", "A  ->  B:Left")
    (tmp_path / host).write_text(hosted(host, loose), encoding="utf-8")
    assert tellverify("lint", "--fail-on", "note", host, cwd=tmp_path).returncode == 1
    done = tellverify("lint", "--fix", host, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / host).read_text(encoding="utf-8") == hosted(host, PROTOCOL)


ERROR_BESIDE = {
    "page.md": "\n```tell\nprotocol Other =\n  roles A, B\n  A -> Z : Hello\n```\n",
    "lib.rs": '\ntell!(r#"\nprotocol Other =\n  roles A, B\n  A -> B : Hello\n"#);\n',
}


@everywhere
def test_an_error_of_another_text_in_the_file_stops_no_command(tmp_path: Path, host: str) -> None:
    """A check decides the protocol beside it, so what a check prints can be done."""
    text = hosted(host, PROTOCOL) + ERROR_BESIDE[host]
    (tmp_path / host).write_text(text, encoding="utf-8")
    checked = tellverify("check", host, "--isolated", "--evidence", "evidence", cwd=tmp_path)
    printed = re.findall(r"tellverify (replay .*)", checked.stdout)
    assert printed
    for command in printed:
        replayed = tellverify(*shlex.split(command), cwd=tmp_path)
        assert (replayed.returncode, replayed.stdout.splitlines()[-1][:9]) == (0, "accepted:")
    rechecked = tellverify("recheck", "evidence", cwd=tmp_path)
    assert (rechecked.returncode, "0 rejected" in rechecked.stdout) == (0, True), rechecked.stdout
    for arguments in (("project",), ("show", "graph"), ("show", "machines")):
        done = tellverify(*arguments, host, "--protocol", "Order", cwd=tmp_path)
        assert (done.returncode, done.stderr.count("error[")) == (0, 1), done.stderr
        assert "Left" in done.stdout


def test_a_protocol_with_errors_is_not_projected(tmp_path: Path) -> None:
    text = hosted("page.md", PROTOCOL) + ERROR_BESIDE["page.md"]
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    for name in ("Other", "Missing"):
        done = tellverify("project", "page.md", "--protocol", name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert "error[TV201]" in done.stderr


def test_evidence_of_two_protocols_of_one_name_in_a_page_is_accepted(tmp_path: Path) -> None:
    """The second has its line in its name, which its text does not have."""
    (tmp_path / "page.md").write_text(hosted("page.md", PROTOCOL) * 2, encoding="utf-8")
    checked = tellverify("check", "page.md", "--isolated", "--evidence", "evidence", cwd=tmp_path)
    printed = re.findall(r"tellverify (replay .*)", checked.stdout)
    assert len(printed) == 2
    for command in printed:
        assert tellverify(*shlex.split(command), cwd=tmp_path).returncode == 0
    rechecked = tellverify("recheck", "evidence", cwd=tmp_path)
    assert (rechecked.returncode, "0 rejected" in rechecked.stdout) == (0, True), rechecked.stdout
