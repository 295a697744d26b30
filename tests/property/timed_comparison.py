"""What both implementations of the rules of timeouts say of one protocol."""

from __future__ import annotations

from dataclasses import dataclass

from plain_timed import PlainTimed
from timed_texts import protocol_of

from tellverify.search.timed import TimedFindings, TimedSearch, search_timed
from tellverify.search.timed_events import TimedSettings
from tellverify.search.timed_rows import FirePolicy, LatePolicy

EVENTS = 14
AHEAD = 4


@dataclass(frozen=True)
class Compared:
    """Verdicts on runs of up to `depth` events, by name; equal ones are what is expected."""

    plain: dict[str, object]
    product: dict[str, object]
    depth: int


def quiet_roles(search: TimedSearch, depth: int, ahead: int) -> dict[str, int]:
    """After how many events a role may not stop and has no event within the next `ahead`."""
    found: dict[str, int] = {}
    count, steps_of = (
        len(search.configurations),
        list(map(list, map(search.moves, range(search.expanded)))),
    )
    for role, name in enumerate(search.system.protocol.roles):
        far = [0 if any(s[0] == role for s in steps) else ahead + 1 for steps in steps_of]
        far += [ahead + 1] * (count - len(far))
        for _ in range(ahead):
            for at, steps in enumerate(steps_of):
                far[at] = min(
                    [far[at], *(far[target] + 1 for _, _, target in steps if target >= 0)]
                )
        for at, configuration in enumerate(search.configurations[: search.expanded]):
            waits = not search.system.may_stop(role, configuration)
            if waits and far[at] > ahead and search.depths[at] + ahead <= depth:
                found.setdefault(name, search.depths[at])
    return found


def compare(
    written: str, *, policy: str = "attempts", fire: str = "waits", bound: int = 2, limit: int = 400
) -> Compared:
    """Search `written` to `EVENTS` events, or to fewer when brute force meets `limit` states."""
    protocol = protocol_of(written)
    plain = PlainTimed(protocol, policy=policy, fire=fire, bound=bound).search(EVENTS, limit, AHEAD)
    depth = plain.depth
    settings = TimedSettings(LatePolicy(policy), FirePolicy(fire), bound)
    findings, search = search_timed(protocol, settings, depth=depth)
    late: dict[str, int] = {}
    for (_, _, label), run in findings.late.items():
        late[label] = min(late.get(label, EVENTS + 1), len(run.events))
    expected: dict[str, object] = {
        "lengths": _within(plain.lengths, depth),
        "late": _within(plain.late, depth),
        "quiet": plain.quiet,
        "unclear": plain.unclear is not None,
        "stuck": plain.stuck,
    }
    found: dict[str, object] = {
        "lengths": _within({str(p): len(r.events) for p, r in findings.refuted.items()}, depth),
        "late": _within(late, depth),
        "quiet": quiet_roles(search, depth, AHEAD),
        "unclear": bool(findings.unclear),
        "stuck": _confirmed(findings, plain.stuck, plain.complete),
    }
    return Compared(expected, found, depth)


def _confirmed(findings: TimedFindings, stuck: dict[str, int], is_complete: bool) -> dict[str, int]:
    """Stuck roles; where not all runs were looked at, brute force knows of fewer."""
    if is_complete and findings.complete:
        return findings.stuck_after
    return {
        role: length if findings.stuck_after.get(role, EVENTS + 1) <= length else EVENTS + 1
        for role, length in stuck.items()
    }


def _within(lengths: dict[str, int], depth: int) -> dict[str, int]:
    return {name: length for name, length in lengths.items() if length <= depth}
