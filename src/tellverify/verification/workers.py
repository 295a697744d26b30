"""Files checked by several processes. Answers come back in the order of the files.

Each process does one file at a time, so that when it dies it is known what it was doing: that file
gets a finding, another process takes over, and no file has to wait.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from tellverify.diagnostics import limits as say
from tellverify.language.files.inputs import ReadFile
from tellverify.obligations.options import Options
from tellverify.source.activity import ACTIVITY, ActivityMoment
from tellverify.verdict.run import Input
from tellverify.verification.checked import FileResult

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from tellverify.language.workspace import Workspace


_ENDING: Final = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_SMALL: Final = """\
protocol Small =
  roles A, B[N]
  A { guard_capability : "small:go", flow_cost : 1 } -> B[*] : Go
"""
_LOOK: Final = 0.5  # seconds between two looks whether the parent is there


class WorkerDefect(Exception):
    """A process met a defect of tellverify; the text has its traceback."""


def in_processes(
    files: Sequence[ReadFile], wanted: Iterable[tuple[int, Options]], jobs: int
) -> Iterator[tuple[int, FileResult]]:
    """The results of the `wanted` files, as they are found; `jobs` processes work on them.

    All processes have ended when this ends, however it ends.
    """
    from multiprocessing.connection import wait

    tasks = list(wanted)
    tasks.reverse()
    pool = _Pool(files)
    try:
        for _ in range(min(jobs, len(tasks))):
            pool.start(tasks.pop())
        while pool.busy:
            ready = wait(list(pool.busy))
            for connection in [one for one in pool.busy if one in ready]:
                found = pool.answer(connection)
                if found is None:
                    continue  # it only says what it does
                if tasks:
                    pool.continue_with(connection, tasks.pop())
                else:
                    pool.stop(connection)
                yield found
    finally:
        pool.end()


def _prepare() -> None:
    """Load what every check needs once, not in every process that is forked from this one."""
    from tellverify.verification import pipeline

    pipeline.check_text(_SMALL, Options(), "small.tell")
    ACTIVITY.begin("", "")  # that file is not one of the user's
    gc.freeze()  # collections in the new processes leave what they share untouched


class _Pool:
    """The processes and what each of them does."""

    def __init__(self, files: Sequence[ReadFile]) -> None:
        import multiprocessing

        _prepare()
        has_fork = "fork" in multiprocessing.get_all_start_methods()
        self._context = (
            multiprocessing.get_context("fork")
            if has_fork
            else multiprocessing.get_context("spawn")
        )
        self._files = files
        self._processes: dict[Connection, BaseProcess] = {}
        self.busy: dict[Connection, int] = {}
        self._moments: dict[Connection, ActivityMoment] = {}

    def start(self, task: tuple[int, Options]) -> None:
        """Give a task to a new process."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(theirs, ours, self._files, os.getpid()), daemon=True
        )
        with _held_back():  # until the new process reacts in its own way
            process.start()
        theirs.close()
        self._processes[ours] = process
        self.continue_with(ours, task)

    def continue_with(self, connection: Connection, task: tuple[int, Options]) -> None:
        """Give a process its next task; a new process takes it when that one has died."""
        if connection not in self._processes:
            self.start(task)
            return
        try:
            connection.send(task)
            self.busy[connection] = task[0]
        except OSError:
            self._drop(connection)
            self.start(task)

    def answer(self, connection: Connection) -> tuple[int, FileResult] | None:
        """What a process has found out, or the finding that it has died.

        None while it continues and has only said what it is doing, which is shown of the process
        that has been busy with one file for longest.
        """
        try:
            found = connection.recv()
        except (EOFError, OSError):
            index = self.busy.pop(connection)
            self._moments.pop(connection, None)
            code = self._drop(connection)
            return index, dead(self._files[index], code)
        if isinstance(found, ActivityMoment):
            self._moments[connection] = found
            longest = next(one for one in self.busy if one in self._moments)
            ACTIVITY.follow(self._moments[longest])
            return None
        index = self.busy.pop(connection)
        self._moments.pop(connection, None)
        if not isinstance(found, FileResult):
            raise WorkerDefect(str(found))
        return index, found

    def stop(self, connection: Connection) -> None:
        """Let a process end that has nothing left to do."""
        if connection in self._processes:
            with suppress(OSError):
                connection.send(None)
            self._drop(connection)

    def _drop(self, connection: Connection) -> int:
        connection.close()
        process = self._processes.pop(connection)
        process.join(1)
        if process.is_alive():
            process.terminate()
            process.join()
        return process.exitcode or 0

    def end(self) -> None:
        """End all processes that are left."""
        for process in self._processes.values():
            process.terminate()
        for connection, process in self._processes.items():
            process.join()
            connection.close()
        self._processes.clear()
        gc.unfreeze()  # whoever checks again and again in this process


@contextmanager
def _held_back() -> Iterator[None]:
    """Let signals that end the process wait."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(parent: int, tell: Callable[[], None] | None = None) -> None:
    """End this process when its parent has ended without a word, however busy this one is.

    Until then `tell` is called twice a second.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK)
        if tell is not None:
            tell()
    os._exit(1)


class _Line:
    """The connection to the parent, to which two threads write: answers, and the current task."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._writing = threading.Lock()
        self._said: ActivityMoment | None = None
        self.is_busy = False

    def answer(self, answer: object) -> None:
        """Send the answer to the task at hand."""
        with self._writing:
            self.is_busy = False
            self._connection.send(answer)

    def tell(self) -> None:
        """Name the current task, if it has changed."""
        with self._writing:
            now = ACTIVITY.moment()
            if self.is_busy and now != self._said and now.path:
                self._said = now
                with suppress(OSError):
                    self._connection.send(now)


def _work(
    connection: Connection, others: Connection, files: Sequence[ReadFile], parent: int
) -> None:
    """Check what comes until nothing comes; whoever reads the answers handles an interrupt."""
    import traceback

    from tellverify.verification import pipeline

    for number in _ENDING:
        ignores = number == signal.SIGINT
        signal.signal(number, signal.SIG_IGN if ignores else signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    others.close()
    line = _Line(connection)
    threading.Thread(target=end_with, args=(parent, line.tell), daemon=True).start()
    workspace: Workspace | None = None
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        if task is None:
            return
        index, options = task
        ACTIVITY.begin(files[index].path, "")
        line.is_busy = True
        try:
            workspace = workspace or pipeline.workspace_of(files, options)
            answer: object = pipeline.check_file(workspace, index, options)
        except Exception:  # the main process raises it as a defect
            answer = traceback.format_exc()
        line.answer(answer)


def dead(file: ReadFile, code: int = 1) -> FileResult:
    """The result of a file whose process has ended without an answer."""
    found = say.dead_worker(file.path, code)
    read = Input(file.path, file.sha256)
    return FileResult(read, file.source(), [], [found], [], [], {}, {}, died=True)
