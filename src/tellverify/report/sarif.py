"""A run as SARIF 2.1.0 (OASIS Standard with errata 01), for code scanning and editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tellverify.diagnostics.model import Diagnostic, SuggestedRepair
from tellverify.model.trace import Trace
from tellverify.report.entries import ReportEntry, entries, region_of
from tellverify.report.escape import printable
from tellverify.report.grouping import all_evidence_of, place_of, totals
from tellverify.report.run_file import json_text
from tellverify.report.sarif_flows import Json, code_flow, text_of, uri_of
from tellverify.report.sarif_rules import LEVELS, RuleIndex, notification_descriptors
from tellverify.report.wording import glossary_of
from tellverify.source.region import Region
from tellverify.source.text import SourceFile
from tellverify.verdict.fingerprint import (
    FINDING,
    OBLIGATION,
    finding_fingerprints,
    fingerprint,
)
from tellverify.verdict.outcome import Assumed, Conflict, Core, Refuted
from tellverify.verdict.run import EvidenceFile, ProtocolReport, Run, Suppression, Verdict
from tellverify.version import VERSION

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_FAILED: Final = (2, 70)  # exit codes of runs that did not come to an end


def write_sarif(run: Run, sources: Mapping[str, SourceFile]) -> str:
    """The SARIF log of `run`, one run in it.

    Refuted obligations and findings are results that fail, with a code flow where there is a run.
    Unknown or skipped obligations are notifications of the invocation. One allowed, assumed or
    known before is a suppressed result.
    """
    found = entries(run)
    rules = RuleIndex(run.docs)
    files = all_evidence_of(run)
    results: list[Json] = [
        _result(one, run, rules, files, sources)
        for one in found
        if one.kind in ("refuted", "finding")
    ]
    prints = finding_fingerprints([one.diagnostic for one in run.suppressions])
    results.extend(
        _suppressed(one, prints[one.diagnostic], rules, sources) for one in run.suppressions
    )
    results.extend(
        _assumed(protocol, verdict, verdict.outcome, rules, sources)
        for protocol in run.protocols
        for verdict in protocol.verdicts
        if isinstance(verdict.outcome, Assumed)
    )
    notes: list[Json] = [_notification(one) for one in found if one.kind in ("unknown", "skipped")]
    reason = printable(run.exit_reason)
    driver: dict[str, Json] = {
        "name": "tellverify",
        "version": VERSION,
        "semanticVersion": VERSION,
        "rules": rules.written(),
    }
    if run.docs:
        driver["informationUri"] = f"{run.docs}/index.html"
    if descriptors := notification_descriptors(found):
        driver["notifications"] = descriptors
    log: dict[str, Json] = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                **_provenance(run),
                "columnKind": "unicodeCodePoints",
                "artifacts": [
                    {"location": {"uri": uri_of(one.path)}, "hashes": {"sha-256": one.sha256}}
                    for one in run.inputs
                ],
                "invocations": [
                    {
                        "executionSuccessful": run.exit_code not in _FAILED,
                        "commandLine": printable(run.command),
                        "exitCode": run.exit_code,
                        "exitCodeDescription": reason,
                        "toolExecutionNotifications": notes,
                    }
                ],
                "results": results,
                "properties": {
                    "totals": dict(totals(run)),
                    "semantics": run.semantics,
                    "dialect": run.dialect,
                    **({} if run.cached is None else {"cache": run.cached.text}),
                    **({"glossary": glossary_of(run)} if run.docs else {}),
                },
            }
        ],
    }
    return json_text(log)


def _provenance(run: Run) -> dict[str, Json]:
    """The repository and revision of the run, where both are known (SARIF 2.1.0, 3.14.9)."""
    known = run.revision
    if known is None or not known.repository or not known.commit:
        return {}
    details: dict[str, Json] = {
        "repositoryUri": known.repository,
        "revisionId": printable(known.commit),
    }
    if known.branch:
        details["branch"] = printable(known.branch)
    return {"versionControlProvenance": [details]}


# Rules


# Results


def _result(
    one: ReportEntry,
    run: Run,
    rules: RuleIndex,
    files: Mapping[str, tuple[EvidenceFile, ...]],
    sources: Mapping[str, SourceFile],
) -> dict[str, Json]:
    name = FINDING if one.verdict is None else OBLIGATION
    result = _base(one.code, one.message, one.region, rules)
    result["kind"] = "fail"
    result["level"] = LEVELS[one.severity]
    result["partialFingerprints"] = {name: one.fingerprint}
    related = _related(one, sources)
    properties: dict[str, Json] = {}
    if one.diagnostic is not None:
        properties |= _remarks(one.diagnostic)
        if one.diagnostic.repairs:
            path = one.diagnostic.path
            result["fixes"] = [_fix(each, path) for each in one.diagnostic.repairs]
    if one.protocol is not None and one.verdict is not None:
        outcome = one.verdict.outcome
        identity = one.protocol.id_of(one.verdict).text
        properties |= {
            "obligation": printable(identity),
            "status": "refuted",
            "required": one.required,
        }
        _add_logical(result, identity)
        if isinstance(outcome, Refuted):
            if outcome.instance:
                properties["instance"] = printable(outcome.instance)
            if isinstance(outcome.evidence, Trace) and outcome.evidence.steps:
                result["codeFlows"] = [code_flow(outcome.evidence, one.protocol.path, sources)]
        shown = files.get(identity, ())
        if shown:
            result["attachments"] = [
                {
                    "description": {"text": "evidence"},
                    "artifactLocation": {"uri": uri_of(file.path)},
                }
                for file in shown
            ]
            properties["evidenceSha256"] = shown[0].sha256
    if related:
        result["relatedLocations"] = related
    if one.state is not None and run.baseline is not None:
        result["baselineState"] = one.state
        if one.accepted:
            where = printable(run.baseline.path)
            result["suppressions"] = [
                {
                    "kind": "external",
                    "status": "accepted",
                    "justification": f"known in the baseline {where}".rstrip(),
                }
            ]
    if properties:
        result["properties"] = properties
    return result


def _base(code: str, message: str, region: Region, rules: RuleIndex) -> dict[str, Json]:
    result: dict[str, Json] = {}
    if code:
        result["ruleId"] = code
        result["ruleIndex"] = rules.index(code)
    result["message"] = text_of(message)
    result["locations"] = [_location(region)]
    return result


def _location(region: Region, words: str = "") -> dict[str, Json]:
    written: dict[str, Json] = {"startLine": region.line, "startColumn": region.column}
    if region.end_line:
        written |= {"endLine": region.end_line, "endColumn": region.end_column}
    found: dict[str, Json] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri_of(region.path)},
            "region": written,
        }
    }
    if words:
        found["message"] = text_of(words)
    return found


def _add_logical(result: dict[str, Json], identity: str) -> None:
    """Say of the first location which obligation it belongs to."""
    locations = result["locations"]
    if isinstance(locations, list) and locations and isinstance(locations[0], dict):
        locations[0]["logicalLocations"] = [{"fullyQualifiedName": printable(identity)}]


def _related(one: ReportEntry, sources: Mapping[str, SourceFile]) -> list[Json]:
    """Other places of a finding, of branches that conflict, of premises that clash."""
    places: list[tuple[Region, str]] = []
    if one.diagnostic is not None:
        diagnostic = one.diagnostic
        if diagnostic.primary.text:
            places.append((one.region, diagnostic.primary.text))
        places += [(region_of(other, diagnostic.path), other.text) for other in diagnostic.others]
    outcome = one.verdict.outcome if one.verdict is not None else None
    if isinstance(outcome, Refuted):
        match outcome.evidence:
            case Core(premises=premises):
                places += [
                    (Region(premise.path, premise.line, 1), f"{premise.name}: {premise.text}")
                    for premise in premises
                    if premise.line and premise.path
                ]
            case Conflict() as conflict if one.diagnostic is None:
                places += [(region, conflict.reason) for region in conflict.regions]
            case Conflict() | Trace():
                pass
    return [_location(region, words) | {"id": at} for at, (region, words) in enumerate(places)]


def _fix(repair: SuggestedRepair, path: str) -> dict[str, Json]:
    """A repair as a change of one file; editors offer it as a code action."""
    replacements: list[Json] = []
    for each in repair.replacements:
        at = each.region or Region(path, 1, 1)
        replacements.append(
            {
                "deletedRegion": {
                    "startLine": at.line,
                    "startColumn": at.column,
                    "endLine": at.end_line or at.line,
                    "endColumn": at.end_column or at.column,
                },
                "insertedContent": {"text": each.text},
            }
        )
    return {
        "description": text_of(repair.words),
        "artifactChanges": [
            {"artifactLocation": {"uri": uri_of(path)}, "replacements": replacements}
        ],
    }


def _remarks(diagnostic: Diagnostic) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if diagnostic.helps:
        found["helps"] = [printable(text) for text in diagnostic.helps]
    if diagnostic.notes:
        found["notes"] = [printable(text) for text in diagnostic.notes]
    if diagnostic.protocol:
        found["protocol"] = printable(diagnostic.protocol)
    return found


# Suppressions


def _suppressed(
    one: Suppression, digest: str, rules: RuleIndex, sources: Mapping[str, SourceFile]
) -> dict[str, Json]:
    diagnostic = one.diagnostic
    region = region_of(diagnostic.primary, diagnostic.path)
    result = _base(diagnostic.code.number, diagnostic.message, region, rules)
    result["kind"] = "fail"
    result["level"] = LEVELS[diagnostic.severity]
    result["partialFingerprints"] = {FINDING: digest}
    kind = "inSource" if one.kind == "comment" else "external"
    result["suppressions"] = [_suppression(kind, one.reason, one.place)]
    return result


def _suppression(kind: str, reason: str, place: str) -> dict[str, Json]:
    found: dict[str, Json] = {
        "kind": kind,
        "status": "accepted",
        "justification": printable(reason),
    }
    path, colon, line = place.rpartition(":")
    if colon and path and line.isascii() and line.isdigit() and int(line[:9]) > 0:
        found["location"] = _location(Region(path, int(line[:9]), 1))
    return found


def _assumed(
    protocol: ProtocolReport,
    verdict: Verdict,
    outcome: Assumed,
    rules: RuleIndex,
    sources: Mapping[str, SourceFile],
) -> dict[str, Json]:
    """An obligation that is assumed: for review, and suppressed by the assumption."""
    identity = protocol.id_of(verdict).text
    message = f"`{verdict.name}` of `{protocol.name}` is assumed: {outcome.reason}"
    region = place_of(protocol, verdict)
    result = _base(str(verdict.property), message, region, rules)
    _add_logical(result, identity)
    result["kind"] = "review"
    result["level"] = "none"
    result["partialFingerprints"] = {OBLIGATION: fingerprint(protocol.subject, verdict)}
    result["suppressions"] = [_suppression("inSource", outcome.reason, outcome.place)]
    result["properties"] = {
        "obligation": printable(identity),
        "status": "assumed",
        "ledger": printable(outcome.ledger),
    }
    return result


# Undecided obligations


def _notification(one: ReportEntry) -> dict[str, Json]:
    note: dict[str, Json] = {
        "descriptor": {"id": one.code or one.kind},
        "level": LEVELS[one.severity],
        "message": text_of(one.message),
        "locations": [_location(one.region)],
    }
    if one.protocol is not None and one.verdict is not None:
        note["properties"] = {
            "obligation": printable(one.protocol.id_of(one.verdict).text),
            "status": one.kind,
            "required": one.required,
        }
    return note
