"""The pages on the guard chain, budgets and ceremonies say what a check says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tellverify.annotations.fact_schemas import read_schemas_text
from tellverify.annotations.guard_snapshot import Snapshot, evaluated, read_snapshot
from tellverify.annotations.metadata import metadata_of
from tellverify.annotations.rules import default_rules
from tellverify.diagnostics.codes import CODES
from tellverify.obligations.options import Options
from tellverify.policy.read import read_policy_text
from tellverify.verdict.outcome import Refuted, status
from tellverify.verdict.run import Verdict
from tellverify.verification.pipeline import check_text

DOCS = Path(__file__).resolve().parents[2] / "docs"
NAMES = ("guard-chain", "budgets", "ceremonies")
BLOCK = re.compile(
    r"<!-- (?P<kind>\w+)(?:: (?P<said>.*?))? -->\n```\w+\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
RUNTIME = 'format = 1\nadmission = { runtime = "r" }\nruntimes = [{ name = "r" }]\n'


def blocks(kind: str) -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for match in BLOCK.finditer((DOCS / f"{name}.md").read_text("utf-8")):
            if match["kind"] == kind:
                yield match["said"] or "", match["text"]


def verdicts(text: str, options: Options) -> dict[str, Verdict]:
    (protocol,) = check_text(text, options).run.protocols
    return {verdict.name: verdict for verdict in protocol.verdicts}


@pytest.mark.parametrize("name", NAMES)
def test_every_block_says_what_it_shows(name: str) -> None:
    text = (DOCS / f"{name}.md").read_text("utf-8")
    assert len(BLOCK.findall(text)) == text.count("\n```t")
    for code in re.findall(r"\bTV\d{3}\b", text):
        assert code in CODES
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (DOCS / target).exists(), target


@pytest.mark.parametrize(("said", "text"), list(blocks("expect")))
def test_protocols_have_these_verdicts(said: str, text: str) -> None:
    found = verdicts(text, Options())
    for claim in said.split("; "):
        match = re.fullmatch(r"(\S+?(?:\[.*?\])?) (proved|refuted|bounded)(?: (.*))?", claim)
        assert match is not None, claim
        outcome = found[match[1]].outcome
        assert status(outcome) == match[2], claim
        if isinstance(outcome, Refuted):
            assert outcome.code == match[3]
        elif match[3]:
            assert outcome.detail == match[3]


@pytest.mark.parametrize(("said", "text"), list(blocks("chain")))
def test_chains_are_judged_so(said: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(RUNTIME + text, encoding="utf-8")
    (_, protocol), *_ = blocks("expect")
    found = verdicts(protocol, Options(policy=str(path)))
    wanted, _, why = said.partition(", ")
    chains = [v.outcome for name, v in found.items() if name.startswith("guard-chain")]
    assert chains
    worst = [one for one in chains if isinstance(one, Refuted)]
    assert bool(worst) is (wanted == "refuted")
    if worst:
        assert any(why in one.evidence.explanation for one in worst)


@pytest.mark.parametrize(("said", "text"), list(blocks("merge")))
def test_merges_are_wrong_so(said: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(RUNTIME + "[budgets]\nreplicas = 2\n", encoding="utf-8")
    found = verdicts(text, Options(policy=str(path)))
    assert any(
        isinstance(one.outcome, Refuted) and said in one.outcome.reason for one in found.values()
    )


@pytest.mark.parametrize(("said", "text"), list(blocks("policy")))
def test_parts_of_policies_can_be_read(said: str, text: str) -> None:
    read = read_policy_text("format = 1\n" + text)
    assert read.policy is not None, read.diagnostics


@pytest.mark.parametrize(("said", "text"), list(blocks("schema")))
def test_schemas_can_be_read(said: str, text: str) -> None:
    read = read_schemas_text(text, "<schema>")[0]
    assert read.schema is not None, read.diagnostics


@pytest.mark.parametrize(("said", "text"), list(blocks("snapshot")))
def test_snapshots_decide_so(said: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.toml"
    path.write_text(text, encoding="utf-8")
    snapshot = read_snapshot(str(path))
    assert isinstance(snapshot, Snapshot)
    rules = default_rules()
    asked = metadata_of((("guard_capability", "chat:message:send"), ("flow_cost", "50")), rules)
    assert ("sent" if evaluated(asked, snapshot, rules).allowed else "denied") == said


@pytest.mark.parametrize(("said", "text"), list(blocks("reduction")))
def test_reductions_belong_to_the_schema_of_the_page(said: str, text: str) -> None:
    ((_, schema),) = blocks("schema")
    read = read_schemas_text(f"{schema}\n{text}", "<schema>")[0]
    assert (read.schema is not None) is (said == "proved"), read.diagnostics
