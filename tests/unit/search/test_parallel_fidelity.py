"""Histories of protocols with parallel branches, followed by trackers."""

from __future__ import annotations

import pytest

from tellverify.language.lowering.lower import lower
from tellverify.language.syntax.parser import parse
from tellverify.model.machine import Action
from tellverify.search.parallel_fidelity import DEAD, ParallelMonitor
from tellverify.source.text import SourceFile

PIPELINED = """\
  par
    |
      A -> B : Ask1
      B -> A : Answer1
    |
      A -> B : Ask2
      B -> A : Answer2
  A -> B : Bye
"""
ALIKE = """\
  par
    |
      A -> B : X
      A -> C : P
    |
      A -> B : X
      A -> C : Q
"""
CHOSEN = """\
  par
    |
      A -> C : X
    |
      choice A at
        | Yes =>
            A -> C : Yes
            B -> D : Z
        | No =>
            A -> C : No
"""
NESTED = """\
  par
    |
      A -> B : X
      par
        |
          B -> A : Y
        |
          B -> A : Z
    |
      B -> A : W
  B -> C : V
"""


def monitor(body: str) -> ParallelMonitor:
    source = SourceFile("p.tell", f"protocol P =\n  roles A, B, C, D\n{body}")
    file = parse(source).file
    found = lower(file, source, file.protocols[0], {})
    assert found.order is not None
    return ParallelMonitor(found.order)


def followed(body: str, history: str) -> tuple[bool, bool]:
    """Whether a history such as `A!B:x B?A:x` is faithful, and whether it is complete."""
    watch = monitor(body)
    state = watch.initial
    for event in history.split():
        send = "!" in event
        role, rest = event.split("!" if send else "?")
        peer, label = rest.split(":")
        action = watch.action(role, Action(send, peer, label))
        state = watch.after(state, "ABCD".index(role), action)
    return state != DEAD, watch.is_complete(state)


ASKED = "A!B:Ask1 A!B:Ask2 B?A:Ask1 B?A:Ask2"


@pytest.mark.parametrize(
    ("body", "history", "faithful", "complete"),
    [
        (PIPELINED, "", True, False),
        (PIPELINED, f"{ASKED} B!A:Answer2 B!A:Answer1", True, False),
        (PIPELINED, f"{ASKED} B!A:Answer1 A!B:Bye", False, False),
        (PIPELINED, "A!B:Ask1 B!A:Answer2", False, False),
        (PIPELINED, "A!B:Ask1 B!A:Answer1", False, False),
        (
            PIPELINED,
            f"{ASKED} B!A:Answer2 B!A:Answer1 A?B:Answer2 A?B:Answer1 A!B:Bye B?A:Bye",
            True,
            True,
        ),
        (ALIKE, "A!B:X A!C:Q A!B:X A!C:P", True, False),
        (ALIKE, "A!B:X A!C:Q A!C:P", False, False),
        (ALIKE, "A!B:X A!B:X B?A:X B?A:X A!C:P A!C:Q C?A:P C?A:Q", True, True),
        (CHOSEN, "B!D:Z A!C:Yes", True, False),
        (CHOSEN, "B!D:Z A!C:No", False, False),
        (CHOSEN, "A!C:No B!D:Z", False, False),
        (CHOSEN, "A!C:No C?A:No A!C:X C?A:X", True, True),
        (NESTED, "B!A:W A?B:W A!B:X B?A:X B!A:Z B!A:Y B!C:V A?B:Z A?B:Y C?B:V", True, True),
        (NESTED, "B!A:W A!B:X B?A:X B!A:Z B!C:V", False, False),
        (NESTED, "A!B:X A?B:W", False, False),
    ],
)
def test_a_history_is_a_start_of_a_linearisation(
    body: str, history: str, faithful: bool, complete: bool
) -> None:
    assert followed(body, history) == (faithful, complete)


def test_what_is_no_event_of_the_protocol_is_unfaithful() -> None:
    assert followed(CHOSEN, "A!C:Maybe") == (False, False)
