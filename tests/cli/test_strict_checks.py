"""Nothing that comes with a change can make the change look better than it is without a word."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from command_line import Command, commit, git

GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
STUCK = """\
protocol Stuck =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""
FAMILY = """\
protocol Family =
  roles A, D[N]
  A -> D[*] : Ping
"""
ASSUMED = """\
-- tell: assume(no-stuck-role, can-terminate, implementable, no-deadlock): trust me
"""


WEAKER = [
    ('[require]\nno-stuck-role = "nothing"\n', 'require.no-stuck-role = "nothing"'),
    ('[require]\nno-stuck-role = "assumed"\n', 'require.no-stuck-role = "assumed"'),
    ('[levels]\nTV2 = "ignore"\n', 'levels.TV2 = "ignore"'),
    ('[levels]\n"unused-role" = "note"\n', 'levels.unused-role = "note"'),
    ('fail-on = "never"\n', 'fail-on = "never"'),
    ('dialect = "faithful"\n', 'dialect = "faithful"'),
    ("[bounds]\nqueue = 1\n", "bounds.queue = 1"),
    ("[bounds.instances]\nD = [3]\n", "bounds.instances.D = [3]"),
]


@pytest.mark.parametrize(("text", "line"), WEAKER)
@pytest.mark.parametrize("style", ["text", "concise", "github", "json"])
def test_what_asks_for_less_is_said_in_every_format(
    tellverify: Command, text: str, line: str, style: str
) -> None:
    Path("p.tell").write_text(FAMILY)
    Path("tellverify.toml").write_text(text)
    _, out, _ = tellverify("check", "--format", style)
    plain = " ".join(out.replace('\\"', '"').split())
    assert f"the configuration asks for less: `{line}`" in plain


@pytest.mark.parametrize("kind", ["sarif", "junit", "gitlab", "markdown", "html", "proof"])
def test_what_asks_for_less_is_said_in_every_report(tellverify: Command, kind: str) -> None:
    Path("p.tell").write_text(GOOD)
    Path("tellverify.toml").write_text("[bounds]\nqueue = 1\n")
    tellverify("check", "-q", "--report", f"{kind}=report")
    assert "asks for less" in Path("report").read_text()


@pytest.mark.parametrize(
    "text",
    [
        '[require]\ndefault = "proved"\nbounded-queues = "nothing"\n',
        '[levels]\nTV4 = "error"\n',
        'fail-on = "warning"\n',
        "[bounds]\nqueue = 9\nsteps = 5\n",
        "[bounds.instances]\nD = [1, 2, 3, 4]\n",
        "cache = false\njobs = 2\n",
    ],
)
def test_what_asks_for_as_much_or_more_is_not(tellverify: Command, text: str) -> None:
    Path("p.tell").write_text(GOOD)
    Path("tellverify.toml").write_text(text)
    assert "asks for less" not in tellverify("check", "--format", "json")[1]


def test_a_strict_check_uses_the_defaults(tellverify: Command) -> None:
    Path("p.tell").write_text(STUCK)
    free = '[require]\nno-stuck-role = "nothing"\nimplementable = "nothing"\n'
    Path("tellverify.toml").write_text(f'{free}can-terminate = "nothing"\n')
    assert tellverify("check")[0] == 0
    code, out, _ = tellverify("check", "--strict")
    assert code == 1
    assert "`--strict` uses the default" in " ".join(out.split())


@pytest.mark.parametrize("line", ['late = "keep"', 'fire = "any"'])
def test_a_strict_check_has_the_runs_of_the_defaults(tellverify: Command, line: str) -> None:
    """Which runs there are decides what is refuted: a file under review does not choose them."""
    Path("p.tell").write_text(GOOD)
    Path("tellverify.toml").write_text(f"[semantics]\n{line}\n")
    assert "asks for less" not in tellverify("check", "--format", "json")[1]
    found = json.loads(tellverify("check", "--strict", "--format", "json")[1])
    assert not any(key.startswith("semantics") for key, _ in found["configuration"])
    assert f"semantics.{line}" in found["diagnostics"][0]["message"]


def test_the_history_of_a_nested_repository_reviews_nothing(tellverify: Command) -> None:
    """A revision such as `HEAD` is another one in a submodule, which the change may have added."""
    Path("p.tell").write_text(GOOD)
    commit()
    expected = f"-- tell: expect(refuted no-stuck-role, refuted projectable)\n{STUCK}"
    Path("n").mkdir()
    Path("n/q.tell").write_text(expected)
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "x")):
        git("-C", "n", *arguments)
    assert tellverify("check")[0] == 0
    assert tellverify("check", "--strict", "--base", "HEAD")[0] == 1
    assert tellverify("check", "--strict", "--base", "HEAD", "n")[0] == 1


def test_require_is_a_floor(tellverify: Command) -> None:
    Path("p.tell").write_text(STUCK)
    free = '[require]\nno-stuck-role = "nothing"\nimplementable = "nothing"\n'
    Path("tellverify.toml").write_text(f'{free}can-terminate = "assumed"\n')
    assert tellverify("check")[0] == 0
    assert tellverify("check", "--require", "bounded")[0] == 1
    assert tellverify("check", "--require", "proved")[0] == 1


def test_require_never_loosens_a_file(tellverify: Command) -> None:
    Path("tellverify.toml").write_text('[require]\ndefault = "proved"\n')
    Path("p.tell").write_text(
        "protocol P =\n  roles A, B, C, D\n"
        "  par\n    | A -> B : M\n      A -> B : N\n    | A -> B : M\n      C -> D : X\n"
    )
    plain = tellverify("check", "--format", "json")[1]
    floored = tellverify("check", "--require", "bounded", "--format", "json")[1]
    for out in (plain, floored):
        assert ["require.default", '"proved"'] in json.loads(out)["configuration"]
    assert tellverify("check")[0] == tellverify("check", "--require", "bounded")[0]


def test_require_leaves_free_what_no_check_requires(tellverify: Command) -> None:
    Path("p.tell").write_text(
        "protocol P =\n  roles A, B\n  rec L\n    A -> B : M\n    continue L\n"
    )
    Path("tellverify.toml").write_text('[require]\nbounded-queues = "nothing"\n')
    assert tellverify("check")[0] == tellverify("check", "--require", "bounded")[0]


def test_a_comment_counts_only_where_the_base_has_it(tellverify: Command) -> None:
    Path("p.tell").write_text(GOOD)
    commit()
    Path("p.tell").write_text(ASSUMED + STUCK)
    Path("tellverify.toml").write_text('[require]\ndefault = "bounded"\n')
    for arguments in (["--strict"], ["--strict", "--base", "HEAD"]):
        code, out, _ = tellverify("check", *arguments)
        assert code == 1
        assert "TV027" in out
    commit()
    _, out, _ = tellverify("check", "--strict", "--base", "HEAD")
    assert "TV027" not in out
    assert "TV027" in tellverify("check", "--strict")[1]


def test_a_fault_is_expected_only_where_the_base_expects_it(tellverify: Command) -> None:
    Path("p.tell").write_text(STUCK)
    commit()
    Path("p.tell").write_text(f"-- tell: expect(refuted no-stuck-role)\n{STUCK}")
    assert tellverify("check")[0] == 0
    for arguments in (["--strict"], ["--strict", "--base", "HEAD"]):
        code, out, _ = tellverify("check", *arguments)
        assert code == 1
        assert "TV027" in out
    commit()
    assert tellverify("check", "--strict", "--base", "HEAD")[0] == 0
    assert tellverify("check", "--strict")[0] == 1


@pytest.mark.parametrize(
    "now",
    [
        ASSUMED.replace("trust me", "trust me more") + STUCK,
        ASSUMED.replace("no-deadlock", "fidelity") + STUCK,
        ASSUMED + STUCK.replace("Stuck", "Other"),
        GOOD + ASSUMED + STUCK.replace("Stuck", "Other"),
    ],
)
def test_a_comment_with_other_words_or_for_another_protocol_is_new(
    tellverify: Command, now: str
) -> None:
    Path("p.tell").write_text(ASSUMED + STUCK)
    commit()
    assert "TV027" not in tellverify("check", "--strict", "--base", "HEAD")[1]
    Path("p.tell").write_text(now)
    assert "TV027" in tellverify("check", "--strict", "--base", "HEAD")[1]


def test_a_baseline_counts_only_where_the_base_has_it(tellverify: Command) -> None:
    Path("p.tell").write_text(STUCK)
    commit()
    assert tellverify("baseline", "write", "--allow-refuted")[0] == 0
    named = ["check", "--baseline", "tellverify-baseline.json"]
    assert tellverify(*named)[0] == 0
    assert tellverify(*named, "--strict", "--base", "HEAD")[0] == 1
    commit()
    assert tellverify(*named, "--strict", "--base", "HEAD")[0] == 0
    assert tellverify(*named, "--strict")[0] == 1
    code, _, err = tellverify(*named, "--strict", "--base", "nowhere")
    assert code == 1
    assert "no comment and no baseline counts: git knows no revision `nowhere`\n" in err


def test_include_counts_only_where_the_base_has_it(tellverify: Command) -> None:
    Path("p.tell").write_text(STUCK)
    Path("q.tell").write_text(GOOD)
    commit()
    Path("tellverify.toml").write_text('include = ["q.tell"]\n')
    code, _, err = tellverify("check")
    assert code == 0
    assert "leaves out 1 file that may hold protocols: p.tell" in err
    assert tellverify("check", "--strict", "--base", "HEAD")[0] == 1
    commit()
    assert tellverify("check", "--strict", "--base", "HEAD")[0] == 0
    assert tellverify("check", "--strict")[0] == 1


@pytest.mark.parametrize("style", ["text", "json", "markdown"])
def test_an_audit_lists_what_baseline_and_configuration_take_away(
    tellverify: Command, style: str
) -> None:
    Path("p.tell").write_text(STUCK)
    Path("tellverify.toml").write_text(
        'baseline = "known.json"\n[require]\nno-deadlock = "nothing"\n'
    )
    assert tellverify("baseline", "write", "--allow-refuted")[0] == 0
    code, out, _ = tellverify("audit", "--format", style)
    assert code == 0
    assert "no-stuck-role[B]" in html.unescape(out)
    assert "TV512" in out
    assert "no-deadlock = " in out


def test_an_audit_fails_without_the_ledger_that_is_due(tellverify: Command) -> None:
    Path("p.tell").write_text(GOOD)
    assert tellverify("audit", "--verify")[0] == 0
    assert tellverify("audit", "--verify", "--ledger", "known.toml")[0] == 1
    Path("tellverify.toml").write_text('ledger = "known.toml"\n')
    code, out, _ = tellverify("audit", "--verify")
    assert code == 1
    assert "there is no such file" in out
    tellverify("audit", "--write")
    assert tellverify("audit", "--verify")[0] == 0
    Path("p.tell").write_text(ASSUMED + STUCK)
    Path("tellverify.toml").write_text("")
    assert tellverify("audit", "--verify")[0] == 1
