"""Workflow files, and comments that hold a simple sequence, as workflows with places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tellverify.diagnostics import workflows as say
from tellverify.diagnostics.model import Diagnostic
from tellverify.language.syntax.directives import Directive, directives
from tellverify.language.workspace import Workspace
from tellverify.source.span import Span
from tellverify.source.toml import Path, TomlDocument, TomlFault, decode, read_toml
from tellverify.workflows.workflow_rows import AgentRow, PhaseRow, WorkflowFile, WorkflowRow
from tellverify.workflows.workflow_text import (
    AgentText,
    LocalStep,
    ProtocolStep,
    StepPlaces,
    WorkflowDocument,
    WorkflowReference,
    WorkflowStep,
    WorkflowText,
)

COMMENT: Final = "workflow"
_PHASE: Final = re.compile(
    r"[ \t]*(?P<name>[A-Za-z_][\w.]*)[ \t]*(?:\[(?P<branches>[^\[\];]*)\])?[ \t]*"
)
_MISWRITTEN: Final = re.compile(rf"(?:--|//)[ \t]*tell:[ \t]*{COMMENT}\b")
_DEPTH: Final = 4  # steps of the path of a phase
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ONE_KIND: Final = "a phase has exactly one of `protocol`, `ext` and `workflow`"


def read_workflows(path: str, text: str) -> tuple[WorkflowDocument | None, list[Diagnostic]]:
    """The workflows of a TOML file, or its errors."""
    document = read_toml(path, text)
    if isinstance(document, TomlFault):
        return None, [say.unreadable_workflow(path, document.span, document.message)]
    row = decode(document, WorkflowFile)
    if isinstance(row, TomlFault):
        row = _nearer(document) or row
        return None, [say.unreadable_workflow(path, row.span, row.message)]
    said: list[Diagnostic] = []
    tables = _spans_by_step(document)
    workflows = []
    for name, workflow in row.workflow.items():
        steps: list[WorkflowStep] = []
        taken = {phase.name for phase in workflow.phase if phase.name is not None}
        given: set[str] = set()
        for index, phase in enumerate(workflow.phase):
            at: Path = ("workflow", name, "phase", index)
            places = tables.get((name, index)) or StepPlaces(document.key_of(at))
            wrong = _misfits(phase)
            if wrong is not None:
                key, reason = wrong
                said.append(say.unreadable_workflow(path, places.key(key), reason))
                continue
            if phase.name in given:
                reason = f"two phases of `{name}` are called `{phase.name}`"
                said.append(say.unreadable_workflow(path, places.key("name"), reason))
            chosen = phase.name or _unused_name(phase, taken)
            taken.add(chosen)
            if phase.name is not None:
                given.add(phase.name)
            steps.append(_step(phase, chosen, places))
        first = tables.get((name, 0))
        is_implied = ("workflow", name) not in document.keys
        span = document.key_of(("workflow", name))
        if is_implied and first is not None:  # there is no table `[workflow.NAME]`
            span = first.step
        workflows.append(WorkflowText(name, span, tuple(steps), workflow.channels == "shared"))
    agents = tuple(_agent(document, name, one) for name, one in row.agents.items())
    modules = tuple(
        (folder, document.span_of(("modules", index))) for index, folder in enumerate(row.modules)
    )
    if said:
        return None, said
    return WorkflowDocument(path, tuple(workflows), agents, modules), []


def _nearer(document: TomlDocument) -> TomlFault | None:
    """The first misfit by its own table: names of tables have no place in that of the whole."""
    tables: list[tuple[Path, type[PhaseRow | AgentRow | WorkflowRow]]] = []
    for path in document.keys:
        match path:
            case ("workflow", str(name), *_) if _NAME.fullmatch(name) is None:
                message = "names of workflows have letters, digits, `_`, `-` and `.`"
                return TomlFault(message, document.key_of(path))
            case ("workflow", str(), "phase", int()):
                tables.append((path, PhaseRow))
            case ("agents", str()):
                tables.append((path, AgentRow))
            case ("workflow", str(), "channels" | "phase"):
                tables.append((path[:2], WorkflowRow))
            case ("workflow", str(), str(key)) if key != "phase":
                return TomlFault(f"there is no key `{key}` here", document.key_of(path))
            case _:
                pass
    for path, kind in tables:
        found = decode(document, kind, path)
        if isinstance(found, TomlFault):
            return found
    return None


def _spans_by_step(document: TomlDocument) -> dict[tuple[str, int], StepPlaces]:
    """The places of each phase, gathered in one pass over the document."""
    values = _by_step(document.values)
    keys = _by_step(document.keys)
    found: dict[tuple[str, int], StepPlaces] = {}
    for step in {**keys, **values}:
        own = keys.get(step, {})
        where = own.get(()) or values.get(step, {}).get(()) or Span(0, 0)
        found[step] = StepPlaces(where, values.get(step, {}), own)
    return found


def _by_step(places: Mapping[Path, Span]) -> dict[tuple[str, int], dict[Path, Span]]:
    """The places below each `workflow.NAME.phase[INDEX]`, by their paths from there."""
    found: dict[tuple[str, int], dict[Path, Span]] = {}
    for path, span in places.items():
        if len(path) < _DEPTH or path[0] != "workflow" or path[2] != "phase":
            continue
        name, index = path[1], path[3]
        if isinstance(name, str) and isinstance(index, int):
            found.setdefault((name, index), {})[path[_DEPTH:]] = span
    return found


def _misfits(phase: PhaseRow) -> tuple[str, str] | None:
    """The first key that does not go with the kind of the phase, and why."""
    kinds = [key for key in ("protocol", "ext", "workflow") if getattr(phase, key) is not None]
    if len(kinds) != 1:
        return (kinds[1] if kinds else "name", _ONE_KIND)
    allowed = {
        "protocol": set(PhaseRow.__struct_fields__) - {"agent", "ext", "workflow"},
        "ext": {"name", "ext", "agent", "needs", "makes", "thread"},
        "workflow": {"name", "workflow", "thread"},
    }[kinds[0]]
    for key in PhaseRow.__struct_fields__:
        if key not in allowed and getattr(phase, key) not in (None, [], {}):
            return key, f"`{key}` does not go with `{kinds[0]}`"
    if kinds[0] == "ext" and phase.agent is None:
        return "ext", "an `ext` step needs an `agent`, who takes it"
    if phase.each is not None and phase.thread is not None:
        return "thread", "the sessions of `each` have threads of their own; leave `thread` out"
    return None


def _unused_name(phase: PhaseRow, taken: set[str]) -> str:
    """A name after what a phase runs; one that is taken gets a number."""
    text = phase.ext or phase.workflow or phase.protocol or ""
    if phase.protocol is not None:
        path, _, chosen = text.partition("#")
        text = chosen or path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    name = text
    number = 1
    while name in taken:
        number += 1
        name = f"{text}-{number}"
    return name


def _step(phase: PhaseRow, name: str, places: StepPlaces) -> WorkflowStep:
    thread = phase.thread or ""
    needs, makes = tuple(phase.needs), tuple(phase.makes)
    if phase.ext is not None:
        return LocalStep(name, phase.agent or "", places, needs, makes, thread)
    if phase.workflow is not None:
        return WorkflowReference(name, phase.workflow, places, thread)
    if isinstance(phase.holds, dict):
        holds = tuple((agent, tuple(bundles)) for agent, bundles in phase.holds.items())
    else:
        holds = (("", tuple(phase.holds)),) if phase.holds else ()
    return ProtocolStep(
        name,
        phase.protocol or "",
        places,
        None if phase.agents is None else tuple(phase.agents.items()),
        None if phase.go_on is None else tuple(phase.go_on),
        tuple(phase.uses),
        phase.each or "",
        phase.join,
        phase.timeout or "",
        holds,
        tuple(phase.delegates.items()),
        thread,
        needs,
        makes,
    )


def _agent(document: TomlDocument, name: str, row: AgentRow) -> AgentText:
    at: Path = ("agents", name)
    order = tuple(
        (entry, document.span_of((*at, "order", index))) for index, entry in enumerate(row.order)
    )
    members = row.members
    sizes = () if members is None else (members,) if isinstance(members, int) else tuple(members)
    return AgentText(name, document.key_of(at), order, sizes, isinstance(members, int))


def commented_workflows(
    workspace: Workspace,
) -> Iterator[tuple[WorkflowDocument, list[Diagnostic]]]:
    """The workflows that comments of choreographies hold, by file.

    `-- tell: workflow sign_in: identity[Known] ; session` runs protocols of the file, or beside it,
    one after the other; the roles are the agents, and brackets have the branches to go on after. A
    document has the workflows that can be read, beside the findings on the others.
    """
    for unit, choreographies in workspace.opened():
        found: list[WorkflowText] = []
        said: list[Diagnostic] = []
        path = unit.file.path
        for judged in choreographies:
            comments = directives(judged.file, judged.source)
            said.extend(
                wrong
                for wrong in comments.diagnostics
                if _MISWRITTEN.match(judged.source.slice(wrong.primary.span))
            )
            for one in comments.of_kind(COMMENT):
                read = _sequence(path, one)
                if isinstance(read, list):
                    said.extend(read)
                elif any(other.name == read.name for other in found):
                    text = f"there are two workflows `{read.name}`"
                    said.append(say.unreadable_workflow(path, one.argument_span, text))
                else:
                    found.append(read)
        if found or said:
            yield WorkflowDocument(path, tuple(found)), said


def _sequence(path: str, comment: Directive) -> WorkflowText | list[Diagnostic]:
    """The workflow of one comment, or all that is wrong with it."""
    if not comment.text:
        text = "a workflow lists its protocols: `-- tell: workflow NAME: FIRST ; SECOND`"
        return [say.unreadable_workflow(path, comment.span, text)]
    wrong: list[Diagnostic] = []
    steps: list[WorkflowStep] = []
    at = comment.text_span.start
    taken: set[str] = set()
    for part in comment.text.split(";"):
        span = Span(at + len(part) - len(part.lstrip()), at + max(len(part.rstrip()), 1))
        at += len(part) + 1
        found = _PHASE.fullmatch(part)
        if found is None:
            text = "expected a protocol, or `Protocol[Branch]`"
            wrong.append(say.unreadable_workflow(path, span, text))
            continue
        branches = found["branches"]
        go_on = None
        if branches is not None:
            go_on = tuple(one for one in re.split(r"[,\s]+", branches) if one)
            if not go_on:
                wrong.append(say.unreadable_workflow(path, span, "the brackets name no branch"))
        protocol = found["name"]
        name = _unused_name(PhaseRow(ext=protocol), taken)
        taken.add(name)
        steps.append(ProtocolStep(name, protocol, StepPlaces(span), go_on=go_on))
    return wrong or WorkflowText(comment.argument, comment.argument_span, tuple(steps))
