"""The file as written: every construct of the language, every node with its span.

Nothing here is resolved or judged. Blocks are tuples of statements in source order, so that
recursion depth follows nesting and never length. Section numbers refer to the grammar of the
language: declarations, roles, statements, messages, guards.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from tellverify.source.span import NOWHERE, Span


class Name(msgspec.Struct, frozen=True):
    """An identifier as written."""

    text: str
    span: Span = NOWHERE


# Roles


class AnyIndex(msgspec.Struct, frozen=True, tag=True):
    """`[*]`"""


class ConstIndex(msgspec.Struct, frozen=True, tag=True):
    """`[3]`"""

    value: int


class NameIndex(msgspec.Struct, frozen=True, tag=True):
    """`[N]` or `[i]`"""

    name: str


class RangeIndex(msgspec.Struct, frozen=True, tag=True):
    """`[low..high]`, start inclusive and end exclusive; a bound is a number or a name."""

    low: int | str
    high: int | str


Index: TypeAlias = AnyIndex | ConstIndex | NameIndex | RangeIndex


class RoleDecl(msgspec.Struct, frozen=True):
    """`Clerk`, `Node[4]`, `Node[N]` or `Signers[*]` in a `roles` list; never a RangeIndex."""

    name: Name
    size: Index | None = None
    span: Span = NOWHERE


class RoleRef(msgspec.Struct, frozen=True):
    """A role where it is used."""

    name: Name
    index: Index | None = None
    span: Span = NOWHERE


# Sender records and messages


class TextValue(msgspec.Struct, frozen=True, tag=True):
    """A string, without its quotes."""

    text: str


class DurationValue(msgspec.Struct, frozen=True, tag=True):
    """`5s`; `unit` is `ms`, `s`, `m` or `h`."""

    amount: int
    unit: str


class IntsValue(msgspec.Struct, frozen=True, tag=True):
    """`[1, 2]`"""

    values: tuple[int, ...]


class NamesValue(msgspec.Struct, frozen=True, tag=True):
    """`(A, B)`"""

    names: tuple[str, ...]


class IntValue(msgspec.Struct, frozen=True, tag=True):
    """`100`"""

    value: int


class WordValue(msgspec.Struct, frozen=True, tag=True):
    """A bare identifier; `true` and `false` are words."""

    word: str


Value: TypeAlias = TextValue | DurationValue | IntsValue | NamesValue | IntValue | WordValue


class RecordEntry(msgspec.Struct, frozen=True):
    """`key : value` of a sender record; order and duplicates are kept."""

    key: Name
    value: Value
    span: Span = NOWHERE


class Record(msgspec.Struct, frozen=True):
    """`{ key : value, ... }` after a sender."""

    entries: tuple[RecordEntry, ...]
    span: Span = NOWHERE


class TypePath(msgspec.Struct, frozen=True):
    """`a.b.Box<c.D>`"""

    parts: tuple[str, ...]
    arguments: tuple[TypePath, ...] = ()
    span: Span = NOWHERE


class Message(msgspec.Struct, frozen=True):
    """`Label`, `Label of a.b.C`, `Label(payload)`, `Label { payload }`; payload text is opaque.

    `bracket` is "(", "{" or "" when there is no payload.
    """

    label: Name
    type: TypePath | None = None
    payload: str = ""
    bracket: str = ""
    span: Span = NOWHERE


# Expressions


class Path(msgspec.Struct, frozen=True, tag=True):
    """`a.b.c`"""

    parts: tuple[str, ...]
    span: Span = NOWHERE


class IntAtom(msgspec.Struct, frozen=True, tag=True):
    """A number as an argument."""

    value: int
    span: Span = NOWHERE


class TextAtom(msgspec.Struct, frozen=True, tag=True):
    """A string as an argument, without its quotes."""

    text: str
    span: Span = NOWHERE


class EffectCall(msgspec.Struct, frozen=True, tag=True):
    """`E.op(args)`"""

    effect: Name
    operation: Name
    arguments: tuple[Atom, ...]
    span: Span = NOWHERE


Atom: TypeAlias = EffectCall | Path | TextAtom | IntAtom


class Check(msgspec.Struct, frozen=True, tag=True):
    """`check E.op(args)`"""

    call: EffectCall
    span: Span = NOWHERE


class Observe(msgspec.Struct, frozen=True, tag=True):
    """`observe E.op(args)`"""

    call: EffectCall
    span: Span = NOWHERE


class Transfer(msgspec.Struct, frozen=True, tag=True):
    """`transfer Asset from A to B`"""

    asset: Name
    source: RoleRef
    target: RoleRef
    span: Span = NOWHERE


class Construct(msgspec.Struct, frozen=True, tag=True):
    """`Ok(path)`, `Err(path)`, `Just(path)`, `Nothing`"""

    constructor: Name
    argument: Path | None = None
    span: Span = NOWHERE


class Apply(msgspec.Struct, frozen=True, tag=True):
    """`name(args)`"""

    function: Name
    arguments: tuple[Atom, ...]
    span: Span = NOWHERE


Expression: TypeAlias = Check | Observe | Transfer | Construct | Apply | Path


# Guards and progress


class WhenPredicate(msgspec.Struct, frozen=True, tag=True):
    """`when (predicate)`; the text between the parentheses, `span` covers that text."""

    text: str
    span: Span = NOWHERE


class WhenCheck(msgspec.Struct, frozen=True, tag=True):
    """`when check E.op(args) yields w`"""

    call: EffectCall
    witness: Name
    span: Span = NOWHERE


Guard: TypeAlias = WhenPredicate | WhenCheck


class Progress(msgspec.Struct, frozen=True):
    """`progress C requires P within W on timeout => T on stall => S`; absent clauses are None."""

    contract: Name
    requires: Name | None = None
    within: Name | None = None
    on_timeout: Name | None = None
    on_stall: Name | None = None
    span: Span = NOWHERE


# Statements


class Send(msgspec.Struct, frozen=True, tag=True):
    """`A { record } -> B : Message`"""

    sender: RoleRef
    receiver: RoleRef
    message: Message
    record: Record | None = None
    span: Span = NOWHERE


class Broadcast(msgspec.Struct, frozen=True, tag=True):
    """`A { record } ->* : Message`"""

    sender: RoleRef
    message: Message
    record: Record | None = None
    span: Span = NOWHERE


class Branch(msgspec.Struct, frozen=True):
    """`| Label guard => body`"""

    label: Name
    body: Block
    guard: Guard | None = None
    span: Span = NOWHERE


class Choice(msgspec.Struct, frozen=True, tag=True):
    """`choice R at` and its branches"""

    decider: RoleRef
    branches: tuple[Branch, ...]
    span: Span = NOWHERE


class Par(msgspec.Struct, frozen=True, tag=True):
    """`par` and its branches"""

    branches: tuple[Block, ...]
    span: Span = NOWHERE


class Decide(msgspec.Struct, frozen=True, tag=True):
    """`decide by R`"""

    decider: RoleRef


class Repeat(msgspec.Struct, frozen=True, tag=True):
    """`repeat 3` or `repeat N`"""

    count: int | str


class While(msgspec.Struct, frozen=True, tag=True):
    """`while "predicate"`, without the quotes"""

    text: str


class Forever(msgspec.Struct, frozen=True, tag=True):
    """`forever`"""


LoopKind: TypeAlias = Decide | Repeat | While | Forever


class Loop(msgspec.Struct, frozen=True, tag=True):
    """`loop kind` and its body; `head` covers `loop kind` alone"""

    kind: LoopKind
    body: Block
    head: Span = NOWHERE
    span: Span = NOWHERE


class Rec(msgspec.Struct, frozen=True, tag=True):
    """`rec X` and its body"""

    name: Name
    body: Block
    span: Span = NOWHERE


class Continue(msgspec.Struct, frozen=True, tag=True):
    """`continue X`"""

    name: Name
    span: Span = NOWHERE


class Call(msgspec.Struct, frozen=True, tag=True):
    """`call P`"""

    name: Name
    span: Span = NOWHERE


class Let(msgspec.Struct, frozen=True, tag=True):
    """`let`, `authoritative let` or `observe let`; `mode` is the word before `let` or empty.

    `body` is the suite of `in`, None without one.
    """

    name: Name
    value: Expression
    mode: str = ""
    body: Block | None = None
    span: Span = NOWHERE


class Arm(msgspec.Struct, frozen=True):
    """`| Constructor(binders) => body`"""

    constructor: Name
    body: Block
    binders: tuple[Name, ...] = ()
    span: Span = NOWHERE


class Case(msgspec.Struct, frozen=True, tag=True):
    """`case expression of` and its arms"""

    scrutinee: Expression
    arms: tuple[Arm, ...]
    span: Span = NOWHERE


class Timeout(msgspec.Struct, frozen=True, tag=True):
    """`timeout 5s R at body on timeout => T on cancel => C`"""

    duration: DurationValue
    owner: RoleRef
    body: Block
    on_timeout: Block
    on_cancel: Block | None = None
    head: Span = NOWHERE
    span: Span = NOWHERE


class OperationStatement(msgspec.Struct, frozen=True):
    """A statement on an operation in progress, its evidence or its work: no event, no block."""


class Begin(OperationStatement, frozen=True, tag=True):
    """`begin op(args) progress ...`"""

    name: Name
    arguments: tuple[Atom, ...] = ()
    progress: Progress | None = None
    span: Span = NOWHERE


class Await(OperationStatement, frozen=True, tag=True):
    """`await op`"""

    name: Name
    span: Span = NOWHERE


class Resolve(OperationStatement, frozen=True, tag=True):
    """`resolve op as Success(path)`, `Failure`, `Timeout` or `Cancelled`"""

    name: Name
    result: Name
    argument: Path | None = None
    span: Span = NOWHERE


class Invalidate(OperationStatement, frozen=True, tag=True):
    """`invalidate op`"""

    name: Name
    span: Span = NOWHERE


class Publish(OperationStatement, frozen=True, tag=True):
    """`publish event(path)`"""

    name: Name
    argument: Path | None = None
    span: Span = NOWHERE


class PublishAs(OperationStatement, frozen=True, tag=True):
    """`publish witness as Publication`"""

    witness: Name
    publication: Name
    span: Span = NOWHERE


class Materialize(OperationStatement, frozen=True, tag=True):
    """`materialize proof from Publication`"""

    proof: Name
    publication: Name
    span: Span = NOWHERE


class Handoff(OperationStatement, frozen=True, tag=True):
    """`handoff operation to R with receipt`"""

    operation: Name
    target: RoleRef
    receipt: Name
    span: Span = NOWHERE


class DependentWork(OperationStatement, frozen=True, tag=True):
    """`dependent work name(path) required for goal`"""

    name: Name
    goal: Name
    argument: Path | None = None
    span: Span = NOWHERE


Statement: TypeAlias = (
    Send
    | Broadcast
    | Choice
    | Par
    | Loop
    | Rec
    | Continue
    | Call
    | Let
    | Case
    | Timeout
    | Begin
    | Await
    | Resolve
    | Invalidate
    | Publish
    | PublishAs
    | Materialize
    | Handoff
    | DependentWork
)
Block: TypeAlias = tuple[Statement, ...]


# Declarations


class Module(msgspec.Struct, frozen=True):
    """`module name exposing (text)`; the exposing text as written, and the names in it"""

    name: Name
    exposing: tuple[Name, ...] = ()
    span: Span = NOWHERE


class Import(msgspec.Struct, frozen=True):
    """`import name as alias exposing (names)`"""

    module: Name
    alias: Name | None = None
    exposing: tuple[Name, ...] | None = None
    span: Span = NOWHERE


class ProofBundle(msgspec.Struct, frozen=True, tag=True):
    """`proof_bundle Name version "v" issuer "i" constraint "c" requires [caps]`"""

    name: Name
    version: str | None = None
    issuer: str | None = None
    constraints: tuple[str, ...] = ()
    requires: tuple[Name, ...] = ()
    span: Span = NOWHERE


class Profile(msgspec.Struct, frozen=True, tag=True):
    """`profile Name fairness f admissibility a escalation_window w`: `(key, value)` pairs"""

    name: Name
    fields: tuple[tuple[Name, Name], ...] = ()
    span: Span = NOWHERE


class AgreementProfile(msgspec.Struct, frozen=True, tag=True):
    """`agreement_profile Name` and its `(key, value)` pairs"""

    name: Name
    fields: tuple[tuple[Name, Name], ...] = ()
    span: Span = NOWHERE


class RoleSet(msgspec.Struct, frozen=True, tag=True):
    """`role_set Name = A, B` or `role_set Name = subset(S, a..b)`"""

    name: Name
    members: tuple[Name, ...] = ()
    subset: tuple[Name, int, int] | None = None
    span: Span = NOWHERE


class Topology(msgspec.Struct, frozen=True, tag=True):
    """`cluster`, `ring` or `mesh` of roles"""

    shape: str
    name: Name
    members: tuple[Name, ...] = ()
    span: Span = NOWHERE


class TypeExpression(msgspec.Struct, frozen=True):
    """A type: constructor `record`, `Result`, `Maybe`, `Unit` or `path`.

    `record` keeps its raw text in `text`, `path` its dotted name; the others have arguments.
    """

    constructor: str
    text: str = ""
    arguments: tuple[TypeExpression, ...] = ()
    span: Span = NOWHERE


class TypeAliasDecl(msgspec.Struct, frozen=True, tag=True):
    """`type alias Name = type`"""

    name: Name
    value: TypeExpression
    span: Span = NOWHERE


class UnionType(msgspec.Struct, frozen=True, tag=True):
    """`type Name = | A | B(type)`"""

    name: Name
    constructors: tuple[tuple[Name, TypeExpression | None], ...]
    span: Span = NOWHERE


class EffectOperation(msgspec.Struct, frozen=True):
    """`class name : type -> type { metadata }`; `kind` is authoritative, command or observe"""

    name: Name
    kind: str
    argument: TypeExpression
    result: TypeExpression
    metadata: tuple[tuple[Name, Name], ...]
    span: Span = NOWHERE


class Effect(msgspec.Struct, frozen=True, tag=True):
    """`effect Name` and its operations"""

    name: Name
    operations: tuple[EffectOperation, ...]
    span: Span = NOWHERE


class Fragment(msgspec.Struct, frozen=True, tag=True):
    """`fragment Name(params)`"""

    name: Name
    parameters: tuple[Name, ...] = ()
    span: Span = NOWHERE


class Compose(msgspec.Struct, frozen=True):
    """`compose policy(argument)`"""

    policy: Name
    argument: int | None = None


class Operation(msgspec.Struct, frozen=True, tag=True):
    """`operation Name(params) at R within F(args) progress ... agreement A ... = body`"""

    name: Name
    owner: RoleRef
    body: Block
    parameters: tuple[tuple[Name, TypeExpression], ...] = ()
    within: Name | None = None
    within_arguments: tuple[Name, ...] = ()
    progress: Progress | None = None
    agreement: Name | None = None
    prestate: Name | None = None
    compose: Compose | None = None
    span: Span = NOWHERE


class GuestRuntime(msgspec.Struct, frozen=True, tag=True):
    """`guest runtime Name = uses ... entry ...`"""

    name: Name
    uses: tuple[Name, ...] = ()
    entries: tuple[Name, ...] = ()
    span: Span = NOWHERE


Declaration: TypeAlias = (
    ProofBundle
    | Profile
    | AgreementProfile
    | RoleSet
    | Topology
    | TypeAliasDecl
    | UnionType
    | Effect
    | Fragment
    | Operation
    | GuestRuntime
)


# Protocols and files


class LocalProtocol(msgspec.Struct, frozen=True):
    """A protocol of a `where` section; `roles` and `header_roles` are faults if present"""

    name: Name
    body: Block
    header_roles: tuple[RoleDecl, ...] | None = None
    roles: tuple[RoleDecl, ...] | None = None
    span: Span = NOWHERE


class Protocol(msgspec.Struct, frozen=True):
    """`protocol Name(header roles) requires ... uses ... under ... = roles ... body where ...`

    `complete` is False when parts of the body could not be read: no verdict on it is sound.
    """

    name: Name
    body: Block
    header_roles: tuple[RoleDecl, ...] | None = None
    roles: tuple[RoleDecl, ...] | None = None
    roles_span: Span = NOWHERE
    requires: tuple[Name, ...] = ()
    uses: tuple[Name, ...] = ()
    under: tuple[Name, ...] = ()
    locals: tuple[LocalProtocol, ...] = ()
    complete: bool = True
    span: Span = NOWHERE


class Comment(msgspec.Struct, frozen=True):
    """A line or block comment as written, markers included"""

    text: str
    span: Span = NOWHERE


class File(msgspec.Struct, frozen=True):
    """One file. Exactly one protocol is legal; all that could be read are kept, in order."""

    module: Module | None = None
    imports: tuple[Import, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    protocols: tuple[Protocol, ...] = ()
    comments: tuple[Comment, ...] = ()
    complete: bool = True
