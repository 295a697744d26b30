"""A run as JUnit XML: a suite for each file, a case for each obligation of its protocols.

What makes the check fail is a failure or an error; what does not is never one, so that a reader
of this file and a reader of the exit code are told the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.model.trace import Trace
from tellverify.report.drawing.chart import draw
from tellverify.report.entries import ReportEntry, entries, message_of
from tellverify.report.escape import printable, tame
from tellverify.report.grouping import all_evidence_of, detail_of, why_not_required
from tellverify.report.style import Style
from tellverify.report.wording import glossary_of
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import slashed
from tellverify.verdict.outcome import (
    Assumed,
    Bounded,
    Conflict,
    Core,
    Proved,
    Refuted,
    Skipped,
    Unknown,
    status,
)
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Verdict
from tellverify.verdict.statements import statement

FINDINGS: Final = "findings"
CHECK: Final = "tellverify"
_NOTHING_CHECKED: Final = (2, 4)

_Mark: TypeAlias = Literal["passed", "failure", "error", "skipped"]


class _TestCase(msgspec.Struct, frozen=True):
    """A test case: who it is, how it went, and the text of the element that says so."""

    classname: str
    name: str
    mark: _Mark
    path: str = ""
    line: int = 0
    kind: str = ""
    message: str = ""
    text: str = ""
    properties: tuple[tuple[str, str], ...] = ()


def write_junit(run: Run, sources: Mapping[str, SourceFile]) -> str:
    """The JUnit XML of `run`.

    A refuted obligation that is required and not known before is a failure, one that is unknown
    and required an error; what is skipped, assumed, known or not required is skipped, with its
    outcome as a property. Other errors of the text are failures of their own. When all this would
    let a failed check pass, its exit code is an error.
    """
    found = entries(run)
    by_obligation = {
        one.protocol.id_of(one.verdict).text: one
        for one in found
        if one.protocol is not None and one.verdict is not None
    }
    files = all_evidence_of(run)
    by_file: dict[str, list[_TestCase]] = {}
    for protocol in run.protocols:
        by_file.setdefault(slashed(protocol.path), []).extend(
            _case(protocol, verdict, by_obligation, files) for verdict in protocol.verdicts
        )
    told = {
        (one.verdict.outcome.evidence.path, one.verdict.outcome.evidence.reason)
        for one in found
        if one.verdict is not None
        and isinstance(one.verdict.outcome, Refuted)
        and isinstance(one.verdict.outcome.evidence, Conflict)
    }
    weakened = {one.message for one in run.weakened}
    for one in found:
        if (
            one.kind == "finding"
            and (one.severity is not Severity.NOTE or one.message in weakened)
            and (one.region.path, one.message) not in told
        ):
            case = _finding(one, counts=run.exit_code == 1)
            by_file.setdefault(slashed(one.region.path), []).append(case)
    suites = list(by_file.items())
    failing = any(case.mark in ("failure", "error") for _, cases in suites for case in cases)
    if run.exit_code in _NOTHING_CHECKED or (run.exit_code and not failing):
        text = tame(run.exit_reason)
        case = _TestCase(CHECK, f"exit {run.exit_code}", "error", kind="exit", message=text)
        suites.append((CHECK, [case]))
    facts = {
        "cache": run.cached.text if run.cached is not None else "",
        "glossary": glossary_of(run),
    }
    return _document(suites, dict(run.timing), {key: text for key, text in facts.items() if text})


# Cases


def _case(
    protocol: ProtocolReport,
    verdict: Verdict,
    entries_of: Mapping[str, ReportEntry],
    files: Mapping[str, tuple[EvidenceFile, ...]],
) -> _TestCase:
    identity = protocol.id_of(verdict).text
    outcome = verdict.outcome
    word = status(outcome)
    properties = [
        ("outcome", word),
        ("required", "true" if verdict.required else "false"),
        ("statement", statement(protocol, verdict)),
        ("detail", detail_of(verdict)),
        ("vacuity", verdict.vacuity if verdict.vacuity != "not-checked" else ""),
        *(("evidence", file.path) for file in files.get(identity, ())),
    ]
    mark: _Mark = "passed"
    message = text = kind = ""
    problem = entries_of.get(identity)
    match outcome:
        case Refuted():
            known = problem is not None and problem.accepted
            mark = "skipped" if known or not verdict.required else "failure"
            kind = outcome.code
            message = problem.message if problem else message_of(protocol, verdict, outcome)
            if mark == "skipped":
                why = "known before" if known else why_not_required(verdict)
                message = f"refuted, {why}: {message}"
            else:
                text = "\n".join(_shown(protocol, outcome, problem))
        case Unknown(reason=reason):
            mark = "error" if verdict.required else "skipped"
            kind, message = outcome.code or word, f"unknown: {reason}"
        case Skipped(reason=reason):
            mark, message = "skipped", f"skipped: {reason}"
        case Assumed(reason=reason):
            mark, message = "skipped", f"assumed: {reason}"
        case Proved() | Bounded():
            pass
    return _TestCase(
        protocol.subject.text,
        verdict.name,
        mark,
        problem.region.path if problem is not None else protocol.path,
        problem.region.line if problem is not None else verdict.line or protocol.line,
        kind,
        tame(message),
        text,
        tuple((key, value) for key, value in properties if value),
    )


def _finding(one: ReportEntry, *, counts: bool) -> _TestCase:
    is_error = counts and one.severity is Severity.ERROR and not one.accepted
    where = f"{one.region.path}:{one.region.line}:{one.region.column}"
    helps = one.diagnostic.helps if one.diagnostic is not None else ()
    message = tame(one.message)
    return _TestCase(
        FINDINGS,
        f"{one.title} at {where}",
        "failure" if is_error else "skipped",
        one.region.path,
        one.region.line,
        one.code,
        message if is_error else f"{one.severity}: {message}",
        "\n".join([f"{tame(where)}: {message}", *(f"help: {tame(text)}" for text in helps)])
        if is_error
        else "",
    )


def _shown(
    protocol: ProtocolReport, outcome: Refuted, problem: ReportEntry | None
) -> Iterator[str]:
    """The evidence as text: a chart of the run, the places that conflict, or the premises."""
    diagnostic: Diagnostic | None = problem.diagnostic if problem is not None else None
    if problem is not None:
        where = f"{problem.region.path}:{problem.region.line}:{problem.region.column}"
        yield f"{tame(where)}: {tame(problem.message)}"
    for text in diagnostic.helps if diagnostic is not None else ():
        yield f"help: {tame(text)}"
    if outcome.instance:
        yield f"instance: {tame(outcome.instance)}"
    match outcome.evidence:
        case Trace() as trace:
            yield ""
            yield from draw(trace, protocol.roles, Style(width=100))
        case Conflict(reason=reason) as conflict:
            if problem is None or reason not in problem.message:
                what = "" if conflict.has_one_place else "two places that do not fit together: "
                yield f"{what}{tame(reason)}"
        case Core(reason=reason, premises=premises):
            yield f"premises that cannot hold together: {tame(reason)}"
            for premise in premises:
                where = f" ({premise.path}:{premise.line})" if premise.line else ""
                yield f"  {tame(premise.name)}: {tame(premise.text)}{tame(where)}"


# XML


def _document(
    suites: Sequence[tuple[str, Sequence[_TestCase]]],
    timing: Mapping[str, float],
    facts: Mapping[str, str],
) -> str:
    """The document; times only where the run has them, which is with `--timing`.

    The `facts` are properties of the first suite.
    """
    root = Element("testsuites", _counted(CHECK, [case for _, cases in suites for case in cases]))
    if "total" in timing:
        root.set("time", f"{timing['total']:.3f}")
    for name, cases in suites:
        suite = SubElement(root, "testsuite", _counted(name, cases))
        if name in timing:
            suite.set("time", f"{timing[name]:.3f}")
        if facts:
            properties = SubElement(suite, "properties")
            for key, text in facts.items():
                SubElement(properties, "property", {"name": key, "value": printable(text)})
            facts = {}
        for case in cases:
            _add(suite, case)
    indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}\n{tostring(root, encoding='unicode')}\n"


def _counted(name: str, cases: Sequence[_TestCase]) -> dict[str, str]:
    def count(mark: _Mark) -> str:
        return str(sum(case.mark == mark for case in cases))

    return {
        "name": printable(name),
        "tests": str(len(cases)),
        "failures": count("failure"),
        "errors": count("error"),
        "skipped": count("skipped"),
    }


def _add(suite: Element, case: _TestCase) -> None:
    head = {"classname": printable(case.classname), "name": printable(case.name)}
    if case.path:
        head["file"] = printable(case.path.replace("\\", "/"))
    if case.line:
        head["line"] = str(case.line)
    shown = SubElement(suite, "testcase", head)
    if case.properties:
        properties = SubElement(shown, "properties")
        for name, value in case.properties:
            SubElement(properties, "property", {"name": printable(name), "value": printable(value)})
    if case.mark != "passed":
        told = {"message": printable(case.message)}
        if case.kind and case.mark != "skipped":
            told["type"] = printable(case.kind)
        outcome = SubElement(shown, case.mark, told)
        # XML has no way to write most of what does not print.
        outcome.text = "\n".join(printable(line) for line in case.text.split("\n")) or None
