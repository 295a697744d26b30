"""All formats of one run: as committed, equal in every run, and of one mind."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from golden_runs import EXPECTED, FILES, render

HINT = "changed on purpose? `python tests/golden/golden_runs.py` writes the expected files anew"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], set[int]]:
    return render(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("name", FILES)
def test_a_report_is_as_committed(rendered: tuple[dict[str, bytes], set[int]], name: str) -> None:
    assert rendered[0][name].decode() == (EXPECTED / name).read_text(encoding="utf-8"), HINT


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_hash_seed_and_folder_change_no_byte(
    rendered: tuple[dict[str, bytes], set[int]], tmp_path: Path, seed: str
) -> None:
    folder = tmp_path / "another folder" / "deeper"
    folder.mkdir(parents=True)
    again, codes = render(folder, PYTHONHASHSEED=seed)
    assert codes == rendered[1]
    for name in FILES:
        assert again[name] == rendered[0][name], name


def test_all_formats_agree(rendered: tuple[dict[str, bytes], set[int]]) -> None:
    """The exit code, the counts and the refuted obligations are the same everywhere."""
    files, codes = rendered
    run = json.loads(files["run.json"])
    assert codes == {run["exit"]["code"]}
    totals = run["totals"]
    verdicts = [one for protocol in run["protocols"] for one in protocol["verdicts"]]
    refuted = {one["id"] for one in verdicts if one["status"] == "refuted"}
    assert len(refuted) == totals["refuted"]

    line = "   ".join(f"{count} {word}" for word, count in totals.items())
    for name in ("run.txt", "run.concise.txt", "run.github.txt", "run.ascii.txt"):
        assert line in files[name].decode(), name
    said = f"exit {run['exit']['code']}: {run['exit']['reason']}"
    for name in ("run.txt", "run.github.txt", "run.ascii.txt"):
        assert said in files[name].decode(), name
    table = re.findall(r"^  refuted   (\S.*?)  ", files["run.txt"].decode(), re.MULTILINE)
    assert {f"{name}" for name in table} == {one.split("/", 1)[1] for one in refuted}

    log = json.loads(files["run.sarif"])["runs"][0]
    failed = [one for one in log["results"] if one.get("properties", {}).get("obligation")]
    assert {
        one["properties"]["obligation"]
        for one in failed
        if one["properties"]["status"] == "refuted"
    } == refuted
    assert log["properties"]["totals"] == totals
    assert log["invocations"][0]["exitCode"] == run["exit"]["code"]
    notes = log["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == totals["unknown"] + totals["skipped"]

    suites = ElementTree.fromstring(files["run.junit.xml"].decode())
    cases = {
        f"{case.get('classname')}/{case.get('name')}": {
            one.get("name"): one.get("value") for one in case.iter("property")
        }
        for case in suites.iter("testcase")
        if case.get("classname") != "findings"
    }
    assert {name: one["outcome"] for name, one in cases.items()} == {
        one["id"]: one["status"] for one in verdicts
    }

    grave = [one for one in json.loads(files["run.gitlab.json"]) if one["severity"] == "critical"]
    required = {one["id"] for one in verdicts if one["status"] == "refuted" and one["required"]}
    assert len(grave) == len(required)

    page = files["run.md"].decode()
    heading = ", ".join(f"{count} {word}" for word, count in totals.items() if count)
    assert page.split("\n")[1] == f"### tellverify: {heading}"
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| \*\*refuted\*\*", page, re.MULTILINE)
    assert {f"{protocol}/{name}" for protocol, name in rows} == refuted
    assert f"**Exit {run['exit']['code']}:**" in page


def test_findings_are_the_same_everywhere(rendered: tuple[dict[str, bytes], set[int]]) -> None:
    files, _ = rendered
    run = json.loads(files["run.json"])
    codes = sorted(one["code"] for one in run["diagnostics"])
    concise = files["run.concise.txt"].decode()
    assert sorted(re.findall(r"(?:error|warning|note)\[(TV\d+)\]", concise)) == codes
    text = files["run.txt"].decode()
    assert sorted(re.findall(r"^(?:error|warning|note)\[(TV\d+)\]", text, re.MULTILINE)) == codes
    log = json.loads(files["run.sarif"])["runs"][0]
    lints = sorted(one["code"] for one in run["diagnostics"] if not one.get("refutes"))
    shown = sorted(
        one["ruleId"]
        for one in log["results"]
        if "finding/v1" in one["partialFingerprints"] and "suppressions" not in one
    )
    assert shown == lints
    allowed = [one for one in log["results"] if one.get("suppressions")]
    assumed = run["totals"]["assumed"]
    assert len(allowed) == len(run["suppressions"]) + assumed
