"""Certificates for every size: made, accepted, and rejected with any one thing wrong."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from every_size import certify_every
from family_texts import FamilyText
from random_families import random_family_text

from tellverify.evidence.certificate import (
    CERTIFICATE_SCHEMA,
    Certificate,
    InstancePart,
    write_certificate,
)
from tellverify.evidence.recheck.coherence import check_certificate
from tellverify.evidence.recheck.every_size import every_size_of
from tellverify.evidence.recheck.graph import Rejected
from tellverify.projection.certified_sizes import differs_from_text
from tellverify.projection.certify import certify

ROUND = """protocol P =
  roles Boss, Devices[N], Clients[M]
  choice Boss at
    | Commit =>
      Boss -> Devices[*] : Vote
      Devices[*] -> Boss : Yes
      Boss -> Clients[*] : Commit
    | Abort =>
      Boss -> Devices[*] : Abort
      Boss -> Clients[*] : Abort
"""
Change = Callable[[Certificate], Certificate]


def certificate_of(given: FamilyText) -> Certificate:
    generic, parts = certify_every(given.symbols(), given.every_size(), given.graph, 1_000_000)
    return _certificate(generic, parts)


def _certificate(generic: tuple[tuple[str, ...], ...], parts: list[InstancePart]) -> Certificate:
    return Certificate(
        schema=CERTIFICATE_SCHEMA,
        source="p.tell",
        sha256="0" * 64,
        protocol="P",
        claim="implementable",
        every=generic,
        instances=parts,
    )


def test_claims_for_every_size_come_with_certificates_that_hold_and_are_of_the_text() -> None:
    made = 0
    for seed in range(120):
        given = FamilyText(random_family_text(seed))
        if not given.every_size().claimed:
            continue
        certificate = certificate_of(given)
        text = write_certificate(certificate)
        assert msgspec.json.decode(text, type=Certificate) == certificate
        check_certificate(certificate)
        assert differs_from_text(certificate, given.graph) == ""
        made += 1
    assert made >= 40


def test_the_generic_members_and_the_grid_are_listed() -> None:
    certificate = certificate_of(FamilyText(ROUND))
    assert certificate.every == (("Devices[1]",), ("Clients[0]",))
    assert [part.instance for part in certificate.instances] == [
        "Devices = 1, Clients = 1",
        "Devices = 2, Clients = 1",
    ]
    check_certificate(certificate)


def _with(every: tuple[tuple[str, ...], ...]) -> Change:
    return lambda certificate: msgspec.structs.replace(certificate, every=every)


def _without_first(certificate: Certificate) -> Certificate:
    return msgspec.structs.replace(certificate, instances=certificate.instances[:-1])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_with((("Devices[1]",),)), "not one generic member of each family"),
        (_with((("Devices[1]",), ())), "not one generic member of each family"),
        (_with((("Devices[1]", "Devices[1]"), ("Clients[0]",))), "not one generic member"),
        (_with((("Devices[1]",), ("Clients[0]",), ("Boss",))), "not one generic member"),
        (_with((("Devices[1]",), ("Clients[0]",), ("E[3]",))), "not one generic member"),
        (_with((("Devices[0]",), ("Clients[0]",))), "not the last members"),
        (_with((("Devices[2]",), ("Clients[0]",))), "not the last members"),
        (_with((("Devices[01]",), ("Clients[0]",))), "not the last members"),
        (_with((("Devices[1]", "Clients[0]"),)), "have different sizes"),
        (_without_first, "not the last members"),
    ],
)
def test_generic_members_that_are_none_are_rejected(change: Change, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        check_certificate(change(certificate_of(FamilyText(ROUND))))


def _at(given: FamilyText, *points: tuple[int, ...]) -> list[InstancePart]:
    parts = []
    for point in points:
        sizes = {f: n for s, n in zip(given.symbols(), point, strict=True) for f in s.families}
        graph = given.graph(sizes)
        assert graph is not None
        line = ", ".join(f"{family} = {size}" for family, size in sizes.items())
        parts.append(certify(graph, line, 1_000_000))
    return parts


def test_a_diagonal_is_no_grid() -> None:
    given = FamilyText(ROUND)
    generic = (("Devices[1]",), ("Clients[1]",))
    check_certificate(_certificate(generic, _at(given, (1, 1), (1, 2), (2, 1), (2, 2))))
    with pytest.raises(Rejected, match="not all combinations"):
        check_certificate(_certificate(generic, _at(given, (1, 1), (2, 2))))
    with pytest.raises(Rejected, match="not all combinations"):
        check_certificate(_certificate(generic, _at(given, (1, 1), (1, 2), (2, 2))))


def test_a_diagonal_of_one_symbol_is_claimed_for_equal_sizes_only() -> None:
    made = certificate_of(FamilyText(ROUND))
    assert every_size_of(made.every, made.instances) == "every Devices >= 1, Clients >= 1"
    forged = (tuple(member for group in made.every for member in group),)
    assert every_size_of(forged, made.instances) == "every Devices = Clients >= 1"


def test_a_generic_member_that_decides_is_rejected() -> None:
    given = FamilyText(
        "protocol P =\n  roles A, D[N]\n  choice D[0] at\n    | Yes =>\n      D[0] -> A : Yes\n"
        "    | No =>\n      D[0] -> A : No\n"
    )
    assert given.every_size().generic == ("D[1]",)
    with pytest.raises(Rejected, match=r"the generic member D\[0\] chooses"):
        check_certificate(_certificate((("D[0]",),), _at(given, (1,))))


def test_a_generic_member_that_talks_to_its_family_is_rejected() -> None:
    given = FamilyText("protocol P =\n  roles A, D[N]\n  D[0] -> A : X\n  D[1] -> D[0] : Y\n")
    assert given.every_size().generic == ("D[2]",)
    with pytest.raises(Rejected, match=r"D\[1\] sends to its own family"):
        check_certificate(_certificate((("D[1]",),), _at(given, (2,))))


def test_a_graph_at_the_wrong_cut_off_is_not_that_of_the_text() -> None:
    given = FamilyText(
        "protocol P =\n  roles Boss, D[N]\n  choice Boss at\n    | Yes =>\n"
        "      Boss -> D[*] : Go\n    | No =>\n      Boss -> D[*] : Stop\n"
    )
    assert [symbol.cutoff for symbol in given.symbols()] == [1]
    forged = _certificate((("D[0]",),), _at(given, (1,)))
    check_certificate(forged)
    assert differs_from_text(forged, given.graph) == "the graph at D = 2 is not that of the text"
    assert differs_from_text(certificate_of(given), given.graph) == ""


def test_a_static_family_taken_for_one_of_any_size_is_not_that_of_the_text() -> None:
    given = FamilyText("protocol P =\n  roles A, D[N], E[2]\n  A -> D[*] : X\n  A -> E[*] : Y\n")
    (part,) = _at(given, (1,))
    forged = msgspec.structs.replace(part, instance="D = 1, E = 2")
    with pytest.raises(Rejected, match="not one generic member of each family"):
        check_certificate(_certificate((("D[0]",),), [forged]))
    with_both = _certificate((("D[0]",), ("E[1]",)), [forged])
    assert differs_from_text(with_both, given.graph) == (
        "the graph at D = 1, E = 3 is not that of the text"
    )
