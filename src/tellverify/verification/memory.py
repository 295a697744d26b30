"""A limit of memory: what takes more is given up instead of being killed with all the rest."""

from __future__ import annotations

import os
from typing import Final

_PARTS: Final = (9, 10)  # of the memory of the machine, without another limit
_CGROUPS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_LEAST: Final = 64 << 20


def limit_memory(megabytes: int | None, processes: int = 1) -> None:
    """Let this process, and each that it starts, use its share of so much address space.

    None stands for nine tenths of what the machine or its container has, which `processes` share
    evenly. Where the platform has no such limit nothing happens; a lower one stays.
    """
    try:
        import resource
    except ImportError:
        return
    total = megabytes << 20 if megabytes is not None else _of_the_machine()
    if total <= 0:
        return
    wanted = max(total // max(processes, 1), _LEAST)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [one for one in (wanted, soft, hard) if one != resource.RLIM_INFINITY]
    try:
        resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    except (OSError, ValueError):
        return


def _of_the_machine() -> int:
    """Nine tenths of the memory in bytes; 0 where it is not known."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0
    for path in _CGROUPS:
        try:
            with open(path, encoding="ascii") as file:
                text = file.read(64).strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text.isdigit():
            found = min(found, int(text))
    return found * _PARTS[0] // _PARTS[1]
