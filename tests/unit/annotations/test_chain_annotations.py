"""Every fault of an annotation has its finding, and nothing else has one."""

from __future__ import annotations

import pytest
from page_examples import examples

from tellverify.annotations.links import AnnotationLink, LinkFault, read_link
from tellverify.annotations.metadata import metadata_of
from tellverify.annotations.rules import default_rules, rules_of
from tellverify.annotations.sites import check_annotations
from tellverify.diagnostics.codes import CODES
from tellverify.diagnostics.explain import page
from tellverify.diagnostics.model import Diagnostic, Where
from tellverify.language.syntax.parser import parse
from tellverify.obligations.options import Options
from tellverify.policy.read import read_policy, read_policy_text
from tellverify.source.text import SourceFile
from tellverify.verification.pipeline import check_text

RULES = default_rules()
HEAD = "protocol P =\n  roles A, B\n"


def found(*lines: str) -> list[Diagnostic]:
    source = SourceFile("p.tell", HEAD + "".join(f"  {line}\n" for line in lines))
    parsed = parse(source)
    assert not parsed.diagnostics
    return check_annotations(Where("p.tell", "P"), parsed.file.protocols[0], RULES)


def codes(*lines: str) -> list[str]:
    return [diagnostic.code.number for diagnostic in found(*lines)]


def of(entries: str) -> list[str]:
    return codes(f"A {{ {entries} }} -> B : M")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("chat:message:send", []),
        ("x-1:y_2", []),
        ("Chat:Send", ["TV351"]),
        ("a,b:c", ["TV351"]),
        ("", ["TV351"]),
        ("42", ["TV351"]),
        ("chat", ["TV351"]),
        ("chat:sénd", ["TV351"]),
        ("send_message", ["TV352"]),
        ("cap:amp_send", ["TV352"]),
        ("cap:anything", ["TV352"]),
        ("message:send", ["TV352"]),
        ("a::b", ["TV353"]),
        ("a:", ["TV353"]),
        (":a", ["TV353"]),
        ("1:2", ["TV353"]),
        ("module:m:chat:x", ["TV354"]),
        ("module:m:own:x", ["TV354"]),
        ("module:m", ["TV354"]),
        ("execute:all", ["TV354"]),
    ],
)
def test_capability_names(name: str, wanted: list[str]) -> None:
    assert of(f'guard_capability : "{name}"') == wanted


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ("flow_cost : 1", []),
        ("flow_cost : 4294967295", []),
        ("flow_cost : 4294967296", ["TV358"]),
        ("flow_cost : 18446744073709551615", ["TV358"]),
        ("flow_cost : 0", ["TV359"]),
        ('flow_cost : "100"', ["TV356"]),
        ("flow_cost : 5s", ["TV356"]),
        ("flow_cost : ten", ["TV356"]),
        ("flow_cost : 10, flow_cost : 20", ["TV357"]),
        ('guard_capability : "a:b", guard_capability : "a:c"', ["TV357"]),
        ("parallel : true", []),
        ("parallel : maybe", ["TV356"]),
        ('journal_facts : "sent"', []),
        ('journal_facts : ""', ["TV356"]),
        ("journal_facts : sent", ["TV356"]),
        ("leak : External", []),
        ("leak : (External, Neighbor)", []),
        ('leak : "InGroup"', []),
        ('leak : "External,Neighbor"', ["TV361"]),
        ("leak : (External, Someone)", ["TV361"]),
        ('leak : ""', ["TV356"]),
        ("leak : 3", ["TV356"]),
        ("guard_capabilty : x", ["TV355"]),
        ("retry : 3", []),
        ("journal_merge : true", []),
        ("journal_merge : often", ["TV356"]),
        ('leakage_budget : "1, 2, 3"', []),
        ("leakage_budget : [1, 2]", []),
        ('leakage_budget : "none"', ["TV356"]),
        ('link : "bundle=b;exports=a;imports=a"', []),
        ('link : "exports=a"', ["TV721"]),
        ('link : "bundle=b|imports=z"', ["TV722"]),
        ('link : "bundle=b|colour=red"', ["TV721"]),
        ('link : "bundle"', ["TV721"]),
        ("link : bundle", ["TV356"]),
    ],
)
def test_entries(entries: str, wanted: list[str]) -> None:
    assert of(entries) == wanted


def test_exports_of_any_link_cover_imports() -> None:
    assert not codes(
        'A { link : "bundle=x|exports=p" } -> B : M', 'B { link : "bundle=y|imports=p" } -> A : N'
    )


def test_a_label_with_different_annotations_is_told_once() -> None:
    lines = [f'A {{ guard_capability : "a:b", flow_cost : {n} }} -> B : M' for n in (1, 2, 3)]
    (told,) = found(*lines)
    assert told.code.number == "TV364"
    assert "`flow_cost` `1` and `2`" in told.message
    assert not codes(lines[0], lines[0])


def test_a_message_without_annotations_among_others() -> None:
    assert codes("A { flow_cost : 1 } -> B : M", "B -> A : N") == ["TV365"]
    assert not codes("A -> B : M", "B -> A : N")
    timed = codes("A { runtime_timeout : 3s, retry : 2 } -> B : M", "B -> A : N")
    assert "TV365" not in timed


def test_a_finding_points_at_the_value() -> None:
    text = HEAD + '  A { guard_capability : "Chat:Send" } -> B : M\n'
    source = SourceFile("p.tell", text)
    (told,) = check_annotations(Where("p.tell", "P"), parse(source).file.protocols[0], RULES)
    span = told.primary.span
    assert text[span.start : span.end] == '"Chat:Send"'


def test_costs_have_the_defaults_of_the_reference() -> None:
    assert metadata_of((), RULES).cost == 0
    assert metadata_of((("guard_capability", "x:y"),), RULES).cost == 100
    assert metadata_of((("parallel", "true"),), RULES).cost == 100
    assert metadata_of((("flow_cost", str(2**64 - 1)),), RULES).cost == 2**64 - 1


def test_observers_add_up_by_class() -> None:
    assert metadata_of((("leak", "(External, Neighbor)"),), RULES).bits == (
        ("External", 8),
        ("Neighbor", 8),
    )
    assert metadata_of((("leak", "neighbor:1"),), RULES).bits == (("External", 8),)


def test_links() -> None:
    assert read_link("bundle = b | exports = x, ,y;imports=x|") == AnnotationLink(
        "b", ("x", "y"), ("x",)
    )
    assert read_link("bundle=a|bundle=b") == AnnotationLink("b")
    for text in ("", "bundle=", "x", "bundle=b|what=1"):
        with pytest.raises(LinkFault):
            read_link(text)


def test_annotations_of_an_operation_are_read_by_nobody() -> None:
    wrong, right = examples(page(CODES["TV366"]))
    for text, told in ((wrong, True), (right, False)):
        run = check_text(text, Options()).run
        assert ("TV366" in {diagnostic.code.number for diagnostic in run.findings}) is told


def test_broken_annotations_have_no_budget() -> None:
    text = HEAD + '  A { guard_capability : "x:y", flow_cost : "5" } -> B : M\n'
    run = check_text(text, Options()).run
    assert run.exit_code == 1
    (protocol,) = run.protocols
    assert {v.name: v.outcome.__class__.__name__ for v in protocol.verdicts}["budget[A, B]"] == (
        "Skipped"
    )


def test_the_faithful_dialect_accepts_what_telltale_accepts() -> None:
    text = HEAD + '  A { guard_capability : "Chat:Send" } -> B : M\n'
    assert check_text(text, Options(dialect="faithful")).run.exit_code == 0
    assert check_text(text, Options()).run.exit_code == 1


def test_the_built_in_rules_are_those_of_the_aura_policy() -> None:
    policy = read_policy("specs/policy").policy
    assert policy is not None
    rules = rules_of(policy)
    assert RULES.annotations == rules.annotations
    assert RULES.roots == rules.roots
    assert RULES.legacy == rules.legacy
    assert RULES.live == rules.live
    assert RULES.chain == rules.chain
    assert RULES.leakage == rules.leakage
    assert RULES.budgets == rules.budgets


def test_a_policy_may_leave_out_what_is_built_in() -> None:
    read = read_policy_text('format = 1\nname = "small"\n')
    assert read.policy is not None
    assert rules_of(read.policy).chain == RULES.chain
