"""The command `recheck`: what it accepts, what it says of what it rejects, its exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tellverify.evidence.certificate import Certificate, write_certificate

ROOT = Path(__file__).parents[2]
PING = "protocol Ping =\n  roles A, B\n\n  A -> B : Ping\n  B -> A : Pong\n"


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def proved(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "ping.tell").write_text(PING, encoding="utf-8")
    assert run(tmp_path, "check", "specs", "--evidence", "proofs")[0] == 0
    return tmp_path


def test_a_fresh_proof_is_accepted(proved: Path) -> None:
    code, said = run(proved, "recheck", "proofs")
    assert code == 0
    assert re.search(r"accepted: proofs/Ping-[0-9a-f]+/implementable\.certificate\.json: ", said)
    assert said.endswith("1 accepted, 0 rejected\n")


def test_a_changed_source_is_rejected_with_what_to_do(proved: Path) -> None:
    (proved / "specs" / "ping.tell").write_text(PING + "\n", encoding="utf-8")
    code, said = run(proved, "recheck", "proofs")
    assert code == 1
    assert (
        "specs/ping.tell changed since its proof was made:"
        " run tellverify check specs --evidence proofs" in said
    )


def test_a_missing_source_is_an_error_unless_it_is_asked_for(proved: Path) -> None:
    (proved / "specs" / "ping.tell").unlink()
    code, said = run(proved, "recheck", "proofs")
    assert code == 1 and "source: there is no specs/ping.tell here" in said
    code, said = run(proved, "recheck", "proofs", "--without-sources")
    assert code == 0 and ": implementable (of the graph in the file)\n" in said
    assert "compared" not in said


def test_the_first_entry_at_fault_is_named(proved: Path) -> None:
    (path,) = (proved / "proofs").glob("Ping-*/implementable.certificate.json")
    path.write_text(path.read_text().replace('"behind":[[0,0]]', '"behind":[[1,1]]', 1))
    code, said = run(proved, "recheck", "proofs")
    assert code == 1 and "rejected: proofs/Ping-" in said
    assert "role `A`, state 0: the initial state is not behind it" in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "truncated"),
        (b"[" * 100_000, ""),
        (b'{"schema":"tellverify/certificate-1"}', "missing required field"),
        (b"\xff\xfe", ""),
    ],
)
def test_other_files_are_rejected(proved: Path, content: bytes, reason: str) -> None:
    (path,) = (proved / "proofs").glob("Ping-*/implementable.certificate.json")
    path.write_bytes(content)
    code, said = run(proved, "recheck", str(path))
    assert code == 1 and said.startswith("rejected: ") and reason in said


def test_another_version_of_the_format_is_rejected(proved: Path) -> None:
    (path,) = (proved / "proofs").glob("Ping-*/implementable.certificate.json")
    path.write_text(path.read_text().replace("certificate-1", "certificate-2"))
    code, said = run(proved, "recheck", "proofs")
    assert code == 1 and "schema: not `tellverify/certificate-1`" in said


def test_nothing_found_and_no_such_file(proved: Path) -> None:
    assert run(proved, "recheck", "specs")[0] == 4
    code, said = run(proved, "recheck", "proofs/nothing.itf.json")
    assert code == 1 and "there is no such file" in said
    assert run(proved, "recheck")[0] == 2


def test_a_trace_of_another_protocol_is_rejected(tmp_path: Path) -> None:
    text = (ROOT / "counterexamples" / "stuck_after_stop.tell").read_text("utf-8")
    (tmp_path / "a.tell").write_text(text, encoding="utf-8")
    run(tmp_path, "check", "a.tell", "--evidence", "found")
    traces = sorted(tmp_path.glob("found/*/*.itf.json"))
    assert traces and run(tmp_path, "recheck", "found")[0] == 0
    value = json.loads(traces[0].read_text())
    old = value["#meta"]["protocol"]
    traces[0].write_text(traces[0].read_text().replace(f'"{old}"', '"Other"'))
    code, said = run(tmp_path, "recheck", "found")
    assert code == 1 and "not one graph of `Other`" in said


FAMILY = """protocol Commit =
  roles Boss, D[N]
  choice Boss at
    | Commit =>
      Boss -> D[*] : Vote
      D[*] -> Boss : Yes
    | Abort =>
      Boss -> D[*] : Abort
"""


@pytest.fixture
def proved_family(tmp_path: Path) -> Path:
    (tmp_path / "commit.tell").write_text(FAMILY, encoding="utf-8")
    assert run(tmp_path, "check", ".", "--require", "proved", "--evidence", "proofs")[0] == 0
    return tmp_path


def test_a_proof_for_every_size_is_compared_with_one_member_more(proved_family: Path) -> None:
    code, said = run(proved_family, "recheck", "proofs")
    assert code == 0
    assert ": implementable for every D >= 1 (graph), by generic member D[1]\n" in said
    assert "commit.tell, also with one member more: every D >= 1\n" in said
    (proved_family / "commit.tell").unlink()
    code, said = run(proved_family, "recheck", "proofs", "--without-sources")
    assert code == 0 and "every D >= 1 (graph), by generic member D[1] (of the graph" in said


def certificate(folder: Path) -> Path:
    (path,) = folder.glob("proofs/Commit-*/implementable.certificate.json")
    return path


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"every":[["D[1]"]]', '"every":[["D[0]"]]', "not the last members"),
        ('"every":[["D[1]"]]', '"every":[["Boss"]]', "not one generic member of each family"),
        ('"every":[["D[1]"]]', '"every":[[]]', "not one generic member of each family"),
    ],
)
def test_a_proof_with_another_generic_member_is_rejected(
    proved_family: Path, old: str, new: str, reason: str
) -> None:
    path = certificate(proved_family)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    for more in ((), ("--without-sources",)):
        code, said = run(proved_family, "recheck", "proofs", *more)
        assert code == 1 and reason in said


def test_a_proof_at_the_wrong_size_is_rejected_by_its_source(proved_family: Path) -> None:
    """With the first size alone the graph holds, and is not that of the text at the next."""
    path = certificate(proved_family)
    forged = {"every": [["D[0]"]], "instances": [0]}
    forge(path, forged)
    assert run(proved_family, "recheck", "proofs", "--without-sources")[0] == 0
    code, said = run(proved_family, "recheck", "proofs")
    assert code == 1
    assert "`D[0]` is not generic: members are treated alike from `D[1]` on" in said


def forge(path: Path, change: dict[str, list[object]]) -> None:
    """Change what a certificate claims; `instances` are those to keep, by number."""
    found = json.loads(path.read_text(encoding="utf-8"))
    kept = [found["instances"][int(str(i))] for i in change.pop("instances")]
    forged = msgspec.convert({**found, **change, "instances": kept}, Certificate)
    path.write_text(write_certificate(forged), encoding="utf-8")


TWO = "protocol Two =\n  roles A, D[N], E[M]\n  A -> D[*] : X\n  A -> E[*] : Y\n  E[*] -> A : Z\n"


def test_equal_sizes_are_not_every_pair_of_sizes(tmp_path: Path) -> None:
    (tmp_path / "two.tell").write_text(TWO, encoding="utf-8")
    assert run(tmp_path, "check", "two.tell", "--evidence", "proofs")[0] == 0
    (path,) = tmp_path.glob("proofs/Two-*/implementable.certificate.json")
    assert run(tmp_path, "recheck", "proofs")[0] == 0
    forge(path, {"every": [["D[0]", "E[0]"]], "instances": [0]})
    code, said = run(tmp_path, "recheck", "proofs", "--without-sources")
    assert code == 0 and "every D = E >= 1" in said
    code, said = run(tmp_path, "recheck", "proofs")
    assert code == 1
    assert "two.tell: the certificate is for the sizes `D = E`, the text has `D, E`" in said


def test_sizes_that_the_text_makes_equal_are_not_apart(tmp_path: Path) -> None:
    (tmp_path / "two.tell").write_text(TWO.replace("M", "N"), encoding="utf-8")
    assert run(tmp_path, "check", "two.tell", "--evidence", "proofs")[0] == 0
    (path,) = tmp_path.glob("proofs/Two-*/implementable.certificate.json")
    forge(path, {"every": [["D[0]"], ["E[0]"]], "instances": [0]})
    assert run(tmp_path, "recheck", "proofs", "--without-sources")[0] == 0
    code, said = run(tmp_path, "recheck", "proofs")
    assert code == 1
    assert "two.tell: the certificate is for the sizes `D, E`, the text has `D = E`" in said


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("  A -> D[5..N] : Late\n", "`D[0]` is not generic: members are treated alike from `D[6]`"),
        ("  D[*] -> D[*] : Hi\n", "`D[*] -> D[*]` lets a family of any size send to itself"),
    ],
)
def test_a_text_that_differs_at_larger_sizes_only_is_another(
    tmp_path: Path, line: str, reason: str
) -> None:
    """The graphs of both texts are equal at the sizes of the certificate and at one more."""
    short = "protocol Wide =\n  roles A, D[N]\n  A -> D[*] : X\n"
    (tmp_path / "wide.tell").write_text(short, encoding="utf-8")
    assert run(tmp_path, "check", "wide.tell", "--evidence", "proofs")[0] == 0
    (path,) = tmp_path.glob("proofs/Wide-*/implementable.certificate.json")
    (tmp_path / "wide.tell").write_text(short + line, encoding="utf-8")
    sums = [hashlib.sha256(text.encode()).hexdigest() for text in (short, short + line)]
    path.write_text(path.read_text("utf-8").replace(*sums), encoding="utf-8")
    assert run(tmp_path, "recheck", "proofs", "--without-sources")[0] == 0
    code, said = run(tmp_path, "recheck", "proofs")
    assert code == 1 and reason in said


def test_proofs_are_of_the_specs_as_they_are(tmp_path: Path) -> None:
    """Every spec has a committed proof, and a check makes the same one, byte for byte."""
    code, _ = run(ROOT, "check", "specs", "--isolated", "--evidence", str(tmp_path), "-q")
    assert code == 0
    made = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.glob("*/*.json")}
    kept = {p.relative_to(ROOT / "proofs").as_posix() for p in (ROOT / "proofs").glob("*/*.json")}
    again = "run tellverify check specs --isolated --evidence proofs"
    assert not sorted(set(made) - kept), f"specs without a proof: {again}"
    assert not sorted(kept - set(made)), "proofs of no spec: remove them"
    for name, path in sorted(made.items()):
        same = path.read_bytes() == (ROOT / "proofs" / name).read_bytes()
        assert same, f"{name} is not what a check makes: {again}"
    sources = {json.loads(path.read_text())["source"] for path in made.values()}
    specs = {f"specs/{path.name}" for path in (ROOT / "specs").glob("*.tell")}
    assert sources == specs, f"specs without a proof: {again}"


def test_committed_proofs_are_accepted() -> None:
    code, said = run(ROOT, "recheck", "proofs", "--quiet")
    assert code == 0, said
    assert os.listdir(ROOT / "proofs")


GUARDED = """protocol Guarded =
  roles A, B
  choice A at
    | Low when (load < 3) =>
      A -> B : Low
    | High when (load >= 3) =>
      A -> B : High
"""


def test_stored_queries_are_put_to_the_solvers_again(tmp_path: Path) -> None:
    (tmp_path / "g.tell").write_text(GUARDED, encoding="utf-8")
    assert run(tmp_path, "check", "g.tell", "--evidence", "proofs")[0] == 0
    code, said = run(tmp_path, "recheck", "proofs")
    assert code == 0
    assert "SMT-LIB scripts not checked" in said
    code, said = run(tmp_path, "recheck", "--smt", "proofs")
    assert code == 0, said
    assert "guards.1.smt2: sat by z3" in said
    assert said.endswith(" 0 rejected\n")
    (script,) = (tmp_path / "proofs").glob("Guarded-*/guards.1.smt2")
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("(< x0 3)", "(< x0 x0)"), encoding="utf-8")
    code, said = run(tmp_path, "recheck", "--smt", "proofs")
    assert code == 1
    assert "guards.1.smt2: script: the script should be sat, z3 finds unsat" in said
    (tmp_path / "g.tell").write_text(GUARDED + "\n", encoding="utf-8")
    assert "changed since this was written" in run(tmp_path, "recheck", "--smt", "proofs")[1]


def test_a_query_of_a_source_that_is_not_there_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "g.tell").write_text(GUARDED, encoding="utf-8")
    assert run(tmp_path, "check", "g.tell", "--evidence", "proofs")[0] == 0
    (script,) = (tmp_path / "proofs").glob("Guarded-*/guards.1.smt2")
    (tmp_path / "g.tell").unlink()
    code, said = run(tmp_path, "recheck", "--smt", str(script))
    assert code == 1 and "there is no g.tell here" in said
    code, said = run(tmp_path, "recheck", "--smt", "--without-sources", str(script))
    assert code == 0 and "(of the query in the file)" in said
