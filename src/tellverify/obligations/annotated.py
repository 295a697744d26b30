"""Which protocols have sends to guard and charge; only these load what decides that."""

from __future__ import annotations

from tellverify.obligations.context import Decided, Further


def decide_annotated(further: Further) -> Decided:
    """What annotations claim: nothing for a protocol without any, unless something asks for it."""
    options = further.options
    text = further.judged.source.text
    wished = options.budgets or options.policy is not None or further.protocol.requires
    asked = bool(wished) or "tell:" in text
    annotated = any(
        site.annotations
        for sized in further.sized
        for graph in (sized.lowered.graph, *sized.lowered.slices)
        if graph is not None
        for site in graph.sites
    )
    if not asked and not annotated and "{" not in text and "[" not in text:
        return Decided()
    from tellverify.obligations.guard_chain import decide_chain

    return decide_chain(further, annotated=annotated)
