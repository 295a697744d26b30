"""Two files with one protocol name: whatever is said of one is never taken for the other."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tellverify.report.concise import write_concise, write_failing
from tellverify.report.stored_run import read_run
from tellverify.verdict.outcome import Refuted

GOOD = """\
protocol Ping =
  roles A, B
  A -> B : Ping
  B -> A : Pong
"""
# The last branch tells `C` nothing, so that it waits for `Left`.
REFUTED = """\
protocol Ping =
  roles A, B, C
  choice A at
    | Left =>
        A -> B : Left
        A -> C : Left
    | LAST =>
        A -> B : LAST
"""
MODULE = "module net exposing (Ping)\n\n"
FILES = ("a/x.tell", "b/x.tell")
TEXTS = {
    "mixed": (GOOD, REFUTED.replace("LAST", "Right")),
    "refuted": (REFUTED.replace("LAST", "Other"), REFUTED.replace("LAST", "Right")),
    "copies": (REFUTED.replace("LAST", "Right"), REFUTED.replace("LAST", "Right")),
}
TEXTS |= {
    f"{name}, one module": (MODULE + first, MODULE + second)
    for name, (first, second) in TEXTS.items()
}


def outcomes(*names: str) -> pytest.MarkDecorator:
    """Both without a module and with one module name in both files."""
    cases = [one for name in names for one in (name, f"{name}, one module")]
    return pytest.mark.parametrize("folder", cases, indirect=True)


def tellverify(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def write(folder: Path, first: str, second: str) -> None:
    for path, text in zip(FILES, (first, second), strict=True):
        (folder / path).parent.mkdir()
        (folder / path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a check of two files, with all reports and the evidence."""
    folder = tmp_path_factory.mktemp("check")
    write(folder, *TEXTS[request.param])
    return checked(folder)


def checked(folder: Path) -> Path:
    kinds = ("json", "junit", "sarif", "gitlab", "html", "markdown", "proof")
    done = tellverify(
        *("check", "a", "b", "--isolated", "--no-cache", "--evidence", "evidence"),
        *(f"--report={kind}=run.{kind}" for kind in kinds),
        cwd=folder,
    )
    assert done.returncode == 1, done.stderr
    (folder / "run.txt").write_text(done.stdout, encoding="utf-8")
    return folder


def protocols(folder: Path) -> dict[str, dict[str, Any]]:
    run = json.loads((folder / "run.json").read_bytes())
    found = {one["path"]: one for one in run["protocols"]}
    assert set(found) == set(FILES)
    return found


def sarif(folder: Path) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads((folder / "run.sarif").read_bytes())["runs"][0][
        "results"
    ]
    return results


def repeated(values: list[Any]) -> list[Any]:
    assert values
    return [value for value, count in Counter(values).items() if count > 1]


def stuck(protocol: dict[str, Any]) -> dict[str, Any]:
    (verdict,) = (
        one
        for one in protocol["verdicts"]
        if one["property"] == "no-stuck-role" and one["outcome"]["status"] == "refuted"
    )
    return dict(verdict)


@outcomes("mixed")
def test_ids_of_obligations_are_unique(folder: Path) -> None:
    ids = [one["id"] for each in protocols(folder).values() for one in each["verdicts"]]
    assert repeated(ids) == []


@outcomes("mixed")
def test_fingerprints_of_obligations_are_unique(folder: Path) -> None:
    prints = [one["fingerprint"] for each in protocols(folder).values() for one in each["verdicts"]]
    assert repeated(prints) == []


@outcomes("mixed")
def test_every_verdict_is_located_in_its_own_file(folder: Path) -> None:
    for path, protocol in protocols(folder).items():
        assert {one["place"]["path"] for one in protocol["verdicts"]} == {path}


@outcomes("mixed", "refuted", "copies")
def test_no_evidence_file_is_cited_for_both(folder: Path) -> None:
    first, second = (
        {one["evidence"]["path"] for one in each["verdicts"] if one["evidence"]}
        for each in protocols(folder).values()
    )
    assert first
    assert second
    assert first.isdisjoint(second)


@outcomes("mixed", "refuted", "copies")
def test_every_cited_evidence_file_is_the_one_that_was_made(folder: Path) -> None:
    cited = [
        (one["evidence"]["path"], one["evidence"]["sha256"])
        for each in protocols(folder).values()
        for one in each["verdicts"]
        if one["evidence"]
    ]
    assert cited
    for path, digest in cited:
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest, path


@outcomes("refuted", "copies")
def test_both_traces_are_kept(folder: Path) -> None:
    assert len(list((folder / "evidence").rglob("*.itf.json"))) == 2


@outcomes("refuted", "copies")
def test_both_graphs_are_kept(folder: Path) -> None:
    assert len(list((folder / "evidence").rglob("*.graph.json"))) == 2


@outcomes("mixed")
def test_the_evidence_that_is_there_is_accepted_again(folder: Path) -> None:
    done = tellverify("recheck", "evidence", cwd=folder)
    assert done.returncode == 0, done.stdout


@outcomes("refuted")
def test_the_trace_cited_for_a_file_shows_the_run_of_that_file(folder: Path) -> None:
    for path, last in zip(FILES, ("Other", "Right"), strict=True):
        trace = stuck(protocols(folder)[path])["evidence"]["path"]
        done = tellverify("replay", trace, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        assert last in done.stdout


@outcomes("refuted")
def test_the_printed_replay_commands_replay_both_files(folder: Path) -> None:
    printed = (folder / "run.txt").read_text(encoding="utf-8")
    commands = re.findall(r"tellverify (replay .+)$", printed, re.MULTILINE)
    assert len(commands) == 2
    shown = []
    for command in commands:
        done = tellverify(*shlex.split(command), cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        shown += [last for last in ("Other", "Right") if last in done.stdout]
    assert sorted(shown) == ["Other", "Right"]


@outcomes("mixed")
def test_the_printed_replay_command_replays_the_refuted_file(folder: Path) -> None:
    printed = (folder / "run.txt").read_text(encoding="utf-8")
    (command,) = re.findall(r"tellverify (replay .+)$", printed, re.MULTILINE)
    done = tellverify(*shlex.split(command), cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Right" in done.stdout


@outcomes("mixed")
def test_test_cases_of_junit_are_unique(folder: Path) -> None:
    suites = ElementTree.parse(folder / "run.junit").getroot()
    cases = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert repeated(cases) == []


@outcomes("mixed")
def test_test_suites_of_junit_have_names_of_their_own(folder: Path) -> None:
    suites = ElementTree.parse(folder / "run.junit").getroot()
    assert repeated([suite.get("name") for suite in suites.iter("testsuite")]) == []


@outcomes("refuted", "copies")
def test_results_of_sarif_name_different_obligations(folder: Path) -> None:
    names = [
        one["properties"]["obligation"]
        for one in sarif(folder)
        if "obligation" in one["properties"]
    ]
    assert repeated(names) == []


@outcomes("refuted", "copies")
def test_results_of_sarif_have_fingerprints_of_their_own(folder: Path) -> None:
    prints = [
        (kind, value) for one in sarif(folder) for kind, value in one["partialFingerprints"].items()
    ]
    assert repeated(prints) == []


@outcomes("mixed")
def test_results_of_sarif_are_located_in_the_refuted_file(folder: Path) -> None:
    places = [
        location["physicalLocation"]["artifactLocation"]["uri"]
        for one in sarif(folder)
        for location in one["locations"]
    ]
    assert set(places) == {"b/x.tell"}


@outcomes("refuted", "copies")
def test_issues_of_gitlab_have_fingerprints_of_their_own(folder: Path) -> None:
    issues = json.loads((folder / "run.gitlab").read_bytes())
    assert {one["location"]["path"] for one in issues} == set(FILES)
    assert repeated([one["fingerprint"] for one in issues]) == []


@outcomes("refuted", "copies")
def test_every_refuted_obligation_has_a_result_of_sarif_in_its_own_file(folder: Path) -> None:
    """As many results in one file as in the other, although the texts of the results are equal."""
    places = Counter(
        location["physicalLocation"]["artifactLocation"]["uri"]
        for one in sarif(folder)
        if "obligation" in one["properties"]
        for location in one["locations"]
    )
    assert places == dict.fromkeys(FILES, 2)


@outcomes("mixed", "refuted", "copies")
def test_anchors_of_the_page_are_unique(folder: Path) -> None:
    page = (folder / "run.html").read_text(encoding="utf-8")
    assert repeated(re.findall(r'\sid="([^"]*)"', page)) == []


@outcomes("mixed")
def test_a_stored_id_does_not_depend_on_the_other_files(folder: Path) -> None:
    """Nor on how the file is named on the command line, a folder or the file itself."""
    done = tellverify("check", "b/x.tell", "--isolated", "--format", "json", cwd=folder)
    (alone,) = json.loads(done.stdout)["protocols"]
    together = protocols(folder)["b/x.tell"]
    for key in ("id", "fingerprint"):
        assert [one[key] for one in alone["verdicts"]] == [one[key] for one in together["verdicts"]]


@outcomes("mixed", "refuted")
def test_readers_see_the_file_with_the_name(folder: Path) -> None:
    name = protocols(folder)["a/x.tell"]["name"]
    for kind in ("txt", "markdown", "proof", "html"):
        written = (folder / f"run.{kind}").read_text(encoding="utf-8")
        for path in FILES:
            assert f"{name} ({path})" in written, kind


@outcomes("refuted")
def test_concise_reports_name_the_file_in_messages(folder: Path) -> None:
    """A refutation that no finding reports is said with the name of its protocol."""
    stored = read_run((folder / "run.json").read_bytes())
    protocol = stored.run.protocols[1]
    bare = tuple(
        msgspec.structs.replace(one, outcome=msgspec.structs.replace(one.outcome, diagnostic=None))
        if isinstance(one.outcome, Refuted)
        else one
        for one in protocol.verdicts
    )
    changed = msgspec.structs.replace(protocol, verdicts=bare)
    run = msgspec.structs.replace(stored.run, protocols=(stored.run.protocols[0], changed))
    concise, failing = io.StringIO(), io.StringIO()
    write_concise(run, stored.sources, concise)
    write_failing(run, failing)
    for out in (concise, failing):
        assert f"of `{protocol.name} (b/x.tell)` does not hold" in out.getvalue()


@outcomes("mixed")
def test_machines_see_the_bare_name(folder: Path) -> None:
    for kind in ("json", "junit", "sarif", "gitlab"):
        assert "Ping (" not in (folder / f"run.{kind}").read_text(encoding="utf-8"), kind


def test_names_that_are_unique_stay_bare(tmp_path: Path) -> None:
    write(tmp_path, GOOD, REFUTED.replace("LAST", "Right").replace("Ping", "Pong"))
    checked(tmp_path)
    for kind in ("txt", "markdown", "proof", "html"):
        written = (tmp_path / f"run.{kind}").read_text(encoding="utf-8")
        assert "Pong" in written
        assert "Ping (" not in written, kind
        assert "Pong (" not in written, kind
