"""Workflows as their files say it, before any protocol is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from tellverify.source.span import Span

StepPath: TypeAlias = tuple[str | int, ...]
Join: TypeAlias = Literal["all", "first"] | int


class StepPlaces(msgspec.Struct, frozen=True):
    """Where the entries of a step stand; an entry without its own text stands at the step."""

    step: Span
    values: Mapping[StepPath, Span] = {}
    keys: Mapping[StepPath, Span] = {}

    def value(self, *path: str | int) -> Span:
        """Where a value stands."""
        return self._nearest(self.values, path)

    def key(self, *path: str | int) -> Span:
        """Where a key stands."""
        return self._nearest(self.keys, path)

    def _nearest(self, places: Mapping[StepPath, Span], path: StepPath) -> Span:
        while path:
            found = places.get(path) or self.keys.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return self.step


class ProtocolStep(msgspec.Struct, frozen=True):
    """A phase: a session of a protocol, or one for each member of the family `each`.

    `agents` is None where the file leaves it out. `holds` has the bundles of each agent in the
    order in which it asks for them; an empty agent is the one that the protocol names.
    """

    name: str
    protocol: str
    places: StepPlaces
    agents: tuple[tuple[str, str], ...] | None = None
    go_on: tuple[str, ...] | None = None
    uses: tuple[str, ...] = ()
    each: str = ""
    join: Join | None = None
    timeout: str = ""
    holds: tuple[tuple[str, tuple[str, ...]], ...] = ()
    delegates: tuple[tuple[str, str], ...] = ()
    thread: str = ""
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()


class LocalStep(msgspec.Struct, frozen=True):
    """An `ext` step: what one agent does alone, with what it needs and makes."""

    name: str
    agent: str
    places: StepPlaces
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    thread: str = ""


class WorkflowReference(msgspec.Struct, frozen=True):
    """A step that stands for all steps of another workflow of the file."""

    name: str
    workflow: str
    places: StepPlaces
    thread: str = ""


WorkflowStep: TypeAlias = ProtocolStep | LocalStep | WorkflowReference


class WorkflowText(msgspec.Struct, frozen=True):
    """A workflow; with `is_shared` its phases use the same channels."""

    name: str
    span: Span
    steps: tuple[WorkflowStep, ...]
    is_shared: bool = False


class AgentText(msgspec.Struct, frozen=True):
    """What a file says of an agent: its order of workflows and phases, and its members.

    `members` is empty for a single agent; `is_fixed` says that the family has just this size.
    """

    name: str
    span: Span
    order: tuple[tuple[str, Span], ...] = ()
    members: tuple[int, ...] = ()
    is_fixed: bool = False


class WorkflowDocument(msgspec.Struct, frozen=True):
    """All that one file says about workflows."""

    path: str
    workflows: tuple[WorkflowText, ...]
    agents: tuple[AgentText, ...] = ()
    modules: tuple[tuple[str, Span], ...] = ()
