"""All reachable states of a model for all values of its parameters in their ranges.

Breadth first, so that the run that reaches a state is a shortest one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, TypeAlias

import msgspec

from tellverify.models.evaluation import Value, evaluate, values_of
from tellverify.models.expressions import RecordOf
from tellverify.models.extents import TooLarge, scalar_count, value_count
from tellverify.models.pattern_model import Model, ModelClaim, PatternInput

MOST_STATES: Final = 100_000
MOST_TRIED: Final = 1_000_000
_MOST_PARTS: Final = 2_000_000  # of all states together
_MOST_CHOICES: Final = 100_000
Key: TypeAlias = "tuple[object, ...] | frozenset[int] | int"


class PatternStep(msgspec.Struct, frozen=True):
    """An action with its inputs, and the state after it."""

    action: str
    inputs: dict[str, Value]
    state: Value


class ModelRun(msgspec.Struct, frozen=True):
    """Values of the parameters, the initial state, and the steps after it."""

    parameters: dict[str, Value]
    start: Value
    steps: tuple[PatternStep, ...]


class _Reached(msgspec.Struct):
    """A state, and the step from another that reached it first (-1 for a start)."""

    parameters: int
    state: Value
    before: int
    action: str
    inputs: dict[str, Value]


class Space:
    """The reachable states in the order in which they are found, and the steps between them.

    `stopped` says why there may be more than were found: over `MOST_STATES`, more actions tried
    than allowed, or numbers that are too long; the states found until then are those reached in the
    fewest steps. It is empty when all states were found.
    """

    def __init__(
        self, model: Model, wanted: Sequence[ModelClaim] | None = None, most_tried: int = MOST_TRIED
    ) -> None:
        """Find the states. Raises TooLarge when there are too many values to begin with.

        When `wanted` has nothing but `always` claims, the search ends as soon as each of them is
        refuted.
        """
        self.stopped = ""
        self._model = model
        self._most_tried = most_tried
        self._tried = 0
        self._open = None
        if wanted is not None and all(claim.kind != "possible" for claim in wanted):
            self._open = list(wanted)
        self._reached: list[_Reached] = []
        self._known: dict[tuple[int, Key], int] = {}
        self._sources: list[list[int]] = []
        self._parameters = [
            values
            for values in choices(model.parameters)
            if model.assume is None or evaluate(model.assume, values)
        ]
        self._inputs = choices_of_actions(model)
        self._most_states = min(MOST_STATES, _MOST_PARTS // scalar_count(model.state))
        try:
            self._fill()
        except TooLarge as error:
            self.stopped = str(error)

    @property
    def is_complete(self) -> bool:
        """Whether the states are all that can be reached."""
        return not self.stopped

    @property
    def state_count(self) -> int:
        """How many states there are, over all values of the parameters."""
        return len(self._reached)

    def _fill(self) -> None:
        for number, values in enumerate(self._parameters):
            start = _Reached(number, evaluate(self._model.start, values), -1, "", {})
            if self._add(start) < 0:
                return
        queue = deque(range(len(self._reached)))
        while queue:
            index = queue.popleft()
            parameters = self._reached[index].parameters
            for step in self._steps(index):
                found = _Reached(parameters, step.state, index, step.action, step.inputs)
                target = self._add(found)
                if target < 0:
                    return
                if self._reached[target] is found:
                    queue.append(target)
                self._sources[target].append(index)

    def _add(self, found: _Reached) -> int:
        """The number of a state, -1 when the search ends here."""
        place = (found.parameters, key(found.state))
        index = self._known.setdefault(place, len(self._reached))
        if index == len(self._reached):
            if index >= self._most_states:
                self.stopped = f"there are more than {self._most_states} states"
                return -1
            self._reached.append(found)
            self._sources.append([])
            if self._open is not None:
                self._open = [claim for claim in self._open if self._meets(claim, index)]
                if not self._open:
                    self.stopped = "every claim is refuted"
                    return -1
        return index

    def _steps(self, index: int) -> Iterator[PatternStep]:
        reached = self._reached[index]
        scope = {**self._parameters[reached.parameters], "x": reached.state}
        for action in self._model.actions:
            for inputs in self._inputs[action.name]:
                self._tried += 1
                if self._tried > self._most_tried:
                    raise TooLarge(f"more than {self._most_tried} actions are tried")
                names = {**scope, **inputs}
                if action.when is None or evaluate(action.when, names):
                    yield PatternStep(action.name, inputs, evaluate(action.to, names))

    def _meets(self, claim: ModelClaim, index: int) -> bool:
        reached = self._reached[index]
        scope = {**self._parameters[reached.parameters], "x": reached.state}
        return bool(evaluate(claim.text, scope))

    def violation(self, claim: ModelClaim) -> ModelRun | None:
        """A shortest run that violates a claim.

        It leads to a state that does not meet the claim, or, for a `possible` claim, to one from
        which no state that meets it can be reached; then the states must be complete.
        """
        if claim.kind != "possible":
            bad = (i for i in range(len(self._reached)) if not self._meets(claim, i))
            first = next(bad, None)
            return None if first is None else self.run_to(first)
        hopeful = [i for i in range(len(self._reached)) if self._meets(claim, i)]
        seen = set(hopeful)
        while hopeful:
            for source in self._sources[hopeful.pop()]:
                if source not in seen:
                    seen.add(source)
                    hopeful.append(source)
        lost = next((i for i in range(len(self._reached)) if i not in seen), None)
        return None if lost is None else self.run_to(lost)

    def run_to(self, index: int) -> ModelRun:
        """The run that reached a state first."""
        steps = []
        reached = self._reached[index]
        while reached.before >= 0:
            steps.append(PatternStep(reached.action, reached.inputs, reached.state))
            reached = self._reached[reached.before]
        steps.reverse()
        return ModelRun(self._parameters[reached.parameters], reached.state, tuple(steps))


def choices_of_actions(model: Model) -> dict[str, list[dict[str, Value]]]:
    """All values of the inputs of each action. Raises TooLarge."""
    found: dict[str, list[dict[str, Value]]] = {}
    count = 0
    for action in model.actions:
        found[action.name] = list(choices(action.inputs))
        count += len(found[action.name])
        if count > _MOST_CHOICES:
            raise TooLarge(f"there are more than {_MOST_CHOICES} values to choose from")
    return found


def choices(inputs: tuple[PatternInput, ...]) -> Iterator[dict[str, Value]]:
    """All values of some inputs, numbers in their ranges. Raises TooLarge."""
    spaces: list[list[Value]] = []
    count = 1
    for one in inputs:
        if one.range is None and isinstance(one.kind, RecordOf):
            raise TooLarge(f"`{one.name}` is a record: list its fields as inputs")
        least, most = one.range or (0, value_count(one.kind, 2) - 1)
        count *= most - least + 1
        if count > _MOST_CHOICES:
            raise TooLarge(f"there are more than {_MOST_CHOICES} values to choose from")
        numbers: list[Value] = list(range(least, most + 1))
        spaces.append(numbers if one.range is not None else values_of(one.kind, 2))
    names = [one.name for one in inputs]
    for values in product(*spaces):
        yield dict(zip(names, values, strict=True))


def key(value: Value) -> Key:
    """A value in hashable form."""
    match value:
        case dict():
            return tuple(sorted((str(name), key(part)) for name, part in value.items()))
        case _:
            return value
