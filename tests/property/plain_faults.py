"""Scenarios by brute force: explicit flags for what has crashed, straight from the definitions.

It shares no code with the search: every crash, cut, loss and lie is a move of its own, and every
set of failures that the rules allow is tried.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import NamedTuple

from tellverify.model.decision import DecisionRule
from tellverify.model.machine import Machine
from tellverify.model.scenario import RuleKind, Scenario, ScenarioRule

Channel = tuple[str, str]


class Situation(NamedTuple):
    """Where a system is: states, queues, what has failed, budgets used, events by label."""

    states: tuple[int, ...]
    queues: tuple[tuple[Channel, tuple[str, ...]], ...]
    acted: frozenset[str]
    crashed: frozenset[str]
    cuts: frozenset[int]  # rules of partitions that have happened
    used: tuple[tuple[int, str, int], ...]  # rule, sender, how often
    decided: tuple[tuple[int, str, str], ...]  # decision, role, first label or count


class Truth:
    """All situations of `machines` under `scenario`, or too many of them (`finite` is False)."""

    def __init__(
        self,
        machines: Sequence[Machine],
        scenario: Scenario,
        decisions: Sequence[DecisionRule] = (),
        limit: int = 4_000,
    ) -> None:
        self.machines = tuple(machines)
        self.roles = [machine.role for machine in machines]
        self.scenario = scenario
        self.decisions = tuple(decisions)
        self.finite = True
        self.stuck: set[str] = set()
        self.endings: dict[str, int] = {}
        self.deadlock: int | None = None
        self.reception: int | None = None
        self.orphan: int | None = None
        self.broken: dict[int, int] = {}
        for liars in self._choices(RuleKind.BYZANTINE):
            self._search(liars, limit)
            if not self.finite:
                return

    def _group(self, names: tuple[str, ...]) -> list[str]:
        return [r for r in self.roles if not names or r in names]

    def _choices(self, kind: RuleKind) -> Iterator[frozenset[str]]:
        """Every set of roles that the rules of a kind allow to fail."""
        rules = [rule for rule in self.scenario.rules if rule.kind is kind]
        options = []
        for rule in rules:
            group = self._group(rule.left)
            most = len(group) if rule.most is None else rule.most
            options.append(
                [set(c) for n in range(min(most, len(group)) + 1) for c in combinations(group, n)]
            )
        found = {frozenset().union(*chosen) for chosen in product(*options)}
        yield from sorted(found, key=sorted)

    def _search(self, liars: frozenset[str], limit: int) -> None:
        crashes = set(self._choices(RuleKind.CRASH))
        start = Situation(
            (0,) * len(self.machines), (), frozenset(), frozenset(), frozenset(), (), ()
        )
        depth = {start: 0}
        work = deque([start])
        order: list[Situation] = []
        after: dict[Situation, list[tuple[str, Situation]]] = {}
        done: set[Situation] = set()
        while work:
            here = work.popleft()
            if here in done:
                continue
            done.add(here)
            order.append(here)
            for there in self._failures(here, crashes, liars):
                if depth.get(there, 10**9) > depth[here]:
                    depth[there] = depth[here]
                    work.appendleft(there)
            owed = []
            for actor, there, is_owed in self._events(here, liars):
                if is_owed:
                    owed.append((actor, there))
                if depth.get(there, 10**9) > depth[here] + 1:
                    depth[there] = depth[here] + 1
                    work.append(there)
            after[here] = owed
            if len(depth) > limit:
                self.finite = False
                return
        for here in order:
            self._judge(here, depth[here], after[here], liars)
        self._starved(order, after, liars)

    # What may happen

    def _failures(
        self, here: Situation, crashes: set[frozenset[str]], liars: frozenset[str]
    ) -> Iterator[Situation]:
        for role in self.roles:
            crashed = here.crashed | {role}
            if (
                role not in here.crashed
                and role not in liars
                and any(crashed <= c for c in crashes)
            ):
                yield here._replace(crashed=crashed)
        for number, rule in enumerate(self.scenario.rules):
            lasting = rule.kind is RuleKind.PARTITION and not rule.heals
            if lasting and number not in here.cuts:
                yield here._replace(cuts=here.cuts | {number})

    def _is_cut(self, here: Situation, channel: Channel) -> bool:
        for number in here.cuts:
            rule = self.scenario.rules[number]
            left = set(self._group(rule.left))
            right = set(self._group(rule.right)) - (left if not rule.right else set())
            sides = (channel[0] in left and channel[1] in right) or (
                channel[0] in right and channel[1] in left
            )
            if sides:
                return True
        return False

    def _on(self, rule: ScenarioRule, channel: Channel) -> bool:
        return channel[0] in self._group(rule.left) and channel[1] in self._group(rule.right)

    def _chargeable(self, here: Situation, kind: RuleKind, channel: Channel) -> int:
        """The first rule of a kind on a channel whose budget is left, -1 for none."""
        used = {(n, s): c for n, s, c in here.used}
        for number, rule in enumerate(self.scenario.rules):
            if rule.kind is not kind or not self._on(rule, channel):
                continue
            if rule.most is None or used.get((number, channel[0]), 0) < rule.most:
                return number
        return -1

    def _charged(self, here: Situation, number: int, sender: str) -> Situation:
        if self.scenario.rules[number].most is None:
            return here
        used = {(n, s): c for n, s, c in here.used}
        used[number, sender] = used.get((number, sender), 0) + 1
        return here._replace(used=tuple(sorted((n, s, c) for (n, s), c in used.items())))

    def _events(
        self, here: Situation, liars: frozenset[str]
    ) -> Iterator[tuple[str, Situation, bool]]:
        """Who acts, what follows, and whether it must happen in the end."""
        queues = dict(here.queues)
        for index, machine in enumerate(self.machines):
            role = machine.role
            if role in here.crashed or role in liars:
                continue
            for action, target in machine.moves[here.states[index]]:
                states = (*here.states[:index], target, *here.states[index + 1 :])
                there = here._replace(states=states, acted=here.acted | {role})
                there = self._with_label(there, role, action.label)

                def queued(
                    channel: Channel, content: tuple[str, ...], base: Situation = there
                ) -> Situation:
                    changed = {**queues, channel: content}
                    return base._replace(
                        queues=tuple(sorted((c, q) for c, q in changed.items() if q))
                    )

                if action.send:
                    channel = (role, action.peer)
                    queue = queues.get(channel, ())
                    if action.peer in liars:
                        yield role, there, True
                        continue
                    yield role, queued(channel, (*queue, action.label)), True
                    lossy = self._chargeable(here, RuleKind.LOSS, channel)
                    if lossy >= 0:
                        yield role, self._charged(there, lossy, role), False
                    twice = self._chargeable(here, RuleKind.DUPLICATE, channel)
                    if twice >= 0 and not self.scenario.deduplicate:
                        content = (*queue, action.label, action.label)
                        yield role, self._charged(queued(channel, content), twice, role), False
                    continue
                channel = (action.peer, role)
                if action.peer in liars:
                    yield role, there, False
                    continue
                queue = queues.get(channel, ())
                if self._is_cut(here, channel):
                    continue
                if queue and queue[0] == action.label:
                    yield role, queued(channel, queue[1:]), True
                bag = self._chargeable(here, RuleKind.REORDER, channel) >= 0
                for at in range(1, len(queue)):
                    if bag and queue[at] == action.label:
                        yield role, queued(channel, (*queue[:at], *queue[at + 1 :])), True

    def _with_label(self, there: Situation, role: str, label: str) -> Situation:
        decided = {(n, r): what for n, r, what in there.decided}
        for number, rule in enumerate(self.decisions):
            if label not in rule.labels or not rule.concerns(role):
                continue
            if rule.kind == "at-most-once":
                decided[number, role] = "twice" if (number, role) in decided else "once"
            else:
                decided.setdefault((number, role), label)
        return there._replace(decided=tuple(sorted((n, r, w) for (n, r), w in decided.items())))

    # What a situation shows

    def _waits(self, here: Situation, liars: frozenset[str]) -> set[str]:
        found = set()
        for machine, state in zip(self.machines, here.states, strict=True):
            role = machine.role
            engaged = role in here.acted or not self.scenario.engaged_only
            if role not in here.crashed | liars and engaged and not machine.final[state]:
                found.add(role)
        return found

    def _judge(
        self,
        here: Situation,
        depth: int,
        owed: Sequence[tuple[str, Situation]],
        liars: frozenset[str],
    ) -> None:
        waits = self._waits(here, liars)
        if not owed and waits:
            self.deadlock = _least(self.deadlock, depth)
            for role in waits:
                self.endings[role] = min(depth, self.endings.get(role, depth))
        for number, rule in enumerate(self.decisions):
            mine = [what for n, _, what in here.decided if n == number]
            bad = "twice" in mine if rule.kind == "at-most-once" else len(set(mine)) > 1
            if bad:
                self.broken[number] = min(depth, self.broken.get(number, depth))
        queues = dict(here.queues)
        for machine, state in zip(self.machines, here.states, strict=True):
            row = [action for action, _ in machine.moves[state]]
            if machine.role in liars:
                continue
            if machine.final[state] and not row:
                if any(receiver == machine.role for _, receiver in queues):
                    self.orphan = _least(self.orphan, depth)
                continue
            if machine.final[state] or not row or any(a.send for a in row):
                continue
            if any(a.peer in liars for a in row):
                continue
            if any(
                self._chargeable(here, RuleKind.REORDER, (a.peer, machine.role)) >= 0 for a in row
            ):
                continue
            heads = {a.peer: queues.get((a.peer, machine.role), ("",))[0] for a in row}
            taken = {(a.peer, a.label) for a in row}
            if all(head and (peer, head) not in taken for peer, head in heads.items()):
                self.reception = _least(self.reception, depth)

    def _starved(
        self,
        order: Sequence[Situation],
        after: dict[Situation, list[tuple[str, Situation]]],
        liars: frozenset[str],
    ) -> None:
        """Roles that wait where no events that must happen let them act again."""
        before: dict[Situation, list[Situation]] = {}
        for here in order:
            for _, there in after[here]:
                before.setdefault(there, []).append(here)
        for role in self.roles:
            goes_on = {c for c in order if any(actor == role for actor, _ in after[c])}
            stack = list(goes_on)
            while stack:
                for source in before.get(stack.pop(), ()):
                    if source not in goes_on:
                        goes_on.add(source)
                        stack.append(source)
            if any(c not in goes_on and role in self._waits(c, liars) for c in order):
                self.stuck.add(role)


def _least(known: int | None, depth: int) -> int:
    return depth if known is None else min(known, depth)


def random_scenario(seed: int, roles: Sequence[str]) -> Scenario:
    """One or two rules about `roles`; equal for equal seeds."""
    rng = random.Random(seed)
    rules: list[ScenarioRule] = []
    for _ in range(rng.choice((1, 1, 2))):
        kind = rng.choice(list(RuleKind))
        some = tuple(rng.sample(list(roles), rng.randint(1, max(1, len(roles) - 1))))
        most = rng.choice((None, 1, 1, 2))
        if kind in (RuleKind.CRASH, RuleKind.BYZANTINE):
            if kind is RuleKind.CRASH and rng.random() < 0.5:
                some, most = (), 1
            rules.append(ScenarioRule(kind, most, some))
        elif kind is RuleKind.PARTITION:
            rules.append(ScenarioRule(kind, None, some, (), rng.random() < 0.2))
        else:
            ends = rng.choice((((), ()), (some, ()), ((), some)))
            bound = None if kind is RuleKind.REORDER else rng.choice((None, 1, 1, 2))
            rules.append(ScenarioRule(kind, bound, *ends))
    return Scenario("s", tuple(rules), rng.random() < 0.8, False)
