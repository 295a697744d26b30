"""Declarations, headers and protocols."""

from __future__ import annotations

import pytest
from syntax_texts import WHOLE, faults, parsed

from tellverify.language.syntax import ast
from tellverify.source.text import SourceFile


@pytest.fixture(scope="module")
def whole() -> ast.File:
    result = parsed(WHOLE)
    assert result.diagnostics == ()
    assert result.file.complete
    return result.file


def texts(names: tuple[ast.Name, ...]) -> list[str]:
    return [name.text for name in names]


def test_module_and_imports(whole: ast.File) -> None:
    assert whole.module is not None
    assert whole.module.name.text == "freight"
    assert texts(whole.module.exposing) == ["Dispatch", "Yard"]
    crates, lanes = whole.imports
    assert crates.alias is not None and crates.alias.text == "c"
    assert crates.exposing is not None and texts(crates.exposing) == ["Crate"]
    assert (lanes.module.text, lanes.alias, lanes.exposing) == ("lanes", None, None)


def test_proof_bundle(whole: ast.File) -> None:
    bundle = whole.declarations[0]
    assert isinstance(bundle, ast.ProofBundle)
    assert (bundle.version, bundle.issuer, bundle.constraints) == ("2", "ops", ("fresh",))
    assert texts(bundle.requires) == ["adherence", "bridge"]


def test_a_repeated_field_of_a_bundle_counts_last_and_constraints_add_up() -> None:
    file = parsed(
        'proof_bundle B version "1" constraint "a" version "2" constraint "b" requires []\n'
        "protocol P =\n  roles A, B\n  A -> B : M\n"
    ).file
    bundle = file.declarations[0]
    assert isinstance(bundle, ast.ProofBundle)
    assert (bundle.version, bundle.constraints, bundle.requires) == ("2", ("a", "b"), ())


def test_profiles(whole: ast.File) -> None:
    profile, agreement = whole.declarations[1:3]
    assert isinstance(profile, ast.Profile)
    assert [(key.text, value.text) for key, value in profile.fields] == [
        ("fairness", "eventual"),
        ("admissibility", "replay"),
        ("escalation_window", "bounded"),
    ]
    assert isinstance(agreement, ast.AgreementProfile)
    assert [key.text for key, _ in agreement.fields] == [
        "visibility",
        "rule",
        "usable_at",
        "finalized_at",
        "evidence",
    ]


def test_fields_of_an_agreement_at_its_own_column() -> None:
    file = parsed(
        "agreement_profile S\nvisibility pending\nrule all\ntype T =\n| X\n| Y\n"
        "effect E\nop : A -> B { class : observational }\n"
        "guest runtime G =\nuses E\nentry op\n"
        "protocol P =\n  roles A, B\n  A -> B : M\n"
    ).file
    assert file.complete
    agreement, union, effect, guest = file.declarations
    assert isinstance(agreement, ast.AgreementProfile) and len(agreement.fields) == 2
    assert isinstance(union, ast.UnionType) and len(union.constructors) == 2
    assert isinstance(effect, ast.Effect) and len(effect.operations) == 1
    assert isinstance(guest, ast.GuestRuntime) and len(guest.entries) == 1


def test_role_sets_and_topologies(whole: ast.File) -> None:
    crew, some, ring = whole.declarations[3:6]
    assert isinstance(crew, ast.RoleSet) and texts(crew.members) == ["Courier", "Depot"]
    assert isinstance(some, ast.RoleSet) and some.subset is not None
    assert (some.subset[0].text, some.subset[1:]) == ("Crew", (0, 2))
    assert isinstance(ring, ast.Topology) and ring.shape == "ring"


def test_types(whole: ast.File) -> None:
    bay, crate, error = whole.declarations[6:9]
    assert isinstance(bay, ast.TypeAliasDecl)
    assert bay.value.constructor == "Result"
    assert [value.constructor for value in bay.value.arguments] == ["path", "Maybe"]
    assert bay.value.arguments[1].arguments[0].text == "yard.Bay"
    assert isinstance(crate, ast.TypeAliasDecl)
    assert (crate.value.constructor, crate.value.text) == ("record", "weight : Int")
    assert isinstance(error, ast.UnionType)
    full, closed = error.constructors
    assert full[1] is None
    assert closed[1] is not None and closed[1].constructor == "Unit"


def test_an_indented_record_type_and_indented_metadata() -> None:
    file = parsed(
        "type alias T =\n  a : Int\n  b : Int\n"
        "effect E\n  op : A -> B\n    class : authoritative\n    region : global\n"
        "protocol P =\n  roles A, B\n  A -> B : M\n"
    ).file
    alias, effect = file.declarations
    assert isinstance(alias, ast.TypeAliasDecl)
    assert alias.value.text == "a : Int\n  b : Int"
    assert isinstance(effect, ast.Effect)
    assert [(key.text, value.text) for key, value in effect.operations[0].metadata] == [
        ("class", "authoritative"),
        ("region", "global"),
    ]


def test_effects(whole: ast.File) -> None:
    effect = whole.declarations[9]
    assert isinstance(effect, ast.Effect)
    claim, load, observe = effect.operations
    assert [one.kind for one in effect.operations] == ["authoritative", "command", "observe"]
    assert len(claim.metadata) == len(load.metadata) == 5
    assert (claim.argument.text, claim.result.constructor) == ("Parcel", "Result")
    assert (load.argument.constructor, load.result.text) == ("Unit", "Int")
    assert observe.name.text == "observe"


def test_fragments_operations_and_guest_runtimes(whole: ast.File) -> None:
    fragment, operation, guest = whole.declarations[10:]
    assert isinstance(fragment, ast.Fragment) and texts(fragment.parameters) == ["floor", "gate"]
    assert isinstance(operation, ast.Operation)
    assert [(name.text, value.text) for name, value in operation.parameters] == [
        ("item", "Crate"),
        ("bay", "Bay"),
    ]
    assert operation.owner.name.text == "Depot"
    assert operation.within is not None and operation.within.text == "Hall"
    assert texts(operation.within_arguments) == ["floor"]
    progress = operation.progress
    assert progress is not None
    assert [
        clause.text if clause else None
        for clause in (
            progress.contract,
            progress.requires,
            progress.within,
            progress.on_timeout,
            progress.on_stall,
        )
    ] == ["Stowed", "Steady", None, "late", "stuck"]
    assert operation.agreement is not None and operation.agreement.text == "Soft"
    assert operation.prestate is not None and operation.prestate.text == "empty"
    assert operation.compose == ast.Compose(operation.compose.policy, 2)  # type: ignore[union-attr]
    assert len(operation.body) == 1
    assert isinstance(guest, ast.GuestRuntime)
    assert (texts(guest.uses), texts(guest.entries)) == (["Yard", "Other"], ["stow"])


def test_the_protocol(whole: ast.File) -> None:
    (protocol,) = whole.protocols
    assert protocol.complete
    assert texts(protocol.requires) == ["Envelope"]
    assert texts(protocol.uses) == ["Yard"]
    assert texts(protocol.under) == ["Steady"]
    assert protocol.header_roles is None
    assert protocol.roles is not None
    assert [role.size for role in protocol.roles] == [
        None,
        None,
        None,
        ast.ConstIndex(4),
        ast.NameIndex("N"),
        ast.AnyIndex(),
    ]
    assert [one.name.text for one in protocol.locals] == ["Notice", "Other"]
    assert [len(one.body) for one in protocol.locals] == [1, 1]


def test_comments_are_kept_with_their_places(whole: ast.File) -> None:
    assert [one.text.partition("\n")[0] for one in whole.comments] == [
        "-- declarations",
        "{- the protocol",
    ]
    for one in whole.comments:
        assert WHOLE[one.span.start : one.span.end] == one.text


def test_header_roles_and_roles_of_local_protocols_are_kept() -> None:
    file = parsed(
        "protocol P(A, B[2]) =\n  A -> B : M\nwhere\nprotocol L(C) =\n  roles D\n  A -> B : N\n"
    ).file
    (protocol,) = file.protocols
    assert protocol.header_roles is not None and len(protocol.header_roles) == 2
    (local,) = protocol.locals
    assert local.header_roles is not None and local.roles is not None


def test_a_body_in_parentheses_ignores_indentation() -> None:
    file = parsed(
        "protocol P = (\nroles A, B\n      A -> B : M\n  choice A at ( | x => A -> B : x\n"
        "| y => ( A -> B : y A -> B : z ) ) ) where ( protocol L = ( A -> B : N ) )\n"
    ).file
    assert file.complete
    (protocol,) = file.protocols
    _, choice = protocol.body
    assert isinstance(choice, ast.Choice)
    assert [len(branch.body) for branch in choice.branches] == [1, 2]
    assert len(protocol.locals) == 1


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", ["TV141"]),
        ("-- only a comment\n", ["TV141"]),
        ("fragment F\n", ["TV141"]),
        ("protocol P =\n  A -> B : M\nprotocol Q =\n  A -> B : M\n", ["TV142"]),
        ("protocol P =\n  A -> B : M\nfragment F\n", ["TV143"]),
        ("fragment F\nmodule m exposing (P)\nprotocol P =\n  A -> B : M\n", ["TV144"]),
        ("fragment F\nimport m\nprotocol P =\n  A -> B : M\n", ["TV144"]),
        ("protocol P\n=\n  A -> B : M\n", ["TV135"]),
        ("protocol P\n  =\n  A -> B : M\n", ["TV135"]),
        ("protocol P\n  =\n    A -> B : M\n", ["TV135"]),
        ("type T\n= | X\nprotocol P =\n  A -> B : M\n", ["TV135"]),
        ("type alias T\n= X\nprotocol P =\n  A -> B : M\n", ["TV135"]),
        ("guest runtime G\n= entry e\nprotocol P =\n  A -> B : M\n", ["TV135"]),
        ("operation O at A\n= ( A -> B : M )\nprotocol P =\n  A -> B : M\n", ["TV135"]),
        ('proof_bundle B\n  version "1"\nprotocol P =\n  A -> B : M\n', ["TV103"]),
        ("protocol P = ( )\n", ["TV134"]),
        ("protocol P = ( roles A, B )\n", ["TV134"]),
    ],
)
def test_structure_of_the_file(text: str, numbers: list[str]) -> None:
    assert [number for number, _, _ in faults(text)] == numbers


def test_all_protocols_are_kept_and_order_faults_leave_them_complete() -> None:
    file = parsed("protocol P =\n  A -> B : M\nfragment F\nprotocol Q =\n  A -> B : M\n").file
    assert [(one.name.text, one.complete) for one in file.protocols] == [("P", True), ("Q", True)]
    assert file.complete


def test_spans_of_declarations_and_statements_begin_and_end_at_words(whole: ast.File) -> None:
    source = SourceFile("a.tell", WHOLE)
    for declaration in whole.declarations:
        text = source.slice(declaration.span)
        assert text == text.strip() != ""
    for statement in whole.protocols[0].body:
        text = source.slice(statement.span)
        assert text == text.strip() != ""
