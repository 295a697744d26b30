"""The admission matrix of the Aura reference (section 2.4), and every single key taken away."""

from __future__ import annotations

import json
from functools import cache

import msgspec
import pytest
from aura_policy import aura, spec, spec_names

from tellverify.admission.matrix import Matrix, MatrixCell, matrix
from tellverify.admission.resolve import requirements
from tellverify.cli.admission_text import matrix_markdown, matrix_text

NO_TERMINATION = {
    "aura.sync.device_epoch_rotation",
    "aura.sync.epoch_rotation",
    "aura.recovery.grant",
}
BYZANTINE = {"aura.consensus", "aura.dkg.ceremony"}
TRANSITION = {"aura.sync.ota_activation", "aura.sync.device_epoch_rotation"}
AUTHORITY = {
    "aura.recovery.grant",
    "aura.recovery.guardian_setup",
    "aura.recovery.guardian_ceremony",
}
ADHERENCE = "protocol_machine_envelope_adherence"
ADMISSION = "protocol_machine_envelope_admission"


def refused(profile: str) -> dict[str, str]:
    """What section 2.4 refuses, with the first key that is missing."""
    match profile:
        case "no-contracts":
            return (
                dict.fromkeys(TRANSITION | AUTHORITY, ADHERENCE)
                | dict.fromkeys(BYZANTINE, "byzantine_envelope")
                | dict.fromkeys(NO_TERMINATION, "termination_bounded")
            )
        case "without-envelope-admission":
            return dict.fromkeys(TRANSITION | AUTHORITY, ADMISSION)
        case "without-live-migration":
            return dict.fromkeys(TRANSITION, "reconfiguration_safety")
        case "without-full-artifacts":
            return dict.fromkeys(BYZANTINE, "byzantine_envelope")
        case _:
            return {}


@cache
def table() -> Matrix:
    found = []
    for name in spec_names():
        one = spec(name)
        found.append(requirements(aura(), one.manifest, one.source.path))
    return matrix(aura(), found)


def cells(column: str) -> dict[str, MatrixCell]:
    index = table().columns.index(column)
    return {row.protocol: row.cells[index] for row in table().rows}


def test_all_protocols_and_all_columns_are_there() -> None:
    assert len(table().rows) == 25
    assert table().columns[: table().removed] == (*aura().runtimes, "minimal")
    assert set(aura().protocols) == {row.protocol for row in table().rows}


@pytest.mark.parametrize("profile", list(aura().runtimes))
def test_a_profile_admits_what_the_reference_says(profile: str) -> None:
    found = {name: cell.missing for name, cell in cells(profile).items() if not cell.admitted}
    assert found == refused(profile)


def test_what_a_protocol_needs_is_enough_for_it() -> None:
    assert all(cell.admitted for cell in cells("minimal").values())


def test_a_protocol_is_refused_without_any_one_key_that_it_needs() -> None:
    for index, column in enumerate(table().columns[table().removed :], table().removed):
        key = column.partition(" - ")[2]
        for row in table().rows:
            cell = row.cells[index]
            assert cell.admitted is (key not in row.needs)
            assert cell.missing == ("" if cell.admitted else key)


def test_needs_are_those_of_the_reference() -> None:
    needs = {row.protocol: len(row.needs) for row in table().rows}
    assert needs["aura.sync.ota_activation"] == 8
    assert needs["aura.sync.device_epoch_rotation"] == 9
    assert needs["aura.recovery.guardian_setup"] == 7
    assert needs["aura.recovery.grant"] == 8
    assert needs["aura.dkg.ceremony"] == 2
    assert needs["aura.amp.transport"] == 0


def test_one_runtime_admits_everything() -> None:
    assert table().every[0] == "full"


def test_renderings_hold_every_decision() -> None:
    text, markdown = matrix_text(table()), matrix_markdown(table())
    document = json.loads(msgspec.json.encode(table()))
    assert len(document["rows"]) == 25
    for row in table().rows:
        assert row.protocol in text
        assert f"`{row.protocol}`" in markdown
    assert markdown.count("| `aura.sync.ota_activation` |") == 1
    assert text == matrix_text(table())
