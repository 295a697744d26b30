"""What is said of the runs of a protocol rests on its roles, and on nothing they may not do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tellverify.model.trace import Trace
from tellverify.obligations.options import Options, UserProperty
from tellverify.verdict.outcome import Bounded, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.run import Verdict
from tellverify.verification.pipeline import check_paths

Check: TypeAlias = Callable[..., dict[str, Verdict]]


@pytest.fixture
def verdicts(tmp_path: Path) -> Check:
    def check(text: str, options: Options | None = None) -> dict[str, Verdict]:
        path = tmp_path / "p.tell"
        path.write_text(text, encoding="utf-8")
        (protocol,) = check_paths([str(path)], options or Options()).run.protocols
        return {v.name.split("/")[-1]: v for v in protocol.verdicts}

    return check


CROSSING = """\
protocol Crossing =
  roles Ann, Bob, Cy
  choice Ann at
    | Left =>
        Ann -> Bob : Left
        Cy -> Ann : Report
    | Right =>
        Ann -> Bob : Right
        Cy -> Bob : Notice
"""
TICKS = """\
protocol Ticks =
  roles Ann, Bob, Cy
  Ann -> Cy : Hi
  rec Beat
    Ann -> Bob : Tick
    continue Beat
"""
PARTLY = """\
protocol Partly =
  roles Hub, Node[N]
  choice Hub at
    | Go =>
        Hub -> Node[0] : Go
        Hub -> Node[1] : Go
    | Halt =>
        Hub -> Node[0] : Halt
"""
PIPELINED = """\
protocol Pipelined =
  roles Client, Server
  par
    |
      Client -> Server : AskA
      Server -> Client : AnswerA
    |
      Client -> Server : AskB
      Server -> Client : AnswerB
"""
SIDE = """\
protocol Side =
  roles Ann, Cy, Sue, Ray
  par
    |
      Ann -> Cy : X
    |
      choice Ann at
        | Yes =>
            Ann -> Cy : Yes
            Sue -> Ray : Zed
        | No =>
            Ann -> Cy : No
"""


def test_an_orphan_needs_no_other_role_to_have_stopped(verdicts: Check) -> None:
    found = verdicts(CROSSING)
    assert isinstance(found["no-orphan-message"].outcome, Refuted)
    assert isinstance(found["can-terminate"].outcome, Skipped)


def test_no_queue_is_proved_bounded_beside_one_that_grows(verdicts: Check) -> None:
    found = verdicts(TICKS)
    assert isinstance(found["bounded-queues[Ann -> Bob]"].outcome, Refuted)
    assert "bounded-queues" not in found
    once = verdicts(TICKS.replace("    continue Beat\n", ""))
    assert isinstance(once["bounded-queues"].outcome, Proved)


def test_good_members_keep_their_verdict_beside_a_refuted_one(verdicts: Check) -> None:
    found = verdicts(PARTLY, Options(instances=(("Node", (2,)),)))
    assert isinstance(found["no-stuck-role[Node[1]]"].outcome, Refuted)
    good = [v for name, v in found.items() if "no-stuck-role" in name and "Node[0]" in name]
    assert [type(v.outcome) for v in good] == [Bounded] and "Hub" in good[0].scope.roles


def test_parallel_branches_on_one_channel_are_decided(verdicts: Check) -> None:
    good = verdicts(PIPELINED)
    assert isinstance(good["implementable"].outcome, Proved)
    assert isinstance(good["fidelity"].outcome, Proved)
    bad = verdicts(SIDE)
    outcome = bad["fidelity"].outcome
    assert isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace)
    assert [step.label for step in outcome.evidence.steps] in (["No", "Zed"], ["Zed", "No"])
    assert not any(isinstance(v.outcome, Refuted) for n, v in bad.items() if "stuck-role" in n)


def test_beyond_the_budget_parallel_branches_are_unknown(verdicts: Check) -> None:
    found = verdicts(PIPELINED, Options(search_limit=8))
    assert isinstance(found["implementable"].outcome, Unknown)


def kth(places: int) -> str:
    """B is told bits, and cannot know which one was the last but `places`."""
    lines = ["protocol Kth =", "  roles A, B, C", "  rec X", "    choice A at", "      | More =>"]
    lines += ["          A -> C : More", "          choice A at"]
    for bit in ("Zero", "One"):
        lines += [f"            | {bit} =>", f"                A -> C : {bit}"]
        lines += [f"                A -> B : {bit}", "                continue X"]
    lines += ["      | Last =>", "          A -> C : Last", "          A -> B : One"]
    for _ in range(places):
        lines.append("          choice A at")
        for tag, bit in (("P", "Zero"), ("Q", "One")):
            lines += [f"            | {tag} =>", f"                A -> C : {tag}"]
            lines += [f"                A -> B : {bit}"]
    return "\n".join([*lines, "          A -> C : Fin", "          A -> B : Fin"]) + "\n"


def test_a_machine_of_exponential_size_is_not_built(verdicts: Check) -> None:
    found = verdicts(kth(24))
    outcome = found["bounded-queues[A -> B]"].outcome
    assert isinstance(outcome, Unknown) and "`B`" in outcome.reason
    assert isinstance(found["implementable"].outcome, Proved)
    small = verdicts(kth(2))
    assert isinstance(small["bounded-queues[A -> B]"].outcome, Refuted)


def test_a_run_is_called_shortest_only_where_no_queue_bound_was_in_the_way(verdicts: Check) -> None:
    lines = [f"  A{i} -> B{i} : M{i}x{j}" for j in range(4) for i in range(5)]
    roles = ", ".join(f"{end}{i}" for i in range(5) for end in "AB")
    text = "\n".join(["protocol Five =", f"  roles {roles}", *lines]) + "\n"
    wanted = (UserProperty("late", "never M0x3", "tellverify.toml", 1),)
    for limit in (3_000, 200_000):
        found = verdicts(text, Options(user_properties=wanted, search_limit=limit))
        (broken,) = [v for n, v in found.items() if isinstance(v.outcome, Refuted)]
        assert isinstance(broken.outcome.evidence, Trace)
        trace = broken.outcome.evidence
        assert len(trace.steps) >= 4 and (len(trace.steps) == 4 or not trace.minimal)
