"""How tests write local types."""

from __future__ import annotations

from tellverify.formats.notation import rendered
from tellverify.model.local_type import LocalType


def one_line(local: LocalType) -> str:
    """A small type in one line, however long."""
    return rendered(local, width=1_000_000)
