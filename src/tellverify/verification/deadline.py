"""Limits of time. They make answers depend on the machine, so there are none unless asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeUp(BaseException):
    """The time is over. No `except Exception` on the way takes it for a fault of its own."""


def is_supported() -> bool:
    """Whether this platform can interrupt a computation; not all have the signal for it."""
    import signal

    return hasattr(signal, "setitimer")


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Raise TimeUp in what runs inside when it has not ended after `seconds`; None is no limit.

    Works in the main thread only. A call into a library of another language is interrupted when it
    comes back, so libraries keep limits of their own.
    """
    if seconds is None:
        yield
        return
    import signal

    if seconds <= 0:
        raise TimeUp

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Allowance:
    """Seconds for each of several computations, and for all of them together; None is no limit."""

    def __init__(self, each: float | None, total: float | None) -> None:
        import time

        self._each = each
        self._end = None if total is None else time.monotonic() + total

    def seconds(self) -> float | None:
        """What the next computation may take."""
        if self._end is None:
            return self._each
        import time

        left = max(self._end - time.monotonic(), 0.0)
        return left if self._each is None else min(left, self._each)

    def reason(self, given: float | None) -> str:
        """Why a computation that was given so many seconds has no answer; without the clock."""
        if self._each is not None and given == self._each:
            return f"no answer within {self._each:g} s"
        return "no time was left"
