"""Protocols of a crate that its sources include, and files that the configuration leaves out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tellverify.cli.group import run

GOOD = "module m exposing (Good)\nprotocol Good =\n  roles A, B\n  A -> B : Hello\n"
BROKEN = "module m exposing (Bad)\nprotocol Bad =\n  roles A, B\n  A -> C : Hello\n"
Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)

    def do(*arguments: str) -> tuple[int, str]:
        code = run(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out + err

    return do


def crate(folder: Path, **files: str) -> None:
    """A crate with a source that includes `src/order.tell`."""
    for name, text in {"Cargo.toml": "[package]\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


INCLUDING = 'tell!(include_str!("src/order.tell"));\n'


@pytest.mark.parametrize("source", ["src/lib.rs", "src/deep/down/mod.rs", "tests/order.rs"])
def test_a_path_is_relative_to_the_crate(command: Command, tmp_path: Path, source: str) -> None:
    crate(tmp_path / "crates/shop", **{"src/order.tell": GOOD, source: INCLUDING})
    code, said = command("check", f"crates/shop/{source}", "--format", "concise")
    assert code == 0
    assert "TV158" not in said
    os.chdir("crates/shop/src")
    code, said = command("check", os.path.relpath(tmp_path / "crates/shop" / source))
    assert code == 0
    assert "TV158" not in said


def test_the_nearest_crate_counts(command: Command, tmp_path: Path) -> None:
    crate(tmp_path, **{"src/order.tell": BROKEN})
    crate(tmp_path / "inner", **{"src/order.tell": GOOD, "src/lib.rs": INCLUDING})
    assert command("check", "inner/src/lib.rs", "--format", "concise")[0] == 0


def test_beside_the_source_is_a_note(command: Command, tmp_path: Path) -> None:
    including = 'tell!(include_str!("order.tell"));\n'
    crate(tmp_path / "shop", **{"src/order.tell": GOOD, "src/lib.rs": including})
    code, said = command("check", "shop/src/lib.rs")
    assert code == 0
    assert "note[TV158]" in said
    assert "joins the path to the folder of the crate, `shop`" in said


def test_what_is_nowhere_is_an_error_with_both_places(command: Command, tmp_path: Path) -> None:
    crate(tmp_path / "shop", **{"src/lib.rs": 'tell!(include_str!("src/ordr.tell"));\n'})
    code, said = command("check", "shop/src/lib.rs")
    assert code == 1
    assert "error[TV158]" in said
    assert "`shop/src/ordr.tell` and at `shop/src/src/ordr.tell`" in said
    assert "a path relative to the folder of the crate" in said


def test_excluded_files_are_not_read(command: Command, tmp_path: Path) -> None:
    missing = 'tell!(include_str!("no.tell"));\n'
    crate(
        tmp_path,
        **{
            "src/good.tell": GOOD,
            "tests/ui/a.rs": missing,
            "shop/tests/ui/deep/b.rs": missing,
            "drafts/bad.tell": BROKEN,
        },
    )
    assert command("check")[0] == 1
    (tmp_path / "tellverify.toml").write_text('exclude = ["**/ui", "drafts/*.tell"]\n')
    assert command("check")[0] == 0
    assert command("check", "tests", "drafts")[0] == 4
    assert command("check", "drafts/bad.tell")[0] == 1
    assert "drafts" not in command("lint")[1]
    assert command("fmt", "--check", "drafts")[0] == 4
    os.chdir("drafts")
    assert command("lint")[0] == 4


def test_a_wrong_configuration_ends_other_commands_too(command: Command, tmp_path: Path) -> None:
    crate(tmp_path, **{"a.tell": GOOD})
    (tmp_path / "tellverify.toml").write_text("exclude = 3\n")
    for name in ("check", "lint", "fmt"):
        assert command(name)[0] == 2
