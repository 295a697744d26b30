"""A run of a protocol with timeouts as a file: rejected with one wrong clause."""

from __future__ import annotations

from pathlib import Path

import pytest

from tellverify.cli.group import run
from tellverify.evidence.recheck.graph import Rejected
from tellverify.evidence.recheck.traces import recheck_trace

ASKS = """-- tell: faults down(crash of Server)
protocol Asks =
  roles Client, Server
  timeout 5s Client at
    Client -> Server : Put
    Server -> Client : Done
  on timeout =>
    Client -> Server : Stop
  Server -> Client : Bye
"""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to a client that waits for a server that has crashed."""
    folder = tmp_path_factory.mktemp("evidence")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "a.tell").write_text(ASKS, "utf-8")
        run(["check", "a.tell", "--isolated", "--no-cache", "-q", "--evidence", "proof"])
    (found,) = folder.glob("proof/*/no-stuck-role.Client.under.down.itf.json")
    return found


def test_a_run_under_a_scenario_is_accepted(trace: Path) -> None:
    assert "no-stuck-role[Client] @ down" in recheck_trace(str(trace))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" @ down", ""),
        (" @ down", " @ "),
        ('"scenario":"crash of Server",', ""),
    ],
)
def test_a_scenario_has_a_name_and_its_rules(trace: Path, old: str, new: str) -> None:
    good = trace.read_text("utf-8")
    assert old in good
    wrong = trace.with_name("wrong.itf.json")
    wrong.write_text(good.replace(old, new), "utf-8")
    with pytest.raises(Rejected, match="not that of the obligation"):
        recheck_trace(str(wrong))
