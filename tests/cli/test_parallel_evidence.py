"""Evidence against fidelity where branches run in parallel: compared with what the text means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.itf_writing import write_itf
from tellverify.language.workspace import STRICT, opened
from tellverify.model.fault import Fault
from tellverify.model.step import Step
from tellverify.model.trace import Trace
from tellverify.obligations.machines import Machines
from tellverify.verdict.sentences import SENTENCES
from tellverify.verification.source_graphs import lowered_in
from tests.cli.test_data_commands import run

CROSS = """\
protocol Cross =
  roles A, B, C
  par
    | A -> B : X
    | B -> A : Y
    | rec Again
        choice A at
          | More =>
            A -> B : More
            continue Again
          | Enough =>
            A -> B : Enough
            A -> C : Bye
"""
UNFAITHFUL = """\
protocol Unfaithful =
  roles A, B, C
  par
    | choice A at
        | P =>
          A -> B : P
          C -> B : V
        | Q =>
          A -> B : Q
          C -> B : W
    | A -> C : Z
"""
CROSSED = "A!BX B!AY A?BY B?AX"


def steps(words: str, path: str, lines: dict[str, int]) -> tuple[Step, ...]:
    from tellverify.model.site import Site

    found = []
    for word in words.split():
        actor, mark, peer, label = word[0], word[1], word[2], word[3:]
        ends = (actor, peer) if mark == "!" else (peer, actor)
        site = Site(path=path, line=lines[label])
        found.append(Step(mark == "!", *ends, label, site))
    return tuple(found)


def forged(folder: Path, words: str) -> str:
    """A run against fidelity beside the graph that `check` writes; gives its path."""
    (graph,) = (folder / "ev").glob("*/protocol.graph.json")
    lowered = lowered_in(opened("p.tell", STRICT, ("p.tell",)), "Cross", {})
    assert lowered is not None and lowered.graph is not None
    lines = {
        lowered.graph.labels[lowered.graph.label[e]]: lowered.graph.site_of(e).line
        for e in range(lowered.graph.event_count)
    }
    made = steps(words, "p.tell", lines)
    culprits = tuple(sorted({step.actor for step in made}))
    subject = TraceSubject(
        source="p.tell",
        protocol="Cross",
        obligation="fidelity",
        statement=SENTENCES["fidelity"],
        code="TV421",
        fault=Fault.INFIDELITY,
        culprits=culprits,
    )
    trace = Trace(Fault.INFIDELITY, made, culprits, "", False, -1)
    path = graph.parent / "fidelity.itf.json"
    path.write_text(write_itf(trace, Machines(lowered.graph).all(), subject), encoding="utf-8")
    return str(path)


def test_messages_that_cross_in_parallel_are_no_infidelity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.tell").write_text(CROSS, encoding="utf-8")
    Path("tellverify.toml").touch()
    run("check", "p.tell", "--property", "progress", "--evidence", "ev", cwd=tmp_path)
    trace = forged(tmp_path, CROSSED)
    code, out, _ = run("recheck", trace, "--without-sources", cwd=tmp_path)
    assert code == 1 and "without the text it is not known" in out
    code, out, _ = run("recheck", trace, cwd=tmp_path)
    assert code == 1 and "the parallel branches allow this run" in out
    code, out, _ = run("replay", trace, "p.tell", cwd=tmp_path)
    assert code == 1 and "the protocol has this run" in out


def test_a_graph_says_whether_branches_run_in_parallel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.tell").write_text(CROSS, encoding="utf-8")
    Path("tellverify.toml").touch()
    run("check", "p.tell", "--property", "progress", "--evidence", "ev", cwd=tmp_path)
    trace = forged(tmp_path, CROSSED)
    (graph,) = (tmp_path / "ev").glob("*/protocol.graph.json")
    graph.write_text(graph.read_text("utf-8").replace(',"parallel":true', ""), encoding="utf-8")
    for path in (trace, str(graph)):
        code, out, _ = run("recheck", path, cwd=tmp_path)
        assert code == 1 and "whether branches run in parallel is not as in the text" in out


def test_what_no_order_allows_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(UNFAITHFUL, encoding="utf-8")
    (tmp_path / "tellverify.toml").touch()
    code, out, _ = run("check", "p.tell", "--evidence", "ev", cwd=tmp_path)
    assert code == 1 and "fidelity" in out
    (trace,) = (tmp_path / "ev").glob("*/fidelity.itf.json")
    assert json.loads(trace.read_text("utf-8"))["#meta"]["fault"] == "infidelity"
    code, out, _ = run("recheck", "ev", cwd=tmp_path)
    assert code == 0, out
    code, out, _ = run("replay", str(trace), "p.tell", cwd=tmp_path)
    assert code == 0, out
