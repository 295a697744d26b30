"""Hypothesis strategies for syntax trees of the whole grammar, without places.

The trees are those that some text stands for: lists that the grammar wants are not empty, strings
have no quotes, opaque text is stripped and has no closing bracket. Roles need not be declared.
"""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from tellverify.syntax import ast

_NAMES = ("A", "B", "Courier", "Depot", "x1", "long_name", "Node", "ready", "ok", "T")
_TEXTS = ("", "a", "relay:forward", "-- no comment", "{- x -}", "a|b;c = d", "(]", "é\\n")
_OPAQUE = ("x", "u8, String", "a::b::C", "a.b > 3 && !c", '"s"', "[1, 2]", "x -- why", "-1")

words = st.sampled_from(_NAMES)
names = words.map(ast.Name)
numbers = st.one_of(st.integers(0, 12), st.just(2**64 - 1))
texts = st.sampled_from(_TEXTS)
opaque = st.sampled_from(_OPAQUE)
bounds = st.one_of(st.integers(0, 9_999), words)


def _some(element: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[tuple]:
    return st.lists(element, min_size=1, max_size=most).map(tuple)


def _any(element: st.SearchStrategy[object], most: int = 2) -> st.SearchStrategy[tuple]:
    return st.lists(element, max_size=most).map(tuple)


def _maybe(element: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), element)


def _plain_index(bound: int | str) -> ast.Index:
    return ast.ConstIndex(bound) if isinstance(bound, int) else ast.NameIndex(bound)


sizes = st.one_of(st.just(ast.AnyIndex()), bounds.map(_plain_index))
indices = st.one_of(sizes, st.builds(ast.RangeIndex, bounds, bounds))
declared = st.builds(ast.RoleDecl, names, _maybe(sizes))
roles = st.builds(ast.RoleRef, names, _maybe(indices))

durations = st.builds(ast.DurationValue, numbers, st.sampled_from(["ms", "s", "m", "h"]))
values = st.one_of(
    st.builds(ast.TextValue, texts),
    durations,
    st.builds(ast.IntsValue, _some(numbers)),
    st.builds(ast.NamesValue, _some(words)),
    st.builds(ast.IntValue, numbers),
    st.builds(ast.WordValue, words),
)
records = st.builds(ast.Record, _any(st.builds(ast.Entry, names, values), 3))
type_paths = st.recursive(
    st.builds(ast.TypePath, _some(words)),
    lambda inner: st.builds(ast.TypePath, _some(words), _some(inner, 2)),
    max_leaves=4,
)


@st.composite
def messages(draw: st.DrawFn) -> ast.Message:
    bracket = draw(st.sampled_from(["", "", "(", "{"]))
    payload = draw(st.one_of(st.just(""), opaque)) if bracket else ""
    return ast.Message(draw(names), draw(_maybe(type_paths)), payload, bracket)


# Expressions

paths = st.builds(ast.Path, _some(words))
atoms = st.recursive(
    st.one_of(paths, st.builds(ast.TextAtom, texts), st.builds(ast.IntAtom, numbers)),
    lambda inner: st.builds(ast.EffectCall, names, names, _any(inner)),
    max_leaves=4,
)
calls = st.builds(ast.EffectCall, names, names, _any(atoms))
constructs = st.one_of(
    st.builds(ast.Construct, st.sampled_from(["Ok", "Err"]).map(ast.Name), _maybe(paths)),
    st.builds(ast.Construct, st.just(ast.Name("Just")), paths),
    st.just(ast.Construct(ast.Name("Nothing"))),
)
expressions = st.one_of(
    st.builds(ast.Check, calls),
    st.builds(ast.Observe, calls),
    st.builds(ast.Transfer, names, roles, roles),
    constructs,
    st.builds(ast.Apply, names, _any(atoms)),
    paths,
)
guards = st.one_of(st.builds(ast.WhenPredicate, opaque), st.builds(ast.WhenCheck, calls, names))
progresses = st.builds(
    ast.Progress, names, _maybe(names), _maybe(names), _maybe(names), _maybe(names)
)

# Statements


@st.composite
def resolutions(draw: st.DrawFn) -> ast.Resolve:
    result = draw(st.sampled_from(["Success", "Failure", "Timeout", "Cancelled"]))
    argument = None if result == "Cancelled" else draw(_maybe(paths))
    return ast.Resolve(draw(names), ast.Name(result), argument)


modes = st.sampled_from(["", "authoritative", "observe"])
sends = st.builds(ast.Send, roles, roles, messages(), _maybe(records))
broadcasts = st.builds(ast.Broadcast, roles, messages(), _maybe(records))
single = st.one_of(
    sends,
    broadcasts,
    st.builds(ast.Continue, names),
    st.builds(ast.Call, names),
    st.builds(ast.Let, names, expressions, modes),
    st.builds(ast.Begin, names, _any(atoms), _maybe(progresses)),
    st.builds(ast.Await, names),
    resolutions(),
    st.builds(ast.Invalidate, names),
    st.builds(ast.Publish, names, _maybe(paths)),
    st.builds(ast.PublishAs, names, names),
    st.builds(ast.Materialize, names, names),
    st.builds(ast.Handoff, names, roles, names),
    st.builds(ast.DependentWork, names, names, _maybe(paths)),
)
loop_kinds = st.one_of(
    st.builds(ast.Decide, roles),
    st.builds(ast.Repeat, bounds),
    st.builds(ast.While, texts),
    st.just(ast.Forever()),
)
constructors = st.sampled_from(["Ok", "Err", "Just", "Nothing", "Full"]).map(ast.Name)


def _nested(inner: st.SearchStrategy[ast.Statement]) -> st.SearchStrategy[ast.Statement]:
    blocks = _some(inner)
    return st.one_of(
        st.builds(ast.Choice, roles, _some(st.builds(ast.Branch, names, blocks, _maybe(guards)))),
        st.builds(ast.Par, _some(blocks)),
        st.builds(ast.Loop, loop_kinds, blocks),
        st.builds(ast.Rec, names, blocks),
        st.builds(ast.Let, names, expressions, modes, blocks),
        st.builds(
            ast.Case, expressions, _some(st.builds(ast.Arm, constructors, blocks, _any(names)))
        ),
        st.builds(ast.Timeout, durations, roles, blocks, blocks, _maybe(blocks)),
    )


statements = st.recursive(single, _nested, max_leaves=6)
blocks = _some(statements)

# Declarations


def _pairs(keys: Iterable[str]) -> st.SearchStrategy[tuple]:
    return _any(st.tuples(st.sampled_from(list(keys)).map(ast.Name), names), 5)


plain_types = st.one_of(
    st.builds(ast.TypeExpression, st.just("path"), _some(words).map(".".join)),
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
    within = draw(_maybe(names))
    agreement = draw(_maybe(names))
    return ast.Operation(
        draw(names),
        draw(roles),
        draw(blocks),
        parameters=draw(_any(st.tuples(names, plain_types))),  # `=` stays on the line
        within=within,
        within_arguments=draw(_any(names)) if within is not None else (),
        progress=draw(_maybe(progresses)),
        agreement=agreement,
        prestate=draw(_maybe(names)) if agreement is not None else None,
        compose=draw(_maybe(st.builds(ast.Compose, names, _maybe(numbers)))),
    )


declarations = st.one_of(
    st.builds(ast.ProofBundle, names, _maybe(texts), _maybe(texts), _any(texts), _any(names, 3)),
    st.builds(ast.Profile, names, _pairs(["fairness", "admissibility", "escalation_window"])),
    st.builds(
        ast.AgreementProfile,
        names,
        _pairs(["visibility", "rule", "usable_at", "finalized_at", "evidence"]),
    ),
    st.builds(ast.RoleSet, names, _some(names)),
    st.builds(
        lambda name, subset: ast.RoleSet(name, (), subset),
        names,
        st.tuples(names, numbers, numbers),
    ),
    st.builds(ast.Topology, st.sampled_from(["cluster", "ring", "mesh"]), names, _some(names)),
    st.builds(ast.TypeAliasDecl, names, types),
    st.builds(ast.UnionType, names, _some(st.tuples(names, _maybe(types)))),
    st.builds(ast.Effect, names, _any(effect_operations)),
    st.builds(ast.Fragment, names, _any(names)),
    operations(),
    st.builds(ast.GuestRuntime, names, _any(names), _any(names)),
)

# Files

locals_ = st.builds(ast.LocalProtocol, names, blocks)


@st.composite
def protocols(draw: st.DrawFn) -> ast.Protocol:
    in_header = draw(st.booleans())
    listed = draw(_some(declared))
    return ast.Protocol(
        draw(names),
        draw(blocks),
        header_roles=listed if in_header else None,
        roles=None if in_header else listed,
        requires=draw(_any(names)),
        uses=draw(_any(names)),
        under=draw(_any(names)),
        locals=draw(_any(locals_)),
    )


modules = st.builds(ast.Module, names, _any(names))
imports = st.builds(ast.Import, names, _maybe(names), _maybe(_any(names)))
files = st.builds(
    ast.File,
    _maybe(modules),
    _any(imports),
    _any(declarations),
    st.tuples(protocols()),
)
