"""`recheck` compares the graph of every kind of evidence with the source it names."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PING = "protocol Ping =\n  roles A, B\n\n  A -> B : Ping\n  B -> A : Pong\n"
STUCK = (ROOT / "counterexamples" / "stuck_after_stop.tell").read_text("utf-8").partition("\n")[2]
FAMILY = """protocol Fleet =
  roles Hub, D[n]

  Hub -> D[*] : Go
  D[*] -> Hub : Done
"""


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tellverify", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def passed_off(folder: Path, made_of: str, said_of: str, name: str) -> Path:
    """A file of evidence made of one text, that names and sums another one at the same path."""
    source = folder / "p.tell"
    source.write_text(made_of, encoding="utf-8")
    run(folder, "check", "p.tell", "--evidence", "out")
    source.write_text(said_of, encoding="utf-8")
    (path,) = (folder / "out").glob(f"*/{name}")
    old, new = (hashlib.sha256(text.encode()).hexdigest() for text in (made_of, said_of))
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


CERTIFICATE = "implementable.certificate.json"


def test_the_comparison_has_a_line_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(PING, encoding="utf-8")
    run(tmp_path, "check", "p.tell", "--evidence", "out")
    code, said = run(tmp_path, "recheck", "out")
    first, second, last = said.splitlines()
    assert code == 0 and last == "1 accepted, 0 rejected"
    assert first.startswith("accepted: out/Ping-") and first.endswith(": implementable")
    assert second.startswith("compared: out/Ping-")
    assert second.endswith(": the graph is that of `Ping` in p.tell")


@pytest.mark.parametrize(
    "other",
    [
        PING.replace("Pong", "Ping2"),
        PING + "  A -> B : More\n",
        PING.replace("roles A, B", "roles A, B, C"),
        PING.replace("A -> B : Ping\n  B -> A : Pong", "B -> A : Ping\n  A -> B : Pong"),
    ],
)
def test_a_certificate_of_another_graph_is_rejected(tmp_path: Path, other: str) -> None:
    path = passed_off(tmp_path, PING, other, CERTIFICATE)
    code, said = run(tmp_path, "recheck", str(path))
    assert code == 1 and "p.tell: the graph is not that of the text" in said
    code, said = run(tmp_path, "recheck", str(path), "--without-sources")
    assert code == 0 and "implementable (of the graph in the file)" in said


def test_one_instance_of_another_graph_is_rejected(tmp_path: Path) -> None:
    other = FAMILY.replace("D[*] -> Hub : Done", "D[0] -> Hub : Done")
    path = passed_off(tmp_path, FAMILY, other, CERTIFICATE)
    code, said = run(tmp_path, "recheck", str(path))
    assert code == 1 and "p.tell: `D[0]` is not generic" in said


def test_a_source_that_does_not_parse_is_rejected(tmp_path: Path) -> None:
    path = passed_off(tmp_path, PING, PING + "  A -> : Odd\n", CERTIFICATE)
    code, said = run(tmp_path, "recheck", str(path))
    assert code == 1 and "source: p.tell: it has errors: " in said


def test_a_trace_rests_on_the_graph_beside_it(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(STUCK, encoding="utf-8")
    run(tmp_path, "check", "p.tell", "--evidence", "out")
    trace = sorted((tmp_path / "out").glob("*/*.itf.json"))[0]
    code, said = run(tmp_path, "recheck", str(trace))
    assert code == 0 and said.count("compared: ") == 1 and "protocol.graph.json" in said
    code, said = run(tmp_path, "recheck", "out")
    assert code == 0 and said.count("protocol.graph.json: the graph is that of") == 1


def test_a_trace_beside_another_graph_is_rejected(tmp_path: Path) -> None:
    other = "\n" + STUCK
    graph = passed_off(tmp_path, STUCK, other, "protocol.graph.json")
    trace = sorted(graph.parent.glob("*.itf.json"))[0]
    for path in (graph, trace):
        code, said = run(tmp_path, "recheck", str(path))
        assert code == 1 and "an event does not come from the line that is given" in said


def test_a_budget_of_another_graph_is_rejected(tmp_path: Path) -> None:
    priced = "protocol P =\n  roles A, B\n\n  A { flow_cost : 3 } -> B : M\n  B -> A : N\n"
    path = passed_off(tmp_path, priced, priced.replace(": N", ": O"), "budgets.json")
    code, said = run(tmp_path, "recheck", str(path))
    assert code == 1 and "the graph is not that of the text" in said


PRICED = """protocol P =
  roles A, B, D[N]
  A { flow_cost : 3 } -> B : M
  A { flow_cost : 4 } -> B : N
  B -> A : O
  A -> D[*] : Q
"""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (  # consistent by itself: total, costs, potential and run
            '"budget[A]","total":"7","costs":[[0,"3"],[1,"4"]],"potential":["7","4",',
            '"budget[A]","total":"5","costs":[[0,"3"],[1,"2"]],"potential":["5","2",',
            "the costs of `budget[A]` are not those that the text states",
        ),
        (
            '"7","costs":[[0,"3"],[1,"4"]],"potential":["7","4","0","0","0"],"run":[0,1]',
            '"0","costs":[],"potential":["0","0","0","0","0"],"run":[]',
            "the costs of `budget[A]` are not those that the text states",
        ),
        ('"budget[A]"', '"budget[B]"', "`budget[B]` is charged for what others send"),
        ('"budget[A]"', '"budget[Z]"', "`budget[Z]` is no budget of its roles"),
        ('"budget[A]"', '"no-deadlock"', "`no-deadlock` is no budget of its roles"),
        ('"instance":"D = 1"', '"instance":"D  = 1"', "is no choice of sizes"),
        ('"instance":"D = 1"', '"instance":"D = 2"', "one instance is listed twice"),
        ('"instance":"D = 1"', '"instance":"D = 4"', "the graph at D = 4 is not that of the text"),
    ],
)
def test_a_budget_has_the_costs_of_its_text(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    (tmp_path / "p.tell").write_text(PRICED, encoding="utf-8")
    run(tmp_path, "check", "p.tell", "--evidence", "ev", "--isolated")
    (path,) = (tmp_path / "ev").glob("*/budgets.json")
    code, said = run(tmp_path, "recheck", str(path))
    assert code == 0 and "and so are the costs that it states" in said
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, said = run(tmp_path, "recheck", str(path))
    assert code == 1 and reason in said, said
