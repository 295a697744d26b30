"""Laws of the logic, on finite words, on starts of words, and on words that repeat."""

from __future__ import annotations

import random

from tellverify.model.formula import EventAtom, FormulaBuilder, evaluate
from tellverify.properties.safety import is_safety

ATOMS = [EventAtom("send", "A", "B", label) for label in "abc"]
EXPANSIONS = (4, 5)  # the empty word has no first position to expand
Rows = list[list[bool]]


def _tree(rng: random.Random, make: FormulaBuilder, depth: int) -> int:
    if depth == 0:
        return make.atom(rng.choice(ATOMS))
    first, second = _tree(rng, make, depth - 1), _tree(rng, make, rng.randrange(depth))
    return rng.choice(
        (
            make.negation(first),
            make.both(first, second),
            make.either(first, second),
            make.next(first),
            make.next(first, weak=True),
            make.until(first, second),
            make.release(first, second),
        )
    )


def _words(rng: random.Random) -> list[tuple[Rows, int, bool, int]]:
    """Words with their length, whether they have ended, and where they repeat."""
    found = []
    for length in (0, 1, 2, 4, 6):
        rows = [[rng.random() < 0.4 for _ in range(length)] for _ in ATOMS]
        found.append((rows, length, True, -1))
        found.append((rows, length, False, -1))
        if length:
            found.append((rows, length, True, rng.randrange(length)))
    return found


def _same(seed: int, kind: int, *, open_words: bool = True) -> None:
    """Both sides of a law have equal values on random words."""
    rng = random.Random(seed)
    make = FormulaBuilder()
    p, q = _tree(rng, make, rng.randint(0, 2)), _tree(rng, make, rng.randint(0, 2))
    no_p, no_q = make.negation(p), make.negation(q)
    until, release = make.until(p, q), make.release(p, q)
    left, right = [
        (make.negation(until), make.release(no_p, no_q)),
        (make.negation(release), make.until(no_p, no_q)),
        (make.negation(make.next(p)), make.next(no_p, weak=True)),
        (make.negation(make.both(p, q)), make.either(no_p, no_q)),
        (until, make.either(q, make.both(p, make.next(until)))),
        (release, make.both(q, make.either(p, make.next(release, weak=True)))),
        (make.eventually(make.eventually(p)), make.eventually(p)),
        (make.always(make.always(p)), make.always(p)),
        (make.until(p, until), until),
        (make.weak_until(p, q), make.either(until, make.always(p))),
        (make.always(make.both(p, q)), make.both(make.always(p), make.always(q))),
    ][kind]
    for rows, length, ended, loop in _words(rng):
        if (not open_words and not ended) or (not length and kind in EXPANSIONS):
            continue
        values = []
        for root in (left, right):
            formula = make.formula(root)
            used = [rows[ATOMS.index(atom)] for atom in formula.atoms]  # type: ignore[arg-type]
            values.append(evaluate(formula, used, length, ended=ended, loop=loop))
        assert values[0] == values[1], f"law {kind}, seed {seed}, length {length}, loop {loop}"


def test_duals_and_expansions_hold_on_all_words() -> None:
    for kind in range(6):
        for seed in range(300):
            _same(seed, kind)


def test_idempotence_and_distribution_hold_on_complete_words() -> None:
    for kind in range(6, 11):
        for seed in range(300):
            _same(seed, kind, open_words=False)


def test_what_a_start_decides_holds_of_every_end() -> None:
    for seed in range(1_500):
        rng = random.Random(seed)
        make = FormulaBuilder()
        formula = make.formula(_tree(rng, make, rng.randint(1, 3)))
        rows = [[rng.random() < 0.4 for _ in range(6)] for _ in formula.atoms]
        for length in range(1, 6):
            start = evaluate(formula, rows, length, ended=False)
            assert start.weak or not start.strong
            for end in range(length + 1, 7):
                cut = [row[:end] for row in rows]
                whole = evaluate(formula, cut, end, ended=True).weak
                assert whole or not start.strong, f"seed {seed}"
                assert start.weak or not whole, f"seed {seed}"


def test_a_word_that_repeats_is_any_of_its_unrolled_forms() -> None:
    for seed in range(600):
        rng = random.Random(seed)
        make = FormulaBuilder()
        formula = make.formula(_tree(rng, make, 3))
        length = rng.randint(1, 5)
        loop = rng.randrange(length)
        rows = [[rng.random() < 0.4 for _ in range(length)] for _ in formula.atoms]
        longer = [row + row[loop:] for row in rows]
        shifted = [row + row[loop : loop + 1] for row in rows]
        once = evaluate(formula, rows, length, ended=True, loop=loop)
        size = 2 * length - loop
        assert evaluate(formula, longer, size, ended=True, loop=loop) == once, seed
        assert evaluate(formula, longer, size, ended=True, loop=length) == once, seed
        assert evaluate(formula, shifted, length + 1, ended=True, loop=loop + 1) == once, seed


def _beginning(rows: Rows, length: int, loop: int, events: int) -> Rows:
    """The first events of a word, which may go round its loop."""
    lap = length - loop
    places = [at if at < length else loop + (at - loop) % lap for at in range(events)]
    return [[row[at] for at in places] for row in rows]


def test_what_breaks_a_safety_formula_has_a_beginning_that_does() -> None:
    rng = random.Random(7)
    safe = broken = 0
    for _ in range(3_000):
        make = FormulaBuilder()
        formula = make.formula(_tree(rng, make, rng.randint(1, 3)))
        if not is_safety(formula):
            continue
        safe += 1
        used = [ATOMS.index(atom) for atom in formula.atoms if isinstance(atom, EventAtom)]
        for words, length, ended, loop in _words(rng):
            rows = [words[at] for at in used]
            if not ended or evaluate(formula, rows, length, ended=True, loop=loop).weak:
                continue
            broken += 1
            most = length if loop < 0 else length + 4 * (length - loop)
            starts = (_beginning(rows, length, max(loop, 0), n) for n in range(1, most + 1))
            found = [evaluate(formula, one, len(one[0]), ended=False).weak for one in starts]
            assert not all(found) or not formula.atoms or not length, formula
    assert safe > 300 and broken > 300


def test_what_asks_for_something_to_happen_is_no_safety_formula() -> None:
    make = FormulaBuilder()
    a, b = make.atom(ATOMS[0]), make.atom(ATOMS[1])
    safe = [
        make.always(make.negation(a)),
        make.weak_until(make.negation(a), b),
        make.negation(make.until(a, b)),
        make.always(make.either(make.negation(a), make.next(b, weak=True))),
    ]
    other = [make.eventually(a), make.until(a, b), make.next(a), make.negation(make.always(a))]
    assert all(is_safety(make.formula(one)) for one in safe)
    assert not any(is_safety(make.formula(one)) for one in other)
