"""Properties and witnesses as a user sees them: exit codes, files, replay and recheck."""

from __future__ import annotations

import contextlib
import io
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tellverify.cli import group

SHOP = """-- tell: property paid: eventually Pay
-- tell: property once: at most once Order
-- tell: property first: Accept only after Refuse
protocol Shop =
  roles Buyer, Seller
  rec Again
    Buyer -> Seller : Order
    choice Seller at
      | Accept =>
          Seller -> Buyer : Accept
          Buyer -> Seller : Pay
      | Refuse =>
          Seller -> Buyer : Refuse
          continue Again
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.tell"
    path.write_text(SHOP, encoding="utf-8")
    return path


class Done(NamedTuple):
    return_value: int
    output: str


def run(*arguments: str) -> Done:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = group.run(list(arguments))
    return Done(code, out.getvalue())


def code(*arguments: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode


def test_a_witness_is_drawn_and_answers_by_the_exit_code(shop: Path) -> None:
    found = run("check", "shop.tell", "--witness", "Seller -> Buyer : Refuse")
    assert found.return_value == 0
    assert "witness: `reachable[Seller -> Buyer : Refuse]` of `Shop` is reached in 3 events" in (
        found.output
    )
    assert "branch Refuse" in found.output
    none = run("check", "shop.tell", "--witness", "Buyer -> Seller : Refuse")
    assert none.return_value == 1
    assert "TV622" in none.output
    assert code("check", "shop.tell", "--witness", "Buyer -> Seller : Refund") == 2
    assert code("check", "shop.tell", "--witness", "Buyer ->") == 2
    assert code("check", "shop.tell", "--witness", "eventually Pay") == 2


def test_evidence_of_properties_is_replayed_and_rechecked(shop: Path) -> None:
    run("check", "-q", "shop.tell", "--evidence", "ev")
    run("check", "-q", "shop.tell", "--evidence", "ev", "--witness", "branch Accept")
    traces = sorted(Path("ev").glob("Shop-*/*.itf.json"))
    assert len(traces) == 4
    again = run("recheck", "ev")
    assert again.return_value == 0, again.output
    for trace in traces:
        assert run("replay", str(trace), "shop.tell").return_value == 0, trace


def test_equal_checks_write_equal_evidence(shop: Path) -> None:
    for folder in ("one", "two"):
        run("check", "-q", "shop.tell", "--evidence", folder)
    for one in sorted(Path("one").rglob("*.json")):
        assert one.read_bytes() == (Path("two") / one.relative_to("one")).read_bytes()


def changed(value: object, rng: random.Random) -> object:
    """`value` with one entry changed, dropped or doubled."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-1, 1))
    if isinstance(value, str):
        return rng.choice(("Pay", "Accept", "Buyer", "Seller", "*", "send", "receive", "until", ""))
    if isinstance(value, list):
        if not value or rng.random() < 0.3:
            return [*value, *value[:1], []] if rng.random() < 0.5 else value[1:]
        place = rng.randrange(len(value))
        return [changed(v, rng) if n == place else v for n, v in enumerate(value)]
    if isinstance(value, dict) and value:
        key = rng.choice(sorted(value))
        if rng.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {k: changed(v, rng) if k == key else v for k, v in value.items()}
    return None


def test_a_tampered_formula_is_rejected(shop: Path) -> None:
    from tellverify.evidence.recheck.evidence_files import recheck
    from tellverify.evidence.recheck.graph import Rejected

    run("check", "-q", "shop.tell", "--evidence", "ev")
    for path in sorted(Path("ev").glob("Shop-*/*.itf.json")):
        before = path.read_text("utf-8")
        assert recheck(str(path))
        lines = before.split("\n")
        meta = json.loads(lines[1].removeprefix('"#meta": ').removesuffix(","))
        for seed in range(150):
            rng = random.Random(seed)
            key = rng.choice(("formula", "fault", "code", "obligation", "statement", "culprits"))
            wrong = {**meta, key: changed(meta[key], rng)}
            if wrong == meta:
                continue
            said = json.dumps(wrong, separators=(",", ":"), ensure_ascii=False)
            path.write_text("\n".join([lines[0], f'"#meta": {said},', *lines[2:]]), "utf-8")
            if key == "obligation" and str(wrong[key]).startswith("property["):
                continue  # another name of a property that the file states in full
            with pytest.raises(Rejected):
                recheck(str(path))
        path.write_text(before, "utf-8")


def test_a_run_of_a_property_is_rejected_when_it_is_cut_or_does_not_repeat(shop: Path) -> None:
    from tellverify.evidence.recheck.evidence_files import recheck
    from tellverify.evidence.recheck.graph import Rejected

    run("check", "-q", "shop.tell", "--evidence", "ev")
    path = next(Path("ev").glob("Shop-*/property.paid.itf.json"))
    before = path.read_text("utf-8")
    assert '"loop": ' in before
    for loop in range(-1, 12):
        number = before.rpartition('"loop": ')[2].split("\n")[0]
        if str(loop) == number:
            continue
        tail = f'"loop": {loop}' if loop >= 0 else '"params": []'
        path.write_text(before.replace(f'"loop": {number}', tail), "utf-8")
        with pytest.raises(Rejected):
            recheck(str(path))


def test_coverage_is_shown_on_request(shop: Path) -> None:
    assert "coverage" not in run("check", "shop.tell").output
    shown = run("check", "-v", "shop.tell").output
    assert "coverage, of 2 runs" in shown
    report = json.loads(run("check", "shop.tell", "--format", "json").output)
    assert report["protocols"][0]["coverage"]["runs"] == 2
    vacuous = {v["id"].rpartition("/")[2]: v["vacuity"] for v in report["protocols"][0]["verdicts"]}
    assert vacuous["property[once]"] == "exercised"


BRANCHES = """-- tell: property other: never (Seller takes Accept and No)
-- tell: property same: never (Seller takes Refuse and No)
-- tell: property role: never (Buyer takes Keep and No)
protocol Shop =
  roles Buyer, Seller
  choice Seller at
    | Accept =>
        Seller -> Buyer : Yes
        choice Buyer at
          | Keep =>
              Buyer -> Seller : Kept
          | Return =>
              Buyer -> Seller : Returned
    | Refuse =>
        Seller -> Buyer : No
"""


def test_a_property_of_a_branch_is_about_that_branch_of_that_role(shop: Path) -> None:
    shop.write_text(BRANCHES, encoding="utf-8")
    report = json.loads(run("check", "shop.tell", "--format", "json").output)
    states = {
        v["id"].rpartition("/")[2]: v["outcome"]["status"]
        for v in report["protocols"][0]["verdicts"]
    }
    found = {name: states[f"property[{name}]"] for name in ("other", "same", "role")}
    assert found == {"other": "proved", "same": "refuted", "role": "proved"}
