"""Runs across sessions as files: written, replayed, rechecked; forged ones are rejected."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify

ROOT = Path(__file__).parents[2]
FAULTY = ROOT / "counterexamples" / "workflows"


class _Done(NamedTuple):
    exit_code: int
    output: str


def _tellverify(*arguments: str) -> _Done:
    done = CliRunner().invoke(tellverify, list(arguments), standalone_mode=False)
    assert done.exception is None, done.exception
    return _Done(done.return_value, done.output)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the faulty workflows with the evidence of all in `ev`."""
    shutil.copytree(FAULTY, tmp_path / "w")
    monkeypatch.chdir(tmp_path)
    found = _tellverify("workflow", "check", "w", "--format", "none", "--evidence", "ev")
    assert found.exit_code == 0, found.output
    return tmp_path


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "ev").rglob("*.workflow-run.json"))


def test_every_run_is_accepted(folder: Path) -> None:
    files = _files(folder)
    names = {path.name.split(".")[0] for path in files}
    assert {"composition", "session-order", "knows-end", "knows-outcome", "abandoned"} <= names
    found = _tellverify("recheck", "ev")
    assert found.exit_code == 0, found.output
    assert f"{len(files)} accepted, 0 rejected" in found.output
    for path in files:
        found = _tellverify("replay", str(path.relative_to(folder)))
        assert found.exit_code == 0, found.output
        assert "accepted:" in found.output.splitlines()[-1]


def _repeat(run: dict[str, Any]) -> None:
    run["run"].insert(0, run["run"][0])


def _shorten(run: dict[str, Any]) -> None:
    run["run"].pop()


def _blame(run: dict[str, Any]) -> None:
    run["culprits"] = [len(run["parts"])]


def _rename(run: dict[str, Any]) -> None:
    run["fault"] = "infidelity"


def _cut_order(run: dict[str, Any]) -> None:
    for part in run["parts"]:
        part["before"] = part["phases"] = []


def _add_order(run: dict[str, Any]) -> None:
    run["parts"][0]["before"] = [0]


def _other_message(run: dict[str, Any]) -> None:
    for part in run["parts"]:
        for row in part["moves"]:
            for move in row:
                move[2] += "X"


def _other_sum(run: dict[str, Any]) -> None:
    run["sources"][0][1] = "0" * 64


def _forged(path: Path, forge: Callable[[dict[str, Any]], None]) -> None:
    run = json.loads(path.read_text())
    forge(run)
    head = json.dumps({**run, "parts": []}, separators=(",", ":"), ensure_ascii=False)
    rows = ",\n".join(
        json.dumps(part, separators=(",", ":"), ensure_ascii=False) for part in run["parts"]
    )
    path.write_text(head.replace('"parts":[]', f'"parts":[\n{rows}\n]', 1) + "\n")


@pytest.mark.parametrize(
    "forge",
    [_repeat, _shorten, _blame, _rename, _cut_order, _add_order, _other_message, _other_sum],
)
def test_a_forged_run_is_rejected(forge: Callable[[dict[str, Any]], None], folder: Path) -> None:
    (path,) = (folder / "ev").glob("backup-*/composition.workflow-run.json")
    _forged(path, forge)
    found = _tellverify("recheck", str(path.relative_to(folder)))
    assert found.exit_code == 1, found.output
    assert "rejected:" in found.output and "canonical form" not in found.output
    if forge is not _other_sum:
        assert _tellverify("replay", str(path.relative_to(folder))).exit_code == 1


CLAIMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "of no obligation": ("session-order", {"obligation": "results"}, "obligation"),
    "of nobody": ("knows-end.Auditor", {"obligation": "knows-end"}, "obligation"),
    "of another agent": ("knows-end.Auditor", {"obligation": "knows-end[Auditors]"}, "obligation"),
    "of everyone": ("session-order", {"obligation": "session-order[gateway]"}, "obligation"),
    "other words": ("session-order", {"statement": "All is well."}, "statement"),
    "code of another": ("session-order", {"code": "TV849"}, "code"),
    "code of none": ("composition", {"code": "TV842"}, "code"),
    "somebody leaves": ("session-order", {"leaver": 0}, "leaver"),
    "blames the leaver": ("abandoned.Devices", {"culprits": [0]}, "culprits"),
    "named twice": ("knows-end.Auditor", {"culprits": [2, 2]}, "culprits"),
    "another workflow": ("session-order", {"workflow": "restore"}, "has no workflow"),
    "other sizes": ("abandoned.Devices", {"instance": ""}, "other families"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_true_run_does_not_show_another_claim(claim: str, folder: Path) -> None:
    name, change, reason = CLAIMS[claim]
    path = next((folder / "ev").glob(f"*/{name}.workflow-run.json"))
    _forged(path, lambda run: run.update(change))
    found = _tellverify("recheck", str(path.relative_to(folder)))
    assert found.exit_code == 1, found.output
    assert reason in found.output and "canonical form" not in found.output


def test_the_sources_are_the_files_that_the_workflow_is_made_of(folder: Path) -> None:
    (path,) = (folder / "ev").glob("backup-*/session-order.workflow-run.json")

    def drop(run: dict[str, Any]) -> None:
        run["sources"].pop()

    def other(run: dict[str, Any]) -> None:
        run["sources"][1] = ["w/elsewhere.tell", "0" * 64]

    for forge, reason in ((drop, "its sources are not"), (other, "no w/elsewhere.tell here")):
        text = path.read_text()
        _forged(path, forge)
        found = _tellverify("recheck", str(path.relative_to(folder)))
        assert found.exit_code == 1 and reason in found.output, found.output
        path.write_text(text)


def test_a_run_of_a_workflow_that_has_changed_is_not_replayed(folder: Path) -> None:
    (path,) = (folder / "ev").glob("backup-*/composition.workflow-run.json")
    place = folder / "w" / "exchange.tell"
    place.write_text(place.read_text().replace("Answer", "Reply"))
    found = _tellverify("replay", str(path.relative_to(folder)))
    assert found.exit_code == 1
    assert "its machines are not those of the workflow" in found.output
    found = _tellverify("recheck", str(path.relative_to(folder)))
    assert found.exit_code == 1
    assert "run tellverify workflow check w/crossed_orders.toml --evidence ev" in found.output


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "tellverify/workflow-run-1"}', "[1"])
def test_what_is_no_run_is_rejected(text: str, folder: Path) -> None:
    (folder / "x.workflow-run.json").write_text(text)
    for command in ("recheck", "replay"):
        found = _tellverify(command, "x.workflow-run.json")
        assert found.exit_code == 1, found.output
        assert "rejected: " in found.output


def test_a_check_writes_the_runs_of_the_workflows_that_it_names(folder: Path) -> None:
    (folder / "tellverify.toml").write_text('workflows = ["w/crossed_orders.toml"]\n')
    _tellverify("check", ".", "--evidence", "more")
    runs = sorted((folder / "more").rglob("*.workflow-run.json"))
    assert len(runs) == 4
