"""Findings about two versions of a protocol: mixtures that fail, orders of roll-out, and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.diagnostics.model import (
    Annotation,
    Code,
    Diagnostic,
    Kind,
    Severity,
    Where,
    finding,
)
from tellverify.diagnostics.wording import series
from tellverify.source.span import Span

FAILING_MIXTURE: Final = Code(
    "TV560",
    "failing-mixture",
    "old and new roles fail together",
    Kind.OBLIGATION,
    help="upgrade the roles in the order that the comparison names",
)
NO_SAFE_ORDER: Final = Code(
    "TV561",
    "no-safe-order",
    "no order of roll-out is safe",
    Kind.OBLIGATION,
    help="release a version in between, or let old sessions end before the first upgrade",
)
BAD_VERSION: Final = Code(
    "TV562",
    "bad-version",
    "a version that is faulty on its own",
    Kind.OBLIGATION,
    help="check that version on its own, and fix it first",
)
ONE_SIDED_PROTOCOL: Final = Code(
    "TV563",
    "one-sided-protocol",
    "a protocol that only one side has",
    severity=Severity.NOTE,
    help="name the two files, so that their protocols are a pair whatever their names",
)
AMBIGUOUS_VERSION: Final = Code(
    "TV564",
    "ambiguous-version",
    "a name that several protocols of one side have",
    help="compare the two files that are meant",
)
NOT_COMPARED: Final = Code(
    "TV565",
    "not-compared",
    "two versions that cannot be compared",
    Kind.LIMIT,
    severity=Severity.WARNING,
)
UNKNOWN_RENAMING: Final = Code(
    "TV566",
    "unknown-renaming",
    "a renaming of roles that applies to nothing",
    severity=Severity.WARNING,
    help='write `renamed = ["OldRole = NewRole"]` with roles of the old and the new version',
)
UPSTREAM_GATE: Final = Code(
    "TV567",
    "upstream-gate",
    "Telltale's compatibility gate gives a different answer",
    severity=Severity.NOTE,
    help="",
)
BEFORE_ROLLOUT: Final = Code(
    "TV568",
    "before-rollout",
    "something to be done before roll-out",
    severity=Severity.NOTE,
)
WORSE_BUDGET: Final = Code(
    "TV569",
    "worse-budget",
    "a new version whose worst case is over its budget",
    Kind.OBLIGATION,
    help="raise the budget, or lower the costs",
)
NO_REFINEMENT: Final = Code(
    "TV570",
    "no-refinement",
    "a machine that was not found to refine its role",
    Kind.LIMIT,
    severity=Severity.WARNING,
    help="compare the machine with `tellverify project --format machine`",
)

REFUSED_CHANGE: Final = Code(
    "TV571",
    "refused-change",
    "a change that can be rolled out safely, and that `fail-on` does not accept",
    help="`--fail-on major` accepts every change that has a safe order",
)


def failing_mixture(
    where: Where,
    words: str,
    fault: str,
    reason: str,
    at: Annotation,
    refutes: str,
    *,
    order: str,
    is_required: bool,
) -> Diagnostic:
    """A mixture that a run refutes; `order` says how it is avoided, empty if it cannot be."""
    helps = (order,) if order else ()
    severity = Severity.ERROR if is_required else Severity.WARNING
    return finding(
        FAILING_MIXTURE,
        where,
        f"with {words}: {fault}, {reason}",
        at,
        helps=helps,
        severity=severity,
        refutes=refutes,
    )


def no_safe_order(where: Where, at: Span, instead: str, refutes: str) -> Diagnostic:
    """No order is safe; `instead` is what helps, such as a release in between, or empty."""
    helps = (instead,) if instead else None
    return finding(
        NO_SAFE_ORDER,
        where,
        "no order in which the roles are upgraded one by one is safe",
        (at, "in no order"),
        helps=helps,
        refutes=refutes,
    )


def bad_version(
    where: Where, at: Span, reason: str, refutes: str, there: Annotation, *, is_repair: bool
) -> Diagnostic:
    """One of the versions is faulty on its own, so no mixture can be safe.

    `there` is its place, in another file than `where` if it is the old one, and `is_repair` says
    that the new one is not faulty.
    """
    if there.path == where.path:
        return finding(BAD_VERSION, where, reason, (at, there.text), refutes=refutes)
    help_ = f"the fault is in `{there.path}`: check that version on its own, and fix it first"
    if is_repair:
        help_ = (
            f"no order of roll-out makes `{there.path}` safe: let its sessions end, then replace"
            " all roles at once; the next change can be compared with this version"
        )
    marks = (at, "the new version, which is good" if is_repair else "the new version")
    return finding(
        BAD_VERSION, where, reason, marks, others=(there,), helps=(help_,), refutes=refutes
    )


def one_sided(path: str, name: str, at: Span, side: str) -> Diagnostic:
    """A protocol that is `added` or `removed`."""
    what = "only the new side has it" if side == "added" else "only the old side has it"
    return finding(ONE_SIDED_PROTOCOL, Where(path, name), f"`{name}` is {side}: {what}", (at, what))


def ambiguous(path: str, name: str, at: Span) -> Diagnostic:
    """Several protocols of one side share a name, and none of them has a partner."""
    return finding(
        AMBIGUOUS_VERSION,
        Where(path, name),
        f"several protocols are called `{name}`, so it is not known which one corresponds to which",
        (at, "one of them"),
    )


def not_compared(where: Where, at: Span, reason: str) -> Diagnostic:
    """Nothing can be decided about the mixtures."""
    return finding(NOT_COMPARED, where, f"the versions cannot be compared: {reason}", (at, ""))


def not_decided(where: Where, at: Span, reason: str, order: str) -> Diagnostic:
    """Not all mixtures are decided; `order` says what holds as far as was searched."""
    return finding(NOT_COMPARED, where, reason, (at, ""), helps=(order,))


def refused_change(where: Where, at: Span, verdict: str, setting: str, summary: str) -> Diagnostic:
    """A change with a safe order is refused by the setting `fail-on`."""
    return finding(
        REFUSED_CHANGE,
        where,
        f"the change is {verdict}, and `fail-on` is `{setting}`: {summary}",
        (at, ""),
    )


def unknown_renaming(path: str, old: str, new: str, missing: Sequence[str]) -> Diagnostic:
    """A renaming of the configuration names roles that no compared protocol has."""
    names = series([f"`{name}`" for name in missing])
    return finding(
        UNKNOWN_RENAMING, path, f"`{old} = {new}`: no compared protocol has a role {names}"
    )


def upstream_gate(where: Where, at: Span, words: str) -> Diagnostic:
    """Telltale's own gate gives a different answer, and the reason."""
    return finding(UPSTREAM_GATE, where, words, (at, ""))


def before_rollout(
    where: Where, at: Span, words: str, action: str, *, is_fault: bool = False
) -> Diagnostic:
    """An annotation or fact schema has changed, and a step is needed before roll-out."""
    severity = Severity.ERROR if is_fault else None
    helps = (action,) if action else ()
    return finding(BEFORE_ROLLOUT, where, words, (at, ""), helps=helps, severity=severity)


def worse_budget(where: Where, at: Span, words: str, refutes: str) -> Diagnostic:
    """The new worst case of a role is over its budget."""
    return finding(WORSE_BUDGET, where, words, (at, ""), refutes=refutes)
