"""The library's `tellverify.check`: its arguments as options, and what its source is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from tellverify.obligations.options import Options
from tellverify.verdict.properties import Property
from tellverify.verdict.run import Run
from tellverify.verification.pipeline import check_paths, check_text


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
    unknown = sorted(set(properties) - {p.value for p in Property})
    if unknown or require not in ("proved", "bounded"):
        raise ValueError(f"no such property or strength: {', '.join(unknown) or require}")
    if dialect not in ("strict", "faithful"):
        raise ValueError(f"no such dialect: {dialect}")
    options = Options(
        instances=tuple((family, tuple(sizes)) for family, sizes in (instances or {}).items()),
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
