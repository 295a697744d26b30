"""The state behind a served page: texts that are edited, the check at hand, the last answer.

One check runs at a time, in its own process. A change of a file or an edit ends it and begins
the next one, so that the page never shows an answer to texts that have been replaced. The process
of the next check is started ahead, as loading takes longer than most checks.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import msgspec

from tellverify.cli.check_options import Flags
from tellverify.cli.live.served_check import CheckAnswer, CheckRequest, ServedFailure
from tellverify.cli.stamps import PAUSE, stamps
from tellverify.report.escape import tame
from tellverify.source.files import Unreadable, read_bytes
from tellverify.source.writing import replace_text

LARGEST: Final = 4 << 20  # characters of a text that is edited
_LONGEST: Final = 4_000  # characters of what went wrong
_COMMAND: Final = (sys.executable, "-P", "-m", "tellverify.cli.live.served_check")


class NotEditable(Exception):
    """Why a text can be neither shown nor replaced."""


class OutOfDate(Exception):
    """The file has changed since its text was shown."""


class ServedFile(msgspec.Struct, frozen=True):
    """A file of the check. `is_stale` says that it has changed below an edited text."""

    path: str
    is_edited: bool = False
    is_stale: bool = False


class ServedText(msgspec.Struct, frozen=True):
    """The text that is checked, and the SHA-256 of the file as it is."""

    path: str
    text: str
    sha256: str
    is_edited: bool


class LiveState(msgspec.Struct, frozen=True):
    """What the page shows around the report. `number` grows with every change of the rest.

    `report` counts the reports, 0 before the first; `problem` is why there is no newer one.
    """

    number: int
    report: int
    is_busy: bool
    may_write: bool
    exit_code: int | None = None
    headline: str = ""
    reason: str = ""
    problem: str = ""
    failures: tuple[ServedFailure, ...] = ()
    files: tuple[ServedFile, ...] = ()


class _Edit(msgspec.Struct, frozen=True):
    text: str
    sha256: str  # of the file when the edit began


class LiveCheck:
    """Checks again whenever a file or a text changes; threads may call every method."""

    def __init__(
        self,
        flags: Flags,
        arguments: tuple[str, ...],
        *,
        may_write: bool = False,
        tell: Callable[[LiveState], None] | None = None,
    ) -> None:
        self.may_write = may_write
        self._flags = msgspec.structs.replace(
            flags, reports=(("html", "-"),), no_progress=True, quiet=False
        )
        self._arguments = arguments
        self._tell = tell
        self._edits: dict[str, _Edit] = {}
        self._answer: CheckAnswer | None = None
        self._problem = ""
        self._number = self._report = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._next: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._changed = threading.Condition()
        self._wake = threading.Event()

    def watch(self) -> None:
        """Check now and whenever something changes, until `close` or an interrupt."""
        seen = stamps(self._flags.paths)
        self._begin()
        while not self._is_closed:
            is_edited = self._wake.wait(PAUSE)
            self._wake.clear()
            now = stamps(self._flags.paths)
            if is_edited or now != seen:
                seen = now
                self._begin()

    def close(self) -> None:
        """End the check at hand; whoever waits for a change is told."""
        with self._changed:
            self._is_closed = True
            self._end()
            if self._next is not None:
                _killed(self._next)
            self._changed.notify_all()
        self._wake.set()

    @property
    def is_closed(self) -> bool:
        """Whether nothing will change any more."""
        return self._is_closed

    def state(self) -> LiveState:
        """The state at this moment."""
        with self._changed:
            return self._state()

    def wait(self, number: int, seconds: float) -> LiveState:
        """The state as soon as it is another one than `number`, or after `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._number != number, seconds)
            return self._state()

    def report(self) -> str:
        """The last report, empty before the first."""
        with self._changed:
            return self._answer.page if self._answer is not None else ""

    def text(self, path: str) -> ServedText:
        """The text of a file of the check. Raises NotEditable."""
        with self._changed:
            self._refuse_unknown(path)
            known = self._edits.get(path)
        text, digest = _read(path)
        if known is not None:
            return ServedText(path, known.text, digest, is_edited=True)
        return ServedText(path, text, digest, is_edited=False)

    def edit(self, path: str, text: str) -> LiveState:
        """Check with `text` instead of that of the file. Raises NotEditable."""
        if len(text) > LARGEST:
            raise NotEditable(f"the text has more than {LARGEST} characters")
        with self._changed:
            self._refuse_unknown(path)
        on_disk, digest = _read(path)
        given = _with_breaks_of(on_disk, text)
        try:
            given.encode("utf-8")
        except UnicodeEncodeError:
            raise NotEditable("the text has characters that UTF-8 does not have") from None
        with self._changed:
            before = self._edits.pop(path, None)
            if given != on_disk:
                base = before.sha256 if before is not None else digest
                self._edits[path] = _Edit(given, base)
            self._note()
        self._wake.set()
        return self.state()

    def revert(self, path: str) -> LiveState:
        """Check the file again as it is."""
        with self._changed:
            self._edits.pop(path, None)
            self._note()
        self._wake.set()
        return self.state()

    def save(self, path: str, sha256: str) -> LiveState:
        """Write the edited text to its file, which must be the one with the digest `sha256`.

        Raises NotEditable where that is not allowed, OutOfDate where the file is another one.
        """
        if not self.may_write:
            raise NotEditable("files are not written without --write")
        with self._changed:
            self._refuse_unknown(path)
            known = self._edits.get(path)
            if known is None:
                return self._state()
            if os.path.islink(path):
                raise NotEditable("the file is a link")
            if _read(path)[1] != sha256:
                raise OutOfDate
            try:
                replace_text(path, known.text)
            except OSError as error:
                raise NotEditable(error.strerror or str(error)) from None
            del self._edits[path]
            self._note()
        self._wake.set()
        return self.state()

    def _refuse_unknown(self, path: str) -> None:
        if self._answer is None or path not in self._answer.files:
            raise NotEditable("no check has read this file")

    def _note(self) -> None:
        self._number += 1
        self._changed.notify_all()

    def _state(self) -> LiveState:
        answer = self._answer
        state = LiveState(
            self._number,
            self._report,
            self._process is not None,
            self.may_write,
            problem=self._problem,
        )
        if answer is None:
            return state
        return msgspec.structs.replace(
            state,
            exit_code=answer.exit_code,
            headline=answer.headline,
            reason=answer.reason,
            failures=answer.failures,
            files=tuple(map(self._file, answer.files)),
        )

    def _file(self, path: str) -> ServedFile:
        known = self._edits.get(path)
        if known is None:
            return ServedFile(path)
        try:
            is_stale = _read(path)[1] != known.sha256
        except NotEditable:
            is_stale = True
        return ServedFile(path, is_edited=True, is_stale=is_stale)

    def _begin(self) -> None:
        """End the check at hand and begin one of the texts as they are now."""
        with self._changed:
            if self._is_closed:
                return
            self._end()
            edits = {path: one.text for path, one in self._edits.items()}
            request = CheckRequest(self._flags, self._arguments, edits)
            process, self._next = self._next or _started(), None
            self._process = process
            self._note()
        content = msgspec.msgpack.encode(request)
        threading.Thread(target=self._follow, args=(process, content), daemon=True).start()

    def _follow(self, process: subprocess.Popen[bytes], content: bytes) -> None:
        try:
            out, err = process.communicate(content)
        except (OSError, ValueError):  # it was ended
            out, err = b"", b""
        answer = _decoded(out)
        words = err.decode("utf-8", "replace").strip()
        lines = [tame(line) for line in words[:_LONGEST].splitlines()]
        with self._changed:
            if process is not self._process:
                return
            self._process = None
            if answer is not None:
                self._answer = answer
                self._report += 1
            elif not lines:
                lines = [f"the check ended with code {process.returncode}"]
            self._problem = "\n".join(lines)
            self._note()
            state = self._state()
            if not self._is_closed:
                self._next = self._next or _started()
        if self._tell is not None:
            self._tell(state)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _killed(process)


def _started() -> subprocess.Popen[bytes]:
    """A process that waits for a request; what it imports is loaded by then."""
    return subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # its workers end with it
    )


def _killed(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def _decoded(out: bytes) -> CheckAnswer | None:
    try:
        return msgspec.msgpack.decode(out, type=CheckAnswer)
    except msgspec.DecodeError:
        return None


def _read(path: str) -> tuple[str, str]:
    """The text of a file and its SHA-256. Raises NotEditable."""
    try:
        content = read_bytes(path, LARGEST)
        return content.decode("utf-8"), hashlib.sha256(content).hexdigest()
    except Unreadable as error:
        raise NotEditable(str(error)) from None
    except UnicodeDecodeError:
        raise NotEditable("the file is not UTF-8") from None


def _with_breaks_of(before: str, text: str) -> str:
    """`text` with the line breaks of the file: a page of the browser has `\\n` alone."""
    plain = text.replace("\r\n", "\n")
    is_windows = "\r\n" in before and before.count("\r\n") == before.count("\n")
    return plain.replace("\n", "\r\n") if is_windows else plain
