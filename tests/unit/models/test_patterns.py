"""Models of patterns: what is proved of them, and the runs that refute."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from tellverify.language.files import inputs
from tellverify.models.induction import accepts, inductive
from tellverify.models.pattern_model import Model, ModelClaim, read_models
from tellverify.models.pattern_search import Space, choices
from tellverify.models.symbolic import translate, truth
from tellverify.models.symbols import Symbol, unknown
from tellverify.obligations.options import Options
from tellverify.solver.port import Premise, Sat, SolverBudget
from tellverify.solver.term import Conjunction, Disjunction, Int, Less, NegatedTerm, Term
from tellverify.solver.z3_backend import Z3Solver
from tellverify.verdict.outcome import Bounded, Proved, Refuted
from tellverify.verification.pattern_files import check_patterns

ROOT = Path(__file__).parents[3]
FAULTY = ROOT / "counterexamples" / "patterns"
EXPECTED = tomllib.loads((FAULTY / "expected.toml").read_text("utf-8"))


def models(path: Path) -> tuple[Model, ...]:
    found = read_models(path.name, path.read_text("utf-8"))
    assert not found.faults
    return found.found


GOOD = tuple(
    model for path in sorted((ROOT / "specs" / "patterns").glob("*.toml")) for model in models(path)
)


@pytest.mark.parametrize("model", GOOD, ids=lambda model: model.name)
def test_every_invariant_of_the_patterns_is_inductive(model: Model) -> None:
    proved = inductive(model, Z3Solver(), SolverBudget(20_000_000))
    wanted = {(claim.kind, claim.name) for claim in model.claims if claim.kind != "possible"}
    assert proved == wanted


@pytest.mark.parametrize("model", GOOD, ids=lambda model: model.name)
def test_a_search_agrees_and_shows_that_each_can_end(model: Model) -> None:
    space = Space(model)
    assert space.is_complete
    assert all(space.violation(claim) is None for claim in model.claims)


def test_every_faulty_pattern_is_expected() -> None:
    assert set(EXPECTED) == {p.stem for p in FAULTY.glob("*.toml")} - {"expected"}
    assert {model.name for name in EXPECTED for model in models(FAULTY / f"{name}.toml")} == {
        model.name for model in GOOD
    }


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_faulty_patterns_are_refuted_with_a_shortest_run(name: str) -> None:
    (model,) = models(FAULTY / f"{name}.toml")
    space = Space(model)
    found = {}
    for claim in model.claims:
        if claim.kind == "lemma" or (claim.kind == "possible" and not space.is_complete):
            continue
        run = space.violation(claim)
        if run is not None:
            assert accepts(model, run, claim, Z3Solver(), SolverBudget())
            found[f"{claim.kind} {claim.name}"] = len(run.steps)
            if claim.kind == "always" and len(run.steps) <= 3:
                assert not reachable(model, claim, len(run.steps) - 1)
                assert reachable(model, claim, len(run.steps))
    assert found == EXPECTED[name]


def reachable(model: Model, claim: ModelClaim, steps: int) -> bool:
    """Whether some run of at most so many steps breaks a claim, by unrolling the actions."""
    terms: list[Term] = []
    names: dict[str, Symbol] = {}
    for one in model.parameters:
        names[one.name] = unknown(one.kind, one.name, terms)
        terms += ranged(names[one.name], one.range)
    if model.assume is not None:
        terms.append(truth(model.assume, names))
    states = [translate(model.start, names)]
    broken = [NegatedTerm(truth(claim.text, {**names, "x": states[0]}))]
    for step in range(steps):
        after = unknown(model.state, f"x{step}", terms)
        ways: list[Term] = []
        for action in model.actions:
            scope = {**names, "x": states[-1]}
            parts: list[Term] = []
            for one in action.inputs:
                scope[one.name] = unknown(one.kind, f"{step}.{action.name}.{one.name}", terms)
                parts += ranged(scope[one.name], one.range)
            if action.when is not None:
                parts.append(truth(action.when, scope))
            parts.append(same(translate(action.to, scope), after))
            ways.append(Conjunction(tuple(parts)))
        earlier = Disjunction(tuple(broken))
        terms.append(Disjunction((earlier, *ways)))
        states.append(after)
        broken.append(NegatedTerm(truth(claim.text, {**names, "x": after})))
    premises = [
        Premise(str(i), term) for i, term in enumerate([*terms, Disjunction(tuple(broken))])
    ]
    answer = Z3Solver().check(premises, SolverBudget(50_000_000))
    return isinstance(answer, Sat)


def same(left: Symbol, right: Symbol) -> Term:
    from tellverify.models.symbols import equal

    return equal(left, right)


def ranged(symbol: Symbol, limits: tuple[int, int] | None) -> list[Term]:
    from tellverify.models.symbols import Scalar

    if limits is None or not isinstance(symbol, Scalar):
        return []
    return [
        NegatedTerm(Less(symbol.term, Int(limits[0]))),
        NegatedTerm(Less(Int(limits[1]), symbol.term)),
    ]


def test_a_wrong_run_is_not_accepted() -> None:
    (model,) = models(FAULTY / "retry_of_hard_errors.toml")
    space = Space(model)
    claim = next(claim for claim in model.claims if claim.name == "hard_errors_end_it")
    run = space.violation(claim)
    assert run is not None
    shorter = msgspec.structs.replace(run, steps=run.steps[:-1])
    assert not accepts(model, shorter, claim, Z3Solver(), SolverBudget())
    moved = msgspec.structs.replace(run, parameters={**run.parameters, "base": 0})
    assert not accepts(model, moved, claim, Z3Solver(), SolverBudget())


def test_a_check_has_verdicts_and_evidence() -> None:
    path = (ROOT / "specs" / "patterns" / "resilience.toml").as_posix()
    run = check_patterns([inputs.read_any(path)], Options()).run
    outcomes = [v.outcome for p in run.protocols for v in p.verdicts]
    assert all(isinstance(one, Proved | Bounded) for one in outcomes)
    assert sum(isinstance(one, Bounded) for one in outcomes) == 4  # what is possible
    path = (FAULTY / "breaker_never_closes.toml").as_posix()
    checked = check_patterns([inputs.read_any(path)], Options(keep_graphs=True))
    refuted = [
        v.name for p in checked.run.protocols for v in p.verdicts if isinstance(v.outcome, Refuted)
    ]
    assert refuted == ["claim[possible can_close_again]"]
    (files,) = checked.files.values()
    (trace,) = [text for _, name, text in files if name.endswith(".itf.json")]
    states = json.loads(trace)["states"]
    assert [state["#meta"]["action"] for state in states] == ["", "fail"]
    assert states[1]["mode"] == "open"
    assert states[0]["recovery"] == {"#bigint": "0"}


HEAD = 'schema = "tellverify/patterns-1"\n[pattern.P]\n'
BODY = 'state = "{n: nat}"\nstart = "{n: 0}"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`schema` must be"),
        (HEAD + 'state = "nat"\n', "the key `start` of `pattern"),
        (HEAD + BODY + 'parameters = "k: nat"\n', "the number `k` needs a range"),
        (HEAD + BODY + 'parameters = "x: bool"\n', "`x` is the state"),
        (HEAD + BODY + 'parameters = "k: nat"\nranges = {k = [2, 1]}\n', "a range is"),
        (HEAD + BODY + 'parameters = "k: nat"\nranges = {k = [-1, 1]}\n', "a number from 0"),
        (HEAD + BODY + "ranges = {k = [0, 1]}\n", "there is no number `k`"),
        (HEAD + BODY + '[pattern.P.always]\nc = "x.m"\n', "has no field `m`"),
        (HEAD + BODY + "[pattern.P.always]\nc = 3\n", "has to be a string, not an integer"),
        (HEAD + BODY + '[pattern.P.action.a]\nwhen = "true"\n', "the key `to` of `pattern"),
        (HEAD + BODY + '[pattern.P.action.a]\nto = "x"\nif = "x"\n', "there is no key `if`"),
    ],
)
def test_bad_models_are_refused_with_their_place(text: str, message: str) -> None:
    found = read_models("x.toml", text)
    assert found.found == ()
    assert message in found.faults[0].message.lower().replace("`p.", "`")


def test_spaces_that_are_too_large_are_not_claimed() -> None:
    text = HEAD + BODY + '[pattern.P.action.a]\nto = "{n: x.n + 1}"\n[pattern.P.always]\n'
    (model,) = read_models("x.toml", text + 'c = "x.n != 7"\n').found
    space = Space(model)
    assert not space.is_complete
    run = space.violation(model.claims[0])
    assert run is not None
    assert len(run.steps) == 7


def test_choices_are_all_values_in_their_ranges() -> None:
    text = HEAD + BODY + 'parameters = "k: nat, b: bool"\nranges = {k = [1, 3]}\n'
    (model,) = read_models("x.toml", text).found
    assert len(list(choices(model.parameters))) == 6


@pytest.mark.parametrize("name", sorted(name for name in EXPECTED if name.startswith("guide_")))
def test_the_shortest_runs_of_the_code_of_the_guide_are_committed(name: str) -> None:
    path = f"counterexamples/patterns/{name}.toml"
    checked = check_patterns([inputs.read_any((ROOT / path).as_posix())], Options())
    told = [
        [one.message, *(note for note in one.notes if not note.endswith("expects this"))]
        for one in checked.run.findings
    ]
    text = "\n\n".join("\n  ".join(lines) for lines in told) + "\n"
    assert len(told) == len(EXPECTED[name])
    assert text == (FAULTY / "runs" / f"{name}.txt").read_text("utf-8")


def test_the_actions_of_anti_entropy_are_the_messages_of_its_protocol() -> None:
    text = (ROOT / "examples" / "guide" / "anti_entropy.tell").read_text("utf-8")
    (model,) = (model for model in GOOD if model.name == "AntiEntropy")
    sent = [action.name for action in model.actions if action.name[0].isupper()]
    assert re.findall(r"-> \w+ : (\w+)", text) == sent
