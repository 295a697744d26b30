"""With several processes the line of progress says what one of them does, not only its file."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from tellverify.language.files.inputs import read
from tellverify.language.workspace import Workspace
from tellverify.obligations.options import Options
from tellverify.source.activity import ACTIVITY, Activity, ActivityMoment
from tellverify.verdict.run import Input
from tellverify.verification import pipeline, workers
from tellverify.verification.checked import FileResult
from tellverify.verification.workers import in_processes

TEXT = "protocol P =\n  roles A, B\n  A -> B : X\n"

pytestmark = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="needs processes that are forked"
)


def test_a_process_says_what_it_does_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fast file is done at once; the slow one answers when the test has seen it at work."""
    monkeypatch.chdir(tmp_path)
    for name in ("fast.tell", "slow.tell"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    files = [read("fast.tell"), read("slow.tell")]
    seen = tmp_path / "seen"

    def check_file(workspace: Workspace, index: int, options: Options) -> FileResult:
        file = files[index]
        if index == 1:
            ACTIVITY.begin(file.path, "P")
            ACTIVITY.ask("no-deadlock")
            ACTIVITY.search(1_000, 7, 200_000)
            end = time.monotonic() + 60
            while not seen.exists() and time.monotonic() < end:
                time.sleep(0.02)
        return FileResult(Input(file.path, file.sha256), file.source(), [], [], [], [], {}, {})

    monkeypatch.setattr(pipeline, "check_file", check_file)
    followed: list[ActivityMoment] = []
    follow = Activity.follow

    def noted(self: Activity, moment: ActivityMoment) -> None:
        follow(self, moment)
        followed.append(moment)
        if moment.configurations:
            seen.touch()

    monkeypatch.setattr(Activity, "follow", noted)
    tasks = [(0, Options()), (1, Options())]
    results = {index: result.file.path for index, result in in_processes(files, tasks, 2)}
    assert results == {0: "fast.tell", 1: "slow.tell"}
    wanted = ActivityMoment("slow.tell", "P", "no-deadlock", 1_000, 7, 200_000)
    assert wanted in followed
    assert seen.exists()


def test_the_sample_that_loads_the_program_is_no_activity() -> None:
    ACTIVITY.begin("before.tell", "P")
    workers._prepare()
    assert ACTIVITY.path == ""
