"""What a workflow file may hold. The JSON Schema for editors is made from these types."""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from tellverify.source.json_schema import schema_of

Identifier: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")
]
ProtocolText: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=4_096, pattern=r"^[^\x00\n]*$")
]
PlainText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
DurationText: TypeAlias = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,8}(ms|s|m|h)$")]
Threshold: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
MemberCount: TypeAlias = Annotated[int, Meta(ge=1, le=1_000)]

_ENTRIES: Final = Meta(max_length=10_000)


class PhaseRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[workflow.NAME.phase]]`: a session of a protocol, a local step, or another workflow.

    Exactly one of `protocol`, `ext` and `workflow` is given. `protocol` is a path relative to the
    workflow file, with `#Name` where the file has several protocols, or the name of a module.
    `agents` gives an agent to each role. `go_on` names the branches after which the workflow goes
    on; every other end ends it. `uses` names results of earlier phases as `phase.Payload`. `each`
    names an agent family: there is one session for each member, in its own thread. `join`
    says how many of the sessions in parallel the next phase waits for, and `timeout` how long.
    `holds` names the link bundles that an agent has to hold during the session, `delegates` the
    agent that each bundle is given to. Phases of one `thread` run one after the other, beside those
    of other threads. `ext` is a step of `agent` alone. `needs` and `makes` name the capabilities
    and facts that the step needs and makes.
    """

    name: Identifier | None = None
    protocol: ProtocolText | None = None
    ext: PlainText | None = None
    workflow: Identifier | None = None
    agents: Annotated[dict[PlainText, PlainText], _ENTRIES] | None = None
    agent: PlainText | None = None
    go_on: Annotated[list[PlainText], Meta(min_length=1, max_length=1_000)] | None = None
    uses: Annotated[list[PlainText], _ENTRIES] = []
    each: PlainText | None = None
    join: Literal["all", "first"] | Threshold | None = None
    timeout: DurationText | None = None
    holds: list[PlainText] | dict[PlainText, list[PlainText]] = []
    delegates: Annotated[dict[PlainText, PlainText], _ENTRIES] = {}
    thread: Identifier | None = None
    needs: Annotated[list[PlainText], _ENTRIES] = []
    makes: Annotated[list[PlainText], _ENTRIES] = []


class WorkflowRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[workflow.NAME]`: its phases, in their order.

    With the `channels` "own" every session has its own channels. With "shared" all phases of an
    agent pair use the same two channels, as when one protocol calls another.
    """

    phase: Annotated[list[PhaseRow], Meta(min_length=1, max_length=10_000)]
    channels: Literal["own", "shared"] = "own"


class AgentRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[agents.NAME]`: the `order` in which it runs workflows or phases (`workflow.phase`).

    Entries not listed run concurrently. An agent with `members` is a family: of one fixed size, or
    checked for each size of a list.
    """

    order: Annotated[list[PlainText], _ENTRIES] = []
    members: (
        MemberCount | Annotated[list[MemberCount], Meta(min_length=1, max_length=20)] | None
    ) = None


class WorkflowFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow file. `modules` are folders in which protocols named by module are looked for."""

    workflow: Annotated[dict[Identifier, WorkflowRow], Meta(min_length=1, max_length=10_000)]
    agents: Annotated[dict[PlainText, AgentRow], _ENTRIES] = {}
    modules: Annotated[list[ProtocolText], Meta(max_length=100)] = []


def workflow_schema_json() -> str:
    """The schema as text, the same bytes every time."""
    schema = schema_of(WorkflowFile, title="A workflow file of tellverify")
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
