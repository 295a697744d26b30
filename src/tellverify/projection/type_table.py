"""Hash-consed local types and their strict merge.

One table serves all roles of a protocol. A type is a small int; equal types are equal ints. Merge
is that of Telltale's theory crate: branches of a choice that a role does not see must be equal, or
receive from one partner, where labels are united; a role that is absent from one branch and acts
in another does not merge. Nothing is unfolded and no variable renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

END_KIND: Final = 0
VARIABLE_KIND: Final = 1
MU_KIND: Final = 2
SEND_KIND: Final = 3
RECEIVE_KIND: Final = 4

_BOUND: Final = -1


class TypeReason(StrEnum):
    """Why two local types do not merge; the names are those of Telltale's projection errors."""

    END_MISMATCH = "EndMismatch"
    PARTNER_MISMATCH = "PartnerMismatch"
    DIRECTION_MISMATCH = "DirectionMismatch"
    SEND_BRANCH_COUNT_MISMATCH = "SendBranchCountMismatch"
    SEND_LABEL_MISMATCH = "SendLabelMismatch"
    INCOMPATIBLE_CONTINUATIONS = "IncompatibleContinuations"
    RECURSIVE_VARIABLE_MISMATCH = "RecursiveVariableMismatch"
    VARIABLE_MISMATCH = "VariableMismatch"
    INCOMPATIBLE_TYPES = "IncompatibleTypes"
    LIMIT = "Limit"  # not an answer: the merged type grew beyond the budget


class TypeTable:
    """Types as tuples of ints: `(END,)`, `(VARIABLE, binder)`, `(MU, binder, body)`,
    `(SEND or RECEIVE, partner, label, then, label, then, ...)`.

    `rank` orders labels by name. `budget` limits the work of all merges together, since a merged
    type may be exponentially larger than its parts.
    """

    def __init__(self, rank: list[int], budget: int) -> None:
        self.nodes: list[tuple[int, ...]] = [()]
        self._index: dict[tuple[int, ...], int] = {}
        self._tip: list[int] = [_BOUND]
        self._rank = rank
        self._budget = budget
        self._merged: dict[tuple[int, ...], int | TypeReason] = {}
        self.end = self.intern((END_KIND,))

    def intern(self, node: tuple[int, ...]) -> int:
        """The id of a node; never 0."""
        index = self._index.get(node)
        if index is None:
            index = self._index[node] = len(self.nodes)
            self.nodes.append(node)
            kind = node[0]
            if kind == VARIABLE_KIND:
                self._tip.append(node[1])
            else:
                self._tip.append(self._tip[node[2]] if kind == MU_KIND else _BOUND)
        return index

    def variable(self, binder: int) -> int:
        """The variable of a loop head."""
        return self.intern((VARIABLE_KIND, binder))

    def mu(self, binder: int, body: int) -> int:
        """`μt.body`, or end where `body` leads back to t without an action."""
        if self._tip[body] == binder:
            return self.end
        return self.intern((MU_KIND, binder, body))

    def merge(self, types: Sequence[int]) -> int | TypeReason:
        """The left fold of strict merge over `types`, all branches at once.

        Equals the fold of the binary merge, since that is associative and idempotent up to the
        order of labels, and every merge of unequal types sorts them.
        """
        known = self._merged.get(tuple(types))
        if known is not None:
            return known
        distinct = tuple(dict.fromkeys(types))
        if len(distinct) == 1:
            return distinct[0]
        known = self._merged.get(distinct)
        if known is not None:
            return known
        stack = [distinct]
        while stack:
            key = stack[-1]
            if key in self._merged:
                stack.pop()
                continue
            needed: list[tuple[int, ...]] = []
            result = self._merge_heads(key, needed)
            if result is None:
                stack += needed
            else:
                self._merged[key] = result
                stack.pop()
        return self._merged[distinct]

    def _merge_heads(
        self, key: tuple[int, ...], needed: list[tuple[int, ...]]
    ) -> int | TypeReason | None:
        """Merge different types whose continuations are merged already.

        Where some are not, None, and their keys in `needed`.
        """
        if self._budget < 0:
            return TypeReason.LIMIT
        self._budget -= len(key)
        nodes = [self.nodes[each] for each in key]
        for other in nodes[1:]:
            clash = self._clash(nodes[0], other)
            if clash is not None:
                return clash
        if nodes[0][0] == MU_KIND:
            body = self._continuation([node[2] for node in nodes], needed)
            if needed or isinstance(body, TypeReason):
                return None if needed else body
            return self.mu(nodes[0][1], body)
        following: dict[int, list[int]] = {}
        for node in nodes:
            self._budget -= len(node)
            for place in range(2, len(node), 2):
                following.setdefault(node[place], []).append(node[place + 1])
        flat = list(nodes[0][:2])
        for label in sorted(following, key=self._rank.__getitem__):
            then = self._continuation(following[label], needed)
            if isinstance(then, TypeReason):
                return then if then is TypeReason.LIMIT else TypeReason.INCOMPATIBLE_CONTINUATIONS
            flat += (label, then)
        return None if needed else self.intern(tuple(flat))

    def _continuation(self, types: list[int], needed: list[tuple[int, ...]]) -> int | TypeReason:
        """The merge of `types` where it is known, else any of them and a key in `needed`."""
        distinct = tuple(dict.fromkeys(types))
        if len(distinct) == 1:
            return distinct[0]
        known = self._merged.get(distinct)
        if known is None:
            needed.append(distinct)
            return distinct[0]
        return known

    def _clash(self, left: tuple[int, ...], right: tuple[int, ...]) -> TypeReason | None:
        """Why the heads of two different types do not merge, or None when they do."""
        kinds = (left[0], right[0])
        if END_KIND in kinds:
            alone = VARIABLE_KIND not in kinds
            return TypeReason.END_MISMATCH if alone else TypeReason.INCOMPATIBLE_TYPES
        if kinds == (VARIABLE_KIND, VARIABLE_KIND):
            return TypeReason.VARIABLE_MISMATCH
        if kinds == (MU_KIND, MU_KIND):
            return None if left[1] == right[1] else TypeReason.RECURSIVE_VARIABLE_MISMATCH
        if min(kinds) < SEND_KIND:
            return TypeReason.INCOMPATIBLE_TYPES
        if left[0] != right[0]:
            return TypeReason.DIRECTION_MISMATCH
        if left[1] != right[1]:
            return TypeReason.PARTNER_MISMATCH
        if left[0] == SEND_KIND:
            if len(left) != len(right):
                return TypeReason.SEND_BRANCH_COUNT_MISMATCH
            if left[2::2] != right[2::2] and set(left[2::2]) != set(right[2::2]):
                return TypeReason.SEND_LABEL_MISMATCH
        return None
