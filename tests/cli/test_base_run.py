"""`--base-run`: reports begin with what changed since a stored run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.cli.group import run

GOOD = """\
protocol Shop =
  roles A, B
  A { guard_capability : "x:y", flow_cost : 3 } -> B : X
"""

BROKEN = """\
  choice A at
    | x =>
        A -> B : P
        B -> C : P
    | y =>
        A -> B : Q
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(folder: Path, text: str, *arguments: str) -> int:
    (folder / "shop.tell").write_text(text, encoding="utf-8")
    return run(["check", "shop.tell", "--isolated", "--format", "none", *arguments])


def test_markdown_begins_with_what_changed(folder: Path) -> None:
    assert checked(folder, GOOD, "--report", "json=base.json") == 0
    checked(folder, GOOD, "--events", "1", "--report", "json=unknown.json")
    compared = ["--report", "markdown=pr.md", "--report", "json=now.json", "--base-run"]
    assert checked(folder, GOOD, *compared, "unknown.json") == 0
    page = (folder / "pr.md").read_text(encoding="utf-8")
    head = page[: page.index("<details>")]
    assert "**New in this pull request:** nothing." in head
    assert "**Verdicts that changed:**\n\n- unknown → proved: `implementable`, " in head

    assert checked(folder, GOOD.replace("3 }", "4 }"), *compared, "base.json") == 0
    page = (folder / "pr.md").read_text(encoding="utf-8")
    head = page[: page.index("<details>")]
    assert "**Verdicts that changed:**" not in head
    said = "**Budgets that changed:**\n\n- `budget[A]` of `Shop`: at most 3 → at most 4\n\n"
    assert said in head

    run(["report", "now.json", "--base-run", "base.json", "--report", "markdown=again.md"])
    assert (folder / "again.md").read_text(encoding="utf-8") == page


def test_a_new_refutation_counts_and_stands_first(folder: Path) -> None:
    assert checked(folder, GOOD, "--report", "json=base.json") == 0
    broken = (
        GOOD
        + "  choice A at\n    | x =>\n        A -> B[0] : P\n    | y =>\n        A -> B[1] : Q\n"
    )
    assert checked(folder, broken, "--base-run", "base.json", "--report", "markdown=pr.md") == 1
    page = (folder / "pr.md").read_text(encoding="utf-8")
    assert page.index("**New in this pull request:**") < page.index("| protocol |")


def test_what_is_no_run_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "base.json").write_text("{}", encoding="utf-8")
    assert checked(folder, GOOD, "--base-run", "base.json") == 2
    assert capsys.readouterr().err.startswith(
        "tellverify: --base-run: `base.json` cannot be rendered"
    )
    assert checked(folder, GOOD, "--base-run", "gone.json") == 2


MERGED = """\
protocol Merged =
  roles A, B, C
  A -> B : X
  choice B at
    | Y =>
        B -> C : Y
        C -> A : Z
    | W =>
        B -> C : W
"""
MENDED = MERGED + "        C -> A : W\n"


def test_roles_are_compared_one_by_one_whatever_group_they_stand_in(folder: Path) -> None:
    """`no-stuck-role[A, B, C]` of the base is about the `A` of `no-stuck-role[A]`."""
    assert checked(folder, MENDED, "--report", "json=good.json") == 0
    compared = ["--report", "markdown=pr.md", "--report", "json=now.json", "--base-run"]
    assert checked(folder, MERGED, "--report", "json=bad.json") == 1
    assert checked(folder, MERGED, *compared, "good.json") == 1
    page = (folder / "pr.md").read_text(encoding="utf-8")
    assert "| `no-stuck-role[A]` | **refuted** TV512 | proved |" in page
    assert "| `projectable[A]` | **refuted** TV411 (not required) | proved |" in page
    assert "not checked" not in page[: page.index("<details")]

    assert checked(folder, MENDED, *compared, "bad.json") == 0
    page = (folder / "pr.md").read_text(encoding="utf-8")
    fixed = "**Fixed:**\n\n- `no-stuck-role[A]` of `Merged`\n- `projectable[A]` of `Merged`\n"
    assert fixed in page
    assert "**Verdicts that changed:**" not in page


def test_the_page_names_the_role_that_changed_within_a_group(folder: Path) -> None:
    assert checked(folder, MERGED, "--report", "json=bad.json") == 1
    assert checked(folder, MENDED, "--base-run", "bad.json", "--report", "html=page.html") == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert "no-stuck-role[A]</code>" in page
    assert "no-stuck-role[B]</code>" not in page
