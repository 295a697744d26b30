"""`tellverify init` on trees of several kinds."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tellverify.cli import init
from tellverify.cli.group import tellverify

ROOT = Path(__file__).resolve().parents[2]
OTA = (ROOT / "specs" / "ota_activation.tell").read_text("utf-8")
RACE = (ROOT / "counterexamples" / "race_of_senders.tell").read_text("utf-8").partition("\n")[2]
GOOD = "module parcel exposing (Parcel)\n\nprotocol Parcel =\n  roles A, B\n  A -> B : Note\n"


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)


def write(**files: str) -> None:
    for name, text in files.items():
        path = Path(name.replace("__", "/").replace("_dot_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def call(*arguments: str) -> tuple[object, list[str]]:
    done = CliRunner().invoke(tellverify, list(arguments), standalone_mode=False)
    return done.return_value, done.output.splitlines()


def written() -> dict[str, object]:
    return tomllib.loads(Path("tellverify.toml").read_text("utf-8"))


@pytest.mark.parametrize("command", [("init",), ("config", "init")])
def test_the_tree_decides_what_is_written(command: tuple[str, ...]) -> None:
    write(crates__a__ota_dot_tell=OTA, crates__b__parcel_dot_tell=GOOD)
    write(crates__b__lib_dot_rs="fn main() {}\n", crates__b__race_dot_tell=RACE)
    code, said = call(*command)
    assert code == 0
    assert (written()["include"], written()["policy"]) == (["crates/**/*.tell"], "aura")
    assert said[1] == "3 protocols in 3 files: 2 pass, 1 does not"
    assert said[2].startswith("  not: RaceOfSenders, ")
    assert "crates/b/race.tell" in said[2]
    assert said[3] == "other commands for CI: passing admit, accept, facts; failing lint"
    assert said[-1].strip() == (
        '- {uses: OWNER/tellverify@v0.1.0, with: {commands: "check admit accept facts"}}'
    )
    assert len(said) <= 10
    assert call("check")[0] == 1
    Path("crates/b/race.tell").unlink()
    assert call("check")[0] == 0


def test_commands_that_lack_the_library_for_rust_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enum = "#[ceremony_facts]\npub enum NoteFact { CeremonyInitiated }\n"
    write(parcel_dot_tell=GOOD, facts_dot_rs=enum)
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    monkeypatch.setitem(sys.modules, "tree_sitter_rust", None)
    monkeypatch.setattr(init, "find_spec", lambda name: None)
    for name in [name for name in sys.modules if name.startswith("tellverify.annotations.rust_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "tellverify.source.rust_source", raising=False)
    code, said = call("init")
    assert code == 0
    assert any("not without the extra `tellverify[rust]`: facts" in line for line in said)


def test_a_tree_of_a_former_spelling_has_no_target_yet() -> None:
    old = GOOD.replace("A -> B", "A { flow_cost = 1 } -> B")
    write(old_dot_tell=old, new_dot_tell=GOOD.replace("module parcel", "module other"))
    code, said = call("init")
    assert (code, "target" in written()) == (0, False)
    assert said[1] == "2 protocols in 2 files: 2 pass, 0 do not"
    assert said[2].startswith("  1 file in an old spelling, first old.tell:")
    assert len(said) <= 10
    assert call("check")[0] == 0
    Path("tellverify.toml").unlink()
    assert call("fmt", "--upgrade", "old.tell")[0] == 0
    assert call("init")[0] == 0
    assert written()["target"] == "telltale"


def test_rust_and_markdown_are_included_where_they_hold_protocols() -> None:
    inside = f'use aura_macros::tell;\ntell!(r#"{GOOD}"#);\n'
    write(crates__a__src__lib_dot_rs=inside, docs__page_dot_md=f"```tell\n{GOOD}```\n")
    code, said = call("init")
    assert (code, written()["include"]) == (0, ["**/*.rs", "**/*.md"])
    assert said[1] == "2 protocols in 2 files: 2 pass, 0 do not"


def test_tests_that_the_compiler_is_to_refuse_are_left_out() -> None:
    text = "module bad exposing (P)\nprotocol P =\n  roles A\n  A -> C : M\n"
    bad = f'aura_macros::tell!(r#"{text}"#);\n'
    write(parcel_dot_tell=GOOD, tests__ui__bad_dot_rs=bad, tests__ui__bad_dot_stderr="error\n")
    code, said = call("init")
    assert (code, written()["exclude"]) == (0, ["tests/ui/bad.rs"])
    assert said[1:3] == [
        "1 protocol in 1 file: 1 passes, 0 do not",
        "  left out: 1 test that the compiler must refuse, first tests/ui/bad.rs",
    ]
    assert written()["include"] == ["**/*.tell"]
    assert call("check")[0] == 0
    Path("tests/ui/bad.stderr").unlink()
    Path("tellverify.toml").unlink()
    assert call("init")[1][1] == "2 protocols in 2 files: 1 passes, 1 does not"


def test_the_policy_of_the_tree_comes_first_and_none_is_invented() -> None:
    write(parcel_dot_tell=GOOD)
    assert call("init")[0] == 0
    assert "policy" not in written()
    Path("tellverify.toml").unlink()
    write(ota_dot_tell=OTA, policy__own_dot_toml='format = 1\nimport = ["builtin:aura"]\n')
    assert call("init")[0] == 0
    assert written()["policy"] == "policy"


@pytest.mark.parametrize(
    ("mark", "page"),
    [(".github/x", "docs/ci/github.md"), (".gitlab-ci.yml", "docs/ci/gitlab.md"),
     (".pre-commit-config.yaml", "docs/ci/pre-commit.md"), ("other", "docs/ci/github.md")],
)  # fmt: skip
def test_the_snippet_is_that_of_the_system_in_use(mark: str, page: str) -> None:
    write(parcel_dot_tell=GOOD)
    Path(mark).parent.mkdir(exist_ok=True)
    Path(mark).write_text("", "utf-8")
    _, said = call("init")
    assert page in said[-2]
    assert yaml.safe_load(said[-1])


def test_a_tree_without_protocols_and_a_configuration_that_is_there() -> None:
    code, said = call("init")
    assert (code, said[1]) == (0, "0 protocols in 0 files: 0 pass, 0 do not")
    before = Path("tellverify.toml").read_bytes()
    code, said = call("init")
    assert (code, said) == (2, ["tellverify: tellverify.toml is there already"])
    assert Path("tellverify.toml").read_bytes() == before
