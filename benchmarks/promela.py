"""The machines of a system as a Promela model for SPIN, with the same configurations.

One process for each role, one channel for each ordered pair of roles; every move is one transition
of SPIN, and a role that has finished stays where it is, so that the stored states are exactly the
configurations with queues of up to the given length.
"""

from __future__ import annotations

from collections.abc import Sequence

from tellverify.model.machine import Machine


def promela(machines: Sequence[Machine], bound: int) -> str:
    """The model as text."""
    channels: dict[tuple[str, str], str] = {}
    labels: dict[str, int] = {}
    for machine in machines:
        for row in machine.moves:
            for action, _ in row:
                ends = (machine.role, action.peer)
                channel = ends if action.send else (ends[1], ends[0])
                channels.setdefault(channel, f"c{len(channels)}")
                labels.setdefault(action.label, len(labels) + 1)
    lines = [f"chan {name} = [{bound}] of {{ byte }};" for name in channels.values()]
    for number, machine in enumerate(machines):
        lines.append(f"active proctype r{number}() {{")
        for state, row in enumerate(machine.moves):
            final = "end_" if machine.final[state] else ""
            if not row:
                lines.append(f"{final}s{state}: false;")
                continue
            lines.append(f"{final}s{state}: if")
            for action, target in row:
                ends = (machine.role, action.peer)
                name = channels[ends if action.send else (ends[1], ends[0])]
                there = f"{'end_' if machine.final[target] else ''}s{target}"
                sign = "!" if action.send else "?"
                lines.append(f"  :: {name}{sign}{labels[action.label]} -> goto {there}")
            lines.append("  fi;")
        lines.append("}")
    return "\n".join(lines) + "\n"
