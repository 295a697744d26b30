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
    "agreement": "No two roles decide differently.",
    "at-most-once": "The role sends or receives the message at most once in a run.",
    "property": "Every run satisfies the stated property.",
    "reachable": "Some run reaches the given event.",
}
