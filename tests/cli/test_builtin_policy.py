"""The policy that comes with the package: its names, imports of it, and how it is exported."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify
from tellverify.policy.read import read_policy
from tellverify.source.builtin_policies import located

ROOT = Path(__file__).resolve().parents[2]
RELAY = (ROOT / "specs" / "relayed_rendezvous.tell").read_text("utf-8")
OTA = (ROOT / "specs" / "ota_activation.tell").read_text("utf-8")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)
    Path("ota.tell").write_text(OTA, "utf-8")
    Path("relay.tell").write_text(RELAY, "utf-8")


def call(*arguments: str) -> tuple[object, str]:
    done = CliRunner().invoke(tellverify, list(arguments), standalone_mode=False)
    return done.return_value, done.output


@pytest.mark.parametrize("name", ["aura", "builtin:aura"])
@pytest.mark.parametrize("command", ["check", "admit"])
def test_the_policy_is_known_by_name(command: str, name: str) -> None:
    assert call(command, "ota.tell", "relay.tell", "--policy", name)[0] == 0
    code, said = call(
        command, "ota.tell", "--policy", name, "--runtime", "no-contracts", "--format", "json"
    )
    assert code == 1
    assert "TV707" in said
    assert "builtin:aura/packs.toml" in said
    assert str(ROOT) not in said


def test_a_path_of_that_name_comes_first() -> None:
    Path("aura").write_text('format = 1\nname = "own"\n', "utf-8")
    assert call("policy", "check", "aura")[1].startswith("own: 0 protocols")
    assert "aura version 2: 25 protocols" in call("policy", "check", "builtin:aura")[1]


def test_a_folder_of_that_name_without_a_policy_is_told_apart() -> None:
    Path("aura").mkdir()
    code, said = call("check", "ota.tell", "--policy", "aura")
    assert code == 2
    assert "write `builtin:aura` for the policy that comes with tellverify" in said


@pytest.mark.parametrize("name", ["aura", "builtin:aura"])
def test_a_configuration_may_name_it_from_a_folder_below(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tellverify.toml").write_text(f'policy = "{name}"\n', "utf-8")
    Path("below").mkdir()
    monkeypatch.chdir("below")
    for command in ("check", "admit"):
        code, said = call(command, "../ota.tell")
        assert (code, "TV051" in said) == (0, False), said


@pytest.mark.parametrize("name", ["builtin:other", "builtin:", "builtin:aura/../../rows.py"])
def test_other_names_are_refused(name: str) -> None:
    code, said = call("check", "ota.tell", "--policy", name)
    assert code == 2
    assert "the package has no such policy; it has aura" in said


def test_another_policy_imports_it_and_adds_rows() -> None:
    Path("own.toml").write_text(
        'format = 1\nname = "own"\nimport = ["builtin:aura"]\n'
        '[[runtimes]]\nname = "bare"\nmeaning = "no contract at all"\n',
        "utf-8",
    )
    read = read_policy("own.toml")
    assert read.policy is not None
    assert (read.policy.name, read.policy.version, len(read.policy.packs)) == ("own", "", 3)
    assert call("admit", "relay.tell", "--policy", "own.toml", "--runtime", "bare")[0] == 0
    assert call("admit", "ota.tell", "--policy", "own.toml", "--runtime", "bare")[0] == 1


def test_its_files_are_written_out_once() -> None:
    code, said = call("policy", "export", "--to", "mine")
    assert code == 0
    written = sorted(path.relative_to("mine") for path in Path("mine").rglob("*.toml"))
    top = Path(located("builtin:aura"))
    assert written == sorted(path.relative_to(top) for path in top.rglob("*.toml"))
    assert sorted(said.split()) == sorted(f"mine/{path.as_posix()}" for path in written)
    assert call("check", "ota.tell", "--policy", "mine")[0] == 0
    Path("mine/packs.toml").write_text("changed", "utf-8")
    code, said = call("policy", "export", "aura", "--to", "mine")
    assert code == 2
    assert "exists already; nothing was written" in said
    assert Path("mine/packs.toml").read_text("utf-8") == "changed"


def test_an_unknown_policy_is_not_written_out() -> None:
    code, said = call("policy", "export", "other", "--to", "mine")
    assert (code, Path("mine").exists()) == (2, False)
    assert "the package has no policy `other`; it has aura" in said


def test_the_ceremony_of_an_ota_activation_has_the_facts_of_aura() -> None:
    """The start and both outcomes under the names that the real choreography records."""
    for old, new in (
        ("ota_ceremony_initiated", "ota_ceremony_started"),
        ("ota_ceremony_committed", "ota_ceremony_done"),
        ("ota_ceremony_aborted", "ota_ceremony_dropped"),
    ):
        Path("ota.tell").write_text(OTA.replace(old, new), "utf-8")
        code, said = call("check", "ota.tell", "--policy", "aura", "--property", "ceremony")
        assert (code, "TV651" in said) == (1, True), new
    Path("ota.tell").write_text(OTA, "utf-8")
    assert call("check", "ota.tell", "--policy", "aura", "--property", "ceremony")[0] == 0
