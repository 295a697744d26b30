"""With the target `telltale`, what Telltale drops or rejects is an error, and says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tellverify.language.files import inputs
from tellverify.obligations.options import Options
from tellverify.verdict.run import Run
from tellverify.verification.pipeline import check_files

HEAD = "protocol P =\n  roles A, B, C\n"
CHOICE = "  choice A at\n    | X =>\n        A -> B : X\n    | Y =>\n        A -> B : Y\n"
TAIL = f"{HEAD}{CHOICE}  B -> C : Tail\n"
BEHIND_CALL = f"{HEAD}  call L\n  B -> C : Tail\nwhere\n  protocol L =\n" + "".join(
    f"  {line}\n" for line in CHOICE.splitlines()
)
RECEIPT = f"""{HEAD}  let slip = transfer Crate from A to B
  par
    | A -> B : Offer(slip)
    | B -> C : Other
"""
UNMERGED = (
    f"{HEAD}  choice A at\n    | X =>\n        A -> B : X\n        B -> C : Go\n"
    "    | Y =>\n        A -> B : Y\n        A -> C : Stop\n"
)
GOOD = f"{HEAD}  A -> B : Ask\n  B -> C : Tell\n"
IMPORTING = f"import other exposing (Inner)\n\n{HEAD}  A -> C : Begin\n  call Inner\n"
OTHER = "module other exposing (Inner)\n\nprotocol Inner =\n  roles A, B\n  A -> B : Ask\n"


def run(*texts: str, **changes: object) -> Run:
    options = msgspec.structs.replace(Options(), **changes)
    files = [inputs.decode(f"{'po'[n]}.tell", text.encode()) for n, text in enumerate(texts)]
    return check_files(files, options).run


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ((TAIL,), "TV261"),
        ((BEHIND_CALL,), "TV261"),
        ((RECEIPT,), "TV306"),
        ((UNMERGED,), "TV411"),
        ((IMPORTING, OTHER), "TV294"),
    ],
)
def test_what_telltale_drops_or_rejects_is_an_error(texts: tuple[str, ...], code: str) -> None:
    assert run(*texts).exit_code == 0
    found = run(*texts, target="telltale")
    assert found.exit_code == 1
    (told,) = [one for one in found.findings if one.code.number == code]
    assert told.severity == "error"
    assert any(note.startswith("the target is Telltale") for note in told.notes)
    for dialect in ("strict", "faithful") if code == "TV261" else ():
        assert run(*texts, target="telltale", dialect=dialect).exit_code == 1


def test_what_telltale_takes_as_it_is_passes() -> None:
    assert run(GOOD, target="telltale").exit_code == 0


def test_projection_is_required_whatever_the_table_says() -> None:
    changes = {"target": "telltale", "requirements": (("projectable", "nothing"),)}
    assert run(UNMERGED, **changes).exit_code == 1


def test_an_expectation_is_one_of_the_target() -> None:
    text = f"-- tell: expect(error TV261)\n{TAIL}"
    assert run(text, target="telltale").exit_code == 0
    assert run(text).exit_code == 1


def tellverify(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tellverify", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", [("init",), ("config", "init")])
def test_a_written_configuration_has_the_target(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "p.tell").write_text(TAIL)
    said = tellverify(tmp_path, *command)
    assert "0 pass, 1 does not" in said.stdout or "errors" in said.stdout
    done = tellverify(tmp_path, "check")
    assert done.returncode == 1
    assert "TV261" in done.stdout
    assert tellverify(tmp_path, "check", "--target", "any").returncode == 0
    assert tellverify(tmp_path, "check", "--isolated").returncode == 0
    assert tellverify(tmp_path, "check", "--isolated", "--target", "telltale").returncode == 1
    assert 'target = "telltale"' in tellverify(tmp_path, "config", "show").stdout
    (tmp_path / "tellverify.toml").write_text('target = "rust"\n')
    assert tellverify(tmp_path, "check").returncode == 2
