"""The sentence of TV512 about roles that wait for different messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TEXT = """protocol P =
  roles A, B, D[N]
  choice A at
    | Many =>
      A -> D[*] : Many
      D[*] -> B : Ok
    | One =>
      A -> D[0] : One
      D[0] -> B : Ok
"""


def test_each_role_waits_for_its_own_message(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text(TEXT, encoding="utf-8")
    command = [sys.executable, "-m", "tellverify", "check", "--isolated", "p.tell"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "`B` waits for `Ok` from `D[1]`, `D[1]` waits for `Many` from `A`, and all" in said
