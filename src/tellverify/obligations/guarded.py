"""Which protocols have guards to judge; only these need a solver."""

from __future__ import annotations

import msgspec

from tellverify.diagnostics.limits import STEP_LIMIT
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.checks.walk import preorder
from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile
from tellverify.verdict.outcome import Unknown
from tellverify.verdict.properties import STATEMENTS, Property
from tellverify.verdict.run import Subject, Verdict


class GuardReport(msgspec.Struct, frozen=True):
    """The verdicts on `guards` and the findings; all empty for a protocol without predicates.

    `files` are the queries as SMT-LIB scripts, as `Decided` has them.
    """

    verdicts: tuple[Verdict, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    files: tuple[tuple[str, str, str], ...] = ()


def check_guards(
    protocol: ast.Protocol, source: SourceFile, name: str, sha256: str = "", work: int = 2_000_000
) -> GuardReport:
    """Judge the predicates that guard branches; without a solver the verdict is unknown.

    With the SHA-256 of the file, queries are kept as evidence. No query takes more than `work`.
    """
    choices = guarded_choices(protocol, source)
    if not choices:
        return GuardReport()
    try:
        from tellverify.obligations.guards import judge_choices
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        place = source.position(protocol.name.span.start)
        outcome = Unknown("the solver z3 is not installed", STEP_LIMIT.number)
        required = STATEMENTS[Property.GUARDS].required
        verdict = Verdict(Property.GUARDS, Subject(name), outcome, required, *place)
        return GuardReport((verdict,))
    return judge_choices(choices, protocol, source, name, sha256, work)


def guarded_choices(protocol: ast.Protocol, source: SourceFile) -> list[ast.Choice]:
    """The choices of a protocol and its local protocols that have a predicate for a guard.

    Each place of the text counts once, also where calls were replaced by what they call.
    """
    if "when" not in source.text:
        return []
    found = {
        statement.span: statement
        for body in (protocol.body, *(local.body for local in protocol.locals))
        for statement in preorder(body)
        if isinstance(statement, ast.Choice)
        and any(isinstance(branch.guard, ast.WhenPredicate) for branch in statement.branches)
    }
    return [found[span] for span in sorted(found)]
