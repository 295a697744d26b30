"""Files that a walk leaves out and git has: they are part of the review."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tellverify.language.files import inputs
from tellverify.verification.repository import tracked_below


def tracked_in(entries: Sequence[str]) -> list[str]:
    """The files with protocols that git tracks among `entries` and below them, sorted.

    Of its own folder git never tracks anything. Raises NoRepository where there is a work tree and
    git cannot be asked about it.
    """
    asked = [entry for entry in entries if os.path.basename(entry) != ".git"]
    tracked = tracked_below(".") if asked else frozenset()
    here = os.path.realpath(".")
    found = set()
    for entry in asked:
        place = os.path.join(here, entry)
        inside = os.path.join(place, "")
        for path in tracked:
            if path == place or path.startswith(inside):
                found.add(os.path.relpath(path, here).replace(os.sep, "/"))
    return [path for path in sorted(found) if inputs.may_hold_protocols(path)]
