"""A refuted protocol that imports another, through every command that reads a protocol.

The same protocol with the imported one as a local protocol is the measure: both mean the same.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

BODY = """\
protocol Order =
  roles A, B, C
  call Pay
  choice A at
    | Left =>
        A -> B : Left
        A -> C : Left
    | Right =>
        A -> B : Right
"""
IMPORTED = "module shop exposing (Pay)\n\nprotocol Pay =\n  roles A, B\n  A -> B : Pay\n"
IMPORTS = f"module sales exposing (Order)\n\nimport shop exposing (Pay)\n\n{BODY}"
LOCAL = f"module sales exposing (Order)\n\n{BODY}where\n  protocol Pay =\n    A -> B : Pay\n"
POLICY = """\
format = 1
name = "shop"

capabilities = [{ key = "custody", family = "theorem" }]
families = [{ name = "theorem", inventory = true }]
grants = [{ key = "custody", all = ["contract:custody"] }]

[[protocols]]
id = "shop.order"
module = "sales"
protocol = "Order"
files = ["sales.tell"]
category = "C"
keys = ["custody"]

[[protocols]]
id = "shop.pay"
module = "shop"
protocol = "Pay"
files = ["shop.tell"]
category = "C"

[[runtimes]]
name = "full"
facts = ["contract:custody"]

[admission]
runtime = "full"
"""


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


def folder_with(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.tell").write_text(text, encoding="utf-8")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def imports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an import, and the evidence of its check."""
    folder = folder_with(tmp_path_factory.mktemp("imports"), sales=IMPORTS, shop=IMPORTED)
    return checked(folder)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same protocols without an import."""
    folder = folder_with(tmp_path_factory.mktemp("local"), sales=LOCAL, shop=IMPORTED)
    return checked(folder)


def checked(folder: Path) -> Path:
    done = tellverify(
        *("check", ".", "--isolated", "--no-cache", "--evidence", "evidence"),
        *("--report", "json=run.json"),
        cwd=folder,
    )
    assert done.returncode == 1, done.stderr
    (folder / "run.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def trace_of(folder: Path) -> str:
    (trace,) = (folder / "evidence").rglob("*.itf.json")
    return str(trace.relative_to(folder))


def test_verdicts_are_those_of_the_local_protocol(imports: Path, local: Path) -> None:
    first, second = (
        {
            (
                protocol["name"],
                one["property"],
                str(one["scope"].get("roles")),
                one["outcome"]["status"],
            )
            for protocol in json.loads((folder / "run.json").read_bytes())["protocols"]
            for one in protocol["verdicts"]
        }
        for folder in (imports, local)
    )
    assert first == second
    assert {"refuted", "proved"} <= {status for *_, status in first}


def test_the_printed_replay_command_replays_the_trace(imports: Path) -> None:
    printed = (imports / "run.txt").read_text(encoding="utf-8")
    (command,) = re.findall(r"tellverify (replay .+)$", printed, re.MULTILINE)
    done = tellverify(*shlex.split(command), cwd=imports)
    assert done.returncode == 0, done.stdout + done.stderr


def test_replay_names_the_file_of_every_event(imports: Path) -> None:
    done = tellverify("replay", trace_of(imports), cwd=imports)
    last = 1 + IMPORTS.splitlines().index("        A -> B : Right")
    assert "shop.tell:5" in done.stdout
    assert f"sales.tell:{last}" in done.stdout


def test_replay_reads_the_file_that_is_given(imports: Path) -> None:
    done = tellverify("replay", trace_of(imports), "sales.tell", cwd=imports)
    assert done.returncode == 0, done.stdout + done.stderr


def test_recheck_accepts_all_evidence(imports: Path) -> None:
    done = tellverify("recheck", "evidence", cwd=imports)
    assert done.returncode == 0, done.stdout
    assert "0 rejected" in done.stdout


@pytest.mark.parametrize("changed", ["shop.tell", "sales.tell"])
def test_recheck_rejects_evidence_when_either_file_has_changed(
    tmp_path: Path, changed: str
) -> None:
    """All of it is accepted before, and the trace is rejected for a change in either file."""
    folder = checked(folder_with(tmp_path, sales=IMPORTS, shop=IMPORTED))
    trace = trace_of(folder)
    assert tellverify("recheck", trace, cwd=folder).returncode == 0
    text = (folder / changed).read_text(encoding="utf-8")
    text = text.replace(": Pay\n", ": Paid\n").replace(": Right\n", ": Other\n")
    (folder / changed).write_text(text, encoding="utf-8")
    assert tellverify("recheck", trace, cwd=folder).returncode == 1


@pytest.mark.parametrize("style", ["bridge", "derived", "machine", "mermaid"])
def test_project_gives_the_machines_of_the_local_protocol(
    imports: Path, local: Path, style: str
) -> None:
    role = ("--role", "B")
    first, second = (
        tellverify("project", "sales.tell", *role, "--format", style, cwd=folder)
        for folder in (imports, local)
    )
    assert (first.returncode, first.stderr) == (second.returncode, second.stderr)
    assert second.stdout
    assert without_lines(first.stdout) == without_lines(second.stdout)


def without_lines(text: str) -> str:
    """`text` without the places that it cites, and without the widths of columns."""
    text = re.sub(r"(?:line |\w+\.tell:|\"line\": ?)\d+", "line", text)
    return re.sub(r" +", " ", text)


@pytest.mark.parametrize("stage", ["graph", "machines", "tiers"])
def test_show_gives_the_stages_of_the_local_protocol(
    imports: Path, local: Path, stage: str
) -> None:
    first, second = (
        tellverify("show", stage, "sales.tell", cwd=folder) for folder in (imports, local)
    )
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr
    assert without_lines(first.stdout) == without_lines(second.stdout)


def test_show_chart_draws_the_trace(imports: Path) -> None:
    done = tellverify("show", "chart", trace_of(imports), "sales.tell", cwd=imports)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Pay" in done.stdout
    assert "Right" in done.stdout


@pytest.mark.parametrize("branch", ["Left", "Right"])
@pytest.mark.parametrize("policy", [("--no-policy",), ("--policy", "policy.toml")])
def test_run_ends_as_with_the_local_protocol(
    imports: Path, local: Path, branch: str, policy: tuple[str, ...]
) -> None:
    arguments = ("run", "sales.tell", *policy, "--choices", branch, "--json")
    first, second = (tellverify(*arguments, cwd=folder) for folder in (imports, local))
    assert first.returncode == second.returncode
    assert "Pay" in second.stdout
    assert "Pay" in first.stdout


def test_manifest_is_that_of_the_local_protocol(imports: Path, local: Path) -> None:
    arguments = ("manifest", "sales.tell", "--protocol", "Order", "--policy", "policy.toml")
    first, second = (tellverify(*arguments, cwd=folder) for folder in (imports, local))
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr
    assert without_lines(first.stdout) == without_lines(second.stdout)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("admit", "sales.tell"),
        ("admit", "."),
        ("accept", "sales.tell"),
        ("accept", "."),
        ("inventory", "."),
    ],
)
def test_decisions_of_the_policy_are_those_of_the_local_protocol(
    imports: Path, local: Path, command: str, path: str
) -> None:
    arguments = (command, path, "--policy", "policy.toml")
    first, second = (tellverify(*arguments, cwd=folder) for folder in (imports, local))
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr
    assert "shop.order" in second.stdout
    assert without_lines(first.stdout) == without_lines(second.stdout)


def test_lint_finds_nothing_to_mend(imports: Path, local: Path) -> None:
    first, second = (tellverify("lint", ".", cwd=folder) for folder in (imports, local))
    assert first.returncode == second.returncode == 0, first.stdout + first.stderr


def test_fmt_leaves_an_import_as_it_is(imports: Path) -> None:
    done = tellverify("fmt", "--check", "sales.tell", "shop.tell", cwd=imports)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("command", ["project", "run --no-policy", "manifest", "show graph"])
def test_a_module_that_is_nowhere_is_named_as_missing(tmp_path: Path, command: str) -> None:
    folder = folder_with(tmp_path, sales=IMPORTS)
    done = tellverify(*command.split(), "sales.tell", cwd=folder)
    assert done.returncode != 0
    assert "sales.tell:3:8" in done.stdout + done.stderr
    assert "`shop`" in done.stdout + done.stderr


def test_an_import_of_a_missing_module_is_said_with_and_without_names(
    tmp_path: Path,
) -> None:
    """Also where another import brings what is called."""
    (tmp_path / "shop.tell").write_text(IMPORTED, encoding="utf-8")
    for line, said in (
        ("import Missing", True),
        ("import Missing exposing (Other)", True),
        ("import shop", False),
    ):
        text = IMPORTS.replace("import shop", f"{line}\nimport shop", 1)
        (tmp_path / "sales.tell").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "tellverify", "check", ".", "--format", "concise"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ("TV235" in done.stdout) == said, (line, done.stdout)


def test_a_manifest_has_the_guards_of_what_is_imported(tmp_path: Path) -> None:
    """Called protocols count, directly or by others; those that are only imported do not."""
    files = {
        "sales.tell": (
            "module sales exposing (Order)\n\nimport shop exposing (Pay)\n"
            "import idle exposing (Wait)\n\nprotocol Order =\n  roles A, B\n"
            '  A { guard_capability : "sync:order" } -> B : Order\n  call Pay\n'
        ),
        "shop.tell": (
            "module shop exposing (Pay)\n\nimport bank exposing (Draw)\n\nprotocol Pay =\n"
            '  roles A, B\n  A { guard_capability : "sync:pay", link :'
            ' "bundle=till|exports=slip" } -> B : Pay\n  call Draw\n'
        ),
        "bank.tell": (
            "module bank exposing (Draw)\n\nprotocol Draw =\n  roles A, B\n"
            '  B { guard_capability : "sync:draw" } -> A : Draw\n'
        ),
        "idle.tell": (
            "module idle exposing (Wait)\n\nprotocol Wait =\n  roles A, B\n"
            '  B { guard_capability : "sync:wait" } -> A : Wait\n'
        ),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", "manifest", "sales.tell", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    found = found.get("manifest", found)
    assert found["guard_capabilities"] == ["sync:draw", "sync:order", "sync:pay"]
    assert [link["bundle_id"] for link in found["link_specs"]] == ["till"]
