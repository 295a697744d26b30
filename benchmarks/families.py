"""Families of protocol graphs that grow with one number, for benchmarks and for tests.

Every graph is in the class of the complete theory: all events of a state have one sender, equal
events of a state do not exist, and a final state has no successors. The graphs are built as flat
arrays, because building 40,000 events must not cost more than checking them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tellverify.model.graph import ProtocolGraph
from tellverify.model.site import Site


class GraphBuilder:
    """Collects transitions in any order and sorts them by state at the end."""

    def __init__(self, name: str, roles: list[str]) -> None:
        self.name = name
        self.roles = roles
        self.labels: dict[str, int] = {}
        self.rows: list[tuple[int, int, int, int, int]] = []
        self.states = 1
        self.finals: list[int] = []

    def state(self) -> int:
        """A new state."""
        self.states += 1
        return self.states - 1

    def end(self) -> int:
        """A new final state."""
        state = self.state()
        self.finals.append(state)
        return state

    def event(self, source: int, sender: int, receiver: int, label: str, target: int) -> int:
        """`sender -> receiver : label` from `source` to `target`; returns `target`."""
        number = self.labels.setdefault(label, len(self.labels))
        self.rows.append((source, sender, receiver, number, target))
        return target

    def step(self, source: int, sender: int, receiver: int, label: str) -> int:
        """`sender -> receiver : label` from `source` to a new state, which is returned."""
        return self.event(source, sender, receiver, label, self.state())

    def finish(self) -> ProtocolGraph:
        """The graph; transitions of one state keep the order in which they were added."""
        rows = sorted(self.rows, key=lambda row: row[0])
        first = [0] * (self.states + 1)
        for row in rows:
            first[row[0] + 1] += 1
        for state in range(self.states):
            first[state + 1] += first[state]
        final = bytearray(self.states)
        for state in self.finals:
            final[state] = 1
        return ProtocolGraph(
            name=self.name,
            roles=tuple(self.roles),
            labels=tuple(self.labels),
            first=first,
            sender=[row[1] for row in rows],
            receiver=[row[2] for row in rows],
            label=[row[3] for row in rows],
            target=[row[4] for row in rows],
            site=[0] * len(rows),
            final=final,
            sites=(Site(path=self.name),),
        )


def _members(family: str, count: int) -> list[str]:
    return [f"{family}[{index}]" for index in range(count)]


def _told(graph: GraphBuilder, state: int, receivers: range, label: str, end: int) -> None:
    """Role 0 sends `label` to all `receivers`; the last of these events leads to `end`."""
    last = receivers[-1]
    for receiver in receivers:
        target = end if receiver == last else graph.state()
        state = graph.event(state, 0, receiver, label, target)


def _propose_and_collect(graph: GraphBuilder, count: int) -> int:
    state = 0
    for device in range(1, count + 1):
        state = graph.step(state, 0, device, "UpgradeProposal")
    for device in range(1, count + 1):
        state = graph.step(state, device, 0, "ReadinessCommitment")
    return state


def ota(n: int) -> ProtocolGraph:
    """A coordinator proposes to `n` devices, collects readiness, then commits or aborts for all."""
    graph = GraphBuilder("ota", ["Coordinator", *_members("Devices", n)])
    choice = _propose_and_collect(graph, n)
    end = graph.end()
    _told(graph, choice, range(1, n + 1), "Commit", end)
    _told(graph, choice, range(1, n + 1), "Abort", end)
    return graph.finish()


def ota_uninformed(n: int) -> ProtocolGraph:
    """`ota` where the abort misses the last device, which must answer both outcomes. Faulty.

    After a commit it reports `Activated`, after an abort `RolledBack`. Needs n >= 2.
    """
    graph = GraphBuilder("ota_uninformed", ["Coordinator", *_members("Devices", n)])
    choice = _propose_and_collect(graph, n)
    end, committed, aborted = graph.end(), graph.state(), graph.state()
    _told(graph, choice, range(1, n + 1), "Commit", committed)
    graph.event(committed, n, 0, "Activated", end)
    _told(graph, choice, range(1, n), "Abort", aborted)
    graph.event(aborted, n, 0, "RolledBack", end)
    return graph.finish()


def ring(n: int) -> ProtocolGraph:
    """A token goes round `n` roles until the first passes `Stop` on instead. Needs n >= 2."""
    graph = GraphBuilder("ring", _members("Node", n))
    state = 0
    for node in range(n - 1):
        state = graph.step(state, node, node + 1, "Token")
    graph.event(state, n - 1, 0, "Token", 0)
    state = 0
    for node in range(n - 1):
        state = graph.step(state, node, node + 1, "Stop")
    graph.event(state, n - 1, 0, "Stop", graph.end())
    return graph.finish()


def two_phase_commit(n: int) -> ProtocolGraph:
    """Rounds of prepare, vote and decide with `n` participants, until the coordinator closes.

    One `No` among the votes makes the decision `Abort`; a round of `Yes` may do either.
    """
    graph = GraphBuilder("two_phase_commit", ["Coordinator", *_members("Participant", n)])
    members = range(1, n + 1)
    willing, refused = graph.state(), -1
    _told(graph, 0, members, "Prepare", willing)
    _told(graph, 0, members, "Close", graph.end())
    for member in members:
        next_willing, next_refused = graph.state(), graph.state()
        graph.event(willing, member, 0, "Yes", next_willing)
        graph.event(willing, member, 0, "No", next_refused)
        if refused >= 0:
            graph.event(refused, member, 0, "Yes", next_refused)
            graph.event(refused, member, 0, "No", next_refused)
        willing, refused = next_willing, next_refused
    _told(graph, willing, members, "Commit", 0)
    _told(graph, willing, members, "Abort", 0)
    _told(graph, refused, members, "Abort", 0)
    return graph.finish()


def pipeline(n: int) -> ProtocolGraph:
    """Items pass `n` stages one way, until the source sends `Last`. Needs n >= 2.

    Nothing flows back, so queues have no bound.
    """
    graph = GraphBuilder("pipeline", _members("Stage", n))
    end = graph.end()
    for label, goal in (("Item", 0), ("Last", end)):
        state = 0
        for stage in range(n - 1):
            target = goal if stage == n - 2 else graph.state()
            state = graph.event(state, stage, stage + 1, label, target)
    return graph.finish()


def gossip_tree(n: int) -> ProtocolGraph:
    """The root of a binary tree of `n` roles spreads one of two rumours; all acknowledge upwards.

    The two ways down join before the acknowledgements. Needs n >= 2.
    """
    graph = GraphBuilder("gossip_tree", _members("Node", n))
    spread = graph.state()
    for label in ("Keep", "Forget"):
        state = 0
        for node in range(1, n):
            target = spread if node == n - 1 else graph.state()
            state = graph.event(state, (node - 1) // 2, node, label, target)
    state = spread
    for node in range(n - 1, 0, -1):
        target = graph.end() if node == 1 else graph.state()
        state = graph.event(state, node, (node - 1) // 2, "Heard", target)
    return graph.finish()


def nested_choices(depth: int) -> ProtocolGraph:
    """Choices nested `depth` deep by two deciders in turn; whoever stops tells the third role.

    The third role can receive 2 * depth + 1 different messages from the same point.
    """
    graph = GraphBuilder("nested_choices", ["Left", "Right", "Observer"])
    end, state = graph.end(), 0
    for level in range(depth):
        decider, other = level % 2, 1 - level % 2
        for side in ("Low", "High"):
            stopped = graph.step(state, decider, other, f"Stop{side}")
            graph.event(stopped, decider, 2, f"Stopped{side}{level}", end)
        state = graph.step(state, decider, other, "Deeper")
    graph.event(state, depth % 2, 2, "Bottom", end)
    return graph.finish()


def choice_tree(depth: int) -> ProtocolGraph:
    """A full binary tree of choices, 2 ** depth leaves; the third role hears which leaf it is."""
    graph = GraphBuilder("choice_tree", ["Left", "Right", "Observer"])
    end, level_states = graph.end(), [0]
    for level in range(depth):
        decider, other = level % 2, 1 - level % 2
        below: list[int] = []
        for state in level_states:
            below.append(graph.step(state, decider, other, "Zero"))
            below.append(graph.step(state, decider, other, "One"))
        level_states = below
    for number, state in enumerate(level_states):
        graph.event(state, depth % 2, 2, f"Leaf{number}", end)
    return graph.finish()


def loops_in_row(n: int) -> ProtocolGraph:
    """`n` loops one after another, each with a worker of its own that hears when it is over."""
    graph = GraphBuilder("loops_in_row", ["Coordinator", *_members("Worker", n)])
    head = 0
    for worker in range(1, n + 1):
        busy = graph.step(head, 0, worker, "More")
        graph.event(busy, worker, 0, "Done", head)
        head = graph.event(head, 0, worker, "Next", graph.end() if worker == n else graph.state())
    return graph.finish()


def nested_loops(n: int) -> ProtocolGraph:
    """`n` loops inside one another, one worker each; after the outermost all are dismissed."""
    graph = GraphBuilder("nested_loops", ["Coordinator", *_members("Worker", n)])
    heads = [0, *(graph.state() for _ in range(n - 1))]
    outside = graph.state()
    for worker in range(1, n + 1):
        head = heads[worker - 1]
        busy = graph.step(head, 0, worker, "More")
        graph.event(busy, worker, 0, "Done", heads[worker] if worker < n else head)
        graph.event(head, 0, worker, "Leave", heads[worker - 2] if worker > 1 else outside)
    _told(graph, outside, range(1, n + 1), "Dismiss", graph.end())
    return graph.finish()


def early_exit(n: int) -> ProtocolGraph:
    """Workers are served one after another; stopping early tells those who still wait."""
    graph = GraphBuilder("early_exit", ["Coordinator", *_members("Worker", n)])
    end, serving, stopping = graph.end(), 0, -1
    for worker in range(1, n + 1):
        stopped = end if worker == n else graph.state()
        served = end if worker == n else graph.state()
        if stopping >= 0:
            graph.event(stopping, 0, worker, "Stop", stopped)
        busy = graph.step(serving, 0, worker, "Go")
        graph.event(busy, worker, 0, "Ok", served)
        graph.event(serving, 0, worker, "Stop", stopped)
        serving, stopping = served, stopped
    return graph.finish()


def joining_choices(n: int) -> ProtocolGraph:
    """`n` choices in sequence, each with a worker of its own; the two branches join again."""
    graph = GraphBuilder("joining_choices", ["Coordinator", *_members("Worker", n)])
    state = 0
    for worker in range(1, n + 1):
        joined = graph.end() if worker == n else graph.state()
        for label, answer in (("Fast", "Quick"), ("Safe", "Thorough")):
            busy = graph.step(state, 0, worker, label)
            graph.event(busy, worker, 0, answer, joined)
        state = joined
    return graph.finish()


def shared_cleanup(n: int) -> ProtocolGraph:
    """Before each of `n` steps the coordinator may give up; every way out shares one clean-up.

    In the clean-up the coordinator informs all workers, those it served and those it did not.
    """
    graph = GraphBuilder("shared_cleanup", ["Coordinator", *_members("Worker", n)])
    cleanup, state = graph.state(), 0
    for worker in range(1, n + 1):
        busy = graph.step(state, 0, worker, "Go")
        graph.event(state, 0, worker, "GiveUp", cleanup)
        state = graph.event(busy, worker, 0, "Ok", cleanup if worker == n else graph.state())
    _told(graph, cleanup, range(1, n + 1), "CleanUp", graph.end())
    return graph.finish()


def choice_fan(n: int) -> ProtocolGraph:
    """A dispatcher picks one of `n` workers and that worker answers; the others hear nothing.

    Implementable, but the others wait forever.
    """
    graph = GraphBuilder("choice_fan", ["Dispatcher", *_members("Worker", n)])
    end = graph.end()
    for worker in range(1, n + 1):
        busy = graph.step(0, 0, worker, "Job")
        graph.event(busy, worker, 0, "Result", end)
    return graph.finish()


def service_fan(n: int) -> ProtocolGraph:
    """`choice_fan` in a loop: a job for one of `n` workers each round, until all are closed."""
    graph = GraphBuilder("service_fan", ["Dispatcher", *_members("Worker", n)])
    for worker in range(1, n + 1):
        busy = graph.step(0, 0, worker, "Job")
        graph.event(busy, worker, 0, "Result", 0)
    _told(graph, 0, range(1, n + 1), "Close", graph.end())
    return graph.finish()


def race(n: int) -> ProtocolGraph:
    """`n` workers report to a collector in an order that it is not told. Faulty for n >= 2.

    The starter sends all workers `Forward` or `Backward`, and they report in that order.
    """
    graph = GraphBuilder("race", ["Starter", *_members("Worker", n), "Collector"])
    end = graph.end()
    workers = range(1, n + 1)
    for label, order in (("Forward", list(workers)), ("Backward", list(reversed(workers)))):
        state = graph.state()
        _told(graph, 0, workers, label, state)
        for worker in order:
            target = end if worker == order[-1] else graph.state()
            state = graph.event(state, worker, n + 1, "Report", target)
    return graph.finish()


class GraphFamily(NamedTuple):
    """A generator with its smallest sensible size and what is true of all sizes from there.

    `largest` is a size beyond which the family is not meant to be measured.
    """

    name: str
    build: Callable[[int], ProtocolGraph]
    implementable: bool
    smallest: int
    largest: int = 100_000


FAMILIES: Final[tuple[GraphFamily, ...]] = (
    GraphFamily("ota", ota, True, 1),
    GraphFamily("ring", ring, True, 2),
    GraphFamily("two_phase_commit", two_phase_commit, True, 1),
    GraphFamily("pipeline", pipeline, True, 2),
    GraphFamily("gossip_tree", gossip_tree, True, 2),
    GraphFamily("nested_choices", nested_choices, True, 1),
    GraphFamily("choice_tree", choice_tree, True, 1, largest=14),
    GraphFamily("loops_in_row", loops_in_row, True, 1),
    GraphFamily("nested_loops", nested_loops, True, 1),
    GraphFamily("early_exit", early_exit, True, 1),
    GraphFamily("joining_choices", joining_choices, True, 1),
    GraphFamily("shared_cleanup", shared_cleanup, True, 1),
    GraphFamily("choice_fan", choice_fan, True, 1),
    GraphFamily("service_fan", service_fan, True, 1),
    GraphFamily("ota_uninformed", ota_uninformed, False, 2),
    GraphFamily("race", race, False, 2),
)
