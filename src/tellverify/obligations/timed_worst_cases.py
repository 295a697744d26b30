"""What runs of a protocol with timeouts add up to at most: budgets, leakage and receipts.

The configurations that the search met, with their events, are a graph whose paths are the runs.
The worst case is a longest path in it, as `tellverify.annotations.longest_paths` finds it in a
protocol graph. A run that passes a limit is replayed by the reference meaning, and adds up by the
annotations of its own steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from tellverify.annotations.longest_paths import CostLasso
from tellverify.annotations.metadata import Metadata, metadata_of
from tellverify.annotations.polynomial import Largest
from tellverify.annotations.rules import Rules
from tellverify.diagnostics.limits import UNSUPPORTED
from tellverify.diagnostics.wording import counted as number_of
from tellverify.model.defect import AmbiguousRun, Defect
from tellverify.model.fault import Fault
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of
from tellverify.model.site import Site
from tellverify.model.timed_text import FirePolicy, LatePolicy, MessageNode, TimedProtocol
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Instance
from tellverify.obligations.metering import Measured, Meter, MeteredInstance, WorstCaseAnswer
from tellverify.obligations.options import Options
from tellverify.obligations.timed import TimedAnswer, covered, kept_search
from tellverify.obligations.timed_runs import TimedRuns
from tellverify.obligations.worst_cases import Meters, stated_sends
from tellverify.search.timed import TimedSearch
from tellverify.search.timed_events import TimedEvent, TimedEventKind
from tellverify.verdict.outcome import Bounded, Outcome, Proved, Refuted, Unknown

_FREE: Final = 0  # the number of the site of what is no send


class TimedMetered(MeteredInstance):
    """The configurations of a protocol with timeouts as a graph whose sends cost something.

    `answer` says how much was searched. Sends that nothing tells apart but their statements cost
    what the dearest of them costs; `alike` are pairs of them with their sender, and
    `has_same_facts` says that they record the same facts.
    """

    def __init__(
        self, instance: Instance, protocol: TimedProtocol, rules: Rules, options: Options
    ) -> None:
        self.late, self.fire = LatePolicy(options.late), FirePolicy(options.fire)
        found, search, bound = kept_search(
            protocol, self.late, self.fire, options.queue_limit, options.search_limit
        )
        self.protocol = protocol
        self.answer = TimedAnswer(found, bound)
        sends = _PricedSends(protocol, rules)
        graph, self._event = _graph_of(search, sends)
        self.alike = sends.alike
        self.has_same_facts = sends.has_same_facts
        self._events = search.system.events
        super().__init__(instance, graph, rules)
        self.metadata = sends.metadata
        self.by_sender = {
            role: [one for one in events if graph.site[one] != _FREE]
            for role, events in self.by_sender.items()
        }

    def events_of(self, run: Sequence[int]) -> list[TimedEvent]:
        """The events of a path of the graph."""
        return [self._events[self._event[edge]] for edge in run]

    def open_facts(self) -> Outcome | None:
        """Why it is not known what all runs record, None where it is."""
        if not self.has_same_facts:
            reason = "messages with one label record different facts"
            return Unknown(reason, UNSUPPORTED.number)
        searched = covered(self.answer)
        if isinstance(searched, Proved):
            return None
        if isinstance(searched, Unknown):
            return searched
        reason = "not all runs were searched: queues or numbers of attempts have no limit"
        return Unknown(reason, UNSUPPORTED.number)

    def shown(
        self,
        run: Sequence[int],
        culprit: str,
        explanation: str,
        judge: Callable[[Trace], bool],
        *,
        minimal: bool = True,
    ) -> Trace:
        """The run along a path, once its replay and `judge` have accepted it, or else Defect.

        Raises AmbiguousRun for a run that its steps do not tell from another one.
        """
        runs = TimedRuns(self.protocol, self.late, self.fire)
        events = [self._events[self._event[edge]] for edge in run]
        replay, steps, states = runs.replayed(events)
        trace = Trace(
            Fault.PROPERTY,
            tuple(steps),
            (culprit,),
            explanation,
            minimal and self.answer.found.complete,
            queues=replay.queues(),
            waiting=tuple(map(replay.waiting, runs.told(steps, (culprit,)))),
            states=tuple(states),
            place=self.graph.site_of(run[-1]) if run else Site(),
        )
        if not judge(trace):
            raise Defect("a run of a protocol with timeouts does not add up")
        return trace


class _PricedSends:
    """A site for each sender, receiver and label, and what it costs.

    `alike`: the sender and the costs of statements that nothing else tells apart;
    `has_same_facts`: they record the same facts.
    """

    def __init__(self, protocol: TimedProtocol, rules: Rules) -> None:
        self.sites = [Site()]
        self.metadata = [Metadata()]
        self.number: dict[tuple[str, str, str], int] = {}
        self.alike: list[tuple[str, Metadata, Metadata]] = []
        self.has_same_facts = True
        for node in protocol.nodes:
            if not isinstance(node, MessageNode):
                continue
            site = protocol.site(node.site)
            here = metadata_of(site.annotations, rules)
            key = (node.sender, node.receiver, node.label)
            known = self.number.get(key)
            if known is None:
                self.number[key] = len(self.sites)
                self.sites.append(site)
                self.metadata.append(here)
                continue
            first = self.metadata[known]
            self.has_same_facts = self.has_same_facts and here.facts == first.facts
            self.alike.append((node.sender, first, here))
            self.metadata[known] = _dearest(first, here)


def _dearest(one: Metadata, other: Metadata) -> Metadata:
    """The most that either of two sends costs, class by class."""
    bits = dict(one.bits)
    for name, count in other.bits:
        bits[name] = max(count, bits.get(name, 0))
    return Metadata(
        annotated=one.annotated or other.annotated,
        cost=max(one.cost, other.cost),
        facts=one.facts,
        bits=tuple(sorted(bits.items())),
    )


def _graph_of(search: TimedSearch, sends: _PricedSends) -> tuple[ProtocolGraph, list[int]]:
    """The graph of all configurations, and the event of each edge."""
    protocol = search.system.protocol
    number = {role: at for at, role in enumerate(protocol.roles)}
    kinds = []
    labels = {"": 0}  # what is no send has none
    for event in search.system.events:
        actor = number[event.role]
        if event.kind is TimedEventKind.SEND:
            site = sends.number[event.role, event.peer, event.label]
            label = labels.setdefault(event.label, len(labels))
            kinds.append((actor, number[event.peer], site, label))
        else:
            kinds.append((actor, actor, _FREE, 0))
    first, event_of, target = [0], [], []
    for at in range(len(search.configurations)):
        for event_number, after in search.numbered(at) if at < search.expanded else ():
            if after >= 0:
                event_of.append(event_number)
                target.append(after)
        first.append(len(target))
    rows = [kinds[one] for one in event_of]
    final = bytearray(len(first) - 1)
    for at in search.ends():
        final[at] = 1
    graph = ProtocolGraph(
        name=protocol.name,
        roles=protocol.roles,
        labels=tuple(labels),
        first=first,
        sender=[row[0] for row in rows],
        receiver=[row[1] for row in rows],
        label=[row[3] for row in rows],
        target=target,
        site=[row[2] for row in rows],
        final=final,
        sites=tuple(sends.sites),
    )
    return graph, event_of


class _Unshown(Exception):
    """A run that is over by the dearest of sends that look alike, and not by its own."""


class TimedMeters(Meters):
    """All meters of a protocol with timeouts."""

    are_of_graphs = False

    def __init__(self, context: Context, rules: Rules) -> None:
        super().__init__(context, rules)
        self.instances = [
            TimedMetered(one, one.lowered.timed, rules, context.options)
            for one in context.instances
            if one.lowered.timed is not None
        ]
        self.is_whole = True
        self._stated, self.sends = stated_sends(context, rules), []

    def gives_receipts(self, role: str) -> bool:
        """Whether some statement of a role has a receipt, searched or not."""
        return any(send.sender == role and send.metadata.annotated for send in self._stated)

    def undecided_receipts(self, role: str) -> Outcome | None:
        """Why it is not known which receipts of a role are free, None where it is."""
        for metered in self.instances:
            assert isinstance(metered, TimedMetered)
            for sender, one, other in metered.alike:
                if family_of(sender) == role and _nonce(one) != _nonce(other):
                    reason = f"messages of `{role}` with one label cost differently"
                    return Unknown(reason, UNSUPPORTED.number)
        return None

    def increasing(self, role: str, counted: Outcome) -> Outcome:
        """That the nonces of a role increase, as far as the runs were searched."""
        outcome = super().increasing(role, counted)
        # where there is a worst case, `counted` says by itself how far it goes
        return self._as_searched(outcome) if isinstance(counted, Refuted) else outcome

    def _has_no_free_receipt(self, role: str) -> bool:
        return False  # what is claimed is what the search finds

    def _has_all_runs(self, metered: MeteredInstance) -> bool:
        assert isinstance(metered, TimedMetered)
        return isinstance(covered(metered.answer), Proved)

    def answer(self, meter: Meter) -> WorstCaseAnswer:
        """Measure at all sizes, and say what that shows."""
        try:
            return super().answer(meter)
        except _Unshown:
            shown = "has no limit" if meter.limit is None else "passes the limit"
            reason = (
                "messages with one label cost differently, and it is not known whether a run"
                f" {shown}"
            )
            return self._told(meter, Unknown(reason, UNSUPPORTED.number))
        except AmbiguousRun as error:
            return self._told(meter, Unknown(str(error), UNSUPPORTED.number))

    def _formula(self, meter: Meter, measured: Sequence[Measured]) -> Largest | None:
        return None  # how often a timer fires is in no formula

    def _within(
        self, meter: Meter, measured: Sequence[Measured], formula: Largest | None
    ) -> Outcome:
        return self._as_searched(super()._within(meter, measured, formula))

    def _as_searched(self, outcome: Outcome) -> Outcome:
        """What holds in the runs that were searched, as far as these are all runs."""
        answers = [one.answer for one in self.instances if isinstance(one, TimedMetered)]
        depth = -1
        for answer in answers:
            searched = covered(answer)
            if isinstance(searched, Unknown):
                depth = answer.found.depth if depth < 0 else min(depth, answer.found.depth)
                cut = searched
            else:
                outcome = _weaker(outcome, searched)
        if depth < 0:
            return outcome
        detail = outcome.detail if isinstance(outcome, Proved | Bounded) else ""
        runs = f"in runs of up to {number_of(depth, 'event')}; longer ones were not searched"
        return Unknown(f"{detail} {runs}" if depth and detail else cut.reason, cut.code, cut.knob)

    def _lap(self, meter: Meter, one: Measured, found: CostLasso) -> int:
        run, culprit = (*found.stem, *found.loop), one.graph.roles[one.role]
        trace = one.metered.shown(run, culprit, "", lambda _: True, minimal=False)
        lap = self._total(meter, one, trace, len(found.stem))
        if lap < 1:
            raise _Unshown
        return lap

    def _trace(
        self, meter: Meter, one: Measured, run: Sequence[int], *, minimal: bool = True
    ) -> Trace:
        trace = one.metered.shown(
            run, one.graph.roles[one.role], "", lambda _: True, minimal=minimal
        )
        total = self._total(meter, one, trace)
        if meter.limit is not None and total <= meter.limit:
            raise _Unshown
        return msgspec.structs.replace(trace, explanation=self._exceeds(meter, one, total))

    def _lasso_trace(
        self, meter: Meter, one: Measured, found: CostLasso, explanation: str
    ) -> Trace:
        start = len(found.stem)
        run = (*found.stem, *found.loop)
        culprit = one.graph.roles[one.role]
        trace = one.metered.shown(run, culprit, explanation, lambda _: True, minimal=False)
        return msgspec.structs.replace(trace, loop=start, place=one.graph.site_of(found.loop[0]))


def _nonce(one: Metadata) -> tuple[bool, int]:
    """What a message changes of the nonces of its row."""
    return one.annotated, one.cost


def _weaker(outcome: Outcome, searched: Outcome) -> Outcome:
    """An outcome on what was searched, as far as a search goes."""
    if not isinstance(searched, Bounded):
        return outcome
    if isinstance(outcome, Proved):
        return Bounded(searched.bound, outcome.method, outcome.detail)
    if isinstance(outcome, Bounded) and searched.bound not in outcome.bound.split(", "):
        return msgspec.structs.replace(outcome, bound=f"{outcome.bound}, {searched.bound}")
    return outcome
