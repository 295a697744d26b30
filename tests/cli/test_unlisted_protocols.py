"""Protocols that a policy does not list: one rule for `check` and `admit`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify

PLAIN = "module parcel exposing (Parcel)\n\nprotocol Parcel =\n  roles A, B\n  A -> B : Note\n"
PACKED = PLAIN.replace("\n\nprotocol Parcel =", '\n\nproof_bundle Seal requires [sealed]\n\n'
                       "protocol Parcel requires Seal =")  # fmt: skip
POLICY = """format = 1
name = "depot"
grants = [{{ key = "sealed", all = ["contract:seal"] }}]

[[consumers]]
name = "launcher"

[[families]]
name = "depot"
inventory = true

[[capabilities]]
key = "sealed"
family = "depot"
consumers = ["launcher"]

[[packs]]
name = "Seal"
status = "active"
declares = ["sealed"]
runtime = ["sealed"]

[[protocols]]
module = "handover"
protocol = "Handover"
packs = ["Seal"]

[[waves]]
name = "all"
admits_packs = true
protocols = ["handover.Handover"]

[[non_goals]]
name = "fixtures"
reason = "fixtures show messages"
files = ["fixtures/parcel.tell"]

[[runtimes]]
name = "full"
facts = ["contract:seal"]

[admission]
runtime = "full"
{setting}
"""
SETTINGS = {"default": "", "refuse": 'unlisted = "refuse"', "note": 'unlisted = "note"'}


@pytest.mark.parametrize(
    ("setting", "path", "text", "code", "number"),
    [
        ("default", "parcel.tell", PLAIN, 1, "TV708"),
        ("refuse", "parcel.tell", PLAIN, 1, "TV708"),
        ("note", "parcel.tell", PLAIN, 0, "TV710"),
        ("note", "parcel.tell", PACKED, 1, "TV708"),
        ("note", "parcel.tell", PLAIN.replace("Parcel", "Handover"), 1, "TV709"),
        ("refuse", "fixtures/parcel.tell", PLAIN, 0, ""),
        ("note", "fixtures/parcel.tell", PLAIN, 0, ""),
        ("note", "fixtures/parcel.tell", PLAIN.replace("Parcel", "Handover"), 0, ""),
        ("note", "fixtures/parcel.tell", PACKED, 1, "TV714"),
        ("refuse", "other-fixtures/parcel.tell", PLAIN, 1, "TV708"),
    ],
)
def test_check_and_admit_agree(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    path: str,
    text: str,
    code: int,
    number: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.toml").write_text(POLICY.format(setting=SETTINGS[setting]), "utf-8")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, "utf-8")
    judged = {}
    for command in ("admit", "check"):
        done = CliRunner().invoke(
            tellverify,
            [command, path, "--policy", "policy.toml", "--format", "json"],
            standalone_mode=False,
        )
        judged[command] = (done.return_value, set(_codes(json.loads(done.output))))
    expected = {number} if number else set()
    assert judged == {"admit": (code, expected), "check": (code, expected)}


def _codes(value: object) -> list[str]:
    """The admission codes anywhere in a JSON value."""
    if isinstance(value, dict):
        named = (value.get("code"), value.get("number"))
        own = [one for one in named if isinstance(one, str) and one[:4] in ("TV70", "TV71")]
        return own + [code for each in value.values() for code in _codes(each)]
    if isinstance(value, list):
        return [code for each in value for code in _codes(each)]
    return []
