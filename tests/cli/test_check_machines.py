"""`check --machines`: the page about it, the pages of its codes, round trips and bad input."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_examples import fenced

from tellverify.cli.group import run
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import page

ROOT = Path(__file__).resolve().parents[2]
THREE = "protocol P =\n  roles A, B, C\n  A -> B : Go\n  B -> C : Go\n"
PAGE = (ROOT / "docs" / "model-checking.md").read_text(encoding="utf-8")


def tellverify(folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and all output; a defect of tellverify is exit 70, and nothing passes that."""
    here = os.getcwd()
    out = io.StringIO()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = run(arguments)
    finally:
        os.chdir(here)
    assert code != 70, out.getvalue()
    return code, out.getvalue()


def fences(text: str) -> Iterator[tuple[str, str]]:
    """The info string and the content of each fenced block."""
    yield from re.findall(r"^```(.+)\n((?:.*\n)*?)```$", text, flags=re.MULTILINE)


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    shown = 0
    for info, content in fences(PAGE):
        name = info.partition(" ")[2]
        if name:
            (tmp_path / name).write_text(content, encoding="utf-8")
            continue
        code, said = 0, ""
        for line in content.splitlines():
            if line.startswith("$ tellverify "):
                command, _, target = line.removeprefix("$ tellverify ").partition(" > ")
                code, said = tellverify(tmp_path, *shlex.split(command))
                if target:
                    (tmp_path / target).write_text(said, encoding="utf-8")
            elif line.startswith("exit "):
                assert code == int(line.removeprefix("exit "))
                shown += 1
            else:
                assert any(each.startswith(line) for each in said.splitlines()), (line, said)
    assert shown >= 6


@pytest.mark.parametrize("number", ["TV551", "TV552", "TV553", "TV554"])
def test_pages_of_codes_show_a_wrong_and_a_right_file(number: str, tmp_path: Path) -> None:
    found = page(CODES[number])
    assert found is not None
    wrong, right = fenced(found.text, "json")
    for name, text in (("wrong.json", wrong), ("right.json", right)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert f"[{number}]" in tellverify(tmp_path, "check", "--machines", "wrong.json")[1]
    assert number not in tellverify(tmp_path, "check", "--machines", "right.json")[1]


def test_the_page_of_endless_runs_shows_one(tmp_path: Path) -> None:
    found = page(CODES["TV523"])
    assert found is not None
    wrong, right = fenced(found.text, "text")
    answers = []
    for name, text in (("wrong.tell", wrong), ("right.tell", right)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        answers.append(tellverify(tmp_path, "check", name, "--property", "terminates"))
    assert answers[0][0] == 1 and "error[TV523]" in answers[0][1]
    assert answers[1][0] == 0 and "proved    terminates" in answers[1][1]


@pytest.mark.parametrize("form", ["bridge", "derived", "machine"])
@pytest.mark.parametrize("spec", ["invitation_exchange", "consensus", "guardian_ceremony"])
def test_what_project_writes_can_be_checked(spec: str, form: str, tmp_path: Path) -> None:
    source = str(ROOT / "specs" / f"{spec}.tell")
    code, text = tellverify(tmp_path, "project", source, "--format", form)
    assert code == 0
    (tmp_path / "roles.json").write_text(text, encoding="utf-8")
    code, said = tellverify(tmp_path, "check", "--machines", "roles.json", source, "-v")
    assert code == 0, said
    assert "fidelity" in said and "0 refuted" in said and "0 unknown" in said


def write(folder: Path, name: str, value: object) -> str:
    (folder / name).write_text(json.dumps(value), encoding="utf-8")
    return name


SEND = {"kind": "send", "partner": "B", "branches": []}


def talk(kind: str, peer: str, label: str) -> dict[str, object]:
    branch = {"label": {"name": label}, "continuation": {"kind": "end"}}
    return {"kind": kind, "partner": peer, "branches": [branch]}


def test_roles_may_be_in_several_files(tmp_path: Path) -> None:
    a = write(tmp_path, "a.json", {"A": talk("send", "B", "Go")})
    b = write(tmp_path, "b.json", [{"role": "B", "localType": talk("recv", "A", "Go")}])
    assert tellverify(tmp_path, "check", "--machines", a, "--machines", b)[0] == 0
    code, said = tellverify(tmp_path, "check", "--machines", a)
    assert (
        code == 1 and "error[TV554]: `/A`: `A` communicates with `B`, which has no machine" in said
    )
    twice = write(tmp_path, "c.json", {"B": {"kind": "end"}})
    files = ("--machines", a, "--machines", b, "--machines", twice)
    code, said = tellverify(tmp_path, "check", *files)
    assert code == 1 and "a second machine of `B`; the first is in `b.json`" in said


def test_a_role_of_the_choreography_without_a_machine_is_told(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(
        "protocol P =\n  roles A, B, C\n  A -> B : Go\n  B -> C : Go\n"
    )
    files = {"A": talk("send", "B", "Go"), "B": talk("recv", "A", "Go")}
    name = write(tmp_path, "m.json", files)
    code, said = tellverify(tmp_path, "check", "--machines", name, "p.tell")
    assert code == 1 and "error[TV554]: `C` of `P` has no machine" in said


def test_bad_files_are_told_without_a_traceback(tmp_path: Path) -> None:
    rng = random.Random(7)
    good = json.dumps({"A": talk("send", "B", "Go"), "B": talk("recv", "A", "Go")}).encode()
    files = [
        b"",
        b"\xff\xfe",
        b"null",
        b'{"A":' * 5_000,
        b"[" * 300_000,
        b'"' + b"x" * 10**7 + b'"',
    ]
    for _ in range(150):
        changed = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(changed))
            if rng.random() < 0.5:
                del changed[place : place + rng.randint(1, 8)]
            else:
                changed[place] = rng.choice(b'{}[]":,0AB\\nul')
        files.append(bytes(changed))
    for content in files:
        (tmp_path / "m.json").write_bytes(content)
        code, said = tellverify(tmp_path, "check", "--machines", "m.json", "--format", "concise")
        assert code in (0, 1, 3), (content[:200], said)
        assert code == 0 or "TV" in said
    for missing in ("nowhere.json", "."):
        assert tellverify(tmp_path, "check", "--machines", missing)[0] == 1


def test_a_large_file_is_read(tmp_path: Path) -> None:
    moves = [[{"action": "send", "peer": "B", "label": "m", "to": i + 1}] for i in range(4_000)]
    states = [{"final": False, "moves": row} for row in moves] + [{"final": True, "moves": []}]
    a = {"schema": "tellverify/machine-1", "role": "A", "states": states}
    name = write(tmp_path, "large.json", [a, {"role": "B", "local_type": {"kind": "end"}}])
    code, said = tellverify(
        tmp_path, "check", "--machines", name, "--property", "no-orphan-message"
    )
    assert code == 1 and "TV514" in said


def test_evidence_is_rechecked_and_tampering_is_rejected(tmp_path: Path) -> None:
    waits = {"A": talk("recv", "B", "x"), "B": talk("recv", "A", "y")}
    name = write(tmp_path, "m.json", waits)
    tellverify(tmp_path, "check", "--machines", name, "--evidence", "found", "-q")
    code, said = tellverify(tmp_path, "recheck", "found")
    assert code == 0 and "no-deadlock.itf.json" in said and "machines: 2 roles" in said
    (tmp_path / name).write_text(json.dumps(waits) + " ")
    code, said = tellverify(tmp_path, "recheck", "found")
    assert code == 1 and "m.json changed since its proof was made" in said
    (tmp_path / name).unlink()
    assert "there is no m.json here" in tellverify(tmp_path, "recheck", "found")[1]
    (system,) = (tmp_path / "found").glob("m-*/system.machines.json")
    text = system.read_text()
    for old, new in (
        ('"x"', '"z"'),
        ('"role":"A"', '"role":"B"'),
        ('"final":[1]', '"final":[0,1]'),
        ('[[0,"B"', '[[2,"B"'),
        ("machines-1", "machines-2"),
    ):
        changed = text.replace(old, new, 1)
        assert changed != text
        system.write_text(changed)
        code, said = tellverify(tmp_path, "recheck", "found", "--without-sources")
        assert code == 1 or old == '"x"', (old, said)  # other labels wait just as well
    system.write_text(text)
    assert tellverify(tmp_path, "recheck", "found", "--without-sources")[0] == 0
    (trace,) = (tmp_path / "found").glob("m-*/no-deadlock.itf.json")
    trace.write_text(trace.read_text().replace('"instance":""', '"instance":"D = 2"'))
    code, said = tellverify(tmp_path, "recheck", str(trace), "--without-sources")
    assert code == 1 and "instance: machines have no families" in said


def test_recheck_compares_machines_and_the_protocol_with_their_files(tmp_path: Path) -> None:
    protocol = "protocol P =\n  roles A, B\n  A -> B : Go\n"
    (tmp_path / "p.tell").write_text(protocol)
    name = write(tmp_path, "m.json", {"A": talk("send", "B", "Stop"), "B": talk("recv", "A", "Go")})
    tellverify(tmp_path, "check", "--machines", name, "p.tell", "--evidence", "found", "-q")
    code, said = tellverify(tmp_path, "recheck", "found")
    compared = [line for line in said.splitlines() if line.startswith("compared: ")]
    assert code == 0 and len(compared) == 1
    assert compared[0].endswith(
        ": the machines are those in m.json, and the graph is that of p.tell"
    )
    (system,) = (tmp_path / "found").glob("P-*/system.machines.json")
    text = system.read_text()
    old = hashlib.sha256(protocol.encode()).hexdigest()
    other = protocol.replace("Go", "Gone")
    (tmp_path / "p.tell").write_text(other)
    system.write_text(text.replace(old, hashlib.sha256(other.encode()).hexdigest()))
    code, said = tellverify(tmp_path, "recheck", "found")
    assert code == 1 and "p.tell: the graph is not that of the text" in said
    (tmp_path / "p.tell").write_text(protocol)
    system.write_text(
        text.replace('"label":"Stop"', '"label":"Halt"').replace('"Stop",', '"Halt",')
    )
    code, said = tellverify(tmp_path, "recheck", str(system))
    assert code == 1 and "m.json: the machines are not those of the file" in said


def test_runs_are_replayed_by_the_machines_beside_them(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text("protocol P =\n  roles A, B\n  A -> B : Go\n")
    name = write(tmp_path, "m.json", {"A": talk("send", "B", "Stop"), "B": talk("recv", "A", "Go")})
    tellverify(tmp_path, "check", "--machines", name, "p.tell", "--evidence", "found", "-q")
    traces = sorted((tmp_path / "found").glob("*/*.itf.json"))
    assert {trace.name for trace in traces} >= {"fidelity.itf.json", "can-terminate.itf.json"}
    for trace in traces:
        code, said = tellverify(tmp_path, "replay", str(trace))
        assert code == 0 and "accepted: 1 step" in said, said
    (system,) = (tmp_path / "found").glob("P-*/system.machines.json")
    text = system.read_text()
    for changed in ("", "[]", text.replace('"states":2', '"states":999999999'), text[:-9]):
        system.write_text(changed)
        assert tellverify(tmp_path, "replay", str(traces[0]))[0] == 1


def test_reports_of_all_kinds_have_the_verdicts(tmp_path: Path) -> None:
    name = write(tmp_path, "m.json", {"A": talk("recv", "B", "x"), "B": talk("recv", "A", "y")})
    kinds = ("json", "markdown")
    reports = [f"--report={kind}={kind}.out" for kind in kinds]
    tellverify(tmp_path, "check", "--machines", name, *reports, "--format", "none")
    for kind in kinds:
        assert "no-deadlock" in (tmp_path / f"{kind}.out").read_text(encoding="utf-8")


def sorted_file(left: str, right: str) -> str:
    def choice(kind: str, partner: str, sort: str) -> dict[str, object]:
        label = {"name": "V", "sort": sort}
        branch = {"label": label, "continuation": {"kind": "end"}}
        return {"kind": kind, "partner": partner, "branches": [branch]}

    return json.dumps({"A": choice("send", "B", left), "B": choice("recv", "A", right)})


@pytest.mark.parametrize(("left", "right", "code"), [("nat", "nat", 0), ("nat", "bool", 1)])
def test_one_label_has_payloads_of_one_sort(
    tmp_path: Path, left: str, right: str, code: int
) -> None:
    (tmp_path / "m.json").write_text(sorted_file(left, right), encoding="utf-8")
    answered, said = tellverify(tmp_path, "check", "--machines", "m.json")
    assert answered == code
    differs = "has the sort bool here and nat elsewhere" in said
    assert differs == (code == 1) and ("TV553" in said) == differs
    assert ("proved    no-deadlock" in said) != differs


def test_the_finding_on_termination_points_at_a_role_that_cannot_stop(tmp_path: Path) -> None:
    """The sink may stop from the beginning; the role behind it waits for what nobody sends."""
    tick = {"peer": "", "label": "tick", "to": 0}

    def machine(role: str, *states: tuple[bool, list[dict[str, object]]]) -> str:
        rows = [{"final": final, "moves": moves} for final, moves in states]
        return json.dumps({"schema": "tellverify/machine-1", "role": role, "states": rows})

    lines = [
        machine("Feed", (True, [{**tick, "action": "send", "peer": "Sink"}])),
        machine("Sink", (True, [{**tick, "action": "receive", "peer": "Feed"}])),
        machine(
            "Late",
            (False, [{"action": "receive", "peer": "Sink", "label": "word", "to": 1}]),
            (True, []),
        ),
    ]
    (tmp_path / "m.json").write_text("\n".join(lines))
    _, said = tellverify(
        tmp_path, "check", "--machines", "m.json", "--property", "can-terminate", "--isolated"
    )
    assert "TV522" in said and " --> m.json:3:" in said and "the machine of `Late`" in said
