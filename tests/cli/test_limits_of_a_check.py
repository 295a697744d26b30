"""Time and memory of a whole check: what does not fit is unknown, and the rest is decided."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tellverify.cli import check_plan
from tellverify.cli.check_options import Flags
from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Proved, Unknown
from tellverify.verification import pipeline
from tellverify.verification.pipeline import check_files
from tellverify.verification.schedule import Schedule, conducted

FINE = "protocol Fine =\n  roles A, B\n  A -> B : Ping\n"
LARGE = "protocol Large =\n  roles A, B\n  loop repeat 100000\n    A -> B : M\n    B -> A : N\n"


def tellverify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_what_needs_more_memory_is_unknown_and_others_are_decided(tmp_path: Path) -> None:
    (tmp_path / "a.tell").write_text(LARGE)
    (tmp_path / "b.tell").write_text(FINE)
    done = tellverify(tmp_path, "check", "--isolated", "--no-cache", "--memory", "130")
    assert done.returncode == 3, done.stdout + done.stderr
    assert re.search(r"unknown +well-formed.*TV432", done.stdout)
    assert re.search(r"^Fine +2 roles\n +proved", done.stdout, re.MULTILINE)
    assert "another run or machine may decide more" in " ".join(done.stdout.split())
    assert tellverify(tmp_path, "check", "--isolated", "--memory", "63").returncode == 2


def test_a_file_that_cannot_be_read_with_the_memory_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = pipeline._result

    def result(workspace: object, unit: object, *rest: object) -> object:
        if unit.file.path == "large.tell":  # type: ignore[attr-defined]
            raise MemoryError
        return real(workspace, unit, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "_result", result)
    files = [inputs.decode(f"{n}.tell", FINE.encode()) for n in ("large", "small")]
    run = conducted(files, Options(), Schedule()).checked.run
    assert run.exit_code == 1
    assert [(d.path, d.code.number) for d in run.diagnostics] == [("large.tell", "TV432")]
    assert [protocol.path for protocol in run.protocols] == ["small.tell"]


def test_a_whole_check_has_six_hundred_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_plan._total(Flags()) == 600.0
    assert check_plan._total(Flags(total_timeout=3.0)) == 3.0


def test_the_reason_does_not_depend_on_the_clock(tmp_path: Path) -> None:
    files = [inputs.decode("p.tell", FINE.encode()), inputs.decode("q.tell", FINE.encode())]
    place = str(tmp_path / "cache.sqlite")
    late = conducted(files, Options(), Schedule(seconds=1e-9, cache=place)).checked.run
    reasons = {
        verdict.outcome.reason
        for protocol in late.protocols
        for verdict in protocol.verdicts
        if isinstance(verdict.outcome, Unknown)
    }
    assert len(late.protocols) == 2
    assert late.exit_code == 3
    assert reasons == {
        "no time was left of the 1e-09 s for the whole check; another run or machine may decide"
        " more"
    }
    again = conducted(files, Options(), Schedule(seconds=1e9, cache=place))
    assert again.cached == 0  # what was given up is not kept
    assert again.checked.run.exit_code == 0
    third = conducted(files, Options(), Schedule(seconds=5e8, cache=place))
    assert third.cached == 2  # the limit is not part of the key


def test_the_limit_of_a_protocol_is_named_where_it_is_the_smaller_one() -> None:
    run = check_files(
        [inputs.decode("p.tell", FINE.encode())], Options(seconds=1e-9, total=600.0)
    ).run
    (protocol,) = run.protocols
    reasons = {v.outcome.reason for v in protocol.verdicts if isinstance(v.outcome, Unknown)}
    assert not any(isinstance(v.outcome, Proved) for v in protocol.verdicts)
    assert all(reason.startswith("no answer within 1e-09 s;") for reason in reasons)


def test_a_size_that_is_too_large_leaves_the_roles_unknown(tmp_path: Path) -> None:
    text = "protocol P =\n  roles C, D[N]\n  C -> D[*] : Ask\n  D[*] -> C : Answer\n"
    (tmp_path / "p.tell").write_text(text, encoding="utf-8")
    (tmp_path / "tellverify.toml").touch()
    asked = ("check", "p.tell", "--property", "no-stuck-role", "--instances", "D=1,2,3")
    done = tellverify(tmp_path, *asked)
    assert done.returncode == 0 and "bounded   no-stuck-role[C, D]" in done.stdout
    for most in ("5", "1"):
        done = tellverify(tmp_path, *asked, "--events", most)
        assert done.returncode == 3 and "unknown   no-stuck-role " in done.stdout
        assert "bounded   no-stuck-role" not in done.stdout
