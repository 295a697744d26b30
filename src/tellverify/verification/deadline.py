"""Limits of time. They make answers depend on the machine, so there are none unless asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_AGAIN: Final = 0.02  # seconds after which a limit that was lost is raised again


class TimeUp(BaseException):
    """The time is over. No `except Exception` on the way catches it by mistake."""


def is_supported() -> bool:
    """Whether this platform can interrupt a computation; not all have the signal for it."""
    import signal

    return hasattr(signal, "setitimer")


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Raise TimeUp in what runs inside when it has not ended after `seconds`; None is no limit.

    Works in the main thread only. A call into a library of another language is interrupted when it
    comes back, so libraries keep limits of their own. Where the limit falls into the end of an
    object, where nothing can be raised, it is raised again behind it.
    """
    if seconds is None:
        yield
        return
    import signal
    import sys

    if seconds <= 0:
        raise TimeUp

    fired = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal fired
        fired = True
        raise TimeUp

    hook = sys.unraisablehook

    def lost(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is TimeUp:
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        elif not _is_half_built(unraisable.object):
            hook(unraisable)

    before = signal.signal(signal.SIGALRM, stop)
    sys.unraisablehook = lost
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
        if fired:  # some handler caught it by mistake and went on
            raise TimeUp
    except Exception as error:
        if fired:  # what calls into a library gives its own name to what is raised there
            raise TimeUp from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if not fired:  # else objects that were being built end later
            sys.unraisablehook = hook


def _is_half_built(what: object) -> bool:
    """Whether the end of an object of the solver fails, as it was interrupted at its beginning."""
    return str(getattr(what, "__module__", "")).partition(".")[0] == "z3"


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
        """Why a computation with that limit of seconds has no answer; without the clock."""
        if self._each is not None and given == self._each:
            return f"no answer within {self._each:g} s"
        return "no time was left"
