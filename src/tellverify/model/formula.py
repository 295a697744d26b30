"""Formulas of linear temporal logic over the events of a run, in the form that trace files hold.

A formula is a list of nodes, arguments before what they are arguments of, so that nothing that
walks over it can recur too deeply. The last node is the formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

ANY: Final = "*"
_LONGEST: Final = 20_000


class EventAtom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="event"):
    """The event of a position is one of these.

    `*` stands for any role or label and `Devices[*]` for any member. A label stands also for what
    the message `Tag.Label` of a choice carries.
    """

    action: Literal["send", "receive"]
    sender: str
    receiver: str
    label: str


class BranchAtom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="branch"):
    """The event of a position is a send of `role` that begins the branch: one of `messages`.

    A message is its receiver, its label and the line it is written on.
    """

    role: str
    branch: str
    messages: tuple[tuple[str, str, int], ...]


class FinishedAtom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="finished"):
    """Behind the event of a position, nothing is left to do for `role`."""

    role: str


class OfferAtom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="at"):
    """Behind the event of a position, `role` is where it sends or awaits `label` next."""

    role: str
    label: str


class CountAtom(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="count"):
    """`constant` plus each count of `terms`, weighted, is not negative.

    A term is a factor and the number of an atom on events; the position itself counts too.
    """

    terms: tuple[tuple[int, int], ...]
    constant: int


Atom: TypeAlias = EventAtom | BranchAtom | FinishedAtom | OfferAtom | CountAtom
Operator: TypeAlias = Literal[
    "true", "false", "atom", "not", "and", "or", "next", "weak-next", "until", "release"
]
Node: TypeAlias = tuple[Operator, tuple[int, ...]]
ARITY: Final[dict[Operator, int]] = {
    "true": 0,
    "false": 0,
    "atom": 1,
    "not": 1,
    "and": 2,
    "or": 2,
    "next": 1,
    "weak-next": 1,
    "until": 2,
    "release": 2,
}


class Formula(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nodes are operators with the numbers of their arguments; that of "atom" counts in `atoms`."""

    atoms: tuple[Atom, ...]
    nodes: tuple[Node, ...]


class FormulaBuilder:
    """Makes the nodes of a formula, each of them once; constants are folded away."""

    def __init__(self) -> None:
        self._atoms: dict[Atom, int] = {}
        self._nodes: dict[Node, int] = {}
        self._list: list[Node] = []

    def atom(self, atom: Atom) -> int:
        """The node of an atom."""
        return self._node("atom", self.atom_number(atom))

    def atom_number(self, atom: Atom) -> int:
        """The number of an atom, for what a count counts."""
        return self._atoms.setdefault(atom, len(self._atoms))

    def constant(self, value: bool) -> int:
        """The node of a truth value."""
        return self._node("true" if value else "false")

    def negation(self, node: int) -> int:
        """`not`."""
        operator, args = self._list[node]
        if operator in ("true", "false"):
            return self.constant(operator == "false")
        return args[0] if operator == "not" else self._node("not", node)

    def both(self, left: int, right: int) -> int:
        """`and`."""
        return self._joined("and", left, right)

    def either(self, left: int, right: int) -> int:
        """`or`."""
        return self._joined("or", left, right)

    def next(self, node: int, *, weak: bool = False) -> int:
        """There is a next position and it has `node`; weak: if there is one, it has it."""
        return self._node("weak-next" if weak else "next", node)

    def until(self, left: int, right: int) -> int:
        """`right` holds at some position from here on, and `left` at all before it."""
        return self._node("until", left, right)

    def release(self, left: int, right: int) -> int:
        """`right` holds up to and with the first position with `left`, forever without one."""
        return self._node("release", left, right)

    def eventually(self, node: int) -> int:
        """`true until node`."""
        return self.until(self.constant(True), node)

    def always(self, node: int) -> int:
        """`false release node`."""
        return self.release(self.constant(False), node)

    def weak_until(self, left: int, right: int) -> int:
        """`left` holds until `right` does, or forever."""
        return self.release(right, self.either(left, right))

    def formula(self, root: int) -> Formula:
        """The formula of a node; what it does not need is left out."""
        needed = {root}
        for number in range(root, -1, -1):
            if number in needed and self._list[number][0] != "atom":
                needed.update(self._list[number][1])
        new = {number: place for place, number in enumerate(sorted(needed))}
        used: dict[int, int] = {}
        atoms = list(self._atoms)
        for number in sorted(needed):
            operator, args = self._list[number]
            if operator == "atom":
                atom = atoms[args[0]]
                if isinstance(atom, CountAtom):
                    for _, counted in atom.terms:
                        used.setdefault(counted, len(used))
                used.setdefault(args[0], len(used))
        nodes = [
            (op, tuple(used[a] for a in args) if op == "atom" else tuple(new[a] for a in args))
            for op, args in (self._list[number] for number in sorted(needed))
        ]
        return Formula(tuple(_renumbered(atoms[old], used) for old in used), tuple(nodes))

    def _joined(self, operator: Literal["and", "or"], left: int, right: int) -> int:
        neutral, ruling = ("true", "false") if operator == "and" else ("false", "true")
        for one, other in ((left, right), (right, left)):
            if self._list[one][0] == neutral:
                return other
            if self._list[one][0] == ruling:
                return one
        return left if left == right else self._node(operator, left, right)

    def _node(self, operator: Operator, *args: int) -> int:
        node = (operator, args)
        number = self._nodes.get(node)
        if number is None:
            number = self._nodes[node] = len(self._list)
            self._list.append(node)
        return number


def _renumbered(atom: Atom, numbers: dict[int, int]) -> Atom:
    if not isinstance(atom, CountAtom):
        return atom
    return CountAtom(tuple((factor, numbers[one]) for factor, one in atom.terms), atom.constant)


def malformed(formula: Formula) -> str:
    """Why this is no formula; empty when it is one."""
    for atom in formula.atoms:
        if isinstance(atom, CountAtom):
            counted = [formula.atoms[n] for _, n in atom.terms if 0 <= n < len(formula.atoms)]
            good = all(isinstance(one, EventAtom | BranchAtom) for one in counted)
            if len(counted) < len(atom.terms) or not good:
                return "a count counts something that is not an event"
    for number, (operator, args) in enumerate(formula.nodes):
        limit = len(formula.atoms) if operator == "atom" else number
        if len(args) != ARITY[operator] or any(not 0 <= arg < limit for arg in args):
            return f"node {number} has wrong arguments"
    return "" if formula.nodes else "there is no node"


_WORDS: Final[dict[Operator, str]] = {
    "not": "!",
    "and": "&&",
    "or": "||",
    "next": "X",
    "weak-next": "N",
    "until": "U",
    "release": "R",
}


def text(formula: Formula) -> str:
    """A formula as it can be read, in one way; `[]` and `<>` for their long forms."""
    made: list[str] = []
    for operator, args in formula.nodes:
        if operator == "atom":
            one = atom_text(formula, args[0])
        elif not args:
            one = operator
        elif len(args) == 1:
            one = f"{_WORDS[operator]} {made[args[0]]}"
        elif formula.nodes[args[0]][0] == ("true" if operator == "until" else "false"):
            one = f"{'<>' if operator == 'until' else '[]'} {made[args[1]]}"
        else:
            one = f"({made[args[0]]} {_WORDS[operator]} {made[args[1]]})"
        made.append(one if len(one) <= _LONGEST else f"{one[:_LONGEST]}…")
    return made[-1]


def atom_text(formula: Formula, number: int) -> str:
    """An atom as the language of properties writes it."""
    atom = formula.atoms[number]
    match atom:
        case EventAtom():
            return f"({atom.action} {atom.sender} -> {atom.receiver} : {atom.label})"
        case BranchAtom():
            return f"({atom.role} takes {atom.branch})"
        case FinishedAtom():
            return f"({atom.role} finished)"
        case OfferAtom():
            return f"({atom.role} at {atom.label})"
        case CountAtom():
            terms = [f"{factor} * count{_counted(formula, n)}" for factor, n in atom.terms]
            return f"({' + '.join([*terms, str(atom.constant)])} >= 0)"


def _counted(formula: Formula, number: int) -> str:
    return "(..)" if isinstance(formula.atoms[number], CountAtom) else atom_text(formula, number)


class WeakStrong(msgspec.Struct, frozen=True):
    """The value of a formula, as far as known, at the beginning of a run.

    `weak`: nothing in the run contradicts it. `strong`: it holds however the run continues.
    They are equal unless the run may go on.
    """

    weak: bool
    strong: bool


def evaluate(
    formula: Formula,
    rows: Sequence[Sequence[bool]],
    length: int,
    *,
    ended: bool,
    loop: int = -1,
) -> WeakStrong:
    """Evaluate by the defining equations, position by position from the last to the first.

    `rows[a][i]` says whether atom `a` holds at position `i` of `length`. With `loop` >= 0 the
    positions from there on repeat forever: linear temporal logic on an infinite word (Pnueli,
    1977), untils as least and releases as greatest fixed points. With `ended` the word is finite
    and complete: LTLf (De Giacomo and Vardi, IJCAI 2013). Otherwise it is the start of longer
    words, seen weakly and strongly (Eisner, Fisman, Havlicek, Lustig, McIsaac and Van Campenhout,
    CAV 2003).
    """
    weak: list[list[bool]] = []
    strong: list[list[bool]] = []
    for node in formula.nodes:
        for views, other, view in ((weak, strong, True), (strong, weak, False)):
            beyond = _beyond(node, views, other, view, ended or loop >= 0)
            row = [False] * length + [beyond]
            _fill(node, row, views, other, rows, (ended, loop, view))
            views.append(row)
    return WeakStrong(weak[-1][0], strong[-1][0])


def _beyond(
    node: Node, views: list[list[bool]], other: list[list[bool]], view: bool, complete: bool
) -> bool:
    """The value behind the last position: of the empty word, or of one that is not known yet."""
    operator, args = node
    if not complete:
        return operator == "true" or (view and operator != "false")
    match operator:
        case "true" | "weak-next" | "release":
            return True
        case "not":
            return not other[args[0]][-1]
        case "and":
            return views[args[0]][-1] and views[args[1]][-1]
        case "or":
            return views[args[0]][-1] or views[args[1]][-1]
        case "false" | "atom" | "next" | "until":
            return False


def _fill(
    node: Node,
    row: list[bool],
    views: list[list[bool]],
    other: list[list[bool]],
    rows: Sequence[Sequence[bool]],
    end: tuple[bool, int, bool],
) -> None:
    """The values of a node at all positions but the one behind the last."""
    operator, args = node
    length = len(row) - 1
    ended, loop, view = end
    match operator:
        case "true" | "false":
            row[:length] = [operator == "true"] * length
        case "atom":
            row[:length] = rows[args[0]][:length]
        case "not":
            row[:length] = [not value for value in other[args[0]][:length]]
        case "and":
            row[:length] = map(_and, views[args[0]][:length], views[args[1]][:length])
        case "or":
            row[:length] = map(_or, views[args[0]][:length], views[args[1]][:length])
        case "next" | "weak-next":
            arg = views[args[0]]
            row[:length] = arg[1 : length + 1]
            if length and loop >= 0:
                row[length - 1] = arg[loop]
            elif length and (ended or view == (operator == "weak-next")):
                row[length - 1] = operator == "weak-next"
        case "until" | "release":
            _fixed_point(operator == "until", row, views[args[0]], views[args[1]], loop)


def _fixed_point(
    least: bool, row: list[bool], left: list[bool], right: list[bool], loop: int
) -> None:
    """Until or release from the last position to the first; twice where the word repeats."""
    length = len(row) - 1
    following = not least if loop >= 0 else row[length]
    for _ in range(2 if loop >= 0 else 1):
        for i in range(length - 1, -1, -1):
            if least:
                following = right[i] or (left[i] and following)
            else:
                following = right[i] and (left[i] or following)
            row[i] = following
        following = row[loop] if loop >= 0 and length else following


def _and(left: bool, right: bool) -> bool:
    return left and right


def _or(left: bool, right: bool) -> bool:
    return left or right
