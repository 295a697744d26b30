"""What a small check loads, and what it must not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tellverify

HEAVY = (
    "lark",
    "z3",
    "networkx",
    "rich",
    "numpy",
    "dataclasses",
    "hypothesis",
    "jinja2",
    "pygments",
)
SMALL = "protocol Small =\n  roles A, B\n  A -> B : Ping\n"

GUARDED = (
    "protocol Small =\n  roles A, B\n  choice A at\n"
    "    | Ping when (ready) =>\n        A -> B : Ping\n    | Stop =>\n        A -> B : Stop\n"
)


def _loaded(code: str, cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sorted(sys.modules)))"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split("\n"))


def test_importing_the_package_loads_almost_nothing(tmp_path: Path) -> None:
    loaded = _loaded("import tellverify", tmp_path)
    assert "click" not in loaded
    assert not {name for name in loaded if name.startswith("tellverify.")} - {"tellverify.version"}


def test_a_check_of_a_small_file_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "small.tell").write_text(SMALL, encoding="utf-8")
    code = "from tellverify.cli.group import run\nassert run(['check', '-q', 'small.tell']) == 0"
    loaded = _loaded(code, tmp_path)
    assert not loaded & set(HEAVY)
    assert not {name for name in loaded if name.startswith("tellverify.search")}


def test_a_check_that_nobody_configured_loads_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "small.tell").write_text(SMALL, encoding="utf-8")
    code = "from tellverify.cli.group import run\nassert run(['check', '-q', 'small.tell']) == 0"
    wanted = {"tomllib", "tellverify.verification.configuration_layers"}
    unwanted = {
        *wanted,
        "sqlite3",
        "multiprocessing",
        "subprocess",
        "tellverify.verification.suppressions",
    }
    assert not _loaded(code, tmp_path) & unwanted
    (tmp_path / "tellverify.toml").write_text("cache = false\n", encoding="utf-8")
    loaded = _loaded(code, tmp_path)
    assert loaded & unwanted == wanted


def test_a_warm_cache_loads_no_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "small.tell").write_text(SMALL, encoding="utf-8")
    command = "['check', '-q', '--cache-dir', 'home/tellverify', 'small.tell']"
    code = f"from tellverify.cli.group import run\nassert run({command}) == 0"
    assert "tellverify.language.syntax.parser" in _loaded(code, tmp_path)
    loaded = _loaded(code, tmp_path)
    assert "sqlite3" in loaded
    heavy = ("language.syntax", "language.lowering", "projection", "verification.pipeline")
    assert not {name for name in loaded if name.startswith(tuple(f"tellverify.{h}" for h in heavy))}


def test_only_a_check_of_predicates_loads_the_solver(tmp_path: Path) -> None:
    (tmp_path / "guarded.tell").write_text(GUARDED, encoding="utf-8")
    plain = GUARDED.replace(" when (ready)", "").replace("Small", "when")
    (tmp_path / "plain.tell").write_text(plain, encoding="utf-8")
    for name, wanted in (("guarded", True), ("plain", False)):
        code = (
            f"from tellverify.cli.group import run\nassert run(['check', '-q', '{name}.tell']) == 0"
        )
        loaded = _loaded(code, tmp_path)
        assert ("z3" in loaded) is wanted
        assert ("tellverify.solver.term" in loaded) is wanted
    loaded = _loaded("from tellverify.cli.group import run\nrun(['fmt', 'guarded.tell'])", tmp_path)
    assert "z3" not in loaded


def test_the_version_is_told_without_the_command_line_library(tmp_path: Path) -> None:
    code = (
        "from tellverify.cli.main import main\ntry:\n main(['--version'])\n"
        "except SystemExit as stop:\n assert stop.code == 0"
    )
    loaded = _loaded(code, tmp_path)
    assert "click" not in loaded
    assert "msgspec" not in loaded


def test_only_properties_load_the_logic_of_properties(tmp_path: Path) -> None:
    (tmp_path / "plain.tell").write_text(SMALL, encoding="utf-8")
    stated = f"-- tell: property once: at most once Ping\n{SMALL}"
    (tmp_path / "stated.tell").write_text(stated, encoding="utf-8")
    for name, wanted in (("plain", False), ("stated", True)):
        code = (
            f"from tellverify.cli.group import run\nassert run(['check', '-q', '{name}.tell']) == 0"
        )
        loaded = _loaded(code, tmp_path)
        assert any(one.startswith("tellverify.properties") for one in loaded) is wanted
        assert not loaded & set(HEAVY)


def test_next_to_nothing_is_loaded_before_an_interrupt_is_taken_care_of(tmp_path: Path) -> None:
    """What the entry point imports is the time in which an interrupt still prints a traceback."""
    source = Path(tellverify.__file__).parents[1]
    program = (
        f"import sys; sys.path.insert(0, {str(source)!r}); before = set(sys.modules)\n"
        "import tellverify.cli.main\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ours = {f"tellverify{rest}" for rest in ("", ".cli", ".cli.main", ".version")}
    assert set(done.stdout.split()) - {"__future__", "gc"} == ours
