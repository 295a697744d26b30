"""`tellverify workflow`: committed workflows, formats, pictures, caches, and configured checks."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
import xml.etree.ElementTree as ElementTree
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tellverify.cli.group import run
from tellverify.workflows.workflow_rows import workflow_schema_json

ROOT = Path(__file__).resolve().parents[2]
FAULTY = ROOT / "counterexamples" / "workflows"
EXPECTED = tomllib.loads((FAULTY / "expected.toml").read_text("utf-8"))
CROSSED = str(FAULTY / "crossed_orders.toml")


@pytest.fixture
def crossed(tmp_path: Path) -> str:
    """A copy of the crossed orders of which nothing is expected."""
    shutil.copy(FAULTY / "exchange.tell", tmp_path)
    text = Path(CROSSED).read_text("utf-8")
    path = tmp_path / "crossed.toml"
    path.write_text(re.sub(r"# tell:.*\n", "", text), encoding="utf-8")
    return str(path)


def _printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_every_faulty_workflow_is_listed() -> None:
    names = {path.stem for path in FAULTY.glob("*.toml")} - {"expected"}
    assert names == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_faulty_workflow_breaks_what_is_expected(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(FAULTY / f"{name}.toml")
    code, out, _ = _printed(capsys, "workflow", "check", path, "--format", "json")
    assert code == 0
    found = json.loads(out)
    refuted = [
        one["outcome"]
        for each in found["protocols"]
        for one in each["verdicts"]
        if one["outcome"]["status"] == "refuted"
    ]
    assert {one["code"] for one in refuted} == {EXPECTED[name]["code"]}
    if "events" in EXPECTED[name]:
        assert {len(one["evidence"].get("steps", ())) for one in refuted} == {
            EXPECTED[name]["events"]
        }
    assert {each["kind"] for each in found["protocols"]} == {"workflow"}
    assert all(
        Path(path).read_text("utf-8").splitlines()[each["line"] - 1]
        == f"[[workflow.{each['name']}.phase]]"
        for each in found["protocols"]
    )


def test_the_guides_workflows_hold(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _printed(capsys, "workflow", "check", str(ROOT / "specs" / "workflows"))
    assert code == 0
    assert all(name in out for name in ("authentication", "computation", "coordination"))


def test_all_formats_agree_on_a_refutation(
    crossed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kinds = {"json": "json", "sarif": "sarif", "junit": "xml", "markdown": "md", "html": "html"}
    reports = [
        part
        for kind, suffix in kinds.items()
        for part in ("--report", f"{kind}={tmp_path / f'run.{suffix}'}")
    ]
    code, out, _ = _printed(capsys, "workflow", "check", crossed, "--format", "concise", *reports)
    assert code == 1
    assert "TV848" in out
    for suffix in kinds.values():
        text = (tmp_path / f"run.{suffix}").read_text("utf-8")
        assert "TV848" in text or "after 2 events" in text, suffix
    assert "Phases and orders" in (tmp_path / "run.html").read_text("utf-8")
    ElementTree.parse(tmp_path / "run.xml")
    schema = resources.files("tellverify.report").joinpath("schema/run-2.json").read_text("utf-8")
    stored = json.loads((tmp_path / "run.json").read_text("utf-8"))
    Draft202012Validator(json.loads(schema)).validate(stored)
    again = str(tmp_path / "again.md")
    code, _, _ = _printed(capsys, "report", str(tmp_path / "run.json"), "--markdown", again)
    assert code == 0 and "TV848" in Path(again).read_text("utf-8")


@pytest.mark.parametrize(
    ("style", "mark"),
    [("text", "cycle backup"), ("svg", "<svg"), ("mermaid", "linkStyle"), ("dot", "color=red")],
)
def test_pictures_mark_the_cycle(style: str, mark: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _printed(capsys, "workflow", "show", CROSSED, "--format", style)
    assert code == 0
    assert mark in out
    if style == "svg":
        shown = "".join(ElementTree.fromstring(out).itertext())
        assert "backup" in shown and "sync" in shown


def test_a_picture_has_steps_in_order_and_bundles(capsys: pytest.CaptureFixture[str]) -> None:
    bundles = str(Path(CROSSED).with_name("crossed_bundles.toml"))
    _, out, _ = _printed(capsys, "workflow", "show", bundles)
    assert "  cycle keys: gateway (device_keys, journal), store\n" in out
    _, out, _ = _printed(capsys, "workflow", "show", "specs/workflows/coordination.toml")
    steps = [line.partition(":")[0].split()[-1] for line in out.splitlines()[1:5]]
    assert steps == ["validate_capability", "anti_entropy", "ceremony", "log_event"]
    assert "        validate_capability before anti_entropy: coordinator\n" in out


def test_a_picture_of_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _printed(capsys, "workflow", "show", CROSSED, "--name", "no")[0] == 4
    broken = tmp_path / "w.toml"
    broken.write_text("[[workflow.w.phase]]\n", encoding="utf-8")
    code, _, said = _printed(capsys, "workflow", "show", str(broken))
    assert code == 1 and "TV832" in said


def test_the_schema_accepts_the_committed_files(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _printed(capsys, "workflow", "schema")
    assert out == workflow_schema_json()
    validator = Draft202012Validator(json.loads(out))
    for path in (*(ROOT / "specs" / "workflows").glob("*.toml"), *FAULTY.glob("*.toml")):
        if path.name != "expected.toml":
            validator.validate(tomllib.loads(path.read_text("utf-8")))
    with pytest.raises(Exception, match="goon"):
        validator.validate({"workflow": {"w": {"phase": [{"goon": 1}]}}})


def test_one_workflow_of_a_file(crossed: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _printed(capsys, "workflow", "check", crossed, "--name", "sync")
    assert code == 1 and "backup " not in out.split("\n\n")[-2].splitlines()[0]
    assert _printed(capsys, "workflow", "check", CROSSED, "--name", "no")[0] == 4


def test_what_is_expected_and_not_there_is_an_error(
    crossed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(crossed)
    text = path.read_text("utf-8")
    path.write_text(f"# tell: expect(refuted ownership)\n{text}", encoding="utf-8")
    code, out, _ = _printed(capsys, "workflow", "check", crossed)
    assert code == 1 and "expect" in out and "TV848" in out


def test_a_comment_holds_a_simple_sequence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(FAULTY / "identity.tell", tmp_path)
    shutil.copy(FAULTY / "exchange.tell", tmp_path)
    path = tmp_path / "identity.tell"
    text = path.read_text("utf-8")
    head = "-- tell: workflow sign_in: identity[Known] ; exchange\n"
    path.write_text(text.replace("protocol", f"{head}protocol", 1), encoding="utf-8")
    code, out, _ = _printed(capsys, "workflow", "check", str(tmp_path))
    assert code == 1 and "TV850" in out
    assert _printed(capsys, "check", str(path), "--isolated")[0] in (0, 1)
    path.write_text(text.replace("protocol", "-- tell: workflow w: a ; [b]\nprotocol", 1), "utf-8")
    code, out, _ = _printed(capsys, "workflow", "check", str(path))
    assert code == 1 and "TV832" in out


@pytest.mark.parametrize(
    ("comment", "code", "column"),
    [
        ("workflow w: Exchange ;; Exchange", "TV832", 32),
        ("workflow w: Exchange[]", "TV832", 22),
        ("workflow w:", "TV832", 1),
        ("workflow w: Nowhere ; Exchange", "TV833", 22),
        ("workflow w: Exchange[Nothing]", "TV836", 22),
    ],
)
def test_a_check_of_a_file_finds_what_is_wrong_with_a_workflow_in_a_comment(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    comment: str,
    code: str,
    column: int,
) -> None:
    path = tmp_path / "exchange.tell"
    protocol = "protocol Exchange =\n  roles A, B\n  A -> B : Ask\n"
    path.write_text(f"-- tell: {comment}\n{protocol}", encoding="utf-8")
    checked = ("check", str(path), "--isolated", "--format", "concise")
    exit_code, out, _ = _printed(capsys, *checked)
    assert exit_code == 1
    assert f"{path}:1:{column}: error[{code}]" in out
    decided = _printed(capsys, "workflow", "check", str(path), "--format", "concise")[1]
    assert f"{path}:1:{column}: error[{code}]" in decided


def test_a_check_says_which_workflows_of_comments_it_does_not_decide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    protocol = "protocol Exchange =\n  roles A, B\n  A -> B : Ask\n"
    head = "-- tell: workflow one: Exchange ; Exchange\n"
    Path("exchange.tell").write_text(head + protocol, encoding="utf-8")
    note = "exchange.tell: `tellverify workflow check` decides the workflow `one`, this check does"
    exit_code, out, told = _printed(capsys, "check", "exchange.tell", "--isolated")
    assert exit_code == 0 and note in told and "composition" not in out
    Path("tellverify.toml").write_text('workflows = ["exchange.tell"]\n', encoding="utf-8")
    exit_code, out, told = _printed(capsys, "check", "exchange.tell", "--format", "json")
    assert exit_code == 0 and note not in told and "composition" in out
    assert [one["path"] for one in json.loads(out)["inputs"]] == ["exchange.tell"]


def test_what_is_unchanged_comes_from_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tellverify.workflows.protocol_files import ProtocolFiles

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    for name in ("identity.tell", "exchange.tell", "untold_failure.toml", "missing_result.toml"):
        shutil.copy(FAULTY / name, tmp_path)
    shutil.copy(FAULTY / "guest.tell", tmp_path)
    lowered: list[str] = []
    plain = ProtocolFiles._computed

    def counted(self: ProtocolFiles, text: str, *rest: object) -> object:
        lowered.append(text)
        return plain(self, text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ProtocolFiles, "_computed", counted)
    paths = [str(tmp_path / "untold_failure.toml"), str(tmp_path / "missing_result.toml")]
    command = ("workflow", "check", *paths, "--cache-dir", str(tmp_path / "home/tellverify"))
    first = _printed(capsys, *command)
    assert sorted(set(lowered)) == ["exchange.tell", "guest.tell", "identity.tell"]
    lowered.clear()
    assert _printed(capsys, *command) == first
    assert lowered == []
    changed = tmp_path / "guest.tell"
    changed.write_text(changed.read_text("utf-8") + "-- changed\n", encoding="utf-8")
    assert _printed(capsys, *command)[0] == 0
    assert lowered == ["guest.tell"]
    lowered.clear()
    elsewhere = (*command[:-1], str(tmp_path / "cache"))
    for _ in range(2):
        code, _, err = _printed(capsys, *elsewhere)
        assert code == 0 and "only that of the user" in err
    assert {"exchange.tell", "guest.tell", "identity.tell"} == set(lowered)
    assert not (tmp_path / "cache").exists()


def test_a_configuration_names_workflows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "workflows"
    folder.mkdir()
    for name in ("exchange.tell", "crossed_orders.toml"):
        shutil.copy(FAULTY / name, folder)
    config = tmp_path / "tellverify.toml"
    config.write_text('workflows = ["workflows"]\ncache = false\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code, out, _ = _printed(capsys, "check", "--format", "concise")
    assert code == 0 and "note[TV848]" in out
    place = folder / "crossed_orders.toml"
    place.write_text(re.sub(r"# tell:.*\n", "", place.read_text("utf-8")), encoding="utf-8")
    code, out, _ = _printed(capsys, "check", "--format", "concise")
    assert code == 1 and "error[TV848]" in out
    code, out, _ = _printed(capsys, "check", "workflows/exchange.tell", "--format", "concise")
    assert code == 0 and "TV848" not in out
    (tmp_path / "empty").mkdir()
    for path, reason in (
        ("empty", "this folder has no workflow"),
        ("workflows/exchange.tell", "it has no workflow"),
    ):
        config.write_text(f'workflows = ["{path}"]\n', encoding="utf-8")
        code, out, _ = _printed(capsys, "check", "--format", "concise")
        assert code == 1 and f"cannot read this workflow: {reason}" in out
    config.write_text('workflows = ["../elsewhere"]\n', encoding="utf-8")
    assert _printed(capsys, "check")[0] == 2


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _printed(capsys, "workflow", "check", str(tmp_path / "no.toml"))[0] == 1
    (tmp_path / "empty").mkdir()
    assert _printed(capsys, "workflow", "check", str(tmp_path / "empty"))[0] == 4


def test_workflows_that_share_a_run_all_fail_at_their_own_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copytree("counterexamples/workflows", tmp_path / "w")
    path = tmp_path / "w" / "crossed_orders.toml"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(one for one in lines if "tell: expect" not in one), "utf-8")
    code, out, _ = _printed(capsys, "workflow", "check", str(path))
    assert code == 1
    words = out.partition("failures\n")[2].split()
    places = [path.name + place.rpartition(path.name)[2] for place in words[:8:4]]
    assert words[1:4] == ["backup", "composition", "TV848"]
    assert words[5:8] == ["sync", "composition", "TV848"]
    assert places == ["crossed_orders.toml:11", "crossed_orders.toml:6"]
