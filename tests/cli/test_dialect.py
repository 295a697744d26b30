"""`--dialect` and imports as a user meets them on the command line and in the library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tellverify

TAIL = """\
protocol P =
  roles A, B, C
  choice A at
    | x =>
        A -> B : x
        A -> C : Work
    | y =>
        A -> B : y
  A -> C : Stop
"""
SHOP = "module Shop exposing (Pay)\nprotocol Pay =\n  roles A, B\n  A -> B : Pay\n"
ORDER = """\
module Sales exposing (Order)
import Shop exposing (Pay)
protocol Order =
  roles A, B
  B -> A : Price
  call Pay
"""


def run(*arguments: str, cwd: Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", "check", *arguments],
        cwd=cwd,
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


class TestDialect:
    def test_verdicts_are_about_what_telltale_runs(self, tmp_path: Path) -> None:
        strict = run("-", cwd=tmp_path, text=TAIL)
        faithful = run("-", "--dialect", "faithful", cwd=tmp_path, text=TAIL)
        assert (strict.returncode, faithful.returncode) == (0, 1)
        assert "warning[TV261]" in strict.stdout
        assert "note[TV261]" in faithful.stdout
        assert "TV512" in faithful.stdout

    def test_the_report_says_which_dialect(self, tmp_path: Path) -> None:
        faithful = run("-", "--dialect", "faithful", cwd=tmp_path, text=TAIL).stdout.splitlines()
        dialect = next(n for n, line in enumerate(faithful) if line.startswith("dialect faithful:"))
        assert faithful[dialect + 2].startswith("under FIFO queues")
        assert "dialect" not in run("-", cwd=tmp_path, text=TAIL).stdout

    @pytest.mark.parametrize("dialect", ["strict", "faithful"])
    def test_json_has_it(self, tmp_path: Path, dialect: str) -> None:
        done = run("-", "--dialect", dialect, "--format", "json", cwd=tmp_path, text=TAIL)
        settings = dict(json.loads(done.stdout)["configuration"])
        assert settings == {"dialect": f'"{dialect}"'}

    def test_markdown_has_it(self, tmp_path: Path) -> None:
        run("-", "--dialect", "faithful", "--report", "markdown=r.md", cwd=tmp_path, text=TAIL)
        assert "**Dialect faithful:**" in (tmp_path / "r.md").read_text("utf-8")

    def test_there_are_two(self, tmp_path: Path) -> None:
        assert run("-", "--dialect", "lax", cwd=tmp_path, text=TAIL).returncode == 2

    def test_the_library_has_it(self) -> None:
        assert tellverify.check(TAIL).exit_code == 0
        faithful = tellverify.check(TAIL, dialect="faithful")
        assert (faithful.exit_code, faithful.dialect) == (1, "faithful")
        with pytest.raises(ValueError, match="no such dialect: lax"):
            tellverify.check(TAIL, dialect="lax")


class TestImports:
    def test_a_folder_resolves_them(self, tmp_path: Path) -> None:
        (tmp_path / "shop.tell").write_text(SHOP, "utf-8")
        (tmp_path / "order.tell").write_text(ORDER, "utf-8")
        done = run("--format", "concise", cwd=tmp_path)
        assert done.returncode == 0
        assert [line.split(" ", 1)[0] for line in done.stdout.splitlines()[:-1]] == [
            "order.tell:6:3:"
        ]
        assert tellverify.check(tmp_path).exit_code == 0

    def test_a_file_by_itself_says_what_it_lacks(self, tmp_path: Path) -> None:
        (tmp_path / "order.tell").write_text(ORDER, "utf-8")
        done = run("order.tell", cwd=tmp_path)
        assert done.returncode == 1
        assert "error[TV235]" in done.stdout
        assert "checked alone" in done.stdout

    def test_evidence_of_an_importer(self, tmp_path: Path) -> None:
        """A refuted protocol shows its run in both files."""
        shop = SHOP.replace("A, B", "A, B, C").replace(
            "  A -> B : Pay\n",
            "  choice A at\n    | x =>\n        A -> B : x\n        A -> C : x\n"
            "    | y =>\n        A -> B : y\n",
        )
        (tmp_path / "shop.tell").write_text(shop, "utf-8")
        (tmp_path / "order.tell").write_text(ORDER.replace("A, B", "A, B, C"), "utf-8")
        done = run("--evidence", "proofs", "--format", "concise", cwd=tmp_path)
        assert done.returncode == 1
        assert "shop.tell:6:" in done.stdout
        assert list((tmp_path / "proofs").rglob("*.itf.json"))
