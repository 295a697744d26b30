"""The program that looks at evidence for packs shares nothing with what made that evidence."""

from __future__ import annotations

import subprocess
import sys


def test_it_loads_neither_the_machine_nor_the_reader_of_policies() -> None:
    program = (
        "import sys, tellverify.runtime.recheck\n"
        "print(*sorted(name for name in sys.modules if name.startswith('tellverify')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    packages = {name.split(".")[1] for name in loaded if "." in name}
    allowed = {"diagnostics", "evidence", "model", "runtime", "source", "verdict"}
    assert packages - {"version"} <= allowed
    parts = {name for name in loaded if name.startswith("tellverify.runtime.")}
    assert parts == {"tellverify.runtime.recheck"}
