"""How a comparison tells what changed, and what it does not know."""

from __future__ import annotations

import json

import pytest
from version_texts import VECTORS, protocol, versions_of

from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.verdict.versions import VersionComparison
from tellverify.versions.comparison import compared_pair
from tellverify.versions.mixtures import Mixtures
from tellverify.versions.opening import machine_side
from tellverify.versions.sides import Version, text_side
from tellverify.versions.wire_labels import WireRules


def version(text: str, name: str = "p.tell") -> Version:
    read = [inputs.decode(name, text.encode())]
    side = (
        machine_side(name, read) if name.endswith(".json") else text_side(name, read, (), Options())
    )
    return side.versions[0]


def comparison(old: Version | str, new: Version | str) -> VersionComparison:
    left, right = (version(one) if isinstance(one, str) else one for one in (old, new))
    return compared_pair(left, right, WireRules(), Options()).comparison


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (*VECTORS["V8"], "A now has to receive `Ack` from B after sending `X` to B"),
        (*VECTORS["V8"][::-1], "A no longer has to receive `Ack` from B after sending `X` to B"),
        (*VECTORS["V4"], "C may also receive `Busy` from S after sending `Get` to S"),
        (*VECTORS["V4"][::-1], "C can no longer receive `Busy` from S after sending `Get` to S"),
        (*VECTORS["gone"], "M: it is removed"),
    ],
)
def test_what_a_role_does_otherwise(old: str, new: str, words: str) -> None:
    assert words in [change.words for change in comparison(old, new).changes]


def test_a_role_and_the_members_of_a_family_of_its_name_are_told_apart() -> None:
    found = comparison(
        protocol("C, D[2]", "C -> D[*] : X;D[*] -> C : Y"),
        protocol("C, D", "C -> D : X;D -> C : Y"),
    )
    assert found.summary == "upgrade C before every D and D before C"
    assert [change.words for change in found.changes] == [
        "C has to send `X` to D and no longer to send `X` to D[0] at the start",
        "D: only the new version has it",
        "every D: it is removed",
    ]


def test_a_role_that_seems_to_have_another_name_is_a_note() -> None:
    found = comparison(
        protocol("Client, B", "Client -> B : X;B -> Client : Y"),
        protocol("Caller, B", "Caller -> B : X;B -> Caller : Y"),
    )
    assert found.notes[0] == (
        "Client of the old version does what Caller of the new one does; if it is the same role,"
        " `--renamed Client=Caller` says so"
    )
    families = [protocol(f"B, {f}[N]", f"B -> {f}[*] : X;{f}[*] -> B : Y") for f in "DE"]
    assert "`--renamed D=E`" in comparison(*families).notes[0]


def test_a_run_that_neither_version_has_is_a_note() -> None:
    note = "a good mixture has a run of 2 events that neither version has: B new, A old"
    assert comparison(*VECTORS["V6"]).notes == (note,)
    assert comparison(*VECTORS["V3"]).notes == ()


def test_a_run_of_neither_version_is_one_of_a_mixture_without_dormant_roles() -> None:
    """An old S does not know M, which then does nothing."""
    texts = protocol("M, S", "M -> S : Hello;S -> M : Ok"), protocol("M, S, T", "S -> T : Go")
    for old, new in (*VECTORS.values(), texts, texts[::-1]):
        roles = versions_of(old, new)
        if not roles.changed:
            continue
        found = Mixtures(roles, largest_bound=8, budget=10_000).run_of_neither()
        if found is not None:
            chosen = dict(zip(roles.changed, found[0], strict=True))
            assert roles.acting(chosen) == chosen
            assert len(set(found[0])) == 2  # a mixture of both


def test_payload_types_that_are_not_compared_are_a_note() -> None:
    def local(kind: str, peer: str) -> dict[str, object]:
        branch = {"label": {"name": "X", "sort": "unit"}, "continuation": {"kind": "end"}}
        return {"kind": kind, "partner": peer, "branches": [branch]}

    types = json.dumps({"A": local("send", "B"), "B": local("recv", "A")})
    machines = version(types, "m.json")
    found = comparison(machines, protocol("A, B", "A -> B : X of crate.V2"))
    assert found.verdict == "patch"
    assert found.notes == (
        "payload types are not compared: the machines of the old version have none",
    )
    assert comparison(machines, protocol("A, B", "A -> B : X")).notes == ()


NO_BRIDGE = (
    "no order is safe, and no release in between that follows both versions step by step helps"
)


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        (
            *VECTORS["V2"],
            "no order is safe; one release in between is: B takes both, then A, then B",
        ),
        (
            protocol("B, W", "B -> W : Old"),
            protocol("B, C, W", "C -> W : New;B -> C : Fin"),
            NO_BRIDGE,
        ),
        (
            protocol("C, D, E", "C -> D : Go;C -> E : Go;D -> C : Ready;E -> C : Ready"),
            protocol("C, D, E", "C -> D : Go;C -> E : Go;D -> C : Ready2;E -> C : Ready2"),
            NO_BRIDGE,
        ),
    ],
)
def test_what_helps_where_no_order_is_safe(old: str, new: str, summary: str) -> None:
    assert comparison(old, new).summary == summary
