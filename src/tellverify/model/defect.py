"""Exceptions for runs that do not replay as they were found, and other broken promises."""

from __future__ import annotations


class Defect(Exception):
    """A fault of tellverify, never of the protocol, for example a run that does not replay.

    Nothing below the command line catches it.
    """


class AmbiguousRun(Exception):
    """A run that its steps do not tell from another one, so that it cannot be shown.

    A role that is not told in time whether an attempt has ended may act in that attempt or in the
    next one by the same step. What the run refutes is then unknown.
    """
