"""The budgets, leakage and receipts of one protocol, with their certificate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tellverify.annotations.longest_paths import shortest_pair, worst_run
from tellverify.annotations.metadata import Metadata, metadata_of
from tellverify.annotations.rules import Rules
from tellverify.annotations.worst_case_formula import TermGroup
from tellverify.diagnostics import chain as say
from tellverify.diagnostics.chain import OVER_BUDGET, OVER_LEAKAGE, REPEATED_NONCE
from tellverify.diagnostics.limits import UNSUPPORTED
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.evidence.budgets import (
    BUDGET_NAME,
    BUDGET_SCHEMA,
    BudgetCertificate,
    BudgetInstance,
    Over,
    WorstCase,
    write_budgets,
)
from tellverify.evidence.neutral import neutral
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax.directives import directives
from tellverify.model.defect import AmbiguousRun
from tellverify.model.graph import ProtocolGraph
from tellverify.model.roles import family_of
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context, Decision
from tellverify.obligations.metering import Measured, Meter, MeteredInstance, WorstCaseAnswer
from tellverify.obligations.worst_cases import Meters
from tellverify.verdict.identity import BUDGETS
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Refuted, Unknown
from tellverify.verdict.properties import PROPERTIES, Property
from tellverify.verdict.run import Verdict

_LIMIT: Final = re.compile(
    r"\s*(?P<sender>[A-Za-z_]\w*)\s*(?:->\s*(?P<receiver>[A-Za-z_]\w*)\s*)?=\s*(?P<limit>\d+)\s*"
)
LARGEST_BUDGET: Final = 2**64 - 1
_MOST_CERTIFIED: Final = 2_000_000


def decide_budgets(context: Context, rules: Rules, meters: Meters) -> Decision:
    """Worst cases of all roles, of what goes to single peers, of what observers learn."""
    limits, found = _limits(context)
    asked = list(_meters(context, rules, meters, limits))
    instances = context.instances
    if instances and all(one.lowered.timed is not None for one in instances):
        from tellverify.obligations.timed_worst_cases import TimedMeters

        meters = TimedMeters(context, rules)  # what runs add up to is what the search finds
    answers = [meters.answer(meter) for meter in asked]
    receipts = list(_receipts(context, rules, meters))
    verdicts = [answer.verdict for answer in answers] + [answer.verdict for answer in receipts]
    files: tuple[tuple[str, str, str], ...] = ()
    if context.options.keep_graphs and meters.are_of_graphs:
        files = _certificate(context, answers)
    return Decision(tuple(verdicts), tuple(found), files)


# Limits


class _Limits(msgspec.Struct):
    """Limits by sender and receiver, and where they are written."""

    given: dict[tuple[str, str], tuple[int, str]]


def read_limit(text: str) -> tuple[str, str, int] | None:
    """`Role = 500` or `A -> B = 500` as sender, receiver or nothing, and limit."""
    match = _LIMIT.fullmatch(text)
    if match is None or len(match["limit"]) > 20 or int(match["limit"]) > LARGEST_BUDGET:
        return None
    return match["sender"], match["receiver"] or "", int(match["limit"])


def _limits(context: Context) -> tuple[_Limits, list[Diagnostic]]:
    """The limits of the command line and of comments."""
    limits = _Limits({})
    found: list[Diagnostic] = []
    source = context.source
    roles = {role.name.text for role in declared_roles(context.protocol)}
    for directive in directives(context.judged.file, source).of_kind("budget"):
        for text in directive.items:
            read = read_limit(text)
            reason = ""
            if read is None:
                reason = "it is not of the form `Role = 500`, with a number of at most 64 bits"
            elif read[0] not in roles or (read[1] and read[1] not in roles):
                name = read[0] if read[0] not in roles else read[1]
                reason = f"there is no role `{name}`"
            elif (read[0], read[1]) in limits.given:
                reason = "there is another one for it"
            if reason or read is None:
                where = Where(source.path, context.name)
                found.append(say.unknown_budget(where, directive.argument_span, text, reason))
                continue
            limits.given[read[0], read[1]] = (read[2], f"{source.path}:{directive.line}")
    for sender, receiver, limit in context.options.budgets:
        if sender in roles:
            limits.given[sender, receiver] = (limit, "--budget")
    return limits, found


def _cost(metadata: Metadata) -> int:
    return metadata.cost


def _meters(context: Context, rules: Rules, meters: Meters, limits: _Limits) -> Iterator[Meter]:
    roles = [role.name.text for role in declared_roles(context.protocol)]
    for role in roles:
        given = limits.given.get((role, ""))
        yield Meter(
            Property.BUDGET,
            TermGroup(role),
            "",
            _cost,
            "",
            OVER_BUDGET,
            None if given is None else given[0],
            "" if given is None else given[1],
            given is not None,
        )
    peers = _peers(meters)
    for sender, receiver in limits.given:
        if receiver:
            peers.setdefault(sender, {})[receiver] = None
    for sender, receivers in peers.items():
        for receiver in receivers:
            given = limits.given.get((sender, receiver))
            row = rules.limit(context.name, sender, receiver) if given is None else None
            limit = given[0] if given is not None else None if row is None else row.limit
            if limit is None and len(receivers) < 2:
                continue
            yield Meter(
                Property.BUDGET,
                TermGroup(sender, receiver),
                "",
                _cost,
                "",
                OVER_BUDGET,
                limit,
                given[1] if given is not None else "the policy",
                limit is not None,
            )
    yield from _leakage(roles, rules, meters)


def _peers(meters: Meters) -> dict[str, dict[str, None]]:
    """Who is charged for what it sends to whom, by declared roles."""
    found: dict[str, dict[str, None]] = {}
    for send in meters.sends:
        if send.receiver and send.metadata.cost:
            found.setdefault(send.sender, {})[send.receiver] = None
    for metered in meters.instances:
        graph = metered.graph
        pairs: dict[tuple[int, int], None] = {}
        for event in range(graph.event_count):
            if metered.metadata[graph.site[event]].cost:
                pairs[graph.sender[event], graph.receiver[event]] = None
        for sender, receiver in pairs:
            names = (family_of(graph.roles[n]) for n in (sender, receiver))
            one, other = names
            found.setdefault(one, {})[other] = None
    return found


def _leakage(roles: Sequence[str], rules: Rules, meters: Meters) -> Iterator[Meter]:
    shown: dict[tuple[str, str], None] = {}
    for send in meters.sends:
        for name, _ in send.metadata.bits:
            shown[send.sender, name] = None
    for metered in meters.instances:
        graph = metered.graph
        for event in range(graph.event_count):
            for name, _ in metered.metadata[graph.site[event]].bits:
                role = family_of(graph.roles[graph.sender[event]])
                shown[role, name] = None
    known = {row.name: row.limit for row in rules.leakage.classes}
    default = rules.leakage.default_limit if rules.leakage.undefined == "default" else 0
    for role in roles:
        for sender, name in shown:
            if sender == role:
                limit: int | None = known.get(name, default)
                if name not in known and rules.leakage.undefined == "permissive":
                    limit = None
                yield Meter(
                    Property.LEAKAGE,
                    TermGroup(role),
                    name,
                    _Bits(name),
                    "bits",
                    OVER_LEAKAGE,
                    limit,
                    "the policy" if rules.own else "the built-in rules",
                    limit is not None and rules.own,
                )


class _Bits(msgspec.Struct, frozen=True):
    """What one class of observers learns from a message."""

    name: str

    def __call__(self, metadata: Metadata) -> int:
        return dict(metadata.bits).get(self.name, 0)


# Receipts


def _receipts(context: Context, rules: Rules, meters: Meters) -> Iterator[WorstCaseAnswer]:
    """For every role that gets receipts: how many, and whether their nonces increase.

    A receipt uses the amount spent in its row as a nonce, so a charge of nothing repeats the one
    before.
    """
    for declared in declared_roles(context.protocol):
        role = declared.name.text
        meter = Meter(Property.RECEIPTS, TermGroup(role), "", _counted, "receipts", REPEATED_NONCE)
        if any(send.sender == role and send.metadata.annotated for send in meters.sends):
            answer = meters.undecided(meter)
            required = PROPERTIES[Property.RECEIPTS].required
            verdict = msgspec.structs.replace(answer.verdict, required=required)
            yield WorstCaseAnswer(meter, verdict)
            continue
        if not meters.gives_receipts(role):
            continue
        answer = meters.answer(meter)
        outcome = meters.undecided_receipts(role)
        for metered in meters.instances if outcome is None else ():
            try:
                outcome = _repeated(role, metered, rules)
            except AmbiguousRun as error:
                outcome = Unknown(str(error), UNSUPPORTED.number)
            if outcome is not None:
                break
        if outcome is None:
            outcome = meters.increasing(role, answer.verdict.outcome)
        required = PROPERTIES[Property.RECEIPTS].required
        verdict = msgspec.structs.replace(answer.verdict, outcome=outcome, required=required)
        yield WorstCaseAnswer(meter, verdict)


def _counted(metadata: Metadata) -> int:
    return 1 if metadata.annotated else 0


def _repeated(role: str, metered: MeteredInstance, rules: Rules) -> Refuted | None:
    """The shortest run in which a row gets a receipt with the nonce of the one before."""
    graph, metadata = metered.graph, metered.metadata
    shortest: tuple[int, ...] | None = None
    rows: dict[tuple[int, int], None] = {}
    for member in metered.members(role):
        for event in metered.by_sender.get(member, ()):
            one = metadata[graph.site[event]]
            if one.annotated and not one.cost:
                rows[member, graph.receiver[event]] = None
    for sender, receiver in rows:
        run = shortest_pair(
            graph,
            _InRow(metered, sender, receiver, free=False),
            _InRow(metered, sender, receiver, free=True),
        )
        if run is not None and (shortest is None or len(run) < len(shortest)):
            shortest = run
    if shortest is None:
        return None
    last = graph.event(shortest[-1])
    explanation = (
        f"the receipt of `{last.label}` has the nonce of an earlier receipt of `{last.sender}`"
        f" toward `{last.receiver}`"
    )
    trace = metered.shown(
        shortest, last.sender, explanation, lambda trace: _shows_repetition(trace, rules)
    )
    return Refuted(REPEATED_NONCE.number, trace, Method.LONGEST_PATH, metered.instance.name)


class _InRow:
    """Whether an event gets a receipt in a row; with `free` only those that cost nothing."""

    def __init__(self, metered: MeteredInstance, sender: int, receiver: int, *, free: bool) -> None:
        self._metered, self._row, self._free = metered, (sender, receiver), free

    def __call__(self, event: int) -> bool:
        graph = self._metered.graph
        metadata = self._metered.metadata[graph.site[event]]
        in_row = (graph.sender[event], graph.receiver[event]) == self._row
        return in_row and metadata.annotated and not (self._free and metadata.cost)


def _shows_repetition(trace: Trace, rules: Rules) -> bool:
    """Whether the last send of a trace gets the nonce of an earlier one in its row."""
    sends = [step for step in trace.steps if step.send]
    last = sends[-1]
    spent = 0
    nonces: list[int] = []
    for step in sends:
        if (step.sender, step.receiver) == (last.sender, last.receiver):
            metadata = metadata_of(step.site.annotations, rules)
            if metadata.annotated:
                spent += metadata.cost
                nonces.append(spent)
    return nonces[-1] in nonces[:-1]


# The certificate


def _certificate(
    context: Context, answers: Sequence[WorstCaseAnswer]
) -> tuple[tuple[str, str, str], ...]:
    """One file for all worst cases that are known; nothing where there is none."""
    claims: dict[str, tuple[ProtocolGraph, list[WorstCase], list[Over]]] = {}
    size = 0
    for answer in answers:
        parts: list[tuple[Measured, WorstCase | Over]] = [
            (one, _claim(answer.verdict, one)) for one in answer.measured if one.worst.is_bounded
        ]
        if answer.over is not None:
            one, run, loop = answer.over
            limit = str(answer.meter.limit or 0)
            over = Over(answer.verdict.name, limit, _priced(one), list(run), loop)
            parts.append((one, over))
        for one, claim in parts:
            size += one.graph.state_count
            if size > _MOST_CERTIFIED:
                return ()
            _, worst, passed = claims.setdefault(one.instance.name, (one.graph, [], []))
            if isinstance(claim, WorstCase):
                worst.append(claim)
            else:
                passed.append(claim)
    if not claims:
        return ()
    certificate = BudgetCertificate(
        BUDGET_SCHEMA,
        context.source.path,
        context.sha256,
        context.name,
        [
            BudgetInstance(name, neutral(graph), worst, over)
            for name, (graph, worst, over) in claims.items()
        ],
    )
    return ((BUDGETS, BUDGET_NAME, write_budgets(certificate)),)


def _priced(one: Measured) -> list[tuple[int, str]]:
    return [(event, str(cost)) for event, cost in enumerate(one.costs) if cost]


def _claim(verdict: Verdict, one: Measured) -> WorstCase:
    potential = one.worst.potential or (0,) * one.graph.state_count
    run = worst_run(one.metered.shape, one.costs, one.worst) if one.worst.total else ()
    return WorstCase(
        verdict.name,
        str(one.worst.total),
        _priced(one),
        [str(amount) for amount in potential],
        list(run),
    )
