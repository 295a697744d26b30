"""Two sides put together to a run: pairs, what only one side has, findings and exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from tellverify.diagnostics import versions as say
from tellverify.diagnostics.model import Diagnostic, Where, sort_key
from tellverify.obligations.options import Options
from tellverify.source.span import NOWHERE
from tellverify.source.text import SourceFile
from tellverify.verdict.run import Input, ProtocolReport, Run
from tellverify.verdict.versions import ComparedVersions, FailOn
from tellverify.verification.checked import Checked
from tellverify.verification.reported import located, located_diagnostic, with_diagnostics
from tellverify.versions.compared_run import judged, nothing_compared, report_of
from tellverify.versions.comparison import ComparedPair, compared_pair
from tellverify.versions.fact_changes import SchemaTexts, fact_changes
from tellverify.versions.own_obligations import decided_of, judged_alone, own_checks
from tellverify.versions.pairing import Pairing, paired
from tellverify.versions.sides import (
    MachineVersion,
    TextVersion,
    Version,
    VersionSide,
    role_names,
)
from tellverify.versions.wire_labels import WireRules

NO_PAIR: Final = "no protocol is on both sides"


class CompareRequest(msgspec.Struct, frozen=True):
    """The options of a comparison; `against` names the old side, `commit` its git commit if any.

    `are_single_files`: each side is one file. `place` is the path of a version within its side.
    `nothing` says why there may be no pair, `schemas` are the fact schemas that differ. Old files
    at `moved` were not asked for: what they have and the new side has not is not listed.
    """

    against: str
    fail_on: FailOn
    rules: WireRules
    options: Options
    place: Callable[[Version], str]
    are_single_files: bool = False
    nothing: str = NO_PAIR
    schemas: tuple[SchemaTexts, ...] = ()
    commit: str = ""
    moved: frozenset[str] = frozenset()


class Comparing(msgspec.Struct, frozen=True):
    """The run of a comparison with the pairs behind it."""

    checked: Checked
    pairs: tuple[ComparedPair, ...]
    request: CompareRequest


def compare(old: VersionSide, new: VersionSide, request: CompareRequest) -> Comparing:
    """Compare all protocols of two sides."""
    pairing = paired(
        old.versions, new.versions, request.place, are_single_files=request.are_single_files
    )
    old, pairing = _without_moved(old, pairing, request.moved)
    checks = own_checks(new, request.options) if pairing.pairs else {}
    pairs = tuple(
        judged_alone(
            compared_pair(left, right, request.rules, request.options, decided_of(right, checks)),
            checks,
            request.options,
        )
        for left, right in pairing.pairs
    )
    sources = _sources(old, new)
    sources.update((path, SourceFile(path, text)) for path, _, text in request.schemas)
    reports: list[ProtocolReport] = []
    said: list[Diagnostic] = [*new.diagnostics, *old.diagnostics]
    shown: set[Diagnostic] = set()
    for pair in pairs:
        report, findings = report_of(pair, sources, request.fail_on)
        found, others = with_diagnostics([report], findings)
        reports += found
        said += findings
        shown |= set(findings) - set(others)
    said += _about_names(pairing, request)
    said += _about_renaming(pairs, request.rules)
    facts = tuple(fact_changes(request.schemas))
    said += [
        say.before_rollout(
            Where(one.subject), NOWHERE, one.words, one.action, is_fault=one.weight == "major"
        )
        for one in facts
        if one.action or one.weight == "major"
    ]
    ordered = tuple(sorted(dict.fromkeys(said), key=sort_key))
    comparisons = tuple(pair.comparison for pair in pairs)
    one_sided = {"added": len(pairing.added), "removed": len(pairing.removed)}
    nothing = nothing_compared(request.nothing, one_sided, changes=bool(request.commit))
    code, reason = judged(comparisons, request.fail_on, request.options, ordered, nothing)
    run = Run(
        tuple(Input(file.path, file.sha256) for file in (*old.files, *new.files)),
        located(reports, sources),
        tuple(located_diagnostic(one, sources) for one in ordered if one not in shown),
        code,
        reason,
        request.options.dialect,
        versions=ComparedVersions(
            request.against,
            request.fail_on,
            comparisons,
            tuple(one.name for one in pairing.added),
            tuple(one.name for one in pairing.removed),
            facts,
        ),
    )
    return Comparing(Checked(run, sources, {}, {}), pairs, request)


def _without_moved(
    old: VersionSide, pairing: Pairing, moved: frozenset[str]
) -> tuple[VersionSide, Pairing]:
    """The old side and its pairing without what only files at `moved` have."""
    here = {one.path for one, _ in pairing.pairs}
    apart = moved - here
    kept = tuple(one for one in old.versions if one.path not in apart)
    files = tuple(file for file in old.files if file.path not in apart)
    said = tuple(one for one in old.diagnostics if one.path not in moved)
    removed = tuple(one for one in pairing.removed if one.path not in moved)
    return (
        msgspec.structs.replace(old, versions=kept, files=files, diagnostics=said),
        msgspec.structs.replace(pairing, removed=removed),
    )


def _sources(old: VersionSide, new: VersionSide) -> dict[str, SourceFile]:
    found: dict[str, SourceFile] = {}
    for side in (old, new):
        if side.workspace is not None:
            found.update(side.workspace.sources())
        for version in side.versions:
            match version:
                case MachineVersion(sources=sources):
                    found.update(sources)
                case TextVersion(found=one):
                    found[one.source.path] = one.source
    return found


def _about_names(pairing: Pairing, request: CompareRequest) -> Iterator[Diagnostic]:
    """Protocols that one side has alone, and names that pair nothing."""
    for side, versions in (("added", pairing.added), ("removed", pairing.removed)):
        for one in versions:
            if one.own_name in pairing.ambiguous:
                yield say.ambiguous(one.path, one.own_name, one.span)
            else:
                yield say.one_sided(one.path, one.name, one.span, side)


def _about_renaming(pairs: Sequence[ComparedPair], rules: WireRules) -> Iterator[Diagnostic]:
    """Renamings whose old or new role no compared protocol has."""
    if not pairs:
        return
    before_names = {name for pair in pairs for name in role_names(pair.old)}
    after_names = {name for pair in pairs for name in role_names(pair.new)}
    for before, after in rules.renamed:
        missing = [before] if before not in before_names else []
        missing += [after] if after not in after_names else []
        if missing:
            path = pairs[0].new.path
            yield say.unknown_renaming(path, before, after, missing)
