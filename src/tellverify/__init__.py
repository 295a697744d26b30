"""Formal verification and model checking of `.tell` choreographies.

`check` decides all obligations of a protocol and returns a `Run`, the same that the command
`tellverify check` reports on. `simulate` generates random runs of one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tellverify.version import VERSION

if TYPE_CHECKING:
    from tellverify.verdict.run import Run
    from tellverify.verification.simulated_source import simulate as simulate

__version__ = VERSION
__all__ = ["__version__", "check", "simulate"]


def check(
    source: str | os.PathLike[str],
    *,
    instances: Mapping[str, Sequence[int]] | None = None,
    protocols: Sequence[str] = (),
    properties: Sequence[str] = (),
    roles: Sequence[str] = (),
    require: str = "bounded",
    dialect: str = "strict",
    name: str = "<text>",
) -> Run:
    """Decide all obligations of `source` and return what was found out.

    `source` is a path-like object or the text of a protocol. A string of one line that ends in
    `.tell` or names an existing file or folder is taken as a path, since no protocol looks like
    that. `instances` gives the sizes of role families (1, 2 and 3 without it); `protocols`,
    `properties` and `roles` select by name; `require` is the strength that required obligations
    need, "proved" or "bounded"; `dialect` is "strict", or "faithful" to accept, reject and run as
    Telltale does; `name` is the path shown for text. Imports are resolved among the files of a
    folder, those of a file by itself from its folder; a text by itself resolves none.

    Faults of the protocol or its file are findings in the result, never exceptions. Raises
    ValueError for an unknown property, strength or dialect.
    """
    from tellverify.verification.source_check import checked_source as run_of

    return run_of(source, instances or {}, (protocols, properties, roles), require, dialect, name)


def __getattr__(name: str) -> object:
    if name == "simulate":  # with all that it needs, only for whoever asks for it
        from tellverify.verification.simulated_source import simulate

        return simulate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
