"""Budgets, leakage and receipts: what runs add up to at most, and whether that is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

import msgspec

from tellverify.annotations.longest_paths import (
    UNBOUNDED,
    CostLasso,
    WorstPath,
    costly_loop,
    rounds_over,
    shortest_over,
    worst_case,
    worst_run,
    worst_totals,
)
from tellverify.annotations.metadata import Metadata, metadata_of
from tellverify.annotations.polynomial import Largest, constant, largest, text_of, value_of
from tellverify.annotations.rules import Rules
from tellverify.annotations.worst_case_formula import FormulaReader, NoFormula
from tellverify.diagnostics.chain import UNBOUNDED_COST
from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.language.linking.imports import with_imported
from tellverify.language.lowering.cutoffs import size_names
from tellverify.language.lowering.sites import record_entries
from tellverify.language.syntax import ast
from tellverify.model.fault import Fault
from tellverify.model.sizes import sizes_claimed
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, sizes_of, without_graphs
from tellverify.obligations.graph_runs import both, lasso, replayed
from tellverify.obligations.metering import (
    Measured,
    Meter,
    MeteredInstance,
    StatedSend,
    WorstCaseAnswer,
)
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Assumed, Bounded, Outcome, Proved, Refuted, Skipped, Unknown
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Verdict

_SHOWN_ROUNDS: Final = 12
_LAYER_STEPS: Final = 2_000_000


class Meters:
    """All meters of one protocol.

    `are_of_graphs`: the events are those of protocol graphs, which certificates are about.
    `sends` are the statements of the text where the runs at some sizes are not runs of a graph.
    """

    are_of_graphs = True

    def __init__(self, context: Context, rules: Rules) -> None:
        self._context = context
        self._rules = rules
        self._place = context.place
        self.instances: Sequence[MeteredInstance] = [
            MeteredInstance(instance, instance.lowered.graph, rules)
            for instance in context.instances
            if instance.lowered.graph is not None
        ]
        self.is_whole = len(self.instances) == len(context.instances) and bool(self.instances)
        self.sends = [] if self.is_whole else stated_sends(context, rules)
        self._steps = context.options.step_limit
        known: dict[ast.Record | None, Metadata] = {}

        def metadata(record: ast.Record | None) -> Metadata:
            if record not in known:
                known[record] = metadata_of(record_entries(record), rules)
            return known[record]

        protocol = with_imported(context.protocol, context.judged.linked)
        self._formulas = FormulaReader(protocol, metadata)
        self._known: dict[tuple[str, str, str, str], Largest | None] = {}

    def gives_receipts(self, role: str) -> bool:
        """Whether some message of a role has a receipt."""
        return any(
            metered.metadata[metered.graph.site[event]].annotated
            for metered in self.instances
            for member in metered.members(role)
            for event in metered.by_sender.get(member, ())
        )

    def undecided_receipts(self, role: str) -> Outcome | None:
        """Why it is not known which receipts of a role are free, None where it is."""
        return None

    def increasing(self, role: str, counted: Outcome) -> Outcome:
        """That the nonces of a role increase, where no run that was examined repeats one.

        `counted` says how many receipts there are. Beyond the sizes that were tried, the nonces
        increase where every message with a receipt costs something.
        """
        match counted:
            case Unknown() | Skipped() | Assumed():
                return counted
            case Bounded(bound, method, detail):
                return Bounded(bound, method, f"nonces increase, {detail}")
            case Proved(method, detail, every):
                pass
            case Refuted():
                method, detail, every = Method.LONGEST_PATH, "any number of receipts", ""
            case _:
                assert_never(counted)
        detail = f"nonces increase, {detail}"
        if not any(one.instance.sizes for one in self.instances):
            return Proved(method, detail, every)
        if self._has_no_free_receipt(role):
            return Proved(Method.STRUCTURE if not every else method, detail, self._every)
        return Bounded(sizes_of(self._context.instances), Method.LONGEST_PATH, detail)

    def _has_no_free_receipt(self, role: str) -> bool:
        """Whether every statement of the text that gives a receipt to a role costs something."""
        sends = stated_sends(self._context, self._rules)
        own = [send.metadata for send in sends if send.sender == role]
        return all(one.cost > 0 for one in own if one.annotated)

    def _has_all_runs(self, metered: MeteredInstance) -> bool:
        """Whether the paths of the graph are all runs at its sizes."""
        return True

    def answer(self, meter: Meter) -> WorstCaseAnswer:
        """Measure at all sizes, and say what that shows."""
        measured = []
        for metered in self.instances:
            one = self._measured(meter, metered)
            if one is None:
                reason = "the step limit was reached before every member was measured"
                return self._told(meter, Unknown(reason, STEP_LIMIT.number, "steps"))
            measured.append(one)
        for one in measured:
            if not one.worst.is_bounded:
                return self._unbounded(meter, one, measured)
        if meter.limit is not None:
            for one in measured:
                if one.worst.total > meter.limit:
                    return self._over(meter, one, measured)
        formula = self._formula(meter, measured)
        if formula is None and not self.is_whole:
            return self.undecided(meter)
        return self._told(meter, self._within(meter, measured, formula), measured)

    def undecided(self, meter: Meter) -> WorstCaseAnswer:
        """Say why the runs at some sizes cannot be measured."""
        return self._told(meter, without_graphs(self._context.instances))

    def _told(
        self, meter: Meter, outcome: Outcome, measured: Sequence[Measured] = ()
    ) -> WorstCaseAnswer:
        group = meter.group
        if group.receiver:
            subject = ObligationScope(channel=(group.sender, group.receiver), item=meter.item)
        else:
            subject = ObligationScope((group.sender,), item=meter.item)
        largest_total = max((m.worst.total for m in measured), default=UNBOUNDED)
        is_known = largest_total >= 0 and all(self._has_all_runs(m.metered) for m in measured)
        statistics = (("worst-case", largest_total),) if is_known else ()
        if meter.limit is not None:
            statistics = (*statistics, ("limit", meter.limit))
        verdict = Verdict(
            meter.property, subject, outcome, meter.required, *self._place, statistics
        )
        return WorstCaseAnswer(meter, verdict, tuple(measured))

    # Worst cases

    def _measured(self, meter: Meter, metered: MeteredInstance) -> Measured | None:
        """The worst case over all members of the group; None when that takes too long."""
        graph, group = metered.graph, meter.group
        self._steps -= graph.event_count + graph.state_count
        if self._steps < 0:
            return None
        weights = self._weights(meter, metered)
        totals = worst_totals(metered.shape, weights)
        if not totals:
            role = next(iter(metered.members(group.sender)), -1)
            receiver = next(iter(metered.members(group.receiver)), -1) if group.receiver else -1
            return Measured(metered, role, receiver, (0,) * graph.event_count, _NOTHING)
        payer = min(totals, key=lambda one: (totals[one] != UNBOUNDED, -totals[one], one))
        costs = [0] * graph.event_count
        for event, (who, cost) in weights.items():
            if who == payer:
                costs[event] = cost
        return Measured(metered, *payer, tuple(costs), worst_case(metered.shape, costs))

    @staticmethod
    def _weights(meter: Meter, metered: MeteredInstance) -> dict[int, tuple[tuple[int, int], int]]:
        """The events that cost a member of the group something, with who pays."""
        graph, group = metered.graph, meter.group
        receivers = set(metered.members(group.receiver)) if group.receiver else None
        weights = {}
        for role in metered.members(group.sender):
            for event in metered.by_sender.get(role, ()):
                receiver = graph.receiver[event] if receivers is not None else -1
                if receivers is None or receiver in receivers:
                    cost = meter.weigh(metered.metadata[graph.site[event]])
                    if cost:
                        weights[event] = ((role, receiver), cost)
        return weights

    def _formula(self, meter: Meter, measured: Sequence[Measured]) -> Largest | None:
        """The worst case for every size of at least 1, if it agrees with all measurements.

        Where no family has a size, the graph says it all.
        """
        if self.is_whole and not any(one.instance.sizes for one in measured):
            return None
        try:
            formula = self._formulas.worst(meter.group, meter.weigh)
        except NoFormula:
            return None
        for one in measured:
            if any(size < 1 for size in one.instance.sizes.values()):
                continue
            sizes = self._formulas.sizes(one.instance.sizes)
            if value_of(formula, sizes) != one.worst.total:
                return None
        return formula

    # Outcomes

    def _within(
        self, meter: Meter, measured: Sequence[Measured], formula: Largest | None
    ) -> Outcome:
        of = f" of {meter.limit:,}" if meter.limit is not None else ""
        unit = f" {meter.unit}" if meter.unit else ""
        if meter.limit is None and all(one.worst.total == 1 for one in measured):
            unit = unit.removesuffix("s")
        if self._formulas.is_family(meter.group.sender):
            unit += " each"
        if formula is not None:
            text = text_of(formula)
            grows = any(monomial for poly in formula for monomial, _ in poly.terms)
            if meter.limit is None or not grows:
                method = Method.STRUCTURE if grows else Method.LONGEST_PATH
                return Proved(method, f"at most {text}{of}{unit}", self._every)
            if largest((constant(meter.limit),), formula) == (constant(meter.limit),):
                return Proved(Method.CLOSED_FORM, f"at most {text}{of}{unit}", self._every)
            detail = f"at most {text}{of}{unit}"
            return Bounded(sizes_of(self._context.instances), Method.LONGEST_PATH, detail)
        values = [one.worst.total for one in measured]
        if not any(one.instance.sizes for one in measured):
            return Proved(Method.LONGEST_PATH, f"at most {values[-1]:,}{of}{unit}")
        shown = ", ".join(f"{value:,}" for value in values[:6])
        more = ", ..." if len(values) > 6 else ""
        return Bounded(
            sizes_of(self._context.instances),
            Method.LONGEST_PATH,
            f"at most {shown}{more}{of}{unit}",
        )

    @property
    def _every(self) -> str:
        """The sizes that a formula holds for; empty for a protocol without families."""
        names = size_names(self._context.protocol)
        return sizes_claimed((name, 1) for name in names) if names else ""

    def _unbounded(
        self, meter: Meter, one: Measured, all_of: Sequence[Measured]
    ) -> WorstCaseAnswer:
        """A loop that adds something every time."""
        found = costly_loop(one.metered.shape, one.costs)
        lap = self._lap(meter, one, found)
        who, unit = self._who(meter, one), f" {meter.unit}" if meter.unit else ""
        where = one.graph.site_of(found.loop[0])
        round_ = f"each round of the loop through line {where.line} adds {lap:,}{unit}"
        if meter.limit is None:
            explanation = f"{who} {_verb(meter)} without limit: {round_}"
            trace = self._lasso_trace(meter, one, found, explanation)
            refuted = Refuted(UNBOUNDED_COST.number, trace, Method.LONGEST_PATH, one.instance.name)
            shown_by = (one, (*found.stem, *found.loop), len(found.stem))
            return msgspec.structs.replace(self._told(meter, refuted), over=shown_by)
        rounds = rounds_over(one.costs, found, meter.limit)
        shown = self._shortest(one, meter.limit) if rounds <= _SHOWN_ROUNDS else None
        plural = "" if rounds == 1 else "s"
        reason = f"{round_}, so the limit is exceeded after {rounds:,} round{plural}"
        if lap < sum(one.costs[event] for event in found.loop):
            reason = f"{round_}, so the limit is exceeded after some rounds"
        if shown is None:
            explanation = f"{who} {_verb(meter)} more than {meter.limit:,}{unit}"
            trace = self._lasso_trace(meter, one, found, explanation)
            shown_by = (one, (*found.stem, *found.loop), len(found.stem))
        else:
            trace = self._trace(meter, one, shown)
            shown_by = (one, shown, -1)
        refuted = Refuted(meter.code.number, trace, Method.LONGEST_PATH, one.instance.name, reason)
        return msgspec.structs.replace(self._told(meter, refuted), over=shown_by)

    def _over(self, meter: Meter, one: Measured, all_of: Sequence[Measured]) -> WorstCaseAnswer:
        """A run that is over the limit, and what limit would do."""
        assert meter.limit is not None
        run = self._shortest(one, meter.limit)
        is_shortest = run is not None
        if run is None:
            run = worst_run(one.metered.shape, one.costs, one.worst)
        trace = self._trace(meter, one, run, minimal=is_shortest)
        unit = f" {meter.unit}" if meter.unit else ""
        here = f" with {one.instance.name}" if one.instance.name else ""
        reason = ""
        if self._has_all_runs(one.metered):
            reason = f"every run stays within {one.worst.total:,}{unit}{here}"
        refuted = Refuted(meter.code.number, trace, Method.LONGEST_PATH, one.instance.name, reason)
        told = self._told(meter, refuted, all_of)
        return msgspec.structs.replace(told, over=(one, tuple(run), -1))

    @staticmethod
    def _shortest(one: Measured, limit: int) -> tuple[int, ...] | None:
        return shortest_over(one.graph, one.costs, one.worst, limit, _LAYER_STEPS)

    # Runs

    def _lap(self, meter: Meter, one: Measured, found: CostLasso) -> int:
        """What each round of a loop adds."""
        return sum(one.costs[event] for event in found.loop)

    @staticmethod
    def _who(meter: Meter, one: Measured) -> str:
        sender = one.graph.roles[one.role]
        if one.receiver < 0:
            return f"`{sender}`"
        return f"`{sender}` toward `{one.graph.roles[one.receiver]}`"

    def _trace(
        self, meter: Meter, one: Measured, run: Sequence[int], *, minimal: bool = True
    ) -> Trace:
        total = sum(one.costs[event] for event in run)
        return one.metered.shown(
            run,
            one.graph.roles[one.role],
            self._exceeds(meter, one, total),
            lambda trace: self._total(meter, one, trace) >= total,
            minimal=minimal,
        )

    def _exceeds(self, meter: Meter, one: Measured, total: int) -> str:
        unit = f" {meter.unit}" if meter.unit else ""
        return (
            f"{self._who(meter, one)} {_verb(meter)} {total:,}{unit} where {meter.limit:,} are"
            " allowed"
        )

    def _lasso_trace(
        self, meter: Meter, one: Measured, found: CostLasso, explanation: str
    ) -> Trace:
        machines = one.metered.machines
        steps, loop = lasso(machines, both(one.graph, found.stem), both(one.graph, found.loop))
        trace = Trace(
            Fault.PROPERTY,
            steps,
            (one.graph.roles[one.role],),
            explanation,
            False,
            loop,
            place=one.graph.site_of(found.loop[0]),
        )
        return replayed(machines, trace, lambda: self._total(meter, one, trace, loop) > 0)

    def _total(self, meter: Meter, one: Measured, trace: Trace, start: int = 0) -> int:
        """What the sends of a trace add up to, by the text of their annotations."""
        sender = one.graph.roles[one.role]
        total = 0
        for step in trace.steps[start:]:
            toward = one.receiver < 0 or step.receiver == one.graph.roles[one.receiver]
            if step.send and step.sender == sender and toward:
                total += meter.weigh(metadata_of(step.site.annotations, self._rules))
        return total


def stated_sends(context: Context, rules: Rules) -> list[StatedSend]:
    """The statements of the text that send, with what their annotations mean."""
    return [
        StatedSend(
            send.sender.name.text,
            send.receiver.name.text if isinstance(send, ast.Send) else "",
            metadata_of(record_entries(send.record), rules),
        )
        for send in context.sends
    ]


_NOTHING: Final = WorstPath(0, ())


def _verb(meter: Meter) -> str:
    if meter.property is Property.LEAKAGE:
        return f"shows `{meter.item}`"
    return "issues receipts" if meter.property is Property.RECEIPTS else "is charged"
