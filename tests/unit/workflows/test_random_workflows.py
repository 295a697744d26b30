"""Random workflows against an exhaustive search from the definitions: verdicts and lengths.

A tenth of them is decided in a plain run; `TELLVERIFY_WORKFLOWS=all` decides 1,000 sequences and
500 parallel systems.
"""

from __future__ import annotations

import os
import random
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest
from composed_oracle import Oracle, OracleSession
from workflow_texts import RandomProtocol, checked, outcome_of

from tellverify.language.workspace import opened
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph, leaves_class
from tellverify.model.trace import Trace
from tellverify.projection.implementability import check_graph
from tellverify.projection.liveness import ending
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Proved, Refuted
from tellverify.verdict.run import ProtocolReport

ALL = os.environ.get("TELLVERIFY_WORKFLOWS") == "all"
SEQUENCES = 1_000 if ALL else 100
SYSTEMS = 500 if ALL else 50
BATCH = 25


def _graph(folder: Path, protocol: RandomProtocol) -> ProtocolGraph | None:
    """The graph of a protocol that is implementable by itself and can end, else None."""
    path = folder / f"{protocol.name}.tell"
    path.write_text(protocol.text, encoding="utf-8")
    space = opened(str(path))
    (found,) = space.protocols()
    if found.errors:
        return None
    graph = space.graph(found, {}).graph
    if graph is None or leaves_class(graph) is not None or graph.event_count > 14:
        return None
    good = check_graph(graph).implementable and ending(graph, must_end=True).run is None
    return graph if good else None


def _goes_on(
    graph: ProtocolGraph, go_on: str | None, names: tuple[str, ...]
) -> tuple[ProtocolGraph, list[bool]] | None:
    """The kinds of ends where a choice at the top decides them, on a graph unfolded by it."""
    if go_on is None:
        return graph, [bool(one) for one in graph.final]
    number: dict[tuple[int, bool], int] = {(0, False): 0}
    order = [(0, False)]
    first, rows = [0], []
    for state, flag in order:
        for e in range(graph.first[state], graph.first[state + 1]):
            label = graph.event(e).label
            below = (graph.target[e], label == go_on if label in names else flag)
            if below not in number:
                number[below] = len(order)
                order.append(below)
            rows.append((e, number[below]))
        first.append(len(rows))
    doubled = ProtocolGraph(
        graph.name,
        graph.roles,
        graph.labels,
        first,
        [graph.sender[e] for e, _ in rows],
        [graph.receiver[e] for e, _ in rows],
        [graph.label[e] for e, _ in rows],
        [to for _, to in rows],
        [graph.site[e] for e, _ in rows],
        bytearray(graph.final[state] for state, _ in order),
        graph.sites,
    )
    return doubled, [bool(graph.final[s]) and flag for s, flag in order]


def _compared(report: ProtocolReport, oracle: Oracle, told: str) -> str:
    """What the program says of a workflow, after it was compared with the oracle.

    Roles wait in a part of the sessions before the others have come to their end as well, so that
    a run that shows it may be shorter than one after which no agent of any session can act.
    """
    answer = oracle.decide()
    if answer is None:
        return "large"
    outcome = outcome_of(report)
    match outcome:
        case Proved(method):
            assert answer.fault == "", told
            return "conditions" if method is Method.PHASE_CONDITIONS else "searched"
        case Refuted(evidence=Trace() as trace):
            assert answer.fault, told
            waits = (Fault.DEADLOCK, Fault.STUCK_ROLE)
            if trace.minimal and trace.fault in waits:
                assert len(trace.steps) <= answer.length, told
            elif trace.minimal:
                assert (trace.fault.value, len(trace.steps)) == answer, told
            return "refuted"
    raise AssertionError(f"{outcome} of\n{told}")


@pytest.mark.parametrize("batch", range(SEQUENCES // BATCH))
def test_sequences_agree_with_exhaustive_search(batch: int, tmp_path: Path) -> None:
    seed = random.Random(f"sequence {batch}")
    seen: list[str] = []
    while len(seen) < BATCH:
        phases = []
        text = ""
        for number in range(seed.choice((2, 2, 3))):
            protocol = RandomProtocol(f"p{number}", seed)
            graph = _graph(tmp_path, protocol)
            if graph is None:
                break
            go_on = seed.choice(protocol.choices) if protocol.choices else None
            if go_on is not None and seed.random() < 0.3:
                go_on = None
            agents = dict(zip(protocol.roles, seed.sample(("W", "X", "Y", "Z"), 3), strict=False))
            ends = _goes_on(graph, go_on, protocol.choices)
            phases.append(OracleSession(*ends, agents, "w", number))
            given = ", ".join(f'{role} = "{agent}"' for role, agent in agents.items())
            text += f'[[workflow.w.phase]]\nprotocol = "p{number}.tell"\nagents = {{ {given} }}\n'
            text += f'go_on = ["{go_on}"]\n' if go_on else ""
        else:
            orders = {
                agent: [n for n, one in enumerate(phases) if agent in one.agents.values()]
                for agent in "WXYZ"
            }
            (report,) = checked(tmp_path, text).protocols
            texts = [(tmp_path / f"p{n}.tell").read_text() for n in range(len(phases))]
            seen.append(_compared(report, Oracle(phases, orders), "\n".join([text, *texts])))
    assert {"conditions", "refuted"} <= set(seen)


def _cyclic_lengths(sessions: list[OracleSession], orders: dict[str, list[int]]) -> set[int]:
    """The lengths of shortest runs in each cyclic part and what comes before it, by the oracle."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(sessions)))
    for own in orders.values():
        graph.add_edges_from(pairwise(own))
    found: set[int] = set()
    for part in nx.strongly_connected_components(graph):
        if len(part) > 1:
            wanted = sorted(set(part).union(*(nx.ancestors(graph, one) for one in part)))
            rows = {
                agent: [wanted.index(n) for n in own if n in wanted]
                for agent, own in orders.items()
            }
            answer = Oracle([sessions[n] for n in wanted], rows).decide()
            if answer is not None and answer.fault:
                found.add(answer.length)
    return found


@pytest.mark.parametrize("batch", range(SYSTEMS // BATCH))
def test_parallel_systems_agree_with_exhaustive_search(batch: int, tmp_path: Path) -> None:
    seed = random.Random(f"parallel {batch}")
    seen: list[str] = []
    while len(seen) < BATCH:
        sessions = []
        text = ""
        for number in range(seed.choice((2, 3, 3))):
            protocol = RandomProtocol(f"p{number}", seed, ("A", "B"))
            graph = _graph(tmp_path, protocol)
            if graph is None:
                break
            agents = dict(zip(protocol.roles, seed.sample(("X", "Y", "Z"), 2), strict=False))
            ends = [bool(one) for one in graph.final]
            sessions.append(OracleSession(graph, ends, agents, f"w{number}", 0))
            given = ", ".join(f'{role} = "{agent}"' for role, agent in agents.items())
            text += f'[[workflow.w{number}.phase]]\nprotocol = "p{number}.tell"\n'
            text += f"agents = {{ {given} }}\n"
        else:
            orders = {}
            for agent in "XYZ":
                own = [n for n, one in enumerate(sessions) if agent in one.agents.values()]
                seed.shuffle(own)
                orders[agent] = own
                if len(own) > 1:
                    names = ", ".join(f'"w{n}"' for n in own)
                    text += f"[agents.{agent}]\norder = [{names}]\n"
            run = checked(tmp_path, text)
            oracle = Oracle(sessions, orders)
            texts = [(tmp_path / f"p{n}.tell").read_text() for n in range(len(sessions))]
            told = "\n".join([text, *texts])
            refuted = [one for one in run.protocols if isinstance(outcome_of(one), Refuted)]
            shown = refuted[0] if refuted else run.protocols[0]
            seen.append(_compared(shown, oracle, told))
            if refuted:
                outcomes = [outcome_of(one) for one in refuted]
                lengths = {len(o.evidence.steps) for o in outcomes if isinstance(o, Refuted)}
                assert lengths == _cyclic_lengths(sessions, orders), told
    assert {"conditions", "refuted"} <= set(seen)
