"""Signals that end a run: finished results are reported, and the exit code names the signal."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Final, NoReturn

INTERRUPTED: Final = 130
TERMINATED: Final = 143
HUNG_UP: Final = 129
CODES: Final = (INTERRUPTED, TERMINATED, HUNG_UP)


class Interrupted(KeyboardInterrupt):
    """The process was asked to end, as an interrupt of the keyboard asks."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def code_of(stop: KeyboardInterrupt) -> int:
    """The exit code of a run that ends like this."""
    return stop.code if isinstance(stop, Interrupted) else INTERRUPTED


def heed_signals() -> None:
    """Let TERM and HUP end the process as INT does; one that is ignored stays ignored."""
    for name, code in (("SIGTERM", TERMINATED), ("SIGHUP", HUNG_UP)):
        number = getattr(signal, name, None)  # Windows has no HUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ending(code))


def _ending(code: int) -> Callable[[int, FrameType | None], NoReturn]:
    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise Interrupted(code)

    return end
