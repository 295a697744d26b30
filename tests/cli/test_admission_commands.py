"""`admit`, `manifest`, `inventory`, `policy` and `check --policy` as a user calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tellverify.cli.group import tellverify

ROOT = Path(__file__).resolve().parents[2]
COUNTER = "counterexamples/admission"
POLICY = f"{COUNTER}/policy.toml"


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("TELLVERIFY_POLICY", raising=False)


def call(*arguments: str) -> tuple[int, Result]:
    done = CliRunner().invoke(tellverify, list(arguments), standalone_mode=False)
    assert done.exception is None or isinstance(done.exception, SystemExit | Exception)
    code = done.return_value if isinstance(done.return_value, int) else -1
    return code, done


def test_all_specs_are_admitted_by_the_full_runtime() -> None:
    code, done = call("admit", "specs")
    assert code == 0
    assert "25 admitted, 0 refused by `full`" in done.output


def test_a_refusal_names_source_and_policy_and_what_helps() -> None:
    code, done = call("admit", "specs/ota_activation.tell", "--without", "protocol_envelope_bridge")
    assert code == 1
    assert "error[TV707]" in done.output
    assert "specs/ota_activation.tell:5" in done.output
    assert "builtin:aura/packs.toml:" in done.output
    assert "smallest changes, cost 3:" in done.output
    assert "provide `protocol_envelope_bridge` in the runtime" in done.output


def test_the_same_question_gives_the_same_bytes() -> None:
    first = call("admit", "specs", "--runtime", "no-contracts", "--format", "json")
    second = call("admit", "specs", "--runtime", "no-contracts", "--format", "json")
    assert first[0] == second[0] == 1
    assert first[1].output == second[1].output
    rows = json.loads(first[1].output)
    assert {row["method"] for row in rows if not row["admitted"]} == {"sets and z3"}
    assert all(each["reason"] for row in rows for each in row["objections"])


def test_minimal_runtimes_and_one_for_all() -> None:
    code, done = call("admit", "specs", "--minimal")
    assert code == 0
    assert "all of them together: 1 minimal set of facts" in done.output
    both = "specs/device_epoch_rotation.tell"
    code, done = call("admit", both, "--minimal", "--format", "json")
    (row,) = json.loads(done.output)
    assert len(row["minimal_keys"]) == 9
    assert len(row["minimal_facts"]) == 2


def test_a_runtime_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('format = 1\n[[runtimes]]\nname = "mine"\nextends = "full"\nlacks = []\n')
    code, done = call("admit", "specs/dkd.tell", "--runtime", str(own))
    assert code == 0
    assert "1 admitted, 0 refused by `mine`" in done.output
    own.write_text("format = 1\nname = \n")
    code, done = call("admit", "specs/dkd.tell", "--runtime", str(own))
    assert code == 2
    assert "TV052" in done.output


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
def test_the_matrix(style: str) -> None:
    code, done = call("admit", "specs", "--matrix", "--format", style)
    assert code == 0
    assert "aura.sync.ota_activation" in done.output
    assert "without-live-migration" in done.output


def test_a_policy_without_a_runtime_says_so(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('format = 1\ngathers = { late = "discard" }\n', encoding="utf-8")
    code, done = call("check", "specs", "--policy", str(path))
    assert (code, "set `runtime` in `[admission]` to one that you add" in done.output) == (2, True)
    path.write_text('format = 1\n[[runtimes]]\nname = "full"\n', encoding="utf-8")
    code, done = call("admit", "specs", "--policy", str(path))
    assert (code, "set `runtime` in `[admission]` to one of full" in done.output) == (2, True)


def test_redaction_hides_every_key() -> None:
    _, done = call("admit", "specs/ota_activation.tell", "--runtime", "no-contracts", "--redact")
    assert "reconfiguration_safety" not in done.output
    assert "semantic_handoff" not in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("admit", "specs", "--runtime", "nowhere"), 2, "there is no runtime"),
        (("admit", "specs", "--without", "nothing"), 2, "no runtime can have `nothing`"),
        (("admit", "specs", "--policy", "nowhere"), 2, "TV051"),
        (("admit", "specs", "--policy", f"{COUNTER}/policies/not_toml.toml"), 2, "TV052"),
        (("admit", "specs", "--policy", f"{COUNTER}/policies/reserved_pack.toml"), 2, "TV067"),
        (("check", "specs", "--policy", f"{COUNTER}/policies/reserved_pack.toml"), 2, "TV067"),
        (("admit", "nowhere.tell"), 1, "TV001"),
        (("admit", "counterexamples/self_send.tell"), 1, "TV208"),
        (("admit", "docs/ci", "--policy", POLICY), 4, "no protocol was found"),
        (("policy", "check", f"{COUNTER}/policies/import_cycle.toml"), 0, "TV056"),
        (("policy", "check", f"{COUNTER}/policies/reserved_pack.toml"), 0, "TV067"),
        (("policy", "check"), 0, "63 keys"),
        (("policy", "check", "--fail-on", "warning"), 1, "TV069"),
        (("check", "specs", "--policy", "nowhere"), 2, "TV051"),
        (
            ("check", "specs", "--policy", "specs/policy", "--runtime", "x"),
            2,
            "there is no runtime",
        ),
    ],
)
def test_wrong_use_has_its_code_and_words(
    arguments: tuple[str, ...], code: int, words: str
) -> None:
    found, done = call(*arguments)
    assert found == code
    assert words in done.output


def test_a_runtime_needs_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "specs/dkd.tell", tmp_path)
    monkeypatch.chdir(tmp_path)
    code, done = call("check", "dkd.tell", "--runtime", "full")
    assert code == 2
    assert "--policy" in done.output
    code, done = call("admit", "dkd.tell")
    assert code == 2
    assert "there is no policy" in done.output


def test_a_check_with_a_policy_decides_admission() -> None:
    code, done = call("check", "specs/ota_activation.tell", "--policy", "specs/policy", "-v")
    assert code == 0
    assert "admission[AuraTransitionSafety]" in done.output
    code, done = call(
        "check", "specs/ota_activation.tell", "--policy", "specs/policy", "--runtime",
        "without-live-migration", "--format", "json",
    )  # fmt: skip
    assert code == 1
    run = json.loads(done.output)
    assert "TV707" in done.output
    assert run


def test_a_check_of_the_counterexamples_refutes_their_admission() -> None:
    code, done = call("check", "--isolated", COUNTER, "--policy", POLICY, "--format", "concise")
    assert code == 1  # some expect another runtime, others another policy
    for number in ("TV702", "TV703", "TV704", "TV708", "TV709", "TV714", "TV715", "TV716"):
        assert number in done.output


def test_evidence_of_a_refusal_is_a_script_that_a_solver_confirms(tmp_path: Path) -> None:
    code, _ = call(
        "check", "specs/dkd.tell", "--policy", "specs/policy", "--runtime", "no-contracts",
        "--evidence", str(tmp_path),
    )  # fmt: skip
    assert code == 1
    (script,) = tmp_path.rglob("admission*.smt2")
    assert "(set-info :status unsat)" in script.read_text(encoding="utf-8")
    code, done = call("recheck", "--smt", str(tmp_path))
    assert code == 0, done.output


def test_manifests_are_stored_and_compared(tmp_path: Path) -> None:
    code, done = call("manifest", "specs/ota_activation.tell", "--json")
    assert code == 0
    stored = tmp_path / "ota.json"
    stored.write_text(done.output, encoding="utf-8")
    code, done = call("manifest", "specs/ota_activation.tell", "--check", str(stored))
    assert code == 0
    changed = json.loads(stored.read_text("utf-8"))
    changed["manifest"]["guard_capabilities"].remove("ota:abort")
    stored.write_text(json.dumps(changed), encoding="utf-8")
    code, done = call("manifest", "specs/ota_activation.tell", "--check", str(stored))
    assert code == 1
    assert "TV731" in done.output
    assert "specs/ota_activation.tell:30" in done.output
    stored.write_text("{", encoding="utf-8")
    code, done = call("manifest", "specs/ota_activation.tell", "--check", str(stored))
    assert code == 2
    assert "TV732" in done.output


def test_a_stored_manifest_can_be_admitted(tmp_path: Path) -> None:
    code, done = call("manifest", "specs/ota_activation.tell", "--json")
    stored = tmp_path / "ota.json"
    stored.write_text(done.output, encoding="utf-8")
    code, done = call("admit", str(stored))
    assert code == 0
    assert "admitted  aura.sync.ota_activation by `full`" in done.output


def test_the_inventory_says_what_is_left_to_do() -> None:
    code, done = call("inventory", "--json")
    assert code == 0
    rows = {row["protocol"]: row for row in json.loads(done.output)}
    assert len(rows) == 25
    ceremony = rows["aura.recovery.guardian_ceremony"]
    assert ceremony["pack_status"] == "adopted"
    assert [task["state"] for task in ceremony["tasks"]] == ["open", "open", "done"]
    assert rows["aura.consensus"]["tasks"][-1]["state"] == "open"
    assert rows["aura.rendezvous.exchange"]["pack_status"] == "non-goal"
    assert rows["aura.sync.ota_activation"]["wave"] == "first"
    assert rows["aura.sync.ota_activation"]["acceptance"].startswith("accepted")
    code, done = call("inventory", "--markdown", "--no-acceptance")
    assert code == 0
    assert done.output.count("\n") == 27


def test_a_protocol_without_a_source_is_unknown(tmp_path: Path) -> None:
    shutil.copy(ROOT / "specs/dkd.tell", tmp_path)
    code, done = call("inventory", str(tmp_path), "--json", "--no-acceptance")
    assert code == 0
    rows = {row["protocol"]: row for row in json.loads(done.output)}
    assert rows["aura.dkg.ceremony"]["tasks"][0]["state"] == "done"
    assert rows["aura.consensus"]["tasks"][0]["state"] == "unknown"


def test_the_inventory_is_that_of_the_configured_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "specs/ota_activation.tell").read_text("utf-8")
    Path("ota.tell").write_text(text, "utf-8")
    Path("tellverify.toml").write_text('include = ["*.tell"]\npolicy = "aura"\n', "utf-8")
    code, done = call("inventory", "--no-acceptance", "--json")
    assert code == 0
    sources = {row["protocol"]: row["source"] for row in json.loads(done.stdout)}
    assert sources["aura.sync.ota_activation"].startswith("ota.tell")
    shapes = call("inventory", "--convergence")[1].stdout
    assert "aura.consensus   no source was given\n  unknown\n" in shapes


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "specs/dkd.tell", "--policy", "specs/policy", "--property", "admission"),
        ("admit", "specs/ota_activation.tell"),
        ("admit", "specs", "--matrix"),
        ("manifest", "specs/ota_activation.tell"),
        ("policy", "check"),
    ],
)
def test_a_plain_yes_loads_no_solver(arguments: tuple[str, ...]) -> None:
    script = (
        "import sys\nfrom tellverify.cli.group import run\n"
        f"code = run({list(arguments)!r})\nassert code == 0, code\n"
        "assert 'z3' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stored_answer_is_not_used_after_an_imported_policy_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "specs/dkd.tell", tmp_path)
    shutil.copytree(ROOT / "src/tellverify/policy/aura", tmp_path / "rows")
    (tmp_path / "policy.toml").write_text('format = 1\nimport = ["rows/protocols.toml"]\n')
    (tmp_path / "tellverify.toml").write_text('policy = "policy.toml"\ncache = true\n')
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        code, done = call("check", "dkd.tell", "--property", "admission")
        assert code == 0, done.output
    runtimes = tmp_path / "rows" / "runtimes.toml"
    text = runtimes.read_text(encoding="utf-8")
    runtimes.write_text(
        text.replace('name = "full"\n', 'name = "full"\nlacks = ["byzantine_envelope"]\n'),
        encoding="utf-8",
    )
    code, done = call("check", "dkd.tell", "--property", "admission")
    assert code == 1, done.output
    assert "TV706" in done.output
