"""The budgets that a check finds for `specs/` are those of the reference's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Bounded, Proved
from tellverify.verdict.properties import Property
from tellverify.verification.pipeline import Checked, check_paths

ROOT = Path(__file__).parents[3]
SPECS = ROOT / "specs"
CORPUS = ROOT.parent / "shared" / "corpus" / "aura"

# The largest total that a role is charged on any run; of a family that of one member.
COSTS = {
    "anonymous_path_establish": {"Owner": "30", "PathManager": "30"},
    "move_receipt_reply_block": {"AdjacentHop": "15", "Verifier": "10"},
    "hold_deposit_reply_block": {"Depositor": "15", "Verifier": "10"},
    "hold_retrieval_reply_block": {"Retriever": "15", "Verifier": "10"},
    "hold_audit_reply_block": {"Auditor": "15", "Verifier": "10"},
    "session_coordination": {
        "Initiator": "100",
        "Coordinator": "150·N + 200",
        "Participants": "75",
    },
    "amp_transport": {"Sender": "100", "Receiver": "100"},
    "amp_epoch_transition": {
        "Coordinator": "380",
        "Witness1": "80",
        "Witness2": "80",
        "Finalizer": "160",
    },
    "amp_epoch_transition_quarantine": {
        "Coordinator": "600",
        "Witness1": "90",
        "Witness2": "90",
        "Finalizer": "0",
    },
    "amp_epoch_transition_cryptoshred": {
        "Coordinator": "740",
        "Witness1": "120",
        "Witness2": "120",
        "Finalizer": "0",
    },
    "dkd": {"Initiator": "450", "Participant": "300"},
    "guardian_auth_relational": {"Account": "50", "Coordinator": "60", "Guardian": "50"},
    "consensus": {"Coordinator": "275·N", "Witness": "100"},
    "device_enrollment": {"Initiator": "3", "Invitee": "2"},
    "guardian_invitation": {"Principal": "3", "Guardian": "2"},
    "invitation_exchange": {"Sender": "2", "Receiver": "1"},
    "guardian_ceremony": {"Initiator": "0", "Guardian1": "0", "Guardian2": "0"},
    "guardian_membership_change": {
        "ChangeInitiator": "1590",
        "Guardian1": "220",
        "Guardian2": "220",
        "Guardian3": "220",
    },
    "guardian_setup": {
        "SetupInitiator": "1350",
        "Guardian1": "200",
        "Guardian2": "200",
        "Guardian3": "200",
    },
    "recovery_protocol": {"Account": "100", "Coordinator": "150", "Guardian": "50"},
    "relayed_rendezvous": {"Initiator": "2", "Relay": "2", "Responder": "2"},
    "rendezvous_exchange": {"Initiator": "3", "Responder": "3"},
    "device_epoch_rotation": {"Initiator": "140", "Participant": "40"},
    "epoch_rotation": {"Coordinator": "440", "Participant1": "80", "Participant2": "80"},
    "ota_activation": {"Coordinator": "220·N", "Devices": "80"},
}
# The largest total toward one peer, where a role is charged for several.
ROWS = {
    "session_coordination": 200,
    "amp_epoch_transition": 160,
    "amp_epoch_transition_quarantine": 220,
    "amp_epoch_transition_cryptoshred": 260,
    "guardian_membership_change": 530,
    "guardian_setup": 450,
    "epoch_rotation": 220,
    "recovery_protocol": 100,
}
UPSTREAM = {
    "coordination": "session_coordination",
    "consensus": "consensus",
    "device_epoch_rotation": "device_epoch_rotation",
    "epochs": "epoch_rotation",
    "guardian_ceremony": "guardian_ceremony",
    "hold_audit_reply_block": "hold_audit_reply_block",
    "ota_activation": "ota_activation",
    "recovery_protocol": "recovery_protocol",
}


@pytest.fixture(scope="module")
def checked() -> Checked:
    return check_paths([str(SPECS)], Options(policy=str(SPECS / "policy")))


def costs_of(checked: Checked, stem: str) -> dict[str, str]:
    found = {}
    for report in checked.run.protocols:
        if Path(report.path).stem != stem:
            continue
        for verdict in report.verdicts:
            if verdict.property is Property.BUDGET and verdict.scope.roles:
                outcome = verdict.outcome
                assert isinstance(outcome, Proved), (stem, outcome)
                text = outcome.detail.removeprefix("at most ").removesuffix(" each")
                found[verdict.scope.roles[0]] = text.replace(",", "")
    return found


@pytest.mark.parametrize("stem", COSTS)
def test_costs_are_those_of_the_table(checked: Checked, stem: str) -> None:
    assert costs_of(checked, stem) == COSTS[stem]


@pytest.mark.parametrize("stem", ROWS)
def test_the_dearest_row_is_that_of_the_table(checked: Checked, stem: str) -> None:
    rows = [
        dict(verdict.statistics)["worst-case"]
        for report in checked.run.protocols
        if Path(report.path).stem == stem
        for verdict in report.verdicts
        if verdict.property is Property.BUDGET
        and (verdict.scope.channel is not None or len(COSTS[stem]) == 2)
    ]
    # A role with one peer has no row of its own: its total is its row.
    totals = [int(text) for text in costs_of(checked, stem).values() if text.isdigit()]
    alone = [
        total
        for role, total in zip(costs_of(checked, stem), totals, strict=False)
        if not any(
            verdict.scope.channel is not None and verdict.scope.channel[0] == role
            for report in checked.run.protocols
            if Path(report.path).stem == stem
            for verdict in report.verdicts
        )
    ]
    assert max([*rows, *alone]) == ROWS[stem]


def test_every_role_of_every_protocol_has_a_budget(checked: Checked) -> None:
    assert len(checked.run.protocols) == 25
    for report in checked.run.protocols:
        budgets = {
            role
            for verdict in report.verdicts
            if verdict.property is Property.BUDGET
            for role in verdict.scope.roles
        }
        assert budgets == {role.partition("[")[0] for role in report.roles}, report.name


def test_the_guard_chain_protects_every_send(checked: Checked) -> None:
    for report in checked.run.protocols:
        verdicts = [v for v in report.verdicts if v.property is Property.GUARD_CHAIN]
        assert verdicts, report.name
        assert all(isinstance(verdict.outcome, Proved) for verdict in verdicts), report.name
        bare = report.path.endswith("guardian_ceremony.tell")
        assert {verdict.vacuity for verdict in verdicts} == {"vacuous" if bare else "exercised"}


def test_only_one_choreography_has_both_outcomes_with_facts(checked: Checked) -> None:
    decided = {
        Path(report.path).stem
        for report in checked.run.protocols
        for verdict in report.verdicts
        if verdict.property is Property.CEREMONY and isinstance(verdict.outcome, Proved | Bounded)
    }
    assert decided == {"ota_activation"}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the real files are not here")
@pytest.mark.parametrize("name", UPSTREAM)
def test_real_files_cost_the_same(name: str) -> None:
    policy = str(SPECS / "policy")
    real = check_paths([str(CORPUS / f"{name}.tell")], Options(policy=policy))
    assert costs_of(real, name) == COSTS[UPSTREAM[name]]
