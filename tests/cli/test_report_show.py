"""`tellverify report` and the pictures of `tellverify show`, as a user calls them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = (ROOT / "counterexamples" / "unknown_choice.tell").read_text("utf-8").partition("\n")[2]
SVG = "{http://www.w3.org/2000/svg}"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checked protocol with its reports and evidence."""
    made = tmp_path_factory.mktemp("stored")
    (made / "choice.tell").write_text(PROTOCOL, encoding="utf-8")
    done = run(
        made,
        *("check", "choice.tell", "--format", "none", "--evidence", "evidence"),
        *("--report", "json=run.json", "--report", "html=run.html"),
        *("--report", "markdown=run.md", "--report", "sarif=run.sarif"),
    )
    assert done.returncode == 1 and not done.stderr
    return made


def test_a_stored_run_is_rendered_as_check_renders_it(folder: Path) -> None:
    done = run(
        folder,
        *("report", "run.json", "--json", "again.json", "--html", "again.html"),
        *("--report", "markdown=again.md", "--report", "sarif=again.sarif"),
    )
    assert done.returncode == 0 and not done.stdout and not done.stderr
    for ending in ("json", "html", "md", "sarif"):
        assert (folder / f"again.{ending}").read_bytes() == (folder / f"run.{ending}").read_bytes()


def test_the_proof_report_has_every_claim_with_its_evidence(folder: Path) -> None:
    done = run(folder, "report", "run.json", "--markdown", "proof.md")
    assert done.returncode == 0
    proof = (folder / "proof.md").read_text(encoding="utf-8")
    stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for title in ("Proved for all runs", "Refuted", "Unknown or not checked", "Assumptions"):
        assert f"\n## {title}\n" in proof
    for file in stored["inputs"]:
        assert f"| `{file['path']}` | `{file['sha256']}` |" in proof
    for verdict in stored["protocols"][0]["verdicts"]:
        assert f"`{verdict['property']}" in proof
        evidence = verdict["evidence"]
        if evidence:
            assert f"]({evidence['path']}), SHA-256 `{evidence['sha256']}`" in proof
        if verdict["outcome"]["status"] in ("unknown", "skipped"):
            word = verdict["outcome"]["status"]
            assert f"{word}: " in proof or f"{word} `" in proof
    assert f"Reproduce with `{stored['command']}`" in proof


def test_claims_link_their_evidence_with_its_digest(folder: Path) -> None:
    page = (folder / "run.html").read_text(encoding="utf-8")
    stored = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert stored["evidence"]
    for file in stored["evidence"]:
        assert f'href="{file["path"]}"' in page
        assert file["sha256"] in page


def test_links_lead_from_where_the_page_lies(folder: Path) -> None:
    (folder / "out" / "deep").mkdir(parents=True)
    done = run(
        folder, "report", "run.json", "--html", "out/deep/run.html", "--markdown", "out/proof.md"
    )
    assert done.returncode == 0
    page = (folder / "out" / "deep" / "run.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"#]+)"', page)
    assert links
    assert all((folder / "out" / "deep" / link).is_file() for link in links)
    proof = (folder / "out" / "proof.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\), SHA-256", proof)
    assert links
    assert all((folder / "out" / link).is_file() for link in links)


def test_a_stored_run_goes_to_the_terminal(folder: Path) -> None:
    checked = run(folder, "check", "choice.tell")
    done = run(folder, "report", "run.json")
    assert done.returncode == 0
    assert done.stdout.split("\nexit ")[-1] == checked.stdout.split("\nexit ")[-1]
    assert "error[TV421]" in done.stdout


def test_what_is_no_run_is_refused(folder: Path) -> None:
    text = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "half.json").write_text(text[: len(text) // 2], encoding="utf-8")
    (folder / "forged.json").write_text(text.replace('"code": 1', '"code": 0'), encoding="utf-8")
    changed = json.loads(text)
    changed["totals"]["refuted"] = 0
    (folder / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
    for name, reason in (
        ("half.json", "not JSON"),
        ("changed.json", "contradicts itself at `totals.refuted`"),
        ("missing.json", "no such file"),
        (".", "not a regular file"),
    ):
        done = run(folder, "report", name, "--html", "none.html")
        assert done.returncode == 2, name
        assert "error[TV961]" in done.stderr and reason in done.stderr, done.stderr
        assert not (folder / "none.html").exists()


def test_a_report_that_cannot_be_written_is_said(folder: Path) -> None:
    done = run(folder, "report", "run.json", "--html", "run.json/x.html", "--markdown", "ok.md")
    assert done.returncode == 2
    assert "cannot write the html report" in done.stderr
    assert (folder / "ok.md").exists()


def test_pictures_of_graph_and_machines(folder: Path) -> None:
    done = run(folder, "show", "graph", "choice.tell", "--format", "svg")
    assert done.returncode == 0
    texts = [one.text or "" for one in ElementTree.fromstring(done.stdout).iter(f"{SVG}text")]
    assert any("Invoice" in text for text in texts)
    done = run(folder, "show", "machines", "choice.tell", "--format", "svg", "--role", "Courier")
    assert done.returncode == 0 and ElementTree.fromstring(done.stdout).tag == f"{SVG}svg"
    done = run(folder, "show", "machines", "choice.tell", "--format", "svg")
    assert done.returncode == 2 and "--role" in done.stderr


def test_a_graph_that_is_too_large_for_a_picture_is_refused(folder: Path) -> None:
    lines = ["protocol Long =", "  roles A, B", *(f"  A -> B : M{n}" for n in range(10_000))]
    (folder / "long.tell").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run(folder, "show", "graph", "long.tell", "--format", "svg")
    assert done.returncode == 3 and not done.stdout
    assert "10001 states" in done.stderr


def test_charts_of_a_written_run(folder: Path) -> None:
    trace = next((folder / "evidence").rglob("implementable.itf.json")).relative_to(folder)
    shown = {
        style: run(folder, "show", "chart", str(trace), "choice.tell", "--format", style)
        for style in ("text", "mermaid", "dot", "svg")
    }
    assert all(one.returncode == 0 for one in shown.values())
    assert "Invoice" in shown["text"].stdout
    assert shown["mermaid"].stdout.startswith("sequenceDiagram")
    assert shown["dot"].stdout.startswith("digraph") and shown["dot"].stdout.endswith("}\n")
    assert ElementTree.fromstring(shown["svg"].stdout).tag == f"{SVG}svg"
    assert run(folder, "show", "chart", str(trace)).stdout == shown["text"].stdout


def test_a_chart_of_something_else_is_refused(folder: Path) -> None:
    trace = next((folder / "evidence").rglob("implementable.itf.json"))
    (folder / "other.tell").write_text(
        "protocol UnknownChoice =\n  roles Buyer, Seller, Courier\n  Buyer -> Seller : Else\n"
        "  Seller -> Courier : More\n",
        encoding="utf-8",
    )
    done = run(folder, "show", "chart", str(trace), "other.tell")
    assert done.returncode == 1 and "TV811" in done.stderr and not done.stdout
    done = run(folder, "show", "chart", "run.json", "choice.tell")
    assert done.returncode == 1 and "TV801" in done.stderr
    done = run(folder, "show", "chart", "nothing.itf.json", "choice.tell")
    assert done.returncode == 1 and "TV801" in done.stderr


def test_an_independent_library_reads_our_traces(folder: Path) -> None:
    library = pytest.importorskip("itf_py", reason="pip install itf-py")
    files = sorted((folder / "evidence").rglob("*.itf.json"))
    assert files
    for file in files:
        recorded = json.loads(file.read_text(encoding="utf-8"))
        trace = library.trace_from_json(recorded)
        assert len(trace.states) == len(recorded["states"])
        assert list(trace.vars) == ["at", "queue"]
        first = trace.states[0].values
        assert {role: int(state) for role, state in first["at"].items()} == dict.fromkeys(
            ("Buyer", "Seller", "Courier"), 0
        )
        assert not first["queue"]
