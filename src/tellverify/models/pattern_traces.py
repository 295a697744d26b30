"""Runs of models as ITF JSON, one variable for each parameter and each field of the state.

The format is the Informal Trace Format of Apalache (ADR 015), as in `evidence.itf`.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tellverify.models.evaluation import Value
from tellverify.models.expressions import Enum, RecordOf, TruthExpression, Type
from tellverify.models.pattern_model import Model, ModelClaim
from tellverify.models.pattern_search import ModelRun

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json]"


def write_run(model: Model, run: ModelRun, claim: ModelClaim, source: str, sha256: str) -> str:
    """The run that breaks a claim, as the text of a file."""
    fields = (
        [name for name, _ in model.state.fields] if isinstance(model.state, RecordOf) else ["state"]
    )
    parameters = [one.name for one in model.parameters]
    given = {one.name: _encoded(run.parameters[one.name], one.kind) for one in model.parameters}
    states: list[Json] = []
    actions = ["", *(step.action for step in run.steps)]
    for index, state in enumerate([run.start, *(step.state for step in run.steps)]):
        encoded = _encoded(state, model.state)
        variables = encoded if isinstance(model.state, RecordOf) else {"state": encoded}
        meta: Json = {"index": index, "action": actions[index]}
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
        case _, int():
            return _number(value)
    return {"#unserializable": "a map"}


def _number(value: int) -> Json:
    return {"#bigint": str(value)}
