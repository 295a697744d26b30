"""The committed versions of packages, and the script that writes them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "ci" / "lock.py"
LINES = (ROOT / "ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_lock", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(version: str) -> list[int]:
    """A release such as `1.2.0` as numbers, without zeros at its end."""
    found = [int(part) for part in version.split(".")]
    while found and found[-1] == 0:
        found.pop()
    return found


def constraints(mode: str) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), mode], capture_output=True, text=True, check=True
    )
    found = dict(line.split("==") for line in done.stdout.splitlines())
    assert list(found) == sorted(found)
    return found


def test_every_requirement_is_locked_within_its_bound(lock: ModuleType) -> None:
    dependencies, extras, build = lock.pyproject()
    wanted = lock.lower_bounds(
        [*dependencies, *build, *(one for all in extras.values() for one in all)]
    )
    locked = lock.pinned(LINES)
    assert {"click", "cvc5", "hatchling", "numpy", "playwright", "pytest", "ruff"} <= set(wanted)
    low = [name for name in wanted if numbers(locked[name]) < numbers(wanted[name])]
    assert low == [], "`python3 ci/lock.py` writes the lock anew"


def test_the_lock_is_what_the_script_would_write(lock: ModuleType) -> None:
    locked = lock.pinned(LINES)
    assert "tellverify" not in locked
    assert lock.HEADER + lock.text(locked) == "\n".join(LINES) + "\n"


def test_lowest_takes_the_bounds_and_newest_leaves_run_time_packages_free(lock: ModuleType) -> None:
    bounds = lock.run_time_bounds()
    assert {"click", "cvc5", "lark", "msgspec", "numpy", "z3-solver"} <= set(bounds)
    lowest, newest = constraints("lowest"), constraints("newest")
    assert newest == {name: lock.pinned(LINES)[name] for name in newest}
    assert {"hypothesis", "pytest"} <= set(newest)
    assert not set(newest) & set(bounds)
    assert lowest == newest | bounds


@pytest.mark.parametrize("requirement", ["click", "click==8.1", "click>=8.1,<9", "./click"])
def test_a_requirement_without_a_plain_lower_bound_is_refused(
    lock: ModuleType, requirement: str
) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        lock.lower_bounds(["lark>=1.2.1", requirement])


@pytest.mark.parametrize("line", ["-e /src/click", "click @ file:///src/click", "click>=8.1"])
def test_a_path_is_never_locked(lock: ModuleType, line: str) -> None:
    with pytest.raises(ValueError, match="is not of the form"):
        lock.pinned(["lark==1.3.1", line])


def test_ci_uses_the_lock_wherever_it_installs_tools() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line for line in run.splitlines() if '/pip" install' in line]
    assert len(installs) == 3
    assert all("constraints.txt" in line for line in installs)
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert '-c "$ACTION_FOLDER/ci/constraints.txt" "$ACTION_FOLDER[rust]"' in action
