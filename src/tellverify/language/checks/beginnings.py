"""How the branches of choices and the arms of cases begin: by whom, and toward whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tellverify.diagnostics import flow as say
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.checks.walk import (
    head_place,
    leading_send,
    role_text,
    same_role,
    statement_text,
)
from tellverify.language.lowering.first_and_last import Summaries, Summary
from tellverify.language.syntax import ast


class Beginnings:
    """Findings about the first messages of alternatives, in a protocol with certain `roles`."""

    def __init__(self, where: Where, summaries: Summaries, roles: Collection[str]) -> None:
        self._where = where
        self._summaries = summaries
        self._roles = roles

    def receivers(self, choice: ast.Choice) -> Iterator[Diagnostic]:
        """Whether all branches begin toward one role; branches that do not begin by a send pass."""
        first: ast.RoleRef | None = None
        for branch in choice.branches:
            send = leading_send(branch.body)
            if send is None or not same_role(send.sender, choice.decider):
                continue
            if self._roles and send.receiver.name.text not in self._roles:
                continue  # that is a finding by itself
            if first is None:
                first = send.receiver
            elif not same_role(first, send.receiver):
                one = (first.span, role_text(first))
                other = (send.receiver.span, role_text(send.receiver))
                yield say.different_receivers(self._where, role_text(choice.decider), one, other)
                return

    def branch(
        self,
        decider: ast.RoleRef,
        branch: ast.Branch,
        start: ast.Statement | None,
        *,
        nested: bool,
        reported: bool,
    ) -> Iterator[Diagnostic]:
        """Every branch must begin with a send by the decider.

        `start` is what it begins with, which has a finding of its own when `reported`.
        """
        label, who = branch.label, role_text(decider)
        if not branch.body:
            yield say.empty_choice_branch(self._where, label.text, who, label.span)
            return
        if isinstance(start, ast.Send) and same_role(start.sender, decider):
            return
        upstream = "accepts" if nested else "rejects"
        summary = self._summaries.of_block(branch.body)
        if isinstance(start, ast.Choice) and same_role(start.decider, decider):
            text, span = statement_text(start), head_place(start)
            yield say.late_first_send(
                self._where, label.text, who, f"`{text}`", span, span, upstream
            )
            return  # the branches of that choice are judged by themselves
        stranger = next((s for s in summary.first if not same_role(s.sender, decider)), None)
        if stranger is not None and _may_be(stranger.sender, decider):
            return  # that no single member decides is found by its name
        decides = (decider.span, f"`{who}` decides")
        if stranger is not None:
            sender = role_text(stranger.sender)
            others = [(label.span, f"branch `{label.text}`"), decides]
            yield say.branch_not_by_decider(
                self._where, label.text, who, sender, stranger.sender.span, others, upstream
            )
        elif summary.first and not summary.silent:
            written = branch.body[0]
            span, send = head_place(written), head_place(summary.first[0])
            text = f"`{statement_text(written)}`"
            if isinstance(written, ast.Broadcast):
                text = "a broadcast"
            yield say.late_first_send(self._where, label.text, who, text, span, send, upstream)
        elif not reported:
            yield say.branch_not_by_decider(
                self._where, label.text, who, "", label.span, [decides], upstream
            )

    def arms(self, case: ast.Case, after: Summary) -> Iterator[Diagnostic]:
        """One role must begin all arms, or none may begin with a message."""
        parts = [(arm, self._summaries.of_block(arm.body)) for arm in case.arms]
        loud = [(arm.constructor, send) for arm, part in parts for send in part.first]
        if not loud:
            return
        constructor, first = loud[0]
        for other_constructor, send in loud[1:]:
            if not same_role(send.sender, first.sender):
                one = (first.sender.span, role_text(first.sender), constructor.text)
                other = (send.sender.span, role_text(send.sender), other_constructor.text)
                yield say.case_senders(self._where, one, other)
                return
        told = [same_role(send.sender, first.sender) for send in after.first]
        if told and all(told) and not after.silent:
            return  # a silent arm continues with a message of the same role
        for arm, part in parts:
            if part.silent and part.ends:
                yield say.silent_case(
                    self._where,
                    arm.constructor.text,
                    arm.constructor.span,
                    role_text(first.sender),
                    head_place(first),
                )
                return


def _may_be(sender: ast.RoleRef, decider: ast.RoleRef) -> bool:
    """Whether a decider that is no single member of a family may be the sender."""
    single = isinstance(decider.index, ast.ConstIndex)
    return sender.name.text == decider.name.text and not single
