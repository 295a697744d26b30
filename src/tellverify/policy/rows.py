"""The rows of a policy file. Field names are the keys of the TOML format (docs/policy.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Positive: TypeAlias = Annotated[int, msgspec.Meta(ge=1)]
Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
ScenarioName: TypeAlias = Annotated[str, msgspec.Meta(pattern="^(?!none$)[A-Za-z0-9_-]*$")]


class PolicyRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the format; a key that it does not have is an error."""


# Capabilities and who asks for them


class FamilyRow(PolicyRow, frozen=True):
    """A kind of capability keys; those `inventory` families are Telltale's theorem inventory."""

    name: Text
    inventory: bool = False
    meaning: str = ""


class Capability(PolicyRow, frozen=True):
    """A key that a runtime may have. `use` says what upstream does with it.

    A key that is `pack_specific` is no inventory key and may stand in the runtime set of a pack
    all the same; it must have consumers.
    """

    key: Text
    family: Text
    use: Literal["runtime-critical", "black-box", "documentation", ""] = ""
    meaning: str = ""
    pack_specific: bool = False
    consumers: tuple[Text, ...] = ()


class Surface(PolicyRow, frozen=True):
    """A protocol-critical surface: a key of the runtime that has a life cycle and consumers.

    `forms` are the forms of the language that make a protocol depend on it, see `Form`.
    """

    name: Text
    kind: Literal["admission", "ownership", "evidence", "transition"]
    states: tuple[Text, ...]
    consumers: tuple[Text, ...] = ()
    forms: tuple[Text, ...] = ()
    meaning: str = ""


class Consumer(PolicyRow, frozen=True):
    """A place of the runtime that reads capabilities before it continues."""

    name: Text
    meaning: str = ""


class Dependence(PolicyRow, frozen=True):
    """What in a source makes a protocol depend on authority, evidence or transition semantics.

    `form` is a form of the language or an annotation key. With `matches`, only values that begin
    with one of them count: capability prefixes, bundle names, fact prefixes.
    """

    name: Text
    semantics: Literal["authority", "evidence", "transition"]
    form: Text
    matches: tuple[Text, ...] = ()
    reason: str = ""


# Theorem packs


class Pack(PolicyRow, frozen=True):
    """A theorem pack: what a source must declare, and what a runtime must have then.

    `declares` is compared as a set; `runtime` is in the order in which keys are checked. Packs
    that are reserved or deferred admit nothing, and `revisit` says when to look at them again.
    `scenario` names the faults that the pack presupposes: verdicts under it are cited.
    """

    name: Text
    status: Literal["active", "reserved", "deferred"]
    declares: tuple[Text, ...] = ()
    runtime: tuple[Text, ...] = ()
    candidates: tuple[Text, ...] = ()
    surfaces: tuple[Text, ...] = ()
    checked_by: tuple[Text, ...] = ()
    revisit: str = ""
    version: str = ""
    issuer: str = ""
    constraints: tuple[Text, ...] = ()
    meaning: str = ""
    scenario: ScenarioName = ""


# Protocols


class Task(PolicyRow, frozen=True):
    """Something to be changed or kept in a source, with a test that says whether it is done.

    `of` names annotation keys, bundles or words, as the test needs; `by-hand` cannot be tested.
    """

    text: Text
    done: Literal[
        "no-comments",
        "without-keys",
        "with-keys",
        "with-link",
        "every-message-annotated",
        "explicit-cost",
        "known-observers",
        "upper-case-branches",
        "free-of-packs",
        "by-hand",
    ]
    of: tuple[Text, ...] = ()


class ProtocolEntry(PolicyRow, frozen=True):
    """A protocol of the inventory. Without an `id` it is known by `module.protocol`.

    `files` are the ends of paths it is kept at. `packs` are those it must require, `keys` the
    plain capabilities it needs in any case. `category_by` says where its category is from, `tasks`
    what the system's owners want changed in its source.
    """

    module: Text
    protocol: Text
    files: tuple[Text, ...] = ()
    id: str = ""
    category: Literal["A", "B", "C", ""] = ""
    category_by: Literal["declared", "inferred", "undeclared"] = "undeclared"
    packs: tuple[Text, ...] = ()
    keys: tuple[Text, ...] = ()
    determinism: str = ""
    class_: str = msgspec.field(name="class", default="")
    plane: Literal["control", "data"] = "control"
    tasks: tuple[Task, ...] = ()

    @property
    def qualified(self) -> str:
        """`module.protocol`, the name that its id is looked up by."""
        return f"{self.module}.{self.protocol}"

    @property
    def name(self) -> str:
        """The id, or the qualified name of a protocol that has none."""
        return self.id or self.qualified


class Wave(PolicyRow, frozen=True):
    """A group of the adoption plan. Every protocol is in one wave.

    Where `admits_packs` is false, protocols of the wave are free of packs.
    """

    name: Text
    title: str = ""
    protocols: tuple[Text, ...] = ()
    admits_packs: bool = False


class NonGoal(PolicyRow, frozen=True):
    """Protocols, or files, that stay free of packs by decision."""

    name: Text
    reason: Text
    protocols: tuple[Text, ...] = ()
    files: tuple[Text, ...] = ()


class Excluded(PolicyRow, frozen=True):
    """A kind of traffic that never carries packs; `words` are the words of its message labels
    and protocol names, as in `CoverTraffic`."""

    name: Text
    words: tuple[Text, ...] = ()
    reason: str = ""


class AdaptivePrivacy(PolicyRow, frozen=True):
    """The closed list of control-plane protocols, and what of the family must not carry packs."""

    control_plane: tuple[Text, ...] = ()
    data_plane: tuple[Excluded, ...] = ()
    runtime_local: tuple[Text, ...] = ()
    reason: str = ""


# Runtimes


class Grant(PolicyRow, frozen=True):
    """A key holds in a runtime when all facts of `all` and, if there are any, one of `any` do.

    A grant of neither holds always.
    """

    key: Text
    all: tuple[Text, ...] = ()
    any: tuple[Text, ...] = ()


class Runtime(PolicyRow, frozen=True):
    """A runtime profile: facts about its contracts, from which its keys follow.

    It has the facts of the profile it `extends` and its own `facts`, but not those in `without`;
    then it has `keys` in any case and those in `lacks` in no case.
    """

    name: Text
    extends: str = ""
    facts: tuple[Text, ...] = ()
    without: tuple[Text, ...] = ()
    keys: tuple[Text, ...] = ()
    lacks: tuple[Text, ...] = ()
    meaning: str = ""


class Determinism(PolicyRow, frozen=True):
    """A determinism policy: how a protocol that it is admitted with is executed."""

    ref: Text
    class_: Text = msgspec.field(name="class")
    mode: Literal["cooperative", "threaded_replay_deterministic", "threaded_envelope_bounded"]
    scheduler: Literal["exact", "session_normalized_permutation", "envelope_bounded"]
    waves: Positive
    determinism: Literal["full", "modulo_effects", "modulo_commutativity", "replay"]
    tier: Literal[
        "strict_deterministic", "replay_deterministic", "envelope_bounded_nondeterministic"
    ]
    replay: Literal["off", "sequence", "nullifier"]
    keys: tuple[Text, ...] = ()
    artifacts: tuple[Text, ...] = ()
    default: bool = False


class Class(PolicyRow, frozen=True):
    """A class of protocols: steps per unit of weight, and the usual weights and steps."""

    name: Text
    steps_per_weight: Annotated[float, msgspec.Meta(gt=0)]
    weight: tuple[Count, Count]
    steps: tuple[Count, Count]
    also: tuple[Text, ...] = ()
    default: bool = False


class Weights(PolicyRow, frozen=True):
    """What each kind of change costs when the smallest set of changes is looked for."""

    provision: Positive = 3
    declare: Positive = 2
    undeclare: Positive = 2
    drop: Positive = 10


class Admission(PolicyRow, frozen=True):
    """How admission is decided: the runtime that is meant when none is named, and weights.

    `unlisted` says what becomes of a protocol that has no row and carries no pack: it is refused,
    or admitted with a note. One that carries a pack is refused in either case.
    """

    runtime: Text
    unlisted: Literal["refuse", "note"] = "refuse"
    weights: Weights = Weights()


# Annotations, namespaces, links


class AnnotationRow(PolicyRow, frozen=True):
    """A key of a sender record and whether it may stand in a source."""

    key: Text
    status: Literal["sanctioned", "live-links-only", "tolerated", "legacy"]
    value: Literal["capability", "count", "text", "observers", "flag", "link", "any"] = "any"
    meaning: str = ""


class Root(PolicyRow, frozen=True):
    """The first part of a capability name; `reserved` first-party roots no module may claim."""

    name: Text
    owner: str = ""
    kind: Literal["first-party", "host"] = "first-party"
    reserved: bool = True


class Legacy(PolicyRow, frozen=True):
    """An old capability name; without `to` there is no single new one. A `to` that ends in `*`
    is a namespace."""

    name: Text
    to: tuple[Text, ...] = ()


class LiveLink(PolicyRow, frozen=True):
    """A link bundle that the runtime consumes, and the protocol it belongs to."""

    bundle: Text
    protocol: Text
    consumer: str = ""


class Links(PolicyRow, frozen=True):
    """Link bundles."""

    live: tuple[LiveLink, ...] = ()


# Guards and budgets


class WrittenOrder(PolicyRow, frozen=True):
    """An order of the guard chain as some source has it."""

    source: Text
    order: tuple[Text, ...]


class GuardChain(PolicyRow, frozen=True):
    """The stages of one send in their order, and the pairs that every contract agrees on.

    `journal` says when a coupled fact is recorded, `refusal` whether a refusal at any stage undoes
    all, `frontier` which capabilities a snapshot holds, `charges` who charges the flow budget, and
    `residue` what a crash between two steps may leave behind.
    """

    order: tuple[Text, ...]
    before: tuple[tuple[Text, Text], ...] = ()
    written: tuple[WrittenOrder, ...] = ()
    journal: Literal["after-send", "before-send"] = "after-send"
    refusal: Literal["all-or-nothing", "stage-by-stage"] = "all-or-nothing"
    frontier: Literal["admitted", "declared"] = "admitted"
    charges: Literal["annotation", "runtime", "both"] = "annotation"
    residue: tuple[Literal["charged", "leaked", "recorded", "sent-unrecorded"], ...] = (
        "charged",
        "leaked",
        "sent-unrecorded",
    )


class Preset(PolicyRow, frozen=True):
    """A limit that some part of the system starts with."""

    name: Text
    limit: Count
    meaning: str = ""


class LimitRow(PolicyRow, frozen=True):
    """The flow budget of one sender toward one peer; `*` is any role, `""` any protocol."""

    sender: Text
    receiver: Text
    limit: Count
    protocol: str = ""


class Budgets(PolicyRow, frozen=True):
    """Flow budgets. There is no limit that is not written down, unless a preset is chosen.

    With several `replicas` of a budget, each may be charged before they merge.
    """

    replicas: Positive = 1
    implicit_cost: Count = 100
    unannotated_cost: Count = 0
    preset: str = ""
    presets: tuple[Preset, ...] = ()
    limits: tuple[LimitRow, ...] = ()


class Gathers(PolicyRow, frozen=True):
    """What a runtime does with answers that come after `min_responses : k` is met.

    With `discard` it drops those that are `late`; with `refuse` they are a fault.
    """

    late: Literal["refuse", "discard"] = "refuse"


class LeakageClass(PolicyRow, frozen=True):
    """A class of observers and how many bits they may learn in one window."""

    name: Text
    limit: Count
    builtin: bool = True


class Leakage(PolicyRow, frozen=True):
    """Leakage budgets; `bits` is what one observer of one message costs."""

    classes: tuple[LeakageClass, ...] = ()
    bits: Positive = 8
    window_hours: Positive = 24
    undefined: Literal["deny", "default", "permissive"] = "deny"
    default_limit: Count = 0
    unrecognised: str = "External"


# Ceremonies


class Ceremony(PolicyRow, frozen=True):
    """A flow that agrees in stages, with its modes and its time limit in seconds."""

    name: Text
    protocols: tuple[Text, ...] = ()
    keygen: Literal["K1", "K2", "K3", "DKD", ""] = ""
    sequence: tuple[Literal["A1", "A2", "A3"], ...] = ()
    fallback: tuple[Literal["A1", "A2", "A3"], ...] = ()
    timeout_s: Count = 0


class CeremonyFact(PolicyRow, frozen=True):
    """A variant of the ceremony facts; the `required` ones are the core."""

    variant: Text
    fields: tuple[Text, ...] = ()
    optional: tuple[Text, ...] = ()
    required: bool = True
    outcome: Literal["", "committed", "aborted", "superseded"] = ""


class CeremonyNames(PolicyRow, frozen=True):
    """The journal facts that stand for the core variants in one protocol.

    `schema` names the fact schema, in TOML or in a Rust source, `schema_type` its type in a Rust
    source with several, `reduction` how facts become a status: by the rank of what is known, or by
    what was written last.
    """

    protocol: Text
    initiated: tuple[Text, ...]
    committed: tuple[Text, ...]
    aborted: tuple[Text, ...] = ()
    schema: str = ""
    schema_type: str = ""
    reduction: Literal["rank", "last-writer"] = "rank"


class CodePlaces(PolicyRow, frozen=True):
    """The code of a protocol that its definition of done refers to, and who answers for it.

    Paths are relative to the root of the repository. That they exist is checked; what they do is
    the owner's claim.
    """

    protocol: Text
    owner: Text
    wiring: tuple[Text, ...] = ()
    status: tuple[Text, ...] = ()
    shared_bus: tuple[Text, ...] = ()
    simulation: tuple[Text, ...] = ()
    parity: tuple[Text, ...] = ()


class AdmissionTests(PolicyRow, frozen=True):
    """How tests of the system that are about admission are found by their names.

    `files` are patterns of paths below the root. A test counts for a protocol when its name, its
    modules or its file name the protocol, and one of the words `about` stands among these. It is
    negative when its own name has one of the `negative` words, else positive for a `positive` one.
    `names` are further names of protocols.
    """

    about: tuple[Text, ...]
    negative: tuple[Text, ...]
    positive: tuple[Text, ...]
    files: tuple[Text, ...] = ("**/*.rs",)
    names: Mapping[Text, tuple[Text, ...]] = {}


NO_TESTS: Final = AdmissionTests(files=(), about=(), negative=(), positive=())


class AdmissionTable(PolicyRow, frozen=True):
    """A function in Rust whose match arms lead from protocol ids to the keys of admission.

    `file` is relative to the root of the repository; `constants` are further files with constants
    that it uses. With `field` only this field of a struct in an arm has keys.
    """

    file: Text
    function: Text
    field: str = ""
    constants: tuple[Text, ...] = ()


class OperationCategory(PolicyRow, frozen=True):
    """What an operation category means and whether it needs a whole choreography."""

    name: Literal["A", "B", "C"]
    title: Text
    choreography: Literal["none", "light", "full"]
    timing: str = ""
    status: str = ""


class PolicyFile(PolicyRow, frozen=True):
    """One file. All tables are optional; a table without rows of its own stands in one file."""

    format: Literal[1]
    name: str = ""
    version: str = ""
    import_: tuple[Text, ...] = msgspec.field(name="import", default=())
    families: tuple[FamilyRow, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    surfaces: tuple[Surface, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    dependences: tuple[Dependence, ...] = ()
    packs: tuple[Pack, ...] = ()
    protocols: tuple[ProtocolEntry, ...] = ()
    waves: tuple[Wave, ...] = ()
    non_goals: tuple[NonGoal, ...] = ()
    grants: tuple[Grant, ...] = ()
    runtimes: tuple[Runtime, ...] = ()
    determinism: tuple[Determinism, ...] = ()
    classes: tuple[Class, ...] = ()
    annotations: tuple[AnnotationRow, ...] = ()
    roots: tuple[Root, ...] = ()
    legacy: tuple[Legacy, ...] = ()
    ceremonies: tuple[Ceremony, ...] = ()
    ceremony_facts: tuple[CeremonyFact, ...] = ()
    ceremony_names: tuple[CeremonyNames, ...] = ()
    code: tuple[CodePlaces, ...] = ()
    admission_tables: tuple[AdmissionTable, ...] = ()
    categories: tuple[OperationCategory, ...] = ()
    adaptive_privacy: AdaptivePrivacy | None = None
    admission: Admission | None = None
    admission_tests: AdmissionTests | None = None
    links: Links | None = None
    guard_chain: GuardChain | None = None
    budgets: Budgets | None = None
    leakage: Leakage | None = None
    gathers: Gathers | None = None
