"""Hypothesis strategies for syntax trees of the whole grammar, without places.

The trees are those that some text stands for: lists that the grammar wants are not empty, strings
have no quotes, opaque text is stripped and has no closing bracket. Roles need not be declared.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from tellverify.language.syntax import ast

_NAMES = ("A", "B", "Courier", "Depot", "x1", "long_name", "Node", "ready", "ok", "T")
_TEXTS = ("", "a", "relay:forward", "-- no comment", "{- x -}", "a|b;c = d", "(]", "é\\n")
_OPAQUE = ("x", "u8, String", "a::b::C", "a.b > 3 && !c", '"s"', "[1, 2]", "x -- why", "-1")

words = st.sampled_from(_NAMES)
names = words.map(ast.Name)
numbers = st.one_of(st.integers(0, 12), st.just(2**64 - 1))
texts = st.sampled_from(_TEXTS)
opaque = st.sampled_from(_OPAQUE)
bounds = st.one_of(st.integers(0, 9_999), words)


def some(element: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[tuple]:
    return st.lists(element, min_size=1, max_size=most).map(tuple)


def any_number(element: st.SearchStrategy[object], most: int = 2) -> st.SearchStrategy[tuple]:
    return st.lists(element, max_size=most).map(tuple)


def maybe(element: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), element)


def _plain_index(bound: int | str) -> ast.Index:
    return ast.ConstIndex(bound) if isinstance(bound, int) else ast.NameIndex(bound)


sizes = st.one_of(st.just(ast.AnyIndex()), bounds.map(_plain_index))
indices = st.one_of(sizes, st.builds(ast.RangeIndex, bounds, bounds))
declared = st.builds(ast.RoleDecl, names, maybe(sizes))
roles = st.builds(ast.RoleRef, names, maybe(indices))

durations = st.builds(ast.DurationValue, numbers, st.sampled_from(["ms", "s", "m", "h"]))
values = st.one_of(
    st.builds(ast.TextValue, texts),
    durations,
    st.builds(ast.IntsValue, some(numbers)),
    st.builds(ast.NamesValue, some(words)),
    st.builds(ast.IntValue, numbers),
    st.builds(ast.WordValue, words),
)
records = st.builds(ast.Record, any_number(st.builds(ast.RecordEntry, names, values), 3))
type_paths = st.recursive(
    st.builds(ast.TypePath, some(words)),
    lambda inner: st.builds(ast.TypePath, some(words), some(inner, 2)),
    max_leaves=4,
)


@st.composite
def messages(draw: st.DrawFn) -> ast.Message:
    bracket = draw(st.sampled_from(["", "", "(", "{"]))
    payload = draw(st.one_of(st.just(""), opaque)) if bracket else ""
    return ast.Message(draw(names), draw(maybe(type_paths)), payload, bracket)


# Expressions

paths = st.builds(ast.Path, some(words))
atoms = st.recursive(
    st.one_of(paths, st.builds(ast.TextAtom, texts), st.builds(ast.IntAtom, numbers)),
    lambda inner: st.builds(ast.EffectCall, names, names, any_number(inner)),
    max_leaves=4,
)
calls = st.builds(ast.EffectCall, names, names, any_number(atoms))
constructs = st.one_of(
    st.builds(ast.Construct, st.sampled_from(["Ok", "Err"]).map(ast.Name), maybe(paths)),
    st.builds(ast.Construct, st.just(ast.Name("Just")), paths),
    st.just(ast.Construct(ast.Name("Nothing"))),
)
expressions = st.one_of(
    st.builds(ast.Check, calls),
    st.builds(ast.Observe, calls),
    st.builds(ast.Transfer, names, roles, roles),
    constructs,
    st.builds(ast.Apply, names, any_number(atoms)),
    paths,
)
guards = st.one_of(st.builds(ast.WhenPredicate, opaque), st.builds(ast.WhenCheck, calls, names))
progresses = st.builds(ast.Progress, names, maybe(names), maybe(names), maybe(names), maybe(names))

# Statements


@st.composite
def resolutions(draw: st.DrawFn) -> ast.Resolve:
    result = draw(st.sampled_from(["Success", "Failure", "Timeout", "Cancelled"]))
    argument = None if result == "Cancelled" else draw(maybe(paths))
    return ast.Resolve(draw(names), ast.Name(result), argument)


modes = st.sampled_from(["", "authoritative", "observe"])
sends = st.builds(ast.Send, roles, roles, messages(), maybe(records))
broadcasts = st.builds(ast.Broadcast, roles, messages(), maybe(records))
single = st.one_of(
    sends,
    broadcasts,
    st.builds(ast.Continue, names),
    st.builds(ast.Call, names),
    st.builds(ast.Let, names, expressions, modes),
    st.builds(ast.Begin, names, any_number(atoms), maybe(progresses)),
    st.builds(ast.Await, names),
    resolutions(),
    st.builds(ast.Invalidate, names),
    st.builds(ast.Publish, names, maybe(paths)),
    st.builds(ast.PublishAs, names, names),
    st.builds(ast.Materialize, names, names),
    st.builds(ast.Handoff, names, roles, names),
    st.builds(ast.DependentWork, names, names, maybe(paths)),
)
loop_kinds = st.one_of(
    st.builds(ast.Decide, roles),
    st.builds(ast.Repeat, bounds),
    st.builds(ast.While, texts),
    st.just(ast.Forever()),
)
constructors = st.sampled_from(["Ok", "Err", "Just", "Nothing", "Full"]).map(ast.Name)


def _nested(inner: st.SearchStrategy[ast.Statement]) -> st.SearchStrategy[ast.Statement]:
    blocks = some(inner)
    return st.one_of(
        st.builds(ast.Choice, roles, some(st.builds(ast.Branch, names, blocks, maybe(guards)))),
        st.builds(ast.Par, some(blocks)),
        st.builds(ast.Loop, loop_kinds, blocks),
        st.builds(ast.Rec, names, blocks),
        st.builds(ast.Let, names, expressions, modes, blocks),
        st.builds(
            ast.Case, expressions, some(st.builds(ast.Arm, constructors, blocks, any_number(names)))
        ),
        st.builds(ast.Timeout, durations, roles, blocks, blocks, maybe(blocks)),
    )


statements = st.recursive(single, _nested, max_leaves=6)
blocks = some(statements)

# Declarations


def _pairs(keys: Iterable[str]) -> st.SearchStrategy[tuple]:
    return any_number(st.tuples(st.sampled_from(list(keys)).map(ast.Name), names), 5)


plain_types = st.one_of(
    st.builds(ast.TypeExpression, st.just("path"), some(words).map(".".join)),
    st.just(ast.TypeExpression("Unit")),
)
record_types = st.builds(
    ast.TypeExpression, st.just("record"), st.sampled_from(["", "a : Int", "a : T\n, b : U"])
)
types = st.recursive(
    st.one_of(plain_types, record_types),
    lambda inner: st.one_of(
        st.builds(ast.TypeExpression, st.just("Maybe"), st.just(""), st.tuples(inner)),
        st.builds(ast.TypeExpression, st.just("Result"), st.just(""), st.tuples(inner, inner)),
    ),
    max_leaves=4,
)
effect_operations = st.builds(
    ast.EffectOperation,
    names,
    st.sampled_from(["authoritative", "command", "observe"]),
    types,
    types,
    _pairs(["class", "progress", "region", "agreement_use", "reentrancy"]),
)


@st.composite
def operations(draw: st.DrawFn) -> ast.Operation:
    within = draw(maybe(names))
    agreement = draw(maybe(names))
    return ast.Operation(
        draw(names),
        draw(roles),
        draw(blocks),
        parameters=draw(any_number(st.tuples(names, plain_types))),  # `=` stays on the line
        within=within,
        within_arguments=draw(any_number(names)) if within is not None else (),
        progress=draw(maybe(progresses)),
        agreement=agreement,
        prestate=draw(maybe(names)) if agreement is not None else None,
        compose=draw(maybe(st.builds(ast.Compose, names, maybe(numbers)))),
    )


declarations = st.one_of(
    st.builds(
        ast.ProofBundle, names, maybe(texts), maybe(texts), any_number(texts), any_number(names, 3)
    ),
    st.builds(ast.Profile, names, _pairs(["fairness", "admissibility", "escalation_window"])),
    st.builds(
        ast.AgreementProfile,
        names,
        _pairs(["visibility", "rule", "usable_at", "finalized_at", "evidence"]),
    ),
    st.builds(ast.RoleSet, names, some(names)),
    st.builds(
        lambda name, subset: ast.RoleSet(name, (), subset),
        names,
        st.tuples(names, numbers, numbers),
    ),
    st.builds(ast.Topology, st.sampled_from(["cluster", "ring", "mesh"]), names, some(names)),
    st.builds(ast.TypeAliasDecl, names, types),
    st.builds(ast.UnionType, names, some(st.tuples(names, maybe(types)))),
    st.builds(ast.Effect, names, any_number(effect_operations)),
    st.builds(ast.Fragment, names, any_number(names)),
    operations(),
    st.builds(ast.GuestRuntime, names, any_number(names), any_number(names)),
)

# Files

locals_ = st.builds(ast.LocalProtocol, names, blocks)


@st.composite
def protocols(draw: st.DrawFn) -> ast.Protocol:
    in_header = draw(st.booleans())
    listed = draw(some(declared))
    return ast.Protocol(
        draw(names),
        draw(blocks),
        header_roles=listed if in_header else None,
        roles=None if in_header else listed,
        requires=draw(any_number(names)),
        uses=draw(any_number(names)),
        under=draw(any_number(names)),
        locals=draw(any_number(locals_)),
    )


modules = st.builds(ast.Module, names, any_number(names))
imports = st.builds(ast.Import, names, maybe(names), maybe(any_number(names)))
files = st.builds(
    ast.File,
    maybe(modules),
    any_number(imports),
    any_number(declarations),
    st.tuples(protocols()),
)
