"""A short run of the fuzzer over all commands; `TELLVERIFY_FUZZ=20000` makes it longer.

`TELLVERIFY_FUZZ` is the number of inputs; without it a run takes a tenth of
2,000, another tenth for each of the ten values of `TELLVERIFY_FUZZ_SEED`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import commands as fuzzer
from commands import FileCommand, commands, survey
from mutations import mutated

from tellverify.cli.group import run

COUNT = int(os.environ.get("TELLVERIFY_FUZZ", "200"))
SEED = int(os.environ.get("TELLVERIFY_FUZZ_SEED", "0"))
# Inputs that a command once did not stand.
FOUND = [("show", "tokens", "protocol P =\n  roles A B, B\n  A - B : More\n  ->A -> B : Stop\n")]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_every_command_stands_mutated_files(tmp_path: Path) -> None:
    first = 1_000_000 + SEED * COUNT
    assert survey(range(first, first + COUNT), tmp_path) == []


def test_the_files_that_are_mutated_are_good_ones(tmp_path: Path) -> None:
    """A command that refuses its file from the start is not tested by changes to it."""
    refused = [one.name for one in commands(tmp_path) if code(one, tmp_path / one.name) == 2]
    assert refused == []


def code(one: FileCommand, folder: Path) -> int:
    folder.mkdir()
    for name, text in one.files:
        (folder / name).write_text(text, encoding="utf-8")
    here = os.getcwd()
    os.chdir(folder)
    try:
        return run(list(one.arguments))
    finally:
        os.chdir(here)


def test_equal_numbers_give_equal_mutants() -> None:
    text = b'{"a": [1, 2, {"b": "c"}], "d": null}'
    for number in range(50):
        first = mutated(text, random.Random(number), "x.json")
        assert first == mutated(text, random.Random(number), "x.json")
    assert len({mutated(text, random.Random(n), "x.json") for n in range(50)}) > 30


def test_a_stored_run_of_an_unknown_dialect_is_refused(tmp_path: Path) -> None:
    made = commands(tmp_path)
    (text,) = [text for one in made if one.name == "report-text" for _, text in one.files]
    (tmp_path / "run.json").write_text(text.replace('"dialect": "strict"', '"dialect": "x"'))
    assert run(["report", str(tmp_path / "run.json")]) == 2


@pytest.mark.parametrize(("command", "stage", "text"), FOUND)
def test_what_was_found_is_mended(tmp_path: Path, command: str, stage: str, text: str) -> None:
    path = tmp_path / "p.tell"
    path.write_text(text, encoding="utf-8")
    assert run([command, stage, str(path)]) in (0, 1, 2, 4)


def test_an_alarm_that_another_language_swallows_is_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ctypes` makes an error of its own of whatever is raised while it converts arguments."""

    def swallowed(arguments: list[str]) -> int:
        try:
            signal.raise_signal(signal.SIGPROF)
        except BaseException:
            return 70
        return 0

    monkeypatch.setattr(fuzzer, "run", swallowed)
    assert fuzzer._failure(("check",), tmp_path, 1.0) == fuzzer._SLOW
