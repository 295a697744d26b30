"""A misspelt name on the command line is answered with the one that was most likely meant."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from tellverify.cli.group import run
from tellverify.cli.nearest import did_you_mean, nearest
from tellverify.verification import pipeline
from tellverify.verification.deadline import TimeUp

TEXT = "protocol Shop =\n  roles Buyer, Seller\n  Buyer -> Seller : Order\n"


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["shop.tel"], 1, "tellverify: there is no `shop.tel`; did you mean `shop.tell`?"),
        (["shop.tell", "--property", "no-dedlock"], 2, "did you mean `no-deadlock`?"),
        (["shop.tell", "--property", "xyz"], 2, "is not one of 'well-formed'"),
        (["shop.tell", "--report", "htm=x"], 2, "did you mean `html`?"),
        (["shop.tell", "--report", "html="], 2, "is not of the form json|"),
        (["shop.tell", "--role", "Byer"], 2, "has a role `Byer`; did you mean `Buyer`?"),
        (
            ["shop.tell", "--protocol", "Shp"],
            4,
            "no file has a protocol `Shp`; did you mean `Shop`?",
        ),
        (["shop.tell", "--protocol", "Shop"], 0, ""),
        (
            ["shop.tell", "--protocol", "Shop", "--protocol", "Shp"],
            2,
            "no file has a protocol `Shp`; did you mean `Shop`?",
        ),
        (["--machines", "shop.json", "--protocol", "Shp"], 2, "no file has a protocol `Shp`"),
    ],
)
def test_it_is_answered_with_what_was_meant(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.tell").write_text(TEXT, encoding="utf-8")
    Path("shop.json").write_text('{"Buyer": {"kind": "end"}}', encoding="utf-8")
    assert run(["check", "--isolated", *arguments]) == code
    said = capsys.readouterr()
    assert words in said.err + said.out


@pytest.mark.parametrize("command", [["check"], ["compare", "old.tell"]], ids=["check", "compare"])
@pytest.mark.parametrize(
    "sizes, words",
    [
        ("Boss=2", "`Boss` is no role family in any protocol that was checked; it has no size"),
        ("Crew=2", "has a role `Crew`; did you mean `Crews`?"),
        ("Crews=2", ""),
    ],
)
def test_sizes_of_what_is_no_family(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    sizes: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "protocol Fleet =\n  roles Boss, Crews[N]\n  Boss -> Crews[*] : Go\n"
    for name in ("old.tell", "fleet.tell"):
        Path(name).write_text(text, encoding="utf-8")
    code = run([*command, "--isolated", "fleet.tell", "--instances", sizes])
    said = capsys.readouterr()
    assert (code, words in said.err + said.out) == (2 if words else 0, True), said


def test_sizes_of_a_family_whose_protocol_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def given_up(seconds: float) -> NoReturn:
        raise TimeUp

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "within", given_up)
    text = "protocol Fleet =\n  roles Boss, Crews[N]\n  Boss -> Crews[*] : Go\n"
    Path("fleet.tell").write_text(text, encoding="utf-8")
    assert run(["check", "--isolated", "fleet.tell", "--instances", "Crews=2"]) == 3
    assert "no role family" not in capsys.readouterr().err


def test_what_is_like_nothing_is_not_guessed() -> None:
    assert nearest("zzz", ["Buyer", "Seller"]) == ""
    assert did_you_mean("buyer", ["Buyer", "BUYER"]) == "; did you mean `Buyer`?"
    assert nearest("x" * 5_000, ["x"]) == ""
