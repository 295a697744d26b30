"""One attempt to send, as the guard chain of a policy executes it step by step.

This is the reference: it runs on plain values and is independent of the solver, whose
counterexamples it has to accept.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tellverify.policy import rows


class GuardKind(StrEnum):
    """What happens in an attempt."""

    CHECKED = "checked"
    CHARGED = "charged"
    COUPLED = "coupled"
    LEAKED = "leaked"
    SENT = "sent"
    FAILED = "failed"
    RECORDED = "recorded"
    REFUSED = "refused"
    CRASHED = "crashed"


class GuardEvent(msgspec.Struct, frozen=True):
    """An event at a stage, with its amount if it has one."""

    kind: GuardKind
    stage: str
    amount: int = 0


class GuardQuestion(msgspec.Struct, frozen=True):
    """What a send requires of its guards: whether it names a capability, its cost, facts and bits.

    A cost of None is a send that is not charged.
    """

    capability: bool
    cost: int | None
    facts: bool
    bits: int


class World(msgspec.Struct, frozen=True):
    """Everything that a send does not state itself.

    `token`, `caveats` and `policy` tell whether each of these grants the capability. `crash` is
    the number of steps that are carried out before a crash, -1 for none. `runtime` is what the
    runtime charges by itself.
    """

    token: bool = True
    caveats: bool = True
    policy: bool = True
    limit: int = 0
    spent: int = 0
    leak_limit: int = 0
    leaked: int = 0
    delivered: bool = True
    crash: int = -1
    runtime: int = 0

    @property
    def admits(self) -> bool:
        """Whether the capability is in the admitted frontier."""
        return self.token and self.caveats and self.policy


def attempted(chain: rows.GuardChain, asked: GuardQuestion, world: World) -> tuple[GuardEvent, ...]:
    """What happens, in order, when a send is attempted."""
    run = _GuardAttempt(chain, asked, world)
    if chain.refusal == "all-or-nothing":
        for stage in chain.order:
            if not run.check(stage):
                return tuple(run.events)
    for stage in chain.order:
        if run.crashes(stage) or (chain.refusal == "stage-by-stage" and not run.check(stage)):
            return tuple(run.events)
        if not run.carry_out(stage):
            return tuple(run.events)
    happened = {event.kind for event in run.events}
    owed = chain.journal == "after-send" and {GuardKind.COUPLED, GuardKind.SENT} <= happened
    if owed and not run.crashes("record"):
        run.events.append(GuardEvent(GuardKind.RECORDED, "record"))
    return tuple(run.events)


class _GuardAttempt:
    """The events so far, and what they have added up to."""

    def __init__(self, chain: rows.GuardChain, asked: GuardQuestion, world: World) -> None:
        self.events: list[GuardEvent] = []
        self._chain, self._asked, self._world = chain, asked, world
        self._spent, self._leaked, self._steps = world.spent, world.leaked, 0

    def check(self, stage: str) -> bool:
        """Let the guard of a stage judge; a refusal ends the attempt."""
        passes = _passes(self._chain, self._asked, self._world, stage, self._spent, self._leaked)
        if not passes:
            self.events.append(GuardEvent(GuardKind.REFUSED, stage))
        elif stage == "capability" and self._asked.capability:
            self.events.append(GuardEvent(GuardKind.CHECKED, stage))
        return passes

    def crashes(self, stage: str) -> bool:
        """Whether everything stops here; a step more otherwise."""
        if self._steps == self._world.crash:
            self.events.append(GuardEvent(GuardKind.CRASHED, stage))
            return True
        self._steps += 1
        return False

    def carry_out(self, stage: str) -> bool:
        """Do what a stage does; False when the message cannot be delivered."""
        chain, asked = self._chain, self._asked
        if stage == "flow" and asked.cost is not None and chain.charges != "runtime":
            self._charge(stage, asked.cost)
        elif stage == "journal" and asked.facts:
            kind = GuardKind.COUPLED if chain.journal == "after-send" else GuardKind.RECORDED
            self.events.append(GuardEvent(kind, stage))
        elif stage == "leakage" and asked.bits:
            self._leaked += asked.bits
            self.events.append(GuardEvent(GuardKind.LEAKED, stage, asked.bits))
        elif stage == "transport":
            if asked.cost is not None and chain.charges != "annotation":
                self._charge(stage, self._world.runtime)
            kind = GuardKind.SENT if self._world.delivered else GuardKind.FAILED
            self.events.append(GuardEvent(kind, stage))
            return self._world.delivered
        return True

    def _charge(self, stage: str, amount: int) -> None:
        self._spent += amount
        self.events.append(GuardEvent(GuardKind.CHARGED, stage, amount))


def _passes(
    chain: rows.GuardChain, asked: GuardQuestion, world: World, stage: str, spent: int, leaked: int
) -> bool:
    """Whether the guard of a stage lets the send pass."""
    match stage:
        case "capability":
            granted = chain.frontier == "declared" or world.admits
            return not asked.capability or granted
        case "flow":
            asked_for = _charge(chain, asked, world)
            return asked.cost is None or spent + asked_for <= world.limit
        case "leakage":
            return not asked.bits or leaked + asked.bits <= world.leak_limit
        case _:
            return True


def _charge(chain: rows.GuardChain, asked: GuardQuestion, world: World) -> int:
    """The amount that the flow guard needs headroom for."""
    own = asked.cost if asked.cost is not None and chain.charges != "runtime" else 0
    return own + (world.runtime if chain.charges != "annotation" else 0)


class Breach(StrEnum):
    """What a guard chain must never do, with the part of the reference that says so."""

    UNCHECKED = "sent-without-check"  # a; GC-01
    UNADMITTED = "sent-without-grant"  # e; GC-07
    UNCHARGED = "sent-without-charge"  # b; GC-01
    UNCOUPLED = "sent-without-coupling"  # c
    UNACCOUNTED = "sent-without-leakage"  # GC-09
    DOUBLE = "charged-twice"  # GC-06
    OVERSPENT = "over-limit"  # GC-03
    OVERLEAKED = "over-leakage"  # GC-09
    EARLY_FACT = "fact-before-send"  # c
    RESIDUE = "refused-with-effects"  # d; GC-05
    LEFTOVER = "forbidden-leftover"  # d; GC-11


def breaches(
    chain: rows.GuardChain, asked: GuardQuestion, world: World, events: tuple[GuardEvent, ...]
) -> set[Breach]:
    """The events of an attempt that must not happen."""
    found: set[Breach] = set()
    before: set[GuardKind] = set()
    for event in events:
        found |= _breaches_at(asked, world, event, before)
        before.add(event.kind)
    charged = sum(event.amount for event in events if event.kind is GuardKind.CHARGED)
    leaked = sum(event.amount for event in events if event.kind is GuardKind.LEAKED)
    if GuardKind.CHARGED in before and world.spent + charged > world.limit:
        found.add(Breach.OVERSPENT)
    if GuardKind.LEAKED in before and world.leaked + leaked > world.leak_limit:
        found.add(Breach.OVERLEAKED)
    left = leftovers(asked, events)
    last = events[-1].kind if events else None
    if last is GuardKind.REFUSED:
        allowed = set(chain.residue) if chain.refusal == "stage-by-stage" else set()
        if left - allowed:
            found.add(Breach.RESIDUE)
    elif last in (GuardKind.CRASHED, GuardKind.FAILED) and left - set(chain.residue):
        found.add(Breach.LEFTOVER)
    return found


def _breaches_at(
    asked: GuardQuestion, world: World, event: GuardEvent, before: set[GuardKind]
) -> set[Breach]:
    found: set[Breach] = set()
    if event.kind is GuardKind.SENT:
        if asked.capability and GuardKind.CHECKED not in before:
            found.add(Breach.UNCHECKED)
        if asked.capability and not world.admits:
            found.add(Breach.UNADMITTED)
        if asked.cost is not None and GuardKind.CHARGED not in before:
            found.add(Breach.UNCHARGED)
        if asked.facts and not before & {GuardKind.COUPLED, GuardKind.RECORDED}:
            found.add(Breach.UNCOUPLED)
        if asked.bits and GuardKind.LEAKED not in before:
            found.add(Breach.UNACCOUNTED)
    elif event.kind is GuardKind.RECORDED and GuardKind.SENT not in before:
        found.add(Breach.EARLY_FACT)
    elif event.kind is GuardKind.CHARGED and GuardKind.CHARGED in before:
        found.add(Breach.DOUBLE)
    return found


def leftovers(asked: GuardQuestion, events: tuple[GuardEvent, ...]) -> set[str]:
    """The effects that an incomplete attempt leaves behind."""
    kinds = {event.kind for event in events}
    if GuardKind.SENT in kinds:
        found = set()
        if asked.facts and GuardKind.RECORDED not in kinds:
            found.add("sent-unrecorded")
        return found
    named = {
        "charged": GuardKind.CHARGED,
        "leaked": GuardKind.LEAKED,
        "recorded": GuardKind.RECORDED,
    }
    return {name for name, kind in named.items() if kind in kinds}
