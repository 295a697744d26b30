"""Tables and tests of admission in Rust: found where the policy says, and compared with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tellverify.cli.group import run

TABLE = """\
pub const CONSENSUS: &str = "aura.consensus";
const BYZANTINE: &str = "byzantine_envelope";
pub mod inner {
    pub static BOTH: &[&str] = &[super::BYZANTINE, "termination_bounded"];
}

/// `match` arms in comments and strings do not count: "aura.amp.transport" => ["x"]
#[must_use]
pub fn required(protocol_id: &str) -> Vec<CapabilityKey> {
    match protocol_id {
        CONSENSUS => vec![CapabilityKey::new(BYZANTINE)],
        ids::DKG => inner::BOTH.iter().map(CapabilityKey::new).collect(),
        "aura.recovery.grant" | "aura.sync.epoch_rotation" | "aura.sync.device_epoch_rotation" => {
            vec![CapabilityKey::TerminationBounded]
        }
        _ => Vec::new(),
    }
}
"""
IDS = 'pub const DKG: &str = "aura.dkg.ceremony";\n'
POLICY = """\
format = 1
import = ["builtin:aura"]
name = "ours"

[[admission_tables]]
file = "src/admission.rs"
function = "required"
constants = ["src/ids.rs"]
"""
OTA = """\
module ota_activation exposing (OTAActivationProtocol)

proof_bundle AuraTransitionSafety requires [{keys}]

protocol OTAActivationProtocol requires AuraTransitionSafety =
  roles A, B
  A {{ guard_capability : "ota:propose", flow_cost : 1 }} -> B : UpgradeProposal
""".format(
    keys="protocol_machine_envelope_adherence, protocol_machine_envelope_admission,"
    " protocol_envelope_bridge, reconfiguration_safety"
)


@pytest.fixture(autouse=True)
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("src", "tests"):
        (tmp_path / name).mkdir()
    Path("src/admission.rs").write_text(TABLE, encoding="utf-8")
    Path("src/ids.rs").write_text(IDS, encoding="utf-8")
    Path("policy.toml").write_text(POLICY, encoding="utf-8")
    Path("src/ota_activation.tell").write_text(OTA, encoding="utf-8")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(arguments)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """The errors of `policy check` as code, place and message."""
    code = run(("policy", "check", "policy.toml", "--format", "json", *arguments))
    found = json.loads(capsys.readouterr().out)
    errors = [one for one in found if one["severity"] == "error"]
    return code, [f"{one['code']} {one['path']}:{one['line']} {one['message']}" for one in errors]


def test_a_table_that_says_what_the_policy_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(capsys) == (0, [])
    assert said(capsys, "admit", "src", "--policy", "policy.toml")[0] == 0


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("new(BYZANTINE)]", "new(BYZANTINE), x(DKG_KEY)]", ""),
        ("::TerminationBounded", "::new(BYZANTINE)", "`aura.recovery.grant` lacks"),
        ("vec![CapabilityKey::new(BYZANTINE)]", "vec![]", "`aura.consensus` lacks"),
        ("Vec::new()", 'vec!["live_migration"]', "`aura.amp.transport` also asks for"),
        ('"aura.recovery.grant"', '"aura.recovery.grants"', "which the policy does not list"),
    ],
)
def test_drift_is_found_in_both_commands(
    capsys: pytest.CaptureFixture[str], old: str, new: str, expected: str
) -> None:
    assert old in TABLE
    Path("src/admission.rs").write_text(TABLE.replace(old, new), encoding="utf-8")
    code, found = rows(capsys)
    assert code == 1
    if expected:
        assert any(one.startswith("TV664 src/admission.rs") and expected in one for one in found)
    else:
        assert len(found) == 1
        assert found[0].startswith("TV665 src/admission.rs:11 ")
        assert "`DKG_KEY` is not known" in found[0]
    code, text = said(capsys, "admit", "src", "--policy", "policy.toml")
    assert code == 1
    assert "TV664" in text or "TV665" in text


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("fn required(", "fn other("), "there is no function `required`"),
        (("match protocol_id {", "if false {"), "syntax error"),
        (("        CONSENSUS =>", "        CONSENSUS if strict =>"), "an arm has a condition"),
        ((TABLE, "pub fn required(n: u8) -> K { match n { 1 => A, _ => B } }"), "no `match` on"),
    ],
)
def test_a_table_that_cannot_be_read_is_no_empty_one(
    capsys: pytest.CaptureFixture[str], change: tuple[str, str], expected: str
) -> None:
    Path("src/admission.rs").write_text(TABLE.replace(*change), encoding="utf-8")
    code, found = rows(capsys)
    assert code == 1
    assert len(found) == 1
    assert "TV665" in found[0]
    assert expected in found[0]


CONSENSUS_ARM = "vec![CapabilityKey::new(BYZANTINE)]"


@pytest.mark.parametrize(
    "value",
    [
        'vec![CapabilityKey::new(BYZANTINE).expect("a valid key")]',
        '{ tracing::debug!("of consensus"); vec![CapabilityKey::new(BYZANTINE)] }',
        "{ return [BYZANTINE].map(CapabilityKey::new).to_vec(); }",
        "{ let keys = [BYZANTINE]; keys.iter().copied().map(CapabilityKey::new).collect() }",
        "{ let key = BYZANTINE; let keys = vec![CapabilityKey::new(key)]; keys }",
        "[BYZANTINE][..].iter().map(CapabilityKey::new).collect()",
        "[BYZANTINE].iter().map(|key| key.to_string()).collect()",
        "[BYZANTINE].iter().map(|&key| CapabilityKey::new(key)).collect()",
        "vec![of_consensus()]",
        "inner::of_consensus().into_iter().chain([]).collect()",
        "Some(Profile { keys: &[BYZANTINE], limit: 3 })",
    ],
)
def test_all_forms_of_keys_that_are_followed(
    capsys: pytest.CaptureFixture[str], value: str
) -> None:
    text = TABLE.replace(CONSENSUS_ARM, value)
    text += "fn of_consensus() -> CapabilityKey { CapabilityKey::new(BYZANTINE) }\n"
    Path("src/admission.rs").write_text(text, encoding="utf-8")
    assert rows(capsys) == (0, [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[BYZANTINE].iter().map(|key| other(key)).collect()", "what `.map()` makes of keys"),
        ("[BYZANTINE].iter().map(|_| X).collect()", "what `.map()` makes of keys"),
        ("[BYZANTINE].iter().map(other).collect()", "what `.map()` makes of keys"),
        ("elsewhere()", "the value of `elsewhere()` is not known"),
        ("vec![protocol_id]", "the value of `protocol_id` is not known"),
        ("{ let mut keys = vec![BYZANTINE]; keys.push(X); keys }", "`keys` is not known"),
        ("{ if strict { return vec![]; } vec![BYZANTINE] }", "an arm returns early"),
        ("if strict { vec![BYZANTINE] } else { vec![] }", "the keys of `if strict {"),
        ("[BYZANTINE].into_iter().filter(needed).collect()", "what `.filter()` makes of keys"),
        ("vec![inner::BOTH[0]]", "the keys of `inner::BOTH[0]` are not known"),
        ("todo!()", "what the macro `todo!` stands for is not known"),
        ('[#[cfg(feature = "bft")] BYZANTINE].to_vec()', "the keys of `#[cfg("),
        ("(" * 400 + "BYZANTINE" + ")" * 400, "nested too deeply"),
    ],
)
def test_keys_that_are_not_known_are_never_taken_for_none(
    capsys: pytest.CaptureFixture[str], value: str, expected: str
) -> None:
    Path("src/admission.rs").write_text(TABLE.replace(CONSENSUS_ARM, value), encoding="utf-8")
    code, found = rows(capsys)
    assert code == 1
    assert len(found) == 1
    assert found[0].startswith("TV665 src/admission.rs:11 ")
    assert expected in found[0]


def test_a_pattern_may_bind_the_id(capsys: pytest.CaptureFixture[str]) -> None:
    old = '"aura.recovery.grant" | "aura.sync.epoch_rotation" | "aura.sync.device_epoch_rotation"'
    assert old in TABLE
    text = TABLE.replace(old, f"id @ ({old})")
    Path("src/admission.rs").write_text(text, encoding="utf-8")
    assert rows(capsys) == (0, [])
    text = text.replace("TerminationBounded", "ByzantineEnvelope")
    Path("src/admission.rs").write_text(text, encoding="utf-8")
    assert len(rows(capsys)[1]) == 3


@pytest.mark.parametrize(
    ("arm", "expected"),
    [
        ('"aura.consensus" => Profile { keys: &[BYZANTINE], id }', ""),
        ('"aura.amp.transport" => Profile { id, ..OTHERS }', "does not write the field `keys`"),
        ('"aura.amp.transport" => profile(id, &[BYZANTINE])', "does not write the field `keys`"),
        ("Id::Amp => Profile { keys: &[], id }", "the pattern `Id::Amp` is no protocol id"),
        ('Some("aura.amp.transport") => P { keys: &[] }', "is no protocol id"),
        ('("aura.amp.transport", _) => P { keys: &[] }', "is no protocol id"),
    ],
)
def test_a_table_of_structs_has_the_field_in_every_arm(
    capsys: pytest.CaptureFixture[str], arm: str, expected: str
) -> None:
    text = TABLE[: TABLE.index("/// ")] + (
        "fn required(id: &str) -> Option<Profile> { match id {\n"
        f"    {arm},\n"
        '    "aura.invitation.exchange" => Profile { keys: &[], id },\n'
        "    _ => return None,\n} }\n"
    )
    Path("src/admission.rs").write_text(text, encoding="utf-8")
    Path("policy.toml").write_text(POLICY + 'field = "keys"\n', encoding="utf-8")
    code, found = rows(capsys)
    if expected:
        assert (code, len(found)) == (1, 1)
        assert found[0].startswith("TV665 src/admission.rs:8 ")
        assert expected in found[0]
    else:
        assert (code, found) == (0, [])


def test_files_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    Path("src/ids.rs").unlink()
    assert "`src/ids.rs` cannot be read" in rows(capsys)[1][0]
    Path("src/admission.rs").unlink()
    code, found = rows(capsys)
    assert code == 1
    assert found[0].startswith("TV665 policy.toml:7 ")
    Path("sub").mkdir()
    assert rows(capsys, "--root", "sub")[0] == 1


@pytest.mark.parametrize("rest", ["None", "Err(Unknown)", "unreachable!()", "Vec::new()"])
def test_an_arm_that_refuses_all_others_says_nothing_of_keys(
    capsys: pytest.CaptureFixture[str], rest: str
) -> None:
    text = TABLE.replace("CONSENSUS =>", '"aura.amp.transport" =>').replace("Vec::new()", rest)
    text = text.replace("vec![CapabilityKey::new(BYZANTINE)]", "vec![]")
    Path("src/admission.rs").write_text(text, encoding="utf-8")
    _, found = rows(capsys)
    assert len(found) == (1 if rest == "Vec::new()" else 0)


def test_a_field_of_a_struct_has_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    text = """\
pub fn required(id: &str) -> Option<Profile> {
    Some(match id {
        "aura.consensus" => Profile { policy: "aura.vm.x", keys: &["byzantine_envelope"] },
        "aura.dkg.ceremony" => Profile {
            policy: "aura.vm.y",
            keys: &["termination_bounded", "byzantine_envelope"],
        },
        "aura.recovery.grant" | "aura.sync.epoch_rotation" | "aura.sync.device_epoch_rotation" =>
            Profile { policy: "aura.vm.y", keys: &["termination_bounded"] },
        _ => Profile { policy: "aura.vm.z", keys: &[] },
    })
}
"""
    Path("src/admission.rs").write_text(text, encoding="utf-8")
    assert any("also asks for `aura.vm.x`" in one for one in rows(capsys)[1])
    Path("policy.toml").write_text(f'{POLICY}field = "keys"\n', encoding="utf-8")
    assert rows(capsys) == (0, [])


TESTS = """\
mod ota_activation_admission {
    #[tokio::test(flavor = "multi_thread")]
    async fn missing_pack_is_refused() {}

    #[test]
    #[ignore = "slow"]
    fn launch_with_support_runs() {}

    fn launch_without_support_is_refused() {}
}

// #[test] fn ota_activation_admission_rejects_in_a_comment() {}
const TEXT: &str = "#[test] fn ota_activation_launch_rejects_in_a_string() {}";

#[test]
fn ota_activation_parses() {}

#[test]
fn device_epoch_rotation_launch_is_rejected() {}
"""


def test_tests_are_listed_beside_our_own_runs(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tests/launches.rs").write_text(TESTS, encoding="utf-8")
    code, text = said(capsys, "accept", "src", "--policy", "aura")
    assert code == 0, text
    assert "upstream's negative test: tests/launches.rs:3 missing_pack_is_refused\n" in text
    assert "positive test: tests/launches.rs:7 launch_with_support_runs, ignored\n" in text
    assert "rejects_in" not in text
    assert "ota_activation_parses" not in text
    assert "launch_without_support_is_refused" not in text
    assert "device_epoch" not in text
    run(("accept", "src", "--policy", "aura", "--json"))
    (row,) = json.loads(capsys.readouterr().out)
    assert [(one["kind"], one["line"], one["ignored"]) for one in row["tests"]] == [
        ("negative", 3, False),
        ("positive", 7, True),
    ]


def test_a_test_under_a_condition_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """One that some target leaves out by `ignore` runs on others."""
    under = TESTS.replace("#[tokio::test(flavor", "#[cfg_attr(unix, tokio::test(flavor").replace(
        '")]', '"))]', 1
    )
    under = under.replace('#[ignore = "slow"]', '#[cfg_attr(windows, ignore = "slow")]')
    Path("tests/launches.rs").write_text(under, encoding="utf-8")
    code, text = said(capsys, "accept", "src", "--policy", "aura")
    assert code == 0, text
    assert "upstream's negative test: tests/launches.rs:3 missing_pack_is_refused\n" in text
    assert "positive test: tests/launches.rs:7 launch_with_support_runs\n" in text


def test_none_is_found_where_none_is(capsys: pytest.CaptureFixture[str]) -> None:
    _, text = said(capsys, "accept", "src", "--policy", "aura")
    assert "upstream's negative test: none found" in text
    assert "upstream's positive test: none found" in text
    Path("elsewhere/tests").mkdir(parents=True)
    Path("elsewhere/tests/launches.rs").write_text(TESTS, encoding="utf-8")
    _, text = said(capsys, "accept", "src", "--policy", "aura", "--root", "elsewhere")
    assert "upstream's negative test: tests/launches.rs:3 " in text


def test_a_longer_name_is_another_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    other = "#[test]\nfn ota_activation_rollback_launch_is_refused() {}\n"
    Path("tests/a.rs").write_text(other, encoding="utf-8")
    Path("policy.toml").write_text(
        'format = 1\nimport = ["builtin:aura"]\n'
        '[[protocols]]\nmodule = "ota_activation_rollback"\nprotocol = "Rollback"\n'
        'files = ["r.tell"]\n[[waves]]\nname = "later"\n'
        'protocols = ["ota_activation_rollback.Rollback"]\n',
        encoding="utf-8",
    )
    _, text = said(capsys, "accept", "src", "--policy", "policy.toml")
    assert "upstream's negative test: none found" in text


def test_paths_come_from_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tellverify.toml").write_text(
        'include = ["src/*.tell"]\npolicy = "policy.toml"\n', encoding="utf-8"
    )
    for name in ("accept", "admit"):
        code, text = said(capsys, name)
        assert code == 0, text
        assert "aura.sync.ota_activation" in text
    Path("tellverify.toml").write_text('include = ["none/*.tell"]\n', encoding="utf-8")
    assert said(capsys, "admit", "--policy", "aura")[0] == 4
