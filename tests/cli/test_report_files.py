"""Reports where they cannot be written, and outputs that end early: honest codes, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tellverify.report.kinds import KINDS

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n  B -> A : Pong\n"
FULL = Path("/dev/full")
NAMES = ["x" * 10_000, "<b>", "a\u202eb", "]]>", "-->", "`|`", "\x1b[31m", "\ud800"]


def tellverify(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "good.tell").write_text(GOOD, encoding="utf-8")
    return tmp_path


def reports(*skipped: str) -> list[str]:
    return [f"--report={kind}={kind}.out" for kind in KINDS if kind not in skipped]


def test_any_number_of_reports_in_one_run(project: Path) -> None:
    done = tellverify("check", *reports(), "--report", "json=second.json", cwd=project)
    assert done.returncode == 0, done.stderr
    for kind in KINDS:
        assert (project / f"{kind}.out").stat().st_size > 0
    assert (project / "second.json").read_bytes() == (project / "json.out").read_bytes()


@pytest.mark.parametrize("path", [".", "good.tell/out.sarif", "x" * 300])
def test_one_report_that_cannot_be_written_leaves_the_others(project: Path, path: str) -> None:
    done = tellverify("check", "--report", f"sarif={path}", *reports("sarif"), cwd=project)
    assert done.returncode == 2
    assert f"cannot write the sarif report to {path}" in done.stderr
    assert "Traceback" not in done.stderr
    run = json.loads((project / "json.out").read_text(encoding="utf-8"))
    assert run["exitCode"] == 2
    assert "cannot write the sarif report" in run["exitReason"]
    assert "exit 2: cannot write the sarif report" in " ".join(done.stdout.split())
    tree = ElementTree.parse(project / "junit.out")
    assert int(tree.getroot().get("errors", "0")) == 1
    assert "**Exit 2:**" in (project / "markdown.out").read_text(encoding="utf-8")


def test_exit_zero_does_not_hide_a_missing_report(project: Path) -> None:
    done = tellverify("check", "--exit-zero", "--report", "json=.", cwd=project)
    assert done.returncode == 2


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_and_the_others_agree(project: Path) -> None:
    done = tellverify("check", "--report", f"sarif={FULL}", *reports("sarif"), cwd=project)
    assert done.returncode == 2
    assert f"cannot write the sarif report to {FULL}: No space left on device" in done.stderr
    run = json.loads((project / "json.out").read_text(encoding="utf-8"))
    assert run["exitCode"] == 2
    assert FULL.exists()


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("style", ["text", "json", "github", "concise"])
def test_a_full_standard_output_is_no_success(project: Path, style: str) -> None:
    with FULL.open("w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "tellverify", "check", "--format", style],
            cwd=project,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "tellverify: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("command", [["explain", "--list"], ["check", "-v"], ["--help"]])
def test_a_reader_that_leaves_is_no_defect(project: Path, command: list[str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tellverify", *command],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    code = process.wait(timeout=60)
    process.stderr.close()
    assert said == b""
    assert code in (0, 1, 128 + 13)


def test_a_report_may_go_to_standard_output(project: Path) -> None:
    done = tellverify("check", "--report", "json=-", cwd=project)
    assert json.loads(done.stdout)["exitCode"] == done.returncode == 0
    assert done.stderr.endswith("exit 0: every required obligation holds\n")
    quiet = tellverify("check", "-q", "--report", "junit=-", cwd=project)
    assert quiet.stderr == ""
    ElementTree.fromstring(quiet.stdout)


@pytest.mark.parametrize(
    "given", [["json"], ["json="], ["pdf=x"], ["json=-", "sarif=-"], ["json=a", "sarif=./a"]]
)
def test_wrong_reports_are_wrong_usage(project: Path, given: list[str]) -> None:
    arguments = [word for one in given for word in ("--report", one)]
    done = tellverify("check", *arguments, cwd=project)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (project / "a").exists()


def test_the_summary_of_a_job_is_appended_to(project: Path) -> None:
    summary = project / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    for _ in range(2):
        tellverify(
            *("check", "--report", f"markdown={summary}"),
            cwd=project,
            GITHUB_STEP_SUMMARY=str(summary),
        )
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- tellverify")
    assert text.count("### tellverify") == 2


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:12])
def test_hostile_names_in_files_and_paths(tmp_path: Path, name: str) -> None:
    text = f"protocol {name} =\n  roles {name}, B\n  {name} -> B : {name}\n"
    path = f"{name[:40].replace('/', '_')}.tell"
    try:
        (tmp_path / path).write_bytes(text.encode("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        pytest.skip("no such file can be made here")
    done = tellverify("check", *reports("html"), cwd=tmp_path)
    assert done.returncode in (0, 1, 3, 4), done.stderr
    assert "Traceback" not in done.stderr and "defect" not in done.stderr
    assert all(line.isprintable() for line in done.stdout.split("\n"))
    ElementTree.parse(tmp_path / "junit.out")
    for kind in ("json", "sarif", "gitlab"):
        json.loads((tmp_path / f"{kind}.out").read_text(encoding="utf-8"))


def test_completions_are_printed_for_each_shell(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = tellverify("completions", shell, cwd=tmp_path)
        assert done.returncode == 0
        assert "_TELLVERIFY_COMPLETE" in done.stdout
    done = tellverify(
        cwd=tmp_path,
        _TELLVERIFY_COMPLETE="bash_complete",
        COMP_WORDS="tellverify check --form",
        COMP_CWORD="2",
    )
    assert done.stdout == "plain,--format\n"
    done = tellverify(
        cwd=tmp_path,
        _TELLVERIFY_COMPLETE="bash_complete",
        COMP_WORDS="tellverify show graph spe",
        COMP_CWORD="3",
    )
    assert done.stdout == "file,spe\n"
