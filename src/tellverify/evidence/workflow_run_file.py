"""A run across sessions as a file of evidence: the machines of all sessions, and who may act when.

The file stands by itself: its machines and gates are those of one workflow at one choice of sizes,
and `run` names their moves.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

WORKFLOW_RUN_SCHEMA: Final = "tellverify/workflow-run-1"
WORKFLOW_RUN_SUFFIX: Final = ".workflow-run.json"

SEND: Final = 0
RECEIVE: Final = 1
ASK: Final = 2
GRANT: Final = 3

_Kind: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=3)]
_Index: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
MoveRow: TypeAlias = tuple[_Kind, _Index, str, _Index]
"""What a move does, the other machine or the bundle, the label, and the state behind it."""


class SessionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A session. `earlier` are the sessions before it of which some end ends the workflow;
    `endless` says that it may continue forever.
    """

    title: str
    workflow: str
    earlier: list[_Index]
    endless: bool


class PartRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent does in one session, state 0 initial.

    It may stop in the states `goes_on`, after which the workflow continues, and `stops`, which end
    it. `before` are the machines of the same agent that come first, `phases` those of them in the
    same workflow; `held` has the bundles of each state.
    """

    session: _Index
    role: str
    agent: str
    moves: list[list[MoveRow]]
    goes_on: list[_Index]
    stops: list[_Index]
    held: list[list[_Index]]
    before: list[_Index]
    phases: list[_Index]


class WorkflowRunFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A run of `parts`, by number of machine and of its move, after which `culprits` are at fault.

    `leaver` is the machine of the agent that gives the session up after `leaves` moves, -1 for a
    run in which none does.
    """

    schema: str
    workflow: str
    obligation: str
    statement: str
    code: str
    fault: str
    culprits: list[_Index]
    explanation: str
    minimal: bool
    instance: str
    sources: list[tuple[str, str]]  # paths and SHA-256 sums, that of the workflow first
    sessions: list[SessionRow]
    bundles: list[str]
    parts: list[PartRow]
    run: list[tuple[_Index, _Index]]
    leaver: int = -1
    leaves: _Index = 0


def write_workflow_run(file: WorkflowRunFile) -> str:
    """The text of a file, the same bytes every time."""
    head = msgspec.json.encode(msgspec.structs.replace(file, parts=[])).decode()
    rows = ",\n".join(msgspec.json.encode(part).decode() for part in file.parts)
    return head.replace('"parts":[]', f'"parts":[\n{rows}\n]', 1) + "\n"
