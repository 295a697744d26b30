"""Properties decided on the protocol graph alone, where the order of observed events is fixed.

A run of an implementable protocol is a run of the graph with independent events swapped (Li, Stutz,
Wies, Zufferey, OOPSLA 2025: protocol fidelity). Swapping changes nothing that a property sees when

1. it sees events only, no states of roles, and what it sees never depends on how many events it
   does not see lie between: reading nothing leads its automaton nowhere else, and
2. of any two events that it sees and tells apart, one causes the other on every run.

Then the events it sees come in the same order in the run of the graph in which every message is
taken at once, and that run decides for all its swappings. This is used where no infinite run can
matter: the property is a safety property, or the protocol has no cycle. Queues may grow without
limit, and the number of roles does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tellverify.evidence.formula_run import event_matches
from tellverify.model.components import reaching, strongly_connected
from tellverify.model.formula import CountAtom, FinishedAtom, Formula, OfferAtom, evaluate
from tellverify.model.graph import ProtocolGraph
from tellverify.model.step import Step
from tellverify.properties.automaton import AutomatonTooLarge, BuchiAutomaton
from tellverify.properties.observations import COUNT_LIMIT, limited

_MOST_ORDER: Final = 2_000_000
_MOST_COUNTS: Final = 4
_MOST_LETTERS: Final = 5_000_000
_MOST_PAIRS: Final = 100_000

Halves = tuple[int, int]
Counts = tuple[int, ...]


class GraphAnswer(NamedTuple):
    """All runs have the property, or one does not: its transitions, and whether it ends there."""

    broken: tuple[int, ...] | None
    visited: int


def decide_on_graph(formula: Formula, graph: ProtocolGraph, budget: int) -> GraphAnswer | None:
    """Decide `formula` for the runs of an implementable graph in the class.

    None when the conditions above do not hold, or finding out takes too long.
    """
    if any(isinstance(atom, FinishedAtom | OfferAtom) for atom in formula.atoms):
        return None
    if len(formula.atoms) * graph.event_count > _MOST_LETTERS:
        return None
    try:
        automaton = BuchiAutomaton(formula)
        if automaton.has_release and _has_cycle(graph):
            return None
        letters = _letters(formula, graph)
        if not _skips_nothing(automaton, formula, letters) or not _is_ordered(graph, letters):
            return None
        return _OrderSearch(formula, graph, automaton, letters, budget).decide()
    except AutomatonTooLarge:
        return None


def _letters(formula: Formula, graph: ProtocolGraph) -> list[Halves]:
    """For every transition the letters of its send and of its reception."""
    known: dict[tuple[int, int, int, int], Halves] = {}
    letters = []
    for e in range(graph.event_count):
        key = (graph.sender[e], graph.receiver[e], graph.label[e], graph.site[e])
        found = known.get(key)
        if found is None:
            event, site = graph.event(e), graph.site_of(e)
            send = Step(True, *event, site)
            take = Step(False, *event, site)
            found = known[key] = (_letter(formula, send), _letter(formula, take))
        letters.append(found)
    return letters


def _letter(formula: Formula, step: Step) -> int:
    return sum(
        1 << number
        for number, atom in enumerate(formula.atoms)
        if not isinstance(atom, CountAtom | FinishedAtom | OfferAtom) and event_matches(atom, step)
    )


def _has_cycle(graph: ProtocolGraph) -> bool:
    parts = list(strongly_connected(graph.first, graph.target, (0,)))
    return len(parts) < graph.state_count or any(
        graph.target[e] == state
        for state in range(graph.state_count)
        for e in range(graph.first[state], graph.first[state + 1])
    )


def _skips_nothing(automaton: BuchiAutomaton, formula: Formula, letters: Sequence[Halves]) -> bool:
    """Whether reading unobserved events has the same effect as reading nothing.

    Such an event repeats what counts have come to and has nothing else in its letter. Behind any
    letter the automaton must stay where it is under it; before the first letter it may move, if it
    can do thereafter what it could before.
    """
    counts = [(n, atom) for n, atom in enumerate(formula.atoms) if isinstance(atom, CountAtom)]
    if len(counts) > _MOST_COUNTS:
        return False
    masks = [0]
    for number, _ in counts:
        masks += [mask | 1 << number for mask in masks]
    seen = dict.fromkeys(half for pair in letters for half in pair if half)
    first = sum(1 << number for number, atom in counts if atom.constant >= 0)
    begin = _behind(automaton, 0, first)
    for half in seen:
        for mask in masks:
            later = {one for state in begin for one in _behind(automaton, state, half | mask)}
            if set(_behind(automaton, 0, half | mask)) != later:
                return False
    return _stays(automaton, [(state, first) for state in begin], list(seen), masks)


def _stays(
    automaton: BuchiAutomaton, begin: list[tuple[int, int]], seen: list[int], masks: list[int]
) -> bool:
    """Whether each state, behind whatever letter, stays where it is while nothing is seen."""
    known = set(begin)
    work = list(begin)
    while work:
        state, mask = work.pop()
        if _behind(automaton, state, mask) != [state]:
            return False
        for half in seen:
            for other in masks:
                for one in _behind(automaton, state, half | other):
                    if (one, other) not in known:
                        known.add((one, other))
                        work.append((one, other))
        if len(known) * len(seen) * len(masks) > _MOST_PAIRS:
            return False
    return True


def _behind(automaton: BuchiAutomaton, state: int, letter: int) -> list[int]:
    return list(dict.fromkeys(one for one, _ in automaton.moves(state, letter)))


def _is_ordered(graph: ProtocolGraph, letters: Sequence[Halves]) -> bool:
    """Whether of two events that are seen and differ, the earlier always causes the later.

    From each event that is seen, follow all runs with the roles that know of it: a role that knows
    passes this to every receiver of its messages. An observed event with a different letter, at a
    role that does not know, may be swapped with it.
    """
    actors: dict[int, set[int]] = {}
    for e, (send, take) in enumerate(letters):
        if send:
            actors.setdefault(send, set()).add(graph.sender[e])
        if take:
            actors.setdefault(take, set()).add(graph.receiver[e])
    if len({role for roles in actors.values() for role in roles}) <= 1 or len(actors) <= 1:
        return True
    work_left = _MOST_ORDER
    if len(actors) * graph.event_count > _MOST_LETTERS:
        return False
    ahead = {letter: _ahead(graph, letters, letter) for letter in actors}
    others = {
        letter: {r for seen, roles in actors.items() if seen != letter for r in roles}
        for letter in actors
    }
    for e, halves in enumerate(letters):
        for half, letter in enumerate(halves):
            if not letter:
                continue
            knowing = frozenset(
                (graph.sender[e], graph.receiver[e]) if not half else (graph.receiver[e],)
            )
            start = (graph.target[e], knowing)
            if others[letter] <= knowing or not ahead[letter][start[0]]:
                continue
            work_left = _follow(
                graph, letters, start, letter, others[letter], ahead[letter], work_left
            )
            if work_left < 0:
                return False
    return True


def _ahead(graph: ProtocolGraph, letters: Sequence[Halves], letter: int) -> bytearray:
    """The states after which an event with a letter other than `letter` is observed."""
    goals = [
        state
        for state in range(graph.state_count)
        for e in range(graph.first[state], graph.first[state + 1])
        if any(half and half != letter for half in letters[e])
    ]
    return reaching(graph.first, graph.target, goals)


def _follow(
    graph: ProtocolGraph,
    letters: Sequence[Halves],
    start: tuple[int, frozenset[int]],
    letter: int,
    others: set[int],
    ahead: bytearray,
    work_left: int,
) -> int:
    """The rest of the budget, or -1 when an event of a role that does not know is met."""
    known = {start}
    todo = [start]
    while todo:
        state, knowing = todo.pop()
        for e in range(graph.first[state], graph.first[state + 1]):
            sender, receiver = graph.sender[e], graph.receiver[e]
            send, take = letters[e]
            if send and send != letter and sender not in knowing:
                return -1
            informed = knowing | {receiver} if sender in knowing else knowing
            if take and take != letter and receiver not in informed:
                return -1
            following = (graph.target[e], informed)
            if ahead[following[0]] and following not in known and not others <= informed:
                known.add(following)
                todo.append(following)
                work_left -= 1 + len(informed)
                if work_left < 0:
                    return -1
    return work_left


class _OrderSearch:
    """The graph together with the automaton, in layers of transitions."""

    def __init__(
        self,
        formula: Formula,
        graph: ProtocolGraph,
        automaton: BuchiAutomaton,
        letters: Sequence[Halves],
        budget: int,
    ) -> None:
        self.formula = formula
        self.graph = graph
        self.automaton = automaton
        self.letters = letters
        self.budget = budget
        self.counted = [
            (number, atom)
            for number, atom in enumerate(formula.atoms)
            if isinstance(atom, CountAtom)
        ]

    def decide(self) -> GraphAnswer | None:
        """A run that violates the property, or that there is none; None beyond the budget."""
        graph, automaton = self.graph, self.automaton
        rows: list[list[bool]] = [[] for _ in self.formula.atoms]
        may_end = bool(graph.final[0])
        if not evaluate(self.formula, rows, 0, ended=False).weak or (
            may_end and not evaluate(self.formula, rows, 0, ended=True).weak
        ):
            return GraphAnswer((), 1)
        start = (0, 0, tuple(atom.constant for _, atom in self.counted))
        number = {start: 0}
        nodes = [start]
        before = [(-1, -1)]
        at = 0
        while at < len(nodes):
            if len(nodes) > self.budget:
                return None
            state, q, counts = nodes[at]
            for e in range(graph.first[state], graph.first[state + 1]):
                for after, totals in self._read(q, counts, self.letters[e]):
                    key = (graph.target[e], after, totals)
                    if key in number:
                        continue
                    number[key] = len(nodes)
                    nodes.append(key)
                    before.append((at, e))
                    ended = graph.final[graph.target[e]] and not automaton.demands[after]
                    if after == automaton.done or ended:
                        return GraphAnswer(self._run(before, len(nodes) - 1), len(nodes))
            at += 1
        return GraphAnswer(None, len(nodes))

    @staticmethod
    def _run(before: Sequence[tuple[int, int]], number: int) -> tuple[int, ...]:
        found = []
        while number:
            number, event = before[number]
            found.append(event)
        found.reverse()
        return tuple(found)

    def _read(self, q: int, counts: Counts, halves: Halves) -> list[tuple[int, Counts]]:
        """The states behind a send and a reception; events that are not seen are read too."""
        states = {q: None}
        for half in halves:
            letter, counts = self._letter(half, counts)
            states = dict.fromkeys(
                after for state in states for after, _ in self.automaton.moves(state, letter)
            )
        return [(state, counts) for state in states]

    def _letter(self, half: int, counts: Counts) -> tuple[int, Counts]:
        if not self.counted:
            return half, counts
        letter, after = half, []
        for value, (number, atom) in zip(counts, self.counted, strict=True):
            change = sum(factor for factor, one in atom.terms if half >> one & 1)
            total = limited(atom, value + change) if change else value
            if abs(total - atom.constant) > COUNT_LIMIT:
                raise AutomatonTooLarge
            if total >= 0:
                letter |= 1 << number
            after.append(total)
        return letter, tuple(after)
