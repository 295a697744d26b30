"""The library's `tellverify.check`: its arguments as options, and what its source is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tellverify.obligations.options import Options
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run
from tellverify.verification.pipeline import check_paths, check_text

Choice: TypeAlias = tuple[Sequence[str], Sequence[str], Sequence[str]]
"""The names of protocols, properties and roles that are selected; none selects all."""


def checked_source(
    source: str | os.PathLike[str],
    instances: Mapping[str, Sequence[int]],
    choice: Choice,
    require: str,
    dialect: str,
    name: str,
) -> Run:
    """The run of a path or a text. Raises ValueError for an unknown property, strength or dialect.

    The arguments are those of `tellverify.check`.
    """
    protocols, properties, roles = choice
    unknown = sorted(set(properties) - {p.value for p in Property})
    if unknown or require not in ("proved", "bounded"):
        raise ValueError(f"no such property or strength: {', '.join(unknown) or require}")
    if dialect not in ("strict", "faithful"):
        raise ValueError(f"no such dialect: {dialect}")
    options = Options(
        instances=tuple((family, tuple(sizes)) for family, sizes in instances.items()),
        protocols=tuple(protocols),
        properties=tuple(properties),
        roles=tuple(roles),
        require=require,
        dialect=dialect,
        suggest=True,
    )
    if not isinstance(source, str) or is_path(source):
        return check_paths([os.fspath(source)], options).run
    return check_text(source, options, name).run


def is_path(text: str) -> bool:
    """True for a string that can only be meant as a path."""
    if "\n" in text or "\0" in text or len(text) > 4096:
        return False
    return text.endswith(".tell") or os.path.exists(text)
