"""Findings and outcomes after levels, `allow` and `assume` comments have been taken into account.

Nothing disappears: what does not count is kept as a suppression, and an obligation that is taken on
someone's word is *assumed*, never proved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

import msgspec

from tellverify.diagnostics import directives as say
from tellverify.diagnostics import shape
from tellverify.diagnostics.model import Code, Diagnostic, Kind, Severity
from tellverify.language.linking.modules import CheckedFile
from tellverify.language.syntax import ast
from tellverify.language.syntax.directives import FORMS, NONE, Directive, Directives, directives
from tellverify.obligations.options import Level, Options
from tellverify.source.span import Span
from tellverify.source.text import SourceFile
from tellverify.verdict.identity import slashed
from tellverify.verdict.outcome import Assumed, Bounded, Proved, Refuted, status
from tellverify.verdict.run import Assumption, Suppression, Verdict
from tellverify.verification.assumed_obligations import of_role, single, speaks_of, wrong_assume
from tellverify.verification.levels import (
    IGNORE,
    has_meaning,
    is_adjustable,
    is_band,
    level_of,
    selected,
)

_SHAPE: Final = frozenset(one for one in vars(shape).values() if isinstance(one, Code))
_NONE: Final[frozenset[Code]] = frozenset()


class _Item(msgspec.Struct):
    """One code of an `allow`, or one obligation of an `assume`, and whether it had an effect."""

    directive: Directive
    text: str
    used: bool = False
    why: str = ""


class Settlement:
    """The comments and levels that hold for one choreography, and what they did."""

    def __init__(self, file: ast.File, source: SourceFile, options: Options) -> None:
        self._source = source
        self._options = options
        read = directives(file, source)
        self._reads = read is not NONE
        self._said: list[Diagnostic] = list(read.diagnostics)
        self._allows: list[_Item] = []
        self._assumes: list[_Item] = []
        self.suppressions: list[Suppression] = []
        self.assumptions: list[Assumption] = []
        self.day = ""  # the day that was held for today, if that mattered
        self._take(read)

    # Reading

    def _take(self, read: Directives) -> None:
        for directive in read.found:
            if directive.kind not in ("allow", "assume"):
                continue
            path, span = self._source.path, directive.span
            if not directive.text:
                form = FORMS[directive.kind].pattern
                self._said.append(say.missing_reason(path, span, directive.kind, form))
                continue
            if not self._is_reviewed(directive):
                self._said.append(say.unreviewed_comment(path, span, directive.kind))
                continue
            items = self._allows if directive.kind == "allow" else self._assumes
            wrong = _wrong_allow if directive.kind == "allow" else wrong_assume
            for text in directive.items or ("",):
                reason, instead = wrong(text)
                if reason:
                    at = directive.argument_span
                    self._said.append(say.not_allowable(path, at, text, reason, instead))
                else:
                    items.append(_Item(directive, text))

    def _is_reviewed(self, directive: Directive) -> bool:
        reviewed = self._options.reviewed
        return reviewed is None or comment_key(directive, self._source) in reviewed

    def _has_expired(self, directive: Directive) -> bool:
        if not directive.until:
            return False
        self.day = today(self._options.today)
        return directive.until < self.day

    def _place(self, directive: Directive) -> str:
        return f"{self._source.path}:{directive.line}".replace("\\", "/")

    # Findings

    def findings(self, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """`found` without allowed findings, the others with the level that was chosen for them."""
        if not self._options.levels and not self._allows:
            return list(found)
        kept = []
        for diagnostic in found:
            left = self._levelled(diagnostic)
            if left is not None and not self._is_allowed(left):
                kept.append(left)
        return kept

    def _levelled(self, diagnostic: Diagnostic) -> Diagnostic | None:
        level = level_of(diagnostic.code, self._options.levels)
        if level is None or diagnostic.code.kind is not Kind.LINT or diagnostic.refutes:
            return diagnostic
        if level.level == IGNORE:
            if not is_adjustable(diagnostic):
                return diagnostic
            reason = f"`{level.selector}` has the level `{IGNORE}`"
            self._suppress("configuration", diagnostic, reason, level.place)
            return None
        severity = Severity(level.level)
        if severity is not Severity.ERROR and not is_adjustable(diagnostic):
            return diagnostic
        return msgspec.structs.replace(diagnostic, severity=severity)

    def _suppress(self, kind: str, diagnostic: Diagnostic, reason: str, place: str) -> None:
        found = Suppression(kind, diagnostic, reason, place)
        if found not in self.suppressions:
            self.suppressions.append(found)

    def _is_allowed(self, diagnostic: Diagnostic) -> bool:
        if not self._allows or not is_adjustable(diagnostic):
            return False
        for item in self._allows:
            codes = selected(item.text)
            if diagnostic.code in codes and self._covers(item.directive, diagnostic):
                directive = item.directive
                item.used = True
                self._suppress("comment", diagnostic, directive.text, self._place(directive))
                return True
        return False

    def _covers(self, directive: Directive, diagnostic: Diagnostic) -> bool:
        if (diagnostic.primary.path or diagnostic.path) != self._source.path:
            return False
        covers, at = directive.covers, diagnostic.primary.span
        return directive.covers_file or covers.start <= at.start < covers.end

    # Outcomes

    def verdicts(
        self,
        protocol: str,
        span: Span,
        verdicts: Sequence[Verdict],
        found: Sequence[Diagnostic],
    ) -> tuple[tuple[Verdict, ...], list[Diagnostic]]:
        """The verdicts with assumptions, and the findings without those about them."""
        if not self._assumes:
            return tuple(verdicts), list(found)
        settled = []
        assumed: dict[str, Assumed] = {}
        for verdict in (part for one in verdicts for part in self._parts(one, span)):
            outcome = self._assumption(protocol, span, verdict)
            if outcome is not None:
                assumed[verdict.name] = outcome
                verdict = msgspec.structs.replace(verdict, outcome=outcome)
            settled.append(verdict)
        kept = []
        for diagnostic in found:
            told = assumed.get(diagnostic.refutes)
            if told is None or diagnostic.protocol != protocol:
                kept.append(diagnostic)
            else:
                self._suppress("comment", diagnostic, told.reason, told.place)
        return tuple(settled), kept

    def _parts(self, verdict: Verdict, protocol: Span) -> list[Verdict]:
        """A verdict on several roles as one on those that are assumed and one on the others."""
        roles = verdict.scope.roles
        if len(roles) < 2 or isinstance(verdict.outcome, Refuted) or self._suffices(verdict):
            return [verdict]
        parts = [of_role(verdict, role) for role in roles]
        named = [
            role
            for role, part in zip(roles, parts, strict=True)
            if any(
                speaks_of(item.text, part) and item.directive.reaches(protocol)
                for item in self._assumes
            )
        ]
        if len(named) in (0, len(roles)):
            return [verdict]
        others = tuple(role for role in roles if role not in named)
        return [of_role(verdict, *named), of_role(verdict, *others)]

    def _assumption(self, protocol: str, span: Span, verdict: Verdict) -> Assumed | None:
        """The assumption about an obligation, if it is needed and in force."""
        for item in self._assumes:
            directive = item.directive
            if not directive.reaches(span):
                continue
            if self._suffices(verdict):
                if any(speaks_of(item.text, part) for part in single(verdict)):
                    item.why = item.why or f"`{verdict.name}` is {status(verdict.outcome)}"
                continue
            if not speaks_of(item.text, verdict):
                continue
            expired = self._has_expired(directive)
            place = self._place(directive)
            entry = Assumption(
                "",
                slashed(self._source.path),
                protocol,
                verdict.name,
                directive.text,
                place,
                until=directive.until,
                in_force=not expired,
            )
            if entry not in self.assumptions:
                self.assumptions.append(entry)
            item.used = True
            if not expired:
                return Assumed(directive.text, place)
        return None

    def _suffices(self, verdict: Verdict) -> bool:
        outcome = verdict.outcome
        if isinstance(outcome, Bounded):
            return self._options.strength(verdict.property) != "proved"
        return isinstance(outcome, Proved)

    # Errors in the comments

    def complaints(self, *, is_whole: bool) -> list[Diagnostic]:
        """Findings about the comments; `is_whole` when all obligations were decided."""
        if not self._reads:
            return []
        path = self._source.path
        for item in self._assumes:
            directive = item.directive
            if item.used and self._has_expired(directive):
                found = say.expired(path, directive.span, "assume", directive.until, self.day)
                self._said.append(found)
        if is_whole:
            for item in (*self._allows, *self._assumes):
                if not item.used and not _shapes(item):
                    self._said.append(self._nothing(item))
        self._allows = []  # a comment cannot allow errors in comments
        return self.findings(dict.fromkeys(self._said))

    def complaints_of_shape(self, skipped: frozenset[Code]) -> list[Diagnostic]:
        """Findings about comments that allow what `lint` alone could find, and did not find.

        A comment that allows a code of the rules `skipped` is not judged.
        """
        said = [
            self._nothing(item)
            for item in self._allows
            if not item.used and (codes := _shapes(item)) and skipped.isdisjoint(codes)
        ]
        self._allows = []
        return self.findings(dict.fromkeys(said))

    def _nothing(self, item: _Item) -> Diagnostic:
        directive = item.directive
        kind = directive.kind
        why = item.why
        if not why and kind == "allow":
            why = "there is no such finding where it counts"
        elif not why:
            why = "there is no such obligation where it counts"
        return say.covers_nothing(self._source.path, directive.argument_span, kind, item.text, why)


class Allowances:
    """What levels and `allow` comments leave of findings that no check has, and what they hide."""

    def __init__(self, levels: Sequence[Level] = ()) -> None:
        self._options = Options(levels=tuple(levels))
        self._settled: dict[int, tuple[CheckedFile, Settlement]] = {}  # by identity

    @property
    def suppressions(self) -> list[Suppression]:
        """What was hidden."""
        return [found for _, one in self._settled.values() for found in one.suppressions]

    def kept(self, part: CheckedFile, found: Iterable[Diagnostic]) -> list[Diagnostic]:
        """`found`, which is about a choreography, as levels and comments leave it."""
        return self._settlement(part).findings(found)

    def complaints(self, part: CheckedFile, skipped: frozenset[Code]) -> list[Diagnostic]:
        """Findings about comments of `part` that covered nothing, once all its findings are known.

        The rules `skipped` were not asked.
        """
        return self._settlement(part).complaints_of_shape(skipped)

    def _settlement(self, part: CheckedFile) -> Settlement:
        if id(part) not in self._settled:
            settlement = Settlement(part.file, part.source, self._options)
            self._settled[id(part)] = (part, settlement)
        return self._settled[id(part)][1]


def _shapes(item: _Item) -> frozenset[Code]:
    """The codes of an `allow` that only `lint` finds."""
    return _SHAPE.intersection(selected(item.text)) if item.directive.kind == "allow" else _NONE


def comment_key(directive: Directive, source: SourceFile) -> str:
    """What makes a comment the same in two revisions of a file: its words and what it covers.

    Of a statement, branch or declaration the first line counts, wherever in the file it is.
    """
    covered = source.slice(directive.covers).strip().splitlines()
    parts = (
        slashed(source.path),
        directive.kind,
        " ".join(directive.argument.split()),
        directive.text,
        directive.until,
        "file" if directive.covers_file else " ".join(covered[0].split() if covered else ()),
    )
    return sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _wrong_allow(text: str) -> tuple[str, str]:
    """Why an item of an `allow` cannot be allowed, and what to do instead; else empty."""
    codes = selected(text)
    if not codes:
        return "is no code, name or band", "`tellverify explain --list` shows all codes"
    if is_band(text) and any(code.kind is Kind.LINT for code in codes):
        return "", ""
    code = codes[0]
    if code.kind is Kind.OBLIGATION:
        return (
            "reports an obligation, which no comment can suppress",
            "write `assume` with the obligation and a reason",
        )
    if code.kind is not Kind.LINT:
        return "reports a limit", "see `require` in the configuration"
    if code.severity is Severity.ERROR and not has_meaning(code):
        return "leaves the text without a meaning", "mend the text"
    return "", ""


def today(given: str = "") -> str:
    """The day as `YYYY-MM-DD`: `given`, else that of `SOURCE_DATE_EPOCH`, else that of the clock.

    Days are those of Greenwich, so that machines in all places agree.
    """
    if given:
        return given
    import time

    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    seconds = int(epoch) if epoch.isascii() and epoch.isdigit() and len(epoch) < 12 else None
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
