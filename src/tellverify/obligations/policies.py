"""The policy of a check, read once and again only when one of its files has changed."""

from __future__ import annotations

import os

from tellverify.diagnostics.model import Severity
from tellverify.policy.check import check_policy
from tellverify.policy.read import PolicyRead, read_policy
from tellverify.source.text import SourceFile

_known: dict[str, tuple[tuple[tuple[str, int, int], ...], PolicyRead]] = {}


def policy_at(path: str) -> PolicyRead:
    """The policy in a file or folder; its errors are among its diagnostics.

    A policy that contradicts itself decides nothing: there is none then.
    """
    known = _known.get(path)
    if known is not None and _marks(path, known[1]) == known[0]:
        return known[1]
    read = read_policy(path)
    if read.policy is not None:
        errors = tuple(
            each for each in check_policy(read.policy) if each.severity is Severity.ERROR
        )
        if errors:
            read = PolicyRead(None, errors, read.sources)
    _known.clear()
    _known[path] = (_marks(path, read), read)
    return read


def sources_at(path: str) -> dict[str, SourceFile]:
    """The texts of a policy by path, for reports that quote them."""
    return dict(policy_at(path).sources)


def _marks(path: str, read: PolicyRead) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file of the policy does, or when one is added to its folder."""
    names = set(read.sources)
    if os.path.isdir(path):
        try:
            names |= {os.path.join(path, name) for name in os.listdir(path)}
        except OSError:
            names.add(path)
    marks = []
    for name in sorted(os.path.normpath(name) for name in names):
        try:
            status = os.stat(name)
            marks.append((name, status.st_mtime_ns, status.st_size))
        except OSError:
            marks.append((name, -1, -1))
    return tuple(marks)
