"""Cache, processes, limits of time, interrupts, changed files: none changes what is found out."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from command_line import Command

from tellverify.language.files import inputs
from tellverify.language.workspace import Workspace
from tellverify.obligations.options import Options
from tellverify.verdict.outcome import Unknown
from tellverify.verification import cache, pipeline, workers
from tellverify.verification.cache import Cache, Keys
from tellverify.verification.checked import Checked, FileResult
from tellverify.verification.pipeline import check_file, check_files
from tellverify.verification.schedule import Schedule, conducted
from tellverify.verification.stored_results import decoded, encoded

ROOT = Path(__file__).parents[2]
GOOD = "protocol Good =\n  roles A, B\n  A -> B : Ping\n"
STUCK = """\
protocol Stuck =
  roles A, B, C
  choice A at
    | again =>
        A -> C : again
        C -> B : Work
    | stop =>
        A -> C : stop
"""
TIMED = """\
protocol Timed =
  roles A, B
  timeout 5s A at
    B -> A : Ok
  on timeout =>
    A -> B : Late
"""
USER = """\
module use exposing (U)
import lib exposing (L)
protocol U =
  roles A, B
  call L
"""


def files_of(*names: str) -> list[inputs.ReadFile]:
    here = os.getcwd()
    os.chdir(ROOT)
    try:
        found = inputs.find(names)
        return [inputs.read(path) for path in found]
    finally:
        os.chdir(here)


FILES = files_of("specs", "counterexamples")


def without_graphs(checked: Checked) -> object:
    return checked.run, sorted(checked.sources)


# The cache


def test_a_warm_run_is_the_cold_one(tmp_path: Path) -> None:
    place = str(tmp_path / "c" / "v.sqlite")
    plain = check_files(FILES, Options())
    cold = conducted(FILES, Options(), Schedule(cache=place))
    warm = conducted(FILES, Options(), Schedule(cache=place))
    assert cold.cached == 0
    assert warm.cached > 20
    assert cold.notes == warm.notes == ()
    assert without_graphs(plain) == without_graphs(cold.checked) == without_graphs(warm.checked)


def test_only_what_is_decided_is_stored(tmp_path: Path) -> None:
    for text, kept in ((GOOD, True), (STUCK, False), (TIMED, False), ("junk", False)):
        file = inputs.decode("p.tell", text.encode())
        result = check_file(Workspace([file]), 0, Options())
        text_or_none = encoded(result)
        # `Stuck` is refuted by a run, but its branches do not merge, which no run shows.
        assert (text_or_none is not None) is kept, text
        if text_or_none is not None:
            assert decoded(text_or_none) is not None
    comment = GOOD.replace("protocol", "-- tell: assume(bounded-queues): x\nprotocol", 1)
    assert encoded(check_file(Workspace([inputs.decode("p.tell", comment.encode())]), 0, Options()))


def stored_refutation() -> tuple[list[inputs.ReadFile], Options]:
    options = Options(properties=("no-stuck-role",))
    return [inputs.decode("stuck.tell", STUCK.encode())], options


def test_a_stored_refutation_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tellverify.verification import cached_runs as confirm

    files, options = stored_refutation()
    place = str(tmp_path / "v.sqlite")
    cold = conducted(files, options, Schedule(cache=place))
    replays: list[object] = []
    real = confirm.replayed

    def counted(*arguments: object) -> object:
        replays.append(arguments)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(confirm, "replayed", counted)
    warm = conducted(files, options, Schedule(cache=place))
    assert warm.cached == 1
    assert len(replays) == 1
    assert warm.checked.run == cold.checked.run


def test_a_stored_refutation_that_shows_nothing_is_thrown_away(tmp_path: Path) -> None:
    files, options = stored_refutation()
    place = tmp_path / "v.sqlite"
    cold = conducted(files, options, Schedule(cache=str(place)))
    with sqlite3.connect(place) as connection:
        ((key, text),) = connection.execute("SELECT key, text FROM result").fetchall()
        assert b'"label":"stop"' in text
        forged = text.replace(b'"label":"stop"', b'"label":"again"')
        connection.execute("UPDATE result SET text = ? WHERE key = ?", (forged, key))
    warm = conducted(files, options, Schedule(cache=str(place)))
    assert warm.cached == 0
    assert warm.checked.run == cold.checked.run


@pytest.mark.parametrize(
    "content",
    [b"junk", b"SQLite format 3\x00" + b"\xff" * 2_000, b"\x00" * 100_000],
)
def test_a_corrupt_cache_is_ignored_with_a_note(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "v.sqlite"
    place.write_bytes(content)
    done = conducted(FILES[:2], Options(), Schedule(cache=str(place)))
    assert done.checked.run.exit_code == 0
    assert done.cached == 0
    (note,) = done.notes
    assert str(place) in note
    assert place.read_bytes() == content


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "v.sqlite"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE result (key TEXT, text BLOB)")
    before = place.read_bytes()
    done = conducted(FILES[:2], Options(), Schedule(cache=str(place)))
    assert "something else" in done.notes[0]
    assert place.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = conducted(FILES[:2], Options(), Schedule(cache=str(tmp_path / "file" / "v.sqlite")))
    assert done.checked.run.exit_code == 0
    assert len(done.notes) == 1
    (tmp_path / "folder.sqlite").mkdir()
    done = conducted(FILES[:2], Options(), Schedule(cache=str(tmp_path / "folder.sqlite")))
    assert len(done.notes) == 1


def test_rows_of_junk_are_no_results(tmp_path: Path) -> None:
    place = tmp_path / "v.sqlite"
    conducted(FILES[:3], Options(), Schedule(cache=str(place)))
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE result SET text = ?", (b'{"reports": 3}',))
    done = conducted(FILES[:3], Options(), Schedule(cache=str(place)))
    assert done.cached == 0
    assert "3 entries" in done.notes[0]


def test_every_ingredient_changes_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = inputs.decode("p.tell", GOOD.encode())
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "a.toml").write_text("x = 1\n")
    base = Options(policy=str(policy))

    def key(options: Options = base, file: inputs.ReadFile = one, imports: bool = False) -> str:
        return Keys([file], options).key(file, imports=imports)

    plain = key()
    replace = msgspec.structs.replace
    others = [
        key(replace(base, step_limit=7)),
        key(replace(base, instances=(("D", (1,)),))),
        key(replace(base, properties=("fidelity",))),
        key(replace(base, dialect="faithful")),
        key(file=inputs.decode("q.tell", GOOD.encode())),
        key(file=inputs.decode("p.tell", STUCK.encode())),
        key(imports=True),
    ]
    (policy / "a.toml").write_text("x = 2\n")
    others.append(key())
    monkeypatch.setattr(cache, "VERSION", "another")
    others.append(key())
    monkeypatch.setattr(cache, "_solvers", lambda: iter(["z3_solver-0.dist-info"]))
    others.append(key())
    assert len({plain, *others}) == len(others) + 1
    assert key() == key(replace(base, fail_on="warning", today="2027-01-01"))


def test_an_import_changes_the_key_of_who_imports(tmp_path: Path) -> None:
    def texts(message: str) -> list[inputs.ReadFile]:
        library = f"module lib exposing (L)\nprotocol L =\n  roles A, B\n  A -> B : {message}\n"
        return [
            inputs.decode("lib.tell", library.encode()),
            inputs.decode("use.tell", USER.encode()),
            inputs.decode("good.tell", GOOD.encode()),
        ]

    how = Schedule(cache=str(tmp_path / "v.sqlite"))
    conducted(texts("M"), Options(), how)
    assert conducted(texts("M"), Options(), how).cached == 3
    again = conducted(texts("N"), Options(), how)
    assert again.cached == 1
    assert again.checked.run == check_files(texts("N"), Options()).run


def test_many_processes_share_one_cache(tmp_path: Path) -> None:
    for index in range(20):
        (tmp_path / f"p{index}.tell").write_text(GOOD.replace("Good", f"Good{index}"))
    command = [
        sys.executable,
        "-m",
        "tellverify",
        "check",
        "--cache-dir",
        "c",
        "--format",
        "concise",
    ]
    running = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in running]
    assert {process.returncode for process in running} == {0}
    assert {err for _, err in answers} == {b""}
    assert len({out.partition(b" skipped")[0] for out, _ in answers}) == 1
    store = Cache(str(tmp_path / "c" / "verdicts.sqlite"))
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("SELECT count(*) FROM result").fetchone() == (20,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_there_is_a_cache_only_where_something_is_set_up(
    tellverify: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    tree = tmp_path / "tree"
    tree.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    monkeypatch.chdir(tree)
    tmp_path = tree
    (tmp_path / "good.tell").write_text(GOOD)
    tellverify("check")
    assert not home.exists()
    (tmp_path / "tellverify.toml").write_text("")
    tellverify("check", "--no-cache")
    assert not home.exists()
    tellverify("check")
    assert (home / "tellverify" / "verdicts.sqlite").exists()
    (tmp_path / "tellverify.toml").write_text("cache = false\n")
    tellverify("check", "--cache-dir", "other")
    assert not (tmp_path / "other").exists()


# Processes


@pytest.mark.parametrize("jobs", [2, 5])
def test_the_number_of_processes_changes_nothing(jobs: int) -> None:
    alone = check_files(FILES, Options())
    done = conducted(FILES, Options(), Schedule(jobs=jobs))
    assert done.checked.run == alone.run
    assert list(done.checked.graphs) == list(alone.graphs)


def test_imports_are_resolved_in_every_process() -> None:
    library = "module lib exposing (L)\nprotocol L =\n  roles A, B\n  A -> B : M\n"
    files = [inputs.decode(f"u{i}.tell", USER.replace("use", f"u{i}").encode()) for i in range(4)]
    files.append(inputs.decode("lib.tell", library.encode()))
    done = conducted(files, Options(), Schedule(jobs=3))
    assert done.checked.run == check_files(files, Options()).run
    assert done.checked.run.exit_code == 0


def test_a_dead_process_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pipeline.check_file

    def deadly(workspace: Workspace, index: int, options: Options) -> FileResult:
        if index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(workspace, index, options)

    monkeypatch.setattr(pipeline, "check_file", deadly)
    done = conducted(FILES[:6], Options(), Schedule(jobs=2)).checked.run
    assert done.exit_code == 70
    (found,) = (found for found in done.diagnostics if found.code.number == "TV041")
    assert found.path == FILES[2].path
    assert "signal 9" in found.message
    assert len(done.protocols) == 5


def test_a_defect_in_a_process_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(workspace: Workspace, index: int, options: Options) -> FileResult:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(pipeline, "check_file", broken)
    with pytest.raises(workers.WorkerDefect, match="no such luck"):
        conducted(FILES[:3], Options(), Schedule(jobs=2))


# Time


def test_what_takes_too_long_is_unknown(tellverify: Command, tmp_path: Path) -> None:
    (tmp_path / "good.tell").write_text(GOOD)
    code, out, _ = tellverify("check", "--timeout", "0.000001")
    assert code == 3
    assert "unknown" in out and "TV042" in out
    assert tellverify("check", "--total-timeout", "0.000001")[0] == 3
    assert tellverify("check", "--timeout", "100", "--total-timeout", "100")[0] == 0
    assert tellverify("check", "--timeout", "0")[0] == 2


def test_a_long_search_is_given_up() -> None:
    begin = time.monotonic()
    big = msgspec.structs.replace(Options(), seconds=0.05, instances=(("Devices", (40, 41, 42)),))
    run_ = check_files(files_of("specs/ota_activation.tell"), big).run
    verdicts = [v for p in run_.protocols for v in p.verdicts]
    assert time.monotonic() - begin < 60
    if run_.exit_code == 3:
        assert all(isinstance(v.outcome, Unknown) for v in verdicts)


def test_an_interrupt_reports_what_was_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pipeline.check_file

    def interrupted(workspace: Workspace, index: int, options: Options) -> FileResult:
        if index == 3:
            raise KeyboardInterrupt
        return real(workspace, index, options)

    monkeypatch.setattr(pipeline, "check_file", interrupted)
    done = conducted(FILES, Options(), Schedule()).checked.run
    assert done.exit_code == 130
    assert done.exit_reason == f"interrupted: 3 of {len(FILES)} files were checked"
    assert len(done.inputs) == 3


# Changed files


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    texts = {
        "lib": "module lib exposing (L)\nprotocol L =\n  roles A, B\n  A -> B : M\n",
        "use": "module use exposing (U)\nimport lib exposing (L)\nprotocol U =\n  roles A, B\n"
        "  call L\n",
        "far": "module far exposing (F)\nimport use exposing (U)\nprotocol F =\n  roles A, B\n"
        "  call U\n",
        "good": GOOD,
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.tell").write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def checked_paths(tellverify: Command, *arguments: str) -> Sequence[str]:
    import json

    _, out, _ = tellverify("check", "--format", "json", *arguments)
    return [one["path"] for one in json.loads(out)["inputs"]]


def test_only_what_changed_and_what_imports_it(tellverify: Command, repository: Path) -> None:
    since = ("--changed-since", "HEAD")
    assert tellverify("check", *since)[0] == 0
    (repository / "good.tell").write_text(GOOD + "  B -> A : Pong\n")
    assert checked_paths(tellverify, *since) == ["good.tell"]
    (repository / "new.tell").write_text(GOOD.replace("Good", "New"))
    assert checked_paths(tellverify, *since) == ["good.tell", "new.tell"]
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "y")
    (repository / "lib.tell").write_text((repository / "lib.tell").read_text() + "  B -> A : N\n")
    assert checked_paths(tellverify, *since) == ["far.tell", "lib.tell", "use.tell"]
    both = checked_paths(tellverify, "--changed-since", "HEAD~1", "--jobs", "2")
    assert both == ["far.tell", "good.tell", "lib.tell", "new.tell", "use.tell"]


def test_who_imports_a_file_that_is_gone_has_changed(tellverify: Command, repository: Path) -> None:
    (repository / "lib.tell").unlink()
    assert checked_paths(tellverify, "--changed-since", "HEAD") == ["far.tell", "use.tell"]


def test_a_wrong_revision_or_no_repository_is_wrong_usage(
    tellverify: Command, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ("no-such-branch", "--output=x", "", "HEAD:good.tell"):
        code, out, err = tellverify("check", "--changed-since", wrong)
        assert (code, out) == (2, ""), wrong
        assert "revision" in err or "commit" in err
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, err = tellverify("check", "--changed-since", "HEAD")
    assert code == 2 and "git cannot be run" in err


# Watching


@pytest.mark.usefixtures("default_signals")
def test_watching_shows_what_became_different(tmp_path: Path) -> None:
    (tmp_path / "good.tell").write_text(GOOD)
    (tmp_path / "other.tell").write_text(GOOD.replace("Good", "Other"))
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tellverify", "check", "--watch", "--no-cache"],
            cwd=tmp_path,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            await_text(log, "exit 0", 1)
            (tmp_path / "good.tell").write_text(STUCK)
            await_text(log, "exit 1", 1)
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
    assert code == 130
    later = log.read_text().split("exit 0", 1)[1]
    assert "error[TV512]" in later
    assert "Other" not in later
    assert "Traceback" not in later


def await_text(log: Path, text: str, count: int) -> None:
    for _ in range(600):
        if log.read_text().count(text) >= count:
            return
        time.sleep(0.1)
    raise AssertionError(f"`{text}` never came:\n{log.read_text()}")


def test_times_appear_only_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "p.tell").write_text("protocol P =\n  roles A, B\n\n  A -> B : X\n", "utf-8")
    command = [sys.executable, "-m", "tellverify", "check", "p.tell", "--format", "json"]
    plain, timed = (
        subprocess.run([*command, *more], cwd=tmp_path, capture_output=True, check=False).stdout
        for more in ([], ["--timing"])
    )
    assert json.loads(plain)["timing"] == []
    assert [name for name, _ in json.loads(timed)["timing"]] == ["total", "p.tell"]
