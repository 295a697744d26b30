"""The sentences of the properties of timeouts and of workflows that a run can refute.

They stand apart from `tellverify.verdict.sentences`, since rechecking a run without timeouts of one
protocol rests on nothing here.
"""

from __future__ import annotations

from typing import Final

TIMEOUT_SENTENCES: Final = {
    "timeout-agreement": "All roles that act in a timeout end it in the same alternative.",
    "fresh-messages": "No message of a failed attempt is taken in a later one.",
    "late-messages": "Every message that may be discarded is known.",
}
WORKFLOW_SENTENCES: Final = {
    "composition": "Every agent finishes all sessions that a run of the workflow reaches.",
    "session-order": (
        "The orders in which agents run sessions and hold bundles have no cycle that blocks."
    ),
    "knows-end": "The agent knows when its part of a phase is over.",
    "knows-outcome": "The agent knows at the end of a phase whether the workflow goes on.",
    "labels-apart": "No two phases send the same message on a channel that they share.",
    "abandoned": "The agent terminates by itself in a session that a join gives up.",
}
