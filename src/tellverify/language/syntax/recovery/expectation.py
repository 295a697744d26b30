"""Words for what the grammar expects at a place, and advice on frequent mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tellverify.language.syntax.recovery.automaton import ParserAutomaton

_STATEMENTS: Final = frozenset(
    (
        "CHOICE",
        "PAR",
        "LOOP",
        "REC",
        "CONTINUE",
        "CALL",
        "LET",
        "AUTHORITATIVE",
        "OBSERVE",
        "CASE",
        "TIMEOUT",
        "BEGIN",
        "AWAIT",
        "RESOLVE",
        "INVALIDATE",
        "PUBLISH",
        "MATERIALIZE",
        "HANDOFF",
        "DEPENDENT",
    )
)
ITEMS: Final = frozenset(
    (
        "MODULE",
        "IMPORT",
        "PROOF_BUNDLE",
        "PROFILE",
        "AGREEMENT_PROFILE",
        "ROLE_SET",
        "CLUSTER",
        "RING",
        "MESH",
        "TYPE",
        "EFFECT",
        "FRAGMENT",
        "OPERATION",
        "GUEST",
        "PROTOCOL",
    )
)
_VALUES: Final = frozenset(("STRING", "DURATION", "LSQB", "LPAR", "INT", "NAME"))
_EXPRESSIONS: Final = frozenset(
    ("CHECK", "OBSERVE", "TRANSFER", "OK", "ERR", "JUST", "NOTHING", "NAME")
)
_TYPES: Final = frozenset(("LBRACE", "RESULT", "MAYBE", "UNIT", "NAME"))
_ATOMS: Final = frozenset(("STRING", "INT", "NAME"))
_GROUPS: Final = (
    (frozenset({"REC", "CONTINUE"}), _STATEMENTS | {"NAME"}, "a statement"),
    (frozenset({"FRAGMENT", "PROTOCOL"}), ITEMS, "a declaration"),
    (_EXPRESSIONS, _EXPRESSIONS, "an expression"),
    (_VALUES, _VALUES, "a value"),
    (_TYPES, _TYPES, "a type"),
    (_ATOMS, _ATOMS, "an argument"),
    (frozenset({"INDENT", "LPAR"}), frozenset({"INDENT", "LPAR"}), "an indented block"),
    (frozenset({"INT", "DURATION"}), frozenset({"INT", "DURATION"}), "a duration"),
)
_FIXED: Final = {
    "INDENT": "an indented block",
    "DEDENT": "the end of the block",
    "$END": "the end of the file",
    "INT": "a number",
    "DURATION": "a duration",
    "STRING": "a string",
    "ON_TIMEOUT": "`on timeout`",
    "ON_CANCEL": "`on cancel`",
    "ON_STALL": "`on stall`",
}
_NAMES: Final = (
    ("role_decl", "a role"),
    ("role", "a role"),
    ("message", "a message"),
    ("dotted", "a type"),
    ("type_path", "a type"),
    ("call", "an effect call such as `E.op()`"),
    ("entry", "a key"),
)
BARS: Final = "begin each branch with `|`, and indent its statements deeper than the bar"
_MOST: Final = 6
_LONG_WORD: Final = 5  # letters from which on two may be wrong
_LIKENESS: Final = 0.7


def expected_words(machine: ParserAutomaton) -> list[str]:
    """What could stand here, in words of the language."""
    expected = machine.expected()
    words: list[str] = []
    for needed, covered, word in _GROUPS:
        if needed.issubset(expected):
            words.append(word)
            expected = [name for name in expected if name not in covered]
    spellings = {number: word for word, number in machine.kinds.words.items()}
    for name in expected:
        if name == "NAME":
            words.insert(0, _name_words(machine))
        elif name in _FIXED:
            words.append(_FIXED[name])
        elif name != "RAW":
            words.append(f"`{spellings[machine.kinds[name]]}`")
    if len(words) > 1:
        words = [word for word in words if not word.startswith("the end of the")] or words
    return words if len(words) <= _MOST else [*words[: _MOST - 1], "another clause"]


def _name_words(machine: ParserAutomaton) -> str:
    for nonterminal, word in _NAMES:
        if machine.begins(nonterminal):
            return word
    return "a name"


REMOVED: Final = {
    "heartbeat": "use `timeout`, or an effect operation",
    "handshake": "write its messages as sends",
    "retry": "put `retry : n` into the record of the sender",
    "quorum_collect": "use an `operation` with `compose threshold_success(n)`",
    "acquire": "use an effect operation",
    "release": "use an effect operation",
    "fork": "use `par`",
    "join": "use `par`",
    "abort": "send a message, or use `invalidate`",
    "delegate": "use `let x = transfer Asset from A to B` and `handoff`",
    "tag": "put a key into the record of the sender",
    "check": "use `let x = check E.op()`",
    "transfer": "use `let x = transfer Asset from A to B`",
}
_COUNTED: Final = (
    "no statement counts members: gather from all, as in `D[*] -> A : Vote`, and let `A` decide by"
    " a choice whether enough of them agree"
)
_TYPE: Final = "the type of a message is written `Label of path.Type`"
_TIMEOUT: Final = (
    "a wait with a limit is written `timeout 5s R at`, with `on timeout =>` at its column behind it"
)
_BREAK: Final = (
    "a loop that ends is `rec Name` with a choice, and a branch without `continue Name` ends it"
)
_SEND: Final = "a send is written `A -> B : Message`"
_ONE_RECEIVER: Final = (
    "a send has one receiver: write a line for each; all members of a family are `F[*]`, and all"
    " other roles are told by `A ->* : Message`"
)
_PROTOCOL: Final = "a protocol begins with `protocol Name =`"
_CHOICE: Final = (
    "a choice is written `choice R at`, with a branch `| Label =>` for each alternative"
)
_OLD_WORDS: Final = {
    "parallel": "branches in parallel are written `par` with a `|` before each",
    "choreography": _PROTOCOL,
    "if": "there is no `if`; use `choice R at` with guards `when (...)`",
    "send": _SEND,
    "broadcast": "a broadcast is written `A ->* : Message`",
    "decide": "write `loop decide by R`",
    "else": "there is no `else`; a choice has one more branch, without a guard",
    "switch": _CHOICE,
    "while": 'write `loop while "condition"`, or `loop decide by R` where a role decides',
    "repeat": "write `loop repeat n`",
    "for": "write `loop repeat n`; all members of a family are named at once, as `F[*]`",
    "goto": "put the statements to repeat into `rec Name`, and return by `continue Name`",
    "return": "a protocol ends where its statements end; remove the line",
    "end": "a block ends where its indentation ends; remove the line",
    "receive": "a message is one statement, `A -> B : Message`, for its sender and its receiver",
    "recv": "a message is one statement, `A -> B : Message`, for its sender and its receiver",
    "role": "the roles stand in one line, `roles A, B`",
    "participants": "the roles stand in one line, `roles A, B`",
    "quorum": _COUNTED,
    "threshold": _COUNTED,
    "some": _COUNTED,
    "any": (
        "no statement lets any member act: let all of them answer, as in `D[*] -> A : Vote`, and"
        " let `A` decide by a choice"
    ),
    "global": _PROTOCOL,
    "break": _BREAK,
    "timed_choice": _TIMEOUT,
}
_NO_ARITHMETIC: Final = (
    "an index has no arithmetic: it is a number, a range of numbers such as `D[0..3]`, or `*`; a"
    " window that moves is a loop in which one role names the next member"
)

_JOINS: Final = frozenset(("and", "or", "&", ","))
_VERBS: Final = frozenset(("sends", "send", "tells", "to", "receives", "asks"))


def advice(machine: ParserAutomaton, index: int, line_start: int) -> list[str]:
    """What to do about a token that cannot stand where it is, for frequent mistakes.

    `line_start` is the first token of the line with the fault.
    """
    texts = machine.tokens.texts
    found, first = texts[index], texts[line_start]
    by_mark = _advice_by_mark(machine, index)
    if by_mark:
        return [by_mark]
    if first.isdigit():
        return [_COUNTED]
    is_name = machine.tokens.kinds[line_start] == machine.kinds["NAME"]
    if first == "roles" and is_name:
        return ["`roles` is the first line of the body, and stands there once"]
    if "where" in (found, first):
        return ["put `where` at the column of `protocol`"]
    if first == "roles" and machine.accepts(machine.kinds["ARROW"]):
        return ["separate roles by commas"]
    by_word = advice_by_word(machine, first, is_near=index - line_start < 3)
    if by_word:
        return by_word
    if first == "loop" and index == line_start + 1 and "break" in texts[index:]:
        return [_BREAK]
    return _advice_by_place(machine) or _advice_by_head(machine, texts[line_start:index], found)


def advice_by_word(machine: ParserAutomaton, word: str, *, is_near: bool = True) -> list[str]:
    """What to do about a line that begins with `word`, of another language or misspelt.

    Spelling is looked at where the fault `is_near` the word.
    """
    if word in _OLD_WORDS:
        return [_OLD_WORDS[word]]
    meant = _meant(machine, word) if is_near else ""
    return [f"did you mean `{meant}`?"] if meant else []


def _advice_by_head(machine: ParserAutomaton, line: Sequence[str], found: str) -> list[str]:
    """The form of the statement that a line begins; `line` is what stands before the fault."""
    kinds = machine.kinds
    match line[0] if line else found:
        case "choice":
            return [_CHOICE]
        case "protocol" if machine.accepts(kinds["EQUAL"]):
            return [_PROTOCOL]
        case "roles" if not line:
            return [_PROTOCOL]
        case "timeout":
            return [_TIMEOUT]
        case "on":
            return ["write `on timeout =>`, and its statements deeper below it"]
        case "module":
            return ["the first line is written `module name exposing (Protocol)`"]
        case "loop" if len(line) == 1:
            return ["write `loop decide by R`, `loop repeat n` or `loop forever`"]
        case "|" if found in (":", "="):
            return ["a branch is written `| Label =>`"]
    return _advice_on_send(machine, line, found)


def _advice_on_send(machine: ParserAutomaton, line: Sequence[str], found: str) -> list[str]:
    kinds = machine.kinds
    if found == ":" and "->" in line and ":" in line:
        return [_TYPE]
    if "->" in line and not _JOINS.isdisjoint((found, line[-1])):
        return [
            _ONE_RECEIVER if ":" not in line else "a send has one message: write a line for each"
        ]
    if found == "*" and "->" in line and line[-1] == "->":
        return ["a message to all other roles is written `A ->* : Message`"]
    if "->" in line and machine.accepts(kinds["COLON"]):
        return [_SEND]
    if len(line) == 1 and machine.accepts(kinds["ARROW"]):
        return [f"{_SEND}; what follows `--` is a comment"]
    return []


def _meant(machine: ParserAutomaton, word: str) -> str:
    """The keyword that begins a statement or declaration and is spelt much like `word`."""
    numbers = machine.kinds.words
    if word in numbers or not word.isalpha():
        return ""
    heads = {machine.kinds[name] for name in _STATEMENTS | ITEMS}
    known = ["roles", *(key for key in numbers if numbers[key] in heads)]
    near = next((key for key in known if is_close(word.lower(), key)), "")
    if near or len(word) < _LONG_WORD:
        return near
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, _LIKENESS)), "")


def is_close(word: str, keyword: str) -> bool:
    """Whether one letter put in, left out, exchanged or swapped with the next makes the keyword."""
    if word == keyword:
        return True
    short, long = sorted((word, keyword), key=len)
    if len(long) - len(short) > 1 or len(short) < 3:
        return False
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = long[start + 1 : start + 2] + long[start : start + 1] + long[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or short[start:] == swapped


def _advice_by_mark(machine: ParserAutomaton, index: int) -> str:
    texts = machine.tokens.texts
    found = texts[index]
    before = texts[index - 1] if index else ""
    before_that = texts[index - 2] if index > 1 else ""
    if found in _MARKS:
        is_arrow = found == "<" and texts[index + 1].startswith("-")
        return "the arrow points to the receiver, `A -> B : Message`" if is_arrow else _MARKS[found]
    if found.startswith('"') and machine.begins("message"):
        return "a message is a name without quotes"
    if found in ("+", "-", "*") and ("[" in (before_that, before) or before_that == ".."):
        return _NO_ARITHMETIC
    if found == "of" or (before.isdigit() and found.isidentifier()):
        return _COUNTED
    if before == "when":
        return "put the condition into parentheses, as in `| Label when (x > 1) =>`"
    if before == "choice" and found == "at":
        return "write the role first, `choice R at`"
    if found in _VERBS or before in _VERBS:
        return _SEND
    if found in ("=", ":") and before_that == "[":
        return "brackets hold an index; metadata is written `A { key : value } -> B : Message`"
    if found == ":" and before == "roles":
        return "write `roles A, B` without a colon"
    if found == "{" and before_that == "->":
        return "a record stands after the sender, not after the receiver"
    if found == "=>" and machine.accepts(machine.kinds["ARROW"]):
        return _SEND
    return ""


_MARKS: Final = {
    ";": "a statement ends with its line; remove `;`",
    "@": "there are no `@` annotations; put `{ key : value }` after the sender",
    "#": "comments begin with `--`",
    "/": "comments begin with `--`",
    "<": _TYPE,
    "`": "only a file whose name ends in `.md` is read as Markdown; remove the fence from others",
}
REPEATED: Final = frozenset((BARS, *_MARKS.values()))  # one finding says it of all lines


def _advice_by_place(machine: ParserAutomaton) -> list[str]:
    kinds = machine.kinds
    if machine.accepts(kinds["ON_TIMEOUT"]) and not machine.accepts(kinds["REC"]):
        return ["write `on timeout =>` at the column of `timeout`"]
    if machine.begins("par_branch"):
        return [
            "begin each branch of `par` with `|`, and indent its statements deeper than the bar"
        ]
    if machine.begins("branch") or machine.begins("arm"):
        return [BARS]
    if machine.accepts(kinds["INDENT"]):
        return ["indent the lines below deeper than this one"]
    return []
