"""What each role has to do, in sentences, and the messages of a protocol as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tellverify.diagnostics.wording import listed
from tellverify.report.families import collapsed
from tellverify.report.html.components import code, named, table
from tellverify.report.tags import EMPTY, Html, element, escaped, joined
from tellverify.verdict.drawing import Drawing, Drawings, Move

_MOST_SENTENCES: Final = 60
_MOST_MESSAGES: Final = 120


def stories(drawings: Drawings) -> Html:
    """The story of every role; members of a family that do the same share one."""
    parts = [_Story(machine).html() for machine in drawings.machines]
    return element("div", *parts, class_="stories") if parts else EMPTY


class _Story:
    """One machine as a nested list: a sentence a state, a list below each choice.

    A state that has been told already is named by the number of its sentence.
    """

    def __init__(self, machine: Drawing) -> None:
        self._machine = machine
        self._moves: dict[int, list[Move]] = {}
        for move in machine.moves:
            self._moves.setdefault(move.source, []).append(move)
        self._number: dict[int, int] = {}

    def html(self) -> Html:
        """The story under the name of its role."""
        machine = self._machine
        head = element("h5", named(machine.roles))
        if machine.states > _MOST_SENTENCES or not machine.roles:
            words = f"{machine.states} states, too many for sentences"
            return element("div", head, element("p", escaped(words), class_="quiet"))
        return element("div", head, element("ol", *self._from(0, 0)))

    def _from(self, state: int, depth: int) -> list[Html]:
        """The sentences from a state on, along moves without alternative."""
        found: list[Html] = []
        while True:
            if state in self._number:
                words = f"It continues as at {self._number[state]}."
                found.append(element("li", escaped(words)))
                return found
            moves = self._moves.get(state, [])
            self._number[state] = len(self._number) + 1
            number = element("b", escaped(f"{self._number[state]} "))
            if not moves:
                found.append(element("li", number, escaped("It has finished.")))
                return found
            if len(moves) > 1:
                found.append(element("li", number, *self._choice(state, moves, depth)))
                return found
            stops = escaped("It may stop here, or: ") if state in self._machine.final else EMPTY
            found.append(element("li", number, stops, _sentence(self._machine, moves[0])))
            state = moves[0].target

    def _choice(self, state: int, moves: Sequence[Move], depth: int) -> Iterable[Html]:
        own = [move for move in moves if move.sender in self._machine.roles[:1]]
        if len(own) == len(moves):
            lead = "It decides:"
        elif not own:
            senders = listed(collapsed(move.sender for move in moves), 4)
            lead = f"It waits for what {senders} sends:"
        else:
            lead = "It sends or receives, whichever comes first:"
        stops = " It may also stop here." if state in self._machine.final else ""
        yield escaped(lead + stops)
        items = []
        for move in moves:
            words = _sentence(self._machine, move)
            if depth > 12:
                items.append(element("li", words, escaped(" and so on")))
                continue
            rest = self._from(move.target, depth + 1)
            items.append(element("li", words, element("ol", *rest)))
        yield element("ul", *items)


def _sentence(machine: Drawing, move: Move) -> Html:
    if move.sender == machine.roles[0]:
        return joined(
            (
                escaped("It sends "),
                code(move.label),
                escaped(" to "),
                code(move.receiver),
                escaped("."),
            )
        )
    return joined(
        (
            escaped("It receives "),
            code(move.label),
            escaped(" from "),
            code(move.sender),
            escaped("."),
        )
    )


def messages(drawings: Drawings) -> Html:
    """The messages of a protocol by line, one row for all members of a family."""
    if drawings.graph is None:
        return EMPTY
    found: dict[tuple[int, str], list[Move]] = {}
    for move in drawings.graph.moves:
        found.setdefault((move.line, move.label), []).append(move)
    rows = []
    for (line, label), moves in sorted(found.items(), key=lambda one: one[0]):
        senders = named(dict.fromkeys(move.sender for move in moves))
        receivers = named(dict.fromkeys(move.receiver for move in moves))
        rows.append([escaped(str(line or "—")), senders, receivers, code(label)])
    if not rows or len(rows) > _MOST_MESSAGES:
        return EMPTY
    return table(("Line", "From", "To", "Message"), rows)
