"""Configuration as a user meets it: where it is found, which layer wins, what is refused."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
from command_line import Command, command_of

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
UNUSED = "protocol Unused =\n  roles A, B, C\n  A -> B : Ping\n"
FAMILY = "protocol Family =\n  roles A, D[N]\n  A -> D[*] : Go\n  D[*] -> A : Done\n"


@pytest.fixture
def tellverify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("TELLVERIFY_"):
            monkeypatch.delenv(name)
    return command_of(capsys)


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path.with_suffix(".toml" if "toml" in name or name == "pyproject" else ".tell")
        path.write_text(text, encoding="utf-8")


def config(folder: Path, text: str) -> None:
    (folder / "tellverify.toml").write_text(text, encoding="utf-8")


def test_the_nearest_file_above_counts(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, unused=UNUSED, inner__unused=UNUSED)
    config(tmp_path, '[levels]\n"unused-role" = "error"\n')
    assert tellverify("check")[0] == 1
    os.chdir("inner")
    code, out, _ = tellverify("check")
    assert code == 1
    assert "--> inner/unused.tell:2:15" in out  # relative to the configuration
    config(tmp_path / "inner", "")
    code, out, _ = tellverify("check")
    assert code == 0
    assert "--> unused.tell:2:15" in out


def test_a_section_of_pyproject_counts_where_there_is_one(
    tellverify: Command, tmp_path: Path
) -> None:
    write(tmp_path, inner__unused=UNUSED)
    (tmp_path / "inner" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "pyproject.toml").write_text("[tool.tellverify]\nfail-on = 'warning'\n")
    os.chdir("inner")
    assert tellverify("check")[0] == 1
    assert tellverify("check", "--isolated")[0] == 0


def test_two_configurations_in_one_folder_are_refused(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    config(tmp_path, "")
    (tmp_path / "pyproject.toml").write_text("[tool.tellverify]\n")
    code, out, err = tellverify("check")
    assert (code, out) == (2, "")
    assert "error[TV015]" in err


def test_flags_beat_environment_beats_file(
    tellverify: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, unused=UNUSED)
    config(tmp_path, 'fail-on = "warning"\n')
    assert tellverify("check")[0] == 1
    monkeypatch.setenv("TELLVERIFY_FAIL_ON", "error")
    assert tellverify("check")[0] == 0
    assert tellverify("check", "--config", "fail-on=warning")[0] == 1
    assert tellverify("check", "--config", "fail-on=warning", "--fail-on", "never")[0] == 0
    monkeypatch.setenv("TELLVERIFY_FAIL_ON", "often")
    code, _, err = tellverify("check")
    assert code == 2
    assert "environment TELLVERIFY_FAIL_ON" in err
    assert tellverify("check", "--isolated")[0] == 0


def test_a_file_or_single_settings_can_be_named(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, family=FAMILY)
    (tmp_path / "other.toml").write_text("[bounds]\ninstances = { D = [2] }\n")
    _, out, _ = tellverify("check", "--config", "other.toml")
    assert "checked for N = 2" in out
    _, out, _ = tellverify("check", "--config", "bounds.instances.D=[4, 5]")
    assert "checked for N = 4, 5" in out
    _, out, _ = tellverify("check", "--config", "bounds.instances={D='1..2'}")
    assert "checked for N = 1, 2" in out
    _, out, _ = tellverify("check", "--config", "other.toml", "--instances", "D=7")
    assert "checked for N = 7" in out
    for wrong in ("bounds.step=3", "=3", "a.b.c.d=3", "bounds=3", "a\nb=3", "jobs=many"):
        assert tellverify("check", "--config", wrong)[0] == 2, wrong
    assert tellverify("check", "--config", "absent.toml")[0] == 2


def test_what_is_included_is_checked_without_a_path(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, a__one=GOOD, a__deep__two=GOOD.replace("Good", "Two"), b__three=UNUSED)
    config(tmp_path, 'include = ["a/**/*.tell", "nowhere/*.tell"]\n')
    code, out, err = tellverify("check")
    assert code == 0
    assert "Good" in out and "Two" in out and "Unused" not in out
    assert "no file matches `nowhere/*.tell`" in err
    assert "Unused" in tellverify("check", "b")[1]
    config(tmp_path, 'include = ["b/t?ree.tell", "b/../b/three.tell"]\n')
    assert "Unused" in tellverify("check")[1]
    config(tmp_path, 'include = ["nowhere"]\n')
    assert tellverify("check")[0] == 4


def test_requirements_of_single_properties(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, family=FAMILY)
    sizes = ("--instances", "D=1..3")
    assert tellverify("check", *sizes)[0] == 0
    code, out, _ = tellverify("check", *sizes, "--require", "proved")
    assert code == 3
    assert "bounded, not proved" in out
    names = ["implementable", "fidelity", "no-deadlock", "no-orphan-message", "no-stuck-role"]
    names.append("no-unspecified-reception")
    table = "".join(f'"{name}" = "bounded"\n' for name in names)
    config(tmp_path, f'[require]\ndefault = "proved"\n{table}')
    assert tellverify("check", *sizes)[0] == 0
    config(tmp_path, '[require]\nprojectable = "proved"\n')
    assert tellverify("check", *sizes)[0] == 3


def test_lines_that_apply_to_nothing_are_said(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    name = re.findall(r"protocol (\w+)", GOOD)[0]
    config(
        tmp_path,
        '[properties]\ntypo = "never Onn"\n"Goot.other" = "never Onn"\n'
        f'"{name}.ends" = "true"\n[require]\nguards = "proved"\nbudget = "nothing"\n',
    )
    code, out, err = tellverify("check", "good.tell")
    assert code == 0
    assert "`typo` (tellverify.toml:2)" in err
    assert "`Goot.other` (tellverify.toml:3)" in err
    assert "ends" not in err and "budget" not in err
    assert "note[TV596]" in out and "obligation `guards`" in out
    code, out, whole = tellverify("check")
    assert code == 2  # nothing else could have the names
    assert "`typo`" in whole and "`Goot.other`" in whole and "`guards`" in out
    assert "typo" not in tellverify("check", "--property", "fidelity")[2]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ("'never (Hy'", "2:12"),
        ('"""\nnever (Hy"""', "3:7"),
        ('"never \\u0028Hy"', "2:5"),
    ],
)
def test_findings_about_formulas_have_their_place_in_the_file(
    tellverify: Command, tmp_path: Path, value: str, place: str
) -> None:
    write(tmp_path, good=GOOD)
    config(tmp_path, f"[properties]\nf = {value}\n")
    _, out, _ = tellverify("check", "good.tell", "--format", "concise")
    assert f"tellverify.toml:{place}: error[TV611]" in out


def test_levels_of_flags_beat_those_of_the_file(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, unused=UNUSED)
    config(tmp_path, '[levels]\nTV206 = "ignore"\n')
    code, out, _ = tellverify("check")
    assert code == 0 and "[TV206]" not in out
    assert tellverify("check", "--deny", "TV2")[0] == 1
    assert tellverify("check", "--deny", "TV2", "--allow", "unused-role")[0] == 0
    assert "warning[TV206]" in tellverify("check", "--warn", "TV206,TV246")[1]
    for wrong in ("TV999", "TV512", "TV201", "x"):
        assert tellverify("check", "--allow", wrong)[0] == 2, wrong


def test_findings_on_the_terminal_can_be_limited(tellverify: Command, tmp_path: Path) -> None:
    text = "protocol P =\n  roles A, B, C, D, E\n  A -> B : Ping\n"
    write(tmp_path, p=text)
    _, out, _ = tellverify("check", "--max-findings", "1")
    assert out.count("warning[TV206]") == 1
    assert "2 more findings not shown" in out
    report = tmp_path / "r.json"
    tellverify("check", "--max-findings", "0", "--report", f"json={report}")
    assert len(json.loads(report.read_text())["diagnostics"]) == 3


def test_settings_are_in_the_report(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    config(tmp_path, '[bounds]\nsteps = 1000\n[levels]\nTV206 = "note"\n')
    _, out, _ = tellverify("check", "--format", "json")
    settings = dict(json.loads(out)["configuration"])
    assert settings["bounds.steps"] == "1000"
    assert settings["levels.TV206"] == '"note"'


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("fail-on = warning\n", "TV011", "1:11", "invalid value"),
        ("include = 3\n", "TV013", "1:11", "`include`"),
        ("\n[bounds]\nstep = 3\n", "TV012", "3:1", "did you mean `steps`?"),
        ("[instances]\nD = 2\n", "TV012", "1:2", "did you mean `bounds.instances`?"),
        ("[bounds]\ninclude = []\n", "TV012", "2:1", "there is no key `include` here"),
        ("[bounds]\nsteps = 0\n", "TV013", "2:9", "at least 1"),
        ("[bounds]\nsteps = 99999999999999999999999999\n", "TV013", "2:9", "at most 10000000"),
        ('[bounds]\ninstances = { W = "3..1" }\n', "TV013", "2:19", "not a range of sizes"),
        ("[bounds]\ninstances = { W = [] }\n", "TV013", "2:13", "must not be empty"),
        ('[require]\nno-stuck = "proved"\n', "TV013", "2:12", "no property `no-stuck`"),
        ('[require]\nwell-formed = "nothing"\n', "TV013", "2:15", "without a meaning"),
        ('[require]\ndefault = "nothing"\n', "TV013", "2:11", "cannot be"),
        ('[levels]\nTV512 = "note"\n', "TV013", "2:9", "obligation"),
        ('[levels]\nTV999 = "note"\n', "TV013", "2:9", "is not a code"),
        ("[semantics]\nloss = true\n", "TV014", "2:8", "`semantics.loss` is not supported"),
        ("[semantics]\nqueue = 4\n", "TV014", "2:9", "`semantics.queue` is not supported"),
        ('[semantics]\ncrashes = ["A"]\n', "TV014", "2:11", "`semantics.crashes` is not supported"),
        (
            '[semantics]\nfairness = "strong"\n',
            "TV014",
            "2:12",
            "`semantics.fairness` is not supported",
        ),
        ("[properties]\n'a b' = 'x'\n", "TV013", "2:9", "not the name of a property"),
        ("jobs = 1\njobs = 2\n", "TV011", "2:9", "overwrite"),
        ("[bounds]\n[bounds]\n", "TV011", "2:8", "bounds"),
        ("jobs = true\n", "TV013", "1:8", "`jobs`"),
        (
            'include = ["a", "b\\u0000"]\n',
            "TV013",
            "1:17",
            "`include.1` has to be a string",
        ),
        (
            'exclude = ["\\u0000"]\n',
            "TV013",
            "1:12",
            "`exclude.0` has to be a string",
        ),
        (
            'reports = ["json=a\\u0000"]\n',
            "TV013",
            "1:12",
            "`reports.0` has to be a string",
        ),
        ('policy = "a\\u0000b"\n', "TV013", "1:10", "`policy`"),
        (f"include = {'[' * 5000}{']' * 5000}\n", "TV011", "1:1", "nested too deeply"),
        (f"a = {'1' * 10_000}\n", "TV011", "1:1", ""),
    ],
)
def test_a_wrong_setting_stops_everything(
    tellverify: Command, tmp_path: Path, text: str, code: str, place: str, words: str
) -> None:
    write(tmp_path, good=GOOD)
    config(tmp_path, text)
    for command in (["check", "--report", "json=r.json"], ["config", "show"]):
        exit_code, out, err = tellverify(*command)
        assert exit_code == 2
        assert out == ""
        assert f"error[{code}]" in err
        assert f"--> tellverify.toml:{place}" in err, err
        assert words in err.replace("\n    ", " ")
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("command", ["lint", "admit", "accept", "inventory", "facts check"])
def test_a_path_with_a_zero_byte_is_no_defect(
    tellverify: Command, tmp_path: Path, command: str
) -> None:
    write(tmp_path, good=GOOD)
    for line in ('policy = "a\\u0000b"', 'include = ["\\u0000"]', 'workflows = ["\\u0000"]'):
        config(tmp_path, f"{line}\n")
        assert tellverify(*command.split())[0] in (0, 1, 2, 4), line


def test_hostile_files_get_a_clear_message(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    path = tmp_path / "tellverify.toml"
    path.write_bytes(b"\xff\xfe\x00junk")
    assert "not UTF-8" in tellverify("check")[2]
    path.write_bytes(b"#" * 10_000_000)
    assert "more than the 4000000" in tellverify("check")[2]
    path.write_bytes(b"x = '''" + b"a" * 1_000_000)
    assert "TV011" in tellverify("check")[2]
    path.write_text("[" + "a." * 50_000 + "b]\n")
    code, _, err = tellverify("check")
    assert code == 2 and "error[TV01" in err
    path.unlink()
    path.mkdir()
    assert "not a regular file" in tellverify("check")[2]
    path.rmdir()
    path.symlink_to("tellverify.toml")
    code, _, err = tellverify("check")
    assert code == 2 and "error[TV011]" in err


def test_circles_of_links_end(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, a__good=GOOD)
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    config(tmp_path, 'include = ["**/*.tell", "**/**/**/**/**/**/*.tell"]\n')
    code, out, _ = tellverify("check")
    assert code == 0
    assert out.count("implementable") == 1


def test_show_names_values_and_origins(
    tellverify: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, 'jobs = 2\n[levels]\n"TV2" = "error"\n')
    monkeypatch.setenv("TELLVERIFY_STEPS", "77")
    code, out, _ = tellverify("config", "show", "--config", "bounds.events=5")
    assert code == 0
    rows = {
        line.split("  #")[0].strip(): line.split("  #")[1].strip() for line in out.split("\n")[1:-1]
    }
    assert rows["jobs = 2"] == "tellverify.toml:1"
    assert rows['levels.TV2 = "error"'] == "tellverify.toml:3"
    assert rows["bounds.steps = 77"] == "environment TELLVERIFY_STEPS"
    assert rows["bounds.events = 5"] == "--config bounds.events"
    assert rows['dialect = "strict"'] == "default"
    shown = json.loads(tellverify("config", "show", "--format", "json")[1])
    assert {"key": "jobs", "value": 2, "origin": "tellverify.toml:1"} in shown["settings"]


def test_the_schema_accepts_what_is_accepted(tellverify: Command) -> None:
    schema = json.loads(tellverify("config", "schema")[1])
    jsonschema.Draft202012Validator.check_schema(schema)
    good = {"fail-on": "warning", "bounds": {"steps": 3, "instances": {"W": [1, 2]}}, "jobs": 2}
    jsonschema.validate(good, schema)
    for wrong in ({"step": 1}, {"bounds": {"steps": 0}}, {"levels": {"TV2": "loud"}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_init_writes_a_file_that_is_read(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    assert tellverify("config", "init")[0] == 0
    assert tellverify("check")[0] == 0
    assert tellverify("config", "init")[0] == 2


def test_reports_and_evidence_of_the_file(tellverify: Command, tmp_path: Path) -> None:
    write(tmp_path, inner__good=GOOD)
    config(tmp_path, 'reports = ["json=out.json"]\nevidence = "proof"\n')
    os.chdir("inner")
    assert tellverify("check")[0] == 0
    assert (tmp_path / "out.json").exists()
    assert (tmp_path / "proof").is_dir()
    assert tellverify("check", "--report", "json=here.json")[0] == 0
    assert (tmp_path / "inner" / "here.json").exists()
    config(tmp_path, 'reports = ["pdf=out.pdf"]\n')
    assert tellverify("check")[0] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[levels]\nTV364 = "note"\nTV365 = "off"\n',
            "`levels.TV365` cannot be `off`; it is one of `error`, `ignore`, `note`, `warning`\n"
            " --> tellverify.toml:3:9",
        ),
        (
            'dialect = "strictt"\n',
            "`dialect` cannot be `strictt`; it is one of `faithful`, `strict`\n"
            " --> tellverify.toml:1:11",
        ),
    ],
)
def test_a_word_that_is_no_choice_is_pointed_at_with_those_that_are(
    tellverify: Command, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "tellverify.toml").write_text(text, encoding="utf-8")
    code, out, err = tellverify("check")
    assert code == 2
    assert said in out + err
