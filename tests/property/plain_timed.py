"""Timeouts by brute force: all runs to a number of events, by the reference meaning.

Entries into scopes are numbered and never renumbered, nothing is memoised but closures and records.
It shares no code with the search of the product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tellverify.model.timed_semantics import TimedSemantics
from tellverify.model.timed_state import PlainEvent, PlainMove, TimedState
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol


@dataclass
class Findings:
    """Lengths of shortest runs, by property, and (for `no-stuck-role`) by property and role.

    `quiet`: for a role, the fewest events after which it may not stop and has no event within the
    next `ahead` ones. `depth`: all runs of that many events were searched; `complete`: all runs.
    """

    depth: int
    complete: bool = False
    configurations: int = 0
    lengths: dict[str, int] = field(default_factory=dict)
    runs: dict[str, list[PlainEvent]] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    quiet: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    unclear: int | None = None  # some sender cannot tell which round its message is in


class PlainTimed(TimedSemantics):
    """All runs of one protocol."""

    def __init__(
        self,
        protocol: TimedProtocol,
        *,
        policy: str = "attempts",
        fire: str = "waits",
        bound: int = 3,
        rounds: int = 16,
    ) -> None:
        super().__init__(
            protocol,
            late=LatePolicy(policy),
            fire=FirePolicy(fire),
            bound=bound,
            rounds=rounds,
        )

    def faults(self, configuration: TimedState, moves: list[PlainMove]) -> Iterator[str]:
        moving = {move.event.role for move in moves}
        stopping = [role for role in self.roles if self.may_stop(role, configuration)]
        if not moves and len(stopping) < len(self.roles):
            yield "no-deadlock"
        for receiver in {receiver for (_, receiver), _ in configuration.queues} - moving:
            if self.has_terminated(receiver, configuration, not moves):
                yield "no-orphan-message"
        waiting = [role for role in self.roles if role not in moving]
        if any(self.is_spoilt(role, configuration) for role in waiting):
            yield "no-unspecified-reception"
        is_end = not moves and len(stopping) == len(self.roles) and not configuration.queues
        if is_end and any(self.unaware_of(role, configuration) for role in self.roles):
            yield "timeout-agreement"

    def search(self, depth: int = 14, limit: int = 100_000, ahead: int = 4) -> Findings:
        """All runs of up to `depth` events, or fewer when more than `limit` configurations."""
        start = self.initial()
        parents: dict[TimedState, tuple[TimedState, PlainEvent] | None] = {start: None}
        layers = [[start]]
        edges: dict[TimedState, list[PlainMove]] = {}
        findings = Findings(depth)
        while True:
            layer: list[TimedState] = []
            for configuration in layers[-1]:
                edges[configuration] = list(self.moves(configuration))
                for move in edges[configuration]:
                    if move.target is not None and move.target not in parents:
                        parents[move.target] = (configuration, move.event)
                        layer.append(move.target)
                self._note(findings, configuration, edges[configuration], len(layers) - 1, parents)
            if not layer:
                findings.complete = not any(
                    move.target is None for moves in edges.values() for move in moves
                )
                break
            if len(layers) > depth or len(parents) > limit:
                findings.depth = len(layers) - 1
                break
            layers.append(layer)
        findings.configurations = len(edges)
        self._note_stuck(findings, layers, edges, ahead)
        return findings

    def _note(self, findings, configuration, edges, depth, parents) -> None:
        for move in edges:
            for message in move.discards:
                findings.late.setdefault(message.label, depth + 1)
            if move.stale:
                findings.lengths.setdefault("fresh-messages", depth + 1)
            if move.unclear and findings.unclear is None:
                findings.unclear = depth + 1
        for fault in self.faults(configuration, edges):
            if fault not in findings.lengths:
                findings.lengths[fault] = depth
                findings.runs[fault] = run_to(configuration, parents)

    def _note_stuck(self, findings: Findings, layers, edges, ahead: int) -> None:
        """`stuck` only where all continuations were looked at; `quiet` within `ahead` events."""
        for role in self.roles:
            far: dict[TimedState, int] = {}  # events until one of the role can happen
            before = defaultdict(list)
            layer = []
            for configuration, moves in edges.items():
                for move in moves:
                    before[move.target].append(configuration)
                    if move.event.role == role and configuration not in far:
                        far[configuration] = 0
                        layer.append(configuration)
            open_ends = [c for c in before if c is not None and c not in edges]
            open_ends += before[None]  # events that only the queue bound forbids
            hopeful = self._reaching(layer + open_ends, before)
            while layer:
                following = []
                for configuration in layer:
                    for earlier in before[configuration]:
                        if earlier not in far:
                            far[earlier] = far[configuration] + 1
                            following.append(earlier)
                layer = following
            for depth, reached in enumerate(layers):
                waiting = [c for c in reached if not self.may_stop(role, c)]
                if any(c not in hopeful for c in waiting):
                    findings.stuck.setdefault(role, depth)
                if depth + ahead <= findings.depth and any(
                    far.get(c, ahead + 1) > ahead for c in waiting
                ):
                    findings.quiet.setdefault(role, depth)

    @staticmethod
    def _reaching(goals, before) -> set[TimedState]:
        seen = set(goals)
        work = list(goals)
        while work:
            for earlier in before[work.pop()]:
                if earlier not in seen:
                    seen.add(earlier)
                    work.append(earlier)
        return seen


def run_to(configuration, parents) -> list[PlainEvent]:
    run = []
    while (step := parents[configuration]) is not None:
        configuration, event = step
        run.append(event)
    return run[::-1]
