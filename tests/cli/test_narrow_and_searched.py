"""What reports say in narrow terminals, of searched obligations, and of drifted manifests."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.report.text import write_text
from tellverify.verification.pipeline import check_files

ROOT = Path(__file__).resolve().parents[2]
GOOD = "protocol {name} =\n  roles A, B\n  A -> B : Ping\n"
QUEUE = """\
protocol Race =
  roles A, B, C
  choice A at
    | X =>
        A -> B : X
        B -> C : Go
    | Y =>
        A -> B : Y
        C -> A : Late
"""


def text(width: int, *names: str) -> list[str]:
    files = [inputs.decode(f"{n}.tell", GOOD.format(name=n).encode()) for n in names]
    checked = check_files(files, Options())
    out = io.StringIO()
    write_text(
        checked.run,
        checked.sources,
        out,
        color=False,
        ascii_only=False,
        width=width,
        verbose=False,
    )
    return out.getvalue().splitlines()


def test_a_good_protocol_keeps_its_status_and_name_in_a_narrow_terminal() -> None:
    for width in (40, 60, 75, 76, 120):
        lines = text(width, "First", "Second")
        for name in ("First", "Second"):
            at = next(n for n, line in enumerate(lines) if line.split()[:1] == [name])
            assert "2 roles" in lines[at] or "2 roles" in lines[at + 1], width


def test_json_says_that_a_search_decided(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(QUEUE)
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", "check", "p.tell", "--isolated", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    (protocol,) = json.loads(done.stdout)["protocols"]
    engines = {v["property"]: v["engine"] for v in protocol["verdicts"]}
    methods = {v["property"]: v["outcome"].get("method") for v in protocol["verdicts"]}
    searched = {prop for prop, method in methods.items() if method == "search"}
    assert searched
    assert {engines[prop] for prop in searched} == {"search"}
    assert engines["well-formed"] == "syntactic"


def test_a_manifest_with_other_keys_names_them() -> None:
    folder = ROOT / "counterexamples" / "admission"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tellverify", "admit", "plain_keys_drift.json"),
            *("--policy", "policy.toml", "--runtime", "full"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    head = " ".join(done.stdout.split("\n = ")[0].split())
    assert head.startswith("error[TV717]: `required_capabilities`")
    assert "`termination_bounded` is missing" in head
    assert "``" not in done.stdout
