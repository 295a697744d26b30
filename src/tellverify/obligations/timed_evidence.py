"""Files of evidence of a protocol with timeouts: the runs, and the graphs that they are runs of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from tellverify.evidence.formula_run import filed, stated
from tellverify.evidence.itf import TraceSubject
from tellverify.evidence.itf_writing import filed_outages, trace_name
from tellverify.evidence.timed_file import timed_graph_file, timed_name, write_timed_graph
from tellverify.evidence.timed_trace import write_timed_itf
from tellverify.model.timed_text import FirePolicy, LatePolicy, TimedProtocol
from tellverify.model.trace import Trace
from tellverify.obligations.across_sizes import InstanceOutcomes, verdicts
from tellverify.obligations.context import Context
from tellverify.obligations.timed import decide_timed
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import PROPERTIES
from tellverify.verdict.run import Verdict


def evidence_of_timeouts(
    context: Context, others: Sequence[Verdict]
) -> tuple[tuple[str, str, str], ...]:
    """What each file belongs to, its name and its text; `others` are verdicts with witnesses."""
    outcomes = [
        InstanceOutcomes(name, tuple(decide_timed(protocol, context.options)))
        for name, protocol in _timed(context).items()
    ]
    return evidence_of_verdicts(context, (*verdicts(outcomes, "", context.place), *others))


def _timed(context: Context) -> dict[str, TimedProtocol]:
    """The protocols with timeouts at all sizes, by the names of these."""
    return {
        one.name: msgspec.structs.replace(one.lowered.timed, name=context.name)
        for one in context.instances
        if one.lowered.timed is not None
    }


def evidence_of_verdicts(
    context: Context, refuted: Sequence[Verdict]
) -> tuple[tuple[str, str, str], ...]:
    """The files of the runs of verdicts with timeouts, and the graphs that they are runs of."""
    timed = _timed(context)
    found: list[tuple[str, str, str]] = []
    used: dict[str, None] = {}
    for verdict in refuted:
        trace, instance, code = _run_of(verdict)
        if trace is not None and instance in timed:
            used[instance] = None
            subject = _subject(context, verdict, (code, instance), trace)
            text = write_timed_itf(trace.steps, timed[instance], subject)
            found.append((verdict.name, trace_name(verdict.name), text))
    dialect: Literal["strict", "faithful"] = (
        "faithful" if context.options.dialect == "faithful" else "strict"
    )
    for instance in used:
        file = timed_graph_file(timed[instance], context.files, dialect, instance)
        found.append((f"timed[{instance}]", timed_name(instance), write_timed_graph(file)))
    return tuple(found)


def _run_of(verdict: Verdict) -> tuple[Trace | None, str, str]:
    outcome = verdict.outcome
    if isinstance(outcome, Refuted) and isinstance(outcome.evidence, Trace):
        return outcome.evidence, outcome.instance, outcome.code
    if verdict.witness is not None:
        return verdict.witness.trace, verdict.witness.instance, ""
    return None, "", ""


def _subject(
    context: Context, verdict: Verdict, found: tuple[str, str], trace: Trace
) -> TraceSubject:
    options = context.options
    paths = tuple(path for path, _ in context.files)
    late: Literal["attempts", "keep", "own"] = "attempts"
    match LatePolicy(options.late):
        case LatePolicy.ATTEMPTS:
            pass
        case LatePolicy.KEEP:
            late = "keep"
        case LatePolicy.OWN:
            late = "own"
    sentence, formula = PROPERTIES[verdict.property].sentence, trace.formula
    fire: Literal["waits", "any"] = "any" if options.fire == FirePolicy.ANY.value else "waits"
    return TraceSubject(
        source=context.source.path,
        protocol=context.name,
        obligation=verdict.name,
        statement=sentence if formula is None else stated(sentence, formula),
        code=found[0],
        fault=trace.fault,
        culprits=trace.culprits,
        explanation=trace.explanation,
        minimal=trace.minimal,
        instance=found[1],
        dialect="faithful" if options.dialect == "faithful" else msgspec.UNSET,
        files=paths if len(paths) > 1 else msgspec.UNSET,
        scenario=trace.scenario or msgspec.UNSET,
        outages=filed_outages(trace.outages),
        decision=trace.decision or msgspec.UNSET,
        formula=msgspec.UNSET if formula is None else filed(formula),
        late=late,
        fire=fire,
    )
