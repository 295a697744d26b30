"""Every code in one table. A number is never reused; the first digit is the stage."""

from __future__ import annotations

from typing import Final

from tellverify.diagnostics.model import Code, Kind, Severity

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_LINT, _OBLIGATION, _LIMIT, _USAGE = Kind.LINT, Kind.OBLIGATION, Kind.LIMIT, Kind.USAGE

# TV0xx: configuration, suppressions, inputs
UNREADABLE: Final = Code("TV001", "unreadable-file", _LINT, _ERROR, "a file that cannot be read")
NOT_UTF8: Final = Code("TV002", "not-utf8", _LINT, _ERROR, "a file that is not UTF-8 text")
TOO_LARGE: Final = Code("TV003", "file-too-large", _LINT, _ERROR, "a file of unreasonable size")
NOT_A_TELL_FILE: Final = Code(
    "TV004", "not-a-tell-file", _LINT, _ERROR, "a file whose name does not end in .tell"
)
UNREADABLE_CONFIGURATION: Final = Code(
    "TV011",
    "unreadable-configuration",
    _USAGE,
    _ERROR,
    "a configuration that cannot be read",
)
UNKNOWN_SETTING: Final = Code(
    "TV012", "unknown-setting", _USAGE, _ERROR, "a key that a configuration does not have"
)
WRONG_SETTING: Final = Code(
    "TV013", "wrong-setting", _USAGE, _ERROR, "a value that its key cannot have"
)
UNSUPPORTED_SETTING: Final = Code(
    "TV014",
    "unsupported-setting",
    _USAGE,
    _ERROR,
    "a presupposition that no verdict has",
)
TWO_CONFIGURATIONS: Final = Code(
    "TV015", "two-configurations", _USAGE, _ERROR, "a folder with two configurations"
)
MISSING_REASON: Final = Code(
    "TV021", "missing-reason", _LINT, _ERROR, "an `allow` or `assume` comment without a reason"
)
COVERS_NOTHING: Final = Code(
    "TV022", "covers-nothing", _LINT, _WARNING, "an `allow` or `assume` comment without effect"
)
UNKNOWN_DIRECTIVE: Final = Code(
    "TV023", "unknown-directive", _LINT, _WARNING, "a `tell:` comment of an unknown kind"
)
UNREADABLE_DIRECTIVE: Final = Code(
    "TV024", "unreadable-directive", _LINT, _ERROR, "a `tell:` comment that cannot be read"
)
EXPIRED: Final = Code(
    "TV025", "expired-assumption", _LINT, _WARNING, "an assumption whose date has passed"
)
WRONG_SUPPRESSION: Final = Code(
    "TV026",
    "wrong-suppression",
    _LINT,
    _ERROR,
    "an `allow` or `assume` comment of what it cannot cover",
)

# TV05x to TV09x: policy files
DEAD_WORKER: Final = Code(
    "TV041", "dead-worker", _LIMIT, _ERROR, "a process that ended while it checked a file"
)
TIMEOUT: Final = Code(
    "TV042", "timeout", _LIMIT, _WARNING, "an answer that takes more time than is allowed"
)
POLICY_UNREADABLE: Final = Code(
    "TV051", "policy-unreadable", _USAGE, _ERROR, "a policy that cannot be read"
)
POLICY_NOT_TOML: Final = Code(
    "TV052", "policy-not-toml", _USAGE, _ERROR, "a policy file that is not TOML"
)
POLICY_SHAPE: Final = Code(
    "TV053", "policy-shape", _USAGE, _ERROR, "a key or value that the policy format does not have"
)
POLICY_DUPLICATE: Final = Code(
    "TV054", "policy-duplicate", _USAGE, _ERROR, "two rows of a policy that have one name"
)
POLICY_IMPORT: Final = Code(
    "TV055", "policy-import", _USAGE, _ERROR, "an imported policy file that cannot be read"
)
POLICY_IMPORT_CYCLE: Final = Code(
    "TV056", "policy-import-cycle", _USAGE, _ERROR, "policy files that import each other"
)
POLICY_REFERENCE: Final = Code(
    "TV061", "policy-unknown-name", _LINT, _ERROR, "a name in a policy that no row has"
)
POLICY_KEY_NOT_PROVIDED: Final = Code(
    "TV062", "policy-key-not-provided", _LINT, _ERROR, "a required key that no runtime can have"
)
POLICY_NO_CONSUMER: Final = Code(
    "TV063", "policy-no-consumer", _LINT, _ERROR, "a pack on a capability that nothing consumes"
)
POLICY_UNUSED_SURFACE: Final = Code(
    "TV064", "policy-unused-surface", _LINT, _WARNING, "a surface that nothing consumes"
)
POLICY_TWO_GROUPS: Final = Code(
    "TV065", "policy-two-groups", _LINT, _ERROR, "a protocol in two groups that exclude each other"
)
POLICY_NO_GROUP: Final = Code(
    "TV066", "policy-no-group", _LINT, _WARNING, "a protocol that is in no wave"
)
POLICY_RESERVED_PACK: Final = Code(
    "TV067", "policy-reserved-pack", _LINT, _ERROR, "a reserved pack that a protocol requires"
)
POLICY_CONTRADICTION: Final = Code(
    "TV068", "policy-contradiction", _LINT, _ERROR, "rows of a policy that contradict each other"
)
POLICY_CLASS: Final = Code(
    "TV069", "policy-class", _LINT, _WARNING, "a determinism policy of another class"
)
POLICY_COMBINATION: Final = Code(
    "TV071", "policy-combination", _LINT, _ERROR, "a determinism policy that cannot be executed"
)

# TV1xx: layout and grammar
TAB_INDENTATION: Final = Code(
    "TV101", "tab-indentation", _LINT, _ERROR, "a tab in the indentation of a line"
)
INCONSISTENT_INDENTATION: Final = Code(
    "TV102",
    "inconsistent-indentation",
    _LINT,
    _ERROR,
    "a line goes back to a column where no block began",
)
UNEXPECTED_INDENTATION: Final = Code(
    "TV103", "unexpected-indentation", _LINT, _ERROR, "a deeper line where no block can begin"
)
SWALLOWED_LINE: Final = Code(
    "TV104",
    "swallowed-line",
    _LINT,
    _ERROR,
    "a line that Telltale reads as the payload of the message above",
)
COMMENT_BEFORE_CODE: Final = Code(
    "TV105",
    "comment-before-code",
    _LINT,
    _ERROR,
    "a block comment before code hides the code from the layout",
)
CONTROL_CHARACTER: Final = Code(
    "TV111", "control-character", _LINT, _ERROR, "a control character in the text"
)
LONE_CARRIAGE_RETURN: Final = Code(
    "TV112", "lone-carriage-return", _LINT, _ERROR, "a carriage return without a line feed"
)
BYTE_ORDER_MARK: Final = Code(
    "TV113", "byte-order-mark", _LINT, _NOTE, "a byte order mark at the start of the file"
)
FOREIGN_NAME: Final = Code(
    "TV114",
    "foreign-name",
    _LINT,
    _ERROR,
    "a name that is not made of ASCII letters, digits and underscores",
)
NUMBER_TOO_LARGE: Final = Code(
    "TV115", "number-too-large", _LINT, _ERROR, "a number that does not fit into 64 bits"
)
UNKNOWN_UNIT: Final = Code("TV116", "unknown-unit", _LINT, _ERROR, "a duration in an unknown unit")
UNCLOSED_COMMENT: Final = Code(
    "TV121", "unclosed-comment", _LINT, _ERROR, "a block comment that does not end"
)
UNCLOSED_STRING: Final = Code(
    "TV122", "unclosed-string", _LINT, _ERROR, "a string that does not end"
)
UNCLOSED_BRACKET: Final = Code(
    "TV123", "unclosed-bracket", _LINT, _ERROR, "a bracket that is not closed"
)
UNMATCHED_BRACKET: Final = Code(
    "TV124", "unmatched-bracket", _LINT, _ERROR, "a closing bracket without its opening one"
)
ESCAPED_QUOTE: Final = Code(
    "TV125", "escaped-quote", _LINT, _ERROR, "a string that ends in a backslash"
)
STRING_OVER_LINES: Final = Code(
    "TV126", "string-over-lines", _LINT, _WARNING, "a string that goes over the end of its line"
)
NESTED_BRACKET: Final = Code(
    "TV127",
    "nested-bracket",
    _LINT,
    _ERROR,
    "a bracket inside opaque text that ends at the first closing one",
)
SYNTAX_ERROR: Final = Code(
    "TV131", "syntax-error", _LINT, _ERROR, "a word where the grammar wants another"
)
BRACE_BODY: Final = Code(
    "TV132", "brace-body", _LINT, _ERROR, "a body in braces instead of an indented one"
)
REMOVED_STATEMENT: Final = Code(
    "TV133", "removed-statement", _LINT, _ERROR, "a statement that the language no longer has"
)
EMPTY_PARENTHESES: Final = Code(
    "TV134", "empty-parentheses", _LINT, _ERROR, "a body in parentheses with nothing in it"
)
EQUALS_ON_LATER_LINE: Final = Code(
    "TV135",
    "equals-on-later-line",
    _LINT,
    _ERROR,
    "the `=` of a declaration is on a later line than its head",
)
NO_PROTOCOL: Final = Code("TV141", "no-protocol", _LINT, _ERROR, "a file without a protocol")
SECOND_PROTOCOL: Final = Code(
    "TV142", "second-protocol", _LINT, _ERROR, "a file with more than one protocol"
)
DECLARATION_AFTER_PROTOCOL: Final = Code(
    "TV143", "declaration-after-protocol", _LINT, _ERROR, "a declaration after the protocol"
)
MISPLACED_HEADER: Final = Code(
    "TV144",
    "misplaced-header",
    _LINT,
    _ERROR,
    "a `module` or `import` line after what it must precede",
)
REFUSED_UPSTREAM: Final = Code(
    "TV151", "refused-upstream", _LINT, _WARNING, "clear text that Telltale refuses to read"
)
BRACE_SURFACE: Final = Code(
    "TV152",
    "brace-surface",
    _LINT,
    _WARNING,
    "a protocol on the brace surface, which Telltale no longer reads",
)
MIXED_SURFACES: Final = Code(
    "TV153", "mixed-surfaces", _LINT, _ERROR, "the brace surface and the layout surface in one text"
)
BRACE_SYNTAX: Final = Code(
    "TV154", "brace-syntax", _LINT, _ERROR, "a word where the brace surface wants another"
)
NO_LAYOUT_FORM: Final = Code(
    "TV155",
    "no-layout-form",
    _LINT,
    _ERROR,
    "text of the brace surface that the layout surface has no form for",
)
REMOVED_BRACE_STATEMENT: Final = Code(
    "TV156",
    "removed-brace-statement",
    _LINT,
    _ERROR,
    "a statement of the brace surface that the language no longer has",
)
MISPLACED_ANNOTATION: Final = Code(
    "TV157", "misplaced-annotation", _LINT, _ERROR, "an annotation where there is no sender for it"
)
UNREADABLE_MACRO: Final = Code(
    "TV158", "unreadable-macro", _LINT, _ERROR, "a `tell!` whose choreography cannot be found"
)
TOO_MANY_FAULTS: Final = Code(
    "TV191", "too-many-faults", _LIMIT, _ERROR, "more faults than one report shows"
)
LAYOUT_TOO_LARGE: Final = Code(
    "TV192", "layout-too-large", _LIMIT, _ERROR, "nesting that makes the canonical text too large"
)

# TV2xx: names, structure, recursion, role families
UNDECLARED_ROLE: Final = Code(
    "TV201", "undeclared-role", _LINT, _ERROR, "a role that is not declared"
)
DUPLICATE_ROLE: Final = Code("TV202", "duplicate-role", _LINT, _ERROR, "a role declared twice")
NO_ROLES: Final = Code("TV203", "no-roles", _LINT, _ERROR, "a protocol without roles")
HEADER_ROLES: Final = Code(
    "TV204", "header-roles", _LINT, _WARNING, "roles in the header of a protocol"
)
TWO_ROLE_LISTS: Final = Code(
    "TV205", "two-role-lists", _LINT, _ERROR, "roles in the header and in the body"
)
UNUSED_ROLE: Final = Code("TV206", "unused-role", _LINT, _WARNING, "a role that takes no part")
LOCAL_ROLES: Final = Code(
    "TV207", "local-roles", _LINT, _ERROR, "a local protocol that declares roles"
)
SELF_SEND: Final = Code("TV208", "self-send", _LINT, _ERROR, "a message from a role to itself")
EMPTY_BROADCAST: Final = Code(
    "TV209", "empty-broadcast", _LINT, _WARNING, "a broadcast that nobody receives"
)
MISSING_INDEX: Final = Code(
    "TV211", "missing-index", _LINT, _ERROR, "a role family named without an index"
)
INDEX_WITHOUT_FAMILY: Final = Code(
    "TV212", "index-without-family", _LINT, _ERROR, "an index on a role that is no family"
)
INDEX_OUT_OF_BOUNDS: Final = Code(
    "TV213", "index-out-of-bounds", _LINT, _ERROR, "a member that the family does not have"
)
UNBOUND_INDEX: Final = Code("TV214", "unbound-index", _LINT, _ERROR, "an index that nothing binds")
FAMILY_LIMIT: Final = Code(
    "TV215", "family-limit", _LINT, _ERROR, "a size or index beyond the limits of the language"
)
EMPTY_RANGE: Final = Code("TV216", "empty-range", _LINT, _ERROR, "a range without members")
SEVERAL_DECIDERS: Final = Code(
    "TV217", "several-deciders", _LINT, _ERROR, "a choice or timer of several members at once"
)
DUPLICATE_LOCAL: Final = Code(
    "TV221", "duplicate-local-protocol", _LINT, _ERROR, "two local protocols of one name"
)
UNKNOWN_CALL: Final = Code(
    "TV222", "unknown-call", _LINT, _ERROR, "a call of a local protocol that does not exist"
)
CYCLIC_CALL: Final = Code(
    "TV223", "cyclic-call", _LINT, _ERROR, "a local protocol that calls itself"
)
UNUSED_LOCAL: Final = Code(
    "TV224", "unused-local-protocol", _LINT, _WARNING, "a local protocol that nothing calls"
)
DROPPED_CALL: Final = Code("TV225", "dropped-call", _LINT, _WARNING, "a call that Telltale ignores")
UNBOUND_CONTINUE: Final = Code(
    "TV231", "unbound-continue", _LINT, _ERROR, "a continue without its rec"
)
UNGUARDED_RECURSION: Final = Code(
    "TV232", "unguarded-recursion", _LINT, _ERROR, "a cycle without a communication"
)
CONTINUE_LEAVES_PAR: Final = Code(
    "TV233", "continue-leaves-par", _LINT, _ERROR, "a continue that leaves a parallel branch"
)
IMPORT_CYCLE: Final = Code("TV234", "import-cycle", _LINT, _ERROR, "modules that import each other")
MODULE_NOT_FOUND: Final = Code(
    "TV235", "module-not-found", _LINT, _WARNING, "an imported module that no file declares"
)
NOT_DECLARED_THERE: Final = Code(
    "TV236", "not-declared-there", _LINT, _ERROR, "an imported name that its module does not have"
)
NOT_EXPOSED: Final = Code(
    "TV237", "not-exposed", _LINT, _ERROR, "an imported name that its module keeps to itself"
)
AMBIGUOUS_NAME: Final = Code(
    "TV238", "ambiguous-import", _LINT, _ERROR, "an imported name that means something else too"
)
MODULE_TWICE: Final = Code(
    "TV239", "module-twice", _LINT, _ERROR, "an imported module that several files declare"
)
DUPLICATE_BRANCH: Final = Code(
    "TV241", "duplicate-branch", _LINT, _ERROR, "two branches of one label"
)
BRANCH_NOT_BY_DECIDER: Final = Code(
    "TV242", "branch-not-by-decider", _LINT, _ERROR, "a branch that its decider does not begin"
)
LATE_FIRST_SEND: Final = Code(
    "TV243", "late-first-send", _LINT, _WARNING, "a branch that does not begin with its first send"
)
DIFFERENT_RECEIVERS: Final = Code(
    "TV244", "different-receivers", _LINT, _WARNING, "branches that begin toward different roles"
)
EMPTY_BRANCH: Final = Code("TV245", "empty-branch", _LINT, _ERROR, "a branch without statements")
SINGLE_BRANCH: Final = Code(
    "TV246", "single-branch", _LINT, _WARNING, "a choice that leaves no choice"
)
BEGIN_ALIKE: Final = Code(
    "TV247", "branches-begin-alike", _LINT, _ERROR, "alternatives that begin with one event"
)
CASE_SENDERS: Final = Code(
    "TV248", "case-senders", _LINT, _ERROR, "cases that different roles begin"
)
SILENT_CASE: Final = Code("TV249", "silent-case", _LINT, _WARNING, "a case that nobody hears of")
UNDECIDED_LOOP: Final = Code(
    "TV251", "undecided-loop", _LINT, _ERROR, "a deciding loop that its decider does not begin"
)
NESTED_DECIDING_LOOPS: Final = Code(
    "TV252", "nested-deciding-loops", _LINT, _WARNING, "deciding loops inside each other"
)
DONE_COLLISION: Final = Code(
    "TV253", "done-collision", _LINT, _ERROR, "a deciding loop that begins with its own end mark"
)
PAR_BRANCHES: Final = Code(
    "TV254", "par-branches", _LINT, _ERROR, "a par with fewer than two branches"
)
SHARED_EVENT: Final = Code(
    "TV255", "shared-event", _LINT, _ERROR, "one event in two parallel branches"
)
PREDICATE_SHAPE: Final = Code(
    "TV256", "not-a-predicate", _LINT, _ERROR, "a guard or loop condition that is no predicate"
)
TRAILING_CODE: Final = Code(
    "TV261", "trailing-code", _LINT, _WARNING, "statements that Telltale drops"
)
UNREACHABLE_CODE: Final = Code(
    "TV262", "unreachable-code", _LINT, _WARNING, "statements that are never reached"
)
UNDECLARED_BUNDLE: Final = Code(
    "TV271", "undeclared-bundle", _LINT, _ERROR, "a proof bundle that is not declared"
)
UNDECLARED_EFFECT: Final = Code(
    "TV272", "undeclared-effect", _LINT, _ERROR, "an effect that is not declared"
)
UNDECLARED_PROFILE: Final = Code(
    "TV273", "undeclared-profile", _LINT, _ERROR, "a profile that is not declared"
)
DUPLICATE_BUNDLE: Final = Code(
    "TV274", "duplicate-bundle", _LINT, _ERROR, "two proof bundles of one name"
)
DUPLICATE_PROFILE: Final = Code(
    "TV275", "duplicate-profile", _LINT, _ERROR, "two profiles of one name"
)
MISSING_AGREEMENT_FIELD: Final = Code(
    "TV276", "missing-agreement-field", _LINT, _ERROR, "an agreement profile that lacks a field"
)
AGREEMENT_VALUE: Final = Code(
    "TV277",
    "agreement-value",
    _LINT,
    _WARNING,
    "a field of an agreement profile with an unknown value",
)
NO_PROGRESS: Final = Code(
    "TV278",
    "operation-without-progress",
    _LINT,
    _ERROR,
    "an operation that does not say how it gets on",
)
EMPTY_PROGRESS: Final = Code(
    "TV279", "empty-progress", _LINT, _ERROR, "a progress contract of an operation without a clause"
)
NO_AGREEMENT: Final = Code(
    "TV281",
    "operation-without-agreement",
    _LINT,
    _ERROR,
    "an operation without an agreement profile",
)
UNDECLARED_AGREEMENT: Final = Code(
    "TV282", "undeclared-agreement", _LINT, _ERROR, "an agreement profile that is not declared"
)
COMPOSE_POLICY: Final = Code(
    "TV283",
    "compose-policy",
    _LINT,
    _ERROR,
    "a compose policy that does not exist or has a wrong argument",
)
NO_ENTRY: Final = Code(
    "TV284", "guest-without-entry", _LINT, _ERROR, "a guest runtime without an entry"
)
EMPTY_SUBSET: Final = Code("TV285", "empty-subset", _LINT, _WARNING, "a role set without members")
DUPLICATE_DECLARATION: Final = Code(
    "TV286", "duplicate-declaration", _LINT, _WARNING, "two declarations of one name"
)
UNKNOWN_CAPABILITY: Final = Code(
    "TV287", "unknown-capability", _LINT, _WARNING, "a capability that no theorem stands behind"
)
EMPTY_BUNDLE: Final = Code(
    "TV288", "empty-bundle", _LINT, _WARNING, "a required proof bundle without capabilities"
)
UNDECLARED_NAME: Final = Code(
    "TV289", "undeclared-name", _LINT, _WARNING, "a declaration that names what nothing declares"
)
REPEATED_FIELD: Final = Code(
    "TV291", "repeated-field", _LINT, _WARNING, "a field given twice, of which the last one counts"
)
UNUSED_IMPORT: Final = Code(
    "TV292", "unused-import", _LINT, _WARNING, "an imported protocol that nothing calls"
)
IMPORTED_ROLE: Final = Code(
    "TV293", "imported-role", _LINT, _ERROR, "a role of an imported protocol that the caller lacks"
)
IMPORTED_CALL: Final = Code(
    "TV294", "imported-call", _LINT, _WARNING, "a call into another file, which Telltale refuses"
)

# TV3xx: effects, authority, linear use, case analysis
UNUSED_RECEIPT: Final = Code(
    "TV301", "unconsumed-receipt", _LINT, _ERROR, "a receipt that is never consumed"
)
RECEIPT_TWICE: Final = Code(
    "TV302", "receipt-used-twice", _LINT, _ERROR, "a receipt that is consumed twice"
)
RECEIPT_REBOUND: Final = Code(
    "TV303", "receipt-rebound", _LINT, _ERROR, "a name bound again while its receipt is live"
)
RECEIPT_DIVERGES: Final = Code(
    "TV304", "diverging-receipt", _LINT, _ERROR, "a receipt that only some alternatives consume"
)
RECEIPT_REPEATED: Final = Code(
    "TV305", "receipt-in-loop", _LINT, _ERROR, "a receipt consumed in each round of a repetition"
)
RECEIPT_REFUSED: Final = Code(
    "TV306",
    "receipt-use-refused",
    _LINT,
    _WARNING,
    "a receipt used once, in a way that Telltale refuses",
)
RECEIPT_NAME: Final = Code(
    "TV307",
    "receipt-name-collides",
    _LINT,
    _WARNING,
    "a receipt whose name Telltale finds inside other words",
)
MISSING_CASE: Final = Code(
    "TV311", "missing-case", _LINT, _ERROR, "a case analysis that leaves a constructor out"
)
UNKNOWN_CONSTRUCTOR: Final = Code(
    "TV312", "unknown-constructor", _LINT, _ERROR, "a constructor that the type does not have"
)
DUPLICATE_CASE: Final = Code(
    "TV313", "duplicate-case", _LINT, _ERROR, "a constructor that two arms take"
)
BINDER_COUNT: Final = Code(
    "TV314", "binder-count", _LINT, _ERROR, "an arm that binds more than its constructor carries"
)
NOT_A_CHECK: Final = Code(
    "TV321", "not-a-check", _LINT, _ERROR, "an authoritative binding of something else than a check"
)
NOT_AN_OBSERVATION: Final = Code(
    "TV322",
    "not-an-observation",
    _LINT,
    _ERROR,
    "an observe binding of something else than an observation",
)
MISSING_METADATA: Final = Code(
    "TV323", "missing-metadata", _LINT, _ERROR, "an effect operation that lacks metadata"
)
METADATA_VALUE: Final = Code(
    "TV324", "metadata-value", _LINT, _ERROR, "metadata with an unknown value"
)
METADATA_CONFLICT: Final = Code(
    "TV325",
    "metadata-conflict",
    _LINT,
    _ERROR,
    "metadata that the kind of operation does not allow",
)
DUPLICATE_EFFECT: Final = Code(
    "TV326", "duplicate-effect", _LINT, _ERROR, "two effects of one name"
)
DUPLICATE_OPERATION: Final = Code(
    "TV327", "duplicate-operation", _LINT, _ERROR, "two operations of one name in an effect"
)
EFFECT_NOT_USED: Final = Code(
    "TV328", "effect-not-in-uses", _LINT, _ERROR, "an effect that the protocol does not say it uses"
)
UNDECLARED_OPERATION: Final = Code(
    "TV329", "undeclared-operation", _LINT, _ERROR, "an operation that the effect does not have"
)
CHECK_OF_OBSERVATION: Final = Code(
    "TV331", "check-of-observation", _LINT, _ERROR, "a check of an operation that only observes"
)
OBSERVATION_OF_OTHER: Final = Code(
    "TV332",
    "observation-of-other",
    _LINT,
    _ERROR,
    "an observation by an operation that does not observe",
)
PLAIN_AUTHORITATIVE: Final = Code(
    "TV333", "plain-authoritative", _LINT, _ERROR, "an authoritative check bound by a plain let"
)
PLAIN_OBSERVATION: Final = Code(
    "TV334", "plain-observation", _LINT, _ERROR, "an observation bound by a plain let"
)
NOT_AUTHORITATIVE: Final = Code(
    "TV335",
    "not-authoritative",
    _LINT,
    _ERROR,
    "an authoritative binding of an operation without authority",
)
UNFINISHED_OPERATION: Final = Code(
    "TV341",
    "unfinished-operation",
    _LINT,
    _WARNING,
    "an operation begun and neither awaited nor resolved",
)
OPERATION_NOT_BEGUN: Final = Code(
    "TV342",
    "operation-not-begun",
    _LINT,
    _WARNING,
    "an operation awaited or resolved but not begun",
)
UNBOUND_NAME: Final = Code(
    "TV343", "unbound-name", _LINT, _WARNING, "evidence or a receipt that nothing binds here"
)
HANDOFF_RECEIPT: Final = Code(
    "TV344",
    "handoff-without-receipt",
    _LINT,
    _WARNING,
    "a handoff with something that is no receipt",
)
UNDECLARED_BEGIN: Final = Code(
    "TV345",
    "undeclared-begin",
    _LINT,
    _WARNING,
    "an operation begun that the file does not declare",
)

# TV35x-TV36x: annotations of senders
CAPABILITY_NAME: Final = Code(
    "TV351", "capability-name", _LINT, _ERROR, "a capability name that the runtime refuses"
)
LEGACY_CAPABILITY: Final = Code(
    "TV352", "legacy-capability", _LINT, _ERROR, "a capability name of former times"
)
LOOSE_CAPABILITY: Final = Code(
    "TV353", "loose-capability", _LINT, _WARNING, "a capability name with an odd part"
)
MODULE_CAPABILITY: Final = Code(
    "TV354", "module-capability", _LINT, _ERROR, "a capability of a module that cannot be launched"
)
UNKNOWN_ANNOTATION: Final = Code(
    "TV355", "unknown-annotation", _LINT, _ERROR, "an annotation of an unknown key"
)
ANNOTATION_VALUE: Final = Code(
    "TV356", "annotation-value", _LINT, _ERROR, "an annotation whose value has no meaning"
)
REPEATED_ANNOTATION: Final = Code(
    "TV357", "repeated-annotation", _LINT, _ERROR, "an annotation given twice in one record"
)
CLAMPED_COST: Final = Code(
    "TV358", "clamped-cost", _LINT, _WARNING, "a cost larger than a charge can be"
)
ZERO_COST: Final = Code("TV359", "zero-cost", _LINT, _NOTE, "a charge of nothing")
UNKNOWN_OBSERVER: Final = Code(
    "TV361", "unknown-observer", _LINT, _WARNING, "an observer that no class of observers has"
)
LABEL_METADATA: Final = Code(
    "TV364", "label-metadata", _LINT, _NOTE, "one label with different annotations"
)
UNANNOTATED_MESSAGE: Final = Code(
    "TV365", "unannotated-message", _LINT, _WARNING, "a message that its guards do not see"
)
INVISIBLE_ANNOTATION: Final = Code(
    "TV366", "invisible-annotation", _LINT, _WARNING, "an annotation that no runtime reads"
)

# TV37x-TV39x: the canonical shape of a source
NO_MODULE: Final = Code("TV371", "no-module", _LINT, _ERROR, "a file without a module header")
EXPOSING_LIST: Final = Code(
    "TV373", "exposing-list", _LINT, _WARNING, "a header that exposes not just the protocol"
)
OPEN_FAMILY: Final = Code("TV375", "open-family", _LINT, _ERROR, "a family declared without a size")
NUMBERED_ROLES: Final = Code(
    "TV376", "numbered-roles", _LINT, _NOTE, "roles that differ in their number alone"
)
BRANCH_STYLE: Final = Code(
    "TV377", "branch-style", _LINT, _WARNING, "a branch not named in UpperCamelCase"
)
IGNORED_REFUSAL: Final = Code(
    "TV378", "ignored-refusal", _LINT, _NOTE, "a refusal after which all goes on"
)
ODD_LAYOUT: Final = Code(
    "TV379", "odd-layout", _LINT, _NOTE, "a file that is not in canonical layout"
)
ENTRY_ORDER: Final = Code("TV381", "entry-order", _LINT, _NOTE, "annotations in an unusual order")
ODD_NAME: Final = Code(
    "TV382", "odd-name", _LINT, _NOTE, "a module or protocol named in another style"
)
FOREIGN_PAYLOAD: Final = Code(
    "TV383", "foreign-payload", _LINT, _NOTE, "a payload type without its crate"
)
MODULE_CLASH: Final = Code("TV384", "module-clash", _LINT, _ERROR, "two files with one module name")
DEAD_LINK: Final = Code(
    "TV385", "dead-link", _LINT, _ERROR, "a link to a bundle that nothing consumes"
)
UNEVEN_LINK: Final = Code(
    "TV386", "uneven-link", _LINT, _WARNING, "links of one bundle that differ"
)
LEGACY_ANNOTATION: Final = Code(
    "TV387", "legacy-annotation", _LINT, _WARNING, "an annotation of former times"
)
UNSANCTIONED_ANNOTATION: Final = Code(
    "TV388", "unsanctioned-annotation", _LINT, _WARNING, "an annotation that no policy sanctions"
)
PHASE_COMMENT: Final = Code(
    "TV391", "phase-comment", _LINT, _WARNING, "a comment that restates the structure"
)
LORE_COMMENT: Final = Code(
    "TV392", "lore-comment", _LINT, _WARNING, "a comment about links, ownership or migration"
)
RESTATING_COMMENT: Final = Code(
    "TV393", "restating-comment", _LINT, _WARNING, "a comment that says what a message says"
)
FIXTURE_COMMENT: Final = Code("TV394", "fixture-comment", _LINT, _WARNING, "a comment in a fixture")
UNMARKED_COMMENT: Final = Code(
    "TV395", "unmarked-comment", _LINT, _NOTE, "a comment without a mark"
)
OWNERSHIP_STATEMENT: Final = Code(
    "TV396", "ownership-statement", _LINT, _WARNING, "a statement that moves ownership"
)

FACT_STYLE: Final = Code(
    "TV397", "fact-style", _LINT, _NOTE, "facts named in two styles in one file"
)
PARALLEL_USE: Final = Code(
    "TV398", "parallel-use", _LINT, _NOTE, "`parallel` where it does nothing, or missing"
)
IMPLICIT_COST: Final = Code(
    "TV399", "implicit-cost", _LINT, _NOTE, "annotations without a cost of their own"
)

# TV4xx: projection, merge, implementability
UNMERGEABLE: Final = Code(
    "TV411",
    "unmergeable-branches",
    _OBLIGATION,
    _WARNING,
    "a role's branches do not merge strictly",
)
INFIDELITY: Final = Code(
    "TV421", "infidelity", _OBLIGATION, _ERROR, "the roles perform a run the protocol does not have"
)
OUTSIDE_CLASS: Final = Code(
    "TV431", "outside-class", _LIMIT, _WARNING, "the complete theory does not cover a construct"
)

# TV5xx: safety and progress of communication
DEADLOCK: Final = Code("TV511", "deadlock", _OBLIGATION, _ERROR, "all wait, and one is unfinished")
STUCK_ROLE: Final = Code("TV512", "stuck-role", _OBLIGATION, _ERROR, "a role can wait for ever")
UNSPECIFIED_RECEPTION: Final = Code(
    "TV513", "unspecified-reception", _OBLIGATION, _ERROR, "a message that its receiver cannot take"
)
ORPHAN_MESSAGE: Final = Code(
    "TV514", "orphan-message", _OBLIGATION, _ERROR, "a message for a role that has finished"
)
UNBOUNDED_QUEUE: Final = Code(
    "TV521", "unbounded-queue", _OBLIGATION, _WARNING, "a queue can grow without limit"
)
NO_TERMINATION: Final = Code(
    "TV522", "cannot-terminate", _OBLIGATION, _WARNING, "a point from which the end is out of reach"
)
ENDLESS_RUN: Final = Code("TV523", "endless-run", _OBLIGATION, _ERROR, "a fair run that never ends")
MACHINE_FILE: Final = Code(
    "TV551", "machine-file", _LINT, _ERROR, "an entry of a machine file that is none"
)
MACHINE_TERM: Final = Code(
    "TV552", "machine-term", _LINT, _ERROR, "a local type that no machine can follow"
)
MACHINE_CONFLICT: Final = Code(
    "TV553", "machine-conflict", _LINT, _ERROR, "machines that contradict each other or themselves"
)
MACHINE_MISSING: Final = Code(
    "TV554", "missing-machine", _LINT, _ERROR, "a role that others talk to and that has no machine"
)

# TV6xx: guards, refinements and data
CONTRADICTORY_GUARD: Final = Code(
    "TV601", "contradictory-guard", _OBLIGATION, _ERROR, "a guard that never holds"
)
CONSTANT_GUARD: Final = Code(
    "TV602", "constant-guard", _LINT, _WARNING, "a guard that always holds"
)
OVERLAPPING_GUARDS: Final = Code(
    "TV603", "overlapping-guards", _LINT, _WARNING, "two guards of a choice that hold together"
)
INCOMPLETE_GUARDS: Final = Code(
    "TV604", "incomplete-guards", _LINT, _WARNING, "a choice in which no guard may hold"
)
GUARD_TYPES: Final = Code(
    "TV605", "guard-types", _LINT, _WARNING, "one name used as values of two types"
)
UNDECIDED_GUARD: Final = Code(
    "TV606", "undecided-guard", _LIMIT, _WARNING, "a predicate that cannot be judged"
)
BAD_FORMULA: Final = Code(
    "TV611", "bad-formula", _LINT, _ERROR, "a property whose formula cannot be read"
)
UNKNOWN_IN_FORMULA: Final = Code(
    "TV612", "unknown-name-in-formula", _LINT, _ERROR, "a property of what the protocol lacks"
)
PROPERTY_TWICE: Final = Code("TV613", "property-twice", _LINT, _ERROR, "two properties of one name")
PROPERTY_BROKEN: Final = Code(
    "TV621", "broken-property", _OBLIGATION, _ERROR, "a run that breaks a property of the user"
)
UNREACHABLE_EVENT: Final = Code(
    "TV622", "unreachable-event", _OBLIGATION, _ERROR, "an event that no run reaches"
)

# TV64x: guard chain, budgets, leakage, receipts
UNGUARDED_SEND: Final = Code(
    "TV641", "unguarded-send", _OBLIGATION, _ERROR, "a send that its guards do not protect"
)
OVER_BUDGET: Final = Code(
    "TV642", "over-budget", _OBLIGATION, _ERROR, "a run that costs more than its budget"
)
UNBOUNDED_COST: Final = Code(
    "TV643", "unbounded-cost", _OBLIGATION, _WARNING, "a loop that costs more in every round"
)
OVER_LEAKAGE: Final = Code(
    "TV644",
    "over-leakage",
    _OBLIGATION,
    _ERROR,
    "a run that shows observers more than they may see",
)
REPEATED_NONCE: Final = Code(
    "TV645", "repeated-nonce", _OBLIGATION, _WARNING, "two receipts with one nonce"
)
LOST_CHARGE: Final = Code(
    "TV646", "lost-charge", _OBLIGATION, _WARNING, "a charge that a merge of budgets hides"
)
BUDGET_OF_NOBODY: Final = Code(
    "TV647", "budget-of-nobody", _LINT, _ERROR, "a budget that no role of the protocol has"
)

# TV65x-TV66x: ceremonies and their facts
BROKEN_CEREMONY: Final = Code(
    "TV651", "broken-ceremony", _OBLIGATION, _ERROR, "a run that does not record one outcome"
)
CATEGORY_CONFLICT: Final = Code(
    "TV652", "category-conflict", _LINT, _ERROR, "a category that contradicts another statement"
)
OPEN_CEREMONY: Final = Code(
    "TV653", "open-ceremony", _LIMIT, _WARNING, "a ceremony whose outcomes the protocol lacks"
)
UNSTABLE_STATUS: Final = Code(
    "TV654", "unstable-status", _OBLIGATION, _ERROR, "a status that depends on the order of facts"
)
UNREADABLE_SCHEMA: Final = Code(
    "TV661", "unreadable-schema", _LINT, _ERROR, "a fact schema that cannot be read"
)
BREAKING_SCHEMA: Final = Code(
    "TV662", "breaking-schema", _LINT, _ERROR, "a fact schema that old facts do not fit"
)
UNKNOWN_FACT: Final = Code(
    "TV663", "unknown-fact", _LINT, _WARNING, "a fact that its schema does not have"
)

# TV67x: lattice structures
BROKEN_LAW: Final = Code("TV671", "broken-law", _OBLIGATION, _ERROR, "a law that values break")
UNREADABLE_STRUCTURE: Final = Code(
    "TV672", "unreadable-structure", _LINT, _ERROR, "a structure that cannot be read"
)

# TV68x: models of patterns
BROKEN_CLAIM: Final = Code(
    "TV681", "broken-claim", _OBLIGATION, _ERROR, "a run that does not keep a claim"
)
UNREADABLE_PATTERN: Final = Code(
    "TV682", "unreadable-pattern", _LINT, _ERROR, "a model of a pattern that cannot be read"
)

# TV7xx: theorem packs and admission
PACK_NOT_DECLARED: Final = Code(
    "TV701",
    "pack-not-declared",
    _OBLIGATION,
    _ERROR,
    "a required pack that the file does not declare",
)
PACK_WITHOUT_POLICY: Final = Code(
    "TV702",
    "pack-without-policy",
    _OBLIGATION,
    _ERROR,
    "a required pack that the policy does not know",
)
PACK_RESERVED: Final = Code(
    "TV703", "pack-reserved", _OBLIGATION, _ERROR, "a required pack that is reserved"
)
PACK_DRIFT: Final = Code(
    "TV704",
    "pack-drift",
    _OBLIGATION,
    _ERROR,
    "a pack that declares other capabilities than the policy",
)
FLATTENED_DRIFT: Final = Code(
    "TV705",
    "flattened-drift",
    _OBLIGATION,
    _ERROR,
    "a manifest whose pack capabilities are not those of its packs",
)
MISSING_RUNTIME_KEY: Final = Code(
    "TV706",
    "missing-runtime-key",
    _OBLIGATION,
    _ERROR,
    "a runtime that lacks a capability of the protocol",
)
MISSING_PACK_KEY: Final = Code(
    "TV707",
    "missing-pack-key",
    _OBLIGATION,
    _ERROR,
    "a runtime that lacks a capability of a required pack",
)
UNKNOWN_PROTOCOL: Final = Code(
    "TV708", "unknown-protocol", _OBLIGATION, _ERROR, "a protocol that the policy does not know"
)
RENAMED_PROTOCOL: Final = Code(
    "TV709",
    "renamed-protocol",
    _OBLIGATION,
    _ERROR,
    "a known protocol under a name that the policy does not know",
)
PACK_NOT_REQUIRED: Final = Code(
    "TV711", "pack-not-required", _LINT, _WARNING, "a pack that is declared and not required"
)
DECLARED_KEY_UNKNOWN: Final = Code(
    "TV712",
    "declared-key-not-provided",
    _LINT,
    _ERROR,
    "a declared capability that no runtime can have",
)
PACK_METADATA: Final = Code(
    "TV713", "pack-metadata", _LINT, _WARNING, "a pack with another version, issuer or constraint"
)
PACK_EXCLUDED: Final = Code(
    "TV714", "pack-excluded", _OBLIGATION, _ERROR, "a pack on a protocol that stays free of packs"
)
PACK_NOT_ADOPTED: Final = Code(
    "TV715",
    "pack-not-adopted",
    _OBLIGATION,
    _ERROR,
    "a protocol without the pack that it must require",
)
PACK_OF_CANDIDATE: Final = Code(
    "TV716",
    "pack-of-candidate",
    _OBLIGATION,
    _ERROR,
    "a pack on a protocol that is only a candidate for packs",
)
PLAIN_KEYS_DRIFT: Final = Code(
    "TV717",
    "plain-keys-drift",
    _OBLIGATION,
    _ERROR,
    "a manifest with other plain capabilities than the policy",
)
MALFORMED_LINK: Final = Code(
    "TV721", "malformed-link", _LINT, _ERROR, "a link that names no bundle or cannot be read"
)
UNRESOLVED_IMPORT: Final = Code(
    "TV722", "unresolved-import", _LINT, _ERROR, "a link import that no link exports"
)
MANIFEST_DRIFT: Final = Code(
    "TV731", "manifest-drift", _LINT, _ERROR, "a stored manifest that differs from its source"
)
UNREADABLE_MANIFEST: Final = Code(
    "TV732", "unreadable-manifest", _USAGE, _ERROR, "a manifest file that cannot be read"
)

# TV75x-TV78x: launches, executions and the acceptance rule
LAUNCH_GUARD_NAME: Final = Code(
    "TV751", "launch-guard-name", _OBLIGATION, _ERROR, "a capability name that no launch admits"
)
FRAGMENT_OWNED: Final = Code(
    "TV752", "fragment-owned", _OBLIGATION, _ERROR, "a fragment of a session that has another owner"
)
ROLE_IMAGE: Final = Code(
    "TV753", "role-image", _OBLIGATION, _ERROR, "a role image that cannot be loaded"
)
UNKNOWN_DETERMINISM: Final = Code(
    "TV754", "unknown-determinism", _OBLIGATION, _ERROR, "a determinism policy that no policy has"
)
DETERMINISM_CLASS: Final = Code(
    "TV755", "determinism-class", _OBLIGATION, _ERROR, "a determinism policy of another class"
)
MISSING_CONTRACTS: Final = Code(
    "TV756",
    "missing-contracts",
    _OBLIGATION,
    _ERROR,
    "a runtime without the contracts that are needed",
)
UNSUPPORTED_DETERMINISM: Final = Code(
    "TV757",
    "unsupported-determinism",
    _OBLIGATION,
    _ERROR,
    "a grade of determinism that the runtime does not show",
)
NO_INVENTORY: Final = Code(
    "TV758",
    "inventory-unavailable",
    _OBLIGATION,
    _ERROR,
    "a runtime whose inventory cannot be read",
)
ILLEGAL_PROFILE: Final = Code(
    "TV759", "illegal-profile", _OBLIGATION, _ERROR, "a determinism policy that cannot be executed"
)
SESSION_OPEN: Final = Code(
    "TV761", "session-open", _OBLIGATION, _ERROR, "a session that is open for another protocol"
)
STALE_OWNER: Final = Code(
    "TV762", "stale-owner", _OBLIGATION, _ERROR, "somebody acts who no longer owns the session"
)
TRANSFER_REFUSED: Final = Code(
    "TV763", "transfer-refused", _OBLIGATION, _ERROR, "a session that cannot be handed over"
)
DELEGATION_REFUSED: Final = Code(
    "TV764",
    "delegation-refused",
    _OBLIGATION,
    _ERROR,
    "a delegation that leaves footprints incoherent",
)
LINK_REFUSED: Final = Code(
    "TV765", "link-refused", _OBLIGATION, _ERROR, "bundles that cannot be linked"
)
LAUNCH_PACKS: Final = Code(
    "TV766", "launch-packs", _OBLIGATION, _ERROR, "a pack that cannot be resolved without a policy"
)
EXECUTION_STUCK: Final = Code(
    "TV771", "execution-stuck", _OBLIGATION, _ERROR, "an execution that stops before its end"
)
PACK_NOT_ACCEPTED: Final = Code(
    "TV781",
    "pack-not-accepted",
    _OBLIGATION,
    _ERROR,
    "a pack that the protocol carries against the acceptance rule",
)
PACK_POSSIBLE: Final = Code(
    "TV782", "pack-possible", _LINT, _NOTE, "a pack that a protocol could carry and does not"
)

# TV8xx: replayed traces
UNREADABLE_TRACE: Final = Code(
    "TV801", "unreadable-trace", _LINT, _ERROR, "a trace file that cannot be read"
)
FOREIGN_TRACE: Final = Code("TV802", "foreign-trace", _LINT, _ERROR, "a trace of another protocol")
UNREADABLE_LOG: Final = Code(
    "TV803", "unreadable-log", _LINT, _ERROR, "a line of a log that is no event"
)
FOREIGN_LOG: Final = Code("TV804", "foreign-log", _LINT, _ERROR, "a log of another protocol")
TRACE_DIVERGES: Final = Code(
    "TV811", "trace-diverges", _LINT, _ERROR, "a step of a trace that the protocol does not have"
)
TRACE_CLAIM: Final = Code(
    "TV812", "trace-claim", _LINT, _ERROR, "a state that a trace records wrongly"
)
FAULT_NOT_SHOWN: Final = Code(
    "TV813", "fault-not-shown", _LINT, _ERROR, "a trace whose end does not show what it claims"
)
LOG_DIVERGES: Final = Code(
    "TV821", "log-diverges", _LINT, _ERROR, "an event of a log that the protocol does not have"
)
UNKNOWN_IN_LOG: Final = Code(
    "TV822", "unknown-in-log", _LINT, _ERROR, "a role or label of a log that the protocol lacks"
)
INCOMPLETE_LOG: Final = Code(
    "TV823", "incomplete-log", _LINT, _ERROR, "a log that stops before the end of a run"
)

# TV9xx: limits
EVENT_LIMIT: Final = Code(
    "TV901", "event-limit", _LIMIT, _WARNING, "a protocol with more events than are examined"
)
STEP_LIMIT: Final = Code(
    "TV902", "step-limit", _LIMIT, _WARNING, "an answer that takes more steps than are allowed"
)
NOT_WELL_FORMED: Final = Code(
    "TV911", "not-well-formed", _LIMIT, _WARNING, "no verdict on a text that has errors"
)
VACUOUS: Final = Code(
    "TV931", "vacuous", _LINT, _WARNING, "a property that holds for want of a case"
)
BRANCH_NEVER_TAKEN: Final = Code(
    "TV932", "branch-never-taken", _LINT, _WARNING, "a branch that no run takes"
)
UNSUPPORTED: Final = Code(
    "TV942", "unsupported-construct", _LIMIT, _WARNING, "a construct that is not decided yet"
)
UNREADABLE_RUN: Final = Code(
    "TV961", "unreadable-run", Kind.USAGE, _ERROR, "a stored run that cannot be rendered"
)


def _table() -> dict[str, Code]:
    rows = [value for value in globals().values() if isinstance(value, Code)]
    return {code.number: code for code in sorted(rows, key=lambda code: code.number)}


CODES: Final[dict[str, Code]] = _table()
