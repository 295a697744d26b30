"""What a log records about the guards, costs and facts of a send, compared with its annotations.

A line may have `guard_capability`, `flow_cost` and `journal_facts`, named as annotations are, or
`guard_commands` with the commands that the guard chain of Aura interprets. What a line does not
have is not compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from tellverify.annotations.metadata import Metadata
from tellverify.evidence.event_log import LogEvent

_T = TypeVar("_T")
_VALIDATED = "guard_validated"
_FACT = "journal_fact"


class RecordedSend(msgspec.Struct, frozen=True):
    """What a line records about a send; None where it records nothing."""

    capabilities: tuple[str, ...] | None = None
    cost: int | None = None
    facts: tuple[str, ...] | None = None
    bits: int | None = None


class _Charge(msgspec.Struct, frozen=True):
    amount: int


class _Stored(msgspec.Struct, frozen=True):
    key: str
    value: str = ""


class _Leaked(msgspec.Struct, frozen=True):
    bits: int


class _Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    charge_budget: int | _Charge | None = None
    store_metadata: _Stored | None = None
    record_leakage: int | _Leaked | None = None


def recorded_of(event: LogEvent) -> RecordedSend:
    """What a line records. Raises ValueError where one of its fields has another form."""
    capabilities = _texts(event.guard_capability, "guard_capability")
    facts = _texts(event.journal_facts, "journal_facts")
    cost = (
        _decoded(event.flow_cost, msgspec.json.Decoder(int).decode, "flow_cost")
        if event.flow_cost
        else None
    )
    if not event.guard_commands:
        return RecordedSend(capabilities, cost, facts)
    commands = _decoded(
        event.guard_commands, msgspec.json.Decoder(list[_Command]).decode, "guard_commands"
    )
    stored = [one.store_metadata for one in commands if one.store_metadata is not None]
    charges = [_charged(one.charge_budget) for one in commands if one.charge_budget is not None]
    leaks = [_leaked(one.record_leakage) for one in commands if one.record_leakage is not None]
    by_command = tuple(one.value for one in stored if one.key == _VALIDATED)
    recorded = tuple(_facts(stored))
    return RecordedSend(
        by_command if capabilities is None else capabilities,
        sum(charges) if cost is None else cost,
        recorded if facts is None else facts,
        sum(leaks),
    )


def differences(recorded: RecordedSend, allowed: Sequence[Metadata]) -> tuple[str, ...]:
    """How a record differs from the annotations of its message, () if it fits one of `allowed`.

    A message that is sent at several places of the protocol may have different annotations at each;
    the differences are those from the place that the record fits best.
    """
    found = [tuple(_differences(recorded, one)) for one in allowed]
    return min(found, key=len, default=())


def _differences(recorded: RecordedSend, wanted: Metadata) -> Iterator[str]:
    if recorded.capabilities is not None:
        yield from _apart("capability", recorded.capabilities, wanted.capabilities)
    if recorded.cost is not None and recorded.cost != wanted.cost:
        yield f"it charges {recorded.cost}, and the protocol {wanted.cost}"
    if recorded.facts is not None:
        yield from _apart("fact", recorded.facts, wanted.facts)
    bits = sum(each for _, each in wanted.bits)
    if recorded.bits is not None and recorded.bits != bits:
        yield f"it leaks {recorded.bits} bits, and the protocol {bits}"


def _apart(what: str, has: Sequence[str], wants: Sequence[str]) -> Iterator[str]:
    for one in dict.fromkeys(wants):
        if one not in has:
            yield f"it lacks the {what} `{one}`"
    for one in dict.fromkeys(has):
        if one not in wants:
            yield f"it has the {what} `{one}`, which the protocol does not have there"


def _facts(stored: Sequence[_Stored]) -> Iterator[str]:
    """`journal_fact:NAME` as a key, or `journal_fact` with the name as its value."""
    for one in stored:
        key, colon, name = one.key.partition(":")
        if key == _FACT:
            yield name if colon else one.value


def _charged(one: int | _Charge) -> int:
    return one if isinstance(one, int) else one.amount


def _leaked(one: int | _Leaked) -> int:
    return one if isinstance(one, int) else one.bits


def _texts(raw: msgspec.Raw, name: str) -> tuple[str, ...] | None:
    if not raw:
        return None
    decode = msgspec.json.Decoder(str | list[str] | None).decode
    found = _decoded(raw, decode, name)
    if found is None:
        return ()
    return (found,) if isinstance(found, str) else tuple(found)


def _decoded(raw: msgspec.Raw, decode: Callable[[msgspec.Raw], _T], name: str) -> _T:
    try:
        return decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"`{name}` has another form: {reason[:160]}") from None
