"""What models may take: values, numbers, operations, actions that are tried, and seconds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tellverify.language.files.inputs import ReadFile
from tellverify.models.evaluation import values_of
from tellverify.models.expression_parser import parse_expression, parse_parameters, parse_type
from tellverify.models.expressions import LanguageError
from tellverify.models.extents import MOST_LEVELS, TooLarge, scalar_count, value_count
from tellverify.models.pattern_model import Model, read_models
from tellverify.models.pattern_search import Space, choices
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Outcome, Refuted, Unknown
from tellverify.verification.checked import Checked
from tellverify.verification.law_files import check_laws
from tellverify.verification.pattern_files import check_patterns

LAWS = 'schema = "tellverify/laws-1"\n[structure.S]\nkind = "join"\n'
PATTERNS = 'schema = "tellverify/patterns-1"\n[pattern.P]\n'
NINES = "9" * 39


def outcomes(checked: Checked) -> dict[str, Outcome]:
    return {v.scope.item: v.outcome for p in checked.run.protocols for v in p.verdicts}


def file(text: str) -> ReadFile:
    return ReadFile("x.toml", "", text=text)


def model(text: str) -> Model:
    found = read_models("x.toml", PATTERNS + text)
    assert not found.faults
    return found.found[0]


COUNTING = """state = "{n: nat}"
start = "{n: 0}"
[pattern.P.action.up]
to = "{n: x.n + 1}"
[pattern.P.action.stay]
to = "x"
"""


@pytest.mark.parametrize(
    "text", ["nat", "set(3)", "list(2)", "map(2, {n: bool, e: enum(a, b, c)})"]
)
def test_counts_are_those_of_the_values(text: str) -> None:
    kind = parse_type(text)
    assert value_count(kind, 2) == len(values_of(kind, 2))


def test_a_type_of_256_parts_is_the_largest() -> None:
    assert scalar_count(parse_type("map(8, map(3, set(8)))")) == 224
    assert (
        scalar_count(
            parse_type("{m: map(8, map(3, set(8))), s: set(8), t: set(8), u: set(8), v: list(7)}")
        )
        == 256
    )
    with pytest.raises(LanguageError, match="more than 256 parts"):
        parse_type("{m: map(8, map(3, set(8))), s: set(8), t: set(8), u: set(8), v: list(8)}")
    with pytest.raises(LanguageError, match="more than 256 parts"):
        parse_parameters("m: map(8, map(3, set(8))), k: map(8, set(3)), n: nat")


def test_chains_and_nested_functions_of_maps_are_limited() -> None:
    parse_expression(" + ".join(["1"] * MOST_LEVELS))
    with pytest.raises(LanguageError, match="levels"):
        parse_expression(" + ".join(["1"] * (MOST_LEVELS + 1)))
    body = "p"
    for _ in range(4):
        body = f"union_with(a, b, (p, q) => {body})"
    parse_expression(body)
    for _ in range(3):
        body = f"union_with(a, b, (p, q) => {body})"
    with pytest.raises(LanguageError, match="operations"):
        parse_expression(body)


@pytest.mark.parametrize("function", ["min", "max"])
@pytest.mark.parametrize("side", ["({}, b.n - 1)", "(b.n - 1, {})"])
def test_nested_operands_are_typed_once(function: str, side: str) -> None:
    text = "a.n"
    for _ in range(25):
        text = function + side.replace("{}", text)
    checked = check_laws(
        [file(f'{LAWS}state = "{{n: int}}"\nmerge = "{{n: {text}}}"\n')], Options()
    )
    assert not checked.run.diagnostics
    assert set(outcomes(checked)) == {"commutative", "associative", "idempotent"}


def test_a_law_about_numbers_that_are_too_long_is_unknown() -> None:
    text = "a.n" + f" * {NINES}" * 100
    checked = check_laws(
        [file(f'{LAWS}state = "{{n: nat}}"\nmerge = "{{n: {text} + b.n}}"\n')], Options()
    )
    assert all(isinstance(one, Unknown) for one in outcomes(checked).values())


def test_numbers_that_grow_end_a_search() -> None:
    grown = COUNTING.replace("x.n + 1", f"x.n * {NINES} + 1")
    space = Space(model(grown))
    assert not space.is_complete
    assert space.stopped == "numbers grow longer than 100 digits"


def test_values_to_choose_from_are_counted_before_they_are_made() -> None:
    given = model('parameters = "m: map(4, set(8)), k: map(8, map(3, nat))"\n' + COUNTING)
    with pytest.raises(TooLarge, match="100000 values"):
        next(choices(given.parameters))
    inputs = 'inputs = "i: nat, j: nat"\nranges = { i = [0, 249], j = [0, 249] }\n'
    both = COUNTING.replace("to =", inputs + "to =")
    with pytest.raises(TooLarge, match="100000 values"):  # 62,500 for each of two actions
        Space(model(both))


def test_actions_that_are_tried_are_counted() -> None:
    found = Space(model(COUNTING), most_tried=10)
    assert found.stopped == "more than 10 actions are tried"
    assert found.state_count == 6  # two actions in each of the first five states


def test_large_states_have_fewer_of_them() -> None:
    wide = "{n: nat, m: map(8, set(8))}"
    text = COUNTING.replace("{n: nat}", wide).replace('"{n: 0}"', '"{n: 0, m: empty()}"')
    space = Space(model(text.replace('"{n: x.n + 1}"', '"x with {n: x.n + 1}"')))
    assert space.state_count == 2_000_000 // 73
    assert space.stopped == f"there are more than {2_000_000 // 73} states"


TWO_CLAIMS = COUNTING + '[pattern.P.always]\nsmall = "x.n < 3"\ntiny = "x.n < 2"\n'


def test_a_search_ends_when_every_claim_is_refuted() -> None:
    given = model(TWO_CLAIMS)
    space = Space(given, given.claims)
    assert space.state_count == 4
    assert [len(run.steps) for run in map(space.violation, given.claims) if run] == [3, 2]
    one_holds = model(TWO_CLAIMS + 'true = "x.n >= 0"\n')
    assert Space(one_holds, one_holds.claims, most_tried=100).stopped.startswith("more than 100")
    also_possible = model(TWO_CLAIMS + '[pattern.P.possible]\nends = "x.n == 1"\n')
    stopped = Space(also_possible, also_possible.claims, most_tried=100).stopped
    assert stopped.startswith("more than 100")


def test_a_refutation_stands_although_the_search_is_cut_off() -> None:
    text = PATTERNS + TWO_CLAIMS + 'odd = "x.n != 70000"\n'
    found = outcomes(check_patterns([file(text)], Options(step_limit=2_000)))
    assert isinstance(found["always small"], Refuted)
    odd = found["always odd"]
    assert isinstance(odd, Unknown)
    assert odd.reason == "more than 100 actions are tried"


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (check_laws, LAWS + 'state = "{s: set(8)}"\nmerge = "{s: union(a.s, b.s)}"\n'),
        (check_patterns, PATTERNS + TWO_CLAIMS),
    ],
)
def test_without_time_everything_is_unknown(check: Callable[..., Checked], text: str) -> None:
    for options, total, reason in (
        (Options(seconds=1e-6), None, "no answer within 1e-06 s"),
        (Options(), 0.0, "no time was left"),
    ):
        found = outcomes(check([file(text)], options, total))
        assert len(found) >= 2
        for one in found.values():
            assert isinstance(one, Unknown)
            assert (one.reason, one.code) == (reason, "TV042")
