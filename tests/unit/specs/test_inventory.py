"""The numbers of every protocol in `specs/`, recomputed from the syntax tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tellverify.language.syntax import ast
from tellverify.language.syntax.parser import parse
from tellverify.source.text import SourceFile

SPECS = Path(__file__).parents[3] / "specs"

IMPLICIT_COST = 100
KEYS = ("parallel", "guard_capability", "flow_cost", "journal_facts", "leak", "link")
LETTERS = dict(zip("pgfjlk", KEYS, strict=True))

TRANSITION_SAFETY = (
    "typed_transition_receipts",
    {
        "protocol_machine_envelope_adherence",
        "protocol_machine_envelope_admission",
        "protocol_envelope_bridge",
        "reconfiguration_safety",
    },
)
AUTHORITY_EVIDENCE = (
    "authoritative_recovery_evidence",
    {
        "protocol_machine_envelope_adherence",
        "protocol_machine_envelope_admission",
        "protocol_envelope_bridge",
    },
)
PACKS = {"AuraTransitionSafety": TRANSITION_SAFETY, "AuraAuthorityEvidence": AUTHORITY_EVIDENCE}


class Inventory(NamedTuple):
    """One row. `wire` counts the longest path with one more message for each label that differs
    from the first message of its branch; `cost` is the highest total of each role, `row` the
    highest total toward one peer; `weight` is twice the sum of the roles' depths."""

    protocol: str
    roles: str
    edges: int
    wire: int
    choices: str
    annotations: str
    pack: str
    bundle: str
    cost: str
    row: int
    weight: int


TABLE = {
    "anonymous_path_establish": Inventory(
        "anonymous_path_establish.AnonymousPathEstablishProtocol",
        "Owner, PathManager",
        6,
        3,
        "PathManager(Ready, Timeout, Cancelled, ReplayRejected, StaleOwner)",
        "g6 f6 j6",
        "",
        "",
        "Owner 30; PathManager 30",
        30,
        12,
    ),
    "move_receipt_reply_block": Inventory(
        "move_receipt_reply_block.MoveReceiptReplyBlockProtocol",
        "AdjacentHop, Verifier",
        3,
        3,
        "Verifier(Accepted, Rejected)",
        "g3 f3 j3",
        "",
        "",
        "AdjacentHop 15; Verifier 10",
        15,
        12,
    ),
    "hold_deposit_reply_block": Inventory(
        "hold_deposit_reply_block.HoldDepositReplyBlockProtocol",
        "Depositor, Verifier",
        3,
        3,
        "Verifier(Accepted, Rejected)",
        "g3 f3 j3",
        "",
        "",
        "Depositor 15; Verifier 10",
        15,
        12,
    ),
    "hold_retrieval_reply_block": Inventory(
        "hold_retrieval_reply_block.HoldRetrievalReplyBlockProtocol",
        "Retriever, Verifier",
        3,
        3,
        "Verifier(Accepted, Rejected)",
        "g3 f3 j3",
        "",
        "",
        "Retriever 15; Verifier 10",
        15,
        12,
    ),
    "hold_audit_reply_block": Inventory(
        "hold_audit_reply_block.HoldAuditReplyBlockProtocol",
        "Auditor, Verifier",
        3,
        3,
        "Verifier(Accepted, Rejected)",
        "g3 f3 j3",
        "",
        "",
        "Auditor 15; Verifier 10",
        15,
        12,
    ),
    "session_coordination": Inventory(
        "session_coordination.SessionCoordinationChoreography",
        "Initiator, Participants[N], Coordinator",
        7,
        6,
        "Coordinator(Success, Failure)",
        "g7 f7 j7 p4",
        "",
        "",
        "Initiator 100; Participants 75; Coordinator 200+150·N",
        200,
        24,
    ),
    "amp_transport": Inventory(
        "amp_transport.AmpTransport",
        "Sender, Receiver",
        2,
        2,
        "",
        "g2 j2",
        "",
        "",
        "Sender 100; Receiver 100",
        100,
        8,
    ),
    "amp_epoch_transition": Inventory(
        "amp_epoch_transition.AmpEpochTransition",
        "Coordinator, Witness1, Witness2, Finalizer",
        6,
        6,
        "",
        "g6 f6 j6",
        "",
        "",
        "Coordinator 380; Witness1 80; Witness2 80; Finalizer 160",
        160,
        24,
    ),
    "amp_epoch_transition_quarantine": Inventory(
        "amp_epoch_transition_quarantine.AmpEpochTransitionQuarantine",
        "Coordinator, Witness1, Witness2, Finalizer",
        7,
        7,
        "",
        "g7 f7 j7",
        "",
        "",
        "Coordinator 600; Witness1 90; Witness2 90; Finalizer 0",
        220,
        28,
    ),
    "amp_epoch_transition_cryptoshred": Inventory(
        "amp_epoch_transition_cryptoshred.AmpEpochTransitionCryptoshred",
        "Coordinator, Witness1, Witness2, Finalizer",
        7,
        7,
        "",
        "g7 f7 j7",
        "",
        "",
        "Coordinator 740; Witness1 120; Witness2 120; Finalizer 0",
        260,
        28,
    ),
    "dkd": Inventory(
        "dkd_protocol.DkdChoreography",
        "Initiator, Participant",
        5,
        5,
        "",
        "g5 f5 j1",
        "",
        "",
        "Initiator 450; Participant 300",
        450,
        20,
    ),
    "guardian_auth_relational": Inventory(
        "guardian_auth_relational.GuardianAuthRelational",
        "Account, Guardian, Coordinator",
        4,
        4,
        "",
        "g4 f4",
        "",
        "",
        "Account 50; Guardian 50; Coordinator 60",
        50,
        16,
    ),
    "consensus": Inventory(
        "aura_consensus.AuraConsensus",
        "Coordinator, Witness[N]",
        5,
        5,
        "",
        "g5 f5 j1 l1 p5",
        "",
        "",
        "Coordinator 275·N; Witness 100",
        275,
        20,
    ),
    "device_enrollment": Inventory(
        "invitation_device_enrollment.DeviceEnrollment",
        "Initiator, Invitee",
        3,
        3,
        "",
        "g3 f3 j3 k2",
        "",
        "device_migration",
        "Initiator 3; Invitee 2",
        3,
        12,
    ),
    "guardian_invitation": Inventory(
        "invitation_guardian.GuardianInvitation",
        "Principal, Guardian",
        3,
        3,
        "",
        "g3 f3 j3",
        "",
        "",
        "Principal 3; Guardian 2",
        3,
        12,
    ),
    "invitation_exchange": Inventory(
        "invitation.InvitationExchange",
        "Sender, Receiver",
        3,
        3,
        "",
        "g3 f3 j3",
        "",
        "",
        "Sender 2; Receiver 1",
        2,
        12,
    ),
    "guardian_ceremony": Inventory(
        "guardian_ceremony.GuardianCeremony",
        "Initiator, Guardian1, Guardian2",
        8,
        7,
        "Initiator(finalize, cancel)",
        "",
        "AuraAuthorityEvidence",
        "",
        "Initiator 0; Guardian1 0; Guardian2 0",
        0,
        28,
    ),
    "guardian_membership_change": Inventory(
        "guardian_membership_change.GuardianMembershipChange",
        "ChangeInitiator, Guardian1, Guardian2, Guardian3",
        9,
        9,
        "",
        "g9 f9 j5 k6",
        "",
        "guardian_handoff",
        "ChangeInitiator 1590; Guardian1 220; Guardian2 220; Guardian3 220",
        530,
        36,
    ),
    "guardian_setup": Inventory(
        "guardian_setup.GuardianSetup",
        "SetupInitiator, Guardian1, Guardian2, Guardian3",
        9,
        9,
        "",
        "g9 f9 j5",
        "AuraAuthorityEvidence",
        "",
        "SetupInitiator 1350; Guardian1 200; Guardian2 200; Guardian3 200",
        450,
        36,
    ),
    "recovery_protocol": Inventory(
        "recovery_protocol.RecoveryProtocol",
        "Account, Guardian, Coordinator",
        4,
        4,
        "",
        "g4 f4",
        "AuraAuthorityEvidence",
        "",
        "Account 100; Guardian 50; Coordinator 150",
        100,
        16,
    ),
    "relayed_rendezvous": Inventory(
        "rendezvous_relay.RelayedRendezvous",
        "Initiator, Relay, Responder",
        4,
        4,
        "",
        "g4 f4 l2",
        "",
        "",
        "Initiator 2; Relay 2; Responder 2",
        2,
        16,
    ),
    "rendezvous_exchange": Inventory(
        "rendezvous.RendezvousExchange",
        "Initiator, Responder",
        4,
        4,
        "",
        "g4 f4 j3",
        "",
        "",
        "Initiator 3; Responder 3",
        3,
        16,
    ),
    "device_epoch_rotation": Inventory(
        "device_epoch_rotation.DeviceEpochRotationProtocol",
        "Initiator, Participant",
        3,
        3,
        "",
        "g3 f3 j3",
        "AuraTransitionSafety",
        "",
        "Initiator 140; Participant 40",
        140,
        12,
    ),
    "epoch_rotation": Inventory(
        "epoch_rotation.EpochRotationProtocol",
        "Coordinator, Participant1, Participant2",
        6,
        6,
        "",
        "g6 f6 j5 k4",
        "",
        "epoch_rotation_transfer",
        "Coordinator 440; Participant1 80; Participant2 80",
        220,
        24,
    ),
    "ota_activation": Inventory(
        "ota_activation.OTAActivationProtocol",
        "Coordinator, Devices[N]",
        4,
        4,
        "Coordinator(Commit, Abort)",
        "g4 f4 j4 p4",
        "AuraTransitionSafety",
        "",
        "Coordinator 220·N; Devices 80",
        220,
        16,
    ),
}

# Labels that are sent with different annotations at different places of one protocol.
REUSED = {
    "anonymous_path_establish": {"AnonymousPathEstablishFailed"},
    "session_coordination": {"SessionCreated", "SessionCreationFailed"},
    "guardian_membership_change": {"ProposeChange", "CompleteChange"},
    "guardian_setup": {"SendInvitation", "CompleteSetup"},
    "epoch_rotation": {"EpochRotationProposal"},
}


def read(name: str) -> tuple[ast.File, ast.Protocol]:
    """The syntax tree of a protocol file, which must be free of findings."""
    path = SPECS / f"{name}.tell"
    parsed = parse(SourceFile(str(path), path.read_text(encoding="utf-8")))
    assert not parsed.diagnostics
    (protocol,) = parsed.file.protocols
    return parsed.file, protocol


def sends(block: ast.Block) -> Iterator[ast.Send]:
    """Every send, in source order."""
    for statement in block:
        match statement:
            case ast.Send():
                yield statement
            case ast.Choice(branches=branches):
                for branch in branches:
                    yield from sends(branch.body)
            case _:
                raise AssertionError(f"a construct the specs do not use: {statement}")


def choices(block: ast.Block) -> Iterator[ast.Choice]:
    """Every choice, in source order."""
    for statement in block:
        if isinstance(statement, ast.Choice):
            yield statement
            for branch in statement.branches:
                yield from choices(branch.body)


class Message(NamedTuple):
    """One message of a path: a send, or the selection of a branch when `send` is None."""

    sender: str
    receiver: str
    send: ast.Send | None


def paths(block: ast.Block) -> list[list[Message]]:
    """Every path through `block`, with a selection message where tag and message differ."""
    found: list[list[Message]] = [[]]
    for statement in block:
        match statement:
            case ast.Send(sender=sender, receiver=receiver):
                options = [[Message(sender.name.text, receiver.name.text, statement)]]
            case ast.Choice(decider=decider, branches=branches):
                options = []
                for branch in branches:
                    first = branch.body[0]
                    assert isinstance(first, ast.Send)
                    assert first.sender.name.text == decider.name.text
                    tag = Message(decider.name.text, first.receiver.name.text, None)
                    fused = branch.label.text == first.message.label.text
                    options += [[*([] if fused else [tag]), *path] for path in paths(branch.body)]
            case _:
                raise AssertionError(f"a construct the specs do not use: {statement}")
        found = [[*before, *option] for before in found for option in options]
    return found


def entries(send: ast.Send) -> dict[str, ast.Value]:
    """The sender record, in which a key stands once."""
    record = send.record.entries if send.record else ()
    assert len({entry.key.text for entry in record}) == len(record)
    return {entry.key.text: entry.value for entry in record}


def charge(send: ast.Send) -> int:
    """What one message costs its sender; a record without a cost charges the default."""
    record = entries(send)
    value = record.get("flow_cost")
    if value is None:
        return IMPLICIT_COST if record else 0
    assert isinstance(value, ast.IntValue)
    return value.value


def costs(protocol: ast.Protocol) -> tuple[str, int]:
    """The highest total of every role and the highest total toward one peer."""
    families = {role.name.text for role in protocol.roles or () if role.size}
    highest: dict[str, tuple[int, int]] = {}
    rows: dict[tuple[str, str], int] = {}
    for path in paths(protocol.body):
        fixed: dict[str, int] = defaultdict(int)
        scaled: dict[str, int] = defaultdict(int)
        row: dict[tuple[str, str], int] = defaultdict(int)
        for message in path:
            if message.send is not None:
                cost = charge(message.send)
                (scaled if message.receiver in families else fixed)[message.sender] += cost
                row[message.sender, message.receiver] += cost
        for key, total in row.items():
            rows[key] = max(rows.get(key, 0), total)
        for role in protocol.roles or ():
            name = role.name.text
            total_pair = (fixed[name], scaled[name])
            highest[name] = max(highest.get(name, (0, 0)), total_pair, key=sum)
    return "; ".join(f"{name} {_cost(*pair)}" for name, pair in highest.items()), max(rows.values())


def _cost(fixed: int, scaled: int) -> str:
    if not scaled:
        return str(fixed)
    return f"{fixed}+{scaled}·N" if fixed else f"{scaled}·N"


def inventory(name: str) -> Inventory:
    """The row of one file."""
    file, protocol = read(name)
    assert file.module is not None and protocol.roles is not None
    edges = list(sends(protocol.body))
    used = [key for send in edges for key in entries(send)]
    counts = [(letter, used.count(LETTERS[letter])) for letter in "gfjlpk"]
    links = {
        value.text.split("|")[0].removeprefix("bundle=")
        for send in edges
        if isinstance(value := entries(send).get("link"), ast.TextValue)
    }
    cost, row = costs(protocol)
    every_path = paths(protocol.body)
    depths = [
        max(sum(role.name.text in message[:2] for message in path) for path in every_path)
        for role in protocol.roles
    ]
    return Inventory(
        f"{file.module.name.text}.{protocol.name.text}",
        ", ".join(
            role.name.text + (f"[{role.size.name}]" if isinstance(role.size, ast.NameIndex) else "")
            for role in protocol.roles
        ),
        len(edges),
        max(len(path) for path in every_path),
        "; ".join(
            f"{choice.decider.name.text}({', '.join(b.label.text for b in choice.branches)})"
            for choice in choices(protocol.body)
        ),
        " ".join(f"{letter}{count}" for letter, count in counts if count),
        ", ".join(name.text for name in protocol.requires),
        ", ".join(sorted(links)),
        cost,
        row,
        2 * sum(depths),
    )


def test_every_file_has_a_row() -> None:
    assert {path.stem for path in SPECS.glob("*.tell")} == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_inventory(name: str) -> None:
    assert inventory(name) == TABLE[name]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_canonical_shape(name: str) -> None:
    file, protocol = read(name)
    assert file.module is not None
    assert [exposed.text for exposed in file.module.exposing] == [protocol.name.text]
    assert not file.comments and not file.imports
    for send in sends(protocol.body):
        keys = list(entries(send))
        assert keys == [key for key in KEYS if key in keys]
        assert send.message.type is not None and send.message.type.parts[0] == "crate"
        assert not send.message.payload
        fans_out = any(isinstance(r.index, ast.AnyIndex) for r in (send.sender, send.receiver))
        assert fans_out == ("parallel" in keys)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_packs_are_declared_exactly_where_they_are_required(name: str) -> None:
    file, protocol = read(name)
    bundles = [item for item in file.declarations if isinstance(item, ast.ProofBundle)]
    assert len(bundles) == len(file.declarations)
    assert [bundle.name.text for bundle in bundles] == [pack.text for pack in protocol.requires]
    for bundle in bundles:
        constraint, capabilities = PACKS[bundle.name.text]
        assert (bundle.version, bundle.issuer) == ("1.0.0", "did:aura:runtime-admission")
        assert bundle.constraints == (constraint,)
        assert {capability.text for capability in bundle.requires} == capabilities
        assert len(bundle.requires) == len(capabilities)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_labels_with_different_annotations(name: str) -> None:
    _, protocol = read(name)
    records: dict[str, list[dict[str, ast.Value]]] = defaultdict(list)
    for send in sends(protocol.body):
        records[send.message.label.text].append(entries(send))
    reused = {label for label, found in records.items() if any(r != found[0] for r in found)}
    assert reused == REUSED.get(name, set())


@pytest.mark.parametrize("name", sorted(TABLE))
def test_links_import_what_they_export(name: str) -> None:
    _, protocol = read(name)
    exported: set[str] = set()
    imported: set[str] = set()
    for send in sends(protocol.body):
        if isinstance(value := entries(send).get("link"), ast.TextValue):
            fields = dict(part.split("=") for part in value.text.split("|"))
            assert list(fields) == ["bundle", "exports", "imports"]
            exported.update(fields["exports"].split(","))
            imported.update(fields["imports"].split(","))
    assert imported <= exported


def test_capabilities() -> None:
    capabilities: set[str] = set()
    edges = 0
    for name in TABLE:
        for send in sends(read(name)[1].body):
            edges += 1
            if isinstance(value := entries(send).get("guard_capability"), ast.TextValue):
                capabilities.add(value.text)
    assert edges == 121
    for capability in capabilities:
        segments = capability.split(":")
        assert len(segments) >= 2
        assert all(part.isidentifier() and part == part.lower() for part in segments)

    def under(prefix: str) -> int:
        return sum(capability.startswith(prefix) for capability in capabilities)

    assert under("adaptive_privacy:") == 18
    assert under("amp:epoch:") == 11
    assert under("ota:") == 4
    assert under("sync:device_epoch:") == 3
