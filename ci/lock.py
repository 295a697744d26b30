#!/usr/bin/env python3
"""Which versions of packages are installed for tests: one lock, and the two ends of the ranges.

    python3 ci/lock.py            # write ci/constraints.txt anew from the newest versions
    python3 ci/lock.py lowest     # print constraints: run-time packages at their lower bounds
    python3 ci/lock.py newest     # print constraints: run-time packages free

The bounds come from `pyproject.toml` alone. `lowest` and `newest` keep the tools that run tests at
their locked versions, so that a failure is due to a run-time package.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "ci" / "constraints.txt"
HEADER = (
    "# The exact version of every package that checks install, and of the build backend.\n"
    "# Written by `python3 ci/lock.py`; do not edit.\n"
)
RUN_TIME_EXTRAS = ("cluster", "cvc5", "numpy", "rust")
TEST_EXTRA = "test"
OWN_NAME = "tellverify"
CONSTRAINING = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")

_BOUNDED = re.compile(r"([A-Za-z0-9._-]+)>=([0-9][0-9.]*)")
_PINNED = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!_-]+)")


def normalized(name: str) -> str:
    """A package name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lower_bounds(requirements: list[str]) -> dict[str, str]:
    """The lower bound of each `name>=version`; what refers to this package's extras is left out.

    Raises ValueError at any other form, which would have no lower bound to test.
    """
    found = {}
    for one in requirements:
        if one.startswith(f"{OWN_NAME}["):
            continue
        match = _BOUNDED.fullmatch(one)
        if match is None:
            raise ValueError(f"pyproject.toml: `{one}` is not of the form `name>=version`")
        found[normalized(match[1])] = match[2]
    return found


def pinned(lines: list[str]) -> dict[str, str]:
    """The version of each `name==version`; comments and empty lines are left out.

    Raises ValueError at any other form, such as a path or an address.
    """
    found = {}
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        match = _PINNED.fullmatch(line.strip())
        if match is None:
            raise ValueError(f"`{line}` is not of the form `name==version`")
        found[normalized(match[1])] = match[2]
    return found


def text(versions: dict[str, str]) -> str:
    """Constraints, sorted by name, one a line."""
    return "".join(f"{name}=={versions[name]}\n" for name in sorted(versions))


def pyproject() -> tuple[list[str], dict[str, list[str]], list[str]]:
    """The run-time requirements, those of each extra, and those of the build."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = table["project"]
    return (
        project["dependencies"],
        project["optional-dependencies"],
        table["build-system"]["requires"],
    )


def run_time_bounds() -> dict[str, str]:
    """The lower bounds of all packages that the tool itself imports."""
    dependencies, extras, _ = pyproject()
    return lower_bounds(dependencies + [one for name in RUN_TIME_EXTRAS for one in extras[name]])


def test_tools() -> dict[str, str]:
    """The locked versions of the packages that run tests."""
    _, extras, _ = pyproject()
    locked = pinned(LOCK.read_text(encoding="utf-8").splitlines())
    return {name: locked[name] for name in lower_bounds(extras[TEST_EXTRA])}


def newest_of_all() -> dict[str, str]:
    """What a fresh environment gets of all extras and the build backend, without constraints."""
    _, extras, build = pyproject()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        free = {key: value for key, value in os.environ.items() if key not in CONSTRAINING}
        wanted = f"{ROOT}[{','.join(sorted(extras))}]"
        subprocess.run([*pip, "install", "--quiet", wanted, *build], check=True, env=free)
        frozen = subprocess.run(
            [*pip, "freeze", "--exclude", OWN_NAME], check=True, stdout=subprocess.PIPE, text=True
        )
    return pinned(frozen.stdout.splitlines())


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            LOCK.write_text(HEADER + text(newest_of_all()), encoding="utf-8")
        case ["lowest"]:
            sys.stdout.write(text({**test_tools(), **run_time_bounds()}))
        case ["newest"]:
            sys.stdout.write(text(test_tools()))
        case _:
            sys.stderr.write("usage: lock.py [lowest | newest]\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
