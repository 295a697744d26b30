"""Arms of machines that nothing triggers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.language.files.inputs import read_any
from tellverify.obligations.options import Options
from tellverify.verification.machine_check import check_machines


def branch(label: str, then: object) -> dict[str, object]:
    return {"label": {"name": label, "sort": "unit"}, "continuation": then}


END = {"kind": "end"}
ANN = {"kind": "send", "partner": "Bob", "branches": [branch("Ping", END)]}


def move(action: str, peer: str, label: str, to: int) -> dict[str, object]:
    return {"action": action, "peer": peer, "label": label, "to": to}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("labels", "extra"),
    [(["Ping"], []), (["Ping", "Reset"], ["Reset"]), (["Stop", "Ping", "Go"], ["Stop", "Go"])],
)
def test_each_arm_is_told_at_its_place(
    tmp_path: Path, own: bool, labels: list[str], extra: list[str]
) -> None:
    bob: object = {"kind": "recv", "partner": "Ann", "branches": [branch(x, END) for x in labels]}
    text = json.dumps({"Ann": ANN, "Bob": bob})
    if own:
        states = [
            {"final": False, "moves": [move("receive", "Ann", x, 1) for x in labels]},
            {"final": True, "moves": []},
        ]
        bob = {"schema": "tellverify/machine-1", "role": "Bob", "states": states}
        text = json.dumps({"Ann": ANN}) + "\n" + json.dumps(bob)
    path = tmp_path / "machines.json"
    path.write_text(text, encoding="utf-8")
    run = check_machines([read_any(str(path))], None, Options()).run
    said = [d for d in run.findings if d.code.number == "TV555"]
    assert [d.message.split("`")[3] for d in sorted(said, key=lambda d: d.primary.span)] == extra
    for found in said:
        place = labels.index(found.message.split("`")[3])
        inner = f"moves/{place}" if own else f"branches/{place}"
        assert inner in found.notes[0]
    assert run.exit_code == 0
