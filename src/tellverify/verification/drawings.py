"""What reports draw: the graph and machines of each protocol, and local states along its runs.

Computed only when a report needs it, from the graphs that `Options.keep_graphs` kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tellverify.evidence.divergence import replay
from tellverify.model.graph import ProtocolGraph
from tellverify.model.machine import Machine
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.obligations.machines import ALL_MACHINES, Machines
from tellverify.verdict.drawing import Drawing, Drawings, Move
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.run import ProtocolReport, Run, Verdict
from tellverify.verification.checked import Graphs

MOST_STATES: Final = 100  # of a picture that can be read on a page
MOST_MOVES: Final = 160
_MOST_ROLES: Final = 32
_MOST_MACHINES: Final = 16


def with_drawings(run: Run, graphs: Graphs) -> Run:
    """`run` with drawings of its protocols and local states along its traces.

    `graphs` has the graphs of protocols by path and name, then by instance.
    """
    protocols = []
    for protocol in run.protocols:
        known = graphs.get((protocol.path, protocol.name), {})
        machines = {instance: Machines(graph) for instance, graph in known.items()}
        verdicts = tuple(_with_states(verdict, machines) for verdict in protocol.verdicts)
        drawings = _drawings(protocol, machines)
        protocols.append(msgspec.structs.replace(protocol, verdicts=verdicts, drawings=drawings))
    return msgspec.structs.replace(run, protocols=tuple(protocols))


def _with_states(verdict: Verdict, machines: Mapping[str, Machines]) -> Verdict:
    outcome = verdict.outcome
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
        stepped = _stepped(outcome.evidence, machines.get(outcome.instance))
        return msgspec.structs.replace(
            verdict, outcome=msgspec.structs.replace(outcome, evidence=stepped)
        )
    if verdict.witness is not None:
        witness = verdict.witness
        stepped = _stepped(witness.trace, machines.get(witness.instance))
        return msgspec.structs.replace(
            verdict, witness=msgspec.structs.replace(witness, trace=stepped)
        )
    return verdict


def _stepped(trace: Trace, known: Machines | None) -> Trace:
    """`trace` with the local state of each actor, where its machines can be built in good time."""
    if known is None:
        return trace
    acting = {role for step in trace.steps for role in (step.sender, step.receiver)}
    if not acting <= set(known.graph.roles):
        return trace
    if len(acting) > ALL_MACHINES and not known.are_cheap:
        return trace
    found = replay(trace.steps, [known.of(role) for role in known.graph.roles if role in acting])
    if found.divergence is not None:
        return trace
    return msgspec.structs.replace(trace, states=found.states)


def _drawings(protocol: ProtocolReport, machines: Mapping[str, Machines]) -> Drawings | None:
    """At the sizes of the first run that is shown, else at the largest that can be drawn."""
    if not machines:
        return None
    shown = [
        verdict.outcome.instance
        for verdict in protocol.verdicts
        if isinstance(verdict.outcome, Refuted)
        and isinstance(verdict.outcome.evidence, Trace)
        and verdict.outcome.instance in machines
    ]
    small = [name for name, known in machines.items() if _fits(known.graph)]
    instance = (shown or small[-1:] or list(machines))[0]
    known = machines[instance]
    graph = known.graph
    omitted: list[str] = []
    drawn: Drawing | None = None
    if _fits(graph):
        drawn = drawing_of_graph(graph)
    else:
        omitted.append(f"the graph: {graph.state_count} states and {graph.event_count} events")
    drawn_machines: tuple[Drawing, ...] = ()
    if len(graph.roles) > _MOST_ROLES or graph.event_count > 4 * MOST_MOVES:
        omitted.append(f"the machines of {len(graph.roles)} roles")
    else:
        drawn_machines = _machines(known, omitted)
    return Drawings(instance, drawn, drawn_machines, tuple(omitted))


def _fits(graph: ProtocolGraph) -> bool:
    return graph.state_count <= MOST_STATES and graph.event_count <= MOST_MOVES


def _machines(known: Machines, omitted: list[str]) -> tuple[Drawing, ...]:
    """One drawing for all members of a family that do the same up to renaming."""
    lines = tuple(site.line for site in known.graph.sites)
    groups: dict[object, list[str]] = {}
    for role in known.graph.roles:
        groups.setdefault(_pattern(known.of(role)), []).append(role)
    found: list[Drawing] = []
    for roles in groups.values():
        machine = known.of(roles[0])
        moves = sum(map(len, machine.moves))
        if machine.state_count > MOST_STATES or moves > MOST_MOVES:
            omitted.append(f"the machine of {roles[0]}: {machine.state_count} states")
        elif len(found) == _MOST_MACHINES:
            omitted.append(f"the machine of {roles[0]}: there are {len(groups)} machines")
        else:
            found.append(drawing_of_machine(machine, roles, lines))
    return tuple(found)


def _pattern(machine: Machine) -> object:
    """What members of a family share when they do the same but for the names of members."""
    family = family_of(machine.role)
    if family == machine.role:
        return machine.role
    number: dict[str, str] = {machine.role: "self"}
    count: dict[str, int] = {}
    rows = []
    for row in machine.moves:
        shown = []
        for action, target in row:
            if action.peer not in number:
                of = family_of(action.peer)
                number[action.peer] = action.peer
                if of != action.peer:
                    count[of] = count.get(of, -1) + 1
                    number[action.peer] = f"{of}#{count[of]}"
            shown.append((action.send, number[action.peer], action.label, target))
        rows.append(tuple(shown))
    return (family, tuple(rows), machine.final)


def drawing_of_graph(graph: ProtocolGraph) -> Drawing:
    """The drawing of a protocol graph."""
    moves = []
    for state in range(graph.state_count):
        for transition in range(graph.first[state], graph.first[state + 1]):
            sender, receiver, label = graph.event(transition)
            line = graph.site_of(transition).line
            moves.append(Move(state, graph.target[transition], sender, receiver, label, line))
    final = tuple(state for state, is_final in enumerate(graph.final) if is_final)
    return Drawing((), graph.state_count, final, tuple(moves))


def drawing_of_machine(
    machine: Machine, roles: Sequence[str], lines: tuple[int, ...] = ()
) -> Drawing:
    """The drawing of the machine of `roles[0]`; `lines` are those of the sites of its graph."""
    moves = []
    for state, row in enumerate(machine.moves):
        sites = machine.sites[state] if machine.sites else ()
        for number, (action, target) in enumerate(row):
            site = sites[number] if number < len(sites) else -1
            line = lines[site] if 0 <= site < len(lines) else 0
            pair = (machine.role, action.peer) if action.send else (action.peer, machine.role)
            moves.append(Move(state, target, *pair, action.label, line))
    final = tuple(state for state, is_final in enumerate(machine.final) if is_final)
    return Drawing(tuple(roles), machine.state_count, final, tuple(moves))
