"""What would heal a role that waits in vain, where that was verified."""

from __future__ import annotations

from tellverify.model.graph import ProtocolGraph
from tellverify.model.trace import Trace
from tellverify.obligations.context import Context


def helps_for(context: Context, graph: ProtocolGraph, trace: Trace) -> tuple[str, ...]:
    """Sentences that say what would help."""
    return ()
