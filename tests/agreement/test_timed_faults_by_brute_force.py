"""Scenarios on protocols with timeouts against brute force with an explicit flag for each crash.

The brute force steps the reference meaning with plain numbers of attempts; a crash is a move of its
own that is no event, a cut channel a flag, and a lost message a send without a message. It shares
no code with the search. Set `TELLVERIFY_TIMED_FAULT_CASES=1000` to compare as many.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from random import Random

import pytest
from timed_random import RandomTexts, random_rules
from timed_texts import protocol_of, written_of

from tellverify.model.decision import DecisionRule, parse_decision
from tellverify.model.delivery import Delivery
from tellverify.model.scenario import ResolvedScenario, resolved
from tellverify.model.scenario_text import parse_scenario
from tellverify.model.timed_semantics import TimedSemantics
from tellverify.model.timed_state import TimedState
from tellverify.model.timed_text import MessageNode, TimedProtocol
from tellverify.search.timed import search_timed
from tellverify.search.timed_events import TimedProperty, TimedSettings
from tellverify.search.timed_failures import timed_failures

CASES = int(os.environ.get("TELLVERIFY_TIMED_FAULT_CASES", "120"))
CHUNK = 20
SHAPES = ("plain", "nested", "continued", "several")
MOST = 6_000
BOUND = 2


@dataclass(frozen=True)
class Flagged:
    """A configuration, who has crashed, whether channels are cut, who acted, losses, decisions."""

    state: TimedState
    crashed: frozenset[str] = frozenset()
    cut: frozenset[tuple[str, str]] = frozenset()
    acted: frozenset[str] = frozenset()
    lost: tuple[tuple[str, int], ...] = ()
    decided: tuple[tuple[str, str], ...] = ()


@dataclass
class Found:
    """Fewest events to each fault; None when there were too many configurations."""

    deadlock: int | None = None
    orphan: int | None = None
    decision: int | None = None
    stuck: dict[str, int] = field(default_factory=dict)


class ExplicitFaults:
    """All runs of one protocol under one scenario."""

    def __init__(
        self, protocol: TimedProtocol, scenario: ResolvedScenario, rule: DecisionRule
    ) -> None:
        self.semantics = TimedSemantics(protocol, bound=BOUND)
        self.scenario = scenario
        self.rule = rule
        self.roles = protocol.roles
        self.overflow = False

    def events(self, one: Flagged) -> list[tuple[str, Flagged | None]]:
        found: list[tuple[str, Flagged | None]] = []
        for role in self.roles:
            if role in one.crashed:
                continue
            for move in self.semantics.moves_of(role, one.state):
                event = move.event
                if event.kind == "receive" and (event.peer, role) in one.cut:
                    continue
                found.append((role, self.after(one, role, event, move.target)))
            for move in self.semantics.sends(role, one.state, Delivery.LOST):
                spent = self.spent(one, (role, move.event.peer))
                if spent is not None:
                    after = self.after(one, role, move.event, move.target)
                    assert after is not None
                    found.append((role, Flagged(**{**after.__dict__, "lost": spent})))
        return found

    def spent(self, one: Flagged, channel: tuple[str, str]) -> tuple[tuple[str, int], ...] | None:
        """What has been lost by each sender, one more; there is one budget at most."""
        for most, channels in self.scenario.loss:
            if channel in channels:
                lost = dict(one.lost)
                lost[channel[0]] = lost.get(channel[0], 0) + 1
                if most is None:
                    return one.lost
                return tuple(sorted(lost.items())) if lost[channel[0]] <= most else None
        return None

    def after(self, one, role, event, target) -> Flagged | None:
        if target is None:
            return None
        decided = dict(one.decided)
        if event.kind != "fire" and event.label in self.rule.labels:
            decided.setdefault(role, event.label)
        return Flagged(
            target,
            one.crashed,
            one.cut,
            one.acted | {role},
            one.lost,
            tuple(sorted(decided.items())),
        )

    def failures(self, one: Flagged) -> list[Flagged]:
        found = []
        for role in self.roles:
            crashed = one.crashed | {role}
            if role not in one.crashed and self.scenario.may_crash(crashed):
                found.append(Flagged(**{**one.__dict__, "crashed": crashed}))
        wider = [cut for cut in self.scenario.cut_sets() if cut > one.cut]
        found += [Flagged(**{**one.__dict__, "cut": cut}) for cut in wider]
        return found

    def search(self) -> Found | None:
        first = Flagged(self.semantics.initial())
        depth = {first: 0}
        work = deque([first])
        before: dict[Flagged | None, list[Flagged]] = {}
        movers: dict[Flagged, set[str]] = {}
        while work:
            one = work.popleft()
            if one in movers:
                continue
            if len(depth) > MOST:
                return None
            following = self.events(one)
            movers[one] = {role for role, _ in following}
            for other in self.failures(one):
                before.setdefault(other, []).append(one)
                if depth.get(other, 10**9) > depth[one]:
                    depth[other] = depth[one]
                    work.appendleft(other)
            for _, other in following:
                before.setdefault(other, []).append(one)
                if other is None:
                    self.overflow = True
                elif depth.get(other, 10**9) > depth[one] + 1:
                    depth[other] = depth[one] + 1
                    work.append(other)
        found = Found()
        for one, moving in movers.items():
            self.judge(found, one, moving, depth[one])
        for role in self.roles:
            self.starve(found, role, depth, before, movers)
        return None if self.overflow else found

    def waits(self, role: str, one: Flagged) -> bool:
        engaged = role in one.acted or not self.scenario.engaged_only
        return role not in one.crashed and engaged and not self.semantics.may_stop(role, one.state)

    def judge(self, found: Found, one: Flagged, moving: set[str], depth: int) -> None:
        if not moving and any(self.waits(role, one) for role in self.roles):
            found.deadlock = least(found.deadlock, depth)
        if len(set(dict(one.decided).values())) > 1:
            found.decision = least(found.decision, depth)
        if one.cut:
            return
        for (_, receiver), _ in one.state.queues:
            if receiver in moving or receiver in one.crashed:
                continue
            if self.semantics.has_terminated(receiver, one.state, not moving):
                found.orphan = least(found.orphan, depth)

    def starve(self, found, role, depth, before, movers) -> None:
        work = [one for one, moving in movers.items() if role in moving]
        served = set(work)
        while work:
            for earlier in before.get(work.pop(), ()):
                if earlier not in served:
                    served.add(earlier)
                    work.append(earlier)
        lengths = [depth[o] for o in movers if o not in served and self.waits(role, o)]
        if lengths:
            found.stuck[role] = min(lengths)


def least(known: int | None, new: int) -> int:
    return new if known is None else min(known, new)


def compared(seed: int) -> tuple[Found, Found, str] | None:
    """Both answers, or None where brute force ends at its limits."""
    rng = Random(seed)
    written = written_of(RandomTexts(rng).text(SHAPES[seed % len(SHAPES)]))
    protocol = protocol_of(written)
    rules = random_rules(rng, protocol.roles)
    labels = sorted({node.label for node in protocol.nodes if isinstance(node, MessageNode)})
    if len(labels) < 2:
        return None
    rule = parse_decision(f"agreement({', '.join(rng.sample(labels, 2))})")
    channels = {(n.sender, n.receiver) for n in protocol.nodes if isinstance(n, MessageNode)}
    scenario = resolved(parse_scenario("s", rules), protocol.roles, channels)
    assert rule is not None and scenario is not None
    plain = ExplicitFaults(protocol, scenario, rule).search()
    if plain is None:
        return None
    settings = TimedSettings(bound=BOUND, loss=scenario.loss, marks_acted=True)
    findings, search = search_timed(protocol, settings)
    assert findings.complete
    failures = timed_failures(search, scenario, [rule])
    orphans = [findings.refuted.get(TimedProperty.NO_ORPHAN_MESSAGE), failures.orphan]
    decisions = [len(run) for run in failures.decisions.values()]
    product = Found(
        None if failures.deadlock is None else len(failures.deadlock.events),
        min((len(run.events) for run in orphans if run is not None), default=None),
        min(decisions, default=None),
        {role: len(run.events) for role, run in failures.stuck.items()},
    )
    return plain, product, f"{seed}: {written} under {rules}"


@pytest.mark.parametrize("first", range(0, CASES, CHUNK))
def test_omission_agrees_with_explicit_crashes(first: int) -> None:
    decided = faulty = 0
    for seed in range(first, first + CHUNK):
        both = compared(seed)
        if both is None:
            continue
        plain, product, words = both
        assert product == plain, words
        decided += 1
        faulty += bool(plain.stuck)
    assert decided >= CHUNK // 3 and faulty >= 2
