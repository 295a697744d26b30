"""Linear use of receipts: each one that `let x = transfer ...` binds is consumed exactly once.

The check follows the paths of a body with real scoping (see `mentions` for what a use is). The
alternatives of `choice`, `case` and `timeout` must agree on the receipts from outside, a loop must
leave them alone, and so must every round of a `rec`: the statements after it may consume them. One
of several parallel branches may consume a receipt. A use that is sound here but rejected by
Telltale, which counts uses over all alternatives and by letters, is a warning. Statements that are
never reached have no uses. The bodies of operations are opaque, as they are for Telltale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tellverify.diagnostics import receipts as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.receipt_pattern import (
    REASONS,
    PatternAlternative,
    ReceiptPattern,
    alternatives_of,
)
from tellverify.language.checks.receipt_uses import Mention, consumed
from tellverify.language.checks.receipts_upstream import Counting
from tellverify.language.checks.walk import Walk, drive, preorder, span_between, statement_text
from tellverify.language.syntax import ast
from tellverify.source.span import Span


class Round(NamedTuple):
    """A `rec` around a statement: its place, blocks around it, and uses before it."""

    head: Span
    depth: int
    mark: int


class ReceiptCheck:
    """All findings about the receipts of one protocol and its local protocols."""

    def __init__(self, where: Where, protocol: ast.Protocol, source: str) -> None:
        self.where = where
        self.found: list[Diagnostic] = []
        self._protocol = protocol
        self._source = source
        self._reset((), None)

    def _reset(self, body: ast.Block, counting: Counting | None) -> None:
        self._body = body
        self._counting = counting
        self._scope: dict[str, ReceiptPattern | None] = {}
        self._blocks: list[dict[ReceiptPattern, None]] = []
        self._uses: list[ReceiptPattern] = []  # consumed on this path, bound in an outer block
        self._loops: list[tuple[Span, str]] = []
        self._rounds: dict[str, list[Round]] = {}
        self._all: list[ReceiptPattern] = []
        self._falls = True

    def check(self) -> list[Diagnostic]:
        """The findings, in no particular order."""
        for body in (self._protocol.body, *(local.body for local in self._protocol.locals)):
            if not _has_receipt(body):
                continue
            self._reset(body, Counting(body))
            drive(self._block(body))
            self._judge_upstream()
        return self.found

    # Paths

    def _block(
        self, block: ast.Block, hidden: Sequence[ast.Name] = (), bound: ast.Let | None = None
    ) -> Walk:
        """Follow a block; `hidden` are names it binds to something else, `bound` its receipt."""
        saved: list[tuple[str, ReceiptPattern | None]] = []
        mark = len(self._uses)
        self._blocks.append({})
        self._falls = True
        for name in hidden:
            saved.append((name.text, self._scope.get(name.text)))
            self._scope[name.text] = None
        if bound is not None:
            saved.append((bound.name.text, self._scope.get(bound.name.text)))
            self._bind(bound)
        yield self._statements(block, saved)
        if self._falls:
            for receipt in self._blocks[-1]:
                self._drop(receipt, None, "")
        self._blocks.pop()
        depth = len(self._blocks)
        self._uses[mark:] = [each for each in self._uses[mark:] if each.depth <= depth]
        for name_text, receipt_before in reversed(saved):
            self._scope[name_text] = receipt_before

    def _statements(self, block: ast.Block, saved: list[tuple[str, ReceiptPattern | None]]) -> Walk:
        for statement in block:
            if not isinstance(statement, ast.Send) or statement.message.bracket:
                for mention in consumed(statement, self._source):
                    self._use(mention)
            if isinstance(statement, ast.Send):
                continue
            if isinstance(statement, ast.Let) and statement.body is None:
                saved.append((statement.name.text, self._scope.get(statement.name.text)))
                self._rebound(statement)
                self._bind(statement)
                continue
            inner = self._statement(statement)
            if inner is not None:
                yield inner
            if not self._falls:
                break

    def _statement(self, statement: ast.Statement) -> Walk | None:
        match statement:
            case ast.Choice() | ast.Case() | ast.Timeout():
                return self._alternatives(statement)
            case ast.Par():
                return self._par(statement)
            case ast.Loop():
                return self._loop(statement)
            case ast.Rec():
                return self._rec(statement)
            case ast.Continue():
                self._continue(statement)
            case ast.Let(body=body) if body is not None:
                self._rebound(statement)
                return self._block(body, bound=statement)
            case ast.Publish(argument=argument) if argument is not None:
                self._show(argument.parts[0], argument.span)
            case ast.PublishAs(witness):
                self._show(witness.text, witness.span)
            case ast.Send() | ast.Broadcast() | ast.Call() | ast.Let() | ast.Begin() | ast.Await():
                pass
            case ast.Resolve() | ast.Invalidate() | ast.Publish() | ast.Materialize():
                pass
            case ast.Handoff() | ast.DependentWork():
                pass
        return None

    def _alternatives(self, statement: ast.Choice | ast.Case | ast.Timeout) -> Walk:
        found: list[PatternAlternative] = []
        for place, text, block, hidden in alternatives_of(statement):
            mark = len(self._uses)
            yield self._block(block, hidden)
            found.append(PatternAlternative(place, text, self._undo(mark), self._falls))
        ending = [each for each in found if each.falls]
        self._falls = bool(ending) or not found
        for alternative in ending:
            for receipt, use in alternative.uses.items():
                if receipt.reported or receipt.use is not None:
                    continue
                without = next((each for each in ending if receipt not in each.uses), None)
                if without is None:
                    self._consume(receipt, use, "alternatives" if len(found) > 1 else "")
                    continue
                receipt.reported = True
                upstream = self._upstream(receipt)
                self.found.append(
                    say.receipt_diverges(
                        self.where,
                        receipt.name,
                        (without.place, without.text),
                        (use, alternative.text),
                        receipt.let.name.span,
                        upstream,
                    )
                )

    def _par(self, par: ast.Par) -> Walk:
        together: dict[ReceiptPattern, Span] = {}
        falls = True
        for block in par.branches:
            mark = len(self._uses)
            yield self._block(block)
            falls = falls and self._falls
            for receipt, use in self._undo(mark).items():
                if receipt in together:
                    self._twice(receipt, use, together[receipt])
                together.setdefault(receipt, use)
        self._falls = falls
        for receipt, use in together.items():
            if not receipt.reported:
                self._consume(receipt, use, "par")

    def _loop(self, loop: ast.Loop) -> Walk:
        self._loops.append((loop.head, statement_text(loop)))
        yield self._block(loop.body)
        self._loops.pop()
        match loop.kind:
            case ast.Forever():
                self._falls = False
            case ast.Repeat(count=int(count)) if count > 0:
                pass
            case ast.Decide() | ast.Repeat() | ast.While():
                self._falls = True

    def _rec(self, rec: ast.Rec) -> Walk:
        rounds = self._rounds.setdefault(rec.name.text, [])
        mark = len(self._uses)
        head = span_between(rec.span, rec.name.span)
        rounds.append(Round(head, len(self._blocks), mark))
        yield self._block(rec.body)
        rounds.pop()
        if self._falls:
            for receipt, use in self._undo(mark).items():
                if not receipt.reported:
                    self._consume(receipt, use, "rec")

    def _continue(self, statement: ast.Continue) -> None:
        self._falls = False
        rounds = self._rounds.get(statement.name.text)
        if not rounds:
            return
        head, depth, mark = rounds[-1]
        for receipt in self._uses[mark:]:
            if receipt.depth <= depth and not receipt.reported and receipt.use is not None:
                self._repeated(receipt, receipt.use, head, f"rec {statement.name.text}")
        for block in self._blocks[depth:]:
            for receipt in block:
                self._drop(receipt, statement.span, f"continue {statement.name.text}")

    # Receipts

    def _rebound(self, let: ast.Let) -> None:
        before = self._scope.get(let.name.text)
        if before is not None and before.use is None and not before.reported:
            before.reported = True
            self.found.append(
                say.receipt_rebound(self.where, before.name, let.name.span, before.let.name.span)
            )

    def _bind(self, let: ast.Let) -> None:
        receipt: ReceiptPattern | None = None
        if isinstance(let.value, ast.Transfer):
            receipt = ReceiptPattern(let, len(self._blocks), len(self._loops))
            self._blocks[-1][receipt] = None
            self._all.append(receipt)
        self._scope[let.name.text] = receipt

    def _use(self, mention: Mention) -> None:
        receipt = self._scope.get(mention.name)
        if receipt is None or receipt.reported:
            return
        if receipt.use is not None:
            self._twice(receipt, mention.span, receipt.use)
        elif receipt.loops < len(self._loops):
            head, text = self._loops[receipt.loops]
            self._repeated(receipt, mention.span, head, text)
        else:
            self._consume(receipt, mention.span, "" if mention.counted else "operation")

    def _consume(self, receipt: ReceiptPattern, use: Span, why: str) -> None:
        receipt.use = use
        receipt.why = receipt.why or why
        if receipt.depth == len(self._blocks):
            self._blocks[-1].pop(receipt, None)
        else:
            self._uses.append(receipt)

    def _undo(self, mark: int) -> dict[ReceiptPattern, Span]:
        """The uses since `mark`, undone."""
        found: dict[ReceiptPattern, Span] = {}
        for receipt in self._uses[mark:]:
            if receipt.use is not None:
                found[receipt] = receipt.use
            receipt.use = None
        del self._uses[mark:]
        return found

    def _show(self, name: str, span: Span) -> None:
        receipt = self._scope.get(name)
        if receipt is not None:
            receipt.shown.append(span)

    # Findings

    def _twice(self, receipt: ReceiptPattern, span: Span, first: Span) -> None:
        if not receipt.reported:
            receipt.reported = True
            upstream = self._upstream(receipt)
            bound = receipt.let.name.span
            self.found.append(
                say.receipt_twice(self.where, receipt.name, span, first, bound, upstream)
            )

    def _repeated(self, receipt: ReceiptPattern, use: Span, head: Span, text: str) -> None:
        receipt.reported = True
        self.found.append(
            say.receipt_in_loop(
                self.where,
                receipt.name,
                use,
                (head, text),
                receipt.let.name.span,
                self._upstream(receipt),
            )
        )

    def _drop(self, receipt: ReceiptPattern, end: Span | None, text: str) -> None:
        """A receipt is live where its block ends, or at `end`, where a round of a `rec` does."""
        if receipt.reported or receipt.use is not None:
            return
        receipt.reported = True
        upstream = self._upstream(receipt)
        bound = receipt.let.name.span
        if end is not None:
            self.found.append(
                say.receipt_left(self.where, receipt.name, (end, text), bound, upstream)
            )
            return
        mentions = [(span, "published, which does not consume it") for span in receipt.shown[:2]]
        if upstream == "accepts" and self._counting is not None:
            mentions.extend(
                (each.span, f"Telltale takes the letters `{receipt.name}` here for a use")
                for each in self._counting.occurrences(receipt.let, 2)
            )
        self.found.append(
            say.unconsumed_receipt(self.where, receipt.name, bound, mentions, upstream)
        )

    def _upstream(self, receipt: ReceiptPattern) -> str:
        if self._counting is not None and self._counting.accepts(receipt.let):
            return "accepts"
        return "rejects"

    def _judge_upstream(self) -> None:
        """Uses that are sound but rejected by Telltale."""
        counting = self._counting
        for receipt in self._all:
            use = receipt.use
            if receipt.reported or use is None or counting is None or counting.accepts(receipt.let):
                continue
            bound = receipt.let.name.span
            why = receipt.why or ("in" if receipt.let.body is not None else "")
            if not why:
                why = "again"
                places = [
                    (each.span, f"Telltale takes the letters `{receipt.name}` here for a use")
                    for each in counting.occurrences(receipt.let, 8)
                    if not each.whole
                ]
                if places:
                    self.found.append(say.receipt_name(self.where, receipt.name, bound, places[:4]))
                    continue
            reason, advice = REASONS[why]
            self.found.append(
                say.receipt_refused(self.where, receipt.name, use, bound, reason, advice)
            )


def _has_receipt(body: ast.Block) -> bool:
    return any(
        isinstance(each, ast.Let) and isinstance(each.value, ast.Transfer)
        for each in preorder(body)
    )
