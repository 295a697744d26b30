"""The sentences of the properties that a run can refute or witness.

They stand apart from the table of properties, since the rechecker compares the statement of a trace
with them and rests on nothing else of that table.
"""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "implementable": "The projected roles, run together, have exactly the runs of the protocol.",
    "no-deadlock": "No reachable configuration is a deadlock.",
    "no-orphan-message": "No role finishes while a message to it is still queued.",
    "no-unspecified-reception": (
        "No role must receive while each queue that it reads begins with a message it cannot take."
    ),
    "fidelity": "Every run of the roles is a run of the protocol.",
    "no-stuck-role": "Wherever the role waits, some continuation of the run serves it.",
    "progress": "If every role that can move eventually moves, the role never waits forever.",
    "bounded-queues": "Every queue is bounded.",
    "can-terminate": "The end of the protocol is reachable from every reachable state.",
    "terminates": "Every fair run ends.",
    "timeout-agreement": "All roles that act in a timeout end it in the same alternative.",
    "fresh-messages": "No message of a failed attempt is taken in a later one.",
    "late-messages": "Every message that may be discarded is known.",
    "agreement": "No two roles decide differently.",
    "at-most-once": "The role sends or receives the message at most once in a run.",
    "property": "Every run satisfies the stated property.",
    "reachable": "Some run reaches the given event.",
    "composition": "Every agent finishes all sessions that a run of the workflow reaches.",
    "session-order": (
        "The orders in which agents run sessions and hold bundles have no cycle that blocks."
    ),
    "knows-end": "The agent knows when its part of a phase is over.",
    "knows-outcome": "The agent knows at the end of a phase whether the workflow goes on.",
    "labels-apart": "No two phases send the same message on a channel that they share.",
    "abandoned": "The agent terminates by itself in a session that a join gives up.",
}
