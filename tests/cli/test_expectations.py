"""Comments that say which fault a text shows: met, not met, and what they must not hide."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from tellverify.obligations.options import Options
from tellverify.verdict.run import Run
from tellverify.verification.pipeline import check_text

STUCK = """\
protocol Stuck =
  roles A, B, C
  choice A at
    | Again =>
        A -> C : Again
        C -> B : Work
    | Stop =>
        A -> C : Stop
"""
ORPHAN = """\
protocol Orphan =
  roles A, B, C
  choice A at
    | Go =>
        A -> B : Go
        B -> C : Word
    | Stop =>
        A -> B : Stop
        C -> A : Late
"""
QUEUE = """\
protocol Frames =
  roles Camera, Viewer
  rec Again
    Camera -> Viewer : Frame
    continue Again
"""
GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ask\n  B -> A : Tell\n"
UNDECLARED = "protocol Shop =\n  roles A, B\n  A -> B : Ask\n  B -> Courier : Send\n"


def run(text: str, **changes: object) -> Run:
    return check_text(text, msgspec.structs.replace(Options(), **changes), "p.tell").run


def codes(found: Run, severity: str = "error") -> list[str]:
    return [one.code.number for one in found.findings if one.severity == severity]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("refuted no-stuck-role", STUCK),
        ("refuted no-stuck-role[B]", STUCK),
        ("refuted no-orphan-message", ORPHAN),
        ("refuted implementable", ORPHAN),
        ("refuted implementable, fidelity, no-orphan-message", ORPHAN),
        ("refuted bounded-queues", QUEUE),
        ("refuted bounded-queues[Camera -> Viewer]", QUEUE),
        ("error TV201", UNDECLARED),
        ("error undeclared-role", UNDECLARED),
    ],
)
def test_an_expectation_that_is_met_is_success(expected: str, text: str) -> None:
    requirements = (("bounded-queues", "bounded"),)
    assert run(text, requirements=requirements).exit_code == 1
    found = run(f"-- tell: expect({expected})\n{text}", requirements=requirements)
    assert (found.exit_code, codes(found)) == (0, [])
    assert found.exit_reason == "every fault that was expected was found"
    assert any(verdict.expected == "p.tell:1" for p in found.protocols for verdict in p.verdicts)


@pytest.mark.parametrize(
    ("expected", "text", "why"),
    [
        ("refuted no-stuck-role", GOOD, "is proved"),
        ("refuted no-stuck-role[A]", STUCK, "is proved"),
        ("refuted no-stuck-role[Z]", STUCK, "no such obligation"),
        ("refuted no-deadlock", ORPHAN, "is proved"),
        ("refuted no-stuck-role", UNDECLARED, "is skipped"),
        ("refuted no-stuck-role", "protocol Broken =\n  roles A B\n  A - B Ask\n", "no-stuck-role"),
        ("error TV201", GOOD, "there is no error"),
        ("error TV208", UNDECLARED, "there is no error"),
        ("warning TV201", UNDECLARED, "is an error here"),
        ("error TV206", "protocol P =\n  roles A, B, C\n  A -> B : M\n", "is a warning here"),
    ],
)
def test_an_expectation_that_is_not_met_is_an_error(expected: str, text: str, why: str) -> None:
    found = run(f"-- tell: expect({expected})\n{text}")
    assert found.exit_code == 1
    (unmet,) = [one for one in found.findings if one.code.number == "TV264"]
    assert why in unmet.message


@pytest.mark.parametrize(
    "text",
    [
        # another error beside the expected one
        f"-- tell: expect(error TV201)\n{UNDECLARED}  A -> A : Self\n",
        # another refuted obligation that does not follow from the expected one
        f"-- tell: expect(refuted no-stuck-role)\n{STUCK}  -- tell: property p: never Again\n",
        # a fault of communication beside a stuck role
        f"-- tell: expect(refuted bounded-queues)\n{ORPHAN}",
        # a second protocol in the file
        f"-- tell: expect(refuted no-stuck-role)\n{STUCK}\n{GOOD}",
    ],
)
def test_every_other_fault_still_counts(text: str) -> None:
    found = run(text)
    assert found.exit_code == 1
    assert codes(found)


@pytest.mark.parametrize(
    "item",
    [
        "refuted deadlock",
        "refuted well-formed",
        "refuted",
        "proved no-deadlock",
        "no-deadlock",
        "error TV999",
        "error TV2",
        "error",
    ],
)
def test_what_is_no_outcome_of_a_check_is_said(item: str) -> None:
    found = run(f"-- tell: expect({item})\n{STUCK}")
    assert found.exit_code == 1
    assert "TV263" in codes(found)
    assert any(v.required and v.outcome for p in found.protocols for v in p.verdicts)


def page(*texts: str) -> Run:
    return check_text("".join(f"```tell\n{text}```\n\n" for text in texts), Options(), "p.md").run


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("-- tell: expect(refuted no-stuck-role)\n", STUCK),
        ("-- tell: expect(error TV201)\n", UNDECLARED),
    ],
)
def test_the_comment_speaks_of_its_own_protocol_only(comment: str, text: str) -> None:
    other = text.replace("protocol ", "protocol Other")
    assert page(GOOD, comment + text).exit_code == 0
    for texts in ((other, comment + text), (comment + text, other)):
        found = page(*texts)
        assert found.exit_code == 1
        expected = {p.name[:5]: any(v.expected for v in p.verdicts) for p in found.protocols}
        assert expected == {"Other": False, text.split()[1]: True}
    assert page(GOOD, comment + text).exit_reason == (
        "every required obligation holds, and 1 negative example fails as expected"
    )


def test_a_comment_on_a_statement_looks_at_this_statement() -> None:
    lines = UNDECLARED.splitlines()
    for place, code in ((3, 0), (2, 1)):
        text = [*lines[:place], "  -- tell: expect(error TV201)", *lines[place:], ""]
        assert run("\n".join(text)).exit_code == code, place


def test_no_comment_is_of_any_length() -> None:
    many = ", ".join(["refuted no-stuck-role"] * 300)
    found = run(f"-- tell: expect({many})\n{STUCK}")
    assert (found.exit_code, codes(found)) == (1, ["TV263"])


def test_the_text_of_a_string_and_a_plain_comment_expect_nothing() -> None:
    assert run(f"-- we expect(refuted no-stuck-role) here, and tell: so\n{STUCK}").exit_code == 1


def test_neither_levels_nor_allow_comments_make_an_unmet_expectation_vanish() -> None:
    text = f"-- tell: allow(unmet-expectation): later\n-- tell: expect(error TV201)\n{GOOD}"
    found = run(text)
    assert found.exit_code == 1
    assert {"TV264", "TV026"} <= set(codes(found))


def test_a_warning_that_is_expected_does_not_fail_a_strict_threshold() -> None:
    text = "protocol P =\n  roles A, B, C\n  A -> B : M\n"
    assert run(text, fail_on="warning").exit_code == 1
    assert run(f"-- tell: expect(warning TV206)\n{text}", fail_on="warning").exit_code == 0
    stuck = f"-- tell: expect(refuted no-stuck-role)\n{STUCK}"
    assert run(stuck, fail_on="warning").exit_code == 0


def test_what_was_not_asked_is_not_missed() -> None:
    text = f"-- tell: expect(refuted no-stuck-role)\n{STUCK}"
    assert run(text, properties=("no-deadlock",)).exit_code == 0


# Through the command


def tellverify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_format_agrees_that_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(f"-- tell: expect(refuted no-stuck-role)\n{STUCK}")
    done = tellverify(
        tmp_path,
        *("check", "p.tell", "--isolated", "--report", "json=r.json", "--report", "sarif=r.sarif"),
        *("--report", "junit=r.xml", "--report", "gitlab=g.json", "--report", "html=r.html"),
        *("--report", "markdown=r.md", "--report", "proof=p.md", "--format", "github"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "::error" not in done.stdout
    assert "::warning" not in done.stdout
    stored = json.loads((tmp_path / "r.json").read_text())
    expected = [v for p in stored["protocols"] for v in p["verdicts"] if v.get("expected")]
    assert expected
    assert not any(v["required"] for v in expected)
    levels = [
        r["level"] for r in json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"]
    ]
    assert "error" not in levels
    suites = ElementTree.fromstring((tmp_path / "r.xml").read_text())
    assert suites.get("failures") == "0"
    for name in ("r.html", "p.md"):
        assert "expected at p.tell:1" in (tmp_path / name).read_text(), name
    assert "expected at line 1" in (tmp_path / "r.md").read_text()
    again = tellverify(tmp_path, "report", "r.json", "--format", "text")
    assert again.returncode == 0
    assert "expected at line 1" in again.stdout  # the file is that of the protocol
    assert "expected at p.tell" not in again.stdout


def test_an_audit_lists_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(f"-- tell: expect(refuted no-stuck-role)\n{STUCK}")
    done = tellverify(tmp_path, "audit", "p.tell", "--isolated")
    assert "2 expected" in done.stdout
    assert "Stuck/no-stuck-role[B]" in done.stdout


def test_the_cache_keeps_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(f"-- tell: expect(refuted no-stuck-role)\n{STUCK}")
    for _ in range(2):
        done = tellverify(tmp_path, "check", "p.tell", "--cache-dir", str(tmp_path / "cache"))
        assert done.returncode == 0, done.stdout


LAWS = """\
schema = "tellverify/laws-1"

{above}
[structure.Left]
doc = "The left one stays."
kind = "join"
state = "{{kind: nat}}"
merge = "a"

[structure.Most]
kind = "join"
state = "{{kind: nat}}"
merge = "{{kind: max(a.kind, b.kind)}}"
"""


@pytest.mark.parametrize(
    ("above", "code"),
    [
        ("", 1),
        ("# tell: expect(refuted law[commutative])", 0),
        ("# tell: expect(refuted law[associative])", 1),
        ("# tell: expect(refuted law[commutative], law[associative])", 1),
        ("# tell: expect(refuted no-deadlock)", 1),
        ("# tell: expect(refuted commutative)", 1),
        ("# tell: expect()", 1),
        ("# tell: allow(TV671)", 1),
    ],
)
def test_laws_have_expectations_as_well(tmp_path: Path, above: str, code: int) -> None:
    (tmp_path / "laws.toml").write_text(LAWS.format(above=above))
    done = tellverify(tmp_path, "laws", "laws.toml")
    assert done.returncode == code, done.stdout


def test_a_line_of_a_string_is_no_comment(tmp_path: Path) -> None:
    text = LAWS.format(above="")
    hidden = 'doc = """\n# tell: expect(refuted law[commutative])\n"""'
    (tmp_path / "laws.toml").write_text(text.replace('doc = "The left one stays."', hidden))
    assert tellverify(tmp_path, "laws", "laws.toml").returncode == 1


def test_a_comment_in_the_next_structure_is_not_one_of_the_first(tmp_path: Path) -> None:
    text = LAWS.format(above="").replace(
        "[structure.Most]", "# tell: expect(refuted law[commutative])\n[structure.Most]"
    )
    (tmp_path / "laws.toml").write_text(text)
    assert tellverify(tmp_path, "laws", "laws.toml").returncode == 1


POLICY = Path(__file__).resolve().parents[2] / "counterexamples" / "admission" / "policies"


@pytest.mark.parametrize("path", sorted(POLICY.glob("*.toml")), ids=lambda p: p.stem)
def test_faulty_policies_are_expected_to_be(path: Path, tmp_path: Path) -> None:
    assert tellverify(POLICY, "policy", "check", path.name).returncode == 0
    for other in POLICY.glob("*.toml"):
        text = other.read_text(encoding="utf-8")
        if other.name == path.name:
            text = text.replace("# tell: expect", "# expect")
        (tmp_path / other.name).write_text(text, encoding="utf-8")
    without = tellverify(tmp_path, "policy", "check", path.name, "--fail-on", "warning")
    assert without.returncode in (1, 2)
    (tmp_path / path.name).write_text("# tell: expect(error TV070)\n" + path.read_text("utf-8"))
    assert tellverify(tmp_path, "policy", "check", path.name).returncode in (1, 2)


@pytest.mark.parametrize(
    ("code", "exit_code"), [("TV705", 0), ("flattened-drift", 0), ("TV704", 1)]
)
def test_admit_expects_objections_to_manifests(code: str, exit_code: int) -> None:
    folder = POLICY.parent
    done = tellverify(
        folder,
        *("admit", "flattened_drift.json", "--policy", "policy.toml", "--runtime", "full"),
        *("--expect", code),
    )
    if code == "flattened-drift" and done.returncode == 2:
        pytest.fail(done.stderr)
    assert done.returncode == exit_code, done.stderr


def test_admit_expects_an_objection_where_there_is_none() -> None:
    done = tellverify(
        POLICY.parent,
        *("admit", "missing_key.tell", "--policy", "policy.toml", "--runtime", "full"),
        *("--expect", "TV706"),
    )
    assert done.returncode == 1
    assert "found no objection" in done.stderr
