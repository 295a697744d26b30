"""Links among the files of a tree: where they may lead."""

from __future__ import annotations

import os


def top_of(folder: str) -> str:
    """The top of the work tree that `folder` lies in, empty outside of any; git is not needed."""
    here = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(here, ".git")):
        above = os.path.dirname(here)
        if above == here:
            return ""
        here = above
    return here


def leads_out(path: str) -> bool:
    """Whether `path` is a link out of its work tree of git, or of its folder outside of any."""
    if not os.path.islink(path):
        return False
    folder = os.path.dirname(path) or "."
    top = os.path.join(top_of(folder) or os.path.realpath(folder), "")
    return not os.path.realpath(path).startswith(top)
