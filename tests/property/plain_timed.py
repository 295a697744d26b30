"""Timeouts by brute force: the rules of their meaning, word by word, with plain numbers.

Entries into scopes are numbered and never renumbered, nothing is memoised but closures and records,
and runs are searched breadth-first to a given number of events. It shares no code with the search
of the product; rules carry the numbers of the specification.

A role that goes round a loop without an event of its own may be in any round: its closure ends
at round `rounds`, which must be more than the number of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tellverify.model.timed_text import (
    BranchNode,
    EndNode,
    EnterNode,
    ExitNode,
    MessageNode,
    TimedProtocol,
)

Entry = tuple  # (scope, entry around or None, number from 1); keep: (scope, None, 0)
NOTHING: frozenset = frozenset()


class Record:
    """An open entry: where its body is, what the role did in it, how things were when it began.

    `knows` is for the policy `keep`: the roles that know that the entry is complete.
    """

    __slots__ = ("acted", "counts", "entry", "inside", "knows", "records")

    def __init__(self, entry, inside, acted, counts, records, knows):
        self.entry = entry
        self.inside = inside
        self.acted = acted
        self.counts = counts
        self.records = records
        self.knows = knows


class Place(NamedTuple):
    node: int
    counts: frozenset  # of ((scope, around), number)
    records: frozenset  # of Record; equal records are the same object


class Local(NamedTuple):
    """The state of a role."""

    view: frozenset  # of Place
    failed: frozenset = NOTHING  # of (entry, alternative)
    complete: frozenset = NOTHING  # of entries
    fired: frozenset = NOTHING  # keep: of (scope, number of the firing); only `fresh` looks at it


class Message(NamedTuple):
    label: str
    inside: frozenset = NOTHING
    unknown: frozenset = NOTHING
    failed: frozenset = NOTHING
    complete: frozenset = NOTHING
    fired: frozenset = NOTHING  # keep: the firings that the sender knows of
    within: frozenset = NOTHING  # keep: the scopes in whose bodies the sender may be

    @property
    def entries(self) -> frozenset:
        return self.inside | self.unknown


class Configuration(NamedTuple):
    locals: tuple[Local, ...]
    queues: tuple[tuple[tuple[tuple[str, str], tuple[Message, ...]], ...], ...] = ()


Event = (
    tuple  # ("send", p, q, label), ("receive", p, q, label), ("fire", owner, scope, alternative)
)


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
    runs: dict[str, list[Event]] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    quiet: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    unclear: int | None = None  # some sender cannot tell which round its message is in


class PlainTimed:
    """The rules for one protocol."""

    def __init__(
        self,
        protocol: TimedProtocol,
        *,
        policy: str = "attempts",
        fire: str = "waits",
        bound: int = 3,
        rounds: int = 16,
    ) -> None:
        self.protocol = protocol
        self.roles = protocol.roles
        self.nodes = protocol.nodes
        self.scopes = protocol.scopes
        self.keep = policy == "keep"
        self.fire_anywhere = fire == "any"
        self.bound = bound
        self.rounds = rounds
        self._records: dict[tuple, Record] = {}
        self._closures: dict[tuple, frozenset] = {}
        self._purged: dict[tuple, Record] = {}
        self._reach: dict[tuple, bool] = {}

    # The text (rule 1)

    def takes_part(self, role: str, scope: int) -> bool:
        return role in self.scopes[scope].participants

    def owns(self, role: str, entry: Entry) -> bool:
        return self.scopes[entry[0]].owner == role

    def owner_receives(self, node: int, scope: int) -> bool:
        """Does the owner of `scope` receive from `node` on, before the exit of `scope`?"""
        key = (node, scope)
        if key not in self._reach:
            self._reach[key] = self._search_receive(node, scope)
        return self._reach[key]

    def _search_receive(self, start: int, scope: int) -> bool:
        owner = self.scopes[scope].owner
        seen, work = {start}, [start]
        while work:
            match self.nodes[work.pop()]:
                case MessageNode(sender, receiver, _, after):
                    if receiver == owner or (self.fire_anywhere and sender == owner):
                        return True
                    following = [after]
                case BranchNode(branches):
                    following = list(branches)
                case EnterNode(inner):
                    entered = self.scopes[inner]
                    following = [entered.body, *(node for _, node in entered.alternatives)]
                case ExitNode(left, after):
                    following = [] if left == scope else [after]
                case EndNode():
                    following = []
            for node in following:
                if node not in seen:
                    seen.add(node)
                    work.append(node)
        return False

    # Places (rules 2, 3, 5)

    def record(self, entry, inside, acted, counts, records, knows=NOTHING) -> Record:
        key = (entry, inside, acted, counts, records, knows)
        if key not in self._records:
            self._records[key] = Record(*key)
        return self._records[key]

    def changed(self, old: Record, **new) -> Record:
        parts = {name: getattr(old, name) for name in Record.__slots__}
        return self.record(**{**parts, **new})

    def entry_around(self, place: Place, scope: int) -> Entry | None:
        around = self.scopes[scope].around
        if around < 0 or self.keep:
            return None
        (found,) = (r.entry for r in place.records if r.inside and r.entry[0] == around)
        return found

    def number_of(self, place: Place, scope: int, around: Entry | None) -> int:
        return dict(place.counts).get((scope, around), 0) + 1

    def entered(self, role: str, place: Place, scope: int) -> Iterator[Place]:
        if not self.takes_part(role, scope):
            body = self.scopes[scope].body
            for node in (body, *(node for _, node in self.scopes[scope].alternatives)):
                yield place._replace(node=node)
            return
        around = self.entry_around(place, scope)
        if self.keep:
            counts, number = NOTHING, 0
            before = frozenset(r for r in place.records if r.entry[0] != scope)
        else:
            number = self.number_of(place, scope, around)
            if number > self.rounds:
                return
            kept = {pair for pair in place.counts if pair[0] != (scope, around)}
            counts = frozenset(kept | {((scope, around), number)})
            before = place.records
        new = self.record((scope, around, number), True, False, counts, before)
        yield Place(self.scopes[scope].body, counts, place.records | {new})

    def left(self, role: str, place: Place, scope: int, after: int, complete: frozenset) -> Place:
        if not self.takes_part(role, scope):
            return place._replace(node=after)
        (old,) = (r for r in place.records if r.inside and r.entry[0] == scope)
        records = place.records - {old}
        if not (old.entry in complete or role in old.knows):
            records |= {self.changed(old, inside=False)}
        return Place(after, place.counts, records)

    def silent(self, role: str, place: Place, complete: frozenset) -> list[Place]:
        match self.nodes[place.node]:
            case MessageNode(sender, receiver, _, after):
                if role in (sender, receiver):
                    return []
                return [self.overheard(role, place._replace(node=after), sender, receiver)]
            case BranchNode(branches):
                return [place._replace(node=node) for node in branches]
            case EnterNode(scope):
                return list(self.entered(role, place, scope))
            case ExitNode(scope, after):
                return [self.left(role, place, scope, after, complete)]
            case EndNode():
                return []

    def overheard(self, role: str, place: Place, sender: str, receiver: str) -> Place:
        """Rule 16: who knows of completed entries after a message in the order of the text."""
        if not self.keep:
            return place
        records = set()
        for r in place.records:
            knows = r.knows | ({receiver} if sender in r.knows else set())
            owner = self.scopes[r.entry[0]].owner
            if owner in (sender, receiver) and self.place_completes(
                place, r.entry, lambda other, owner=owner: owner in other.knows
            ):
                knows |= {owner}
            if r.inside or role not in knows:
                records.add(self.changed(r, knows=frozenset(knows)))
        return place._replace(records=frozenset(records))

    def place_completes(self, place: Place, entry: Entry, known) -> bool:
        """Rule 11 at one place; `known(f)` says whether the owner knows f complete."""
        scope = entry[0]
        owner = self.scopes[scope].owner
        for r in place.records:
            if r.entry == entry:
                if r.inside and self.owner_receives(place.node, scope):
                    return False
            elif (
                self.scopes[r.entry[0]].owner != owner
                and not known(r)
                and any(b.inside and b.entry == entry for b in r.records)
                and any(
                    self.owner_receives(node, scope)
                    for _, node in self.scopes[r.entry[0]].alternatives
                )
            ):
                return False
        return True

    def closure(self, role: str, local: Local) -> frozenset:
        key = (role, local.view, local.complete)
        if key not in self._closures:
            self._closures[key] = frozenset(
                self.spread(local.view, lambda place: self.silent(role, place, local.complete))
            )
        return self._closures[key]

    def spread(self, start: Iterable[Place], step) -> set[Place]:
        seen = set(start)
        work = list(seen)
        while work:
            for place in step(work.pop()):
                if place not in seen:
                    seen.add(place)
                    work.append(place)
        return seen

    # What roles know (rules 8, 11)

    def as_it_was(self, node: int, then: Record, now: Place) -> Place:
        """The place at `node` with counts and records as when the entry of `then` began."""
        acted = {r.entry for r in now.records if r.acted}
        records = frozenset(
            self.changed(r, acted=True) if r.entry in acted else r for r in then.records
        )
        return Place(node, then.counts, records)

    def tellable(self, role: str, place: Place, complete: frozenset) -> list[Record]:
        return [
            r
            for r in place.records
            if r.entry not in complete and role not in r.knows and not self.owns(role, r.entry)
        ]

    def told(self, role: str, place: Place, complete: frozenset, allowed) -> Iterator[Place]:
        for r in self.tellable(role, place, complete):
            for name, node in self.scopes[r.entry[0]].alternatives:
                if allowed(r.entry, name):
                    yield self.as_it_was(node, r, place)

    def purged(self, place: Place, complete: frozenset) -> Place:
        return place._replace(records=self.purged_records(place.records, complete))

    def purged_records(self, records: frozenset, complete: frozenset) -> frozenset:
        left = [r for r in records if r.inside or r.entry not in complete]
        return frozenset(self.purged_record(r, complete) for r in left)

    def purged_record(self, record: Record, complete: frozenset) -> Record:
        key = (record, complete)
        if key not in self._purged:
            inner = self.purged_records(record.records, complete)
            self._purged[key] = self.changed(record, records=inner)
        return self._purged[key]

    def after_event(self, role: str, local: Local) -> Local:
        """What an owner knows after its event, and records that go away."""
        if self.keep:
            return local
        complete = set(local.complete)
        entries = {r.entry for p in local.view for r in p.records if self.owns(role, r.entry)}
        for entry in entries:
            if all(
                self.place_completes(p, entry, lambda r: r.entry in local.complete)
                for p in local.view
            ):
                complete.add(entry)
        now = frozenset(complete)
        return Local(frozenset(self.purged(p, now) for p in local.view), local.failed, now)

    def acted(self, role: str, place: Place) -> Place:
        """Behind the message of a place."""
        node = self.nodes[place.node]
        records = frozenset(self.changed(r, acted=True) if r.inside else r for r in place.records)
        moved = Place(node.after, place.counts, records)
        return self.overheard(role, moved, node.sender, node.receiver)

    # Events (rules 6, 7, 9, 10, 12)

    def events(self, configuration: Configuration) -> Iterator[tuple[Event, Configuration | None]]:
        """Every event with what it leads to, None where the queue bound forbids it."""
        for role in self.roles:
            yield from self.sends(role, configuration)
            yield from self.receives(role, configuration)
            yield from self.fires(role, configuration)

    def local(self, role: str, configuration: Configuration) -> Local:
        return configuration.locals[self.roles.index(role)]

    def scopes_of(self, place: Place) -> tuple[frozenset, frozenset]:
        if self.keep:
            return NOTHING, NOTHING
        inside = frozenset(r.entry for r in place.records if r.inside)
        return inside, frozenset(r.entry for r in place.records if not r.inside)

    @staticmethod
    def order(tags: tuple[frozenset, frozenset]) -> tuple:
        """Smallest numbers first, outer entries before inner ones."""

        def path(entry: Entry | None) -> tuple:
            return () if entry is None else (*path(entry[1]), (entry[0], entry[2]))

        return tuple(tuple(sorted(map(path, entries))) for entries in tags)

    def sends(self, role: str, configuration: Configuration):
        local = self.local(role, configuration)
        messages = defaultdict(lambda: defaultdict(set))
        self.within: dict[Event, frozenset] = defaultdict(frozenset)
        for place in self.closure(role, local):
            node = self.nodes[place.node]
            if isinstance(node, MessageNode) and node.sender == role:
                key = (node.receiver, node.label)
                scopes = {r.entry[0] for r in place.records if r.inside}
                self.within[("send", role, *key)] |= scopes
                messages[key][self.scopes_of(place)].add(self.acted(role, place))
        for (receiver, label), places in sorted(messages.items()):
            event = ("send", role, receiver, label)
            tags = min(places, key=self.order)
            if len(places) > 1:
                self.note_unclear()
            message = Message(label)
            if not self.keep:
                message = Message(label, *tags, local.failed, local.complete)
            else:
                message = Message(label, fired=local.fired, within=self.within[event])
            failed = {entry for entry, _ in local.failed}
            queues = dict(configuration.queues)
            queue = queues.get((role, receiver), ())
            message = self.tagged(message, role, receiver, configuration)
            left = self.voided(queue, failed)
            self.note_late(queue, left)
            if len(left) >= self.bound:
                yield event, None
                continue
            queues[role, receiver] = (*left, message)
            new = self.after_event(role, local._replace(view=frozenset(places[tags])))
            yield event, self.with_local(configuration, role, new, queues)

    def tagged(
        self, message: Message, sender: str, receiver: str, configuration: Configuration
    ) -> Message:
        """Rule 6: nothing in a message depends on its receiver."""
        return message

    def voided(self, queue: tuple[Message, ...], failed: set[Entry]) -> tuple[Message, ...]:
        return tuple(m for m in queue if not m.entries & failed)

    def receives(self, role: str, configuration: Configuration):
        local = self.local(role, configuration)
        for (sender, receiver), queue in configuration.queues:
            if receiver != role:
                continue
            head = queue[0]
            view = self.taken(role, local, sender, head)
            if not view:
                continue
            if any(f not in head.fired and f[0] in head.within for f in local.fired):
                self.now_stale = True
            complete = local.complete | head.complete
            view = frozenset(self.purged(p, complete) for p in view)
            new = Local(view, local.failed | head.failed, complete, local.fired | head.fired)
            queues = dict(configuration.queues)
            queues[sender, role] = queue[1:]
            event = ("receive", sender, role, head.label)
            yield event, self.with_local(configuration, role, self.after_event(role, new), queues)

    def taken(self, role: str, local: Local, sender: str, message: Message) -> frozenset:
        """The places behind the receive of `message`."""

        def step(place: Place) -> Iterator[Place]:
            yield from self.silent(role, place, local.complete)
            yield from self.told(
                role,
                place,
                local.complete,
                lambda entry, name: self.keep or (entry, name) in message.failed,
            )

        found = set()
        for place in self.spread(local.view, step):
            node = self.nodes[place.node]
            if (
                isinstance(node, MessageNode)
                and (node.sender, node.receiver, node.label) == (sender, role, message.label)
                and (self.keep or self.fits(role, local, place, message))
            ):
                found.add(self.acted(role, place))
        return frozenset(found)

    def fits(self, role: str, local: Local, place: Place, message: Message) -> bool:
        failed = {entry for entry, _ in message.failed}
        counts = dict(place.counts)
        inside = frozenset(r.entry for r in place.records if r.inside)
        return (
            message.inside == inside
            and not any(
                r.entry in failed and r.entry not in local.complete and not self.owns(role, r.entry)
                for r in place.records
            )
            and all(
                counts.get((scope, around), 0) >= number
                for scope, around, number in message.unknown
                if self.takes_part(role, scope)
            )
        )

    def fires(self, role: str, configuration: Configuration):
        local = self.local(role, configuration)
        places = defaultdict(set)
        for place in self.closure(role, local):
            node = self.nodes[place.node]
            if not isinstance(node, MessageNode):
                continue
            if not (node.receiver == role or (self.fire_anywhere and node.sender == role)):
                continue
            for r in place.records:
                if r.inside and self.owns(role, r.entry):
                    for name, first in self.scopes[r.entry[0]].alternatives:
                        places[r.entry, name].add(self.as_it_was(first, r, place))
        for entry, name in sorted(places, key=lambda pair: (self.order(({pair[0]},)), pair[1])):
            new = local._replace(view=frozenset(places[entry, name]))
            if self.keep:
                earlier = [n for s, n in local.fired if s == entry[0]]
                fired = local.fired | {(entry[0], len(earlier) + 1)}
                new = new._replace(fired=fired)
            else:
                new = new._replace(failed=local.failed | {(entry, name)})
            event = ("fire", role, entry[0], name)
            new = self.after_event(role, new)
            yield event, self.with_local(configuration, role, new, dict(configuration.queues))

    def with_local(self, configuration, role, local, queues) -> Configuration:
        """The configuration with a new state of `role` and queues, without late messages."""
        at = self.roles.index(role)
        all_locals = configuration.locals
        all_locals = (*all_locals[:at], local, *all_locals[at + 1 :])
        kept = {}
        for (sender, receiver), queue in queues.items():
            failed = {entry for entry, _ in all_locals[self.roles.index(receiver)].failed}
            left = tuple(m for m in queue if not m.entries & failed)
            self.note_late(queue, left)
            if left:
                kept[sender, receiver] = left
        return Configuration(all_locals, tuple(sorted(kept.items())))

    def note_late(self, queue, left) -> None:
        for message in queue:
            if message not in left:
                self.now_late.add(message.label)

    def note_unclear(self) -> None:
        self.now_unclear = True

    # Properties (rules 13, 14, 15)

    def end_places(self, role: str, configuration: Configuration) -> list[Place]:
        places = self.closure(role, self.local(role, configuration))
        return [place for place in places if isinstance(self.nodes[place.node], EndNode)]

    def may_be_told(self, role: str, configuration: Configuration, possible) -> set[MessageNode]:
        """Own messages in the closure, or receives in it once told of `possible` entries."""
        local = self.local(role, configuration)

        def step(place: Place) -> Iterator[Place]:
            yield from self.silent(role, place, local.complete)
            yield from self.told(role, place, local.complete, lambda entry, _: possible(entry))

        places = self.spread(local.view, step)
        own = {self.nodes[p.node] for p in self.closure(role, local)}
        received = {self.nodes[p.node] for p in places}
        return {
            node
            for node in own | received
            if isinstance(node, MessageNode)
            and (node.receiver == role or (node.sender == role and node in own))
        }

    def owner_knows_complete(self, entry: Entry, configuration: Configuration) -> bool:
        return entry in self.local(self.scopes[entry[0]].owner, configuration).complete

    def is_terminated(self, role: str, configuration: Configuration, idle: bool) -> bool:
        """It may stop, and no event of it is left, told by whoever may still tell it.

        Without any event of the configuration, none is left.
        """
        return bool(self.end_places(role, configuration)) and (
            idle
            or not self.may_be_told(
                role, configuration, lambda e: not self.owner_knows_complete(e, configuration)
            )
        )

    def is_spoilt(self, role: str, configuration: Configuration, moving: set[str]) -> bool:
        """Rule 14."""
        if role in moving or self.end_places(role, configuration):
            return False
        nodes = self.may_be_told(role, configuration, lambda entry: True)
        if not nodes or any(node.sender == role for node in nodes):
            return False
        queues = dict(configuration.queues)
        heads = [queues.get((node.sender, role), (None,))[0] for node in nodes]
        return all(
            head is not None
            and all(self.owner_knows_complete(e, configuration) for e in head.entries)
            for head in heads
        )

    def disagrees(self, configuration: Configuration) -> bool:
        """Rule 15, for a configuration without events in which all may stop."""
        if configuration.queues:
            return False
        failed = {entry for local in configuration.locals for entry, _ in local.failed}
        for role in self.roles:
            ends = self.end_places(role, configuration)
            for entry in failed:
                if all(any(r.entry == entry and r.acted for r in p.records) for p in ends):
                    return True
        return False

    def faults(self, configuration: Configuration, events: list[Event]) -> Iterator[str]:
        moving = {actor_of(event) for event in events}
        stopping = [role for role in self.roles if self.end_places(role, configuration)]
        if not events and len(stopping) < len(self.roles):
            yield "no-deadlock"
        for receiver in {receiver for (_, receiver), _ in configuration.queues}:
            if self.is_terminated(receiver, configuration, not events):
                yield "no-orphan-message"
        if any(self.is_spoilt(role, configuration, moving) for role in self.roles):
            yield "no-unspecified-reception"
        if not events and len(stopping) == len(self.roles) and self.disagrees(configuration):
            yield "timeout-agreement"

    # The search

    def start(self) -> Configuration:
        first = Local(frozenset({Place(self.protocol.start, NOTHING, NOTHING)}))
        return Configuration(tuple(first for _ in self.roles))

    def search(self, depth: int = 14, limit: int = 100_000, ahead: int = 4) -> Findings:
        """All runs of up to `depth` events, or fewer when more than `limit` configurations."""
        start = self.start()
        parents: dict[Configuration, tuple[Configuration, Event] | None] = {start: None}
        layers = [[start]]
        edges: dict[Configuration, list[tuple[Event, Configuration | None]]] = {}
        findings = Findings(depth)
        while True:
            layer: list[Configuration] = []
            for configuration in layers[-1]:
                self.now_late: set[str] = set()
                self.now_unclear = False
                self.now_stale = False
                edges[configuration] = list(self.events(configuration))
                for event, target in edges[configuration]:
                    if target is not None and target not in parents:
                        parents[target] = (configuration, event)
                        layer.append(target)
                self._note(findings, configuration, edges[configuration], len(layers) - 1, parents)
            if not layer:
                findings.complete = not any(t is None for e in edges.values() for _, t in e)
                break
            if len(layers) > depth or len(parents) > limit:
                findings.depth = len(layers) - 1
                break
            layers.append(layer)
        findings.configurations = len(edges)
        self._note_stuck(findings, layers, edges, ahead)
        return findings

    def _note(self, findings, configuration, edges, depth, parents) -> None:
        for label in self.now_late:
            findings.late.setdefault(label, depth + 1)
        if self.now_stale:
            findings.lengths.setdefault("fresh-messages", depth + 1)
        if self.now_unclear and findings.unclear is None:
            findings.unclear = depth + 1
        for fault in self.faults(configuration, [event for event, _ in edges]):
            if fault not in findings.lengths:
                findings.lengths[fault] = depth
                findings.runs[fault] = run_to(configuration, parents)

    def _note_stuck(self, findings: Findings, layers, edges, ahead: int) -> None:
        """`stuck` only where all continuations were looked at; `quiet` within `ahead` events."""
        for role in self.roles:
            far: dict[Configuration, int] = {}  # events until one of the role can happen
            before = defaultdict(list)
            layer = []
            for configuration, moves in edges.items():
                for event, target in moves:
                    before[target].append(configuration)
                    if actor_of(event) == role and configuration not in far:
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
                waiting = [c for c in reached if not self.end_places(role, c)]
                if any(c not in hopeful for c in waiting):
                    findings.stuck.setdefault(role, depth)
                if depth + ahead <= findings.depth and any(
                    far.get(c, ahead + 1) > ahead for c in waiting
                ):
                    findings.quiet.setdefault(role, depth)

    @staticmethod
    def _reaching(goals, before) -> set[Configuration]:
        seen = set(goals)
        work = list(goals)
        while work:
            for earlier in before[work.pop()]:
                if earlier not in seen:
                    seen.add(earlier)
                    work.append(earlier)
        return seen


def actor_of(event: Event) -> str:
    return event[2] if event[0] == "receive" else event[1]


def run_to(configuration, parents) -> list[Event]:
    run = []
    while (step := parents[configuration]) is not None:
        configuration, event = step
        run.append(event)
    return run[::-1]
