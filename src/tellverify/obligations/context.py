"""Obligations beyond those that every protocol graph has: guards, properties, budgets, packs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from tellverify.diagnostics.model import Diagnostic
from tellverify.language.linking.modules import Judged
from tellverify.language.lowering.lower import Lowered
from tellverify.language.syntax import ast
from tellverify.obligations.guarded import check_guards
from tellverify.obligations.options import Options
from tellverify.obligations.user_properties import decide_properties, decide_witnesses
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Coverage, Verdict


class Sized(msgspec.Struct, frozen=True):
    """A protocol lowered at given family sizes; `name` is empty when it has no families."""

    name: str
    sizes: Mapping[str, int]
    lowered: Lowered


class Further(msgspec.Struct, frozen=True):
    """What such an obligation may look at: a protocol without errors, at all sizes tried.

    `sha256` is that of the file; evidence names it. Only with `Options.keep_graphs` is evidence
    wanted.
    """

    judged: Judged
    protocol: ast.Protocol
    name: str
    sized: tuple[Sized, ...]
    options: Options
    sha256: str


class Decided(msgspec.Struct, frozen=True):
    """Verdicts and findings; all empty where there is nothing to decide.

    `files` is evidence to be written: what each belongs to, its name below the folder of the
    protocol, and its text.
    """

    verdicts: tuple[Verdict, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[tuple[str, str, str], ...] = ()
    coverage: Coverage | None = None


def _guards(further: Further) -> Decided:
    kept = further.sha256 if further.options.keep_graphs else ""
    source, work = further.judged.source, further.options.rlimit
    report = check_guards(further.protocol, source, further.name, kept, work)
    return Decided(report.verdicts, report.diagnostics, report.files)


def _annotated(further: Further) -> Decided:
    from tellverify.obligations.annotated import decide_annotated

    return decide_annotated(further)


def _admission(further: Further) -> Decided:
    if further.options.policy is None:
        return Decided()
    from tellverify.obligations.admission import decide_admission

    return decide_admission(further)


def _acceptance(further: Further) -> Decided:
    if further.options.policy is None:
        return Decided()
    from tellverify.obligations.accepted import decide_acceptance

    return decide_acceptance(further)


def _branches(further: Further) -> Decided:
    """Branches that no run takes; they refute nothing, and are told unless something is asked."""
    source = further.judged.source
    if not any(word in source.text for word in ("choice", "case", "decide")):
        return Decided()
    from tellverify.obligations.coverage import never_taken

    said = [*further.judged.said, *(d for one in further.sized for d in one.lowered.diagnostics)]
    found = never_taken(further.protocol, further.name, source, further.sized, said)
    return Decided((), tuple(found))


_DECIDERS: Final[tuple[tuple[tuple[Property, ...], Callable[[Further], Decided]], ...]] = (
    ((Property.GUARDS,), _guards),
    (
        (
            Property.GUARD_CHAIN,
            Property.BUDGET,
            Property.LEAKAGE,
            Property.RECEIPTS,
            Property.BUDGET_MERGE,
            Property.CEREMONY,
            Property.CEREMONY_STATUS,
        ),
        _annotated,
    ),
    ((Property.ADMISSION,), _admission),
    ((Property.ACCEPTANCE,), _acceptance),
    ((Property.PROPERTY,), decide_properties),
    ((Property.REACHABLE,), decide_witnesses),
    ((), _branches),
)


def decide_further(further: Further) -> Decided:
    """Decide all such obligations of one protocol, in the order of the table.

    Only those that decide a property that was asked for are run.
    """
    asked = set(further.options.properties)
    verdicts: list[Verdict] = []
    diagnostics: list[Diagnostic] = []
    files: list[tuple[str, str, str]] = []
    for properties, decide in _DECIDERS:
        if asked and not asked & {p.value for p in properties}:
            continue
        decided = decide(further)
        verdicts.extend(decided.verdicts)
        diagnostics.extend(decided.diagnostics)
        files.extend(decided.files)
    coverage = None
    if further.options.coverage:
        from tellverify.obligations.coverage import coverage_of

        coverage = coverage_of(further.protocol, further.judged.source, further.sized)
    return Decided(tuple(verdicts), tuple(diagnostics), tuple(files), coverage)
