"""What the README shows is what the tool prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs() -> None:
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    done = subprocess.run(
        [sys.executable, "-c", code.group(1)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 ['well-formed', ")


def test_the_commands_are_those_that_ci_runs() -> None:
    for mark in ("check-command", "test-command"):
        block = re.search(rf"<!-- {mark} -->\n```sh\n(.+)\n```", README)
        assert block is not None
        assert "python3 -m venv" in block.group(1)
        assert "pip install --quiet -c ci/constraints.txt " in block.group(1)
    assert "test-command" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
