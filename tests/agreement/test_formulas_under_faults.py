"""Formulas under faults against all runs with faults, step by step, and rewriting of formulas.

The searches pair packed configurations with an automaton. Here a situation is plain states and
queues, faults are moves straight from their definitions, and a formula is what must still hold: it
is rewritten by each event, and broken when nothing is left of it but `false`. Of protocols with
timeouts the reference meaning makes the moves.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

import pytest
from formulas import random_formula
from graphs import random_graph
from local_machines import canonical_machine
from plain_faults import random_scenario
from timed_random import SHAPES, RandomTexts
from timed_texts import protocol_of, written_of

from tellverify.model.delivery import Delivery
from tellverify.model.formula import (
    CountAtom,
    EventAtom,
    FinishedAtom,
    Formula,
    FormulaBuilder,
    OfferAtom,
    text,
)
from tellverify.model.machine import Machine
from tellverify.model.scenario import (
    ResolvedScenario,
    RuleKind,
    Scenario,
    ScenarioRule,
    resolved,
)
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.timed_semantics import TimedSemantics, TimedState
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.model.trace import Trace
from tellverify.obligations.faulty_formulas import formula_under_faults
from tellverify.obligations.options import Options
from tellverify.obligations.timed_formulas import TimedFormulas
from tellverify.properties.safety import is_safety
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Skipped

CASES = 360
TIMED_CASES = 120
BLOCK = 60
MOST = 4_000  # situations with a formula
LONGEST = 3  # messages of a queue

Rest = tuple  # ("true",), ("atom", n), ("and", left, right) ..
DUAL = {
    "and": "or",
    "or": "and",
    "until": "release",
    "release": "until",
    "next": "weak-next",
    "weak-next": "next",
    "true": "false",
    "false": "true",
}


class Event(NamedTuple):
    """What a formula sees of a move; a timer has neither sender nor receiver."""

    send: bool
    sender: str
    receiver: str
    label: str


# Formulas


def tree_of(formula: Formula) -> Rest:
    """The formula with negations at its atoms; it asks for nothing to happen."""
    plus: list[Rest] = []
    minus: list[Rest] = []
    for operator, args in formula.nodes:
        if operator == "not":
            plus.append(minus[args[0]])
            minus.append(plus[args[0]])
        elif operator == "atom":
            plus.append(("atom", args[0]))
            minus.append(("no-atom", args[0]))
        else:
            plus.append((operator, *(plus[arg] for arg in args)))
            minus.append((DUAL[operator], *(minus[arg] for arg in args)))
    return plus[-1]


def after(rest: Rest, holds: Callable[[int], bool]) -> Rest:
    """What must hold behind the next event; `later` asks for it where another one follows."""
    operator, *args = rest
    match operator:
        case "true" | "false":
            return rest
        case "atom" | "no-atom":
            return ("true",) if holds(args[0]) == (operator == "atom") else ("false",)
        case "and" | "or":
            return joined(operator, after(args[0], holds), after(args[1], holds))
        case "later":
            return after(args[0], holds)
        case "weak-next":
            return ("later", args[0])
        case "release":
            kept = joined("or", after(args[0], holds), ("later", rest))
            return joined("and", after(args[1], holds), kept)
    raise AssertionError(operator)


def joined(operator: str, left: Rest, right: Rest) -> Rest:
    neutral, ruling = (("true",), ("false",))[:: 1 if operator == "and" else -1]
    parts = {part for one in (left, right) for part in parts_of(operator, one)} - {neutral}
    if ruling in parts:
        return ruling
    found: Rest = neutral
    for part in sorted(parts, key=repr):
        found = part if found == neutral else (operator, part, found)
    return found


def parts_of(operator: str, rest: Rest) -> list[Rest]:
    if rest[0] != operator:
        return [rest]
    return [*parts_of(operator, rest[1]), *parts_of(operator, rest[2])]


def is_same(pattern: str, name: str) -> bool:
    return pattern in ("*", name)


def letter(
    formula: Formula, event: Event, states: dict[str, list[str]], totals: tuple[int, ...]
) -> tuple[list[bool], tuple[int, ...]]:
    """Which atoms hold behind an event; `states` has the labels that each role may go on with."""
    holds = []
    for atom in formula.atoms:
        match atom:
            case EventAtom(action, sender, receiver, label):
                fits = is_same(sender, event.sender) and is_same(receiver, event.receiver)
                is_kind = bool(event.label) and event.send == (action == "send")
                holds.append(is_kind and fits and is_same(label, event.label))
            case FinishedAtom(role):
                holds.append(not states[role])
            case OfferAtom(role, label):
                holds.append(label in states[role])
            case _:
                holds.append(False)
    counted = list(totals)
    for number, atom in enumerate(formula.atoms):
        if isinstance(atom, CountAtom):
            counted[number] += sum(factor for factor, one in atom.terms if holds[one])
            holds[number] = counted[number] >= 0
    return holds, tuple(counted)


Move = tuple[Event, dict[str, list[str]], Hashable]


def first_break(
    formula: Formula, start: Hashable, moves: Callable[[Hashable], Iterator[Move]], deepest: int
) -> tuple[int | None, int]:
    """The events of a shortest run that breaks a formula, and the length up to which all were
    looked at.
    """
    totals = tuple(a.constant if isinstance(a, CountAtom) else 0 for a in formula.atoms)
    first = (start, tree_of(formula), totals)
    if first[1] == ("false",):
        return 0, 0
    depth = {first: 0}
    work = deque([first])
    while work:
        here = work.popleft()
        if len(depth) > MOST or depth[here] == deepest:
            return None, depth[here]
        situation, rest, sums = here
        for event, states, target in moves(situation):
            holds, counted = letter(formula, event, states, sums)
            left = after(rest, holds.__getitem__)
            if left == ("false",):
                return depth[here] + 1, depth[here]
            there = (target, left, counted)
            if there not in depth:
                depth[there] = depth[here] + 1
                work.append(there)
    return None, deepest


# Machines


class Plain(NamedTuple):
    states: tuple[int, ...]
    queues: tuple[tuple[tuple[str, str], tuple[str, ...]], ...]
    used: tuple[tuple[int, str, int], ...]


def plain_moves(
    machines: list[Machine], scenario: Scenario, liars: frozenset[str]
) -> Callable[[Plain], Iterator[Move]]:
    def is_on(rule: ScenarioRule, channel: tuple[str, str]) -> bool:
        return all(
            not some or end in some
            for some, end in zip((rule.left, rule.right), channel, strict=True)
        )

    def spent(here: Plain, kind: RuleKind, channel: tuple[str, str]) -> tuple | None:
        used = {(n, who): count for n, who, count in here.used}
        for number, rule in enumerate(scenario.rules):
            if rule.kind is kind and is_on(rule, channel):
                if rule.most is None:
                    return here.used
                count = used.get((number, channel[0]), 0)
                if count < rule.most:
                    used[number, channel[0]] = count + 1
                    return tuple(sorted((n, who, c) for (n, who), c in used.items()))
        return None

    def moves(here: Plain) -> Iterator[Move]:
        queues = dict(here.queues)
        for index, machine in enumerate(machines):
            role = machine.role
            if role in liars:
                continue
            for action, target in machine.moves[here.states[index]]:
                states = (*here.states[:index], target, *here.states[index + 1 :])
                offers = {
                    m.role: [a.label for a, _ in m.moves[s]]
                    for m, s in zip(machines, states, strict=True)
                }
                channel = (role, action.peer) if action.send else (action.peer, role)
                event = Event(action.send, *channel, action.label)
                queue = queues.get(channel, ())
                results: list[tuple[tuple[str, ...], tuple]] = []
                if action.peer in liars:
                    results.append((queue, here.used))
                elif action.send:
                    results.append(((*queue, action.label), here.used))
                    if (left := spent(here, RuleKind.LOSS, channel)) is not None:
                        results.append((queue, left))
                    twice = spent(here, RuleKind.DUPLICATE, channel)
                    if twice is not None and not scenario.deduplicate:
                        results.append(((*queue, action.label, action.label), twice))
                else:
                    bag = any(
                        rule.kind is RuleKind.REORDER and is_on(rule, channel)
                        for rule in scenario.rules
                    )
                    for at, label in enumerate(queue if bag else queue[:1]):
                        if label == action.label:
                            results.append(((*queue[:at], *queue[at + 1 :]), here.used))
                for content, used in results:
                    if len(content) <= LONGEST:
                        changed = {**queues, channel: content}
                        kept = tuple(sorted((c, q) for c, q in changed.items() if q))
                        yield event, offers, Plain(states, kept, used)

    return moves


def liar_sets(scenario: Scenario, roles: tuple[str, ...]) -> list[frozenset[str]]:
    """Every set that the Byzantine rules allow, rule by rule."""
    found = [frozenset[str]()]
    for rule in scenario.rules:
        if rule.kind is RuleKind.BYZANTINE:
            group = [role for role in roles if not rule.left or role in rule.left]
            for _ in range(len(group) if rule.most is None else rule.most):
                found += [known | {role} for known in found for role in group]
                found = list(dict.fromkeys(found))
    return found


def speaks_of(formula: Formula, machine: Machine) -> bool:
    events = [
        Event(a.send, *((machine.role, a.peer) if a.send else (a.peer, machine.role)), a.label)
        for row in machine.moves
        for a, _ in row
    ]
    here = {machine.role: [""]}
    plain = Formula(tuple(a for a in formula.atoms if isinstance(a, EventAtom)), ())
    if any(any(letter(plain, event, here, (0,) * len(plain.atoms))[0]) for event in events):
        return True
    states = [a.role for a in formula.atoms if isinstance(a, FinishedAtom | OfferAtom)]
    return machine.role in states


def length(outcome: Outcome) -> int | None:
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
        return len(outcome.evidence.steps)
    return None


@pytest.mark.parametrize("start", range(0, CASES, BLOCK))
def test_formulas_under_faults_of_channels_and_liars(start: int) -> None:
    counts = {"broken": 0, "held": 0, "skipped": 0}
    for seed in range(start, start + BLOCK):
        rng = random.Random(seed)
        graph = random_graph(seed, max_roles=3, max_states=5, in_class=rng.random() < 0.7)
        scenario = random_scenario(seed, graph.roles)
        formula = safe_formula(rng, lambda rng=rng, graph=graph: random_formula(rng, graph, 2))
        said = f"seed {seed}: {text(formula)} under {scenario.text}"
        options = Options(queue_limit=LONGEST, search_limit=20_000)
        answer = formula_under_faults(graph, formula, "p", scenario, options)
        assert answer is not None, said
        machines = [canonical_machine(graph, role) for role in graph.roles]
        sets = liar_sets(scenario, graph.roles)
        lying = frozenset().union(*sets)
        if any(speaks_of(formula, machine) for machine in machines if machine.role in lying):
            assert isinstance(answer.outcome, Skipped), said
            counts["skipped"] += 1
            continue
        start_ = Plain((0,) * len(machines), (), ())
        found = [
            first_break(formula, start_, plain_moves(machines, scenario, liars), 12)
            for liars in sets
        ]
        lengths = [one for one, _ in found if one is not None]
        looked_at = min(deepest for _, deepest in found)
        mine = length(answer.outcome)
        if mine is None:
            assert not lengths or not isinstance(answer.outcome, Proved | Bounded), said
            counts["held"] += 1
        else:
            assert mine == min(lengths) if lengths else mine > looked_at, said
            counts["broken"] += 1
    assert counts["broken"] > 3 and counts["held"] > 5, counts


def safe_formula(rng: random.Random, make: Callable[[], Formula]) -> Formula:
    """One that only events contradict, and that is no constant."""
    while True:
        formula = make()
        if is_safety(formula) and formula.nodes[-1][0] not in ("true", "false"):
            return formula


# Timers


class TimedPlain(NamedTuple):
    state: TimedState
    used: tuple[tuple[str, int, str, int], ...]


def timed_moves(
    semantics: TimedSemantics, allowed: ResolvedScenario
) -> Callable[[TimedPlain], Iterator[Move]]:
    def spent(here: TimedPlain, kind: str, channel: tuple[str, str]) -> tuple | None:
        used = {row[:3]: row[3] for row in here.used}
        for number, (most, channels) in enumerate(getattr(allowed, kind)):
            if channel in channels:
                if most is None:
                    return here.used
                key = (kind, number, channel[0])
                if used.get(key, 0) < most:
                    used[key] = used.get(key, 0) + 1
                    return tuple(sorted((*row, count) for row, count in used.items()))
        return None

    def moves(here: TimedPlain) -> Iterator[Move]:
        for role in semantics.roles:
            plain = [(move, here.used) for move in semantics.moves_of(role, here.state)]
            for kind, delivery in (("loss", Delivery.LOST), ("duplicate", Delivery.DUPLICATED)):
                for move in semantics.sends(role, here.state, delivery):
                    left = spent(here, kind, (role, move.event.peer))
                    if left is not None:
                        plain.append((move, left))
            for move, used in plain:
                if move.target is None:
                    continue
                one = move.event
                ends = (role, one.peer) if one.kind == "send" else (one.peer, role)
                event = Event(one.kind == "send", *ends, one.label)
                if one.kind == "fire":
                    event = Event(False, "", "", "")
                yield event, {}, TimedPlain(move.target, used)

    return moves


def random_timed_formula(rng: random.Random, protocol: TimedProtocol) -> Formula:
    nodes = [node for node in protocol.nodes if isinstance(node, MessageNode)]
    make = FormulaBuilder()

    def atom() -> int:
        node = rng.choice(nodes)
        action = rng.choice(("send", "receive"))
        label = node.label if rng.random() < 0.85 else "*"
        found = EventAtom(action, node.sender, node.receiver, label)
        if rng.random() < 0.15:
            return make.atom(CountAtom(((-1, make.atom_number(found)),), rng.randint(0, 1)))
        return make.atom(found)

    def node(depth: int) -> int:
        if not depth:
            return atom()
        match rng.randrange(6):
            case 0:
                return make.negation(node(depth - 1))
            case 1:
                return make.always(node(depth - 1))
            case 2:
                return make.next(node(depth - 1), weak=True)
            case 3:
                return make.weak_until(node(depth - 1), node(depth - 1))
            case 4:
                return make.both(node(depth - 1), node(depth - 1))
            case _:
                return make.either(node(depth - 1), node(depth - 1))

    return make.formula(make.always(node(2)) if rng.random() < 0.5 else node(3))


def random_rules(rng: random.Random, protocol: TimedProtocol) -> str:
    nodes = [node for node in protocol.nodes if isinstance(node, MessageNode)]
    found = ["crash <= 1"] if rng.random() < 0.2 and len(protocol.roles) > 1 else []
    for kind in ("loss", "duplicate"):
        if rng.random() < 0.6:
            one = rng.choice(nodes)
            found.append(f"{kind}{rng.choice(('', ' <= 1'))} on {one.sender} -> {one.receiver}")
    return ", ".join(found)


@pytest.mark.parametrize("start", range(0, TIMED_CASES, BLOCK))
def test_formulas_with_timers_and_faults(start: int) -> None:
    counts = {"broken": 0, "held": 0}
    for seed in range(start, start + BLOCK):
        rng = random.Random(seed)
        protocol = protocol_of(written_of(RandomTexts(rng).text(SHAPES[seed % len(SHAPES)])))
        formula = safe_formula(
            rng, lambda rng=rng, protocol=protocol: random_timed_formula(rng, protocol)
        )
        rules = random_rules(rng, protocol)
        scenario = parse_scenario("s", rules) if rules else Scenario()
        said = f"seed {seed}: {text(formula)} under {rules}"
        options = Options(queue_limit=2, search_limit=20_000)
        answer = TimedFormulas(protocol, options).answer(formula, "p", scenario)
        channels = {(n.sender, n.receiver) for n in protocol.nodes if isinstance(n, MessageNode)}
        allowed = resolved(scenario, protocol.roles, channels)
        assert answer is not None and allowed is not None, said
        semantics = TimedSemantics(protocol, bound=2)
        start_ = TimedPlain(semantics.initial(), ())
        known, looked_at = first_break(formula, start_, timed_moves(semantics, allowed), 9)
        mine = length(answer.outcome)
        if known is not None:
            assert mine == known, said
            counts["broken"] += 1
        else:
            assert mine is None or mine > looked_at, said
            counts["held"] += 1
    assert counts["broken"] > 3 and counts["held"] > 5, counts
