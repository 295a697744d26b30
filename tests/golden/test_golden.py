"""All formats of one run: as committed, equal in every run, and of one mind."""

from __future__ import annotations

import functools
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from golden_runs import FILES, HERE, PROTOCOLS, RUNS, GoldenRun, render
from jsonschema import Draft4Validator, Draft202012Validator

TEXTS = {
    "good": "protocol Good =\n  roles A, B\n  A -> B : Ping\n  B -> A : Pong\n",
    "weak": "protocol Many =\n  roles A, D[N]\n  A -> D[*] : Go\n  D[*] -> A : Done\n",
    "text": "protocol Broken =\n  roles A, B\n  A => B : Ping\n",
}
JSON = Draft202012Validator(
    json.loads(resources.files("tellverify.report").joinpath("schema/run-2.json").read_bytes())
)
SARIF = Draft4Validator(
    json.loads((HERE.parent / "sarif" / "sarif-schema-2.1.0.json").read_bytes()),
    format_checker=Draft4Validator.FORMAT_CHECKER,
)
HINT = "changed on purpose? `python tests/golden/golden_runs.py` writes the expected files anew"


Rendered = tuple[dict[str, bytes], set[int]]


def named(golden: GoldenRun) -> str:
    return golden.source


@pytest.fixture(scope="module")
def renders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[GoldenRun], Rendered]:
    """Renders a run once for all tests of this module."""

    @functools.cache
    def rendering(golden: GoldenRun) -> Rendered:
        return render(tmp_path_factory.mktemp(golden.source), golden=golden)

    return rendering


@pytest.fixture(scope="module")
def rendered(renders: Callable[[GoldenRun], Rendered]) -> Rendered:
    return renders(PROTOCOLS)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("golden", RUNS, ids=named)
def test_a_report_is_as_committed(
    renders: Callable[[GoldenRun], Rendered], golden: GoldenRun, name: str
) -> None:
    expected = (golden.expected / name).read_text(encoding="utf-8")
    assert renders(golden)[0][name].decode() == expected, HINT


@pytest.mark.parametrize("golden", RUNS[1:], ids=named)
def test_all_formats_of_every_run_agree(
    renders: Callable[[GoldenRun], Rendered], golden: GoldenRun
) -> None:
    assert agreed(*renders(golden))["exitCode"] == 1


@pytest.mark.parametrize("golden", RUNS[1:], ids=named)
def test_a_hash_seed_changes_no_byte_of_any_run(
    renders: Callable[[GoldenRun], Rendered], tmp_path: Path, golden: GoldenRun
) -> None:
    again, _ = render(tmp_path, golden=golden, PYTHONHASHSEED="4242")
    for name in FILES:
        assert again[name] == renders(golden)[0][name], name


@pytest.mark.parametrize(("seed", "jobs"), [("1", "1"), ("4242", "2")])
def test_hash_seed_and_folder_change_no_byte(
    rendered: Rendered, tmp_path: Path, seed: str, jobs: str
) -> None:
    folder = tmp_path / "another folder" / "deeper"
    folder.mkdir(parents=True)
    again, codes = render(folder, "--jobs", jobs, PYTHONHASHSEED=seed)
    assert codes == rendered[1]
    for name in FILES:
        assert again[name] == rendered[0][name], name


def agreed(files: dict[str, bytes], codes: set[int]) -> dict[str, Any]:
    """The run as JSON, after a look whether every format says the same of it."""
    run: dict[str, Any] = json.loads(files["run.json"])
    JSON.validate(run)
    SARIF.validate(json.loads(files["run.sarif"]))
    totals = run["totals"]
    verdicts = [one for protocol in run["protocols"] for one in protocol["verdicts"]]
    refuted = Counter(one["id"] for one in verdicts if one["outcome"]["status"] == "refuted")
    assert codes == {run["exitCode"]}
    assert refuted.total() == totals["refuted"]

    line = "   ".join(f"{count:,} {word}".replace(",", " ") for word, count in totals.items())
    for name in ("run.txt", "run.concise.txt", "run.github.txt", "run.ascii.txt"):
        assert line in files[name].decode(), name
    said = f"exit {run['exitCode']}: {run['exitReason']}"
    for name in ("run.txt", "run.github.txt", "run.ascii.txt"):
        assert said in files[name].decode(), name

    log = json.loads(files["run.sarif"])["runs"][0]
    properties = [one.get("properties", {}) for one in log["results"]]
    failed = [one for one in properties if "obligation" in one]
    assert Counter(one["obligation"] for one in failed if one["status"] == "refuted") == refuted
    assert log["properties"]["totals"] == totals
    assert log["invocations"][0]["exitCode"] == run["exitCode"]
    notes = log["invocations"][0]["toolExecutionNotifications"]
    assert len(notes) == totals["unknown"] + totals["skipped"]

    suites = ElementTree.fromstring(files["run.junit.xml"].decode())
    outcomes = Counter(
        (f"{case.get('classname')}/{case.get('name')}", one.get("value"))
        for case in suites.iter("testcase")
        for one in case.iter("property")
        if one.get("name") == "outcome"
    )
    assert outcomes == Counter((one["id"], one["outcome"]["status"]) for one in verdicts)
    is_red = suites.get("failures") != "0" or suites.get("errors") != "0"
    assert is_red == bool(run["exitCode"])

    page = files["run.md"].decode()
    counts = [f"{count:,} {word}".replace(",", " ") for word, count in totals.items() if count]
    heading = ", ".join(counts) or "no obligation was checked"
    assert page.split("\n")[1] == f"### tellverify: {heading}"
    assert f"**Exit {run['exitCode']}:**" in page
    return run


def test_all_formats_agree(rendered: Rendered) -> None:
    """The exit code, the counts and the refuted obligations are the same everywhere."""
    files, codes = rendered
    run = agreed(files, codes)
    verdicts = [one for protocol in run["protocols"] for one in protocol["verdicts"]]
    refuted = {one["id"] for one in verdicts if one["outcome"]["status"] == "refuted"}
    table = re.findall(r"^  refuted   (\S.*?)  ", files["run.txt"].decode(), re.MULTILINE)
    assert set(table) == {one.partition("#")[2].partition("/")[2] for one in refuted}
    rows = re.findall(
        r"^\| `(.+?)` \| `(.+?)` \| \*\*refuted\*\*", files["run.md"].decode(), re.MULTILINE
    )
    shown = {f"{protocol}/{name}" for protocol, name in rows}
    assert shown == {one.partition("#")[2] for one in refuted}
    entries = json.loads(files["run.gitlab.json"])
    required = [
        one for one in verdicts if one["outcome"]["status"] == "refuted" and one["required"]
    ]
    assert len([one for one in entries if one["severity"] == "critical"]) == len(required)


@pytest.mark.parametrize(
    ("name", "code"), [("counterexamples", 1), ("empty", 4), ("good", 0), ("weak", 3), ("text", 1)]
)
def test_all_formats_agree_whatever_the_outcome(tmp_path: Path, name: str, code: int) -> None:
    protocols = tmp_path / "from"
    protocols.mkdir()
    if name == "counterexamples":
        for path in sorted((HERE.parent.parent / name).glob("*.tell"))[:8]:
            shutil.copy(path, protocols)
    elif name in TEXTS:
        (protocols / "it.tell").write_text(TEXTS[name], encoding="utf-8")
    folder = tmp_path / "to"
    folder.mkdir()
    arguments = ["--require", "proved", "--instances", "D=1..3"] if name == "weak" else []
    files, codes = render(folder, *arguments, source=protocols)
    assert agreed(files, codes)["exitCode"] == code


def carried(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings that report refutations."""
    outcomes = [one["outcome"] for protocol in run["protocols"] for one in protocol["verdicts"]]
    return [one["diagnostic"] for one in outcomes if "diagnostic" in one]


def test_findings_are_the_same_everywhere(rendered: Rendered) -> None:
    files, _ = rendered
    run = json.loads(files["run.json"])
    codes = sorted(one["code"]["number"] for one in [*run["diagnostics"], *carried(run)])
    concise = files["run.concise.txt"].decode()
    assert sorted(re.findall(r"(?:error|warning|note)\[(TV\d+)\]", concise)) == codes
    text = files["run.txt"].decode()
    assert sorted(re.findall(r"^(?:error|warning|note)\[(TV\d+)\]", text, re.MULTILINE)) == codes
    log = json.loads(files["run.sarif"])["runs"][0]
    lints = sorted(one["code"]["number"] for one in run["diagnostics"])
    shown = sorted(
        one["ruleId"]
        for one in log["results"]
        if "finding/v2" in one["partialFingerprints"] and "suppressions" not in one
    )
    assert shown == lints
    allowed = [one for one in log["results"] if one.get("suppressions")]
    assumed = run["totals"]["assumed"]
    assert len(allowed) == len(run["suppressions"]) + assumed
