"""Certificates against the check that made them: accepted exactly when it says implementable."""

from __future__ import annotations

import msgspec
import pytest
from graphs import random_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_coherence import claims_hold, is_supported
from tampering import tampered

from tellverify.evidence.certificate import (
    CERTIFICATE_SCHEMA,
    Certificate,
    InstancePart,
    write_certificate,
)
from tellverify.evidence.recheck.coherence import check_certificate
from tellverify.evidence.recheck.graph import Rejected
from tellverify.model.graph import ProtocolGraph, graph_from_edges
from tellverify.projection.availability import OutOfBudget
from tellverify.projection.certify import certify
from tellverify.projection.implementability import check_graph


def certificate_of(*parts: InstancePart) -> Certificate:
    return Certificate(
        schema=CERTIFICATE_SCHEMA,
        source="p.tell",
        sha256="0" * 64,
        protocol="P",
        claim="implementable",
        instances=list(parts),
    )


def is_accepted(graph: ProtocolGraph) -> bool:
    text = write_certificate(certificate_of(certify(graph, "", 1_000_000)))
    certificate = msgspec.json.decode(text, type=Certificate)
    assert write_certificate(certificate) == text
    try:
        check_certificate(certificate)
    except Rejected:
        return False
    return True


@given(st.integers(min_value=0, max_value=2**31))
@settings(max_examples=1500)
def test_certificates_hold_exactly_for_implementable_graphs(seed: int) -> None:
    graph = random_graph(seed)
    assert is_accepted(graph) == check_graph(graph).implementable


@given(st.integers(min_value=0, max_value=2**31))
@settings(max_examples=300)
def test_roles_never_stuck_are_those_the_check_finds(seed: int) -> None:
    graph = random_graph(seed)
    answer = check_graph(graph)
    part = certify(graph, "", 1_000_000)
    if answer.implementable:
        stuck = {role for run in answer.stuck for role in run.roles}
        free = tuple(name for role, name in enumerate(graph.roles) if role not in stuck)
        assert part.never_stuck == free
        assert claims_hold(part) and is_supported(part)
    forged = msgspec.structs.replace(part, never_stuck=graph.roles)
    if answer.implementable and answer.stuck:
        with pytest.raises(Rejected):
            check_certificate(certificate_of(forged))


@given(st.integers(min_value=0, max_value=2**31))
@settings(max_examples=300)
def test_graphs_outside_the_class_have_no_certificate(seed: int) -> None:
    graph = random_graph(seed, in_class=False)
    rows = range(graph.state_count)
    inside = all(
        len({graph.sender[e] for e in range(graph.first[s], graph.first[s + 1])}) < 2
        and bool(graph.final[s]) == (graph.first[s] == graph.first[s + 1])
        for s in rows
    )
    if not inside:
        assert not is_accepted(graph)


def test_a_message_that_waits_for_the_receiver_needs_a_closed_set() -> None:
    # C receives from A or from B; after the one, the other only sends when C has told it to.
    edges = [
        (0, "A", "C", "x", 1), (0, "A", "B", "y", 2), (2, "B", "C", "x", 3),
        (1, "C", "B", "go", 4), (4, "B", "C", "x", 5),
        (3, "C", "A", "go", 6), (6, "A", "C", "x", 7),
    ]  # fmt: skip
    graph = graph_from_edges(edges, final={5, 7})
    part = certify(graph, "", 10_000)
    assert check_graph(graph).implementable == is_accepted(graph)
    assert part.roles[graph.roles.index("C")].closed
    for number, role in enumerate(part.roles):
        if role.closed:
            bare = [*part.roles]
            bare[number] = msgspec.structs.replace(role, closed=[])
            with pytest.raises(Rejected, match="may come from"):
                check_certificate(certificate_of(msgspec.structs.replace(part, roles=bare)))


def test_the_certifier_stops_at_its_budget() -> None:
    with pytest.raises(OutOfBudget):
        certify(random_graph(1), "", 3)


# Seeds of implementable graphs with closed sets, loops and several local states behind one state.
RICH = tuple(
    seed
    for seed in range(400)
    if (graph := random_graph(seed)).event_count > 4 and check_graph(graph).implementable
)


@given(st.sampled_from(RICH), st.integers(min_value=0, max_value=2**31))
@settings(max_examples=2500)
def test_tampered_certificates_are_rejected_or_hold(graph_seed: int, seed: int) -> None:
    original = certify(random_graph(graph_seed), "", 1_000_000)
    changed, _, _ = tampered(msgspec.to_builtins(original), seed)
    try:
        part = msgspec.convert(changed, type=InstancePart)
        check_certificate(certificate_of(part))
    except (msgspec.ValidationError, Rejected):
        return
    assert is_supported(part) and claims_hold(part)
