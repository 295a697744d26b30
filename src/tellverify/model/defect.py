"""The exception for promises that tellverify broke to itself."""

from __future__ import annotations


class Defect(Exception):
    """A fault of tellverify, never of the protocol, for example a run that does not replay.

    Nothing below the command line catches it.
    """
