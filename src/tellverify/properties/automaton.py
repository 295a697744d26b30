"""The automaton of a formula, built letter by letter as a search needs it.

A state is a set of formulas that the rest of the word must satisfy; a letter says which atoms hold.
Under a letter each formula unfolds into alternatives: sets of formulas for the next position, with
the untils that were postponed. This is the tableau of Gerth, Peled, Vardi and Wolper (PSTV 1995)
with acceptance on transitions (Couvreur, FM 1999): an infinite word is accepted by a path on which
no until is postponed forever, a finite one by a path that ends where no next position is required
(De Giacomo and Vardi, IJCAI 2013).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tellverify.model.formula import Formula

_MOST_ALTERNATIVES: Final = 300
_MOST_WORK: Final = 3_000_000


class AutomatonTooLarge(Exception):
    """The automaton has more states or transitions than are examined."""


class TransitionAlternative(NamedTuple):
    """What remains after a letter: formulas, whether a next position must exist, postponed untils.

    `postponed` is a set of untils as bits.
    """

    formulas: frozenset[int]
    demands: bool
    postponed: int


_NOTHING: Final = TransitionAlternative(frozenset(), False, 0)
_Row = tuple[str, int, int]


class BuchiAutomaton:
    """The automaton of the negation of `formula`. States are numbers, 0 the initial one.

    `done` is the number of the state that accepts every word, or -1 while none was met: a prefix
    that leads there breaks the formula whatever follows (a bad prefix). `demands[s]` says that a
    word must not end before state `s` has read a letter. Raises AutomatonTooLarge.
    """

    def __init__(self, formula: Formula) -> None:
        self._rows: list[_Row] = []
        self._interned: dict[_Row, int] = {}
        self._untils: dict[int, int] = {}
        root = self._negated(formula)
        self.has_release = any(row[0] == "release" for row in self._rows)
        self.done = -1
        self.sets: list[frozenset[int]] = []
        self.demands: list[bool] = []
        self._states: dict[tuple[frozenset[int], bool], int] = {}
        self._moves: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
        self._tables: dict[int, list[list[TransitionAlternative] | None]] = {}
        self._work = 0
        self._state(frozenset((root,)), True)

    @property
    def until_count(self) -> int:
        """How many untils may be postponed."""
        return len(self._untils)

    def _negated(self, formula: Formula) -> int:
        """The rows of the negation in negation normal form; gives the number of the last."""
        plus: list[int] = []
        minus: list[int] = []
        dual = {"and": "or", "or": "and", "until": "release", "release": "until"}
        dual |= {"next": "weak-next", "weak-next": "next", "true": "false", "false": "true"}
        for operator, args in formula.nodes:
            if operator == "not":
                plus.append(minus[args[0]])
                minus.append(plus[args[0]])
            elif operator == "atom":
                plus.append(self._row("atom", args[0], -1))
                minus.append(self._row("no-atom", args[0], -1))
            else:
                left = args[0] if args else -1
                right = args[1] if len(args) > 1 else -1
                positive = [plus[n] if n >= 0 else -1 for n in (left, right)]
                negative = [minus[n] if n >= 0 else -1 for n in (left, right)]
                plus.append(self._row(operator, *positive))
                minus.append(self._row(dual[operator], *negative))
        return self._kept(minus[-1])

    def _kept(self, root: int) -> int:
        """Leave out the rows that the root does not need, and number the untils."""
        needed = {root}
        for number in range(root, -1, -1):
            operator, left, right = self._rows[number]
            if number in needed and operator not in ("atom", "no-atom"):
                needed |= {left, right} - {-1}
        new = {old: place for place, old in enumerate(sorted(needed))}
        rows: list[_Row] = []
        for old in sorted(needed):
            operator, left, right = self._rows[old]
            if operator not in ("atom", "no-atom"):
                left, right = new.get(left, -1), new.get(right, -1)
            if operator == "until":
                self._untils[len(rows)] = 1 << len(self._untils)
            rows.append((operator, left, right))
        self._rows = rows
        return len(rows) - 1

    def _row(self, operator: str, left: int, right: int) -> int:
        row = (operator, left, right)
        number = self._interned.get(row)
        if number is None:
            number = self._interned[row] = len(self._rows)
            self._rows.append(row)
        return number

    def _state(self, formulas: frozenset[int], demands: bool) -> int:
        key = (formulas, demands)
        number = self._states.get(key)
        if number is None:
            number = self._states[key] = len(self.sets)
            self.sets.append(formulas)
            self.demands.append(demands)
            if not formulas and not demands:
                self.done = number
        return number

    def moves(self, state: int, letter: int) -> tuple[tuple[int, int], ...]:
        """The states after a letter (a set of atoms as bits), each with its postponed untils."""
        key = (state, letter)
        found = self._moves.get(key)
        if found is None:
            table = self._table(letter)
            whole = [_NOTHING]
            self._spend(1 + len(self.sets[state]))
            for formula in sorted(self.sets[state]):
                whole = self._product(whole, self._alternatives(formula, letter, table))
            found = self._moves[key] = tuple(
                (self._state(one.formulas, one.demands), one.postponed) for one in whole
            )
        return found

    def _table(self, letter: int) -> list[list[TransitionAlternative] | None]:
        """The alternatives under a letter as far as they are known."""
        table = self._tables.get(letter)
        if table is None:
            self._spend(len(self._rows))
            table = self._tables[letter] = [None] * len(self._rows)
        return table

    def _alternatives(
        self, root: int, letter: int, table: list[list[TransitionAlternative] | None]
    ) -> list[TransitionAlternative]:
        """The alternatives of a formula; arguments come before it, so no recursion is needed."""
        known = table[root]
        if known is not None:
            return known
        stack = [root]
        while stack:
            number = stack[-1]
            operator, left, right = self._rows[number]
            args = () if operator in ("atom", "no-atom", "next", "weak-next") else (left, right)
            missing = [arg for arg in args if arg >= 0 and table[arg] is None]
            if missing:
                stack += missing
                continue
            stack.pop()
            if table[number] is None:
                table[number] = self._unfolded(number, letter, table)
        return table[root] or []

    def _unfolded(
        self, number: int, letter: int, table: list[list[TransitionAlternative] | None]
    ) -> list[TransitionAlternative]:
        self._spend(1)
        operator, left, right = self._rows[number]
        first = table[left] or [] if operator not in ("atom", "no-atom") and left >= 0 else []
        second = table[right] or [] if right >= 0 else []
        match operator:
            case "true":
                return [_NOTHING]
            case "false":
                return []
            case "atom":
                return [_NOTHING] if letter >> left & 1 else []
            case "no-atom":
                return [] if letter >> left & 1 else [_NOTHING]
            case "next" | "weak-next":
                rest = self._remaining(left)
                return (
                    [TransitionAlternative(rest, operator == "next", 0)] if rest is not None else []
                )
            case "and":
                return self._product(first, second)
            case "or":
                return self._least([*first, *second])
            case "until":
                later = TransitionAlternative(frozenset((number,)), True, self._untils[number])
                return self._least([*second, *self._product(first, [later])])
            case _:
                later = TransitionAlternative(frozenset((number,)), False, 0)
                return self._product(second, self._least([*first, later]))

    def _remaining(self, number: int) -> frozenset[int] | None:
        """What a next position must have; nothing at all for `true`."""
        return frozenset() if self._rows[number][0] == "true" else frozenset((number,))

    def _product(
        self, left: list[TransitionAlternative], right: list[TransitionAlternative]
    ) -> list[TransitionAlternative]:
        if left == [_NOTHING]:
            return right
        if right == [_NOTHING]:
            return left
        self._spend(len(left) * len(right))
        return self._least(
            [
                TransitionAlternative(
                    one.formulas | other.formulas,
                    one.demands or other.demands,
                    one.postponed | other.postponed,
                )
                for one in left
                for other in right
            ]
        )

    def _least(self, found: list[TransitionAlternative]) -> list[TransitionAlternative]:
        """Without those that ask for all that another asks for, and more."""
        if len(found) < 2:
            return found
        unique = list(dict.fromkeys(found))
        if len(unique) > _MOST_ALTERNATIVES:
            raise AutomatonTooLarge
        self._spend(len(unique) ** 2)
        kept: list[TransitionAlternative] = []
        for one in sorted(unique, key=_size):
            for other in kept:
                if (
                    other.formulas <= one.formulas
                    and other.demands <= one.demands
                    and not other.postponed & ~one.postponed
                ):
                    break
            else:
                kept.append(one)
        return kept

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > _MOST_WORK:
            raise AutomatonTooLarge


def _size(one: TransitionAlternative) -> tuple[int, bool, int]:
    return len(one.formulas), one.demands, one.postponed.bit_count()
