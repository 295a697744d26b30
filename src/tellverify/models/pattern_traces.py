"""Runs of models as ITF JSON, one variable for each parameter and each field of the state.

The format is the Informal Trace Format of Apalache (ADR 015), as in `evidence.itf`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from tellverify.models.evaluation import Value
from tellverify.models.expressions import Enum, MapOf, RecordOf, TruthExpression, Type
from tellverify.models.pattern_model import Model, ModelClaim, PatternInput
from tellverify.models.pattern_search import ModelRun

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json]"


def write_run(model: Model, run: ModelRun, claim: ModelClaim, source: str, sha256: str) -> str:
    """The run that breaks a claim, as the text of a file."""
    fields = (
        [name for name, _ in model.state.fields] if isinstance(model.state, RecordOf) else ["state"]
    )
    parameters = [one.name for one in model.parameters]
    given = encoded_values(model.parameters, run.parameters)
    inputs = {action.name: action.inputs for action in model.actions}
    taken: list[Json] = [{}, *(encoded_values(inputs[s.action], s.inputs) for s in run.steps)]
    states: list[Json] = []
    actions = ["", *(step.action for step in run.steps)]
    for index, state in enumerate([run.start, *(step.state for step in run.steps)]):
        encoded = _encoded(state, model.state)
        variables = encoded if isinstance(model.state, RecordOf) else {"state": encoded}
        meta: Json = {"index": index, "action": actions[index], "inputs": taken[index]}
        states.append(
            {"#meta": meta, **given, **(variables if isinstance(variables, dict) else {})}
        )
    document: Json = {
        "#meta": {
            "format": "ITF",
            "source": source,
            "sha256": sha256,
            "pattern": model.name,
            "claim": f"{claim.kind} {claim.name}",
        },
        "vars": [*parameters, *fields],
        "states": states,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def encoded_values(inputs: Sequence[PatternInput], values: Mapping[str, Value]) -> dict[str, Json]:
    """Values of parameters or inputs as they stand in a file."""
    return {one.name: _encoded(values[one.name], one.kind) for one in inputs}


def _encoded(value: Value, kind: Type) -> Json:
    match kind, value:
        case TruthExpression(), _:
            return bool(value)
        case Enum(names), int():
            return names[value]
        case RecordOf(fields), dict():
            named = {str(key): part for key, part in value.items()}
            return {name: _encoded(named[name], of) for name, of in fields}
        case _, frozenset():
            return {"#set": [_number(one) for one in sorted(value)]}
        case _, tuple():
            return [_number(one) for one in value]
        case MapOf(_, of), dict():
            pairs = sorted((int(place), part) for place, part in value.items())
            return {"#map": [[_number(place), _encoded(part, of)] for place, part in pairs]}
        case _, int():
            return _number(value)
        case _:
            raise TypeError(type(kind).__name__)


def _number(value: int) -> Json:
    return {"#bigint": str(value)}
