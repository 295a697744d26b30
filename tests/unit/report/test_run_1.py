"""Runs that the version before has stored: rendered as today's runs, refused when they lack."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tellverify.diagnostics.model import Diagnostic
from tellverify.model.trace import Trace
from tellverify.report.kinds import KINDS, writer
from tellverify.report.run_file import StoredError, write_json
from tellverify.report.stored_run import read_run
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Assumed, Conflict, Proved, Refuted, status
from tellverify.verdict.run import Run, Verdict

OLD = Path(__file__).parent / "run-1.json"  # written by the version that had this schema
REFUTED = ["bounded-queues[Coordinator -> Log]", "no-stuck-role[C]", "projectable[C]"]


def value() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(OLD.read_bytes())
    return read


def run_of(changed: dict[str, Any]) -> Run:
    return read_run(json.dumps(changed).encode()).run


def verdict(run: Run, name: str) -> Verdict:
    (found,) = (one for each in run.protocols for one in each.verdicts if one.name == name)
    return found


def of_name(run: dict[str, Any], identity: str) -> dict[str, Any]:
    (found,) = (
        one for each in run["protocols"] for one in each["verdicts"] if one["id"] == identity
    )
    return dict(found)


def test_every_verdict_keeps_its_name_and_status() -> None:
    old = value()
    run = run_of(old)
    before = [(one["id"], one["status"]) for each in old["protocols"] for one in each["verdicts"]]
    after = [
        (f"{each.name}/{one.name}", status(one.outcome))
        for each in run.protocols
        for one in each.verdicts
    ]
    assert after == before
    assert (run.exit_code, run.exit_reason) == (1, "1 required obligation is refuted")


def test_methods_evidence_and_assumptions_are_those_of_today() -> None:
    run = run_of(value())
    proved = verdict(run, "projectable[A, B]").outcome
    assert isinstance(proved, Proved)
    assert proved.method is Method.STRICT_MERGE
    stuck = verdict(run, "no-stuck-role[C]").outcome
    assert isinstance(stuck, Refuted)
    assert isinstance(stuck.evidence, Trace)
    assert [str(step) for step in stuck.evidence.steps] == ["A!B:Right", "B?A:Right"]
    merged = verdict(run, "projectable[C]").outcome
    assert isinstance(merged, Refuted)
    assert isinstance(merged.evidence, Conflict)
    assert [one.line for one in merged.evidence.regions] == [7, 10]
    assumed = verdict(run, "no-stuck-role[Log]").outcome
    assert isinstance(assumed, Assumed)
    assert (assumed.ledger, assumed.place) == ("A1", "protocols/vote.tell:3")
    assert [one.id for one in run.assumptions] == [
        "protocols/vote.tell#vote.Vote/no-stuck-role[Log]"
    ]


def test_refutations_carry_the_findings_that_report_them() -> None:
    run = run_of(value())
    carried = {
        one.name: one.outcome.diagnostic
        for each in run.protocols
        for one in each.verdicts
        if isinstance(one.outcome, Refuted)
    }
    assert sorted(carried) == REFUTED
    assert all(isinstance(one, Diagnostic) and one.refutes == name for name, one in carried.items())
    assert run.diagnostics == ()
    assert len(run.findings) == len(REFUTED)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_format_renders_it(kind: str) -> None:
    stored = read_run(OLD.read_bytes())
    written = writer(kind)(stored.run, stored.sources)
    assert "stuck-role" in written or "no-stuck-role" in written
    assert writer(kind)(stored.run, stored.sources) == written


def test_what_is_written_again_is_a_run_of_today() -> None:
    stored = read_run(OLD.read_bytes())
    text = write_json(stored.run, stored.sources)
    again = read_run(text.encode())
    assert write_json(again.run, again.sources) == text
    shown = json.loads(text)
    assert shown["schema"] == "tellverify/run-2"
    cited = [
        one["evidence"]["path"]
        for each in shown["protocols"]
        for one in each["verdicts"]
        if one["evidence"]
    ]
    assert "evidence/net.Ping/no-stuck-role.C.itf.json" in cited
    assert "evidence/vote.Vote/implementable.certificate.json" in cited


def test_the_command_renders_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", "report", str(OLD)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "`C` waits for `Left` from `A`, and everyone else has finished" in done.stdout
    assert "exit 1: 1 required obligation is refuted" in done.stdout


def test_without_texts_the_places_and_the_order_of_findings_stay() -> None:
    old = value()
    for one in old["inputs"]:
        del one["text"]
    stored = read_run(json.dumps(old).encode())
    assert len(stored.missing) == 2
    places = [
        (one.primary.region.line, one.code.number)
        for one in stored.run.findings
        if one.primary.region is not None
    ]
    assert places == [(7, "TV411"), (8, "TV512"), (10, "TV521")]
    again = read_run(write_json(stored.run, stored.sources).encode())
    assert again.run.exit_code == 1


def test_what_the_baseline_knew_by_old_fingerprints_is_known() -> None:
    old = value()
    stuck = of_name(old, "net.Ping/no-stuck-role[C]")
    finding = old["diagnostics"][0]
    old["baseline"] = {
        "path": "base.json",
        "known": [finding["fingerprint"], "0" * 32],
        "previous": [
            {
                "protocol": "net.Ping",
                "name": "no-stuck-role[C]",
                "status": "refuted",
                "fingerprint": stuck["fingerprint"],
                "code": "TV512",
            },
        ],
    }
    run = run_of(old)
    compared = RunComparison(run)
    assert compared.accepts(compared.fingerprint_of(run.findings[0]))
    assert not compared.accepts(compared.fingerprint_of(run.findings[1]))
    ping, vote = run.protocols
    assert compared.state(ping, verdict(run, "no-stuck-role[C]")) == "unchanged"
    assert compared.state(vote, verdict(run, REFUTED[0])) == "new"


def _of_one_name(old: dict[str, Any]) -> None:
    old["protocols"][1]["name"] = "net.Ping"


def _without_evidence(old: dict[str, Any]) -> None:
    old["protocols"][0]["verdicts"][-1]["status"] = "refuted"


def _without_method(old: dict[str, Any]) -> None:
    del old["protocols"][0]["verdicts"][0]["method"]["options"]["method"]


def _of_unknown_method(old: dict[str, Any]) -> None:
    old["protocols"][0]["verdicts"][0]["method"]["options"]["method"] = "tea leaves"


def _without_place(old: dict[str, Any]) -> None:
    old["protocols"][0]["verdicts"][0]["locations"] = []


def _of_another_status(old: dict[str, Any]) -> None:
    old["protocols"][0]["verdicts"][0]["status"] = "sure"


def _of_another_id(old: dict[str, Any]) -> None:
    old["protocols"][0]["verdicts"][0]["id"] = "net.Ping/fidelity"


def _of_other_totals(old: dict[str, Any]) -> None:
    old["totals"]["proved"] += 1


def _beyond_the_text(old: dict[str, Any]) -> None:
    old["diagnostics"][0]["location"]["line"] = 99


def _of_evidence_without_protocol(old: dict[str, Any]) -> None:
    old["evidence"][0]["of"] = "net.Pong/fidelity"


def _of_other_text(old: dict[str, Any]) -> None:
    old["inputs"][0]["text"] += "\n"


def _without_exit(old: dict[str, Any]) -> None:
    del old["exit"]


def _of_unknown_property(old: dict[str, Any]) -> None:
    old["protocols"][0]["verdicts"][0]["property"] = "beauty"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_of_one_name, "two of its protocols are called `net.Ping`"),
        (_without_evidence, "is refuted, but no evidence shows it"),
        (_without_method, "does not say by which method `net.Ping/well-formed` is proved"),
        (_of_unknown_method, "knows no method `tea leaves`"),
        (_without_place, "`net.Ping/well-formed` has no location"),
        (_of_another_status, "`sure` is not an outcome"),
        (_of_another_id, "does not match the id of its subject"),
        (_of_other_totals, "its totals are not those of its verdicts"),
        (_beyond_the_text, "has no line 99"),
        (_of_evidence_without_protocol, "is about no protocol of the run"),
        (_of_other_text, "does not match its SHA-256"),
        (_without_exit, "it is not a run: object missing required field `exit`"),
        (_of_unknown_property, "it is not a run: invalid enum value 'beauty'"),
    ],
)
def test_a_file_that_lacks_or_contradicts_is_refused(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    old = value()
    change(old)
    with pytest.raises(StoredError, match=words):
        run_of(old)
