"""Reports name the revision that was checked and link to its lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TEXT = "protocol P =\n  roles A, B, C\n  choice A at\n    | X =>\n        A -> B : X\n"
TEXT += "        C -> B : Y\n    | Z => A -> B : Z\n"
URL = "https://git.example/org/repo"
CI = {
    "GITHUB_SHA": "abc",
    "GITHUB_SERVER_URL": "https://git.example",
    "GITHUB_REPOSITORY": "org/repo",
}


def _checked(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "p.tell").write_text(TEXT, encoding="utf-8")
    kinds = ("html", "markdown", "sarif", "json")
    reports = [word for kind in kinds for word in ("--report", f"{kind}=r.{kind}")]
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "CI"))}
    return subprocess.run(
        [sys.executable, "-m", "tellverify", "check", "p.tell", "--no-cache", *reports, *arguments],
        cwd=folder,
        env={**plain, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_ci_and_flags_name_the_revision(tmp_path: Path) -> None:
    assert _checked(tmp_path, **CI).returncode == 1
    assert f'href="{URL}/blob/abc/p.tell#L6"' in (tmp_path / "r.html").read_text("utf-8")
    assert f"({URL}/blob/abc/p.tell#L6)" in (tmp_path / "r.markdown").read_text("utf-8")
    sarif = json.loads((tmp_path / "r.sarif").read_text("utf-8"))
    assert sarif["runs"][0]["versionControlProvenance"] == [
        {"repositoryUri": URL, "revisionId": "abc"}
    ]
    _checked(tmp_path, "--commit", "c0ffee", "--branch", "topic", "--isolated", **CI)
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["revision"] == {
        "commit": "c0ffee",
        "branch": "topic",
        "base": "",
        "repository": "",
        "sources": "",
    }
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "c0ffee" in page and URL not in page


def test_without_ci_nothing_is_named(tmp_path: Path) -> None:
    _checked(tmp_path)
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["revision"] is None
    assert "versionControlProvenance" not in (tmp_path / "r.sarif").read_text("utf-8")


def test_an_address_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    for address in ("javascript:alert(1)//{path}", "https://x.example/", "x"):
        done = _checked(tmp_path, "--source-url", address)
        assert done.returncode == 2
        assert "is not an HTTP address" in done.stderr


def test_reports_lead_to_the_glossary_where_the_site_is_known(tmp_path: Path) -> None:
    link = "https://docs.example/glossary.html"
    done = _checked(tmp_path, "--docs-url", "https://docs.example")
    assert done.stdout.endswith(f"words: {link}\n")
    assert f'<a href="{link}">Glossary</a>' in (tmp_path / "r.markdown").read_text("utf-8")
    assert f'href="{link}"' in (tmp_path / "r.html").read_text("utf-8")
    done = _checked(tmp_path)
    assert "words:" not in done.stdout
    assert "glossary.html" not in (tmp_path / "r.html").read_text("utf-8")
