"""Laws decided by the solver, and by trying all small values."""

from __future__ import annotations

import random
import tomllib
from itertools import product
from pathlib import Path

import pytest

from tellverify.models.evaluation import values_of
from tellverify.models.expressions import Type
from tellverify.models.lattice_laws import Law, laws_of
from tellverify.models.law_proofs import (
    BrokenLaw,
    Kept,
    UndecidedLaw,
    _variables,
    _weight,
    breaks,
    judge,
)
from tellverify.models.structures import Structure, read_structures
from tellverify.solver.port import SolverBudget
from tellverify.solver.z3_backend import Z3Solver

ROOT = Path(__file__).parents[2]
_LARGEST = 2
_MOST = 4_000


def number(random_: random.Random, depth: int) -> str:
    kind = random_.randrange(7 if depth else 4)
    side = random_.choice("ab")
    if kind < 3:
        return f"{side}.{random_.choice(['n', 'k'])}"
    if kind == 3:
        return str(random_.randrange(3))
    left, right = number(random_, depth - 1), number(random_, depth - 1)
    if kind == 4:
        return f"{left} + {right}"
    if kind == 5:
        return f"{random_.choice(['min', 'max'])}({left}, {right})"
    return f"(if {condition(random_, depth - 1)} then {left} else {right})"


def condition(random_: random.Random, depth: int) -> str:
    kind = random_.randrange(4)
    if kind == 0:
        return f"has({some_set(random_, depth)}, 1)"
    if kind == 1:
        return f"{some_set(random_, depth)} <= {some_set(random_, depth)}"
    sign = random_.choice(["<", "<=", "==", "!="])
    text = f"{number(random_, max(depth, 0))} {sign} {number(random_, max(depth, 0))}"
    return text if kind == 2 else f"not ({text})"


def some_set(random_: random.Random, depth: int) -> str:
    if depth < 1 or random_.random() < 0.4:
        return random_.choice(["a.s", "b.s"])
    function = random_.choice(["union", "intersection", "difference"])
    return f"{function}({some_set(random_, depth - 1)}, {some_set(random_, depth - 1)})"


VIEWS = {
    0: ["x.n", "{n: x.n, s: x.s}", "if has(x.s, 0) then x.n else x.k", "max(x.n, x.k)"],
    2: ["intersect_with(x, x, (y, z) => if y < 1 then 0 else 1)"],
    3: ["sorted_unique(x)", "length(x)"],
}


def structure_of(seed: int, *, viewed: bool = False) -> Structure:
    """A random structure; half of them over numbers and sets, half over maps or lists."""
    random_ = random.Random(seed)
    kind = random_.randrange(4)
    if kind < 2:
        state = "{n: nat, k: nat, s: set(2)}"
        merge = f"{{n: {number(random_, 2)}, k: {number(random_, 1)}, s: {some_set(random_, 2)}}}"
        neutral = "{n: 0, k: 0, s: empty()}"
        update = f"x with {{n: x.n + {random_.randrange(2)}, s: {random_.choice(['x.s', 'p'])}}}"
        parameters = "p: set(2)"
    elif kind == 2:
        inner = random_.choice(["max(x, y)", "min(x, y)", "x", "x + y", "if x < 1 then y else x"])
        state = "map(2, nat)"
        merge = f"{random_.choice(['union_with', 'intersect_with'])}(a, b, (x, y) => {inner})"
        neutral = "empty()"
        update = f"union_with(x, p, (y, z) => {random_.choice(['max(y, z)', 'z', 'y + z'])})"
        parameters = "p: map(2, nat)"
    else:
        state = "list(2)"
        merge = random_.choice(
            ["sorted_unique(concat(a, b))", "concat(a, b)", "concat(sorted_unique(a), b)", "b"]
        )
        neutral = "empty()"
        update = random_.choice(["sorted_unique(x)", "concat(x, p)", "x"])
        parameters = "p: list(1)"
    view = f'view = "{random_.choice(VIEWS[kind if kind > 1 else 0])}"' if viewed else ""
    text = f'''schema = "tellverify/laws-1"
[structure.S]
kind = "join"
state = "{state}"
merge = "{merge}"
neutral = "{neutral}"
{view}
[structure.S.update.u]
internal = {str(viewed).lower()}
parameters = "{parameters}"
to = "{update}"
delta = "{random_.choice(["x", update])}"
concurrent = true
'''
    found = read_structures("x.toml", text)
    assert not found.faults, (seed, found.faults, text)
    return found.found[0]


def brute_force(structure: Structure, law: Law) -> int | None:
    """The weight of the smallest values that break a law, among those of small numbers."""
    kinds: dict[str, Type] = dict(_variables(structure, law))
    spaces = [values_of(kind, _LARGEST) for kind in kinds.values()]
    count = 1
    for space in spaces:
        count *= len(space)
    random_ = random.Random(0)
    chosen = (
        product(*spaces)
        if count <= _MOST
        else (tuple(random_.choice(space) for space in spaces) for _ in range(_MOST // 4))
    )
    best: int | None = None
    for values in chosen:
        named = dict(zip(kinds, values, strict=True))
        weight = _weight(named, kinds)
        if (best is None or weight < best) and breaks(structure, law, named) is not None:
            best = weight
    return best


@pytest.mark.parametrize("seed", range(60))
def test_the_solver_finds_what_trying_all_values_finds(seed: int) -> None:
    structure = structure_of(seed)
    for law in laws_of(structure):
        ruling = judge(structure, law, Z3Solver(), SolverBudget())
        found = brute_force(structure, law)
        if found is not None:
            assert isinstance(ruling, BrokenLaw | UndecidedLaw), (seed, law.name)


@pytest.mark.parametrize("seed", range(200, 240))
def test_laws_up_to_a_view_are_those_that_trying_all_values_finds(seed: int) -> None:
    structure = structure_of(seed, viewed=True)
    laws = list(laws_of(structure))
    assert {"congruent", "congruent u", "internal u"} <= {law.name for law in laws}
    for law in laws:
        ruling = judge(structure, law, Z3Solver(), SolverBudget())
        if brute_force(structure, law) is not None:
            assert isinstance(ruling, BrokenLaw | UndecidedLaw), (seed, law.name)


@pytest.mark.parametrize("seed", range(60, 100))
def test_no_smaller_values_break_a_law(seed: int) -> None:
    structure = structure_of(seed)
    for law in laws_of(structure):
        ruling = judge(structure, law, Z3Solver(), SolverBudget())
        found = brute_force(structure, law)
        if found is not None and isinstance(ruling, BrokenLaw):
            assert ruling.is_smallest, (seed, law.name)


def test_most_random_laws_are_decided() -> None:
    rulings = [
        judge(structure, law, Z3Solver(), SolverBudget())
        for structure in map(structure_of, range(25))
        for law in laws_of(structure)
    ]
    given_up = sum(isinstance(ruling, UndecidedLaw) for ruling in rulings)
    assert given_up <= len(rulings) // 20
    assert {Kept, BrokenLaw} <= {type(ruling) for ruling in rulings}


@pytest.mark.parametrize("name", ["aura", "coordinators"])
def test_the_laws_of_the_specs_are_proved_for_all_values(name: str) -> None:
    text = (ROOT / "specs" / "laws" / f"{name}.toml").read_text("utf-8")
    for structure in read_structures(f"{name}.toml", text).found:
        for law in laws_of(structure):
            assert judge(structure, law, Z3Solver(), SolverBudget()) == Kept(), (
                structure.name,
                law.name,
            )


def broken_structures() -> list[Structure]:
    folder = ROOT / "counterexamples" / "laws"
    return [
        structure
        for path in sorted(folder.glob("*.toml"))
        if path.name != "expected.toml"
        for structure in read_structures(path.name, path.read_text("utf-8")).found
    ]


def test_the_known_violations_come_out() -> None:
    broken = {
        structure.name: [
            law.name
            for law in laws_of(structure)
            if isinstance(judge(structure, law, Z3Solver(), SolverBudget()), BrokenLaw)
        ]
        for structure in broken_structures()
    }
    expected = (ROOT / "counterexamples" / "laws" / "expected.toml").read_text("utf-8")
    assert broken == tomllib.loads(expected)["broken"]


def test_a_delta_lost_at_compaction_is_shown_with_its_values() -> None:
    (structure,) = (one for one in broken_structures() if one.name == "CompactionDropsTheLast")
    law = next(law for law in laws_of(structure) if law.name == "delta receive")
    ruling = judge(structure, law, Z3Solver(), SolverBudget())
    assert isinstance(ruling, BrokenLaw)
    assert ruling.is_smallest
    values = dict(ruling.values)
    lost = values["facts"]
    assert values["x"] == "{base: {}, buffer: {}, pending: 0}"
    assert lost in {f"{{{element}}}" for element in range(4)}
    assert (ruling.left, ruling.right) == (lost, "{}")


@pytest.mark.parametrize(
    ("state", "merge", "within"),
    [
        ("map(2, set(2))", "union_with(a, b, (p, q) => union(p, q))", ""),
        ("map(2, nat)", "union_with(a, b, (p, q) => if p < q then q else p)", ""),
        (
            "map(2, set(2))",
            "union_with(a, b, (p, q) => if p <= q then q else if q <= p then p else union(p, q))",
            "universes of 2 elements",
        ),
        (
            "{m: map(2, nat), s: set(2)}",
            "{m: union_with(a.m, b.m, (p, q) => if a.s == b.s then max(p, q) else max(q, p)), "
            "s: union(a.s, b.s)}",
            "universes of 2 elements",
        ),
        (
            "{n: nat, s: set(2)}",
            "if a.n < b.n then b else if b.n < a.n then a else {n: a.n, s: union(a.s, b.s)}",
            "",
        ),
        (
            "{n: nat, s: set(2)}",
            "if size(a.s) + a.n <= 0 then b else if size(b.s) + b.n <= 0 then a "
            "else {n: max(a.n, b.n), s: union(a.s, b.s)}",
            "universes of 2 elements",
        ),
        (
            "map(2, {n: nat, s: set(2)})",
            "union_with(a, b, (p, q) => if p.n < q.n then q else if "
            "q.n < p.n then p else {n: p.n, s: union(p.s, q.s)})",
            "",
        ),
    ],
)
def test_only_pointwise_merges_are_proved_for_every_universe(
    state: str, merge: str, within: str
) -> None:
    text = f'''schema = "tellverify/laws-1"
[structure.S]
kind = "join"
state = "{state}"
merge = "{merge}"
'''
    (structure,) = read_structures("x.toml", text).found
    law = next(law for law in laws_of(structure) if law.name == "commutative")
    assert judge(structure, law, Z3Solver(), SolverBudget()) == Kept(within)
