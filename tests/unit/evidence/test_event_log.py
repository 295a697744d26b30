"""Reading and writing event logs: every line is an event or refused with its number."""

from __future__ import annotations

import io

import pytest

from tellverify.evidence.event_log import LONGEST_LINE, LogError, read_log, write_log
from tellverify.model.step import Step

GOOD = b'{"role":"A","direction":"send","peer":"B","label":"m"}\n'


def events(content: bytes) -> list[str]:
    return [f"{line} {event}" for line, event in read_log(io.BytesIO(content))]


def test_other_fields_and_blank_lines_are_passed_over() -> None:
    more = b'{"time": 1.5, "payload": {"x": [1]}, ' + GOOD[1:]
    assert events(GOOD + b"\n  \r\n" + more) == ["1 A!B:m", "4 A!B:m"]


def test_the_last_line_needs_no_line_end() -> None:
    assert events(GOOD.rstrip()) == ["1 A!B:m"]
    assert events(b"") == []


def test_values_may_be_spelt_like_keys() -> None:
    odd = b'{"role":"role","direction":"receive","peer":"label","label":"session"}\n'
    assert events(odd) == ["1 role?label:session"]
    escaped = b'{"role":"\\u0041","direction":"send","peer":"B","label":"a\\"b"}'
    assert events(escaped) == ['1 A!B:a"b']


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD[:30], "may be cut off"),
        (b"\x00\xff\xfe\n", "it is not JSON"),
        (b'{"role":"\xff","direction":"send","peer":"B","label":"m"}\n', "it is not"),
        (b"null\n", "it is not an event"),
        (b"[" * 5000 + b"\n", "it is no"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n", "nested too deeply"),
        (GOOD.replace(b'"m"', b"NaN"), "it is not JSON"),
        (GOOD.replace(b'"m"', b"1"), "Expected `str`"),
        (GOOD.replace(b'"m"', b'""'), "length >= 1"),
        (GOOD.replace(b"send", b"sent"), "Invalid enum value 'sent'"),
        (GOOD.replace(b'"label":"m"', b'"labl":"m"'), "missing required field `label`"),
        (GOOD.replace(b'"label":"m"', b'"label":"m","label":"n"'), "`label` is repeated"),
        (GOOD.replace(b'"label":"m"', b'"label":"m","l\\u0061bel":"n"'), "`label` is repeated"),
        (GOOD.replace(b"}", b', "x": ' + b'"' + b"a" * LONGEST_LINE + b'"}'), "longer than"),
        (GOOD.replace(b"}", b"} {}"), "it is not JSON"),
        (GOOD.replace(b'"m"', b'"m", "session": [1]'), "Expected `int | str | null`"),
    ],
)
def test_a_line_that_is_no_event_is_refused_with_its_number(line: bytes, reason: str) -> None:
    with pytest.raises(LogError) as error:
        events(GOOD + line)
    assert error.value.line == 2
    assert reason in str(error.value)


def test_a_long_line_is_not_read_to_its_end() -> None:
    class Endless(io.RawIOBase):
        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None and 0 < size <= LONGEST_LINE + 1
            return b"x" * size

    with pytest.raises(LogError, match="longer than"):
        next(read_log(Endless()))  # type: ignore[arg-type]


def test_what_is_written_can_be_read() -> None:
    steps = [Step(True, "A", "B", 'm"\\ü'), Step(False, "A", "B", 'm"\\ü')]
    text = "".join(write_log(steps, protocol="x.P", session=3))
    found = [event for _, event in read_log(io.BytesIO(text.encode()))]
    assert [(e.role, e.direction, e.peer, e.label, e.session, e.protocol) for e in found] == [
        ("A", "send", "B", 'm"\\ü', 3, "x.P"),
        ("B", "receive", "A", 'm"\\ü', 3, None),
    ]
