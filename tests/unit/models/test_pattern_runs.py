"""Runs of patterns in files: what is written is accepted again, and every forged one is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tellverify.models.pattern_model import Model, ModelClaim, read_models
from tellverify.models.pattern_replay import NoSuchRun, replayed_run
from tellverify.models.pattern_search import Space
from tellverify.models.pattern_traces import write_run
from tellverify.verification.pattern_evidence import FalseRun, is_pattern_run, replayed_pattern

FAULTY = sorted((Path(__file__).parents[3] / "counterexamples" / "patterns").glob("*.toml"))
COUNTER = """\
schema = "tellverify/patterns-1"

[pattern.Counter]
parameters = "most: nat"
ranges = { most = [1, 2] }
assume = "most >= 1"
state = "{n: nat, seen: map(2, nat), locked: bool}"
start = "{n: 0, seen: empty(), locked: false}"

[pattern.Counter.action.add]
inputs = "by: nat"
ranges = { by = [0, 2] }
when = "not x.locked"
to = "x with {n: x.n + by}"

[pattern.Counter.action.lock]
when = "x.n > most"
to = "x with {locked: true}"

[pattern.Counter.always]
small = "x.n <= most + 1"

[pattern.Counter.possible]
none_left = "x.n == 0"
"""


def only(text: str) -> Model:
    found = read_models("x.toml", text)
    assert not found.faults
    return found.found[0]


def claim_of(model: Model, name: str) -> ModelClaim:
    return next(claim for claim in model.claims if claim.name == name)


def written(model: Model, name: str) -> str:
    claim = claim_of(model, name)
    run = Space(model, [claim]).violation(claim)
    assert run is not None
    return write_run(model, run, claim, "x.toml", "0" * 64)


def rejected(model: Model, text: str) -> str:
    try:
        replayed_run(text.encode(), model)
    except NoSuchRun as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def counter() -> Model:
    return only(re.sub(r"\[pattern.Counter.possible\]\n.*\n", "", COUNTER))


def test_the_runs_of_all_faulty_patterns_are_accepted() -> None:
    tried = 0
    for path in FAULTY:
        for model in read_models(path.name, path.read_text("utf-8")).found:
            claims = [claim for claim in model.claims if claim.kind != "lemma"]
            space = Space(model)
            for claim in claims:
                if claim.kind == "possible" and not space.is_complete:
                    continue
                run = space.violation(claim)
                if run is not None:
                    text = write_run(model, run, claim, "x.toml", "0" * 64)
                    assert is_pattern_run(text.encode())
                    assert replayed_run(text.encode(), model) == (run, claim)
                    tried += 1
    assert tried > 12


def change(at: int, name: str, value: object) -> Callable[[Any], None]:
    def made(document: Any) -> None:
        row = document["states"][at]
        row["#meta"][name] = value

    return made


def number(value: int) -> dict[str, str]:
    return {"#bigint": str(value)}


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (lambda d: d["states"][-1].update(n=number(9)), "not those that the steps lead to"),
        (lambda d: d["states"][0].update(most=number(3)), "not among those of the model"),
        (lambda d: d["states"][0].update(most=number(0)), "not among those of the model"),
        (lambda d: d["states"].pop(), "the last state meets `small`"),
        (lambda d: d["states"].pop(1), "not those that the steps lead to"),
        (lambda d: d["states"].clear(), "0 states"),
        (change(1, "action", "multiply"), "there is no action `multiply`"),
        (change(1, "action", "lock"), "`lock` has no such inputs"),
        (change(1, "inputs", {"by": number(3)}), "`add` has no such inputs"),
        (change(1, "inputs", {}), "`add` has no such inputs"),
        (change(0, "action", "add"), "or it has other marks"),
        (lambda d: d["#meta"].update(claim="always large"), "has no claim `always large`"),
        (lambda d: d["#meta"].update(claim="lemma small"), "has no claim `lemma small`"),
        (lambda d: d["#meta"].update(extra="1"), "not a run of a pattern"),
        (lambda d: d["vars"].append("z"), "or it has other marks"),
    ],
)
def test_a_forged_run_is_rejected(counter: Model, forge: Callable[[Any], None], words: str) -> None:
    document = json.loads(written(counter, "small"))
    forge(document)
    assert words in rejected(counter, json.dumps(document, indent=1) + "\n")


def test_the_file_has_one_form(counter: Model) -> None:
    text = written(counter, "small")
    assert rejected(counter, text) == ""
    assert "other marks" in rejected(counter, text + "\n")
    assert "other marks" in rejected(counter, json.dumps(json.loads(text)))


def test_an_action_that_cannot_happen_is_rejected(counter: Model) -> None:
    document = json.loads(written(counter, "small"))
    last = document["states"][-1]
    locked = {**last, "locked": True, "#meta": {"index": 3, "action": "lock", "inputs": {}}}
    more = {**locked, "n": number(6)}
    more["#meta"] = {"index": 4, "action": "add", "inputs": {"by": number(2)}}
    document["states"] += [locked]
    assert rejected(counter, json.dumps(document, indent=1) + "\n") == ""  # longer than it need be
    document["states"] += [more]
    words = rejected(counter, json.dumps(document, indent=1) + "\n")
    assert words == f"state {len(document['states']) - 1}: `add` cannot happen before it"


def test_what_is_said_to_be_out_of_reach_is_so() -> None:
    bounded = COUNTER.replace('when = "not x.locked"', 'when = "not x.locked and x.n < 4"')
    model = only(bounded)
    text = written(model, "none_left")
    assert rejected(model, text) == ""
    document = json.loads(text)
    document["states"].pop()
    assert "can still be reached" in rejected(model, json.dumps(document, indent=1) + "\n")
    reset = only(
        bounded + '\n[pattern.Counter.action.reset]\nto = "x with {n: 0, locked: false}"\n'
    )
    assert "can still be reached" in rejected(reset, text)
    assert "too many states" in rejected(only(COUNTER), text)


def test_the_source_must_be_the_same(tmp_path: Path, counter: Model) -> None:
    source = tmp_path / "x.toml"
    source.write_text(COUNTER, encoding="utf-8")
    text = written(counter, "small").replace("x.toml", source.as_posix())
    with pytest.raises(FalseRun, match="changed since"):
        replayed_pattern(text.encode())
    assert replayed_pattern(text.encode(), str(source)).claim.name == "small"
    other = text.replace('"Counter"', '"Meter"')
    with pytest.raises(FalseRun, match="no pattern `Meter`"):
        replayed_pattern(other.encode(), str(source))
