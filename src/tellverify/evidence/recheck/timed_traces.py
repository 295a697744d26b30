"""Is a trace a run of a protocol with timeouts, and does its end show the fault it names?

Steps are those of the reference meaning (`tellverify.model.timed_semantics`). That a role waits
without end, or that no end is in reach, is looked at to a limit of configurations beyond the run.
"""

from __future__ import annotations

import os
from typing import Final

import msgspec

from tellverify.evidence.fault_run import OF_DECISIONS
from tellverify.evidence.graph_file import TIMED_SUFFIX
from tellverify.evidence.itf import VAR_TYPES, TraceFile, TraceSubject, basis_of, rendered
from tellverify.evidence.recheck.evidence_files import check_sources, load
from tellverify.evidence.recheck.graph import Rejected, check_instance, require
from tellverify.evidence.recheck.traces import FAULTS
from tellverify.evidence.timed_file import (
    TIMED_SCHEMA,
    BadTimedGraph,
    TimedGraphFile,
    timed_protocol_in,
    write_timed_graph,
)
from tellverify.evidence.timed_trace import false_claim_of
from tellverify.model.fault import Fault
from tellverify.model.timed_text import TimedProtocol
from tellverify.verdict.extension_sentences import TIMEOUT_SENTENCES
from tellverify.verdict.sentences import SENTENCES

# The code of every fault that only a protocol with timeouts shows, and the property it refutes.
TIMED_FAULTS: Final = {
    Fault.TIMEOUT_DISAGREEMENT: ("TV440", "timeout-agreement"),
    Fault.STALE_MESSAGE: ("TV441", "fresh-messages"),
}


def read_protocol(file: TimedGraphFile) -> TimedProtocol:
    """The protocol of a graph file. Raises Rejected."""
    try:
        return timed_protocol_in(file)
    except BadTimedGraph as fault:
        raise Rejected("graph", str(fault)) from None


def read_timed(path: str) -> TimedGraphFile:
    """A graph file in its one form, with the sources that are there. Raises Rejected."""
    file = load(path, TimedGraphFile, TIMED_SCHEMA, write_timed_graph)
    require(bool(file.files), "files", "there are none")
    check_sources(path, file.files, file.protocol)
    read_protocol(file)
    check_instance(file.instance, file.roles, "instance")
    return file


def recheck_timed(path: str) -> str:
    """What a graph file has, in words. Raises Rejected."""
    file = read_timed(path)
    return f"timed graph: {len(file.roles)} roles, {len(file.scopes)} timers"


def _graph_beside(path: str, subject: TraceSubject) -> TimedGraphFile:
    """The one graph beside a trace that is of its protocol and instance."""
    folder = os.path.dirname(path)
    names = sorted(n for n in os.listdir(folder or ".") if n.endswith(TIMED_SUFFIX))
    files = [read_timed(os.path.join(folder, name)) for name in names]
    named = (subject.protocol, subject.instance)
    fitting = [one for one in files if (one.protocol, one.instance) == named]
    require(len(fitting) == 1, "the folder", f"not one graph of `{named[0]}` {named[1]}")
    paths = tuple(name for name, _ in fitting[0].files)
    same = basis_of(subject) == (fitting[0].dialect, paths) and subject.source == paths[0]
    require(same, "source", "not that of the graph")
    return fitting[0]


def check_timed_trace(trace: TraceFile, content: bytes, path: str) -> None:
    """Raise Rejected at the first entry of the file at `path` that is not so."""
    subject = trace.subject
    file = _graph_beside(path, subject)
    code, refuted = {**FAULTS, **TIMED_FAULTS}[subject.fault]
    asked, mark, scenario = subject.obligation.partition(" @ ")
    has_rules = subject.scenario is not msgspec.UNSET
    require(bool(scenario) == bool(mark) == has_rules, "scenario", "not that of the obligation")
    named, _, roles = asked.partition("[")
    if subject.fault is Fault.WITNESS:
        refuted = "late-messages"
    if subject.fault in (*OF_DECISIONS, Fault.PROPERTY):
        roles = ""
    require(subject.code == code, "code", f"`{subject.fault}` has {code}")
    require(named == refuted, "obligation", f"`{subject.fault}` does not refute it")
    sentence = {**SENTENCES, **TIMEOUT_SENTENCES}[named]
    has_formula = subject.formula is not msgspec.UNSET
    require(has_formula == (subject.fault is Fault.PROPERTY), "formula", "not that of the fault")
    if has_formula:
        from tellverify.evidence.formula_run import statement_of

        sentence = statement_of(sentence, subject.formula)
    require(subject.statement == sentence, "statement", f"not that of `{named}`")
    about = roles.removesuffix("]").split(", ") if roles else []
    require(set(about) <= set(subject.culprits), "culprits", "not these roles")
    protocol = read_protocol(file)
    try:
        wrong = false_claim_of(trace, protocol)
    except (ValueError, IndexError, KeyError, AssertionError, RecursionError):
        raise Rejected("graph", "its scopes are not entered and left in order") from None
    if wrong is not None:
        place = f"state {len(trace.steps)}, `{subject.fault}`"
        raise Rejected(place if wrong.state is None else f"state {wrong.state}", wrong.reason)
    same = rendered(subject, trace.filed.states, trace.loop).encode() == content
    require(same and subject.var_types == VAR_TYPES, "the file", "not in canonical form")
