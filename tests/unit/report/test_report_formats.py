"""SARIF, JUnit, GitLab and GitHub: what stands in them, and that hostile texts stay texts."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator
from junitparser import Error, Failure, JUnitXml, Skipped
from msgspec import structs
from report_samples import PATH, RUN, SOURCES, STUCK_COURIER, step
from test_report_hostile import NAMES, run_with
from test_run_file import SCHEMA

from tellverify.diagnostics.codes import CODES
from tellverify.model.fault import Fault
from tellverify.model.trace import Trace
from tellverify.obligations.options import Options
from tellverify.report.concise import write_concise
from tellverify.report.drawing.mermaid import MOST_CHARACTERS, sequence_diagram
from tellverify.report.github import guarded, write_annotations
from tellverify.report.gitlab import write_gitlab
from tellverify.report.html import write_html
from tellverify.report.junit import write_junit
from tellverify.report.kinds import KINDS, writer
from tellverify.report.markdown import LIMIT, write_markdown
from tellverify.report.proof import write_proof
from tellverify.report.run_file import write_json
from tellverify.report.sarif import write_sarif
from tellverify.report.sarif_flows import MOST_LOCATIONS
from tellverify.report.text import write_text
from tellverify.source.text import SourceFile
from tellverify.verdict.comparison import RunComparison
from tellverify.verdict.fingerprint import finding_fingerprints, fingerprint
from tellverify.verdict.identity import ObligationScope
from tellverify.verdict.methods import Method
from tellverify.verdict.outcome import Core, CorePremise, Refuted
from tellverify.verdict.properties import Property
from tellverify.verdict.run import (
    Assumption,
    Baseline,
    Before,
    ProtocolReport,
    Run,
    Suppression,
    Verdict,
)
from tellverify.verification.pipeline import check_text

SARIF = Draft4Validator(
    json.loads(
        (Path(__file__).parents[2] / "sarif" / "sarif-schema-2.1.0.json").read_text("utf-8")
    ),
    format_checker=Draft4Validator.FORMAT_CHECKER,
)
STUCK = RUN.protocols[0].verdicts[3]
PREMISES = (
    CorePremise("quorum", "more than `2f` witnesses answer", PATH, 8),
    CorePremise("liveness", "at most `f` witnesses are silent"),
)
CORE = Core("the pack `QuorumGeometry` asks for `N > 3f`", PREMISES, "proofs/quorum.smt2")
ADMISSION = Verdict(
    Property.NO_DEADLOCK,
    ObligationScope(item="QuorumGeometry"),
    Refuted("TV512", CORE, Method.SMT),
    True,
    8,
    3,
)


def with_core() -> Run:
    protocol = structs.replace(RUN.protocols[0], verdicts=(*RUN.protocols[0].verdicts, ADMISSION))
    return structs.replace(RUN, protocols=(protocol, *RUN.protocols[1:]))


def compared(run: Run = RUN) -> Run:
    """`run` next to a baseline: one refutation known, one new, one obligation fixed."""
    known = fingerprint(run.protocols[0].subject, run.protocols[0].verdicts[0])
    previous = (
        Before(
            "protocols/escrow.tell",
            "escrow.Escrow",
            "projectable[Courier]",
            "refuted",
            known,
            "TV411",
        ),
        Before(
            "protocols/escrow.tell", "escrow.Escrow", "no-stuck-role[Courier]", "proved", "0" * 32
        ),
        Before(
            "protocols/escrow.tell",
            "escrow.Escrow",
            "no-orphan-message",
            "refuted",
            "1" * 32,
            "TV514",
        ),
        Before(
            "protocols/escrow.tell",
            "escrow.Escrow",
            "`Buyer` is never used",
            "finding",
            "2" * 32,
            "TV201",
        ),
    )
    return structs.replace(run, baseline=Baseline("tellverify-baseline.json", (known,), previous))


def sarif(run: Run, sources: dict[str, SourceFile] = SOURCES) -> dict[str, object]:
    log = json.loads(write_sarif(run, sources))
    SARIF.validate(log)
    return dict(log["runs"][0])


def annotations(run: Run, sources: dict[str, SourceFile] = SOURCES) -> list[str]:
    out = io.StringIO()
    write_annotations(run, sources, out)
    return out.getvalue().splitlines()


# SARIF


def test_a_run_is_a_code_flow_with_a_thread_for_each_role() -> None:
    log = json.loads(write_sarif(RUN, SOURCES))["runs"][0]
    result = next(one for one in log["results"] if "codeFlows" in one)
    (flow,) = result["codeFlows"]
    threads = {thread["id"]: thread["locations"] for thread in flow["threadFlows"]}
    assert list(threads) == ["Buyer", "Seller", "Courier"]
    steps = [
        (place["executionOrder"], place["kinds"], role)
        for role, places in threads.items()
        for place in places
        if place["kinds"][0] in ("send", "receive")
    ]
    assert sorted(steps) == [
        (1, ["send"], "Buyer"),
        (2, ["receive"], "Seller"),
        (3, ["send"], "Seller"),
        (4, ["receive"], "Buyer"),
    ]
    assert threads["Buyer"][0]["state"] == {"queue Buyer -> Seller": {"text": "Order"}}
    assert threads["Seller"][0]["state"] == {"queue Buyer -> Seller": {"text": "empty"}}
    assert threads["Courier"][0]["importance"] == "essential"
    assert threads["Courier"][0]["location"]["message"]["text"] == (
        "`Courier` waits for Dispatch from Seller"
    )


def test_rules_carry_the_page_that_explains_them() -> None:
    log = json.loads(write_sarif(RUN, SOURCES))["runs"][0]
    rules = log["tool"]["driver"]["rules"]
    for result in log["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    stuck = next(rule for rule in rules if rule["id"] == "TV512")
    assert stuck["help"]["markdown"].startswith("# TV512 stuck-role")
    assert log["columnKind"] == "unicodeCodePoints"


def test_what_is_not_known_is_a_notification() -> None:
    run = sarif(RUN)
    (invocation,) = json.loads(write_sarif(RUN, SOURCES))["runs"][0]["invocations"]
    notes = invocation["toolExecutionNotifications"]
    assert [note["properties"]["status"] for note in notes] == ["unknown", "skipped"]
    assert invocation["exitCode"] == 1
    assert run["columnKind"] == "unicodeCodePoints"


def test_a_baseline_suppresses_what_is_known_and_only_that() -> None:
    log = json.loads(write_sarif(compared(), SOURCES))["runs"][0]
    SARIF.validate(json.loads(write_sarif(compared(), SOURCES)))
    states = {
        one["properties"]["obligation"]: (one["baselineState"], "suppressions" in one)
        for one in log["results"]
        if one["kind"] == "fail"
    }
    assert states == {
        "protocols/escrow.tell#escrow.Escrow/projectable[Courier]": ("unchanged", True),
        "protocols/escrow.tell#escrow.Escrow/no-stuck-role[Courier]": ("new", False),
    }


def test_what_was_so_before_is_not_accepted_for_that() -> None:
    run = compared(structs.replace(RUN, diagnostics=()))
    assert run.baseline is not None
    run = structs.replace(run, baseline=structs.replace(run.baseline, known=()))
    log = json.loads(write_sarif(run, SOURCES))["runs"][0]
    states = [(one["baselineState"], "suppressions" in one) for one in log["results"][:2]]
    assert sorted(states) == [("new", False), ("unchanged", False)]
    assert read_junit(run).failures == 2


def test_allowed_and_assumed_things_are_suppressed_with_their_reason() -> None:
    lint = structs.replace(STUCK_COURIER, refutes="", code=CODES["TV211"])
    run = structs.replace(
        RUN,
        suppressions=(
            Suppression("comment", lint, "kept for the 1.x clients", "protocols/escrow.tell:4"),
            Suppression("configuration", STUCK_COURIER, "noise", "tellverify.toml:3"),
        ),
    )
    log = json.loads(write_sarif(run, SOURCES))
    SARIF.validate(log)
    suppressed = [one for one in log["runs"][0]["results"] if "suppressions" in one]
    assert [
        (one["kind"], one["suppressions"][0]["kind"], one["suppressions"][0]["justification"])
        for one in suppressed
    ] == [
        ("fail", "inSource", "kept for the 1.x clients"),
        ("fail", "external", "noise"),
        ("review", "inSource", "peers sign"),
    ]
    Draft202012Validator(SCHEMA).validate(json.loads(write_json(run, SOURCES)))


def test_a_long_run_has_at_most_a_thousand_locations() -> None:
    steps = tuple(
        step(number % 2 == 0, "Buyer", "Seller", f"m{number // 2}", 6) for number in range(4_000)
    )
    trace = Trace(Fault.STUCK_ROLE, steps, ("Courier",), "why", False, loop=10)
    verdict = structs.replace(STUCK, outcome=Refuted("TV512", trace, Method.SEARCH))
    protocol = structs.replace(RUN.protocols[0], verdicts=(verdict,))
    run = structs.replace(RUN, protocols=(protocol,))
    log = json.loads(write_sarif(run, SOURCES))
    SARIF.validate(log)
    result = next(one for one in log["runs"][0]["results"] if "codeFlows" in one)
    (flow,) = result["codeFlows"]
    count = sum(len(thread["locations"]) for thread in flow["threadFlows"])
    assert count == MOST_LOCATIONS
    assert flow["message"]["text"] == (
        "a run of 4 000 events, replayed, which repeats forever from event 11,"
        " 3 000 events in the middle left out"
    )


# JUnit, GitLab, GitHub


def read_junit(run: Run, sources: dict[str, SourceFile] = SOURCES) -> JUnitXml:
    return JUnitXml.fromstring(write_junit(run, sources).encode())


def test_a_reader_of_junit_finds_every_obligation() -> None:
    xml = read_junit(RUN)
    assert [suite.name for suite in xml] == ["protocols/escrow.tell", "protocols/vote.tell"]
    marks = {
        f"{case.classname}/{case.name}": [type(one) for one in case.result]
        for suite in xml
        for case in suite
    }
    assert len(marks) == sum(len(protocol.verdicts) for protocol in RUN.protocols)
    assert marks["protocols/escrow.tell#escrow.Escrow/no-stuck-role[Courier]"] == [Failure]
    assert marks["protocols/vote.tell#vote.Vote/implementable"] == [Error]
    assert marks["protocols/vote.tell#vote.Vote/can-terminate"] == [Skipped]
    assert marks["protocols/vote.tell#vote.Vote/no-unspecified-reception"] == [Skipped]
    assert marks["protocols/escrow.tell#escrow.Escrow/projectable[Buyer]"] == []
    assert (xml.failures, xml.errors, xml.skipped) == (2, 1, 2)
    failed = next(
        case
        for suite in xml
        for case in suite
        if case.name == "no-stuck-role[Courier]"
        and case.classname == "protocols/escrow.tell#escrow.Escrow"
    )
    assert "│───── Order ────▶│" in failed.result[0].text


def test_junit_has_times_where_the_run_has_them() -> None:
    assert " time=" not in write_junit(RUN, SOURCES)
    timed = structs.replace(RUN, timing=(("total", 2.5), ("protocols/escrow.tell", 1.25)))
    xml = read_junit(timed)
    assert xml.time == 2.5
    assert [suite.time for suite in xml] == [1.25, 0.0]


def test_protocols_of_one_file_are_one_suite_of_junit() -> None:
    other = structs.replace(RUN.protocols[1], path=RUN.protocols[0].path)
    xml = read_junit(structs.replace(RUN, protocols=(RUN.protocols[0], other)))
    assert [suite.name for suite in xml] == ["protocols/escrow.tell"]
    assert len({case.classname for suite in xml for case in suite}) == 2


def test_sarif_links_to_the_documentation_where_its_address_is_known() -> None:
    driver = json.loads(write_sarif(RUN, SOURCES))["runs"][0]["tool"]["driver"]
    assert "informationUri" not in driver
    assert not any("helpUri" in rule for rule in driver["rules"])
    run = structs.replace(RUN, docs="https://docs.example/tell")
    driver = json.loads(write_sarif(run, SOURCES))["runs"][0]["tool"]["driver"]
    assert driver["informationUri"] == "https://docs.example/tell/index.html"
    stuck = next(rule for rule in driver["rules"] if rule["id"] == "TV512")
    assert stuck["helpUri"] == "https://docs.example/tell/explain/TV512.html"


@pytest.mark.parametrize(
    "write", [write_sarif, write_junit, write_gitlab, write_markdown, write_proof, write_html]
)
def test_every_report_links_to_the_glossary_where_its_address_is_known(
    write: Callable[[Run, Mapping[str, SourceFile]], str],
) -> None:
    address = "https://docs.example/tell/glossary.html"
    run = structs.replace(RUN, docs="https://docs.example/tell")
    assert address in write(run, SOURCES)
    assert "glossary.html" not in write(RUN, SOURCES)


def test_what_does_not_fail_the_check_does_not_fail_in_junit() -> None:
    optional = structs.replace(STUCK, required=False)
    protocol = structs.replace(RUN.protocols[0], verdicts=(optional,))
    run = structs.replace(RUN, protocols=(protocol,), diagnostics=(), exit_code=0)
    xml = read_junit(run)
    assert (xml.failures, xml.errors, xml.skipped) == (0, 0, 1)
    known = read_junit(compared(structs.replace(RUN, diagnostics=())))
    assert known.failures == 1


def test_a_run_of_nothing_is_an_error_in_junit() -> None:
    run = Run((), (), (), 4, "no file was found")
    xml = read_junit(run)
    assert (xml.tests, xml.errors) == (1, 1)


def test_a_failed_check_is_never_green_in_junit() -> None:
    proved = structs.replace(RUN.protocols[0], verdicts=RUN.protocols[0].verdicts[4:])
    run = structs.replace(
        RUN, protocols=(proved,), diagnostics=(), exit_code=3, exit_reason="1 is not proved"
    )
    xml = read_junit(run)
    assert (xml.failures, xml.errors) == (0, 1)
    assert next(iter(list(xml)[-1])).result[0].message == "1 is not proved"
    lint = structs.replace(STUCK_COURIER, refutes="")
    lenient = structs.replace(run, diagnostics=(lint,), exit_code=0)
    xml = read_junit(lenient)
    assert (xml.failures, xml.errors, xml.skipped) == (0, 0, 1)


def test_gitlab_has_an_entry_for_each_problem() -> None:
    entries = json.loads(write_gitlab(RUN, SOURCES))
    assert [(one["check_name"], one["severity"]) for one in entries] == [
        ("TV411 unmergeable-branches", "critical"),
        ("TV512 stuck-role", "critical"),
        ("TV902 step-limit", "info"),
        ("TV942 unsupported-construct", "info"),
    ]
    assert entries[1]["location"] == {
        "path": "protocols/escrow.tell",
        "lines": {"begin": 11, "end": 11},
    }
    assert len({one["fingerprint"] for one in entries}) == len(entries)


def test_annotations_are_escaped_and_at_most_ten_of_a_level() -> None:
    lines = annotations(RUN)
    assert lines[0] == (
        "::error file=protocols/escrow.tell,line=8,endLine=8,col=10,endColumn=15,"
        "title=TV411 unmergeable-branches::`Courier` cannot tell which branch `Seller` chose"
        "%0Arefutes: projectable[Courier]%0Ahelp: send `Courier` a message on every branch, for"
        " example `Seller -> Courier : Cancelled`"
    )
    many = structs.replace(
        RUN,
        protocols=(),
        diagnostics=tuple(
            structs.replace(STUCK_COURIER, message=f"100% wrong: {number}", refutes="")
            for number in range(30)
        ),
    )
    lines = annotations(many)
    assert len(lines) == 10
    assert all("::100%25 wrong: " in line for line in lines)


def test_obligations_undecided_for_one_reason_share_an_annotation() -> None:
    """A fault of the text leaves all obligations open; a step shows ten annotations of a level."""
    run = check_text("protocol P =\n  roles A, B\n  A -> B\n", Options(), "p.tell").run
    warnings = [line for line in annotations(run, {}) if line.startswith("::warning")]
    (one,) = warnings
    assert one.endswith(
        "::`implementable`, `no-deadlock`, `no-orphan-message`, `no-unspecified-reception`,"
        " `fidelity` and `no-stuck-role` of `P` are skipped: the text is not well-formed"
    )


def test_text_after_annotations_cannot_give_commands() -> None:
    page = guarded("::set-output name=x::y\n")
    first, *_, last = page.strip().split("\n")
    token = first.removeprefix("::stop-commands::")
    assert last == f"::{token}::"
    assert page == guarded("::set-output name=x::y\n")


# Premises, items, baselines, vacuity


def test_premises_that_clash_are_named_everywhere() -> None:
    run = with_core()
    name = f"{Property.NO_DEADLOCK}[QuorumGeometry]"
    written = json.loads(write_json(run, SOURCES))
    Draft202012Validator(SCHEMA).validate(written)
    evidence = written["protocols"][0]["verdicts"][-1]["outcome"]["evidence"]
    assert [one["name"] for one in evidence["premises"]] == ["quorum", "liveness"]
    assert evidence["script"] == "proofs/quorum.smt2"
    sarif(run)
    out = io.StringIO()
    write_text(run, SOURCES, out, color=False, ascii_only=False, width=100, verbose=False)
    lines = io.StringIO()
    write_concise(run, SOURCES, lines)
    texts = {
        "text": out.getvalue(),
        "concise": lines.getvalue(),
        "sarif": write_sarif(run, SOURCES),
        "junit": write_junit(run, SOURCES),
        "markdown": write_markdown(run, SOURCES),
        "gitlab": write_gitlab(run, SOURCES),
        "github": "\n".join(annotations(run)),
    }
    for kind, text in texts.items():
        assert name in text, kind
    for kind in ("text", "junit", "markdown"):
        for premise in PREMISES:
            assert premise.name in texts[kind], (kind, premise.name)
        assert "at most `f` witnesses are silent" in texts[kind], kind
    assert "quorum: more than" in texts["sarif"]


def test_the_page_says_what_is_new_and_what_is_fixed() -> None:
    page = write_markdown(compared(), SOURCES)
    assert "**New in this pull request:** `escrow.Escrow`: `Courier` can wait forever." in page
    assert "**Fixed:**\n\n- `no-orphan-message` of `escrow.Escrow`\n" in page
    assert "- `Buyer` is never used of `escrow.Escrow`" in page
    assert "**Unchanged:** 1 finding as before." in page
    assert "| protocol | obligation | outcome | was | where |" in page
    assert (
        "| `escrow.Escrow` | `no-stuck-role[Courier]` | **refuted** TV512 (14 configurations) |"
        " proved | `escrow.tell:14` |" in page
    )
    rows = [line for line in page.split("\n") if line.startswith("|")]
    assert {line.count("|") for line in rows} == {6}


def test_an_obligation_refuted_in_another_way_is_updated() -> None:
    before = Before(
        "protocols/escrow.tell", "escrow.Escrow", "no-stuck-role[Courier]", "refuted", "9" * 32
    )
    run = structs.replace(RUN, baseline=Baseline("b.json", (), (before,)))
    state = RunComparison(run).state(run.protocols[0], STUCK)
    assert state == "updated"
    assert "in another way than before" in write_markdown(run, SOURCES)
    sarif(run)
    Draft202012Validator(SCHEMA).validate(json.loads(write_json(run, SOURCES)))


def test_the_ledger_is_listed_with_owner_and_date() -> None:
    entry = Assumption(
        "A2",
        "vote.tell",
        "vote.Vote",
        "no-unspecified-reception",
        "peers sign",
        "vote.tell:4",
        "ops",
        "2027-03-01",
        is_new=True,
    )
    run = structs.replace(RUN, assumptions=(entry,))
    page = write_markdown(run, SOURCES)
    assert "**Assumptions:** 1 in force, 1 new." in page
    assert "A2 `no-unspecified-reception` of `vote.Vote` (vote.tell:4, until 2027-03-01, ops)" in (
        page
    )
    (written,) = json.loads(write_json(run, SOURCES))["assumptions"]
    assert (written["owner"], written["until"], written["isNew"]) == ("ops", "2027-03-01", True)


def test_a_vacuous_verdict_is_said_to_be_one() -> None:
    verdict = structs.replace(RUN.protocols[0].verdicts[4], vacuity="vacuous")
    protocol = structs.replace(RUN.protocols[0], verdicts=(verdict,))
    run = structs.replace(RUN, protocols=(protocol,))
    assert json.loads(write_json(run, SOURCES))["protocols"][0]["verdicts"][0]["vacuity"] == (
        "vacuous"
    )
    assert "**Vacuous" in write_markdown(run, SOURCES)
    out = io.StringIO()
    write_text(run, SOURCES, out, color=False, ascii_only=False, width=100, verbose=False)
    assert "vacuous" in out.getvalue()


def test_findings_that_agree_are_told_apart_by_their_number() -> None:
    twice = (STUCK_COURIER, structs.replace(STUCK_COURIER, notes=("again",)))
    assert len(set(finding_fingerprints(twice).values())) == 2
    moved = structs.replace(
        STUCK_COURIER, primary=structs.replace(STUCK_COURIER.primary, text="elsewhere")
    )
    assert list(finding_fingerprints([STUCK_COURIER]).values()) == list(
        finding_fingerprints([moved]).values()
    )


# Sizes


def test_a_long_page_shrinks_in_the_order_that_is_promised() -> None:
    passing = tuple(
        ProtocolReport(f"m.P{number}", PATH, 1, ("A", "B"), (), RUN.protocols[0].verdicts[4:])
        for number in range(60)
    )
    run = structs.replace(RUN, protocols=(*RUN.protocols, *passing))
    full = write_markdown(run, SOURCES, limit=10**9)
    counts = write_markdown(run, SOURCES, limit=len(full) - 1)
    assert "shown as counts, to keep" in counts and "m.P7" not in counts
    assert "```mermaid" in counts
    short = write_markdown(run, SOURCES, limit=len(counts) - 1)
    assert len(short) < len(counts)
    assert "only the first runs are here" in short
    assert "```mermaid" in short and "_And 1 refuted obligation more, not shown here._" in short
    none = write_markdown(run, SOURCES, limit=1_200)
    assert len(none) <= 1_200


def test_a_diagram_stays_below_what_mermaid_takes() -> None:
    names = ["<" * 200 + str(number) for number in range(20)]
    steps = tuple(
        step(True, names[number % 20], names[(number + 1) % 20], "|" * 300, 6, "#" * 300)
        for number in range(200)
    )
    trace = Trace(Fault.DEADLOCK, steps, (), "", False)
    assert len(sequence_diagram(trace, names)) < MOST_CHARACTERS


# Hostile texts

MORE_NAMES = ["]]>", "-->", "&amp;\"'", "%0A::error::", "::stop-commands::x", "##[error]", "\ufffe"]


def check_all(run: Run, sources: dict[str, SourceFile]) -> None:
    """Every format is written, parses back, and keeps to its schema."""
    Draft202012Validator(SCHEMA).validate(json.loads(write_json(run, sources)))
    SARIF.validate(json.loads(write_sarif(run, sources)))
    xml = ElementTree.fromstring(write_junit(run, sources).encode())
    assert len(list(xml.iter("testcase"))) >= sum(len(one.verdicts) for one in run.protocols)
    for one in json.loads(write_gitlab(run, sources)):
        assert one["fingerprint"] and one["location"]["lines"]["begin"] >= 1
    lines = annotations(run, sources)
    assert len(lines) <= 20
    for line in lines:
        assert re.fullmatch(r"::(error|warning) file=[^:,]*(,[a-zA-Z]+=[^:,]*)*::.*", line)
        assert re.sub(r"%(25|0A|0D|3A|2C)", "", line).count("%") == 0
    page = write_markdown(run, sources)
    assert len(page) <= LIMIT
    out = io.StringIO()
    write_concise(run, sources, out)
    assert all(line.isprintable() for line in out.getvalue().split("\n"))
    for kind in KINDS:
        if kind != "html":
            writer(kind)(run, sources).encode()


@pytest.mark.parametrize("name", [*NAMES, *MORE_NAMES], ids=lambda name: repr(name)[:20])
def test_hostile_names_stay_names_in_every_format(name: str) -> None:
    run, sources = run_with(name)
    check_all(run, sources)
    core = Core(name, (CorePremise(name, name, name, 1), CorePremise(name, name)), name)
    verdict = Verdict(
        Property.NO_DEADLOCK,
        ObligationScope(item=name),
        Refuted("TV512", core, Method.SMT, name),
        True,
    )
    protocol = structs.replace(run.protocols[0], verdicts=(*run.protocols[0].verdicts, verdict))
    before = Before(name, name, name, "refuted", name)
    more = structs.replace(
        run,
        protocols=(protocol,),
        command=name,
        solvers=(name,),
        configuration=((name, name),),
        assumptions=(Assumption(name, name, name, name, name, name, name, name),),
        suppressions=(Suppression("comment", run.findings[0], name, f"{name}:3"),),
        baseline=Baseline(name, (name,), (before,)),
    )
    check_all(more, sources)


@given(st.text(max_size=40))
def test_any_text_stays_a_text_in_every_format(name: str) -> None:
    run, sources = run_with(name)
    check_all(run, sources)
