"""Every package, module, class and option that `docs/architecture.md` names exists."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

import tellverify

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "tellverify"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PROSE = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
NAMES = sorted(set(re.findall(r"`([^`\n]+)`", PROSE)))
PACKAGES = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
MARK = "|"  # the sign between packages that may not import each other


@cache
def program() -> str:
    """The text of all modules and of the project file."""
    files = [*sorted(SOURCE.rglob("*.py")), ROOT / "pyproject.toml"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def is_file(name: str) -> bool:
    """Whether `name` is a path of the repository, or below the package or one of its packages."""
    below = (ROOT, SOURCE, *(SOURCE / package for package in PACKAGES))
    return any((folder / name).exists() for folder in below)


def is_module(name: str) -> bool:
    """Whether a dotted name is a module of the package or what a module defines."""
    place = SOURCE / name.removeprefix("tellverify.").replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").exists()


@pytest.mark.parametrize("name", [name for name in NAMES if name != MARK])
def test_a_name_of_the_page_exists(name: str) -> None:
    if "/" in name or name.endswith((".py", ".toml")):
        assert is_file(name)
    elif re.fullmatch(r"[A-Z]\w+", name):
        assert re.search(rf"^\s*class {name}\b|^{name}\b.*=", program(), re.MULTILINE)
    elif re.fullmatch(r"ast\.[A-Z]\w+", name):
        assert re.search(rf"^class {name[4:]}\b", program(), re.MULTILINE)
    elif re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name) and name != "tellverify.check":
        assert is_module(name) or is_module(name.rpartition(".")[0])
    elif name.endswith(".tell"):
        assert "tell" in program()
    else:
        for word in re.findall(
            r"[A-Za-z][a-z]+(?:-[a-z]+)*", name.replace("lint-imports", "importlinter")
        ):
            assert re.search(rf"\b{word}\b", program())


def test_the_library_function_that_a_package_would_replace_exists() -> None:
    assert callable(tellverify.check)
    assert "check" not in PACKAGES


def test_each_value_is_named_where_it_is_said_to_be_made() -> None:
    rows = re.findall(r"^\| `([A-Za-z.]+)` \| `([a-z_/]+\.py)` \|", PAGE, re.MULTILINE)
    assert len(rows) >= 10
    for value, module in rows:
        text = (SOURCE / module).read_text(encoding="utf-8")
        assert re.search(rf"\b{re.escape(value)}\b", text), (value, module)


def test_every_package_has_a_row() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \| \S", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(PACKAGES)


def test_the_directions_are_those_that_are_enforced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = project["tool"]["importlinter"]["contracts"][0]
    blocks = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = next(block for block in blocks if block.startswith("cli\n")).split("\n")
    assert [line for line in shown if line] == contract["layers"]
