"""`tellverify done`: twelve lines, each with its answer, evidence and next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tellverify.cli.group import tellverify

ROOT = Path(__file__).resolve().parents[2]
RACE = (ROOT / "counterexamples" / "race_of_senders.tell").read_text("utf-8").partition("\n")[2]
FIELDS = ("wiring", "status", "shared_bus", "simulation", "parity")
RESTS_ON = {
    "wiring": (4, 5, 8), "status": (9,), "shared_bus": (10,), "simulation": (11,), "parity": (12,),
}  # fmt: skip


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository with the files of an OTA activation, and a policy that names them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)
    for name in ("ota_activation", "amp_transport", "guardian_membership_change", "consensus"):
        Path(f"{name}.tell").write_text((ROOT / f"specs/{name}.tell").read_text("utf-8"), "utf-8")
    Path("code").mkdir()
    for field in FIELDS:
        Path(f"code/{field}.rs").write_text("// there\n", "utf-8")
    lines = [f'{field} = ["code/{field}.rs"]' for field in FIELDS]
    Path("policy.toml").write_text(
        'format = 1\nname = "own"\nimport = ["builtin:aura"]\n\n[[code]]\n'
        'protocol = "aura.sync.ota_activation"\nowner = "the OTA team"\n' + "\n".join(lines) + "\n",
        "utf-8",
    )


def call(*arguments: str, policy: str = "policy.toml") -> tuple[object, str]:
    given = ["done", *arguments, "--policy", policy]
    done = CliRunner().invoke(tellverify, given, standalone_mode=False)
    return done.return_value, done.output


def answers(*arguments: str, policy: str = "policy.toml") -> tuple[object, dict[int, str]]:
    code, said = call(*arguments, "--format", "json", policy=policy)
    (row,) = json.loads(said)
    return code, {one["number"]: one["answer"] for one in row["criteria"]}


def test_a_finished_protocol_has_twelve_lines_without_a_no() -> None:
    code, found = answers("ota_activation.tell")
    assert code == 0
    assert list(found) == list(range(1, 13))
    assumed = {number for numbers in RESTS_ON.values() for number in numbers}
    for number, answer in found.items():
        assert answer == ("assumed" if number in assumed else "yes"), number


@pytest.mark.parametrize("field", FIELDS)
def test_a_file_that_is_not_there_is_a_no(field: str) -> None:
    Path(f"code/{field}.rs").unlink()
    code, found = answers("ota_activation.tell")
    assert code == 1
    assert {number for number, answer in found.items() if answer == "no"} == set(RESTS_ON[field])
    assert f"code/{field}.rs is not there" in call("ota_activation.tell")[1]


@pytest.mark.parametrize("field", FIELDS)
def test_a_file_that_the_policy_does_not_name_is_not_decidable(field: str) -> None:
    text = Path("policy.toml").read_text("utf-8")
    Path("policy.toml").write_text(text.replace(f'{field} = ["code/{field}.rs"]\n', ""), "utf-8")
    code, found = answers("ota_activation.tell")
    assert code == 3
    assert {n for n, one in found.items() if one == "not decidable here"} == set(RESTS_ON[field])
    assert f"name the file under `{field}` in `[[code]]`" in call("ota_activation.tell")[1]


@pytest.mark.parametrize(
    ("old", "new", "number"),
    [
        ("ota_ceremony_initiated", "ota_ceremony_started", 8),
        (" requires AuraTransitionSafety =", " =", 5),
    ],
)
def test_a_refuted_obligation_is_a_no(old: str, new: str, number: int) -> None:
    text = Path("ota_activation.tell").read_text("utf-8")
    Path("ota_activation.tell").write_text(text.replace(old, new), "utf-8")
    code, found = answers("ota_activation.tell")
    assert code == 1
    assert [one for one, answer in found.items() if answer == "no"] == [number]


def test_a_protocol_that_cannot_be_implemented_is_no_finished_choreography() -> None:
    Path("race.tell").write_text(RACE, "utf-8")
    code, found = answers("race.tell")
    assert (code, found[3]) == (1, "no")


def test_categories_other_than_c_need_neither_ceremony_nor_parity() -> None:
    _, found = answers("amp_transport.tell")
    assert (found[8], found[12]) == ("yes", "yes")
    assert found[1] == "assumed"  # the policy infers its category


def test_links_rest_on_the_consumer_that_the_policy_names() -> None:
    code, said = call("guardian_membership_change.tell")
    assert code == 1
    assert "`guardian_handoff` is consumed by aura-agent::runtime::services" in said
    text = Path("guardian_membership_change.tell").read_text("utf-8")
    other = text.replace("bundle=guardian_handoff", "bundle=other_handoff")
    Path("guardian_membership_change.tell").write_text(other, "utf-8")
    assert (
        "no runtime consumes the bundle `other_handoff`"
        in call("guardian_membership_change.tell")[1]
    )


@pytest.mark.parametrize(
    "name",
    ["aura.sync.ota_activation", "ota_activation.OTAActivationProtocol", "OTAActivationProtocol"],
)
def test_a_protocol_is_found_by_any_of_its_names(name: str) -> None:
    assert answers(name) == answers("ota_activation.tell")


def test_an_unknown_name_is_wrong_use() -> None:
    code, said = call("aura.sync.other")
    assert code == 2
    assert "there is no protocol and no file `aura.sync.other`" in said


def test_text_and_markdown_name_the_owner_and_the_next_step() -> None:
    assert "assumed by the OTA team" in call("ota_activation.tell", "--format", "markdown")[1]
    assert "(owner: the OTA team)" in call("ota_activation.tell")[1]
    assert "next: name a fact schema" in call("consensus.tell", policy="aura")[1]


def test_a_path_does_not_break_the_table_in_markdown() -> None:
    folder = Path("a|b <i>")
    folder.mkdir()
    folder.joinpath("ota.tell").write_text(Path("ota_activation.tell").read_text("utf-8"), "utf-8")
    said = call(str(folder), "--format", "markdown")[1]
    assert "<i>" not in said
    rows = [line.replace("\\|", "") for line in said.split("\n") if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {6}


def test_a_name_with_a_broken_configuration_is_wrong_use() -> None:
    Path("tellverify.toml").write_text("include = 3\n", "utf-8")
    assert call("OTAActivationProtocol")[0] == 2


def test_excluded_files_are_not_searched_for_a_name() -> None:
    Path("tellverify.toml").write_text('include = ["*.tell"]\nexclude = ["ota*"]\n', "utf-8")
    assert call("OTAActivationProtocol")[0] == 2


def test_the_reports_of_a_check_have_the_lines() -> None:
    """The same answers as `done`, in the proof report, the page and the JSON, also stored."""
    kinds = {"proof": "proof.md", "html": "page.html", "json": "run.json"}
    reports = [f"--report={kind}={path}" for kind, path in kinds.items()]
    arguments = ["check", "ota_activation.tell", "--policy", "policy.toml", *reports]
    assert CliRunner().invoke(tellverify, arguments, standalone_mode=False).return_value == 0
    (done,) = json.loads(Path("run.json").read_text("utf-8"))["completions"]
    (asked,) = json.loads(call("ota_activation.tell", "--format", "json")[1])
    assert done == asked
    again = ["report", "run.json", "--report=proof=again.md", "--report=html=again.html"]
    assert CliRunner().invoke(tellverify, again, standalone_mode=False).return_value == 0
    for name in ("proof.md", "page.html", "again.md", "again.html"):
        text = Path(name).read_text("utf-8")
        assert "Definition of done" in text, name
        assert "assumed by the OTA team" in text, name
        assert "12" in text
    page = Path("proof.md").read_text("utf-8").partition("## Definition of done")[2]
    rows = [line for line in page.split("\n") if line.startswith("| ") and line[2].isdigit()]
    assert len(rows) == 12


def test_reports_without_listed_protocols_have_no_such_section() -> None:
    Path("a.tell").write_text("protocol P =\n  roles A, B\n  A -> B : M\n", "utf-8")
    for policy in ([], ["--policy", "policy.toml"]):
        arguments = ["check", "a.tell", *policy, "--report=proof=p.md", "--report=html=p.html"]
        CliRunner().invoke(tellverify, arguments, standalone_mode=False)
        for name in ("p.md", "p.html"):
            assert "Definition of done" not in Path(name).read_text("utf-8")
