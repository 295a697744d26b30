"""A limit of time ends what runs inside it, wherever it falls."""

from __future__ import annotations

import sys
from time import monotonic

import pytest

from tellverify.verification.deadline import TimeUp, is_supported, within

pytestmark = pytest.mark.skipif(not is_supported(), reason="needs a signal for limits of time")


@pytest.fixture(autouse=True)
def hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)


class Slow:
    """An object whose end outlasts the limit."""

    def __del__(self) -> None:
        start = monotonic()
        while monotonic() < start + 0.3:
            pass


def test_a_limit_that_falls_into_the_end_of_an_object_counts_behind_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rounds = 0
    with pytest.raises(TimeUp), within(0.1):
        slow = Slow()
        del slow
        while rounds < 10**9:
            rounds += 1
    assert rounds < 10**9
    assert "Traceback" not in capsys.readouterr().err


def test_other_faults_at_the_end_of_an_object_are_shown_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Faulty:
        def __del__(self) -> None:
            raise ValueError("kept")

    shown: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: shown.append(told.exc_type))
    with within(60):
        faulty = Faulty()
        del faulty
    assert shown == [ValueError]


def test_what_was_interrupted_while_it_was_built_ends_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class HalfBuilt:
        def __del__(self) -> None:
            raise AttributeError("owner")

    HalfBuilt.__del__.__module__ = "z3.z3"
    shown: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: shown.append(told.exc_type))
    kept = HalfBuilt()
    with pytest.raises(TimeUp), within(0.05):
        while True:
            pass
    del kept
    assert shown == []
    with within(60):
        pass


@pytest.mark.parametrize("is_swallowed", [False, True])
def test_a_limit_that_is_renamed_or_swallowed_is_one_all_the_same(is_swallowed: bool) -> None:
    """As `ctypes` does with what is raised while it converts an argument."""

    def convert() -> None:
        try:
            while True:
                pass
        except BaseException as error:
            raise ValueError("argument 1") from error

    with pytest.raises(TimeUp), within(0.05):
        try:
            convert()
        except ValueError:
            if not is_swallowed:
                raise


def test_a_fault_before_the_limit_stays_what_it_is() -> None:
    with pytest.raises(ValueError, match="mine"), within(60):
        raise ValueError("mine")
