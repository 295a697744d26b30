"""Whether the new version of a protocol passes its own check, so that its mixtures count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics.model import Diagnostic, Severity
from tellverify.obligations.options import Options
from tellverify.verdict.identity import obligation_name
from tellverify.verdict.outcome import Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import ProtocolReport, Verdict
from tellverify.verification.exit_code import judge
from tellverify.verification.pipeline import Decided, results_in
from tellverify.verification.tried_sizes import DecidedSizes
from tellverify.versions.comparison import ComparedPair, broken_pair, with_repair
from tellverify.versions.sides import MachineVersion, Version, VersionSide, graph_at

_OF_PACKS: Final = (Property.ADMISSION, Property.ACCEPTANCE)


class OwnCheck(msgspec.Struct, frozen=True):
    """What a check says of one protocol: its report, and the findings about it.

    `decided` has what was found at single sizes of its families.
    """

    report: ProtocolReport
    findings: tuple[Diagnostic, ...]
    decided: DecidedSizes


def own_checks(side: VersionSide, options: Options) -> Mapping[tuple[str, str], OwnCheck]:
    """The checks of the texts of a side, by path and name; none of machines.

    They are those of `tellverify check`: comments, the policy and the baseline count as they do
    there.
    """
    if side.workspace is None:
        return {}
    found: dict[tuple[str, str], OwnCheck] = {}
    decided: Decided = {}
    for result in results_in(side.workspace, _as_checked(options), decided):
        for report in result.reports:
            said = tuple(one for one in result.diagnostics if one.protocol == report.name)
            key = report.path, report.name
            found[key] = OwnCheck(report, said, decided[key])
    return found


def decided_of(version: Version, checks: Mapping[tuple[str, str], OwnCheck]) -> DecidedSizes | None:
    """What a check has decided of a version, None if it was not checked."""
    found = checks.get((version.path, version.name))
    return None if found is None else found.decided


def _as_checked(options: Options) -> Options:
    """The options of a check of everything that fails for errors alone."""
    return msgspec.structs.replace(
        options, properties=(), roles=(), fail_on="error", keep_graphs=False, draw=False
    )


def judged_alone(
    pair: ComparedPair, checks: Mapping[tuple[str, str], OwnCheck], options: Options
) -> ComparedPair:
    """The pair, or that its new version is *broken* where a check of it fails.

    Packs are left to the comparison, which asks every runtime profile, and so is a worst case over
    its budget where it has named one. Of a pair whose old version is broken it says whether the new
    one repairs that.
    """
    if pair.comparison.verdict == "broken" and not pair.is_old_broken:
        return pair
    if pair.is_old_broken:
        return with_repair(pair, _of_version(pair, checks, options))
    if isinstance(pair.new, MachineVersion):
        return pair
    code, fault = _of_version(pair, checks, options)
    return broken_pair(pair.old, pair.new, "new", fault) if code == 1 else pair


def _of_version(
    pair: ComparedPair, checks: Mapping[tuple[str, str], OwnCheck], options: Options
) -> tuple[int, str]:
    """What the new version of a pair is by itself, as an exit code, and its fault for 1."""
    if isinstance(pair.new, MachineVersion):
        alone = graph_at(pair.new, {}, options)
        return 1 if alone.is_broken else 0 if alone.is_proved else 3, alone.fault
    check = checks[pair.new.path, pair.new.name]
    names_budget = any(change.weight == "major" for change in pair.comparison.annotations)
    compared = (*_OF_PACKS, Property.BUDGET) if names_budget else _OF_PACKS
    counted = [one for one in check.report.verdicts if one.property not in compared]
    report = msgspec.structs.replace(check.report, verdicts=tuple(counted))
    code, _ = judge([report], check.findings, _as_checked(options), any_input=True)
    return code, _fault(counted, check.findings) if code == 1 else ""


def _fault(verdicts: Sequence[Verdict], findings: Sequence[Diagnostic]) -> str:
    """The first fault of a check that fails."""
    for one in verdicts:
        if one.required and not one.expected and isinstance(one.outcome, Refuted):
            return f"`{obligation_name(one.property, one.scope)}` is refuted"
    wrong = next(d for d in findings if d.severity is Severity.ERROR and not d.refutes)
    return wrong.message
