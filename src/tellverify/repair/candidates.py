"""Edits that may mend a fault: whom to tell what, whom to wait for, which message to rename."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tellverify.language.checks.walk import role_text
from tellverify.language.lowering.families import declared_roles
from tellverify.language.syntax import ast
from tellverify.model.graph import ClassFault, ProtocolGraph
from tellverify.projection.exact import ImplementabilityCondition, Violation
from tellverify.projection.liveness import StuckRun
from tellverify.projection.merge_results import MergeFailure
from tellverify.projection.queues import QueueBound
from tellverify.repair.edits import (
    TURN,
    BlockPath,
    DecideLoop,
    Delete,
    Edit,
    Edits,
    Insert,
    OtherSender,
    Relabel,
    Reverse,
    Swap,
    channel_labels,
    fresh,
)
from tellverify.repair.judgement import Fault, RepairJudgement
from tellverify.repair.outline import (
    RepairAlternative,
    RepairDecision,
    acts_in,
    concerns,
    first_action,
    gaps_behind,
    is_one,
    outline,
)


class Candidates:
    """The edits of one protocol, each a set that is tried together.

    `every_kind` allows edits that change runs: a decided loop, a message less or turned round.
    """

    def __init__(self, protocol: ast.Protocol, path: str, *, every_kind: bool = False) -> None:
        self.outline = outline(protocol)
        self.path = path
        self.every_kind = every_kind
        self.sized = {
            one.name.text
            for one in declared_roles(protocol)
            if isinstance(one.size, ast.NameIndex | ast.AnyIndex)
        }
        self.plain = [
            ast.RoleRef(ast.Name(one.name.text))
            for one in declared_roles(protocol)
            if one.size is None
        ]
        self._told: dict[tuple[str, frozenset[DecideLoop]], list[list[Edit]]] = {}
        labels = channel_labels(protocol).written.values()
        self.labels = {label for some in labels for label in some}

    def for_faults(
        self, judgement: RepairJudgement, edits: Edits, *, first_only: bool, renames: bool = True
    ) -> list[Edits]:
        """The candidates for the faults of a judgement, or for its first fault, each once.

        `edits` are those that were judged: of a loop that they let a role decide, others are told.

        With `renames` also new names for all messages of a role at fault that are sent twice.
        """
        graph = judgement.graph
        if graph is None:
            return []
        decided = frozenset(edit for edit in edits if isinstance(edit, DecideLoop))
        faults = judgement.faults[:1] if first_only else judgement.faults
        found: dict[Edits, None] = {}
        for fault in faults:
            for more in self._of_fault(fault, graph, decided):
                found.setdefault(frozenset(more))
            if renames and isinstance(fault, Violation | StuckRun):
                for role in fault.roles if isinstance(fault, StuckRun) else (fault.role,):
                    for more in self._alike(role, graph):
                        found.setdefault(frozenset(more))
        return list(found)

    def _of_fault(
        self, fault: Fault, graph: ProtocolGraph, decided: frozenset[DecideLoop]
    ) -> Iterator[Iterable[Edit]]:
        match fault:
            case Violation(role=role, condition=condition):
                if condition is ImplementabilityCondition.RECEIVE_COHERENCE:
                    yield from self._turns(fault, graph)
                yield from self._tellings(graph.roles[role], decided)
                if condition is ImplementabilityCondition.RECEIVE_COHERENCE:
                    yield from self._relabels(fault, graph)
                if self.every_kind:
                    yield from self._others([fault.transition, *fault.onward[-1:]], graph)
            case StuckRun(roles=roles):
                for role in roles:
                    yield from self._tellings(graph.roles[role], decided)
            case MergeFailure(role=name):
                yield from self._tellings(name, decided)
            case QueueBound():
                yield from self._answers(fault, graph)
            case ClassFault():
                if self.every_kind:
                    yield from ([loop] for loop in self.outline.loops)

    # Telling

    def told_as(self, role: str) -> ast.RoleRef:
        """How a role of the graph is told: families of any size all at once."""
        name, _, rest = role.partition("[")
        if not rest:
            return ast.RoleRef(ast.Name(name))
        index = ast.AnyIndex() if name in self.sized else ast.ConstIndex(int(rest[:-1]))
        return ast.RoleRef(ast.Name(name), index)

    def _tellings(self, role: str, decided: frozenset[DecideLoop]) -> list[list[Edit]]:
        """What tells a role the choices that it acts in; the same for each of its faults."""
        key = role, decided
        if key not in self._told:
            self._told[key] = list(self._tellings_of(role, decided))
        return self._told[key]

    def _tellings_of(self, role: str, decided: frozenset[DecideLoop]) -> Iterator[list[Edit]]:
        told = self.told_as(role)
        loops = (one for loop in decided for one in self.outline.loops[loop])
        decisions = (*self.outline.decisions, *sorted(loops, key=lambda one: one.group))
        for decision in decisions:
            if concerns(decision.decider, role) or not self._acts(decision, role):
                continue
            together: dict[tuple[bool, bool], list[Edit]] = {}
            for alternative in decision.alternatives:
                first = alternative.receiver
                if first is not None and is_one(first) and concerns(first, role):
                    continue  # of several receivers only one gets the name of the branch
                for key, edit in self._told_in(decision, alternative, role, told):
                    together.setdefault(key, []).append(edit)
                    yield [edit]
            yield from (edits for edits in together.values() if len(edits) > 1)
            receivers = (one.receiver for one in decision.alternatives)
            tellers = {decision.decider: None}
            tellers.update(
                (r, None) for r in receivers if r and is_one(r) and not concerns(r, role)
            )
            for gap in gaps_behind(decision, self.outline, role):
                for teller in tellers:
                    yield [Insert(gap.block, gap.index, teller, told, TURN, decision.group)]

    def _acts(self, decision: RepairDecision, role: str) -> bool:
        return any(
            acts_in(statement, role)
            for alternative in decision.alternatives
            for statement in self.outline.blocks.get(alternative.block, ())
        )

    def _told_in(
        self, decision: RepairDecision, alternative: RepairAlternative, role: str, told: ast.RoleRef
    ) -> Iterator[tuple[tuple[bool, bool], Edit]]:
        """By the decider or by the first receiver; at once, or before the own first action."""
        tellers = [(False, decision.decider)]
        first = alternative.receiver
        if first is not None and is_one(first) and not concerns(first, role):
            tellers.append((True, first))
        gaps = [(False, alternative.after)]
        block = self.outline.blocks.get(alternative.block, ())
        own = first_action(block, role)
        after = alternative.after
        if own is not None and alternative.block == after.block and own > after.index:
            gaps.append((True, type(after)(after.block, own)))
        for by_receiver, teller in tellers:
            for late, gap in gaps:
                edit = Insert(gap.block, gap.index, teller, told, alternative.label, decision.group)
                yield (by_receiver, late), edit

    # Waiting and renaming

    def _turns(self, violation: Violation, graph: ProtocolGraph) -> Iterator[list[Edit]]:
        """The later sender waits for the role."""
        role = self.told_as(graph.roles[violation.role])
        for e in dict.fromkeys((*violation.onward[-1:], violation.transition)):
            place = self._place(graph, e)
            sender = self.told_as(graph.roles[graph.sender[e]])
            if place is not None and is_one(role) and sender != role:
                yield [Insert(*place, role, sender, TURN)]

    def _relabels(self, violation: Violation, graph: ProtocolGraph) -> Iterator[list[Edit]]:
        for e in dict.fromkeys((*violation.onward[-1:], violation.transition)):
            yield from self._relabel(e, graph)

    def _alike(self, role: int, graph: ProtocolGraph) -> Iterator[list[Edit]]:
        """Other names for messages of the role that another statement sends as well.

        A new name for any other message changes nothing but the name.
        """
        by_event: dict[tuple[int, int, int], dict[int, int]] = {}
        for e, (p, q, label) in enumerate(
            zip(graph.sender, graph.receiver, graph.label, strict=True)
        ):
            if role in (p, q):
                by_event.setdefault((p, q, label), {}).setdefault(graph.site[e], e)
        for sites in by_event.values():
            if len(sites) > 1:
                for e in sites.values():
                    yield from self._relabel(e, graph)

    def _relabel(self, e: int, graph: ProtocolGraph) -> Iterator[list[Edit]]:
        place = self._place(graph, e)
        if place is None:
            return
        block, index = place
        statement = self.outline.blocks[block][index]
        if isinstance(statement, ast.Send | ast.Broadcast):
            label = f"{graph.site_of(e).branch}{statement.message.label.text}"
            yield [Relabel(block, index, fresh(label, self.labels))]

    def _answers(self, bound: QueueBound, graph: ProtocolGraph) -> Iterator[list[Edit]]:
        """An answer on the way back, after a message that runs ahead."""
        for e in range(graph.event_count):
            if (graph.sender[e], graph.receiver[e]) != (bound.sender, bound.receiver):
                continue
            place = self._place(graph, e)
            if place is not None:
                answerer = self.told_as(graph.roles[bound.receiver])
                waiting = self.told_as(graph.roles[bound.sender])
                label = graph.site_of(e).branch or TURN
                yield [Insert(place[0], place[1] + 1, answerer, waiting, label)]

    def _place(self, graph: ProtocolGraph, e: int) -> tuple[tuple[int, ...], int] | None:
        """The statement of a transition; None for new messages and those of other files."""
        site = graph.site_of(e)
        return self.outline.messages.get(site.span) if site.path == self.path else None

    # Edits that change runs

    def _others(self, transitions: list[int], graph: ProtocolGraph) -> Iterator[list[Edit]]:
        for e in dict.fromkeys(transitions):
            place = self._place(graph, e)
            if place is not None:
                yield from self._of_place(*place)

    def _of_place(self, path: BlockPath, index: int) -> Iterator[list[Edit]]:
        """Edits of one message that change runs, the cheapest first."""
        block = self.outline.blocks[path]
        for one in (index - 1, index):
            pair = block[one : one + 2] if one >= 0 else ()
            if len(pair) == 2 and all(isinstance(each, ast.Send) for each in pair):
                yield [Swap(path, one)]
        yield [Reverse(path, index)]
        statement = block[index]
        if isinstance(statement, ast.Send):
            for role in self.plain:
                if role.name.text not in (
                    statement.sender.name.text,
                    statement.receiver.name.text,
                ):
                    yield [OtherSender(path, index, role)]
        yield [Delete(path, index)]


def words(edit: Edit, label: str) -> str:
    """An edit in words, with the name that a new message got."""
    match edit:
        case Insert(sender=sender, receiver=receiver):
            return f"{role_text(sender)} -> {role_text(receiver)} : {label}"
        case Relabel():
            return f"rename the message to {label}"
        case DecideLoop(decider=decider):
            return f"loop decide by {role_text(decider)}"
        case Delete():
            return "delete the message"
        case Swap():
            return "move the message after the next one"
        case OtherSender(sender=sender):
            return f"let {role_text(sender)} send the message"
        case Reverse():
            return "reverse the message"
