"""Every diagram in a report is one that the real Mermaid package reads.

Needs `node`, and `npm install --no-package-lock` once in this folder.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tellverify.model.fault import Fault
from tellverify.model.site import Site
from tellverify.model.step import Step
from tellverify.model.trace import Trace, Waiting
from tellverify.report.drawing.mermaid import sequence_diagram
from tellverify.report.drawing.workflow_pictures import drawn
from tellverify.report.markup import mermaid
from tellverify.verdict.drawing import PictureOrder, PictureStep, WorkflowPicture

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules" / "mermaid").is_dir(),
    reason="needs node, and `npm install --no-package-lock` in tests/mermaid",
)

WORDS = [
    *("end", "END", "loop", "note", "participant", "activate", "opt", "alt", "par", "rect"),
    *("A;B", "A:B", "a->>b", "x%%y", "#35;", "#", "<b>", "`code`", "\"q'", "{}", "[]", "()", "|"),
    *("漢字", "é", "\u202e", "\n", "\t", " ", "", "-", "--", "+", "x" * 300, "$$x$$", "\\n"),
    *("sequenceDiagram", "%%{init: {}}%%", "links A: {}", "title", "over", "as", "<<fork>>"),
    *("classDef", "state", "click", "Devices[3]", "constructor", "__proto__", "toString", "😀"),
]


def refused(diagrams: list[str]) -> list[tuple[str, str]]:
    """The diagrams that Mermaid does not take, with its reasons."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, str(HERE / "parse.mjs")],
        input=json.dumps(diagrams),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    answers = json.loads(done.stdout)
    return [(text, why) for text, why in zip(diagrams, answers, strict=True) if why]


def tellverify(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    ).stdout


def test_the_parser_refuses_what_is_wrong() -> None:
    assert refused(["sequenceDiagram\n  A->>: x", "stateDiagram-v2\n  [*] -> -> s0"]) != []
    assert refused(["sequenceDiagram\n  A->>B: x"]) == []


def test_diagrams_of_pull_request_reports() -> None:
    page = tellverify("check", "counterexamples", "--report", "markdown=-", "--format", "none")
    diagrams = re.findall(r"^```mermaid\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert len(diagrams) > 5
    assert refused(diagrams) == []


def test_diagrams_of_graphs_and_machines() -> None:
    commands = [
        ("graph", "specs/dkd.tell"),
        ("graph", "specs/consensus.tell"),
        ("machines", "specs/dkd.tell", "--role", "Initiator"),
        ("machines", "specs/dkd.tell", "--role", "Participant"),
    ]
    texts = [tellverify("show", *command, "--format", "mermaid") for command in commands]
    diagrams = [
        f"stateDiagram-v2{part}" for text in texts for part in text.split("stateDiagram-v2")[1:]
    ]
    assert len(diagrams) >= 4
    assert refused(diagrams) == []


def test_diagrams_of_workflows() -> None:
    folders = ("specs/workflows", "counterexamples/workflows")
    paths = [path for one in folders for path in sorted((ROOT / one).glob("*.toml"))]
    diagrams = [
        tellverify("workflow", "show", str(path), "--format", "mermaid")
        for path in paths
        if path.name != "expected.toml"
    ]
    steps = [PictureStep(word, "w", (word,)) for word in WORDS]
    orders = [PictureOrder(0, at, (word,), at % 2 == 0) for at, word in enumerate(WORDS[1:], 1)]
    diagrams.append(drawn([WorkflowPicture("end", tuple(steps), tuple(orders))], "mermaid"))
    assert refused(diagrams) == []


def test_any_name_is_a_name() -> None:
    seed = 20260
    chosen = random.Random(seed)

    def word() -> str:
        return "".join(chosen.choice(WORDS) for _ in range(chosen.randint(1, 3)))

    diagrams = []
    for _ in range(150):
        roles = list(dict.fromkeys(word() for _ in range(chosen.randint(2, 5))))
        if len(roles) < 2:
            continue
        steps = []
        for _ in range(chosen.randint(1, 20)):
            sender, receiver = chosen.sample(roles, 2)
            site = Site(path="p.tell", line=1, branch=chosen.choice(["", word()]))
            steps.append(Step(True, sender, receiver, word(), site))
            if chosen.random() < 0.7:
                steps.append(Step(False, sender, receiver, steps[-1].label, site))
        trace = Trace(
            chosen.choice(list(Fault)),
            tuple(steps),
            (roles[0],),
            word(),
            True,
            loop=chosen.choice([-1, 0, len(steps) - 1]),
            queues=((roles[0], roles[1], (word(),)),),
            waiting=(Waiting(roles[0], False, ((roles[1], word()),)), Waiting(roles[1], True)),
        )
        diagrams.append(sequence_diagram(trace, roles))
    diagrams += [f"stateDiagram-v2\n  s0 --> s1 : {mermaid(one)}" for one in WORDS]
    wrong = refused(diagrams)
    assert wrong == [], f"seed {seed}: {wrong[0]}"
