"""Workflows with shared agents, threads, joins, bundles and local steps against a second reference.

A few of each kind are decided in a plain run; `TELLVERIFY_WORKFLOWS=all` decides 150 of each. Every
run that refutes one is also judged by the rechecker.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from agent_processes import (
    AgentProcesses,
    ProcessJoin,
    ProcessSession,
    TooManyNodes,
    Tree,
    TreeChoice,
    random_tree,
    roles_of,
    text_of,
)
from workflow_texts import outcome_of

from tellverify.diagnostics.workflows import ABANDONED_ROLE
from tellverify.evidence.recheck.workflow_runs import recheck_workflow_run
from tellverify.language.files.inputs import read_any
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Proved, Refuted
from tellverify.verification.evidence_files import write_evidence
from tellverify.workflows.workflow_check import check_workflows

COUNT = 150 if os.environ.get("TELLVERIFY_WORKFLOWS") == "all" else 15
AGENTS = ("W", "X", "Y", "Z")


class RandomWorkflows:
    """A file of one or two workflows, and the same for the reference."""

    def __init__(self, rng: random.Random, folder: Path, kind: str) -> None:
        self._rng, self._folder, self._kind = rng, folder, kind
        self.sessions: list[ProcessSession] = []
        self.joins: list[ProcessJoin] = []
        self.orders: dict[str, list[str]] = {}
        self.text = ""
        self._groups = 0
        names = ["w0"] if kind in ("sequence", "join") else ["w0", "w1"]
        for name in names:
            self._workflow(name, rng.choice((1, 2, 2, 3) if len(names) == 2 else (2, 2, 3)))
        self._order(names)

    def _workflow(self, name: str, steps: int) -> None:
        rng = self._rng
        was_parallel = False
        while steps > 0:
            is_parallel = rng.random() < (0.6 if self._kind in ("join", "mixed") else 0.3)
            if rng.random() < 0.15 or (is_parallel and was_parallel):
                agent = rng.choice(AGENTS)
                self.text += f'[[workflow.{name}.phase]]\next = "log"\nagent = "{agent}"\n'
            width = rng.choice((2, 2, 3)) if is_parallel else 1
            was_parallel = is_parallel
            steps -= width
            self._groups += 1
            self._group(name, width)

    def _group(self, name: str, width: int) -> None:
        rng = self._rng
        joins = width > 1 and self._kind in ("join", "mixed") and rng.random() < 0.75
        joining = rng.choice(AGENTS) if joins else ""
        slots = list(range(width))
        if width > 1 and self._kind == "join" and rng.random() < 0.3:
            slots += rng.choice(([0], [1], [0, 1]))
        own: list[ProcessSession] = []
        head = ""
        if joins:
            join = rng.choice(("all", "first", 1, 2))
            times_out = rng.random() < 0.4
            head = f"join = {join}\n" if isinstance(join, int) else f'join = "{join}"\n'
            head += 'timeout = "3s"\n' if times_out else ""
        for at, slot in enumerate(slots):
            thread = f"t{slot}" if width > 1 else ""
            own.append(self._session(name, thread, joining, "" if at else head))
        if joins:
            common = [
                agent
                for agent in own[0].agents.values()
                if all(agent in one.agents.values() for one in own)
            ]
            needed = {"all": width, "first": 1}.get(str(join)) or int(join)
            self.joins.append(ProcessJoin(name, self._groups, common[0], needed, times_out))

    def _session(self, name: str, thread: str, joining: str, head: str) -> ProcessSession:
        rng = self._rng
        tree = self._tree()
        file = f"p{len(self.sessions)}"
        (self._folder / f"{file}.tell").write_text(text_of(file, tree), encoding="utf-8")
        roles = roles_of(tree)
        if joining:
            others = [agent for agent in AGENTS if agent != joining]
            players = [joining, *rng.sample(others, len(roles) - 1)]
            rng.shuffle(players)
        else:
            players = rng.sample(AGENTS, len(roles))
        has_choice = isinstance(tree[-1], TreeChoice)
        stops = has_choice and not joining and rng.random() < 0.4
        go_on = rng.choice(("Yes", "No")) if stops else ""
        holds: dict[str, list[str]] = {}
        if self._kind in ("bundles", "mixed") and rng.random() < 0.6:
            free = rng.sample(("b0", "b1"), 2)
            for agent in rng.sample(players, rng.choice((1, 1, 2))):
                if free:
                    holds[agent] = [free.pop() for _ in range(rng.randint(1, len(free)))]
        agents = dict(zip(roles, players, strict=True))
        session = ProcessSession(name, tree, agents, go_on, self._groups, thread, holds)
        self.sessions.append(session)
        given = ", ".join(f'{role} = "{agent}"' for role, agent in agents.items())
        held = ", ".join(
            f"{agent} = [{', '.join(f'{chr(34)}{b}{chr(34)}' for b in own)}]"
            for agent, own in holds.items()
        )
        self.text += f'[[workflow.{name}.phase]]\nprotocol = "{file}.tell"\n{head}'
        self.text += f"agents = {{ {given} }}\n"
        self.text += f'go_on = ["{go_on}"]\n' if go_on else ""
        self.text += f'thread = "{thread}"\n' if thread else ""
        self.text += f"holds = {{ {held} }}\n" if held else ""
        return session

    def _tree(self) -> Tree:
        """One that holds by itself."""
        while True:
            tree = random_tree(self._rng, ("A", "B", "C")[: self._rng.choice((2, 2, 3))])
            alone = ProcessSession("s", tree, {role: role for role in roles_of(tree)})
            if AgentProcesses([alone], {}).decide() == ("", 0):
                return tree

    def _order(self, names: list[str]) -> None:
        for agent in AGENTS:
            own = [
                name
                for name in names
                if any(one.workflow == name and agent in one.agents.values()
                       for one in self.sessions)
            ]  # fmt: skip
            if len(own) == 2 and self._rng.random() < 0.6:
                self._rng.shuffle(own)
                self.orders[agent] = own
                self.text += f'[agents.{agent}]\norder = ["{own[0]}", "{own[1]}"]\n'


@pytest.mark.parametrize("kind", ["sequence", "orders", "bundles", "join", "mixed"])
def test_workflows_agree_with_the_processes_of_their_agents(kind: str, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    number = 0
    while sum(seen.values()) < COUNT:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        made = RandomWorkflows(random.Random(f"{kind} {number}"), folder, kind)
        try:
            fault, events = AgentProcesses(made.sessions, made.orders, made.joins).decide()
        except TooManyNodes:
            continue
        path = folder / "workflow.toml"
        path.write_text(made.text, encoding="utf-8")
        checked = check_workflows([read_any(str(path))], Options(keep_graphs=True))
        outcomes = [outcome_of(one) for one in checked.run.protocols]
        refuted = [one for one in outcomes if isinstance(one, Refuted)]
        told = f"{kind} {number}: {fault} after {events} events\n{made.text}"
        if refuted:
            assert fault, told
            traces = [one.evidence for one in refuted if isinstance(one.evidence, Trace)]
            given_up = any(one.code == ABANDONED_ROLE.number for one in refuted)
            if not given_up and all(trace.minimal for trace in traces):
                assert min(len(trace.steps) for trace in traces) <= events, told
            for file in write_evidence(checked, str(folder / "evidence")):
                assert recheck_workflow_run(file.path)
            seen["refuted"] += 1
        elif all(isinstance(one, Proved) for one in outcomes):
            assert fault == "", told
            seen["proved"] += 1
        elif checked.run.exit_code == 3:
            seen["unknown"] += 1
    assert {"proved", "refuted"} <= set(seen), seen
    assert seen["unknown"] * 5 <= sum(seen.values()), seen
