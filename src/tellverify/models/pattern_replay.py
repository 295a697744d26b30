"""Runs in files held against their model: each step is evaluated again, and so is the end.

Nothing of the search is used. Values are looked up among those that the model gives its parameters
and inputs, and what the steps lead to must be the file, byte for byte.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from tellverify.models.evaluation import Value, evaluate
from tellverify.models.extents import TooLarge
from tellverify.models.pattern_model import Model, ModelClaim, PatternInput
from tellverify.models.pattern_search import (
    MOST_STATES,
    MOST_TRIED,
    Key,
    ModelRun,
    PatternStep,
    choices,
    choices_of_actions,
    key,
)
from tellverify.models.pattern_traces import encoded_values, write_run

_MOST_STEPS: Final = 100_000
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


class NoSuchRun(Exception):
    """Why a file does not hold a run of its model that breaks its claim."""


class PatternSubject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run in a file states about itself; `claim` is the kind and the name."""

    format: str
    source: str
    sha256: str
    pattern: str
    claim: str


class _Meta(msgspec.Struct, frozen=True):
    action: str
    inputs: dict[str, object]


class _RecordedState(msgspec.Struct, frozen=True):
    meta: _Meta = msgspec.field(name="#meta")


class _File(msgspec.Struct, frozen=True):
    meta: PatternSubject = msgspec.field(name="#meta")
    states: list[_RecordedState]


class _Rows(msgspec.Struct, frozen=True):
    states: list[dict[str, object]]


def subject_of(content: bytes) -> PatternSubject:
    """What a run states about itself. Raises NoSuchRun."""
    return _read(content).meta


def replayed_run(content: bytes, model: Model) -> tuple[ModelRun, ModelClaim]:
    """The run in a file, and the claim that it breaks. Raises NoSuchRun."""
    file = _read(content)
    claim = next((c for c in model.claims if f"{c.kind} {c.name}" == file.meta.claim), None)
    if claim is None or claim.kind == "lemma":
        raise NoSuchRun(f"`{model.name}` has no claim `{file.meta.claim}`")
    try:
        run = _stepped(file, content, model)
        written = write_run(model, run, claim, file.meta.source, file.meta.sha256)
        if written.encode() != content:
            raise NoSuchRun(
                "its states are not those that the steps lead to, or it has other marks"
            )
        scope = {**run.parameters, "x": _last(run)}
        if claim.kind != "possible":
            if evaluate(claim.text, scope):
                raise NoSuchRun(f"the last state meets `{claim.name}`")
        elif any(evaluate(claim.text, {**scope, "x": state}) for state in _from(run, model)):
            raise NoSuchRun(f"a state that meets `{claim.name}` can still be reached")
    except TooLarge as error:
        raise NoSuchRun(str(error)) from None
    return run, claim


def _read(content: bytes) -> _File:
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NoSuchRun(f"not a run of a pattern: {str(error)[:200]}") from None
    if not 0 < len(file.states) <= _MOST_STEPS:
        raise NoSuchRun(f"{len(file.states)} states")
    return file


def _stepped(file: _File, content: bytes, model: Model) -> ModelRun:
    rows = msgspec.json.decode(content, type=_Rows).states
    names = [one.name for one in model.parameters]
    parameters = _Choices(model.parameters).values_of({name: rows[0].get(name) for name in names})
    assumed = parameters is not None and (
        model.assume is None or bool(evaluate(model.assume, parameters))
    )
    if parameters is None or not assumed:
        raise NoSuchRun("state 0: the parameters are not among those of the model")
    state = start = evaluate(model.start, parameters)
    steps: list[PatternStep] = []
    actions = {action.name: (action, _Choices(action.inputs)) for action in model.actions}
    for number, row in enumerate(file.states[1:], 1):
        if row.meta.action not in actions:
            raise NoSuchRun(f"state {number}: there is no action `{row.meta.action}`")
        action, known = actions[row.meta.action]
        inputs = known.values_of(row.meta.inputs)
        if inputs is None:
            raise NoSuchRun(f"state {number}: `{action.name}` has no such inputs")
        scope = {**parameters, "x": state, **inputs}
        if action.when is not None and not evaluate(action.when, scope):
            raise NoSuchRun(f"state {number}: `{action.name}` cannot happen before it")
        state = evaluate(action.to, scope)
        steps.append(PatternStep(action.name, inputs, state))
    return ModelRun(parameters, start, tuple(steps))


class _Choices:
    """All values of parameters or inputs, by what stands for them in a file."""

    def __init__(self, inputs: tuple[PatternInput, ...]) -> None:
        self._inputs = inputs
        self._known: dict[bytes, dict[str, Value]] | None = None

    def values_of(self, given: dict[str, object]) -> dict[str, Value] | None:
        """The values that a file has, None when there are none. Raises TooLarge."""
        if self._known is None:
            self._known = {
                _ENCODER.encode(encoded_values(self._inputs, one)): one
                for one in choices(self._inputs)
            }
        return self._known.get(_ENCODER.encode(given))


def _last(run: ModelRun) -> Value:
    return run.steps[-1].state if run.steps else run.start


def _from(run: ModelRun, model: Model) -> Iterator[Value]:
    """All states from the end of a run on. Raises TooLarge."""
    inputs = choices_of_actions(model)
    seen: set[Key] = {key(_last(run))}
    queue = deque([_last(run)])
    tried = 0
    while queue:
        state = queue.popleft()
        yield state
        for action in model.actions:
            for values in inputs[action.name]:
                tried += 1
                names = {**run.parameters, "x": state, **values}
                if action.when is not None and not evaluate(action.when, names):
                    continue
                after = evaluate(action.to, names)
                if key(after) not in seen:
                    seen.add(key(after))
                    queue.append(after)
        if len(seen) > MOST_STATES or tried > MOST_TRIED:
            raise TooLarge("there are too many states behind the end of the run")
